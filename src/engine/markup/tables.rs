//! The tables of `_SUMMARY_` and `_REPORT_`: what hit, its points and its description.

use super::wrap::{Breaks, wrap};
use crate::engine::verdict::{Hit, Verdict};
use crate::text::ascii::{is_space, trim_start};

/// The table of a report: ` pts rule name              description`.
pub fn summary(verdict: &Verdict, width: usize) -> Vec<u8> {
    let mut table = Vec::new();
    for hit in &verdict.hits {
        let points = points(hit.score);
        let mut line = format!("{points} {:<22} {}", hit.name, hit.area).into_bytes();
        let first = 3 + hit.name.len() + points.len() + hit.area.len();
        line.extend_from_slice(&wrapped(&hit.description, first, &[b' '; 28], width));
        line.push(b'\n');
        for note in log_lines(hit) {
            let short = note.len() < 48;
            line.resize(line.len() + if short { 28 } else { 76 - note.len().min(76) }, b' ');
            bracketed(&mut line, &note);
        }
        table.extend_from_slice(&line.repeat(hit.count as usize));
    }
    table
}

/// The short table of `X-Spam-Report`, with stars in front.
pub fn terse(verdict: &Verdict, width: usize) -> Vec<u8> {
    let mut table = b"\n".to_vec();
    for hit in &verdict.hits {
        let points = points(hit.score);
        let mut line = format!("* {points} {} {}", hit.name, hit.area).into_bytes();
        let first = 4 + hit.name.len() + points.len() + hit.area.len();
        line.extend_from_slice(&wrapped(&hit.description, first, b"*      ", width));
        line.push(b'\n');
        for (number, note) in log_lines(hit).iter().enumerate() {
            line.extend_from_slice(if number == 0 { b"*      " } else { b"" });
            bracketed(&mut line, note);
        }
        table.extend_from_slice(&line.repeat(hit.count as usize));
    }
    table
}

/// What a hit has to say, cut at white space into lines of 30 to 48 bytes as far as it
/// goes, without control characters.
fn log_lines(hit: &Hit) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    for text in &hit.log {
        let mut rest: &[u8] = text;
        while let Some(end) =
            (30..=48).rev().find(|&end| rest.get(end).copied().is_some_and(is_space))
        {
            lines.push(printable(&rest[..end]));
            rest = &rest[end + 1..];
        }
        lines.push(printable(rest));
    }
    lines
}

fn bracketed(line: &mut Vec<u8>, note: &[u8]) {
    line.push(b'[');
    line.extend_from_slice(note);
    line.extend_from_slice(b"]\n");
}

fn printable(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| !byte.is_ascii_control()).collect()
}

/// A score in four columns.
fn points(score: f64) -> String {
    if score.abs() >= 10.0 { format!("{score:4.0}") } else { format!("{score:4.1}") }
}

/// A description in lines of `width`, whose first begins in column `first`.
fn wrapped(description: &[u8], first: usize, prefix: &[u8], width: usize) -> Vec<u8> {
    let description = match description {
        b"" => b"No description available.",
        text => text,
    };
    let lines = wrap(description, prefix, &vec![b' '; first], width, false, Breaks::AtSpace);
    trim_start(&lines).to_vec()
}
