//! RSA public keys and what they make of a signature (RFC 8017; RFC 5280, 4.1).
//!
//! Keys of any length are used, as SpamAssassin does: what a short one is worth is decided where
//! results are read. ring judges those that it knows, from 1,024 bits on; with others the
//! signature is raised to the key's exponent here and compared with what it should be, byte for
//! byte, so there is no padding to be lenient about. Nothing here is secret, so nothing has to
//! take constant time.

use super::digest::Hash;
use num_bigint::BigUint;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
};

/// The most bits of an exponent; the usual one has 17.
const EXPONENT_BITS: u64 = 64;

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    modulus: BigUint,
    exponent: BigUint,
}

/// A key in DER that is no RSA key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no RSA key")]
pub struct NoKey;

/// Why a signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// It is of another key, or of another text.
    Foreign,
    /// The key cannot be used.
    Unusable,
}

impl Mismatch {
    /// What it says.
    pub fn text(self) -> &'static str {
        match self {
            Mismatch::Foreign => "bad RSA signature",
            Mismatch::Unusable => "RSA failed",
        }
    }
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo; what follows it does not matter.
    pub fn parse(der: &[u8]) -> Result<PublicKey, NoKey> {
        const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
        let (info, _) = element(der, 0x30)?;
        let (algorithm, rest) = element(info, 0x30)?;
        let (name, _) = element(algorithm, 0x06)?;
        let (bits, _) = element(rest, 0x03)?;
        let [0, key @ ..] = bits else { return Err(NoKey) };
        let (key, _) = element(key, 0x30)?;
        let (modulus, rest) = element(key, 0x02)?;
        let (exponent, _) = element(rest, 0x02)?;
        let (modulus, exponent) =
            (BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(exponent));
        let is_key = name == RSA && modulus.bits() > 0 && exponent.bits() > 0;
        is_key.then_some(PublicKey { modulus, exponent }).ok_or(NoKey)
    }

    /// The modulus's length in bytes.
    pub fn size(&self) -> usize {
        usize::try_from(self.modulus.bits().div_ceil(8)).unwrap_or(usize::MAX)
    }

    /// Is `signature` of this key, over the hash of `text`?
    pub fn verify(
        &self,
        hash: Hash,
        text: &[u8],
        signature: &[u8],
        most_bits: usize,
    ) -> Result<(), Mismatch> {
        if self.is_known_to_ring() && self.size().saturating_mul(8) <= most_bits {
            let holds = self.holds(hash, text, signature);
            return holds.then_some(()).ok_or(Mismatch::Foreign);
        }
        let mut digest = hash.begin();
        digest.update(text);
        self.compare(hash, digest.finish().as_ref(), signature, most_bits)
    }

    /// Is it a key that ring takes?
    fn is_known_to_ring(&self) -> bool {
        let exponent = &self.exponent;
        (1024..=8192).contains(&self.modulus.bits())
            && self.modulus.bit(0)
            && exponent.bit(0)
            && (2..=33).contains(&exponent.bits())
    }

    /// Does ring say that it holds?
    fn holds(&self, hash: Hash, text: &[u8], signature: &[u8]) -> bool {
        let parameters = match hash {
            Hash::Sha1 => &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        };
        let (n, e) = (self.modulus.to_bytes_be(), self.exponent.to_bytes_be());
        PublicKeyComponents { n, e }.verify(parameters, text, signature).is_ok()
    }

    /// Is it, by our own reckoning?
    fn compare(
        &self,
        hash: Hash,
        digest: &[u8],
        signature: &[u8],
        most_bits: usize,
    ) -> Result<(), Mismatch> {
        let size = self.size();
        let is_usable = size.saturating_mul(8) <= most_bits
            && self.exponent.bits() <= EXPONENT_BITS
            && self.modulus.bit(0)
            && self.exponent < self.modulus;
        let signature = BigUint::from_bytes_be(
            Some(signature).filter(|s| s.len() == size).ok_or(Mismatch::Unusable)?,
        );
        let tail = [&[0], hash.prefix(), digest].concat();
        // At least eight bytes of padding, as RFC 8017 and Mail::DKIM have it.
        if !is_usable || signature >= self.modulus || size < tail.len() + 10 {
            return Err(Mismatch::Unusable);
        }
        let found = signature.modpow(&self.exponent, &self.modulus).to_bytes_be();
        let mut expected = vec![0xff; size - 1 - tail.len()];
        if let Some(first) = expected.first_mut() {
            *first = 1;
        }
        expected.extend(tail);
        (found == expected).then_some(()).ok_or(Mismatch::Foreign)
    }
}

