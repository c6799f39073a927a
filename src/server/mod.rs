//! The server: connections in, replies out.
//!
//! The straight road is [`handle::handle`]: a verb to what answers it. Around it
//! [`connection`] reads a request within its deadlines and writes the reply, [`listener`]
//! lets connections in, [`pool`] keeps the scan workers, [`users`] finds whose preferences
//! count, [`signals`] ends and reloads. [`daemon`] makes a process of it.
//!
//! What a message is scanned with is a [`Loaded`] ruleset, swapped whole on SIGHUP; a
//! message keeps the one that it began with.
//!
//! Ring 4.

pub mod arrivals;
pub mod connection;
pub mod daemon;
pub mod feeds;
pub mod handle;
pub mod identity;
pub mod keeper;
pub mod lessons;
pub mod listener;
pub mod network;
pub mod pid_file;
pub mod pool;
pub mod privileges;
pub mod resolver;
pub mod signals;
pub mod systemd;
pub mod tell;
mod timing;
pub mod tls;
pub mod users;
pub mod zones;

use crate::clock::{self, Tick};
use crate::config::Config;
use crate::config::address::Allowed;
use crate::engine::markup::Surroundings;
use crate::engine::{Network, Options, Profile, Scan, Verdict};
use crate::fingerprint::Known;
use crate::fingerprint::store::StoreError;
use crate::limits::Limits;
use crate::log::Log;
use crate::metrics::Metrics;
use crate::zones::held::build::Builder;
use arc_swap::{ArcSwap, ArcSwapOption};
use arrivals::Arrivals;
use lessons::Lessons;
use lessons::socket::{self, Listening};
use network::{Access, Asking};
use pool::Pool;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use users::Users;
use zones::{Lists, Serving};

/// One message to scan.
pub struct Mail {
    /// The message.
    pub bytes: Vec<u8>,
    /// `User:` of the request.
    pub user: Option<Vec<u8>>,
    /// When nobody waits for the verdict any more.
    pub deadline: Tick,
    /// The answer is a report.
    pub report: bool,
    /// The answer is the message, rewritten.
    pub rewrite: bool,
    /// This machine and the client, as reports and headers name them.
    pub surroundings: Surroundings,
    /// The scores and settings of a user with preferences.
    pub profile: Option<Arc<Profile>>,
    /// Who may be asked about the message; `None` for nobody.
    pub network: Option<Arc<Network>>,
    /// What is known of fingerprints; `None`: none are made.
    pub known: Option<Arc<dyn Known>>,
}

/// What one scan worker calls for each message; it owns the worker's caches and buffers.
pub type Scanner = Box<dyn FnMut(Step) -> Progress>;

/// What a scan worker is to do.
pub enum Step {
    /// Scan this.
    Begin(Mail),
    /// Bring this scan to its end: the network has answered, or will not.
    Finish(Box<Waiting>),
}

/// How far a worker has come with a scan.
pub enum Progress {
    /// To its end.
    Done(Box<Verdict>),
    /// So far that only the network can tell more.
    Waits(Box<Waiting>),
}

/// A scan that waits for the network; meanwhile it needs no worker.
pub struct Waiting {
    /// The scan.
    pub scan: Scan,
    /// What was wanted of it.
    pub options: Options,
}

/// A scanner that never waits.
pub fn at_once(mut scan: impl FnMut(Mail) -> Verdict + 'static) -> Scanner {
    Box::new(move |step| {
        Progress::Done(Box::new(match step {
            Step::Begin(mail) => scan(mail),
            Step::Finish(_) => Verdict::default(),
        }))
    })
}

/// Makes a scanner; each worker calls it once on its own thread.
pub type Scanners = Arc<dyn Fn() -> Scanner + Send + Sync>;

