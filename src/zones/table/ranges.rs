//! Addresses and networks to values, the most specific first.
//!
//! What may overlap when it is written down is laid flat when the table is built: single numbers
//! on their own, and behind that stretches of which each begins where the last one ends. A
//! search is two steps through a [`sequence`]. IPv4 addresses are numbers of 32 bits; IPv6
//! addresses are cut in the middle: the upper half is a number, and only the few /64 networks
//! that are not all of one value have a list of their own of what is within.

use super::blob::{Builder, Pack, Section, Unpack};
use super::sequence;
use super::values::{Column, NOTHING, Values, few_bytes};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A number that addresses are counted by.
pub trait Count: Copy + Ord {
    /// The one behind; nothing behind the last.
    fn next(self) -> Option<Self>;
    /// The one before; nothing before the first.
    fn previous(self) -> Option<Self>;
}

impl Count for u64 {
    fn next(self) -> Option<u64> {
        self.checked_add(1)
    }
    fn previous(self) -> Option<u64> {
        self.checked_sub(1)
    }
}

impl Count for u128 {
    fn next(self) -> Option<u128> {
        self.checked_add(1)
    }
    fn previous(self) -> Option<u128> {
        self.checked_sub(1)
    }
}

/// Neighbours of one value: from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch<C> {
    /// The first.
    pub first: C,
    /// The last.
    pub last: C,
    /// What they say.
    pub value: u32,
}

/// Networks laid flat: each place has the value of the smallest that it is in; of equal ones the
/// first counts. In any order; out in theirs.
pub fn nested<C: Count>(mut networks: Vec<Stretch<C>>) -> Vec<Stretch<C>> {
    // Stable, so that of equal ones the first stays first.
    networks.sort_by_key(|network| (network.first, Reverse(network.last)));
    networks.dedup_by_key(|network| (network.first, network.last));
    let mut flat = Vec::with_capacity(networks.len());
    // Those around the current place, the innermost last.
    let mut around: Vec<Stretch<C>> = Vec::new();
    // What is before it has been written.
    let mut place = None;
    for network in networks {
        leave(&mut around, &mut place, Some(network.first), &mut flat);
        if let (Some(outer), Some(first), Some(last)) =
            (around.last(), place, network.first.previous())
            && first <= last
        {
            flat.push(Stretch { first, last, value: outer.value });
        }
        place = Some(network.first);
        around.push(network);
    }
    leave(&mut around, &mut place, None, &mut flat);
    flat
}

/// Writes what is left of those networks that end before `next`.
fn leave<C: Count>(
    around: &mut Vec<Stretch<C>>,
    place: &mut Option<C>,
    next: Option<C>,
    flat: &mut Vec<Stretch<C>>,
) {
    while let Some(inner) = around.pop_if(|inner| next.is_none_or(|next| inner.last < next)) {
        if let Some(first) = place.filter(|&first| first <= inner.last) {
            flat.push(Stretch { first, last: inner.last, value: inner.value });
            *place = inner.last.next();
        }
    }
}

/// Stretches of equal rank laid flat: where several meet, each place has the values of all, `most`
/// of them, and [`NOTHING`] if one of them excludes it. `None` if there is no room for values.
pub fn united(
    mut stretches: Vec<Stretch<u64>>,
    most: usize,
    values: &mut Values,
) -> Option<Vec<Stretch<u64>>> {
    stretches.sort_unstable();
    stretches.dedup();
    let mut flat = Vec::with_capacity(stretches.len());
    let mut rest = stretches.as_slice();
    while let Some(first) = rest.first() {
        // Those that hang together.
        let mut last = first.last;
        let mut many = 1;
        while let Some(next) = rest.get(many).filter(|next| next.first <= last) {
            last = last.max(next.last);
            many += 1;
        }
        let (chain, behind) = rest.split_at_checked(many)?;
        match chain {
            [alone] => flat.push(*alone),
            chain => sweep(chain, most, values, &mut flat)?,
        }
        rest = behind;
    }
    Some(flat)
}

/// Goes through overlapping stretches from edge to edge.
fn sweep(
    chain: &[Stretch<u64>],
    most: usize,
    values: &mut Values,
    flat: &mut Vec<Stretch<u64>>,
) -> Option<()> {
    // Where one begins (+1) or has just ended (-1). IPv4 has room behind its last address.
    let begins = chain.iter().map(|stretch| (stretch.first, 1, stretch.value));
    let ends = chain.iter().map(|stretch| (stretch.last + 1, -1, stretch.value));
    let mut edges: Vec<(u64, i32, u32)> = begins.chain(ends).collect();
    edges.sort_unstable();
    let mut open: BTreeMap<u32, i32> = BTreeMap::new();
    let mut edges = edges.into_iter().peekable();
    while let Some((first, change, value)) = edges.next() {
        let count = open.entry(value).or_default();
        *count += change;
        if *count == 0 {
            open.remove(&value);
        }
        let Some(next) = edges.peek().map(|edge| edge.0).filter(|&next| next > first) else {
            continue;
        };
        if !open.is_empty() {
            let mut numbers: Vec<u32> = open.keys().take(most).copied().collect();
            let value = values.together(&mut numbers)?;
            flat.push(Stretch { first, last: next - 1, value });
        }
    }
    Some(())
}

