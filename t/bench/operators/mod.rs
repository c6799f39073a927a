//! Mutation operators: what bulk senders do to each copy of a message.
//!
//! An operator is a function of a message and a seed; the same seed gives the same mutant.
//! `None`: it leaves this message as it is (no HTML, no picture …). One file for each kind.

pub mod files;
mod layout;
mod rewrite;
mod spelling;
pub mod text;

/// One operator: name and function.
pub type Operator = (&'static str, fn(&[u8], u64) -> Option<Vec<u8>>);

/// All of them.
pub fn all() -> Vec<Operator> {
    [files::OPERATORS, layout::OPERATORS, spelling::OPERATORS, rewrite::OPERATORS].concat()
}
