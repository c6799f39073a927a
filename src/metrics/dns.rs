//! What is counted of questions to the DNS.

use super::Maker;
use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

/// The counters of a resolver. Labels are names of lists that rules ask, and words of ours.
#[derive(Clone, Debug)]
pub struct Dns {
    /// Questions of messages, by who answered.
    pub questions: Questions,
    /// Questions that failed, by reason: `late`, `forbidden`, `budget`, `paused`, `broken`.
    pub failures: IntCounterVec,
    /// From a question's first packet to its answer.
    pub seconds: Histogram,
    /// Questions on the wire now.
    pub in_flight: IntGauge,
    /// Answers kept now.
    pub cached: IntGauge,
    /// Bytes of the answers kept now.
    pub cached_bytes: IntGauge,
    /// Answers by which a list says that it does not serve us, by list.
    pub refusals: IntCounterVec,
    /// Is the list not asked for now? By list.
    pub paused: IntGaugeVec,
}

/// Questions by who answered. Messages ask many: each counter is at hand.
#[derive(Clone, Debug)]
pub struct Questions {
    /// It had been answered before.
    pub cache: IntCounter,
    /// Somebody had asked already, and waited.
    pub shared: IntCounter,
    /// A name server.
    pub wire: IntCounter,
    /// Nobody was asked.
    pub nobody: IntCounter,
}

impl Dns {
    /// All at zero.
    pub(super) fn new(make: &Maker) -> Result<Dns, prometheus::Error> {
        let questions = make.counters(
            "dns_questions_total",
            "Questions to the DNS, by who answered.",
            "answered",
        )?;
        let by = |who| questions.with_label_values(&[who]);
        let (cache, shared, wire, nobody) = (by("cache"), by("shared"), by("wire"), by("nobody"));
        Ok(Dns {
            questions: Questions { cache, shared, wire, nobody },
            failures: make.counters(
                "dns_failures_total",
                "Questions to the DNS without an answer, by reason.",
                "reason",
            )?,
            seconds: make
                .histogram("dns_seconds", "From a question's first packet to its answer.")?,
            in_flight: make.gauge("dns_in_flight", "Questions to the DNS on the wire.")?,
            cached: make.gauge("dns_cached", "Answers of the DNS that are kept.")?,
            cached_bytes: make.gauge("dns_cached_bytes", "Bytes of the answers that are kept.")?,
            refusals: make.counters(
                "list_refusals_total",
                "Answers of DNS lists that refuse to serve us, by list.",
                "list",
            )?,
            paused: make.gauges("list_paused", "DNS lists that are not asked for now.", "list")?,
        })
    }
}

/// One more of what bears this label.
pub fn count(counters: &IntCounterVec, label: &str) {
    let counter: IntCounter = counters.with_label_values(&[label]);
    counter.inc();
}
