//! How a message is built: fingerprints of its HTML, its tree of parts and its head.
//!
//! In: the view's pages, the message. Out: fingerprints, all of them weak but `call-to-action`:
//! they say which program made a message, and honest people use programs, too. `skeleton`
//! reads HTML, `mime` the tree, `head` the header fields; each specifies its transforms.

mod head;
mod mime;
mod skeleton;

use super::links::Link;
use super::view::View;
use super::{Algorithm, Fingerprint, digest};

/// Pages of one message that are looked at.
const PAGES: usize = 2;

/// Adds the fingerprints of how `view` is built; `links` are its links, read.
pub(super) fn prints(view: &View<'_>, links: &[Link], out: &mut Vec<Fingerprint>) {
    for page in view.pages.iter().take(PAGES) {
        skeleton::prints(page, links, out);
    }
    if let Some(message) = view.message {
        let mime = mime::shape(message, view.top);
        let head = view.headers().and_then(head::shape);
        out.extend(mime.map(|shape| digest(Algorithm::MimeShape, shape.as_bytes())));
        out.extend(head.map(|shape| digest(Algorithm::HeaderShape, shape.as_bytes())));
    }
}
