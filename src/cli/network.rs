//! What commands that scan ask beside the message: the network, by a small runtime of their own,
//! and the store of fingerprints.

use super::{Failure, fp};
use crate::config::Config;
use crate::engine::{Engine, Network};
use crate::error::Code;
use crate::fingerprint::Known;
use crate::metrics::Metrics;
use crate::server::network::{Access, Asking};
use crate::server::zones::Lists;
use crate::zones::held::Notices;
use crate::zones::held::build;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};

/// Who may be asked, and the threads that ask.
pub struct Outside {
    /// Nobody, where rules or options want local tests only.
    pub network: Option<Arc<Network>>,
    /// What is known of fingerprints, where the configuration names a store.
    pub known: Option<Arc<dyn Known>>,
    /// Errands run here as long as this lives.
    _runtime: Option<Runtime>,
}

/// The network, as the rules of `engine` want it asked, behind the last good copies of the lists
/// that are held; told on standard error is what lists have to say.
pub fn outside(engine: &Engine, config: &Config) -> Result<Outside, Failure> {
    let known = fp::known(config);
    let asking = Asking::of(engine.rules());
    if asking.is_none() && config.zones.is_empty() {
        return Ok(Outside { network: None, known, _runtime: None });
    }
    let wrong = |what: &str| Failure::new(Code::OsErr, what);
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|why| wrong(&format!("no threads for the network: {why}")))?;
    let metrics = Metrics::new().map_err(|why| wrong(&why.to_string()))?;
    let notices = Arc::new(|text: &str| eprintln!("warn: {text}"));
    let said = Notices { warn: notices.clone(), info: Arc::new(|_| {}) };
    let lists = Lists::open(config, &metrics, said, build::Builder::Here);
    let lists = lists.map_err(|why| Failure::new(Code::Config, why))?;
    let held = lists.as_ref().map(|lists| Arc::clone(lists.held()));
    let handle = runtime.handle().clone();
    let alone = held.as_ref().map(|held| Network::of_held(held, &handle));
    let asked = asking.and_then(|asking| {
        let access = Access::new(&asking, &config.limits, metrics, notices, handle, held);
        runtime.block_on(access.test(&asking));
        access.network()
    });
    Ok(Outside { network: asked.or(alone), known, _runtime: Some(runtime) })
}
