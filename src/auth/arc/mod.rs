//! ARC (RFC 8617): seals and signatures of those who handed the message on, and their chain.
//!
//! In: a message; keys through [`Lookup`]. Out: [`Findings`]. Each signature's outcome is
//! Mail::DKIM's, which SpamAssassin's rules go by; [`Findings::chain`] is what RFC 8617 says of
//! the whole. Limits: `signatures` twice over, `signing_key_bits`.

mod chain;
mod sets;

pub use chain::Chain;

use super::canonical::Form;
use super::digest::Hash;
use super::is_true;
use super::mail::Mail;
use super::signature::{Claim, Method, Outcome, Signature};
use super::task::{self, Bodies, Check, Task, add_covered};
use crate::dns::Lookup;
use crate::limits::{Limit, Limits, Reached};
use crate::text::number;
use sets::{Kind, Sets};
use std::collections::{BTreeMap, HashSet};

/// What a message's ARC sets have come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The signatures and seals from the top.
    pub signatures: Vec<Signature>,
    /// What has come of the seal with the lowest instance; `None` where there is no seal.
    pub first_seal: Option<Option<Outcome>>,
    /// What RFC 8617 says of the chain.
    pub chain: Chain,
}

/// Signatures that need nothing of their message any more.
#[derive(Debug)]
pub struct Prepared {
    tasks: Vec<Task>,
    /// The place of each seal in `tasks`, by instance.
    seals: BTreeMap<u32, usize>,
    /// The same of signatures.
    messages: BTreeMap<u32, usize>,
    /// The places of those whose hash RFC 8617 does not allow.
    weak: HashSet<usize>,
    /// Signatures that do not tell their form, in the other one that they may have.
    relaxed: Vec<(u32, Task)>,
    outline: chain::Outline,
    most_bits: usize,
    /// The limits that the message has reached.
    pub reached: Reached,
}

/// The highest instance that is read.
const INSTANCES: u32 = 1024;

/// Reads a message's ARC sets, and makes of it what they cover. `now` is in seconds since 1970.
pub(super) fn prepare(mail: &Mail, bodies: &mut Bodies, now: i64, limits: &Limits) -> Prepared {
    let mut prepared = Prepared {
        tasks: Vec::new(),
        seals: BTreeMap::new(),
        messages: BTreeMap::new(),
        weak: HashSet::new(),
        relaxed: Vec::new(),
        outline: chain::Outline::new(mail),
        most_bits: limits.signing_key_bits,
        reached: Reached::default(),
    };
    if !mail.has_any(&[Kind::Message.name(), Kind::Seal.name()]) {
        return prepared;
    }
    let sets = Sets::new(&mail.fields);
    let mut is_broken = sets.repeats_results();
    let mut fields = mail.fields.iter();
    while !is_broken && let Some(field) = fields.next() {
        let Some(kind) = Kind::of_signature(&field.name) else { continue };
        let Ok(claim) = Claim::parse(&field.text, kind.prefix()) else { continue };
        if prepared.tasks.len() >= limits.signatures.saturating_mul(2) {
            prepared.reached.note(Limit::Signatures);
            break;
        }
        is_broken = !prepared.add(&claim, kind, now, mail, &sets, bodies);
    }
    if is_broken {
        // Mail::DKIM judges nothing then.
        prepared.tasks.iter_mut().for_each(|task| task.check = None);
    }
    prepared
}

impl Prepared {
    /// Is there nothing to ask for?
    pub fn is_settled(&self) -> bool {
        self.tasks.iter().all(|task| task.check.is_none())
    }

    /// Asks for the keys, and judges.
    pub async fn verify(self, lookup: &dyn Lookup) -> Findings {
        let signatures = task::run_all(self.tasks, lookup, self.most_bits).await;
        let outcome = |place: &usize| signatures.get(*place).and_then(|found| found.outcome);
        let holding = |places: &BTreeMap<u32, usize>| {
            let strong = places.iter().filter(|(_, place)| !self.weak.contains(place));
            let found =
                strong.filter_map(|(instance, place)| Some((instance, signatures.get(*place)?)));
            found.filter(|(_, found)| is_strong(found)).map(|(instance, _)| *instance).collect()
        };
        let (seals, mut messages): (HashSet<u32>, HashSet<u32>) =
            (holding(&self.seals), holding(&self.messages));
        let (instances, relaxed): (Vec<_>, Vec<_>) = self.relaxed.into_iter().unzip();
        let relaxed = task::run_all(relaxed, lookup, self.most_bits).await;
        let relaxed = instances.into_iter().zip(&relaxed).filter(|(_, found)| is_strong(found));
        messages.extend(relaxed.map(|(instance, _)| instance));
        let chain = self.outline.judge(&seals, &messages);
        let first_seal = self.seals.values().next().map(outcome);
        Findings { first_seal, chain, signatures }
    }

