//! The last good state of a feed, in a folder of this machine.
//!
//! | file | what it holds |
//! |---|---|
//! | `state` | which state is in force, the head that said so, the server's stamp; JSON |
//! | `base-EPOCH-SEQ` | the lists of the state that was last written down ([`Base`]) |
//! | `known-EPOCH-SEQ` | the same for look-ups ([`Snapshot`]) |
//! | `delta-EPOCH-FROM-TO` | the deltas since, as they were fetched |
//! | `lock` | held by the one process that follows the feed |
//!
//! `state` is replaced last, whole, on the disk before the new state is in force; what it does
//! not name is removed. So a process that is killed anywhere leaves the old state or the new
//! one, and never one that was not verified. Where files are lost the state that they made is
//! fetched again, but no head is believed that leads back behind `state`.

use super::base::Base;
use super::brake::Brake;
use super::format::{File, Head, Kind};
use super::layer;
use super::set::{Set, SetHash, Step, difference};
use super::{FeedError, verify};
use crate::fetch::{Stamp, place};
use crate::fingerprint::Algorithm;
use crate::fingerprint::known::{Snapshot, Source, snapshot};
use crate::limits::Limits;
use nix::fcntl::{Flock, FlockArg};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is in force, as it is written down.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
struct State {
    /// The last head that was believed, without its signature; base64.
    head: String,
    /// What the server said of it.
    stamp: Stamp,
    epoch: u32,
    /// The state of the base; 0 where there is none.
    base: u64,
    /// The set hash there; hexadecimal.
    base_hash: String,
    /// The deltas that lead on from there.
    deltas: Vec<(u64, u64)>,
}

/// The last good state, with the right to replace it.
#[derive(Debug)]
pub struct Replica {
    folder: PathBuf,
    /// Held as long as this lives.
    _lock: Flock<fs::File>,
    state: State,
    head: Option<Head>,
    set: Set,
    source: Source,
    limits: Limits,
}

/// What was fetched to come from the state that there is to the one of a head.
#[derive(Debug, Default)]
pub struct Update {
    /// A snapshot to begin with.
    pub snapshot: Option<File>,
    /// Deltas that lead on from there, with their bytes.
    pub deltas: Vec<(File, Vec<u8>)>,
    /// Files (by the name that errors have) that a second key has signed, or the administrator
    /// has agreed to.
    pub excused: HashSet<String>,
}

/// What holds an update to what is known here.
pub struct Guard<'a> {
    /// How much a step may change.
    pub brake: Brake,
    /// How long ago the last good state was.
    pub age: Duration,
    /// Is this known as wanted here?
    pub is_wanted: &'a dyn Fn(Algorithm, u64) -> bool,
}

/// So many fingerprints that are known as wanted here may be listed as bad by one step: campaigns
/// clone what is wanted, but not that much of it.
const WANTED: usize = 20;

impl Replica {
    /// The state in `folder`, which is made where there is none. Fails if another process is
    /// there; what is torn is as if it had never been fetched.
    pub fn open(folder: &Path, limits: &Limits) -> Result<Replica, FeedError> {
        fs::create_dir_all(folder).map_err(|why| FeedError::disk(folder, why))?;
        let lock = lock(folder)?;
        place::sweep(folder);
        let state = read_state(folder)?.unwrap_or_default();
        let head = head_of(&state);
        let (set, source) = restore(folder, &state, limits).unwrap_or_default();
        let replica = Replica {
            folder: folder.to_owned(),
            _lock: lock,
            state,
            head,
            set,
            source,
            limits: limits.clone(),
        };
        replica.clean();
        Ok(replica)
    }

    /// What the state in `folder` knows, with its head; for who only looks. `None` where
    /// nothing was ever fetched.
    pub fn look(folder: &Path, limits: &Limits) -> Result<Option<(Source, Head)>, FeedError> {
        // Who follows the feed may replace files while they are read: then the next look is whole.
        for _ in 0..3 {
            let Some(state) = read_state(folder)? else { return Ok(None) };
            if let (Some(head), Some((_, source))) =
                (head_of(&state), restore(folder, &state, limits))
            {
                return Ok(Some((source, head)));
            }
        }
        Ok(None)
    }

    /// The last head that was believed.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// What the server said of it.
    pub fn stamp(&self) -> &Stamp {
        &self.state.stamp
    }

    /// The state in force.
    pub fn set(&self) -> &Set {
        &self.set
    }

