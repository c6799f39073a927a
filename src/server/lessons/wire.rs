//! What goes over the store's socket: one frame a request, one frame an answer.
//!
//! A frame is a length (u32) and so many bytes, of which the first says what it is. Numbers are
//! little-endian. Both ends read with the same care: what is not as it should be is nothing.

use crate::fingerprint::known::{List, Lists};
use crate::fingerprint::store::record::{Bytes, Record, print_key, put_name};
use crate::fingerprint::store::{Forget, Lesson, LessonId, Stats, Taught};
use crate::fingerprint::{Algorithm, Class, Fingerprint, Listed};
use std::io::{self, Read, Write};

/// Bytes of lessons in one answer, about.
pub const PAGE: usize = 1 << 20;

/// What is asked of the store's owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Learn these, all or none.
    Learn(Vec<Lesson>),
    /// Take lessons back.
    Forget(Vec<Forget>),
    /// Strike a fingerprint from all lists, or put it back.
    Delist {
        /// The fingerprint.
        print: Fingerprint,
        /// Strike it?
        strike: bool,
        /// When that was said, in seconds since 1970.
        when: u64,
    },
    /// What is known of these, from all sources?
    Look {
        /// Are they common?
        phrases: Vec<u64>,
        /// What are they listed as?
        prints: Vec<Fingerprint>,
    },
    /// What was taught about these?
    Records(Vec<Fingerprint>),
    /// Which fingerprints are struck from all lists?
    Struck,
    /// What is there?
    Stats,
    /// The lessons behind that of this key.
    Lessons {
        /// A key; empty for the first lessons.
        after: Vec<u8>,
    },
    /// All keys by what the lessons given here list them as.
    Lists,
}

/// What the owner answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It could not be done, and nothing changed.
    Failed(String),
    /// What became of each lesson.
    Learned(Vec<Taught>),
    /// How many lessons each message had.
    Forgotten(Vec<u64>),
    /// Was that new?
    Delisted(bool),
    /// What is known.
    Looked(Looked),
    /// What was taught about each.
    Records(Vec<Option<Record>>),
    /// Each fingerprint that is struck, and since when.
    Struck(Vec<(Fingerprint, u64)>),
    /// What there is.
    Stats(Stats),
    /// Some lessons; none if there are no more.
    Lessons(Vec<Lesson>),
    /// All keys; phrases are left out.
    Lists(Lists),
}

/// What is known, in the order of the question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Is the phrase common?
    pub common: Vec<bool>,
    /// What is the fingerprint listed as?
    pub listed: Vec<Listed>,
}

impl Request {
    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Request::Learn(lessons) => {
                out.push(1);
                put_lessons(&mut out, lessons);
            }
            Request::Forget(which) => {
                out.push(2);
                put_count(&mut out, which.len());
                for Forget { id, teacher } in which {
                    out.extend(id.content);
                    out.extend(id.message);
                    put_name(&mut out, teacher);
                }
            }
            Request::Delist { print, strike, when } => {
                out.extend([3, u8::from(*strike)]);
                out.extend(when.to_le_bytes());
                out.extend(print_key(print));
            }
            Request::Look { phrases, prints } => {
                out.push(4);
                put_count(&mut out, phrases.len());
                out.extend(phrases.iter().flat_map(|phrase| phrase.to_le_bytes()));
                put_prints(&mut out, prints);
            }
            Request::Records(prints) => {
                out.push(5);
                put_prints(&mut out, prints);
            }
            Request::Struck => out.push(6),
            Request::Stats => out.push(7),
            Request::Lessons { after } => {
                out.push(8);
                out.extend(after);
            }
            Request::Lists => out.push(9),
        }
        out
    }

    /// Of bytes; `None` if they are no request.
    pub fn of_bytes(bytes: &[u8]) -> Option<Request> {
        let mut bytes = Bytes(bytes);
        let request = match bytes.byte()? {
            1 => Request::Learn(lessons(&mut bytes)?),
            2 => Request::Forget(list(&mut bytes, 33, |bytes| {
                let id = LessonId { content: *bytes.chunk()?, message: *bytes.chunk()? };
                Some(Forget { id, teacher: bytes.name()? })
            })?),
            3 => {
                let strike = bytes.byte()? == 1;
                Request::Delist { strike, when: bytes.number()?, print: bytes.print()? }
            }
            4 => {
                let phrases = list(&mut bytes, 8, Bytes::number)?;
                Request::Look { phrases, prints: list(&mut bytes, 17, Bytes::print)? }
            }
            5 => Request::Records(list(&mut bytes, 17, Bytes::print)?),
            6 => Request::Struck,
            7 => Request::Stats,
            8 => Request::Lessons { after: std::mem::take(&mut bytes.0).to_vec() },
            9 => Request::Lists,
            _ => return None,
        };
        bytes.0.is_empty().then_some(request)
    }
}

