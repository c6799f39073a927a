//! From a rule file's spelling to a bare pattern: delimiters and trailing flags.
//!
//! Bytes in, bytes out; `/foo/i` becomes `(?i)foo`. Which spellings are taken follows
//! Mail::SpamAssassin::Util's `compile_regexp`.

use super::PatternError;

/// What delimiters are expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strip {
    /// None: the text is the pattern.
    Bare,
    /// There must be some.
    Required,
    /// There may be some.
    Optional,
}

/// Takes the delimiters off: the flags that stood behind them, and the pattern between.
pub(super) fn strip(text: &[u8], strip: Strip) -> Result<(&[u8], &[u8]), PatternError> {
    let Some((rest, end)) = opening(text, strip)? else {
        refuse_code(text)?;
        return Ok((&[], text));
    };
    let (body, flags) = closing(rest, end).ok_or(PatternError::EndDelimiter(end as char))?;
    refuse_code(body)?;
    if !matches!(end, b'}' | b')' | b']') && has_unescaped(body, end) {
        return Err(PatternError::UnescapedDelimiter(end as char));
    }
    Ok((flags, body))
}

/// What is left after the opening delimiter, and the delimiter that must close it.
fn opening(text: &[u8], strip: Strip) -> Result<Option<(&[u8], u8)>, PatternError> {
    if strip == Strip::Bare {
        return Ok(None);
    }
    if let Some(rest) = text.strip_prefix(b"/") {
        return Ok(Some((rest, b'/')));
    }
    let quoted = text.strip_prefix(b"m").or_else(|| text.strip_prefix(b"qr"));
    match quoted.and_then(|quoted| quoted.split_first()) {
        Some((b'\\', _)) => Err(PatternError::BackslashDelimiter),
        Some((&first, rest)) if !first.is_ascii_alphanumeric() && first != b'_' => {
            let end = match first {
                b'{' => b'}',
                b'(' => b')',
                b'<' => b'>',
                b'[' => b']',
                other => other,
            };
            Ok(Some((rest, end)))
        }
        _ if strip == Strip::Optional => Ok(None),
        _ => Err(PatternError::MissingDelimiters),
    }
}

/// The body before the last delimiter after which only flags stand.
fn closing(rest: &[u8], end: u8) -> Option<(&[u8], &[u8])> {
    let is_flag = |byte: &u8| byte.is_ascii_lowercase() && *byte != b'e';
    let flags = rest.iter().rev().take_while(|byte| is_flag(byte)).count();
    let (before, flags) = rest.split_at_checked(rest.len() - flags)?;
    Some((before.strip_suffix(&[end])?, flags))
}

/// No code in patterns: `(?{`, `(??{`.
fn refuse_code(body: &[u8]) -> Result<(), PatternError> {
    let found =
        body.windows(3).any(|three| three == b"(?{") || body.windows(4).any(|four| four == b"(??{");
    if found { Err(PatternError::Code) } else { Ok(()) }
}

/// Does `end` stand in `body` without an odd backslash before it?
fn has_unescaped(body: &[u8], end: u8) -> bool {
    let mut bytes = body.iter();
    let mut escaped = false;
    bytes.any(|&byte| {
        let bare = byte == end && !escaped;
        escaped = byte == b'\\' && !escaped;
        bare
    })
}

/// Why `pattern` (bare, flags not yet in front) would match every text, as
/// `ignore_always_matching_regexps` and lint see it.
pub(super) fn always_matches(pattern: &[u8]) -> Option<&'static str> {
    let last = pattern.strip_suffix(b"\n").unwrap_or(pattern);
    let double = pattern
        .windows(2)
        .enumerate()
        .any(|(at, two)| two == b"||" && at.checked_sub(1).is_none_or(|b| pattern[b] != b'\\'));
    if pattern.is_empty() {
        Some("it is empty")
    } else if double {
        Some("it has an empty alternative ('||')")
    } else if pattern.starts_with(b"|") || last.ends_with(b"|") && !last.ends_with(b"\\|") {
        Some("it starts or ends with '|'")
    } else {
        None
    }
}
