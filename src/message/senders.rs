//! Everybody who may have sent the message: the addresses that lists of senders go by.
//!
//! In: the headers and the envelope. Out: addresses as written, each once. `all_from_addrs` of
//! Mail::SpamAssassin::PerMsgStatus; welcomelist_from of Mail::SpamAssassin::Conf(3).

use super::header::{HeaderQuery, Source};

/// The headers that name a sender, asked where the message was not resent.
const NAMES: [&[u8]; 5] = [
    b"From:addr",
    b"Envelope-Sender:addr",
    b"Resent-Sender:addr",
    b"X-Envelope-From:addr",
    b"EnvelopeFrom:addr",
];

/// The senders' addresses, in the order of the headers. Who resent the message counts instead
/// of all others.
pub fn all(source: &Source) -> Vec<Vec<u8>> {
    let mut addresses = HeaderQuery::ask(b"Resent-From:first:addr").values(source);
    if addresses.is_empty() {
        let values = NAMES.iter().flat_map(|name| HeaderQuery::ask(name).values(source));
        addresses = values.filter(|value| !value.is_empty()).map(with_single_dots).collect();
    }
    let mut senders: Vec<Vec<u8>> = Vec::with_capacity(addresses.len());
    for address in addresses {
        if !senders.contains(&address) {
            senders.push(address);
        }
    }
    senders
}

/// `a..b` as `a.b`: some write the address cut off, `somebody@example...`.
fn with_single_dots(mut address: Vec<u8>) -> Vec<u8> {
    address.dedup_by(|next, last| (*next, *last) == (b'.', b'.'));
    address
}

#[cfg(test)]
mod tests {
    use crate::message::view::Views;
    use crate::message::{Message, Settings};
    use std::sync::Arc;

    fn senders(head: &str) -> Vec<String> {
        let settings = Settings::default();
        let mail = format!("{head}\nSubject: x\n\nx\n").into_bytes();
        let message = Message::parse(mail, &settings.limits);
        let views = Views::new(message, Arc::new(settings));
        let found = super::all(&views.source());
        found.into_iter().map(|a| String::from_utf8_lossy(&a).into_owned()).collect()
    }

    #[test]
    fn every_header_counts_unless_the_message_was_resent() {
        for (head, expected) in [
            ("From: A <a@x.com>, b@x.com", vec!["a@x.com", "b@x.com"]),
            ("From: a@x..com", vec!["a@x.com"]),
            (
                "From: a@x.com\nResent-Sender: a@x.com\nEnvelope-Sender: c@x.com",
                vec!["a@x.com", "c@x.com"],
            ),
            ("From: a@x.com\nReturn-Path: <d@x.com>", vec!["a@x.com", "d@x.com"]),
            ("From: a@x.com\nReturn-Path: <>", vec!["a@x.com"]),
            ("From: a@x.com\nResent-From: e@x..com, f@x.com", vec!["e@x..com", "f@x.com"]),
            ("To: a@x.com", vec![]),
        ] {
            assert_eq!(senders(head), expected, "{head}");
        }
    }
}
