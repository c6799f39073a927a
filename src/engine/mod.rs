//! The engine: rules run on a message, hits combined into a verdict.
//!
//! Ring 3.

pub mod report;
pub mod verdict;
pub mod wrap;

pub use verdict::{Hit, Verdict};
