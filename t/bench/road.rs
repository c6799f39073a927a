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

mod ground;
#[path = "../support/mails.rs"]
mod mails;

use ground::{Plan, Server, end, percentile, send_all};
use mailprint::clock::Tick;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

fn main() {
    let plan = Plan::from_arguments(600, 8, 10);
    let messages = plan.load();
    // A site's folder named on the command line leaves mailprint's own rules out: as spamd runs.
    let stock_rules = Server::mailprint(&["-L", "--siteconfigpath=/etc/spamassassin"]);
    let ours = run(&stock_rules, &messages, plan.clients, plan.rounds);
    print_row("mailprint", &ours);
    let with_own = run(&Server::mailprint(&["-L"]), &messages, plan.clients, plan.rounds);
    print_row("own rules", &with_own);
    if !Path::new("/usr/sbin/spamd").exists() {
        println!("spamd is not installed: skipped (apt-get install spamassassin spamd)");
        return;
    }
    let theirs = run(&spamd(), &messages, plan.clients, 1);
    print_row("spamd", &theirs);
    println!("ratio      {:8.1} x messages/s", ours.per_second() / theirs.per_second());
}

fn spamd() -> Server {
    let options = "-L -x -s stderr -i 127.0.0.1 -m 2 --min-children=2 --max-conn-per-child=100000";
    Server::new(PathBuf::from("/usr/sbin/spamd"), options)
}

struct Figures {
    start_up: Duration,
    took: Duration,
    /// Sorted.
    latencies: Vec<Duration>,
    resident_kb: u64,
}

impl Figures {
    fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64()
    }

    fn percentile(&self, share: f64) -> f64 {
        percentile(&self.latencies, share).as_secs_f64() * 1000.0
    }
}

fn run(server: &Server, messages: &[Vec<u8>], clients: usize, rounds: usize) -> Figures {
    let (mut child, start_up) = server.start();
    let copy = |number: usize| copy_of(&messages[number % messages.len()], number);
    send_all(server.port, &copy, messages.len().min(20), clients);
    let began = Tick::now();
    let latencies = send_all(server.port, &copy, messages.len() * rounds, clients);
    let took = began.elapsed();
    let resident_kb = resident(child.id());
    end(&mut child);
    Figures { start_up, took, latencies, resident_kb }
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
