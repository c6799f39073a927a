//! Lists that are not asked for now.
//!
//! Three reasons: the list refused us (a pause that grows while it goes on refusing), a rule of
//! the administrator's hit (`dns_block_rule`), or the probes found it dead. Times are handed in.

use super::Name;
use crate::clock::Tick;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The first pause of a list that refuses: SpamAssassin's `dns_block_time`.
const FIRST: Duration = Duration::from_secs(300);
/// The longest.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

/// What holds which lists back.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    /// Is there one? Most servers have none, and need no lock to know.
    any: AtomicBool,
    lists: Mutex<HashMap<Name, Hold>>,
}

#[derive(Debug, Default, PartialEq)]
struct Hold {
    refused: Option<Pause>,
    blocked: Option<Tick>,
    ill: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Pause {
    until: Tick,
    length: Duration,
}

impl Hold {
    fn holds(&self, now: Tick) -> bool {
        self.ill || self.refused.is_some_and(|pause| now < pause.until)
    }
}

impl Pauses {
    /// Must `name` not be asked for? Blocks by rules count only for zones longer than `allowed`
    /// bytes, the domain that a `dns_query_restriction allow` speaks of.
    pub(super) fn hold(&self, name: &Name, allowed: usize, now: Tick) -> bool {
        if !self.any.load(Ordering::Relaxed) {
            return false;
        }
        let lists = self.lock();
        name.and_above().any(|zone| {
            lists.get(zone).is_some_and(|hold| {
                let is_blocked = hold.blocked.is_some_and(|until| now < until);
                hold.holds(now) || (is_blocked && zone.len() > allowed)
            })
        })
    }

    /// A list has refused us. How long it is left alone from now on; `None` if it is already.
    /// Who refuses again as soon as a pause is over is left alone twice as long.
    pub(super) fn refused(&self, zone: &Name, now: Tick) -> Option<Duration> {
        self.change(zone, |hold| {
            let length = match hold.refused {
                Some(pause) if now < pause.until => return None,
                Some(pause) if now < pause.until.plus(pause.length) => {
                    (pause.length * 2).min(LONGEST)
                }
                _ => FIRST,
            };
            hold.refused = Some(Pause { until: now.plus(length), length });
            Some(length)
        })
    }

    /// A rule says that `zone` shall not be asked for so long. False: it is not anyhow.
    pub(super) fn block(&self, zone: &Name, length: Duration, now: Tick) -> bool {
        self.change(zone, |hold| {
            let is_new = hold.blocked.is_none_or(|until| until <= now);
            if is_new {
                hold.blocked = Some(now.plus(length));
            }
            is_new
        })
    }

    /// The probes say that a list is ill, or well. True if that is news.
    pub(super) fn set_ill(&self, zone: &Name, ill: bool) -> bool {
        self.change(zone, |hold| std::mem::replace(&mut hold.ill, ill) != ill)
    }

    fn change<T>(&self, zone: &Name, with: impl FnOnce(&mut Hold) -> T) -> T {
        let mut lists = self.lock();
        let hold = lists.entry(zone.clone()).or_default();
        let told = with(hold);
        if *hold == Hold::default() {
            lists.remove(zone);
        }
        self.any.store(!lists.is_empty(), Ordering::Relaxed);
        told
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Hold>> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[test]
    fn who_goes_on_refusing_is_left_alone_for_longer() {
        let pauses = Pauses::default();
        let (zone, asked) = (name("bl.example"), name("2.0.0.127.bl.example"));
        let mut now = Tick::now();
        assert!(!pauses.hold(&asked, 0, now));
        let mut lengths = Vec::new();
        for _ in 0..9 {
            let length = pauses.refused(&zone, now).unwrap();
            assert!(pauses.hold(&asked, 0, now) && !pauses.hold(&name("bl2.example"), 0, now));
            assert_eq!(pauses.refused(&zone, now), None, "once for all who had asked");
            now = now.plus(length);
            assert!(!pauses.hold(&asked, 0, now));
            lengths.push(length.as_secs());
        }
        assert_eq!(lengths, [300, 600, 1200, 2400, 4800, 9600, 19_200, 21_600, 21_600]);
        // As long again without a refusal, and it is forgotten.
        now = now.plus(LONGEST);
        assert_eq!(pauses.refused(&zone, now), Some(FIRST));
    }

    #[test]
    fn blocks_and_illness_hold_too() {
        let pauses = Pauses::default();
        let now = Tick::now();
        let (zone, asked) = (name("multi.example"), name("x.multi.example"));
        assert!(pauses.block(&zone, FIRST, now) && !pauses.block(&zone, FIRST, now));
        assert!(pauses.hold(&asked, 0, now));
        assert!(pauses.hold(&asked, "example".len(), now));
        assert!(!pauses.hold(&asked, "multi.example".len(), now), "allowed by name");
        assert!(!pauses.hold(&asked, 0, now.plus(FIRST)));
        assert!(pauses.block(&zone, FIRST, now.plus(FIRST)));
        let later = now.plus(3 * FIRST);
        assert!(pauses.set_ill(&zone, true) && !pauses.set_ill(&zone, true));
        assert!(pauses.hold(&asked, 0, later));
        assert!(pauses.set_ill(&zone, false) && !pauses.hold(&asked, 0, later));
        let well = Pauses::default();
        assert!(!well.set_ill(&zone, false) && !well.any.load(Ordering::Relaxed));
    }
}
