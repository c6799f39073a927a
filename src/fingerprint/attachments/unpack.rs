//! Archives: what is in them, within what one message may cost.
//!
//! In: the bytes of a file. Out: its members, unpacked. Read are zip (deflated and stored
//! members), gzip, zlib streams and tar. Members that are encrypted, or packed in another way,
//! are told by name only: bzip2, xz, 7-Zip and RAR are not unpacked.
//! Limits: `archive_members`, `archive_bytes`, `archive_ratio`.

use crate::limits::{Limit, Limits, Reached};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use std::io::{Cursor, Read};

/// What all archives and documents of one message may still cost.
#[derive(Debug)]
pub struct Budget {
    members: usize,
    bytes: usize,
    ratio: usize,
    /// The limits that were met.
    pub reached: Reached,
}

/// A member of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Its name in the archive.
    pub name: String,
    /// Its content; empty if it is encrypted.
    pub bytes: Vec<u8>,
    /// CRC-32 and size of the content of an encrypted member, where they are told.
    pub sealed: Option<(u32, u64)>,
}

/// Archives that are unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// PKZIP.
    Zip,
    /// RFC 1952.
    Gzip,
    /// POSIX ustar and its forebears.
    Tar,
}

/// What ratio does not count for: short members are packed well by chance.
const FREE: usize = 64 * 1024;

impl Budget {
    /// For one message.
    pub fn new(limits: &Limits) -> Budget {
        Budget {
            members: limits.archive_members,
            bytes: limits.archive_bytes,
            ratio: limits.archive_ratio,
            reached: Reached::default(),
        }
    }

    /// Takes one member; false if there may be no more.
    fn member(&mut self) -> bool {
        let may = self.members > 0;
        match may {
            true => self.members -= 1,
            false => self.reached.note(Limit::ArchiveMembers),
        }
        may
    }

    /// Reads what `packed` bytes hold, as far as the limits allow.
    fn read(&mut self, reader: impl Read, packed: usize) -> Vec<u8> {
        let by_ratio = packed.saturating_mul(self.ratio).max(FREE);
        let most = by_ratio.min(self.bytes);
        let mut out = Vec::new();
        // A broken stream gives what is before the break.
        let _ = reader.take(most as u64 + 1).read_to_end(&mut out);
        if out.len() > most {
            out.truncate(most);
            let limit = match most == self.bytes {
                true => Limit::ArchiveBytes,
                false => Limit::ArchiveRatio,
            };
            self.reached.note(limit);
        }
        self.bytes -= out.len();
        out
    }

    /// A zlib stream (RFC 1950) inflated, as far as it goes.
    pub fn inflate(&mut self, packed: &[u8]) -> Vec<u8> {
        self.read(ZlibDecoder::new(packed), packed.len())
    }
}

impl Format {
    /// The archive that `bytes` are.
    pub fn of(bytes: &[u8]) -> Option<Format> {
        match bytes {
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Format::Zip),
            [0x1f, 0x8b, 8, ..] => Some(Format::Gzip),
            _ if bytes.get(257..262) == Some(b"ustar") => Some(Format::Tar),
            _ => None,
        }
    }

    /// The members of the archive `bytes`; folders and empty ones left out.
    pub fn unpack(self, bytes: &[u8], name: &str, budget: &mut Budget) -> Vec<Member> {
        match self {
            Format::Zip => zip_members(bytes, budget),
            Format::Tar => tar_members(bytes, budget),
            Format::Gzip if budget.member() => {
                let unpacked = budget.read(MultiGzDecoder::new(bytes), bytes.len());
                let name = name.strip_suffix(".gz").unwrap_or(name).to_owned();
                vec![Member { name, bytes: unpacked, sealed: None }]
            }
            Format::Gzip => Vec::new(),
        }
    }
}

fn zip_members(bytes: &[u8], budget: &mut Budget) -> Vec<Member> {
    let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes)) else { return Vec::new() };
    let mut out = Vec::new();
    for number in 0..archive.len() {
        let Some(mut member) = zip_head(&mut archive, number) else { continue };
        if !budget.member() {
            break;
        }
        if member.sealed.is_none()
            && let Ok(file) = archive.by_index(number)
        {
            let packed = usize::try_from(file.compressed_size()).unwrap_or(usize::MAX);
            member.bytes = budget.read(file, packed.min(bytes.len()));
        }
        if member.sealed.is_some() || !member.bytes.is_empty() {
            out.push(member);
        }
    }
    out
}

/// Name and, of an encrypted member, what is told of its content.
fn zip_head(archive: &mut zip::ZipArchive<Cursor<&[u8]>>, number: usize) -> Option<Member> {
    let file = archive.by_index_raw(number).ok()?;
    if file.is_dir() || file.size() == 0 {
        return None;
    }
    let name = String::from_utf8_lossy(file.name_raw()).into_owned();
    let sealed = file.encrypted().then(|| (file.crc32(), file.size()));
    Some(Member { name, bytes: Vec::new(), sealed })
}

