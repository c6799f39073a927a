//! A multipart body cut at its boundary (RFC 2046 section 5.1), read as SpamAssassin does.
//!
//! In: the body's text and its boundary. Out: the parts with their fields and texts, and
//! flags about how they were delimited. One pass over the lines; parts are ranges of the
//! text unless a line is longer than 2048 bytes.

use super::content_type::ContentType;
use super::encoded_word;
use super::head::{begins_field, begins_strict_field};
use super::headers::{Field, Headers};
use super::notes::Notes;
use super::text::{Text, lines};
use crate::limits::{Limit, Limits};
use crate::text::ascii::{is_space, trim_start};
use std::ops::Range;

/// A part that was cut out, not yet read itself.
pub(super) struct Piece {
    pub(super) headers: Headers,
    pub(super) text: Text,
}

/// What became of a multipart's boundary.
#[derive(Clone, Copy, Default)]
pub(super) struct Balance {
    /// A line opened it.
    pub(super) opened: bool,
    /// A line closed it.
    pub(super) closed: bool,
}

/// Reads one multipart.
pub(super) struct Multipart<'a> {
    text: &'a Text,
    boundary: &'a [u8],
    /// Does a blank line go before the text?
    after_blank_line: bool,
    limits: &'a Limits,
    /// Notes on the whole message.
    notes: &'a mut Notes,
    pieces: Vec<Piece>,
    /// Is the part read last a multipart that uses our boundary too? Then boundary lines
    /// are its, up to the closing one.
    shared: bool,
}

/// The part that is being read.
#[derive(Default)]
struct Open {
    headers: Headers,
    /// The field whose continuation may follow.
    field: Option<Range<usize>>,
    /// Its content has begun.
    in_body: bool,
    /// Where its first line of content begins.
    start: Option<usize>,
}

impl<'a> Multipart<'a> {
    /// The multipart whose body is `text`.
    pub(super) fn new(
        text: &'a Text,
        boundary: &'a [u8],
        after_blank_line: bool,
        limits: &'a Limits,
        notes: &'a mut Notes,
    ) -> Self {
        let (pieces, shared) = (Vec::new(), false);
        Multipart { text, boundary, after_blank_line, limits, notes, pieces, shared }
    }

    /// Its parts, at most `limits.mime_parts` of them.
    pub(super) fn split(mut self) -> (Vec<Piece>, Balance) {
        let first = self.preamble();
        let closed = self.parts(first);
        (self.pieces, Balance { opened: first.is_some(), closed })
    }

    /// Where the line after the first boundary begins.
    fn preamble(&mut self) -> Option<usize> {
        let mut at = 0;
        for line in lines(self.text.bytes()) {
            at += line.len();
            if delimits(line, self.boundary) == Some(Delimiter::Opening) {
                let next = lines(self.text.bytes().get(at..)?).next();
                self.notes.facts.missing_mime_headers |=
                    next.is_some_and(|n| !begins_strict_field(n));
                return Some(at);
            }
        }
        None
    }

    /// Reads parts from byte `first` on, or from the top; was there a closing boundary?
    fn parts(&mut self, first: Option<usize>) -> bool {
        let text = self.text;
        let bytes = text.bytes();
        let in_body = first.is_none() && self.after_blank_line;
        let mut open = Open { in_body, ..Open::default() };
        let mut at = first.unwrap_or(0);
        for line in lines(bytes.get(at..).unwrap_or_default()) {
            let end = at + line.len();
            let delimiter = delimits(line, self.boundary);
            let closing = delimiter == Some(Delimiter::Closing);
            let mut ends_part = delimiter.is_some();
            if ends_part && self.shared {
                ends_part = false;
                self.shared = !closing;
            }
            let is_last = end == bytes.len();
            if !ends_part && !is_last {
                self.line(&mut open, at..end);
                at = end;
                continue;
            }
            let start = open.start.unwrap_or(at);
            let part = text.slice(start..if ends_part { at } else { end }).with_short_lines();
            let part = if ends_part { part.chomped() } else { part };
            self.pieces.push(Piece { headers: std::mem::take(&mut open).headers, text: part });
            let rest = bytes.get(end..).unwrap_or_default();
            if closing {
                let is_text = |&byte: &u8| byte != b'.' && !is_space(byte);
                self.notes.facts.mime_epilogue_exists |= rest.iter().any(is_text);
                return true;
            }
            let next = lines(rest).next();
            self.notes.facts.missing_mime_headers |=
                next.is_some_and(|line| !begins_strict_field(line));
            if self.pieces.len() >= self.limits.mime_parts {
                self.notes.facts.mimepart_limit_exceeded = true;
                self.notes.reached.note(Limit::MimeParts);
                return false;
            }
            at = end;
        }
        false
    }

