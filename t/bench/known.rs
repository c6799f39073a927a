//! What it costs to know ten million fingerprints: see `t/bench-known`.
//!
//! Prints the size of the file and the memory that it takes, how long it takes to map it, to
//! look keys up that are there and that are not, and to apply a delta of a hundred; ends with 1
//! where a figure is over its bound.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program for people: it prints, and stops where it cannot read"
)]

use mailprint::clock::Tick;
use mailprint::fingerprint::known::{Change, List, Lists, Origin, Sets, Snapshot, Source, Stamp};
use mailprint::fingerprint::{Algorithm, Class, Known, Listed};
use std::hint::black_box;
use std::process::ExitCode;

/// How many keys, unless `KNOWN_KEYS` says otherwise.
const KEYS: u64 = 10_000_000;
/// Look-ups that are timed.
const LOOKS: u64 = 2_000_000;

/// Numbers without any order, each once.
fn mixed(n: u64) -> u64 {
    let n = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// Bytes of this process in memory.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

/// The algorithm that a key is listed under: a few have most of the keys, as with real mail.
fn algorithm(n: u64) -> Algorithm {
    match n % 10 {
        0..6 => Algorithm::TextAnchor,
        6..8 => Algorithm::TextSentence,
        8 => Algorithm::LinkPath,
        _ => Algorithm::TextExact,
    }
}

struct Report {
    failed: bool,
}

impl Report {
    fn row(&mut self, what: &str, value: f64, unit: &str, bound: f64) {
        let word = if value <= bound { "" } else { "  OVER ITS BOUND" };
        self.failed |= value > bound;
        println!("{what:<44} {value:>9.2} {unit:<6} (bound {bound}){word}");
    }
}

fn main() -> ExitCode {
    let keys = std::env::var("KNOWN_KEYS").ok().and_then(|text| text.parse().ok()).unwrap_or(KEYS);
    let path = std::env::temp_dir().join(format!("mailprint-bench-known-{}", std::process::id()));
    write(&path, keys);
    let mut report = Report { failed: false };
    let before = resident();
    let since = Tick::now();
    let snapshot = Snapshot::open(&path).expect("a snapshot that was just written");
    report.row("map and check a snapshot", since.elapsed().as_secs_f64() * 1e3, "ms", 200.0);
    let mut bytes = snapshot.bytes();
    report.row("bytes of the file a key", bytes as f64 / keys as f64, "bytes", 10.0);
    bytes = resident().saturating_sub(before);
    report.row("bytes resident a key", bytes as f64 / keys as f64, "bytes", 10.0);
    let sets = Sets::default().with(Origin::Local, Source::new(snapshot));
    let step = (keys / LOOKS).max(1);
    let found = look(&sets, |n| mixed(n.wrapping_mul(step) % keys), keys, step);
    report.row("look up one that is known", found.0, "ns", 100.0);
    assert_eq!(found.1, LOOKS, "every key is found");
    let missing = look(&sets, |n| !mixed(n.wrapping_mul(step) % keys) ^ 0x5555, keys, step);
    report.row("look up one that is not", missing.0, "ns", 100.0);
    let chained = chain(&sets, keys);
    println!(
        "{:<44} {chained:>9.2} ns     (a few thousand keys, over and over)",
        "look-ups in cache"
    );
    delta(&sets, &mut report);
    let _ = std::fs::remove_file(&path);
    ExitCode::from(u8::from(report.failed))
}

fn write(path: &std::path::Path, keys: u64) {
    let mut lists = Lists::default();
    for n in 0..keys {
        let class = if n % 7 == 0 { Class::Phish } else { Class::Spam };
        lists.push(List { algorithm: algorithm(n), class, weight: (n % 3 + 8) as u8 }, mixed(n));
    }
    lists.sort();
    let since = Tick::now();
    Snapshot::write(path, &lists, Stamp::default()).expect("room in the temporary folder");
    println!("{keys} keys written in {:.0} ms", since.elapsed().as_secs_f64() * 1e3);
}

/// Nanoseconds of a look-up, and how many were found.
fn look(sets: &Sets, key: impl Fn(u64) -> u64, keys: u64, step: u64) -> (f64, u64) {
    // The keys are made before, so that only looking is timed.
    let keys: Vec<(Algorithm, u64)> =
        (0..LOOKS).map(|n| (algorithm(n.wrapping_mul(step) % keys), key(n))).collect();
    let since = Tick::now();
    let mut found = 0;
    for &(algorithm, key) in &keys {
        found += u64::from(sets.listed(algorithm, black_box(key)).is_listed());
    }
    (since.elapsed().as_secs_f64() * 1e9 / LOOKS as f64, found)
}

/// Nanoseconds of a look-up that cannot begin before the one before has ended. The walk soon runs
/// in a circle, so that what it reads is in the processor's cache.
fn chain(sets: &Sets, keys: u64) -> f64 {
    let since = Tick::now();
    let mut n = 1;
    for _ in 0..LOOKS / 4 {
        let listed = sets.listed(algorithm(n), mixed(n));
        n = (mixed(n) ^ u64::from(listed.weight(Class::Bulk))) % keys;
    }
    black_box(n);
    since.elapsed().as_secs_f64() * 1e9 / (LOOKS / 4) as f64
}

/// A hundred changes onto an overlay that is as large as it gets.
fn delta(sets: &Sets, report: &mut Report) {
    let change = |n: u64| Change::Print {
        algorithm: Algorithm::TextAnchor,
        key: mixed(n ^ (1 << 60)),
        listed: Listed::default().with(Class::Spam, 8),
    };
    let source = sets.source(&Origin::Local).expect("the source of this bench");
    let full = source.changed(&(0..65_536).map(change).collect::<Vec<_>>());
    let hundred: Vec<Change> = (70_000..70_100).map(change).collect();
    let mut times: Vec<f64> = Vec::new();
    for _ in 0..50 {
        let since = Tick::now();
        let changed = sets.with(Origin::Local, full.changed(&hundred));
        times.push(since.elapsed().as_secs_f64() * 1e3);
        black_box(changed);
    }
    times.sort_by(f64::total_cmp);
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    report.row("a delta of 100 onto 65,536 changes", middle, "ms", 5.0);
}
