//! Texts: what is said, however it is spelt and whatever stands around it.
//!
//! In: the texts of a [`View`], cut into words (`token`). Out: fingerprints of the algorithms
//! below; those of all texts of a message together, each once. A text that holds too little for
//! an algorithm has none of it. All transforms are sequences of 64-bit numbers, least byte first
//! (hashes or bones of words); `mix` is `token`'s.
//!
//! # Specification
//!
//! All read a text without its footer (`view::footer`).
//!
//! * **text-exact** (F1): the hashes of all words, from [`EXACT`] words on.
//! * **text-short**: the same for texts of [`SHORT`] to [`EXACT`] − 1 words.
//! * **text-anchor** (F2): runs of [`RUN`] words that weigh [`RUN_WEIGHT`] or more together. The
//!   *phrase* of a run is `h = 0; for each word: h = mix(h ^ bones)`, without its highest bit.
//!   Runs are taken in ascending order of their phrases, up to [`ANCHORS`]; not those that are
//!   common in wanted mail, and not those that begin at a neighbour of one taken. Transform:
//!   the phrase.
//! * **text-band** (F3): of the phrases of all runs of three words the smallest under each of
//!   24 functions `mix(phrase ^ mix(i))`, i = 0 … 23; three each make a band: transform: the
//!   number of the band and its three minima. From [`BAND`] different runs on.
//! * **text-bag** (F4): different words that weigh [`BAG_WEIGHT`] or more and are not common,
//!   by `hash & 15`, in ascending order; transform: the number of the bag and its hashes. Bags of
//!   three or more; texts of [`BAGS`] different words or more.
//! * **text-sentence** (F5): a sentence of [`SENTENCE`] words whose weight is
//!   [`SENTENCE_WEIGHT`] or more: the bones of its words. The [`SENTENCES`] with the smallest
//!   phrases (as above, over all its words), not those that are common.
//!   A remark, which has [`REMARK`] words that weigh [`REMARK_WEIGHT`] or more, likewise makes a
//!   **text-short** of its bones: what is left of a short text that other text was put around.
//! * **joint**: where no text has a text-exact: the text-short's words and the digest of the
//!   first fingerprint of contacts, of paths, of domains, of files and of pictures: one each.
//!
//! The phrases that wanted mail is learned by (`common`): those of all runs and sentences, and
//! each word's hash with the highest bit set.

use super::token::{Word, Words, mix, words};
use super::view::View;
use super::{Algorithm, Fingerprint, Known, digest};
use crate::limits::{Limits, Reached};

/// The least words of a text-exact.
const EXACT: usize = 15;
/// The least words of a text-short.
const SHORT: usize = 3;
/// Words of a run.
const RUN: usize = 5;
/// The least weight of a run.
const RUN_WEIGHT: u32 = 20;
/// The most anchors of a text.
const ANCHORS: usize = 64;
/// The most anchors of a document.
const DOCUMENT: usize = 8;
/// The least different runs of three words for bands.
const BAND: usize = 16;
/// Bands, and functions of each.
const BANDS: usize = 8;
const ROWS: usize = 3;
/// The least weight of a word in a bag.
const BAG_WEIGHT: u8 = 4;
/// The least different words for bags.
const BAGS: usize = 24;
/// Words of a sentence.
const SENTENCE: std::ops::RangeInclusive<usize> = 7..=60;
/// Words of a remark: a sentence too short to be one.
const REMARK: std::ops::RangeInclusive<usize> = 3..=6;
/// The least weight of a remark.
const REMARK_WEIGHT: u32 = 14;
/// The least weight of a sentence.
const SENTENCE_WEIGHT: u32 = 32;
/// The most sentences of a text.
const SENTENCES: usize = 16;
/// What tells a word from a phrase.
pub(super) const WORD: u64 = 1 << 63;

