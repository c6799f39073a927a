//! `mailprint spamassassin`, or the program called by the name spamassassin: mail in, marked
//! mail out.
//!
//! Options, output and exit statuses are spamassassin(1p)'s. Options whose function is not
//! built yet end with 69 (`EX_UNAVAILABLE`) and their name.

mod arguments;
mod debug;
mod filter;
mod preferences;

use super::archive::{self, ArchiveError, Format};
use super::notes::Notes;
use super::{Outcome, check_spamd, flag, options, out, ruleset, valued};
use crate::config::Config;
use crate::error::Code;
use crate::rules::files;
use crate::server::users::file::template;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};
use filter::{Filter, Work};
use std::ffi::OsString;

/// Options whose function is not built: name, other names, letter, do they take a value.
const NOT_BUILT: &[(&str, &[&str], Option<char>, bool)] = &[
    ("report", &[], Some('r'), false),
    ("revoke", &[], Some('k'), false),
    ("add-to-welcomelist", &["add-to-whitelist"], Some('W'), false),
    ("add-to-blocklist", &["add-to-blacklist"], None, false),
    ("remove-from-welcomelist", &["remove-from-whitelist"], Some('R'), false),
    ("add-addr-to-welcomelist", &["add-addr-to-whitelist"], None, true),
    ("add-addr-to-blocklist", &["add-addr-to-blacklist"], None, true),
    ("remove-addr-from-welcomelist", &["remove-addr-from-whitelist"], None, true),
];

/// Options that SpamAssassin has no more: name, letter, do they end the program.
const REMOVED: &[(&str, Option<char>, bool)] = &[
    ("pipe", Some('P'), false),
    ("stop-at-threshold", Some('S'), false),
    ("log-to-mbox", Some('l'), false),
    ("F", Some('F'), true),
    ("add-from", None, true),
    ("noadd-from", None, true),
    ("no-add-from", None, true),
    ("warning-from", Some('w'), true),
    ("whitelist-factory", Some('M'), true),
];

/// The exit status for an option that is gone.
const GONE: u8 = 2;

/// The exit status of a Perl program that dies of something that is no error of the system.
const DIED: u8 = u8::MAX;

/// "No such file or directory".
const NOT_THERE: u8 = 2;

/// Its description.
pub fn command() -> Command {
    let command = Command::new("spamassassin")
        .about("Mark mail as spam or ham, or take marks off")
        .long_about(
            "Reads mail from standard input, or from files, directories and mailboxes, and writes \
             it to standard output with the headers and reports that the configuration asks for. \
             A message beyond limits.message_bytes, or one whose scan fails, is passed on as it \
             is.\n\nThe user's preferences are read from ~/.spamassassin/user_prefs, which is \
             made from a template where it is not there.",
        )
        .args_override_self(true)
        .disable_help_flag(true)
        .disable_version_flag(true);
    let command = options::rules(work(command))
        .arg(options::preferences())
        .mut_arg("local", |arg| arg.alias("local-only"))
        .mut_arg("configpath", |arg| arg.alias("config-dir").short_alias('c'));
    let strings = ["configpath", "siteconfigpath", "prefspath", "cf", "pre", "username"];
    let command = strings
        .iter()
        .fold(command, |command, name| command.mut_arg(name, |arg| arg.allow_hyphen_values(true)));
    without_function(command).arg(
        Arg::new("FILE")
            .value_parser(value_parser!(OsString))
            .value_hint(ValueHint::AnyPath)
            .action(ArgAction::Append)
            .help(
                "Files of one message each, directories of such, mailboxes with .mbox in their \
                 names, or class:format:path; - for standard input, which is also read without \
                 any",
            ),
    )
}

