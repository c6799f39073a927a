//! What the matches of one message amount to.
//!
//! In: a message's [`Prints`], the set of known ones, and who signed the message. Out: a
//! [`Judgement`]: how strong the evidence is for each class, and each match with what it adds.
//! Invariant: a match that is lifted (learned as wanted, common in wanted mail, exempt for its
//! signer) adds nothing; a family adds no more than its cap; [`Class::Bulk`] never decides.
//!
//! # How evidence combines
//!
//! The matches of one algorithm add points ([`SCALE`]): so many for the first one, for each
//! further one, and at most; and where a message has many fingerprints of an algorithm, by the
//! share of them that match: a paragraph of another message in a text is no campaign, half a
//! text is. A weight below [`FULL`] counts as that part of a match. Of a family's algorithms the
//! best counts whole and each other one a quarter, because they look at the same thing (the
//! subject is apart from the text); the family adds its cap at most. Families are added up;
//! links, contacts and structure add [`AROUND`] together at most. [`VERDICT`] points are a verdict, [`SUSPECT`] points a suspicion.

use super::{Algorithm, Class, Family, Fingerprint, Known, Listed, Prints, common};
use md5::{Digest as _, Md5};

/// Points of a verdict.
pub const VERDICT: u32 = 100;
/// Points of a suspicion.
pub const SUSPECT: u32 = 40;
/// A weight from here on counts whole. What is learned by hand has it.
pub const FULL: u8 = 8;

/// Who answers for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer<'d> {
    /// Nobody has looked.
    Unchecked,
    /// Nobody: no valid signature of the author's domain.
    Nobody,
    /// The registered domain of the author, whose valid DKIM signature is on it; lower case.
    Aligned(&'d str),
}

/// How strong the evidence is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// There is none.
    #[default]
    None,
    /// There is some, under a suspicion.
    Weak,
    /// A suspicion.
    Medium,
    /// A verdict.
    Strong,
}

/// What is said of a message in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grade {
    /// Nothing.
    #[default]
    None,
    /// There would be a verdict or a suspicion, were it not for what lifts its matches.
    Exempt,
    /// A suspicion.
    Suspect,
    /// A verdict.
    Verdict,
}

/// Why a match counts as it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    Counts,
    /// It counts half: somebody's own mail is exempt from it, and who signed was not checked.
    Unchecked,
    /// It is learned as wanted, too.
    Wanted,
    /// It is common in wanted mail.
    Common,
    /// Its signer's own mail is exempt.
    Exempt,
}

/// A fingerprint of the message that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// The fingerprint.
    pub print: Fingerprint,
    /// What it is known as.
    pub listed: Listed,
    /// Whether it counts.
    pub standing: Standing,
    /// The points it adds, before caps.
    pub points: u32,
}

/// The evidence for one class, or for all that are bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// All points, caps applied.
    pub points: u32,
    /// The points of each family, capped, in the order of [`Family`].
    pub families: [u32; Family::ALL.len()],
}

/// What matches amount to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// In one word; spam, phish and malware together.
    pub grade: Grade,
    /// The class with the most points; none without evidence.
    pub class: Option<Class>,
    /// Spam, phish and malware together.
    pub bad: Evidence,
    /// Each class alone, in the order of [`Class::ALL`].
    pub classes: [Evidence; 5],
    /// What is known of the message, in the order of its fingerprints.
    pub matches: Vec<Match>,
}

/// The fingerprint under which it is listed as [`Class::Ham`] that the mail of `domain` is
/// exempt from `print`. Whoever lists one lists that for the domain `""`, too: it says that
/// somebody is.
pub fn exemption(print: Fingerprint, domain: &str) -> Fingerprint {
    let mut md5 = Md5::new();
    md5.update(print.digest);
    md5.update(domain.as_bytes());
    Fingerprint { algorithm: print.algorithm, digest: md5.finalize().into() }
}

