//! Which files are read, and in which order.
//!
//! SpamAssassin(1) "CONFIGURATION FILES": the site's `*.pre`, the distribution's `*.pre` and
//! `*.cf` (what sa-update brought, in place of what was installed), the site's `*.cf`, then
//! lines from the command line and the user's preferences.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the tokens in values lead: `__userstate__/bayes`.
#[derive(Clone, Debug)]
pub struct Paths {
    /// `__local_rules_dir__`
    pub local_rules: PathBuf,
    /// `__local_state_dir__`
    pub local_state: PathBuf,
    /// `__def_rules_dir__`
    pub default_rules: PathBuf,
    /// `__prefix__`
    pub prefix: PathBuf,
    /// `__userstate__`
    pub user_state: PathBuf,
    /// `__global_state_dir__`
    pub global_state: PathBuf,
    /// `~` at the start.
    pub home: PathBuf,
}

impl Default for Paths {
    /// Where Debian puts things, and the home directory of whoever runs this.
    fn default() -> Self {
        let home = home();
        Paths {
            local_rules: "/etc/spamassassin".into(),
            local_state: "/var/lib/spamassassin".into(),
            default_rules: "/usr/share/spamassassin".into(),
            prefix: "/usr".into(),
            user_state: home.join(".spamassassin"),
            global_state: home.join(".spamassassin"),
            home,
        }
    }
}

/// The home directory of whoever runs this: `HOME`, unless that is no path or not set, as
/// under some mail servers.
pub fn home() -> PathBuf {
    let named = std::env::var_os("HOME").filter(|home| home.as_encoded_bytes().contains(&b'/'));
    let known = || nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten();
    named.map(PathBuf::from).or_else(|| Some(known()?.dir)).unwrap_or_else(|| "/".into())
}

impl Paths {
    /// `text` with its tokens replaced. `~name` stays as it is: other people's homes are none
    /// of this program's business.
    pub fn expand(&self, text: &[u8]) -> PathBuf {
        use std::os::unix::ffi::{OsStrExt, OsStringExt};
        let tokens: [(&[u8], &[u8]); 7] = [
            (b"__local_rules_dir__", self.local_rules.as_os_str().as_bytes()),
            (b"__local_state_dir__", self.local_state.as_os_str().as_bytes()),
            (b"__def_rules_dir__", self.default_rules.as_os_str().as_bytes()),
            (b"__prefix__", self.prefix.as_os_str().as_bytes()),
            (b"__userstate__", self.user_state.as_os_str().as_bytes()),
            (b"__global_state_dir__", self.global_state.as_os_str().as_bytes()),
            (b"__version__", super::conditions::VERSION.as_bytes()),
        ];
        let mut path = match text {
            [b'~'] | [b'~', b'/', ..] => {
                let rest = text.get(1..).unwrap_or_default();
                [self.home.as_os_str().as_bytes(), rest].concat()
            }
            _ => text.to_vec(),
        };
        for (token, value) in tokens {
            let mut from = 0;
            while let Some(at) = path.get(from..).and_then(|p| memchr::memmem::find(p, token)) {
                let at = from + at;
                path.splice(at..at + token.len(), value.iter().copied());
                from = at + value.len();
            }
        }
        PathBuf::from(std::ffi::OsString::from_vec(path))
    }
}

/// What to read.
#[derive(Clone, Debug)]
pub struct Sources {
    /// Directories or files with the site's rules; the first that exists is taken
    /// (`--siteconfigpath`).
    pub site: Vec<PathBuf>,
    /// Directories or files with the distribution's rules; the first that exists is taken
    /// (`-C`).
    pub distribution: Vec<PathBuf>,
    /// This program's own rules, between the distribution's and the site's: names and texts.
    pub own: Vec<(&'static str, &'static str)>,
    /// Lines for lists that are held in memory, between our own rules and the site's.
    pub list_lines: Vec<u8>,
    /// Lines before everything (`--pre`).
    pub pre_lines: Vec<u8>,
    /// Lines after everything (`--cf`).
    pub cf_lines: Vec<u8>,
    /// The preferences of the one user for whom a command runs. A server reads each user's with
    /// [`super::UserPrefs`] instead.
    pub user_prefs: Option<PathBuf>,
    /// `-L`
    pub local_tests_only: bool,
    /// The locale for `lang`: `pt_BR`.
    pub language: Vec<u8>,
    /// Also refuse patterns that match everything, as `--lint` does.
    pub lint: bool,
    /// Where tokens lead.
    pub paths: Arc<Paths>,
}

