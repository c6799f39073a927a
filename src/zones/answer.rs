//! What a name server that has zones answers, byte for byte where rbldnsd's choice matters.
//!
//! In go a packet and the zone that it is about, out comes an answer. Which packets get none, which
//! code, records, times and authority an answer has, and what is left out where it does not fit,
//! is what rbldnsd 1.0 does (its behaviour is the specification; RFC 1035 is the form).
//!
//! Invariant: whatever comes, an answer is never longer than the asker takes.

use super::name;
use super::table::record;
use super::zone::{Says, Start, Zone};
use crate::dns::Kind;

/// Bytes of a message's head.
const HEAD: usize = 12;
/// Bytes of an answer to who does not say what they take (RFC 1035, 2.3.4).
const USUAL: usize = 512;
/// Bytes of an answer over UDP at most, and what we say that we take.
pub const LARGEST: usize = 2048;
/// Bytes of the record that says so (RFC 6891).
const OPT_LENGTH: usize = 11;
const OPT: u16 = 41;
const INTERNET: u16 = 1;
const ANY_CLASS: u16 = 255;
/// Of the first byte of flags: an answer; what is asked for, an authority's, cut, recursion wanted.
const ANSWER: u8 = 0x80;
const OPCODE: u8 = 0x78;
const AUTHORITATIVE: u8 = 4;
const CUT: u8 = 2;
/// Types from here on are questions that only servers ask each other.
const FIRST_META: u16 = 250;
/// Records of one section.
const MOST_RECORDS: u8 = 255;

const NO_ERROR: u8 = 0;
const SERVER_FAILURE: u8 = 2;
const NO_NAME: u8 = 3;
const NOT_IMPLEMENTED: u8 = 4;
const REFUSED: u8 = 5;

/// Where an answer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// A packet: as much as the question says.
    Packet,
    /// A stream, which has room for all.
    Stream,
}

/// A question as it came.
#[derive(Clone, Debug)]
pub struct Query<'p> {
    packet: &'p [u8],
    /// Head and question, to be repeated.
    repeated: &'p [u8],
    /// The name in lower case.
    name: Vec<u8>,
    kind: u16,
    class: u16,
    /// Bytes that an answer may have, without [`OPT_LENGTH`] of those that go beyond the usual.
    most: usize,
    /// Does the asker understand OPT?
    extended: bool,
}

impl<'p> Query<'p> {
    /// Reads a packet; `None` for what gets no answer: answers, rubbish, none or several questions.
    pub fn read(packet: &'p [u8], room: Room) -> Option<Query<'p>> {
        // Where a name must have ended, so that type and class are there.
        let last = packet.len().checked_sub(5)?.min(HEAD + 254);
        let &[_, _, flags, _, 0, 1, _, _, authority_high, authority, more_high, more] =
            packet.first_chunk::<HEAD>()?
        else {
            return None;
        };
        if last < HEAD || flags & ANSWER != 0 {
            return None;
        }
        let mut at = HEAD;
        loop {
            let length = usize::from(*packet.get(at)?);
            match length {
                0 => break,
                1..=63 if at + length < last => at += length + 1,
                _ => return None,
            }
        }
        let name = packet.get(HEAD..at)?.to_ascii_lowercase();
        let (kind, rest) = packet.get(at + 1..)?.split_first_chunk::<2>()?;
        let (class, rest) = rest.split_first_chunk::<2>()?;
        let end = at + 5;
        let has_one_more = [authority_high, authority, more_high, more] == [0, 0, 0, 1];
        let payload = match rest {
            [0, high, low, size_high, size_low, ..]
                if end < last && has_one_more && u16::from_be_bytes([*high, *low]) == OPT =>
            {
                Some(usize::from(u16::from_be_bytes([*size_high, *size_low])))
            }
            _ => None,
        };
        let most = match (room, payload) {
            (Room::Stream, _) => usize::from(u16::MAX) - OPT_LENGTH,
            // rbldnsd takes the record's own length off only where it is not the buffer's end.
            (_, Some(size)) if size > LARGEST - OPT_LENGTH => LARGEST - OPT_LENGTH,
            (_, Some(size)) if size >= USUAL + OPT_LENGTH => size - OPT_LENGTH,
            _ => USUAL,
        };
        Some(Query {
            packet,
            repeated: packet.get(..end)?,
            name,
            kind: u16::from_be_bytes(*kind),
            class: u16::from_be_bytes(*class),
            most,
            extended: payload.is_some(),
        })
    }

    /// The name asked for, in lower case.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Writes the answer: of `zone`, which the name is in, or a refusal. `now` is in seconds since
    /// 1970.
    pub fn answer(&self, zone: Option<(&Zone, &Authority)>, now: i64, to: &mut Vec<u8>) {
        let mut answer = Answer::begin(self, to);
        let refusal = match (self.class, self.kind) {
            _ if !self.is_plain() => Some(NOT_IMPLEMENTED),
            (class, _) if class != INTERNET && class != ANY_CLASS => Some(REFUSED),
            (_, kind) if kind >= FIRST_META && Kind(kind) != Kind::ANY => Some(NOT_IMPLEMENTED),
            _ => None,
        };
        let code = match (refusal, zone) {
            (Some(code), _) => Err(code),
            (None, None) => Err(REFUSED),
            (None, Some((zone, _))) if zone.expires().is_some_and(|end| end < now) => {
                Err(SERVER_FAILURE)
            }
            (None, Some((zone, authority))) => answer.fill(zone, authority),
        };
        answer.end(code);
    }

    fn flags(&self) -> u8 {
        self.packet.get(2).copied().unwrap_or_default()
    }

    /// Is it a question, and nothing else?
    fn is_plain(&self) -> bool {
        self.flags() & (OPCODE | AUTHORITATIVE | CUT) == 0
    }

    fn wants(&self, kind: Kind) -> bool {
        Kind(self.kind) == kind || Kind(self.kind) == Kind::ANY
    }
}

/// An answer while it is written.
struct Answer<'a> {
    query: &'a Query<'a>,
    bytes: &'a mut Vec<u8>,
    /// Records of the three sections.
    counts: [u8; 3],
    authoritative: bool,
}

