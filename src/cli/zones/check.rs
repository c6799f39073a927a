//! `mailprint zones check`: is a file a list that would be taken?

use super::files;
use crate::cli::{Failure, Outcome, options, out};
use crate::dns::Name;
use crate::error::Code;
use clap::{Arg, ArgMatches, Command};
use std::fmt::Write;
use std::path::Path;

/// Its description.
pub fn command() -> Command {
    Command::new("check")
        .about("Read a list's file and tell what is wrong with it")
        .long_about(
            "Reads a file as a list would be read and shows how many entries it has, what memory \
             they take, and the first lines that cannot be read. The exit status is 0 if a list \
             of it would be taken, 65 if it would be refused for bad lines.",
        )
        .arg(options::config_file())
        .arg(files::format())
        .arg(Arg::new("FILE").required(true).help("The file; its format is its name's end"))
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Outcome {
    let config = options::file_and_environment(matches)?;
    let path = Path::new(matches.get_one::<String>("FILE").map_or("", String::as_str));
    let name =
        Name::new("zone.invalid").ok_or_else(|| Failure::new(Code::Software, "a name is none"))?;
    let (zone, facts) = files::load(&name, path, matches, &config)?;
    let mut text = format!(
        "{}: {} lines, {} entries, {} bytes of memory\n",
        path.display(),
        facts.lines,
        facts.entries,
        zone.memory()
    );
    if let Some(serial) = zone.serial() {
        let _ = writeln!(text, "serial {serial}");
    }
    if facts.bad > 0 {
        let _ = writeln!(text, "{} lines are left out:", facts.bad);
        for complaint in &facts.complaints {
            let _ = writeln!(text, "  {complaint}");
        }
    }
    out::print(text.as_bytes())?;
    Ok(0)
}
