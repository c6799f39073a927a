//! Where in a text a rule may match at all: around the literals that each match contains.
//!
//! The finder says that a text holds them somewhere. Here they are looked for one by one, and
//! what is left for the automaton is a *window* around each: as far before and behind it as a
//! match can reach, within the piece. Most windows are a few dozen bytes of a long text.
//!
//! Invariant: a match that lies in one piece lies in one of the windows.

use super::frequency;
use super::literals::Clause;
use aho_corasick::packed;
use memchr::memmem;
use std::ops::Range;
use std::sync::OnceLock;

/// A rule's clauses, the one that leaves least to search first.
#[derive(Debug)]
pub(super) struct Near {
    lead: Seek,
    others: Box<[Seek]>,
}

/// A clause to be looked for.
#[derive(Debug)]
struct Seek {
    clause: Clause,
    longest: usize,
    searcher: OnceLock<Searcher>,
}

#[derive(Debug)]
enum Searcher {
    One(Box<memmem::Finder<'static>>),
    Several(Box<packed::Searcher>),
    /// On machines without vector instructions.
    Each(Vec<memmem::Finder<'static>>),
}

/// A stretch of the text in which a match may lie.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// The piece that it belongs to.
    pub piece: usize,
    /// Its bytes, in the joined text.
    pub range: Range<usize>,
    /// Where to look for the next one.
    pub next: usize,
}

/// The joined text as a window is looked for in it: lower-cased.
#[derive(Clone, Copy, Debug)]
pub(super) struct Folded<'t> {
    /// All pieces, a newline behind each.
    pub text: &'t [u8],
    /// Where each piece ends: at its newline.
    pub ends: &'t [usize],
}

/// So many literals close together are not looked at one by one.
const DENSE: usize = 12;
/// In a longer window the other clauses are looked for before an automaton is.
const LONG: usize = 192;
/// What a window without bounds is taken for when clauses are compared.
const UNBOUNDED: usize = 400;

impl Near {
    /// The windows of a rule with these clauses; `None` without any.
    pub fn new(clauses: Vec<Clause>) -> Option<Near> {
        let frequency = frequency::of_bytes();
        let cost = |clause: &Clause| -> f32 {
            let share = |literal: &Vec<u8>| -> f32 {
                literal.iter().map(|&byte| frequency[usize::from(byte)]).product()
            };
            let reach = |side: Option<usize>| side.map_or(UNBOUNDED, |far| far.min(UNBOUNDED));
            let width = LEAST_WIDTH + reach(clause.before) + reach(clause.after);
            clause.literals.iter().map(share).sum::<f32>() * width as f32
        };
        let mut clauses: Vec<(f32, Clause)> =
            clauses.into_iter().map(|clause| (cost(&clause), clause)).collect();
        clauses.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let mut seeks = clauses.into_iter().map(|(_, clause)| Seek::new(clause));
        let lead = seeks.next()?;
        let mut others: Box<[Seek]> = seeks.collect();
        // Those that tell where a match begins come first.
        others.sort_by_key(|seek| seek.clause.before.is_none());
        Some(Near { lead, others })
    }

    /// The first window behind `from` and before `until`.
    pub fn window(&self, folded: Folded<'_>, from: usize, until: usize) -> Option<Window> {
        let mut at = from;
        loop {
            let mut window = self.lead.window(folded, at, until)?;
            at = window.next;
            if window.range.len() <= LONG {
                return Some(window);
            }
            if let Some(start) = self.first_start(folded.text, window.range.clone()) {
                window.range.start = start;
                return Some(window);
            }
        }
    }

    /// Where in a long window a match can begin at the earliest: it holds one of each clause, and
    /// begins so far before it at most. `None`: the window holds none.
    fn first_start(&self, text: &[u8], window: Range<usize>) -> Option<usize> {
        let mut start = window.start;
        // Behind what the others say the lead has to stand as well.
        for seek in self.others.iter().chain([&self.lead]) {
            let found = start + seek.find(text.get(start..window.end)?)?;
            start = start.max(seek.clause.before.map_or(start, |far| found.saturating_sub(far)));
        }
        Some(start)
    }
}

/// What a window costs however short it is, in bytes searched.
const LEAST_WIDTH: usize = 40;

impl Seek {
    fn new(clause: Clause) -> Seek {
        let longest = clause.literals.iter().map(Vec::len).max().unwrap_or(0);
        Seek { clause, longest, searcher: OnceLock::new() }
    }

