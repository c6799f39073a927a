//! DKIM: the two functions that decide without looking at a signature.
//!
//! In: nothing. Out: no hit, ever; rule files still call them. Mail::SpamAssassin::Plugin::DKIM.

use super::{Row, never};

const PLUGIN: &str = "Mail::SpamAssassin::Plugin::DKIM";

/// The functions.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::new(PLUGIN, "check_dkim_signsome", "()", "never: that some mail is signed is true of every domain", never),
    Row::new(PLUGIN, "check_dkim_testing", "()", "never: SpamAssassin does not look at a key's testing flag", never),
];
