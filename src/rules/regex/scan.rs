//! One text under one plan: what may match, and what does.

use super::bytes::ByteSet;
use super::cache::{Caches, Id};
use super::exact::{Matches, Overrun};
use super::finder::Search;
use super::near::{Folded, Near};
use super::plan::{Plan, Tier};
use crate::text::pieces::Pieces;
use regex_automata::Input;
use regex_automata::hybrid::dfa::DFA;
use std::ops::Range;

/// Buffers that a scan fills and the next one reuses.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The pieces, a newline behind each.
    joined: Vec<u8>,
    /// Where each piece ends in `joined`: at its newline.
    ends: Vec<usize>,
    /// For each rule the clauses found.
    found: Vec<u8>,
    /// For each rule the piece in which the last of its clauses was first found: a match, which
    /// holds all of them, is not before it.
    first: Vec<u32>,
    search: Search,
    /// The bytes that each piece consists of, where a rule needs to know.
    consists: Vec<ByteSet>,
    /// What the sieve's windows reached, once asked.
    reached: Vec<u64>,
    sieved: bool,
}

impl Scratch {
    /// Does the text that was seen last hold one of `words`, in any case?
    pub fn holds_any(&self, words: &[Vec<u8>]) -> bool {
        let text = self.search.folded();
        words.iter().any(|word| memchr::memmem::find(text, &word.to_ascii_lowercase()).is_some())
    }
}

/// A single piece up to this many bytes is matched at once.
const SHORT_TEXT: usize = 256;

/// One text under one plan.
#[derive(Debug)]
pub struct Scan<'a> {
    plan: &'a Plan,
    pieces: &'a Pieces,
    scratch: &'a mut Scratch,
}

impl<'a> Scan<'a> {
    pub(super) fn start(plan: &'a Plan, pieces: &'a Pieces, scratch: &'a mut Scratch) -> Self {
        scratch.joined.clear();
        scratch.ends.clear();
        scratch.consists.clear();
        for (number, piece) in pieces.iter().enumerate() {
            let weighed = plan.weighed.get(number) == Some(&true);
            scratch.consists.push(if weighed { ByteSet::of_text(piece) } else { ByteSet::ALL });
            scratch.joined.extend_from_slice(piece);
            scratch.ends.push(scratch.joined.len());
            scratch.joined.push(b'\n');
        }
        scratch.found.clear();
        scratch.found.resize(plan.rules.len(), 0);
        scratch.first.clear();
        scratch.first.resize(plan.rules.len(), 0);
        scratch.sieved = false;
        let mut scan = Scan { plan, pieces, scratch };
        scan.find_literals();
        scan
    }

    pub(super) fn resume(plan: &'a Plan, pieces: &'a Pieces, scratch: &'a mut Scratch) -> Self {
        Scan { plan, pieces, scratch }
    }

    /// The one pass that marks every clause with a literal in the text.
    fn find_literals(&mut self) {
        let Scratch { joined, ends, found, first, search, .. } = &mut *self.scratch;
        self.plan.finder.search(joined, ends, search, |literal, piece| {
            for used in self.plan.uses.get(literal).into_iter().flatten() {
                let rule = used.rule as usize;
                if let (Some(bits), Some(first)) = (found.get_mut(rule), first.get_mut(rule))
                    && *bits & used.bit == 0
                {
                    *bits |= used.bit;
                    *first = piece; // pieces come in order
                }
            }
        });
    }

    /// May rule `index` match? `false` is certain.
    pub fn possible(&mut self, index: usize) -> bool {
        match self.plan.tiers.get(index) {
            None => false,
            Some(Tier::Literals(bits)) => self.scratch.found.get(index) == Some(bits),
            Some(Tier::Sieve) => self.passes_sieve(index),
            Some(Tier::Always) => self.has_what_it_needs(index),
        }
    }

    fn has_what_it_needs(&self, index: usize) -> bool {
        let (Some(Some(needs)), Some(rule)) =
            (self.plan.needs.get(index), self.plan.rules.get(index))
        else {
            return true;
        };
        let mut numbers = rule.scope.pieces(self.pieces.len());
        numbers.any(|number| {
            let piece = self.pieces.get(number).zip(self.scratch.consists.get(number));
            piece.is_some_and(|(piece, bytes)| needs.are_met_by(piece.len(), bytes))
        })
    }

    fn passes_sieve(&mut self, index: usize) -> bool {
        let Scratch { joined, reached, sieved, .. } = &mut *self.scratch;
        if !*sieved {
            self.plan.sieve.follow(joined, reached);
            *sieved = true;
        }
        self.plan.sieve.passes(index, reached)
    }

