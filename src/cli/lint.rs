//! `mailprint lint`: what is wrong with the rules.

use super::{Failure, Outcome, flag, options, out, ruleset};
use crate::error::Code;
use clap::{ArgMatches, Command};

/// What lint has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What is wrong, each with file and line.
    pub complaints: Vec<String>,
    /// Does any of it count? Some is only told.
    pub failed: bool,
    /// Directives that are stored and do nothing yet, each with file and line, and functions
    /// that are not built, each with the rules that rest on it.
    pub pending: Vec<String>,
}

/// Its description.
pub fn command() -> Command {
    let command = Command::new("lint").about("Check the rules").long_about(
        "Loads the rules and settings as the server would and says what is wrong with them, \
         each with file and line. The exit status is SpamAssassin's: 1 where there is \
         anything to complain of, else 0.",
    );
    options::rules(command).arg(options::preferences()).arg(flag(
        "pending",
        "Also list directives that have no effect in this version, and eval functions that are \
         not built, each with the rules that rest on it",
    ))
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Outcome {
    let config = options::config(matches)?;
    let findings = ruleset::lint(&config).map_err(|why| Failure::new(Code::Config, why))?;
    out::print(render(&findings, matches.get_flag("pending")).as_bytes())?;
    Ok(u8::from(findings.failed))
}

fn render(findings: &Findings, pending: bool) -> String {
    let mut text = String::new();
    for complaint in &findings.complaints {
        text.push_str(&format!("warn: {complaint}\n"));
    }
    if pending {
        for directive in &findings.pending {
            text.push_str(&format!("pending: {directive}\n"));
        }
    }
    if !findings.complaints.is_empty() {
        text.push_str(&format!("lint: {} issues detected\n", findings.complaints.len()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_counted_and_the_pending_listed_on_request() {
        let findings = Findings {
            complaints: vec!["a.cf:1: x".into()],
            failed: true,
            pending: vec!["b.cf:2: y".into()],
        };
        assert_eq!(render(&findings, false), "warn: a.cf:1: x\nlint: 1 issues detected\n");
        assert!(render(&findings, true).contains("pending: b.cf:2: y\n"));
        assert_eq!(render(&Findings::default(), true), "");
    }
}
