//! Who owns the store of lessons: one thread of one process.
//!
//! The thread has the store open, takes [`Request`]s from a queue, writes what belongs together
//! in one transaction, and puts what changed into the [`Live`] sets before it answers: whoever
//! has the answer finds the lesson in force. A running server listens on a socket in the
//! store's folder ([`socket`]); commands hand their requests to it ([`client`]), or have such a
//! thread of their own where nobody listens.

pub mod client;
pub mod place;
pub mod socket;
pub mod wire;

use crate::clock;
use crate::fingerprint::known::{Live, Origin, Snapshot, Source};
use crate::fingerprint::store::{Lesson, Store, StoreError};
use crate::fingerprint::{Fingerprint, Known};
use crate::limits::Limits;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use wire::{Answer, Looked, Request};

/// Requests that wait for the owner; more wait to be taken.
const QUEUE: usize = 64;
/// So many requests go into one transaction.
const TOGETHER: usize = 64;

/// What tells the administrator of trouble that nobody waits to hear of.
pub type Notices = Arc<dyn Fn(&str) + Send + Sync>;

/// A store with its owner.
pub struct Lessons {
    jobs: SyncSender<Job>,
    live: Arc<Live>,
}

enum Job {
    Ask(Request, SyncSender<Answer>),
    /// A snapshot has been written, or could not be.
    Written(Result<Snapshot, StoreError>),
    /// The last one: what was asked before is done.
    End(SyncSender<()>),
}

impl Lessons {
    /// Opens the store in `folder` and starts its owner. A command that is still at work there
    /// is waited for, for `patience`.
    pub fn open(
        folder: &Path,
        limits: &Limits,
        notices: Notices,
        patience: Duration,
    ) -> Result<Lessons, StoreError> {
        let mut store = patiently(patience, || Store::open(folder))?;
        let source = store.source()?;
        let delisted = store.delisted()?;
        let live = Arc::new(Live::default());
        live.update(|sets| sets.with(Origin::Local, source.clone()).without(delisted));
        let (jobs, queue) = sync_channel(QUEUE);
        let (changes, back) = (limits.known_changes, jobs.clone());
        let owner =
            Owner { store, source, live: live.clone(), changes, back, writing: false, notices };
        let started = std::thread::Builder::new().name("lessons".into()).spawn(|| owner.run(queue));
        started.map_err(|why| StoreError::Io { path: folder.to_owned(), why })?;
        Ok(Lessons { jobs, live })
    }

    /// What is known, as it changes.
    pub fn live(&self) -> &Arc<Live> {
        &self.live
    }

    /// Asks the owner, and waits for the answer.
    pub fn ask(&self, request: Request) -> Answer {
        if let Request::Look { phrases, prints } = request {
            return Answer::Looked(look(&*self.live.load(), &phrases, &prints));
        }
        if request == Request::Lists {
            // Large, and made of what is in force: no lesson waits for it.
            return Answer::Lists(lists(&self.live));
        }
        let (answer, answered) = sync_channel(1);
        let sent = self.jobs.send(Job::Ask(request, answer)).is_ok();
        let answer = if sent { answered.recv().ok() } else { None };
        answer.unwrap_or_else(|| Answer::Failed("the store's owner is gone".to_owned()))
    }
}

impl Drop for Lessons {
    fn drop(&mut self) {
        // The file is closed when whoever had it open goes on.
        let (done, end) = sync_channel(1);
        if self.jobs.send(Job::End(done)).is_ok() {
            let _ = end.recv();
        }
    }
}

/// Tries again for a while what another process stands in the way of.
pub fn patiently<T>(
    patience: Duration,
    mut open: impl FnMut() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let deadline = clock::Tick::now().plus(patience);
    loop {
        match open() {
            Err(StoreError::InUse(_)) if clock::Tick::now() < deadline => {
                std::thread::sleep(Duration::from_millis(20));
            }
            other => return other,
        }
    }
}

