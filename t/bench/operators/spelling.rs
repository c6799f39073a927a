//! Words spelt otherwise.

use super::Operator;
use super::text::{Chance, map_words, text_of, with_body};

/// The operators of this file.
pub const OPERATORS: &[Operator] = &[
    ("emoji_letters", emoji_letters),
    ("mathematical_letters", mathematical_letters),
    ("fullwidth", fullwidth),
    ("spaced_letters", spaced_letters),
    ("split_words", split_words),
    ("accents", accents),
    ("cyrillic_words", cyrillic_words),
];

fn plain(
    bytes: &[u8],
    seed: u64,
    percent: usize,
    change: fn(&str, &mut Chance) -> String,
) -> Option<Vec<u8>> {
    let text = text_of(bytes)?;
    let mut chance = Chance::new(seed, bytes);
    Some(with_body(bytes, "text/plain", &map_words(&text, &mut chance, percent, change)))
}

/// ASCII letters moved to where `first` is A.
fn moved(word: &str, first: u32) -> String {
    let letter = |c: char| match c.is_ascii_alphabetic() {
        true => char::from_u32(first + u32::from(c.to_ascii_lowercase()) - 97).unwrap_or(c),
        false => c,
    };
    word.chars().map(letter).collect()
}

fn emoji_letters(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    plain(bytes, seed, 20, |word, chance| {
        moved(word, *chance.of(&[0x1f170, 0x1f150, 0x1f130, 0x24b6]))
    })
}

fn mathematical_letters(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    plain(bytes, seed, 30, |word, chance| moved(word, *chance.of(&[0x1d41a, 0x1d5ba, 0x1d68a])))
}

fn fullwidth(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    plain(bytes, seed, 30, |word, _| moved(word, 0xff41))
}

/// `l i k e   t h i s`
fn spaced_letters(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    plain(bytes, seed, 20, |word, chance| {
        let between = *chance.of(&[" ", ".", "-", "_"]);
        let letters: Vec<String> = word.chars().map(String::from).collect();
        format!("  {}  ", letters.join(between))
    })
}

/// A blank in one word of twenty.
fn split_words(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    plain(bytes, seed, 5, |word, chance| {
        let letters: Vec<char> = word.chars().collect();
        let (before, after) = letters.split_at(1 + chance.below(letters.len() - 1));
        format!("{} {}", before.iter().collect::<String>(), after.iter().collect::<String>())
    })
}

/// Accents on vowels.
fn accents(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    plain(bytes, seed, 30, |word, chance| {
        let marks = ['\u{300}', '\u{301}', '\u{302}', '\u{308}', '\u{323}'];
        word.chars()
            .flat_map(|c| {
                let mark = "aeiou".contains(c).then(|| *chance.of(&marks));
                [Some(c), mark].into_iter().flatten()
            })
            .collect()
    })
}

/// All letters that have a Cyrillic twin.
fn cyrillic_words(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    plain(bytes, seed, 30, |word, _| {
        let twins = "aаcсeеoоpрxхyуiіsѕjјAАBВCСEЕHНKКMМOОPРTТXХ";
        let twin = |c: char| {
            let pairs: Vec<char> = twins.chars().collect();
            pairs.chunks(2).find(|pair| pair[0] == c).map_or(c, |pair| pair[1])
        };
        word.chars().map(twin).collect()
    })
}
