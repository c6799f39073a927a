//! mailprint: a drop-in `spamd`.
//!
//! One message's road, in the order in which the modules meet it:
//!
//! 1. [`server`] accepts a connection and reads a request that [`protocol`] understands;
//! 2. [`message`] parses the mail and renders the views that rules read;
//! 3. [`rules`] holds what SpamAssassin's `.cf` files say;
//! 4. [`engine`] runs the rules and combines the hits into a verdict;
//! 5. [`protocol`] turns the verdict into the reply of the verb that was asked.
//!
//! Beneath all of them lie [`text`], [`config`], [`limits`] and [`metrics`], which know
//! nothing of mail servers. `doc/OVERVIEW.md` draws the picture; a test (`t/rings.rs`)
//! checks that the arrows between modules point inwards only.

pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dns;
pub mod engine;
pub mod error;
pub mod feed;
pub mod fetch;
pub mod fingerprint;
pub mod http;
pub mod limits;
pub mod log;
pub mod message;
pub mod metrics;
pub mod protocol;
pub mod rules;
pub mod server;
pub mod text;
pub mod zones;
