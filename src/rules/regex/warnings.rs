//! What Perl warns of only after it has read the whole pattern.

use super::PatternError;
use super::ast::{Node, Test};

/// Refuses `(?=a){3}`, `(?:^){2}`: a quantified place.
///
/// Perl notices only where its optimizer walks in sequence: not behind an alternation, in
/// a look-around or in something that may be left out. What captures is also let through.
pub(super) fn refuse_quantified_places(node: &Node, length: usize) -> Result<(), PatternError> {
    match node {
        Node::Concat(nodes) => {
            nodes.iter().try_for_each(|node| refuse_quantified_places(node, length))
        }
        Node::Capture(_, node) | Node::Atomic(node) => refuse_quantified_places(node, length),
        Node::Repeat { node, min, max, .. } => {
            let is_place = node.lengths() == (0, Some(0)) && !node.has_capture();
            if is_place && (*min > 0 || *max == Some(0)) {
                let why = "quantifier unexpected on a zero-length expression";
                return Err(PatternError::Refused { why, at: length });
            }
            if *min > 0 { refuse_quantified_places(node, length) } else { Ok(()) }
        }
        Node::Condition { test: Test::Look(_) | Test::Groups(_), .. } => Ok(()),
        _ => Ok(()),
    }
}