    fn window(&self, folded: Folded<'_>, from: usize, until: usize) -> Option<Window> {
        let find = |from: usize| {
            let rest = folded.text.get(from..until)?;
            self.find(rest).map(|at| from + at)
        };
        let first = find(from)?;
        let piece = folded.ends.partition_point(|&end| end < first);
        let begins = piece.checked_sub(1).and_then(|before| folded.ends.get(before));
        let begins = begins.map_or(0, |end| end + 1);
        let ends = folded.ends.get(piece).copied().unwrap_or(until).min(until);
        let start = self.clause.before.map_or(begins, |far| first.saturating_sub(far).max(begins));
        let reach = |at: usize| {
            self.clause.after.map_or(ends, |far| (at + self.longest).saturating_add(far).min(ends))
        };
        let (mut end, mut next) = (reach(first), first + 1);
        for _ in 0..DENSE {
            if end >= ends {
                break;
            }
            match find(next) {
                Some(at) if self.clause.before.is_none_or(|far| at <= end + far) && at < ends => {
                    (end, next) = (reach(at), at + 1);
                }
                Some(at) => return Some(Window { piece, range: start..end, next: at }),
                None => return Some(Window { piece, range: start..end, next: until }),
            }
        }
        // Up to the end of the piece: because a match may reach it, or because it is all one.
        Some(Window { piece, range: start..ends, next: ends + 1 })
    }

    /// Where the first of the literals begins.
    fn find(&self, text: &[u8]) -> Option<usize> {
        match self.searcher.get_or_init(|| Searcher::new(&self.clause.literals)) {
            Searcher::One(finder) => finder.find(text),
            Searcher::Several(searcher) => searcher.find(text).map(|found| found.start()),
            Searcher::Each(finders) => finders.iter().filter_map(|one| one.find(text)).min(),
        }
    }
}

impl Searcher {
    fn new(literals: &[Vec<u8>]) -> Searcher {
        let finder = |literal: &Vec<u8>| memmem::Finder::new(literal).into_owned();
        if let [literal] = literals {
            return Searcher::One(Box::new(finder(literal)));
        }
        match packed::Searcher::new(literals) {
            Some(searcher) => Searcher::Several(Box::new(searcher)),
            None => Searcher::Each(literals.iter().map(finder).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{literals, perl, translate};
    use super::*;

    fn windows(pattern: &str, pieces: &[&str]) -> Vec<(usize, String)> {
        let parsed = perl::parse(pattern.as_bytes(), 250).unwrap();
        let near = Near::new(literals::clauses(&translate::shape(&parsed))).unwrap();
        let (mut text, mut ends) = (Vec::new(), Vec::new());
        for piece in pieces {
            text.extend_from_slice(piece.to_ascii_lowercase().as_bytes());
            ends.push(text.len());
            text.push(b'\n');
        }
        let folded = Folded { text: &text, ends: &ends };
        let (mut found, mut from) = (Vec::new(), 0);
        while let Some(window) = near.window(folded, from, text.len() - 1) {
            let shown = String::from_utf8_lossy(&text[window.range.clone()]).into_owned();
            found.push((window.piece, shown));
            from = window.next;
        }
        found
    }

    #[test]
    fn a_window_is_as_wide_as_a_match_can_be() {
        let wide = "x".repeat(300);
        let far = format!("{wide}foo{wide}bar{wide}");
        type Case<'a> = (&'a str, &'a [&'a str], &'a [(usize, &'a str)]);
        let cases: &[Case<'_>] = &[
            (
                "viagra",
                &["a viagra b", "no", "viagraviagra"],
                &[(0, "viagra"), (2, "viagraviagra")],
            ),
            ("\\d{2}foo", &["12345foo678"], &[(0, "45foo")]),
            ("foo\\d{0,3}", &["12foo345678", "foo"], &[(0, "foo345"), (1, "foo")]),
            (
                "a.{0,2}quiz",
                &["..a..quiz.aquiz..........quiz"],
                &[(0, "a..quiz.aquiz"), (0, "...quiz")],
            ),
            ("\\s+quiz", &["12 quiz34", "5 quiz"], &[(0, "12 quiz"), (1, "5 quiz")]),
            ("quiz.*x", &["12quiz34", "quiz5"], &[(0, "quiz34"), (1, "quiz5")]),
            ("foo.*bar", &[&far, &wide, "foo"], &[(0, &far[300..606])]),
            ("foo.*bar", &[&far.replace("foo", "fox")], &[]),
            ("foo.*barium", &[&format!("{wide}barium{wide}foo")], &[]),
            ("foo.*barium", &[&format!("{wide}foo-barium")], &[(0, "foo-barium")]),
            ("foo", &["fo", "o"], &[]),
        ];
        for (pattern, pieces, expected) in cases {
            let found = windows(pattern, pieces);
            let found: Vec<(usize, &str)> =
                found.iter().map(|(piece, text)| (*piece, &**text)).collect();
            assert_eq!(&found, expected, "{pattern}");
        }
    }
}
