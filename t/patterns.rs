//! Our matchers against the installed Perl and SpamAssassin's own patterns.
//!
//! `cargo test --test patterns` takes a sample; `PATTERNS=full` takes every stock pattern
//! and 20 texts for each. Without perl or SpamAssassin the tests say so and pass.

#![allow(clippy::unwrap_used)]

use mailprint::limits::Limits;
use mailprint::rules::regex::{Caches, Exact, Ids, Pattern, Plan, PlanRule, Scope, Scratch, Strip};
use mailprint::text::pieces::Pieces;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// A random walk that is the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below.max(1)
    }
}

fn script(name: &str) -> String {
    format!("{}/t/perl/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Runs a script with `input`; `None`, with the reason printed, where it cannot run.
fn perl(name: &str, input: Vec<u8>) -> Option<String> {
    let child = Command::new("perl")
        .arg(script(name))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            eprintln!("skipped: perl does not start: {error}");
            return None;
        }
    };
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&input).is_ok());
    let output = child.wait_with_output().unwrap();
    _ = writer.join();
    if !output.status.success() {
        eprintln!("skipped: {name}: {}", String::from_utf8_lossy(&output.stderr));
        return None;
    }
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|index| u8::from_str_radix(&text[2 * index..2 * index + 2], 16).unwrap())
        .collect()
}

struct Stock {
    family: String,
    rule: String,
    source: Vec<u8>,
}

fn stock_patterns() -> Option<Vec<Stock>> {
    let text = perl("stock-patterns.pl", Vec::new())?;
    let line = |line: &str| {
        let mut fields = line.split('\t');
        Some(Stock {
            family: fields.next()?.to_owned(),
            rule: fields.next()?.to_owned(),
            source: unhex(fields.nth(2)?),
        })
    };
    let patterns: Vec<Stock> = text.lines().filter_map(line).collect();
    if patterns.is_empty() {
        eprintln!("skipped: SpamAssassin has no rules here");
        return None;
    }
    Some(patterns)
}

fn full() -> bool {
    std::env::var("PATTERNS").is_ok_and(|value| value == "full")
}

/// Texts around `pattern`: examples, then examples with something changed.
fn near_hits(
    pattern: &Pattern,
    others: &[Vec<u8>],
    count: usize,
    random: &mut Random,
) -> Vec<Vec<u8>> {
    (0..count)
        .map(|index| {
            let mut text = pattern.example(&mut |below| random.next(below));
            if index % 4 == 3 && !others.is_empty() {
                let other = &others[random.next(others.len())];
                text.extend_from_slice(&other[..other.len().min(80)]);
            }
            if index % 5 == 4 {
                let again = pattern.example(&mut |below| random.next(below));
                text.push(b" \n-"[random.next(3)]);
                text.extend(again);
            }
            for _ in 0..index % 3 {
                mutate(&mut text, random);
            }
            if random.next(3) == 0 {
                text.push(b'\n');
            }
            text.truncate(5000);
            text
        })
        .collect()
}

fn mutate(text: &mut Vec<u8>, random: &mut Random) {
    let at = random.next(text.len() + 1);
    let byte = b" \n\ta.<=\xe9\xc3-_0Z@:/\x00"[random.next(16)];
    match random.next(6) {
        0 => text.insert(at, byte),
        1 if at < text.len() => text[at] = byte,
        2 if at < text.len() => _ = text.remove(at),
        3 => text.iter_mut().skip(at).take(5).for_each(|byte| *byte = byte.to_ascii_uppercase()),
        4 => text.iter_mut().skip(at).take(5).for_each(|byte| *byte ^= 0x20),
        _ => text.insert(0, byte),
    }
}

struct Case {
    name: String,
    pattern: Vec<u8>,
    texts: Vec<Vec<u8>>,
}

