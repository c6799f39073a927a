//! Every number that the server counts, in one place.
//!
//! In go events, out comes Prometheus' text. Names begin with `mailprint_`; a counter ends
//! with `_total`, a time with `_seconds`. No label's value comes from a client or a mail.
//!
//! [`dns`] has those of the resolver, [`zones`] those of lists held in memory, [`feed`] those of
//! feeds.
//!
//! Ring 0.

pub mod dns;
pub mod feed;
pub mod zones;

use crate::limits::{Limit, Reached, TABLE};
use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

/// The counters of one server.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    /// Connections accepted, by what became of them: `served`, `refused`, `unauthorized`.
    pub connections: IntCounterVec,
    /// TLS handshakes that came to nothing.
    pub handshakes_failed: IntCounter,
    /// Connections open now.
    pub open_connections: IntGauge,
    /// Requests by verb, counted when they are complete.
    pub requests: IntCounterVec,
    /// Replies by the code of their first line.
    pub replies: IntCounterVec,
    /// Messages scanned, by verdict: `spam`, `ham`.
    pub messages: IntCounterVec,
    /// Bytes of messages scanned.
    pub message_bytes: IntCounter,
    /// From the first byte of a request to the last of its reply.
    pub request_seconds: Histogram,
    /// From the queue to the verdict.
    pub scan_seconds: Histogram,
    /// Time spent waiting for a scan worker.
    pub queue_seconds: Histogram,
    /// Scans waiting for a worker now.
    pub queued_scans: IntGauge,
    /// Scans waiting for the network now.
    pub waiting_scans: IntGauge,
    /// Scan workers at work now.
    pub busy_workers: IntGauge,
    /// Bytes of messages held by connections now.
    pub held_bytes: IntGauge,
    /// Limits reached, by name.
    pub limit_hits: IntCounterVec,
    /// Rules switched off for a message, by rule.
    pub overruns: IntCounterVec,
    /// Panics caught, by task: `scan`, `connection`.
    pub panics: IntCounterVec,
    /// Reloads of the ruleset by outcome: `done`, `failed`.
    pub reloads: IntCounterVec,
    /// Rules of the ruleset in force.
    pub rules: IntGauge,
    /// Seconds since 1970 when the ruleset in force was loaded.
    pub loaded_at: IntGauge,
    /// Of questions to the DNS.
    pub dns: dns::Dns,
    /// Of lists held in memory.
    pub zones: zones::Zones,
    /// Of feeds of fingerprints.
    pub feed: feed::Feed,
}

/// Bounds for what takes between a tenth of a millisecond and a minute.
const SECONDS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0, 60.0,
];

impl Metrics {
    /// All counters at zero, with every limit's line there from the beginning.
    pub fn new() -> Result<Metrics, prometheus::Error> {
        let make = Maker(Registry::new());
        let metrics = Metrics {
            connections: make.counters(
                "connections_total",
                "Connections accepted, by what became of them.",
                "outcome",
            )?,
            handshakes_failed: make
                .counter("handshakes_failed_total", "TLS handshakes that came to nothing.")?,
            open_connections: make.gauge("open_connections", "Connections open now.")?,
            requests: make.counters("requests_total", "Complete requests, by verb.", "verb")?,
            replies: make.counters("replies_total", "Replies, by code.", "code")?,
            messages: make.counters(
                "messages_total",
                "Messages scanned, by verdict.",
                "verdict",
            )?,
            message_bytes: make.counter("message_bytes_total", "Bytes of the messages scanned.")?,
            request_seconds: make.histogram(
                "request_seconds",
                "From the accept of a connection to the end of its reply.",
            )?,
            scan_seconds: make.histogram("scan_seconds", "CPU work on one message.")?,
            queue_seconds: make.histogram("queue_seconds", "Waiting for a scan worker.")?,
            waiting_scans: make.gauge("waiting_scans", "Scans waiting for the network now.")?,
            queued_scans: make.gauge("queued_scans", "Scans waiting for a worker.")?,
            busy_workers: make.gauge("busy_workers", "Scan workers at work.")?,
            held_bytes: make.gauge("held_bytes", "Bytes of messages held by connections.")?,
            limit_hits: make.counters("limit_hit_total", "Limits reached, by name.", "name")?,
            overruns: make.counters(
                "pattern_overruns_total",
                "Rules switched off for a message because their pattern ran over its limit.",
                "rule",
            )?,
            panics: make.counters("panics_total", "Panics caught, by task.", "task")?,
            reloads: make.counters(
                "reloads_total",
                "Reloads of the ruleset, by outcome.",
                "outcome",
            )?,
            rules: make.gauge("rules", "Rules of the ruleset in force.")?,
            loaded_at: make.gauge(
                "ruleset_loaded_timestamp_seconds",
                "When the ruleset in force was loaded.",
            )?,
            dns: dns::Dns::new(&make)?,
            zones: zones::Zones::new(&make)?,
            feed: feed::Feed::new(&make)?,
            registry: make.0,
        };
        for row in TABLE {
            metrics.limit_hits.with_label_values(&[row.name]);
        }
        Ok(metrics)
    }

    /// Counts one limit.
    pub fn limit_hit(&self, limit: Limit) {
        if let Some(row) = TABLE.iter().find(|row| row.limit == limit) {
            self.limit_hits.with_label_values(&[row.name]).inc();
        }
    }

    /// Counts all limits that a message has reached.
    pub fn limits_reached(&self, reached: Reached) {
        for row in reached.iter() {
            self.limit_hits.with_label_values(&[row.name]).inc();
        }
    }

    /// Everything in Prometheus' text format.
    pub fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

/// Makes counters that are registered.
struct Maker(Registry);

impl Maker {
    fn counter(&self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        let counter = IntCounter::with_opts(named(name, help))?;
        self.0.register(Box::new(counter.clone()))?;
        Ok(counter)
    }

    fn counters(
        &self,
        name: &str,
        help: &str,
        label: &str,
    ) -> Result<IntCounterVec, prometheus::Error> {
        let counters = IntCounterVec::new(named(name, help), &[label])?;
        self.0.register(Box::new(counters.clone()))?;
        Ok(counters)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
        let gauge = IntGauge::with_opts(named(name, help))?;
        self.0.register(Box::new(gauge.clone()))?;
        Ok(gauge)
    }

    fn gauges(
        &self,
        name: &str,
        help: &str,
        label: &str,
    ) -> Result<IntGaugeVec, prometheus::Error> {
        let gauges = IntGaugeVec::new(named(name, help), &[label])?;
        self.0.register(Box::new(gauges.clone()))?;
        Ok(gauges)
    }

    fn histogram(&self, name: &str, help: &str) -> Result<Histogram, prometheus::Error> {
        let options = HistogramOpts::new(name, help).namespace(NAMESPACE);
        let histogram = Histogram::with_opts(options.buckets(SECONDS.to_vec()))?;
        self.0.register(Box::new(histogram.clone()))?;
        Ok(histogram)
    }
}

const NAMESPACE: &str = "mailprint";

fn named(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace(NAMESPACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_has_a_line_from_the_beginning() {
        let metrics = Metrics::new().unwrap();
        metrics.limit_hit(Limit::MimeParts);
        let text = String::from_utf8(metrics.text().unwrap()).unwrap();
        for row in TABLE {
            let value = u8::from(row.limit == Limit::MimeParts);
            let line = format!("mailprint_limit_hit_total{{name=\"{}\"}} {value}\n", row.name);
            assert!(text.contains(&line), "{line}");
        }
    }
}
