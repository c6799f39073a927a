//! One node of the MIME tree: a multipart, an attached message, or a leaf with content.

use super::decode::{base64, crlf_to_lf, quoted_printable};
use super::encoded_word;
use super::headers::Headers;
use super::text::{Text, lines};
use std::sync::OnceLock;

/// A part. Its tree is `parent` and `children`, indices into `Message::parts`.
#[derive(Debug, Default)]
pub struct Part {
    /// How many parts enclose it; 0 for the message itself.
    pub depth: usize,
    /// The part that encloses it.
    pub parent: Option<usize>,
    /// The parts that it encloses, in order.
    pub children: Vec<usize>,
    /// Its fields; those of the message, for the message itself and for an attached one.
    pub headers: Headers,
    pub(super) kind: Vec<u8>,
    pub(super) charset: Option<Vec<u8>>,
    pub(super) name: Option<Vec<u8>>,
    pub(super) boundary: Option<Vec<u8>>,
    pub(super) container: bool,
    pub(super) raw: Text,
    pub(super) decoded: OnceLock<Vec<u8>>,
}

/// What a part gives to the `body` view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rendering {
    /// HTML, to be rendered.
    Html,
    /// Text, to be converted to UTF-8 and no more.
    Plain,
    /// Nothing.
    None,
}

impl Part {
    /// Its type as SpamAssassin reads it, lower case: `text/plain` where none is given and
    /// for most of `text/*`, `message/rfc822` for a part of a digest. Empty if the type
    /// holds nothing but specials; views pass over such a part.
    pub fn content_type(&self) -> &[u8] {
        &self.kind
    }

    /// Does its type begin with the words `start`?
    pub fn is_of(&self, start: &[u8]) -> bool {
        begins_with(&self.kind, start)
    }

    /// Its type, or `text/html` if its name says so (`*.htm`, `*.html`, `*.shtml`).
    pub fn effective_type(&self) -> &[u8] {
        match &self.name {
            Some(name) if is_html_name(name) => b"text/html",
            _ => &self.kind,
        }
    }

    /// The charset it declares, as written. Leaves and attached messages only.
    pub fn charset(&self) -> Option<&[u8]> {
        self.charset.as_deref()
    }

    /// Its file name: from Content-Disposition, else from Content-Type.
    pub fn name(&self) -> Option<&[u8]> {
        self.name.as_deref()
    }

    /// Its boundary, or the one of the multipart around it.
    pub fn boundary(&self) -> Option<&[u8]> {
        self.boundary.as_deref()
    }

    /// Has it content of its own? A multipart and an attached message that was read have
    /// none, even where they have no children.
    pub fn is_leaf(&self) -> bool {
        !self.container
    }

    /// Its content as it came, transfer encoding and all; line ends are LF. Empty unless it
    /// is a leaf.
    pub fn raw(&self) -> &[u8] {
        self.raw.bytes()
    }

    /// The lines of [`Part::raw`], each with its newline.
    pub fn raw_lines(&self) -> impl Iterator<Item = &[u8]> {
        lines(self.raw())
    }

    /// Its content with the transfer encoding undone (RFC 2045 section 6): CRLF is LF in
    /// text. Decoded once and kept.
    pub fn decoded(&self) -> &[u8] {
        if self.container {
            return b"";
        }
        match self.encoding() {
            Encoding::Identity => self.raw(),
            encoding => self.decoded.get_or_init(|| self.decode(encoding)),
        }
    }

    /// Is its transfer encoding base64?
    pub fn is_base64(&self) -> bool {
        matches!(self.encoding(), Encoding::Base64)
    }

    /// How the `body` view shows it.
    pub fn rendering(&self) -> Rendering {
        match self.effective_type() {
            b"text/html" if self.is_leaf() && !self.decoded().is_empty() => Rendering::Html,
            b"text/plain" | b"text/html" if self.is_leaf() => Rendering::Plain,
            _ => Rendering::None,
        }
    }

