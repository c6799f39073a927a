//! SpamAssassin's hits against ours, message by message: see `t/parity`.
//!
//! Reads `oracle/golden/local.jsonl.gz` (what SpamAssassin said of each message of the corpus)
//! and scans the same messages. The rules of `oracle/rules-without-eval.txt`, which rest on
//! patterns alone, have to agree; of all rules, and of whole messages, the last line tells how
//! many do. `--all-rules` lists every rule that diverges. Where the recorded answers or
//! SpamAssassin's rules are missing, it says so and passes.
//!
//! `--net` compares with the network: `oracle/fake-dns` is an internet whose answers both have
//! seen. `--seed N` is another one, for which SpamAssassin is asked anew (`--oracle`, on every
//! twentieth message or, with `--full`, all of them).

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a program for people: it prints, and stops where it cannot compare"
)]

#[path = "parity_net.rs"]
mod net;

use mailprint::engine::{Curve, Engine, Network, Options};
use mailprint::limits::Limits;
use mailprint::rules::{self, Sources};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Scores are compared to a thousandth; sums differ by less than half of it.
const SCORE_TOLERANCE: f64 = 0.0015;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let shared = std::env::var_os("SHARED_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    if has("--net") {
        return net::main(&arguments, &shared);
    }
    let golden = shared.join("oracle/golden/local.jsonl.gz");
    let stock = Path::new("/usr/share/spamassassin");
    for needed in [golden.as_path(), stock] {
        if !needed.exists() {
            println!("parity: skipped, there is no {}", needed.display());
            println!("0 passed, 0 failed, 1 skipped");
            return ExitCode::SUCCESS;
        }
    }
    let step = if has("--full") && !has("--sample") { 1 } else { 10 };
    let all = read_golden(&golden);
    let expected: Vec<&Answer> = all.iter().step_by(step).collect();
    let without_eval = read_names(&shared.join("oracle/rules-without-eval.txt"));
    let engine = stock_engine();
    let ours = scan_all(&engine, &shared.join("corpus"), &all, &expected, None);
    let most = if has("--full") { usize::MAX } else { 20 };
    let patterns = Report::compare(&expected, &ours, Some(&without_eval));
    println!("Rules without eval");
    patterns.print(most);
    let whole = Report::compare(&expected, &ours, None);
    if has("--all-rules") {
        println!("All rules");
        whole.print(most);
    }
    println!("{}", whole.summary());
    match patterns.reaches_the_floor() {
        // A plain `cargo test` takes a sample of each.
        true if step > 1 => net::main(&arguments, &shared),
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// What somebody said of a message: how often each rule hit.
struct Answer {
    file: String,
    score: f64,
    tests: HashMap<String, u32>,
    subtests: HashMap<String, u32>,
}

impl Answer {
    fn count(&self, rule: &str) -> u32 {
        let side = if rule.starts_with("__") { &self.subtests } else { &self.tests };
        side.get(rule).copied().unwrap_or(0)
    }

    fn rules(&self) -> impl Iterator<Item = &String> {
        self.tests.keys().chain(self.subtests.keys())
    }
}

fn read_golden(path: &Path) -> Vec<Answer> {
    let file = std::fs::File::open(path).expect("a readable file of recorded answers");
    let lines = BufReader::new(flate2::read::GzDecoder::new(file)).lines();
    lines.map(|line| parse_answer(&line.expect("a line of text"))).collect()
}

fn parse_answer(line: &str) -> Answer {
    let value: Value = serde_json::from_str(line).expect("one JSON object a line");
    let mut tests = HashMap::new();
    for name in value["tests"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        *tests.entry(name.to_owned()).or_insert(0) += 1;
    }
    let subtests = value["subtests"].as_object().into_iter().flatten();
    Answer {
        file: value["file"].as_str().expect("a file name").to_owned(),
        score: value["score"].as_f64().expect("a score"),
        tests,
        subtests: subtests
            .map(|(name, count)| (name.clone(), count.as_u64().unwrap_or(0) as u32))
            .collect(),
    }
}

fn read_names(path: &Path) -> HashSet<String> {
    let text = std::fs::read_to_string(path).expect("the list of rules to compare");
    text.lines().map(str::to_owned).collect()
}

fn stock_engine() -> Engine {
    let sources = Sources { local_tests_only: true, ..Sources::default() };
    let limits = Limits::default();
    Engine::new(Arc::new(rules::load(&sources, &limits)), Curve::default(), &limits)
}

/// `order`: all messages of SpamAssassin's run, of which `expected` may be a sample.
fn scan_all(
    engine: &Engine,
    corpus: &Path,
    order: &[Answer],
    expected: &[&Answer],
    network: Option<&Arc<Network>>,
) -> Vec<Answer> {
    let read = |answer: &Answer| std::fs::read(corpus.join(&answer.file)).expect("a message");
    let frozen = engine.freeze(order.iter().map(read));
    let next = AtomicUsize::new(0);
    let answers = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        // Who asks the network waits most of the time.
        for _ in 0..processors * if network.is_some() { 8 } else { 1 } {
            scope.spawn(|| {
                let mut worker = engine.worker();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(wanted) = expected.get(number) else { break };
                    let options = Options {
                        subtests: true,
                        frozen: frozen.clone(),
                        network: network.cloned(),
                        ..Options::default()
                    };
                    let verdict = engine.scan(&mut worker, read(wanted), &options);
                    let answer = Answer {
                        file: wanted.file.clone(),
                        score: verdict.score,
                        tests: verdict
                            .hits
                            .iter()
                            .map(|hit| (hit.name.to_string(), hit.count))
                            .collect(),
                        subtests: verdict
                            .subtests
                            .iter()
                            .map(|(name, count)| (name.to_string(), *count))
                            .collect(),
                    };
                    answers.lock().expect("no scan panicked").insert(number, answer);
                }
            });
        }
    });
    answers.into_inner().expect("no scan panicked").into_values().collect()
}

