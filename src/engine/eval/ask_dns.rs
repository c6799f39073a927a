//! `askdns`: questions made of tags.
//!
//! In: `askdns RULE _TAG_.zone TYPE subtest` lines and the values of tags. Out: a question for
//! each combination of their values, and which answers make the rule hit. A rule whose tags have
//! no value yet is asked when they have one. Mail::SpamAssassin::Plugin::AskDNS(3).

use super::listed::{ask_all, asked, matches};
use super::uri_dns::is_listed;
use super::{Binding, Row};
use crate::dns::{Data, Kind, Name, Question, Reply};
use crate::engine::network::kinds::{kind, kind_name};
use crate::engine::network::{Errand, Finding, Findings, record_text};
use crate::engine::scan::Scan;
use crate::message::header::HeaderQuery;
use crate::rules::dns::{AskDns, Subtest};
use crate::rules::regex::Exact;
use crate::rules::{RuleId, RuleSet};
use crate::text::domain::{is_fqdn, to_ascii};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// What an `askdns` line makes of its rule.
pub const TABLE: &[Row] = &[Row::waiting(
    "Mail::SpamAssassin::Plugin::AskDNS",
    "askdns",
    "",
    "an answer to the question that the tags make meets the subtest",
    |_, to| Ok(asked(to.rule)),
)];

/// The lines of all rules, ready to be asked.
#[derive(Default)]
pub struct Plan(Vec<Arc<Line>>);

/// One line.
struct Line {
    rule: RuleId,
    line: AskDns,
    /// The subtest's pattern, if it is one.
    pattern: Option<Exact>,
    asked: Kind,
    /// The types that count; `None` for all.
    wanted: Option<Vec<Kind>>,
}

impl Plan {
    /// The lines in `rules`.
    pub fn new(rules: &RuleSet, to: &mut Binding) -> Plan {
        let mut lines = Vec::new();
        for line in &rules.ask_dns {
            let name = std::str::from_utf8(&line.rule).ok();
            let Some(rule) = name.and_then(|name| rules.find(name)) else { continue };
            let any = line.types.iter().any(|name| **name == *"ANY");
            let kinds: Vec<Kind> =
                line.types.iter().filter_map(|name| kind(name.as_bytes())).collect();
            let asked = match kinds.as_slice() {
                [only] => *only,
                _ => Kind::ANY,
            };
            let pattern = match &line.subtest {
                Some(Subtest::Pattern(pattern)) => {
                    Some(Exact::new(Arc::clone(pattern), to.ids, to.limits))
                }
                _ => None,
            };
            let wanted = (!any).then_some(kinds);
            lines.push(Arc::new(Line { rule, line: line.clone(), pattern, asked, wanted }));
        }
        Plan(lines)
    }
}

impl Plan {
    /// Each rule and what stands behind the last tag of its question.
    pub fn zones(&self) -> impl Iterator<Item = (RuleId, Name)> {
        self.0.iter().filter_map(|line| {
            let template = &line.line.template;
            let end_of = |tag: &str| {
                let place = [b"_", tag.as_bytes(), b"_"].concat();
                Some(memchr::memmem::rfind(template, &place)? + place.len())
            };
            let behind = line.line.tags.iter().filter_map(|tag| end_of(tag)).max().unwrap_or(0);
            let rest = template.get(behind..)?;
            let zone = rest.strip_prefix(b".").filter(|_| behind > 0).unwrap_or(rest);
            Some((line.rule, Name::new(zone).filter(|zone| !zone.as_bytes().is_empty())?))
        })
    }
}

/// The most names that one rule asks for: tags with many values multiply.
const MOST_NAMES: usize = 1000;

