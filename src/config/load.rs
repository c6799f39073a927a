//! `mailprint.yaml` and the environment to a [`Config`].
//!
//! Strict: a key that the table does not know, a value of another type or out of range is
//! an error with file and line. A server that starts runs with what was meant.

use super::feeds;
use super::table::{self, Config, Kind, Setting, Value};
use super::zones::{self, Zone};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

/// Where the file is looked for when nobody names one; it need not be there.
pub const PATH: &str = "/etc/mailprint/mailprint.yaml";

/// The environment's variable that names the file.
pub const PATH_VARIABLE: &str = "MAILPRINT_CONFIG";

/// Why a configuration is refused, with what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {why}; make it readable, or name another with --config", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// A line of the file is wrong.
    #[error("{}:{line}: {what}; `mailprint config -d` lists every setting", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1; 0 where the file as a whole is wrong.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// A variable of the environment is wrong.
    #[error("{variable} in the environment: {what}; `mailprint config -d` lists every setting")]
    Variable {
        /// The variable's name.
        variable: String,
        /// What is wrong.
        what: String,
    },
}

/// The configuration: the table's defaults, then the file, then the environment.
///
/// `path` is the file that the command line names. Without one [`PATH_VARIABLE`] names it;
/// without that it is [`PATH`], which may be missing.
pub fn load(
    path: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let environment: Vec<_> =
        environment.filter(|(name, _)| name.starts_with("MAILPRINT_")).collect();
    let named = environment.iter().find(|(name, _)| name == PATH_VARIABLE);
    let named = path.map(Path::to_owned).or_else(|| named.map(|(_, path)| path.into()));
    let mut config = Config::default();
    let file = named.clone().unwrap_or_else(|| PathBuf::from(PATH));
    match std::fs::read_to_string(&file) {
        Ok(text) => read(&mut config, &text, &file)?,
        Err(why) if named.is_some() || why.kind() != std::io::ErrorKind::NotFound => {
            return Err(ConfigError::Unreadable { path: file, why });
        }
        Err(_) => {}
    }
    for (variable, text) in environment {
        if variable != PATH_VARIABLE {
            set_from(&mut config, &variable, &text)?;
        }
    }
    Ok(config)
}

fn set_from(config: &mut Config, variable: &str, text: &str) -> Result<(), ConfigError> {
    let wrong = |what| ConfigError::Variable { variable: variable.to_owned(), what };
    let setting = table::all().find(|setting| setting.variable() == variable);
    let setting = setting.ok_or_else(|| wrong("there is no such setting".to_owned()))?;
    let value = from_text(&setting, text).map_err(wrong)?;
    config.set(setting.name, value).map_err(wrong)
}

/// A value written as one text: in the environment. A list has commas between.
fn from_text(setting: &Setting, text: &str) -> Result<Value, String> {
    let wrong = || format!("{}: expected {}, not {text:?}", setting.name, setting.kind.word());
    Ok(match setting.kind {
        Kind::Switch => Value::Switch(switch(text).ok_or_else(wrong)?),
        Kind::Count => Value::Count(text.parse().map_err(|_| wrong())?),
        Kind::Decimal => Value::Decimal(text.parse().map_err(|_| wrong())?),
        Kind::Text => Value::Text(text.to_owned()),
        Kind::Texts => {
            let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
            Value::Texts(words.map(str::to_owned).collect())
        }
        Kind::Zones => return Err(format!("{} is set in the file alone", setting.name)),
    })
}

