//! What there is to say of a message's MIME parts, found in one walk over them.
//!
//! In: the MIME tree. Out: counts and ratios under SpamAssassin's names ([`FACTS`]). The walk
//! looks at headers of all parts and at the content of leaves as it came, transfer encoding and
//! all.

use crate::message::content_type::ContentType;
use crate::message::header::HeaderQuery;
use crate::message::headers::Headers;
use crate::message::view::Views;
use crate::message::{Message, Part, encoded_word};
use crate::text::ascii::{is_space, trim_end};
use crate::text::locales;
use memchr::{memchr_iter, memmem};

/// A line of quoted-printable longer than this, line end included, is over what mail allows.
const LONGEST_QP_LINE: usize = 79;

/// The facts by the names that rules give them; obsolete ones are never true.
pub const FACTS: &[(&str, fn(&Shape) -> bool)] = &[
    ("mime_ascii_text_illegal", |shape| shape.ascii_illegal),
    ("mime_attachment", |shape| shape.attachment),
    ("mime_bad_iso_charset", |shape| shape.bad_iso_charset),
    ("mime_base64_count", |shape| shape.base64),
    ("mime_base64_encoded_text", |shape| shape.base64_text),
    ("mime_body_html_count", |shape| shape.html),
    ("mime_body_text_count", |shape| shape.other_text),
    ("mime_checked_attachments", |_| true),
    ("mime_faraway_charset", |shape| shape.faraway_charset),
    ("mime_html_charsets", |shape| !shape.charsets.is_empty()),
    ("mime_missing_boundary", |shape| shape.missing_boundary),
    ("mime_multipart_alternative", |shape| shape.alternative),
    ("mime_multipart_ratio", |shape| shape.multipart_ratio != 0.0),
    ("mime_qp_bytes", |shape| shape.qp_bytes > 0),
    // Once there is text in such a part, this is the number of bytes encoded without need.
    ("mime_qp_count", |shape| if shape.qp_bytes > 0 { shape.qp_needless > 0 } else { shape.qp }),
    ("mime_qp_long_line", |shape| shape.qp_long_line),
    ("mime_qp_ratio", |shape| shape.qp_ratio() > 0.0),
    ("mime_text_unicode_ratio", |shape| shape.unicode_ratio > 0.0),
    ("mime_base64_blanks", |_| false),
    ("mime_base64_illegal", |_| false),
    ("mime_base64_latin", |_| false),
    ("mime_html_no_charset", |_| false),
    ("mime_qp_illegal", |_| false),
    ("mime_qp_inline_no_charset", |_| false),
    // The parser's flag of that name is for check_msg_parse_flags.
    ("mimepart_limit_exceeded", |_| false),
];

/// What there is to say.
#[derive(Debug, Default)]
pub struct Shape {
    /// There is a `multipart/alternative`.
    alternative: bool,
    /// There is a part of type text/html.
    pub html: bool,
    /// There is a text that is not HTML.
    pub other_text: bool,
    base64: bool,
    qp: bool,
    attachment: bool,
    base64_text: bool,
    bad_iso_charset: bool,
    faraway_charset: bool,
    /// The charsets declared, in lower case.
    charsets: Vec<Vec<u8>>,
    /// Plain text that claims to be ASCII and is not.
    pub ascii_illegal: bool,
    missing_boundary: bool,
    /// Bytes of plain text for each byte of HTML in an alternative.
    pub multipart_ratio: f64,
    qp_bytes: usize,
    qp_needless: usize,
    qp_long_line: bool,
    /// `&#xHHHH;` for each other byte of plain text.
    pub unicode_ratio: f64,
    /// Bytes of the longest line of base64.
    pub longest_base64_line: usize,
}

/// What a part's fields say, in lower case; empty where they say nothing.
struct Fields {
    kind: Vec<u8>,
    charset: Option<Vec<u8>>,
    encoding: Vec<u8>,
    disposition: Vec<u8>,
}

impl Fields {
    fn of(headers: &Headers) -> Fields {
        let value = |name| headers.last(name).map(encoded_word::decoded);
        let lower = |name| value(name).unwrap_or_default().to_ascii_lowercase();
        let given = value(b"content-type").map(|mut text: Vec<u8>| {
            text.push(b'\n');
            text
        });
        let read = ContentType::parse(given.as_deref());
        let lower_charset = |charset: Vec<u8>| match charset == b"0" {
            true => charset,
            false => charset.to_ascii_lowercase(),
        };
        Fields {
            kind: read.kind,
            charset: read.charset.map(lower_charset),
            encoding: lower(b"content-transfer-encoding"),
            disposition: lower(b"content-disposition"),
        }
    }

