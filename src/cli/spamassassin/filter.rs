//! One message after another: marks taken off, scan, marked mail out.
//!
//! No message is lost: what is too long, or makes a scan fail, is written as it came. What
//! cannot be written is an error, so that whoever called keeps the original.

use super::super::archive::Mail;
use super::super::network::{self, Outside};
use super::super::notes::Notes;
use super::super::{out, ruleset};
use super::debug;
use crate::clock::Tick;
use crate::config::Config;
use crate::engine::markup::{Rewritten, Surroundings, remove};
use crate::engine::{Engine, Options, Worker};
use crate::limits::Limits;
use crate::server::hostname;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, BufWriter, StdoutLock, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// What is to be done with a message.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    /// Take marks off; without `test`, do nothing else.
    pub remove: bool,
    /// Add the report.
    pub test: bool,
    /// Show how far it is.
    pub progress: bool,
}

/// What was found in all messages.
#[derive(Clone, Copy, Debug, Default)]
pub struct Found {
    /// One was spam.
    pub spam: bool,
    /// A scan failed.
    pub failed: bool,
}

/// What is done with mail, and where it goes.
pub struct Filter<'n> {
    /// `None` where marks are taken off and nothing else.
    scanner: Option<Scanner>,
    limits: Limits,
    surroundings: Surroundings,
    work: Work,
    found: Found,
    out: BufWriter<StdoutLock<'static>>,
    progress: Option<ProgressBar>,
    notes: &'n Notes,
}

impl<'n> Filter<'n> {
    /// Loads the rules that `config` names, if `work` needs any; tells why it cannot.
    pub fn new(config: &Config, work: Work, notes: &'n Notes) -> Result<Filter<'n>, String> {
        let is_scanned = work.test || !work.remove;
        Ok(Filter {
            scanner: is_scanned.then(|| Scanner::load(config, notes)).transpose()?,
            limits: config.limits.clone(),
            surroundings: Surroundings { hostname: hostname().into(), ..Surroundings::default() },
            work,
            found: Found::default(),
            out: out::mail(),
            progress: work.progress.then(progress),
            notes,
        })
    }

    /// Writes what becomes of `mail`.
    pub fn take(&mut self, mail: Mail) -> io::Result<()> {
        if let Some(progress) = &self.progress {
            progress.inc(1);
        }
        let Mail { bytes, rest: Some(rest) } = mail else { return self.whole(mail.bytes) };
        let most = self.limits.message_bytes;
        self.notes.warn(&format!(
            "a message of more than {most} bytes (limits.message_bytes) is passed on as it is"
        ));
        self.out.write_all(&bytes)?;
        io::copy(rest, &mut self.out).map(|_| ())
    }

    fn whole(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        let (written, failed) = made_of(bytes, |bytes| self.made_of(bytes));
        if failed {
            self.found.failed = true;
            if let Some(Scanner { engine, worker, .. }) = &mut self.scanner {
                *worker = engine.worker();
            }
            self.notes.warn("the scan failed, see above; the message is passed on as it is");
        }
        self.out.write_all(&written)
    }

    /// What becomes of the message `bytes`.
    fn made_of(&mut self, bytes: &[u8]) -> Vec<u8> {
        let plain = match self.work.remove {
            true => remove(bytes.to_vec(), &self.limits),
            false => bytes.to_vec(),
        };
        let Some(Scanner { engine, worker, outside }) = &mut self.scanner else { return plain };
        let limit = Duration::from_millis(self.limits.scan_milliseconds as u64);
        let options = Options {
            subtests: debug::wants_subtests(self.notes),
            report: self.work.test,
            rewrite: true,
            surroundings: self.surroundings.clone(),
            deadline: Some(Tick::now().plus(limit)),
            network: outside.network.clone(),
            known: outside.known.clone(),
            ..Options::default()
        };
        let verdict = engine.scan(worker, plain, &options);
        debug::verdict(engine, &verdict, self.notes);
        self.found.spam |= verdict.is_spam();
        match verdict.rewritten {
            Some(Rewritten { head, body }) => {
                [head, body, verdict.report.unwrap_or_default()].concat()
            }
            None => bytes.to_vec(),
        }
    }

    /// Everything is written, and nothing more comes.
    pub fn end(mut self) -> io::Result<Found> {
        if let Some(progress) = &self.progress {
            progress.finish_and_clear();
        }
        self.out.flush()?;
        Ok(self.found)
    }
}

/// Rules, and what one thread scans with.
struct Scanner {
    engine: Engine,
    worker: Worker,
    outside: Outside,
}

impl Scanner {
    fn load(config: &Config, notes: &Notes) -> Result<Scanner, String> {
        let engine = ruleset::arranged(config, false)?;
        debug::rules(engine.rules(), notes);
        let outside = network::outside(&engine, config).map_err(|why| why.text)?;
        Ok(Scanner { worker: engine.worker(), engine, outside })
    }
}

/// A line on standard error, if that is a terminal: nobody knows how many messages a mailbox has.
fn progress() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {pos} messages, {per_sec}");
    let bar = ProgressBar::new_spinner();
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// What `make` makes of `mail`; the mail itself, and true, where it panics.
fn made_of(mail: Vec<u8>, make: impl FnOnce(&[u8]) -> Vec<u8>) -> (Vec<u8>, bool) {
    match catch_unwind(AssertUnwindSafe(|| make(&mail))) {
        Ok(made) => (made, false),
        Err(_) => (mail, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_leaves_the_mail_as_it_is() {
        assert_eq!(made_of(b"mail".to_vec(), |_| panic!("as asked")), (b"mail".to_vec(), true));
        assert_eq!(made_of(b"mail".to_vec(), <[u8]>::to_vec), (b"mail".to_vec(), false));
    }
}
