//! DNS lists of hashes: of mail addresses, URIs, attachments, tags, and of what a pattern finds.
//!
//! In: the message and what `check_hashbl_…` calls say. Out: questions such as
//! `<hash>.list.example`, and which rules an answer makes hit. Where there are more values than
//! `max`, the first are asked for. Mail::SpamAssassin::Plugin::HashBL(3).

mod addresses;
mod hash;

use super::listed::{ask_all, asked, matches};
use super::{Binding, Row, Test, literal, optional};
use crate::dns::{Data, Kind, Name, Question};
use crate::engine::network::{Errand, Finding, Findings, record_text};
use crate::engine::scan::Scan;
use crate::rules::model::{Eval, EvalClass};
use crate::rules::options::Set;
use crate::rules::regex::{Caches, Exact};
use crate::rules::{RuleId, RuleSet, Test as RuleTest};
use crate::text::domain::{is_fqdn, to_ascii};
use crate::text::net;
use hash::Hash;
use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

const PLUGIN: &str = "Mail::SpamAssassin::Plugin::HashBL";

/// The functions.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::waiting(PLUGIN, "check_hashbl_emails", "(list, options, headers, subtest, acl)", "a mail address is in the list", bind),
    Row::waiting(PLUGIN, "check_hashbl_uris", "(list, options, subtest)", "a URI is in the list", bind),
    Row::waiting(PLUGIN, "check_hashbl_bodyre", "(list, options, pattern, subtest)", "what the pattern's group finds in the body is in the list", bind),
    Row::waiting(PLUGIN, "check_hashbl_tag", "(list, options, tag, subtest)", "a value of the tag is in the list", bind),
    Row::waiting(PLUGIN, "check_hashbl_attachments", "(list, options, subtest)", "a part of the message is in the list", bind),
];

fn bind(call: &Eval, to: &mut Binding) -> Result<Test, String> {
    Call::read(call, to)?;
    Ok(asked(to.rule))
}

/// The calls of all rules.
#[derive(Default)]
pub struct Plan(Vec<(RuleId, Call)>);

impl Plan {
    /// The calls in `rules` whose arguments are right.
    pub fn new(rules: &RuleSet, to: &mut Binding) -> Plan {
        let mut calls = Vec::new();
        for (id, rule) in rules.iter() {
            let RuleTest::Eval(eval) = &rule.test else { continue };
            let is_ours = TABLE.iter().any(|row| row.name == &*eval.function);
            if let Some(Ok(call)) = is_ours.then(|| Call::read(eval, to)) {
                calls.push((id, call));
            }
        }
        Plan(calls)
    }
}

impl Plan {
    /// Each rule and the list that it asks.
    pub fn zones(&self) -> impl Iterator<Item = (RuleId, Name)> {
        self.0.iter().filter_map(|(rule, call)| Some((*rule, Name::new(&call.zone)?)))
    }
}

/// A call understood.
struct Call {
    what: What,
    zone: Vec<u8>,
    kind: Kind,
    choices: Choices,
    /// Which answers count; `None` for 127/8.
    subtest: Option<Arc<Exact>>,
}

/// What of the message is asked for.
enum What {
    Addresses { headers: Vec<u8>, acl: Option<Vec<u8>> },
    Uris,
    Body(EvalClass, Box<Exact>),
    Tag(String),
    Attachments,
}

/// `sha1/max=10/shuffle`: words and what stands behind their `=`.
struct Choices(Vec<(Vec<u8>, Vec<u8>)>);

impl Choices {
    fn read(text: &[u8]) -> Choices {
        let lower = text.to_ascii_lowercase();
        let words = lower.split(|&byte| byte == b'/').map(<[u8]>::trim_ascii);
        let pair = |word: &[u8]| {
            let mut halves = word.split(|&byte| byte == b'=');
            let name = halves.next().unwrap_or_default().to_vec();
            (name, halves.next().unwrap_or(b"1").to_vec())
        };
        Choices(words.map(pair).collect())
    }

