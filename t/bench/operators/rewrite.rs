//! Text with parts said otherwise, or other text around it.

use super::Operator;
use super::text::{Chance, WORDS, map_words, text_of, with_body};

/// The operators of this file.
pub const OPERATORS: &[Operator] = &[
    ("fake_reply", fake_reply),
    ("unrelated_plain", unrelated_plain),
    ("spintax", spintax),
    ("synonyms20%", synonyms),
    ("names_and_amounts", names_and_amounts),
    ("sentences_dropped", sentences_dropped),
];

/// Below it a thread that it seems to answer.
fn fake_reply(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    let mut text = text_of(bytes)?;
    let mut chance = Chance::new(seed, bytes);
    for _ in 0..2 + chance.below(3) {
        let name = chance.letters(6);
        text.push_str(&format!("\n\nOn Tue, 3 Mar, {name} wrote:\n"));
        for _ in 0..3 + chance.below(6) {
            let count = 8 + chance.below(9);
            text.push_str(&format!("> {}\n", chance.sentence(count)));
        }
    }
    Some(with_body(bytes, "text/plain", &text))
}

/// HTML says it; the plain text beside it says something else.
fn unrelated_plain(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    let text = text_of(bytes)?;
    let mut chance = Chance::new(seed, bytes);
    let boundary = chance.letters(20);
    let talk: Vec<String> = (0..12).map(|_| chance.sentence(11)).collect();
    let body = format!(
        "--{boundary}\nContent-Type: text/plain\n\n{}\n--{boundary}\nContent-Type: text/html; \
         charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n<p>{}</p>\n--{boundary}--\n",
        talk.join("\n"),
        super::text::escaped(&text).replace("\n\n", "</p>\n<p>"),
    );
    let kind = format!("multipart/alternative; boundary={boundary}");
    let bytes = with_body(bytes, &kind, &body);
    // The head's charset says nothing of a multipart.
    Some(bytes)
}

/// Of every third phrase of two words there are four forms.
fn spintax(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    let text = text_of(bytes)?;
    let mut chance = Chance::new(seed, bytes);
    let words: Vec<&str> = text.split_inclusive(char::is_whitespace).collect();
    let spun = words.chunks(2).map(|phrase| {
        let phrase = phrase.concat();
        // What the forms are depends on the phrase alone; which one is taken, on chance.
        let mut forms = Chance::new(7, phrase.to_lowercase().as_bytes());
        let form = chance.below(4);
        if !forms.percent(30) || form == 0 {
            return phrase;
        }
        let others: Vec<&str> = (0..8).map(|_| *forms.of(&WORDS)).collect();
        let end = if phrase.ends_with('\n') { '\n' } else { ' ' };
        format!("{} {}{end}", others[form * 2 - 2], others[form * 2 - 1])
    });
    let spun: String = spun.collect();
    Some(with_body(bytes, "text/plain", &spun))
}

/// One word of five is another, of which each word has three.
fn synonyms(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    let text = text_of(bytes)?;
    let mut chance = Chance::new(seed, bytes);
    let changed = map_words(&text, &mut chance, 20, |word, chance| {
        let mut own = Chance::new(3 + chance.below(3) as u64, word.to_lowercase().as_bytes());
        (*own.of(&WORDS)).to_owned()
    });
    Some(with_body(bytes, "text/plain", &changed))
}

/// All names (words with a capital) and numbers are others.
fn names_and_amounts(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    let text = text_of(bytes)?;
    let mut chance = Chance::new(seed, bytes);
    let named = map_words(&text, &mut chance, 100, |word, chance| {
        let mut letters = word.chars();
        let capital = letters.next().is_some_and(char::is_uppercase);
        if !capital || letters.any(char::is_uppercase) {
            return word.to_owned();
        }
        let name = chance.letters(word.len().clamp(3, 9));
        format!("{}{}", name[..1].to_uppercase(), &name[1..])
    });
    let digits = |c: char| match c.is_ascii_digit() {
        true => char::from(b'0' + chance.below(10) as u8),
        false => c,
    };
    let changed: String = named.chars().map(digits).collect();
    Some(with_body(bytes, "text/plain", &changed))
}

/// One sentence of three is missing.
fn sentences_dropped(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    let text = text_of(bytes)?;
    let mut chance = Chance::new(seed, bytes);
    let kept: String =
        text.split_inclusive(['.', '!', '?', '\n']).filter(|_| !chance.percent(33)).collect();
    Some(with_body(bytes, "text/plain", &kept))
}
