//! The hosts that a message passed: what they say of themselves and of one another.
//!
//! In: the relays as Received lines tell them, with trust decided. Out: hits, with nothing to
//! show. Mail::SpamAssassin::Plugin::RelayEval.

use super::arguments::regex;
use super::{Binding, MISS, Row, Test, hit_if, literal, never};
use crate::message::header::HeaderQuery;
use crate::message::relay::{Relay, Relays, Side};
use crate::rules::model::Eval;
use crate::text::net;
use regex::bytes::Regex;
use std::net::Ipv4Addr;
use std::sync::Arc;

const PLUGIN: &str = "Mail::SpamAssassin::Plugin::RelayEval";

/// The functions.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::new(PLUGIN, "check_all_trusted", "()", "there are hops, all are trusted, and every Received line was understood", all_trusted),
    Row::new(PLUGIN, "check_no_relays", "()", "no Received line tells of a hop, or may do so", no_relays),
    Row::new(PLUGIN, "check_relays_unparseable", "()", "some Received line was not understood", unparseable),
    Row::new(PLUGIN, "check_for_numeric_helo", "()", "an untrusted host's name is an IPv4 address", numeric_helo),
    Row::new(PLUGIN, "check_for_illegal_ip", "()", "never: SpamAssassin keeps it for old rules only", never),
    Row::new(PLUGIN, "check_for_sender_no_reverse", "()", "the oldest untrusted host has a public address and a name with a dot", sender_named),
    Row::new(PLUGIN, "check_for_from_domain_in_received_headers", "('domain', 'true' | 'false')", "From is of this domain, and a hop within the domain is there; 'false': is not there", from_domain),
    Row::new(PLUGIN, "check_for_forged_received_trail", "()", "two hosts at least are not those to which the next older hop was", forged_trail),
    Row::new(PLUGIN, "check_for_forged_received_ip_helo", "()", "a host's name is a public IPv4 address from another /16 than its own", forged_helo),
    Row::new(PLUGIN, "helo_ip_mismatch", "()", "an untrusted host's name is a public IPv4 address from another /24 than its own", helo_mismatch),
    Row::new(PLUGIN, "check_for_no_rdns_dotcom_helo", "()", "the oldest public untrusted host calls itself by a big provider's name, and its address has none", nameless_provider),
];

/// A test of all relays.
fn relays(check: impl Fn(&Relays) -> bool + Send + Sync + 'static) -> Result<Test, String> {
    Ok(Arc::new(move |scan, _| hit_if(check(scan.views().relays()))))
}

fn count(relays: &Relays, side: Side) -> usize {
    relays.side(side).len()
}

fn all_trusted(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    relays(|relays| {
        count(relays, Side::Trusted) > 0
            && count(relays, Side::Untrusted) == 0
            && relays.unparseable == 0
    })
}

fn no_relays(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    relays(|relays| {
        count(relays, Side::Trusted) + count(relays, Side::Untrusted) + relays.unparseable == 0
    })
}

fn unparseable(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    relays(|relays| relays.unparseable > 0)
}

/// SpamAssassin means to let private addresses pass, but compares what its next pattern has
/// just forgotten.
fn numeric_helo(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    let octet = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)";
    let helo = regex(&format!(r"(?i)\bhelo={octet}(?:\.{octet}){{3}}(?:[\x00- ,;\[()<>]|\z)"))?;
    relays(move |relays| helo.is_match(&relays.text(Side::Untrusted)))
}

fn sender_named(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    relays(|relays| {
        let oldest = relays.side(Side::Untrusted).last();
        oldest.is_some_and(|hop| hop.rdns.contains(&b'.') && !hop.ip_private)
    })
}

fn from_domain(call: &Eval, to: &mut Binding) -> Result<Test, String> {
    let (domain, wanted) = (literal(call, 0)?, literal(call, 1)? == b"true");
    // Rule files may write a pattern there; the From address must hold it as it is.
    let pattern = [b" rdns=\\S*\\b", domain, b" [^\\]]*by=\\S*\\b", domain, b" "].concat();
    let passed = to.pattern(&pattern)?;
    let domain = domain.to_ascii_lowercase();
    let from = HeaderQuery::ask(b"From:addr");
    Ok(Arc::new(move |scan, worker| {
        let views = scan.views();
        let from = from.first(&views.source()).unwrap_or_default().to_ascii_lowercase();
        if !holds_at_border(&from, &domain) {
            return Ok(MISS);
        }
        let relays = views.relays();
        let text = [relays.text(Side::Trusted), relays.text(Side::Untrusted)].join(&b"\n"[..]);
        hit_if(passed.is_match(&text, &mut worker.caches)? == wanted)
    }))
}