/// What was taught here, key by key.
fn lists(live: &Live) -> crate::fingerprint::known::Lists {
    live.load().source(&Origin::Local).map(Source::lists).unwrap_or_default()
}

/// What is known of these.
fn look(known: &dyn Known, phrases: &[u64], prints: &[Fingerprint]) -> Looked {
    Looked {
        common: phrases.iter().map(|&phrase| known.is_common(phrase)).collect(),
        listed: prints.iter().map(|print| known.listed(print.algorithm, print.key())).collect(),
    }
}

/// The thread that has the store open.
struct Owner {
    store: Store,
    source: Source,
    live: Arc<Live>,
    /// The most changes beside a snapshot.
    changes: usize,
    back: SyncSender<Job>,
    /// A snapshot is being written.
    writing: bool,
    notices: Notices,
}

impl Owner {
    fn run(mut self, queue: Receiver<Job>) {
        let mut end = None;
        while end.is_none() {
            let Ok(first) = queue.recv() else { return };
            let jobs = std::iter::once(first).chain(queue.try_iter().take(TOGETHER - 1));
            let mut learning: Vec<(Vec<Lesson>, SyncSender<Answer>)> = Vec::new();
            for job in jobs.collect::<Vec<_>>() {
                match job {
                    Job::Ask(Request::Learn(lessons), answer) => learning.push((lessons, answer)),
                    Job::Ask(request, answer) => {
                        // In the order in which they were asked.
                        self.learn(std::mem::take(&mut learning));
                        // Who asked may be gone.
                        let _ = answer.send(self.answer(request));
                    }
                    Job::Written(written) => self.written(written),
                    Job::End(done) => end = Some(done),
                }
            }
            self.learn(learning);
            self.write_if_due();
        }
        drop(self.store);
        let _ = end.map(|done| done.send(()));
    }

    fn learn(&mut self, learning: Vec<(Vec<Lesson>, SyncSender<Answer>)>) {
        if learning.is_empty() {
            return;
        }
        let (mut all, mut waiting) = (Vec::new(), Vec::new());
        for (lessons, answer) in learning {
            waiting.push((lessons.len(), answer));
            all.extend(lessons);
        }
        match self.store.learn(&all) {
            Ok((taught, changes)) => {
                self.change(&changes);
                let mut taught = taught.into_iter();
                for (count, answer) in waiting {
                    let _ = answer.send(Answer::Learned(taught.by_ref().take(count).collect()));
                }
            }
            Err(why) => {
                let failed = Answer::Failed(why.to_string());
                waiting.into_iter().for_each(|(_, answer)| drop(answer.send(failed.clone())));
            }
        }
    }

    fn answer(&mut self, request: Request) -> Answer {
        self.answer_or(request).unwrap_or_else(|why| Answer::Failed(why.to_string()))
    }

    fn answer_or(&mut self, request: Request) -> Result<Answer, StoreError> {
        Ok(match request {
            Request::Learn(lessons) => {
                let (taught, changes) = self.store.learn(&lessons)?;
                self.change(&changes);
                Answer::Learned(taught)
            }
            Request::Forget(which) => {
                let (forgotten, changes) = self.store.forget(&which)?;
                self.change(&changes);
                Answer::Forgotten(forgotten)
            }
            Request::Delist { print, strike, when } => {
                let changed = self.store.delist(print, strike, when)?;
                let delisted = self.store.delisted()?;
                self.live.update(|sets| sets.without(delisted));
                Answer::Delisted(changed)
            }
            Request::Look { phrases, prints } => {
                Answer::Looked(look(&*self.live.load(), &phrases, &prints))
            }
            Request::Records(prints) => Answer::Records(self.store.records(&prints)?),
            Request::Struck => Answer::Struck(self.store.struck()?),
            Request::Stats => Answer::Stats(self.store.stats()?),
            Request::Lists => Answer::Lists(lists(&self.live)),
            Request::Lessons { after } => Answer::Lessons(self.store.lessons(&after, wire::PAGE)?),
        })
    }