/// Weighs what is `known` of `prints`.
pub fn judge(prints: &Prints, known: &dyn Known, signer: Signer<'_>) -> Judgement {
    let mut all = [0_u32; Algorithm::COUNT];
    for print in &prints.all {
        if let Some(count) = all.get_mut(place(print.algorithm)) {
            *count += 1;
        }
    }
    let mut matches: Vec<Match> =
        prints.all.iter().filter_map(|print| look_up(*print, known, signer)).collect();
    let unlifted = evidence(&matches, &all, |found| weight_of_bad(found.listed));
    let bad = evidence(&matches, &all, |found| standing_weight(found, weight_of_bad(found.listed)));
    let classes = Class::ALL.map(|class| {
        evidence(&matches, &all, |found| standing_weight(found, found.listed.weight(class)))
    });
    add_points(&mut matches, &all);
    let grade = match (bad.strength(), unlifted.strength()) {
        (Strength::Strong, _) => Grade::Verdict,
        (Strength::Medium, _) => Grade::Suspect,
        (_, Strength::Strong | Strength::Medium) => Grade::Exempt,
        _ => Grade::None,
    };
    Judgement { grade, class: strongest(&classes), bad, classes, matches }
}

impl Judgement {
    /// How strong the evidence for `class` is.
    pub fn strength(&self, class: Class) -> Strength {
        self.classes.get(class as usize).copied().unwrap_or_default().strength()
    }
}

impl Evidence {
    /// What the points amount to.
    pub fn strength(&self) -> Strength {
        match self.points {
            0 => Strength::None,
            points if points < SUSPECT => Strength::Weak,
            points if points < VERDICT => Strength::Medium,
            _ => Strength::Strong,
        }
    }
}

/// The points of one algorithm's matches.
struct Scale {
    algorithm: Algorithm,
    /// For the first match, for each further one, and for all.
    each: [u32; 3],
    /// Where the share of its fingerprints that match counts: from so many matches and so many
    /// of a hundred fingerprints on, this many points.
    share: Option<Share>,
}

/// See [`Scale::share`].
struct Share {
    matches: u32,
    percent: u32,
    points: u32,
}

const fn each(algorithm: Algorithm, first: u32, next: u32, most: u32) -> Scale {
    Scale { algorithm, each: [first, next, most], share: None }
}

const fn share(scale: Scale, matches: u32, percent: u32, points: u32) -> Scale {
    Scale { share: Some(Share { matches, percent, points }), ..scale }
}

/// What matches are worth, in the order of the algorithms' numbers.
///
/// Measured with `t/bench-mutation --dump`: single runs, sentences and remarks are shared with
/// wanted mail now and then (notices, disclaimers, footers), large shares of a text are not;
/// a subject of four words or more hardly ever is.
const SCALE: &[Scale] = &[
    share(each(Algorithm::TextExact, 40, 0, 40), 1, 100, 100),
    share(each(Algorithm::TextAnchor, 15, 15, 30), 9, 34, 110),
    share(each(Algorithm::TextBand, 20, 10, 40), 4, 60, 100),
    share(each(Algorithm::TextBag, 10, 15, 40), 6, 50, 100),
    share(each(Algorithm::TextSentence, 15, 0, 15), 3, 40, 110),
    each(Algorithm::LinkDomain, 15, 5, 30),
    each(Algorithm::LinkPath, 20, 10, 40),
    each(Algorithm::LinkKit, 5, 5, 20),
    each(Algorithm::Contact, 45, 15, 80),
    each(Algorithm::Skeleton, 30, 0, 30),
    each(Algorithm::SkeletonBand, 5, 10, 35),
    each(Algorithm::CallToAction, 40, 0, 40),
    each(Algorithm::MimeShape, 10, 0, 10),
    each(Algorithm::HeaderShape, 10, 0, 10),
    each(Algorithm::Attachment, 100, 0, 100),
    share(each(Algorithm::AttachmentChunk, 25, 25, 75), 2, 50, 100),
    share(each(Algorithm::AttachmentText, 15, 15, 30), 6, 35, 100),
    each(Algorithm::Image, 40, 30, 100),
    each(Algorithm::Entropy, 20, 0, 20),
    each(Algorithm::Subject, 75, 10, 95),
    each(Algorithm::Joint, 100, 0, 100),
    share(each(Algorithm::TextShort, 10, 5, 20), 2, 35, 95),
];

