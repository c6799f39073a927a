//! The name of the sending host, as a receiving host of ours looked it up and wrote it down.
//!
//! In: the sending host. Out: properties of its reverse name (RFC 1912, 2.1; RFC 8501, 2).

use super::name::{ACCESS, Embedded, HOSTING, LOCAL, PRIVATE, RESERVED, STATIC};
use super::peer::Peer;
use super::{Property, has};

/// Properties of the reverse name.
#[rustfmt::skip]
pub const TABLE: &[Property<Peer>] = &[
    has("one_label", |peer| peer.rdns.is_single() && peer.rdns.name != b"localhost"),
    has("local", |peer| peer.rdns.ends_in(LOCAL) && peer.rdns.name != b"localhost.localdomain"),
    has("reserved", |peer| peer.rdns.ends_in(RESERVED) || peer.rdns.ends_in(PRIVATE)),
    has("arpa", |peer| peer.rdns.is_within(b"arpa") && !peer.rdns.ends_in(LOCAL)),
    has("unknown_tld", |peer| peer.rdns.has_unknown_tld()),
    has("address", |peer| peer.rdns.address.is_some()),
    has("odd_bytes", |peer| peer.rdns.has_odd_bytes() || peer.rdns.has_hyphen_at_border()),
    has("underscore", |peer| peer.rdns.is_name() && peer.rdns.name.contains(&b'_')),
    has("placeholder", |peer| peer.rdns.has_word(PLACEHOLDERS) || says_unset(peer)),
    has("our_name", |peer| peer.rdns.is_name() && peer.ours.iter().any(|ours| ours.name == peer.rdns.name)),
    has("own_address", |peer| is_generic(peer, Embedded::InOrder) && !peer.rdns.has_word(STATIC)),
    has("own_address_reversed", |peer| is_generic(peer, Embedded::Reversed) && !peer.rdns.has_word(STATIC)),
    has("own_address_hex", |peer| is_generic(peer, Embedded::Hex) && !peer.rdns.has_word(STATIC)),
    has("own_address_static", |peer| peer.rdns.embeds(peer.address).is_some() && peer.rdns.has_word(STATIC)),
    has("other_address", |peer| peer.rdns.embeds_other(peer.address)),
    has("access", |peer| peer.rdns.has_word(ACCESS)),
    has("hosting", |peer| peer.rdns.has_word(HOSTING) && has_digit(peer) && peer.rdns.embeds(peer.address).is_none()),
    has("hosting_address", |peer| peer.rdns.has_word(HOSTING) && peer.rdns.embeds(peer.address).is_some()),
    has("generic_helo", |peer| peer.rdns.embeds(peer.address).is_some() && peer.rdns.name == peer.helo.name),
    has("deep", |peer| peer.rdns.is_name() && peer.rdns.labels().count() >= 7),
    has("long", |peer| peer.rdns.is_name() && peer.rdns.name.len() > 60),
];

/// What stands in reverse zones where nobody has set a name.
const PLACEHOLDERS: &[&str] =
    &["undefined", "unassigned", "unallocated", "unused", "noname", "nodns", "norevdns", "noptr"];

fn says_unset(peer: &Peer) -> bool {
    let holds = |part: &[u8]| memchr::memmem::find(&peer.rdns.name, part).is_some();
    let unset: [&[u8]; 5] = [b"no-reverse", b"no-rdns", b"no-ptr", b"not-set", b"not-assigned"];
    unset.iter().any(|part| holds(part))
}

fn is_generic(peer: &Peer, how: Embedded) -> bool {
    peer.rdns.embeds(peer.address) == Some(how)
}

fn has_digit(peer: &Peer) -> bool {
    let below = peer.rdns.name.len() - peer.rdns.domain.len().min(peer.rdns.name.len());
    peer.rdns.name.get(..below).unwrap_or_default().iter().any(u8::is_ascii_digit)
}
