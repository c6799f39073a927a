//! DMARC (RFC 7489): what an author's domain wants done with mail that is not its own.
//!
//! Two halves, so that the questions need not wait for SPF and DKIM: [`discover`] asks the DNS
//! for the author's domain and its record, [`judge`] lays what SPF, DKIM and ARC have found
//! beside it. The answers are those of SpamAssassin's DMARC plugin and Mail::DMARC, on odd
//! records too. Organisational domains come from the public suffix list.

mod domain;
mod record;

pub use domain::{is_known, organisational};
pub use record::{Record, Unusable};

use super::arc;
use super::dkim;
use super::signature::Outcome;
use super::{ask, texts};
use crate::dns::{Kind, Lookup};
use record::ReportTo;

/// What the DNS says of an author's domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Discovery {
    /// The address has no domain that could be one: nothing is said of the message.
    Unknown,
    /// The domain does not exist, or neither it nor its organisation has a record.
    NoPolicy,
    /// There is more than one record.
    TooMany,
    /// There is a record that cannot be used.
    Unusable,
    /// There is a record.
    Policy {
        /// The author's domain, in lower case.
        domain: Vec<u8>,
        /// The record.
        record: Record,
        /// Is it the organisation's, for a domain below it?
        is_below: bool,
    },
}

/// What others have found out about the message.
#[derive(Clone, Copy, Debug, Default)]
pub struct Claims<'a> {
    /// The envelope sender's domain, or the author's where there is no envelope.
    pub mail_from: &'a [u8],
    /// Does SPF pass it?
    pub mail_from_passes: bool,
    /// The name with which the last host outside greeted.
    pub helo: &'a [u8],
    /// Does SPF pass that?
    pub helo_passes: bool,
    /// What DKIM has found; `None` if it was not asked.
    pub dkim: Option<&'a dkim::Findings>,
    /// What ARC has found; `None` if it was not asked, or did not come to an end.
    pub arc: Option<&'a arc::Findings>,
    /// Is `mail_from` a domain of an author?
    pub is_authors: bool,
    /// 0 to 99: where the message stands when a record wants its policy for `pct` percent.
    pub sample: u8,
}

/// What DMARC says of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The author's domain answers for it.
    Pass,
    /// It does not; what its policy is, as written: `none`, `quarantine`, `reject`.
    Fail(Vec<u8>),
    /// There is no policy.
    NoPolicy,
}

/// Asks for the domain of `author`, an address, and for its record.
pub async fn discover(lookup: &dyn Lookup, author: &[u8]) -> Discovery {
    let address = author.to_ascii_lowercase();
    let mut parts = address.rsplit(|&byte| byte == b'@').filter(|part| !part.is_empty());
    let host = parts.next().unwrap_or_default();
    let ends = |byte: &u8| *byte == b'>' || crate::text::ascii::is_space(*byte);
    let host = host.split(ends).next().unwrap_or_default();
    if host.is_empty() {
        return Discovery::Unusable;
    }
    if !is_known(host) {
        return Discovery::Unknown;
    }
    let organisation = organisational(host);
    let exists =
        exists(lookup, host).await || (organisation != host && exists(lookup, &organisation).await);
    if !exists {
        return Discovery::NoPolicy;
    }
    let Some(mut records) = records(lookup, host).await else { return Discovery::NoPolicy };
    let mut at = host;
    if records.is_empty() && organisation != host {
        at = &organisation;
        records = self::records(lookup, at).await.unwrap_or_default();
    }
    let record = match &*records {
        [] => return Discovery::NoPolicy,
        [record] => record,
        _ => return Discovery::TooMany,
    };
    match usable(lookup, record, at).await {
        Ok(record) => Discovery::Policy { domain: host.to_vec(), record, is_below: at != host },
        Err(Unusable::Record) => Discovery::Unusable,
        Err(Unusable::Everything) => Discovery::Unknown,
    }
}

/// Has the domain any record that a domain with mail has?
async fn exists(lookup: &dyn Lookup, domain: &[u8]) -> bool {
    for kind in [Kind::MX, Kind::NS, Kind::A, Kind::AAAA] {
        if let Ok(reply) = ask(lookup, domain, kind).await
            && reply.code == 0
            && reply.answers.iter().any(|record| record.kind == kind)
        {
            return true;
        }
    }
    false
}

/// The records at `domain` that call themselves DMARC's; `None` if nobody answers.
async fn records(lookup: &dyn Lookup, domain: &[u8]) -> Option<Vec<Vec<u8>>> {
    let reply = ask(lookup, &[b"_dmarc.", domain].concat(), Kind::TXT).await.ok()?;
    let is_dmarc = |strings: &&[Box<[u8]>]| {
        let begin = strings.join(&b' ');
        begin.get(..8).is_some_and(|begin| begin.eq_ignore_ascii_case(b"v=dmarc1"))
    };
    Some(texts(&reply).filter(is_dmarc).map(<[Box<[u8]>]>::concat).collect())
}

