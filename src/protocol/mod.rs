//! spamd's protocol: bytes to requests, answers to bytes.
//!
//! No sockets, no clock, no global: [`request::Reading`] is fed what has arrived and says
//! whether a request is complete, [`response`] renders what goes back. Byte for byte that
//! of spamd 4.0.1 (`spamd(8p)`, and `spamd/PROTOCOL` in its source); what differs on
//! purpose is listed in `doc/DIFFERENCES.md`.
//!
//! Ring 4 in the picture, but it may use `limits` and `error` only.

pub mod request;
pub mod response;

pub use request::{Reading, Request, RequestError, Verb};
pub use response::Answer;
