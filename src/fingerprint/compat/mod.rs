//! What older networks would call a message: Razor2's signatures and Pyzor's digest.
//!
//! In: a message as it came. Out: what Debian's `razor` and `pyzor` compute of it, so that these
//! networks can be asked and told, and their reports read. Nothing of ours is matched by these:
//! they are by-products, made when somebody asks for them.

pub mod pyzor;
pub mod razor;
mod suffixes;
