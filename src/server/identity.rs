//! The Message-Ids that the log calls a message by.

use crate::message::settings::Settings;

/// The id of the last header called `name` in a message's head, as spamd's log shows it:
/// `<a@b>`, without comments, strange characters as `?`.
pub fn message_id(message: &[u8], name: &[u8]) -> Option<String> {
    let most = Settings::default().limits.header_block;
    let head = message.get(..most.min(message.len())).unwrap_or_default();
    let value = last_value(head, name)?;
    let id = bracketed(&without_comments(&value));
    (!id.is_empty()).then_some(id)
}

/// The unfolded value of the last header called `name`.
fn last_value(head: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut found: Option<Vec<u8>> = None;
    let mut inside = false;
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        if matches!(line, b"\n" | b"\r\n") {
            break;
        }
        if matches!(line.first(), Some(b' ' | b'\t')) {
            if let (true, Some(value)) = (inside, &mut found) {
                value.extend_from_slice(line);
            }
            continue;
        }
        let value = line
            .get(..name.len())
            .filter(|start| start.eq_ignore_ascii_case(name))
            .and_then(|_| line.get(name.len()..))
            .and_then(|rest| rest.trim_ascii_start().strip_prefix(b":"));
        inside = value.is_some();
        if let Some(value) = value {
            found = Some(value.to_vec());
        }
    }
    found
}

/// Without comments, however they nest.
fn without_comments(value: &[u8]) -> Vec<u8> {
    let mut kept: Vec<u8> = Vec::with_capacity(value.len());
    let mut opened: Vec<usize> = Vec::new();
    for byte in value {
        match (byte, opened.last().copied()) {
            (b')', Some(start)) => {
                opened.pop();
                kept.truncate(start);
                continue;
            }
            (b'(', _) => opened.push(kept.len()),
            _ => {}
        }
        kept.push(*byte);
    }
    kept
}

/// What stands between the first pair of angle brackets, or everything, in brackets.
fn bracketed(value: &[u8]) -> String {
    let value = value.trim_ascii();
    let inner = memchr::memchr(b'<', value).and_then(|open| {
        let rest = value.get(open + 1..)?;
        rest.get(..memchr::memchr(b'>', rest)?)
    });
    let mut id = String::new();
    let mut space = false;
    for byte in inner.unwrap_or(value) {
        match byte {
            b if b.is_ascii_whitespace() => space = true,
            b => {
                if std::mem::take(&mut space) && !id.is_empty() {
                    id.push('?');
                }
                let plain = matches!(b, b'!'..=b'~') && !matches!(b, b'<' | b'>');
                id.push(if plain { char::from(*b) } else { '?' });
            }
        }
    }
    if id.is_empty() { id } else { format!("<{id}>") }
}

/// An id as one word of the `result:` line.
pub fn as_word(id: &str) -> String {
    id.chars().map(|c| if c <= ' ' || c == ',' { '_' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_shown_as_spamd_shows_them() {
        let cases = [
            ("Message-Id: <a@b>\n", Some("<a@b>")),
            ("message-ID :\n <a@b> (c (d) e)\n", Some("<a@b>")),
            ("Message-Id: plain id\r\n", Some("<plain?id>")),
            ("Message-Id: <a\u{1b}[2J@b>\n", Some("<a?[2J@b>")),
            ("Message-Id: <one@x>\nMessage-Id: <two@x>\n", Some("<two@x>")),
            ("Message-Id: (only a comment)\n", None),
            ("Subject: x\n\nMessage-Id: <body@x>\n", None),
            ("Resent-Message-Id: <r@x>\n", None),
        ];
        for (head, id) in cases {
            assert_eq!(message_id(head.as_bytes(), b"Message-Id").as_deref(), id, "{head:?}");
        }
        assert_eq!(as_word("<a,b c>"), "<a_b_c>");
    }
}
