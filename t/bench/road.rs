//! The whole road, beside Debian's spamd: see `t/bench-road`.
//!
//! Both servers run on this machine with the stock rules and without the network. They are
//! sent the same list of messages; every copy carries a Message-ID, a token in its body and
//! a Received line of its own, so that nothing can be answered from memory.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a program for people: it prints, and stops where it cannot measure"
)]

use mailprint::clock::Tick;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn main() {
    let plan = Plan::from_arguments();
    let messages = load_messages(&plan.corpus, plan.messages);
    if messages.is_empty() {
        println!("bench-road: no messages in {}", plan.corpus.display());
        std::process::exit(2);
    }
    let bytes: usize = messages.iter().map(Vec::len).sum();
    println!(
        "{} messages, {} kB in the mean, {} clients",
        messages.len(),
        bytes / messages.len() / 1024,
        plan.clients
    );
    let ours = run(&Server::mailprint("off"), &messages, plan.clients, plan.rounds);
    print_row("mailprint", &ours);
    let with_own = run(&Server::mailprint("on"), &messages, plan.clients, plan.rounds);
    print_row("own rules", &with_own);
    if !Path::new("/usr/sbin/spamd").exists() {
        println!("spamd is not installed: skipped (apt-get install spamassassin spamd)");
        return;
    }
    let theirs = run(&Server::spamd(), &messages, plan.clients, 1);
    print_row("spamd", &theirs);
    println!("ratio      {:8.1} x messages/s", ours.per_second() / theirs.per_second());
}

struct Plan {
    messages: usize,
    clients: usize,
    rounds: usize,
    corpus: PathBuf,
}

impl Plan {
    fn from_arguments() -> Plan {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let shared =
            std::env::var_os("SHARED_DATA").map_or_else(|| root.join("../shared"), PathBuf::from);
        let corpus = shared.join("corpus");
        let corpus = if corpus.is_dir() { corpus } else { root.join("t/data") };
        let mut plan = Plan { messages: 600, clients: 8, rounds: 10, corpus };
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
}

/// Every so-manieth message of the folder, so that the sample spans all of it.
fn load_messages(folder: &Path, wanted: usize) -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "eml") {
                files.push(path);
            }
        }
    }
    files.sort();
    let step = (files.len() / wanted.max(1)).max(1);
    files.iter().step_by(step).take(wanted).filter_map(|path| std::fs::read(path).ok()).collect()
}

struct Server {
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(&'static str, &'static str)>,
    port: u16,
}

impl Server {
    /// With mailprint's own rules beside the stock ones, or without them: as spamd runs.
    fn mailprint(own_rules: &'static str) -> Server {
        let port = free_port();
        let program = Path::new(env!("CARGO_BIN_EXE_mailprint")).to_path_buf();
        let arguments = format!("spamd -L -x -s stderr -i 127.0.0.1 -p {port} -m 2");
        let environment = vec![("MAILPRINT_RULES_OWN", own_rules)];
        Server { program, arguments: split(&arguments), environment, port }
    }

    fn spamd() -> Server {
        let port = free_port();
        let arguments = format!(
            "-L -x -s stderr -i 127.0.0.1 -p {port} -m 2 --min-children=2 --max-conn-per-child=100000"
        );
        let (program, environment) = (PathBuf::from("/usr/sbin/spamd"), Vec::new());
        Server { program, arguments: split(&arguments), environment, port }
    }

    fn start(&self) -> (Child, Duration) {
        let began = Tick::now();
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .envs(self.environment.iter().copied())
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

fn split(arguments: &str) -> Vec<String> {
    arguments.split(' ').map(String::from).collect()
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

struct Figures {
    start_up: Duration,
    took: Duration,
    latencies: Vec<Duration>,
    resident_kb: u64,
}

impl Figures {
    fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64()
    }

    fn percentile(&self, share: f64) -> f64 {
        let index = ((self.latencies.len() - 1) as f64 * share) as usize;
        self.latencies[index].as_secs_f64() * 1000.0
    }
}

fn run(server: &Server, messages: &[Vec<u8>], clients: usize, rounds: usize) -> Figures {
    let (mut child, start_up) = server.start();
    send_all(server.port, &messages[..messages.len().min(20)], clients, 1);
    let began = Tick::now();
    let mut latencies = send_all(server.port, messages, clients, rounds);
    let took = began.elapsed();
    latencies.sort();
    let resident_kb = resident(child.id());
    // spamd's children go with their parent on SIGTERM, not on SIGKILL.
    let _ = Command::new("kill").arg(child.id().to_string()).status();
    let _ = child.wait();
    Figures { start_up, took, latencies, resident_kb }
}

fn send_all(port: u16, messages: &[Vec<u8>], clients: usize, rounds: usize) -> Vec<Duration> {
    let next = AtomicUsize::new(0);
    let latencies = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                let mut mine = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= messages.len() * rounds {
                        break;
                    }
                    let mail = copy_of(&messages[number % messages.len()], number);
                    let began = Tick::now();
                    check(port, &mail);
                    mine.push(began.elapsed());
                }
                latencies.lock().expect("no client panicked").append(&mut mine);
            });
        }
    });
    latencies.into_inner().expect("no client panicked")
}

/// The message with a Received line, a Message-ID and a token of its own.
fn copy_of(message: &[u8], number: usize) -> Vec<u8> {
    let mut copy = format!(
        "Received: from host{number}.example.net (host{number}.example.net [192.0.2.{}])\n\
         \tby mx.example.org (Postfix) with ESMTP id {number:08X}\n\
         \tfor <user@example.org>; Mon, 2 Nov 2026 10:00:00 +0000\n\
         Message-ID: <copy.{number}@example.net>\n",
        number % 250 + 1
    )
    .into_bytes();
    copy.extend_from_slice(message);
    copy.extend_from_slice(format!("\ntoken {number:x}\n").as_bytes());
    copy
}

fn check(port: u16, mail: &[u8]) {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("the server accepts");
    let head = format!("CHECK SPAMC/1.5\r\nContent-length: {}\r\n\r\n", mail.len());
    socket.write_all(head.as_bytes()).expect("the server reads");
    socket.write_all(mail).expect("the server reads");
    socket.shutdown(std::net::Shutdown::Write).expect("half-close");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("the server answers");
    assert!(answer.contains("EX_OK"), "unexpected reply: {answer}");
}

/// Proportional set size of the process and its children, in kB: forks share most pages.
fn resident(parent: u32) -> u64 {
    let mut processes = vec![parent];
    if let Ok(list) = Command::new("pgrep").args(["-P", &parent.to_string()]).output() {
        let children = String::from_utf8_lossy(&list.stdout).into_owned();
        processes.extend(children.lines().filter_map(|line| line.parse::<u32>().ok()));
    }
    processes.iter().map(|process| proportional_kb(*process)).sum()
}

fn proportional_kb(process: u32) -> u64 {
    let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup"));
    rollup
        .unwrap_or_default()
        .lines()
        .find_map(|line| line.strip_prefix("Pss:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

fn print_row(name: &str, figures: &Figures) {
    println!(
        "{name:10} {:8.1} messages/s   latency ms: median {:.1}, 90 % {:.1}, 99 % {:.1}, longest {:.1}   resident {} MB   ready in {:.2} s",
        figures.per_second(),
        figures.percentile(0.5),
        figures.percentile(0.9),
        figures.percentile(0.99),
        figures.percentile(1.0),
        figures.resident_kb / 1024,
        figures.start_up.as_secs_f64()
    );
}
