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

use crate::error::Code;
use crate::limits::{Limit, Limits};
use crate::text::number;
use crate::text::shown::shown;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// The verdict line.
    Check,
    /// The names of the rules that hit.
    Symbols,
    /// The report, for spam and ham.
    Report,
    /// The report, if the message is spam.
    ReportIfSpam,
    /// The message, marked up.
    Process,
    /// The headers of the message, marked up.
    Headers,
    /// Learn or report the message.
    Tell,
    /// Is the server there?
    Ping,
    /// The client has changed its mind.
    Skip,
}

/// All verbs with their words, in the order in which spamd tries them at one place of the
/// first line.
pub const VERBS: &[(&str, Verb)] = &[
    ("PROCESS", Verb::Process),
    ("CHECK", Verb::Check),
    ("SYMBOLS", Verb::Symbols),
    ("REPORT", Verb::Report),
    ("HEADERS", Verb::Headers),
    ("REPORT_IFSPAM", Verb::ReportIfSpam),
    ("TELL", Verb::Tell),
    ("SKIP", Verb::Skip),
    ("PING", Verb::Ping),
];

impl Verb {
    /// The word of the protocol.
    pub fn word(self) -> &'static str {
        VERBS.iter().find(|(_, verb)| *verb == self).map_or("", |(word, _)| word)
    }

    /// Does a message follow?
    pub fn has_message(self) -> bool {
        !matches!(self, Verb::Ping | Verb::Skip)
    }

    /// Which of spamd's three patterns finds the verb: the first that matches anywhere in
    /// the line decides.
    fn rank(self) -> u8 {
        match self {
            Verb::Tell => 1,
            Verb::Skip | Verb::Ping => 2,
            _ => 0,
        }
    }
}

/// A request, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// What is asked for.
    pub verb: Verb,
    /// The protocol's version as a number; it decides the reply's shape.
    pub version: f64,
    /// `User:`, as sent: any byte but control characters.
    pub user: Option<Vec<u8>>,
    /// The message; empty for PING and SKIP.
    pub message: Vec<u8>,
}

/// Why a request is refused. Its text is the reply's, as spamd words it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The first line asks for nothing that we know.
    #[error("Bad header line: {}", shown(.0))]
    UnknownCommand(Vec<u8>),
    /// End of input before the first byte.
    #[error("Bad header line: (closed before headers)")]
    Closed,
    /// End of input among the headers.
    #[error("Bad header line: (EOF during headers)")]
    EndOfHeaders,
    /// A line without a colon, which an empty line with a bare LF is too.
    #[error("Bad header line: (header not in 'Name: value' format)")]
    NotAHeader,
    /// A `Content-length` that is not made of digits.
    #[error("Bad header line: (Content-Length contains non-numeric bytes)")]
    LengthNotANumber,
    /// A user's name with control characters.
    #[error("Bad header line: (User header contains control chars)")]
    UserControls,
    /// `Compress` with an unknown method.
    #[error("Bad header line: (compression type not supported: {})", shown(.0))]
    UnknownCompression(Vec<u8>),
    /// `Compress: zlib`.
    #[error("Bad header line: (compression not supported: Compress: zlib is not built yet)")]
    Compressed,
    /// More or fewer bytes than announced.
    #[error(
        "Bad header line: (Content-Length mismatch: Expected {expected} bytes, got {got} bytes)"
    )]
    LengthMismatch {
        /// The header's digits, as sent.
        expected: String,
        /// What came, to the end of the line that went over.
        got: usize,
    },
    /// More headers than spamd reads.
    #[error("Bad header line: (too many headers)")]
    TooManyHeaders,
    /// A line, the head or the message is longer than its limit.
    #[error("Bad header line: ({what} is longer than {height} bytes, limits.{name})")]
    TooLong {
        /// Which part of the request.
        what: &'static str,
        /// The limit's height.
        height: usize,
        /// The limit's name in the configuration.
        name: &'static str,
        /// The limit.
        limit: Limit,
    },
    /// A verb of spamd's that this version cannot do.
    #[error("Service Unavailable: {} is not built yet", .0.word())]
    NotBuilt(Verb),
    /// TELL, which spamd refuses in these words until it is allowed.
    #[error("Service Unavailable: TELL commands are not enabled, set the --allow-tell switch.")]
    TellNotAllowed,
}

