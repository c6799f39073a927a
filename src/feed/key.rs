//! Keys that sign a feed: Ed25519 (RFC 8032).
//!
//! The secret one is a file in PEM (PKCS #8, as `openssl genpkey -algorithm ed25519` writes it
//! too), its owner's alone; the public one is a line of base64 for everybody's configuration.

use super::FeedError;
use crate::fetch::check::sha256;
use data_encoding::BASE64;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Whose signatures are believed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The key in a line of base64.
    pub fn parse(text: &str) -> Result<PublicKey, FeedError> {
        let bytes = BASE64.decode(text.trim().as_bytes()).ok();
        let key = bytes.and_then(|bytes| bytes.try_into().ok());
        key.map(PublicKey).ok_or_else(|| FeedError::Key {
            what: format!("{text:?}"),
            why: "a public key is 44 letters of base64, as `mailprint fp keygen` prints it".into(),
        })
    }

    /// Its number in heads: the first eight bytes of its SHA-256.
    pub fn id(&self) -> u64 {
        let digest = sha256(&self.0);
        u64::from_le_bytes(digest.first_chunk().copied().unwrap_or_default())
    }

    /// Has its owner signed `bytes`?
    pub fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(bytes, signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// What signs.
pub struct SecretKey(Ed25519KeyPair);

/// What stands before the 32 bytes of a secret key of Ed25519 in PKCS #8 (RFC 8410).
const PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

impl SecretKey {
    /// Makes a new one and writes it to `path`, which must not exist; only its owner can read it.
    pub fn generate(path: &Path) -> Result<SecretKey, FeedError> {
        let mut seed = [0; 32];
        let random = SystemRandom::new().fill(&mut seed);
        random.map_err(|_| wrong(path, "the system has no random numbers"))?;
        let text = BASE64.encode(&[&PKCS8[..], &seed].concat());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n");
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        file.and_then(|mut file| {
            file.write_all(pem.as_bytes())?;
            file.sync_all()
        })
        .map_err(|why| match why.kind() {
            std::io::ErrorKind::AlreadyExists => {
                wrong(path, "it is there already; a key that is lost cannot be made again")
            }
            _ => wrong(path, &why.to_string()),
        })?;
        SecretKey::of_seed(&seed).ok_or_else(|| wrong(path, "it cannot be used"))
    }

    /// The key in the file at `path`.
    pub fn load(path: &Path) -> Result<SecretKey, FeedError> {
        let der = PrivatePkcs8KeyDer::from_pem_file(path)
            .map_err(|why| wrong(path, &format!("{why}; it should be a key in PEM")))?;
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der())
            .map(SecretKey)
            .map_err(|why| wrong(path, &format!("it is no key of Ed25519 ({why})")))
    }

    /// The key of 32 secret bytes.
    pub fn of_seed(seed: &[u8; 32]) -> Option<SecretKey> {
        Ed25519KeyPair::from_seed_unchecked(seed).ok().map(SecretKey)
    }

    /// What others verify with.
    pub fn public(&self) -> PublicKey {
        let bytes = self.0.public_key().as_ref();
        PublicKey(bytes.try_into().unwrap_or_default())
    }

    /// `bytes` with their signature behind them.
    pub fn signed(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let signature = self.0.sign(&bytes);
        bytes.extend_from_slice(signature.as_ref());
        bytes
    }

    /// The signature alone.
    pub fn signature(&self, bytes: &[u8]) -> Vec<u8> {
        self.0.sign(bytes).as_ref().to_vec()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public())
    }
}

fn wrong(path: &Path, why: &str) -> FeedError {
    FeedError::Key { what: path.display().to_string(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_kept_and_verified_with() {
        let path = std::env::temp_dir().join(format!("mailprint-key-{}", std::process::id()));
        let made = SecretKey::generate(&path).unwrap();
        assert!(SecretKey::generate(&path).unwrap_err().to_string().contains("there already"));
        let loaded = SecretKey::load(&path).unwrap();
        let public = PublicKey::parse(&made.public().to_string()).unwrap();
        assert_eq!((loaded.public(), public.id()), (public, made.public().id()));
        let signature = loaded.signature(b"abc");
        assert!(public.verifies(b"abc", &signature) && !public.verifies(b"abd", &signature));
        assert!(!public.verifies(b"abc", &signature[1..]) && !public.verifies(b"abc", b""));
        std::fs::write(&path, "nonsense").unwrap();
        assert!(SecretKey::load(&path).is_err());
        std::fs::remove_file(&path).unwrap();
        for text in ["", "AAAA", "-", &"A".repeat(44)] {
            assert_eq!(PublicKey::parse(text).is_ok(), text.len() == 45, "{text}");
        }
    }
}