    /// Its content as text that owns or shares its buffer.
    pub(super) fn decoded_text(&self) -> Text {
        match self.encoding() {
            Encoding::Identity => self.raw.clone(),
            encoding => Text::from(self.decode(encoding)),
        }
    }

    fn decode(&self, encoding: Encoding) -> Vec<u8> {
        let (decoded, text) = match encoding {
            Encoding::Identity => (self.raw().to_vec(), false),
            Encoding::QuotedPrintable => (quoted_printable(self.raw()), true),
            Encoding::Base64 => (base64(self.raw()), is_text_or_message(&self.kind)),
        };
        text.then(|| crlf_to_lf(&decoded)).flatten().unwrap_or(decoded)
    }

    fn encoding(&self) -> Encoding {
        let field = self.headers.last(b"content-transfer-encoding");
        let value = field.map(encoded_word::decoded).unwrap_or_default();
        match value.to_ascii_lowercase().as_slice() {
            b"quoted-printable" => Encoding::QuotedPrintable,
            b"base64" => Encoding::Base64,
            _ => Encoding::Identity,
        }
    }
}

/// Transfer encodings that change bytes, and all others.
#[derive(Clone, Copy)]
enum Encoding {
    Identity,
    QuotedPrintable,
    Base64,
}

/// Does `kind` begin with the whole word `text` or `message`?
pub(super) fn is_text_or_message(kind: &[u8]) -> bool {
    begins_with(kind, b"text") || begins_with(kind, b"message")
}

/// Does `kind` begin with `start`, and the last word of that end there?
fn begins_with(kind: &[u8], start: &[u8]) -> bool {
    let rest = kind.strip_prefix(start);
    rest.is_some_and(|rest| !rest.first().is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_'))
}

/// Does a file called `name` hold HTML?
fn is_html_name(name: &[u8]) -> bool {
    let name = name.strip_suffix(b"\n").unwrap_or(name).to_ascii_lowercase();
    [&b".htm"[..], b".html", b".shtm", b".shtml"].iter().any(|suffix| name.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::headers::Field;

    fn leaf(kind: &str, name: Option<&str>, encoding: &str, raw: &str) -> Part {
        let name_of_field = b"Content-Transfer-Encoding".to_vec();
        Part {
            headers: [Field { name: name_of_field, raw: encoding.into() }].into_iter().collect(),
            kind: kind.into(),
            name: name.map(Into::into),
            raw: Text::from(raw.as_bytes().to_vec()),
            ..Part::default()
        }
    }

    #[test]
    fn transfer_encodings_are_undone_by_exact_name() {
        let cases = [
            ("text/plain", " BASE64\n", "YQ0KYg==", "a\nb"),
            ("image/gif", "base64", "YQ0KYg==", "a\r\nb"),
            ("messages/x", "base64", "YQ0KYg==", "a\r\nb"),
            ("image/gif", "Quoted-Printable", "a=0D\nb", "a\nb"),
            ("text/plain", "base64;", "YQ==", "YQ=="),
            ("text/plain", "x-uuencode", "begin", "begin"),
        ];
        for (kind, encoding, raw, decoded) in cases {
            let part = leaf(kind, None, encoding, raw);
            assert_eq!(part.decoded(), decoded.as_bytes(), "{kind} {encoding}");
        }
    }

    #[test]
    fn the_name_can_make_it_html() {
        let cases = [
            ("text/plain", None, Rendering::Plain),
            ("text/html", None, Rendering::Html),
            ("image/gif", Some("x.SHTML"), Rendering::Html),
            ("application/octet-stream", Some("a.htm"), Rendering::Html),
            ("image/gif", Some("htm"), Rendering::None),
            ("text/calendar", None, Rendering::None),
        ];
        for (kind, name, rendering) in cases {
            assert_eq!(leaf(kind, name, "", "x").rendering(), rendering, "{kind} {name:?}");
        }
        assert_eq!(leaf("text/html", None, "", "").rendering(), Rendering::Plain);
    }
}
