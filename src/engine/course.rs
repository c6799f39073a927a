//! Which rules run, given the scores: decided once per score set, not per message.
//!
//! A rule whose score is 0 does not run, a sub-test's neither. That has a consequence which
//! rule writers know: a meta that reads a *meta* of score 0 is usually never evaluated at all,
//! not even for `!THAT_META` (SpamAssassin waits for a result that never comes).

use crate::rules::meta::Meta;
use crate::rules::{Rule, RuleId, RuleSet, Test};

/// The bit of a score set's number that says: the network may be asked.
const NET: usize = 1;
/// The bit that says: Bayes has learned enough.
const LEARNED: usize = 2;

/// How a set of scores makes the rules run.
#[derive(Clone, Debug)]
pub struct Course {
    /// The score of each rule, by id.
    pub scores: Vec<f64>,
    /// Evals that do not run with this score set, by id: those with `tflags net` where the
    /// network is not to be asked, those with `tflags learn` where nothing has been learned.
    pub skipped: Vec<bool>,
    /// Metas that are never evaluated, by id.
    pub blocked: Vec<bool>,
    /// For a meta, by id, the metas of score 0 that it reads and that could still be decided. If
    /// one of them is true, the meta is not evaluated for this message.
    pub gates: Vec<Box<[RuleId]>>,
    /// The rules with a score that are no sub-tests: what a scan is for.
    pub scored: Vec<RuleId>,
    /// The sub-tests with a score: run on demand, or all of them where somebody asks.
    pub subtests: Vec<RuleId>,
}

impl Course {
    /// The course that `scores` (by rule id), which are of score set `set`, lay down for `rules`.
    /// What `is_held` of rules that ask lists can be told without the network.
    pub fn new(
        rules: &RuleSet,
        scores: Vec<f64>,
        set: usize,
        is_held: impl Fn(RuleId) -> bool,
    ) -> Course {
        let skips = |(id, rule): (RuleId, &Rule)| {
            let flags = &rule.tflags;
            let net = flags.net && set & NET == 0 && !is_held(id);
            matches!(rule.test, Test::Eval(_)) && (net || (flags.learn && set & LEARNED == 0))
        };
        let mut course = Course {
            skipped: rules.iter().map(skips).collect(),
            blocked: vec![false; scores.len()],
            gates: vec![Box::default(); scores.len()],
            scored: Vec::new(),
            subtests: Vec::new(),
            scores,
        };
        for (id, rule) in rules.iter() {
            if course.score(id) != 0.0 {
                let list =
                    if rule.is_subtest() { &mut course.subtests } else { &mut course.scored };
                list.push(id);
            }
        }
        for (id, meta) in dependencies_first(rules) {
            course.place(rules, id, meta);
        }
        course
    }

    /// Is the rule left out, whatever its score?
    pub fn is_skipped(&self, rule: RuleId) -> bool {
        self.skipped.get(rule.0 as usize).copied().unwrap_or(false)
    }

    /// The score of a rule.
    pub fn score(&self, rule: RuleId) -> f64 {
        self.scores.get(rule.0 as usize).copied().unwrap_or(0.0)
    }

    /// The gates of a meta, by [`Course::gates`].
    pub fn gates(&self, rule: RuleId) -> &[RuleId] {
        self.gates.get(rule.0 as usize).map_or(&[], |gates| gates)
    }

    /// Does nothing but its expression decide about a meta?
    pub fn is_simple(&self, rule: RuleId) -> bool {
        self.gates(rule).is_empty() && !self.is_blocked(rule)
    }

    /// Is the meta never evaluated?
    pub fn is_blocked(&self, rule: RuleId) -> bool {
        self.blocked.get(rule.0 as usize).copied().unwrap_or(false)
    }

    /// Decides about one meta; those that it reads are decided already.
    fn place(&mut self, rules: &RuleSet, id: RuleId, meta: &Meta) {
        if meta.unsolved {
            return; // SpamAssassin evaluates these once, before anything has run
        }
        let own_score = self.score(id);
        let mut blocked = own_score == 0.0 && !meta.undefined.is_empty();
        let mut gates = Vec::new();
        for &used in &meta.uses {
            let is_meta = matches!(rules.rule(used).map(|rule| &rule.test), Some(Test::Meta(_)));
            blocked |= self.is_blocked(used);
            match (is_meta, self.score(used) == 0.0) {
                (true, true) => gates.push(used),
                (false, true) => blocked |= own_score == 0.0,
                (_, false) => {}
            }
        }
        if let Some(place) = self.blocked.get_mut(id.0 as usize) {
            *place = blocked;
        }
        if let Some(place) = self.gates.get_mut(id.0 as usize).filter(|_| !blocked) {
            *place = gates.into();
        }
    }
}

/// All metas, each behind the metas that it reads. Members of cycles come in no order.
pub fn dependencies_first(rules: &RuleSet) -> Vec<(RuleId, &Meta)> {
    let meta_of = |id: RuleId| match rules.rule(id).map(|rule| &rule.test) {
        Some(Test::Meta(meta)) => Some(meta),
        _ => None,
    };
    let mut seen = vec![false; rules.rules.len()];
    let mut order = Vec::new();
    for (root, _) in rules.iter() {
        // Each entry: a meta, and how many of its uses have been visited.
        let mut path: Vec<(RuleId, &Meta, usize)> = Vec::new();
        enter(root, &mut seen, &mut path, meta_of);
        while let Some((id, meta, visited)) = path.last_mut() {
            match meta.uses.get(*visited) {
                Some(&next) => {
                    *visited += 1;
                    enter(next, &mut seen, &mut path, meta_of);
                }
                None => {
                    order.push((*id, *meta));
                    path.pop();
                }
            }
        }
    }
    order
}

fn enter<'r>(
    id: RuleId,
    seen: &mut [bool],
    path: &mut Vec<(RuleId, &'r Meta, usize)>,
    meta_of: impl Fn(RuleId) -> Option<&'r Meta>,
) {
    if let (Some(meta), Some(seen)) = (meta_of(id), seen.get_mut(id.0 as usize))
        && !std::mem::replace(seen, true)
    {
        path.push((id, meta, 0));
    }
}
