//! Users, their homes and their preferences: beside Debian's spamd, request by request.
//!
//! Invented users need root and a mount namespace. The own user's preferences need neither.

use super::world::*;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

/// The accounts of these tests: name and number.
const USERS: &[(&str, u32)] = &[("alice", 4001), ("bob", 4002), ("mallory", 4003)];

/// Makes the accounts and homes in `world`; false where that cannot be done.
fn invent_users(world: &World) -> bool {
    let mut namespace = Command::new("unshare");
    namespace.args(["--mount", "true"]).stderr(Stdio::null());
    if !geteuid().is_root() || !namespace.status().is_ok_and(|status| status.success()) {
        println!("skipped: root and a mount namespace are needed to invent users");
        return false;
    }
    let mut passwd = std::fs::read_to_string("/etc/passwd").unwrap();
    for (name, number) in USERS {
        let home = world.at(name);
        std::fs::create_dir_all(home.join(".spamassassin")).unwrap();
        passwd.push_str(&format!("{name}:x:{number}:{number}::{}:/bin/sh\n", home.display()));
        give(world, name);
    }
    // Root has a home too, which must not be this machine's.
    std::fs::create_dir_all(world.at("root")).unwrap();
    let home = format!("root:x:0:0:root:{}:", world.at("root").display());
    world.write("passwd", &passwd.replace("root:x:0:0:root:/root:", &home));
    true
}

/// Everything in the home of `name` becomes theirs alone.
fn give(world: &World, name: &str) {
    let number = USERS.iter().find(|(known, _)| *known == name).unwrap().1.to_string();
    let home = world.at(name);
    assert!(Command::new("chown").args(["-Rh", &number]).arg(&home).status().unwrap().success());
    assert!(Command::new("chmod").arg("700").arg(&home).status().unwrap().success());
}

/// A server that sees the invented users; it ends with this value.
struct Server {
    address: SocketAddr,
    pid: Pid,
}

impl Server {
    fn start(world: &World, program: &[&str], name: &str, options: &[&str]) -> Server {
        let address = free_address();
        let (pid_file, log) = (format!("{name}.pid"), format!("{name}.log"));
        let script = "mount --bind \"$1\" /etc/passwd && shift && exec \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", script, "sh"]).arg(world.at("passwd"));
        command.args(program).args(world.options(address)).args(options);
        command.arg("-d").arg("-r").arg(world.at(&pid_file)).arg("-s").arg(world.at(&log));
        let output = command.current_dir(&world.0).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let pid = Pid::from_raw(world.read(&pid_file).trim().parse().unwrap());
        Server { address, pid }
    }

    fn ours(world: &World, options: &[&str]) -> Server {
        Server::start(world, &[env!("CARGO_BIN_EXE_mailprint"), "spamd"], "ours", options)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = kill(self.pid, Signal::SIGTERM);
    }
}

/// The lines of a log that speak of users, without times and numbers that differ.
fn lines_on_users(log: &str) -> Vec<String> {
    let wanted = [
        "setuid to",
        "handle_user",
        "still running as root",
        "checking message",
        "using default config",
        "clean message",
        "identified spam",
    ];
    let lines = log.lines().filter(|line| wanted.iter().any(|words| line.contains(words)));
    lines
        .filter_map(|line| line.split_once("spamd: "))
        .map(|(_, line)| {
            let line = line.split(" at /").next().unwrap_or_default();
            line.split(" in ").next().unwrap_or_default().to_owned()
        })
        .collect()
}

const ASKED: &[Option<&str>] = &[
    Some("alice"),
    Some("bob"),
    Some("alice"),
    Some("alice@example.com"),
    Some("nosuch"),
    Some("root"),
    Some("../alice"),
    Some(""),
    None,
];

#[test]
fn users_are_served_as_spamd_serves_them() {
    let world = World::new("users");
    if !invent_users(&world) {
        return;
    }
    if Command::new("spamd").arg("-V").stdout(Stdio::null()).status().is_err() {
        println!("skipped: spamd is not installed");
        return;
    }
    world.write("alice/.spamassassin/user_prefs", "required_score 1\nscore HI 1.5\n");
    give(&world, "alice");
    for (folder, required) in [("v/example.com/alice", 3), ("v/alice", 4), ("v/example.com", 6)] {
        std::fs::create_dir_all(world.at(folder)).unwrap();
        world.write(&format!("{folder}/user_prefs"), &format!("required_score {required}\n"));
    }
    let pattern =
        |escapes: &str| format!("--virtual-config-dir={}", world.at("v").join(escapes).display());
    let (by_parts, by_name) = (pattern("%d/%l"), pattern("%x"));
    let ways: [&[&str]; 7] = [
        &[],
        &["-u", "alice"],
        &["-x"],
        &["-x", "-u", "bob", &by_parts],
        &["-x", "-u", "bob", &by_name],
        &["-P"],
        &["-P", "-u", "alice"],
    ];
    let mut compared = 0;
    for options in ways {
        let ours = Server::ours(&world, options);
        let theirs = Server::start(&world, &["spamd"], "theirs", options);
        for user in ASKED {
            let (mine, other) = (check(ours.address, *user), check(theirs.address, *user));
            assert_eq!(mine, other, "{options:?} {user:?}");
            compared += 1;
        }
        let lines = |name: &str| lines_on_users(&world.read(name));
        let mut expected = Vec::new();
        until("the last lines are there", || {
            expected = lines("theirs.log");
            lines("ours.log").len() >= expected.len()
        });
        assert_eq!(lines("ours.log"), expected, "{options:?}");
        drop((ours, theirs));
        until("both have ended", || {
            !world.at("ours.pid").exists() && !world.at("theirs.pid").exists()
        });
        for log in ["ours.log", "theirs.log"] {
            std::fs::remove_file(world.at(log)).unwrap();
        }
    }
    println!("compared {compared} replies and their log lines with the real spamd's");
}

