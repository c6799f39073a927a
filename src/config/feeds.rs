//! The section `feeds`: known fingerprints that others publish, by names of the administrator's.
//!
//! ```yaml
//! feeds:
//!   example:
//!     url: https://feeds.example.net/mailprint
//!     keys: [Cm0M…=]
//! ```
//!
//! Unlike the other sections its keys are names, so it is no part of the table. What the texts
//! mean is looked at by who uses them.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The section's name.
pub const SECTION: &str = "feeds";

/// All feeds by name.
pub type Feeds = BTreeMap<String, Feed>;

/// One feed.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Feed {
    /// The folder that its publisher serves.
    pub url: String,
    /// The publisher's public keys, as `mailprint fp keygen` prints them; while a key is
    /// replaced, both.
    pub keys: Vec<String>,
    /// Public keys of who may sign a step that is larger than one may be.
    pub countersigners: Vec<String>,
    /// The newest epoch that is agreed to.
    pub epoch: u32,
    /// Seconds from one poll to the next; up to a tenth less.
    pub interval: f64,
    /// Seconds between polls at most, however often they fail.
    pub back_off: f64,
    /// A list may grow by so many percent of itself in one step.
    pub most_added: f64,
    /// A list may shrink by so many percent of itself in one step.
    pub most_removed: f64,
    /// Certificates of CAs in PEM, believed instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// A certificate and its key in PEM, shown to the server.
    pub client_file: Option<PathBuf>,
    /// Header fields, one a line, sent to the server.
    pub header_file: Option<PathBuf>,
}

impl Default for Feed {
    fn default() -> Feed {
        Feed {
            url: String::new(),
            keys: Vec::new(),
            countersigners: Vec::new(),
            epoch: 1,
            interval: 60.0,
            back_off: 1800.0,
            most_added: 5.0,
            most_removed: 20.0,
            ca_file: None,
            client_file: None,
            header_file: None,
        }
    }
}

/// What is wrong with a feed, if anything.
pub fn check(name: &str, feed: &Feed) -> Result<(), String> {
    let word = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let wrong = |what: &str| Err(format!("feeds.{name}{what}"));
    if name.is_empty() || name.len() > 64 || !name.chars().all(word) {
        return wrong(": a feed's name has letters, digits, - and _");
    }
    if feed.url.is_empty() {
        return wrong(".url is missing: name the folder that the publisher serves");
    }
    if feed.keys.is_empty() {
        return wrong(".keys is missing: the publisher tells its public key");
    }
    for (field, seconds) in [(".interval", feed.interval), (".back_off", feed.back_off)] {
        if !(0.05..=86_400.0).contains(&seconds) {
            return wrong(&format!("{field} is {seconds}, it may be 0.05 to 86400 seconds"));
        }
    }
    for (field, share) in [(".most_added", feed.most_added), (".most_removed", feed.most_removed)] {
        if !(0.0..=100_000.0).contains(&share) {
            return wrong(&format!("{field} is {share}, it may be 0 to 100000 percent"));
        }
    }
    Ok(())
}

/// Each setting of a feed, with what it does: for the sample and the man page.
pub const MEANINGS: &[(&str, &str, &str)] = &[
    (
        "url",
        "https://feeds.example.net/mailprint",
        "The folder that its publisher serves: https://, http:// or, for a folder of this machine, a path.",
    ),
    (
        "keys",
        "[\"MCow…\"]",
        "The publisher's public keys, as `mailprint fp keygen` prints them; while a key is replaced, both.",
    ),
    ("countersigners", "[]", "Public keys of who may sign a step that is larger than one may be."),
    (
        "epoch",
        "1",
        "The newest epoch that you agree to; a publisher that begins anew counts it up.",
    ),
    ("interval", "60", "Seconds from one poll to the next; up to a tenth less."),
    ("back_off", "1800", "Seconds between polls at most, however often they fail."),
    (
        "most_added",
        "5",
        "A list may grow by so many percent of itself in one step (limits.feed_change_entries always).",
    ),
    ("most_removed", "20", "A list may shrink by so many percent of itself in one step."),
    ("ca_file", "\"\"", "Certificates of CAs in PEM, believed instead of the system's."),
    ("client_file", "\"\"", "A certificate and its key in PEM, shown to the server."),
    (
        "header_file",
        "\"\"",
        "Header fields, one `Name: value` a line, sent to the server: credentials.",
    ),
];