fn tar_members(bytes: &[u8], budget: &mut Budget) -> Vec<Member> {
    const BLOCK: usize = 512;
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some((head, after)) = rest.split_at_checked(BLOCK) {
        let size = octal(head.get(124..136).unwrap_or_default());
        let is_file = matches!(head.get(156), Some(0 | b'0'));
        let Some(size) = size.filter(|_| head.first() != Some(&0)) else { break };
        let whole = size.div_ceil(BLOCK).saturating_mul(BLOCK);
        if is_file && size > 0 {
            if !budget.member() {
                break;
            }
            let name = head.get(..100).unwrap_or_default().split(|&b| b == 0).next();
            let name = String::from_utf8_lossy(name.unwrap_or_default()).into_owned();
            let content = after.get(..size.min(after.len())).unwrap_or_default();
            out.push(Member { name, bytes: budget.read(content, content.len()), sealed: None });
        }
        rest = after.get(whole.min(after.len())..).unwrap_or_default();
    }
    out
}

fn octal(field: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    usize::from_str_radix(text, 8).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use std::io::Write;
    use zip::write::SimpleFileOptions;

    /// A zip archive of `members`.
    pub fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in members {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    pub fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    }

    pub fn tarred(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, bytes) in members {
            let mut head = [0u8; 512];
            head[..name.len()].copy_from_slice(name.as_bytes());
            head[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
            head[156] = b'0';
            head[257..262].copy_from_slice(b"ustar");
            out.extend(head);
            out.extend(*bytes);
            out.resize(out.len().next_multiple_of(512), 0);
        }
        out.extend([0; 1024]);
        out
    }

    fn unpacked(bytes: &[u8], limits: &Limits) -> (Vec<Member>, Reached) {
        let mut budget = Budget::new(limits);
        let format = Format::of(bytes).unwrap();
        (format.unpack(bytes, "x.gz", &mut budget), budget.reached)
    }

    #[test]
    fn members_come_out_of_each_kind() {
        let members: [(&str, &[u8]); 2] = [("a.txt", b"hello"), ("b/c.txt", b"world")];
        for archive in [zipped(&members), tarred(&members)] {
            let (found, reached) = unpacked(&archive, &Limits::default());
            let found: Vec<_> = found
                .iter()
                .map(|member| (member.name.as_str(), member.bytes.as_slice()))
                .collect();
            assert_eq!(found, members);
            assert_eq!(reached, Reached::default());
        }
        let (found, _) = unpacked(&gzipped(b"hello"), &Limits::default());
        assert_eq!((found[0].name.as_str(), found[0].bytes.as_slice()), ("x", &b"hello"[..]));
    }

    #[test]
    fn limit_archive_members() {
        let members: [(&str, &[u8]); 3] = [("a", b"1"), ("b", b"2"), ("c", b"3")];
        for archive in [zipped(&members), tarred(&members)] {
            for (most, met) in [(2, true), (3, false), (4, false)] {
                let limits = Limits { archive_members: most, ..Limits::default() };
                let (found, reached) = unpacked(&archive, &limits);
                assert_eq!((found.len(), reached.has(Limit::ArchiveMembers)), (most.min(3), met));
            }
        }
    }

    #[test]
    fn limit_archive_bytes_and_archive_ratio() {
        let bomb = gzipped(&vec![0; 1 << 20]);
        let of = |bytes, ratio| {
            let limits = Limits { archive_bytes: bytes, archive_ratio: ratio, ..Limits::default() };
            let (found, reached) = unpacked(&bomb, &limits);
            (
                found[0].bytes.len(),
                reached.has(Limit::ArchiveBytes),
                reached.has(Limit::ArchiveRatio),
            )
        };
        assert_eq!(of(1 << 20, 10_000), (1 << 20, false, false));
        assert_eq!(of((1 << 20) - 1, 10_000), ((1 << 20) - 1, true, false));
        assert_eq!(of(1 << 21, 100), (bomb.len() * 100, false, true));
        assert_eq!(of(1 << 21, 1), (FREE, false, true));
    }

    proptest! {
        #[test]
        fn damaged_archives_never_panic(
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            cut in any::<prop::sample::Index>(),
        ) {
            let members: [(&str, &[u8]); 2] = [("a", b"hello hello hello"), ("b", b"world")];
            for mut archive in [zipped(&members), tarred(&members), gzipped(b"hello hello")] {
                let at = at.index(archive.len());
                archive[at] = byte;
                archive.truncate(cut.index(archive.len() + 1).max(3));
                if let Some(format) = Format::of(&archive) {
                    format.unpack(&archive, "", &mut Budget::new(&Limits::default()));
                }
            }
        }
    }
}
