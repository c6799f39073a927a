//! The tools by their names, beside Debian's: `spamassassin` and `sa-check_spamd` are called
//! with the same words in the same places, and compared by what they write, say and return.
//! What is not installed is skipped, by name.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "tools/check_spamd.rs"]
mod check_spamd;
#[path = "tools/place.rs"]
mod place;
#[path = "tools/spamassassin.rs"]
mod spamassassin;
