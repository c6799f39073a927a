//! `mailprint check_spamd`, or the program called by the name sa-check_spamd: is a spamd well?
//!
//! A plugin for Nagios and its kin: PING goes to a spamd, ours or another, and one line and the
//! exit status say how it answered. Options, lines and statuses are sa-check_spamd(1p)'s.

use super::notes::reason;
use super::{Outcome, flag, out, valued};
use crate::clock::Tick;
use crate::limits::Limits;
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::time::Duration;

/// What the monitor is told, with its exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ok = 0,
    Warning = 1,
    Critical = 2,
    Unknown = 3,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Ok => "OK",
            State::Warning => "WARNING",
            State::Critical => "CRITICAL",
            State::Unknown => "UNKNOWN",
        }
    }
}

/// A state and what it is about.
type Finding = (State, String);

/// Its description.
pub fn command() -> Command {
    let value = |name, what, help| valued(name, what, help).allow_hyphen_values(true);
    Command::new("check_spamd")
        .about("Ask a spamd whether it is well, for Nagios and its kin")
        .long_about(
            "Sends PING to a spamd and says in one line how it answered. The exit status is \
             what monitors expect of a plugin: 0 for a timely answer, 1 for one that took \
             longer than --warning, 2 for one that took longer than --critical, that was wrong \
             or that did not come, 3 where the question could not be asked.",
        )
        .args_override_self(true)
        .infer_long_args(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(value("critical", "SECONDS", "An answer that takes longer is critical").short('c'))
        .arg(help())
        .arg(value("hostname", "HOST", "The host to ask; localhost without this").short('H'))
        .arg(value("port", "PORT", "The port to ask; 783 without this").short('p'))
        .arg(value("socketpath", "PATH", "The UNIX socket to ask instead"))
        .arg(
            value("timeout", "SECONDS", "How long to wait, at least 1; 45 without this").short('t'),
        )
        .arg(flag("verbose", "Say what is being done").short('v'))
        .arg(flag("version", "Say whose version it is").short('V'))
        .arg(value("warning", "SECONDS", "An answer that takes longer is a warning").short('w'))
        .arg(Arg::new("IGNORED").action(ArgAction::Append).hide(true))
}

/// `--help`, which also goes by `-?`.
pub fn help() -> Arg {
    flag("help", "Print help").short('h').short_alias('?').action(ArgAction::Help)
}

/// Parses `arguments`, the program's name first, and runs it. A monitor knows no status above
/// 3, not even for an option that does not exist.
pub fn main(arguments: &[OsString]) -> Outcome {
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            error.print()?;
            return Ok(State::Unknown as u8);
        }
    };
    if matches.get_flag("version") {
        out::print(concat!("sa-check_spamd version ", env!("CARGO_PKG_VERSION"), "\n").as_bytes())?;
        return Ok(State::Unknown as u8);
    }
    let (state, text) = match Question::new(&matches) {
        Ok(question) => question.ask()?,
        Err(why) => (State::Unknown, why),
    };
    out::print(format!("SPAMD {}: {text}\n", state.word()).as_bytes())?;
    Ok(state as u8)
}

/// Whom to ask, and how long an answer may take.
struct Question {
    place: Place,
    timeout: Duration,
    warning: Option<Duration>,
    critical: Option<Duration>,
    verbose: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// Host and port as they are written.
    Tcp(String, String),
    Unix(String),
}

