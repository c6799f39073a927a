//! Encoded words in header fields: whether they can be what they say.
//!
//! In: a field's value on one line. Out: its encoded words and what is odd about each, without
//! decoding them (RFC 2047, 2, 4 and 5).

use crate::text::ascii::is_space;
use crate::text::charset;

/// An encoded word (RFC 2047, 2).
pub struct Word {
    /// Its length from `=?` to `?=`.
    pub whole: usize,
    /// Does its charset mean something?
    pub charset_known: bool,
    /// Is it Q or B?
    pub encoding_known: bool,
    /// Its text does not follow its encoding.
    pub broken: bool,
    /// It has no text.
    pub empty: bool,
    /// White space in its text.
    pub spaces: bool,
}

/// How many beginnings of encoded words are looked at in a field.
const WORDS: usize = 64;

/// The encoded words of `text`, in order.
pub fn words(text: &[u8]) -> impl Iterator<Item = Word> {
    let begins = memchr::memmem::find_iter(text, b"=?").take(WORDS);
    begins.filter_map(|at| text.get(at + 2..)).filter_map(|rest| {
        let mut parts = rest.splitn(3, |&byte| byte == b'?');
        let (name, encoding, text) = (parts.next()?, parts.next()?, parts.next()?);
        let is_token = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_graphic);
        let end = memchr::memmem::find(text, b"?=")?;
        if !is_token(name) || !is_token(encoding) || encoding.len() > 1 {
            return None;
        }
        let text = text.get(..end)?;
        let encoding = encoding.to_ascii_lowercase();
        let name = name.split(|&byte| byte == b'*').next().unwrap_or_default();
        Some(Word {
            whole: name.len() + text.len() + 7,
            charset_known: charset::is_known(name),
            encoding_known: matches!(encoding.as_slice(), b"q" | b"b"),
            broken: match encoding.as_slice() {
                b"b" => !is_base64(text),
                b"q" => !is_quoted(text),
                _ => false,
            },
            empty: text.is_empty(),
            spaces: text.iter().any(|&byte| is_space(byte)),
        })
    })
}

fn is_base64(text: &[u8]) -> bool {
    let end = text.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    let letters = text.get(..end).unwrap_or_default();
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b' ');
    letters.iter().all(is_letter) && letters.len() % 4 != 1 && text.len() - end <= 2
}

fn is_quoted(text: &[u8]) -> bool {
    memchr::memchr_iter(b'=', text).all(|at| {
        let digits = text.get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_found_and_judged() {
        let judged = |text: &str| -> Vec<(usize, bool)> {
            words(text.as_bytes()).map(|word| (word.whole, word.broken)).collect()
        };
        assert_eq!(judged("=?utf-8?Q?a=20b?= x =?utf-8?B?YWI=?="), [(17, false), (16, false)]);
        assert_eq!(judged("=?utf-8?Q?a=2?="), [(15, true)]);
        assert_eq!(judged("=?utf-8?B?YWI=YWI=?="), [(20, true)]);
        assert!(judged("=? no word ?= =?utf-8?Q?").is_empty());
        assert_eq!(words("=?a?q?b?=".repeat(100).as_bytes()).count(), WORDS);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes: Vec<u8>, text in "[=?qb a-c]{0,60}") {
            let _ = (words(&bytes).count(), words(text.as_bytes()).count());
        }
    }
}
