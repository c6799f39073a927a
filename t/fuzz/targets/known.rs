//! A snapshot of known fingerprints: as it comes, and with a head that is right.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::fingerprint::Algorithm;
use mailprint::fingerprint::known::{Lists, Snapshot, Stamp};

fuzz_target!(|data: &[u8]| {
    let _ = Snapshot::of_bytes(data.to_vec());
    let Some(snapshot) = sealed(data).and_then(|bytes| Snapshot::of_bytes(bytes).ok()) else {
        return;
    };
    let keys = data.chunks_exact(8).map(|chunk| u64::from_le_bytes(chunk.try_into().unwrap()));
    for key in keys.chain([0, u64::MAX]) {
        for algorithm in Algorithm::all() {
            snapshot.listed(algorithm, key);
        }
        snapshot.is_common(key);
    }
    // What can be read is written and read again as the same, once it is in order.
    let Lists { prints, phrases } = snapshot.lists();
    let mut lists = Lists { prints, phrases };
    lists.sort();
    let again = Snapshot::of_bytes(Snapshot::encode(&lists, Stamp::default())).unwrap();
    assert_eq!(again.lists(), lists);
});

/// `data` with the magic, length and checksum that it should have.
fn sealed(data: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = data.to_vec();
    let length = (bytes.len() as u64).to_le_bytes();
    bytes.get_mut(16..24)?.copy_from_slice(&length);
    bytes[..8].copy_from_slice(b"MPknown1");
    let sum = crc32fast::hash(&bytes[12..]).to_le_bytes();
    bytes[8..12].copy_from_slice(&sum);
    Some(bytes)
}
