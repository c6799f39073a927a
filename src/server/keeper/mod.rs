//! The keeper: a small process that stays root when the server does not.
//!
//! It knows three things to do: open the preferences of a user, as that user; open the log file
//! and the key of TLS again; and, when the server has ended in whatever way, remove its PID file
//! and sockets. It never reads a byte of mail, of rules or of preferences: what it opens it hands
//! over. Which log and which files is settled when it is started.
//!
//! [`Keeper`] is the server's end. [`process`] is the keeper itself.

pub mod process;
mod wire;

use super::StartError;
use super::users::file::Opened;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use wire::{Answer, Request};

/// The hidden command of the program that is the keeper.
pub const COMMAND: &str = "keeper";

/// What a keeper is started with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Charge {
    /// The log file to open again when asked.
    pub log: Option<PathBuf>,
    /// Files to open again when asked: keys and certificates.
    pub open: Vec<PathBuf>,
    /// Where the preferences of users who have none come from.
    pub template: Option<PathBuf>,
    /// Files to remove when the server has ended.
    pub remove: Vec<PathBuf>,
}

impl Charge {
    /// As options of [`COMMAND`].
    fn arguments(&self) -> Vec<OsString> {
        let option = |name: &str, path: &PathBuf| [OsString::from(name), path.into()];
        let log = self.log.iter().flat_map(|path| option("--log", path));
        let template = self.template.iter().flat_map(|path| option("--template", path));
        let open = self.open.iter().flat_map(|path| option("--open", path));
        let remove = self.remove.iter().flat_map(|path| option("--remove", path));
        log.chain(template).chain(open).chain(remove).collect()
    }
}

/// The server's end of the keeper.
pub struct Keeper {
    line: Mutex<Line>,
}

struct Line {
    socket: OwnedFd,
    number: u32,
    child: Option<Child>,
}

impl Keeper {
    /// Starts one, as long as we are root.
    pub fn start(charge: &Charge) -> Result<Keeper, StartError> {
        let system = |why| StartError::System { what: "cannot start the keeper".into(), why };
        let (ours, theirs) = wire::pair().map_err(system)?;
        // The running program, also where its file has been replaced meanwhile.
        let child = Command::new("/proc/self/exe")
            .arg0("mailprint")
            .arg(COMMAND)
            .args(charge.arguments())
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(system)?;
        Ok(Keeper::over(ours, Some(child)))
    }

    fn over(socket: OwnedFd, child: Option<Child>) -> Keeper {
        Keeper { line: Mutex::new(Line { socket, number: 0, child }) }
    }

    /// The preferences of the user called `name`, made if they are not there and `create` says
    /// so. Waits for `most` at the longest.
    pub fn preferences(&self, name: &str, create: bool, most: Duration) -> Opened {
        let request = match create {
            true => Request::Create(name.to_owned()),
            false => Request::Open(name.to_owned()),
        };
        match self.ask(&request, most) {
            Ok(Answer::File(file)) => Opened::File(file),
            Ok(Answer::Created(file)) => Opened::Created(file),
            Ok(Answer::Missing) => Opened::Missing,
            Ok(Answer::Refused(why)) => Opened::Refused(why),
            Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => {
                Opened::Late
            }
            Err(error) => Opened::Refused(format!("the keeper does not answer: {error}")),
        }
    }

    /// The log file, opened again.
    pub fn log(&self) -> io::Result<File> {
        self.file(&Request::Log)
    }

    /// A file that was agreed on at the start, opened again.
    pub fn open(&self, path: &Path) -> io::Result<File> {
        self.file(&Request::Again(path.to_string_lossy().into_owned()))
    }

    fn file(&self, request: &Request) -> io::Result<File> {
        match self.ask(request, Duration::from_secs(5))? {
            Answer::File(file) | Answer::Created(file) => Ok(file),
            Answer::Missing => Err(io::ErrorKind::NotFound.into()),
            Answer::Refused(why) => Err(io::Error::other(why)),
        }
    }

