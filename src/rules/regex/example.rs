//! Texts that a pattern nearly or really matches.

use super::ast::{Node, Test};
use super::bytes::ByteSet;
use super::perl::Parsed;

/// A text made by walking the tree; `choose(n)` picks one of `n`.
///
/// Look-arounds and places are not obeyed, so that it may fall just short of a match.
pub(super) fn of(parsed: &Parsed, choose: &mut dyn FnMut(usize) -> usize) -> Vec<u8> {
    let mut example =
        Example { out: Vec::new(), groups: vec![Vec::new(); parsed.groups + 1], choose };
    example.walk(&parsed.node);
    example.out
}

struct Example<'a> {
    out: Vec<u8>,
    groups: Vec<Vec<u8>>,
    choose: &'a mut dyn FnMut(usize) -> usize,
}

/// No example grows beyond this.
const LONGEST: usize = 4096;

impl Example<'_> {
    fn walk(&mut self, node: &Node) {
        if self.out.len() > LONGEST {
            return;
        }
        match node {
            Node::Byte(byte) => self.out.push(*byte),
            Node::Class(set) => self.member(set),
            Node::Concat(nodes) => nodes.iter().for_each(|node| self.walk(node)),
            Node::Alternate(nodes) => {
                let chosen = (self.choose)(nodes.len().max(1));
                if let Some(node) = nodes.get(chosen) {
                    self.walk(node);
                }
            }
            Node::Capture(group, node) => {
                let from = self.out.len();
                self.walk(node);
                if let Some(group) = self.groups.get_mut(*group) {
                    *group = self.out[from..].to_vec();
                }
            }
            Node::Atomic(node) | Node::Reset(node) => self.walk(node),
            Node::Repeat { node, min, max, .. } => {
                let most = max.unwrap_or(min.saturating_add(5)).min(min.saturating_add(5));
                let times = *min as usize + (self.choose)((most - min) as usize + 1);
                (0..times).for_each(|_| self.walk(node));
            }
            Node::Reference { groups, .. } => {
                let text = groups.first().and_then(|group| self.groups.get(*group)).cloned();
                self.out.extend(text.unwrap_or_default());
            }
            Node::Condition { test: Test::Define, .. } => {}
            Node::Condition { yes, no, .. } => {
                let node = if (self.choose)(2) == 0 { yes } else { no };
                self.walk(node);
            }
            Node::Look { negative: false, behind: true, node } => self.walk(node),
            Node::Empty
            | Node::Anchor(_)
            | Node::Look { .. }
            | Node::Recurse(_)
            | Node::Verb(_) => {}
        }
    }

    /// A byte of the set, a printable one where there is one in two of three cases.
    fn member(&mut self, set: &ByteSet) {
        let printable: Vec<u8> = set.iter().filter(|byte| matches!(byte, b' '..=b'~')).collect();
        let all: Vec<u8> = set.iter().collect();
        let from = if printable.is_empty() || (self.choose)(3) == 0 { all } else { printable };
        if !from.is_empty() {
            self.out.push(from[(self.choose)(from.len())]);
        }
    }
}
