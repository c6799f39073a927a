//! Bytes from a client to a [`Request`].
//!
//! In go the bytes in the order in which they arrive, in portions of any size; out comes a
//! request, or the error that spamd would have sent. Each byte of the head is looked at
//! once. Nothing waits for a byte that the protocol does not need: a message is complete
//! with its `Content-length`-th byte, without one at the end of the input.
//!
//! The grammar is spamd's, with its corners: the command is found anywhere in the first
//! line, header names are case-sensitive, header lines end with CRLF, what is not known is
//! ignored.

use super::error::{RequestError, too_long};
use super::head::{Head, Length, Tell};
use super::inflate::Inflation;
use super::verb::{Verb, command};
use super::wishes::Wishes;
use crate::limits::{Limit, Limits};

/// A request, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// What is asked for.
    pub verb: Verb,
    /// The protocol's version as a number; it decides the reply's shape.
    pub version: f64,
    /// `User:`, as sent: any byte but control characters.
    pub user: Option<Vec<u8>>,
    /// The message, inflated if it came compressed; empty for PING and SKIP.
    pub message: Vec<u8>,
    /// The message's size as spamd's log tells it: an inflated one's before spamd has
    /// straightened its end.
    pub size: usize,
    /// What a TELL asks for.
    pub tell: Tell,
    /// What the client asks for beyond spamd's protocol.
    pub wishes: Wishes,
}

/// How far a request has come.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// More bytes are needed.
    Incomplete,
    /// The request is whole.
    Complete(Request),
}

/// A request in the course of arriving.
#[derive(Debug)]
pub struct Reading {
    limits: Limits,
    allow_tell: bool,
    /// The head before the message is reached, afterwards the message, or what of a
    /// compressed one is not inflated yet.
    buffer: Vec<u8>,
    /// How much of the head is parsed.
    parsed: usize,
    /// How much of the head is known to hold no further line end.
    searched: usize,
    head: Option<Head>,
    in_message: bool,
    inflation: Option<Inflation>,
}

impl Reading {
    /// Nothing has arrived.
    pub fn new(limits: &Limits) -> Reading {
        Reading {
            limits: limits.clone(),
            allow_tell: false,
            buffer: Vec::new(),
            parsed: 0,
            searched: 0,
            head: None,
            in_message: false,
            inflation: None,
        }
    }

    /// Says whether TELL is served.
    #[must_use]
    pub fn allow_tell(self, allow_tell: bool) -> Reading {
        Reading { allow_tell, ..self }
    }

