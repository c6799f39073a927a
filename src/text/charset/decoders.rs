//! Decoders: bytes of one charset to characters, strictly or with U+FFFD.
//!
//! Double-byte charsets are encoding_rs's, narrowed to what Perl's Encode takes for valid:
//! a strict decoder that fails makes SpamAssassin guess another charset.

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
            Decoder::Utf16 { big_endian } => utf16(whole_units(bytes, 2, strict)?, big_endian)?,
            Decoder::Utf32 { big_endian } => utf32(whole_units(bytes, 4, strict)?, big_endian)?,
            Decoder::Utf7 => return Some(utf7::decode(bytes)),
            Decoder::DoubleByte(kind) => kind.decode(bytes),
            // Encode reads these so leniently that they never fail.
            Decoder::Iso2022Jp => return Some(DoubleByte::EucJp.decode(&unescaped(bytes)).into()),
            Decoder::Iso2022Kr => return Some(DoubleByte::Cp949.decode(&unshifted(bytes)).into()),
            Decoder::Hz => return Some(DoubleByte::Cp936.decode(&untilded(bytes)).into()),
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
fn utf16(bytes: &[u8], big_endian: Option<bool>) -> Option<String> {
    let (bytes, big_endian) = match (big_endian, bytes) {
        (Some(big_endian), _) => (bytes, big_endian),
        (None, [0xFE, 0xFF, rest @ ..]) => (rest, true),
        (None, [0xFF, 0xFE, rest @ ..]) => (rest, false),
        (None, _) => return None,
    };
    let unit = |pair: &[u8]| match (pair, big_endian) {
        (&[high, low], true) | (&[low, high], false) => u16::from_be_bytes([high, low]),
        _ => 0xFFFD,
    };
    Some(char::decode_utf16(bytes.chunks(2).map(unit)).map(|c| c.unwrap_or(REPLACEMENT)).collect())
}

/// UTF-32 of whole units.
fn utf32(bytes: &[u8], big_endian: Option<bool>) -> Option<String> {
    let (bytes, big_endian) = match (big_endian, bytes) {
        (Some(big_endian), _) => (bytes, big_endian),
        (None, [0, 0, 0xFE, 0xFF, rest @ ..]) => (rest, true),
        (None, [0xFF, 0xFE, 0, 0, rest @ ..]) => (rest, false),
        (None, _) => return None,
    };
    let unit = |four: &[u8]| {
        let four = <[u8; 4]>::try_from(four).ok()?;
        char::from_u32(if big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
    };
    Some(bytes.chunks(4).map(|four| unit(four).unwrap_or(REPLACEMENT)).collect())
}

/// ISO-2022-JP as EUC-JP: what an escape sequence has shifted gets its high bits.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    const ESCAPES: [(&[u8], Shift); 8] = [
        (b"\x1b(B", Shift::Ascii),
        (b"\x1b(J", Shift::Ascii),
        (b"\x1b$@", Shift::Kanji),
        (b"\x1b$B", Shift::Kanji),
        (b"\x1b&@\x1b$B", Shift::Kanji),
        (b"\x1b(I", Shift::Katakana),
        (b"\x1b$(D", Shift::MoreKanji),
        (b"\x1b", Shift::Unknown),
    ];
    let mut out = Vec::with_capacity(bytes.len());
    let mut shift = Shift::Ascii;
    let mut second = false;
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        let escape = ESCAPES.iter().find(|(sequence, _)| rest.starts_with(sequence));
        rest = after;
        if let Some((sequence, next)) = escape {
            shift = *next;
            second = false;
            match next {
                Shift::Unknown => out.push(byte),
                _ => rest = after.get(sequence.len() - 1..).unwrap_or_default(),
            }
            continue;
        }
        let shifted = matches!(byte, 0x21..=0x7E);
        match shift {
            Shift::Katakana if matches!(byte, 0x21..=0x5F) => out.extend([0x8E, byte | 0x80]),
            Shift::MoreKanji if shifted && !second => out.extend([0x8F, byte | 0x80]),
            Shift::Kanji | Shift::MoreKanji | Shift::Katakana if shifted => out.push(byte | 0x80),
            _ => out.push(byte),
        }
        second = shifted && !second;
    }
    out
}

/// What ISO-2022-JP bytes stand for since the last escape sequence.
#[derive(Clone, Copy)]
enum Shift {
    Ascii,
    Kanji,
    MoreKanji,
    Katakana,
    Unknown,
}

