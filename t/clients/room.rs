//! A room of its own for clients that want the whole machine: fixed ports, files below `/etc`
//! and `/var`, daemons that fork.
//!
//! One thread leaves the network, mount and process namespaces of the test (unshare(2)). It has
//! a loopback of its own, where port 783 is free, and writes over `/etc`, `/var`, `/usr` and
//! `/tmp` that no one else sees (overlayfs). All else on disk is there for reading only: what a
//! client does to the machine, it does to the room. The first process of the room is its `init`:
//! when it ends, which is when the thread does, the kernel ends everything else in the room.

use super::harness::*;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use std::path::Path;
use std::process::Command;

/// Proof of being in a room: what changes the system's files asks for one.
pub struct Room {
    _init: Daemon,
}

/// Runs `scenario` in a room; where there can be none, says why and runs nothing.
pub fn in_a_room(scenario: impl FnOnce(&Room) + Send) {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root can have namespaces of its own");
        return;
    }
    // A thread that has left its namespaces cannot come back: it must not be the test's own.
    let outcome = std::thread::scope(|scope| {
        scope
            .spawn(|| match furnish() {
                Ok(room) => scenario(&room),
                Err(why) => println!("skipped: no namespaces here: {why}"),
            })
            .join()
    });
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// Leaves the namespaces and sets up the room.
fn furnish() -> nix::Result<Room> {
    let nothing: Option<&str> = None;
    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWPID)?;
    mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)?;
    protect_disks();
    mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), Some("mode=755"))?;
    for folder in ["/etc", "/var", "/usr"] {
        overlay(Path::new(folder))?;
    }
    let scratch = std::env::temp_dir();
    if !scratch.starts_with("/var") {
        overlay(&scratch)?;
    }
    // `setpriv` has the kernel end `init` with the thread, and the room with `init`.
    let mut init = Command::new("setpriv");
    init.args(["--pdeathsig", "KILL", "sleep", "infinity"]);
    let init = Daemon::start_stubborn(&mut init);
    must(Command::new("mount").args(["-t", "proc", "proc", "/proc"]));
    must(Command::new("ip").args(["link", "set", "lo", "up"]));
    Ok(Room { _init: init })
}

/// Makes everything that is mounted from a disk read-only, here; there is no room otherwise.
fn protect_disks() {
    let nothing: Option<&str> = None;
    let read_only = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
    let mounts = std::fs::read_to_string("/proc/thread-self/mounts").unwrap();
    for line in mounts.lines() {
        let mut fields = line.split(' ').skip(1);
        let (place, kind) = (fields.next().unwrap(), fields.next().unwrap());
        if !KERNELS_OWN.contains(&kind) {
            let protected = mount(nothing, place, nothing, read_only, nothing);
            protected.unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }
}

/// File systems that are the kernel's or in memory.
const KERNELS_OWN: [&str; 10] = [
    "proc",
    "sysfs",
    "devtmpfs",
    "devpts",
    "tmpfs",
    "cgroup",
    "cgroup2",
    "mqueue",
    "securityfs",
    "bpf",
];

/// What is written below `folder` goes to the room's memory, which is below `/run`.
fn overlay(folder: &Path) -> nix::Result<()> {
    let memory = Path::new("/run/room").join(folder.strip_prefix("/").unwrap());
    let (written, work) = (memory.join("written"), memory.join("work"));
    for path in [&written, &work] {
        std::fs::create_dir_all(path).unwrap();
    }
    let mode = std::fs::metadata(folder).unwrap().permissions();
    std::fs::set_permissions(&written, mode).unwrap();
    let (folder, written, work) = (folder.display(), written.display(), work.display());
    let options = format!("lowerdir={folder},upperdir={written},workdir={work}");
    let folder = folder.to_string();
    mount(Some("overlay"), folder.as_str(), Some("overlay"), MsFlags::empty(), Some(&*options))
}

impl Room {
    /// Writes a file of the system, with its folders.
    pub fn file(&self, path: &str, text: &str) {
        std::fs::create_dir_all(Path::new(path).parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Writes a file of `contrib/` to where the system has it.
    pub fn contrib(&self, name: &str, path: &str) {
        self.file(path, &contrib(name, &[]));
    }

    /// Writes a file of `t/clients/conf` likewise.
    pub fn conf(&self, name: &str, path: &str) {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("t/clients/conf").join(name);
        self.file(path, &std::fs::read_to_string(here).unwrap());
    }

    /// Puts a program to where the system would have it.
    pub fn program(&self, built: &Path, path: &str, mode: &str) {
        must(Command::new("install").arg(format!("-m{mode}")).arg(built).arg(path));
    }

    /// Adds a system user for a daemon, if the machine has none of that name.
    pub fn user(&self, name: &str) {
        if nix::unistd::User::from_name(name).unwrap().is_none() {
            let options = ["--system", "--user-group", "--no-create-home"];
            must(Command::new("useradd").args(options).arg(name));
        }
    }

    /// Makes a folder that belongs to a user.
    pub fn folder(&self, path: &str, owner: &str) {
        std::fs::create_dir_all(path).unwrap();
        must(Command::new("chown").arg("-R").arg(owner).arg(path));
    }
}

/// Nothing that happens in a room reaches the machine: a file that is removed, one that is
/// written, a port that is taken.
#[test]
fn what_happens_in_a_room_stays_there() {
    let outside = Scratch::new("outside");
    let kept = outside.write("kept", "as it was");
    let conf = Path::new("/etc/mailprint-was-here");
    in_a_room(|room| {
        let _ = std::fs::remove_dir_all(outside.path());
        assert!(!kept.exists());
        assert!(std::fs::write("/mailprint-was-here", "").is_err(), "/ is read-only");
        room.file(conf.to_str().unwrap(), "");
        assert!(conf.exists());
    });
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "as it was");
    assert!(!conf.exists());
    assert!(!Path::new("/mailprint-was-here").exists());
}