#[test]
fn preferences_are_noticed_made_and_kept_from_leading_astray() {
    let world = World::new("prefs");
    if !invent_users(&world) {
        return;
    }
    let prefs = "alice/.spamassassin/user_prefs";
    let ours = Server::ours(&world, &["-c", "-D"]);
    assert_eq!(check(ours.address, Some("alice")), "False ; 2.0 / 5.0");
    if Path::new("/usr/share/spamassassin/user_prefs.template").exists() {
        assert_eq!(std::fs::metadata(world.at(prefs)).unwrap().uid(), 4001);
    }
    world.write(prefs, "required_score 1\n");
    give(&world, "alice");
    assert_eq!(check(ours.address, Some("alice")), "True ; 2.0 / 1.0");
    world.write(prefs, "required_score 2.5\nbody MINE /hello/\nuse_bayes perhaps\n");
    assert_eq!(check(ours.address, Some("alice")), "False ; 2.0 / 2.5");
    assert_eq!(check(ours.address, Some("bob")), "False ; 2.0 / 5.0", "each their own");
    let log = world.read("ours.log");
    assert!(log.contains(&format!("config: {}:2: ", world.at(prefs).display())), "{log}");
    // Links, pipes, other people's files: what mallory puts there is not read.
    let secret = world.at(prefs);
    let trap = world.at("mallory/.spamassassin/user_prefs");
    let tries: [&dyn Fn(); 3] = [
        &|| symlink(&secret, &trap).unwrap(),
        &|| nix::unistd::mkfifo(&trap, nix::sys::stat::Mode::S_IRWXU).unwrap(),
        &|| {
            std::fs::remove_dir_all(world.at("mallory/.spamassassin")).unwrap();
            symlink(world.at("alice/.spamassassin"), world.at("mallory/.spamassassin")).unwrap();
        },
    ];
    for set in tries {
        let _ = std::fs::remove_file(&trap);
        set();
        give(&world, "mallory");
        assert_eq!(check(ours.address, Some("mallory")), "False ; 2.0 / 5.0");
    }
}

#[test]
fn rules_of_ones_own_run_where_they_are_allowed() {
    let world = World::new("own-rules");
    if !invent_users(&world) {
        return;
    }
    world.write("rules/b.cf", "allow_user_rules 1\n");
    let prefs = "body MINE /hello/\nscore MINE 7\nmeta BOTH MINE && HI\nscore BOTH 0.5\n";
    world.write("alice/.spamassassin/user_prefs", prefs);
    give(&world, "alice");
    let ours = Server::ours(&world, &[]);
    let symbols = |user| {
        let reply = ask(ours.address, &request("SYMBOLS", Some(user)));
        reply.lines().last().unwrap_or_default().to_owned()
    };
    for _ in 0..2 {
        assert_eq!(symbols("alice"), "BOTH,HI,MINE");
        assert_eq!(symbols("bob"), "HI");
    }
    world.write("alice/.spamassassin/user_prefs", "body MINE /nothing/\nscore HI 3\n");
    assert_eq!(symbols("alice"), "HI");
    assert_eq!(check(ours.address, Some("alice")), "False ; 3.0 / 5.0");
}

#[test]
fn without_root_the_own_users_preferences_count() {
    if geteuid().is_root() {
        println!("skipped: root becomes nobody, who has no preferences");
        return;
    }
    let world = World::new("own-user");
    let me = User::from_uid(geteuid()).unwrap().unwrap();
    let running = world.start(&["-s", "spamd.log"]);
    let reply = check(running.address, Some(&me.name));
    assert!(reply.ends_with(" / 5.0") || me.dir.join(".spamassassin/user_prefs").exists());
    let log = world.read("spamd.log");
    assert!(log.contains(&format!("for {}:{}", me.name, me.uid)), "{log}");
}
