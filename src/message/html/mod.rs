//! HTML as Mail::SpamAssassin::HTML reads it: rendered text and the facts that rules ask.
//!
//! In: the decoded text of one `text/html` part. Out: [`Html`]. One pass, no recursion,
//! time and memory linear in the input. `edit` prepares the source, `tokenizer` cuts markup
//! as HTML::Parser 3 does, `entity` decodes references, `attributes` and `elements` say what
//! counts, `style` and `colour` follow what text looks like, `link` resolves references to
//! URIs, `text` collects the text, `words` judges its characters, `render` puts text and
//! facts together.

mod attributes;
#[cfg(test)]
mod cases;
pub(crate) mod colour;
mod edit;
mod elements;
pub(crate) mod entity;
mod link;
mod render;
mod style;
mod text;
mod tokenizer;
pub(in crate::message) mod words;

pub use render::render;

use self::words::Alphabet;
use crate::limits::Reached;
use std::collections::HashMap;
use std::ops::Range;

/// How the octets of a source are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// UTF-8, the result of decoding a character set; `normalize_charset` in force. A part
    /// that was ASCII all along and needed no decoding is [`Source::Ascii`].
    Utf8,
    /// ASCII that needed no decoding (or octets that no charset could be found for, then
    /// each is a character): Perl holds such a text as octets, and text without any
    /// character above U+00FF stays so.
    Ascii,
    /// Octets of unknown meaning: `normalize_charset` is off.
    Octets,
}

/// A rendered part: what Mail::SpamAssassin::HTML's results say, under the same names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Html {
    /// The rendered text: UTF-8 if `wide`, else one octet a character.
    pub text: Vec<u8>,
    /// Is `text` a string of characters (in Perl: has it the UTF-8 flag)?
    pub wide: bool,
    /// The parts of `text` that no reader sees, in order.
    pub invisible: Vec<Range<usize>>,
    /// Characters of the source.
    pub length: usize,
    /// Characters of `text`.
    pub html_length: usize,
    /// Characters of `text` that are not white space.
    pub non_space_len: usize,
    /// (octets of the part − characters of `text`) / octets of the part.
    pub ratio: Option<f64>,
    /// Square pixels of all images with width and height.
    pub image_area: f64,
    /// The smallest font size; 3 is the usual.
    pub min_size: f64,
    /// The largest font size.
    pub max_size: f64,
    /// Tags that are no HTML elements / tags.
    pub bad_tag_ratio: Option<f64>,
    /// Different tag names that are no HTML elements / different tag names.
    pub non_element_ratio: Option<f64>,
    /// Tags within words / tags.
    pub obfuscation_ratio: Option<f64>,
    /// End tags without start tag / tags.
    pub closed_extra_ratio: Option<f64>,
    /// Different pairs of lengths of word pieces around a tag.
    pub backhair_count: Option<usize>,
    /// Was there text hardly different from its background?
    pub font_low_contrast: bool,
    /// Was there text in a colour that is none?
    pub font_invalid_color: bool,
    /// Was there a font face that is no name?
    pub font_face_bad: bool,
    /// Was there an `object` or `embed`?
    pub embeds: bool,
    /// Did a form send to `mailto:`?
    pub form_action_mailto: bool,
    /// The text of each `title`.
    pub title: Vec<Snippet>,
    /// The text of scripts.
    pub script: Vec<Snippet>,
    /// Comments, with their delimiters.
    pub comment: Vec<Snippet>,
    /// The text of each `a`; an image is `<img>` and a newline.
    pub anchor: Vec<Snippet>,
    /// How many of each tag are open at the end, for each tag seen, in lower case.
    pub inside: HashMap<Vec<u8>, i64>,
    /// The references to URIs, each once, in order.
    pub uris: Vec<Link>,
    /// Was a URI cut at its limit?
    pub uri_truncated: bool,
    /// Did SpamAssassin not see the end of the document? It does not after an empty CSS
    /// background and within an ignored marked section. Then there are no URIs, no tags and
    /// no ratios.
    pub aborted: bool,
    /// The limits that the part has reached.
    pub reached: Reached,
}

/// A reference to a URI, resolved against `base`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The URI; UTF-8 where it has characters above ASCII, save in raw octets.
    pub uri: Vec<u8>,
    /// Is `uri` a string of characters?
    pub wide: bool,
    /// The elements that refer to it, in lower case, each once: `a`, `img`, … . Empty for
    /// what is only the unresolved `href` under which anchor texts are kept.
    pub types: Vec<&'static str>,
    /// The text of the anchors with this `href`, in order; an entry may be empty.
    pub anchor_text: Vec<Snippet>,
}

/// A piece of a part's text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Snippet {
    /// UTF-8 if `wide`, else one octet a character.
    pub text: Vec<u8>,
    /// Is it a string of characters?
    pub wide: bool,
}

impl Snippet {
    /// How many characters it has.
    pub fn length(&self) -> usize {
        let alphabet = if self.wide { Alphabet::Utf8 } else { Alphabet::Octets };
        alphabet.count(&self.text)
    }
}
