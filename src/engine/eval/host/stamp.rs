//! A date and time as it was written, and whether it can be.
//!
//! In: the text of a Date field, or what follows the last semicolon of a Received field. Out:
//! its parts, before anything is made possible that is not ([`crate::message::date`] does that).
//! RFC 5322, 3.3 and 4.3.

use crate::text::ascii::is_space;

/// A date and time in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The day of the week, Sunday is 0; `None` where none is written.
    pub weekday: Option<usize>,
    /// The day of the month.
    pub day: u32,
    /// From 0.
    pub month: usize,
    /// With its century.
    pub year: u32,
    /// How many digits the year was written in.
    pub year_digits: usize,
    /// Hour and minute.
    pub time: (u32, u32),
    /// The second, where one is written.
    pub second: Option<u32>,
    /// The zone.
    pub zone: Zone,
    /// Does anything follow that is no comment?
    pub has_rest: bool,
}

/// A time zone as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// None.
    Missing,
    /// Minutes before UTC.
    Offset(i32),
    /// Four digits and a sign, which no zone has: minutes above 59, or more than 14 hours.
    Absurd,
    /// A name that RFC 5322 knows, with its minutes.
    Named(i32),
    /// Any other word.
    Unknown,
}

const DAYS: [&[u8]; 7] = [b"sun", b"mon", b"tue", b"wed", b"thu", b"fri", b"sat"];
const MONTHS: [&[u8]; 12] = [
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];
const ZONES: [(&[u8], i32); 10] = [
    (b"ut", 0),
    (b"gmt", 0),
    (b"est", -300),
    (b"edt", -240),
    (b"cst", -360),
    (b"cdt", -300),
    (b"mst", -420),
    (b"mdt", -360),
    (b"pst", -480),
    (b"pdt", -420),
];

impl Stamp {
    /// Reads `text`; `None` if it has not the form of a date and time.
    pub fn read(text: &[u8]) -> Option<Stamp> {
        let text = without_comments(text);
        let separates = |byte: &u8| is_space(*byte) || *byte == b',';
        let mut words = text.split(separates).filter(|word| !word.is_empty()).peekable();
        let weekday = words.peek().and_then(|word| named(word, &DAYS));
        if weekday.is_some() {
            words.next();
        }
        let day = number(words.next()?, 2)?;
        let month = named(words.next()?, &MONTHS)?;
        let written = words.next()?;
        let year = full_year(number(written, 4)?, written.len());
        let mut clock = words.next()?.split(|&byte| byte == b':');
        let time = (number(clock.next()?, 2)?, number(clock.next()?, 2)?);
        let second = match clock.next() {
            Some(second) => Some(number(second, 2)?),
            None => None,
        };
        if clock.next().is_some() {
            return None;
        }
        let zone = words.next().map_or(Zone::Missing, Zone::read);
        let has_rest = words.next().is_some();
        let year_digits = written.len();
        Some(Stamp { weekday, day, month, year, year_digits, time, second, zone, has_rest })
    }

    /// Is there such a day, and such a time?
    pub fn is_possible(&self) -> bool {
        let (hour, minute) = self.time;
        let is_time = hour < 24 && minute < 60 && self.second.is_none_or(|second| second <= 60);
        is_time && (1..=self.days_of_month()).contains(&self.day)
    }

    /// Does the day of the week belong to another date?
    pub fn has_wrong_weekday(&self) -> bool {
        let day = (self.days() + 4).rem_euclid(7);
        self.is_possible() && self.weekday.is_some_and(|weekday| weekday as i64 != day)
    }

    /// Seconds since 1970 in UTC; `None` where it cannot be, or its zone is not known.
    pub fn seconds(&self) -> Option<i64> {
        let offset = match self.zone {
            Zone::Offset(minutes) | Zone::Named(minutes) => i64::from(minutes) * 60,
            _ => return None,
        };
        let (hour, minute) = self.time;
        let second = i64::from(self.second.unwrap_or(0));
        let clock = i64::from(hour) * 3600 + i64::from(minute) * 60 + second;
        self.is_possible().then(|| self.days() * 86_400 + clock - offset)
    }

    fn days_of_month(&self) -> u32 {
        let is_leap = self.year.is_multiple_of(4)
            && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        match self.month {
            3 | 5 | 8 | 10 => 30,
            1 if is_leap => 29,
            1 => 28,
            _ => 31,
        }
    }

    /// Days since 1970 in the Gregorian calendar, which is counted from March here.
    fn days(&self) -> i64 {
        let month = self.month as i64 + 1;
        let year = i64::from(self.year) - i64::from(month <= 2);
        let century = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(self.day) - 1;
        century * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }
}

