//! Numbers as Perl reads and writes them, because spamd does.
//!
//! The version in `CHECK SPAMC/1.5` is whatever follows the slash, read as Perl reads a
//! string in a comparison: the longest numeric beginning counts, the rest is ignored.

/// The number at the beginning of `text`; 0 where there is none.
///
/// Leading white space, a sign, a fraction, an exponent, `inf` and `nan` in any case.
pub fn read(text: &[u8]) -> f64 {
    let text = text.trim_ascii_start();
    let (sign, digits) = match text.split_first() {
        Some((b'-', rest)) => (-1.0, rest),
        Some((b'+', rest)) => (1.0, rest),
        _ => (1.0, text),
    };
    if let Some(word) = digits.get(..3) {
        if word.eq_ignore_ascii_case(b"inf") {
            return sign * f64::INFINITY;
        }
        if word.eq_ignore_ascii_case(b"nan") {
            return f64::NAN;
        }
    }
    sign * decimal(digits)
}

/// Is there a number at the beginning of `text`?
pub fn begins(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let text = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    let word = text.get(..3).unwrap_or_default().to_ascii_lowercase();
    let fraction = text.strip_prefix(b".").unwrap_or(text);
    digits(fraction) > 0 || matches!(word.as_slice(), b"inf" | b"nan")
}

/// The unsigned decimal at the beginning of `text`.
fn decimal(text: &[u8]) -> f64 {
    let whole = digits(text);
    let mut end = whole;
    let mut any = whole > 0;
    if text.get(end) == Some(&b'.') {
        let fraction = digits(text.get(end + 1..).unwrap_or_default());
        any |= fraction > 0;
        end += 1 + fraction;
    }
    if !any {
        return 0.0;
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(text.get(end + 1 + sign..).unwrap_or_default());
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    let number = text.get(..end).and_then(|number| std::str::from_utf8(number).ok());
    number.and_then(|number| number.parse().ok()).unwrap_or(0.0)
}

/// How many digits `text` begins with.
fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// A number as Perl prints it without a format (`%.15g`), for the sizes that scores have.
pub fn show(number: f64) -> String {
    let text = format!("{number:.10}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Score and required score as spamd and its templates show them (`%2.1f`).
///
/// A ham whose rounded score reaches the rounded threshold shows a tenth less than the
/// threshold, so that nobody reads `5.0 / 5.0` beside `False`.
pub fn shown_score(score: f64, required: f64, is_spam: bool) -> String {
    let shown = format!("{score:.1}");
    let rounded = read(format!("{required:.1}").as_bytes());
    if is_spam || read(shown.as_bytes()) < rounded {
        return shown;
    }
    show(rounded - 0.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_perl_reads_them() {
        let cases: &[(&str, f64)] = &[
            ("1.5", 1.5),
            ("1.5\r", 1.5),
            (" 1.3 and more", 1.3),
            ("", 0.0),
            ("abc", 0.0),
            (".", 0.0),
            (".5", 0.5),
            ("2.", 2.0),
            ("-1.5", -1.5),
            ("+1.2", 1.2),
            ("1e1", 10.0),
            ("1e", 1.0),
            ("1.2.3", 1.2),
            ("0x10", 0.0),
            ("infinite", f64::INFINITY),
        ];
        for (text, number) in cases {
            assert_eq!(read(text.as_bytes()), *number, "{text:?}");
        }
        assert!(read(b"NaN").is_nan());
        for (text, expected) in
            [("-.5x", true), ("+1", true), (" INFx", true), ("", false), ("-x1", false)]
        {
            assert_eq!(begins(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn a_ham_never_shows_the_threshold() {
        assert_eq!(shown_score(4.96, 5.0, false), "4.9");
        assert_eq!(shown_score(4.94, 5.0, false), "4.9");
        assert_eq!(shown_score(5.0, 5.0, true), "5.0");
        assert_eq!(shown_score(1000.0, 5.0, true), "1000.0");
        assert_eq!(shown_score(-0.04, 5.0, false), "-0.0");
        assert_eq!(shown_score(1.06, 1.1, false), "1");
        assert_eq!(shown_score(0.25, 5.0, false), "0.2");
    }
}
