//! The server under stress: reloads under load, silent clients, dying clients, a full disk.
//!
//! `cargo test` runs a quick form; `t/soak` runs the whole and prints its figures. What must hold
//! in both: no reply is lost or wrong, and memory stays flat.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "daemon/world.rs"]
#[allow(dead_code)]
mod world;

use mailprint::clock::Tick;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use world::{Running, World, ask, check, free_address, request, until, wait_for};

/// How often, in the quick form and in the full one.
fn times(quick: usize, full: usize) -> usize {
    if std::env::var_os("SOAK_FULL").is_some() { full } else { quick }
}

/// Bytes of the server in memory.
fn resident(server: &Running) -> usize {
    let statm = std::fs::read_to_string(format!("/proc/{}/statm", server.pid())).unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// Files and sockets that the server has open; it may be another's to look at.
fn open_files(server: &Running) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.pid())).map_or(0, Iterator::count)
}

/// Memory may breathe, not grow.
fn assert_flat(what: &str, before: usize, after: usize) {
    let (before, after) = (before as f64 / 1e6, after as f64 / 1e6);
    println!("{what}: {before:.1} MB at the beginning, {after:.1} MB at the end");
    assert!(after < before * 1.3 + 24.0, "{what}: {before:.1} MB became {after:.1} MB");
}

/// Rules of the `generation`th reload: the letter shows which set a scan ran with, and all three
/// of a set hit together.
fn rules(generation: usize) -> String {
    let letter = ['A', 'B'][generation % 2];
    let filler: String = (0..200).map(|n| format!("body F{n} /never-{n}-seen/\n")).collect();
    format!(
        "util_rb_tld com\nbody {letter}1 /hello/\nheader {letter}2 Subject =~ /x/\n\
         meta {letter}3 {letter}1 && {letter}2\n{filler}"
    )
}

fn symbols_are_of_one_set(reply: &str) -> bool {
    let symbols = reply.rsplit("\r\n\r\n").next().unwrap_or_default();
    reply.starts_with("SPAMD/1.1 0 EX_OK\r\n") && ["A1,A2,A3", "B1,B2,B3"].contains(&symbols)
}

#[test]
fn reloads_under_load_lose_and_mix_nothing() {
    let world = World::new("soak-reload");
    world.write("rules/a.cf", &rules(0));
    let server = world.start(&["-s", "null", "-m", "2"]);
    let (done, wrong) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let stop = Arc::new(AtomicBool::new(false));
    let client = || {
        let (done, wrong, stop) = (done.clone(), wrong.clone(), stop.clone());
        let address = server.address;
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let reply = ask(address, &request("SYMBOLS", None));
                if !symbols_are_of_one_set(&reply) {
                    wrong.fetch_add(1, Ordering::Relaxed);
                    println!("wrong: {reply:?}");
                }
                done.fetch_add(1, Ordering::Relaxed);
            }
        })
    };
    let clients: Vec<_> = (0..3).map(|_| client()).collect();
    let (reloads, since) = (times(30, 1000), Tick::now());
    let mut settled = 0;
    for reload in 1..=reloads {
        // Written whole or not at all: a reload must not read half a file.
        world.write("new.cf", &rules(reload));
        std::fs::rename(world.at("new.cf"), world.at("rules/a.cf")).unwrap();
        server.signal(Signal::SIGHUP);
        let first = ["A1,", "B1,"][reload % 2];
        until("the reload is done", || {
            ask(server.address, &request("SYMBOLS", None)).contains(first)
        });
        if reload == reloads / 10 {
            settled = resident(&server);
        }
    }
    stop.store(true, Ordering::Relaxed);
    clients.into_iter().for_each(|client| client.join().unwrap());
    let (done, seconds) = (done.load(Ordering::Relaxed), since.elapsed().as_secs_f64());
    println!("{reloads} reloads and {done} scans in {seconds:.1} s");
    assert_eq!(wrong.load(Ordering::Relaxed), 0);
    assert!(done > 0);
    assert_flat("reloads", settled, resident(&server));
    server.end();
}

