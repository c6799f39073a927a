//! Markup taken off again: what `spamassassin -d` does, and what is done before learning.
//!
//! An attached original comes out as it went in; headers that were marked in place are put back.
//! Only one layer is taken off: a message that two filters have marked is what the second one
//! had got. A message without markup stays as it is, byte for byte.

use super::enclosed::DESCRIPTION;
use super::in_place::{NONEXISTENT, is_markup, rewritable, without_markup};
use super::pristine::{self, is_continuation, lines, value_of};
use super::template::in_one_line;
use crate::limits::Limits;
use crate::message::Message;
use crate::message::content_type::ContentType;
use crate::text::ascii::{is_space, trim, trim_end, trim_start};
use std::borrow::Cow;

/// `mail` without the markup that a spam filter has added to it, with its mbox separator if it
/// has one.
pub fn remove(mail: Vec<u8>, limits: &Limits) -> Vec<u8> {
    if mail.is_empty() {
        return mail;
    }
    let message = Message::parse(mail, limits);
    let mut plain = message.mbox_separator().unwrap_or_default().to_vec();
    match attached(&message) {
        Some(original) => plain.extend_from_slice(original),
        None => {
            let headers = restored(message.pristine_headers());
            plain.extend(headers.iter().flat_map(|line| line.iter()));
            plain.extend_from_slice(message.pristine_body());
        }
    }
    plain
}

/// The original, if `message` is a report that has it attached.
fn attached(message: &Message) -> Option<&[u8]> {
    // Read from the headers as they came: however many there are, this one counts.
    let kind = in_one_line(pristine::value(message, b"Content-Type")?);
    let kind = ContentType::parse(Some(&kind));
    let boundary = kind.boundary.filter(|_| kind.kind == b"multipart/mixed")?;
    let body = message.pristine_body();
    let mut head = Head::default();
    let mut in_head = false;
    let mut at = 0;
    for line in lines(body) {
        at += line.len();
        if in_head && line.iter().all(|&byte| is_space(byte)) {
            if head.is_of_original() {
                let original = up_to_boundary(body.get(at..)?, &boundary);
                return Some(original).filter(|original| !original.is_empty());
            }
            in_head = false;
        } else if in_head {
            head.read(line);
        } else if delimits(line, &boundary) {
            (in_head, head) = (true, Head::default());
        }
    }
    None
}

/// Is `line` the boundary between parts, or behind the last one?
fn delimits(line: &[u8], boundary: &[u8]) -> bool {
    let behind = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary));
    let behind = behind.map(|rest| rest.strip_prefix(b"--").unwrap_or(rest));
    behind.is_some_and(|rest| rest.iter().all(|&byte| is_space(byte)))
}

/// What stands before the next boundary, without the line end that belongs to that; everything
/// where there is none. A boundary's lines end alike: a CR before the line feed of one that ends
/// in a line feed alone is the original's last byte.
fn up_to_boundary<'b>(text: &'b [u8], boundary: &[u8]) -> &'b [u8] {
    let mut end = 0;
    for line in lines(text) {
        if delimits(line, boundary) {
            let before = text.get(..end).unwrap_or_default();
            let ending: &[u8] = if line.ends_with(b"\r\n") { b"\r\n" } else { b"\n" };
            let shortest = before.strip_suffix(b"\n").unwrap_or(before);
            return before.strip_suffix(ending).unwrap_or(shortest);
        }
        end += line.len();
    }
    text
}

/// What the head of a MIME part says of itself, as far as it matters here.
#[derive(Default)]
struct Head {
    kind: Vec<u8>,
    description: Vec<u8>,
    /// Which of the two the last line belongs to.
    open: Option<Which>,
}

#[derive(Clone, Copy)]
enum Which {
    Kind,
    Description,
}

impl Head {
    fn read(&mut self, line: &[u8]) {
        let kind = value_of(line, b"Content-Type").map(|value| (Which::Kind, value));
        let description = || value_of(line, b"Content-Description");
        let found = kind.or_else(|| description().map(|value| (Which::Description, value)));
        let value = match found {
            Some((which, value)) => {
                self.open = Some(which);
                value
            }
            None if is_continuation(line) => line,
            None => {
                self.open = None;
                return;
            }
        };
        let text = match self.open {
            Some(Which::Kind) => &mut self.kind,
            Some(Which::Description) => &mut self.description,
            None => return,
        };
        text.extend_from_slice(trim_end(value));
    }

