//! Sockets from systemd, and word to it.

use super::world::*;
use nix::sys::signal::Signal;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The program with `listener` as file descriptor 3, as systemd hands it over.
fn activated(world: &World, listener: TcpListener, name: &str) -> Running {
    let address = listener.local_addr().unwrap();
    let program = world.program(free_address(), &["-s", "spamd.log"]);
    let script = "export LISTEN_PID=$$; exec \"$@\" 3<&0 0</dev/null";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(program.get_program()).args(program.get_args());
    command.env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", name).current_dir(&world.0);
    let child = command.stdin(Stdio::from(OwnedFd::from(listener))).spawn().unwrap();
    Running { child, address }
}

#[test]
fn sockets_that_are_handed_over_are_served() {
    let world = World::new("activated");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // A client that comes before the server has begun is served too.
    let early = std::thread::spawn(move || check(address, None));
    std::thread::sleep(Duration::from_millis(100));
    let running = activated(&world, listener, "spamd");
    assert_eq!(early.join().unwrap(), "False ; 2.0 / 5.0");
    let log = world.read("spamd.log");
    assert!(log.contains(&format!("started on IO::Socket::IP [127.0.0.1]:{} ", address.port())));
    assert_eq!(log.matches("IO::Socket::IP").count(), 1, "only that one: {log}");
    running.end();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut running = activated(&world, listener, "milter");
    assert_eq!(running.child.wait().unwrap().code(), Some(78), "a name that is not known");
}

#[test]
fn systemd_is_told_of_start_reload_and_end_and_that_we_are_alive() {
    let world = World::new("notified");
    let socket = world.at("notify");
    let systemd = UnixDatagram::bind(&socket).unwrap();
    open_to_all(&socket, 0o666);
    systemd.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let address = free_address();
    let mut command = world.program(address, &["-s", "null"]);
    command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "200000");
    let running = Running { child: command.spawn().unwrap(), address };
    let mut text = [0; 500];
    let mut told = |what: &str| {
        for _ in 0..100 {
            let count = systemd.recv(&mut text).unwrap();
            let text = String::from_utf8_lossy(&text[..count]).into_owned();
            if text.contains(what) {
                return text;
            }
        }
        panic!("{what} was never told");
    };
    assert!(told("READY=1").contains("STATUS=1 rules"));
    assert_eq!(check(address, None), "False ; 2.0 / 5.0", "ready means ready");
    told("WATCHDOG=1");
    running.signal(Signal::SIGHUP);
    assert!(told("RELOADING=1").contains("MONOTONIC_USEC="));
    told("READY=1");
    running.signal(Signal::SIGTERM);
    told("STOPPING=1");
}
