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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::IpAddr;

    fn read_with(
        format: Format,
        text: &str,
        change: impl FnOnce(&mut Options),
    ) -> Result<(Zone, Facts), Error> {
        let content = Content::Bytes(text.into());
        let file = File { name: "list".to_owned(), changed: 1000, content };
        let mut options = Options::new(1_000_000_000, Limits::default());
        change(&mut options);
        load(&Name::new("bl.test").unwrap(), &[Dataset::new(format, vec![file])], &options)
    }

    fn zone(format: Format, text: &str) -> Zone {
        read_with(format, text, |_| {}).unwrap().0
    }

    /// What is said of an address or a name.
    fn says(zone: &Zone, what: &str) -> Vec<String> {
        let hits: Vec<_> = match what.parse::<IpAddr>() {
            Ok(address) => zone.lookup_ip(address).collect(),
            Err(_) => zone.lookup_name(what.as_bytes()).collect(),
        };
        let values = hits.iter().flat_map(|hit| hit.values().map(move |value| (hit, value)));
        let texts = values.map(|(hit, value)| {
            format!("{} {}", value.address, String::from_utf8_lossy(&hit.text(value)))
        });
        texts.map(|text| text.trim_end().to_owned()).collect()
    }

    #[test]
    fn lists_of_networks_have_both_families() {
        let text = "# remark\n192.0.2.1\n198.51.100.0/24 ; why\r\n203.0.113.5-203.0.113.9\t12\n\
            10.0.0.7/8\n2001:db8::1\n2001:db8:1::/48,x\n\n10.1\nrubbish\n";
        let (zone, facts) =
            read_with(Format::Networks, text, |options| options.bad_share = 999).unwrap();
        assert_eq!((facts.lines, facts.bad, facts.entries), (8, 2, 8), "a range is three networks");
        let lines: Vec<u64> = facts.complaints.iter().map(|complaint| complaint.line).collect();
        assert_eq!(lines, [9, 10]);
        let listed = [
            "192.0.2.1",
            "198.51.100.255",
            "203.0.113.5",
            "203.0.113.9",
            "10.255.0.1",
            "2001:db8::ffff:1",
            "2001:db8:1:ffff::",
            "::ffff:192.0.2.1",
        ];
        for address in listed {
            assert_eq!(says(&zone, address), ["127.0.0.2"], "{address}");
        }
        for address in ["192.0.2.2", "203.0.113.4", "203.0.113.10", "11.0.0.0", "2001:db8:0:1::"] {
            assert!(says(&zone, address).is_empty(), "{address}");
        }
        let (narrow, _) = read_with(Format::Networks, "2001:db8::1", |o| o.v6_bits = 128).unwrap();
        assert!(
            says(&narrow, "2001:db8::2").is_empty() && !says(&narrow, "2001:db8::1").is_empty()
        );
    }

    #[test]
    fn hosts_files_list_names_and_domain_lists_what_is_below_too() {
        let text = "127.0.0.1 localhost\n0.0.0.0 Bad.Example also-bad.example # why\n::1 ip6-localhost\n\
            0.0.0.0 0.0.0.0\n";
        let hosts = zone(Format::Hosts, text);
        assert_eq!(hosts.records(), 2);
        assert_eq!(says(&hosts, "bad.EXAMPLE."), ["127.0.0.2"]);
        assert!(says(&hosts, "www.bad.example").is_empty() && says(&hosts, "localhost").is_empty());
        let domains = zone(Format::Domains, "bad.example\n*.worse.example\n.worst.example ; why\n");
        for name in ["bad.example", "a.b.bad.example", "worse.example", "x.worst.example"] {
            assert_eq!(says(&domains, name), ["127.0.0.2"], "{name}");
        }
        assert!(
            says(&domains, "example").is_empty() && says(&domains, "notbad.example").is_empty()
        );
        for (format, text) in [
            (Format::Hosts, "bad.example\n"),
            (Format::Hosts, "0.0.0.0\n"),
            (Format::Domains, "bad example\u{e9}\n"),
            (Format::Domains, "a/b\n"),
        ] {
            assert!(matches!(read_with(format, text, |_| {}), Err(Error::Bad { .. })), "{text}");
        }
    }

    #[test]
    fn drop_comes_as_text_and_as_json() {
        let text = "; Spamhaus DROP List\n1.10.16.0/20 ; SBL256894\n2a06:e480::/29 ; SBL301771\n";
        let json = "{\"cidr\":\"1.10.16.0/20\",\"sblid\":\"SBL256894\",\"rir\":\"apnic\"}\n\
            {\"cidr\":\"2a06:e480::/29\",\"sblid\":\"SBL301771\"}\n\
            {\"type\":\"metadata\",\"records\":2,\"copyright\":\"(c)\"}\n";
        for (format, text) in [(Format::Drop, text), (Format::DropJson, json)] {
            let zone = zone(format, text);
            assert_eq!(says(&zone, "1.10.31.255"), ["127.0.0.2 SBL256894"]);
            assert_eq!(says(&zone, "2a06:e480::1"), ["127.0.0.2 SBL301771"]);
            assert!(says(&zone, "1.10.32.0").is_empty());
        }
        let cut = json.replacen("\"records\":2", "\"records\":3", 1);
        assert!(matches!(read_with(Format::DropJson, &cut, |_| {}), Err(Error::Refused(_))));
        let asn = "{\"asn\":1234,\"rir\":\"ripe\"}\n";
        assert!(matches!(read_with(Format::DropJson, asn, |_| {}), Err(Error::Bad { .. })));
    }

    #[test]
    fn data_from_tomorrow_are_refused_and_old_ones_expire() {
        let ahead = "$TIMESTAMP 2030:01:01\n.bad.test\n";
        assert!(matches!(read_with(Format::Dnset, ahead, |_| {}), Err(Error::Refused(_))));
        let zone = zone(Format::Dnset, "$TIMESTAMP 2001:01:01 +1d\n.bad.test\n");
        assert_eq!(zone.expires(), Some(978_393_600));
        let question =
            crate::dns::Question::new(Name::new("bad.test.bl.test").unwrap(), crate::dns::Kind::A);
        assert_eq!(zone.answer(&question, 978_393_600).code, 0);
        assert_eq!(zone.answer(&question, 978_393_601).code, 2);
    }

    #[test]
    fn a_load_with_too_many_bad_lines_is_refused() {
        let text = |bad: usize| "good.test\n".repeat(100 - bad) + &"!\n".repeat(bad);
        let (_, facts) = read_with(Format::Dnset, &text(5), |_| {}).unwrap();
        assert_eq!((facts.bad, facts.complaints.len()), (5, 5));
        let error = read_with(Format::Dnset, &text(6), |_| {}).unwrap_err().to_string();
        assert_eq!(error, "6 of 100 lines are bad; the first: list:95: no domain name");
    }

    #[test]
    fn limit_zone_entries() {
        let most = |options: &mut Options| options.limits.zone_entries = 3;
        assert!(read_with(Format::Dnset, "a\nb\n", most).is_ok());
        assert!(read_with(Format::Dnset, "a\nb\nc\n", most).is_ok());
        assert!(matches!(read_with(Format::Dnset, "a\nb\nc\nd\n", most), Err(Error::Refused(_))));
    }

    #[test]
    fn limit_zone_values() {
        // Each value takes four bytes of address, one of length and its text.
        let most = |options: &mut Options| options.limits.zone_values = 12;
        assert!(read_with(Format::Dnset, "a :2:x\nb :2:x\n", most).is_ok());
        assert!(read_with(Format::Dnset, "a :2:x\nb :2:y\n", most).is_ok());
        let text = "a :2:x\nb :2:yz\n";
        assert!(matches!(read_with(Format::Dnset, text, most), Err(Error::Refused(_))));
        // Several values of one entry are one more.
        let text = "1.2.3.4 :2:x\n1.2.3.4 :2:y\n";
        assert!(matches!(read_with(Format::Ip4Set, text, most), Err(Error::Refused(_))));
    }

    #[test]
    fn limit_zone_entry_values() {
        let text = "a :2\na :3\na :4\n1.2.3.4 :2\n";
        for (most, expected) in [(4, 3), (3, 3), (2, 2)] {
            let zone =
                read_with(Format::Dnset, text, |o| o.limits.zone_entry_values = most).unwrap();
            assert_eq!(says(&zone.0, "a").len(), expected);
            let text = "1.2.3.4 :2\n1.2.3.4 :3\n1.2.3.4-5 :4\n";
            let zone =
                read_with(Format::Ip4Set, text, |o| o.limits.zone_entry_values = most).unwrap();
            assert_eq!(says(&zone.0, "1.2.3.4").len(), expected);
        }
    }

    #[test]
    fn limit_zone_datasets() {
        let most = |options: &mut Options| options.limits.zone_datasets = 2;
        let text = |count: usize| "$DATASET dnset @\na\n".repeat(count);
        assert!(read_with(Format::Combined, &text(1), most).is_ok());
        assert!(read_with(Format::Combined, &text(2), most).is_ok());
        assert!(matches!(read_with(Format::Combined, &text(3), most), Err(Error::Refused(_))));
    }

    #[test]
    fn limit_zone_line_is_told_of() {
        let long = |length: usize| format!("a :2:{}\nb\n", "x".repeat(length - 5));
        let read = |length: usize| {
            read_with(Format::Dnset, &long(length), |options| {
                options.limits.zone_line = 300;
                options.bad_share = 999;
            })
        };
        assert_eq!(read(300).unwrap().1.bad, 0);
        let (zone, facts) = read(301).unwrap();
        assert_eq!((facts.bad, facts.complaints[0].line, zone.records()), (1, 1, 1));
    }

    proptest! {
        #[test]
        fn whatever_a_file_says_it_is_read_or_refused(
            lines in proptest::collection::vec(
                prop_oneof![
                    "[$!:.*@#;0-9a-f/ -]{0,20}",
                    "(\\$(SOA|NS|TTL|DATASET|MAXRANGE4|TIMESTAMP|[0-9=])) [a-z0-9 .:@+/-]{0,30}",
                    "[0-9.]{1,12}[-/][0-9.]{0,12} (:[0-9.]{0,5}(:.{0,8})?)?",
                    ".{0,30}",
                ],
                0..40,
            ),
            format in 0..Format::ALL.len(),
        ) {
            let (_, format) = Format::ALL[format];
            if let Ok((zone, _)) = read_with(format, &lines.join("\n"), |o| o.bad_share = 1000) {
                for what in ["1.2.3.4", "::1", "a.b", ""] {
                    says(&zone, what);
                }
                for kind in [crate::dns::Kind::ANY, crate::dns::Kind::NS] {
                    for name in ["bl.test", "a.bl.test", "4.3.2.1.bl.test"] {
                        let name = Name::new(name).unwrap();
                        zone.answer(&crate::dns::Question::new(name, kind), 0);
                    }
                }
            }
        }
    }
}
