//! The hashes that lists are made of.

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use md5::{Digest, Md5};
use ring::digest;

/// How a value becomes a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// In base32, lower case.
    Sha256,
    /// In hexadecimal digits.
    Sha1,
    /// In hexadecimal digits.
    Md5,
    /// As it is.
    None,
}

impl Hash {
    /// The label.
    pub fn of(self, value: &[u8]) -> Vec<u8> {
        let text = match self {
            Hash::Sha256 => {
                let hash = digest::digest(&digest::SHA256, value);
                BASE32_NOPAD.encode(hash.as_ref()).to_ascii_lowercase()
            }
            Hash::Sha1 => {
                let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, value);
                HEXLOWER.encode(hash.as_ref())
            }
            Hash::Md5 => HEXLOWER.encode(&Md5::digest(value)),
            Hash::None => return value.to_vec(),
        };
        text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_those_of_lists() {
        for (hash, expected) in [
            (Hash::Md5, "900150983cd24fb0d6963f7d28e17f72"),
            (Hash::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (Hash::Sha256, "xj4bnp4pahh6uqkbidpf3lrceoyagyndsylxvhfucd7wd4qacwwq"),
            (Hash::None, "abc"),
        ] {
            assert_eq!(String::from_utf8(hash.of(b"abc")).unwrap(), expected);
        }
    }
}