/// The fingerprints of all texts. `out` holds those of the other families.
pub(super) fn prints(
    view: &View<'_>,
    known: &dyn Known,
    limits: &Limits,
    out: &mut Vec<Fingerprint>,
) -> Reached {
    let mut reached = Reached::default();
    let anchors_of_short = best_anchors(out);
    let first = out.len();
    let mut shorts = Vec::new();
    for part in &view.texts {
        let read = words(part.body(), limits);
        reached.merge(read.reached);
        whole(&read, out, &mut shorts);
        anchors(&read.words, known, (Algorithm::TextAnchor, ANCHORS), out);
        bands(&read.words, out);
        bags(&read.words, known, out);
        sentences(&read, known, out);
    }
    let mut texts = out.iter().skip(first);
    if !texts.any(|print| print.algorithm == Algorithm::TextExact) {
        for (short, anchor) in
            shorts.iter().flat_map(|s| anchors_of_short.iter().map(move |a| (s, a)))
        {
            out.push(digest(Algorithm::Joint, &[&short[..], anchor].concat()));
        }
    }
    reached
}

/// The fingerprints of what a document among the files says: anchors under an algorithm of
/// their own.
pub(super) fn of_document(
    text: &str,
    known: &dyn Known,
    limits: &Limits,
    out: &mut Vec<Fingerprint>,
) -> Reached {
    let read = words(text, limits);
    anchors(&read.words, known, (Algorithm::AttachmentText, DOCUMENT), out);
    read.reached
}

/// What the texts of a message say, for those who learn what is common.
pub(super) fn phrases(view: &View<'_>, limits: &Limits) -> Vec<u64> {
    let mut out = Vec::new();
    for part in &view.texts {
        let read = words(&part.text, limits);
        out.extend(read.words.iter().map(|word| word.hash | WORD));
        out.extend(read.words.windows(RUN).map(phrase));
        out.extend(cut(&read).filter(|words| is_sentence(words) || is_remark(words)).map(phrase));
    }
    out
}

/// The digests that a short text is joined with: the first of each algorithm that tells who
/// gains by it.
fn best_anchors(prints: &[Fingerprint]) -> Vec<[u8; 16]> {
    const BEST: [Algorithm; 5] = [
        Algorithm::Contact,
        Algorithm::LinkPath,
        Algorithm::LinkDomain,
        Algorithm::Attachment,
        Algorithm::Image,
    ];
    let first = |algorithm: &Algorithm| prints.iter().find(|print| print.algorithm == *algorithm);
    BEST.iter().filter_map(first).map(|print| print.digest).collect()
}

/// The phrase of a run.
fn phrase(run: &[Word]) -> u64 {
    run.iter().fold(0, |hash, word| mix(hash ^ word.bones)) & !WORD
}

fn weight(run: &[Word]) -> u32 {
    run.iter().map(|word| u32::from(word.weight)).sum()
}

/// Numbers as the octets of a transform.
fn octets(numbers: impl Iterator<Item = u64>) -> Vec<u8> {
    numbers.flat_map(u64::to_le_bytes).collect()
}

fn whole(read: &Words, out: &mut Vec<Fingerprint>, shorts: &mut Vec<Vec<u8>>) {
    let transform = octets(read.words.iter().map(|word| word.hash));
    match read.words.len() {
        EXACT.. => out.push(digest(Algorithm::TextExact, &transform)),
        SHORT.. => {
            out.push(digest(Algorithm::TextShort, &transform));
            shorts.push(transform);
        }
        _ => {}
    }
}

