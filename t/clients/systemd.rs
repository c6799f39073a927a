//! What surrounds the server on a machine with systemd: `contrib/systemd`, `contrib/debian` and
//! `contrib/logrotate`.

use super::harness::*;
use super::room::*;
use super::scanner::rules_of_tests;
use super::spamc::spamc;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const UNITS: [&str; 2] = ["mailprint.service", "mailprint.socket"];

/// Exposure, by systemd's own measure: 10 is a service without any protection.
const MOST_EXPOSED: f64 = 1.5;

#[test]
fn the_service_is_exposed_to_little() {
    let Some(()) = all_installed(&["systemd-analyze"]) else { return };
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/systemd/mailprint.service");
    let mut command = Command::new("systemd-analyze");
    let analysis = text(&must(command.args(["security", "--offline=yes", "--no-pager"]).arg(unit)));
    let line = analysis.lines().find(|line| line.contains("Overall exposure level")).unwrap();
    let exposure: f64 = line.split_whitespace().find_map(|word| word.parse().ok()).unwrap();
    println!("{line}");
    assert!(exposure <= MOST_EXPOSED, "{analysis}");
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let Some(()) = all_installed(&["systemd-analyze"]) else { return };
    in_a_room(|room| {
        for unit in UNITS {
            let text = contrib(&format!("systemd/{unit}"), &[]);
            room.file(&format!("/etc/systemd/system/{unit}"), &text);
        }
        room.contrib("debian/default", "/etc/default/mailprint");
        furnish_program(room);
        let mut command = Command::new("systemd-analyze");
        let outcome = run(command.args(["verify", "--man=no"]).args(UNITS), b"");
        // What is wrong with units of others is not ours to mend.
        let said = text(&outcome.out) + &text(&outcome.err);
        assert!(!said.contains("mailprint"), "{said}");
    });
}

/// Where the system has the program that the units and recipes start.
const PROGRAM: &str = "/usr/bin/mailprint";

fn furnish_program(room: &Room) {
    room.program(Path::new(env!("CARGO_BIN_EXE_mailprint")), PROGRAM, "755");
}

/// Is spamc answered at `place`, which is options that say where?
fn is_scanned(place: &[&str]) -> bool {
    let scratch = Scratch::new("spamc");
    let mut command = spamc(&scratch);
    command.args(["--connect-retries", "1"]).args(place).arg("-c");
    text(&run(&mut command, &marked()).out) == "6.5/5.0\n"
}

fn until_scanned(place: &[&str]) {
    until(&format!("an answer at {place:?}"), || is_scanned(place));
}

/// The sockets of the unit are opened by systemd's own program, and served by somebody who has
/// no rights at all, started as the unit says.
#[test]
fn the_service_serves_the_sockets_of_systemd() {
    let Some(()) = all_installed(&["systemd-socket-activate", "spamc"]) else { return };
    in_a_room(|room| {
        furnish_program(room);
        let socket = contrib("systemd/mailprint.socket", &[]);
        let name = set_in(&socket, "FileDescriptorName").next().unwrap().to_owned();
        let places: Vec<&str> = set_in(&socket, "ListenStream").collect();
        let mut command = Command::new("systemd-socket-activate");
        command.arg(format!("--fdname={}", vec![name; places.len()].join(":")));
        for place in &places {
            command.args(["-l", place]);
        }
        let options = format!("-L {}", rules_of_tests().join(" "));
        let service = contrib("systemd/mailprint.service", &[("$OPTIONS", &options)]);
        let mut start = set_in(&service, "ExecStart").next().unwrap().split_whitespace();
        let server = without_rights(start.next().unwrap());
        command.arg(server.get_program()).args(server.get_args()).args(start);
        let _daemon = Daemon::start(&mut command);
        until_scanned(&["-d", "127.0.0.1", "-p", "783"]);
        until_scanned(&["-d", "::1", "-p", "783"]);
        until_scanned(&["-U", "/run/mailprint.sock"]);
    });
}

/// The values that a unit gives to a setting.
fn set_in<'a>(unit: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    unit.lines().filter_map(move |line| line.strip_prefix(name)?.strip_prefix('='))
}

