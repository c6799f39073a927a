//! Keccak-256 as Ethereum and Monero use it: the padding before FIPS 202 changed it.
//!
//! In: bytes. Out: 32 bytes. Only checksums of addresses hang on it, never a secret.

const ROUNDS: [u64; 24] = [
    0x0000000000000001,
    0x0000000000008082,
    0x800000000000808a,
    0x8000000080008000,
    0x000000000000808b,
    0x0000000080000001,
    0x8000000080008081,
    0x8000000000008009,
    0x000000000000008a,
    0x0000000000000088,
    0x0000000080008009,
    0x000000008000000a,
    0x000000008000808b,
    0x800000000000008b,
    0x8000000000008089,
    0x8000000000008003,
    0x8000000000008002,
    0x8000000000000080,
    0x000000000000800a,
    0x800000008000000a,
    0x8000000080008081,
    0x8000000000008080,
    0x0000000080000001,
    0x8000000080008008,
];
/// How far each lane is turned, in the order in which lanes are visited.
const TURNS: [u32; 24] =
    [1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44];
/// The order in which lanes are visited.
const LANES: [usize; 24] =
    [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1];
/// Bytes taken in before each permutation.
const RATE: usize = 136;

/// The digest of `message`.
pub(super) fn keccak256(message: &[u8]) -> [u8; 32] {
    let mut state = [0u64; 25];
    let mut blocks = message.chunks_exact(RATE);
    for block in &mut blocks {
        absorb(&mut state, block);
    }
    let mut last = [0u8; RATE];
    let rest = blocks.remainder();
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    if let Some(end) = last.get_mut(rest.len()) {
        *end = 1;
    }
    if let Some(end) = last.last_mut() {
        *end |= 0x80;
    }
    absorb(&mut state, &last);
    let mut out = [0; 32];
    let bytes = state.iter().flat_map(|lane| lane.to_le_bytes());
    out.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    out
}

fn absorb(state: &mut [u64; 25], block: &[u8]) {
    for (lane, bytes) in state.iter_mut().zip(block.as_chunks().0) {
        *lane ^= u64::from_le_bytes(*bytes);
    }
    for constant in ROUNDS {
        round(state, constant);
    }
}

#[allow(clippy::indexing_slicing, reason = "each index is a constant or taken modulo 5 or 25")]
fn round(state: &mut [u64; 25], constant: u64) {
    let column = |state: &[u64; 25], x: usize| (0..5).fold(0, |sum, y| sum ^ state[x + 5 * y]);
    let columns: [u64; 5] = std::array::from_fn(|x| column(state, x));
    for (at, lane) in state.iter_mut().enumerate() {
        let x = at % 5;
        *lane ^= columns[(x + 4) % 5] ^ columns[(x + 1) % 5].rotate_left(1);
    }
    let mut moved = state[1];
    for (&lane, turn) in LANES.iter().zip(TURNS) {
        moved = std::mem::replace(&mut state[lane], moved.rotate_left(turn));
    }
    for y in 0..5 {
        let row: [u64; 5] = std::array::from_fn(|x| state[5 * y + x]);
        for x in 0..5 {
            state[5 * y + x] = row[x] ^ (!row[(x + 1) % 5] & row[(x + 2) % 5]);
        }
    }
    state[0] ^= constant;
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    #[test]
    fn digests_are_those_of_the_original_padding() {
        let table = [
            ("", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
            ("abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        ];
        for (text, digest) in table {
            assert_eq!(HEXLOWER.encode(&keccak256(text.as_bytes())), digest);
        }
        assert_ne!(keccak256(&[0; 136]), keccak256(&[0; 135]));
    }
}