    /// Up to `most` matches of rule `index`, as Perl counts them: piece by piece, in each
    /// as `while (/…/g)`. `most` is 1 but for `tflags multiple`.
    pub fn run(
        &mut self,
        index: usize,
        most: usize,
        caches: &mut Caches,
    ) -> Result<Matches, Overrun> {
        let mut matches = Matches::default();
        if !self.possible(index) {
            return Ok(matches);
        }
        let Some(rule) = self.plan.rules.get(index) else { return Ok(matches) };
        let mut left = rule.scope.pieces(self.pieces.len());
        if let (Some(Tier::Literals(_)), Some(&first)) =
            (self.plan.tiers.get(index), self.scratch.first.get(index))
        {
            left.start = left.start.max(first as usize).min(left.end);
        }
        let near = self.plan.near.get(index).and_then(Option::as_ref);
        let until = self.joined_start(left.end).saturating_sub(1);
        let long = until > self.joined_start(left.start) + SHORT_TEXT;
        // One linear pass pays where it saves calls, or a long backtrack. Header values are
        // cut short and their patterns are cheap.
        let pays = left.len() > 1 || long && (near.is_some() || rule.pattern.backtracks());
        let superset = if pays { rule.pattern.superset() } else { None };
        while matches.count < most && !left.is_empty() {
            let from = match superset {
                Some(superset) => self.skip_to_match(near, superset, &mut left, until, caches),
                None => Some(0),
            };
            let (Some(from), Some(piece)) = (from, self.pieces.get(left.start)) else { break };
            let (count, first) =
                rule.pattern.count_from(piece, from, most - matches.count, caches)?;
            matches.count += count;
            if let (None, Some(range)) = (&matches.first, first) {
                matches.first = Some((left.start, range));
            }
            left.start += 1;
        }
        Ok(matches)
    }

    /// Leaves away the pieces of `left` in which the superset does not match; gives where in the
    /// first one left a match may begin, `None` if there is none. The joined text of the last
    /// one ends at `until`.
    fn skip_to_match(
        &self,
        near: Option<&Near>,
        (id, dfa): (Id, &DFA),
        left: &mut Range<usize>,
        until: usize,
        caches: &mut Caches,
    ) -> Option<usize> {
        let joined = &self.scratch.joined;
        let mut from = self.joined_start(left.start);
        let mut search = |range: Range<usize>| {
            // The end of the match that ends first: no piece before it has one.
            let input = Input::new(joined).range(range).earliest(true);
            dfa.try_search_fwd(caches.lazy(id, dfa), &input)
        };
        let Some(near) = near else {
            return match search(from..until) {
                Ok(None) => None,
                Ok(Some(hit)) => {
                    left.start = self.piece_at(hit.offset(), left.clone());
                    Some(0)
                }
                Err(_) => Some(0),
            };
        };
        let folded = Folded { text: self.scratch.search.folded(), ends: &self.scratch.ends };
        while let Some(window) = near.window(folded, from, until) {
            if !matches!(search(window.range.clone()), Ok(None)) {
                left.start = window.piece;
                return Some(window.range.start - self.joined_start(window.piece));
            }
            from = window.next;
        }
        None
    }

    /// Where a piece begins in the joined text.
    fn joined_start(&self, piece: usize) -> usize {
        match piece.checked_sub(1).and_then(|before| self.scratch.ends.get(before)) {
            Some(end) => end + 1,
            None => 0,
        }
    }

    /// The piece, of those left, in which a match that ends at `offset` may lie.
    fn piece_at(&self, offset: usize, left: Range<usize>) -> usize {
        self.scratch.ends.partition_point(|&end| end < offset).max(left.start)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Exact, Ids, Pattern, PlanRule, Scope, Strip};
    use super::*;
    use crate::limits::Limits;
    use std::sync::Arc;

    fn plan(rules: &[(&str, Scope)]) -> Plan {
        let (mut ids, limits) = (Ids::new(), Limits::default());
        let rules: Vec<PlanRule> = rules
            .iter()
            .map(|(text, scope)| {
                let pattern = Arc::new(Pattern::parse(text.as_bytes(), Strip::Bare).unwrap());
                PlanRule {
                    pattern: Arc::new(Exact::new(pattern, &mut ids, &limits)),
                    scope: *scope,
                }
            })
            .collect();
        Plan::build(&rules, &limits)
    }

    fn found(plan: &Plan, pieces: &[&str], rule: usize, most: usize) -> Matches {
        let pieces: Pieces = pieces.iter().collect();
        let (mut scratch, mut caches) = (Scratch::default(), Caches::new());
        let mut scan = plan.start(&pieces, &mut scratch);
        let matches = scan.run(rule, most, &mut caches).unwrap();
        assert!(matches.count == 0 || scan.possible(rule));
        matches
    }

