//! What a header rule asks for, and what it gets.

/// A header as a rule names it: `Subject`, `From:addr`, `ALL:raw`, `ToCc:name`, …
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeaderQuery {
    /// The header's name as written.
    pub name: Box<[u8]>,
}
