//! One `X-Spam-*` header: its template filled in, folded, and encoded where it is not ASCII
//! (RFC 5322 section 2.2.3, RFC 2047).
//!
//! Whatever a value holds, the header stays one: a line feed is a fold or a space, and other
//! control characters are encoded.

use super::template::Facts;
use super::wrap::{Breaks, wrap};
use crate::rules::options::Pair;
use crate::text::ascii::is_space;

/// SpamAssassin folds at this column.
const COLUMNS: usize = 79;

/// The lines of all `headers`.
pub fn added(facts: &Facts, headers: &[Pair]) -> Vec<u8> {
    let mut lines = Vec::new();
    for (name, template) in headers {
        let body = body(facts, name, template);
        for piece in [b"X-Spam-", &**name, b": ", &encoded(&body), b"\n"] {
            lines.extend_from_slice(piece);
        }
    }
    lines
}

/// What stands behind the header's name: filled in, and folded with a tab at each fold.
fn body(facts: &Facts, name: &[u8], template: &[u8]) -> Vec<u8> {
    let mut text = facts.filled(template);
    while let Some(rest) = text.strip_suffix(b"\n") {
        text.truncate(rest.strip_suffix(b"\r").unwrap_or(rest).len());
    }
    if !facts.settings.fold {
        text.iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b' ');
        return text;
    }
    match memchr::memchr(b'\n', &text) {
        Some(_) => folded_at_newlines(&text),
        None => folded(name, &text),
    }
}

/// Lines that the template has made: white space with a line feed in it becomes a fold.
fn folded_at_newlines(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for run in text.chunk_by(|&one, &other| is_space(one) == is_space(other)) {
        let is_fold = run.first().copied().is_some_and(is_space) && run.contains(&b'\n');
        out.extend_from_slice(if is_fold { b"\n\t" } else { run });
    }
    out
}

/// A long line, broken behind white space and commas.
fn folded(name: &[u8], text: &[u8]) -> Vec<u8> {
    // Nothing is broken between the name and the text, so no white space goes there.
    const JOINT: &[u8] = b"!!";
    let whole = [b"X-Spam-", name, JOINT, text].concat();
    let lines = wrap(&whole, b"\t", b"", COLUMNS, false, Breaks::BehindSpaceAndComma);
    let is_blank = |line: &[u8]| line.iter().all(|&byte| is_space(byte));
    let mut kept: Vec<&[u8]> = lines.split(|&byte| byte == b'\n').collect();
    let last = kept.pop().unwrap_or_default();
    kept.retain(|line| !is_blank(line));
    kept.push(last);
    let lines = kept.join(&b'\n');
    let start = memchr::memmem::find(&lines, JOINT).map_or(0, |at| at + JOINT.len());
    lines.get(start..).unwrap_or_default().to_vec()
}

/// `text` with the words of each line that are not printable ASCII as one encoded word.
fn encoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let (line, end) = match line.strip_suffix(b"\n") {
            Some(rest) => (rest.strip_suffix(b"\r").unwrap_or(rest), rest.len()),
            None => (line, usize::MAX),
        };
        encode_line(line, &mut out);
        if end != usize::MAX {
            out.extend_from_slice(if end > line.len() { b"\r\n" } else { b"\n" });
        }
    }
    out
}

fn is_plain(byte: &u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~')
}

/// One line without its end.
fn encode_line(line: &[u8], out: &mut Vec<u8>) {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let Some(first) = line.iter().position(|byte| !is_plain(byte)) else {
        return out.extend_from_slice(line);
    };
    let last = line.iter().rposition(|byte| !is_plain(byte)).unwrap_or(first);
    let from = line.iter().take(first).rposition(is_blank).map_or(0, |at| at + 1);
    let behind = line.get(last + 1..).unwrap_or_default();
    let to = behind.iter().position(is_blank).map_or(line.len(), |at| last + 1 + at);
    out.extend_from_slice(line.get(..from).unwrap_or_default());
    encode_words(line.get(from..to).unwrap_or_default(), out);
    out.extend_from_slice(line.get(to..).unwrap_or_default());
}

/// Words as one encoded word, in whichever of the two encodings is shorter.
fn encode_words(words: &[u8], out: &mut Vec<u8>) {
    let quoted = |byte: &u8| matches!(byte, b'=' | b'?' | b'_' | 0..=0x1f | 0x7f..);
    let count = words.iter().filter(|byte| quoted(byte)).count();
    if words.len() + count * 2 <= 4 * (words.len() + 2) / 3 {
        out.extend_from_slice(b"=?UTF-8?Q?");
        for byte in words {
            match byte {
                b' ' => out.push(b'_'),
                byte if quoted(byte) => out.extend_from_slice(format!("={byte:02X}").as_bytes()),
                byte => out.push(*byte),
            }
        }
    } else {
        out.extend_from_slice(b"=?UTF-8?B?");
        base64(words, out);
    }
    out.extend_from_slice(b"?=");
}

/// RFC 4648 section 4, without line breaks.
fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let sextet = (bits >> (18 - 6 * place) & 63) as usize;
            let letter = LETTERS.get(sextet).copied().filter(|_| place <= chunk.len());
            out.push(letter.unwrap_or(b'='));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_beyond_ascii_are_encoded_and_nothing_else() {
        // Expectations from mime_encode_header of Mail::SpamAssassin::PerMsgStatus.
        let cases: [(&[u8], &str); 9] = [
            (b"abc d\xc3\xa4f gh", "abc =?UTF-8?Q?d=C3=A4f?= gh"),
            (b"\xe4", "=?UTF-8?Q?=E4?="),
            (b"a \xe4 b \xe4 c", "a =?UTF-8?Q?=E4_b_=E4?= c"),
            (b"x\ty\x01", "x\t=?UTF-8?Q?y=01?="),
            (b"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f", "=?UTF-8?B?w6TDtsO8w58=?="),
            (b"a\n\t\xe4 b\n\tc", "a\n\t=?UTF-8?Q?=E4?= b\n\tc"),
            (b"a\r", "=?UTF-8?Q?a=0D?="),
            (b"a\xe4\r\nb", "=?UTF-8?Q?a=E4?=\r\nb"),
            (b"", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(String::from_utf8_lossy(&encoded(text)), expected);
        }
    }

    #[test]
    fn long_lines_are_folded_behind_white_space_and_commas() {
        // Expectations from _process_header of Mail::SpamAssassin::PerMsgStatus.
        let many = "aa,,, ,, ".repeat(15);
        let cases = [
            (format!("{} yy", "x".repeat(90)), format!("{}\n\tyy", "x".repeat(90))),
            (format!("{}b", " ".repeat(90)), format!("\n\t{}b", " ".repeat(23))),
            (",".to_owned(), ",".to_owned()),
            (many.clone(), format!("{}\n\t{}", &many[..67], &many[67..])),
        ];
        for (text, expected) in cases {
            assert_eq!(String::from_utf8_lossy(&folded(b"Foo", text.as_bytes())), expected);
        }
    }

    #[test]
    fn newlines_of_a_template_become_folds() {
        let cases: [(&[u8], &[u8]); 3] = [
            (b"a\n b \n\n c  ", b"a\n\tb\n\tc  "),
            (b"a  \n  ", b"a\n\t"),
            (b"\na\nb \t", b"\n\ta\n\tb \t"),
        ];
        for (text, expected) in cases {
            assert_eq!(folded_at_newlines(text), expected);
        }
    }
}
