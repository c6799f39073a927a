//! A directory with rules, mail and a home, in which a program runs and leaves its traces.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

pub struct Place {
    pub folder: PathBuf,
    /// The files that were there before a program ran.
    pub given: BTreeSet<String>,
}

impl Place {
    pub fn new() -> Place {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("mailprint-tools-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let place = Place { folder, given: BTreeSet::new() };
        place.write("site/a.pre", "loadplugin Mail::SpamAssassin::Plugin::Check\n");
        place.write("rules/a.cf", RULES);
        place.write("mailprint.yaml", "");
        place
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs `program` here with a home of its own.
    pub fn run(&self, program: &Path, words: &[&str], stdin: &[u8]) -> Output {
        let mut child = Command::new(program)
            .args(words)
            .current_dir(&self.folder)
            .env("HOME", self.folder.join("home"))
            .env("MAILPRINT_CONFIG", self.folder.join("mailprint.yaml"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Who wants no input may be gone.
        let _ = child.stdin.take().unwrap().write_all(stdin);
        child.wait_with_output().unwrap()
    }

    /// All files here, by name.
    pub fn files(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => {
                        names
                            .insert(path.strip_prefix(&self.folder).unwrap().display().to_string());
                    }
                }
            }
        }
        names
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The program under the name of a tool, and that tool itself if it is installed.
pub fn programs(place: &Place, name: &str) -> (PathBuf, Option<PathBuf>) {
    let ours = place.folder.join(name);
    let _ = std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_mailprint"), &ours);
    let theirs = Path::new("/usr/bin").join(name);
    if !theirs.exists() {
        println!("skipped: {} is not installed", theirs.display());
    }
    (ours, theirs.exists().then_some(theirs))
}

/// Equal priorities come in no order in SpamAssassin; here there are none.
const RULES: &str = "\
util_rb_tld com org net
required_score 5
use_bayes 0
report_hostname mx.example.org
report_contact the postmaster
clear_report_template
report Report of _HOSTNAME_: _YESNO_, _SCORE_ of _REQD_
report _SUMMARY_
report Preview: _PREVIEW_
add_header spam Flag _YESNOCAPS_
add_header all Level _STARS(*)_
add_header all Status _YESNO_, score=_SCORE_ required=_REQD_ tests=_TESTS_ version=_VERSION_
body ALPHA /alpha-mark/
score ALPHA 1.5
describe ALPHA The letter that comes first
body BETA /beta-mark/
score BETA 12
priority BETA 1
header GAMMA Subject =~ /gamma/
score GAMMA -0.3
priority GAMMA 2
";
