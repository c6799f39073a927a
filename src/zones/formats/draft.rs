//! A dataset while its lines are read.
//!
//! In go entries, out comes one [`Table`] (of `networks` and its like two). What overlaps is laid
//! flat at the end.

use super::Format;
use super::addresses::mask;
use super::value::Value;
use crate::limits::Limits;
use crate::zones::table::blob::Builder;
use crate::zones::table::names::Names;
use crate::zones::table::ranges::{Flat, Plan, Plan6, Stretch, nested, overlaid, united};
use crate::zones::table::record;
use crate::zones::table::values::{NOTHING, Values};
use crate::zones::zone::{Body, Table};

/// Substitution variables: `$0` to `$9` and `$=`.
pub const VARIABLES: usize = 11;

/// Why a line is not kept.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// It alone is bad.
    Line(&'static str),
    /// The rest has no meaning without it.
    Load(String),
}

/// What a line amounts to.
pub type Outcome = Result<(), Fault>;

/// A dataset while its lines are read.
#[derive(Debug)]
pub struct Draft {
    /// How its lines are read.
    pub format: Format,
    /// Of records without one of their own.
    pub ttl: u32,
    /// `$0` to `$9` and `$=`.
    pub variables: [Option<Box<[u8]>>; VARIABLES],
    /// What an entry without a value says: of this file, and what a file begins with.
    default: Unsaid,
    first_default: Unsaid,
    /// For formats with one value for all, whether it has been said.
    has_default: bool,
    values: Values,
    entries: u64,
    most_entries: u64,
    most_values: usize,
    /// IPv4 addresses: the upper half is the address, the lower its value.
    singles: Vec<u64>,
    /// IPv4 networks and ranges; of `ip4set` by rank, the widest blocks first.
    ranks: [Vec<Stretch<u64>>; 4],
    networks6: Vec<Stretch<u128>>,
    names: Names,
}

/// What an entry without a value says.
#[derive(Clone, Debug)]
struct Unsaid {
    address: std::net::Ipv4Addr,
    template: Box<[u8]>,
    /// Its number among the values, once it has been used.
    number: u32,
}

impl Draft {
    /// An empty one; `default` is what entries say of which nothing is said.
    pub fn new(format: Format, ttl: u32, default: Value<'_>, limits: &Limits) -> Draft {
        let default = Unsaid { address: default.0, template: default.1.into(), number: NOTHING };
        Draft {
            format,
            ttl,
            variables: std::array::from_fn(|_| None),
            default: default.clone(),
            first_default: default,
            has_default: false,
            values: Values::new(limits.zone_values),
            entries: 0,
            most_entries: limits.zone_entries as u64,
            most_values: limits.zone_entry_values,
            singles: Vec::new(),
            ranks: std::array::from_fn(|_| Vec::new()),
            networks6: Vec::new(),
            names: Names::new(),
        }
    }

    /// A file begins: what the last one said of values is over, but in formats with one for all.
    pub fn begin_file(&mut self) {
        if !matches!(self.format, Format::Ip4Tset | Format::Ip6Tset) {
            self.default = self.first_default.clone();
        }
    }

    /// Entries so far.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The line `:A:TXT`, which says what the entries behind it say.
    pub fn set_default(&mut self, text: &[u8]) -> Outcome {
        let once = matches!(self.format, Format::Ip4Tset | Format::Ip6Tset);
        if once && self.has_default {
            return Ok(());
        }
        let first = (self.first_default.address, &*self.first_default.template);
        let (address, template) = super::value::value(text, first).map_err(Fault::Line)?;
        self.default = Unsaid { address, template: template.into(), number: NOTHING };
        self.has_default = true;
        Ok(())
    }

    /// The number of an entry's value, written behind it as `text` (without blanks before it).
    pub fn value(&mut self, text: &[u8]) -> Result<u32, Fault> {
        let has_own = text.first().is_some_and(|&byte| !super::words::begins_remark(byte));
        if !has_own {
            return self.default_value();
        }
        let default = (self.default.address, &*self.default.template);
        let (address, template) = super::value::value(text, default).map_err(Fault::Line)?;
        let listing = record::listing(address, template);
        self.number(&listing)
    }

