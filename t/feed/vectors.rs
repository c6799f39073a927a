//! The test vectors of `doc/FEED.md`: `t/data/feed` is what a publisher with the key of 32 bytes
//! `01` makes. `cargo test --test feed -- --ignored write_the_vectors` writes them anew.

use crate::ground::key;
use mailprint::feed::base::Lists;
use mailprint::feed::format::{File, Head};
use mailprint::feed::publish::Publisher;
use mailprint::feed::verify::{self, Trust};
use mailprint::feed::{ListId, PublicKey};
use std::fs;
use std::path::{Path, PathBuf};

const NOW: u64 = 1_800_000_000;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("t/data/feed")
}

/// The two states that the vectors publish.
fn states() -> [Lists; 2] {
    let list = |algorithm, class| ListId { algorithm, class };
    [
        Lists::from([
            (list(1, 0x08), vec![0x0123_4567_89ab_cdef, 0x8000_0000_0000_0000, u64::MAX]),
            (list(6, 0x1f), vec![1, 2, 3, 1 << 40]),
        ]),
        Lists::from([
            (list(1, 0x08), vec![0x0123_4567_89ab_cdef, 0x9000_0000_0000_0000]),
            (list(1, 0x09), vec![u64::MAX]),
            (list(6, 0x1f), vec![1, 3, 1 << 40, (1 << 40) + 1]),
        ]),
    ]
}

fn publish(folder: &Path) {
    let key = key(1);
    let publisher =
        Publisher { folder, key: &key, countersigner: None, expires: 600, min_wait: 30, epoch: 1 };
    for (at, state) in states().iter().enumerate() {
        publisher.publish(state, NOW + 60 * at as u64).unwrap();
    }
}

const FILES: [&str; 3] = ["v1/head", "v1/d/1/1-2", "v1/s/1/1"];

#[test]
#[ignore = "writes t/data/feed"]
fn write_the_vectors() {
    let made = crate::nginx::Folder::new("feed-vectors-new");
    publish(&made.0);
    for name in FILES {
        let place = folder().join(name);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::copy(made.at(name), place).unwrap();
    }
    fs::write(folder().join("public-key"), format!("{}\n", key(1).public())).unwrap();
}

#[test]
fn the_vectors_are_what_a_publisher_makes_and_what_the_specification_says() {
    let made = crate::nginx::Folder::new("feed-vectors");
    publish(&made.0);
    for name in FILES {
        let (made, kept) = (fs::read(made.at(name)).unwrap(), fs::read(folder().join(name)));
        assert!(made == kept.unwrap(), "{name} has changed: is it still version 1?");
    }
    let text = fs::read_to_string(folder().join("public-key")).unwrap();
    let trust = Trust { keys: vec![PublicKey::parse(&text).unwrap()], ..Trust::default() };
    let read = |name: &str| fs::read(folder().join(name)).unwrap();
    let head: Head = verify::head(&read("v1/head"), &trust, NOW + 61).unwrap();
    assert_eq!((head.seq, head.snap_seq, head.min_wait, head.n_entries), (2, 1, 30, 7));
    let [first, second] = states();
    let snapshot: File = verify::file(&read("v1/s/1/1"), &trust, "s", 100).unwrap();
    let lists: Lists =
        snapshot.sections.into_iter().map(|section| (section.list, section.adds)).collect();
    assert_eq!(lists, first);
    let delta = verify::file(&read("v1/d/1/1-2"), &trust, "d", 100).unwrap();
    assert_eq!(delta.sections, mailprint::feed::set::difference(&first, &second));
    assert_eq!(delta.set_hash_after, head.set_hash);
}
