//! The rules, arranged for running: built once when a rule set is loaded.
//!
//! Rules of one view share a [`Plan`], so that one pass over the view tells which of them can
//! match at all. Header rules share one too: each distinct header that a rule asks for is a
//! piece of its own.

use super::bound::Cost;
use super::course::{self, Course};
use super::decide::Glance;
use super::eval;
use super::tags;
use crate::limits::Limits;
use crate::message::header::HeaderQuery;
use crate::rules::model::{Eval, EvalClass};
use crate::rules::regex::{Exact, Ids, Pattern, Plan, PlanRule, Scope};
use crate::rules::{Rule, RuleId, RuleSet, Test};
use std::collections::{HashMap, HashSet};
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
    /// The rules of each plan, in its order; `None` for one that hits where it does not match.
    pub members: [Vec<Option<RuleId>>; VIEWS],
    /// Rules whose captures become tags; they run before all others.
    pub producers: Vec<RuleId>,
    /// Rules with one tag in their pattern whose every match holds a value of it.
    pub holding: HashSet<RuleId>,
    /// Evals that rewrite the body, with their priorities, in the order in which they run.
    pub editors: Vec<(i32, RuleId)>,
    /// The lowest priority of any rule.
    pub first_priority: i32,
    /// For each meta what decides it at a glance, by id; nothing for other rules.
    pub glances: Vec<Glance>,
    /// What may come of each rule, by id.
    pub stakes: Vec<Stake>,
    /// Eval calls with wrong arguments, and what is wrong.
    pub wrong_calls: Vec<(RuleId, String)>,
    /// What the network is asked.
    pub asks: eval::Asks,
    /// Does the rule wait for the network? By id.
    waiting: Vec<bool>,
}

/// The rules and which of them run, as a scan in progress sees them.
#[derive(Clone, Copy)]
pub struct Rules<'r> {
    /// The rules.
    pub program: &'r Program,
    /// Which of them run.
    pub course: &'r Course,
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
    MimeHeader(Arc<Exact>),
    /// Conditions on one URI, in the order of the rule's own list.
    UriDetail(Vec<Arc<Exact>>),
    /// A function of ours.
    Eval(eval::Test),
    /// An expression over other rules.
    Meta,
    /// Nothing that could run: a bare name, or an eval that is not built.
    Nothing,
}

/// Stands for a tag's value where a pattern is looked at: no pattern has it.
const PLACEHOLDER: &[u8] = b"zqjxkvq";

impl Program {
    /// Arranges `rules`.
    pub fn new(rules: Arc<RuleSet>, limits: &Limits) -> Program {
        let mut arranging = Arranging::new(&rules, limits);
        let asks = arranging.asks();
        let leaves: Vec<Leaf> = rules.iter().map(|(id, rule)| arranging.leaf(id, rule)).collect();
        let waits = |(_, rule): (RuleId, &Rule)| match &rule.test {
            Test::Eval(call) => eval::find(&call.function).is_some_and(|row| row.waits),
            _ => false,
        };
        let waiting: Vec<bool> = rules.iter().map(waits).collect();
        let producers = rules.iter().filter(|(_, rule)| rule.captures).map(|(id, _)| id).collect();
        let Arranging { slots, patterns, members, holding, mut editors, wrong_calls, .. } =
            arranging;
        editors.sort_unstable();
        let plans = patterns.map(|patterns| Plan::build(&patterns, limits));
        let first_priority = rules.rules.iter().map(|rule| rule.priority).min().unwrap_or(0);
        let costs = costs(&rules, &leaves, &plans, &waiting);
        let stake = |((_, rule), cost)| Stake { most: most(rule), cost };
        let stakes = rules.iter().zip(costs).map(stake).collect();
        let glances = rules.rules.iter().map(|rule| Glance::of(&rule.test)).collect();
        Program {
            rules,
            leaves,
            slots,
            plans,
            members,
            producers,
            holding,
            editors,
            first_priority,
            glances,
            stakes,
            wrong_calls,
            asks,
            waiting,
        }
    }