/// A ruleset in force, with what the replies need of its settings; the administrator's, or as
/// one user has it.
pub struct Loaded {
    /// What scans by it; rulesets of users without rules of their own share it.
    pub scanner: Scanners,
    /// The scores and settings of a user with preferences.
    pub profile: Option<Arc<Profile>>,
    /// What a user's preferences make of it; a user's own ruleset has none.
    pub for_user: Option<ForUser>,
    /// How the rules want the network asked; `None`: not at all.
    pub asking: Option<Asking>,
    /// How many rules there are.
    pub rules: usize,
    /// The files that they were read from.
    pub files: Vec<PathBuf>,
    /// What is wrong with them.
    pub complaints: Vec<String>,
    /// The heights of the limits.
    pub limits: Limits,
}

/// Lays a file of preferences, its name and its text, over a ruleset.
pub type ForUser = Box<dyn Fn(&str, &[u8]) -> OfUser + Send + Sync>;

/// What a user's preferences make of a ruleset.
pub struct OfUser {
    /// The ruleset.
    pub loaded: Loaded,
    /// What is wrong with the user's lines.
    pub complaints: Vec<String>,
    /// Does it take a program of its own?
    pub own_rules: bool,
}

impl Default for Loaded {
    /// No rules.
    fn default() -> Loaded {
        Loaded {
            scanner: Arc::new(|| at_once(|_| Verdict::default())),
            profile: None,
            for_user: None,
            asking: None,
            rules: 0,
            files: Vec::new(),
            complaints: Vec::new(),
            limits: Limits::default(),
        }
    }
}

/// Loads the ruleset anew, or says why it cannot.
pub type Load = Box<dyn Fn() -> Result<Loaded, String> + Send + Sync>;

/// A running server; shared by all its tasks.
pub struct Server {
    /// Where the counters are.
    pub metrics: Metrics,
    /// Where the lines go.
    pub log: Arc<Log>,
    /// This machine's name.
    pub hostname: Arc<str>,
    /// Who requests are for.
    pub users: Arc<Users>,
    /// Do lines say how long the parts of a scan took?
    pub timing: bool,
    allowed: Allowed,
    allow_tell: bool,
    rules: ArcSwap<Loaded>,
    access: ArcSwapOption<Access>,
    /// The lists that are held in memory.
    lists: Option<Arc<Lists>>,
    /// Their own DNS server, which ends with this one.
    _serving: Option<Serving>,
    /// Who is asked where only they may be.
    held_only: Option<Arc<Network>>,
    load: Load,
    pool: Pool,
    connections: usize,
    permits: Arc<Semaphore>,
    arrivals: Arrivals,
    held: AtomicUsize,
    workers: usize,
    /// Are all of them at work?
    all_busy: AtomicBool,
    /// Rules whose pattern ran over its limit, once the log has named them.
    overrun: Mutex<HashSet<Arc<str>>>,
    stopping: watch::Sender<bool>,
    fingerprints: Option<Fingerprints>,
}

/// What was taught of fingerprints: its owner, and the socket in its folder.
struct Fingerprints {
    lessons: Arc<Lessons>,
    _listening: Listening,
    /// Do they count in verdicts?
    count: bool,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A user or a group that is named is not there, or may not be named.
    #[error("{0}")]
    User(String),
    /// Something that this user may not do.
    #[error("{0}")]
    Denied(String),
    /// The log cannot be opened.
    #[error("the log cannot be opened (-s): {0}")]
    Log(std::io::Error),
    /// The rules cannot be loaded.
    #[error("the rules cannot be loaded: {0}")]
    Rules(String),
    /// A setting that is only wrong in use.
    #[error("{0}")]
    Setting(String),
    /// The store of fingerprints cannot be used.
    #[error("fingerprints.store: {0}")]
    Fingerprints(#[from] StoreError),
    /// TLS has no key or certificate that will do.
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    /// The counters cannot be made.
    #[error("the metrics cannot be made: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The system refuses a thread, a socket or a file.
    #[error("{what}: {why}")]
    System {
        /// What was tried.
        what: String,
        /// What the system says.
        why: std::io::Error,
    },
}

impl Server {
    /// Loads the rules and starts the scan workers; nothing listens yet.
    pub fn start(config: &Config, log: Log, load: Load) -> Result<Arc<Server>, StartError> {
        Server::with_users(config, log, load, Users::new(config, None), Builder::Here)
    }

