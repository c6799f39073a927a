//! `-d`: the server in the background.
//!
//! The program starts itself once more and waits for one line on a pipe, which says that the
//! server answers. Until then what is wrong goes to the terminal, and its exit status is ours.

use super::{Failure, Outcome, out};
use crate::error::Code;
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout, setsid};
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// The hidden option of the one in the background.
pub const OPTION: &str = "detached";

const READY: &str = "ready\n";

/// Starts this program again, in the background, and waits until it answers or fails.
pub fn start() -> Outcome {
    let system = |error: std::io::Error| {
        Failure::new(Code::OsErr, format!("cannot start in the background: {error}"))
    };
    let mut words = std::env::args_os();
    let mut server = Command::new("/proc/self/exe");
    if let Some(name) = words.next() {
        server.arg0(name);
    }
    let mut server = server
        .args(words)
        .arg(format!("--{OPTION}"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(system)?;
    let mut line = String::new();
    if let Some(pipe) = server.stdout.take() {
        // At its end nothing is read, which is as good as an error.
        let _ = BufReader::new(pipe).read_line(&mut line);
    }
    if line == READY {
        return Ok(0);
    }
    let status = server.wait().map_err(system)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok()).filter(|code| *code != 0);
    // It has said why; a signal has no words.
    code.ok_or_else(|| {
        Failure::new(Code::OsErr, format!("the server ended before it answered: {status}"))
    })
}

/// In the background: a session of our own, away from folders that somebody may want to unmount.
/// `name` is what process lists show.
pub fn leave(name: &str) -> Outcome {
    let system = |what: &str, why: &dyn std::fmt::Display| {
        Failure::new(Code::OsErr, format!("{what} in the background: {why}"))
    };
    setsid().map_err(|why| system("no session", &why))?;
    let name = std::ffi::CString::new(name).unwrap_or_default();
    nix::sys::prctl::set_name(&name).map_err(|why| system("no name", &why))?;
    std::env::set_current_dir(Path::new("/")).map_err(|why| system("no folder", &why))?;
    Ok(0)
}

/// The server answers: tells who waits for it, and closes what is open to the terminal.
pub fn ready() {
    // Whoever waited may have been interrupted; the server serves all the same.
    let _ = out::print(READY.as_bytes());
    if let Ok(nowhere) = OpenOptions::new().read(true).write(true).open("/dev/null") {
        let _ = dup2_stdin(&nowhere);
        let _ = dup2_stdout(&nowhere);
        let _ = dup2_stderr(&nowhere);
    }
}
