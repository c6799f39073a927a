//! Mutants: made once by `mutate.py` into `target/mutants`, and by our own operators.

use super::corpus::Mail;
use super::operators::{self, Operator};
use super::{Plan, in_parallel};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Operators of `mutate.py`, in its order; the stacked ones last.
const FOREIGN: [&str; 35] = [
    "identity",
    "personalise",
    "buster30_end",
    "buster30_start",
    "buster100%",
    "buster_1in12",
    "invisible_html",
    "zero_width20%",
    "homoglyph20%",
    "entities30%",
    "cte_recode",
    "charset",
    "mime_wrap",
    "style_noise",
    "word_split_tags",
    "url_path",
    "url_subdomain",
    "domain_rotate",
    "subject",
    "subst5%",
    "subst15%",
    "misspell10%",
    "para_reorder",
    "rewrap",
    "whitespace",
    "case25%",
    "punct12%",
    "fwd_attached",
    "list_footer",
    "quoted",
    "html<->text",
    "truncate30%",
    "LIGHT",
    "MEDIUM",
    "HEAVY",
];

/// Mutants of a sample.
pub struct Mutants {
    /// The operators asked for.
    pub operators: Vec<String>,
    /// Mutants that are learned, with the stem of what they were made of.
    pub learned: Vec<(String, Vec<u8>)>,
    folder: PathBuf,
    own: Vec<Operator>,
}

impl Mutants {
    /// Makes what is not there yet: two mutants of each of `sample` by each operator, and ten
    /// of each of `tenth`.
    pub fn of(plan: &Plan, sample: &[&Mail], tenth: &[&Mail]) -> Mutants {
        let folder = target().join("mutants");
        let wanted = |name: &str| plan.only.is_empty() || plan.only.iter().any(|only| only == name);
        let own: Vec<Operator> =
            operators::all().into_iter().filter(|(name, _)| wanted(name)).collect();
        let mut names: Vec<String> = Vec::new();
        if plan.mutate.exists() {
            names.extend(FOREIGN.into_iter().filter(|name| wanted(name)).map(str::to_owned));
            for name in &names {
                make(plan, &folder.join("two"), name, 2, sample);
            }
            for name in ["MEDIUM", "HEAVY"] {
                make(plan, &folder.join("five"), name, 5, tenth);
            }
        } else {
            println!("{}: not there, only our own operators", plan.mutate.display());
        }
        let learned = tenth.iter().flat_map(|mail| {
            let five = folder.join("five");
            ["MEDIUM", "HEAVY"].into_iter().flat_map(move |name| {
                let five = five.clone();
                (0..5).filter_map(move |seed| {
                    Some((mail.stem.clone(), std::fs::read(path(&five, name, mail, seed)).ok()?))
                })
            })
        });
        let learned = learned.collect();
        names.extend(own.iter().map(|(name, _)| (*name).to_owned()));
        Mutants { operators: names, learned, folder: folder.join("two"), own }
    }

    /// Two mutants of `mail`; none if `operator` leaves it as it is.
    pub fn of_mail(&self, operator: &str, mail: &Mail) -> Option<[Vec<u8>; 2]> {
        if let Some((_, mutate)) = self.own.iter().find(|(name, _)| *name == operator) {
            return Some([mutate(&mail.bytes, 1)?, mutate(&mail.bytes, 2)?]);
        }
        let read = |seed| std::fs::read(path(&self.folder, operator, mail, seed)).ok();
        let first = read(0)?;
        let second = if operator == "identity" { first.clone() } else { read(1)? };
        Some([first, second])
    }
}

/// The copies of campaigns, made of `spam`: half MEDIUM, half HEAVY, by turns; without
/// `mutate.py`, each by another one of our own operators.
pub fn campaigns(plan: &Plan, spam: &[&Mail], copies: usize) -> Vec<Vec<Vec<u8>>> {
    let folder = target().join("mutants/campaigns");
    let own = operators::all();
    let stacked = ["MEDIUM", "HEAVY"];
    if plan.mutate.exists() {
        for name in stacked {
            make(plan, &folder, name, copies.div_ceil(2), spam);
        }
    }
    in_parallel(spam, |mail| {
        let copy = |at: usize| match plan.mutate.exists() {
            true => std::fs::read(path(&folder, stacked[at % 2], mail, at / 2)).ok(),
            false => own.get(at % own.len()).and_then(|(_, mutate)| mutate(&mail.bytes, at as u64)),
        };
        (0..copies).filter_map(copy).collect()
    })
}

/// Cargo's folder for what is made.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"), PathBuf::from)
}

/// `mutate.py` names its folders so: runs of what is no letter, digit or `_` are one `_`.
fn folder_name(operator: &str) -> String {
    let mut name = String::new();
    for c in operator.chars() {
        match c.is_alphanumeric() || c == '_' {
            true => name.push(c),
            false if !name.ends_with('_') => name.push('_'),
            false => {}
        }
    }
    name
}

fn path(folder: &Path, operator: &str, mail: &Mail, seed: usize) -> PathBuf {
    folder.join(folder_name(operator)).join(format!("{}.{seed}.eml", mail.stem))
}

/// Has `mutate.py` make mutants of those `mails` that it has not been asked for yet.
fn make(plan: &Plan, folder: &Path, operator: &str, seeds: usize, mails: &[&Mail]) {
    let asked = folder.join(format!("{}.asked", folder_name(operator)));
    let before = std::fs::read_to_string(&asked).unwrap_or_default();
    let before: std::collections::HashSet<&str> = before.lines().collect();
    let missing: Vec<&Mail> =
        mails.iter().copied().filter(|mail| !before.contains(mail.stem.as_str())).collect();
    if missing.is_empty() {
        return;
    }
    println!("{operator}: mutants of {} messages", missing.len());
    let chunks: Vec<&[&Mail]> = missing.chunks(missing.len().div_ceil(2)).collect();
    in_parallel(&chunks, |mails| {
        let status = Command::new("python3")
            .arg(&plan.mutate)
            .args(["--seeds", &seeds.to_string(), "--op", operator])
            .arg("--ham")
            .arg(plan.corpus.join("ham"))
            .arg("--out")
            .arg(folder)
            .args(mails.iter().map(|mail| &mail.path))
            .status();
        assert!(status.is_ok_and(|status| status.success()), "mutate.py failed");
    });
    let names: Vec<&str> =
        before.into_iter().chain(missing.iter().map(|m| m.stem.as_str())).collect();
    std::fs::write(asked, names.join("\n")).unwrap();
}
