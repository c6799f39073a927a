//! What is counted of lists that are held in memory. Labels are names from the configuration.

use super::Maker;
use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

/// The counters of all lists.
#[derive(Clone, Debug)]
pub struct Zones {
    records: IntGaugeVec,
    memory: IntGaugeVec,
    age: IntGaugeVec,
    weight: IntGaugeVec,
    questions: IntCounterVec,
    hits: IntCounterVec,
    /// Looks at sources, by what came of them: `new`, `unchanged`, `failed`, `refused`.
    pub looks: IntCounterVec,
    refused: IntCounterVec,
    failed: IntCounterVec,
}

/// The counters of one list.
#[derive(Clone, Debug)]
pub struct OfList {
    records: IntGauge,
    memory: IntGauge,
    age: IntGauge,
    weight: IntGauge,
    questions: IntCounter,
    hits: IntCounter,
    /// Copies that the guards have refused.
    pub refused: IntCounter,
    /// Copies that did not arrive.
    pub failed: IntCounter,
}

impl Zones {
    /// All at zero.
    pub(super) fn new(make: &Maker) -> Result<Zones, prometheus::Error> {
        Ok(Zones {
            records: make.gauges("zone_records", "Records of lists held in memory.", "zone")?,
            memory: make.gauges("zone_bytes", "Memory of lists held.", "zone")?,
            age: make.gauges(
                "zone_age_seconds",
                "Seconds since the copy of a list was current; -1 without one.",
                "zone",
            )?,
            weight: make.gauges(
                "zone_weight_percent",
                "What hits of a list count; less than 100 where its copy is too old.",
                "zone",
            )?,
            questions: make.counters(
                "zone_questions_total",
                "Questions that lists in memory have answered.",
                "zone",
            )?,
            hits: make.counters(
                "zone_hits_total",
                "Questions that lists in memory have answered with a listing.",
                "zone",
            )?,
            looks: make.counters(
                "zone_looks_total",
                "Looks at the sources of lists, by what came of them.",
                "outcome",
            )?,
            refused: make.counters(
                "zone_refused_total",
                "Copies of lists that were refused.",
                "zone",
            )?,
            failed: make.counters(
                "zone_failed_total",
                "Looks at the sources of a list that failed.",
                "zone",
            )?,
        })
    }

    /// The counters of the list of this name.
    pub fn of(&self, zone: &str) -> OfList {
        let label = [zone];
        OfList {
            records: self.records.with_label_values(&label),
            memory: self.memory.with_label_values(&label),
            age: self.age.with_label_values(&label),
            weight: self.weight.with_label_values(&label),
            questions: self.questions.with_label_values(&label),
            hits: self.hits.with_label_values(&label),
            refused: self.refused.with_label_values(&label),
            failed: self.failed.with_label_values(&label),
        }
    }
}

impl OfList {
    /// Brings all of it up to date; `counts` are questions and hits so far.
    pub fn show(&self, records: u64, memory: usize, age: i64, weight: f64, counts: (u64, u64)) {
        self.records.set(i64::try_from(records).unwrap_or(i64::MAX));
        self.memory.set(i64::try_from(memory).unwrap_or(i64::MAX));
        self.age.set(age);
        self.weight.set((weight * 100.0).round() as i64);
        self.questions.inc_by(counts.0.saturating_sub(self.questions.get()));
        self.hits.inc_by(counts.1.saturating_sub(self.hits.get()));
    }
}
