//! Texts of many languages are recognised through what their senders do to them, and digests are
//! those of the test vectors, by which others can check what they build.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::panic)]

use mailprint::fingerprint::common::{Nothing, Phrases};
use mailprint::fingerprint::judge::{FULL, Grade, Signer, judge};
use mailprint::fingerprint::{self, Algorithm, Class, Known, Listed, Prints};
use mailprint::limits::Limits;
use mailprint::message::Message;
use std::collections::HashSet;

/// What one text was learned to be.
#[derive(Default)]
struct Learned {
    keys: HashSet<(Algorithm, u64)>,
    phrases: Phrases,
}

impl Learned {
    fn spam(prints: &Prints) -> Learned {
        let keys = prints.all.iter().map(|print| (print.algorithm, print.key())).collect();
        Learned { keys, ..Learned::default() }
    }
}

impl Known for Learned {
    fn listed(&self, algorithm: Algorithm, key: u64) -> Listed {
        match self.keys.contains(&(algorithm, key)) {
            true => Listed::default().with(Class::Spam, FULL),
            false => Listed::default(),
        }
    }

    fn is_common(&self, phrase: u64) -> bool {
        self.phrases.contains(phrase)
    }
}

fn languages() -> Vec<(&'static str, &'static str)> {
    let lines = include_str!("data/fingerprints/languages.txt").lines();
    lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('|')).collect()
}

fn of_text(text: &str) -> Prints {
    fingerprint::of_text(text, &Nothing, &Limits::default())
}

fn of_mail(head: &str, body: &str) -> Prints {
    let limits = Limits::default();
    let mail = format!("From: a@example.com\n{head}Content-Transfer-Encoding: 8bit\n\n{body}\n");
    fingerprint::of(&Message::parse(mail.into_bytes(), &limits), &Nothing, &limits)
}

fn grade(prints: &Prints, learned: &Prints) -> Grade {
    judge(prints, &Learned::spam(learned), Signer::Nobody).grade
}

/// Each `every`th letter changed by `change`.
fn sprinkled(text: &str, every: usize, change: impl Fn(char) -> String) -> String {
    let mut letters = 0;
    text.chars()
        .map(|c| {
            letters += usize::from(c.is_alphabetic());
            let here = c.is_alphabetic() && letters % every == 0;
            if here { change(c) } else { c.to_string() }
        })
        .collect()
}

#[test]
fn texts_of_every_language_are_recognised_however_they_are_sent() {
    let html = "Content-Type: text/html; charset=utf-8\n";
    let plain = "Content-Type: text/plain; charset=utf-8\n";
    for (language, text) in languages() {
        let learned = of_text(text);
        let references: String = text.chars().map(|c| format!("&#{};", u32::from(c))).collect();
        let inside = text.replace(' ', "</b> <i style='display:none'>lorem ipsum</i><b>");
        let turned: Vec<String> =
            text.split(' ').map(|word| word.chars().rev().collect()).collect();
        let rtl = ["Arabic", "Hebrew", "Persian"].contains(&language);
        let mutants = [
            ("capitals", of_text(&text.to_uppercase())),
            ("invisible", of_text(&sprinkled(text, 3, |c| format!("{c}\u{200b}\u{2060}")))),
            ("punctuation", of_text(&text.replace(' ', " - ").replace('，', " * "))),
            (
                "around",
                of_text(&format!(
                    "Dear Ann Smith,\n\n{text}\n\nRef: AB12-XY34 lorem ipsum dolor sit amet"
                )),
            ),
            ("a link", of_text(&text.replacen(' ', " https://example.com/a?b=c ", 1))),
            ("references", of_mail(html, &format!("<p>{references}</p>"))),
            ("hidden words", of_mail(html, &format!("<div><b>{inside}</b></div>"))),
            ("split words", of_mail(html, &sprinkled(text, 4, |c| format!("{c}<span></span>")))),
            ("wrapped", of_mail(plain, &text.replace(' ', "\n"))),
            ("quoted", of_mail(plain, &format!("> {}", text.replace(". ", ".\n> ")))),
            (
                "written backwards",
                match rtl {
                    true => of_text(text),
                    false => of_mail(
                        html,
                        &format!("<bdo dir=rtl>{}</bdo>", text.chars().rev().collect::<String>()),
                    ),
                },
            ),
            (
                "overridden",
                match rtl {
                    true => of_text(&format!("\u{202e}{text}\u{202c}")),
                    false => of_text(
                        &turned
                            .iter()
                            .map(|word| format!("\u{202e}{word}\u{202c} "))
                            .collect::<String>(),
                    ),
                },
            ),
        ];
        for (how, prints) in mutants {
            let found = grade(&prints, &learned);
            // Half of a short text is another's: that alone may be no more than a suspicion.
            let enough = found == Grade::Verdict || how == "around" && found == Grade::Suspect;
            assert!(enough, "{language}, {how}: {found:?}");
        }
    }
}

