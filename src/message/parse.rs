//! Bytes to message: the header block and the MIME tree (RFC 5322, 2045, 2046).
//!
//! Parsing never fails; what is odd becomes a fact. The tree is SpamAssassin's (Message.pm):
//! multiparts are read level by level, attached messages are read like the outermost one,
//! and twenty levels down all is a leaf. Limits: `headers`, `header_name`, `header_value`,
//! `header_block`, `mime_parts`, `mime_tree`, `mime_depth`.

use super::Facts;
use super::content_type::{ContentType, disposition_name, is_false};
use super::encoded_word;
use super::head::Head;
use super::headers::Headers;
use super::multipart::{Balance, Multipart};
use super::notes::Notes;
use super::part::Part;
use super::text::{Text, lines};
use crate::limits::{Limit, Limits, Reached};
use crate::text::ascii::is_space;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

/// A parsed message.
#[derive(Debug)]
pub struct Message {
    pristine: Text,
    body_start: usize,
    mbox_separator: Option<Vec<u8>>,
    crlf: bool,
    parts: Vec<Part>,
    facts: Facts,
    reached: Reached,
}

impl Message {
    /// Parses a whole message, with or without an mbox separator before it. An empty one
    /// counts as one newline.
    pub fn parse(raw: Vec<u8>, limits: &Limits) -> Message {
        let mut notes = Notes::default();
        let head = Head::parse(Text::from(raw), limits, &mut notes);
        let pristine = head.pristine.clone();
        let (body_start, crlf) = (head.body_start, head.crlf);
        let mbox_separator = head.mbox_separator.clone();
        let mut tree = Tree {
            limits,
            notes,
            pristine: pristine.clone(),
            parts: Vec::new(),
            jobs: VecDeque::new(),
            boundaries: HashMap::new(),
        };
        tree.add_message(head, None, limits.mime_depth);
        tree.grow();
        let Tree { parts, notes: Notes { mut facts, mut reached, .. }, boundaries, .. } = tree;
        facts.unbalanced_boundary = boundaries.values().any(|&state| state != 0);
        let mut parts = in_document_order(parts);
        if let Some(root) = parts.first_mut() {
            root.headers.retain(|field| !is_spam_header(&field.name));
            if is_over(&root.headers, limits.header_block) {
                facts.truncated_header = true;
                reached.note(Limit::HeaderBlock);
            }
        }
        Message { pristine, body_start, mbox_separator, crlf, parts, facts, reached }
    }

    /// The message as it came, without mbox separator. Where line ends are CRLF, the header
    /// block's bare LFs have become CRLF (milters send them so).
    pub fn pristine(&self) -> &[u8] {
        self.pristine.bytes()
    }

    /// The header block of [`Message::pristine`], with the blank line that ends it.
    pub fn pristine_headers(&self) -> &[u8] {
        self.pristine().get(..self.body_start).unwrap_or_default()
    }

    /// The body of [`Message::pristine`].
    pub fn pristine_body(&self) -> &[u8] {
        self.pristine().get(self.body_start..).unwrap_or_default()
    }

    /// The line that a mailbox put before the message, in mbox form.
    pub fn mbox_separator(&self) -> Option<&[u8]> {
        self.mbox_separator.as_deref()
    }

    /// How its lines end, by the first and the last of them.
    pub fn line_ending(&self) -> &'static [u8] {
        if self.crlf { b"\r\n" } else { b"\n" }
    }

    /// The top-level fields without `X-Spam-*`, which a rule never sees.
    pub fn headers(&self) -> &Headers {
        static NONE: Headers = Headers::new();
        self.parts.first().map_or(&NONE, |root| &root.headers)
    }

    /// All parts in document order; the first one is the message itself.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The parts whose text views are made of: leaves that have a type, in document order.
    pub fn leaves(&self) -> impl Iterator<Item = &Part> {
        self.numbered_leaves().map(|(_, part)| part)
    }

    /// [`Message::leaves`], each with its place in [`Message::parts`].
    pub fn numbered_leaves(&self) -> impl Iterator<Item = (usize, &Part)> {
        let numbered = self.parts.iter().enumerate();
        numbered.filter(|(_, part)| part.is_leaf() && !part.content_type().is_empty())
    }

    /// The places in [`Message::parts`] of the part number `index` and all that it encloses.
    pub fn subtree(&self, index: usize) -> Range<usize> {
        let depth = self.parts.get(index).map_or(0, |part| part.depth);
        let after = self.parts.iter().skip(index + 1).take_while(|part| part.depth > depth);
        index..index + 1 + after.count()
    }

    /// What was odd about it.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The limits that parsing has reached.
    pub fn reached(&self) -> Reached {
        self.reached
    }
}

