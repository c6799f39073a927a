//! Limits that a scan reaches: what comes of the rule, and the note.

use super::{Curve, Engine, Options, Verdict};
use crate::limits::{Limit, Limits};
use crate::rules::{Sources, load};
use std::sync::Arc;

const RULES: &str = r"
body MANY /\bword\b/
tflags MANY multiple
body LONG /begin.*end/
body SLOW /^(?=(x+)+$)(x+)+y/
header ADDRESSES To:addr =~ /c\@d/
header HOPS X-Spam-Relays-Untrusted =~ /ip=192\.0\.2\.3 /
body NOTED eval:check_limit_reached('rule_hits')
priority NOTED 1
";

fn scan(limits: &Limits, mail: &str) -> Verdict {
    let sources = Sources::of_lines(RULES);
    let engine = Engine::new(Arc::new(load(&sources, limits)), Curve::default(), limits);
    let options = Options { subtests: true, ..Options::default() };
    engine.scan(&mut engine.worker(), mail.as_bytes().to_vec(), &options)
}

fn hit<'v>(verdict: &'v Verdict, name: &str) -> Option<&'v super::Hit> {
    verdict.hits.iter().find(|hit| &*hit.name == name)
}

#[test]
fn limit_rule_hits() {
    let limits = Limits { rule_hits: 3, ..Limits::default() };
    for (words, count, reached) in [(2, 2, false), (3, 3, true), (4, 3, true)] {
        let verdict = scan(&limits, &format!("Subject: x\n\n{}\n", "word ".repeat(words)));
        assert_eq!(hit(&verdict, "MANY").map(|hit| hit.count), Some(count));
        assert_eq!(verdict.reached.has(Limit::RuleHits), reached);
    }
}

#[test]
fn limit_evidence() {
    let limits = Limits { evidence: 20, ..Limits::default() };
    for (between, kept) in [(11, 19), (12, 20), (13, 20)] {
        let verdict = scan(&limits, &format!("Subject: x\n\nbegin{}end\n", "-".repeat(between)));
        let evidence = hit(&verdict, "LONG").and_then(|hit| hit.evidence.as_ref());
        assert_eq!(evidence.map(|evidence| evidence.text.len()), Some(kept));
    }
}

#[test]
fn limit_match_steps_turns_one_rule_off_for_one_message() {
    let limits = Limits { match_steps: 10_000, ..Limits::default() };
    let hostile = format!("Subject: x\n\n{}z word\n", "x".repeat(60));
    let verdict = scan(&limits, &hostile);
    assert!(hit(&verdict, "SLOW").is_none() && hit(&verdict, "MANY").is_some());
    assert!(verdict.reached.has(Limit::MatchSteps) || verdict.overruns.is_empty());
}

#[test]
fn limit_addresses_counts_over_all_fields_of_a_name() {
    let limits = Limits { addresses: 3, ..Limits::default() };
    for (before, hits, reached) in [(1, true, false), (2, true, false), (3, false, true)] {
        let fields = "To: a@b\n".repeat(before);
        let verdict = scan(&limits, &format!("{fields}To: c@d\n\nx\n"));
        assert_eq!(hit(&verdict, "ADDRESSES").is_some(), hits, "{before}");
        assert_eq!(verdict.reached.has(Limit::Addresses), reached, "{before}");
    }
}

#[test]
fn limit_received_hops_is_noted_with_the_verdict() {
    let limits = Limits { received_hops: 3, ..Limits::default() };
    for (lines, reached) in [(2, false), (3, false), (4, true)] {
        let hop = |n| format!("Received: from a (b [192.0.2.{n}]) by c with SMTP id x; date\n");
        let fields: String = (1..=lines).map(hop).collect();
        let verdict = scan(&limits, &format!("{fields}\nx\n"));
        assert_eq!(hit(&verdict, "HOPS").is_some(), lines >= 3);
        assert_eq!(verdict.reached.has(Limit::ReceivedHops), reached);
    }
}
