//! A mail as rules see it: headers, MIME tree, relays, HTML, URIs and views.
//!
//! Bytes in, facts out. Parsing never fails: what is odd about a message is recorded
//! ([`Facts`], [`crate::limits::Reached`]) because rules read it. Nothing here knows a
//! rule, a socket or a clock.
//!
//! Ring 1. May use `text` and `limits`.
//!
//! * `parse` makes the message: `head` cuts off its fields, `multipart` its parts,
//!   `content_type` reads their types, `decode` undoes transfer encodings;
//! * `header` answers what a header rule asks for, with `header_block` (`ALL`), `envelope`
//!   (`EnvelopeFrom`), `address` and `address_list` (`:addr`, `:name`), `host` (`:host`),
//!   `encoded_word`;
//! * `received`, `relay` read Received lines and walk the trust path;
//! * `html`, `uri` render HTML and collect URIs;
//! * `body` cuts the `body` and `rawbody` views; `view` holds all views of one message,
//!   each rendered when first asked for.

pub mod address;
pub mod address_list;
pub mod body;
pub mod content_type;
pub mod decode;
pub mod encoded_word;
pub mod envelope;
mod facts;
mod head;
pub mod header;
pub mod header_block;
#[cfg(test)]
mod header_cases;
pub mod headers;
pub mod host;
pub mod html;
pub mod mbox;
mod multipart;
mod notes;
mod parse;
mod part;
pub mod received;
pub mod relay;
pub mod senders;
pub mod settings;
mod text;
pub mod uri;
pub mod view;

pub use facts::Facts;
pub use parse::Message;
pub use part::{Part, Rendering};
pub use settings::Settings;
