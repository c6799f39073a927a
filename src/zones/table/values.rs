//! What entries say, each different thing kept once.
//!
//! A value is bytes that [`record`](super::record) gives a meaning; several of one entry stand
//! one behind the other and are a value themselves. Tables hold their numbers, from 1;
//! [`NOTHING`] is an exclusion.

use super::blob::{Builder, Pack, Section, Unpack};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// The number of a value that is none: what is excluded is not listed.
pub const NOTHING: u32 = 0;

/// Values on their way into a table.
#[derive(Debug)]
pub struct Values {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<u32>,
    /// By hash. Where two meet, the second is kept twice, which costs only its bytes.
    known: HashMap<u64, u32>,
    hasher: RandomState,
    last: u32,
    most: usize,
}

impl Values {
    /// None yet; `most` bytes at most.
    pub fn new(most: usize) -> Values {
        Values {
            bytes: Vec::new(),
            ends: Vec::new(),
            known: HashMap::new(),
            hasher: RandomState::new(),
            last: NOTHING,
            most: most.min(u32::MAX as usize),
        }
    }

    /// The number of `value`; `None` if there is no room for it.
    pub fn number(&mut self, value: &[u8]) -> Option<u32> {
        if self.last != NOTHING && self.get(self.last) == value {
            return Some(self.last);
        }
        let hash = self.hasher.hash_one(value);
        if let Some(&known) = self.known.get(&hash)
            && self.get(known) == value
        {
            self.last = known;
            return Some(known);
        }
        if self.bytes.len() + value.len() > self.most {
            return None;
        }
        self.bytes.extend_from_slice(value);
        self.ends.push(self.bytes.len() as u32);
        self.last = self.ends.len() as u32;
        self.known.insert(hash, self.last);
        Some(self.last)
    }

    /// The number of the value that several make together, each counted once; [`NOTHING`] if one
    /// of them is, `None` if there is no room.
    pub fn together(&mut self, numbers: &mut Vec<u32>) -> Option<u32> {
        numbers.sort_unstable();
        numbers.dedup();
        match numbers.first() {
            Some(&NOTHING) => Some(NOTHING),
            _ => self.in_order(numbers),
        }
    }

    /// The number of the value that several make one behind the other; `None` if there is no room.
    pub fn in_order(&mut self, numbers: &[u32]) -> Option<u32> {
        match numbers {
            [] => Some(NOTHING),
            [one] => Some(*one),
            several => {
                let joined: Vec<u8> =
                    several.iter().flat_map(|&number| self.get(number)).copied().collect();
                self.number(&joined)
            }
        }
    }

    fn get(&self, number: u32) -> &[u8] {
        let end = |number: u32| match number {
            0 => Some(0),
            number => self.ends.get(number as usize - 1).map(|&end| end as usize),
        };
        let range = number.checked_sub(1).and_then(end).zip(end(number));
        range.and_then(|(start, end)| self.bytes.get(start..end)).unwrap_or_default()
    }

    /// Writes them.
    pub fn build(self, blob: &mut Builder) -> Plan {
        let ends: Vec<u8> = self.ends.iter().flat_map(|end| end.to_le_bytes()).collect();
        Plan { ends: blob.add(&ends), bytes: blob.add(&self.bytes) }
    }
}

/// Where values lie within a blob.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    ends: Section,
    bytes: Section,
}

impl Plan {
    /// The value of this number; empty if there is none.
    pub fn get(self, bytes: &[u8], number: u32) -> &[u8] {
        let ends = self.ends.of(bytes);
        let end = |number: u32| {
            let at = (number as usize).checked_mul(4)?;
            Some(u32::from_le_bytes(*ends.get(at..)?.first_chunk::<4>()?) as usize)
        };
        let Some(place) = number.checked_sub(1) else { return &[] };
        let start = place.checked_sub(1).map_or(Some(0), end);
        let range = start.zip(end(place));
        range.and_then(|(start, end)| self.bytes.of(bytes).get(start..end)).unwrap_or_default()
    }

    /// For the head of a compiled file.
    pub fn pack(self, pack: &mut Pack) {
        pack.section(self.ends);
        pack.section(self.bytes);
    }

