//! Small readers of ASCII text in rule files.
//!
//! White space and word characters are Perl's on bytes: `\s` is ASCII with the vertical tab,
//! `\w` is `[A-Za-z0-9_]`.

/// A character of `\s`.
pub(super) fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

/// `text` without white space at both ends.
pub(super) fn trim(text: &[u8]) -> &[u8] {
    trim_end(trim_start(text))
}

/// `text` without white space at the start.
pub(super) fn trim_start(text: &[u8]) -> &[u8] {
    let n = text.iter().take_while(|&&b| is_space(b)).count();
    text.get(n..).unwrap_or_default()
}

/// `text` without white space at the end.
pub(super) fn trim_end(text: &[u8]) -> &[u8] {
    let n = text.iter().rev().take_while(|&&b| is_space(b)).count();
    text.get(..text.len() - n).unwrap_or_default()
}

/// The words of `text`.
pub(super) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&b| is_space(b)).filter(|word| !word.is_empty())
}

/// The first word and what stands behind the white space after it; `None` without white space.
pub(super) fn first_word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let n = text.iter().position(|&b| is_space(b))?;
    let (word, rest) = text.split_at_checked(n)?;
    (!word.is_empty()).then_some((word, trim_start(rest)))
}

/// Is it one or more digits?
pub(super) fn is_digits(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// Is it one or more characters of `\w`?
pub(super) fn is_words(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&b| super::arithmetic::is_word(b))
}

/// A number whose form has been checked.
pub(super) fn number(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Does `text` consist of digits, with an optional `.digits` behind? `.` alone if `loose`.
pub(super) fn is_decimal(text: &[u8], loose: bool) -> bool {
    let mut halves = text.splitn(2, |&b| b == b'.');
    let whole = halves.next().unwrap_or_default();
    let part = halves.next();
    is_digits(whole) && part.is_none_or(|p| is_digits(p) || (loose && p.is_empty()))
}

/// `(NAME) rest`, as lists are written: `(.+?)` up to the first `)` with white space behind it.
pub(super) fn listed(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = text.strip_prefix(b"(")?;
    for (at, _) in inner.iter().enumerate().skip(1).filter(|(_, b)| **b == b')') {
        let (name, rest) = inner.split_at_checked(at)?;
        let behind = rest.get(1..)?;
        let value = trim_start(behind);
        if value.len() < behind.len() && !value.is_empty() {
            return Some((name, value));
        }
    }
    None
}

/// Text for people: bytes that are not printable ASCII escaped, cut after 200.
pub(super) fn show(text: &[u8]) -> String {
    match std::str::from_utf8(text) {
        Ok(text) if text.len() <= 200 => text.to_owned(),
        _ => text.get(..200).unwrap_or(text).escape_ascii().to_string(),
    }
}