    fn change(&mut self, changes: &[crate::fingerprint::known::Change]) {
        if !changes.is_empty() {
            self.show(self.source.changed(changes));
        }
    }

    fn show(&mut self, source: Source) {
        self.source = source.clone();
        self.live.update(|sets| sets.with(Origin::Local, source));
    }

    /// Has a snapshot written beside the work when there are too many changes since the last.
    fn write_if_due(&mut self) {
        if self.writing || self.source.overlay.len() <= self.changes {
            return;
        }
        let begun = self.store.begin_checkpoint().and_then(|checkpoint| {
            let back = self.back.clone();
            let write = move || drop(back.send(Job::Written(checkpoint.write())));
            let thread = std::thread::Builder::new().name("snapshot".into()).spawn(write);
            let path = self.store.folder().to_owned();
            thread.map(drop).map_err(|why| StoreError::Io { path, why })
        });
        match begun {
            Ok(()) => self.writing = true,
            Err(why) => self.trouble(&why),
        }
    }

    fn written(&mut self, written: Result<Snapshot, StoreError>) {
        self.writing = false;
        match written.and_then(|snapshot| self.store.end_checkpoint(snapshot)) {
            Ok(source) => self.show(source),
            Err(why) => self.trouble(&why),
        }
    }

    /// What is known stays as it is; the next attempt is made when twice as much has changed.
    fn trouble(&mut self, why: &StoreError) {
        self.changes = self.changes.saturating_mul(2);
        (self.notices)(&format!("fingerprints: no snapshot is written: {why}"));
    }
}

/// The system's refusal as a store's.
pub(crate) fn refused(path: &Path, why: io::Error) -> StoreError {
    StoreError::Io { path: path.to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::store::{LessonId, SNAPSHOT};
    use crate::fingerprint::{Algorithm, Class};

    fn lesson(message: u8, prints: u8) -> Lesson {
        let print = |n: u8| {
            let digest = [message, n, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0, 0, 0, 0, 0];
            Fingerprint { algorithm: Algorithm::TextExact, digest }
        };
        Lesson {
            id: LessonId { content: [message; 16], message: [0; 16] },
            teacher: String::new(),
            class: Class::Spam,
            when: 1,
            prints: (0..prints).map(print).collect(),
            signers: Vec::new(),
            phrases: Vec::new(),
        }
    }

    fn opened(folder: &Path, known_changes: usize) -> Lessons {
        let limits = Limits { known_changes, ..Limits::default() };
        Lessons::open(folder, &limits, Arc::new(|_| {}), Duration::ZERO).unwrap()
    }

    #[test]
    fn limit_known_changes_has_a_snapshot_written() {
        let folder = std::env::temp_dir().join(format!("mailprint-owner-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let written = |folder: &Path| Snapshot::open(&folder.join(SNAPSHOT)).unwrap().len();
        let lessons = opened(&folder, 10);
        let learn = |message, prints| {
            let learned = lessons.ask(Request::Learn(vec![lesson(message, prints)]));
            assert!(matches!(learned, Answer::Learned(_)));
            let weight = |print: &Fingerprint| {
                lessons.live().load().listed(print.algorithm, print.key()).weight(Class::Spam)
            };
            assert!(lesson(message, prints).prints.iter().all(|print| weight(print) == 8));
        };
        learn(1, 9);
        learn(2, 1);
        assert_eq!(written(&folder), 0, "ten changes stay beside it");
        learn(3, 1);
        // It is written beside the work.
        let deadline = clock::Tick::now().plus(Duration::from_secs(60));
        while written(&folder) < 11 && clock::Tick::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(written(&folder), 11);
        learn(4, 3);
        drop(lessons);
        let again = opened(&folder, 1000);
        for message in 1..5 {
            let print = lesson(message, 1).prints[0];
            assert!(again.live().load().listed(print.algorithm, print.key()).is_listed());
        }
        drop(again);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
