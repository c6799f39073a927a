//! Phrases that say nothing, because wanted mail is full of them.
//!
//! In: wanted messages. Out: [`Phrases`], a table of hashes with how many messages held each
//! (15 at most), which is what [`Known::is_common`](super::Known::is_common) asks. Invariant:
//! never more than a given number of phrases; when there would be, those that were seen once
//! are forgotten first. No text can be read back from it.
//!
//! # As bytes
//!
//! `MPHR`, a byte 1 (the version), the number of messages learned (u32), the number of phrases
//! (u32); then the phrases in ascending order, each as the difference to the one before in
//! LEB128, the lowest four bits of the phrase being its count. Numbers are little-endian.

use super::text::WORD;
use super::view::View;
use super::{Fingerprint, Known, Prints};
use crate::limits::Limits;
use std::collections::HashMap;

/// The bits of a phrase that hold its count.
const COUNT: u64 = 15;
const MAGIC: &[u8; 5] = b"MPHR\x01";

/// Hashes of phrases with how often they were seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phrases {
    messages: u32,
    counts: HashMap<u64, u8>,
}

/// Bytes that are no [`Phrases`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the common phrases cannot be read: learn wanted mail again")]
pub struct Damaged;

impl Phrases {
    /// Learns what a wanted message says: its phrases, and the fingerprints of all it holds.
    pub fn learn(&mut self, view: &View<'_>, prints: &Prints, limits: &Limits) {
        let mut seen = super::text::phrases(view, limits);
        seen.extend(prints.all.iter().map(|print| of_print(*print)));
        seen.sort_unstable();
        seen.dedup();
        self.messages = self.messages.saturating_add(1);
        for phrase in seen {
            let count = self.counts.entry(phrase & !COUNT).or_default();
            *count = count.saturating_add(1).min(COUNT as u8);
        }
        if self.counts.len() > limits.fingerprint_phrases {
            self.forget_rare(limits.fingerprint_phrases);
        }
    }

    /// How many messages it was learned from.
    pub fn messages(&self) -> u32 {
        self.messages
    }

    /// How many phrases there are.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Is `phrase` common? A phrase or a fingerprint is when one message held it; a word is when
    /// one in fifty did, or fifteen.
    pub fn contains(&self, phrase: u64) -> bool {
        let count = self.counts.get(&(phrase & !COUNT)).copied().unwrap_or_default();
        let least = if phrase & WORD == 0 { 1 } else { (self.messages / 50).clamp(2, 15) };
        u32::from(count) >= least
    }

    /// Makes room: half of `most` are kept, those seen most often.
    fn forget_rare(&mut self, most: usize) {
        for rare in 1..COUNT as u8 {
            if self.counts.len() <= most / 2 {
                break;
            }
            self.counts.retain(|_, count| *count > rare);
        }
        if self.counts.len() > most {
            let mut left = most / 2;
            self.counts.retain(|_, _| {
                left = left.saturating_sub(1);
                left > 0
            });
        }
    }

    /// All of it as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut sorted: Vec<u64> =
            self.counts.iter().map(|(phrase, count)| phrase | u64::from(*count)).collect();
        sorted.sort_unstable();
        let mut out = Vec::with_capacity(sorted.len() * 7 + 16);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&self.messages.to_le_bytes());
        out.extend_from_slice(&u32::try_from(sorted.len()).unwrap_or(u32::MAX).to_le_bytes());
        let mut before = 0;
        for phrase in sorted {
            push_leb128(&mut out, phrase - before);
            before = phrase;
        }
        out
    }

    /// Reads what [`Phrases::to_bytes`] made.
    ///
    /// # Errors
    ///
    /// [`Damaged`] if that is not what it is, or there are more than `most`.
    pub fn from_bytes(bytes: &[u8], most: usize) -> Result<Phrases, Damaged> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(Damaged)?;
        let (messages, rest) = rest.split_first_chunk().ok_or(Damaged)?;
        let (count, mut rest) = rest.split_first_chunk().ok_or(Damaged)?;
        let count = u32::from_le_bytes(*count) as usize;
        // Each takes a byte at least: a count beyond that is a lie.
        if count > most || count > rest.len() {
            return Err(Damaged);
        }
        let mut counts = HashMap::with_capacity(count);
        let mut phrase = 0u64;
        for _ in 0..count {
            let step = take_leb128(&mut rest).ok_or(Damaged)?;
            phrase = phrase.checked_add(step).ok_or(Damaged)?;
            counts.insert(phrase & !COUNT, (phrase & COUNT) as u8);
        }
        let whole = rest.is_empty() && counts.len() == count;
        whole.then_some(Phrases { messages: u32::from_le_bytes(*messages), counts }).ok_or(Damaged)
    }
}

