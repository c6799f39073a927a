//! The themes of `t/data`: rule files, messages, and what SpamAssassin answered to them.

#![allow(clippy::panic, clippy::expect_used, reason = "a case that cannot be read is a failure")]

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the themes.
pub fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("t/data")
}

/// A folder of rule files, messages and recorded answers.
pub struct Theme {
    /// Its name: that of the folder.
    pub name: String,
    /// Where it lies.
    pub folder: PathBuf,
    /// What was recorded, by message.
    pub answers: Vec<Answer>,
}

/// Every theme of `data`, by name. Panics on a folder whose record cannot be read:
/// a case that is not run must not pass.
pub fn themes(data: &Path) -> Vec<Theme> {
    let mut themes: Vec<Theme> = fs::read_dir(data)
        .unwrap_or_else(|error| panic!("{}: {error}", data.display()))
        .filter_map(|entry| {
            let folder = entry.expect("a readable folder").path();
            let name = folder.file_name()?.to_string_lossy().into_owned();
            let record = fs::read_to_string(folder.join("expect.jsonl")).ok()?;
            let answers = answers(&record).unwrap_or_else(|error| panic!("{name}: {error}"));
            Some(Theme { name, folder, answers })
        })
        .collect();
    themes.sort_by(|a, b| a.name.cmp(&b.name));
    themes
}

/// The answers of an `expect.jsonl`; an error names its line.
pub fn answers(record: &str) -> Result<Vec<Answer>, String> {
    record
        .lines()
        .enumerate()
        .map(|(at, line)| {
            serde_json::from_str(line).map_err(|error| format!("line {}: {error}", at + 1))
        })
        .collect()
}

/// What a scan said of a message, or what it should have said.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct Answer {
    /// The message, relative to the theme's folder.
    pub file: String,
    /// The sum of the scores of all hits.
    pub score: f64,
    /// Rules that count in the score, once per hit.
    pub tests: Vec<String>,
    /// Rules named `__*`, with their number of hits.
    pub subtests: BTreeMap<String, usize>,
}