    /// Does the rule wait for the network?
    pub fn waits(&self, rule: RuleId) -> bool {
        self.waiting.get(rule.0 as usize).copied().unwrap_or(false)
    }

    /// What reports write before the description of a rule.
    pub fn area(&self, rule: RuleId) -> &'static str {
        match self.leaves.get(rule.0 as usize) {
            Some(Leaf::Pattern { view, .. }) => view.label(),
            Some(Leaf::UriDetail(_)) => View::Body.label(),
            Some(Leaf::Eval(_)) => match self.rules.rule(rule).map(|rule| &rule.test) {
                Some(Test::Eval(call)) if eval::asks_lists(call) => eval::area(call),
                Some(Test::Eval(Eval { class: EvalClass::Body, .. })) => View::Body.label(),
                Some(Test::Eval(Eval { class: EvalClass::Rawbody, .. })) => View::Rawbody.label(),
                _ => "",
            },
            _ => "",
        }
    }

    /// The plan of `view`.
    pub fn plan(&self, view: View) -> &Plan {
        plan_of(&self.plans, view)
    }
}

fn plan_of(plans: &[Plan; VIEWS], view: View) -> &Plan {
    let [headers, body, rawbody, uris, full] = plans;
    match view {
        View::Headers => headers,
        View::Body => body,
        View::Rawbody => rawbody,
        View::Uris => uris,
        View::Full => full,
    }
}

/// What a meta that reads a rule has to reckon with while the rule has not run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stake {
    /// The most that it may be worth.
    pub most: f64,
    /// What it costs to run: only the order matters.
    pub cost: Cost,
}

/// The most that a rule may be worth.
fn most(rule: &Rule) -> f64 {
    if matches!(rule.test, Test::Meta(_)) {
        return f64::INFINITY;
    }
    match rule.tflags.multiple {
        true => rule.tflags.maxhits.map_or(f64::INFINITY, |most| f64::from(most.max(1))),
        false => 1.0,
    }
}

/// What each rule costs. A meta costs as much as the dearest rule that it may need, so that a
/// cheap sibling gets the chance to decide first.
fn costs(rules: &RuleSet, leaves: &[Leaf], plans: &[Plan; VIEWS], waiting: &[bool]) -> Vec<Cost> {
    let of_leaf = |leaf: &Leaf| match leaf {
        Leaf::Exists(_) | Leaf::Nothing | Leaf::Meta => 0,
        Leaf::Pattern { view: View::Headers, .. } => 1,
        Leaf::Pattern { view: View::Uris, .. } => 2,
        Leaf::Pattern { view, index, .. } if plan_of(plans, *view).is_unfiltered(*index) => 9,
        Leaf::Pattern { view: View::Body, .. } => 4,
        Leaf::Pattern { .. } => 5,
        Leaf::MimeHeader(_) | Leaf::UriDetail(_) | Leaf::Eval(_) => 6,
    };
    // What only the network can tell is asked for when nothing else decides.
    let of_rule = |(leaf, waits): (&Leaf, &bool)| if *waits { 20 } else { of_leaf(leaf) };
    let mut costs: Vec<Cost> = leaves.iter().zip(waiting).map(of_rule).collect();
    for (id, meta) in course::dependencies_first(rules) {
        let of = |used: &RuleId| costs.get(used.0 as usize).copied();
        let dearest = meta.uses.iter().filter_map(of).max().unwrap_or(0);
        if let Some(cost) = costs.get_mut(id.0 as usize) {
            *cost = dearest;
        }
    }
    costs
}

/// What is collected while the rules are gone through.
struct Arranging<'l> {
    rules: &'l RuleSet,
    limits: &'l Limits,
    ids: Ids,
    slots: Vec<Slot>,
    slot_numbers: HashMap<Slot, usize>,
    patterns: [Vec<PlanRule>; VIEWS],
    members: [Vec<Option<RuleId>>; VIEWS],
    holding: HashSet<RuleId>,
    editors: Vec<(i32, RuleId)>,
    wrong_calls: Vec<(RuleId, String)>,
    shared: eval::Shared,
}