    /// The same, where the users' files may be somebody else's to open, and a process of its own
    /// may make the tables of lists.
    pub fn with_users(
        config: &Config,
        log: Log,
        load: Load,
        users: Users,
        builder: Builder,
    ) -> Result<Arc<Server>, StartError> {
        let metrics = Metrics::new()?;
        let log = Arc::new(log);
        let loaded = load().map_err(StartError::Rules)?;
        note_loaded(&metrics, &log, &loaded);
        let lists = Lists::open(config, &metrics, Lists::notices(&log), builder);
        let lists = lists.map_err(StartError::Setting)?;
        let runtime = Handle::try_current().ok();
        let no_thread =
            |why| StartError::System { what: "no thread that refreshes lists".into(), why };
        lists.as_ref().map_or(Ok(()), Lists::keep).map_err(no_thread)?;
        let held_only = lists.as_ref().zip(runtime.as_ref());
        let held_only = held_only.map(|(lists, runtime)| Network::of_held(lists.held(), runtime));
        let serving = match (&lists, &runtime) {
            (Some(lists), Some(runtime)) => Serving::start(config, lists, runtime)?,
            _ => None,
        };
        if let Some(serving) = &serving {
            log.info(&format!("zones: questions are answered at {:?}", serving.places()));
        }
        let access = access(&loaded, &metrics, &log, lists.as_deref());
        let workers = match config.workers {
            0 => std::thread::available_parallelism().map_or(1, |count| count.get()),
            count => count,
        };
        let system = |why| StartError::System { what: "a scan worker cannot start".into(), why };
        let pool = Pool::start(workers, &loaded.limits, &metrics).map_err(system)?;
        let connections = loaded.limits.connections;
        let fingerprints = fingerprints(config, &loaded.limits, &log)?;
        let stopping = watch::Sender::new(false);
        let live = fingerprints.as_ref().map(|fingerprints| fingerprints.lessons.live());
        feeds::follow(config, live, &metrics, &log, &stopping.subscribe())?;
        Ok(Arc::new(Server {
            metrics,
            log,
            hostname: hostname().into(),
            users: Arc::new(users),
            timing: config.timing,
            allowed: Allowed::parse(&config.allowed).map_err(StartError::Setting)?,
            allow_tell: config.allow_tell,
            rules: ArcSwap::from_pointee(loaded),
            access: ArcSwapOption::new(access),
            lists,
            _serving: serving,
            held_only,
            load,
            pool,
            connections,
            permits: Arc::new(Semaphore::new(connections)),
            arrivals: Arrivals::default(),
            held: AtomicUsize::new(0),
            workers,
            all_busy: AtomicBool::new(false),
            overrun: Mutex::default(),
            stopping,
            fingerprints,
        }))
    }

    /// What is known of fingerprints, if they count.
    pub fn known(&self) -> Option<Arc<dyn Known>> {
        let fingerprints = self.fingerprints.as_ref().filter(|fingerprints| fingerprints.count)?;
        Some(fingerprints.lessons.live().load())
    }

    /// Who owns the store of fingerprints, if there is one.
    pub fn lessons(&self) -> Option<&Arc<Lessons>> {
        self.fingerprints.as_ref().map(|fingerprints| &fingerprints.lessons)
    }

    /// Counts rules that were switched off for a message; the log names each once.
    fn note_overruns(&self, overruns: &[(Arc<str>, String)]) {
        for (name, place) in overruns {
            self.metrics.overruns.with_label_values(&[&**name]).inc();
            let is_new = self.overrun.lock().is_ok_and(|mut known| known.insert(name.clone()));
            if is_new {
                self.log.warn(&format!(
                    "rules: {place}: the pattern of {name} ran over limits.match_steps or \
                     limits.match_heap; the rule is off for such messages"
                ));
            }
        }
    }

