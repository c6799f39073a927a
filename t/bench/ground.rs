//! What all benchmarks of the whole server have in common: messages, servers that run beside this
//! program, and clients that send one to the other.

use crate::mails::load_messages;
use mailprint::clock::Tick;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How much is sent, by the command line.
pub struct Plan {
    pub messages: usize,
    pub clients: usize,
    pub rounds: usize,
    pub corpus: PathBuf,
}

impl Plan {
    pub fn from_arguments(messages: usize, clients: usize, rounds: usize) -> Plan {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let shared =
            std::env::var_os("SHARED_DATA").map_or_else(|| root.join("../shared"), PathBuf::from);
        let corpus = shared.join("corpus");
        let corpus = if corpus.is_dir() { corpus } else { root.join("t/data") };
        let mut plan = Plan { messages, clients, rounds, corpus };
        let arguments: Vec<String> = std::env::args().collect();
        for pair in arguments.windows(2) {
            match pair[0].as_str() {
                "--messages" => plan.messages = pair[1].parse().expect("--messages N"),
                "--clients" => plan.clients = pair[1].parse().expect("--clients N"),
                "--rounds" => plan.rounds = pair[1].parse().expect("--rounds N"),
                "--corpus" => plan.corpus = PathBuf::from(&pair[1]),
                _ => {}
            }
        }
        plan
    }

    /// The messages, of which there must be some.
    pub fn load(&self) -> Vec<Vec<u8>> {
        let messages = load_messages(&self.corpus, self.messages);
        if messages.is_empty() {
            println!("no messages in {}", self.corpus.display());
            std::process::exit(2);
        }
        let bytes: usize = messages.iter().map(Vec::len).sum();
        let mean = bytes / messages.len() / 1024;
        println!("{} messages, {mean} kB in the mean, {} clients", messages.len(), self.clients);
        messages
    }
}

/// A server that is to run.
pub struct Server {
    program: PathBuf,
    arguments: Vec<String>,
    pub port: u16,
}

impl Server {
    /// Ours, with `options` and two scans at once.
    pub fn mailprint(options: &[&str]) -> Server {
        let program = Path::new(env!("CARGO_BIN_EXE_mailprint")).to_path_buf();
        let mut server = Server::new(program, "-x -s stderr -i 127.0.0.1 -m 2");
        server.arguments.insert(0, "spamd".to_owned());
        server.arguments.extend(options.iter().map(|option| (*option).to_owned()));
        server
    }

    /// `program` on a free port, with `options` that are separated by spaces.
    pub fn new(program: PathBuf, options: &str) -> Server {
        let port = free_port();
        let arguments = format!("{options} -p {port}").split(' ').map(String::from).collect();
        Server { program, arguments, port }
    }

    /// Starts it, waits until it answers, and says how long that took.
    pub fn start(&self) -> (Child, Duration) {
        let began = Tick::now();
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.program.display()));
        while ping(self.port).is_none() {
            assert!(began.elapsed() < Duration::from_secs(60), "the server does not answer PING");
            std::thread::sleep(Duration::from_millis(5));
        }
        (child, began.elapsed())
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port()
}

fn ping(port: u16) -> Option<()> {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).ok()?;
    socket.write_all(b"PING SPAMC/1.5\r\n\r\n").ok()?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).ok()?;
    answer.contains("PONG").then_some(())
}

/// Ends a server, and its children with it: spamd's go with their parent on SIGTERM, not on
/// SIGKILL.
pub fn end(child: &mut Child) {
    let _ = Command::new("kill").arg(child.id().to_string()).status();
    let _ = child.wait();
}

/// The value below which this share of them lies; they are sorted.
pub fn percentile<T: Copy>(sorted: &[T], share: f64) -> T {
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}

/// Sends `count` messages from so many clients at once, and says how long each took, sorted.
pub fn send_all(
    port: u16,
    mail: &(dyn Fn(usize) -> Vec<u8> + Sync),
    count: usize,
    clients: usize,
) -> Vec<Duration> {
    let next = AtomicUsize::new(0);
    let latencies = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                let mut mine = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    let mail = mail(number);
                    let began = Tick::now();
                    check(port, &mail);
                    mine.push(began.elapsed());
                }
                latencies.lock().expect("no client panicked").append(&mut mine);
            });
        }
    });
    let mut latencies = latencies.into_inner().expect("no client panicked");
    latencies.sort();
    latencies
}

/// Sends one message and waits for the answer.
pub fn check(port: u16, mail: &[u8]) {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("the server accepts");
    let head = format!("CHECK SPAMC/1.5\r\nContent-length: {}\r\n\r\n", mail.len());
    socket.write_all(head.as_bytes()).expect("the server reads");
    socket.write_all(mail).expect("the server reads");
    socket.shutdown(std::net::Shutdown::Write).expect("half-close");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("the server answers");
    assert!(answer.contains("EX_OK"), "unexpected reply: {answer}");
}
