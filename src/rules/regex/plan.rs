//! A family of rules over one kind of text, planned so that most are ruled out at once.
//!
//! Every rule is in one of three tiers, by its superset (`translate::superset`):
//!
//! 1. *literals*: every match contains certain words; one pass (`finder`) finds them all;
//! 2. *groups*: no such words, but a small automaton: a few lazy DFAs, a dozen rules each;
//! 3. *always*: neither; its own superset decides when somebody asks for the rule.
//!
//! Invariant: a tier may let a rule through in vain, it never keeps a match back.

use super::cache::{Id, Ids};
use super::exact::Exact;
use super::finder::{Finder, Word};
use super::literals::{self, Clause};
use super::scan::{Scan, Scratch};
use super::sieve::{self, Sieve};
use super::{perl, translate};
use crate::limits::Limits;
use crate::text::pieces::Pieces;
use regex_automata::hybrid::dfa::DFA;
use regex_automata::nfa::thompson::{self, NFA};
use regex_syntax::hir::{Hir, HirKind};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Which pieces a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    All,
    /// All but the first (`tflags nosubject`).
    AllButFirst,
    /// One, counted from 0: a header rule's value.
    One(usize),
}

/// A rule as the plan sees it.
#[derive(Clone, Debug)]
pub struct PlanRule {
    /// The pattern.
    pub pattern: Arc<Exact>,
    /// Where it looks.
    pub scope: Scope,
}

/// The rules of a family. Immutable, shared between threads.
#[derive(Debug)]
pub struct Plan {
    pub(super) rules: Vec<PlanRule>,
    pub(super) tiers: Vec<Tier>,
    pub(super) finder: Finder,
    /// For each literal, the rules that it is a clause's part of.
    pub(super) uses: Vec<Box<[Use]>>,
    pub(super) groups: Vec<Group>,
    pub(super) sieve: Sieve,
}

/// How a rule is ruled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tier {
    /// All these bits, one for a clause, have to be found.
    Literals(u8),
    /// This group's automaton has to find this one of its patterns.
    Group {
        group: usize,
        pattern: usize,
    },
    /// One of its windows has to be walked.
    Sieve,
    Always,
}

/// A literal's part in a rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    pub rule: u32,
    pub bit: u8,
}

/// Some rules' supersets in one automaton.
#[derive(Debug)]
pub(super) struct Group {
    pub dfa: DFA,
    pub id: Id,
}

/// A rule whose automaton is small, on its way into a group.
struct Friendly {
    rule: usize,
    hir: Hir,
}

impl Plan {
    /// Plans `rules`; they keep their places. `ids` must be those of their patterns.
    pub fn build(rules: &[PlanRule], ids: &mut Ids, limits: &Limits) -> Plan {
        let mut tiers = vec![Tier::Always; rules.len()];
        let mut words = Words::default();
        let mut friendly = Vec::new();
        let mut sieve = Sieve::new(rules.len());
        for (rule, (hir, clauses)) in analyse(rules, limits).into_iter().enumerate() {
            let scope = rules.get(rule).map(|rule| rule.scope);
            if !clauses.is_empty() {
                if let Some(tier) = tiers.get_mut(rule) {
                    *tier = Tier::Literals(words.add(rule, scope, clauses));
                }
            } else if let (Some(hir), Some(Scope::All | Scope::AllButFirst)) = (hir, scope) {
                if let Some(windows) = sieve::windows(&hir) {
                    sieve.add(rule, windows);
                    tiers.iter_mut().skip(rule).take(1).for_each(|tier| *tier = Tier::Sieve);
                } else if is_small(&hir) {
                    friendly.push(Friendly { rule, hir });
                }
            }
        }
        let groups = build_groups(&friendly, &mut tiers, ids);
        let uses = words.uses.into_iter().map(Vec::into_boxed_slice).collect();
        let finder = Finder::new(words.words);
        Plan { rules: rules.to_vec(), tiers, finder, uses, groups, sieve }
    }

    /// Begins a scan of `pieces`: looks for all literals.
    pub fn start<'a>(&'a self, pieces: &'a Pieces, scratch: &'a mut Scratch) -> Scan<'a> {
        Scan::start(self, pieces, scratch)
    }

    /// Compiles on all processors what would be compiled when first needed, so that the first
    /// messages need not wait for it.
    pub fn warm(&self) {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for rules in self.rules.chunks(self.rules.len().div_ceil(threads).max(1)) {
                scope.spawn(move || {
                    for rule in rules {
                        // A pattern that no engine takes shows when it is run.
                        let _ = rule.pattern.compile();
                        if !matches!(rule.scope, Scope::One(_)) {
                            rule.pattern.superset();
                        }
                    }
                });
            }
        });
    }

    /// Goes on with a scan of the same `pieces`: `scratch` is what [`Plan::start`] filled.
    pub fn resume<'a>(&'a self, pieces: &'a Pieces, scratch: &'a mut Scratch) -> Scan<'a> {
        Scan::resume(self, pieces, scratch)
    }

    /// Does no filter spare rule `index`, so that it must be searched for in every text?
    pub fn is_unfiltered(&self, index: usize) -> bool {
        matches!(self.tiers.get(index), Some(Tier::Always))
    }

    /// The pattern of rule `index`.
    pub fn pattern(&self, index: usize) -> Option<&Arc<Exact>> {
        self.rules.get(index).map(|rule| &rule.pattern)
    }

    /// How many rules each tier holds: literals, groups, always.
    pub fn tiers(&self) -> (usize, usize, usize) {
        let count = |wanted: fn(&Tier) -> bool| self.tiers.iter().filter(|t| wanted(t)).count();
        (
            count(|tier| matches!(tier, Tier::Literals(_))),
            count(|tier| matches!(tier, Tier::Group { .. })),
            count(|tier| matches!(tier, Tier::Always)),
        )
    }
}

