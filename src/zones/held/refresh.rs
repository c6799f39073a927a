//! Keeping one list fresh.
//!
//! Fetched, held to its sum or signature, read, looked at by the guards, kept on disk, and only
//! then swapped in: what goes wrong on the way leaves the last good copy where it is, and one
//! line says so. Tables are built one at a time in a process, so that no more memory is taken
//! than the largest list needs beside what is held.

mod told;

use super::build::{Builder, Job, JobPart, heights};
use super::guards::{self, Known, Refusal};
use super::store::{State, Store};
use super::wanted::{Part, Wanted};
use super::{Held, List};
use crate::clock::Tick;
use crate::fetch::{Download, FetchError, Fetched, Fetcher, Plan, Schedule, Source, Stamp, check};
use crate::limits::Limits;
use crate::metrics::dns::count;
use crate::metrics::zones::Zones;
use crate::zones::Zone;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How often files of this machine are looked at.
const LOCAL: Duration = Duration::from_secs(5);
/// The longest pause after failures: a server that is back is found within an hour.
const BACK_OFF: Duration = Duration::from_secs(3600);
/// The most bytes of a sum or a signature.
const BESIDE: u64 = 64 << 10;

/// Where lines for the administrator go.
#[derive(Clone)]
pub struct Notices {
    /// What is wrong.
    pub warn: Arc<dyn Fn(&str) + Send + Sync>,
    /// What was done.
    pub info: Arc<dyn Fn(&str) + Send + Sync>,
}

/// What the keepers of all lists share.
#[derive(Clone)]
pub struct Shared {
    /// The lists.
    pub held: Arc<Held>,
    /// Where copies are kept.
    pub folder: PathBuf,
    /// Bounds of what is read.
    pub limits: Limits,
    /// What is counted.
    pub metrics: Zones,
    /// Where lines go.
    pub notices: Notices,
    /// Where tables are made.
    pub builder: Builder,
    /// Who may make one now.
    pub building: Arc<Semaphore>,
}

/// Keeps one list fresh.
pub struct Keeper {
    wanted: Wanted,
    list: Arc<List>,
    store: Store,
    fetcher: Fetcher,
    shared: Shared,
    standing: Mutex<Standing>,
}

/// How it stands with a list.
#[derive(Default)]
struct Standing {
    state: State,
    /// What was refused last, part by part: not fetched again until it changes.
    refused: Vec<Option<Stamp>>,
    error: Option<String>,
    /// What kind of error that was.
    kind: String,
    next: i64,
    aging: Aging,
}

/// What was said of a copy's age.
#[derive(Clone, Copy, Default, PartialEq, PartialOrd)]
enum Aging {
    #[default]
    Fresh,
    Fading,
    Over,
}

/// What came of a look at the sources.
#[derive(Debug)]
pub enum Looked {
    /// There is a new copy.
    New,
    /// The one that is held is current.
    Unchanged,
    /// The sources still have what was refused.
    StillRefused,
    /// Nothing new came of it.
    Failed(Trouble),
}

/// Why a look brought no new copy.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// It did not arrive, or not as its owner made it.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It cannot be read.
    #[error("{0}")]
    Load(String),
    /// It is not fit to answer.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl Trouble {
    /// Would the same files be refused again?
    fn is_of_the_files(&self) -> bool {
        matches!(self, Trouble::Load(_) | Trouble::Refused(_))
    }

    /// What it is, apart from its particulars: said once, until something else is wrong.
    fn kind(&self) -> String {
        match self {
            Trouble::Fetch(error) => error.cause().to_owned(),
            other => other.to_string(),
        }
    }

    fn wait(&self) -> Option<Duration> {
        match self {
            Trouble::Fetch(error) => error.wait(),
            _ => None,
        }
    }
}

/// A part of a list: where it lies, and what its source says of it.
struct Arrived {
    download: Option<Download>,
    place: PathBuf,
    stamp: Option<Stamp>,
    published: Published,
}

/// What the owner has published beside a file.
#[derive(Default)]
struct Published {
    sum: Option<String>,
    signature: Option<String>,
}

impl Arrived {
    fn path(&self) -> &Path {
        self.download.as_ref().map_or(&self.place, Download::path)
    }
}