impl<'l> Arranging<'l> {
    fn new(rules: &'l RuleSet, limits: &'l Limits) -> Self {
        Arranging {
            rules,
            limits,
            ids: Ids::new(),
            slots: Vec::new(),
            slot_numbers: HashMap::new(),
            patterns: Default::default(),
            members: Default::default(),
            holding: HashSet::new(),
            editors: Vec::new(),
            wrong_calls: Vec::new(),
            shared: eval::Shared::new(),
        }
    }

    /// What the network is asked.
    fn asks(&mut self) -> eval::Asks {
        let Arranging { rules, limits, ids, shared, .. } = self;
        eval::Asks::new(&mut eval::Binding { rule: RuleId(0), rules, limits, ids, shared })
    }

    fn leaf(&mut self, id: RuleId, rule: &Rule) -> Leaf {
        match &rule.test {
            Test::Header { query, negated, if_unset, pattern } => {
                let slot = self.slot(Slot { query: query.clone(), if_unset: if_unset.clone() });
                self.pattern(id, rule, pattern, View::Headers, Scope::One(slot), *negated)
            }
            Test::HeaderExists { query } => Leaf::Exists(query.clone()),
            Test::Body { pattern } => {
                let scope = if rule.tflags.nosubject { Scope::AllButFirst } else { Scope::All };
                self.pattern(id, rule, pattern, View::Body, scope, false)
            }
            Test::Rawbody { pattern } => {
                self.pattern(id, rule, pattern, View::Rawbody, Scope::All, false)
            }
            Test::Uri { pattern } => self.pattern(id, rule, pattern, View::Uris, Scope::All, false),
            Test::Full { pattern } => {
                self.pattern(id, rule, pattern, View::Full, Scope::All, false)
            }
            Test::MimeHeader { pattern, .. } => Leaf::MimeHeader(self.exact(pattern)),
            Test::UriDetail { conditions } => {
                let exacts = conditions.iter().map(|condition| self.exact(&condition.pattern));
                Leaf::UriDetail(exacts.collect())
            }
            Test::Meta(_) => Leaf::Meta,
            Test::Eval(call) => self.eval(id, rule, call),
            Test::Empty => Leaf::Nothing,
        }
    }

    fn eval(&mut self, id: RuleId, rule: &Rule, call: &Eval) -> Leaf {
        let Arranging { rules, limits, ids, shared, .. } = self;
        match eval::bind(call, &mut eval::Binding { rule: id, rules, limits, ids, shared }) {
            None => Leaf::Nothing,
            Some(Ok(test)) => {
                if eval::find(&call.function).is_some_and(|row| row.edits_body) {
                    self.editors.push((rule.priority, id));
                }
                Leaf::Eval(test)
            }
            Some(Err(why)) => {
                self.wrong_calls.push((id, why));
                Leaf::Nothing
            }
        }
    }

    fn pattern(
        &mut self,
        id: RuleId,
        rule: &Rule,
        pattern: &Arc<Pattern>,
        view: View,
        scope: Scope,
        negated: bool,
    ) -> Leaf {
        let exact = match rule.templates.is_empty() {
            true => self.exact(pattern),
            false => {
                // What a tag will be worth is known with the message only.
                let source = pattern.source();
                let with = |text| pattern.with_source(&tags::with(&source, &rule.templates, text));
                if rule.templates.len() == 1
                    && with(PLACEHOLDER).is_ok_and(|one| one.always_holds(PLACEHOLDER))
                {
                    self.holding.insert(id);
                }
                let superset = with(tags::ANYTHING);
                self.exact(&superset.map_or_else(|_| Arc::clone(pattern), Arc::new))
            }
        };
        let members = &mut self.members[view as usize];
        members.push((!negated).then_some(id));
        self.patterns[view as usize].push(PlanRule { pattern: exact, scope });
        Leaf::Pattern { view, index: members.len() - 1, negated }
    }

    fn exact(&mut self, pattern: &Arc<Pattern>) -> Arc<Exact> {
        Arc::new(Exact::new(Arc::clone(pattern), &mut self.ids, self.limits))
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