    /// Has nothing arrived?
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty() && self.head.is_none()
    }

    /// How many bytes of memory are held.
    pub fn held(&self) -> usize {
        self.buffer.capacity() + self.inflation.as_ref().map_or(0, Inflation::held)
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Progress, RequestError> {
        self.buffer.extend_from_slice(bytes);
        self.advance(false)
    }

    /// Takes the end of the input.
    pub fn finish(&mut self) -> Result<Progress, RequestError> {
        self.advance(true)
    }

    fn advance(&mut self, at_end: bool) -> Result<Progress, RequestError> {
        while !self.in_message {
            let Some(line) = self.line(at_end)? else {
                return Ok(Progress::Incomplete);
            };
            self.head_line(&line)?;
            let Some(head) = &self.head else { continue };
            if self.in_message && !head.verb.has_message() {
                // What else has come is no part of it.
                self.buffer.clear();
                self.inflation = None;
                return self.complete();
            }
        }
        self.message(at_end)
    }

    /// The next line of the head with its line end; what is left at the end of the input
    /// is a line too.
    fn line(&mut self, at_end: bool) -> Result<Option<Vec<u8>>, RequestError> {
        let unseen = self.buffer.get(self.searched..).unwrap_or_default();
        let end = match memchr::memchr(b'\n', unseen) {
            Some(place) => self.searched + place + 1,
            None => self.buffer.len(),
        };
        let line = self.buffer.get(self.parsed..end).unwrap_or_default();
        self.check_lengths(line, end)?;
        let whole = line.last() == Some(&b'\n');
        if whole || (at_end && !line.is_empty()) {
            let line = line.to_vec();
            (self.parsed, self.searched) = (end, end);
            return Ok(Some(line));
        }
        if !at_end {
            self.searched = end;
            return Ok(None);
        }
        Err(match self.head {
            None => RequestError::Closed,
            Some(_) => RequestError::EndOfHeaders,
        })
    }

    /// `line` is the last of the head so far, which has `head` bytes.
    fn check_lengths(&self, line: &[u8], head: usize) -> Result<(), RequestError> {
        let begins = head.saturating_sub(line.len());
        let check_head =
            || too_long("the head of the request", head, Limit::RequestHead, &self.limits);
        // The limit that is reached first is told of, however the bytes arrive.
        if begins.saturating_add(self.limits.request_line) >= self.limits.request_head {
            check_head()?;
        }
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        too_long("a line of the request", line.len(), Limit::RequestLine, &self.limits)?;
        check_head()
    }

    /// Takes one line of the head; sets `in_message` after the last.
    fn head_line(&mut self, line: &[u8]) -> Result<(), RequestError> {
        let Some(head) = &mut self.head else {
            let (verb, version) = command(line)?;
            self.head = Some(Head::new(verb, version));
            return if verb.has_headers(version) { Ok(()) } else { self.begin_message() };
        };
        let text = line.strip_suffix(b"\r\n").unwrap_or(line);
        if text.is_empty() { self.begin_message() } else { head.header(text, &self.limits) }
    }

    /// Drops the head's bytes, so that the buffer begins with the message.
    fn begin_message(&mut self) -> Result<(), RequestError> {
        if let Some(head) = &self.head {
            head.check(self.allow_tell)?;
            self.inflation = head.compressed.then(Inflation::new);
        }
        self.in_message = true;
        self.buffer.drain(..self.parsed);
        Ok(())
    }

    /// Is the message whole?
    fn message(&mut self, at_end: bool) -> Result<Progress, RequestError> {
        let Some(head) = &self.head else { return Ok(Progress::Incomplete) };
        let got = self.buffer.len();
        let Some(length) = &head.length else {
            too_long("the message", got, Limit::MessageBytes, &self.limits)?;
            return if at_end { self.complete() } else { Ok(Progress::Incomplete) };
        };
        if self.inflation.is_some() {
            let announced = length.bytes;
            return self.inflate(announced, at_end);
        }
        let read = match line_end_at(&self.buffer, length) {
            Some(read) => read,
            None if at_end => got,
            None => return Ok(Progress::Incomplete),
        };
        if read != length.bytes {
            let expected = length.digits.clone();
            return Err(RequestError::LengthMismatch { expected, got: read });
        }
        self.buffer.truncate(read);
        self.complete()
    }

    /// Inflates what has arrived of the `announced` bytes. spamd does not mind fewer, so long
    /// as the stream in them is whole, and cuts off what is more.
    fn inflate(&mut self, announced: usize, at_end: bool) -> Result<Progress, RequestError> {
        let Some(inflation) = &mut self.inflation else { return Ok(Progress::Incomplete) };
        self.buffer.truncate(announced.saturating_sub(inflation.taken()));
        inflation.feed(&self.buffer, &self.limits)?;
        self.buffer.clear();
        if inflation.taken() < announced && !at_end {
            return Ok(Progress::Incomplete);
        }
        self.complete()
    }

    /// The request, of which everything has arrived.
    fn complete(&mut self) -> Result<Progress, RequestError> {
        let Some(head) = self.head.take() else { return Ok(Progress::Incomplete) };
        let (message, size) = match self.inflation.take() {
            Some(inflation) => inflation.finish()?,
            None => {
                let message = std::mem::take(&mut self.buffer);
                let size = message.len();
                (message, size)
            }
        };
        let Head { verb, version, user, tell, wishes, .. } = head;
        Ok(Progress::Complete(Request { verb, version, user, message, size, tell, wishes }))
    }
}

/// Where spamd would stop reading a message of the announced length, if it has come so
/// far: it reads by lines, so what follows the last byte on the same line counts too.
fn line_end_at(message: &[u8], length: &Length) -> Option<usize> {
    let announced = length.bytes;
    if message.len() < announced {
        return None;
    }
    let exact = message.len() == announced;
    if announced == 0 {
        // An empty length lets spamd read a line before it compares.
        let waits = length.digits.is_empty();
        let end = memchr::memchr(b'\n', message).map(|place| place + 1);
        return if exact { (!waits).then_some(0) } else { end.or(Some(message.len())) };
    }
    let ended = announced.checked_sub(1).and_then(|last| message.get(last)) == Some(&b'\n');
    if exact || ended {
        return Some(announced);
    }
    let rest = message.get(announced..).unwrap_or_default();
    Some(memchr::memchr(b'\n', rest).map_or(message.len(), |place| announced + place + 1))
}

/// Parses what has arrived so far of a connection whose end is not known yet.
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Progress, RequestError> {
    Reading::new(limits).feed(bytes)
}

/// Parses all that a connection has sent.
pub fn parse_all(bytes: &[u8], limits: &Limits) -> Result<Progress, RequestError> {
    let mut reading = Reading::new(limits);
    match reading.feed(bytes)? {
        Progress::Incomplete => reading.finish(),
        complete => Ok(complete),
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
