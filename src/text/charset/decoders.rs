//! Decoders: bytes of one charset to characters, strictly or with U+FFFD.
//!
//! Double-byte charsets are encoding_rs's, narrowed to what Perl's Encode takes for valid:
//! a strict decoder that fails makes SpamAssassin guess another charset.

use super::shifted::{hz, iso_2022_jp, iso_2022_kr};
use super::utf7;
use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GBK, SHIFT_JIS};

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

/// Charsets of one and two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DoubleByte {
    ShiftJis,
    Cp932,
    EucJp,
    EucKr,
    Cp949,
    EucCn,
    Cp936,
    Cp950,
    Big5,
    Big5Hkscs,
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

/// What becomes of a byte that begins no character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// U+FFFD.
    Replaced,
    /// `\xHH`.
    Spelled,
}

impl Unknown {
    fn push(self, byte: u8, out: &mut String) {
        match self {
            Unknown::Replaced => out.push(REPLACEMENT),
            Unknown::Spelled => out.push_str(&format!("\\x{byte:02X}")),
        }
    }
}

impl DoubleByte {
    /// `bytes` as text. Of a character that is broken off at the end nothing is left.
    pub(super) fn decode(self, bytes: &[u8], unknown: Unknown) -> String {
        if self.is_plain(bytes) {
            let (text, failed) = self.encoding().decode_without_bom_handling(bytes);
            if !failed {
                return text.chars().map(|character| self.own(character)).collect();
            }
        }
        self.decode_singly(bytes, unknown)
    }

