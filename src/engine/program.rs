//! The rules, arranged for running: built once when a rule set is loaded.
//!
//! Rules of one view share a [`Plan`], so that one pass over the view tells which of them can
//! match at all. Header rules share one too: each distinct header that a rule asks for is a
//! piece of its own.

use super::course::Course;
use super::eval::{self, Bound as BoundEval};
use crate::limits::Limits;
use crate::message::header::HeaderQuery;
use crate::rules::regex::{Plan, PlanRule, Scope};
use crate::rules::{RuleId, RuleSet, Test};
use std::collections::HashMap;
use std::sync::Arc;

/// The rules, arranged for running. Immutable and shared by all workers.
pub struct Program {
    /// What the files say.
    pub rules: Arc<RuleSet>,
    /// How each rule is run, by id.
    pub leaves: Vec<Leaf>,
    /// The headers that rules ask for, each once; what a header rule's piece number means.
    pub slots: Vec<Slot>,
    /// One plan for each view, by [`View`].
    pub plans: [Plan; VIEWS],
    /// The course of each score set without user preferences.
    pub courses: [Arc<Course>; 4],
    /// Rules whose captures become tags; they run before all others.
    pub producers: Vec<RuleId>,
}

/// A view that rules with patterns look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The values of all headers that rules ask for.
    Headers,
    /// Rendered paragraphs.
    Body,
    /// Decoded chunks.
    Rawbody,
    /// URIs.
    Uris,
    /// The whole message.
    Full,
}

/// How many views there are.
pub const VIEWS: usize = 5;

impl View {
    /// All views, in the order of [`Program::plans`].
    pub const ALL: [View; VIEWS] =
        [View::Headers, View::Body, View::Rawbody, View::Uris, View::Full];

    /// What reports write before the description of a rule of this view.
    pub fn label(self) -> &'static str {
        match self {
            View::Headers => "",
            View::Body => "BODY: ",
            View::Rawbody => "RAW: ",
            View::Uris => "URI: ",
            View::Full => "FULL: ",
        }
    }
}

/// A header that rules ask for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    /// The header and its form.
    pub query: HeaderQuery,
    /// What stands for it where the message has none; rules see "" without.
    pub if_unset: Option<Box<[u8]>>,
}

/// How a rule is run.
#[derive(Clone)]
pub enum Leaf {
    /// A pattern on a view: the rule's index in that view's plan.
    Pattern {
        /// Which view.
        view: View,
        /// The rule's index in the plan.
        index: usize,
        /// A miss is the hit (`!~`).
        negated: bool,
    },
    /// Is the header there?
    Exists(HeaderQuery),
    /// A pattern on a header of every MIME part.
    MimeHeader,
    /// Conditions on one URI.
    UriDetail,
    /// A function of ours.
    Eval(BoundEval),
    /// An expression over other rules.
    Meta,
    /// Nothing that could run: a bare name, or an eval that is not built.
    Nothing,
}

impl Program {
    /// Arranges `rules`.
    pub fn new(rules: Arc<RuleSet>, limits: &Limits) -> Program {
        let mut arranging = Arranging::default();
        let leaves = rules.iter().map(|(id, _)| arranging.leaf(&rules, id)).collect();
        let courses = std::array::from_fn(|set| {
            let scores = rules.rules.iter().map(|rule| rule.scores[set]).collect();
            Arc::new(Course::new(&rules, scores))
        });
        let producers = rules.iter().filter(|(_, rule)| rule.captures).map(|(id, _)| id).collect();
        let Arranging { slots, members, .. } = arranging;
        let plans = members.map(|members| Plan::build(&members, limits));
        Program { rules, leaves, slots, plans, courses, producers }
    }

    /// The plan of `view`.
    pub fn plan(&self, view: View) -> &Plan {
        &self.plans[view as usize]
    }
}

/// What is collected while the rules are gone through.
#[derive(Default)]
struct Arranging {
    slots: Vec<Slot>,
    slot_numbers: HashMap<Slot, usize>,
    members: [Vec<PlanRule>; VIEWS],
}

impl Arranging {
    fn leaf(&mut self, rules: &RuleSet, id: RuleId) -> Leaf {
        let Some(rule) = rules.rule(id) else { return Leaf::Nothing };
        match &rule.test {
            Test::Header { query, negated, if_unset, pattern } => {
                let slot = Slot { query: query.clone(), if_unset: if_unset.clone() };
                let scope = Scope::One(self.slot(slot));
                let index = self.member(View::Headers, PlanRule::new(pattern, scope));
                Leaf::Pattern { view: View::Headers, index, negated: *negated }
            }
            Test::HeaderExists { query } => Leaf::Exists(query.clone()),
            Test::Body { pattern } => {
                let scope = if rule.tflags.nosubject { Scope::AllButFirst } else { Scope::All };
                self.of_view(View::Body, PlanRule::new(pattern, scope))
            }
            Test::Rawbody { pattern } => {
                self.of_view(View::Rawbody, PlanRule::new(pattern, Scope::All))
            }
            Test::Uri { pattern } => self.of_view(View::Uris, PlanRule::new(pattern, Scope::All)),
            Test::Full { pattern } => self.of_view(View::Full, PlanRule::new(pattern, Scope::All)),
            Test::MimeHeader { .. } => Leaf::MimeHeader,
            Test::UriDetail { .. } => Leaf::UriDetail,
            Test::Meta(_) => Leaf::Meta,
            Test::Eval(call) => eval::bind(call).map_or(Leaf::Nothing, Leaf::Eval),
            Test::Empty => Leaf::Nothing,
        }
    }

    fn of_view(&mut self, view: View, member: PlanRule) -> Leaf {
        Leaf::Pattern { view, index: self.member(view, member), negated: false }
    }

    fn member(&mut self, view: View, member: PlanRule) -> usize {
        let members = &mut self.members[view as usize];
        members.push(member);
        members.len() - 1
    }

    fn slot(&mut self, slot: Slot) -> usize {
        let next = self.slots.len();
        let number = *self.slot_numbers.entry(slot.clone()).or_insert(next);
        if number == next {
            self.slots.push(slot);
        }
        number
    }
}
