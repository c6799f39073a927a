//! What was taught here, on disk.
//!
//! A store is a folder: `lessons.redb` holds every lesson and what the lessons add up to for each
//! fingerprint, `known` is the [`Snapshot`] that was last made of it. One process at a time has
//! it open. In: [`Lesson`]s. Out: [`Change`]s of what is known, records, a [`Source`].
//!
//! Invariants: what [`Store::learn`] and its kin have returned is on disk; what a record counts
//! is what the lessons add up to; a lesson counts once however often it is given, and is taken
//! back whole.

pub mod apply;
pub mod error;
pub mod portable;
pub mod record;
pub mod weights;

pub use apply::{Forget, Taught};
pub use error::StoreError;
pub use record::{Lesson, LessonId, Record, Saying};

use super::known::{Change, List, Lists, Snapshot, Source, Stamp};
use super::{Algorithm, Class, Fingerprint};
use error::Told;
use record::{print_key, print_of_key};
use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata,
    TableDefinition, WriteTransaction,
};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The file with the lessons.
pub const FILE: &str = "lessons.redb";
/// The snapshot.
pub const SNAPSHOT: &str = "known";
/// What the file says of itself.
const FORMAT: u64 = 1;
/// Memory for the file's pages.
const CACHE: usize = 64 << 20;

type Numbers = TableDefinition<'static, &'static str, u64>;
const META: Numbers = TableDefinition::new("mailprint");
const RECORDS: TableDefinition<&[u8; 17], &[u8; Record::SIZE]> = TableDefinition::new("records");
const LESSONS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("lessons");
/// Message-ID, content and teacher of each lesson.
const MESSAGES: TableDefinition<&[u8], ()> = TableDefinition::new("messages");
/// In how many wanted messages each phrase was.
const PHRASES: TableDefinition<u64, u32> = TableDefinition::new("phrases");
/// When each was struck from all lists.
const DELISTED: TableDefinition<&[u8; 17], u64> = TableDefinition::new("delisted");
/// Fingerprints whose listing changed, with the generation in which it last did.
const TOUCHED: TableDefinition<&[u8; 17], u64> = TableDefinition::new("touched");
const TOUCHED_PHRASES: TableDefinition<u64, u64> = TableDefinition::new("touched_phrases");

/// Counts transactions.
const GENERATION: &str = "generation";
/// Changes up to this generation are in a snapshot.
const WRITTEN: &str = "written";
/// The two halves of the store's own mark.
const MARK: [&str; 2] = ["mark-1", "mark-2"];

/// A store that is open. Nobody else has it open.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    /// `None` once the system has refused a read or write: then it is opened again.
    database: Option<Database>,
    mark: [u8; 16],
}

/// What there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Lessons of each class.
    pub lessons: [u64; 5],
    /// Fingerprints with a record.
    pub fingerprints: u64,
    /// Exemptions of a domain from a fingerprint.
    pub exemptions: u64,
    /// Phrases that are common in wanted mail.
    pub phrases: u64,
    /// Fingerprints struck from all lists.
    pub delisted: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// How often it was written to.
    pub generation: u64,
}

