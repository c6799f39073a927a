//! A publisher's folder and one who follows it, in one process, on a clock that tests move.

use crate::nginx::Folder;
use mailprint::feed::base::Lists;
use mailprint::feed::brake::Brake;
use mailprint::feed::poll::{Polled, Surroundings};
use mailprint::feed::publish::{Published, Publisher};
use mailprint::feed::verify::Trust;
use mailprint::feed::{FeedError, Follower, ListId, SecretKey, Settings};
use mailprint::fetch::{Credentials, Plan, Source};
use mailprint::fingerprint::known::{Live, Origin};
use mailprint::fingerprint::{Algorithm, Class, Known};
use mailprint::limits::Limits;
use mailprint::metrics::Metrics;
use std::cell::Cell;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Spam by the order of its words, weight 9.
pub const SPAM: ListId = ListId { algorithm: 1, class: 9 };

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(1_800_000_000) };
}

/// The tests' clock.
pub fn now() -> u64 {
    NOW.get()
}

/// Lets time pass.
pub fn pass(seconds: u64) {
    NOW.set(now() + seconds);
}

/// The tests' clock is this machine's from now on.
pub fn real_time() {
    NOW.set(mailprint::feed::poll::now());
}

pub fn key(seed: u8) -> SecretKey {
    SecretKey::of_seed(&[seed; 32]).unwrap()
}

/// Keys without any order: as many as wanted, from the one of this number on.
pub fn keys(from: u64, count: u64) -> Vec<u64> {
    let mixed = |n: u64| {
        let n = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (n ^ (n >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    };
    let mut keys: Vec<u64> = (from..from + count).map(|n| mixed(n + 1)).collect();
    keys.sort_unstable();
    keys
}

pub fn spam(keys: Vec<u64>) -> Lists {
    Lists::from([(SPAM, keys)])
}

/// A publisher and a follower.
pub struct Ground {
    pub folder: Folder,
    pub metrics: Metrics,
    pub live: Arc<Live>,
    pub limits: Limits,
    pub settings: Settings,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Ground {
    pub fn new(name: &str) -> Ground {
        let folder = Folder::new(name);
        let settings = Settings {
            name: "f".into(),
            source: Source::File(folder.at("www")),
            trust: Trust { keys: vec![key(1).public()], countersigners: Vec::new(), epoch: 1 },
            credentials: Credentials::default(),
            folder: folder.at("replica"),
            plan: Plan::every(Duration::from_secs(60), Duration::from_secs(1800)),
            brake: Brake::default(),
            accept_outsize: false,
        };
        Ground {
            settings,
            metrics: Metrics::new().unwrap(),
            live: Arc::default(),
            limits: Limits::default(),
            lines: Arc::default(),
            folder,
        }
    }

    pub fn www(&self, name: &str) -> PathBuf {
        self.folder.at("www").join(name)
    }

    /// Publishes with the key that is believed.
    pub fn publish(&self, lists: &Lists) -> Published {
        self.publish_with(lists, |_| ())
    }

    pub fn publish_with(&self, lists: &Lists, change: impl Fn(&mut Publisher<'_>)) -> Published {
        let (folder, key) = (self.folder.at("www"), key(1));
        let mut publisher = Publisher {
            folder: &folder,
            key: &key,
            countersigner: None,
            expires: 600,
            min_wait: 0,
            epoch: 1,
        };
        change(&mut publisher);
        publisher.publish(lists, now()).unwrap()
    }

    pub fn open(&self) -> Result<Follower, FeedError> {
        let lines = self.lines.clone();
        let around = Surroundings {
            live: self.live.clone(),
            metrics: self.metrics.feed.clone(),
            notices: Arc::new(move |line: &str, _| lines.lock().unwrap().push(line.to_owned())),
            now,
        };
        Follower::open(self.settings.clone(), around, &self.limits)
    }

    /// A follower of its own that polls once.
    pub async fn poll(&self) -> Result<Polled, FeedError> {
        self.open().unwrap().poll().await
    }

    /// What was said to the administrator since the last time.
    pub fn lines(&self) -> String {
        std::mem::take(&mut *self.lines.lock().unwrap()).join("\n")
    }

    /// How much `key` weighs as spam.
    pub fn weight(&self, key: u64) -> u8 {
        self.live.load().listed(Algorithm::TextExact, key).weight(Class::Spam)
    }

    /// Is every key of `keys`, and of them alone, in force?
    pub fn is_in_force(&self, keys: &[u64]) -> bool {
        let sets = self.live.load();
        let lists = sets.source(&Origin::Feed("f".into())).map(|source| source.lists());
        let known: Vec<u64> =
            lists.into_iter().flat_map(|lists| lists.prints.into_values().flatten()).collect();
        known == keys
    }

    /// A line of the metrics; 0 where there is none.
    pub fn metric(&self, name: &str) -> i64 {
        let text = String::from_utf8(self.metrics.text().unwrap()).unwrap();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().unwrap())
    }

    pub fn refusals(&self, cause: &str) -> i64 {
        self.metric(&format!("mailprint_feed_refusals_total{{cause=\"{cause}\",feed=\"f\"}}"))
    }
}
