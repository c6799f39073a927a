//! From a scan to its verdict.

use super::markup::{Facts, Settings, values};
use super::profile::Profile;
use super::program::Leaf;
use super::scan::{Found, Scan};
use super::verdict::{Evidence, Hit, Shortcut, Verdict};
use super::{Engine, Options, combine, shortcut};
use crate::message::encoded_word;
use crate::rules::{Rule, RuleId};
use std::sync::Arc;

/// What `scan` has found, summed up.
pub(super) fn verdict(engine: &Engine, mut scan: Scan, options: &Options) -> Verdict {
    let rules = &engine.program.rules;
    let profile = engine.profile_of(options);
    let mut found = std::mem::take(&mut scan.hits);
    found.sort_by_key(|found| shortcut::turn(&engine.program, found.rule));
    let mut verdict = Verdict {
        required: profile.required,
        subject_prefix: subject_prefix(engine, &profile.markup, &found),
        reached: scan.reached(),
        deadline_exceeded: scan.deadline_exceeded,
        paused: scan.paused.iter().map(ToString::to_string).collect(),
        unanswered: scan
            .unanswered()
            .iter()
            .map(|question| (question.name.to_string(), question.kind))
            .collect(),
        ..Verdict::default()
    };
    for found in found {
        let Some(rule) = rules.rule(found.rule) else { continue };
        if counts_for_learning(rule) {
            let score = profile.score(found.rule, options.score_set & 1);
            verdict.autolearn_score += score * f64::from(found.count);
        }
        match rule.is_subtest() {
            true => verdict.subtests.push((Arc::clone(&rule.name), found.count)),
            false => verdict.hits.push(hit(engine, profile, &scan, found)),
        }
    }
    if rules.plugins.has("Shortcircuit") {
        let found = engine.shortcuts.as_ref().and_then(|cuts| cuts.hit(&verdict.hits, rules));
        let (hit, cause) = found.map_or((None, Shortcut::default()), |(hit, c)| (Some(hit), c));
        verdict.hits.extend(hit);
        verdict.shortcut = Some(cause);
    }
    if verdict.deadline_exceeded {
        verdict.hits.push(time_limit_exceeded());
    }
    verdict.autolearn_score = combine::round(verdict.autolearn_score);
    (verdict.score, verdict.caps) = combine::sum(&verdict.hits, &engine.groups);
    verdict.confidence = engine.curve.confidence(verdict.score, verdict.required);
    let named = |rule: &RuleId| {
        let rule = rules.rule(*rule)?;
        Some((Arc::clone(&rule.name), rules.place(rule.place)))
    };
    verdict.overruns = scan.overruns.iter().filter_map(named).collect();
    let headers = scan.views.message().headers();
    let decoded = |name: &[u8]| headers.last(name).map(encoded_word::decoded);
    verdict.message_id = decoded(b"Message-Id").unwrap_or_default();
    verdict.resent_message_id = decoded(b"Resent-Message-Id").unwrap_or_default();
    verdict.autolearn = autolearn(&profile.markup, &verdict);
    show(&mut verdict, &scan, profile, options);
    verdict
}

/// Renders what `options` ask for.
fn show(verdict: &mut Verdict, scan: &Scan, profile: &Profile, options: &Options) {
    let value = |name: &[u8], argument: Option<&[u8]>| values::value(scan, verdict, name, argument);
    let facts = Facts::new(verdict, &profile.markup, &options.surroundings, &value);
    let report = options.report.then(|| facts.report());
    let rewritten = options.rewrite.then(|| facts.rewrite(scan.views.message()));
    let reached = facts.reached();
    (verdict.report, verdict.rewritten) = (report, rewritten);
    verdict.reached.merge(reached);
}

/// What the rules that hit want to say in the subject, each once: a template.
fn subject_prefix(engine: &Engine, settings: &Settings, found: &[Found]) -> Vec<u8> {
    let mut prefix = Vec::new();
    if settings.subject_prefixes.is_empty() || !settings.rewrite.contains_key(&b"Subject"[..]) {
        return prefix;
    }
    for found in found {
        let rule = engine.program.rules.rule(found.rule);
        let text = rule.and_then(|rule| settings.subject_prefixes.get(rule.name.as_bytes()));
        if let Some(text) = text.filter(|text| memchr::memmem::find(&prefix, text).is_none()) {
            prefix.extend_from_slice(text);
            prefix.push(b' ');
        }
    }
    prefix
}

/// What `_AUTOLEARN_` says while there is nothing that learns.
fn autolearn(settings: &Settings, verdict: &Verdict) -> &'static str {
    let is_cut_short = verdict.shortcut.as_ref().is_some_and(|cut| cut.kind.is_some());
    match (verdict.deadline_exceeded, settings.learns && !is_cut_short) {
        (true, _) => "unavailable",
        (_, false) => "disabled",
        _ => "unavailable autolearn_force=no",
    }
}

/// Rules that follow what was learned or what a user wants say nothing about learning.
fn counts_for_learning(rule: &Rule) -> bool {
    let flags = &rule.tflags;
    !(rule.is_subtest() || flags.noautolearn || flags.userconf || flags.learn)
}

fn hit(engine: &Engine, profile: &Profile, scan: &Scan, mut found: Found) -> Hit {
    let rules = &engine.program.rules;
    let rule = rules.rule(found.rule);
    // Reports show what evals have to say, and not what patterns match.
    let speaks = matches!(engine.program.leaves.get(found.rule.0 as usize), Some(Leaf::Eval(_)));
    let log = found.evidence.iter().filter(|_| speaks);
    let listed = scan.findings.log(found.rule).into_iter().flatten();
    let listed = listed.map(|text| Evidence { text: text.clone(), ..Evidence::default() });
    let mut listed: Vec<Evidence> = listed.collect();
    let (weight, old) = scan.weight(&engine.holdings, found.rule);
    if let Some(list) = old {
        let text = format!("the copy of {list} is too old and counts {:.0} %", weight * 100.0);
        listed.push(Evidence { text: text.into_bytes(), ..Evidence::default() });
    }
    let log = log.chain(&listed);
    let log = match rule.is_some_and(|rule| rule.tflags.has(b"nolog")) {
        true => log.map(|_| b"*REDACTED*".to_vec()).collect(),
        false => log.map(|evidence| evidence.text.clone()).collect(),
    };
    if let Some(evidence) = &mut found.evidence {
        evidence.text.truncate(scan.views.settings().limits.evidence);
    }
    Hit {
        name: rule.map_or_else(|| "".into(), |rule| Arc::clone(&rule.name)),
        score: weighed(scan.course.score(found.rule), weight),
        count: found.count,
        description: profile
            .description(found.rule, rule.and_then(|rule| rule.description.as_ref()))
            .cloned()
            .unwrap_or_else(|| Arc::from(&b"No description available."[..])),
        area: engine.program.area(found.rule),
        place: rule.map(|rule| rules.place(rule.place)).unwrap_or_default(),
        log,
        evidence: found.evidence,
    }
}

/// What is left of a score whose list is too old.
fn weighed(score: f64, weight: f64) -> f64 {
    if weight < 1.0 { combine::round(score * weight) } else { score }
}

/// The hit that tells that not every rule has run.
fn time_limit_exceeded() -> Hit {
    Hit {
        name: "TIME_LIMIT_EXCEEDED".into(),
        score: 0.001,
        count: 1,
        description: Arc::from(&b"Exceeded time limit / deadline"[..]),
        ..Hit::default()
    }
}
