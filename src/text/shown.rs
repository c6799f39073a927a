//! Foreign bytes made fit to be shown: in a log line, in an error, on a terminal.

/// `bytes` with everything but printable ASCII written as `\xNN`; a line stays a line and
/// no terminal obeys it.
pub fn shown(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text
}

/// `bytes` as [`shown`], between quotes: quotes and backslashes of its own are escaped too,
/// so that it can be read back.
pub fn quoted(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 2);
    text.push('"');
    for piece in bytes.split_inclusive(|byte| matches!(byte, b'"' | b'\\')) {
        match piece.split_last() {
            Some((last @ (b'"' | b'\\'), before)) => {
                text.push_str(&shown(before));
                text.push_str(&format!("\\x{last:02x}"));
            }
            _ => text.push_str(&shown(piece)),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_printable_is_escaped() {
        assert_eq!(shown(b"GET / \"x\""), "GET / \"x\"");
        assert_eq!(shown(b"a\r\n\x1b[2J\xc3\xa4\x7f"), "a\\x0d\\x0a\\x1b[2J\\xc3\\xa4\\x7f");
    }
}
