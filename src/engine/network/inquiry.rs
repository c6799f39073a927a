//! The questions of one scan: each asked once, however many rules want its answer.

use crate::clock::Tick;
use crate::dns::{Answering, Failure, Lookup, Outcome, Question};
use crate::zones::held::Held;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Questions of a message with a few links.
const USUAL: usize = 64;

/// What has become of a question.
#[derive(Clone)]
enum Answer {
    /// Its answer was in memory.
    Known(Outcome),
    /// It is under way.
    Coming(Shared<BoxFuture<'static, Outcome>>),
}

/// Asks for one scan.
pub struct Inquiry {
    lookup: Arc<dyn Lookup>,
    held: Option<Arc<Held>>,
    asked: Mutex<HashMap<Question, Answer>>,
    over: watch::Sender<bool>,
    unanswered: Mutex<BTreeSet<Question>>,
    /// When nothing is waited for any more, whatever the resolver thinks.
    pub ends: Tick,
}

impl Inquiry {
    /// Nothing has been asked yet. What lists in memory know is asked of nobody else.
    pub fn new(lookup: Arc<dyn Lookup>, held: Option<Arc<Held>>, ends: Tick) -> Inquiry {
        Inquiry {
            lookup,
            held,
            asked: Mutex::new(HashMap::with_capacity(USUAL)),
            over: watch::Sender::new(false),
            unanswered: Mutex::default(),
            ends,
        }
    }

    /// No answer is waited for any more.
    pub fn give_up(&self) {
        self.over.send_replace(true);
    }

    /// The questions that were not answered in time.
    pub fn unanswered(&self) -> Vec<Question> {
        lock(&self.unanswered).iter().cloned().collect()
    }

    /// The answer to `question`, which is asked if it has not been.
    fn answer(&self, question: &Question) -> Answer {
        let mut asked = lock(&self.asked);
        if let Some(known) = asked.get(question) {
            return known.clone();
        }
        if *self.over.borrow() {
            return Answer::Known(Err(Failure::Late));
        }
        let (lookup, owned) = (Arc::clone(&self.lookup), question.clone());
        let mut asking = async move { lookup.lookup(&owned).await }.boxed();
        let answer = match (&mut asking).now_or_never() {
            Some(outcome) => Answer::Known(outcome),
            None => Answer::Coming(asking.shared()),
        };
        asked.insert(question.clone(), answer.clone());
        answer
    }

    /// Remembers a question that nobody has answered in time.
    fn note(&self, question: &Question, outcome: &Outcome) {
        if let Err(Failure::Late | Failure::Broken | Failure::Budget) = outcome {
            lock(&self.unanswered).insert(question.clone());
        }
    }
}

impl Lookup for Inquiry {
    fn lookup<'a>(&'a self, question: &'a Question) -> Answering<'a> {
        if let Some(outcome) = self.held.as_ref().and_then(|held| held.answer(question)) {
            return Box::pin(std::future::ready(outcome));
        }
        let answer = match self.answer(question) {
            Answer::Coming(answer) => answer,
            Answer::Known(outcome) => {
                self.note(question, &outcome);
                return Box::pin(std::future::ready(outcome));
            }
        };
        Box::pin(async move {
            let mut over = self.over.subscribe();
            let is_over = *over.borrow_and_update();
            let outcome = match is_over {
                true => Err(Failure::Late),
                false => tokio::select! {
                    biased;
                    outcome = answer => outcome,
                    _ = over.changed() => Err(Failure::Late),
                },
            };
            self.note(question, &outcome);
            outcome
        })
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
