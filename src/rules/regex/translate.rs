//! From a Perl tree to a regular one: exactly, or as a superset for joined text.

use super::ast::{Anchor, Mode, Node, Test};
use super::bytes::{ByteSet, Charset};
use super::perl::Parsed;
use regex_syntax::hir::{Capture, Class, ClassBytes, ClassBytesRange, Hir, Look, Repetition};

/// A regular expression that says what the Perl pattern says.
pub(super) struct Regular {
    pub hir: Hir,
    /// Is there a `$` that has to swallow the newline before the end to be regular?
    pub swallows: bool,
    /// Numbers of the groups that hold a swallowed newline; with groups only.
    pub swallowed: Vec<usize>,
}

/// The same language and the same matches as a regular expression, if there is one. With
/// `groups` it captures what Perl captures.
pub(super) fn exact(parsed: &Parsed, groups: bool) -> Option<Regular> {
    regular(parsed, groups, false)
}

/// Matches wherever the pattern matches, and where only its look-arounds, references or
/// possessive parts keep it from matching: for what is too large for a backtracker.
pub(super) fn loose(parsed: &Parsed) -> Option<Regular> {
    regular(parsed, false, true)
}

fn regular(parsed: &Parsed, groups: bool, loose: bool) -> Option<Regular> {
    let next = parsed.groups + 1;
    let mut exact = Exact { groups, loose, next, swallows: false, swallowed: vec![] };
    let hir = exact.hir(&parsed.node, Follow { must: false, may: false })?;
    Some(Regular { hir, swallows: exact.swallows, swallowed: exact.swallowed })
}

/// A regular expression that matches wherever, in pieces joined by newlines, the pattern
/// matches inside one piece; and elsewhere too.
pub(super) fn superset(parsed: &Parsed) -> Hir {
    let heavy = parsed.node.weight() > HEAVY;
    superset_with(parsed, if heavy { Counting::Hardly } else { Counting::Little })
}

/// The same with every repeat counted: to be looked at, for it has too many states to be run.
pub(super) fn shape(parsed: &Parsed) -> Hir {
    superset_with(parsed, Counting::Whole)
}

fn superset_with(parsed: &Parsed, counting: Counting) -> Hir {
    let mut groups = vec![None; parsed.groups + 1];
    collect_groups(&parsed.node, &mut groups);
    if accepts_early(&parsed.node) {
        // Nothing is known of how far it goes either.
        return anything();
    }
    Superset { groups, counting }.hir(&parsed.node, None)
}

/// What stands behind a node in its sequence.
#[derive(Clone, Copy)]
struct Follow {
    /// Something that consumes at least one byte.
    must: bool,
    /// Anything at all.
    may: bool,
}

struct Exact {
    groups: bool,
    loose: bool,
    next: usize,
    swallows: bool,
    swallowed: Vec<usize>,
}

impl Exact {
    fn hir(&mut self, node: &Node, follow: Follow) -> Option<Hir> {
        Some(match node {
            Node::Empty => Hir::empty(),
            Node::Byte(byte) => Hir::literal([*byte]),
            Node::Class(set) => class(set),
            Node::Anchor(anchor) => self.anchor(*anchor, follow)?,
            Node::Concat(nodes) => {
                let mut hirs = Vec::with_capacity(nodes.len());
                let mut follow = follow;
                for node in nodes.iter().rev() {
                    hirs.push(self.hir(node, follow)?);
                    follow.must |= node.lengths().0 > 0;
                    follow.may |= !matches!(node, Node::Empty);
                }
                hirs.reverse();
                Hir::concat(hirs)
            }
            Node::Alternate(nodes) => {
                let hirs: Option<Vec<Hir>> =
                    nodes.iter().map(|node| self.hir(node, follow)).collect();
                Hir::alternation(hirs?)
            }
            Node::Capture(index, node) => {
                let sub = Box::new(self.hir(node, follow)?);
                if !self.groups {
                    return Some(*sub);
                }
                Hir::capture(Capture { index: u32::try_from(*index).ok()?, name: None, sub })
            }
            Node::Repeat { mode: Mode::Possessive, .. } if !self.loose => return None,
            Node::Repeat { node, min, max, mode } => {
                let again = *max != Some(1);
                let inner = Follow { must: follow.must, may: follow.may || again };
                let sub = Box::new(self.hir(node, inner)?);
                let greedy = *mode != Mode::Lazy;
                Hir::repetition(Repetition { min: *min, max: *max, greedy, sub })
            }
            Node::Verb(word) if word == "FAIL" => Hir::fail(),
            Node::Atomic(node) | Node::Reset(node) if self.loose => self.hir(node, follow)?,
            Node::Look { .. } if self.loose => Hir::empty(),
            Node::Reference { .. } if self.loose => anything(),
            Node::Atomic(_)
            | Node::Reset(_)
            | Node::Look { .. }
            | Node::Reference { .. }
            | Node::Recurse(_)
            | Node::Condition { .. }
            | Node::Verb(_) => return None,
        })
    }

