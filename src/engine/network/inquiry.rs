//! The questions of one scan: each asked once, and all given up when their time is over.
//!
//! Each question may take `rbl_timeout`. The more of them are answered, the less the others
//! get, down to `rbl_timeout_min`: a list that is down holds a message for a few seconds only.
//! The scan gives up all at once, when none that is open has time left, and at the latest at
//! its own deadline.

use super::Network;
use crate::clock::Tick;
use crate::dns::{Answering, Failure, Lookup, Name, Outcome, Question};
use crate::engine::scan::Scan;
use crate::limits::Limit;
use crate::rules::options::Options;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// Asks for one scan.
pub struct Inquiry {
    network: Arc<Network>,
    times: Arc<Times>,
    deadline: Option<Tick>,
    /// The most different questions.
    most: usize,
    asked: Mutex<HashMap<Question, Shared<BoxFuture<'static, Outcome>>>>,
    state: Arc<State>,
}

/// What is settled about time and pauses: made once of the settings.
struct Times {
    all: Span,
    zones: Vec<(Name, Span)>,
    /// Zones that `dns_block_rule` names.
    may_rest: Vec<Name>,
}

/// How long a question may take where nothing else was answered, and where everything was.
#[derive(Clone, Copy)]
struct Span {
    first: Duration,
    least: Duration,
}

struct State {
    open: Mutex<Open>,
    changed: Notify,
    over: watch::Sender<bool>,
}

#[derive(Default)]
struct Open {
    begun: usize,
    done: usize,
    questions: HashMap<Question, (Tick, Span)>,
    late: Vec<Question>,
}

impl Inquiry {
    /// Nothing has been asked yet.
    pub fn new(network: &Arc<Network>, scan: &Scan) -> Inquiry {
        let state =
            State { open: Mutex::default(), changed: Notify::new(), over: watch::Sender::new(false) };
        Inquiry {
            network: Arc::clone(network),
            times: scan.profile().made(b"rbl_timeout", Times::of),
            deadline: scan.deadline().map(before),
            most: scan.views().settings().limits.get(Limit::ScanQuestions),
            asked: Mutex::default(),
            state: Arc::new(state),
        }
    }

    /// When everything that is open has had its time.
    pub fn due(&self) -> Tick {
        let open = lock(&self.state.open);
        let done = match open.begun {
            0 => 1.0,
            begun => open.done as f64 / begun as f64,
        };
        let end = |&(since, span): &(Tick, Span)| {
            let shorter = span.first.saturating_sub(span.least).mul_f64(done * done);
            since.plus(span.first.saturating_sub(shorter))
        };
        let due = open.questions.values().map(end).max();
        // Errands that ask nothing just now are at work, or not begun.
        let due = due.unwrap_or_else(|| Tick::now().plus(self.times.all.first));
        self.deadline.map_or(due, |deadline| due.min(deadline))
    }

    /// Ends when a question has been answered.
    pub async fn changed(&self) {
        self.state.changed.notified().await;
    }

    /// No question is waited for any more.
    pub fn give_up(&self) {
        let mut open = lock(&self.state.open);
        let late = std::mem::take(&mut open.questions).into_keys();
        open.late.extend(late);
        drop(open);
        self.state.over.send_replace(true);
    }

    /// The questions that were given up.
    pub fn unanswered(&self) -> Vec<Question> {
        let mut late = lock(&self.state.open).late.clone();
        late.sort_unstable_by(|a, b| a.name.cmp(&b.name).then(a.kind.cmp(&b.kind)));
        late
    }

    /// The answer to `question`, which is asked if it has not been.
    fn answer(&self, question: &Question) -> Option<Shared<BoxFuture<'static, Outcome>>> {
        let mut asked = lock(&self.asked);
        if let Some(known) = asked.get(question) {
            return Some(known.clone());
        }
        if asked.len() >= self.most {
            return None;
        }
        let mut open = lock(&self.state.open);
        open.begun += 1;
        open.questions.insert(question.clone(), (Tick::now(), self.times.of_name(&question.name)));
        drop(open);
        let (lookup, state) = (Arc::clone(&self.network.lookup), Arc::clone(&self.state));
        let owned = question.clone();
        let asking = async move {
            let outcome = lookup.lookup(&owned).await;
            let mut open = lock(&state.open);
            open.done += 1;
            open.questions.remove(&owned);
            if matches!(outcome, Err(Failure::Late | Failure::Broken | Failure::Budget)) {
                open.late.push(owned);
            }
            drop(open);
            state.changed.notify_one();
            outcome
        };
        let asking = asking.boxed().shared();
        asked.insert(question.clone(), asking.clone());
        Some(asking)
    }
}

impl Lookup for Inquiry {
    fn lookup<'a>(&'a self, question: &'a Question) -> Answering<'a> {
        Box::pin(async move {
            if self.network.pauses.covers(&question.name, self.times.may_rest.iter()) {
                return Err(Failure::Paused);
            }
            let mut over = self.state.over.subscribe();
            if *over.borrow_and_update() {
                return Err(Failure::Late);
            }
            let answer = self.answer(question).ok_or(Failure::Budget)?;
            tokio::select! {
                biased;
                outcome = answer => outcome,
                _ = over.changed() => Err(Failure::Late),
            }
        })
    }
}

impl Times {
    fn of(options: &Options) -> Times {
        let seconds = |seconds: f64| Duration::from_secs_f64(seconds.clamp(0.0, 1e6));
        let span = |first: f64, least: Option<f64>| {
            let least = seconds(least.unwrap_or(first * 0.2));
            Span { first: seconds(first).max(least), least }
        };
        let least = options.get("rbl_timeout_min").map(|_| options.number("rbl_timeout_min"));
        let first = options.number("rbl_timeout");
        let number = |text: Option<&Box<[u8]>>| std::str::from_utf8(text?).ok()?.parse::<f64>().ok();
        let zones = options.maps("rbl_timeout_by_zone").into_iter().flatten();
        let zones = zones.filter_map(|(zone, map)| {
            let own = number(map.get(&b"timeout"[..]))?;
            let least = number(map.get(&b"least"[..])).or(least);
            Some((Name::new(zone)?, span(own, least)))
        });
        let may_rest = options.maps("dns_block_rule").into_iter().flatten();
        let may_rest = may_rest.flat_map(|(_, zones)| zones.keys()).filter_map(Name::new);
        Times { all: span(first, least), zones: zones.collect(), may_rest: may_rest.collect() }
    }

    /// The innermost zone's, or everybody's.
    fn of_name(&self, name: &Name) -> Span {
        let own = self.zones.iter().filter(|(zone, _)| name.is_within(zone));
        own.max_by_key(|(zone, _)| zone.as_bytes().len()).map_or(self.all, |(_, span)| *span)
    }
}

/// A moment before the scan's own deadline, so that there is time to finish it.
fn before(deadline: Tick) -> Tick {
    const MOST: Duration = Duration::from_secs(1);
    let left = deadline.instant().saturating_duration_since(Tick::now().instant());
    Tick::now().plus(left - MOST.min(left / 10))
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
