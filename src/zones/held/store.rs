//! A list's last good copy on disk.
//!
//! A folder for each list: its files as they came (`0.list`, …), the table made of them
//! (`table`), and what is known of both (`state.json`). Each file is replaced whole; who dies
//! between two of them leaves a table that is good and files that are fetched again.

use super::guards::Known;
use crate::dns::Name;
use crate::fetch::{FetchError, Stamp, place};
use std::path::{Path, PathBuf};

/// Where one list is kept.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// What is known of a copy.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct State {
    /// What the sources said of their files, in their order.
    pub stamps: Vec<Option<Stamp>>,
    /// Formats and sources that the copy was made of: of others it is another list.
    pub made_of: Vec<String>,
    /// When it was known to be current, in seconds since 1970.
    pub confirmed: i64,
    /// What the next copy is compared with.
    pub known: Known,
}

impl Store {
    /// Keeps the list `name` below `folder`.
    pub fn new(folder: &Path, name: &Name) -> Store {
        Store { folder: folder.join(name.to_string()) }
    }

    /// Where the file number `part` is.
    pub fn part(&self, part: usize) -> PathBuf {
        self.folder.join(format!("{part}.list"))
    }

    /// Where the table is.
    pub fn table(&self) -> PathBuf {
        self.folder.join("table")
    }

    /// Where a table is made, by this process alone.
    pub fn draft(&self) -> PathBuf {
        self.folder.join(format!(".table.{}-0.part", std::process::id()))
    }

    /// Puts a table in its place.
    pub fn keep_draft(&self, draft: &Path) -> Result<(), FetchError> {
        let table = self.table();
        std::fs::rename(draft, &table).map_err(|why| FetchError::disk(&table, why))?;
        place::sync_folder(&table)
    }

    /// Removes what dead processes have left: of downloads, and of tables half written
    /// (`….PROCESS.new`).
    pub fn sweep(&self) {
        place::sweep(&self.folder);
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let writer = name.to_str().and_then(|name| name.strip_suffix(".new")?.rsplit_once('.'));
            let is_dead = |number: &str| !Path::new("/proc").join(number).exists();
            if writer.is_some_and(|(_, number)| number.parse::<u32>().is_ok() && is_dead(number)) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// What is known of the copy; nothing where there is none, or it cannot be read.
    pub fn state(&self) -> Option<State> {
        let text = std::fs::read(self.folder.join("state.json")).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Keeps what is known of the copy.
    pub fn keep_state(&self, state: &State) -> Result<(), FetchError> {
        let path = self.folder.join("state.json");
        let text = serde_json::to_vec(state);
        let text = text.map_err(|why| FetchError::disk(&path, std::io::Error::other(why)))?;
        place::write(&path, &text)
    }

    /// Has the administrator said that the next copy is to be taken, however different it is?
    pub fn accepts(&self) -> bool {
        self.accept_mark().exists()
    }

    /// Notes that the next copy is to be taken, or that it has been.
    pub fn set_accepts(&self, accepts: bool) -> Result<(), FetchError> {
        let mark = self.accept_mark();
        match accepts {
            true => place::write(&mark, b"taken once, whatever has changed\n"),
            false => match std::fs::remove_file(&mark) {
                Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
                    Err(FetchError::disk(&mark, why))
                }
                _ => Ok(()),
            },
        }
    }

    fn accept_mark(&self) -> PathBuf {
        self.folder.join("accept")
    }
}
