//! The families that ask the network, and in which order.
//!
//! Most know what to ask as soon as the message has been read. AskDNS asks when the tags that
//! its questions are made of have values, which may be when another family is back.

use super::Errand;
use crate::engine::eval::{ask_dns, dkim, dmarc, dns_lists, hash_lists, spf, uri_dns};
use crate::engine::scan::Scan;
use crate::rules::RuleId;
use std::collections::HashSet;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Relays and senders in lists.
    DnsLists,
    /// Hosts of URIs in lists.
    UriDns,
    /// Hashes in lists.
    HashLists,
    /// `askdns`.
    AskDns,
    /// Sender Policy Framework.
    Spf,
    /// Signatures, and who should have made some.
    Dkim,
    /// What authors' domains want.
    Dmarc,
}

/// Who needs nothing but the message.
const FIRST: &[(Family, fn(&Scan) -> Option<Errand>)] = &[
    (Family::DnsLists, dns_lists::errand),
    (Family::UriDns, uri_dns::errand),
    (Family::HashLists, hash_lists::errand),
    (Family::Spf, spf::errand),
    (Family::Dkim, dkim::errand),
    (Family::Dmarc, dmarc::errand),
];

/// What has been sent about one message.
#[derive(Default)]
pub struct Sent {
    begun: bool,
    out: Vec<Family>,
    /// Rules of AskDNS whose questions are out.
    asked: HashSet<RuleId>,
}

impl Sent {
    /// Notes that an errand of this family is back.
    pub fn is_back(&mut self, family: Family) {
        if let Some(place) = self.out.iter().position(|out| *out == family) {
            self.out.swap_remove(place);
        }
    }
}

/// Sets the tags that families make of the message itself.
pub fn prepare(scan: &mut Scan) {
    uri_dns::set_tags(scan);
}

/// The errands that can be sent now and have not been.
pub fn next(scan: &mut Scan, sent: &mut Sent) -> Vec<(Family, Errand)> {
    let mut errands = Vec::new();
    if !std::mem::replace(&mut sent.begun, true) {
        let first = FIRST.iter().filter_map(|(family, errand)| Some((*family, errand(scan)?)));
        errands.extend(first);
    }
    let asked = ask_dns::errand(scan, &mut sent.asked);
    errands.extend(asked.map(|errand| (Family::AskDns, errand)));
    sent.out.extend(errands.iter().map(|(family, _)| *family));
    errands
}
