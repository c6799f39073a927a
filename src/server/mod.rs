//! The server: connections in, replies out.
//!
//! The straight road is [`handle::handle`]: a verb to what answers it. Around it
//! [`connection`] reads a request within its deadlines and writes the reply, [`listener`]
//! lets connections in, [`pool`] keeps the scan workers, [`signals`] ends and reloads.
//!
//! What a message is scanned with is a [`Loaded`] ruleset, swapped whole on SIGHUP; a
//! message keeps the one that it began with.
//!
//! Ring 4.

pub mod arrivals;
pub mod connection;
pub mod handle;
pub mod identity;
pub mod listener;
pub mod pool;
pub mod signals;
pub mod tls;

use crate::clock::{self, Tick};
use crate::config::Config;
use crate::config::Listen;
use crate::config::address::Allowed;
use crate::engine::Verdict;
use crate::limits::Limits;
use crate::log::Log;
use crate::metrics::Metrics;
use arc_swap::ArcSwap;
use arrivals::Arrivals;
use pool::Pool;
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tls::Tls;
use tokio::sync::{Semaphore, watch};

/// One message to scan.
pub struct Mail {
    /// The message.
    pub bytes: Vec<u8>,
    /// `User:` of the request.
    pub user: Option<Vec<u8>>,
    /// When nobody waits for the verdict any more.
    pub deadline: Tick,
    /// The answer is a report, which quotes the text.
    pub report: bool,
    /// The answer is the mail with its marks.
    pub rewrite: bool,
}

/// What one scan worker calls for each message; it owns the worker's caches and buffers.
pub type Scanner = Box<dyn FnMut(Mail) -> Verdict>;

/// A ruleset in force, with what the replies need of its settings.
pub struct Loaded {
    /// Makes a scanner; each worker calls it once on its own thread.
    pub scanner: Box<dyn Fn() -> Scanner + Send + Sync>,
    /// How many rules there are.
    pub rules: usize,
    /// The heights of the limits.
    pub limits: Limits,
    /// What a report is made from.
    pub template: Template,
}

/// The settings of a report.
#[derive(Clone, Debug, Default)]
pub struct Template {
    /// `report`: its lines, each with a line feed.
    pub text: Vec<u8>,
    /// `report_contact`.
    pub contact: Vec<u8>,
    /// `report_hostname`; this machine's name where it is not set.
    pub hostname: Option<String>,
    /// `report_wrap_width`; 0 where it is not set.
    pub wrap_width: usize,
    /// Versions of the rule channels.
    pub rules_version: String,
}

/// Loads the ruleset anew, or says why it cannot.
pub type Load = Box<dyn Fn() -> Result<Loaded, String> + Send + Sync>;

/// A running server; shared by all its tasks.
pub struct Server {
    /// Where the counters are.
    pub metrics: Metrics,
    /// Where the lines go.
    pub log: Log,
    /// This machine's name.
    pub hostname: String,
    allowed: Allowed,
    allow_tell: bool,
    tls: Option<Tls>,
    rules: ArcSwap<Loaded>,
    load: Load,
    pool: Pool,
    connections: usize,
    permits: Arc<Semaphore>,
    arrivals: Arrivals,
    held: AtomicUsize,
    /// Rules whose pattern ran over its limit, once the log has named them.
    overrun: Mutex<HashSet<Arc<str>>>,
    stopping: watch::Sender<bool>,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The rules cannot be loaded.
    #[error("the rules cannot be loaded: {0}")]
    Rules(String),
    /// A setting that is only wrong in use.
    #[error("{0}")]
    Setting(String),
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
        let metrics = Metrics::new()?;
        let loaded = load().map_err(StartError::Rules)?;
        note_loaded(&metrics, &loaded);
        let workers = match config.workers {
            0 => std::thread::available_parallelism().map_or(1, |count| count.get()),
            count => count,
        };
        let system = |why| StartError::System { what: "a scan worker cannot start".into(), why };
        let pool = Pool::start(workers, loaded.limits.queued_scans, &metrics).map_err(system)?;
        let connections = loaded.limits.connections;
        Ok(Arc::new(Server {
            metrics,
            log,
            hostname: hostname(),
            allowed: Allowed::parse(&config.allowed).map_err(StartError::Setting)?,
            allow_tell: config.allow_tell,
            tls: tls(config)?,
            rules: ArcSwap::from_pointee(loaded),
            load,
            pool,
            connections,
            permits: Arc::new(Semaphore::new(connections)),
            arrivals: Arrivals::default(),
            held: AtomicUsize::new(0),
            overrun: Mutex::default(),
            stopping: watch::Sender::new(false),
        }))
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

    /// The ruleset in force.
    pub fn loaded(&self) -> Arc<Loaded> {
        self.rules.load_full()
    }

    /// Loads rules and certificates anew and swaps them whole; what cannot be loaded changes
    /// nothing.
    pub fn reload(&self) {
        if let Some(Err(why)) = self.tls.as_ref().map(Tls::reload) {
            self.log.error(&format!("spamd: TLS goes on with the old certificate: {why}"));
        }
        match (self.load)() {
            Ok(loaded) => {
                note_loaded(&self.metrics, &loaded);
                self.metrics.reloads.with_label_values(&["done"]).inc();
                self.log.info(&format!("spamd: rules reloaded, {} rules", loaded.rules));
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

/// Key and certificates, where any listener needs them.
fn tls(config: &Config) -> Result<Option<Tls>, StartError> {
    let places = config.places().map_err(StartError::Setting)?;
    let wanted = places.iter().any(|place| matches!(place, Listen::Tcp { tls: true, .. }));
    wanted
        .then(|| Tls::load(config))
        .transpose()
        .map_err(|why| StartError::Setting(why.to_string()))
}

fn note_loaded(metrics: &Metrics, loaded: &Loaded) {
    metrics.rules.set(i64::try_from(loaded.rules).unwrap_or(i64::MAX));
    metrics.loaded_at.set(clock::unix_seconds());
}

/// This machine's name, as reports show it.
fn hostname() -> String {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    name.unwrap_or_else(|| "localhost".to_owned())
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
    fn limit_request_bytes_and_small_message() {
        let limits = Limits { request_bytes: 100, small_message: 10, ..Limits::default() };
        let load = || {
            Ok(Loaded {
                scanner: Box::new(|| Box::new(|_| Verdict::default())),
                rules: 0,
                limits: Limits::default(),
                template: Template::default(),
            })
        };
        let log = Log::open(Target::Null, Level::Info).unwrap();
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