    fn value(&self, name: &[u8]) -> Option<&[u8]> {
        let own = self.0.iter().rev().find(|(known, _)| known == name);
        own.map(|(_, value)| &**value).filter(|value| !matches!(*value, b"" | b"0"))
    }

    fn has(&self, name: &[u8]) -> bool {
        self.value(name).is_some()
    }

    fn number(&self, name: &[u8]) -> Option<usize> {
        std::str::from_utf8(self.value(name)?).ok()?.parse().ok()
    }

    fn hash(&self) -> Hash {
        match () {
            () if self.has(b"sha256") => Hash::Sha256,
            () if self.has(b"sha1") => Hash::Sha1,
            () if self.has(b"md5") => Hash::Md5,
            () => Hash::None,
        }
    }

    /// The value in the case in which it is hashed.
    fn cased(&self, value: &[u8]) -> Vec<u8> {
        if self.has(b"case") { value.to_vec() } else { value.to_ascii_lowercase() }
    }
}

impl Call {
    fn read(call: &Eval, to: &mut Binding) -> Result<Call, String> {
        let given = |index| optional(call, index).filter(|text| !matches!(*text, b"" | b"0"));
        let (default, subtest): (&[u8], _) = match &*call.function {
            "check_hashbl_emails" => (b"sha1/notag/noquote/max=10/shuffle", 3),
            "check_hashbl_bodyre" | "check_hashbl_tag" => (b"sha1/max=10/shuffle", 3),
            _ => (b"sha1/max=10/shuffle", 2),
        };
        let list = literal(call, 0)?;
        let choices = Choices::read(given(1).unwrap_or(default));
        let what = match &*call.function {
            "check_hashbl_emails" => What::Addresses {
                headers: given(2).unwrap_or(b"ALLFROM/Reply-To/body").to_vec(),
                acl: optional(call, 4).map(<[u8]>::to_vec),
            },
            "check_hashbl_uris" => What::Uris,
            "check_hashbl_bodyre" => {
                let pattern = given(2).ok_or("check_hashbl_bodyre needs a pattern")?;
                What::Body(call.class, Box::new(to.pattern(pattern)?))
            }
            "check_hashbl_tag" => {
                let tag = given(2).ok_or("check_hashbl_tag needs a tag")?;
                let bare = tag.strip_prefix(b"_").and_then(|tag| tag.strip_suffix(b"_"));
                What::Tag(String::from_utf8_lossy(bare.unwrap_or(tag)).to_ascii_uppercase())
            }
            _ => What::Attachments,
        };
        if matches!(what, What::Uris | What::Attachments) && choices.has(b"raw") {
            return Err(format!("{} takes no option raw", call.function));
        }
        if let What::Addresses { acl: Some(acl), .. } = &what
            && acl != b"all"
            && !to.rules.options.maps("hashbl_acl").is_some_and(|acls| acls.contains_key(&**acl))
        {
            return Err(format!("there is no hashbl_acl_{}", acl.escape_ascii()));
        }
        let subtest = given(subtest).map(|text| to.pattern(text)).transpose()?.map(Arc::new);
        let end = list.len().saturating_sub(4);
        let (zone, kind) = match list {
            _ if list.to_ascii_lowercase().ends_with(b"/txt") => (list.get(..end), Kind::TXT),
            _ if list.to_ascii_lowercase().ends_with(b"/a") => {
                (list.get(..list.len() - 2), Kind::A)
            }
            _ => (Some(list), Kind::A),
        };
        let zone = zone.unwrap_or_default().to_vec();
        Ok(Call { what, zone, kind, choices, subtest })
    }
}

/// One question, and what reports say if it is answered.
struct Ask {
    rule: RuleId,
    question: Question,
    shown: Vec<u8>,
    subtest: Option<Arc<Exact>>,
}

