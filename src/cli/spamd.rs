//! `mailprint spamd`, or the program called by the name spamd: the server.
//!
//! Options are spamd's (`spamd(8p)`). Those whose function is not built yet are known, so
//! that none is mistaken for another, and end with 69 (`EX_UNAVAILABLE`).

use super::{Failure, Outcome, detach, flag, options, out, ruleset, valued};
use crate::config::Config;
use crate::error::Code;
use crate::log::{Areas, Target};
use crate::server::{StartError, daemon};
use clap::{Arg, ArgMatches, Command, value_parser};
use std::path::{Path, PathBuf};

/// spamd's options that do nothing yet, all of them switches: name and letter.
const NOT_BUILT: &[(&str, Option<char>)] = &[
    ("sql-config", Some('q')),
    ("setuid-with-sql", Some('Q')),
    ("ldap-config", None),
    ("setuid-with-ldap", None),
    ("vpopmail", Some('v')),
];

/// Options that tune spamd's child processes, of which there are none here.
const CHILDREN: &[&str] = &["min-children", "min-spare", "max-spare", "max-conn-per-child"];

/// Ways to say what is so anyway.
const SO_ANYWAY: &[(&str, &str)] = &[
    ("nosql-config", "no-sql-config"),
    ("noldap-config", "no-ldap-config"),
    ("novpopmail", "no-vpopmail"),
    ("nolocal", "no-local"),
    ("noround-robin", "no-round-robin"),
    ("noadd-from", "no-add-from"),
];

/// spamd's exit status for an option that it has no more.
const REMOVED_OPTION: u8 = 2;

/// Its description.
pub fn command() -> Command {
    let command = Command::new("spamd")
        .about("Serve spamc and the other clients of spamd")
        .long_about(
            "Serves clients of spamd until SIGTERM, which lets requests in hand be answered; a \
             second one ends at once. SIGHUP reloads the rules and opens the log again: the new \
             rules come into force together, or, if they cannot be loaded, the old ones stay and \
             the log says why. SIGUSR1 opens the log again, SIGUSR2 tells it how things stand.\n\n\
             Started by root the server opens sockets, log and PID file, starts a keeper that \
             opens each user's preferences as that user, becomes the user of -u or nobody, and \
             only then reads rules and lets clients in.\n\n\
             Sockets that systemd hands over (LISTEN_FDS) take the place of those that options \
             name: one called http is for /metrics, the others are for clients. With NOTIFY_SOCKET \
             systemd is told of start, reloads and end, and that the server is alive.",
        )
        .disable_version_flag(true)
        .infer_long_args(true);
    not_built(children(logging(users(options::rules(served(command))))))
        .arg(flag("version", "Say whose version it is, as spamd does").short('V'))
        .arg(flag("stop-at-threshold", "Nothing").short('S').hide(true))
        .arg(flag("add-from", "Nothing").hide(true))
        .arg(flag(detach::OPTION, "This is the one in the background").hide(true))
        .arg(Arg::new("F").short('F').num_args(0..=1).hide(true))
}

/// An option with a number, which with spamd may be negative and then counts as none.
fn number(name: &'static str, help: &'static str) -> Arg {
    valued(name, "N", help).value_parser(value_parser!(i64)).allow_negative_numbers(true)
}

/// A switch, its letter, and two ways to write its opposite; of several the last counts.
struct Switch(&'static str, char, [&'static str; 2]);

const DAEMONIZE: Switch = Switch("daemonize", 'd', ["nodaemonize", "no-daemonize"]);
const CREATE_PREFS: Switch = Switch("create-prefs", 'c', ["nocreate-prefs", "no-create-prefs"]);
const PARANOID: Switch = Switch("paranoid", 'P', ["noparanoid", "no-paranoid"]);

impl Switch {
    fn on(&self, command: Command, help: &'static str) -> Command {
        let Switch(name, letter, [no, alias]) = *self;
        command
            .arg(flag(name, help).short(letter).overrides_with(no))
            .arg(flag(no, "Not so").alias(alias).hide(true).overrides_with(name))
    }

    /// What it says, if it or its opposite is given.
    fn of(&self, matches: &ArgMatches) -> Option<bool> {
        let Switch(name, _, [no, _]) = self;
        match (matches.get_flag(name), matches.get_flag(no)) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }
}

