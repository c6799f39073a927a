//! What a meta is worth when only some of its rules have run.

use super::bound::Bound;
use crate::rules::arithmetic::{Node, NodeId, Operator};
use crate::rules::meta::{Meta, Operand};
use crate::rules::{RuleId, Test};

/// What makes a meta 0 whatever the rest of it says: the operands of its outermost `&&`.
///
/// Most metas of most messages are decided by these alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Glance {
    /// Each of these has to be true: `A && …`.
    pub needed: Box<[RuleId]>,
    /// None of these may be true: `!A && …`.
    pub excluded: Box<[RuleId]>,
}

impl Glance {
    /// The glance of a meta; nothing for any other test.
    pub fn of(test: &Test) -> Glance {
        // Of a cycle the members are evaluated whatever is known of the others.
        let Test::Meta(Meta { nodes, unsolved: false, .. }) = test else {
            return Glance::default();
        };
        let (mut needed, mut excluded) = (Vec::new(), Vec::new());
        let mut operands: Vec<NodeId> =
            nodes.len().checked_sub(1).map(|n| n as NodeId).into_iter().collect();
        let node = |id: NodeId| nodes.get(id as usize);
        while let Some(operand) = operands.pop().and_then(node) {
            match *operand {
                Node::And(a, b) => operands.extend([a, b]),
                Node::Name(Operand::Rule(rule)) => needed.push(rule),
                Node::Not(a) => {
                    if let Some(&Node::Name(Operand::Rule(rule))) = node(a) {
                        excluded.push(rule);
                    }
                }
                _ => {}
            }
        }
        Glance { needed: needed.into(), excluded: excluded.into() }
    }
}

/// The bound of `meta`'s value, given a bound for each rule that it reads.
///
/// `room` is a buffer that is reused from one meta to the next.
pub fn decide(meta: &Meta, room: &mut Vec<Bound>, of: impl Fn(RuleId) -> Bound) -> Bound {
    room.clear();
    for node in &meta.nodes {
        let bound = match *node {
            Node::Number(number) => Bound::known(number),
            Node::Name(Operand::Rule(rule)) => of(rule),
            Node::Name(Operand::Undefined(_)) => Bound::known(0.0),
            Node::Not(a) => at(room, a).not(),
            Node::Minus(a) => at(room, a).negate(),
            Node::And(a, b) => at(room, a).and(at(room, b)),
            Node::Or(a, b) => at(room, a).or(at(room, b)),
            Node::Choose(a, b, c) => at(room, a).choose(at(room, b), at(room, c)),
            Node::Binary(operator, a, b) => binary(operator, at(room, a), at(room, b)),
        };
        room.push(bound);
    }
    // A meta that divided by zero has no value; Perl gives the rule up, and it does not hit.
    room.last().copied().filter(|bound| !bound.is_impossible()).unwrap_or(Bound::known(0.0))
}

/// Children stand before their parents, so `id` is there.
fn at(room: &[Bound], id: NodeId) -> Bound {
    room.get(id as usize).copied().unwrap_or(Bound::known(0.0))
}

fn binary(operator: Operator, left: Bound, right: Bound) -> Bound {
    if left.is_impossible() || right.is_impossible() {
        return Bound::impossible();
    }
    match operator {
        Operator::Add => left.plus(right),
        Operator::Subtract => left.minus(right),
        Operator::Less => left.less(right),
        Operator::LessEqual => left.at_most(right),
        Operator::Greater => right.less(left),
        Operator::GreaterEqual => right.at_most(left),
        Operator::Equal => left.equal(right),
        Operator::NotEqual => left.equal(right).not(),
        Operator::Multiply | Operator::Divide | Operator::Xor => {
            left.exactly(right, |a, b| operator.apply(a, b))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::rules::{Sources, load};

    #[test]
    fn a_glance_sees_the_outermost_conjunction() {
        let lines = "body A /a/\nbody B /b/\nbody C /c/\nbody D /d/\n\
                     meta M A && !B && (C || D) && !(C && D)\nmeta N A || B\nmeta O !C\n";
        let sources = Sources::of_lines(lines);
        let set = load(&sources, &Limits::default());
        let id = |name: &str| set.find(name).expect("a rule");
        let of = |name: &str| Glance::of(&set.rule(id(name)).expect("a rule").test);
        assert_eq!((&*of("M").needed, &*of("M").excluded), (&[id("A")][..], &[id("B")][..]));
        assert_eq!(of("N"), Glance::default());
        assert_eq!(&*of("O").excluded, [id("C")]);
        assert_eq!(of("A"), Glance::default());
    }
}
