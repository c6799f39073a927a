//! May these bytes follow what there is?
//!
//! In: bytes as they were fetched. Out: types, or why not. Signatures come first: nothing that
//! is not signed by a configured key is parsed. Then what only a history shows: heads never lead
//! back ([`follows`]), run out, or come in two versions.

use super::FeedError;
use super::format::{File, HEAD, Head, SIGNATURE};
use super::key::{PublicKey, SecretKey};
use crate::fetch::check::sha256;
use std::time::Duration;

/// Whose word counts.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Who signs heads and files.
    pub keys: Vec<PublicKey>,
    /// Who may sign a step that is larger than one may be.
    pub countersigners: Vec<PublicKey>,
    /// The newest epoch that the administrator agreed to.
    pub epoch: u32,
}

/// A head from so far in the future is no fault of two clocks.
const AHEAD: u64 = 3600;

/// The head in `bytes`, signed and neither run out nor from the future at `now` (seconds since
/// 1970).
pub fn head(bytes: &[u8], trust: &Trust, now: u64) -> Result<Head, FeedError> {
    let what = || "the head".to_owned();
    let format = |why| FeedError::Format { what: what(), why };
    let (body, signature) = split(bytes)
        .filter(|_| bytes.len() == HEAD)
        .ok_or_else(|| FeedError::Forged { what: what() })?;
    // The number of the key stands where a head has it; nothing else is read of it before.
    let id = body.get(4..12).and_then(|id| id.try_into().ok()).map(u64::from_le_bytes);
    let id = id.unwrap_or_default();
    let key = trust.keys.iter().find(|key| key.id() == id);
    let key = key.ok_or_else(|| FeedError::OtherKey { what: what(), id })?;
    if !key.verifies(body, signature) {
        return Err(FeedError::Forged { what: what() });
    }
    let head = Head::decode(body).map_err(format)?;
    if head.expires_at <= now {
        return Err(FeedError::Expired { ago: now - head.expires_at });
    }
    if head.issued_at > now.saturating_add(AHEAD) {
        return Err(FeedError::Future { ahead: head.issued_at - now });
    }
    Ok(head)
}

/// May `head` follow the last one that was believed?
pub fn follows(head: &Head, last: Option<&Head>, trust: &Trust) -> Result<(), FeedError> {
    let (have_epoch, have_seq) = last.map_or((0, 0), |last| (last.epoch, last.seq));
    let (epoch, seq) = (head.epoch, head.seq);
    if epoch > have_epoch.max(trust.epoch) {
        return Err(FeedError::Epoch { epoch });
    }
    if (epoch, seq) < (have_epoch, have_seq) {
        return Err(FeedError::Rollback { have_epoch, have_seq, epoch, seq });
    }
    let is_same = |last: &&Head| (last.epoch, last.seq) == (epoch, seq);
    match last.filter(is_same) {
        Some(last) if last.set_hash != head.set_hash || last.n_entries != head.n_entries => {
            Err(FeedError::Forked { epoch, seq })
        }
        _ => Ok(()),
    }
}

/// The snapshot or delta in `bytes`, if one of `trust` has signed it and it has at most `most`
/// entries.
pub fn file(bytes: &[u8], trust: &Trust, what: &str, most: u64) -> Result<File, FeedError> {
    let forged = || FeedError::Forged { what: what.to_owned() };
    let (body, signature) = split(bytes).ok_or_else(forged)?;
    if !trust.keys.iter().any(|key| key.verifies(body, signature)) {
        return Err(forged());
    }
    File::decode(body, most).map_err(|why| FeedError::Format { what: what.to_owned(), why })
}

/// Has a second key signed the file `bytes` too?
pub fn is_countersigned(bytes: &[u8], signature: &[u8], trust: &Trust) -> bool {
    let signed = countersigned(bytes);
    trust.countersigners.iter().any(|key| key.verifies(&signed, signature))
}