/// The most that each family adds, in the order of [`Family::ALL`].
const CAPS: [u32; Family::ALL.len()] = [200, 50, 80, 50, 120, 100];

/// The most that links, contacts and structure add together: those who send for others (lists,
/// newsletters) have all three in common, whatever is said.
const AROUND: u32 = 70;

impl Scale {
    /// The points for some matches of `all` fingerprints.
    fn points(&self, found: Sum, all: u32) -> u32 {
        let full = u32::from(FULL);
        let [first, next, most] = self.each;
        let counted = first * found.weight.min(full) + next * found.weight.saturating_sub(full);
        let shared = self.share.as_ref().map_or(0, |share| {
            let wide = (all * share.percent).div_ceil(100).max(1);
            let enough = share.points * found.count.min(share.matches) / share.matches;
            let light = full * found.count.max(1);
            enough * found.count.min(wide) / wide * found.weight.min(light) / light
        });
        (counted / full).min(most).max(shared)
    }
}

/// The matches of one algorithm.
#[derive(Clone, Copy, Default)]
struct Sum {
    /// How many count.
    count: u32,
    /// Their weights, [`FULL`] at most each.
    weight: u32,
}

impl Sum {
    /// Of each algorithm's matches, in the order of the algorithms' numbers.
    fn of(matches: &[Match], weight: impl Fn(&Match) -> u8) -> [Sum; Algorithm::COUNT] {
        let mut sums = [Sum::default(); Algorithm::COUNT];
        for found in matches {
            let weight = u32::from(weight(found).min(FULL));
            if let Some(sum) = sums.get_mut(place(found.print.algorithm)) {
                sum.count += u32::from(weight > 0);
                sum.weight += weight;
            }
        }
        sums
    }
}

fn look_up(print: Fingerprint, known: &dyn Known, signer: Signer<'_>) -> Option<Match> {
    let listed = known.listed(print.algorithm, print.key());
    let standing = listed.is_listed().then(|| standing(print, listed, known, signer))?;
    Some(Match { print, listed, standing, points: 0 })
}

fn standing(print: Fingerprint, listed: Listed, known: &dyn Known, signer: Signer<'_>) -> Standing {
    let exempt = |domain: &str| {
        let pair = exemption(print, domain);
        known.listed(pair.algorithm, pair.key()).weight(Class::Ham) > 0
    };
    if listed.weight(Class::Ham) > 0 {
        return Standing::Wanted;
    }
    if known.is_common(common::of_print(print)) {
        return Standing::Common;
    }
    match signer {
        Signer::Unchecked if exempt("") => Standing::Unchecked,
        Signer::Aligned(domain) if exempt(domain) => Standing::Exempt,
        _ => Standing::Counts,
    }
}

/// The heaviest of what is bad.
fn weight_of_bad(listed: Listed) -> u8 {
    [Class::Spam, Class::Phish, Class::Malware]
        .map(|class| listed.weight(class))
        .into_iter()
        .max()
        .unwrap_or_default()
}

/// What is left of `weight`.
fn standing_weight(found: &Match, weight: u8) -> u8 {
    match found.standing {
        Standing::Counts => weight,
        Standing::Unchecked => weight.min(FULL) / 2,
        Standing::Wanted => weight.saturating_sub(found.listed.weight(Class::Ham)),
        Standing::Common | Standing::Exempt => 0,
    }
}

