//! The program as a daemon: how it starts, whom it serves as whom, what it logs, how it ends.
//!
//! Each test starts the program itself, on a port of its own, with a rule or two. Where root is
//! needed and not there, a test says so and is skipped; with it, users and homes are invented in
//! a mount namespace, and Debian's spamd stands beside.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "daemon/log.rs"]
mod log;
#[path = "daemon/start.rs"]
mod start;
#[path = "daemon/systemd.rs"]
mod systemd;
#[path = "daemon/users.rs"]
mod users;
#[path = "daemon/world.rs"]
mod world;