    fn is_attachment(&self) -> bool {
        memmem::find(&self.disposition, b"attachment").is_some()
    }

    fn is_base64(&self) -> bool {
        memmem::find(&self.encoding, b"base64").is_some()
    }

    /// Its charset, unless there is none to speak of.
    fn charset(&self) -> &[u8] {
        self.charset.as_deref().filter(|charset| *charset != b"0").unwrap_or_default()
    }
}

impl Shape {
    /// The shape of `message`; charsets that are not at home in `locales` are far away.
    pub fn of(message: &Message, locales: Option<&[Vec<u8>]>) -> Shape {
        let mut shape = Shape {
            missing_boundary: message.facts().unbalanced_boundary,
            multipart_ratio: 1.0,
            ..Shape::default()
        };
        let mut sizes = Sizes::default();
        let mut unicode = Unicode::default();
        let typed = message.parts().iter().filter(|part| !part.content_type().is_empty());
        for part in typed {
            let fields = Fields::of(&part.headers);
            shape.alternative |= fields.kind == b"multipart/alternative";
            shape.note_fields(&fields, locales);
            if part.is_leaf() {
                sizes.note(part, &fields, shape.alternative);
                unicode.note(part, &fields);
                shape.note_content(part, &fields);
            }
        }
        shape.unicode_ratio = unicode.ratio();
        if let Some(ratio) = sizes.ratio().filter(|_| shape.alternative) {
            shape.multipart_ratio = ratio;
        }
        shape
    }

    fn note_fields(&mut self, fields: &Fields, locales: Option<&[Vec<u8>]>) {
        let charset = fields.charset();
        let (is_base64, is_text) = (fields.is_base64(), fields.kind.starts_with(b"text"));
        let is_html = fields.kind == b"text/html";
        self.html |= is_html;
        self.other_text |= is_text && !is_html;
        self.base64 |= is_base64;
        self.qp |= !is_base64 && memmem::find(&fields.encoding, b"quoted-printable").is_some();
        self.attachment |= fields.is_attachment();
        let is_placed =
            [&b"attachment"[..], b"inline"].iter().any(|word| fields.disposition.starts_with(word));
        self.base64_text |= is_text && is_base64 && !is_placed && may_be_ascii(charset);
        self.bad_iso_charset |= is_bad_iso(charset);
        if charset.iter().any(u8::is_ascii_alphabetic) {
            self.faraway_charset |=
                locales.is_some_and(|locales| !locales::is_at_home(charset, locales));
            self.charsets.push(charset.to_vec());
        }
    }

    fn note_content(&mut self, part: &Part, fields: &Fields) {
        if fields.encoding == b"base64" && fields.kind != b"application/ics" {
            let longest = part.raw_lines().map(<[u8]>::len).max().unwrap_or(0);
            self.longest_base64_line = self.longest_base64_line.max(longest);
        }
        if fields.encoding == b"quoted-printable" {
            part.raw_lines().for_each(|line| self.note_qp_line(line));
        }
        if fields.kind == b"text/plain"
            && matches!(fields.charset.as_deref(), None | Some(b"us-ascii"))
        {
            let raw = part.raw();
            self.ascii_illegal |= !raw.is_ascii() || memchr::memchr2(0, b'\r', raw).is_some();
        }
    }

    fn note_qp_line(&mut self, line: &[u8]) {
        if line.starts_with(b"SPAM: ") {
            return;
        }
        self.qp_long_line |= line.len() > LONGEST_QP_LINE;
        self.qp_bytes += line.len();
        let codes = memchr_iter(b'=', line).filter_map(|at| line.get(at + 1..at + 3));
        let needless = codes.filter(|code| is_needless(code)).count();
        // White space at the end of a line has to be encoded.
        let mut trailing = 0;
        let mut rest = trim_end(line);
        while let Some(before) = rest.strip_suffix(b"=20").or_else(|| rest.strip_suffix(b"=09")) {
            trailing += 1;
            rest = before;
        }
        self.qp_needless += needless.saturating_sub(trailing);
    }

    /// Bytes encoded without need for each byte of quoted-printable.
    pub fn qp_ratio(&self) -> f64 {
        match self.qp_bytes {
            0 => 0.0,
            bytes => self.qp_needless as f64 / bytes as f64,
        }
    }

    /// Does the message or a part of it declare a charset whose bytes look like capitals where
    /// there are none: Cyrillic, Japanese, Chinese, …?
    pub fn is_other_script(&self, views: &Views) -> bool {
        let words = self.charsets.iter().flat_map(|charset| charset.split(|&byte| is_space(byte)));
        top_charset(views).is_some_and(|charset| names_other_script(&charset))
            || words.into_iter().any(names_other_script)
    }
}

