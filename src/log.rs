//! Log lines as spamd writes them.
//!
//! `Sun Nov 22 13:09:46 2026 [3456] info: spamd: …`: parsers in the field read these, so
//! the words stay spamd's (`spamd: result: Y 22 - …`). A line is always one line: whatever
//! is not printable ASCII is escaped as SpamAssassin's own logger escapes it.
//!
//! Ring 0.

use crate::clock;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
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

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Standard error.
    Stderr,
    /// A file, to which lines are added.
    File(PathBuf),
    /// Nowhere.
    Null,
}

/// A log.
pub struct Log {
    level: Level,
    target: Target,
    sink: Mutex<Box<dyn Write + Send>>,
}

impl Log {
    /// Opens `target` for lines of `level` and above.
    pub fn open(target: Target, level: Level) -> io::Result<Log> {
        let sink = Mutex::new(sink(&target)?);
        Ok(Log { level, target, sink })
    }

    /// A log into `sink`, for tests.
    pub fn to(sink: Box<dyn Write + Send>, level: Level) -> Log {
        Log { level, target: Target::Null, sink: Mutex::new(sink) }
    }

    /// Opens the file again, after somebody has moved it away.
    pub fn reopen(&self) -> io::Result<()> {
        if let Target::File(path) = &self.target {
            *self.lock() = Box::new(append(path)?);
        }
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

    /// What happened inside.
    pub fn debug(&self, text: &str) {
        self.line(Level::Debug, text);
    }

    fn line(&self, level: Level, text: &str) {
        if level > self.level {
            return;
        }
        let line = format!(
            "{} [{}] {}: {}\n",
            clock::local_time(),
            std::process::id(),
            level.word(),
            escape(text)
        );
        // A log that cannot be written has nobody to tell; the mail goes on.
        let _ = self.lock().write_all(line.as_bytes());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Box<dyn Write + Send>> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sink(target: &Target) -> io::Result<Box<dyn Write + Send>> {
    Ok(match target {
        Target::Stderr => Box::new(io::stderr()),
        Target::File(path) => Box::new(append(path)?),
        Target::Null => Box::new(io::sink()),
    })
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
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
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
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
        log.debug("never");
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let (before, rest) = text.split_once(" [").unwrap();
        assert_eq!(before.split(' ').filter(|word| !word.is_empty()).count(), 5, "{before}");
        let pid = std::process::id();
        assert_eq!(
            rest,
            format!("{pid}] info: spamd: a\\r\\nb\\x{{1B}}\\x{{E2}}\\x{{80}}\\x{{AE}}\n")
        );
    }
}