#[test]
fn silent_clients_lock_nobody_out() {
    let wanted = times(2000, 10_000);
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let count = wanted.min(usize::try_from(hard).unwrap_or(usize::MAX).saturating_sub(500));
    if count < wanted {
        println!("{count} clients instead of {wanted}: the system allows no more open files");
    }
    let world = World::new("soak-silent");
    let server = world.start(&["-s", "null", "-m", "2"]);
    let (mut settled, files) = (0, open_files(&server));
    let since = Tick::now();
    let mut silent = Vec::new();
    let mut slowest = Duration::ZERO;
    for number in 0..count {
        silent.push(TcpStream::connect(server.address).unwrap());
        if number % 100 == 0 {
            let asked = Tick::now();
            assert_eq!(check(server.address, None), "False ; 2.0 / 5.0", "after {number}");
            slowest = slowest.max(asked.elapsed());
        }
        // By then as many are open as may be.
        if number == 1500 {
            settled = resident(&server);
        }
    }
    let seconds = since.elapsed().as_secs_f64();
    println!("{count} silent clients in {seconds:.1} s, the slowest answer took {slowest:?}");
    assert!(slowest < Duration::from_secs(10));
    let at_most = resident(&server);
    drop(silent);
    until("all are forgotten", || open_files(&server) <= files + 2);
    assert_flat("silent clients", settled, at_most);
    assert_eq!(check(server.address, None), "False ; 2.0 / 5.0");
    server.end();
}

#[test]
fn clients_that_die_cost_nothing() {
    let world = World::new("soak-dying");
    let server = world.start(&["-s", "null", "-m", "2"]);
    let whole = request("REPORT", Some("nobody"));
    let files = open_files(&server);
    let (count, since) = (times(600, 20_000), Tick::now());
    let mut settled = 0;
    for number in 0..count {
        let stream = TcpStream::connect(server.address).unwrap();
        // At every place of a request, in the three ways in which a client can go.
        let _ = (&stream).write_all(&whole[..number % (whole.len() + 1)]);
        match number % 3 {
            0 => socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap(),
            1 => {
                let _ = stream.shutdown(Shutdown::Write);
                let _ = (&stream).read(&mut [0; 1]);
            }
            _ => {}
        }
        drop(stream);
        if number == count / 10 {
            settled = resident(&server);
        }
    }
    until("all are forgotten", || open_files(&server) <= files + 2);
    println!("{count} dying clients in {:.1} s", since.elapsed().as_secs_f64());
    assert_flat("dying clients", settled, resident(&server));
    assert_eq!(check(server.address, None), "False ; 2.0 / 5.0");
    server.end();
}

/// A small disk, mounted while this value lives.
struct Disk(PathBuf);

impl Disk {
    fn mount(world: &World) -> Option<Disk> {
        let place = world.at("disk");
        std::fs::create_dir(&place).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64k,mode=777", "tmpfs"]).arg(&place);
        let mounted = mount.stderr(Stdio::null()).status();
        mounted.is_ok_and(|status| status.success()).then_some(Disk(place))
    }

    /// Takes all the room there is, and gives the file that holds it.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("full");
        let mut file = std::fs::File::create(&path).unwrap();
        while file.write(&[b'x'; 1024]).is_ok_and(|count| count > 0) {}
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_stops_the_log_and_not_the_mail() {
    let world = World::new("soak-disk");
    let scans = times(100, 2000);
    let scan = |server: &Running| {
        for _ in 0..scans {
            assert_eq!(check(server.address, None), "False ; 2.0 / 5.0");
        }
    };
    let server = world.start(&["-s", "/dev/full"]);
    scan(&server);
    server.end();
    let Some(disk) = Disk::mount(&world) else {
        println!("skipped in part: nobody lets us mount a small disk");
        return;
    };
    let full = disk.fill();
    let address = free_address();
    let child = world.program(address, &["-s", "disk/log", "-r", "disk/pid"]).spawn().unwrap();
    let server = Running { child, address };
    wait_for(address);
    scan(&server);
    assert_eq!(world.read("disk/pid"), "", "no number is better than half a number");
    std::fs::remove_file(&full).unwrap();
    until("the log goes on", || {
        assert_eq!(check(address, None), "False ; 2.0 / 5.0");
        world.read("disk/log").contains("could not be written: ")
    });
    let log = world.read("disk/log");
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(" spamd: ")).collect();
    assert!(lines.iter().all(|line| line.matches("] info: ").count() <= 1), "{log}");
    server.end();
    println!("{} scans with a full disk, all answered", 2 * scans);
}
