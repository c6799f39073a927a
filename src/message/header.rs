//! What a header rule asks for, and what it gets.
//!
//! A rule file's `Subject`, `From:addr`, `ALL:raw`, … in, [`HeaderQuery`] out; the query and
//! a message in, the text that the rule's pattern is run on out (`$pms->get` of man page
//! Mail::SpamAssassin::PerMsgStatus).

use crate::message::relay::Side;
use thiserror::Error;

/// A header as a rule names it: `Subject`, `From:addr`, `ALL:raw`, `ToCc:name`, …
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeaderQuery {
    /// The header's name as written, without modifiers.
    pub name: Box<[u8]>,
    subject: Subject,
    modifiers: Modifiers,
}

/// Which text of the message the name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Subject {
    /// `ALL`
    All,
    /// `ALL-TRUSTED` and its sisters.
    AllOf(Side),
    /// `EnvelopeFrom`
    EnvelopeFrom,
    /// `X-Spam-Relays-Trusted` and its sisters.
    Relays(Side),
    /// `ToCc`
    ToCc,
    /// `MESSAGEID`
    MessageId,
    /// Any other name: the fields so called.
    Fields,
}

/// What comes after the name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Modifiers {
    raw: bool,
    addr: bool,
    name: bool,
    host: bool,
    domain: bool,
    ip: bool,
    revip: bool,
    first: bool,
    last: bool,
}

/// Why a text is no [`HeaderQuery`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HeaderQueryError {
    /// Not `Name`, `Name:modifier` or `Name:modifier:modifier`.
    #[error("'{0}' names no header; write Name, Name:modifier or Name:modifier:modifier")]
    Name(String),
    /// A word after a colon that is no modifier.
    #[error(
        "'{0}' has an unknown modifier; there are raw, addr, name, host, domain, ip, revip, first, last"
    )]
    Modifier(String),
}

impl HeaderQuery {
    /// Reads what a `header` rule writes before `=~` or `!~`: `Name`, `Name:`,
    /// `Name:modifier` or `Name:modifier:modifier`.
    pub fn parse(text: &[u8]) -> Result<HeaderQuery, HeaderQueryError> {
        let shown = || String::from_utf8_lossy(text).into_owned();
        let bare = text.strip_suffix(b":").unwrap_or(text);
        let mut words = bare.split(|&byte| byte == b':');
        let name = words.next().unwrap_or_default();
        let modifiers: Vec<_> = words.collect();
        let lower = |word: &&[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_lowercase);
        let written = is_name(name) && modifiers.len() <= 2 && modifiers.iter().all(lower);
        if !written || (bare.len() < text.len() && !modifiers.is_empty()) {
            return Err(HeaderQueryError::Name(shown()));
        }
        let known = |word: &&[u8]| Modifiers::default().set(word);
        if !modifiers.iter().all(known) {
            return Err(HeaderQueryError::Modifier(shown()));
        }
        Ok(HeaderQuery::ask(bare))
    }

    /// Reads what a `header` rule writes after `exists:`: a name without modifiers.
    pub fn parse_exists(text: &[u8]) -> Result<HeaderQuery, HeaderQueryError> {
        let name = text.strip_suffix(b":").unwrap_or(text);
        if !is_name(name) {
            return Err(HeaderQueryError::Name(String::from_utf8_lossy(text).into_owned()));
        }
        Ok(HeaderQuery::ask(name))
    }

    /// What an eval test asks for: any name, any number of modifiers, unknown ones ignored.
    pub fn ask(text: &[u8]) -> HeaderQuery {
        let mut words = text.split(|&byte| byte == b':');
        let name = words.next().unwrap_or_default();
        let mut modifiers = Modifiers::default();
        for word in words {
            modifiers.set(word);
        }
        HeaderQuery { name: name.into(), subject: Subject::of(name), modifiers }
    }
}

/// `[\w.-]+`
fn is_name(name: &[u8]) -> bool {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    !name.is_empty() && name.iter().all(letter)
}

impl Subject {
    /// `ALL…` and `MESSAGEID` are case-sensitive, the other pseudo headers are not.
    fn of(name: &[u8]) -> Subject {
        match name {
            b"ALL" => return Subject::All,
            b"ALL-TRUSTED" => return Subject::AllOf(Side::Trusted),
            b"ALL-UNTRUSTED" => return Subject::AllOf(Side::Untrusted),
            b"ALL-INTERNAL" => return Subject::AllOf(Side::Internal),
            b"ALL-EXTERNAL" => return Subject::AllOf(Side::External),
            b"MESSAGEID" => return Subject::MessageId,
            _ => {}
        }
        match name.to_ascii_lowercase().as_slice() {
            b"envelopefrom" => Subject::EnvelopeFrom,
            b"tocc" => Subject::ToCc,
            b"x-spam-relays-trusted" => Subject::Relays(Side::Trusted),
            b"x-spam-relays-untrusted" => Subject::Relays(Side::Untrusted),
            b"x-spam-relays-internal" => Subject::Relays(Side::Internal),
            b"x-spam-relays-external" => Subject::Relays(Side::External),
            _ => Subject::Fields,
        }
    }
}

impl Modifiers {
    /// Switches `word` on; false if there is no such modifier.
    fn set(&mut self, word: &[u8]) -> bool {
        match word {
            b"raw" => self.raw = true,
            b"addr" => self.addr = true,
            b"name" => self.name = true,
            b"host" => self.host = true,
            b"domain" => (self.host, self.domain) = (true, true),
            b"ip" => self.ip = true,
            b"revip" => (self.ip, self.revip) = (true, true),
            b"first" => self.first = true,
            b"last" => self.last = true,
            _ => return false,
        }
        true
    }
}
