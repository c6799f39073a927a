//! A room of its own for clients that want the whole machine: fixed ports, files below `/etc`
//! and `/var`, daemons that fork.
//!
//! One thread leaves the network, mount and process namespaces of the test (unshare(2)): it has
//! a loopback of its own, where port 783 is free, and writes over `/etc`, `/var` and `/usr` that
//! no one else sees (overlayfs). The first process of the room is its `init`: when it ends,
//! which is when this thread does, the kernel ends everything else in the room.

use super::harness::*;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use std::path::Path;
use std::process::Command;

/// Runs `scenario` in a room; where there can be none, says why and runs nothing.
pub fn in_a_room(scenario: impl FnOnce() + Send) {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root can have namespaces of its own");
        return;
    }
    let upper = Scratch::new("room");
    // A thread that has left its namespaces cannot come back: it must not be the test's own.
    let outcome = std::thread::scope(|scope| {
        scope
            .spawn(|| match furnish(upper.path()) {
                Ok(_init) => scenario(),
                Err(why) => println!("skipped: no namespaces here: {why}"),
            })
            .join()
    });
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// Leaves the namespaces and sets up the room; its `init`.
fn furnish(upper: &Path) -> nix::Result<Daemon> {
    let nothing: Option<&str> = None;
    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWPID)?;
    mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)?;
    mount(Some("tmpfs"), upper, Some("tmpfs"), MsFlags::empty(), nothing)?;
    for folder in ["etc", "var", "usr"] {
        overlay(upper, folder)?;
    }
    mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), Some("mode=755"))?;
    // `setpriv` has the kernel end `init` with the thread, and the room with `init`.
    let mut init = Command::new("setpriv");
    init.args(["--pdeathsig", "KILL", "sleep", "infinity"]);
    let init = Daemon::start_stubborn(&mut init);
    must(Command::new("mount").args(["-t", "proc", "proc", "/proc"]));
    must(Command::new("ip").args(["link", "set", "lo", "up"]));
    Ok(init)
}

/// What is written below `/folder` goes to the room's memory.
fn overlay(upper: &Path, folder: &str) -> nix::Result<()> {
    let (written, work) = (upper.join(folder), upper.join(format!("{folder}.work")));
    for path in [&written, &work] {
        std::fs::create_dir(path).map_err(|_| nix::Error::EIO)?;
    }
    let (written, work) = (written.display(), work.display());
    let options = format!("lowerdir=/{folder},upperdir={written},workdir={work}");
    let place = format!("/{folder}");
    mount(
        Some("overlay"),
        place.as_str(),
        Some("overlay"),
        MsFlags::empty(),
        Some(options.as_str()),
    )
}

/// Writes a file of the room, with its folders.
pub fn furnish_file(path: &str, text: &str) {
    assert!(path.starts_with("/etc/") || path.starts_with("/var/"), "{path} is not the room's");
    std::fs::create_dir_all(Path::new(path).parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Adds a system user for a daemon, if the machine has none of that name.
pub fn furnish_user(name: &str) {
    if nix::unistd::User::from_name(name).unwrap().is_none() {
        let options =
            ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"];
        must(Command::new("useradd").args(options).arg(name));
    }
}

/// Makes a folder that belongs to a user.
pub fn furnish_folder(path: &str, owner: &str) {
    std::fs::create_dir_all(path).unwrap();
    must(Command::new("chown").arg("-R").arg(owner).arg(path));
}