impl Answer {
    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Answer::Failed(why) => {
                out.push(0);
                out.extend(why.as_bytes());
            }
            Answer::Learned(taught) => {
                out.push(1);
                out.extend(taught.iter().map(|taught| *taught as u8));
            }
            Answer::Forgotten(counts) => {
                out.push(2);
                out.extend(counts.iter().flat_map(|count| count.to_le_bytes()));
            }
            Answer::Delisted(changed) => out.extend([3, u8::from(*changed)]),
            Answer::Looked(Looked { common, listed }) => {
                out.push(4);
                put_count(&mut out, common.len());
                out.extend(common.iter().map(|common| u8::from(*common)));
                for listed in listed {
                    out.extend(Class::ALL.map(|class| listed.weight(class)));
                }
            }
            Answer::Records(records) => {
                out.push(5);
                let bytes = records.iter().map(|record| record.unwrap_or_default().to_bytes());
                out.extend(bytes.flatten());
            }
            Answer::Struck(struck) => {
                out.push(6);
                for (print, when) in struck {
                    out.extend(print_key(print));
                    out.extend(when.to_le_bytes());
                }
            }
            Answer::Stats(stats) => {
                out.push(7);
                let Stats {
                    lessons,
                    fingerprints,
                    exemptions,
                    phrases,
                    delisted,
                    bytes,
                    generation,
                } = stats;
                let rest = [fingerprints, exemptions, phrases, delisted, bytes, generation];
                out.extend(lessons.iter().chain(rest).flat_map(|number| number.to_le_bytes()));
            }
            Answer::Lessons(lessons) => {
                out.push(8);
                put_lessons(&mut out, lessons);
            }
            Answer::Lists(lists) => {
                out.push(9);
                for (list, keys) in &lists.prints {
                    out.extend([list.algorithm as u8, list.class as u8, list.weight]);
                    put_count(&mut out, keys.len());
                    out.extend(keys.iter().flat_map(|key| key.to_le_bytes()));
                }
            }
        }
        out
    }

    /// Of bytes; `None` if they are no answer.
    pub fn of_bytes(bytes: &[u8]) -> Option<Answer> {
        let mut bytes = Bytes(bytes);
        let answer = match bytes.byte()? {
            0 => Answer::Failed(String::from_utf8_lossy(std::mem::take(&mut bytes.0)).into_owned()),
            1 => Answer::Learned(rest(&mut bytes, |bytes| match bytes.byte()? {
                0 => Some(Taught::New),
                1 => Some(Taught::Known),
                2 => Some(Taught::Changed),
                _ => None,
            })?),
            2 => Answer::Forgotten(rest(&mut bytes, Bytes::number)?),
            3 => Answer::Delisted(bytes.byte()? == 1),
            4 => {
                let common = list(&mut bytes, 1, |bytes| Some(bytes.byte()? == 1))?;
                let listed = rest(&mut bytes, |bytes| {
                    let weights = bytes.chunk::<5>()?;
                    let weights = Class::ALL.into_iter().zip(weights);
                    Some(weights.fold(Listed::default(), |all, (class, &one)| all.with(class, one)))
                })?;
                Answer::Looked(Looked { common, listed })
            }
            5 => Answer::Records(rest(&mut bytes, |bytes| {
                let record = Record::of_bytes(bytes.chunk()?);
                Some(Some(record).filter(|record| record.total() > 0))
            })?),
            6 => Answer::Struck(rest(&mut bytes, |bytes| Some((bytes.print()?, bytes.number()?)))?),
            7 => {
                let mut next = || bytes.number();
                let lessons = [next()?, next()?, next()?, next()?, next()?];
                let (fingerprints, exemptions, phrases) = (next()?, next()?, next()?);
                let (delisted, size, generation) = (next()?, next()?, next()?);
                let bytes = size;
                Answer::Stats(Stats {
                    lessons,
                    fingerprints,
                    exemptions,
                    phrases,
                    delisted,
                    bytes,
                    generation,
                })
            }
            8 => Answer::Lessons(lessons(&mut bytes)?),
            9 => {
                let all = rest(&mut bytes, |bytes| {
                    let algorithm = Algorithm::of_number(bytes.byte()?)?;
                    let class = *Class::ALL.get(usize::from(bytes.byte()?))?;
                    let list = List { algorithm, class, weight: bytes.byte()? };
                    Some((list, list_of(bytes)?))
                })?;
                Answer::Lists(Lists { prints: all.into_iter().collect(), ..Lists::default() })
            }
            _ => return None,
        };
        bytes.0.is_empty().then_some(answer)
    }
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    out.extend((count as u32).to_le_bytes());
}

fn put_prints(out: &mut Vec<u8>, prints: &[Fingerprint]) {
    put_count(out, prints.len());
    out.extend(prints.iter().flat_map(print_key));
}

fn put_lessons(out: &mut Vec<u8>, lessons: &[Lesson]) {
    put_count(out, lessons.len());
    for lesson in lessons {
        for part in [lesson.key(), lesson.to_bytes()] {
            put_count(out, part.len());
            out.extend(part);
        }
    }
}