/// Two lists of stretches, each flat and in order, as one: what `upper` says counts.
pub fn overlaid(lower: Vec<Stretch<u64>>, upper: Vec<Stretch<u64>>) -> Vec<Stretch<u64>> {
    if lower.is_empty() {
        return upper;
    }
    let mut flat = Vec::with_capacity(lower.len() + upper.len());
    let mut rest = upper.as_slice();
    for low in lower {
        let mut first = low.first;
        while let Some((up, behind)) = rest.split_first().filter(|(up, _)| up.first <= low.last) {
            if up.last >= first {
                if up.first > first {
                    flat.push(Stretch { first, last: up.first - 1, value: low.value });
                }
                first = up.last + 1;
            }
            if up.last > low.last {
                // It covers some of the next one as well.
                break;
            }
            rest = behind;
        }
        if first <= low.last {
            flat.push(Stretch { first, ..low });
        }
    }
    flat.extend(upper);
    // Two lists in order, one behind the other: merged in one pass.
    flat.sort();
    flat
}

/// What a table is made of: single numbers, which count before stretches, and those, flat. Both in
/// order, each number once.
#[derive(Debug, Default)]
pub struct Flat {
    /// Single numbers.
    pub singles: Vec<u64>,
    /// What they say.
    pub single_values: Vec<u32>,
    /// Stretches that do not overlap.
    pub stretches: Vec<Stretch<u64>>,
}

/// Where numbers and stretches lie within a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    singles: sequence::Plan,
    single_values: Column,
    /// Where values change.
    edges: sequence::Plan,
    edge_values: Column,
}

impl Plan {
    /// Writes a table of numbers below 2^`bits`.
    pub fn build(flat: &Flat, bits: u32, blob: &mut Builder) -> Plan {
        let highest = u64::MAX >> (64 - bits);
        let (mut edges, mut values) = (Vec::new(), Vec::new());
        let mut edge = |at: u64, value: u32| {
            if values.last().copied().unwrap_or(NOTHING) != value {
                edges.push(at);
                values.push(value);
            }
        };
        let mut stretches = flat.stretches.iter().peekable();
        while let Some(stretch) = stretches.next() {
            edge(stretch.first, stretch.value);
            let goes_on = stretches.peek().is_some_and(|next| next.first - 1 == stretch.last);
            if !goes_on && stretch.last < highest {
                edge(stretch.last + 1, NOTHING);
            }
        }
        Plan {
            singles: sequence::Plan::build(&flat.singles, bits, blob),
            single_values: Column::build(&flat.single_values, blob),
            edges: sequence::Plan::build(&edges, bits, blob),
            edge_values: Column::build(&values, blob),
        }
    }

    /// What `number` is listed as; [`NOTHING`] if it is not.
    pub fn get(&self, bytes: &[u8], number: u64) -> u32 {
        if let Some(place) = self.singles.find(bytes, number) {
            return self.single_values.get(bytes, place);
        }
        let place = self.edges.last_up_to(bytes, number);
        place.map_or(NOTHING, |place| self.edge_values.get(bytes, place))
    }

    /// For the head of a compiled file.
    pub fn pack(&self, pack: &mut Pack) {
        self.singles.pack(pack);
        self.single_values.pack(pack);
        self.edges.pack(pack);
        self.edge_values.pack(pack);
    }

    /// What [`Plan::pack`] wrote.
    pub fn unpack(from: &mut Unpack<'_>) -> Option<Plan> {
        Some(Plan {
            singles: sequence::Plan::unpack(from)?,
            single_values: Column::unpack(from)?,
            edges: sequence::Plan::unpack(from)?,
            edge_values: Column::unpack(from)?,
        })
    }
}

/// Where IPv6 networks lie within a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan6 {
    /// By the upper half of an address.
    halves: Plan,
    /// Where values change within the /64 networks that are [`MIXED`]: sixteen bytes of address
    /// and four of value each, in order, the address's highest byte first.
    edges: Section,
}

/// What stands for a /64 network in which not all addresses have the same value.
const MIXED: u32 = u32::MAX;
/// Bytes of an edge.
const EDGE: usize = 20;