impl Zone {
    fn read(word: &[u8]) -> Zone {
        let known = ZONES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
        if let Some((_, minutes)) = known {
            return Zone::Named(*minutes);
        }
        let (sign, digits) = match word {
            [b'+', digits @ ..] => (1, digits),
            [b'-', digits @ ..] => (-1, digits),
            _ => return Zone::Unknown,
        };
        match number(digits, 4).filter(|_| digits.len() == 4).and_then(|n| i32::try_from(n).ok()) {
            Some(number) if number % 100 < 60 && number <= 1400 => {
                Zone::Offset(sign * (number / 100 * 60 + number % 100))
            }
            Some(_) => Zone::Absurd,
            None => Zone::Unknown,
        }
    }
}

/// RFC 5322, 4.3: two digits up to 49 are of this century, three are counted from 1900.
fn full_year(year: u32, digits: usize) -> u32 {
    match digits {
        2 if year < 50 => year + 2000,
        2 | 3 => year + 1900,
        _ => year,
    }
}

fn named(word: &[u8], names: &[&[u8]]) -> Option<usize> {
    names.iter().position(|name| name.eq_ignore_ascii_case(word))
}

/// The number that the word is, of `most` digits at the most.
fn number(word: &[u8], most: usize) -> Option<u32> {
    let is_number = (1..=most).contains(&word.len()) && word.iter().all(u8::is_ascii_digit);
    is_number.then(|| std::str::from_utf8(word).ok()?.parse().ok()).flatten()
}

/// The text without what is in parentheses; comments hold comments.
fn without_comments(text: &[u8]) -> Vec<u8> {
    let mut depth = 0usize;
    let mut outside = Vec::with_capacity(text.len());
    for &byte in text {
        match byte {
            b'(' => depth += 1,
            b')' if depth > 0 => {
                depth -= 1;
                outside.push(b' ');
            }
            _ if depth == 0 => outside.push(byte),
            _ => {}
        }
    }
    outside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::date;
    use proptest::prelude::*;

    #[test]
    fn parts_are_read_as_they_are_written() {
        let read = |text: &str| Stamp::read(text.as_bytes());
        let stamp = read("Sun, 12 Jan 2003 10:11:12 +0130 (CET)").unwrap();
        assert_eq!((stamp.weekday, stamp.day, stamp.month, stamp.year), (Some(0), 12, 0, 2003));
        assert_eq!((stamp.zone, stamp.has_rest), (Zone::Offset(90), false));
        for (text, zone) in [
            ("12 Jan 2003 10:11", Zone::Missing),
            ("12 Jan 2003 10:11 EST", Zone::Named(-300)),
            ("12 Jan 2003 10:11 CEST", Zone::Unknown),
            ("12 Jan 2003 10:11 +0260", Zone::Absurd),
            ("12 Jan 2003 10:11 -2000", Zone::Absurd),
            ("12 Jan 2003 10:11 -1100", Zone::Offset(-660)),
        ] {
            assert_eq!(read(text).unwrap().zone, zone, "{text}");
        }
        assert_eq!(read("12 Jan 03 10:11 GMT").unwrap().year, 2003);
        assert!(read("12 Jan 2003 10:11 GMT x").unwrap().has_rest);
        for wrong in ["", "Sun", "12 January 2003 10:11", "12 Jan 2003", "12 Jan 2003 10:11:12:13"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn days_that_are_not_and_weekdays_that_differ_are_noticed() {
        for (text, possible, wrong) in [
            ("Sun, 12 Jan 2003 10:11:12 GMT", true, false),
            ("Mon, 12 Jan 2003 10:11:12 GMT", true, true),
            ("12 Jan 2003 10:11:12 GMT", true, false),
            ("Thu, 29 Feb 2024 23:59:60 GMT", true, false),
            ("Wed, 29 Feb 2023 10:11 GMT", false, false),
            ("Wed, 31 Apr 2024 10:11 GMT", false, false),
            ("Sun, 12 Jan 2003 24:00 GMT", false, false),
            ("Thu, 1 Jan 1970 00:00 GMT", true, false),
        ] {
            let stamp = Stamp::read(text.as_bytes()).unwrap();
            assert_eq!(
                (stamp.is_possible(), stamp.has_wrong_weekday()),
                (possible, wrong),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "[ -~]{0,80}") {
            let _ = Stamp::read(text.as_bytes()).map(|stamp| (stamp.seconds(), stamp.has_wrong_weekday()));
        }

        /// Where both can be read, the lenient reader agrees.
        #[test]
        fn moments_are_those_of_the_lenient_reader(
            day in 1u32..29, month in 0usize..12, year in 1971u32..2037, hour in 0u32..24,
            minute in 0u32..60, zone in -11i32..12,
        ) {
            let month = std::str::from_utf8(MONTHS[month]).unwrap();
            let text = format!("{day} {month} {year} {hour}:{minute:02}:07 {zone:+03}00");
            let stamp = Stamp::read(text.as_bytes()).unwrap();
            prop_assert_eq!(stamp.seconds(), date::parse(text.as_bytes()));
        }
    }
}
