//! Options that several commands share, and the configuration that they make.

use super::{Failure, flag, valued};
use crate::config::{self, Config};
use crate::error::Code;
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::path::{Path, PathBuf};

/// `--config`.
pub fn config_file() -> Arg {
    valued("config", "FILE", "mailprint.yaml, instead of /etc/mailprint/mailprint.yaml")
}

/// Which rules, in SpamAssassin's own options; `-p` for preferences is left to commands
/// that do not need it for a port.
pub fn rules(command: Command) -> Command {
    command
        .arg(config_file())
        .arg(flag("local", "Local tests only: nothing asks the network").short('L'))
        .arg(
            valued("configpath", "PATH", "The distribution's rules; without our own rules")
                .short('C')
                .alias("config-file"),
        )
        .arg(valued("siteconfigpath", "PATH", "The site's rules; without our own rules"))
        .arg(repeated("cf", "LINE", "A line of configuration to be read after all files"))
        .arg(repeated("pre", "LINE", "A line of configuration to be read before all files"))
}

/// `-p`, `--prefspath`.
pub fn preferences() -> Arg {
    valued("prefspath", "FILE", "A file of preferences").short('p').alias("prefs-file")
}

/// An option that may be given more than once.
pub fn repeated(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    valued(name, value, help).action(ArgAction::Append)
}

/// The configuration that file, environment and these options make together.
pub fn config(matches: &ArgMatches) -> Result<Config, Failure> {
    let mut config = file_and_environment(matches)?;
    config.local |= matches.get_flag("local");
    let path = |name: &str| matches.get_one::<String>(name).map(PathBuf::from);
    config.rules = path("configpath").or(config.rules);
    config.site = path("siteconfigpath").or(config.site);
    if matches.try_contains_id("prefspath").unwrap_or(false) {
        config.prefs = path("prefspath").or(config.prefs);
    }
    config.own &= config.rules.is_none() && config.site.is_none();
    config.cf.extend(all(matches, "cf"));
    config.pre.extend(all(matches, "pre"));
    Ok(config)
}

/// The configuration without options of the rules.
pub fn file_and_environment(matches: &ArgMatches) -> Result<Config, Failure> {
    let file = matches.get_one::<String>("config").map(Path::new);
    let environment = std::env::vars_os().filter_map(|(name, value)| {
        Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
    });
    config::load(file, environment).map_err(|why| Failure::new(Code::Config, why.to_string()))
}

/// All values of an option, in order.
pub fn all(matches: &ArgMatches, name: &str) -> Vec<String> {
    matches.get_many::<String>(name).unwrap_or_default().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_ones_own_choice_switch_ours_off() {
        let config_of = |words: &[&str]| {
            let command = rules(Command::new("x")).arg(preferences());
            config(&command.get_matches_from(words)).unwrap()
        };
        let file = std::env::temp_dir().join(format!("mailprint-opt-{}.yaml", std::process::id()));
        std::fs::write(&file, "").unwrap();
        let file = file.to_str().unwrap();
        assert!(config_of(&["x", "--config", file]).own);
        assert!(!config_of(&["x", "--config", file, "-C", "/r"]).own);
        assert!(!config_of(&["x", "--config", file, "--siteconfigpath", "/s"]).own);
        let config =
            config_of(&["x", "--config", file, "-L", "-p", "/p", "--cf", "a", "--cf", "b"]);
        assert!(config.local && config.own);
        assert_eq!((config.prefs, config.cf), (Some("/p".into()), vec!["a".into(), "b".into()]));
        std::fs::remove_file(file).unwrap();
    }
}
