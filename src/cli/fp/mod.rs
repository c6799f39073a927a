//! `mailprint fp`: what is known of spam, taught and asked.
//!
//! `learn` and `forget` teach, `check` and `show` ask, `delist`, `stats`, `export` and `import`
//! look after the store, `keygen` makes the key of a feed. A store that a server has open is reached through the server.

mod check;
mod feed;
mod learn;
mod mail;
mod manage;
mod show;

use super::{Failure, Outcome, options, valued};
use crate::config::Config;
use crate::error::Code;
use crate::fingerprint::Known;
use crate::fingerprint::store::StoreError;
use crate::server::lessons::client::Door;
use crate::server::lessons::wire::{Answer, Request};
use clap::{Arg, ArgMatches, Command};
use std::path::PathBuf;
use std::sync::Arc;

/// A command under `fp` that has a man page.
pub const ABOUT: &str = "Teach what spam looks like, and ask what is known";

/// Its description.
pub fn command() -> Command {
    Command::new("fp")
        .about(ABOUT)
        .long_about(
            "Fingerprints are what stays the same when a message is sent in a thousand variants. \
             What was taught about them is kept in a store, a folder that --store or the setting \
             fingerprints.store names. A server that has the store open is asked and taught \
             through a socket in that folder; what it has acknowledged is in force at once.\n\n\
             Every command ends with 0 when all was done, 65 when some messages could not be \
             read, 66 when a file is not there, 73 when the store cannot be written (a full disk: \
             the old state stays), 75 when another command has the store open for too long, and \
             78 when it is no store, a damaged one, or one of another version.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(learn::command())
        .subcommand(learn::forget_command())
        .subcommand(check::command())
        .subcommand(show::command())
        .subcommand(manage::delist_command())
        .subcommand(manage::stats_command())
        .subcommand(feed::with_export(manage::export_command()))
        .subcommand(feed::with_import(manage::import_command()))
        .subcommand(feed::keygen_command())
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Outcome {
    match matches.subcommand() {
        Some(("learn", matches)) => learn::run(matches),
        Some(("forget", matches)) => learn::forget(matches),
        Some(("check", matches)) => check::run(matches),
        Some(("show", matches)) => show::run(matches),
        Some(("delist", matches)) => manage::delist(matches),
        Some(("stats", matches)) => manage::stats(matches),
        Some(("export", matches)) => match matches.get_one::<String>("feed") {
            Some(folder) => feed::export(matches, folder),
            None => manage::export(matches),
        },
        Some(("import", matches)) if feed::is_import(matches) => feed::import(matches),
        Some(("import", matches)) => manage::import(matches),
        Some(("keygen", matches)) => feed::keygen(matches),
        _ => Err(Failure::new(Code::Usage, "no command; see fp --help")),
    }
}

/// A command with the options that all of them have.
fn subcommand(name: &'static str) -> Command {
    Command::new(name)
        .arg(valued("store", "DIR", "The store, instead of fingerprints.store in mailprint.yaml"))
        .arg(options::config_file())
}

/// Files with messages, as many as there are.
fn files() -> Arg {
    Arg::new("FILE").required(true).num_args(1..).help(
        "Messages: files, directories and maildirs of them, mailboxes (FILE.mbox, or \
         ham:mbox:FILE), compressed ones too; - for standard input",
    )
}

/// `--text`.
fn text() -> Arg {
    super::flag("text", "The files are texts without headers: short messages, postings")
}

/// The configuration, and the store that it or an option names.
struct Place {
    config: Config,
    folder: PathBuf,
}

impl Place {
    fn of(matches: &ArgMatches) -> Result<Place, Failure> {
        let config = options::file_and_environment(matches)?;
        let named = matches.get_one::<String>("store").map(PathBuf::from);
        let folder = named.or_else(|| config.fingerprints.clone()).ok_or_else(|| {
            let what = "which store? Name a folder with --store, or in mailprint.yaml \
                        (fingerprints.store)";
            Failure::new(Code::Config, what)
        })?;
        Ok(Place { config, folder })
    }

    /// The way to the store.
    fn door(&self) -> Result<Door, Failure> {
        Door::open(&self.folder, &self.config.limits).map_err(|why| failed(&why))
    }
}

/// What the store of `config` knows, for commands that scan; `None` where there is none, or it
/// does not count. One that cannot be used is told of on standard error and done without: mail
/// goes on.
pub fn known(config: &Config) -> Option<Arc<dyn Known>> {
    let folder = config.fingerprints.as_ref().filter(|_| config.fingerprints_count)?;
    match Door::open(folder, &config.limits) {
        Ok(door) => Some(Arc::new(door)),
        Err(why) => {
            eprintln!("warn: fingerprints.store: {why}");
            None
        }
    }
}

/// A store's trouble with its exit status.
fn failed(why: &StoreError) -> Failure {
    let code = match why {
        StoreError::InUse(_) => Code::TempFail,
        StoreError::Full(_) => Code::CantCreat,
        StoreError::Io { why, .. } if why.kind() == std::io::ErrorKind::PermissionDenied => {
            Code::NoPerm
        }
        StoreError::Io { .. } => Code::CantCreat,
        StoreError::Foreign(_)
        | StoreError::Newer(_)
        | StoreError::Older(_)
        | StoreError::Damaged { .. } => Code::Config,
    };
    Failure::new(code, why.to_string())
}

/// Asks, and takes a refusal for a failure.
fn ask(door: &Door, request: Request) -> Result<Answer, Failure> {
    match door.ask(request) {
        Answer::Failed(why) => Err(Failure::new(Code::CantCreat, why)),
        answer => Ok(answer),
    }
}

/// What a server of another version answers.
fn odd() -> Failure {
    Failure::new(Code::Software, "the server has answered something else; is it of this version?")
}
