//! The envelope sender, as far as the header block tells: `EnvelopeFrom`.
//!
//! Hosts that receive a message write the address of `MAIL FROM` (RFC 5321 section 4.1.1.2)
//! where they like. What a header says counts only while no later host can have carried the
//! message on under another address: not below a Received field. Man page
//! Mail::SpamAssassin::Conf, `envelope_sender_header`.

use super::header::{HeaderQuery, Source};
use super::relay::Side;
use crate::text::domain;
use memchr::memmem;

/// The sender's address; empty for a bounce (`<>`), `None` if nothing reliable tells it.
pub fn sender(source: &Source) -> Option<Vec<u8>> {
    if let Some(name) = &source.settings.envelope_sender_header {
        return first_address(name.as_bytes(), source).filter(|address| is_sender(address));
    }
    let relays = source.relays;
    let hop = relays.side(Side::Untrusted).first().or(relays.side(Side::Trusted).last());
    if let Some(envfrom) = hop.and_then(|hop| hop.envfrom.as_ref())
        && is_sender(envfrom)
    {
        return Some(envfrom.clone());
    }
    // fetchmail takes what a mailing list writes into X-Sender for the envelope sender.
    if first_address(b"X-Sender", source).is_some_and(|address| address.contains(&b'@'))
        && was_fetched(source)
    {
        return None;
    }
    if let Some(address) = first_address(b"X-Envelope-From", source) {
        return (!is_below_received(b"X-Envelope-From:", source)).then_some(address);
    }
    [&b"Envelope-Sender"[..], b"Return-Path"].into_iter().find_map(|name| {
        let address = first_address(name, source)?;
        (!is_below_received(&[name, b":"].concat(), source)).then_some(address)
    })
}

/// The domain of the sender's address in ASCII.
pub fn sender_domain(source: &Source) -> Option<Vec<u8>> {
    let host = HeaderQuery::ask(b"EnvelopeFrom:first:addr:host").values(source);
    host.first().map(|host| domain::to_ascii(host).into_owned())
}

/// The domains of the addresses in From, in ASCII, each once, with spaces between.
pub fn author_domains(source: &Source) -> Option<Vec<u8>> {
    let mut hosts: Vec<Vec<u8>> = Vec::new();
    for host in HeaderQuery::ask(b"From:addr:host").values(source) {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    let domains: Vec<_> = hosts.iter().map(|host| domain::to_ascii(host)).collect();
    (!domains.is_empty()).then(|| domains.join(&b' '))
}

fn first_address(name: &[u8], source: &Source) -> Option<Vec<u8>> {
    let query = HeaderQuery::ask(&[name, b":first:addr"].concat());
    query.values(source).into_iter().next()
}

fn is_sender(address: &[u8]) -> bool {
    address.is_empty() || address.iter().position(|&byte| byte == b'@').is_some_and(|at| at > 0)
}

fn was_fetched(source: &Source) -> bool {
    let received = HeaderQuery::ask(b"Received").values(source);
    received.iter().any(|line| memmem::find(line, b"(fetchmail").is_some())
}

/// Does a line that begins with `name` stand anywhere below a Received field?
fn is_below_received(name: &[u8], source: &Source) -> bool {
    let text = source.block();
    let begins = |line: &[u8], name: &[u8]| {
        line.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name))
    };
    let mut lines = text.split(|&byte| byte == b'\n');
    lines.any(|line| begins(line, b"Received:")) && lines.any(|line| begins(line, name))
}
