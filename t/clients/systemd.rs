//! What surrounds the server on a machine with systemd: `contrib/systemd`, `contrib/debian` and
//! `contrib/logrotate`.

use super::harness::*;
use super::room::*;
use super::scanner::rules_of_tests;
use super::spamc::spamc;
use std::path::Path;
use std::process::Command;

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
        // What DynamicUser, NoNewPrivileges and CapabilityBoundingSet come to.
        command.args(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]);
        command.args(["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]);
        let options = format!("-L {}", rules_of_tests().join(" "));
        let service = contrib("systemd/mailprint.service", &[("$OPTIONS", &options)]);
        let start = set_in(&service, "ExecStart").next().unwrap();
        let _daemon = Daemon::start(command.args(start.split_whitespace()));
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
        until("the result in the log", || log("spamd.log").contains("mid=<marked@example.com>"));
        must(Command::new("logrotate").args([
            "-f",
            "-s",
            "/run/state",
            "/etc/logrotate.d/mailprint",
        ]));
        assert!(log("spamd.log.1").contains("mid=<marked@example.com>"));
        until("a line in the new log", || {
            is_scanned(&["-d", "127.0.0.1"])
                && log("spamd.log").contains("mid=<marked@example.com>")
        });
    });
}
