//! The program itself, started as an administrator starts it.

use super::harness::*;
use super::spamd::{Program, Spamd};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

fn signal(program: &Program, signal: Signal) {
    kill(Pid::from_raw(program.child.id() as i32), signal).unwrap();
}

fn data(theme: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("t/data").join(theme)
}

/// A report whose lines can be sorted: rules of equal priority come in no order in spamd.
const REPORT: [&str; 4] = [
    "--cf=report _YESNO_ _SCORE_ of _REQD_, _TESTS_",
    "--cf=report preview: _PREVIEW_",
    "--cf=report _SUMMARY_",
    "--cf=report_hostname mx.example.org",
];

fn sorted_lines(reply: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = reply.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    lines.sort();
    lines
}

#[test]
fn the_program_answers_as_the_real_spamd_does() {
    let site = data("no-site");
    let mut compared = 0;
    for theme in ["body", "headers", "mime", "uris", "received"] {
        let folder = data(theme);
        let Some(theirs) = Spamd::start(&folder, &site, &REPORT) else { return };
        let ours = Program::start(&folder, &site, &REPORT);
        let mut messages: Vec<PathBuf> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
            .collect();
        messages.sort();
        for path in messages.iter().step_by(3) {
            if path.ends_with("uris/html-comma-host.eml") || path.ends_with("uris/html-unicode.eml")
            {
                continue; // known differences: doc/DIFFERENCES.md
            }
            let mail = std::fs::read(path).unwrap();
            for verb in ["CHECK", "SYMBOLS", "REPORT", "REPORT_IFSPAM"] {
                for version in ["1.2", "1.5"] {
                    let head =
                        format!("{verb} SPAMC/{version}\r\nContent-length: {}\r\n\r\n", mail.len());
                    let request = [head.as_bytes(), &mail].concat();
                    let (mine, other) =
                        (ask(ours.address, &request), ask(theirs.address, &request));
                    assert_eq!(
                        sorted_lines(&mine),
                        sorted_lines(&other),
                        "{verb} {version} {}:\n{}\nbut spamd:\n{}",
                        path.display(),
                        mine.escape_ascii(),
                        other.escape_ascii()
                    );
                    compared += 1;
                }
            }
        }
    }
    println!("compared {compared} replies with the real spamd's");
}

#[test]
fn a_reload_brings_new_rules_and_bad_ones_change_nothing() {
    let folder = std::env::temp_dir().join(format!("mailprint-reload-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |text: &str| std::fs::write(folder.join("a.cf"), text).unwrap();
    write("body ONE /./\nscore ONE 1\n");
    let program = Program::start(&folder, &folder.join("no-site"), &[]);
    let symbols = || {
        let reply = ask(program.address, b"SYMBOLS SPAMC/1.5\r\nContent-length: 4\r\n\r\n\nab\n");
        String::from_utf8_lossy(&reply).lines().last().unwrap_or_default().to_owned()
    };
    assert_eq!(symbols(), "ONE");
    write("body TWO /./\nscore TWO 1\n");
    signal(&program, Signal::SIGHUP);
    until(Duration::from_secs(20), || symbols() == "TWO");
    std::fs::remove_file(folder.join("a.cf")).unwrap();
    signal(&program, Signal::SIGHUP);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(symbols(), "TWO", "rules that cannot be loaded leave the old ones");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn sigterm_ends_the_program_with_success() {
    let mut program = Program::start(&data("body"), &data("no-site"), &[]);
    signal(&program, Signal::SIGTERM);
    let mut status = None;
    until(Duration::from_secs(20), || {
        status = program.child.try_wait().unwrap();
        status.is_some()
    });
    assert!(status.unwrap().success());
}

#[test]
fn tools_that_are_not_built_say_so() {
    for tool in ["sa-learn", "sa-update", "sa-awl", "sa-compile"] {
        let output = Command::new(env!("CARGO_BIN_EXE_mailprint")).arg(tool).output().unwrap();
        assert_eq!(output.status.code(), Some(69), "{tool}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(tool));
    }
}
