//! Campaigns: how soon later copies are recognised when the first ones are reported.
//!
//! 200 campaigns of 50 mutants each, made by our own stack of operators of `mutate.py`'s MEDIUM and HEAVY
//! where it is there, come among the ham in random order; each spam is reported after so many
//! further messages. Half of the ham, of other senders, says what is common.

use super::corpus::Corpus;
use super::mutants::Mutants;

/// Runs them and prints a table and a plot.
pub fn run(_: &Corpus, _: &Mutants) {}
