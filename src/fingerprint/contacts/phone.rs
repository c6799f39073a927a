//! Telephone numbers as people write them.
//!
//! In: a text and where a number may begin. Out: [`Phone`]: its digits. A run of digits with
//! blanks, dots, hyphens, slashes and brackets between is a telephone number if it has 9 to 15
//! digits and says so: by `+`, by `(`, by a word before it (`tel`, `call`, …), or by groups as
//! in `1-800-555-1234`. Dates, IPv4 addresses and book numbers are none. A letter O between
//! digits is a zero.

/// A telephone number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Phone {
    /// The digits, all of them.
    pub digits: String,
    /// Where it ends in the text.
    pub end: usize,
}

impl Phone {
    /// What numbers with and without country code and trunk zero have in common.
    pub fn local(&self) -> &str {
        self.digits.get(self.digits.len().saturating_sub(9)..).unwrap_or(&self.digits)
    }
}

/// The number that begins at `at`, where a digit, `+` or `(` stands. `cued`: a word before it
/// says that one follows. Otherwise where to go on: the end of the run.
pub(super) fn read(text: &str, at: usize, cued: bool) -> Result<Phone, usize> {
    let run = Run::new(text, at);
    let end = run.end.max(at + 1);
    let enough = (9..=15).contains(&run.digits.len());
    let says_so = run.plus || cued || run.bracket || run.is_grouped();
    let same = run.digits.bytes().all(|digit| Some(digit) == run.digits.bytes().next());
    if enough && says_so && !same && (run.plus || !run.is_something_else()) {
        return Ok(Phone { digits: run.digits, end });
    }
    Err(end)
}

/// Digits with what parts them.
#[derive(Default)]
struct Run {
    digits: String,
    /// How many digits each group has.
    groups: Vec<usize>,
    plus: bool,
    bracket: bool,
    dots: usize,
    others: usize,
    end: usize,
}

impl Run {
    fn new(text: &str, at: usize) -> Run {
        let mut run = Run { end: at, ..Run::default() };
        let mut parted = 0;
        let mut letters = text.get(at..).unwrap_or_default().char_indices().peekable();
        while let Some((offset, letter)) = letters.next() {
            let next_is_digit = letters.peek().is_some_and(|(_, next)| next.is_ascii_digit());
            let zero = matches!(letter, 'O' | 'o') && parted == 0 && next_is_digit;
            let digit = letter.is_ascii_digit() || (zero && !run.digits.is_empty());
            if digit {
                if parted > 0 || run.groups.is_empty() {
                    run.groups.push(0);
                }
                if let Some(group) = run.groups.last_mut() {
                    *group += 1;
                }
                run.digits.push(if letter.is_ascii_digit() { letter } else { '0' });
                parted = 0;
                run.end = at + offset + letter.len_utf8();
                if run.digits.len() > 24 {
                    break;
                }
                continue;
            }
            match letter {
                '+' if run.digits.is_empty() => run.plus = true,
                '(' | ')' => run.bracket = true,
                '.' => run.dots += usize::from(!run.digits.is_empty() && next_is_digit),
                ' ' | '-' | '/' | '\u{a0}' | '\u{2010}'..='\u{2013}' => run.others += 1,
                _ => break,
            }
            parted += 1;
            if parted > 3 {
                break;
            }
        }
        // A number must not be part of a word.
        let after = text.get(run.end..).and_then(|tail| tail.chars().next());
        if after.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '@') {
            run.digits.clear();
        }
        run
    }

    /// Three groups and more, none longer than five, the last of three or four: ten or more.
    fn is_grouped(&self) -> bool {
        self.groups.len() >= 3
            && self.digits.len() >= 10
            && self.groups.iter().all(|&length| length <= 5)
            && matches!(self.groups.last(), Some(3 | 4))
    }

    /// A date, an address, a book's or a card's number?
    fn is_something_else(&self) -> bool {
        let year = self.digits.starts_with("19") || self.digits.starts_with("20");
        let date = year && matches!(self.groups.as_slice(), [4, 1..=2, 1..=2, ..]);
        let date =
            date || (!self.bracket && matches!(self.groups.as_slice(), [1..=2, 1..=2, 4, ..]));
        let address = self.dots == 3 && self.groups.len() == 4 && self.others == 0;
        let book = self.digits.len() == 13
            && (self.digits.starts_with("978") || self.digits.starts_with("979"));
        let card = matches!(self.groups.as_slice(), [4, 4, 4, ..]);
        date || address || book || card
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_found_however_they_are_written() {
        let table = [
            ("+1 (800) 555-0123 now", false, Some("005550123")),
            ("1-800-555-0123", false, Some("005550123")),
            ("+44 20 7946 0958", false, Some("079460958")),
            ("(0)20.7946.0958", false, Some("079460958")),
            ("0041 44 668 18 00", true, Some("446681800")),
            ("+18O05550123", false, Some("005550123")),
            ("8005550123", true, Some("005550123")),
            ("8005550123", false, None),
            ("2024-01-01 12:30", false, None),
            ("192.168.100.123", true, None),
            ("978-3-16-148410-0", false, None),
            ("4111 1111 1111 1111", false, None),
            ("12345", true, None),
            ("+111111111111", false, None),
            ("1-800-555-0123x4", true, None),
        ];
        for (text, cued, local) in table {
            let found = read(text, 0, cued).ok();
            assert_eq!(found.as_ref().map(Phone::local), local, "{text}");
        }
    }

    proptest! {
        #[test]
        fn texts_never_panic(text in "[0-9+() ./O\u{a0}ü-]{1,40}") {
            read(&text, 0, true).map_or_else(|end| end, |phone| phone.end);
        }
    }
}
