//! Pyzor's digest, as pyzor 1.0 makes it with Python's `email` and `html.parser`.
//!
//! In: a [`Message`]. Out: 40 hexadecimal digits. `strip` takes the text out of HTML.
//!
//! Of each part that is no multipart, in order: text in the part's charset (what it cannot be
//! read in is dropped), HTML as its runs of text without blanks around, joined by blanks; of
//! other parts the content as it came. Of each line, words of ten characters and more, mail
//! addresses, URLs and white space are dropped; lines of less than eight characters do not
//! count. Of more than four lines three are taken at a fifth and three at three fifths. SHA-1.
//!
//! Charsets are read by the same tables as everywhere in mailprint; where Python's differ (in
//! rare East Asian characters), so may the digest.

mod strip;

use crate::message::content_type::ContentType;
use crate::message::{Message, Part, encoded_word};
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use std::borrow::Cow;

/// Lines of which a message is digested whole.
const WHOLE: usize = 4;
/// Where lines are taken, in hundredths, and how many.
const PLACES: [(usize, usize); 2] = [(20, 3), (60, 3)];
const SHORTEST: usize = 8;
const LONG_WORD: usize = 10;

/// The digest; `None` where pyzor itself fails, on HTML with a marked section of its own.
pub fn digest(message: &Message) -> Option<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in message.parts().iter().filter(|part| part.is_leaf()) {
        let (main, sub) = kind(part);
        let text = match main.as_str() {
            "text" => decoded(part),
            _ => Cow::Owned(ascii(part.raw())),
        };
        let text = match sub.as_str() {
            "html" if main == "text" => Cow::Owned(strip::text(&text)?),
            _ => text,
        };
        lines.extend(split_lines(&text).map(normal).filter(|l| l.chars().count() >= SHORTEST));
    }
    let mut sha = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    let count = lines.len();
    let all = 0..count;
    let chosen: Vec<usize> = match count {
        0..=WHOLE => all.collect(),
        _ => PLACES
            .iter()
            .flat_map(|(place, length)| (0..*length).map(move |at| place * count / 100 + at))
            .collect(),
    };
    for line in chosen.into_iter().filter_map(|at| lines.get(at)) {
        sha.update(line.as_bytes());
    }
    Some(data_encoding::HEXLOWER.encode(sha.finish().as_ref()))
}

/// Type and subtype as Python's `email` reads them.
fn kind(part: &Part) -> (String, String) {
    let field = part.headers.all(b"Content-Type").next();
    let value = field.map(|field| String::from_utf8_lossy(&field.raw).to_lowercase());
    let value = value.unwrap_or_else(|| "text/plain".to_owned());
    let name = value.split(';').next().unwrap_or_default().trim();
    match name.split_once('/') {
        Some((main, sub)) if !sub.contains('/') => (main.to_owned(), sub.to_owned()),
        _ => ("text".to_owned(), "plain".to_owned()),
    }
}

/// A part's text in its charset; what cannot be read is dropped.
fn decoded(part: &Part) -> Cow<'_, str> {
    let field = part.headers.all(b"Content-Type").next();
    let charset =
        field.and_then(|field| ContentType::parse(Some(&encoded_word::decoded(field))).charset);
    let name = charset.map(|name| String::from_utf8_lossy(&name).trim().to_lowercase());
    let name = name.unwrap_or_default().replace('_', "-");
    let bytes = part.decoded();
    match name.as_str() {
        "utf-8" | "utf8" | "unicode-1-1-utf-8" => {
            bytes.utf8_chunks().map(|chunk| chunk.valid()).collect::<String>().into()
        }
        "iso-8859-1" | "latin-1" | "latin1" | "iso8859-1" | "l1" | "cp819" => {
            bytes.iter().map(|&b| char::from(b)).collect::<String>().into()
        }
        "" | "ascii" | "us-ascii" | "ansi-x3.4-1968" | "646" => ascii_only(bytes).into(),
        name => match encoding_rs::Encoding::for_label(name.as_bytes()) {
            Some(encoding) if name != "x-user-defined" && !name.starts_with("unicode") => {
                let (text, _, _) = encoding.decode(bytes);
                text.chars().filter(|&c| c != '\u{fffd}').collect::<String>().into()
            }
            _ => ascii_only(bytes).into(),
        },
    }
}

fn ascii_only(bytes: &[u8]) -> String {
    bytes.iter().filter(|b| b.is_ascii()).map(|&b| char::from(b)).collect()
}

/// Octets that are no ASCII as U+FFFD.
fn ascii(bytes: &[u8]) -> String {
    bytes.iter().map(|&b| if b.is_ascii() { char::from(b) } else { '\u{fffd}' }).collect()
}

/// White space to Python.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// Lines as Python's `splitlines` cuts them. CRLF leaves an empty one, which does not count.
fn split_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| {
        matches!(
            c,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'
                ..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    })
}

/// A line without what changes from copy to copy.
fn normal(line: &str) -> String {
    let short = |word: &&str| word.chars().take(LONG_WORD).count() < LONG_WORD;
    line.split(is_space).filter(short).map(kept).collect()
}

/// What of a word is neither an address nor a URL.
fn kept(word: &str) -> &str {
    let is_address = word.char_indices().any(|(at, c)| c == '@' && at > 0 && word.len() > at + 1);
    if is_address {
        return "";
    }
    // The first letters that a colon and something more follow.
    let mut letters: Option<usize> = None;
    for (at, c) in word.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' | '\u{17f}' | '\u{212a}' | '\u{130}' | '\u{131}' => {
                letters.get_or_insert(at);
            }
            ':' if letters.is_some() && at + 1 < word.len() => {
                return letters.and_then(|start| word.get(..start)).unwrap_or_default();
            }
            _ => letters = None,
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use proptest::prelude::*;

    #[test]
    fn lines_lose_what_changes() {
        let table = [
            ("Dear you, abcdefghij is gone", "Dearyou,isgone"),
            ("write a@b now", "writenow"),
            ("see x:y and a1http:z z", "seeanda1z"),
            ("a: b", "a:b"),
            ("@a b@", "@ab@"),
        ];
        for (line, expected) in table {
            assert_eq!(normal(line), expected, "{line}");
        }
    }

    #[test]
    fn the_digest_of_nothing_is_that_of_sha_1() {
        let message = Message::parse(b"Subject: x\n\n".to_vec(), &Limits::default());
        let nothing = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
        assert_eq!(digest(&message).as_deref(), Some(nothing));
    }

    proptest! {
        #[test]
        fn anything_is_digested(body in "(<|</|<!|<!--|-->|<!\\[if|\\]>|<script|>|/|=|\"|'|&|#x4|;|a|@|:| |\n|\\PC){0,60}") {
            let mail = format!("Content-Type: text/html; charset=utf-8\n\n{body}");
            digest(&Message::parse(mail.into_bytes(), &Limits::default()));
        }
    }
}
