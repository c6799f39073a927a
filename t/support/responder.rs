//! A name server for tests: what it answers is a function, how badly it behaves a few switches.
//!
//! It listens on a free port of 127.0.0.1, UDP and TCP, on a thread of its own until it is
//! dropped, and remembers what it was asked.

#![allow(dead_code, reason = "each test that includes this uses a part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use mailprint::clock::Tick;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

/// What it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its id.
    pub id: u16,
    /// As it was written, without a dot at the end.
    pub written: String,
    /// In lower case.
    pub name: String,
    /// The type's number.
    pub kind: u16,
    /// Over TCP?
    pub tcp: bool,
    /// What EDNS says how large an answer may be.
    pub payload: Option<u16>,
    /// From which port.
    pub port: u16,
    /// The how manieth question it is, from 0.
    pub place: usize,
    /// When it came.
    pub came: Tick,
}

/// A record of a name: type, seconds, data.
#[derive(Clone, Debug)]
pub struct Rr(pub u16, pub u32, pub Vec<u8>);

/// What it answers.
#[derive(Clone, Debug)]
pub enum Say {
    /// Code, answer section, authority section; all records bear the name that was asked for.
    Answer(u8, Vec<Rr>, Vec<Rr>),
    /// These bytes behind the question, with this number of records promised.
    Rubbish(u16, Vec<u8>),
    /// Nothing.
    Nothing,
}

/// How badly it behaves.
#[derive(Clone, Debug, Default)]
pub struct Manners {
    /// Answers come so much later.
    pub delay: Duration,
    /// Of UDP questions, these many of 100 are dropped.
    pub drops: usize,
    /// Before each answer it sends that many with other ids, with another question, and from
    /// another port, that all say 6.6.6.6.
    pub forges: usize,
    /// Over UDP it says that the answer does not fit.
    pub cuts: bool,
    /// It repeats the question in lower case.
    pub lowers: bool,
}

pub const NO_NAME: u8 = 3;

pub fn a(address: [u8; 4]) -> Rr {
    Rr(1, 300, address.into())
}

pub fn txt(text: &[u8]) -> Rr {
    let strings = text.chunks(255).flat_map(|s| [&[s.len() as u8][..], s].concat());
    Rr(16, 300, strings.collect())
}

/// A record whose data are a name: NS 2, CNAME 5, PTR 12.
pub fn pointer(kind: u16, name: &str) -> Rr {
    Rr(kind, 300, packed(name))
}

pub fn mx(preference: u16, host: &str) -> Rr {
    Rr(15, 300, [&preference.to_be_bytes()[..], &packed(host)].concat())
}

pub fn soa(minimum: u32) -> Rr {
    let mut data = [packed("ns.example"), packed("root.example")].concat();
    for number in [1, 3600, 600, 86_400, minimum] {
        data.extend(u32::to_be_bytes(number));
    }
    Rr(6, 3600, data)
}

pub fn found(records: Vec<Rr>) -> Say {
    Say::Answer(0, records, Vec::new())
}

pub fn code(code: u8) -> Say {
    Say::Answer(code, Vec::new(), Vec::new())
}

/// 127.0.0.2 and TEST are listed in every list, nothing else is (RFC 5782).
pub fn well_kept_list(asked: &Asked) -> Say {
    let is_point = asked.name.starts_with("2.0.0.127.") || asked.name.starts_with("test.");
    match (is_point, asked.kind) {
        (true, 1) => found(vec![a([127, 0, 0, 2])]),
        (true, _) => found(vec![]),
        _ => code(NO_NAME),
    }
}

fn packed(name: &str) -> Vec<u8> {
    let labels = name.split('.').filter(|label| !label.is_empty());
    let mut bytes: Vec<u8> =
        labels.flat_map(|l| [&[l.len() as u8][..], l.as_bytes()].concat()).collect();
    bytes.push(0);
    bytes
}

type Answers = Arc<dyn Fn(&Asked) -> Say + Send + Sync>;

