//! Razor2's signatures e4 (Ephemeral) and e8 (Whiplash), as razor-agents 2.85 makes them.
//!
//! In: a message. Out: [`Signature`]s, a list per part that is not empty. `parts` cuts a message
//! up and undoes encodings in Razor2's own way (one level at a time, by patterns), `ephemeral`
//! and `whiplash` make the signatures. Signatures are in Razor2's base64: each hexadecimal digit
//! as four bits, the lowest first, each six of them a letter.

mod ephemeral;
mod markup;
mod parts;
mod whiplash;

use crate::limits::Limits;

/// The signatures of one part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// By parts of the text that chance has chosen.
    pub e4: String,
    /// By the hosts it leads to and its length; none without hosts.
    pub e8: Vec<String>,
}

/// The signatures of the parts of `message`.
pub fn signatures(message: &[u8], limits: &Limits) -> Vec<Signature> {
    let parts = parts::split(message, limits.mime_depth, limits.mime_parts);
    let cleaned = parts.iter().filter_map(|part| parts::prepared(part));
    cleaned
        .filter_map(|part| {
            let raw = parts::cleaned(&part, false).filter(|text| !parts::is_empty(text))?;
            let text = parts::cleaned(&part, true).unwrap_or_default();
            Some(Signature { e4: ephemeral::signature(&text), e8: whiplash::signatures(&raw) })
        })
        .collect()
}

/// Hexadecimal digits in Razor2's base64.
fn base64(hex: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<u32> = hex
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .flat_map(|digit| (0..4).map(move |bit| digit >> bit & 1))
        .collect();
    // Three digits at a time are two letters; the last digits are filled up with zeros.
    bits.chunks(12)
        .flat_map(|three| {
            let letter = |from: usize| {
                let value = (from..from + 6)
                    .fold(0, |value, at| value << 1 | three.get(at).copied().unwrap_or_default());
                LETTERS.get(value as usize).copied().map(char::from)
            };
            [letter(0), letter(6)]
        })
        .flatten()
        .collect()
}

/// SHA-1 in hexadecimal digits.
fn sha1(bytes: &[u8]) -> String {
    use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
    data_encoding::HEXLOWER.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn digits_become_letters_with_their_lowest_bit_first() {
        assert_eq!(base64("000"), "AA");
        assert_eq!(base64("fff"), "__");
        assert_eq!(base64("100"), "gA");
        assert_eq!(base64("0123456789abcdef").len(), 12);
    }

    proptest! {
        #[test]
        fn anything_is_signed(text in "(Content-Type: |multipart/mixed; |boundary=|b|\n|\n\n|--b|--|\"|Content-Transfer-Encoding: |base64|quoted-printable|<HTML>|<!--|-->|&amp;|'|http://|www.|a.com|@|=|/|[ -~]){0,60}") {
            signatures(text.as_bytes(), &Limits::default());
        }

        #[test]
        fn octets_are_signed(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            signatures(&text, &Limits::default());
        }
    }
}
