//! Questions to the name servers, for all messages of a process.
//!
//! A question that nobody has asked goes out at once; who asks it meanwhile waits for the same
//! answer; who asks later gets it from the cache. What is not allowed, paused or too much is not
//! asked. A question on the wire goes on when nobody waits any longer: its answer is kept.

use super::asker::Asker;
use super::cache::Cache;
use super::exchange::Exchange;
use super::lists::{self, Judgement, Trouble};
use super::pauses::Pauses;
use super::settings::Settings;
use super::{Answering, Data, Failure, Kind, Lookup, Name, Outcome, Question, Reply, wire};
use crate::clock::Tick;
use crate::limits::{Limit, Limits};
use crate::metrics::Metrics;
use crate::metrics::dns::count;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};

/// Where a line for the administrator goes.
pub type Notices = Arc<dyn Fn(&str) + Send + Sync>;

/// An answer is good for a second at least: a message asks the same thing more than once.
const KEEP_LEAST: Duration = Duration::from_secs(1);

/// Asks name servers. One serves a whole process; [`Resolver::asker`] makes what one message
/// asks through.
pub struct Resolver {
    pub(super) settings: Settings,
    pub(super) limits: Limits,
    pub(super) metrics: Metrics,
    me: Weak<Resolver>,
    runtime: Handle,
    notices: Notices,
    exchange: Exchange,
    memory: Mutex<Memory>,
    permits: Semaphore,
    queued: AtomicUsize,
    pauses: Pauses,
    /// Lists of which the log has said what is wrong with them.
    told: Mutex<HashSet<(Name, &'static str)>>,
}

/// What is known, and what is being found out.
struct Memory {
    cache: Cache,
    flights: HashMap<Question, Arrival>,
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
        Arc::new_cyclic(|me| Resolver {
            settings,
            limits: limits.clone(),
            metrics,
            me: me.clone(),
            runtime,
            notices,
            exchange: Exchange::new(),
            memory: Mutex::new(Memory { cache, flights: HashMap::new() }),
            permits: Semaphore::new(in_flight),
            queued: AtomicUsize::new(0),
            pauses: Pauses::default(),
            told: Mutex::default(),
        })
    }

    /// What one message asks through; after `deadline` it gets no answers.
    pub fn asker(&self, deadline: Tick) -> Arc<Asker> {
        Asker::new(self.me.clone(), self.runtime.clone(), deadline)
    }

    /// Leaves `zone` alone for so long, because a rule has hit (`dns_block_rule`,
    /// `dns_block_time`). False: it is left alone already.
    pub fn block(&self, zone: &Name, length: Duration) -> bool {
        self.settings.pauses && self.pauses.block(zone, length, Tick::now())
    }

