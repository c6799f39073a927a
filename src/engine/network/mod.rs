//! What the network is asked about a message while rules run on it.
//!
//! A family of evals that needs the network hands in *errands*: made from the scan when headers
//! and URIs are known, run beside it without a worker, and back before it is finished with
//! something to note. Evals whose row says `waits` run after that and read the note
//! ([`Scan::known_note`]); where there is none, the network was not asked or did not answer.
//!
//! [`Scan::send`] lets the errands go, [`Scan::wait`] brings their findings home, and
//! [`families`] says which there are and which has to wait for which.

mod families;
mod findings;
mod inquiry;
pub mod kinds;

pub use findings::{Findings, record_text};

use super::holdings::Holdings;
use super::scan::Scan;
use crate::clock::Tick;
use crate::dns::{Answering, Failure, Lookup, Name, Question, Resolver};
use crate::rules::RuleId;
use crate::zones::held::Held;
use families::Sent;
use futures_util::FutureExt;
use inquiry::Inquiry;
use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// A part of what the network is asked about one message. It owns all that it needs.
pub type Errand = Box<dyn FnOnce(Arc<dyn Lookup>) -> Underway + Send>;

/// An errand that has been sent.
pub type Underway = Pin<Box<dyn Future<Output = Finding> + Send>>;

/// What an errand brings back: does to the scan what there is to do, most often to note
/// something for the evals of its family.
pub type Finding = Box<dyn FnOnce(&mut Scan) + Send>;

