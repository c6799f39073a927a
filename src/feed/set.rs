//! One state of a feed: its lists, and how a delta makes the next state of them.
//!
//! A state is a [`Base`] in a file and what changed since, so that a delta costs what it holds
//! and not what there is. Invariant: a state is what its publisher has, which the set hash says;
//! [`Set::apply`] makes a whole new state or none.

use super::FeedError;
use super::base::{Base, Lists};
use super::format::{File, ListId, Section};
use md5::{Digest, Md5};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

/// The sum of the MD5s of all entries (algorithm, class, key), modulo 2^128.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetHash(u128);

impl SetHash {
    /// With one entry more.
    #[must_use]
    pub fn with(self, list: ListId, key: u64) -> SetHash {
        SetHash(self.0.wrapping_add(entry(list, key)))
    }

    /// With one entry less.
    #[must_use]
    pub fn without(self, list: ListId, key: u64) -> SetHash {
        SetHash(self.0.wrapping_sub(entry(list, key)))
    }

    /// Of all entries of `lists`.
    pub fn of(lists: &Lists) -> SetHash {
        let entries =
            lists.iter().flat_map(|(&list, keys)| keys.iter().map(move |&key| (list, key)));
        entries.fold(SetHash::default(), |hash, (list, key)| hash.with(list, key))
    }

    /// As files have it.
    pub fn bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    /// As files have it.
    pub fn of_bytes(bytes: [u8; 16]) -> SetHash {
        SetHash(u128::from_le_bytes(bytes))
    }
}

fn entry(list: ListId, key: u64) -> u128 {
    let mut hash = Md5::new();
    hash.update([list.algorithm, list.class]);
    hash.update(key.to_le_bytes());
    u128::from_le_bytes(hash.finalize().into())
}

/// A key that came to a list or left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which list.
    pub list: ListId,
    /// Which key.
    pub key: u64,
    /// Is it there now?
    pub is_added: bool,
}

/// One state.
#[derive(Clone, Debug, Default)]
pub struct Set {
    base: Arc<Base>,
    changed: BTreeMap<ListId, Changed>,
    hash: SetHash,
    entries: u64,
    epoch: u32,
    seq: u64,
}

/// What changed of one list since the base.
#[derive(Clone, Debug, Default)]
struct Changed {
    /// Places in the base whose keys are gone.
    gone: BTreeSet<u64>,
    /// Keys that the base has not, each with the number of the base's keys below it.
    fresh: BTreeMap<u64, u64>,
}

/// A key as it was found by its place.
enum Found {
    InBase(u64, u64),
    Fresh(u64),
}

impl Found {
    fn key(&self) -> u64 {
        match *self {
            Found::InBase(_, key) | Found::Fresh(key) => key,
        }
    }
}

impl Set {
    /// The state that `base` is, which has this hash.
    pub fn of_base(base: Base, hash: SetHash) -> Set {
        let entries = base.ids().map(|list| base.count(list)).sum();
        let (epoch, seq) = (base.epoch, base.seq);
        Set { base: Arc::new(base), changed: BTreeMap::new(), hash, entries, epoch, seq }
    }

    /// Counted by the publisher each time that it begins anew.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Counted by the publisher at each change; 0 for nothing at all.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The set hash.
    pub fn hash(&self) -> SetHash {
        self.hash
    }

    /// Entries of all lists.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Entries of one list.
    pub fn count(&self, list: ListId) -> u64 {
        let (fresh, gone) = self
            .changed
            .get(&list)
            .map_or((0, 0), |changed| (changed.fresh.len(), changed.gone.len()));
        (self.base.count(list) + fresh as u64).saturating_sub(gone as u64)
    }

    /// Entries that are not as the base has them: what it is worth to write a new base.
    pub fn drift(&self) -> usize {
        self.changed.values().map(|changed| changed.gone.len() + changed.fresh.len()).sum()
    }

