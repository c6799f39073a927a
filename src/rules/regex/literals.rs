//! Literals that every match of a pattern contains.
//!
//! A *clause* is a set of lower-cased literals of which each match holds at least one; a
//! pattern has several clauses, and each match satisfies all of them. What is found is a
//! necessary condition, never a sufficient one. With each clause goes how far a match can reach
//! before and behind its literals.

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

/// One of these, in any case, is in every match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clause {
    /// Lower-cased.
    pub literals: Literals,
    /// The most bytes of a match before one of them; `None`: there is no bound.
    pub before: Option<usize>,
    /// The most bytes of a match behind one of them, those of a longer one counted too.
    pub after: Option<usize>,
}

pub(super) type Literals = Vec<Vec<u8>>;

/// Most literals in a clause: beyond it hardly a text is without one.
const MOST_LITERALS: usize = 48;
/// Literals are cut here: longer ones rule out nothing more.
const LONGEST: usize = 16;
/// Shorter ones are in every text.
const SHORTEST: usize = 2;
/// Most clauses kept of a pattern.
const MOST_CLAUSES: usize = 4;

/// The best clauses of `hir`, best first; none if it has no usable one.
pub(super) fn clauses(hir: &Hir) -> Vec<Clause> {
    let found = required(hir);
    let mut clauses = found.clauses;
    if let Some(exact) = found.exact {
        keep(&mut clauses, exact, Reach::NONE);
    }
    clauses.sort_by_key(|clause| std::cmp::Reverse(worth(clause)));
    clauses.dedup_by(|a, b| a.literals == b.literals);
    clauses.truncate(MOST_CLAUSES);
    clauses
}

/// What is known of an expression.
#[derive(Default)]
struct Required {
    /// All that it matches, lower-cased, if that is little.
    exact: Option<Literals>,
    clauses: Vec<Clause>,
}

/// How far a match goes on before and behind a part of it; `None`: there is no bound.
#[derive(Clone, Copy, Debug)]
struct Reach {
    before: Option<usize>,
    after: Option<usize>,
}

impl Reach {
    const NONE: Reach = Reach { before: Some(0), after: Some(0) };

    /// Of a clause of the part, in the whole.
    fn widen(self, clause: &mut Clause) {
        clause.before = sum(clause.before, self.before);
        clause.after = sum(clause.after, self.after);
    }
}

fn sum(a: Option<usize>, b: Option<usize>) -> Option<usize> {
    a?.checked_add(b?)
}

fn required(hir: &Hir) -> Required {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => exactly(vec![Vec::new()]),
        HirKind::Literal(literal) => exactly(vec![literal.0.to_ascii_lowercase()]),
        HirKind::Class(class) => match members(class) {
            Some(members) => exactly(members),
            None => Required::default(),
        },
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repeat) => repeated(repeat),
        HirKind::Concat(hirs) => sequence(hirs),
        HirKind::Alternation(hirs) => alternatives(hirs.iter().map(required)),
    }
}

fn exactly(literals: Literals) -> Required {
    Required { exact: Some(normal(literals)), clauses: Vec::new() }
}

fn members(class: &Class) -> Option<Literals> {
    let Class::Bytes(class) = class else { return None };
    let size: usize =
        class.ranges().iter().map(|range| usize::from(range.end() - range.start()) + 1).sum();
    if size > MOST_LITERALS / 2 {
        return None;
    }
    let bytes = class.ranges().iter().flat_map(|range| range.start()..=range.end());
    Some(bytes.map(|byte| vec![byte.to_ascii_lowercase()]).collect())
}