/// An errand whose end is a note.
pub fn errand<T, F>(ask: impl FnOnce(Arc<dyn Lookup>) -> F + Send + 'static) -> Errand
where
    T: Any + Send + Sync,
    F: Future<Output = T> + Send + 'static,
{
    Box::new(move |lookup| {
        let asking = ask(lookup);
        Box::pin(async move {
            let found = asking.await;
            Box::new(move |scan: &mut Scan| {
                scan.note(found);
            }) as Finding
        })
    })
}

/// Who answers, and for how long. [`Resolver`] does for a process.
pub trait Answers: Send + Sync {
    /// What one message asks through; after `deadline` it gets no answers.
    fn asker(&self, deadline: Tick) -> Arc<dyn Lookup>;

    /// Leaves a list alone for a time. False: it is left alone already.
    fn block(&self, zone: &Name, length: Duration) -> bool;

    /// The lists in memory, which answer before anybody is asked.
    fn held(&self) -> Option<&Arc<Held>> {
        None
    }

    /// Is nobody asked but the lists in memory?
    fn is_local(&self) -> bool {
        false
    }
}

/// Lists in memory before whoever else answers; nobody, where local tests only are wanted.
pub struct Layered {
    /// The lists.
    pub held: Arc<Held>,
    /// Who is asked for everything else.
    pub beneath: Option<Arc<dyn Answers>>,
}

impl Answers for Layered {
    fn asker(&self, deadline: Tick) -> Arc<dyn Lookup> {
        match &self.beneath {
            Some(beneath) => beneath.asker(deadline),
            None => Arc::new(Nobody),
        }
    }

    fn block(&self, zone: &Name, length: Duration) -> bool {
        let may_ask = !self.held.has(zone);
        self.beneath.as_ref().is_some_and(|beneath| may_ask && beneath.block(zone, length))
    }

    fn held(&self) -> Option<&Arc<Held>> {
        Some(&self.held)
    }

    fn is_local(&self) -> bool {
        self.beneath.is_none()
    }
}

/// Answers nothing.
struct Nobody;

impl Lookup for Nobody {
    fn lookup<'a>(&'a self, _: &'a Question) -> Answering<'a> {
        Box::pin(std::future::ready(Err(Failure::Forbidden)))
    }
}

impl Answers for Arc<Resolver> {
    fn asker(&self, deadline: Tick) -> Arc<dyn Lookup> {
        Resolver::asker(self, deadline)
    }

    fn block(&self, zone: &Name, length: Duration) -> bool {
        Resolver::block(self, zone, length)
    }
}

/// The network, as scans ask it. Shared by all of them.
pub struct Network {
    /// Who answers.
    pub answers: Arc<dyn Answers>,
    /// Where errands run.
    pub runtime: Handle,
}

impl Network {
    /// The same with nobody to ask but lists in memory, if there are any.
    pub fn held_only(&self) -> Option<Arc<Network>> {
        Some(Network::of_held(self.answers.held()?, &self.runtime))
    }

    /// Nobody to ask but these lists in memory.
    pub fn of_held(held: &Arc<Held>, runtime: &Handle) -> Arc<Network> {
        let answers = Arc::new(Layered { held: Arc::clone(held), beneath: None });
        Arc::new(Network { answers, runtime: runtime.clone() })
    }
}

/// What has been asked about one message.
pub(super) struct Asked {
    network: Arc<Network>,
    inquiry: Arc<Inquiry>,
    errands: JoinSet<std::thread::Result<Finding>>,
    sent: Sent,
}

/// How long a scan without a deadline may wait.
const LONGEST: Duration = Duration::from_secs(300);

/// A moment before the scan's own deadline, so that there is time to finish it.
fn before(deadline: Tick) -> Tick {
    const MOST: Duration = Duration::from_secs(1);
    let left = deadline.since(Tick::now());
    Tick::now().plus(left - MOST.min(left / 10))
}

/// How long errands may go on once their questions have been given up.
const GRACE: Duration = Duration::from_secs(1);

impl Scan {
    /// Sends the errands of all families that need to know nothing but the message.
    pub(super) fn send(&mut self, network: &Arc<Network>) {
        if self.asked.is_some() {
            return;
        }
        let ends = before(self.deadline().unwrap_or_else(|| Tick::now().plus(LONGEST)));
        let (asker, held) = (network.answers.asker(ends), network.answers.held().cloned());
        let inquiry = Arc::new(Inquiry::new(asker, held, ends));
        let (errands, sent) = (JoinSet::new(), Sent::default());
        let mut asked = Asked { network: Arc::clone(network), inquiry, errands, sent };
        families::prepare(self);
        // Errands run on tokio, wherever they begin.
        let _context = network.runtime.enter();
        asked.send_more(self);
        self.unanswered = asked.inquiry.unanswered();
        self.asked = Some(asked);
    }

    /// Have all errands come home?
    pub(super) fn has_findings(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.errands.is_empty())
    }

    /// Are errands out? Then [`Scan::wait`] has to bring their findings before the scan is
    /// finished.
    pub fn waits(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| !asked.errands.is_empty())
    }

    /// Waits until the network has answered, or the time for it is over. Needs no worker.
    pub async fn wait(&mut self) {
        let Some(mut asked) = self.asked.take() else { return };
        let (mut ends, mut is_over) = (asked.inquiry.ends, false);
        loop {
            tokio::select! {
                back = asked.errands.join_next() => match back {
                    Some(Ok(Ok(finding))) => {
                        finding(self);
                        if !is_over {
                            asked.send_more(self);
                        }
                    }
                    Some(_) => {}
                    None => break,
                },
                () = tokio::time::sleep_until(ends.instant().into()) => {
                    if std::mem::replace(&mut is_over, true) {
                        break;
                    }
                    asked.inquiry.give_up();
                    ends = Tick::now().plus(GRACE);
                }
            }
        }
        self.unanswered = asked.inquiry.unanswered();
        self.asked = Some(asked);
    }

    /// Lets everything go that is still out: nobody waits for it.
    pub(super) fn forget_errands(&mut self) {
        if let Some(asked) = &mut self.asked {
            asked.errands.abort_all();
            asked.errands = JoinSet::new();
        }
    }

    /// What a hit of `rule` counts, 1 for whole, and the list in memory whose copy is so old that
    /// it counts less.
    pub(super) fn weight<'h>(&self, held: &'h Holdings, rule: RuleId) -> (f64, Option<&'h Name>) {
        let lists = self.asked.as_ref().and_then(|asked| asked.network.answers.held());
        lists.map_or((1.0, None), |lists| held.weight(rule, lists))
    }

    /// Questions that the network did not answer in time.
    pub(super) fn unanswered(&self) -> &[Question] {
        &self.unanswered
    }

    /// Who was asked, if anybody.
    pub(super) fn network(&self) -> Option<&Network> {
        self.asked.as_ref().map(|asked| &*asked.network)
    }
}

impl Asked {
    /// Sends the errands that what is known by now allows. Each goes as far as it can on the
    /// spot: its questions leave, and one whose answers are all in memory is back at once.
    fn send_more(&mut self, scan: &mut Scan) {
        let next = match self.network.answers.is_local() {
            true => families::of_lists,
            false => families::next,
        };
        loop {
            let errands = next(scan, &mut self.sent);
            if errands.is_empty() {
                return;
            }
            for errand in errands {
                let lookup = Arc::clone(&self.inquiry) as Arc<dyn Lookup>;
                let mut underway = AssertUnwindSafe(errand(lookup)).catch_unwind();
                match (&mut underway).now_or_never() {
                    Some(Ok(finding)) => finding(scan),
                    // A panic costs what this errand would have found.
                    Some(Err(_)) => {}
                    None => drop(self.errands.spawn_on(underway, &self.network.runtime)),
                }
            }
        }
    }
}