impl Plan6 {
    /// Writes flat stretches of addresses.
    pub fn build(stretches: &[Stretch<u128>], blob: &mut Builder) -> Plan6 {
        let (mut halves, mut edges): (Vec<Stretch<u64>>, Vec<u8>) = Default::default();
        let half = |address: u128| (address >> 64) as u64;
        let mut edge = |address: u128, value: u32| {
            edges.extend(address.to_be_bytes());
            edges.extend(value.to_le_bytes());
        };
        let mut mixed = None;
        for stretch in stretches {
            let (mut first, last) = (half(stretch.first), half(stretch.last));
            // The part of a /64 that it begins in or lies in, then whole ones, then the rest.
            let begins_within = stretch.first as u64 != 0;
            let ends_within = stretch.last as u64 != u64::MAX;
            let parts = [begins_within.then_some(first), ends_within.then_some(last)];
            for part in parts.into_iter().flatten() {
                if mixed != Some(part) {
                    mixed = Some(part);
                    halves.push(Stretch { first: part, last: part, value: MIXED });
                    edge(u128::from(part) << 64, NOTHING);
                }
                let end = stretch.last.min(u128::from(part) << 64 | u128::from(u64::MAX));
                edge(stretch.first.max(u128::from(part) << 64), stretch.value);
                if let Some(behind) = end.next().filter(|&behind| half(behind) == part) {
                    edge(behind, NOTHING);
                }
                if first == last {
                    break;
                }
            }
            let whole_last = if ends_within { last.previous() } else { Some(last) };
            if begins_within {
                let Some(next) = first.next() else { continue };
                first = next;
            }
            if let Some(last) = whole_last.filter(|&last| first <= last) {
                halves.push(Stretch { first, last, value: stretch.value });
            }
        }
        halves.sort_unstable();
        Plan6 { halves: Plan::build(&apart(&halves), 64, blob), edges: blob.add(&edges) }
    }

    /// What `address` is listed as; [`NOTHING`] if it is not.
    pub fn get(&self, bytes: &[u8], address: u128) -> u32 {
        match self.halves.get(bytes, (address >> 64) as u64) {
            MIXED => self.within(bytes, address),
            value => value,
        }
    }

    /// What the last edge that is not above `address` says.
    fn within(&self, bytes: &[u8], address: u128) -> u32 {
        let edges = self.edges.of(bytes);
        let (mut first, mut end) = (0, edges.len() / EDGE);
        while first < end {
            let middle = first + (end - first) / 2;
            let edge = edges.get(middle * EDGE..).and_then(|rest| rest.first_chunk::<16>());
            match edge.is_some_and(|edge| u128::from_be_bytes(*edge) <= address) {
                true => first = middle + 1,
                false => end = middle,
            }
        }
        let value = edges.get(..first * EDGE).and_then(|upto| upto.last_chunk::<4>());
        value.map_or(NOTHING, |value| few_bytes(value))
    }

    /// For the head of a compiled file.
    pub fn pack(&self, pack: &mut Pack) {
        self.halves.pack(pack);
        pack.section(self.edges);
    }

    /// What [`Plan6::pack`] wrote.
    pub fn unpack(from: &mut Unpack<'_>) -> Option<Plan6> {
        Some(Plan6 { halves: Plan::unpack(from)?, edges: from.section()? })
    }
}