/// Would the character after `=` have stood for itself?
fn is_needless(code: &[u8]) -> bool {
    match code {
        b"09" => true,
        [b'3', low] => matches!(low, b'0'..=b'9' | b'A' | b'B' | b'C' | b'E' | b'F'),
        [b'2' | b'4' | b'5' | b'6', low] => matches!(low, b'0'..=b'9' | b'A'..=b'F'),
        [b'7', low] => matches!(low, b'0'..=b'9' | b'A'..=b'E'),
        _ => false,
    }
}

/// Is there no charset, or one that may be ASCII? As loosely read as SpamAssassin does it: `us`
/// anywhere in the name will do.
fn may_be_ascii(charset: &[u8]) -> bool {
    const SIGNS: &[&[u8]] = &[
        b"us",
        b"ascii",
        b"ansi_x3.4-1968",
        b"ansi_x3.4-1986",
        b"iso-ir-6",
        b"iso_646.irv:1991",
        b"ibm367",
        b"cp367",
    ];
    charset.is_empty() || SIGNS.iter().any(|sign| memmem::find(charset, sign).is_some())
}

/// Does `charset` look like `iso-…-…` and is none that is in use?
fn is_bad_iso(charset: &[u8]) -> bool {
    let mut looks = false;
    for at in memmem::find_iter(charset, b"iso-") {
        let rest = charset.get(at + 4..).unwrap_or_default();
        if is_known_iso(rest) {
            return false;
        }
        let length = rest.iter().take_while(|&&byte| !is_space(byte)).count();
        let word = rest.get(1..length).unwrap_or_default();
        let dash = memchr::memchr(b'-', word);
        looks |= dash.and_then(|dash| word.get(dash + 1..)).is_some_and(|r| r.iter().any(is_word));
    }
    looks
}

/// Does `8859-1` to `8859-99`, `2022-jp` or `2022-kr` begin `rest`, as a whole word?
fn is_known_iso(rest: &[u8]) -> bool {
    let ends = |rest: &[u8]| !rest.first().is_some_and(is_word);
    if let Some(part) = rest.strip_prefix(b"8859-") {
        let digits = part.iter().take_while(|byte| byte.is_ascii_digit()).count();
        return (1..=2).contains(&digits) && ends(part.get(digits..).unwrap_or_default());
    }
    let country = rest.strip_prefix(b"2022-");
    let country = country.and_then(|c| c.strip_prefix(b"jp").or_else(|| c.strip_prefix(b"kr")));
    country.is_some_and(ends)
}

fn is_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'_'
}

/// How many bytes the texts of alternatives take.
#[derive(Default)]
struct Sizes {
    plain: Option<usize>,
    html: Option<usize>,
}

impl Sizes {
    /// The last text of each kind counts; before the first alternative it counts for nothing.
    fn note(&mut self, part: &Part, fields: &Fields, in_alternative: bool) {
        if fields.is_attachment() {
            return;
        }
        let size = if in_alternative { part.raw().len() } else { 0 };
        match fields.kind.as_slice() {
            b"text/html" => self.html = Some(size),
            b"text/plain" => self.plain = Some(size),
            _ => {}
        }
    }

    fn ratio(&self) -> Option<f64> {
        let (plain, html) = (self.plain?, self.html?);
        (html > 0).then(|| plain as f64 / html as f64)
    }
}

/// How many characters of plain text are written as numbers, and how many bytes are not.
#[derive(Default)]
struct Unicode {
    coded: usize,
    other: usize,
}

impl Unicode {
    fn note(&mut self, part: &Part, fields: &Fields) {
        let is_bare = matches!(fields.encoding.as_slice(), b"" | b"7bit" | b"8bit");
        if fields.kind != b"text/plain" || !is_bare {
            return;
        }
        let codes = memmem::find_iter(part.raw(), b"&#x").filter(|at| {
            let code = part.raw().get(at + 3..at + 8).and_then(|code| code.split_last());
            let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
            code.is_some_and(|(&last, digits)| last == b';' && digits.iter().all(is_digit))
        });
        let codes = codes.count();
        self.coded += codes;
        self.other += part.raw().len() - codes * b"&#xHHHH;".len();
    }

    fn ratio(&self) -> f64 {
        match self.other {
            0 => 0.0,
            other => self.coded as f64 / other as f64,
        }
    }
}

/// The message's own Content-Type, all of them if it has several.
pub fn top_content_type(views: &Views) -> Option<Vec<u8>> {
    views.header(&HeaderQuery::ask(b"Content-Type"))
}

