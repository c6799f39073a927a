//! The message's lines as they came: what RFC 5322 section 2 lets stand in them.
//!
//! In: the message's bytes. Out: properties of its lines. Each is found with a few passes over
//! the bytes that look for one byte, or jump from line to line.

use super::{Noted, Property, has, is_our_own};
use crate::engine::scan::Scan;
use crate::message::view::Views;
use memchr::{memchr, memchr_iter, memrchr};
use std::sync::Arc;

/// The longest line, in bytes without its end (RFC 5322, 2.1.1).
const LONGEST: usize = 998;

/// What is odd about the lines.
#[derive(Default)]
pub struct Lines {
    bare_cr_header: bool,
    bare_cr_body: bool,
    bare_lf_body: bool,
    nul_header: bool,
    nul_body: bool,
    control_header: bool,
    long_header: bool,
    long_body: bool,
    huge_body: bool,
    no_field: bool,
    mbox_line: bool,
    space_before_colon: bool,
    blank_fold: bool,
    eight_bit_name: bool,
}

/// Properties of the lines.
#[rustfmt::skip]
pub const TABLE: &[Property<Lines>] = &[
    has("bare_cr_header", |lines| lines.bare_cr_header),
    has("bare_cr_body", |lines| lines.bare_cr_body),
    has("bare_lf_body", |lines| lines.bare_lf_body),
    has("nul_header", |lines| lines.nul_header),
    has("nul_body", |lines| lines.nul_body),
    has("control_header", |lines| lines.control_header),
    has("long_header", |lines| lines.long_header),
    has("long_body", |lines| lines.long_body && !lines.huge_body),
    has("huge_body", |lines| lines.huge_body),
    has("no_field", |lines| lines.no_field && !lines.mbox_line && !lines.eight_bit_name),
    has("mbox_line", |lines| lines.mbox_line),
    has("space_before_colon", |lines| lines.space_before_colon),
    has("blank_fold", |lines| lines.blank_fold),
    has("eight_bit_name", |lines| lines.eight_bit_name),
];

/// The lines, looked at once.
pub fn facts(scan: &mut Scan) -> Arc<Noted<Lines>> {
    scan.facts(|scan| {
        let views = scan.views();
        Noted((!is_our_own(views)).then(|| Lines::new(views)))
    })
}

impl Lines {
    fn new(views: &Views) -> Lines {
        let message = views.message();
        let (header, body) = (message.pristine_headers(), message.pristine_body());
        let has_crlf = message.line_ending() == b"\r\n";
        let mut lines = Lines {
            bare_cr_header: has_bare_cr(header),
            bare_cr_body: has_bare_cr(body),
            bare_lf_body: has_crlf && has_bare_lf(body),
            nul_header: memchr(0, header).is_some(),
            nul_body: memchr(0, body).is_some(),
            control_header: header.iter().any(|&byte| is_control(byte)),
            long_header: longest_is_over(header, LONGEST),
            long_body: longest_is_over(body, LONGEST),
            huge_body: longest_is_over(body, 100 * LONGEST),
            ..Lines::default()
        };
        lines.look_at_fields(header);
        lines
    }

    fn look_at_fields(&mut self, header: &[u8]) {
        for line in header.split(|&byte| byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let is_blank = line.iter().all(|byte| matches!(byte, b' ' | b'\t'));
            match line.first() {
                None => {}
                Some(b' ' | b'\t') => self.blank_fold |= is_blank,
                Some(_) => self.look_at_field(line),
            }
        }
    }

    fn look_at_field(&mut self, line: &[u8]) {
        let name = memchr(b':', line).and_then(|colon| line.get(..colon));
        let bare = name.map(|name| name.trim_ascii_end());
        let is_name = |name: &[u8]| !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
        match (name, bare) {
            _ if line.starts_with(b"From ") || line.starts_with(b">From ") => self.mbox_line = true,
            (Some(name), Some(bare)) if is_name(bare) => {
                self.space_before_colon |= bare.len() < name.len();
            }
            (Some(name), _) if !name.is_ascii() => self.eight_bit_name = true,
            _ => self.no_field = true,
        }
    }
}

/// A carriage return that ends no line.
fn has_bare_cr(text: &[u8]) -> bool {
    memchr_iter(b'\r', text).any(|at| !matches!(text.get(at + 1), Some(b'\n') | None))
}

/// A line feed without a carriage return before it.
fn has_bare_lf(text: &[u8]) -> bool {
    memchr_iter(b'\n', text).any(|at| at.checked_sub(1).and_then(|at| text.get(at)) != Some(&b'\r'))
}

/// A control that is neither white space nor NUL, nor the escape that begins a charset's
/// sequence (ISO 2022).
fn is_control(byte: u8) -> bool {
    matches!(byte, 0x01..=0x08 | 0x0b | 0x0c | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f)
}

/// Is a line longer than `most`? Looks from each line's begin for the last end within reach, and
/// so sees a small part of all lines.
fn longest_is_over(text: &[u8], most: usize) -> bool {
    let mut begin = 0;
    loop {
        let rest = text.get(begin..).unwrap_or_default();
        // A carriage return before the end does not count.
        let Some(window) = rest.get(..=most + 1) else { return is_over(rest, most) };
        match memrchr(b'\n', window) {
            // One byte more than a line may have, unless that is a carriage return.
            Some(end) if end == most + 1 && memchr(b'\n', window) == Some(end) => {
                if window.get(most) != Some(&b'\r') {
                    return true;
                }
                begin += end + 1;
            }
            Some(end) => begin += end + 1,
            None => return true,
        }
    }
}

/// Is the last line, which may lack its end, longer than `most`? `rest` has few bytes more.
fn is_over(rest: &[u8], most: usize) -> bool {
    let lines = rest.split(|&byte| byte == b'\n');
    lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line)).any(|line| line.len() > most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_over_its_length_by_one() {
        for end in ["\n", "\r\n", ""] {
            for (length, over) in [(9, false), (10, false), (11, true), (12, true), (30, true)] {
                let text = format!("a\nbb{end}\n{}{end}", "x".repeat(length));
                assert_eq!(longest_is_over(text.as_bytes(), 10), over, "{length} {end:?}");
            }
        }
    }

    #[test]
    fn ends_of_lines_are_told_from_their_halves() {
        assert!(!has_bare_cr(b"a\r\nb\r\n") && has_bare_cr(b"a\rb\n") && has_bare_cr(b"\r\r\n"));
        assert!(!has_bare_lf(b"a\r\nb\r\n") && has_bare_lf(b"a\nb\r\n") && has_bare_lf(b"\n"));
    }

    proptest! {
        #[test]
        fn jumping_finds_what_walking_finds(text in "[a\n]{0,60}", most in 1usize..9) {
            let walked = text.split('\n').any(|line| line.len() > most);
            prop_assert_eq!(longest_is_over(text.as_bytes(), most), walked);
        }
    }
}
