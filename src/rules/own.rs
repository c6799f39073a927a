//! The rules that come with this program, from the folder `rules/` of its source.
//!
//! They are part of the program, so that they cannot be of another version than it is.

/// Name and text of each file, in the order of reading.
pub const FILES: &[(&str, &str)] =
    &[("(mailprint)/10_mailprint.cf", include_str!("../../rules/10_mailprint.cf"))];
