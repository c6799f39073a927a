//! Perl's patterns on bytes: translated, planned in tiers, matched exactly.
//!
//! A rule file's pattern becomes a [`Pattern`] (checked as SpamAssassin checks it), an
//! [`Exact`] (finds what Perl finds, where Perl finds it) and, with the others of its
//! family, a [`Plan`] that rules most of them out in one pass over a text. [`Caches`] holds
//! the working memory of all of them for one thread.
//!
//! * `delimiter`, `perl`, `groups`, `class`, `bytes`, `warnings` read a pattern into a tree (`ast`);
//! * `translate` makes an automaton of it where one says the same, `pcre` a PCRE2 pattern;
//! * `literals` and `sieve` find what every match must contain, `finder` and `near` where in a
//!   text that is; `plan` and `scan` use them.
//!
//! Mail::SpamAssassin::Util `compile_regexp`, perlre(1), Mail::SpamAssassin::Plugin::Check.

mod ast;
mod bytes;
mod cache;
mod class;
mod delimiter;
mod exact;
mod example;
mod finder;
mod frequency;
mod groups;
mod literals;
mod near;
mod needs;
mod pcre;
mod perl;
mod plan;
mod scan;
mod sieve;
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

    /// Does every match hold `word`, in any case? `false` where that is not plain to see.
    pub fn always_holds(&self, word: &[u8]) -> bool {
        let word = word.to_ascii_lowercase();
        let holds = |literal: &Vec<u8>| memchr::memmem::find(literal, &word).is_some();
        let parsed = perl::parse(&self.source(), Limits::default().pattern_depth);
        parsed.is_ok_and(|parsed| {
            let clauses = literals::clauses(&translate::shape(&parsed));
            clauses.iter().any(|clause| clause.literals.iter().all(holds))
        })
    }

    /// Why the pattern matches every text, if it does so by an empty alternative:
    /// the check of `ignore_always_matching_regexps` and of lint.
    pub fn always_matches(&self) -> Option<&'static str> {
        delimiter::always_matches(&self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(text: &str) -> Result<Pattern, PatternError> {
        Pattern::parse(text.as_bytes(), Strip::Bare)
    }

    /// `t/patterns.rs` asks the installed Perl for the same list.
    #[test]
    fn odd_patterns_are_taken_or_refused_as_perl_5_36_did() {
        let list = include_str!("../../../t/data/perl-patterns.txt");
        let mut wrong = Vec::new();
        for line in list.lines() {
            let (answer, pattern) = line.split_once('\t').unwrap();
            let ours = bare(pattern);
            if ours.is_ok() != (answer == "ok") {
                wrong.push(format!("{pattern}: Perl says {answer}, we {:?}", ours.err()));
            }
        }
        assert!(list.lines().count() >= 300);
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn delimiters_and_flags_are_read_as_compile_regexp_reads_them() {
        let taken: &[(&str, &str)] = &[
            ("/foo/", "foo"),
            ("/foo/i", "(?i)foo"),
            ("/foo/ism", "(?ism)foo"),
            ("m{foo}i", "(?i)foo"),
            ("m;a/b;", "a/b"),
            ("m,a/b,i", "(?i)a/b"),
            ("m(foo)", "foo"),
            ("m<a>", "a"),
            ("m[ab]", "ab"),
            ("m!a{1,2}!", "a{1,2}"),
            ("qr/foo/", "foo"),
            ("m{a{1,2}b}", "a{1,2}b"),
            ("/a\\/b/", "a\\/b"),
            ("//", ""),
            ("m'$x'", "$x"),
        ];
        for (text, source) in taken {
            let pattern = Pattern::parse(text.as_bytes(), Strip::Required);
            assert_eq!(pattern.map(|p| p.source()), Ok(source.as_bytes().to_vec()), "{text}");
        }
        let refused = [
            ("foo", PatternError::MissingDelimiters),
            ("", PatternError::MissingDelimiters),
            ("mfoom", PatternError::MissingDelimiters),
            ("/foo", PatternError::EndDelimiter('/')),
            ("/foo/e", PatternError::EndDelimiter('/')),
            ("/foo/I", PatternError::EndDelimiter('/')),
            ("m\\a\\", PatternError::BackslashDelimiter),
            ("/a/b/", PatternError::UnescapedDelimiter('/')),
            ("/a\\\\/b/", PatternError::UnescapedDelimiter('/')),
            ("m<a>b>", PatternError::UnescapedDelimiter('>')),
            ("/(?{1})/", PatternError::Code),
            ("/(??{1})/", PatternError::Code),
        ];
        for (text, error) in refused {
            assert_eq!(Pattern::parse(text.as_bytes(), Strip::Required), Err(error), "{text}");
        }
        for text in ["/foo/g", "/foo/o", "/foo/c", "/foo/z"] {
            assert!(Pattern::parse(text.as_bytes(), Strip::Required).is_err(), "{text}");
        }
        let optional = Pattern::parse(b"a/b", Strip::Optional).unwrap();
        assert_eq!(optional.source(), b"a/b");
        assert_eq!(Pattern::parse(b"/a/", Strip::Optional).unwrap().source(), b"a");
    }

    #[test]
    fn a_pattern_that_always_matches_is_noticed() {
        let cases = [
            ("", true),
            ("a||b", true),
            ("a\\||b", false),
            ("|a", true),
            ("a|", true),
            ("a\\|", false),
            ("(|a)", false),
            ("a|b", false),
        ];
        for (text, expected) in cases {
            assert_eq!(bare(text).unwrap().always_matches().is_some(), expected, "{text}");
        }
        // The flags are not looked at: the body is.
        assert!(Pattern::parse(b"/|a/i", Strip::Required).unwrap().always_matches().is_some());
    }

    #[test]
    fn limit_pattern_depth() {
        let deep = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
        let limits = Limits { pattern_depth: 10, ..Limits::default() };
        for (depth, taken) in [(8, true), (9, true), (12, false)] {
            let read = Pattern::parse_within(deep(depth).as_bytes(), Strip::Bare, &limits);
            assert_eq!(read.is_ok(), taken, "{depth}");
        }
        assert!(bare(&deep(249)).is_ok());
        assert!(matches!(bare(&deep(251)), Err(PatternError::TooDeep { .. })));
        assert!(matches!(bare(&"(".repeat(100_000)), Err(PatternError::TooDeep { .. })));
        assert!(matches!(bare(&deep(100_000)), Err(PatternError::TooDeep { .. })));
    }

    #[test]
    fn limit_pattern_bytes() {
        for text in ["((a{1000}){1000}){1000}", "(((\\w{500}){500}){500}){500}"] {
            assert_eq!(bare(text), Err(PatternError::TooLarge), "{text}");
        }
        let limits = Limits { pattern_bytes: 10, ..Limits::default() };
        let within = |text: &[u8]| Pattern::parse_within(text, Strip::Bare, &limits);
        assert!(within(b"abcdefghi").is_ok() && within(b"abcdefghij").is_ok());
        assert_eq!(within(b"abcdefghijk"), Err(PatternError::TooLarge));
    }

    #[test]
    fn a_source_with_other_tags_keeps_the_flags_inside() {
        let pattern = Pattern::parse(b"/<A>b/i", Strip::Required).unwrap();
        assert_eq!(pattern.perl(), b"(?^aa:(?i)<A>b)");
        let expanded = pattern.with_source(b"(?^aa:(?i)[a@]b)").unwrap();
        assert_eq!(expanded.source(), b"(?^aa:(?i)[a@]b)");
    }

    proptest::proptest! {
        #[test]
        fn reading_any_bytes_as_a_pattern_never_panics(bytes: Vec<u8>) {
            _ = Pattern::parse(&bytes, Strip::Optional);
        }

        #[test]
        fn reading_pattern_like_text_never_panics(
            text in "[(){}\\[\\]?*+|\\\\^$.:<>=!\\-,0-9a-gikxPRN&#'\u{e9}]{0,40}"
        ) {
            if let Ok(pattern) = bare(&text) {
                let mut ids = Ids::new();
                let exact = Exact::new(Arc::new(pattern), &mut ids, &Limits::default());
                let mut caches = Caches::new();
                _ = exact.count(b"abc ab\n12 (x)\n", 20, &mut caches);
                _ = exact.captures_at(b"abc ab\n12 (x)\n", 0, &mut caches);
            }
        }
    }
}
