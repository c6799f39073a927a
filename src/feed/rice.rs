//! Numbers that ascend, as the gaps between them, each in Golomb's code with a power of two
//! (Rice's).
//!
//! A gap `g` is `g >> k` one-bits, a zero-bit, and the lower `k` bits of `g`, the least first.
//! Bits fill a byte from its least; what is left of the last byte is zero. No gap is 0, and none
//! has more than [`MOST_ONES`] one-bits: who writes takes a `k` for which that holds.

/// One-bits of a gap, at most: a hostile length costs no more than its own bytes.
pub const MOST_ONES: u64 = 64;

/// The largest `k` that a gap of 64 bits needs.
const MOST_K: u8 = 63;

/// Why a run of gaps is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RiceError {
    /// It ends before its end.
    #[error("a list ends before its end")]
    Cut,
    /// A gap is 0, or the numbers leave the range of 64 bits.
    #[error("a list does not ascend")]
    Order,
    /// `k`, or a gap's one-bits, are more than there may be.
    #[error("a gap is coded in a way that nobody writes")]
    Code,
    /// Bits behind the last gap are set.
    #[error("there is something behind a list")]
    Rest,
}

/// Writes gaps.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
    held: u128,
    count: u32,
}

impl Writer {
    fn put(&mut self, value: u64, bits: u32) {
        self.held |= u128::from(value) << self.count;
        self.count += bits;
        while self.count >= 8 {
            self.bytes.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    fn gap(&mut self, gap: u64, k: u8) {
        let mut ones = gap >> k;
        while ones >= 32 {
            self.put(u64::from(u32::MAX), 32);
            ones -= 32;
        }
        // The zero-bit is the one above them.
        self.put((1 << ones) - 1, ones as u32 + 1);
        if k > 0 {
            self.put(gap & ((1 << k) - 1), u32::from(k));
        }
    }

    fn end(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.bytes.push(self.held as u8);
        }
        self.bytes
    }
}

/// The gaps between numbers that ascend, the first one's from `before`.
pub fn gaps(numbers: &[u64], before: u64) -> impl Iterator<Item = u64> + Clone {
    let earlier = std::iter::once(before).chain(numbers.iter().copied());
    numbers.iter().zip(earlier).map(|(&number, earlier)| number.wrapping_sub(earlier))
}

/// The code of `gaps`, with the `k` that makes it shortest.
pub fn encode(gaps: impl Iterator<Item = u64> + Clone) -> (u8, Vec<u8>) {
    let k = best(gaps.clone());
    let mut writer = Writer::default();
    for gap in gaps {
        writer.gap(gap, k);
    }
    (k, writer.end())
}

fn best(gaps: impl Iterator<Item = u64> + Clone) -> u8 {
    let (mut count, mut sum, mut largest) = (0u128, 0u128, 0u64);
    for gap in gaps.clone() {
        count += 1;
        sum += u128::from(gap);
        largest = largest.max(gap);
    }
    let allowed = (0..=MOST_K).find(|k| largest >> k <= MOST_ONES).unwrap_or(MOST_K);
    let mean = sum.checked_div(count).unwrap_or(0);
    let middle = u8::try_from(mean.checked_ilog2().unwrap_or(0)).unwrap_or(MOST_K);
    let tried = middle.saturating_sub(1)..=middle.saturating_add(1).min(MOST_K);
    let length =
        |k: u8| gaps.clone().map(|gap| u128::from(gap >> k) + 1 + u128::from(k)).sum::<u128>();
    tried.map(|k| k.max(allowed)).min_by_key(|&k| length(k)).unwrap_or(allowed)
}

/// Reads gaps.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    held: u128,
    count: u32,
    k: u8,
}

