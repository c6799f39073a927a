//! Resource records (RFC 1035, 3.2).

use super::Name;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A record type, by its number (RFC 1035, 3.2.2, and its successors).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind(pub u16);

impl Kind {
    /// An IPv4 address.
    pub const A: Kind = Kind(1);
    /// A name server.
    pub const NS: Kind = Kind(2);
    /// What the name is an alias of.
    pub const CNAME: Kind = Kind(5);
    /// The start of a zone.
    pub const SOA: Kind = Kind(6);
    /// A name, of an address.
    pub const PTR: Kind = Kind(12);
    /// A mail exchanger.
    pub const MX: Kind = Kind(15);
    /// Text.
    pub const TXT: Kind = Kind(16);
    /// An IPv6 address.
    pub const AAAA: Kind = Kind(28);
    /// SPF's own type, which RFC 7208 gave up.
    pub const SPF: Kind = Kind(99);
    /// All that there are.
    pub const ANY: Kind = Kind(255);
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose.
    pub name: Name,
    /// Of which type.
    pub kind: Kind,
    /// Seconds that it may be kept.
    pub ttl: u32,
    /// What it says.
    pub data: Data,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// A.
    V4(Ipv4Addr),
    /// AAAA.
    V6(Ipv6Addr),
    /// CNAME, NS, PTR.
    Name(Name),
    /// MX: the lower preference is tried first; the root is a null MX (RFC 7505).
    Exchange {
        /// Lower is better.
        preference: u16,
        /// Who takes the mail.
        host: Name,
    },
    /// TXT, SPF: the character strings in their order.
    Text(Vec<Box<[u8]>>),
    /// SOA.
    Start {
        /// The primary server.
        server: Name,
        /// The mailbox of who is responsible, as a name.
        mailbox: Name,
        /// The zone's version.
        serial: u32,
        /// Seconds to a secondary's next refresh, its next try, its giving up, and of a
        /// negative answer.
        times: [u32; 4],
    },
    /// Any other type: its data as it came.
    Other(Box<[u8]>),
}

impl Data {
    /// A text record's strings, joined without a space.
    pub fn joined_text(&self) -> Option<Vec<u8>> {
        match self {
            Data::Text(strings) => Some(strings.concat()),
            _ => None,
        }
    }
}
