//! Spam as an attachment of a report: `report_safe` 1 and 2.
//!
//! The new message has the headers by which people sort mail, the `X-Spam-*` fields, a report,
//! and the original, byte for byte, as `message/rfc822` or as `text/plain`.

use super::header;
use super::pristine;
use super::template::{Facts, in_one_line};
use super::with_line_ends_of;
use crate::message::{Message, encoded_word};
use std::hash::{BuildHasher, Hasher};

/// What the attached original is called.
pub const DESCRIPTION: &[u8] = b"original message before SpamAssassin";

/// The message `message` within a report.
pub fn enclosed(facts: &Facts, message: &Message) -> Vec<u8> {
    let original = message.pristine();
    let is_text = is_text(message);
    let mut report = facts.report();
    if !is_text {
        report.extend_from_slice(&facts.shown(&facts.settings.unsafe_report));
    }
    let boundary = boundary(facts.surroundings.seconds(), &[original, &report]);
    let mut whole = [received_by(facts), head(facts, message)].concat();
    whole.extend_from_slice(&parts(facts, &report, &boundary, is_text));
    let mut whole = with_line_ends_of(message, whole);
    whole.extend_from_slice(original);
    let end = [b"\n--", &*boundary, b"--\n\n"].concat();
    whole.extend_from_slice(&with_line_ends_of(message, end));
    whole
}

/// Is the original plain text, by its own account?
fn is_text(message: &Message) -> bool {
    message.headers().last(b"Content-Type").is_none_or(|field| {
        let value = encoded_word::decoded(field).to_ascii_lowercase();
        memchr::memmem::find(&value, b"text/plain").is_some()
    })
}

/// The Received field that says where and when the report was made.
fn received_by(facts: &Facts) -> Vec<u8> {
    let version = String::from_utf8_lossy(&facts.settings.version);
    format!(
        "Received: from localhost by {}\n\twith SpamAssassin (version {version});\n\t{}\n",
        facts.surroundings.hostname,
        facts.date()
    )
    .into_bytes()
}

/// The fields of the new message but for its own MIME fields.
fn head(facts: &Facts, message: &Message) -> Vec<u8> {
    let mut on_top = Vec::new();
    let mut head = Vec::new();
    let mut known: Vec<Vec<u8>> = Vec::new();
    for name in [&b"From"[..], b"To", b"Cc", b"Subject", b"Date", b"Message-Id"] {
        let value = pristine::value(message, name);
        let value = match name {
            b"Subject" => subject(facts, value),
            b"From" | b"To" => with_comment(facts, name, value),
            _ => value,
        };
        value.into_iter().for_each(|value| field(&mut head, name, &value));
        known.push(name.to_ascii_lowercase());
    }
    head.extend_from_slice(&header::added(facts, &facts.settings.headers_spam));
    for name in &facts.settings.copied_headers {
        let lower = name.to_ascii_lowercase();
        if known.contains(&lower) {
            continue;
        }
        let place = if lower == b"received" { &mut on_top } else { &mut head };
        for value in pristine::values(message, name) {
            field(place, name, &value);
        }
        known.push(lower);
    }
    on_top.append(&mut head);
    on_top
}

fn field(place: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    for piece in [name, b": ", value] {
        place.extend_from_slice(piece);
    }
}

/// The subject with what `rewrite_header` and the rules put before it.
fn subject(facts: &Facts, value: Option<Vec<u8>>) -> Option<Vec<u8>> {
    let Some(template) = facts.settings.rewrite.get(&b"Subject"[..]) else { return value };
    let value = value.unwrap_or(b"\n".to_vec());
    let value = [facts.in_one_line(&facts.verdict.subject_prefix), value].concat();
    let mark = [facts.in_one_line(template), b" ".to_vec()].concat();
    let value = value.strip_prefix(&*mark).unwrap_or(&value);
    Some([&mark, value].concat())
}

/// An address field with a comment behind the addresses, unless it stands there already.
fn with_comment(facts: &Facts, name: &[u8], value: Option<Vec<u8>>) -> Option<Vec<u8>> {
    let Some(template) = facts.settings.rewrite.get(name) else { return value };
    let value = value.unwrap_or(b"\n".to_vec());
    let text = value.strip_suffix(b"\n").unwrap_or(&value);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let end = value.get(text.len()..).unwrap_or_default();
    let mut mark = facts.filled(template);
    if name == b"From" {
        mark.retain(|byte| *byte != b'\n');
    }
    let comment = [b"\t(", &*in_one_line(mark), b")"].concat();
    let text = text.strip_suffix(&*comment).unwrap_or(text);
    Some([text, &comment, end].concat())
}

/// The MIME fields, the report, and the head of the part that holds the original.
fn parts(facts: &Facts, report: &[u8], boundary: &[u8], is_text: bool) -> Vec<u8> {
    let kind = match facts.settings.report_safe {
        1 => "message/rfc822",
        _ => "text/plain",
    };
    let disposition = if is_text { "inline" } else { "attachment" };
    [
        b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"",
        boundary,
        b"\"\n\nThis is a multi-part message in MIME format.\n\n--",
        boundary,
        b"\nContent-Type: text/plain; charset=",
        facts.settings.charset(),
        b"\nContent-Disposition: inline\nContent-Transfer-Encoding: 8bit\n\n",
        report,
        b"\n\n--",
        boundary,
        b"\nContent-Type: ",
        kind.as_bytes(),
        b"; x-spam-type=original\nContent-Description: ",
        DESCRIPTION,
        b"\nContent-Disposition: ",
        disposition.as_bytes(),
        b"\nContent-Transfer-Encoding: 8bit\n\n",
    ]
    .concat()
}

/// A boundary that no line of `texts` looks like. Nobody can foresee it.
fn boundary(seconds: i64, texts: &[&[u8]]) -> Vec<u8> {
    let random = || {
        let bits = std::collections::hash_map::RandomState::new().build_hasher().finish();
        format!("{:08X}", bits as u32)
    };
    let mut boundary = format!("----------=_{:08X}.{}", seconds as u32, random());
    let occurs = |boundary: &str| {
        let finder = memchr::memmem::Finder::new(boundary);
        texts.iter().any(|text| finder.find(text).is_some())
    };
    while occurs(&boundary) {
        boundary = format!("{boundary}/{}", random());
    }
    boundary.into_bytes()
}
