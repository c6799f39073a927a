//! The first line of a request: a verb and a version.
//!
//! In goes the line, out comes what spamd's three patterns find in it. They are not
//! anchored: `XXCHECK SPAMC/1.5` is a `CHECK`.

use super::error::RequestError;
use crate::text::number;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// The verdict line.
    Check,
    /// The names of the rules that hit.
    Symbols,
    /// The report, for spam and ham.
    Report,
    /// The report, if the message is spam.
    ReportIfSpam,
    /// The message, marked up.
    Process,
    /// The headers of the message, marked up.
    Headers,
    /// Learn or report the message.
    Tell,
    /// Is the server there?
    Ping,
    /// The client has changed its mind.
    Skip,
}

/// All verbs with their words, in the order in which spamd tries them at one place of the
/// first line.
const VERBS: &[(&str, Verb)] = &[
    ("PROCESS", Verb::Process),
    ("CHECK", Verb::Check),
    ("SYMBOLS", Verb::Symbols),
    ("REPORT", Verb::Report),
    ("HEADERS", Verb::Headers),
    ("REPORT_IFSPAM", Verb::ReportIfSpam),
    ("TELL", Verb::Tell),
    ("SKIP", Verb::Skip),
    ("PING", Verb::Ping),
];

impl Verb {
    /// The word of the protocol.
    pub fn word(self) -> &'static str {
        VERBS.iter().find(|(_, verb)| *verb == self).map_or("", |(word, _)| word)
    }

    /// Does a message follow?
    pub fn has_message(self) -> bool {
        !matches!(self, Verb::Ping | Verb::Skip)
    }

    /// Do headers follow the first line of a request of this version?
    pub(super) fn has_headers(self, version: f64) -> bool {
        match self {
            Verb::Tell => true,
            Verb::Ping | Verb::Skip => version >= 1.5,
            _ => version > 1.0,
        }
    }

    /// Which of spamd's three patterns finds the verb: the first that matches anywhere in
    /// the line decides.
    fn rank(self) -> u8 {
        match self {
            Verb::Tell => 1,
            Verb::Skip | Verb::Ping => 2,
            _ => 0,
        }
    }
}

/// A verb and a version, anywhere in the first line.
pub(super) fn command(line: &[u8]) -> Result<(Verb, f64), RequestError> {
    let mut text = line.to_vec();
    if let Some(end) = text.iter().position(|byte| *byte == b'\n') {
        text.truncate(end);
        if text.last() == Some(&b'\r') {
            text.pop();
        }
    }
    let mut best: Option<(u8, usize, Verb)> = None;
    for place in memchr::memmem::find_iter(&text, b" SPAMC/") {
        let before = text.get(..place).unwrap_or_default();
        let found = VERBS.iter().filter(|(word, _)| before.ends_with(word.as_bytes()));
        for (word, verb) in found {
            let candidate = (verb.rank(), place - word.len(), *verb);
            if best.is_none_or(|best| (candidate.0, candidate.1) < (best.0, best.1)) {
                best = Some(candidate);
            }
        }
    }
    let Some((_, start, verb)) = best else {
        return Err(RequestError::UnknownCommand(text));
    };
    let version = text.get(start + verb.word().len() + " SPAMC/".len()..).unwrap_or_default();
    Ok((verb, number::read(version)))
}