    /// The state that the delta `file` makes of this one, and each step to it. `what` names the
    /// file in errors.
    pub fn apply(&self, file: &File, what: &str) -> Result<(Set, Vec<Step>), FeedError> {
        let unfit = |why| FeedError::Unfit { what: what.to_owned(), why };
        if (file.epoch, file.from) != (self.epoch, self.seq) {
            return Err(FeedError::Gap {
                what: what.to_owned(),
                from: file.from,
                to: file.to,
                have: self.seq,
                want: file.to,
            });
        }
        let mut next = self.clone();
        let mut steps = Vec::new();
        for section in &file.sections {
            next.take(section, &mut steps).map_err(|fault| match fault {
                Fault::Unfit(why) => unfit(why),
                Fault::Io(why) => FeedError::disk(what.as_ref(), why),
            })?;
        }
        for step in &steps {
            next.hash = match step.is_added {
                true => next.hash.with(step.list, step.key),
                false => next.hash.without(step.list, step.key),
            };
        }
        if next.hash.bytes() != file.set_hash_after {
            return Err(unfit("its set hash is another"));
        }
        next.seq = file.to;
        Ok((next, steps))
    }

    fn take(&mut self, section: &Section, steps: &mut Vec<Step>) -> Result<(), Fault> {
        let list = section.list;
        let found = self.find(list, &section.removals)?;
        let base = Arc::clone(&self.base);
        let changed = self.changed.entry(list).or_default();
        for one in &found {
            let was_there = match *one {
                Found::InBase(place, _) => changed.gone.insert(place),
                Found::Fresh(key) => changed.fresh.remove(&key).is_some(),
            };
            if !was_there {
                return Err(Fault::Unfit("a key is removed twice"));
            }
            steps.push(Step { list, key: one.key(), is_added: false });
        }
        for &key in &section.adds {
            let is_new = match base.position(list, key)? {
                (place, true) => changed.gone.remove(&place),
                (place, false) => changed.fresh.insert(key, place).is_none(),
            };
            if !is_new {
                return Err(Fault::Unfit("a key is added that is there"));
            }
            steps.push(Step { list, key, is_added: true });
        }
        self.entries = (self.entries + section.adds.len() as u64)
            .checked_sub(found.len() as u64)
            .ok_or(Fault::Unfit("more is removed than there is"))?;
        Ok(())
    }

    /// The keys at `places` of `list`, which ascend. Steps over what changed, not over the base.
    fn find(&self, list: ListId, places: &[u64]) -> Result<Vec<Found>, Fault> {
        let none = Changed::default();
        let changed = self.changed.get(&list).unwrap_or(&none);
        let mut gone = changed.gone.iter().copied().peekable();
        let mut fresh = changed.fresh.iter().peekable();
        let count = self.base.count(list);
        // The base's next key, and its place in the list.
        let (mut below, mut at) = (0u64, 0u64);
        let mut found = Vec::with_capacity(places.len());
        for &place in places {
            loop {
                let next_gone = gone.peek().copied().unwrap_or(count);
                let next_fresh = fresh.peek().map_or(count, |(_, below)| **below);
                let run = next_gone.min(next_fresh) - below;
                if place < at + run {
                    let in_base = below + (place - at);
                    let key = self.base.key(list, in_base)?;
                    let key = key.ok_or(Fault::Unfit("a place is outside of its list"))?;
                    found.push(Found::InBase(in_base, key));
                    break;
                }
                (at, below) = (at + run, below + run);
                // Keys that came stand before the base's key at their place.
                if let Some(key) = fresh.peek().map(|(key, _)| **key)
                    && next_fresh <= next_gone
                {
                    if place == at {
                        found.push(Found::Fresh(key));
                        break;
                    }
                    fresh.next();
                    at += 1;
                } else if gone.next().is_some() {
                    below += 1;
                } else {
                    return Err(Fault::Unfit("a place is outside of its list"));
                }
            }
        }
        Ok(found)
    }

    /// All lists as they are.
    pub fn lists(&self) -> io::Result<Lists> {
        let ids: BTreeSet<ListId> = self.base.ids().chain(self.changed.keys().copied()).collect();
        let mut lists = Lists::new();
        for list in ids {
            let keys = self.keys(list)?;
            if !keys.is_empty() {
                lists.insert(list, keys);
            }
        }
        Ok(lists)
    }

    fn keys(&self, list: ListId) -> io::Result<Vec<u64>> {
        let mut keys = self.base.read(list, 0, u64::MAX)?;
        let Some(changed) = self.changed.get(&list) else { return Ok(keys) };
        let mut gone = changed.gone.iter().copied().peekable();
        let mut place = 0;
        keys.retain(|_| {
            place += 1;
            gone.next_if_eq(&(place - 1)).is_none()
        });
        keys.extend(changed.fresh.keys());
        // Two runs that ascend: sort finds them.
        keys.sort();
        Ok(keys)
    }
}

