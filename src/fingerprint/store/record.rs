//! What the store keeps, as bytes: one [`Record`] a fingerprint, one [`Lesson`] a message taught.
//!
//! In: bytes of the store's file, of an exported file, of a request: nobody's word. Out: types,
//! or nothing where the bytes are not what they should be. Numbers are little-endian.

use super::super::view::View;
use super::super::{Algorithm, Class, Fingerprint, Known, of_view, phrases};
use crate::limits::Limits;
use crate::message::Message;
use md5::{Digest, Md5};

/// What was taught about one fingerprint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Messages of each class that had it, in the order of [`Class::ALL`]. Wanted ones that
    /// their author's domain had signed are not among them.
    pub counts: [u32; 5],
    /// Wanted messages that had it, and that their author's domain had signed: those domains are
    /// exempt from it.
    pub shielded: u32,
    /// When it was first taught, in seconds since 1970.
    pub first: u64,
    /// When it was last taught.
    pub last: u64,
    /// It is no fingerprint of a message, but says that a domain is exempt from one.
    pub is_exemption: bool,
}

impl Record {
    /// Bytes of a record.
    pub const SIZE: usize = 41;

    /// The messages of `class` that had it.
    pub fn count(&self, class: Class) -> u32 {
        self.counts.get(class as usize).copied().unwrap_or_default()
    }

    /// The messages of all classes.
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|&count| u64::from(count)).sum::<u64>() + u64::from(self.shielded)
    }

    /// As the store has it.
    pub fn to_bytes(self) -> [u8; Record::SIZE] {
        let mut bytes = [0; Record::SIZE];
        let counts = self.counts.iter().chain([&self.shielded]).flat_map(|n| n.to_le_bytes());
        let times = [self.first, self.last].into_iter().flat_map(u64::to_le_bytes);
        let all = counts.chain(times).chain([u8::from(self.is_exemption)]);
        bytes.iter_mut().zip(all).for_each(|(to, from)| *to = from);
        bytes
    }

    /// Of what the store has.
    pub fn of_bytes(bytes: &[u8; Record::SIZE]) -> Record {
        let mut bytes = Bytes(bytes);
        let mut count = || bytes.word().unwrap_or_default();
        let counts = [count(), count(), count(), count(), count()];
        let shielded = count();
        let first = bytes.number().unwrap_or_default();
        let last = bytes.number().unwrap_or_default();
        Record { counts, shielded, first, last, is_exemption: bytes.byte() == Some(1) }
    }
}

/// Which message a lesson is about. A copy that a mail server has put more header fields on is
/// the same message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LessonId {
    /// Its Message-ID and its body, digested.
    pub content: [u8; 16],
    /// Its Message-ID alone; 0 for none.
    pub message: [u8; 16],
}

impl LessonId {
    /// That of a message without the marks that we put on.
    pub fn of(message: &Message) -> LessonId {
        let id = message.headers().last(b"Message-Id").map(|field| field.raw.trim_ascii());
        let mut digest = Md5::new();
        digest.update(id.unwrap_or_default());
        digest.update([0]);
        // Line ends and what stands at the end change on the way.
        for line in message.pristine_body().trim_ascii_end().split(|&byte| byte == b'\n') {
            digest.update(line.strip_suffix(b"\r").unwrap_or(line));
            digest.update(b"\n");
        }
        let message = id.filter(|id| !id.is_empty());
        let message = message.map(|id| Md5::digest(id).into()).unwrap_or_default();
        LessonId { content: digest.finalize().into(), message }
    }
}

/// One message that somebody said something of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// Which message.
    pub id: LessonId,
    /// Who said so: empty for the administrator, else a user.
    pub teacher: String,
    /// What it is.
    pub class: Class,
    /// When that was said, in seconds since 1970.
    pub when: u64,
    /// Its fingerprints.
    pub prints: Vec<Fingerprint>,
    /// The domains of its author that signed it, in lower case; asked of wanted mail only.
    pub signers: Vec<String>,
    /// What its text says; asked of wanted mail only.
    pub phrases: Vec<u64>,
}

/// What somebody says of a message.
#[derive(Clone, Debug)]
pub struct Saying<'s> {
    /// Who says so: empty for the administrator, else a user.
    pub teacher: &'s str,
    /// What it is.
    pub class: Class,
    /// When that is said, in seconds since 1970.
    pub when: u64,
    /// The domains of its author that have signed it.
    pub signers: Vec<String>,
}