/// Reads the record that was found at `domain`. One whose `sp=` is none counts as `p=none` if
/// it says where reports go, and they may go there (RFC 7489, 6.6.3).
async fn usable(lookup: &dyn Lookup, text: &[u8], domain: &[u8]) -> Result<Record, Unusable> {
    let mut record = Record::parse(text)?;
    if record.has_valid_subdomain_policy() {
        return Ok(record);
    }
    for to in record.reports()? {
        let ReportTo(host) = to;
        if organisational(&host) == organisational(domain) || agrees(lookup, &host, domain).await {
            record.policy = b"none".to_vec();
            return Ok(record);
        }
    }
    Err(Unusable::Record)
}

/// Does `host` want reports about `domain` (RFC 7489, 7.1)?
async fn agrees(lookup: &dyn Lookup, host: &[u8], domain: &[u8]) -> bool {
    let name = [domain, b"._report._dmarc.", host].concat();
    let Ok(reply) = ask(lookup, &name, Kind::TXT).await else { return false };
    texts(&reply).any(|strings| {
        let begin = strings.join(&b' ');
        begin.get(..8).is_some_and(|begin| begin.eq_ignore_ascii_case(b"v=dmarc1"))
    })
}

/// What DMARC says of a message; `None` where SpamAssassin breaks off: the author's address is
/// none, a DKIM signature has no domain, the first seal was not judged.
pub fn judge(discovery: &Discovery, claims: &Claims) -> Option<Verdict> {
    if *discovery == Discovery::Unknown {
        return None;
    }
    let mut signers = signers(claims)?;
    let first = weigh(discovery, claims, &signers)?;
    // A chain is believed for its first seal, whoever made it: as SpamAssassin has it.
    let Some(arc) = claims.arc.filter(|_| first != Verdict::Pass) else { return Some(first) };
    if let Some(outcome) = arc.first_seal.filter(|_| claims.is_authors)
        && outcome? == Outcome::Pass
    {
        signers.push(claims.mail_from);
    }
    match weigh(discovery, claims, &signers)? {
        Verdict::NoPolicy if *discovery == Discovery::TooMany => {
            Some(Verdict::Fail(b"none".to_vec()))
        }
        verdict => Some(verdict),
    }
}

/// The domains of DKIM signatures that hold; `None` if there is one that nobody can name.
fn signers<'a>(claims: &Claims<'a>) -> Option<Vec<&'a [u8]>> {
    let mut signers = Vec::new();
    let signatures = claims.dkim.map(|found| &found.signatures[..]).unwrap_or_default();
    for signature in signatures.iter().filter(|signature| !signature.is_domain_keys) {
        let (domain, outcome) = (signature.domain.as_deref()?, signature.outcome?);
        if outcome == Outcome::Pass {
            signers.push(domain);
        }
    }
    Some(signers)
}

fn weigh(discovery: &Discovery, claims: &Claims, signers: &[&[u8]]) -> Option<Verdict> {
    let none = || Some(Verdict::Fail(b"none".to_vec()));
    let (domain, record, is_below) = match discovery {
        Discovery::Unknown => return None,
        Discovery::NoPolicy | Discovery::TooMany => return Some(Verdict::NoPolicy),
        Discovery::Unusable => return none(),
        Discovery::Policy { domain, record, is_below } => (domain, record, *is_below),
    };
    let aligns = |other: &[u8], strictly: bool| {
        other == domain.as_slice()
            || (!strictly && !other.is_empty() && organisational(other) == organisational(domain))
    };
    let sender = match (claims.mail_from_passes, claims.helo_passes) {
        (true, _) => claims.mail_from,
        (false, true) => claims.helo,
        (false, false) => b"",
    };
    let is_signed = signers.iter().any(|signer| aligns(signer, record.is_strict_dkim));
    if is_signed || aligns(sender, record.is_strict_spf) {
        return Some(Verdict::Pass);
    }
    let policy = record.policy_for(is_below);
    if policy.eq_ignore_ascii_case(b"none") {
        return none();
    }
    if record.percent.is_none_or(|percent| i32::from(claims.sample) < percent) {
        return record::is_policy(policy).then(|| Verdict::Fail(policy.to_vec()));
    }
    match policy {
        b"reject" => Some(Verdict::Fail(b"quarantine".to_vec())),
        _ => none(),
    }
}
