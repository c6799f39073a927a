//! The feed: known fingerprints as files that any web server can serve, signed, with what was
//! added and removed since the last minute, hour and day.
//!
//! Ring 2. `format` is pure; `poll` uses [`fetch`](crate::fetch). May use `fingerprint`,
//! `fetch`, `limits`, `clock`, `metrics`.
