//! What the administrator wants held: plain data, filled by whoever has read the configuration.

use super::guards::Bounds;
use crate::dns::Name;
use crate::fetch::check::MinisignKey;
use crate::fetch::{Credentials, Source};
use crate::zones::Format;
use std::net::Ipv4Addr;
use std::time::Duration;

/// One list to hold.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The domain that it stands for.
    pub name: Name,
    /// Its files, in their order.
    pub parts: Vec<Part>,
    /// How often its sources are asked.
    pub interval: Duration,
    /// How much earlier or later that may be, a share of it.
    pub jitter: f64,
    /// What is shown to its sources.
    pub credentials: Credentials,
    /// What stands behind the address of a file to make that of its SHA-256 sum.
    pub checksum: Option<String>,
    /// Who signs its files.
    pub key: Option<MinisignKey>,
    /// Seconds that a copy counts in full; 0 for ever.
    pub max_age: i64,
    /// What a copy may be.
    pub bounds: Bounds,
    /// Bad lines of a thousand from which on a copy is refused.
    pub bad_share: u32,
    /// How much of an IPv6 address is listed that stands without a length.
    pub v6_bits: u8,
    /// The listing code of formats that have none.
    pub listed_as: Ipv4Addr,
}

/// One file of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// How it is written.
    pub format: Format,
    /// Where it comes from.
    pub source: Source,
}

impl Wanted {
    /// Are all files those of this machine?
    pub fn is_local(&self) -> bool {
        self.parts.iter().all(|part| matches!(part.source, Source::File(_)))
    }
}