    /// Is `zone` left alone now?
    pub fn is_paused(&self, zone: &Name) -> bool {
        self.pauses.holds(zone, Tick::now())
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
                self.pauses.hold(&question.name, length, now).then_some(Failure::Paused)
            }
        };
        if let Some(failure) = refusal {
            count(questions, "nobody");
            return Begun::Answered(Err(failure));
        }
        let mut memory = self.memory();
        if let Some(outcome) = memory.cache.get(question, now) {
            count(questions, "cache");
            return Begun::Answered(outcome);
        }
        if let Some(arrival) = memory.flights.get(question) {
            count(questions, "shared");
            return Begun::Underway(arrival.clone());
        }
        let queued = self.queued.fetch_add(1, Ordering::Relaxed);
        let (Some(me), true) = (
            self.me.upgrade(),
            self.permits.available_permits() > 0 || queued < self.limits.dns_queued,
        ) else {
            self.queued.fetch_sub(1, Ordering::Relaxed);
            count(questions, "nobody");
            self.metrics.limit_hit(Limit::DnsQueued);
            return Begun::Answered(Err(Failure::Budget));
        };
        count(questions, "wire");
        let (sender, arrival) = watch::channel(None);
        memory.flights.insert(question.clone(), arrival.clone());
        drop(memory);
        let flight = Flight { resolver: me, question: question.clone(), sender, queued: true };
        self.runtime.spawn(flight.fly());
        Begun::Underway(arrival)
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
    async fn ask(&self, question: &Question) -> (Outcome, Duration) {
        let short = milliseconds(self.limits.dns_keep_failure_milliseconds);
        let patience = self.settings.patience.longest();
        let asking = self.exchange.ask(question, &self.settings);
        let bytes = match tokio::time::timeout(patience, asking).await {
            Err(_) => return (Err(Failure::Late), short),
            Ok(Err(_)) => return (Err(Failure::Broken), short),
            Ok(Ok(bytes)) => bytes,
        };
        let Some(answer) = wire::read(&bytes, self.limits.dns_records) else {
            return (Err(Failure::Broken), short);
        };
        if answer.too_many {
            self.metrics.limit_hit(Limit::DnsRecords);
        }
        let keep = keep(&answer, &self.limits);
        self.see(question, &answer.reply);
        (Ok(Arc::new(answer.reply)), keep)
    }

    /// Looks whether a list has refused us.
    fn see(&self, question: &Question, reply: &Reply) {
        let says_something = |record: &super::Record| match &record.data {
            Data::V4(_) | Data::Text(_) => true,
            _ => false,
        };
        if !matches!(question.kind, Kind::A | Kind::TXT | Kind::ANY)
            || !reply.answers.iter().any(says_something)
        {
            return;
        }
        let Some(zone) = self.list_of(&question.name) else { return };
        if let Judgement::Error(trouble) = lists::judge(zone, reply) {
            self.note(zone, &trouble);
        }
    }

    /// The list that `name` is asked of.
    fn list_of<'a>(&'a self, name: &Name) -> Option<&'a Name> {
        let asked = self.settings.lists.iter().map(|asked| &asked.zone);
        let own = asked.filter(|zone| *zone != name && name.is_within(zone));
        let longest = own.max_by_key(|zone| zone.as_bytes().len());
        longest.or_else(|| lists::row(name).map(|(zone, _)| zone).filter(|zone| *zone != name))
    }

    /// Counts a list's complaint, pauses the list, and tells the administrator once.
    fn note(&self, zone: &Name, trouble: &Trouble) {
        count(&self.metrics.dns.refusals, &zone.to_string());
        let error = trouble.error;
        let pause = (error.refuses && self.settings.pauses)
            .then(|| self.pauses.refused(zone, Tick::now()))
            .flatten();
        if pause.is_some() {
            self.show_pause(zone);
        }
        let is_new = lock(&self.told).insert((zone.clone(), error.meaning));
        if !is_new {
            return;
        }
        let consequence = match pause {
            Some(length) => format!(
                "it is not asked for {} minutes, and longer each time that it still refuses",
                length.as_secs() / 60
            ),
            None => "such answers do not count".to_owned(),
        };
        self.tell(&format!(
            "dns: {zone} answered {}, which is no listing: {}; {consequence}. What to do: {}.",
            trouble.answer, error.meaning, error.advice
        ));
    }

    /// Switches a list off, or on again, as its probes say. True if that is news.
    pub(super) fn set_ill(&self, zone: &Name, ill: bool) -> bool {
        let is_news = self.pauses.set_ill(zone, ill);
        self.show_pause(zone);
        is_news
    }

    /// Brings the list's gauge up to date.
    pub(super) fn show_pause(&self, zone: &Name) {
        let paused = self.pauses.holds(zone, Tick::now());
        self.metrics.dns.paused.with_label_values(&[&zone.to_string()]).set(paused.into());
    }

    /// A line for the administrator.
    pub(super) fn tell(&self, text: &str) {
        (self.notices)(text);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        lock(&self.memory)
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

/// A question on the wire.
struct Flight {
    resolver: Arc<Resolver>,
    question: Question,
    sender: watch::Sender<Option<Outcome>>,
    queued: bool,
}

impl Flight {
    async fn fly(mut self) {
        let resolver = self.resolver.clone();
        let Ok(_permit) = resolver.permits.acquire().await else { return };
        self.leave_queue();
        // Who has waited in the queue too long is gone.
        if self.sender.receiver_count() <= 1 {
            return;
        }
        let dns = &resolver.metrics.dns;
        dns.in_flight.inc();
        let began = Tick::now();
        let (outcome, keep) = resolver.ask(&self.question).await;
        dns.seconds.observe(began.elapsed().as_secs_f64());
        dns.in_flight.dec();
        let mut memory = resolver.memory();
        let now = Tick::now();
        let had_room = memory.cache.put(&self.question, outcome.clone(), now, keep);
        let (entries, bytes) = memory.cache.size();
        // In one step with the cache: whoever comes now finds one or the other.
        memory.flights.remove(&self.question);
        drop(memory);
        dns.cached.set(entries as i64);
        dns.cached_bytes.set(bytes as i64);
        if !had_room {
            let by_number = entries >= resolver.limits.dns_cache_entries;
            let limit = if by_number { Limit::DnsCacheEntries } else { Limit::DnsCacheBytes };
            resolver.metrics.limit_hit(limit);
        }
        self.sender.send_replace(Some(outcome));
    }

    fn leave_queue(&mut self) {
        if std::mem::take(&mut self.queued) {
            self.resolver.queued.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Flight {
    /// However it ends, nobody waits for it any more.
    fn drop(&mut self) {
        self.leave_queue();
        if self.sender.borrow().is_none() {
            self.resolver.memory().flights.remove(&self.question);
        }
    }
}

/// How long an answer is kept.
fn keep(answer: &wire::Answer, limits: &Limits) -> Duration {
    let short = milliseconds(limits.dns_keep_failure_milliseconds);
    let most = match (answer.reply.code, answer.reply.answers.is_empty()) {
        (0, false) => limits.dns_keep_milliseconds,
        (0 | Reply::NO_NAME, _) => limits.dns_keep_negative_milliseconds,
        _ => return short,
    };
    let stated = answer.keep.map_or(short, |seconds| Duration::from_secs(seconds.into()));
    stated.max(KEEP_LEAST).min(milliseconds(most))
}

fn milliseconds(number: usize) -> Duration {
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::Record;

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
