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
mod pauses;

pub use findings::{Findings, record_text};
pub use pauses::Pauses;

use super::scan::Scan;
use crate::clock::Tick;
use crate::dns::{Lookup, Question};
use families::{Family, Sent};
use inquiry::Inquiry;
use std::any::Any;
use std::future::Future;
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

/// The network, as scans ask it. Shared by all of them.
pub struct Network {
    /// Who answers.
    pub lookup: Arc<dyn Lookup>,
    /// Where errands run.
    pub runtime: Handle,
    /// Lists that nobody asks for a while, as they have refused (`dns_block_rule`).
    pub pauses: Pauses,
}

/// What has been asked about one message.
pub(super) struct Asked {
    network: Arc<Network>,
    inquiry: Arc<Inquiry>,
    errands: JoinSet<(Family, Finding)>,
    sent: Sent,
}

/// How long errands may go on once their questions have been given up.
const GRACE: Duration = Duration::from_secs(1);

impl Scan {
    /// Sends the errands of all families that need to know nothing but the message.
    pub(super) fn send(&mut self, network: &Arc<Network>) {
        if self.asked.is_some() {
            return;
        }
        let inquiry = Arc::new(Inquiry::new(network, self));
        let (errands, sent) = (JoinSet::new(), Sent::default());
        let mut asked = Asked { network: Arc::clone(network), inquiry, errands, sent };
        families::prepare(self);
        asked.send_more(self);
        self.asked = Some(asked);
    }

    /// Are errands out? Then [`Scan::wait`] has to bring their findings before the scan is
    /// finished.
    pub fn waits(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| !asked.errands.is_empty())
    }

    /// Waits until the network has answered, or the time for it is over. Needs no worker.
    pub async fn wait(&mut self) {
        let Some(mut asked) = self.asked.take() else { return };
        let mut ends: Option<Tick> = None;
        loop {
            let wakes = ends.unwrap_or_else(|| asked.inquiry.due()).instant();
            tokio::select! {
                back = asked.errands.join_next() => match back {
                    Some(Ok((family, finding))) => {
                        finding(self);
                        asked.sent.is_back(family);
                        if ends.is_none() {
                            asked.send_more(self);
                        }
                    }
                    // A panic costs what this errand would have found.
                    Some(Err(_)) => {}
                    None => break,
                },
                () = asked.inquiry.changed() => {}
                () = tokio::time::sleep_until(wakes.into()) => match ends {
                    Some(end) if end <= Tick::now() => break,
                    Some(_) => {}
                    None if asked.inquiry.due() <= Tick::now() => {
                        asked.inquiry.give_up();
                        ends = Some(Tick::now().plus(GRACE));
                    }
                    None => {}
                },
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

    /// Questions that the network did not answer in time.
    pub(super) fn unanswered(&self) -> &[Question] {
        &self.unanswered
    }

    /// The lists that are paused, where the network was asked.
    pub(super) fn pauses(&self) -> Option<&Pauses> {
        self.asked.as_ref().map(|asked| &asked.network.pauses)
    }
}

impl Asked {
    /// Sends the errands that what is known by now allows.
    fn send_more(&mut self, scan: &mut Scan) {
        for (family, errand) in families::next(scan, &mut self.sent) {
            let underway = errand(Arc::clone(&self.inquiry) as Arc<dyn Lookup>);
            let runtime = &self.network.runtime;
            self.errands.spawn_on(async move { (family, underway.await) }, runtime);
        }
    }
}
