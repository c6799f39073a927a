//! How large a feed's files are, and what a delta costs.

use crate::ground::{Ground, SPAM, keys, spam};
use mailprint::clock::Tick;
use mailprint::feed::base::{Base, Lists};
use mailprint::feed::format::{File, Kind};
use mailprint::feed::set::{Set, SetHash, difference};

#[test]
fn a_million_entries_and_a_minute_of_a_hundred_changes() {
    let ground = Ground::new("feed-sizes");
    let million = keys(0, 1_000_000);
    let first = ground.publish(&spam(million.clone()));
    let later = [&keys(50, 999_950)[..], &keys(1_000_000, 50)[..]].concat();
    let mut later = later;
    later.sort_unstable();
    let second = ground.publish(&spam(later));
    println!("a snapshot of a million entries: {} bytes", first.snapshot_bytes);
    println!("a delta of {} + {}: {} bytes", second.adds, second.removals, second.delta_bytes);
    assert!(first.snapshot_bytes < 5_750_000, "{first:?}");
    assert_eq!((second.adds, second.removals), (50, 50));
    assert!(second.delta_bytes < 700, "{second:?}");
}

/// The figures at ten million: `cargo test --release --test feed -- --ignored --nocapture ten`.
#[test]
#[ignore = "takes minutes without optimisation"]
fn ten_million_entries() {
    let ground = Ground::new("feed-ten-million");
    let before = spam(keys(0, 10_000_000));
    let path = ground.folder.at("base");
    Base::write(&path, 1, 1, &before).unwrap();
    let hash = SetHash::of(&before);
    let began = Tick::now();
    let set = Set::of_base(Base::open(&path).unwrap(), hash);
    println!("ten million entries opened in {:?}", began.elapsed());
    let mut after: Lists = before.clone();
    let list = after.get_mut(&SPAM).unwrap();
    list.drain(5_000_000..5_000_050);
    list.extend(keys(20_000_000, 50));
    list.sort_unstable();
    let delta = File {
        kind: Kind::Delta,
        epoch: 1,
        from: 1,
        to: 2,
        set_hash_after: SetHash::of(&after).bytes(),
        sections: difference(&before, &after),
    };
    let bytes = delta.encode();
    let mut times = Vec::new();
    for _ in 0..20 {
        let began = Tick::now();
        let read = File::decode(&bytes, 1 << 20).unwrap();
        let (next, _) = set.apply(&read, "d").unwrap();
        times.push(began.elapsed());
        assert_eq!(next.entries(), 10_000_000);
    }
    times.sort_unstable();
    println!(
        "a delta of 50 + 50 ({} bytes) applied in {:?} (median of 20)",
        bytes.len(),
        times[10]
    );
    let snapshot = File { kind: Kind::Snapshot, from: 2, ..delta };
    let sections = after.into_iter().map(|(list, adds)| mailprint::feed::format::Section {
        list,
        adds,
        removals: Vec::new(),
    });
    let bytes = File { sections: sections.collect(), ..snapshot }.encode();
    println!("a snapshot of ten million entries: {} bytes", bytes.len());
}
