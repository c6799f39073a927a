//! Domain names to values: exact ones, and such that stand for all below them.
//!
//! Names are what DNS sends of them: labels with their lengths, in lower case, without the root.
//! A hash says in which of many small buckets a name is; a bucket is its names one behind the
//! other, each with what it says. That takes a name's own bytes and about three more.
//!
//! Invariant: whatever the bytes, no search leaves them or goes on without end.

use super::blob::{Builder, Pack, Section, Unpack};
use super::values::{Values, few_bytes};

/// Names in a bucket, on average.
const TOGETHER: usize = 4;
/// In a name's mark: it is listed itself, what is below it is, and both say the same.
const ITSELF: u8 = 1;
const BELOW: u8 = 2;
const ALIKE: u8 = 4;

/// An entry on its way into a table.
#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u64,
    /// Where its name begins among all, a byte of length first.
    name: u32,
    value: u32,
    /// [`ITSELF`] or [`BELOW`] or both.
    mark: u8,
}

/// Names on their way into a table.
#[derive(Debug)]
pub struct Names {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    seed: u64,
    /// The fewest and the most labels of names themselves, and of those with what is below.
    itself: Labels,
    below: Labels,
}

/// How many labels names have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Labels {
    least: u8,
    most: u8,
}

impl Labels {
    const NONE: Labels = Labels { least: u8::MAX, most: 0 };

    fn add(&mut self, count: u8) {
        self.least = self.least.min(count);
        self.most = self.most.max(count);
    }

    fn has(self, count: u8) -> bool {
        self.least <= count && count <= self.most
    }
}

/// What names say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'b> {
    /// The number of the value.
    pub value: u32,
    /// The name as listed, which may be above the one asked for.
    pub name: &'b [u8],
}

impl Names {
    /// None yet.
    pub fn new() -> Names {
        Names {
            bytes: Vec::new(),
            entries: Vec::new(),
            // So that no list can be made to fill one bucket.
            seed: rand::random(),
            itself: Labels::NONE,
            below: Labels::NONE,
        }
    }

    /// Adds a name of 254 bytes at most: itself, what is below it, or both.
    pub fn add(&mut self, name: &[u8], itself: bool, below: bool, value: u32) {
        let at = self.bytes.len() as u32;
        self.bytes.push(name.len() as u8);
        self.bytes.extend_from_slice(name);
        let labels = count_labels(name);
        let mut mark = 0;
        if itself {
            mark |= ITSELF;
            self.itself.add(labels);
        }
        if below {
            mark |= BELOW;
            self.below.add(labels);
        }
        self.entries.push(Entry { hash: hash(self.seed, name), name: at, value, mark });
    }

    /// Writes the table. Of a name that stands there several times all values count, in order if
    /// `in_order`, `most` of them; `None` if there is no room for values.
    pub fn build(
        mut self,
        most: usize,
        in_order: bool,
        values: &mut Values,
        blob: &mut Builder,
    ) -> Option<Plan> {
        let mut entries = std::mem::take(&mut self.entries);
        let name = |entry: &Entry| self.name(entry.name);
        entries.sort_by(|one, other| {
            one.hash.cmp(&other.hash).then_with(|| name(one).cmp(name(other)))
        });
        let merged = self.merge(&entries, most, in_order, values)?;
        drop(entries);
        let highest = merged.iter().map(|one| one.itself.max(one.below)).max().unwrap_or(0);
        let only_one = merged.iter().all(|one| one.values().all(|value| value == 1));
        // With nothing but exclusions the highest is 0, and takes a byte as well.
        let width = if only_one { 0 } else { (4 - highest.leading_zeros() as u8 / 8).max(1) };
        let bits = (merged.len() / TOGETHER).max(1).next_power_of_two().trailing_zeros() as u8;
        let (mut index, mut buckets) = (Vec::new(), Vec::with_capacity(self.bytes.len()));
        let mut rest = merged.iter().peekable();
        for bucket in 0..1u64 << bits {
            index.extend((buckets.len() as u32).to_le_bytes());
            while let Some(one) = rest.next_if(|one| bucket_of(one.hash, bits) == bucket) {
                one.write(self.name(one.name), width, &mut buckets);
            }
        }
        index.extend((buckets.len() as u32).to_le_bytes());
        Some(Plan {
            seed: self.seed,
            bits,
            width,
            itself: self.itself,
            below: self.below,
            index: blob.add(&index),
            buckets: blob.add(&buckets),
        })
    }

