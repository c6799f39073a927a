//! How well mutated spam is recognised: see `t/bench-mutation`.
//!
//! In: a corpus (`ham`, `spam`). Out: a table of recall for each operator, and ham matches.
//! Ham is cut in two by sender and list; one half says what is common, the other is looked up,
//! then the other way round.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a program for people: it prints, and stops where it cannot measure"
)]

#[path = "mutation/campaigns.rs"]
mod campaigns;
#[path = "mutation/corpus.rs"]
mod corpus;
#[path = "mutation/memory.rs"]
mod memory;
#[path = "mutation/mutants.rs"]
mod mutants;
mod operators;

use corpus::{Corpus, Mail};
use mailprint::fingerprint::Prints;
use mailprint::fingerprint::judge::{Grade, Judgement, Signer, Standing, judge};
use memory::Memory;
use mutants::Mutants;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is asked for on the command line.
pub struct Plan {
    corpus: PathBuf,
    mutate: PathBuf,
    sample: usize,
    only: Vec<String>,
    campaigns: Option<usize>,
    misses: bool,
    dump: Option<PathBuf>,
}

impl Plan {
    fn from_arguments() -> Plan {
        let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
        let shared = std::env::var_os("SHARED_DATA").map_or_else(beside, PathBuf::from);
        let mut plan = Plan {
            corpus: shared.join("corpus"),
            mutate: shared.join("mutation/mutate.py"),
            sample: 400,
            only: Vec::new(),
            campaigns: None,
            misses: false,
            dump: None,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().expect("the option needs a value");
            match argument.as_str() {
                "--corpus" => plan.corpus = value().into(),
                "--mutate" => plan.mutate = value().into(),
                "--sample" => plan.sample = value().parse().expect("a number"),
                "--op" => plan.only.push(value()),
                "--campaigns" => plan.campaigns = Some(200),
                "--misses" => plan.misses = true,
                "--dump" => plan.dump = Some(value().into()),
                "--bench" => {}
                other => panic!("{other}: no such option"),
            }
        }
        plan
    }
}

fn main() {
    let plan = Plan::from_arguments();
    let Some(corpus) = Corpus::load(&plan.corpus) else {
        println!("{}: no corpus there, skipped", plan.corpus.display());
        return;
    };
    let sample: Vec<&Mail> = every(&corpus.spam, plan.sample);
    if let Some(count) = plan.campaigns {
        campaigns::run(&plan, &corpus, count, 50);
        return;
    }
    let mutants = Mutants::of(&plan, &sample, &every(&corpus.spam, corpus.spam.len() / 10));
    let halves = corpus.halves();
    println!(
        "{} spam, {} of them mutated; {} + {} ham",
        corpus.spam.len(),
        sample.len(),
        halves[0].len(),
        halves[1].len()
    );
    let mut total = Table::default();
    for (common, looked_up) in [(0, 1), (1, 0)] {
        let memory = learn(&corpus, &halves[common], &mutants);
        println!(
            "suppression by half {common}: {} phrases; {} references, {} keys",
            memory.phrases.len(),
            memory.references,
            memory.len()
        );
        let mut dump = Vec::new();
        ham(&halves[looked_up], &memory, &mut dump);
        let table = recall(&sample, &mutants, &memory, plan.misses && common == 0, &mut dump);
        total.add(&table);
        if let Some(path) = &plan.dump {
            let path = path.with_extension(format!("{common}.tsv"));
            std::fs::write(path, dump.join("\n")).expect("the dump can be written");
        }
    }
    total.print();
}

/// `count` of `all`, evenly spread.
fn every<T>(all: &[T], count: usize) -> Vec<&T> {
    let step = (all.len() / count.max(1)).max(1);
    all.iter().step_by(step).take(count).collect()
}

/// All spam, ten mutants of a tenth of it; and what is common in `ham`.
fn learn(corpus: &Corpus, ham: &[&Mail], mutants: &Mutants) -> Memory {
    let mut memory = Memory::default();
    for mail in ham {
        memory.learn_wanted(&mail.bytes);
    }
    let memory_ref = &memory;
    let originals = in_parallel(&corpus.spam, |mail| memory_ref.prints(&mail.bytes));
    let copies =
        in_parallel(&mutants.learned, |(stem, bytes)| (stem.clone(), memory_ref.prints(bytes)));
    for (mail, prints) in corpus.spam.iter().zip(originals) {
        memory.learn(&mail.stem, &prints);
    }
    for (stem, prints) in copies {
        memory.learn(&stem, &prints);
    }
    memory
}

/// One line for those who tune: of each algorithm the matches that count, and how many
/// fingerprints there are.
fn line(what: &str, stem: &str, prints: &Prints, found: &Judgement) -> String {
    let mut counts: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for print in &prints.all {
        counts.entry(print.algorithm.name()).or_default()[1] += 1;
    }
    for matched in found.matches.iter().filter(|matched| matched.standing == Standing::Counts) {
        counts.entry(matched.print.algorithm.name()).or_default()[0] += 1;
    }
    let told: Vec<String> =
        counts.iter().map(|(name, [hit, all])| format!("{name}={hit}/{all}")).collect();
    format!("{what}\t{stem}\t{:?}\t{}\t{}", found.grade, found.bad.points, told.join(" "))
}

