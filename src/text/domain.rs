//! Domain names: which labels are registered, which belong to a registry.

use std::collections::HashSet;

/// The top-level domains and registry suffixes that the configuration knows
/// (`util_rb_tld`, `util_rb_2tld`, `util_rb_3tld`), in lower case without dots around.
///
/// There is no built-in list: without `util_rb_tld` no name has a valid domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    /// `com`, `uk`, …
    pub tlds: HashSet<Vec<u8>>,
    /// `co.uk`, …
    pub two_level: HashSet<Vec<u8>>,
    /// `demon.co.uk`, …
    pub three_level: HashSet<Vec<u8>>,
}
