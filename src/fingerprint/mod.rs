//! Fingerprints: what stays the same when a spam campaign mutates its messages.
//!
//! A message is put into a well-known state (its *views*); algorithms transform what they find
//! there, and the MD5 of each transform (for attachments: SHA-256, cut) is a fingerprint. Which
//! fingerprints are known, and what of, is a [`Listed`] that a set of known ones holds; what
//! the matches of one message amount to is said by `judge`.
//!
//! In: a [`Message`](crate::message::Message). Out: [`Fingerprint`]s. Invariant: the same
//! message gives the same fingerprints everywhere, whatever the configuration.
//!
//! Ring 2. May use `message`, `text`, `limits`, `clock`.
//!
//! `view` makes the views; `token`, `text`, `subject` and one file for each other family make
//! fingerprints of them; `common` learns which phrases say nothing; `judge` weighs matches.

mod attachments;
pub mod common;
pub mod compat;
mod contacts;
mod entropy;
mod fold;
pub mod images;
pub mod judge;
pub mod known;
pub mod links;
pub mod store;
mod structure;
mod subject;
mod summary;
mod text;
mod token;
pub mod view;

use crate::limits::{Limits, Reached};
use crate::message::Message;
pub use attachments::Document;
use md5::{Digest as _, Md5};
use view::View;

/// What one message is recognised by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prints {
    /// Each fingerprint once, in the order of the families.
    pub all: Vec<Fingerprint>,
    /// Limits that were met.
    pub reached: Reached,
}

/// The fingerprints of `message`. `known` is asked only which phrases are common.
pub fn of(message: &Message, known: &dyn Known, limits: &Limits) -> Prints {
    of_view(&View::of(message, limits), known, limits)
}

/// The fingerprints of a text without headers: a short message, a posting.
pub fn of_text(text: &str, known: &dyn Known, limits: &Limits) -> Prints {
    of_view(&View::of_text(text, limits), known, limits)
}

/// The fingerprints of what has been looked at already.
///
/// Each family is a function `prints(view, limits, out)` in a file of its own; those of texts
/// come last, because a text that is too short is joined with the best link or contact. A
/// family whose work meets limits of its own gives back what it [`Reached`].
pub fn of_view(view: &View<'_>, known: &dyn Known, limits: &Limits) -> Prints {
    let mut out = Vec::new();
    let mut reached = view.reached;
    let documents = beside_texts(view, limits, &mut out, &mut reached);
    for document in &documents {
        reached.merge(text::of_document(&document.text, known, limits, &mut out));
    }
    subject::prints(view, limits, &mut out);
    reached.merge(text::prints(view, known, limits, &mut out));
    let mut seen = std::collections::HashSet::new();
    out.retain(|print| seen.insert(*print));
    Prints { all: out, reached }
}

/// What the texts say, as [`Known::is_common`] is asked for it.
pub fn phrases(view: &View<'_>, limits: &Limits) -> Vec<u64> {
    text::phrases(view, limits)
}

/// Adds the fingerprints of all that is no text: files, pictures, links, contacts, structure.
/// Gives the documents among the files.
pub fn beside_texts(
    view: &View<'_>,
    limits: &Limits,
    out: &mut Vec<Fingerprint>,
    reached: &mut Reached,
) -> Vec<Document> {
    let files = attachments::prints(view, limits, out, reached);
    images::prints(&files.pictures, limits, out, reached);
    entropy::prints(view, &files.binaries, out);
    let links = links::prints(view, &files.documents, limits, out, reached);
    contacts::prints(view, &files.documents, limits, out, reached);
    structure::prints(view, &links, out);
    files.documents
}

/// What every algorithm but those of files does with its transform:
/// MD5(number of the algorithm, version, 0, transform).
pub(crate) fn digest(algorithm: Algorithm, transform: &[u8]) -> Fingerprint {
    let mut md5 = Md5::new();
    md5.update([algorithm as u8, VERSION, 0]);
    md5.update(transform);
    Fingerprint { algorithm, digest: md5.finalize().into() }
}

