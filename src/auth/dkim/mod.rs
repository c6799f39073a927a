//! DKIM signatures (RFC 6376), and those of DomainKeys (RFC 4870) before it.
//!
//! In: a message; keys through [`Lookup`]. Out: [`Findings`], signature by signature from the
//! top. The answers are Mail::DKIM's: `rsa-sha1` and short keys will do, the drafts' forms are
//! known, `ed25519-sha256` (RFC 8463) is not. Limits: `signatures`, `signing_key_bits`.

mod domain_keys;

use super::canonical::Form;
use super::mail::Mail;
use super::signature::{Claim, Outcome, Signature};
use super::task::{self, Bodies, Check, Task, add_covered};
use crate::dns::Lookup;
use crate::limits::{Limit, Limits, Reached};

/// What a message's signatures have come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Has verification come to its end? A signature can be so odd that it does not.
    pub ready: bool,
    /// The signatures from the top.
    pub signatures: Vec<Signature>,
}

/// Signatures that need nothing of their message any more.
#[derive(Debug)]
pub struct Prepared {
    ready: bool,
    tasks: Vec<Task>,
    most_bits: usize,
    /// The limits that the message has reached.
    pub reached: Reached,
}

const DKIM: &[u8] = b"dkim-signature";
const DOMAIN_KEYS: &[u8] = b"domainkey-signature";

/// Reads a message's signatures, and makes of it what they cover. `now` is in seconds since
/// 1970.
pub(super) fn prepare(mail: &Mail, bodies: &mut Bodies, now: i64, limits: &Limits) -> Prepared {
    let mut prepared = Prepared {
        ready: true,
        tasks: Vec::new(),
        most_bits: limits.signing_key_bits,
        reached: Reached::default(),
    };
    if !mail.has_any(&[DKIM, DOMAIN_KEYS]) {
        return prepared;
    }
    for (index, field) in mail.fields.iter().enumerate() {
        let task = match &*field.name {
            DKIM => match Claim::parse(&field.text, b"DKIM-Signature:") {
                Ok(claim) => dkim(&claim, now, mail, bodies, &mut prepared.ready),
                Err(_) => continue,
            },
            DOMAIN_KEYS => match Claim::parse(&field.text, b"DomainKey-Signature:") {
                Ok(claim) => domain_keys::task(&claim, below(mail, index), bodies.plain()),
                Err(_) => continue,
            },
            _ => continue,
        };
        if prepared.tasks.len() >= limits.signatures {
            prepared.reached.note(Limit::Signatures);
            break;
        }
        prepared.tasks.push(task);
    }
    prepared
}

/// The fields below the one at `index`.
fn below<'m>(mail: &'m Mail, index: usize) -> &'m [super::mail::Field] {
    mail.fields.get(index + 1..).unwrap_or_default()
}

impl Prepared {
    /// Is there nothing to ask for?
    pub fn is_settled(&self) -> bool {
        self.tasks.iter().all(|task| task.check.is_none())
    }

    /// Asks for the keys, and judges.
    pub async fn verify(self, lookup: &dyn Lookup) -> Findings {
        if !self.ready {
            // Nobody gets to judge the signatures, those before the odd one neither.
            let signatures = self.tasks.into_iter().map(|task| match task.check {
                Some(_) => Signature { outcome: None, ..task.signature },
                None => task.signature,
            });
            return Findings { ready: false, signatures: signatures.collect() };
        }
        let signatures = task::run_all(self.tasks, lookup, self.most_bits).await;
        Findings { ready: true, signatures }
    }
}

fn dkim(claim: &Claim, now: i64, mail: &Mail, bodies: &mut Bodies, ready: &mut bool) -> Task {
    let signature = claim.seen();
    let method = match claim.method(now, false) {
        Ok(method) => method,
        Err(why) => return Task::settled(signature, Outcome::Invalid, why),
    };
    if signature.selector.as_ref().is_none_or(Vec::is_empty) {
        return Task::open(signature);
    }
    let identity = signature.identity.clone().unwrap_or_default();
    if method.fields == Form::Seal {
        // Mail::DKIM takes such a signature for an ARC seal, and breaks off for want of a chain.
        *ready &= identity.is_empty() || !identity.iter().all(u8::is_ascii_digit);
    }
    let domain = signature.domain.as_deref().unwrap_or_default();
    if !is_below(&identity, domain) {
        return Task::settled(signature, Outcome::Invalid, "bad identity");
    }
    let mut covered = Vec::new();
    if method.fields != Form::Seal {
        add_covered(&mut covered, claim, method.fields, &mail.fields);
    }
    covered.extend_from_slice(&method.fields.field(&claim.text()));
    let check = Check {
        hash: method.hash,
        covered,
        bytes: claim.signature(),
        identity,
        altered: bodies.is_altered(claim, method),
    };
    Task { signature, check: Some(check) }
}

/// Is `identity` an address at `domain` or below it?
fn is_below(identity: &[u8], domain: &[u8]) -> bool {
    let Some(at) = memchr::memrchr(b'@', identity) else { return false };
    let host = identity.get(at + 1..).unwrap_or_default();
    let dotted = |name: &[u8]| [b".", name].concat().to_ascii_lowercase();
    dotted(host).ends_with(&dotted(domain))
}
