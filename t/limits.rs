//! Every row of `src/limits.rs` has a test that is named after it: `limit_<name>`.
//!
//! The names are looked for in the sources, so that a row cannot be added without a test, and
//! so that `doc/THREATS.md` can point at it. What the tests show is their own affair: the
//! result under the limit, at it and over it.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "a source that cannot be read is a failure")]

use mailprint::limits::TABLE;
use std::collections::HashSet;
use std::path::Path;

/// The names of all functions below `folder` that are marked as tests.
fn tests_below(folder: &Path, names: &mut HashSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_below(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            // Other attributes may stand between; a body cannot.
            let marked = text.split("test]\n").skip(1).filter_map(|after| after.split_once("fn "));
            names.extend(marked.filter_map(|(_, name)| {
                Some(name.split_once('(')?.0.trim().to_owned())
            }));
        }
    }
}

fn tests() -> HashSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = HashSet::new();
    tests_below(&root.join("src"), &mut names);
    tests_below(&root.join("t"), &mut names);
    names
}

#[test]
fn every_limit_has_a_test_of_its_name() {
    let names = tests();
    // `limit_one_and_two` tests both; so does `limit_one_holds_at_its_height` one.
    let is_tested = |limit: &str| {
        let whole = format!("limit_{limit}");
        names.iter().filter(|name| name.starts_with("limit_")).any(|name| {
            let later = format!("_and_{limit}");
            name.strip_prefix(&whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
                || name.contains(&format!("{later}_"))
                || name.ends_with(&later)
        })
    };
    let untested: Vec<_> =
        TABLE.iter().map(|row| row.name).filter(|limit| !is_tested(limit)).collect();
    assert!(untested.is_empty(), "no test `limit_<name>` for {untested:?}");
}

#[test]
fn the_tests_that_the_list_of_threats_names_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let threats = std::fs::read_to_string(root.join("doc/THREATS.md")).unwrap();
    let names = tests();
    let rows = threats.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    let mut wrong = Vec::new();
    for row in rows {
        let last = row.trim_end_matches([' ', '|']).rsplit('|').next().unwrap_or_default();
        let named = last.split('`').skip(1).step_by(2);
        wrong.extend(named.filter(|name| !names.contains(*name) && !root.join(name).exists()));
    }
    assert!(wrong.is_empty(), "doc/THREATS.md names what is no test: {wrong:?}");
}

#[test]
fn the_list_of_threats_speaks_of_every_limit() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("doc/THREATS.md");
    let threats = std::fs::read_to_string(path).unwrap();
    let silent: Vec<_> = TABLE
        .iter()
        .map(|row| row.name)
        .filter(|name| !threats.contains(&format!("`{name}`")))
        .collect();
    assert!(silent.is_empty(), "doc/THREATS.md says nothing of {silent:?}");
}
