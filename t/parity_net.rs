//! SpamAssassin's hits against ours where both ask the same network.

use super::{Answer, Report, parse_answer, read_golden, scan_all};
use mailprint::engine::{Curve, Engine};
use mailprint::limits::Limits;
use mailprint::metrics::Metrics;
use mailprint::rules::{self, Sources};
use mailprint::server::network::{Access, Asking};
use std::collections::HashSet;
use std::io::Write;
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// How often messages and hits have to agree, in percent.
const MESSAGES: f64 = 99.5;
const HITS: f64 = 99.95;

pub fn main(arguments: &[String], shared: &Path) -> ExitCode {
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let after = |flag: &str| {
        let at = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(at + 1).cloned()
    };
    let golden = shared.join("oracle/golden/net.jsonl.gz");
    let internet = shared.join("oracle/fake-dns");
    for needed in [golden.as_path(), internet.as_path(), Path::new("/usr/share/spamassassin")] {
        if !needed.exists() {
            println!("parity: skipped, there is no {}", needed.display());
            println!("0 passed, 0 failed, 1 skipped");
            return ExitCode::SUCCESS;
        }
    }
    let seed = after("--seed").unwrap_or_else(|| "1".to_owned());
    let full = has("--full");
    let asks_oracle = has("--oracle") || seed != "1";
    let internet = Internet::start(&internet, &seed);
    let recorded = read_golden(&golden);
    let all = match asks_oracle {
        false => recorded,
        true => ask_oracle(shared, &recorded, internet.port, if full { 1 } else { 20 }),
    };
    let step = if full || asks_oracle { 1 } else { 10 };
    let expected: Vec<&Answer> = all.iter().step_by(step).collect();
    let ours = scan(&shared.join("corpus"), &all, &expected, internet.port);
    let most = if full { usize::MAX } else { 40 };
    let names = expected.iter().flat_map(|answer| answer.tests.keys());
    let scored: HashSet<String> =
        names.chain(ours.iter().flat_map(|answer| answer.tests.keys())).cloned().collect();
    println!("Scored rules");
    Report::compare(&expected, &ours, Some(&scored)).print(most);
    let report = Report::compare(&expected, &ours, None);
    println!("All rules");
    report.print(most);
    println!("seed {seed}: {}", report.summary());
    let messages = 100.0 * report.same_messages as f64 / report.messages.max(1) as f64;
    match messages >= MESSAGES && report.agreement() >= HITS {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// What SpamAssassin says of every `step`th message now.
fn ask_oracle(shared: &Path, recorded: &[Answer], port: u16, step: usize) -> Vec<Answer> {
    let mut oracle = Command::new(shared.join("oracle/sa-oracle"))
        .args(["--dns", &format!("127.0.0.1:{port}")])
        .current_dir(shared.join("corpus"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("sa-oracle");
    let names: Vec<String> = recorded.iter().step_by(step).map(|a| a.file.clone()).collect();
    let mut input = oracle.stdin.take().expect("its input");
    std::thread::spawn(move || input.write_all((names.join("\n") + "\n").as_bytes()));
    let output = oracle.wait_with_output().expect("its answers");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(parse_answer).collect()
}

fn scan(corpus: &Path, all: &[Answer], expected: &[&Answer], port: u16) -> Vec<Answer> {
    let lines = format!(
        "dns_server 127.0.0.1:{port}\ndns_available yes\nuridnsbl_max_domains 200\nuse_bayes 0\n\
         use_auto_welcomelist 0\nuse_razor2 0\nuse_pyzor 0\n"
    );
    let sources = Sources { cf_lines: lines.into_bytes(), ..Sources::default() };
    let limits = Limits::default();
    let engine = Engine::new(Arc::new(rules::load(&sources, &limits)), Curve::default(), &limits);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("threads");
    let mut asking = Asking::of(engine.rules()).expect("rules that ask the network");
    // What one message sees pauses no list for the next.
    asking.dns.pauses = false;
    let metrics = Metrics::new().expect("counters");
    let notices = Arc::new(|_: &str| ());
    let access = Access::new(&asking, &limits, metrics, notices, runtime.handle().clone(), None);
    let network = access.network().expect("a network that needs no test");
    scan_all(&engine, corpus, all, expected, Some(&network))
}

/// `fake-dns`, which ends with the comparison.
struct Internet {
    port: u16,
    process: Child,
}

impl Internet {
    fn start(program: &Path, seed: &str) -> Internet {
        let port = free_port();
        let process = Command::new(program)
            .args(["--port", &port.to_string(), "--seed", seed])
            .spawn()
            .expect("fake-dns");
        let internet = Internet { port, process };
        internet.wait();
        internet
    }

    /// Until it answers.
    fn wait(&self) {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a time");
        let question = b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x01a\x07example\0\0\x01\0\x01";
        for _ in 0..100 {
            let sent = socket.send_to(question, ("127.0.0.1", self.port));
            if sent.is_ok() && socket.recv(&mut [0; 512]).is_ok() {
                return;
            }
        }
        panic!("fake-dns does not answer");
    }
}

/// A port that is free for both protocols.
fn free_port() -> u16 {
    loop {
        let free = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let address = free.local_addr().expect("its address");
        if TcpListener::bind(address).is_ok() {
            return address.port();
        }
    }
}

impl Drop for Internet {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