/// The version of all transforms.
const VERSION: u8 = 1;

/// One transform of one message, digested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint {
    /// What it was made by.
    pub algorithm: Algorithm,
    /// The first half of the digest is what sets of known fingerprints hold.
    pub digest: [u8; 16],
}

impl Fingerprint {
    /// What a set of known fingerprints is asked for: the digest's first eight bytes, the least
    /// first.
    pub fn key(&self) -> u64 {
        let mut first = [0; 8];
        for (to, from) in first.iter_mut().zip(self.digest) {
            *to = from;
        }
        u64::from_le_bytes(first)
    }
}

/// What a match says about the message that it was learned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    /// Unwanted and sent to many.
    Spam = 0,
    /// Pretends to be somebody to get secrets or money.
    Phish = 1,
    /// Carries or leads to a program that does harm.
    Malware = 2,
    /// Sent to many, wanted by some. Never decides.
    Bulk = 3,
    /// Wanted: takes the weight from what else the same fingerprint is listed as.
    Ham = 4,
}

impl Class {
    /// All of them, in the order of their numbers.
    pub const ALL: [Class; 5] =
        [Class::Spam, Class::Phish, Class::Malware, Class::Bulk, Class::Ham];

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Class::Spam => "spam",
            Class::Phish => "phish",
            Class::Malware => "malware",
            Class::Bulk => "bulk",
            Class::Ham => "ham",
        }
    }

    /// The class called `name`.
    pub fn named(name: &str) -> Option<Class> {
        Class::ALL.into_iter().find(|class| class.name() == name)
    }
}

/// What one fingerprint is known as: a weight per class, from 0 (not listed) to 15.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listed([u8; 5]);

/// Fingerprints that are known, wherever they are kept.
pub trait Known: Send + Sync {
    /// What `key` of `algorithm` is known as; [`Listed::default`] if it is not.
    fn listed(&self, algorithm: Algorithm, key: u64) -> Listed;

    /// Has this phrase (a hash that only `text` makes) been seen in wanted mail so often that it
    /// says nothing? Anchors are chosen among the others.
    fn is_common(&self, phrase: u64) -> bool;
}

/// How a fingerprint was made. The number is part of what is digested, and of the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Algorithm {
    /// All words of a text, in order.
    TextExact = 1,
    /// Runs of five words.
    TextAnchor = 2,
    /// Sets of runs of three words.
    TextBand = 3,
    /// Words regardless of their order.
    TextBag = 4,
    /// Sentences by their consonants.
    TextSentence = 5,
    /// Registered domains that links lead to.
    LinkDomain = 6,
    /// A domain and its path.
    LinkPath = 7,
    /// A path's shape without its domain.
    LinkKit = 8,
    /// Addresses, telephone numbers, wallets, accounts.
    Contact = 9,
    /// The order of HTML's elements.
    Skeleton = 10,
    /// Runs of HTML's elements.
    SkeletonBand = 11,
    /// HTML's shape together with where it leads.
    CallToAction = 12,
    /// The tree of parts.
    MimeShape = 13,
    /// The order of header fields and the sender's program.
    HeaderShape = 14,
    /// An attached file, or one in an archive.
    Attachment = 15,
    /// Pieces of a file.
    AttachmentChunk = 16,
    /// Text in a document.
    AttachmentText = 17,
    /// What a picture looks like.
    Image = 18,
    /// How disorder is spread in a file.
    Entropy = 19,
    /// The subject's words.
    Subject = 20,
    /// A text too short to tell, with its best link or contact.
    Joint = 21,
    /// All words of a short text.
    TextShort = 22,
}

/// What of a message an algorithm looks at. Evidence of one family counts once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// What is said.
    Text,
    /// Where links lead.
    Link,
    /// How the sender wants to be reached.
    Contact,
    /// How the message is built.
    Structure,
    /// Files that come with it.
    Attachment,
    /// Pictures.
    Image,
}