/// The charset of the message's own Content-Type, read as a rule file would: in quotes, or up to
/// white space.
pub fn top_charset(views: &Views) -> Option<Vec<u8>> {
    let value = top_content_type(views)?;
    charset_of(&value)
}

fn charset_of(value: &[u8]) -> Option<Vec<u8>> {
    let lower = value.to_ascii_lowercase();
    let texts = || {
        let starts = memmem::find_iter(&lower, b"charset=");
        starts.filter_map(|at| value.get(at + b"charset=".len()..))
    };
    for quote in [b'"', b'\''] {
        let quoted = texts().filter(|text| text.first() == Some(&quote)).find_map(|text| {
            let inner = text.get(1..)?;
            inner.get(..memchr::memchr(quote, inner)?).filter(|inner| !inner.is_empty())
        });
        if let Some(inner) = quoted {
            return Some(inner.to_vec());
        }
    }
    texts().find_map(|text| {
        let length = text.iter().take_while(|&&byte| !is_space(byte)).count();
        text.get(..length).filter(|word| !word.is_empty()).map(<[u8]>::to_vec)
    })
}

/// Is it nothing but letters, digits, `-` and `_`, and holds the sign of such a charset?
fn names_other_script(charset: &[u8]) -> bool {
    const SIGNS: &[&[u8]] = &[
        b"koi",
        b"jp",
        b"jis",
        b"euc",
        b"gb",
        b"big5",
        b"isoir",
        b"cp1251",
        b"windows-1251",
        b"georgianps",
        b"pt154",
        b"tis",
    ];
    let name = charset.strip_suffix(b"\n").unwrap_or(charset).to_ascii_lowercase();
    name.iter().all(|byte| is_word(byte) || *byte == b'-')
        && SIGNS.iter().any(|sign| memmem::find(&name, sign).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn shape(mail: &str) -> Shape {
        Shape::of(&Message::parse(mail.into(), &Limits::default()), Some(&[]))
    }

    #[test]
    fn quoted_printable_is_counted_without_what_needs_it() {
        let head = "Content-Transfer-Encoding: quoted-printable\n\n";
        let cases = [
            ("=41=42 x\n", 2, 9),
            ("=3D=3a=C3=A4\n", 0, 13),
            ("a=20=09 \n", 0, 9),
            ("=20 =20\n", 1, 8),
            ("SPAM: =41\n", 0, 0),
            ("=4\n1=7F=7E\n", 1, 11),
        ];
        for (body, needless, bytes) in cases {
            let shape = shape(&[head, body].concat());
            assert_eq!((shape.qp_needless, shape.qp_bytes), (needless, bytes), "{body}");
        }
        let line = |length| shape(&format!("{head}{}\n", "x".repeat(length))).qp_long_line;
        assert!(!line(78) && line(79));
    }

    #[test]
    fn charsets_are_read_as_loosely_as_there() {
        let bad = ["iso-1250-2", "iso-8859-155", "iso--1-x", "x iso-2022-cn", "iso-8859-1x"];
        let good = ["iso-8859-15", "iso-8859", "iso-2022-jp-2", "utf-8", "iso-1-", "iso--1"];
        for charset in bad {
            assert!(is_bad_iso(charset.as_bytes()), "{charset}");
        }
        for charset in good {
            assert!(!is_bad_iso(charset.as_bytes()), "{charset}");
        }
        let cases = [
            ("text/plain; charset=utf-8; x", Some("utf-8;")),
            ("a; charset=koi8-r; charset=\"big5\"", Some("big5")),
            ("a; CHARSET=\"\"; charset=x", Some("\"\";")),
            ("a; charset='gb2312'", Some("gb2312")),
            ("a; charset=", None),
            ("a", None),
        ];
        for (value, expected) in cases {
            let read = charset_of(value.as_bytes());
            assert_eq!(read.as_deref(), expected.map(str::as_bytes), "{value}");
        }
        assert!(names_other_script(b"ISO-2022-JP") && names_other_script(b"logbook"));
        assert!(!names_other_script(b"gb2312;") && !names_other_script(b"utf-8"));
    }

    #[test]
    fn characters_written_as_numbers_are_counted() {
        let ratio =
            |body: &str| shape(&format!("Content-Type: text/plain\n\n{body}")).unicode_ratio;
        assert_eq!(ratio("&#x200B;&#x200C;ab&\n"), 0.5);
        assert_eq!(ratio("&#x200b;&#x20B;&#x2000B;&#x200B\n"), 0.0);
        assert_eq!(ratio("&#x200B;"), 0.0);
    }
}
