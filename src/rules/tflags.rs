//! `tflags`: the text behind the rule's name, read.
//!
//! SpamAssassin::Conf "tflags". Plugins look for their flags with `\bflag\b`, which is why a
//! flag is found inside longer words; that is kept.

use super::model::Tflags;

/// Does `word` stand in `text` with no word character on either side?
pub(super) fn has_word(text: &[u8], word: &[u8]) -> bool {
    words_at(text, word).next().is_some()
}

/// The text behind each place where `word` begins a word.
fn words_at<'t>(text: &'t [u8], word: &[u8]) -> impl Iterator<Item = &'t [u8]> {
    let finder = memchr::memmem::Finder::new(word).into_owned();
    let ends_word = word.last().copied().is_some_and(is_word);
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let at = from + finder.find(text.get(from..)?)?;
            from = at + 1;
            let rest = text.get(at + finder.needle().len()..)?;
            let before = at.checked_sub(1).and_then(|i| text.get(i)).copied().is_some_and(is_word);
            let after = ends_word && rest.first().copied().is_some_and(is_word);
            if !before && !after {
                return Some(rest);
            }
        }
    })
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

/// Reads the flags.
pub(super) fn parse(text: &[u8]) -> Tflags {
    let has = |word: &[u8]| has_word(text, word);
    Tflags {
        net: has(b"net"),
        nice: has(b"nice"),
        learn: has(b"learn"),
        userconf: has(b"userconf"),
        noautolearn: has(b"noautolearn"),
        multiple: has(b"multiple"),
        maxhits: words_at(text, b"maxhits=").find_map(maxhits),
        nosubject: has(b"nosubject"),
        range: text.split(u8::is_ascii_whitespace).find_map(range),
        concat: has(b"concat"),
        text: text.into(),
    }
}

/// The number that `rest` begins with, if a word ends behind it.
fn maxhits(rest: &[u8]) -> Option<u32> {
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let (number, behind) = rest.split_at_checked(digits)?;
    (!behind.first().copied().is_some_and(is_word)).then(|| decimal(number))?
}

/// The part numbers of `range=3`, `range=3-`, `range=-5` or `range=3-5`.
fn range(word: &[u8]) -> Option<(u32, u32)> {
    const ALL: (u32, u32) = (0, 1000);
    let text = word.strip_prefix(b"range=")?;
    let mut halves = text.splitn(2, |&b| b == b'-');
    let (low, high) = (halves.next()?, halves.next());
    let all_digits = |t: &[u8]| t.iter().all(u8::is_ascii_digit);
    if !all_digits(low) || !high.is_none_or(all_digits) {
        return None;
    }
    match (decimal(low), high.map(decimal)) {
        (Some(only), None) => Some((only, only)),
        (low, Some(high)) => Some((low.unwrap_or(ALL.0), high.unwrap_or(ALL.1))),
        (None, None) => Some(ALL),
    }
}

fn decimal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    Some(
        digits.iter().fold(0u32, |n, b| {
            n.saturating_mul(10).saturating_add(u32::from(b.wrapping_sub(b'0')))
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_words_not_tokens() {
        assert!(parse(b"net-test nice").net);
        assert!(!parse(b"internet noautolearn2").net);
        assert!(!parse(b"noautolearn2").noautolearn);
        assert!(parse(b"multiple maxhits=3").multiple);
    }

    #[test]
    fn maxhits_needs_a_whole_number() {
        let table: &[(&[u8], Option<u32>)] = &[
            (b"multiple maxhits=12", Some(12)),
            (b"maxhits=12x", None),
            (b"maxhits=x maxhits=4", Some(4)),
            (b"maxhits=", None),
            (b"xmaxhits=4", None),
            (b"maxhits=99999999999", Some(u32::MAX)),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text).maxhits, *expected, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn ranges_may_be_open() {
        let table = [
            ("range=2-4", Some((2, 4))),
            ("range=2", Some((2, 2))),
            ("range=2-", Some((2, 1000))),
            ("range=-4", Some((0, 4))),
            ("range=a-4", None),
            ("norange=1", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text.as_bytes()).range, expected, "{text}");
        }
    }
}
