//! From what is known to a folder that any web server can serve.
//!
//! | file | what it holds |
//! |---|---|
//! | `v1/head` | the newest state, signed anew each time |
//! | `v1/d/EPOCH/FROM-TO` | a delta of one state, of 60 (hour) or of 1440 (day) |
//! | `v1/s/EPOCH/SEQ` | a snapshot |
//! | `.publisher/` | what the publisher needs to go on: its own |
//!
//! In: the lists as they are now. Out: new files, the head last. Invariant: a head that can be
//! fetched speaks of files that are there; who is killed anywhere and started again goes on from
//! the last state whose head was written or could have been.

use super::base::{Base, Lists};
use super::format::{File, Head, Kind, Section};
use super::replica::lock;
use super::set::{SetHash, difference};
use super::{FeedError, SecretKey, verify};
use crate::fetch::check::sha256;
use crate::fetch::place;
use std::fs;
use std::path::{Path, PathBuf};

/// States to an hour's delta,
pub const HOUR: u64 = 60;
/// and to a day's.
pub const DAY: u64 = 1440;

/// How many of each are kept.
const KEPT_MINUTES: u64 = 1440;
const KEPT_HOURS: u64 = 336;
const KEPT_DAYS: u64 = 30;
const KEPT_SNAPSHOTS: usize = 3;

/// How a feed is published.
#[derive(Debug)]
pub struct Publisher<'a> {
    /// The folder that is served.
    pub folder: &'a Path,
    /// What signs.
    pub key: &'a SecretKey,
    /// What signs what is larger than a step may be.
    pub countersigner: Option<&'a SecretKey>,
    /// Seconds after which a head says nothing any more.
    pub expires: u64,
    /// Seconds in which nobody should ask again.
    pub min_wait: u16,
    /// The epoch of a folder that is begun now.
    pub epoch: u32,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// The state that is served now.
    pub epoch: u32,
    /// The state that is served now.
    pub seq: u64,
    /// Its entries.
    pub entries: u64,
    /// What came.
    pub adds: u64,
    /// What left.
    pub removals: u64,
    /// The length of the delta to it; 0 where there is none.
    pub delta_bytes: u64,
    /// The length of the newest snapshot.
    pub snapshot_bytes: u64,
}

/// Where the publisher is.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
struct State {
    epoch: u32,
    seq: u64,
    issued_at: u64,
    snap_seq: u64,
    snap_len: u64,
    /// Hexadecimal, as the others.
    snap_sha256: String,
    delta_sha256: String,
    set_hash: String,
    entries: u64,
    /// Bytes of deltas since the snapshot.
    since_snapshot: u64,
}

