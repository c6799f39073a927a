//! Why a feed's file is refused, with what to do about it. Whatever it is, the last good state
//! stays in force.

use super::brake::Outsize;
use super::format::FormatError;
use crate::fetch::FetchError;
use std::io;
use std::path::{Path, PathBuf};

/// Why a feed makes no progress.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// It cannot be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A key is none.
    #[error("{what}: {why}")]
    Key {
        /// The file or the text.
        what: String,
        /// What it should be.
        why: String,
    },
    /// It bears the number of a key that is not configured.
    #[error(
        "{what} is signed with a key that is not configured ({id:016x}); if the publisher has a new key, configure it"
    )]
    OtherKey {
        /// What was fetched.
        what: String,
        /// The key's number.
        id: u64,
    },
    /// Its signature is wrong.
    #[error("{what} is not what its publisher signed; it is torn, or somebody has changed it")]
    Forged {
        /// What was fetched.
        what: String,
    },
    /// It is signed, but no file of a feed.
    #[error("{what}: {why}")]
    Format {
        /// What was fetched.
        what: String,
        /// What is wrong with it.
        why: FormatError,
    },
    /// It is older than what there is.
    #[error(
        "the head leads back from state {have_epoch}.{have_seq} to {epoch}.{seq}: somebody plays an old feed, or the publisher has lost its folder and must begin a new epoch"
    )]
    Rollback {
        /// What there is.
        have_epoch: u32,
        /// What there is.
        have_seq: u64,
        /// What was fetched.
        epoch: u32,
        /// What was fetched.
        seq: u64,
    },
    /// The publisher has begun anew, and nobody here has agreed.
    #[error(
        "the feed has begun epoch {epoch}; if its publisher says so too, set its `epoch` in mailprint.yaml to {epoch}"
    )]
    Epoch {
        /// The new one.
        epoch: u32,
    },
    /// Two heads of one state say different things.
    #[error(
        "there are two different heads of state {epoch}.{seq}, both signed; ask the publisher whether its key is stolen"
    )]
    Forked {
        /// The state.
        epoch: u32,
        /// The state.
        seq: u64,
    },
    /// It has run out: somebody holds back newer ones, or the publisher sleeps.
    #[error(
        "the head ran out {ago} s ago: the publisher has stopped, newer heads are held back, or this machine's clock is wrong"
    )]
    Expired {
        /// Seconds since.
        ago: u64,
    },
    /// It is from the future.
    #[error("the head is signed {ahead} s in the future: set this machine's clock")]
    Future {
        /// Seconds until then.
        ahead: u64,
    },
    /// A file leads from or to another state than it should.
    #[error("{what} leads from {from} to {to}, expected was from {have} to {want}")]
    Gap {
        /// What was fetched.
        what: String,
        /// Where it begins.
        from: u64,
        /// Where it leads.
        to: u64,
        /// The state that there is.
        have: u64,
        /// The state that was asked for.
        want: u64,
    },
    /// The head's hash, or length, is another's.
    #[error("{what} is not the file that the head speaks of")]
    Mixed {
        /// What was fetched.
        what: String,
    },
    /// Applied, it makes another set than the publisher has.
    #[error("{what} does not fit the state that it was applied to ({why})")]
    Unfit {
        /// What was fetched.
        what: String,
        /// What does not.
        why: &'static str,
    },
    /// It changes more than one step may.
    #[error(transparent)]
    Outsize(#[from] Outsize),
    /// It lists as bad what is known as wanted here.
    #[error(
        "{what} lists {count} fingerprints as bad that are wanted mail here; if its publisher says that this is meant, run `mailprint fp import --accept-outsize`"
    )]
    Wanted {
        /// What was fetched.
        what: String,
        /// So many.
        count: usize,
    },
    /// Another process follows the feed in this folder.
    #[error("{}: another process is at work there; end it first", .0.display())]
    Busy(PathBuf),
    /// The folder of a publisher is not as it left it.
    #[error("{}: {why}", path.display())]
    Folder {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
}

impl FeedError {
    /// What `path` could not be done to.
    pub fn disk(path: &Path, why: io::Error) -> FeedError {
        FeedError::Fetch(FetchError::disk(path, why))
    }

    /// One word for counters.
    pub fn cause(&self) -> &'static str {
        match self {
            FeedError::Fetch(error) => error.cause(),
            FeedError::Key { .. } => "settings",
            FeedError::OtherKey { .. } => "key",
            FeedError::Forged { .. } => "signature",
            FeedError::Format { .. } => "format",
            FeedError::Rollback { .. } => "rollback",
            FeedError::Epoch { .. } => "epoch",
            FeedError::Forked { .. } => "forked",
            FeedError::Expired { .. } => "expired",
            FeedError::Future { .. } => "future",
            FeedError::Gap { .. } => "gap",
            FeedError::Mixed { .. } => "mixed",
            FeedError::Unfit { .. } => "unfit",
            FeedError::Outsize(_) => "outsize",
            FeedError::Wanted { .. } => "wanted",
            FeedError::Busy(_) => "busy",
            FeedError::Folder { .. } => "disk",
        }
    }

    /// Would a whole snapshot help where a delta did not?
    pub fn is_of_delta(&self) -> bool {
        matches!(
            self,
            FeedError::Gap { .. }
                | FeedError::Unfit { .. }
                | FeedError::Mixed { .. }
                | FeedError::Forged { .. }
                | FeedError::Format { .. }
                | FeedError::Fetch(FetchError::Missing { .. } | FetchError::Large { .. })
        )
    }

    /// The file that a second key, or the administrator, can let pass.
    pub fn excusable(&self) -> Option<&str> {
        match self {
            FeedError::Outsize(Outsize { what, .. }) | FeedError::Wanted { what, .. } => Some(what),
            _ => None,
        }
    }
}
