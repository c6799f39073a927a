//! Literals that every match of a pattern contains.
//!
//! A *clause* is a set of lower-cased literals of which each match holds at least one; a
//! pattern has several clauses, and each match satisfies all of them. What is found is a
//! necessary condition, never a sufficient one.

use regex_syntax::hir::{Class, Hir, HirKind};

/// One of these, in any case, is in every match.
pub(super) type Clause = Vec<Vec<u8>>;

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
        keep(&mut clauses, exact);
    }
    clauses.sort_by_key(|clause| std::cmp::Reverse(worth(clause)));
    clauses.dedup();
    clauses.truncate(MOST_CLAUSES);
    clauses
}

/// What is known of an expression.
#[derive(Default)]
struct Required {
    /// All that it matches, lower-cased, if that is little.
    exact: Option<Clause>,
    clauses: Vec<Clause>,
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
        HirKind::Repetition(repeat) => {
            let sub = required(&repeat.sub);
            repeated(sub, repeat.min, repeat.max)
        }
        HirKind::Concat(hirs) => sequence(hirs.iter().map(required)),
        HirKind::Alternation(hirs) => alternatives(hirs.iter().map(required)),
    }
}

fn exactly(literals: Clause) -> Required {
    Required { exact: Some(normal(literals)), clauses: Vec::new() }
}

fn members(class: &Class) -> Option<Clause> {
    let Class::Bytes(class) = class else { return None };
    let size: usize =
        class.ranges().iter().map(|range| usize::from(range.end() - range.start()) + 1).sum();
    if size > MOST_LITERALS / 2 {
        return None;
    }
    let bytes = class.ranges().iter().flat_map(|range| range.start()..=range.end());
    Some(bytes.map(|byte| vec![byte.to_ascii_lowercase()]).collect())
}

fn repeated(sub: Required, min: u32, max: Option<u32>) -> Required {
    let Required { exact, mut clauses } = sub;
    match (min, max) {
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
    // At least `min` in a row: as many as stay few are one run.
    let Some(exact) = exact else { return Required { exact: None, clauses } };
    let mut run = vec![Vec::new()];
    let mut whole = max == Some(min);
    for _ in 0..min {
        match product(&run, &exact) {
            Some(longer) => run = longer,
            None => {
                whole = false;
                break;
            }
        }
    }
    if whole {
        return Required { exact: Some(run), clauses };
    }
    keep(&mut clauses, run);
    Required { exact: None, clauses }
}

/// Neighbours whose texts are known grow into runs; each run is a clause.
fn sequence(parts: impl Iterator<Item = Required>) -> Required {
    let mut clauses = Vec::new();
    let mut run: Clause = vec![Vec::new()];
    let mut whole = true;
    for part in parts {
        clauses.extend(part.clauses);
        let Some(exact) = part.exact else {
            keep(&mut clauses, std::mem::replace(&mut run, vec![Vec::new()]));
            whole = false;
            continue;
        };
        match product(&run, &exact) {
            Some(longer) => run = longer,
            None => {
                keep(&mut clauses, std::mem::replace(&mut run, exact));
                whole = false;
            }
        }
    }
    if whole {
        return Required { exact: Some(run), clauses };
    }
    keep(&mut clauses, run);
    Required { exact: None, clauses }
}

/// Either: the union of what is known of each, and nothing if nothing is known of one.
fn alternatives(parts: impl Iterator<Item = Required>) -> Required {
    let mut exact: Option<Clause> = Some(Vec::new());
    let mut either: Option<Clause> = Some(Vec::new());
    for part in parts {
        let mut clauses = part.clauses;
        match (&mut exact, &part.exact) {
            (Some(all), Some(literals)) => all.extend_from_slice(literals),
            _ => exact = None,
        }
        if let Some(literals) = part.exact {
            keep(&mut clauses, literals);
        }
        let best = clauses.into_iter().max_by_key(worth);
        match (&mut either, best) {
            (Some(all), Some(best)) => all.extend(best),
            _ => either = None,
        }
    }
    let exact = exact.map(normal).filter(|literals| literals.len() <= MOST_LITERALS);
    let mut clauses = Vec::new();
    if let Some(either) = either
        && exact.is_none()
    {
        keep(&mut clauses, either);
    }
    Required { exact, clauses }
}

/// Every text of `a` with every text of `b` behind it, if those are few and short.
fn product(a: &Clause, b: &Clause) -> Option<Clause> {
    let length = |clause: &Clause| clause.iter().map(Vec::len).max().unwrap_or(0);
    if a.len() * b.len() > MOST_LITERALS || length(a) + length(b) > 2 * LONGEST {
        return None;
    }
    let pairs = a.iter().flat_map(|head| b.iter().map(move |tail| [&**head, tail].concat()));
    Some(normal(pairs.collect()))
}

fn normal(mut literals: Clause) -> Clause {
    literals.sort_unstable();
    literals.dedup();
    literals
}

/// Adds a clause if it is of use.
fn keep(clauses: &mut Vec<Clause>, mut clause: Clause) {
    clause.iter_mut().for_each(|literal| literal.truncate(LONGEST));
    let mut clause = normal(clause);
    // With "ab" in the set "abc" adds nothing.
    let all = clause.clone();
    clause.retain(|literal| {
        !all.iter().any(|other| other.len() < literal.len() && contains(literal, other))
    });
    let usable = !clause.is_empty()
        && clause.len() <= MOST_LITERALS
        && clause.iter().all(|literal| literal.len() >= SHORTEST);
    if usable && !clauses.contains(&clause) {
        clauses.push(clause);
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

/// Long literals first, few of them second.
fn worth(clause: &Clause) -> (usize, std::cmp::Reverse<usize>) {
    let shortest = clause.iter().map(Vec::len).min().unwrap_or(0);
    (shortest.min(5), std::cmp::Reverse(clause.len()))
}

#[cfg(test)]
mod tests {
    use super::super::{perl, translate};
    use super::*;

    fn of(pattern: &str) -> Vec<Vec<String>> {
        let parsed = perl::parse(pattern.as_bytes(), 250).unwrap();
        let text = |literal: Vec<u8>| String::from_utf8_lossy(&literal).into_owned();
        clauses(&translate::superset(&parsed))
            .into_iter()
            .map(|clause| clause.into_iter().map(text).collect())
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
