//! The chain of Received lines: what cannot have been so.
//!
//! In: the Received fields, newest first, and how many of them our own hosts wrote. Out:
//! properties of the chain (RFC 5321, 4.4; RFC 5322, 3.6.7). What our own hosts wrote is
//! believed and only compared with.

use super::name::{Named, RESERVED};
use super::stamp::{Stamp, Zone};
use super::{Noted, Property, has, is_our_own};
use crate::engine::scan::Scan;
use crate::message::header::HeaderQuery;
use crate::message::relay::{Relay, Side};
use crate::message::view::Views;
use crate::text::ascii::{is_space, trim};
use crate::text::domain::Registry;
use crate::text::net;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// A message's Received lines.
pub struct Chain {
    /// All lines, newest first.
    lines: Vec<Line>,
    /// Where the lines begin that no host of ours wrote.
    foreign: usize,
    /// The hops that no host of ours told of.
    hops: Vec<Relay>,
    /// Who received the message from outside.
    receiver: Vec<u8>,
    /// The address that handed it over.
    peer: Option<IpAddr>,
    /// Does a Received field stand below one that the author wrote?
    below_author: bool,
}

/// A Received line.
struct Line {
    /// White space squeezed.
    text: Vec<u8>,
    /// What follows its last semicolon; `None` where there is none.
    date: Option<Vec<u8>>,
    stamp: Option<Stamp>,
    seconds: Option<i64>,
}

/// The chain, found out once.
pub fn facts(scan: &mut Scan) -> Arc<Noted<Chain>> {
    scan.facts(|scan| {
        let views = scan.views();
        Noted((!is_our_own(views)).then(|| Chain::new(views)))
    })
}

impl Chain {
    fn new(views: &Views) -> Chain {
        let relays = views.relays();
        let most = views.settings().limits.received_hops;
        let values = HeaderQuery::ask(b"Received").values(&views.source());
        let lines: Vec<Line> = values.iter().take(most).map(|value| Line::new(value)).collect();
        let external = relays.side(Side::External);
        let receiver = external.first().map(|hop| hop.by.to_ascii_lowercase()).unwrap_or_default();
        // Archives put such names in place of real ones.
        let is_known = !Named::new(&receiver, &Registry::default()).ends_in(RESERVED);
        let receiver = if is_known { receiver } else { Vec::new() };
        let is_author = |name: &[u8]| {
            [&b"From"[..], b"Subject", b"To"].iter().any(|n| n.eq_ignore_ascii_case(name))
        };
        let mut names = views.message().headers().iter().map(|field| field.name.as_slice());
        let below_author =
            names.any(is_author) && names.any(|name| name.eq_ignore_ascii_case(b"Received"));
        Chain {
            // The line at this index tells of the host outside, and ours wrote it.
            foreign: (relays.internal_lines + 1).min(lines.len()),
            lines,
            hops: external.get(1..).unwrap_or_default().to_vec(),
            receiver,
            peer: external.first().and_then(|hop| net::parse_ip(&hop.ip)),
            below_author,
        }
    }

    /// The lines that no host of ours wrote.
    fn foreign(&self) -> &[Line] {
        self.lines.get(self.foreign..).unwrap_or_default()
    }

    fn some_line(&self, holds: impl Fn(&Line) -> bool) -> bool {
        self.foreign().iter().any(holds)
    }

    fn some_stamp(&self, holds: impl Fn(&Stamp) -> bool) -> bool {
        self.foreign().iter().filter_map(|line| line.stamp.as_ref()).any(holds)
    }

    /// By how much an older line is dated after the next newer one, at the most; seconds.
    fn backwards(&self) -> i64 {
        self.steps().map(|step| -step).max().unwrap_or(0)
    }

    /// The longest that the message stayed with one host, in seconds.
    fn rest(&self) -> i64 {
        self.steps().max().unwrap_or(0)
    }

    /// From each line that no host of ours wrote to the next newer one; seconds.
    fn steps(&self) -> impl Iterator<Item = i64> {
        let begin = self.foreign.saturating_sub(1);
        let pairs = self.lines.get(begin..).unwrap_or_default().windows(2);
        pairs.filter_map(|pair| match pair {
            [newer, older] => Some(newer.seconds? - older.seconds?),
            _ => None,
        })
    }
}

impl Line {
    fn new(value: &[u8]) -> Line {
        let words: Vec<&[u8]> =
            value.split(|&byte| is_space(byte)).filter(|word| !word.is_empty()).collect();
        let text = words.join(&b' ');
        let date = memchr::memrchr(b';', &text);
        let date = date.map(|at| trim(text.get(at + 1..).unwrap_or_default()).to_vec());
        let stamp = date.as_deref().and_then(Stamp::read);
        let seconds = stamp.as_ref().and_then(Stamp::seconds);
        Line { text, date, stamp, seconds }
    }

    /// The word after `word`, where it stands by itself.
    fn after(&self, word: &[u8]) -> Option<&[u8]> {
        let mut words = self.text.split(|&byte| byte == b' ');
        words.by_ref().find(|w| w.eq_ignore_ascii_case(word))?;
        words.next().map(|found| found.strip_suffix(b";").unwrap_or(found))
    }

    /// How many parentheses are open at its end, or closed too often.
    fn is_unbalanced(&self) -> bool {
        let count = |wanted: u8| self.text.iter().filter(|&&byte| byte == wanted).count();
        count(b'(') != count(b')')
    }
}

