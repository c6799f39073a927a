//! From a Perl tree to a PCRE2 pattern without flags.
//!
//! Everything that the two dialects or a locale could read differently is spelled out:
//! classes as bytes, both cases of a letter, groups by number.

use super::ast::{Anchor, Mode, Node, Test};
use super::bytes::{ByteSet, Charset, other_case};
use super::perl::Parsed;
use crate::limits::Limits;
use std::cell::Cell;
use std::fmt::Write;

/// The pattern, with its limits in front.
///
/// With `nonempty` it does not match the empty string where the search begins, which is
/// what Perl's `//g` asks for behind an empty match.
pub(super) fn text(parsed: &Parsed, nonempty: bool, limits: &Limits) -> String {
    let mut out = format!(
        "(*LIMIT_MATCH={})(*LIMIT_DEPTH={})(*LIMIT_HEAP={})",
        limits.match_steps,
        limits.match_steps,
        limits.match_heap / 1024,
    );
    if has_verb(&parsed.node) {
        out.push_str("(*NO_START_OPT)");
    }
    if folds_latin(&parsed.node) {
        // Only with Unicode's tables does a reference fold letters beyond ASCII. Classes
        // are spelled out and `\b` stays ASCII's by the flag.
        out.push_str("(*UCP)(?a)");
    }
    if nonempty {
        out.push_str("(?:");
    }
    let fold = mostly_folds(&parsed.node);
    if fold {
        out.push_str("(?i)");
    }
    Writer { out: &mut out, fold }.write(&parsed.node);
    if nonempty {
        out.push_str(")(?!\\G)");
    }
    out
}

/// `fold`: the pattern as a whole ignores case, and what does not has to say so.
struct Writer<'a> {
    out: &'a mut String,
    fold: bool,
}

impl Writer<'_> {
    fn write(&mut self, node: &Node) {
        match node {
            Node::Empty => {}
            Node::Byte(byte) => self.byte(*byte),
            Node::Class(set) => self.class(set),
            Node::Anchor(anchor) => self.out.push_str(spelled(*anchor)),
            Node::Concat(nodes) => nodes.iter().for_each(|node| self.member(node)),
            Node::Alternate(_) => self.group("(?:", node),
            Node::Capture(_, node) => self.group("(", node),
            Node::Atomic(node) => self.group("(?>", node),
            Node::Reset(node) => self.group("(?|", node),
            Node::Look { behind, negative, node } => {
                let open = match (behind, negative) {
                    (false, false) => "(?=",
                    (false, true) => "(?!",
                    (true, false) => "(?<=",
                    (true, true) => "(?<!",
                };
                self.group(open, node);
            }
            Node::Repeat { node, min, max, mode } => {
                match **node {
                    Node::Byte(_) | Node::Class(_) | Node::Capture(..) | Node::Atomic(_) => {
                        self.write(node);
                    }
                    _ => self.group("(?:", node),
                }
                self.quantifier(*min, *max, *mode);
            }
            Node::Reference { groups, fold } => self.reference(groups, fold.is_some()),
            Node::Recurse(group) => _ = write!(self.out, "(?{group})"),
            Node::Condition { test, yes, no } => self.condition(test, yes, no),
            Node::Verb(word) => _ = write!(self.out, "(*{word})"),
        }
    }

    /// A node in a sequence or a branch.
    fn member(&mut self, node: &Node) {
        match node {
            Node::Alternate(_) => self.group("(?:", node),
            node => self.write(node),
        }
    }

    /// `open`, the branches, a closing parenthesis.
    fn group(&mut self, open: &str, node: &Node) {
        self.out.push_str(open);
        match node {
            Node::Alternate(nodes) => {
                for (index, node) in nodes.iter().enumerate() {
                    if index > 0 {
                        self.out.push('|');
                    }
                    self.member(node);
                }
            }
            node => self.write(node),
        }
        self.out.push(')');
    }

    fn byte(&mut self, byte: u8) {
        let differs = self.fold && other_case(byte, Charset::Ascii) != byte;
        if differs {
            self.out.push_str("(?-i:");
        }
        if byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'-' | b',' | b'=' | b'@') {
            self.out.push(byte as char);
        } else {
            _ = write!(self.out, "\\x{byte:02x}");
        }
        if differs {
            self.out.push(')');
        }
    }

    fn class(&mut self, set: &ByteSet) {
        match (both_cases(set), set.len()) {
            (_, 0) => return self.out.push_str("[^\\x00-\\xff]"),
            (_, 1) => return set.iter().for_each(|byte| self.byte(byte)),
            (_, 256) => return self.out.push_str("(?s:.)"),
            (Some(letter), _) if self.fold => return self.out.push(letter as char),
            (Some(letter), _) => {
                _ = write!(self.out, "(?i:{})", letter as char);
                return;
            }
            _ => {}
        }
        let differs = self.fold && set.folded(Charset::Ascii) != *set;
        let negated = set.len() > 128;
        self.out.push_str(if differs { "(?-i:[" } else { "[" });
        self.out.push_str(if negated { "^" } else { "" });
        let shown = if negated { set.complement() } else { *set };
        for (low, high) in shown.ranges() {
            _ = write!(self.out, "\\x{low:02x}");
            if high > low {
                _ = write!(self.out, "-\\x{high:02x}");
            }
        }
        self.out.push_str(if differs { "])" } else { "]" });
    }

    fn quantifier(&mut self, min: u32, max: Option<u32>, mode: Mode) {
        let out = &mut self.out;
        match (min, max) {
            (0, None) => out.push('*'),
            (1, None) => out.push('+'),
            (0, Some(1)) => out.push('?'),
            (min, None) => _ = write!(out, "{{{min},}}"),
            (min, Some(max)) if min == max => _ = write!(out, "{{{min}}}"),
            (min, Some(max)) => _ = write!(out, "{{{min},{max}}}"),
        }
        match mode {
            Mode::Greedy => {}
            Mode::Lazy => out.push('?'),
            Mode::Possessive => out.push('+'),
        }
    }

    /// The first group that is set; if several share a name, asked one by one.
    fn reference(&mut self, groups: &[usize], fold: bool) {
        match groups {
            [] => self.out.push_str("(*FAIL)"),
            [group] if fold == self.fold => _ = write!(self.out, "\\g{{{group}}}"),
            [group] if fold => _ = write!(self.out, "(?i:\\g{{{group}}})"),
            [group] => _ = write!(self.out, "(?-i:\\g{{{group}}})"),
            [group, rest @ ..] => {
                _ = write!(self.out, "(?({group})");
                self.reference(&[*group], fold);
                self.out.push('|');
                self.reference(rest, fold);
                self.out.push(')');
            }
        }
    }

    fn condition(&mut self, test: &Test, yes: &Node, no: &Node) {
        match test {
            Test::Groups(groups) => {
                // One of several: `(?(1)yes|(?(2)yes|no))`.
                for group in groups {
                    _ = write!(self.out, "(?({group})");
                    self.member(yes);
                    self.out.push('|');
                }
                self.member(no);
                groups.iter().for_each(|_| self.out.push(')'));
                return;
            }
            Test::Recursion(None) => self.out.push_str("(?(R)"),
            Test::Recursion(Some(group)) => _ = write!(self.out, "(?(R{group})"),
            Test::Define => self.out.push_str("(?(DEFINE)"),
            Test::Look(look) => {
                self.out.push_str("(?");
                self.write(look);
            }
        }
        self.member(yes);
        if !matches!(no, Node::Empty) {
            self.out.push('|');
            self.member(no);
        }
        self.out.push(')');
    }
}

