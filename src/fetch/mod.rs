//! Downloads: the one place that fetches files from elsewhere (feeds, block lists).
//!
//! Ring 1. May use `limits`, `clock`.
