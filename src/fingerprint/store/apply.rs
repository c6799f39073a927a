//! Lessons into counts, and back out of them, within one transaction.
//!
//! What the lessons of a transaction change is added up first ([`Sums`]) and then written, so
//! that a fingerprint of a thousand messages is read and written once.

use super::super::judge::exemption;
use super::super::known::Change;
use super::super::{Class, Fingerprint};
use super::record::{self, Lesson, LessonId, Record, print_key};
use super::{LESSONS, MESSAGES, PHRASES, RECORDS, TOUCHED, TOUCHED_PHRASES, weights};
use redb::{ReadableTable, Table, WriteTransaction};
use std::collections::HashMap;
use std::ops::Bound::{Included, Unbounded};

/// What became of a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Taught {
    /// It was learned.
    New = 0,
    /// The same has been taught before; nothing changed.
    Known = 1,
    /// The message had been taught as something else, which it is no more.
    Changed = 2,
}

/// Which message shall be forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forget {
    /// The message. If nothing is known of its content, and one lesson of its Message-ID, it is
    /// that one.
    pub id: LessonId,
    /// Who takes it back: a user takes back what they have taught, the administrator (nobody)
    /// what anybody has.
    pub teacher: String,
}

/// A lesson under way in or out of the counts.
#[derive(Clone, Copy)]
enum Way {
    In,
    Out,
}

/// What changes, added up.
#[derive(Default)]
struct Sums {
    prints: HashMap<[u8; 17], Sum>,
    phrases: HashMap<u64, i64>,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    counts: [i64; 5],
    shielded: i64,
    is_exemption: bool,
    /// The first and last lesson that came in.
    seen: Option<(u64, u64)>,
}

pub(super) fn learn(
    transaction: &WriteTransaction,
    generation: u64,
    lessons: &[Lesson],
) -> Result<(Vec<Taught>, Vec<Change>), redb::Error> {
    let mut sums = Sums::default();
    let mut taught = Vec::with_capacity(lessons.len());
    {
        let mut table = transaction.open_table(LESSONS)?;
        let mut messages = transaction.open_table(MESSAGES)?;
        for lesson in lessons {
            let mut outcome = Taught::New;
            for known in of_content(&table, &lesson.id, &lesson.teacher)? {
                if known.class == lesson.class {
                    if known.teacher == lesson.teacher {
                        outcome = Taught::Known;
                    }
                    continue;
                }
                remove(&mut table, &mut messages, &known)?;
                sums.add(&known, Way::Out);
                outcome = Taught::Changed;
            }
            if outcome != Taught::Known {
                table.insert(&*lesson.key(), &*lesson.to_bytes())?;
                messages.insert(&*message_key(lesson), ())?;
                sums.add(lesson, Way::In);
            }
            taught.push(outcome);
        }
    }
    Ok((taught, sums.write(transaction, generation)?))
}

pub(super) fn forget(
    transaction: &WriteTransaction,
    generation: u64,
    which: &[Forget],
) -> Result<(Vec<u64>, Vec<Change>), redb::Error> {
    let mut sums = Sums::default();
    let mut forgotten = Vec::with_capacity(which.len());
    {
        let mut table = transaction.open_table(LESSONS)?;
        let mut messages = transaction.open_table(MESSAGES)?;
        for Forget { id, teacher } in which {
            let mut found = of_content(&table, id, teacher)?;
            if found.is_empty() {
                found = of_message(&table, &messages, id, teacher)?;
            }
            for lesson in &found {
                remove(&mut table, &mut messages, lesson)?;
                sums.add(lesson, Way::Out);
            }
            forgotten.push(found.len() as u64);
        }
    }
    Ok((forgotten, sums.write(transaction, generation)?))
}

/// What a fingerprint with this record is known as now.
pub(super) fn change(print: &Fingerprint, record: &Record) -> Change {
    let listed = weights::listed(record);
    Change::Print { algorithm: print.algorithm, key: print.key(), listed }
}

type Lessons<'t> = Table<'t, &'static [u8], &'static [u8]>;
type Messages<'t> = Table<'t, &'static [u8], ()>;

/// The lessons on a message that `teacher` may change: the administrator those of everybody.
fn of_content(table: &Lessons, id: &LessonId, teacher: &str) -> Result<Vec<Lesson>, redb::Error> {
    if !teacher.is_empty() {
        let key = record::key(id, teacher);
        let found = table.get(&*key)?;
        return Ok(found
            .and_then(|found| Lesson::of_bytes(&key, found.value()))
            .into_iter()
            .collect());
    }
    let mut lessons = Vec::new();
    for row in table.range::<&[u8]>((Included(&id.content[..]), Unbounded))? {
        let (key, value) = row?;
        if !key.value().starts_with(&id.content) {
            break;
        }
        lessons.extend(Lesson::of_bytes(key.value(), value.value()));
    }
    Ok(lessons)
}

