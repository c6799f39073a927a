//! Tags that patterns may hold: `%{NAME}` in one rule, `(?<NAME>…)` in another.
//!
//! SpamAssassin::Conf, "CAPTURING TAGS USING REGEX NAMED CAPTURE GROUPS". What the message
//! itself defines (`SENDERDOMAIN`, relay addresses …) may be named too.

use crate::message::header::HeaderQuery;
use crate::message::relay::{Relay, Side};
use crate::message::view::Views;
use crate::text::domain::to_ascii;
use crate::text::net;
use std::collections::HashMap;

/// The values of tags, by name.
#[derive(Clone, Debug, Default)]
pub struct Tags {
    captured: HashMap<String, Vec<Vec<u8>>>,
}

impl Tags {
    /// Is no tag set?
    pub fn is_empty(&self) -> bool {
        self.captured.is_empty()
    }

    /// Sets one tag.
    pub fn put(&mut self, name: &str, values: Vec<Vec<u8>>) {
        self.captured.insert(name.to_owned(), values);
    }

    /// Sets each tag named in `captured` to its different values, in order.
    pub fn set(&mut self, captured: Vec<(String, Vec<u8>)>) {
        let mut fresh: HashMap<String, Vec<Vec<u8>>> = HashMap::new();
        for (name, value) in captured {
            if is_tag_name(&name) {
                let values = fresh.entry(name).or_default();
                if !values.contains(&value) {
                    values.push(value);
                }
            }
        }
        self.captured.extend(fresh);
    }

    /// The tags called `names`, with the values that they have for the message of `views`.
    pub fn frozen<'n>(&self, names: impl Iterator<Item = &'n Box<str>>, views: &Views) -> Tags {
        let values = names.map(|name| (name.to_string(), self.values(name, views)));
        Tags { captured: values.filter(|(_, values)| !values.is_empty()).collect() }
    }

    /// The values of a tag; none if it is not set.
    pub fn values(&self, name: &str, views: &Views) -> Vec<Vec<u8>> {
        let values = self.get(name, views).unwrap_or_default();
        values.into_iter().filter(|value| !value.is_empty()).collect()
    }

    /// A tag as templates show it: its values with spaces between; `None` if it is not set.
    pub fn text(&self, name: &[u8], views: &Views) -> Option<Vec<u8>> {
        Some(self.get(std::str::from_utf8(name).ok()?, views)?.join(&b' '))
    }

    fn get(&self, name: &str, views: &Views) -> Option<Vec<Vec<u8>>> {
        self.captured.get(name).cloned().or_else(|| of_message(name, views))
    }

    /// `source` with each `%\{NAME\}` of `names` replaced by its values, quoted; `None` if one
    /// of them has no value.
    pub fn fill(&self, source: &[u8], names: &[Box<str>], views: &Views) -> Option<Vec<u8>> {
        let mut filled = source.to_vec();
        for name in names {
            let values = self.values(name, views);
            if values.is_empty() {
                return None;
            }
            let quoted: Vec<_> = values.iter().map(|value| quote(value)).collect();
            let alternatives = [b"(?:", quoted.join(&b'|').as_slice(), b")"].concat();
            filled = replace(&filled, &place_of(name), &alternatives);
        }
        Some(filled)
    }
}

/// How a template stands in a pattern: `%\{NAME\}`.
fn place_of(name: &str) -> Vec<u8> {
    format!("%\\{{{name}\\}}").into_bytes()
}

/// What matches whatever a tag is worth.
pub const ANYTHING: &[u8] = b"(?s:.*)";

/// `source` with `text` in the place of each template.
pub fn with(source: &[u8], names: &[Box<str>], text: &[u8]) -> Vec<u8> {
    names.iter().fold(source.to_vec(), |source, name| replace(&source, &place_of(name), text))
}

/// Replaces `from` by `to` wherever no backslash stands before it.
fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, from) {
        let (before, found) = rest.split_at(at);
        let (found, behind) = found.split_at(from.len());
        replaced.extend_from_slice(before);
        replaced.extend_from_slice(if before.ends_with(b"\\") { found } else { to });
        rest = behind;
    }
    replaced.extend_from_slice(rest);
    replaced
}

/// Every byte that is no word character with a backslash before it.
fn quote(value: &[u8]) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(value.len() * 2);
    for &byte in value {
        if !(byte.is_ascii_alphanumeric() || byte == b'_') {
            quoted.push(b'\\');
        }
        quoted.push(byte);
    }
    quoted
}

