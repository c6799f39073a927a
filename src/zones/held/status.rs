//! How the lists stand, as a running server leaves it for `mailprint zones`.
//!
//! In: the keepers' rows. Out: `status.json` in the folder of the lists, replaced whole every few
//! seconds, and the same read again.

use crate::fetch::{FetchError, place};
use std::path::Path;

/// How one list stands.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Records of the copy; nothing without one.
    pub records: Option<u64>,
    /// Bytes of memory that it takes.
    pub memory: Option<u64>,
    /// Seconds since it was current.
    pub age: Option<i64>,
    /// What its hits count, 1 for whole.
    pub weight: f64,
    /// When its sources are asked next, in seconds since 1970.
    pub next: Option<i64>,
    /// What went wrong last, until it goes well.
    pub error: Option<String>,
    /// Questions answered since the server's start.
    pub questions: u64,
    /// How many of them with a listing.
    pub hits: u64,
}

/// How all lists of a server stand.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Status {
    /// The server's process.
    pub process: u32,
    /// When this was written, in seconds since 1970.
    pub written: i64,
    /// The lists, in the order of the configuration.
    pub lists: Vec<Row>,
}

const FILE: &str = "status.json";

impl Status {
    /// Leaves it in `folder`.
    pub fn write(&self, folder: &Path) -> Result<(), FetchError> {
        let path = folder.join(FILE);
        let text = serde_json::to_vec_pretty(self);
        let text = text.map_err(|why| FetchError::disk(&path, std::io::Error::other(why)))?;
        place::write(&path, &text)
    }

    /// What a server has left in `folder`, if anything.
    pub fn read(folder: &Path) -> Option<Status> {
        serde_json::from_slice(&std::fs::read(folder.join(FILE)).ok()?).ok()
    }

    /// Is the server that has left it alive and writing?
    pub fn is_current(&self, now: i64) -> bool {
        (0..=STALE).contains(&now.saturating_sub(self.written))
    }
}

/// Seconds after which a server that has not written is taken for dead.
const STALE: i64 = 60;
