//! `mailprint fp keygen`, and `fp export` and `fp import` of feeds: known fingerprints as a
//! folder that any web server can serve (`doc/FEED.md`).

use super::super::{Failure, Outcome, flag, out, valued};
use super::{Place, ask, odd};
use crate::clock::{self, Tick};
use crate::config::feeds::Feed;
use crate::error::Code;
use crate::feed::poll::{Surroundings, now};
use crate::feed::publish::{Published, Publisher};
use crate::feed::{FeedError, Follower, SecretKey, layer};
use crate::fetch::FetchError;
use crate::fingerprint::known::Live;
use crate::metrics::Metrics;
use crate::server::feeds;
use crate::server::lessons::wire::{Answer, Request};
use clap::{Arg, ArgMatches, Command, value_parser};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Its description.
pub fn keygen_command() -> Command {
    Command::new("keygen")
        .about("Make the key that signs a feed")
        .long_about(
            "Writes a new secret key (Ed25519, in PEM) to FILE, which must not exist and which \
             only its owner can read, and prints the public key, which goes into the \
             configuration of all who follow the feed (feeds.NAME.keys). For a file that is \
             there already, --public prints its public key.",
        )
        .arg(Arg::new("FILE").required(true).help("The file"))
        .arg(flag("public", "Print the public key of the secret key in FILE"))
}

/// Runs it.
pub fn keygen(matches: &ArgMatches) -> Outcome {
    let path = PathBuf::from(matches.get_one::<String>("FILE").cloned().unwrap_or_default());
    let key = match matches.get_flag("public") {
        true => SecretKey::load(&path),
        false => SecretKey::generate(&path),
    };
    let key = key.map_err(|why| Failure::new(Code::CantCreat, why.to_string()))?;
    out::print(format!("{}\n", key.public()).as_bytes())?;
    Ok(0)
}

/// Adds what `fp export` needs for a feed.
pub fn with_export(command: Command) -> Command {
    let seconds =
        |name, help| valued(name, "SECONDS", help).value_parser(value_parser!(u64).range(1..));
    command
        .after_long_help(
            "With --feed, what was learned becomes a signed feed in a folder: put its part v1 \
             behind any web server, and servers whose mailprint.yaml has it in the section feeds \
             know within a minute or so what is learned and forgotten here. Run it each minute, or \
             leave it running with --every. doc/FEED.md specifies the files.",
        )
        .mut_arg("FILE", |file| file.required(false).required_unless_present("feed"))
        .arg(
            valued("feed", "DIR", "Publish a feed in this folder instead, for a web server to serve")
                .conflicts_with("FILE")
                .requires("key"),
        )
        .arg(valued("key", "FILE", "The key that signs the feed (fp keygen)"))
        .arg(valued("countersign", "FILE", "A second key, which signs what is larger than a step may be"))
        .arg(seconds("expires", "Seconds after which the feed's head says nothing any more (600)"))
        .arg(seconds("every", "Go on, and publish again after so many seconds"))
        .arg(
            valued("epoch", "N", "The epoch of a folder that is begun now (1)")
                .value_parser(value_parser!(u32).range(1..)),
        )
        .arg(flag("ham", "Publish what was taught as wanted, too: whoever has a text can tell that you have seen it"))
}

/// Publishes a feed, once or again and again.
pub fn export(matches: &ArgMatches, folder: &str) -> Outcome {
    let place = Place::of(matches)?;
    let number = |name: &str| matches.get_one::<u64>(name).copied();
    let key = |name: &str| -> Result<Option<SecretKey>, Failure> {
        let path = matches.get_one::<String>(name);
        path.map(|path| SecretKey::load(Path::new(path))).transpose().map_err(|why| failed(&why))
    };
    let Some(signer) = key("key")? else {
        return Err(Failure::new(Code::Usage, "a feed needs --key"));
    };
    let countersigner = key("countersign")?;
    let publisher = Publisher {
        folder: Path::new(folder),
        key: &signer,
        countersigner: countersigner.as_ref(),
        expires: number("expires").unwrap_or(600),
        min_wait: 0,
        epoch: matches.get_one::<u32>("epoch").copied().unwrap_or(1),
    };
    loop {
        let began = Tick::now();
        let published = publish(&place, &publisher, matches.get_flag("ham"));
        match (published, number("every")) {
            (Ok(published), every) => {
                let changed = published.adds + published.removals > 0;
                if changed || every.is_none() {
                    out::print(line(&published).as_bytes())?;
                }
                let Some(every) = every else { return Ok(0) };
                std::thread::sleep(Duration::from_secs(every).saturating_sub(began.elapsed()));
            }
            (Err(why), None) => return Err(why),
            // A disk that is full, a server that is started again: the next time may be better.
            (Err(why), Some(every)) => {
                eprintln!("warn: {}", why.text);
                std::thread::sleep(Duration::from_secs(every));
            }
        }
    }
}