impl Sources {
    /// Nothing but these lines of a `.cf` file: neither the distribution's rules nor the site's.
    pub fn of_lines(lines: impl Into<Vec<u8>>) -> Sources {
        let (site, distribution) = (Vec::new(), Vec::new());
        Sources { site, distribution, cf_lines: lines.into(), ..Sources::default() }
    }
}

impl Default for Sources {
    /// What `spamd` reads without options.
    fn default() -> Self {
        let some = |paths: &[&str]| paths.iter().map(PathBuf::from).collect();
        Sources {
            site: some(&["/etc/spamassassin", "/etc/mail/spamassassin"]),
            distribution: some(&[
                "/var/lib/spamassassin/4.000001",
                "/usr/share/spamassassin",
                "/usr/local/share/spamassassin",
            ]),
            own: Vec::new(),
            list_lines: Vec::new(),
            pre_lines: Vec::new(),
            cf_lines: Vec::new(),
            user_prefs: None,
            local_tests_only: false,
            language: b"en_US".to_vec(),
            lint: false,
            paths: Arc::default(),
        }
    }
}

/// The language that the environment asks for: `LANGUAGE`, `LC_ALL`, `LC_MESSAGES`, `LANG`.
pub fn language(variable: &dyn Fn(&str) -> Option<String>) -> Vec<u8> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty() && value != "0");
    let first = set("LANGUAGE").map(|list| list.split(':').next().unwrap_or("").to_owned());
    let language = first
        .filter(|value| !value.is_empty() && value != "0")
        .or_else(|| ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| set(name)))
        .unwrap_or_else(|| "C".to_owned());
    if language == "C" || language == "POSIX" {
        return b"en_US".to_vec();
    }
    let end = language.find(['@', '.', '+', ',']).unwrap_or(language.len());
    language.get(..end).unwrap_or_default().as_bytes().to_vec()
}

/// The files that `path` stands for: itself, or those in it with the extension, sorted.
pub(super) fn listing(path: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(found) = std::fs::metadata(path) else { return Vec::new() };
    if !found.is_dir() {
        let readable = found.is_file() && found.len() > 0;
        return if readable { vec![path.to_owned()] } else { Vec::new() };
    }
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    let wanted = |name: &std::ffi::OsString| {
        Path::new(name).extension().is_some_and(|e| e.eq_ignore_ascii_case(extension))
            || name.to_string_lossy().eq_ignore_ascii_case(&format!(".{extension}"))
    };
    let mut names: Vec<std::ffi::OsString> = entries
        .filter_map(|entry| Some(entry.ok()?.file_name()))
        .filter(|name| wanted(name) && path.join(name).is_file())
        .collect();
    names.sort_unstable();
    // sa-update's own file goes first.
    if let Some(at) = names.iter().position(|name| name == "updates_spamassassin_org.cf") {
        let first = names.remove(at);
        names.insert(0, first);
    }
    names.into_iter().map(|name| path.join(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_gives_the_language() {
        let of = |set: &'static [(&str, &str)]| {
            let value = |name: &str| {
                set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            };
            String::from_utf8(language(&value)).unwrap()
        };
        assert_eq!(of(&[]), "en_US");
        assert_eq!(of(&[("LANG", "C")]), "en_US");
        assert_eq!(of(&[("LANG", "C.UTF-8")]), "C");
        assert_eq!(of(&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "pt_BR@x")]), "pt_BR");
        assert_eq!(of(&[("LANGUAGE", "fr:de"), ("LC_ALL", "C")]), "fr");
    }

    #[test]
    fn tokens_are_replaced_once() {
        let paths = Paths { user_state: "/x/__userstate__".into(), ..Paths::default() };
        assert_eq!(paths.expand(b"__userstate__/bayes"), Path::new("/x/__userstate__/bayes"));
        let paths = Paths { home: "/home/a".into(), ..Paths::default() };
        assert_eq!(paths.expand(b"~/b"), Path::new("/home/a/b"));
        assert_eq!(paths.expand(b"~other/b"), Path::new("~other/b"));
    }
}
