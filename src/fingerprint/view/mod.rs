//! The well-known state of a message: what a reader sees, and what the sender built it of.
//!
//! In: a [`Message`], or a short text without headers. Out: a [`View`], made once, which all
//! algorithms read. Invariant: what the sender can change without the reader noticing (transfer
//! encodings, charsets, markup, hidden text) is undone here and nowhere else; nothing is said
//! twice; every list is bounded by a row of [`Limits`].
//!
//! * `build` walks the parts; `page` renders HTML, cut by `tokenizer`; `css` and `sheet` decide
//!   what is hidden and in which order text is shown.

mod build;
mod css;
mod footer;
mod page;
mod sheet;
mod tokenizer;

pub(super) use page::turned;

use crate::limits::Reached;
use crate::message::Message;
use crate::message::headers::Headers;
use std::borrow::Cow;

/// What algorithms look at.
#[derive(Debug, Default)]
pub struct View<'m> {
    /// The message; none for a short text.
    pub message: Option<&'m Message>,
    /// The place in [`Message::parts`] of the message that counts: 0, or that of the one
    /// message that a wrapper with next to no text of its own forwards. The views below are of
    /// this one's subtree; without a wrapper, of all.
    pub top: usize,
    /// Its subject, decoded, in characters.
    pub subject: String,
    /// What can be read, in document order; at most two are fingerprinted (`texts` limits).
    pub texts: Vec<TextPart>,
    /// What each HTML part is built of, in document order.
    pub pages: Vec<Page>,
    /// Addresses of other documents, wherever they stand: in HTML and in plain text. In order,
    /// each once for each way to refer to it.
    pub links: Vec<Link>,
    /// What comes with it: leaves that are no text to be read, and what `data:` URLs hold.
    pub files: Vec<File<'m>>,
    /// Limits that were met.
    pub reached: Reached,
}

/// The text of one part, as characters: charset and transfer encoding undone, not normalised;
/// URLs and addresses are still in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextPart {
    /// Was it HTML? Then this is what a browser shows: hidden text dropped, in the order shown,
    /// blocks ended by a newline.
    pub html: bool,
    /// The text.
    pub text: String,
}

/// What an HTML part is built of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The start tags, in order, hidden ones included.
    pub elements: Vec<Element>,
    /// Its images.
    pub images: Vec<Picture>,
    /// What asks for input: the names and types of fields (`type:name`), in order.
    pub fields: Vec<String>,
    /// How many characters of text nobody sees.
    pub hidden: usize,
    /// How many characters of text are seen.
    pub seen: usize,
}

/// A start tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its name, in lower case.
    pub name: String,
    /// The first word of its `class`, as written; empty without one.
    pub class: String,
    /// How many elements were open around it.
    pub depth: usize,
}

/// An `img`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// Where it is: `cid:…`, `https://…`, `data:…` (a `data:` URL is cut after its type).
    pub src: String,
    /// The width and height given, in pixels.
    pub size: (Option<u32>, Option<u32>),
    /// What is said in its place.
    pub alt: String,
}

/// How a message refers to a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// `href` of an `a` or `area`: what a reader follows.
    Anchor,
    /// `action`, `formaction`: where a form sends.
    Form,
    /// `src`, `background`, `url()` of a style: what is loaded.
    Loaded,
    /// `base`, `link`, `meta` and their like.
    Other,
    /// It stands in the text.
    Text,
}

/// A reference to a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// As written, references (`&amp;`) decoded, white space inside dropped; a scheme is not
    /// added: `www.example.com/x`, `https://…`, `mailto:…`, `tel:…`.
    pub url: String,
    /// How it is referred to.
    pub source: Source,
}

/// A file that comes with a message.
#[derive(Clone, Debug)]
pub struct File<'m> {
    /// Its name, in characters; empty without one.
    pub name: String,
    /// Its declared type, in lower case: `application/pdf`.
    pub kind: String,
    /// Is it declared as an attachment? Else it is inline, or nothing is said.
    pub attached: bool,
    /// Its content, transfer encoding undone.
    pub bytes: Cow<'m, [u8]>,
}

impl TextPart {
    /// The text without what mailing lists and mail programs put below every message.
    pub fn body(&self) -> &str {
        footer::without_footer(&self.text)
    }
}

impl View<'_> {
    /// The head of the message that counts. None for a short text.
    pub fn headers(&self) -> Option<&Headers> {
        Some(&self.message?.parts().get(self.top)?.headers)
    }
}