/// Flat stretches in order, those of one number taken out: what was around them grows together.
fn apart(stretches: &[Stretch<u64>]) -> Flat {
    let mut flat = Flat::default();
    // The number behind all that the last stretch may be continued over.
    let mut behind = None;
    for stretch in stretches {
        if stretch.first == stretch.last {
            flat.singles.push(stretch.first);
            flat.single_values.push(stretch.value);
            if behind == Some(stretch.first) {
                behind = stretch.last.next();
            }
            continue;
        }
        match flat.stretches.last_mut() {
            Some(before) if behind == Some(stretch.first) && before.value == stretch.value => {
                before.last = stretch.last;
            }
            _ => flat.stretches.push(*stretch),
        }
        behind = stretch.last.next();
    }
    flat
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn network(bits: u32, number: u64, length: u32) -> Stretch<u64> {
        let host = (1u64 << (bits - length)) - 1;
        let first = number & ((1 << bits) - 1) & !host;
        Stretch { first, last: first | host, value: 0 }
    }

    /// The value of the smallest network around `number`, by looking at all.
    fn smallest<C: Count>(
        networks: &[Stretch<C>],
        number: C,
        size: impl Fn(&Stretch<C>) -> C,
    ) -> u32 {
        let around = networks.iter().filter(|one| one.first <= number && number <= one.last);
        // min_by_key gives the first of equal ones.
        around.min_by_key(|one| size(one)).map_or(NOTHING, |one| one.value)
    }

    proptest! {
        #[test]
        fn the_most_specific_network_counts(
            networks in proptest::collection::vec((any::<u16>(), 2u32..=12, 0u32..4), 0..60),
            singles in proptest::collection::btree_map(0u64..4096, 0u32..4, 0..40),
        ) {
            let networks: Vec<Stretch<u64>> = networks.into_iter().map(|(number, length, value)| {
                Stretch { value, ..network(12, u64::from(number), length.min(11)) }
            }).collect();
            let flat = Flat {
                singles: singles.keys().copied().collect(),
                single_values: singles.values().copied().collect(),
                stretches: nested(networks.clone()),
            };
            let mut blob = Builder::default();
            let plan = Plan::build(&flat, 12, &mut blob);
            for number in 0..4096 {
                let expected = singles.get(&number).copied()
                    .unwrap_or_else(|| smallest(&networks, number, |one| one.last - one.first));
                prop_assert_eq!(plan.get(blob.bytes(), number), expected, "{}", number);
            }
        }

        #[test]
        fn equals_are_united_and_ranks_overlaid(
            ranks in proptest::collection::vec(
                proptest::collection::vec((0u64..200, 0u64..50, 0u32..4), 0..12), 1..4),
        ) {
            let mut values = Values::new(10_000);
            let numbers = [b"a", b"b", b"c"].map(|value| values.number(value).unwrap());
            let number = |value: u32| value.checked_sub(1).map_or(NOTHING, |at| numbers[at as usize]);
            let ranks: Vec<Vec<Stretch<u64>>> = ranks.into_iter().map(|rank| rank.into_iter()
                .map(|(first, more, value)| Stretch { first, last: first + more, value: number(value) })
                .collect()).collect();
            let mut flat = Vec::new();
            for rank in &ranks {
                flat = overlaid(flat, united(rank.clone(), 99, &mut values).unwrap());
            }
            prop_assert!(flat.windows(2).all(|two| two[0].last < two[1].first));
            for place in 0..260 {
                let inside = |one: &&Stretch<u64>| one.first <= place && place <= one.last;
                let rank = ranks.iter().rev().find(|rank| rank.iter().any(|one| inside(&one)));
                let mut expected = rank.map_or(Vec::new(), |rank| {
                    rank.iter().filter(inside).map(|one| one.value).collect()
                });
                let expected = values.together(&mut expected).unwrap();
                let found = flat.iter().find(inside).map_or(NOTHING, |one| one.value);
                prop_assert_eq!(found, expected, "{}", place);
            }
        }

        #[test]
        fn networks_of_long_addresses_are_found_too(
            networks in proptest::collection::vec((0u128..1 << 10, 0usize..6, 1u32..4), 0..30),
            questions in proptest::collection::vec((0u128..1 << 10, any::<u64>()), 50),
        ) {
            // Some bits around the middle of the address, some at both ends.
            let spread = |number: u128| {
                (number & 7) << 125 | (number >> 3 & 15) << 62 | (number >> 7 & 7) << 1 | number >> 9 & 1
            };
            let networks: Vec<Stretch<u128>> = networks.into_iter().map(|(number, length, value)| {
                let host = u128::MAX.checked_shr([3u32, 30, 64, 66, 127, 128][length]).unwrap_or(0);
                let first = spread(number) & !host;
                Stretch { first, last: first | host, value }
            }).collect();
            let mut blob = Builder::default();
            let plan = Plan6::build(&nested(networks.clone()), &mut blob);
            let edges = networks.iter().flat_map(|one| {
                [Some(one.first), Some(one.last), one.first.checked_sub(1), one.last.checked_add(1)]
            }).flatten();
            let others = questions.into_iter().map(|(number, low)| spread(number) ^ u128::from(low & 3));
            for address in edges.chain(others) {
                let expected = smallest(&networks, address, |one| one.last - one.first);
                prop_assert_eq!(plan.get(blob.bytes(), address), expected, "{:x}", address);
            }
        }
    }

    #[test]
    fn the_first_and_the_last_address_are_listed_too() {
        let all = Stretch { first: 0, last: u128::MAX, value: 1 };
        let ends = [0, u128::MAX].map(|at| Stretch { first: at, last: at, value: 2 });
        let mut blob = Builder::default();
        let plan = Plan6::build(&nested(vec![all, ends[0], ends[1]]), &mut blob);
        let get = |address| plan.get(blob.bytes(), address);
        assert_eq!([get(0), get(1), get(u128::MAX - 1), get(u128::MAX)], [2, 1, 1, 2]);
    }

    #[test]
    fn a_hole_of_one_does_not_split_what_is_around() {
        let stretch = |first, last, value| Stretch { first, last, value };
        let flat =
            apart(&[stretch(0, 4, 1), stretch(5, 5, 2), stretch(6, 9, 1), stretch(11, 12, 1)]);
        assert_eq!(flat.singles, [5]);
        assert_eq!(flat.stretches, [stretch(0, 9, 1), stretch(11, 12, 1)]);
    }
}