impl RequestError {
    /// The code of the reply.
    pub fn code(&self) -> Code {
        match self {
            RequestError::NotBuilt(_) | RequestError::TellNotAllowed => Code::Unavailable,
            _ => Code::Protocol,
        }
    }

    /// The limit that was gone over, if that is what happened.
    pub fn limit(&self) -> Option<Limit> {
        match self {
            RequestError::TooLong { limit, .. } => Some(*limit),
            RequestError::TooManyHeaders => Some(Limit::RequestHeaders),
            _ => None,
        }
    }
}

/// How far a request has come.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// More bytes are needed.
    Incomplete,
    /// The request is whole.
    Complete(Request),
}

/// `Content-length` as sent and as a number.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Length {
    digits: String,
    bytes: usize,
}

/// The command and what the headers have said so far.
#[derive(Clone, Debug)]
struct Head {
    verb: Verb,
    version: f64,
    user: Option<Vec<u8>>,
    length: Option<Length>,
    headers: usize,
}

/// A request in the course of arriving.
#[derive(Clone, Debug)]
pub struct Reading {
    limits: Limits,
    /// The head before the message is reached, afterwards the message.
    buffer: Vec<u8>,
    /// How much of the head is parsed.
    parsed: usize,
    /// How much of the head is known to hold no further line end.
    searched: usize,
    head: Option<Head>,
    in_message: bool,
}

impl Reading {
    /// Nothing has arrived.
    pub fn new(limits: &Limits) -> Reading {
        Reading {
            limits: limits.clone(),
            buffer: Vec::new(),
            parsed: 0,
            searched: 0,
            head: None,
            in_message: false,
        }
    }

