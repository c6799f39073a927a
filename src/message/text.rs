//! A range of shared text: how parts hold their bytes without copying them.
//!
//! A message is read once; what its MIME tree needs is a range of that text, or of a copy
//! where SpamAssassin changes the text (CRLF, long lines, a decoded attached message).

use crate::text::ascii::is_space;
use std::ops::Range;
use std::sync::Arc;

/// A line longer than this is cut in multiparts, as SpamAssassin does (Constants.pm).
const LINE: usize = 2048;
/// So many blank lines may follow one another.
const BLANK_LINES: usize = 20;

/// Bytes of a buffer that others share.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    buffer: Arc<Vec<u8>>,
    range: Range<usize>,
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Text {
        Text { range: 0..bytes.len(), buffer: Arc::new(bytes) }
    }
}

impl Text {
    /// The bytes themselves.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.range.clone()).unwrap_or_default()
    }

    /// Bytes `range` of this text, which share its buffer. Never reaches beyond it.
    pub(super) fn slice(&self, range: Range<usize>) -> Text {
        let end = self.range.start.saturating_add(range.end).min(self.range.end);
        let start = self.range.start.saturating_add(range.start).min(end);
        Text { buffer: Arc::clone(&self.buffer), range: start..end }
    }

    /// This text without its last newline.
    pub(super) fn chomped(self) -> Text {
        match self.bytes().last() {
            Some(b'\n') => self.slice(0..self.range.len() - 1),
            _ => self,
        }
    }

    /// This text with lines over 2048 bytes cut, so that a newline follows each 2048 bytes.
    pub(super) fn with_short_lines(self) -> Text {
        if lines(self.bytes()).all(|line| line.len() <= LINE) {
            return self;
        }
        let mut out = Vec::with_capacity(self.bytes().len() + self.bytes().len() / LINE + 1);
        for mut line in lines(self.bytes()) {
            while let Some((head, tail)) = line.split_at_checked(LINE).filter(|_| line.len() > LINE)
            {
                out.extend_from_slice(head);
                out.push(b'\n');
                line = tail;
            }
            out.extend_from_slice(line);
        }
        Text::from(out)
    }

    /// This text, in a buffer of its own if it would keep a much larger one alive that is
    /// not `kept` anyway: copies for nested messages must not add up.
    pub(super) fn compact(self, kept: &Text) -> Text {
        let small = self.range.len() < self.buffer.len() / 4;
        match small && !Arc::ptr_eq(&self.buffer, &kept.buffer) {
            true => Text::from(self.bytes().to_vec()),
            false => self,
        }
    }

    /// This text with a newline before it.
    pub(super) fn after_blank_line(self) -> Text {
        Text::from([b"\n", self.bytes()].concat())
    }

    /// This text without the middle of long runs of blank lines.
    ///
    /// SpamAssassin walks from the end and keeps the first blank line of a run and the last
    /// nineteen; of a run at the very top it keeps the first two.
    pub(super) fn with_few_blank_lines(self) -> Text {
        let cuts = surplus_blank_lines(self.bytes());
        if cuts.is_empty() {
            return self;
        }
        let bytes = self.bytes();
        let mut out = Vec::with_capacity(bytes.len());
        let mut start = 0;
        for cut in cuts {
            out.extend_from_slice(bytes.get(start..cut.start).unwrap_or_default());
            start = cut.end;
        }
        out.extend_from_slice(bytes.get(start..).unwrap_or_default());
        Text::from(out)
    }
}

/// The lines of `bytes`, each with its newline.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at_checked(end).filter(|_| end > 0)?;
        rest = after;
        Some(line)
    })
}

/// Which bytes of `bytes` hold blank lines too many.
fn surplus_blank_lines(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut cuts = Vec::new();
    let (mut at, mut run, mut blank) = (0, 0, 0);
    for line in lines(bytes) {
        if line.iter().all(|&byte| is_space(byte)) {
            blank += 1;
        } else {
            cuts.extend(surplus(bytes.get(run..at).unwrap_or_default(), run, blank));
            blank = 0;
            run = at + line.len();
        }
        at += line.len();
    }
    cuts.extend(surplus(bytes.get(run..at).unwrap_or_default(), run, blank));
    cuts
}

/// Which bytes to cut out of `run`, `count` blank lines from byte `start` on.
fn surplus(run: &[u8], start: usize, count: usize) -> Option<Range<usize>> {
    // At the top of the text, the walk does not count the line that it ends on.
    let (count, kept) = if start == 0 { (count.saturating_sub(1), 2) } else { (count, 1) };
    let excess = count.checked_sub(BLANK_LINES).filter(|&excess| excess > 0)?;
    let length =
        |lines_of: &[u8], n: usize| lines(lines_of).take(n).map(<[u8]>::len).sum::<usize>();
    let first = length(run, kept);
    let cut = length(run.get(first..).unwrap_or_default(), excess);
    Some(start + first..start + first + cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_and_short_ones_share_the_buffer() {
        let text = Text::from([&[b'x'; 2047][..], b"\n"].concat());
        let same = text.clone().with_short_lines();
        assert!(Arc::ptr_eq(&text.buffer, &same.buffer));
        let cut = Text::from([&[b'x'; 2048][..], b"\ny"].concat()).with_short_lines();
        assert_eq!(cut.bytes(), [&[b'x'; 2048][..], b"\n\ny"].concat());
        let cut = Text::from(vec![b'x'; 4097]).with_short_lines();
        assert_eq!(cut.bytes(), [&[b'x'; 2048][..], b"\n", &[b'x'; 2048], b"\nx"].concat());
    }

    #[test]
    fn runs_of_blank_lines_keep_their_ends() {
        let kept = |blank: usize, top: &str| {
            let text = format!("{top}{}end\n", "\n".repeat(blank));
            let text = Text::from(text.into_bytes()).with_few_blank_lines();
            lines(text.bytes()).count()
        };
        assert_eq!((kept(20, "top\n"), kept(21, "top\n"), kept(500, "top\n")), (22, 22, 22));
        assert_eq!((kept(20, ""), kept(21, ""), kept(22, ""), kept(500, "")), (21, 22, 22, 22));
        let marked: String = (0..30).map(|n| " ".repeat(n) + "\n").collect();
        let text = Text::from(format!("top\n{marked}").into_bytes()).with_few_blank_lines();
        let lengths: Vec<_> = lines(text.bytes()).map(<[u8]>::len).collect();
        assert_eq!(lengths, [&[4, 1][..], &(12..31).collect::<Vec<_>>()].concat());
    }

    #[test]
    fn slices_stay_inside() {
        let text = Text::from(b"abcdef".to_vec()).slice(1..5);
        assert_eq!(text.slice(1..9).bytes(), b"cde");
        assert_eq!(text.slice(7..9).bytes(), b"");
        assert_eq!(text.chomped().bytes(), b"bcde");
    }
}