/// A running name server.
pub struct Responder {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Responder {
    pub fn start(answers: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Responder {
        Responder::with(Manners::default(), answers)
    }

    pub fn with(
        manners: Manners,
        answers: impl Fn(&Asked) -> Say + Send + Sync + 'static,
    ) -> Responder {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        let (udp, tcp) = sockets(&runtime);
        let address = udp.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let server = Arc::new(Server { manners, answers: Arc::new(answers), asked: asked.clone() });
        runtime.spawn(server.clone().packets(Arc::new(udp)));
        runtime.spawn(server.streams(tcp));
        Responder { address, asked, runtime: Some(runtime) }
    }

    /// All that it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How often it was asked for this name.
    pub fn count(&self, name: &str) -> usize {
        self.asked().iter().filter(|asked| asked.name == name).count()
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The same port over UDP and TCP.
fn sockets(runtime: &tokio::runtime::Runtime) -> (UdpSocket, TcpListener) {
    let _inside = runtime.enter();
    loop {
        let udp = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        if let Ok(tcp) = std::net::TcpListener::bind(udp.local_addr().unwrap()) {
            udp.set_nonblocking(true).unwrap();
            tcp.set_nonblocking(true).unwrap();
            return (UdpSocket::from_std(udp).unwrap(), TcpListener::from_std(tcp).unwrap());
        }
    }
}

struct Server {
    manners: Manners,
    answers: Answers,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    async fn packets(self: Arc<Self>, socket: Arc<UdpSocket>) {
        let mut bytes = [0; 4096];
        loop {
            let Ok((length, from)) = socket.recv_from(&mut bytes).await else { continue };
            let query = bytes[..length].to_vec();
            let asked = self.note(&query, from.port(), false);
            if asked.place * 37 % 100 < self.manners.drops {
                continue;
            }
            let (server, socket) = (self.clone(), socket.clone());
            tokio::spawn(async move {
                server.forge(&query, &socket, from).await;
                if !server.manners.delay.is_zero() {
                    tokio::time::sleep(server.manners.delay).await;
                }
                if let Some(answer) = server.answer(&query, &asked) {
                    let _ = socket.send_to(&answer, from).await;
                }
            });
        }
    }

    async fn streams(self: Arc<Self>, listener: TcpListener) {
        loop {
            let Ok((mut stream, from)) = listener.accept().await else { continue };
            let server = self.clone();
            tokio::spawn(async move {
                let Ok(length) = stream.read_u16().await else { return };
                let mut query = vec![0; usize::from(length)];
                if stream.read_exact(&mut query).await.is_err() {
                    return;
                }
                let asked = server.note(&query, from.port(), true);
                if let Some(answer) = server.answer(&query, &asked) {
                    let length = (answer.len() as u16).to_be_bytes();
                    let _ = stream.write_all(&[&length[..], &answer].concat()).await;
                }
            });
        }
    }

    fn note(&self, query: &[u8], port: u16, tcp: bool) -> Asked {
        let mut labels = Vec::new();
        let mut at = 12;
        while query[at] != 0 {
            let end = at + 1 + usize::from(query[at]);
            labels.push(String::from_utf8_lossy(&query[at + 1..end]).into_owned());
            at = end;
        }
        let number = |at: usize| u16::from_be_bytes([query[at], query[at + 1]]);
        let has_opt = number(10) == 1;
        let written = labels.join(".");
        let mut all = self.asked.lock().unwrap();
        let asked = Asked {
            id: number(0),
            name: written.to_ascii_lowercase(),
            written,
            kind: number(at + 1),
            tcp,
            payload: has_opt.then(|| number(at + 8)),
            port,
            place: all.len(),
            came: Tick::now(),
        };
        all.push(asked.clone());
        asked
    }

    fn answer(&self, query: &[u8], asked: &Asked) -> Option<Vec<u8>> {
        let mut question = query[..12 + packed(&asked.written).len() + 4].to_vec();
        if self.manners.lowers {
            question[12..].make_ascii_lowercase();
        }
        let cut = self.manners.cuts && !asked.tcp;
        let mut bytes = question;
        bytes[2] = if cut { 0x83 } else { 0x81 };
        bytes[4..12].copy_from_slice(&[0, 1, 0, 0, 0, 0, 0, 0]);
        match (self.answers)(asked) {
            Say::Nothing => return None,
            Say::Answer(..) if cut => bytes[3] = 0x80,
            Say::Answer(code, answers, authority) => {
                bytes[3] = 0x80 | code;
                bytes[6..8].copy_from_slice(&(answers.len() as u16).to_be_bytes());
                bytes[8..10].copy_from_slice(&(authority.len() as u16).to_be_bytes());
                for Rr(kind, seconds, data) in answers.iter().chain(&authority) {
                    bytes.extend([0xc0, 12]);
                    bytes.extend(kind.to_be_bytes());
                    bytes.extend([0, 1]);
                    bytes.extend(seconds.to_be_bytes());
                    bytes.extend((data.len() as u16).to_be_bytes());
                    bytes.extend(data);
                }
            }
            Say::Rubbish(promised, rubbish) => {
                bytes[3] = 0x80;
                bytes[6..8].copy_from_slice(&promised.to_be_bytes());
                bytes.extend(rubbish);
            }
        }
        Some(bytes)
    }

    /// Answers that are none.
    async fn forge(&self, query: &[u8], socket: &UdpSocket, to: SocketAddr) {
        let mut forged = query[..query.len() - 11 * usize::from(query[11])].to_vec();
        forged[2..4].copy_from_slice(&[0x81, 0x80]);
        forged[6..12].copy_from_slice(&[0, 1, 0, 0, 0, 0]);
        forged.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 6, 6, 6, 6]);
        for number in 0..self.manners.forges {
            let mut other_id = forged.clone();
            other_id[1] ^= 1 + (number % 255) as u8;
            let mut other_question = forged.clone();
            other_question[13] ^= 3;
            for bytes in [&other_id[..], &other_question, b"", b"\0", &forged[..12]] {
                let _ = socket.send_to(bytes, to).await;
            }
            if let Ok(elsewhere) = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await {
                let _ = elsewhere.send_to(&forged, to).await;
            }
        }
    }
}
