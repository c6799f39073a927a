//! The engine gives SpamAssassin's recorded answers to the messages in `t/data`.
//!
//! A theme is a folder of `t/data` with an `expect.jsonl`: rule files, messages and, one JSON
//! object a line, what SpamAssassin 4.0.1 answered (`t/data/record` wrote it). Every difference
//! in every theme is listed before the test fails. The few that are known stand in [`KNOWN`],
//! each with its cause, and have to differ still.

#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a case that cannot be read is a failure, never a skip"
)]

mod recorded;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use mailprint::engine::{Curve, Engine, Options};
use mailprint::limits::Limits;
use mailprint::rules::Sources;
use recorded::{Answer, Theme, answers, data, themes};

/// Scores are recorded to a thousandth.
const SCORE_TOLERANCE: f64 = 0.0015;

/// How many differences of one theme are printed; the rest is counted.
const SHOWN_PER_THEME: usize = 40;

/// Messages on which we differ, and why; `doc/DIFFERENCES.md` says more.
const KNOWN: &[(&str, &str)] = &[
    ("hostile/uri-redirect-nest.eml", "limits.uri_nesting is lower than its 60 redirectors"),
    ("uris/html-comma-host.eml", "SpamAssassin matches such a URI as characters, we as UTF-8"),
    ("uris/html-unicode.eml", "SpamAssassin matches such a URI as characters, we as UTF-8"),
];

/// One way in which an answer is not the recorded one.
#[derive(Debug, PartialEq)]
enum Difference {
    /// SpamAssassin hits it so many times, we do not.
    Missing(String, usize),
    /// We hit it so many times, SpamAssassin does not.
    Extra(String, usize),
    /// Both hit it; expected count, then ours.
    Count(String, usize, usize),
    /// The scores differ; expected, then ours.
    Score(f64, f64),
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Missing(rule, hits) => write!(out, "missing {rule} ({hits})"),
            Difference::Extra(rule, hits) => write!(out, "extra {rule} ({hits})"),
            Difference::Count(rule, theirs, ours) => {
                write!(out, "{rule} hits {ours} times, expected {theirs}")
            }
            Difference::Score(theirs, ours) => write!(out, "score {ours}, expected {theirs}"),
        }
    }
}

/// How often each rule hit, scored or not.
fn hits(answer: &Answer) -> BTreeMap<&str, usize> {
    let mut hits: BTreeMap<&str, usize> =
        answer.subtests.iter().map(|(rule, count)| (rule.as_str(), *count)).collect();
    for rule in &answer.tests {
        *hits.entry(rule).or_default() += 1;
    }
    hits
}

/// What distinguishes `ours` from the recorded answer, rules in order of their names.
fn differences(expected: &Answer, ours: &Answer) -> Vec<Difference> {
    let (theirs, mine) = (hits(expected), hits(ours));
    let mut found = Vec::new();
    for (&rule, &count) in &theirs {
        match mine.get(rule) {
            None => found.push(Difference::Missing(rule.to_owned(), count)),
            Some(&other) if other != count => {
                found.push(Difference::Count(rule.to_owned(), count, other));
            }
            Some(_) => {}
        }
    }
    for (&rule, &count) in mine.iter().filter(|(rule, _)| !theirs.contains_key(*rule)) {
        found.push(Difference::Extra(rule.to_owned(), count));
    }
    if (expected.score - ours.score).abs() > SCORE_TOLERANCE {
        found.push(Difference::Score(expected.score, ours.score));
    }
    found
}

/// Scans every message of a theme and lists what differs, one line a difference; and the
/// messages of [`KNOWN`] that agree.
///
/// `open` gets the theme's folder (the only rule directory, no site rules, no network) and
/// returns the scanner, which gets a message's bytes and leaves `Answer::file` empty, and the
/// names of the rules that rest on eval functions which are not built: these cannot agree yet.
fn compare<Scan>(
    theme: &Theme,
    open: impl FnOnce(&Path) -> (Scan, HashSet<String>),
) -> (Vec<String>, Vec<String>)
where
    Scan: FnMut(Vec<u8>) -> Answer,
{
    let (mut scan, pending) = open(&theme.folder);
    let (mut lines, mut agreeing) = (Vec::new(), Vec::new());
    for expected in &theme.answers {
        let path = theme.folder.join(&expected.file);
        let raw = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let ours = scan(raw);
        let is_pending = |difference: &Difference| match difference {
            Difference::Missing(rule, _) | Difference::Extra(rule, _) => pending.contains(rule),
            Difference::Count(rule, ..) => pending.contains(rule),
            Difference::Score(..) => expected.tests.iter().any(|rule| pending.contains(rule)),
        };
        let message = format!("{}/{}", theme.name, expected.file);
        let found = differences(expected, &ours).into_iter();
        let found: Vec<String> = found
            .filter(|difference| !is_pending(difference))
            .map(|difference| format!("{message}: {difference}"))
            .collect();
        match KNOWN.iter().any(|(known, _)| *known == message) {
            true if found.is_empty() => agreeing.push(message),
            true => {}
            false => lines.extend(found),
        }
    }
    (lines, agreeing)
}