/// A part that is in the tree but whose content was not read yet.
struct Job {
    part: usize,
    boundary: Option<Arc<[u8]>>,
    text: Text,
    /// Does a blank line go before the text? (SpamAssassin's bug 6845: a multipart's body
    /// that begins with text must not be taken for part headers.)
    after_blank_line: bool,
    /// How many levels may still be read.
    levels: usize,
}

/// The MIME tree while it grows, breadth first.
struct Tree<'a> {
    limits: &'a Limits,
    notes: Notes,
    pristine: Text,
    parts: Vec<Part>,
    jobs: VecDeque<Job>,
    /// 1 for a boundary that was opened, one less for each time it was closed.
    boundaries: HashMap<Arc<[u8]>, i64>,
}

impl Tree<'_> {
    fn grow(&mut self) {
        while let Some(job) = self.jobs.pop_front() {
            let is_multipart =
                self.parts.get(job.part).is_some_and(|part| is_multipart(&part.kind));
            match job.boundary.clone() {
                Some(boundary) if is_multipart && job.levels > 0 => self.multipart(&job, &boundary),
                _ => self.single(job),
            }
        }
    }

    /// Adds a whole message as a part.
    fn add_message(&mut self, head: Head, parent: Option<usize>, levels: usize) {
        let kind = self.content_type(&head.headers);
        let boundary = kind.boundary.map(Arc::from);
        let after_blank_line =
            is_multipart(&kind.kind) && begins_with_text(head.body.bytes(), boundary.as_deref());
        let part = Part { headers: head.headers, kind: kind.kind, ..Part::default() };
        if let Some(part) = self.add(part, parent) {
            self.jobs.push_back(Job { part, boundary, text: head.body, after_blank_line, levels });
        }
    }

    /// Cuts a multipart at its boundary and adds what lies between.
    fn multipart(&mut self, job: &Job, boundary: &Arc<[u8]>) {
        let is_digest = self.parts.get_mut(job.part).is_some_and(|part| {
            part.container = true;
            part.kind == b"multipart/digest"
        });
        let (pieces, balance) =
            Multipart::new(&job.text, boundary, job.after_blank_line, self.limits, &mut self.notes)
                .split();
        self.note_balance(boundary, balance);
        for piece in pieces {
            let mut kind = self.content_type(&piece.headers);
            if kind.missing && is_digest {
                kind.kind = b"message/rfc822".to_vec();
            }
            let own = kind.boundary.filter(|boundary| !is_false(boundary));
            let boundary = Some(own.map_or_else(|| Arc::clone(boundary), Arc::from));
            let part = Part { headers: piece.headers, kind: kind.kind, ..Part::default() };
            let Some(part) = self.add(part, Some(job.part)) else { return };
            let (text, levels) = (piece.text, job.levels - 1);
            self.jobs.push_back(Job { part, boundary, text, after_blank_line: false, levels });
        }
    }

    fn note_balance(&mut self, boundary: &Arc<[u8]>, balance: Balance) {
        if balance.opened {
            let before = self.boundaries.insert(Arc::clone(boundary), 1);
            self.notes.facts.reused_boundary |= before.is_some();
        }
        if balance.closed {
            *self.boundaries.entry(Arc::clone(boundary)).or_insert(0) -= 1;
        }
    }

    /// Reads what is no multipart, or is one that must not be read.
    fn single(&mut self, job: Job) {
        let Some(part) = self.parts.get_mut(job.part) else { return };
        let kind = content_type(&part.headers);
        if !kind.missing {
            part.kind = match is_multipart(&kind.kind) && job.boundary.is_none() {
                true => b"text/plain".to_vec(),
                false => kind.kind,
            };
        }
        part.charset = kind.charset;
        let disposition = part.headers.last(b"content-disposition").map(encoded_word::decoded);
        let disposition = disposition.filter(|value| !is_false(value));
        part.name = disposition
            .and_then(|value| disposition_name(&value))
            .or(kind.name.filter(|name| !is_false(name)));
        part.boundary = job.boundary.as_deref().map(<[u8]>::to_vec);
        let text = if job.after_blank_line { job.text.after_blank_line() } else { job.text };
        part.raw = text.compact(&self.pristine);
        let is_message = matches!(part.kind.as_slice(), b"message/rfc822" | b"message/global");
        if is_message && job.levels > 0 {
            self.attached(job.part, job.levels - 1);
        }
    }

    /// Reads the message that a part holds, unless it is empty.
    fn attached(&mut self, index: usize, levels: usize) {
        let Some(part) = self.parts.get_mut(index) else { return };
        let text = part.decoded_text();
        if text.bytes().is_empty() {
            return;
        }
        part.container = true;
        part.raw = Text::default();
        // Flags about header blocks speak of the top level.
        let facts = self.notes.facts.clone();
        let head = Head::parse(text, self.limits, &mut self.notes);
        self.notes.facts = facts;
        self.add_message(head, Some(index), levels);
    }

    /// Adds `part` to the tree, unless it is full.
    fn add(&mut self, mut part: Part, parent: Option<usize>) -> Option<usize> {
        let index = self.parts.len();
        if index >= self.limits.mime_tree.max(1) {
            self.notes.reached.note(Limit::MimeTree);
            return None;
        }
        part.parent = parent;
        if let Some(parent) = parent.and_then(|parent| self.parts.get_mut(parent)) {
            parent.children.push(index);
            part.depth = parent.depth + 1;
        }
        self.parts.push(part);
        Some(index)
    }

    /// The type that `headers` give, and whether they give more than one.
    fn content_type(&mut self, headers: &Headers) -> ContentType {
        self.notes.facts.duplicate_content_type |= headers.all(b"content-type").nth(1).is_some();
        let value = headers.last(b"content-type").map(encoded_word::decoded);
        let boundaries = value.as_deref().map_or(0, ContentType::boundaries);
        self.notes.facts.duplicate_boundary |= boundaries > 1;
        ContentType::parse(value.as_deref())
    }
}

