//! A list's file in the format that its first byte says, gzip or not; then what is asked of it.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::dns::{Kind, Name, Question};
use mailprint::limits::Limits;
use mailprint::zones::{Content, Dataset, File, Format, Options, Zone, load};

fuzz_target!(|data: &[u8]| {
    let (Some((format, text)), Some(name)) = (data.split_first(), Name::new("bl.test")) else {
        return;
    };
    let (_, format) = Format::ALL[usize::from(*format) % Format::ALL.len()];
    let content = Content::Bytes(text.to_vec());
    let file = File { name: "list".to_owned(), changed: 1, content };
    let limits = Limits {
        zone_line: 300,
        zone_file: 1 << 16,
        zone_entries: 500,
        zone_values: 2000,
        zone_entry_values: 5,
        zone_datasets: 10,
        ..Limits::default()
    };
    let options = Options { bad_share: 1000, ..Options::new(1 << 40, limits) };
    let Ok((zone, facts)) = load(&name, &[Dataset::new(format, vec![file])], &options) else {
        return;
    };
    assert!(facts.bad <= facts.lines);
    ask(&zone);
});

fn ask(zone: &Zone) {
    for address in ["1.2.3.4", "10.0.0.0", "::", "2001:db8::1", "::ffff:1.2.3.4"] {
        for hit in zone.lookup_ip(address.parse().unwrap()) {
            assert!(hit.values().all(|value| hit.text(value).len() < 255));
        }
    }
    for name in ["bl.test", "a.bl.test", "a.b.bl.test", "4.3.2.1.bl.test"] {
        for kind in [Kind::ANY, Kind::A, Kind::NS, Kind::SOA] {
            let name = Name::new(name).unwrap();
            assert!(zone.answer(&Question::new(name, kind), 0).answers.len() < 256);
        }
    }
}
