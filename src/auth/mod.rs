//! Who sent a message, as the domain name system tells it.
//!
//! Everything here asks through [`crate::dns::Lookup`] and knows no socket.
//!
//! Ring 2. May use `dns`, `message`, `text`, `limits`, `clock`.

pub mod host;
