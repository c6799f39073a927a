//! The host that handed the message over from outside, and what it calls itself.
//!
//! In: the first external relay, unless it authenticated itself or has a private address. Out:
//! properties of its HELO name (RFC 5321, 4.1.1.1 and 4.1.3; RFC 1123, 5.2.5).

use super::name::{ACCESS, Embedded, LOCAL, Named, PRIVATE, RESERVED};
use super::{Noted, Property, has, is_our_own};
use crate::auth::host::are_neighbours;
use crate::engine::scan::Scan;
use crate::message::header::HeaderQuery;
use crate::message::relay::Side;
use crate::message::view::Views;
use crate::text::net;
use crate::text::reach::Reach;
use std::net::IpAddr;
use std::sync::Arc;

/// The sending host.
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// What it called itself.
    pub helo: Named,
    /// What a receiving host of ours found that it is called; empty if nothing.
    pub rdns: Named,
    /// Our hosts: who received it, and those that it went through then.
    pub ours: Vec<Named>,
    /// The domains of the addresses in To and Cc.
    recipients: Vec<Vec<u8>>,
}

/// The sending host, found out once.
pub fn facts(scan: &mut Scan) -> Arc<Noted<Peer>> {
    scan.facts(|scan| Noted(Peer::new(scan.views())))
}

impl Peer {
    /// The sending host of a message; `None` if it came from nowhere outside.
    pub fn new(views: &Views) -> Option<Peer> {
        let relays = views.relays();
        let relay = relays.side(Side::External).first().filter(|_| !is_our_own(views))?;
        let address = net::parse_ip(&relay.ip).map(|address| address.to_canonical())?;
        if Reach::of(address) == Reach::Private || Reach::of(address) == Reach::Loopback {
            return None;
        }
        let registry = &views.settings().domains;
        let named = |written: &[u8]| Named::new(written, registry);
        let by = relays.side(Side::Internal).iter().chain([relay]).map(|hop| named(&hop.by));
        let hosts = HeaderQuery::ask(b"ToCc:addr:host").values(&views.source());
        Some(Peer {
            address,
            helo: named(&relay.helo),
            rdns: named(&relay.rdns),
            // Archives put such names in place of real ones.
            ours: by.filter(|by| by.is_name() && !by.ends_in(RESERVED)).collect(),
            recipients: hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
        })
    }

    /// Is the reverse name known, and that of somebody else than who is called `helo`?
    fn is_somebody_else(&self) -> bool {
        self.rdns.is_name() && !self.rdns.is_related(&self.helo)
    }
}

/// Properties of the HELO name.
#[rustfmt::skip]
pub const HELO: &[Property<Peer>] = &[
    // An address between brackets, which should be the host's own.
    has("literal_other", |peer| literal(peer, Reach::Public) && peer.helo.address != Some(peer.address)),
    has("literal_private", |peer| literal(peer, Reach::Private)),
    has("literal_loopback", |peer| literal(peer, Reach::Loopback)),
    has("literal_reserved", |peer| literal(peer, Reach::Reserved)),
    has("literal_half", |peer| peer.helo.address.is_some() && peer.helo.brackets.0 != peer.helo.brackets.1),
    has("literal_name", |peer| peer.helo.address.is_none() && peer.helo.brackets == (true, true) && peer.helo.name.iter().any(u8::is_ascii_alphabetic)),
    // An address without brackets, which RFC 5321 has not.
    has("address_private", |peer| bare(peer, Reach::Private)),
    has("address_loopback", |peer| bare(peer, Reach::Loopback)),
    has("address_reserved", |peer| bare(peer, Reach::Reserved)),
    has("address_near", |peer| peer.helo.bare().is_some_and(|bare| bare != peer.address && are_neighbours(bare, peer.address))),
    has("address_v6", |peer| peer.helo.bare().is_some_and(|bare| bare.is_ipv6())),
    has("address_cut", is_cut_address),
    // Somebody else's name.
    has("our_name", |peer| peer.helo.is_name() && peer.ours.iter().any(|ours| ours.name == peer.helo.name)),
    has("our_domain", is_in_our_domain),
    has("recipient_domain", |peer| peer.helo.is_name() && peer.is_somebody_else() && peer.recipients.contains(&peer.helo.name)),
    has("provider", |peer| peer.is_somebody_else() && PROVIDERS.iter().any(|provider| peer.helo.is_within(provider.as_bytes()))),
    has("other_country", |peer| matches!((peer.helo.country(), peer.rdns.country()), (Some(helo), Some(rdns)) if helo != rdns)),
    // What is no name of a host.
    has("machine", is_machine),
    has("digits", |peer| peer.helo.is_single() && peer.helo.name.iter().all(u8::is_ascii_digit)),
    has("local", |peer| peer.helo.ends_in(LOCAL) && peer.helo.name != b"localhost.localdomain"),
    has("reserved", |peer| peer.helo.ends_in(RESERVED)),
    has("private", |peer| peer.helo.ends_in(PRIVATE)),
    has("localhost_in", |peer| peer.helo.is_name() && peer.helo.name.starts_with(b"localhost.") && peer.helo.name != b"localhost.localdomain"),
    has("unknown_tld", |peer| peer.helo.has_unknown_tld()),
    has("numeric_tld", |peer| peer.helo.has_numeric_tld() && !is_cut_address(peer)),
    has("underscore", |peer| peer.helo.is_name() && peer.helo.name.contains(&b'_')),
    has("odd_bytes", |peer| peer.helo.has_odd_bytes() && !is_mailbox(peer) && !is_cut_address(peer)),
    has("eight_bit", |peer| !peer.helo.name.is_ascii()),
    has("hyphen", |peer| peer.helo.has_hyphen_at_border()),
    has("empty_label", |peer| peer.helo.has_empty_label()),
    has("final_dot", |peer| peer.helo.is_name() && peer.helo.written.ends_with(b".") && !is_cut_address(peer)),
    has("too_long", |peer| peer.helo.is_too_long()),
    has("mailbox", is_mailbox),
    has("web", |peer| peer.helo.is_name() && peer.helo.name.starts_with(b"www.")),
    has("bot", |peer| BOTS.iter().any(|name| name.as_bytes() == peer.helo.name)),
    has("placeholder", |peer| PLACEHOLDERS.iter().any(|name| peer.helo.is_within(name.as_bytes()))),
    has("capitals", |peer| peer.helo.is_name() && peer.helo.written.iter().any(u8::is_ascii_uppercase) && !peer.helo.written.iter().any(u8::is_ascii_lowercase)),
    // A customer's machine.
    has("own_address", |peer| peer.helo.embeds(peer.address) == Some(Embedded::InOrder)),
    has("own_address_reversed", |peer| peer.helo.embeds(peer.address) == Some(Embedded::Reversed)),
    has("own_address_hex", |peer| peer.helo.embeds(peer.address) == Some(Embedded::Hex)),
    has("other_address", |peer| peer.helo.embeds_other(peer.address)),
    has("access", |peer| peer.helo.has_word(ACCESS)),
];

