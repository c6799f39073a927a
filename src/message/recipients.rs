//! Everybody to whom the message may have been sent: the addresses that lists of recipients go
//! by.
//!
//! In: the headers. Out: addresses as written, each once. `all_to_addrs` of
//! Mail::SpamAssassin::PerMsgStatus; welcomelist_to of Mail::SpamAssassin::Conf(3).

use super::header::{HeaderQuery, Source};
use crate::text::domain;
use regex::bytes::{Regex, RegexBuilder};
use std::sync::LazyLock;

/// The headers that name a recipient, asked where the message was not resent.
const NAMES: [&[u8]; 12] = [
    b"To:addr",
    b"Apparently-To:addr",
    b"Delivered-To:addr",
    b"Envelope-Recipients:addr",
    b"Apparently-Resent-To:addr",
    b"X-Envelope-To:addr",
    b"Envelope-To:addr",
    b"X-Delivered-To:addr",
    b"X-Original-To:addr",
    b"X-Rcpt-To:addr",
    b"X-Real-To:addr",
    b"Cc:addr",
];

/// So many Received fields, from the newest on, may tell for whom the message is.
const RECEIVED: usize = 3;

static FOR_WHOM: LazyLock<Option<Regex>> =
    LazyLock::new(|| RegexBuilder::new(r" for <?(\S+@(\S+?))>?;").unicode(false).build().ok());

/// The recipients' addresses. To whom the message was resent counts instead of all others.
pub fn all(source: &Source) -> Vec<Vec<u8>> {
    let ask = |name: &[u8]| HeaderQuery::ask(name).values(source);
    let mut addresses = ask(b"Resent-To:first:addr");
    addresses.extend(ask(b"Resent-Cc:first:addr"));
    if addresses.is_empty() {
        let received = ask(b"Received");
        addresses.extend(received.iter().take(RECEIVED).filter_map(|field| for_whom(field)));
        addresses.extend(NAMES.iter().flat_map(|name| ask(name)));
    }
    let mut recipients: Vec<Vec<u8>> = Vec::with_capacity(addresses.len());
    let mut seen = std::collections::HashSet::new();
    for address in addresses {
        if seen.insert(address.clone()) {
            recipients.push(address);
        }
    }
    recipients
}

/// The address in a Received field's `for` clause.
fn for_whom(field: &[u8]) -> Option<Vec<u8>> {
    let found = FOR_WHOM.as_ref()?.captures(field)?;
    let (address, host) = (found.get(1)?.as_bytes(), found.get(2)?.as_bytes());
    domain::is_fqdn(&domain::to_ascii(host)).then(|| address.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::view::Views;
    use crate::message::{Message, Settings};
    use std::sync::Arc;

    fn recipients(head: &str) -> Vec<String> {
        let settings = Settings::default();
        let mail = format!("{head}\nSubject: x\n\nx\n").into_bytes();
        let message = Message::parse(mail, &settings.limits);
        let views = Views::new(message, Arc::new(settings));
        let found = all(&views.source());
        found.into_iter().map(|a| String::from_utf8_lossy(&a).into_owned()).collect()
    }

    #[test]
    fn every_header_counts_unless_the_message_was_resent() {
        for (head, expected) in [
            (
                "To: A <a@x.com>, b@x.com\nCc: a@x.com, c@x.com",
                vec!["a@x.com", "b@x.com", "c@x.com"],
            ),
            ("Cc: c@x.com\nTo: a@x.com", vec!["a@x.com", "c@x.com"]),
            ("Delivered-To: d@x.com\nTo: a@x.com", vec!["a@x.com", "d@x.com"]),
            ("To: a@x.com\nResent-Cc: e@x.com", vec!["e@x.com"]),
            ("Received: by h for <r@x.com>; Mon\nTo: a@x.com", vec!["r@x.com", "a@x.com"]),
            ("Received: by h for r@localhost; Mon", vec![]),
            ("Bcc: a@x.com", vec![]),
        ] {
            assert_eq!(recipients(head), expected, "{head}");
        }
        let four = (0..4).map(|n| format!("Received: by h for <r{n}@x.com>; Mon\n"));
        let head: String = four.collect();
        assert_eq!(recipients(head.trim_end()), ["r0@x.com", "r1@x.com", "r2@x.com"]);
    }

    #[test]
    fn a_for_clause_holds_one_address() {
        for (field, expected) in [
            ("by h for <a@x.com>; Mon", Some("a@x.com")),
            ("by h for a@x.com; Mon", Some("a@x.com")),
            ("by h for <a@b@x.com>; Mon", Some("a@b@x.com")),
            ("by h for <a@x.com> (x); Mon", None),
            ("by h for <a>; for <b@x.com>; Mon", Some("b@x.com")),
            ("by h for <a@x.com>;b@y.org; Mon", Some("a@x.com>;b@y.org")),
        ] {
            let found = for_whom(field.as_bytes());
            let found = found.as_deref().map(String::from_utf8_lossy);
            assert_eq!(found.as_deref(), expected, "{field}");
        }
    }
}