/// Asks Perl and ourselves; gives the differences and how many texts were compared.
fn compare(cases: &[Case]) -> Option<(Vec<String>, usize)> {
    let mut input = Vec::new();
    for case in cases {
        writeln!(input, "P {}", hex(&case.pattern)).unwrap();
        for text in &case.texts {
            writeln!(input, "T {}", hex(text)).unwrap();
        }
    }
    let answers = perl("ask.pl", input)?;
    let mut answers = answers.lines();
    let (limits, mut ids, mut caches) = (Limits::default(), Ids::new(), Caches::new());
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for case in cases {
        let perl_takes = answers.next().unwrap_or_default();
        let ours = Pattern::parse(&case.pattern, Strip::Bare);
        if (perl_takes == "ok") != ours.is_ok() {
            wrong.push(format!("{}: perl {perl_takes}, we {:?}", case.name, ours.as_ref().err()));
        }
        let exact =
            ours.ok().map(|pattern| Arc::new(Exact::new(Arc::new(pattern), &mut ids, &limits)));
        let plan = exact.as_ref().map(|exact| {
            let rule = PlanRule { pattern: exact.clone(), scope: Scope::All };
            Plan::build(&[rule], &limits)
        });
        for text in &case.texts {
            let answer = answers.next().unwrap_or_default();
            if answer.starts_with("dies") {
                continue;
            }
            let answer: Vec<usize> =
                answer.split(' ').filter_map(|number| number.parse().ok()).collect();
            let (Some(exact), Some(plan)) = (&exact, &plan) else { continue };
            compared += 1;
            let ours = match exact.count(text, 50, &mut caches) {
                Ok((count, first)) => {
                    let first = first.unwrap_or_default();
                    vec![count, first.start, first.end]
                }
                Err(error) => {
                    wrong.push(format!("{}: {error} on {:?}", case.name, show(text)));
                    continue;
                }
            };
            if ours != answer {
                wrong.push(format!(
                    "{}: perl {answer:?}, we {ours:?} on {}",
                    case.name,
                    show(text)
                ));
            }
            // The plan's filters must let through what matches.
            let pieces: Pieces = [&b"before\n"[..], text, b"after"].into_iter().collect();
            let mut scratch = Scratch::default();
            let mut scan = plan.start(&pieces, &mut scratch);
            let possible = scan.possible(0);
            let found = scan.run(0, 50, &mut caches).map(|found| found.count).unwrap_or(0);
            if answer[0] > 0 && (!possible || found < answer[0].min(50)) {
                wrong.push(format!(
                    "{}: the plan loses {} (possible: {possible}, found: {found})",
                    case.name,
                    show(text)
                ));
            }
        }
    }
    Some((wrong, compared))
}

fn show(text: &[u8]) -> String {
    let text: String = text.escape_ascii().to_string();
    if text.len() > 300 { format!("{}…", &text[..300]) } else { text }
}

fn report(wrong: &[String], compared: usize) {
    eprintln!("compared {compared} texts, {} differences", wrong.len());
    for line in wrong.iter().take(if full() { 400 } else { 40 }) {
        eprintln!("  {line}");
    }
    assert!(wrong.is_empty(), "{} differences from Perl", wrong.len());
}

#[test]
fn stock_patterns_match_what_perl_matches() {
    let Some(stock) = stock_patterns() else { return };
    let mut random = Random(0x5eed_0001);
    let step = if full() { 1 } else { 6 };
    let per_pattern = if full() { 24 } else { 20 };
    let mut others = Vec::new();
    let mut cases = Vec::new();
    for stock in stock.iter().step_by(step) {
        let name = format!("{} {}", stock.family, stock.rule);
        let texts = match Pattern::parse(&stock.source, Strip::Bare) {
            Ok(pattern) => near_hits(&pattern, &others, per_pattern, &mut random),
            Err(_) => Vec::new(),
        };
        others.extend(texts.first().cloned());
        cases.push(Case { name, pattern: stock.source.clone(), texts });
    }
    if let Some((wrong, compared)) = compare(&cases) {
        report(&wrong, compared);
    }
}

/// Where a repeat of something that may be empty repeats again, Perl counts the empty
/// matches of `//g` in a way of its own: hits agree, counts do not. No such pattern is here.
#[test]
fn odd_patterns_are_taken_or_refused_as_by_perl() {
    let list = match std::env::var("PATTERNS_LIST") {
        Ok(path) => std::fs::read(path).unwrap(),
        Err(_) => include_bytes!("data/perl-patterns.txt").to_vec(),
    };
    let mut random = Random(0x5eed_0002);
    let cases: Vec<Case> = list
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            let line = line.strip_prefix(b"ok\t").or(line.strip_prefix(b"no\t")).unwrap_or(line);
            let texts = match Pattern::parse(line, Strip::Bare) {
                Ok(pattern) => near_hits(&pattern, &[], 8, &mut random),
                Err(_) => Vec::new(),
            };
            Case { name: line.escape_ascii().to_string(), pattern: line.to_vec(), texts }
        })
        .collect();
    if let Some((wrong, compared)) = compare(&cases) {
        report(&wrong, compared);
    }
}
