//! The table of settings.

use super::zones::{self, Zone};
use crate::config::address::{Allowed, Listen, Unsaid};
use crate::config::feeds::Feeds;
use crate::limits::{self, Limit, Limits, Unit};
use crate::log::Stamp;
use crate::log::syslog::Way;
use std::fmt;
use std::path::PathBuf;

/// A value as the file, the environment or the command line gives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// on, off
    Switch(bool),
    /// A whole number, not negative.
    Count(usize),
    /// A number.
    Decimal(f64),
    /// A text.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
    /// Block lists that are held locally.
    Zones(Vec<Zone>),
}

/// A setting's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `on` or `off`.
    Switch,
    /// A whole number.
    Count,
    /// A number with a fraction.
    Decimal,
    /// A text; empty for nothing.
    Text,
    /// A list of texts.
    Texts,
    /// A list of maps, each with the keys of [`zones::TABLE`].
    Zones,
}

impl Kind {
    /// What the documentation calls it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Switch => "on or off",
            Kind::Count => "whole number",
            Kind::Decimal => "number",
            Kind::Text => "text",
            Kind::Texts => "list of texts",
            Kind::Zones => "list of maps",
        }
    }
}

/// What values a setting may have.
#[derive(Clone, Copy, Debug)]
pub enum Range {
    /// Any of its type.
    Any,
    /// A whole number between these, both included.
    Between(usize, usize),
    /// A number between these, both included.
    Within(f64, f64),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// What the function has nothing against; the text says which those are.
    Checked(&'static str, fn(&str) -> Result<(), String>),
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Range::Any => f.write_str("any"),
            Range::Between(low, high) => write!(f, "{low} to {high}"),
            Range::Within(low, high) => write!(f, "{low} to {high}"),
            Range::OneOf(words) => f.write_str(&words.join(", ")),
            Range::Checked(which, _) => f.write_str(which),
        }
    }
}

/// One row of the table.
#[derive(Clone, Debug)]
pub struct Setting {
    /// `section.name`.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// What the number counts; empty where it counts nothing.
    pub unit: &'static str,
    /// What it may be.
    pub range: Range,
    /// Does SIGHUP bring it into force, or only a restart?
    pub reloadable: bool,
    /// What it does.
    pub meaning: &'static str,
}

impl Setting {
    /// The variable of the environment that sets it: `MAILPRINT_SECTION_NAME`.
    pub fn variable(&self) -> String {
        format!("MAILPRINT_{}", self.name.replace('.', "_").to_ascii_uppercase())
    }

    /// Has nobody anything against `value`?
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let out = |shown: &dyn fmt::Display| {
            Err(format!("{} is {shown}, it may be {}", self.name, self.range))
        };
        let text = |text: &String| match self.range {
            Range::OneOf(words) if !words.contains(&text.as_str()) => out(&format!("{text:?}")),
            Range::Checked(_, check) => check(text).map_err(|why| format!("{}: {why}", self.name)),
            _ => Ok(()),
        };
        match (value, self.range) {
            (Value::Count(n), Range::Between(low, high)) if *n < low || *n > high => out(n),
            (Value::Decimal(n), Range::Within(low, high)) if !(low..=high).contains(n) => out(n),
            (Value::Text(one), _) => text(one),
            (Value::Texts(all), _) => all.iter().try_for_each(text),
            (Value::Zones(all), _) => zones::check_all(all),
            _ => Ok(()),
        }
    }
}

/// A field's type, which knows the values that it is set from and shown as.
pub(super) trait Held: Sized {
    const KIND: Kind;
    fn from_value(value: Value) -> Option<Self>;
    fn to_value(&self) -> Value;
}

macro_rules! held {
    ($($type:ty = $kind:ident, $from:expr, $to:expr;)*) => {$(
        impl Held for $type {
            const KIND: Kind = Kind::$kind;
            fn from_value(value: Value) -> Option<Self> {
                match value {
                    Value::$kind(inner) => Some($from(inner)),
                    _ => None,
                }
            }
            fn to_value(&self) -> Value {
                Value::$kind($to(self))
            }
        }
    )*};
}