/// ISO-2022-KR as EUC-KR: what stands between SO and SI gets its high bit.
fn unshifted(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut shifted = false;
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            0x1B if after.starts_with(b"$)C") => rest = after.get(3..).unwrap_or_default(),
            0x0E => shifted = true,
            0x0F => shifted = false,
            0x21..=0x7E if shifted => out.push(byte | 0x80),
            _ => out.push(byte),
        }
    }
    out
}

/// HZ (RFC 1843) as GBK: what stands between `~{` and `~}` gets its high bit.
fn untilded(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut chinese = false;
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let escaped = after.first().filter(|_| byte == b'~');
        match (byte, escaped) {
            (_, Some(letter @ (b'{' | b'}' | b'~' | b'\n'))) => {
                rest = after.get(1..).unwrap_or_default();
                match letter {
                    b'~' => out.push(b'~'),
                    b'\n' => {}
                    brace => chinese = *brace == b'{',
                }
            }
            (0x21..=0x7E, _) if chinese => out.push(byte | 0x80),
            _ => out.push(byte),
        }
    }
    out
}

impl DoubleByte {
    fn decode(self, bytes: &[u8]) -> String {
        let mut out = String::with_capacity(bytes.len() * 3 / 2);
        let mut valid = 0..0;
        let mut rest = bytes;
        while let Some((&lead, after)) = rest.split_first() {
            let at = bytes.len() - rest.len();
            if let Some(character) = self.extra(lead) {
                self.flush(bytes.get(valid).unwrap_or_default(), &mut out);
                out.push(character);
                valid = at + 1..at + 1;
                rest = after;
                continue;
            }
            let length = match (self, lead) {
                (_, 0..=0x7F) => 1,
                (DoubleByte::ShiftJis | DoubleByte::Cp932, 0xA1..=0xDF) => 1,
                (DoubleByte::Cp936, 0x80) => 1,
                (DoubleByte::EucJp, 0x8F) => 3,
                _ => 2,
            };
            if length > rest.len() {
                // Encode drops the first half of a character at the end.
                break;
            }
            let trail = after.first().copied().unwrap_or_default();
            if self == DoubleByte::Cp936
                && let Some(character) = private_in_cp936(lead, trail)
            {
                self.flush(bytes.get(valid).unwrap_or_default(), &mut out);
                out.push(character);
                valid = at + 2..at + 2;
                rest = rest.get(2..).unwrap_or_default();
                continue;
            }
            if length == 2 && !self.accepts(lead, trail) {
                self.flush(bytes.get(valid).unwrap_or_default(), &mut out);
                out.push(REPLACEMENT);
                valid = at + 1..at + 1;
                rest = after;
                continue;
            }
            valid.end = at + length;
            rest = rest.get(length..).unwrap_or_default();
        }
        self.flush(bytes.get(valid).unwrap_or_default(), &mut out);
        out
    }

    fn flush(self, bytes: &[u8], out: &mut String) {
        let (text, _) = self.encoding().decode_without_bom_handling(bytes);
        match self {
            DoubleByte::ShiftJis | DoubleByte::EucJp => out.extend(text.chars().map(jis)),
            DoubleByte::EucCn => out.extend(text.chars().map(gb2312)),
            _ => out.push_str(&text),
        }
    }

    /// The single bytes that Microsoft's code pages know beyond encoding_rs's tables.
    fn extra(self, byte: u8) -> Option<char> {
        Some(match (self, byte) {
            (DoubleByte::Cp932 | DoubleByte::Cp949, 0x80) => '\u{80}',
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
            DoubleByte::Big5 | DoubleByte::Big5Hkscs => BIG5,
        }
    }

    /// May these two bytes be one character? encoding_rs decides what is let through.
    fn accepts(self, lead: u8, trail: u8) -> bool {
        match self {
            DoubleByte::ShiftJis => matches!(lead, 0x81..=0x84 | 0x88..=0x9F | 0xE0..=0xEA),
            DoubleByte::EucKr => lead >= 0xA1 && trail >= 0xA1,
            DoubleByte::EucCn => is_gb2312(lead, trail),
            // No four-byte characters of GB 18030.
            DoubleByte::Cp936 => trail >= 0x40,
            DoubleByte::Big5 => matches!(lead, 0xA1..=0xF9) && (lead != 0xA3 || trail < 0xC0),
            _ => true,
        }
    }
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
        let cases: [(&str, &[u8], Option<&str>, &str); 23] = [
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
            ("gb2312", b"\xd6\xd0\x81", Some("中"), "中"),
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
        assert_eq!(decode("utf-16", b"\0a", false), None);
    }
}
