//! Which lists serve us: what their answers show, and what follows from it.
//!
//! A list that refuses is counted, paused and named once; one that falls silent is looked at
//! ([`super::probes`]); one that the probes find ill is off until it is well.

use super::lists::{self, Judgement, Trouble};
use super::pauses::Pauses;
use super::settings::Settings;
use super::{Data, Kind, Name, Question, Record, Reply};
use crate::clock::Tick;
use crate::metrics::dns::{Dns, count};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Notify;

/// Where a line for the administrator goes.
pub type Notices = Arc<dyn Fn(&str) + Send + Sync>;

/// Questions in a row that a list leaves unanswered before it is looked at.
const SILENT: u32 = 3;

/// How all lists stand.
pub(super) struct Standing {
    /// The lists that rules ask.
    zones: Vec<Name>,
    /// Are lists that refuse left alone?
    may_pause: bool,
    pauses: Pauses,
    /// Lists of which the log has said what is wrong with them.
    told: Mutex<HashSet<(Name, &'static str)>>,
    /// How many questions in a row each list has left unanswered.
    silence: Mutex<HashMap<Name, u32>>,
    /// Rung when a list should be looked at before its time.
    pub(super) alarm: Notify,
    metrics: Dns,
    notices: Notices,
    runtime: Handle,
}

impl Standing {
    pub(super) fn new(
        settings: &Settings,
        metrics: Dns,
        notices: Notices,
        runtime: Handle,
    ) -> Arc<Standing> {
        Arc::new(Standing {
            zones: settings.lists.iter().map(|asked| asked.zone.clone()).collect(),
            may_pause: settings.pauses,
            pauses: Pauses::default(),
            told: Mutex::default(),
            silence: Mutex::default(),
            alarm: Notify::new(),
            metrics,
            notices,
            runtime,
        })
    }

    /// Must `name` not be asked for now? A domain of `allowed` bytes is allowed by name.
    pub(super) fn hold(&self, name: &Name, allowed: usize, now: Tick) -> bool {
        self.pauses.hold(name, allowed, now)
    }

    /// Leaves `zone` alone for so long. False: it is anyhow, or nothing is.
    pub(super) fn block(self: &Arc<Self>, zone: &Name, length: Duration) -> bool {
        let is_new = self.may_pause && self.pauses.block(zone, length, Tick::now());
        if is_new {
            self.show_pause(zone, Some(length));
        }
        is_new
    }

    /// Is `zone` left alone now?
    pub(super) fn is_paused(&self, zone: &Name) -> bool {
        self.pauses.hold(zone, 0, Tick::now())
    }

    /// Looks whether a list has refused us.
    pub(super) fn see(self: &Arc<Self>, question: &Question, reply: &Reply) {
        let Some(zone) = self.list_of(&question.name) else { return };
        lock(&self.silence).remove(zone);
        let says_something = |record: &Record| matches!(record.data, Data::V4(_) | Data::Text(_));
        if !matches!(question.kind, Kind::A | Kind::TXT | Kind::ANY)
            || !reply.answers.iter().any(says_something)
        {
            return;
        }
        if let Judgement::Error(trouble) = lists::judge(zone, reply) {
            self.note(zone, &trouble);
        }
    }

    /// Counts what a list leaves unanswered.
    pub(super) fn see_silence(&self, question: &Question) {
        let Some(zone) = self.list_of(&question.name) else { return };
        let mut silence = lock(&self.silence);
        let times = silence.entry(zone.clone()).or_default();
        *times = times.saturating_add(1);
        if *times == SILENT {
            self.alarm.notify_one();
        }
    }

    /// The list that `name` is asked of.
    fn list_of<'a>(&'a self, name: &Name) -> Option<&'a Name> {
        let own = self.zones.iter().filter(|zone| *zone != name && name.is_within(zone));
        let longest = own.max_by_key(|zone| zone.as_bytes().len());
        longest.or_else(|| lists::row(name).map(|(zone, _)| zone).filter(|zone| *zone != name))
    }

    /// Counts a list's complaint, pauses the list, and tells the administrator once.
    fn note(self: &Arc<Self>, zone: &Name, trouble: &Trouble) {
        count(&self.metrics.refusals, &zone.to_string());
        let error = trouble.error;
        let pause = (error.refuses && self.may_pause)
            .then(|| self.pauses.refused(zone, Tick::now()))
            .flatten();
        if pause.is_some() {
            self.show_pause(zone, pause);
        }
        let is_new = lock(&self.told).insert((zone.clone(), error.meaning));
        if !is_new {
            return;
        }
        let consequence = match pause {
            Some(length) => format!(
                "it is not asked for {} minutes, and longer each time that it still refuses",
                length.as_secs() / 60
            ),
            None => "such answers do not count".to_owned(),
        };
        self.tell(&format!(
            "dns: {zone} answered {}, which is no listing: {}; {consequence}. What to do: {}.",
            trouble.answer, error.meaning, error.advice
        ));
    }

    /// Switches a list off, or on again, as its probes say. True if that is news.
    pub(super) fn set_ill(self: &Arc<Self>, zone: &Name, ill: bool) -> bool {
        let is_news = self.pauses.set_ill(zone, ill);
        lock(&self.silence).remove(zone);
        self.show_pause(zone, None);
        is_news
    }

    /// Brings the list's gauge up to date, now and after so long.
    fn show_pause(self: &Arc<Self>, zone: &Name, again: Option<Duration>) {
        let paused = self.is_paused(zone);
        self.metrics.paused.with_label_values(&[&zone.to_string()]).set(paused.into());
        if let Some(again) = again {
            let (me, zone) = (Arc::downgrade(self), zone.clone());
            self.runtime.spawn(async move {
                tokio::time::sleep(again).await;
                if let Some(standing) = me.upgrade() {
                    standing.show_pause(&zone, None);
                }
            });
        }
    }

    /// A line for the administrator.
    pub(super) fn tell(&self, text: &str) {
        (self.notices)(text);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
