//! Whom a request is for: the user's number, and the ruleset with their preferences.
//!
//! As spamd does it: the user that `User:` names is looked up, `user_prefs` in their home is
//! laid over the rules, and the log says whose message it was. A server that was started by
//! root has the file opened by the [`super::keeper`], which is that user for a moment; the
//! server itself is nobody. Started by somebody else, or with `-u`, it reads what it may read.
//!
//! What is wrong with a user costs that user's preferences, and with `paranoid` the answer.

mod cache;
pub mod file;
pub mod virtual_dir;

use super::keeper::Keeper;
use super::{Loaded, Server};
use crate::config::Config;
use crate::limits::{Limit, Limits, Reached};
use crate::log::{Level, Log};
use cache::{Cache, Stamp};
use file::Opened;
use nix::unistd::{User as Account, geteuid};
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How users are found and what is read of them.
pub struct Users {
    user_config: bool,
    create: Option<PathBuf>,
    virtual_dir: Option<String>,
    paranoid: bool,
    /// `-u`: one user for all.
    run_as: Option<String>,
    default_user: String,
    /// Where it was started by root: who opens the files of users that the server is not.
    keeper: Option<Arc<Keeper>>,
    cache: Mutex<Cache>,
    /// Files that are being read: the second to ask waits for what the first makes of it.
    turns: Mutex<HashMap<PathBuf, Arc<Mutex<()>>>>,
}

/// Whom a request is for.
pub struct User {
    /// The number that the log shows.
    pub uid: u32,
    /// The rules as this user has them.
    pub loaded: Arc<Loaded>,
}

/// A request that is not answered, and what the log says of it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unserved(String);

/// What there is to say of one look-up, in order, and the limits that it met.
#[derive(Default)]
struct Notes {
    lines: Vec<(Level, String)>,
    reached: Reached,
}

impl Notes {
    fn say(&mut self, level: Level, text: String) {
        self.lines.push((level, text));
    }
}

impl Server {
    /// The user called `name`, with the rules as they have them. Takes as long as the limit
    /// `prefs_milliseconds`: names may be asked for on the network, and homes may be on it.
    pub async fn find_user(&self, name: Option<&[u8]>) -> Result<User, Unserved> {
        let base = self.loaded();
        let most = Duration::from_millis(base.limits.prefs_milliseconds as u64);
        let mut notes = Notes::default();
        let Some(name) = name.map(<[u8]>::to_vec) else {
            let uid = self.users.stand_in(&mut notes);
            self.note_look_up(notes);
            return uid.map(|uid| User { uid, loaded: base });
        };
        let (users, rules) = (self.users.clone(), base.clone());
        let look_up = tokio::task::spawn_blocking(move || {
            let mut notes = Notes::default();
            (users.named(&name, &rules, &mut notes), notes)
        });
        // The keeper is given up first, and has better words for it.
        let found = tokio::time::timeout(most + Duration::from_millis(100), look_up).await;
        let why = match found {
            Ok(Ok((user, notes))) => {
                self.note_look_up(notes);
                return user;
            }
            Ok(Err(panic)) => panic.to_string(),
            Err(_) => {
                notes.reached.note(Limit::PrefsMilliseconds);
                "it took too long (limits.prefs_milliseconds)".to_owned()
            }
        };
        notes.say(Level::Error, format!("spamd: a user could not be looked up: {why}"));
        self.note_look_up(notes);
        Ok(User { uid: geteuid().as_raw(), loaded: base })
    }

    fn note_look_up(&self, notes: Notes) {
        self.metrics.limits_reached(notes.reached);
        tell(&self.log, notes.lines);
    }
}

impl Users {
    /// As `config` says. `keeper` is there when root has started the server.
    pub fn new(config: &Config, keeper: Option<Arc<Keeper>>) -> Users {
        let named = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Users {
            user_config: config.user_config,
            create: template(config),
            virtual_dir: named(&config.virtual_dir).filter(|_| !config.user_config),
            paranoid: config.paranoid,
            run_as: named(&config.user),
            default_user: config.default_user.clone(),
            keeper,
            cache: Mutex::default(),
            turns: Mutex::default(),
        }
    }

