//! The set of known fingerprints, in memory.
//!
//! A [`Source`] (what was learned here, a feed) is an immutable, memory-mapped [`Snapshot`] and
//! an [`Overlay`] of what changed since. [`Sets`] are all sources with what the administrator
//! has struck from them, and [`Live`] is the place where `Sets` are swapped whole while messages
//! are looked at.
//!
//! In: lists of keys per (algorithm, class, weight). Out: [`Listed`]. Invariant: a `Sets` never
//! changes, so one message sees one state.

pub mod file;
pub mod lists;
pub mod overlay;
pub mod snapshot;

pub use lists::{List, Lists};
pub use overlay::{Change, Overlay};
pub use snapshot::{Snapshot, SnapshotError, Stamp};

use super::{Algorithm, Class, Family, Known, Listed};
use arc_swap::ArcSwap;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Where fingerprints are known from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Lessons given here.
    Local,
    /// A feed, by its name.
    Feed(Box<str>),
}

/// What one origin knows. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// What was known when it was last written down.
    pub snapshot: Option<Arc<Snapshot>>,
    /// What changed since.
    pub overlay: Arc<Overlay>,
    /// What is left of each bad weight, for a source that has grown old.
    pub fade: Fade,
}

/// What an old source keeps of its weights, in 256ths. What takes weight away stays whole, so
/// that an old source never blocks more than a fresh one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fade {
    /// Of what changes with each campaign: texts, pictures, how a message is built.
    pub passing: u16,
    /// Of what senders use for longer: links, contacts, files.
    pub lasting: u16,
}

impl Default for Fade {
    /// All of it.
    fn default() -> Fade {
        Fade { passing: 256, lasting: 256 }
    }
}

impl Fade {
    fn of(self, family: Family, class: Class, weight: u8) -> u8 {
        let kept = match family {
            _ if class == Class::Ham => 256,
            Family::Text | Family::Structure | Family::Image => self.passing,
            Family::Link | Family::Contact | Family::Attachment => self.lasting,
        };
        u8::try_from(u32::from(weight) * u32::from(kept) / 256).unwrap_or(weight)
    }
}

impl Source {
    /// A source that is what `snapshot` says.
    pub fn new(snapshot: Snapshot) -> Source {
        Source { snapshot: Some(Arc::new(snapshot)), ..Source::default() }
    }

    /// The same with `changes`. What is known to lookers-on stays as it is.
    #[must_use]
    pub fn changed(&self, changes: &[Change]) -> Source {
        let mut overlay = (*self.overlay).clone();
        for change in changes {
            match *change {
                Change::Print { algorithm, key, listed } => overlay.put(algorithm, key, listed),
                Change::Phrase { phrase, common } => overlay.put_phrase(phrase, common),
            }
        }
        Source { overlay: Arc::new(overlay), ..self.clone() }
    }

    /// What `key` is known as here, before it fades.
    pub fn listed(&self, algorithm: Algorithm, key: u64) -> Listed {
        self.overlay
            .get(algorithm, key)
            .or_else(|| Some(self.snapshot.as_ref()?.listed(algorithm, key)))
            .unwrap_or_default()
    }

    /// All keys by what they are listed as, before it fades; phrases are left out.
    pub fn lists(&self) -> Lists {
        let mut lists = self.snapshot.as_ref().map(|known| known.lists()).unwrap_or_default();
        lists.phrases.clear();
        let prints = self.overlay.changes().filter_map(|change| match change {
            Change::Print { algorithm, key, listed } => Some(((algorithm, key), listed)),
            Change::Phrase { .. } => None,
        });
        let changed: HashMap<_, _> = prints.collect();
        for (list, keys) in &mut lists.prints {
            keys.retain(|key| !changed.contains_key(&(list.algorithm, *key)));
        }
        for ((algorithm, key), listed) in changed {
            for class in Class::ALL {
                let weight = listed.weight(class);
                if weight > 0 {
                    lists.push(List { algorithm, class, weight }, key);
                }
            }
        }
        lists.prints.retain(|_, keys| !keys.is_empty());
        lists.sort();
        lists
    }

    /// Is this phrase common in wanted mail?
    pub fn is_common(&self, phrase: u64) -> bool {
        let below = || self.snapshot.as_ref().is_some_and(|known| known.is_common(phrase));
        self.overlay.is_common(phrase).unwrap_or_else(below)
    }
}

/// All that is known, at one moment.
#[derive(Clone, Debug, Default)]
pub struct Sets {
    sources: BTreeMap<Origin, Source>,
    /// What the administrator has taken off all lists.
    delisted: Arc<HashSet<(Algorithm, u64)>>,
}

impl Sets {
    /// The source called `origin`.
    pub fn source(&self, origin: &Origin) -> Option<&Source> {
        self.sources.get(origin)
    }

    /// All sources with their names.
    pub fn sources(&self) -> impl Iterator<Item = (&Origin, &Source)> {
        self.sources.iter()
    }

    /// The same with `source` in the place of what `origin` was.
    #[must_use]
    pub fn with(&self, origin: Origin, source: Source) -> Sets {
        let mut sets = self.clone();
        sets.sources.insert(origin, source);
        sets
    }

