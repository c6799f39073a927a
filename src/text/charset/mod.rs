//! Character sets: text of any charset to UTF-8, as SpamAssassin does it.
//!
//! In goes the text of a MIME part or an encoded word with the charset that it claims; out
//! comes UTF-8 and whether the text was decoded to characters at all. That matters: in
//! decoded text `\s` also means NO-BREAK SPACE and its like. Every text gives a result;
//! what no charset fits is read as Windows-1252. (Message/Node.pm, `_normalize`.)

mod decoders;
mod detect;
mod double_byte;
mod names;
mod shifted;
mod tables;
mod utf7;

use decoders::{Decoder, is_utf8};
use std::borrow::Cow;

/// How far a declared charset is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// A hint: valid UTF-8 is UTF-8 whatever is declared, a declared charset must fit the
    /// whole text, and then it is guessed. For bodies and unencoded 8-bit headers.
    Hint,
    /// It is used, with U+FFFD for what it does not know. For encoded words (RFC 2047).
    Declared,
}

/// Does `name` mean a charset, to Perl or to a browser?
pub fn is_known(name: &[u8]) -> bool {
    names::find(name).is_some() || encoding_rs::Encoding::for_label(name).is_some()
}

/// `bytes` as UTF-8, and whether they were decoded to characters (false: they are left as
/// they were, pure ASCII in nearly all cases). No declared charset means US-ASCII.
pub fn to_utf8<'a>(
    bytes: &'a [u8],
    declared: Option<&[u8]>,
    trust: Trust,
) -> (Cow<'a, [u8]>, bool) {
    let declared = declared.unwrap_or(b"us-ascii");
    let is_ascii = bytes.is_ascii();
    if is_ascii && extends_ascii(declared) {
        return (Cow::Borrowed(bytes), false);
    }
    let hint = trust == Trust::Hint;
    if hint && !is_ascii && is_utf8(bytes) {
        return (Cow::Borrowed(bytes), true);
    }
    let utf16 = declares_utf16(declared);
    let text = match utf16 {
        true => utf16_byte_order(bytes).and_then(|decoder| decoder.decode(bytes, true)),
        false => by_name(declared, !is_ascii, hint).and_then(|d| d.decode(bytes, hint)),
    };
    match text {
        // SpamAssassin forgets to return the decoded text of an encoded word here.
        Some(_) if utf16 && !hint => (Cow::Borrowed(bytes), true),
        Some(text) => (Cow::Owned(text), true),
        None if is_ascii => (Cow::Borrowed(bytes), false),
        None => (Cow::Owned(guessed(bytes, declared)), true),
    }
}

