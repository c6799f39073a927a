//! Character classes of Perl patterns on text that is UTF-8 inside.
//!
//! Perl's `\s` and `\w` mean more in a string of characters than in one of octets; each
//! function is told which it is by `wide`.

/// The characters of a text: UTF-8, or octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alphabet {
    Utf8,
    Octets,
}

impl Alphabet {
    /// The first character of `text` and its length.
    pub(super) fn first(self, text: &[u8]) -> Option<(char, usize)> {
        let lead = *text.first()?;
        if self == Alphabet::Octets || lead.is_ascii() {
            return Some((char::from(lead), 1));
        }
        let length = text.len().min(4);
        let head = text.get(..length)?;
        let valid = match std::str::from_utf8(head) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?,
        };
        Some(valid.chars().next().map_or((char::from(lead), 1), |c| (c, c.len_utf8())))
    }

    /// The last character of `text` and its length.
    pub(super) fn last(self, text: &[u8]) -> Option<(char, usize)> {
        let tail = *text.last()?;
        if self == Alphabet::Octets || tail.is_ascii() {
            return Some((char::from(tail), 1));
        }
        (2..=4)
            .filter_map(|length| text.get(text.len().checked_sub(length)?..))
            .find_map(|end| {
                let c = std::str::from_utf8(end).ok()?.chars().next()?;
                Some((c, c.len_utf8()))
            })
            .or(Some((char::from(tail), 1)))
    }

    /// How many characters `text` has.
    pub(super) fn count(self, text: &[u8]) -> usize {
        match self {
            Alphabet::Octets => text.len(),
            Alphabet::Utf8 => text.iter().filter(|&&b| b & 0xc0 != 0x80).count(),
        }
    }

    /// Where character number `index` starts; `None` if there are not so many.
    pub(super) fn nth(self, text: &[u8], index: usize) -> Option<usize> {
        if text.len() <= index {
            return None;
        }
        match self {
            Alphabet::Octets => Some(index),
            Alphabet::Utf8 => {
                let mut starts = text.iter().enumerate().filter(|(_, b)| **b & 0xc0 != 0x80);
                starts.nth(index).map(|(at, _)| at)
            }
        }
    }

    /// The no-break space as text that was decoded twice or never holds it: C2 A0.
    pub(super) fn raw_no_break_space(self) -> &'static [u8] {
        match self {
            Alphabet::Octets => b"\xc2\xa0",
            Alphabet::Utf8 => "\u{c2}\u{a0}".as_bytes(),
        }
    }
}

/// `\s`
pub(in crate::message) fn is_space(c: char, wide: bool) -> bool {
    matches!(c, ' ' | '\t'..='\r') || (wide && c.is_whitespace())
}

/// `\w`
pub(in crate::message) fn is_word(c: char, wide: bool) -> bool {
    c.is_ascii_alphanumeric()
        || c == '_'
        || (wide && !c.is_ascii() && regex_syntax::try_is_word_character(c).unwrap_or(false))
}

/// Neither white space nor ASCII punctuation.
pub(super) fn is_lettering(c: char, wide: bool) -> bool {
    !c.is_ascii_punctuation() && !is_space(c, wide)
}
