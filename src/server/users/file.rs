//! Opening a user's `user_prefs`, in a home that belongs to somebody who may be hostile.
//!
//! What is opened below the home is a regular file, reached without links, and belongs to the
//! user or to root: no link leads out, no FIFO or device holds anybody up.

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::{Mode, SFlag, fstat, mkdirat};
use nix::unistd::Uid;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Where in a home the preferences are.
pub const FOLDER: &str = ".spamassassin";
/// Their name.
pub const NAME: &str = "user_prefs";

/// What became of opening.
#[derive(Debug)]
pub enum Opened {
    /// The file.
    File(File),
    /// The file, which had not been there.
    Created(File),
    /// There is none that this process may read.
    Missing,
    /// There is something that is not read, and why.
    Refused(String),
    /// Nobody has answered in time.
    Late,
}

/// Opens `name` below `base` as whoever this process is at the moment. `steps` are folders
/// between the two. The file must be root's or `owner`'s, if one is given.
pub fn open_below(base: &Path, steps: &[&Path], name: &str, owner: Option<Uid>) -> Opened {
    match walk(base, steps).and_then(|folder| regular(&folder, name, owner)) {
        Ok(file) => Opened::File(file),
        // What may not be read is not there, as with spamd; `-u` makes that an everyday matter.
        Err(Fault::Errno(Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES)) => Opened::Missing,
        Err(Fault::Errno(Errno::ELOOP)) => Opened::Refused("a link is not followed".to_owned()),
        Err(Fault::Errno(errno)) => Opened::Refused(errno.desc().to_owned()),
        Err(Fault::Is(what)) => Opened::Refused(what.to_owned()),
    }
}

/// Opens the preferences in `home`, and makes them from `template` if they are not there.
pub fn open_or_create(home: &Path, owner: Uid, template: Option<&[u8]>) -> Opened {
    let steps = [Path::new(FOLDER)];
    let opened = open_below(home, &steps, NAME, Some(owner));
    let (Opened::Missing, Some(template)) = (&opened, template) else { return opened };
    match create(home, template) {
        Ok(()) => match open_below(home, &steps, NAME, Some(owner)) {
            Opened::File(file) => Opened::Created(file),
            other => other,
        },
        Err(errno) => Opened::Refused(format!("it cannot be made: {}", errno.desc())),
    }
}

fn create(home: &Path, template: &[u8]) -> Result<(), Errno> {
    let home = open(home, FOLDERS, Mode::empty())?;
    match mkdirat(&home, FOLDER, Mode::S_IRWXU) {
        Ok(()) | Err(Errno::EEXIST) => {}
        Err(errno) => return Err(errno),
    }
    let folder = openat(&home, FOLDER, FOLDERS | OFlag::O_NOFOLLOW, Mode::empty())?;
    let new = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
    let file = openat(&folder, NAME, new, Mode::from_bits_truncate(0o644))?;
    File::from(file).write_all(template).map_err(|_| Errno::ENOSPC)
}

enum Fault {
    Errno(Errno),
    Is(&'static str),
}

impl From<Errno> for Fault {
    fn from(errno: Errno) -> Fault {
        Fault::Errno(errno)
    }
}

const FOLDERS: OFlag = OFlag::O_PATH.union(OFlag::O_DIRECTORY).union(OFlag::O_CLOEXEC);

fn walk(base: &Path, steps: &[&Path]) -> Result<OwnedFd, Fault> {
    // The base is the administrator's or the system's, and may be reached through links.
    let mut folder = open(base, FOLDERS, Mode::empty())?;
    for step in steps {
        folder = openat(&folder, *step, FOLDERS | OFlag::O_NOFOLLOW, Mode::empty())?;
    }
    Ok(folder)
}

fn regular(folder: &impl AsFd, name: &str, owner: Option<Uid>) -> Result<File, Fault> {
    let flags = OFlag::O_RDONLY
        | OFlag::O_NOFOLLOW
        | OFlag::O_NONBLOCK
        | OFlag::O_NOCTTY
        | OFlag::O_CLOEXEC;
    let file = openat(folder, name, flags, Mode::empty())?;
    let stat = fstat(&file)?;
    if SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT != SFlag::S_IFREG {
        return Err(Fault::Is("it is no regular file"));
    }
    if owner.is_some_and(|owner| stat.st_uid != owner.as_raw() && stat.st_uid != 0) {
        return Err(Fault::Is("it belongs to somebody else"));
    }
    Ok(File::from(file))
}

/// Reads a file of at most `most` bytes; `None` if it has more.
pub fn read(file: &File, most: usize) -> std::io::Result<Option<Vec<u8>>> {
    let mut text = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut text)?;
    Ok((text.len() <= most).then_some(text))
}