impl Keeper {
    /// A keeper of what is `wanted`; `None` if `shared` does not hold it.
    pub fn new(wanted: Wanted, shared: Shared) -> Option<Keeper> {
        let list = Arc::clone(shared.held.list(&wanted.name)?);
        Some(Keeper {
            store: Store::new(&shared.folder, &wanted.name),
            fetcher: Fetcher::new(wanted.credentials.clone(), &shared.limits),
            list,
            wanted,
            shared,
            standing: Mutex::default(),
        })
    }

    /// Takes the last good copy from the disk, if it was made of what is wanted now.
    pub fn open(&self) {
        self.store.sweep();
        let Some(state) = self.store.state().filter(|state| state.made_of == self.made_of()) else {
            return;
        };
        let table = Zone::open(&self.store.table()).ok();
        let table = table.filter(|zone| *zone.name() == self.wanted.name);
        let zone = match table {
            Some(zone) => Ok(zone),
            None => {
                let place = self.store.table();
                self.read(&self.kept_parts(&state), &place).map(|(zone, _)| zone)
            }
        };
        match zone {
            Ok(zone) => {
                self.list.swap(zone, state.confirmed);
                self.standing().state = state;
            }
            Err(why) => {
                let text = format!("zones: {}: the copy on disk is of no use: {why}", self.name());
                (self.shared.notices.warn)(&text);
            }
        }
        self.list.show(self.shared.held.now());
    }

