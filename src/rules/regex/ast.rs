//! A Perl pattern as a tree: what it matches, free of flags and spelling.
//!
//! Invariant: flags are resolved while parsing. A letter under `/i` is a class of two
//! bytes, `.` is a class, `^` is one of two anchors; only a back reference still has to be
//! told that it ignores case.

use super::bytes::{ByteSet, Charset};

/// One node. The depth of a tree is bounded by `limits.pattern_depth`.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// Matches the empty string.
    Empty,
    /// One byte, exactly.
    Byte(u8),
    /// One byte of a set; of the empty set: never.
    Class(ByteSet),
    /// A place.
    Anchor(Anchor),
    /// One after the other.
    Concat(Vec<Node>),
    /// The first that fits.
    Alternate(Vec<Node>),
    /// `(…)`, counted from 1.
    Capture(usize, Box<Node>),
    /// `(?>…)`
    Atomic(Box<Node>),
    /// `(?|…)`: its branches number their groups alike.
    Reset(Box<Node>),
    /// `(?=…)` and its kin.
    Look { behind: bool, negative: bool, node: Box<Node> },
    /// Quantified.
    Repeat { node: Box<Node>, min: u32, max: Option<u32>, mode: Mode },
    /// `\1`, `\k<name>`: the first of these groups that is set.
    Reference { groups: Vec<usize>, fold: Option<Charset> },
    /// `(?1)`, `(?R)` (group 0), `(?&name)`
    Recurse(usize),
    /// `(?(condition)yes|no)`
    Condition { test: Test, yes: Box<Node>, no: Box<Node> },
    /// `(*VERB)`, spelled as PCRE2 spells it too.
    Verb(String),
}

/// A place between two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// `\A`, and `^` without `/m`
    Start,
    /// `^` with `/m`: not at the very end, even after a newline.
    LineStart,
    /// `\z`
    End,
    /// `\Z`, and `$` without `/m`: the end, or before a newline that ends the text.
    LastLineEnd,
    /// `$` with `/m`
    LineEnd,
    /// `\b`
    Word,
    /// `\B`
    NotWord,
    /// `\G`
    Search,
    /// `\K`
    Keep,
}

/// How a quantifier tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Greedy,
    Lazy,
    Possessive,
}

/// What `(?(…)…)` asks.
#[derive(Clone, Debug)]
pub(super) enum Test {
    /// Is one of these groups set?
    Groups(Vec<usize>),
    /// Are we inside a recursion (of this group)?
    Recursion(Option<usize>),
    /// `DEFINE`: never.
    Define,
    /// A look-around.
    Look(Box<Node>),
}

impl Node {
    /// Does Perl's parser think that this can consume something (its HASWIDTH)? Coarser
    /// than [`Node::lengths`]: one branch with width is enough.
    pub fn has_width(&self) -> bool {
        match self {
            Node::Empty | Node::Anchor(_) | Node::Look { .. } | Node::Verb(_) => false,
            Node::Byte(_) | Node::Class(_) | Node::Reference { .. } | Node::Recurse(_) => true,
            Node::Concat(nodes) | Node::Alternate(nodes) => nodes.iter().any(Node::has_width),
            Node::Capture(_, node) | Node::Atomic(node) | Node::Reset(node) => node.has_width(),
            Node::Repeat { node, max, .. } => *max != Some(0) && node.has_width(),
            Node::Condition { yes, no, .. } => yes.has_width() || no.has_width(),
        }
    }

    /// Does a capture group stand in it?
    pub fn has_capture(&self) -> bool {
        match self {
            Node::Capture(..) => true,
            Node::Concat(nodes) | Node::Alternate(nodes) => nodes.iter().any(Node::has_capture),
            Node::Atomic(node)
            | Node::Reset(node)
            | Node::Look { node, .. }
            | Node::Repeat { node, .. } => node.has_capture(),
            Node::Condition { yes, no, .. } => yes.has_capture() || no.has_capture(),
            _ => false,
        }
    }

    /// The least and the greatest number of bytes it consumes; `None`: no bound known.
    pub fn lengths(&self) -> (usize, Option<usize>) {
        match self {
            Node::Empty | Node::Anchor(_) | Node::Look { .. } | Node::Verb(_) => (0, Some(0)),
            Node::Byte(_) | Node::Class(_) => (1, Some(1)),
            Node::Reference { .. } | Node::Recurse(_) => (0, None),
            Node::Concat(nodes) => {
                nodes.iter().map(Node::lengths).fold((0, Some(0)), |(low, high), (more, most)| {
                    (low.saturating_add(more), add(high, most))
                })
            }
            Node::Alternate(nodes) => nodes
                .iter()
                .map(Node::lengths)
                .reduce(|(low, high), (less, most)| {
                    (low.min(less), high.zip(most).map(|(high, most)| high.max(most)))
                })
                .unwrap_or((0, Some(0))),
            Node::Capture(_, node) | Node::Atomic(node) | Node::Reset(node) => node.lengths(),
            Node::Repeat { node, min, max, .. } => {
                let (low, high) = node.lengths();
                let most = match (high, max) {
                    (Some(0), _) => Some(0),
                    (Some(high), Some(max)) => Some(high.saturating_mul(*max as usize)),
                    _ => None,
                };
                (low.saturating_mul(*min as usize), most)
            }
            Node::Condition { test: Test::Define, .. } => (0, Some(0)),
            Node::Condition { yes, no, .. } => {
                let ((low, high), (less, most)) = (yes.lengths(), no.lengths());
                (low.min(less), high.zip(most).map(|(high, most)| high.max(most)))
            }
        }
    }

    /// About how many states or code units an engine needs, repeats written out.
    pub fn weight(&self) -> usize {
        match self {
            Node::Empty | Node::Anchor(_) | Node::Verb(_) => 2,
            Node::Byte(_) => 2,
            Node::Class(set) if set.len() <= 2 => 2,
            Node::Class(_) => 34,
            Node::Reference { .. } | Node::Recurse(_) => 4,
            Node::Concat(nodes) => nodes.iter().map(Node::weight).fold(0, usize::saturating_add),
            Node::Alternate(nodes) => nodes
                .iter()
                .map(|node| node.weight().saturating_add(3))
                .fold(6, usize::saturating_add),
            Node::Capture(_, node)
            | Node::Atomic(node)
            | Node::Reset(node)
            | Node::Look { node, .. } => node.weight().saturating_add(8),
            Node::Repeat { node, min, max, .. } => {
                let times = max.unwrap_or(*min).max(*min).max(1) as usize;
                node.weight().saturating_add(4).saturating_mul(times)
            }
            Node::Condition { yes, no, .. } => {
                yes.weight().saturating_add(no.weight()).saturating_add(12)
            }
        }
    }
}

fn add(a: Option<usize>, b: Option<usize>) -> Option<usize> {
    Some(a?.saturating_add(b?))
}