    fn name(&self, at: u32) -> &[u8] {
        let length = self.bytes.get(at as usize).copied().unwrap_or_default();
        let start = at as usize + 1;
        self.bytes.get(start..start + usize::from(length)).unwrap_or_default()
    }

    /// One for each name, the values of equal names together.
    fn merge(
        &self,
        entries: &[Entry],
        most: usize,
        in_order: bool,
        values: &mut Values,
    ) -> Option<Vec<Merged>> {
        let mut merged = Vec::with_capacity(entries.len());
        let same = |one: &Entry, other: &Entry| {
            one.hash == other.hash && self.name(one.name) == self.name(other.name)
        };
        for group in entries.chunk_by(same) {
            let Some(first) = group.first() else { continue };
            let mut value = |mark: u8| -> Option<u32> {
                let own = group.iter().filter(|entry| entry.mark & mark != 0);
                let mut numbers: Vec<u32> = own.map(|entry| entry.value).take(most).collect();
                match in_order {
                    true => values.in_order(&numbers),
                    false => values.together(&mut numbers),
                }
            };
            merged.push(Merged {
                hash: first.hash,
                name: first.name,
                mark: group.iter().fold(0, |mark, entry| mark | entry.mark),
                itself: value(ITSELF)?,
                below: value(BELOW)?,
            });
        }
        Some(merged)
    }
}

/// A name with all that is said of it.
struct Merged {
    hash: u64,
    name: u32,
    mark: u8,
    itself: u32,
    below: u32,
}

impl Merged {
    /// The values that count.
    fn values(&self) -> impl Iterator<Item = u32> {
        let itself = (self.mark & ITSELF != 0).then_some(self.itself);
        let below = (self.mark & BELOW != 0).then_some(self.below);
        itself.into_iter().chain(below)
    }

    fn write(&self, name: &[u8], width: u8, to: &mut Vec<u8>) {
        let alike = self.mark == ITSELF | BELOW && self.itself == self.below;
        to.push(name.len() as u8);
        to.extend_from_slice(name);
        to.push(if alike { self.mark | ALIKE } else { self.mark });
        let count = if alike { 1 } else { 2 };
        for value in self.values().take(count) {
            to.extend(value.to_le_bytes().into_iter().take(usize::from(width)));
        }
    }
}

/// Where names lie within a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    seed: u64,
    /// Of a hash, that say which bucket.
    bits: u8,
    /// Bytes of a value; with none, all are 1.
    width: u8,
    itself: Labels,
    below: Labels,
    /// Where each bucket begins, and behind all the last one ends.
    index: Section,
    buckets: Section,
}