    /// Is this how we, or SpamAssassin before 3.0, announce the original?
    fn is_of_original(&self) -> bool {
        let kind = trim(&self.kind);
        let behind = [&b"message/rfc822;"[..], b"text/plain;"]
            .into_iter()
            .find_map(|start| kind.strip_prefix(start));
        behind.is_some_and(|rest| trim_start(rest).starts_with(b"x-spam-type=original"))
            || (kind == b"message/rfc822" && trim(&self.description) == DESCRIPTION)
    }
}

/// A header block without markup, its lines as they were before.
fn restored(headers: &[u8]) -> Vec<Cow<'_, [u8]>> {
    let is_ham = lines(headers).find_map(|line| value_of(line, b"X-Spam-Status"));
    let is_ham = is_ham.is_some_and(|value| trim(value).starts_with(b"No"));
    let mut plain = without_markup(headers);
    if !is_ham && lines(headers).any(is_markup) {
        undo_rewrites(&mut plain);
    }
    plain
}

/// The first line of a rewritten field as it was, from a line that keeps it.
fn original(line: &[u8]) -> Option<&[u8]> {
    let mark = b"X-Spam-Prev-";
    let (start, rest) = line.split_at_checked(mark.len())?;
    (start.eq_ignore_ascii_case(mark) && rewritable(rest).is_some()).then_some(rest)
}

/// Puts back what stands in the `X-Spam-Prev-*` lines of the last filter, and takes these away.
fn undo_rewrites(headers: &mut Vec<Cow<[u8]>>) {
    for name in [&b"Subject"[..], b"From", b"To"] {
        let is_named = |line: &[u8]| rewritable(line) == Some(name);
        let fields = places(headers, is_named);
        let kept = places(headers, |line| original(line).is_some_and(is_named));
        if name == b"Subject" && undo_creation(headers, &fields, &kept) {
            continue;
        }
        // What an earlier filter has kept stands before what the last one has.
        let own = kept.len().saturating_sub(fields.len().max(1));
        let kept = kept.get(own..).unwrap_or_default();
        for (number, &from) in kept.iter().enumerate() {
            let Some(line) = headers.get(from).and_then(|line| original(line)) else { continue };
            let line = Cow::Owned(line.to_vec());
            put(headers, from, Cow::Borrowed(b""));
            // Where the field is gone, its original takes the place of what kept it.
            put(headers, fields.get(number).copied().unwrap_or(from), line);
        }
    }
    headers.retain(|line| !line.is_empty());
}

/// Takes a subject away that there was not, and the marks of the fields that were rewritten
/// beside it, of which nothing better was kept. False if there was one.
fn undo_creation(headers: &mut [Cow<[u8]>], fields: &[usize], kept: &[usize]) -> bool {
    let is_none = |line: &[u8]| {
        original(line).and_then(|l| value_of(l, b"Subject")).is_some_and(|v| trim(v) == NONEXISTENT)
    };
    let line = |at: &usize| headers.get(*at).map_or(&b""[..], |line| line);
    let count = kept.iter().rev().take_while(|at| is_none(line(at))).count();
    let (Some(&field), true) = (fields.last(), count > 0) else { return false };
    if memchr::memmem::find(line(&field), NONEXISTENT).is_some() {
        return false;
    }
    let own = kept.get(kept.len() - count..).unwrap_or_default();
    for &at in own.iter().chain([&field]) {
        put(headers, at, Cow::Borrowed(b""));
    }
    let others = places(headers, |line| rewritable(line).is_some_and(|name| name != b"Subject"));
    for at in others.into_iter().take(count - 1) {
        if let Some(plain) = headers.get(at).and_then(|line| without_comment(line)) {
            put(headers, at, plain.into());
        }
    }
    true
}

/// A field's first line without the comment that its value begins with.
fn without_comment(line: &[u8]) -> Option<Vec<u8>> {
    let open = memchr::memmem::find(line, b": (").map(|at| at + 2)?;
    let (name, value) = line.split_at_checked(open)?;
    let close = memchr::memmem::find(value, b") ")?;
    Some([name, value.get(close + 2..)?].concat())
}

/// Where the lines are that `fits` finds.
fn places(headers: &[Cow<[u8]>], fits: impl Fn(&[u8]) -> bool) -> Vec<usize> {
    let fitting = headers.iter().enumerate().filter(|(_, line)| fits(line));
    fitting.map(|(place, _)| place).collect()
}

fn put<'h>(headers: &mut [Cow<'h, [u8]>], at: usize, line: Cow<'h, [u8]>) {
    if let Some(place) = headers.get_mut(at) {
        *place = line;
    }
}

#[cfg(test)]
#[path = "remove_tests.rs"]
mod tests;
