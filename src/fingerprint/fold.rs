//! Characters as a reader takes them: look-alikes, marks, invisible ones, and references.
//!
//! In: one character (or one run without white space). Out: what it stands for. The rules are
//! in `token`; here are the tables.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// What a character stands for.
pub(super) enum Folded {
    /// A letter, lower case.
    Letter(char),
    /// A Hangul syllable, or a letter of a script whose vowels are marks or not written.
    Syllable(char),
    /// A Greek letter, as written: what it looks like depends on the word.
    Greek(char),
    /// A letter of a script without spaces.
    Spaceless(char),
    /// A digit, `@` or `$`.
    Digit(char),
    /// The end of a sentence.
    Stop,
    /// Something between words.
    Break,
}

/// What `c`, which is not ASCII, stands for; nothing for what is not seen.
pub(super) fn fold(c: char, mut take: impl FnMut(Folded)) {
    if is_invisible(c) {
        return;
    }
    if let Some(letter) = pictured_letter(c) {
        return take(Folded::Letter(letter));
    }
    match c {
        '\u{ac00}'..='\u{d7a3}' => return take(Folded::Syllable(c)),
        '。' | '！' | '？' | '।' | '॥' | '؟' | '۔' | '։' | '።' | '…' | '．' => {
            return take(Folded::Stop);
        }
        _ => {}
    }
    decompose_compatible(c, |c| one(c, &mut take));
}

fn one(c: char, take: &mut impl FnMut(Folded)) {
    if is_combining_mark(c) {
        return;
    }
    if let Some(letter) = look_alike(c) {
        return take(Folded::Letter(letter));
    }
    if is_spaceless(c) {
        return take(Folded::Spaceless(c));
    }
    match c {
        'a'..='z' => take(Folded::Letter(c)),
        'A'..='Z' => take(Folded::Letter(c.to_ascii_lowercase())),
        '@' | '$' => take(Folded::Digit(c)),
        'ß' | 'ẞ' => {
            take(Folded::Letter('s'));
            take(Folded::Letter('s'));
        }
        'α'..='ω' | 'Α'..='Ω' => take(Folded::Greek(c)),
        _ if is_without_vowels(c) && c.is_alphabetic() => take(Folded::Syllable(c)),
        _ if c.is_alphabetic() => {
            for lower in c.to_lowercase() {
                take(Folded::Letter(look_alike(lower).unwrap_or(lower)));
            }
        }
        _ if c.is_numeric() => take(Folded::Digit(c.to_digit(10).map_or('2', digit))),
        _ => take(Folded::Break),
    }
}

fn digit(number: u32) -> char {
    char::from_digit(number, 10).unwrap_or('2')
}

/// Reads a digit or sign as the letter that it stands for; false if it stands for none.
pub(super) fn leet(c: &mut char) -> bool {
    *c = match *c {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        '9' => 'g',
        '2' | '6' => return false,
        letter => letter,
    };
    true
}

/// A Greek letter: in a Latin word the Latin letter of its shape, in a Greek one that of its
/// capital's shape, so that case does not matter.
pub(super) fn greek(c: char, by_shape: bool) -> char {
    let lower = c.to_lowercase().next().unwrap_or(c);
    match lower {
        'ν' if by_shape && c == lower => 'v',
        'η' if by_shape && c == lower => 'n',
        'υ' | 'μ' if by_shape && c == lower => 'u',
        'ω' if by_shape => 'w',
        'γ' if by_shape && c == lower => 'y',
        'α' => 'a',
        'β' => 'b',
        'ε' => 'e',
        'ζ' => 'z',
        'η' => 'h',
        'ι' => 'i',
        'κ' => 'k',
        'μ' => 'm',
        'ν' => 'n',
        'ο' => 'o',
        'ρ' => 'p',
        'ς' => 'σ',
        'τ' => 't',
        'υ' => 'y',
        'χ' => 'x',
        other => other,
    }
}

