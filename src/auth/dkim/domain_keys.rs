//! DomainKeys (RFC 4870): fields below the signature and the body, in one hash.

use crate::auth::canonical::{without, without_empty_lines};
use crate::auth::digest::Hash;
use crate::auth::is_true;
use crate::auth::mail::{Field, Stacks};
use crate::auth::signature::{Claim, Outcome, Signature};
use crate::auth::task::{Check, Task};
use crate::message::address;
use std::collections::HashMap;

/// What is left to do of a signature over `fields`, which stand below it, and `body`.
pub fn task(claim: &Claim, fields: &[Field], body: &[u8]) -> Task {
    let tag = |name: &[u8]| claim.tags.get(name).map(<[u8]>::to_ascii_lowercase);
    let bare = Signature { identity: None, is_domain_keys: true, ..claim.seen() };
    let drops_space = match tag(b"c").filter(|form| is_true(form)).as_deref() {
        None | Some(b"simple") => false,
        Some(b"nofws") => true,
        Some(_) => return Task::settled(bare, Outcome::Invalid, "unsupported canonicalization"),
    };
    if tag(b"a").is_some_and(|a| !a.is_empty() && a != b"rsa-sha1") {
        return Task::settled(bare, Outcome::Invalid, "unsupported algorithm");
    }
    if tag(b"q").is_some_and(|q| q != b"dns") {
        return Task::settled(bare, Outcome::Invalid, "unsupported query protocol");
    }
    match (&bare.domain, &bare.selector) {
        (None, _) => return Task::settled(bare, Outcome::Invalid, "missing d tag"),
        (Some(domain), _) if domain.is_empty() => {
            return Task::settled(bare, Outcome::Invalid, "invalid domain in d tag");
        }
        (_, None) => return Task::settled(bare, Outcome::Invalid, "missing s tag"),
        (_, Some(selector)) if selector.is_empty() => return Task::open(bare),
        _ => {}
    }
    let covered = covered(claim, fields);
    let identity = sender(&covered);
    let signature = Signature { identity: identity.clone(), ..bare };
    let domain = signature.domain.as_deref().unwrap_or_default();
    let Some(identity) = identity.filter(|identity| super::is_below(identity, domain)) else {
        return Task::settled(signature, Outcome::Invalid, "bad identity");
    };
    let mut text = Vec::new();
    for field in covered {
        match drops_space {
            true => text.extend_from_slice(&without(&field.text, b" \t\r\n")),
            false => text.extend_from_slice(&field.text),
        }
        text.extend_from_slice(b"\r\n");
    }
    let dense = drops_space.then(|| without_space(body));
    let body = without_empty_lines(dense.as_deref().unwrap_or(body));
    if !body.is_empty() {
        text.extend_from_slice(b"\r\n");
        text.extend_from_slice(body);
    }
    let check = Check {
        hash: Hash::Sha1,
        covered: text,
        bytes: claim.signature(),
        identity,
        altered: false,
    };
    Task { signature, check: Some(check) }
}

/// The fields that the signature covers, in its order: all where it names none; where it does,
/// the first time a name stands in the list it is for all fields that are left of it.
fn covered<'f>(claim: &Claim, fields: &'f [Field]) -> Vec<&'f Field> {
    let names = claim.covered();
    if names.is_empty() {
        return fields.iter().collect();
    }
    let mut times: HashMap<&[u8], usize> = HashMap::new();
    for name in &names {
        *times.entry(name).or_default() += 1;
    }
    let mut stacks = Stacks::new(fields);
    let mut upwards = Vec::new();
    for name in names.iter().rev() {
        let Some(left) = times.get_mut(&**name) else { continue };
        *left -= 1;
        match *left {
            0 => upwards.extend(stacks.take_all(name).into_iter().rev()),
            _ => upwards.extend(stacks.take(name)),
        }
    }
    upwards.retain(|field| !field.name.is_empty());
    upwards.reverse();
    upwards
}

/// Who signs: the first address of the last Sender that is covered, else of the last From. A
/// folded field is not read.
fn sender(covered: &[&Field]) -> Option<Vec<u8>> {
    let last = |name: &[u8]| {
        let mut fields = covered.iter().rev();
        fields.find(|field| field.name == name && !field.text.contains(&b'\n'))
    };
    let address = |field: &&Field| {
        let colon = memchr::memchr(b':', &field.text)?;
        let value = field.text.get(colon + 1..)?;
        address::parse(value, 1).into_iter().next()?.address
    };
    last(b"sender").and_then(address).or_else(|| last(b"from").and_then(address))
}

/// A body without spaces, tabs, and CR and LF that stand alone.
fn without_space(body: &[u8]) -> Vec<u8> {
    let mut rest = body.iter().copied().filter(|byte| !b" \t".contains(byte)).peekable();
    let mut out = Vec::with_capacity(body.len());
    while let Some(byte) = rest.next() {
        if byte == b'\r' {
            if rest.peek() == Some(&b'\n') {
                out.push(byte);
            }
            continue;
        }
        // The first byte of all has none before it, so a LF there stays.
        let ends_line = out.last() == Some(&b'\r');
        if byte != b'\n' || ends_line || out.is_empty() {
            out.push(byte);
        }
    }
    out
}
