//! Real clients from Debian in front of mailprint, and in front of Debian's spamd to compare.
//!
//! Each test reads its set-up from `contrib/`, hands over ham and spam, and looks at what comes
//! out at the other end: the mailbox, the reply, the exit code. `doc/CLIENTS.md` lists them.
//! What is not installed is skipped, by name; MTAs run in namespaces of their own (`room.rs`).

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "clients/amavis.rs"]
mod amavis;
#[path = "clients/exim.rs"]
mod exim;
#[path = "clients/harness.rs"]
mod harness;
#[path = "clients/pipes.rs"]
mod pipes;
#[path = "clients/postfix.rs"]
mod postfix;
#[path = "clients/room.rs"]
mod room;
#[path = "clients/scanner.rs"]
mod scanner;
#[path = "clients/smtp.rs"]
mod smtp;
#[path = "clients/spamc.rs"]
mod spamc;
#[path = "clients/systemd.rs"]
mod systemd;
