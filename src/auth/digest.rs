//! The two hashes that signatures are made with, and base64 as Perl undoes it.

use crate::text::ascii::base64_sextet;
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

/// A hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hash {
    /// SHA-1, which RFC 8301 forbids and SpamAssassin accepts.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl Hash {
    /// Begins one.
    pub fn begin(self) -> Context {
        Context::new(match self {
            Hash::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => &SHA256,
        })
    }

    /// Its name in a key record's `h=`.
    pub fn name(self) -> &'static [u8] {
        match self {
            Hash::Sha1 => b"sha1",
            Hash::Sha256 => b"sha256",
        }
    }

    /// What stands before the hash in a signature (RFC 8017, 9.2, note 1).
    pub fn prefix(self) -> &'static [u8] {
        match self {
            Hash::Sha1 => &[
                0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04,
                0x14,
            ],
            Hash::Sha256 => &[
                0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                0x01, 0x05, 0x00, 0x04, 0x20,
            ],
        }
    }
}

/// The value of a `=`, which ends the text.
const END: u8 = 64;

/// Base64 undone as MIME::Base64 does: what is not of the alphabet is skipped, `=` ends it.
pub fn base64(text: &[u8]) -> Vec<u8> {
    let value = |byte: &u8| if *byte == b'=' { Some(END) } else { base64_sextet(*byte) };
    let mut values = text.iter().filter_map(value);
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    loop {
        let [a, b, c, d] = std::array::from_fn(|_| values.next().unwrap_or(END));
        if a == END || b == END {
            return out;
        }
        out.push(a << 2 | b >> 4);
        if c == END {
            return out;
        }
        out.push(b << 4 | c >> 2);
        if d == END {
            return out;
        }
        out.push(c << 6 | d);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_undone_as_perl_does() {
        let cases: &[(&str, &[u8])] = &[
            ("", b""),
            ("Zm9v", b"foo"),
            ("Z m\r\n9v", b"foo"),
            ("Zm8=", b"fo"),
            ("Zg==Zm9v", b"f"),
            ("Zg", b"f"),
            ("Z", b""),
            ("Zm9vZ", b"foo"),
            ("Z!m-9_v", b"foo"),
            ("=Zm9v", b""),
        ];
        for (text, expected) in cases {
            assert_eq!(base64(text.as_bytes()), *expected, "{text:?}");
        }
    }
}