    /// Tells the log when all workers are at work, in the words of spamd, whose workers are
    /// children: once, until one of them rests again.
    fn note_load(&self) {
        let all_busy = self.metrics.busy_workers.get() as usize >= self.workers;
        if all_busy != self.all_busy.swap(all_busy, Ordering::Relaxed) && all_busy {
            self.log.info(&format!("prefork: child states: {}", "B".repeat(self.workers)));
            let advice = "server reached --max-children setting, consider raising it";
            self.log.info(&format!("prefork: {advice}"));
        }
    }

    /// The ruleset in force.
    pub fn loaded(&self) -> Arc<Loaded> {
        self.rules.load_full()
    }

    /// The network, if the rules want it asked and it is there; else the lists in memory, if there
    /// are any.
    pub fn network(&self) -> Option<Arc<Network>> {
        let asked = self.access.load().as_ref().and_then(|access| access.network());
        asked.or_else(|| self.held_only.clone())
    }

    /// Loads the rules anew and swaps them whole; what cannot be loaded changes nothing.
    pub fn reload(&self) {
        match (self.load)() {
            Ok(loaded) => {
                note_loaded(&self.metrics, &self.log, &loaded);
                self.metrics.reloads.with_label_values(&["done"]).inc();
                self.log.info(&format!("spamd: rules reloaded, {} rules", loaded.rules));
                let lists = self.lists.as_deref();
                self.access.store(access(&loaded, &self.metrics, &self.log, lists));
                self.rules.store(Arc::new(loaded));
            }
            Err(why) => {
                self.metrics.reloads.with_label_values(&["failed"]).inc();
                let text = format!("spamd: rules not reloaded, the old ones stay: {why}");
                self.log.error(&text);
            }
        }
    }

    /// Lets nobody in any more and waits until all requests are answered, or the limit
    /// `drain_milliseconds` is over.
    pub async fn drain(&self) {
        self.stopping.send_replace(true);
        let all = u32::try_from(self.connections).unwrap_or(u32::MAX);
        let deadline = Duration::from_millis(self.loaded().limits.drain_milliseconds as u64);
        let idle = tokio::time::timeout(deadline, self.permits.acquire_many(all)).await;
        if idle.is_err() {
            let open = self.connections - self.permits.available_permits();
            self.log.warn(&format!("spamd: {open} requests cut off by the end of the server"));
        }
    }

    /// Is the server ready for work: rules loaded, not stopping, room in the queue?
    pub fn ready(&self) -> Result<(), &'static str> {
        if *self.stopping.borrow() {
            return Err("stopping");
        }
        if self.pool.is_full() { Err("the queue of scans is full") } else { Ok(()) }
    }

    /// Becomes true when the server stops.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }
}

/// Opens the store of fingerprints that `config` names, and listens there.
fn fingerprints(
    config: &Config,
    limits: &Limits,
    log: &Arc<Log>,
) -> Result<Option<Fingerprints>, StartError> {
    let Some(folder) = &config.fingerprints else { return Ok(None) };
    let notices = {
        let log = Arc::clone(log);
        Arc::new(move |text: &str| log.warn(text))
    };
    // A command may be at work there, or a server that is still ending.
    let lessons = Arc::new(Lessons::open(folder, limits, notices, Duration::from_secs(10))?);
    let listening = socket::listen(folder, lessons.clone(), limits)?;
    let count = config.fingerprints_count;
    Ok(Some(Fingerprints { lessons, _listening: listening, count }))
}

