//! Charsets of one and two bytes: the encoding_rs tables, narrowed to what Perl's Encode takes
//! for valid, and widened by what only it has.
//!
//! What is valid is decoded at once; a text that holds anything else, one character after the
//! other, as Encode goes on after an error: at the next byte.

use super::decoders::REPLACEMENT;
use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GBK, SHIFT_JIS};

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