impl Store {
    /// Opens the store in `folder`, which is made if it is not there.
    pub fn open(folder: &Path) -> Result<Store, StoreError> {
        make_folder(folder).map_err(|why| StoreError::io(folder, why))?;
        let mut store = Store { folder: folder.to_owned(), database: None, mark: [0; 16] };
        let database = store.open_database()?;
        store.mark = told(&store.path(), mark(&database))?;
        store.database = Some(database);
        Ok(store)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    fn open_database(&self) -> Result<Database, StoreError> {
        let path = self.path();
        if !error::look_at(&path)? {
            self.make_database()?;
        }
        let opened = std::panic::catch_unwind(|| {
            Database::builder().set_cache_size(CACHE).open(&path).map_err(redb::Error::from)
        });
        let opened = opened.unwrap_or_else(|_| Err(redb::Error::Corrupted("it is torn".into())));
        let database = told(&path, opened)?;
        match told(&path, format(&database))? {
            Some(FORMAT) => Ok(database),
            Some(other) if other > FORMAT => Err(StoreError::Newer(path)),
            Some(_) => Err(StoreError::Older(path)),
            None => Err(StoreError::Foreign(path)),
        }
    }

    /// Makes the file under another name first: whoever is killed meanwhile leaves none, and of
    /// two who make it at once the second finds that of the first.
    fn make_database(&self) -> Result<(), StoreError> {
        let path = self.path();
        let beside = path.with_file_name(format!(".{FILE}.{}.new", std::process::id()));
        let refused = |why| StoreError::io(&path, why);
        // One that a killed process of the same number has left.
        let _ = std::fs::remove_file(&beside);
        let made = (|| {
            let created = Database::create(&beside).map_err(redb::Error::from);
            let database = told(&path, created)?;
            told(&path, begin(&database))?;
            drop(database);
            error::keep_private(&beside)?;
            belong(&beside, &self.folder).map_err(refused)?;
            match std::fs::hard_link(&beside, &path) {
                Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
                other => other.map_err(refused),
            }
        })();
        let removed = std::fs::remove_file(&beside).map_err(refused);
        made.and(removed)
    }

    /// The database; opened again if the system had refused something.
    fn database(&mut self) -> Result<&Database, StoreError> {
        if self.database.is_none() {
            self.database = Some(self.open_database()?);
        }
        self.database.as_ref().ok_or(StoreError::InUse(self.folder.clone()))
    }

    /// Does `work` in a transaction of its own, which is on disk when this returns.
    fn write<T>(
        &mut self,
        work: impl FnOnce(&WriteTransaction, u64) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        let path = self.path();
        let database = self.database()?;
        let done = (|| {
            let mut transaction = database.begin_write()?;
            // After a crash the file is there at once, however large it is.
            transaction.set_quick_repair(true);
            let generation = {
                let mut meta = transaction.open_table(META)?;
                let next = meta.get(GENERATION)?.map_or(0, |now| now.value()) + 1;
                meta.insert(GENERATION, next)?;
                next
            };
            let result = work(&transaction, generation)?;
            transaction.commit()?;
            Ok(result)
        })();
        self.finish(told(&path, done))
    }

    fn read<T>(
        &mut self,
        work: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        let path = self.path();
        let database = self.database()?;
        let done = database.begin_read().map_err(redb::Error::from).and_then(|read| work(&read));
        self.finish(told(&path, done))
    }

    /// After the system has refused something the database does not go on as it is.
    fn finish<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if done.is_err() {
            self.database = None;
        }
        done
    }

    /// Learns `lessons` in order: all of them, or in an error none.
    pub fn learn(&mut self, lessons: &[Lesson]) -> Result<(Vec<Taught>, Vec<Change>), StoreError> {
        self.write(|transaction, generation| apply::learn(transaction, generation, lessons))
    }

    /// Takes lessons back; gives how many each message had.
    pub fn forget(&mut self, which: &[Forget]) -> Result<(Vec<u64>, Vec<Change>), StoreError> {
        self.write(|transaction, generation| apply::forget(transaction, generation, which))
    }

    /// Strikes a fingerprint from all lists, of feeds too, or puts it back. Was that new?
    pub fn delist(
        &mut self,
        print: Fingerprint,
        strike: bool,
        when: u64,
    ) -> Result<bool, StoreError> {
        self.write(|transaction, _| {
            let mut table = transaction.open_table(DELISTED)?;
            let key = print_key(&print);
            Ok(match strike {
                true => table.insert(&key, when)?.is_none(),
                false => table.remove(&key)?.is_some(),
            })
        })
    }

    /// The fingerprints that are struck from all lists.
    pub fn delisted(&mut self) -> Result<HashSet<(Algorithm, u64)>, StoreError> {
        let prints = self.struck()?;
        Ok(prints.into_iter().map(|(print, _)| (print.algorithm, print.key())).collect())
    }

    /// The same in full, with when that was.
    pub fn struck(&mut self) -> Result<Vec<(Fingerprint, u64)>, StoreError> {
        self.read(|transaction| {
            let mut all = Vec::new();
            for row in transaction.open_table(DELISTED)?.iter()? {
                let (key, when) = row?;
                all.extend(print_of_key(key.value()).map(|print| (print, when.value())));
            }
            Ok(all)
        })
    }

