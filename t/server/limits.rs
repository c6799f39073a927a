//! Each limit of the request's side under, at and over its height, over a socket.

use super::harness::*;
use mailprint::config::Config;
use mailprint::engine::markup::Settings;
use mailprint::limits::Limits;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

/// Sends the three requests and expects two verdicts and a refusal that names the limit.
fn under_at_over(limits: Limits, name: &str, requests: [Vec<u8>; 3]) {
    let running = Running::with(limits);
    for (place, request) in requests.iter().enumerate() {
        let reply = status(&running.ask(request));
        let fits = place < 2;
        let ok = reply.starts_with("SPAMD/1.1 0 EX_OK") || reply.contains("PONG");
        assert_eq!(ok, fits, "{name} {place}: {reply}");
        assert!(fits || reply.starts_with("SPAMD/1.0 76 "), "{name}: {reply}");
        assert_eq!(running.limit_hits(name), u64::from(!fits), "{name} {place}");
    }
    running.assert_answers();
}

#[test]
fn limit_request_line() {
    let limits = Limits { request_line: 100, ..Limits::default() };
    let line = |length: usize| {
        format!("PING SPAMC/1.5\r\nX: {}\r\n\r\n", "v".repeat(length - 3)).into_bytes()
    };
    under_at_over(limits, "request_line", [line(99), line(100), line(101)]);
}

#[test]
fn limit_request_head() {
    let limits = Limits { request_head: 300, ..Limits::default() };
    let head = |length: usize| {
        let empty = "PING SPAMC/1.5\r\nX: \r\n\r\n".len();
        format!("PING SPAMC/1.5\r\nX: {}\r\n\r\n", "v".repeat(length - empty)).into_bytes()
    };
    under_at_over(limits, "request_head", [head(299), head(300), head(301)]);
}

#[test]
fn limit_request_headers() {
    let limits = Limits { request_headers: 10, ..Limits::default() };
    let headers =
        |count: usize| format!("PING SPAMC/1.5\r\n{}\r\n", "A: b\r\n".repeat(count)).into_bytes();
    under_at_over(limits, "request_headers", [headers(8), headers(9), headers(10)]);
}

#[test]
fn limit_message_bytes() {
    let limits = Limits { message_bytes: 100_000, ..Limits::default() };
    let message = |length: usize| vec![b'm'; length];
    let announced = |length: usize| check(&message(length));
    let sizes = [99_999, 100_000, 100_001];
    under_at_over(limits.clone(), "message_bytes", sizes.map(announced));
    let open = |length: usize| [b"CHECK SPAMC/1.5\r\n\r\n", message(length).as_slice()].concat();
    under_at_over(limits.clone(), "message_bytes", sizes.map(open));
    // A client that goes on sending gets its reply all the same.
    let running = Running::with(limits);
    let reply = running.ask(&open(1_000_000));
    assert!(status(&reply).contains("limits.message_bytes"), "{reply:?}");
}

#[test]
fn limit_request_bytes_and_small_message() {
    let limits = Limits { request_bytes: 1 << 20, small_message: 4096, ..Limits::default() };
    let running = Running::with(limits);
    // Two thirds of the room are taken by a client that does not end its message.
    let mut large = running.connect();
    large.write_all(b"CHECK SPAMC/1.5\r\n\r\n").unwrap();
    large.write_all(&vec![b'x'; 400 << 10]).unwrap();
    let held = || running.server.metrics.held_bytes.get();
    until(Duration::from_secs(5), || held() >= 400 << 10);
    let fits = running.ask(&check(&vec![b'm'; 64 << 10]));
    assert_eq!(status(&fits), "SPAMD/1.1 0 EX_OK");
    let mut larger = running.connect();
    larger.write_all(b"CHECK SPAMC/1.5\r\n\r\n").unwrap();
    let _ = larger.write_all(&vec![b'x'; 900 << 10]);
    let reply = status(&rest(&mut larger));
    assert!(reply.starts_with("SPAMD/1.0 75 ") && reply.contains("request_bytes"), "{reply}");
    assert_eq!(running.limit_hits("request_bytes"), 1);
    // Small mail gets in even when the room is full.
    let mut filler = running.connect();
    filler.write_all(b"CHECK SPAMC/1.5\r\n\r\n").unwrap();
    filler.write_all(&vec![b'x'; 200 << 10]).unwrap();
    running.assert_answers();
    drop((large, filler));
    running.until_idle();
    assert_eq!(held(), 0);
}

#[test]
fn limit_connections() {
    let running = Running::with(Limits { connections: 3, ..Limits::default() });
    let mut waiting: Vec<TcpStream> = Vec::new();
    for open in 1..=3 {
        waiting.push(running.connect());
        until(Duration::from_secs(5), || running.server.metrics.open_connections.get() == open);
        assert_eq!(running.limit_hits("connections"), 0, "{open}");
    }
    // One more: the oldest, which has not asked for anything yet, makes room.
    running.assert_answers();
    assert_eq!(running.limit_hits("connections"), 1);
    let reply = status(&rest(&mut waiting.remove(0)));
    assert!(reply.starts_with("SPAMD/1.0 75 ") && reply.contains("limits.connections"), "{reply}");
    // Where all are being scanned, nobody makes room.
    drop(waiting);
    running.until_idle();
    let slow: Vec<TcpStream> = (0..3)
        .map(|_| {
            let mut stream = running.connect();
            stream.write_all(&check(b"Subject: x\n\nsleep-milliseconds=600\n")).unwrap();
            stream
        })
        .collect();
    std::thread::sleep(Duration::from_millis(200));
    let reply = status(&running.ask(b"PING SPAMC/1.2\r\n"));
    assert!(reply.starts_with("SPAMD/1.0 75 ") || reply.is_empty(), "{reply}");
    for mut stream in slow {
        assert_eq!(status(&rest(&mut stream)), "SPAMD/1.1 0 EX_OK");
    }
    running.assert_answers();
}