/// The lessons on the one content that is known of a Message-ID.
fn of_message(
    table: &Lessons,
    messages: &Messages,
    id: &LessonId,
    teacher: &str,
) -> Result<Vec<Lesson>, redb::Error> {
    if id.message == [0; 16] {
        return Ok(Vec::new());
    }
    let mut contents: Vec<[u8; 16]> = Vec::new();
    for row in messages.range::<&[u8]>((Included(&id.message[..]), Unbounded))? {
        let (key, _) = row?;
        let Some(rest) = key.value().strip_prefix(&id.message[..]) else { break };
        let Some((content, of)) = rest.split_first_chunk::<16>() else { continue };
        if (teacher.is_empty() || of == teacher.as_bytes()) && !contents.contains(content) {
            contents.push(*content);
        }
        // Which of them is meant nobody knows.
        if contents.len() > 1 {
            return Ok(Vec::new());
        }
    }
    match contents.first() {
        Some(&content) => of_content(table, &LessonId { content, ..*id }, teacher),
        None => Ok(Vec::new()),
    }
}

fn remove(
    table: &mut Lessons,
    messages: &mut Messages,
    lesson: &Lesson,
) -> Result<(), redb::Error> {
    table.remove(&*lesson.key())?;
    messages.remove(&*message_key(lesson))?;
    Ok(())
}

fn message_key(lesson: &Lesson) -> Vec<u8> {
    [&lesson.id.message[..], &lesson.key()].concat()
}

impl Sums {
    /// Adds what `lesson` teaches, or takes it away.
    fn add(&mut self, lesson: &Lesson, way: Way) {
        let step = match way {
            Way::In => 1,
            Way::Out => -1,
        };
        let is_signed = lesson.class == Class::Ham && !lesson.signers.is_empty();
        for print in &lesson.prints {
            let sum = self.sum(print, lesson, way);
            match sum.counts.get_mut(lesson.class as usize) {
                Some(count) if !is_signed => *count += step,
                _ => sum.shielded += step,
            }
            if is_signed {
                // The empty domain says that somebody is exempt.
                for domain in lesson.signers.iter().map(String::as_str).chain([""]) {
                    let sum = self.sum(&exemption(*print, domain), lesson, way);
                    sum.is_exemption = true;
                    sum.shielded += step;
                }
            }
        }
        for phrase in &lesson.phrases {
            *self.phrases.entry(*phrase).or_default() += step;
        }
    }

    fn sum(&mut self, print: &Fingerprint, lesson: &Lesson, way: Way) -> &mut Sum {
        let sum = self.prints.entry(print_key(print)).or_default();
        if matches!(way, Way::In) {
            let (first, last) = sum.seen.unwrap_or((lesson.when, lesson.when));
            sum.seen = Some((first.min(lesson.when), last.max(lesson.when)));
        }
        sum
    }

    /// Writes the sums to the counts; gives what is known otherwise now.
    fn write(
        self,
        transaction: &WriteTransaction,
        generation: u64,
    ) -> Result<Vec<Change>, redb::Error> {
        let mut changes = Vec::new();
        let mut records = transaction.open_table(RECORDS)?;
        let mut touched = transaction.open_table(TOUCHED)?;
        let mut prints: Vec<_> = self.prints.into_iter().collect();
        // In the order of the file its pages are written once.
        prints.sort_unstable_by_key(|(key, _)| *key);
        for (key, sum) in prints {
            let Some(print) = record::print_of_key(&key) else { continue };
            let before = records.get(&key)?.map(|found| Record::of_bytes(found.value()));
            let after = sum.onto(before.unwrap_or_default());
            match after.total() {
                0 => records.remove(&key)?,
                _ => records.insert(&key, &after.to_bytes())?,
            };
            if weights::listed(&before.unwrap_or_default()) != weights::listed(&after) {
                touched.insert(&key, generation)?;
                changes.push(change(&print, &after));
            }
        }
        let mut table = transaction.open_table(PHRASES)?;
        let mut touched = transaction.open_table(TOUCHED_PHRASES)?;
        let mut phrases: Vec<_> = self.phrases.into_iter().collect();
        phrases.sort_unstable();
        for (phrase, step) in phrases {
            let before = table.get(phrase)?.map_or(0, |count| count.value());
            let after = moved(before, step);
            match after {
                0 => table.remove(phrase)?,
                _ => table.insert(phrase, after)?,
            };
            if (before == 0) != (after == 0) {
                touched.insert(phrase, generation)?;
                changes.push(Change::Phrase { phrase, common: after > 0 });
            }
        }
        Ok(changes)
    }
}

impl Sum {
    fn onto(self, mut record: Record) -> Record {
        let is_new = record.total() == 0;
        for (count, step) in record.counts.iter_mut().zip(self.counts) {
            *count = moved(*count, step);
        }
        record.shielded = moved(record.shielded, self.shielded);
        record.is_exemption |= self.is_exemption;
        if let Some((first, last)) = self.seen {
            record.first = if is_new { first } else { record.first.min(first) };
            record.last = record.last.max(last);
        }
        record
    }
}

fn moved(count: u32, step: i64) -> u32 {
    u32::try_from((i64::from(count) + step).max(0)).unwrap_or(u32::MAX)
}
