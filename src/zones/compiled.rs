//! Zones as files that are mapped: a restart takes milliseconds, and memory that is not touched
//! is not used.
//!
//! A file begins with a mark, the version of its form, a checksum of all behind that, its length
//! and where its head is; then come the tables, the very bytes that a zone has in memory, then the
//! head, which says where each is. A file
//! that is torn, of another version or of something else is refused; then the list itself is read
//! again. Files are written under another name, synced and renamed.

use super::formats::VARIABLES;
use super::mapped::Mapped;
use super::table::blob::{Builder, Pack, Unpack};
use super::table::{names, ranges, values};
use super::zone::{Body, Head, Held, Part, Start, Table, Zone};
use crate::dns::Name;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// What a file begins with: not text, and damaged by whoever takes it for text.
const MARK: [u8; 8] = *b"\x89mpzone\n";
/// Of the form of all that follows.
const VERSION: u32 = 1;
/// Bytes of mark, version, checksum, length and the head's place.
pub const PRELUDE: usize = 8 + 4 + 4 + 8 + 8;

/// Why a file is not used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// It is something else, or was written by another version.
    #[error("not a compiled zone of this version: the list is read again")]
    Foreign,
    /// It is not as it was written.
    #[error("damaged or cut: the list is read again")]
    Damaged,
}

impl Zone {
    /// Puts a zone together from what was read, the tables in `blob` behind a [`PRELUDE`].
    pub(super) fn of_parts(
        head: Head,
        tables: Vec<Table>,
        parts: Vec<Part>,
        blob: Builder,
    ) -> Zone {
        let mut pack = Pack::default();
        pack_zone(&head, &tables, &parts, &mut pack);
        let mut bytes = blob.finish();
        let head_at = bytes.len() as u64;
        bytes.extend(pack.finish());
        bytes.shrink_to_fit();
        let length = bytes.len() as u64;
        let mut fill = |at: usize, value: &[u8]| {
            if let Some(place) = bytes.get_mut(at..at + value.len()) {
                place.copy_from_slice(value);
            }
        };
        fill(0, &MARK);
        fill(8, &VERSION.to_le_bytes());
        fill(16, &length.to_le_bytes());
        fill(24, &head_at.to_le_bytes());
        let sum = checksum(&bytes).to_le_bytes();
        if let Some(place) = bytes.get_mut(12..16) {
            place.copy_from_slice(&sum);
        }
        Zone::new(head, tables, parts, Held::Memory(bytes))
    }

    /// Writes it to `path`, whole or not at all.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{}.new", std::process::id()));
        let beside = Path::new(&beside);
        let written = File::create(beside).and_then(|mut file| {
            file.write_all(&self.bytes)?;
            file.sync_all()
        });
        let renamed = written.and_then(|()| std::fs::rename(beside, path));
        if renamed.is_err() {
            let _ = std::fs::remove_file(beside);
        }
        renamed?;
        // So that the name survives a crash as well.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }

    /// Maps what [`Zone::save`] wrote. Whether it is as it was written is seen by reading it once
    /// beside the map: pages that nobody has asked for take no memory then.
    pub fn open(path: &Path) -> Result<Zone, Unusable> {
        let mut file = File::open(path)?;
        let sum = checksum_of(&mut file)?;
        Zone::from_held(Held::Mapped(Mapped::new(&file)?), Some(sum))
    }

    /// Reads what [`Zone::save`] writes, from memory.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Zone, Unusable> {
        Zone::from_held(Held::Memory(bytes), None)
    }

    /// `read` is the checksum, if it is known.
    fn from_held(held: Held, read: Option<u32>) -> Result<Zone, Unusable> {
        let all: &[u8] = &held;
        let rest = all.strip_prefix(&MARK).ok_or(Unusable::Foreign)?;
        let (version, rest) = rest.split_first_chunk::<4>().ok_or(Unusable::Damaged)?;
        if u32::from_le_bytes(*version) != VERSION {
            return Err(Unusable::Foreign);
        }
        let (sum, rest) = rest.split_first_chunk::<4>().ok_or(Unusable::Damaged)?;
        let mut numbers = Unpack::new(rest);
        let length = numbers.number().filter(|&length| length == all.len() as u64);
        let head_at = length.and_then(|_| numbers.small::<usize>()).ok_or(Unusable::Damaged)?;
        if read.unwrap_or_else(|| checksum(all)) != u32::from_le_bytes(*sum) {
            return Err(Unusable::Damaged);
        }
        let packed = all.get(head_at..).ok_or(Unusable::Damaged)?;
        let unpacked = unpack_zone(&mut Unpack::new(packed)).ok_or(Unusable::Damaged)?;
        let (head, tables, parts) = unpacked;
        Ok(Zone::new(head, tables, parts, held))
    }
}

