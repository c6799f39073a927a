//! Dates: is Date far from what the receiving hosts wrote down?
//!
//! In: Resent-Date, Date, Received, the Message-ID. Out: hits. Only `received_within_months`
//! (and a fetchmail line in the future) depends on what time it is now.

use super::super::arguments::{bound, regex};
use super::super::{Binding, Test, hit_if, optional};
use super::facts::{Facts, facts, text, values};
use crate::clock;
use crate::message::date;
use crate::message::view::Views;
use crate::rules::model::Eval;
use regex::bytes::Regex;
use std::cmp::Reverse;
use std::sync::Arc;

/// The seconds of a mean Gregorian month.
const MONTH: f64 = 31_556_952.0 / 12.0;

/// What a message's dates say; seconds.
#[derive(Default)]
pub struct Dates {
    /// How much later the sender says he wrote it than the nearest Received field; 0 if unknown.
    shift: i64,
    /// When the message probably came in, since 1970; 0 if unknown.
    received: i64,
}

/// Where a Received field has its date, and whose Received fields are the user's own.
struct Patterns {
    date: Regex,
    local: Regex,
    fetched: Regex,
    outlook: Regex,
}

impl Patterns {
    fn new(_: &mut Binding) -> Result<Patterns, String> {
        Ok(Patterns {
            date: regex(r"\s.?\d+ \S\S\S \d+ \d+:\d+:\d+ \S+")?,
            local: regex(
                r"(?x)\bfrom\ (?:localhost\s|(?:\S+\ ){1,2}\S*\b127\.0\.0\.1\b)
                    | qmail\ \d+\ invoked\ by\ uid\ \d+",
            )?,
            fetched: regex(r"\bby localhost with \w+ \(fetchmail-[\d.]")?,
            outlook: regex(r"^<[0-9a-f]{4}([0-9a-f]{8})\$[0-9a-f]{8}\$[0-9a-f]{8}@")?,
        })
    }

    /// The date that a Received field ends with.
    fn date_in(&self, line: &[u8]) -> Option<i64> {
        self.date.find(line).and_then(|found| date::parse(found.as_bytes()))
    }
}

/// `check_for_shifted_date`
pub fn shifted(call: &Eval, to: &mut Binding) -> Result<Test, String> {
    let (least, most) = (bound(call, 0)?, bound(call, 1)?);
    let patterns = to.shared(Patterns::new)?;
    Ok(Arc::new(move |scan, _| {
        let facts = facts(scan);
        let hours = facts.dates(&patterns, scan.views()).shift as f64 / 3600.0;
        hit_if(least.is_none_or(|least| hours >= least) && most.is_none_or(|most| hours < most))
    }))
}

/// `received_within_months`
pub fn within_months(call: &Eval, to: &mut Binding) -> Result<Test, String> {
    let given = |index| optional(call, index).map_or(Ok(None), |_| bound(call, index));
    let (least, most) = (given(0)?, given(1)?);
    let patterns = to.shared(Patterns::new)?;
    Ok(Arc::new(move |scan, _| {
        let facts = facts(scan);
        let received = facts.dates(&patterns, scan.views()).received;
        let age = (clock::unix_seconds() - received) as f64;
        let within = least.is_none_or(|least| age >= least * MONTH)
            && most.is_none_or(|most| age < most * MONTH);
        hit_if(within)
    }))
}

/// `check_outlook_message_id`: the middle of Outlook's id counts time in units of about 430
/// seconds; it should be near Date, or at least near some date in Received.
pub fn outlook_id(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    let patterns = to.shared(Patterns::new)?;
    Ok(Arc::new(move |scan, _| {
        let facts = facts(scan);
        let views = scan.views();
        let id = text(b"MESSAGEID", views);
        let token = patterns.outlook.captures(&id).and_then(|found| hex(found.get(1)?.as_bytes()));
        let Some(token) = token else { return hit_if(false) };
        let is_near = |date: Option<i64>| {
            let expected =
                (date.unwrap_or(0) as f64 * 0.002_328_306_436_538_7 + 27_111_902.832_984_9).trunc();
            (token - expected).abs() < 250.0
        };
        hit_if(
            !is_near(date::parse(&text(b"Date", views)))
                && !is_near(date::parse(facts.received(views))),
        )
    }))
}

fn hex(digits: &[u8]) -> Option<f64> {
    let number = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    Some(f64::from(number))
}

impl Facts {
    fn dates(&self, patterns: &Patterns, views: &Views) -> &Dates {
        self.dates.get_or_init(|| {
            let sent = sent(views);
            let received = self.received(views);
            let lines: Vec<&[u8]> = received
                .split(|&byte| byte == b'\n')
                .filter(|line| !crate::text::ascii::trim(line).is_empty())
                .collect();
            Dates::new(sent, &lines, patterns)
        })
    }
}

