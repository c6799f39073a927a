//! Files that are there whole or not at all, and files that are read where they lie.

use memmap2::Mmap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::ops::Deref;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Bytes that nobody changes any more.
#[derive(Debug)]
pub enum Bytes {
    /// A file in memory.
    Mapped(Mmap),
    /// Memory.
    Owned(Vec<u8>),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Mapped(map) => map,
            Bytes::Owned(bytes) => bytes,
        }
    }
}

/// Maps a file. It must be one that [`replace`] has written: such are never changed in place.
pub fn map(path: &Path) -> io::Result<Bytes> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    if file.metadata()?.len() == 0 {
        return Ok(Bytes::Owned(Vec::new()));
    }
    #[allow(
        unsafe_code,
        reason = "the file is replaced by another of its name, never written to: doc/THREATS.md"
    )]
    let map = unsafe { Mmap::map(&file)? };
    Ok(Bytes::Mapped(map))
}

/// Writes `path` anew: to another name first, synced, then renamed. Whatever happens, what is
/// found under the name is the old file or the new one. The file is its owner's and nobody
/// else's to write; others may read it if `readable`.
pub fn replace(
    path: &Path,
    readable: bool,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = write_beside(&beside, readable, write).and_then(|()| {
        std::fs::rename(&beside, path)?;
        sync_folder(path)
    });
    if written.is_err() {
        // It may not be there; then there is nothing to remove.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

fn write_beside(
    beside: &Path,
    readable: bool,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let mode = if readable { 0o644 } else { 0o600 };
    let file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(beside)?;
    let mut out = BufWriter::with_capacity(1 << 18, file);
    write(&mut out)?;
    out.flush()?;
    out.get_ref().sync_all()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
