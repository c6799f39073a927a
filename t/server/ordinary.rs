//! What clients do every day.

use super::harness::*;
use mailprint::config::Config;
use mailprint::engine::Verdict;
use mailprint::limits::Limits;
use mailprint::server::systemd::Given;
use mailprint::server::{Mail, listener, signals};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const SPAM: &[u8] = b"Subject: x\nMessage-Id: <s@x>\n\nbeta-mark\n";

#[test]
fn every_verb_is_answered_in_every_version() {
    let running = Running::with(Limits::default());
    for version in ["1.0", "1.1", "1.2", "1.3", "1.4", "1.5"] {
        let empty_line = if version == "1.5" { "\r\n" } else { "" };
        let pong = running.ask(format!("PING SPAMC/{version}\r\n{empty_line}").as_bytes());
        assert_eq!(pong, b"SPAMD/1.5 0 PONG\r\n", "{version}");
        let skip = running.ask(format!("SKIP SPAMC/{version}\r\n{empty_line}").as_bytes());
        assert_eq!(skip, b"", "{version}");
        for verb in ["CHECK", "SYMBOLS", "REPORT", "REPORT_IFSPAM"] {
            let bytes = match version {
                "1.0" => [format!("{verb} SPAMC/1.0\r\n").as_bytes(), SPAM].concat(),
                _ => request(verb, version, SPAM),
            };
            let reply = String::from_utf8(running.ask(&bytes)).unwrap();
            let word = if verb == "REPORT_IFSPAM" { "Yes" } else { "True" };
            assert!(reply.starts_with("SPAMD/1.1 0 EX_OK\r\n"), "{verb} {version}: {reply}");
            assert!(reply.contains(&format!("Spam: {word} ; 12.0 / 5.0\r\n\r\n")), "{reply}");
            let (head, body) = reply.split_once("\r\n\r\n").unwrap();
            match head.split_once("Content-length: ") {
                None => assert!(version < "1.3" || verb == "CHECK", "{verb} {version}"),
                Some((_, rest)) => {
                    let length: usize = rest.lines().next().unwrap().parse().unwrap();
                    assert_eq!(length, body.len(), "{verb} {version}");
                }
            }
        }
    }
}

#[test]
fn a_reply_comes_with_the_last_announced_byte_without_the_end_of_the_input() {
    let running = Running::with(Limits::default());
    for message in [&b"Subject: x\n\nalpha-mark\n"[..], b"Subject: x\n\nalpha-mark", b""] {
        let mut stream = running.connect();
        stream.write_all(&request("SYMBOLS", "1.3", message)).unwrap();
        assert!(rest(&mut stream).starts_with(b"SPAMD/1.1 0 EX_OK\r\nContent-length: "));
    }
}

#[test]
fn tell_is_refused_until_it_is_allowed_and_then_claims_nothing() {
    let tell = b"TELL SPAMC/1.5\r\nMessage-class: spam\r\nSet: local, remote\r\n\
        Content-length: 4\r\n\r\nA: b";
    let running = Running::with(Limits::default());
    assert_eq!(
        running.ask(tell),
        b"SPAMD/1.0 69 Service Unavailable: TELL commands are not enabled, set the --allow-tell \
          switch.\r\n"
    );
    let config = Config { allow_tell: true, ..Config::default() };
    let running = Running::start(config, Box::new(|| Ok(loaded(Limits::default()))));
    let mut stream = running.connect();
    stream.write_all(tell).unwrap();
    assert_eq!(rest(&mut stream), b"SPAMD/1.1 0 EX_OK\r\n\r\n\r\n");
}

#[test]
fn who_asks_for_more_than_spamd_has_gets_more_header_lines() {
    let running = Running::with(Limits::default());
    let head = |wishes: &str| format!("CHECK SPAMC/1.5\r\nX-Mailprint: {wishes}\r\n\r\n");
    let ask = |wishes: &str| {
        let bytes = [head(wishes).as_bytes(), SPAM].concat();
        String::from_utf8(running.ask(&bytes)).unwrap()
    };
    let plain = "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 12.0 / 5.0\r\n";
    assert_eq!(ask("nothing"), format!("{plain}\r\n"));
    assert_eq!(
        ask("evidence confidence"),
        format!(
            "{plain}X-Mailprint-Confidence: 0.0\r\n\
             X-Mailprint-Evidence: MARK_B score=12 count=1\r\n\r\n"
        )
    );
}

