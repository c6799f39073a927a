//! Ascending numbers in little more space than their differences need (Elias 1974, Fano 1971).
//!
//! Each number is cut: its low bits are kept as they are, side by side; its high bits say in
//! which bucket it is, and how many are in each bucket is written in unary: a one for each
//! number, a zero behind each bucket. Where every 32nd bucket begins is kept besides. A million
//! random addresses take 14 bits each.
//!
//! In go numbers, strictly ascending, and [`Plan`] with the bytes; out come places in the
//! sequence. Invariant: whatever the bytes, no search leaves them or goes on without end.

use super::blob::{Builder, Pack, Section, Unpack};

/// Buckets from one remembered place to the next.
const STRIDE: u64 = 32;
/// Numbers of a bucket that are looked at one by one; more are halved.
const FEW: u64 = 8;

/// Where a sequence lies within a blob, and how it is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// How many numbers.
    pub count: u64,
    low_bits: u8,
    /// Where every [`STRIDE`]th bucket begins in `upper`, in bits; four bytes each.
    places: Section,
    upper: Section,
    lows: Section,
}

impl Plan {
    /// Writes strictly ascending numbers below 2^`bits`. At most 2^31 of them.
    pub fn build(numbers: &[u64], bits: u32, blob: &mut Builder) -> Plan {
        if numbers.is_empty() {
            return Plan::default();
        }
        let count = numbers.len() as u64;
        let low_bits = bits.saturating_sub(64 - (count - 1).leading_zeros()).min(63) as u8;
        let last = numbers.last().copied().unwrap_or_default() >> low_bits;
        let (mut upper, mut lows) = (Bits::default(), Bits::default());
        let mut places = Vec::new();
        let mut bucket = 0u64;
        let mut number = numbers.iter().copied().peekable();
        while bucket <= last {
            if bucket.is_multiple_of(STRIDE) {
                places.extend((upper.length as u32).to_le_bytes());
            }
            while let Some(next) = number.next_if(|next| next >> low_bits == bucket) {
                upper.push(1, 1);
                lows.push(next & mask(low_bits), low_bits);
            }
            upper.push(0, 1);
            bucket += 1;
        }
        Plan {
            count,
            low_bits,
            places: blob.add(&places),
            upper: blob.add(&upper.finish()),
            lows: blob.add(&lows.finish()),
        }
    }

    /// Where `number` stands, if it is in the sequence.
    pub fn find(&self, bytes: &[u8], number: u64) -> Option<u64> {
        let (first, end) = self.bucket(bytes, number >> self.low_bits)?;
        let low = number & mask(self.low_bits);
        let place = self.first_above(bytes, first, end, low);
        (place > first && self.low(bytes, place - 1) == low).then(|| place - 1)
    }

    /// The place of the last one that is not above `number`.
    pub fn last_up_to(&self, bytes: &[u8], number: u64) -> Option<u64> {
        if self.count == 0 {
            return None;
        }
        let place = match self.bucket(bytes, number >> self.low_bits) {
            Some((first, end)) => self.first_above(bytes, first, end, number & mask(self.low_bits)),
            // Behind the last bucket.
            None => self.count,
        };
        place.checked_sub(1)
    }

    /// Places of the first number of a bucket and of the first behind it; nothing if there is
    /// no such bucket.
    fn bucket(&self, bytes: &[u8], bucket: u64) -> Option<(u64, u64)> {
        let at = usize::try_from(bucket / STRIDE).ok()?;
        let place = self.places.of(bytes).get(at.checked_mul(4)?..)?.first_chunk::<4>()?;
        let upper = self.upper.of(bytes);
        let begin = u64::from(u32::from_le_bytes(*place));
        let start = behind_zeros(upper, begin, bucket % STRIDE)?;
        let end = behind_zeros(upper, start, 1)?.checked_sub(1)?;
        let first = start.checked_sub(bucket)?;
        Some((first, first + (end - start)))
    }

    /// Among those from `first` to `end`, the place of the first whose low bits are above `low`.
    fn first_above(&self, bytes: &[u8], first: u64, end: u64, low: u64) -> u64 {
        let (mut first, mut end) = (first, end.min(self.count));
        while end.saturating_sub(first) > FEW {
            let middle = first + (end - first) / 2;
            match self.low(bytes, middle) > low {
                true => end = middle,
                false => first = middle + 1,
            }
        }
        while first < end && self.low(bytes, first) <= low {
            first += 1;
        }
        first
    }

    fn low(&self, bytes: &[u8], place: u64) -> u64 {
        let bit = place.wrapping_mul(u64::from(self.low_bits));
        let at = usize::try_from(bit / 8).unwrap_or(usize::MAX);
        let chunk = self.lows.of(bytes).get(at..).and_then(|rest| rest.first_chunk::<16>());
        let word = chunk.map_or(0, |chunk| u128::from_le_bytes(*chunk));
        (word >> (bit % 8)) as u64 & mask(self.low_bits)
    }

    /// For the head of a compiled file.
    pub fn pack(&self, pack: &mut Pack) {
        pack.number(self.count);
        pack.number(u64::from(self.low_bits));
        for section in [self.places, self.upper, self.lows] {
            pack.section(section);
        }
    }