impl<'a> Answer<'a> {
    fn begin(query: &'a Query<'a>, bytes: &'a mut Vec<u8>) -> Answer<'a> {
        bytes.clear();
        bytes.extend_from_slice(query.repeated);
        Answer { query, bytes, counts: [0; 3], authoritative: query.class == INTERNET }
    }

    /// Writes what there is of the zone's, and gives the code; the error is the code of a refusal.
    fn fill(&mut self, zone: &Zone, authority: &Authority) -> Result<u8, u8> {
        let name = &self.query.name;
        let relative = name.get(..name.len().saturating_sub(authority.name.len())).unwrap_or(name);
        let is_base = relative.is_empty();
        if is_base {
            let start = || authority.start.as_ref().map(|start| &start.records);
            if self.query.wants(Kind::SOA) && !self.put(start(), 0) {
                return Err(REFUSED);
            }
            let servers = || authority.servers(self.query.packet).map(|servers| &servers.alone);
            if self.query.wants(Kind::NS) && !self.put(servers(), 0) {
                return Err(REFUSED);
            }
        }
        let exists = zone.look_up(relative, |says| self.add(says)) || is_base;
        if !exists || self.counts[0] == 0 {
            if let Some(start) = &authority.start {
                self.put(Some(&start.negative), 1);
            }
            return Ok(if exists { NO_ERROR } else { NO_NAME });
        }
        // With the servers' addresses, or at least without.
        if let Some(servers) = authority.servers(self.query.packet) {
            match self.put(Some(&servers.with_glue), 1) {
                true => {
                    self.counts[1] -= servers.glue;
                    self.counts[2] += servers.glue;
                }
                false => {
                    self.put(Some(&servers.alone), 1);
                }
            }
        }
        Ok(NO_ERROR)
    }

    /// Adds what one table says.
    fn add(&mut self, says: Says<'_>) {
        match says {
            Says::Listed(hit) => {
                for value in hit.values() {
                    if self.query.wants(Kind::A) {
                        self.record(Kind::A, hit.ttl(), &value.address.octets());
                    }
                    if self.query.wants(Kind::TXT) {
                        let text = hit.text(value);
                        if !text.is_empty() {
                            // It was cut to less than 255 bytes.
                            let string = [&[text.len() as u8], text.as_slice()].concat();
                            self.record(Kind::TXT, hit.ttl(), &string);
                        }
                    }
                }
            }
            Says::Records(records) => {
                for (kind, ttl, data) in record::records(records) {
                    if self.query.wants(kind) {
                        self.record(kind, ttl, data);
                    }
                }
            }
        }
    }

    /// Adds a record of the name asked for, unless it is there or does not fit. All records of one
    /// type have the shortest of their times.
    fn record(&mut self, kind: Kind, ttl: u32, data: &[u8]) {
        let mut ttl = ttl;
        let mut at = self.query.repeated.len();
        let mut is_there = false;
        while let Some(head) = self.bytes.get(at..).and_then(|rest| rest.first_chunk::<HEAD>()) {
            let &[_, _, kind_high, kind_low, _, _, t1, t2, t3, t4, high, low] = head;
            let length = usize::from(u16::from_be_bytes([high, low]));
            let end = at + HEAD + length;
            if Kind(u16::from_be_bytes([kind_high, kind_low])) == kind {
                let own = u32::from_be_bytes([t1, t2, t3, t4]);
                ttl = ttl.min(own);
                is_there |= self.bytes.get(at + HEAD..end) == Some(data);
                if let Some(place) = self.bytes.get_mut(at + 6..at + 10) {
                    place.copy_from_slice(&ttl.to_be_bytes());
                }
            }
            at = end;
        }
        if is_there {
            return;
        }
        if !self.fits(HEAD + data.len()) || self.counts[0] == MOST_RECORDS {
            self.authoritative = false;
            return;
        }
        self.counts[0] += 1;
        head(self.bytes, kind, ttl, data.len());
        self.bytes.extend_from_slice(data);
    }

    fn fits(&self, length: usize) -> bool {
        self.bytes.len() + length <= self.query.most
    }

    /// Adds records that were made beforehand to a section; false if there are none or they do not
    /// fit.
    fn put(&mut self, records: Option<&Records>, section: usize) -> bool {
        let Some(records) = records.filter(|records| self.fits(records.length())) else {
            return false;
        };
        records.write(self.query.repeated.len(), self.bytes);
        if let Some(count) = self.counts.get_mut(section) {
            *count = count.saturating_add(records.count);
        }
        true
    }

    /// Writes the head.
    fn end(mut self, code: Result<u8, u8>) {
        let code = code.unwrap_or_else(|code| {
            self.authoritative = false;
            self.counts = [0; 3];
            self.bytes.truncate(self.query.repeated.len());
            code
        });
        if self.bytes.len() > USUAL && self.query.extended {
            self.bytes.push(0);
            self.bytes.extend(OPT.to_be_bytes());
            self.bytes.extend((LARGEST as u16).to_be_bytes());
            self.bytes.extend([0; 6]);
            self.counts[2] = self.counts[2].saturating_add(1);
        }
        // What recursion was wanted is repeated, but not of what is not a question.
        let wanted = self.query.flags() & u8::from(self.query.is_plain());
        let flags = ANSWER | wanted | if self.authoritative { AUTHORITATIVE } else { 0 };
        let [answers, authority, more] = self.counts;
        let head = [flags, code, 0, 1, 0, answers, 0, authority, 0, more];
        if let Some(place) = self.bytes.get_mut(2..HEAD) {
            place.copy_from_slice(&head);
        }
    }
}

/// A record's own name (that of the question), type, class, time and length.
fn head(bytes: &mut Vec<u8>, kind: Kind, ttl: u32, length: usize) {
    bytes.extend([0xc0, HEAD as u8]);
    bytes.extend(kind.0.to_be_bytes());
    bytes.extend(INTERNET.to_be_bytes());
    bytes.extend(ttl.to_be_bytes());
    bytes.extend((length as u16).to_be_bytes());
}

/// What a zone's answers have in common, made once.
#[derive(Debug)]
pub struct Authority {
    /// The zone's name.
    name: Vec<u8>,
    start: Option<StartRecords>,
    /// The servers, in all orders that begin with another one.
    servers: Vec<Servers>,
}

/// A zone's servers in one order.
#[derive(Debug)]
struct Servers {
    alone: Records,
    /// With the addresses of those that we have ourselves.
    with_glue: Records,
    /// How many addresses.
    glue: u8,
}

/// The start of a zone as an answer, and as what goes with a negative one.
#[derive(Debug)]
struct StartRecords {
    records: Records,
    negative: Records,
}

impl Authority {
    /// Makes those of `zone`. `addresses` gives the addresses that we would answer for a server's
    /// name, and for how many seconds they may be kept.
    pub fn new(zone: &Zone, addresses: impl Fn(&[u8]) -> Vec<(u32, [u8; 4])>) -> Authority {
        let name = name::from_name(zone.name());
        let start = match &zone.head.start {
            None => None,
            Some(start) => match start_records(zone, &name, start) {
                Some(records) => Some(records),
                // What is too long is left out, and the servers with it.
                None => return Authority { name, start: None, servers: Vec::new() },
            },
        };
        let servers = &zone.head.servers;
        let servers = in_all_orders(&name, servers, zone.head.servers_ttl, addresses);
        Authority { name, start, servers: servers.unwrap_or_default() }
    }

