//! `_PREVIEW_`: a safe sample of a message's text.

use super::wrap::{Breaks, wrap};
use crate::text::ascii::{is_space, trim_start};

/// `_PREVIEW_`: the beginning of the text, from the body's paragraphs without the first,
/// which is the subject.
pub fn preview<'a>(paragraphs: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut text = Vec::new();
    for paragraph in paragraphs.take(3) {
        if text.len() >= 200 {
            break;
        }
        text.extend_from_slice(paragraph);
    }
    let mut kept = Vec::new();
    for line in text.strip_suffix(b"\n").unwrap_or(&text).split(|byte| *byte == b'\n') {
        kept.extend_from_slice(&preview_line(line));
        kept.push(b'\n');
    }
    let notice = b"This is a multi-part message in MIME format.";
    let kept = without_rules(&without(&kept, notice));
    let lines = wrap(&squeezed(&kept), b"  ", b"Content preview:  ", 75, true, Breaks::AtSpace);
    trim_start(lines.strip_prefix(b"Content preview:").unwrap_or(&lines)).to_vec()
}

/// At most 200 bytes of a line, and nothing of a quoted message's headline.
fn preview_line(line: &[u8]) -> Vec<u8> {
    let mut line = match line.len() {
        0..=200 => line.to_vec(),
        _ => [&line[..200], b" [...]"].concat(),
    };
    if let Some(place) = memchr::memmem::find(&line, b"-----Original Message-----") {
        line.truncate(place);
    }
    line
}

fn without(text: &[u8], notice: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(text.len());
    let mut from = 0;
    for place in memchr::memmem::find_iter(text, notice) {
        kept.extend_from_slice(&text[from..place]);
        from = place + notice.len();
    }
    kept.extend_from_slice(&text[from..]);
    kept
}

/// Without drawn lines: ten or more of `-_*.` in a row.
fn without_rules(text: &[u8]) -> Vec<u8> {
    let drawn = |byte: &u8| matches!(byte, b'-' | b'_' | b'*' | b'.');
    text.chunk_by(|a, b| drawn(a) == drawn(b))
        .filter(|run| run.len() < 10 || !run.first().is_some_and(drawn))
        .flatten()
        .copied()
        .collect()
}

/// White space as single spaces, and no other control characters.
fn squeezed(text: &[u8]) -> Vec<u8> {
    let mut kept: Vec<u8> = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            space if is_space(*space) => {
                if kept.last() != Some(&b' ') {
                    kept.push(b' ');
                }
            }
            0..0x20 | 0x7f => {}
            _ => kept.push(*byte),
        }
    }
    kept
}
