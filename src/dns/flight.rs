//! A question on the wire: from its seat to the cache.

use super::resolver::{Resolver, milliseconds};
use super::{Outcome, Question, Reply, wire};
use crate::clock::Tick;
use crate::limits::{Limit, Limits};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};

/// An answer is good for a second at least: a message asks the same thing more than once.
const KEEP_LEAST: Duration = Duration::from_secs(1);

/// A question on the wire.
pub(super) struct Flight {
    pub(super) resolver: Arc<Resolver>,
    pub(super) question: Question,
    pub(super) sender: watch::Sender<Option<Outcome>>,
    pub(super) seat: Seat,
    /// Is it no longer among the flights?
    pub(super) landed: bool,
}

/// Where a question is on its way to the wire.
pub(super) enum Seat {
    /// One of `dns_in_flight`.
    OnTheWire(#[allow(dead_code, reason = "it counts while it lives")] OwnedSemaphorePermit),
    /// One of `dns_queued`.
    InTheQueue,
}

impl Flight {
    /// Asks, keeps the outcome, and hands it to who waits.
    pub(super) async fn fly(mut self) {
        let resolver = self.resolver.clone();
        if matches!(self.seat, Seat::InTheQueue) {
            let Ok(permit) = resolver.permits.clone().acquire_owned().await else { return };
            resolver.queued.fetch_sub(1, Ordering::Relaxed);
            self.seat = Seat::OnTheWire(permit);
            if self.is_abandoned() {
                return;
            }
        }
        let dns = &resolver.metrics.dns;
        dns.in_flight.inc();
        let began = Tick::now();
        let (outcome, keep) = resolver.ask(&self.question).await;
        dns.seconds.observe(began.elapsed().as_secs_f64());
        dns.in_flight.dec();
        self.land(&outcome, keep);
        self.sender.send_replace(Some(outcome));
    }

    /// Who has waited in the queue too long is gone. If all are, nobody can join any more.
    fn is_abandoned(&mut self) -> bool {
        let mut memory = self.resolver.memory();
        // The flights hold one receiver themselves.
        if self.sender.receiver_count() <= 1 {
            memory.flights.remove(&self.question);
            self.landed = true;
        }
        self.landed
    }

    /// Keeps the outcome. In one step with leaving the flights: who comes now finds one or the
    /// other.
    fn land(&mut self, outcome: &Outcome, keep: Duration) {
        let resolver = &self.resolver;
        let mut memory = resolver.memory();
        let had_room = memory.cache.put(&self.question, outcome.clone(), Tick::now(), keep);
        let (entries, bytes) = memory.cache.size();
        memory.flights.remove(&self.question);
        self.landed = true;
        drop(memory);
        resolver.metrics.dns.cached.set(entries as i64);
        resolver.metrics.dns.cached_bytes.set(bytes as i64);
        if !had_room {
            let by_number = entries >= resolver.limits.dns_cache_entries;
            let limit = if by_number { Limit::DnsCacheEntries } else { Limit::DnsCacheBytes };
            resolver.metrics.limit_hit(limit);
        }
    }
}

impl Drop for Flight {
    /// However it ends, nobody waits for it any more.
    fn drop(&mut self) {
        if matches!(self.seat, Seat::InTheQueue) {
            self.resolver.queued.fetch_sub(1, Ordering::Relaxed);
        }
        if !self.landed {
            self.resolver.memory().flights.remove(&self.question);
        }
    }
}

/// How long an answer is kept.
pub(super) fn keep(answer: &wire::Answer, limits: &Limits) -> Duration {
    let short = milliseconds(limits.dns_keep_failure_milliseconds);
    let most = match (answer.reply.code, answer.reply.answers.is_empty()) {
        (0, false) => limits.dns_keep_milliseconds,
        (0 | Reply::NO_NAME, _) => limits.dns_keep_negative_milliseconds,
        _ => return short,
    };
    let stated = answer.keep.map_or(short, |seconds| Duration::from_secs(seconds.into()));
    stated.max(KEEP_LEAST).min(milliseconds(most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::{Data, Kind, Name, Record};

    #[test]
    fn limit_dns_keep_milliseconds_and_dns_keep_negative_milliseconds_and_dns_keep_failure_milliseconds()
     {
        let limits = Limits {
            dns_keep_milliseconds: 100_000,
            dns_keep_negative_milliseconds: 50_000,
            dns_keep_failure_milliseconds: 7_000,
            ..Limits::default()
        };
        let kept = |code, records, stated| {
            let data = Data::V4([127, 0, 0, 2].into());
            let record = Record { name: Name::new("x").unwrap(), kind: Kind::A, ttl: 9, data };
            let reply = Reply { code, answers: vec![record; records] };
            let answer = wire::Answer { reply, keep: stated, too_many: false };
            keep(&answer, &limits).as_secs()
        };
        let cases: &[(u16, usize, Option<u32>, u64)] = &[
            (0, 1, Some(0), 1),
            (0, 1, Some(99), 99),
            (0, 1, Some(100), 100),
            (0, 1, Some(101), 100),
            (3, 0, Some(49), 49),
            (3, 0, Some(51), 50),
            (0, 0, Some(51), 50),
            // An alias to nothing.
            (3, 1, Some(51), 50),
            // Nothing says how long.
            (3, 0, None, 7),
            (2, 0, Some(900), 7),
            (5, 1, Some(1), 7),
        ];
        for (code, records, stated, seconds) in cases {
            assert_eq!(kept(*code, *records, *stated), *seconds, "{code} {records} {stated:?}");
        }
    }
}