    /// The same with these fingerprints struck from all sources.
    #[must_use]
    pub fn without(&self, delisted: HashSet<(Algorithm, u64)>) -> Sets {
        Sets { delisted: Arc::new(delisted), ..self.clone() }
    }

    /// Is nothing known at all?
    pub fn is_empty(&self) -> bool {
        self.sources.values().all(|source| source.snapshot.is_none() && source.overlay.is_empty())
    }

    /// Has the administrator struck it from all sources?
    pub fn is_delisted(&self, algorithm: Algorithm, key: u64) -> bool {
        !self.delisted.is_empty() && self.delisted.contains(&(algorithm, key))
    }
}

impl Known for Sets {
    fn listed(&self, algorithm: Algorithm, key: u64) -> Listed {
        if self.is_delisted(algorithm, key) {
            return Listed::default();
        }
        let mut merged = Listed::default();
        for source in self.sources.values() {
            let listed = source.listed(algorithm, key);
            if !listed.is_listed() {
                continue;
            }
            for class in Class::ALL {
                let weight = source.fade.of(algorithm.family(), class, listed.weight(class));
                if weight > merged.weight(class) {
                    merged = merged.with(class, weight);
                }
            }
        }
        merged
    }

    fn is_common(&self, phrase: u64) -> bool {
        self.sources.values().any(|source| source.is_common(phrase))
    }
}

/// Where the sets in force are. Readers never wait; writers take turns.
#[derive(Debug, Default)]
pub struct Live {
    sets: ArcSwap<Sets>,
    turn: Mutex<()>,
}

impl Live {
    /// The sets in force now.
    pub fn load(&self) -> Arc<Sets> {
        self.sets.load_full()
    }

    /// Puts what `change` makes of the sets in their place.
    pub fn update(&self, change: impl FnOnce(&Sets) -> Sets) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&self.sets.load());
        self.sets.store(Arc::new(changed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(key: u64, class: Class, weight: u8) -> Change {
        let listed = Listed::default().with(class, weight);
        Change::Print { algorithm: Algorithm::TextExact, key, listed }
    }

    #[test]
    fn the_heaviest_source_counts_and_what_is_struck_does_not() {
        let local =
            Source::default().changed(&[change(1, Class::Spam, 3), change(2, Class::Ham, 1)]);
        let mut feed = Source::default().changed(&[change(1, Class::Spam, 9)]);
        let sets = Sets::default().with(Origin::Local, local);
        let both = sets.with(Origin::Feed("f".into()), feed.clone());
        let weight = |sets: &Sets, key, class| sets.listed(Algorithm::TextExact, key).weight(class);
        assert_eq!((weight(&sets, 1, Class::Spam), weight(&both, 1, Class::Spam)), (3, 9));
        assert_eq!(weight(&both, 2, Class::Ham), 1);
        feed.fade = Fade { passing: 16, lasting: 256 };
        let old = sets.with(Origin::Feed("f".into()), feed);
        assert_eq!(weight(&old, 1, Class::Spam), 3, "a source that fades weighs less");
        let struck = both.without(HashSet::from([(Algorithm::TextExact, 1)]));
        assert_eq!(weight(&struck, 1, Class::Spam), 0);
    }

    #[test]
    fn the_lists_of_a_source_are_its_snapshots_with_what_changed_since() {
        let first =
            [change(1, Class::Spam, 3), change(2, Class::Ham, 1), change(3, Class::Bulk, 2)];
        let lists = Source::default().changed(&first).lists();
        assert_eq!(lists.len(), 3);
        let snapshot = Snapshot::of_bytes(Snapshot::encode(&lists, Stamp::default())).unwrap();
        let source = Source::new(snapshot);
        let later = [change(1, Class::Phish, 4), change(2, Class::Ham, 0)];
        let lists = source.changed(&later).lists();
        let list = |class, weight| List { algorithm: Algorithm::TextExact, class, weight };
        let expected = [(list(Class::Phish, 4), vec![1]), (list(Class::Bulk, 2), vec![3])];
        assert_eq!(lists.prints, BTreeMap::from(expected));
    }

    #[test]
    fn a_phrase_is_common_where_one_source_says_so() {
        let phrase = |phrase, common| Change::Phrase { phrase, common };
        let local =
            Source::default().changed(&[phrase(1, true), phrase(2, true), phrase(2, false)]);
        let sets = Sets::default().with(Origin::Local, local);
        assert!(sets.is_common(1) && !sets.is_common(2) && !sets.is_common(3));
    }

    #[test]
    fn who_has_loaded_sets_keeps_them_while_others_change_them() {
        let live = Live::default();
        let before = live.load();
        let source = before.source(&Origin::Local).cloned().unwrap_or_default();
        live.update(|sets| {
            sets.with(Origin::Local, source.changed(&[change(7, Class::Phish, 15)]))
        });
        assert!(before.is_empty() && !live.load().is_empty());
        assert_eq!(live.load().listed(Algorithm::TextExact, 7).weight(Class::Phish), 15);
    }
}
