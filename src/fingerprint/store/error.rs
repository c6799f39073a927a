//! What may be wrong with a store, told with what to do.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it open and does not answer.
    #[error(
        "{}: another process has this store open; is a server running that does not listen there, \
         or is another command at work? Try again when it has ended", .0.display()
    )]
    InUse(PathBuf),
    /// It is something else.
    #[error("{}: this is no store of fingerprints; name another folder", .0.display())]
    Foreign(PathBuf),
    /// A later version of this program has written it.
    #[error("{}: a newer version of mailprint has written this store; use that version", .0.display())]
    Newer(PathBuf),
    /// An earlier one has.
    #[error(
        "{}: an older version of mailprint has written this store; export it with that version \
         (mailprint fp export) and import it into a new folder", .0.display()
    )]
    Older(PathBuf),
    /// It is not whole.
    #[error(
        "{}: this store is damaged ({why}); move it away, and import the last export or learn again",
        .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// There is no room.
    #[error("{}: the disk is full; nothing of this was learned, and all that was known stays", .0.display())]
    Full(PathBuf),
    /// The system refuses.
    #[error("{}: {why}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it says.
        why: io::Error,
    },
}

/// What a file is not, on its way through an error of the database's.
#[derive(Debug, thiserror::Error)]
pub(super) enum Told {
    /// A database of another program.
    #[error("a database of another program")]
    Foreign,
}

impl StoreError {
    pub(super) fn io(path: &Path, why: io::Error) -> StoreError {
        match why.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                StoreError::Full(path.to_owned())
            }
            _ => StoreError::Io { path: path.to_owned(), why },
        }
    }

    pub(super) fn of(path: &Path, why: redb::Error) -> StoreError {
        let path_of = || path.to_owned();
        match why {
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
                StoreError::InUse(path_of())
            }
            redb::Error::UpgradeRequired(_) => StoreError::Older(path_of()),
            redb::Error::Io(why) if why.get_ref().is_some_and(|why| why.is::<Told>()) => {
                StoreError::Foreign(path_of())
            }
            redb::Error::Io(why) if why.kind() == io::ErrorKind::InvalidData => {
                StoreError::Damaged { path: path_of(), why: why.to_string() }
            }
            redb::Error::Io(why) => StoreError::io(path, why),
            redb::Error::PreviousIo => StoreError::Io {
                path: path_of(),
                why: io::Error::other("the system has refused a read or a write before"),
            },
            other => StoreError::Damaged { path: path_of(), why: other.to_string() },
        }
    }
}

/// How a redb file begins.
const MAGIC: &[u8] = b"redb\x1a\x0a\xa9\x0d\x0a";

/// Refuses what is no database before the database looks at it. Is there a file?
pub(super) fn look_at(path: &Path) -> Result<bool, StoreError> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(why) => return Err(StoreError::io(path, why)),
    };
    let mut begin = Vec::new();
    file.take(MAGIC.len() as u64)
        .read_to_end(&mut begin)
        .map_err(|why| StoreError::io(path, why))?;
    if begin == MAGIC { Ok(true) } else { Err(StoreError::Foreign(path.to_owned())) }
}

/// Nobody but its owner and their group may read what was taught.
pub(super) fn keep_private(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| std::fs::metadata(path).map(|file| file.permissions().mode() & 0o777);
    let set = || std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o640));
    match mode(path) {
        Ok(0o640) => Ok(()),
        Ok(_) => set().map_err(|why| StoreError::io(path, why)),
        Err(why) => Err(StoreError::io(path, why)),
    }
}