fn anchors(
    words: &[Word],
    known: &dyn Known,
    (algorithm, most): (Algorithm, usize),
    out: &mut Vec<Fingerprint>,
) {
    let runs = words.windows(RUN).enumerate().filter(|(_, run)| weight(run) >= RUN_WEIGHT);
    let mut runs: Vec<(u64, usize)> = runs.map(|(at, run)| (phrase(run), at)).collect();
    // Most are not needed in order.
    let enough = most * 6;
    let mut taken = 0;
    let mut near = vec![false; words.len() + 2];
    while taken < most && !runs.is_empty() {
        let rest = match runs.len() > enough {
            true => {
                runs.select_nth_unstable(enough);
                runs.split_off(enough)
            }
            false => Vec::new(),
        };
        runs.sort_unstable();
        for (phrase, at) in runs {
            let taken_near = near.get(at..at + 3).is_some_and(|near| near.contains(&true));
            if taken < most && !taken_near && !known.is_common(phrase) {
                if let Some(slot) = near.get_mut(at + 1) {
                    *slot = true;
                }
                out.push(digest(algorithm, &phrase.to_le_bytes()));
                taken += 1;
            }
        }
        runs = rest;
    }
}

fn bands(words: &[Word], out: &mut Vec<Fingerprint>) {
    let mut runs: Vec<u64> = words.windows(3).map(phrase).collect();
    runs.sort_unstable();
    runs.dedup();
    if runs.len() < BAND {
        return;
    }
    // Of a long text the smallest: they are the same whatever stands around.
    runs.truncate(4 * BAND * BANDS);
    let minimum = |function: usize| {
        let salt = mix(function as u64);
        runs.iter().map(|run| mix(run ^ salt)).min().unwrap_or_default()
    };
    for band in 0..BANDS {
        let rows = (0..ROWS).map(|row| minimum(band * ROWS + row));
        let transform = octets(std::iter::once(band as u64).chain(rows));
        out.push(digest(Algorithm::TextBand, &transform));
    }
}

fn bags(words: &[Word], known: &dyn Known, out: &mut Vec<Fingerprint>) {
    let heavy = words.iter().filter(|word| word.weight >= BAG_WEIGHT);
    let mut hashes: Vec<u64> = heavy.map(|word| word.hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes.retain(|hash| !known.is_common(hash | WORD));
    if hashes.len() < BAGS {
        return;
    }
    for bag in 0..16 {
        let inside = || hashes.iter().copied().filter(|hash| hash & 15 == bag);
        if inside().nth(2).is_some() {
            let transform = octets(std::iter::once(bag).chain(inside()));
            out.push(digest(Algorithm::TextBag, &transform));
        }
    }
}

/// The text cut at the ends of its sentences.
fn cut(read: &Words) -> impl Iterator<Item = &[Word]> {
    let mut start = 0;
    read.ends.iter().filter_map(move |&end| {
        let sentence = read.words.get(start..end);
        start = end;
        sentence
    })
}

fn is_sentence(words: &[Word]) -> bool {
    SENTENCE.contains(&words.len()) && weight(words) >= SENTENCE_WEIGHT
}

fn is_remark(words: &[Word]) -> bool {
    REMARK.contains(&words.len()) && weight(words) >= REMARK_WEIGHT
}

fn sentences(read: &Words, known: &dyn Known, out: &mut Vec<Fingerprint>) {
    let mut all: Vec<(u64, &[Word])> = cut(read)
        .filter(|words| is_sentence(words))
        .map(|sentence| (phrase(sentence), sentence))
        .collect();
    all.sort_unstable_by_key(|(phrase, _)| *phrase);
    all.dedup_by_key(|(phrase, _)| *phrase);
    all.retain(|(phrase, _)| !known.is_common(*phrase));
    for (_, sentence) in all.into_iter().take(SENTENCES) {
        let transform = octets(sentence.iter().map(|word| word.bones));
        out.push(digest(Algorithm::TextSentence, &transform));
    }
    let mut all: Vec<(u64, &[Word])> =
        cut(read).filter(|words| is_remark(words)).map(|words| (phrase(words), words)).collect();
    all.sort_unstable_by_key(|(phrase, _)| *phrase);
    all.dedup_by_key(|(phrase, _)| *phrase);
    all.retain(|(phrase, _)| !known.is_common(*phrase));
    for (_, remark) in all.into_iter().take(SENTENCES) {
        let transform = octets(remark.iter().map(|word| word.bones));
        out.push(digest(Algorithm::TextShort, &transform));
    }
}