const VERSION: u8 = 1;
/// The longest name of a user, or of a domain.
const NAME: usize = 255;

impl Lesson {
    /// What a message, without the marks that we put on, teaches. `known` is asked which phrases
    /// are common.
    pub fn of_view(
        view: &View,
        id: LessonId,
        saying: Saying,
        known: &dyn Known,
        limits: &Limits,
    ) -> Lesson {
        let mut prints = of_view(view, known, limits).all;
        prints.truncate(limits.lesson_fingerprints);
        let is_wanted = saying.class == Class::Ham;
        let mut phrases = if is_wanted { phrases(view, limits) } else { Vec::new() };
        phrases.sort_unstable();
        phrases.dedup();
        phrases.truncate(limits.lesson_phrases);
        let Saying { teacher, class, when, mut signers } = saying;
        signers.retain(|_| is_wanted);
        Lesson { id, teacher: teacher.to_owned(), class, when, prints, signers, phrases }
    }

    /// The key under which the store has it: one lesson a message and teacher.
    pub fn key(&self) -> Vec<u8> {
        key(&self.id, &self.teacher)
    }

    /// As the store has it, without what its key says of it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION, self.class as u8];
        out.extend(self.when.to_le_bytes());
        out.extend(self.id.message);
        out.extend((self.prints.len() as u32).to_le_bytes());
        for print in &self.prints {
            out.extend(print_key(print));
        }
        out.push(self.signers.len().min(NAME) as u8);
        for signer in self.signers.iter().take(NAME) {
            put_name(&mut out, signer);
        }
        out.extend((self.phrases.len() as u32).to_le_bytes());
        out.extend(self.phrases.iter().flat_map(|phrase| phrase.to_le_bytes()));
        out
    }

    /// Of what the store has under `key`; `None` if that is no lesson.
    pub fn of_bytes(key: &[u8], bytes: &[u8]) -> Option<Lesson> {
        let (content, teacher) = key.split_first_chunk::<16>()?;
        let mut bytes = Bytes(bytes);
        if bytes.byte()? != VERSION {
            return None;
        }
        let class = *Class::ALL.get(usize::from(bytes.byte()?))?;
        let when = bytes.number()?;
        let message = *bytes.chunk::<16>()?;
        let count = bytes.count(17)?;
        let prints = (0..count).map(|_| bytes.print()).collect::<Option<Vec<_>>>()?;
        let signers = bytes.byte()?;
        let signers = (0..signers).map(|_| bytes.name()).collect::<Option<Vec<_>>>()?;
        let count = bytes.count(8)?;
        let phrases = (0..count).map(|_| bytes.number()).collect::<Option<Vec<_>>>()?;
        bytes.0.is_empty().then_some(Lesson {
            id: LessonId { content: *content, message },
            teacher: String::from_utf8(teacher.to_vec()).ok()?,
            class,
            when,
            prints,
            signers,
            phrases,
        })
    }
}

/// The key of a lesson.
pub fn key(id: &LessonId, teacher: &str) -> Vec<u8> {
    [&id.content, teacher.as_bytes()].concat()
}

/// A fingerprint as a key: its algorithm's number and its digest.
pub fn print_key(print: &Fingerprint) -> [u8; 17] {
    let mut key = [print.algorithm as u8; 17];
    key.iter_mut().skip(1).zip(print.digest).for_each(|(to, from)| *to = from);
    key
}

/// The fingerprint of a key; `None` for an algorithm that is not known.
pub fn print_of_key(key: &[u8; 17]) -> Option<Fingerprint> {
    let (number, digest) = key.split_first()?;
    let algorithm = Algorithm::of_number(*number)?;
    Some(Fingerprint { algorithm, digest: digest.try_into().ok()? })
}

/// Writes a text of at most 255 bytes; a longer one is cut.
pub fn put_name(out: &mut Vec<u8>, name: &str) {
    let mut end = name.len().min(NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let name = name.get(..end).unwrap_or_default();
    out.push(name.len() as u8);
    out.extend(name.as_bytes());
}

/// Bytes that are read from the front.
pub struct Bytes<'b>(pub &'b [u8]);

impl<'b> Bytes<'b> {
    /// The next byte.
    pub fn byte(&mut self) -> Option<u8> {
        self.chunk::<1>().map(|&[byte]| byte)
    }

