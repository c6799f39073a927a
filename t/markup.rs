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
use mailprint::message::Message;
use mailprint::rules::{self, Sources};
use mailprint::text::ascii::trim_end;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;

/// What the corpus is compared in; our own messages are in all variants.
const OF_CORPUS: &[&str] = &["safe-0", "safe-1", "safe-2", "marked-0", "marked-1", "tags"];

/// How many messages of the corpus.
const MESSAGES: usize = 1000;

/// The fixed time of a scan: what `t/perl/rewrite.pl` calls it, and in seconds since 1970.
const DATE: &[u8] = b"Thu, 01 Jan 2026 00:00:00 +0000";
const TIME: i64 = 1_767_225_600;

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
    let shared = std::env::var_os("SHARED_DATA").map_or("../shared".into(), PathBuf::from);
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
    for complaint in rules.complaints.iter().filter(|complaint| complaint.place.is_some()) {
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
        let mut losses: BTreeMap<&str, usize> = BTreeMap::new();
        let mut known: Option<(String, Engine)> = None;
        for line in answers.lines() {
            let answer: Answer = serde_json::from_str(line).expect("an answer");
            if known.as_ref().is_none_or(|(variant, _)| *variant != answer.variant) {
                known = Some((answer.variant.clone(), engine(&answer.variant)));
            }
            let Some((_, engine)) = &known else { continue };
            let (outcomes, lost, fine) = compare(engine, &answer);
            lost.into_iter().for_each(|why| *losses.entry(why).or_insert(0) += 1);
            for (count, outcome) in counts.iter_mut().zip(outcomes) {
                *count += usize::from(outcome);
            }
            self.same += usize::from(fine);
            self.different += usize::from(!fine);
        }
        let [mail, removed, theirs, plain] = counts;
        println!(
            "{what}: {} messages; {mail} rewritten as SpamAssassin does; of {removed} the original \
             comes back, of {theirs} from SpamAssassin's own; SpamAssassin gives back {plain}",
            answers.lines().count()
        );
        for (why, count) in losses {
            println!("  {count} cannot come back: {why}");
        }
    }
}

/// Is it rewritten alike, does the original come back from ours, from SpamAssassin's, and by
/// SpamAssassin's own removal? Why not from ours? And is all well: alike, and nothing missing that
/// was kept?
fn compare(engine: &Engine, answer: &Answer) -> ([bool; 4], Option<&'static str>, bool) {
    let original = std::fs::read(&answer.file).expect("a message");
    let options = Options {
        rewrite: true,
        surroundings: Surroundings {
            hostname: "mx.example.org".into(),
            time: Some(TIME),
            ..Surroundings::default()
        },
        ..Options::default()
    };
    let verdict = engine.scan(&mut engine.worker(), original.clone(), &options);
    let rewritten = verdict.rewritten.expect("a rewritten message");
    let ours = [rewritten.head, rewritten.body].concat();
    let theirs = bytes(&answer.mail);
    let date = clock::mail_date(TIME);
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
    let lost = lost(&original, answer, verdict.score >= verdict.required);
    let is_kept = lost.is_none();
    let back = |mail: Vec<u8>, whose: &str| {
        let plain = remove(mail, &limits);
        if plain != original && is_kept {
            println!("  {} {}: {whose} markup removed", answer.file, answer.variant);
            show(&plain, &original);
        }
        plain == original
    };
    let [ours, theirs] = [back(ours, "our"), back(theirs, "SpamAssassin's")];
    let by_them = bytes(&answer.plain) == original;
    let fine = same && ((ours && theirs) || !is_kept);
    ([same, ours, theirs, by_them], lost.filter(|_| !ours), fine)
}

/// What keeps the original from coming back: something of it is nowhere in the rewritten mail,
/// for that is how SpamAssassin writes it.
fn lost(original: &[u8], answer: &Answer, is_spam: bool) -> Option<&'static str> {
    let message = Message::parse(original.to_vec(), &Limits::default());
    let head = trim_end(message.pristine_headers());
    let lower = [b"\n", &*head.to_ascii_lowercase()].concat();
    let has = |sought: &[u8]| memchr::memmem::find(&lower, sought).is_some();
    let is_mended = memchr::memmem::find(original, message.pristine_headers()).is_none();
    let is_wrapped = is_spam && ["1", "2", "bare"].iter().any(|end| answer.variant.ends_with(end));
    let is_marked = answer.variant.starts_with("marked");
    match () {
        () if is_mended => Some("bare line feeds among CRLFs are mended"),
        () if is_wrapped => None,
        () if has(b"\nx-spam-") => Some("marks of an earlier filter are dropped"),
        () if !is_marked => None,
        () if !is_spam => Some("of ham whose subject a rule changes the old one is not kept"),
        () if !has(b"\nsubject:") => Some("of addresses beside a subject that there was not"),
        () if original.len() == head.len() => Some("how a message without a body ended"),
        () => None,
    }
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