/// The second key's signature of the file `bytes`.
pub fn countersign(bytes: &[u8], key: &SecretKey) -> Vec<u8> {
    key.signature(&countersigned(bytes))
}

/// What a second key signs: not the file itself, so that its signature is none of the file's.
fn countersigned(bytes: &[u8]) -> Vec<u8> {
    [&b"SFC1"[..], &sha256(bytes)].concat()
}

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE)?)
}

/// How long ago `then` was at `now`, both in seconds since 1970.
pub fn age(then: u64, now: u64) -> Duration {
    Duration::from_secs(now.saturating_sub(then))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn key(seed: u8) -> SecretKey {
        SecretKey::of_seed(&[seed; 32]).unwrap()
    }

    fn trust() -> Trust {
        let (keys, countersigners) = (vec![key(1).public()], vec![key(2).public()]);
        Trust { keys, countersigners, epoch: 1 }
    }

    fn any_head() -> Head {
        let key_id = key(1).public().id();
        let (issued_at, expires_at) = (NOW - 10, NOW + 590);
        Head { key_id, epoch: 1, seq: 5, issued_at, expires_at, n_entries: 3, ..Head::default() }
    }

    fn cause(bytes: &[u8]) -> &'static str {
        head(bytes, &trust(), NOW).unwrap_err().cause()
    }

    #[test]
    fn a_head_is_believed_when_it_is_signed_and_fresh() {
        let good = key(1).signed(any_head().encode());
        assert_eq!(head(&good, &trust(), NOW).unwrap(), any_head());
        for at in 0..good.len() {
            let mut changed = good.clone();
            changed[at] ^= 1;
            let expected = if (4..12).contains(&at) { "key" } else { "signature" };
            assert_eq!(cause(&changed), expected, "{at}");
            assert_eq!(cause(&good[..at]), "signature");
        }
        assert_eq!(cause(&key(3).signed(any_head().encode())), "signature");
        let changed = |change: &dyn Fn(&mut Head)| {
            let mut head = any_head();
            change(&mut head);
            cause(&key(1).signed(head.encode()))
        };
        assert_eq!(changed(&|head| head.key_id = 9), "key");
        assert_eq!(changed(&|head| head.expires_at = NOW), "expired");
        assert_eq!(changed(&|head| head.issued_at = NOW + AHEAD + 1), "future");
        assert_eq!(changed(&|head| head.snap_seq = 6), "format");
    }

    #[test]
    fn heads_never_lead_back_fork_or_begin_anew_by_themselves() {
        let last = any_head();
        let with = |change: &dyn Fn(&mut Head)| {
            let mut head = any_head();
            change(&mut head);
            follows(&head, Some(&last), &trust()).map_err(|error| error.cause())
        };
        assert_eq!(with(&|_| ()), Ok(()));
        assert_eq!(with(&|head| head.seq = 6), Ok(()));
        assert_eq!(with(&|head| head.seq = 4), Err("rollback"));
        assert_eq!(with(&|head| head.epoch = 0), Err("rollback"));
        assert_eq!(with(&|head| head.epoch = 2), Err("epoch"));
        assert_eq!(with(&|head| head.set_hash = [1; 16]), Err("forked"));
        let agreed = Trust { epoch: 2, ..trust() };
        let anew = Head { epoch: 2, seq: 1, ..any_head() };
        assert!(follows(&anew, Some(&last), &agreed).is_ok());
        assert!(follows(&any_head(), Some(&anew), &agreed).is_err());
        assert!(follows(&any_head(), None, &trust()).is_ok());
    }

    #[test]
    fn a_second_key_signs_something_else_than_the_first() {
        let file = key(1).signed(b"file".to_vec());
        let second = countersign(&file, &key(2));
        assert!(is_countersigned(&file, &second, &trust()));
        assert!(!is_countersigned(&file, &countersign(&file, &key(1)), &trust()));
        assert!(!is_countersigned(b"other", &second, &trust()));
        assert!(!key(2).public().verifies(&file, &second));
    }
}
