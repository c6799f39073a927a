//! From words of the command line to files with messages.

use super::super::notes::{Notes, reason};
use super::ArchiveError;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// How messages are kept in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A directory, an mbox if `.mbox` stands in its path, else one message.
    Detect,
    /// A directory with files of one message each, and more such directories.
    Dir,
    /// One message.
    File,
    /// An mbox, or a directory with some.
    Mbox,
    /// A mailbox of UW IMAP, or a directory with some.
    Mbx,
}

impl Format {
    fn named(word: &[u8]) -> Option<Format> {
        match word {
            b"detect" => Some(Format::Detect),
            b"dir" => Some(Format::Dir),
            b"file" => Some(Format::File),
            b"mbox" => Some(Format::Mbox),
            b"mbx" => Some(Format::Mbx),
            _ => None,
        }
    }
}

/// A file with messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub(super) place: Place,
    pub(super) kind: Kind,
    /// The target was called spam: such are read first.
    spam: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Stdin,
    Path(PathBuf),
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Mbox,
    Mbx,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Stdin => f.write_str("standard input"),
            Place::Path(path) => path.display().fmt(f),
        }
    }
}

/// The files that `targets` name: paths, `-` for standard input, or `class:format:path`. Paths
/// without a format are of `format`. Files of a directory come in the order of their names.
pub fn list(
    targets: &[OsString],
    format: Format,
    notes: &Notes,
) -> Result<Vec<Source>, ArchiveError> {
    let mut listing = Listing { notes, spam: false, seen: HashSet::new(), sources: Vec::new() };
    let mut stdin = false;
    for target in targets {
        let (class, word, location) = parts(target);
        let is_stdin = location == b"-";
        if is_stdin && std::mem::replace(&mut stdin, true) {
            notes.warn(&format!("skipping extra stdin target ({})", target.display()));
            continue;
        }
        let Some(format) = word.map_or(Some(format), Format::named) else {
            let word = String::from_utf8_lossy(word.unwrap_or_default());
            notes.warn(&format!("archive-iterator: format {word} (from {word}) unknown!"));
            continue;
        };
        listing.spam = class.first() == Some(&b's');
        match is_stdin {
            true => listing.stdin(format),
            false => listing.location(&from_home(location), format)?,
        }
    }
    listing.sources.sort_by_key(|source| !source.spam);
    Ok(listing.sources)
}

/// Class, format and path of `class:format:path`; else all of it is the path.
fn parts(target: &OsStr) -> (&[u8], Option<&[u8]>, &[u8]) {
    let bytes = target.as_bytes();
    let mut fields = bytes.splitn(3, |byte| *byte == b':');
    match (fields.next(), fields.next(), fields.next()) {
        (Some(class), Some(format), Some(path))
            if !format.is_empty() && format.iter().all(u8::is_ascii_lowercase) =>
        {
            (class, Some(format), path)
        }
        _ => (b"", None, bytes),
    }
}

/// `~/` leads home.
fn from_home(location: &[u8]) -> PathBuf {
    match location.strip_prefix(b"~/") {
        Some(rest) => crate::rules::files::home().join(OsStr::from_bytes(rest)),
        None => PathBuf::from(OsString::from_vec(location.to_vec())),
    }
}

struct Listing<'n> {
    notes: &'n Notes,
    spam: bool,
    /// Device and number of directories: links may lead in a circle.
    seen: HashSet<(u64, u64)>,
    sources: Vec<Source>,
}

