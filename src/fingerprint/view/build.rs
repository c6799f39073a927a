//! Walks the parts of a message and puts its views together.
//!
//! In: a [`Message`]. Out: a [`View`]. See `view` for the invariants.

use super::{File, Link, Source, TextPart, View, page};
use crate::limits::{Limit, Limits};
use crate::message::encoded_word;
use crate::message::{Message, Part, Rendering};
use crate::text::charset::{Trust, to_utf8};
use std::borrow::Cow;
use std::collections::HashSet;

/// A wrapper's own text has fewer letters than this.
const COVER_NOTE: usize = 200;

impl<'m> View<'m> {
    /// Looks at `message`.
    pub fn of(message: &'m Message, limits: &Limits) -> View<'m> {
        let top = innermost(message);
        let mut view = View { message: Some(message), top, ..View::default() };
        view.subject = view
            .headers()
            .and_then(|headers| headers.last(b"subject"))
            .map_or_else(String::new, |field| {
                String::from_utf8_lossy(&encoded_word::decoded(field)).into_owned()
            });
        for index in message.subtree(top) {
            if let Some(part) = message.parts().get(index).filter(|part| part.is_leaf()) {
                view.part(part, limits);
            }
        }
        view.finish(limits);
        view
    }

    /// Looks at a text without headers.
    pub fn of_text(text: &str, limits: &Limits) -> View<'m> {
        let mut view = View::default();
        view.text(text, false, limits);
        view.finish(limits);
        view
    }

    fn part(&mut self, part: &'m Part, limits: &Limits) {
        let attached = is_attached(part);
        let kind = part.rendering();
        if kind == Rendering::Plain && !attached {
            let text = characters(part, limits);
            self.text(&text, false, limits);
            return;
        }
        if kind == Rendering::Html {
            let text = characters(part, limits);
            self.text(&text, true, limits);
            if !attached {
                return;
            }
        }
        if self.files.len() >= limits.fingerprint_files {
            self.reached.note(Limit::FingerprintFiles);
            return;
        }
        let name = part.name().unwrap_or_default();
        let bytes = part.decoded();
        if !bytes.is_empty() {
            self.files.push(File {
                name: String::from_utf8_lossy(name).into_owned(),
                kind: String::from_utf8_lossy(part.content_type()).into_owned(),
                attached,
                bytes: Cow::Borrowed(bytes),
            });
        }
    }

    fn text(&mut self, text: &str, html: bool, limits: &Limits) {
        if self.texts.len() >= limits.fingerprint_texts {
            self.reached.note(Limit::FingerprintTexts);
            return;
        }
        let text = &self.ends(text, limits.fingerprint_text);
        if !html {
            self.texts.push(TextPart { html, text: text.clone().into_owned() });
            return;
        }
        let shown = page::render(text, limits);
        self.reached.merge(shown.reached);
        self.texts.push(TextPart { html, text: shown.text });
        self.pages.push(shown.page);
        self.links.extend(shown.links);
        let room = limits.fingerprint_files.saturating_sub(self.files.len());
        self.files.extend(shown.files.into_iter().take(room));
    }

    /// `text`, of a long one the first and the last half of `most`.
    fn ends<'t>(&mut self, text: &'t str, most: usize) -> Cow<'t, str> {
        if text.len() <= most {
            return text.into();
        }
        self.reached.note(Limit::FingerprintText);
        let head = text.get(..text.floor_char_boundary(most / 2)).unwrap_or_default();
        let tail = text.get(text.ceil_char_boundary(text.len() - most / 2)..).unwrap_or_default();
        [head, tail].join("\n").into()
    }

    /// Finds references in the texts, and drops what is said twice.
    fn finish(&mut self, limits: &Limits) {
        for text in &self.texts {
            let urls = urls_in(text.body()).map(|url| Link { url, source: Source::Text });
            let room = limits.fingerprint_links.saturating_mul(2).saturating_sub(self.links.len());
            self.links.extend(urls.take(room));
        }
        let mut seen = HashSet::new();
        self.links.retain(|link| seen.insert((link.url.clone(), link.source)));
        if self.links.len() > limits.fingerprint_links {
            self.links.truncate(limits.fingerprint_links);
            self.reached.note(Limit::FingerprintLinks);
        }
    }
}