/// What it does, and with what.
fn work(command: Command) -> Command {
    let exit_code = Arg::new("exit-code")
        .long("exit-code")
        .alias("error-code")
        .short('e')
        .value_name("N")
        .num_args(0..=1)
        .allow_negative_numbers(true)
        .value_parser(value_parser!(i64))
        .help("The exit status if there was spam; 5 without a number");
    command
        .arg(flag("test-mode", "Add the report to every message").short('t').alias("test"))
        .arg(
            flag("remove-markup", "Take marks and reports off; with -t, then mark anew")
                .short('d')
                .alias("despamassassinify"),
        )
        .arg(exit_code)
        .arg(flag("lint", "Check the rules"))
        .arg(flag("mbox", "Files are mboxes").overrides_with("mbx"))
        .arg(flag("mbx", "Files are mailboxes of UW IMAP").overrides_with("mbox"))
        .arg(
            flag("nocreate-prefs", "Do not make a file of preferences")
                .short('x')
                .alias("no-create-prefs")
                .overrides_with("create-prefs"),
        )
        .arg(
            flag("create-prefs", "Make it, which is so anyway")
                .hide(true)
                .overrides_with("nocreate-prefs"),
        )
        .arg(flag("progress", "Show how far it is"))
        .arg(
            valued("debug", "AREAS", "Say what happens inside: all, check, rules, config, info")
                .short('D')
                .num_args(0..=1)
                .default_missing_value("all"),
        )
        .arg(
            valued("username", "NAME", "The user in databases, of which there are none").short('u'),
        )
        .arg(flag("version", "Say whose version it is").short('V'))
        .arg(check_spamd::help())
}

/// The options that end with 69, those that are gone, and those that change nothing.
fn without_function(mut command: Command) -> Command {
    let hidden = |name: &'static str, letter: Option<char>| {
        let option = Arg::new(name).long(name).hide(true);
        letter.into_iter().fold(option, Arg::short)
    };
    for (name, aliases, letter, valued) in NOT_BUILT {
        let action = if *valued { ArgAction::Append } else { ArgAction::SetTrue };
        command = command.arg(hidden(name, *letter).aliases(*aliases).action(action));
    }
    for (name, letter, _) in REMOVED {
        let takes_text = matches!(letter, Some('l' | 'F' | 'w' | 'M'));
        let option = hidden(name, *letter);
        command = command.arg(match takes_text {
            true => option.num_args(0..=1).default_missing_value(""),
            false => option.action(ArgAction::SetTrue),
        });
    }
    let ipv4 = hidden("ipv4only", Some('4')).aliases(["ipv4-only", "ipv4"]);
    command
        .arg(ipv4.action(ArgAction::SetTrue))
        .arg(Arg::new("6").short('6').hide(true).action(ArgAction::SetTrue))
        .arg(hidden("net", None).action(ArgAction::SetTrue))
}

/// Parses `arguments`, the program's name first, and runs it.
pub fn main(arguments: &[OsString]) -> Outcome {
    let command = command();
    let arguments = arguments::with_exit_code(arguments, &command);
    super::with_matches(command, &arguments, run)
}

fn run(matches: &ArgMatches) -> Outcome {
    let debug = matches.get_one::<String>("debug").map(String::as_str);
    let notes = Notes::new(debug);
    if let Some(status) = removed(matches, &notes) {
        return Ok(status);
    }
    if matches.get_flag("version") {
        let version = concat!(
            "SpamAssassin version 4.0.1\n  running on mailprint ",
            env!("CARGO_PKG_VERSION"),
            "\n"
        );
        out::print(version.as_bytes())?;
        return Ok(0);
    }
    refuse_not_built(matches)?;
    let lint = matches.get_flag("lint");
    let mut config = options::config(matches)?;
    // Whoever only checks rules does not want to ask the network.
    config.local |= lint && !matches.get_flag("net");
    let create = !lint && !matches.get_flag("nocreate-prefs");
    let template = template(config.site.as_deref(), config.rules.as_deref());
    let named = config.prefs.take();
    let prefs = preferences::file(named, &files::home(), create, template.as_deref(), &notes);
    config.prefs = Some(prefs);
    match lint {
        true => self::lint(&config, &notes),
        false => filter(matches, &config, &notes),
    }
}

