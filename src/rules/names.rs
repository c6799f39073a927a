//! Names of rules.

use super::arithmetic::is_word;

/// Is this a name that a rule may bear: `[_a-zA-Z]\w*`, at most 128 long?
pub(super) fn is_rule_name(name: &[u8]) -> bool {
    name.len() <= 128
        && name.first().is_some_and(|b| !b.is_ascii_digit())
        && name.iter().all(|&b| is_word(b))
}
