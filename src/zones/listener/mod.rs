//! A DNS server for the lists, such as an MTA's own `reject_rbl_client` asks.
//!
//! Packets are taken and answered many at a time by threads of their own ([`packets`]), streams by
//! one more ([`streams`]); what is scanned meanwhile is not in their way. What is answered is
//! [`Served`]'s, which may be replaced at any time, whole.
//!
//! In: places and who may ask. RFC 1035, 4.2; RFC 7766.

mod packets;
mod streams;

use super::Served;
use crate::limits::Limits;
use arc_swap::ArcSwap;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a thread waits before it looks whether it is to end.
const GLANCE: Duration = Duration::from_millis(200);
/// Bytes of questions that wait within the kernel.
const WAITING: usize = 4 << 20;

/// Says whether who asks from an address is answered.
pub type MayAsk = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// What all threads share.
#[derive(Clone)]
struct Shared {
    served: Arc<ArcSwap<Served>>,
    may_ask: MayAsk,
    limits: Limits,
    end: Arc<AtomicBool>,
}

/// A server that runs until it is dropped.
pub struct Listener {
    places: Vec<SocketAddr>,
    end: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Listener {
    /// Listens at `places`, over UDP with `threads` threads each (at least one) and over TCP; port
    /// 0 is any that is free, the same for both.
    pub fn start(
        places: &[SocketAddr],
        threads: usize,
        may_ask: MayAsk,
        served: Arc<ArcSwap<Served>>,
        limits: &Limits,
    ) -> io::Result<Listener> {
        let end = Arc::new(AtomicBool::new(false));
        let shared = Shared { served, may_ask, limits: limits.clone(), end: Arc::clone(&end) };
        // A server that is half begun ends what it has begun.
        let mut listener = Listener { places: Vec::new(), end, threads: Vec::new() };
        for place in places {
            let stream = stream_socket(*place)?;
            let place = stream.local_addr()?;
            listener.places.push(place);
            for _ in 0..threads.max(1) {
                let socket = packet_socket(place)?;
                let shared = shared.clone();
                let thread = std::thread::Builder::new().name("zones-udp".to_owned());
                listener.threads.push(thread.spawn(move || packets::serve(&socket, &shared))?);
            }
            let shared = shared.clone();
            let thread = std::thread::Builder::new().name("zones-tcp".to_owned());
            listener.threads.push(thread.spawn(move || streams::serve(stream, &shared))?);
        }
        Ok(listener)
    }

    /// Where it listens.
    pub fn places(&self) -> &[SocketAddr] {
        &self.places
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // What a thread panicked with has been told already.
            let _ = thread.join();
        }
    }
}

/// Several sockets at one place share what comes.
fn packet_socket(place: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(place), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_port(true)?;
    // As much as the system allows.
    let _ = socket.set_recv_buffer_size(WAITING);
    socket.set_read_timeout(Some(GLANCE))?;
    socket.bind(&place.into())?;
    Ok(socket.into())
}

fn stream_socket(place: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(place), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&place.into())?;
    socket.listen(128)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::{Kind, Name, Question, wire};
    use std::io::{Read, Write};
    use std::net::TcpStream;

    fn start(may_ask: MayAsk, change: impl FnOnce(&mut Limits)) -> Listener {
        let mut limits = Limits::default();
        change(&mut limits);
        let served = Arc::new(ArcSwap::from_pointee(Served::default()));
        Listener::start(&[([127, 0, 0, 1], 0).into()], 2, may_ask, served, &limits).unwrap()
    }

    fn question() -> Vec<u8> {
        let question = Question::new(Name::new("x.test").unwrap(), Kind::A);
        wire::Query::new(&question, 9, None, false).bytes().to_vec()
    }

    fn connect(server: &Listener) -> TcpStream {
        let stream = TcpStream::connect(server.places()[0]).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Is a question on it answered?
    fn is_served(stream: &mut TcpStream) -> bool {
        let question = question();
        let _ = stream.write_all(&[&[0, question.len() as u8], question.as_slice()].concat());
        // As long as the question: it is refused.
        let mut answer = vec![0; 2 + question.len()];
        stream.read_exact(&mut answer).is_ok() && answer[2..4] == [0, 9] && answer[5] & 15 == 5
    }

    #[test]
    fn limit_zone_connections() {
        let server = start(Arc::new(|_| true), |limits| limits.zone_connections = 2);
        let mut streams = [connect(&server), connect(&server)];
        assert!(streams.iter_mut().all(is_served));
        assert!(!is_served(&mut connect(&server)), "one more is closed");
        let [first, mut second] = streams;
        drop(first);
        assert!(is_served(&mut second));
        // Its place is free as soon as the server has seen it go.
        let is_free = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            is_served(&mut connect(&server))
        });
        assert!(is_free);
    }

    #[test]
    fn limit_zone_idle_milliseconds() {
        let server = start(Arc::new(|_| true), |limits| limits.zone_idle_milliseconds = 300);
        let mut patient = connect(&server);
        assert!(is_served(&mut patient) && is_served(&mut patient));
        // A byte now and then does not help.
        let mut slow = connect(&server);
        slow.write_all(&[0, 40, 1]).unwrap();
        let mut rest = Vec::new();
        assert_eq!(slow.read_to_end(&mut rest).unwrap_or(0), 0, "it is closed");
    }

    #[test]
    fn strangers_get_nothing() {
        let server = start(Arc::new(|_| false), |_| {});
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        client.send_to(&question(), server.places()[0]).unwrap();
        assert!(client.recv(&mut [0; 512]).is_err());
        assert!(!is_served(&mut connect(&server)));
    }

    #[test]
    fn packets_are_answered_and_rubbish_is_not() {
        let server = start(Arc::new(|_| true), |_| {});
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        for rubbish in [&b""[..], b"x", &[0xff; 40], &question()[..20]] {
            client.send_to(rubbish, server.places()[0]).unwrap();
        }
        client.send_to(&question(), server.places()[0]).unwrap();
        let mut answer = [0; 512];
        let length = client.recv(&mut answer).unwrap();
        assert_eq!((length, &answer[..2], answer[3] & 15), (question().len(), &[0, 9][..], 5));
    }
}
