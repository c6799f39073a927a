//! Classes of ASCII bytes: white space as `\s` means it in SpamAssassin's patterns, base64.

/// Is `byte` what `\s` matches: space, tab, LF, VT, FF or CR? (Rust's own notion lacks VT.)
pub const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// `text` without leading white space.
pub fn trim_start(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|&&byte| is_space(byte)).count();
    text.get(blanks..).unwrap_or_default()
}

/// `text` without trailing white space.
pub fn trim_end(text: &[u8]) -> &[u8] {
    let blanks = text.iter().rev().take_while(|&&byte| is_space(byte)).count();
    text.get(..text.len() - blanks).unwrap_or_default()
}

/// `text` without outer white space.
pub fn trim(text: &[u8]) -> &[u8] {
    trim_end(trim_start(text))
}

/// The six bits that a letter of the base64 alphabet stands for (RFC 4648 section 4).
pub fn base64_sextet(letter: u8) -> Option<u8> {
    Some(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vertical_tab_is_white_space_and_no_break_space_is_not() {
        assert_eq!(trim(b"\x0b\r\n a b\x0c\t"), b"a b");
        assert_eq!(trim(b"\xa0"), b"\xa0");
        assert_eq!(trim(b" \t "), b"");
    }
}
