//! The engines' working memory: one per scan worker, filled as patterns are used.

use regex_automata::{hybrid, meta};
use std::sync::atomic::{AtomicU64, Ordering};

/// Hands out places in [`Caches`] for the patterns of one rule set.
#[derive(Debug)]
pub struct Ids {
    set: u64,
    next: u32,
}

/// A place in [`Caches`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id {
    set: u64,
    index: u32,
}

impl Ids {
    /// Ids for one more rule set.
    pub fn new() -> Ids {
        static SETS: AtomicU64 = AtomicU64::new(0);
        Ids { set: SETS.fetch_add(1, Ordering::Relaxed), next: 0 }
    }

    pub(super) fn next(&mut self) -> Id {
        self.next += 1;
        Id { set: self.set, index: self.next - 1 }
    }
}

impl Default for Ids {
    fn default() -> Ids {
        Ids::new()
    }
}

/// One thread's working memory for the patterns of one rule set at a time.
///
/// Bounded: what has grown past the bound is dropped and grows anew.
#[derive(Debug, Default)]
pub struct Caches {
    set: Option<u64>,
    slots: Vec<Slot>,
    bytes: usize,
    uses: u32,
}

/// An id's engine has the one or the other.
#[derive(Debug, Default)]
struct Slot {
    meta: Option<Box<meta::Cache>>,
    lazy: Option<Box<hybrid::dfa::Cache>>,
}

/// All caches of one worker together. The stock rules settle near half of it.
const MOST_BYTES: usize = 48 << 20;
/// How many first uses and searches go by between two looks at the size.
const USES_BETWEEN_LOOKS: u32 = 4096;

impl Caches {
    /// Empty caches; nothing is allocated yet.
    pub fn new() -> Caches {
        Caches::default()
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        *self = Caches::default();
    }

    /// About how many bytes are held, as of the last look.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn meta(&mut self, id: Id, regex: &meta::Regex) -> &mut meta::Cache {
        self.slot(id).meta.get_or_insert_with(|| Box::new(regex.create_cache()))
    }

    pub(super) fn lazy(&mut self, id: Id, dfa: &hybrid::dfa::DFA) -> &mut hybrid::dfa::Cache {
        self.slot(id).lazy.get_or_insert_with(|| Box::new(dfa.create_cache()))
    }

    fn slot(&mut self, id: Id) -> &mut Slot {
        if self.set != Some(id.set) {
            self.reset();
            self.set = Some(id.set);
        }
        self.uses += 1;
        if self.uses >= USES_BETWEEN_LOOKS {
            self.look();
        }
        let index = id.index as usize;
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, Slot::default);
        }
        &mut self.slots[index]
    }

    /// Measures, and lets go of everything if it has become too much.
    fn look(&mut self) {
        self.uses = 0;
        self.bytes = self.slots.iter().map(Slot::bytes).sum();
        if self.bytes > MOST_BYTES {
            self.slots.clear();
            self.bytes = 0;
        }
    }
}

impl Slot {
    fn bytes(&self) -> usize {
        let meta = self.meta.as_ref().map_or(0, |cache| cache.memory_usage());
        meta + self.lazy.as_ref().map_or(0, |cache| cache.memory_usage())
    }
}
