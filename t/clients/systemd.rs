//! What surrounds the server on a machine with systemd: `contrib/systemd`, `contrib/debian` and
//! `contrib/logrotate`.

use super::harness::*;
use super::room::*;
use std::path::Path;
use std::process::Command;

const UNITS: [&str; 2] = ["mailprint.service", "mailprint.socket"];

/// Exposure, by systemd's own measure: 10 is a service without any protection.
const MOST_EXPOSED: f64 = 1.5;

#[test]
fn the_service_is_exposed_to_little() {
    let Some(()) = all_installed(&["systemd-analyze"]) else { return };
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/systemd/mailprint.service");
    let mut command = Command::new("systemd-analyze");
    let analysis = text(&must(command.args(["security", "--offline=yes", "--no-pager"]).arg(unit)));
    let line = analysis.lines().find(|line| line.contains("Overall exposure level")).unwrap();
    let exposure: f64 = line.split_whitespace().find_map(|word| word.parse().ok()).unwrap();
    println!("{line}");
    assert!(exposure <= MOST_EXPOSED, "{analysis}");
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let Some(()) = all_installed(&["systemd-analyze"]) else { return };
    in_a_room(|| {
        for unit in UNITS {
            let text = contrib(&format!("systemd/{unit}"), &[]);
            furnish_file(&format!("/etc/systemd/system/{unit}"), &text);
        }
        furnish_file("/etc/default/mailprint", &contrib("debian/default", &[]));
        let program = env!("CARGO_BIN_EXE_mailprint");
        must(Command::new("install").args([program, "/usr/bin/mailprint"]));
        let mut command = Command::new("systemd-analyze");
        let outcome = run(command.args(["verify", "--man=no"]).args(UNITS), b"");
        // What is wrong with units of others is not ours to mend.
        let said = text(&outcome.out) + &text(&outcome.err);
        assert!(!said.contains("mailprint"), "{said}");
    });
}
