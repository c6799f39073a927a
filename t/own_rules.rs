//! Our own rules on a corpus: see `t/own-rules`.
//!
//! The rules are read from `rules/`, so that a score can be tried without building anew. What a
//! message is worth without them is the sum of its other hits. No ham may newly reach the
//! threshold, no rule may hit what a stock rule hits and nothing else, and no cause may be worth
//! three points. Where the corpus or SpamAssassin's rules are missing, it says so and passes;
//! `doc/OWN-RULES.md` is compared all the same.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program for people: it prints, and stops where it cannot read"
)]

use mailprint::engine::{Curve, Engine, Options, Verdict};
use mailprint::limits::Limits;
use mailprint::rules::{self, RuleSet, Sources};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A rule that hits fewer messages says nothing about whether it repeats another.
const FEW: usize = 10;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = read_own(&root.join("rules"));
    let page = page(&load(&own, false));
    let path = root.join("doc/OWN-RULES.md");
    if has("--doc") {
        fs::write(&path, page).expect("a page that can be written");
        return ExitCode::SUCCESS;
    }
    let mut wrong = Vec::new();
    if fs::read_to_string(&path).unwrap_or_default() != page {
        wrong.push("doc/OWN-RULES.md is not what t/own-rules --doc writes".to_owned());
    }
    let shared =
        std::env::var_os("SHARED_DATA").map_or_else(|| root.join("../shared"), PathBuf::from);
    let corpus = shared.join("corpus");
    let missing = [corpus.as_path(), Path::new("/usr/share/spamassassin")];
    match missing.iter().find(|path| !path.exists()) {
        Some(path) => println!("own rules: not measured, there is no {}", path.display()),
        None => {
            let step = if has("--full") && !has("--sample") { 1 } else { 10 };
            let engine = engine(load(&own, true));
            let seen = scan_all(&engine, &corpus, step);
            wrong.extend(report(engine.rules(), &seen, has("--all")));
        }
    }
    for line in &wrong {
        println!("own rules: {line}");
    }
    println!("{} passed, {} failed, 0 skipped", usize::from(wrong.is_empty()), wrong.len());
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The files of `rules/`, by name.
fn read_own(folder: &Path) -> Vec<(&'static str, &'static str)> {
    let entries = fs::read_dir(folder).expect("the folder of our rules").flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "cf"));
    paths.sort();
    let leak = |text: String| &*Box::leak(text.into_boxed_str());
    let read = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (leak(name), leak(fs::read_to_string(path).expect("a readable rule file")))
    };
    paths.iter().map(read).collect()
}

/// Our rules, with the stock rules or alone.
fn load(own: &[(&'static str, &'static str)], stock: bool) -> RuleSet {
    let nowhere = || vec![PathBuf::from("/nonexistent")];
    let mut sources = Sources { own: own.to_vec(), local_tests_only: stock, ..Sources::default() };
    sources.site = nowhere();
    if !stock {
        sources.distribution = nowhere();
    }
    rules::load(&sources, &Limits::default())
}

fn engine(rules: RuleSet) -> Engine {
    Engine::new(Arc::new(rules), Curve::default(), &Limits::default())
}

fn is_ours(name: &str) -> bool {
    name.starts_with("MP_")
}

/// Does the rule ask the DNS?
fn asks(rule: &rules::Rule) -> bool {
    rule.tflags.net
}

/// What was found of one message.
struct Seen {
    file: String,
    is_spam: bool,
    /// The score with our rules and without.
    scores: [f64; 2],
    required: f64,
    ours: Vec<Arc<str>>,
    others: Vec<Arc<str>>,
}

impl Seen {
    fn new(file: String, is_spam: bool, verdict: &Verdict) -> Seen {
        let names = || verdict.hits.iter().map(|hit| &hit.name);
        let other = verdict.hits.iter().filter(|hit| !is_ours(&hit.name));
        let without: f64 = other.map(|hit| hit.score * f64::from(hit.count)).sum();
        let subtests = verdict.subtests.iter().map(|(name, _)| name);
        Seen {
            file,
            is_spam,
            scores: [verdict.score, (without * 1000.0).round() / 1000.0],
            required: verdict.required,
            ours: names().filter(|name| is_ours(name)).cloned().collect(),
            others: names().chain(subtests).filter(|name| !is_ours(name)).cloned().collect(),
        }
    }
}

/// Every so many messages of the corpus.
fn scan_all(engine: &Engine, corpus: &Path, step: usize) -> Vec<Seen> {
    let mut files = Vec::new();
    for (folder, is_spam) in [("ham", false), ("spam", true)] {
        let entries = fs::read_dir(corpus.join(folder)).expect("the corpus").flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        files.extend(paths.into_iter().step_by(step).map(|path| (path, is_spam)));
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut worker = engine.worker();
        let options = Options { subtests: true, ..Options::default() };
        let mut seen = Vec::new();
        while let Some((path, is_spam)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mail = fs::read(path).expect("a readable message");
            let verdict = engine.scan(&mut worker, mail, &options);
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            seen.push(Seen::new(name, *is_spam, &verdict));
        }
        seen
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running.into_iter().flat_map(|thread| thread.join().expect("a thread's work")).collect()
    })
}

