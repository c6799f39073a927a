//! A set of known fingerprints in memory.

use mailprint::fingerprint::common::{Nothing, Phrases};
use mailprint::fingerprint::judge::FULL;
use mailprint::fingerprint::view::View;
use mailprint::fingerprint::{Algorithm, Class, Fingerprint, Known, Listed, Prints, of, of_view};
use mailprint::limits::Limits;
use mailprint::message::Message;
use std::collections::{HashMap, HashSet};

type Key = (Algorithm, u64);

/// What is known, and of whom.
#[derive(Default)]
pub struct Memory {
    /// What is common in wanted mail.
    pub phrases: Phrases,
    /// How many messages were learned.
    pub references: usize,
    /// Of each fingerprint: the first campaign that had it, and whether another one did.
    known: HashMap<Key, (u32, bool)>,
    campaigns: HashMap<String, u32>,
}

/// What is known, but of one campaign nothing but one message.
pub struct Only<'m> {
    memory: &'m Memory,
    campaign: u32,
    own: HashSet<Key>,
}

fn key(print: &Fingerprint) -> Key {
    (print.algorithm, print.key())
}

impl Memory {
    /// Learns a wanted message.
    pub fn learn_wanted(&mut self, bytes: &[u8]) {
        let limits = Limits::default();
        let message = Message::parse(bytes.to_vec(), &limits);
        let view = View::of(&message, &limits);
        let prints = of_view(&view, &Nothing, &limits);
        self.phrases.learn(&view, &prints, &limits);
    }

    /// Learns a message of the campaign `name`.
    pub fn learn(&mut self, name: &str, prints: &Prints) {
        let next = u32::try_from(self.campaigns.len()).unwrap();
        let campaign = *self.campaigns.entry(name.to_owned()).or_insert(next);
        self.references += 1;
        for print in &prints.all {
            let (first, other) = self.known.entry(key(print)).or_insert((campaign, false));
            *other |= *first != campaign;
        }
    }

    /// The fingerprints of a message.
    pub fn prints(&self, bytes: &[u8]) -> Prints {
        let limits = Limits::default();
        of(&Message::parse(bytes.to_vec(), &limits), self, &limits)
    }

    /// This, but with `prints` in place of all that is known of the campaign `name`.
    pub fn only(&self, name: &str, prints: &Prints) -> Only<'_> {
        let campaign = self.campaigns.get(name).copied().unwrap_or(u32::MAX);
        Only { memory: self, campaign, own: prints.all.iter().map(key).collect() }
    }

    /// How many fingerprints are known.
    pub fn len(&self) -> usize {
        self.known.len()
    }
}

fn spam() -> Listed {
    Listed::default().with(Class::Spam, FULL)
}

impl Known for Memory {
    fn listed(&self, algorithm: Algorithm, key: u64) -> Listed {
        match self.known.contains_key(&(algorithm, key)) {
            true => spam(),
            false => Listed::default(),
        }
    }

    fn is_common(&self, phrase: u64) -> bool {
        self.phrases.contains(phrase)
    }
}

impl Known for Only<'_> {
    fn listed(&self, algorithm: Algorithm, key: u64) -> Listed {
        let key = (algorithm, key);
        let others = |&(first, other): &(u32, bool)| other || first != self.campaign;
        match self.own.contains(&key) || self.memory.known.get(&key).is_some_and(others) {
            true => spam(),
            false => Listed::default(),
        }
    }

    fn is_common(&self, phrase: u64) -> bool {
        self.memory.is_common(phrase)
    }
}