    /// What it knows.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Brings the state to the one of `head`, which has been verified: whole, or not at all.
    /// Without an update it must be the state that there is.
    pub fn accept(
        &mut self,
        head: &Head,
        stamp: Stamp,
        update: &Update,
        guard: &Guard<'_>,
    ) -> Result<(), FeedError> {
        let mut next = self.begin(head, update, guard)?;
        for (file, bytes) in &update.deltas {
            next.step(file, bytes, update, guard)?;
        }
        next.ends_at(head)?;
        let is_large = next.set.drift() > self.limits.feed_overlay;
        for (place, bytes) in &next.files {
            place::write(place, bytes)?;
        }
        next.state.head = data_encoding::BASE64.encode(&head.encode());
        next.state.stamp = stamp;
        write_state(&self.folder, &next.state)?;
        self.state = next.state;
        self.head = Some(head.clone());
        self.set = next.set;
        self.source = next.source;
        if is_large {
            self.write_down()?;
        }
        self.clean();
        Ok(())
    }

    /// Where an update begins: at the state that there is, or at its snapshot.
    fn begin<'u>(
        &self,
        head: &Head,
        update: &'u Update,
        guard: &Guard<'_>,
    ) -> Result<Next<'u>, FeedError> {
        let mut next = Next {
            folder: self.folder.clone(),
            state: self.state.clone(),
            set: self.set.clone(),
            source: self.source.clone(),
            files: Vec::new(),
        };
        let Some(file) = &update.snapshot else { return Ok(next) };
        let what = format!("snapshot {}", file.to);
        if (file.kind, file.epoch, file.to) != (Kind::Snapshot, head.epoch, head.snap_seq) {
            return Err(FeedError::Mixed { what });
        }
        let lists =
            file.sections.iter().map(|section| (section.list, section.adds.clone())).collect();
        let hash = SetHash::of(&lists);
        if hash.bytes() != file.set_hash_after {
            return Err(FeedError::Unfit { what, why: "its set hash is another" });
        }
        if self.set.seq() > 0 && !update.excused.contains(&what) {
            let before = self.set.lists().map_err(|why| FeedError::disk(&self.folder, why))?;
            let changed = difference(&before, &lists);
            guard.brake.check_lists(&what, &before, &changed, guard.age)?;
        }
        next.write_base(file.epoch, file.to, hash, lists)?;
        Ok(next)
    }

    /// Writes the state down anew, so that what changed since takes no memory.
    fn write_down(&mut self) -> Result<(), FeedError> {
        let lists = self.set.lists().map_err(|why| FeedError::disk(&self.folder, why))?;
        let mut next = Next {
            folder: self.folder.clone(),
            state: self.state.clone(),
            set: Set::default(),
            source: Source::default(),
            files: Vec::new(),
        };
        next.write_base(self.set.epoch(), self.set.seq(), self.set.hash(), lists)?;
        write_state(&self.folder, &next.state)?;
        (self.state, self.set, self.source) = (next.state, next.set, next.source);
        Ok(())
    }

    /// Removes what the state does not name.
    fn clean(&self) {
        let named = self.state.names();
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let ours = ["base-", "known-", "delta-"].iter().any(|kind| name.starts_with(kind));
            if ours && !named.contains(&name) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// A state that is being made.
struct Next<'a> {
    folder: PathBuf,
    state: State,
    set: Set,
    source: Source,
    /// What has to be on the disk before it may be in force.
    files: Vec<(PathBuf, &'a [u8])>,
}

impl<'a> Next<'a> {
    fn step(
        &mut self,
        file: &File,
        bytes: &'a [u8],
        update: &Update,
        guard: &Guard<'_>,
    ) -> Result<(), FeedError> {
        let what = delta_name(file.from, file.to);
        if file.kind != Kind::Delta {
            return Err(FeedError::Mixed { what });
        }
        let is_excused = update.excused.contains(&what);
        if !is_excused {
            guard.brake.check(&what, &self.set, &file.sections, guard.age)?;
        }
        let (set, steps) = self.set.apply(file, &what)?;
        let wanted = layer::accusations(&steps).filter(|&(a, key)| (guard.is_wanted)(a, key));
        let count = wanted.count();
        if count > WANTED && !is_excused {
            return Err(FeedError::Wanted { what, count });
        }
        self.take(set, &steps);
        self.state.deltas.push((file.from, file.to));
        self.files.push((self.folder.join(delta_file(file.epoch, file.from, file.to)), bytes));
        Ok(())
    }

    fn take(&mut self, set: Set, steps: &[Step]) {
        self.source = self.source.changed(&layer::changes(&self.source, steps));
        self.set = set;
    }

    fn ends_at(&self, head: &Head) -> Result<(), FeedError> {
        let (have, want) = (self.set.seq(), head.seq);
        if (self.set.epoch(), have) != (head.epoch, want) {
            let what = "the chain of deltas".to_owned();
            return Err(FeedError::Gap { what, from: have, to: have, have, want });
        }
        if self.set.hash().bytes() != head.set_hash || self.set.entries() != head.n_entries {
            let what = format!("state {want}");
            return Err(FeedError::Unfit { what, why: "the head has another set hash" });
        }
        Ok(())
    }

    fn write_base(
        &mut self,
        epoch: u32,
        seq: u64,
        hash: SetHash,
        lists: super::base::Lists,
    ) -> Result<(), FeedError> {
        let base = self.folder.join(base_file(epoch, seq));
        Base::write(&base, epoch, seq, &lists)?;
        let known = self.folder.join(known_file(epoch, seq));
        let stamp = snapshot::Stamp { whose: hash.bytes(), generation: seq };
        Snapshot::write(&known, &layer::understood(lists), stamp)
            .map_err(|why| FeedError::disk(&known, why))?;
        self.set = Set::of_base(Base::open(&base)?, hash);
        self.source = Source::new(open_known(&known)?);
        self.state.epoch = epoch;
        self.state.base = seq;
        self.state.base_hash = data_encoding::HEXLOWER.encode(&hash.bytes());
        self.state.deltas.clear();
        Ok(())
    }
}

impl State {
    fn names(&self) -> HashSet<String> {
        let base = [base_file(self.epoch, self.base), known_file(self.epoch, self.base)];
        let deltas = self.deltas.iter().map(|&(from, to)| delta_file(self.epoch, from, to));
        base.into_iter().chain(deltas).collect()
    }
}

/// What errors call the delta between two states.
pub fn delta_name(from: u64, to: u64) -> String {
    format!("delta {from}-{to}")
}

fn base_file(epoch: u32, seq: u64) -> String {
    format!("base-{epoch}-{seq}")
}

fn known_file(epoch: u32, seq: u64) -> String {
    format!("known-{epoch}-{seq}")
}

fn delta_file(epoch: u32, from: u64, to: u64) -> String {
    format!("delta-{epoch}-{from}-{to}")
}

/// Takes the lock of a folder that one process at a time may write to.
pub(super) fn lock(folder: &Path) -> Result<Flock<fs::File>, FeedError> {
    let path = folder.join("lock");
    let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(|why| FeedError::disk(&path, why))?;
    let locked = Flock::lock(file, FlockArg::LockExclusiveNonblock);
    locked.map_err(|_| FeedError::Busy(folder.to_owned()))
}

fn read_state(folder: &Path) -> Result<Option<State>, FeedError> {
    let path = folder.join("state");
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(FeedError::disk(&path, why)),
    };
    serde_json::from_slice(&text).map(Some).map_err(|why| FeedError::Folder {
        path,
        why: format!("it is no state of a feed ({why}); remove it, and all is fetched again"),
    })
}

