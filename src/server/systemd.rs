//! systemd: sockets that it has opened for us (`sd_listen_fds(3)`), and word of what we are
//! doing (`sd_notify(3)`).
//!
//! Sockets are told apart by their names (`FileDescriptorName=`), never by their order. Without
//! systemd nothing here does anything.

use super::StartError;
use super::listener::{Bound, SocketFile};
use crate::clock;
use listenfd::ListenFd;
use std::ffi::{OsStr, OsString};
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// Sockets handed over at the start.
#[derive(Default)]
pub struct Given {
    /// For clients of spamd.
    pub spamd: Vec<Bound>,
    /// For `/metrics` and its like.
    pub http: Option<TcpListener>,
}

/// Takes the sockets that were handed over, if any. `http` is the name of the one for HTTP;
/// `spamd`, no name, and systemd's own default (the unit's name) are for clients of spamd. A
/// socket of another name is not ours to guess about.
pub fn sockets() -> Result<Given, StartError> {
    // Taken first: reading them takes the variables away.
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':').map(str::to_owned);
    let mut handed_over = ListenFd::from_env();
    let mut given = Given::default();
    for index in 0..handed_over.len() {
        let name = names.next().unwrap_or_default();
        let system = |why| StartError::System { what: format!("the socket {name:?}"), why };
        let tcp = handed_over.take_tcp_listener(index);
        match (kind(&name)?, tcp) {
            (Kind::Http, tcp) => given.http = tcp.map_err(system)?,
            (Kind::Spamd, Ok(tcp)) => given.spamd.extend(tcp.map(Bound::Tcp)),
            (Kind::Spamd, Err(_)) => {
                let unix = handed_over.take_unix_listener(index).map_err(system)?;
                // Its file belongs to systemd, which removes it or not.
                let unix = unix.map(|unix| {
                    let file = SocketFile::of_another(&unix);
                    Bound::Unix(unix, file)
                });
                given.spamd.extend(unix);
            }
        }
    }
    Ok(given)
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Spamd,
    Http,
}

fn kind(name: &str) -> Result<Kind, StartError> {
    match name {
        "http" => Ok(Kind::Http),
        "" | "unknown" | "spamd" => Ok(Kind::Spamd),
        unit if unit.ends_with(".socket") => Ok(Kind::Spamd),
        other => Err(StartError::Setting(format!(
            "a socket named {other:?} was handed over (LISTEN_FDNAMES); \
             call it spamd or http with FileDescriptorName="
        ))),
    }
}

/// Where word of the service's state goes.
pub struct Notify(Option<(UnixDatagram, SocketAddr)>);

impl Notify {
    /// As `NOTIFY_SOCKET` says; nowhere, if it is not set.
    pub fn from_environment() -> Notify {
        Notify(std::env::var_os("NOTIFY_SOCKET").and_then(|place| open(&place)))
    }

    /// The server answers.
    pub fn ready(&self, status: &str) {
        self.say(&format!("READY=1\nSTATUS={status}"));
    }

    /// The rules are being read anew; `ready` says when they are.
    pub fn reloading(&self) {
        let now = clock::monotonic_microseconds();
        self.say(&format!("RELOADING=1\nMONOTONIC_USEC={now}\nSTATUS=Reading the rules anew"));
    }

    /// The server is ending.
    pub fn stopping(&self) {
        self.say("STOPPING=1\nSTATUS=Answering what it has begun");
    }

    /// The server is alive.
    pub fn alive(&self) {
        self.say("WATCHDOG=1");
    }

    fn say(&self, text: &str) {
        if let Some((socket, there)) = &self.0 {
            // Who does not listen is not told.
            let _ = socket.send_to_addr(text.as_bytes(), there);
        }
    }
}

fn open(place: &OsStr) -> Option<(UnixDatagram, SocketAddr)> {
    let there = match place.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(place),
    };
    let socket = UnixDatagram::unbound().ok()?;
    // A full queue must not hold the server up.
    socket.set_nonblocking(true).ok()?;
    Some((socket, there.ok()?))
}

/// How often to say that we are alive: twice within the time that systemd waits.
pub fn watchdog() -> Option<Duration> {
    let text = |name| std::env::var_os(name).map(OsString::into_string).and_then(Result::ok);
    let pid = std::process::id().to_string();
    if text("WATCHDOG_PID").is_some_and(|whose| whose != pid) {
        return None;
    }
    let microseconds: u64 = text("WATCHDOG_USEC")?.parse().ok()?;
    Some(Duration::from_micros(microseconds / 2)).filter(|interval| !interval.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_told_apart_by_their_names() {
        for name in ["", "unknown", "spamd", "mailprint.socket"] {
            assert_eq!(kind(name).unwrap(), Kind::Spamd, "{name}");
        }
        assert_eq!(kind("http").unwrap(), Kind::Http);
        assert!(kind("milter").unwrap_err().to_string().contains("milter"));
    }

    #[test]
    fn word_goes_to_paths_and_to_abstract_names() {
        let path = std::env::temp_dir().join(format!("mailprint-notify-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let listener = UnixDatagram::bind(&path).unwrap();
        Notify(open(path.as_os_str())).ready("3 rules");
        let mut text = [0; 200];
        let count = listener.recv(&mut text).unwrap();
        assert_eq!(&text[..count], b"READY=1\nSTATUS=3 rules");
        std::fs::remove_file(&path).unwrap();
        let name = format!("mailprint-notify-{}", std::process::id());
        let there = SocketAddr::from_abstract_name(&name).unwrap();
        let listener = UnixDatagram::bind_addr(&there).unwrap();
        Notify(open(OsStr::new(&format!("@{name}")))).alive();
        let count = listener.recv(&mut text).unwrap();
        assert_eq!(&text[..count], b"WATCHDOG=1");
        Notify(None).stopping();
    }
}
