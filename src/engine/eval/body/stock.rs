//! Labels of stock tips: `Symbol: XYZ`, `Current Price: …`, `5 Day Target: …`.

use crate::message::body::{short_paragraphs, space};
use crate::message::view::Views;
use crate::text::ascii::trim_end;
use std::collections::HashSet;

/// The most characters that a label has, and the fewest with the blanks behind it.
const LABEL: (usize, usize) = (30, 3);

/// How many different labels of stock tips the first text/plain part holds.
pub(super) struct Labels(pub usize);

impl Labels {
    pub(super) fn of(views: &Views) -> Labels {
        let parts = views.message().parts();
        let is_plain = |&(number, _): &(usize, _)| {
            parts.get(number).is_some_and(|part| part.content_type() == b"text/plain")
        };
        let Some((_, first)) = views.rendered().find(is_plain) else { return Labels(0) };
        let (bytes, wide) = first.text();
        let mut found = HashSet::new();
        for bytes in short_paragraphs(bytes, wide) {
            Text { bytes, wide }.labels(|label| found.extend(key(&label)));
        }
        Labels(found.len())
    }
}

/// A chunk of text: of characters (UTF-8) or octets.
struct Text<'t> {
    bytes: &'t [u8],
    wide: bool,
}

impl Text<'_> {
    /// Finds all labels: what stands between the beginning of a line and its first colon, if
    /// something follows the colon.
    fn labels(&self, mut found: impl FnMut(Vec<u8>)) {
        let mut from = 0;
        while let Some(colon) = memchr::memchr(b':', self.bytes.get(from..).unwrap_or_default()) {
            let colon = from + colon;
            let behind = self.skip_space(colon + 1);
            if behind == self.bytes.len() {
                break;
            }
            // After a label the search goes on behind the character that follows it, and that
            // may be in the middle of a later line.
            from = match self.label(from, colon) {
                Some(label) => {
                    found(label);
                    self.next_line(behind + 1)
                }
                None => self.next_line(colon + 1),
            };
        }
    }

    /// The letters of the label that ends at `colon`, in lower case; `from` is the beginning of
    /// a line. Between label and colon may be white space of any sort.
    fn label(&self, from: usize, colon: usize) -> Option<Vec<u8>> {
        let before = self.bytes.get(from..colon)?;
        let solid = self.without_space(before).len();
        let line = memchr::memrchr(b'\n', before.get(..solid)?).map_or(0, |newline| newline + 1);
        let begin = self.skip_space(from + line) - from;
        let label = before.get(begin..solid)?;
        let tail = before.get(begin..)?;
        let line = tail.get(..memchr::memchr(b'\n', tail).unwrap_or(tail.len()))?;
        let (most, fewest) = LABEL;
        let fits = self.count(label) <= most && self.count(line) >= fewest;
        fits.then(|| self.letters(label))
    }

    fn letters(&self, label: &[u8]) -> Vec<u8> {
        let lower = match std::str::from_utf8(label) {
            Ok(label) if self.wide => label.to_lowercase().into_bytes(),
            _ => label.to_ascii_lowercase(),
        };
        lower.into_iter().filter(u8::is_ascii_lowercase).collect()
    }

    /// How many characters `text` has.
    fn count(&self, text: &[u8]) -> usize {
        text.iter().filter(|&&byte| !self.wide || byte & 0xc0 != 0x80).count()
    }

    fn without_space<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        match std::str::from_utf8(text) {
            Ok(text) if self.wide => text.trim_end().as_bytes(),
            _ => trim_end(text),
        }
    }

    /// Where the white space at `at` ends.
    fn skip_space(&self, at: usize) -> usize {
        let mut at = at;
        loop {
            match space(self.bytes.get(at..).unwrap_or_default(), self.wide) {
                0 => return at,
                length => at += length,
            }
        }
    }

    /// Where the first line begins at or after `at`, which is not 0.
    fn next_line(&self, at: usize) -> usize {
        let rest = self.bytes.get(at - 1..).unwrap_or_default();
        memchr::memchr(b'\n', rest).map_or(self.bytes.len(), |newline| at + newline)
    }
}