    /// The next `N` bytes.
    pub fn chunk<const N: usize>(&mut self) -> Option<&'b [u8; N]> {
        let (chunk, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(chunk)
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// The next number of four bytes.
    pub fn word(&mut self) -> Option<u32> {
        self.chunk().map(|bytes| u32::from_le_bytes(*bytes))
    }

    /// The next number of eight.
    pub fn number(&mut self) -> Option<u64> {
        self.chunk().map(|bytes| u64::from_le_bytes(*bytes))
    }

    /// How many things of at least `size` bytes follow; no more than there is room for.
    pub fn count(&mut self, size: usize) -> Option<usize> {
        let count = self.word()? as usize;
        (count <= self.0.len() / size.max(1)).then_some(count)
    }

    /// The next fingerprint.
    pub fn print(&mut self) -> Option<Fingerprint> {
        print_of_key(self.chunk()?)
    }

    /// The next text with its length before it.
    pub fn name(&mut self) -> Option<String> {
        let length = self.byte()?;
        String::from_utf8(self.take(usize::from(length))?.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lesson() -> Lesson {
        let print = |n| Fingerprint { algorithm: Algorithm::Contact, digest: [n; 16] };
        Lesson {
            id: LessonId { content: [1; 16], message: [2; 16] },
            teacher: "ann".into(),
            class: Class::Phish,
            when: 1_700_000_000,
            prints: vec![print(3), print(4)],
            signers: vec!["bank.example".into()],
            phrases: vec![16, 32],
        }
    }

    #[test]
    fn records_and_lessons_are_read_as_they_were_written() {
        let record = Record {
            counts: [1, 2, 3, 4, 5],
            shielded: 6,
            first: 7,
            last: u64::MAX,
            is_exemption: true,
        };
        assert_eq!(Record::of_bytes(&record.to_bytes()), record);
        let lesson = lesson();
        let bytes = lesson.to_bytes();
        assert_eq!(Lesson::of_bytes(&lesson.key(), &bytes), Some(lesson.clone()));
        for cut in 0..bytes.len() {
            assert_eq!(Lesson::of_bytes(&lesson.key(), &bytes[..cut]), None);
        }
    }

    #[test]
    fn a_message_is_the_same_whatever_was_put_on_top_of_it() {
        let id = |mail: &str| {
            LessonId::of(&Message::parse(mail.as_bytes().to_vec(), &Limits::default()))
        };
        let first = id("Message-ID: <a@b>\nSubject: x\n\nHello\nyou\n");
        assert_eq!(first, id("Received: y\r\nMessage-Id: <a@b>\r\n\r\nHello\r\nyou\r\n\r\n"));
        assert_ne!(first.content, id("Message-ID: <a@b>\n\nHello you\n").content);
        assert_eq!(first.message, id("Message-ID: <a@b>\n\nHello you\n").message);
        assert_eq!(id("Subject: x\n\n").message, [0; 16]);
    }

    fn of_words(count: usize, limits: &Limits) -> Lesson {
        let words: Vec<String> = (0..count)
            .map(|n| {
                format!(
                    "word{}",
                    "abcdefghij".chars().nth(n % 10).unwrap().to_string().repeat(n / 10 + 1)
                )
            })
            .collect();
        let mail = format!("Subject: some words here today\n\n{}\n", words.join(" "));
        let message = Message::parse(mail.into_bytes(), limits);
        let saying = Saying { teacher: "", class: Class::Ham, when: 1, signers: Vec::new() };
        let known = crate::fingerprint::common::Nothing;
        Lesson::of_view(&View::of(&message, limits), LessonId::of(&message), saying, &known, limits)
    }

    #[test]
    fn limit_lesson_fingerprints_and_lesson_phrases() {
        let whole = of_words(60, &Limits::default());
        let (prints, phrases) = (whole.prints.len(), whole.phrases.len());
        assert!(prints > 3 && phrases > 3, "{prints} {phrases}");
        for less in [0, 1] {
            let limits = Limits {
                lesson_fingerprints: prints - less,
                lesson_phrases: phrases - less,
                ..Limits::default()
            };
            let lesson = of_words(60, &limits);
            assert_eq!(lesson.prints.len(), prints - less);
            assert_eq!(lesson.phrases.len(), phrases - less);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd_to_be_read(
            key in prop::collection::vec(any::<u8>(), 0..40),
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            if let Some(lesson) = Lesson::of_bytes(&key, &bytes) {
                prop_assert_eq!(Lesson::of_bytes(&lesson.key(), &lesson.to_bytes()), Some(lesson));
            }
        }
    }
}
