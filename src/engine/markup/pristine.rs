//! The header block as it came: its lines, and the value of a field with its folds.

use super::template::in_one_line;
use crate::message::{Message, encoded_word};

/// The lines of `text`, each with its end.
pub fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|&byte| byte == b'\n')
}

/// Does the line go on with what began above it?
pub fn is_continuation(line: &[u8]) -> bool {
    matches!(line, [b' ' | b'\t', ..])
}

/// What `line` has behind `name` and a colon, if it begins a field of that name. White space
/// before the colon is allowed.
pub fn value_of<'l>(line: &'l [u8], name: &[u8]) -> Option<&'l [u8]> {
    let (start, rest) = line.split_at_checked(name.len())?;
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let rest = rest.get(blanks..)?.strip_prefix(b":")?;
    start.eq_ignore_ascii_case(name).then_some(rest)
}

/// The values of all fields called `name`: as they came, with folds and line ends, but without
/// the white space behind the colon. A field that the message breaks off in counts where it is
/// the only one; it is then decoded and gets a line end.
pub fn values(message: &Message, name: &[u8]) -> Vec<Vec<u8>> {
    let mut values: Vec<Vec<u8>> = Vec::new();
    let mut open = false;
    for line in lines(message.pristine_headers()) {
        if open && is_continuation(line) {
            values.last_mut().into_iter().for_each(|value| value.extend_from_slice(line));
            continue;
        }
        let value = value_of(line, name);
        open = value.is_some();
        values.extend(value.map(|value| trim_blanks(value).to_vec()));
    }
    values.retain(|value| value.ends_with(b"\n"));
    if values.is_empty() {
        let fields = message.headers().all(name);
        values.extend(fields.map(|field| {
            let mut value = in_one_line(encoded_word::decoded(field));
            value.push(b'\n');
            value
        }));
    }
    values
}

/// The last of them.
pub fn value(message: &Message, name: &[u8]) -> Option<Vec<u8>> {
    values(message, name).pop()
}

fn trim_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    text.get(blanks..).unwrap_or_default()
}
