//! The families that ask the network, and in which order.
//!
//! Most know what to ask as soon as the message has been read. AskDNS asks when the tags that
//! its questions are made of have values, which may be when another family is back.

use super::Errand;
use crate::engine::eval::{ask_dns, dkim, dmarc, dns_lists, hash_lists, host, spf, uri_dns};
use crate::engine::scan::Scan;
use crate::rules::RuleId;
use std::collections::HashSet;

/// Who needs nothing but the message. Signatures go first: what they sign is hashed before their
/// keys are asked for, and AskDNS waits for what they say.
const FIRST: &[fn(&Scan) -> Option<Errand>] = &[
    dkim::errand,
    dns_lists::errand,
    uri_dns::errand,
    hash_lists::errand,
    spf::errand,
    dmarc::errand,
    host::errand,
];

/// Those of them whose answers may lie in memory.
const LISTS: &[fn(&Scan) -> Option<Errand>] =
    &[dns_lists::errand, uri_dns::errand, hash_lists::errand];

/// What has been sent about one message.
#[derive(Default)]
pub struct Sent {
    begun: bool,
    /// Rules of AskDNS whose questions are out.
    asked: HashSet<RuleId>,
}

/// Sets the tags that families make of the message itself.
pub fn prepare(scan: &mut Scan) {
    uri_dns::set_tags(scan);
}

/// The errands that can be sent now and have not been.
pub fn next(scan: &Scan, sent: &mut Sent) -> Vec<Errand> {
    ready(scan, sent, FIRST)
}

/// The same, of those families whose answers may lie in memory.
pub fn of_lists(scan: &Scan, sent: &mut Sent) -> Vec<Errand> {
    ready(scan, sent, LISTS)
}

fn ready(scan: &Scan, sent: &mut Sent, first: &[fn(&Scan) -> Option<Errand>]) -> Vec<Errand> {
    let mut errands = Vec::new();
    if !std::mem::replace(&mut sent.begun, true) {
        errands.extend(first.iter().filter_map(|errand| errand(scan)));
    }
    errands.extend(ask_dns::errand(scan, &mut sent.asked));
    errands
}
