//! syslog: datagrams as the C library writes them (RFC 3164, local form).
//!
//! `<22>Nov 22 13:09:46 spamd[3456]: text`. The way there is a socket of this machine, or UDP or
//! TCP to its port 514. A syslog daemon that stands still must not hold up the mail: a line
//! waits for it for a moment, and after that lines are lost, and counted, until it takes some
//! again.

use super::Level;
use crate::clock::{self, Tick};
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The facilities by name and number (`syslog(3)`).
const FACILITIES: &[(&str, u8)] = &[
    ("kern", 0),
    ("user", 1),
    ("mail", 2),
    ("daemon", 3),
    ("auth", 4),
    ("security", 4),
    ("syslog", 5),
    ("lpr", 6),
    ("news", 7),
    ("uucp", 8),
    ("cron", 9),
    ("authpriv", 10),
    ("ftp", 11),
    ("local0", 16),
    ("local1", 17),
    ("local2", 18),
    ("local3", 19),
    ("local4", 20),
    ("local5", 21),
    ("local6", 22),
    ("local7", 23),
];

/// Where the system's log listens.
const SOCKET: &str = "/dev/log";
const PORT: u16 = 514;

/// The name that lines bear, whatever the program was called.
const NAME: &str = "spamd";

/// How long one line may wait, and how long none is tried after that.
const PATIENCE: Duration = Duration::from_millis(200);
const REST: Duration = Duration::from_secs(1);

/// A facility of syslog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facility(u8);

impl Facility {
    /// The facility called `name`, in letters of any case.
    pub fn named(name: &str) -> Option<Facility> {
        let name = name.to_ascii_lowercase();
        let name = name.strip_prefix("log_").unwrap_or(&name);
        FACILITIES.iter().find(|(known, _)| *known == name).map(|(_, number)| Facility(*number))
    }

    /// Facility and level in one number.
    fn priority(self, level: Level) -> u16 {
        let severity = match level {
            Level::Error => 3,
            Level::Warn => 4,
            Level::Info => 6,
            Level::Debug => 7,
        };
        u16::from(self.0) * 8 + severity
    }
}

/// How syslog is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// A socket of this machine, at `/dev/log` or elsewhere, whose kind is found out.
    Unix(Option<PathBuf>),
    /// UDP to this machine.
    Udp,
    /// TCP to this machine.
    Tcp,
}

impl Way {
    /// What `--syslog-socket` says; a path is a socket elsewhere than at `/dev/log`.
    pub fn parse(word: &str) -> Option<Way> {
        if word.starts_with('/') {
            return Some(Way::Unix(Some(PathBuf::from(word))));
        }
        match word.to_ascii_lowercase().as_str() {
            "" | "unix" | "native" | "stream" => Some(Way::Unix(None)),
            "inet" | "udp" => Some(Way::Udp),
            "tcp" => Some(Way::Tcp),
            _ => None,
        }
    }

    fn connect(&self) -> io::Result<Wire> {
        match self {
            Way::Unix(path) => unix(path.as_deref().unwrap_or(Path::new(SOCKET))),
            Way::Udp => udp(),
            Way::Tcp => tcp(),
        }
    }
}

/// A connection.
enum Wire {
    Datagram(UnixDatagram),
    Stream(UnixStream),
    Udp(UdpSocket),
    Tcp(TcpStream),
}

fn unix(path: &Path) -> io::Result<Wire> {
    let datagram = UnixDatagram::unbound()?;
    datagram.set_write_timeout(Some(PATIENCE))?;
    if datagram.connect(path).is_ok() {
        return Ok(Wire::Datagram(datagram));
    }
    let stream = UnixStream::connect(path)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(Wire::Stream(stream))
}

fn udp() -> io::Result<Wire> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.connect((Ipv4Addr::LOCALHOST, PORT))?;
    Ok(Wire::Udp(socket))
}

fn tcp() -> io::Result<Wire> {
    let there = SocketAddr::from((Ipv4Addr::LOCALHOST, PORT));
    let stream = TcpStream::connect_timeout(&there, PATIENCE)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(Wire::Tcp(stream))
}

impl Wire {
    /// Sends one line. On streams it has an end of its own: a NUL as the C library's, or a line
    /// feed (RFC 6587).
    fn send(&mut self, line: &str) -> io::Result<()> {
        match self {
            Wire::Datagram(socket) => socket.send(line.as_bytes()).map(drop),
            Wire::Udp(socket) => socket.send(line.as_bytes()).map(drop),
            Wire::Stream(stream) => stream.write_all(format!("{line}\0").as_bytes()),
            Wire::Tcp(stream) => stream.write_all(format!("{line}\n").as_bytes()),
        }
    }
}

