//! Is a new copy fit to answer?
//!
//! In: the copy, what is known of the last good one, and the bounds of the administrator. Out:
//! nothing, or the first thing that is wrong. A refused copy changes nothing.

use super::canaries::Canary;
use super::sketch::Sketch;
use crate::zones::Zone;

/// What a copy may be.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// The least records.
    pub least: u64,
    /// The most.
    pub most: u64,
    /// How much may be new, or gone, from one copy to the next: a share, 1 for as much as there
    /// was; `None` for any.
    pub change: Option<f64>,
    /// What may not be listed.
    pub canaries: Vec<Canary>,
}

/// What is known of a copy beside itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Known {
    /// How many records it has.
    pub records: u64,
    /// The version of its `$SOA`.
    pub serial: Option<u32>,
    /// What its lines are like.
    pub sketch: Sketch,
}

/// Why a copy does not answer. The last good one stays.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// Nothing, or next to nothing.
    #[error("it has {records} records, {least} at least are wanted (zones.lists.least)")]
    Small {
        /// How many there are.
        records: u64,
        /// How many there have to be.
        least: u64,
    },
    /// Too much.
    #[error(
        "it has {records} records, {most} at most are wanted (zones.lists.most, limits.zone_entries)"
    )]
    Large {
        /// How many there are.
        records: u64,
        /// How many there may be.
        most: u64,
    },
    /// Another list than before.
    #[error(
        "{percent:.0} % of it changed at once, {most:.0} % may (zones.lists.change): {before} records before, {now} now; `mailprint zones accept {name}` takes it nevertheless"
    )]
    Changed {
        /// The list.
        name: String,
        /// How much is new, or gone.
        percent: f64,
        /// How much may be.
        most: f64,
        /// Records before.
        before: u64,
        /// Records now.
        now: u64,
    },
    /// It goes back in time.
    #[error("its serial {now} is older than {before}, which is held")]
    Older {
        /// The serial that is held.
        before: u32,
        /// The new one.
        now: u32,
    },
    /// It lists what no list may.
    #[error(
        "it lists {canary}, which no list may (zones.canaries, zones.lists.canaries and those built in)"
    )]
    Canary {
        /// What is listed.
        canary: String,
    },
}

/// Looks at `zone`, which is known so, beside the last good copy, if there is one.
pub fn judge(
    zone: &Zone,
    known: &Known,
    before: Option<&Known>,
    bounds: &Bounds,
) -> Result<(), Refusal> {
    let records = known.records;
    if records < bounds.least {
        return Err(Refusal::Small { records, least: bounds.least });
    }
    if records > bounds.most {
        return Err(Refusal::Large { records, most: bounds.most });
    }
    if let Some(canary) = bounds.canaries.iter().find(|canary| canary.is_listed(zone)) {
        return Err(Refusal::Canary { canary: canary.to_string() });
    }
    let Some(before) = before else { return Ok(()) };
    if let (Some(held), Some(now)) = (before.serial, known.serial)
        && is_older(now, held)
    {
        return Err(Refusal::Older { before: held, now });
    }
    let (change, most) = (change(before, known), bounds.change.unwrap_or(f64::INFINITY));
    if change > most {
        let name = zone.name().to_string();
        let (percent, most) = (change * 100.0, most * 100.0);
        return Err(Refusal::Changed { name, percent, most, before: before.records, now: records });
    }
    Ok(())
}

/// How much is new, or gone: by number, or by what the lines are like.
fn change(before: &Known, now: &Known) -> f64 {
    let by_number = now.records.abs_diff(before.records) as f64 / (before.records.max(1)) as f64;
    by_number.max(now.sketch.change(&before.sketch))
}

/// Serial numbers go round (RFC 1982).
fn is_older(now: u32, held: u32) -> bool {
    now != held && held.wrapping_sub(now) < 1 << 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_go_round() {
        for (now, held, older) in
            [(1, 1, false), (2, 1, false), (1, 2, true), (0, u32::MAX, false), (u32::MAX, 0, true)]
        {
            assert_eq!(is_older(now, held), older, "{now} {held}");
        }
    }

    #[test]
    fn change_is_what_is_new_or_gone_by_number_or_by_lines() {
        let of = |records| Known { records, ..Known::default() };
        for (before, now, expected) in [(100, 150, 0.5), (100, 40, 0.6), (0, 3, 3.0), (7, 7, 0.0)] {
            assert_eq!(change(&of(before), &of(now)), expected);
        }
    }
}
