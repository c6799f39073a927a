//! A family of rules over one kind of text, planned so that most are ruled out at once.
//!
//! Every rule is in one of three tiers, by its superset (`translate::superset`):
//!
//! 1. *literals*: every match contains certain words; one pass (`finder`) finds them all, and
//!    what a rule is still searched for in is what lies around them (`near`);
//! 2. *sieve*: no such words, but a rare row of bytes; one pass (`sieve`) follows them all;
//! 3. *always*: neither; its own superset decides when somebody asks for the rule, and in a
//!    header's value, which is short, the bytes that the value consists of (`needs`).
//!
//! Invariant: a tier may let a rule through in vain, it never keeps a match back.

use super::exact::Exact;
use super::finder::{Finder, Word};
use super::literals::{self, Clause};
use super::near::Near;
use super::needs::Needs;
use super::scan::{Scan, Scratch};
use super::sieve::{self, Sieve};
use super::{perl, translate};
use crate::limits::Limits;
use crate::text::pieces::Pieces;
use regex_syntax::hir::Hir;
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
    /// For each rule where its literals leave something to search.
    pub(super) near: Vec<Option<Near>>,
    pub(super) sieve: Sieve,
    /// For each rule without a filter that looks at one piece only what it needs there.
    pub(super) needs: Vec<Option<Needs>>,
    /// For each piece: is there such a rule?
    pub(super) weighed: Vec<bool>,
}

/// How a rule is ruled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tier {
    /// All these bits, one for a clause, have to be found.
    Literals(u8),
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

impl Plan {
    /// Plans `rules`; they keep their places.
    pub fn build(rules: &[PlanRule], limits: &Limits) -> Plan {
        let (mut tiers, mut near, mut needs) = (Vec::new(), Vec::new(), Vec::new());
        let mut weighed = Vec::new();
        let mut words = Words::default();
        let mut sieve = Sieve::new(rules.len());
        let analysed = rules.iter().zip(analyse(rules, limits)).enumerate();
        for (number, (rule, Analysed { hir, needs: needed, clauses })) in analysed {
            let whole = matches!(rule.scope, Scope::All | Scope::AllButFirst);
            let windows = || hir.filter(|_| whole).as_ref().and_then(sieve::windows);
            tiers.push(if !clauses.is_empty() {
                Tier::Literals(words.add(number, rule.scope, &clauses))
            } else if let Some(windows) = windows() {
                sieve.add(number, windows);
                Tier::Sieve
            } else {
                Tier::Always
            });
            needs.push(match (rule.scope, tiers.last()) {
                (Scope::One(piece), Some(Tier::Always)) => {
                    weighed.resize(weighed.len().max(piece + 1), false);
                    weighed.splice(piece..=piece, [true]);
                    needed
                }
                _ => None,
            });
            near.push(Near::new(clauses));
        }
        let uses = words.uses.into_iter().map(Vec::into_boxed_slice).collect();
        let finder = Finder::new(words.words);
        Plan { rules: rules.to_vec(), tiers, finder, uses, near, sieve, needs, weighed }
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

    /// The numbers of the pieces that rule `index` looks at, of `count` pieces.
    pub fn scope(&self, index: usize, count: usize) -> Range<usize> {
        self.rules.get(index).map_or(0..0, |rule| rule.scope.pieces(count))
    }

    /// The pattern of rule `index`.
    pub fn pattern(&self, index: usize) -> Option<&Arc<Exact>> {
        self.rules.get(index).map(|rule| &rule.pattern)
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

/// What is known of a pattern; nothing of one that cannot be read.
#[derive(Default)]
struct Analysed {
    hir: Option<Hir>,
    needs: Option<Needs>,
    clauses: Vec<Clause>,
}

/// What is known of each rule; found out on two threads, for this is most of the planning.
fn analyse(rules: &[PlanRule], limits: &Limits) -> Vec<Analysed> {
    let one = |rule: &PlanRule| {
        let source = rule.pattern.pattern().source();
        let Ok(parsed) = perl::parse(&source, limits.pattern_depth) else {
            return Analysed::default();
        };
        let shape = translate::shape(&parsed);
        Analysed {
            hir: Some(translate::superset(&parsed)),
            needs: Some(Needs::of(&shape)),
            clauses: literals::clauses(&shape),
        }
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
    fn add(&mut self, rule: usize, scope: Scope, clauses: &[Clause]) -> u8 {
        let piece = match scope {
            Scope::One(piece) => u32::try_from(piece).ok(),
            _ => None,
        };
        let rule = u32::try_from(rule).unwrap_or(u32::MAX);
        let mut bits = 0;
        for (index, clause) in clauses.iter().enumerate() {
            let bit = 1 << index;
            bits |= bit;
            for text in &clause.literals {
                let word = Word { text: text.clone(), piece };
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
