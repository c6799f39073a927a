//! The rendered text as it grows, piece by piece.
//!
//! In: decoded runs of text and the white space of block elements. Out: the text, which of
//! it is invisible, and its lengths. Invariant: no run of white space survives inside a
//! piece, and none beside white space of an element.

use super::Html;
use super::words::{self, Alphabet};
use std::ops::Range;

/// See the module.
#[derive(Debug)]
pub(super) struct Text {
    alphabet: Alphabet,
    text: Vec<u8>,
    invisible: Vec<Range<usize>>,
    wide: bool,
    last: Option<Piece>,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    start: usize,
    white_space: bool,
    invisible: bool,
    wide: bool,
}

impl Text {
    pub(super) fn new(alphabet: Alphabet) -> Self {
        Text { alphabet, text: Vec::new(), invisible: Vec::new(), wide: false, last: None }
    }

    /// The last piece and whether it is a string of characters.
    pub(super) fn last_piece(&self) -> Option<(&[u8], bool)> {
        let last = self.last?;
        Some((self.text.get(last.start..)?, last.wide))
    }

    /// Adds the white space of an element, if it has any.
    pub(super) fn space(&mut self, space: &[u8]) {
        if space.is_empty() {
            return;
        }
        if self.last.is_some_and(|last| {
            !last.white_space && !last.invisible && self.text.len() > last.start
        }) && self.text.last() == Some(&b' ')
        {
            self.text.pop();
        }
        let start = self.text.len();
        self.text.extend_from_slice(space);
        self.last = Some(Piece { start, white_space: true, invisible: false, wide: false });
    }

    /// Adds a run of text.
    pub(super) fn push(&mut self, text: &[u8], wide: bool, invisible: bool) {
        let start = self.text.len();
        let trim = !invisible && self.last.is_some_and(|last| last.white_space);
        let mut rest = text;
        while let Some(&first) = rest.first() {
            let blank = self.blank(rest);
            if blank > 0 {
                if !(trim && self.text.len() == start && rest.len() == text.len()) {
                    self.text.push(b' ');
                }
                rest = rest.get(blank..).unwrap_or(b"");
            } else {
                let length = self.until_blank(rest, first);
                self.text.extend_from_slice(rest.get(..length).unwrap_or(b""));
                rest = rest.get(length..).unwrap_or(b"");
            }
        }
        if invisible && self.text.len() > start {
            self.invisible.push(start..self.text.len());
        }
        self.wide |= wide;
        self.last = Some(Piece { start, white_space: false, invisible, wide });
    }

    /// Is there nothing but white space in `text`?
    pub(super) fn is_blank(&self, text: &[u8]) -> bool {
        let mut rest = text;
        loop {
            match self.blank(rest) {
                0 => return rest.is_empty(),
                blank => rest = rest.get(blank..).unwrap_or(b""),
            }
        }
    }

    /// How many octets at the start of `text` become one space.
    fn blank(&self, text: &[u8]) -> usize {
        let run = text.iter().take_while(|&&b| matches!(b, b' ' | b'\t'..=b'\r')).count();
        let no_break = self.alphabet.raw_no_break_space();
        if run == 0 && text.starts_with(no_break) { no_break.len() } else { run }
    }

    fn until_blank(&self, text: &[u8], first: u8) -> usize {
        let lead = self.alphabet.raw_no_break_space().first().copied().unwrap_or(first);
        let stops = |&b: &u8| b == lead || matches!(b, b' ' | b'\t'..=b'\r');
        1 + text.iter().skip(1).position(stops).unwrap_or(text.len().saturating_sub(1))
    }

    /// Puts the text and what is said of it into `html`.
    pub(super) fn finish(self, html: &mut Html) {
        html.wide = self.wide;
        html.html_length = self.alphabet.count(&self.text);
        html.non_space_len = html.html_length - self.spaces();
        html.text = self.text;
        html.invisible = self.invisible;
        if !html.wide && self.alphabet == Alphabet::Utf8 && !html.text.is_ascii() {
            narrow(html);
        }
    }

    fn spaces(&self) -> usize {
        if !self.wide {
            return self.text.iter().filter(|b| b" \t\n\r\x0b".contains(b)).count();
        }
        let text = String::from_utf8_lossy(&self.text);
        text.chars().filter(|&c| words::is_space(c, true)).count()
    }
}

/// Makes octets of a text without characters above U+00FF.
fn narrow(html: &mut Html) {
    let mut narrow = Vec::with_capacity(html.text.len());
    let mut invisible = Vec::with_capacity(html.invisible.len());
    let mut done = 0;
    let mut copy = |from: usize, to: usize| {
        let piece = html.text.get(from..to).unwrap_or(b"");
        let text = String::from_utf8_lossy(piece);
        narrow.extend(text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')));
        narrow.len()
    };
    for range in &html.invisible {
        let start = copy(done, range.start);
        let end = copy(range.start, range.end);
        invisible.push(start..end);
        done = range.end;
    }
    copy(done, html.text.len());
    html.text = narrow;
    html.invisible = invisible;
}
