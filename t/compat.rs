//! Razor2's and Pyzor's signatures, beside those that Debian's `razor` and `pyzor` make.
//!
//! `t/data/fingerprints/mails` holds messages of our own and `compat.txt` beside it what the
//! packages made of them. Where the packages are installed, they are asked again, and about the
//! messages in the folders of `MAILPRINT_MAILS` (parted by colons), too: there nine of ten must
//! agree, and what does not is named.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that tells what it found")]

use mailprint::fingerprint::compat::{pyzor, razor};
use mailprint::limits::Limits;
use mailprint::message::Message;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/t/data/fingerprints");

fn ours(path: &Path) -> (String, String) {
    let mail = std::fs::read(path).unwrap();
    let limits = Limits::default();
    let mut told: Vec<String> = Vec::new();
    for signature in razor::signatures(&mail, &limits) {
        told.push(format!("e4:{}", signature.e4));
        told.extend(signature.e8.iter().map(|e8| format!("e8:{e8}")));
    }
    let digest = pyzor::digest(&Message::parse(mail, &limits));
    (told.join(" "), digest.unwrap_or_else(|| "fails".to_owned()))
}

fn mails(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

#[test]
fn recorded_signatures_are_made_again() {
    let recorded = std::fs::read_to_string(Path::new(ROOT).join("compat.txt")).unwrap();
    let mut count = 0;
    for line in recorded.lines().filter(|line| !line.starts_with('#')) {
        let [name, razor, pyzor] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let told = ours(&Path::new(ROOT).join("mails").join(name));
        assert_eq!(told, (razor.to_owned(), pyzor.to_owned()), "{name}");
        count += 1;
    }
    assert_eq!(count, mails(&Path::new(ROOT).join("mails")).len());
}

/// What a package's program says of each path; none if it is not installed.
fn theirs(program: &str, script: &str, paths: &[PathBuf]) -> Option<BTreeMap<PathBuf, String>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("t/compat").join(script);
    let mut told = BTreeMap::new();
    for some in paths.chunks(500) {
        let output = Command::new(program).arg(&script).args(some).output().ok()?;
        if !output.status.success() {
            println!("{program}: {}", String::from_utf8_lossy(&output.stderr).lines().next()?);
            return None;
        }
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let (path, rest) = line.split_once('\t')?;
            told.insert(PathBuf::from(path), rest.to_owned());
        }
    }
    Some(told)
}

fn compare(name: &str, told: Option<BTreeMap<PathBuf, String>>, of: fn(&Path) -> String) {
    let Some(told) = told else {
        println!("{name} is not installed: skipped (apt-get install {name})");
        return;
    };
    let differ: Vec<_> = told.iter().filter(|(path, theirs)| of(path) != **theirs).collect();
    println!("{name}: {} of {} messages agree", told.len() - differ.len(), told.len());
    for (path, theirs) in differ.iter().take(40) {
        println!("  {}\n    {theirs}\n    {}", path.display(), of(path));
    }
    let own = |path: &Path| path.starts_with(ROOT);
    assert!(!differ.iter().any(|(path, _)| own(path)), "{name} differs on a message of ours");
    assert!(differ.len() * 10 <= told.len(), "{name} differs on {}", differ.len());
}

#[test]
fn signatures_are_those_of_the_packages() {
    let mut paths = mails(&Path::new(ROOT).join("mails"));
    let more = std::env::var("MAILPRINT_MAILS").unwrap_or_default();
    let step = std::env::var("MAILPRINT_EACH").ok().and_then(|each| each.parse().ok()).unwrap_or(1);
    for folder in more.split(':').filter(|folder| !folder.is_empty()) {
        paths.extend(mails(Path::new(folder)).into_iter().step_by(step));
    }
    compare("razor", theirs("/usr/bin/perl", "signatures.pl", &paths), |path| ours(path).0);
    compare("pyzor", theirs("/usr/bin/python3", "digests.py", &paths), |path| ours(path).1);
}