    fn ask(&self, request: &Request, most: Duration) -> io::Result<Answer> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.number = line.number.wrapping_add(1);
        let answer = wire::ask(&line.socket, line.number, request, most);
        // A keeper that was killed is not waited for again, but it is buried.
        if answer.is_err()
            && let Some(child) = &mut line.child
            && !matches!(child.try_wait(), Ok(None))
        {
            line.child = None;
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Tick;
    use nix::unistd::{User, geteuid};

    /// A keeper on a thread of this process, which opens files as who we are.
    fn keeper(charge: Charge) -> (Keeper, std::thread::JoinHandle<()>) {
        let (ours, theirs) = wire::pair().unwrap();
        let thread = std::thread::spawn(move || process::serve(&theirs, &charge));
        (Keeper::over(ours, None), thread)
    }

    #[test]
    fn it_opens_the_log_and_nothing_that_was_not_agreed() {
        let log = std::env::temp_dir().join(format!("mailprint-kept-{}.log", std::process::id()));
        let key = log.with_extension("pem");
        std::fs::write(&key, "the key").unwrap();
        let (log_file, open) = (Some(log.clone()), vec![key.clone()]);
        let (keeper, thread) = keeper(Charge { log: log_file, open, ..Charge::default() });
        use std::io::{Read, Write};
        let mut text = String::new();
        keeper.open(&key).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "the key");
        std::fs::remove_file(&key).unwrap();
        assert!(keeper.open(&key).is_err());
        assert!(keeper.open(Path::new("/etc/passwd")).is_err());
        keeper.log().unwrap().write_all(b"a line\n").unwrap();
        keeper.log().unwrap().write_all(b"another\n").unwrap();
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "a line\nanother\n");
        let most = Duration::from_secs(5);
        assert!(matches!(keeper.preferences("no-such-user", false, most), Opened::Missing));
        assert!(matches!(keeper.preferences("../../etc/passwd", true, most), Opened::Missing));
        drop(keeper);
        thread.join().unwrap();
        let (without, _thread) = self::keeper(Charge::default());
        assert!(without.log().is_err());
        std::fs::remove_file(&log).unwrap();
    }

    #[test]
    fn it_removes_what_it_was_given_when_the_server_has_gone() {
        let file = std::env::temp_dir().join(format!("mailprint-kept-{}.pid", std::process::id()));
        let replaced = file.with_extension("sock");
        std::fs::write(&file, "1").unwrap();
        std::fs::write(&replaced, "1").unwrap();
        let remove = vec![file.clone(), replaced.clone()];
        let (keeper, thread) = keeper(Charge { remove, ..Charge::default() });
        // An answer shows that it has begun, and looked at what there is.
        assert!(keeper.log().is_err());
        std::fs::write(replaced.with_extension("new"), "2").unwrap();
        std::fs::rename(replaced.with_extension("new"), &replaced).unwrap();
        drop(keeper);
        thread.join().unwrap();
        assert!(!file.exists());
        assert!(replaced.exists(), "another server's by now");
        std::fs::remove_file(&replaced).unwrap();
    }

    #[test]
    fn limit_prefs_milliseconds() {
        let (ours, theirs) = wire::pair().unwrap();
        let keeper = Keeper::over(ours, None);
        let since = Tick::now();
        let opened = keeper.preferences("me", false, Duration::from_millis(50));
        assert!(matches!(opened, Opened::Late), "{opened:?}");
        assert!(since.elapsed() >= Duration::from_millis(50));
        // An answer that comes too late is not taken for that to the next question.
        let (number, _) = wire::receive(&theirs).unwrap().unwrap();
        wire::answer(&theirs, number, &Answer::Missing).unwrap();
        let served = std::thread::spawn(move || process::serve(&theirs, &Charge::default()));
        let me = User::from_uid(geteuid()).unwrap().unwrap().name;
        let opened = keeper.preferences(&me, false, Duration::from_secs(5));
        assert!(!matches!(opened, Opened::Refused(_) | Opened::Late), "{opened:?}");
        let opened = keeper.preferences("no-such-user", false, Duration::from_secs(5));
        assert!(matches!(opened, Opened::Missing), "{opened:?}");
        drop(keeper);
        served.join().unwrap();
    }
}