/// Of all behind itself.
fn checksum(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes.get(16..).unwrap_or_default())
}

/// The same of a file, read in pieces.
fn checksum_of(file: &mut File) -> io::Result<u32> {
    let mut hasher = crc32fast::Hasher::new();
    let mut piece = vec![0; 1 << 16];
    file.seek(SeekFrom::Start(16))?;
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finalize()),
            length => hasher.update(piece.get(..length).unwrap_or_default()),
        }
    }
}

fn pack_zone(head: &Head, tables: &[Table], parts: &[Part], pack: &mut Pack) {
    pack.string(head.name.as_bytes());
    pack.number(u64::from(head.start.is_some()));
    if let Some(start) = &head.start {
        pack.string(&start.server);
        pack.string(&start.mailbox);
        for number in [start.ttl, start.serial].into_iter().chain(start.times) {
            pack.number(u64::from(number));
        }
    }
    pack.number(head.servers.len() as u64);
    head.servers.iter().for_each(|server| pack.string(server));
    pack.number(u64::from(head.servers_ttl));
    pack.number(head.changed as u64);
    pack.maybe(head.expires.map(|expires| expires as u64));
    pack.number(tables.len() as u64);
    tables.iter().for_each(|table| pack_table(table, pack));
    pack.number(parts.len() as u64);
    for part in parts {
        match part {
            Part::Tables(tables) => {
                pack.number(0);
                pack_numbers(tables, pack);
            }
            Part::Below(below) => {
                pack.number(1);
                pack.number(below.len() as u64);
                for (name, tables) in below {
                    pack.string(name);
                    pack_numbers(tables, pack);
                }
            }
        }
    }
}

fn pack_numbers(numbers: &[usize], pack: &mut Pack) {
    pack.number(numbers.len() as u64);
    numbers.iter().for_each(|&number| pack.number(number as u64));
}

fn pack_table(table: &Table, pack: &mut Pack) {
    pack.number(u64::from(table.ttl));
    for variable in &table.variables {
        pack.number(u64::from(variable.is_some()));
        pack.string(variable.as_deref().unwrap_or_default());
    }
    table.values.pack(pack);
    pack.number(table.entries);
    match &table.body {
        Body::V4(plan) => {
            pack.number(0);
            plan.pack(pack);
        }
        Body::V6(plan) => {
            pack.number(1);
            plan.pack(pack);
        }
        Body::Names(plan) => {
            pack.number(2);
            plan.pack(pack);
        }
        Body::Records(plan) => {
            pack.number(3);
            plan.pack(pack);
        }
    }
}

fn unpack_zone(from: &mut Unpack<'_>) -> Option<(Head, Vec<Table>, Vec<Part>)> {
    let name = Name::new(from.string()?)?;
    let start = match from.number()? {
        0 => None,
        _ => Some(unpack_start(from)?),
    };
    let servers = (0..from.count()?).map(|_| from.string().map(<[u8]>::to_vec));
    let servers = servers.collect::<Option<_>>()?;
    let servers_ttl = from.small()?;
    let changed = from.number()? as i64;
    let expires = from.maybe()?.map(|expires| expires as i64);
    let head = Head { name, start, servers, servers_ttl, changed, expires };
    let tables = (0..from.count()?).map(|_| unpack_table(from)).collect::<Option<_>>()?;
    let parts = (0..from.count()?).map(|_| unpack_part(from)).collect::<Option<_>>()?;
    from.is_empty().then_some((head, tables, parts))
}

fn unpack_start(from: &mut Unpack<'_>) -> Option<Start> {
    let server = from.string()?.to_vec();
    let mailbox = from.string()?.to_vec();
    let (ttl, serial) = (from.small()?, from.small()?);
    let times = [from.small()?, from.small()?, from.small()?, from.small()?];
    Some(Start { ttl, server, mailbox, serial, times })
}

fn unpack_table(from: &mut Unpack<'_>) -> Option<Table> {
    let ttl = from.small()?;
    let mut variables: [Option<Box<[u8]>>; VARIABLES] = Default::default();
    for variable in &mut variables {
        let is_some = from.number()? != 0;
        let text = from.string()?;
        *variable = is_some.then(|| text.into());
    }
    let values = values::Plan::unpack(from)?;
    let entries = from.number()?;
    let body = match from.number()? {
        0 => Body::V4(ranges::Plan::unpack(from)?),
        1 => Body::V6(ranges::Plan6::unpack(from)?),
        2 => Body::Names(names::Plan::unpack(from)?),
        3 => Body::Records(names::Plan::unpack(from)?),
        _ => return None,
    };
    Some(Table { ttl, variables, values, entries, body })
}

