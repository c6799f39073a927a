//! Sets of bytes: what a class matches, with Perl's folding on byte strings.
//!
//! Invariant: a set says everything about one position of the text, so that nothing
//! downstream needs to know a flag. perlrecharclass, perlre "Character set modifiers".

use regex_syntax::hir::Class;

/// A set of byte values.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ByteSet([u64; 4]);

/// Which of Perl's character sets is in force (`/aa` `/a` `/u` `/d` `/l`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// `/aa` and `/a`: classes are ASCII's, case folding is Latin-1's all the same.
    Ascii,
    /// `/u` and `/l`: classes and folding are Latin-1's.
    Unicode,
    /// `/d`: on byte strings everything is ASCII's.
    Native,
}

impl ByteSet {
    /// All 256 values.
    pub const ALL: ByteSet = ByteSet([u64::MAX; 4]);

    /// The set of the values in `ranges`, both ends included.
    pub fn of(ranges: &[(u8, u8)]) -> ByteSet {
        let mut set = ByteSet::default();
        for &(low, high) in ranges {
            set.insert_range(low, high);
        }
        set
    }

    /// What a class matches; of one of characters that are more than a byte, which the translation
    /// never makes, any byte. (regex-syntax makes a class of characters of `a|b`.)
    pub fn of_class(class: &Class) -> ByteSet {
        let class = match class {
            Class::Bytes(class) => Some(class.clone()),
            Class::Unicode(class) => class.to_byte_class(),
        };
        let Some(class) = class else { return ByteSet::ALL };
        let ranges = class.ranges().iter().map(|range| (range.start(), range.end()));
        ByteSet::of(&ranges.collect::<Vec<_>>())
    }

    /// The bytes that stand in `text`.
    pub fn of_text(text: &[u8]) -> ByteSet {
        let mut set = ByteSet::default();
        text.iter().for_each(|&byte| set.insert(byte));
        set
    }

    pub fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    pub fn insert_range(&mut self, low: u8, high: u8) {
        (low..=high).for_each(|byte| self.insert(byte));
    }

    pub fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }

    pub fn union(&self, other: &ByteSet) -> ByteSet {
        ByteSet(std::array::from_fn(|i| self.0[i] | other.0[i]))
    }

    /// Have the two a byte in common?
    pub fn meets(&self, other: &ByteSet) -> bool {
        self.0.iter().zip(&other.0).any(|(one, other)| one & other != 0)
    }

    pub fn complement(&self) -> ByteSet {
        ByteSet(self.0.map(|word| !word))
    }

    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        (0..=255u8).filter(|&byte| self.contains(byte))
    }

    /// The set as ranges, ascending, both ends included.
    pub fn ranges(&self) -> Vec<(u8, u8)> {
        let mut ranges: Vec<(u8, u8)> = Vec::new();
        for byte in self.iter() {
            match ranges.last_mut() {
                Some((_, high)) if u16::from(*high) + 1 == u16::from(byte) => *high = byte,
                _ => ranges.push((byte, byte)),
            }
        }
        ranges
    }

    /// The set with the other case of each of its letters.
    pub fn folded(&self, charset: Charset) -> ByteSet {
        let mut folded = *self;
        for byte in self.iter() {
            folded.insert(other_case(byte, charset));
        }
        folded
    }
}

impl std::fmt::Debug for ByteSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[")?;
        for (low, high) in self.ranges() {
            write!(f, "{low:02x}-{high:02x} ")?;
        }
        f.write_str("]")
    }
}

/// The letter's other case; the byte itself where it has none.
///
/// Under `/aa` Perl still folds É and é, which a byte string holds as C9 and E9: half of a
/// UTF-8 sequence folds there like a Latin-1 letter.
pub(super) fn other_case(byte: u8, charset: Charset) -> u8 {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' => byte ^ 0x20,
        0xC0..=0xD6 | 0xD8..=0xDE | 0xE0..=0xF6 | 0xF8..=0xFE if charset != Charset::Native => {
            byte ^ 0x20
        }
        _ => byte,
    }
}

/// The byte that a code point above 255 folds to, if any.
pub(super) fn narrow_fold(point: u32, charset: Charset) -> Option<u8> {
    match point {
        _ if charset == Charset::Native => None,
        0x178 => Some(0xFF),
        0x39C | 0x3BC => Some(0xB5),
        0x1E9E => Some(0xDF),
        0x212B => Some(0xE5),
        _ => None,
    }
}

