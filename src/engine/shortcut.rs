//! Shortcircuiting: a rule that ends the scan when it hits.
//!
//! Mail::SpamAssassin::Plugin::Shortcircuit. Only where a rule file says `shortcircuit` does
//! the order of rules matter; then they run priority by priority, and within one in the order
//! header, header evals, body, uri, MIME and body evals, rawbody, full, metas. A kind of test
//! is finished before the scan ends.

use super::Worker;
use super::network::Network;
use super::program::{Leaf, Program, Rules, View};
use super::scan::Scan;
use super::verdict::{Hit, Shortcut};
use crate::rules::model::{Eval, EvalClass};
use crate::rules::{RuleId, RuleSet, Test};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What `shortcircuit` lines say.
pub struct Shortcuts {
    kinds: HashMap<RuleId, Kind>,
    /// `shortcircuit_min_ham_score`
    least_ham: Option<f64>,
    /// `shortcircuit_max_spam_score`
    most_spam: Option<f64>,
}

/// What a shortcut makes of the message.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// `on`: what its own score says.
    ByScore,
    /// `spam` or `ham`: so many points.
    Points(&'static str, f64),
}

/// The rule that a scan cut short lists, with the points that it adds.
const RULE: &str = "SHORTCIRCUIT";

impl Shortcuts {
    /// The shortcuts of `rules`; `None` if no scan can be cut short.
    pub fn new(rules: &RuleSet) -> Option<Shortcuts> {
        if !rules.plugins.has("Shortcircuit") {
            return None;
        }
        let options = &rules.options;
        let mut kinds = HashMap::new();
        for (name, kind) in options.map("shortcircuit").into_iter().flatten() {
            let Some(rule) = std::str::from_utf8(name).ok().and_then(|name| rules.find(name))
            else {
                continue;
            };
            let kind = match &**kind {
                b"spam" => Kind::Points("spam", options.number("shortcircuit_spam_score")),
                b"ham" => Kind::Points("ham", options.number("shortcircuit_ham_score")),
                _ => Kind::ByScore,
            };
            kinds.insert(rule, kind);
        }
        let bound = |name| options.get(name).map(|_| options.number(name));
        let least_ham = bound("shortcircuit_min_ham_score");
        let most_spam = bound("shortcircuit_max_spam_score");
        let any = !kinds.is_empty() || least_ham.is_some() || most_spam.is_some();
        any.then_some(Shortcuts { kinds, least_ham, most_spam })
    }

    /// Runs the rules of `scan` in order until one of them ends it.
    pub(super) fn run(
        &self,
        scan: &mut Scan,
        rules_of: Rules,
        worker: &mut Worker,
        mut network: Option<&Arc<Network>>,
    ) {
        let mut order: BTreeMap<(i32, usize), Vec<RuleId>> = BTreeMap::new();
        let program = rules_of.program;
        for (id, rule) in program.rules.iter() {
            if scan.course.score(id) != 0.0
                && let Some(leaf) = program.leaves.get(id.0 as usize)
            {
                order.entry((rule.priority, place(&rule.test, leaf))).or_default().push(id);
            }
        }
        let priorities: Vec<i32> = order.keys().map(|(priority, _)| *priority).collect();
        let last = priorities.last().copied();
        for ((priority, kind), rules) in &order {
            if *kind == METAS {
                continue;
            }
            // What ends a scan before this spares the network its questions.
            if let Some(network) = network.take_if(|_| *priority >= ASKING) {
                scan.send(network);
            }
            for &rule in rules {
                scan.demand(rules_of, rule, worker);
            }
            if self.has_ended(scan, rules_of) {
                return end(scan);
            }
            let next = order.range((*priority, kind + 1)..).map(|((p, k), _)| (*p, *k));
            if next.into_iter().find(|(_, k)| *k != METAS).is_none_or(|(p, _)| p > *priority)
                && Some(*priority) != last
            {
                ready_metas(scan, rules_of, worker);
                if self.has_ended(scan, rules_of) {
                    return end(scan);
                }
            }
        }
        if let Some(network) = network {
            scan.send(network);
        }
        for (_, rules) in order.iter().filter(|((_, kind), _)| *kind == METAS) {
            for &rule in rules {
                scan.demand(rules_of, rule, worker);
            }
        }
    }