    /// What was taught about each of `prints`.
    pub fn records(&mut self, prints: &[Fingerprint]) -> Result<Vec<Option<Record>>, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(RECORDS)?;
            let record = |print| {
                let found = table.get(&print_key(print))?;
                Ok(found.map(|found| Record::of_bytes(found.value())))
            };
            prints.iter().map(record).collect()
        })
    }

    /// Lessons behind the one called `after` in the order of their keys, with their keys; about
    /// `most` bytes of them. None: that was the last.
    pub fn lessons(&mut self, after: &[u8], most: usize) -> Result<Vec<Lesson>, StoreError> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.read(|transaction| {
            let table = transaction.open_table(LESSONS)?;
            let (mut lessons, mut bytes) = (Vec::new(), 0);
            for row in table.range::<&[u8]>((Excluded(after), Unbounded))? {
                let (key, value) = row?;
                bytes += value.value().len();
                lessons.extend(Lesson::of_bytes(key.value(), value.value()));
                if bytes >= most && !lessons.is_empty() {
                    break;
                }
            }
            Ok(lessons)
        })
    }

    /// What there is.
    pub fn stats(&mut self) -> Result<Stats, StoreError> {
        let bytes = std::fs::metadata(self.path()).map_or(0, |file| file.len());
        self.read(|transaction| {
            let mut stats = Stats { bytes, ..Stats::default() };
            for row in transaction.open_table(LESSONS)?.iter()? {
                let (_, value) = row?;
                let class = value.value().get(1).copied().unwrap_or_default();
                if let Some(count) = stats.lessons.get_mut(usize::from(class)) {
                    *count += 1;
                }
            }
            for row in transaction.open_table(RECORDS)?.iter()? {
                match Record::of_bytes(row?.1.value()).is_exemption {
                    true => stats.exemptions += 1,
                    false => stats.fingerprints += 1,
                }
            }
            stats.phrases = transaction.open_table(PHRASES)?.len()?;
            stats.delisted = transaction.open_table(DELISTED)?.len()?;
            let meta = transaction.open_table(META)?;
            stats.generation = meta.get(GENERATION)?.map_or(0, |now| now.value());
            Ok(stats)
        })
    }

    /// All that is listed by what was taught here.
    pub fn lists(&mut self) -> Result<Lists, StoreError> {
        self.read(lists)
    }

    /// Writes a snapshot of all that is listed, and forgets which changes led there.
    pub fn checkpoint(&mut self) -> Result<Source, StoreError> {
        let snapshot = self.begin_checkpoint()?.write()?;
        self.end_checkpoint(snapshot)
    }

    /// The first step of a checkpoint. The second may be taken on another thread while lessons
    /// are learned.
    pub fn begin_checkpoint(&mut self) -> Result<Checkpoint, StoreError> {
        let whose = self.mark;
        let path = self.folder.join(SNAPSHOT);
        let database = self.database()?;
        let read = database.begin_read().map_err(redb::Error::from);
        let read = self.finish(told(&self.path(), read))?;
        Ok(Checkpoint { read, whose, path })
    }

    /// The last step of a checkpoint: changes that the snapshot has are forgotten. Gives what is
    /// known.
    pub fn end_checkpoint(&mut self, snapshot: Snapshot) -> Result<Source, StoreError> {
        let done = snapshot.stamp().generation;
        self.write(|transaction, _| {
            transaction.open_table(TOUCHED)?.retain(|_, touched| touched > done)?;
            transaction.open_table(TOUCHED_PHRASES)?.retain(|_, touched| touched > done)?;
            transaction.open_table(META)?.insert(WRITTEN, done)?;
            Ok(())
        })?;
        let changes = self.changes_since(done)?;
        Ok(Source::new(snapshot).changed(&changes))
    }

    /// What was taught here: the snapshot and what changed since. A snapshot that is missing,
    /// torn or of another store is made anew.
    pub fn source(&mut self) -> Result<Source, StoreError> {
        let found = Snapshot::open(&self.folder.join(SNAPSHOT)).ok();
        let written = self.read(|transaction| {
            let meta = transaction.open_table(META)?;
            Ok(meta.get(WRITTEN)?.map_or(0, |written| written.value()))
        })?;
        let is_ours = |snapshot: &Snapshot| {
            let Stamp { whose, generation } = snapshot.stamp();
            whose == self.mark && generation >= written
        };
        let Some(snapshot) = found.filter(is_ours) else {
            return match self.checkpoint() {
                // Without room for a snapshot memory has to do.
                Err(StoreError::Full(_) | StoreError::Io { .. }) => self.source_in_memory(),
                made => made,
            };
        };
        let changes = self.changes_since(snapshot.stamp().generation)?;
        Ok(Source::new(snapshot).changed(&changes))
    }

    fn source_in_memory(&mut self) -> Result<Source, StoreError> {
        let bytes = Snapshot::encode(&self.lists()?, Stamp::default());
        let snapshot = Snapshot::of_bytes(bytes);
        let wrong = |why| StoreError::io(&self.folder, std::io::Error::other(why));
        Ok(Source::new(snapshot.map_err(wrong)?))
    }

    fn changes_since(&mut self, generation: u64) -> Result<Vec<Change>, StoreError> {
        self.read(|transaction| {
            let records = transaction.open_table(RECORDS)?;
            let mut changes = Vec::new();
            for row in transaction.open_table(TOUCHED)?.iter()? {
                let (key, touched) = row?;
                let Some(print) = print_of_key(key.value()) else { continue };
                if touched.value() > generation {
                    let record = records.get(key.value())?;
                    let record = record.map(|found| Record::of_bytes(found.value()));
                    changes.push(apply::change(&print, &record.unwrap_or_default()));
                }
            }
            let phrases = transaction.open_table(PHRASES)?;
            for row in transaction.open_table(TOUCHED_PHRASES)?.iter()? {
                let (phrase, touched) = row?;
                if touched.value() > generation {
                    let phrase = phrase.value();
                    let common = phrases.get(phrase)?.is_some();
                    changes.push(Change::Phrase { phrase, common });
                }
            }
            Ok(changes)
        })
    }
}

