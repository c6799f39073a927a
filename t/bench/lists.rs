//! Fifteen lists refreshed from nginx over TLS while mail is scanned: what a message notices of
//! it, and what it takes.
//!
//! `t/bench-lists [ENTRIES]`; ENTRIES is the size of the largest list. Fails where a message gets
//! no answer or a wrong one, where one waits 50 ms longer than without a refresh, or where the
//! memory at its height is more than the largest list beyond what is held.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../lists/sources.rs"]
#[allow(dead_code)]
mod sources;
#[path = "../daemon/world.rs"]
#[allow(dead_code)]
mod world;

use mailprint::clock::Tick;
use sources::Web;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use world::{Running, World, ask, open_to_all, until};

const LISTS: usize = 15;
const ROUNDS: u32 = 3;
const MOST_STEP: Duration = Duration::from_millis(50);

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let entries = words.iter().find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    let world = World::new("bench-lists");
    let Some(web) = Web::start(&world.at("web")) else { return };
    configure(&world, &web);
    (0..LISTS).for_each(|n| web.publish(&format!("l{n}"), list(n, 0, entries)));
    let config = world.at("m.yaml").display().to_string();
    let server = world.start(&["-s", "null", "-m", "1", "--config", &config]);
    until("all lists are held", || symbols(&server).split(',').count() == LISTS);
    let table = std::fs::metadata(world.at("zones/l0.example/table")).unwrap().len();
    touch_all(&server);
    let quiet = load(&server, || std::thread::sleep(Duration::from_secs(8)));
    let steady = memory(&server, "VmRSS:");
    std::fs::write(format!("/proc/{}/clear_refs", server.pid()), "5").unwrap();
    let refreshed = load(&server, || {
        for round in 1..=ROUNDS {
            (0..LISTS).for_each(|n| web.publish(&format!("l{n}"), list(n, round, entries)));
            until("the largest list is new", || {
                let state = world.read("zones/l0.example/state.json");
                state.contains(&format!("\"serial\":{}", round + 1))
            });
        }
    });
    let peak = memory(&server, "VmHWM:");
    println!("{LISTS} lists, the largest with {entries} entries: a table of {} kB", table / 1000);
    for (name, times) in [("quiet", &quiet), ("refreshed", &refreshed)] {
        println!(
            "{name:>10}: {} messages, median {:?}, 99.9 % {:?}, longest {:?}",
            times.len(),
            at(times, 0.5),
            at(times, 0.999),
            at(times, 1.0)
        );
    }
    let step = at(&refreshed, 1.0).saturating_sub(at(&quiet, 1.0));
    let more = peak.saturating_sub(steady);
    println!(
        "longest step {step:?}; steady {} kB, peak {} kB: {} kB more",
        steady / 1000,
        peak / 1000,
        more / 1000
    );
    server.end();
    assert!(step <= MOST_STEP, "a message waited {step:?} longer");
    assert!(more <= table, "{more} bytes more at the height, the largest list has {table}");
}

/// The answers' times while `work` goes on, shortest first; every answer is the right one.
fn load(server: &Running, work: impl FnOnce()) -> Vec<Duration> {
    let (stop, times) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let (stopped, noted, address) = (Arc::clone(&stop), Arc::clone(&times), server.address);
    let client = std::thread::spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            let since = Tick::now();
            let found = symbols_at(address);
            noted.lock().unwrap().push(since.elapsed());
            assert_eq!(found.split(',').count(), LISTS, "{found}");
            std::thread::sleep(Duration::from_millis(2));
        }
    });
    work();
    stop.store(true, Ordering::Relaxed);
    client.join().unwrap();
    let mut times = std::mem::take(&mut *times.lock().unwrap());
    times.sort_unstable();
    times
}

fn at(times: &[Duration], share: f64) -> Duration {
    let last = times.len().saturating_sub(1);
    times.get((last as f64 * share) as usize).copied().unwrap_or_default()
}

fn memory(server: &Running, row: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(row)).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1000
}

/// Questions all over the lists, so that what is held is in memory.
fn touch_all(server: &Running) {
    for n in 0..2000u32 {
        let relay = std::net::Ipv4Addr::from(0x1000_0000 + n * 104_729);
        ask(server.address, &request(&relay.to_string()));
    }
}

fn request(relay: &str) -> Vec<u8> {
    let message = format!(
        "Received: from a.example (a.example [{relay}]) by mx.example (Postfix) with SMTP id 1;\r\n\
         \tThu, 1 Jan 2026 00:00:00 +0000\r\nSubject: x\r\n\r\nhello\r\n"
    );
    let length = message.len();
    format!("SYMBOLS SPAMC/1.5\r\nContent-length: {length}\r\n\r\n{message}").into_bytes()
}

fn symbols(server: &Running) -> String {
    symbols_at(server.address)
}

fn symbols_at(address: std::net::SocketAddr) -> String {
    let reply = ask(address, &request("192.0.2.5"));
    reply.rsplit("\r\n\r\n").next().unwrap_or_default().trim().to_owned()
}

/// The list number `n` in its `version`th copy; the first is the largest.
fn list(n: usize, version: u32, entries: u32) -> String {
    let entries = if n == 0 { entries } else { entries / 10 };
    let mut text = format!(
        "$SOA 300 ns.example root.example {} 600 300 86400 300\n:127.0.0.2:x\n192.0.2.5\n",
        version + 1
    );
    let mut number = 7 + n as u32;
    for _ in 0..entries {
        // A walk through 16.0.0.0/4, a twentieth of it another one in each version.
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let moved = if number.is_multiple_of(20) { version } else { 0 };
        let address = std::net::Ipv4Addr::from(0x1000_0000 | ((number >> 4) + moved) & 0x0fff_ffff);
        let _ = writeln!(text, "{address}");
    }
    text
}

fn configure(world: &World, web: &Web) {
    let folder = world.at("zones");
    std::fs::create_dir_all(&folder).unwrap();
    open_to_all(&folder, 0o777);
    let mut yaml = format!("zones:\n  folder: {}\n  lists:\n", folder.display());
    let mut rules = String::from(
        "util_rb_tld example test\nclear_internal_networks\ntrusted_networks 10.0.0.1\n",
    );
    for n in 0..LISTS {
        let _ = writeln!(
            yaml,
            "  - {{name: l{n}.example, format: ip4set, from: \"{}\", ca_file: {}, interval: 1, \
             builtin_canaries: off}}",
            web.url(&format!("l{n}")),
            web.ca().display()
        );
        let _ = writeln!(
            rules,
            "header L{n} eval:check_rbl('l{n}', 'l{n}.example.')\ntflags L{n} net\nscore L{n} 0.1"
        );
    }
    world.write("m.yaml", &yaml);
    world.write("rules/a.cf", &rules);
    world.write("site/a.pre", "loadplugin Mail::SpamAssassin::Plugin::DNSEval\n");
}
