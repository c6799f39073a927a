//! Named captures and the tags that they become: `(?<TAG>…)` and `%{TAG}`.
//!
//! SpamAssassin::Conf "CAPTURING TAGS USING REGEX NAMED CAPTURE GROUPS". A rule that captures
//! runs before all others; a rule with a tag runs when the tag has a value.

use super::draft::Draft;

/// Notes named captures and `%{TAG}`s. Gives the pattern with the tags' braces escaped.
pub(super) fn note_captures(draft: &mut Draft<'_>, name: &[u8], text: &[u8]) -> Vec<u8> {
    let (text, tags) = escape_tags(text);
    let captures = has_named_capture(&text);
    if captures || !tags.is_empty() {
        let entry = draft.entry(name);
        // Of several in one pattern SpamAssassin notes the last; the others match as text.
        if let Some(tag) = tags.into_iter().next_back()
            && !entry.templates.contains(&tag)
        {
            entry.templates.push(tag);
        }
        if captures {
            entry.captures = true;
            entry.priority = Some(CAPTURES_FIRST);
        }
    }
    text
}

/// The priority of rules that capture: before all others.
pub(super) const CAPTURES_FIRST: i32 = -10_000;

/// `(?<T`, `(?P<T`, `(?'T`: a capture whose name begins with a capital.
pub(super) fn has_named_capture(text: &[u8]) -> bool {
    memchr::memmem::find_iter(text, b"(?").any(|at| {
        let rest = text.get(at + 2..).unwrap_or_default();
        let rest = rest.strip_prefix(b"P").unwrap_or(rest);
        matches!(rest, [b'<' | b'\'', letter, ..] if letter.is_ascii_uppercase())
    })
}

/// `%{TAG}` as `%\{TAG\}`, and the tags.
fn escape_tags(text: &[u8]) -> (Vec<u8>, Vec<Box<str>>) {
    let (mut out, mut tags) = (Vec::with_capacity(text.len()), Vec::new());
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, b"%{") {
        let (before, found) = rest.split_at_checked(at).unwrap_or((rest, b""));
        out.extend_from_slice(before);
        let inner = found.get(2..).unwrap_or_default();
        let tag = if out.last() == Some(&b'\\') { None } else { tag(inner) };
        match tag {
            Some(tag) => {
                out.extend_from_slice(b"%\\{");
                out.extend_from_slice(tag);
                out.extend_from_slice(b"\\}");
                tags.push(String::from_utf8_lossy(tag).into());
                rest = inner.get(tag.len() + 1..).unwrap_or_default();
            }
            None => {
                out.extend_from_slice(b"%{");
                rest = inner;
            }
        }
    }
    out.extend_from_slice(rest);
    (out, tags)
}

/// `NAME` or `NAME(argument)` up to `}`.
fn tag(inner: &[u8]) -> Option<&[u8]> {
    let close = inner.iter().position(|&b| b == b'}')?;
    let tag = inner.get(..close)?;
    let name = match tag.strip_suffix(b")") {
        Some(call) => {
            let open = call.iter().position(|&b| b == b'(')?;
            if call.get(open + 1..)?.contains(&b')') {
                return None;
            }
            call.get(..open)?
        }
        None => tag,
    };
    let letters = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_';
    (super::dns::tag_name(name) && name.iter().all(letters)).then_some(tag)
}
