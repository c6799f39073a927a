//! Networks as they are configured, and [`Settings`] made of the options.

use super::apply::{Answer, required};
use super::draft::{Draft, Line};
use super::lint::{Complaint, Severity};
use super::options::Options;
use super::regex::{Caches, Exact, Ids, Pattern, Plan, PlanRule, Scope, Scratch, Strip};
use super::scan::{show, words};
use crate::limits::Limits;
use crate::message::Settings;
use crate::message::settings::Redirector;
use crate::text::domain::Registry;
use crate::text::net::{NetError, NetSet};
use crate::text::pieces::Pieces;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

/// `trusted_networks …`: what is no network is told and left out.
pub(super) fn add_networks(draft: &mut Draft<'_>, setting: &[u8], line: Line<'_>) -> Answer {
    required(line.value)?;
    let mut good = Vec::new();
    for word in words(line.value) {
        let text = String::from_utf8_lossy(word);
        match NetSet::new().add(&text) {
            Ok(()) | Err(NetError::Decided { .. }) => good.push(Box::from(word)),
            Err(error) => draft.warn(line.place, error.to_string()),
        }
    }
    draft.options.change_list(setting, line.place, |list| list.extend(good));
    Ok(())
}

/// The set of the networks in `setting`; `None` where nothing is configured.
fn networks(options: &Options, setting: &str, loopback: bool) -> Option<NetSet> {
    options.get(setting)?;
    let mut set = if loopback { NetSet::with_loopback() } else { NetSet::new() };
    for entry in options.list(setting) {
        // What is no network was told when the line was read; what an earlier one decides
        // changes nothing.
        let _ = set.add(&String::from_utf8_lossy(entry));
    }
    Some(set)
}

/// Complains of `internal_networks` and `msa_networks` that are not trusted, and takes them out.
pub(super) fn check_networks(options: &mut Options, complaints: &mut Vec<Complaint>) {
    let within = ["trusted_networks", "internal_networks"];
    let Some(outer) = within.into_iter().find(|name| options.get(name).is_some()) else { return };
    let Some(set) = networks(options, outer, true) else { return };
    for inner in ["internal_networks", "msa_networks"] {
        if inner == outer || options.get(inner).is_none() {
            continue;
        }
        let contained = |entry: &[u8]| {
            let refused = set.clone().add(&String::from_utf8_lossy(entry));
            entry.starts_with(b"!")
                || matches!(refused, Err(NetError::Decided { excluded: false, .. }))
        };
        let (good, bad): (Vec<_>, Vec<_>) =
            options.list(inner).iter().cloned().partition(|entry| contained(entry));
        let place = options.place(inner);
        for entry in &bad {
            let text = format!("{outer} doesn't contain {inner} entry '{}'", show(entry));
            complaints.push(Complaint { place, text, severity: Severity::Error });
        }
        if !bad.is_empty() {
            options.put(inner.as_bytes(), super::options::Value::List(good), place);
        }
    }
}

/// The options that [`Settings`] is made of.
const READ: [&str; 14] = [
    "trusted_networks",
    "internal_networks",
    "msa_networks",
    "originating_ip_headers",
    "envelope_sender_header",
    "always_trust_envelope_sender",
    "normalize_charset",
    "body_part_scan_size",
    "rawbody_part_scan_size",
    "parse_dkim_uris",
    "util_rb_tld",
    "util_rb_2tld",
    "util_rb_3tld",
    "redirector_pattern",
];

/// Has a line changed anything that [`settings`] reads? For a user's options: beyond the base's.
pub(super) fn affected(options: &Options) -> bool {
    options.changed().any(|(name, _)| READ.iter().any(|read| read.as_bytes() == name))
}

/// What the options say about reading a message.
pub(super) fn settings(options: &Options, limits: &Limits) -> Settings {
    let text = |name: &str| options.text(name).map(|t| String::from_utf8_lossy(t).into_owned());
    let names = |name: &str| -> HashSet<Vec<u8>> {
        let set = options.set(name.as_bytes());
        set.map(|set| set.iter().map(|name| name.to_vec()).collect()).unwrap_or_default()
    };
    let headers = options.list("originating_ip_headers").iter();
    Settings {
        trusted_networks: networks(options, "trusted_networks", true),
        internal_networks: networks(options, "internal_networks", true),
        msa_networks: networks(options, "msa_networks", false),
        originating_ip_headers: headers.map(|h| String::from_utf8_lossy(h).into_owned()).collect(),
        envelope_sender_header: text("envelope_sender_header"),
        always_trust_envelope_sender: options.flag("always_trust_envelope_sender"),
        normalize_charset: options.flag("normalize_charset"),
        body_part_scan_size: options.number("body_part_scan_size").max(0.0) as usize,
        rawbody_part_scan_size: options.number("rawbody_part_scan_size").max(0.0) as usize,
        parse_dkim_uris: options.flag("parse_dkim_uris"),
        domains: Registry {
            tlds: names("util_rb_tld"),
            two_level: names("util_rb_2tld"),
            three_level: names("util_rb_3tld"),
        },
        redirectors: redirectors(options, limits),
        limits: limits.clone(),
    }
}

/// One function for all `redirector_pattern`s: the text of the first group of the first that
/// matches, if that has a dot. One look at the URI rules most of them out.
fn redirectors(options: &Options, limits: &Limits) -> Vec<Redirector> {
    let mut ids = Ids::new();
    let patterns = options.list("redirector_pattern").iter();
    let rules: Vec<PlanRule> = patterns
        .filter_map(|text| Pattern::parse(text, Strip::Required).ok())
        .map(|pattern| Arc::new(Exact::new(Arc::new(pattern), &mut ids, limits)))
        .map(|pattern| PlanRule { pattern, scope: Scope::All })
        .collect();
    if rules.is_empty() {
        return Vec::new();
    }
    let plan = Plan::build(&rules, limits);
    let memory = MemoryPool::default();
    vec![Arc::new(move |uri| {
        let mut used = memory.take();
        let target = target(uri, &plan, &rules, &mut used);
        memory.give(used);
        target
    })]
}

/// Where the first pattern that matches says that `uri` leads.
fn target(uri: &[u8], plan: &Plan, rules: &[PlanRule], memory: &mut Memory) -> Option<Vec<u8>> {
    let Memory { caches, scratch } = memory;
    let pieces: Pieces = std::iter::once(uri).collect();
    let mut scan = plan.start(&pieces, scratch);
    let likely: Vec<_> = (0..rules.len()).filter(|&rule| scan.possible(rule)).collect();
    let likely = likely.into_iter().filter_map(|rule| rules.get(rule));
    for PlanRule { pattern, .. } in likely {
        let Ok(Some(groups)) = pattern.captures_at(uri, 0, caches) else { continue };
        let target = groups.get(1).cloned().flatten().and_then(|group| uri.get(group));
        // Without a dot it is no host.
        if let Some(target) = target.filter(|target| target.contains(&b'.')) {
            return Some(target.to_vec());
        }
    }
    None
}

/// What a search works in.
#[derive(Default)]
struct Memory {
    caches: Caches,
    scratch: Scratch,
}

/// Memory that is not in use: scanners run on several threads.
#[derive(Default)]
struct MemoryPool(Mutex<Vec<Memory>>);

impl MemoryPool {
    fn take(&self) -> Memory {
        self.0.lock().ok().and_then(|mut pool| pool.pop()).unwrap_or_default()
    }

    fn give(&self, memory: Memory) {
        if let Ok(mut pool) = self.0.lock() {
            pool.push(memory);
        }
    }
}
