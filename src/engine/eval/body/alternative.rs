//! How much the HTML of a multipart/alternative says that its text does not.

use crate::message::view::{Rendered, Views};
use crate::message::words::words;
use crate::message::{Message, Part};
use std::borrow::Cow;
use std::collections::HashMap;

/// What the multipart/alternative parts of a message have in common, text and HTML.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Difference {
    /// Per cent of the different HTML words that the text has less often; the worst part's.
    pub percent: f64,
    /// Different words of HTML, of the last part that has any.
    pub html_words: f64,
    /// Different words of text, of the same part.
    pub text_words: f64,
}

impl Difference {
    /// All is 0 where there is no such part, or a meeting request.
    pub(super) fn of(views: &Views) -> Difference {
        let mut difference = Difference::default();
        let message = views.message();
        let numbered = message.parts().iter().enumerate();
        let mut alternatives =
            numbered.filter(|(_, part)| part.is_of(b"multipart/alternative")).peekable();
        if alternatives.peek().is_none() || is_meeting_request(message) {
            return difference;
        }
        let is_text =
            |number: usize| message.parts().get(number).is_some_and(|part| part.is_of(b"text"));
        let texts = views.rendered().filter(|(number, _)| is_text(*number));
        let texts: Vec<(usize, &Rendered)> = texts.collect();
        for (number, _) in alternatives {
            let within = message.subtree(number);
            let place = |number| texts.partition_point(|(text, _)| *text < number);
            difference.add(texts.get(place(within.start)..place(within.end)).unwrap_or_default());
        }
        difference
    }

    /// Adds the texts of one part.
    fn add(&mut self, texts: &[(usize, &Rendered)]) {
        let (mut html, mut text) = (Words::new(), Words::new());
        for (_, rendered) in texts {
            match rendered {
                Rendered::Html(part) => {
                    count(rendered, &mut html);
                    if html.is_empty() && part.inside.contains_key(&b"img"[..]) {
                        html.insert(Cow::Borrowed(b"\n"), 1);
                    }
                }
                _ => count(rendered, &mut text),
            }
        }
        if html.is_empty() {
            return;
        }
        let of_text = |word: &Cow<[u8]>| text.get(word).copied().unwrap_or(0);
        let missing = html.iter().filter(|(word, times)| **times > of_text(word)).count();
        self.html_words = html.len() as f64;
        self.text_words = text.len() as f64;
        self.percent = self.percent.max(missing as f64 / self.html_words * 100.0);
    }
}

/// How often each word occurs.
type Words<'v> = HashMap<Cow<'v, [u8]>, u32>;

fn count<'v>(rendered: &'v Rendered, into: &mut Words<'v>) {
    let (text, wide) = rendered.text();
    words(text, wide).for_each(|word| *into.entry(word).or_insert(0) += 1);
}

/// Is it an alternative of HTML and a calendar, and nothing else?
fn is_meeting_request(message: &Message) -> bool {
    let kinds = message.parts().iter().map(Part::content_type);
    kinds.eq([&b"multipart/alternative"[..], b"text/html", b"text/calendar"])
}
