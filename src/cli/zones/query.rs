//! `mailprint zones query`: what the lists say of an address or a domain.

use super::files;
use crate::cli::{Failure, Outcome, options, out};
use crate::clock;
use crate::config::Config;
use crate::dns::Name;
use crate::error::Code;
use crate::zones::held::Store;
use crate::zones::{Hit, Zone};
use clap::{Arg, ArgMatches, Command};
use std::fmt::Write;
use std::net::IpAddr;
use std::path::Path;

/// Its description.
pub fn command() -> Command {
    Command::new("query")
        .about("Show what the lists say of an address or a domain")
        .long_about(
            "Shows which lists have an address or a domain, with the codes and texts that a \
             question would get. Asks the last good copies of zones.lists on disk, or the files \
             given with --file. The exit status is 0 if any list has it, 1 if none has.",
        )
        .arg(options::config_file())
        .arg(options::repeated(
            "file",
            "[ZONE=]FILE",
            "A file to ask instead; its format is its name's end, or stands in --format",
        ))
        .arg(files::format())
        .arg(Arg::new("WHAT").required(true).help("An IPv4 or IPv6 address, or a domain"))
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Outcome {
    let config = options::file_and_environment(matches)?;
    let named = options::all(matches, "file");
    let zones = if named.is_empty() { on_disk(&config)? } else { given(&named, matches, &config)? };
    let what = matches.get_one::<String>("WHAT").map_or("", String::as_str);
    let now = clock::unix_seconds();
    let (mut text, mut is_listed) = (String::new(), false);
    for zone in &zones {
        if zone.expires().is_some_and(|end| end < now) {
            let _ =
                writeln!(text, "{}: expired by its own $TIMESTAMP, answers nothing", zone.name());
            continue;
        }
        let hits: Vec<Hit<'_>> = match what.parse::<IpAddr>() {
            Ok(address) => zone.lookup_ip(address).collect(),
            Err(_) => zone.lookup_name(what.as_bytes()).collect(),
        };
        if hits.is_empty() {
            let _ = writeln!(text, "{}: not listed", zone.name());
        }
        is_listed |= !hits.is_empty();
        for (hit, value) in hits.iter().flat_map(|hit| hit.values().map(move |value| (hit, value)))
        {
            let words = hit.text(value);
            let line = format!("{}: {} {}", zone.name(), value.address, words.escape_ascii());
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    out::print(text.as_bytes())?;
    Ok(u8::from(!is_listed))
}

/// The last good copies, as they are on disk.
fn on_disk(config: &Config) -> Result<Vec<Zone>, Failure> {
    if config.zones.is_empty() {
        return Err(Failure::new(Code::Config, "no lists are held (zones.lists is empty)"));
    }
    let mut zones = Vec::new();
    for list in &config.zones {
        let Some(name) = Name::new(&list.name) else { continue };
        match Zone::open(&Store::new(&config.zones_folder, &name).table()) {
            Ok(zone) => zones.push(zone),
            Err(why) => eprintln!("warn: {name}: no copy on disk: {why}"),
        }
    }
    Ok(zones)
}

/// The files given, each a zone.
fn given(named: &[String], matches: &ArgMatches, config: &Config) -> Result<Vec<Zone>, Failure> {
    let zone = |text: &String| {
        let (name, path) = text.split_once('=').unwrap_or(("", text));
        let path = Path::new(path);
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let name = if name.is_empty() { &*stem } else { name };
        let name = Name::new(name)
            .ok_or_else(|| Failure::new(Code::Usage, format!("{name} is no name of a zone")))?;
        Ok(files::load(&name, path, matches, config)?.0)
    };
    named.iter().map(zone).collect()
}