impl Scope {
    /// The numbers of the pieces in scope, of `count` pieces.
    pub(super) fn pieces(self, count: usize) -> Range<usize> {
        match self {
            Scope::All => 0..count,
            Scope::AllButFirst => 1.min(count)..count,
            Scope::One(index) => index.min(count)..index.saturating_add(1).min(count),
        }
    }
}

/// Each rule's superset and clauses; on two threads, for this is most of the planning.
fn analyse(rules: &[PlanRule], limits: &Limits) -> Vec<(Option<Hir>, Vec<Clause>)> {
    let one = |rule: &PlanRule| {
        let source = rule.pattern.pattern().source();
        let Ok(parsed) = perl::parse(&source, limits.pattern_depth) else {
            return (None, Vec::new());
        };
        let hir = translate::superset(&parsed);
        let clauses = literals::clauses(&hir);
        (Some(hir), clauses)
    };
    let (left, right) = rules.split_at(rules.len() / 2);
    std::thread::scope(|scope| {
        let left = scope.spawn(|| left.iter().map(one).collect::<Vec<_>>());
        let right: Vec<_> = right.iter().map(one).collect();
        let mut all = left.join().unwrap_or_default();
        all.extend(right);
        all
    })
}

/// The literals of all rules, each once.
#[derive(Default)]
struct Words {
    numbers: HashMap<Word, usize>,
    words: Vec<Word>,
    uses: Vec<Vec<Use>>,
}

impl Words {
    /// Adds a rule's clauses; gives the bits that stand for them.
    fn add(&mut self, rule: usize, scope: Option<Scope>, clauses: Vec<Clause>) -> u8 {
        let piece = match scope {
            Some(Scope::One(piece)) => u32::try_from(piece).ok(),
            _ => None,
        };
        let rule = u32::try_from(rule).unwrap_or(u32::MAX);
        let mut bits = 0;
        for (index, clause) in clauses.into_iter().enumerate() {
            let bit = 1 << index;
            bits |= bit;
            for text in clause {
                let word = Word { text, piece };
                let next = self.words.len();
                let number = *self.numbers.entry(word.clone()).or_insert(next);
                if number == next {
                    self.words.push(word);
                    self.uses.push(Vec::new());
                }
                if let Some(uses) = self.uses.get_mut(number) {
                    uses.push(Use { rule, bit });
                }
            }
        }
        bits
    }
}

/// Rules in one group. New texts keep adding states to a lazy DFA; few rules mean few.
const GROUP_SIZE: usize = 14;
/// Fewer are searched for faster one by one.
const SMALLEST_GROUP: usize = 4;
/// A wider repeat of a class multiplies the states of a group.
const LONGEST_REPEAT: u32 = 3;
/// A larger expression stays alone.
const LARGEST_MEMBER: usize = 400;

/// Does it have few states: no long repeat of a class, and not large?
fn is_small(hir: &Hir) -> bool {
    let mut todo = vec![hir];
    let mut nodes = 0;
    while let Some(hir) = todo.pop() {
        nodes += 1;
        match hir.kind() {
            HirKind::Repetition(repeat) => {
                let single = matches!(repeat.sub.kind(), HirKind::Literal(_));
                let long = repeat.min.max(repeat.max.unwrap_or(repeat.min)) > LONGEST_REPEAT;
                if long && !single {
                    return false;
                }
                todo.push(&repeat.sub);
            }
            HirKind::Capture(capture) => todo.push(&capture.sub),
            HirKind::Concat(hirs) | HirKind::Alternation(hirs) => todo.extend(hirs),
            _ => {}
        }
    }
    nodes < LARGEST_MEMBER
}

fn build_groups(friendly: &[Friendly], tiers: &mut [Tier], ids: &mut Ids) -> Vec<Group> {
    let mut groups = Vec::new();
    for members in friendly.chunks(GROUP_SIZE).filter(|members| members.len() >= SMALLEST_GROUP) {
        let hirs: Vec<&Hir> = members.iter().map(|member| &member.hir).collect();
        let Some(dfa) = lazy_dfa(&hirs) else { continue };
        for (pattern, member) in members.iter().enumerate() {
            if let Some(tier) = tiers.get_mut(member.rule) {
                *tier = Tier::Group { group: groups.len(), pattern };
            }
        }
        groups.push(Group { dfa, id: ids.next() });
    }
    groups
}

/// One lazy DFA of all of `hirs`, which reports every one that matches.
pub(super) fn lazy_dfa(hirs: &[&Hir]) -> Option<DFA> {
    let nfa: NFA = thompson::Compiler::new()
        .configure(
            thompson::Config::new()
                .utf8(false)
                .which_captures(thompson::WhichCaptures::None)
                .nfa_size_limit(Some(8 << 20)),
        )
        .build_many_from_hir(hirs)
        .ok()?;
    DFA::builder()
        .configure(
            DFA::config()
                .match_kind(regex_automata::MatchKind::All)
                .cache_capacity(4 << 20)
                .skip_cache_capacity_check(true)
                .minimum_cache_clear_count(None),
        )
        .build_from_nfa(nfa)
        .ok()
}