held! {
    bool = Switch, |on| on, |on: &bool| *on;
    usize = Count, |n| n, |n: &usize| *n;
    f64 = Decimal, |n| n, |n: &f64| *n;
    String = Text, |text| text, String::clone;
    Vec<String> = Texts, |texts| texts, Vec::clone;
    PathBuf = Text, PathBuf::from, |path: &PathBuf| path.display().to_string();
    Option<PathBuf> = Text,
        |text: String| (!text.is_empty()).then(|| PathBuf::from(text)),
        |path: &Option<PathBuf>| path.as_ref().map_or_else(String::new, |path| path.display().to_string());
}

macro_rules! settings {
    ($($field:ident: $type:ty = $name:literal, $default:expr, $unit:literal, $range:expr,
        $reload:ident, $meaning:literal;)*) => {
        /// Everything that can be set, as it is in force.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Config {
            $(#[doc = $meaning] pub $field: $type,)*
            /// Known fingerprints that others publish.
            pub feeds: Feeds,
            /// The heights of all limits.
            pub limits: Limits,
        }

        impl Default for Config {
            fn default() -> Self {
                Config {
                    $($field: $default,)*
                    feeds: Feeds::default(),
                    limits: Limits::default(),
                }
            }
        }

        /// All settings but the limits, in the order of the documentation.
        pub const TABLE: &[Setting] = &[$(Setting {
            name: $name,
            kind: <$type as Held>::KIND,
            unit: $unit,
            range: $range,
            reloadable: reloadable!($reload),
            meaning: $meaning,
        },)*];

        impl Config {
            /// The value of the setting called `name`.
            pub fn get(&self, name: &str) -> Option<Value> {
                match name {
                    $($name => Some(self.$field.to_value()),)*
                    _ => self.limit(name).map(Value::Count),
                }
            }

            fn put(&mut self, name: &str, value: Value) -> bool {
                match name {
                    $($name => Held::from_value(value).map(|value| self.$field = value).is_some(),)*
                    _ => match (name.strip_prefix("limits."), value) {
                        (Some(limit), Value::Count(height)) => self.limits.set(limit, height),
                        _ => false,
                    },
                }
            }
        }
    };
}

macro_rules! reloadable {
    (reload) => {
        true
    };
    (restart) => {
        false
    };
}

impl Config {
    /// Sets the setting called `name`, if it exists and `value` is in its range.
    pub fn set(&mut self, name: &str, value: Value) -> Result<(), String> {
        let setting = find(name).ok_or_else(|| format!("there is no setting {name}"))?;
        setting.check(&value)?;
        if self.put(name, value) {
            return Ok(());
        }
        Err(format!("{name}: expected {}", setting.kind.word()))
    }

    fn limit(&self, name: &str) -> Option<usize> {
        let name = name.strip_prefix("limits.")?;
        let row = limits::TABLE.iter().find(|row| row.name == name)?;
        Some(self.limits.get(row.limit))
    }
}

/// All settings, the limits behind the others.
pub fn all() -> impl Iterator<Item = Setting> {
    TABLE.iter().cloned().chain(limits::TABLE.iter().map(limit_setting))
}

/// The setting called `name`.
pub fn find(name: &str) -> Option<Setting> {
    all().find(|setting| setting.name == name)
}

fn limit_setting(row: &limits::Row) -> Setting {
    let unit = match row.unit {
        Unit::Bytes => "bytes",
        Unit::Count => "",
        Unit::Milliseconds => "milliseconds",
    };
    Setting {
        name: row.setting,
        kind: Kind::Count,
        unit,
        range: Range::Between(0, isize::MAX as usize),
        // These two size the pool and the permits, which live as long as the server.
        reloadable: !matches!(row.limit, Limit::Connections | Limit::QueuedScans),
        meaning: row.reason,
    }
}

