//! ReplaceTags: `<A>` in a pattern stands for what `replace_tag A` says.
//!
//! SpamAssassin::Plugin::ReplaceTags. A pattern's source and the options in, the source with
//! its tags replaced out. `<pre P>`, `<post P>` and `<inter P>` anywhere in a pattern put text
//! before, behind and between all its tags. The delimiters `replace_start` and `replace_end`
//! are taken as they stand, not as patterns.

use super::options::Options;

/// How often tags in replacements are replaced in turn.
const PASSES: usize = 6;

/// What Perl prints in front of every pattern, so that none begins with a tag.
const FRONT: &[u8] = b"(?aa)";

/// The source with its tags replaced; `None` if there was nothing to replace, or if it would
/// become longer than `longest`.
pub(super) fn replace(source: &[u8], options: &Options, longest: usize) -> Option<Vec<u8>> {
    let marks = Marks {
        start: options.text("replace_start").unwrap_or(b"<"),
        end: options.text("replace_end").unwrap_or(b">"),
    };
    let before = [FRONT, source].concat();
    let mut text = before.clone();
    for _ in 0..PASSES {
        let (next, again) = pass(text, options, &marks);
        text = next;
        if text.len() > longest {
            return None;
        }
        if !again {
            break;
        }
    }
    (text != before).then(|| text.strip_prefix(FRONT).unwrap_or(&text).to_vec())
}

/// What begins and ends a tag.
struct Marks<'o> {
    start: &'o [u8],
    end: &'o [u8],
}

impl Marks<'_> {
    /// The first tag in `text` whose name begins with `prefix`: where it starts, its name behind
    /// the prefix, where it ends.
    fn find<'t>(&self, text: &'t [u8], prefix: &[u8]) -> Option<(usize, &'t [u8], usize)> {
        let opening = [self.start, prefix].concat();
        let mut from = 0;
        loop {
            let start = from + memchr::memmem::find(text.get(from..)?, &opening)?;
            let name = start + opening.len();
            // A name has one character at least.
            if let Some(found) =
                text.get(name + 1..).and_then(|t| memchr::memmem::find(t, self.end))
            {
                let close = name + 1 + found;
                return Some((start, text.get(name..close)?, close + self.end.len()));
            }
            from = start + 1;
        }
    }
}

/// Takes a `<pre NAME>`, `<post NAME>` or `<inter NAME>` out of `text`; gives what it stands for.
fn take(text: &mut Vec<u8>, marks: &Marks<'_>, kind: &str, options: &Options) -> Option<Box<[u8]>> {
    let prefix = [kind.as_bytes(), b" "].concat();
    let (start, name, end) = marks.find(text, &prefix)?;
    let value = options.map(&format!("replace_{kind}")).and_then(|map| map.get(name)).cloned();
    text.drain(start..end);
    value.filter(|value| is_true(value))
}

/// Perl's truth of a text.
fn is_true(text: &[u8]) -> bool {
    !text.is_empty() && text != b"0"
}

/// Replaces every tag once. True if a replacement has tags of its own.
fn pass(mut text: Vec<u8>, options: &Options, marks: &Marks<'_>) -> (Vec<u8>, bool) {
    let pre = take(&mut text, marks, "pre", options);
    let post = take(&mut text, marks, "post", options);
    let inter = take(&mut text, marks, "inter", options);
    let mut again = false;
    let mut out = Vec::with_capacity(text.len() * 2);
    for piece in pieces(&text) {
        let mut piece = piece.to_vec();
        if let Some(pre) = &pre
            && let Some((start, ..)) = marks.find(&piece, b"")
        {
            piece.splice(start..start, pre.iter().copied());
        }
        if let Some(post) = &post {
            piece = after_each(&piece, marks, post);
        }
        if let Some(inter) = &inter
            && piece.is_empty()
        {
            piece = inter.to_vec();
        }
        if let Some((_, name, _)) = marks.find(&piece, b"")
            && is_true(name)
            && let Some(value) = options.map("replace_tag").and_then(|map| map.get(name))
            && is_true(value)
        {
            let tag = [marks.start, name, marks.end].concat();
            piece = replaced(&piece, &tag, value);
            again |= has_tag(value);
        }
        out.extend_from_slice(&piece);
    }
    (out, again)
}

