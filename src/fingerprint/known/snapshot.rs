//! A snapshot: all keys of a source in one file that is read where it lies.
//!
//! All numbers are little-endian. The file begins with
//!
//! ```text
//! magic "MPknown1"  crc32 u32 (of all that follows)  sections u32  length u64  stamp: whose [16], generation u64
//! ```
//!
//! and a row of 32 bytes for each section:
//!
//! ```text
//! kind u8 (an algorithm's number; 0: common phrases)  bits u8  0 u16  count u32  keys, tags, index: offsets u64
//! ```
//!
//! A section has `count` keys of 8 bytes in ascending order, as many tags of a byte (class in
//! the upper half, weight in the lower; a key that is listed in several classes is there
//! several times), and an index: for each value of a key's first `bits` bits the number of keys
//! below it, as u32, and `count` at the end. Keys are digests, so evenly spread: a look-up reads
//! one cell of the index, guesses the place within the bucket, and is there within a cache line.
//! That takes 9.1 bytes a key.

use super::file::{self, Bytes};
use super::{Algorithm, List, Listed, Lists};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

const MAGIC: &[u8; 8] = b"MPknown1";
/// The magic of all versions without the version's own letter.
const FAMILY: &[u8] = b"MPknown";
const HEAD: usize = 48;
const ROW: usize = 32;
/// What the checksum does not cover: the magic and itself.
const UNSUMMED: usize = 12;
/// The section of phrases that are common in wanted mail. They have no tags.
const PHRASES: u8 = 0;
/// Keys in a bucket of the index, about: the index is small enough for a processor's cache.
const BUCKET: usize = 32;
/// So many steps from the guessed place before the bucket is halved instead.
const STEPS: usize = 16;
/// The index of the largest section.
const MOST_BITS: u32 = 26;

/// Why a file is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("is no snapshot of fingerprints")]
    Foreign,
    /// Another version of this program has written it.
    #[error("is a snapshot of another version of mailprint; remove it, and it is written anew")]
    Version,
    /// It is not whole.
    #[error("is torn: {0}; remove it, and it is written anew")]
    Torn(&'static str),
}

/// Which state of which store or feed a snapshot holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The store's or feed's own mark.
    pub whose: [u8; 16],
    /// Counted by the store or feed.
    pub generation: u64,
}

/// All keys of a source. Immutable; look-ups never fail, whatever the file holds.
#[derive(Debug)]
pub struct Snapshot {
    bytes: Bytes,
    stamp: Stamp,
    /// By kind.
    sections: Vec<Option<Section>>,
}

#[derive(Clone, Copy, Debug)]
struct Section {
    bits: u32,
    count: usize,
    keys: usize,
    tags: usize,
    index: usize,
}

impl Snapshot {
    /// Maps the file at `path` and looks whether it is whole.
    pub fn open(path: &Path) -> Result<Snapshot, SnapshotError> {
        Snapshot::of(file::map(path)?)
    }

    /// A snapshot that is in memory already.
    pub fn of_bytes(bytes: Vec<u8>) -> Result<Snapshot, SnapshotError> {
        Snapshot::of(Bytes::Owned(bytes))
    }

    /// Writes `lists` to `path`: whole, or not at all.
    pub fn write(path: &Path, lists: &Lists, stamp: Stamp) -> io::Result<()> {
        file::replace(path, true, |out| encode(out, lists, stamp))
    }

    /// The same in memory.
    pub fn encode(lists: &Lists, stamp: Stamp) -> Vec<u8> {
        let mut bytes = io::Cursor::new(Vec::new());
        // Memory takes whatever is written to it.
        let _ = encode(&mut bytes, lists, stamp);
        bytes.into_inner()
    }