/// The options that are the server's own.
fn served(command: Command) -> Command {
    let command = command
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
        .arg(
            valued("port", "N", "The port of places that name none")
                .short('p')
                .value_parser(value_parser!(usize)),
        )
        .arg(
            flag("ipv4-only", "Listen on IPv4 only")
                .short('4')
                .aliases(["ipv4only", "ipv4"])
                .overrides_with("ipv6-only"),
        )
        .arg(flag("ipv6-only", "Listen on IPv6 only").short('6').overrides_with("ipv4-only"))
        .arg(valued("socketpath", "PATH", "A UNIX socket to listen on"))
        .arg(valued("socketowner", "USER", "The user that it is given to"))
        .arg(valued("socketgroup", "GROUP", "The group that it is given to"))
        .arg(valued("socketmode", "MODE", "Its mode, in octal digits"))
        .arg(options::repeated("allowed-ips", "LIST", "Clients that are served on TCP").short('A'))
        .arg(flag("allow-tell", "Answer TELL, by which clients teach and report").short('l'))
        .arg(flag("ssl", "TLS on every TCP place"))
        .arg(
            valued("ssl-port", "N", "TLS on every TCP place, and this port where one names none")
                .value_parser(value_parser!(usize)),
        )
        .arg(valued("server-key", "FILE", "The server's key for TLS, in PEM"))
        .arg(valued("server-cert", "FILE", "The server's certificates for TLS, in PEM"))
        .arg(flag("ssl-verify", "Serve only clients that show a certificate"))
        .arg(valued("ssl-ca-file", "FILE", "Whose certificates will do for that, in PEM"))
        .arg(valued("ssl-ca-path", "PATH", "The same as a folder that openssl rehash was run on"))
        .arg(number("max-children", "Scans at once; less than 1: as many as processors").short('m'))
        .arg(
            number("timeout-tcp", "Seconds that a client has to send its request; 0: a year")
                .short('T'),
        )
        .arg(number("timeout-child", "Seconds that a scan may take; 0: a year").short('t'))
        .arg(valued("pidfile", "FILE", "Write the process number there").short('r'))
        .arg(
            valued("helper-home-dir", "PATH", "The home of helper programs; none are called")
                .short('H')
                .num_args(0..=1)
                .default_missing_value(""),
        );
    DAEMONIZE.on(command, "Serve in the background; return when the server answers")
}

/// Who it runs as, and whose preferences count.
fn users(command: Command) -> Command {
    let command = command
        .arg(valued("username", "USER", "Run as this user, for everybody").short('u'))
        .arg(valued("groupname", "GROUP", "Run as this group, beside -u").short('g'))
        .arg(
            valued("default-user", "USER", "Who stands for users that are not known or named")
                .short('U'),
        )
        .arg(
            flag("nouser-config", "Read no users' preferences in their homes")
                .short('x')
                .alias("no-user-config")
                .overrides_with("user-config"),
        )
        .arg(flag("user-config", "Read them, which is so anyway").overrides_with("nouser-config"))
        .arg(valued(
            "virtual-config-dir",
            "PATTERN",
            "The folders of users without an account: %u %l %d %x %%; with -x and -u",
        ));
    let command = CREATE_PREFS.on(command, "Make preferences for users who have none");
    PARANOID.on(command, "Do not answer requests for users that are not known")
}

/// What is logged, and where.
fn logging(command: Command) -> Command {
    command
        .arg(
            valued("syslog", "TARGET", "A facility of syslog, stderr, null, file or a path")
                .short('s'),
        )
        .arg(valued("syslog-socket", "TYPE", "unix, inet, udp, tcp, none, or a socket's path"))
        .arg(
            valued("log-timestamp-fmt", "FORMAT", "How times are written (strftime); or default")
                .num_args(0..=1)
                .default_missing_value(""),
        )
        .arg(
            valued("debug", "AREAS", "Log what happens inside: config,rules,check,…; all")
                .short('D')
                .num_args(0..=1)
                .default_missing_value("all"),
        )
        .arg(flag("timing", "Log how long the parts of each scan took"))
}

/// The options for child processes: they are known, and tell that they change nothing.
fn children(mut command: Command) -> Command {
    for name in CHILDREN {
        command = command.arg(number(name, "Nothing: there are no child processes").hide(true));
    }
    command.arg(flag("round-robin", "Nothing").hide(true))
}