fn unpack_part(from: &mut Unpack<'_>) -> Option<Part> {
    match from.number()? {
        0 => Some(Part::Tables(unpack_numbers(from)?)),
        1 => {
            let below = (0..from.count()?)
                .map(|_| Some((from.string()?.to_vec(), unpack_numbers(from)?)))
                .collect::<Option<_>>()?;
            Some(Part::Below(below))
        }
        _ => None,
    }
}

fn unpack_numbers(from: &mut Unpack<'_>) -> Option<Vec<usize>> {
    (0..from.count()?).map(|_| from.small()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Content, Dataset, File as Source, Format, Options, load};
    use super::*;
    use crate::dns::{Kind, Question};
    use crate::limits::Limits;
    use proptest::prelude::*;

    fn zone() -> Zone {
        let text = "$SOA 60 ns.test mail.test 7 1 2 3 4\n$NS 60 ns.test\n$1 one\n\
            $DATASET ip4trie a @\n:2:$ $1\n10.0.0.0/8\n!10.1.1.1\n\
            $DATASET ip6trie @\n2001:db8::/32 six\n!2001:db8::5\n\
            $DATASET dnset @\n.bad.test\n$DATASET generic @\nwww A 1.2.3.4\n";
        let content = Content::Bytes(text.into());
        let file = Source { name: "list".into(), changed: 5, content };
        let dataset = Dataset::new(Format::Combined, vec![file]);
        let options = Options::new(0, Limits::default());
        let (zone, facts) = load(&Name::new("bl.test").unwrap(), &[dataset], &options).unwrap();
        assert_eq!((facts.bad, facts.entries, zone.records()), (0, 6, 6));
        zone
    }

    fn answers(zone: &Zone) -> Vec<String> {
        let names = [
            "2.0.0.10.bl.test",
            "1.1.1.10.bl.test",
            "2.0.0.10.a.bl.test",
            "x.bad.test.bl.test",
            "www.bl.test",
            "bl.test",
            "other.bl.test",
        ];
        let six = format!("{}.8.b.d.0.1.0.0.2.bl.test", vec!["0"; 24].join("."));
        let names = names.into_iter().chain([six.as_str()]);
        names
            .map(|name| {
                let question = Question::new(Name::new(name).unwrap(), Kind::ANY);
                format!("{:?}", zone.answer(&question, 0))
            })
            .collect()
    }

    #[test]
    fn a_zone_comes_back_as_it_was() {
        let path = std::env::temp_dir().join(format!("mailprint-zone-{}", std::process::id()));
        let zone = zone();
        zone.save(&path).unwrap();
        let mapped = Zone::open(&path).unwrap();
        let read = Zone::from_bytes(std::fs::read(&path).unwrap()).unwrap();
        std::fs::remove_file(&path).unwrap();
        for other in [&mapped, &read] {
            assert_eq!(answers(other), answers(&zone));
            assert_eq!((other.serial(), other.records(), other.changed()), (Some(7), 6, 5));
        }
        assert!(answers(&zone)[0].contains("127.0.0.2"));
    }

    #[test]
    fn torn_and_foreign_files_are_refused() {
        let whole = zone().bytes.to_vec();
        for end in [0, 5, 8, 11, 31, 40, whole.len() - 1] {
            assert!(Zone::from_bytes(whole[..end].to_vec()).is_err(), "{end}");
        }
        assert!(Zone::from_bytes([&whole[..], b"x"].concat()).is_err());
        for at in [0, 9, 13, 17, 25, 33, whole.len() / 2, whole.len() - 1] {
            let mut other = whole.clone();
            other[at] ^= 1;
            assert!(Zone::from_bytes(other).is_err(), "{at}");
        }
    }

    proptest! {
        #[test]
        fn what_only_looks_right_does_no_harm(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
            let mut bytes = zone().bytes.to_vec();
            for (at, byte) in changes {
                let at = 24 + at.index(bytes.len() - 24);
                bytes[at] = byte;
            }
            let sum = checksum(&bytes).to_le_bytes();
            bytes[12..16].copy_from_slice(&sum);
            if let Ok(zone) = Zone::from_bytes(bytes) {
                answers(&zone);
            }
        }
    }
}