/// The first `user_prefs.template` of the folders that SpamAssassin looks in, in its order: with
/// other folders for the site's files and for the rules, if they are given.
pub fn template(site: Option<&Path>, rules: Option<&Path>) -> Option<PathBuf> {
    const SITE: &str = "/etc/spamassassin";
    const BEFORE_RULES: &[&str] = &[
        "/usr/etc/mail/spamassassin",
        "/usr/share/spamassassin",
        "/var/lib/spamassassin/4.000001/updates_spamassassin_org",
    ];
    const LAST: &[&str] = &[SITE, "/etc/mail/spamassassin", "/usr/local/share/spamassassin"];
    let site = std::iter::once(site.unwrap_or(Path::new(SITE)));
    let usual = |places: &'static [&'static str]| places.iter().map(Path::new);
    let mut places = site.chain(usual(BEFORE_RULES)).chain(rules).chain(usual(LAST));
    places.find_map(|place| Some(place.join("user_prefs.template")).filter(|path| path.is_file()))
}

/// The text of a template, if it can be read and is no longer than one can be.
pub fn template_text(path: &Path) -> Option<Vec<u8>> {
    const MOST: usize = 64 * 1024;
    read(&File::open(path).ok()?, MOST).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::unistd::geteuid;
    use std::os::unix::fs::symlink;

    fn home(name: &str) -> PathBuf {
        let home =
            std::env::temp_dir().join(format!("mailprint-home-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&home);
        std::fs::create_dir_all(home.join(FOLDER)).unwrap();
        home
    }

    fn opened(home: &Path) -> Opened {
        open_below(home, &[Path::new(FOLDER)], NAME, Some(geteuid()))
    }

    #[test]
    fn only_regular_files_reached_without_links_are_opened() {
        let home = home("kinds");
        let prefs = home.join(FOLDER).join(NAME);
        assert!(matches!(opened(&home), Opened::Missing));
        assert!(matches!(opened(Path::new("/no/such/home")), Opened::Missing));
        std::fs::write(&prefs, "score A 1\n").unwrap();
        let Opened::File(file) = opened(&home) else { panic!("not opened") };
        assert_eq!(read(&file, 100).unwrap().unwrap(), b"score A 1\n");
        std::fs::remove_file(&prefs).unwrap();
        symlink("/etc/passwd", &prefs).unwrap();
        assert!(matches!(opened(&home), Opened::Refused(_)));
        std::fs::remove_file(&prefs).unwrap();
        nix::unistd::mkfifo(&prefs, Mode::S_IRWXU).unwrap();
        assert!(matches!(opened(&home), Opened::Refused(_)), "and does not wait for a writer");
        std::fs::remove_file(&prefs).unwrap();
        std::fs::create_dir(&prefs).unwrap();
        assert!(matches!(opened(&home), Opened::Refused(_)));
        std::fs::remove_dir_all(home.join(FOLDER)).unwrap();
        symlink("/etc", home.join(FOLDER)).unwrap();
        assert!(!matches!(opened(&home), Opened::File(_)), "a folder that is a link");
        std::fs::remove_dir_all(&home).unwrap();
    }

    #[test]
    fn a_file_of_somebody_else_is_refused() {
        let home = home("owner");
        std::fs::write(home.join(FOLDER).join(NAME), "").unwrap();
        let other = Uid::from_raw(geteuid().as_raw() + 1);
        let opened = open_below(&home, &[Path::new(FOLDER)], NAME, Some(other));
        // Root's files are anybody's.
        assert_eq!(matches!(opened, Opened::File(_)), geteuid().is_root(), "{opened:?}");
        std::fs::remove_dir_all(&home).unwrap();
    }

    #[test]
    fn what_is_not_there_is_made_from_the_template() {
        let home = home("create");
        std::fs::remove_dir(home.join(FOLDER)).unwrap();
        let me = geteuid();
        assert!(matches!(open_or_create(&home, me, None), Opened::Missing));
        let Opened::Created(file) = open_or_create(&home, me, Some(b"# yours\n")) else {
            panic!("not made")
        };
        assert_eq!(read(&file, 8).unwrap().unwrap(), b"# yours\n");
        assert!(matches!(open_or_create(&home, me, Some(b"# other\n")), Opened::File(_)));
        std::fs::remove_dir_all(&home).unwrap();
        assert!(matches!(open_or_create(&home, me, Some(b"")), Opened::Refused(_)));
    }

    #[test]
    fn limit_user_prefs() {
        let home = home("size");
        let path = home.join(FOLDER).join(NAME);
        for (size, fits) in [(99, true), (100, true), (101, false)] {
            std::fs::write(&path, vec![b'#'; size]).unwrap();
            let Opened::File(file) = opened(&home) else { panic!("not opened") };
            assert_eq!(read(&file, 100).unwrap().is_some(), fits, "{size}");
        }
        std::fs::remove_dir_all(&home).unwrap();
    }
}
