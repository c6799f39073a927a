//! What asking the network costs: see `t/bench-net`.
//!
//! Two of our servers run on this machine with the stock rules, one with `-L`. The other asks a
//! name server in this process, which answers after [`DELAY`]; only the servers' own CPU is
//! counted. A copy whose answers must not be known has domains and relays of its own.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a program for people: it prints, and stops where it cannot measure"
)]

mod ground;
#[path = "../support/internet.rs"]
mod internet;
#[path = "../support/mails.rs"]
mod mails;
#[path = "../support/responder.rs"]
mod responder;

use ground::{Plan, Server, check, end, percentile, send_all};
use mailprint::clock::Tick;
use mails::renamed;
use responder::{Asked, Manners, Responder};
use std::process::{Child, ExitCode};
use std::time::Duration;

/// How long after a question its answer is sent.
const DELAY: Duration = Duration::from_millis(50);
/// Connections at once where the CPU is measured.
const CONNECTIONS: usize = 512;
/// Messages sent one by one.
const SINGLE: usize = 100;
/// What a message may take beyond its CPU and its longest chain of answers.
const MOST_EXCESS: f64 = 10.0;
/// How many times the CPU of `-L` a message may take.
const MOST_CPU: f64 = 2.0;
/// The share of the throughput of `-L` that there must be when the answers are known.
const LEAST_THROUGHPUT: f64 = 0.8;

