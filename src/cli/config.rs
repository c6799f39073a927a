//! `mailprint config`: the server's settings.

use super::{Outcome, flag, options, out};
use crate::config::{Config, sample};
use clap::{ArgMatches, Command};

/// Its description.
pub fn command() -> Command {
    Command::new("config")
        .about("Show the server's settings")
        .long_about(
            "Shows the settings of mailprint.yaml, one a line, as file and environment set \
             them. SpamAssassin's own settings are checked by `mailprint lint`.",
        )
        .arg(options::config_file())
        .arg(flag("defaults", "All settings with their defaults").short('d'))
        .arg(flag("differing", "Only settings that differ from their defaults").short('n'))
        .arg(
            flag("sample", "A commented mailprint.yaml that sets nothing")
                .short('s')
                .conflicts_with_all(["defaults", "differing"]),
        )
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Outcome {
    let text = if matches.get_flag("sample") {
        sample::sample()
    } else if matches.get_flag("defaults") {
        sample::list(&Config::default(), false)
    } else {
        let config = options::file_and_environment(matches)?;
        sample::list(&config, matches.get_flag("differing"))
    };
    out::print(text.as_bytes())?;
    Ok(0)
}