/// What is asked of lists of hashes about this message.
pub fn errand(scan: &Scan) -> Option<Errand> {
    let calls = scan.program().asks.hashes.0.iter();
    let active = calls.filter(|(rule, _)| scan.course.score(*rule) != 0.0);
    let mut asks = Vec::new();
    for (rule, call) in active.filter(|(rule, _)| !scan.course.is_skipped(*rule)) {
        asks.extend(questions(scan, *rule, call));
    }
    if asks.is_empty() {
        return None;
    }
    Some(Box::new(move |lookup| {
        Box::pin(async move {
            let replies = ask_all(&*lookup, asks.iter().map(|ask| &ask.question)).await;
            let mut found = Findings::default();
            for (ask, reply) in asks.into_iter().zip(replies) {
                if reply.is_some_and(|reply| reply.answers.iter().any(|record| ask.counts(record)))
                {
                    found.hit(ask.rule, Some(ask.shown));
                }
            }
            Box::new(move |scan: &mut Scan| scan.findings.merge(found)) as Finding
        })
    }))
}

impl Ask {
    /// Does the answer count? Of lists only addresses do, whatever was asked for.
    fn counts(&self, record: &crate::dns::Record) -> bool {
        let Data::V4(address) = record.data else { return false };
        match &self.subtest {
            Some(pattern) => matches(pattern, &record_text(record)),
            None => address.octets().first() == Some(&127),
        }
    }
}

/// The questions of one rule.
fn questions(scan: &Scan, rule: RuleId, call: &Call) -> Vec<Ask> {
    let choices = &call.choices;
    let (values, hashed) = match &call.what {
        What::Addresses { headers, acl } => {
            (addresses::chosen(scan, choices, headers, acl.as_deref()), false)
        }
        What::Uris => (uris(scan, choices), false),
        What::Body(class, pattern) => (in_body(scan, choices, *class, pattern), false),
        What::Tag(tag) => (of_tag(scan, choices, tag), false),
        What::Attachments => (attachments(scan, choices), true),
    };
    let none = Set::new();
    let ignored = scan.profile().options().set(b"hashbl_ignore").unwrap_or(&none);
    let is_ignored = |text: &[u8]| ignored.contains(text.to_ascii_lowercase().as_slice());
    let ask = |value: Vec<u8>| {
        let hash = if hashed { value.clone() } else { choices.hash().of(&value) };
        if is_ignored(&hash) || (!hashed && is_ignored(&value)) {
            return None;
        }
        let name = Name::new([to_ascii(&hash).as_ref(), b".", &call.zone].concat())?;
        let question = Question::new(name, call.kind);
        let shown = value.split(|&byte| byte == b'@').collect::<Vec<_>>().join(&b"[at]"[..]);
        Some(Ask { rule, question, shown, subtest: call.subtest.clone() })
    };
    let most = choices.number(b"max").unwrap_or(10);
    once(values).into_iter().take(most).filter_map(ask).collect()
}

/// Each value once.
fn once(values: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut seen = HashSet::new();
    values.into_iter().filter(|value| seen.insert(value.clone())).collect()
}

/// The domains that lists are not asked about, nor about anything in them.
fn skipped(scan: &Scan) -> impl Fn(&[u8]) -> bool {
    let skipped = scan.profile().options().set(b"uridnsbl_skip_domain");
    move |host| skipped.is_some_and(|set| set.contains(host.to_ascii_lowercase().as_slice()))
}

fn uris(scan: &Scan, choices: &Choices) -> Vec<Vec<u8>> {
    let skips = skipped(scan);
    let mut values = Vec::new();
    for detail in &scan.views().uris().details {
        let is_mail = detail.raw.get(..7).is_some_and(|b| b.eq_ignore_ascii_case(b"mailto:"));
        let is_wanted = detail.has_type("a") || detail.has_type("parsed");
        let skip = detail.hosts.iter().any(|host| skips(&host.name) || skips(&host.domain));
        if !is_mail && is_wanted && !skip && !detail.hosts.is_empty() {
            values.extend(detail.cleaned.iter().map(|form| choices.cased(form)));
        }
    }
    values
}

