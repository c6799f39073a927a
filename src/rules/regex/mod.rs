//! Perl's patterns on bytes: translated, planned in tiers, matched exactly.
//!
//! A rule file's pattern becomes a [`Pattern`] (checked as SpamAssassin checks it), an
//! [`Exact`] (finds what Perl finds, where Perl finds it) and, with the others of its
//! family, a [`Plan`] that rules most of them out in one pass over a text. [`Caches`] holds
//! the working memory of all of them for one thread.
//!
//! * `delimiter`, `perl`, `class`, `bytes`, `warnings` read a pattern into a tree (`ast`);
//! * `translate` makes an automaton of it where one says the same, `pcre` a PCRE2 pattern;
//! * `literals` finds what every match must contain; `plan` and `scan` use that.
//!
//! Mail::SpamAssassin::Util `compile_regexp`, perlre(1), Mail::SpamAssassin::Plugin::Check.

mod ast;
mod bytes;
mod cache;
mod class;
mod delimiter;
mod exact;
mod example;
mod literals;
mod pcre;
mod perl;
mod plan;
mod scan;
mod translate;
mod warnings;

pub use cache::{Caches, Ids};
pub use delimiter::Strip;
pub use exact::{Exact, Matches, Overrun};
pub use plan::{Plan, PlanRule, Scope};
pub use scan::{Scan, Scratch};

use crate::limits::Limits;
use std::sync::Arc;

/// A pattern that Perl would take without a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    flags: Box<[u8]>,
    body: Box<[u8]>,
}

/// Why a pattern is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It does not begin with one.
    #[error("missing regexp delimiters; write /…/ or m{{…}}")]
    MissingDelimiters,
    /// `m\…\`
    #[error("a backslash cannot be a delimiter")]
    BackslashDelimiter,
    /// The end is not the delimiter and flags.
    #[error("invalid end delimiter or flags: expected '{0}' and then flags other than e")]
    EndDelimiter(char),
    /// Code in a pattern.
    #[error("code in a pattern, (?{{…}}), is not allowed")]
    Code,
    /// The delimiter stands in the pattern without a backslash.
    #[error("unquoted delimiter '{0}' in the pattern; put a backslash before it")]
    UnescapedDelimiter(char),
    /// Perl refuses the pattern or warns of it.
    #[error("{why}, at byte {at} of the pattern")]
    Refused {
        /// What is wrong.
        why: &'static str,
        /// Bytes of the pattern read so far, flags included.
        at: usize,
    },
    /// Deeper than `limits.pattern_depth`.
    #[error("parentheses nest too deeply at byte {at}; limits.pattern_depth allows more")]
    TooDeep {
        /// Where.
        at: usize,
    },
    /// Longer than `limits.pattern_bytes`, or its repeats make it so.
    #[error("pattern too large, repeats written out; limits.pattern_bytes allows more")]
    TooLarge,
    /// No engine takes it.
    #[error("neither engine can compile the pattern: {0}")]
    NoEngine(Arc<str>),
}

impl Pattern {
    /// Reads a pattern as a rule file spells it, within the default limits.
    pub fn parse(text: &[u8], strip: Strip) -> Result<Pattern, PatternError> {
        Pattern::parse_within(text, strip, &Limits::default())
    }

    /// Reads a pattern as a rule file spells it.
    pub fn parse_within(
        text: &[u8],
        strip: Strip,
        limits: &Limits,
    ) -> Result<Pattern, PatternError> {
        if text.len() > limits.pattern_bytes {
            return Err(PatternError::TooLarge);
        }
        let (flags, body) = delimiter::strip(text, strip)?;
        let pattern = Pattern { flags: flags.into(), body: body.into() };
        let parsed = perl::parse(&pattern.source(), limits.pattern_depth)?;
        exact::check_size(&parsed, limits)?;
        Ok(pattern)
    }

    /// The bare pattern with its flags in front: `(?i)foo` for `/foo/i`.
    pub fn source(&self) -> Vec<u8> {
        if self.flags.is_empty() {
            return self.body.to_vec();
        }
        [b"(?", &*self.flags, b")", &*self.body].concat()
    }

    /// How Perl prints the compiled pattern: `(?^aa:(?i)foo)`. ReplaceTags works on this.
    pub fn perl(&self) -> Vec<u8> {
        [b"(?^aa:", &*self.source(), b")"].concat()
    }

    /// The pattern with another source, as after ReplaceTags: bare, flags inside.
    pub fn with_source(&self, source: &[u8]) -> Result<Pattern, PatternError> {
        Pattern::parse(source, Strip::Bare)
    }

    /// A text that the pattern matches or nearly matches; `choose(n)` picks one of `n`.
    /// For tests of rules, and of this module against Perl.
    pub fn example(&self, choose: &mut dyn FnMut(usize) -> usize) -> Vec<u8> {
        let depth = Limits::default().pattern_depth;
        let parsed = perl::parse(&self.source(), depth);
        parsed.map(|parsed| example::of(&parsed, choose)).unwrap_or_default()
    }

    /// Why the pattern matches every text, if it does so by an empty alternative:
    /// the check of `ignore_always_matching_regexps` and of lint.
    pub fn always_matches(&self) -> Option<&'static str> {
        delimiter::always_matches(&self.body)
    }
}
