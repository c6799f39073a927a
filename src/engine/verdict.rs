//! What a scan has found: plain data that every answer renders.

use std::sync::Arc;

/// The result of one scan.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// The rules that hit and have a score, in the order in which they hit.
    pub hits: Vec<Hit>,
    /// The sum of their scores.
    pub score: f64,
    /// `required_score`.
    pub required: f64,
    /// How sure we are that it is spam, in percent.
    pub confidence: f64,
    /// The sub-tests that hit, with how many times.
    pub subtests: Vec<(Arc<str>, u32)>,
    /// The beginning of the text, as `_PREVIEW_` shows it.
    pub preview: Vec<u8>,
}

/// One rule that hit.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The rule's name.
    pub name: Arc<str>,
    /// Its score for one hit.
    pub score: f64,
    /// How many times it hit; it is listed so many times.
    pub count: u32,
    /// What `describe` says of it.
    pub description: Arc<[u8]>,
    /// What the test has to say of this message; reports show it in brackets.
    pub log: Vec<Vec<u8>>,
    /// Where it hit, as reports write it before the description: `BODY: `, or nothing.
    pub area: &'static str,
}

impl Verdict {
    /// Does the score reach what is required?
    pub fn is_spam(&self) -> bool {
        self.score >= self.required
    }
}
