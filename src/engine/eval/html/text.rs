//! Patterns on the texts of an HTML part.
//!
//! Perl matches such a text character by character, rule files hold octets. So a text of
//! characters is matched as ISO 8859-1, with a stand-in for what is beyond that.

use super::super::{Binding, Test, at_most, hit_if, literal};
use super::fact;
use crate::rules::model::Eval;
use std::borrow::Cow;
use std::sync::Arc;

/// Hits if one of the texts matches.
pub(super) fn matches(call: &Eval, to: &mut Binding) -> Result<Test, String> {
    one_text(call, to, true)
}

/// Hits if one of the texts does not match.
pub(super) fn does_not_match(call: &Eval, to: &mut Binding) -> Result<Test, String> {
    one_text(call, to, false)
}

fn one_text(call: &Eval, to: &mut Binding, wanted: bool) -> Result<Test, String> {
    at_most(call, 2)?;
    let name = literal(call, 0)?;
    let Some(texts) = fact::texts(name) else {
        return Err(format!(
            "HTML has no texts called '{}': there are title, comment, script, anchor and uri",
            name.escape_ascii()
        ));
    };
    let source = literal(call, 1)?;
    let pattern = to.pattern(source)?;
    let stand_in = stand_in(source);
    Ok(Arc::new(move |scan, worker| {
        for html in scan.views().html() {
            for (text, wide) in texts(html) {
                let text = octets(text, wide, stand_in);
                if pattern.is_match(&text, &mut worker.caches)? == wanted {
                    return hit_if(true);
                }
            }
        }
        hit_if(false)
    }))
}

/// The octet that stands for characters beyond U+00FF: one that the pattern takes for anything,
/// if it takes it at all. Delete, if the pattern names octets above ASCII.
fn stand_in(pattern: &[u8]) -> u8 {
    let is_high = |digit: &u8| matches!(digit, b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F');
    let names_high = memchr::memmem::find_iter(pattern, b"\\x").any(|at| {
        let digits = pattern.get(at + 2..).unwrap_or_default();
        digits.strip_prefix(b"{").unwrap_or(digits).first().is_some_and(is_high)
    });
    if names_high || !pattern.is_ascii() { 0x7f } else { 0xff }
}

/// `text`, one octet a character.
fn octets(text: &[u8], wide: bool, stand_in: u8) -> Cow<'_, [u8]> {
    match std::str::from_utf8(text) {
        Ok(text) if wide && !text.is_ascii() => {
            text.chars().map(|c| u8::try_from(c).unwrap_or(stand_in)).collect()
        }
        _ => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_beyond_latin1_match_nothing_that_is_named() {
        assert_eq!(*octets("aéж".as_bytes(), true, 0xff), *b"a\xe9\xff");
        assert_eq!(*octets("aéж".as_bytes(), false, 0xff), *"aéж".as_bytes());
        for (pattern, expected) in [
            (&b"[^\\x00-\\x7f]"[..], 0xff),
            (b"[\\x80-\\xff]", 0x7f),
            (b"\\x{e9}", 0x7f),
            (b"\xe9", 0x7f),
            (b".{60}", 0xff),
        ] {
            assert_eq!(stand_in(pattern), expected, "{}", pattern.escape_ascii());
        }
    }
}