/// Properties of the chain.
#[rustfmt::skip]
pub const TABLE: &[Property<Chain>] = &[
    // Time.
    has("order_hour", |chain| (HOUR..DAY).contains(&chain.backwards())),
    has("order_day", |chain| (DAY..7 * DAY).contains(&chain.backwards())),
    has("order_week", |chain| chain.backwards() >= 7 * DAY),
    has("rest_days", |chain| (5 * DAY..30 * DAY).contains(&chain.rest())),
    has("rest_month", |chain| chain.rest() >= 30 * DAY),
    has("weekday", |chain| chain.some_stamp(Stamp::has_wrong_weekday)),
    has("impossible", |chain| chain.some_stamp(|stamp| !stamp.is_possible())),
    has("zone_absurd", |chain| chain.some_stamp(|stamp| stamp.zone == Zone::Absurd)),
    has("zone_missing", |chain| chain.some_stamp(|stamp| stamp.zone == Zone::Missing)),
    has("zone_named", |chain| chain.some_stamp(|stamp| matches!(stamp.zone, Zone::Named(minutes) if minutes != 0))),
    has("year", |chain| chain.some_stamp(|stamp| stamp.year < 1990 || stamp.year > 2100)),
    has("no_seconds", |chain| chain.some_stamp(|stamp| stamp.second.is_none())),
    has("rest_of_date", |chain| chain.some_stamp(|stamp| stamp.has_rest)),
    has("no_date", |chain| chain.some_line(|line| line.date.is_none())),
    has("unreadable_date", |chain| chain.some_line(|line| line.date.is_some() && line.stamp.is_none())),
    // Hosts.
    has("forged_local", is_forged_local),
    has("from_us", |chain| chain.hops.iter().any(|hop| !chain.receiver.is_empty() && hop.helo.to_ascii_lowercase() == chain.receiver && hop.by.to_ascii_lowercase() != chain.receiver)),
    has("by_literal", |chain| chain.some_line(|line| line.after(b"by").is_some_and(|by| by.first() == Some(&b'[')))),
    has("by_odd", |chain| chain.some_line(|line| line.after(b"by").is_some_and(is_odd_host))),
    has("loop", |chain| is_loop(&chain.hops)),
    has("peer_again", |chain| chain.hops.len() >= 2 && chain.hops.iter().skip(1).any(|hop| chain.peer.is_some() && net::parse_ip(&hop.ip) == chain.peer)),
    // Form.
    has("many", |chain| chain.lines.len() > 25),
    has("twice", |chain| has_twice(chain.foreign().iter().map(|line| line.text.as_slice()))),
    has("same_id", has_same_id),
    has("unbalanced", |chain| chain.some_line(Line::is_unbalanced)),
    has("eight_bit", |chain| chain.some_line(|line| !line.text.is_ascii())),
    has("long", |chain| chain.some_line(|line| line.text.len() > 998)),
    has("capitals", |chain| chain.some_line(|line| line.text.starts_with(b"From ") || line.text.starts_with(b"FROM "))),
    has("empty", |chain| chain.some_line(|line| line.text.is_empty())),
    has("with_unknown", |chain| chain.some_line(|line| line.after(b"with").is_some_and(is_unknown_protocol))),
    has("below_author", |chain| chain.below_author),
];

/// An older host says that it is ours and got the message from a public address, before ours
/// got it from outside.
fn is_forged_local(chain: &Chain) -> bool {
    let is_ours = |hop: &Relay| {
        let by = hop.by.to_ascii_lowercase();
        by == chain.receiver && !hop.ip_private && hop.auth.is_empty()
    };
    chain.receiver.contains(&b'.') && chain.hops.iter().any(is_ours)
}

/// A name that no host can have.
fn is_odd_host(by: &[u8]) -> bool {
    let by = Named::new(by, &Registry::default());
    by.has_odd_bytes() || by.has_empty_label() || by.is_too_long() || by.has_hyphen_at_border()
}

/// Has one host received the message four times from another?
fn is_loop(hops: &[Relay]) -> bool {
    let mut counts: HashMap<(&[u8], &[u8]), usize> = HashMap::new();
    for hop in hops.iter().filter(|hop| !hop.by.is_empty() && !hop.ip_private) {
        *counts.entry((&hop.by, &hop.ip)).or_default() += 1;
    }
    counts.values().any(|&count| count >= 4)
}

fn has_twice<'t>(texts: impl Iterator<Item = &'t [u8]>) -> bool {
    let mut seen = std::collections::HashSet::new();
    texts.filter(|text| !text.is_empty()).any(|text| !seen.insert(text))
}

/// Have two hosts given the message the same queue identifier?
fn has_same_id(chain: &Chain) -> bool {
    let mut hosts: HashMap<&[u8], &[u8]> = HashMap::new();
    chain.hops.iter().filter(|hop| hop.id.len() >= 6 && !hop.by.is_empty()).any(|hop| {
        let before = hosts.insert(&hop.id, &hop.by);
        before.is_some_and(|by| !by.eq_ignore_ascii_case(&hop.by))
    })
}

/// A word after `with` that is registered for no protocol (IANA, Mail Transmission Types) and
/// that no server is known to write.
fn is_unknown_protocol(word: &[u8]) -> bool {
    let word = word.to_ascii_lowercase();
    let is_word = word.iter().all(|byte| byte.is_ascii_alphanumeric());
    let has_digit = word.iter().any(u8::is_ascii_digit);
    let known = [
        "smtp", "esmtp", "lmtp", "mtp", "http", "https", "pop", "imap", "uucp", "local", "mms",
        "nntp", "mapi", "sqmail", "soap", "jmap", "x400", "smtps", "asmtp",
    ];
    let begins = |known: &&str| word.windows(known.len()).any(|part| part == known.as_bytes());
    is_word && has_digit && !known.iter().any(begins)
}
