//! How much of a text is shouted.

use crate::text::ascii::is_space;
use crate::text::pieces::Pieces;
use memchr::memmem;

/// Texts under this, in bytes, tell nothing: an acronym or two would do.
const SHORTEST: usize = 200;
/// How many letters a line of base64 has that was left over in a text.
const BASE64_LINE: std::ops::RangeInclusive<usize> = 60..=76;

/// The share of capitals among letters and digits, in percent; 0 for a short text.
pub fn share(text: &Pieces) -> f64 {
    let (mut bytes, mut lower, mut upper) = (0usize, 0usize, 0usize);
    let lines = text.iter().filter(|line| has_inner_space(line) && !is_base64(line));
    for line in lines {
        let (before, after) = without_japanese(line);
        bytes += before.len() + after.len();
        for part in [before, after] {
            upper += part.iter().filter(|byte| byte.is_ascii_uppercase()).count();
            // Digits count as small letters: a date is no shouting.
            let is_low = |byte: &&u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            lower += part.iter().filter(is_low).count();
        }
    }
    match upper + lower {
        0 => 0.0,
        _ if bytes < SHORTEST => 0.0,
        all => upper as f64 / all as f64 * 100.0,
    }
}

/// Is there white space with something on either side?
fn has_inner_space(line: &[u8]) -> bool {
    let mut words = line.split(|&byte| is_space(byte)).filter(|word| !word.is_empty());
    words.next().is_some() && words.next().is_some()
}

/// Does it begin with two lines of base64, each with a space behind?
fn is_base64(line: &[u8]) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let mut words = line.split(|&byte| byte == b' ');
    let is_line = |word: Option<&[u8]>| {
        word.is_some_and(|word| BASE64_LINE.contains(&word.len()) && word.iter().all(is_letter))
    };
    is_line(words.next()) && is_line(words.next()) && words.next().is_some()
}

/// The line without what lies between the first `ESC $ B` and the last `ESC ( B` (ISO-2022-JP).
fn without_japanese(line: &[u8]) -> (&[u8], &[u8]) {
    let cut = memmem::find(line, b"\x1b$B").and_then(|start| {
        let end = memmem::rfind(line, b"\x1b(B").filter(|&end| end >= start + 3)?;
        Some((line.get(..start)?, line.get(end + 3..)?))
    });
    cut.unwrap_or((line, b""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share_of(lines: &[&str]) -> f64 {
        share(&lines.iter().collect())
    }

    #[test]
    fn letters_and_digits_of_lines_with_spaces_count() {
        let low = "small words and nothing else ".repeat(7);
        assert_eq!(share_of(&[&low]), 0.0);
        assert_eq!(share_of(&[&"AB cd ".repeat(34)]), 50.0);
        assert_eq!(share_of(&[&"AB 12 ".repeat(33)]), 0.0, "198 bytes");
        assert_eq!(share_of(&[&"AB 12 ".repeat(33), "A\n", " B "]), 0.0, "still 198");
        assert_eq!(share_of(&[&low, &"X".repeat(500)]), 0.0);
        assert_eq!(share_of(&[&"- ".repeat(200)]), 0.0);
        let base64 = format!("{0} {0} ", "A".repeat(76));
        assert_eq!(share_of(&[&base64, &low]), 0.0);
        assert!(share_of(&[&base64.replace("A ", "A  "), &low]) > 0.0);
        let japanese = format!("\x1b$B{}\x1b(B{low}", "HOGE ".repeat(90));
        assert_eq!(share_of(&[&japanese]), 0.0);
    }
}
