//! Bytes and characters: what knows nothing of mail.
//!
//! Ring 0. May use no other room.

pub mod ascii;
pub mod charset;
pub mod domain;
pub mod glob;
pub mod locales;
pub mod net;
pub mod number;
pub mod pieces;
pub mod reach;
pub mod shown;
