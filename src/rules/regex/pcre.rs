//! From a Perl tree to a PCRE2 pattern without flags.
//!
//! Everything that the two dialects or a locale could read differently is spelled out:
//! classes as bytes, both cases of a letter, groups by number.

use super::ast::{Anchor, Mode, Node, Test};
use super::bytes::{ByteSet, Charset};
use super::perl::Parsed;
use crate::limits::Limits;
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
    write(&mut out, &parsed.node);
    if nonempty {
        out.push_str(")(?!\\G)");
    }
    out
}

fn write(out: &mut String, node: &Node) {
    match node {
        Node::Empty => {}
        Node::Byte(byte) => write_byte(out, *byte),
        Node::Class(set) => write_class(out, set),
        Node::Anchor(anchor) => out.push_str(match anchor {
            Anchor::Start => "\\A",
            Anchor::LineStart => "(?m:^)",
            Anchor::End => "\\z",
            Anchor::LastLineEnd => "\\Z",
            Anchor::LineEnd => "(?m:$)",
            Anchor::Word => "\\b",
            Anchor::NotWord => "\\B",
            Anchor::Search => "\\G",
            Anchor::Keep => "\\K",
        }),
        Node::Concat(nodes) => write_sequence(out, nodes),
        Node::Alternate(_) => group(out, "(?:", node),
        Node::Capture(_, node) => group(out, "(", node),
        Node::Atomic(node) => group(out, "(?>", node),
        Node::Reset(node) => group(out, "(?|", node),
        Node::Look { behind, negative, node } => {
            let open = match (behind, negative) {
                (false, false) => "(?=",
                (false, true) => "(?!",
                (true, false) => "(?<=",
                (true, true) => "(?<!",
            };
            group(out, open, node);
        }
        Node::Repeat { node, min, max, mode } => {
            match **node {
                Node::Byte(_) | Node::Class(_) | Node::Capture(..) | Node::Atomic(_) => {
                    write(out, node);
                }
                _ => group(out, "(?:", node),
            }
            write_quantifier(out, *min, *max, *mode);
        }
        Node::Reference { groups, fold } => write_reference(out, groups, fold.is_some()),
        Node::Recurse(group) => _ = write!(out, "(?{group})"),
        Node::Condition { test, yes, no } => write_condition(out, test, yes, no),
        Node::Verb(word) => _ = write!(out, "(*{word})"),
    }
}

/// `open`, the branches, a closing parenthesis.
fn group(out: &mut String, open: &str, node: &Node) {
    out.push_str(open);
    match node {
        Node::Alternate(nodes) => {
            for (index, node) in nodes.iter().enumerate() {
                if index > 0 {
                    out.push('|');
                }
                write(out, node);
            }
        }
        node => write(out, node),
    }
    out.push(')');
}

/// Runs of ASCII letters in both cases become `(?i:…)`: the engine has a fast way for them.
fn write_sequence(out: &mut String, nodes: &[Node]) {
    let mut folding = false;
    for node in nodes {
        let letter = if let Node::Class(set) = node { both_cases(set) } else { None };
        let stays = folding && matches!(node, Node::Byte(byte) if !byte.is_ascii_alphabetic());
        match letter {
            Some(letter) => {
                if !folding {
                    out.push_str("(?i:");
                    folding = true;
                }
                out.push(letter as char);
            }
            None => {
                if folding && !stays {
                    out.push(')');
                    folding = false;
                }
                match node {
                    Node::Alternate(_) => group(out, "(?:", node),
                    node => write(out, node),
                }
            }
        }
    }
    if folding {
        out.push(')');
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

fn write_byte(out: &mut String, byte: u8) {
    if byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'-' | b',' | b'=' | b'@') {
        out.push(byte as char);
    } else {
        _ = write!(out, "\\x{byte:02x}");
    }
}

fn write_class(out: &mut String, set: &ByteSet) {
    match set.len() {
        0 => return out.push_str("(*FAIL)"),
        1 => return set.iter().for_each(|byte| write_byte(out, byte)),
        256 => return out.push_str("(?s:.)"),
        _ => {}
    }
    if let Some(letter) = both_cases(set) {
        _ = write!(out, "(?i:{})", letter as char);
        return;
    }
    let negated = set.len() > 128;
    out.push_str(if negated { "[^" } else { "[" });
    let shown = if negated { set.complement() } else { *set };
    for (low, high) in shown.ranges() {
        _ = write!(out, "\\x{low:02x}");
        if high > low {
            _ = write!(out, "-\\x{high:02x}");
        }
    }
    out.push(']');
}

fn write_quantifier(out: &mut String, min: u32, max: Option<u32>, mode: Mode) {
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
fn write_reference(out: &mut String, groups: &[usize], fold: bool) {
    match groups {
        [] => out.push_str("(*FAIL)"),
        [group] if fold => _ = write!(out, "(?i:\\g{{{group}}})"),
        [group] => _ = write!(out, "\\g{{{group}}}"),
        [group, rest @ ..] => {
            _ = write!(out, "(?({group})");
            write_reference(out, &[*group], fold);
            out.push('|');
            write_reference(out, rest, fold);
            out.push(')');
        }
    }
}

fn write_condition(out: &mut String, test: &Test, yes: &Node, no: &Node) {
    match test {
        Test::Groups(groups) => {
            // One of several: `(?(1)yes|(?(2)yes|no))`.
            for group in groups {
                _ = write!(out, "(?({group})");
                branch(out, yes);
                out.push('|');
            }
            branch(out, no);
            groups.iter().for_each(|_| out.push(')'));
            return;
        }
        Test::Recursion(None) => out.push_str("(?(R)"),
        Test::Recursion(Some(group)) => _ = write!(out, "(?(R{group})"),
        Test::Define => out.push_str("(?(DEFINE)"),
        Test::Look(look) => {
            out.push_str("(?");
            write(out, look);
        }
    }
    branch(out, yes);
    if !matches!(no, Node::Empty) {
        out.push('|');
        branch(out, no);
    }
    out.push(')');
}

fn branch(out: &mut String, node: &Node) {
    match node {
        Node::Alternate(_) => group(out, "(?:", node),
        node => write(out, node),
    }
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
