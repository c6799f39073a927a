//! How long a message waits for answers (`rbl_timeout`; SpamAssassin::AsyncLoop).
//!
//! A question is given `most` seconds. As more of a message's questions are answered, the rest is
//! given less, down to `least`: with the share r of answered questions, most - (most - least) r².
//! Nobody is given up alone: while one question has time left, all others go on.

use super::Name;
use crate::clock::Tick;
use std::collections::HashMap;
use std::time::Duration;

/// How long answers are waited for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patience {
    /// Where no zone has its own.
    pub usual: Wait,
    by_zone: HashMap<Name, Wait>,
}

/// How long one answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// While all others are outstanding too.
    pub most: Duration,
    /// When all others are there.
    pub least: Duration,
}

impl Default for Wait {
    fn default() -> Wait {
        Wait::new(15.0, None)
    }
}

impl Wait {
    /// `rbl_timeout most [least]`, in seconds. `least` is a fifth of `most` where it is not said.
    pub fn new(most: f64, least: Option<f64>) -> Wait {
        let seconds = |number: f64| Duration::try_from_secs_f64(number.max(0.0)).unwrap_or(DAY);
        let most = seconds(most).min(DAY);
        let least = least.map_or(most / 5, seconds).min(DAY);
        Wait { most: most.max(least), least }
    }

    /// What it is when `share` of the questions is answered.
    fn shrunk(self, share: f64) -> Duration {
        self.most - (self.most - self.least).mul_f64(share * share)
    }
}

/// Nothing is waited for any longer.
const DAY: Duration = Duration::from_secs(86_400);

impl Patience {
    /// For names within `zone`.
    pub fn put(&mut self, zone: Name, wait: Wait) {
        self.by_zone.insert(zone, wait);
    }

    /// How long an answer about `name` is waited for: the longest zone decides.
    pub fn of(&self, name: &Name) -> Wait {
        if self.by_zone.is_empty() {
            return self.usual;
        }
        let own = name.and_above().find_map(|zone| self.by_zone.get(zone));
        own.copied().unwrap_or(self.usual)
    }

    /// The longest that any answer is waited for.
    pub fn longest(&self) -> Duration {
        let all = self.by_zone.values().chain([&self.usual]);
        all.map(|wait| wait.most).max().unwrap_or_default()
    }
}

/// What one message waits for.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    started: u32,
    answered: u32,
    outstanding: HashMap<u32, (Tick, Wait)>,
}

impl Waiting {
    /// Is nothing outstanding?
    pub(super) fn is_idle(&self) -> bool {
        self.outstanding.is_empty()
    }

    /// A question has been sent; the number is for [`Waiting::end`].
    pub(super) fn begin(&mut self, now: Tick, wait: Wait) -> u32 {
        self.started += 1;
        self.outstanding.insert(self.started, (now, wait));
        self.started
    }

    /// Nothing more is waited for by this question.
    pub(super) fn end(&mut self, number: u32, answered: bool) {
        if self.outstanding.remove(&number).is_some() && answered {
            self.answered += 1;
        }
    }

    /// All that is outstanding is given up.
    pub(super) fn give_up(&mut self) {
        self.outstanding.clear();
    }

    /// A question was answered at once.
    pub(super) fn answered_at_once(&mut self) {
        self.started += 1;
        self.answered += 1;
    }

    /// When all that is outstanding will be given up, as things are; `None`: nothing is.
    pub(super) fn until(&self) -> Option<Tick> {
        let share = f64::from(self.answered) / f64::from(self.started.max(1));
        let ends = self.outstanding.values().map(|(begun, wait)| begun.plus(wait.shrunk(share)));
        ends.max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_wait_has_an_order_and_an_end() {
        assert_eq!(Wait::default(), Wait { most: ms(15_000), least: ms(3_000) });
        assert_eq!(Wait::new(5.0, Some(8.0)), Wait { most: ms(8_000), least: ms(8_000) });
        assert_eq!(Wait::new(-1.0, None), Wait { most: ms(0), least: ms(0) });
        assert_eq!(Wait::new(f64::INFINITY, Some(f64::NAN)).most, DAY);
    }

    #[test]
    fn the_longest_zone_decides() {
        let name = |text: &str| Name::new(text).unwrap();
        let mut patience = Patience::default();
        patience.put(name("example"), Wait::new(10.0, None));
        patience.put(name("slow.example"), Wait::new(30.0, Some(20.0)));
        assert_eq!(patience.of(&name("2.0.0.127.slow.example")).least, ms(20_000));
        assert_eq!(patience.of(&name("x.example")).most, ms(10_000));
        assert_eq!(patience.of(&name("x.org")).most, ms(15_000));
        assert_eq!(patience.longest(), ms(30_000));
    }

    #[test]
    fn the_rest_is_given_less_as_answers_come() {
        let start = Tick::now();
        let mut waiting = Waiting::default();
        assert_eq!(waiting.until(), None);
        let numbers: Vec<u32> =
            (0..4).map(|_| waiting.begin(start, Wait::new(15.0, Some(3.0)))).collect();
        assert_eq!(waiting.until(), Some(start.plus(ms(15_000))));
        let mut left = Vec::new();
        for number in &numbers[..3] {
            waiting.end(*number, true);
            left.push(waiting.until());
        }
        // 15 - 12 r²
        let expected = [14_250, 12_000, 8_250].map(|at| Some(start.plus(ms(at))));
        assert_eq!(left, expected);
        // Who answers at once counts too; who is given up does not.
        (0..4).for_each(|_| waiting.answered_at_once());
        assert_eq!(waiting.until(), Some(start.plus(Duration::from_secs_f64(5.8125))));
        waiting.end(numbers[3], false);
        waiting.end(numbers[3], true);
        assert_eq!(waiting.until(), None);
        assert_eq!(waiting.answered, 7);
    }

    #[test]
    fn nobody_is_given_up_while_another_has_time() {
        let start = Tick::now();
        let mut waiting = Waiting::default();
        waiting.begin(start, Wait::new(1.0, None));
        waiting.begin(start.plus(ms(500)), Wait::new(2.0, None));
        assert_eq!(waiting.until(), Some(start.plus(ms(2_500))));
    }
}
