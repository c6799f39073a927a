//! The sender's mailboxes: that of the envelope, and the first one in From.
//!
//! In: what headers tell. Out: properties of the mailboxes (RFC 5321, 4.1.2; RFC 5322, 3.4.1).

use super::name::{LOCAL, Named, PRIVATE, RESERVED};
use super::{Noted, Property, find, has, is_our_own};
use crate::engine::eval::{Binding, Test, hit_if, literal};
use crate::engine::scan::Scan;
use crate::message::header::HeaderQuery;
use crate::message::view::Views;
use crate::rules::model::Eval;
use crate::text::domain;
use std::sync::Arc;

/// The sender as the envelope and the header name it.
pub struct Senders {
    /// Of the envelope; `None` for a bounce, and where nothing tells it.
    pub envelope: Option<Mailbox>,
    /// Of From.
    pub from: Option<Mailbox>,
}

/// An address.
pub struct Mailbox {
    /// What stands before the last `@`.
    pub local: Vec<u8>,
    /// What stands behind it, in ASCII.
    pub domain: Named,
}

/// Which of the sender's mailboxes.
#[derive(Clone, Copy)]
pub enum Which {
    /// The envelope's.
    Envelope,
    /// From's.
    From,
}

impl Which {
    /// The first argument of a call.
    pub fn of(call: &Eval) -> Result<Which, String> {
        match literal(call, 0)? {
            b"envelope" => Ok(Which::Envelope),
            b"from" => Ok(Which::From),
            other => Err(format!("'{}' is neither 'envelope' nor 'from'", other.escape_ascii())),
        }
    }
}

/// Properties of a mailbox.
#[rustfmt::skip]
pub const TABLE: &[Property<Mailbox>] = &[
    has("one_label", |mailbox| mailbox.domain.is_single()),
    has("unknown_tld", |mailbox| mailbox.domain.has_unknown_tld()),
    has("local", |mailbox| mailbox.domain.ends_in(LOCAL)),
    has("reserved", |mailbox| mailbox.domain.ends_in(RESERVED)),
    has("private", |mailbox| mailbox.domain.ends_in(PRIVATE)),
    has("literal", |mailbox| mailbox.domain.literal().is_some()),
    has("address", |mailbox| mailbox.domain.bare().is_some()),
    has("underscore", |mailbox| mailbox.domain.is_name() && mailbox.domain.name.contains(&b'_')),
    has("odd_name", |mailbox| mailbox.domain.has_odd_bytes() || mailbox.domain.has_hyphen_at_border() || mailbox.domain.has_empty_label() || mailbox.domain.is_too_long()),
    has("numeric_tld", |mailbox| mailbox.domain.has_numeric_tld()),
    has("long_local", |mailbox| mailbox.local.len() > 64),
    has("odd_dots", |mailbox| has_odd_dots(&mailbox.local)),
];

/// `check_sender`
pub fn bind(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    let which = Which::of(call)?;
    let holds = find(call, 1, TABLE)?;
    Ok(Arc::new(move |scan, _| {
        let senders = facts(scan);
        hit_if(senders.0.as_ref().and_then(|senders| senders.get(which)).is_some_and(holds))
    }))
}

fn facts(scan: &mut Scan) -> Arc<Noted<Senders>> {
    scan.facts(|scan| {
        let views = scan.views();
        Noted((!is_our_own(views)).then(|| Senders::new(views)))
    })
}

impl Senders {
    /// The sender of a message.
    pub fn new(views: &Views) -> Senders {
        let mailbox = |query: &[u8]| {
            let address = HeaderQuery::ask(query).first(&views.source())?;
            let at = memchr::memrchr(b'@', &address)?;
            let (local, domain) = address.split_at_checked(at)?;
            let domain = domain::to_ascii(domain.get(1..)?);
            let domain = Named::new(&domain, &views.settings().domains);
            (!domain.is_empty()).then(|| Mailbox { local: local.to_vec(), domain })
        };
        Senders { envelope: mailbox(b"EnvelopeFrom"), from: mailbox(b"From:addr") }
    }

    fn get(&self, which: Which) -> Option<&Mailbox> {
        match which {
            Which::Envelope => self.envelope.as_ref(),
            Which::From => self.from.as_ref(),
        }
    }
}

/// A dot at the beginning or the end, or two in a row, and no quotes around.
fn has_odd_dots(local: &[u8]) -> bool {
    let is_doubled = local.windows(2).any(|two| two == b"..");
    !local.starts_with(b"\"") && (is_doubled || local.starts_with(b".") || local.ends_with(b"."))
}
