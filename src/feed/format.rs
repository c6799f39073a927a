//! The bytes of a feed's files: the head, snapshots, deltas. `doc/FEED.md` is their
//! specification; all numbers are little-endian.
//!
//! In: bytes whose signature was verified ([`verify`](super::verify)). Out: types. Nothing is
//! taken on trust for that: every length is compared with the bytes that are there, lists ascend,
//! and there is one way to write each file.

use super::rice::{self, Reader, RiceError};

/// The length of a signature at the end of each file.
pub const SIGNATURE: usize = 64;
/// The length of a head, its signature included.
pub const HEAD: usize = 220;
/// The length of what stands before a file's sections.
pub const FILE_HEAD: usize = 42;

const MAGIC_HEAD: &[u8; 4] = b"SFH1";
const MAGIC_SNAPSHOT: &[u8; 4] = b"SFS1";
const MAGIC_DELTA: &[u8; 4] = b"SFD1";

/// Why bytes are no file of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// They begin with something else.
    #[error("it is no {0} of a feed, or one of another version")]
    Foreign(&'static str),
    /// They end too early, or too late.
    #[error("it has not the length that it says")]
    Length,
    /// A field has a value that it cannot have.
    #[error("its {0} cannot be")]
    Field(&'static str),
    /// A list is not coded as it should be.
    #[error(transparent)]
    Rice(#[from] RiceError),
    /// There are more entries than are taken.
    #[error("it has more than {0} entries (limits.feed_entries)")]
    Entries(u64),
}

/// The newest state of a feed, and how to get there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Whose signature it bears.
    pub key_id: u64,
    /// Counted by the publisher each time that it begins anew.
    pub epoch: u32,
    /// Counted by the publisher at each change.
    pub seq: u64,
    /// When it was signed, in seconds since 1970.
    pub issued_at: u64,
    /// From when on it says nothing any more.
    pub expires_at: u64,
    /// Seconds in which nobody should ask again.
    pub min_wait: u16,
    /// None are known yet; what is set means nothing.
    pub flags: u16,
    /// The newest snapshot's `seq`.
    pub snap_seq: u64,
    /// Its SHA-256.
    pub snap_sha256: [u8; 32],
    /// Its length in bytes.
    pub snap_len: u64,
    /// The newest `seq` to which there is a delta of an hour or a day.
    pub hour_base: u64,
    /// The SHA-256 of the delta from `seq - 1` to `seq`; zeros where there is none.
    pub delta_sha256: [u8; 32],
    /// The [set hash](super::set::SetHash) at `seq`.
    pub set_hash: [u8; 16],
    /// Entries of all lists at `seq`.
    pub n_entries: u64,
}

impl Head {
    /// The bytes that are signed.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD);
        out.extend_from_slice(MAGIC_HEAD);
        out.extend_from_slice(&self.key_id.to_le_bytes());
        out.extend_from_slice(&self.epoch.to_le_bytes());
        for number in [self.seq, self.issued_at, self.expires_at] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&self.min_wait.to_le_bytes());
        out.extend_from_slice(&self.flags.to_le_bytes());
        out.extend_from_slice(&self.snap_seq.to_le_bytes());
        out.extend_from_slice(&self.snap_sha256);
        out.extend_from_slice(&self.snap_len.to_le_bytes());
        out.extend_from_slice(&self.hour_base.to_le_bytes());
        out.extend_from_slice(&self.delta_sha256);
        out.extend_from_slice(&self.set_hash);
        out.extend_from_slice(&self.n_entries.to_le_bytes());
        out
    }

    /// The head in `bytes`, its signature left out.
    pub fn decode(bytes: &[u8]) -> Result<Head, FormatError> {
        let mut at = Cursor(bytes);
        if at.array::<4>()? != *MAGIC_HEAD {
            return Err(FormatError::Foreign("head"));
        }
        let head = Head {
            key_id: at.u64()?,
            epoch: at.u32()?,
            seq: at.u64()?,
            issued_at: at.u64()?,
            expires_at: at.u64()?,
            min_wait: at.u16()?,
            flags: at.u16()?,
            snap_seq: at.u64()?,
            snap_sha256: at.array()?,
            snap_len: at.u64()?,
            hour_base: at.u64()?,
            delta_sha256: at.array()?,
            set_hash: at.array()?,
            n_entries: at.u64()?,
        };
        at.end()?;
        if head.snap_seq > head.seq || head.hour_base > head.seq {
            return Err(FormatError::Field("order of states"));
        }
        Ok(head)
    }
}

