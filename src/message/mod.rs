//! A mail as rules see it: headers, MIME tree, relays, HTML, URIs and views.
//!
//! Bytes in, facts out. Parsing never fails: what is odd about a message is recorded
//! ([`Facts`], [`crate::limits::Reached`]) because rules read it. Nothing here knows a
//! rule, a socket or a clock.
//!
//! Ring 1. May use `text` and `limits`.
//!
//! * `parse` splits headers and the MIME tree; `decode` undoes transfer encodings;
//! * `header`, `address`, `encoded_word` answer what a header rule asks for;
//! * `received`, `relay` read Received lines and walk the trust path;
//! * `html`, `uri` render HTML and collect URIs;
//! * `body` cuts the `body` and `rawbody` views; `view` holds all views of one message,
//!   each rendered when first asked for.

pub mod address;
pub mod address_list;
pub mod decode;
pub mod encoded_word;
pub mod envelope;
pub mod header;
pub mod header_block;
#[cfg(test)]
mod header_cases;
pub mod headers;
pub mod host;
pub mod received;
pub mod relay;
pub mod settings;

pub use settings::Settings;
