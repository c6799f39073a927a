//! What several tests of headers look at, found out once for a message.

use super::super::Binding;
use super::super::arguments::regex;
use crate::engine::scan::Scan;
use crate::message::header::HeaderQuery;
use crate::message::relay::Side;
use crate::message::view::Views;
use crate::text::ascii::is_space;
use regex::bytes::Regex;
use std::sync::{Arc, OnceLock};

/// Headers and what follows from them; each found out when first asked for.
#[derive(Default)]
pub struct Facts {
    received: OnceLock<Option<Vec<u8>>>,
    received_line: OnceLock<Vec<u8>>,
    from: OnceLock<Vec<u8>>,
    envelope_sender: OnceLock<Vec<u8>>,
    remover: OnceLock<bool>,
    pub(super) hotmail: OnceLock<super::forged::Hotmail>,
    pub(super) dates: OnceLock<super::dates::Dates>,
    pub(super) recipients: OnceLock<super::recipients::Recipients>,
}

/// The facts about the message of `scan`.
pub fn facts(scan: &mut Scan) -> Arc<Facts> {
    scan.facts(|_| Facts::default())
}

/// All values of a header as one text, or the first address: what an eval test gets when it asks
/// for `name`. Empty where there is none.
pub fn text(name: &[u8], views: &Views) -> Vec<u8> {
    HeaderQuery::ask(name).first(&views.source()).unwrap_or_default()
}

/// All values of a header, or all addresses in it.
pub fn values(name: &[u8], views: &Views) -> Vec<Vec<u8>> {
    HeaderQuery::ask(name).values(&views.source())
}

/// `text` with one space for any white space.
pub fn squeezed(text: &[u8]) -> Vec<u8> {
    let mut line: Vec<u8> = Vec::with_capacity(text.len());
    for &byte in text {
        match is_space(byte) {
            true if line.last() == Some(&b' ') => {}
            true => line.push(b' '),
            false => line.push(byte),
        }
    }
    line
}

impl Facts {
    /// The Received fields, a line each; `None` without any.
    pub fn received_or_none(&self, views: &Views) -> Option<&[u8]> {
        let read = || HeaderQuery::ask(b"Received").first(&views.source());
        self.received.get_or_init(read).as_deref()
    }

    /// The Received fields, a line each.
    pub fn received(&self, views: &Views) -> &[u8] {
        self.received_or_none(views).unwrap_or_default()
    }

    /// The Received fields on one line, with single spaces.
    pub fn received_line(&self, views: &Views) -> &[u8] {
        self.received_line.get_or_init(|| squeezed(self.received(views)))
    }

    /// The first address in From.
    pub fn from(&self, views: &Views) -> &[u8] {
        self.from.get_or_init(|| text(b"From:addr", views))
    }

    /// The envelope sender's address.
    pub fn envelope_sender(&self, views: &Views) -> &[u8] {
        self.envelope_sender.get_or_init(|| text(b"EnvelopeFrom:addr", views))
    }

    /// Has a mailing list removed the Received fields, or are there none for another reason?
    pub fn came_through_remover(&self, views: &Views, remover: &Remover) -> bool {
        *self.remover.get_or_init(|| {
            let Some(received) = self.received_or_none(views) else { return true };
            (remover.list.is_match(&text(b"Mailing-List", views))
                && remover.delivered.is_match(&text(b"Delivered-To", views))
                && remover.invoked.is_match(received))
                || remover.groups.is_match(received)
        })
    }
}

/// The patterns by which lists that remove Received fields are known.
pub struct Remover {
    list: Regex,
    delivered: Regex,
    invoked: Regex,
    groups: Regex,
}

impl Remover {
    /// Compiles them.
    pub fn new(_: &mut Binding) -> Result<Remover, String> {
        Ok(Remover {
            list: regex(r"(?m)^contact \S+@\S+; run by ezmlm$")?,
            delivered: regex(r"(?m)^mailing list \S+@\S+")?,
            invoked: regex(r"qmail \d+ invoked (?:from network|by .{3,20})\); \d+ ... \d+")?,
            groups: regex(r"from groups\.msn\.com \(\S+\.msn\.com ")?,
        })
    }
}

/// The hops of one side as the `X-Spam-Relays-*` pseudo headers show them.
pub fn relays(side: Side, views: &Views) -> Vec<u8> {
    views.relays().text(side)
}
