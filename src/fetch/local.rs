//! Files of this machine: looked at for a change of time, length or inode, and copied.
//!
//! A copy is taken so that the last good one stays when the file's owner writes nonsense. Who
//! writes in place is noticed by the file's time and length before and after.

use super::{Download, FetchError, Fetched, Got, Stamp, Temporary};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Copies the file at `path` beside `place`, unless it is still the one of `known`.
pub(super) fn fetch(
    path: &Path,
    place: &Path,
    known: Option<&Stamp>,
    most: u64,
) -> Result<Fetched, FetchError> {
    let mut temporary = Temporary::beside(place)?;
    let copied = copy(path, known, most, &mut |piece| temporary.write(piece))?;
    let Some((stamp, bytes)) = copied else { return Ok(Fetched::Unchanged { wait: None }) };
    temporary.sync()?;
    Ok(Fetched::New(Download { file: temporary, stamp, bytes, wait: None }))
}

/// Reads the file at `path`, unless it is still the one of `known`.
pub(super) fn get(path: &Path, known: Option<&Stamp>, most: u64) -> Result<Got, FetchError> {
    let mut bytes = Vec::new();
    let copied = copy(path, known, most, &mut |piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(match copied {
        Some((stamp, _)) => Got::New { bytes, stamp, wait: None },
        None => Got::Unchanged { wait: None },
    })
}

fn copy(
    path: &Path,
    known: Option<&Stamp>,
    most: u64,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), FetchError>,
) -> Result<Option<(Stamp, u64)>, FetchError> {
    let open = |why: io::Error| match why.kind() {
        io::ErrorKind::NotFound => {
            FetchError::Missing { url: path.display().to_string(), code: 404 }
        }
        _ => FetchError::disk(path, why),
    };
    let wrong = |why| FetchError::disk(path, why);
    let mut file = File::open(path).map_err(open)?;
    let before = file.metadata().map_err(wrong)?;
    let stamp = stamp(&before);
    if known == Some(&stamp) {
        return Ok(None);
    }
    if !before.is_file() {
        return Err(wrong(io::Error::other("it is no file; name one")));
    }
    let large = || FetchError::Large { what: path.display().to_string(), most };
    if before.len() > most {
        return Err(large());
    }
    let mut piece = vec![0; 1 << 18];
    let mut bytes = 0u64;
    loop {
        let length = file.read(&mut piece).map_err(wrong)?;
        if length == 0 {
            break;
        }
        bytes += length as u64;
        if bytes > most {
            return Err(large());
        }
        sink(piece.get(..length).unwrap_or_default())?;
    }
    let after = std::fs::metadata(path).map_err(open)?;
    if self::stamp(&after) != stamp || bytes != before.len() {
        return Err(FetchError::Changing(path.to_owned()));
    }
    Ok(Some((stamp, bytes)))
}

/// What tells one state of a file from the next.
fn stamp(file: &Metadata) -> Stamp {
    let written = file.mtime().saturating_mul(1_000_000_000).saturating_add(file.mtime_nsec());
    Stamp {
        size: Some(file.len()),
        written: Some(written),
        inode: Some(file.ino()),
        ..Stamp::default()
    }
}