fn main() -> ExitCode {
    let plan = Plan::from_arguments(600, 8, 3);
    let messages = plan.load();
    let delayed = Manners { delay: DELAY, ..Manners::default() };
    let responder = Responder::with(delayed, internet::answer);
    let configuration = Configuration::write();
    let config = configuration.0.to_str().expect("a path in UTF-8");
    let server = format!("dns_server {}", responder.address);
    let mut local = Side::start(&Server::mailprint(&["-L", "--config", config]));
    let mut asking = Side::start(&Server::mailprint(&["--config", config, "--cf", &server]));
    wait_for_silence(&responder);
    let mut bench = Bench { plan, messages, responder, copies: 0 };
    let kept =
        [bench.single_messages(&asking), bench.cold(&local, &asking), bench.warm(&local, &asking)];
    local.end();
    asking.end();
    if kept.iter().all(|kept| *kept) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Settings of both servers: as many scans may wait as there are connections.
struct Configuration(std::path::PathBuf);

impl Configuration {
    fn write() -> Configuration {
        let name = format!("mailprint-bench-net-{}.yaml", std::process::id());
        let path = std::env::temp_dir().join(name);
        let text = format!("limits:\n  queued_scans: {}\n", 2 * CONNECTIONS);
        std::fs::write(&path, text).expect("a file for the settings");
        Configuration(path)
    }
}

impl Drop for Configuration {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// One of the two servers.
struct Side {
    child: Child,
    port: u16,
}

impl Side {
    fn start(server: &Server) -> Side {
        let (child, _) = server.start();
        Side { child, port: server.port }
    }

    fn end(&mut self) {
        end(&mut self.child);
    }

    /// The CPU time of all its threads so far, to the nanosecond: those that have ended do not
    /// count.
    fn cpu_of_threads(&self) -> Duration {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let of_thread = |thread: std::fs::DirEntry| {
            let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        };
        let all = threads.expect("threads").flatten().filter_map(of_thread);
        Duration::from_nanos(all.sum())
    }

    /// The CPU time of the process so far, in the clock ticks of `/proc/PID/stat`, of which a
    /// second has 100 (proc(5)).
    fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.expect("the server runs");
        // Fields 14 and 15; the second, in parentheses, may hold spaces.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).filter_map(|text| text.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }
}

/// Until nobody has asked anything for a while: servers look at the lists when they start.
fn wait_for_silence(responder: &Responder) {
    let mut seen = usize::MAX;
    while std::mem::replace(&mut seen, responder.asked().len()) != seen {
        std::thread::sleep(Duration::from_secs(1));
    }
}

struct Bench {
    plan: Plan,
    messages: Vec<Vec<u8>>,
    responder: Responder,
    /// How many sets of names have been given away.
    copies: usize,
}

impl Bench {
    /// The first of `count` numbers that no copy has had.
    fn fresh(&mut self, count: usize) -> usize {
        let first = self.copies;
        self.copies += count;
        first
    }

    /// The messages again and again, each copy with names of its own.
    fn copy(&self, first: usize, number: usize) -> Vec<u8> {
        renamed(&self.messages[number % self.messages.len()], first + number, number)
    }

    /// What single messages take on a server that has nothing else to do.
    fn single_messages(&mut self, asking: &Side) -> bool {
        let count = SINGLE.min(self.messages.len());
        let first = self.fresh(count * 2);
        let step = self.messages.len() / count;
        let (mut excess, mut chains, mut questions) = (Vec::new(), Vec::new(), 0);
        for number in 0..count * 2 {
            let mail = renamed(&self.messages[number % count * step], first + number, number);
            let (asked, cpu) = (self.responder.asked().len(), asking.cpu_of_threads());
            let began = Tick::now();
            check(asking.port, &mail);
            let took = began.elapsed();
            let cpu = asking.cpu_of_threads().saturating_sub(cpu);
            // The first half is for the workers to get ready.
            if number < count {
                continue;
            }
            let asked = self.responder.asked().split_off(asked);
            let chain = longest_chain(&asked);
            questions += asked.len();
            let explained = cpu + DELAY * chain;
            excess.push((took.as_secs_f64() - explained.as_secs_f64()) * 1000.0);
            chains.push(chain);
        }
        excess.sort_by(f64::total_cmp);
        chains.sort_unstable();
        let kept = percentile(&excess, 1.0) <= MOST_EXCESS;
        println!(
            "idle server, {count} messages one by one, {:.1} questions each in chains of {} (median) to {} (longest)\n\
             \x20 beyond CPU and answers: median {:.1}, 90 % {:.1}, 99 % {:.1}, longest {:.1} ms (demand: at most {MOST_EXCESS} ms: {})",
            questions as f64 / count as f64,
            percentile(&chains, 0.5),
            percentile(&chains, 1.0),
            percentile(&excess, 0.5),
            percentile(&excess, 0.9),
            percentile(&excess, 0.99),
            percentile(&excess, 1.0),
            word(kept)
        );
        kept
    }

    /// The CPU of a message where nothing is known.
    fn cold(&mut self, local: &Side, asking: &Side) -> bool {
        let count = self.messages.len();
        let (mut cpu, mut questions) = ([Duration::ZERO; 2], 0);
        for round in 0..=self.plan.rounds {
            let first = self.fresh(count);
            for (side, cpu) in [local, asking].into_iter().zip(&mut cpu) {
                let (asked, before) = (self.responder.asked().len(), side.cpu());
                let copy = |number: usize| self.copy(first, number);
                send_all(side.port, &copy, count, CONNECTIONS);
                // The first round is for the workers to get ready.
                if round > 0 {
                    *cpu += side.cpu() - before;
                    questions += self.responder.asked().len() - asked;
                }
            }
        }
        let all = (count * self.plan.rounds) as f64;
        let [local, asking] = cpu.map(|cpu| cpu.as_secs_f64() * 1000.0 / all);
        let kept = asking <= MOST_CPU * local;
        println!(
            "{CONNECTIONS} connections, nothing known, {:.1} questions a message\n\
             \x20 CPU a message: {asking:.2} ms, with -L {local:.2} ms: {:.2} times (demand: at most {MOST_CPU}: {})",
            questions as f64 / all,
            asking / local,
            word(kept)
        );
        kept
    }

    /// The throughput where all answers are known.
    fn warm(&mut self, local: &Side, asking: &Side) -> bool {
        let count = self.messages.len();
        let (first, again) = (self.fresh(count), self.plan.rounds * 2);
        let mut took = [Duration::ZERO; 2];
        let mut questions = 0;
        for round in 0..=again {
            for (side, took) in [local, asking].into_iter().zip(&mut took) {
                let asked = self.responder.asked().len();
                let copy = |number: usize| {
                    renamed(&self.messages[number], first + number, round * count + number)
                };
                let began = Tick::now();
                send_all(side.port, &copy, count, self.plan.clients);
                // The first round asks.
                if round > 0 {
                    *took += began.elapsed();
                    questions += self.responder.asked().len() - asked;
                }
            }
        }
        let all = (count * again) as f64;
        let [local, asking] = took.map(|took| all / took.as_secs_f64());
        let kept = asking >= LEAST_THROUGHPUT * local;
        println!(
            "{} connections, all known, {:.2} questions a message\n\
             \x20 {asking:.0} messages/s, with -L {local:.0}: {:.0} % (demand: at least {:.0} %: {})",
            self.plan.clients,
            questions as f64 / all,
            100.0 * asking / local,
            100.0 * LEAST_THROUGHPUT,
            word(kept)
        );
        kept
    }
}

/// How many questions at most had to wait for each other: one that came after the answer to
/// another had left may have needed it.
fn longest_chain(asked: &[Asked]) -> u32 {
    let mut heights: Vec<(Tick, u32)> = Vec::new();
    for question in asked {
        let answered = heights.iter().filter(|(left, _)| *left <= question.came);
        let height = 1 + answered.map(|(_, height)| *height).max().unwrap_or(0);
        heights.push((question.came.plus(DELAY), height));
    }
    heights.iter().map(|(_, height)| *height).max().unwrap_or(0)
}

fn word(kept: bool) -> &'static str {
    if kept { "kept" } else { "MISSED" }
}
