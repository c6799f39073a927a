//! One message on its way through the rules.
//!
//! A scan remembers what each rule is worth so far. Rules are run when somebody needs them:
//! the scored ones because the verdict does, sub-tests because a meta that is not decided yet
//! does. A rule whose view cannot match it at all (the plan knows) is settled without being
//! run.

use super::bound::Bound;
use super::course::Course;
use super::decide::decide;
use super::network::{Asked, Findings};
use super::profile::Profile;
use super::program::{Leaf, Program, Rules, VIEWS, View};
use super::tags::Tags;
use super::verdict::Evidence;
use super::{Frozen, Options, Worker, leaf};
use crate::clock::Tick;
use crate::dns::{Name, Question};
use crate::fingerprint::Known as KnownPrints;
use crate::limits::Reached;
use crate::message::view::Views;
use crate::rules::meta::Meta;
use crate::rules::model::{Eval, EvalClass};
use crate::rules::regex::Scratch;
use crate::rules::{RuleId, Test};
use crate::text::pieces::Pieces;
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

/// How many rules run between two looks at the clock.
const STEPS_BETWEEN_LOOKS: u32 = 64;

/// A scan under way. It holds no worker, so it can wait for the network without one.
pub struct Scan {
    program: Arc<Program>,
    profile: Arc<Profile>,
    pub(super) course: Arc<Course>,
    pub(super) views: Views,
    pub(super) tags: Tags,
    /// Tags that stand in patterns in place of this message's own.
    pub(super) frozen: Option<Arc<Tags>>,
    /// When it began.
    pub(super) began: Tick,
    pub(super) hits: Vec<Found>,
    /// Rules whose pattern ran over its limit.
    pub(super) overruns: Vec<RuleId>,
    /// The limits that rules have reached on this message.
    pub(super) reached: Reached,
    pub(super) deadline_exceeded: bool,
    deadline: Option<Tick>,
    known: Vec<Known>,
    /// Some rule is [`Known::Never`].
    some_never: bool,
    /// Rules run in the order of their priorities, so none may be settled before its turn.
    pub(super) in_order: bool,
    /// How often the deadline could have been looked at.
    steps: u32,
    seen: [Option<Seen>; VIEWS],
    /// The body that a rule wants in place of the one it was given.
    edited: Option<Pieces>,
    /// What is known of fingerprints.
    known_prints: Option<Arc<dyn KnownPrints>>,
    /// What evals found out once for all their rules, by type.
    notes: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    /// What the network is being asked.
    pub(super) asked: Option<Asked>,
    /// Its answers are still to come, or the questions to be sent: rules that wait do not run.
    pub(super) is_asking: bool,
    /// What its answers made hit.
    pub(super) findings: Findings,
    /// What it did not answer in time.
    pub(super) unanswered: Vec<Question>,
    /// Lists that it has put to rest.
    pub(super) paused: Vec<Name>,
    /// A rule has ended the scan before its end.
    pub(super) cut_short: bool,
}

/// A rule that has hit.
pub(super) struct Found {
    pub rule: RuleId,
    pub count: u32,
    pub evidence: Option<Evidence>,
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

/// A view and what its plan has found out about it.
pub(super) struct Seen {
    pub pieces: Pieces,
    pub scratch: Scratch,
}

impl Scan {
    pub(super) fn new(
        program: &Arc<Program>,
        profile: Arc<Profile>,
        course: Arc<Course>,
        views: Views,
        options: &Options,
        deadline: Option<Tick>,
    ) -> Scan {
        Scan {
            known: vec![Known::Open; program.leaves.len()],
            some_never: false,
            in_order: false,
            steps: 0,
            program: Arc::clone(program),
            profile,
            course,
            views,
            tags: Tags::default(),
            frozen: options.frozen.as_ref().map(|Frozen(tags)| Arc::clone(tags)),
            hits: Vec::new(),
            overruns: Vec::new(),
            reached: Reached::default(),
            deadline_exceeded: false,
            began: Tick::now(),
            deadline,
            seen: Default::default(),
            edited: None,
            known_prints: options.known.clone(),
            notes: HashMap::new(),
            asked: None,
            is_asking: options.network.is_some(),
            findings: Findings::default(),
            unanswered: Vec::new(),
            paused: Vec::new(),
            cut_short: false,
        }
    }

