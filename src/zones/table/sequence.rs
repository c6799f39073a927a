//! Ascending numbers, packed, in buckets.
//!
//! The high bits of a number say in which bucket it is; its low bits are kept side by side with
//! those of the others, in order. Where each bucket begins is kept besides. A bucket has
//! 32 to 64 numbers on average, and a search begins where the number should be: it touches two
//! places in memory. A million random addresses take 19 bits each. Where numbers crowd, a search
//! is one in halves.
//!
//! In go numbers, strictly ascending, and [`Plan`] with the bytes; out come places in the
//! sequence. Invariant: whatever the bytes, no search leaves them or goes on without end.

use super::blob::{Builder, Pack, Section, Unpack};

/// Numbers in a bucket at most, on average: fewer places are nearer at hand.
const TOGETHER: usize = 64;
/// Steps from where a number should be before the search is one in halves.
const NEAR: usize = 24;
/// Bytes that are read at once behind the beginning of a number.
const READ: usize = 16;

/// Where a sequence lies within a blob, and how it is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// How many numbers.
    pub count: u64,
    low_bits: u8,
    /// The place of each bucket's first number, in four bytes, and behind all that of the end.
    places: Section,
    lows: Section,
}

impl Plan {
    /// Writes strictly ascending numbers below 2^`bits`. At most 2^32 - 1 of them.
    pub fn build(numbers: &[u64], bits: u32, blob: &mut Builder) -> Plan {
        if numbers.is_empty() {
            return Plan::default();
        }
        let buckets = numbers.len().div_ceil(TOGETHER).next_power_of_two();
        // With one bucket for 64 bits nothing would be left to shift by.
        let low_bits = bits.saturating_sub(buckets.trailing_zeros()).min(63) as u8;
        let buckets = (u64::MAX >> (64 - bits) >> low_bits) + 1;
        let mut places = Vec::with_capacity((buckets as usize + 1) * 4);
        let mut place = 0u32;
        let mut rest = numbers.iter().peekable();
        for bucket in 0..buckets {
            places.extend(place.to_le_bytes());
            while rest.next_if(|&&number| number >> low_bits == bucket).is_some() {
                place += 1;
            }
        }
        places.extend(place.to_le_bytes());
        let mut lows = Bits::with_room(numbers.len() * usize::from(low_bits) / 8 + READ + 8);
        for number in numbers {
            lows.push(number & mask(low_bits), low_bits);
        }
        let count = u64::from(place);
        Plan { count, low_bits, places: blob.add(&places), lows: blob.add(&lows.finish()) }
    }

    /// Where `number` stands, if it is in the sequence.
    pub fn find(&self, bytes: &[u8], number: u64) -> Option<u64> {
        let (first, end) = self.bucket(bytes, number >> self.low_bits)?;
        let lows = self.lows.of(bytes);
        let low = number & mask(self.low_bits);
        let place = self.first_above(lows, first, end, low).checked_sub(1)?;
        (place >= first && self.low(lows, place) == low).then_some(place)
    }

    /// The place of the last one that is not above `number`.
    pub fn last_up_to(&self, bytes: &[u8], number: u64) -> Option<u64> {
        if self.count == 0 {
            return None;
        }
        let (first, end) = self.bucket(bytes, number >> self.low_bits)?;
        let low = number & mask(self.low_bits);
        self.first_above(self.lows.of(bytes), first, end, low).checked_sub(1)
    }

    /// Places of the first number of a bucket and of the first behind it; nothing if there is
    /// no such bucket.
    fn bucket(&self, bytes: &[u8], bucket: u64) -> Option<(u64, u64)> {
        let at = usize::try_from(bucket).ok()?.checked_mul(4)?;
        let both = self.places.of(bytes).get(at..)?.first_chunk::<8>()?;
        let both = u64::from_le_bytes(*both);
        Some((both & u64::from(u32::MAX), (both >> 32).min(self.count)))
    }

    /// Among those from `first` to `end`, the place of the first whose low bits are above `low`.
    fn first_above(&self, lows: &[u8], first: u64, end: u64, low: u64) -> u64 {
        let length = end.saturating_sub(first);
        if length == 0 {
            return first;
        }
        // Numbers of no particular order are where their size says, or next to it: one place in
        // memory instead of several.
        let share = (u128::from(low) * u128::from(length)) >> self.low_bits;
        let mut place = (first + share as u64).clamp(first, end - 1);
        for _ in 0..NEAR {
            let is_above = self.low(lows, place) > low;
            match is_above {
                true if place == first || self.low(lows, place - 1) <= low => return place,
                true => place -= 1,
                false if place + 1 == end => return end,
                false => place += 1,
            }
        }
        self.halve(lows, first, end, low)
    }

    /// The same, wherever the numbers are.
    fn halve(&self, lows: &[u8], first: u64, end: u64, low: u64) -> u64 {
        let (mut first, mut end) = (first, end);
        while first < end {
            let middle = first + (end - first) / 2;
            match self.low(lows, middle) > low {
                true => end = middle,
                false => first = middle + 1,
            }
        }
        first
    }

    fn low(&self, lows: &[u8], place: u64) -> u64 {
        let bit = place.wrapping_mul(u64::from(self.low_bits));
        let at = usize::try_from(bit / 8).unwrap_or(usize::MAX);
        let Some(chunk) = lows.get(at..).and_then(|rest| rest.first_chunk::<READ>()) else {
            return 0;
        };
        // Up to 57 bits are within the first eight bytes, wherever they begin.
        let word = match (self.low_bits, chunk.first_chunk::<8>()) {
            (..=57, Some(first)) => u64::from_le_bytes(*first) >> (bit % 8),
            _ => (u128::from_le_bytes(*chunk) >> (bit % 8)) as u64,
        };
        word & mask(self.low_bits)
    }

    /// For the head of a compiled file.
    pub fn pack(&self, pack: &mut Pack) {
        pack.number(self.count);
        pack.number(u64::from(self.low_bits));
        for section in [self.places, self.lows] {
            pack.section(section);
        }
    }

    /// What [`Plan::pack`] wrote.
    pub fn unpack(from: &mut Unpack<'_>) -> Option<Plan> {
        let count = from.number()?;
        let low_bits = u8::try_from(from.number()?).ok().filter(|&bits| bits < 64)?;
        Some(Plan { count, low_bits, places: from.section()?, lows: from.section()? })
    }
}

fn mask(bits: u8) -> u64 {
    (1u64 << bits) - 1
}

/// Bits side by side.
struct Bits {
    bytes: Vec<u8>,
    open: u128,
    open_bits: u8,
}

impl Bits {
    /// None yet, with room for so many bytes.
    fn with_room(bytes: usize) -> Bits {
        Bits { bytes: Vec::with_capacity(bytes), open: 0, open_bits: 0 }
    }

    fn push(&mut self, value: u64, bits: u8) {
        self.open |= u128::from(value) << self.open_bits;
        self.open_bits += bits;
        if self.open_bits >= 64 {
            self.bytes.extend((self.open as u64).to_le_bytes());
            self.open >>= 64;
            self.open_bits -= 64;
        }
    }

    /// Whole words, and as many behind them as are read at once.
    fn finish(mut self) -> Vec<u8> {
        self.bytes.extend((self.open as u64).to_le_bytes());
        self.bytes.extend([0; READ]);
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
                places: section(2), lows: section(4),
            };
            for number in numbers {
                plan.find(&bytes, number);
                plan.last_up_to(&bytes, number);
            }
        }
    }
}