impl Publisher<'_> {
    /// Publishes `lists` as the state of the moment `now` (seconds since 1970). Where nothing
    /// has changed only the head is new.
    pub fn publish(&self, lists: &Lists, now: u64) -> Result<Published, FeedError> {
        let own = self.own("");
        fs::create_dir_all(&own).map_err(|why| FeedError::disk(&own, why))?;
        let _lock = lock(&own)?;
        for folder in [own.clone(), self.folder.join("v1")] {
            place::sweep(&folder);
        }
        let mut state = self.load()?;
        let before = self.set(state.seq)?;
        let changed = difference(&before, lists);
        let mut published = Published::default();
        if state.seq == 0 || !changed.is_empty() {
            published.delta_bytes = self.advance(&mut state, &before, lists, changed.clone())?;
            published.adds = changed.iter().map(|section| section.adds.len() as u64).sum();
            published.removals = changed.iter().map(|section| section.removals.len() as u64).sum();
        }
        state.issued_at = now.max(state.issued_at);
        let text = serde_json::to_vec_pretty(&state).map_err(|why| self.odd(&why))?;
        place::write(&self.own("state"), &text)?;
        place::write(&self.folder.join("v1/head"), &self.key.signed(self.head(&state)?.encode()))?;
        self.prune(&state);
        Ok(Published {
            epoch: state.epoch,
            seq: state.seq,
            entries: state.entries,
            snapshot_bytes: state.snap_len,
            ..published
        })
    }

    /// From one state to the next; the length of the delta between them.
    fn advance(
        &self,
        state: &mut State,
        before: &Lists,
        lists: &Lists,
        changed: Vec<Section>,
    ) -> Result<u64, FeedError> {
        let (from, to) = (state.seq, state.seq + 1);
        let hash = match from {
            0 => SetHash::of(lists),
            _ => stepped(SetHash::of_bytes(bytes(&state.set_hash)), before, &changed),
        };
        Base::write(&self.own(&format!("set-{to}")), state.epoch, to, lists)?;
        let file = |kind, from, sections| File {
            kind,
            epoch: state.epoch,
            from,
            to,
            set_hash_after: hash.bytes(),
            sections,
        };
        let mut delta = Vec::new();
        if from > 0 {
            delta = self.delta(file(Kind::Delta, from, changed))?;
            for span in [HOUR, DAY] {
                // Who finds no such delta takes the snapshot.
                let is_there = || self.own(&format!("set-{}", to - span)).exists();
                if to.is_multiple_of(span) && to > span && is_there() {
                    let older = self.set(to - span)?;
                    self.delta(file(Kind::Delta, to - span, difference(&older, lists)))?;
                }
            }
        }
        state.since_snapshot += delta.len() as u64;
        if from == 0 || to.is_multiple_of(HOUR) || is_worth(state) {
            let sections = lists.iter().map(|(&list, keys)| Section {
                list,
                adds: keys.clone(),
                removals: Vec::new(),
            });
            let snapshot = self.key.signed(file(Kind::Snapshot, to, sections.collect()).encode());
            self.write(&format!("v1/s/{}/{to}", state.epoch), &snapshot)?;
            state.snap_seq = to;
            state.snap_len = snapshot.len() as u64;
            state.snap_sha256 = hex(&sha256(&snapshot));
            state.since_snapshot = 0;
        }
        state.delta_sha256 = if from > 0 { hex(&sha256(&delta)) } else { hex(&[0; 32]) };
        state.seq = to;
        state.set_hash = hex(&hash.bytes());
        state.entries = lists.values().map(|keys| keys.len() as u64).sum();
        Ok(delta.len() as u64)
    }

    fn delta(&self, file: File) -> Result<Vec<u8>, FeedError> {
        let bytes = self.key.signed(file.encode());
        self.write(&format!("v1/d/{}/{}-{}", file.epoch, file.from, file.to), &bytes)?;
        Ok(bytes)
    }

    /// Writes a file, and its second signature beside it.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FeedError> {
        if let Some(key) = self.countersigner {
            let signature = verify::countersign(bytes, key);
            place::write(&self.folder.join(format!("{name}.sig")), &signature)?;
        }
        Ok(place::write(&self.folder.join(name), bytes)?)
    }

    fn head(&self, state: &State) -> Result<Head, FeedError> {
        Ok(Head {
            key_id: self.key.public().id(),
            epoch: state.epoch,
            seq: state.seq,
            issued_at: state.issued_at,
            expires_at: state.issued_at.saturating_add(self.expires),
            min_wait: self.min_wait,
            flags: 0,
            snap_seq: state.snap_seq,
            snap_sha256: bytes(&state.snap_sha256),
            snap_len: state.snap_len,
            hour_base: state.seq - state.seq % HOUR,
            delta_sha256: bytes(&state.delta_sha256),
            set_hash: bytes(&state.set_hash),
            n_entries: state.entries,
        })
    }

    fn own(&self, name: &str) -> PathBuf {
        self.folder.join(".publisher").join(name)
    }

    fn load(&self) -> Result<State, FeedError> {
        let path = self.own("state");
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
                let head = self.folder.join("v1/head");
                if head.exists() {
                    let why = "the publisher's state is lost; to begin anew, remove the folder and name a higher --epoch";
                    return Err(FeedError::Folder { path, why: why.into() });
                }
                return Ok(State { epoch: self.epoch, ..State::default() });
            }
            Err(why) => return Err(FeedError::disk(&path, why)),
        };
        serde_json::from_slice(&text).map_err(|why| self.odd(&why))
    }

    /// The lists of the state `seq`.
    fn set(&self, seq: u64) -> Result<Lists, FeedError> {
        if seq == 0 {
            return Ok(Lists::new());
        }
        let path = self.own(&format!("set-{seq}"));
        let base = Base::open(&path)?;
        let read = |list| Ok((list, base.read(list, 0, u64::MAX)?));
        base.ids()
            .map(read)
            .collect::<std::io::Result<_>>()
            .map_err(|why| FeedError::disk(&path, why))
    }

    fn odd(&self, why: &serde_json::Error) -> FeedError {
        let why = format!("{why}; restore it, or remove the folder and name a higher --epoch");
        FeedError::Folder { path: self.own("state"), why }
    }

    /// Removes what nobody needs any more. What cannot be removed is tried again next time.
    fn prune(&self, state: &State) {
        let day = state.seq - state.seq % DAY;
        let hour = state.seq - state.seq % HOUR;
        for (path, name) in files(&self.own("")) {
            let seq = name.strip_prefix("set-").and_then(|seq| seq.parse::<u64>().ok());
            if seq.is_some_and(|seq| seq != state.seq && seq != hour && seq != day) {
                let _ = fs::remove_file(path);
            }
        }
        for (path, name) in files(&self.folder.join(format!("v1/d/{}", state.epoch))) {
            let span = name.trim_end_matches(".sig").split_once('-');
            let span = span.and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
            let Some((from, to)): Option<(u64, u64)> = span else { continue };
            let kept = match to.saturating_sub(from) {
                DAY => KEPT_DAYS * DAY,
                HOUR => KEPT_HOURS * HOUR,
                _ => KEPT_MINUTES,
            };
            if to + kept <= state.seq {
                let _ = fs::remove_file(path);
            }
        }
        let snapshots = self.folder.join(format!("v1/s/{}", state.epoch));
        let number = |name: &str| name.trim_end_matches(".sig").parse::<u64>().ok();
        let mut seqs: Vec<u64> = files(&snapshots).filter_map(|(_, name)| number(&name)).collect();
        seqs.sort_unstable();
        seqs.dedup();
        let oldest = seqs.iter().rev().nth(KEPT_SNAPSHOTS - 1).copied().unwrap_or(0);
        for (path, name) in files(&snapshots) {
            if number(&name).is_some_and(|seq| seq < oldest) {
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// Are deltas since the snapshot so long that who comes newly better reads another one?
fn is_worth(state: &State) -> bool {
    state.since_snapshot > SMALL.max(state.snap_len / 10 * 6)
}

/// Below this nobody minds.
pub const SMALL: u64 = 1 << 16;

fn stepped(hash: SetHash, before: &Lists, changed: &[Section]) -> SetHash {
    changed.iter().fold(hash, |hash, section| {
        let list = section.list;
        let none = Vec::new();
        let keys = before.get(&list).unwrap_or(&none);
        let gone = section.removals.iter().filter_map(|&place| keys.get(place as usize));
        let hash = gone.fold(hash, |hash, &key| hash.without(list, key));
        section.adds.iter().fold(hash, |hash, &key| hash.with(list, key))
    })
}

fn files(folder: &Path) -> impl Iterator<Item = (PathBuf, String)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| (entry.path(), entry.file_name().to_string_lossy().into_owned()))
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap_or_default();
    bytes.try_into().unwrap_or([0; N])
}
