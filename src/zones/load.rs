//! From files to a zone.

use super::compiled::PRELUDE;
use super::formats::{Fault, LISTED, Written, begins_remark, special, trim};
use super::lines::{self, Line};
use super::table::blob::Builder;
use super::zone::{Head, Part};
use super::{Format, Zone};
use crate::dns::Name;
use crate::limits::Limits;
use std::fmt;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

/// Files of one format that are read as if they were one.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// How their lines are read.
    pub format: Format,
    /// The files, in their order.
    pub files: Vec<File>,
    /// What an entry without a value of its own says.
    pub value: (Ipv4Addr, Vec<u8>),
}

/// One file of a list.
#[derive(Clone, Debug)]
pub struct File {
    /// What complaints call it.
    pub name: String,
    /// When it was changed, in seconds since 1970: a serial of 0 in `$SOA` stands for it.
    pub changed: i64,
    /// Where its bytes are. Compressed with gzip, they are inflated.
    pub content: Content,
}

/// A file's bytes.
#[derive(Clone, Debug)]
pub enum Content {
    /// On disk; read in pieces.
    Path(PathBuf),
    /// In memory.
    Bytes(Vec<u8>),
}

/// How files are read, whatever their format.
#[derive(Clone, Debug)]
pub struct Options {
    /// Seconds since 1970; what `$TIMESTAMP` is compared with.
    pub now: i64,
    /// Bits of an IPv6 network that a single address without a length stands for, in formats
    /// other than rbldnsd's.
    pub v6_bits: u8,
    /// Lines in a thousand that may be bad before a load is refused.
    pub bad_share: u32,
    /// Bounds.
    pub limits: Limits,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Lines that say something.
    pub lines: u64,
    /// Entries, exclusions included, as written.
    pub entries: u64,
    /// Lines that say nothing that can be understood.
    pub bad: u64,
    /// The first of those.
    pub complaints: Vec<Complaint>,
}

/// A line that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// What is wrong.
    pub what: String,
}

/// Why there is no zone.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("{file}: {error}")]
    Unreadable {
        /// Which.
        file: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// Too many lines say nothing.
    #[error("{bad} of {lines} lines are bad; the first: {first}")]
    Bad {
        /// How many.
        bad: u64,
        /// Of how many.
        lines: u64,
        /// The first.
        first: String,
    },
    /// A line without which the rest has no meaning.
    #[error("{0}")]
    Refused(String),
}

/// Complaints that are kept.
const FEW: usize = 5;

/// Reads the files of the zone called `name`.
pub fn load(name: &Name, datasets: &[Dataset], options: &Options) -> Result<(Zone, Facts), Error> {
    let mut facts = Facts::default();
    let mut blob = Builder::behind(PRELUDE);
    let (mut tables, mut parts) = (Vec::new(), Vec::new());
    let mut head = Head {
        name: name.clone(),
        start: None,
        servers: Vec::new(),
        servers_ttl: 0,
        changed: 0,
        expires: None,
    };
    for dataset in datasets {
        let written = read(dataset, options, &mut facts)?;
        let newest = dataset.files.iter().map(|file| file.changed).max();
        head.changed = head.changed.max(newest.unwrap_or_default());
        head.expires = [head.expires, written.expires].into_iter().flatten().min();
        head.start = head.start.or(written.start);
        if head.servers.is_empty() {
            (head.servers, head.servers_ttl) = (written.servers, written.servers_ttl);
        }
        // Where the tables of each of its datasets are.
        let mut places = Vec::with_capacity(written.drafts.len());
        for draft in written.drafts {
            let first = tables.len();
            tables.extend(draft.build(&mut blob).map_err(|fault| refusal(dataset, fault))?);
            places.push((first..tables.len()).collect::<Vec<_>>());
        }
        parts.push(if dataset.format == Format::Combined {
            let place = |at: usize| places.get(at).cloned().unwrap_or_default();
            let below = written.below.into_iter();
            let mut below: Vec<_> = below
                .map(|(name, datasets)| (name, datasets.into_iter().flat_map(place).collect()))
                .collect();
            below.sort();
            Part::Below(below)
        } else {
            Part::Tables(places.concat())
        });
    }
    facts.entries = tables.iter().map(|table| table.entries).sum();
    refuse_bad(&facts, options)?;
    Ok((Zone::of_parts(head, tables, parts, blob), facts))
}