/// What the sender says; who resent the message goes before who wrote it.
fn sent(views: &Views) -> Option<i64> {
    let fields = [&b"Resent-Date"[..], b"Date"].into_iter().flat_map(|name| values(name, views));
    fields.into_iter().find_map(|field| date::parse(&field))
}

impl Dates {
    /// `lines`: the Received fields.
    fn new(sent: Option<i64>, lines: &[&[u8]], patterns: &Patterns) -> Dates {
        let (own, others) = own_lines(lines, patterns);
        let fetched = own.iter().filter_map(|line| patterns.date_in(line));
        let fetched = fetched.filter(|&date| date <= clock::unix_seconds()).max();
        let others: Vec<i64> = others.iter().filter_map(|line| patterns.date_in(line)).collect();
        let shift = sent.map_or(0, |sent| shift(sent, &others));
        let corrected = sent.filter(|_| !others.is_empty()).map(|sent| sent - shift);
        let mut possible: Vec<i64> =
            [sent, others.first().copied(), fetched, corrected].into_iter().flatten().collect();
        possible.sort_unstable_by_key(|&date| Reverse(date));
        let middle = possible.len().saturating_sub(1) / 2;
        Dates { shift, received: possible.get(middle).copied().unwrap_or(0) }
    }
}

/// How much later `sent` is than the nearest of `received`.
fn shift(sent: i64, received: &[i64]) -> i64 {
    let last = received.last().filter(|_| received.len() > 1);
    // The first host's line may have been written by the sender too.
    let received = match last {
        Some(&last) if last == sent => received.get(..received.len() - 1).unwrap_or_default(),
        _ => received,
    };
    received.iter().map(|date| sent - date).min_by_key(|shift| shift.abs()).unwrap_or(0)
}

/// The lines that fetchmail and who started it have written, and all others.
fn own_lines<'l>(lines: &'l [&'l [u8]], patterns: &Patterns) -> (&'l [&'l [u8]], &'l [&'l [u8]]) {
    let is_own = |line: &[u8]| patterns.local.is_match(line);
    let local = usize::from(lines.first().is_some_and(|line| is_own(line)));
    let is_fetched = |line: &[u8]| patterns.fetched.is_match(line);
    match lines.get(local) {
        Some(line) if is_fetched(line) => lines.split_at_checked(local + 1).unwrap_or_default(),
        _ => (&[], lines),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;

    fn patterns() -> Patterns {
        Patterns {
            date: regex(r"\d+ \S\S\S \d+ \d+:\d+:\d+ \S+").unwrap(),
            local: regex("from localhost ").unwrap(),
            fetched: regex("fetchmail").unwrap(),
            outlook: regex("x").unwrap(),
        }
    }

    #[test]
    fn the_nearest_received_date_counts() {
        for (received, expected) in [
            (vec![], 0),
            (vec![10], 0),
            (vec![10 - HOUR], HOUR),
            (vec![10 + HOUR, 10 - 2 * HOUR], -HOUR),
            (vec![10 + HOUR, 10 - HOUR], -HOUR),
            (vec![10 - 5 * HOUR, 10], 5 * HOUR),
            (vec![10, 10 - 5 * HOUR], 0),
        ] {
            assert_eq!(shift(10, &received), expected, "{received:?}");
        }
    }

    #[test]
    fn lines_of_ones_own_do_not_count() {
        let fetched: &[u8] = b"by localhost with fetchmail; 1 Jan 2003 10:00:00 +0000";
        let local: &[u8] = b"from localhost ; 1 Jan 2003 09:00:00 +0000";
        let other: &[u8] = b"from x; 1 Jan 2003 08:00:00 +0000";
        let base = date::parse(b"1 Jan 2003").unwrap();
        for (lines, shift, received) in [
            (vec![other], 0, 8),
            (vec![local, other], -1, 9),
            (vec![fetched, other], 0, 8),
            (vec![local, fetched, other], 0, 8),
            (vec![local, fetched], 0, 10),
            (vec![local], -1, 9),
        ] {
            let dates = Dates::new(Some(base + 8 * HOUR), &lines, &patterns());
            assert_eq!(dates.shift, shift * HOUR, "{lines:?}");
            assert_eq!(dates.received, base + received * HOUR, "{lines:?}");
        }
        let unknown = Dates::new(None, &[], &patterns());
        assert_eq!((unknown.shift, unknown.received), (0, 0));
    }
}