    /// Has nothing arrived?
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty() && self.head.is_none()
    }

    /// How many bytes of memory are held.
    pub fn held(&self) -> usize {
        self.buffer.capacity()
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
                return Ok(Progress::Complete(self.request()));
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

    fn check_lengths(&self, line: &[u8], head: usize) -> Result<(), RequestError> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        too_long("a line of the request", line.len(), Limit::RequestLine, &self.limits)?;
        too_long("the head of the request", head, Limit::RequestHead, &self.limits)
    }

    /// Takes one line of the head; sets `in_message` after the last.
    fn head_line(&mut self, line: &[u8]) -> Result<(), RequestError> {
        let Some(head) = &mut self.head else {
            let head = command(line)?;
            self.in_message = !head.reads_headers();
            let unbuilt = self.in_message.then(|| head.unbuilt()).flatten();
            self.head = Some(head);
            self.begin_message();
            return unbuilt.map_or(Ok(()), Err);
        };
        let text = line.strip_suffix(b"\r\n").unwrap_or(line);
        if !text.is_empty() {
            return head.header(text, &self.limits);
        }
        if let Some(error) = head.unbuilt() {
            return Err(error);
        }
        self.in_message = true;
        self.begin_message();
        Ok(())
    }

    /// Drops the head's bytes, so that the buffer begins with the message.
    fn begin_message(&mut self) {
        if self.in_message {
            self.buffer.drain(..self.parsed);
        }
    }

    /// Is the message whole?
    fn message(&mut self, at_end: bool) -> Result<Progress, RequestError> {
        let Some(head) = &self.head else { return Ok(Progress::Incomplete) };
        let got = self.buffer.len();
        let Some(length) = &head.length else {
            too_long("the message", got, Limit::MessageBytes, &self.limits)?;
            if at_end {
                return Ok(Progress::Complete(self.request()));
            }
            return Ok(Progress::Incomplete);
        };
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
        Ok(Progress::Complete(self.request()))
    }

    fn request(&mut self) -> Request {
        let message = std::mem::take(&mut self.buffer);
        match self.head.take() {
            Some(Head { verb, version, user, .. }) => Request { verb, version, user, message },
            None => Request { verb: Verb::Skip, version: 0.0, user: None, message },
        }
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

fn too_long(
    what: &'static str,
    length: usize,
    limit: Limit,
    limits: &Limits,
) -> Result<(), RequestError> {
    let height = limits.get(limit);
    if length <= height {
        return Ok(());
    }
    let row = crate::limits::TABLE.iter().find(|row| row.limit == limit);
    let name = row.map_or("", |row| row.name);
    Err(RequestError::TooLong { what, height, name, limit })
}

/// The first line: a verb and a version, anywhere in it.
fn command(line: &[u8]) -> Result<Head, RequestError> {
    let mut text = line.to_vec();
    if let Some(end) = text.iter().position(|byte| *byte == b'\n') {
        text.truncate(end);
        if text.last() == Some(&b'\r') {
            text.pop();
        }
    }
    let mut best: Option<(u8, usize, Verb)> = None;
    for place in memchr::memmem::find_iter(&text, b" SPAMC/") {
        let before = text.get(..place).unwrap_or_default();
        let found = VERBS.iter().filter(|(word, _)| before.ends_with(word.as_bytes()));
        for (word, verb) in found {
            let candidate = (verb.rank(), place - word.len(), *verb);
            if best.is_none_or(|best| (candidate.0, candidate.1) < (best.0, best.1)) {
                best = Some(candidate);
            }
        }
    }
    let Some((_, start, verb)) = best else {
        return Err(RequestError::UnknownCommand(text));
    };
    let version = text.get(start + verb.word().len() + " SPAMC/".len()..).unwrap_or_default();
    let version = number::read(version);
    Ok(Head { verb, version, user: None, length: None, headers: 0 })
}

impl Head {
    /// Do headers follow the first line?
    fn reads_headers(&self) -> bool {
        match self.verb {
            Verb::Tell => true,
            Verb::Ping | Verb::Skip => self.version >= 1.5,
            _ => self.version > 1.0,
        }
    }

    /// Why the verb cannot be served, if it cannot.
    fn unbuilt(&self) -> Option<RequestError> {
        match self.verb {
            Verb::Process | Verb::Headers => Some(RequestError::NotBuilt(self.verb)),
            Verb::Tell => Some(RequestError::TellNotAllowed),
            _ => None,
        }
    }

    /// Takes one header line, without its CRLF.
    fn header(&mut self, line: &[u8], limits: &Limits) -> Result<(), RequestError> {
        let colon = memchr::memchr(b':', line).ok_or(RequestError::NotAHeader)?;
        let (name, value) = line.split_at_checked(colon).unwrap_or_default();
        let value = trim_start(value.get(1..).unwrap_or_default());
        match name {
            b"Content-length" => self.length = Some(content_length(value, limits)?),
            b"User" => self.user = Some(user(value)?),
            b"Compress" if contains_ignore_case(value, b"zlib") => {
                return Err(RequestError::Compressed);
            }
            b"Compress" => return Err(RequestError::UnknownCompression(value.to_vec())),
            _ => {}
        }
        // spamd reads so many lines, the empty one at the end among them.
        self.headers += 1;
        if self.headers >= limits.request_headers {
            return Err(RequestError::TooManyHeaders);
        }
        Ok(())
    }
}

/// Without the white space of Perl's `\s` in front.
fn trim_start(value: &[u8]) -> &[u8] {
    let space = |byte: &&u8| byte.is_ascii_whitespace() || **byte == 0x0b;
    let spaces = value.iter().take_while(space).count();
    value.get(spaces..).unwrap_or_default()
}

/// Perl's `$` also stands before a last line feed.
fn without_newline(value: &[u8]) -> &[u8] {
    value.strip_suffix(b"\n").unwrap_or(value)
}

fn content_length(value: &[u8], limits: &Limits) -> Result<Length, RequestError> {
    let digits = without_newline(value);
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(RequestError::LengthNotANumber);
    }
    let digits = String::from_utf8_lossy(digits).into_owned();
    let bytes = match digits.as_str() {
        "" => 0,
        text => text.parse().unwrap_or(usize::MAX),
    };
    too_long("the message", bytes, Limit::MessageBytes, limits)?;
    Ok(Length { digits, bytes })
}

fn user(value: &[u8]) -> Result<Vec<u8>, RequestError> {
    let name = without_newline(value);
    if name.iter().any(|byte| *byte < 0x20) {
        return Err(RequestError::UserControls);
    }
    Ok(name.to_vec())
}

fn contains_ignore_case(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
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
