//! Does the chain hold (RFC 8617, 5.2)?

use super::sets::Kind;
use crate::auth::mail::Mail;
use crate::auth::signature::Claim;
use std::collections::{BTreeMap, HashSet};

/// The chain's validation status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Chain {
    /// The message has no ARC sets.
    #[default]
    None,
    /// Every seal holds, and the newest signature.
    Pass,
    /// Anything else.
    Fail,
}

/// What the chain is made of.
#[derive(Debug)]
pub struct Outline {
    is_empty: bool,
    /// Has each set its three fields, once each, and nothing wrong with them?
    is_whole: bool,
    /// How many sets there are.
    sets: u32,
}

/// The most sets of a chain (RFC 8617, 5.1.1.1).
const SETS: usize = 50;

impl Outline {
    /// Looks at the structure of the sets in `mail`.
    pub fn new(mail: &Mail) -> Outline {
        let is_part = |name: &[u8]| Kind::ALL.iter().any(|kind| kind.name() == name);
        let fields: Vec<_> = mail.fields.iter().filter(|field| is_part(&field.name)).collect();
        let mut outline = Outline { is_empty: fields.is_empty(), is_whole: true, sets: 0 };
        let mut seen: BTreeMap<u32, Vec<Kind>> = BTreeMap::new();
        for field in fields {
            let read = Kind::ALL
                .into_iter()
                .find(|kind| kind.name() == field.name)
                .and_then(|kind| Some((kind, instance(kind, &field.text)?)));
            match read {
                Some((kind, instance)) if !seen.entry(instance).or_default().contains(&kind) => {
                    seen.entry(instance).or_default().push(kind);
                }
                _ => outline.is_whole = false,
            }
        }
        outline.is_whole &= seen.len() <= SETS
            && seen.values().all(|kinds| kinds.len() == Kind::ALL.len())
            && seen.keys().copied().eq(1..=seen.len() as u32);
        outline.sets = seen.len() as u32;
        outline
    }

    /// The status, where the seals and signatures of these instances hold.
    pub fn judge(&self, seals: &HashSet<u32>, messages: &HashSet<u32>) -> Chain {
        if self.is_empty {
            return Chain::None;
        }
        let holds = self.is_whole
            && (1..=self.sets).all(|instance| seals.contains(&instance))
            && messages.contains(&self.sets);
        if holds { Chain::Pass } else { Chain::Fail }
    }
}

/// The instance of a field that has all that it must have; `None` of others.
fn instance(kind: Kind, field: &[u8]) -> Option<u32> {
    if kind == Kind::Results {
        return results_instance(field);
    }
    let claim = Claim::parse(field, kind.prefix()).ok()?;
    let instance = super::instance(&claim).filter(|_| super::has_proper_tags(&claim))?;
    let tag = |name: &[u8]| claim.tags.get(name);
    let has_status = || match tag(b"cv") {
        Some(b"none") => instance == 1,
        Some(b"pass") => instance > 1,
        _ => false,
    };
    match kind {
        Kind::Seal => has_status() && tag(b"h").is_none(),
        _ => true,
    }
    .then_some(instance)
}

/// ARC-Authentication-Results begin with `i=` and a `;`.
fn results_instance(field: &[u8]) -> Option<u32> {
    let value = field.get(Kind::Results.prefix().len()..)?;
    let end = memchr::memchr(b';', value)?;
    let claim = Claim::parse(value.get(..end)?, b"").ok()?;
    super::instance(&claim)
}
