//! Dates in headers, however badly they are written.
//!
//! In: a Date or Received field's text. Out: seconds since 1970 (UTC), or `None` without day,
//! month and year. The grammar is wider than RFC 5322 section 3.3 and looks for its parts
//! anywhere: what cannot be (minute 75, the 31st of June) becomes what can be, zones that nobody
//! knows become UTC. Years end with 2037 and begin with 1970, as SpamAssassin has it.

use crate::text::ascii::is_space;
use std::ops::Range;

const MONTHS: [&[u8]; 12] = [
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];

const FIRST_YEAR: u64 = 1970;
const LAST_YEAR: u64 = 2037;

/// A day as written.
struct Day {
    year: u64,
    /// From 1 to 12.
    month: usize,
    day: u64,
}

/// The moment that `text` tells.
pub fn parse(text: &[u8]) -> Option<i64> {
    let separates = |byte: &u8| is_space(*byte) || *byte == b',';
    let mut words: Vec<&[u8]> = text.split(separates).filter(|word| !word.is_empty()).collect();
    let day = take_day(&mut words)?;
    let [hour, minute, second] = take_time(&mut words);
    let moment = seconds(day)? + hour * 3600 + minute * 60 + second;
    let offset = offset(&words);
    // A moment before 1970 there is not, unless the clock is behind UTC.
    Some(if offset > 0 { (moment - offset).max(0) } else { moment - offset })
}

/// `12 Jan 2003`, `Jan 12 10:11:12 2003` or `12 Jan 03`, taken out of `words`.
fn take_day(words: &mut Vec<&[u8]>) -> Option<Day> {
    let four = |word: &[u8]| number(word).filter(|_| word.len() == 4);
    let few = |word: &[u8]| {
        let year = number(word).filter(|_| (2..=3).contains(&word.len()))?;
        Some(if word.len() == 2 && year < 50 { year + 2000 } else { year + 1900 })
    };
    let in_order = |at: &[&[u8]], year: &dyn Fn(&[u8]) -> Option<u64>| match at {
        [day, name, of] => Some(Day { day: number(day)?, month: month(name)?, year: year(of)? }),
        _ => None,
    };
    let as_in_c = |at: &[&[u8]]| match at {
        [name, day, time, of] if is_time(time) => {
            Some(Day { day: number(day)?, month: month(name)?, year: four(of)? })
        }
        _ => None,
    };
    let (range, day) = first(words, 3, &|at| in_order(at, &four))
        .or_else(|| first(words, 4, &as_in_c))
        .or_else(|| first(words, 3, &|at| in_order(at, &few)))?;
    words.drain(range);
    Some(day)
}

/// The first `length` words of which `read` makes a day, and where they stand.
fn first(
    words: &[&[u8]],
    length: usize,
    read: &dyn Fn(&[&[u8]]) -> Option<Day>,
) -> Option<(Range<usize>, Day)> {
    let mut windows = words.windows(length).enumerate();
    windows.find_map(|(at, window)| Some((at..at + length, read(window)?)))
}

/// The number that `word` consists of; as much as is possible if that is too large.
fn number(word: &[u8]) -> Option<u64> {
    let digits = !word.is_empty() && word.iter().all(u8::is_ascii_digit);
    digits.then(|| std::str::from_utf8(word).ok()?.parse().ok()).map(|n| n.unwrap_or(u64::MAX))
}

fn month(word: &[u8]) -> Option<usize> {
    MONTHS.iter().position(|month| month.eq_ignore_ascii_case(word)).map(|index| index + 1)
}

/// `10:11:12` in digits of any number.
fn is_time(word: &[u8]) -> bool {
    let mut parts = word.split(|&byte| byte == b':');
    parts.by_ref().take(3).filter(|part| number(part).is_some()).count() == 3
        && parts.next().is_none()
}

