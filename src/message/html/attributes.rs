//! The attributes that are read, decoded: of each name the first counts.
//!
//! In: the attributes of a start tag. Out: their values as text, with whether each is a
//! string of characters. Invariant: as many values as there are fields, however many
//! attributes there were.

use super::entity::{self, Decoded};
use super::style::{Element, StyleAttributes};
use super::tokenizer::{self, Attribute};
use super::words::{self, Alphabet};

/// A value, and whether it is a string of characters.
pub(super) type Value = Option<(Vec<u8>, bool)>;

/// See the module. Each field is the attribute of its name.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    pub action: Value,
    pub background: Value,
    pub content: Value,
    pub href: Value,
    pub http_equiv: Value,
    /// `data-saferedirecturl`
    pub safe_redirect: Value,
    pub src: Value,
    bgcolor: Value,
    color: Value,
    face: Value,
    height: Value,
    size: Value,
    style: Value,
    text: Value,
    width: Value,
    /// `link`, `alink` or `vlink` is there.
    link_colour: bool,
}

impl Attributes {
    /// Reads the attributes of the element `tag`, in lower case.
    pub(super) fn read(
        tag: &[u8],
        attributes: &[Attribute<'_>],
        alphabet: Alphabet,
        wide: bool,
    ) -> Attributes {
        let mut read = Attributes::default();
        let mut misplaced = Vec::new();
        for attribute in attributes {
            let name = attribute.name.to_ascii_lowercase();
            if is_misplaced(tag, &name) {
                if !misplaced.iter().any(|(known, _)| *known == name) {
                    misplaced.truncate(MISPLACED);
                    misplaced.push((name, attribute));
                }
            } else if let Some(field @ None) = read.field(&name) {
                *field = Some(value(attribute, alphabet, wide));
            }
        }
        if let Some((_, attribute)) = misplaced.last() {
            let field = if is_linking(tag) { &mut read.href } else { &mut read.src };
            *field = Some(value(attribute, alphabet, wide));
        }
        if is_linking(tag)
            && let Some((href, wide)) = read.href.as_mut()
        {
            without_byte_order_mark(href, alphabet, *wide);
        }
        read
    }

    fn field(&mut self, name: &[u8]) -> Option<&mut Value> {
        Some(match name {
            b"action" => &mut self.action,
            b"background" => &mut self.background,
            b"bgcolor" => &mut self.bgcolor,
            b"color" => &mut self.color,
            b"content" => &mut self.content,
            b"data-saferedirecturl" => &mut self.safe_redirect,
            b"face" => &mut self.face,
            b"height" => &mut self.height,
            b"href" => &mut self.href,
            b"http-equiv" => &mut self.http_equiv,
            b"size" => &mut self.size,
            b"src" => &mut self.src,
            b"style" => &mut self.style,
            b"text" => &mut self.text,
            b"width" => &mut self.width,
            b"link" | b"alink" | b"vlink" => {
                self.link_colour = true;
                return None;
            }
            _ => return None,
        })
    }

    /// What `element` takes of them for its style.
    pub(super) fn style(&self, element: Element) -> StyleAttributes<'_> {
        fn given(value: &Value, taken: bool) -> Option<&[u8]> {
            value.as_ref().filter(|_| taken).map(|(text, _)| text.as_slice())
        }
        let body = element == Element::Body;
        let coloured = body || element == Element::Marquee;
        let cell = matches!(element, Element::Table | Element::Td | Element::Tr);
        let font = element.takes_font();
        StyleAttributes {
            text: given(&self.text, body),
            color: given(&self.color, font),
            size: given(&self.size, font),
            style: given(&self.style, element.takes_style()),
            other: given(&self.bgcolor, coloured || cell).is_some()
                || given(&self.background, coloured).is_some()
                || given(&self.face, font).is_some()
                || (body && self.link_colour),
        }
    }

    /// The URI that `meta http-equiv=refresh` leads to.
    pub(super) fn refresh(&self) -> Value {
        let (equivalent, _) = self.http_equiv.as_ref()?;
        let (content, wide) = self.content.as_ref()?;
        memchr::memmem::find(&equivalent.to_ascii_lowercase(), b"refresh")?;
        let lower = content.to_ascii_lowercase();
        let urls: Vec<(usize, usize)> = memchr::memmem::find_iter(&lower, b"url")
            .filter_map(|at| {
                let before = at.checked_sub(1).and_then(|before| lower.get(before));
                let word = before.is_some_and(|&b| b.is_ascii_alphanumeric() || b == b'_');
                let equals = skip_space(&lower, at + 3);
                (!word && lower.get(equals) == Some(&b'=')).then_some((at, equals + 1))
            })
            .collect();
        if urls.is_empty() {
            return None;
        }
        // Only what stands on the first line is cut off.
        let line = memchr::memchr(b'\n', &lower).unwrap_or(lower.len());
        let begin = urls.iter().rev().find(|(at, _)| *at <= line).map(|(_, after)| *after);
        let uri = content.get(begin.map_or(0, |after| skip_space(content, after))..)?;
        let mut kept = uri.to_vec();
        if let Some(semicolon) = memchr::memchr(b';', uri) {
            let end = uri.iter().skip(semicolon).position(|&b| b == b'\n');
            let after = end.map_or(uri.len(), |offset| semicolon + offset);
            let head = uri.get(..semicolon)?;
            let solid = head.iter().rposition(|&b| !tokenizer::is_space(b));
            kept.drain(solid.map_or(0, |last| last + 1)..after);
        }
        Some((kept, *wide))
    }

