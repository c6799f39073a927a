//! Answers that are kept, within a number of entries and of bytes.
//!
//! Who goes when it gets full: the oldest that nobody has asked for since it was last looked at
//! (second chance). Times are handed in; nothing here looks at a clock.

use super::{Outcome, Question};
use crate::clock::Tick;
use crate::dns::{Data, Record};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Outcomes by question.
pub(super) struct Cache {
    entries: HashMap<Arc<Question>, Entry>,
    /// All questions in `entries`, once each: the next to be looked at in front.
    order: VecDeque<Arc<Question>>,
    bytes: usize,
    most_entries: usize,
    most_bytes: usize,
}

struct Entry {
    outcome: Outcome,
    until: Tick,
    bytes: usize,
    used: bool,
}

/// Memory of an entry beside what the reply holds: two maps' slots, question and counters.
const OVERHEAD: usize = 250;
/// Second chances given at a time, so that a cache where all is in use is not gone through.
const CHANCES: usize = 32;

impl Cache {
    pub(super) fn new(most_entries: usize, most_bytes: usize) -> Cache {
        let (entries, order) = (HashMap::new(), VecDeque::new());
        Cache { entries, order, bytes: 0, most_entries, most_bytes }
    }

    /// What is known of `question`.
    pub(super) fn get(&mut self, question: &Question, now: Tick) -> Option<Outcome> {
        let entry = self.entries.get_mut(question)?;
        entry.used = true;
        (now < entry.until).then(|| entry.outcome.clone())
    }

    /// Keeps `outcome` for so long. False: something had to go for it, or it had no room itself.
    pub(super) fn put(
        &mut self,
        question: &Question,
        outcome: Outcome,
        now: Tick,
        keep: Duration,
    ) -> bool {
        let bytes = weight(question, &outcome);
        if keep.is_zero() {
            return true;
        }
        if bytes > self.most_bytes || self.most_entries == 0 {
            return false;
        }
        if let Some(old) = self.entries.get_mut(question) {
            // Room for the difference is made below, maybe by this entry's own end.
            self.bytes = self.bytes - old.bytes + bytes;
            *old = Entry { outcome, until: now.plus(keep), bytes, used: true };
            return self.make_room(0, 0, now);
        }
        // Before it comes in: nobody has asked for it yet, so it would be the first to go.
        let had_room = self.make_room(1, bytes, now);
        let question = Arc::new(question.clone());
        self.order.push_back(question.clone());
        self.bytes += bytes;
        self.entries.insert(question, Entry { outcome, until: now.plus(keep), bytes, used: false });
        had_room
    }

    /// Makes room for so many more. False: something that was still good had to go.
    fn make_room(&mut self, entries: usize, bytes: usize, now: Tick) -> bool {
        let mut had_room = true;
        let mut chances = CHANCES;
        while self.entries.len() + entries > self.most_entries
            || self.bytes + bytes > self.most_bytes
        {
            let Some(question) = self.order.pop_front() else { break };
            let Some(entry) = self.entries.get_mut(&question) else { continue };
            let is_good = now < entry.until;
            if is_good && entry.used && chances > 0 {
                chances -= 1;
                entry.used = false;
                self.order.push_back(question);
                continue;
            }
            self.bytes -= entry.bytes;
            self.entries.remove(&question);
            had_room &= !is_good;
        }
        had_room
    }

    /// Entries and bytes.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.entries.len(), self.bytes)
    }
}

