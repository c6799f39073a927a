//! A zone in memory, and what is asked of it.

use crate::dns::{Name, Question, Reply};
use std::net::{IpAddr, Ipv4Addr};

/// A list, whole and immutable. Cheap to share ([`std::sync::Arc`]), never changed.
#[derive(Debug)]
pub struct Zone {
    name: Name,
}

/// What one dataset of a zone says about what was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Hit<'z> {
    zone: &'z Zone,
}

/// One value of a listing: an address, and a text that may have places to fill in.
#[derive(Clone, Copy, Debug)]
pub struct Value<'z> {
    /// What an A query gets.
    pub address: Ipv4Addr,
    /// What a TXT query gets once `$` and its kin are filled in; empty for nothing.
    pub template: &'z [u8],
}

impl<'z> Hit<'z> {
    /// The values, at least one.
    pub fn values(self) -> impl Iterator<Item = Value<'z>> {
        let _ = self.zone;
        std::iter::empty()
    }

    /// The text of `value` filled in.
    pub fn text(self, value: Value<'z>) -> Vec<u8> {
        value.template.to_vec()
    }
}

impl Zone {
    pub(super) fn empty(name: Name) -> Zone {
        Zone { name }
    }

    /// The suffix that it answers for.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Entries that can be found, exclusions included.
    pub fn records(&self) -> u64 {
        0
    }

    /// Bytes of memory that it takes.
    pub fn memory(&self) -> usize {
        0
    }

    /// The version of `$SOA`, if it has one.
    pub fn serial(&self) -> Option<u32> {
        None
    }

    /// When its data expire by its own word (`$TIMESTAMP`), in seconds since 1970.
    pub fn expires(&self) -> Option<i64> {
        None
    }

    /// What is listed of an address: a hit of each dataset that lists it.
    pub fn lookup_ip(&self, address: IpAddr) -> impl Iterator<Item = Hit<'_>> {
        let _ = address;
        std::iter::empty()
    }

    /// What is listed of a domain, relative to the zone, in any case, with or without a dot at
    /// the end.
    pub fn lookup_name(&self, domain: &[u8]) -> impl Iterator<Item = Hit<'_>> {
        let _ = domain;
        std::iter::empty()
    }

    /// What a name server that has this zone answers; `now` in seconds since 1970.
    pub fn answer(&self, question: &Question, now: i64) -> Reply {
        let _ = (question, now);
        Reply::default()
    }
}
