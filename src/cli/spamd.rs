//! `mailprint spamd`, or the program called by the name spamd: the server.
//!
//! Options are spamd's (`spamd(8p)`). Those whose function is not built yet are known, so
//! that none is mistaken for another, and end with 69 (`EX_UNAVAILABLE`).

use super::{Failure, Outcome, flag, options, out, ruleset, valued};
use crate::config::Config;
use crate::error::Code;
use crate::log::{Level, Log, Target};
use crate::server::{Server, StartError, signals};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::path::PathBuf;

/// spamd's options that do nothing yet: name, letter, does it take a value.
const NOT_BUILT: &[(&str, Option<char>, Takes)] = &[
    ("create-prefs", Some('c'), Takes::Nothing),
    ("daemonize", Some('d'), Takes::Nothing),
    ("default-user", Some('U'), Takes::Value),
    ("groupname", Some('g'), Takes::Value),
    ("username", Some('u'), Takes::Value),
    ("helper-home-dir", Some('H'), Takes::Perhaps),
    ("ipv4-only", Some('4'), Takes::Nothing),
    ("ipv6-only", Some('6'), Takes::Nothing),
    ("socketowner", None, Takes::Value),
    ("socketgroup", None, Takes::Value),
    ("sql-config", Some('q'), Takes::Nothing),
    ("setuid-with-sql", Some('Q'), Takes::Nothing),
    ("ldap-config", None, Takes::Nothing),
    ("setuid-with-ldap", None, Takes::Nothing),
    ("min-children", None, Takes::Value),
    ("min-spare", None, Takes::Value),
    ("max-spare", None, Takes::Value),
    ("max-conn-per-child", None, Takes::Value),
    ("round-robin", None, Takes::Nothing),
    ("user-config", None, Takes::Nothing),
    ("paranoid", Some('P'), Takes::Nothing),
    ("pidfile", Some('r'), Takes::Value),
    ("syslog-socket", None, Takes::Value),
    ("log-timestamp-fmt", None, Takes::Perhaps),
    ("timing", None, Takes::Nothing),
    ("vpopmail", Some('v'), Takes::Nothing),
    ("virtual-config-dir", None, Takes::Value),
];

/// Ways to say what is so anyway.
const SO_ANYWAY: &[&str] = &[
    "nocreate-prefs",
    "no-create-prefs",
    "nodaemonize",
    "no-daemonize",
    "nosql-config",
    "no-sql-config",
    "noldap-config",
    "no-ldap-config",
    "noround-robin",
    "no-round-robin",
    "noparanoid",
    "no-paranoid",
    "novpopmail",
    "no-vpopmail",
    "nolocal",
    "no-local",
];

/// spamd's exit status for an option that it has no more.
const REMOVED_OPTION: u8 = 2;

#[derive(Clone, Copy)]
enum Takes {
    Nothing,
    Value,
    Perhaps,
}

/// Its description.
pub fn command() -> Command {
    let command = Command::new("spamd")
        .about("Serve spamc and the other clients of spamd")
        .long_about(
            "Serves clients of spamd until SIGTERM, which lets requests in hand be answered. \
             SIGHUP reloads the rules: the new ones come into force together, or, if \
             they cannot be loaded, the old ones stay and the log says why.",
        )
        .disable_version_flag(true);
    not_built(options::rules(served(command)))
        .arg(flag("version", "Say whose version it is, as spamd does").short('V'))
        .arg(flag("stop-at-threshold", "Nothing").short('S').hide(true))
        .arg(flag("add-from", "Nothing").hide(true))
        .arg(Arg::new("F").short('F').num_args(0..=1).hide(true))
}

/// The options that are the server's own.
fn served(command: Command) -> Command {
    let number = |name, help| valued(name, "N", help).value_parser(value_parser!(usize));
    command
        .arg(
            options::repeated(
                "listen",
                "PLACE",
                "Where to listen: [ssl:]host[:port], [v6]:port, * or a path; without a value *",
            )
            .short('i')
            .num_args(0..=1)
            .default_missing_value("*")
            .aliases(["listen-ip", "ip-address"]),
        )
        .arg(number("port", "The port of places that name none").short('p'))
        .arg(valued("socketpath", "PATH", "A UNIX socket to listen on"))
        .arg(valued("socketmode", "MODE", "Its mode, in octal digits"))
        .arg(options::repeated("allowed-ips", "LIST", "Clients that are served on TCP").short('A'))
        .arg(flag("allow-tell", "Answer TELL, by which clients teach and report").short('l'))
        .arg(flag("ssl", "TLS on every TCP place"))
        .arg(number("ssl-port", "TLS on every TCP place, and this port where one names none"))
        .arg(valued("server-key", "FILE", "The server's key for TLS, in PEM"))
        .arg(valued("server-cert", "FILE", "The server's certificates for TLS, in PEM"))
        .arg(flag("ssl-verify", "Serve only clients that show a certificate"))
        .arg(valued("ssl-ca-file", "FILE", "Whose certificates will do for that, in PEM"))
        .arg(valued("ssl-ca-path", "PATH", "The same as a folder that openssl rehash was run on"))
        .arg(number("max-children", "Threads that scan").short('m'))
        .arg(
            number("timeout-tcp", "Seconds that a client has to send its request; 0: a year")
                .short('T'),
        )
        .arg(number("timeout-child", "Seconds that a scan may take; 0: a year").short('t'))
        .arg(flag("nouser-config", "No users' preferences, which is so anyway").short('x'))
        .arg(
            valued("syslog", "TARGET", "Where the log goes: stderr, null or a file's path")
                .short('s'),
        )
        .arg(
            valued("debug", "AREAS", "Log what happens inside")
                .short('D')
                .num_args(0..=1)
                .default_missing_value("all"),
        )
}

