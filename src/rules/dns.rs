//! Rules that ask DNS: `askdns` and the `uridnsbl` family, read and checked.
//!
//! SpamAssassin::Plugin::AskDNS and ::URIDNSBL. A rule's text in, what to ask and which answers
//! count out. Nothing here asks.

use super::model::Place;
use super::regex::{Pattern, Strip};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Which answers make a rule hit.
#[derive(Clone, Debug)]
pub enum Subtest {
    /// The answer's text matches.
    Pattern(Arc<Pattern>),
    /// The answer's text is this.
    Text(Box<[u8]>),
    /// The response code is one of these.
    Codes(BTreeSet<u16>),
    /// The answer is 127/8 and has one of these bits; or its text is the number.
    Mask(u32),
    /// The answer as a number lies between, ends included.
    Range(u32, u32),
    /// The answer as a number and the second number give the first's bits.
    Masked(u32, u32),
}

/// `askdns RULE _TAG_.zone TYPE subtest`
#[derive(Clone, Debug)]
pub struct AskDns {
    /// The rule.
    pub rule: Box<[u8]>,
    /// What to ask for, with tags.
    pub template: Box<[u8]>,
    /// The record types that count, in capitals; several are asked for as `ANY`.
    pub types: Vec<Box<str>>,
    /// Which answers count; `None` for every one.
    pub subtest: Option<Subtest>,
    /// The tags in the template, each once.
    pub tags: Vec<Box<str>>,
    /// The line.
    pub place: Place,
}

/// What of a URI is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UriDnsKind {
    /// `uridnsbl`, `uridnssub`: addresses of the host and of its name servers.
    Address,
    /// `urirhsbl`, `urirhssub`: the domain.
    Domain,
    /// `urinsrhsbl`, `urinsrhssub`: the name servers' domains.
    NameServerDomain,
    /// `urifullnsrhsbl`, `urifullnsrhssub`: the name servers' names.
    NameServer,
}

/// `urirhssub RULE zone TYPE subtest` and its kin. A `body RULE eval:check_uridnsbl` line goes
/// with it.
#[derive(Clone, Debug)]
pub struct UriDns {
    /// The rule.
    pub rule: Box<[u8]>,
    /// What is looked up.
    pub kind: UriDnsKind,
    /// Where, without a dot at the end.
    pub zone: Box<[u8]>,
    /// `A` or `TXT`, as written.
    pub record: Box<[u8]>,
    /// Which answers count; `None` for every one.
    pub subtest: Option<Subtest>,
    /// The line.
    pub place: Place,
}

/// The response codes by name, as Net::DNS knows them.
const CODES: [(&[u8], u16); 17] = [
    (b"NOERROR", 0),
    (b"FORMERR", 1),
    (b"SERVFAIL", 2),
    (b"NXDOMAIN", 3),
    (b"NOTIMP", 4),
    (b"REFUSED", 5),
    (b"YXDOMAIN", 6),
    (b"YXRRSET", 7),
    (b"NXRRSET", 8),
    (b"NOTAUTH", 9),
    (b"NOTZONE", 10),
    (b"BADVERS", 16),
    (b"BADSIG", 16),
    (b"BADKEY", 17),
    (b"BADTIME", 18),
    (b"BADMODE", 19),
    (b"BADNAME", 20),
];

/// The subtest of `askdns`; `None` if it is none.
pub(super) fn ask_subtest(text: &[u8]) -> Option<Subtest> {
    if looks_like_pattern(text) {
        let pattern = Pattern::parse(text, Strip::Required).ok()?;
        return Some(Subtest::Pattern(Arc::new(pattern)));
    }
    if let [first @ (b'"' | b'\''), inner @ .., last] = text
        && first == last
    {
        return Some(Subtest::Text(inner.into()));
    }
    if let Some(inner) = text.strip_prefix(b"[").and_then(|t| t.strip_suffix(b"]"))
        && let Some(codes) = codes(inner)
    {
        return Some(Subtest::Codes(codes));
    }
    numbers(text)
}