/// Hour, minute and second of the first time of day, taken out of `words`; 0 where none is.
fn take_time(words: &mut Vec<&[u8]>) -> [i64; 3] {
    let Some((at, time)) = words.iter().enumerate().find_map(|(at, word)| Some((at, time(word)?)))
    else {
        return [0; 3];
    };
    words.remove(at);
    time
}

/// `9:10` or `09:10:11`.
fn time(word: &[u8]) -> Option<[i64; 3]> {
    let parts: Vec<&[u8]> = word.splitn(4, |&byte| byte == b':').collect();
    let (hour, minute, second) = match parts.as_slice() {
        [hour, minute] => (hour, minute, &b"00"[..]),
        [hour, minute, second] => (hour, minute, *second),
        _ => return None,
    };
    if !(1..=2).contains(&hour.len()) || minute.len() != 2 || second.len() != 2 {
        return None;
    }
    let at_most = |part: &[u8], most: u64| Some(number(part)?.min(most) as i64);
    Some([at_most(hour, 23)?, at_most(minute, 59)?, at_most(second, 59)?])
}

/// The seconds from 1970 to the beginning of a day. A day that its month has not is the first
/// of the next month.
fn seconds(Day { mut year, mut month, mut day }: Day) -> Option<i64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    if day > days(month, leap) {
        day = 1;
        month += 1;
        if month > 12 {
            month = 1;
            year = year.saturating_add(1);
        }
    }
    let year = year.clamp(FIRST_YEAR, LAST_YEAR);
    if day == 0 || day > days(month, year.is_multiple_of(4)) {
        return None; // the 29th of February of a year that was moved
    }
    let leap_days = (year - 1) / 4 - (FIRST_YEAR - 1) / 4;
    let before: u64 = (1..month).map(|month| days(month, year.is_multiple_of(4))).sum();
    Some(((year - FIRST_YEAR) * 365 + leap_days + before + day - 1) as i64 * 86_400)
}

fn days(month: usize, leap: bool) -> u64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    }
}

/// How many seconds the zone is before UTC: `+0100`, or the first word of capitals if it is a
/// zone.
fn offset(words: &[&[u8]]) -> i64 {
    let numeric = words.iter().find(|word| match word {
        [b'+' | b'-', digits @ ..] => digits.len() == 4 && number(digits).is_some(),
        _ => false,
    });
    let zone = match numeric {
        Some(word) => Some(*word),
        None => named_zone(&words.join(&b' ')),
    };
    let Some((sign, digits)) = zone.and_then(<[u8]>::split_first) else { return 0 };
    let number = number(digits).unwrap_or_default() as i64;
    let seconds = (number / 100 * 60 + number % 100) * 60;
    if *sign == b'-' { -seconds } else { seconds }
}

/// The offset of the first word of two to four capitals.
fn named_zone(text: &[u8]) -> Option<&'static [u8]> {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|&b| b.is_ascii_alphanumeric() || b == b'_');
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let word = rest.iter().take_while(|&byte| is_word(Some(byte))).count();
        let (name, after) = rest.split_at_checked(word)?;
        at += word.max(1);
        if (2..=4).contains(&word) && name.iter().all(u8::is_ascii_uppercase) {
            let daylight = after.starts_with(b"-DST") && !is_word(after.get(4));
            return if daylight { None } else { zone(name) };
        }
    }
    None
}