    fn anchor(&mut self, anchor: Anchor, follow: Follow) -> Option<Hir> {
        Some(match anchor {
            Anchor::Start => Hir::look(Look::Start),
            // At the very end Perl's does not hold; an automaton's does.
            Anchor::LineStart if follow.must => Hir::look(Look::StartLF),
            Anchor::End => Hir::look(Look::End),
            Anchor::LineEnd => Hir::look(Look::EndLF),
            Anchor::LastLineEnd if !follow.may => self.last_line_end()?,
            Anchor::Word => Hir::look(Look::WordAscii),
            Anchor::NotWord => Hir::look(Look::WordAsciiNegate),
            Anchor::LineStart | Anchor::LastLineEnd | Anchor::Search | Anchor::Keep => {
                return None;
            }
        })
    }

    /// The end, or a newline and the end: an automaton cannot look ahead, it has to swallow.
    fn last_line_end(&mut self) -> Option<Hir> {
        self.swallows = true;
        let mut newline = Hir::literal(*b"\n");
        if self.groups {
            let index = u32::try_from(self.next).ok()?;
            newline = Hir::capture(Capture { index, name: None, sub: Box::new(newline) });
            self.swallowed.push(self.next);
            self.next += 1;
        }
        let swallowing = Hir::concat(vec![newline, Hir::look(Look::End)]);
        Some(Hir::alternation(vec![swallowing, Hir::look(Look::End)]))
    }
}

struct Superset<'a> {
    groups: Vec<Option<&'a Node>>,
    counting: Counting,
}

/// How much of its repeats' counts a superset keeps: each multiplies an automaton's states.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counting {
    Whole,
    Little,
    /// For a pattern so large that counting in it would take too many states.
    Hardly,
}

/// A copy of a group, for a reference to it: places in it do not hold again.
#[derive(Clone, Copy)]
struct Copy {
    fold: Option<Charset>,
}

impl Superset<'_> {
    fn hir(&self, node: &Node, copy: Option<Copy>) -> Hir {
        match node {
            Node::Empty | Node::Look { .. } => Hir::empty(),
            Node::Byte(byte) => match copy {
                Some(Copy { fold: Some(charset) }) => {
                    class(&ByteSet::of(&[(*byte, *byte)]).folded(charset))
                }
                _ => Hir::literal([*byte]),
            },
            Node::Class(set) => match copy {
                Some(Copy { fold: Some(charset) }) => class(&set.folded(charset)),
                _ => class(set),
            },
            Node::Anchor(_) if copy.is_some() => Hir::empty(),
            Node::Anchor(anchor) => match anchor {
                Anchor::Start | Anchor::LineStart => Hir::look(Look::StartLF),
                Anchor::End | Anchor::LastLineEnd | Anchor::LineEnd => Hir::look(Look::EndLF),
                Anchor::Word => Hir::look(Look::WordAscii),
                Anchor::NotWord => Hir::look(Look::WordAsciiNegate),
                Anchor::Search | Anchor::Keep => Hir::empty(),
            },
            Node::Concat(nodes) => {
                Hir::concat(nodes.iter().map(|node| self.hir(node, copy)).collect())
            }
            Node::Alternate(nodes) => {
                Hir::alternation(nodes.iter().map(|node| self.hir(node, copy)).collect())
            }
            Node::Capture(_, node) | Node::Atomic(node) | Node::Reset(node) => self.hir(node, copy),
            Node::Repeat { node, min, max, mode } => {
                let (min, max) = self.loosened(node, *min, *max);
                let greedy = *mode != Mode::Lazy;
                let sub = Box::new(self.hir(node, copy));
                Hir::repetition(Repetition { min, max, greedy, sub })
            }
            Node::Reference { groups, fold } => self.reference(groups, *fold, copy),
            Node::Recurse(_) => anything(),
            Node::Condition { test: Test::Define, .. } => Hir::empty(),
            Node::Condition { yes, no, .. } => {
                Hir::alternation(vec![self.hir(yes, copy), self.hir(no, copy)])
            }
            Node::Verb(word) if word == "FAIL" => Hir::fail(),
            Node::Verb(_) => Hir::empty(),
        }
    }

    /// Fewer counts to keep, more matched.
    fn loosened(&self, node: &Node, min: u32, max: Option<u32>) -> (u32, Option<u32>) {
        if self.counting == Counting::Whole {
            return (min, max);
        }
        let heavy = self.counting == Counting::Hardly;
        let single = matches!(node, Node::Byte(_) | Node::Class(_));
        let most = if single && !heavy { COUNTED_CLASSES } else { 1 };
        let max = max.filter(|max| *max <= most);
        let weight = node.weight();
        let least = match (heavy, single || weight <= SMALL_GROUP) {
            (false, true) => COUNTED_AT_LEAST,
            (true, false) if weight <= LARGEST_GROUP => LARGE_GROUPS,
            _ => 2,
        };
        (min.min(least), max)
    }

    /// What a group's body can match, where that is small; anything otherwise.
    fn reference(&self, groups: &[usize], fold: Option<Charset>, copy: Option<Copy>) -> Hir {
        let [group] = groups else { return anything() };
        match self.groups.get(*group) {
            Some(Some(node)) if copy.is_none() && node.weight() <= LARGEST_COPY => {
                self.hir(node, Some(Copy { fold }))
            }
            _ => anything(),
        }
    }
}