/// The type that `headers` give: the last one.
fn content_type(headers: &Headers) -> ContentType {
    let value = headers.last(b"content-type").map(encoded_word::decoded);
    ContentType::parse(value.as_deref())
}

fn is_multipart(kind: &[u8]) -> bool {
    kind.starts_with(b"multipart/")
}

/// Does a multipart's body of two lines or more begin with neither a blank line nor its
/// boundary?
fn begins_with_text(body: &[u8], boundary: Option<&[u8]>) -> bool {
    let mut body = lines(body);
    let first = body.next().unwrap_or_default();
    let delimits = |boundary| first.strip_prefix(b"--").is_some_and(|l| l.starts_with(boundary));
    body.next().is_some()
        && !first.iter().all(|&byte| is_space(byte))
        && !boundary.is_some_and(delimits)
}

/// Is `name` a header that a spam filter has added?
fn is_spam_header(name: &[u8]) -> bool {
    name.get(..7).is_some_and(|start| start.eq_ignore_ascii_case(b"x-spam-"))
}

/// Do the decoded fields, written as `ALL` shows them, take more than `limit` bytes?
fn is_over(headers: &Headers, limit: usize) -> bool {
    // Decoding makes a value three times as long at most (one byte to three of UTF-8).
    let longest: usize = headers.iter().map(|f| f.name.len() + 3 * (f.raw.len() + 1)).sum();
    let size = |field| encoded_word::decoded(field).len();
    longest > limit && headers.iter().map(|f| f.name.len() + size(f) + 3).sum::<usize>() > limit
}

/// The parts as a reader meets them: each before its children, these in order.
fn in_document_order(mut parts: Vec<Part>) -> Vec<Part> {
    let mut order = Vec::with_capacity(parts.len());
    let mut place = vec![0; parts.len()];
    let mut stack = vec![0];
    while let Some(index) = stack.pop() {
        let Some(part) = parts.get_mut(index) else { continue };
        stack.extend(part.children.iter().rev());
        if let Some(place) = place.get_mut(index) {
            *place = order.len();
        }
        order.push(std::mem::take(part));
    }
    for part in &mut order {
        for link in part.children.iter_mut().chain(&mut part.parent) {
            *link = place.get(*link).copied().unwrap_or_default();
        }
    }
    order
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
