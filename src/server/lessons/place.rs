//! The store's folder, where root starts the server and somebody else runs it.
//!
//! A folder that root has made (by `mailprint fp`, or now) is handed over to whom the server
//! becomes, with the store's files in it. What is no store's folder, or somebody's already,
//! stays as it is.

use super::super::StartError;
use super::super::privileges::Identity;
use crate::fingerprint::store::{self, FILE, SNAPSHOT};
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::{Mode, SFlag, fstat};
use nix::unistd::{Gid, Uid, fchown};
use std::io;
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// A folder that has been handed over, open.
pub struct Place {
    folder: PathBuf,
    open: OwnedFd,
}

/// Makes the folder if it is not there, and gives it to `identity`.
pub fn hand_over(folder: &Path, identity: &Identity) -> Result<Place, StartError> {
    let refused = |why: io::Error| StartError::System {
        what: format!(
            "fingerprints.store: {} cannot be given to {}",
            folder.display(),
            identity.name()
        ),
        why,
    };
    store::make_folder(folder).map_err(refused)?;
    let flags = OFlag::O_DIRECTORY | OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    let open = open(folder, flags, Mode::empty()).map_err(|why| refused(why.into()))?;
    let names: Vec<_> = std::fs::read_dir(folder).map_err(refused)?.flatten().collect();
    let is_ours = names.is_empty() || names.iter().any(|name| name.file_name() == FILE);
    if is_ours {
        let (uid, gid) = identity.numbers();
        for name in [FILE, SNAPSHOT] {
            let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_RDONLY | OFlag::O_CLOEXEC;
            if let Ok(file) = openat(&open, name, flags, Mode::empty()) {
                give(&file, SFlag::S_IFREG, uid, gid).map_err(|why| refused(why.into()))?;
            }
        }
        give(&open, SFlag::S_IFDIR, uid, gid).map_err(|why| refused(why.into()))?;
    }
    Ok(Place { folder: folder.to_owned(), open })
}

/// Gives root's own file away, if it is of this kind and has no second name.
fn give(file: &impl AsFd, kind: SFlag, uid: Uid, gid: Gid) -> nix::Result<()> {
    let found = fstat(file)?;
    let is_kind = SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT == kind;
    let is_sole = kind == SFlag::S_IFDIR || found.st_nlink == 1;
    match found.st_uid == 0 && is_kind && is_sole {
        true => fchown(file, Some(uid), Some(gid)),
        false => Ok(()),
    }
}

impl Place {
    /// The folder by a name that this process can reach, now that it is no longer root: folders
    /// above it may be closed to others.
    pub fn reachable(self) -> PathBuf {
        let found = std::fs::metadata(&self.folder);
        match found {
            Err(why) if why.kind() == io::ErrorKind::PermissionDenied => {
                let by_number = PathBuf::from(format!("/proc/self/fd/{}", self.open.as_raw_fd()));
                // Open as long as the process lives.
                let _ = self.open.into_raw_fd();
                by_number
            }
            _ => self.folder,
        }
    }
}
