//! Decoders: bytes of one charset to characters, strictly or with U+FFFD.
//!
//! A strict decoder that fails makes SpamAssassin guess another charset.

use super::double_byte::{DoubleByte, Unknown};
use super::shifted::{hz, iso_2022_jp, iso_2022_kr};
use super::utf7;

/// What cannot be decoded.
pub(super) const REPLACEMENT: char = '\u{FFFD}';

/// How the bytes of a charset become characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decoder {
    Ascii,
    Latin1,
    Utf8,
    /// `None`: a byte order mark must tell.
    Utf16 {
        big_endian: Option<bool>,
    },
    Utf32 {
        big_endian: Option<bool>,
    },
    Utf7,
    /// ASCII and a table for the other half.
    Upper(&'static [u16; 128]),
    Whole(&'static [u16; 256]),
    DoubleByte(DoubleByte),
    Iso2022Jp,
    Iso2022Kr,
    Hz,
}

impl Decoder {
    /// `bytes` as UTF-8; with `strict`, nothing if some byte is no character.
    pub(super) fn decode(self, bytes: &[u8], strict: bool) -> Option<Vec<u8>> {
        let text = match self {
            Decoder::Ascii => single(bytes, |byte| if byte < 128 { byte.into() } else { 0xFFFD }),
            Decoder::Latin1 => single(bytes, u16::from),
            Decoder::Upper(table) => single(bytes, |byte| match byte.checked_sub(128) {
                Some(at) => table.get(usize::from(at)).copied().unwrap_or(0xFFFD),
                None => byte.into(),
            }),
            Decoder::Whole(table) => {
                single(bytes, |byte| table.get(usize::from(byte)).copied().unwrap_or(0xFFFD))
            }
            Decoder::Utf8 => {
                return match is_utf8(bytes) {
                    true => Some(bytes.to_vec()),
                    false => (!strict).then(|| utf8_lossy(bytes).into_bytes()),
                };
            }
            Decoder::Utf16 { big_endian } => utf16(whole_units(bytes, 2, strict)?, big_endian),
            Decoder::Utf32 { big_endian } => utf32(whole_units(bytes, 4, strict)?, big_endian),
            Decoder::Utf7 => return Some(utf7::decode(bytes)),
            Decoder::DoubleByte(kind) => kind.decode(bytes, Unknown::Replaced),
            // Encode reads these two so leniently that they never fail.
            Decoder::Iso2022Jp => return Some(iso_2022_jp(bytes).into()),
            Decoder::Iso2022Kr => return Some(iso_2022_kr(bytes).into()),
            Decoder::Hz => hz(bytes),
        };
        (!strict || !text.contains(REPLACEMENT)).then(|| text.into_bytes())
    }
}

/// One character a byte.
fn single(bytes: &[u8], character: impl Fn(u8) -> u16) -> String {
    let code = |&byte: &u8| char::from_u32(character(byte).into()).unwrap_or(REPLACEMENT);
    bytes.iter().map(code).collect()
}

/// Is `bytes` UTF-8 as Encode's strict decoder sees it, without noncharacters?
pub(super) fn is_utf8(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok() && !has_noncharacter(bytes)
}

/// Does UTF-8 text hold U+FDD0 to U+FDEF or the last two of a plane?
fn has_noncharacter(text: &[u8]) -> bool {
    memchr::memchr2_iter(0xB7, 0xBF, text).any(|at| {
        let before = at.checked_sub(1).and_then(|before| text.get(before)).copied();
        let after = text.get(at + 1).copied();
        match (before, text.get(at), after) {
            (Some(0xEF), Some(0xB7), Some(after)) => (0x90..=0xAF).contains(&after),
            (Some(before), Some(0xBF), Some(0xBE | 0xBF)) => {
                before == 0xEF || before & 0xCF == 0x8F
            }
            _ => false,
        }
    })
}

/// UTF-8 with one U+FFFD for a lead byte and what follows it.
fn utf8_lossy(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut missing = 0;
    for chunk in bytes.utf8_chunks() {
        if !chunk.valid().is_empty() {
            missing = 0;
            let is_character = |&c: &char| !has_noncharacter(c.encode_utf8(&mut [0; 4]).as_bytes());
            out.extend(
                chunk.valid().chars().map(|c| if is_character(&c) { c } else { REPLACEMENT }),
            );
        }
        let Some(&lead) = chunk.invalid().first() else { continue };
        if lead & 0xC0 == 0x80 && missing > 0 {
            missing -= 1;
            continue;
        }
        let length: usize = match lead {
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF7 => 4,
            _ => 1,
        };
        missing = length.saturating_sub(chunk.invalid().len());
        out.push(REPLACEMENT);
    }
    out
}

/// `bytes` without a part of a unit of `length` bytes at the end; such a part is an error
/// in a strict reading.
fn whole_units(bytes: &[u8], length: usize, strict: bool) -> Option<&[u8]> {
    let rest = bytes.len() % length;
    (rest == 0 || !strict).then(|| bytes.get(..bytes.len() - rest)).flatten()
}

/// UTF-16 of whole units.
fn utf16(bytes: &[u8], big_endian: Option<bool>) -> String {
    let (bytes, big_endian) = match (big_endian, bytes) {
        (Some(big_endian), _) => (bytes, big_endian),
        (None, [0xFE, 0xFF, rest @ ..]) => (rest, true),
        (None, [0xFF, 0xFE, rest @ ..]) => (rest, false),
        (None, _) => (bytes, true),
    };
    let unit = |pair: &[u8]| match (pair, big_endian) {
        (&[high, low], true) | (&[low, high], false) => u16::from_be_bytes([high, low]),
        _ => 0xFFFD,
    };
    from_utf16(bytes.chunks(2).map(unit))
}

/// The characters of UTF-16 units; what is none, and what Unicode promises never to assign, is
/// U+FFFD.
pub(super) fn from_utf16(units: impl Iterator<Item = u16>) -> String {
    let character = |unit: Result<char, _>| unit.map_or(REPLACEMENT, assignable);
    char::decode_utf16(units).map(character).collect()
}

fn assignable(character: char) -> char {
    let code = u32::from(character);
    match code & 0xFFFE == 0xFFFE || matches!(code, 0xFDD0..=0xFDEF) {
        true => REPLACEMENT,
        false => character,
    }
}

/// UTF-32 of whole units.
fn utf32(bytes: &[u8], big_endian: Option<bool>) -> String {
    let (bytes, big_endian) = match (big_endian, bytes) {
        (Some(big_endian), _) => (bytes, big_endian),
        (None, [0, 0, 0xFE, 0xFF, rest @ ..]) => (rest, true),
        (None, [0xFF, 0xFE, 0, 0, rest @ ..]) => (rest, false),
        (None, _) => (bytes, true),
    };
    let unit = |four: &[u8]| {
        let four = <[u8; 4]>::try_from(four).ok()?;
        char::from_u32(if big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
    };
    bytes.chunks(4).map(|four| unit(four).map_or(REPLACEMENT, assignable)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::names::find;

    fn decode(name: &str, bytes: &[u8], strict: bool) -> Option<String> {
        let text = find(name.as_bytes()).unwrap().decode(bytes, strict)?;
        Some(String::from_utf8(text).unwrap())
    }

    #[test]
    fn charsets_are_decoded_as_encode_does() {
        let cases: [(&str, &[u8], Option<&str>, &str); 30] = [
            ("us-ascii", b"a\xe4", None, "a\u{fffd}"),
            ("latin1", b"\x80\xe4", Some("\u{80}\u{e4}"), "\u{80}\u{e4}"),
            ("koi8-r", b"\xd4\xc5\xd3\xd4", Some("тест"), "тест"),
            ("cp1252", b"\x80\x81", None, "€\u{fffd}"),
            ("cp37", b"\xc8\x85", Some("He"), "He"),
            ("utf-8", b"a\xe2\x82b", None, "a\u{fffd}b"),
            ("utf-8", b"\xf4\x90\x80\x80", None, "\u{fffd}"),
            ("utf-8", b"\xef\xbf\xbe", None, "\u{fffd}"),
            ("utf-16le", b"a\0b", None, "a"),
            ("utf-16", b"\xfe\xff\0a", Some("a"), "a"),
            ("utf-32be", b"\0\0\0a", Some("a"), "a"),
            ("gb2312", b"\xd6\xd0\xd6", Some("中"), "中"),
            ("gb2312", b"\xd6\xd0\x81", None, "中\u{fffd}"),
            ("cp950", b"\xfaia", Some("\u{e029}a"), "\u{e029}a"),
            ("cp949", b"\xc9\xe4\x80", Some("\u{e043}\u{80}"), "\u{e043}\u{80}"),
            ("hz", b"~{.RE?~}", None, "\u{fffd}遗"),
            ("hz", b"a~{VPn~}b", Some("a中铪"), "a中铪"),
            ("iso-2022-jp", b"a\x1b$B$\"$\x1b(Bb\x1b(Xc", Some("aあ\\xA4b"), "aあ\\xA4b"),
            ("iso-2022-kr", b"\x1b$)Ca\x0e0!0\x0fb\xff", Some("a가\\xB0b\\xFF"), "a가\\xB0b\\xFF"),
            ("gb2312", b"\x81\x40", None, "\u{fffd}@"),
            ("gbk", b"\x81\x40", Some("丂"), "丂"),
            ("big5", b"\xa4\xa4", Some("中"), "中"),
            ("euc-kr", b"\x81\x41", None, "\u{fffd}A"),
            ("ks_c_5601-1987", b"\x81\x41", Some("갂"), "갂"),
            ("shift_jis", b"\x81\x60\xb1", Some("\u{301c}ｱ"), "\u{301c}ｱ"),
            ("cp932", b"\x81\x60", Some("\u{ff5e}"), "\u{ff5e}"),
            ("iso-2022-jp", b"a\x1b$B$\"\x1b(Bb", Some("aあb"), "aあb"),
            ("7bit-jis", b"\x1b$B$\"\x1b(B\x1b$@$\"\x1b(I1\x1b(J\\", Some("ああｱ\\"), "ああｱ\\"),
            ("iso-2022-kr", b"\x1b$)Ca\x0e0!\x0fb", Some("a가b"), "a가b"),
            ("hz", b"a~{VPND~}b~~", Some("a中文b~"), "a中文b~"),
        ];
        for (name, bytes, strict, lossy) in cases {
            assert_eq!(
                decode(name, bytes, true).as_deref(),
                strict,
                "{name} {}",
                bytes.escape_ascii()
            );
            assert_eq!(decode(name, bytes, false).as_deref(), Some(lossy), "{name}");
        }
        assert_eq!(decode("utf-16", b"\0a\xff\xff", false).as_deref(), Some("a\u{fffd}"));
    }
}