impl<'a> Reader<'a> {
    /// Of gaps that were written with `k`.
    pub fn new(bytes: &'a [u8], k: u8) -> Result<Reader<'a>, RiceError> {
        if k > MOST_K {
            return Err(RiceError::Code);
        }
        Ok(Reader { bytes, held: 0, count: 0, k })
    }

    /// Holds at least `bits` (64 at most), if there are so many.
    fn fill(&mut self, bits: u32) -> Result<(), RiceError> {
        while self.count < bits {
            let Some((&byte, rest)) = self.bytes.split_first() else { return Err(RiceError::Cut) };
            self.held |= u128::from(byte) << self.count;
            self.count += 8;
            self.bytes = rest;
        }
        Ok(())
    }

    fn take(&mut self, bits: u32) -> u64 {
        let value = self.held & ((1 << bits) - 1);
        self.held >>= bits;
        self.count -= bits;
        value as u64
    }

    /// The next gap.
    pub fn gap(&mut self) -> Result<u64, RiceError> {
        let mut ones = 0u64;
        loop {
            if self.count == 0 {
                self.fill(1)?;
            }
            let run = self.held.trailing_ones().min(self.count);
            self.take(run);
            ones += u64::from(run);
            if ones > MOST_ONES {
                return Err(RiceError::Code);
            }
            if self.count > 0 {
                self.take(1);
                break;
            }
        }
        let k = u32::from(self.k);
        self.fill(k)?;
        let low = self.take(k);
        let high = ones.checked_mul(1 << k).ok_or(RiceError::Order)?;
        match high.checked_add(low).ok_or(RiceError::Order)? {
            0 => Err(RiceError::Order),
            gap => Ok(gap),
        }
    }

    /// The bytes behind the last gap; what is left of its byte must be zero.
    pub fn rest(self) -> Result<&'a [u8], RiceError> {
        if self.held != 0 { Err(RiceError::Rest) } else { Ok(self.bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(bytes: &[u8], k: u8, count: usize) -> Result<Vec<u64>, RiceError> {
        let mut reader = Reader::new(bytes, k)?;
        let gaps = (0..count).map(|_| reader.gap()).collect::<Result<_, _>>()?;
        reader.rest().and_then(|rest| if rest.is_empty() { Ok(gaps) } else { Err(RiceError::Rest) })
    }

    #[test]
    fn gaps_are_written_as_specified() {
        // 5 with k=1: two ones, a zero, then 1; 1 with k=1: a zero, then 1.
        let mut writer = Writer::default();
        writer.gap(5, 1);
        writer.gap(1, 1);
        assert_eq!(writer.end(), [0b0010_1011]);
        assert_eq!(decoded(&[0b0010_1011], 1, 2), Ok(vec![5, 1]));
    }

    #[test]
    fn one_far_away_among_many_close_together_is_written_within_the_rule() {
        let all: Vec<u64> = (1..50).chain([10_000_000, u64::MAX]).collect();
        let (k, bytes) = encode(gaps(&all, 0));
        let read = decoded(&bytes, k, all.len()).unwrap();
        assert_eq!(read, gaps(&all, 0).collect::<Vec<_>>());
    }

    #[test]
    fn what_nobody_writes_is_refused() {
        assert_eq!(decoded(&[], 0, 1), Err(RiceError::Cut));
        assert_eq!(decoded(&[0xff; 7], 0, 1), Err(RiceError::Cut));
        assert_eq!(decoded(&[0xff; 9], 0, 1), Err(RiceError::Code));
        assert_eq!(decoded(&[0], 0, 1), Err(RiceError::Order));
        assert_eq!(decoded(&[0b0000_0101], 0, 1), Err(RiceError::Rest));
        assert_eq!(decoded(&[1], 64, 1), Err(RiceError::Code));
        // Two ones and k=63 are more than 64 bits hold.
        let mut writer = Writer::default();
        writer.put(0b011, 3);
        writer.put(0, 63);
        assert_eq!(decoded(&writer.end(), 63, 1), Err(RiceError::Order));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(mut all in prop::collection::btree_set(1u64.., 0..200)) {
            let all: Vec<u64> = std::mem::take(&mut all).into_iter().collect();
            let (k, bytes) = encode(gaps(&all, 0));
            prop_assert_eq!(decoded(&bytes, k, all.len()).unwrap(), gaps(&all, 0).collect::<Vec<_>>());
        }

        #[test]
        fn no_bytes_do_harm(bytes: Vec<u8>, k: u8, count in 0usize..2000) {
            let _ = decoded(&bytes, k, count);
        }
    }
}
