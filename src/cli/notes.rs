//! What SpamAssassin's commands say on standard error: `Nov 22 13:09:46.123 [3456] warn: …`.
//!
//! A note is always one line, and nothing in it obeys a terminal. Notes that explain what
//! happens inside are written for the areas that `-D` names (Mail::SpamAssassin::Logger).

use crate::clock;
use crate::log::Areas;
use std::io::{self, Write};

/// Standard error, and which areas are wanted there.
#[derive(Debug, Default)]
pub struct Notes {
    /// `-D` was given, whatever its areas.
    chatty: bool,
    areas: Areas,
    level: Level,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    #[default]
    Warn,
    Info,
    Debug,
}

impl Notes {
    /// Notes with the areas of `-D`: `all`, `check,rules`, `all,nodns`, `info`; `None` without
    /// that option.
    pub fn new(areas: Option<&str>) -> Notes {
        let Some(areas) = areas else { return Notes::default() };
        let areas = if areas.is_empty() || areas == "0" { "all" } else { areas };
        let areas = Areas::parse(&[areas]);
        // An area that is switched off wants what is left to be heard no more than `info` does.
        let level = match (areas.is_empty(), areas.any()) {
            (true, _) => Level::Warn,
            (false, false) => Level::Info,
            (false, true) => Level::Debug,
        };
        Notes { chatty: true, areas, level }
    }

    /// Was `-D` given?
    pub fn is_chatty(&self) -> bool {
        self.chatty
    }

    /// Are notes of `area` wanted?
    pub fn wants(&self, area: &str) -> bool {
        self.level == Level::Debug && self.areas.has(area)
    }

    /// Something is not as it should be.
    pub fn warn(&self, text: &str) {
        line("warn", text);
    }

    /// Something that is good to know.
    pub fn info(&self, area: &str, text: &str) {
        if self.level >= Level::Info {
            line("info", &format!("{area}: {text}"));
        }
    }

    /// What happens inside.
    pub fn debug(&self, area: &str, text: &str) {
        if self.wants(area) {
            line("dbg", &format!("{area}: {text}"));
        }
    }
}

fn line(level: &str, text: &str) {
    let when = clock::local("%b %e %H:%M:%S%.3f").unwrap_or_default();
    let line = format!("{when} [{}] {level}: {}\n", std::process::id(), tame(text));
    // Without standard error there is nobody to tell; the mail goes on.
    let _ = io::stderr().write_all(line.as_bytes());
}

/// White space as single spaces, other control characters as underscores, as SpamAssassin
/// writes them.
fn tame(text: &str) -> String {
    let mut tamed = String::with_capacity(text.len());
    let mut before = None;
    for c in text.trim_end_matches(['\r', '\n']).chars() {
        let written = match c {
            '\t' | ' ' => ' ',
            c if c.is_control() => '_',
            c => c,
        };
        let changed = matches!(written, ' ' | '_') && (c != '_');
        if !(changed && before == Some(written)) {
            tamed.push(written);
        }
        before = changed.then_some(written);
    }
    tamed
}

/// What the system says, as C and Perl word it: `No such file or directory`.
pub fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => nix::errno::Errno::from_raw(number).desc().to_owned(),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_switched_on_and_off() {
        let wants = |areas: &str, area: &str| Notes::new(Some(areas)).wants(area);
        assert!(wants("", "rules") && wants("all", "rules") && wants("check,rules", "rules"));
        assert!(!wants("check", "rules") && !wants("all,norules", "rules"));
        assert!(!wants("info", "rules") && !wants("norules", "check"));
        assert!(!wants("norules,rules,NOrules", "rules"));
        assert!(!Notes::new(None).wants("rules") && !Notes::new(None).is_chatty());
        let levels = ["info", "norules", "all", " "].map(|areas| Notes::new(Some(areas)).level);
        assert_eq!(levels, [Level::Info, Level::Info, Level::Debug, Level::Warn]);
    }

    #[test]
    fn a_note_is_one_tame_line() {
        assert_eq!(tame("a\t  b\x1b\x07\n__c \u{9b}d\n\n"), "a b___c _d");
        let error = io::Error::from_raw_os_error(2);
        assert_eq!(reason(&error), "No such file or directory");
        assert_eq!(reason(&io::Error::other("x")), "x");
    }
}
