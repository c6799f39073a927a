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

use super::Loaded;
use super::keeper::Keeper;
use crate::config::Config;
use crate::limits::Limits;
use crate::log::{Level, Log};
use cache::{Cache, Stamp};
use file::Opened;
use nix::unistd::{User as Account, geteuid};
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

/// What there is to say of one look-up, in order.
type Notes = Vec<(Level, String)>;

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
        }
    }

    /// The user called `name`, over the rules `base`; what there is to say goes to `log`.
    pub async fn find(
        self: &Arc<Users>,
        name: Option<&[u8]>,
        base: Arc<Loaded>,
        log: &Log,
    ) -> Result<User, Unserved> {
        let Some(name) = name.map(<[u8]>::to_vec) else {
            let mut notes = Notes::new();
            let uid = self.stand_in(&mut notes);
            tell(log, notes);
            return uid.map(|uid| User { uid, loaded: base });
        };
        let (users, rules) = (self.clone(), base.clone());
        // Names may be asked for on the network, and homes may be on it.
        let found = tokio::task::spawn_blocking(move || {
            let mut notes = Notes::new();
            (users.named(&name, &rules, &mut notes), notes)
        });
        match found.await {
            Ok((user, notes)) => {
                tell(log, notes);
                user
            }
            Err(error) => {
                log.error(&format!("spamd: the look-up of a user failed: {error}"));
                Ok(User { uid: geteuid().as_raw(), loaded: base })
            }
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
            notes.push((
                Level::Warn,
                format!(
                    "spamd: still running as root: user not specified with -u, not found, or \
                     set to root, falling back to {}",
                    self.default_user
                ),
            ));
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
            notes.push((Level::Info, format!("spamd: setuid to {who} succeeded")));
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
        notes.push((Level::Info, why));
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
            notes.push((Level::Warn, format!("spamd: no folder can be named after {shown}")));
            return base.clone();
        };
        let path_shown = path.display();
        notes.push((Level::Info, format!("spamd: using default config for {shown}: {path_shown}")));
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
        let mut note = |level, text: String| notes.push((level, text));
        let file = match opened {
            Opened::File(file) => file,
            Opened::Created(file) => {
                note(Level::Info, format!("spamd: creating default_prefs: {shown}"));
                note(Level::Warn, format!("config: created user preferences file: {shown}"));
                file
            }
            Opened::Missing => {
                note(Level::Debug, format!("config: there is no {shown}"));
                return base.clone();
            }
            Opened::Refused(why) => {
                note(Level::Warn, format!("config: {shown} is not read: {why}"));
                return base.clone();
            }
        };
        match self.of_file(base, path, &file, notes) {
            Ok(loaded) => loaded,
            Err(error) => {
                notes.push((Level::Warn, format!("config: {shown} cannot be read: {error}")));
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
        if let Some(known) = self.lock().get(base, path, stamp) {
            return Ok(known);
        }
        let Limits { user_prefs, .. } = base.limits;
        let Some(text) = file::read(file, user_prefs)? else {
            let why = format!("it has more than {user_prefs} bytes (limits.user_prefs)");
            return Err(std::io::Error::other(why));
        };
        let (loaded, own_rules) = match &base.for_user {
            Some(for_user) if says_something(&text) => {
                let theirs = for_user(&path.to_string_lossy(), &text);
                let complaints = theirs.complaints.into_iter().take(COMPLAINTS);
                notes.extend(complaints.map(|text| (Level::Info, format!("config: {text}"))));
                (Arc::new(theirs.loaded), theirs.own_rules)
            }
            _ => (base.clone(), false),
        };
        self.lock().put(base, path, stamp, (loaded.clone(), own_rules));
        Ok(loaded)
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

fn tell(log: &Log, notes: Notes) {
    for (level, text) in notes {
        match level {
            Level::Error => log.error(&text),
            Level::Warn => log.warn(&text),
            Level::Info => log.info(&text),
            Level::Debug => log.debug(&text),
        }
    }
}
