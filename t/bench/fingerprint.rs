//! What fingerprints cost: see `t/bench-fingerprint`.
//!
//! Median and 99th percentile of the time that [`fingerprint::of`] takes for a parsed message of
//! about 10 kB without pictures, and of each of its steps. Aim: 150 µs at the median.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for people")]

use mailprint::clock::Tick;
use mailprint::fingerprint::common::Nothing;
use mailprint::fingerprint::view::View;
use mailprint::fingerprint::{self, Prints};
use mailprint::limits::Limits;
use mailprint::message::Message;
use std::hint::black_box;
use std::time::Duration;

/// The sizes that count as 10 kB.
const SIZES: std::ops::Range<usize> = 8_000..12_000;
/// Each message is measured so often; the best time counts.
const TIMES: usize = 9;

fn main() {
    let limits = Limits::default();
    let corpus = std::env::args().skip(1).find(|argument| argument != "--bench");
    let raw = match corpus.map(|folder| messages(folder.as_ref())) {
        Some(raw) if !raw.is_empty() => raw,
        _ => made(),
    };
    println!("{} messages of {} to {} bytes", raw.len(), SIZES.start, SIZES.end);
    let whole = |message: &Message| fingerprint::of(message, &Nothing, &limits);
    row("of", &raw, |message| drop(black_box::<Prints>(whole(message))));
    row("  views", &raw, |message| drop(black_box(View::of(message, &limits))));
    row("  beside texts", &raw, |message| {
        let view = View::of(message, &limits);
        let mut reached = view.reached;
        drop(black_box(fingerprint::beside_texts(&view, &limits, &mut Vec::new(), &mut reached)));
    });
    println!("(each step with the views; parts decode their content once, before it is measured)");
}

/// Measures `work` on each message; prints median, 99th percentile and the slowest.
fn row(name: &str, raw: &[Vec<u8>], work: impl Fn(&Message)) {
    let limits = Limits::default();
    let time = |bytes: &Vec<u8>| {
        let message = Message::parse(bytes.clone(), &limits);
        work(&message);
        let once = || {
            let began = Tick::now();
            work(&message);
            began.elapsed()
        };
        (0..TIMES).map(|_| once()).min().unwrap_or_default()
    };
    let mut times: Vec<Duration> = raw.iter().map(time).collect();
    times.sort();
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied();
    let micros = |time: Option<Duration>| time.unwrap_or_default().as_secs_f64() * 1e6;
    println!(
        "{name:16} median {:7.1} µs   p99 {:8.1} µs   most {:8.1} µs",
        micros(at(0.5)),
        micros(at(0.99)),
        micros(times.last().copied())
    );
}

/// The messages of that size below `folder`, without pictures.
fn messages(folder: &std::path::Path) -> Vec<Vec<u8>> {
    let files = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let read = files.filter_map(|entry| std::fs::read(entry.path()).ok());
    let pictured = |bytes: &[u8]| memchr::memmem::find(bytes, b"Content-Type: image/").is_some();
    read.filter(|bytes| SIZES.contains(&bytes.len()) && !pictured(bytes)).collect()
}

/// Messages of common words: half plain, half HTML.
fn made() -> Vec<Vec<u8>> {
    const WORDS: [&str; 16] = [
        "account",
        "before",
        "customer",
        "delivery",
        "every",
        "further",
        "general",
        "have",
        "important",
        "just",
        "keep",
        "letter",
        "message",
        "notice",
        "offer",
        "payment",
    ];
    let word = |n: usize| WORDS.get(n.wrapping_mul(2_654_435_761) >> 7 & 15).unwrap();
    (0..64)
        .map(|seed| {
            let html = seed % 2 == 1;
            let kind = if html { "html" } else { "plain" };
            let mut mail = format!(
                "From: a@example.com\nSubject: message {seed}\nContent-Type: text/{kind}\n\n"
            );
            let mut n = seed * 1000;
            while mail.len() < 10_000 {
                let line: Vec<&str> = (n..n + 12).map(|n| *word(n)).collect();
                n += 12;
                let line = line.join(" ");
                mail.push_str(&match html {
                    true => format!(
                        "<p class=\"x{n}\">{line} <a href=\"http://example.com/{n}\">{n}</a>.</p>\n"
                    ),
                    false => format!("{line}.\n"),
                });
            }
            mail.into_bytes()
        })
        .collect()
}
