//! Content-defined chunks: pieces of a file that stay the same when others change.
//!
//! In: bytes. Out: fingerprints `attachment-chunk`.
//!
//! # Specification
//!
//! `gear[b]` is output number b of splitmix64 seeded with 2. Over the bytes of a chunk
//! `h = (h << 1) + gear[b]`, from 0. A chunk ends after a byte where the upper `k` bits of `h`
//! are 0 and it has at least a quarter of 2^k bytes, or eight times 2^k; `k` is 8 for files
//! below 4 KiB, 9 below 16 KiB, 11 for others. Chunks under 64 bytes or with less than 16
//! different byte values say nothing. Of the rest those four are taken whose hash is least:
//! FNV-1a over their little-endian 64-bit words (a word that is not whole is padded with 0).
//! The fingerprint is SHA-256 of the chunk, cut. Abstains if less than two are left.

use super::sha256;
use crate::fingerprint::{Algorithm, Fingerprint};

const MOST: usize = 4;

/// Adds the fingerprints of the chunks of `bytes`.
pub(super) fn prints(bytes: &[u8], out: &mut Vec<Fingerprint>) {
    let mut ranked: Vec<(u64, &[u8])> = Chunks::new(bytes)
        .filter(|chunk| is_telling(chunk))
        .map(|chunk| (rank(chunk), chunk))
        .collect();
    ranked.sort_unstable();
    ranked.dedup();
    if ranked.len() >= 2 {
        let digests = ranked.iter().take(MOST).map(|(_, chunk)| sha256(chunk));
        out.extend(
            digests.map(|digest| Fingerprint { algorithm: Algorithm::AttachmentChunk, digest }),
        );
    }
}

/// A file's chunks, in order.
struct Chunks<'b> {
    rest: &'b [u8],
    bits: u32,
}

impl<'b> Chunks<'b> {
    fn new(bytes: &'b [u8]) -> Chunks<'b> {
        let bits = match bytes.len() {
            0..0x1000 => 8,
            0x1000..0x4000 => 9,
            _ => 11,
        };
        Chunks { rest: bytes, bits }
    }
}

impl<'b> Iterator for Chunks<'b> {
    type Item = &'b [u8];

    fn next(&mut self) -> Option<&'b [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let (least, most) = (1usize << (self.bits - 2), 8usize << self.bits);
        let mut hash = 0u64;
        let cut = self.rest.iter().take(most).enumerate().find(|(at, byte)| {
            let gear = GEAR.get(usize::from(**byte)).copied().unwrap_or_default();
            hash = (hash << 1).wrapping_add(gear);
            at + 1 >= least && hash >> (64 - self.bits) == 0
        });
        let end = cut.map_or(most.min(self.rest.len()), |(at, _)| at + 1);
        let (chunk, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(chunk)
    }
}

fn is_telling(chunk: &[u8]) -> bool {
    let mut seen = [0u64; 4];
    for byte in chunk {
        if let Some(word) = seen.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 63);
        }
    }
    chunk.len() >= 64 && seen.iter().map(|word| word.count_ones()).sum::<u32>() >= 16
}

fn rank(chunk: &[u8]) -> u64 {
    chunk.chunks(8).fold(0xcbf2_9ce4_8422_2325, |hash: u64, word| {
        let mut whole = [0; 8];
        whole.iter_mut().zip(word).for_each(|(to, from)| *to = *from);
        let mixed = (hash ^ u64::from_le_bytes(whole)).wrapping_mul(0x100_0000_01b3);
        mixed ^ mixed >> 29
    })
}

static GEAR: [u64; 256] = gear();

const fn gear() -> [u64; 256] {
    let mut table = [0; 256];
    let mut state = 2u64;
    let mut at = 0;
    while at < 256 {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        table[at] = mixed ^ (mixed >> 31);
        at += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn noise(length: usize, mut state: u64) -> Vec<u8> {
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    fn of(bytes: &[u8]) -> Vec<Fingerprint> {
        let mut out = Vec::new();
        prints(bytes, &mut out);
        out
    }

    #[test]
    fn padding_and_insertion_leave_chunks_as_they_are() {
        for length in [3_000, 10_000, 100_000] {
            let file = noise(length, 7);
            let before = of(&file);
            assert_eq!(before.len(), MOST);
            let padded = [&file[..], &noise(512, 8)].concat();
            let inserted = [&file[..length / 2], &noise(40, 9), &file[length / 2..]].concat();
            for changed in [padded, inserted] {
                let after = of(&changed);
                let same = before.iter().filter(|print| after.contains(print)).count();
                assert!(same >= 2, "{same} of {length}");
            }
        }
    }

    #[test]
    fn little_and_monotonous_files_say_nothing() {
        assert_eq!(of(&[0; 100_000]), []);
        assert_eq!(of(&noise(60, 1)), []);
        assert_eq!(of(b""), []);
    }

    proptest! {
        #[test]
        fn chunks_are_the_file(bytes in proptest::collection::vec(any::<u8>(), 0..6000)) {
            let all: Vec<u8> = Chunks::new(&bytes).flatten().copied().collect();
            prop_assert_eq!(all, bytes);
        }
    }
}
