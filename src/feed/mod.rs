//! The feed: known fingerprints as files that any web server can serve, signed, with what was
//! added and removed since the last minute, hour and day. `doc/FEED.md` specifies it for others.
//!
//! * [`format`] and [`rice`]: bytes ↔ types, pure.
//! * [`key`] and [`verify`]: whose it is, and whether it may follow what there is.
//! * [`set`]: the lists of one state, and how a delta is applied to them; [`base`] keeps them in
//!   a file, so that they cost no memory.
//! * [`publish`]: from one set of lists to the next, as a folder.
//! * [`replica`]: the last good state in a folder of this machine.
//! * [`poll`]: fetches, verifies, applies, and puts the outcome into force.
//!
//! Invariant: what is in force is a state that the publisher has signed, whole. A refused file
//! changes nothing.
//!
//! Ring 2. May use `fingerprint`, `fetch`, `limits`, `clock`, `metrics`.

pub mod base;
pub mod brake;
mod error;
pub mod format;
pub mod key;
pub mod layer;
pub mod poll;
pub mod publish;
pub mod replica;
pub mod rice;
pub mod set;
pub mod verify;

pub use error::FeedError;
pub use format::{Head, ListId};
pub use key::{PublicKey, SecretKey};
pub use poll::{Follower, Settings};