    /// The servers; who asks again gets them in another order.
    fn servers(&self, packet: &[u8]) -> Option<&Servers> {
        let turn = packet.get(1).copied().map_or(0, usize::from);
        self.servers.get(turn.checked_rem(self.servers.len())?)
    }
}

fn start_records(zone: &Zone, name: &[u8], start: &Start) -> Option<StartRecords> {
    let serial = zone.head.serial(start);
    let with = |ttl: u32| {
        let mut records = Maker::new(name);
        records.name(name)?;
        records.fixed(Kind::SOA, ttl);
        records.name(&start.server)?;
        records.name(&start.mailbox)?;
        for number in [serial].into_iter().chain(start.times) {
            records.made.bytes.extend(number.to_be_bytes());
        }
        records.close();
        Some(records.made)
    };
    Some(StartRecords { records: with(start.ttl)?, negative: with(start.times[3])? })
}

/// The servers' records in all orders; `None` if they are too long.
fn in_all_orders(
    zone: &[u8],
    servers: &[Vec<u8>],
    ttl: u32,
    addresses: impl Fn(&[u8]) -> Vec<(u32, [u8; 4])>,
) -> Option<Vec<Servers>> {
    let glue = glue(servers, addresses);
    // One more record must have room, that of the extensions.
    let count = u8::try_from(glue.len()).ok().filter(|&count| count < MOST_RECORDS)?;
    let mut orders = Vec::with_capacity(servers.len());
    for turn in 0..servers.len() {
        let mut maker = Maker::new(zone);
        for server in servers.iter().cycle().skip(turn).take(servers.len()) {
            maker.name(zone)?;
            maker.room(10)?;
            maker.fixed(Kind::NS, ttl);
            maker.name(server)?;
            maker.close();
        }
        let alone = maker.made.clone();
        for (server, ttl, address) in &glue {
            maker.name(servers.get(*server)?)?;
            maker.room(14)?;
            maker.fixed(Kind::A, *ttl);
            maker.made.bytes.extend(address);
            maker.close();
        }
        orders.push(Servers { alone, with_glue: maker.made, glue: count });
    }
    Some(orders)
}

/// The servers' addresses: which server's, its time, itself. Each address stands there once, with
/// the shortest time of all.
fn glue(
    servers: &[Vec<u8>],
    addresses: impl Fn(&[u8]) -> Vec<(u32, [u8; 4])>,
) -> Vec<(usize, u32, [u8; 4])> {
    let mut glue: Vec<(usize, u32, [u8; 4])> = Vec::new();
    for (at, server) in servers.iter().enumerate() {
        for (ttl, address) in addresses(&server.to_ascii_lowercase()) {
            let shortest = glue.iter().map(|known| known.1).fold(ttl, u32::min);
            glue.iter_mut().for_each(|known| known.1 = shortest);
            if !glue.iter().any(|known| known.2 == address) {
                glue.push((at, shortest, address));
            }
        }
    }
    glue
}

/// Records made beforehand. Names in them point to parts of the question or of themselves, whose
/// places are filled in when they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Records {
    bytes: Vec<u8>,
    jumps: Vec<Jump>,
    count: u8,
}

