//! The two servers that a client can be given: mailprint, and Debian's spamd to compare with.

use super::harness::*;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Mailprint,
    Spamd,
}

/// mailprint, and spamd where it is installed.
pub fn both() -> Vec<Kind> {
    let mut kinds = vec![Kind::Mailprint];
    if installed("spamd").is_some() {
        kinds.push(Kind::Spamd);
    } else {
        println!("spamd is not installed: mailprint is not compared with it");
    }
    kinds
}

/// Runs a scenario before both servers; what arrives must be the same but for time and chance.
pub fn compare(mut scenario: impl FnMut(Kind) -> Vec<Vec<u8>>) {
    let mut results: Vec<Vec<Vec<u8>>> = Vec::new();
    for kind in both() {
        results.push(scenario(kind).iter().map(|mail| masked(mail)).collect());
    }
    let [ours, theirs] = results.as_slice() else { return };
    assert_eq!(ours.len(), theirs.len());
    for (mine, other) in ours.iter().zip(theirs) {
        assert!(mine == other, "mailprint:\n{}\nbut spamd:\n{}", text(mine), text(other));
    }
}

/// A server with the rules of `t/clients/rules`; it ends with this value.
pub struct Scanner {
    pub port: u16,
    _daemon: Daemon,
    _scratch: Scratch,
    pub socket: PathBuf,
}

impl Scanner {
    /// On a port that was free a moment ago, and on a UNIX socket.
    pub fn start(kind: Kind) -> Scanner {
        Scanner::with(kind, free_port(), &[])
    }

    pub fn on_port(kind: Kind, port: u16) -> Scanner {
        Scanner::with(kind, port, &[])
    }

    /// With options of spamd's besides the usual ones.
    pub fn with(kind: Kind, port: u16, options: &[&str]) -> Scanner {
        let rules = rules_of_tests();
        let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
        Scanner::launch(kind, port, &[rules.as_slice(), options].concat())
    }

    /// With the rules of the machine.
    pub fn stock(kind: Kind) -> Scanner {
        Scanner::launch(kind, free_port(), &[])
    }

    fn launch(kind: Kind, port: u16, options: &[&str]) -> Scanner {
        let scratch = Scratch::new("scanner");
        let socket = scratch.path().join("socket");
        let mut command = match kind {
            Kind::Mailprint => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_mailprint"));
                command.arg("spamd");
                command
            }
            Kind::Spamd => Command::new(installed("spamd").unwrap()),
        };
        command
            .args(["-L", "-x", "-m", "2", "-s", "null", "-i", "127.0.0.1"])
            .args(["-p", &port.to_string(), "--socketpath"])
            .arg(&socket)
            .args(options)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut daemon = Daemon::start(&mut command);
        until(&format!("{kind:?} on port {port}"), || {
            assert!(!daemon.has_ended(), "{kind:?} has ended: {command:?}");
            // TCP may be for TLS only; all places are opened before any is served.
            let stream = UnixStream::connect(&socket);
            stream
                .and_then(|stream| converse(stream, b"PING SPAMC/1.2\r\n"))
                .is_ok_and(|reply| reply == b"SPAMD/1.5 0 PONG\r\n")
        });
        Scanner { port, _daemon: daemon, _scratch: scratch, socket }
    }
}

/// Options for the rules of these tests.
pub fn rules_of_tests() -> [String; 4] {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("t/clients");
    let path = |folder: &str| here.join(folder).display().to_string();
    ["-C".into(), path("rules"), "--siteconfigpath".into(), path("site")]
}

/// A port that nobody used a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Sends `request` and reads to the end.
fn converse(mut stream: impl Read + Write, request: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(request)?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    Ok(reply)
}
