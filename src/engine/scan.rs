//! One message on its way through the rules.
//!
//! A scan remembers what each rule is worth so far. Rules are run when somebody needs them:
//! the scored ones because the verdict does, sub-tests because a meta that is not decided yet
//! does. A rule whose view cannot match it at all (the plan knows) is 0 without being run.

use super::bound::{Bound, Cost};
use super::course::Course;
use super::decide::decide;
use super::program::{Leaf, Program, VIEWS, View};
use super::tags::Tags;
use super::verdict::Evidence;
use super::{Options, Worker, leaf};
use crate::clock::Tick;
use crate::message::view::Views;
use crate::rules::meta::Meta;
use crate::rules::regex::Started;
use crate::rules::{RuleId, Test};
use crate::text::pieces::Pieces;
use std::sync::Arc;

/// A scan under way. It holds no worker, so it can wait for the network without one.
pub struct Scan {
    /// The rules, as they were when the scan began.
    pub(super) program: Arc<Program>,
    /// Which rules run.
    pub(super) course: Arc<Course>,
    /// The message and its views.
    pub(super) views: Views,
    /// Values that rules have captured.
    pub(super) tags: Tags,
    /// What has hit so far, in order.
    pub(super) hits: Vec<(RuleId, u32, Option<Evidence>)>,
    /// Rules whose pattern ran over its limit.
    pub(super) overruns: Vec<RuleId>,
    /// When to stop.
    pub(super) deadline: Option<Tick>,
    /// The deadline has passed.
    pub(super) deadline_exceeded: bool,
    known: Vec<Known>,
    started: [Option<InView>; VIEWS],
}

/// What is known of a rule's value.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Known {
    /// It has not run.
    Open,
    /// It is worth this; 0 means that it did not hit.
    Value(f64),
    /// A meta that will never be evaluated, and neither will those that read it.
    Never,
}

/// A view and what its plan found out about it.
pub(super) struct InView {
    pub pieces: Pieces,
    pub started: Started,
}

impl Scan {
    pub(super) fn new(
        program: Arc<Program>,
        course: Arc<Course>,
        views: Views,
        options: &Options,
    ) -> Scan {
        let known = vec![Known::Open; program.leaves.len()];
        Scan {
            program,
            course,
            views,
            tags: Tags::default(),
            hits: Vec::new(),
            overruns: Vec::new(),
            deadline: options.deadline,
            deadline_exceeded: false,
            known,
            started: Default::default(),
        }
    }

    /// Runs `rule`, and whatever it needs, unless its value is known.
    pub(super) fn demand(&mut self, rule: RuleId, worker: &mut Worker) {
        let program = Arc::clone(&self.program);
        let mut waiting = vec![rule];
        while let Some(&next) = waiting.last() {
            if self.is_known(next) {
                waiting.pop();
                continue;
            }
            if self.is_late() {
                return;
            }
            match program.rules.rule(next).map(|rule| &rule.test) {
                Some(Test::Meta(meta)) => match self.weigh(next, meta, worker) {
                    Weighed::Settled => {}
                    Weighed::Needs(other) => waiting.push(other),
                },
                _ => leaf::run(self, next, worker),
            }
        }
    }

    /// What `rule` is worth; 0 if it has not run.
    pub(super) fn value(&self, rule: RuleId) -> f64 {
        match self.known.get(rule.0 as usize) {
            Some(Known::Value(value)) => *value,
            _ => 0.0,
        }
    }

    /// Records the result of a rule that has run.
    pub(super) fn settle(&mut self, rule: RuleId, count: u32, evidence: Option<Evidence>) {
        self.settle_value(rule, f64::from(count));
        if count > 0 {
            self.hits.push((rule, count, evidence));
        }
    }

    /// The view, with what its plan knows about it; rendered when first asked for.
    pub(super) fn in_view(&mut self, view: View, worker: &mut Worker) -> &InView {
        let place = &mut self.started[view as usize];
        let (program, views) = (&self.program, &self.views);
        place.get_or_insert_with(|| {
            let pieces = leaf::pieces(view, program, views);
            let started = program.plan(view).start(&pieces, &mut worker.caches);
            InView { pieces, started }
        })
    }

    /// Forgets what is known of a view whose text has been replaced.
    pub(super) fn renew(&mut self, view: View) {
        self.started[view as usize] = None;
    }

    pub(super) fn is_known(&self, rule: RuleId) -> bool {
        !matches!(self.known.get(rule.0 as usize), Some(Known::Open))
    }

