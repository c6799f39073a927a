//! The two servers that a client can be given: mailprint, and Debian's spamd to compare with.

use super::harness::*;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

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

/// [`compare`] for clients that ask for rewritten mail.
pub fn compare_rewritten(mut scenario: impl FnMut(Kind) -> Vec<Vec<u8>>) {
    if Scanner::start(Kind::Mailprint).rewrites() {
        return compare(scenario);
    }
    println!("skipped: mailprint does not rewrite mail yet");
    if both().contains(&Kind::Spamd) {
        scenario(Kind::Spamd);
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
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Scanner::on_port(kind, port)
    }

    pub fn on_port(kind: Kind, port: u16) -> Scanner {
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
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("t/clients");
        command
            .args(["-L", "-x", "-m", "2", "-s", "null", "-i", "127.0.0.1"])
            .args(["-p", &port.to_string(), "--socketpath"])
            .arg(&socket)
            .arg("-C")
            .arg(here.join("rules"))
            .arg("--siteconfigpath")
            .arg(here.join("site"))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut daemon = Daemon::start(&mut command);
        until(&format!("{kind:?} on port {port}"), || {
            assert!(!daemon.has_ended(), "{kind:?} has ended: {command:?}");
            ask(port, b"PING SPAMC/1.2\r\n").is_ok_and(|reply| reply == b"SPAMD/1.5 0 PONG\r\n")
        });
        Scanner { port, _daemon: daemon, _scratch: scratch, socket }
    }

    /// Does it give back rewritten mail?
    pub fn rewrites(&self) -> bool {
        let reply = ask(self.port, b"PROCESS SPAMC/1.5\r\nContent-length: 2\r\n\r\n\n\n");
        text(&reply.unwrap()).contains("X-Spam-Status")
    }
}

/// Sends `request`, half-closes, and reads to the end.
pub fn ask(port: u16, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.write_all(request)?;
    stream.shutdown(Shutdown::Write)?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    Ok(reply)
}
