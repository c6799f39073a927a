//! `mailprint keeper`: what `mailprint spamd` starts beside itself when root starts it.

use super::{Failure, Outcome, options, valued};
use crate::error::Code;
use crate::server::keeper::{self, Charge};
use clap::{ArgMatches, Command};
use std::path::PathBuf;

/// Its description; nobody else calls it.
pub fn command() -> Command {
    Command::new(keeper::COMMAND)
        .about("Open files for the server that has left root behind")
        .hide(true)
        .arg(valued("log", "FILE", "The log file to open again when asked"))
        .arg(valued("template", "FILE", "Preferences for users who have none"))
        .arg(options::repeated("open", "FILE", "A file to open again when asked"))
        .arg(options::repeated("remove", "FILE", "A file to remove when the server has ended"))
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Outcome {
    let path = |name: &str| matches.get_one::<String>(name).map(PathBuf::from);
    let paths = |name: &str| options::all(matches, name).into_iter().map(PathBuf::from).collect();
    let (open, remove) = (paths("open"), paths("remove"));
    let charge = Charge { log: path("log"), template: path("template"), open, remove };
    let system = |error| Failure::new(Code::OsErr, format!("no socket to the server: {error}"));
    keeper::process::run(&charge).map(|()| 0).map_err(system)
}
