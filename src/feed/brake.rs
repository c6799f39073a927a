//! How much one step of a feed may change: a stolen key must not list the world, nor empty a
//! list.
//!
//! A list may grow and shrink by a share of itself in one step, by more the longer the last good
//! state is ago, and by so few entries always that a young feed can grow. What is more needs a
//! second key, or the administrator.

use super::base::Lists;
use super::format::{ListId, Section};
use super::set::Set;
use std::time::Duration;

/// A step that is too large.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} adds {adds} and removes {removals} of {of} entries of the list {}/{:02x}, more than one step may; if its publisher says that this is meant, run `mailprint fp import --accept-outsize`",
    list.algorithm, list.class
)]
pub struct Outsize {
    /// What was fetched.
    pub what: String,
    /// Which list.
    pub list: ListId,
    /// What it adds.
    pub adds: u64,
    /// What it removes.
    pub removals: u64,
    /// What there is.
    pub of: u64,
}

/// How much one step may change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Brake {
    /// So many entries may come to a list and leave it in any case.
    pub always: u64,
    /// The share of a list that may be added.
    pub added: f64,
    /// The share of a list that may be removed.
    pub removed: f64,
    /// The share by which both grow with each day since the last good state.
    pub daily: f64,
}

impl Default for Brake {
    fn default() -> Brake {
        Brake { always: 1000, added: 0.05, removed: 0.2, daily: 0.1 }
    }
}

impl Brake {
    /// May `sections` change `set`, which was good `age` ago?
    pub fn check(
        &self,
        what: &str,
        set: &Set,
        sections: &[Section],
        age: Duration,
    ) -> Result<(), Outsize> {
        let of = |list| set.count(list);
        self.check_counts(what, sections, &of, age)
    }

    /// May `before` become `after`?
    pub fn check_lists(
        &self,
        what: &str,
        before: &Lists,
        sections: &[Section],
        age: Duration,
    ) -> Result<(), Outsize> {
        let of = |list| before.get(&list).map_or(0, |keys| keys.len() as u64);
        self.check_counts(what, sections, &of, age)
    }

    fn check_counts(
        &self,
        what: &str,
        sections: &[Section],
        of: &dyn Fn(ListId) -> u64,
        age: Duration,
    ) -> Result<(), Outsize> {
        let grown = self.daily * age.as_secs_f64() / 86_400.0;
        let most = |share: f64, of: u64| ((share + grown) * of as f64) as u64;
        for section in sections {
            let (list, of) = (section.list, of(section.list));
            let (adds, removals) = (section.adds.len() as u64, section.removals.len() as u64);
            let allowed = adds <= most(self.added, of).max(self.always)
                && removals <= most(self.removed, of).max(self.always);
            if !allowed {
                return Err(Outsize { what: what.to_owned(), list, adds, removals, of });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_feed_change_entries_and_the_shares_hold_at_their_height() {
        let list = ListId { algorithm: 1, class: 9 };
        let brake = Brake::default();
        let check = |of: u64, adds: usize, removals: usize, days: u64| {
            let before = Lists::from([(list, (0..of).collect())]);
            let section = Section { list, adds: vec![0; adds], removals: vec![0; removals] };
            let age = Duration::from_secs(days * 86_400);
            brake.check_lists("d", &before, &[section], age).is_ok()
        };
        assert!(check(0, 1000, 0, 0) && !check(0, 1001, 0, 0), "a young feed");
        assert!(check(100_000, 5000, 0, 0) && !check(100_000, 5001, 0, 0));
        assert!(check(100_000, 0, 20_000, 0) && !check(100_000, 0, 20_001, 0));
        assert!(check(100_000, 15_000, 0, 1) && !check(100_000, 15_001, 0, 1), "a day later");
        assert!(check(900, 0, 900, 0), "a small list may go");
    }
}
