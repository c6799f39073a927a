//! The server from outside: raw sockets, the real `spamc`, the real spamd beside it.
//!
//! A small stand-in for the engine hits on marked words, so that these tests speak of the
//! server alone. `t/server/program.rs` starts the program itself; `t/server/replies.rs` gives
//! it and Debian's spamd the same rules and compares replies byte for byte. What is not installed is skipped, by name.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "server/harness.rs"]
mod harness;
#[path = "server/hostile.rs"]
mod hostile;
#[path = "server/limits.rs"]
mod limits;
#[path = "server/ordinary.rs"]
mod ordinary;
#[path = "server/program.rs"]
mod program;
#[path = "server/replies.rs"]
mod replies;
#[path = "server/requests.rs"]
mod requests;
#[path = "server/spamd.rs"]
mod spamd;
#[path = "server/tls.rs"]
mod tls;
