//! How the DNS is asked, as the rule files say it (SpamAssassin::Conf, "network").
//!
//! In go the options of a ruleset, out comes a [`Settings`].

use crate::dns::lists::{Asked, Subject};
use crate::dns::{Name, Patience, Ports, Restrictions, Settings, Wait, system_servers};
use crate::rules::dns::UriDnsKind;
use crate::rules::model::{Eval, EvalClass};
use crate::rules::options::{Options, Value};
use crate::rules::{RuleSet, Test};
use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};

/// What the rule files say of asking. Lists that refuse are paused.
pub fn settings(rules: &RuleSet) -> Settings {
    let options = &rules.options;
    let on = |name: &str| choice(options, name).is_some_and(|value| value != b"0");
    let named: Vec<SocketAddr> =
        options.list("dns_servers").iter().filter_map(|text| server(text)).collect();
    let payload = choice(options, "edns").and_then(number);
    Settings {
        servers: if named.is_empty() { system_servers() } else { named },
        rotate: on("rotate"),
        mix_case: on("dns0x20"),
        payload: payload
            .filter(|&size| size > 512)
            .map(|size: u64| u16::try_from(size).unwrap_or(u16::MAX)),
        ports: ports(options),
        restrictions: restrictions(options),
        patience: patience(options),
        lists: lists(rules),
        pauses: true,
    }
}

/// One of `dns_options`.
fn choice<'a>(options: &'a Options, name: &str) -> Option<&'a [u8]> {
    Some(options.map("dns_options")?.get(name.as_bytes())?)
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// `[address]:port` or `[address%interface]:port`.
fn server(text: &[u8]) -> Option<SocketAddr> {
    let (address, port) = std::str::from_utf8(text).ok()?.strip_prefix('[')?.split_once("]:")?;
    let port = port.parse().ok()?;
    let Some((address, scope)) = address.split_once('%') else {
        return Some(SocketAddr::new(address.parse().ok()?, port));
    };
    // The number of an interface stands where the kernel shows its devices.
    let index = || {
        let named = !scope.contains('/') && scope != "..";
        let path = format!("/sys/class/net/{scope}/ifindex");
        std::fs::read_to_string(path).ok().filter(|_| named)?.trim().parse().ok()
    };
    let scope = scope.parse().ok().or_else(index)?;
    match address.parse().ok()? {
        IpAddr::V6(address) => Some(SocketAddrV6::new(address, port, 0, scope).into()),
        v4 => Some(SocketAddr::new(v4, port)),
    }
}

/// `+first-last`, `-first-last` and `none`, in their order.
fn ports(options: &Options) -> Ports {
    let range = |text: &[u8]| {
        if text == b"none" {
            return Some((false, 0, u16::MAX));
        }
        let (sign, range) = std::str::from_utf8(text).ok()?.split_at_checked(1)?;
        let (first, last) = range.split_once('-')?;
        Some((sign == "+", first.parse().ok()?, last.parse().ok()?))
    };
    Ports::changed_by(options.list("dns_local_ports").iter().filter_map(|text| range(text)))
}

fn restrictions(options: &Options) -> Restrictions {
    let mut restrictions = Restrictions::default();
    for (domain, blocked) in options.map("dns_query_blocked").into_iter().flatten() {
        let allowed = **blocked == *b"0";
        match &**domain {
            b"*" => restrictions.put_otherwise(allowed),
            domain => {
                if let Some(domain) = Name::new(domain).filter(|d| !d.as_bytes().is_empty()) {
                    restrictions.put(domain, allowed);
                }
            }
        }
    }
    restrictions
}

fn patience(options: &Options) -> Patience {
    let least = match options.get("rbl_timeout_min") {
        Some(Value::Number(least)) => Some(*least),
        _ => None,
    };
    let mut patience = Patience::default();
    patience.usual = Wait::new(options.number("rbl_timeout"), least);
    for (zone, values) in options.maps("rbl_timeout_by_zone").into_iter().flatten() {
        let value = |name: &str| {
            let text = std::str::from_utf8(values.get(name.as_bytes())?).ok()?;
            text.parse::<f64>().ok()
        };
        if let (Some(zone), Some(most)) = (Name::new(zone), value("timeout")) {
            // What a zone leaves open is as it is everywhere (AsyncLoop, rbl_timeout_min).
            patience.put(zone, Wait::new(most, value("least").or(least)));
        }
    }
    patience
}