/// Is `part` in `text`, with a word border before it?
fn holds_at_border(text: &[u8], part: &[u8]) -> bool {
    (0..=text.len()).any(|at| {
        super::header::starts_at_border(text, at)
            && text.get(at..).is_some_and(|rest| rest.starts_with(part))
    })
}

fn is_public_ipv4(text: &[u8]) -> bool {
    ipv4(text).is_some() && !net::is_private(text)
}

fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn helo_mismatch(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    let elsewhere = |hop: &Relay| {
        let (Some(helo), Some(ip)) = (ipv4(&hop.helo), ipv4(&hop.ip)) else { return false };
        helo.octets().get(..3) != ip.octets().get(..3)
            && is_public_ipv4(&hop.helo)
            && is_public_ipv4(&hop.ip)
    };
    relays(move |relays| relays.side(Side::Untrusted).iter().any(elsewhere))
}

fn nameless_provider(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    let provider = regex(
        r"(?ix)(?:\.|^)(?:lycos\.com|lycos\.co\.uk|hotmail\.com|localhost\.com|excite\.com
            |caramail\.com|cs\.com|aol\.com|msn\.com|yahoo\.com|drizzle\.com)$",
    )?;
    relays(move |relays| {
        let mut public = relays.side(Side::Untrusted).iter().filter(|hop| !hop.ip_private);
        public.next_back().is_some_and(|hop| hop.no_reverse_dns && provider.is_match(&hop.helo))
    })
}

/// How often the hops contradict one another.
#[derive(Clone, Copy, Default)]
struct Mismatches {
    /// A hop's receiving host is not the one that handed over to the next newer hop.
    trail: usize,
    /// A host's name is an IPv4 address far from its own.
    helo: usize,
}

fn forged_trail(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    mismatches(to, |found| found.trail > 1)
}

fn forged_helo(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    mismatches(to, |found| found.helo > 0)
}

/// The form of a host's name whose domain is compared.
struct HostName(Regex);

fn mismatches(to: &mut Binding, hits: fn(Mismatches) -> bool) -> Result<Test, String> {
    let name = to.shared(|_| Ok(HostName(regex(r"^\w+(?:[\w.-]+\.)+\w+$")?)))?;
    Ok(Arc::new(move |scan, _| {
        let found = scan.facts(|scan| {
            let hops = scan.views().relays().side(Side::Untrusted);
            Mismatches::among(hops, |host| name.0.is_match(host))
        });
        hit_if(hits(*found))
    }))
}

impl Mismatches {
    fn among(hops: &[Relay], is_name: impl Fn(&[u8]) -> bool) -> Mismatches {
        let mut found = Mismatches::default();
        let mut newer: Option<Vec<u8>> = None;
        for hop in hops {
            let [by, from, helo] = [&hop.by, &hop.rdns, &hop.helo].map(|host| domain(host));
            let previous = newer.take();
            // A host that hands over to itself is no mismatch.
            let is_itself =
                hop.ip == b"127.0.0.1" && matches!(&*from, b"localhost" | b"localhost.localdomain");
            let named = is_name(&by);
            newer = Some(from).filter(|_| !(named && is_itself));
            if !named {
                continue;
            }
            found.helo += usize::from(is_far(&helo, &hop.ip));
            let other = previous.filter(|previous| is_name(previous) && *previous != by);
            // Microsoft's hosts stand for one another.
            found.trail += usize::from(
                other.is_some_and(|other| !(by == b"msn.com" && other == b"hotmail.com")),
            );
        }
        found
    }
}

/// Are both four numbers with dots, the first two of which differ, and `helo` public?
fn is_far(helo: &[u8], ip: &[u8]) -> bool {
    let (Some(helo_net), Some(ip_net)) = (first_half(helo), first_half(ip)) else { return false };
    helo_net != ip_net && !is_private_by_digits(helo)
}