/// Adds up matches, each with the weight that `weight` gives it; `all`: how many fingerprints
/// of each algorithm there are.
fn evidence(matches: &[Match], all: &[u32], weight: impl Fn(&Match) -> u8) -> Evidence {
    let sums = Sum::of(matches, weight);
    let rows = || SCALE.iter().zip(sums.iter().zip(all));
    let mut families = [0; Family::ALL.len()];
    for ((total, family), cap) in families.iter_mut().zip(Family::ALL).zip(CAPS) {
        let of = rows().filter(|(row, _)| row.algorithm.family() == family);
        let (mut best, mut rest, mut apart) = (0_u32, 0, 0);
        for (row, (matches, all)) in of {
            let points = row.points(*matches, *all);
            match row.algorithm {
                Algorithm::Subject => apart = points,
                _ => (best, rest) = (best.max(points), rest + best.min(points)),
            }
        }
        *total = (best + rest / 4 + apart).min(cap);
    }
    // In the order of `Family::ALL`.
    let [text, link, contact, structure, attachment, image] = families;
    let around = (link + contact + structure).min(AROUND.max(contact));
    Evidence { points: text + around + attachment + image, families }
}

/// Where an algorithm stands in tables.
fn place(algorithm: Algorithm) -> usize {
    usize::from(algorithm as u8).saturating_sub(1)
}

/// Tells each match what it adds: its part of its algorithm's points.
fn add_points(matches: &mut [Match], all: &[u32]) {
    let weight = |found: &Match| standing_weight(found, weight_of_bad(found.listed));
    let sums = Sum::of(matches, weight);
    for found in matches {
        let at = place(found.print.algorithm);
        if let (Some(scale), Some(sum), Some(all)) = (SCALE.get(at), sums.get(at), all.get(at)) {
            let share = u32::from(weight(found).min(FULL));
            found.points = scale.points(*sum, *all) * share / sum.weight.max(1);
        }
    }
}