/// Which list: what its keys were made by, and their class (upper half) and weight (lower half).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListId {
    /// The algorithm's number; 0 for exemption pairs.
    pub algorithm: u8,
    /// Class and weight.
    pub class: u8,
}

/// Snapshot or delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All entries.
    Snapshot,
    /// What changes.
    Delta,
}

/// What changes in one list. In a snapshot nothing is removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// Which list.
    pub list: ListId,
    /// Keys that come to it, ascending.
    pub adds: Vec<u64>,
    /// Places in the list as it was before, ascending, of keys that leave it.
    pub removals: Vec<u64>,
}

/// A snapshot or a delta.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Which of them.
    pub kind: Kind,
    /// The epoch of both states.
    pub epoch: u32,
    /// The state that it changes; a snapshot's own.
    pub from: u64,
    /// The state that it leads to.
    pub to: u64,
    /// The set hash there.
    pub set_hash_after: [u8; 16],
    /// One for each list that changes, ascending.
    pub sections: Vec<Section>,
}

impl File {
    /// The bytes that are signed.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(match self.kind {
            Kind::Snapshot => MAGIC_SNAPSHOT,
            Kind::Delta => MAGIC_DELTA,
        });
        out.extend_from_slice(&self.epoch.to_le_bytes());
        out.extend_from_slice(&self.from.to_le_bytes());
        out.extend_from_slice(&self.to.to_le_bytes());
        // There are fewer lists than 65,536 by their two bytes.
        out.extend_from_slice(&(self.sections.len() as u16).to_le_bytes());
        out.extend_from_slice(&self.set_hash_after);
        for section in &self.sections {
            section.encode(&mut out);
        }
        out
    }

    /// The file in `bytes`, its signature left out, if it has at most `most` entries.
    pub fn decode(bytes: &[u8], most: u64) -> Result<File, FormatError> {
        let mut at = Cursor(bytes);
        let kind = match &at.array::<4>()? {
            MAGIC_SNAPSHOT => Kind::Snapshot,
            MAGIC_DELTA => Kind::Delta,
            _ => return Err(FormatError::Foreign("snapshot and no delta")),
        };
        let (epoch, from, to, count) = (at.u32()?, at.u64()?, at.u64()?, at.u16()?);
        let set_hash_after = at.array()?;
        let is_ordered = match kind {
            Kind::Snapshot => from == to,
            Kind::Delta => from < to,
        };
        if !is_ordered {
            return Err(FormatError::Field("order of states"));
        }
        let mut file = File { kind, epoch, from, to, set_hash_after, sections: Vec::new() };
        let mut left = most;
        for _ in 0..count {
            let section =
                Section::decode(&mut at, kind, &mut left).map_err(|error| match error {
                    FormatError::Entries(_) => FormatError::Entries(most),
                    other => other,
                })?;
            if file.sections.last().is_some_and(|last| last.list >= section.list) {
                return Err(FormatError::Field("order of lists"));
            }
            file.sections.push(section);
        }
        at.end()?;
        Ok(file)
    }
}

impl Section {
    fn encode(&self, out: &mut Vec<u8>) {
        let mut payload = Vec::new();
        let mut k = 0;
        if let Some((&first, rest)) = self.adds.split_first() {
            payload.extend_from_slice(&first.to_le_bytes());
            let (adds_k, adds) = rice::encode(rice::gaps(rest, first));
            k = adds_k;
            payload.extend_from_slice(&adds);
        }
        if !self.removals.is_empty() {
            // Counted from 1, so that the first gap is none of 0.
            let (removals_k, removals) = rice::encode(rice::gaps(&self.removals, u64::MAX));
            payload.push(removals_k);
            payload.extend_from_slice(&removals);
        }
        out.extend_from_slice(&[self.list.algorithm, self.list.class, 0, 0]);
        out.extend_from_slice(&(self.adds.len() as u32).to_le_bytes());
        out.extend_from_slice(&(self.removals.len() as u32).to_le_bytes());
        out.push(k);
        out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        out.extend_from_slice(&payload);
    }