/// Looks `mails` up and tells what is hit.
fn ham(mails: &[&Mail], memory: &Memory, dump: &mut Vec<String>) {
    let judged = in_parallel(mails, |mail| {
        let prints = memory.prints(&mail.bytes);
        let found = judge(&prints, memory, Signer::Nobody);
        (line("ham", &mail.stem, &prints, &found), found)
    });
    let (lines, judged): (Vec<String>, Vec<Judgement>) = judged.into_iter().unzip();
    dump.extend(lines);
    let of = |grade| judged.iter().filter(|found| found.grade == grade).count();
    println!(
        "ham: {} verdicts, {} suspects of {}",
        of(Grade::Verdict),
        of(Grade::Suspect),
        mails.len()
    );
    for (mail, found) in mails.iter().zip(&judged) {
        if found.grade == Grade::Verdict {
            let mut named: BTreeMap<&str, usize> = BTreeMap::new();
            for matched in found.matches.iter().filter(|matched| matched.points > 0) {
                *named.entry(matched.print.algorithm.name()).or_default() += 1;
            }
            println!("  {} {} {named:?}", mail.stem, found.bad.points);
        }
    }
}

/// Recall of one operator, original against mutant and mutant against mutant.
#[derive(Clone, Copy, Default)]
struct Recall {
    tried: [usize; 2],
    verdicts: [usize; 2],
    suspects: [usize; 2],
}

#[derive(Default)]
struct Table(BTreeMap<(usize, String), Recall>);

impl Table {
    fn add(&mut self, other: &Table) {
        for (name, recall) in &other.0 {
            let sum = self.0.entry(name.clone()).or_default();
            for way in [0, 1] {
                sum.tried[way] += recall.tried[way];
                sum.verdicts[way] += recall.verdicts[way];
                sum.suspects[way] += recall.suspects[way];
            }
        }
    }

    fn print(&self) {
        println!("\n{:24} {:>6} {:>15} {:>15}", "operator", "n", "verdict o/m", "suspect o/m");
        let share = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
        let mut means = [0.0; 4];
        let mut singles = 0;
        for ((_, name), r) in self.0.iter().filter(|(_, r)| r.tried[0] > 0) {
            let row = [
                share(r.verdicts[0], r.tried[0]),
                share(r.verdicts[1], r.tried[1]),
                share(r.suspects[0], r.tried[0]),
                share(r.suspects[1], r.tried[1]),
            ];
            println!(
                "{name:24} {:6} {:7.1} /{:6.1} {:7.1} /{:6.1}",
                r.tried[0], row[0], row[1], row[2], row[3]
            );
            if !["LIGHT", "MEDIUM", "HEAVY"].contains(&name.as_str()) {
                singles += 1;
                means.iter_mut().zip(row).for_each(|(mean, value)| *mean += value);
            }
        }
        let mean = means.map(|sum| sum / f64::from(singles.max(1)));
        println!(
            "{:24} {singles:6} {:7.1} /{:6.1} {:7.1} /{:6.1}",
            "mean of single ones", mean[0], mean[1], mean[2], mean[3]
        );
    }
}

fn recall(
    sample: &[&Mail],
    mutants: &Mutants,
    memory: &Memory,
    misses: bool,
    dump: &mut Vec<String>,
) -> Table {
    let mut table = Table::default();
    for (place, operator) in mutants.operators.iter().enumerate() {
        let results = in_parallel(sample, |mail| {
            let [first, second] = mutants.of_mail(operator, mail)?;
            Some(one(mail, &first, &second, memory, operator))
        });
        let recall = table.0.entry((place, operator.clone())).or_default();
        for found in results.into_iter().flatten() {
            let grades = found.each_ref().map(|(grade, _)| *grade);
            if misses && grades[1] != Grade::Verdict {
                println!("MISS {}", found[1].1);
            }
            dump.extend(found.map(|(_, line)| line));
            for way in [0, 1] {
                recall.tried[way] += 1;
                recall.verdicts[way] += usize::from(grades[way] == Grade::Verdict);
                recall.suspects[way] +=
                    usize::from(matches!(grades[way], Grade::Verdict | Grade::Suspect));
            }
        }
    }
    table
}

/// The original learned and a mutant looked up; another mutant learned in its place.
fn one(
    mail: &Mail,
    first: &[u8],
    second: &[u8],
    memory: &Memory,
    operator: &str,
) -> [(Grade, String); 2] {
    let looked_up = memory.prints(second);
    [("o", &mail.bytes[..]), ("m", first)].map(|(way, learned)| {
        let known = memory.only(&mail.stem, &memory.prints(learned));
        let found = judge(&looked_up, &known, Signer::Nobody);
        (found.grade, line(&format!("{way} {operator}"), &mail.stem, &looked_up, &found))
    })
}

/// `work` on each of `items`, on all processors.
pub fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some((at, item)) = Some(next.fetch_add(1, Ordering::Relaxed))
                    .and_then(|at| Some((at, items.get(at)?)))
                {
                    let result = work(item);
                    done.lock().unwrap().push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