#[test]
fn limit_read_milliseconds() {
    let running = Running::with(Limits { read_milliseconds: 800, ..Limits::default() });
    for (wait, fits) in [(100, true), (500, true), (1500, false)] {
        let mut stream = running.connect();
        stream.write_all(b"PING SPAMC/1.5\r\n").unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        let _ = stream.write_all(b"\r\n");
        let reply = status(&rest(&mut stream));
        assert_eq!(reply.contains("PONG"), fits, "{wait}: {reply}");
        assert!(fits || reply.starts_with("SPAMD/1.0 79 "), "{reply}");
    }
    assert_eq!(running.limit_hits("read_milliseconds"), 1);
}

#[test]
fn limit_scan_milliseconds() {
    let running = Running::with(Limits { scan_milliseconds: 800, ..Limits::default() });
    for (sleep, fits) in [(0, true), (300, true), (1500, false)] {
        let message = format!("Subject: x\n\nsleep-milliseconds={sleep}\n");
        let reply = status(&running.ask(&check(message.as_bytes())));
        assert_eq!(reply == "SPAMD/1.1 0 EX_OK", fits, "{sleep}: {reply}");
        let late = "SPAMD/1.0 79 Timeout: (0.8 second timeout while trying to CHECK)";
        assert!(fits || reply == late, "{reply}");
    }
    assert_eq!(running.limit_hits("scan_milliseconds"), 1);
}

#[test]
fn limit_queued_scans() {
    let config = Config { workers: 1, ..Config::default() };
    let limits = Limits { queued_scans: 2, ..Limits::default() };
    let running = Running::start(config, Box::new(move || Ok(loaded(limits.clone()))));
    let slow = check(b"Subject: x\n\nsleep-milliseconds=500\n");
    // One at work, two in the queue.
    let taken: Vec<TcpStream> = (0..3)
        .map(|_| {
            let mut stream = running.connect();
            stream.write_all(&slow).unwrap();
            std::thread::sleep(Duration::from_millis(60));
            stream
        })
        .collect();
    let reply = status(&running.ask(&slow));
    assert!(reply.starts_with("SPAMD/1.0 75 ") && reply.contains("limits.queued_scans"), "{reply}");
    assert_eq!(status(&running.ask(b"PING SPAMC/1.2\r\n")), "SPAMD/1.5 0 PONG");
    for mut stream in taken {
        assert_eq!(status(&rest(&mut stream)), "SPAMD/1.1 0 EX_OK");
    }
    assert_eq!(running.limit_hits("queued_scans"), 1);
    running.assert_answers();
}

#[test]
fn limit_write_milliseconds() {
    let limits = Limits { write_milliseconds: 500, ..Limits::default() };
    let load = move || {
        let report = b"a line of a long report\n".repeat(1 << 20).into();
        Ok(loaded_with(limits.clone(), Settings { report, ..settings() }))
    };
    let running = Running::start(Config::default(), Box::new(load));
    // Who reads gets the whole report.
    let reply = running.ask(&request("REPORT", "1.5", b"Subject: x\n\nx\n"));
    assert!(reply.len() > 24 << 20);
    assert_eq!(running.limit_hits("write_milliseconds"), 0);
    // Who does not is dropped.
    let mut stream = running.connect();
    stream.write_all(&request("REPORT", "1.5", b"Subject: x\n\nx\n")).unwrap();
    until(Duration::from_secs(10), || running.limit_hits("write_milliseconds") == 1);
    running.until_idle();
    assert!(rest(&mut stream).len() < reply.len());
}

#[test]
fn limit_linger_milliseconds() {
    let running = Running::with(Limits { linger_milliseconds: 300, ..Limits::default() });
    // A client that never closes holds its connection for no longer.
    let mut stream = running.connect();
    stream.write_all(b"PING SPAMC/1.2\r\n").unwrap();
    assert_eq!(rest(&mut stream), b"SPAMD/1.5 0 PONG\r\n");
    running.until_idle();
    drop(stream);
}

#[test]
fn limit_drain_milliseconds() {
    for (drain, answered) in [(5000, true), (100, false)] {
        let running = Running::with(Limits { drain_milliseconds: drain, ..Limits::default() });
        let mut stream = running.connect();
        stream.write_all(&check(b"Subject: x\n\nsleep-milliseconds=600\n")).unwrap();
        std::thread::sleep(Duration::from_millis(150));
        running.runtime.block_on(running.server.drain());
        running.runtime.shutdown_background();
        let reply = status(&rest(&mut stream));
        assert_eq!(reply == "SPAMD/1.1 0 EX_OK", answered, "{drain}: {reply}");
    }
}