#[test]
fn more_than_was_announced_is_a_mismatch_without_a_wait() {
    let running = Running::with(Limits::default());
    let mut stream = running.connect();
    stream.write_all(b"CHECK SPAMC/1.5\r\nContent-length: 5\r\n\r\nabcdefgh").unwrap();
    assert_eq!(
        rest(&mut stream),
        b"SPAMD/1.0 76 Bad header line: (Content-Length mismatch: Expected 5 bytes, got 8 bytes)\r\n"
    );
}

#[test]
fn a_unix_socket_has_its_mode_and_goes_with_the_server() {
    let path = std::env::temp_dir().join(format!("mailprint-{}.sock", std::process::id()));
    let config =
        Config { socket: Some(path.clone()), socket_mode: "0640".into(), ..Config::default() };
    // What an ended server left behind is no hindrance.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let running = Running::start(config, Box::new(|| Ok(loaded(Limits::default()))));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o640);
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(&check(SPAM)).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert_eq!(reply, "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 12.0 / 5.0\r\n\r\n");
    running.runtime.block_on(running.server.drain());
    until(Duration::from_secs(5), || !path.exists());
}

#[test]
fn who_is_not_allowed_is_closed_without_a_byte() {
    let config = Config { allowed: vec!["10.0.0.0/8".into()], ..Config::default() };
    let running = Running::start(config, Box::new(|| Ok(loaded(Limits::default()))));
    assert_eq!(running.ask(b"PING SPAMC/1.2\r\n"), b"");
    let counted = running.server.metrics.connections.with_label_values(&["unauthorized"]).get();
    assert_eq!(counted, 1);
}

#[test]
fn a_panic_is_answered_counted_and_hurts_nobody_else() {
    let running = Running::with(Limits::default());
    for round in 1..4 {
        let reply = running.ask(&check(b"Subject: x\n\npanic-please\n"));
        assert!(status(&reply).starts_with("SPAMD/1.0 70 Internal error: "), "{reply:?}");
        running.assert_answers();
        assert_eq!(running.server.metrics.panics.with_label_values(&["scan"]).get(), round);
    }
}

#[test]
fn a_reload_under_load_loses_nothing_and_mixes_nothing() {
    let generation = Arc::new(AtomicUsize::new(0));
    let broken = Arc::new(AtomicBool::new(false));
    let load = {
        let (generation, broken) = (generation.clone(), broken.clone());
        move || {
            if broken.load(Ordering::SeqCst) {
                return Err("20_broken.cf:1: as the test asks".to_owned());
            }
            let number = generation.fetch_add(1, Ordering::SeqCst);
            let scanner = move |_: Mail| Verdict {
                score: number as f64,
                required: 1e6 + number as f64,
                ..Verdict::default()
            };
            let mut loaded = loaded(Limits::default());
            loaded.scanner = Arc::new(move || mailprint::server::at_once(scanner));
            Ok(loaded)
        }
    };
    let running = Running::start(Config::default(), Box::new(load));
    let over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (address, over) = (running.address, over.clone());
            std::thread::spawn(move || {
                let mut count = 0;
                while !over.load(Ordering::SeqCst) {
                    let reply = String::from_utf8(ask(address, &check(SPAM))).unwrap();
                    let numbers = reply.split_once("Spam: False ; ").unwrap().1;
                    let (score, required) = numbers.trim().split_once(" / ").unwrap();
                    let (score, required): (f64, f64) =
                        (score.parse().unwrap(), required.parse().unwrap());
                    assert_eq!(required - score, 1e6, "{reply}");
                    count += 1;
                }
                count
            })
        })
        .collect();
    for _ in 0..100 {
        running.server.reload();
        std::thread::sleep(Duration::from_millis(10));
    }
    broken.store(true, Ordering::SeqCst);
    running.server.reload();
    over.store(true, Ordering::SeqCst);
    let asked: usize = clients.into_iter().map(|client| client.join().unwrap()).sum();
    assert!(asked > 100, "{asked}");
    let reply = String::from_utf8(running.ask(&check(SPAM))).unwrap();
    assert!(reply.contains("Spam: False ; 100.0 / 1000100.0"), "{reply}");
    let reloads = &running.server.metrics.reloads;
    assert_eq!(reloads.with_label_values(&["done"]).get(), 100);
    assert_eq!(reloads.with_label_values(&["failed"]).get(), 1);
}

#[test]
fn what_is_in_hand_is_answered_before_the_end() {
    let running = Running::with(Limits::default());
    let mut slow = running.connect();
    slow.write_all(&check(b"Subject: x\n\nalpha-mark sleep-milliseconds=700\n")).unwrap();
    let mut silent = running.connect();
    std::thread::sleep(Duration::from_millis(200));
    running.runtime.block_on(running.server.drain());
    assert!(rest(&mut slow).starts_with(b"SPAMD/1.1 0 EX_OK\r\n"));
    assert_eq!(rest(&mut silent), b"");
    assert!(TcpStream::connect(running.address).is_err());
    assert!(running.server.ready().is_err());
}