    /// How many users' preferences are kept.
    pub fn kept(&self) -> usize {
        self.lock().len()
    }

    /// Does the server stand in for each user, as root's spamd becomes each of them?
    fn becomes_users(&self) -> bool {
        self.keeper.is_some() && self.run_as.is_none() && self.virtual_dir.is_none()
    }

    /// Nobody, for requests that are nobody else's.
    fn stand_in(&self, notes: &mut Notes) -> Result<u32, Unserved> {
        if self.becomes_users() {
            if self.paranoid {
                let why = "in paranoid mode, still running as root: closing connection";
                return Err(Unserved(format!("spamd: {why}")));
            }
            let who = &self.default_user;
            let why = "user not specified with -u, not found, or set to root, falling back to";
            notes.say(Level::Warn, format!("spamd: still running as root: {why} {who}"));
        }
        Ok(geteuid().as_raw())
    }

    fn named(&self, name: &[u8], base: &Arc<Loaded>, notes: &mut Notes) -> Result<User, Unserved> {
        if let Some(pattern) = &self.virtual_dir {
            let loaded = self.virtual_user(pattern, name, base, notes);
            return Ok(User { uid: geteuid().as_raw(), loaded });
        }
        let name = String::from_utf8_lossy(name).into_owned();
        let who = self.run_as.as_ref().unwrap_or(&name);
        let Some(account) = account(who) else {
            self.unknown("getpwnam", who, notes)?;
            return Ok(User { uid: self.stand_in(notes)?, loaded: base.clone() });
        };
        if self.becomes_users() {
            notes.say(Level::Info, format!("spamd: setuid to {who} succeeded"));
        }
        let mut loaded = base.clone();
        if self.user_config {
            let home = if *who == name {
                Some(account.dir)
            } else {
                self::account(&name).map(|account| account.dir)
            };
            match home {
                Some(home) => loaded = self.at_home(&name, &home, base, notes),
                None => self.unknown("userdir", &name, notes)?,
            }
        }
        let uid = match self.becomes_users() {
            true if account.uid.is_root() => self.stand_in(notes)?,
            true => account.uid.as_raw(),
            false => geteuid().as_raw(),
        };
        Ok(User { uid, loaded })
    }

    fn unknown(&self, what: &str, name: &str, notes: &mut Notes) -> Result<(), Unserved> {
        let why = format!("spamd: handle_user ({what}) unable to find user: '{name}'");
        if self.paranoid {
            return Err(Unserved(why));
        }
        notes.say(Level::Info, why);
        Ok(())
    }

    /// The rules with the preferences in a home.
    fn at_home(
        &self,
        name: &str,
        home: &Path,
        base: &Arc<Loaded>,
        notes: &mut Notes,
    ) -> Arc<Loaded> {
        let path = home.join(file::FOLDER).join(file::NAME);
        let most = Duration::from_millis(base.limits.prefs_milliseconds as u64);
        let opened = match self.keeper.as_ref().filter(|_| self.becomes_users()) {
            Some(keeper) => keeper.preferences(name, self.create.is_some(), most),
            None => {
                let template = self.create.as_deref().and_then(file::template_text);
                match account(name) {
                    Some(owner) => file::open_or_create(home, owner.uid, template.as_deref()),
                    None => Opened::Missing,
                }
            }
        };
        self.laid_over(base, &path, opened, notes)
    }

    /// The rules with the preferences of a user without an account.
    fn virtual_user(
        &self,
        pattern: &str,
        name: &[u8],
        base: &Arc<Loaded>,
        notes: &mut Notes,
    ) -> Arc<Loaded> {
        let shown = String::from_utf8_lossy(name);
        let folders = virtual_dir::folders(pattern, name);
        let mut places = folders.iter().map(|folder| {
            let steps: Vec<&Path> = folder.steps.iter().map(PathBuf::as_path).collect();
            let opened = file::open_below(&folder.base, &steps, file::NAME, None);
            (folder.file.clone(), opened)
        });
        // The first that is there, or the last that is not.
        let mut found = places.next();
        while let Some((_, Opened::Missing)) = found
            && let Some(next) = places.next()
        {
            found = Some(next);
        }
        let Some((path, opened)) = found else {
            notes.say(Level::Warn, format!("spamd: no folder can be named after {shown}"));
            return base.clone();
        };
        let path_shown = path.display();
        notes.say(Level::Info, format!("spamd: using default config for {shown}: {path_shown}"));
        self.laid_over(base, &path, opened, notes)
    }

