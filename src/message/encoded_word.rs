//! Header values as people read them: unfolded, in UTF-8, encoded words decoded (RFC 2047).
//!
//! As SpamAssassin's Message/Node.pm does it: 8-bit bytes are guessed to UTF-8 first;
//! neighbouring encoded words of one charset are joined before their charset is decoded,
//! because senders split characters between them; a language suffix (RFC 2231 section 5)
//! is dropped.

use super::decode::{base64, quoted_printable};
use super::headers::Field;
use crate::text::ascii::{is_space, trim};
use crate::text::charset::{Trust, to_utf8};
use memchr::memmem;

/// The value of `field`, decoded, without outer white space and without newline.
pub fn decoded(field: &Field) -> Vec<u8> {
    let value = unfolded(&field.raw);
    match is_never_encoded(&field.name) {
        true => in_utf8(value),
        false => decoded_text(value),
    }
}

/// Unfolded `text` decoded: the name in an address, say.
pub fn decoded_text(text: Vec<u8>) -> Vec<u8> {
    let text = in_utf8(text);
    match memmem::find(&text, b"=?") {
        Some(_) => decode_words(&joined(&text)),
        None => text,
    }
}

/// `text` as it is if it is valid UTF-8, else guessed to be something that is.
fn in_utf8(text: Vec<u8>) -> Vec<u8> {
    match text.is_ascii() {
        true => text,
        false => to_utf8(&text, Some(b"UTF-8"), Trust::Hint).0.into_owned(),
    }
}

/// A fold becomes one space; other line ends and outer white space go.
fn unfolded(raw: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(raw.len());
    for line in trim(raw).split(|&byte| byte == b'\n') {
        let text = match value.is_empty() {
            true => line,
            false => {
                let blanks = line.iter().take_while(|&&b| b == b' ' || b == b'\t').count();
                match blanks {
                    0 if value.last() == Some(&b'\r') => _ = value.pop(),
                    0 => {}
                    _ => value.push(b' '),
                }
                line.get(blanks..).unwrap_or_default()
            }
        };
        value.extend_from_slice(text);
    }
    value
}

/// Is `name` a field in which `=?` means nothing?
fn is_never_encoded(name: &[u8]) -> bool {
    let begins = |prefix: &[u8]| {
        name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    let is = |names: &[&[u8]], name: &[u8]| names.iter().any(|n| name.eq_ignore_ascii_case(n));
    let original = name.get(7..).filter(|_| begins(b"resent-")).unwrap_or(name);
    is(&[b"message-id", b"date"], original)
        || is(&[b"received", b"mime-version", b"references", b"in-reply-to"], name)
        || begins(b"list-")
}

/// One `=?charset?B?text?=`.
struct Word<'a> {
    charset: &'a [u8],
    base64: bool,
    text: &'a [u8],
    rest: &'a [u8],
}

/// The encoded word that `value` begins with.
fn word(value: &[u8]) -> Option<Word<'_>> {
    let inner = value.strip_prefix(b"=?")?;
    let named = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'_' | b'-');
    let (charset, inner) = inner.split_at_checked(inner.iter().take_while(|b| named(b)).count())?;
    let (&letter, inner) = inner.strip_prefix(b"?")?.split_first()?;
    let inner = inner.strip_prefix(b"?")?;
    let (text, inner) = inner.split_at_checked(memchr::memchr(b'?', inner)?)?;
    let rest = inner.strip_prefix(b"?=")?;
    let known = matches!(letter, b'b' | b'B' | b'q' | b'Q') && !charset.is_empty();
    known.then_some(Word { charset, base64: letter.eq_ignore_ascii_case(&b'b'), text, rest })
}

/// `value` without the white space between encoded words.
fn joined(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((&byte, after)) = rest.split_first() {
        let next = (byte == b'=').then(|| word(rest)).flatten().and_then(|first| {
            let blanks = first.rest.iter().take_while(|&&byte| is_space(byte)).count();
            let next = first.rest.get(blanks..)?;
            (blanks > 0 && word(next).is_some()).then_some((rest.len() - first.rest.len(), next))
        });
        match next {
            Some((length, next)) => {
                out.extend_from_slice(rest.get(..length).unwrap_or_default());
                rest = next;
            }
            None => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}

/// `value` with its encoded words decoded; runs of one charset are decoded as one text.
fn decode_words(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut run: Option<(Vec<u8>, Vec<u8>)> = None;
    let mut rest = value;
    while let Some((&byte, after)) = rest.split_first() {
        let Some(word) = (byte == b'=').then(|| word(rest)).flatten() else {
            finish(run.take(), &mut out);
            out.push(byte);
            rest = after;
            continue;
        };
        let charset = word.charset.to_ascii_lowercase();
        let text = match word.base64 {
            true => base64(word.text),
            false => {
                let spaced = word.text.iter().map(|&b| if b == b'_' { b' ' } else { b });
                quoted_printable(&spaced.collect::<Vec<u8>>())
            }
        };
        match &mut run {
            Some((same, joined)) if *same == charset => joined.extend_from_slice(&text),
            _ => finish(run.replace((charset, text)), &mut out),
        }
        rest = word.rest;
    }
    finish(run, &mut out);
    out
}

/// Writes a run of encoded words, now of one charset, to `out`.
fn finish(run: Option<(Vec<u8>, Vec<u8>)>, out: &mut Vec<u8>) {
    let Some((charset, text)) = run else { return };
    let charset = charset.split(|&byte| byte == b'*').next().unwrap_or_default();
    match charset {
        b"" => out.extend_from_slice(&text),
        _ => out.extend_from_slice(&to_utf8(&text, Some(charset), Trust::Declared).0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, raw: &[u8]) -> String {
        let field = Field { name: name.into(), raw: raw.into() };
        String::from_utf8_lossy(&decoded(&field)).into_owned()
    }

    #[test]
    fn values_are_unfolded_and_decoded() {
        let cases: [(&[u8], &str); 8] = [
            (b" plain\n", "plain"),
            (b" a\n \t b\n", "a b"),
            (b" =?utf-8?q?a_b=21?=\n", "a b!"),
            (b" =?utf-8?b?w6Q=?= x\n", "\u{e4} x"),
            (b" =?utf-8?b?w6Q=?= \n =?UTF-8?Q?=C3?= =?utf-8?q?=A4?=\n", "\u{e4}\u{e4}"),
            (b" =?iso-8859-1*de?q?=FC?=\n", "\u{fc}"),
            (b" =?x?z?no?=\n", "=?x?z?no?="),
            (b" \xfcber\n", "\u{fc}ber"),
        ];
        for (raw, expected) in cases {
            assert_eq!(read("Subject", raw), expected);
        }
        assert_eq!(read("References", b" =?utf-8?q?a?=\n"), "=?utf-8?q?a?=");
    }
}