fn repeated(repeat: &Repetition) -> Required {
    let Required { exact, mut clauses } = required(&repeat.sub);
    match (repeat.min, repeat.max) {
        (1, Some(1)) => return Required { exact, clauses },
        (0, Some(1)) => {
            let exact = exact.map(|mut literals| {
                literals.push(Vec::new());
                normal(literals)
            });
            return Required { exact, clauses: Vec::new() };
        }
        (0, _) => return Required::default(),
        _ => {}
    }
    let width = repeat.sub.properties().maximum_len();
    let others = |times: u32| {
        let more = repeat.max.map(|max| max.saturating_sub(times) as usize);
        more.zip(width).and_then(|(more, width)| more.checked_mul(width))
    };
    let reach = Reach { before: others(1), after: others(1) };
    clauses.iter_mut().for_each(|clause| reach.widen(clause));
    // At least `min` in a row: as many as stay few are one run.
    let Some(exact) = exact else { return Required { exact: None, clauses } };
    let (mut run, mut times) = (vec![Vec::new()], 0);
    while times < repeat.min {
        let Some(longer) = product(&run, &exact) else { break };
        times = if longer == run { repeat.min } else { times + 1 };
        run = longer;
    }
    if times == repeat.min && repeat.max == Some(repeat.min) {
        return Required { exact: Some(run), clauses };
    }
    keep(&mut clauses, run, Reach { before: Some(0), after: others(times) });
    Required { exact: None, clauses }
}

/// Neighbours whose texts are known grow into runs; each run is a clause.
fn sequence(hirs: &[Hir]) -> Required {
    // Before each part, and behind it.
    let width = |hir: &Hir| hir.properties().maximum_len();
    let mut after: Vec<Option<usize>> = vec![Some(0)];
    for hir in hirs.iter().rev() {
        let behind = after.last().copied().flatten();
        after.push(sum(behind, width(hir)));
    }
    after.reverse();
    let mut clauses = Vec::new();
    let (mut run, mut run_before): (Literals, _) = (vec![Vec::new()], Some(0));
    let (mut before, mut whole) = (Some(0), true);
    for ((hir, from_here), behind) in hirs.iter().zip(&after).zip(after.iter().skip(1)) {
        let Required { exact, clauses: inner } = required(hir);
        let reach = Reach { before, after: *behind };
        clauses.extend(inner.into_iter().map(|mut clause| {
            reach.widen(&mut clause);
            clause
        }));
        let longer = exact.as_ref().and_then(|exact| product(&run, exact));
        let next = sum(before, width(hir));
        match longer {
            Some(longer) => run = longer,
            None => {
                let reach = Reach { before: run_before, after: *from_here };
                whole = false;
                match exact {
                    Some(exact) => {
                        keep(&mut clauses, std::mem::replace(&mut run, exact), reach);
                        run_before = before;
                    }
                    None => {
                        keep(&mut clauses, std::mem::replace(&mut run, vec![Vec::new()]), reach);
                        run_before = next;
                    }
                }
            }
        }
        before = next;
    }
    if whole {
        return Required { exact: Some(run), clauses };
    }
    keep(&mut clauses, run, Reach { before: run_before, after: Some(0) });
    Required { exact: None, clauses }
}

/// Either: the union of what is known of each, and nothing if nothing is known of one.
fn alternatives(parts: impl Iterator<Item = Required>) -> Required {
    let mut exact: Option<Literals> = Some(Vec::new());
    let mut either: Option<Clause> =
        Some(Clause { literals: Vec::new(), before: Some(0), after: Some(0) });
    for part in parts {
        let mut clauses = part.clauses;
        match (&mut exact, &part.exact) {
            (Some(all), Some(literals)) => all.extend_from_slice(literals),
            _ => exact = None,
        }
        if let Some(literals) = part.exact {
            keep(&mut clauses, literals, Reach::NONE);
        }
        let best = clauses.into_iter().max_by_key(worth);
        match (&mut either, best) {
            (Some(all), Some(best)) => {
                all.literals.extend(best.literals);
                all.before = all.before.zip(best.before).map(|(a, b)| a.max(b));
                all.after = all.after.zip(best.after).map(|(a, b)| a.max(b));
            }
            _ => either = None,
        }
    }
    let exact = exact.map(normal).filter(|literals| literals.len() <= MOST_LITERALS);
    let mut clauses = Vec::new();
    if let Some(either) = either
        && exact.is_none()
    {
        let reach = Reach { before: either.before, after: either.after };
        keep(&mut clauses, either.literals, reach);
    }
    Required { exact, clauses }
}

