//! The tree of a message's parts.
//!
//! In: a [`Message`] and the place of the message that counts. Out: the transform `mime-shape`.
//!
//! # Specification
//!
//! For each part in document order, a line: its depth, its type, `a` if its disposition is an
//! attachment or `i` if inline, its transfer encoding (`b`ase64, `q`uoted-printable, else `-`),
//! the extension of its name in lower case, and for leaves that are no text the number of bits
//! of its size. Fields are joined by blanks. Abstains if no leaf is a file or a picture, or
//! there are more than 32 parts.

use crate::message::{Message, Part};
use std::fmt::Write;

/// The transform; `None`: too little to tell.
pub(super) fn shape(message: &Message, top: usize) -> Option<String> {
    let parts = message.parts().get(message.subtree(top))?;
    let base = parts.first()?.depth;
    let has_file = parts.iter().any(|part| part.is_leaf() && !part.is_of(b"text"));
    if !has_file || parts.len() > 32 {
        return None;
    }
    let mut out = String::new();
    for part in parts {
        let depth = part.depth.saturating_sub(base);
        let kind = String::from_utf8_lossy(part.content_type());
        let _ = write!(out, "{depth} {kind} {}{}", disposition(part), encoding(part));
        if let Some(extension) = part.name().and_then(extension) {
            let _ = write!(out, " .{extension}");
        }
        if part.is_leaf() && !part.is_of(b"text") {
            let _ = write!(out, " {}", usize::BITS - part.decoded().len().leading_zeros());
        }
        out.push('\n');
    }
    Some(out)
}

fn disposition(part: &Part) -> char {
    let value = part.headers.last(b"Content-Disposition").map(|field| field.raw.trim_ascii());
    match value.and_then(<[u8]>::first).map(u8::to_ascii_lowercase) {
        Some(b'a') => 'a',
        Some(b'i') => 'i',
        _ => '-',
    }
}

fn encoding(part: &Part) -> char {
    let value = part.headers.last(b"Content-Transfer-Encoding");
    match value.and_then(|field| field.raw.trim_ascii().first()).map(u8::to_ascii_lowercase) {
        Some(b'b') => 'b',
        Some(b'q') => 'q',
        _ => '-',
    }
}

/// What follows the last dot of a name, in lower case.
fn extension(name: &[u8]) -> Option<String> {
    let dot = memchr::memrchr(b'.', name)?;
    let extension = name.get(dot + 1..)?.to_ascii_lowercase();
    let plain = extension.iter().all(u8::is_ascii_alphanumeric);
    ((1..=8).contains(&extension.len()) && plain)
        .then(|| String::from_utf8_lossy(&extension).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    #[test]
    fn a_tree_is_told_by_lines() {
        let raw = "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/html\n\
                   Content-Transfer-Encoding: quoted-printable\n\na\n--x\n\
                   Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\
                   Content-Disposition: attachment; filename=\"A.B.PDF\"\n\nQUJDREVGR0g=\n--x--\n";
        let message = Message::parse(raw.as_bytes().to_vec(), &Limits::default());
        let expected = "0 multipart/mixed --\n1 text/html -q\n1 application/pdf ab .pdf 4\n";
        assert_eq!(shape(&message, 0).as_deref(), Some(expected));
        assert_eq!(shape(&message, 9), None);
    }

    #[test]
    fn text_alone_says_nothing() {
        let message = Message::parse(b"Subject: x\n\ny\n".to_vec(), &Limits::default());
        assert_eq!(shape(&message, 0), None);
    }
}
