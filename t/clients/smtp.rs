//! As much of SMTP (RFC 5321) as handing over one message takes.

use super::harness::*;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Hands `mail` (lines end with LF) to the server at `host`; the reply to its last byte.
pub fn send(host: &str, port: u16, mail: &[u8]) -> String {
    let stream = TcpStream::connect((host, port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut replies = BufReader::new(stream.try_clone().unwrap());
    let mut commands = stream;
    let mut say = |line: &[u8]| {
        commands.write_all(line).unwrap();
        reply(&mut replies)
    };
    assert!(say(b"").starts_with("220"));
    for (line, expected) in [
        ("EHLO client.example.com", "250"),
        ("MAIL FROM:<ann@example.com> BODY=8BITMIME", "250"),
        ("RCPT TO:<bob@example.org>", "250"),
        ("DATA", "354"),
    ] {
        let answer = say(format!("{line}\r\n").as_bytes());
        assert!(answer.starts_with(expected), "{line}: {answer}");
    }
    let answer = say(&dotted(mail));
    let _ = say(b"QUIT\r\n");
    answer
}

/// A whole reply; its lines but the last have a hyphen after the code.
fn reply(replies: &mut impl BufRead) -> String {
    let mut all = String::new();
    loop {
        let mut line = String::new();
        if replies.read_line(&mut line).unwrap() == 0 {
            return all;
        }
        all.push_str(&line);
        if line.as_bytes().get(3) != Some(&b'-') {
            return all;
        }
    }
}

/// CRLF for LF, a dot before each line that begins with one, and the final dot.
fn dotted(mail: &[u8]) -> Vec<u8> {
    let mut sent = Vec::new();
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            sent.push(b'.');
        }
        sent.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(line));
        sent.extend_from_slice(b"\r\n");
    }
    sent.extend_from_slice(b".\r\n");
    sent
}

/// Waits until a server greets.
pub fn until_served(host: &str, port: u16) {
    until(&format!("an SMTP server at {host}:{port}"), || {
        let Ok(stream) = TcpStream::connect((host, port)) else { return false };
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut line = String::new();
        let _ = BufReader::new(stream).read_line(&mut line);
        line.starts_with("220")
    });
}
