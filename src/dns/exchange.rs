//! A question on its way: to which server, over UDP or TCP, and how often.

use super::settings::Settings;
use super::ways::Ways;
use super::wire::{self, Query};
use super::{Question, Reply};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// How long a packet is waited for before the question goes out again; the last one is waited
/// for as long as anybody wants the answer.
const PATIENCE: [Duration; 3] =
    [Duration::from_millis(800), Duration::from_millis(1200), Duration::from_millis(2500)];
/// REFUSED (RFC 1035, 4.1.1).
const REFUSED: u16 = 5;

/// The ways to the name servers.
pub(super) struct Exchange {
    ways: Ways,
    /// The place among the servers of the one that is asked first.
    first: AtomicUsize,
}

impl Exchange {
    pub(super) fn new() -> Exchange {
        Exchange { ways: Ways::default(), first: AtomicUsize::new(0) }
    }

    /// The message that a server answers with; `None` if none comes in time. Ends with an error
    /// only when all servers have failed, not while one may still answer.
    pub(super) async fn ask(
        &self,
        question: &Question,
        settings: &Settings,
    ) -> Option<io::Result<Vec<u8>>> {
        let servers = &settings.servers;
        let count = servers.len();
        let first = match settings.rotate {
            true => self.first.fetch_add(1, Ordering::Relaxed),
            false => self.first.load(Ordering::Relaxed),
        };
        // Each server at least once, and each question as often as there are waits.
        let tries = if count == 0 { 0 } else { count.max(PATIENCE.len() + 1) };
        let mut coming = FuturesUnordered::new();
        let mut next = 0;
        let mut last: io::Result<Vec<u8>> = Err(io::ErrorKind::NotConnected.into());
        // One clock for all waits: there may be many questions on the wire.
        let began = now();
        let ends = began + settings.patience.longest();
        let due = |next: usize, now: Instant| match PATIENCE.get(next) {
            Some(pause) if next + 1 < tries => ends.min(now + *pause),
            _ => ends,
        };
        let mut clock = std::pin::pin!(tokio::time::sleep_until(due(0, began)));
        loop {
            if next < tries {
                let place = (first.wrapping_add(next)) % count;
                let Some(&server) = servers.get(place) else { return Some(last) };
                coming.push(async move { (place, self.once(question, server, settings).await) });
                if next > 0 {
                    clock.as_mut().reset(due(next, now()));
                }
                next += 1;
            }
            let (place, heard) = tokio::select! {
                biased;
                heard = coming.next() => match heard {
                    Some(heard) => heard,
                    None => return Some(last),
                },
                () = &mut clock => match now() < ends {
                    true => continue,
                    false => return None,
                },
            };
            match heard {
                Ok(bytes) if next >= count || !is_failure(&bytes) => {
                    if !settings.rotate {
                        self.first.store(place, Ordering::Relaxed);
                    }
                    return Some(Ok(bytes));
                }
                // Another server may know better.
                Ok(bytes) => last = Ok(bytes),
                Err(why) => last = last.or(Err(why)),
            }
        }
    }

    /// Asks one server, over TCP if the answer does not fit a packet.
    async fn once(
        &self,
        question: &Question,
        to: SocketAddr,
        settings: &Settings,
    ) -> io::Result<Vec<u8>> {
        let query = || Query::new(question, rand::random(), settings.payload, settings.mix_case);
        let bytes = self.ways.ask(query(), to, settings).await?;
        if wire::is_cut(&bytes) { over_tcp(&query(), to).await } else { Ok(bytes) }
    }
}

fn now() -> Instant {
    crate::clock::Tick::now().instant().into()
}

/// Is it SERVFAIL or REFUSED?
fn is_failure(bytes: &[u8]) -> bool {
    let code = bytes.get(3).map(|flags| u16::from(flags & 15));
    matches!(code, Some(Reply::SERVER_FAILURE | REFUSED))
}

async fn over_tcp(query: &Query, to: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(to).await?;
    let length = u16::try_from(query.bytes().len()).unwrap_or(u16::MAX);
    stream.write_all(&[&length.to_be_bytes(), query.bytes()].concat()).await?;
    let mut bytes = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut bytes).await?;
    if query.is_answered_by(&bytes) { Ok(bytes) } else { Err(io::ErrorKind::InvalidData.into()) }
}
