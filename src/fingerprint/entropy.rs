//! How disorder is spread in a file: fingerprints `entropy`.
//!
//! In: binary files that are no archives, pictures or PDF documents, and texts that are next to no words. Out:
//! fingerprints, weak ones: packed programs and encoded blobs look alike though no byte is the
//! same.
//!
//! # Specification
//!
//! Of each whole block of 256 bytes of the first 256 KiB the Shannon entropy in bits (0 to 8).
//! A level is `entropy` rounded down to a whole number, at most 7; it stays what it was in the
//! block before if the entropy is within 0.15 of that level's limits. Transform: the first 64
//! runs of equal levels, each as two bytes, the level and the number of bits of the run's
//! length; then the number of bits of the file's size. Abstains below 2 KiB, if more than 95 %
//! of the blocks have one level, and with less than four runs.
//!
//! A text counts if it has 2 KiB and less than a twentieth of its bytes are in words of 3 to 24
//! letters.

use super::view::View;
use super::{Algorithm, Fingerprint, digest};
use std::borrow::Cow;

const BLOCK: usize = 256;
const LEAST: usize = 2048;
const MOST: usize = 256 * 1024;
/// Fingerprints of one message.
const FILES: usize = 2;

/// Adds the fingerprints of `binaries` and of the view's texts.
pub(super) fn prints(view: &View<'_>, binaries: &[Cow<'_, [u8]>], out: &mut Vec<Fingerprint>) {
    let files = binaries.iter().map(AsRef::as_ref);
    let texts = view.texts.iter().map(|part| part.text.as_str());
    let blobs = texts.filter(|text| is_no_words(text)).map(str::as_bytes);
    out.extend(files.chain(blobs).filter_map(of).take(FILES));
}

/// The fingerprint of one file.
pub(super) fn of(bytes: &[u8]) -> Option<Fingerprint> {
    if bytes.len() < LEAST {
        return None;
    }
    let logs = logarithms();
    let blocks = bytes.get(..MOST).unwrap_or(bytes).as_chunks::<BLOCK>().0;
    let mut runs: Vec<(u8, usize)> = Vec::new();
    let mut counts = [0usize; 8];
    for block in blocks {
        let level = level(entropy(block, logs), runs.last().map(|run| run.0));
        if let Some(count) = counts.get_mut(usize::from(level)) {
            *count += 1;
        }
        match runs.last_mut() {
            Some((last, length)) if *last == level => *length += 1,
            _ => runs.push((level, 1)),
        }
    }
    let one = counts.iter().copied().max().unwrap_or_default();
    if one * 20 > blocks.len() * 19 || runs.len() < 4 {
        return None;
    }
    let bits = |number: usize| (usize::BITS - number.leading_zeros()) as u8;
    let mut transform: Vec<u8> =
        runs.iter().take(64).flat_map(|&(level, length)| [level, bits(length)]).collect();
    transform.push(bits(bytes.len()));
    Some(digest(Algorithm::Entropy, &transform))
}

/// n log2(n) for each count that a block can have.
fn logarithms() -> &'static [f32; BLOCK + 1] {
    static TABLE: std::sync::LazyLock<[f32; BLOCK + 1]> = std::sync::LazyLock::new(|| {
        std::array::from_fn(|n| if n == 0 { 0.0 } else { n as f32 * (n as f32).log2() })
    });
    &TABLE
}

fn entropy(block: &[u8; BLOCK], logs: &[f32; BLOCK + 1]) -> f32 {
    let mut counts = [0u16; 256];
    for byte in block {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let of = |count: &u16| logs.get(usize::from(*count)).copied().unwrap_or_default();
    8.0 - counts.iter().map(of).sum::<f32>() / BLOCK as f32
}

fn level(entropy: f32, before: Option<u8>) -> u8 {
    let near = |level: &u8| {
        let low = f32::from(*level);
        entropy > low - 0.15 && entropy < low + 1.15
    };
    before.filter(near).unwrap_or((entropy.max(0.0) as u8).min(7))
}

/// Is a text next to no words?
fn is_no_words(text: &str) -> bool {
    if text.len() < LEAST {
        return false;
    }
    let words = text.split(|c: char| !c.is_alphabetic());
    // Scripts without spaces have long words of few characters.
    let told = words.filter(|word| word.len() >= 3 && (word.len() <= 24 || !word.is_ascii()));
    told.map(str::len).sum::<usize>() * 20 < text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize, values: u64, mut state: u64) -> Vec<u8> {
        (0..length)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                ((state >> 33) % values) as u8
            })
            .collect()
    }

    fn program(seed: u64) -> Vec<u8> {
        let parts = [(1024, 3), (8192, 60), (4096, 250), (2048, 8), (512, 1), (4096, 30)];
        parts.iter().flat_map(|&(length, values)| noise(length, values, seed)).collect()
    }

    #[test]
    fn other_bytes_in_the_same_order_of_disorder_look_alike() {
        assert!(of(&program(1)).is_some());
        assert_eq!(of(&program(1)), of(&program(2)));
        let padded = [program(1), noise(200, 256, 3)].concat();
        assert_eq!(of(&program(1)), of(&padded));
    }

    #[test]
    fn compressed_and_short_files_say_nothing() {
        assert_eq!(of(&noise(100_000, 256, 1)), None);
        assert_eq!(of(&vec![0; 100_000]), None);
        assert_eq!(of(&noise(2047, 60, 1)), None);
    }

    #[test]
    fn a_text_of_words_is_no_blob() {
        assert!(!is_no_words(&"some words and more ".repeat(200)));
        assert!(is_no_words(&"0a1b2c3d4e5f6071".repeat(200)));
        assert!(!is_no_words(&"漢字".repeat(900)));
    }
}