#[test]
fn texts_of_different_languages_are_not_taken_for_one_another() {
    let all: Vec<_> = languages().into_iter().map(|(name, text)| (name, of_text(text))).collect();
    for (name, learned) in &all {
        for (other, prints) in all.iter().filter(|(other, _)| other != name) {
            assert_eq!(grade(prints, learned), Grade::None, "{name}, {other}");
        }
    }
}

#[test]
fn short_messages_without_headers_are_recognised() {
    let learned =
        of_text("Your parcel 4711 is held: pay the fee at https://parcel-fee-desk.info/x1");
    let varied =
        of_text("YOUR PARCEL 9924 is held - pay the fee at: https://parcel-fee-desk.info/q7");
    assert_eq!(grade(&varied, &learned), Grade::Verdict);
    let same = of_text("your parcel 1 is held. Pay the fee at https://parcel-fee-desk.info/x1");
    assert_eq!(grade(&same, &learned), Grade::Verdict);
    assert_eq!(grade(&of_text("See you at eight, I bring the wine."), &learned), Grade::None);
}

#[test]
fn what_wanted_mail_says_too_does_not_count() {
    let limits = Limits::default();
    let text = languages()[0].1;
    let mail = format!("From: a@example.com\nSubject: x\n\n{text}\n");
    let message = Message::parse(mail.into_bytes(), &limits);
    let view = mailprint::fingerprint::view::View::of(&message, &limits);
    let mut known = Learned::spam(&of_text(text));
    assert_eq!(judge(&of_text(text), &known, Signer::Nobody).grade, Grade::Verdict);
    let prints = fingerprint::of_view(&view, &Nothing, &limits);
    known.phrases.learn(&view, &prints, &limits);
    let judged = judge(&fingerprint::of_text(text, &known, &limits), &known, Signer::Nobody);
    assert_eq!(judged.grade, Grade::Exempt);
}

/// `algorithm|digest|text`: what others must get, too. `\n` in the text is a line end.
#[test]
fn digests_are_those_of_the_test_vectors() {
    let vectors = include_str!("data/fingerprints/texts.txt");
    let mut seen = HashSet::new();
    for line in vectors.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let [name, digests, text] = line.splitn(3, '|').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let text = text.replace("\\n", "\n");
        let prints = match name {
            "subject" => of_mail(&format!("Subject: {text}\n"), ""),
            _ => of_text(&text),
        };
        let of_name = prints.all.iter().filter(|print| print.algorithm.name() == name);
        let mut found: Vec<String> =
            of_name.map(|print| print.digest.map(|byte| format!("{byte:02x}")).concat()).collect();
        found.sort();
        assert_eq!(found.join(" "), digests, "{name}: {text}");
        seen.insert(name);
    }
    assert_eq!(seen.len(), 7, "{seen:?}");
}
