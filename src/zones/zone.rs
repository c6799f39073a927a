//! A zone in memory, and what is asked of it.
//!
//! In go addresses and names, out come [`Hit`]s. Invariant: nothing in it changes, so that any
//! number of threads ask at once; a newer copy takes its place whole.

use super::answer::{Authority, Query, Room};
use super::formats::VARIABLES;
use super::name;
use super::table::values::NOTHING;
use super::table::{names, ranges, record, values};
use super::template::{Subject, fill};
use crate::dns::{Name, Question, Reply, wire};
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Deref;
use std::sync::OnceLock;

/// A list, whole and immutable. Cheap to share ([`std::sync::Arc`]), never changed.
#[derive(Debug)]
pub struct Zone {
    pub(super) head: Head,
    pub(super) tables: Vec<Table>,
    pub(super) parts: Vec<Part>,
    /// Are there IPv4 addresses among what answers for the zone itself?
    lists_v4: bool,
    /// What the tables are in.
    pub(super) bytes: Held,
    authority: OnceLock<Authority>,
}

/// What a zone says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The suffix that it answers for.
    pub name: Name,
    /// `$SOA`.
    pub start: Option<Start>,
    /// `$NS`.
    pub servers: Vec<Vec<u8>>,
    /// Seconds that those may be kept.
    pub servers_ttl: u32,
    /// When the newest of its files was changed, in seconds since 1970.
    pub changed: i64,
    /// When it may not be used any more, likewise.
    pub expires: Option<i64>,
}

/// The start of a zone, names as DNS sends them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Seconds that it may be kept.
    pub ttl: u32,
    /// The primary server.
    pub server: Vec<u8>,
    /// Whose it is.
    pub mailbox: Vec<u8>,
    /// The version; 0 for the time of the newest file.
    pub serial: u32,
    /// Seconds: refresh, retry, expire, and how long a negative answer may be kept.
    pub times: [u32; 4],
}

/// One dataset's table and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Seconds that its records may be kept.
    pub ttl: u32,
    /// What its templates are filled in with.
    pub variables: [Option<Box<[u8]>>; VARIABLES],
    /// What its entries say.
    pub values: values::Plan,
    /// Entries as written.
    pub entries: u64,
    /// The entries.
    pub body: Body,
}

/// The entries of a table, by what they list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// IPv4 addresses.
    V4(ranges::Plan),
    /// IPv6 addresses.
    V6(ranges::Plan6),
    /// Names.
    Names(names::Plan),
    /// Records by name.
    Records(names::Plan),
}

/// What a zone consists of, in the order in which it is looked through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Tables that answer for the zone itself.
    Tables(Vec<usize>),
    /// Names below the zone, in order, and the tables that answer for each; the empty name for the
    /// zone itself.
    Below(Vec<(Vec<u8>, Vec<usize>)>),
}

/// Where a zone's bytes are.
#[derive(Debug)]
pub enum Held {
    /// In memory.
    Memory(Vec<u8>),
    /// In a file.
    Mapped(super::mapped::Mapped),
}

impl Deref for Held {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Held::Memory(bytes) => bytes,
            Held::Mapped(mapped) => mapped,
        }
    }
}

/// What one dataset of a zone says about what was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Hit<'z> {
    table: &'z Table,
    value: &'z [u8],
    subject: Subject<'z>,
}

/// One value of a listing: an address, and a text that may have places to fill in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'z> {
    /// What an A query gets.
    pub address: Ipv4Addr,
    /// What a TXT query gets once `$` and its kin are filled in; empty for nothing.
    pub template: &'z [u8],
}

impl<'z> Hit<'z> {
    /// The values, at least one.
    pub fn values(self) -> impl Iterator<Item = Value<'z>> {
        record::listings(self.value).map(|(address, template)| Value { address, template })
    }

    /// The text of `value` filled in; empty for none.
    pub fn text(self, value: Value<'_>) -> Vec<u8> {
        fill(value.template, &self.table.variables, self.subject)
    }

    /// Seconds that it may be kept.
    pub fn ttl(self) -> u32 {
        self.table.ttl
    }
}

/// What is asked for: a name relative to a zone, and the address that it may stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked<'q> {
    name: &'q [u8],
    v4: Option<u32>,
    v6: Option<u128>,
}

/// What a table says.
pub enum Says<'z> {
    /// It lists what was asked for.
    Listed(Hit<'z>),
    /// It has records of the name.
    Records(&'z [u8]),
}

/// The hits of an address, table by table.
#[derive(Clone, Debug)]
pub struct Hits<'z> {
    zone: &'z Zone,
    /// Those that come after these tables.
    parts: std::slice::Iter<'z, Part>,
    tables: std::slice::Iter<'z, usize>,
    wanted: Asked<'z>,
    /// What is asked of these tables.
    asked: Asked<'z>,
}

