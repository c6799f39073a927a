//! Rewritten mail, SpamAssassin's and ours, byte for byte: see `t/markup`.
//!
//! `t/data/markup` holds rules, settings in variants, messages of our own, and what SpamAssassin
//! made of them (`rewritten.jsonl`, which `--record` writes). With `--full` SpamAssassin itself
//! is asked about a sample of the corpus. Either way the markup is taken off again, ours and
//! SpamAssassin's, which has to give the original. Only boundaries may differ.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a program for people: it prints, and stops where it cannot compare"
)]

use mailprint::clock;
use mailprint::engine::markup::{Surroundings, remove};
use mailprint::engine::{Curve, Engine, Options};
use mailprint::limits::Limits;
use mailprint::rules::{self, Sources};
use serde::Deserialize;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;

/// What the corpus is compared in; our own messages are in all variants.
const OF_CORPUS: &[&str] = &["safe-0", "safe-1", "safe-2", "marked-0", "marked-1", "tags"];

/// How many messages of the corpus.
const MESSAGES: usize = 1000;

/// What the fixed time of a scan is called on both sides.
const DATE: &[u8] = b"@DATE@";

/// Messages that have to differ: SpamAssassin glues a header to one that the message breaks off
/// in (`doc/DIFFERENCES.md`).
const KNOWN: &[(&str, &str)] =
    &[("/head-only.eml", "marked-0"), ("/head-only-folded.eml", "marked-0")];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).expect("the repository");
    let record = Path::new("t/data/markup/rewritten.jsonl");
    let own = listing(Path::new("t/data/markup"), "eml");
    if has("--record") {
        let lines: Vec<String> = variants().iter().map(|name| ask(name, &own)).collect();
        std::fs::write(record, lines.concat()).expect("a record that can be written");
    }
    let mut tally = Tally::default();
    let recorded = std::fs::read_to_string(record).expect("recorded answers");
    tally.compare("t/data/markup", &recorded);
    if has("--full") {
        full(&mut tally);
    }
    println!("{} passed, {} failed", tally.same, tally.different);
    if tally.different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn full(tally: &mut Tally) {
    let shared = std::env::var_os("MAILPRINT_SHARED").map_or("../shared".into(), PathBuf::from);
    let corpus = shared.join("corpus");
    for needed in [corpus.as_path(), Path::new("/usr/share/perl5/Mail/SpamAssassin.pm")] {
        if !needed.exists() {
            println!("corpus: skipped, there is no {}", needed.display());
            return;
        }
    }
    let all = [listing(&corpus.join("ham"), "eml"), listing(&corpus.join("spam"), "eml")].concat();
    let sample: Vec<PathBuf> =
        all.iter().step_by((all.len() / MESSAGES).max(1)).take(MESSAGES).cloned().collect();
    for variant in OF_CORPUS {
        tally.compare(variant, &ask(variant, &sample));
    }
}

/// The files in `folder` with this extension, sorted.
fn listing(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder that can be read");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

fn variants() -> Vec<String> {
    let files = listing(Path::new("t/data/markup/variants"), "cf");
    files.iter().filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned())).collect()
}

/// What SpamAssassin makes of `files`: a line of JSON for each.
fn ask(variant: &str, files: &[PathBuf]) -> String {
    let mut perl = Command::new("perl")
        .args(["t/perl/rewrite.pl", "t/data/markup", variant])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Perl with SpamAssassin");
    let names: String = files.iter().map(|file| format!("{}\n", file.display())).collect();
    let mut input = perl.stdin.take().expect("an input");
    let writer = std::thread::spawn(move || input.write_all(names.as_bytes()));
    let output = perl.wait_with_output().expect("an answer");
    writer.join().expect("no panic").expect("a Perl that reads");
    assert!(output.status.success(), "t/perl/rewrite.pl failed");
    String::from_utf8(output.stdout).expect("JSON in ASCII")
}

/// An answer of SpamAssassin's.
#[derive(Deserialize)]
struct Answer {
    file: String,
    variant: String,
    /// The rewritten message; each character is a byte.
    mail: String,
    /// The same with SpamAssassin's own removal of its markup.
    plain: String,
}

fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(character as u32).expect("a byte")).collect()
}

fn engine(variant: &str) -> Engine {
    let folder = Path::new("t/data/markup");
    let read = |path: PathBuf| std::fs::read(path).expect("a rule file");
    let sources = Sources {
        distribution: vec![folder.into()],
        site: Vec::new(),
        cf_lines: [
            b"use_bayes 0\n".to_vec(),
            read(folder.join("variants").join(format!("{variant}.cf"))),
        ]
        .concat(),
        local_tests_only: true,
        language: b"de_DE".to_vec(),
        ..Sources::default()
    };
    let limits = Limits::default();
    let rules = rules::load(&sources, &limits);
    for complaint in &rules.complaints {
        println!("{variant}: {}", rules.describe(complaint));
    }
    Engine::new(Arc::new(rules), Curve::default(), &limits)
}

#[derive(Default)]
struct Tally {
    same: usize,
    different: usize,
}

