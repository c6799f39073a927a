//! What is left to do of a signature once the message has been read: its key.

use super::canonical::Form;
use super::digest::Hash;
use super::key::{self, Key, Refusal};
use super::mail::{Field, Mail, Stacks};
use super::signature::{Claim, Method, Outcome, Signature};
use crate::dns::Lookup;
use futures_util::future::join_all;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

/// A signature, and what its key has to show if it needs one.
#[derive(Debug)]
pub struct Task {
    /// What is known of it.
    pub signature: Signature,
    /// What is left to do; nothing where its outcome is known, or never will be.
    pub check: Option<Check>,
}

/// What a key has to show.
#[derive(Debug)]
pub struct Check {
    /// With which hash.
    pub hash: Hash,
    /// All that the signature covers, in its canonical form.
    pub covered: Vec<u8>,
    /// The signature.
    pub bytes: Vec<u8>,
    /// For whom the key must be allowed to sign.
    pub identity: Vec<u8>,
    /// Is the body another one than was signed?
    pub altered: bool,
}

impl Task {
    /// A signature that needs no key.
    pub fn settled(signature: Signature, outcome: Outcome, detail: &'static str) -> Task {
        Task { signature: Signature { outcome: Some(outcome), detail, ..signature }, check: None }
    }

    /// A signature that nobody will ever judge.
    pub fn open(signature: Signature) -> Task {
        Task { signature, check: None }
    }

    async fn run(self, lookup: &dyn Lookup, most_bits: usize) -> Signature {
        let Task { mut signature, check: Some(check) } = self else { return self.signature };
        let domain = signature.domain.clone().unwrap_or_default();
        let selector = signature.selector.clone().unwrap_or_default();
        let key = key::fetch(lookup, &selector, &domain).await.and_then(|key| {
            key.allows(check.hash, &check.identity, &domain, signature.is_domain_keys)?;
            Ok(key)
        });
        let (outcome, detail) = match &key {
            Err(refusal) => (Outcome::Invalid, refusal.text()),
            Ok(key) => check.run(key, most_bits),
        };
        signature.is_late = key.as_ref().err() == Some(&Refusal::LATE);
        let size = key.ok().map(|key| key.public.size() * 8);
        signature.key_bits = size.filter(|_| outcome == Outcome::Pass);
        Signature { outcome: Some(outcome), detail, ..signature }
    }
}

impl Check {
    fn run(&self, key: &Key, most_bits: usize) -> (Outcome, &'static str) {
        match key.public.verify(self.hash, &self.covered, &self.bytes, most_bits) {
            Err(why) => (Outcome::Fail, why.text()),
            Ok(()) if self.altered => (Outcome::Fail, "body has been altered"),
            Ok(()) => (Outcome::Pass, ""),
        }
    }
}

/// Asks for all keys at once, and judges.
pub async fn run_all(tasks: Vec<Task>, lookup: &dyn Lookup, most_bits: usize) -> Vec<Signature> {
    join_all(tasks.into_iter().map(|task| task.run(lookup, most_bits))).await
}

/// A message's body in its forms and their hashes, each made when it is first asked for.
pub struct Bodies<'b> {
    mail: &'b Mail<'b>,
    body: OnceCell<Cow<'b, [u8]>>,
    forms: HashMap<Form, Vec<u8>>,
    hashes: HashMap<(Form, Hash, usize), Vec<u8>>,
}

impl<'b> Bodies<'b> {
    /// Those of `mail`.
    pub fn new(mail: &'b Mail) -> Bodies<'b> {
        Bodies { mail, body: OnceCell::new(), forms: HashMap::new(), hashes: HashMap::new() }
    }

    /// The body as it came.
    pub fn plain(&self) -> &[u8] {
        self.body.get_or_init(|| self.mail.body())
    }

    /// Is the body another one than `claim` was made over?
    pub fn is_altered(&mut self, claim: &Claim, method: Method) -> bool {
        let Some(told) = claim.body_hash() else { return false };
        let plain = self.body.get_or_init(|| self.mail.body());
        let form = self.forms.entry(method.body);
        let body = form.or_insert_with(|| method.body.body(plain).into_owned());
        let length = claim.covered_body(body.len());
        let hash = self.hashes.entry((method.body, method.hash, length)).or_insert_with(|| {
            let mut hash = method.hash.begin();
            hash.update(body.get(..length).unwrap_or_default());
            hash.finish().as_ref().to_vec()
        });
        told != *hash
    }
}

/// Adds the fields that `claim` names, from the bottom where one is named more than once.
pub fn add_covered(covered: &mut Vec<u8>, claim: &Claim, form: Form, fields: &[Field]) {
    let mut stacks = Stacks::new(fields);
    for name in claim.covered() {
        if let Some(field) = stacks.take(&name).filter(|field| !field.name.is_empty()) {
            covered.extend_from_slice(&form.field(&field.text));
            covered.extend_from_slice(b"\r\n");
        }
    }
}