    /// May encoding_rs decode all of `bytes` at once?
    fn is_plain(self, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        while let Some((&lead, after)) = rest.split_first() {
            let trail = after.first().copied().unwrap_or_default();
            let length = self.length(lead);
            if length > rest.len()
                || self.special(lead, trail).is_some()
                || (length == 2 && !self.accepts(lead, trail))
            {
                return false;
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        true
    }

    /// One character after the other: the first byte of one that is unknown is passed over, and
    /// the next byte may begin another.
    fn decode_singly(self, bytes: &[u8], unknown: Unknown) -> String {
        let mut out = String::with_capacity(bytes.len() * 3 / 2);
        let mut rest = bytes;
        while let Some((&lead, after)) = rest.split_first() {
            let trail = after.first().copied().unwrap_or_default();
            let length = self.length(lead);
            if let Some(character) = self.special(lead, trail).filter(|_| length <= rest.len()) {
                out.push(character);
                rest = rest.get(length..).unwrap_or_default();
                continue;
            }
            let Some((one, behind)) = rest.split_at_checked(length) else {
                if self.is_lead(lead) {
                    break;
                }
                unknown.push(lead, &mut out);
                rest = after;
                continue;
            };
            let is_accepted = length != 2 || self.accepts(lead, trail);
            let decoded = match is_accepted {
                true => self.encoding().decode_without_bom_handling_and_without_replacement(one),
                false => None,
            };
            match decoded {
                Some(text) => {
                    out.extend(text.chars().map(|character| self.own(character)));
                    rest = behind;
                }
                None => {
                    unknown.push(lead, &mut out);
                    rest = after;
                }
            }
        }
        out
    }

    /// How many bytes the character takes that begins with `lead`.
    fn length(self, lead: u8) -> usize {
        match (self, lead) {
            (_, 0..=0x7F) => 1,
            (DoubleByte::ShiftJis | DoubleByte::Cp932, 0xA1..=0xDF) => 1,
            (DoubleByte::Cp936, 0x80) => 1,
            (DoubleByte::EucJp, 0x8F) => 3,
            _ if self.extra(lead).is_some() => 1,
            _ => 2,
        }
    }

    /// Does some character begin with `lead`?
    fn is_lead(self, lead: u8) -> bool {
        match self {
            DoubleByte::ShiftJis => is_jis_lead(lead),
            DoubleByte::Cp932 => {
                is_jis_lead(lead) || matches!(lead, 0x87 | 0xED | 0xEE | 0xF0..=0xFC)
            }
            DoubleByte::EucJp => matches!(lead, 0x8E | 0x8F | 0xA1..=0xFE),
            DoubleByte::EucKr => matches!(lead, 0xA1..=0xAC | 0xB0..=0xC8 | 0xCA..=0xFD),
            DoubleByte::EucCn => matches!(lead, 0xA1..=0xA9 | 0xB0..=0xF7),
            DoubleByte::Cp949 | DoubleByte::Cp936 | DoubleByte::Cp950 => {
                matches!(lead, 0x81..=0xFE)
            }
            DoubleByte::Big5 => matches!(lead, 0xA1..=0xF9),
            DoubleByte::Big5Hkscs => matches!(lead, 0x88..=0xFE),
        }
    }

    /// The character that only this charset's own table has.
    fn special(self, lead: u8, trail: u8) -> Option<char> {
        match self {
            DoubleByte::Cp936 => private_in_cp936(lead, trail).or_else(|| self.extra(lead)),
            DoubleByte::Cp949 => private_in_cp949(lead, trail).or_else(|| self.extra(lead)),
            DoubleByte::Cp950 => private_in_cp950(lead, trail).or_else(|| self.extra(lead)),
            _ => self.extra(lead),
        }
    }

    /// encoding_rs's reading of a character to that of this charset's own table.
    fn own(self, character: char) -> char {
        match self {
            DoubleByte::ShiftJis | DoubleByte::EucJp => jis(character),
            DoubleByte::EucCn => gb2312(character),
            _ => character,
        }
    }

    /// The single bytes that Microsoft's code pages know beyond encoding_rs's tables.
    fn extra(self, byte: u8) -> Option<char> {
        Some(match (self, byte) {
            (DoubleByte::Cp932 | DoubleByte::Cp949 | DoubleByte::Cp950, 0x80) => '\u{80}',
            (DoubleByte::Cp950, 0xFF) => '\u{F8F8}',
            (DoubleByte::Cp932, 0xA0) => '\u{F8F0}',
            (DoubleByte::Cp932, 0xFD) => '\u{F8F1}',
            (DoubleByte::Cp932, 0xFE) => '\u{F8F2}',
            (DoubleByte::Cp932, 0xFF) => '\u{F8F3}',
            (DoubleByte::Cp936, 0xFF) => '\u{F8F5}',
            (DoubleByte::Cp949, 0xFF) => '\u{F8F7}',
            _ => return None,
        })
    }

    fn encoding(self) -> &'static Encoding {
        match self {
            DoubleByte::ShiftJis | DoubleByte::Cp932 => SHIFT_JIS,
            DoubleByte::EucJp => EUC_JP,
            DoubleByte::EucKr | DoubleByte::Cp949 => EUC_KR,
            DoubleByte::EucCn | DoubleByte::Cp936 => GBK,
            DoubleByte::Big5 | DoubleByte::Big5Hkscs | DoubleByte::Cp950 => BIG5,
        }
    }

    /// May these two bytes be one character? encoding_rs decides what is let through.
    fn accepts(self, lead: u8, trail: u8) -> bool {
        match self {
            DoubleByte::ShiftJis => is_jis_lead(lead),
            DoubleByte::EucKr => lead >= 0xA1 && trail >= 0xA1,
            DoubleByte::EucCn => is_gb2312(lead, trail),
            // No four-byte characters of GB 18030.
            DoubleByte::Cp936 => trail >= 0x40,
            DoubleByte::Big5 | DoubleByte::Cp950 => {
                matches!(lead, 0xA1..=0xF9) && (lead != 0xA3 || trail < 0xC0)
            }
            _ => true,
        }
    }
}

/// Does a character of JIS X 0208 begin with `lead` in Shift_JIS?
fn is_jis_lead(lead: u8) -> bool {
    matches!(lead, 0x81..=0x84 | 0x88..=0x9F | 0xE0..=0xEA)
}

/// The two rows of code page 949 that are left to private use.
fn private_in_cp949(lead: u8, trail: u8) -> Option<char> {
    let column = u32::from(trail.checked_sub(0xA1).filter(|&column| column < 94)?);
    match lead {
        0xC9 => char::from_u32(0xE000 + column),
        0xFE => char::from_u32(0xE05E + column),
        _ => None,
    }
}

/// What code page 950 leaves to private use.
fn private_in_cp950(lead: u8, trail: u8) -> Option<char> {
    let column = match trail {
        0x40..=0x7E => trail - 0x40,
        0xA1..=0xFE => trail - 0xA1 + 63,
        _ => return None,
    };
    let from =
        |first: u8, character: u32| character + u32::from(lead - first) * 157 + u32::from(column);
    let code = match (lead, column) {
        (0x81..=0x8D, _) => from(0x81, 0xEEB8),
        (0x8E..=0xA0, _) => from(0x8E, 0xE311),
        (0xC6, 63..) | (0xC7..=0xC8, _) => from(0xC6, 0xF6B1) - 63,
        (0xFA..=0xFE, _) => from(0xFA, 0xE000),
        _ => return None,
    };
    char::from_u32(code)
}

/// What code page 936 leaves to private use, where GB 18030 has characters by now.
fn private_in_cp936(lead: u8, trail: u8) -> Option<char> {
    let from = |first: u8, character: u32| character + u32::from(trail - first);
    let code = match (lead, trail) {
        (0xA2, 0xE3) => 0xE76C,
        (0xA3, 0xA0) => 0xE5E5,
        (0xA6, 0xD9..=0xDF) => from(0xD9, 0xE78D),
        (0xA6, 0xEC..=0xED) => from(0xEC, 0xE794),
        (0xA6, 0xF3) => 0xE796,
        (0xA8, 0xBC) => 0xE7C7,
        (0xA8, 0xBF) => 0xE7C8,
        (0xA9, 0x89..=0x95) => from(0x89, 0xE7E7),
        (0xFE, 0x51..=0x53 | 0x6C | 0x76 | 0x7F | 0x91) => return None,
        (0xFE, 0x50..=0x7E) => from(0x50, 0xE815),
        (0xFE, 0x80..=0xA0) => from(0x80, 0xE844),
        _ => return None,
    };
    char::from_u32(code)
}

/// Is this a character of GB 2312-80?
fn is_gb2312(lead: u8, trail: u8) -> bool {
    matches!(
        (lead, trail),
        (0xA1 | 0xA3 | 0xB0..=0xD6 | 0xD8..=0xF7, 0xA1..=0xFE)
            | (0xA2, 0xB1..=0xE2 | 0xE5..=0xEE | 0xF1..=0xFC)
            | (0xA4, 0xA1..=0xF3)
            | (0xA5, 0xA1..=0xF6)
            | (0xA6, 0xA1..=0xB8 | 0xC1..=0xD8)
            | (0xA7, 0xA1..=0xC1 | 0xD1..=0xF1)
            | (0xA8, 0xA1..=0xBA | 0xC5..=0xE9)
            | (0xA9, 0xA4..=0xEF)
            | (0xD7, 0xA1..=0xF9)
    )
}

/// Microsoft's reading of a JIS X 0208 character to that of the standard's own table.
fn jis(character: char) -> char {
    match character {
        '\u{2225}' => '\u{2016}',
        '\u{FF0D}' => '\u{2212}',
        '\u{FF3C}' => '\\',
        '\u{FF5E}' => '\u{301C}',
        '\u{FFE0}' => '\u{A2}',
        '\u{FFE1}' => '\u{A3}',
        '\u{FFE2}' => '\u{AC}',
        other => other,
    }
}

/// GBK's reading of a GB 2312 character to that of EUC-CN.
fn gb2312(character: char) -> char {
    match character {
        '\u{B7}' => '\u{30FB}',
        '\u{2014}' => '\u{2015}',
        other => other,
    }
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
