//! What a meta is worth when only some of its rules have run.

use super::bound::Bound;
use crate::rules::RuleId;
use crate::rules::arithmetic::{Node, NodeId, Operator};
use crate::rules::meta::{Meta, Operand};

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