impl Question {
    /// Checks the options in the order in which sa-check_spamd does.
    fn new(matches: &ArgMatches) -> Result<Question, String> {
        let text = |name: &str| matches.get_one::<String>(name).map(String::as_str);
        let invalid = |what: &str| format!("invalid {what} config value provided");
        let duration = |name: &str| match text(name) {
            None => Ok(None),
            Some(text) => seconds(text).map(Some).ok_or_else(|| invalid(name)),
        };
        let critical = duration("critical")?;
        let host = text("hostname");
        if host.is_some_and(|host| !is_host(host)) {
            return Err(invalid("hostname"));
        }
        let port = text("port");
        if port.is_some_and(|port| !is_digits(port)) {
            return Err(invalid("port"));
        }
        let timeout = duration("timeout")?.unwrap_or(Duration::from_secs(45));
        if timeout < Duration::from_secs(1) {
            return Err(invalid("timeout"));
        }
        let warning = duration("warning")?;
        let too_long = |one: Option<Duration>, most: Option<Duration>| {
            one.zip(most).is_some_and(|(one, most)| one > most)
        };
        if too_long(warning, critical) {
            return Err("critical value is less than warning value, config not valid".to_owned());
        }
        for (name, value) in [("critical", critical), ("warning", warning)] {
            if too_long(value, Some(timeout)) {
                return Err(format!(
                    "{name} value is greater than timeout value, config not valid"
                ));
            }
        }
        let place = match text("socketpath") {
            Some(_) if host.is_some() || port.is_some() => {
                let both = "both TCP and UNIX domain socket info provided, only one can be used";
                return Err(both.to_owned());
            }
            Some(path) => Place::Unix(path.to_owned()),
            None => tcp(given(host, "localhost"), given(port, "783")),
        };
        Ok(Question { place, timeout, warning, critical, verbose: matches.get_flag("verbose") })
    }

    /// Pings, and judges the answer.
    fn ask(self) -> io::Result<Finding> {
        let Question { place, timeout, warning, critical, verbose } = self;
        if verbose {
            out::print(b"connecting to spamd for ping\n")?;
        }
        let since = Tick::now();
        // Names are looked up and sockets opened without a deadline of their own: the thread
        // may still be waiting when this program ends.
        let (done, answer) = mpsc::channel();
        std::thread::Builder::new().spawn(move || done.send(ping(&place, timeout)))?;
        let answer = answer.recv_timeout(timeout);
        let took = since.elapsed();
        let shown = format!("{:.3}", took.as_secs_f64());
        let longer_than = |most: Option<Duration>| most.is_some_and(|most| took > most);
        let slow = |state| (state, format!("{shown} second ping response time"));
        Ok(match answer {
            Ok(Ok(true)) if longer_than(critical) => slow(State::Critical),
            Ok(Ok(true)) if longer_than(warning) => slow(State::Warning),
            Ok(Ok(true)) => slow(State::Ok),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                (State::Critical, format!("ping timed out in {shown} seconds"))
            }
            Ok(Ok(false)) | Err(_) => failed(&shown),
            Ok(Err(error)) => {
                eprintln!("Failed to create connection to spamd daemon: {}", reason(&error));
                failed(&shown)
            }
        })
    }
}

/// `host:port` wins over a port that is given beside it.
fn tcp(host: &str, port: &str) -> Place {
    let (host, port) = match host.split_once(':') {
        Some((host, own)) if !own.contains(':') => (host, if own.is_empty() { port } else { own }),
        _ => (host, port),
    };
    Place::Tcp(host.to_owned(), port.to_owned())
}

fn failed(shown: &str) -> Finding {
    (State::Critical, format!("ping failed in {shown} seconds"))
}

/// What Perl finds false counts as not given.
fn given<'a>(text: Option<&'a str>, default: &'a str) -> &'a str {
    text.filter(|text| *text != "0").unwrap_or(default)
}

/// Digits, and perhaps a point with more of them; what is longer than a year is a year.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fits = is_digits(whole) && (fraction.is_empty() || is_digits(fraction));
    let number: f64 = text.parse().ok().filter(|_| fits)?;
    Some(Duration::from_secs_f64(number.min(365.0 * 24.0 * 3600.0)))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_host(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    !text.is_empty() && text.bytes().all(fits)
}