/// The longest end of a label's letters that stock tips use.
fn key(label: &[u8]) -> Option<Vec<u8>> {
    let ends = (0..label.len()).filter_map(|from| label.get(from..));
    let is_key = |end: &&[u8]| is_label(end) || (end.len() == label.len() && is_trading_day(end));
    ends.into_iter().find(is_key).map(<[u8]>::to_vec)
}

fn is_trading_day(word: &[u8]) -> bool {
    matches!(word, b"tradedate" | b"tradingdate")
}

fn is_label(word: &[u8]) -> bool {
    let forecast = || {
        let period = [&b"year"[..], b"week", b"month", b"day", b"price"];
        let mut rests = period.iter().filter_map(|period| word.strip_prefix(*period));
        rests.any(|rest| matches!(rest, b"target" | b"estimate" | b"estimates"))
    };
    WORDS.iter().any(|known| known.as_bytes() == word)
        || forecast()
        || [&b"stock"[..], b"sym", b"symbol"].iter().any(|known| is_spaced(word, known))
}

const WORDS: &[&str] = &[
    "company",
    "companyname",
    "currentp",
    "currentprice",
    "expectations",
    "marketperformance",
    "openingp",
    "openingprice",
    "position",
    "projected",
    "rating",
    "recommendation",
    "sector",
    "target",
    "ticker",
    "weekhigh",
    "weekshigh",
];

/// Is `word` made of `letters` with at most one other letter between any two?
fn is_spaced(word: &[u8], letters: &[u8]) -> bool {
    // One bit for each number of letters that may have been read; `filled` where another letter
    // came after them.
    let (mut read, mut filled) = (1_u32, 0_u32);
    let end = 1 << letters.len();
    for &byte in word {
        let places = letters.iter().enumerate().filter(|(_, letter)| **letter == byte);
        let fitting = places.fold(0, |bits, (place, _)| bits | 1 << place);
        (read, filled) = ((read | filled) & fitting, read & !1 & !end);
        read <<= 1;
    }
    read & end != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &[u8], wide: bool) -> Vec<String> {
        let mut found = Vec::new();
        Text { bytes: text, wide }.labels(|label| found.push(String::from_utf8(label).unwrap()));
        found
    }

    #[test]
    fn labels_stand_between_line_and_colon() {
        let cases: [(&str, &[&str]); 14] = [
            ("Symbol: X", &["symbol"]),
            ("\n \t S-y_m : X\n", &["sym"]),
            ("one two: three: four\nfive: 6", &["onetwo", "five"]),
            ("Symbol\n\n:\n\nX", &["symbol"]),
            ("first\nsecond: x", &["second"]),
            ("first:\nsecond: x\nthird: y", &["first", "third"]),
            ("ab: x", &[]),
            ("ab : x", &["ab"]),
            ("ab\n: x", &[]),
            (":abc: x\ndef: y", &["def"]),
            ("last: \n", &[]),
            ("123456789 123456789 12345678 x: y", &["x"]),
            ("123456789 123456789 123456789 x: y", &[]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            for wide in [false, true] {
                assert_eq!(labels(text.as_bytes(), wide), expected, "{text:?}");
            }
        }
        assert_eq!(labels("a\u{212a}\u{2003}\u{a0}: x".as_bytes(), true), ["ak"]);
        assert_eq!(labels(b"a\xc4\xb0\xa0: x", false), ["a"]);
    }

    #[test]
    fn the_longest_end_is_the_key() {
        let cases = [
            ("fivedaytarget", Some("daytarget")),
            ("target", Some("target")),
            ("tradedate", Some("tradedate")),
            ("lasttradedate", None),
            ("sxtock", Some("sxtock")),
            ("sxxtock", None),
            ("stxoxcxk", Some("stxoxcxk")),
            ("mystock", Some("stock")),
            ("sxyxm", Some("sxyxm")),
            ("symbolx", None),
            ("symxbxol", Some("symxbxol")),
            ("weekshigh", Some("weekshigh")),
            ("currentpr", None),
            ("", None),
        ];
        for (label, expected) in cases {
            assert_eq!(key(label.as_bytes()).as_deref(), expected.map(str::as_bytes), "{label}");
        }
    }
}
