//! The tables that zones are looked up in: immutable, built off the hot path, the same bytes in
//! memory as in a compiled file.

pub mod blob;
pub mod names;
pub mod ranges;
pub mod record;
pub mod sequence;
pub mod values;
