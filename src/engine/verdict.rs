//! What a scan found: plain data, from which every answer is rendered.
//!
//! spamd replies, rewritten mail, JSON, `explain` and the log read a [`Verdict`] and compute
//! nothing.

use super::markup::Rewritten;
use crate::dns::Kind;
use crate::limits::Reached;
use std::sync::Arc;

/// The result of scanning one message.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// The rules that hit, sub-tests left out, by priority and kind of test, as SpamAssassin runs
    /// them.
    pub hits: Vec<Hit>,
    /// The sub-tests that hit, with how many times. Complete only if the scan was asked for
    /// them.
    pub subtests: Vec<(Arc<str>, u32)>,
    /// The sum, rounded to a thousandth as SpamAssassin rounds it.
    pub score: f64,
    /// `required_score`.
    pub required: f64,
    /// How sure we are that this is spam, in percent: monotone in `score - required`.
    pub confidence: f64,
    /// The score groups whose cap took something away.
    pub caps: Vec<Cap>,
    /// Rules that were switched off for this message because a pattern ran over its limit:
    /// name and place.
    pub overruns: Vec<(Arc<str>, String)>,
    /// The limits that the message reached.
    pub reached: Reached,
    /// The deadline passed before every rule had run.
    pub deadline_exceeded: bool,
    /// What the network was asked and did not answer in time: names and types.
    pub unanswered: Vec<(String, Kind)>,
    /// Lists that nobody asks for a while, as they have refused (`dns_block_rule`).
    pub paused: Vec<String>,
    /// Message-Id as it stands in the header, without folds; empty if there is none.
    pub message_id: Vec<u8>,
    /// Resent-Message-Id, likewise.
    pub resent_message_id: Vec<u8>,
    /// What became of learning from this message by itself, as `_AUTOLEARN_` tells it.
    pub autolearn: &'static str,
    /// The score that would decide about that.
    pub autolearn_score: f64,
    /// What `subjprefix` puts before the subject: a template.
    pub subject_prefix: Vec<u8>,
    /// Was the scan cut short? `None` where the Shortcircuit plugin is off.
    pub shortcut: Option<Shortcut>,
    /// The report, if one was asked for.
    pub report: Option<Vec<u8>>,
    /// The message as it goes back, if that was asked for.
    pub rewritten: Option<Rewritten>,
}

/// What cut a scan short.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shortcut {
    /// The rule; `None` where nothing did, or the score alone.
    pub rule: Option<Arc<str>>,
    /// `spam` or `ham`; `None` where nothing did.
    pub kind: Option<&'static str>,
}

impl Verdict {
    /// Is the message spam at the threshold in force?
    pub fn is_spam(&self) -> bool {
        self.score >= self.required
    }

    /// The names that SYMBOLS, log and headers list: sorted, a `multiple` rule as often as it
    /// hit.
    pub fn test_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .hits
            .iter()
            .flat_map(|hit| std::iter::repeat_n(&*hit.name, hit.count as usize))
            .collect();
        names.sort_unstable();
        names
    }
}

/// One rule that hit.
#[derive(Clone, Debug, Default)]
pub struct Hit {
    /// The rule's name.
    pub name: Arc<str>,
    /// Its score; added once for each time that it hit.
    pub score: f64,
    /// How often it hit: 1 unless its tflags say `multiple`.
    pub count: u32,
    /// What `describe` says of it; bytes because rule files are.
    pub description: Arc<[u8]>,
    /// What the test has to say of this message; reports show it in brackets.
    pub log: Vec<Vec<u8>>,
    /// The view it looked at, as reports write it before the description: `BODY: `, or nothing.
    pub area: &'static str,
    /// The line that defined it: `/etc/spamassassin/local.cf:12`.
    pub place: String,
    /// What it matched, where that can be shown.
    pub evidence: Option<Evidence>,
}

/// The text that a rule matched first, clipped to the limit `evidence`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The matched bytes.
    pub text: Vec<u8>,
    /// Which piece of the view: the paragraph, chunk or URI, counted from 0.
    pub piece: usize,
    /// The offset in that piece, in bytes.
    pub offset: usize,
}

/// A score group whose rules together reached more than its cap.
#[derive(Clone, Debug, PartialEq)]
pub struct Cap {
    /// The group's name.
    pub group: Arc<str>,
    /// What its rules added up to.
    pub sum: f64,
    /// What was counted of it.
    pub counted: f64,
}
