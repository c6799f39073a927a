//! What `-D` shows of a scan, in the words that people look for in SpamAssassin's output.

use super::super::notes::Notes;
use crate::engine::{Engine, Verdict};
use crate::rules::{RuleSet, Test};
use crate::text::number::show;

/// Tells which files were read and what is wrong with them.
pub fn rules(rules: &RuleSet, notes: &Notes) {
    let version = env!("CARGO_PKG_VERSION");
    notes.debug("generic", &format!("mailprint {version} in place of SpamAssassin 4.0.1"));
    for file in &rules.files {
        notes.debug("config", &format!("read file {}", file.display()));
    }
    for complaint in &rules.complaints {
        match complaint.place {
            Some(_) => notes.debug("config", &rules.describe(complaint)),
            None => notes.warn(&format!("config: {}", rules.describe(complaint))),
        }
    }
    notes.debug("config", &format!("{} rules", rules.rules.len()));
}

/// Is anything of a verdict wanted that takes sub-tests to be run?
pub fn wants_subtests(notes: &Notes) -> bool {
    notes.wants("check") || notes.wants("rules")
}

/// Tells what hit, and the sum.
pub fn verdict(engine: &Engine, verdict: &Verdict, notes: &Notes) {
    for hit in &verdict.hits {
        let kind = kind(engine.rules(), &hit.name);
        let got = match &hit.evidence {
            Some(evidence) => format!(": \"{}\"", String::from_utf8_lossy(&evidence.text)),
            None => format!(" ({})", hit.count),
        };
        notes.debug("rules", &format!("ran {kind} rule {} ======> got hit{got}", hit.name));
    }
    for (name, count) in &verdict.subtests {
        let kind = kind(engine.rules(), name);
        notes.debug("rules", &format!("ran {kind} rule {name} ======> got hit ({count})"));
    }
    let spam = format!("score={} required={}", show(verdict.score), show(verdict.required));
    notes.debug("check", &format!("is spam? {spam}"));
    notes.debug("check", &format!("tests={}", verdict.test_names().join(",")));
    notes.debug("check", &format!("subtests={}", subtests(verdict)));
    for row in verdict.reached.iter() {
        notes.info("check", &format!("limits.{} reached: {}", row.name, row.reason));
    }
    for (name, place) in &verdict.overruns {
        notes
            .info("rules", &format!("{name} ({place}) switched off: its pattern ran over a limit"));
    }
}

/// The names of sub-tests, sorted, with how often each hit if more than once.
fn subtests(verdict: &Verdict) -> String {
    let mut names: Vec<String> = verdict
        .subtests
        .iter()
        .map(|(name, count)| if *count > 1 { format!("{name}({count})") } else { name.to_string() })
        .collect();
    names.sort_unstable();
    names.join(",")
}

/// What kind of rule SpamAssassin calls it.
fn kind(rules: &RuleSet, name: &str) -> &'static str {
    match rules.find(name).and_then(|id| rules.rule(id)).map(|rule| &rule.test) {
        Some(Test::Header { .. } | Test::HeaderExists { .. }) => "header",
        Some(Test::Body { .. }) => "body",
        Some(Test::Rawbody { .. }) => "rawbody",
        Some(Test::Full { .. }) => "full",
        Some(Test::Uri { .. }) => "uri",
        Some(Test::MimeHeader { .. }) => "mimeheader",
        Some(Test::UriDetail { .. }) => "uri_detail",
        Some(Test::Meta(_)) => "meta",
        _ => "eval",
    }
}