/// The place of the message that is forwarded: by way of wrappers that hold one message each
/// and next to no text.
fn innermost(message: &Message) -> usize {
    let mut top = 0;
    loop {
        let mut inner = None;
        let mut letters = 0;
        let mut index = top;
        let range = message.subtree(top);
        while let Some(part) = message.parts().get(index).filter(|_| range.contains(&index)) {
            let of_message = matches!(part.content_type(), b"message/rfc822" | b"message/global");
            if of_message && !part.is_leaf() && index != top {
                if inner.is_some() {
                    return top;
                }
                inner = part.children.first().copied();
                index = message.subtree(index).end;
                continue;
            }
            if part.rendering() != Rendering::None {
                letters += part.decoded().iter().filter(|b| b.is_ascii_alphanumeric()).count();
            } else if part.is_leaf() {
                // A file of its own is more than a note.
                letters += COVER_NOTE;
            }
            index += 1;
        }
        match inner.filter(|_| letters < COVER_NOTE) {
            Some(inner) if inner > top => top = inner,
            _ => return top,
        }
    }
}

/// Is `part` declared as an attachment?
fn is_attached(part: &Part) -> bool {
    let disposition = part.headers.last(b"content-disposition").map(encoded_word::decoded);
    disposition.is_some_and(|value| {
        value.get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"attachment"))
    })
}

/// The text of `part` in characters.
fn characters<'p>(part: &'p Part, limits: &Limits) -> Cow<'p, str> {
    let bytes = match part.is_base64() && !is_base64_text(part.raw()) {
        true => part.raw(),
        false => part.decoded(),
    };
    // Four octets are the most that one character takes, in any charset that is text.
    let most = limits.fingerprint_text.saturating_mul(8);
    let bytes = bytes.get(..most).unwrap_or(bytes);
    match to_utf8(bytes, part.charset(), Trust::Hint).0 {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(
            String::from_utf8(bytes)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        ),
    }
}

/// Is this base64 at all? Text that only claims to be has blanks between its words.
fn is_base64_text(raw: &[u8]) -> bool {
    let sample = raw.get(..2048).unwrap_or(raw);
    let odd =
        |b: &&u8| !b.is_ascii_alphanumeric() && !matches!(b, b'+' | b'/' | b'=' | b'\n' | b'\r');
    sample.iter().filter(odd).count() * 20 <= sample.len()
}

/// What looks like a URL or a name of a web server in `text`: with a scheme, or `www.` before
/// it, or a path behind a name.
fn urls_in(text: &str) -> impl Iterator<Item = String> {
    let ends = |c: char| {
        c.is_whitespace()
            || !c.is_ascii()
            || matches!(c, '"' | '<' | '>' | '\'' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '`')
    };
    text.split(ends).filter(|word| word.len() > 4).filter_map(|word| {
        let word = word.trim_end_matches(['.', ',', ';', ':', '!', '?']);
        let start = match word.find("://") {
            Some(at) => scheme_start(word, at)?,
            None => {
                let lower = word.get(..4)?.to_ascii_lowercase();
                let is_name = lower == "www." || is_name_with_path(word);
                is_name.then_some(0)?
            }
        };
        Some(word.get(start..)?.to_owned())
    })
}

/// Where the scheme before the `://` at `at` begins.
fn scheme_start(word: &str, at: usize) -> Option<usize> {
    let scheme = word.get(..at)?.bytes().rev().take(10).take_while(u8::is_ascii_alphanumeric);
    let length = scheme.count();
    (length > 0).then_some(at - length)
}