    fn of(bytes: Bytes) -> Result<Snapshot, SnapshotError> {
        if !bytes.starts_with(MAGIC) {
            let ours = bytes.starts_with(FAMILY);
            return Err(if ours { SnapshotError::Version } else { SnapshotError::Foreign });
        }
        let cut = SnapshotError::Torn("it ends in its head");
        let Some((sum, count, length, stamp)) = head(&bytes) else { return Err(cut) };
        if length != bytes.len() as u64 {
            return Err(SnapshotError::Torn("it has not the length that it says"));
        }
        if crc32fast::hash(bytes.get(UNSUMMED..).unwrap_or_default()) != sum {
            return Err(SnapshotError::Torn("its checksum is another"));
        }
        let mut sections: Vec<Option<Section>> = vec![None; 256];
        for row in 0..count {
            let wrong = SnapshotError::Torn("a section lies outside of it");
            let Some((kind, section)) = section(&bytes, row) else { return Err(wrong) };
            if let Some(place) = sections.get_mut(usize::from(kind)) {
                *place = Some(section);
            }
        }
        Ok(Snapshot { bytes, stamp, sections })
    }

    /// Which state it holds.
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// How many keys there are; one that is listed in two classes counts twice.
    pub fn len(&self) -> usize {
        self.sections.iter().skip(1).flatten().map(|section| section.count).sum()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the file.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// What `key` of `algorithm` is known as.
    pub fn listed(&self, algorithm: Algorithm, key: u64) -> Listed {
        let mut listed = Listed::default();
        let Some(section) = self.section(algorithm as u8) else { return listed };
        let first = self.first_at_or_above(section, key);
        for place in (first..section.count).take(16 * 16) {
            if self.key(section, place) != Some(key) {
                break;
            }
            let tag = self.bytes.get(section.tags + place).copied().unwrap_or_default();
            if let Some((class, weight)) = List::of_tag(tag)
                && weight > listed.weight(class)
            {
                listed = listed.with(class, weight);
            }
        }
        listed
    }

    /// Is this phrase common in wanted mail?
    pub fn is_common(&self, phrase: u64) -> bool {
        self.section(PHRASES).is_some_and(|section| {
            self.key(section, self.first_at_or_above(section, phrase)) == Some(phrase)
        })
    }

    /// All of it as lists again. Keys of algorithms and classes that are not known are left out.
    pub fn lists(&self) -> Lists {
        let mut lists = Lists::default();
        for algorithm in Algorithm::all() {
            let Some(section) = self.section(algorithm as u8) else { continue };
            for place in 0..section.count {
                let tag = self.bytes.get(section.tags + place).copied().unwrap_or_default();
                if let (Some(key), Some((class, weight))) =
                    (self.key(section, place), List::of_tag(tag))
                {
                    lists.push(List { algorithm, class, weight }, key);
                }
            }
        }
        let phrases = self.section(PHRASES).into_iter();
        let phrases = phrases.flat_map(|section| {
            (0..section.count).filter_map(move |place| self.key(section, place))
        });
        lists.phrases = phrases.collect();
        lists
    }

    fn section(&self, kind: u8) -> Option<&Section> {
        self.sections.get(usize::from(kind))?.as_ref()
    }

    fn key(&self, section: &Section, place: usize) -> Option<u64> {
        if place >= section.count {
            return None;
        }
        number(&self.bytes, section.keys + 8 * place)
    }

    /// The number of keys below `key`.
    fn first_at_or_above(&self, section: &Section, key: u64) -> usize {
        let bucket = key.checked_shr(64 - section.bits).unwrap_or(0) as usize;
        let cell = |at: usize| {
            let place = section.index + 4 * at;
            let bytes = self.bytes.get(place..place + 4).unwrap_or_default();
            bytes.try_into().map_or(0, u32::from_le_bytes) as usize
        };
        let (mut low, mut high) = (cell(bucket), cell(bucket + 1).min(section.count));
        if low >= high {
            return low.min(section.count);
        }
        let below = |place: usize| self.key(section, place).is_some_and(|other| other < key);
        // Where in the bucket the key would be if all were evenly spread.
        let within = (key << section.bits) >> 32;
        let guess = low + ((within * (high - low) as u64) >> 32) as usize;
        if below(guess) {
            low = guess + 1;
            for _ in 0..STEPS {
                if low == high || !below(low) {
                    return low;
                }
                low += 1;
            }
        } else {
            high = guess;
            for _ in 0..STEPS {
                if low == high || below(high - 1) {
                    return high;
                }
                high -= 1;
            }
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if below(middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// Checksum, number of sections, length, stamp.
fn head(bytes: &[u8]) -> Option<(u32, usize, u64, Stamp)> {
    let whose = bytes.get(24..40)?.try_into().ok()?;
    let stamp = Stamp { whose, generation: number(bytes, 40)? };
    Some((word(bytes, 8)?, word(bytes, 12)? as usize, number(bytes, 16)?, stamp))
}

/// A row of the head, if what it names lies within the file.
fn section(bytes: &[u8], row: usize) -> Option<(u8, Section)> {
    let at = HEAD.checked_add(ROW.checked_mul(row)?)?;
    let &[kind, bits, ..] = bytes.get(at..at + ROW)? else { return None };
    let offset = |at: usize| usize::try_from(number(bytes, at)?).ok();
    let section = Section {
        bits: u32::from(bits),
        count: word(bytes, at + 4)? as usize,
        keys: offset(at + 8)?,
        tags: offset(at + 16)?,
        index: offset(at + 24)?,
    };
    let fits =
        |from: usize, length: usize| from.checked_add(length).is_some_and(|end| end <= bytes.len());
    let cells = (1usize << section.bits.min(MOST_BITS)) + 1;
    let tags = if kind == PHRASES { 0 } else { section.count };
    let is_within = section.bits <= MOST_BITS
        && fits(section.keys, 8 * section.count)
        && fits(section.tags, tags)
        && fits(section.index, 4 * cells);
    is_within.then_some((kind, section))
}

/// What is written, counted and summed up.
struct Summed<'w, W: Write> {
    out: &'w mut W,
    sum: crc32fast::Hasher,
    length: u64,
}

impl<W: Write> Summed<'_, W> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.sum.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }
}

fn encode(out: &mut (impl Write + Seek), lists: &Lists, stamp: Stamp) -> io::Result<()> {
    let mut kinds: BTreeMap<u8, Vec<(u8, &[u64])>> = BTreeMap::new();
    for (list, keys) in lists.prints.iter().filter(|(_, keys)| !keys.is_empty()) {
        kinds.entry(list.algorithm as u8).or_default().push((list.tag(), keys));
    }
    if !lists.phrases.is_empty() {
        kinds.insert(PHRASES, vec![(0, &lists.phrases)]);
    }
    let head = HEAD + ROW * kinds.len();
    out.write_all(&vec![0; head])?;
    let mut data = Summed { out: &mut *out, sum: crc32fast::Hasher::new(), length: head as u64 };
    let mut rows = Vec::new();
    for (kind, lists) in &kinds {
        rows.extend(put_section(&mut data, *kind, lists)?);
    }
    let Summed { sum, length, .. } = data;
    let mut summed = Vec::new();
    summed.extend((kinds.len() as u32).to_le_bytes());
    summed.extend(length.to_le_bytes());
    summed.extend(stamp.whose);
    summed.extend(stamp.generation.to_le_bytes());
    summed.extend(rows);
    let mut whole = crc32fast::Hasher::new();
    whole.update(&summed);
    whole.combine(&sum);
    out.seek(SeekFrom::Start(0))?;
    out.write_all(MAGIC)?;
    out.write_all(&whole.finalize().to_le_bytes())?;
    out.write_all(&summed)?;
    out.seek(SeekFrom::End(0))?;
    Ok(())
}

/// Writes a section of sorted lists, and gives its row.
fn put_section<W: Write>(
    out: &mut Summed<W>,
    kind: u8,
    lists: &[(u8, &[u64])],
) -> io::Result<Vec<u8>> {
    let count: usize = lists.iter().map(|(_, keys)| keys.len()).sum();
    let fits = u32::try_from(count).map_err(|_| io::Error::other("more than 2^32 keys"))?;
    let bits = (count / BUCKET).max(1).ilog2().min(MOST_BITS);
    let mut index = vec![0u32; (1 << bits) + 1];
    let mut tags = Vec::with_capacity(count);
    let keys_at = out.length;
    for (key, tag) in merged(lists) {
        out.put(&key.to_le_bytes())?;
        tags.push(tag);
        let bucket = key.checked_shr(64 - bits).unwrap_or(0) as usize;
        if let Some(cell) = index.get_mut(bucket + 1) {
            *cell += 1;
        }
    }
    let tags_at = out.length;
    if kind != PHRASES {
        out.put(&tags)?;
    }
    let index_at = out.length;
    let mut sum = 0u32;
    for cell in index {
        sum += cell;
        out.put(&sum.to_le_bytes())?;
    }
    let mut row = vec![kind, bits as u8, 0, 0];
    row.extend(fits.to_le_bytes());
    for offset in [keys_at, tags_at, index_at] {
        row.extend(offset.to_le_bytes());
    }
    Ok(row)
}

/// The keys of several sorted lists in one order, each with its list's tag.
fn merged<'l>(lists: &'l [(u8, &'l [u64])]) -> impl Iterator<Item = (u64, u8)> + 'l {
    let mut rests: Vec<std::slice::Iter<u64>> = lists.iter().map(|(_, keys)| keys.iter()).collect();
    let mut heap = BinaryHeap::new();
    for (number, rest) in rests.iter_mut().enumerate() {
        heap.extend(rest.next().map(|&key| Reverse((key, number))));
    }
    std::iter::from_fn(move || {
        let Reverse((key, number)) = heap.pop()?;
        let next = rests.get_mut(number).and_then(Iterator::next);
        heap.extend(next.map(|&key| Reverse((key, number))));
        Some((key, lists.get(number).map_or(0, |(tag, _)| *tag)))
    })
}

#[cfg(test)]
mod tests {
    use super::super::Class;
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    const STAMP: Stamp = Stamp { whose: [7; 16], generation: 3 };

    fn list(algorithm: Algorithm, class: Class, weight: u8) -> List {
        List { algorithm, class, weight }
    }

    /// A sequence of numbers without any order.
    fn mixed(count: u64) -> impl Iterator<Item = u64> {
        (1..=count).map(|n| {
            let n = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (n ^ (n >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
        })
    }

    fn lists() -> Lists {
        let mut lists = Lists::default();
        for (at, key) in mixed(5000).enumerate() {
            let class = Class::ALL[at % 5];
            lists.push(list(Algorithm::TextExact, class, (at % 15 + 1) as u8), key);
            if at % 3 == 0 {
                lists.push(list(Algorithm::TextExact, Class::Ham, 15), key);
                lists.push(list(Algorithm::Image, Class::Spam, 1), key);
            }
            lists.phrases.push(key ^ 1);
        }
        lists.sort();
        lists
    }

    #[test]
    fn what_is_written_is_found_and_nothing_else() {
        let lists = lists();
        let snapshot = Snapshot::of_bytes(Snapshot::encode(&lists, STAMP)).unwrap();
        assert_eq!((snapshot.stamp(), snapshot.len()), (STAMP, lists.len()));
        assert_eq!(snapshot.lists(), lists);
        let mut expected: HashMap<(Algorithm, u64), Listed> = HashMap::new();
        for (list, keys) in &lists.prints {
            for &key in keys {
                let known = expected.entry((list.algorithm, key)).or_default();
                let weight = list.weight.max(known.weight(list.class));
                *known = known.with(list.class, weight);
            }
        }
        for (&(algorithm, key), &listed) in &expected {
            assert_eq!(snapshot.listed(algorithm, key), listed);
            for near in [key ^ 1, key.wrapping_add(1), !key] {
                let listed = expected.get(&(algorithm, near)).copied().unwrap_or_default();
                assert_eq!(snapshot.listed(algorithm, near), listed);
            }
            assert!(snapshot.is_common(key ^ 1) && !snapshot.is_common(key ^ 2));
        }
        assert!(!snapshot.listed(Algorithm::Joint, 1).is_listed());
    }

    #[test]
    fn keys_that_are_not_spread_are_found_too() {
        for count in [1u64, 2, 31, 33, 1000] {
            let mut lists = Lists::default();
            for key in (0..count).chain([u64::MAX]) {
                lists.push(list(Algorithm::Contact, Class::Phish, 2), key);
            }
            lists.sort();
            let snapshot = Snapshot::of_bytes(Snapshot::encode(&lists, STAMP)).unwrap();
            for key in (0..count).chain([u64::MAX]) {
                assert!(snapshot.listed(Algorithm::Contact, key).is_listed(), "{key} of {count}");
            }
            assert!(!snapshot.listed(Algorithm::Contact, count).is_listed());
        }
    }

    #[test]
    fn a_key_takes_less_than_ten_bytes() {
        let mut lists = Lists::default();
        lists.prints.insert(list(Algorithm::TextExact, Class::Spam, 9), mixed(100_000).collect());
        lists.sort();
        assert!(Snapshot::encode(&lists, STAMP).len() < 930_000);
    }

    #[test]
    fn what_is_torn_foreign_or_of_another_version_is_refused() {
        let whole = Snapshot::encode(&lists(), STAMP);
        let refused = |bytes: &[u8]| Snapshot::of_bytes(bytes.to_vec()).unwrap_err().to_string();
        for cut in [8, 30, 47, 60, whole.len() / 2, whole.len() - 1] {
            assert!(refused(&whole[..cut]).contains("torn"), "{cut}");
        }
        for place in [13, 50, 200, whole.len() - 5] {
            let mut changed = whole.clone();
            changed[place] ^= 4;
            assert!(refused(&changed).contains("torn"), "{place}");
        }
        assert!(refused(b"").contains("no snapshot"));
        assert!(refused(b"From: a\n\n").contains("no snapshot"));
        assert!(refused(b"MPknown2....").contains("another version"));
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let folder =
            std::env::temp_dir().join(format!("mailprint-snapshot-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("known");
        Snapshot::write(&path, &lists(), STAMP).unwrap();
        let first = Snapshot::open(&path).unwrap();
        Snapshot::write(&path, &Lists::default(), STAMP).unwrap();
        assert!(Snapshot::open(&path).unwrap().is_empty() && !first.is_empty());
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        std::fs::write(&path, "").unwrap();
        assert!(matches!(Snapshot::open(&path), Err(SnapshotError::Foreign)));
        std::fs::remove_dir_all(folder).unwrap();
    }

    /// `bytes` with a head that is right.
    fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
        let length = (bytes.len() as u64).to_le_bytes();
        bytes[..8].copy_from_slice(MAGIC);
        bytes[16..24].copy_from_slice(&length);
        let sum = crc32fast::hash(&bytes[UNSUMMED..]).to_le_bytes();
        bytes[8..12].copy_from_slice(&sum);
        bytes
    }

    proptest! {
        #[test]
        fn no_file_makes_a_look_up_fail(
            bytes in prop::collection::vec(any::<u8>(), HEAD..400),
            sections in 0u8..4,
            key: u64,
        ) {
            let mut bytes = bytes;
            bytes[12..16].copy_from_slice(&[sections, 0, 0, 0]);
            for row in 0..usize::from(sections) {
                // Offsets that are within reach, now and then.
                for at in [8, 16, 24] {
                    let from = HEAD + ROW * row + at + 2;
                    if let Some(place) = bytes.get_mut(from..from + 6) { place.fill(0); }
                }
                if let Some(place) = bytes.get_mut(HEAD + ROW * row..HEAD + ROW * row + 8) {
                    place[0] %= 3;
                    place[1] %= 5;
                    place[5..8].fill(0);
                }
            }
            if let Ok(snapshot) = Snapshot::of_bytes(sealed(bytes)) {
                for algorithm in Algorithm::all() {
                    snapshot.listed(algorithm, key);
                }
                snapshot.is_common(key);
                snapshot.lists();
            }
        }
    }
}