    /// The message and its views.
    pub fn views(&self) -> &Views {
        &self.views
    }

    /// The rules.
    pub(super) fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// When the scan has to end.
    pub(super) fn deadline(&self) -> Option<Tick> {
        self.deadline
    }

    /// What is known of fingerprints, if anybody wants them looked at.
    pub fn known(&self) -> Option<Arc<dyn KnownPrints>> {
        self.known_prints.clone()
    }

    /// Notes limits that the message has reached.
    pub fn note_reached(&mut self, reached: Reached) {
        self.reached.merge(reached);
    }

    /// Sets a tag, which rules may have in their patterns, their questions, or in reports.
    pub fn set_tag(&mut self, name: &str, values: Vec<Vec<u8>>) {
        self.tags.put(name, values);
    }

    /// The settings in force: the files' or one user's.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The `T` that an eval has noted of this message.
    pub fn known_note<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.notes.get(&TypeId::of::<T>()).cloned()?.downcast().ok()
    }

    /// The one `T` of this message, which is made when it is first asked for.
    pub fn facts<T: Any + Send + Sync>(&mut self, make: impl FnOnce(&Scan) -> T) -> Arc<T> {
        if let Some(known) = self.known_note() {
            return known;
        }
        let made = make(self);
        self.note(made)
    }

    /// Notes something of this message for all evals of a family: one `T`, the last.
    pub fn note<T: Any + Send + Sync>(&mut self, found: T) -> Arc<T> {
        let found = Arc::new(found);
        self.notes.insert(TypeId::of::<T>(), found.clone());
        found
    }

    /// Puts another text in place of the body once the rule under way is done. Rules of lower
    /// priority have seen the old one by then, whether or not somebody needed them yet.
    pub fn replace_body(&mut self, body: Pieces) {
        self.edited = Some(body);
    }

    /// Does what [`Scan::replace_body`] promised, after a rule of this priority.
    pub(super) fn finish_edit(&mut self, rules: Rules, priority: i32, worker: &mut Worker) {
        let Some(body) = self.edited.take() else { return };
        for (id, rule) in rules.program.rules.iter() {
            if rule.priority < priority && may_read_body(&rule.test) {
                self.demand(rules, id, worker);
            }
        }
        self.views.replace_body(body);
        let seen = self.seen.get_mut(View::Body as usize).and_then(Option::take);
        worker.scratches.extend(seen.map(|seen| seen.scratch));
        // What could not match the old text may match the new one.
        for &rule in rules.program.members.get(View::Body as usize).into_iter().flatten().flatten()
        {
            let runs_later =
                rules.program.rules.rule(rule).is_some_and(|rule| rule.priority >= priority);
            if runs_later && self.worth(rule) == Known::Value(0.0) {
                self.know(rule, Known::Open);
            }
        }
    }

    /// The limits that the message has reached so far.
    pub fn reached(&self) -> Reached {
        let mut reached = self.views.reached();
        reached.merge(self.reached);
        reached
    }

    /// Runs `rule`, and whatever it needs, unless its value is known.
    pub(super) fn demand(&mut self, rules: Rules, rule: RuleId, worker: &mut Worker) {
        if self.is_known(rule) {
            return;
        }
        let mut waiting = std::mem::take(&mut worker.waiting);
        waiting.push(rule);
        while let Some(&next) = waiting.last() {
            if self.is_known(next) {
                waiting.pop();
                continue;
            }
            let has_to_wait = self.is_asking && !self.has_findings();
            if self.is_late() || (has_to_wait && rules.program.waits(next)) {
                break;
            }
            match rules.program.leaves.get(next.0 as usize) {
                Some(Leaf::Meta) => waiting.extend(self.weigh(rules, next, worker)),
                _ => leaf::run(self, rules, next, worker),
            }
        }
        waiting.clear();
        worker.waiting = waiting;
    }

