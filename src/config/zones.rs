//! `zones.lists`: the block lists that are held locally, a table of keys for each.
//!
//! In: maps of the file. Out: [`Zone`]s, each checked by itself ([`Zone::check`]) and beside the
//! others ([`check_all`]). Whether a source answers is not looked at here.

use super::table::{Held, Kind, Range, Setting, Value};
use std::net::Ipv4Addr;
use std::path::PathBuf;

/// What the keys of one list are called in messages and in the documentation.
pub const PREFIX: &str = "zones.lists.";

/// The formats, by the names that rbldnsd has for its own.
pub const FORMATS: &[&str] = &[
    "ip4set",
    "ip4tset",
    "ip4trie",
    "ip6tset",
    "ip6trie",
    "dnset",
    "generic",
    "combined",
    "networks",
    "hosts",
    "domains",
    "drop",
    "drop_json",
];

/// What of a message the generated rules ask a list about.
const SUBJECTS: &[&str] = &["last-relay", "relays", "uris", "senders", "envelope-sender", "none"];

macro_rules! keys {
    ($($field:ident: $type:ty = $name:literal, $default:expr, $unit:literal, $range:expr,
        $meaning:literal;)*) => {
        /// One list that is held locally.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Zone { $(#[doc = $meaning] pub $field: $type,)* }

        impl Default for Zone {
            fn default() -> Self {
                Zone { $($field: $default,)* }
            }
        }

        /// The keys of one list, in the order of the documentation.
        pub const TABLE: &[Setting] = &[$(Setting {
            name: concat!("zones.lists.", $name),
            kind: <$type as Held>::KIND,
            unit: $unit,
            range: $range,
            reloadable: false,
            meaning: $meaning,
        },)*];

        impl Zone {
            /// The value of the key with this full name.
            pub fn get(&self, name: &str) -> Option<Value> {
                match name.strip_prefix(PREFIX)? {
                    $($name => Some(self.$field.to_value()),)*
                    _ => None,
                }
            }

            fn put(&mut self, name: &str, value: Value) -> bool {
                match name.strip_prefix(PREFIX) {
                    $(Some($name) => {
                        Held::from_value(value).map(|value| self.$field = value).is_some()
                    })*
                    _ => false,
                }
            }
        }
    };
}

keys! {
    name: String = "name", String::new(), "", Range::Checked("a domain", domain),
        "The domain that the list stands for: what rules put behind an address or a name.";
    format: String = "format", String::new(), "", Range::OneOf(FORMATS),
        "How its files are written.";
    from: Vec<String> = "from", Vec::new(), "",
        Range::Checked("an https:// or rsync:// address, or an absolute path; a format and a colon in front where it is not that of the list", source),
        "Where its files come from; several make one list.";
    interval: usize = "interval", 3600, "seconds", Range::Between(1, 31_536_000),
        "How often they are looked at. Files of this machine are read as soon as they change.";
    jitter: usize = "jitter", 10, "percent", Range::Between(0, 50),
        "How much earlier or later that may be, so that not all the world comes at once.";
    header_file: Option<PathBuf> = "header_file", None, "", Range::Any,
        "A file with header fields that the https server wants to see, one Name: value a line, such as Authorization.";
    client_file: Option<PathBuf> = "client_file", None, "", Range::Any,
        "A file with a certificate and its key, in PEM, that the https server wants to see.";
    password_file: Option<PathBuf> = "password_file", None, "", Range::Any,
        "A file with the password for rsync, readable by the server's user only; the user's name stands in the address, rsync://name@host/….";
    ca_file: Option<PathBuf> = "ca_file", None, "", Range::Any,
        "Certificates of CAs, in PEM, that the server's has to lead to; without it those of the system.";
    checksum: String = "checksum", String::new(), "", Range::Checked("empty, or what is put behind a source's address, such as .sha256", suffix),
        "Where the owner keeps a SHA-256 sum of each file.";
    minisign_key: String = "minisign_key", String::new(), "", Range::Any,
        "The owner's public key of minisign; each file then has a signature beside it, its name and .minisig.";
    max_age: usize = "max_age", 0, "seconds", Range::Any,
        "A copy that is older counts less and less, and nothing once it is twice as old. 0: a day for what is fetched, no end for files of this machine, whose age is that of the file.";
    least: usize = "least", 1, "records", Range::Any,
        "A copy with fewer is refused.";
    most: usize = "most", 0, "records", Range::Any,
        "A copy with more is refused; 0: only limits.zone_entries counts.";
    change: usize = "change", 0, "percent", Range::Between(0, 1_000_000),
        "A copy with so many more or fewer records than the last one, or of which so many lines are new, is refused. 0: 50 for what is fetched, any change for files of this machine.";
    bad_lines: usize = "bad_lines", 5, "percent", Range::Between(0, 100),
        "A copy with a larger share of lines that cannot be read is refused.";
    canaries: Vec<String> = "canaries", Vec::new(), "", Range::Checked("addresses, networks and domains", canary),
        "What the list may never list, beside zones.canaries.";
    builtin_canaries: bool = "builtin_canaries", true, "", Range::Any,
        "Look for what no list of bad senders lists: root name servers, large mailbox providers. Off for lists that say good things too.";
    v6_prefix: usize = "v6_prefix", 64, "bits", Range::Between(1, 128),
        "How much of an IPv6 address in networks, drop and drop_json is listed, where it stands without a length.";
    listed_as: String = "listed_as", String::new(), "", Range::Checked("an address in 127.0.0.0/8, or empty for 127.0.0.2", code_or_nothing),
        "The listing code of formats that have none.";
    asked_about: String = "asked_about", String::new(), "", Range::Checked("last-relay, relays, uris, senders, envelope-sender or none", subject),
        "What of a message the rules made from zones.lists.codes ask the list about. Empty: last-relay for lists of addresses, uris for lists of names.";
    codes: Vec<String> = "codes", Vec::new(), "", Range::Checked("code, rule, score and description in each: 127.0.0.2 RCVD_IN_OURS 2.5 The relay has sent us spam", code_line),
        "A rule for each listing code. Where none is given, the list answers the rules that there are.";
    group: String = "group", String::new(), "", Range::Checked("letters, digits and _", word_or_nothing),
        "Lists of one group count together for zones.group_most at the most; empty for the group of their subject.";
}

