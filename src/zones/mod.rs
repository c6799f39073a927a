//! Block lists held locally: whole copies of DNS lists in memory, and what a name server would
//! answer from them.
//!
//! Ring 2. May use `dns`'s types, `fetch`, `text`, `limits`, `clock`, `metrics`.