fn listen(text: &str) -> Result<(), String> {
    Listen::parse(text, &Unsaid::default()).map(drop)
}

fn optional_listen(text: &str) -> Result<(), String> {
    if text.is_empty() { Ok(()) } else { listen(text) }
}

fn client(text: &str) -> Result<(), String> {
    Allowed::parse(&[text]).map(drop)
}

fn virtual_dir(pattern: &str) -> Result<(), String> {
    if pattern.is_empty() || pattern.starts_with('/') {
        return Ok(());
    }
    Err(format!("{pattern:?} is no absolute path"))
}

fn syslog_socket(word: &str) -> Result<(), String> {
    if word == "none" || Way::parse(word).is_some() {
        return Ok(());
    }
    Err(format!("{word:?} is no way to syslog; there are unix, inet, udp, tcp, none and paths"))
}

/// The bits of a mode that is written in octal.
pub fn mode(text: &str) -> Result<u32, String> {
    let bits = u32::from_str_radix(text, 8).map_err(|_| format!("{text:?} is no octal mode"))?;
    if bits > 0o7777 { Err(format!("{text:?} is no mode of a file")) } else { Ok(bits) }
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|&text| text.to_owned()).collect()
}

settings! {
    listen: Vec<String> = "server.listen", texts(&["localhost"]), "",
        Range::Checked("host, host:port, [v6]:port, * for every address, each with ssl: in front for TLS, or the path of a UNIX socket", listen), restart,
        "Where spamd clients connect.";
    port: usize = "server.port", 783, "", Range::Between(0, 65535), restart,
        "The port of those places that name none.";
    socket: Option<PathBuf> = "server.socket", None, "", Range::Any, restart,
        "A UNIX socket to listen on; without places in server.listen of your own, the only one.";
    socket_mode: String = "server.socket_mode", "0666".to_owned(), "",
        Range::Checked("octal digits in quotes", |text| mode(text).map(drop)), restart,
        "The mode of the UNIX socket.";
    socket_owner: String = "server.socket_owner", String::new(), "", Range::Any, restart,
        "The user that the UNIX socket is given to; empty for whoever starts the server. Root only.";
    socket_group: String = "server.socket_group", String::new(), "", Range::Any, restart,
        "The group that the UNIX socket is given to. Root only.";
    families: String = "server.families", "both".to_owned(), "", Range::OneOf(&["both", "ipv4", "ipv6"]), restart,
        "Which kinds of addresses are listened on.";
    allowed: Vec<String> = "server.allowed", texts(&["127.0.0.1", "::1"]), "",
        Range::Checked("addresses and networks", client), restart,
        "Clients that are served on TCP; all others are closed without a word.";
    tls: bool = "server.tls", false, "", Range::Any, restart,
        "TLS on every TCP place; without it on those that are written ssl:host:port.";
    tls_port: usize = "server.tls_port", 0, "", Range::Between(0, 65535), restart,
        "The port of TLS places that name none; any but 0 turns server.tls on, 0 means server.port.";
    tls_key: PathBuf = "server.tls_key", PathBuf::from("/etc/spamassassin/certs/server-key.pem"), "",
        Range::Any, restart,
        "The server's key, in PEM, without a passphrase; SIGHUP reads the file again.";
    tls_cert: PathBuf = "server.tls_cert", PathBuf::from("/etc/spamassassin/certs/server-cert.pem"), "",
        Range::Any, restart,
        "The server's certificate and those that lead to its CA, in PEM; SIGHUP reads the file again.";
    tls_verify: bool = "server.tls_verify", false, "", Range::Any, restart,
        "Serve only clients with a certificate of a CA in server.tls_ca_file or server.tls_ca_path, or, where neither is set, of the system's CAs. Turns server.tls on.";
    tls_ca_file: Option<PathBuf> = "server.tls_ca_file", None, "", Range::Any, restart,
        "Certificates of CAs, in PEM. Turns server.tls_verify on.";
    tls_ca_path: Option<PathBuf> = "server.tls_ca_path", None, "", Range::Any, restart,
        "A folder with certificates of CAs, named by openssl rehash. Turns server.tls_verify on.";
    allow_tell: bool = "server.allow_tell", false, "", Range::Any, restart,
        "Answer TELL, by which clients teach and report.";
    workers: usize = "server.workers", 0, "threads", Range::Between(0, 1024), restart,
        "Threads that scan; 0 means as many as there are processors.";
    user: String = "server.user", String::new(), "", Range::Any, restart,
        "The user that a server started by root becomes before it reads anything. Empty: server.default_user, and each user's preferences are read as that user.";
    group: String = "server.group", String::new(), "", Range::Any, restart,
        "Its group; empty for the group of server.user.";
    default_user: String = "server.default_user", "nobody".to_owned(), "", Range::Any, restart,
        "Who stands for requests without a user, for unknown users and for root.";
    pid_file: Option<PathBuf> = "server.pid_file", None, "", Range::Any, restart,
        "A file with the server's process number, removed at its end.";
    user_config: bool = "users.preferences", true, "", Range::Any, restart,
        "Read .spamassassin/user_prefs in the home of the user that a request names.";
    create_prefs: bool = "users.create_preferences", false, "", Range::Any, restart,
        "Where a user has no such file, make one from user_prefs.template.";
    virtual_dir: String = "users.virtual_dir", String::new(), "",
        Range::Checked("an absolute path with %u, %l, %d, %x or %%", virtual_dir), restart,
        "Where users without an account have their user_prefs: %u is the user's name, %l and %d the parts before and behind its @, %x the name or, where that has no file, the domain, %% a percent sign. Takes users.preferences off and server.user.";
    paranoid: bool = "users.paranoid", false, "", Range::Any, restart,
        "A request for a user that is not known is ended without an answer, instead of answered for server.default_user.";
    rules: Option<PathBuf> = "rules.path", None, "", Range::Any, reload,
        "The distribution's rules; without it the updates in /var/lib/spamassassin or, where there are none, /usr/share/spamassassin.";
    site: Option<PathBuf> = "rules.site", None, "", Range::Any, reload,
        "The site's rules and .pre files; without it /etc/spamassassin.";
    prefs: Option<PathBuf> = "rules.preferences", None, "", Range::Any, reload,
        "A file of preferences that is read after the site's rules.";
    own: bool = "rules.own", true, "", Range::Any, reload,
        "Our own rules besides SpamAssassin's. Off also where rules.path or rules.site is set, so that a comparison is exact.";
    cf: Vec<String> = "rules.cf", Vec::new(), "", Range::Any, reload,
        "Lines of the .cf language that are read after all files.";
    pre: Vec<String> = "rules.pre", Vec::new(), "", Range::Any, reload,
        "Lines of the .cf language that are read before all files.";
    local: bool = "scan.local_tests_only", false, "", Range::Any, reload,
        "No tests that ask the network.";
    zones: Vec<Zone> = "zones.lists", Vec::new(), "", Range::Any, restart,
        "Block lists of which a copy is held in memory. Rules that ask them are answered from it, with local tests only too.";
    zones_folder: PathBuf = "zones.folder", PathBuf::from("/var/lib/mailprint/zones"), "", Range::Any, restart,
        "Where the last good copy of each list is kept, for the next start. The server's user has to be able to write there.";
    canaries: Vec<String> = "zones.canaries", Vec::new(), "",
        Range::Checked("addresses, networks and domains", zones::canary), restart,
        "What no list may list: your own networks and domains, and who you must get mail from. A copy that does is refused.";
    zones_listen: Vec<String> = "zones.listen", Vec::new(), "",
        Range::Checked("host, host:port or [v6]:port", listen), restart,
        "Where a DNS server answers for the lists, over UDP and TCP, as rbldnsd would: for the MTA's own questions. None: nowhere. A port below 1024 needs CAP_NET_BIND_SERVICE.";
    zones_allowed: Vec<String> = "zones.allowed", texts(&["127.0.0.1", "::1"]), "",
        Range::Checked("addresses and networks", client), restart,
        "Who that server answers; all others get nothing.";
    zones_threads: usize = "zones.listen_threads", 1, "", Range::Between(1, 64), restart,
        "Threads that answer packets, at each place.";
    group_most: f64 = "zones.group_most", 5.0, "points", Range::Within(0.0, 1000.0), restart,
        "What the rules made from zones.lists.codes count for together at the most, for each group of lists, so that several lists that agree do not add up without bound.";
    fingerprints: Option<PathBuf> = "fingerprints.store", None, "", Range::Any, restart,
        "The folder with what was taught of fingerprints (mailprint fp); without it none are made. The server has it open and listens there: commands teach through it.";
    fingerprints_count: bool = "fingerprints.count", true, "", Range::Any, restart,
        "Let fingerprints count in verdicts. Off: lessons are taken, and nothing is looked up.";
    slope: f64 = "confidence.slope", 0.9, "", Range::Within(0.001, 100.0), reload,
        "How fast confidence rises with the score: 1 / (1 + exp(-slope * (score - required - midpoint))).";
    midpoint: f64 = "confidence.midpoint", 0.0, "points", Range::Within(-1000.0, 1000.0), reload,
        "How far above the required score confidence is 50 percent.";
    http: String = "http.listen", String::new(), "",
        Range::Checked("host:port on this machine, or empty for none", optional_listen), restart,
        "Where /metrics, /livez and /readyz are served, without any password: keep it on a loopback address.";
    log_level: String = "log.level", "info".to_owned(), "",
        Range::OneOf(&["error", "warn", "info", "debug"]), restart,
        "How much is logged.";
    log_areas: Vec<String> = "log.areas", Vec::new(), "", Range::Any, restart,
        "Which lines of the level debug: names of areas, all, or no and a name; empty is all.";
    log_target: String = "log.target", "mail".to_owned(), "", Range::Any, restart,
        "stderr, null, file for spamd.log, a facility of syslog (mail, local3), or the path of a file; SIGHUP and SIGUSR1 open the file again.";
    syslog_socket: String = "log.syslog_socket", "unix".to_owned(), "",
        Range::Checked("unix, inet, tcp, none, or the path of a socket", syslog_socket), restart,
        "How syslog is reached; none logs to stderr instead.";
    timestamps: String = "log.timestamps", "default".to_owned(), "",
        Range::Checked("a format of strftime", |format| Stamp::parse(format).map(drop)), restart,
        "How times are written; empty for none, default for each target's own way.";
    timing: bool = "log.timing", false, "", Range::Any, restart,
        "A line for each scan that says how long its parts took.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_can_be_got_and_set_to_its_own_default() {
        let mut config = Config::default();
        for setting in all() {
            let value = config.get(setting.name).unwrap_or_else(|| panic!("{}", setting.name));
            config.set(setting.name, value).unwrap();
        }
        assert_eq!(config, Config::default());
    }

    #[test]
    fn what_is_out_of_range_or_of_another_type_is_refused() {
        let mut config = Config::default();
        let cases = [
            ("server.port", Value::Count(65536)),
            ("server.port", Value::Text("x".to_owned())),
            ("server.socket_mode", Value::Text("0999".to_owned())),
            ("server.allowed", Value::Texts(vec!["nobody".to_owned()])),
            ("log.level", Value::Text("loud".to_owned())),
            ("confidence.slope", Value::Decimal(0.0)),
            ("limits.mime_parts", Value::Switch(true)),
            ("no.such", Value::Count(1)),
        ];
        for (name, value) in cases {
            assert!(config.set(name, value.clone()).is_err(), "{name} {value:?}");
        }
        assert_eq!(config, Config::default());
    }
}
