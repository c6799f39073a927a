//! `mailprint mass-check`: many messages at once, one line each.

use super::network::Outside;
use super::{Failure, Outcome, explain, flag, network, options, out, ruleset};
use crate::clock::Tick;
use crate::config::Config;
use crate::engine::Verdict;
use crate::engine::{Engine, Options};
use crate::error::Code;
use crate::text::number::show;
use clap::{Arg, ArgMatches, Command};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Its description.
pub fn command() -> Command {
    let command = Command::new("mass-check").about("Scan many messages").long_about(
        "Scans files, and all files below directories, on all processors, and writes one line \
         for each in SpamAssassin's mass-check format: Y or a dot, the score, the file, the \
         rules that hit, and key=value pairs. Lines stand in the order of the files.",
    );
    options::rules(command)
        .arg(options::preferences())
        .arg(flag(
            "fill-each",
            "Fill %{TAG} in patterns with each message's own values, as the server does, and \
             not with the first message's for all, as SpamAssassin does",
        ))
        .arg(flag("json", "One JSON object a line: file, score, required, spam, tests, subtests"))
        .arg(
            Arg::new("FILE")
                .required(true)
                .num_args(1..)
                .help("Files of one message each, or directories of such files"),
        )
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Outcome {
    let config = options::config(matches)?;
    let files =
        files(&options::all(matches, "FILE")).map_err(|why| Failure::new(Code::NoInput, why))?;
    let engine = ruleset::engine(&config).map_err(|why| Failure::new(Code::Config, why))?;
    let outside = network::outside(&engine, &config)?;
    let scanner = scanner(&engine, &files, &config, matches.get_flag("fill-each"), &outside);
    let threads = threads(outside.network.is_some());
    let line = if matches.get_flag("json") { json_line } else { log_line };
    let progress = progress(files.len());
    let mut out = out::Out::lock();
    let failed = check(&files, &config, threads, &scanner, &mut |checked| {
        progress.inc(1);
        match checked {
            Ok(checked) => out.text(line(&checked).as_bytes()),
            Err(why) => {
                progress.suspend(|| eprintln!("mass-check: {why}"));
                Ok(())
            }
        }
    })?;
    progress.finish_and_clear();
    out.end()?;
    Ok(if failed == 0 { Code::Ok } else { Code::DataErr }.number())
}

/// Scans a message until a deadline.
type Scanner<'e> = Box<dyn FnMut(Vec<u8>, Tick) -> Verdict + 'e>;

/// Makes a scanner for each thread.
fn scanner<'e>(
    engine: &'e Engine,
    files: &[PathBuf],
    config: &Config,
    fill_each: bool,
    outside: &'e Outside,
) -> impl Fn() -> Scanner<'e> + Sync {
    let most = config.limits.message_bytes;
    let mails = files.iter().filter_map(|file| explain::read(&file.to_string_lossy(), most).ok());
    let frozen = if fill_each { None } else { engine.freeze(mails) };
    move || {
        let (mut worker, frozen) = (engine.worker(), frozen.clone());
        Box::new(move |mail, deadline| {
            let options = Options {
                subtests: true,
                deadline: Some(deadline),
                frozen: frozen.clone(),
                network: outside.network.clone(),
                known: outside.known.clone(),
                ..Options::default()
            };
            engine.scan(&mut worker, mail, &options)
        })
    }
}

/// How many messages are scanned at once: most of the time, who asks the network waits.
fn threads(asks: bool) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, |count| count.get());
    if asks { processors * 8 } else { processors }
}

/// A bar on standard error, if that is a terminal.
fn progress(files: usize) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:40} {pos}/{len} messages, {per_sec}, {eta} left");
    let bar = ProgressBar::new(files as u64);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// All files named, and below each directory named, in the order of their names.
fn files(named: &[String]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for path in named {
        let mut waiting = vec![PathBuf::from(path)];
        while let Some(path) = waiting.pop() {
            let wrong = |error| format!("{}: {error}", path.display());
            if !std::fs::metadata(&path).map_err(wrong)?.is_dir() {
                files.push(path);
                continue;
            }
            let entries = std::fs::read_dir(&path).map_err(wrong)?;
            let mut inside: Vec<PathBuf> = Vec::new();
            for entry in entries {
                let entry = entry.map_err(wrong)?;
                // A link to a directory could lead in a circle.
                if !entry.file_type().map_err(wrong)?.is_symlink() || entry.path().is_file() {
                    inside.push(entry.path());
                }
            }
            inside.sort();
            waiting.extend(inside.into_iter().rev());
        }
    }
    Ok(files)
}

/// One message's outcome.
struct Checked {
    file: String,
    size: usize,
    took: Duration,
    verdict: Verdict,
}

