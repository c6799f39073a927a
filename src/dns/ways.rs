//! Ways to the name servers: UDP sockets, each for a few questions that are out together.
//!
//! A socket is connected to its server, leaves from a port chosen at random and carries
//! [`MOST_QUESTIONS`] at most, each with an id of its own: whoever forges an answer has to know
//! the port, the id and the question, and the kernel turns everybody else's packets away. A
//! socket that waits for nothing is closed, so that a port is open no longer than an answer
//! takes. What does not repeat id and question is not an answer; the wait goes on.

use super::settings::Settings;
use super::wire::Query;
use crate::clock::Tick;
use rustix::net::{RecvFlags, SendFlags};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::{Notify, oneshot};

/// Questions that leave from one port.
const MOST_QUESTIONS: usize = 16;
/// How long questions may join those that are out: one that is asked again leaves from another
/// port.
const LONGEST_OPEN: Duration = Duration::from_millis(200);
/// Ports tried before the system may choose one.
const PORTS_TRIED: usize = 10;
/// Bytes of an answer, whatever was asked for.
const LEAST_ROOM: usize = 4096;

/// The ways that questions may still join, one to each server.
#[derive(Default)]
pub(super) struct Ways {
    open: Mutex<HashMap<SocketAddr, Weak<Way>>>,
}

/// A socket and what it waits for.
struct Way {
    socket: UdpSocket,
    since: Tick,
    expected: Mutex<Expected>,
    /// Rung when nothing is waited for any longer.
    bell: Notify,
}

#[derive(Default)]
struct Expected {
    /// How many questions have joined; [`MOST_QUESTIONS`] when it is closed.
    joined: usize,
    questions: Vec<(Query, oneshot::Sender<io::Result<Vec<u8>>>)>,
}

impl Ways {
    /// The answer of the server at `to`, however long it takes.
    pub(super) async fn ask(
        &self,
        query: Query,
        to: SocketAddr,
        settings: &Settings,
    ) -> io::Result<Vec<u8>> {
        let id = query.id();
        let bytes = query.bytes().to_vec();
        let (way, answer) = self.join(query, to, settings)?;
        let _place = Place { way: &way, id };
        way.send(&bytes).await?;
        answer.await.unwrap_or(Err(io::ErrorKind::ConnectionAborted.into()))
    }

    /// Puts a question among those that a way waits for.
    fn join(&self, query: Query, to: SocketAddr, settings: &Settings) -> io::Result<Joined> {
        let (sender, answer) = oneshot::channel();
        let mut open = lock(&self.open);
        let mut asking = (query, sender);
        if let Some(way) = open.get(&to).and_then(Weak::upgrade) {
            match way.take_up(asking) {
                None => return Ok((way, answer)),
                Some(refused) => asking = refused,
            }
        }
        let expected = Expected { joined: 1, questions: vec![asking] };
        let way = Arc::new(Way {
            socket: socket(to, settings)?,
            since: Tick::now(),
            expected: Mutex::new(expected),
            bell: Notify::new(),
        });
        let room = usize::from(settings.payload.unwrap_or(0)).max(LEAST_ROOM);
        tokio::spawn(way.clone().listen(room));
        open.insert(to, Arc::downgrade(&way));
        Ok((way, answer))
    }
}

type Asking = (Query, oneshot::Sender<io::Result<Vec<u8>>>);
type Joined = (Arc<Way>, oneshot::Receiver<io::Result<Vec<u8>>>);

impl Way {
    /// Waits for this answer too; gives the question back if it may not.
    fn take_up(&self, asking: Asking) -> Option<Asking> {
        let mut expected = lock(&self.expected);
        let is_new = expected.questions.iter().all(|(query, _)| query.id() != asking.0.id());
        if expected.joined >= MOST_QUESTIONS || !is_new || self.since.elapsed() > LONGEST_OPEN {
            return Some(asking);
        }
        expected.joined += 1;
        expected.questions.push(asking);
        None
    }

    async fn send(&self, bytes: &[u8]) -> io::Result<()> {
        match rustix::net::send(&self.socket, bytes, SendFlags::DONTWAIT) {
            Err(rustix::io::Errno::AGAIN) => self.socket.send(bytes).await.map(drop),
            sent => Ok(sent.map(drop)?),
        }
    }

    /// Hands answers to who waits for them, until nobody does.
    async fn listen(self: Arc<Self>, room: usize) {
        let mut bytes = Vec::with_capacity(room);
        while !lock(&self.expected).is_over() {
            // A port where nobody listens is an error, which waiting to read does not wake for.
            let receive = || -> io::Result<usize> {
                bytes.clear();
                let room = rustix::buffer::spare_capacity(&mut bytes);
                Ok(rustix::net::recv(&self.socket, room, RecvFlags::DONTWAIT)?.0)
            };
            let heard = tokio::select! {
                heard = self.socket.async_io(Interest::READABLE | Interest::ERROR, receive) => heard,
                () = self.bell.notified() => continue,
            };
            lock(&self.expected).hand_out(heard.map(|_| &bytes[..]));
        }
    }
}

impl Expected {
    /// Is nothing waited for? Then nothing may join any more: the socket is about to be closed.
    fn is_over(&mut self) -> bool {
        let is_over = self.questions.is_empty();
        if is_over {
            self.joined = MOST_QUESTIONS;
        }
        is_over
    }

    /// Gives an answer to its question, and an error to all of them.
    fn hand_out(&mut self, heard: io::Result<&[u8]>) {
        match heard {
            Ok(bytes) => {
                let place =
                    self.questions.iter().position(|(query, _)| query.is_answered_by(bytes));
                if let Some(place) = place {
                    let (_, waiting) = self.questions.swap_remove(place);
                    let _ = waiting.send(Ok(bytes.to_vec()));
                }
            }
            Err(why) => {
                for (_, waiting) in self.questions.drain(..) {
                    let _ = waiting.send(Err(why.kind().into()));
                }
            }
        }
    }
}

/// A question's place on a way, given back however the wait ends.
struct Place<'w> {
    way: &'w Way,
    id: u16,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut expected = lock(&self.way.expected);
        let before = expected.questions.len();
        expected.questions.retain(|(query, _)| query.id() != self.id);
        // Who has got an answer is not among them, and the listener knows.
        if expected.questions.is_empty() && before > 0 {
            self.way.bell.notify_one();
        }
    }
}

/// A socket on one of the ports that may be used, connected.
fn socket(to: SocketAddr, settings: &Settings) -> io::Result<UdpSocket> {
    let socket = bound(to, settings)?;
    socket.connect(to)?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

fn bound(to: SocketAddr, settings: &Settings) -> io::Result<std::net::UdpSocket> {
    let here: IpAddr = match to {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    for _ in 0..PORTS_TRIED {
        match std::net::UdpSocket::bind((here, settings.ports.any())) {
            Err(why)
                if matches!(
                    why.kind(),
                    io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
                ) => {}
            bound => return bound,
        }
    }
    std::net::UdpSocket::bind((here, 0))
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