#[rustfmt::skip]
fn zone(name: &[u8]) -> Option<&'static [u8]> {
    Some(match name {
        // Northern and southern America
        b"HST" | b"HAST" => b"-1000",
        b"AKST" | b"HADT" => b"-0900",
        b"AKDT" | b"PST" => b"-0800",
        b"PDT" | b"MST" => b"-0700",
        b"MDT" | b"CST" => b"-0600",
        b"CDT" | b"EST" => b"-0500",
        b"EDT" | b"AST" => b"-0400",
        b"NST" => b"-0330",
        b"ADT" | b"BRT" => b"-0300",
        b"NDT" => b"-0230",
        b"BRST" => b"-0200",
        // Europe
        b"UT" | b"UTC" | b"GMT" | b"WET" => b"+0000",
        b"BST" | b"IST" | b"WEST" | b"CET" | b"MET" | b"MEZ" => b"+0100",
        b"CEST" | b"EET" | b"MEST" | b"MESZ" => b"+0200",
        b"EEST" | b"MSK" | b"IDT" => b"+0300",
        b"MSD" => b"+0400",
        // Asia and the Pacific
        b"AWST" | b"HKT" | b"SGT" | b"PHT" => b"+0800",
        b"JST" | b"KST" => b"+0900",
        b"ACST" => b"+0930",
        b"AEST" => b"+1000",
        b"ACDT" => b"+1030",
        b"AEDT" => b"+1100",
        b"NZST" => b"+1200",
        b"NZDT" => b"+1300",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2003-01-12 10:11:12 UTC
    const THEN: i64 = 1_042_366_272;

    #[test]
    fn dates_are_read_in_every_form() {
        for (text, expected) in [
            ("Sun, 12 Jan 2003 10:11:12 +0000", Some(THEN)),
            ("12 jan 2003 10:11:12", Some(THEN)),
            ("Sun,12 JAN 03 10:11:12 GMT", Some(THEN)),
            ("12 Jan 103 10:11:12", Some(THEN)),
            ("12 Jan 2003 10:11", Some(THEN - 12)),
            ("12 Jan 2003", Some(THEN - 36_672)),
            ("10:11:12 12 Jan 2003 -0000", Some(THEN)),
            ("Sun Jan 12 10:11:12 2003", Some(THEN - 36_672)), // its time goes with the date
            ("12 Jan 2003 12:11:12 +0200", Some(THEN)),
            ("12 Jan 2003 05:11:12 -0500 (EST)", Some(THEN)),
            ("12 Jan 2003 05:11:12 EST", Some(THEN)),
            ("12 Jan 2003 05:11:12 (EST)", Some(THEN)),
            ("12 Jan 2003 10:11:12 ABC EST", Some(THEN)),
            ("12 Jan 2003 10:11:12 EST-DST", Some(THEN)),
            ("12 Jan 2003 05:11:12 EST-DSTX", Some(THEN)),
            ("12 Jan 2003 10:11:12 EST5EDT", Some(THEN)),
            ("12 Jan 2003 10:99:99 +0000", Some(THEN + 48 * 60 + 47)),
            ("12 Jan 2003 34:11:12", Some(THEN + 13 * 3600)),
            ("12 Jan 2003 110:11:12", Some(THEN - 36_672)),
            ("99999999999999999999999 Dec 2002", Some(1_041_379_200)),
            ("31 Jun 2003", Some(1_057_017_600)),
            ("29 Feb 2004", Some(1_078_012_800)),
            ("29 Feb 2003", Some(1_046_476_800)),
            ("29 Feb 2000", Some(951_782_400)),
            ("29 Feb 1900", Some(5_097_600)),
            ("1 Jan 1950", Some(0)),
            ("1 Jan 1970 00:30 +0100", Some(0)),
            ("1 Jan 1970 00:30 -0100", Some(5400)),
            ("31 Dec 2500", Some(2_145_830_400)),
            ("29 Feb 2040", None),
            ("0 Jan 2003", None),
            ("00 Jan 2003", None),
            ("12 Foo 2003", None),
            ("12 Jan 20033", None),
            ("12 Jan", None),
            ("", None),
        ] {
            assert_eq!(parse(text.as_bytes()), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in ".{0,80}", day in "[0-9]{1,30}", year in "[0-9]{1,5}") {
            let _ = parse(text.as_bytes());
            let _ = parse(format!("{day} Feb {year} {text}").as_bytes());
        }
    }
}