    /// Width times height in pixels, if both are given; per cent are of 800 by 600, what is
    /// no number counts as 200.
    pub(super) fn area(&self) -> Option<f64> {
        let (width, _) = self.width.as_ref()?;
        let (height, _) = self.height.as_ref()?;
        Some(pixels(width, 8.0) * pixels(height, 6.0))
    }

    /// Is there a `face` that is no list of font names?
    pub(super) fn face_is_bad(&self) -> bool {
        self.face.as_ref().is_some_and(|(face, _)| !is_font_list(face))
    }
}

/// Of attributes like `x/href` the last counts; more than these are not compared.
const MISPLACED: usize = 16;

fn value(attribute: &Attribute<'_>, alphabet: Alphabet, wide: bool) -> (Vec<u8>, bool) {
    if !attribute.valued {
        return (attribute.value.to_vec(), wide);
    }
    if alphabet == Alphabet::Octets && std::str::from_utf8(attribute.value).is_err() {
        let text: String = attribute.value.iter().map(|&b| char::from(b)).collect();
        return (entity::decode(text.as_bytes(), false).text.into_owned(), false);
    }
    let Decoded { text, wide: decoded } = entity::decode(attribute.value, false);
    (text.into_owned(), wide || (decoded && alphabet == Alphabet::Utf8))
}

fn is_linking(tag: &[u8]) -> bool {
    matches!(tag, b"a" | b"area" | b"link")
}

/// `x/href` where a slash stands for the white space before `href`; likewise `x/src`.
fn is_misplaced(tag: &[u8], name: &[u8]) -> bool {
    let wanted: &[u8] = match tag {
        _ if is_linking(tag) => b"/href",
        b"img" | b"frame" | b"iframe" | b"embed" | b"script" | b"bgsound" => b"/src",
        _ => return false,
    };
    memchr::memmem::find_iter(name, wanted).any(|at| {
        let before = at.checked_sub(1).and_then(|before| name.get(before));
        before.is_some_and(|&b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

fn without_byte_order_mark(href: &mut Vec<u8>, alphabet: Alphabet, wide: bool) {
    let mark: &[u8] = match (alphabet, wide) {
        (Alphabet::Octets, _) | (Alphabet::Utf8, true) => b"\xef\xbb\xbf",
        (Alphabet::Utf8, false) => "\u{ef}\u{bb}\u{bf}".as_bytes(),
    };
    if memchr::memmem::find(href, mark).is_none() {
        return;
    }
    let mut clean = Vec::with_capacity(href.len());
    let mut done = 0;
    for at in memchr::memmem::find_iter(href, mark) {
        clean.extend_from_slice(href.get(done..at).unwrap_or(b""));
        done = at + mark.len();
    }
    clean.extend_from_slice(href.get(done..).unwrap_or(b""));
    *href = clean;
}

fn skip_space(text: &[u8], at: usize) -> usize {
    at + text.iter().skip(at).take_while(|&&b| tokenizer::is_space(b)).count()
}

fn pixels(value: &[u8], per_cent: f64) -> f64 {
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    let (digits, factor) = match value.strip_suffix(b"%") {
        Some(digits) => (digits, per_cent),
        None => (value, 1.0),
    };
    let number = digits
        .iter()
        .try_fold(0.0, |sum, &b| b.is_ascii_digit().then(|| sum * 10.0 + f64::from(b - b'0')));
    number.map(|number| number * factor).filter(|&number| number > 0.0).unwrap_or(200.0)
}

/// Font names between commas, each of letters, spaces and hyphens, perhaps with a digit at
/// its end and quotes around.
fn is_font_list(face: &[u8]) -> bool {
    let face = face.strip_suffix(b"\n").unwrap_or(face);
    let face = face.strip_suffix(b";").unwrap_or(face);
    face.split(|&b| b == b',').enumerate().all(|(index, name)| is_font_name(name, index == 0))
}

fn is_font_name(name: &[u8], first: bool) -> bool {
    let space = name.iter().take_while(|&&b| tokenizer::is_space(b)).count();
    let solid = name.get(space..).unwrap_or(b"");
    let mut body = match solid {
        [b'"' | b'\'', rest @ ..] => rest,
        [b'.', rest @ ..] if first => rest,
        // A space may be the first character of the first name.
        _ if first && space > 0 && name.get(space - 1) == Some(&b' ') => {
            name.get(space - 1..).unwrap_or(solid)
        }
        _ => solid,
    };
    body = body.strip_suffix(b"\"").or(body.strip_suffix(b"'")).unwrap_or(body);
    if let [rest @ .., last] = body
        && last.is_ascii_digit()
    {
        body = rest;
    }
    let letter = |b: u8| b.is_ascii_alphabetic();
    match body {
        [start, middle @ .., end] => {
            (letter(*start) || (first && *start == b' '))
                && letter(*end)
                && middle.iter().all(|&b| letter(b) || b == b' ' || b == b'-')
        }
        _ => false,
    }
}

/// Is `name` a tag like `o:p` or `st1:place`, which office programs write?
pub(super) fn is_namespace(name: &[u8]) -> bool {
    let rest = match name {
        [b'o', b':', rest @ ..] => rest,
        [b's', b't', digit, b':', rest @ ..] if digit.is_ascii_digit() => rest,
        _ => return false,
    };
    let rest = rest.strip_suffix(b"/").unwrap_or(rest);
    !rest.is_empty() && rest.iter().all(|&b| words::is_word(char::from(b), false) || b == b'-')
}
