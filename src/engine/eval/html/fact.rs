//! The facts of an HTML part by the names that rule files call them.

use crate::message::html::{Html, Snippet};

/// A fact of an HTML part.
#[derive(Clone, Copy)]
pub(super) enum Fact {
    /// One number or flag; `None` where the part has no such fact.
    Number(fn(&Html) -> Option<f64>),
    /// A list or table; all that rules can find out by itself is whether it is there.
    Many(fn(&Html) -> bool),
}

/// What Perl makes of a list in a calculation: the address where it lies, larger than
/// anything that it could sensibly be compared with.
const ADDRESS: f64 = 1e14;

impl Fact {
    /// The fact called `name`.
    pub(super) fn named(name: &[u8]) -> Option<Fact> {
        FACTS.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, fact)| *fact)
    }

    /// Its value; 1 for a flag.
    pub(super) fn value(self, html: &Html) -> Option<f64> {
        match self {
            Fact::Number(value) => value(html),
            Fact::Many(is_there) => is_there(html).then_some(ADDRESS),
        }
    }
}

/// What is known of a document whose end was seen.
fn at_end(html: &Html, value: f64) -> Option<f64> {
    (!html.aborted).then_some(value)
}

fn flag(is_set: bool) -> Option<f64> {
    is_set.then_some(1.0)
}

const FACTS: &[(&str, Fact)] = &[
    ("html", Fact::Number(|_| Some(1.0))),
    ("length", Fact::Number(|html| at_end(html, html.length as f64))),
    ("html_length", Fact::Number(|html| Some(html.html_length as f64))),
    ("non_space_len", Fact::Number(|html| Some(html.non_space_len as f64))),
    ("ratio", Fact::Number(|html| html.ratio)),
    ("image_area", Fact::Number(|html| at_end(html, html.image_area))),
    ("min_size", Fact::Number(|html| at_end(html, html.min_size))),
    ("max_size", Fact::Number(|html| at_end(html, html.max_size))),
    ("bad_tag_ratio", Fact::Number(|html| html.bad_tag_ratio)),
    ("non_element_ratio", Fact::Number(|html| html.non_element_ratio)),
    ("obfuscation_ratio", Fact::Number(|html| html.obfuscation_ratio)),
    ("closed_extra_ratio", Fact::Number(|html| html.closed_extra_ratio)),
    ("backhair_count", Fact::Number(|html| html.backhair_count.map(|count| count as f64))),
    ("font_low_contrast", Fact::Number(|html| flag(html.font_low_contrast))),
    ("font_invalid_color", Fact::Number(|html| flag(html.font_invalid_color))),
    ("font_face_bad", Fact::Number(|html| flag(html.font_face_bad))),
    ("embeds", Fact::Number(|html| flag(html.embeds))),
    ("form_action_mailto", Fact::Number(|html| flag(html.form_action_mailto))),
    ("uri_truncated", Fact::Number(|html| flag(html.uri_truncated))),
    ("uri", Fact::Many(|html| !html.aborted)),
    ("uri_detail", Fact::Many(|html| !html.uris.is_empty())),
    ("anchor", Fact::Many(|html| !html.anchor.is_empty())),
    ("title", Fact::Many(|html| !html.title.is_empty())),
    ("script", Fact::Many(|html| !html.script.is_empty())),
    ("comment", Fact::Many(|html| !html.comment.is_empty())),
    ("inside", Fact::Many(|html| !html.inside.is_empty())),
];

/// Texts of an HTML part: each with whether it is one of characters.
pub(super) type Texts = for<'h> fn(&'h Html) -> Box<dyn Iterator<Item = (&'h [u8], bool)> + 'h>;

/// The texts called `name`.
pub(super) fn texts(name: &[u8]) -> Option<Texts> {
    fn all(snippets: &[Snippet]) -> Box<dyn Iterator<Item = (&[u8], bool)> + '_> {
        Box::new(snippets.iter().map(|snippet| (snippet.text.as_slice(), snippet.wide)))
    }
    Some(match name {
        b"title" => |html| all(&html.title),
        b"comment" => |html| all(&html.comment),
        b"script" => |html| all(&html.script),
        b"anchor" => |html| all(&html.anchor),
        b"uri" => |html| Box::new(html.uris.iter().map(|link| (link.uri.as_slice(), link.wide))),
        _ => return None,
    })
}