/// Repeats of one byte keep their upper bound up to this.
const COUNTED_CLASSES: u32 = 3;
/// Lower bounds are kept up to this: they tell more than upper ones.
const COUNTED_AT_LEAST: u32 = 40;
/// A heavier pattern is heavy.
const HEAVY: usize = 4000;
/// A group up to this weight keeps its lower bound.
const SMALL_GROUP: usize = 100;

/// Lower bounds of other groups are kept up to this in a heavy pattern: there a text let
/// through in vain costs most.
const LARGE_GROUPS: u32 = 5;
/// But not of a group heavier than this.
const LARGEST_GROUP: usize = 200_000;

/// A referenced group heavier than this is taken for anything.
const LARGEST_COPY: usize = 300;

fn anything() -> Hir {
    Hir::repetition(Repetition {
        min: 0,
        max: None,
        greedy: false,
        sub: Box::new(class(&ByteSet::ALL)),
    })
}

fn class(set: &ByteSet) -> Hir {
    let ranges = set.ranges().into_iter().map(|(low, high)| ClassBytesRange::new(low, high));
    Hir::class(Class::Bytes(ClassBytes::new(ranges)))
}

/// Each group's body by its number, the first where numbers are shared.
fn collect_groups<'a>(node: &'a Node, groups: &mut Vec<Option<&'a Node>>) {
    match node {
        Node::Capture(index, inner) => {
            if let Some(group) = groups.get_mut(*index) {
                // Two bodies under one number: the tree above both stands for either.
                *group = if group.is_none() { Some(&**inner) } else { Some(&Node::Recurse(0)) };
            }
            collect_groups(inner, groups);
        }
        Node::Concat(nodes) | Node::Alternate(nodes) => {
            nodes.iter().for_each(|node| collect_groups(node, groups));
        }
        Node::Atomic(node)
        | Node::Reset(node)
        | Node::Look { node, .. }
        | Node::Repeat { node, .. } => collect_groups(node, groups),
        Node::Condition { test, yes, no } => {
            if let Test::Look(look) = test {
                collect_groups(look, groups);
            }
            collect_groups(yes, groups);
            collect_groups(no, groups);
        }
        _ => {}
    }
}

/// `(*ACCEPT)` may end a match anywhere.
pub(super) fn accepts_early(node: &Node) -> bool {
    match node {
        Node::Verb(word) => word == "ACCEPT",
        Node::Concat(nodes) | Node::Alternate(nodes) => nodes.iter().any(accepts_early),
        Node::Capture(_, node)
        | Node::Atomic(node)
        | Node::Reset(node)
        | Node::Look { node, .. }
        | Node::Repeat { node, .. } => accepts_early(node),
        Node::Condition { yes, no, .. } => accepts_early(yes) || accepts_early(no),
        _ => false,
    }
}
