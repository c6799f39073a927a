//! Scan workers: threads that own a scanner each, behind a queue that refuses.
//!
//! In go a message and the ruleset that it began with, out comes its verdict. A scan that waits
//! for the network holds no worker; what comes back goes before what is new. A panic costs the
//! message that caused it: the worker throws its scanner away and goes on with a new one.

use super::{Loaded, Mail, Progress, Scanner, Scanners, Step};
use crate::clock::Tick;
use crate::engine::Verdict;
use crate::limits::{Limit, Limits};
use crate::metrics::Metrics;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, select_biased, unbounded};
use prometheus::IntGauge;
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

/// The workers and their queues.
pub struct Pool {
    jobs: Sender<Job>,
    /// Scans that have waited: as many as `waiting` at most.
    back: Sender<Job>,
    /// The most scans that may wait at once.
    most_waiting: usize,
    metrics: Metrics,
}

struct Job {
    step: Step,
    deadline: Tick,
    ruleset: Arc<Loaded>,
    since: Tick,
    done: oneshot::Sender<Result<Progress, ScanError>>,
}

impl Pool {
    /// Starts `workers` threads behind a queue.
    pub fn start(workers: usize, limits: &Limits, metrics: &Metrics) -> io::Result<Pool> {
        let (jobs, received) = bounded(limits.queued_scans);
        let (back, come_back) = unbounded();
        for number in 0..workers.max(1) {
            let (jobs, back, metrics) = (received.clone(), come_back.clone(), metrics.clone());
            std::thread::Builder::new()
                .name(format!("scan-{number}"))
                .spawn(move || Worker { jobs, back, metrics, scanners: Vec::new() }.run())?;
        }
        Ok(Pool { jobs, back, most_waiting: limits.waiting_scans, metrics: metrics.clone() })
    }

    /// Would the next message be refused?
    pub fn is_full(&self) -> bool {
        self.jobs.is_full() && !self.jobs.is_empty()
    }

    /// The verdict on `mail`, or at once the word that the queue is full.
    pub async fn scan(&self, mut mail: Mail, ruleset: Arc<Loaded>) -> Result<Verdict, ScanError> {
        let deadline = mail.deadline;
        if mail.network.is_some() && self.metrics.waiting_scans.get() as usize >= self.most_waiting
        {
            self.metrics.limit_hit(Limit::WaitingScans);
            mail.network = mail.network.and_then(|network| network.held_only());
        }
        let road = async {
            match self.step(Step::Begin(mail), deadline, &ruleset, &self.jobs).await? {
                Progress::Done(verdict) => Ok(*verdict),
                Progress::Waits(mut waiting) => {
                    let held = Held::new(&self.metrics.waiting_scans);
                    waiting.scan.wait().await;
                    drop(held);
                    let finish = Step::Finish(waiting);
                    match self.step(finish, deadline, &ruleset, &self.back).await? {
                        Progress::Done(verdict) => Ok(*verdict),
                        Progress::Waits(_) => Err(ScanError::Late),
                    }
                }
            }
        };
        let in_time = tokio::time::timeout_at(deadline.instant().into(), road).await;
        in_time.unwrap_or(Err(ScanError::Late))
    }

    /// Has a worker do a step.
    async fn step(
        &self,
        step: Step,
        deadline: Tick,
        ruleset: &Arc<Loaded>,
        queue: &Sender<Job>,
    ) -> Result<Progress, ScanError> {
        let (done, answer) = oneshot::channel();
        let job = Job { step, deadline, ruleset: Arc::clone(ruleset), since: Tick::now(), done };
        self.metrics.queued_scans.inc();
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = queue.try_send(job) {
            self.metrics.queued_scans.dec();
            return Err(ScanError::Busy);
        }
        answer.await.unwrap_or(Err(ScanError::Panicked))
    }
}

/// One of what a gauge counts, until it is dropped.
struct Held<'g>(&'g IntGauge);

impl<'g> Held<'g> {
    fn new(gauge: &'g IntGauge) -> Held<'g> {
        gauge.inc();
        Held(gauge)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

struct Worker {
    jobs: Receiver<Job>,
    back: Receiver<Job>,
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
        loop {
            let job = select_biased! {
                recv(self.back) -> job => job,
                recv(self.jobs) -> job => job,
            };
            // The pool is gone, both its ends at once.
            let Ok(job) = job else { return };
            self.metrics.queued_scans.dec();
            self.metrics.queue_seconds.observe(job.since.elapsed().as_secs_f64());
            if job.done.is_closed() || job.deadline <= Tick::now() {
                let _ = job.done.send(Err(ScanError::Late));
                continue;
            }
            self.metrics.busy_workers.inc();
            let outcome = self.take(job.step, &job.ruleset);
            self.metrics.busy_workers.dec();
            // Who asked may be gone; the verdict is then nobody's.
            let _ = job.done.send(outcome);
        }
    }

    fn take(&mut self, step: Step, ruleset: &Arc<Loaded>) -> Result<Progress, ScanError> {
        let since = Tick::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let (made_by, mut scanner) = self.scanner(&ruleset.scanner);
            let progress = scanner(step);
            self.scanners.push((made_by, scanner));
            progress
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
        let scanner: Scanners = Arc::new(move || super::super::at_once(scan));
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
            network: None,
            known: None,
        }
    }

    fn queue(queued_scans: usize) -> Limits {
        Limits { queued_scans, ..Limits::default() }
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
        let pool = Pool::start(1, &queue(4), &metrics).unwrap();
        let rules = loaded(slow_or_panic);
        let outcome = pool.scan(mail(b"panic", 5000), rules.clone()).await;
        assert_eq!(outcome.unwrap_err(), ScanError::Panicked);
        assert_eq!(pool.scan(mail(b"abc", 5000), rules).await.unwrap().score, 3.0);
        assert_eq!(metrics.panics.with_label_values(&["scan"]).get(), 1);
    }

    #[tokio::test]
    async fn limit_queued_scans_refuses_one_more() {
        let pool = Arc::new(Pool::start(1, &queue(2), &Metrics::new().unwrap()).unwrap());
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
        let pool = Pool::start(1, &queue(2), &Metrics::new().unwrap()).unwrap();
        let outcome = pool.scan(mail(b"slow", 50), loaded(slow_or_panic)).await;
        assert_eq!(outcome.unwrap_err(), ScanError::Late);
    }
}
