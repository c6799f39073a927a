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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_printable_is_escaped() {
        assert_eq!(shown(b"GET / \"x\""), "GET / \"x\"");
        assert_eq!(shown(b"a\r\n\x1b[2J\xc3\xa4\x7f"), "a\\x0d\\x0a\\x1b[2J\\xc3\\xa4\\x7f");
    }
}