    /// The hit that says that the scan was cut short, if it was, and what did it.
    pub fn hit(&self, hits: &[Hit], rules: &RuleSet) -> Option<(Hit, Shortcut)> {
        let mut sum = 0.0;
        for hit in hits {
            // The bounds are looked at when a rule hits, before its own score counts.
            let beyond = self.beyond(sum);
            sum += hit.score * f64::from(hit.count);
            let kind = rules.find(&hit.name).and_then(|rule| self.kinds.get(&rule));
            let points = match kind {
                Some(Kind::Points(_, points)) => *points,
                Some(Kind::ByScore) if hit.score < 0.0 => -0.0001,
                Some(Kind::ByScore) => 0.0001,
                None if beyond => sum.signum() * 0.001,
                None => continue,
            };
            let rule = rules.find(RULE).and_then(|rule| rules.rule(rule));
            let by_sign = |points: f64| if points < 0.0 { "ham" } else { "spam" };
            let word = match kind {
                Some(Kind::Points(word, _)) => word,
                Some(Kind::ByScore) => by_sign(hit.score),
                None => by_sign(sum),
            };
            let rule_named = kind.map(|_| Arc::clone(&hit.name));
            let cause = Shortcut { rule: rule_named, kind: Some(word) };
            let hit = Hit {
                name: RULE.into(),
                score: points,
                count: 1,
                description: rule
                    .and_then(|rule| rule.description.clone())
                    .unwrap_or_else(|| Arc::from(&b"No description available."[..])),
                place: rule.map(|rule| rules.place(rule.place)).unwrap_or_default(),
                ..Hit::default()
            };
            return Some((hit, cause));
        }
        None
    }

    fn has_ended(&self, scan: &Scan, rules: Rules) -> bool {
        let mut sum = 0.0;
        scan.hits.iter().any(|found| {
            let ended = self.kinds.contains_key(&found.rule) || self.beyond(sum);
            let is_scored = rules.program.rules.rule(found.rule).is_some_and(|r| !r.is_subtest());
            if is_scored {
                sum += scan.course.score(found.rule) * f64::from(found.count);
            }
            ended
        })
    }

    fn beyond(&self, sum: f64) -> bool {
        self.least_ham.is_some_and(|least| sum < least)
            || self.most_spam.is_some_and(|most| sum > most)
    }
}

/// Metas whose rules have all run.
fn ready_metas(scan: &mut Scan, rules: Rules, worker: &mut Worker) {
    let program = rules.program;
    let mut again = true;
    while std::mem::take(&mut again) {
        for (id, rule) in program.rules.iter() {
            let Test::Meta(meta) = &rule.test else { continue };
            let ready = |used: &RuleId| scan.is_known(*used);
            if !scan.is_known(id)
                && scan.course.score(id) != 0.0
                && meta.undefined.is_empty()
                && meta.uses.iter().all(ready)
            {
                scan.demand(rules, id, worker);
                again = true;
            }
        }
    }
}

/// Nothing is waited for any more.
fn end(scan: &mut Scan) {
    scan.cut_short = true;
    scan.forget_errands();
}

/// The first priority at which the network is asked.
const ASKING: i32 = -100;

const METAS: usize = 9;

/// When a rule runs in SpamAssassin, where all rules run: hits are listed in that order.
pub(super) fn turn(program: &Program, id: RuleId) -> (i32, usize, RuleId) {
    let rule = program.rules.rule(id);
    let leaf = program.leaves.get(id.0 as usize);
    let place = rule.zip(leaf).map_or(METAS, |(rule, leaf)| place(&rule.test, leaf));
    (rule.map_or(0, |rule| rule.priority), place, id)
}

/// Where a rule stands within its priority.
fn place(test: &Test, leaf: &Leaf) -> usize {
    if let Test::Eval(Eval { class, .. }) = test {
        return match class {
            EvalClass::Rbl | EvalClass::Header => 1,
            EvalClass::Body | EvalClass::Plugin => 4,
            EvalClass::Rawbody => 5,
            EvalClass::Full => 6,
        };
    }
    match leaf {
        Leaf::Pattern { view: View::Headers, .. } | Leaf::Exists(_) => 0,
        Leaf::Pattern { view: View::Body, .. } => 2,
        Leaf::Pattern { view: View::Uris, .. } => 3,
        Leaf::MimeHeader(_) | Leaf::UriDetail(_) | Leaf::Eval(_) => 4,
        Leaf::Pattern { view: View::Rawbody, .. } => 5,
        Leaf::Pattern { view: View::Full, .. } => 6,
        Leaf::Meta => METAS,
        Leaf::Nothing => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Curve, Engine, Options};
    use crate::limits::Limits;
    use crate::rules::{Sources, load};
    use std::sync::Arc;

    #[test]
    fn a_meta_whose_rule_comes_later_is_not_evaluated_once_the_scan_is_cut_short() {
        let lines = "loadplugin Mail::SpamAssassin::Plugin::Shortcircuit\n\
                     body FIRST /o/\npriority FIRST -300\n\
                     body EARLY /stop/\npriority EARLY -200\nscore EARLY 3\n\
                     shortcircuit EARLY on\nbody LATE /never/\nmeta NOT_LATE !LATE\n";
        let sources = Sources::of_lines(lines);
        let limits = Limits::default();
        let engine = Engine::new(Arc::new(load(&sources, &limits)), Curve::default(), &limits);
        for (text, expected) in [
            ("stop", &["EARLY", "FIRST", "SHORTCIRCUIT"][..]),
            ("go on", &["FIRST", "NOT_LATE"][..]),
        ] {
            let mail = format!("Subject: x\n\n{text}\n").into_bytes();
            let verdict = engine.scan(&mut engine.worker(), mail, &Options::default());
            assert_eq!(verdict.test_names(), expected);
        }
    }
}
