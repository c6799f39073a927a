//! The server as a process: what has to be done as root, in order, and then the rest.
//!
//! Sockets, log and PID file are opened, the keeper is started, root is left behind, and only
//! then are rules read and clients let in.

use super::keeper::{Charge, Keeper};
use super::lessons::place;
use super::listener::{self, Bound};
use super::pid_file::PidFile;
use super::privileges::Identity;
use super::signals::{self, Outside};
use super::users::{self, Users};
use super::{Load, Server, StartError, systemd};
use crate::config::Config;
use crate::http;
use crate::log::{Areas, Level, Log, Stamp, Target};
use crate::zones::held::build::Builder;
use std::sync::Arc;

/// Runs a server until it is told to end. `ignored` is what the log shall say of options that
/// change nothing; `ready` is called once, when the server answers.
pub fn run(
    config: &Config,
    ignored: &[String],
    load: Load,
    ready: impl FnOnce(),
) -> Result<(), StartError> {
    let identity = Identity::wanted(config)?;
    let mut given = systemd::sockets()?;
    let http = match (given.http.take(), config.http.as_str()) {
        (Some(http), _) => Some(http),
        (None, "") => None,
        (None, place) => Some(http::bind(place)?),
    };
    let bound = listener::bind(config, given)?;
    let (target, log) = open_log(config)?;
    without_effect(config, &log);
    ignored.iter().for_each(|what| log.warn(&format!("spamd: {what}")));
    let pid_file = pid_file(config, &log);
    let mut config = config.clone();
    let place = match (&identity, &config.fingerprints) {
        (Some(identity), Some(folder)) => Some(place::hand_over(folder, identity)?),
        _ => None,
    };
    let keeper = match &identity {
        None => None,
        Some(identity) => {
            let charge = charge(&config, &target, &bound, pid_file.as_ref());
            let keeper = Keeper::start(&charge)?;
            identity.take()?;
            log.debug(&format!("spamd: now running as {}", identity.name()));
            Some(Arc::new(keeper))
        }
    };
    config.fingerprints = place.map(place::Place::reachable).or(config.fingerprints);
    let system = |why| StartError::System { what: "no threads for the server".into(), why };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(system)?;
    let users = Users::new(&config, keeper.clone());
    let within = runtime.enter();
    let server = Server::with_users(&config, log, load, users, Builder::Program)?;
    drop(within);
    let outside = Outside { bound, http, pid_file, keeper, target };
    let served = runtime.block_on(signals::run(server, outside, |_| ready()));
    // Connections that the drain has cut off are not waited for again.
    runtime.shutdown_background();
    served
}

/// The log that `config` describes, and where it goes.
fn open_log(config: &Config) -> Result<(Target, Log), StartError> {
    let target =
        Target::parse(&config.log_target, &config.syslog_socket).map_err(StartError::Setting)?;
    let level = Level::named(&config.log_level).unwrap_or(Level::Info);
    let stamp = Stamp::parse(&config.timestamps).map_err(StartError::Setting)?;
    let areas = match config.log_areas.is_empty() {
        true => Areas::all(),
        false => Areas::parse(&config.log_areas),
    };
    let opened = Log::open(&target, level);
    let (target, log) = match (opened, &target) {
        (Ok(log), _) => (target, log),
        // As with spamd a machine without a syslog has standard error.
        (Err(error), Target::Syslog { .. }) => {
            let log = Log::open(&Target::Stderr, level).map_err(log_refused)?;
            log.warn(&format!("logger: syslog cannot be reached, using stderr: {error}"));
            (Target::Stderr, log)
        }
        (Err(why), _) => return Err(log_refused(why)),
    };
    Ok((target, log.with(stamp, areas)))
}

fn log_refused(why: std::io::Error) -> StartError {
    StartError::Log(why)
}

/// What is set and changes nothing without the setting that it goes with.
fn without_effect(config: &Config, log: &Log) {
    if config.create_prefs && config.user_config && users::template(config).is_none() {
        log.warn("config: can not determine default prefs path: there is no user_prefs.template");
    }
    if !config.group.is_empty() && config.user.is_empty() {
        log.warn("spamd: the group (-g) counts only beside a user (-u)");
    }
}

/// A PID file that cannot be had is told of and done without, as spamd does without.
fn pid_file(config: &Config, log: &Log) -> Option<PidFile> {
    let path = config.pid_file.as_ref()?;
    match PidFile::open(path) {
        Ok(file) => Some(file),
        Err(error) => {
            log.warn(&format!("spamd: cannot write to PID file: {}: {error}", path.display()));
            None
        }
    }
}

/// What the keeper may do for this server.
fn charge(config: &Config, target: &Target, bound: &[Bound], pid_file: Option<&PidFile>) -> Charge {
    let log = match target {
        Target::File(path) => Some(path.clone()),
        _ => None,
    };
    let sockets = bound.iter().filter_map(Bound::file);
    let remove = sockets.chain(pid_file.map(PidFile::path)).map(ToOwned::to_owned).collect();
    let speaks_tls = bound.iter().any(|bound| matches!(bound, Bound::Tls(..)));
    let files = [Some(&config.tls_key), Some(&config.tls_cert), config.tls_ca_file.as_ref()];
    let open = files.into_iter().flatten().filter(|_| speaks_tls).cloned().collect();
    Charge { log, open, template: users::template(config), remove }
}