fn write_state(folder: &Path, state: &State) -> Result<(), FeedError> {
    let path = folder.join("state");
    let text = serde_json::to_vec_pretty(state)
        .map_err(|why| FeedError::Folder { path: path.clone(), why: why.to_string() })?;
    Ok(place::write(&path, &text)?)
}

fn head_of(state: &State) -> Option<Head> {
    let bytes = data_encoding::BASE64.decode(state.head.as_bytes()).ok()?;
    Head::decode(&bytes).ok()
}

fn open_known(path: &Path) -> Result<Snapshot, FeedError> {
    Snapshot::open(path)
        .map_err(|why| FeedError::Folder { path: path.to_owned(), why: why.to_string() })
}

/// The state that the files make, if they are all there and whole.
fn restore(folder: &Path, state: &State, limits: &Limits) -> Option<(Set, Source)> {
    if state.base == 0 {
        return None;
    }
    let hash = data_encoding::HEXLOWER.decode(state.base_hash.as_bytes()).ok()?;
    let hash = SetHash::of_bytes(hash.try_into().ok()?);
    let base = Base::open(&folder.join(base_file(state.epoch, state.base))).ok()?;
    if (base.epoch, base.seq) != (state.epoch, state.base) {
        return None;
    }
    let known = open_known(&folder.join(known_file(state.epoch, state.base))).ok()?;
    let is_of_base = known.stamp().whose == hash.bytes();
    let (set, source) = (Set::of_base(base, hash), Source::new(known));
    let mut next =
        Next { folder: folder.to_owned(), state: state.clone(), set, source, files: Vec::new() };
    for &(from, to) in &state.deltas {
        let bytes = fs::read(folder.join(delta_file(state.epoch, from, to))).ok()?;
        // Its signature was verified when it came; that it is whole, the set hash says.
        let body = bytes.get(..bytes.len().checked_sub(super::format::SIGNATURE)?)?;
        let file = File::decode(body, limits.feed_entries as u64).ok()?;
        let (set, steps) = next.set.apply(&file, &delta_name(from, to)).ok()?;
        next.take(set, &steps);
    }
    let is_of_head = head_of(state).is_some_and(|head| next.ends_at(&head).is_ok());
    (is_of_base && is_of_head).then_some((next.set, next.source))
}

/// How old the state of `head` is at `now`.
pub fn age(head: Option<&Head>, now: u64) -> Duration {
    head.map_or(Duration::ZERO, |head| verify::age(head.issued_at, now))
}
