//! Character sets: text of any charset to UTF-8.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use std::borrow::Cow;

/// How far a declared charset is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// A hint: valid UTF-8 is UTF-8 whatever is declared.
    Hint,
    /// It is used, with U+FFFD for what it does not know. For encoded words (RFC 2047).
    Declared,
}

/// `bytes` as UTF-8, and whether they were decoded to characters.
pub fn to_utf8<'a>(
    bytes: &'a [u8],
    declared: Option<&[u8]>,
    trust: Trust,
) -> (Cow<'a, [u8]>, bool) {
    let known = declared.and_then(Encoding::for_label);
    let seven_bit = bytes.is_ascii() && known.is_none_or(|known| known.is_ascii_compatible());
    if seven_bit && declared.is_none_or(|label| !label.eq_ignore_ascii_case(b"iso-2022-jp")) {
        return (Cow::Borrowed(bytes), false);
    }
    if trust == Trust::Hint && std::str::from_utf8(bytes).is_ok() {
        return (Cow::Borrowed(bytes), true);
    }
    let charset = match (trust, known) {
        (Trust::Declared, Some(known)) => known,
        (Trust::Hint, Some(known)) if known != UTF_8 => known,
        _ => WINDOWS_1252,
    };
    (Cow::Owned(charset.decode_without_bom_handling(bytes).0.into_owned().into_bytes()), true)
}