/// Who is asked by the rules of `loaded`. Without a runtime there is nobody.
fn access(
    loaded: &Loaded,
    metrics: &Metrics,
    log: &Arc<Log>,
    lists: Option<&Lists>,
) -> Option<Arc<Access>> {
    let asking = loaded.asking.as_ref()?;
    let runtime = Handle::try_current().ok()?;
    let log = Arc::clone(log);
    let notices = Arc::new(move |text: &str| log.warn(text));
    let metrics = metrics.clone();
    let held = lists.map(|lists| Arc::clone(lists.held()));
    let access = Access::new(asking, &loaded.limits, metrics, notices, runtime.clone(), held);
    runtime.spawn(Access::watch(Arc::downgrade(&access), asking.clone()));
    runtime.spawn(access.probes());
    Some(access)
}

/// Notes what was read, and what is wrong with it.
fn note_loaded(metrics: &Metrics, log: &Log, loaded: &Loaded) {
    for file in &loaded.files {
        log.debug(&format!("config: read file {}", file.display()));
    }
    for complaint in &loaded.complaints {
        log.warn(&format!("config: {complaint}"));
    }
    metrics.rules.set(i64::try_from(loaded.rules).unwrap_or(i64::MAX));
    metrics.loaded_at.set(clock::unix_seconds());
}

/// This machine's full name, as reports show it.
pub fn hostname() -> String {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    full_name(&name.unwrap_or_else(|| "localhost".to_owned()), &hosts)
}

/// `name` with its domain, if the table `hosts` (hosts(5)) has it.
fn full_name(name: &str, hosts: &str) -> String {
    if name.contains('.') {
        return name.to_owned();
    }
    let lines = hosts.lines().map(|line| line.split('#').next().unwrap_or_default());
    let names = lines.map(|line| line.split_whitespace().skip(1));
    let of_machine = names.filter(|names| names.clone().any(|known| known == name));
    let domain = |known: &&str| known.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    of_machine.flatten().find(domain).unwrap_or(name).to_owned()
}

/// Bytes of one message that count for the limit `request_bytes`; given back at its end.
struct Holding<'a> {
    server: &'a Server,
    bytes: usize,
}

impl Holding<'_> {
    /// Holds so much of a message of `bytes` as counts; false where there is no room.
    fn grow(&mut self, bytes: usize, limits: &Limits) -> bool {
        let counted = bytes.saturating_sub(limits.small_message);
        let more = counted.saturating_sub(self.bytes);
        if more == 0 {
            return true;
        }
        let before = self.server.held.fetch_add(more, Ordering::Relaxed);
        self.bytes += more;
        self.server.metrics.held_bytes.add(more as i64);
        before + more <= limits.request_bytes
    }
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        self.server.held.fetch_sub(self.bytes, Ordering::Relaxed);
        self.server.metrics.held_bytes.sub(self.bytes as i64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Level, Target};

    #[test]
    fn the_table_of_hosts_gives_the_domain() {
        let hosts = "127.0.0.1 localhost\n127.0.1.1\tmx # mx.no.example\n\
            192.0.2.1 mxx.example mx.example.org mx.example.net mx\n";
        let cases = [("mx", "mx.example.org"), ("a.b", "a.b"), ("other", "other")];
        for (name, full) in cases {
            assert_eq!(full_name(name, hosts), full);
        }
    }

    #[test]
    fn limit_request_bytes_and_small_message() {
        let limits = Limits { request_bytes: 100, small_message: 10, ..Limits::default() };
        let load = || Ok(Loaded::default());
        let log = Log::open(&Target::Null, Level::Info).unwrap();
        let server = Server::start(&Config::default(), log, Box::new(load)).unwrap();
        let holding = || Holding { server: &server, bytes: 0 };
        for (bytes, fits) in [(109, true), (110, true), (111, false)] {
            assert_eq!(holding().grow(bytes, &limits), fits, "{bytes}");
        }
        let mut first = holding();
        assert!(first.grow(20, &limits) && first.grow(60, &limits));
        assert!(holding().grow(60, &limits));
        assert!(!holding().grow(61, &limits));
        assert!(holding().grow(10, &limits));
        drop(first);
        assert_eq!(server.metrics.held_bytes.get(), 0);
    }
}
