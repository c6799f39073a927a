//! The lists' own DNS server, for an MTA that asks them itself.
//!
//! It answers from the copies that messages are answered from. A copy that is too old to count is
//! not served; a newer one is within a second.

use super::Lists;
use crate::config::Config;
use crate::config::address::{Allowed, Listen, Unsaid};
use crate::server::StartError;
use crate::zones::listener::Listener;
use crate::zones::{Served, Zone};
use arc_swap::ArcSwap;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::runtime::Handle;

/// How often copies are looked at.
const TURN: Duration = Duration::from_secs(1);
/// The port of places that name none.
const PORT: u16 = 53;

/// A DNS server that runs until it is dropped.
pub struct Serving {
    listener: Listener,
}

impl Serving {
    /// Listens where `zones.listen` says; `None` if that is nowhere.
    pub fn start(
        config: &Config,
        lists: &Arc<Lists>,
        runtime: &Handle,
    ) -> Result<Option<Serving>, StartError> {
        let places = places(&config.zones_listen).map_err(StartError::Setting)?;
        if places.is_empty() {
            return Ok(None);
        }
        let allowed = Allowed::parse(&config.zones_allowed).map_err(StartError::Setting)?;
        let shown = current(lists);
        let served = Arc::new(ArcSwap::from_pointee(Served::new(shown)));
        let may_ask = Arc::new(move |address| allowed.contains(address));
        let threads = config.zones_threads;
        let listener =
            Listener::start(&places, threads, may_ask, Arc::clone(&served), &config.limits);
        let what =
            format!("the lists' DNS server cannot listen at {}", config.zones_listen.join(", "));
        let listener = listener.map_err(|why| StartError::System { what, why })?;
        runtime.spawn(renew(Arc::downgrade(lists), Arc::downgrade(&served)));
        Ok(Some(Serving { listener }))
    }

    /// Where it listens.
    pub fn places(&self) -> &[SocketAddr] {
        self.listener.places()
    }
}

/// Puts newer copies in their place as long as there is anybody who serves them.
async fn renew(lists: Weak<Lists>, served: Weak<ArcSwap<Served>>) {
    loop {
        tokio::time::sleep(TURN).await;
        let (Some(lists), Some(served)) = (lists.upgrade(), served.upgrade()) else { return };
        let current = current(&lists);
        let shown = served.load();
        let is_same = shown.zones().count() == current.len()
            && shown.zones().zip(&current).all(|(shown, current)| Arc::ptr_eq(shown, current));
        if !is_same {
            served.store(Arc::new(Served::new(current)));
        }
    }
}

/// The copies that count, by name.
fn current(lists: &Lists) -> Vec<Arc<Zone>> {
    let now = lists.held().now();
    let counting = lists.held().lists().filter(|list| list.weight(now) > 0.0);
    let mut zones: Vec<Arc<Zone>> = counting.filter_map(|list| list.copy()).collect();
    zones.sort_by(|one, other| one.name().cmp(other.name()));
    zones
}

fn places(texts: &[String]) -> Result<Vec<SocketAddr>, String> {
    let unsaid = Unsaid { port: PORT, ..Unsaid::default() };
    let mut places = Vec::new();
    for text in texts {
        let place = Listen::parse(text, &unsaid)?;
        let hosts = place.hosts();
        if hosts.is_empty() || matches!(place, Listen::Tcp { tls: true, .. }) {
            return Err(format!("zones.listen: {text} is no place for DNS: host:port is"));
        }
        for host in hosts {
            let found =
                host.to_socket_addrs().map_err(|why| format!("zones.listen: {text}: {why}"))?;
            places.extend(found);
        }
    }
    Ok(places)
}