    /// Adds a signature; `false` if it breaks the chain so that nothing is judged any more.
    fn add(
        &mut self,
        claim: &Claim,
        kind: Kind,
        now: i64,
        mail: &Mail,
        sets: &Sets,
        bodies: &mut Bodies,
    ) -> bool {
        let signature = claim.seen();
        let method = match claim.method(now, kind == Kind::Seal) {
            Ok(method) => method,
            Err(why) => {
                self.tasks.push(Task::settled(signature, Outcome::Invalid, why));
                return true;
            }
        };
        if signature.selector.as_ref().is_none_or(Vec::is_empty) {
            self.tasks.push(Task::open(signature));
            return true;
        }
        let task = match missing(claim, kind) {
            Some(why) => Task::settled(signature.clone(), Outcome::Fail, why),
            None => Task {
                check: Some(check(claim, kind, method, &signature, mail, sets, bodies)),
                signature: signature.clone(),
            },
        };
        let place = self.tasks.len();
        self.tasks.push(task);
        let Some(instance) = instance(claim).filter(|_| has_proper_tags(claim)) else {
            return false;
        };
        if method.hash != Hash::Sha256 {
            self.weak.insert(place);
        } else if kind == Kind::Message && claim.tags.get(b"c").is_none() {
            // The authors of the suite take `relaxed` for the default, others `simple`.
            let method = Method { fields: Form::Relaxed, body: Form::Relaxed, ..method };
            let check = check(claim, kind, method, &signature, mail, sets, bodies);
            self.relaxed.push((instance, Task { signature, check: Some(check) }));
        }
        let places = match kind {
            Kind::Seal => &mut self.seals,
            _ => &mut self.messages,
        };
        places.insert(instance, place).is_none()
    }
}

/// Does it hold as RFC 8301 wants it, with 1,024 bits or more?
fn is_strong(signature: &Signature) -> bool {
    signature.is_valid() && signature.key_bits.is_some_and(|bits| bits >= 1024)
}

/// What a signature must have and has not.
fn missing(claim: &Claim, kind: Kind) -> Option<&'static str> {
    let lacks = |name: &[u8]| !claim.tags.get(name).is_some_and(is_true);
    let covers_seal = || {
        let told = claim.tags.get(b"h").unwrap_or_default().to_ascii_lowercase();
        memchr::memmem::find(&told, b"arc-seal").is_some()
    };
    match kind {
        _ if lacks(b"d") => Some("missing D tag"),
        _ if lacks(b"b") => Some("missing B tag"),
        Kind::Seal => None,
        _ if lacks(b"bh") => Some("missing BH tag"),
        _ if covers_seal() => Some("Arc-Message-Signature covers Arc-Seal"),
        _ => None,
    }
}

fn check(
    claim: &Claim,
    kind: Kind,
    method: Method,
    signature: &Signature,
    mail: &Mail,
    sets: &Sets,
    bodies: &mut Bodies,
) -> Check {
    let mut covered = Vec::new();
    match method.fields {
        Form::Seal => sets.add(&mut covered, signature.identity.as_deref().unwrap_or_default()),
        form => add_covered(&mut covered, claim, form, &mail.fields),
    }
    covered.extend_from_slice(&method.fields.field(&claim.text()));
    Check {
        hash: method.hash,
        covered,
        bytes: claim.signature(),
        identity: signature.domain.clone().unwrap_or_default(),
        // A seal has no body, and no tag for the hash of one counts.
        altered: kind != Kind::Seal && bodies.is_altered(claim, method),
    }
}

/// Is every tag there once, and named with a letter?
fn has_proper_tags(claim: &Claim) -> bool {
    let names: HashSet<&[u8]> = claim.tags.names().collect();
    claim.tags.parts() == names.len()
        && names.iter().all(|name| name.iter().any(u8::is_ascii_alphabetic))
}

fn instance(claim: &Claim) -> Option<u32> {
    let told = claim.tags.get(b"i")?;
    let is_number = !told.is_empty() && told.iter().all(u8::is_ascii_digit);
    let number = number::read(told);
    (is_number && (1.0..=f64::from(INSTANCES)).contains(&number)).then_some(number as u32)
}
