//! Log lines as spamd writes them.
//!
//! `Sun Nov 22 13:09:46 2026 [3456] info: spamd: …`: parsers in the field read these, so
//! the words stay spamd's (`spamd: result: Y 22 - …`). A line is always one line: whatever
//! is not printable ASCII is escaped as SpamAssassin's own logger escapes it.
//!
//! [`sink`] knows where lines go, [`syslog`] one such place, [`areas`] which lines of `-D` are
//! wanted.
//!
//! Ring 0.

pub mod areas;
pub mod sink;
pub mod syslog;

pub use areas::Areas;
pub use sink::{Stamp, Target};

use sink::Sink;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// How much a line matters; a log shows its own level and what matters more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something is lost or stands still.
    Error,
    /// Something is not as it should be, and goes on.
    Warn,
    /// What happened.
    Info,
    /// What happened inside.
    Debug,
}

impl Level {
    /// The level called `word`.
    pub fn named(word: &str) -> Option<Level> {
        match word {
            "error" => Some(Level::Error),
            "warn" => Some(Level::Warn),
            "info" => Some(Level::Info),
            "debug" => Some(Level::Debug),
            _ => None,
        }
    }

    /// The word that a line carries; SpamAssassin's, which says `dbg`.
    fn word(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warn => "warn",
            Level::Info => "info",
            Level::Debug => "dbg",
        }
    }
}

/// A log.
pub struct Log {
    level: Level,
    areas: Areas,
    output: Mutex<Output>,
}

/// Where lines go, and how many got lost on the way.
struct Output {
    sink: Sink,
    stamp: Stamp,
    lost: u64,
}

impl Log {
    /// Opens `target` for lines of `level` and above.
    pub fn open(target: &Target, level: Level) -> io::Result<Log> {
        Ok(Log::new(Sink::open(target)?, level))
    }

    /// A log into `writer`, for tests; lines are those of a file.
    pub fn to(writer: Box<dyn Write + Send>, level: Level) -> Log {
        Log::new(Sink::Writer(writer), level)
    }

    fn new(sink: Sink, level: Level) -> Log {
        let output = Output { sink, stamp: Stamp::default(), lost: 0 };
        Log { level, areas: Areas::all(), output: Mutex::new(output) }
    }

    /// The log with times written so, and with the debug lines of these areas only.
    pub fn with(mut self, stamp: Stamp, areas: Areas) -> Log {
        self.areas = areas;
        self.lock().stamp = stamp;
        self
    }

    /// Lines go to `file` from now on: somebody has moved the old one away.
    pub fn continue_in(&self, file: File) {
        self.lock().sink = Sink::File(file, sink::Torn::default());
    }

    /// Opens the file again, after somebody has moved it away; connects to syslog again.
    pub fn reopen(&self, target: &Target) -> io::Result<()> {
        let sink = Sink::open(target)?;
        self.lock().sink = sink;
        Ok(())
    }

    /// Something is lost or stands still.
    pub fn error(&self, text: &str) {
        self.line(Level::Error, text);
    }

    /// Something is not as it should be.
    pub fn warn(&self, text: &str) {
        self.line(Level::Warn, text);
    }

    /// What happened.
    pub fn info(&self, text: &str) {
        self.line(Level::Info, text);
    }

    /// What happened inside; the text begins with its area: `config: …`.
    pub fn debug(&self, text: &str) {
        let area = text.split_once(':').map_or("generic", |(area, _)| area);
        if self.shows(area) {
            self.line(Level::Debug, text);
        }
    }

    /// Are debug lines of `area` wanted? For who has to do work to make one.
    pub fn shows(&self, area: &str) -> bool {
        self.level >= Level::Debug && self.areas.has(area)
    }

    fn line(&self, level: Level, text: &str) {
        if level > self.level {
            return;
        }
        let mut output = self.lock();
        let Output { sink, stamp, lost } = &mut *output;
        // A log that cannot be written has nobody to tell but itself, later; the mail goes on.
        if *lost > 0 {
            let note = format!("logger: lines that could not be written: {lost}");
            if sink.write(Level::Warn, stamp, &note).is_err() {
                *lost += 1;
                return;
            }
            *lost = 0;
        }
        if sink.write(level, stamp, &escape(text)).is_err() {
            *lost += 1;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Output> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens a log file: lines are added to what is there.
pub fn append(path: &Path) -> io::Result<File> {
    std::fs::OpenOptions::new().create(true).append(true).open(path)
}

/// SpamAssassin's escapes: `\n`, `\t`, `\\` and `\x{XX}`.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'\n' => escaped.push_str("\\n"),
            b'\r' => escaped.push_str("\\r"),
            b'\t' => escaped.push_str("\\t"),
            b'\\' => escaped.push_str("\\\\"),
            b' '..=b'~' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("\\x{{{byte:02X}}}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Kept {
        text: Arc<Mutex<Vec<u8>>>,
        full: Arc<Mutex<bool>>,
    }

    impl Kept {
        fn text(&self) -> String {
            String::from_utf8(self.text.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if *self.full.lock().unwrap() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.text.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_has_time_process_level_and_text_and_stays_one_line() {
        let kept = Kept::default();
        let log = Log::to(Box::new(kept.clone()), Level::Info);
        log.info("spamd: a\r\nb\x1b\u{202e}");
        log.debug("spamd: never");
        let text = kept.text();
        let (before, rest) = text.split_once(" [").unwrap();
        assert_eq!(before.split(' ').filter(|word| !word.is_empty()).count(), 5, "{before}");
        let pid = std::process::id();
        assert_eq!(
            rest,
            format!("{pid}] info: spamd: a\\r\\nb\\x{{1B}}\\x{{E2}}\\x{{80}}\\x{{AE}}\n")
        );
    }

    #[test]
    fn debug_lines_are_those_of_the_areas_asked_for() {
        let kept = Kept::default();
        let log = Log::to(Box::new(kept.clone()), Level::Debug)
            .with(Stamp::None, Areas::parse(&["config,norules"]));
        log.debug("config: shown");
        log.debug("rules: not shown");
        log.info("spamd: shown too");
        let pid = std::process::id();
        assert_eq!(
            kept.text(),
            format!("[{pid}] dbg: config: shown\n[{pid}] info: spamd: shown too\n")
        );
        assert!(log.shows("config") && !log.shows("rules") && !log.shows("dns"));
    }

    #[test]
    fn lines_that_get_lost_are_counted_and_told_of() {
        let kept = Kept::default();
        let log = Log::to(Box::new(kept.clone()), Level::Info).with(Stamp::None, Areas::all());
        *kept.full.lock().unwrap() = true;
        log.info("spamd: one");
        log.info("spamd: two");
        *kept.full.lock().unwrap() = false;
        log.info("spamd: three");
        let pid = std::process::id();
        assert_eq!(
            kept.text(),
            format!(
                "[{pid}] warn: logger: lines that could not be written: 2\n\
                 [{pid}] info: spamd: three\n"
            )
        );
    }
}