fn spelled(anchor: Anchor) -> &'static str {
    match anchor {
        Anchor::Start => "\\A",
        Anchor::LineStart => "(?m:^)",
        Anchor::End => "\\z",
        Anchor::LastLineEnd => "\\Z",
        Anchor::LineEnd => "(?m:$)",
        Anchor::Word => "\\b",
        Anchor::NotWord => "\\B",
        Anchor::Search => "\\G",
        Anchor::Keep => "\\K",
    }
}

/// The lower-case letter if the set is one ASCII letter in both cases.
fn both_cases(set: &ByteSet) -> Option<u8> {
    if set.len() != 2 {
        return None;
    }
    let mut bytes = set.iter();
    let (upper, lower) = (bytes.next()?, bytes.next()?);
    (upper.is_ascii_uppercase() && upper.to_ascii_lowercase() == lower).then_some(lower)
}

/// Are there more letters in both cases than in one? Saying so once in front keeps the
/// compiled pattern small: PCRE2's ends at 64 KiB.
fn mostly_folds(node: &Node) -> bool {
    let balance = Cell::new(0i64);
    _ = any(node, &|node| {
        match node {
            Node::Byte(byte) if other_case(*byte, Charset::Ascii) != *byte => {
                balance.set(balance.get() - 1);
            }
            Node::Class(set) if both_cases(set).is_some() => balance.set(balance.get() + 1),
            _ => {}
        }
        false
    });
    balance.get() > 0
}

fn has_verb(node: &Node) -> bool {
    any(node, &|node| matches!(node, Node::Verb(_)))
}

fn folds_latin(node: &Node) -> bool {
    any(
        node,
        &|node| matches!(node, Node::Reference { fold: Some(charset), .. } if *charset != Charset::Native),
    )
}

/// Is there a node in the tree that `asked` says yes to?
fn any(node: &Node, asked: &dyn Fn(&Node) -> bool) -> bool {
    asked(node)
        || match node {
            Node::Concat(nodes) | Node::Alternate(nodes) => {
                nodes.iter().any(|node| any(node, asked))
            }
            Node::Capture(_, node)
            | Node::Atomic(node)
            | Node::Reset(node)
            | Node::Look { node, .. }
            | Node::Repeat { node, .. } => any(node, asked),
            Node::Condition { test, yes, no } => {
                matches!(test, Test::Look(look) if any(look, asked))
                    || any(yes, asked)
                    || any(no, asked)
            }
            _ => false,
        }
}