impl Family {
    /// All of them.
    pub const ALL: [Family; 6] = [
        Family::Text,
        Family::Link,
        Family::Contact,
        Family::Structure,
        Family::Attachment,
        Family::Image,
    ];
}

/// Each algorithm with its name and family, in the order of their numbers.
const ALGORITHMS: &[(Algorithm, &str, Family)] = &[
    (Algorithm::TextExact, "text-exact", Family::Text),
    (Algorithm::TextAnchor, "text-anchor", Family::Text),
    (Algorithm::TextBand, "text-band", Family::Text),
    (Algorithm::TextBag, "text-bag", Family::Text),
    (Algorithm::TextSentence, "text-sentence", Family::Text),
    (Algorithm::LinkDomain, "link-domain", Family::Link),
    (Algorithm::LinkPath, "link-path", Family::Link),
    (Algorithm::LinkKit, "link-kit", Family::Link),
    (Algorithm::Contact, "contact", Family::Contact),
    (Algorithm::Skeleton, "skeleton", Family::Structure),
    (Algorithm::SkeletonBand, "skeleton-band", Family::Structure),
    (Algorithm::CallToAction, "call-to-action", Family::Structure),
    (Algorithm::MimeShape, "mime-shape", Family::Structure),
    (Algorithm::HeaderShape, "header-shape", Family::Structure),
    (Algorithm::Attachment, "attachment", Family::Attachment),
    (Algorithm::AttachmentChunk, "attachment-chunk", Family::Attachment),
    (Algorithm::AttachmentText, "attachment-text", Family::Attachment),
    (Algorithm::Image, "image", Family::Image),
    (Algorithm::Entropy, "entropy", Family::Attachment),
    (Algorithm::Subject, "subject", Family::Text),
    (Algorithm::Joint, "joint", Family::Text),
    (Algorithm::TextShort, "text-short", Family::Text),
];

impl Algorithm {
    /// How many there are.
    pub const COUNT: usize = ALGORITHMS.len();

    /// All of them, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Algorithm> {
        ALGORITHMS.iter().map(|row| row.0)
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What it looks at.
    pub fn family(self) -> Family {
        self.row().2
    }

    /// The algorithm of a number in a feed or a store.
    pub fn of_number(number: u8) -> Option<Algorithm> {
        ALGORITHMS.iter().map(|row| row.0).find(|algorithm| *algorithm as u8 == number)
    }

    fn row(self) -> (Algorithm, &'static str, Family) {
        let at = usize::from(self as u8).saturating_sub(1);
        ALGORITHMS.get(at).copied().unwrap_or((self, "", Family::Text))
    }
}

impl Listed {
    /// Not more than this is one weight.
    pub const HEAVIEST: u8 = 15;

    /// The weight in `class`; 0: not listed there.
    pub fn weight(self, class: Class) -> u8 {
        self.0.get(class as usize).copied().unwrap_or_default()
    }

    /// The same, with `weight` in `class`.
    #[must_use]
    pub fn with(mut self, class: Class, weight: u8) -> Listed {
        if let Some(slot) = self.0.get_mut(class as usize) {
            *slot = weight.min(Listed::HEAVIEST);
        }
        self
    }

    /// Is it listed at all?
    pub fn is_listed(self) -> bool {
        self != Listed::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_algorithms_is_in_the_order_of_their_numbers() {
        for (at, algorithm) in Algorithm::all().enumerate() {
            assert_eq!(at + 1, usize::from(algorithm as u8));
            assert_eq!(Algorithm::of_number(algorithm as u8), Some(algorithm));
        }
        assert_eq!(Algorithm::of_number(0), None);
    }

    #[test]
    fn a_key_is_the_digests_first_half_least_byte_first() {
        let mut digest = [0; 16];
        digest[0] = 1;
        digest[7] = 2;
        digest[8] = 3;
        let print = Fingerprint { algorithm: Algorithm::Subject, digest };
        assert_eq!(print.key(), 0x0200_0000_0000_0001);
    }
}