/// A pointer: where it stands, and where to, from the end of the question (if negative) or from
/// the beginning of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Jump {
    at: usize,
    to: isize,
}

impl Records {
    fn length(&self) -> usize {
        self.bytes.len()
    }

    /// Writes them; the question ends at `question_end`.
    fn write(&self, question_end: usize, to: &mut Vec<u8>) {
        let here = to.len();
        to.extend_from_slice(&self.bytes);
        for jump in &self.jumps {
            let base = if jump.to < 0 { question_end } else { here };
            let place = base.saturating_add_signed(jump.to) as u16 | 0xc000;
            if let Some(pointer) = to.get_mut(here + jump.at..here + jump.at + 2) {
                pointer.copy_from_slice(&place.to_be_bytes());
            }
        }
    }
}

/// Makes records, each name written once and pointed to after that (RFC 1035, 4.1.4).
struct Maker<'n> {
    made: Records,
    /// Names so far, and where they stand.
    known: Vec<(&'n [u8], isize)>,
    /// Where the length of the record's data stands.
    length_at: usize,
}

/// Bytes that records made beforehand may have.
const MOST_MADE: usize = USUAL - HEAD - 4;
/// Names that are remembered.
const MOST_KNOWN: usize = 256;

impl<'n> Maker<'n> {
    /// For answers of `zone`, whose name is in every question.
    fn new(zone: &'n [u8]) -> Maker<'n> {
        // The zone's name, the root's zero behind it, type and class.
        let end = zone.len() + 1 + 4;
        let place = |suffix: &[u8]| (zone.len() - suffix.len()) as isize - end as isize;
        let known = name::suffixes(zone).map(|suffix| (suffix, place(suffix))).collect();
        Maker { made: Records::default(), known, length_at: 0 }
    }

    /// Adds a name; `None` if there is no room.
    fn name(&mut self, name: &'n [u8]) -> Option<()> {
        for suffix in name::suffixes(name) {
            let here = self.made.bytes.len();
            let is_it = |(known, _): &&(&[u8], isize)| known.eq_ignore_ascii_case(suffix);
            if let Some(&(_, to)) = self.known.iter().find(is_it) {
                self.before(2)?;
                self.made.jumps.push(Jump { at: here, to });
                self.made.bytes.extend([0; 2]);
                return Some(());
            }
            let label = suffix.get(..usize::from(*suffix.first()?) + 1)?;
            self.before(label.len())?;
            if self.known.len() < MOST_KNOWN {
                self.known.push((suffix, here as isize));
            }
            self.made.bytes.extend_from_slice(label);
        }
        self.before(1)?;
        self.made.bytes.push(0);
        Some(())
    }

    /// Is something left behind so many bytes?
    fn before(&self, length: usize) -> Option<()> {
        (self.made.bytes.len() + length < MOST_MADE).then_some(())
    }

    /// Is there room for so many bytes?
    fn room(&self, length: usize) -> Option<()> {
        (self.made.bytes.len() + length <= MOST_MADE).then_some(())
    }

    /// Adds type, class, time and the place for the length.
    fn fixed(&mut self, kind: Kind, ttl: u32) {
        let bytes = &mut self.made.bytes;
        bytes.extend(kind.0.to_be_bytes());
        bytes.extend(INTERNET.to_be_bytes());
        bytes.extend(ttl.to_be_bytes());
        self.length_at = bytes.len();
        bytes.extend([0; 2]);
        self.made.count = self.made.count.saturating_add(1);
    }

    /// The record's data are complete.
    fn close(&mut self) {
        let length = (self.made.bytes.len() - self.length_at - 2) as u16;
        if let Some(place) = self.made.bytes.get_mut(self.length_at..self.length_at + 2) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::Name;
    use crate::zones::{Content, Dataset, File, Format, Options, Served, load};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn served() -> Served {
        let text = "$SOA 60 ns.list.test mail.test 7 1 2 3 4\n$NS 60 ns.list.test other.test\n\
            $DATASET dnset @\n.bad :2:$ is bad\n$DATASET generic @\nns A 192.0.2.1\n";
        let content = Content::Bytes(text.into());
        let file = File { name: "list".into(), changed: 5, content };
        let options = Options::new(0, crate::limits::Limits::default());
        let dataset = Dataset::new(Format::Combined, vec![file]);
        let (zone, _) = load(&Name::new("list.test").unwrap(), &[dataset], &options).unwrap();
        Served::new(vec![Arc::new(zone)])
    }

    proptest! {
        #[test]
        fn an_answer_is_never_longer_than_the_asker_takes(
            name in prop_oneof![
                Just(b"\x03bad\x04list\x04test\0".to_vec()),
                Just(b"\x04list\x04test\0".to_vec()),
                proptest::collection::vec(any::<u8>(), 0..40),
            ],
            head in proptest::collection::vec(any::<u8>(), 12),
            kind in prop_oneof![Just(1u8), Just(2), Just(6), Just(16), Just(255), any::<u8>()],
            behind in proptest::collection::vec(any::<u8>(), 0..40),
            is_plain in any::<bool>(),
        ) {
            let mut packet = head;
            if is_plain {
                packet[2..12].copy_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
            }
            packet.extend(name);
            packet.extend([0, kind, 0, 1]);
            packet.extend(behind);
            let mut answer = Vec::new();
            if served().answer(&packet, Room::Packet, 0, &mut answer) {
                prop_assert!(answer.len() <= LARGEST);
                prop_assert_eq!(&answer[..2], &packet[..2]);
                prop_assert_eq!(answer[2] & ANSWER, ANSWER);
            }
            if served().answer(&packet, Room::Stream, 0, &mut answer) {
                prop_assert!(answer.len() <= usize::from(u16::MAX));
            }
        }
    }
}
