//! `--timing`: how long the parts of a scan took, in the words of SpamAssassin's own line.

use super::Server;
use crate::clock::Tick;
use std::time::Duration;

/// A stop watch for one scan.
pub struct Timing {
    last: Tick,
    laps: Vec<(&'static str, Duration)>,
}

impl Timing {
    /// It runs.
    pub fn begin() -> Timing {
        Timing { last: Tick::now(), laps: Vec::new() }
    }

    /// The part called `name` is over.
    pub fn lap(&mut self, name: &'static str) {
        self.laps.push((name, self.last.elapsed()));
        self.last = Tick::now();
    }

    /// Tells the log, if the administrator wants to know, or whoever asks for the area.
    pub fn tell(&self, server: &Server) {
        if server.timing {
            server.log.info(&format!("timing: {}", self.text()));
        } else if server.log.shows("timing") {
            server.log.debug(&format!("timing: {}", self.text()));
        }
    }

    /// `total 12 ms - user: 0.05 (0.4%), scan: 12 (98.0%)`
    fn text(&self) -> String {
        let total: Duration = self.laps.iter().map(|(_, took)| *took).sum();
        let lap = |(name, took): &(&str, Duration)| {
            let share = if total.is_zero() { 100.0 } else { took.div_duration_f64(total) * 100.0 };
            let (seconds, milliseconds) = (took.as_secs_f64(), took.as_secs_f64() * 1000.0);
            let digits = match seconds {
                s if s >= 0.005 => 0,
                s if s >= 0.002 => 1,
                _ => 2,
            };
            format!("{name}: {milliseconds:.digits$} ({share:.1}%)")
        };
        let laps: Vec<String> = self.laps.iter().map(lap).collect();
        format!("total {:.0} ms - {}", total.as_secs_f64() * 1000.0, laps.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_shown_with_their_share() {
        let laps = [("user", 40), ("scan", 11_960), ("reply", 3000)];
        let laps = laps.map(|(name, us)| (name, Duration::from_micros(us))).to_vec();
        let timing = Timing { last: Tick::now(), laps };
        assert_eq!(
            timing.text(),
            "total 15 ms - user: 0.04 (0.3%), scan: 12 (79.7%), reply: 3.0 (20.0%)"
        );
        assert_eq!(Timing::begin().text(), "total 0 ms - ");
    }
}