/// Does `<something>` stand in `text`?
fn has_tag(text: &[u8]) -> bool {
    memchr::memchr_iter(b'<', text).any(|at| {
        let rest = text.get(at + 1..).unwrap_or_default();
        memchr::memchr(b'>', rest).is_some_and(|end| end > 0)
    })
}

/// `piece` with `added` behind each tag.
fn after_each(piece: &[u8], marks: &Marks<'_>, added: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = piece;
    while let Some((_, _, end)) = marks.find(rest, b"") {
        out.extend_from_slice(rest.get(..end).unwrap_or_default());
        out.extend_from_slice(added);
        rest = rest.get(end..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

/// `text` with `value` for each `tag`.
fn replaced(text: &[u8], tag: &[u8], value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + value.len());
    let mut from = 0;
    for at in memchr::memmem::find_iter(text, tag) {
        out.extend_from_slice(text.get(from..at).unwrap_or_default());
        out.extend_from_slice(value);
        from = at + tag.len();
    }
    out.extend_from_slice(text.get(from..).unwrap_or_default());
    out
}

/// Cuts `text` before and behind each `<…>` without `<` and `>` inside. Between two such that
/// touch there is an empty piece; at the end there is none.
fn pieces(text: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(open) = text.get(at..).and_then(|t| memchr::memchr(b'<', t)).map(|o| o + at) {
        let inside = text.get(open + 1..).unwrap_or_default();
        let stop = memchr::memchr2(b'<', b'>', inside);
        match stop {
            Some(length) if length > 0 && inside.get(length) == Some(&b'>') => {
                let end = open + length + 2;
                pieces.push(text.get(from..open).unwrap_or_default());
                pieces.push(text.get(open..end).unwrap_or_default());
                (from, at) = (end, end);
            }
            _ => at = open + 1,
        }
    }
    pieces.push(text.get(from..).unwrap_or_default());
    while pieces.last().is_some_and(|piece| piece.is_empty()) {
        pieces.pop();
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::options::{Map, Value};

    fn options() -> Options {
        let map = |pairs: &[(&str, &str)]| {
            let pair = |(k, v): &(&str, &str)| (k.as_bytes().into(), v.as_bytes().into());
            Value::Map(pairs.iter().map(pair).collect::<Map>())
        };
        let mut options = Options::default();
        options.put(b"replace_tag", map(&[("A", "[aA]"), ("B", "<A>b"), ("L", "<L>x<L>")]), None);
        options.put(b"replace_inter", map(&[("S", "-*")]), None);
        options.put(b"replace_pre", map(&[("P", "(?:")]), None);
        options.put(b"replace_post", map(&[("Q", ")?")]), None);
        options
    }

    #[test]
    fn tags_are_replaced() {
        let table: &[(&str, Option<&str>)] = &[
            ("x<A>y", Some("x[aA]y")),
            ("<B>", Some("[aA]b")),
            ("<inter S><A><A>q<A>", Some("[aA]-*[aA]q[aA]")),
            ("<pre P><post Q>z<A>", Some("z(?:[aA])?")),
            ("(?<name>x)<A>", Some("(?<name>x)[aA]")),
            ("<unknown>", None),
            ("plain", None),
        ];
        for (source, expected) in table {
            let made = replace(source.as_bytes(), &options(), 1000);
            assert_eq!(made.as_deref(), expected.map(str::as_bytes), "{source}");
        }
    }

    #[test]
    fn growth_is_bounded() {
        assert_eq!(replace(b"<L>", &options(), 50), None);
        assert!(replace(b"<L>", &options(), 1_000_000).is_some());
    }
}
