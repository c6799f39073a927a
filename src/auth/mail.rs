//! A message as signatures are made over it: fields and body with CRLF, otherwise untouched.
//!
//! SpamAssassin hands Mail::DKIM the pristine message: as it is where its lines end with CRLF,
//! else with a CR before every LF, be there one already or not. What ends a field and the
//! header block is then CRLF alone.

use crate::message::Message;
use std::borrow::Cow;

/// The message.
pub struct Mail<'m> {
    /// The fields from the top.
    pub fields: Vec<Field>,
    rest: &'m [u8],
    crlf: bool,
}

/// A header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in lower case; empty where there is none.
    pub name: Vec<u8>,
    /// The whole of it, without the CRLF that ends it.
    pub text: Vec<u8>,
}

impl<'m> Mail<'m> {
    /// Cuts the header block of `message` into fields.
    pub fn new(message: &'m Message) -> Mail<'m> {
        let crlf = message.line_ending() == b"\r\n";
        let (mut rest, mut fields) = (message.pristine(), Vec::new());
        while !rest.is_empty() {
            let (line, after) = line(rest, crlf);
            if line.is_empty() && after.len() < rest.len() {
                return Mail { fields, rest: after, crlf };
            }
            let (text, after) = field(rest, crlf);
            let text = with_crlf(text, crlf).into_owned();
            fields.push(Field { name: name(&text).to_ascii_lowercase(), text });
            rest = after;
        }
        Mail { fields, rest, crlf }
    }

    /// The body.
    pub fn body(&self) -> Cow<'m, [u8]> {
        with_crlf(self.rest, self.crlf)
    }

    /// Is there a field of one of these names?
    pub fn has_any(&self, names: &[&[u8]]) -> bool {
        self.fields.iter().any(|field| names.contains(&&*field.name))
    }
}

/// The fields of a message by name, from the bottom: each is taken once.
pub struct Stacks<'m> {
    /// By name; those of one name from the top.
    fields: Vec<&'m Field>,
    /// In the order of their names: where each name's fields begin, and how many are left.
    names: Vec<(&'m [u8], usize, usize)>,
}

impl<'m> Stacks<'m> {
    /// All of `fields`.
    pub fn new(fields: &'m [Field]) -> Stacks<'m> {
        let mut fields: Vec<&Field> = fields.iter().collect();
        fields.sort_by_key(|field| &field.name);
        let (mut names, mut at) = (Vec::new(), 0);
        for same in fields.chunk_by(|one, next| one.name == next.name) {
            names.extend(same.first().map(|field| (&*field.name, at, same.len())));
            at += same.len();
        }
        Stacks { fields, names }
    }

    /// The lowest field called `name` that is left.
    pub fn take(&mut self, name: &[u8]) -> Option<&'m Field> {
        let place = self.names.binary_search_by_key(&name, |(name, ..)| name).ok()?;
        let (_, begin, left) = self.names.get_mut(place)?;
        *left = left.checked_sub(1)?;
        self.fields.get(*begin + *left).copied()
    }

    /// All that are left, from the top.
    pub fn take_all(&mut self, name: &[u8]) -> Vec<&'m Field> {
        let mut all: Vec<&Field> = std::iter::from_fn(|| self.take(name)).collect();
        all.reverse();
        all
    }
}

/// The first line of `text` without its end, and what follows.
fn line(text: &[u8], crlf: bool) -> (&[u8], &[u8]) {
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| memchr::memchr(b'\n', rest)) {
        let newline = from + found;
        let has_cr = newline > 0 && text.get(newline - 1) == Some(&b'\r');
        if !crlf || has_cr {
            let end = newline - usize::from(crlf);
            return (
                text.get(..end).unwrap_or_default(),
                text.get(newline + 1..).unwrap_or_default(),
            );
        }
        from = newline + 1;
    }
    (text, &[])
}

/// The first field of `text`, folded lines and all, without its last line's end, and what
/// follows.
fn field(text: &[u8], crlf: bool) -> (&[u8], &[u8]) {
    let (first, mut after) = line(text, crlf);
    let mut length = first.len();
    while let [b' ' | b'\t', ..] = after {
        let (more, next) = line(after, crlf);
        length = text.len() - after.len() + more.len();
        after = next;
    }
    (text.get(..length).unwrap_or_default(), after)
}

/// What stands before a field's colon.
fn name(text: &[u8]) -> &[u8] {
    let colon = memchr::memchr(b':', text).unwrap_or(0);
    let name = crate::text::ascii::trim_end(text.get(..colon).unwrap_or_default());
    if name.iter().any(|&byte| crate::text::ascii::is_space(byte)) { &[] } else { name }
}

/// `text` with a CR before every LF, unless its lines end so anyway.
fn with_crlf(text: &[u8], crlf: bool) -> Cow<'_, [u8]> {
    let newlines = if crlf { 0 } else { memchr::memchr_iter(b'\n', text).count() };
    if newlines == 0 {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len() + newlines);
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) => {
                out.extend_from_slice(line);
                out.extend_from_slice(b"\r\n");
            }
            None => out.extend_from_slice(line),
        }
    }
    Cow::Owned(out)
}
