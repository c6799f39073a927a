//! Files that are replaced whole or not at all.
//!
//! A new file is written beside its place under a name of its own, brought to the disk, renamed,
//! and the folder brought to the disk. Who dies in between leaves the old file, and a
//! [`Temporary`] that [`sweep`] removes.

use super::FetchError;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A file under a name of its own, beside the place where it will be. Dropped, it is removed.
#[derive(Debug)]
pub struct Temporary {
    path: PathBuf,
    place: PathBuf,
    file: File,
    kept: bool,
}

/// How a temporary name ends: `.NAME.PROCESS-NUMBER.part`.
const ENDING: &str = ".part";

impl Temporary {
    /// An empty one; its folder is made where there is none.
    pub fn beside(place: &Path) -> Result<Temporary, FetchError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let folder = folder_of(place);
        fs::create_dir_all(folder).map_err(|why| FetchError::disk(folder, why))?;
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!(".{name}.{}-{number}{ENDING}", std::process::id());
        let path = folder.join(name);
        // One that a dead process of this number has left is in the way.
        let _ = fs::remove_file(&path);
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path);
        let file = file.map_err(|why| FetchError::disk(&path, why))?;
        Ok(Temporary { path, place: place.to_owned(), file, kept: false })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// More bytes at the end.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.file.write_all(bytes).map_err(|why| FetchError::disk(&self.place, why))
    }

    /// Brings it to the disk.
    pub fn sync(&self) -> Result<(), FetchError> {
        self.file.sync_all().map_err(|why| FetchError::disk(&self.place, why))
    }

    /// Puts it in its place, for good.
    pub fn keep(mut self) -> Result<(), FetchError> {
        self.sync()?;
        let wrong = |why| FetchError::disk(&self.place, why);
        fs::rename(&self.path, &self.place).map_err(wrong)?;
        self.kept = true;
        sync_folder(&self.place)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Replaces the file at `place` by one with `bytes`.
pub fn write(place: &Path, bytes: &[u8]) -> Result<(), FetchError> {
    let mut file = Temporary::beside(place)?;
    file.write(bytes)?;
    file.keep()
}

/// Brings the names in the folder of `place` to the disk.
pub fn sync_folder(place: &Path) -> Result<(), FetchError> {
    let folder = folder_of(place);
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|why| FetchError::disk(folder, why))
}

/// Removes what processes that are dead have left in `folder`.
pub fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(process_of);
        if process.is_some_and(|process| !is_alive(process)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn process_of(name: &str) -> Option<u32> {
    let name = name.strip_prefix('.')?.strip_suffix(ENDING)?;
    name.rsplit_once('.')?.1.split_once('-')?.0.parse().ok()
}

fn is_alive(process: u32) -> bool {
    let Ok(number) = i32::try_from(process) else { return false };
    let asked = nix::sys::signal::kill(nix::unistd::Pid::from_raw(number), None);
    asked != Err(nix::errno::Errno::ESRCH)
}

fn folder_of(place: &Path) -> &Path {
    match place.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all() {
        let folder = std::env::temp_dir().join(format!("mailprint-place-{}", std::process::id()));
        let place = folder.join("below/list");
        write(&place, b"old").unwrap();
        let mut half = Temporary::beside(&place).unwrap();
        half.write(b"ne").unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"old");
        drop(half);
        assert_eq!(fs::read_dir(place.parent().unwrap()).unwrap().count(), 1);
        write(&place, b"new").unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"new");
        let dead = place.with_file_name(".list.999999999-0.part");
        let mine = place.with_file_name(format!(".list.{}-99.part", std::process::id()));
        fs::write(&dead, "").unwrap();
        fs::write(&mine, "").unwrap();
        sweep(place.parent().unwrap());
        assert!(!dead.exists() && mine.exists() && place.exists());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_full_disk_is_told_of_as_one() {
        let error = FetchError::disk(Path::new("/x"), std::io::ErrorKind::StorageFull.into());
        assert_eq!(error.cause(), "full");
        assert!(error.to_string().contains("last good copy stays"), "{error}");
    }
}
