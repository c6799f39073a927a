//! A question on its way: to which server, from which port, over UDP or TCP, and how often.
//!
//! Each packet leaves from a socket of its own with an id of its own, connected to its server: a
//! forged answer has to know both, and the kernel turns everybody else's packets away. What does
//! not repeat id and question is not an answer; the wait goes on.

use super::settings::Settings;
use super::wire::{self, Query};
use super::{Question, Reply};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rustix::net::RecvFlags;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpStream, UdpSocket};

/// How long a packet is waited for before the question goes out again; the last one is waited
/// for as long as anybody wants the answer.
const PATIENCE: [Duration; 3] =
    [Duration::from_millis(800), Duration::from_millis(1200), Duration::from_millis(2500)];
/// Ports tried before the system may choose one.
const PORTS_TRIED: usize = 10;
/// REFUSED (RFC 1035, 4.1.1).
const REFUSED: u16 = 5;

/// The ways to the name servers.
#[derive(Debug)]
pub(super) struct Exchange {
    /// The place among the servers of the one that is asked first.
    first: AtomicUsize,
}

impl Exchange {
    pub(super) fn new() -> Exchange {
        Exchange { first: AtomicUsize::new(0) }
    }

    /// The message that a server answers with. Ends with an error only when all have failed;
    /// does not end while one may still answer.
    pub(super) async fn ask(
        &self,
        question: &Question,
        settings: &Settings,
    ) -> io::Result<Vec<u8>> {
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
        loop {
            if next < tries {
                let place = (first.wrapping_add(next)) % count;
                let Some(&server) = servers.get(place) else { return last };
                coming.push(async move { (place, once(question, server, settings).await) });
                next += 1;
            }
            let pause = PATIENCE.get(next.saturating_sub(1)).or(PATIENCE.last());
            let pause = pause.copied().unwrap_or_default();
            let (place, heard) = tokio::select! {
                biased;
                heard = coming.next() => match heard {
                    Some(heard) => heard,
                    None => return last,
                },
                () = tokio::time::sleep(pause), if next < tries => continue,
            };
            match heard {
                Ok(bytes) if next >= count || !is_failure(&bytes) => {
                    if !settings.rotate {
                        self.first.store(place, Ordering::Relaxed);
                    }
                    return Ok(bytes);
                }
                // Another server may know better.
                Ok(bytes) => last = Ok(bytes),
                Err(why) => last = last.or(Err(why)),
            }
        }
    }
}

/// Is it SERVFAIL or REFUSED?
fn is_failure(bytes: &[u8]) -> bool {
    let code = bytes.get(3).map(|flags| u16::from(flags & 15));
    matches!(code, Some(Reply::SERVER_FAILURE | REFUSED))
}

/// Asks one server, over TCP if the answer does not fit a packet.
async fn once(question: &Question, to: SocketAddr, settings: &Settings) -> io::Result<Vec<u8>> {
    let query = || Query::new(question, rand::random(), settings.payload, settings.mix_case);
    let bytes = over_udp(&query(), to, settings).await?;
    if wire::is_cut(&bytes) { over_tcp(&query(), to).await } else { Ok(bytes) }
}

async fn over_udp(query: &Query, to: SocketAddr, settings: &Settings) -> io::Result<Vec<u8>> {
    let socket = socket(to, settings).await?;
    socket.connect(to).await?;
    socket.send(query.bytes()).await?;
    let room = usize::from(settings.payload.unwrap_or(0)).max(4096);
    loop {
        let mut bytes = Vec::with_capacity(room);
        // A port where nobody listens is an error, which waiting to read does not wake for.
        let receive = || -> io::Result<usize> {
            let room = rustix::buffer::spare_capacity(&mut bytes);
            Ok(rustix::net::recv(&socket, room, RecvFlags::DONTWAIT)?.0)
        };
        socket.async_io(Interest::READABLE | Interest::ERROR, receive).await?;
        if query.is_answered_by(&bytes) {
            return Ok(bytes);
        }
    }
}

/// A socket on one of the ports that may be used.
async fn socket(to: SocketAddr, settings: &Settings) -> io::Result<UdpSocket> {
    let here: IpAddr = match to {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    for _ in 0..PORTS_TRIED {
        match UdpSocket::bind((here, settings.ports.any())).await {
            Err(why)
                if matches!(
                    why.kind(),
                    io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
                ) => {}
            bound => return bound,
        }
    }
    UdpSocket::bind((here, 0)).await
}

async fn over_tcp(query: &Query, to: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(to).await?;
    let length = u16::try_from(query.bytes().len()).unwrap_or(u16::MAX);
    stream.write_all(&[&length.to_be_bytes(), query.bytes()].concat()).await?;
    let mut bytes = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut bytes).await?;
    if query.is_answered_by(&bytes) { Ok(bytes) } else { Err(io::ErrorKind::InvalidData.into()) }
}
