//! What one message asks through: a number of questions, one deadline, and patience that shrinks
//! as answers come ([`super::patience`]).

use super::patience::{Wait, Waiting};
use super::resolver::{Arrival, Begun, Resolver, arrived};
use super::{Answering, Failure, Lookup, Outcome, Question};
use crate::clock::Tick;
use crate::limits::Limit;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

/// However near the deadline is, an answer is waited for so long.
const SLACK: Duration = Duration::from_millis(500);

/// How often it is looked at whether the end has come nearer: each answer moves it.
const LOOK: Duration = Duration::from_millis(100);

/// One message's questions.
pub struct Asker {
    resolver: Arc<Resolver>,
    runtime: Handle,
    deadline: Tick,
    asked: AtomicUsize,
    watch: Arc<Watch>,
    watchman: OnceLock<AbortHandle>,
}

/// What the questions and their watchman share.
struct Watch {
    waiting: Mutex<Waiting>,
    /// Rung when there is something to wait for again.
    bell: Notify,
    /// Goes up each time that everything outstanding is given up.
    given_up: watch::Sender<u64>,
}

impl Asker {
    pub(super) fn new(resolver: Arc<Resolver>, runtime: Handle, deadline: Tick) -> Arc<Asker> {
        let watch = Watch {
            waiting: Mutex::default(),
            bell: Notify::new(),
            given_up: watch::Sender::new(0),
        };
        Arc::new(Asker {
            resolver,
            runtime,
            deadline,
            asked: AtomicUsize::new(0),
            watch: Arc::new(watch),
            watchman: OnceLock::new(),
        })
    }

    /// Questions so far.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn begin(&self, question: &Question) -> Result<Begun, Failure> {
        let resolver = &self.resolver;
        if self.asked.fetch_add(1, Ordering::Relaxed) >= resolver.limits.dns_questions {
            resolver.metrics.limit_hit(Limit::DnsQuestions);
            resolver.count_failure(Failure::Budget);
            return Err(Failure::Budget);
        }
        Ok(resolver.begin(question))
    }

    /// Waits for an answer while there is patience.
    fn wait(&self, question: &Question, arrival: Arrival) -> impl Future<Output = Outcome> + use<> {
        let now = Tick::now();
        let left = self.deadline.since(now).max(SLACK);
        let Wait { most, least } = self.resolver.settings.patience.of(&question.name);
        let wait = Wait { most: most.min(left), least: least.min(left) };
        let mut given_up = self.watch.given_up.subscribe();
        let (number, is_first) = {
            let mut waiting = self.watch.waiting();
            let is_first = waiting.is_idle();
            (waiting.begin(now, wait), is_first)
        };
        let place = Place { watch: self.watch.clone(), number, answered: false };
        self.watchman.get_or_init(|| self.runtime.spawn(self.watch.clone().keep()).abort_handle());
        if is_first {
            self.watch.bell.notify_one();
        }
        let resolver = self.resolver.clone();
        async move {
            let mut place = place;
            let outcome = tokio::select! {
                biased;
                outcome = arrived(arrival) => outcome,
                _ = given_up.changed() => Err(Failure::Late),
            };
            place.answered = outcome.is_ok();
            drop(place);
            outcome.inspect_err(|failure| resolver.count_failure(*failure))
        }
    }
}

impl Lookup for Asker {
    fn lookup<'a>(&'a self, question: &'a Question) -> Answering<'a> {
        match self.begin(question) {
            Ok(Begun::Underway(arrival)) => Box::pin(self.wait(question, arrival)),
            Ok(Begun::Answered(outcome)) => {
                if outcome.is_ok() {
                    self.watch.waiting().answered_at_once();
                }
                Box::pin(std::future::ready(outcome))
            }
            Err(failure) => Box::pin(std::future::ready(Err(failure))),
        }
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        if let Some(watchman) = self.watchman.get() {
            watchman.abort();
        }
    }
}

impl Watch {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives everything up when the time comes.
    async fn keep(self: Arc<Self>) {
        loop {
            let until = self.waiting().until();
            let Some(until) = until else {
                self.bell.notified().await;
                continue;
            };
            let now = Tick::now();
            if until <= now {
                self.waiting().give_up();
                self.given_up.send_modify(|times| *times += 1);
                continue;
            }
            tokio::time::sleep(until.since(now).min(LOOK)).await;
        }
    }
}

/// A question's place among those waited for. It is given back however the wait ends.
struct Place {
    watch: Arc<Watch>,
    number: u32,
    answered: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.watch.waiting().end(self.number, self.answered);
    }
}
