//! Questions to the name servers, for all messages of a process.
//!
//! A question that nobody has asked goes out at once; who asks it meanwhile waits for the same
//! answer; who asks later gets it from the cache. What is not allowed, paused or too much is not
//! asked. A question on the wire goes on when nobody waits any longer: its answer is kept.

use super::asker::Asker;
use super::cache::Cache;
use super::exchange::Exchange;
use super::flight::{Flight, Seat, keep};
use super::settings::Settings;
use super::standing::{Notices, Standing};
use super::{Answering, Failure, Lookup, Name, Outcome, Question, wire};
use crate::clock::Tick;
use crate::limits::{Limit, Limits};
use crate::metrics::Metrics;
use crate::metrics::dns::count;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};

/// Asks name servers. One serves a whole process; [`Resolver::asker`] makes what one message
/// asks through.
pub struct Resolver {
    pub(super) settings: Settings,
    pub(super) limits: Limits,
    pub(super) metrics: Metrics,
    me: Weak<Resolver>,
    runtime: Handle,
    exchange: Exchange,
    memory: Mutex<Memory>,
    pub(super) permits: Arc<Semaphore>,
    pub(super) queued: AtomicUsize,
    pub(super) standing: Arc<Standing>,
}

/// What is known, and what is being found out.
pub(super) struct Memory {
    pub(super) cache: Cache,
    pub(super) flights: HashMap<Question, Arrival>,
}

/// Where an answer will be.
pub(super) type Arrival = watch::Receiver<Option<Outcome>>;

/// What becomes of a question.
pub(super) enum Begun {
    /// It is answered.
    Answered(Outcome),
    /// It is under way.
    Underway(Arrival),
}

impl Resolver {
    /// A resolver whose questions go out on `runtime`.
    pub fn new(
        settings: Settings,
        limits: &Limits,
        metrics: Metrics,
        notices: Notices,
        runtime: Handle,
    ) -> Arc<Resolver> {
        let cache = Cache::new(limits.dns_cache_entries, limits.dns_cache_bytes);
        let in_flight = limits.dns_in_flight.clamp(1, Semaphore::MAX_PERMITS);
        let standing = Standing::new(&settings, metrics.dns.clone(), notices, runtime.clone());
        Arc::new_cyclic(|me| Resolver {
            settings,
            limits: limits.clone(),
            metrics,
            me: me.clone(),
            runtime,
            exchange: Exchange::new(),
            memory: Mutex::new(Memory { cache, flights: HashMap::new() }),
            permits: Arc::new(Semaphore::new(in_flight)),
            queued: AtomicUsize::new(0),
            standing,
        })
    }

    /// What one message asks through; after `deadline` it gets no answers.
    pub fn asker(self: &Arc<Self>, deadline: Tick) -> Arc<Asker> {
        Asker::new(self.clone(), self.runtime.clone(), deadline)
    }

    /// Leaves `zone` alone for so long, because a rule has hit (`dns_block_rule`,
    /// `dns_block_time`). False: it is left alone already.
    pub fn block(&self, zone: &Name, length: Duration) -> bool {
        self.standing.block(zone, length)
    }

    /// Is `zone` left alone now?
    pub fn is_paused(&self, zone: &Name) -> bool {
        self.standing.is_paused(zone)
    }

    /// Asks, or joins who has asked, or remembers.
    pub(super) fn begin(&self, question: &Question) -> Begun {
        let begun = self.begin_unseen(question);
        if let Begun::Answered(Err(failure)) = &begun {
            self.count_failure(*failure);
        }
        begun
    }