/// Scans `files` on all processors and hands each outcome to `each`, in the order of the
/// files; gives how many failed.
fn check<'e>(
    files: &[PathBuf],
    config: &Config,
    workers: usize,
    scanner: &(impl Fn() -> Scanner<'e> + Sync),
    each: &mut dyn FnMut(Result<Checked, String>) -> std::io::Result<()>,
) -> std::io::Result<usize> {
    let next = AtomicUsize::new(0);
    let (done, outcomes) = crossbeam_channel::bounded(workers * 4);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (done, next) = (done.clone(), &next);
            scope.spawn(move || {
                let mut used = None;
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = files.get(number) else { return };
                    let checked = check_one(file, config, scanner, &mut used);
                    if done.send((number, checked)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        in_order(outcomes.into_iter(), each)
    })
}

/// Hands outcomes on in the order of their numbers.
fn in_order(
    outcomes: impl Iterator<Item = (usize, Result<Checked, String>)>,
    each: &mut dyn FnMut(Result<Checked, String>) -> std::io::Result<()>,
) -> std::io::Result<usize> {
    let (mut early, mut next, mut failed) = (BTreeMap::new(), 0, 0);
    for (number, checked) in outcomes {
        early.insert(number, checked);
        while let Some(checked) = early.remove(&next) {
            failed += usize::from(checked.is_err());
            each(checked)?;
            next += 1;
        }
    }
    Ok(failed)
}

/// Scans one file. A panic costs this file and the scanner.
fn check_one<'e>(
    file: &Path,
    config: &Config,
    scanner: &impl Fn() -> Scanner<'e>,
    used: &mut Option<Scanner<'e>>,
) -> Result<Checked, String> {
    let name = file.to_string_lossy().into_owned();
    let bytes = explain::read(&name, config.limits.message_bytes)?;
    let (size, since) = (bytes.len(), Tick::now());
    let deadline = since.plus(Duration::from_millis(config.limits.scan_milliseconds as u64));
    let verdict = catch_unwind(AssertUnwindSafe(|| {
        let mut scan = used.take().unwrap_or_else(scanner);
        let verdict = scan(bytes, deadline);
        *used = Some(scan);
        verdict
    }));
    let verdict = verdict.map_err(|_| format!("{name}: the scan failed, see above"))?;
    Ok(Checked { file: name, size, took: since.elapsed(), verdict })
}

/// `Y 22 file A,B,__C scantime=0,size=7,required_score=5.0`
fn log_line(checked: &Checked) -> String {
    let Checked { file, size, took, verdict } = checked;
    let mut names = verdict.test_names();
    for (name, count) in &verdict.subtests {
        names.extend(std::iter::repeat_n(&**name, *count as usize));
    }
    names.sort_unstable();
    let file: String =
        file.chars().map(|c| if c.is_whitespace() || c.is_control() { '_' } else { c }).collect();
    format!(
        "{} {:2} {file} {} scantime={:.3},size={size},format=f,required_score={:.1}\n",
        if verdict.is_spam() { 'Y' } else { '.' },
        verdict.score.trunc() as i64,
        names.join(","),
        took.as_secs_f64(),
        verdict.required,
    )
}

fn json_line(checked: &Checked) -> String {
    let verdict = &checked.verdict;
    let subtests: BTreeMap<&str, u32> =
        verdict.subtests.iter().map(|(name, count)| (&**name, *count)).collect();
    let object = json!({
        "file": checked.file,
        "score": number(verdict.score),
        "required": number(verdict.required),
        "spam": verdict.is_spam(),
        "tests": verdict.test_names(),
        "subtests": subtests,
    });
    format!("{object}\n")
}

/// A number as Perl prints it: without the last bits, and whole numbers without a point.
fn number(number: f64) -> serde_json::Value {
    serde_json::from_str(&show(number)).unwrap_or(serde_json::Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Hit;

    fn verdict(score: f64) -> Verdict {
        let hit =
            |name: &str, count| Hit { name: name.into(), score: 1.0, count, ..Hit::default() };
        Verdict {
            hits: vec![hit("T_B", 1), hit("A", 2)],
            score,
            required: 5.0,
            subtests: vec![("__S".into(), 3)],
            ..Verdict::default()
        }
    }

    #[test]
    fn lines_have_their_formats() {
        let checked = |score| Checked {
            file: "a b".into(),
            size: 7,
            took: Duration::from_millis(12),
            verdict: verdict(score),
        };
        assert_eq!(
            log_line(&checked(22.9)),
            "Y 22 a_b A,A,T_B,__S,__S,__S scantime=0.012,size=7,format=f,required_score=5.0\n"
        );
        assert_eq!(
            json_line(&checked(0.1 + 0.2)),
            "{\"file\":\"a b\",\"required\":5,\"score\":0.3,\"spam\":false,\
             \"subtests\":{\"__S\":3},\"tests\":[\"A\",\"A\",\"T_B\"]}\n"
        );
    }

    #[test]
    fn every_file_is_checked_in_order_and_a_panic_costs_one() {
        let dir = std::env::temp_dir().join(format!("mailprint-mass-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("sub")).unwrap();
        for (name, text) in [("b", "x"), ("a", "panic"), ("sub/c", "yy"), ("z", "")] {
            std::fs::write(dir.join(name), text).unwrap();
        }
        let scanner = || -> Scanner<'static> {
            Box::new(|mail, _| match mail.as_slice() {
                b"panic" => panic!("as asked"),
                bytes => verdict(bytes.len() as f64),
            })
        };
        let files = files(&[dir.to_string_lossy().into_owned()]).unwrap();
        let mut seen = Vec::new();
        let failed = check(&files, &Config::default(), 2, &scanner, &mut |checked| {
            seen.push(checked.map(|checked| checked.verdict.score).ok());
            Ok(())
        });
        assert_eq!(failed.unwrap(), 1);
        assert_eq!(seen, [None, Some(1.0), Some(2.0), Some(0.0)]);
        std::fs::remove_dir_all(dir).unwrap();
    }
}
