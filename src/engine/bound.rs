//! Arithmetic on values that are only partly known.
//!
//! A meta is often decided before all its rules have run: `A && B` is 0 as soon as `A` is.
//! So its expression is computed on intervals: a rule that has run is one number, one that
//! has not is everything it might still be. When the result is a single number, nothing
//! more need run; otherwise [`Bound::wanted`] names the cheapest rule that still matters.
//!
//! The operators have Perl's meaning: `&&` and `||` give back an operand, a comparison gives
//! 1 or 0, 0 is false and everything else is true.

use crate::rules::RuleId;

/// Everything a value may still be, and which rule would tell more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// The least that it may be.
    pub least: f64,
    /// The most that it may be.
    pub most: f64,
    wanted: Wanted,
}

/// The cheapest rule that a value still depends on: its cost above its id, so that the least
/// number is the one to run. The greatest number is none.
type Wanted = u64;

const NOBODY: Wanted = Wanted::MAX;

/// What it costs to run a rule, for comparing rules of one message.
pub type Cost = u8;

impl Bound {
    /// A value that is known.
    pub fn known(value: f64) -> Bound {
        Bound { least: value, most: value, wanted: NOBODY }
    }

    /// A rule that has not run: between 0 and `most`.
    pub fn open(most: f64, cost: Cost, rule: RuleId) -> Bound {
        Bound { least: 0.0, most, wanted: Wanted::from(cost) << 32 | Wanted::from(rule.0) }
    }

    /// The cheapest rule that the value still depends on; `None` once it is decided.
    pub fn wanted(self) -> Option<RuleId> {
        (self.wanted != NOBODY).then_some(RuleId(self.wanted as u32))
    }

    /// The value, if there is only one left.
    pub fn value(self) -> Option<f64> {
        (self.least == self.most).then_some(self.least)
    }

    fn between(least: f64, most: f64, left: Bound, right: Bound) -> Bound {
        if least == most {
            return Bound::known(least);
        }
        Bound { least, most, wanted: left.wanted.min(right.wanted) }
    }

    /// True, false, or not known yet.
    fn truth(self) -> Option<bool> {
        if self.least > 0.0 || self.most < 0.0 {
            return Some(true);
        }
        (self.least == 0.0 && self.most == 0.0).then_some(false)
    }

    fn from_truth(truth: Option<bool>, left: Bound, right: Bound) -> Bound {
        match truth {
            Some(true) => Bound::known(1.0),
            Some(false) => Bound::known(0.0),
            None => Bound::between(0.0, 1.0, left, right),
        }
    }

    /// The smallest interval that holds both; everything, if one of them is impossible.
    fn either(self, other: Bound) -> (f64, f64) {
        if self.is_impossible() || other.is_impossible() {
            return (f64::NEG_INFINITY, f64::INFINITY);
        }
        (self.least.min(other.least), self.most.max(other.most))
    }

    /// `!self`
    pub fn not(self) -> Bound {
        if self.is_impossible() {
            return self;
        }
        Bound::from_truth(self.truth().map(|truth| !truth), self, self)
    }

    /// `self && other`
    pub fn and(self, other: Bound) -> Bound {
        if self.is_impossible() {
            return self;
        }
        match (self.truth(), other.truth()) {
            (Some(false), _) => self,
            (Some(true), _) => other,
            (None, Some(false)) => other,
            (None, _) => {
                let (least, most) = Bound::known(0.0).either(other);
                Bound::between(least, most, self, other)
            }
        }
    }

    /// `self || other`
    pub fn or(self, other: Bound) -> Bound {
        if self.is_impossible() {
            return self;
        }
        match self.truth() {
            Some(true) => self,
            Some(false) => other,
            None => {
                let (least, most) = self.either(other);
                Bound::between(least, most, self, other)
            }
        }
    }

    /// `self ? yes : no`
    pub fn choose(self, yes: Bound, no: Bound) -> Bound {
        if self.is_impossible() {
            return self;
        }
        match self.truth() {
            Some(true) => yes,
            Some(false) => no,
            None => {
                let (least, most) = yes.either(no);
                let branches = Bound::between(least, most, yes, no);
                Bound::between(least, most, self, branches)
            }
        }
    }

    /// `self < other`
    pub fn less(self, other: Bound) -> Bound {
        let truth = if self.most < other.least {
            Some(true)
        } else if self.least >= other.most {
            Some(false)
        } else {
            None
        };
        Bound::from_truth(truth, self, other)
    }