    /// Is the rule's value known?
    pub(super) fn is_known(&self, rule: RuleId) -> bool {
        self.worth(rule) != Known::Open
    }

    /// Records the result of a rule that has run.
    pub(super) fn settle(&mut self, rule: RuleId, count: u32, evidence: Option<Evidence>) {
        self.know(rule, Known::Value(f64::from(count)));
        if count > 0 {
            self.hits.push(Found { rule, count, evidence });
        }
    }

    /// The view, with what its plan knows about it. When it is first asked for, it is rendered,
    /// and all rules that cannot match it are settled (unless rules have to wait for their
    /// turn): most of them, at almost no cost.
    pub(super) fn see(&mut self, rules: Rules, view: View, worker: &mut Worker) -> &mut Seen {
        let (program, views, known) = (rules.program, &self.views, &mut self.known);
        let settles = !self.in_order;
        self.seen[view as usize].get_or_insert_with(|| {
            let pieces = leaf::pieces(view, program, views);
            let mut scratch = worker.scratches.pop().unwrap_or_default();
            let mut scan = program.plan(view).start(&pieces, &mut scratch);
            let members = program.members.get(view as usize).filter(|_| settles);
            for (index, rule) in members.into_iter().flatten().enumerate() {
                if let Some(place) = rule.and_then(|rule| known.get_mut(rule.0 as usize))
                    && *place == Known::Open
                    && !scan.possible(index)
                {
                    *place = Known::Value(0.0);
                }
            }
            Seen { pieces, scratch }
        })
    }

    /// The view as it has been seen, if it has.
    pub(super) fn seen(&self, view: View) -> Option<&Seen> {
        self.seen.get(view as usize)?.as_ref()
    }

    /// Gives the worker its buffers back.
    pub(super) fn return_buffers(&mut self, worker: &mut Worker) {
        let seen = self.seen.iter_mut().filter_map(Option::take);
        worker.scratches.extend(seen.map(|seen| seen.scratch));
    }

    fn worth(&self, rule: RuleId) -> Known {
        self.known.get(rule.0 as usize).copied().unwrap_or(Known::Value(0.0))
    }

    fn know(&mut self, rule: RuleId, known: Known) {
        self.some_never |= known == Known::Never;
        if let Some(place) = self.known.get_mut(rule.0 as usize) {
            *place = known;
        }
    }

    /// Has the deadline passed? Asking for the time costs as much as running a rule, so it is
    /// asked for now and then.
    fn is_late(&mut self) -> bool {
        self.steps = self.steps.wrapping_add(1);
        if self.steps.is_multiple_of(STEPS_BETWEEN_LOOKS) {
            self.deadline_exceeded |= self.deadline.is_some_and(|deadline| Tick::now() >= deadline);
        }
        self.deadline_exceeded
    }

