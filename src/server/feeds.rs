//! The feeds that a server follows, and what commands see of them.
//!
//! Each feed of `mailprint.yaml` has a follower, a task of its own beside the mail, and a folder
//! `feeds/NAME` in the store of fingerprints with its last good state.

use super::StartError;
use crate::config::Config;
use crate::config::feeds::Feed;
use crate::feed::brake::Brake;
use crate::feed::poll::{Surroundings, now};
use crate::feed::replica::{Replica, age};
use crate::feed::verify::Trust;
use crate::feed::{FeedError, Follower, PublicKey, Settings, layer};
use crate::fetch::{Credentials, Plan, Source};
use crate::fingerprint::known::{Live, Origin};
use crate::limits::Limits;
use crate::log::Log;
use crate::metrics::Metrics;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;

/// The folder in a store that has a folder for each feed.
pub const FOLDER: &str = "feeds";

/// What the configuration says of the feed `name`, kept below `store`.
pub fn settings(
    name: &str,
    feed: &Feed,
    store: &Path,
    limits: &Limits,
) -> Result<Settings, FeedError> {
    let keys = |texts: &[String]| -> Result<Vec<_>, _> {
        texts.iter().map(|text| PublicKey::parse(text)).collect()
    };
    let named = |path: &Option<PathBuf>| path.clone().filter(|path| !path.as_os_str().is_empty());
    let seconds = Duration::from_secs_f64;
    Ok(Settings {
        name: name.to_owned(),
        source: Source::parse(&feed.url)?,
        trust: Trust {
            keys: keys(&feed.keys)?,
            countersigners: keys(&feed.countersigners)?,
            epoch: feed.epoch,
        },
        credentials: Credentials {
            ca_file: named(&feed.ca_file),
            client_file: named(&feed.client_file),
            header_file: named(&feed.header_file),
            password_file: None,
        },
        folder: store.join(FOLDER).join(name),
        plan: Plan::every(seconds(feed.interval), seconds(feed.back_off)),
        brake: Brake {
            always: limits.feed_change_entries as u64,
            added: feed.most_added / 100.0,
            removed: feed.most_removed / 100.0,
            ..Brake::default()
        },
        accept_outsize: false,
    })
}

/// Follows all feeds of `config` until `stopping`: what they list goes into `live`. Needs a
/// runtime. A feed that cannot be opened is a wrong setting, or another process's.
pub fn follow(
    config: &Config,
    live: Option<&Arc<Live>>,
    metrics: &Metrics,
    log: &Arc<Log>,
    stopping: &watch::Receiver<bool>,
) -> Result<(), StartError> {
    if config.feeds.is_empty() {
        return Ok(());
    }
    let (Some(store), Some(live)) = (config.fingerprints.as_deref(), live) else {
        let what = "feeds need a store: name a folder in fingerprints.store";
        return Err(StartError::Setting(what.to_owned()));
    };
    let runtime = Handle::try_current().map_err(|why| StartError::Setting(why.to_string()))?;
    let log = Arc::clone(log);
    let notices = Arc::new(move |text: &str, is_bad: bool| match is_bad {
        true => log.warn(text),
        false => log.info(text),
    });
    let around =
        Surroundings { live: Arc::clone(live), metrics: metrics.feed.clone(), notices, now };
    for (name, feed) in &config.feeds {
        let wrong = |why: FeedError| StartError::Setting(format!("feeds.{name}: {why}"));
        let settings = settings(name, feed, store, &config.limits).map_err(wrong)?;
        let follower = Follower::open(settings, around.clone(), &config.limits).map_err(wrong)?;
        runtime.spawn(follower.run(stopping.clone()));
    }
    Ok(())
}

/// Puts the last good states of all feeds below `store` into `live`: for a command, which
/// follows none.
pub fn look(store: &Path, live: &Live, limits: &Limits, notices: &dyn Fn(&str)) {
    let Ok(entries) = std::fs::read_dir(store.join(FOLDER)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        match Replica::look(&entry.path(), limits) {
            Ok(Some((mut source, head))) => {
                source.fade = layer::fade(age(Some(&head), now()));
                live.update(|sets| sets.with(Origin::Feed(name.as_str().into()), source));
            }
            Ok(None) => {}
            Err(why) => notices(&format!("feed {name}: {why}; it does not count")),
        }
    }
}
