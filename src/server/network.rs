//! The network, as a process asks it: a resolver by the rules' settings, and whether there is
//! anybody to ask.

use super::resolver;
use crate::dns::{Kind, Lookup, Name, Notices, Question, Resolver, Settings, probes};
use crate::engine::Network;
use crate::engine::network::{Answers, Layered};
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::rules::RuleSet;
use crate::zones::held::Held;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::runtime::Handle;

/// How the network is asked.
#[derive(Clone, Debug)]
pub struct Asking {
    /// How the DNS is asked.
    pub dns: Settings,
    /// Names to try before anything is asked for mail; none: the network is there.
    pub test: Vec<Name>,
    /// When to try again; `None`: once is enough.
    pub again: Option<Duration>,
}

/// What is tried where `dns_available test` names nothing.
const TRIED: [&[u8]; 4] = [b"google.com", b"cloudflare.com", b"wikipedia.org", b"php.net"];

impl Asking {
    /// What `rules` say (`dns_available`, `dns_test_interval`); `None` where they, or whoever
    /// loaded them, want no network.
    pub fn of(rules: &RuleSet) -> Option<Asking> {
        let options = &rules.options;
        let family = |name: &[u8]| options.map("dns_options").and_then(|map| map.get(name));
        let is_off = |name| family(name).is_some_and(|value| **value == *b"0");
        if rules.is_local() || (is_off(b"v4") && is_off(b"v6")) {
            return None;
        }
        let mut again = None;
        let tried: Vec<&[u8]> = match options.text("dns_available") {
            Some(b"no") => return None,
            Some(b"test") => {
                let seconds = options.number("dns_test_interval").clamp(1.0, 1e6);
                again = Some(Duration::from_secs_f64(seconds));
                TRIED.to_vec()
            }
            Some(text) => {
                let names = text.strip_prefix(b"test:").unwrap_or_default();
                names.split(u8::is_ascii_whitespace).filter(|name| !name.is_empty()).collect()
            }
            None => Vec::new(),
        };
        let test = tried.into_iter().filter_map(Name::new).collect();
        Some(Asking { dns: resolver::settings(rules), test, again })
    }
}

/// Who is asked, and whether that makes sense now.
pub struct Access {
    network: Arc<Network>,
    resolver: Arc<Resolver>,
    there: AtomicBool,
}

impl Access {
    /// A resolver that runs on `runtime`, behind the lists that are `held` in memory. What it has to say to the administrator goes to
    /// `notices`. Where the rules want the network tested, it is not there before
    /// [`Access::watch`] or [`Access::test`] has found it.
    pub fn new(
        asking: &Asking,
        limits: &Limits,
        metrics: Metrics,
        notices: Notices,
        runtime: Handle,
        held: Option<Arc<Held>>,
    ) -> Arc<Access> {
        let mut dns = asking.dns.clone();
        if let Some(held) = &held {
            // Their owners see nothing of us, nor do we ask how they are.
            dns.lists.retain(|list| !held.has(&list.zone));
        }
        let resolver = Resolver::new(dns, limits, metrics, notices, runtime.clone());
        let there = AtomicBool::new(asking.test.is_empty());
        let mut answers: Arc<dyn Answers> = Arc::new(Arc::clone(&resolver));
        if let Some(held) = held {
            answers = Arc::new(Layered { held, beneath: Some(answers) });
        }
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