/// `example.com`, `example.com/x`: two labels or more, the last of letters.
fn is_name_with_path(word: &str) -> bool {
    let host = word.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let Some((before, last)) = host.rsplit_once('.') else { return false };
    last.len() >= 2 && last.bytes().all(|b| b.is_ascii_lowercase()) && before.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Reached;
    use proptest::prelude::*;

    fn view(raw: &str, look: impl Fn(&View<'_>)) {
        let limits = Limits::default();
        let message = Message::parse(raw.as_bytes().to_vec(), &limits);
        look(&View::of(&message, &limits));
    }

    #[test]
    fn references_are_found_in_text() {
        let text = "see http://a.example/x?y=1. or (www.b.example), c.example/z 你好https://d.example/e谢谢 \
            3.5 e.g. a..b end.Next ftp://f.example";
        let found: Vec<_> = urls_in(text).collect();
        let expected = [
            "http://a.example/x?y=1",
            "www.b.example",
            "c.example/z",
            "https://d.example/e",
            "ftp://f.example",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_wrapper_is_looked_through() {
        let raw = "Subject: Fwd\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nsee below\n\
            --b\nContent-Type: message/rfc822\n\nSubject: inner\n\nthe text\n--b--\n";
        view(raw, |view| {
            assert_eq!(view.subject, "inner");
            assert_eq!(view.texts.len(), 1);
            assert_eq!(view.texts.first().map(|t| t.text.trim()), Some("the text"));
        });
        let talk = "a long note of its own ".repeat(20);
        view(&raw.replace("see below", &talk), |view| {
            assert_eq!(view.subject, "Fwd");
            assert_eq!(view.texts.len(), 2);
        });
    }

    #[test]
    fn text_that_claims_to_be_base64_is_read_as_it_is() {
        let raw = "Content-Transfer-Encoding: base64\n\nThis is no base64 at all, is it?\n";
        view(raw, |view| {
            assert_eq!(
                view.texts.first().map(|t| t.text.trim()),
                Some("This is no base64 at all, is it?")
            );
        });
    }

    #[test]
    fn attachments_are_files_and_attached_pages_are_read_too() {
        let raw = "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html; name=x.htm\n\
            Content-Disposition: attachment; filename=x.htm\n\n<p>hi\n--b\n\
            Content-Type: application/pdf\n\nPDF\n--b--\n";
        view(raw, |view| {
            assert_eq!(view.files.len(), 2);
            assert_eq!(
                view.files.first().map(|f| (f.name.as_str(), f.attached)),
                Some(("x.htm", true))
            );
            assert_eq!(view.texts.first().map(|t| t.text.trim()), Some("hi"));
        });
    }

    fn of_text(text: &str, limits: &Limits) -> (View<'static>, Reached) {
        let view = View::of_text(text, limits);
        let reached = view.reached;
        (view, reached)
    }

    fn of_page(body: &str, limits: &Limits, look: impl Fn(&View<'_>)) {
        let raw = format!("Content-Type: text/html\n\n{body}");
        let message = Message::parse(raw.into_bytes(), limits);
        look(&View::of(&message, limits));
    }

    #[test]
    fn limit_fingerprint_texts() {
        let part = "--b\nContent-Type: text/plain\n\nsaid\n";
        let limits = Limits { fingerprint_texts: 2, ..Limits::default() };
        for (count, kept, over) in [(1, 1, false), (2, 2, false), (3, 2, true)] {
            let raw = format!(
                "Content-Type: multipart/mixed; boundary=b\n\n{}--b--\n",
                part.repeat(count)
            );
            let message = Message::parse(raw.into_bytes(), &limits);
            let view = View::of(&message, &limits);
            assert_eq!(view.texts.len(), kept);
            assert_eq!(view.reached.has(Limit::FingerprintTexts), over, "{count}");
        }
    }

    #[test]
    fn limit_fingerprint_text_keeps_both_ends() {
        let limits = Limits { fingerprint_text: 10, ..Limits::default() };
        for (text, kept, over) in [
            ("123456789", "123456789", false),
            ("1234567890", "1234567890", false),
            ("12345678901", "12345\n78901", true),
        ] {
            let (view, reached) = of_text(text, &limits);
            assert_eq!(view.texts.first().map(|part| part.text.as_str()), Some(kept));
            assert_eq!(reached.has(Limit::FingerprintText), over, "{text}");
        }
    }

    #[test]
    fn limit_fingerprint_links_in_text_and_in_pages() {
        let limits = Limits { fingerprint_links: 2, ..Limits::default() };
        for (count, kept, over) in [(1, 1, false), (2, 2, false), (3, 2, true)] {
            let urls: String = (0..count).map(|n| format!("http://a{n}.example/ ")).collect();
            let (view, reached) = of_text(&urls, &limits);
            assert_eq!((view.links.len(), reached.has(Limit::FingerprintLinks)), (kept, over));
            let anchors: String =
                (0..count).map(|n| format!("<a href='http://a{n}.example/'>x</a>")).collect();
            of_page(&anchors, &limits, |view| {
                assert_eq!(
                    (view.links.len(), view.reached.has(Limit::FingerprintLinks)),
                    (kept, over)
                );
            });
        }
    }

    #[test]
    fn limit_fingerprint_elements() {
        let limits = Limits { fingerprint_elements: 2, ..Limits::default() };
        for (count, kept, over) in [(1, 1, false), (2, 2, false), (3, 2, true)] {
            of_page(&"<p>x".repeat(count), &limits, |view| {
                assert_eq!(view.pages.first().map(|page| page.elements.len()), Some(kept));
                assert_eq!(view.reached.has(Limit::FingerprintElements), over);
            });
        }
    }

    #[test]
    fn limit_fingerprint_files_holds_for_parts_and_for_urls_with_data() {
        let limits = Limits { fingerprint_files: 2, ..Limits::default() };
        let part = "--b\nContent-Type: image/gif\n\nGIF\n";
        for (count, kept, over) in [(1, 1, false), (2, 2, false), (3, 2, true)] {
            let raw = format!(
                "Content-Type: multipart/mixed; boundary=b\n\n{}--b--\n",
                part.repeat(count)
            );
            let message = Message::parse(raw.into_bytes(), &limits);
            let view = View::of(&message, &limits);
            assert_eq!((view.files.len(), view.reached.has(Limit::FingerprintFiles)), (kept, over));
            of_page(&"<img src='data:image/gif,GIF'>".repeat(count), &limits, |view| {
                assert_eq!(
                    (view.files.len(), view.reached.has(Limit::FingerprintFiles)),
                    (kept, over)
                );
            });
        }
    }

    proptest! {
        #[test]
        fn any_message_has_views(
            parts in proptest::collection::vec(
                prop_oneof![
                    Just("Content-Type: text/html; charset=utf-8\n\n"), Just("<p style=\"display:"),
                    Just("<style>.a::before{content:\""), Just("<table><tr><td>"), Just("</td></tr>"),
                    Just("<bdo dir=rtl>"), Just("<div style='display:flex;flex-direction:row-reverse'>"),
                    Just("</div>"), Just("\u{202e}"), Just("&#x1F170;"), Just("data:a/b;base64,"),
                    Just("<a href="), Just("\">"), Just("http://"), Just("-- \n"), Just("é"), Just("你"), Just(" "),
                ],
                0..60,
            ),
            noise in any::<Vec<u8>>(),
        ) {
            let raw = [parts.concat().as_bytes(), &noise].concat();
            let limits = Limits::default();
            let message = Message::parse(raw, &limits);
            let view = View::of(&message, &limits);
            super::super::super::of_view(&view, &super::super::super::common::Nothing, &limits);
        }
    }
}
