//! Is a file what its owner made? For owners who offer a SHA-256 sum or a minisign signature.
//!
//! In: the file, what was published beside it, and for signatures the key from the
//! configuration. Out: nothing, or why not. A sum protects from what is torn; only a signature
//! protects from who holds the server.

use blake2::{Blake2b512, Digest};
use ring::digest;
use ring::signature::{ED25519, UnparsedPublicKey};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The published text says nothing of the file.
    #[error(
        "there is no SHA-256 sum of {name:?} in what its owner published; look at the address of the sums"
    )]
    NoSum {
        /// The file's name.
        name: String,
    },
    /// Another sum.
    #[error("its SHA-256 sum is {is}, published is {should}; it is torn or not its owner's")]
    Sum {
        /// The file's.
        is: String,
        /// The published one.
        should: String,
    },
    /// The key in the configuration is none.
    #[error("{0:?} is no key of minisign; it is a line of 56 letters that begins with RW")]
    Key(String),
    /// What was published is no signature.
    #[error("what its owner published is no signature of minisign: {0}")]
    NoSignature(&'static str),
    /// A signature by somebody else.
    #[error("it is signed with another key ({is:016X}) than the configured one ({should:016X})")]
    OtherKey {
        /// Whose it is.
        is: u64,
        /// Whose it should be.
        should: u64,
    },
    /// A signature of something else.
    #[error("its signature is wrong: it is torn or not its owner's")]
    Forged,
    /// The file cannot be read.
    #[error("{}: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
}

/// The SHA-256 of a file.
pub fn sha256_of(path: &Path) -> Result<[u8; 32], CheckError> {
    let mut context = digest::Context::new(&digest::SHA256);
    each_piece(path, |piece| context.update(piece))?;
    Ok(array(context.finish().as_ref()))
}

/// The SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    array(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Holds the file at `path` to the sum that `published` has for `name`: `HEX  name` and
/// `HEX *name` (sha256sum), `SHA256 (name) = HEX` (BSD), or the sum alone.
pub fn check_sum(path: &Path, published: &str, name: &str) -> Result<(), CheckError> {
    let should = sum_for(published, name)
        .ok_or_else(|| CheckError::NoSum { name: name.to_owned() })?
        .to_ascii_lowercase();
    let is = data_encoding::HEXLOWER.encode(&sha256_of(path)?);
    if is == should { Ok(()) } else { Err(CheckError::Sum { is, should }) }
}

fn sum_for<'a>(published: &'a str, name: &str) -> Option<&'a str> {
    let is_sum = |word: &&str| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let last = |path: &str| path.rsplit('/').next() == Some(name);
    for line in published.lines().map(str::trim) {
        if let Some((named, sum)) =
            line.strip_prefix("SHA256 (").and_then(|rest| rest.rsplit_once(") = "))
            && last(named)
        {
            return Some(sum).filter(is_sum);
        }
        if let Some((sum, named)) = line.split_once(char::is_whitespace)
            && last(named.trim_start().trim_start_matches('*'))
        {
            return Some(sum).filter(is_sum);
        }
    }
    Some(published.trim()).filter(is_sum)
}

/// A public key of minisign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinisignKey {
    number: u64,
    key: [u8; 32],
}

impl MinisignKey {
    /// The key in `text`: the line itself, or a `.pub` file with its comment.
    pub fn parse(text: &str) -> Result<MinisignKey, CheckError> {
        let wrong = || CheckError::Key(text.to_owned());
        let line = text.lines().map(str::trim).rfind(|line| !line.is_empty()).ok_or_else(wrong)?;
        let bytes = data_encoding::BASE64.decode(line.as_bytes()).map_err(|_| wrong())?;
        match bytes.split_at_checked(10) {
            Some((head, key)) if key.len() == 32 && head.starts_with(b"Ed") => {
                Ok(MinisignKey { number: number(head), key: array(key) })
            }
            _ => Err(wrong()),
        }
    }

    /// Holds the file at `path` to the signature in `published`, a `.minisig` file. Both of
    /// minisign's kinds are known: of the file, and of its BLAKE2b.
    pub fn check(&self, path: &Path, published: &str) -> Result<(), CheckError> {
        let signature = Signature::parse(published)?;
        if signature.number != self.number {
            return Err(CheckError::OtherKey { is: signature.number, should: self.number });
        }
        let verify = |signed: &[u8], by: &[u8]| {
            let key = UnparsedPublicKey::new(&ED25519, &self.key);
            key.verify(signed, by).map_err(|_| CheckError::Forged)
        };
        if signature.is_of_digest {
            let mut digest = Blake2b512::new();
            each_piece(path, |piece| digest.update(piece))?;
            verify(&digest.finalize(), &signature.of_file)?;
        } else {
            verify(&read(path)?, &signature.of_file)?;
        }
        let commented = [&signature.of_file, signature.comment.as_bytes()].concat();
        verify(&commented, &signature.of_comment)
    }
}