    /// `self <= other`
    pub fn at_most(self, other: Bound) -> Bound {
        other.less(self).not()
    }

    /// `self == other`
    pub fn equal(self, other: Bound) -> Bound {
        let truth = match (self.value(), other.value()) {
            (Some(left), Some(right)) => Some(left == right),
            _ if self.most < other.least || other.most < self.least => Some(false),
            _ => None,
        };
        Bound::from_truth(truth, self, other)
    }

    /// `-self`
    pub fn negate(self) -> Bound {
        if self.is_impossible() {
            return self;
        }
        Bound::between(-self.most, -self.least, self, self)
    }

    /// `self + other`
    pub fn plus(self, other: Bound) -> Bound {
        Bound::between(self.least + other.least, self.most + other.most, self, other)
    }

    /// `self - other`
    pub fn minus(self, other: Bound) -> Bound {
        self.plus(other.negate())
    }

    /// An operator that is computed only when both sides are known; `None` of it is
    /// [`Bound::impossible`]. Zero times anything is left open too: a meta that needs it loses
    /// nothing but a little time.
    pub fn exactly(self, other: Bound, operator: impl Fn(f64, f64) -> Option<f64>) -> Bound {
        match (self.value(), other.value()) {
            (Some(left), Some(right)) => {
                operator(left, right).map_or(Bound::impossible(), Bound::known)
            }
            _ => Bound::between(f64::NEG_INFINITY, f64::INFINITY, self, other),
        }
    }

    /// No value at all: something was divided by zero.
    pub fn impossible() -> Bound {
        Bound::known(f64::NAN)
    }

    /// Is there no value at all?
    pub fn is_impossible(self) -> bool {
        self.least.is_nan()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(cost: Cost) -> Bound {
        Bound::open(1.0, cost, RuleId(cost.into()))
    }

    #[test]
    fn a_decided_operand_decides_the_whole() {
        let (no, yes) = (Bound::known(0.0), Bound::known(1.0));
        for (result, expected) in [
            (no.and(open(1)), 0.0),
            (open(1).and(no), 0.0),
            (yes.or(open(1)), 1.0),
            (Bound::known(3.0).or(open(1)), 3.0),
            (yes.and(Bound::known(2.0)), 2.0),
            (Bound::known(2.0).plus(open(1)).less(yes), 0.0),
            (yes.plus(open(1)).not(), 0.0),
            (no.choose(open(1), Bound::known(4.0)), 4.0),
            (open(1).plus(open(2)).less(Bound::known(3.0)), 1.0),
            (open(1).equal(Bound::known(2.0)), 0.0),
        ] {
            assert_eq!(result.value(), Some(expected), "{result:?}");
            assert_eq!(result.wanted(), None);
        }
    }

    #[test]
    fn an_undecided_value_names_the_cheapest_rule_that_matters() {
        let both = open(5).and(open(2));
        assert_eq!((both.value(), both.wanted()), (None, Some(RuleId(2))));
        let pruned = Bound::known(0.0).and(open(1)).or(open(7));
        assert_eq!(pruned.wanted(), Some(RuleId(7)), "the dead branch asks for nothing");
    }

    #[test]
    fn a_sum_that_may_still_be_negative_is_not_true_yet() {
        let difference = open(1).minus(Bound::known(0.5));
        assert_eq!(difference.not().value(), None);
    }

    proptest::proptest! {
        /// Whatever the open values turn out to be, the result lies within the bound.
        #[test]
        fn bounds_hold_the_truth(a in 0u8..4, b in 0u8..4, operator in 0usize..7) {
            let (x, y) = (f64::from(a), f64::from(b));
            let apply = |left: Bound, right: Bound| match operator {
                0 => left.and(right),
                1 => left.or(right),
                2 => left.plus(right),
                3 => left.minus(right),
                4 => left.less(right),
                5 => left.equal(right),
                _ => left.at_most(right),
            };
            let exact = apply(Bound::known(x), Bound::known(y)).value().expect("both are known");
            for (left, right) in [
                (Bound::open(4.0, 1, RuleId(1)), Bound::known(y)),
                (Bound::known(x), Bound::open(4.0, 1, RuleId(1))),
                (Bound::open(4.0, 1, RuleId(1)), Bound::open(4.0, 2, RuleId(2))),
            ] {
                let bound = apply(left, right);
                proptest::prop_assert!(bound.least <= exact && exact <= bound.most);
                proptest::prop_assert!(bound.value().is_some() || bound.wanted().is_some());
            }
        }
    }
}