    /// A line that ends no part: a field, its continuation or content.
    fn line(&mut self, open: &mut Open, at: Range<usize>) {
        let line = self.text.bytes().get(at.clone()).unwrap_or_default();
        if !open.in_body {
            if begins_field(line) {
                let before = open.field.replace(at);
                self.field(before, &mut open.headers);
                return;
            }
            if let (Some(field), Some(b' ' | b'\t')) = (&mut open.field, line.first()) {
                field.end = at.end;
                return;
            }
            open.in_body = true;
            if self.field(open.field.take(), &mut open.headers) {
                self.shared |= self.shares_boundary(&open.headers);
            }
            if matches!(line, b"\n" | b"\r\n") {
                return;
            }
            self.notes.facts.missing_mime_head_body_separator = true;
        }
        open.start.get_or_insert(at.start);
    }

    /// Adds the field that lies at `field`; is it a Content-Type?
    fn field(&mut self, field: Option<Range<usize>>, headers: &mut Headers) -> bool {
        let text = field.and_then(|range| self.text.bytes().get(range)).unwrap_or_default();
        let colon = memchr::memchr(b':', text);
        let Some((name, value)) = colon.and_then(|at| text.split_at_checked(at)) else {
            return false;
        };
        let raw = trim_start(value.get(1..).unwrap_or_default()).to_vec();
        let field = Field { name: name.to_vec(), raw };
        self.notes.keep(field, headers, self.limits) && name.eq_ignore_ascii_case(b"content-type")
    }

    /// Does the part's Content-Type name our boundary?
    fn shares_boundary(&self, headers: &Headers) -> bool {
        let value = headers.last(b"content-type").map(encoded_word::decoded);
        ContentType::parse(value.as_deref()).boundary.as_deref() == Some(self.boundary)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delimiter {
    Opening,
    Closing,
}

/// Is `line` a boundary line? White space may follow.
fn delimits(line: &[u8], boundary: &[u8]) -> Option<Delimiter> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?;
    let blank = |rest: &[u8]| rest.iter().all(|&byte| is_space(byte));
    match rest.strip_prefix(b"--") {
        Some(rest) if blank(rest) => Some(Delimiter::Closing),
        _ if blank(rest) => Some(Delimiter::Opening),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Facts;
    use super::*;

    fn split(text: &str) -> (Vec<(usize, String)>, Facts, Balance) {
        let text = Text::from(text.as_bytes().to_vec());
        let (mut notes, limits) = (Notes::default(), Limits::default());
        let (pieces, balance) = Multipart::new(&text, b"b", false, &limits, &mut notes).split();
        let read = |piece: &Piece| {
            (piece.headers.len(), String::from_utf8_lossy(piece.text.bytes()).into_owned())
        };
        (pieces.iter().map(read).collect(), notes.facts, balance)
    }

    fn pieces(text: &str) -> Vec<(usize, String)> {
        split(text).0
    }

    fn part(headers: usize, text: &str) -> (usize, String) {
        (headers, text.to_owned())
    }

    #[test]
    fn parts_lie_between_boundaries() {
        let text = "pre\n--b\nA: 1\n 2\nB: 3\n\none\n\n--b \t\n\ntwo\n--b--\nend\n";
        let (parts, facts, balance) = split(text);
        assert_eq!(parts, [part(2, "one\n"), part(0, "two")]);
        assert!(facts.missing_mime_headers && facts.mime_epilogue_exists);
        assert!(!facts.missing_mime_head_body_separator);
        assert!(balance.opened && balance.closed);
    }

    #[test]
    fn what_lacks_a_boundary_is_a_part_too() {
        assert_eq!(pieces("A: 1\n\none\ntwo"), [part(1, "one\ntwo")]);
        assert_eq!(pieces("--b\nA: 1\n\none\n"), [part(1, "one\n")]);
        assert_eq!(pieces("--b\n"), []);
        assert_eq!(pieces("--b\nA: 1\n"), [part(0, "A: 1\n")]);
        assert_eq!(pieces("--b\nA: 1\n--b--\n"), [part(0, "")]);
        assert_eq!(pieces("--b\n--b\n"), [part(0, "")]);
        assert!(!split("--b\nA: 1\n\none\n").2.closed);
    }

    #[test]
    fn content_may_follow_the_fields_at_once() {
        let (parts, facts, _) = split("--b\nA: 1\ntext\n--b--\n . \n");
        assert_eq!(parts, [part(1, "text")]);
        assert!(facts.missing_mime_head_body_separator && !facts.mime_epilogue_exists);
    }

    #[test]
    fn a_nested_multipart_may_share_the_boundary() {
        let nested = "--b\nContent-Type: multipart/x; boundary=b\n\n--b\n\none\n--b--\n--b--\n";
        assert_eq!(pieces(nested), [part(1, "--b\n\none\n--b--")]);
    }

    #[test]
    fn limit_mime_parts() {
        for (count, parts, exceeded) in [(999, 999, false), (1000, 1000, true), (2000, 1000, true)]
        {
            let (pieces, facts, _) = split(&"--b\n\nx\n".repeat(count));
            assert_eq!((pieces.len(), facts.mimepart_limit_exceeded), (parts, exceeded));
        }
    }
}
