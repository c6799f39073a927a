//! Directives that change lists of addresses, hosts and networks.
//!
//! SpamAssassin::Conf "WELCOMELIST AND BLOCKLIST OPTIONS". Addresses are globs and are kept in
//! lower case; list names are kept as written.

use super::apply::{Answer, required, valid};
use super::directives::Directive;
use super::draft::{Draft, Line, Refusal};
use super::options::{List, Map};
use super::scan::{first_word, listed, words};
use std::collections::BTreeMap;

/// Reads the line if its directive is one of these.
pub(super) fn apply(
    draft: &mut Draft<'_>,
    directive: &Directive,
    line: Line<'_>,
) -> Option<Answer> {
    Some(match directive.name {
        "welcomelist_from_rcvd" | "def_welcomelist_from_rcvd" => {
            received(draft, directive.setting, line)
        }
        "unwelcomelist_from_rcvd" => {
            forget_lists(draft, line, &["welcomelist_from_rcvd", "def_welcomelist_from_rcvd"])
        }
        "unwelcomelist_from" | "unblocklist_from" => forget(draft, line, &[directive.setting]),
        "unwelcomelist_auth" => forget(draft, line, &["welcomelist_auth", "def_welcomelist_auth"]),
        "unwelcomelist_from_spf" => {
            forget(draft, line, &["welcomelist_from_spf", "def_welcomelist_from_spf"])
        }
        "welcomelist_from_dkim" | "def_welcomelist_from_dkim" => {
            signed(draft, directive.setting, line)
        }
        "unwelcomelist_from_dkim" => forget_signed(draft, line),
        "enlist_addrlist" => enlist(draft, line),
        "fns_add_addrlist" => owner(draft, line, true),
        "fns_remove_addrlist" => owner(draft, line, false),
        "enlist_uri_host" => match listed(line.value) {
            Some((list, hosts)) => hosts_of(draft, list, hosts, line),
            None => Err(Refusal::Missing),
        },
        "blocklist_uri_host" => hosts_of(draft, b"BLOCK", line.value, line),
        "welcomelist_uri_host" => hosts_of(draft, b"WELCOME", line.value, line),
        "delist_uri_host" => forget_hosts(draft, line),
        "welcomelist_subject" | "blocklist_subject" => subject(draft, directive.setting, line),
        _ => return None,
    })
}

fn lower(text: &[u8]) -> Box<[u8]> {
    text.to_ascii_lowercase().into()
}

/// An address and what must be true of its mail.
fn append(map: &mut BTreeMap<Box<[u8]>, List>, address: &[u8], condition: &[u8]) {
    map.entry(lower(address)).or_default().push(lower(condition));
}

fn received(draft: &mut Draft<'_>, setting: &str, line: Line<'_>) -> Answer {
    required(line.value)?;
    let (address, relay) = first_word(line.value).ok_or(Refusal::Invalid)?;
    valid(!relay.iter().any(|&b| super::scan::is_space(b)))?;
    draft.options.change_lists(setting.as_bytes(), line.place, |map| append(map, address, relay));
    Ok(())
}

fn forget_lists(draft: &mut Draft<'_>, line: Line<'_>, settings: &[&str]) -> Answer {
    required(line.value)?;
    for setting in settings {
        draft.options.change_lists(setting.as_bytes(), line.place, |map| {
            for address in words(line.value) {
                map.remove(&lower(address));
            }
        });
    }
    Ok(())
}

fn forget(draft: &mut Draft<'_>, line: Line<'_>, settings: &[&str]) -> Answer {
    required(line.value)?;
    for setting in settings {
        draft.options.change_set(setting.as_bytes(), line.place, |set| {
            for address in words(line.value) {
                set.remove(&lower(address));
            }
        });
    }
    Ok(())
}

/// `address [domain]`; without one the author's own domain must have signed.
fn address_and_domain(line: Line<'_>) -> Result<(&[u8], &[u8]), Refusal> {
    required(line.value)?;
    let mut fields = words(line.value);
    let address = fields.next().ok_or(Refusal::Missing)?;
    let domain = fields.next().unwrap_or_default();
    valid(fields.next().is_none())?;
    Ok((address, domain))
}

fn signed(draft: &mut Draft<'_>, setting: &str, line: Line<'_>) -> Answer {
    let (address, domain) = address_and_domain(line)?;
    draft.options.change_lists(setting.as_bytes(), line.place, |map| append(map, address, domain));
    Ok(())
}

fn forget_signed(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let (address, domain) = address_and_domain(line)?;
    for setting in ["welcomelist_from_dkim", "def_welcomelist_from_dkim"] {
        draft.options.change_lists(setting.as_bytes(), line.place, |map| {
            let address = lower(address);
            let Some(domains) = map.get_mut(&address) else { return };
            domains.retain(|d| **d != *lower(domain));
            if domains.is_empty() {
                map.remove(&address);
            }
        });
    }
    Ok(())
}

fn enlist(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let (list, addresses) = listed(line.value).ok_or(Refusal::Missing)?;
    draft.options.change_set(list, line.place, |set| set.extend(words(addresses).map(lower)));
    Ok(())
}

/// `fns_add_addrlist (OWNER) address …`
fn owner(draft: &mut Draft<'_>, line: Line<'_>, add: bool) -> Answer {
    let (owner, addresses) = listed(line.value).ok_or(Refusal::Missing)?;
    let list = [b"FNS_", &*lower(owner)].concat();
    draft.options.change_set(&list, line.place, |set| {
        for address in words(addresses).map(lower) {
            if add {
                set.insert(address);
            } else {
                set.remove(&address);
            }
        }
    });
    if add {
        draft.options.change_set(b"fns_addrlists", line.place, |set| {
            set.insert(list.into());
        });
    }
    Ok(())
}

/// `host` is in the list, `!host` is not.
fn hosts_of(draft: &mut Draft<'_>, list: &[u8], hosts: &[u8], line: Line<'_>) -> Answer {
    draft.options.change_maps(b"uri_host_lists", line.place, |maps| {
        if hosts.is_empty() {
            return;
        }
        let map: &mut Map = maps.entry(list.into()).or_default();
        for host in words(hosts).map(lower) {
            match host.strip_prefix(b"!") {
                Some(host) => map.insert(host.into(), b"0"[..].into()),
                None => map.insert(host, b"1"[..].into()),
            };
        }
    });
    Ok(())
}

/// `[(LIST)] host …`; without a list, from all of them.
fn forget_hosts(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    required(line.value)?;
    let (only, hosts) = match listed(line.value) {
        Some((list, hosts)) => (Some(list), hosts),
        None => (None, line.value),
    };
    draft.options.change_maps(b"uri_host_lists", line.place, |maps| {
        for (_, map) in maps.iter_mut().filter(|(list, _)| only.is_none_or(|only| ***list == *only))
        {
            for host in words(hosts).map(lower) {
                map.remove(host.strip_prefix(b"!").unwrap_or(&host));
            }
        }
    });
    Ok(())
}

/// One glob on the whole subject, white space included.
fn subject(draft: &mut Draft<'_>, setting: &str, line: Line<'_>) -> Answer {
    draft.options.change_set(setting.as_bytes(), line.place, |set| {
        set.insert(lower(line.value));
    });
    Ok(())
}