/// A `.minisig` file.
struct Signature<'a> {
    number: u64,
    is_of_digest: bool,
    of_file: Vec<u8>,
    comment: &'a str,
    of_comment: Vec<u8>,
}

impl Signature<'_> {
    fn parse(text: &str) -> Result<Signature<'_>, CheckError> {
        let wrong = CheckError::NoSignature;
        let mut lines = text.lines().map(|line| line.trim_end_matches('\r'));
        let mut next = move || lines.next().ok_or(wrong("it has fewer than four lines"));
        if !next()?.starts_with("untrusted comment:") {
            return Err(wrong("its first line is no comment"));
        }
        let decode = |line: &str| data_encoding::BASE64.decode(line.trim().as_bytes()).ok();
        let whole = decode(next()?).filter(|bytes| bytes.len() == 74);
        let whole = whole.ok_or(wrong("its second line is not 74 bytes in base64"))?;
        let comment = next()?.strip_prefix("trusted comment: ");
        let comment = comment.ok_or(wrong("its third line is no trusted comment"))?;
        let of_comment = decode(next()?).filter(|bytes| bytes.len() == 64);
        let of_comment = of_comment.ok_or(wrong("its fourth line is not 64 bytes in base64"))?;
        let (head, of_file) = whole.split_at(10);
        let is_of_digest = match head.get(..2) {
            Some(b"ED") => true,
            Some(b"Ed") => false,
            _ => return Err(wrong("its algorithm is not known")),
        };
        let of_file = of_file.to_vec();
        Ok(Signature { number: number(head), is_of_digest, of_file, comment, of_comment })
    }
}

/// The key's number in the bytes behind the algorithm's.
fn number(head: &[u8]) -> u64 {
    u64::from_le_bytes(array(head.get(2..10).unwrap_or_default()))
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap_or([0; N])
}

fn each_piece(path: &Path, mut see: impl FnMut(&[u8])) -> Result<(), CheckError> {
    let wrong = |why| CheckError::Unreadable { path: path.to_owned(), why };
    let mut file = File::open(path).map_err(wrong)?;
    let mut piece = vec![0; 1 << 18];
    loop {
        match file.read(&mut piece).map_err(wrong)? {
            0 => return Ok(()),
            length => see(piece.get(..length).unwrap_or_default()),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CheckError> {
    std::fs::read(path).map_err(|why| CheckError::Unreadable { path: path.to_owned(), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn sums_are_found_in_every_way_of_writing_them() {
        for text in [
            format!("{SUM}\n"),
            format!("{}  list.txt\n", SUM.to_uppercase()),
            format!("0  other\n{SUM} *./pub/list.txt\r\n"),
            format!("SHA256 (list.txt) = {SUM}\n"),
        ] {
            let found = sum_for(&text, "list.txt").map(str::to_ascii_lowercase);
            assert_eq!(found.as_deref(), Some(SUM), "{text}");
        }
        for text in ["", "x", &format!("{SUM}  other"), "12  list.txt", &SUM[1..]] {
            assert_eq!(sum_for(text, "list.txt"), None, "{text}");
        }
    }

    #[test]
    fn a_file_is_held_to_its_sum() {
        let path = std::env::temp_dir().join(format!("mailprint-sum-{}", std::process::id()));
        std::fs::write(&path, "abc").unwrap();
        check_sum(&path, SUM, "x").unwrap();
        std::fs::write(&path, "abd").unwrap();
        assert!(matches!(check_sum(&path, SUM, "x"), Err(CheckError::Sum { .. })));
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn what_is_no_key_or_no_signature_is_refused() {
        for text in ["", "RWQ", "untrusted comment: x\n", &"A".repeat(56)] {
            assert!(MinisignKey::parse(text).is_err(), "{text}");
        }
        for text in ["", "a\nb\nc\nd", "untrusted comment: x\nAAAA\ntrusted comment: y\nAAAA\n"] {
            assert!(Signature::parse(text).is_err(), "{text}");
        }
    }
}
