//! The only place that asks the machine what time it is.
//!
//! Everything else is handed a time, so that tests can choose one.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A moment on the monotonic clock, for measuring how long something took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(Instant);

impl Tick {
    /// This moment.
    #[allow(clippy::disallowed_methods)] // the one place that may
    pub fn now() -> Tick {
        Tick(Instant::now())
    }

    /// How long ago that was.
    pub fn elapsed(self) -> Duration {
        Tick::now().0.saturating_duration_since(self.0)
    }

    /// The moment `after` later.
    pub fn plus(self, after: Duration) -> Tick {
        Tick(self.0 + after)
    }

    /// How much later than `earlier` this is; nothing if it is not.
    pub fn since(self, earlier: Tick) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// The same moment for APIs that want the standard type.
    pub fn instant(self) -> Instant {
        self.0
    }
}

/// Seconds since 1970-01-01 UTC.
#[allow(clippy::disallowed_methods)] // the one place that may
pub fn unix_seconds() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

/// This moment in the local time zone, written as `strftime` would by `format`.
pub fn local(format: &str) -> Result<String, String> {
    let wrong = |why: jiff::Error| format!("{format:?} is no format of strftime: {why}");
    jiff::fmt::strtime::format(format, &here()).map_err(wrong)
}

#[allow(clippy::disallowed_methods)] // the one place that may
fn here() -> jiff::Zoned {
    let timestamp = jiff::Timestamp::try_from(SystemTime::now()).unwrap_or_default();
    timestamp.to_zoned(jiff::tz::TimeZone::system())
}

/// Microseconds of the clock that runs evenly since the machine was started, which is the one
/// that the system's other programs measure with.
pub fn monotonic_microseconds() -> u64 {
    use nix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |since| {
        u64::try_from(since.tv_sec()).unwrap_or(0) * 1_000_000
            + u64::try_from(since.tv_nsec()).unwrap_or(0) / 1000
    })
}

/// The day of a moment in seconds since 1970, in UTC: `2026-11-23`.
pub fn day(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap_or_default().strftime("%Y-%m-%d").to_string()
}

/// A moment, in seconds since 1970, as a mail's `Date` says it: `Sun, 22 Nov 2026 13:09:46 +0000`.
pub fn mail_date(seconds: i64) -> String {
    let timestamp = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    let here = timestamp.to_zoned(jiff::tz::TimeZone::system());
    here.strftime("%a, %d %b %Y %H:%M:%S %z").to_string()
}
