//! What SpamAssassin changes in HTML before it is parsed.

use super::words::{self, Alphabet};
use std::borrow::Cow;

/// `&nbsp;` to a space, `<br/>` to `<br>`, typographic double quotes to `"`.
pub(super) fn before_parsing(source: &[u8], alphabet: Alphabet, wide: bool) -> Cow<'_, [u8]> {
    let spaced = substituted(Cow::Borrowed(source), b"&nbsp;", b" ");
    let plain = without_slashes(spaced, alphabet, wide);
    let quotes = match (alphabet, wide) {
        (Alphabet::Utf8, false) => ["\u{e2}\u{80}\u{9c}", "\u{e2}\u{80}\u{9d}"],
        _ => ["\u{201c}", "\u{201d}"],
    };
    quotes.iter().fold(plain, |text, quote| substituted(text, quote.as_bytes(), b"\""))
}

fn substituted<'t>(text: Cow<'t, [u8]>, what: &[u8], with: &[u8]) -> Cow<'t, [u8]> {
    let mut out = Vec::new();
    let mut done = 0;
    for at in memchr::memmem::find_iter(&text, what) {
        out.extend_from_slice(text.get(done..at).unwrap_or(b""));
        out.extend_from_slice(with);
        done = at + what.len();
    }
    if done == 0 {
        return text;
    }
    out.extend_from_slice(text.get(done..).unwrap_or(b""));
    Cow::Owned(out)
}

/// `<word />` to `<word>`.
fn without_slashes(text: Cow<'_, [u8]>, alphabet: Alphabet, wide: bool) -> Cow<'_, [u8]> {
    let mut out = Vec::new();
    let mut done = 0;
    for slash in memchr::memmem::find_iter(&text, b"/>") {
        let before = text.get(done..slash).unwrap_or(b"");
        let word = trimmed(before, alphabet, |c| words::is_space(c, wide));
        let start = trimmed(word, alphabet, |c| words::is_word(c, wide));
        if start.len() < word.len() && start.last() == Some(&b'<') {
            out.extend_from_slice(word);
            done = slash + 1;
        }
    }
    if done == 0 {
        return text;
    }
    out.extend_from_slice(text.get(done..).unwrap_or(b""));
    Cow::Owned(out)
}

/// `text` without the characters at its end that are `unwanted`.
fn trimmed(text: &[u8], alphabet: Alphabet, unwanted: impl Fn(char) -> bool) -> &[u8] {
    let mut text = text;
    while let Some((_, length)) = alphabet.last(text).filter(|&(c, _)| unwanted(c)) {
        text = text.get(..text.len() - length).unwrap_or(b"");
    }
    text
}
