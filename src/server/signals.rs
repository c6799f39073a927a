//! The server as a process: from the first listener to the last reply.

use super::listener::{self, Listener};
use super::{Server, StartError};
use crate::config::Config;
use crate::http;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens, serves, reloads on SIGHUP, and on SIGTERM or SIGINT answers what it has begun
/// and ends. `ready` is called with the listeners once they are open.
pub async fn run(
    server: Arc<Server>,
    config: &Config,
    ready: impl FnOnce(&[Listener]),
) -> Result<(), StartError> {
    raise_descriptors();
    let mut end = Ends::new()?;
    let mut hangup = waiting_for(SignalKind::hangup())?;
    let listeners = listener::open(config).await?;
    let http = match config.http.as_str() {
        "" => None,
        place => Some(http::open(place).await?),
    };
    for listener in &listeners {
        let version = env!("CARGO_PKG_VERSION");
        let name = listener.name();
        server.log.info(&format!("spamd: server started on {name} (running mailprint {version})"));
    }
    server.log.info(&format!("spamd: server pid: {}", std::process::id()));
    ready(&listeners);
    let mut tasks = tokio::task::JoinSet::new();
    for listener in listeners {
        tasks.spawn(listener::accept(listener, server.clone()));
    }
    if let Some(http) = http {
        tasks.spawn(http::serve(http, server.clone()));
    }
    loop {
        tokio::select! {
            name = end.next() => {
                server.log.info(&format!("spamd: server killed by {name}, shutting down"));
                break;
            }
            _ = hangup.recv() => reload(&server),
        }
    }
    server.drain().await;
    tasks.shutdown().await;
    Ok(())
}

/// Reloads on a thread of its own, so that requests go on meanwhile.
fn reload(server: &Arc<Server>) {
    server.log.info("spamd: server hit by SIGHUP, reloading");
    if let Err(error) = server.log.reopen() {
        server.log.error(&format!("spamd: the log file cannot be opened again: {error}"));
    }
    let server = server.clone();
    tokio::task::spawn_blocking(move || server.reload());
}

/// The signals that end a server.
struct Ends {
    term: Signal,
    int: Signal,
}

impl Ends {
    fn new() -> Result<Ends, StartError> {
        Ok(Ends {
            term: waiting_for(SignalKind::terminate())?,
            int: waiting_for(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.term.recv() => "SIGTERM",
            _ = self.int.recv() => "SIGINT",
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
