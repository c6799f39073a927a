//! Follows a feed: asks for its head, fetches what leads there, and puts it into force.
//!
//! One [`Follower::poll`] is one round: the head, if it is new; the deltas of days, hours and
//! minutes from the state that there is, or a snapshot where those do not lead on or would be
//! longer; then all of it into the [`Replica`], on the disk before it counts, and into the set
//! of known fingerprints. Whatever is refused is counted and told of, and the last good state
//! stays in force, losing weight when it grows old ([`layer::fade`]).

use super::brake::Brake;
use super::format::{File, HEAD, Head, Kind};
use super::publish::{DAY, HOUR, SMALL};
use super::replica::{Guard, Replica, Update, age, delta_name};
use super::verify::{self, Trust};
use super::{FeedError, layer};
use crate::clock::{self, Tick};
use crate::fetch::check::sha256;
use crate::fetch::{Credentials, FetchError, Fetched, Fetcher, Got, Plan, Schedule, Source, Stamp};
use crate::fingerprint::known::{Live, Origin};
use crate::fingerprint::{Algorithm, Class};
use crate::limits::Limits;
use crate::metrics;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What the administrator says of a feed.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What it is called.
    pub name: String,
    /// The folder that its publisher serves.
    pub source: Source,
    /// Whose word counts.
    pub trust: Trust,
    /// What is shown to the server.
    pub credentials: Credentials,
    /// Where the last good state is kept.
    pub folder: PathBuf,
    /// How often its head is asked for.
    pub plan: Plan,
    /// How much a step may change.
    pub brake: Brake,
    /// The administrator has agreed to a step that is larger: for this once.
    pub accept_outsize: bool,
}

/// Who hears what the administrator should.
pub type Notices = Arc<dyn Fn(&str, bool) + Send + Sync>;

/// What a follower has to do with the program around it.
#[derive(Clone)]
pub struct Surroundings {
    /// Where what it knows is put into force.
    pub live: Arc<Live>,
    /// Where it counts.
    pub metrics: metrics::feed::Feed,
    /// Hears what the administrator should: a line, and whether it is bad news.
    pub notices: Notices,
    /// Seconds since 1970.
    pub now: fn() -> u64,
}

/// This machine's clock.
pub fn now() -> u64 {
    u64::try_from(clock::unix_seconds()).unwrap_or(0)
}

/// What a round came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polled {
    /// The state before it.
    pub from: u64,
    /// The state in force now.
    pub to: u64,
    /// Its entries.
    pub entries: u64,
    /// Was it a snapshot that led here?
    pub by_snapshot: bool,
}

/// Follows one feed.
pub struct Follower {
    settings: Settings,
    around: Surroundings,
    fetcher: Fetcher,
    limits: Limits,
    /// `None` while another thread has it.
    replica: Option<Replica>,
    /// The cause that was told of last.
    told: Option<&'static str>,
    is_stale: bool,
    min_wait: Duration,
}

/// How often a follower that waits looks how old its state is.
const LOOK: Duration = Duration::from_secs(10);

impl Follower {
    /// Puts the last good state into force; nothing is asked yet.
    pub fn open(
        settings: Settings,
        around: Surroundings,
        limits: &Limits,
    ) -> Result<Follower, FeedError> {
        let replica = Replica::open(&settings.folder, limits)?;
        let fetcher = Fetcher::new(settings.credentials.clone(), limits);
        let mut follower = Follower {
            settings,
            around,
            fetcher,
            limits: limits.clone(),
            replica: Some(replica),
            told: None,
            is_stale: false,
            min_wait: Duration::ZERO,
        };
        follower.put_into_force();
        follower.look();
        Ok(follower)
    }

    /// One round.
    pub async fn poll(&mut self) -> Result<Polled, FeedError> {
        let outcome = self.round().await;
        let name = self.settings.name.as_str();
        let polls = &self.around.metrics.polls;
        match &outcome {
            Ok(polled) => {
                let word = if polled.from == polled.to { "unchanged" } else { "advanced" };
                polls.with_label_values(&[name, word]).inc();
                if self.told.take().is_some() {
                    self.say(&format!("is well again, at state {}", polled.to), false);
                }
                if polled.from != polled.to {
                    let Polled { from, to, entries, .. } = polled;
                    self.say(&format!("went from state {from} to {to}, {entries} entries"), false);
                }
            }
            Err(error) => {
                let cause = error.cause();
                polls.with_label_values(&[name, "refused"]).inc();
                self.around.metrics.refusals.with_label_values(&[name, cause]).inc();
                if self.told.replace(cause) != Some(cause) {
                    let kept = self.replica.as_ref().map_or(0, |replica| replica.set().seq());
                    self.say(
                        &format!("{error}; the last good state ({kept}) stays in force"),
                        true,
                    );
                }
            }
        }
        self.look();
        outcome
    }