/// What the pattern's first group finds.
fn in_body(scan: &Scan, choices: &Choices, class: EvalClass, pattern: &Exact) -> Vec<Vec<u8>> {
    let views = scan.views();
    let mut values = Vec::new();
    match class {
        EvalClass::Rawbody => {
            views.rawbody().iter().for_each(|piece| groups(pattern, piece, &mut values));
        }
        EvalClass::Full => groups(pattern, views.message().pristine(), &mut values),
        _ => views.body().iter().for_each(|piece| groups(pattern, piece, &mut values)),
    }
    let digits = |value: &[u8]| value.iter().copied().filter(u8::is_ascii_digit).collect();
    let value = |value: Vec<u8>| {
        let value = choices.cased(&value);
        if choices.has(b"num") { digits(&value) } else { value }
    };
    values.into_iter().map(value).filter(|value: &Vec<u8>| !value.is_empty()).collect()
}

/// The first group of each match; a pattern that runs over its limit finds no more.
fn groups(pattern: &Exact, text: &[u8], values: &mut Vec<Vec<u8>>) {
    let (mut caches, mut at) = (Caches::new(), 0);
    while let Ok(Some(found)) = pattern.captures_at(text, at, &mut caches) {
        let Some(whole) = found.first().cloned().flatten() else { return };
        let group = found.get(1).cloned().flatten().and_then(|group| text.get(group));
        values.extend(group.map(<[u8]>::to_vec));
        at = if whole.is_empty() { whole.end + 1 } else { whole.end };
        if at > text.len() {
            return;
        }
    }
}

/// The values of a tag that the options let through.
fn of_tag(scan: &Scan, choices: &Choices, tag: &str) -> Vec<Vec<u8>> {
    let registry = &scan.views().settings().domains;
    let skips = skipped(scan);
    let trim = choices.has(b"trim");
    let value = |value: Vec<u8>| {
        let value = choices.cased(&value);
        let ip = net::parse_ip(net::strip_ipv6_tag(&value));
        let is_wanted = (!choices.has(b"ip") || ip.is_some())
            && (!choices.has(b"ipv4") || ip.is_some_and(|ip| ip.is_ipv4()))
            && (!choices.has(b"ipv6") || ip.is_some_and(|ip| ip.is_ipv6()));
        if !is_wanted {
            return None;
        }
        if let Some(ip) = ip {
            let reversed = |ip: IpAddr| net::reversed(ip).into_bytes();
            return Some(if choices.has(b"revip") { reversed(ip) } else { value });
        }
        let is_name = is_fqdn(&to_ascii(&value));
        if !is_name {
            return (!choices.has(b"fqdn") && !choices.has(b"tld") && !trim).then_some(value);
        }
        let domain = registry.trimmed(&value);
        let known = registry.is_valid(&to_ascii(&value));
        if skips(&value) || skips(&domain) || ((choices.has(b"tld") || trim) && !known) {
            return None;
        }
        Some(if trim { domain } else { value })
    };
    scan.tags.values(tag, scan.views()).into_iter().filter_map(value).collect()
}

/// The hashes of the parts.
fn attachments(scan: &Scan, choices: &Choices) -> Vec<Vec<u8>> {
    let none = Set::new();
    let ignored = scan.profile().options().set(b"hashbl_ignore").unwrap_or(&none);
    let is_ignored = |text: &[u8]| ignored.contains(text.to_ascii_lowercase().as_slice());
    let least = choices.number(b"minsize");
    let mut values = Vec::new();
    for part in scan.views().message().parts().iter().filter(|part| part.is_leaf()) {
        let content = part.decoded();
        let fits = least.is_none_or(|least| content.len() >= least)
            // The plugin holds the upper bound's place with the lower one.
            && (!choices.has(b"maxsize") || content.len() <= least.unwrap_or(0));
        let named = part.name().is_some_and(is_ignored);
        if !content.is_empty() && fits && !named && !is_ignored(part.content_type()) {
            values.push(choices.hash().of(content));
        }
    }
    values
}
