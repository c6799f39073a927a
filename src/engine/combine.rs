//! From hits to a score and a confidence.

use super::verdict::{Cap, Hit};
use crate::rules::options::Options;
use std::collections::HashMap;
use std::sync::Arc;

/// Rules whose positive scores together count for `most` at the most.
///
/// Tests that share a cause (several lists that name the same address, say) must not add up
/// without bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The group's name.
    pub name: Arc<str>,
    /// The cap, in points.
    pub most: f64,
    /// The names of its rules.
    pub rules: Vec<Box<str>>,
}

/// How a score becomes a confidence: a logistic curve of `score - required`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// The score above the threshold at which the confidence is 50 %, in points.
    pub midpoint: f64,
    /// How steep the curve is there, per point; above 0.
    pub slope: f64,
}

impl Default for Curve {
    fn default() -> Self {
        Curve { midpoint: 0.0, slope: 0.9 }
    }
}

impl Curve {
    /// The confidence in percent that a message with this score is spam.
    pub fn confidence(self, score: f64, required: f64) -> f64 {
        let distance = score - required - self.midpoint;
        100.0 / (1.0 + (-self.slope * distance).exp())
    }
}

/// The groups that `score_group NAME points RULE …` lines define.
pub fn groups(options: &Options) -> Vec<Group> {
    let lines = options.lists("score_group").into_iter().flatten();
    lines
        .filter_map(|(name, words)| {
            let (most, rules) = words.split_first()?;
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            Some(Group {
                name: text(name).into(),
                most: text(most).parse().ok()?,
                rules: rules.iter().map(|rule| text(rule).into()).collect(),
            })
        })
        .collect()
}

/// The sum of all hits after the groups' caps, rounded to a thousandth.
pub fn sum(hits: &[Hit], groups: &[Group]) -> (f64, Vec<Cap>) {
    let mut total: f64 = hits.iter().map(|hit| hit.score * f64::from(hit.count)).sum();
    let mut caps = Vec::new();
    if !groups.is_empty() {
        let positive: HashMap<&str, f64> = hits
            .iter()
            .filter(|hit| hit.score > 0.0)
            .map(|hit| (&*hit.name, hit.score * f64::from(hit.count)))
            .collect();
        for group in groups {
            let sum: f64 = group.rules.iter().filter_map(|rule| positive.get(&**rule)).sum();
            if sum > group.most {
                total -= sum - group.most;
                caps.push(Cap { group: Arc::clone(&group.name), sum, counted: group.most });
            }
        }
    }
    (round(total), caps)
}

/// To a thousandth, so that sums of decimal fractions compare as people expect.
pub(super) fn round(score: f64) -> f64 {
    // By way of text, because SpamAssassin does: 2.6745 is a little less in binary, and only
    // the exact decimal expansion knows.
    let rounded = format!("{score:.3}").parse().unwrap_or(score);
    if rounded == 0.0 { 0.0 } else { rounded } // never -0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(name: &str, score: f64, count: u32) -> Hit {
        Hit { name: name.into(), score, count, ..Hit::default() }
    }

    #[test]
    fn a_rule_that_hits_several_times_counts_each_time() {
        assert_eq!(sum(&[hit("A", 0.1, 3), hit("B", -1.0, 1)], &[]).0, -0.7);
    }

    #[test]
    fn a_group_counts_no_more_than_its_cap() {
        let group = Group { name: "RDNS".into(), most: 2.0, rules: vec!["A".into(), "B".into()] };
        let hits = [hit("A", 1.5, 1), hit("B", 1.5, 1), hit("C", 1.0, 1)];
        let (score, caps) = sum(&hits, std::slice::from_ref(&group));
        assert_eq!(score, 3.0);
        assert_eq!(caps, [Cap { group: "RDNS".into(), sum: 3.0, counted: 2.0 }]);
        assert_eq!(sum(&hits[1..], &[group]), (2.5, vec![]), "under the cap nothing changes");
    }

    #[test]
    fn negative_scores_are_never_capped() {
        let group = Group { name: "G".into(), most: 1.0, rules: vec!["A".into(), "B".into()] };
        assert_eq!(sum(&[hit("A", 1.0, 1), hit("B", -4.0, 1)], &[group]).0, -3.0);
    }

    #[test]
    fn confidence_is_monotone_and_half_at_the_midpoint() {
        let curve = Curve::default();
        assert_eq!(curve.confidence(5.0, 5.0), 50.0);
        let steps: Vec<f64> =
            (-20..40).map(|score| curve.confidence(f64::from(score), 5.0)).collect();
        assert!(steps.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(steps.iter().all(|percent| (0.0..=100.0).contains(percent)));
    }
}