impl Plan {
    /// What `name` says: by itself, or by the nearest name above it that stands for what is below.
    pub fn get<'b>(&self, bytes: &'b [u8], name: &[u8]) -> Option<Found<'b>> {
        let mut labels = count_labels(name);
        if self.itself.has(labels)
            && let Some(found) = self.entry(bytes, name, ITSELF)
        {
            return Some(found);
        }
        let mut rest = name;
        while let Some((length, behind)) = rest.split_first() {
            rest = behind.get(usize::from(*length)..)?;
            labels = labels.saturating_sub(1);
            if labels < self.below.least {
                return None;
            }
            if labels <= self.below.most
                && let Some(found) = self.entry(bytes, rest, BELOW)
            {
                return Some(found);
            }
        }
        None
    }

    /// What `name` says by itself.
    pub fn exactly<'b>(&self, bytes: &'b [u8], name: &[u8]) -> Option<Found<'b>> {
        self.entry(bytes, name, ITSELF)
    }

    /// The entry of this very name with this mark.
    fn entry<'b>(&self, bytes: &'b [u8], name: &[u8], mark: u8) -> Option<Found<'b>> {
        let at = usize::try_from(bucket_of(hash(self.seed, name), self.bits)).ok()?;
        let ends = self.index.of(bytes).get(at.checked_mul(4)?..)?.first_chunk::<8>()?;
        let [start, end] = [ends.get(..4)?, ends.get(4..)?].map(few_bytes);
        let mut rest = self.buckets.of(bytes).get(start as usize..end as usize)?;
        while let Some((length, behind)) = rest.split_first() {
            let (own, behind) = behind.split_at_checked(usize::from(*length))?;
            let (marks, behind) = behind.split_first()?;
            let count = match marks {
                marks if marks & ALIKE != 0 => 1,
                marks => (marks & (ITSELF | BELOW)).count_ones() as usize,
            };
            let width = usize::from(self.width);
            let (values, behind) = behind.split_at_checked(count * width)?;
            if own == name && marks & mark != 0 {
                let second = mark == BELOW && count == 2;
                let value = values.get(usize::from(second) * width..)?.get(..width)?;
                let value = if width == 0 { 1 } else { few_bytes(value) };
                return Some(Found { value, name: own });
            }
            rest = behind;
        }
        None
    }

    /// For the head of a compiled file.
    pub fn pack(&self, pack: &mut Pack) {
        let labels = [self.itself, self.below].map(|labels| [labels.least, labels.most]).concat();
        pack.number(self.seed);
        for small in [&[self.bits, self.width][..], &labels].concat() {
            pack.number(u64::from(small));
        }
        pack.section(self.index);
        pack.section(self.buckets);
    }

    /// What [`Plan::pack`] wrote.
    pub fn unpack(from: &mut Unpack<'_>) -> Option<Plan> {
        let seed = from.number()?;
        let (bits, width) = (from.small()?, from.small()?);
        let mut labels = || Some(Labels { least: from.small()?, most: from.small()? });
        let (itself, below) = (labels()?, labels()?);
        let (index, buckets) = (from.section()?, from.section()?);
        (bits < 64 && width <= 4).then_some(Plan {
            seed,
            bits,
            width,
            itself,
            below,
            index,
            buckets,
        })
    }
}

fn bucket_of(hash: u64, bits: u8) -> u64 {
    // A shift by 64 is none that a processor knows.
    if bits == 0 { 0 } else { hash >> (64 - bits) }
}

fn count_labels(mut name: &[u8]) -> u8 {
    let mut count = 0;
    while let Some((length, behind)) = name.split_first() {
        count += 1;
        name = behind.get(usize::from(*length)..).unwrap_or_default();
    }
    count
}