fn switch(word: &str) -> Option<bool> {
    match word {
        "on" | "yes" | "true" | "1" => Some(true),
        "off" | "no" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// Sets what the file's `text` says.
pub fn read(config: &mut Config, text: &str, path: &Path) -> Result<(), ConfigError> {
    let fault = RefCell::new(None);
    let root = Root { config: RefCell::new(config), fault: &fault };
    let Err(error) = root.deserialize(yaml_serde::Deserializer::from_str(text)) else {
        return Ok(());
    };
    let line = error.location().map_or(0, |location| location.line());
    let what = fault.take().unwrap_or_else(|| error.to_string());
    Err(ConfigError::Line { path: path.to_owned(), line, what })
}

/// Keeps our own words for a fault, and gives the parser one that it adds the place to.
fn failed<E: serde::de::Error>(fault: &RefCell<Option<String>>, what: String) -> E {
    fault.replace(Some(what));
    E::custom("refused")
}

/// The whole file: sections by name.
struct Root<'a> {
    config: RefCell<&'a mut Config>,
    fault: &'a RefCell<Option<String>>,
}

/// One section: settings by name.
struct Section<'s, 'a> {
    root: &'s Root<'a>,
    name: &'s str,
}

/// A key, which `known` must know and `seen` must not.
struct Key<'a> {
    fault: &'a RefCell<Option<String>>,
    seen: &'a mut HashSet<String>,
    known: &'a dyn Fn(&str) -> bool,
    what: &'static str,
}

/// A setting's value, and where it is put.
struct Given<'s> {
    fault: &'s RefCell<Option<String>>,
    setting: Setting,
    put: &'s dyn Fn(Value) -> Result<(), String>,
}

/// One list of `zones.lists`: a map of keys.
struct List<'s> {
    fault: &'s RefCell<Option<String>>,
}

impl<'de> DeserializeSeed<'de> for Root<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, file: D) -> Result<(), D::Error> {
        file.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Root<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("sections, each with settings")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let known = |name: &str| {
            let of_table =
                |setting: Setting| setting.name.split_once('.').is_some_and(|s| s.0 == name);
            name == feeds::SECTION || table::all().any(of_table)
        };
        let mut seen = HashSet::new();
        loop {
            let key = Key { fault: self.fault, seen: &mut seen, known: &known, what: "section" };
            let Some(name) = map.next_key_seed(key)? else { return Ok(()) };
            if name == feeds::SECTION {
                let given: feeds::Feeds = map.next_value::<Option<_>>()?.unwrap_or_default();
                let wrong = given.iter().find_map(|(name, feed)| feeds::check(name, feed).err());
                if let Some(what) = wrong {
                    return Err(failed(self.fault, what));
                }
                self.config.borrow_mut().feeds = given;
                continue;
            }
            map.next_value_seed(Section { root: &self, name: &name })?;
        }
    }
}

impl<'de> DeserializeSeed<'de> for Section<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, section: D) -> Result<(), D::Error> {
        section.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Section<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "settings of the section {}", self.name)
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let full = |name: &str| format!("{}.{name}", self.name);
        let known = |name: &str| table::find(&full(name)).is_some();
        let mut seen = HashSet::new();
        loop {
            let fault = self.root.fault;
            let key = Key { fault, seen: &mut seen, known: &known, what: "setting" };
            let Some(name) = map.next_key_seed(key)? else { return Ok(()) };
            let Some(setting) = table::find(&full(&name)) else { return Ok(()) };
            let put = |value| self.root.config.borrow_mut().set(setting.name, value);
            map.next_value_seed(Given { fault, setting: setting.clone(), put: &put })?;
        }
    }
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = Zone;
    fn deserialize<D: Deserializer<'de>>(self, list: D) -> Result<Zone, D::Error> {
        list.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = Zone;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list's name, format, from and other keys")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Zone, A::Error> {
        let full = |name: &str| format!("{}{name}", zones::PREFIX);
        let known = |name: &str| zones::find(&full(name)).is_some();
        let (mut seen, zone, fault) = (HashSet::new(), RefCell::new(Zone::default()), self.fault);
        loop {
            let key = Key { fault, seen: &mut seen, known: &known, what: "setting" };
            let Some(name) = map.next_key_seed(key)? else { break };
            let Some(setting) = zones::find(&full(&name)) else { break };
            let put = |value| zone.borrow_mut().set(setting.name, value);
            map.next_value_seed(Given { fault, setting: setting.clone(), put: &put })?;
        }
        let zone = zone.into_inner();
        zone.check().map_err(|what| failed(fault, what))?;
        Ok(zone)
    }
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = String;
    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<String, D::Error> {
        key.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "the name of a {}", self.what)
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<String, E> {
        if !(self.known)(name) {
            return Err(failed(self.fault, format!("there is no {} {name:?}", self.what)));
        }
        if !self.seen.insert(name.to_owned()) {
            return Err(failed(self.fault, format!("the {} {name:?} is there twice", self.what)));
        }
        Ok(name.to_owned())
    }
}

