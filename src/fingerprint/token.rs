//! Words, as all algorithms on texts see them: what stays of a text when it is re-wrapped,
//! re-cased, sprinkled with punctuation, invisible characters, look-alike letters and digits,
//! and personalised with numbers and addresses.
//!
//! In: text in characters. Out: [`Words`]. Invariant: linear in the text; at most so many words
//! as the limit `fingerprint_tokens` says.
//!
//! # Specification
//!
//! 1. References (`scheme://…`, `www.…`) and mail addresses are dropped, up to the next white
//!    space, bracket, quote or character above ASCII. Text between U+202E (right-to-left
//!    override) and U+202C or a line's end is turned round unless most of its letters are of a
//!    script that goes that way; likewise for U+202D the other way round.
//! 2. A word is a longest run of letters, digits, `@` and `$`. Invisible characters (the list in
//!    `fold`) and combining marks neither end a word nor belong to it. Characters are decomposed
//!    (NFKD, save Hangul syllables) and put in lower case; look-alikes are replaced by the Latin
//!    letters that they look like (table in `fold`), always, so that a word of one script and
//!    the same word with letters of another are equal.
//! 3. Three or more single letters one after the other, each one character from the next, are
//!    one word.
//! 4. In a word of letters and digits of which half are letters, `0 1 3 4 5 7 8 9 @ $` are read
//!    as `o i e a s t b g a s`. Words that still have a digit, `@` or `$` are dropped, as are
//!    those that weigh less than 3 (a letter weighs 1; a Hangul or Ethiopic syllable and a letter
//!    of a script without letters for vowels, from U+0590 to U+0DFF and of Tibetan, 2) or have more than 24
//!    characters.
//! 5. Of the scripts that write no spaces (Han, Kana, Thai, Lao, Khmer, Myanmar) each pair of
//!    neighbouring letters is a word that weighs 4; white space and punctuation between the
//!    two do not count.
//! 6. The *hash* of a word is FNV-1a, 64 bits, of its characters in UTF-8, then [`mix`]ed.
//! 7. The *bones* of a word are the set of its letters that are no vowels (`a e i o u y`, and
//!    those of [`is_vowel`]), or if there are fewer than two such, the set of all its letters.
//!    Their hash is the sum, modulo 2^64, of the [`mix`]ed code points of the set; of a
//!    pair (rule 5) it is the hash. Swapped, doubled and most left-out letters leave the bones
//!    as they are.
//! 8. A sentence ends at `. ! ?` before white space, at their like in other scripts, and at a
//!    blank line.

use super::fold::{self, Folded};
use super::view::turned;
use crate::limits::{Limit, Limits, Reached};

/// A word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Of all its letters in order.
    pub hash: u64,
    /// Of the set of its consonants.
    pub bones: u64,
    /// How much it says: its letters.
    pub weight: u8,
}

/// The words of a text.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// In order.
    pub words: Vec<Word>,
    /// How many words there are before the end of each sentence.
    pub ends: Vec<usize>,
    /// Limits that were met.
    pub reached: Reached,
}

/// Words with more characters are none.
const LONGEST: usize = 24;
/// Words that weigh less are none.
const LIGHTEST: u8 = 3;
/// What a pair of letters of a script without spaces weighs.
const PAIR: u8 = 4;