/// What rules ask whose tags have values by now and that are not in `asked` yet.
pub fn errand(scan: &Scan, asked: &mut HashSet<RuleId>) -> Option<Errand> {
    let mut asks: Vec<(Arc<Line>, Question)> = Vec::new();
    for line in &scan.program().asks.tags.0 {
        if scan.course.score(line.rule) == 0.0 || asked.contains(&line.rule) {
            continue;
        }
        let Some(names) = names(scan, &line.line) else { continue };
        asked.insert(line.rule);
        let fits = names.into_iter().filter(|name| is_fqdn(name)).filter_map(Name::new);
        asks.extend(fits.map(|name| (Arc::clone(line), Question::new(name, line.asked))));
    }
    if asks.is_empty() {
        return None;
    }
    Some(Box::new(move |lookup| {
        Box::pin(async move {
            let replies = ask_all(&*lookup, asks.iter().map(|(_, question)| question)).await;
            let mut found = Findings::default();
            for ((line, question), reply) in asks.iter().zip(replies) {
                if let Some(reply) = reply {
                    line.judge(question, &reply, &mut found);
                }
            }
            Box::new(move |scan: &mut Scan| scan.findings.merge(found)) as Finding
        })
    }))
}

/// The names that a template stands for, in ASCII; `None` while a tag has no value.
fn names(scan: &Scan, line: &AskDns) -> Option<BTreeSet<Vec<u8>>> {
    let mut names = BTreeSet::from([line.template.to_vec()]);
    for tag in &line.tags {
        let place = [b"_", tag.as_bytes(), b"_"].concat();
        let values = values(scan, tag);
        if values.is_empty() {
            return None;
        }
        let mut filled = BTreeSet::new();
        'all: for name in &names {
            for value in &values {
                if filled.len() >= MOST_NAMES {
                    break 'all;
                }
                filled.insert(replaced(name, &place, value));
            }
        }
        names = filled;
    }
    Some(names.into_iter().map(|name| to_ascii(&name).into_owned()).collect())
}

/// The values of a tag, `HEADER(name)` among them.
fn values(scan: &Scan, tag: &str) -> Vec<Vec<u8>> {
    match tag.strip_prefix("HEADER(").and_then(|rest| rest.strip_suffix(')')) {
        Some(name) => {
            let value = HeaderQuery::ask(name.as_bytes()).first(&scan.views().source());
            value.into_iter().filter(|value| !value.is_empty()).collect()
        }
        None => scan.tags.values(tag, scan.views()),
    }
}

fn replaced(text: &[u8], place: &[u8], value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + value.len());
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, place) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        out.extend_from_slice(value);
        rest = rest.get(at + place.len()..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

impl Line {
    /// Notes the answers that make the rule hit.
    fn judge(&self, question: &Question, reply: &Reply, found: &mut Findings) {
        let log = |data: &[u8]| {
            let asked = format!("{} {}:", question.name, kind_name(question.kind));
            Some([asked.as_bytes(), data].concat())
        };
        if let Some(Subtest::Codes(codes)) = &self.line.subtest {
            if codes.contains(&reply.code) {
                match reply.answers.as_slice() {
                    [] => found.hit(self.rule, log(b"")),
                    answers => answers
                        .iter()
                        .for_each(|record| found.hit(self.rule, log(&record_text(record)))),
                }
            }
            return;
        }
        if reply.code != 0 {
            return;
        }
        for record in &reply.answers {
            let wanted = self.wanted.as_ref().is_none_or(|kinds| kinds.contains(&record.kind));
            let text = record_text(record);
            if wanted && self.holds(&record.data, &text) {
                found.hit(self.rule, log(&text));
            }
        }
    }

    fn holds(&self, data: &Data, text: &[u8]) -> bool {
        match (&self.line.subtest, &self.pattern) {
            (None, _) => true,
            (_, Some(pattern)) => matches(pattern, text),
            (Some(Subtest::Text(wanted)), _) => **wanted == *text,
            (Some(subtest), _) => match data {
                Data::V4(address) => is_listed(Some(subtest), *address),
                _ => {
                    matches!(subtest, Subtest::Mask(number) if *text == *number.to_string().as_bytes())
                }
            },
        }
    }
}
