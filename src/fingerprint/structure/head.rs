//! The order of header fields, and how a sender's program writes them.
//!
//! In: a message's [`Headers`]. Out: the transform `header-shape`.
//!
//! # Specification
//!
//! Lines, joined by newlines:
//!
//! 1. the names of the first twenty fields that a sender writes, as written, joined by `:`.
//!    What servers, lists and filters on the way add is left out ([`ADDED`]);
//! 2. `X-Mailer`, else `User-Agent`: lower case, runs of digits as `0`, the first 40
//!    characters;
//! 3. the boundary's shape, and 4. that of Message-ID before `@`: letters are `a`, digits `0`,
//!    of equal ones in a row one.
//!
//! Abstains below six names, or without Message-ID, boundary and mailer.

use crate::message::content_type::ContentType;
use crate::message::encoded_word;
use crate::message::headers::Headers;

/// Beginnings of the names of fields that are added on the way, lower case.
const ADDED: &[&str] = &[
    "arc-",
    "auth",
    "bounces",
    "comment",
    "delivered",
    "delivery-date",
    "dkim",
    "domainkey",
    "envelope",
    "errors-to",
    "feedback-id",
    "in-reply-to",
    "lines",
    "list-",
    "mailing-list",
    "old-",
    "precedence",
    "received",
    "references",
    "resent",
    "return-path",
    "sender",
    "status",
    "thread-",
    "x-amavis",
    "x-antiabuse",
    "x-authentication",
    "x-barracuda",
    "x-beenthere",
    "x-bogosity",
    "x-cmae",
    "x-content-length",
    "x-dspam",
    "x-egroups",
    "x-envelope",
    "x-evolution",
    "x-forefront",
    "x-fuglu",
    "x-getmail",
    "x-gm-",
    "x-google",
    "x-greylist",
    "x-ham",
    "x-ironport",
    "x-keywords",
    "x-list",
    "x-loop",
    "x-mailman",
    "x-mdaemon",
    "x-mdav",
    "x-microsoft-antispam",
    "x-mimedefang",
    "x-mozilla",
    "x-ms-",
    "x-msfbl",
    "x-original",
    "x-pmx",
    "x-proofpoint",
    "x-provags",
    "x-pstn",
    "x-qmail",
    "x-received",
    "x-rspamd",
    "x-sa-",
    "x-scanned",
    "x-sieve",
    "x-source",
    "x-spam",
    "x-status",
    "x-uid",
    "x-vade",
    "x-virus",
    "x-yahoo",
    "xref",
];

/// The transform; `None`: too little to tell.
pub(super) fn shape(headers: &Headers) -> Option<String> {
    let own = headers.iter().filter(|field| !is_added(&field.name)).take(20);
    let names: Vec<_> = own.map(|field| String::from_utf8_lossy(&field.name)).collect();
    let value = |name: &[u8]| headers.last(name).map(|field| field.raw.trim_ascii());
    let mailer = value(b"X-Mailer").or_else(|| value(b"User-Agent")).map(program);
    let boundary = headers.last(b"Content-Type").and_then(|field| {
        ContentType::parse(Some(&encoded_word::decoded(field)))
            .boundary
            .map(|boundary| letters(&boundary))
    });
    let id = value(b"Message-ID").and_then(|id| id.split(|&b| b == b'@').next()).map(letters);
    if names.len() < 6 || (mailer.is_none() && boundary.is_none() && id.is_none()) {
        return None;
    }
    let [mailer, boundary, id] = [mailer, boundary, id].map(Option::unwrap_or_default);
    Some(format!("{}\n{mailer}\n{boundary}\n{id}", names.join(":")))
}

fn is_added(name: &[u8]) -> bool {
    let starts = |start: &str| {
        name.get(..start.len()).is_some_and(|n| n.eq_ignore_ascii_case(start.as_bytes()))
    };
    ADDED.iter().any(|start| starts(start))
}

/// A program's name without its version.
fn program(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value.get(..80).unwrap_or(value)).to_lowercase();
    let mut out = String::new();
    for c in text.chars().take(40) {
        let c = if c.is_ascii_digit() { '0' } else { c };
        if c != '0' || !out.ends_with('0') {
            out.push(c);
        }
    }
    out
}

/// Letters as `a`, digits as `0`, of equal ones in a row one; at most 64.
fn letters(text: &[u8]) -> String {
    let mut out: Vec<u8> = text
        .iter()
        .take(256)
        .map(|&byte| match byte {
            byte if byte.is_ascii_alphabetic() => b'a',
            byte if byte.is_ascii_digit() => b'0',
            byte => byte,
        })
        .collect();
    out.dedup();
    out.truncate(64);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::message::Message;

    fn of(raw: &str) -> Option<String> {
        shape(Message::parse(raw.as_bytes().to_vec(), &Limits::default()).headers())
    }

    const HEAD: &str = "Received: x\nFrom: a\nTo: b\nSubject: c\nDate: d\nMIME-Version: 1.0\n\
                        X-Mailer: The Bat! (v3.5.25)\nMessage-ID: <12ab.77@pc>\n\
                        Content-Type: multipart/mixed; boundary=\"--_Part_1A\"\n";

    #[test]
    fn a_program_is_told_by_how_it_writes() {
        let expected = "From:To:Subject:Date:MIME-Version:X-Mailer:Message-ID:Content-Type\n\
                        the bat! (v0.0.0)\n-_a_0a\n<0a.0";
        assert_eq!(of(&format!("{HEAD}\n--_Part_1A\n\nx\n")).as_deref(), Some(expected));
        let moved = HEAD.replace("12ab.77@pc", "9999z.1@other").replace("3.5.25", "4.11.1");
        let scanned = format!("X-Spam-Status: No\nDKIM-Signature: x\n{moved}List-Id: x\n\n");
        assert_eq!(of(&scanned).as_deref(), Some(expected));
    }

    #[test]
    fn a_short_head_says_nothing() {
        assert_eq!(of("From: a\nTo: b\nMessage-ID: <1@x>\n\n"), None);
    }
}