impl Tally {
    fn compare(&mut self, what: &str, answers: &str) {
        let mut counts = [0; 4];
        let mut known: Option<(String, Engine)> = None;
        for line in answers.lines() {
            let answer: Answer = serde_json::from_str(line).expect("an answer");
            if known.as_ref().is_none_or(|(variant, _)| *variant != answer.variant) {
                known = Some((answer.variant.clone(), engine(&answer.variant)));
            }
            let Some((_, engine)) = &known else { continue };
            let outcomes = compare(engine, &answer);
            for (count, outcome) in counts.iter_mut().zip(outcomes) {
                *count += usize::from(outcome);
            }
            let fine = outcomes == [true; 4];
            self.same += usize::from(fine);
            self.different += usize::from(!fine);
        }
        let [mail, removed, theirs, plain] = counts;
        println!(
            "{what}: {} messages; {mail} rewritten as SpamAssassin does; of {removed} the original \
             comes back, of {theirs} from SpamAssassin's own; SpamAssassin gives back {plain} \
             of them",
            answers.lines().count()
        );
    }
}

fn compare(engine: &Engine, answer: &Answer) -> [bool; 4] {
    let original = std::fs::read(&answer.file).expect("a message");
    let time = 1_767_225_600;
    let options = Options {
        rewrite: true,
        surroundings: Surroundings {
            hostname: "mx.example.org".into(),
            time: Some(time),
            ..Surroundings::default()
        },
        ..Options::default()
    };
    let verdict = engine.scan(&mut engine.worker(), original.clone(), &options);
    let rewritten = verdict.rewritten.expect("a rewritten message");
    let ours = [rewritten.head, rewritten.body].concat();
    let theirs = bytes(&answer.mail);
    let date = clock::mail_date(time);
    let shown = masked(&replaced(&ours, date.as_bytes(), DATE));
    // SpamAssassin puts a comment between CR and LF.
    let expected = masked(&replaced(&theirs, b"\r\t(", b"\t("));
    let is_known = KNOWN
        .iter()
        .any(|(file, variant)| answer.file.ends_with(file) && answer.variant == *variant);
    let same = (shown == expected) != is_known;
    if !same {
        difference(answer, &shown, &expected);
    }
    let limits = Limits::default();
    let back = |mail: Vec<u8>, whose: &str| {
        let plain = remove(mail, &limits);
        let same = plain == original
            || !can_come_back(&original, answer, verdict.score >= verdict.required);
        if !same {
            println!("  {} {}: {whose} markup removed", answer.file, answer.variant);
            show(&plain, &original);
        }
        same
    };
    [same, back(ours, "our"), back(theirs, "SpamAssassin's"), bytes(&answer.plain) == original]
}

/// Is everything of the original still there? Marks of an earlier filter are dropped; bare line
/// feeds among CRLFs are mended; of ham whose subject a rule has changed, of addresses beside a
/// subject that there was not, and of how a message without a body ended no original is kept.
fn can_come_back(original: &[u8], answer: &Answer, is_spam: bool) -> bool {
    let head = headers(original);
    let lower = [b"\n", &*head.to_ascii_lowercase()].concat();
    let has = |sought: &[u8]| memchr::memmem::find(&lower, sought).is_some();
    let is_mended = has(b"\r\n") && head.split(|&b| b == b'\n').any(|line| !line.ends_with(b"\r"));
    let is_wrapped = is_spam && !answer.variant.ends_with('0') && answer.variant != "tags";
    let keeps = is_spam && has(b"\nsubject:") && head.len() < original.len();
    !is_mended
        && (is_wrapped || (!has(b"\nx-spam-") && (keeps || !answer.variant.starts_with("marked"))))
}

/// Everything before the first empty line.
fn headers(mail: &[u8]) -> &[u8] {
    let ends = [&b"\n\n"[..], b"\n\r\n"].map(|end| memchr::memmem::find(mail, end));
    let end = ends.into_iter().flatten().min();
    mail.get(..end.unwrap_or(mail.len())).unwrap_or_default()
}

/// `text` with its boundary called by a fixed name.
fn masked(text: &[u8]) -> Vec<u8> {
    let mark = b"boundary=\"----------=_";
    let start = memchr::memmem::find(text, mark).map(|at| at + b"boundary=\"".len());
    let boundary = start.and_then(|start| text.get(start..)?.split(|&byte| byte == b'"').next());
    match boundary {
        Some(boundary) => replaced(text, boundary, b"@BOUNDARY@"),
        None => text.to_vec(),
    }
}

fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = 0;
    for at in memchr::memmem::find_iter(text, from) {
        out.extend_from_slice(&text[rest..at]);
        out.extend_from_slice(to);
        rest = at + from.len();
    }
    out.extend_from_slice(&text[rest..]);
    out
}

fn difference(answer: &Answer, ours: &[u8], theirs: &[u8]) {
    println!("  {} {}: rewritten", answer.file, answer.variant);
    show(ours, theirs);
}

/// Prints the first lines that differ.
fn show(ours: &[u8], theirs: &[u8]) {
    let lines = |text: &[u8]| -> Vec<String> {
        text.split_inclusive(|&byte| byte == b'\n').map(|l| l.escape_ascii().to_string()).collect()
    };
    let (ours, theirs) = (lines(ours), lines(theirs));
    let from = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
    for (whose, lines) in [("mailprint   ", &ours), ("SpamAssassin", &theirs)] {
        for line in lines.iter().skip(from).take(3) {
            println!("    {whose} {line}");
        }
    }
}