    /// The number of the default value.
    pub fn default_value(&mut self) -> Result<u32, Fault> {
        if self.default.number == NOTHING {
            let listing = record::listing(self.default.address, &self.default.template);
            self.default.number = self.number(&listing)?;
        }
        Ok(self.default.number)
    }

    /// The number of the default address with this text.
    pub fn value_with(&mut self, template: &[u8]) -> Result<u32, Fault> {
        let listing = record::listing(self.default.address, template);
        self.number(&listing)
    }

    /// The number of a value.
    pub fn number(&mut self, value: &[u8]) -> Result<u32, Fault> {
        self.values.number(value).ok_or_else(|| no_room("limits.zone_values"))
    }

    fn count(&mut self) -> Outcome {
        self.entries += 1;
        if self.entries > self.most_entries {
            return Err(no_room("limits.zone_entries"));
        }
        Ok(())
    }

    /// An IPv4 network; the value [`NOTHING`] excludes it.
    pub fn add_network(&mut self, address: u32, bits: u32, value: u32) -> Outcome {
        self.count()?;
        let first = u64::from(address & mask(bits));
        match bits {
            32 => self.singles.push(first << 32 | u64::from(value)),
            bits => {
                let last = first | u64::from(!mask(bits));
                self.ranks[0].push(Stretch { first, last, value });
            }
        }
        Ok(())
    }

    /// A range in the way of `ip4set`: as few blocks of 256, 65,536 or 2^24 addresses and single
    /// addresses as make it up, each rank of blocks counting before the wider ones.
    pub fn add_range(&mut self, first: u32, last: u32, value: u32) -> Outcome {
        self.count()?;
        if first == last {
            self.singles.push(u64::from(first) << 32 | u64::from(value));
            return Ok(());
        }
        let (mut first, mut end) = (u64::from(first), u64::from(last) + 1);
        for rank in [3, 2, 1] {
            // What is before the first and behind the last whole block of the next rank.
            let block = 1 << (8 * (4 - rank));
            let (whole, whole_end) = (first.next_multiple_of(block), end / block * block);
            let Some(stretches) = self.ranks.get_mut(rank as usize) else { break };
            let mut add = |first: u64, end: u64| {
                if first < end {
                    stretches.push(Stretch { first, last: end - 1, value });
                }
            };
            if whole >= whole_end {
                add(first, end);
                return Ok(());
            }
            add(first, whole);
            add(whole_end, end);
            (first, end) = (whole, whole_end);
        }
        self.ranks[0].push(Stretch { first, last: end - 1, value });
        Ok(())
    }

    /// An IPv6 network; the value [`NOTHING`] excludes it.
    pub fn add_network6(&mut self, address: u128, bits: u32, value: u32) -> Outcome {
        self.count()?;
        let mask = super::addresses::mask6(bits);
        let first = address & mask;
        self.networks6.push(Stretch { first, last: first | !mask, value });
        Ok(())
    }

    /// A name, as DNS sends it, in lower case: itself, what is below it, or both.
    pub fn add_name(&mut self, name: &[u8], itself: bool, below: bool, value: u32) -> Outcome {
        self.count()?;
        self.names.add(name, itself, below, value);
        Ok(())
    }

