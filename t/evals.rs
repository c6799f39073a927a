//! Which cases each eval function has, and that none is without: see `t/evals`.
//!
//! A case is a rule of a theme in `t/data` that calls the function, and a message with what
//! SpamAssassin said of it (`cargo test --test cases` compares us with that). Each function
//! that is built and whose answer rests on the message alone has to have a message where it
//! hits, one where it nearly does, and one without anything for it to find. The last two are
//! named in comments below the rule, as files of the theme:
//!
//! ```text
//! body  FLAT  eval:image_to_text_ratio('all', '0.000', '0.015')
//! # near: ratio-just-over
//! # none: plain
//! ```
//!
//! Of a rule without such comments, any two misses will do; how many functions rest on that is
//! told. A function that is said to hit never must not.

#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program for people: it prints, and stops where it cannot read"
)]

mod recorded;

use mailprint::engine::eval;
use mailprint::limits::Limits;
use mailprint::rules::model::Test;
use mailprint::rules::{self, Sources, evals};
use recorded::{Answer, Theme, data, themes};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut functions: BTreeMap<String, Cases> = BTreeMap::new();
    let mut wrong = Vec::new();
    for theme in themes(&data()) {
        wrong.extend(collect(&theme, &mut functions));
    }
    wrong.extend(print(&functions));
    for line in &wrong {
        println!("evals: {line}");
    }
    println!("{} passed, {} failed, 0 skipped", usize::from(wrong.is_empty()), wrong.len());
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Functions that never hit, in SpamAssassin as here; the tables of the engine say why.
const NEVER: [&str; 1] = ["html_charset_faraway"];

/// The cases of one function.
#[derive(Default)]
struct Cases {
    rules: usize,
    hits: BTreeSet<String>,
    misses: BTreeSet<String>,
    near: BTreeSet<String>,
    none: BTreeSet<String>,
}

/// Adds the cases of `theme`; what is wrong with its comments.
fn collect(theme: &Theme, functions: &mut BTreeMap<String, Cases>) -> Vec<String> {
    let mut wrong = Vec::new();
    let marks = marks(theme);
    for (rule, function) in calls(theme) {
        let cases = functions.entry(function).or_default();
        cases.rules += 1;
        for answer in &theme.answers {
            let side = if hits(answer, &rule) { &mut cases.hits } else { &mut cases.misses };
            side.insert(format!("{}/{}", theme.name, answer.file));
        }
        for mark in marks.iter().filter(|mark| mark.rule == rule) {
            for file in &mark.files {
                let answer = theme.answers.iter().find(|answer| answer.file == *file);
                match answer {
                    None => wrong.push(format!("{}: {rule}: there is no {file}", theme.name)),
                    Some(answer) if hits(answer, &rule) => {
                        wrong.push(format!("{}: {rule} hits {file}", theme.name));
                    }
                    Some(_) => {
                        let side = if mark.near { &mut cases.near } else { &mut cases.none };
                        side.insert(format!("{}/{file}", theme.name));
                    }
                }
            }
        }
    }
    wrong
}

fn hits(answer: &Answer, rule: &str) -> bool {
    answer.subtests.contains_key(rule) || answer.tests.iter().any(|test| test == rule)
}

/// The rules of a theme that call a function, and which.
fn calls(theme: &Theme) -> Vec<(String, String)> {
    let sources = Sources {
        site: vec![theme.folder.join("no-site")],
        distribution: vec![theme.folder.clone()],
        local_tests_only: true,
        ..Sources::default()
    };
    let set = rules::load(&sources, &Limits::default());
    let call = |rule: &rules::Rule| match &rule.test {
        Test::Eval(call) => Some((rule.name.to_string(), call.function.to_string())),
        _ => None,
    };
    set.rules.iter().filter_map(call).collect()
}

/// A comment that names messages which a rule must miss.
struct Mark {
    rule: String,
    near: bool,
    files: Vec<String>,
}

fn marks(theme: &Theme) -> Vec<Mark> {
    let text = fs::read_to_string(theme.folder.join("rules.cf")).unwrap_or_default();
    let mut marks = Vec::new();
    let mut rule = String::new();
    for line in text.lines() {
        let comment = |word: &str| line.trim_start().strip_prefix(word);
        if let Some((near, files)) =
            comment("# near:").map(|f| (true, f)).or(comment("# none:").map(|f| (false, f)))
        {
            let files = files.split_whitespace().map(|file| format!("{file}.eml")).collect();
            marks.push(Mark { rule: rule.clone(), near, files });
        } else if line.contains("eval:") && !line.trim_start().starts_with('#') {
            rule = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
        }
    }
    marks
}

/// Prints a line for each function; what is missing.
fn print(functions: &BTreeMap<String, Cases>) -> Vec<String> {
    let mut wrong = Vec::new();
    let (mut built, mut unmarked, mut cases_in_all, mut hits_in_all) = (0, 0, 0, 0);
    let asked = evals::TABLE.iter().filter(|f| evals::is_default(f.plugin) && f.needs().is_none());
    let asked: Vec<_> = asked.collect();
    println!(
        "{:44} {:>5} {:>5} {:>6} {:>5} {:>5}",
        "function", "rules", "hits", "misses", "near", "none"
    );
    let empty = Cases::default();
    for function in &asked {
        let Cases { rules, hits, misses, near, none } =
            functions.get(function.name).unwrap_or(&empty);
        let known = eval::find(function.name).is_some();
        let word = if known { "" } else { "not built" };
        println!(
            "{:44} {rules:5} {:5} {:6} {:5} {:5} {word}",
            function.name,
            hits.len(),
            misses.len(),
            near.len(),
            none.len()
        );
        if !known {
            continue;
        }
        built += 1;
        if eval::find(function.name).is_some_and(|row| row.meaning.starts_with("never:")) {
            if !hits.is_empty() {
                wrong.push(format!("{} hits, and is said never to", function.name));
            }
            continue;
        }
        hits_in_all += hits.len();
        cases_in_all += hits.len() + misses.len();
        let is_marked = !near.is_empty() || !none.is_empty();
        unmarked += usize::from(!is_marked);
        let lacks = |what: &str| format!("{} has no message where it {what}", function.name);
        if hits.is_empty() != NEVER.contains(&function.name) {
            wrong.push(lacks("hits"));
        }
        if if is_marked { near.is_empty() } else { misses.is_empty() } {
            wrong.push(lacks("nearly hits"));
        }
        if if is_marked { none.is_empty() } else { misses.len() < 2 } {
            wrong.push(lacks("has nothing to find"));
        }
    }
    println!(
        "{built} of {} functions are built: {cases_in_all} cases, {hits_in_all} hits; \
         {unmarked} functions have no message marked as near",
        asked.len()
    );
    wrong
}