    /// Settles a meta, or gives the rule that it needs first.
    fn weigh(&mut self, rules: Rules, rule: RuleId, worker: &mut Worker) -> Option<RuleId> {
        let simple = !self.some_never && rules.course.is_simple(rule);
        if simple && self.is_false_at_a_glance(rules, rule) {
            self.settle_meta(rule, 0.0);
            return None;
        }
        let Some(Test::Meta(meta)) = rules.program.rules.rule(rule).map(|rule| &rule.test) else {
            self.settle_meta(rule, 0.0);
            return None;
        };
        if meta.unsolved {
            return self.weigh_unsolved(rules, rule, meta);
        }
        let course = rules.course;
        for &gate in course.gates(rule) {
            match self.worth(gate) {
                Known::Open => return Some(gate),
                Known::Value(0.0) => {}
                _ => {
                    self.know(rule, Known::Never);
                    return None;
                }
            }
        }
        let is_never = |used: &RuleId| self.worth(*used) == Known::Never;
        if course.is_blocked(rule) || self.some_never && meta.uses.iter().any(is_never) {
            self.know(rule, Known::Never);
            return None;
        }
        if !simple && self.is_false_at_a_glance(rules, rule) {
            self.settle_meta(rule, 0.0);
            return None;
        }
        let mut room = std::mem::take(&mut worker.bounds);
        let bound = decide(meta, &mut room, |used| self.bound(rules, used));
        worker.bounds = room;
        match (bound.value(), bound.wanted()) {
            (None, Some(wanted)) => Some(wanted),
            // Undecided without a rule that could decide it: infinities cancelled out.
            (value, _) => {
                self.settle_meta(rule, value.unwrap_or(0.0));
                None
            }
        }
    }

    /// A member of a cycle, or a meta that needs one, is evaluated once: after the rules of the
    /// lowest priority, when nothing else has run.
    fn weigh_unsolved(&mut self, rules: Rules, rule: RuleId, meta: &Meta) -> Option<RuleId> {
        let first = rules.program.first_priority;
        let runs_first = |used: RuleId| {
            let rule = rules.program.rules.rule(used);
            rule.is_some_and(|rule| rule.priority == first && !matches!(rule.test, Test::Meta(_)))
        };
        let is_open = |used: &&RuleId| runs_first(**used) && self.worth(**used) == Known::Open;
        if let Some(&needed) = meta.uses.iter().find(is_open) {
            return Some(needed);
        }
        let value = meta.eval(&mut |used| match self.worth(used) {
            Known::Value(value) if runs_first(used) => value,
            _ => 0.0,
        });
        self.settle_meta(rule, value);
        None
    }

    fn is_false_at_a_glance(&self, rules: Rules, rule: RuleId) -> bool {
        let Some(glance) = rules.program.glances.get(rule.0 as usize) else { return false };
        glance.needed.iter().any(|&needed| match self.worth(needed) {
            Known::Value(value) => value == 0.0,
            Known::Open => rules.course.score(needed) == 0.0,
            Known::Never => true,
        }) || glance
            .excluded
            .iter()
            .any(|&excluded| matches!(self.worth(excluded), Known::Value(value) if value != 0.0))
    }

    fn settle_meta(&mut self, rule: RuleId, value: f64) {
        let hits = value != 0.0 && !value.is_nan() && self.course.score(rule) != 0.0;
        if hits {
            // A meta that comes out negative has hit, and hits count up.
            self.know(rule, Known::Value(if value > 0.0 { value } else { 1.0 }));
            self.hits.push(Found { rule, count: 1, evidence: None });
        } else {
            // Of a meta without a score only gates see the value: it never hits.
            self.know(rule, Known::Value(if value.is_nan() { 0.0 } else { value }));
        }
    }

    /// What a rule may still be worth, as a meta that reads it sees it.
    fn bound(&self, rules: Rules, rule: RuleId) -> Bound {
        match self.worth(rule) {
            Known::Value(value) => Bound::known(value),
            Known::Never => Bound::known(0.0),
            Known::Open if self.course.score(rule) == 0.0 => Bound::known(0.0),
            Known::Open => {
                let stake = rules.program.stakes.get(rule.0 as usize).copied().unwrap_or_default();
                Bound::open(stake.most, stake.cost, rule)
            }
        }
    }
}

/// Could the test look at the body? Those that ask the network do not.
fn may_read_body(test: &Test) -> bool {
    match test {
        Test::Body { .. } => true,
        Test::Eval(Eval { class, .. }) => !matches!(class, EvalClass::Rbl | EvalClass::Plugin),
        _ => false,
    }
}