/// Is the answer to PING the word PONG? An error where there is no connection.
fn ping(place: &Place, timeout: Duration) -> io::Result<bool> {
    Ok(match place {
        Place::Tcp(host, port) => {
            let port: u16 = port.parse().map_err(|_| io::ErrorKind::InvalidInput)?;
            let stream = TcpStream::connect((host.as_str(), port))?;
            stream.set_read_timeout(Some(timeout))?;
            answers(stream)
        }
        Place::Unix(path) => {
            let stream = UnixStream::connect(path)?;
            stream.set_read_timeout(Some(timeout))?;
            answers(stream)
        }
    })
}

fn answers(mut stream: impl Read + Write) -> bool {
    let mut line = Vec::new();
    let most = Limits::default().request_line as u64;
    let asked = stream.write_all(b"PING SPAMC/1.5\r\n\r\n");
    let read = asked.and_then(|()| BufReader::new(stream.take(most)).read_until(b'\n', &mut line));
    read.is_ok() && is_pong(&line)
}

/// `SPAMD/1.5 0 PONG`: the third field, and nothing behind it.
fn is_pong(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let Ok(line) = std::str::from_utf8(line) else { return false };
    let Some((_, rest)) = line.split_once(|c: char| c.is_ascii_whitespace()) else { return false };
    let rest = rest.trim_ascii_start().split_once(|c: char| c.is_ascii_whitespace());
    rest.is_some_and(|(_, word)| word.trim_ascii_start() == "PONG")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(words: &[&str]) -> Result<Question, String> {
        let words = ["check_spamd"].iter().chain(words);
        Question::new(&command().try_get_matches_from(words).unwrap())
    }

    fn why(words: &[&str]) -> String {
        question(words).err().unwrap_or_default()
    }

    #[test]
    fn values_are_held_to_their_forms_and_to_each_other() {
        for (words, expected) in [
            (&["-c", "x"][..], "invalid critical config value provided"),
            (&["-w", "-1"], "invalid warning config value provided"),
            (&["-t", "0.5"], "invalid timeout config value provided"),
            (&["-t", ""], "invalid timeout config value provided"),
            (&["-H", "a b"], "invalid hostname config value provided"),
            (&["-p", "spamd"], "invalid port config value provided"),
            (
                &["-c", "1", "-w", "2"],
                "critical value is less than warning value, config not valid",
            ),
            (
                &["-c", "3", "-t", "2"],
                "critical value is greater than timeout value, config not valid",
            ),
            (
                &["-w", "3", "-t", "2"],
                "warning value is greater than timeout value, config not valid",
            ),
            (
                &["-p", "1", "--socketpath", "/s"],
                "both TCP and UNIX domain socket info provided, only one can be used",
            ),
        ] {
            assert_eq!(why(words), expected, "{words:?}");
        }
    }

    #[test]
    fn what_is_not_said_is_spamds_own() {
        let question = question(&["--time=2.", "--warn", "1", "-v", "-H", "0", "-p0"]).unwrap();
        assert_eq!(question.place, Place::Tcp("localhost".to_owned(), "783".to_owned()));
        assert_eq!(
            (question.timeout, question.warning),
            (Duration::from_secs(2), Some(Duration::from_secs(1)))
        );
        assert!(question.critical.is_none() && question.verbose);
    }

    #[test]
    fn a_host_may_bring_its_port() {
        for (host, expected) in
            [("h", ("h", "1")), ("h:2", ("h", "2")), ("h:", ("h", "1")), ("::1", ("::1", "1"))]
        {
            let place = Place::Tcp(expected.0.to_owned(), expected.1.to_owned());
            assert_eq!(tcp(host, "1"), place);
        }
    }

    #[test]
    fn only_pong_is_pong() {
        for line in ["SPAMD/1.5 0 PONG\r\n", "SPAMD/1.5  0\tPONG\n", "a b PONG"] {
            assert!(is_pong(line.as_bytes()), "{line:?}");
        }
        for line in
            ["", "\r\n", "PONG", "0 PONG", "a b PONG c", "a b pong", "SPAMD/1.0 76 Bad header line"]
        {
            assert!(!is_pong(line.as_bytes()), "{line:?}");
        }
    }
}
