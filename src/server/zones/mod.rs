//! The lists that are held in memory: from the configuration to keepers that run.
//!
//! [`Lists`] is made once for a process, before the first message. It takes the last good copies
//! from the disk at once; [`Lists::keep`] refreshes them in the background from then on.

pub mod rules;
mod serve;
mod wanted;

pub use serve::Serving;
pub use wanted::wanted;

use crate::clock;
use crate::config::Config;
use crate::log::Log;
use crate::metrics::Metrics;
use crate::zones::held::build::Builder;
use crate::zones::held::{Held, Keeper, Notices, Shared, Status};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Semaphore;

/// All lists of a process.
pub struct Lists {
    held: Arc<Held>,
    keepers: Vec<Arc<Keeper>>,
    folder: PathBuf,
    notices: Notices,
}

/// How much more often others get a processor.
const NICE: i32 = 10;
/// How often ages are looked at, and how the lists stand is written down.
const TICK: Duration = Duration::from_secs(10);

impl Lists {
    /// The lists of `config`, with their last good copies; `None` where there are none. Tables are
    /// made where `builder` says. Wrong is what only shows in use, a key that is none, say.
    pub fn open(
        config: &Config,
        metrics: &Metrics,
        notices: Notices,
        builder: Builder,
    ) -> Result<Option<Arc<Lists>>, String> {
        if config.zones.is_empty() {
            return Ok(None);
        }
        let wanted = wanted(config)?;
        let ages = wanted.iter().map(|list| (list.name.clone(), list.max_age));
        let held = Arc::new(Held::new(ages, &metrics.zones, Arc::new(clock::unix_seconds)));
        let shared = Shared {
            held: Arc::clone(&held),
            folder: config.zones_folder.clone(),
            limits: config.limits.clone(),
            metrics: metrics.zones.clone(),
            notices: notices.clone(),
            builder,
            building: Arc::new(Semaphore::new(1)),
        };
        let keeper = |list| Keeper::new(list, shared.clone()).map(Arc::new);
        let keepers: Vec<Arc<Keeper>> = wanted.into_iter().filter_map(keeper).collect();
        crate::fetch::place::sweep(&config.zones_folder);
        keepers.iter().for_each(|keeper| keeper.open());
        let folder = config.zones_folder.clone();
        Ok(Some(Arc::new(Lists { held, keepers, folder, notices })))
    }

    /// What of it goes to a server's log.
    pub fn notices(log: &Arc<Log>) -> Notices {
        let (warn, info) = (Arc::clone(log), Arc::clone(log));
        Notices {
            warn: Arc::new(move |text| warn.warn(text)),
            info: Arc::new(move |text| info.info(text)),
        }
    }

    /// Refreshes the lists as long as anybody has them, on a thread of its own: what waits for
    /// disks there, or takes a processor, is in nobody's way.
    pub fn keep(self: &Arc<Self>) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (keepers, lists) = (self.keepers.clone(), Arc::downgrade(self));
        let work = move || {
            // Of this thread and those that it starts: whoever scans mail goes first.
            let _ = rustix::process::nice(NICE);
            for keeper in keepers {
                runtime.spawn(keeper.run());
            }
            runtime.block_on(Lists::tick(lists));
            runtime.shutdown_background();
        };
        std::thread::Builder::new().name("lists".to_owned()).spawn(work).map(drop)
    }

    async fn tick(lists: Weak<Lists>) {
        let mut told = false;
        loop {
            let Some(here) = lists.upgrade() else { return };
            let written = tokio::task::spawn_blocking(move || {
                here.keepers.iter().for_each(|keeper| keeper.tick());
                (here.status().write(&here.folder), here)
            });
            if let Ok((Err(why), here)) = written.await
                && !std::mem::replace(&mut told, true)
            {
                (here.notices.warn)(&format!(
                    "zones: {why}; without zones.folder to write to no copy is kept or refreshed"
                ));
            }
            tokio::time::sleep(TICK).await;
        }
    }

    /// How the lists stand.
    pub fn status(&self) -> Status {
        let lists = self.keepers.iter().map(|keeper| keeper.row()).collect();
        Status { process: std::process::id(), written: clock::unix_seconds(), lists }
    }

    /// The lists, as messages ask them.
    pub fn held(&self) -> &Arc<Held> {
        &self.held
    }
}
