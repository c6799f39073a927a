//! Who answers for a message: what its senders' domains have published about it.
//!
//! One module a method. Each takes what it has to know as plain data and asks the DNS through
//! [`crate::dns::Lookup`]; none knows the engine or its rules.
//!
//! Ring 2. May use `dns`, `message`, `text`, `limits`, `clock`.

pub mod spf;