impl<'z> Iterator for Hits<'z> {
    type Item = Hit<'z>;

    fn next(&mut self) -> Option<Hit<'z>> {
        loop {
            for &table in self.tables.by_ref() {
                let table = self.zone.tables.get(table)?;
                if let Some(Says::Listed(hit)) = table.says(&self.zone.bytes, self.asked) {
                    return Some(hit);
                }
            }
            let tables: &[usize] = match self.parts.next()? {
                Part::Tables(tables) => {
                    self.asked = self.wanted.carried(self.zone.lists_v4);
                    tables
                }
                // Those of the zone itself, which stand first.
                Part::Below(below) => match below.first() {
                    Some((name, tables)) if name.is_empty() => {
                        self.asked = self.wanted.carried(has_v4(&self.zone.tables, tables));
                        tables
                    }
                    _ => continue,
                },
            };
            self.tables = tables.iter();
        }
    }
}

impl Asked<'_> {
    /// With the IPv4 address that an IPv6 address carries (6to4, RFC 3056, or mapped), where the
    /// tables have such.
    fn carried(mut self, has_v4: bool) -> Self {
        let Some(address) = self.v6.filter(|_| has_v4) else { return self };
        if address >> 112 == 0x2002 {
            self.v4 = Some((address >> 80) as u32);
        } else if address >> 32 == 0xffff {
            self.v4 = Some(address as u32);
            self.v6 = None;
        }
        self
    }
}

/// The IPv4 address that four labels say, the last number first.
fn v4(name: &[u8]) -> Option<u32> {
    let mut address = 0u32;
    let mut rest = name;
    for place in 0..4 {
        let (length, behind) = rest.split_first()?;
        let (label, behind) = behind.split_at_checked(usize::from(*length))?;
        if !(1..=3).contains(&label.len()) {
            return None;
        }
        let octet = label.iter().try_fold(0u32, |octet, byte| {
            byte.is_ascii_digit().then(|| octet * 10 + u32::from(byte - b'0'))
        })?;
        address |= (octet <= 255).then_some(octet)? << (8 * place);
        rest = behind;
    }
    rest.is_empty().then_some(address)
}

/// The IPv6 address that 32 labels of a digit say, the last digit first.
fn v6(name: &[u8]) -> Option<u128> {
    let (labels, rest) = name.as_chunks::<2>();
    if labels.len() != 32 || !rest.is_empty() {
        return None;
    }
    labels.iter().enumerate().try_fold(0u128, |address, (place, &[length, digit])| {
        let digit = char::from(digit).to_digit(16).filter(|_| length == 1)?;
        Some(address | u128::from(digit) << (4 * place))
    })
}

impl Head {
    /// The version that is answered.
    pub fn serial(&self, start: &Start) -> u32 {
        if start.serial == 0 { self.changed as u32 } else { start.serial }
    }
}

impl Table {
    /// What it says of `asked`.
    fn says<'z>(&'z self, bytes: &'z [u8], asked: Asked<'_>) -> Option<Says<'z>> {
        let hit = |value: u32, subject: Subject<'z>| {
            let value = (value != NOTHING).then(|| self.values.get(bytes, value))?;
            Some(Says::Listed(Hit { table: self, value, subject }))
        };
        match &self.body {
            Body::V4(plan) => {
                let address = asked.v4?;
                hit(plan.get(bytes, u64::from(address)), Subject::V4(address))
            }
            Body::V6(plan) => {
                let address = asked.v6?;
                hit(plan.get(bytes, address), Subject::V6(address))
            }
            Body::Names(plan) => {
                let found = plan.get(bytes, asked.name).filter(|_| !asked.name.is_empty())?;
                hit(found.value, Subject::Name(found.name))
            }
            Body::Records(plan) => {
                let found = plan.exactly(bytes, asked.name)?;
                Some(Says::Records(self.values.get(bytes, found.value)))
            }
        }
    }
}

impl Zone {
    /// A zone of these parts.
    pub(super) fn new(head: Head, tables: Vec<Table>, parts: Vec<Part>, bytes: Held) -> Zone {
        let lists_v4 = parts.iter().any(|part| match part {
            Part::Tables(places) => has_v4(&tables, places),
            Part::Below(_) => false,
        });
        Zone { head, tables, parts, lists_v4, bytes, authority: OnceLock::new() }
    }

    /// The suffix that it answers for.
    pub fn name(&self) -> &Name {
        &self.head.name
    }