impl Zone {
    /// Sets the key with this full name, if it exists and `value` is in its range.
    pub fn set(&mut self, name: &str, value: Value) -> Result<(), String> {
        let setting = find(name).ok_or_else(|| format!("there is no setting {name}"))?;
        setting.check(&value)?;
        match self.put(name, value) {
            true => Ok(()),
            false => Err(format!("{name}: expected {}", setting.kind.word())),
        }
    }

    /// Is everything there, and does it go together?
    pub fn check(&self) -> Result<(), String> {
        for (key, is_missing) in [
            ("name", self.name.is_empty()),
            ("format", self.format.is_empty()),
            ("from", self.from.is_empty()),
        ] {
            if is_missing {
                return Err(format!("a list needs {PREFIX}{key}"));
            }
        }
        if self.most != 0 && self.most < self.least {
            return Err(format!("{PREFIX}most is less than {PREFIX}least"));
        }
        Ok(())
    }

    /// Each source with its format.
    pub fn sources(&self) -> impl Iterator<Item = (&str, &str)> {
        self.from.iter().map(|text| split_source(text, &self.format))
    }

    /// The listing codes and their rules.
    pub fn rules(&self) -> impl Iterator<Item = CodeLine<'_>> {
        self.codes.iter().filter_map(|text| CodeLine::read(text).ok())
    }
}

/// The key with this full name.
pub fn find(name: &str) -> Option<Setting> {
    TABLE.iter().find(|setting| setting.name == name).cloned()
}

/// Do the lists go together? Each has another name, each rule is of one list.
pub fn check_all(zones: &[Zone]) -> Result<(), String> {
    let mut names = std::collections::HashSet::new();
    let mut rules = std::collections::HashSet::new();
    for zone in zones {
        let name = zone.name.trim_end_matches('.').to_ascii_lowercase();
        if !names.insert(name) {
            return Err(format!("the list {} is there twice", zone.name));
        }
        if let Some(line) = zone.rules().find(|line| !rules.insert(line.rule.to_owned())) {
            return Err(format!("the rule {} is there twice", line.rule));
        }
    }
    Ok(())
}

/// `127.0.0.2 RULE 2.5 What it says`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CodeLine<'t> {
    /// The listing code.
    pub code: Ipv4Addr,
    /// The rule's name.
    pub rule: &'t str,
    /// Its score.
    pub score: f64,
    /// What reports say of it; may be empty.
    pub says: &'t str,
}

impl<'t> CodeLine<'t> {
    /// Reads one.
    pub fn read(text: &'t str) -> Result<CodeLine<'t>, String> {
        let mut rest = text.trim();
        let mut next = || {
            let (word, behind) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            rest = behind.trim_start();
            word
        };
        let (code, rule, score) = (next(), next(), next());
        let says = rest;
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if rule.is_empty()
            || !rule.chars().all(letters)
            || rule.starts_with(|c: char| c.is_ascii_digit())
            || rule.starts_with("__")
        {
            return Err(format!("{rule:?} is no name of a scored rule"));
        }
        let score = score.parse::<f64>().ok().filter(|score| score.is_finite());
        let score = score.ok_or_else(|| format!("{text:?} has no score behind the rule"))?;
        if says.contains(['\n', '\r']) {
            return Err("a description is one line".to_owned());
        }
        Ok(CodeLine { code: self::code(code)?, rule, score, says })
    }
}

/// A source's format and place.
fn split_source<'t>(text: &'t str, usual: &'t str) -> (&'t str, &'t str) {
    match text.split_once(':') {
        Some((format, place)) if FORMATS.contains(&format) => (format, place),
        _ => (usual, text),
    }
}

fn source(text: &str) -> Result<(), String> {
    let (_, place) = split_source(text, "");
    let known =
        ["https://", "http://", "rsync://", "/"].iter().any(|begin| place.starts_with(begin));
    let control = place.chars().any(|c| c.is_ascii_control() || c == ' ');
    match known && !control {
        true => Ok(()),
        false => {
            Err(format!("{text:?} is no source; write https://…, rsync://… or an absolute path"))
        }
    }
}