/// The lists that rules ask, each once.
fn lists(rules: &RuleSet) -> Vec<Asked> {
    let of_evals = rules.rules.iter().filter_map(|rule| match &rule.test {
        Test::Eval(eval) if eval.class == EvalClass::Rbl => of_eval(eval),
        _ => None,
    });
    let of_uris = rules.uri_dns.iter().filter_map(|rule| {
        let subject = match rule.kind {
            UriDnsKind::Address => Subject::Addresses,
            UriDnsKind::Domain | UriDnsKind::NameServerDomain | UriDnsKind::NameServer => {
                Subject::Domains
            }
        };
        Some(Asked { zone: zone(&rule.zone)?, subject })
    });
    let mut seen = HashSet::new();
    of_evals.chain(of_uris).filter(|asked| seen.insert(asked.zone.clone())).collect()
}

/// The list of `check_rbl('set', 'zone')` and its kin.
fn of_eval(eval: &Eval) -> Option<Asked> {
    let subject = match &*eval.function {
        "check_rbl" | "check_rbl_txt" | "check_rbl_rcvd" | "check_rbl_accreditor" => {
            Subject::Addresses
        }
        "check_rbl_from_host"
        | "check_rbl_from_domain"
        | "check_rbl_envfrom"
        | "check_rbl_headers"
        | "check_rbl_ns_from" => Subject::Domains,
        _ => return None,
    };
    Some(Asked { zone: zone(eval.arguments.get(1)?)?, subject })
}

fn zone(text: &[u8]) -> Option<Name> {
    Name::new(text).filter(|zone| !zone.as_bytes().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::rules::Sources;

    fn of(lines: &str) -> Settings {
        let sources = Sources::of_lines(lines);
        let rules = crate::rules::load(&sources, &Limits::default());
        let complaints: Vec<_> = rules.complaints.iter().filter(|c| c.place.is_some()).collect();
        assert!(complaints.is_empty(), "{complaints:?}");
        settings(&rules)
    }

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[test]
    fn rule_files_that_say_nothing_leave_spamassassins_defaults() {
        let settings = of("");
        assert_eq!(
            (settings.payload, settings.rotate, settings.mix_case),
            (Some(4096), false, false)
        );
        assert_eq!(settings.ports.count(), 65_536 - 1024);
        assert_eq!(settings.patience.of(&name("x.example")), Wait::default());
        assert!(settings.pauses && !settings.servers.is_empty() && settings.lists.is_empty());
    }

    #[test]
    fn what_rule_files_say_is_done() {
        let settings = of("dns_server 127.0.0.1:5300\ndns_server [::1]\n\
            dns_options rotate, dns0x20 edns=1220\n\
            dns_local_ports_none\ndns_local_ports_permit 2000-2009\ndns_local_ports_avoid 2001\n\
            dns_query_restriction deny spamhaus.org *\n\
            dns_query_restriction allow zen.spamhaus.org\n\
            rbl_timeout 10 4\nrbl_timeout 20 slow.example\nrbl_timeout 20 9 own.example\n");
        assert_eq!(settings.servers, ["127.0.0.1:5300", "[::1]:53"].map(|s| s.parse().unwrap()));
        assert_eq!(
            (settings.payload, settings.rotate, settings.mix_case),
            (Some(1220), true, true)
        );
        assert_eq!(settings.ports.count(), 9);
        let allowed = |text| settings.restrictions.allow(&name(text)).is_some();
        assert!(allowed("x.zen.spamhaus.org") && !allowed("x.spamhaus.org") && !allowed("x.org"));
        let least = |text| settings.patience.of(&name(text)).least.as_secs();
        assert_eq!((least("x"), least("a.slow.example"), least("own.example")), (4, 4, 9));
        assert_eq!(of("dns_options noedns").payload, None);
        assert_eq!(of("dns_local_ports_none").ports.count(), 0);
    }

    #[test]
    fn servers_may_lie_on_an_interface() {
        let scoped = server(b"[fe80::1%7]:53").unwrap();
        assert_eq!(scoped, SocketAddrV6::new("fe80::1".parse().unwrap(), 53, 0, 7).into());
        assert_eq!(server(b"[fe80::1%no-such-interface]:53"), None);
        assert_eq!(server(b"nonsense"), None);
    }

    #[test]
    fn each_list_that_rules_ask_is_known_once() {
        let lists = of("loadplugin Mail::SpamAssassin::Plugin::DNSEval\n\
            loadplugin Mail::SpamAssassin::Plugin::URIDNSBL\n\
            header A eval:check_rbl('zen', 'zen.example.')\n\
            header B eval:check_rbl('zen-lastexternal', 'zen.example.', '127.0.0.2')\n\
            header C eval:check_rbl_sub('zen', '127.0.0.3')\n\
            urirhssub D multi.example. A 2\nbody D eval:check_uridnsbl('D')\n")
        .lists;
        let expected = [("zen.example", Subject::Addresses), ("multi.example", Subject::Domains)];
        let expected = expected.map(|(zone, subject)| Asked { zone: name(zone), subject });
        assert_eq!(lists, expected);
    }
}