fn weight(question: &Question, outcome: &Outcome) -> usize {
    let of_record = |record: &Record| {
        let data = match &record.data {
            Data::V4(_) | Data::V6(_) => 0,
            Data::Name(name) | Data::Exchange { host: name, .. } => name.as_bytes().len(),
            Data::Text(strings) => strings.iter().map(|string| string.len() + 16).sum(),
            Data::Start { server, mailbox, .. } => {
                server.as_bytes().len() + mailbox.as_bytes().len()
            }
            Data::Other(bytes) => bytes.len(),
        };
        size_of::<Record>() + record.name.as_bytes().len() + data
    };
    let records = outcome.as_ref().map_or(0, |reply| reply.answers.iter().map(of_record).sum());
    OVERHEAD + question.name.as_bytes().len() + records
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::{Failure, Kind, Name, Reply};

    const SECOND: Duration = Duration::from_secs(1);

    fn question(number: usize) -> Question {
        Question::new(Name::new(format!("n{number:04}.example")).unwrap(), Kind::A)
    }

    fn known(cache: &mut Cache, now: Tick) -> Vec<usize> {
        (0..10).filter(|&n| cache.get(&question(n), now).is_some()).collect()
    }

    #[test]
    fn what_is_kept_has_an_end() {
        let now = Tick::now();
        let mut cache = Cache::new(9, 1 << 20);
        assert!(cache.put(&question(1), Err(Failure::Late), now, SECOND));
        assert_eq!(cache.get(&question(1), now), Some(Err(Failure::Late)));
        assert_eq!(cache.get(&question(1), now.plus(SECOND)), None);
        assert_eq!(cache.get(&Question { kind: Kind::MX, ..question(1) }, now), None);
        assert!(cache.put(&question(2), Ok(Arc::default()), now, Duration::ZERO));
        assert_eq!(cache.get(&question(2), now), None);
        // A newer answer takes the place of the old one.
        cache.put(&question(1), Ok(Arc::default()), now.plus(SECOND), SECOND);
        assert_eq!(cache.get(&question(1), now.plus(SECOND)), Some(Ok(Arc::default())));
        assert_eq!(cache.size(), (1, OVERHEAD + 13));
    }

    #[test]
    fn limit_dns_cache_entries_and_dns_cache_bytes() {
        let now = Tick::now();
        let mut cache = Cache::new(3, 1 << 20);
        let put = |cache: &mut Cache, number| {
            cache.put(&question(number), Ok(Arc::default()), now, SECOND)
        };
        assert!((0..3).all(|number| put(&mut cache, number)));
        assert_eq!(known(&mut cache, now), [0, 1, 2]);
        // One too many: all have been asked for, so the oldest goes.
        assert!(!put(&mut cache, 3));
        assert_eq!(known(&mut cache, now), [1, 2, 3]);
        // By bytes.
        let each = OVERHEAD + 13;
        let mut cache = Cache::new(100, 2 * each);
        assert!((0..2).all(|number| put(&mut cache, number)));
        assert_eq!(cache.size(), (2, 2 * each));
        assert!(!put(&mut cache, 2));
        assert_eq!(cache.size(), (2, 2 * each));
        // What is larger than all the room is not kept, and takes nothing away.
        let text = Data::Text(vec![vec![0; 2 * each].into()]);
        let name = Name::new("x").unwrap();
        let large =
            Reply { code: 0, answers: vec![Record { name, kind: Kind::TXT, ttl: 9, data: text }] };
        assert!(!cache.put(&question(9), Ok(Arc::new(large)), now, SECOND));
        assert_eq!(known(&mut cache, now), [1, 2]);
    }

    #[test]
    fn who_is_asked_for_stays() {
        let now = Tick::now();
        let mut cache = Cache::new(3, 1 << 20);
        for number in 0..3 {
            cache.put(&question(number), Ok(Arc::default()), now, SECOND);
        }
        cache.get(&question(0), now);
        cache.put(&question(3), Ok(Arc::default()), now, SECOND);
        assert_eq!(known(&mut cache, now), [0, 2, 3]);
        // What is past its time goes before all others, and nobody minds.
        let later = now.plus(2 * SECOND);
        assert!(cache.put(&question(4), Ok(Arc::default()), later, SECOND));
        assert_eq!(known(&mut cache, later), [4]);
    }
}