fn list_of(bytes: &mut Bytes) -> Option<Vec<u64>> {
    list(bytes, 8, Bytes::number)
}

fn lessons(bytes: &mut Bytes) -> Option<Vec<Lesson>> {
    list(bytes, 8, |bytes| {
        let length = bytes.count(1)?;
        let key = bytes.take(length)?;
        let length = bytes.count(1)?;
        Lesson::of_bytes(key, bytes.take(length)?)
    })
}

/// A count and so many things, of at least `size` bytes each.
fn list<'b, T>(
    bytes: &mut Bytes<'b>,
    size: usize,
    mut next: impl FnMut(&mut Bytes<'b>) -> Option<T>,
) -> Option<Vec<T>> {
    let count = bytes.count(size)?;
    (0..count).map(|_| next(bytes)).collect()
}

/// Things up to the end.
fn rest<'b, T>(
    bytes: &mut Bytes<'b>,
    mut next: impl FnMut(&mut Bytes<'b>) -> Option<T>,
) -> Option<Vec<T>> {
    let mut all = Vec::new();
    while !bytes.0.is_empty() {
        all.push(next(bytes)?);
    }
    Some(all)
}

/// Writes one frame.
pub fn send(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(|_| io::Error::other("a frame is too long"))?;
    let mut frame = Vec::with_capacity(bytes.len() + 4);
    frame.extend(length.to_le_bytes());
    frame.extend(bytes);
    out.write_all(&frame)?;
    out.flush()
}

/// Reads one frame of at most `most` bytes; `None` at the end.
pub fn receive(from: &mut impl Read, most: usize) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(why) if why.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > most {
        let why = "a frame is longer than limits.lesson_request";
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    let mut bytes = Vec::new();
    // Memory is taken as it arrives, not as it is promised.
    from.take(length as u64).read_to_end(&mut bytes)?;
    match bytes.len() == length {
        true => Ok(Some(bytes)),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn print(n: u8) -> Fingerprint {
        Fingerprint { algorithm: Algorithm::Image, digest: [n; 16] }
    }

    fn lesson() -> Lesson {
        Lesson {
            id: LessonId { content: [1; 16], message: [2; 16] },
            teacher: "bob".into(),
            class: Class::Ham,
            when: 3,
            prints: vec![print(1), print(2)],
            signers: vec!["a.example".into()],
            phrases: vec![5],
        }
    }

    #[test]
    fn what_is_sent_is_received() {
        let requests = [
            Request::Learn(vec![lesson(), lesson()]),
            Request::Forget(vec![Forget { id: lesson().id, teacher: "x".into() }]),
            Request::Delist { print: print(3), strike: true, when: 9 },
            Request::Look { phrases: vec![1, 2], prints: vec![print(4)] },
            Request::Records(vec![print(5)]),
            Request::Struck,
            Request::Stats,
            Request::Lessons { after: vec![7] },
            Request::Lists,
        ];
        for request in requests {
            let bytes = request.to_bytes();
            assert_eq!(Request::of_bytes(&bytes), Some(request));
        }
        let record = Record { shielded: 1, ..Record::default() };
        let mut lists = Lists::default();
        let list = List { algorithm: Algorithm::Image, class: Class::Bulk, weight: 3 };
        lists.prints.insert(list, vec![1, u64::MAX]);
        let answers = [
            Answer::Failed("no".into()),
            Answer::Learned(vec![Taught::New, Taught::Known, Taught::Changed]),
            Answer::Forgotten(vec![0, 3]),
            Answer::Delisted(true),
            Answer::Looked(Looked {
                common: vec![true, false],
                listed: vec![Listed::default().with(Class::Phish, 9)],
            }),
            Answer::Records(vec![None, Some(record)]),
            Answer::Struck(vec![(print(1), 5)]),
            Answer::Stats(Stats { lessons: [1, 2, 3, 4, 5], generation: 6, ..Stats::default() }),
            Answer::Lessons(vec![lesson()]),
            Answer::Lists(lists),
        ];
        for answer in answers {
            assert_eq!(Answer::of_bytes(&answer.to_bytes()), Some(answer));
        }
    }

    #[test]
    fn limit_lesson_request_ends_a_frame_that_is_too_long() {
        for (length, fits) in [(9, true), (10, true), (11, false)] {
            let mut frame = Vec::new();
            send(&mut frame, &vec![7; length]).unwrap();
            assert_eq!(receive(&mut frame.as_slice(), 10).is_ok(), fits, "{length}");
        }
        assert!(receive(&mut [].as_slice(), 10).unwrap().is_none());
        assert!(receive(&mut [3, 0, 0, 0, 1].as_slice(), 10).is_err());
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Some(request) = Request::of_bytes(&bytes) {
                prop_assert_eq!(Request::of_bytes(&request.to_bytes()), Some(request));
            }
            Answer::of_bytes(&bytes);
        }
    }
}
