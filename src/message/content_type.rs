//! What a Content-Type says, read as leniently as SpamAssassin does (RFC 2045 section 5).
//!
//! In: the decoded value of the last Content-Type field (`encoded_word`). Out: type,
//! boundary, charset, name. Parameters are looked for anywhere in the value, quoted or not,
//! with or without their semicolons; the first that fits counts.

use crate::text::ascii::{is_space, trim_start};
use std::collections::BTreeMap;

/// A Content-Type, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentType {
    /// `type/subtype` in lower case. Never empty unless the value is nothing but specials;
    /// any `text/*` but html, calendar and x-vcard reads `text/plain`.
    pub kind: Vec<u8>,
    /// The `boundary` parameter.
    pub boundary: Option<Vec<u8>>,
    /// The `charset` parameter as written.
    pub charset: Option<Vec<u8>>,
    /// The `name` or `filename` parameter; pieces of RFC 2231 are put together.
    pub name: Option<Vec<u8>>,
    /// Was there no type, so that it had to be assumed?
    pub missing: bool,
}

impl ContentType {
    /// Reads a decoded value. No value, an empty one and `0` count as missing.
    pub fn parse(value: Option<&[u8]>) -> ContentType {
        let given = value.filter(|value| !is_false(value));
        let value = given.unwrap_or(b"text/plain; charset=us-ascii");
        let mut kind = type_of(value);
        let missing = given.is_none() || is_false(&kind);
        if missing || is_plain_text(&kind) {
            kind = b"text/plain".to_vec();
        }
        kind.retain(|&byte| !is_special(byte));
        ContentType {
            kind,
            boundary: parameter(value, &[b"boundary"], |_, text| boundary(text))
                .map(|text| text.iter().copied().filter(|&byte| byte != b'"').collect()),
            charset: parameter(value, &[b"charset"], |_, text| unquoted(text)).map(<[u8]>::to_vec),
            name: name(value),
            missing,
        }
    }

    /// How often `value` names a boundary. Readers disagree on which one counts.
    pub(crate) fn boundaries(value: &[u8]) -> usize {
        let mut count = 0;
        parameter(value, &[b"boundary"], |_, _| -> Read<()> {
            count += 1;
            Err(0)
        });
        count
    }
}

/// What Perl takes for false.
pub(super) fn is_false(value: &[u8]) -> bool {
    matches!(value, b"" | b"0")
}

/// `type/subtype`, in lower case, from before the first semicolon.
fn type_of(value: &[u8]) -> Vec<u8> {
    let value = trim_start(value);
    let value = value.split(|&byte| byte == b';').next().unwrap_or_default();
    let slash = match value.iter().position(|&byte| byte == b'/') {
        // A value that begins with a slash stays whole.
        None | Some(0) => return value.to_ascii_lowercase(),
        Some(slash) => slash,
    };
    let subtype = value.get(slash + 1..).unwrap_or_default();
    let length = subtype.iter().take_while(|&&byte| byte != b'/' && !is_space(byte)).count();
    value.get(..slash + 1 + length).unwrap_or_default().to_ascii_lowercase()
}

/// Does SpamAssassin force `kind` to text/plain?
fn is_plain_text(kind: &[u8]) -> bool {
    let Some(rest) = kind.strip_prefix(b"text") else { return false };
    let rest_is_word = rest.first().is_some_and(|&byte| is_word(byte));
    let rest = rest.strip_suffix(b"\n").unwrap_or(rest);
    !rest_is_word && !matches!(rest, b"/x-vcard" | b"/calendar" | b"/html")
}

/// Bytes that are dropped from a type: controls, 8-bit and most specials of RFC 2045.
fn is_special(byte: u8) -> bool {
    !matches!(byte, b'!'..=b'~')
        || matches!(byte, b'"' | b'(' | b')' | b',' | b':'..=b'?' | b'@' | b'['..=b']')
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What a reader of parameter values answers: the value, or how many bytes hold none.
type Read<T> = Result<T, usize>;

/// Reads with `read` what follows one of `names`, white space and `=`; where that fails,
/// goes on after the bytes that `read` gave up. Answers with the first value and its end.
fn parameter<'a, T>(
    value: &'a [u8],
    names: &[&[u8]],
    mut read: impl FnMut(&'a [u8], &'a [u8]) -> Read<T>,
) -> Option<T> {
    let mut at = 0;
    while at < value.len() {
        let skip = match begins(value, at, names) {
            None => 1,
            Some((number, text)) => match read(number, text) {
                Ok(found) => return Some(found),
                Err(useless) => value.len() - text.len() + useless - at,
            },
        };
        at += skip;
    }
    None
}