/// The options that end with 69, and those that change nothing.
fn not_built(mut command: Command) -> Command {
    for (name, letter) in NOT_BUILT {
        command = command.arg(flag(name, "Nothing").short(*letter).hide(true));
    }
    for (name, alias) in SO_ANYWAY {
        command = command.arg(flag(name, "Nothing").alias(*alias).hide(true));
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
    if matches.get_flag("add-from") || matches.get_flag("noadd-from") || matches.contains_id("F") {
        eprintln!("spamd: the option -F, --add-from is gone since spamd 2.3; leave it out");
        return Ok(REMOVED_OPTION);
    }
    let config = config(matches)?;
    let detached = matches.get_flag(detach::OPTION);
    if DAEMONIZE.of(matches) == Some(true) && !detached {
        return detach::start();
    }
    serve(matches, config, detached)
}

/// Serves until the end. A reload reads file, environment and options again.
fn serve(matches: &ArgMatches, config: Config, detached: bool) -> Outcome {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let config = absolute(config, &here);
    if detached {
        detach::leave("spamd")?;
    }
    let matches_again = matches.clone();
    let load = move || {
        // Names of files may be relative to where it all began.
        let back = detached.then(|| std::env::set_current_dir(&here));
        let config = self::config(&matches_again);
        let loaded = config.map_err(|why| why.text).and_then(|config| ruleset::load(&config));
        if back.is_some() {
            let _ = std::env::set_current_dir("/");
        }
        loaded
    };
    let ready = || {
        if detached {
            detach::ready();
        }
    };
    daemon::run(&config, &ignored(matches), Box::new(load), ready)
        .map(|()| 0)
        .map_err(|error| Failure::new(code_of(&error), error.to_string()))
}

/// What is opened once, by names that hold wherever the process goes.
fn absolute(mut config: Config, here: &Path) -> Config {
    if let Ok(Target::File(path)) = Target::parse(&config.log_target, &config.syslog_socket) {
        config.log_target = here.join(path).display().to_string();
    }
    config.socket = config.socket.map(|path| here.join(path));
    config.pid_file = config.pid_file.map(|path| here.join(path));
    config.fingerprints = config.fingerprints.map(|path| here.join(path));
    for feed in config.feeds.values_mut() {
        for file in [&mut feed.ca_file, &mut feed.client_file, &mut feed.header_file] {
            // An empty name is none.
            *file = file.take().filter(|path| !path.as_os_str().is_empty());
            *file = file.take().map(|path| here.join(path));
        }
    }
    config.tls_key = here.join(config.tls_key);
    config.tls_cert = here.join(config.tls_cert);
    config.tls_ca_file = config.tls_ca_file.map(|path| here.join(path));
    config.tls_ca_path = config.tls_ca_path.map(|path| here.join(path));
    config
}

/// What the log says of options that change nothing.
fn ignored(matches: &ArgMatches) -> Vec<String> {
    let child = CHILDREN.iter().filter(|name| matches.contains_id(name));
    let round = matches.get_flag("round-robin").then_some(&"round-robin");
    let mut all: Vec<String> = child
        .chain(round)
        .map(|name| {
            format!("the option --{name} is for child processes, of which there are none; ignored")
        })
        .collect();
    if matches.get_flag("stop-at-threshold") {
        all.push("the option -S does nothing any more and is ignored".to_owned());
    }
    all
}

fn code_of(error: &StartError) -> Code {
    match error {
        StartError::Rules(_) | StartError::Setting(_) | StartError::Tls(_) => Code::Config,
        StartError::User(_) => Code::NoUser,
        StartError::Denied(_) => Code::NoPerm,
        StartError::Log(_) => Code::CantCreat,
        StartError::Fingerprints(_) => Code::Config,
        StartError::Metrics(_) => Code::Software,
        StartError::System { .. } => Code::OsErr,
    }
}

/// The configuration with spamd's options.
fn config(matches: &ArgMatches) -> Result<Config, Failure> {
    refuse_not_built(matches)?;
    let mut config = options::config(matches)?;
    let number = |name: &str| matches.get_one::<i64>(name).copied();
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let given = |name: &str| Some(options::all(matches, name)).filter(|all| !all.is_empty());
    let star = |place: String| if place.is_empty() { "*".to_owned() } else { place };
    config.listen = given("listen")
        .map(|places| places.into_iter().map(star).collect())
        .unwrap_or(config.listen);
    config.port = matches.get_one::<usize>("port").copied().unwrap_or(config.port);
    config.socket = text("socketpath").map(PathBuf::from).or(config.socket);
    config.socket_owner = text("socketowner").unwrap_or(config.socket_owner);
    config.socket_group = text("socketgroup").unwrap_or(config.socket_group);
    config.socket_mode = text("socketmode").unwrap_or(config.socket_mode);
    config.allowed = given("allowed-ips").unwrap_or(config.allowed);
    config.allow_tell |= matches.get_flag("allow-tell");
    config.tls |= matches.get_flag("ssl");
    config.tls_port = matches.get_one::<usize>("ssl-port").copied().unwrap_or(config.tls_port);
    config.tls_key = text("server-key").map_or(config.tls_key, PathBuf::from);
    config.tls_cert = text("server-cert").map_or(config.tls_cert, PathBuf::from);
    config.tls_verify |= matches.get_flag("ssl-verify");
    config.tls_ca_file = text("ssl-ca-file").map(PathBuf::from).or(config.tls_ca_file);
    config.tls_ca_path = text("ssl-ca-path").map(PathBuf::from).or(config.tls_ca_path);
    for (option, families) in [("ipv4-only", "ipv4"), ("ipv6-only", "ipv6")] {
        if matches.get_flag(option) {
            config.families = families.to_owned();
        }
    }
    if let Some(scans) = number("max-children") {
        config.workers = usize::try_from(scans).unwrap_or(0);
    }
    if let Some(limit) = number("timeout-tcp").and_then(milliseconds) {
        config.limits.read_milliseconds = limit;
    }
    if let Some(limit) = number("timeout-child").and_then(milliseconds) {
        config.limits.scan_milliseconds = limit;
    }
    config.pid_file = text("pidfile").map(PathBuf::from).or(config.pid_file);
    whose(matches, &mut config)?;
    log_of(matches, &mut config);
    checked(config)
}

/// Who the server is, and whose preferences it reads.
fn whose(matches: &ArgMatches, config: &mut Config) -> Result<(), Failure> {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    config.user = text("username").unwrap_or_else(|| config.user.clone());
    config.group = text("groupname").unwrap_or_else(|| config.group.clone());
    config.default_user = text("default-user").unwrap_or_else(|| config.default_user.clone());
    config.user_config |= matches.get_flag("user-config");
    config.user_config &= !matches.get_flag("nouser-config");
    config.virtual_dir = text("virtual-config-dir").unwrap_or_else(|| config.virtual_dir.clone());
    config.create_prefs = CREATE_PREFS.of(matches).unwrap_or(config.create_prefs);
    config.paranoid = PARANOID.of(matches).unwrap_or(config.paranoid);
    if !config.virtual_dir.is_empty() && config.user.is_empty() {
        let what = "cannot use --virtual-config-dir without -u";
        return Err(Failure::new(Code::Usage, what));
    }
    Ok(())
}

fn log_of(matches: &ArgMatches, config: &mut Config) {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    config.log_target = text("syslog").unwrap_or_else(|| config.log_target.clone());
    config.syslog_socket = text("syslog-socket").unwrap_or_else(|| config.syslog_socket.clone());
    config.timestamps = text("log-timestamp-fmt").unwrap_or_else(|| config.timestamps.clone());
    config.timing |= matches.get_flag("timing");
    if let Some(areas) = text("debug") {
        if Areas::parse(&[&areas]).any() {
            config.log_level = "debug".to_owned();
        }
        config.log_areas = vec![areas];
    }
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
    for (name, letter) in NOT_BUILT {
        if matches.get_flag(name) {
            let letter = letter.map_or(String::new(), |letter| format!("-{letter}, "));
            return Err(Failure::not_built(&format!("the option {letter}--{name}")));
        }
    }
    Ok(())
}

/// Seconds as the limits count them; spamd's 0, for ever, is a year, and what is less does not
/// count.
fn milliseconds(seconds: i64) -> Option<usize> {
    const YEAR: usize = 365 * 24 * 3600;
    let seconds = usize::try_from(seconds).ok()?;
    Some(1000 * if seconds == 0 { YEAR } else { seconds.min(YEAR) })
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
    fn options_of_tls_and_tell_are_read() {
        let config = parsed(&["-l", "--ssl-port=784", "--server-key", "k", "--ssl-ca-path=c"]);
        let config = config.unwrap();
        assert!(config.allow_tell && config.tls_everywhere() && config.verifies_clients());
        assert_eq!((config.tls_port, config.tls_key.as_path()), (784, Path::new("k")));
        let config = absolute(config, Path::new("/srv"));
        assert_eq!(config.tls_ca_path, Some("/srv/c".into()));
        assert_eq!(config.tls_cert, Config::default().tls_cert);
        let config = parsed(&["--ssl", "--server-cert=s"]).unwrap();
        assert!(config.tls && !config.verifies_clients() && !config.allow_tell);
        assert!(parsed(&["--ssl-verify"]).unwrap().tls_everywhere());
        assert!(!parsed(&[]).unwrap().tls_everywhere());
    }

    #[test]
    fn an_option_that_is_not_built_is_named() {
        for (name, letter) in NOT_BUILT {
            let failure = parsed(&[&format!("--{name}")]).unwrap_err();
            assert_eq!(failure.code, Code::Unavailable, "{name}");
            assert!(failure.text.contains(&format!("--{name}")), "{}", failure.text);
            if let Some(letter) = letter {
                assert_eq!(parsed(&[&format!("-{letter}")]).unwrap_err().code, Code::Unavailable);
            }
        }
        assert_eq!(parsed(&["--socketmode", "9"]).unwrap_err().code, Code::Usage);
    }

    #[test]
    fn of_a_switch_and_its_opposite_the_last_counts() {
        let prefs = |words: &[&str]| parsed(words).unwrap().user_config;
        assert!(prefs(&[]) && prefs(&["-x", "--user-config"]));
        assert!(!prefs(&["--user-config", "-x"]) && !prefs(&["--nouser-config"]));
        let created = |words: &[&str]| parsed(words).unwrap().create_prefs;
        assert!(created(&["-c"]) && created(&["--nocreate-prefs", "--create-prefs"]));
        assert!(!created(&["-c", "--no-create-prefs"]) && !created(&[]));
        assert!(parsed(&["-P"]).unwrap().paranoid);
        assert_eq!(parsed(&["-4", "-6"]).unwrap().families, "ipv6");
        assert_eq!(parsed(&["-6", "--ipv4"]).unwrap().families, "ipv4");
    }

    #[test]
    fn options_of_the_field_are_understood() {
        // What Debian's packages start spamd with.
        let config = parsed(&[
            "--create-prefs",
            "--max-children",
            "5",
            "--helper-home-dir",
            "-d",
            "--pidfile=/run/spamd.pid",
        ])
        .unwrap();
        assert_eq!((config.workers, config.create_prefs), (5, true));
        assert_eq!(config.pid_file, Some("/run/spamd.pid".into()));
        let config = parsed(&[
            "-D",
            "config,rules",
            "--log-timestamp-fmt=",
            "--syslog-soc=inet",
            "-slocal3",
            "--timing",
            "-u",
            "spam",
            "-gmail",
            "-Unobody",
            "-xvirtual",
        ]);
        assert!(config.is_err(), "-v is not built");
        let config = parsed(&[
            "-Dconfig,rules",
            "--log-timestamp-fmt=",
            "--syslog-soc=inet",
            "-slocal3",
            "--timing",
            "-uspam",
            "-gmail",
            "-Unobody",
            "-x",
            "--virtual-config-dir=/v/%u",
            "-m-1",
            "-T",
            "-5",
        ])
        .unwrap();
        assert_eq!(config.log_areas, ["config,rules"]);
        assert_eq!((config.log_level.as_str(), config.timestamps.as_str()), ("debug", ""));
        assert_eq!((config.syslog_socket.as_str(), config.log_target.as_str()), ("inet", "local3"));
        assert_eq!((config.user.as_str(), config.group.as_str()), ("spam", "mail"));
        assert_eq!((config.workers, config.limits.read_milliseconds), (0, 30_000));
        assert!(config.timing && !config.user_config && config.virtual_dir == "/v/%u");
        assert_eq!(parsed(&["--virtual-config-dir=/v"]).unwrap_err().code, Code::Usage);
        assert_eq!(parsed(&["-u", "a", "--virtual-config-dir=v"]).unwrap_err().code, Code::Usage);
        assert_eq!(parsed(&["-D", "info"]).unwrap().log_level, "info");
    }

    #[test]
    fn options_for_children_are_known_and_told_of() {
        let words = ["spamd", "--min-children=2", "--max-spare", "3", "--round-robin", "-S"];
        let matches = command().try_get_matches_from(words).unwrap();
        let told = ignored(&matches);
        assert_eq!(told.len(), 4);
        assert!(told[0].contains("--min-children") && told[2].contains("--round-robin"));
    }

    #[test]
    fn files_are_found_from_wherever_the_process_is() {
        let config = Config {
            log_target: "./mail.log".into(),
            pid_file: Some("pid".into()),
            ..Config::default()
        };
        let config = absolute(config, Path::new("/srv"));
        assert_eq!(config.log_target, "/srv/./mail.log");
        assert_eq!(config.pid_file, Some("/srv/pid".into()));
        let config = absolute(Config::default(), Path::new("/srv"));
        assert_eq!(config.log_target, Config::default().log_target);
    }
}
