//! What the network is asked about a message while rules run on it.
//!
//! A family of evals that needs the network hands in *errands*: made from the scan when headers
//! and URIs are known, run beside it without a worker, and back before it is finished with
//! something to note. Evals whose row says `waits` run after that and read the note
//! ([`Scan::known_note`]); where there is none, the network was not asked or did not answer.

use super::Scan;
use crate::dns::Lookup;
use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

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