/// Does a word out of `names`, an optional number if it ends in `*`, white space and `=`
/// begin at `at`? Answers with the number and what follows.
fn begins<'a>(value: &'a [u8], at: usize, names: &[&[u8]]) -> Option<(&'a [u8], &'a [u8])> {
    let (before, rest) = value.split_at_checked(at)?;
    if before.last().is_some_and(|&byte| is_word(byte)) {
        return None;
    }
    let (name, rest) = names.iter().find_map(|&name| {
        let (start, rest) = rest.split_at_checked(name.len())?;
        start.eq_ignore_ascii_case(name).then_some((name, rest))
    })?;
    let digits = match name.last() {
        Some(b'*') => rest.iter().take_while(|byte| byte.is_ascii_digit()).count(),
        _ => 0,
    };
    let (number, rest) = rest.split_at_checked(digits)?;
    Some((number, trim_start(trim_start(rest).strip_prefix(b"=")?)))
}

/// The boundary: up to a closing quote if it opens with one, else up to white space or
/// semicolon; an unquoted one that runs into a quote does not count.
fn boundary(text: &[u8]) -> Read<&[u8]> {
    if let Some(quoted) = text.strip_prefix(b"\"") {
        let inner = quoted.split(|&byte| byte == b'"').next().unwrap_or_default();
        return if inner.is_empty() { Err(0) } else { Ok(inner) };
    }
    let ends = |byte: &u8| is_space(*byte) || matches!(byte, b'"' | b';');
    let length = text.iter().take_while(|byte| !ends(byte)).count();
    match text.split_at_checked(length) {
        Some((inner, rest)) if length > 0 && rest.first() != Some(&b'"') => Ok(inner),
        _ => Err(length),
    }
}

/// The text up to a semicolon or the end, without one quote on either side; nothing if a
/// newline comes first.
fn unquoted(text: &[u8]) -> Read<&[u8]> {
    let (whole, text) = match text.split_first() {
        Some((b'"' | b'\'', inner)) => (text, inner),
        _ => (text, text),
    };
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let end = memchr::memchr2(b';', b'\n', text).unwrap_or(text.len());
    match text.split_at_checked(end) {
        Some((_, rest)) if rest.first() == Some(&b'\n') => Err(whole.len() - rest.len()),
        Some((inner, _)) => Ok(match inner.split_last() {
            Some((b'"' | b'\'', inner)) => inner,
            _ => inner,
        }),
        None => Err(0),
    }
}

/// The name, from one parameter or from numbered pieces (RFC 2231 section 3).
fn name(value: &[u8]) -> Option<Vec<u8>> {
    let whole = parameter(value, &[b"name", b"filename"], |_, text| unquoted(text));
    if whole.is_some_and(|name| !is_false(name)) {
        return whole.map(<[u8]>::to_vec);
    }
    const PIECES: &[&[u8]] = &[b"name*", b"filename*"];
    let mut has_first = false;
    let mut pieces = BTreeMap::new();
    parameter(value, PIECES, |number, text| -> Read<()> {
        has_first |= number == b"0";
        let piece = unquoted(text)?;
        if let Some(number) = std::str::from_utf8(number).ok().and_then(|n| n.parse::<u32>().ok()) {
            pieces.insert(number, piece);
        }
        Err(piece.len())
    });
    match has_first {
        true => Some(pieces.into_values().flatten().copied().collect()),
        false => whole.map(<[u8]>::to_vec),
    }
}

