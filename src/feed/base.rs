//! Sorted lists of keys in a file, read where they lie: ten million entries cost no memory.
//!
//! The file is this machine's own (`MPbase01`, crc32 of what follows, epoch u32, seq u64, number
//! of lists u32; for each its two bytes of [`ListId`] and its count u64; then all keys, u64,
//! little-endian). It is written once and never changed.

use super::FeedError;
use super::format::ListId;
use crate::fetch::Temporary;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Keys by list, each list ascending.
pub type Lists = BTreeMap<ListId, Vec<u64>>;

const MAGIC: &[u8; 8] = b"MPbase01";
/// Magic, checksum, epoch, seq, number of lists.
const HEAD: u64 = 8 + 4 + 4 + 8 + 4;
const ROW: u64 = 2 + 8;
/// Where what the checksum covers begins.
const SUMMED: u64 = 12;
/// Keys that are read at once while one is looked for.
const BLOCK: u64 = 256;
/// So often its place is guessed.
const GUESSES: u32 = 8;

/// A state that was written down.
#[derive(Debug, Default)]
pub struct Base {
    file: Option<File>,
    lists: BTreeMap<ListId, Place>,
    /// Whose state it is.
    pub epoch: u32,
    /// Which.
    pub seq: u64,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    offset: u64,
    count: u64,
}

/// Writes, and sums what it writes.
struct Summed<W> {
    inner: W,
    sum: crc32fast::Hasher,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.sum.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl Base {
    /// Writes `lists` to `path`, whole or not at all.
    pub fn write(path: &Path, epoch: u32, seq: u64, lists: &Lists) -> Result<(), FeedError> {
        let temporary = Temporary::beside(path)?;
        encode(temporary.file(), epoch, seq, lists).map_err(|why| FeedError::disk(path, why))?;
        temporary.keep()?;
        Ok(())
    }

    /// The state in the file at `path`, if it is whole.
    pub fn open(path: &Path) -> Result<Base, FeedError> {
        let wrong = |why| FeedError::disk(path, why);
        let file = File::open(path).map_err(wrong)?;
        let length = file.metadata().map_err(wrong)?.len();
        let torn = || FeedError::Folder {
            path: path.to_owned(),
            why: "it is torn or of another version; remove it, and it is fetched again".into(),
        };
        if sum_of(&file).map_err(wrong)? != Some(sum_said(&file).map_err(wrong)?) {
            return Err(torn());
        }
        read_head(file, length).map_err(wrong)?.ok_or_else(torn)
    }

    /// Entries of `list`.
    pub fn count(&self, list: ListId) -> u64 {
        self.lists.get(&list).map_or(0, |place| place.count)
    }

    /// The lists that there are.
    pub fn ids(&self) -> impl Iterator<Item = ListId> + '_ {
        self.lists.keys().copied()
    }

    /// At most `count` keys of `list` from the one at `from` on.
    pub fn read(&self, list: ListId, from: u64, count: u64) -> io::Result<Vec<u64>> {
        let (Some(file), Some(place)) = (&self.file, self.lists.get(&list)) else {
            return Ok(Vec::new());
        };
        let count = count.min(place.count.saturating_sub(from));
        let mut bytes = vec![0; (count * 8) as usize];
        file.read_exact_at(&mut bytes, place.offset + from * 8)?;
        let keys = bytes.chunks_exact(8);
        Ok(keys.map(|key| u64::from_le_bytes(key.try_into().unwrap_or_default())).collect())
    }

    /// The key of `list` at `at`.
    pub fn key(&self, list: ListId, at: u64) -> io::Result<Option<u64>> {
        Ok(self.read(list, at, 1)?.first().copied())
    }

    /// How many keys of `list` are below `key`, and whether `key` is among them all.
    pub fn position(&self, list: ListId, key: u64) -> io::Result<(u64, bool)> {
        // All before `low` are less than it, the last of them `least`; all from `high` on are
        // more or equal, the first of them `most`.
        let (mut low, mut high) = (0, self.count(list));
        let (mut least, mut most) = (0u64, u64::MAX);
        let mut guesses = 0;
        while high - low > BLOCK {
            // Keys are digests, so evenly spread; where they are not, halving ends it.
            let middle = if guesses < GUESSES {
                let share = u128::from(key - least) * u128::from(high - low);
                let share = share / (u128::from(most - least) + 1);
                (low + share as u64).saturating_sub(BLOCK / 2).clamp(low, high - BLOCK)
            } else {
                low + (high - low) / 2
            };
            guesses += 1;
            let block = self.read(list, middle, BLOCK)?;
            let below = block.partition_point(|&one| one < key);
            match (block.get(below), below.checked_sub(1).and_then(|last| block.get(last))) {
                (Some(&first), None) => (high, most) = (middle, first),
                (Some(&next), Some(_)) => return Ok((middle + below as u64, next == key)),
                (None, Some(&last)) => (low, least) = (middle + below as u64, last),
                (None, None) => break,
            }
        }
        let block = self.read(list, low, high - low)?;
        let below = block.partition_point(|&one| one < key);
        let found = match block.get(below) {
            Some(&one) => one == key,
            None => self.key(list, high)? == Some(key),
        };
        Ok((low + below as u64, found))
    }
}

