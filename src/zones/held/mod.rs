//! The lists that are held in memory, as messages ask them and as they are kept fresh.
//!
//! [`Held`] answers questions about names within its lists, at once and without the network.
//! Each list's copy is swapped whole by a [`Keeper`], which fetches, looks at ([`guards`]) and
//! keeps it on disk ([`store`]) away from where messages are scanned. Invariant: what answers is
//! the last copy that nothing was found wrong with, and what is on disk is that copy.
//!
//! A list without a copy, or with one that is twice as old as it may be, answers nothing; nobody
//! else is asked in its place.

pub mod build;
mod canaries;
mod guards;
mod refresh;
mod sketch;
mod status;
mod store;
mod wanted;

pub use canaries::{BUILT_IN, Canary};
pub use guards::{Bounds, Refusal};
pub use refresh::{Keeper, Looked, Notices, Shared, Trouble};
pub use status::{Row, Status};
pub use store::Store;
pub use wanted::{Part, Wanted};

use super::{Zone, name};
use crate::dns::{Failure, Name, Outcome, Question, Reply};
use crate::metrics::zones::OfList;
use arc_swap::ArcSwapOption;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// What tells the seconds since 1970.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// All lists that are held. Shared by everybody who asks.
pub struct Held {
    lists: HashMap<Name, Arc<List>>,
    clock: Clock,
    no_name: Arc<Reply>,
}

/// One list: its copy, and what is counted of it.
pub struct List {
    name: Name,
    copy: ArcSwapOption<Zone>,
    /// When its source last said that the copy is current, or a local file was written.
    confirmed: AtomicI64,
    /// Seconds that a copy counts in full; 0 for ever.
    max_age: i64,
    questions: AtomicU64,
    hits: AtomicU64,
    metrics: OfList,
}

impl Held {
    /// Lists of these names, with the age from which each counts less, still without copies.
    pub fn new(
        lists: impl IntoIterator<Item = (Name, i64)>,
        metrics: &crate::metrics::zones::Zones,
        clock: Clock,
    ) -> Held {
        let list = |(name, max_age): (Name, i64)| {
            let metrics = metrics.of(&name.to_string());
            (name.clone(), Arc::new(List::new(name, max_age, metrics)))
        };
        let no_name = Arc::new(Reply { code: Reply::NO_NAME, answers: Vec::new() });
        Held { lists: lists.into_iter().map(list).collect(), clock, no_name }
    }

    /// The answer of the list that the question's name is in, of several the longest; `None`
    /// where there is no such list.
    pub fn answer(&self, question: &Question) -> Option<Outcome> {
        let list = question.name.and_above().find_map(|domain| self.lists.get(domain))?;
        Some(list.answer(question, (self.clock)(), &self.no_name))
    }

    /// Is there a list that `name` is in?
    pub fn has(&self, name: &Name) -> bool {
        name.and_above().any(|domain| self.lists.contains_key(domain))
    }

    /// What a hit of this list counts now: 1 for whole, 0 for nothing.
    pub fn weight(&self, name: &Name) -> f64 {
        self.lists.get(name).map_or(1.0, |list| list.weight((self.clock)()))
    }

    /// The list of this name.
    pub fn list(&self, name: &Name) -> Option<&Arc<List>> {
        self.lists.get(name)
    }

    /// The lists, in no order.
    pub fn lists(&self) -> impl Iterator<Item = &Arc<List>> {
        self.lists.values()
    }

    /// Seconds since 1970.
    pub fn now(&self) -> i64 {
        (self.clock)()
    }
}

impl List {
    fn new(name: Name, max_age: i64, metrics: OfList) -> List {
        List {
            name,
            copy: ArcSwapOption::empty(),
            confirmed: AtomicI64::new(0),
            max_age,
            questions: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            metrics,
        }
    }

    /// Its name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The copy that answers.
    pub fn copy(&self) -> Option<Arc<Zone>> {
        self.copy.load_full()
    }

    /// Questions that it has answered, and how many of them with a listing.
    pub fn counts(&self) -> (u64, u64) {
        (self.questions.load(Ordering::Relaxed), self.hits.load(Ordering::Relaxed))
    }

    /// Seconds since the copy was current.
    pub fn age(&self, now: i64) -> i64 {
        now.saturating_sub(self.confirmed.load(Ordering::Relaxed)).max(0)
    }

    /// What a hit counts: 1 up to the maximum age, then linearly less, 0 at twice of it.
    pub fn weight(&self, now: i64) -> f64 {
        weight(self.age(now), self.max_age)
    }

    fn answer(&self, question: &Question, now: i64, no_name: &Arc<Reply>) -> Outcome {
        let copy = self.copy.load();
        let Some(zone) = copy.as_ref().filter(|_| self.weight(now) > 0.0) else {
            return Err(Failure::Paused);
        };
        self.questions.fetch_add(1, Ordering::Relaxed);
        if is_missed(zone, question, now) {
            return Ok(Arc::clone(no_name));
        }
        let reply = zone.answer(question, now);
        if !reply.answers.is_empty() {
            self.hits.fetch_add(1, Ordering::Relaxed);
        }
        Ok(Arc::new(reply))
    }

    /// Puts a copy in the place of the one that answers.
    fn swap(&self, zone: Zone, confirmed: i64) {
        self.confirmed.store(confirmed, Ordering::Relaxed);
        self.copy.store(Some(Arc::new(zone)));
    }

    fn confirm(&self, confirmed: i64) {
        self.confirmed.store(confirmed, Ordering::Relaxed);
    }

    /// Brings what is shown of it up to date.
    fn show(&self, now: i64) {
        let (records, memory) = self.copy().map_or((0, 0), |zone| (zone.records(), zone.memory()));
        let (questions, hits) = self.counts();
        let age = if self.copy.load().is_some() { self.age(now) } else { -1 };
        self.metrics.show(records, memory, age, self.weight(now), (questions, hits));
    }
}

/// Is there nothing of this name, for sure? So it is for most questions, and they shall cost
/// nothing.
fn is_missed(zone: &Zone, question: &Question, now: i64) -> bool {
    let has_expired = zone.expires().is_some_and(|expires| now >= expires);
    let name = question.name.as_bytes();
    let relative =
        name.strip_suffix(zone.name().as_bytes()).and_then(|name| name.strip_suffix(b"."));
    // A backslash means something where names are read.
    let is_plain = !has_expired && !name.contains(&b'\\');
    let relative = relative.filter(|_| is_plain).and_then(name::from_text);
    relative.is_some_and(|relative| !zone.look_up(&relative, |_| {}))
}

fn weight(age: i64, max_age: i64) -> f64 {
    if max_age <= 0 || age <= max_age {
        return 1.0;
    }
    (1.0 - (age - max_age) as f64 / max_age as f64).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_counts_in_full_up_to_its_age_and_nothing_at_twice_of_it() {
        let cases = [(0, 1.0), (100, 1.0), (125, 0.75), (150, 0.5), (200, 0.0), (9000, 0.0)];
        for (age, expected) in cases {
            assert_eq!(weight(age, 100), expected, "{age}");
        }
        assert_eq!(weight(i64::MAX, 0), 1.0);
    }
}
