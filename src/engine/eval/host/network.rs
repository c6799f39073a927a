//! What DNS says of the sending host and of the sender's domains.
//!
//! In: the sending host and the sender's mailboxes, [`Facts`] once the errand is back. Out:
//! properties. Where DNS said nothing, a property does not hold, and neither does its contrary.

use super::peer::Peer;
use super::sender::{Senders, Which};
use super::{Property, find, has, is_our_own};
use crate::auth::host::{Asked, Domain, Facts, Host, Wanted};
use crate::dns::Name;
use crate::engine::eval::{Test, hit_if};
use crate::engine::network::{self, Errand};
use crate::engine::scan::Scan;
use crate::message::view::Views;
use crate::rules::model::Eval;
use crate::text::domain;
use crate::text::net;
use crate::text::reach::Reach;
use std::net::IpAddr;
use std::sync::Arc;

/// What the errand found, and the host that it is about.
pub struct Found {
    facts: Facts,
    address: Option<IpAddr>,
}

/// What this family asks the network about the message; `None` if there is nothing to ask.
pub fn errand(scan: &Scan) -> Option<Errand> {
    let asked = asked(scan.views())?;
    let address = asked.address;
    Some(network::errand(move |lookup| async move {
        Found { facts: Facts::ask(asked, lookup).await, address }
    }))
}

/// What is to be asked of a message that came from outside.
fn asked(views: &Views) -> Option<Asked> {
    if is_our_own(views) {
        return None;
    }
    let peer = Peer::new(views)?;
    let senders = Senders::new(views);
    let wanted = |named: &super::name::Named| {
        let is_host = named.is_name() && domain::is_fqdn(&named.name);
        let (name, registered) = (Name::new(&named.name)?, Name::new(&named.domain)?);
        is_host.then_some(Wanted { name, registered })
    };
    Some(Asked {
        address: Some(peer.address),
        helo: wanted(&peer.helo),
        envelope: senders.envelope.and_then(|mailbox| wanted(&mailbox.domain)),
        from: senders.from.and_then(|mailbox| wanted(&mailbox.domain)),
        most: views.settings().limits.host_names,
    })
}

/// `check_helo_dns`, `check_rdns_dns`
pub fn bind(call: &Eval, table: &'static [Property<Found>]) -> Result<Test, String> {
    let holds = find(call, 0, table)?;
    Ok(Arc::new(move |scan, _| {
        hit_if(scan.known_note::<Found>().is_some_and(|found| holds(&found)))
    }))
}

/// `check_sender_dns`
pub fn bind_sender(call: &Eval) -> Result<Test, String> {
    let which = Which::of(call)?;
    let holds = find(call, 1, SENDER)?;
    Ok(Arc::new(move |scan, _| {
        let Some(found) = scan.known_note::<Found>() else { return hit_if(false) };
        let domain = match which {
            Which::Envelope => &found.facts.envelope,
            Which::From => &found.facts.from,
        };
        hit_if(domain.as_ref().is_some_and(holds))
    }))
}

/// Properties of the name in HELO.
#[rustfmt::skip]
pub const HELO: &[Property<Found>] = &[
    has("no_host", |found| helo(found, |host, _| Some(!host.exists? && host.registered?))),
    has("no_domain", |found| helo(found, |host, _| Some(!host.exists? && !host.registered?))),
    has("no_address", |found| helo(found, |host, _| Some(host.exists? && !host.has_address()?))),
    has("elsewhere", |found| helo(found, |host, at| Some(host.has_address()? && !host.leads_near(at)? && !host.is_nowhere()?))),
    has("near", |found| helo(found, |host, at| Some(host.leads_near(at)? && !host.leads_to(at)?))),
    has("private", |found| helo(found, |host, _| host.is_only(Reach::Private))),
    has("loopback", |found| helo(found, |host, _| host.is_only(Reach::Loopback))),
    has("reserved", |found| helo(found, |host, _| host.is_only(Reach::Reserved))),
    has("alias", |found| helo(found, |host, _| host.alias)),
];