    #[test]
    fn no_match_crosses_pieces_and_places_hold_in_each() {
        type Case<'a> = (&'a str, &'a [&'a str], Option<(usize, Range<usize>)>);
        let cases: &[Case<'_>] = &[
            ("one\\stwo", &["one\n", "two\n"], None),
            ("^two$", &["one\n", "two\n"], Some((1, 0..3))),
            ("\\Atwo\\z", &["one", "two"], Some((1, 0..3))),
            ("e\\b", &["one", "two"], Some((0, 2..3))),
            ("o\\B", &["on", "no"], Some((0, 0..1))),
            ("(?<!o)n", &["on", "n"], Some((1, 0..1))),
            ("(..)\\1", &["abcd", "abab"], Some((1, 0..4))),
            ("[^x]{4}", &["ab", "cdef"], Some((1, 0..4))),
            ("$", &["", "a"], Some((0, 0..0))),
            ("^$", &["a", "", "b"], Some((1, 0..0))),
            ("\\w{30}", &["a", "abcdefghijklmnopqrstuvwxyzabcdef"], Some((1, 0..30))),
        ];
        for (pattern, pieces, first) in cases {
            let plan = plan(&[(pattern, Scope::All)]);
            assert_eq!(&found(&plan, pieces, 0, 1).first, first, "{pattern}");
        }
    }

    #[test]
    fn a_scope_hides_the_other_pieces() {
        let plan = plan(&[
            ("word", Scope::All),
            ("word", Scope::AllButFirst),
            ("word", Scope::One(1)),
            ("word", Scope::One(9)),
            ("w.?r", Scope::AllButFirst),
        ]);
        let pieces = ["word word", "no", "a word"];
        let first = |rule| found(&plan, &pieces, rule, 1).first;
        assert_eq!(first(0), Some((0, 0..4)));
        assert_eq!(first(1), Some((2, 2..6)));
        assert_eq!(first(2), None);
        assert_eq!(first(3), None);
        assert_eq!(first(4), Some((2, 2..5)));
        assert_eq!(found(&plan, &["", "word"], 2, 1).count, 1);
        assert_eq!(found(&plan, &pieces, 0, 9).count, 3);
        assert_eq!(found(&plan, &pieces, 0, 2).count, 2);
        assert_eq!(found(&plan, &[], 0, 2), Matches::default());
        assert_eq!(found(&plan, &pieces, 77, 2), Matches::default());
    }

    #[test]
    fn patterns_without_literals_are_told_apart() {
        let rules: Vec<(String, Scope)> = (0..40)
            .map(|n: u8| (format!("[{0}{1}]\\w\\W", (b'A' + n % 26) as char, n % 7), Scope::All))
            .collect();
        let rules: Vec<(&str, Scope)> =
            rules.iter().map(|(text, scope)| (&**text, *scope)).collect();
        let plan = plan(&rules);
        let hits: Vec<usize> =
            (0..40).filter(|&rule| found(&plan, &["x", "C5!"], rule, 1).count > 0).collect();
        assert_eq!(hits, [2, 28]);
    }

    /// Patterns of all shapes that windows are made from: literals before, behind and between
    /// what is bounded and what is not.
    fn pattern() -> impl proptest::strategy::Strategy<Value = String> {
        use proptest::prelude::*;
        let atom = prop_oneof![
            4 => "[abc]{1,4}",
            1 => "[abc]{15,20}",
            1 => Just(".".to_owned()),
            1 => Just("\\s".to_owned()),
            1 => Just("[bc]".to_owned()),
            1 => Just("\\b".to_owned()),
            1 => Just("^".to_owned()),
            1 => Just("$".to_owned()),
            1 => Just("(?=ab)".to_owned()),
            1 => Just("(?<!b)".to_owned()),
        ];
        atom.prop_recursive(3, 12, 3, |inner| {
            let counts = prop_oneof![
                Just("?"),
                Just("*"),
                Just("+"),
                Just("{2}"),
                Just("{2,}"),
                Just("{1,3}"),
                Just("{0,2}"),
                Just("{3,9}?"),
                Just("++")
            ];
            prop_oneof![
                3 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts.concat()),
                1 => prop::collection::vec(inner.clone(), 2..4)
                    .prop_map(|parts| format!("(?:{})", parts.join("|"))),
                2 => (inner.clone(), counts).prop_map(|(part, count)| format!("(?:{part}){count}")),
                1 => (inner.clone(), inner).prop_map(|(one, two)| format!("({one}){two}\\1")),
            ]
        })
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(800))]
        #[test]
        fn a_plan_finds_what_its_patterns_find_in_each_piece(
            text in pattern(),
            fold in proptest::prelude::any::<bool>(),
            pieces in proptest::collection::vec("[abcABC \\n]{0,40}|[abc ]{250,400}", 1..5),
            most in 1usize..4,
        ) {
            let text = if fold { format!("(?i){text}") } else { text };
            let limits = Limits::default();
            let Ok(pattern) = Pattern::parse(text.as_bytes(), Strip::Bare) else { return Ok(()) };
            let exact = Arc::new(Exact::new(Arc::new(pattern), &mut Ids::new(), &limits));
            let rule = PlanRule { pattern: exact.clone(), scope: Scope::All };
            let plan = Plan::build(&[rule], &limits);
            let parts: Pieces = pieces.iter().collect();
            let (mut scratch, mut caches) = (Scratch::default(), Caches::new());
            let found = plan.start(&parts, &mut scratch).run(0, most, &mut caches);
            let mut expected = Matches::default();
            for (number, piece) in parts.iter().enumerate() {
                let Ok((count, first)) =
                    exact.count(piece, most - expected.count, &mut caches) else { return Ok(()) };
                expected.count += count;
                expected.first = expected.first.or_else(|| first.map(|range| (number, range)));
                if expected.count >= most {
                    break;
                }
            }
            proptest::prop_assert_eq!(found, Ok(expected), "{}", text);
        }
    }
}