    fn laid_over(
        &self,
        base: &Arc<Loaded>,
        path: &Path,
        opened: Opened,
        notes: &mut Notes,
    ) -> Arc<Loaded> {
        let shown = path.display();
        let file = match opened {
            Opened::File(file) => file,
            Opened::Created(file) => {
                notes.say(Level::Info, format!("spamd: creating default_prefs: {shown}"));
                let what = format!("config: created user preferences file: {shown}");
                notes.say(Level::Warn, what);
                file
            }
            Opened::Missing => {
                notes.say(Level::Debug, format!("config: there is no {shown}"));
                return base.clone();
            }
            Opened::Refused(why) => {
                notes.say(Level::Warn, format!("config: {shown} is not read: {why}"));
                return base.clone();
            }
            Opened::Late => {
                let why = "it could not be opened in time (limits.prefs_milliseconds)";
                notes.say(Level::Warn, format!("config: {shown} is not read: {why}"));
                notes.reached.note(Limit::PrefsMilliseconds);
                return base.clone();
            }
        };
        match self.of_file(base, path, &file, notes) {
            Ok(loaded) => loaded,
            Err(error) => {
                notes.say(Level::Warn, format!("config: {shown} cannot be read: {error}"));
                base.clone()
            }
        }
    }

    fn of_file(
        &self,
        base: &Arc<Loaded>,
        path: &Path,
        file: &File,
        notes: &mut Notes,
    ) -> std::io::Result<Arc<Loaded>> {
        let stamp = Stamp::of(&file.metadata()?);
        let turn = self.turn(path);
        let _held = turn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = self.lock().get(base, path, stamp) {
            return Ok(known);
        }
        let Limits { user_prefs, .. } = base.limits;
        let Some(text) = file::read(file, user_prefs)? else {
            notes.reached.note(Limit::UserPrefs);
            let why = format!("it has more than {user_prefs} bytes (limits.user_prefs)");
            return Err(std::io::Error::other(why));
        };
        let (loaded, own_rules) = match &base.for_user {
            Some(for_user) if says_something(&text) => {
                let theirs = for_user(&path.to_string_lossy(), &text);
                for complaint in theirs.complaints.iter().take(COMPLAINTS) {
                    notes.say(Level::Info, format!("config: {complaint}"));
                }
                (Arc::new(theirs.loaded), theirs.own_rules)
            }
            _ => (base.clone(), false),
        };
        let reached = self.lock().put(base, path, stamp, (loaded.clone(), own_rules));
        notes.reached.merge(reached);
        Ok(loaded)
    }

    fn turn(&self, path: &Path) -> Arc<Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nobody holds any more are over.
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        turns.entry(path.to_owned()).or_default().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Complaints about one user's lines that the log repeats.
const COMPLAINTS: usize = 20;

/// Where the preferences of users who have none come from, if they are to be made.
pub fn template(config: &Config) -> Option<PathBuf> {
    let wanted = config.create_prefs && config.user_config;
    wanted.then(|| file::template(config.site.as_deref(), config.rules.as_deref())).flatten()
}

fn account(name: &str) -> Option<Account> {
    Account::from_name(name).ok().flatten()
}

/// Is there a line that is more than a comment? What spamd gives to new users is not.
fn says_something(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.any(|line| !line.is_empty() && !line.starts_with(b"#"))
}

fn tell(log: &Log, lines: Vec<(Level, String)>) {
    for (level, text) in lines {
        match level {
            Level::Error => log.error(&text),
            Level::Warn => log.warn(&text),
            Level::Info => log.info(&text),
            Level::Debug => log.debug(&text),
        }
    }
}