#[test]
fn signals_reload_and_end_the_server() {
    use nix::sys::signal::{Signal, raise};
    let loads = Arc::new(AtomicUsize::new(0));
    let counted = loads.clone();
    let load = move || {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(loaded(Limits::default()))
    };
    let config = Config { listen: vec!["127.0.0.1:0".into()], ..Config::default() };
    let log = mailprint::log::Log::open(&mailprint::log::Target::Null, mailprint::log::Level::Info);
    let server = mailprint::server::Server::start(&config, log.unwrap(), Box::new(load)).unwrap();
    let outside = signals::Outside {
        bound: listener::bind(&config, Given::default()).unwrap(),
        http: Some(mailprint::http::bind("127.0.0.1:0").unwrap()),
        ..signals::Outside::default()
    };
    let (ready, listening) = std::sync::mpsc::channel();
    let running = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(signals::run(server, outside, |listeners| {
            ready.send(listeners[0].address().unwrap()).unwrap();
        }))
    });
    let address = listening.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(ask(address, b"PING SPAMC/1.2\r\n"), b"SPAMD/1.5 0 PONG\r\n");
    raise(Signal::SIGHUP).unwrap();
    until(Duration::from_secs(10), || loads.load(Ordering::SeqCst) == 2);
    assert_eq!(ask(address, b"PING SPAMC/1.2\r\n"), b"SPAMD/1.5 0 PONG\r\n");
    raise(Signal::SIGTERM).unwrap();
    running.join().unwrap().unwrap();
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn watchers_are_served_over_http() {
    let running = Running::with(Limits::default());
    let http = mailprint::http::bind("127.0.0.1:0").unwrap();
    let address = http.local_addr().unwrap();
    running.runtime.spawn(mailprint::http::serve(http, running.server.clone()));
    let get = |path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        // No half-close: to an HTTP server that is a client who has gone.
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        String::from_utf8(rest(&mut stream)).unwrap()
    };
    running.assert_answers();
    until(Duration::from_secs(5), || running.server.metrics.request_seconds.get_sample_count() > 0);
    let metrics = get("/metrics");
    for line in [
        "mailprint_messages_total{verdict=\"ham\"} 1",
        "mailprint_requests_total{verb=\"CHECK\"} 1",
        "mailprint_replies_total{code=\"0\"} 1",
        "mailprint_limit_hit_total{name=\"connections\"} 0",
        "mailprint_rules 5",
    ] {
        assert!(metrics.contains(&format!("\n{line}\n")), "{line}\n{metrics}");
    }
    assert!(get("/livez").starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(get("/readyz").ends_with("ready\n"));
    assert!(get("/nothing").starts_with("HTTP/1.1 404 "));
    running.runtime.block_on(running.server.drain());
    assert!(get("/readyz").starts_with("HTTP/1.1 503 "));
}

#[test]
fn the_real_spamc_gets_its_answers() {
    if Command::new("spamc").arg("-V").stdout(Stdio::null()).status().is_err() {
        println!("skipped: spamc is not installed");
        return;
    }
    let running = Running::with(Limits::default());
    let port = running.address.port().to_string();
    let spamc = |options: &[&str], message: &[u8]| {
        let mut child = Command::new("spamc")
            .args(["-d", "127.0.0.1", "-p", &port, "-x"])
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(message).unwrap();
        let output = child.wait_with_output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
    };
    let ham = b"Subject: x\n\nalpha-mark delta-mark\n";
    assert_eq!(spamc(&["-K"], b""), ("SPAMD/1.5 0\n".into(), 0));
    assert_eq!(spamc(&["-c"], SPAM), ("12.0/5.0\n".into(), 1));
    assert_eq!(spamc(&["-c"], ham), ("4.9/5.0\n".into(), 0));
    assert_eq!(spamc(&["-y"], ham).0.trim_end(), "MARK_A,MARK_D");
    assert_eq!(spamc(&["-y", "-u", "somebody"], SPAM).0.trim_end(), "MARK_B");
    let (report, _) = spamc(&["-R"], SPAM);
    assert!(report.starts_with("12.0/5.0\nReport of mx.example.org: is spam, Yes/YES"), "{report}");
    assert!(spamc(&["-r"], SPAM).0.contains("Report of mx.example.org: is spam"));
    let large: Vec<u8> = [&b"Subject: x\n\n"[..], &b"line of text\n".repeat(30_000)].concat();
    assert_eq!(spamc(&["-c"], &large), ("0.0/5.0\n".into(), 0));
}
