//! Downloads: the one place that fetches files from elsewhere (feeds, block lists).
//!
//! In: a [`Source`] and what is known of it ([`Stamp`]). Out: nothing new, or a [`Download`]: a
//! complete file beside the place where it will be, which is put there by [`Download::keep`] and
//! is gone otherwise. In between its owner looks whether it is what it should be ([`check`], and
//! what else the owner knows). Invariant: what is in place is replaced whole or not at all, and
//! whatever goes wrong, the last good copy stays.
//!
//! [`Schedule`] says when to ask again.
//!
//! Ring 1. May use `limits`, `clock`.

pub mod check;
mod error;
mod local;
pub mod place;
mod rsync;
pub mod schedule;
mod source;
mod trust;
mod web;

pub use error::FetchError;
pub use place::Temporary;
pub use schedule::{Plan, Schedule};
pub use source::Source;

use crate::limits::Limits;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What a source said of its file when it was last fetched; what is asked for conditionally, and
/// kept with the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Stamp {
    /// `ETag`, as the server wrote it.
    pub etag: Option<String>,
    /// `Last-Modified`, as the server wrote it.
    pub modified: Option<String>,
    /// The length in bytes, before it was unpacked.
    pub size: Option<u64>,
    /// When a file was last written, in nanoseconds since 1970; local files and rsync.
    pub written: Option<i64>,
    /// Which file it was; local files only.
    pub inode: Option<u64>,
}

/// What one who fetches shows and believes. Files are read anew for each client that is built,
/// so that they can be replaced while the program runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Certificates of CAs in PEM, believed instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// A certificate and its key in PEM, shown to the source's own server.
    pub client_file: Option<PathBuf>,
    /// Header fields, one `Name: value` a line, sent to the source's own server.
    pub header_file: Option<PathBuf>,
    /// A password for rsync; readable by its owner only, as rsync wants it.
    pub password_file: Option<PathBuf>,
}

/// What came of asking a source for a file.
#[derive(Debug)]
pub enum Fetched {
    /// It has not changed since the stamp that was shown.
    Unchanged {
        /// The server wants to be left alone for so long.
        wait: Option<Duration>,
    },
    /// A new copy.
    New(Download),
}

/// What came of asking a source for a few bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    /// They have not changed since the stamp that was shown.
    Unchanged {
        /// The server wants to be left alone for so long.
        wait: Option<Duration>,
    },
    /// All of them.
    New {
        /// What the file holds.
        bytes: Vec<u8>,
        /// What to show next time.
        stamp: Stamp,
        /// The server wants to be left alone for so long.
        wait: Option<Duration>,
    },
}

/// A file that has arrived whole but is not in its place yet. Dropped, it is removed.
#[derive(Debug)]
pub struct Download {
    file: Temporary,
    stamp: Stamp,
    bytes: u64,
    wait: Option<Duration>,
}

impl Download {
    /// Where it is now; readable, complete, on the disk.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Its length.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What to show the source next time, once the file is kept.
    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// The server wants to be left alone for so long.
    pub fn wait(&self) -> Option<Duration> {
        self.wait
    }

    /// Puts it in its place, instead of what was there.
    pub fn keep(self) -> Result<Stamp, FetchError> {
        self.file.keep()?;
        Ok(self.stamp)
    }
}

/// Who fetches from one source, with what it shows there. Cheap to share; needs tokio.
#[derive(Clone, Debug)]
pub struct Fetcher {
    credentials: Arc<Credentials>,
    limits: Limits,
    web: Arc<web::Clients>,
}

impl Fetcher {
    /// Nothing is read or asked yet.
    pub fn new(credentials: Credentials, limits: &Limits) -> Fetcher {
        Fetcher { credentials: Arc::new(credentials), limits: limits.clone(), web: Arc::default() }
    }

    /// Asks `source` for its file, unless it is still the one of `known`, and lays it beside
    /// `place`. A `known` without a file at `place` does not count. At most the limit
    /// `fetch_bytes`, or `most` where that is less.
    pub async fn fetch(
        &self,
        source: &Source,
        place: &Path,
        known: Option<&Stamp>,
        most: Option<u64>,
    ) -> Result<Fetched, FetchError> {
        let most = most.unwrap_or(u64::MAX).min(self.limits.fetch_bytes as u64);
        let known = known.filter(|_| place.exists());
        match source {
            Source::Web(url) => {
                let mut sink = web::Sink::file(Temporary::beside(place)?);
                let asked = web::Asked { url, known, most };
                let answer =
                    self.web.ask(&self.credentials, &self.limits, asked, &mut sink).await?;
                match (answer, sink) {
                    (web::Answer::New { stamp, bytes, wait }, web::Sink::File(Some(file), _)) => {
                        Ok(Fetched::New(Download { file, stamp, bytes, wait }))
                    }
                    (answer, _) => Ok(Fetched::Unchanged { wait: answer.wait() }),
                }
            }
            Source::Rsync(url) => {
                let run = rsync::Run::new(url, place, &self.credentials, &self.limits, most);
                run.start(known.cloned()).await
            }
            Source::File(path) => {
                let (path, place) = (path.clone(), place.to_owned());
                let known = known.cloned();
                aside(move || local::fetch(&path, &place, known.as_ref(), most)).await
            }
        }
    }

    /// Asks `source` for at most `most` bytes that nobody keeps in a file; rsync is not asked.
    pub async fn get(
        &self,
        source: &Source,
        known: Option<&Stamp>,
        most: usize,
    ) -> Result<Got, FetchError> {
        match source {
            Source::Web(url) => {
                let mut sink = web::Sink::Memory(Vec::new());
                let asked = web::Asked { url, known, most: most as u64 };
                let answer =
                    self.web.ask(&self.credentials, &self.limits, asked, &mut sink).await?;
                Ok(match (answer, sink) {
                    (web::Answer::New { stamp, wait, .. }, web::Sink::Memory(bytes)) => {
                        Got::New { bytes, stamp, wait }
                    }
                    (answer, _) => Got::Unchanged { wait: answer.wait() },
                })
            }
            Source::File(path) => {
                let (path, known) = (path.clone(), known.cloned());
                aside(move || local::get(&path, known.as_ref(), most as u64)).await
            }
            Source::Rsync(url) => Err(FetchError::Source {
                text: url.clone(),
                why: "rsync is for whole files; name the place with https:",
            }),
        }
    }
}

/// Runs what waits for the disk or another program, on a thread that may.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FetchError> + Send + 'static,
) -> Result<T, FetchError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(FetchError::Ended))
}
