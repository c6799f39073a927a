//! Feeds of fingerprints: published, served by Debian's nginx, followed.

#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

#[path = "support/nginx.rs"]
mod nginx;

#[path = "feed/ground.rs"]
mod ground;
#[path = "feed/killed.rs"]
mod killed;
#[path = "feed/refusals.rs"]
mod refusals;
#[path = "feed/servers.rs"]
mod servers;
#[path = "feed/sizes.rs"]
mod sizes;
#[path = "feed/vectors.rs"]
mod vectors;
