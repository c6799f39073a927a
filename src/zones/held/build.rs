//! Making a table of a list's files, in this process or in one of its own.
//!
//! In: a [`Job`]. Out: the table in a file, and what is known of it. A process of its own takes
//! the memory that reading needs back with it, leaves the processors to whoever scans mail, and
//! has nothing to lose when a file breaks the reader. It is the same program, called
//! `zones build`, with the job on its standard input.

use super::guards::Known;
use super::refresh::Trouble;
use super::sketch::Sketching;
use crate::dns::Name;
use crate::fetch::FetchError;
use crate::limits::{Limits, TABLE};
use crate::zones::{self, Content, Dataset, File, Format, Options};
use std::io::{self, Read, Write};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Where tables are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builder {
    /// In this process.
    Here,
    /// In a process of its own, which runs this program.
    Program,
}

/// A table to be made.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Job {
    /// The list.
    pub name: String,
    /// Its files, in their order.
    pub parts: Vec<JobPart>,
    /// The listing code of formats that have none.
    pub listed_as: Ipv4Addr,
    /// How much of an IPv6 address is listed that stands without a length.
    pub v6_bits: u8,
    /// Bad lines of a thousand from which on a copy is refused.
    pub bad_share: u32,
    /// Seconds since 1970.
    pub now: i64,
    /// Where the table is put.
    pub table: PathBuf,
    /// The heights of all limits, in the order of their table.
    pub limits: Vec<usize>,
}

/// One file of a list.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct JobPart {
    /// The format's name.
    pub format: String,
    /// Where it lies.
    pub path: PathBuf,
    /// What complaints call it.
    pub source: String,
    /// When it was changed, in seconds since 1970.
    pub changed: i64,
}

/// What was made.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Built {
    /// What the next copy is compared with.
    pub known: Known,
    /// Lines that say something.
    pub lines: u64,
    /// Those of them that cannot be read.
    pub bad: u64,
    /// The first of them.
    pub complaint: Option<String>,
}

/// Why there is no table, as a process of its own says it.
#[derive(serde::Serialize, serde::Deserialize)]
enum Fault {
    /// The files will not do.
    Files(String),
    /// There is no room.
    Full,
    /// The system refuses a file.
    Disk(String),
}

/// The words by which this program makes a table.
const WORDS: [&str; 2] = ["zones", "build"];

/// The most bytes of a job, or of what came of it.
const MOST: u64 = 16 << 20;

impl Job {
    /// Makes the table.
    pub fn run(&self, builder: Builder) -> Result<Built, Trouble> {
        if builder == Builder::Program
            && let Ok(built) = self.in_process()
        {
            return built;
        }
        self.here()
    }

    fn here(&self) -> Result<Built, Trouble> {
        let disk = |why| Trouble::from(FetchError::disk(&self.table, why));
        let wrong = |what: &str| Trouble::Load(what.to_owned());
        let limits = self.limits();
        let name = Name::new(&self.name).ok_or_else(|| wrong("its name is no domain"))?;
        let mut sketching = Sketching::default();
        let mut datasets: Vec<Dataset> = Vec::new();
        for part in &self.parts {
            let format = Format::named(&part.format).ok_or_else(|| wrong("no such format"))?;
            let sketched = sketching.file(&part.path, limits.zone_file as u64);
            sketched.map_err(|why| FetchError::disk(&part.path, why))?;
            let file = File {
                name: part.source.clone(),
                changed: part.changed,
                content: Content::Path(part.path.clone()),
            };
            match datasets.last_mut().filter(|last| last.format == format) {
                Some(last) => last.files.push(file),
                None => {
                    let value = (self.listed_as, Vec::new());
                    datasets.push(Dataset { format, files: vec![file], value });
                }
            }
        }
        let (now, v6_bits, bad_share) = (self.now, self.v6_bits, self.bad_share);
        let options = Options { now, v6_bits, bad_share, limits };
        let loaded = zones::load(&name, &datasets, &options);
        let (zone, facts) = loaded.map_err(|why| Trouble::Load(why.to_string()))?;
        zone.save(&self.table).map_err(disk)?;
        let sketch = sketching.done();
        let known = Known { records: zone.records(), serial: zone.serial(), sketch };
        let complaint = facts.complaints.first().map(ToString::to_string);
        Ok(Built { known, lines: facts.lines, bad: facts.bad, complaint })
    }