    /// What [`Plan::pack`] wrote.
    pub fn unpack(from: &mut Unpack<'_>) -> Option<Plan> {
        Some(Plan { ends: from.section()?, bytes: from.section()? })
    }
}

/// The numbers of values, one for each entry, in as few bytes as they need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// All have this one.
    Same(u32),
    /// This one and [`NOTHING`] in turns.
    InTurns(u32),
    /// Each has its own, in so many bytes.
    Own(u8, Section),
}

impl Column {
    /// Writes `numbers`.
    pub fn build(numbers: &[u32], blob: &mut Builder) -> Column {
        let first = numbers.first().copied().unwrap_or_default();
        if numbers.iter().all(|&number| number == first) {
            return Column::Same(first);
        }
        let turn = |at: usize| if at.is_multiple_of(2) { first } else { NOTHING };
        if numbers.iter().enumerate().all(|(at, &number)| number == turn(at)) {
            return Column::InTurns(first);
        }
        let highest = numbers.iter().copied().max().unwrap_or_default();
        let width = 4 - highest.leading_zeros() as usize / 8;
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes().into_iter().take(width));
        let bytes: Vec<u8> = bytes.collect();
        Column::Own(width as u8, blob.add(&bytes))
    }

    /// The number of the entry at `place`.
    pub fn get(self, bytes: &[u8], place: u64) -> u32 {
        match self {
            Column::Same(number) => number,
            Column::InTurns(number) if place.is_multiple_of(2) => number,
            Column::InTurns(_) => NOTHING,
            Column::Own(width, section) => {
                let width = usize::from(width);
                let at = (place as usize).saturating_mul(width);
                let own = section.of(bytes).get(at..).and_then(|rest| rest.get(..width));
                own.map_or(NOTHING, few_bytes)
            }
        }
    }

    /// For the head of a compiled file.
    pub fn pack(self, pack: &mut Pack) {
        let (kind, number, section) = match self {
            Column::Same(number) => (0, u64::from(number), Section::default()),
            Column::InTurns(number) => (1, u64::from(number), Section::default()),
            Column::Own(width, section) => (2, u64::from(width), section),
        };
        pack.number(kind);
        pack.number(number);
        pack.section(section);
    }

    /// What [`Column::pack`] wrote.
    pub fn unpack(from: &mut Unpack<'_>) -> Option<Column> {
        let kind = from.number()?;
        let number: u32 = from.small()?;
        let section = from.section()?;
        match kind {
            0 => Some(Column::Same(number)),
            1 => Some(Column::InTurns(number)),
            2 => Some(Column::Own(u8::try_from(number).ok().filter(|&width| width <= 4)?, section)),
            _ => None,
        }
    }
}

/// A number in four bytes or less, the lowest first.
pub fn few_bytes(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u32::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_kept_once() {
        let mut values = Values::new(1000);
        let [one, two] = [b"one", b"two"].map(|value| values.number(value).unwrap());
        assert_eq!([values.number(b"one"), values.number(b"one")], [Some(one); 2]);
        assert_eq!(values.together(&mut vec![two, one, two]), values.number(b"onetwo"));
        assert_eq!(values.together(&mut vec![two, NOTHING]), Some(NOTHING));
        assert_eq!(values.together(&mut vec![two]), Some(two));
        let both = values.number(b"onetwo").unwrap();
        let mut blob = Builder::default();
        let plan = values.build(&mut blob);
        let get = |number| plan.get(blob.bytes(), number);
        assert_eq!([get(one), get(two), get(both)], [&b"one"[..], b"two", b"onetwo"]);
        assert_eq!([get(NOTHING), get(both + 1), get(u32::MAX)], [b""; 3]);
    }

    #[test]
    fn numbers_take_as_many_bytes_as_they_need() {
        for numbers in
            [vec![], vec![7, 7], vec![7, 0, 7], vec![0, 7], vec![1, 300], vec![1, 1 << 30]]
        {
            let mut blob = Builder::default();
            let column = Column::build(&numbers, &mut blob);
            for (place, number) in numbers.iter().enumerate() {
                assert_eq!(column.get(blob.bytes(), place as u64), *number);
            }
            assert!(blob.bytes().len() <= 8);
        }
    }
}
