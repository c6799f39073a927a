//! What the rule files say of the DNS, as its resolver wants it.
//!
//! Mail::SpamAssassin::Conf(3): `dns_available`, `dns_server`, `dns_options`,
//! `dns_local_ports_…`, `dns_query_restriction`, `rbl_timeout`, `dns_test_interval`.

use crate::dns::{Name, Patience, Ports, Restrictions, Settings, Wait, system_servers};
use crate::engine::eval::Asks;
use crate::rules::RuleSet;
use crate::rules::options::{Map, Options};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How the network is asked.
#[derive(Clone, Debug)]
pub struct Asking {
    /// How the DNS is asked.
    pub dns: Settings,
    /// Names to try before anything is asked for mail; none: the network is there.
    pub test: Vec<Name>,
    /// When to try again; `None`: once is enough.
    pub again: Option<Duration>,
}

/// What is tried where `dns_available test` names nothing.
const TRIED: [&str; 4] = ["google.com", "cloudflare.com", "wikipedia.org", "php.net"];

impl Asking {
    /// What `rules` say; `None` where they, or whoever loaded them, want no network.
    pub(in crate::engine) fn of(rules: &RuleSet, asks: &Asks) -> Option<Asking> {
        let options = &rules.options;
        let (tried, again): (Vec<&[u8]>, _) = match options.text("dns_available") {
            _ if rules.is_local() => return None,
            Some(b"no") => return None,
            Some(b"test") => {
                let seconds = options.number("dns_test_interval").clamp(1.0, 1e6);
                let again = Some(Duration::from_secs_f64(seconds));
                (TRIED.iter().map(|name| name.as_bytes()).collect(), again)
            }
            Some(text) if text.starts_with(b"test:") => {
                let names = text.get(5..).unwrap_or_default();
                (
                    names.split(u8::is_ascii_whitespace).filter(|name| !name.is_empty()).collect(),
                    None,
                )
            }
            _ => (Vec::new(), None),
        };
        let flag = |name: &str| flag(options.map("dns_options"), name);
        let (v4, v6) = (flag("v4").unwrap_or(true), flag("v6").unwrap_or(true));
        if !v4 && !v6 {
            return None;
        }
        let mut servers: Vec<SocketAddr> =
            options.list("dns_servers").iter().filter_map(|text| address(text)).collect();
        if servers.is_empty() {
            servers = system_servers();
        }
        Some(Asking {
            dns: Settings {
                servers,
                rotate: flag("rotate").unwrap_or(false),
                mix_case: flag("dns0x20").unwrap_or(false),
                payload: payload(options),
                ports: ports(options),
                restrictions: restrictions(options),
                patience: patience(options),
                lists: asks.zones(rules).collect(),
                pauses: true,
            },
            test: tried.into_iter().filter_map(Name::new).collect(),
            again,
        })
    }
}

fn flag(map: Option<&Map>, name: &str) -> Option<bool> {
    map?.get(name.as_bytes()).map(|value| **value != *b"0")
}

/// `[address]:port`
fn address(text: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let (address, port) = text.strip_prefix('[')?.rsplit_once("]:")?;
    let bare = address.split_once('%').map_or(address, |(bare, _)| bare);
    Some((bare.parse::<IpAddr>().ok()?, port.parse().ok()?).into())
}

fn payload(options: &Options) -> Option<u16> {
    let own = options.map("dns_options").and_then(|map| map.get(&b"edns"[..]));
    let size = match own {
        Some(text) => std::str::from_utf8(text).ok()?.parse().ok()?,
        None => 4096,
    };
    (size > 512).then_some(size)
}

/// `+1024-65535`, `-8000-8100`, or `none`: then the system chooses.
fn ports(options: &Options) -> Ports {
    let ranges = options.list("dns_local_ports");
    if ranges.is_empty() {
        return Ports::default();
    }
    let range = |text: &[u8]| {
        if text == b"none" {
            return Some((false, 1, u16::MAX));
        }
        let text = std::str::from_utf8(text).ok()?;
        let (first, last) = text.get(1..)?.split_once('-')?;
        Some((text.starts_with('+'), first.parse().ok()?, last.parse().ok()?))
    };
    Ports::changed_by(ranges.iter().filter_map(|text| range(text)))
}

fn restrictions(options: &Options) -> Restrictions {
    let mut restrictions = Restrictions::default();
    for (domain, blocked) in options.map("dns_query_blocked").into_iter().flatten() {
        let allowed = **blocked == *b"0";
        match (&**domain, Name::new(domain)) {
            (b"*", _) => restrictions.put_otherwise(allowed),
            (_, Some(domain)) => restrictions.put(domain, allowed),
            (_, None) => {}
        }
    }
    restrictions
}

fn patience(options: &Options) -> Patience {
    let least = options.get("rbl_timeout_min").map(|_| options.number("rbl_timeout_min"));
    let usual = Wait::new(options.number("rbl_timeout"), least);
    let mut patience = Patience::default();
    patience.usual = usual;
    let number = |text: Option<&Box<[u8]>>| std::str::from_utf8(text?).ok()?.parse::<f64>().ok();
    for (zone, map) in options.maps("rbl_timeout_by_zone").into_iter().flatten() {
        let (most, own) = (number(map.get(&b"timeout"[..])), number(map.get(&b"least"[..])));
        if let (Some(zone), Some(most)) = (Name::new(zone), most) {
            patience.put(zone, Wait::new(most, own.or(least)));
        }
    }
    patience
}
