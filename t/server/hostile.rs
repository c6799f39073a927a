//! Clients that mean no good: slow, silent, many, large, gone. Others must not notice.

use super::harness::*;
use mailprint::clock::Tick;
use mailprint::limits::Limits;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

#[test]
fn slow_clients_are_ended_by_an_absolute_deadline() {
    let limits = Limits { read_milliseconds: 1000, ..Limits::default() };
    let running = Running::with(limits);
    let address = running.address;
    // In the first line, among the headers, in the message.
    let beginnings = ["", "CHECK SPAMC/1.5\r\n", "CHECK SPAMC/1.5\r\nContent-length: 999\r\n\r\n"];
    let clients: Vec<_> = beginnings
        .into_iter()
        .map(|beginning| {
            std::thread::spawn(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
                stream.write_all(beginning.as_bytes()).unwrap();
                let since = Tick::now();
                let mut reply = Vec::new();
                let mut chunk = [0; 256];
                while since.elapsed() < Duration::from_secs(8) {
                    if stream.write_all(b"x").is_err() {
                        break;
                    }
                    match stream.read(&mut chunk) {
                        Ok(0) => break,
                        Ok(count) => reply.extend_from_slice(&chunk[..count]),
                        Err(_) => {}
                    }
                }
                (String::from_utf8(reply).unwrap(), since.elapsed())
            })
        })
        .collect();
    running.assert_answers();
    for client in clients {
        let (reply, took) = client.join().unwrap();
        assert_eq!(
            reply,
            "SPAMD/1.0 79 Timeout: (1 second socket timeout reading input from client)\r\n"
        );
        assert!(took > Duration::from_millis(900) && took < Duration::from_secs(4), "{took:?}");
    }
    assert_eq!(running.limit_hits("read_milliseconds"), 3);
}

/// Lets this process open as many files as the system allows; gives how many that is.
fn descriptors() -> usize {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    usize::try_from(hard).unwrap_or(usize::MAX)
}

#[test]
fn ten_thousand_silent_connections_hurt_nobody() {
    const SILENT: usize = 10_000;
    if descriptors() < SILENT + 3_000 {
        println!("skipped: fewer than 13,000 open files are allowed here");
        return;
    }
    let running = Running::with(Limits { connections: 1024, ..Limits::default() });
    let before = resident();
    let mut silent = Vec::with_capacity(SILENT);
    for number in 0..SILENT {
        silent.push(TcpStream::connect(running.address).unwrap());
        if number % 1000 == 999 {
            running.assert_answers();
        }
    }
    assert!(running.server.metrics.open_connections.get() <= 1024);
    let grown = resident().saturating_sub(before);
    assert!(grown < 200 << 20, "{} MiB for silent connections", grown >> 20);
    running.assert_answers();
    drop(silent);
    running.until_idle();
}

#[test]
fn a_flood_of_connections_is_refused_or_served_and_passes() {
    let running = Running::with(Limits { connections: 8, ..Limits::default() });
    let address = running.address;
    let flood: Vec<_> = (0..8)
        .map(|_| {
            std::thread::spawn(move || {
                let mut codes = Vec::new();
                for _ in 0..100 {
                    let reply = ask(address, &check(b"Subject: x\n\nalpha-mark\n"));
                    codes.push(status(&reply));
                }
                codes
            })
        })
        .collect();
    let mut served = 0;
    for client in flood {
        for code in client.join().unwrap() {
            match code.as_str() {
                "SPAMD/1.1 0 EX_OK" => served += 1,
                busy => assert!(busy.is_empty() || busy.starts_with("SPAMD/1.0 75 "), "{busy}"),
            }
        }
    }
    assert!(served > 100, "{served} of 800 served");
    running.assert_answers();
}