    /// Looks at the sources now and then, for ever.
    pub async fn run(self: Arc<Self>) {
        let plan = match self.wanted.is_local() {
            true => Plan { interval: LOCAL, jitter: 0.0, back_off_to: LOCAL },
            false => {
                let interval = self.wanted.interval;
                Plan { interval, jitter: self.wanted.jitter, back_off_to: BACK_OFF.max(interval) }
            }
        };
        let mut schedule = Schedule::new(plan, Tick::now());
        loop {
            tokio::time::sleep(schedule.wait(Tick::now())).await;
            match self.look().await {
                Looked::Failed(trouble) => schedule.failed(Tick::now(), trouble.wait()),
                _ => schedule.succeeded(Tick::now(), None),
            }
            let seconds = schedule.wait(Tick::now()).as_secs();
            self.standing().next =
                self.shared.held.now().saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX));
        }
    }

    /// Looks at the sources once.
    pub async fn look(self: &Arc<Self>) -> Looked {
        let looked = self.fetch().await.unwrap_or_else(Looked::Failed);
        let outcome = match &looked {
            Looked::New => "new",
            Looked::Unchanged => "unchanged",
            Looked::StillRefused => "refused",
            Looked::Failed(trouble) if trouble.is_of_the_files() => {
                self.list.metrics.refused.inc();
                "refused"
            }
            Looked::Failed(_) => {
                self.list.metrics.failed.inc();
                "failed"
            }
        };
        count(&self.shared.metrics.looks, outcome);
        self.tell(&looked);
        self.list.show(self.shared.held.now());
        looked
    }

    /// Fetches what is new, and makes a copy of it.
    async fn fetch(self: &Arc<Self>) -> Result<Looked, Trouble> {
        if self.wanted.is_local() && self.is_as_it_was() {
            return Ok(Looked::Unchanged);
        }
        let (mut arrived, mut refused) = (Vec::new(), false);
        for (number, part) in self.wanted.parts.iter().enumerate() {
            let place = self.store.part(number);
            let (good, bad) = {
                let standing = self.standing();
                let at = |stamps: &[Option<Stamp>]| stamps.get(number).cloned().flatten();
                (at(&standing.state.stamps), at(&standing.refused))
            };
            let accepts = self.store.accepts();
            let known = bad.clone().filter(|_| !accepts).or_else(|| good.clone());
            let known = known.filter(|_| self.list.copy().is_some());
            match self.fetcher.fetch(&part.source, &place, known.as_ref(), None).await? {
                Fetched::New(download) => {
                    let published = self.published(&part.source).await?;
                    let stamp = Some(download.stamp().clone());
                    arrived.push(Arrived { download: Some(download), place, stamp, published });
                }
                Fetched::Unchanged { .. } => {
                    refused |= bad.is_some() && !accepts;
                    let published = Published::default();
                    arrived.push(Arrived { download: None, place, stamp: good, published });
                }
            }
        }
        if arrived.iter().all(|part| part.download.is_none()) {
            if refused {
                return Ok(Looked::StillRefused);
            }
            return self.aside(move |keeper| keeper.confirm(&arrived)).await;
        }
        let permit = Arc::clone(&self.shared.building).acquire_owned().await;
        self.aside(move |keeper| {
            let _permit = permit;
            keeper.take(arrived)
        })
        .await
    }

    /// Does what takes the disk or a processor for long, where nobody waits for it.
    async fn aside(
        self: &Arc<Self>,
        work: impl FnOnce(&Keeper) -> Result<Looked, Trouble> + Send + 'static,
    ) -> Result<Looked, Trouble> {
        let keeper = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&keeper));
        done.await.unwrap_or(Err(Trouble::Fetch(FetchError::Ended)))
    }

    /// The sum and the signature that the owner of a file publishes beside it, as far as they are
    /// wanted.
    async fn published(&self, source: &Source) -> Result<Published, FetchError> {
        let mut published = Published::default();
        if let Some(suffix) = &self.wanted.checksum {
            published.sum = Some(self.beside(source, suffix).await?);
        }
        if self.wanted.key.is_some() {
            published.signature = Some(self.beside(source, ".minisig").await?);
        }
        Ok(published)
    }

    /// Holds a file to what its owner has published beside it.
    fn check(&self, source: &Source, arrived: &Arrived) -> Result<(), FetchError> {
        if let Some(published) = &arrived.published.sum {
            let name = source.to_string();
            let name = name.rsplit('/').next().unwrap_or_default();
            check::check_sum(arrived.path(), published, name)?;
        }
        if let Some((key, published)) =
            self.wanted.key.as_ref().zip(arrived.published.signature.as_ref())
        {
            key.check(arrived.path(), published)?;
        }
        Ok(())
    }

    /// The small file whose address is the source's and `suffix`.
    async fn beside(&self, source: &Source, suffix: &str) -> Result<String, FetchError> {
        let source = Source::parse(&format!("{source}{suffix}"))?;
        let place = self.store.table().with_file_name("beside");
        match self.fetcher.fetch(&source, &place, None, Some(BESIDE)).await? {
            Fetched::New(download) => std::fs::read_to_string(download.path())
                .map_err(|why| FetchError::disk(download.path(), why)),
            Fetched::Unchanged { .. } => Ok(String::new()),
        }
    }

    /// Makes a copy of what has arrived, and puts it in the place of the last one if nothing is
    /// wrong with it.
    fn take(&self, arrived: Vec<Arrived>) -> Result<Looked, Trouble> {
        for (part, arrived) in self.wanted.parts.iter().zip(&arrived) {
            self.check(&part.source, arrived)?;
        }
        let stamps: Vec<Option<Stamp>> = arrived.iter().map(|part| part.stamp.clone()).collect();
        let draft = self.store.draft();
        let taken = self.judged(&arrived, &draft);
        let (zone, known) = taken.inspect_err(|trouble| {
            let _ = std::fs::remove_file(&draft);
            if trouble.is_of_the_files() {
                self.standing().refused = stamps.clone();
            }
        })?;
        self.store.keep_draft(&draft)?;
        for part in arrived {
            part.download.map(Download::keep).transpose()?;
        }
        let confirmed = self.confirmed(&stamps);
        let state = State { stamps, made_of: self.made_of(), confirmed, known };
        self.store.keep_state(&state)?;
        self.store.set_accepts(false)?;
        self.list.swap(zone, confirmed);
        let mut standing = self.standing();
        (standing.state, standing.refused) = (state, Vec::new());
        Ok(Looked::New)
    }

    /// The zone that these files make, mapped from `draft`, if it is fit to answer.
    fn judged(&self, arrived: &[Arrived], draft: &Path) -> Result<(Zone, Known), Trouble> {
        let (zone, known) = self.read(arrived, draft)?;
        let before = self.standing().state.known.clone();
        let before = (self.list.copy().is_some() && !self.store.accepts()).then_some(&before);
        guards::judge(&zone, &known, before, &self.wanted.bounds)?;
        Ok((zone, known))
    }

    /// Makes the table in a file and maps that: what is never asked for takes no memory then.
    fn read(&self, arrived: &[Arrived], draft: &Path) -> Result<(Zone, Known), Trouble> {
        let now = self.shared.held.now();
        let part = |(part, arrived): (&Part, &Arrived)| JobPart {
            format: part.format.name().to_owned(),
            path: arrived.path().to_owned(),
            source: part.source.to_string(),
            changed: written(arrived.stamp.as_ref()).unwrap_or(now),
        };
        let job = Job {
            name: self.name(),
            parts: self.wanted.parts.iter().zip(arrived).map(part).collect(),
            listed_as: self.wanted.listed_as,
            v6_bits: self.wanted.v6_bits,
            bad_share: self.wanted.bad_share,
            now,
            table: draft.to_owned(),
            limits: heights(&self.shared.limits),
        };
        let built = job.run(self.shared.builder)?;
        if let Some(first) = &built.complaint {
            let (name, bad, lines) = (self.name(), built.bad, built.lines);
            let text = format!("zones: {name}: {bad} of {lines} lines are bad; the first: {first}");
            (self.shared.notices.info)(&text);
        }
        let zone = Zone::open(draft);
        let zone = zone.map_err(|why| FetchError::disk(draft, std::io::Error::other(why)))?;
        Ok((zone, built.known))
    }

    /// The files of the copy on disk.
    fn kept_parts(&self, state: &State) -> Vec<Arrived> {
        let part = |number: usize| Arrived {
            download: None,
            place: self.store.part(number),
            stamp: state.stamps.get(number).cloned().flatten(),
            published: Published::default(),
        };
        (0..self.wanted.parts.len()).map(part).collect()
    }

    /// The copy that is held is current.
    fn confirm(&self, arrived: &[Arrived]) -> Result<Looked, Trouble> {
        let stamps: Vec<Option<Stamp>> = arrived.iter().map(|part| part.stamp.clone()).collect();
        let confirmed = self.confirmed(&stamps);
        self.list.confirm(confirmed);
        let state = {
            let mut standing = self.standing();
            standing.refused = Vec::new();
            standing.state.confirmed = confirmed;
            standing.state.clone()
        };
        self.store.keep_state(&state)?;
        Ok(Looked::Unchanged)
    }

    /// When a copy of these files was current: now, for files of this machine when they were
    /// written.
    fn confirmed(&self, stamps: &[Option<Stamp>]) -> i64 {
        let now = self.shared.held.now();
        match self.wanted.is_local() {
            true => stamps.iter().filter_map(|stamp| written(stamp.as_ref())).min().unwrap_or(now),
            false => now,
        }
    }

    /// Are the files of this machine those that were read last? Asked every few seconds, so
    /// without opening them.
    fn is_as_it_was(&self) -> bool {
        let standing = self.standing();
        let looked_at =
            if standing.refused.is_empty() { &standing.state.stamps } else { &standing.refused };
        let same = |(number, part): (usize, &Part)| {
            let Source::File(path) = &part.source else { return false };
            let stamp = looked_at.get(number).and_then(Option::as_ref);
            let now = std::fs::metadata(path).ok();
            stamp.zip(now).is_some_and(|(stamp, now)| {
                stamp.size == Some(now.len()) && stamp.written == nanoseconds(&now)
            })
        };
        standing.error.is_none()
            && self.list.copy().is_some()
            && self.wanted.parts.iter().enumerate().all(same)
    }

    fn made_of(&self) -> Vec<String> {
        let parts = self.wanted.parts.iter();
        parts.map(|part| format!("{}:{}", part.format.name(), part.source)).collect()
    }

    fn name(&self) -> String {
        self.wanted.name.to_string()
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a file was written, in seconds since 1970, as far as its source says.
fn written(stamp: Option<&Stamp>) -> Option<i64> {
    Some(stamp?.written? / 1_000_000_000)
}

fn nanoseconds(file: &std::fs::Metadata) -> Option<i64> {
    use std::os::unix::fs::MetadataExt;
    file.mtime().checked_mul(1_000_000_000)?.checked_add(file.mtime_nsec())
}