#[derive(Default)]
struct Report {
    messages: usize,
    both: usize,
    only_theirs: usize,
    only_ours: usize,
    counts_differ: usize,
    scored_both: usize,
    scored_differ: usize,
    rules_that_hit: usize,
    /// Messages with the same scored hits and the same score.
    same_messages: usize,
    divergent: BTreeMap<String, Divergence>,
}

#[derive(Default)]
struct Divergence {
    only_theirs: usize,
    only_ours: usize,
    counts: usize,
    example: String,
}

impl Report {
    fn compare(theirs: &[&Answer], ours: &[Answer], only: Option<&HashSet<String>>) -> Report {
        let mut report = Report { messages: theirs.len(), ..Report::default() };
        let mut hit_anywhere = HashSet::new();
        for (theirs, ours) in theirs.iter().zip(ours) {
            let rules: HashSet<&String> = theirs.rules().chain(ours.rules()).collect();
            for rule in rules {
                if only.is_none_or(|only| only.contains(rule)) {
                    hit_anywhere.insert(rule.clone());
                    report.add(rule, theirs.count(rule), ours.count(rule), &theirs.file);
                }
            }
            if theirs.tests == ours.tests {
                let difference = (theirs.score - ours.score).abs();
                report.same_messages += usize::from(difference < SCORE_TOLERANCE);
            }
        }
        report.rules_that_hit = hit_anywhere.len();
        report
    }

    fn add(&mut self, rule: &str, theirs: u32, ours: u32, file: &str) {
        let scored = usize::from(!rule.starts_with("__"));
        if theirs > 0 && ours > 0 {
            self.both += 1;
            self.scored_both += scored;
        }
        if theirs == ours {
            return;
        }
        let divergence = self.divergent.entry(rule.to_owned()).or_default();
        if divergence.example.is_empty() {
            divergence.example = format!("{file} (theirs {theirs}, ours {ours})");
        }
        match (theirs, ours) {
            (_, 0) => {
                self.only_theirs += 1;
                divergence.only_theirs += 1;
                self.scored_differ += scored;
            }
            (0, _) => {
                self.only_ours += 1;
                divergence.only_ours += 1;
                self.scored_differ += scored;
            }
            _ => {
                self.counts_differ += 1;
                divergence.counts += 1;
            }
        }
    }

    fn agreement(&self) -> f64 {
        let differing = self.only_theirs + self.only_ours + self.counts_differ;
        share(self.both - self.counts_differ, self.both - self.counts_differ + differing)
    }

    fn rules_agreeing(&self) -> f64 {
        share(self.rules_that_hit - self.divergent.len(), self.rules_that_hit)
    }

    fn scored_agreement(&self) -> f64 {
        share(self.scored_both, self.scored_both + self.scored_differ)
    }

    fn print(&self, most: usize) {
        println!(
            "(message, rule) hits            {} in both, {} only SpamAssassin, {} only mailprint, {} counted differently: {:.3} % agree",
            self.both,
            self.only_theirs,
            self.only_ours,
            self.counts_differ,
            self.agreement()
        );
        println!(
            "rules that hit anywhere         {}, of which agree on every message {:.2} %",
            self.rules_that_hit,
            self.rules_agreeing()
        );
        println!("scored hits                     {:.3} % agree", self.scored_agreement());
        let mut divergent: Vec<_> = self.divergent.iter().collect();
        divergent.sort_by_key(|(_, d)| std::cmp::Reverse(d.only_theirs + d.only_ours + d.counts));
        for (rule, d) in divergent.iter().take(most) {
            println!(
                "  {rule}: only SpamAssassin {}, only mailprint {}, counts {}; e.g. {}",
                d.only_theirs, d.only_ours, d.counts, d.example
            );
        }
        if divergent.len() > most {
            println!("  … and {} more rules", divergent.len() - most);
        }
    }

    /// One line: whole messages, then hits.
    fn summary(&self) -> String {
        let agreeing = self.both - self.counts_differ;
        let hits = agreeing + self.only_theirs + self.only_ours + self.counts_differ;
        format!(
            "parity: {} of {} messages ({:.2} %) have the same scored hits and score (to 0.001); \
             {agreeing} of {hits} (message, rule) hits ({:.3} %) agree, sub-tests and counts \
             included; {} of {} rules that hit diverge",
            self.same_messages,
            self.messages,
            share(self.same_messages, self.messages),
            self.agreement(),
            self.divergent.len(),
            self.rules_that_hit,
        )
    }

    /// The floor that this project has set itself for rules that rest on patterns.
    fn reaches_the_floor(&self) -> bool {
        self.agreement() >= 99.95
            && self.rules_agreeing() >= 98.0
            && self.scored_agreement() >= 99.9
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 100.0 } else { 100.0 * part as f64 / whole as f64 }
}
