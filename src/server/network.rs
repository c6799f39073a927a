//! The network, as a process asks it: a resolver by the rules' settings, and whether there is
//! anybody to ask.

use crate::dns::{Kind, Lookup, Name, Notices, Question, Resolver, probes};
use crate::engine::network::Answers;
use crate::engine::{Asking, Network};
use crate::limits::Limits;
use crate::metrics::Metrics;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::runtime::Handle;

/// Who is asked, and whether that makes sense now.
pub struct Access {
    network: Arc<Network>,
    resolver: Arc<Resolver>,
    there: AtomicBool,
}

impl Access {
    /// A resolver that runs on `runtime`. What it has to say to the administrator goes to
    /// `notices`. Where the rules want the network tested, it is not there before
    /// [`Access::watch`] or [`Access::test`] has found it.
    pub fn new(
        asking: &Asking,
        limits: &Limits,
        metrics: Metrics,
        notices: Notices,
        runtime: Handle,
    ) -> Arc<Access> {
        let dns = asking.dns.clone();
        let resolver = Resolver::new(dns, limits, metrics, notices, runtime.clone());
        let there = AtomicBool::new(asking.test.is_empty());
        let answers: Arc<dyn Answers> = Arc::new(Arc::clone(&resolver));
        let network = Arc::new(Network { answers, runtime });
        Arc::new(Access { network, resolver, there })
    }

    /// The network, if it is there.
    pub fn network(&self) -> Option<Arc<Network>> {
        self.there.load(Ordering::Relaxed).then(|| Arc::clone(&self.network))
    }

    /// Looks whether the lists are well, today and every day.
    pub fn probes(&self) -> impl Future<Output = ()> + use<> {
        probes::watch(Arc::downgrade(&self.resolver))
    }

    /// Looks for the network, once or now and then, as the rules want, while anybody has it.
    pub async fn watch(access: Weak<Access>, asking: Asking) {
        loop {
            let Some(here) = access.upgrade() else { return };
            here.test(&asking).await;
            drop(here);
            let Some(again) = asking.again else { return };
            tokio::time::sleep(again).await;
        }
    }

    /// Looks for the network: is one of the names that the rules want tried there?
    pub async fn test(&self, asking: &Asking) {
        if asking.test.is_empty() {
            return;
        }
        let mut found = false;
        for name in asking.test.iter().take(TRIES) {
            found = found || self.finds(name).await;
        }
        self.there.store(found, Ordering::Relaxed);
    }

    async fn finds(&self, name: &Name) -> bool {
        let deadline = crate::clock::Tick::now().plus(PATIENCE);
        let asker: Arc<dyn Lookup> = self.network.answers.asker(deadline);
        for kind in [Kind::A, Kind::AAAA] {
            let question = Question::new(name.clone(), kind);
            let reply = tokio::time::timeout(PATIENCE, asker.lookup(&question)).await;
            if reply.is_ok_and(|reply| reply.is_ok_and(|reply| reply.of(kind).next().is_some())) {
                return true;
            }
        }
        false
    }
}

/// How many names are tried before the network counts as away.
const TRIES: usize = 3;
/// How long one name is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
