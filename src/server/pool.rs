//! Scan workers: threads that own a scanner each, behind a queue that refuses.
//!
//! In go a message and the ruleset that it began with, out comes its verdict. A panic
//! costs the message that caused it: the worker throws its scanner away and goes on with a
//! new one.

use super::{Loaded, Mail, Scanner, Scanners};
use crate::clock::Tick;
use crate::engine::Verdict;
use crate::metrics::Metrics;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use tokio::sync::oneshot;

/// Why there is no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// The queue is full.
    #[error("too many scans are waiting, come back later (limits.queued_scans)")]
    Busy,
    /// Nobody waits for the verdict any more.
    #[error("the scan took too long (limits.scan_milliseconds)")]
    Late,
    /// The scan ended in a panic.
    #[error("the scan of this message failed, the log says why")]
    Panicked,
}

/// The workers and their queue.
pub struct Pool {
    jobs: Sender<Job>,
    metrics: Metrics,
}

struct Job {
    mail: Mail,
    ruleset: Arc<Loaded>,
    since: Tick,
    verdict: oneshot::Sender<Result<Verdict, ScanError>>,
}

impl Pool {
    /// Starts `workers` threads behind a queue of `queue` messages.
    pub fn start(workers: usize, queue: usize, metrics: &Metrics) -> io::Result<Pool> {
        let (jobs, received) = bounded(queue);
        for number in 0..workers.max(1) {
            let (jobs, metrics) = (received.clone(), metrics.clone());
            std::thread::Builder::new()
                .name(format!("scan-{number}"))
                .spawn(move || Worker { jobs, metrics, scanners: Vec::new() }.run())?;
        }
        Ok(Pool { jobs, metrics: metrics.clone() })
    }

    /// Would the next message be refused?
    pub fn is_full(&self) -> bool {
        self.jobs.is_full() && !self.jobs.is_empty()
    }

    /// The verdict on `mail`, or at once the word that the queue is full.
    pub async fn scan(&self, mail: Mail, ruleset: Arc<Loaded>) -> Result<Verdict, ScanError> {
        let deadline = mail.deadline.instant();
        let (verdict, answer) = oneshot::channel();
        let job = Job { mail, ruleset, since: Tick::now(), verdict };
        self.metrics.queued_scans.inc();
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = self.jobs.try_send(job)
        {
            self.metrics.queued_scans.dec();
            return Err(ScanError::Busy);
        }
        match tokio::time::timeout_at(deadline.into(), answer).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(ScanError::Panicked),
            Err(_) => Err(ScanError::Late),
        }
    }
}

struct Worker {
    jobs: Receiver<Job>,
    metrics: Metrics,
    /// Scanners with what they were made by, the one used last at the end.
    scanners: Vec<(Maker, Scanner)>,
}

/// What a scanner was made by; it may be out of force by now.
type Maker = Weak<dyn Fn() -> Scanner + Send + Sync>;

/// Scanners that a worker keeps: that of the rules in force, and some of users with rules of
/// their own.
const KEPT: usize = 3;

impl Worker {
    fn run(mut self) {
        while let Ok(job) = self.jobs.recv() {
            self.metrics.queued_scans.dec();
            self.metrics.queue_seconds.observe(job.since.elapsed().as_secs_f64());
            if job.verdict.is_closed() || job.mail.deadline <= Tick::now() {
                let _ = job.verdict.send(Err(ScanError::Late));
                continue;
            }
            self.metrics.busy_workers.inc();
            let outcome = self.scan(job.mail, &job.ruleset);
            self.metrics.busy_workers.dec();
            // Who asked may be gone; the verdict is then nobody's.
            let _ = job.verdict.send(outcome);
        }
    }

