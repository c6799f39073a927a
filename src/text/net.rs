//! IP addresses and sets of networks.

use std::net::IpAddr;

/// A list of networks as `trusted_networks` takes it: the first entry that matches decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetSet {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    address: IpAddr,
    prefix: u8,
    excluded: bool,
}
