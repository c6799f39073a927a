//! The words that lines of lists are made of: numbers, times, names.
//!
//! Each function takes what is left of a line and gives a value and what is behind it, with the
//! blanks behind a whole word skipped; `None` if there is no such word.

use crate::zones::name;

/// Blanks and tabs.
pub fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Without the blanks at its beginning.
pub fn skip_blanks(line: &[u8]) -> &[u8] {
    let start = line.iter().position(|&byte| !is_blank(byte)).unwrap_or(line.len());
    line.get(start..).unwrap_or_default()
}

/// Without blanks at both ends.
pub fn trim(line: &[u8]) -> &[u8] {
    let line = skip_blanks(line);
    let end = line.iter().rposition(|&byte| !is_blank(byte)).map_or(0, |at| at + 1);
    line.get(..end).unwrap_or_default()
}

/// Does a remark begin with this?
pub fn begins_remark(byte: u8) -> bool {
    byte == b'#' || byte == b';'
}

/// Does the entry itself end here: at the end, at a blank, a remark or a value?
pub fn ends_entry(rest: &[u8]) -> bool {
    rest.first().is_none_or(|&byte| is_blank(byte) || begins_remark(byte) || byte == b':')
}

/// A number at the beginning of `text`, and all that is behind its digits.
pub fn digits(text: &[u8]) -> Option<(u32, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end).filter(|(digits, _)| !digits.is_empty())?;
    let number = digits.iter().try_fold(0u32, |number, digit| {
        number.checked_mul(10)?.checked_add(u32::from(digit - b'0'))
    })?;
    Some((number, rest))
}

/// A number that is a word.
pub fn number(text: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = digits(text)?;
    Some((number, behind_word(rest)?))
}

/// A time in seconds, or in minutes, hours, days, weeks by its letter.
pub fn time(text: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = digits(text)?;
    let unit = match rest.first().map(u8::to_ascii_lowercase) {
        Some(b's') => Some(1),
        Some(b'm') => Some(60),
        Some(b'h') => Some(3600),
        Some(b'd') => Some(86_400),
        Some(b'w') => Some(604_800),
        _ => None,
    };
    let rest = if unit.is_some() { rest.get(1..)? } else { rest };
    let seconds = number.checked_mul(unit.unwrap_or(1))?;
    // A colon ends it too, and stays.
    let rest = if rest.first() == Some(&b':') { rest } else { behind_word(rest)? };
    Some((seconds, rest))
}

/// A time to live; 0 stands for `default`.
pub fn ttl(text: &[u8], default: u32) -> Option<(u32, &[u8])> {
    let (seconds, rest) = time(text)?;
    Some((if seconds == 0 { default } else { seconds }, rest))
}

/// A domain name that is a word, as DNS sends it.
pub fn domain(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let end = text.iter().position(|&byte| is_blank(byte)).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end).filter(|(word, _)| !word.is_empty())?;
    Some((name::from_text(word)?, skip_blanks(rest)))
}

/// What is behind the word `word`, in any case, and the blanks that must follow it.
pub fn behind<'l>(line: &'l [u8], word: &str) -> Option<&'l [u8]> {
    let (first, rest) = line.split_at_checked(word.len())?;
    let is_it = first.eq_ignore_ascii_case(word.as_bytes());
    (is_it && rest.first().is_some_and(|&byte| is_blank(byte))).then(|| skip_blanks(rest))
}

/// Nothing, or what is behind at least one blank.
fn behind_word(rest: &[u8]) -> Option<&[u8]> {
    rest.first().is_none_or(|&byte| is_blank(byte)).then(|| skip_blanks(rest))
}

/// A moment, `2005:01:31:23:59:59` with colons, dashes or nothing between and the time of day
/// left out at will, in seconds since 1970; 0 for `0` or `-`, which name none.
pub fn moment(text: &[u8]) -> Option<(i64, &[u8])> {
    if let Some((b'0' | b'-' | b':', rest)) = text.split_first()
        && rest.first().is_none_or(|&byte| is_blank(byte))
    {
        return Some((0, skip_blanks(rest)));
    }
    let (year, rest) = field(text, 1970, 2038, 4)?;
    let (month, rest) = field(rest, 1, 12, 2)?;
    let (day, rest) = field(rest, 1, 31, 2)?;
    let mut rest = rest;
    let mut clock = [0; 3];
    for (part, most) in clock.iter_mut().zip([23, 59, 59]) {
        if rest.first().is_some_and(|&byte| !is_blank(byte)) {
            (*part, rest) = field(rest, 0, most, 2)?;
        }
    }
    let rest = behind_word(rest)?;
    let parts = [month, day, clock[0], clock[1], clock[2]].map(i8::try_from);
    let [Ok(month), Ok(day), Ok(hour), Ok(minute), Ok(second)] = parts else { return None };
    let date =
        jiff::civil::DateTime::new(year.try_into().ok()?, month, day, hour, minute, second, 0);
    let zoned = date.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some((zoned.timestamp().as_second(), rest))
}

/// A number of so many digits at most, from `least` to `most`, and the mark behind it.
fn field(text: &[u8], least: u32, most: u32, width: usize) -> Option<(u32, &[u8])> {
    let end = text.iter().take(width).position(|byte| !byte.is_ascii_digit());
    let (number, rest) = text.split_at_checked(end.unwrap_or(width.min(text.len())))?;
    let (number, _) = digits(number).filter(|(number, _)| (least..=most).contains(number))?;
    let marked = rest.split_first().filter(|(mark, _)| matches!(mark, b':' | b'-'));
    Some((number, marked.map_or(rest, |(_, rest)| rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        let cases: &[(&str, Option<(u32, &str)>)] = &[
            ("35m next", Some((2100, "next"))),
            ("1W", Some((604_800, ""))),
            ("2d\t x", Some((172_800, "x"))),
            ("10:20", Some((10, ":20"))),
            ("0", Some((0, ""))),
            ("4294967295", Some((u32::MAX, ""))),
            ("4294967296", None),
            ("4294967295m", None),
            ("5x", None),
            ("", None),
            ("s", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|(seconds, rest)| (seconds, rest.as_bytes()));
            assert_eq!(time(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn moments_are_read_however_they_are_parted() {
        let cases: &[(&str, Option<i64>)] = &[
            ("0", Some(0)),
            ("-", Some(0)),
            ("1970:01:01", Some(0)),
            ("2005-02-28:23:59:59", Some(1_109_635_199)),
            ("20050228235959", Some(1_109_635_199)),
            ("2004:02:29", Some(1_078_012_800)),
            ("2005:02:29", None),
            ("1969:12:31", None),
            ("2005:13:01", None),
            ("2005:01:01:24", None),
            ("2005:01:01x", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(moment(text.as_bytes()).map(|(at, _)| at), *expected, "{text}");
        }
    }

    #[test]
    fn words_are_behind_words() {
        assert_eq!(behind(b"SOA  x", "soa"), Some(&b"x"[..]));
        assert_eq!(behind(b"soa", "soa"), None);
        assert_eq!(behind(b"soax y", "soa"), None);
        assert_eq!(domain(b"A.b c"), Some((b"\x01A\x01b".to_vec(), &b"c"[..])));
        assert_eq!(trim(b" \ta b\t "), b"a b");
        assert_eq!(trim(b" \t "), b"");
    }
}
