//! The headers of a request: `Name: value` lines between the command and the message.
//!
//! In go the lines, each without its CRLF; out comes what they ask for, or spamd's error.
//! Names are case-sensitive, a later header of one name replaces an earlier one, and what is
//! not known is ignored, as spamd does it.

use super::error::{RequestError, too_long};
use super::verb::Verb;
use super::wishes::Wishes;
use crate::limits::{Limit, Limits};

/// The command and what the headers have said so far.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) verb: Verb,
    pub(super) version: f64,
    pub(super) user: Option<Vec<u8>>,
    pub(super) length: Option<Length>,
    pub(super) compressed: bool,
    pub(super) tell: Tell,
    pub(super) wishes: Wishes,
    headers: usize,
}

/// `Content-length` as sent and as a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Length {
    pub(super) digits: String,
    pub(super) bytes: usize,
}

/// What a TELL asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tell {
    /// `Message-class:` as sent; spamd takes everything but `spam` for ham.
    pub class: Option<Vec<u8>>,
    /// `Set:`, where the message shall be known.
    pub set: Places,
    /// `Remove:`, where it shall be known no more.
    pub remove: Places,
}

/// Where a message is known, or shall be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Here: in the Bayes database.
    pub local: bool,
    /// Elsewhere: with whom it is reported to.
    pub remote: bool,
}

impl Head {
    pub(super) fn new(verb: Verb, version: f64) -> Head {
        Head {
            verb,
            version,
            user: None,
            length: None,
            compressed: false,
            tell: Tell::default(),
            wishes: Wishes::default(),
            headers: 0,
        }
    }

    /// Takes one header line, without its CRLF.
    pub(super) fn header(&mut self, line: &[u8], limits: &Limits) -> Result<(), RequestError> {
        let colon = memchr::memchr(b':', line).ok_or(RequestError::NotAHeader)?;
        let (name, value) = line.split_at_checked(colon).unwrap_or_default();
        let value = trim_start(value.get(1..).unwrap_or_default());
        match name {
            b"Content-length" => self.length = Some(content_length(value, limits)?),
            b"User" => self.user = Some(user(value)?),
            b"Compress" => self.compressed = compressed(value)?,
            // Any class will do: spamd's own check can never fail.
            b"Message-class" => self.tell.class = Some(value.to_vec()),
            b"Set" => self.tell.set = Places::named_in(value),
            b"Remove" => self.tell.remove = Places::named_in(value),
            Wishes::HEADER => self.wishes = Wishes::parse(value),
            _ => {}
        }
        // spamd reads so many lines, the empty one at the end among them.
        self.headers += 1;
        if self.headers >= limits.request_headers {
            return Err(RequestError::TooManyHeaders);
        }
        Ok(())
    }

    /// May the message follow? In spamd's order of asking.
    pub(super) fn check(&self, allow_tell: bool) -> Result<(), RequestError> {
        if self.verb == Verb::Tell {
            if !allow_tell {
                return Err(RequestError::TellNotAllowed);
            }
            let Tell { set, remove, .. } = self.tell;
            if set.local && remove.local {
                return Err(RequestError::SetAndRemove("local"));
            }
            if set.remote && remove.remote {
                return Err(RequestError::SetAndRemove("remote"));
            }
        }
        if self.compressed && self.length.is_none() && self.verb.has_message() {
            return Err(RequestError::CompressedWithoutLength);
        }
        Ok(())
    }
}

impl Places {
    /// As replies name them; `None` for nowhere.
    pub fn names(self) -> Option<&'static str> {
        match (self.local, self.remote) {
            (true, true) => Some("local,remote"),
            (true, false) => Some("local"),
            (false, true) => Some("remote"),
            (false, false) => None,
        }
    }

    /// The words may stand anywhere in the value.
    fn named_in(value: &[u8]) -> Places {
        Places {
            local: contains_ignore_case(value, b"local"),
            remote: contains_ignore_case(value, b"remote"),
        }
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

fn compressed(method: &[u8]) -> Result<bool, RequestError> {
    if contains_ignore_case(method, b"zlib") {
        return Ok(true);
    }
    Err(RequestError::UnknownCompression(method.to_vec()))
}

fn contains_ignore_case(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}