/// Great providers, whose hosts have names of their own.
const PROVIDERS: &[&str] = &[
    "google.com",
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "live.com",
    "microsoft.com",
    "yahoo.com",
    "yahoo.co.jp",
    "aol.com",
    "icloud.com",
    "apple.com",
    "amazon.com",
    "paypal.com",
    "facebook.com",
    "gmx.net",
    "gmx.de",
    "web.de",
    "t-online.de",
    "qq.com",
    "163.com",
    "126.com",
    "mail.ru",
    "yandex.ru",
    "comcast.net",
    "verizon.net",
];

/// Names that programs which send spam give themselves.
const BOTS: &[&str] = &["ylmf-pc", "none", "null", "unknown", "anonymous", "helo", "ehlo"];

/// Names that a host has until somebody gives it one.
const PLACEHOLDERS: &[&str] = &[
    "mydomain.com",
    "yourdomain.com",
    "domain.com",
    "domain.tld",
    "mydomain.tld",
    "localhost.com",
    "hostname.com",
    "yourhost.com",
    "myhost.com",
    "mycompany.com",
    "yourcompany.com",
    "host.name",
];

fn literal(peer: &Peer, reach: Reach) -> bool {
    peer.helo.literal().is_some_and(|address| Reach::of(address) == reach)
}

fn bare(peer: &Peer, reach: Reach) -> bool {
    peer.helo.bare().is_some_and(|address| Reach::of(address) == reach)
}

/// An address with a dot, a port or a prefix behind it.
fn is_cut_address(peer: &Peer) -> bool {
    let numbers = peer.helo.written.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.');
    let before = peer.helo.written.get(..numbers.unwrap_or(peer.helo.written.len()));
    let rest = numbers.and_then(|at| peer.helo.written.get(at..)).unwrap_or_default();
    let address = before.and_then(|text| {
        let cut = text.strip_suffix(b".").unwrap_or(text);
        net::parse_ip(cut).filter(|_| cut.len() < text.len() || !rest.is_empty())
    });
    address.is_some() && matches!(rest.first(), None | Some(b':' | b'/'))
}

/// A name below our domain, from a host that is called otherwise.
fn is_in_our_domain(peer: &Peer) -> bool {
    let is_one = peer.ours.iter().any(|ours| ours.name == peer.helo.name);
    let is_related = peer.ours.iter().any(|ours| ours.is_related(&peer.helo));
    peer.helo.is_name() && !is_one && is_related && peer.is_somebody_else()
}

/// The names that Windows gives itself: `WIN-` and eleven, `DESKTOP-` or `LAPTOP-` and seven
/// letters and digits.
fn is_machine(peer: &Peer) -> bool {
    let first = peer.helo.labels().next().unwrap_or_default();
    let is_named = |begin: &[u8], length: usize| {
        let rest = first.strip_prefix(begin);
        rest.is_some_and(|r| r.len() == length && r.iter().all(u8::is_ascii_alphanumeric))
    };
    is_named(b"win-", 11) || is_named(b"desktop-", 7) || is_named(b"laptop-", 8)
}

fn is_mailbox(peer: &Peer) -> bool {
    peer.helo.name.contains(&b'@')
}