/// The first two of four numbers, as written.
fn first_half(text: &[u8]) -> Option<&[u8]> {
    let numbers: Vec<&[u8]> = text.splitn(5, |&byte| byte == b'.').collect();
    let is_number = |part: &&[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    match numbers.as_slice() {
        all @ [first, second, _, _] if all.iter().all(is_number) => {
            text.get(..first.len() + 1 + second.len())
        }
        _ => None,
    }
}

/// As [`net::is_private`], for four numbers that may be no address.
fn is_private_by_digits(text: &[u8]) -> bool {
    let mut numbers = text.split(|&byte| byte == b'.');
    let (Some(first), Some(second)) = (numbers.next(), numbers.next()) else { return false };
    // Read as a part of an address, a number has no leading zero and is below 256.
    let second = ipv4(&[b"0.", second, b".0.0"].concat()).map(|address| address.octets());
    matches!(
        (first, second),
        (b"10" | b"127", _)
            | (b"169", Some([_, 254, ..]))
            | (b"192", Some([_, 168, ..]))
            | (b"172", Some([_, 16..=31, ..]))
            | (b"100", Some([_, 64..=127, ..]))
    )
}

/// The domain of a host by an old rule of thumb: two labels where the last is long or one of few
/// countries', else three. In lower case; an address stays as it is.
fn domain(host: &[u8]) -> Vec<u8> {
    let host = host.to_ascii_lowercase();
    if !host.iter().any(u8::is_ascii_alphabetic) {
        return host;
    }
    // Empty labels at the end do not count.
    let end = host.iter().rposition(|&byte| byte != b'.').map_or(0, |last| last + 1);
    let labels: Vec<&[u8]> = host.get(..end).unwrap_or_default().split(|&b| b == b'.').collect();
    let last = labels.last().copied().unwrap_or_default();
    let is_short_country =
        |label: &[u8]| label.windows(2).any(|two| matches!(two, b"ie" | b"fr" | b"de"));
    let count = match labels.len() {
        2.. if last.len() >= 3 || is_short_country(last) => 2,
        3.. => 3,
        _ => return host,
    };
    labels.get(labels.len() - count..).unwrap_or_default().join(&b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_follow_a_rule_of_thumb() {
        for (host, expected) in [
            ("mail.example.COM", "example.com"),
            ("example.com", "example.com"),
            ("a.b.co.uk", "b.co.uk"),
            ("b.co.uk", "b.co.uk"),
            ("co.uk", "co.uk"),
            ("a.b.de", "b.de"),
            ("a.b.uk.", "a.b.uk"),
            ("localhost", "localhost"),
            ("192.0.2.1", "192.0.2.1"),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8(domain(host.as_bytes())).unwrap(), expected, "{host}");
        }
    }

    #[test]
    fn hops_are_compared_with_their_neighbours() {
        let hop = |ip: &str, rdns: &str, helo: &str, by: &str| Relay {
            ip: ip.into(),
            rdns: rdns.into(),
            helo: helo.into(),
            by: by.into(),
            ..Relay::default()
        };
        let is_name = |host: &[u8]| host.len() > 3 && host.contains(&b'.');
        let found = |hops: &[Relay]| {
            let Mismatches { trail, helo } = Mismatches::among(hops, is_name);
            (trail, helo)
        };
        let chain = [
            hop("9.9.9.9", "mx.one.com", "", "me.test.com"),
            hop("9.9.9.8", "mx.two.com", "", "in.one.com"),
        ];
        assert_eq!(found(&chain), (0, 0));
        let broken = [
            hop("9.9.9.9", "mx.one.com", "", "me.test.com"),
            hop("9.9.9.8", "mx.two.com", "", "in.other.com"),
            hop("9.9.9.7", "mx.two.com", "", "in.other.com"),
        ];
        assert_eq!(found(&broken), (2, 0));
        let hotmail = [
            hop("9.9.9.9", "x.hotmail.com", "", "me.test.com"),
            hop("9.9.9.8", "x.two.com", "", "a.msn.com"),
        ];
        assert_eq!(found(&hotmail), (0, 0));
        let local = [
            hop("127.0.0.1", "localhost.localdomain", "", "me.test.com"),
            hop("9.9.9.8", "x.two.com", "", "a.other.com"),
        ];
        assert_eq!(found(&local), (0, 0));
        let helo = |helo: &str| found(&[hop("9.9.9.9", "", helo, "me.test.com")]).1;
        assert_eq!((helo("8.8.8.8"), helo("9.9.1.1"), helo("10.1.1.1")), (1, 0, 0));
        assert_eq!((helo("999.1.1.1"), helo("172.31.1.1"), helo("172.32.1.1")), (1, 0, 1));
        assert_eq!((helo("1.1.1"), helo("a.b.c.d"), helo("100.64.1.1")), (0, 0, 0));
    }
}
