//! A family of rules over one kind of text, planned so that most are ruled out at once.

use super::cache::Caches;
use super::exact::{Exact, Matches, Overrun};
use crate::limits::Limits;
use crate::text::pieces::Pieces;
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
    rules: Vec<PlanRule>,
}

/// Buffers that a scan fills and the next one reuses.
#[derive(Debug, Default)]
pub struct Scratch {}

/// One text under one plan.
#[derive(Debug)]
pub struct Scan<'a> {
    plan: &'a Plan,
    pieces: &'a Pieces,
}

impl Plan {
    /// Plans `rules`; they keep their places.
    pub fn build(rules: &[PlanRule], _limits: &Limits) -> Plan {
        Plan { rules: rules.to_vec() }
    }

    /// Begins a scan of `pieces`.
    pub fn start<'a>(&'a self, pieces: &'a Pieces, _scratch: &'a mut Scratch) -> Scan<'a> {
        Scan { plan: self, pieces }
    }
}

impl Scan<'_> {
    /// May rule `index` match? `false` is certain.
    pub fn possible(&mut self, index: usize, _caches: &mut Caches) -> bool {
        index < self.plan.rules.len()
    }

    /// Up to `most` matches of rule `index`, as Perl counts them.
    pub fn run(
        &mut self,
        index: usize,
        most: usize,
        caches: &mut Caches,
    ) -> Result<Matches, Overrun> {
        let Some(rule) = self.plan.rules.get(index) else { return Ok(Matches::default()) };
        let mut matches = Matches::default();
        for index in rule.scope.pieces(self.pieces.len()) {
            let Some(piece) = self.pieces.get(index) else { break };
            let (count, first) = rule.pattern.count(piece, most - matches.count, caches)?;
            matches.count += count;
            if let (None, Some(range)) = (&matches.first, first) {
                matches.first = Some((index, range));
            }
            if matches.count >= most {
                break;
            }
        }
        Ok(matches)
    }
}

impl Scope {
    /// The numbers of the pieces in scope, of `count` pieces.
    pub(super) fn pieces(self, count: usize) -> Range<usize> {
        match self {
            Scope::All => 0..count,
            Scope::AllButFirst => 1.min(count)..count,
            Scope::One(index) => index.min(count)..(index + 1).min(count),
        }
    }
}
