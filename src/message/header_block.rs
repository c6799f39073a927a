//! The pseudo headers `ALL` and `ALL-*`: the header block, or the part of it that hosts on
//! one side of a border can have written.

use super::encoded_word;
use super::header::Source;
use super::headers::{Field, Headers};
use super::relay::Side;
use crate::limits::Limits;
use std::collections::HashMap;

/// The fields of a header block as they stand there, folds and line ends included.
pub fn fields(block: &[u8]) -> Vec<Vec<u8>> {
    let mut fields: Vec<Vec<u8>> = Vec::new();
    let mut rest = block;
    while let Some(length) = field_length(rest) {
        let (field, after) = rest.split_at_checked(length).unwrap_or((rest, b""));
        // White space at the very top continues nothing.
        if !matches!(field.first(), Some(b' ' | b'\t')) {
            fields.push(field.to_vec());
        }
        rest = after;
    }
    fields
}

/// How long the first field of `block` is; `None` without a whole line of two bytes.
fn field_length(block: &[u8]) -> Option<usize> {
    let folded = matches!(block.first(), Some(b' ' | b'\t'));
    // A line that is empty hides its end: the field goes on to the next one.
    let from = usize::from(!folded);
    let ends = memchr::memchr_iter(b'\n', block).filter(|&end| end >= from);
    ends.map(|end| end + 1).find(|&end| folded || !matches!(block.get(end), Some(b' ' | b'\t')))
}

/// `Name: value` of every field, decoded, in order. Where the limit for the block is
/// reached, all fields of a name stay or go.
pub fn decoded(headers: &Headers, limits: &Limits) -> Vec<Vec<u8>> {
    let lines: Vec<Vec<u8>> = headers.iter().map(line).collect();
    match lines.iter().map(Vec::len).sum::<usize>() {
        0..=LARGE if limits.header_block >= LARGE => lines,
        _ => within(headers, limits),
    }
}

/// A larger block is counted field by field.
const LARGE: usize = 1 << 14;

/// `Name: value` and a newline.
fn line(field: &Field) -> Vec<u8> {
    [field.name.as_slice(), b": ", &encoded_word::decoded(field), b"\n"].concat()
}

/// As much of the block as the limit allows.
fn within(headers: &Headers, limits: &Limits) -> Vec<Vec<u8>> {
    let mut by_name: Vec<Vec<usize>> = Vec::new();
    let mut index = HashMap::new();
    for (position, field) in headers.iter().enumerate() {
        let name = field.name.to_ascii_lowercase();
        let group = *index.entry(name).or_insert(by_name.len());
        match by_name.get_mut(group) {
            Some(positions) => positions.push(position),
            None => by_name.push(vec![position]),
        }
    }
    let fields: Vec<_> = headers.iter().collect();
    let mut lines: Vec<Option<Vec<u8>>> = vec![None; fields.len()];
    let mut size = 0;
    for position in by_name.into_iter().flatten() {
        let Some(field) = fields.get(position) else { continue };
        let text = line(field);
        size += text.len();
        if size > limits.header_block {
            break;
        }
        if let Some(line) = lines.get_mut(position) {
            *line = Some(text);
        }
    }
    lines.into_iter().flatten().collect()
}

/// `ALL-TRUSTED` and its sisters. Trusted and internal: from the top down to the Received
/// line that the last such host wrote. Untrusted and external: from that line on, because
/// what it tells of the host before was told by that host.
pub fn of_side(side: Side, raw: bool, source: &Source) -> Vec<Vec<u8>> {
    let fields = match raw {
        true => fields(source.pristine_headers),
        false => lines(&source.block()),
    };
    let (border, above) = match side {
        Side::Trusted => (source.relays.trusted_lines, true),
        Side::Internal => (source.relays.internal_lines, true),
        Side::Untrusted => (source.relays.trusted_lines, false),
        Side::External => (source.relays.internal_lines, false),
    };
    // How many Received fields there are down to each field, itself included.
    let mut received = 0;
    let counted = fields.into_iter().map(|field| {
        received += usize::from(is_received(&field));
        (received, field)
    });
    if !above {
        return counted.filter(|(count, _)| *count > border).map(|(_, field)| field).collect();
    }
    let mut wanted = Vec::new();
    for (count, field) in counted {
        wanted.push(field);
        if count > border {
            break; // the line at the border, the last to be wanted
        }
    }
    wanted
}

/// A decoded value can hold a newline; what follows it is a line for this purpose.
fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    text.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
}

fn is_received(field: &[u8]) -> bool {
    field.get(..9).is_some_and(|name| name.eq_ignore_ascii_case(b"received:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_cut_into_fields_with_their_folds() {
        let cut = |block: &[u8]| -> Vec<String> {
            fields(block).into_iter().map(|field| String::from_utf8(field).unwrap()).collect()
        };
        assert_eq!(cut(b"A: 1\n 2\nB: 3\n\n"), ["A: 1\n 2\n", "B: 3\n"]);
        assert_eq!(cut(b" lost\n\tlost\nA: 1\n"), ["A: 1\n"]);
        assert_eq!(cut(b"A: 1\r\nB: 2\r\n\r\n"), ["A: 1\r\n", "B: 2\r\n", "\r\n"]);
        assert_eq!(cut(b"A: 1"), [""; 0]);
        assert_eq!(cut(b"\nA: 1\n"), ["\nA: 1\n"]);
    }

    #[test]
    fn limit_header_block() {
        let field = |name: &[u8]| Field { name: name.to_vec(), raw: b" 1234\n".to_vec() };
        let headers: Headers = [field(b"A"), field(b"B"), field(b"a")].into_iter().collect();
        // "A: 1234\n" is eight bytes; the fields of one name go together.
        for (height, expected) in [
            (7, ""),
            (8, "A: 1234\n"),
            (16, "A: 1234\na: 1234\n"),
            (23, "A: 1234\na: 1234\n"),
            (24, "A: 1234\nB: 1234\na: 1234\n"),
        ] {
            let limits = Limits { header_block: height, ..Limits::default() };
            let text = String::from_utf8(decoded(&headers, &limits).concat()).unwrap();
            assert_eq!(text, expected, "{height}");
        }
    }
}
