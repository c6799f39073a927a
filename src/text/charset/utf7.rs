//! UTF-7 (RFC 2152), which encoding_rs rightly does not know and SpamAssassin decodes.

use super::decoders::from_utf16;
use crate::text::ascii::base64_sextet;

/// `bytes` as UTF-8. What is no valid shifted text stays as it is.
pub(super) fn decode(bytes: &[u8]) -> Vec<u8> {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'+' {
            out.push(char::from(byte));
            continue;
        }
        let length = after.iter().take_while(|&&byte| base64_sextet(byte).is_some()).count();
        let Some((shifted, tail)) = after.split_at_checked(length) else { continue };
        match (length, tail.strip_prefix(b"-")) {
            (0, Some(tail)) => {
                out.push('+');
                rest = tail;
            }
            (0, None) => out.push('+'),
            (_, ended) => {
                push_shifted(shifted, &mut out);
                rest = ended.unwrap_or(tail);
            }
        }
    }
    out.into_bytes()
}

/// Writes the UTF-16 text that `shifted` is the base64 of; bits left over go.
fn push_shifted(shifted: &[u8], out: &mut String) {
    let mut bits = 0u32;
    let mut held = 0;
    let units = shifted.iter().filter_map(|&byte| base64_sextet(byte)).filter_map(|sextet| {
        bits = bits << 6 | u32::from(sextet);
        held += 6;
        if held < 16 {
            return None;
        }
        held -= 16;
        u16::try_from(bits >> held & 0xFFFF).ok()
    });
    out.push_str(&from_utf16(units));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifted_text_is_decoded() {
        let cases: [(&[u8], &str); 7] = [
            (b"a+AGE-b+-c", "aab+c"),
            (b"+AKM", "\u{a3}"),
            (b"+2D3eAA-", "\u{1f600}"),
            (b"+AGE.x", "a.x"),
            (b"+AG", ""),
            (b"x+!y", "x+!y"),
            (b"\xe4", "\u{e4}"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(decode(bytes), expected.as_bytes(), "{}", bytes.escape_ascii());
        }
    }
}
