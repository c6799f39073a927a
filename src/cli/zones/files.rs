//! A list's file that is named on the command line.

use crate::cli::{Failure, valued};
use crate::clock;
use crate::config::Config;
use crate::dns::Name;
use crate::error::Code;
use crate::zones::{Dataset, Error, Facts, File, Format, Options, Zone, load as read};
use clap::{Arg, ArgMatches};
use std::path::Path;

/// `--format`.
pub fn format() -> Arg {
    let names: Vec<&str> = Format::ALL.iter().map(|(name, _)| *name).collect();
    valued("format", "FORMAT", "How the file is written").value_parser(names)
}

/// Reads `path` as a zone.
pub fn load(
    name: &Name,
    path: &Path,
    matches: &ArgMatches,
    config: &Config,
) -> Result<(Zone, Facts), Failure> {
    let said = matches.get_one::<String>("format");
    // What is compressed has its format before that.
    let bare = path.to_string_lossy();
    let bare = bare.strip_suffix(".gz").unwrap_or(&bare);
    let end = Path::new(bare).extension().unwrap_or_default().to_string_lossy().into_owned();
    let format = Format::named(said.unwrap_or(&end)).ok_or_else(|| {
        let text =
            format!("{}: its name does not end in a format; --format says it", path.display());
        Failure::new(Code::Usage, text)
    })?;
    let unreadable = |why| Failure::new(Code::NoInput, format!("{}: {why}", path.display()));
    let file = File::on_disk(path).map_err(unreadable)?;
    let options = Options::new(clock::unix_seconds(), config.limits.clone());
    read(name, &[Dataset::new(format, vec![file])], &options).map_err(|why| {
        let code = match why {
            Error::Unreadable { .. } => Code::NoInput,
            Error::Bad { .. } | Error::Refused(_) => Code::DataErr,
        };
        Failure::new(code, why.to_string())
    })
}
