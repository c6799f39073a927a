//! The command line: which command, its options, text out.
//!
//! One file for each command. clap's description of a command is the one source of its
//! `--help` and its man page. The program also answers by the names of SpamAssassin's
//! tools (argv\[0\]); what is not built yet ends with 69 (`EX_UNAVAILABLE`) and says what
//! it is.
//!
//! Ring 5. [`ruleset`] turns the configuration into rules that run.

pub mod archive;
pub mod check_spamd;
pub mod config;
pub mod confighelp;
pub mod detach;
pub mod explain;
pub mod fp;
pub mod keeper;
pub mod lint;
pub mod man;
pub mod mass_check;
pub mod network;
mod notes;
pub mod options;
pub mod out;
pub mod ruleset;
pub mod spamassassin;
pub mod spamd;
pub mod zones;

use crate::error::Code;
use clap::{Arg, ArgMatches, Command};
use std::ffi::OsString;
use std::path::Path;

/// Why a command ends without having done its work.
#[derive(Debug)]
pub struct Failure {
    /// The exit status.
    pub code: Code,
    /// What happened and what to do, for standard error.
    pub text: String,
}

impl Failure {
    /// A failure with its text.
    pub fn new(code: Code, text: impl Into<String>) -> Failure {
        Failure { code, text: text.into() }
    }

    /// What is not built yet, by its name.
    pub fn not_built(what: &str) -> Failure {
        Failure::new(Code::Unavailable, format!("{what} is not built into this version yet"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::new(Code::CantCreat, format!("cannot write: {error}"))
    }
}

/// How a command ended: its exit status.
pub type Outcome = Result<u8, Failure>;

/// A tool of SpamAssassin's: from its arguments, the name first, to its end.
type Tool = fn(&[OsString]) -> Outcome;

/// SpamAssassin's tools, by the names that they and our commands have.
const TOOLS: &[(&str, Tool)] = &[
    ("spamassassin", spamassassin::main),
    ("sa-check_spamd", check_spamd::main),
    ("check_spamd", check_spamd::main),
];

/// Those that we answer to by name and have not built.
const NOT_BUILT: &[&str] = &["sa-learn", "sa-update", "sa-awl", "sa-compile"];

/// Runs the command that `arguments` name, the program's own name first, and gives its
/// exit status. Failures are told on standard error.
pub fn run(arguments: &[OsString]) -> u8 {
    let name = program_name(arguments);
    let behind = arguments.get(1..).unwrap_or_default();
    let command = behind.first().and_then(|word| word.to_str()).unwrap_or_default();
    let outcome = match name.as_str() {
        "spamd" => with_matches(spamd::command(), arguments, spamd::run),
        name => tool(name, arguments)
            .or_else(|| tool(command, behind))
            .unwrap_or_else(|| with_matches(self::command(), arguments, dispatch)),
    };
    match outcome {
        Ok(status) => status,
        Err(Failure { code, text }) => {
            if !text.is_empty() {
                eprintln!("{name}: {text}");
            }
            code.number()
        }
    }
}

/// Runs the tool called `name`; nothing if there is none.
fn tool(name: &str, arguments: &[OsString]) -> Option<Outcome> {
    if NOT_BUILT.contains(&name) {
        return Some(Err(Failure::not_built(name)));
    }
    let (_, main) = TOOLS.iter().find(|(known, _)| *known == name)?;
    Some(main(arguments))
}

fn program_name(arguments: &[OsString]) -> String {
    let name = arguments.first().and_then(|path| Path::new(path).file_name());
    name.map_or_else(|| "mailprint".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Parses `arguments` and goes on with what they say.
fn with_matches(
    command: Command,
    arguments: &[OsString],
    go_on: impl FnOnce(&ArgMatches) -> Outcome,
) -> Outcome {
    match command.try_get_matches_from(arguments) {
        Ok(matches) => go_on(&matches),
        Err(error) => {
            // Help goes to standard output, what is wrong to standard error.
            let _ = error.print();
            let code = if error.use_stderr() { Code::Usage } else { Code::Ok };
            Ok(code.number())
        }
    }
}

fn dispatch(matches: &ArgMatches) -> Outcome {
    match matches.subcommand() {
        Some(("spamd", matches)) => spamd::run(matches),
        Some(("lint", matches)) => lint::run(matches),
        Some(("config", matches)) => config::run(matches),
        Some(("confighelp", matches)) => confighelp::run(matches),
        Some(("explain", matches)) => explain::run(matches),
        Some(("fp", matches)) => fp::run(matches),
        Some(("mass-check", matches)) => mass_check::run(matches),
        Some(("zones", matches)) => zones::run(matches),
        Some(("man", matches)) => man::run(matches),
        Some(("keeper", matches)) => keeper::run(matches),
        _ => Err(Failure::new(Code::Usage, "no command; see --help")),
    }
}

/// All commands, for `--help` and the man pages.
pub fn command() -> Command {
    Command::new("mailprint")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A drop-in replacement for SpamAssassin's spamd")
        .long_about(
            "A drop-in replacement for SpamAssassin's spamd: it loads SpamAssassin's rules \
             unchanged, answers spamc and every other client of spamd, and says of a message \
             what SpamAssassin would say.\n\n\
             Called by the name spamd, spamassassin or sa-check_spamd it takes that program's \
             options.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(spamd::command())
        .subcommand(spamassassin::command())
        .subcommand(check_spamd::command())
        .subcommand(lint::command())
        .subcommand(config::command())
        .subcommand(confighelp::command())
        .subcommand(explain::command())
        .subcommand(fp::command())
        .subcommand(mass_check::command())
        .subcommand(zones::command())
        .subcommand(man::command())
        .subcommand(keeper::command())
}

/// An option with a value.
fn valued(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help)
}

/// An option without one.
fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(clap::ArgAction::SetTrue).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(words: &[&str]) -> u8 {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        run(&words)
    }

    #[test]
    fn the_description_of_the_commands_is_sound() {
        command().debug_assert();
        spamd::command().debug_assert();
        spamassassin::command().debug_assert();
        check_spamd::command().debug_assert();
    }

    #[test]
    fn what_is_not_built_ends_with_69() {
        for tool in NOT_BUILT {
            assert_eq!(status(&[&format!("/usr/bin/{tool}"), "--anything"]), 69, "{tool}");
            assert_eq!(status(&["mailprint", tool, "-x"]), 69, "{tool}");
        }
        assert_eq!(status(&["spamd", "--sql-config"]), 69);
    }

    #[test]
    fn a_wrong_call_ends_with_64() {
        assert_eq!(status(&["mailprint", "no-such-command"]), 64);
        assert_eq!(status(&["mailprint", "confighelp", "no_such_directive"]), 64);
        assert_eq!(status(&["spamd", "--no-such-option"]), 64);
        assert_eq!(status(&["spamd", "-p", "harbour"]), 64);
    }
}