/// Every text of `a` with every text of `b` behind it, if those are few and short.
fn product(a: &Literals, b: &Literals) -> Option<Literals> {
    let length = |clause: &Literals| clause.iter().map(Vec::len).max().unwrap_or(0);
    if a.len() * b.len() > MOST_LITERALS || length(a) + length(b) > 2 * LONGEST {
        return None;
    }
    let pairs = a.iter().flat_map(|head| b.iter().map(move |tail| [&**head, tail].concat()));
    Some(normal(pairs.collect()))
}

fn normal(mut literals: Literals) -> Literals {
    literals.sort_unstable();
    literals.dedup();
    literals
}

/// Adds a clause if it is of use.
fn keep(clauses: &mut Vec<Clause>, mut literals: Literals, reach: Reach) {
    let longest = |literals: &Literals| literals.iter().map(Vec::len).max().unwrap_or(0);
    let whole = longest(&literals);
    literals.iter_mut().for_each(|literal| literal.truncate(LONGEST));
    let all = normal(literals);
    // With "ab" in the set "abc" adds nothing.
    let is_new = |literal: &&Vec<u8>| {
        !all.iter().any(|other| other.len() < literal.len() && contains(literal, other))
    };
    let kept: Literals = all.iter().filter(is_new).cloned().collect();
    let usable = !kept.is_empty()
        && kept.len() <= MOST_LITERALS
        && kept.iter().all(|literal| literal.len() >= SHORTEST);
    if !usable || clauses.iter().any(|clause| clause.literals == kept) {
        return;
    }
    // What was cut off stands behind; of what contained another, a part may stand before.
    let (lost, hidden) = (whole - longest(&kept), if kept.len() < all.len() { whole } else { 0 });
    let mut clause = Clause { literals: kept, before: Some(hidden), after: Some(lost) };
    reach.widen(&mut clause);
    clauses.push(clause);
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

/// Long literals first, few of them second.
fn worth(clause: &Clause) -> (usize, std::cmp::Reverse<usize>) {
    let shortest = clause.literals.iter().map(Vec::len).min().unwrap_or(0);
    (shortest.min(5), std::cmp::Reverse(clause.literals.len()))
}

#[cfg(test)]
mod tests {
    use super::super::{perl, translate};
    use super::*;

    fn of(pattern: &str) -> Vec<Vec<String>> {
        let parsed = perl::parse(pattern.as_bytes(), 250).unwrap();
        let text = |literal: Vec<u8>| String::from_utf8_lossy(&literal).into_owned();
        clauses(&translate::shape(&parsed))
            .into_iter()
            .map(|clause| clause.literals.into_iter().map(text).collect())
            .collect()
    }

    #[test]
    fn every_match_contains_the_literals() {
        let cases: &[(&str, &[&[&str]])] = &[
            ("(?i)Viagra", &[&["viagra"]]),
            ("foo.*bar", &[&["foo"], &["bar"]]),
            ("(?:cheap|free) pills", &[&["cheap pills", "free pills"]]),
            ("a[bc]d", &[&["abd", "acd"]]),
            ("colou?r", &[&["color", "colour"]]),
            ("(?:foo)*", &[]),
            ("foo|.", &[]),
            ("(?:ab){2,}", &[&["abab"]]),
            ("(?!foo)bar", &[&["bar"]]),
            ("\\w{3}", &[]),
            ("(one)two\\1", &[&["onetwoone"]]),
        ];
        for (pattern, expected) in cases {
            assert_eq!(&of(pattern), expected, "{pattern}");
        }
    }
}