impl Listing<'_> {
    fn push(&mut self, place: Place, kind: Kind) {
        self.sources.push(Source { place, kind, spam: self.spam });
    }

    fn stdin(&mut self, format: Format) {
        match format {
            Format::Detect | Format::File => self.push(Place::Stdin, Kind::File),
            Format::Mbox => self.push(Place::Stdin, Kind::Mbox),
            Format::Mbx => self.push(Place::Stdin, Kind::Mbx),
            Format::Dir => self.notes.warn("archive-iterator: standard input is no directory"),
        }
    }

    fn location(&mut self, path: &Path, format: Format) -> Result<(), ArchiveError> {
        match format {
            Format::Detect | Format::File => {
                let Some(found) = self.metadata(path, true) else { return Ok(()) };
                let name = path.as_os_str().as_bytes().to_ascii_lowercase();
                if format == Format::File {
                    self.push(Place::Path(path.to_owned()), Kind::File);
                } else if found.is_dir() {
                    return self.directory(path);
                } else if memchr::memmem::find(&name, b".mbox").is_some() {
                    return self.mailboxes(path, Kind::Mbox);
                } else {
                    self.push(Place::Path(path.to_owned()), Kind::File);
                }
                Ok(())
            }
            Format::Dir => self.directory(path),
            Format::Mbox => self.mailboxes(path, Kind::Mbox),
            Format::Mbx => self.mailboxes(path, Kind::Mbx),
        }
    }

    /// What the system knows of `path`; otherwise this is told, unless the file has gone and
    /// that need not be told.
    fn metadata(&self, path: &Path, tell_missing: bool) -> Option<Metadata> {
        match fs::metadata(path) {
            Ok(found) => Some(found),
            Err(error) => {
                if tell_missing || error.kind() != io::ErrorKind::NotFound {
                    let (path, why) = (path.display(), reason(&error));
                    self.notes.warn(&format!("archive-iterator: no access to {path}: {why}"));
                }
                None
            }
        }
    }

    /// All messages of a directory, then those of directories in it.
    fn directory(&mut self, path: &Path) -> Result<(), ArchiveError> {
        let mut waiting = vec![path.to_owned()];
        while let Some(folder) = waiting.pop() {
            let failed = |why| ArchiveError::Directory { path: folder.clone(), why };
            let known = fs::metadata(&folder).map_err(failed)?;
            if !self.seen.insert((known.dev(), known.ino())) {
                continue;
            }
            let mut folders = Vec::new();
            for path in messages(&folder)? {
                let Some(found) = self.metadata(&path, false) else { continue };
                let kind = found.file_type();
                if kind.is_file() || kind.is_char_device() || kind.is_fifo() {
                    self.push(Place::Path(path), Kind::File);
                } else if kind.is_dir() {
                    folders.push(path);
                } else {
                    self.no_file(&path);
                }
            }
            waiting.extend(folders.into_iter().rev());
        }
        Ok(())
    }

    /// A mailbox, or those in a directory.
    fn mailboxes(&mut self, path: &Path, kind: Kind) -> Result<(), ArchiveError> {
        let Some(found) = self.metadata(path, false) else { return Ok(()) };
        let mut files = Vec::new();
        if found.is_dir() {
            let wanted = |name: &[u8]| !name.starts_with(b".") && !has_space(name);
            let paths = names(path)?.into_iter().filter(|name| wanted(name.as_bytes()));
            let paths = paths.map(|name| path.join(name));
            files.extend(
                paths.filter(|path| self.metadata(path, false).is_some_and(|f| f.is_file())),
            );
        } else if found.is_file() {
            files.push(path.to_owned());
        } else {
            self.no_file(path);
        }
        for file in files {
            if is_compressed(&file) {
                let path = file.display();
                self.notes.warn(&format!(
                    "archive-iterator: compressed mailboxes are not supported at this time: {path}"
                ));
            } else {
                self.push(Place::Path(file), kind);
            }
        }
        Ok(())
    }

    fn no_file(&self, path: &Path) {
        let path = path.display();
        self.notes.warn(&format!("archive-iterator: {path} is not a plain file or directory"));
    }
}

/// What may be a message in `folder`: of a Maildir what is new or current and not deleted, of a
/// Cyrus folder what is not its own, of others whatever does not begin with a comma or a dot.
fn messages(folder: &Path) -> Result<Vec<PathBuf>, ArchiveError> {
    let is_dir = |name: &str| folder.join(name).is_dir();
    let mut found = Vec::new();
    if is_dir("new") && is_dir("cur") && is_dir("tmp") {
        for part in ["new", "cur"] {
            let names = names(&folder.join(part))?.into_iter();
            let kept = names.filter(|name| !is_hidden_or_deleted(name.as_bytes()));
            found.extend(kept.map(|name| folder.join(part).join(name)));
        }
        return Ok(found);
    }
    let is_cyrus = folder.join("cyrus.header").is_file();
    for name in names(folder)? {
        let bytes = name.as_bytes();
        let wanted = match is_cyrus {
            true => !has_space(bytes) && !is_cyrus_own(bytes),
            false => !matches!(bytes.first(), Some(b',' | b'.')),
        };
        if wanted {
            found.push(folder.join(name));
        }
    }
    Ok(found)
}

/// The names in a directory, in order.
fn names(folder: &Path) -> Result<Vec<OsString>, ArchiveError> {
    let failed = |why| ArchiveError::Directory { path: folder.to_owned(), why };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name());
    }
    names.sort_unstable();
    Ok(names)
}

/// Maildir's flags stand behind `:2,`; a `T` among them is for the trash.
fn is_hidden_or_deleted(name: &[u8]) -> bool {
    let flags = memchr::memmem::find(name, b":2,").and_then(|at| name.get(at..));
    name.starts_with(b".") || flags.is_some_and(|flags| flags.contains(&b'T'))
}

fn is_cyrus_own(name: &[u8]) -> bool {
    const OWN: [&[u8]; 4] = [b"cyrus.index", b"cyrus.header", b"cyrus.cache", b"cyrus.seen"];
    OWN.iter().any(|own| name.starts_with(own))
}

fn has_space(name: &[u8]) -> bool {
    name.iter().any(|byte| crate::text::ascii::is_space(*byte))
}

fn is_compressed(path: &Path) -> bool {
    const ENDINGS: [&str; 6] = ["gz", "bz2", "xz", "lz", "lzo", "lz4"];
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known))
}
