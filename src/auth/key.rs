//! A signer's key record (RFC 6376, 3.6.1), as Mail::DKIM reads it.

use super::digest::{Hash, base64};
use super::rsa::PublicKey;
use super::tags::Tags;
use super::{ask, is_true, texts};
use crate::dns::{Failure, Kind, Lookup};
use crate::text::ascii::base64_sextet;

/// A key that signatures of e-mail can be checked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key itself.
    pub public: PublicKey,
    tags: Tags,
}

/// Why there is no key, or why it may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("public key: {0}")]
pub struct Refusal(&'static str);

impl Refusal {
    /// Nobody has answered in time: another day there may be a key.
    pub const LATE: Refusal = Refusal("DNS error: query timed out");

    /// What it says.
    pub fn text(self) -> &'static str {
        self.0
    }
}

/// Asks for the key that `selector` names in `domain`.
pub async fn fetch(lookup: &dyn Lookup, selector: &[u8], domain: &[u8]) -> Result<Key, Refusal> {
    let reply = match ask(lookup, &[selector, b"._domainkey.", domain].concat(), Kind::TXT).await {
        Ok(reply) => reply,
        Err(Failure::Late) => return Err(Refusal::LATE),
        Err(_) => return Err(Refusal("not available")),
    };
    let record = texts(&reply).next().map(<[Box<[u8]>]>::concat).unwrap_or_default();
    if !is_true(&record) {
        return Err(Refusal("not available"));
    }
    Key::parse(&record)
}

impl Key {
    /// Reads a record.
    pub fn parse(record: &[u8]) -> Result<Key, Refusal> {
        let tags = Tags::parse(record).map_err(|_| Refusal("syntax error"))?;
        let told = |name: &[u8]| tags.get(name).filter(|value| is_true(value));
        if told(b"v").is_some_and(|version| version != b"DKIM1") {
            return Err(Refusal("unsupported version"));
        }
        if told(b"k").is_some_and(|kind| kind != b"rsa") {
            return Err(Refusal("unsupported key type"));
        }
        let public = public(tags.get(b"p").ok_or(Refusal("missing p= tag"))?)?;
        let is_for_mail = |service: &[u8]| service == b"*" || service == b"email";
        if told(b"s").is_some_and(|services| !services.split(|&b| b == b':').any(is_for_mail)) {
            return Err(Refusal("does not support email"));
        }
        Ok(Key { public, tags })
    }

    /// May it sign for `identity`, an address or a domain, with `hash`? `domain` is where the
    /// record was found. DomainKeys take an empty `g=` for `*`.
    pub fn allows(
        &self,
        hash: Hash,
        identity: &[u8],
        domain: &[u8],
        empty_is_any: bool,
    ) -> Result<(), Refusal> {
        if let Some(hashes) = self.tags.get(b"h").filter(|hashes| is_true(hashes))
            && !hashes.split(|&byte| byte == b':').any(|name| name == hash.name())
        {
            return Err(Refusal("does not support the hash algorithm"));
        }
        let (local, host) = match memchr::memrchr(b'@', identity) {
            Some(at) => (identity.get(..at), identity.get(at + 1..)),
            None => (None, Some(identity)),
        };
        let granularity = match self.tags.get(b"g") {
            None => b"*",
            Some(b"") if empty_is_any => b"*",
            Some(told) => told,
        };
        if !grains_match(granularity, local.unwrap_or_default()) {
            return Err(Refusal("granularity mismatch"));
        }
        let flags = self.tags.get(b"t").unwrap_or_default();
        let is_strict = flags.split(|&byte| byte == b':').any(|flag| flag == b"s");
        if is_strict && !host.unwrap_or_default().eq_ignore_ascii_case(domain) {
            return Err(Refusal("does not support signing subdomains"));
        }
        Ok(())
    }
}

/// Does `local` match `g=`, in which the first `*` stands for anything? An empty one matches
/// nothing.
fn grains_match(granularity: &[u8], local: &[u8]) -> bool {
    match granularity.iter().position(|&byte| byte == b'*') {
        None => !granularity.is_empty() && local == granularity,
        Some(star) => {
            let (begin, end) = granularity.split_at(star);
            let end = end.get(1..).unwrap_or_default();
            local.len() >= begin.len() + end.len()
                && local.starts_with(begin)
                && local.ends_with(end)
        }
    }
}

/// The key in `p=`: base64 with nothing but white space and quotes between.
fn public(text: &[u8]) -> Result<PublicKey, Refusal> {
    let dense: Vec<u8> = text.iter().copied().filter(|byte| !b"\r\n \t\"".contains(byte)).collect();
    if dense.is_empty() {
        return Err(Refusal("revoked"));
    }
    let padding = dense.iter().rev().take_while(|&&byte| byte == b'=').count();
    let letters = dense.get(..dense.len() - padding).unwrap_or_default();
    let is_base64 = padding <= 2
        && dense.len().is_multiple_of(4)
        && letters.iter().all(|&byte| base64_sextet(byte).is_some());
    if !is_base64 {
        return Err(Refusal("invalid data"));
    }
    PublicKey::parse(&base64(&dense)).map_err(|_| Refusal("no RSA key"))
}