    /// What [`Plan::pack`] wrote.
    pub fn unpack(from: &mut Unpack<'_>) -> Option<Plan> {
        let count = from.number()?;
        let low_bits = u8::try_from(from.number()?).ok().filter(|&bits| bits < 64)?;
        Some(Plan {
            count,
            low_bits,
            places: from.section()?,
            upper: from.section()?,
            lows: from.section()?,
        })
    }
}

fn mask(bits: u8) -> u64 {
    (1u64 << bits) - 1
}

/// The bit behind the `zeros`th zero from `start` on.
fn behind_zeros(words: &[u8], start: u64, zeros: u64) -> Option<u64> {
    if zeros == 0 {
        return Some(start);
    }
    let mut left = zeros;
    let mut at = usize::try_from(start / 64).ok()?;
    // What is before the start counts as ones.
    let mut before = (1u64 << (start % 64)) - 1;
    loop {
        let chunk = words.get(at.checked_mul(8)?..)?.first_chunk::<8>()?;
        let word = !(u64::from_le_bytes(*chunk) | before);
        let here = u64::from(word.count_ones());
        if here >= left {
            return Some(at as u64 * 64 + u64::from(nth_one(word, left)) + 1);
        }
        left -= here;
        before = 0;
        at += 1;
    }
}

/// Which bit is the `n`th one of `word`, from 1; it has as many.
fn nth_one(mut word: u64, n: u64) -> u32 {
    let (mut left, mut at) = (n as u32, 0);
    for half in [32, 16, 8, 4, 2, 1] {
        let ones = (word & mask(half)).count_ones();
        if ones < left {
            left -= ones;
            word >>= half;
            at += u32::from(half);
        }
    }
    at
}

/// Bits side by side.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    /// In bits.
    length: u64,
    open: u128,
    open_bits: u8,
}

impl Bits {
    fn push(&mut self, value: u64, bits: u8) {
        self.open |= u128::from(value) << self.open_bits;
        self.open_bits += bits;
        self.length += u64::from(bits);
        if self.open_bits >= 64 {
            self.bytes.extend((self.open as u64).to_le_bytes());
            self.open >>= 64;
            self.open_bits -= 64;
        }
    }

    /// Whole words, and as many behind them as are read at once.
    fn finish(mut self) -> Vec<u8> {
        self.bytes.extend((self.open as u64).to_le_bytes());
        self.bytes.extend([0; 16]);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(numbers: &[u64], bits: u32, questions: &[u64]) {
        let mut blob = Builder::default();
        let plan = Plan::build(numbers, bits, &mut blob);
        let bytes = blob.bytes();
        for &question in questions.iter().chain(numbers) {
            let found = numbers.iter().position(|&number| number == question);
            assert_eq!(plan.find(bytes, question), found.map(|at| at as u64), "{question}");
            let last = numbers.iter().rposition(|&number| number <= question);
            assert_eq!(plan.last_up_to(bytes, question), last.map(|at| at as u64), "{question}");
        }
    }

    #[test]
    fn crowds_and_deserts_are_searched() {
        check(&[], 32, &[0, 1, u64::from(u32::MAX)]);
        check(&[0], 32, &[0, 1, u64::from(u32::MAX)]);
        check(&[u64::from(u32::MAX)], 32, &[0, 1]);
        check(&[u64::MAX], 64, &[0, 1, u64::MAX - 1]);
        let crowd: Vec<u64> = (0..3000).map(|at| 0x0a00_0000 + at * 2).collect();
        check(&crowd, 32, &[0x0a00_0001, 0x0a00_0003, 0x0b00_0000, 0, 0xffff_ffff]);
        let wide: Vec<u64> = (0..70u64).map(|at| at << 57).take(64).collect();
        check(&wide, 64, &[1, u64::MAX, 1 << 57, (1 << 57) + 1]);
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_a_walk_finds(
            numbers in proptest::collection::btree_set(0u64..5000, 0..300),
            far in proptest::collection::btree_set(any::<u32>(), 0..300),
            questions in proptest::collection::vec(0u64..6000, 0..100),
        ) {
            let numbers: Vec<u64> = numbers.into_iter().collect();
            check(&numbers, 32, &questions);
            let far: Vec<u64> = far.into_iter().map(u64::from).collect();
            check(&far, 32, &questions);
            let farther: Vec<u64> = far.iter().map(|number| number << 31 | 5).collect();
            check(&farther, 64, &questions);
        }

        #[test]
        fn whatever_the_bytes_a_search_ends(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            numbers in proptest::collection::vec(any::<u64>(), 8),
        ) {
            let mut from = Unpack::new(&bytes);
            let _ = Plan::unpack(&mut from);
            let section = |at: usize| Section { start: numbers[at] % 300, length: numbers[at + 1] % 300 };
            let plan = Plan {
                count: numbers[0],
                low_bits: (numbers[1] % 64) as u8,
                places: section(2), upper: section(4), lows: section(6),
            };
            for number in numbers {
                plan.find(&bytes, number);
                plan.last_up_to(&bytes, number);
            }
        }
    }
}
