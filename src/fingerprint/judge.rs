//! What the matches of one message amount to.
//!
//! In: a message's [`Prints`], the set of known ones, and who signed the message. Out: a
//! [`Judgement`]: how strong the evidence is for each class, and each match with what it adds.
//! Invariant: a match that is lifted (learned as wanted, common in wanted mail, exempt for its
//! signer) adds nothing; a family adds no more than its cap; [`Class::Bulk`] never decides.
//!
//! # How evidence combines
//!
//! A match adds the points of its algorithm ([`SCALE`]): `first` for the first match of the
//! algorithm in the message, `next` for each further one, `most` for all. Weights below
//! [`FULL`] add their share of that. Of a family's algorithms the best counts whole and each
//! other one a quarter, because they look at the same thing; the family adds `cap` at most.
//! Families are added up. [`VERDICT`] points are a verdict, [`SUSPECT`] points a suspicion.

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
    let mut matches: Vec<Match> =
        prints.all.iter().filter_map(|print| look_up(*print, known, signer)).collect();
    let unlifted = evidence(&matches, |found| weight_of_bad(found.listed));
    let bad = evidence(&matches, |found| standing_weight(found, weight_of_bad(found.listed)));
    let classes = Class::ALL.map(|class| {
        evidence(&matches, |found| standing_weight(found, found.listed.weight(class)))
    });
    add_points(&mut matches);
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
    first: u32,
    next: u32,
    most: u32,
}

const fn scale(algorithm: Algorithm, first: u32, next: u32, most: u32) -> Scale {
    Scale { algorithm, first, next, most }
}

/// What matches are worth, in the order of the algorithms' numbers.
const SCALE: &[Scale] = &[
    scale(Algorithm::TextExact, 100, 0, 100),
    scale(Algorithm::TextAnchor, 40, 40, 160),
    scale(Algorithm::TextBand, 100, 0, 100),
    scale(Algorithm::TextBag, 30, 35, 140),
    scale(Algorithm::TextSentence, 50, 50, 150),
    scale(Algorithm::LinkDomain, 45, 10, 65),
    scale(Algorithm::LinkPath, 60, 10, 70),
    scale(Algorithm::LinkKit, 30, 10, 50),
    scale(Algorithm::Contact, 60, 20, 100),
    scale(Algorithm::Skeleton, 30, 0, 30),
    scale(Algorithm::SkeletonBand, 15, 15, 45),
    scale(Algorithm::CallToAction, 45, 0, 45),
    scale(Algorithm::MimeShape, 10, 0, 10),
    scale(Algorithm::HeaderShape, 10, 0, 10),
    scale(Algorithm::Attachment, 100, 0, 100),
    scale(Algorithm::AttachmentChunk, 30, 35, 100),
    scale(Algorithm::AttachmentText, 40, 35, 100),
    scale(Algorithm::Image, 40, 30, 100),
    scale(Algorithm::Entropy, 30, 0, 30),
    scale(Algorithm::Subject, 40, 10, 50),
    scale(Algorithm::Joint, 100, 0, 100),
    scale(Algorithm::TextShort, 60, 0, 60),
];

/// The most that each family adds, in the order of [`Family::ALL`].
const CAPS: [u32; Family::ALL.len()] = [160, 80, 100, 60, 120, 100];

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

/// Adds up matches, each with the weight that `weight` gives it.
fn evidence(matches: &[Match], weight: impl Fn(&Match) -> u8) -> Evidence {
    let mut points = [0u32; Algorithm::COUNT];
    let mut counts = [0u32; Algorithm::COUNT];
    for found in matches {
        let weight = u32::from(weight(found).min(FULL));
        let at = usize::from(found.print.algorithm as u8).saturating_sub(1);
        if let (Some(scale), Some(sum), Some(count)) =
            (SCALE.get(at), points.get_mut(at), counts.get_mut(at))
            && weight > 0
        {
            let worth = if *count == 0 { scale.first } else { scale.next };
            *sum = (*sum + worth * weight / u32::from(FULL)).min(scale.most);
            *count += 1;
        }
    }
    let mut families = [0; Family::ALL.len()];
    for ((total, family), cap) in families.iter_mut().zip(Family::ALL).zip(CAPS) {
        let of = SCALE.iter().zip(points).filter(|(row, _)| row.algorithm.family() == family);
        let (best, sum) =
            of.fold((0, 0), |(best, sum), (_, points)| (points.max(best), sum + points));
        *total = (best + (sum - best) / 4).min(cap);
    }
    Evidence { points: families.iter().sum(), families }
}

/// Tells each match what it adds.
fn add_points(matches: &mut [Match]) {
    let mut counts = [0u32; Algorithm::COUNT];
    for found in matches {
        let weight = standing_weight(found, weight_of_bad(found.listed)).min(FULL);
        let at = usize::from(found.print.algorithm as u8).saturating_sub(1);
        if let (Some(scale), Some(count)) = (SCALE.get(at), counts.get_mut(at))
            && weight > 0
        {
            let worth = if *count == 0 { scale.first } else { scale.next };
            found.points = worth * u32::from(weight) / u32::from(FULL);
            *count += 1;
        }
    }
}

/// The class with the most points; the earlier of equals.
fn strongest(classes: &[Evidence; 5]) -> Option<Class> {
    let with_points = Class::ALL.iter().zip(classes).filter(|(_, found)| found.points > 0);
    with_points.rev().max_by_key(|(_, found)| found.points).map(|(class, _)| *class)
}
