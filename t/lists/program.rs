//! The program with lists: refreshed while it scans, killed while it writes, shown.

use crate::sources::Web;
use crate::world::{World, ask, open_to_all, until};
use nix::sys::signal::Signal;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const LISTS: usize = 15;

/// Rules for each list, which all list the relay of [`message`].
fn rules() -> String {
    let rule = |n: usize| {
        format!(
            "header L{n} eval:check_rbl('l{n}', 'l{n}.example.')\ntflags L{n} net\n\
             score L{n} 0 0.1 0 0.1\n"
        )
    };
    let all: String = (0..LISTS).map(rule).collect();
    format!(
        "util_rb_tld example test\nclear_internal_networks\ntrusted_networks 10.0.0.1\n\
         dns_available no\n{all}"
    )
}

const MESSAGE: &str = "Received: from a.example (a.example [192.0.2.5]) by mx.example (Postfix) \
    with SMTP id 1;\r\n\tThu, 1 Jan 2026 00:00:00 +0000\r\nSubject: x\r\n\r\nhello\r\n";

fn symbols(address: std::net::SocketAddr) -> String {
    let request =
        format!("SYMBOLS SPAMC/1.5\r\nContent-length: {}\r\n\r\n{MESSAGE}", MESSAGE.len());
    let reply = ask(address, request.as_bytes());
    reply.rsplit("\r\n\r\n").next().unwrap_or_default().trim().to_owned()
}

/// The list number `n` in its `version`th copy: the relay, and others.
fn list(n: usize, version: u32) -> String {
    let first = u32::from_be_bytes([198, 51, 0, 0]) + version;
    let rest = (first..first + 2000).map(|n| format!("{}\n", std::net::Ipv4Addr::from(n)));
    format!(
        "$SOA 300 ns.example root.example {} 600 300 86400 300\n:127.0.0.{}:x\n192.0.2.5\n{}",
        version + 1,
        n + 2,
        rest.collect::<String>()
    )
}

/// A configuration with all lists, fetched every second.
fn configure(world: &World, web: &Web) {
    let list = |n: usize| {
        format!(
            "  - {{name: l{n}.example, format: ip4set, from: \"{}\", ca_file: {}, interval: 1}}\n",
            web.url(&format!("l{n}")),
            web.ca().display()
        )
    };
    let all: String = (0..LISTS).map(list).collect();
    let folder = world.at("zones");
    std::fs::create_dir_all(&folder).unwrap();
    open_to_all(&folder, 0o777);
    world.write("m.yaml", &format!("zones:\n  folder: {}\n  lists:\n{all}", folder.display()));
    world.write("rules/a.cf", &rules());
    world.write("site/a.pre", "loadplugin Mail::SpamAssassin::Plugin::DNSEval\n");
}

fn shown(world: &World, options: &[&str]) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_mailprint"));
    program.args(["zones", "--config"]).arg(world.at("m.yaml")).args(options);
    let output = program.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn all_hit() -> String {
    let mut names: Vec<String> = (0..LISTS).map(|n| format!("L{n}")).collect();
    names.sort();
    names.join(",")
}

#[test]
fn fifteen_lists_are_refreshed_while_mail_is_scanned() {
    let world = World::new("lists-program");
    let Some(web) = Web::start(&world.at("web")) else { return };
    configure(&world, &web);
    (0..LISTS).for_each(|n| web.publish(&format!("l{n}"), list(n, 0)));
    let config = world.at("m.yaml").display().to_string();
    let server = world.start(&["-s", "null", "-m", "2", "--config", &config]);
    until("all lists are held", || symbols(server.address) == all_hit());
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let client = || {
        let (stop, done, address) = (Arc::clone(&stop), Arc::clone(&done), server.address);
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                assert_eq!(symbols(address), all_hit());
                done.fetch_add(1, Ordering::Relaxed);
            }
        })
    };
    let clients: Vec<_> = (0..2).map(|_| client()).collect();
    for version in 1..=20 {
        (0..LISTS).for_each(|n| web.publish(&format!("l{n}"), list(n, version)));
        std::thread::sleep(Duration::from_millis(200));
    }
    let last = format!("\"records\": {}", 2001);
    until("the lists are shown", || shown(&world, &["--json"]).matches(&last).count() == LISTS);
    stop.store(true, Ordering::Relaxed);
    clients.into_iter().for_each(|client| client.join().unwrap());
    assert!(done.load(Ordering::Relaxed) > 0);
    // A server that has stood still for a minute is taken for dead.
    until("the running server is shown", || {
        let text = shown(&world, &[]);
        text.starts_with("Server ") && text.contains("l14.example")
    });
    server.end();
    // From the disk, once the server's word is too old to count.
    std::fs::remove_file(world.at("zones/status.json")).unwrap();
    let text = shown(&world, &[]);
    assert!(text.starts_with("No server is running"), "{text}");
    assert_eq!(text.matches(" 2001 ").count(), LISTS, "{text}");
}

#[test]
fn a_server_killed_while_it_writes_leaves_good_copies() {
    let world = World::new("lists-killed");
    let Some(web) = Web::start(&world.at("web")) else { return };
    configure(&world, &web);
    let config = world.at("m.yaml").display().to_string();
    (0..LISTS).for_each(|n| web.publish(&format!("l{n}"), list(n, 0)));
    let first = world.start(&["-s", "null", "-m", "1", "--config", &config]);
    until("all lists are held", || symbols(first.address) == all_hit());
    drop(first);
    for round in 1..=8u32 {
        (0..LISTS).for_each(|n| web.publish(&format!("l{n}"), list(n, round)));
        let server = world.start(&["-s", "null", "-m", "1", "--config", &config]);
        assert_eq!(symbols(server.address), all_hit(), "round {round}: from the first message on");
        std::thread::sleep(Duration::from_millis(u64::from(round * 37 % 100)));
        server.signal(Signal::SIGKILL);
        drop(server);
        let _ = std::fs::remove_file(world.at("zones/status.json"));
        let text = shown(&world, &[]);
        assert_eq!(text.matches(" 2001 ").count(), LISTS, "round {round}: {text}");
    }
    // What the dead have left behind goes with the next start.
    let server = world.start(&["-s", "null", "-m", "1", "--config", &config]);
    let parts = walk(&world.at("zones")).into_iter().filter(|name| name.contains(".part"));
    let others = parts.filter(|name| !name.contains(&format!(".{}-", server.pid())));
    assert_eq!(others.collect::<Vec<_>>(), [""; 0]);
}

fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path().is_dir() {
            true => names.extend(walk(&entry.path())),
            false => names.push(entry.file_name().to_string_lossy().into_owned()),
        }
    }
    names
}

#[test]
fn a_wrong_configuration_is_told_with_file_and_line() {
    let world = World::new("lists-wrong");
    world.write("m.yaml", "zones:\n  lists:\n    - name: x.example\n      format: ip4\n");
    let mut program = Command::new(env!("CARGO_BIN_EXE_mailprint"));
    let output = program.args(["zones", "--config"]).arg(world.at("m.yaml")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("m.yaml:4: zones.lists.format is \"ip4\", it may be ip4set"), "{said}");
    assert_eq!(output.status.code(), Some(78));
}