    fn scan(&mut self, mail: Mail, ruleset: &Arc<Loaded>) -> Result<Verdict, ScanError> {
        let since = Tick::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let (made_by, mut scanner) = self.scanner(&ruleset.scanner);
            let verdict = scanner(mail);
            self.scanners.push((made_by, scanner));
            verdict
        }));
        self.metrics.scan_seconds.observe(since.elapsed().as_secs_f64());
        outcome.map_err(|_| {
            self.metrics.panics.with_label_values(&["scan"]).inc();
            ScanError::Panicked
        })
    }
}

impl Worker {
    /// Takes out the scanner that `scanners` has made, or lets it make one. Whoever panics with
    /// it does not put it back.
    fn scanner(&mut self, scanners: &Scanners) -> (Maker, Scanner) {
        // A reload must not leave the old rules in memory.
        self.scanners.retain(|(made_by, _)| made_by.strong_count() > 0);
        let maker = Arc::downgrade(scanners);
        let kept = self.scanners.iter().position(|(made_by, _)| made_by.ptr_eq(&maker));
        match kept {
            Some(place) => self.scanners.remove(place),
            None => {
                let too_many = self.scanners.len().saturating_sub(KEPT - 1);
                self.scanners.drain(..too_many);
                (maker, scanners())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::markup::Surroundings;
    use std::time::Duration;

    fn loaded(scan: fn(Mail) -> Verdict) -> Arc<Loaded> {
        let scanner: Scanners = Arc::new(move || Box::new(scan));
        Arc::new(Loaded { scanner, ..Loaded::default() })
    }

    fn mail(bytes: &[u8], milliseconds: u64) -> Mail {
        let deadline = Tick::now().plus(Duration::from_millis(milliseconds));
        Mail {
            bytes: bytes.to_vec(),
            user: None,
            deadline,
            report: false,
            rewrite: false,
            surroundings: Surroundings::default(),
            profile: None,
        }
    }

    fn slow_or_panic(mail: Mail) -> Verdict {
        match mail.bytes.as_slice() {
            b"panic" => panic!("as asked"),
            b"slow" => std::thread::sleep(Duration::from_millis(300)),
            _ => {}
        }
        Verdict { score: mail.bytes.len() as f64, ..Verdict::default() }
    }

    #[tokio::test]
    async fn a_panic_costs_one_message() {
        let metrics = Metrics::new().unwrap();
        let pool = Pool::start(1, 4, &metrics).unwrap();
        let rules = loaded(slow_or_panic);
        let outcome = pool.scan(mail(b"panic", 5000), rules.clone()).await;
        assert_eq!(outcome.unwrap_err(), ScanError::Panicked);
        assert_eq!(pool.scan(mail(b"abc", 5000), rules).await.unwrap().score, 3.0);
        assert_eq!(metrics.panics.with_label_values(&["scan"]).get(), 1);
    }

    #[tokio::test]
    async fn limit_queued_scans_refuses_one_more() {
        let pool = Arc::new(Pool::start(1, 2, &Metrics::new().unwrap()).unwrap());
        let rules = loaded(slow_or_panic);
        let scan = |pool: Arc<Pool>, rules: Arc<Loaded>| {
            tokio::spawn(async move { pool.scan(mail(b"slow", 5000), rules).await })
        };
        let at_work = scan(pool.clone(), rules.clone());
        tokio::time::sleep(Duration::from_millis(100)).await;
        let queued = [scan(pool.clone(), rules.clone()), scan(pool.clone(), rules.clone())];
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(pool.is_full());
        let refused = pool.scan(mail(b"x", 5000), rules).await;
        assert_eq!(refused.unwrap_err(), ScanError::Busy);
        assert!(at_work.await.unwrap().is_ok());
        for queued in queued {
            assert!(queued.await.unwrap().is_ok());
        }
    }

    #[tokio::test]
    async fn who_waits_too_long_is_told_so() {
        let pool = Pool::start(1, 2, &Metrics::new().unwrap()).unwrap();
        let outcome = pool.scan(mail(b"slow", 50), loaded(slow_or_panic)).await;
        assert_eq!(outcome.unwrap_err(), ScanError::Late);
    }
}