    fn decode(at: &mut Cursor<'_>, kind: Kind, left: &mut u64) -> Result<Section, FormatError> {
        let [algorithm, class, coding, reserved] = at.array()?;
        let (adds, removals) = (at.u32()?, at.u32()?);
        let [k] = at.array()?;
        let length = at.u32()?;
        let payload = at.bytes(length as usize)?;
        if coding != 0 || reserved != 0 {
            return Err(FormatError::Field("coding of a list"));
        }
        if adds == 0 && removals == 0 || kind == Kind::Snapshot && removals > 0 {
            return Err(FormatError::Field("counts of a list"));
        }
        let count = u64::from(adds) + u64::from(removals);
        *left = left.checked_sub(count).ok_or(FormatError::Entries(0))?;
        let list = ListId { algorithm, class };
        let (adds, rest) = read_adds(payload, adds as usize, k)?;
        let (removals, rest) = read_removals(rest, removals as usize)?;
        if !rest.is_empty() {
            return Err(FormatError::Length);
        }
        Ok(Section { list, adds, removals })
    }
}

fn read_adds(payload: &[u8], count: usize, k: u8) -> Result<(Vec<u64>, &[u8]), FormatError> {
    if count == 0 {
        return if k == 0 { Ok((Vec::new(), payload)) } else { Err(RiceError::Code.into()) };
    }
    let mut at = Cursor(payload);
    let first = at.u64()?;
    let mut reader = Reader::new(at.0, k)?;
    let mut adds = Vec::with_capacity(count.min(most_gaps(at.0, k) + 1));
    adds.push(first);
    let mut last = first;
    for _ in 1..count {
        last = last.checked_add(reader.gap()?).ok_or(RiceError::Order)?;
        adds.push(last);
    }
    Ok((adds, reader.rest()?))
}

fn read_removals(payload: &[u8], count: usize) -> Result<(Vec<u64>, &[u8]), FormatError> {
    let Some((&k, bytes)) = payload.split_first().filter(|_| count > 0) else {
        return if count == 0 { Ok((Vec::new(), payload)) } else { Err(FormatError::Length) };
    };
    let mut reader = Reader::new(bytes, k)?;
    let mut removals = Vec::with_capacity(count.min(most_gaps(bytes, k)));
    // The place before the first one.
    let mut last = u64::MAX;
    for number in 0..count {
        let gap = reader.gap()?;
        last = if number == 0 {
            last.wrapping_add(gap)
        } else {
            last.checked_add(gap).ok_or(RiceError::Order)?
        };
        removals.push(last);
    }
    Ok((removals, reader.rest()?))
}

/// So many gaps fit into `bytes`.
fn most_gaps(bytes: &[u8], k: u8) -> usize {
    bytes.len().saturating_mul(8) / (usize::from(k) + 1)
}