#[test]
fn clients_that_go_away_leave_nothing_behind() {
    let running = Running::with(Limits::default());
    let whole = check(b"Subject: x\n\nalpha-mark sleep-milliseconds=50\n");
    for cut in 0..whole.len() {
        let mut stream = running.connect();
        stream.write_all(&whole[..cut]).unwrap();
        if cut % 2 == 0 {
            // Unread bytes in its own buffer make the system send a reset.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
    let mut gone_while_scanned = running.connect();
    gone_while_scanned.write_all(&whole).unwrap();
    drop(gone_while_scanned);
    running.assert_answers();
    running.until_idle();
    assert_eq!(running.server.metrics.held_bytes.get(), 0);
}

#[test]
fn large_messages_of_many_clients_stay_within_their_memory() {
    let limits = Limits {
        request_bytes: 16 << 20,
        small_message: 1 << 20,
        message_bytes: 64 << 20,
        ..Limits::default()
    };
    let running = Running::with(limits);
    let address = running.address;
    let before = resident();
    let clients: Vec<_> = (0..24)
        .map(|_| {
            std::thread::spawn(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                let _ = stream.write_all(b"CHECK SPAMC/1.5\r\n\r\nSubject: x\n\n");
                let line = [b'x'; 64 << 10];
                for _ in 0..(8 << 20) / line.len() {
                    if stream.write_all(&line).is_err() {
                        break;
                    }
                }
                std::thread::sleep(Duration::from_millis(300));
                drop(stream);
            })
        })
        .collect();
    let mut most = 0;
    for _ in 0..20 {
        most = most.max(resident().saturating_sub(before));
        running.assert_answers();
        std::thread::sleep(Duration::from_millis(20));
    }
    for client in clients {
        client.join().unwrap();
    }
    running.until_idle();
    assert!(running.limit_hits("request_bytes") > 0);
    assert!(most < 400 << 20, "{} MiB", most >> 20);
    assert_eq!(running.server.metrics.held_bytes.get(), 0);
}

#[test]
fn compressed_bombs_burst_before_they_are_large() {
    let running = Running::with(Limits::default());
    let address = running.address;
    let bomb = deflated(&vec![b'a'; 300 << 20]);
    let head = |length: usize| {
        format!("CHECK SPAMC/1.5\r\nCompress: zlib\r\nContent-length: {length}\r\n\r\n")
    };
    let before = resident();
    let whole = [head(bomb.len()).as_bytes(), &bomb].concat();
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let whole = whole.clone();
            std::thread::spawn(move || status(&ask(address, &whole)))
        })
        .collect();
    for client in clients {
        let reply = client.join().unwrap();
        let what = "inflates to more than 200 times its bytes, limits.inflate_ratio)";
        // A client that sends on for long may lose the reply.
        assert!(reply.is_empty() || reply.contains(what), "{reply}");
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 100 << 20, "{} MiB", grown >> 20);
    assert!(running.limit_hits("inflate_ratio") == 8);
    // Small ones may be as dense as they like, and what is no stream costs only itself.
    let small = deflated(&[&b"Subject: x\n\nalpha-mark\n"[..], &[b'a'; 900_000]].concat());
    let small = [head(small.len()).as_bytes(), &small].concat();
    assert_eq!(status(&running.ask(&small)), "SPAMD/1.1 0 EX_OK");
    let none = [head(9).as_bytes(), b"no stream"].concat();
    assert!(status(&running.ask(&none)).starts_with("SPAMD/1.0 69 Service Unavailable: zlib: "));
    running.assert_answers();
    running.until_idle();
    assert_eq!(running.server.metrics.held_bytes.get(), 0);
}

#[test]
fn clients_with_compressed_mail_that_go_away_leave_nothing_behind() {
    let running = Running::with(Limits::default());
    let bytes = deflated(&b"Subject: x\n\nalpha-mark and more\n".repeat(2000));
    let head =
        format!("PROCESS SPAMC/1.5\r\nCompress: zlib\r\nContent-length: {}\r\n\r\n", bytes.len());
    let whole = [head.as_bytes(), &bytes].concat();
    for cut in 0..whole.len() {
        let mut stream = running.connect();
        stream.write_all(&whole[..cut]).unwrap();
    }
    running.assert_answers();
    running.until_idle();
    assert_eq!(running.server.metrics.held_bytes.get(), 0);
}

#[test]
fn lines_and_heads_without_an_end_are_cut_off_with_a_word() {
    let running = Running::with(Limits::default());
    let endless: &[(&str, &[u8], &str)] = &[
        ("", b"x", "a line of the request is longer than 8192 bytes"),
        ("CHECK SPAMC/1.5\r\nX: ", b"y", "a line of the request is longer than 8192 bytes"),
        ("CHECK SPAMC/1.5\r\n", b"X: y\r\n", "too many headers"),
        ("\0\0\0\0", b"\0", "a line of the request is longer than 8192 bytes"),
    ];
    for (beginning, again, what) in endless {
        let mut stream = running.connect();
        stream.write_all(beginning.as_bytes()).unwrap();
        let block = again.repeat(2000);
        for _ in 0..1000 {
            if stream.write_all(&block).is_err() {
                break;
            }
        }
        let reply = String::from_utf8(rest(&mut stream)).unwrap();
        // The client sent on for longer than the server lingers: the reply may be lost.
        assert!(reply.is_empty() || reply.contains(what), "{what}: {reply}");
        running.assert_answers();
    }
    running.until_idle();
}