    /// Makes it in a process of its own; an error if there is none to be had.
    fn in_process(&self) -> io::Result<Result<Built, Trouble>> {
        let mut command = Command::new("/proc/self/exe");
        command.args(WORDS).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn()?;
        let job = serde_json::to_vec(self)?;
        let given = child.stdin.take().map_or(Ok(()), |mut input| input.write_all(&job));
        let mut said = Vec::new();
        let heard = child.stdout.take().map_or(Ok(0), |out| out.take(MOST).read_to_end(&mut said));
        let ended = child.wait()?;
        given?;
        heard?;
        let outcome: Result<Result<Built, Fault>, _> = serde_json::from_slice(&said);
        Ok(match outcome {
            Ok(outcome) => outcome.map_err(|fault| self.trouble(fault)),
            Err(_) => Err(Trouble::Load(format!("its files break the reader ({ended})"))),
        })
    }

    fn trouble(&self, fault: Fault) -> Trouble {
        match fault {
            Fault::Files(what) => Trouble::Load(what),
            Fault::Full => FetchError::Full(self.table.clone()).into(),
            Fault::Disk(what) => FetchError::disk(&self.table, io::Error::other(what)).into(),
        }
    }

    /// What a process of its own does: the job from `input`, what came of it to `output`.
    pub fn serve(input: impl Read, mut output: impl Write) -> io::Result<()> {
        let mut text = Vec::new();
        input.take(MOST).read_to_end(&mut text)?;
        let job: Job = serde_json::from_slice(&text)?;
        let outcome = job.here().map_err(|trouble| match trouble {
            Trouble::Fetch(FetchError::Full(_)) => Fault::Full,
            Trouble::Fetch(error) => Fault::Disk(error.to_string()),
            other => Fault::Files(other.to_string()),
        });
        output.write_all(&serde_json::to_vec(&outcome)?)
    }

    fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        for (row, height) in TABLE.iter().zip(&self.limits) {
            limits.set(row.name, *height);
        }
        limits
    }
}

/// The heights of all limits, in the order of their table.
pub fn heights(limits: &Limits) -> Vec<usize> {
    TABLE.iter().map(|row| limits.get(row.limit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_makes_a_table_and_says_what_is_known_of_it() {
        let folder = std::env::temp_dir().join(format!("mailprint-build-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (path, table) = (folder.join("list"), folder.join("table"));
        std::fs::write(&path, "192.0.2.1\n198.51.100.0/24\n").unwrap();
        let part = JobPart {
            format: "networks".into(),
            path,
            source: "https://a.example/list".into(),
            changed: 7,
        };
        let job = Job {
            name: "bl.example".into(),
            parts: vec![part],
            listed_as: Ipv4Addr::new(127, 0, 0, 9),
            v6_bits: 64,
            bad_share: 50,
            now: 9,
            table: table.clone(),
            limits: heights(&Limits::default()),
        };
        let mut said = Vec::new();
        Job::serve(&*serde_json::to_vec(&job).unwrap(), &mut said).unwrap();
        let built: Result<Built, Fault> = serde_json::from_slice(&said).unwrap();
        assert_eq!(built.map(|built| built.known.records).ok(), Some(2));
        let zone = zones::Zone::open(&table).unwrap();
        assert!(zone.lookup_ip("198.51.100.77".parse().unwrap()).next().is_some());
        let wrong =
            Job { parts: vec![JobPart { format: "x".into(), ..job.parts[0].clone() }], ..job };
        assert!(matches!(wrong.run(Builder::Here), Err(Trouble::Load(_))));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