/// The Latin letter that a letter of another script (or a rarer Latin one) looks like.
#[rustfmt::skip]
fn look_alike(c: char) -> Option<char> {
    Some(match c {
        // Cyrillic
        'а' | 'А' => 'a', 'в' | 'В' | 'ь' | 'Ь' => 'b', 'с' | 'С' => 'c', 'ԁ' | 'Ԁ' => 'd',
        'е' | 'Е' | 'ё' | 'Ё' => 'e', 'һ' | 'Һ' | 'н' | 'Н' => 'h', 'і' | 'І' | 'ї' | 'Ї' | 'ӏ' | 'Ӏ' => 'i',
        'ј' | 'Ј' => 'j', 'к' | 'К' => 'k', 'м' | 'М' => 'm', 'о' | 'О' => 'o', 'р' | 'Р' => 'p',
        'ԛ' | 'Ԛ' => 'q', 'ѕ' | 'Ѕ' => 's', 'т' | 'Т' => 't', 'ѵ' | 'Ѵ' => 'v', 'ԝ' | 'Ԝ' => 'w',
        'х' | 'Х' => 'x', 'у' | 'У' | 'ү' | 'Ү' => 'y', 'ԍ' => 'g',
        // Latin
        'ı' | 'İ' | 'ɩ' | 'ɪ' | 'ꙇ' | 'ỉ' => 'i', 'ɑ' | 'ᴀ' | 'ɐ' => 'a', 'ʙ' | 'ɓ' | 'ƀ' => 'b',
        'ᴄ' | 'ƈ' | 'ɔ' => 'c', 'ᴅ' | 'đ' | 'Đ' | 'ɗ' | 'ð' => 'd', 'ᴇ' | 'ɛ' | 'ə' | 'ǝ' => 'e',
        'ƒ' | 'ꜰ' => 'f', 'ɡ' | 'ɢ' | 'ǥ' | 'ɠ' => 'g', 'ʜ' | 'ħ' | 'Ħ' | 'ɦ' => 'h', 'ᴊ' | 'ȷ' => 'j',
        'ᴋ' | 'ƙ' => 'k', 'ʟ' | 'ł' | 'Ł' | 'ɫ' | 'ƚ' => 'l', 'ᴍ' | 'ɱ' => 'm', 'ɴ' | 'ƞ' | 'ɲ' | 'ŋ' => 'n',
        'ᴏ' | 'ø' | 'Ø' | 'ɵ' => 'o', 'ᴘ' | 'ƥ' | 'þ' => 'p', 'ʀ' | 'ɹ' | 'ɼ' | 'ɾ' => 'r',
        'ꜱ' | 'ʂ' | 'ƨ' => 's', 'ᴛ' | 'ŧ' | 'ƭ' | 'ʇ' => 't', 'ᴜ' | 'ʋ' | 'ʊ' => 'u', 'ᴠ' => 'v',
        'ᴡ' | 'ʍ' | 'ɯ' => 'w', 'ʏ' | 'ɣ' | 'ƴ' => 'y', 'ᴢ' | 'ʐ' | 'ƶ' => 'z',
        // Armenian
        'օ' | 'Օ' => 'o', 'ո' => 'n', 'ս' | 'Ս' => 'u', 'հ' => 'h', 'ց' => 'g', 'զ' => 'q', 'ք' => 'p',
        // Cherokee
        'Ꭺ' => 'a', 'Ᏼ' => 'b', 'Ꮯ' => 'c', 'Ꭰ' => 'd', 'Ꭼ' => 'e', 'Ꮐ' => 'g', 'Ꮋ' => 'h',
        'Ꭻ' => 'j', 'Ꮶ' => 'k', 'Ꮮ' => 'l', 'Ꮇ' => 'm', 'Ꮲ' => 'p', 'Ꭱ' => 'r', 'Ꮪ' => 's',
        'Ꭲ' => 't', 'Ꮩ' => 'v', 'Ꮃ' => 'w', 'Ꮓ' => 'z',
        _ => return None,
    })
}

/// Letters in circles, squares and flags, which NFKD leaves alone.
fn pictured_letter(c: char) -> Option<char> {
    let code = u32::from(c);
    let first = match code {
        0x1f130..=0x1f149 => 0x1f130,
        0x1f150..=0x1f169 => 0x1f150,
        0x1f170..=0x1f189 => 0x1f170,
        0x1f1e6..=0x1f1ff => 0x1f1e6,
        _ => return None,
    };
    char::from_u32(u32::from('a') + code - first)
}

/// Is nothing seen of `c`?
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Is `c` of a script whose letters are consonants (Hebrew, Arabic, Syriac, those of India and
/// their kin) or syllables (Ethiopic)?
fn is_without_vowels(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{dff}' | '\u{f00}'..='\u{fff}' | '\u{1200}'..='\u{139f}')
}

/// Is `c` of a script that writes no spaces between words?
fn is_spaceless(c: char) -> bool {
    let letter = matches!(c,
        '\u{e01}'..='\u{e4e}' | '\u{e81}'..='\u{edf}' | '\u{1000}'..='\u{103f}' | '\u{1050}'..='\u{109f}'
        | '\u{1780}'..='\u{17b3}' | '\u{3041}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}');
    letter && c.is_alphabetic()
}

/// Where a reference (`scheme://…`, `www.…`) or a mail address stands in `chunk`, which has no
/// white space.
pub(super) fn reference(chunk: &str) -> Option<(usize, usize)> {
    let bytes = chunk.as_bytes();
    memchr::memchr3(b':', b'@', b'.', bytes)?;
    let url_end = |from: usize| {
        let ends = |b: &u8| {
            !b.is_ascii_graphic()
                || matches!(
                    b,
                    b'"' | b'<' | b'>' | b'\'' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'|'
                )
        };
        bytes.iter().skip(from).position(ends).map_or(bytes.len(), |length| from + length)
    };
    if let Some(at) = memchr::memmem::find(bytes, b"://") {
        let scheme = bytes.iter().take(at).rev().take(10).take_while(|b| b.is_ascii_alphanumeric());
        return Some((at - scheme.count(), url_end(at + 3)));
    }
    let mut dots = memchr::memchr_iter(b'.', bytes);
    let www = dots.find(|&dot| {
        let before = dot.checked_sub(3).and_then(|from| bytes.get(from..dot));
        let start = dot.checked_sub(4).and_then(|at| bytes.get(at));
        before.is_some_and(|word| word.eq_ignore_ascii_case(b"www"))
            && !start.is_some_and(u8::is_ascii_alphanumeric)
    });
    www.map(|dot| (dot - 3, url_end(dot))).or_else(|| address(bytes))
}

/// Where a mail address stands.
fn address(bytes: &[u8]) -> Option<(usize, usize)> {
    let local =
        |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'+' | b'-' | b'=' | b'%');
    let domain = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
    memchr::memchr_iter(b'@', bytes).take(16).find_map(|at| {
        let before = bytes.iter().take(at).rev().take(64).take_while(local).count();
        let host = bytes.get(at + 1..)?;
        let after = host.iter().take(255).take_while(domain).count();
        let dotted = host.iter().take(after).skip(1).any(|&b| b == b'.');
        (before > 0 && after > 3 && dotted).then_some((at - before, at + 1 + after))
    })
}
