//! The resolver against name servers: one of ours that behaves as badly as it is told
//! (`t/support/responder.rs`), and Debian's `rbldnsd`.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

#[path = "support/responder.rs"]
mod responder;

#[path = "dns/budgets.rs"]
mod budgets;
#[path = "dns/hostile.rs"]
mod hostile;
#[path = "dns/lists.rs"]
mod lists;
#[path = "dns/ordinary.rs"]
mod ordinary;
#[path = "dns/rbldnsd.rs"]
mod rbldnsd;

use mailprint::clock::Tick;
use mailprint::dns::{Kind, Lookup, Name, Outcome, Question, Resolver, Settings};
use mailprint::limits::Limits;
use mailprint::metrics::Metrics;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Handle;

/// A resolver, and what it says.
pub struct Bench {
    pub resolver: Arc<Resolver>,
    pub metrics: Metrics,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Bench {
    /// Asks these servers only.
    pub fn asking(servers: impl IntoIterator<Item = SocketAddr>) -> Bench {
        Bench::with(settings(servers), &Limits::default())
    }

    pub fn with(settings: Settings, limits: &Limits) -> Bench {
        let metrics = Metrics::new().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let heard = lines.clone();
        let notices = Arc::new(move |line: &str| heard.lock().unwrap().push(line.to_owned()));
        let resolver = Resolver::new(settings, limits, metrics.clone(), notices, Handle::current());
        Bench { resolver, metrics, lines }
    }

    /// What was said to the administrator.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    pub async fn ask(&self, name: &str, kind: Kind) -> Outcome {
        self.resolver.lookup(&question(name, kind)).await
    }

    /// A line of the metrics; 0 where there is none.
    pub fn metric(&self, name: &str) -> i64 {
        let text = String::from_utf8(self.metrics.text().unwrap()).unwrap();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().unwrap())
    }
}

pub fn settings(servers: impl IntoIterator<Item = SocketAddr>) -> Settings {
    let servers = servers.into_iter().collect();
    Settings { servers, payload: Some(4096), pauses: true, ..Settings::default() }
}

pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub fn question(text: &str, kind: Kind) -> Question {
    Question::new(name(text), kind)
}

/// A place where nobody listens: held by a socket that talks to somebody else.
pub fn nobody() -> SocketAddr {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect("127.0.0.1:9").unwrap();
    let address = socket.local_addr().unwrap();
    std::mem::forget(socket);
    address
}

/// A free port that the system gives to nobody by itself.
pub fn free_port() -> u16 {
    let first = 10_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let is_free = |port: &u16| std::net::UdpSocket::bind(("127.0.0.1", *port)).is_ok();
    (first..30_000).find(is_free).unwrap()
}

pub fn in_seconds(seconds: u64) -> Tick {
    Tick::now().plus(Duration::from_secs(seconds))
}