/// Is plain ASCII under the name `charset` plain ASCII? Only names that SpamAssassin lists
/// spare the decoder; the others give the same text, decoded.
fn extends_ascii(charset: &[u8]) -> bool {
    let Ok(charset) = std::str::from_utf8(charset) else { return false };
    let name = charset.to_ascii_lowercase();
    let digits = |text: &str, least: usize, most: usize| {
        (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let letters = |text: &str| {
        (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    if matches!(
        name.as_str(),
        "us-ascii" | "ascii" | "iso646-us" | "utf-8" | "utf8" | "big5" | "gbk"
    ) {
        return true;
    }
    if let Some(rest) = name.strip_prefix("ansi") {
        let rest = rest.strip_prefix(['_', ' ']).unwrap_or(rest);
        return matches!(rest, "x3.4-1986" | "x3.4-1968");
    }
    if let Some(rest) = name.strip_prefix("iso") {
        let part = rest.strip_prefix([' ', '-']).unwrap_or(rest).strip_prefix("8859");
        return part.is_some_and(|part| {
            part.is_empty() || part.strip_prefix('-').is_some_and(|part| digits(part, 1, 2))
        });
    }
    name.strip_prefix("windows-").is_some_and(|page| digits(page, 4, 4))
        || name.strip_prefix("koi8-").is_some_and(letters)
        || name.strip_prefix("euc-").is_some_and(letters)
        || is_gb18030(&name)
}

/// Is `name`, in lower case, GB 18030 of any year?
fn is_gb18030(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("gb") else { return false };
    let year = rest.strip_prefix([' ', '-']).unwrap_or(rest).strip_prefix("18030");
    year.is_some_and(|year| {
        let digits = year.strip_prefix("-20");
        year.is_empty()
            || digits.is_some_and(|d| d.len() == 2 && d.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

fn declares_utf16(charset: &[u8]) -> bool {
    let Some((utf, rest)) = charset.split_at_checked(3) else { return false };
    let rest = rest.strip_prefix(b"-").or(rest.strip_prefix(b" ")).unwrap_or(rest);
    utf.eq_ignore_ascii_case(b"utf") && rest.starts_with(b"16")
}

/// The decoder of a declared charset, unless it would fail for sure.
fn by_name(declared: &[u8], eight_bit: bool, hint: bool) -> Option<Decoder> {
    let name = String::from_utf8_lossy(declared).to_ascii_lowercase();
    match name.as_str() {
        "us-ascii" | "ascii" if hint => None,
        "iso-8859-1" | "iso8859-1" | "windows-1252" | "cp1252" => windows_1252(),
        "utf-8" | "utf8" => (!hint || !eight_bit).then_some(Decoder::Utf8),
        _ => names::find(declared)
            .or_else(|| is_gb18030(&name).then(|| names::find(b"gbk")).flatten()),
    }
}

fn windows_1252() -> Option<Decoder> {
    names::find(b"cp1252")
}

/// Which UTF-16 it is, by where spaces and zeros lie. With a byte order mark SpamAssassin
/// does not even look.
fn utf16_byte_order(bytes: &[u8]) -> Option<Decoder> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return None;
    }
    let (mut little, mut big) = (0usize, 0usize);
    let (mut even, mut odd) = (0usize, 0usize);
    for pair in bytes.chunks(2) {
        let (first, second) = match *pair {
            [first, second] => (first, second),
            [first] => (first, 0),
            _ => continue,
        };
        even += usize::from(first >> 4) + usize::from(first & 15);
        odd += usize::from(second >> 4) + usize::from(second & 15);
        little += usize::from((first, second) == (b' ', 0));
        big += usize::from((first, second) == (0, b' '));
    }
    little += usize::from(even > odd * 4);
    // Not the mirror image of the line above, but this is what SpamAssassin asks.
    big += usize::from(odd * 4 > even);
    match little.cmp(&big) {
        std::cmp::Ordering::Greater => Some(Decoder::Utf16 { big_endian: Some(false) }),
        std::cmp::Ordering::Less => Some(Decoder::Utf16 { big_endian: Some(true) }),
        std::cmp::Ordering::Equal => None,
    }
}

/// 8-bit text whose declared charset does not help: Western if it holds nothing but
/// letters and some signs, else what it looks like, else Windows-1252 after all.
fn guessed(bytes: &[u8], declared: &[u8]) -> Vec<u8> {
    let strict = match bytes.iter().all(|&byte| is_western(byte)) {
        true => windows_1252().and_then(|decoder| decoder.decode(bytes, true)),
        false => detect::charset(bytes)
            .filter(|name| !name.as_bytes().eq_ignore_ascii_case(declared))
            .and_then(|name| names::find(name.as_bytes()))
            .and_then(|decoder| decoder.decode(bytes, true)),
    };
    strict
        .or_else(|| windows_1252().and_then(|decoder| decoder.decode(bytes, false)))
        .unwrap_or_else(|| bytes.to_vec())
}

/// ASCII, or a letter, space or sign that is common in Windows-1252 text.
fn is_western(byte: u8) -> bool {
    matches!(
        byte,
        0..=0x7F
            | 0x82
            | 0x84
            | 0x85
            | 0x91..=0x97
            | 0x99
            | 0xA0
            | 0xA9
            | 0xAD
            | 0xC0..=0xD6
            | 0xD8..=0xDE
            | 0xE0..=0xF6
            | 0xF8..=0xFE
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8], declared: &str, trust: Trust) -> (String, bool) {
        let (text, decoded) = to_utf8(bytes, Some(declared.as_bytes()), trust);
        (String::from_utf8(text.into_owned()).unwrap(), decoded)
    }

    #[test]
    fn a_hint_is_followed_where_it_fits() {
        let cases: [(&[u8], &str, &str, bool); 14] = [
            (b"abc", "us-ascii", "abc", false),
            (b"abc", "unknown", "abc", false),
            (b"abc", "latin1", "abc", true),
            (b"abc", "Windows-1251", "abc", false),
            ("ä".as_bytes(), "iso-8859-1", "ä", true),
            (b"\xe4\x80", "ISO-8859-1", "ä€", true),
            (b"\xe4\x80", "latin1", "ä\u{80}", true),
            (b"\xcf\xf0\xe8", "windows-1251", "При", true),
            (b"\xcf\xf0\xe8", "us-ascii", "Ïðè", true),
            (b"\xe4", "utf-8", "ä", true),
            (b"a\0 \0b\0", "utf-16", "a b", true),
            (b"\0a\0 \0b", "UTF 16", "a b", true),
            (b"+AKM", "utf-7", "£", true),
            (b"\x81\x30\x81\x30", "gb18030", "\u{fffd}0\u{fffd}0", true),
        ];
        for (bytes, declared, text, decoded) in cases {
            let expected = (text.to_owned(), decoded);
            assert_eq!(read(bytes, declared, Trust::Hint), expected, "{declared} {text}");
        }
    }

    #[test]
    fn encoded_words_use_what_they_declare() {
        assert_eq!(read("ä".as_bytes(), "iso-8859-1", Trust::Declared).0, "Ã¤");
        assert_eq!(read(b"\xe4", "us-ascii", Trust::Declared).0, "\u{fffd}");
        assert_eq!(read(b"a\xe4b", "utf-8", Trust::Declared).0, "a\u{fffd}b");
        assert_eq!(read(b"\xe4", "unknown", Trust::Declared).0, "ä");
        assert_eq!(read(b"\0a", "utf-16be", Trust::Declared).0, "\0a");
    }

    proptest! {
        #[test]
        fn any_text_becomes_utf8(
            bytes in proptest::collection::vec(any::<u8>(), 0..80),
            declared in "utf-(8|7|16|32be)|gb2312|cp(37|932|1258)|big5|iso-2022-(jp|kr)|hz|euc-jp|x",
            hint: bool,
        ) {
            let trust = if hint { Trust::Hint } else { Trust::Declared };
            let (text, _) = to_utf8(&bytes, Some(declared.as_bytes()), trust);
            let unchanged = text == bytes.as_slice();
            prop_assert!(unchanged || std::str::from_utf8(&text).is_ok());
        }
    }
}