/// Properties of the names of the host's address.
#[rustfmt::skip]
pub const RDNS: &[Property<Found>] = &[
    has("none", |found| names(found).is_some_and(<[Name]>::is_empty)),
    has("unconfirmed", |found| each_name(found, |host, at| Some(!host.leads_to(at)? && host.has_address()? && !host.is_nowhere()?))),
    has("dangling", |found| each_name(found, |host, _| Some(!host.has_address()?))),
    has("private", |found| each_name(found, |host, _| host.is_only(Reach::Private))),
    has("loopback", |found| each_name(found, |host, _| host.is_only(Reach::Loopback))),
    has("reserved", |found| each_name(found, |host, _| host.is_only(Reach::Reserved))),
    has("alias", |found| each_name(found, |host, _| host.alias)),
    has("many", |found| names(found).is_some_and(|names| names.len() > 10)),
    has("no_host_name", |found| names(found).is_some_and(|names| !names.is_empty() && !names.iter().any(is_host_name))),
];

/// Properties of a sender's domain.
#[rustfmt::skip]
pub const SENDER: &[Property<Domain>] = &[
    has("no_host", |domain| is_true((|| Some(!domain.host.exists? && domain.host.registered?))())),
    has("no_domain", |domain| is_true((|| Some(!domain.host.exists? && !domain.host.registered?))())),
    has("no_mail", |domain| is_true((|| Some(domain.host.exists? && domain.is_without_exchanger()? && !domain.host.has_address()?))())),
    has("null_mx", |domain| is_true((|| Some(domain.has_null_exchanger()? && domain.exchangers().next().is_none()))())),
    has("null_mx_among", |domain| is_true((|| Some(domain.has_null_exchanger()? && domain.exchangers().next().is_some()))())),
    has("implicit_mx", |domain| is_true((|| Some(domain.is_without_exchanger()? && domain.host.has_address()? && !domain.host.is_nowhere()?))())),
    has("implicit_nowhere", |domain| is_true((|| Some(domain.is_without_exchanger()? && domain.host.is_nowhere()?))())),
    has("mx_private", |domain| is_true(domain.each(|host| host.is_only(Reach::Private)))),
    has("mx_loopback", |domain| is_true(domain.each(|host| host.is_only(Reach::Loopback)))),
    has("mx_reserved", |domain| is_true(domain.each(|host| host.is_only(Reach::Reserved)))),
    has("mx_some_nowhere", |domain| domain.hosts.iter().any(|host| host.is_nowhere() == Some(true)) && domain.hosts.iter().any(|host| host.addresses().any(is_public))),
    has("mx_address", |domain| domain.exchangers().any(|name| net::parse_ip(name.as_bytes()).is_some())),
    has("mx_alias", |domain| is_true(domain.each(|host| host.alias))),
    has("mx_dangling", |domain| is_true(domain.each(|host| Some(!host.has_address()?))) && !domain.exchangers().any(is_no_name)),
    has("mx_one_label", |domain| domain.exchangers().any(|name| name.labels().count() == 1)),
];

fn is_true(answer: Option<bool>) -> bool {
    answer == Some(true)
}

/// Is it said of the name in HELO?
fn helo(found: &Found, holds: fn(&Host, IpAddr) -> Option<bool>) -> bool {
    let known = found.facts.helo.as_ref().zip(found.address);
    is_true(known.and_then(|(host, address)| holds(host, address)))
}

/// Is it said of each name of the address?
fn each_name(found: &Found, holds: fn(&Host, IpAddr) -> Option<bool>) -> bool {
    let reverse = found.facts.reverse.as_ref();
    is_true(reverse.and_then(|reverse| reverse.each(|host| holds(host, reverse.address))))
}

/// The names of the address, where somebody answered.
fn names(found: &Found) -> Option<&[Name]> {
    found.facts.reverse.as_ref()?.names.as_deref()
}

fn is_public(address: IpAddr) -> bool {
    Reach::of(address) == Reach::Public
}

fn is_host_name(name: &Name) -> bool {
    domain::is_fqdn(name.as_bytes()) && net::parse_ip(name.as_bytes()).is_none()
}

/// An exchanger that no question could find.
fn is_no_name(name: &Name) -> bool {
    name.labels().count() == 1 || net::parse_ip(name.as_bytes()).is_some()
}
