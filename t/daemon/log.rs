//! What is logged, and where it goes.

use super::world::*;
use nix::sys::signal::Signal;
use std::os::unix::net::UnixDatagram;

#[test]
fn a_log_that_is_moved_away_goes_on_in_a_new_file() {
    let world = World::new("rotate");
    let running = world.start(&["-s", "spamd.log"]);
    for (signal, old) in [(Signal::SIGUSR1, "one"), (Signal::SIGHUP, "two")] {
        std::fs::rename(world.at("spamd.log"), world.at(old)).unwrap();
        running.signal(signal);
        until("the new file is there", || world.at("spamd.log").exists());
        check(running.address, Some("me"));
        until("it is written to", || world.read("spamd.log").contains("spamd: result: "));
    }
    running.signal(Signal::SIGUSR2);
    until("the state is told", || world.read("spamd.log").contains("caught SIGUSR2 - "));
    running.end();
    assert!(world.read("spamd.log").contains("spamd: server killed by SIGTERM, shutting down"));
}

#[test]
fn lines_go_to_syslog_with_their_facility() {
    let world = World::new("syslog");
    let socket = world.at("log.sock");
    let daemon = UnixDatagram::bind(&socket).unwrap();
    open_to_all(&socket, 0o666);
    let way = format!("--syslog-socket={}", socket.display());
    let running = world.start(&["-s", "local3", &way]);
    let pid = running.child.id();
    let mut line = [0; 2000];
    let mut next = || {
        let count = daemon.recv(&mut line).unwrap();
        String::from_utf8(line[..count].to_vec()).unwrap()
    };
    let first = next();
    assert!(first.starts_with("<158>"), "{first}");
    assert!(first.contains(&format!(" spamd[{pid}]: spamd: server started on ")), "{first}");
    check(running.address, Some("a\\b"));
    let result = std::iter::repeat_with(&mut next).find(|line| line.contains("result: ")).unwrap();
    assert!(result.contains("user=a\\\\b,"), "{result}");
}

#[test]
fn times_areas_and_timing_are_as_asked() {
    let world = World::new("areas");
    let options =
        ["-s", "spamd.log", "--log-timestamp-fmt=%Y", "-D", "check,timing,norules", "--timing"];
    let running = world.start(&options);
    check(running.address, None);
    let pid = running.child.id();
    until("the result is there", || world.read("spamd.log").contains("spamd: result: "));
    let log = world.read("spamd.log");
    assert!(
        log.contains("dbg: check: tests=HI\n") && log.contains("info: timing: total "),
        "{log}"
    );
    assert!(!log.contains("dbg: config:") && !log.contains("dbg: rules:"), "{log}");
    for line in log.lines() {
        let (year, rest) = line.split_once(' ').unwrap();
        assert!(year.len() == 4 && rest.starts_with(&format!("[{pid}] ")), "{line}");
    }
}