/// An open syslog.
pub(super) struct Syslog {
    facility: Facility,
    way: Way,
    wire: Option<Wire>,
    /// Nothing is tried before.
    resting_since: Option<Tick>,
}

impl Syslog {
    pub fn open(facility: Facility, way: &Way) -> io::Result<Syslog> {
        let wire = Some(way.connect()?);
        Ok(Syslog { facility, way: way.clone(), wire, resting_since: None })
    }

    /// Sends a line; a daemon that has been started anew is connected to again.
    pub fn send(&mut self, level: Level, text: &str) -> io::Result<()> {
        if self.resting_since.is_some_and(|since| since.elapsed() < REST) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let line = self.line(level, text);
        let sent = match &mut self.wire {
            Some(wire) => wire.send(&line),
            None => Err(io::ErrorKind::NotConnected.into()),
        };
        let sent = sent.or_else(|error| match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Err(error),
            _ => self.again(&line),
        });
        self.resting_since = sent.is_err().then(Tick::now);
        sent
    }

    fn again(&mut self, line: &str) -> io::Result<()> {
        self.wire = None;
        let wire = self.wire.insert(self.way.connect()?);
        wire.send(line)
    }

    fn line(&self, level: Level, text: &str) -> String {
        let now = clock::local("%b %e %H:%M:%S").unwrap_or_default();
        let (priority, process) = (self.facility.priority(level), std::process::id());
        format!("<{priority}>{now} {NAME}[{process}]: {text}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Areas, Log, Stamp, Target};
    use super::*;

    fn received(socket: &UnixDatagram) -> String {
        let mut line = [0; 2000];
        let count = socket.recv(&mut line).unwrap();
        String::from_utf8(line[..count].to_vec()).unwrap()
    }

    #[test]
    fn lines_are_datagrams_and_a_daemon_started_anew_is_found_again() {
        let path = std::env::temp_dir().join(format!("mailprint-syslog-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let daemon = UnixDatagram::bind(&path).unwrap();
        let facility = Facility::named("mail").unwrap();
        let target = Target::Syslog { facility, way: Way::Unix(Some(path.clone())) };
        let log = Log::open(&target, Level::Info).unwrap();
        log.info("spamd: a\nb");
        let (pid, line) = (std::process::id(), received(&daemon));
        assert!(line.starts_with("<22>"), "{line}");
        assert_eq!(line["<22>".len() + 15..], format!(" spamd[{pid}]: spamd: a\\nb"));
        drop(daemon);
        std::fs::remove_file(&path).unwrap();
        log.warn("spamd: nobody hears this");
        let daemon = UnixDatagram::bind(&path).unwrap();
        std::thread::sleep(REST);
        log.error("spamd: back");
        assert!(received(&daemon).ends_with("logger: lines that could not be written: 1"));
        assert!(received(&daemon).starts_with("<19>"));
        let log = log.with(Stamp::Format("%Y".into()), Areas::all());
        log.info("spamd: with a year");
        let (_, text) =
            received(&daemon).split_once(": ").map(|(a, b)| (a.len(), b.to_owned())).unwrap();
        assert_eq!(text.split_once(' ').unwrap().1, "spamd: with a year");
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_daemon_that_stands_still_costs_a_moment_and_no_more() {
        let path = std::env::temp_dir().join(format!("mailprint-stuck-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let _daemon = UnixDatagram::bind(&path).unwrap();
        let way = Way::Unix(Some(path.clone()));
        let log = Log::open(
            &Target::Syslog { facility: Facility::named("local7").unwrap(), way },
            Level::Info,
        )
        .unwrap();
        let since = Tick::now();
        for _ in 0..10_000 {
            log.info("spamd: nobody reads this");
        }
        assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn facilities_and_ways_have_names() {
        assert_eq!(Facility::named("LOCAL3").unwrap().priority(Level::Debug), 159);
        assert_eq!(Facility::named("mail").unwrap().priority(Level::Warn), 20);
        assert_eq!(Facility::named("harbour"), None);
        assert_eq!(Way::parse("UNIX"), Some(Way::Unix(None)));
        assert_eq!(Way::parse("inet"), Some(Way::Udp));
        assert_eq!(Way::parse("/run/log"), Some(Way::Unix(Some("/run/log".into()))));
        assert_eq!(Way::parse("eventlog"), None);
    }
}