/// Bytes that are read from the front.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn bytes(&mut self, count: usize) -> Result<&'a [u8], FormatError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(FormatError::Length)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        self.bytes(N)?.try_into().map_err(|_| FormatError::Length)
    }

    fn u16(&mut self) -> Result<u16, FormatError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, FormatError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, FormatError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn end(&self) -> Result<(), FormatError> {
        if self.0.is_empty() { Ok(()) } else { Err(FormatError::Length) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MANY: u64 = 1 << 20;

    fn delta() -> File {
        let list = |algorithm, class| ListId { algorithm, class };
        File {
            kind: Kind::Delta,
            epoch: 1,
            from: 7,
            to: 8,
            set_hash_after: [9; 16],
            sections: vec![
                Section { list: list(0, 0xe0), adds: vec![0, u64::MAX], removals: vec![] },
                Section { list: list(1, 0x0f), adds: vec![], removals: vec![0, 5, 6, 1 << 40] },
                Section { list: list(1, 0x1f), adds: vec![3], removals: vec![2] },
            ],
        }
    }

    #[test]
    fn a_head_has_its_length_and_is_read_again() {
        let head = Head {
            key_id: 1,
            epoch: 2,
            seq: 30,
            issued_at: 4,
            expires_at: 5,
            min_wait: 6,
            flags: 7,
            snap_seq: 8,
            snap_sha256: [9; 32],
            snap_len: 10,
            hour_base: 11,
            delta_sha256: [12; 32],
            set_hash: [13; 16],
            n_entries: 14,
        };
        let bytes = head.encode();
        assert_eq!(bytes.len() + SIGNATURE, HEAD);
        assert_eq!(Head::decode(&bytes), Ok(head.clone()));
        for length in 0..bytes.len() {
            assert!(Head::decode(&bytes[..length]).is_err());
        }
        assert_eq!(Head::decode(&[bytes.clone(), vec![0]].concat()), Err(FormatError::Length));
        let wrong = Head { snap_seq: 31, ..head };
        assert_eq!(Head::decode(&wrong.encode()), Err(FormatError::Field("order of states")));
    }

    #[test]
    fn a_delta_is_read_again_and_cut_anywhere_it_is_refused() {
        let bytes = delta().encode();
        assert_eq!(File::decode(&bytes, MANY), Ok(delta()));
        for length in 0..bytes.len() {
            assert!(File::decode(&bytes[..length], MANY).is_err(), "{length}");
        }
        assert_eq!(File::decode(&[bytes, vec![0]].concat(), MANY), Err(FormatError::Length));
    }

    #[test]
    fn what_has_another_meaning_or_order_is_refused() {
        let refused = |change: &dyn Fn(&mut File)| {
            let mut file = delta();
            change(&mut file);
            File::decode(&file.encode(), MANY).unwrap_err()
        };
        let field = FormatError::Field;
        assert_eq!(refused(&|file| file.to = 7), field("order of states"));
        assert_eq!(refused(&|file| file.kind = Kind::Snapshot), field("order of states"));
        assert_eq!(refused(&|file| file.sections.swap(0, 1)), field("order of lists"));
        assert_eq!(refused(&|file| file.sections[2].list.class = 0x0f), field("order of lists"));
        assert_eq!(refused(&|file| file.sections[0].adds.clear()), field("counts of a list"));
        let snapshot = |file: &mut File| {
            (file.kind, file.from) = (Kind::Snapshot, 8);
        };
        assert_eq!(refused(&snapshot), field("counts of a list"));
        assert_eq!(File::decode(b"SFD2", MANY), Err(FormatError::Foreign("snapshot and no delta")));
        let mut coded = delta().encode();
        coded[FILE_HEAD + 2] = 1;
        assert_eq!(File::decode(&coded, MANY), Err(field("coding of a list")));
    }

    #[test]
    fn limit_feed_entries_holds_at_its_height() {
        let bytes = delta().encode();
        assert!(File::decode(&bytes, 8).is_ok());
        assert_eq!(File::decode(&bytes, 7), Err(FormatError::Entries(7)));
    }

    #[test]
    fn a_count_that_the_bytes_cannot_hold_takes_no_memory() {
        let mut bytes = delta().encode();
        bytes[FILE_HEAD + 4..FILE_HEAD + 8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(File::decode(&bytes, u64::MAX), Err(FormatError::Rice(RiceError::Cut)));
    }

    fn any_section() -> impl Strategy<Value = Section> {
        let keys = || prop::collection::btree_set(any::<u64>(), 0..40);
        let places = prop::collection::btree_set(0u64..1 << 40, 0..40);
        (any::<u8>(), any::<u8>(), keys(), places).prop_map(|(algorithm, class, adds, removals)| {
            Section {
                list: ListId { algorithm, class },
                adds: adds.into_iter().collect(),
                removals: removals.into_iter().collect(),
            }
        })
    }

    proptest! {
        #[test]
        fn every_delta_is_read_again(mut sections in prop::collection::vec(any_section(), 0..6)) {
            sections.retain(|section| !section.adds.is_empty() || !section.removals.is_empty());
            sections.sort_by_key(|section| section.list);
            sections.dedup_by_key(|section| section.list);
            let file = File { sections, ..delta() };
            prop_assert_eq!(File::decode(&file.encode(), MANY), Ok(file));
        }

        #[test]
        fn no_bytes_do_harm(bytes: Vec<u8>) {
            let _ = File::decode(&bytes, MANY);
            let _ = Head::decode(&bytes);
        }

        #[test]
        fn no_changed_byte_does_harm(at in 0usize..120, to: u8) {
            let mut bytes = delta().encode();
            if let Some(byte) = bytes.get_mut(at) {
                *byte = to;
            }
            let _ = File::decode(&bytes, MANY);
        }
    }
}