    fn begin_unseen(&self, question: &Question) -> Begun {
        let questions = &self.metrics.dns.questions;
        let now = Tick::now();
        let refusal = match self.settings.restrictions.allow(&question.name) {
            None => Some(Failure::Forbidden),
            Some(length) => {
                self.standing.hold(&question.name, length, now).then_some(Failure::Paused)
            }
        };
        if let Some(failure) = refusal {
            questions.nobody.inc();
            return Begun::Answered(Err(failure));
        }
        let mut memory = self.memory();
        if let Some(outcome) = memory.cache.get(question, now) {
            questions.cache.inc();
            return Begun::Answered(outcome);
        }
        if let Some(arrival) = memory.flights.get(question) {
            questions.shared.inc();
            return Begun::Underway(arrival.clone());
        }
        let (Some(resolver), Some(seat)) = (self.me.upgrade(), self.seat()) else {
            questions.nobody.inc();
            self.metrics.limit_hit(Limit::DnsQueued);
            return Begun::Answered(Err(Failure::Budget));
        };
        questions.wire.inc();
        let (sender, arrival) = watch::channel(None);
        memory.flights.insert(question.clone(), arrival.clone());
        drop(memory);
        let question = question.clone();
        self.runtime.spawn(Flight { resolver, question, sender, seat, landed: false }.fly());
        Begun::Underway(arrival)
    }

    /// A place on the wire, or in the queue; `None` if that is full.
    fn seat(&self) -> Option<Seat> {
        if let Ok(permit) = self.permits.clone().try_acquire_owned() {
            return Some(Seat::OnTheWire(permit));
        }
        let queued = self.queued.fetch_add(1, Ordering::Relaxed);
        if queued < self.limits.dns_queued {
            return Some(Seat::InTheQueue);
        }
        self.queued.fetch_sub(1, Ordering::Relaxed);
        None
    }

    pub(super) fn count_failure(&self, failure: Failure) {
        count(&self.metrics.dns.failures, word(failure));
    }

    /// Asks the name servers, and nothing else: not the cache, not the pauses.
    pub(super) async fn fresh(&self, question: &Question) -> Outcome {
        if self.settings.restrictions.allow(&question.name).is_none() {
            return Err(Failure::Forbidden);
        }
        self.ask(question).await.0
    }

    /// The outcome, and how long it is good.
    pub(super) async fn ask(&self, question: &Question) -> (Outcome, Duration) {
        let short = milliseconds(self.limits.dns_keep_failure_milliseconds);
        let bytes = match self.exchange.ask(question, &self.settings).await {
            None => {
                self.standing.see_silence(question);
                return (Err(Failure::Late), short);
            }
            Some(Err(_)) => return (Err(Failure::Broken), short),
            Some(Ok(bytes)) => bytes,
        };
        let Some(answer) = wire::read(&bytes, self.limits.dns_records) else {
            return (Err(Failure::Broken), short);
        };
        if answer.too_many {
            self.metrics.limit_hit(Limit::DnsRecords);
        }
        let keep = keep(&answer, &self.limits);
        self.standing.see(question, &answer.reply);
        (Ok(Arc::new(answer.reply)), keep)
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lookup for Resolver {
    fn lookup<'a>(&'a self, question: &'a Question) -> Answering<'a> {
        match self.begin(question) {
            Begun::Answered(outcome) => Box::pin(std::future::ready(outcome)),
            Begun::Underway(arrival) => Box::pin(async move {
                let outcome = arrived(arrival).await;
                outcome.inspect_err(|failure| self.count_failure(*failure))
            }),
        }
    }
}

/// The answer, when it is there.
pub(super) async fn arrived(mut arrival: Arrival) -> Outcome {
    match arrival.wait_for(Option::is_some).await {
        Ok(outcome) => outcome.clone().unwrap_or(Err(Failure::Broken)),
        Err(_) => Err(Failure::Broken),
    }
}

pub(super) fn milliseconds(number: usize) -> Duration {
    Duration::from_millis(number as u64)
}

fn word(failure: Failure) -> &'static str {
    match failure {
        Failure::Late => "late",
        Failure::Forbidden => "forbidden",
        Failure::Budget => "budget",
        Failure::Paused => "paused",
        Failure::Broken => "broken",
    }
}
