//! The server and the world around it: signals, and systemd.
//!
//! SIGHUP reads the rules anew and opens the log again, SIGUSR1 opens the log only, SIGUSR2
//! tells the log how things stand, SIGTERM and SIGINT answer what was begun and end; a second
//! one ends at once.

use super::handle::VERSION;
use super::keeper::Keeper;
use super::listener::{self, Bound, Listener};
use super::pid_file::PidFile;
use super::systemd::{self, Notify};
use super::tls::Tls;
use super::{Server, StartError};
use crate::http;
use crate::log::Target;
use std::fs::File;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;

/// What a server has of the world outside, opened by [`super::daemon`].
#[derive(Default)]
pub struct Outside {
    /// The sockets of spamd.
    pub bound: Vec<Bound>,
    /// The socket of `/metrics`.
    pub http: Option<std::net::TcpListener>,
    /// The file for our number.
    pub pid_file: Option<PidFile>,
    /// Who is still root.
    pub keeper: Option<Arc<Keeper>>,
    /// Where the log goes.
    pub target: Target,
}

/// Listens, serves, reloads on SIGHUP, and on SIGTERM or SIGINT answers what it has begun
/// and ends. `ready` is called with the listeners once they are served.
pub async fn run(
    server: Arc<Server>,
    outside: Outside,
    ready: impl FnOnce(&[Listener]),
) -> Result<(), StartError> {
    raise_descriptors();
    let Outside { bound, http, mut pid_file, keeper, target } = outside;
    let log = LogFile { server: server.clone(), keeper: keeper.clone(), target };
    let mut signals = Signals::new()?;
    let notify = Arc::new(Notify::from_environment());
    let listeners = listener::adopt(bound)?;
    let tls = listeners.iter().find_map(Listener::tls).cloned();
    started(&server, &listeners, pid_file.as_mut());
    ready(&listeners);
    notify.ready(&status(&server));
    let mut tasks = JoinSet::new();
    for listener in listeners {
        tasks.spawn(listener::accept(listener, server.clone()));
    }
    if let Some(http) = http {
        tasks.spawn(http::serve(http, server.clone()));
    }
    if let Some(interval) = systemd::watchdog() {
        let notify = notify.clone();
        tasks.spawn(async move {
            let mut ticks = tokio::time::interval(interval);
            loop {
                ticks.tick().await;
                notify.alive();
            }
        });
    }
    // However many signals come meanwhile, there is one reload at a time and one after it.
    let reload = Arc::new(tokio::sync::Notify::new());
    let reloads = Reloads { server: server.clone(), tls, keeper, notify: notify.clone() };
    tasks.spawn(reloads.run(reload.clone()));
    loop {
        match signals.next().await {
            Caught::End(name) => {
                server.log.info(&format!("spamd: server killed by {name}, shutting down"));
                break;
            }
            Caught::Hangup => {
                server.log.info("spamd: server hit by SIGHUP, restarting");
                log.reopen();
                reload.notify_one();
            }
            Caught::Reopen => log.reopen(),
            Caught::Tell => server.log.info(&format!("spamd: caught SIGUSR2 - {}", state(&server))),
        }
    }
    notify.stopping();
    tokio::select! {
        () = server.drain() => {}
        () = signals.second_end() => server.log.warn("spamd: told to end a second time"),
    }
    tasks.shutdown().await;
    Ok(())
}

/// The lines of a start, and the PID file between them, as spamd's starters expect them.
fn started(server: &Server, listeners: &[Listener], pid_file: Option<&mut PidFile>) {
    let names: Vec<String> = listeners.iter().map(Listener::name).collect();
    let names = names.join(", ");
    server.log.info(&format!("spamd: server started on {names} (running version {VERSION})"));
    server.log.info(&format!("spamd: mailprint {}, {}", env!("CARGO_PKG_VERSION"), status(server)));
    if let Some(Err(error)) = pid_file.map(PidFile::write) {
        server.log.warn(&format!("spamd: cannot write to PID file: {error}"));
    }
    server.log.info(&format!("spamd: server pid: {}", std::process::id()));
}

fn status(server: &Server) -> String {
    format!("{} rules", server.loaded().rules)
}

/// How things stand, for whoever asks with a signal.
fn state(server: &Server) -> String {
    let metrics = &server.metrics;
    format!(
        "{} connections, {} scans, {} waiting, {} users' preferences kept, {}",
        metrics.open_connections.get(),
        metrics.busy_workers.get(),
        metrics.queued_scans.get(),
        server.users.kept(),
        status(server)
    )
}

/// What has to be read anew.
struct Reloads {
    server: Arc<Server>,
    tls: Option<Arc<Tls>>,
    keeper: Option<Arc<Keeper>>,
    notify: Arc<Notify>,
}

impl Reloads {
    /// Reads rules and certificates anew whenever asked, on a thread of its own, so that requests
    /// go on.
    async fn run(self, asked: Arc<tokio::sync::Notify>) {
        loop {
            asked.notified().await;
            self.notify.reloading();
            let (server, tls, keeper) =
                (self.server.clone(), self.tls.clone(), self.keeper.clone());
            let reload = move || {
                if let Some(tls) = tls {
                    tls.reload(&server.log, &|path| match &keeper {
                        Some(keeper) => keeper.open(path),
                        None => File::open(path),
                    });
                }
                server.reload();
            };
            if tokio::task::spawn_blocking(reload).await.is_err() {
                self.server.log.error("spamd: the reload ended in a panic, the old rules stay");
            }
            self.notify.ready(&status(&self.server));
        }
    }
}

/// The log file, which somebody may move away.
struct LogFile {
    server: Arc<Server>,
    keeper: Option<Arc<Keeper>>,
    target: Target,
}

impl LogFile {
    fn reopen(&self) {
        let log = &self.server.log;
        let opened = match (&self.keeper, &self.target) {
            (Some(keeper), Target::File(_)) => keeper.log().map(|file| log.continue_in(file)),
            _ => log.reopen(&self.target),
        };
        if let Err(error) = opened {
            log.error(&format!("spamd: the log cannot be opened again: {error}"));
        }
    }
}

/// What a signal asks for.
enum Caught {
    End(&'static str),
    Hangup,
    Reopen,
    Tell,
}

/// The signals that a server minds.
struct Signals {
    term: Signal,
    int: Signal,
    hangup: Signal,
    reopen: Signal,
    tell: Signal,
}

impl Signals {
    fn new() -> Result<Signals, StartError> {
        Ok(Signals {
            term: waiting_for(SignalKind::terminate())?,
            int: waiting_for(SignalKind::interrupt())?,
            hangup: waiting_for(SignalKind::hangup())?,
            reopen: waiting_for(SignalKind::user_defined1())?,
            tell: waiting_for(SignalKind::user_defined2())?,
        })
    }

    async fn next(&mut self) -> Caught {
        tokio::select! {
            _ = self.term.recv() => Caught::End("SIGTERM"),
            _ = self.int.recv() => Caught::End("SIGINT"),
            _ = self.hangup.recv() => Caught::Hangup,
            _ = self.reopen.recv() => Caught::Reopen,
            _ = self.tell.recv() => Caught::Tell,
        }
    }

    async fn second_end(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}

fn waiting_for(kind: SignalKind) -> Result<Signal, StartError> {
    signal(kind).map_err(|why| StartError::System { what: "no signal handler".into(), why })
}

/// Takes all the file descriptors that the system allows: each connection needs one.
fn raise_descriptors() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // With fewer the server works too, and says so when it runs out of them.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}