    /// Writes the tables.
    pub fn build(mut self, blob: &mut Builder) -> Result<Vec<Table>, Fault> {
        let (most, entries) = (self.most_values, self.entries);
        if matches!(self.format, Format::Ip4Tset | Format::Ip6Tset) {
            // The one value, which is number 1.
            self.default_value()?;
        }
        let full = || no_room("limits.zone_values");
        let mut bodies = Vec::new();
        match self.format {
            Format::Ip4Set => {
                let flat = self.flat_set().ok_or_else(full)?;
                bodies.push(Body::V4(Plan::build(&flat, 32, blob)));
            }
            Format::Ip4Tset | Format::Ip4Trie => bodies.push(self.trie(blob)),
            Format::Ip6Tset | Format::Ip6Trie => bodies.push(self.trie6(blob)),
            Format::Networks | Format::Drop | Format::DropJson => {
                bodies.extend([self.trie(blob), self.trie6(blob)]);
            }
            Format::Dnset | Format::Hosts | Format::Domains | Format::Generic => {
                let is_generic = self.format == Format::Generic;
                let plan = self.names.build(most, is_generic, &mut self.values, blob);
                let plan = plan.ok_or_else(full)?;
                bodies.push(if is_generic { Body::Records(plan) } else { Body::Names(plan) });
            }
            Format::Combined => {}
        }
        let values = self.values.build(blob);
        let first = bodies.len() == 1;
        Ok(bodies
            .into_iter()
            .enumerate()
            .map(|(at, body)| Table {
                ttl: self.ttl,
                variables: self.variables.clone(),
                values,
                // Two tables of one dataset count together.
                entries: if first || at == 0 { entries } else { 0 },
                body,
            })
            .collect())
    }

    /// Networks of which the most specific counts; of equal ones the first.
    fn trie(&mut self, blob: &mut Builder) -> Body {
        let mut singles = std::mem::take(&mut self.singles);
        // Stable: of equal ones the first stays first.
        singles.sort_by_key(|single| single >> 32);
        singles.dedup_by_key(|single| *single >> 32);
        let stretches = nested(std::mem::take(&mut self.ranks[0]));
        Body::V4(Plan::build(&apart(singles, stretches), 32, blob))
    }

    fn trie6(&mut self, blob: &mut Builder) -> Body {
        Body::V6(Plan6::build(&nested(std::mem::take(&mut self.networks6)), blob))
    }

    /// Ranges by rank; within a rank, all values of an address count.
    fn flat_set(&mut self) -> Option<Flat> {
        let (most, values) = (self.most_values, &mut self.values);
        let [widest, wide, narrow, runs] = std::mem::take(&mut self.ranks);
        let mut stretches = Vec::new();
        for rank in [widest, wide, narrow] {
            stretches = overlaid(stretches, united(rank, most, values)?);
        }
        let runs = united(runs, most, values)?;
        let mut singles = std::mem::take(&mut self.singles);
        singles.sort_unstable();
        singles.dedup();
        // Where an address stands several times, or within a run of single addresses, its values
        // are put together. It stays in place as long as nothing has to be.
        let mut run = runs.iter().peekable();
        let mut kept = 0;
        let mut at = 0;
        while let Some(&single) = singles.get(at) {
            let address = single >> 32;
            while run.next_if(|run| run.last < address).is_some() {}
            let around = run.peek().filter(|run| run.first <= address);
            let rest = singles.get(at..).unwrap_or_default();
            let same = rest.iter().take_while(|other| *other >> 32 == address).count();
            let mut value = single as u32;
            if same > 1 || around.is_some() {
                let own = rest.iter().take(same).map(|single| *single as u32);
                let mut numbers: Vec<u32> = own.chain(around.map(|run| run.value)).collect();
                numbers.sort_unstable();
                numbers.truncate(most);
                value = values.together(&mut numbers)?;
            }
            if let Some(place) = singles.get_mut(kept) {
                *place = address << 32 | u64::from(value);
            }
            kept += 1;
            at += same;
        }
        singles.truncate(kept);
        Some(apart(singles, overlaid(stretches, runs)))
    }
}

/// Addresses and values apart.
fn apart(mut singles: Vec<u64>, stretches: Vec<Stretch<u64>>) -> Flat {
    let single_values = singles.iter().map(|single| *single as u32).collect();
    for single in &mut singles {
        *single >>= 32;
    }
    Flat { singles, single_values, stretches }
}

fn no_room(limit: &str) -> Fault {
    Fault::Load(format!("the list is too large: raise {limit} if it is to be held"))
}
