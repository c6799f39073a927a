//! About how often each byte stands in mail: what filters choose the rarest part by.

/// The share of each byte value; a guess from English text and its markup.
pub(super) fn of_bytes() -> [f32; 256] {
    const LETTERS: &[u8; 26] = b"etaoinsrhldcumfpgwybvkxjqz";
    let mut table = [0.0004; 256];
    for byte in b'!'..=b'~' {
        table[usize::from(byte)] = 0.003;
    }
    for byte in b'0'..=b'9' {
        table[usize::from(byte)] = 0.008;
    }
    let mut share = 0.09_f32;
    for &letter in LETTERS {
        table[usize::from(letter)] = share;
        table[usize::from(letter.to_ascii_uppercase())] = (share * 0.08).max(0.0015);
        share = (share * 0.87).max(0.002);
    }
    table[usize::from(b' ')] = 0.15;
    table[usize::from(b'\n')] = 0.02;
    table
}
