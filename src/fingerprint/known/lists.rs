//! Keys as files have them: one sorted list per (algorithm, class, weight).

use super::super::{Algorithm, Class};
use std::collections::BTreeMap;

/// What the keys of one list are known as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct List {
    /// What they were made by.
    pub algorithm: Algorithm,
    /// What of.
    pub class: Class,
    /// How much that weighs: 1 to [`Listed::HEAVIEST`](super::Listed::HEAVIEST).
    pub weight: u8,
}

/// All lists of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists {
    /// Keys, ascending, each once in a list. A key may be in lists of several classes.
    pub prints: BTreeMap<List, Vec<u64>>,
    /// Phrases that are common in wanted mail, ascending, each once.
    pub phrases: Vec<u64>,
}

impl Lists {
    /// Puts a key where it belongs; [`Lists::sort`] has to follow.
    pub fn push(&mut self, list: List, key: u64) {
        self.prints.entry(list).or_default().push(key);
    }

    /// Brings all lists into order.
    pub fn sort(&mut self) {
        for keys in self.prints.values_mut().chain([&mut self.phrases]) {
            keys.sort_unstable();
            keys.dedup();
        }
    }

    /// How many keys there are, phrases left out.
    pub fn len(&self) -> usize {
        self.prints.values().map(Vec::len).sum()
    }

    /// Is there no key and no phrase?
    pub fn is_empty(&self) -> bool {
        self.len() == 0 && self.phrases.is_empty()
    }
}

impl List {
    /// Class and weight in one byte, as a snapshot has them.
    pub(super) fn tag(self) -> u8 {
        ((self.class as u8) << 4) | (self.weight & 15)
    }

    /// The class and weight of such a byte; `None` for a class that is not known.
    pub(super) fn of_tag(tag: u8) -> Option<(Class, u8)> {
        let class = Class::ALL.get(usize::from(tag >> 4))?;
        Some((*class, tag & 15))
    }
}