    /// Entries as written, exclusions included.
    pub fn records(&self) -> u64 {
        self.tables.iter().map(|table| table.entries).sum()
    }

    /// Bytes of memory that it takes.
    pub fn memory(&self) -> usize {
        self.bytes.len() + self.tables.len() * size_of::<Table>() + size_of::<Zone>()
    }

    /// The version of `$SOA`, if it has one; the time of the newest file where that is 0.
    pub fn serial(&self) -> Option<u32> {
        self.head.start.as_ref().map(|start| self.head.serial(start))
    }

    /// When its newest file was changed, in seconds since 1970.
    pub fn changed(&self) -> i64 {
        self.head.changed
    }

    /// When its data expire by its own word (`$TIMESTAMP`), in seconds since 1970.
    pub fn expires(&self) -> Option<i64> {
        self.head.expires
    }

    /// What is listed of an address: a hit of each dataset that lists it.
    pub fn lookup_ip(&self, address: IpAddr) -> Hits<'_> {
        let (v4, v6) = match address {
            IpAddr::V4(address) => (Some(address.into()), None),
            IpAddr::V6(address) => (None, Some(address.into())),
        };
        let wanted = Asked { name: &[], v4, v6 };
        Hits { zone: self, parts: self.parts.iter(), tables: [].iter(), wanted, asked: wanted }
    }

    /// What is listed of a domain, relative to the zone, in any case, with or without a dot at
    /// the end: what a DNS question for the domain within the zone would find.
    pub fn lookup_name(&self, domain: &[u8]) -> impl Iterator<Item = Hit<'_>> {
        let domain = domain.strip_suffix(b".").unwrap_or(domain);
        let name = name::from_text(domain).map(|mut name| {
            name.make_ascii_lowercase();
            name
        });
        let mut hits = Vec::new();
        self.look_up(&name.unwrap_or_default(), |says| {
            if let Says::Listed(hit) = says {
                hits.push(hit);
            }
        });
        hits.into_iter()
    }

    /// What a name server that has this zone answers; `now` in seconds since 1970.
    pub fn answer(&self, question: &Question, now: i64) -> Reply {
        let asked = wire::Query::new(question, 0, None, false);
        let authority = self.authority.get_or_init(|| Authority::new(self, |_| Vec::new()));
        let mut bytes = Vec::new();
        let answered = Query::read(asked.bytes(), Room::Stream).is_some_and(|query| {
            query.answer(
                question.name.is_within(self.name()).then_some((self, authority)),
                now,
                &mut bytes,
            );
            true
        });
        let answer = wire::read(&bytes, usize::from(u8::MAX)).filter(|_| answered);
        answer.map_or(Reply { code: Reply::SERVER_FAILURE, answers: Vec::new() }, |answer| {
            answer.reply
        })
    }

    /// Gives `take` what each table says of a name, relative to the zone, in lower case. True if
    /// the name exists.
    pub(super) fn look_up<'z>(&'z self, relative: &[u8], mut take: impl FnMut(Says<'z>)) -> bool {
        let mut exists = false;
        for (tables, name, has_v4) in self.tables_for(relative) {
            // The name that a dataset is for exists, whatever is listed.
            exists |= name.is_empty();
            let asked = Asked { name, v4: v4(name), v6: v6(name) }.carried(has_v4);
            for table in tables.iter().filter_map(|&table| self.tables.get(table)) {
                if let Some(says) = table.says(&self.bytes, asked) {
                    exists = true;
                    take(says);
                }
            }
        }
        exists
    }

    /// The groups of tables that answer for a name, what of it is left for each, and whether any
    /// that answer for the same are of IPv4 addresses.
    fn tables_for<'s>(
        &'s self,
        relative: &'s [u8],
    ) -> impl Iterator<Item = (&'s [usize], &'s [u8], bool)> {
        self.parts.iter().filter_map(move |part| match part {
            Part::Tables(tables) => Some((tables.as_slice(), relative, self.lists_v4)),
            Part::Below(below) => {
                let mut names = name::suffixes(relative).chain(std::iter::once(&[][..]));
                names.find_map(|name| {
                    let at =
                        below.binary_search_by(|(known, _)| known.as_slice().cmp(name)).ok()?;
                    let (_, tables) = below.get(at)?;
                    let rest = relative.get(..relative.len() - name.len())?;
                    Some((tables.as_slice(), rest, has_v4(&self.tables, tables)))
                })
            }
        })
    }
}

/// Is any of these of IPv4 addresses?
fn has_v4(tables: &[Table], places: &[usize]) -> bool {
    let mut bodies = places.iter().filter_map(|&place| Some(&tables.get(place)?.body));
    bodies.any(|body| matches!(body, Body::V4(_)))
}