/// Scrambles 64 bits (the finaliser of SplitMix64).
pub(super) fn mix(number: u64) -> u64 {
    let mut x = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Cuts `text` into words.
pub(super) fn words(text: &str, limits: &Limits) -> Words {
    let mut scanner = Scanner { most: limits.fingerprint_tokens, ..Scanner::default() };
    match text.contains(['\u{202d}', '\u{202e}']) {
        true => scanner.text(&without_overrides(text)),
        false => scanner.text(text),
    }
    scanner.end_word();
    scanner.end_run();
    scanner.end_sentence();
    scanner.out
}

/// `text` with what stands under an override put in the order read.
fn without_overrides(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\u{202d}', '\u{202e}']) {
        let (before, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        let rtl = tail.starts_with('\u{202e}');
        let inner = tail.get('\u{202e}'.len_utf8()..).unwrap_or_default();
        let end = inner.find(['\u{202c}', '\u{202d}', '\u{202e}', '\n']).unwrap_or(inner.len());
        let (inner, tail) = inner.split_at_checked(end).unwrap_or((inner, ""));
        out.push_str(&turned(inner, rtl));
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Reads a text and keeps the word that is being read.
#[derive(Default)]
struct Scanner {
    out: Words,
    most: usize,
    /// The word's characters, folded.
    word: Vec<char>,
    /// Of the word: its letters, and whether there is anything else.
    letters: usize,
    others: usize,
    /// Greek letters as they are written: they are folded when the word is known.
    greek: usize,
    weight: usize,
    /// Single letters before this one, and how many characters ago the last one was.
    run: Vec<char>,
    gap: usize,
    /// The letter before, in a script without spaces.
    before: Option<char>,
    /// The last character ends a sentence if white space follows.
    stop: bool,
}

impl Scanner {
    fn text(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let (mut chunk, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
            while let Some((from, to)) = fold::reference(chunk) {
                self.chunk(chunk.get(..from).unwrap_or_default());
                self.end_word();
                chunk = chunk.get(to..).unwrap_or_default();
            }
            self.chunk(chunk);
            let blanks = tail.find(|c: char| !c.is_whitespace()).unwrap_or(tail.len());
            let (blanks, tail) = tail.split_at_checked(blanks).unwrap_or((tail, ""));
            if !blanks.is_empty() {
                self.blanks(blanks);
            }
            rest = tail;
            if self.out.words.len() >= self.most {
                self.out.reached.note(Limit::FingerprintTokens);
                return;
            }
        }
    }

    fn blanks(&mut self, blanks: &str) {
        self.end_word();
        self.gap += blanks.chars().take(2).count();
        if self.stop || blanks.bytes().filter(|&b| b == b'\n').count() > 1 {
            self.end_run();
            self.end_sentence();
        }
        self.stop = false;
    }

    /// Reads characters that are no white space.
    fn chunk(&mut self, chunk: &str) {
        for c in chunk.chars() {
            if c.is_ascii() {
                self.ascii(c);
            } else {
                self.other(c);
            }
        }
    }

    fn ascii(&mut self, c: char) {
        match c {
            'a'..='z' => self.letter(c, 1),
            'A'..='Z' => self.letter(c.to_ascii_lowercase(), 1),
            '0'..='9' | '@' | '$' => {
                self.word.push(c);
                self.others += 1;
                self.stop = false;
            }
            _ => {
                self.end_word();
                self.gap += 1;
                self.stop =
                    matches!(c, '.' | '!' | '?') || self.stop && matches!(c, '"' | '\'' | ')');
            }
        }
    }

    fn other(&mut self, c: char) {
        fold::fold(c, |folded| match folded {
            Folded::Letter(letter) => self.letter(letter, 1),
            Folded::Syllable(letter) => self.letter(letter, 2),
            Folded::Greek(letter) => {
                self.greek += 1;
                self.letter(letter, 1);
            }
            Folded::Spaceless(letter) => self.spaceless(letter),
            Folded::Digit(digit) => {
                self.word.push(digit);
                self.others += 1;
            }
            Folded::Stop => {
                self.end_word();
                self.end_sentence();
                self.gap += 1;
            }
            Folded::Break => {
                self.end_word();
                self.gap += 1;
            }
        });
    }

    fn letter(&mut self, c: char, weight: usize) {
        self.stop = false;
        self.word.push(c);
        self.letters += 1;
        self.weight += weight;
        self.before = None;
    }

    fn spaceless(&mut self, c: char) {
        self.end_word();
        self.end_run();
        if let Some(before) = self.before.replace(c) {
            let hash = hash_of(&[before, c]);
            self.out.words.push(Word { hash, bones: hash, weight: PAIR });
        }
    }

    fn end_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let single = self.word.len() == 1 && self.letters == 1;
        if single && (self.gap <= 1 || self.run.is_empty()) {
            self.run.push(self.word.first().copied().unwrap_or(' '));
        } else {
            self.end_run();
            match single {
                true => self.run.push(self.word.first().copied().unwrap_or(' ')),
                false => self.push_word(),
            }
        }
        self.gap = 0;
        self.clear_word();
    }

    /// Single letters in a row are a word.
    fn end_run(&mut self) {
        if self.run.len() >= 3 {
            std::mem::swap(&mut self.run, &mut self.word);
            let (letters, others, weight) = (self.letters, self.others, self.weight);
            (self.letters, self.others, self.weight) = (self.word.len(), 0, self.word.len());
            self.push_word();
            std::mem::swap(&mut self.run, &mut self.word);
            (self.letters, self.others, self.weight) = (letters, others, weight);
        }
        self.run.clear();
    }

    fn clear_word(&mut self) {
        self.word.clear();
        (self.letters, self.others, self.greek, self.weight) = (0, 0, 0, 0);
    }

    fn push_word(&mut self) {
        if self.others > 0 {
            if self.letters < self.others || self.letters + self.others < 3 {
                return;
            }
            let undone = self.word.iter_mut().all(fold::leet);
            if !undone {
                return;
            }
            self.weight += self.others;
        }
        if self.greek > 0 {
            let by_shape = self.greek * 2 <= self.letters;
            self.word.iter_mut().for_each(|c| *c = fold::greek(*c, by_shape));
        }
        let weight = u8::try_from(self.weight).unwrap_or(u8::MAX);
        if weight < LIGHTEST || self.word.len() > LONGEST {
            return;
        }
        let (hash, bones) = (hash_of(&self.word), bones(&self.word));
        self.out.words.push(Word { hash, bones, weight });
    }

    fn end_sentence(&mut self) {
        let count = self.out.words.len();
        if self.out.ends.last().copied().unwrap_or_default() < count {
            self.out.ends.push(count);
        }
        self.before = None;
    }
}

/// FNV-1a of the characters in UTF-8, mixed.
fn hash_of(word: &[char]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut utf8 = [0; 4];
    for c in word {
        for byte in c.encode_utf8(&mut utf8).bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
    mix(hash)
}

/// The hash of a word's consonants, or of its letters if there are too few.
fn bones(word: &[char]) -> u64 {
    let (consonants, count) = set_of(word.iter().copied().filter(|&c| !is_vowel(c)));
    match count {
        0 | 1 => set_of(word.iter().copied()).0,
        _ => consonants,
    }
}

/// The hash of a set of letters, and how many there are.
fn set_of(letters: impl Iterator<Item = char>) -> (u64, u32) {
    let mut ascii = 0_u32;
    let mut others = ['\0'; LONGEST];
    let mut count = 0_usize;
    let mut sum = 0_u64;
    for c in letters {
        if c.is_ascii_lowercase() {
            ascii |= 1 << (c as u32 - 'a' as u32);
        } else if !others.iter().take(count).any(|&known| known == c) {
            if let Some(slot) = others.get_mut(count) {
                *slot = c;
                count += 1;
            }
            sum = sum.wrapping_add(mix(u64::from(c)));
        }
    }
    let mut rest = ascii;
    while rest != 0 {
        sum = sum.wrapping_add(mix(u64::from('a') + u64::from(rest.trailing_zeros())));
        rest &= rest - 1;
    }
    (sum, ascii.count_ones() + u32::try_from(count).unwrap_or_default())
}

/// A vowel of the Latin, Cyrillic or Greek script, as it is after folding.
fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
        || matches!(c, 'и' | 'й' | 'ы' | 'э' | 'ю' | 'я' | 'є' | 'ω' | 'æ' | 'œ' | 'ø')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hashes(text: &str) -> Vec<u64> {
        words(text, &Limits::default()).words.iter().map(|word| word.hash).collect()
    }

    fn bones_of(text: &str) -> Vec<u64> {
        words(text, &Limits::default()).words.iter().map(|word| word.bones).collect()
    }

    #[test]
    fn noise_leaves_the_words_of_every_script_as_they_are() {
        let cases = [
            ("the quick brown fox", "THE,  qui\u{200b}ck\n\nBROWN. f\u{ad}ox"),
            ("the quick brown fox", "thе quiсk brоwn fоx"),
            ("the quick brown fox", "𝐭𝐡𝐞 ｑｕｉｃｋ ⓑⓡⓞⓦⓝ 🅕🅞🅧"),
            ("the quick brown fox", "t h e, q.u.i.c.k  b-r-o-w-n  f o x"),
            ("the quick brown fox", "th3 qu1ck br0wn f0x"),
            ("the brown fox", "the 12345 brown x@example.com http://a.b/c?d fox"),
            ("the brown fox", "the \u{202e}nworb\u{202c} fox"),
            ("uber strasse cafe", "Über Straße café"),
            ("uber strasse cafe", "U\u{308}ber STRASSE cafe\u{301}"),
            ("быстрая лиса", "БЫСТРАЯ лис\u{200d}а"),
            ("быстрая лиса", "быстpaя лиca"),
            ("γρήγορη αλεπού", "ΓΡΗΓΟΡΗ ΑΛΕΠΟΥ"),
            ("γρήγορη αλεπού", "γρήγoρη αλεπoύ"),
            ("الثعلب السريع", "الثَّعْلَب ‏السريع"),
            ("שועל מהיר", "שׁוּעָל מהיר"),
            ("तेज़ लोमड़ी कूदती", "तेज\u{93c} लोमड\u{93c}ी कू\u{200d}दती"),
            ("快速的棕色狐狸", "快 速，的棕\u{200b}色狐狸"),
            ("素早い茶色の狐", "素早い茶色の　狐"),
            ("สุนัขจิ้งจอก", "สุนัข จิ้งจอก"),
            ("ｱｲｳｴｵ", "アイウエオ"),
            ("빠른 갈색 여우", "빠른, 갈색 여우!"),
            ("սպասում ենք", "ՍՊԱՍՈՒՄ ԵՆՔ"),
            ("სწრაფი მელა", "სწრაფი მე\u{2060}ლა"),
            ("ਤੇਜ਼ ਲੂੰਬੜੀ", "ਤੇਜ਼ ਲੂੰ\u{200b}ਬੜੀ"),
            ("வேகமான நரி", "வேகமா\u{ad}ன நரி"),
        ];
        for (plain, noisy) in cases {
            assert!(!hashes(plain).is_empty(), "{plain}");
            assert_eq!(hashes(plain), hashes(noisy), "{plain} / {noisy}");
        }
    }

    #[test]
    fn misspelt_words_have_the_same_bones() {
        let word = bones_of("remember");
        for misspelt in ["rememebr", "remembr", "remmember", "r3m3mb3r", "remeber"] {
            assert_eq!(bones_of(misspelt) == word, misspelt != "other", "{misspelt}");
        }
        assert_ne!(bones_of("december"), word);
    }

    #[test]
    fn what_is_no_word_is_dropped() {
        for text in ["a b", "ab cd", "1234567", "a1b2c3d4e6", "$$$", "x@y.zz", "www.example.com"] {
            assert!(hashes(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn sentences_end_where_they_are_said_to() {
        let text = "one here. two there! three v1.2 here\n\nfour after";
        assert_eq!(words(text, &Limits::default()).ends, [2, 4, 6, 8]);
    }

    #[test]
    fn limit_fingerprint_tokens() {
        let limits = Limits { fingerprint_tokens: 3, ..Limits::default() };
        for (text, count, reached) in
            [("one two", 2, false), ("one two six", 3, false), ("one two six ten", 3, true)]
        {
            let read = words(text, &limits);
            assert_eq!(read.words.len(), count);
            assert_eq!(read.reached.has(Limit::FingerprintTokens), reached, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_words_or_none(text in any::<String>()) {
            words(&text, &Limits::default());
        }

        #[test]
        fn case_does_not_matter(text in "[a-z ]{0,60}") {
            prop_assert_eq!(hashes(&text), hashes(&text.to_uppercase()));
        }
    }
}
