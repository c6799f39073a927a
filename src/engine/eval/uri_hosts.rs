//! Hosts of URIs that are in a list: `enlist_uri_host`, `blocklist_uri_host`,
//! `welcomelist_uri_host`. Mail::SpamAssassin::Plugin::WLBLEval.
//!
//! In: the hosts of all URIs but mail addresses. Out: a hit, with the host. A list may hold a
//! host, or the end of its name; where it holds several, the longest decides, and `!host`
//! keeps a host out.

use super::{Binding, MISS, Row, Test, at_most, literal};
use crate::engine::verdict::Evidence;
use crate::message::view::Views;
use crate::rules::model::Eval;
use crate::rules::options::Maps;
use std::collections::HashMap;
use std::sync::Arc;

/// The functions.
pub const TABLE: &[Row] = &[
    Row::new(
        PLUGIN,
        "check_uri_host_listed",
        "('LIST')",
        "a URI's host is in the list",
        |call, _| {
            at_most(call, 1)?;
            listed(literal(call, 0)?)
        },
    ),
    Row::new(PLUGIN, "check_uri_host_in_blocklist", "()", BLOCK, blocklisted),
    Row::new(PLUGIN, "check_uri_host_in_blacklist", "()", BLOCK, blocklisted),
    Row::new(PLUGIN, "check_uri_host_in_welcomelist", "()", WELCOME, welcomelisted),
    Row::new(PLUGIN, "check_uri_host_in_whitelist", "()", WELCOME, welcomelisted),
];

const PLUGIN: &str = "Mail::SpamAssassin::Plugin::WLBLEval";

const BLOCK: &str = "a URI's host is in blocklist_uri_host";
const WELCOME: &str = "a URI's host is in welcomelist_uri_host";

/// Of longer names the first labels are left out.
const LABELS: usize = 11;

fn blocklisted(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 0)?;
    listed(b"BLOCK")
}

fn welcomelisted(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 0)?;
    listed(b"WELCOME")
}

fn listed(list: &[u8]) -> Result<Test, String> {
    let list: Box<[u8]> = list.into();
    Ok(Arc::new(move |scan, _| {
        let lists = scan.profile().made(SETTING.as_bytes(), |options| {
            Lists::of(options.maps(SETTING).unwrap_or(&Maps::new()))
        });
        let Some(number) = lists.names.get(&list).copied() else { return Ok(MISS) };
        let found = scan.facts(|scan| lists.found(scan.views()));
        let shown = found.0.get(number).cloned().flatten();
        Ok(shown.map_or(MISS, |text| (1, Some(Evidence { text, piece: 0, offset: 0 }))))
    }))
}

const SETTING: &str = "uri_host_lists";

/// What stands in lists, by host.
struct Lists {
    /// The number of each list.
    names: HashMap<Box<[u8]>, usize>,
    /// The lists that hold a host, and whether they want it.
    hosts: HashMap<Box<[u8]>, Vec<(usize, bool)>>,
}

/// For each list the host that was found in it, as reports show it.
struct Found(Vec<Option<Vec<u8>>>);

impl Lists {
    fn of(maps: &Maps) -> Lists {
        let mut lists = Lists { names: HashMap::new(), hosts: HashMap::new() };
        for (number, (name, map)) in maps.iter().enumerate() {
            lists.names.insert(name.clone(), number);
            for (host, wanted) in map {
                let entry = lists.hosts.entry(host.clone()).or_default();
                entry.push((number, **wanted == *b"1"));
            }
        }
        lists
    }

    fn found(&self, views: &Views) -> Found {
        let mut found = vec![None; self.names.len()];
        for detail in &views.uris().details {
            let is_mail = detail.raw.get(..7).is_some_and(|s| s.eq_ignore_ascii_case(b"mailto:"));
            for host in detail.hosts.iter().filter(|_| !is_mail) {
                self.look_up(&host.name, &mut found);
            }
        }
        Found(found)
    }

    fn look_up(&self, host: &[u8], found: &mut [Option<Vec<u8>>]) {
        let mut decided = vec![false; found.len()];
        for name in names(host) {
            for &(list, wanted) in self.hosts.get(name).map_or(&[][..], Vec::as_slice) {
                let Some(decided) = decided.get_mut(list).filter(|decided| !**decided) else {
                    continue;
                };
                *decided = true;
                if wanted && let Some(place @ None) = found.get_mut(list) {
                    *place = Some(shown(host, name));
                }
            }
        }
    }
}

/// `host` and the names that it ends in, longest first; of an IPv4 address only itself.
fn names(host: &[u8]) -> impl Iterator<Item = &[u8]> {
    let numbers = host.split(|&byte| byte == b'.');
    let is_digits = |label: &[u8]| !label.is_empty() && label.iter().all(u8::is_ascii_digit);
    let is_address = numbers.clone().count() == 4 && numbers.clone().all(is_digits);
    let labels = numbers.count();
    let dots = memchr::memchr_iter(b'.', host).map(|dot| dot + 1);
    let begins = std::iter::once(0).chain(dots.filter(move |_| !is_address));
    let begins = begins.skip(if is_address { 0 } else { labels.saturating_sub(LABELS) });
    begins.filter_map(|begin| host.get(begin..))
}

fn shown(host: &[u8], name: &[u8]) -> Vec<u8> {
    match host.len() == name.len() {
        true => [b"URI: ", host].concat(),
        false => [b"URI: ", host, b" (", name, b")"].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_ends_of_a_host() {
        let names = |host: &'static str| {
            names(host.as_bytes())
                .map(|n| String::from_utf8_lossy(n).into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(names("a.b.com"), ["a.b.com", "b.com", "com"]);
        assert_eq!(names("1.2.3.4"), ["1.2.3.4"]);
        assert_eq!(names("1.2.3.x"), ["1.2.3.x", "2.3.x", "3.x", "x"]);
        let many = names("m.l.k.j.i.h.g.f.e.d.c.b.a");
        assert_eq!((many.len(), many[0].as_str()), (LABELS, "k.j.i.h.g.f.e.d.c.b.a"));
    }

    #[test]
    fn the_longest_name_of_a_list_decides() {
        let map = |entries: &[(&str, &str)]| {
            let boxed = |text: &str| text.as_bytes().into();
            entries.iter().map(|(host, wanted)| (boxed(host), boxed(wanted))).collect()
        };
        let maps = [
            (b"A"[..].into(), map(&[("b.com", "1"), ("a.b.com", "0"), ("com", "1")])),
            (b"B"[..].into(), map(&[("b.com", "0"), ("a.b.com", "1")])),
        ];
        let lists = Lists::of(&maps.into_iter().collect());
        let found = |host: &str| {
            let mut found = vec![None; 2];
            lists.look_up(host.as_bytes(), &mut found);
            let text = |text: Option<Vec<u8>>| String::from_utf8(text.unwrap_or_default()).unwrap();
            found.into_iter().map(text).collect::<Vec<_>>()
        };
        assert_eq!(found("b.com"), ["URI: b.com", ""]);
        assert_eq!(found("a.b.com"), ["", "URI: a.b.com"]);
        assert_eq!(found("x.a.b.com"), ["", "URI: x.a.b.com (a.b.com)"]);
        assert_eq!(found("c.com"), ["URI: c.com (com)", ""]);
        assert_eq!(found("b.org"), ["", ""]);
    }
}
