//! Requests on their way in, the oldest first.
//!
//! When all connections are taken, whoever has been sending for longest without an end is
//! sent away to make room: a flood of silent or slow clients cannot lock the others out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// The requests that are not complete yet.
#[derive(Clone, Debug, Default)]
pub struct Arrivals(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    by_age: BTreeMap<u64, Arc<Notify>>,
}

/// One request on its way in; dropped when it is complete.
pub struct Arrival {
    arrivals: Arrivals,
    number: u64,
    sent_away: Arc<Notify>,
}

impl Arrivals {
    /// A request begins.
    pub fn begin(&self) -> Arrival {
        let mut waiting = self.lock();
        let number = waiting.next;
        waiting.next += 1;
        let sent_away = Arc::new(Notify::new());
        waiting.by_age.insert(number, sent_away.clone());
        drop(waiting);
        Arrival { arrivals: self.clone(), number, sent_away }
    }

    /// Sends the oldest away; false if there is none.
    pub fn send_oldest_away(&self) -> bool {
        let oldest = self.lock().by_age.pop_first();
        if let Some((_, notify)) = &oldest {
            notify.notify_one();
        }
        oldest.is_some()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Arrival {
    /// Waits until this request is sent away.
    pub async fn sent_away(&self) {
        self.sent_away.notified().await;
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.arrivals.lock().by_age.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_oldest_goes_first_and_who_is_done_does_not_go() {
        let arrivals = Arrivals::default();
        let (done, old, new) = (arrivals.begin(), arrivals.begin(), arrivals.begin());
        drop(done);
        assert!(arrivals.send_oldest_away());
        old.sent_away().await;
        drop(old);
        assert!(arrivals.send_oldest_away());
        new.sent_away().await;
        assert!(!arrivals.send_oldest_away());
    }
}