/// The name that a decoded Content-Disposition gives, which goes before the Content-Type's.
pub(super) fn disposition_name(value: &[u8]) -> Option<Vec<u8>> {
    (0..value.len()).find_map(|at| {
        let (name, rest) = value.get(at..)?.split_at_checked(5)?;
        if !name.eq_ignore_ascii_case(b"name=") {
            return None;
        }
        let text = trim_start(rest);
        let quoted = text.strip_prefix(b"\"").unwrap_or(text);
        let length = quoted.iter().take_while(|byte| !matches!(byte, b'"' | b';')).count();
        if length > 0 {
            return quoted.get(..length).map(<[u8]>::to_vec);
        }
        // An empty name after white space: the last white space byte is the name.
        let blanks = rest.len() - text.len();
        rest.get(blanks.checked_sub(1)?..blanks).map(<[u8]>::to_vec)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(value: &str) -> ContentType {
        ContentType::parse(Some(value.as_bytes()))
    }

    fn text(value: &Option<Vec<u8>>) -> Option<&str> {
        value.as_deref().map(|value| std::str::from_utf8(value).unwrap())
    }

    #[test]
    fn types_are_cleaned_and_text_is_plain() {
        let cases = [
            ("text/plain; charset=x", "text/plain"),
            ("TEXT/HTML", "text/html"),
            ("text/enriched", "text/plain"),
            ("text", "text/plain"),
            ("text/calendar; method=x", "text/calendar"),
            ("textual/x", "textual/x"),
            ("text/html charset=x", "text/html"),
            ("image/gif/x", "image/gif"),
            ("a b/c d", "ab/c"),
            ("(multipart)/mixed,", "multipart/mixed"),
            ("", "text/plain"),
            (";x", "text/plain"),
            ("\"", ""),
        ];
        for (value, kind) in cases {
            assert_eq!(String::from_utf8(parse(value).kind).unwrap(), kind, "{value:?}");
        }
        assert!(ContentType::parse(None).missing && parse("0").missing && parse(";").missing);
        assert!(!parse("text/plain").missing);
        assert_eq!(text(&ContentType::parse(None).charset), Some("us-ascii"));
    }

    #[test]
    fn boundaries_may_lack_their_quotes() {
        let cases = [
            ("multipart/mixed; boundary=\"a b\"; x", Some("a b")),
            ("multipart/mixed; boundary = \"a b", Some("a b")),
            ("multipart/mixed boundary=ab;c", Some("ab")),
            ("multipart/mixed; boundary=\"\"", None),
            ("multipart/mixed; boundary=a\"b", None),
            ("multipart/mixed; boundary=a\"b; BOUNDARY=c", Some("c")),
            ("multipart/mixed; xboundary=a; boundary=b", Some("b")),
        ];
        for (value, boundary) in cases {
            assert_eq!(text(&parse(value).boundary), boundary, "{value:?}");
        }
        assert_eq!(ContentType::boundaries(b"x/y; boundary=a; boundary=b"), 2);
    }

    #[test]
    fn charsets_and_names_lose_one_quote_on_each_side() {
        assert_eq!(text(&parse("text/plain; charset=\"utf-8\"; x").charset), Some("utf-8"));
        assert_eq!(text(&parse("text/plain; charset='utf-8").charset), Some("utf-8"));
        assert_eq!(text(&parse("text/plain; charset=").charset), Some(""));
        assert_eq!(text(&parse("a/b; filename=\"x y.htm\"; name=z").name), Some("x y.htm"));
        assert_eq!(text(&parse("a/b; name*0=\"x\"; name*1=y; name*3=z").name), Some("xyz"));
        assert_eq!(text(&parse("a/b; name*1=y").name), None);
    }

    #[test]
    fn a_disposition_names_the_part() {
        let cases: [(&[u8], Option<&[u8]>); 5] = [
            (b"attachment; filename=\"a;b\"", Some(b"a")),
            (b"attachment; filename= x ; y", Some(b"x ")),
            (b"attachment; filename=\"\"", None),
            (b"attachment; filename= \"\"", Some(b" ")),
            (b"attachment; filename=; name=z", Some(b"z")),
        ];
        for (value, name) in cases {
            assert_eq!(disposition_name(value).as_deref(), name, "{}", value.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn any_value_is_read(value in "(boundary|name\\*0|charset|=|\"|;| |/|x|\n|'|0){0,12}") {
            let read = parse(&value);
            prop_assert!(!read.kind.contains(&b' '));
            disposition_name(value.as_bytes());
        }
    }
}