/// The phrase that stands for a whole fingerprint.
pub fn of_print(print: Fingerprint) -> u64 {
    print.key() & !WORD
}

/// Nothing is known: with this, fingerprints are what they are for everybody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl Known for Nothing {
    fn listed(&self, _: super::Algorithm, _: u64) -> super::Listed {
        super::Listed::default()
    }

    fn is_common(&self, _: u64) -> bool {
        false
    }
}

fn push_leb128(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take_leb128(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        number |= bits.checked_shl(shift).filter(|shifted| shifted >> shift == bits)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;
    use proptest::prelude::*;

    fn learn(phrases: &mut Phrases, text: &str, limits: &Limits) {
        let message = Message::parse(format!("Subject: x\n\n{text}\n").into_bytes(), limits);
        let view = View::of(&message, limits);
        let prints = super::super::of_view(&view, &Nothing, limits);
        phrases.learn(&view, &prints, limits);
    }

    const TEXT: &str = "one wanted message says what others never say about mountain gardens";

    #[test]
    fn what_was_learned_is_common_and_kept_in_bytes() {
        let limits = Limits::default();
        let mut phrases = Phrases::default();
        learn(&mut phrases, TEXT, &limits);
        assert_eq!(phrases.messages(), 1);
        let view = View::of_text(TEXT, &limits);
        let said = super::super::text::phrases(&view, &limits);
        let (words, runs): (Vec<u64>, Vec<u64>) = said.into_iter().partition(|p| p & WORD != 0);
        assert!(!runs.is_empty() && runs.iter().all(|run| phrases.contains(*run)));
        assert!(
            !words.iter().any(|word| phrases.contains(*word)),
            "one message makes no word common"
        );
        learn(&mut phrases, TEXT, &limits);
        assert!(words.iter().all(|word| phrases.contains(*word)));
        let bytes = phrases.to_bytes();
        assert_eq!(Phrases::from_bytes(&bytes, phrases.len()), Ok(phrases.clone()));
        assert_eq!(Phrases::from_bytes(&bytes, phrases.len() - 1), Err(Damaged));
        assert_eq!(Phrases::from_bytes(&bytes[..bytes.len() - 1], 1000), Err(Damaged));
        assert_eq!(Phrases::from_bytes(&[&bytes[..], b"x"].concat(), 1000), Err(Damaged));
    }

    #[test]
    fn limit_fingerprint_phrases() {
        let mut phrases = Phrases::default();
        learn(&mut phrases, TEXT, &Limits::default());
        let all = phrases.len();
        for (most, kept) in [(all, all), (all + 1, all), (all - 1, 0)] {
            let mut fresh = Phrases::default();
            let limits = Limits { fingerprint_phrases: most, ..Limits::default() };
            learn(&mut fresh, TEXT, &limits);
            // Seen once, all are forgotten alike.
            assert_eq!(fresh.len(), kept, "{most}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_phrases_or_damaged(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let bytes = [&MAGIC[..], &bytes].concat();
            if let Ok(phrases) = Phrases::from_bytes(&bytes, 100) {
                prop_assert!(phrases.len() <= 100);
            }
        }
    }
}