fn domain(text: &str) -> Result<(), String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let label = |label: &str| (1..=63).contains(&label.len()) && label.chars().all(letter);
    match text.len() <= 200 && text.split('.').all(label) {
        true => Ok(()),
        false => Err(format!("{text:?} is no domain")),
    }
}

fn suffix(text: &str) -> Result<(), String> {
    match text.is_empty() || (text.starts_with('.') && !text.contains(['/', '?', '#'])) {
        true => Ok(()),
        false => Err(format!("{text:?} is not what is put behind an address; write .sha256, say")),
    }
}

fn code(text: &str) -> Result<Ipv4Addr, String> {
    let address: Option<Ipv4Addr> = text.parse().ok();
    let address = address.filter(|address| address.octets()[0] == 127);
    address
        .ok_or_else(|| format!("{text:?} is no listing code; those are addresses in 127.0.0.0/8"))
}

fn subject(word: &str) -> Result<(), String> {
    match word.is_empty() || SUBJECTS.contains(&word) {
        true => Ok(()),
        false => {
            Err(format!("{word:?} is nothing to ask about; there are {}", SUBJECTS.join(", ")))
        }
    }
}

fn code_or_nothing(text: &str) -> Result<(), String> {
    if text.is_empty() { Ok(()) } else { code(text).map(drop) }
}

fn code_line(text: &str) -> Result<(), String> {
    CodeLine::read(text).map(drop)
}

fn word_or_nothing(text: &str) -> Result<(), String> {
    let fits = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if fits { Ok(()) } else { Err(format!("{text:?} is no name of a group")) }
}

/// An address, a network or a domain.
pub(super) fn canary(text: &str) -> Result<(), String> {
    let (address, length) = text.split_once('/').unwrap_or((text, ""));
    if let Ok(address) = address.parse::<std::net::IpAddr>() {
        let most = if address.is_ipv4() { 32 } else { 128 };
        let fits = length.is_empty() || length.parse::<u8>().is_ok_and(|bits| bits <= most);
        return if fits { Ok(()) } else { Err(format!("{text:?} is no network")) };
    }
    domain(text).map_err(|_| format!("{text:?} is no address, no network and no domain"))
}

/// What a message says of a key's type beside its own.
pub(super) fn shown(zone: &Zone) -> String {
    let differs = |setting: &&Setting| zone.get(setting.name) != Zone::default().get(setting.name);
    let pair = |setting: &Setting| {
        let value = zone.get(setting.name)?;
        Some(format!("{}: {}", setting.name.strip_prefix(PREFIX)?, super::sample::written(&value)))
    };
    let pairs: Vec<String> = TABLE.iter().filter(differs).filter_map(pair).collect();
    format!("{{{}}}", pairs.join(", "))
}

/// The lists as a setting's value.
impl Held for Vec<Zone> {
    const KIND: Kind = Kind::Zones;

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Zones(zones) => Some(zones),
            _ => None,
        }
    }

    fn to_value(&self) -> Value {
        Value::Zones(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_can_be_got_and_set_to_its_own_default() {
        let mut zone = Zone::default();
        for setting in TABLE {
            let value = zone.get(setting.name).unwrap();
            let needed =
                ["name", "format"].iter().any(|key| setting.name.ends_with(&format!(".{key}")));
            if !needed {
                zone.set(setting.name, value).unwrap();
            }
        }
        assert_eq!(zone, Zone::default());
    }

    #[test]
    fn sources_have_the_format_of_the_list_or_their_own() {
        let from = ["https://a.example/x", "ip6trie:/var/lib/x", "rsync://b/c"];
        let zone = Zone {
            format: "ip4set".into(),
            from: from.map(str::to_owned).to_vec(),
            ..Zone::default()
        };
        let sources: Vec<_> = zone.sources().collect();
        let expected = [
            ("ip4set", "https://a.example/x"),
            ("ip6trie", "/var/lib/x"),
            ("ip4set", "rsync://b/c"),
        ];
        assert_eq!(sources, expected);
        for wrong in ["gopher://a", "x", "ftp://a", "https://a b", "nonsense:/x"] {
            assert!(source(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_line_of_codes_is_read_or_refused() {
        let line = CodeLine::read("127.0.0.2  RCVD_IN_X   2.5 Was seen sending spam").unwrap();
        assert_eq!((line.rule, line.score, line.says), ("RCVD_IN_X", 2.5, "Was seen sending spam"));
        assert_eq!(CodeLine::read("127.0.0.4 A -1").unwrap().says, "");
        for wrong in [
            "",
            "127.0.0.2",
            "127.0.0.2 A",
            "1.2.3.4 A 1",
            "127.0.0.2 __A 1",
            "127.0.0.2 9A 1",
            "127.0.0.2 A-B 1",
            "127.0.0.2 A nan",
            "127.0.0.2 A much",
        ] {
            assert!(CodeLine::read(wrong).is_err(), "{wrong}");
        }
    }
}