fn publish(place: &Place, publisher: &Publisher, with_ham: bool) -> Result<Published, Failure> {
    let Answer::Lists(known) = ask(&place.door()?, Request::Lists)? else { return Err(odd()) };
    let lists = layer::published(known, with_ham);
    wait_for_another_second(&publisher.folder.join("v1/head"));
    publisher.publish(&lists, now()).map_err(|why| failed(&why))
}

/// Web servers tell files apart by their length, which all heads share, and the second in which
/// they were written: two heads in one would be one to who polls in between.
fn wait_for_another_second(head: &Path) {
    let written = std::fs::metadata(head).map_or(0, |head| head.mtime());
    if written == clock::unix_seconds() {
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn line(published: &Published) -> String {
    let Published { epoch, seq, entries, adds, removals, delta_bytes, snapshot_bytes } = published;
    format!(
        "state {epoch}.{seq}: {entries} entries, {adds} new, {removals} gone; \
         delta {delta_bytes} bytes, snapshot {snapshot_bytes} bytes\n"
    )
}

/// Adds what `fp import` needs for a feed.
pub fn with_import(command: Command) -> Command {
    command
        .after_long_help(
            "A feed is brought to its newest state once and kept in the store; every check that \
             keeps servers from bad feeds is made here, too. A feed that a server follows is that \
             server's: it says so, and nothing changes. For a store that a server will use, run it \
             as the server's user.",
        )
        .arg(
            valued(
                "name",
                "NAME",
                "FILE is a feed (its address, or a folder): keep it under this name",
            )
            .requires("public-key"),
        )
        .arg(valued("public-key", "KEY", "The public key of the feed's publisher").requires("name"))
        .arg(valued("feed", "NAME", "Import a feed of mailprint.yaml").conflicts_with("FILE"))
        .arg(flag("accept-outsize", "Take a step of a feed that is larger than one may be"))
        .mut_arg("FILE", |file| file.required(false).required_unless_present("feed"))
}

/// Is a feed meant, and not a file of lessons?
pub fn is_import(matches: &ArgMatches) -> bool {
    matches.contains_id("feed") || matches.contains_id("name")
}

/// Brings a feed into the store, once. What a server follows is the server's.
pub fn import(matches: &ArgMatches) -> Outcome {
    let place = Place::of(matches)?;
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let (name, feed) = match text("feed") {
        Some(name) => {
            let feed = place.config.feeds.get(&name).cloned().ok_or_else(|| {
                Failure::new(Code::Config, format!("there is no feed {name} in mailprint.yaml"))
            })?;
            (name, feed)
        }
        None => {
            let url = absolute(&text("FILE").unwrap_or_default());
            let keys = vec![text("public-key").unwrap_or_default()];
            let feed = Feed { url, keys, epoch: u32::MAX, ..Feed::default() };
            (text("name").unwrap_or_default(), feed)
        }
    };
    crate::config::feeds::check(&name, &feed).map_err(|why| Failure::new(Code::Usage, why))?;
    let limits = &place.config.limits;
    let mut settings =
        feeds::settings(&name, &feed, &place.folder, limits).map_err(|why| failed(&why))?;
    settings.accept_outsize = matches.get_flag("accept-outsize");
    let metrics = Metrics::new().map_err(|why| Failure::new(Code::Software, why.to_string()))?;
    let live = Arc::new(Live::default());
    let around = Surroundings { live, metrics: metrics.feed, notices: Arc::new(|_, _| ()), now };
    let mut follower = Follower::open(settings, around, limits).map_err(|why| failed(&why))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let polled = runtime.block_on(follower.poll()).map_err(|why| failed(&why))?;
    let what = if polled.from == polled.to { "already at" } else { "now at" };
    let text = format!("feed {name} is {what} state {}, {} entries\n", polled.to, polled.entries);
    out::print(text.as_bytes())?;
    Ok(0)
}

/// A folder as the fetcher wants it named.
fn absolute(text: &str) -> String {
    match std::fs::canonicalize(text) {
        Ok(path) if path.is_dir() => path.display().to_string(),
        _ => text.to_owned(),
    }
}

/// A feed's trouble with its exit status.
fn failed(why: &FeedError) -> Failure {
    let code = match why {
        FeedError::Fetch(FetchError::Full(_) | FetchError::Disk { .. }) => Code::CantCreat,
        FeedError::Fetch(FetchError::Source { .. } | FetchError::Credentials { .. }) => {
            Code::Config
        }
        FeedError::Fetch(_) | FeedError::Busy(_) => Code::TempFail,
        FeedError::Key { .. } | FeedError::Folder { .. } => Code::Config,
        _ => Code::DataErr,
    };
    Failure::new(code, why.to_string())
}