/// After a rotation the old lines are in the old file, and new ones come into the new.
#[test]
fn logrotate_gives_the_server_a_new_log() {
    let Some(()) = all_installed(&["logrotate", "spamc"]) else { return };
    in_a_room(|room| {
        furnish_program(room);
        room.folder("/var/log/mailprint", "root");
        room.contrib("logrotate/mailprint", "/etc/logrotate.d/mailprint");
        let mut server = Command::new(PROGRAM);
        server.args(["spamd", "-x", "-i", "127.0.0.1", "--pidfile", "/run/mailprint.pid"]);
        server.args(["--syslog", "/var/log/mailprint/spamd.log"]);
        let _server = Daemon::start(server.arg("-L").args(rules_of_tests()));
        until_scanned(&["-d", "127.0.0.1"]);
        let log = |name: &str| {
            text(&std::fs::read(format!("/var/log/mailprint/{name}")).unwrap_or_default())
        };
        const RESULT: &str = "mid=<marked@example.com>";
        until("the result in the log", || log("spamd.log").contains(RESULT));
        let mut logrotate = Command::new("logrotate");
        must(logrotate.args(["-f", "-s", "/run/state", "/etc/logrotate.d/mailprint"]));
        assert!(log("spamd.log.1").contains(RESULT));
        until("a line in the new log", || {
            is_scanned(&["-d", "127.0.0.1"]) && log("spamd.log").contains(RESULT)
        });
    });
}

/// Starting, scanning, reloading and ending take no system call that the unit forbids.
#[test]
fn the_service_needs_no_forbidden_system_call() {
    let Some(()) = all_installed(&["systemd-analyze", "strace", "spamc"]) else { return };
    in_a_room(|room| {
        if run(Command::new("strace").args(["-qq", "true"]), b"").code != Some(0) {
            return println!("skipped: strace may not trace here");
        }
        furnish_program(room);
        room.folder("/run/trace", "nobody");
        let mut strace = without_rights("strace");
        strace.args(["-f", "-qq", "-o", "/run/trace/calls", PROGRAM, "spamd", "-L", "-x"]);
        strace.args(["-s", "null", "-i", "127.0.0.1", "-p", "1783"]);
        strace.args(["--pidfile", "/run/trace/pid"]).args(rules_of_tests());
        let mut server = Daemon::start(&mut strace);
        let place = ["-d", "127.0.0.1", "-p", "1783"];
        until_scanned(&place);
        let pid = std::fs::read_to_string("/run/trace/pid").unwrap();
        let signal = |name: &str| must(Command::new("kill").args([name, pid.trim()]));
        signal("-HUP");
        std::thread::sleep(Duration::from_millis(500));
        assert!(is_scanned(&place));
        signal("-TERM");
        until("the end", || server.has_ended());
        let allowed = allowed_calls(&contrib("systemd/mailprint.service", &[]));
        for line in std::fs::read_to_string("/run/trace/calls").unwrap().lines() {
            // `123 openat(AT_FDCWD, ...) = 3`; other lines tell of signals and returns.
            let call = line.split_whitespace().nth(1).and_then(|word| word.split_once('('));
            if let Some((call, _)) = call.filter(|(call, _)| !call.is_empty()) {
                assert!(allowed.contains(call), "{line}");
            }
        }
    });
}

/// A program as DynamicUser, NoNewPrivileges and CapabilityBoundingSet would have it run.
fn without_rights(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]);
    command.args(["--bounding-set=-all", "--inh-caps=-all", program]);
    command
}

/// What a unit's filters leave: the first says what is allowed, those with `~` what is not.
fn allowed_calls(unit: &str) -> BTreeSet<String> {
    let mut allowed = BTreeSet::new();
    for filter in set_in(unit, "SystemCallFilter") {
        let (filter, forbids) = filter.strip_prefix('~').map_or((filter, false), |it| (it, true));
        let calls: BTreeSet<String> = filter.split(' ').flat_map(calls_of).collect();
        match forbids {
            true => allowed.retain(|call| !calls.contains(call)),
            false => allowed.extend(calls),
        }
    }
    allowed
}

/// The calls of one of systemd's groups, with those of the groups in it.
fn calls_of(group: &str) -> BTreeSet<String> {
    let mut calls = BTreeSet::new();
    let mut groups = vec![group.to_owned()];
    while let Some(group) = groups.pop() {
        let mut command = Command::new("systemd-analyze");
        let listed = text(&must(command.args(["syscall-filter", "--no-pager", &group])));
        let words = listed.lines().skip(1).map(str::trim);
        for word in words.filter(|word| !word.is_empty() && !word.starts_with('#')) {
            match word.starts_with('@') {
                true => groups.push(word.to_owned()),
                false => drop(calls.insert(word.to_owned())),
            }
        }
    }
    calls
}
