//! What changed since a snapshot was written.

use super::super::{Algorithm, Listed};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

/// One change of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A fingerprint is known as this now: all its classes, or nothing.
    Print {
        /// What it was made by.
        algorithm: Algorithm,
        /// Its key.
        key: u64,
        /// What it is known as in this source.
        listed: Listed,
    },
    /// A phrase is common in wanted mail now, or is no more.
    Phrase {
        /// Its hash.
        phrase: u64,
        /// Is it common?
        common: bool,
    },
}

/// Keys whose state is not what the snapshot beneath says. A copy costs about as much as its
/// memory takes to copy.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    prints: HashMap<(Algorithm, u64), Listed, Seeded>,
    phrases: HashMap<u64, bool, Seeded>,
}

impl Overlay {
    /// `key` is known as `listed` from now on, whatever the snapshot says.
    pub fn put(&mut self, algorithm: Algorithm, key: u64, listed: Listed) {
        self.prints.insert((algorithm, key), listed);
    }

    /// The phrase is common from now on, or is no more.
    pub fn put_phrase(&mut self, phrase: u64, common: bool) {
        self.phrases.insert(phrase, common);
    }

    /// What `key` is known as; `None` where the snapshot has to say.
    pub fn get(&self, algorithm: Algorithm, key: u64) -> Option<Listed> {
        if self.prints.is_empty() {
            return None;
        }
        self.prints.get(&(algorithm, key)).copied()
    }

    /// Is the phrase common? `None` where the snapshot has to say.
    pub fn is_common(&self, phrase: u64) -> Option<bool> {
        if self.phrases.is_empty() {
            return None;
        }
        self.phrases.get(&phrase).copied()
    }

    /// How many keys and phrases have changed.
    pub fn len(&self) -> usize {
        self.prints.len() + self.phrases.len()
    }

    /// Has nothing changed?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All changes, in no order.
    pub fn changes(&self) -> impl Iterator<Item = Change> {
        let prints = self.prints.iter().map(|(&(algorithm, key), &listed)| Change::Print {
            algorithm,
            key,
            listed,
        });
        let phrases = self.phrases.iter();
        prints.chain(phrases.map(|(&phrase, &common)| Change::Phrase { phrase, common }))
    }
}

/// Hashes keys, which are digests already: a multiplication by something that senders of
/// fingerprints do not know is enough.
#[derive(Clone, Debug)]
struct Seeded(u64);

impl Default for Seeded {
    fn default() -> Seeded {
        // An odd factor loses nothing.
        Seeded(RandomState::new().hash_one(0) | 1)
    }
}

impl BuildHasher for Seeded {
    type Hasher = Folded;

    fn build_hasher(&self) -> Folded {
        Folded { factor: self.0, state: self.0 }
    }
}

struct Folded {
    factor: u64,
    state: u64,
}

impl Hasher for Folded {
    fn finish(&self) -> u64 {
        self.state
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.state ^ word) * u128::from(self.factor);
        self.state = (product as u64) ^ ((product >> 64) as u64);
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Class;
    use super::*;

    #[test]
    fn the_last_change_of_a_key_counts() {
        let mut overlay = Overlay::default();
        assert!(overlay.is_empty());
        for weight in [3, 0] {
            let listed = Listed::default().with(Class::Spam, weight);
            overlay.put(Algorithm::Subject, 9, listed);
            assert_eq!(overlay.get(Algorithm::Subject, 9), Some(listed));
        }
        assert_eq!(overlay.get(Algorithm::Subject, 8), None);
        assert_eq!(overlay.get(Algorithm::Joint, 9), None);
        overlay.put_phrase(4, false);
        assert_eq!((overlay.is_common(4), overlay.is_common(5)), (Some(false), None));
        assert_eq!(overlay.changes().count(), 2);
    }
}
