//! When to ask again.
//!
//! In: how asking went, and the moment. Out: the next moment. Invariant: between two times is
//! never less than the server wants, nor, when all goes well, more than the interval.

use crate::clock::Tick;
use std::time::Duration;

/// How often something is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// From one time to the next, when all goes well.
    pub interval: Duration,
    /// Up to so much of the interval, from 0 to 1, is taken away at random, so that not all who
    /// ask come at once; never is it longer.
    pub jitter: f64,
    /// Each failure doubles the interval up to here.
    pub back_off_to: Duration,
}

impl Plan {
    /// Every `interval`, up to a tenth earlier; after failures up to `back_off_to`.
    pub fn every(interval: Duration, back_off_to: Duration) -> Plan {
        Plan { interval, jitter: 0.1, back_off_to: back_off_to.max(interval) }
    }
}

/// When one thing is asked for.
#[derive(Clone, Debug)]
pub struct Schedule {
    plan: Plan,
    failures: u32,
    next: Tick,
    /// From 0 to 1.
    chance: fn() -> f64,
}

impl Schedule {
    /// At once.
    pub fn new(plan: Plan, now: Tick) -> Schedule {
        Schedule { plan, failures: 0, next: now, chance: rand::random::<f64> }
    }

    /// The same, with another source of chance: from 0 to 1.
    #[must_use]
    pub fn with_chance(mut self, chance: fn() -> f64) -> Schedule {
        self.chance = chance;
        self
    }

    /// The first time not at once but somewhere within the interval: who has many sources, or
    /// is one of many who start together.
    #[must_use]
    pub fn somewhen(mut self, now: Tick) -> Schedule {
        self.next = now.plus(self.plan.interval.mul_f64((self.chance)().clamp(0.0, 1.0)));
        self
    }

    /// The next moment to ask.
    pub fn next(&self) -> Tick {
        self.next
    }

    /// Is it time?
    pub fn is_due(&self, now: Tick) -> bool {
        now >= self.next
    }

    /// How long until it is time.
    pub fn wait(&self, now: Tick) -> Duration {
        self.next.since(now)
    }

    /// Failures since the last success.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// It went well, and the server wants to be left alone for `least`.
    pub fn succeeded(&mut self, now: Tick, least: Option<Duration>) {
        self.failures = 0;
        self.plan_next(now, self.plan.interval, least);
    }

    /// It did not, and the server wants to be left alone for `least`.
    pub fn failed(&mut self, now: Tick, least: Option<Duration>) {
        let doubled = 2u32.saturating_pow(self.failures.min(31));
        let pause = self.plan.interval.saturating_mul(doubled).min(self.plan.back_off_to);
        self.failures = self.failures.saturating_add(1);
        self.plan_next(now, pause, least);
    }

    /// Asks at once, whatever was planned: somebody wants it.
    pub fn hurry(&mut self, now: Tick) {
        self.next = now;
    }

    fn plan_next(&mut self, now: Tick, pause: Duration, least: Option<Duration>) {
        let jitter = self.plan.jitter.clamp(0.0, 1.0);
        let factor = 1.0 - jitter * (self.chance)().clamp(0.0, 1.0);
        let pause = pause.min(YEAR).mul_f64(factor);
        self.next = now.plus(pause.max(least.unwrap_or_default().min(LEFT_ALONE)));
    }
}

/// No pause is longer, so that no moment is beyond what a clock can say.
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
/// A server that wants to be left alone for longer is asked after that.
const LEFT_ALONE: Duration = Duration::from_secs(24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn schedule(now: Tick) -> Schedule {
        Schedule::new(Plan::every(MINUTE, 30 * MINUTE), now)
    }

    #[test]
    fn it_is_due_at_once_then_after_the_interval_or_a_little_before() {
        let now = Tick::now();
        let mut early = schedule(now).with_chance(|| 1.0);
        assert!(early.is_due(now));
        early.succeeded(now, None);
        assert_eq!(early.wait(now), Duration::from_secs(54));
        let mut late = schedule(now).with_chance(|| 0.0);
        late.succeeded(now, None);
        assert_eq!(late.wait(now), MINUTE);
        assert_eq!(schedule(now).with_chance(|| 0.5).somewhen(now).wait(now), MINUTE / 2);
    }

    #[test]
    fn failures_double_the_pause_up_to_its_height_and_a_success_ends_it() {
        let now = Tick::now();
        let mut schedule = schedule(now).with_chance(|| 0.0);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            schedule.failed(now, None);
            pauses.push(schedule.wait(now).as_secs() / 60);
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30, 30]);
        schedule.succeeded(now, None);
        assert_eq!((schedule.wait(now), schedule.failures()), (MINUTE, 0));
    }

    #[test]
    fn the_servers_wish_is_heard_up_to_a_day() {
        let now = Tick::now();
        let mut schedule = schedule(now).with_chance(|| 0.0);
        schedule.succeeded(now, Some(5 * MINUTE));
        assert_eq!(schedule.wait(now), 5 * MINUTE);
        schedule.failed(now, Some(Duration::MAX));
        assert_eq!(schedule.wait(now), LEFT_ALONE);
        schedule.succeeded(now, Some(Duration::from_secs(1)));
        assert_eq!(schedule.wait(now), MINUTE);
    }
}