fn looks_like_pattern(text: &[u8]) -> bool {
    let letters = text.iter().rev().take_while(|b| b.is_ascii_lowercase()).count();
    let Some((body, _)) = text.split_at_checked(text.len() - letters) else { return false };
    match body {
        [b'/', inner @ .., b'/'] => !inner.is_empty(),
        [b'm', open, inner @ .., close] => {
            let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
            !word(*open) && !word(*close) && !inner.is_empty()
        }
        _ => false,
    }
}

fn codes(inner: &[u8]) -> Option<BTreeSet<u16>> {
    inner
        .split(|&b| b == b',')
        .map(|word| {
            let word = word.trim_ascii().to_ascii_uppercase();
            let named = CODES.iter().find(|(name, _)| *name == word).map(|(_, code)| *code);
            let all_digits = !word.is_empty() && word.iter().all(u8::is_ascii_digit);
            let number = || std::str::from_utf8(&word).ok()?.parse().ok();
            named.or_else(|| if all_digits { number() } else { None })
        })
        .collect()
}

/// `n`, `a-b` or `v/m`, where each is decimal, hexadecimal or an address.
pub(super) fn numbers(text: &[u8]) -> Option<Subtest> {
    let Some(at) = text.iter().position(|b| matches!(b, b'-' | b'/')) else {
        let (number, is_address) = number(text)?;
        return Some(if is_address {
            Subtest::Range(number, number)
        } else {
            Subtest::Mask(number)
        });
    };
    let (low, rest) = text.split_at_checked(at)?;
    let (sign, high) = rest.split_first()?;
    let (low, high) = (number(low)?.0, number(high)?.0);
    Some(if *sign == b'-' { Subtest::Range(low, high) } else { Subtest::Masked(low, high) })
}

/// A number, and whether it was written as an address.
fn number(text: &[u8]) -> Option<(u32, bool)> {
    let text = std::str::from_utf8(text).ok()?;
    if let Some(digits) = text.strip_prefix("0x") {
        let fits = (1..=8).contains(&digits.len());
        return Some((u32::from_str_radix(digits, 16).ok().filter(|_| fits)?, false));
    }
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        let number: u64 = text.parse().ok().filter(|_| text.len() <= 10)?;
        return Some((u32::try_from(number).unwrap_or(u32::MAX), false));
    }
    Some((u32::from(text.parse::<Ipv4Addr>().ok()?), true))
}

/// The tags in `template`: `_NAME_` or `_NAME(argument)_`.
pub(super) fn tags(template: &[u8]) -> Vec<Box<str>> {
    let mut tags: Vec<Box<str>> = Vec::new();
    let mut at = 0;
    while let Some(b) = template.get(at) {
        let end = (*b == b'_').then(|| tag_end(template, at + 1)).flatten();
        let Some(end) = end else {
            at += 1;
            continue;
        };
        if let Some(tag) = template.get(at + 1..end).and_then(|t| std::str::from_utf8(t).ok())
            && !tags.iter().any(|t| **t == *tag)
        {
            tags.push(tag.into());
        }
        at = end + 1;
    }
    tags
}

/// Where the `_` stands that ends the tag whose name begins at `start`.
fn tag_end(text: &[u8], start: usize) -> Option<usize> {
    let name = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_';
    let rest = text.get(start..)?;
    let length = rest.iter().take_while(|b| name(b)).count();
    let run = rest.get(..length)?;
    if rest.get(length) == Some(&b'(') && tag_name(run) {
        let close = rest.iter().position(|&b| b == b')')?;
        return (rest.get(close + 1) == Some(&b'_')).then_some(start + close + 1);
    }
    // The longest name with an underscore behind it.
    let last = (1..length)
        .rev()
        .find(|&i| run.get(i) == Some(&b'_') && run.get(..i).is_some_and(tag_name))?;
    Some(start + last)
}

/// `[A-Z][A-Z0-9]*(_[A-Z0-9]+)*`
pub(super) fn tag_name(name: &[u8]) -> bool {
    name.first().is_some_and(u8::is_ascii_uppercase)
        && name.split(|&b| b == b'_').all(|part| !part.is_empty())
}
