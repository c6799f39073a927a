//! Why a download comes to nothing, with what to do about it.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why there is no new copy. The last good one stays, whatever it is.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// A text that names no source.
    #[error("{text:?} is no source of downloads: {why}")]
    Source {
        /// The text.
        text: String,
        /// What it should be.
        why: &'static str,
    },
    /// A file of credentials will not do.
    #[error("{}: {why}", path.display())]
    Credentials {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// Nobody answers, or not as one who can be believed.
    #[error("{url} cannot be reached: {why}; look at its name, the way to it and, for TLS, the CA")]
    Unreachable {
        /// What was asked.
        url: String,
        /// What happened.
        why: String,
    },
    /// It takes too long.
    #[error("{url} was given up after {seconds} s; limits.{limit} says how long it may take")]
    Late {
        /// What was asked.
        url: String,
        /// How long it took.
        seconds: u64,
        /// The limit.
        limit: &'static str,
    },
    /// There is no such file.
    #[error("{url} is not there ({code}); is the address right?")]
    Missing {
        /// What was asked.
        url: String,
        /// The server's code.
        code: u16,
    },
    /// The server answers with something else than the file.
    #[error("{url} is refused with code {code}{}", advice(*code))]
    Refused {
        /// What was asked.
        url: String,
        /// The server's code.
        code: u16,
        /// The server wants to be left alone for so long.
        wait: Option<Duration>,
    },
    /// It leads somewhere else, where nobody goes.
    #[error("{url} is redirected {why}; name the new address in the configuration")]
    Redirect {
        /// What was asked.
        url: String,
        /// Where, or how often.
        why: String,
    },
    /// It is larger than it may be.
    #[error("{what} has more than {most} bytes, which is the most that is taken of it")]
    Large {
        /// What was asked.
        what: String,
        /// The height of the limit.
        most: u64,
    },
    /// It ends before its end, or cannot be unpacked.
    #[error("{url} did not arrive whole: {why}")]
    Torn {
        /// What was asked.
        url: String,
        /// What happened.
        why: String,
    },
    /// rsync has failed.
    #[error("rsync of {url} failed: {why}")]
    Rsync {
        /// What was asked.
        url: String,
        /// What it said.
        why: String,
    },
    /// A local file was written while it was read.
    #[error("{} was written while it was read; the next look takes it", .0.display())]
    Changing(PathBuf),
    /// There is no room.
    #[error("{}: the disk is full; the last good copy stays, make room for a new one", .0.display())]
    Full(PathBuf),
    /// The system refuses a file.
    #[error("{}: {why}", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// It is not what its owner made.
    #[error(transparent)]
    Check(#[from] super::check::CheckError),
    /// The program ends.
    #[error("the program ends")]
    Ended,
}

fn advice(code: u16) -> &'static str {
    match code {
        401 | 403 | 407 => "; look at the credentials, and whether this machine may ask",
        429 => "; it is asked too often",
        500..=599 => {
            "; the server has a fault of its own, which passes or its owner should hear of"
        }
        _ => "",
    }
}

impl FetchError {
    /// What `path` could not be done to, told apart by what there is to do.
    pub fn disk(path: &Path, why: std::io::Error) -> FetchError {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        match why.kind() {
            StorageFull | QuotaExceeded => FetchError::Full(path.to_owned()),
            _ => FetchError::Disk { path: path.to_owned(), why },
        }
    }

    /// One word for counters.
    pub fn cause(&self) -> &'static str {
        match self {
            FetchError::Source { .. } | FetchError::Credentials { .. } => "settings",
            FetchError::Unreachable { .. } | FetchError::Ended => "unreachable",
            FetchError::Late { .. } => "late",
            FetchError::Missing { .. } => "missing",
            FetchError::Refused { .. } => "refused",
            FetchError::Redirect { .. } => "redirect",
            FetchError::Large { .. } => "large",
            FetchError::Torn { .. } | FetchError::Changing(_) => "torn",
            FetchError::Rsync { .. } => "rsync",
            FetchError::Full(_) => "full",
            FetchError::Disk { .. } => "disk",
            FetchError::Check(_) => "check",
        }
    }

    /// How long the server wants to be left alone.
    pub fn wait(&self) -> Option<Duration> {
        match self {
            FetchError::Refused { wait, .. } => *wait,
            _ => None,
        }
    }
}
