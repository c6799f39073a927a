//! No hostile input costs more than its size: twice as much takes twice as long.
//!
//! Each input of `growth/inputs.rs` is made in two sizes, the second twice the first, and
//! parsed by turns; CPU times of the thread are compared, the best of three where one is not
//! good enough. Beside the time the
//! memory is measured, by an allocator that counts for each thread.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "growth/inputs.rs"]
mod inputs;
#[path = "growth/memory.rs"]
mod memory;
#[path = "growth/parsers.rs"]
mod parsers;

use inputs::Case;
use nix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// What twice the input may take.
const MOST: f64 = 2.5;
/// Less than this cannot be compared.
const MEASURABLE: Duration = Duration::from_millis(20);
/// What is not measurable at this size need not be.
const ENOUGH: usize = 32 << 20;
/// Memory that an input may need at its worst: so many times its size, and so much more.
const MEMORY: (usize, usize) = (20, 64 << 20);
/// Other people's work on the machine disturbs: the best of so many times counts, and a bad
/// ratio must show each time.
const ATTEMPTS: [usize; 3] = [1, 3, 3];

fn cpu_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap().into()
}

/// The CPU time that `case` takes for `input`, at its best of so many times.
fn best_time(case: &Case, input: &[u8], times: usize) -> Duration {
    let once = || {
        let began = cpu_time();
        (case.parser)(input);
        cpu_time() - began
    };
    (0..times).map(|_| once()).min().unwrap_or_default()
}

/// The smallest size from `case.size` on whose time can be measured.
fn measurable(case: &Case) -> (usize, Vec<u8>) {
    let mut size = case.size;
    loop {
        let input = (case.make)(size);
        if best_time(case, &input, 1) >= MEASURABLE || input.len() >= ENOUGH / 2 {
            return (size, input);
        }
        size *= 2;
    }
}

/// What is wrong with `case`, if anything is. Memory above a certain size comes fresh from the
/// system, and above another it no longer fits the processor's caches, so that steps may be
/// steep; what grows faster than its input shows so at each of the next sizes too.
fn check(case: &Case) -> Option<String> {
    println!("{} ...", case.name);
    let (size, input) = measurable(case);
    let double = (case.make)(2 * size);
    memory::begin();
    (case.parser)(&double);
    let (peak, bound) = (memory::peak(), MEMORY.0 * double.len() + MEMORY.1);
    if peak > bound {
        return Some(format!("{}: {peak} bytes of memory for {}", case.name, double.len()));
    }
    let steep = steep(case, &input, &double)?;
    let next = steep_at(case, 2 * size)?;
    let last = steep_at(case, 4 * size)?;
    Some(format!("{steep}; {next}; {last}"))
}

fn steep_at(case: &Case, size: usize) -> Option<String> {
    steep(case, &(case.make)(size), &(case.make)(2 * size))
}

/// The times, if that of `double` is too much more than that of `single`.
fn steep(case: &Case, single: &[u8], double: &[u8]) -> Option<String> {
    let mut told = String::new();
    for times in ATTEMPTS {
        let (one, two) = (best_time(case, single, times), best_time(case, double, times));
        let ratio = two.as_secs_f64() / one.max(MEASURABLE / 2).as_secs_f64();
        told = format!("{}: {one:.1?}, {two:.1?} for {} bytes", case.name, single.len());
        println!("{told} and twice that: {ratio:.2}");
        if ratio < MOST {
            return None;
        }
    }
    Some(told)
}

fn check_all(cases: &[Case]) {
    // Rules are loaded and buffers grown before anything is measured.
    parsers::scan(b"Subject: x\n\ny\n");
    let wrong: Vec<_> = cases.iter().filter_map(check).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn mime_trees_take_linear_time_and_memory() {
    check_all(&inputs::TREES(parsers::scan));
}

#[test]
fn header_blocks_take_linear_time_and_memory() {
    check_all(&inputs::HEADS(parsers::scan));
}

#[test]
fn html_and_uris_take_linear_time_and_memory() {
    check_all(&inputs::PAGES(parsers::scan));
}

#[test]
fn fingerprints_take_linear_time_and_memory() {
    check_all(&inputs::PAGES(parsers::fingerprints));
    check_all(&inputs::TREES(parsers::fingerprints));
}

#[test]
fn single_parsers_take_linear_time_and_memory() {
    check_all(inputs::PARSERS);
}

#[test]
fn what_is_quadratic_is_found() {
    let quadratic = |text: &[u8]| {
        let pairs = text.iter().map(|a| text.iter().filter(|b| *b <= a).count());
        std::hint::black_box(pairs.sum::<usize>());
    };
    let case = Case { name: "quadratic", size: 1000, make: |n| b"x".repeat(n), parser: quadratic };
    assert!(check(&case).is_some());
    let hungry = |text: &[u8]| drop(std::hint::black_box(vec![1_u8; text.len() * 30]));
    let case = Case { name: "hungry", size: 8 << 20, make: |n| vec![0; n], parser: hungry };
    assert!(check(&case).is_some_and(|why| why.contains("memory")));
}