/// `\h`
pub(super) fn horizontal() -> ByteSet {
    ByteSet::of(&[(b'\t', b'\t'), (b' ', b' '), (0xA0, 0xA0)])
}

/// `\v`
pub(super) fn vertical() -> ByteSet {
    ByteSet::of(&[(b'\n', b'\r'), (0x85, 0x85)])
}

/// `\N`, and `.` without `/s`
pub(super) fn not_newline() -> ByteSet {
    ByteSet::of(&[(b'\n', b'\n')]).complement()
}

/// Ranges of bytes, both ends included.
type Ranges = &'static [(u8, u8)];

/// A POSIX class by its name: ASCII's, or Latin-1's too under `/u`. `None`: no such class.
pub(super) fn posix(name: &[u8], charset: Charset) -> Option<ByteSet> {
    let (ascii, latin): (Ranges, Ranges) = match name {
        b"alpha" => (&[(b'A', b'Z'), (b'a', b'z')], LATIN_LETTERS),
        b"digit" => (&[(b'0', b'9')], &[]),
        b"alnum" => (&[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')], LATIN_LETTERS),
        b"word" => (&[(b'0', b'9'), (b'A', b'Z'), (b'_', b'_'), (b'a', b'z')], LATIN_LETTERS),
        b"upper" => (&[(b'A', b'Z')], LATIN_UPPER),
        b"lower" => (&[(b'a', b'z')], LATIN_LOWER),
        b"space" => (&[(b'\t', b'\r'), (b' ', b' ')], &[(0x85, 0x85), (0xA0, 0xA0)]),
        b"blank" => (&[(b'\t', b'\t'), (b' ', b' ')], &[(0xA0, 0xA0)]),
        b"cntrl" => (&[(0, 0x1F), (0x7F, 0x7F)], &[(0x80, 0x9F)]),
        b"punct" => (&[(b'!', b'/'), (b':', b'@'), (b'[', b'`'), (b'{', b'~')], LATIN_PUNCT),
        b"graph" => (&[(b'!', b'~')], &[(0xA1, 0xFF)]),
        b"print" => (&[(b' ', b'~')], &[(0xA0, 0xFF)]),
        b"xdigit" => (&[(b'0', b'9'), (b'A', b'F'), (b'a', b'f')], &[]),
        b"ascii" => (&[(0, 0x7F)], &[]),
        _ => return None,
    };
    let set = ByteSet::of(ascii);
    Some(if charset == Charset::Unicode { set.union(&ByteSet::of(latin)) } else { set })
}

const LATIN_LETTERS: &[(u8, u8)] =
    &[(0xAA, 0xAA), (0xB5, 0xB5), (0xBA, 0xBA), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0xFF)];
const LATIN_UPPER: &[(u8, u8)] = &[(0xC0, 0xD6), (0xD8, 0xDE)];
const LATIN_LOWER: &[(u8, u8)] =
    &[(0xAA, 0xAA), (0xB5, 0xB5), (0xBA, 0xBA), (0xDF, 0xF6), (0xF8, 0xFF)];
const LATIN_PUNCT: &[(u8, u8)] =
    &[(0xA1, 0xA1), (0xA7, 0xA7), (0xAB, 0xAB), (0xB6, 0xB7), (0xBB, 0xBB), (0xBF, 0xBF)];

/// A Unicode property's members among the first 256 code points; `None`: not known here.
pub(super) fn property(name: &[u8]) -> Option<ByteSet> {
    let mut plain: Vec<u8> = name.to_ascii_lowercase();
    plain.retain(|byte| !matches!(byte, b' ' | b'_' | b'-'));
    for prefix in [&b"generalcategory="[..], b"gc=", b"script=", b"sc=", b"is"] {
        if let Some(rest) = plain.strip_prefix(prefix)
            && !rest.is_empty()
        {
            plain = rest.to_vec();
        }
    }
    if let Some(rest) = plain.strip_prefix(b"xposix") {
        return posix(rest, Charset::Unicode);
    }
    if let Some(rest) = plain.strip_prefix(b"posix") {
        return posix(rest, Charset::Ascii);
    }
    let ranges: &[(u8, u8)] = match &*plain {
        b"l" | b"letter" | b"alphabetic" => {
            return posix(b"alpha", Charset::Unicode);
        }
        b"any" | b"all" | b"assigned" | b"unicode" => &[(0, 0xFF)],
        b"lu" | b"uppercaseletter" | b"uppercase" => return posix(b"upper", Charset::Unicode),
        b"lowercase" => return posix(b"lower", Charset::Unicode),
        b"ll" | b"lowercaseletter" => &[(b'a', b'z'), (0xB5, 0xB5), (0xDF, 0xF6), (0xF8, 0xFF)],
        b"lc" | b"l&" | b"casedletter" => {
            &[(b'A', b'Z'), (b'a', b'z'), (0xB5, 0xB5), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0xFF)]
        }
        b"lo" | b"otherletter" => &[(0xAA, 0xAA), (0xBA, 0xBA)],
        b"n" | b"number" => &[(b'0', b'9'), (0xB2, 0xB3), (0xB9, 0xB9), (0xBC, 0xBE)],
        b"nd" | b"decimalnumber" => &[(b'0', b'9')],
        b"no" | b"othernumber" => &[(0xB2, 0xB3), (0xB9, 0xB9), (0xBC, 0xBE)],
        b"z" | b"separator" | b"zs" | b"spaceseparator" => &[(b' ', b' '), (0xA0, 0xA0)],
        b"cc" | b"control" => &[(0, 0x1F), (0x7F, 0x9F)],
        b"cf" | b"format" => &[(0xAD, 0xAD)],
        b"p" | b"punctuation" => &[
            (b'!', b'#'),
            (b'%', b'*'),
            (b',', b'/'),
            (b':', b';'),
            (b'?', b'@'),
            (b'[', b']'),
            (b'_', b'_'),
            (b'{', b'{'),
            (b'}', b'}'),
            (0xA1, 0xA1),
            (0xA7, 0xA7),
            (0xAB, 0xAB),
            (0xB6, 0xB7),
            (0xBB, 0xBB),
            (0xBF, 0xBF),
        ],
        b"s" | b"symbol" => &[
            (b'$', b'$'),
            (b'+', b'+'),
            (b'<', b'>'),
            (b'^', b'^'),
            (b'`', b'`'),
            (b'|', b'|'),
            (b'~', b'~'),
            (0xA2, 0xA6),
            (0xA8, 0xA9),
            (0xAC, 0xAC),
            (0xAE, 0xB1),
            (0xB4, 0xB4),
            (0xB8, 0xB8),
            (0xD7, 0xD7),
            (0xF7, 0xF7),
        ],
        b"sc" | b"currencysymbol" => &[(b'$', b'$'), (0xA2, 0xA5)],
        b"latin" | b"latn" => &[
            (b'A', b'Z'),
            (b'a', b'z'),
            (0xAA, 0xAA),
            (0xBA, 0xBA),
            (0xC0, 0xD6),
            (0xD8, 0xF6),
            (0xF8, 0xFF),
        ],
        b"lt" | b"lm" | b"m" | b"mn" | b"mc" | b"me" | b"nl" | b"zl" | b"zp" | b"cs" | b"co"
        | b"cn" | b"mark" | b"greek" | b"grek" | b"cyrillic" | b"cyrl" | b"han" | b"hani"
        | b"hiragana" | b"katakana" | b"hangul" | b"arabic" | b"hebrew" | b"thai"
        | b"devanagari" | b"armenian" | b"georgian" => &[],
        other => {
            return posix(other, Charset::Unicode)
                .filter(|_| other != b"ascii")
                .or_else(|| posix(other, Charset::Ascii));
        }
    };
    Some(ByteSet::of(ranges))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_is_latin_1_under_aa_and_ascii_under_d() {
        let cases = [
            (b'k', Charset::Ascii, b'K'),
            (0xE9, Charset::Ascii, 0xC9),
            (0xE9, Charset::Native, 0xE9),
            (0xD7, Charset::Ascii, 0xD7),
            (0xFF, Charset::Unicode, 0xFF),
            (0xDF, Charset::Ascii, 0xDF),
        ];
        for (byte, charset, other) in cases {
            assert_eq!(other_case(byte, charset), other, "{byte:02x} {charset:?}");
        }
    }

    #[test]
    fn a_set_and_its_complement_share_nothing_and_miss_nothing() {
        let set = posix(b"punct", Charset::Unicode).unwrap();
        assert_eq!(set.len() + set.complement().len(), 256);
        assert_eq!(set.union(&set.complement()), ByteSet::ALL);
        assert_eq!(ByteSet::of(&set.ranges()), set);
    }
}
