//! What of a message a signature covers, byte for byte (RFC 6376, 3.4; RFC 8617, 5.1.1).
//!
//! As Mail::DKIM has it: `nowsp` of DKIM's drafts is known, a `simple` body without a line end
//! at its end gets none, and a `relaxed` one does.

use crate::text::ascii::is_space;
use std::borrow::Cow;

/// How fields or a body are made canonical.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// As they are.
    Simple,
    /// White space folded.
    Relaxed,
    /// White space dropped.
    NoSpace,
    /// Fields of ARC sets, relaxed; no body.
    Seal,
}

impl Form {
    /// Reads one side of `c=`.
    pub fn parse(name: &[u8]) -> Option<Form> {
        Some(match name {
            b"simple" => Form::Simple,
            b"relaxed" => Form::Relaxed,
            b"nowsp" => Form::NoSpace,
            b"seal" => Form::Seal,
            _ => return None,
        })
    }

    /// A whole field, without the line end.
    pub fn field<'f>(self, text: &'f [u8]) -> Cow<'f, [u8]> {
        match self {
            Form::Simple => Cow::Borrowed(text),
            Form::Relaxed | Form::Seal => Cow::Owned(relaxed_field(text)),
            Form::NoSpace => {
                let dense: Vec<u8> = without(text, b" \t\r\n");
                let name = memchr::memchr(b':', &dense).unwrap_or(0);
                let (name, value) = dense.split_at(name);
                Cow::Owned([&name.to_ascii_lowercase(), value].concat())
            }
        }
    }

    /// A whole body with CRLF.
    pub fn body<'b>(self, body: &'b [u8]) -> Cow<'b, [u8]> {
        match self {
            Form::Simple => Cow::Borrowed(match without_empty_lines(body) {
                b"" => b"\r\n",
                lines => lines,
            }),
            Form::Relaxed => Cow::Owned(relaxed_body(body)),
            Form::NoSpace => Cow::Owned(without(body, b" \t\r\n")),
            Form::Seal => Cow::Borrowed(b""),
        }
    }
}

/// `text` without the bytes `dropped`.
pub fn without(text: &[u8], dropped: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| !dropped.contains(byte)).collect()
}

/// `body` without empty lines at its end, and with one line end there if it had some; nothing
/// if it has nothing but empty lines.
pub fn without_empty_lines(body: &[u8]) -> &[u8] {
    let mut end = body;
    while let Some(before) = end.strip_suffix(b"\r\n") {
        end = before;
    }
    let ended = body.len() - end.len();
    let keep = if end.is_empty() { 0 } else { end.len() + ended.min(2) };
    body.get(..keep).unwrap_or_default()
}

fn relaxed_field(text: &[u8]) -> Vec<u8> {
    let colon = memchr::memchr(b':', text).unwrap_or(0);
    let mut unfolded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        // A line end before white space goes; the white space stays.
        if let [b'\r', b'\n', space, ..] = rest
            && is_space(*space)
        {
            rest = rest.get(2..).unwrap_or_default();
            unfolded.push(*space);
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        unfolded.push(byte);
        rest = after;
    }
    let mut out = Vec::with_capacity(unfolded.len());
    fold(&unfolded, &mut out);
    if out.last() == Some(&b' ') {
        out.pop();
    }
    // The name is lower-cased, and no white space is left around its colon.
    match memchr::memchr(b':', &out).filter(|_| colon > 0) {
        None => out,
        Some(colon) => {
            let (name, value) = out.split_at(colon);
            let bare = crate::text::ascii::trim_end(name);
            let value = value.get(1..).unwrap_or_default();
            if bare.is_empty() || bare.iter().any(|&byte| is_space(byte)) {
                return [&name.to_ascii_lowercase(), &b":"[..], value].concat();
            }
            let value = crate::text::ascii::trim_start(value);
            [&bare.to_ascii_lowercase(), &b":"[..], value].concat()
        }
    }
}

/// Appends `text` with every run of spaces and tabs as one space.
fn fold(text: &[u8], out: &mut Vec<u8>) {
    let mut in_blanks = false;
    for &byte in text {
        let is_blank = byte == b' ' || byte == b'\t';
        if !is_blank {
            out.push(byte);
        } else if !in_blanks {
            out.push(b' ');
        }
        in_blanks = is_blank;
    }
}

fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 2);
    let mut lines = memchr::memmem::find_iter(body, b"\r\n");
    let mut start = 0;
    while start < body.len() {
        let end = lines.next().unwrap_or(body.len());
        fold(body.get(start..end).unwrap_or_default(), &mut out);
        if out.last() == Some(&b' ') {
            out.pop();
        }
        out.extend(b"\r\n");
        start = end + 2;
    }
    let length = without_empty_lines(&out).len();
    out.truncate(length);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn fields_become_canonical() {
        let cases = [
            (Form::Simple, "SubJect : \tx\r\n y ", "SubJect : \tx\r\n y "),
            (Form::Relaxed, "SubJect : \tx\r\n  y \t", "subject:x y"),
            (Form::Relaxed, "A:", "a:"),
            (Form::Relaxed, "A B: c", "a b: c"),
            (Form::Relaxed, "no colon  here", "no colon here"),
            (Form::NoSpace, "Sub Ject: A\r\n b", "subject:Ab"),
        ];
        for (form, field, expected) in cases {
            assert_eq!(text(&form.field(field.as_bytes())), expected, "{form:?} {field:?}");
        }
    }

    #[test]
    fn bodies_become_canonical() {
        let cases = [
            (Form::Simple, "", "\r\n"),
            (Form::Simple, "\r\n\r\n", "\r\n"),
            (Form::Simple, "a \r\n\r\n\r\n", "a \r\n"),
            (Form::Simple, "\r\na", "\r\na"),
            (Form::Relaxed, "", ""),
            (Form::Relaxed, " \r\n\t\r\n", ""),
            (Form::Relaxed, "a \t b \r\n\r\n c\r\n \r\n", "a b\r\n\r\n c\r\n"),
            (Form::Relaxed, "a", "a\r\n"),
            (Form::Relaxed, "\r\n\r\na ", "\r\n\r\na\r\n"),
            (Form::NoSpace, " a \r\nb\r\n", "ab"),
            (Form::Seal, "a", ""),
        ];
        for (form, body, expected) in cases {
            assert_eq!(text(&form.body(body.as_bytes())), expected, "{form:?} {body:?}");
        }
    }
}