/// The content of the element with `tag` that `der` begins with, and what follows it.
fn element(der: &[u8], tag: u8) -> Result<(&[u8], &[u8]), NoKey> {
    let [found, length, rest @ ..] = der else { return Err(NoKey) };
    let (length, rest) = match length {
        short @ 0..=0x7f => (usize::from(*short), rest),
        long @ (0x81..=0x84) => {
            let (length, rest) = rest.split_at_checked(usize::from(long - 0x80)).ok_or(NoKey)?;
            (length.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte)), rest)
        }
        _ => return Err(NoKey),
    };
    if *found == tag { rest.split_at_checked(length).ok_or(NoKey) } else { Err(NoKey) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A SubjectPublicKeyInfo of `modulus` and `exponent`.
    fn der(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
        let wrap = |tag: u8, content: &[u8]| {
            let length = (content.len() as u16).to_be_bytes();
            [&[tag, 0x82], &length[..], content].concat()
        };
        let numbers = [wrap(0x02, modulus), wrap(0x02, exponent)].concat();
        let name = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 5, 0];
        let numbers = wrap(0x30, &numbers);
        let bits = [&[0], &numbers[..]].concat();
        wrap(0x30, &[wrap(0x30, &name), wrap(0x03, &bits)].concat())
    }

    #[test]
    fn keys_are_read_and_used_within_bounds() {
        let digest = [7; 32];
        let padded = |modulus: &[u8]| {
            let tail = [&[0], Hash::Sha256.prefix(), &digest].concat();
            let padding = vec![0xff; modulus.len() - 2 - tail.len()];
            [&[0, 1], &padding[..], &tail].concat()
        };
        let modulus = vec![0xff; 64];
        // With an exponent of one a signature is what it says.
        let key = PublicKey::parse(&der(&modulus, &[1])).unwrap();
        let good = padded(&modulus);
        let verify = |bytes: &[u8], bits| key.compare(Hash::Sha256, &digest, bytes, bits);
        assert_eq!((key.size(), verify(&good, 512)), (64, Ok(())));
        assert_eq!(verify(&good, 511), Err(Mismatch::Unusable));
        assert_eq!(verify(&good[1..], 512), Err(Mismatch::Unusable), "too short");
        assert_eq!(verify(&modulus, 512), Err(Mismatch::Unusable), "not below the modulus");
        let mut other = good.clone();
        other[63] ^= 1;
        assert_eq!(verify(&other, 512), Err(Mismatch::Foreign));
        let exponent = |bytes: &[u8]| {
            let key = PublicKey::parse(&der(&modulus, bytes)).unwrap();
            key.compare(Hash::Sha256, &digest, &good, 512)
        };
        assert_eq!(exponent(&[0xff; 8]), Err(Mismatch::Foreign));
        assert_eq!(exponent(&[0xff; 9]), Err(Mismatch::Unusable));
        let even = PublicKey::parse(&der(&[0xfe; 64], &[3])).unwrap();
        assert_eq!(even.compare(Hash::Sha256, &digest, &good, 512), Err(Mismatch::Unusable));
        let small = PublicKey::parse(&der(&[0xff; 60], &[1])).unwrap();
        let short = small.compare(Hash::Sha256, &digest, &good[4..], 512);
        assert_eq!(short, Err(Mismatch::Unusable), "no room for padding");
        assert_eq!(PublicKey::parse(&der(&[], &[1])), Err(NoKey));
        let whole = der(&modulus, &[3]);
        for end in 0..whole.len() {
            assert_eq!(PublicKey::parse(&whole[..end]), Err(NoKey), "{end}");
        }
        assert!(PublicKey::parse(&[&whole[..], b"rest"].concat()).is_ok());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_key_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = PublicKey::parse(&bytes);
        }
    }
}
