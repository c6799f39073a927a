//! Downloads by the system's rsync(1).
//!
//! It is started without a shell, with an environment of ours (its own variables can name
//! programs) and a source that begins with `rsync://` behind `--`: nothing in a configuration
//! becomes an option or a command. The last good copy is its basis, so that only what has
//! changed is sent; `--inplace` keeps it to that one file, which is watched for its size. It is
//! ended with all its children when it takes too long or nobody waits for it any more.

use super::{Credentials, Download, FetchError, Fetched, Stamp, Temporary, aside};
use crate::clock::Tick;
use crate::limits::Limits;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, UNIX_EPOCH};

/// One run of rsync.
pub(super) struct Run {
    url: String,
    place: PathBuf,
    password_file: Option<PathBuf>,
    connect: Duration,
    stall: Duration,
    whole: Duration,
    most: u64,
}

/// How often its file is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// So much of what it complains about is shown.
const COMPLAINT: u64 = 2048;

/// Ends the run when nobody waits for it any more.
struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl Run {
    pub fn new(url: &str, place: &Path, shown: &Credentials, limits: &Limits, most: u64) -> Run {
        let milliseconds = |limit: usize| Duration::from_millis(limit as u64);
        Run {
            url: url.to_owned(),
            place: place.to_owned(),
            password_file: shown.password_file.clone(),
            connect: milliseconds(limits.fetch_connect_milliseconds),
            stall: milliseconds(limits.fetch_stall_milliseconds),
            whole: milliseconds(limits.fetch_milliseconds),
            most,
        }
    }

    /// Runs it on a thread of its own.
    pub async fn start(self, known: Option<Stamp>) -> Result<Fetched, FetchError> {
        let wanted = Wanted(Arc::new(AtomicBool::new(true)));
        let is_wanted = Arc::clone(&wanted.0);
        let outcome = aside(move || self.run(known.as_ref(), &is_wanted)).await;
        drop(wanted);
        outcome
    }

    fn run(self, known: Option<&Stamp>, is_wanted: &AtomicBool) -> Result<Fetched, FetchError> {
        let temporary = Temporary::beside(&self.place)?;
        let basis = self.lay_basis(&temporary, known)?;
        let mut child = self
            .command(temporary.path())
            .spawn()
            .map_err(|why| self.failed(format!("{why}; is the package rsync installed?")))?;
        let ended = self.watch(&mut child, temporary.path(), is_wanted);
        end(&mut child);
        ended?;
        let stamp = self.stamp_of(temporary.path())?;
        if basis.as_ref() == Some(&stamp) {
            return Ok(Fetched::Unchanged { wait: None });
        }
        let bytes = stamp.size.unwrap_or_default();
        if bytes == 0 && stamp.written == Some(0) {
            return Err(self.failed("it sent no file; is that the name of one?".into()));
        }
        if bytes > self.most {
            return Err(self.large());
        }
        temporary.sync()?;
        Ok(Fetched::New(Download { file: temporary, stamp, bytes, wait: None }))
    }

    /// Copies the last good file, with its time, for rsync to compare with.
    fn lay_basis(
        &self,
        temporary: &Temporary,
        known: Option<&Stamp>,
    ) -> Result<Option<Stamp>, FetchError> {
        let Some(known) = known.filter(|known| known.written.is_some()) else {
            // A time that no file has: rsync ends well, too, when there was nothing to send.
            let marked = temporary.file().set_modified(UNIX_EPOCH);
            marked.map_err(|why| FetchError::disk(temporary.path(), why))?;
            return Ok(None);
        };
        fs::copy(&self.place, temporary.path())
            .and_then(|_| temporary.file().set_modified(fs::metadata(&self.place)?.modified()?))
            .map_err(|why| FetchError::disk(&self.place, why))?;
        let basis = self.stamp_of(temporary.path())?;
        Ok((basis == *known).then_some(basis))
    }

    fn command(&self, to: &Path) -> Command {
        let seconds = |time: Duration| time.as_millis().div_ceil(1000).max(1).to_string();
        let mut command = Command::new("rsync");
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LC_ALL", "C")
            .args(["--no-motd", "--times", "--copy-links", "--inplace", "--no-whole-file"])
            .arg(format!("--timeout={}", seconds(self.stall)))
            .arg(format!("--contimeout={}", seconds(self.connect)));
        match &self.password_file {
            Some(path) => drop(command.arg(format!("--password-file={}", path.display()))),
            // Else it would ask whoever sits at the terminal.
            None => drop(command.env("RSYNC_PASSWORD", "")),
        }
        command
            .arg("--")
            .arg(&self.url)
            .arg(to)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0);
        command
    }

    fn watch(
        &self,
        child: &mut Child,
        to: &Path,
        is_wanted: &AtomicBool,
    ) -> Result<(), FetchError> {
        let began = Tick::now();
        loop {
            let status = child.try_wait().map_err(|why| self.failed(why.to_string()))?;
            let size = fs::metadata(to).map_or(0, |file| file.len());
            match status {
                _ if size > self.most => return Err(self.large()),
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(self.failed(complaint(child, &status.to_string()))),
                None if !is_wanted.load(Ordering::Relaxed) => return Err(FetchError::Ended),
                None if began.elapsed() > self.whole => {
                    return Err(FetchError::Late {
                        url: self.url.clone(),
                        seconds: self.whole.as_secs(),
                        limit: "fetch_milliseconds",
                    });
                }
                None => std::thread::sleep(LOOK),
            }
        }
    }

    fn stamp_of(&self, path: &Path) -> Result<Stamp, FetchError> {
        let file = fs::metadata(path).map_err(|why| FetchError::disk(path, why))?;
        // rsync's times have no fractions with some servers.
        let written = file.mtime().saturating_mul(1_000_000_000);
        Ok(Stamp { size: Some(file.len()), written: Some(written), ..Stamp::default() })
    }

    fn large(&self) -> FetchError {
        FetchError::Large { what: self.url.clone(), most: self.most }
    }

    fn failed(&self, why: String) -> FetchError {
        FetchError::Rsync { url: self.url.clone(), why }
    }
}

/// What rsync said, in one line.
fn complaint(child: &mut Child, status: &str) -> String {
    let mut said = Vec::new();
    if let Some(output) = child.stderr.take() {
        let _ = output.take(COMPLAINT).read_to_end(&mut said);
    }
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() { status.to_owned() } else { lines.join("; ") }
}

/// Ends it and its children.
fn end(child: &mut Child) {
    if let Ok(None) = child.try_wait() {
        if let Ok(group) = i32::try_from(child.id()) {
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
        let _ = child.wait();
    }
}
