//! Lines broken as SpamAssassin breaks them in reports and headers.

use crate::text::ascii::is_space;

/// Where a line may be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breaks {
    /// At white space, which is a piece of its own.
    AtSpace,
    /// Behind white space and commas, which stay with what they follow.
    BehindSpaceAndComma,
}

/// `text` in lines of `width` columns: the first begins with `first`, the others with
/// `prefix`.
///
/// With `overflow` a line may end behind the width by one word. A tab counts as eight
/// columns. A word is never broken, and every line behind the first takes one.
pub fn wrap(
    text: &[u8],
    prefix: &[u8],
    first: &[u8],
    width: usize,
    overflow: bool,
    breaks: Breaks,
) -> Vec<u8> {
    let pieces = match breaks {
        Breaks::AtSpace => words(text),
        Breaks::BehindSpaceAndComma => segments(text),
    };
    let mut pieces = pieces.into_iter().peekable();
    let mut done: Vec<u8> = Vec::with_capacity(text.len() + text.len() / 4);
    let mut line = match first {
        b"" => pieces.next().unwrap_or_default().to_vec(),
        _ => first.to_vec(),
    };
    let (mut columns, mut fresh, mut on_first) = (columns_of(&line), true, true);
    while let Some(piece) = pieces.peek().copied() {
        let ahead = if fresh || overflow { 0 } else { columns_of(piece) };
        if columns + ahead <= width || (fresh && !on_first) {
            line.extend_from_slice(piece);
            columns += columns_of(piece);
            fresh = false;
            pieces.next();
            continue;
        }
        while line.last().copied().is_some_and(is_space) {
            line.pop();
        }
        done.append(&mut line);
        done.push(b'\n');
        line.extend_from_slice(prefix);
        (columns, fresh, on_first) = (columns_of(prefix), true, false);
    }
    done.append(&mut line);
    done
}

/// Words and the single white-space characters between them, in order; between two of
/// these stands an empty word. Nothing empty at the end.
fn words(text: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for (place, byte) in text.iter().enumerate() {
        if is_space(*byte) {
            pieces.push(&text[start..place]);
            pieces.push(&text[place..place + 1]);
            start = place + 1;
        }
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

/// Texts that end with white space or a comma, and an empty one between two of them.
fn segments(text: &[u8]) -> Vec<&[u8]> {
    let mut pieces: Vec<&[u8]> = Vec::new();
    for segment in text.split_inclusive(|&byte| is_space(byte) || byte == b',') {
        if !pieces.is_empty() {
            pieces.push(b"");
        }
        pieces.push(segment);
    }
    pieces
}

fn columns_of(piece: &[u8]) -> usize {
    piece.len() + 7 * memchr::memchr_iter(b'\t', piece).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(wrapped: Vec<u8>) -> String {
        String::from_utf8(wrapped).unwrap()
    }

    #[test]
    fn lines_are_broken_where_spamassassin_breaks_them() {
        // Expectations from Mail::SpamAssassin::Util::wrap itself.
        let long = b"one two three four five six seven";
        assert_eq!(text(wrap(long, b"> ", b"", 12, false, Breaks::AtSpace)), WRAP_A);
        assert_eq!(text(wrap(long, b"> ", b"* ", 12, true, Breaks::AtSpace)), WRAP_B);
        assert_eq!(text(wrap(b"a  b\tc   d e", b"  ", b"", 10, false, Breaks::AtSpace)), WRAP_C);
    }

    const WRAP_A: &str = "one two\n> three four\n>  five six\n> seven";
    const WRAP_B: &str = "* one two three\n>  four five\n> six seven";
    const WRAP_C: &str = "a  b\n\n  c   d e";

    #[test]
    fn a_prefix_wider_than_the_line_still_ends() {
        assert_eq!(text(wrap(b"a b", b"      ", b"", 2, false, Breaks::AtSpace)), "a\n      b");
    }

    proptest! {
        #[test]
        fn no_word_is_lost(words in prop::collection::vec("[a-z]{1,9}", 0..30), width in 0usize..40) {
            let joined = words.join(" ");
            let wrapped = text(wrap(joined.as_bytes(), b" ", b"", width, false, Breaks::AtSpace));
            let again: Vec<&str> = wrapped.split_whitespace().collect();
            prop_assert_eq!(again, words);
        }
    }
}