    fn settle_value(&mut self, rule: RuleId, value: f64) {
        if let Some(place) = self.known.get_mut(rule.0 as usize) {
            *place = Known::Value(value);
        }
    }

    fn is_late(&mut self) -> bool {
        self.deadline_exceeded |= self.deadline.is_some_and(|deadline| Tick::now() >= deadline);
        self.deadline_exceeded
    }

    /// Settles a meta, or says which rule it needs first.
    fn weigh(&mut self, rule: RuleId, meta: &Meta, worker: &mut Worker) -> Weighed {
        if meta.unsolved {
            // A member of a cycle: SpamAssassin evaluates it before anything has run.
            let value = meta.eval(&mut |_| 0.0);
            return self.settle_meta(rule, value);
        }
        if self.course.is_blocked(rule) {
            return self.never(rule);
        }
        if let Some(gates) = self.course.gates.get(&rule) {
            for &gate in gates {
                match self.known.get(gate.0 as usize) {
                    Some(Known::Open) => return Weighed::Needs(gate),
                    Some(Known::Value(value)) if *value == 0.0 => {}
                    _ => return self.never(rule),
                }
            }
        }
        if meta.uses.iter().any(|used| self.known.get(used.0 as usize) == Some(&Known::Never)) {
            return self.never(rule);
        }
        let mut room = std::mem::take(&mut worker.bounds);
        let bound = decide(meta, &mut room, |used| self.bound(used));
        worker.bounds = room;
        match (bound.value(), bound.wanted) {
            (Some(value), _) => self.settle_meta(rule, value),
            (None, Some((_, wanted))) => Weighed::Needs(wanted),
            // Undecided without a rule that could decide it: infinities cancelled out.
            (None, None) => self.settle_meta(rule, 0.0),
        }
    }

    fn settle_meta(&mut self, rule: RuleId, value: f64) -> Weighed {
        if self.course.score(rule) == 0.0 {
            self.settle_value(rule, value); // seen by gates only: such a meta never hits
            return Weighed::Settled;
        }
        if value == 0.0 || value.is_nan() {
            self.settle_value(rule, 0.0);
        } else {
            // A meta that comes out negative has hit, and hits count up.
            self.settle_value(rule, if value > 0.0 { value } else { 1.0 });
            self.hits.push((rule, 1, None));
        }
        Weighed::Settled
    }

    fn never(&mut self, rule: RuleId) -> Weighed {
        if let Some(place) = self.known.get_mut(rule.0 as usize) {
            *place = Known::Never;
        }
        Weighed::Settled
    }

    /// What a rule may still be worth, as a meta that reads it sees it.
    fn bound(&self, rule: RuleId) -> Bound {
        match self.known.get(rule.0 as usize) {
            Some(Known::Value(value)) => {
                // A meta of score 0 that let its readers through was false.
                Bound::known(*value)
            }
            Some(Known::Never) | None => Bound::known(0.0),
            Some(Known::Open) if self.course.score(rule) == 0.0 => Bound::known(0.0),
            Some(Known::Open) => self.open_bound(rule),
        }
    }

    fn open_bound(&self, rule: RuleId) -> Bound {
        let most = match self.program.rules.rule(rule) {
            Some(rule) if matches!(rule.test, Test::Meta(_)) => f64::INFINITY,
            Some(rule) if rule.tflags.multiple => {
                rule.tflags.maxhits.map_or(f64::INFINITY, |most| f64::from(most.max(1)))
            }
            _ => 1.0,
        };
        let cost: Cost = match self.program.leaves.get(rule.0 as usize) {
            Some(Leaf::Pattern { view, index, negated }) => {
                let plan = self.program.plan(*view);
                if let Some(seen) = &self.started[*view as usize]
                    && !plan.possible(&seen.started, *index)
                {
                    return Bound::known(if *negated { 1.0 } else { 0.0 });
                }
                match view {
                    View::Headers => 1,
                    View::Uris => 2,
                    View::Body if plan.is_costly(*index) => 9,
                    View::Body => 4,
                    View::Rawbody | View::Full => 5,
                }
            }
            Some(Leaf::Exists(_)) => 0,
            Some(Leaf::Meta) => 3,
            _ => 6,
        };
        Bound::open(most, cost, rule)
    }
}

/// What came of looking at a meta.
enum Weighed {
    /// Its value is known now.
    Settled,
    /// It depends on this rule, which has to run first.
    Needs(RuleId),
}
