//! What goes out beside a verdict: reports, `X-Spam-*` headers, rewritten mail; and how all
//! that is taken off again.
//!
//! A scan's verdict and a user's [`Settings`] go in; the report of REPORT ([`Facts::report`])
//! and the whole message as `rewrite_mail` of Mail::SpamAssassin::PerMsgStatus makes it
//! ([`Facts::rewrite`]) come out. [`remove`] undoes that, byte for byte.
//!
//! * `settings` says what the configuration wants; `template` fills `_TAGS_` in, `tables` and
//!   `preview` make the longer values, `values` those that the message defines;
//! * `header` makes one `X-Spam-*` header: folded and encoded;
//! * `in_place` rewrites the headers (`report_safe 0`, and all ham), `enclosed` puts the message
//!   into another one (`report_safe` 1 and 2); `pristine` reads the headers as they came;
//! * `remove` takes either off.
//!
//! Invariant: nothing that comes from mail begins a line of a header block or of a MIME part's
//! head, and no line of the message or the report is the boundary around it.

mod enclosed;
mod header;
mod in_place;
pub mod preview;
mod pristine;
mod remove;
#[cfg(test)]
mod safety_tests;
pub mod settings;
mod tables;
mod template;
pub(super) mod values;
mod wrap;

pub use remove::remove;
pub use settings::Settings;
pub use template::{Facts, Other};

use crate::clock;
use crate::message::Message;
use std::sync::Arc;

/// Where and for whom a scan is made, as reports and headers tell.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// This machine's full name.
    pub hostname: Arc<str>,
    /// The client by name.
    pub remote_host: Arc<str>,
    /// The client by address.
    pub remote_address: Arc<str>,
    /// When, in seconds since 1970; now where it is `None`.
    pub time: Option<i64>,
}

impl Default for Surroundings {
    /// A scan that no client has asked for.
    fn default() -> Self {
        Surroundings {
            hostname: "localhost".into(),
            remote_host: "localhost".into(),
            remote_address: "127.0.0.1".into(),
            time: None,
        }
    }
}

impl Surroundings {
    /// The time of the scan, in seconds since 1970.
    fn seconds(&self) -> i64 {
        self.time.unwrap_or_else(clock::unix_seconds)
    }
}

/// A message as it goes back: the original with its headers marked, or wrapped into a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// Everything up to and including the first empty line: what HEADERS answers with. All of
    /// the message where there is no empty line.
    pub head: Vec<u8>,
    /// The rest.
    pub body: Vec<u8>,
}

impl Facts<'_> {
    /// The message with everything that the settings add to it.
    pub fn rewrite(&self, message: &Message) -> Rewritten {
        let mut whole = message.mbox_separator().unwrap_or_default().to_vec();
        match self.verdict.is_spam() && self.settings.report_safe > 0 {
            true => whole.append(&mut enclosed::enclosed(self, message)),
            false => whole.append(&mut in_place::marked(self, message)),
        }
        let body = whole.split_off(end_of_head(&whole));
        Rewritten { head: whole, body }
    }
}

/// Where the first empty line ends.
fn end_of_head(mail: &[u8]) -> usize {
    let is_empty = |line: &[u8]| matches!(line, b"\n" | b"\r\n");
    memchr::memchr_iter(b'\n', mail)
        .map(|end| end + 1)
        .find_map(|end| {
            let rest = mail.get(end..).unwrap_or_default();
            let next = rest.get(..rest.len().min(2)).unwrap_or_default();
            let next = if next.starts_with(b"\n") { b"\n" } else { next };
            is_empty(next).then_some(end + next.len())
        })
        .unwrap_or(mail.len())
}

/// `text` with the line ends of `message`, if these are CRLF.
fn with_line_ends_of(message: &Message, text: Vec<u8>) -> Vec<u8> {
    if message.line_ending() == b"\n" {
        return text;
    }
    let mut out = Vec::with_capacity(text.len() + text.len() / 32);
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) => {
                out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
                out.extend_from_slice(b"\r\n");
            }
            None => out.extend_from_slice(line),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_ends_with_the_first_empty_line() {
        let cases: [(&[u8], usize); 6] = [
            (b"a: b\n\nc\n\nd", 6),
            (b"a: b\r\n\r\nc", 8),
            (b"a: b\n\r\nc", 7),
            (b"a: b\n", 5),
            (b"", 0),
            (b"\n\n", 2),
        ];
        for (mail, end) in cases {
            assert_eq!(end_of_head(mail), end, "{}", mail.escape_ascii());
        }
    }
}