/// Options that are gone: told, and perhaps the end.
fn removed(matches: &ArgMatches, notes: &Notes) -> Option<u8> {
    for (name, letter, ends) in REMOVED {
        let option = letter.map_or(format!("--{name}"), |letter| format!("-{letter}"));
        match matches.value_source(name) {
            Some(clap::parser::ValueSource::CommandLine) => {}
            _ => continue,
        }
        if *ends {
            notes.warn(&format!("The option {option} is gone; leave it out and run this again."));
            return Some(GONE);
        }
        notes.warn(&format!("The option {option} does nothing any more and is ignored."));
    }
    None
}

fn refuse_not_built(matches: &ArgMatches) -> Result<(), super::Failure> {
    for (name, _, letter, valued) in NOT_BUILT {
        let given = if *valued { matches.contains_id(name) } else { matches.get_flag(name) };
        if given {
            let letter = letter.map_or(String::new(), |letter| format!("-{letter}, "));
            return Err(super::Failure::not_built(&format!("the option {letter}--{name}")));
        }
    }
    Ok(())
}

/// `--lint`: what is wrong, on standard error, and 1 if any of it counts.
fn lint(config: &Config, notes: &Notes) -> Outcome {
    let findings = match ruleset::lint(config) {
        Ok(findings) => findings,
        Err(why) => return Ok(died(&why, config)),
    };
    for complaint in &findings.complaints {
        notes.warn(&format!("config: {complaint}"));
    }
    if findings.failed && !notes.is_chatty() {
        let count = findings.complaints.len();
        notes.warn(&format!(
            "lint: {count} issues detected, please rerun with debug enabled for more information"
        ));
    }
    Ok(u8::from(findings.failed))
}

/// Tells that there are no rules, as Perl does when it dies: without time and level, and with
/// the number of what the system said last, which may be that a path is not there.
fn died(why: &str, config: &Config) -> u8 {
    eprintln!("{why}");
    match config.rules.as_ref().is_some_and(|path| !path.exists()) {
        true => NOT_THERE,
        false => DIED,
    }
}

/// Reads messages and writes what becomes of them.
fn filter(matches: &ArgMatches, config: &Config, notes: &Notes) -> Outcome {
    let work = Work {
        remove: matches.get_flag("remove-markup"),
        test: matches.get_flag("test-mode"),
        progress: matches.get_flag("progress"),
    };
    let format = match (matches.get_flag("mbox"), matches.get_flag("mbx")) {
        (true, _) => Format::Mbox,
        (_, true) => Format::Mbx,
        _ => Format::Detect,
    };
    let mut targets: Vec<OsString> =
        matches.get_many::<OsString>("FILE").unwrap_or_default().cloned().collect();
    if targets.is_empty() {
        targets.push("-".into());
    }
    let mut filter = match Filter::new(config, work, notes) {
        Ok(filter) => filter,
        Err(why) => return Ok(died(&why, config)),
    };
    let most = config.limits.message_bytes;
    let done = archive::list(&targets, format, notes)
        .and_then(|sources| archive::read(&sources, most, notes, &mut |mail| filter.take(mail)));
    let ended = filter.end().map_err(ArchiveError::Refused);
    match done.and_then(|count| Ok((count, ended?))) {
        Ok((count, found)) => Ok(status(count, found, matches.get_one::<i64>("exit-code"))),
        Err(error) => {
            eprintln!("{error}");
            Ok(error.status())
        }
    }
}

/// The exit status: a failed scan, then spam if that was asked for, then whether there was
/// anything at all.
fn status(count: usize, found: filter::Found, exit_code: Option<&i64>) -> u8 {
    if found.failed {
        return Code::Software.number();
    }
    match exit_code {
        // As the system cuts it.
        Some(0) if found.spam => 5,
        Some(code) if found.spam => (code & 0xff) as u8,
        _ => u8::from(count == 0),
    }
}