/// Spreads names over all numbers: eight bytes at a time, multiplied and folded.
fn hash(seed: u64, name: &[u8]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let fold = |state: u64, word: u64| {
        let product = u128::from(state ^ word) * u128::from(ODD);
        (product as u64) ^ (product >> 64) as u64
    };
    let (words, rest) = name.as_chunks::<8>();
    let mut state = seed ^ name.len() as u64;
    for word in words {
        state = fold(state, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    fold(fold(state, u64::from_le_bytes(last)), ODD)
}

#[cfg(test)]
mod tests {
    use super::super::values::NOTHING;
    use super::*;
    use proptest::prelude::*;

    fn wire(text: &str) -> Vec<u8> {
        let labels = text.split('.').filter(|label| !label.is_empty());
        labels.flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).collect()
    }

    fn build(entries: &[(&str, bool, bool, u32)], values: &mut Values) -> (Plan, Vec<u8>) {
        let mut names = Names::new();
        for (name, itself, below, value) in entries {
            names.add(&wire(name), *itself, *below, *value);
        }
        let mut blob = Builder::default();
        let plan = names.build(99, false, values, &mut blob).unwrap();
        (plan, blob.finish())
    }

    #[test]
    fn exact_names_come_first_then_the_nearest_above() {
        let mut values = Values::new(1000);
        let [one, two] = [b"1", b"2"].map(|value| values.number(value).unwrap());
        let entries = [
            ("a.test", true, true, one),
            ("b.a.test", false, true, two),
            ("c.b.a.test", true, false, NOTHING),
            ("d.test", true, false, one),
            ("d.test", true, false, two),
            ("e.test", true, false, one),
            ("e.test", false, true, NOTHING),
        ];
        let (plan, bytes) = build(&entries, &mut values);
        let both = values.together(&mut vec![one, two]).unwrap();
        let cases = [
            ("a.test", Some((one, "a.test"))),
            ("x.a.test", Some((one, "a.test"))),
            ("b.a.test", Some((one, "a.test"))),
            ("y.x.b.a.test", Some((two, "b.a.test"))),
            ("c.b.a.test", Some((NOTHING, "c.b.a.test"))),
            ("d.c.b.a.test", Some((two, "b.a.test"))),
            ("d.test", Some((both, "d.test"))),
            ("x.d.test", None),
            ("x.e.test", Some((NOTHING, "e.test"))),
            ("test", None),
            ("", None),
        ];
        for (name, expected) in cases {
            let found = plan.get(&bytes, &wire(name));
            let expected = expected.map(|(value, name)| (value, wire(name)));
            assert_eq!(found.map(|found| (found.value, found.name.to_vec())), expected, "{name}");
        }
    }

    #[test]
    fn exclusions_alone_list_nothing() {
        let (plan, bytes) = build(&[("a.test", true, true, NOTHING)], &mut Values::new(100));
        assert_eq!(plan.get(&bytes, &wire("a.test")).map(|found| found.value), Some(NOTHING));
        assert_eq!(plan.get(&bytes, &wire("b.a.test")).map(|found| found.value), Some(NOTHING));
    }

    proptest! {
        #[test]
        fn a_table_says_what_a_walk_says(
            entries in proptest::collection::vec(("[ab]{1,2}(\\.[ab]{1,2}){0,3}", 1u8..4, 0u32..4), 0..80),
            questions in proptest::collection::vec("[ab]{1,2}(\\.[ab]{1,2}){0,5}", 60),
        ) {
            let mut values = Values::new(10_000);
            let numbers = [b"a", b"b", b"c"].map(|value| values.number(value).unwrap());
            let entries: Vec<_> = entries.iter().map(|(name, mark, value)| {
                let value = value.checked_sub(1).map_or(NOTHING, |at| numbers[at as usize]);
                (name.as_str(), mark & ITSELF != 0, mark & BELOW != 0, value)
            }).collect();
            let (plan, bytes) = build(&entries, &mut values);
            for question in &questions {
                let exact: Vec<u32> = entries.iter()
                    .filter(|entry| entry.1 && entry.0 == question).map(|entry| entry.3).collect();
                let mut expected = exact;
                let mut above = question.as_str();
                while expected.is_empty() && let Some((_, rest)) = above.split_once('.') {
                    above = rest;
                    expected = entries.iter()
                        .filter(|entry| entry.2 && entry.0 == above).map(|entry| entry.3).collect();
                }
                let found = plan.get(&bytes, &wire(question)).map(|found| found.value);
                let listed = !expected.is_empty();
                let expected = values.together(&mut expected).unwrap();
                prop_assert_eq!(found, listed.then_some(expected), "{}", question);
            }
        }

        #[test]
        fn whatever_the_bytes_a_search_ends(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            sections in proptest::collection::vec(0u64..400, 4),
            bits in 0u8..64,
            width in 0u8..5,
        ) {
            let plan = Plan {
                seed: 1, bits, width,
                itself: Labels { least: 0, most: 9 }, below: Labels { least: 0, most: 9 },
                index: Section { start: sections[0], length: sections[1] },
                buckets: Section { start: sections[2], length: sections[3] },
            };
            plan.get(&bytes, &wire("a.b.c"));
            plan.get(&bytes, &bytes);
            let _ = Plan::unpack(&mut Unpack::new(&bytes));
        }
    }
}
