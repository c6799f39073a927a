//! URIs of a message: from text, HTML and DKIM signatures, raw and in all their disguises.
//!
//! In: rendered paragraphs, [`Html`] parts, DKIM domains, [`Settings`]. Out: [`Uris`], the
//! list that `uri` rules match and the details that `uri_detail`, evals and block lists
//! read. `find` finds URIs in text, `canonical` undoes disguises, `mail` those of addresses,
//! `collect` brings all together. Facts: get_uri_list and
//! get_uri_detail_list of Mail::SpamAssassin::PerMsgStatus(3).

mod canonical;
#[cfg(test)]
mod cases;
mod collect;
mod find;
mod mail;

pub use canonical::variants;
pub use collect::collect;

use crate::limits::Reached;
use crate::text::domain::Host;
use crate::text::pieces::Pieces;
use std::collections::HashSet;

/// All URIs of a message, each raw form once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uris {
    /// The raw forms, in order of appearance: text, HTML, DKIM.
    pub details: Vec<Detail>,
    /// Was a URI cut at its limit?
    pub truncated: bool,
    /// The limits that were reached.
    pub reached: Reached,
}

/// What is known of one raw URI.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// The URI as it stands in the message; from text with a scheme put before it; from
    /// DKIM with `domainkeys:` before it.
    pub raw: Vec<u8>,
    /// Where it was found, each once: HTML elements, `parsed`, `schemeless`, `unlinked`,
    /// `domainkeys`, `nocanon`, `noclean`.
    pub types: Vec<&'static str>,
    /// The raw form and the forms that canonicalisation gives, each once. Empty for DKIM.
    pub cleaned: Vec<Vec<u8>>,
    /// The different texts of its anchors.
    pub anchor_text: Vec<Vec<u8>>,
    /// The hosts that the forms lead to, each once.
    pub hosts: Vec<Host>,
}

impl Detail {
    /// The registered domains of [`Detail::hosts`], each once.
    pub fn domains(&self) -> impl Iterator<Item = &[u8]> {
        let mut seen = HashSet::new();
        self.hosts.iter().map(|host| host.domain.as_slice()).filter(move |&d| seen.insert(d))
    }

    /// Was it found by `kind`, an element or one of the names of [`Detail::types`]?
    pub fn has_type(&self, kind: &str) -> bool {
        self.types.contains(&kind)
    }
}

impl Uris {
    /// What `uri` rules match: all cleaned forms, each once.
    pub fn rule_inputs(&self) -> Pieces {
        let mut seen = HashSet::new();
        let all = self.details.iter().flat_map(|detail| &detail.cleaned);
        all.filter(|form| seen.insert(form.as_slice())).collect()
    }
}
