//! The keeper itself.
//!
//! One thread, one question after the other. Between questions it is root and does nothing; to
//! open a user's file it becomes that user, and takes no more rights along than theirs.

use super::Charge;
use super::wire::{self, Answer, Request};
use crate::log::append;
use crate::server::listener::identity;
use crate::server::users::file::{Opened, open_or_create, template_text};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{Gid, Uid, User, geteuid, initgroups, setegid, seteuid, setgroups};
use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// Runs on the socket that is standard input until its other end is closed.
pub fn run(charge: &Charge) -> io::Result<()> {
    // Signals to the group are the server's affair: it ends, and then we do.
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM, Signal::SIGQUIT] {
        signals.add(signal);
    }
    signals.thread_block()?;
    nix::sys::prctl::set_name(c"mailprint")?;
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    serve(&socket, charge);
    Ok(())
}

/// Answers until nobody asks any more; then removes what the server leaves behind.
pub(super) fn serve(socket: &OwnedFd, charge: &Charge) {
    let files: Vec<_> = charge.remove.iter().map(|path| (path, identity(path))).collect();
    while let Ok(Some((number, request))) = wire::receive(socket) {
        let answer = match request {
            Request::Open(name) => preferences(&name, None),
            Request::Create(name) => preferences(&name, charge.template.as_deref()),
            Request::Log => file(charge.log.as_deref().map(append)),
            Request::Again(path) => {
                let agreed = charge.open.iter().find(|file| file.as_os_str() == path.as_str());
                file(agreed.map(File::open))
            }
        };
        if wire::answer(socket, number, &answer).is_err() {
            break;
        }
    }
    for (path, file) in files {
        // By now another server may have put its own there.
        if file.is_some() && identity(path) == file {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn file(opened: Option<io::Result<File>>) -> Answer {
    match opened {
        Some(Ok(file)) => Answer::File(file),
        Some(Err(error)) => Answer::Refused(error.to_string()),
        None => Answer::Missing,
    }
}

fn preferences(name: &str, template: Option<&Path>) -> Answer {
    let Ok(Some(user)) = User::from_name(name) else { return Answer::Missing };
    let text = template.and_then(template_text);
    let opened = as_user(&user, || open_or_create(&user.dir, user.uid, text.as_deref()));
    match opened {
        Ok(Opened::File(file)) => Answer::File(file),
        Ok(Opened::Created(file)) => Answer::Created(file),
        Ok(Opened::Missing | Opened::Late) => Answer::Missing,
        Ok(Opened::Refused(why)) => Answer::Refused(why),
        Err(errno) => Answer::Refused(format!("cannot become {name}: {errno}")),
    }
}

/// Does `work` as `user`. A keeper that cannot become root again is of no use and ends.
fn as_user<T>(user: &User, work: impl FnOnce() -> T) -> nix::Result<T> {
    if !geteuid().is_root() {
        return Ok(work());
    }
    let name = CString::new(user.name.as_str()).unwrap_or_default();
    let done = initgroups(&name, user.gid)
        .and_then(|()| setegid(user.gid))
        .and_then(|()| seteuid(user.uid))
        .map(|()| work());
    let back = seteuid(Uid::from_raw(0))
        .and_then(|()| setegid(Gid::from_raw(0)))
        .and_then(|()| setgroups(&[]));
    if back.is_err() {
        std::process::exit(i32::from(crate::error::Code::NoPerm.number()));
    }
    done
}
