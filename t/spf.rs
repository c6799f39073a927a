//! SPF against tables of names: the RFC's own suite, cases of ours, and whole messages.

#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a case that cannot be read is a failure, and a skipped one is told"
)]

#[path = "spf/cases.rs"]
mod cases;
#[path = "spf/limits.rs"]
mod limits;
#[path = "spf/messages.rs"]
mod messages;
#[path = "spf/suite.rs"]
mod suite;
#[path = "spf/zone.rs"]
mod zone;

use mailprint::auth::spf::{Heights, Outcome, Request, Verdict, check};
use mailprint::dns::Lookup;

/// What SPF says, asked of `lookup`.
fn check_now(lookup: &dyn Lookup, request: &Request, heights: &Heights) -> Verdict {
    runtime().block_on(check(lookup, request, heights))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

fn outcome_of(word: &str) -> Outcome {
    use Outcome::*;
    let all = [Pass, Neutral, None, Fail, SoftFail, PermError, TempError];
    all.into_iter().find(|outcome| outcome.word() == word).unwrap_or_else(|| panic!("{word}"))
}