enum Fault {
    Unfit(&'static str),
    Io(io::Error),
}

impl From<io::Error> for Fault {
    fn from(why: io::Error) -> Fault {
        Fault::Io(why)
    }
}

/// What changes from `before` to `after`, list by list.
pub fn difference(before: &Lists, after: &Lists) -> Vec<Section> {
    let ids: BTreeSet<ListId> = before.keys().chain(after.keys()).copied().collect();
    let none = Vec::new();
    let sections = ids.into_iter().map(|list| {
        let (old, new) = (before.get(&list).unwrap_or(&none), after.get(&list).unwrap_or(&none));
        let mut section = Section { list, ..Section::default() };
        let mut rest = new.iter().copied().peekable();
        for (place, &key) in old.iter().enumerate() {
            section.adds.extend(std::iter::from_fn(|| rest.next_if(|&new| new < key)));
            if rest.next_if_eq(&key).is_none() {
                section.removals.push(place as u64);
            }
        }
        section.adds.extend(rest);
        section
    });
    sections.filter(|section| !section.adds.is_empty() || !section.removals.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::format::Kind;
    use super::*;
    use proptest::prelude::*;

    const LISTS: [ListId; 2] =
        [ListId { algorithm: 1, class: 9 }, ListId { algorithm: 2, class: 0x1f }];

    fn delta(from: u64, before: &Lists, after: &Lists) -> File {
        let sections = difference(before, after);
        let set_hash_after = SetHash::of(after).bytes();
        File { kind: Kind::Delta, epoch: 0, from, to: from + 1, set_hash_after, sections }
    }

    fn lists(all: &[Vec<u64>]) -> Lists {
        let sorted = all.iter().map(|keys| {
            let keys: BTreeSet<u64> = keys.iter().copied().collect();
            keys.into_iter().collect::<Vec<_>>()
        });
        LISTS.into_iter().zip(sorted).filter(|(_, keys)| !keys.is_empty()).collect()
    }

    fn based(lists: &Lists) -> Set {
        static NUMBER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("mailprint-set-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        Base::write(&path, 0, 0, lists).unwrap();
        let base = Base::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        Set::of_base(base, SetHash::of(lists))
    }

    #[test]
    fn what_does_not_fit_is_refused_and_changes_nothing() {
        let old = lists(&[vec![1, 5, 9], vec![]]);
        let set = based(&old);
        let refused = |change: &dyn Fn(&mut File)| {
            let mut file = delta(0, &old, &lists(&[vec![1, 6], vec![7]]));
            change(&mut file);
            set.apply(&file, "d").map(drop).unwrap_err().to_string()
        };
        assert!(refused(&|file| file.from = 1).contains("leads from 1"));
        assert!(refused(&|file| file.epoch = 1).contains("leads from"));
        assert!(refused(&|file| file.set_hash_after[3] ^= 1).contains("hash"));
        assert!(refused(&|file| file.sections[0].adds = vec![1, 6]).contains("that is there"));
        assert!(refused(&|file| file.sections[0].removals = vec![2, 3]).contains("outside"));
        assert!(refused(&|file| file.sections[1].removals = vec![0]).contains("outside"));
        assert_eq!((set.entries(), set.lists().unwrap()), (3, old));
    }

    proptest! {
        #[test]
        fn deltas_lead_where_their_publisher_went(
            states in prop::collection::vec(
                prop::collection::vec(prop::collection::vec(0u64..60, 0..40), 2..3), 1..8),
        ) {
            let states: Vec<Lists> = states.iter().map(|state| lists(state)).collect();
            let mut set = based(&states[0]);
            for (at, pair) in states.windows(2).enumerate() {
                let file = delta(at as u64, &pair[0], &pair[1]);
                let (next, steps) = set.apply(&file, "d").unwrap();
                prop_assert_eq!(next.lists().unwrap(), pair[1].clone());
                let count: usize = pair[1].values().map(Vec::len).sum();
                prop_assert_eq!(next.entries(), count as u64);
                for list in LISTS {
                    let count = pair[1].get(&list).map_or(0, Vec::len);
                    prop_assert_eq!(next.count(list), count as u64);
                }
                let changed: usize =
                    file.sections.iter().map(|s| s.adds.len() + s.removals.len()).sum();
                prop_assert_eq!(steps.len(), changed);
                set = next;
            }
        }
    }
}