/// The options that end with 69, and those that change nothing.
fn not_built(mut command: Command) -> Command {
    for (name, letter, takes) in NOT_BUILT {
        let mut option = Arg::new(*name).long(*name).hide(true);
        if let Some(letter) = letter {
            option = option.short(*letter);
        }
        command = command.arg(match takes {
            Takes::Nothing => option.action(ArgAction::SetTrue),
            Takes::Value => option.action(ArgAction::Append),
            Takes::Perhaps => option.num_args(0..=1).default_missing_value(""),
        });
    }
    for name in SO_ANYWAY {
        command = command.arg(flag(name, "Nothing").hide(true));
    }
    command
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Outcome {
    if matches.get_flag("version") {
        let version = concat!(
            "SpamAssassin Server version 4.0.1\n  running on mailprint ",
            env!("CARGO_PKG_VERSION"),
            "\n"
        );
        out::print(version.as_bytes())?;
        return Ok(0);
    }
    if matches.get_flag("add-from") || matches.contains_id("F") {
        eprintln!("spamd: the option -F, --add-from is gone since spamd 2.3; leave it out");
        return Ok(REMOVED_OPTION);
    }
    let config = config(matches)?;
    let log = Log::open(target(&config)?, level(&config)).map_err(|error| {
        Failure::new(Code::CantCreat, format!("{}: {error}", config.log_target))
    })?;
    if matches.get_flag("stop-at-threshold") {
        log.warn("spamd: the option -S does nothing any more and is ignored");
    }
    serve(matches, config, log)
}

/// Serves until the end. A reload reads file, environment and options again.
fn serve(matches: &ArgMatches, settings: Config, log: Log) -> Outcome {
    let system = |error| Failure::new(Code::OsErr, format!("no threads for the server: {error}"));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(system)?;
    let matches = matches.clone();
    let load =
        move || config(&matches).map_err(|why| why.text).and_then(|config| ruleset::load(&config));
    let started = Server::start(&settings, log, Box::new(load));
    let served =
        started.and_then(|server| runtime.block_on(signals::run(server, &settings, |_| {})));
    // Connections that the drain has cut off are not waited for again.
    runtime.shutdown_background();
    served.map(|()| 0).map_err(|error| Failure::new(code_of(&error), error.to_string()))
}

fn code_of(error: &StartError) -> Code {
    match error {
        StartError::Rules(_) | StartError::Setting(_) => Code::Config,
        StartError::Metrics(_) => Code::Software,
        StartError::System { .. } => Code::OsErr,
    }
}

/// The configuration with spamd's options.
fn config(matches: &ArgMatches) -> Result<Config, Failure> {
    refuse_not_built(matches)?;
    let mut config = options::config(matches)?;
    let number = |name: &str| matches.get_one::<usize>(name).copied();
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let given = |name: &str| Some(options::all(matches, name)).filter(|all| !all.is_empty());
    let star = |place: String| if place.is_empty() { "*".to_owned() } else { place };
    config.listen = given("listen")
        .map(|places| places.into_iter().map(star).collect())
        .unwrap_or(config.listen);
    config.port = number("port").unwrap_or(config.port);
    config.socket = text("socketpath").map(PathBuf::from).or(config.socket);
    config.socket_mode = text("socketmode").unwrap_or(config.socket_mode);
    config.allowed = given("allowed-ips").unwrap_or(config.allowed);
    config.allow_tell |= matches.get_flag("allow-tell");
    config.tls |= matches.get_flag("ssl");
    config.tls_port = number("ssl-port").unwrap_or(config.tls_port);
    config.tls_key = text("server-key").map_or(config.tls_key, PathBuf::from);
    config.tls_cert = text("server-cert").map_or(config.tls_cert, PathBuf::from);
    config.tls_verify |= matches.get_flag("ssl-verify");
    config.tls_ca_file = text("ssl-ca-file").map(PathBuf::from).or(config.tls_ca_file);
    config.tls_ca_path = text("ssl-ca-path").map(PathBuf::from).or(config.tls_ca_path);
    config.workers = number("max-children").unwrap_or(config.workers);
    if let Some(seconds) = number("timeout-tcp") {
        config.limits.read_milliseconds = milliseconds(seconds);
    }
    if let Some(seconds) = number("timeout-child") {
        config.limits.scan_milliseconds = milliseconds(seconds);
    }
    config.log_target = text("syslog").unwrap_or(config.log_target);
    if matches.contains_id("debug") && text("debug").is_some_and(|areas| areas != "info") {
        config.log_level = "debug".to_owned();
    }
    checked(config)
}

/// The options are held to the same ranges as the file.
fn checked(config: Config) -> Result<Config, Failure> {
    for setting in crate::config::table::all() {
        if let Some(value) = config.get(setting.name) {
            setting.check(&value).map_err(|why| Failure::new(Code::Usage, why))?;
        }
    }
    Ok(config)
}

fn refuse_not_built(matches: &ArgMatches) -> Result<(), Failure> {
    for (name, letter, takes) in NOT_BUILT {
        let given = match takes {
            Takes::Nothing => matches.get_flag(name),
            Takes::Value | Takes::Perhaps => matches.contains_id(name),
        };
        if given {
            let letter = letter.map_or(String::new(), |letter| format!("-{letter}, "));
            return Err(Failure::not_built(&format!("the option {letter}--{name}")));
        }
    }
    Ok(())
}

/// Seconds as the limits count them; spamd's 0, for ever, is a year.
fn milliseconds(seconds: usize) -> usize {
    const YEAR: usize = 365 * 24 * 3600;
    let seconds = if seconds == 0 { YEAR } else { seconds.min(YEAR) };
    seconds * 1000
}

fn level(config: &Config) -> Level {
    Level::named(&config.log_level).unwrap_or(Level::Info)
}

/// Where the log goes: spamd takes a facility, or a path by its characters.
fn target(config: &Config) -> Result<Target, Failure> {
    Ok(match config.log_target.as_str() {
        "stderr" => Target::Stderr,
        "null" => Target::Null,
        "file" => Target::File(PathBuf::from("spamd.log")),
        path if path.contains(|c: char| !c.is_ascii_alphanumeric() && c != '_') => {
            Target::File(PathBuf::from(path))
        }
        facility => {
            let what = format!("logging to syslog ({facility}; stderr, null and files are)");
            return Err(Failure::not_built(&what));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Config, Failure> {
        let file =
            std::env::temp_dir().join(format!("mailprint-spamd-{}.yaml", std::process::id()));
        std::fs::write(&file, "").unwrap();
        let file = file.to_str().unwrap();
        let words = ["spamd", "--config", file].into_iter().chain(words.iter().copied());
        config(&command().try_get_matches_from(words).unwrap())
    }

    #[test]
    fn options_mean_what_they_mean_to_spamd() {
        let config = parsed(&[
            "-L",
            "-x",
            "-i127.0.0.1:1783",
            "-i",
            "[::1]",
            "-p",
            "17",
            "-m",
            "3",
            "-T5",
            "-t",
            "0",
            "-A",
            "127.0.0.1,10.",
            "-A",
            "::1",
            "-s",
            "stderr",
            "-D",
            "--socketmode=0600",
            "--nocreate-prefs",
            "--cf",
            "score A 1",
        ])
        .map_err(|failure| failure.text)
        .unwrap();
        assert_eq!(config.listen, ["127.0.0.1:1783", "[::1]"]);
        assert_eq!((config.port, config.workers, config.local), (17, 3, true));
        assert_eq!(config.limits.read_milliseconds, 5000);
        assert_eq!(config.limits.scan_milliseconds, 365 * 24 * 3600 * 1000);
        assert_eq!(config.allowed, ["127.0.0.1,10.", "::1"]);
        assert_eq!((config.socket_mode.as_str(), config.log_level.as_str()), ("0600", "debug"));
        assert_eq!(parsed(&["-i", "-L"]).unwrap().listen, ["*"]);
    }

    #[test]
    fn an_option_that_is_not_built_is_named() {
        for (name, letter, takes) in NOT_BUILT {
            let mut words = vec![format!("--{name}")];
            if matches!(takes, Takes::Value) {
                words.push("1".to_owned());
            }
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let failure = parsed(&words).unwrap_err();
            assert_eq!(failure.code, Code::Unavailable, "{name}");
            assert!(failure.text.contains(&format!("--{name}")), "{}", failure.text);
            if let (Some(letter), Takes::Nothing) = (letter, takes) {
                assert_eq!(parsed(&[&format!("-{letter}")]).unwrap_err().code, Code::Unavailable);
            }
        }
        assert_eq!(
            target(&Config { log_target: "mail".into(), ..Config::default() }).unwrap_err().code,
            Code::Unavailable
        );
        assert_eq!(parsed(&["--socketmode", "9"]).unwrap_err().code, Code::Usage);
    }
}