/// `[A-Z][A-Z0-9]*(_[A-Z0-9]+)*`
fn is_tag_name(name: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    name.starts_with(|first: char| first.is_ascii_uppercase()) && name.split('_').all(word)
}

/// The tags that a message has without any rule.
fn of_message(name: &str, views: &Views) -> Option<Vec<Vec<u8>>> {
    let hosts = |query: &[u8]| {
        let hosts = lines(views.header(&HeaderQuery::ask(query)));
        let hosts: Vec<_> = hosts.iter().map(|host| to_ascii(host).into_owned()).collect();
        (!hosts.is_empty()).then_some(hosts)
    };
    let relays = views.relays();
    let of_relay = |relay: Option<&Relay>, part: fn(&Relay) -> Vec<u8>| {
        Some(vec![relay.map(part).unwrap_or_default()])
    };
    let first_trusted = relays.side(Side::Trusted).last();
    let last_external = relays.side(Side::External).first();
    match name {
        "SENDERDOMAIN" => hosts(b"EnvelopeFrom:first:addr:host").map(|mut hosts| {
            hosts.truncate(1);
            hosts
        }),
        "AUTHORDOMAIN" => hosts(b"From:addr:host"),
        "RELAYSTRUSTED" => Some(vec![relays.text(Side::Trusted)]),
        "RELAYSUNTRUSTED" => Some(vec![relays.text(Side::Untrusted)]),
        "RELAYSINTERNAL" => Some(vec![relays.text(Side::Internal)]),
        "RELAYSEXTERNAL" => Some(vec![relays.text(Side::External)]),
        "RELAYSTRUSTEDREVIP" => reversed(relays.side(Side::Trusted)),
        "RELAYSUNTRUSTEDREVIP" => reversed(relays.side(Side::Untrusted)),
        "RELAYSINTERNALREVIP" => reversed(relays.side(Side::Internal)),
        "RELAYSEXTERNALREVIP" => reversed(relays.side(Side::External)),
        "FIRSTTRUSTEDIP" => of_relay(first_trusted, |relay| relay.ip.clone()),
        "FIRSTTRUSTEDREVIP" => of_relay(first_trusted, reversed_ip),
        "LASTEXTERNALIP" => of_relay(last_external, |relay| relay.ip.clone()),
        "LASTEXTERNALREVIP" => of_relay(last_external, reversed_ip),
        "LASTEXTERNALRDNS" => of_relay(last_external, |relay| relay.rdns.clone()),
        "LASTEXTERNALHELO" => of_relay(last_external, |relay| relay.helo.clone()),
        // Set even where nobody has found out.
        "LANGUAGES" => Some(vec![Vec::new()]),
        _ => None,
    }
}

/// The addresses of `relays` that are not private, each as block lists are asked for it.
fn reversed(relays: &[Relay]) -> Option<Vec<Vec<u8>>> {
    let public = relays.iter().filter(|relay| !relay.ip_private);
    let addresses: Vec<_> = public.map(reversed_ip).filter(|ip| !ip.is_empty()).collect();
    (!addresses.is_empty()).then_some(addresses)
}

fn reversed_ip(relay: &Relay) -> Vec<u8> {
    net::parse_ip(&relay.ip).map(|ip| net::reversed(ip).into_bytes()).unwrap_or_default()
}

/// The different lines of a header's value.
fn lines(value: Option<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in value.unwrap_or_default().split(|&byte| byte == b'\n') {
        if !line.is_empty() && !lines.iter().any(|known| known == line) {
            lines.push(line.to_vec());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_replaced_unless_a_backslash_stands_before_it() {
        let filled = replace(b"a%\\{TO\\}b\\%\\{TO\\}", &place_of("TO"), b"(?:x)");
        assert_eq!(filled, b"a(?:x)b\\%\\{TO\\}");
    }

    #[test]
    fn values_are_quoted_as_texts() {
        assert_eq!(quote(b"a.b@c_1"), b"a\\.b\\@c_1");
    }

    #[test]
    fn only_capitals_make_a_tag() {
        let cases = [("TO", true), ("GB_TO_ADDR", true), ("A1_2", true), ("to", false)];
        for (name, expected) in
            cases.into_iter().chain([("A__B", false), ("_A", false), ("A_", false), ("1A", false)])
        {
            assert_eq!(is_tag_name(name), expected, "{name}");
        }
    }
}