impl<'de> DeserializeSeed<'de> for Given<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl Given<'_> {
    fn set<E: serde::de::Error>(self, value: Value) -> Result<(), E> {
        let (name, kind) = (self.setting.name, self.setting.kind);
        let value = match (value, kind) {
            (Value::Text(word), Kind::Switch) => {
                switch(&word).map_or(Value::Text(word), Value::Switch)
            }
            (Value::Text(one), Kind::Texts) => Value::Texts(vec![one]),
            (Value::Count(number), Kind::Decimal) => Value::Decimal(number as f64),
            (Value::Count(_), Kind::Text) => {
                let what = format!("{name}: expected text; put it in quotes");
                return Err(failed(self.fault, what));
            }
            (value, _) => value,
        };
        (self.put)(value).map_err(|what| failed(self.fault, what))
    }
}

impl<'de> Visitor<'de> for Given<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} for {}", self.setting.kind.word(), self.setting.name)
    }

    fn visit_bool<E: serde::de::Error>(self, on: bool) -> Result<(), E> {
        self.set(Value::Switch(on))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<(), E> {
        match usize::try_from(number) {
            Ok(number) => self.set(Value::Count(number)),
            Err(_) => Err(E::custom(format!("{number} is too large"))),
        }
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<(), E> {
        self.set(Value::Decimal(number as f64))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<(), E> {
        self.set(Value::Decimal(number))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.set(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if self.setting.kind == Kind::Zones {
            let mut zones = Vec::new();
            while let Some(zone) = list.next_element_seed(List { fault: self.fault })? {
                zones.push(zone);
            }
            return self.set(Value::Zones(zones));
        }
        let mut texts = Vec::new();
        while let Some(text) = list.next_element::<String>()? {
            texts.push(text);
        }
        self.set(Value::Texts(texts)).map_err(A::Error::custom::<yaml_serde::Error>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str) -> Result<Config, String> {
        let mut config = Config::default();
        read(&mut config, text, Path::new("m.yaml")).map_err(|error| error.to_string())?;
        Ok(config)
    }

    #[test]
    fn a_file_sets_what_it_names_and_nothing_else() {
        let config = from(
            "server:\n  listen: [127.0.0.1:1783, /run/s.sock]\n  workers: 3\nrules:\n  own: off\n\
             confidence:\n  slope: 2\n  midpoint: -1.5\nlimits:\n  mime_parts: 7\nhttp:\n",
        )
        .unwrap();
        assert_eq!(config.listen, ["127.0.0.1:1783", "/run/s.sock"]);
        assert_eq!((config.workers, config.own, config.limits.mime_parts), (3, false, 7));
        assert_eq!((config.slope, config.midpoint), (2.0, -1.5));
        assert_eq!(config.allowed, Config::default().allowed);
        assert_eq!(from("").unwrap(), Config::default());
        assert_eq!(from("# nothing\n").unwrap(), Config::default());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let cases = [
            ("server:\n  lisen: x\n", 2, "there is no setting \"lisen\""),
            ("serve:\n  listen: x\n", 1, "there is no section \"serve\""),
            ("server:\n  port: 1\n  port: 2\n", 3, "the setting \"port\" is there twice"),
            ("server:\n  port: 99999\n", 2, "server.port is 99999, it may be 0 to 65535"),
            ("log:\n\n  level: loud\n", 3, "it may be error, warn, info, debug"),
            ("rules:\n  own: maybe\n", 2, "rules.own: expected on or off"),
            ("server:\n  socket_mode: 666\n", 2, "put it in quotes"),
            ("server:\n  allowed: [nowhere]\n", 2, "is no address and no network"),
            (
                "zones:\n  lists:\n    - name: x.example\n      forma: dnset\n",
                4,
                "no setting \"forma\"",
            ),
            (
                "zones:\n  lists:\n    - name: x.example\n      format: dnsset\n",
                4,
                "it may be ip4set",
            ),
            (
                "zones:\n  lists:\n    - name: x.example\n      format: dnset\n",
                3,
                "needs zones.lists.from",
            ),
            (
                "zones:\n  lists:\n    - name: x\n      format: dnset\n      from: ftp://x\n",
                5,
                "no source",
            ),
            ("zones:\n  lists: x\n", 2, "list of maps"),
            ("zones:\n  lists: [x]\n", 2, "a list's name"),
            ("feeds:\n  f:\n    urls: x\n", 3, "unknown field `urls`"),
            ("feeds:\n  f:\n    url: x\n", 1, "feeds.f.keys is missing"),
            ("feeds:\n  a/b:\n    url: x\n", 1, "a feed's name has"),
            ("server: [\n", 1, ""),
            ("- a\n", 1, ""),
        ];
        for (text, line, what) in cases {
            let error = from(text).unwrap_err();
            assert!(error.starts_with(&format!("m.yaml:{line}: ")), "{text:?}: {error}");
            assert!(error.contains(what), "{text:?}: {error}");
        }
    }

    #[test]
    fn lists_that_are_held_are_maps() {
        let config = from(
            "zones:\n  group_most: 4\n  lists:\n  - name: a.example\n    format: ip4set\n    \
             from: /x\n    least: 7\n  - {name: b.example, format: dnset, from: [/y, /z]}\n",
        )
        .unwrap();
        let [a, b] = &*config.zones else { panic!("{:?}", config.zones) };
        assert_eq!((&*a.name, a.least, &*a.from), ("a.example", 7, &["/x".to_owned()][..]));
        assert_eq!((&*b.format, b.from.len(), config.group_most), ("dnset", 2, 4.0));
        let twice = "zones:\n  lists:\n  - {name: a.b, format: dnset, from: /x}\n  - {name: A.b., format: dnset, from: /x}\n";
        assert!(from(twice).unwrap_err().contains("there twice"));
    }

    #[test]
    fn feeds_have_names_and_defaults() {
        let config =
            from("feeds:\n  f:\n    url: /srv/f\n    keys: [k]\n    interval: 2\n").unwrap();
        let feed = &config.feeds["f"];
        assert_eq!((feed.url.as_str(), feed.keys.len()), ("/srv/f", 1));
        assert_eq!((feed.interval, feed.back_off, feed.epoch), (2.0, 1800.0, 1));
        assert!(from("feeds:\n").unwrap().feeds.is_empty());
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let owned = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let dir = std::env::temp_dir().join(format!("mailprint-load-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let file = dir.join("mailprint.yaml");
        std::fs::write(&file, "server:\n  listen: b:2\n  port: 5\n").unwrap();
        let environment = vec![
            owned(PATH_VARIABLE, file.to_str().unwrap()),
            owned("MAILPRINT_SERVER_LISTEN", "a:1, /run/x"),
            owned("MAILPRINT_LIMITS_MIME_PARTS", "9"),
            owned("MAILPRINT_RULES_OWN", "off"),
            owned("HOME", "/root"),
        ];
        let config = load(None, environment.into_iter()).unwrap();
        assert_eq!(config.listen, ["a:1", "/run/x"]);
        assert_eq!((config.port, config.limits.mime_parts, config.own), (5, 9, false));
        let unknown = vec![owned("MAILPRINT_SERVER_LISEN", "x")];
        let error = load(Some(&file), unknown.into_iter()).unwrap_err().to_string();
        assert!(error.starts_with("MAILPRINT_SERVER_LISEN in the environment: "), "{error}");
        std::fs::remove_dir_all(&dir).unwrap();
        let error = load(Some(&file), std::iter::empty()).unwrap_err();
        assert!(matches!(error, ConfigError::Unreadable { .. }));
    }
}