/// The class with the most points; the earlier of equals.
fn strongest(classes: &[Evidence; 5]) -> Option<Class> {
    let with_points = Class::ALL.iter().zip(classes).filter(|(_, found)| found.points > 0);
    with_points.rev().max_by_key(|(_, found)| found.points).map(|(class, _)| *class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[derive(Default)]
    struct Set(HashMap<(Algorithm, u64), Listed>);

    impl Known for Set {
        fn listed(&self, algorithm: Algorithm, key: u64) -> Listed {
            self.0.get(&(algorithm, key)).copied().unwrap_or_default()
        }

        fn is_common(&self, _: u64) -> bool {
            false
        }
    }

    impl Set {
        fn with(mut self, print: Fingerprint, class: Class, weight: u8) -> Set {
            let listed = self.0.entry((print.algorithm, print.key())).or_default();
            *listed = listed.with(class, weight);
            self
        }
    }

    fn print(algorithm: Algorithm, number: u8) -> Fingerprint {
        Fingerprint { algorithm, digest: [number; 16] }
    }

    fn prints(algorithms: &[Algorithm]) -> Prints {
        let numbered = (0..).zip(algorithms).map(|(number, algorithm)| print(*algorithm, number));
        Prints { all: numbered.collect(), ..Prints::default() }
    }

    /// All of `algorithms` listed as spam with this weight, and what that amounts to.
    fn graded(algorithms: &[Algorithm], weight: u8) -> Grade {
        let prints = prints(algorithms);
        let set = prints
            .all
            .iter()
            .fold(Set::default(), |set, print| set.with(*print, Class::Spam, weight));
        judge(&prints, &set, Signer::Nobody).grade
    }

    #[test]
    fn matches_add_up_within_their_caps() {
        use Algorithm::*;
        let cases: [(&[Algorithm], Grade); 12] = [
            (&[], Grade::None),
            (&[TextExact], Grade::Verdict),
            (&[Attachment], Grade::Verdict),
            (&[Subject], Grade::Suspect),
            (&[Subject, Contact], Grade::Verdict),
            (&[TextAnchor; 2], Grade::None),
            (&[TextAnchor; 5], Grade::Suspect),
            (&[TextAnchor; 12], Grade::Verdict),
            (&[LinkDomain], Grade::None),
            (&[LinkDomain, LinkPath, LinkKit, Skeleton, CallToAction, Contact], Grade::Suspect),
            (&[Image, Image, Image], Grade::Verdict),
            (&[HeaderShape, MimeShape], Grade::None),
        ];
        for (algorithms, grade) in cases {
            assert_eq!(graded(algorithms, FULL), grade, "{algorithms:?}");
        }
        assert_eq!(graded(&[TextExact], FULL / 2), Grade::Suspect);
    }

    #[test]
    fn a_share_of_a_text_is_less_than_the_text() {
        let prints = prints(&[Algorithm::TextAnchor; 64]);
        let listed = |count: usize| {
            let some = prints.all.iter().take(count);
            let set = some.fold(Set::default(), |set, print| set.with(*print, Class::Spam, FULL));
            judge(&prints, &set, Signer::Nobody)
        };
        assert_eq!(listed(2).grade, Grade::None);
        assert_eq!(listed(10).grade, Grade::Suspect);
        assert_eq!(listed(30).grade, Grade::Verdict);
        let judged = listed(30);
        let told: u32 = judged.matches.iter().map(|found| found.points).sum();
        assert!(told <= judged.bad.points && judged.bad.points - told < 64, "{told}");
    }

    #[test]
    fn what_is_wanted_lifts_what_it_weighs() {
        let spam = print(Algorithm::TextExact, 1);
        let all = Prints { all: vec![spam], ..Prints::default() };
        let set = |ham| Set::default().with(spam, Class::Spam, FULL).with(spam, Class::Ham, ham);
        for (ham, grade) in [(0, Grade::Verdict), (4, Grade::Suspect), (8, Grade::Exempt)] {
            assert_eq!(judge(&all, &set(ham), Signer::Nobody).grade, grade, "{ham}");
        }
        let found = judge(&all, &set(8), Signer::Nobody).matches;
        assert_eq!(found.first().map(|found| found.standing), Some(Standing::Wanted));
    }

    #[test]
    fn an_exemption_holds_for_its_signer_alone() {
        let spam = print(Algorithm::TextExact, 1);
        let all = Prints { all: vec![spam], ..Prints::default() };
        let set = Set::default()
            .with(spam, Class::Phish, FULL)
            .with(exemption(spam, "bank.example"), Class::Ham, FULL)
            .with(exemption(spam, ""), Class::Ham, FULL);
        let cases = [
            (Signer::Aligned("bank.example"), Grade::Exempt, Some(Standing::Exempt)),
            (Signer::Aligned("other.example"), Grade::Verdict, Some(Standing::Counts)),
            (Signer::Nobody, Grade::Verdict, Some(Standing::Counts)),
            (Signer::Unchecked, Grade::Suspect, Some(Standing::Unchecked)),
        ];
        for (signer, grade, standing) in cases {
            let judged = judge(&all, &set, signer);
            assert_eq!(judged.grade, grade, "{signer:?}");
            assert_eq!(judged.matches.first().map(|found| found.standing), standing);
        }
    }

    #[test]
    fn bulk_is_told_and_decides_nothing() {
        let bulk = print(Algorithm::TextExact, 1);
        let all = Prints { all: vec![bulk], ..Prints::default() };
        let judged = judge(&all, &Set::default().with(bulk, Class::Bulk, FULL), Signer::Nobody);
        assert_eq!((judged.grade, judged.class), (Grade::None, Some(Class::Bulk)));
        assert_eq!(judged.strength(Class::Bulk), Strength::Strong);
    }

    #[test]
    fn tables_are_in_the_order_of_the_algorithms() {
        assert!(Algorithm::all().eq(SCALE.iter().map(|row| row.algorithm)));
    }
}
