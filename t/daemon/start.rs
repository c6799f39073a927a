//! Starting, in the foreground and in the background, and ending.

use super::world::*;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

#[test]
fn in_the_background_the_server_answers_when_the_start_returns() {
    let world = World::new("background");
    let (address, socket) = (free_address(), world.at("s"));
    let path = socket.to_str().unwrap();
    let options = ["-d", "-r", "spamd.pid", "-s", "spamd.log", "--socketpath", path];
    let output = world.program(address, &options).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(check(address, None), "False ; 2.0 / 5.0");
    let pid: i32 = world.read("spamd.pid").trim().parse().unwrap();
    let log = world.read("spamd.log");
    assert!(log.contains(&format!("spamd: server pid: {pid}\n")), "{log}");
    assert_eq!(std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap(), "spamd\n");
    if !geteuid().is_root() {
        let folder = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap();
        assert_eq!(folder.to_str(), Some("/"));
    }
    // A reload finds the rules, wherever the process has gone meanwhile.
    world.write("rules/a.cf", "body HI /hello/\nscore HI 3\n");
    kill(Pid::from_raw(pid), Signal::SIGHUP).unwrap();
    until("the rules are new", || check(address, None) == "False ; 3.0 / 5.0");
    kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
    until("its files have gone", || !world.at("spamd.pid").exists() && !socket.exists());
}

#[test]
fn what_is_wrong_with_a_start_in_the_background_is_told_with_its_status() {
    let world = World::new("refused");
    std::fs::remove_file(world.at("rules/a.cf")).unwrap();
    let refused = |options: &[&str]| {
        let output = world.program(free_address(), options).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (status, told) = refused(&["-d", "-s", "null"]);
    assert_eq!(status, Some(78));
    assert!(told.contains("no rules were found"), "{told}");
    let (status, told) = refused(&["-d", "-u", "no-such-user"]);
    assert_eq!(status, Some(67));
    assert!(told.contains("no-such-user"), "{told}");
    assert_eq!(refused(&["-s", "/no/such/folder/log"]).0, Some(73));
    let root_or_not = if geteuid().is_root() { 67 } else { 77 };
    assert_eq!(refused(&["-u", "root", "-s", "null"]).0, Some(root_or_not));
}

#[test]
fn the_socket_has_the_mode_and_the_owner_asked_for_and_goes_at_the_end() {
    let world = World::new("socket");
    let socket = world.at("spamd.sock");
    let address = free_address();
    let path = socket.to_str().unwrap();
    let mut options = vec!["-s", "null", "--socketpath", path, "--socketmode", "0640"];
    if geteuid().is_root() {
        options.extend(["--socketowner", "daemon", "--socketgroup", "mail"]);
    }
    let child = world.program(address, &options).spawn().unwrap();
    let running = Running { child, address };
    wait_for(address);
    let file = std::fs::metadata(&socket).unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o640);
    if geteuid().is_root() {
        let owner = User::from_name("daemon").unwrap().unwrap().uid;
        assert_eq!(file.uid(), owner.as_raw());
    }
    running.end();
    until("the socket has gone", || !socket.exists());
}

#[test]
fn who_is_killed_leaves_nothing_behind_where_root_has_started_it() {
    if !geteuid().is_root() {
        println!("skipped: only root has a keeper");
        return;
    }
    let world = World::new("killed");
    let running = world.start(&["-s", "null", "-r", "spamd.pid"]);
    until("the PID file is there", || !world.read("spamd.pid").is_empty());
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.pid())).unwrap();
    for line in status.lines().filter(|line| line.starts_with("Uid:") || line.starts_with("Gid:")) {
        assert!(!line.split_whitespace().any(|number| number == "0"), "{line}");
    }
    running.signal(Signal::SIGKILL);
    until("the keeper has removed it", || !world.at("spamd.pid").exists());
}

#[test]
fn a_second_signal_ends_at_once() {
    let world = World::new("second");
    let mut running = world.start(&["-s", "null"]);
    let mut half = std::net::TcpStream::connect(running.address).unwrap();
    std::io::Write::write_all(&mut half, b"CHECK SPAMC/1.5\r\n").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    running.signal(Signal::SIGTERM);
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(running.child.try_wait().unwrap().is_none(), "it waits for the request");
    running.signal(Signal::SIGTERM);
    assert!(running.child.wait().unwrap().success());
}

#[test]
fn options_are_known_or_refused_by_name() {
    let world = World::new("options");
    let status = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailprint"));
        let output = command.arg("spamd").args(words).current_dir(&world.0).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for option in ["-q", "-Q", "-v", "--ldap-config", "--setuid-with-ldap", "--sql-config"] {
        let (code, told) = status(&[option]);
        assert_eq!(code, Some(69), "{option}: {told}");
    }
    assert_eq!(status(&["-F"]).0, Some(2));
    assert_eq!(status(&["--add-from"]).0, Some(2));
    assert_eq!(status(&["--syslog-socket=eventlog"]).0, Some(64));
    assert_eq!(status(&["--virtual-config-dir=/v/%u", "-x"]).0, Some(64));
    assert_eq!(status(&["--log-timestamp-fmt=%!"]).0, Some(64));
    assert_eq!(status(&["-V"]).0, Some(0));
    assert_eq!(status(&["--no-such-option"]).0, Some(64));
}
