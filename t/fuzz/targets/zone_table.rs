//! A compiled list: a good one with bytes changed as the input says, its checksum made right.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::dns::{Kind, Name, Question};
use mailprint::limits::Limits;
use mailprint::zones::{Content, Dataset, File, Format, Options, Zone, load};
use std::sync::LazyLock;

static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let text = "$SOA 60 ns.test mail.test 7 1 2 3 4\n$NS 60 ns.test\n$1 one\n\
        $DATASET ip4set a @\n:2:$ $1\n10.0.0.0/8\n!10.1.1.1\n1.2.3.4 :3\n1.2.3.4 :4\n\
        $DATASET ip6trie @\n2001:db8::/32 six\n!2001:db8::5\n\
        $DATASET dnset @\n.bad.test\na.test :3\n$DATASET generic @\nwww A 1.2.3.4\n";
    let file = File { name: "list".into(), changed: 5, content: Content::Bytes(text.into()) };
    let options = Options::new(0, Limits::default());
    let dataset = Dataset::new(Format::Combined, vec![file]);
    let (zone, _) = load(&Name::new("bl.test").unwrap(), &[dataset], &options).unwrap();
    let path = std::env::temp_dir().join(format!("mailprint-fuzz-zone-{}", std::process::id()));
    zone.save(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    bytes
});

fuzz_target!(|data: &[u8]| {
    let mut bytes = GOOD.clone();
    let (changes, rest) = data.as_chunks::<3>();
    for &[high, low, byte] in changes {
        let at = usize::from(u16::from_be_bytes([high, low])) % bytes.len();
        bytes[at] = byte;
    }
    if let Some(cut) = rest.first() {
        bytes.truncate(bytes.len() - usize::from(*cut).min(bytes.len()));
    }
    let _ = Zone::from_bytes(bytes.clone());
    if bytes.len() > 24 {
        let length = (bytes.len() as u64).to_le_bytes();
        bytes[16..24].copy_from_slice(&length);
        let sum = crc32(&bytes[16..]).to_le_bytes();
        bytes[12..16].copy_from_slice(&sum);
    }
    let Ok(zone) = Zone::from_bytes(bytes) else { return };
    for address in ["1.2.3.4", "10.1.1.1", "10.9.9.9", "2001:db8::5", "2001:db8::6"] {
        zone.lookup_ip(address.parse().unwrap()).for_each(|hit| {
            hit.values().for_each(|value| drop(hit.text(value)));
        });
    }
    for name in ["bl.test", "a.test.bl.test", "x.bad.test.bl.test", "www.bl.test", "4.3.2.1.a.bl.test"] {
        let name = Name::new(name).unwrap();
        zone.answer(&Question::new(name, Kind::ANY), 0);
    }
});

/// The sum of zip and gzip.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| sum >> 1 ^ (0xedb8_8320 * (sum & 1)))
    })
}
