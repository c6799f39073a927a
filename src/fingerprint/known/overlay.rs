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
    /// An exemption is there now, or gone.
    Exempt {
        /// Its key.
        pair: u64,
        /// Is it there?
        exempt: bool,
    },
}

/// Keys whose state is not what the snapshot beneath says. A copy costs about as much as its
/// memory takes to copy.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    prints: HashMap<(Algorithm, u64), Listed, Seeded>,
    exempt: HashMap<u64, bool, Seeded>,
}

impl Overlay {
    /// `key` is known as `listed` from now on, whatever the snapshot says.
    pub fn put(&mut self, algorithm: Algorithm, key: u64, listed: Listed) {
        self.prints.insert((algorithm, key), listed);
    }

    /// The exemption is there from now on, or gone.
    pub fn put_exempt(&mut self, pair: u64, exempt: bool) {
        self.exempt.insert(pair, exempt);
    }

    /// What `key` is known as; `None` where the snapshot has to say.
    pub fn get(&self, algorithm: Algorithm, key: u64) -> Option<Listed> {
        if self.prints.is_empty() {
            return None;
        }
        self.prints.get(&(algorithm, key)).copied()
    }

    /// Is there this exemption? `None` where the snapshot has to say.
    pub fn exempts(&self, pair: u64) -> Option<bool> {
        if self.exempt.is_empty() {
            return None;
        }
        self.exempt.get(&pair).copied()
    }

    /// How many keys have changed, exemptions among them.
    pub fn len(&self) -> usize {
        self.prints.len() + self.exempt.len()
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
        prints.chain(self.exempt.iter().map(|(&pair, &exempt)| Change::Exempt { pair, exempt }))
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
        overlay.put_exempt(4, false);
        assert_eq!((overlay.exempts(4), overlay.exempts(5)), (Some(false), None));
        assert_eq!(overlay.changes().count(), 2);
    }
}
