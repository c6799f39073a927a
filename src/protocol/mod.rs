//! spamd's protocol: bytes to requests, answers to bytes.
//!
//! No sockets, no clock, no global: [`request::Reading`] is fed what has arrived and says
//! whether a request is complete, [`response`] renders what goes back. Byte for byte that
//! of spamd 4.0.1 (`spamd(8p)`, and `spamd/PROTOCOL` in its source); what differs on
//! purpose is listed in `doc/DIFFERENCES.md`.
//!
//! Ring 4 in the picture, but it may use `limits` and `error` only.

mod error;
mod head;
mod inflate;
pub mod request;
pub mod response;
mod verb;
mod wishes;

pub use error::RequestError;
pub use head::{Places, Tell};
pub use request::{Reading, Request};
pub use response::Answer;
pub use verb::Verb;
pub use wishes::{Shown, Wishes};