/// Prints the table; what is wrong.
fn report(rules: &RuleSet, seen: &[Seen], all: bool) -> Vec<String> {
    let counts = |spam: bool| seen.iter().filter(|seen| seen.is_spam == spam).count();
    let (ham, spam) = (counts(false), counts(true));
    println!("{ham} ham, {spam} spam");
    println!(
        "{:28} {:>6} {:>8} {:>8} {:>6} {:>6}",
        "rule", "score", "ham %", "spam %", "ham", "spam"
    );
    let share = |hits: usize, of: usize| 100.0 * hits as f64 / of.max(1) as f64;
    for (_, rule) in rules.iter().filter(|(_, rule)| is_ours(&rule.name)) {
        let hits = |spam: bool| {
            let hits = seen.iter().filter(|seen| seen.is_spam == spam);
            hits.filter(|seen| seen.ours.contains(&rule.name)).count()
        };
        let (in_ham, in_spam) = (hits(false), hits(true));
        if asks(rule) {
            if all {
                println!("{:28} {:6} asks the DNS: not measured", rule.name, rule.scores[1]);
            }
        } else if all || in_ham + in_spam > 0 {
            println!(
                "{:28} {:6} {:8.3} {:8.3} {in_ham:6} {in_spam:6}",
                rule.name,
                rule.scores[0],
                share(in_ham, ham),
                share(in_spam, spam),
            );
        }
    }
    let crosses = |seen: &&Seen, from: usize, to: usize| {
        seen.scores[from] < seen.required && seen.scores[to] >= seen.required
    };
    let up: Vec<&Seen> = seen.iter().filter(|seen| crosses(seen, 1, 0)).collect();
    let down: Vec<&Seen> = seen.iter().filter(|seen| crosses(seen, 0, 1)).collect();
    let spam_of = |seen: &[&Seen]| seen.iter().filter(|seen| seen.is_spam).count();
    println!(
        "spam newly over the threshold: {}; newly under it, by a cap: {}",
        spam_of(&up),
        spam_of(&down)
    );
    println!(
        "ham newly over the threshold: {}; newly under it, by a cap: {}",
        up.len() - spam_of(&up),
        down.len() - spam_of(&down)
    );
    let mut wrong: Vec<String> = Vec::new();
    for seen in up.iter().filter(|seen| !seen.is_spam) {
        wrong.push(format!(
            "{} is ham: {} without us, {} with {}",
            seen.file,
            seen.scores[1],
            seen.scores[0],
            seen.ours.join(" ")
        ));
    }
    wrong.extend(repeated(seen));
    wrong
}

/// Rules that hit the very messages that a stock rule hits.
fn repeated(seen: &[Seen]) -> Vec<String> {
    let mut sets: HashMap<Vec<usize>, BTreeSet<&str>> = HashMap::new();
    let mut hits: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, seen) in seen.iter().enumerate() {
        let names: BTreeSet<&str> =
            seen.ours.iter().chain(&seen.others).map(|name| &**name).collect();
        names.into_iter().for_each(|name| hits.entry(name).or_default().push(number));
    }
    for (name, messages) in hits.into_iter().filter(|(_, messages)| messages.len() >= FEW) {
        sets.entry(messages).or_default().insert(name);
    }
    let both = |names: &&BTreeSet<&str>| names.iter().any(|name| is_ours(name)) && names.len() > 1;
    let told = |names: &BTreeSet<&str>| {
        format!("the same messages: {}", names.iter().copied().collect::<Vec<_>>().join(" "))
    };
    sets.values().filter(both).map(told).collect()
}

/// `doc/OWN-RULES.md`
fn page(rules: &RuleSet) -> String {
    let mut page = String::from(
        "# mailprint's own rules\n\n\
         Written by `t/own-rules --doc` from `rules/*.cf`; `t/own-rules` prints the share of ham and spam \
         that each hits. They are off with `rules.own: off`, `-C` and `--siteconfigpath`. Those that ask the \
         DNS do not run with `-L`, and do not hit where nobody answers. Mail from inside, and from who \
         authenticated himself, hits none. The rules of one cause, and the stock rules of the \
         same, together count for no more than its cap, which is below 3.0. Fingerprints (MP_FP_WEAK, \
         and MP_FP_SPAM, MP_FP_PHISH and MP_FP_MALWARE, which decide alone) are another matter: see \
         `doc/FINGERPRINTS.md`; without a store they hit nothing.\n",
    );
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut groups: Vec<_> = rules.options.lists("score_group").into_iter().flatten().collect();
    groups.sort_by(|one, other| one.0.cmp(other.0));
    for (name, words) in groups {
        let Some((most, names)) = words.split_first() else { continue };
        let names: Vec<String> = names.iter().map(|name| text(name)).collect();
        let others: Vec<&str> =
            names.iter().map(String::as_str).filter(|name| !is_ours(name)).collect();
        let _ = write!(page, "\n## {}: at most {}\n\n", text(name), text(most));
        page.push_str("| rule | score | asks | hits where |\n|---|---|---|---|\n");
        for rule in names.iter().filter_map(|name| rules.rule(rules.find(name)?)) {
            let score = if asks(rule) { rule.scores[1] } else { rule.scores[0] };
            let description = text(rule.description.as_deref().unwrap_or_default());
            let dns = if asks(rule) { "DNS" } else { "" };
            let _ = writeln!(page, "| {} | {score} | {dns} | {description} |", rule.name);
        }
        if !others.is_empty() {
            let _ = write!(page, "\nStock rules of the same cause: {}.\n", others.join(", "));
        }
    }
    page
}