/// A state of the store that is to become a snapshot.
pub struct Checkpoint {
    read: ReadTransaction,
    whose: [u8; 16],
    path: PathBuf,
}

impl Checkpoint {
    /// Writes the snapshot.
    pub fn write(self) -> Result<Snapshot, StoreError> {
        let Checkpoint { read, whose, path } = self;
        let found = read.open_table(META).map_err(redb::Error::from).and_then(|meta| {
            let generation = meta.get(GENERATION)?.map_or(0, |now| now.value());
            Ok((Stamp { whose, generation }, lists(&read)?))
        });
        let (stamp, lists) = told(&path, found)?;
        drop(read);
        let written = Snapshot::write(&path, &lists, stamp);
        let folder = path.parent().unwrap_or(Path::new("."));
        let written = written.and_then(|()| belong(&path, folder));
        written.map_err(|why| StoreError::io(&path, why))?;
        Snapshot::open(&path).map_err(|why| StoreError::io(&path, std::io::Error::other(why)))
    }
}

fn lists(transaction: &ReadTransaction) -> Result<Lists, redb::Error> {
    let mut lists = Lists::default();
    for row in transaction.open_table(RECORDS)?.iter()? {
        let (key, value) = row?;
        let Some(print) = print_of_key(key.value()) else { continue };
        let listed = weights::listed(&Record::of_bytes(value.value()));
        for class in Class::ALL {
            let (algorithm, weight) = (print.algorithm, listed.weight(class));
            if weight > 0 {
                lists.push(List { algorithm, class, weight }, print.key());
            }
        }
    }
    for row in transaction.open_table(PHRASES)?.iter()? {
        lists.phrases.push(row?.0.value());
    }
    lists.sort();
    Ok(lists)
}

/// What the file says of itself; `None` for one that has just been made.
fn format(database: &Database) -> Result<Option<u64>, redb::Error> {
    let read = database.begin_read()?;
    match read.open_table(META) {
        Ok(meta) => Ok(Some(meta.get("format")?.map_or(0, |format| format.value()))),
        Err(redb::TableError::TableDoesNotExist(_)) if read.list_tables()?.next().is_none() => {
            Ok(None)
        }
        Err(redb::TableError::TableDoesNotExist(_)) => Err(redb::Error::Io(std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            Told::Foreign,
        ))),
        Err(other) => Err(other.into()),
    }
}

/// Makes all tables of a new store.
fn begin(database: &Database) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    {
        let mut meta = transaction.open_table(META)?;
        meta.insert("format", FORMAT)?;
        for half in MARK {
            meta.insert(half, rand::random::<u64>())?;
        }
        transaction.open_table(RECORDS)?;
        transaction.open_table(LESSONS)?;
        transaction.open_table(MESSAGES)?;
        transaction.open_table(PHRASES)?;
        transaction.open_table(DELISTED)?;
        transaction.open_table(TOUCHED)?;
        transaction.open_table(TOUCHED_PHRASES)?;
    }
    Ok(transaction.commit()?)
}

fn mark(database: &Database) -> Result<[u8; 16], redb::Error> {
    let meta = database.begin_read()?.open_table(META)?;
    let mut mark = [0; 16];
    for (half, name) in mark.chunks_exact_mut(8).zip(MARK) {
        half.copy_from_slice(&meta.get(name)?.map_or(0, |half| half.value()).to_le_bytes());
    }
    Ok(mark)
}

fn told<T>(path: &Path, done: Result<T, redb::Error>) -> Result<T, StoreError> {
    done.map_err(|why| StoreError::of(path, why))
}

/// What root puts into somebody's folder is that somebody's: a server that is not root goes on
/// with it.
fn belong(path: &Path, folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt, lchown};
    let (file, folder) = (std::fs::symlink_metadata(path)?, std::fs::metadata(folder)?);
    match nix::unistd::geteuid().is_root() && file.uid() == 0 && folder.uid() != 0 {
        true => lchown(path, Some(folder.uid()), Some(folder.gid())),
        false => Ok(()),
    }
}

/// The folder is its owner's, and its group may look on.
pub fn make_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o750).create(folder)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
