//! What is said of a list: in the log, and to whoever asks how it stands.
//!
//! In: what came of a look, and the time. Out: one line for each thing that changes, and the row
//! that `mailprint zones` shows.

use super::super::status::Row;
use super::{Aging, Keeper, Looked};

impl Keeper {
    /// Says what came of a look: a failure once, until another one comes or it is over.
    pub(super) fn tell(&self, looked: &Looked) {
        let name = self.name();
        let mut standing = self.standing();
        match looked {
            Looked::New => {
                let over = standing.error.take().map_or("", |_| ", after all");
                let records = standing.state.known.records;
                (self.shared.notices.info)(&format!(
                    "zones: {name}: new copy, {records} records{over}"
                ));
            }
            Looked::Unchanged => {
                if standing.error.take().is_some() {
                    (self.shared.notices.info)(&format!(
                        "zones: {name}: can be had again, unchanged"
                    ));
                }
            }
            Looked::StillRefused => {}
            Looked::Failed(trouble) => {
                let (text, kind) = (trouble.to_string(), trouble.kind());
                let is_known = standing.error.replace(text.clone()).is_some();
                if std::mem::replace(&mut standing.kind, kind.clone()) == kind && is_known {
                    return;
                }
                let stays = match self.list.copy() {
                    Some(_) => "the last good copy stays",
                    None => "there is no copy, and the list answers nothing",
                };
                let what = if trouble.is_of_the_files() { "refused" } else { "not refreshed" };
                (self.shared.notices.warn)(&format!("zones: {name}: {what}, {stays}: {text}"));
            }
        }
    }

    /// Brings what is shown up to date, and says so when the copy gets too old.
    pub fn tick(&self) {
        let now = self.shared.held.now();
        self.list.show(now);
        if self.list.copy().is_none() {
            return;
        }
        let (weight, name) = (self.list.weight(now), self.name());
        let aging = match weight {
            1.0 => Aging::Fresh,
            0.0 => Aging::Over,
            _ => Aging::Fading,
        };
        let before = std::mem::replace(&mut self.standing().aging, aging);
        let hours = self.list.age(now) / 3600;
        let most = self.wanted.max_age / 3600;
        match aging {
            Aging::Fading if before < aging => (self.shared.notices.warn)(&format!(
                "zones: {name}: the copy is {hours} hours old, {most} are allowed; its hits count \
                 less and less, and nothing after {} hours",
                2 * most
            )),
            Aging::Over if before < aging => (self.shared.notices.warn)(&format!(
                "zones: {name}: the copy is {hours} hours old; it answers nothing any more"
            )),
            Aging::Fresh if before > aging => (self.shared.notices.info)(&format!(
                "zones: {name}: the copy is current again and counts in full"
            )),
            _ => {}
        }
    }

    /// What `mailprint zones` shows.
    pub fn row(&self) -> Row {
        let now = self.shared.held.now();
        let copy = self.list.copy();
        let standing = self.standing();
        let (questions, hits) = self.list.counts();
        Row {
            name: self.name(),
            records: copy.as_ref().map(|zone| zone.records()),
            memory: copy.as_ref().map(|zone| zone.memory() as u64),
            age: copy.as_ref().map(|_| self.list.age(now)),
            weight: self.list.weight(now),
            next: (standing.next > 0).then_some(standing.next),
            error: standing.error.clone(),
            questions,
            hits,
        }
    }
}