/// Reads the files of a dataset.
fn read(dataset: &Dataset, options: &Options, facts: &mut Facts) -> Result<Written, Error> {
    let limits = &options.limits;
    let default = dataset.value.clone();
    let mut written = Written::new(dataset.format, default, options.v6_bits, options.now, limits);
    for file in &dataset.files {
        written.begin_file();
        let mut number = 0;
        let mut after_special = false;
        let mut refusal = None;
        let take = |line: Line<'_>| {
            number += 1;
            let outcome = match line {
                Line::Whole(line) => one(line, &mut written, &mut after_special, facts),
                Line::TooLong => {
                    facts.lines += 1;
                    Err(Fault::Line("a line longer than limits.zone_line"))
                }
            };
            match outcome {
                Ok(()) => {}
                Err(Fault::Line(what)) => facts.complain(&file.name, number, what),
                Err(Fault::Load(what)) => refusal = Some(format!("{}:{number}: {what}", file.name)),
            }
            refusal.is_none()
        };
        let read = lines::each(&file.content, limits.zone_line, limits.zone_file, take);
        read.map_err(|error| Error::Unreadable { file: file.name.clone(), error })?;
        if let Some(refusal) = refusal {
            return Err(Error::Refused(refusal));
        }
    }
    Ok(written)
}

/// Reads a line.
fn one(
    line: &[u8],
    written: &mut Written,
    after_special: &mut bool,
    facts: &mut Facts,
) -> Result<(), Fault> {
    // Some lists are written on Windows.
    let line = trim(line.strip_suffix(b"\r").unwrap_or(line));
    if let Some(rest) = special(line) {
        facts.lines += 1;
        *after_special = true;
        return written.special(rest);
    }
    match line.first() {
        None => Ok(()),
        Some(&byte) if begins_remark(byte) => Ok(()),
        Some(_) => {
            facts.lines += 1;
            written.line(line, *after_special)
        }
    }
}

fn refuse_bad(facts: &Facts, options: &Options) -> Result<(), Error> {
    let is_too_many = facts.bad * 1000 > facts.lines * u64::from(options.bad_share);
    match facts.complaints.first().filter(|_| is_too_many) {
        Some(first) => {
            Err(Error::Bad { bad: facts.bad, lines: facts.lines, first: first.to_string() })
        }
        None => Ok(()),
    }
}

fn refusal(dataset: &Dataset, fault: Fault) -> Error {
    let file = dataset.files.first().map_or("", |file| &file.name);
    let what = match fault {
        Fault::Line(what) => what.to_owned(),
        Fault::Load(what) => what,
    };
    Error::Refused(format!("{file}: {what}"))
}

impl Facts {
    fn complain(&mut self, file: &str, line: u64, what: &str) {
        self.bad += 1;
        if self.complaints.len() < FEW {
            self.complaints.push(Complaint { file: file.to_owned(), line, what: what.to_owned() });
        }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

impl Dataset {
    /// Files of one format; entries that say nothing of it are listed as 127.0.0.2, without a text.
    pub fn new(format: Format, files: Vec<File>) -> Dataset {
        Dataset { format, files, value: (LISTED, Vec::new()) }
    }
}

impl File {
    /// A file on disk.
    pub fn on_disk(path: &Path) -> std::io::Result<File> {
        let changed = nix::sys::stat::stat(path)?.st_mtime;
        let content = Content::Path(path.to_owned());
        Ok(File { name: path.display().to_string(), changed, content })
    }
}

impl Options {
    /// What is usual: single IPv6 addresses stand for their /64, a load with more than five bad
    /// lines in a hundred is refused.
    pub fn new(now: i64, limits: Limits) -> Options {
        Options { now, v6_bits: 64, bad_share: 50, limits }
    }
}
