//! Which rules lists in memory answer.
//!
//! A rule that asks a list is answered from memory if that list is held; `check_rbl_sub` if
//! every list of its set is; a meta if it reads such rules and all the network's rules that it
//! reads are. These rules count with local tests only as they do with the network, and count
//! less while the copy of their list is too old.

use super::course::dependencies_first;
use super::program::Program;
use crate::dns::Name;
use crate::rules::{Rule, RuleId};
use crate::zones::held::Held;
use std::collections::{BTreeSet, HashMap};

/// The rules that lists in memory answer, and the lists of each.
#[derive(Default)]
pub struct Holdings(HashMap<RuleId, BTreeSet<Name>>);

impl Holdings {
    /// What lists of these names answer of `program`'s rules.
    pub fn new(program: &Program, lists: &[Name]) -> Holdings {
        let holder = |zone: &Name| {
            let holds = lists.iter().filter(|list| zone.is_within(list));
            holds.max_by_key(|list| list.as_bytes().len()).cloned()
        };
        let mut holdings = HashMap::new();
        if lists.is_empty() {
            return Holdings(holdings);
        }
        for (rule, zones) in program.asks.zones() {
            let held: Option<BTreeSet<Name>> = zones.iter().map(holder).collect();
            if let Some(held) = held.filter(|held| !held.is_empty()) {
                holdings.insert(rule, held);
            }
        }
        for (id, meta) in dependencies_first(&program.rules) {
            let of_network = |used: &&RuleId| {
                let asks = |rule: &Rule| rule.tflags.net || program.waits(**used);
                holdings.contains_key(*used) || program.rules.rule(**used).is_some_and(asks)
            };
            let used = meta.uses.iter().filter(of_network).map(|used| holdings.get(used));
            let all: Option<Vec<&BTreeSet<Name>>> = used.collect();
            let all: BTreeSet<Name> = all.into_iter().flatten().flatten().cloned().collect();
            if !all.is_empty() {
                holdings.insert(id, all);
            }
        }
        Holdings(holdings)
    }

    /// Do lists in memory answer `rule`?
    pub fn has(&self, rule: RuleId) -> bool {
        self.0.contains_key(&rule)
    }

    /// What a hit of `rule` counts, 1 for whole, and the list whose copy is so old that it counts
    /// less.
    pub fn weight<'h>(&'h self, rule: RuleId, held: &Held) -> (f64, Option<&'h Name>) {
        let lists = self.0.get(&rule).into_iter().flatten();
        let weights = lists.map(|list| (held.weight(list), Some(list)));
        let least = weights.min_by(|(a, _), (b, _)| a.total_cmp(b));
        least.filter(|(weight, _)| *weight < 1.0).unwrap_or((1.0, None))
    }
}
