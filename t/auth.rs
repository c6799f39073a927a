//! Signatures and policies: the ARC suite, and mail of our own that SpamAssassin has judged.

#![allow(missing_docs)]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a case that cannot be read is a failure; a skip has to be told"
)]

#[path = "auth/anything.rs"]
mod anything;
#[path = "auth/limits.rs"]
mod limits;
#[path = "auth/messages.rs"]
mod messages;
#[path = "auth/suite.rs"]
mod suite;
#[path = "auth/zone.rs"]
mod zone;
