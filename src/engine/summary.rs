//! From a scan to its verdict.

use super::program::Leaf;
use super::scan::{Found, Scan};
use super::verdict::{Hit, Verdict};
use super::{Engine, Options, combine, report};
use crate::message::encoded_word;
use crate::rules::RuleId;
use std::sync::Arc;

/// What `scan` has found, summed up.
pub(super) fn verdict(engine: &Engine, mut scan: Scan, options: &Options) -> Verdict {
    let rules = &engine.program.rules;
    let found = std::mem::take(&mut scan.hits);
    let mut verdict = Verdict {
        required: options.profile.as_ref().unwrap_or(&engine.profile).required,
        reached: scan.reached(),
        deadline_exceeded: scan.deadline_exceeded,
        ..Verdict::default()
    };
    for found in found {
        let Some(rule) = rules.rule(found.rule) else { continue };
        match rule.is_subtest() {
            true => verdict.subtests.push((Arc::clone(&rule.name), found.count)),
            false => verdict.hits.push(hit(engine, &scan, found)),
        }
    }
    if let Some(shortcuts) = &engine.shortcuts {
        verdict.hits.extend(shortcuts.hit(&verdict.hits, rules));
    }
    if verdict.deadline_exceeded {
        verdict.hits.push(time_limit_exceeded());
    }
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
    if options.report {
        verdict.preview = report::preview(scan.views.body().iter().skip(1));
    }
    verdict
}

fn hit(engine: &Engine, scan: &Scan, mut found: Found) -> Hit {
    let rules = &engine.program.rules;
    let rule = rules.rule(found.rule);
    // Reports show what evals have to say, and not what patterns match.
    let speaks = matches!(engine.program.leaves.get(found.rule.0 as usize), Some(Leaf::Eval(_)));
    let log = found.evidence.iter().filter(|_| speaks).map(|e| e.text.clone()).collect();
    if let Some(evidence) = &mut found.evidence {
        evidence.text.truncate(scan.views.settings().limits.evidence);
    }
    Hit {
        name: rule.map_or_else(|| "".into(), |rule| Arc::clone(&rule.name)),
        score: scan.course.score(found.rule),
        count: found.count,
        description: rule
            .and_then(|rule| rule.description.clone())
            .unwrap_or_else(|| Arc::from(&b"No description available."[..])),
        area: engine.program.area(found.rule),
        place: rule.map(|rule| rules.place(rule.place)).unwrap_or_default(),
        log,
        evidence: found.evidence,
    }
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