    /// Polls as the plan says until `stopping` becomes true.
    pub async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        let mut schedule = Schedule::new(self.settings.plan, Tick::now());
        if !self.is_stale && self.replica().is_some_and(|replica| replica.head().is_some()) {
            // What there is will do: not all who are started together ask at once.
            schedule = schedule.somewhen(Tick::now());
        }
        loop {
            let now = Tick::now();
            if schedule.is_due(now) {
                let polled = tokio::select! {
                    polled = self.poll() => polled,
                    _ = stopping.wait_for(|stopping| *stopping) => return,
                };
                match polled {
                    Ok(_) => schedule.succeeded(Tick::now(), Some(self.min_wait)),
                    Err(error) => {
                        let wait = match &error {
                            FeedError::Fetch(error) => error.wait(),
                            _ => None,
                        };
                        schedule.failed(Tick::now(), wait);
                    }
                }
            }
            let nap = schedule.wait(Tick::now()).min(LOOK);
            tokio::select! {
                () = tokio::time::sleep(nap) => self.look(),
                _ = stopping.wait_for(|stopping| *stopping) => return,
            }
        }
    }

    /// The state in force.
    pub fn replica(&self) -> Option<&Replica> {
        self.replica.as_ref()
    }

    async fn round(&mut self) -> Result<Polled, FeedError> {
        let (last, stamp, from) = {
            let replica =
                self.replica().ok_or_else(|| FeedError::Busy(self.settings.folder.clone()))?;
            (replica.head().cloned(), replica.stamp().clone(), replica.set().seq())
        };
        // A head that did not lead to its state is wanted once more, changed or not.
        let is_there = last.as_ref().is_some_and(|head| head.seq == from);
        let place = self.settings.source.below("v1/head");
        let got = self.fetcher.get(&place, Some(&stamp).filter(|_| is_there), HEAD).await?;
        let now = (self.around.now)();
        let (head, stamp) = match got {
            Got::Unchanged { .. } => {
                let head = last.clone().unwrap_or_default();
                if head.expires_at <= now {
                    return Err(FeedError::Expired { ago: now - head.expires_at });
                }
                (head, stamp)
            }
            Got::New { bytes, stamp, .. } => {
                (verify::head(&bytes, &self.settings.trust, now)?, stamp)
            }
        };
        verify::follows(&head, last.as_ref(), &self.settings.trust)?;
        self.min_wait = Duration::from_secs(u64::from(head.min_wait));
        let update = self.gather(&head, from).await?;
        let by_snapshot = update.snapshot.is_some();
        self.accept(head, stamp, update).await?;
        let set = self.replica().map(Replica::set);
        let (to, entries) = set.map_or((0, 0), |set| (set.seq(), set.entries()));
        Ok(Polled { from, to, entries, by_snapshot })
    }

    /// Fetches what leads from the state that there is to the one of `head`.
    async fn gather(&self, head: &Head, from: u64) -> Result<Update, FeedError> {
        let epoch = self.replica().map_or(0, |replica| replica.set().epoch());
        let mut update = Update::default();
        if (epoch, from) == (head.epoch, head.seq) {
            return Ok(update);
        }
        if epoch == head.epoch && from > 0 {
            let most = SMALL.max(head.snap_len / 10 * 6);
            match self.deltas(head, from, most).await {
                Ok(deltas) => {
                    update.deltas = deltas;
                    return Ok(update);
                }
                // A snapshot from before this state cannot help.
                Err(error) if !error.is_of_delta() || head.snap_seq <= from => return Err(error),
                Err(error) => self.note_resync(&error),
            }
        }
        update.snapshot = Some(self.snapshot(head).await?);
        update.deltas = self.deltas(head, head.snap_seq, self.limits.fetch_bytes as u64).await?;
        Ok(update)
    }

    /// The deltas from `from` to the state of `head`, if they have at most `most` bytes.
    async fn deltas(
        &self,
        head: &Head,
        from: u64,
        most: u64,
    ) -> Result<Vec<(File, Vec<u8>)>, FeedError> {
        let mut deltas = Vec::new();
        let mut at = from;
        let mut length = 0;
        while at < head.seq {
            let to = at + span(at, head);
            let what = delta_name(at, to);
            let bytes = self.get(&format!("d/{}/{at}-{to}", head.epoch)).await?;
            length += bytes.len() as u64;
            if length > most {
                let what = "the chain of deltas".to_owned();
                return Err(FetchError::Large { what, most }.into());
            }
            let is_last = (at, to) == (head.seq - 1, head.seq);
            if is_last && sha256(&bytes) != head.delta_sha256 {
                return Err(FeedError::Mixed { what });
            }
            let file = verify::file(&bytes, &self.settings.trust, &what, self.most())?;
            if (file.kind, file.epoch, file.from, file.to) != (Kind::Delta, head.epoch, at, to) {
                let (from, to, want) = (file.from, file.to, to);
                return Err(FeedError::Gap { what, from, to, have: at, want });
            }
            deltas.push((file, bytes));
            at = to;
        }
        Ok(deltas)
    }

    async fn get(&self, below: &str) -> Result<Vec<u8>, FeedError> {
        let place = self.settings.source.below(&format!("v1/{below}"));
        match self.fetcher.get(&place, None, self.limits.feed_delta_bytes).await? {
            Got::New { bytes, .. } => Ok(bytes),
            Got::Unchanged { .. } => Ok(Vec::new()),
        }
    }

    async fn snapshot(&self, head: &Head) -> Result<File, FeedError> {
        let what = format!("snapshot {}", head.snap_seq);
        let place = self.settings.folder.join("incoming");
        let below = format!("v1/s/{}/{}", head.epoch, head.snap_seq);
        let source = self.settings.source.below(&below);
        let fetched = self.fetcher.fetch(&source, &place, None, Some(head.snap_len)).await?;
        let Fetched::New(download) = fetched else { return Err(FeedError::Mixed { what }) };
        let (sum, length) = (head.snap_sha256, head.snap_len);
        let (trust, most) = (self.settings.trust.clone(), self.most());
        aside(move || {
            let bytes = std::fs::read(download.path())
                .map_err(|why| FeedError::disk(download.path(), why))?;
            if bytes.len() as u64 != length || sha256(&bytes) != sum {
                return Err(FeedError::Mixed { what });
            }
            verify::file(&bytes, &trust, &what, most)
        })
        .await
    }

    /// Brings the replica to the state of `head`, and what it knows into force. Steps that are
    /// too large are held to a second signature.
    async fn accept(
        &mut self,
        head: Head,
        stamp: Stamp,
        mut update: Update,
    ) -> Result<(), FeedError> {
        loop {
            let Some(mut replica) = self.replica.take() else {
                return Err(FeedError::Busy(self.settings.folder.clone()));
            };
            let now = (self.around.now)();
            let (brake, live) = (self.settings.brake, self.around.live.load());
            let (last_head, last_stamp) = (head.clone(), stamp.clone());
            let work = move || {
                let is_wanted = |algorithm: Algorithm, key: u64| {
                    let local = live.source(&Origin::Local);
                    let listed = local.map(|local| local.listed(algorithm, key));
                    listed.is_some_and(|listed| listed.weight(Class::Ham) > 0)
                };
                let guard = Guard { brake, age: age(replica.head(), now), is_wanted: &is_wanted };
                let outcome = replica.accept(&last_head, last_stamp, &update, &guard);
                (replica, update, outcome)
            };
            let done = tokio::task::spawn_blocking(work).await;
            let Ok((replica, returned, outcome)) = done else {
                return Err(FeedError::Fetch(FetchError::Ended));
            };
            self.replica = Some(replica);
            update = returned;
            let Err(error) = outcome else { break };
            let what = error.excusable().map(str::to_owned);
            match what {
                Some(what)
                    if !update.excused.contains(&what)
                        && self.excuses(&what, &head, &update).await =>
                {
                    update.excused.insert(what);
                }
                _ => return Err(error),
            }
        }
        self.put_into_force();
        Ok(())
    }

    /// May `what` be larger than a step may be?
    async fn excuses(&self, what: &str, head: &Head, update: &Update) -> bool {
        if self.settings.accept_outsize {
            return true;
        }
        if self.settings.trust.countersigners.is_empty() {
            return false;
        }
        let delta = update.deltas.iter().find(|(file, _)| delta_name(file.from, file.to) == what);
        let (below, bytes) = match delta {
            Some((file, bytes)) => {
                (format!("d/{}/{}-{}", file.epoch, file.from, file.to), bytes.clone())
            }
            None => {
                let below = format!("s/{}/{}", head.epoch, head.snap_seq);
                // The head has vouched for its SHA-256; it is fetched again only here.
                let Ok(bytes) = self.get(&below).await else { return false };
                (below, bytes)
            }
        };
        let signature = self.get(&format!("{below}.sig")).await;
        signature.is_ok_and(|signature| {
            verify::is_countersigned(&bytes, &signature, &self.settings.trust)
        })
    }

    fn put_into_force(&mut self) {
        let Some(replica) = &self.replica else { return };
        let set = replica.set();
        let labels = [self.settings.name.as_str()];
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.around.metrics.sequence.with_label_values(&labels).set(number(set.seq()));
        self.around.metrics.entries.with_label_values(&labels).set(number(set.entries()));
        if set.seq() == 0 {
            return;
        }
        let mut source = replica.source().clone();
        source.fade = layer::fade(age(replica.head(), (self.around.now)()));
        let origin = Origin::Feed(labels[0].into());
        self.around.live.update(|sets| sets.with(origin, source));
    }

    /// Notes how old the state in force is, and what that makes of its weights.
    fn look(&mut self) {
        let Some(replica) = &self.replica else { return };
        let now = (self.around.now)();
        let head = replica.head().filter(|_| replica.set().seq() > 0);
        let old = age(head, now);
        let is_stale = head.is_none_or(|head| head.expires_at <= now);
        let labels = [self.settings.name.as_str()];
        let seconds = i64::try_from(old.as_secs()).unwrap_or(i64::MAX);
        self.around.metrics.age.with_label_values(&labels).set(seconds);
        self.around.metrics.stale.with_label_values(&labels).set(i64::from(is_stale));
        if head.is_some() && is_stale != self.is_stale {
            let seq = replica.set().seq();
            if is_stale {
                let text = format!(
                    "is STALE: its last good head is {} s old; state {seq} stays in force, and \
                     from two hours on what it lists weighs less and less",
                    old.as_secs()
                );
                self.say(&text, true);
            } else {
                self.say(&format!("is fresh again, at state {seq}"), false);
            }
        }
        self.is_stale = is_stale && head.is_some();
        let origin = Origin::Feed(labels[0].into());
        let fade = layer::fade(old);
        let sets = self.around.live.load();
        let in_force = sets.source(&origin).map(|source| source.fade);
        if in_force.is_some_and(|in_force| in_force != fade) {
            self.put_into_force();
        }
    }

    fn note_resync(&self, error: &FeedError) {
        self.around.metrics.resyncs.with_label_values(&[self.settings.name.as_str()]).inc();
        self.say(&format!("takes a snapshot, since deltas do not lead on: {error}"), true);
    }

    fn say(&self, text: &str, is_bad: bool) {
        (self.around.notices)(&format!("feed {} {text}", self.settings.name), is_bad);
    }

    fn most(&self) -> u64 {
        self.limits.feed_entries as u64
    }
}

/// How far the delta at `at` leads: as far as the publisher has made one on the way to `head`.
fn span(at: u64, head: &Head) -> u64 {
    let is_there = |span: &u64| at > 0 && at.is_multiple_of(*span) && at + span <= head.hour_base;
    [DAY, HOUR].into_iter().find(is_there).unwrap_or(1)
}

async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FeedError> + Send + 'static,
) -> Result<T, FeedError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or(Err(FeedError::Fetch(FetchError::Ended)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_go_by_days_hours_and_minutes() {
        let head = |seq: u64| Head { seq, hour_base: seq - seq % HOUR, ..Head::default() };
        let chain = |from: u64, seq: u64| {
            let head = head(seq);
            let mut at = from;
            let mut spans = Vec::new();
            while at < seq {
                spans.push(span(at, &head));
                at += spans[spans.len() - 1];
            }
            spans
        };
        assert_eq!(chain(7, 8), [1]);
        assert_eq!(chain(59, 122), [1, 60, 1, 1]);
        let days = chain(1439, 1440 * 3 + 61);
        assert_eq!(days, [1, DAY, DAY, HOUR, 1]);
    }
}
