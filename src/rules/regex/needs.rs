//! What a text must hold before a pattern without literals can match it.
//!
//! For short texts, which one look tells enough about: how long they are, and which bytes stand
//! in them. `\d+\.\d+` needs a digit and a dot.
//!
//! Invariant: every match has at least so many bytes, and one of each set.

use super::bytes::ByteSet;
use super::frequency;
use regex_syntax::hir::{Hir, HirKind};

/// What every match of a pattern has.
#[derive(Clone, Debug, Default)]
pub(super) struct Needs {
    least: usize,
    sets: Vec<ByteSet>,
}

/// Most sets that are kept: the rarest ones.
const MOST_SETS: usize = 3;
/// A set that so large a share of bytes belongs to is in every text.
const TOO_COMMON: f32 = 0.5;

impl Needs {
    /// The needs of a pattern whose matches `hir` matches, if not more.
    pub fn of(hir: &Hir) -> Needs {
        let frequency = frequency::of_bytes();
        let mut sets = needed(hir, &frequency);
        sets.sort_by(|a, b| share(a, &frequency).total_cmp(&share(b, &frequency)));
        sets.dedup();
        sets.truncate(MOST_SETS);
        Needs { least: hir.properties().minimum_len().unwrap_or(0), sets }
    }

    /// Can a text of this length that consists of `bytes` hold a match?
    pub fn are_met_by(&self, length: usize, bytes: &ByteSet) -> bool {
        length >= self.least && self.sets.iter().all(|set| set.meets(bytes))
    }
}

/// Sets of which every match has a byte.
fn needed(hir: &Hir, frequency: &[f32; 256]) -> Vec<ByteSet> {
    let mut sets = match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Vec::new(),
        HirKind::Literal(literal) => {
            literal.0.iter().map(|&byte| ByteSet::of(&[(byte, byte)])).collect()
        }
        HirKind::Class(class) => vec![ByteSet::of_class(class)],
        HirKind::Capture(capture) => needed(&capture.sub, frequency),
        HirKind::Repetition(repeat) if repeat.min > 0 => needed(&repeat.sub, frequency),
        HirKind::Repetition(_) => Vec::new(),
        HirKind::Concat(hirs) => hirs.iter().flat_map(|hir| needed(hir, frequency)).collect(),
        HirKind::Alternation(hirs) => {
            // Whichever of them it is: the rarest set of the one or of the other.
            let rarest = |hir| {
                let sets = needed(hir, frequency);
                sets.into_iter().min_by(|a, b| share(a, frequency).total_cmp(&share(b, frequency)))
            };
            let either = hirs
                .iter()
                .map(rarest)
                .try_fold(ByteSet::default(), |all, set| set.map(|set| all.union(&set)));
            either.into_iter().collect()
        }
    };
    sets.retain(|set| share(set, frequency) <= TOO_COMMON);
    sets
}

fn share(set: &ByteSet, frequency: &[f32; 256]) -> f32 {
    set.iter().map(|byte| frequency[usize::from(byte)]).sum()
}

#[cfg(test)]
mod tests {
    use super::super::{perl, translate};
    use super::*;

    #[test]
    fn a_text_without_what_a_match_has_is_ruled_out() {
        let cases: &[(&str, &str, bool)] = &[
            ("\\d+\\.\\d", "1.2", true),
            ("\\d+\\.\\d", "1-2", false),
            ("\\d+\\.\\d", "a.b", false),
            ("\\d+\\.\\d", "1.", false),
            ("^$", "", true),
            ("x?", "", true),
            ("a.{3}", "abc", false),
            ("(?:<|>)[0-9]", "a1<", true),
            ("(?:<|>)[0-9]", "ab1", false),
            ("(?:<a|)[0-9]", "1", true),
            ("(?i)q{2}", "Qq", true),
            ("(?i)q{2}", "xx", false),
            ("[^0-9]", "12", true), // so common a set says nothing
        ];
        for (pattern, text, expected) in cases {
            let parsed = perl::parse(pattern.as_bytes(), 250).unwrap();
            let needs = Needs::of(&translate::shape(&parsed));
            let bytes = ByteSet::of_text(text.as_bytes());
            assert_eq!(needs.are_met_by(text.len(), &bytes), *expected, "{pattern} {text}");
        }
    }
}
