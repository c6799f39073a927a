//! The words of a rendered text, as Perl splits it: `split(/\s+/)`, grep `/\w/`.

use super::html::words::{is_space, is_word};
use std::borrow::Cow;

/// The pieces of `text` between white space that hold a letter, a digit or an underscore;
/// as UTF-8, so that those of texts of characters and of octets compare.
///
/// `wide`: `text` is UTF-8 and each of its characters counts; otherwise each octet is a
/// character of ISO 8859-1, of which Perl knows letters and white space in ASCII only.
pub fn words(text: &[u8], wide: bool) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let characters = std::str::from_utf8(text).ok().filter(|text| wide && !text.is_ascii());
    let octets = if characters.is_some() { b"" } else { text };
    let of_characters = characters.into_iter().flat_map(|text| {
        text.split(|c| is_space(c, true))
            .filter(|word| word.chars().any(|c| is_word(c, true)))
            .map(|word| Cow::Borrowed(word.as_bytes()))
    });
    let of_octets = octets
        .split(|&byte| is_space(char::from(byte), false))
        .filter(|word| word.iter().any(|&byte| is_word(char::from(byte), false)))
        .map(from_latin1);
    of_characters.chain(of_octets)
}

fn from_latin1(word: &[u8]) -> Cow<'_, [u8]> {
    match word.is_ascii() {
        true => Cow::Borrowed(word),
        false => Cow::Owned(word.iter().map(|&b| char::from(b)).collect::<String>().into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_white_space_depend_on_what_the_text_is() {
        let cases: [(&[u8], bool, &[&str]); 5] = [
            (b" one\x0b-- two_ =", false, &["one", "two_"]),
            ("é\u{a0}é\u{2003}—".as_bytes(), true, &["é", "é"]),
            (b"\xe9 \xe9x\xa0y", false, &["éx\u{a0}y"]),
            (b"a\xff b", true, &["aÿ", "b"]),
            (b"", true, &[]),
        ];
        for (text, wide, expected) in cases {
            let found: Vec<_> = words(text, wide).collect();
            let expected: Vec<_> = expected.iter().map(|word| word.as_bytes()).collect();
            assert_eq!(found, expected, "{}", text.escape_ascii());
        }
    }
}