/// Compares every theme and panics with the list of differences if there is any.
/// Gives the messages of [`KNOWN`] that agree.
fn check_all<Scan>(
    data: &Path,
    mut open: impl FnMut(&Path) -> (Scan, HashSet<String>),
) -> Vec<String>
where
    Scan: FnMut(Vec<u8>) -> Answer,
{
    let themes = themes(data);
    assert!(!themes.is_empty(), "no theme in {}", data.display());
    let (mut report, mut agreeing) = (String::new(), Vec::new());
    let mut total = 0;
    for theme in &themes {
        let (lines, known) = compare(theme, &mut open);
        agreeing.extend(known);
        total += lines.len();
        for line in lines.iter().take(SHOWN_PER_THEME) {
            report.push_str(&format!("\n  {line}"));
        }
        if lines.len() > SHOWN_PER_THEME {
            report.push_str(&format!(
                "\n  {}: and {} more",
                theme.name,
                lines.len() - SHOWN_PER_THEME
            ));
        }
    }
    let answers: usize = themes.iter().map(|theme| theme.answers.len()).sum();
    println!("{answers} recorded answers, {} known to differ", KNOWN.len());
    assert!(total == 0, "{total} differences from SpamAssassin's answers:{report}");
    agreeing
}

#[test]
fn the_engine_answers_as_spamassassin_does() {
    let agreeing = check_all(&data(), |folder| {
        let sources = Sources {
            site: vec![folder.join("no-site")],
            distribution: vec![folder.to_path_buf()],
            local_tests_only: true,
            ..Sources::default()
        };
        let limits = Limits::default();
        let rules = mailprint::rules::load(&sources, &limits);
        let engine = Engine::new(Arc::new(rules), Curve::default(), &limits);
        let known = |_, name: &str| mailprint::engine::eval::find(name).is_some();
        let pending = mailprint::rules::lint::pending(engine.rules(), &known);
        let pending: HashSet<String> = pending.evals.into_values().flatten().collect();
        if !pending.is_empty() {
            println!(
                "{}: {} rules rest on evals that are not built and are not compared",
                folder.display(),
                pending.len()
            );
        }
        let mut worker = engine.worker();
        let scan = move |raw| {
            let options = Options { subtests: true, ..Options::default() };
            let verdict = engine.scan(&mut worker, raw, &options);
            Answer {
                file: String::new(),
                score: verdict.score,
                tests: verdict.test_names().into_iter().map(str::to_owned).collect(),
                subtests: verdict
                    .subtests
                    .iter()
                    .map(|(name, count)| (name.to_string(), *count as usize))
                    .collect(),
            }
        };
        (scan, pending)
    });
    assert_eq!(agreeing, [""; 0], "these agree, so they are not KNOWN");
}

#[test]
fn a_scanner_that_repeats_the_record_passes() {
    check_all(&data(), |folder| {
        let record = fs::read_to_string(folder.join("expect.jsonl")).expect("a record");
        let mut next = answers(&record).expect("a readable record").into_iter();
        let scan = move |_raw| next.next().expect("one answer per message");
        (scan, HashSet::new())
    });
}

#[test]
fn the_record_names_every_message_once() {
    for theme in themes(&data()) {
        let mut recorded: Vec<&str> =
            theme.answers.iter().map(|answer| answer.file.as_str()).collect();
        recorded.sort_unstable();
        let before = recorded.len();
        recorded.dedup();
        assert_eq!(before, recorded.len(), "{}: a message is recorded twice", theme.name);
        for entry in fs::read_dir(&theme.folder).expect("a theme's folder") {
            let name = entry.expect("a readable entry").file_name();
            let name = name.to_string_lossy();
            if name.ends_with(".eml") {
                assert!(
                    recorded.binary_search(&name.as_ref()).is_ok(),
                    "{}/{name} has no recorded answer: run t/data/record {}",
                    theme.name,
                    theme.name
                );
            }
        }
    }
}

#[test]
fn every_kind_of_difference_is_found() {
    let answer = |score, tests: &[&str], subtests: &[(&str, usize)]| Answer {
        file: String::new(),
        score,
        tests: tests.iter().map(|rule| (*rule).to_owned()).collect(),
        subtests: subtests.iter().map(|(rule, count)| ((*rule).to_owned(), *count)).collect(),
    };
    let theirs = answer(3.0, &["A", "A", "B"], &[("__C", 4), ("__D", 1)]);
    let ours = answer(2.0, &["A", "E"], &[("__C", 5), ("__D", 1)]);
    let rule = |name: &str| name.to_owned();
    assert_eq!(
        differences(&theirs, &ours),
        [
            Difference::Count(rule("A"), 2, 1),
            Difference::Missing(rule("B"), 1),
            Difference::Count(rule("__C"), 4, 5),
            Difference::Extra(rule("E"), 1),
            Difference::Score(3.0, 2.0),
        ]
    );
    assert_eq!(differences(&theirs, &theirs), []);
}