fn encode(mut file: &File, epoch: u32, seq: u64, lists: &Lists) -> io::Result<()> {
    file.write_all(MAGIC)?;
    file.write_all(&[0; 4])?;
    let mut out = Summed { inner: file, sum: crc32fast::Hasher::new() };
    let mut buffered = BufWriter::with_capacity(1 << 18, &mut out);
    buffered.write_all(&epoch.to_le_bytes())?;
    buffered.write_all(&seq.to_le_bytes())?;
    buffered.write_all(&(lists.len() as u32).to_le_bytes())?;
    for (list, keys) in lists {
        buffered.write_all(&[list.algorithm, list.class])?;
        buffered.write_all(&(keys.len() as u64).to_le_bytes())?;
    }
    for key in lists.values().flatten() {
        buffered.write_all(&key.to_le_bytes())?;
    }
    buffered.flush()?;
    drop(buffered);
    let sum = out.sum.finalize();
    file.write_all_at(&sum.to_le_bytes(), 8)
}

/// The checksum of what there is; `None` where it is no file of ours.
fn sum_of(file: &File) -> io::Result<Option<u32>> {
    let mut magic = [0; 8];
    if file.read_at(&mut magic, 0)? < 8 || &magic != MAGIC {
        return Ok(None);
    }
    let mut from = file;
    from.seek(SeekFrom::Start(SUMMED))?;
    let mut sum = crc32fast::Hasher::new();
    let mut piece = vec![0; 1 << 18];
    loop {
        match from.read(&mut piece)? {
            0 => return Ok(Some(sum.finalize())),
            length => sum.update(piece.get(..length).unwrap_or_default()),
        }
    }
}

fn sum_said(file: &File) -> io::Result<u32> {
    let mut sum = [0; 4];
    file.read_at(&mut sum, 8)?;
    Ok(u32::from_le_bytes(sum))
}

fn read_head(file: File, length: u64) -> io::Result<Option<Base>> {
    if length < HEAD {
        return Ok(None);
    }
    let mut head = [0; 16];
    file.read_exact_at(&mut head, SUMMED)?;
    let (epoch, rest) = head.split_at(4);
    let (seq, count) = rest.split_at(8);
    let number =
        |bytes: &[u8]| bytes.iter().rev().fold(0u64, |number, &byte| number << 8 | u64::from(byte));
    let count = number(count);
    let mut offset = HEAD + ROW * count;
    if offset > length {
        return Ok(None);
    }
    let mut rows = vec![0; (ROW * count) as usize];
    file.read_exact_at(&mut rows, HEAD)?;
    let mut lists = BTreeMap::new();
    for row in rows.chunks_exact(ROW as usize) {
        let (id, count) = row.split_at(2);
        let &[algorithm, class] = id else { return Ok(None) };
        let place = Place { offset, count: number(count) };
        offset = offset.saturating_add(place.count.saturating_mul(8));
        lists.insert(ListId { algorithm, class }, place);
    }
    if offset != length {
        return Ok(None);
    }
    let epoch = number(epoch) as u32;
    Ok(Some(Base { file: Some(file), lists, epoch, seq: number(seq) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: ListId = ListId { algorithm: 2, class: 9 };

    fn opened(name: &str, keys: Vec<u64>) -> Base {
        let path = std::env::temp_dir().join(format!("mailprint-{name}-{}", std::process::id()));
        let other = ListId { algorithm: 1, class: 1 };
        let lists = Lists::from([(other, vec![1, 2, 3]), (LIST, keys)]);
        Base::write(&path, 3, 4, &lists).unwrap();
        let base = Base::open(&path).unwrap();
        assert_eq!((base.epoch, base.seq, base.count(other)), (3, 4, 3));
        std::fs::remove_file(&path).unwrap();
        base
    }

    #[test]
    fn every_key_is_found_at_its_place_and_what_is_between_is_not() {
        let spread: Vec<u64> = (1..40_000u64).map(|n| n * (u64::MAX / 40_000)).collect();
        let narrow: Vec<u64> = (0..5000).map(|n| n * 2).collect();
        let ends = [vec![0, 7], (u64::MAX - 3000..=u64::MAX).step_by(3).collect()].concat();
        for (name, keys) in
            [("spread", spread), ("narrow", narrow), ("ends", ends), ("one", vec![5])]
        {
            let base = opened(name, keys.clone());
            for (at, &key) in keys.iter().enumerate().step_by(7) {
                assert_eq!(base.key(LIST, at as u64).unwrap(), Some(key));
                assert_eq!(base.position(LIST, key).unwrap(), (at as u64, true), "{name} {key}");
                let next = key.wrapping_add(1);
                let expected = (keys.partition_point(|&k| k < next) as u64, keys.contains(&next));
                assert_eq!(base.position(LIST, next).unwrap(), expected, "{name} {next}");
            }
            assert_eq!(base.key(LIST, keys.len() as u64).unwrap(), None);
        }
    }

    #[test]
    fn what_is_not_there_is_empty() {
        let base = Base::default();
        assert_eq!(base.position(LIST, 1).unwrap(), (0, false));
        assert_eq!((base.count(LIST), base.read(LIST, 0, 9).unwrap().len()), (0, 0));
    }

    #[test]
    fn a_torn_file_is_refused() {
        let path = std::env::temp_dir().join(format!("mailprint-torn-{}", std::process::id()));
        Base::write(&path, 1, 1, &Lists::from([(LIST, vec![1, 2, 3])])).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(Base::open(&path).is_err(), "{length}");
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            std::fs::write(&path, &changed).unwrap();
            assert!(Base::open(&path).is_err(), "{at}");
        }
        std::fs::remove_file(&path).unwrap();
    }
}
