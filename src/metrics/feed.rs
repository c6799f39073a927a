//! What is counted of feeds. Labels are their names in the configuration, and words of ours.

use super::Maker;
use prometheus::{IntCounterVec, IntGaugeVec, Opts};

/// The counters of all feeds.
#[derive(Clone, Debug)]
pub struct Feed {
    /// Seconds since the last good head was signed.
    pub age: IntGaugeVec,
    /// Has the last good head run out?
    pub stale: IntGaugeVec,
    /// The state in force.
    pub sequence: IntGaugeVec,
    /// Its entries.
    pub entries: IntGaugeVec,
    /// Polls, by feed and outcome: `unchanged`, `advanced`, `refused`.
    pub polls: IntCounterVec,
    /// What was refused, by feed and cause.
    pub refusals: IntCounterVec,
    /// Snapshots fetched where deltas did not lead on.
    pub resyncs: IntCounterVec,
}

impl Feed {
    /// All at zero.
    pub(super) fn new(make: &Maker) -> Result<Feed, prometheus::Error> {
        let by_feed = |name: &str, help: &str| make.gauges(name, help, "feed");
        Ok(Feed {
            age: by_feed("feed_age_seconds", "Seconds since a feed's last good head was signed.")?,
            stale: by_feed("feed_stale", "Feeds whose last good head has run out.")?,
            sequence: by_feed("feed_sequence", "The state of a feed that is in force.")?,
            entries: by_feed("feed_entries", "Entries of a feed that are in force.")?,
            polls: pairs(make, "feed_polls_total", "Polls of feeds, by outcome.", "outcome")?,
            refusals: pairs(
                make,
                "feed_refusals_total",
                "What feeds sent and was refused, or could not be fetched, by cause.",
                "cause",
            )?,
            resyncs: make.counters(
                "feed_resyncs_total",
                "Snapshots of feeds fetched where deltas did not lead on.",
                "feed",
            )?,
        })
    }
}

/// Counters by feed and something else.
fn pairs(
    make: &Maker,
    name: &str,
    help: &str,
    label: &str,
) -> Result<IntCounterVec, prometheus::Error> {
    let options = Opts::new(name, help).namespace(super::NAMESPACE);
    let counters = IntCounterVec::new(options, &["feed", label])?;
    make.0.register(Box::new(counters.clone()))?;
    Ok(counters)
}
