//! Perl's patterns on bytes: translated, planned in tiers, matched exactly.

/// A pattern as a rule file gives it, without its delimiters.
#[derive(Clone, Debug)]
pub struct Pattern;
