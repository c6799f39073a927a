//! The places that log lines go to, and how each of them writes the time.

use super::Level;
use super::syslog::{self, Syslog};
use crate::clock;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

/// Where lines go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// Standard error.
    #[default]
    Stderr,
    /// A file, to which lines are added.
    File(PathBuf),
    /// The system's log.
    Syslog {
        /// Which of its facilities: `mail`, `local3`.
        facility: syslog::Facility,
        /// How it is reached.
        way: syslog::Way,
    },
    /// Nowhere.
    Null,
}

impl Target {
    /// What `-s` and `--syslog-socket` say together, as spamd reads them: a facility of syslog is
    /// small letters and digits, everything else a file.
    pub fn parse(target: &str, socket: &str) -> Result<Target, String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        match (target, socket) {
            (path, _) if !path.chars().all(plain) => Ok(Target::File(PathBuf::from(path))),
            ("file", _) | (_, "file") => Ok(Target::File(PathBuf::from("spamd.log"))),
            ("stderr", _) | (_, "none") => Ok(Target::Stderr),
            ("null", _) => Ok(Target::Null),
            (facility, socket) => {
                let facility = syslog::Facility::named(facility).ok_or_else(|| {
                    format!(
                        "{facility:?} is no facility of syslog, nor stderr, null, file or a path"
                    )
                })?;
                let way = syslog::Way::parse(socket)
                    .ok_or_else(|| format!("there is no way to syslog called {socket:?}"))?;
                Ok(Target::Syslog { facility, way })
            }
        }
    }
}

/// How the time before a line is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stamp {
    /// As each place does by itself: `ctime` in a file, with thousandths on standard error,
    /// nothing more than its own in syslog.
    #[default]
    Own,
    /// Not at all.
    None,
    /// So, in the words of `strftime`.
    Format(String),
}

impl Stamp {
    /// What `--log-timestamp-fmt` says: a format, nothing, or `default`.
    pub fn parse(format: &str) -> Result<Stamp, String> {
        if format.eq_ignore_ascii_case("default") {
            return Ok(Stamp::Own);
        }
        if format.is_empty() {
            return Ok(Stamp::None);
        }
        clock::local(format).map(|_| Stamp::Format(format.to_owned()))
    }

    /// The time with a space behind, or nothing; `own` is the place's own format.
    fn now(&self, own: &str) -> String {
        let format = match self {
            Stamp::Own => own,
            Stamp::None => "",
            Stamp::Format(format) => format,
        };
        let mut now = if format.is_empty() { String::new() } else { at(format) };
        if !now.is_empty() {
            now.push(' ');
        }
        now
    }
}

/// A format was tried when it was parsed; one that fails later gives no time.
fn at(format: &str) -> String {
    clock::local(format).unwrap_or_default()
}

/// What `ctime` writes, and what SpamAssassin writes on standard error.
const FILE_TIME: &str = "%a %b %e %H:%M:%S %Y";
const STDERR_TIME: &str = "%b %e %H:%M:%S%.3f";

/// Did the last line come out in part only? Then the next begins a new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Torn(bool);

/// An open [`Target`].
pub(super) enum Sink {
    Stderr(Torn),
    File(File, Torn),
    Syslog(Syslog),
    Null,
    Writer(Box<dyn Write + Send>),
}

impl Sink {
    pub fn open(target: &Target) -> io::Result<Sink> {
        Ok(match target {
            Target::Stderr => Sink::Stderr(Torn::default()),
            Target::File(path) => Sink::File(super::append(path)?, Torn::default()),
            Target::Syslog { facility, way } => Sink::Syslog(Syslog::open(*facility, way)?),
            Target::Null => Sink::Null,
        })
    }

    /// Writes one line whose text is escaped already.
    pub fn write(&mut self, level: Level, stamp: &Stamp, text: &str) -> io::Result<()> {
        let line = |own| {
            let (now, process, word) = (stamp.now(own), std::process::id(), level.word());
            format!("{now}[{process}] {word}: {text}\n")
        };
        match self {
            Sink::Stderr(torn) => whole(&mut io::stderr(), &line(STDERR_TIME), torn),
            Sink::File(file, torn) => whole(file, &line(FILE_TIME), torn),
            Sink::Syslog(syslog) => syslog.send(level, &format!("{}{text}", stamp.now(""))),
            Sink::Null => Ok(()),
            Sink::Writer(writer) => writer.write_all(line(FILE_TIME).as_bytes()),
        }
    }
}

/// Writes `line` in one piece, as far as it goes. A disk that fills up takes half a line; what
/// follows once there is room again must not be glued to it.
fn whole(file: &mut impl Write, line: &str, torn: &mut Torn) -> io::Result<()> {
    let begun = if torn.0 { format!("\n{line}") } else { line.to_owned() };
    match file.write(begun.as_bytes()) {
        Ok(count) if count == begun.len() => {
            torn.0 = false;
            Ok(())
        }
        Ok(count) => {
            torn.0 |= count > 0;
            Err(io::ErrorKind::WriteZero.into())
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes and no more.
    struct Disk {
        room: usize,
        text: Vec<u8>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.room);
            if taken == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.room -= taken;
            self.text.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_disk_that_fills_up_tears_one_line_only() {
        let mut disk = Disk { room: 8, text: Vec::new() };
        let mut torn = Torn::default();
        assert!(whole(&mut disk, "first\n", &mut torn).is_ok());
        assert!(whole(&mut disk, "second\n", &mut torn).is_err());
        assert!(whole(&mut disk, "third\n", &mut torn).is_err());
        disk.room = 100;
        assert!(whole(&mut disk, "fourth\n", &mut torn).is_ok());
        assert!(whole(&mut disk, "fifth\n", &mut torn).is_ok());
        assert_eq!(String::from_utf8(disk.text).unwrap(), "first\nse\nfourth\nfifth\n");
    }

    #[test]
    fn targets_are_read_as_spamd_reads_them() {
        let file = |path: &str| Ok(Target::File(PathBuf::from(path)));
        let cases = [
            ("stderr", "unix", Ok(Target::Stderr)),
            ("mail", "none", Ok(Target::Stderr)),
            ("null", "unix", Ok(Target::Null)),
            ("file", "unix", file("spamd.log")),
            ("mail", "file", file("spamd.log")),
            ("/var/log/spamd", "none", file("/var/log/spamd")),
            ("./mail", "unix", file("./mail")),
            ("LOCAL0", "unix", file("LOCAL0")),
        ];
        for (target, socket, expected) in cases {
            assert_eq!(Target::parse(target, socket), expected, "{target} {socket}");
        }
        assert!(matches!(Target::parse("local0", "inet"), Ok(Target::Syslog { .. })));
        assert!(Target::parse("harbour", "unix").is_err());
        assert!(Target::parse("mail", "eventlog").is_err());
    }

    #[test]
    fn times_are_written_as_asked() {
        assert_eq!(Stamp::parse("default"), Ok(Stamp::Own));
        assert_eq!(Stamp::parse(""), Ok(Stamp::None));
        assert_eq!(Stamp::parse("%Y").unwrap().now("x").len(), 5);
        assert_eq!(Stamp::None.now(FILE_TIME), "");
        assert_eq!(Stamp::Own.now(""), "");
        assert!(Stamp::Own.now(STDERR_TIME).ends_with(' '));
        assert!(Stamp::parse("%!").is_err());
    }
}
