//! How Razor2 cuts a message up and cleans its parts.
//!
//! In: a message. Out: parts, each a head (`Content-*` and `X-Razor2-*` only) and a body. A
//! multipart is cut by patterns, its parts are messages again; a part that does not begin with
//! `Content-Type` has no head. Of a body the first 60 KiB count, of a head 4 KiB. Then base64 or
//! quoted-printable is undone, markup taken out (for e4), and line ends at the end.

use super::markup;
use memchr::memmem;

/// The longest head and body.
const HEAD: usize = 4 * 1024;
const BODY: usize = 60 * 1024;
/// What is put before every head.
const AGENT: &[u8] = b"X-Razor2-Agent: mailprint\n";

/// Head and body, at the first blank line; no body without one.
fn cut(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    for at in memchr::memchr_iter(b'\n', text) {
        let rest = text.get(at + 1..).unwrap_or_default();
        let returns = rest.iter().take_while(|&&b| b == b'\r').count();
        if rest.get(returns) == Some(&b'\n') {
            return (text.get(..at).unwrap_or_default(), rest.get(returns + 1..));
        }
    }
    (text, None)
}

/// To Perl nothing, an empty text and `0` are false.
fn is_told(text: Option<&[u8]>) -> bool {
    !matches!(text, None | Some(b"" | b"0"))
}

/// The parts of a message, multiparts cut so deep, so many.
pub(super) fn split(message: &[u8], depth: usize, most: usize) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let mut waiting = vec![(message.to_vec(), 0)];
    while let Some((text, level)) = waiting.pop() {
        if out.len() >= most {
            break;
        }
        let (head, body) = cut(&text);
        let headed = level == 0 || starts_with(head, b"Content-Type:");
        let Some(body) = body.filter(|body| is_told(Some(body)) && headed) else {
            let blank: &[u8] = if text.starts_with(b"\n") { b"" } else { b"\n" };
            out.push([AGENT, blank, &text].concat());
            continue;
        };
        let head = trimmed(head);
        match boundary(&head).filter(|_| level < depth) {
            None => out.push([AGENT, &head, b"\n", body].concat()),
            Some(boundary) => {
                let inner = between(body, &boundary);
                let told = inner.into_iter().filter(|part| part.iter().any(|&b| !is_space(b)));
                let mut told: Vec<_> = told.map(|part| (part, level + 1)).collect();
                told.reverse();
                waiting.extend(told);
            }
        }
    }
    out
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t'..=b'\r')
}

fn starts_with(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

/// A head unfolded (white space at folds is dropped), without fields of other names.
fn trimmed(head: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(head.len());
    let mut rest = head;
    while let Some((&byte, after)) = rest.split_first() {
        let spaces = after.iter().take_while(|&&b| is_space(b)).count();
        if byte == b'\n' && spaces > 0 {
            rest = after.get(spaces..).unwrap_or_default();
        } else {
            whole.push(byte);
            rest = after;
        }
    }
    let lines = whole.split(|&b| b == b'\n');
    let own = lines.filter(|line| starts_with(line, b"Content-") || starts_with(line, b"X-Razor2"));
    own.flat_map(|line| [line, b"\n"].concat()).collect()
}

/// The boundary of a multipart.
fn boundary(head: &[u8]) -> Option<Vec<u8>> {
    const KIND: &[u8] = b"content-type: multipart";
    const NAME: &[u8] = b"boundary=";
    let lower = head.to_ascii_lowercase();
    for start in memmem::find_iter(&lower, KIND) {
        let from = start + KIND.len();
        let length = memchr::memchr(b'\n', lower.get(from..)?);
        let line = lower.get(from..length.map_or(lower.len(), |length| from + length))?;
        // At least one character is between the two; the last boundary counts.
        let mut places: Vec<usize> =
            memmem::find_iter(line.get(1..).unwrap_or_default(), NAME).collect();
        places.reverse();
        for place in places {
            let value = head.get(from + 1 + place + NAME.len()..)?;
            let quoted = value.strip_prefix(b"\"").and_then(|inner| {
                let end = memchr::memchr(b'"', inner).filter(|&end| end > 0)?;
                inner.get(..end)
            });
            if let Some(quoted) = quoted {
                // A quoted one that goes over lines keeps its quotes.
                return Some(match quoted.contains(&b'\n') {
                    true => [b"\"", quoted, b"\""].concat(),
                    false => quoted.to_vec(),
                });
            }
            let length = value.iter().take_while(|&&b| !is_space(b)).count();
            if length > 0 {
                let bare = value.get(..length)?;
                let inner = bare.strip_prefix(b"\"").and_then(|bare| bare.strip_suffix(b"\""));
                return Some(inner.unwrap_or(bare).to_vec());
            }
        }
    }
    None
}

/// What lies between the boundary's lines; all of the body if it is not there.
fn between(body: &[u8], boundary: &[u8]) -> Vec<Vec<u8>> {
    let last = [b"\n--", boundary, b"--"].concat();
    let body = body.get(..memmem::find(body, &last).unwrap_or(body.len())).unwrap_or(body);
    let first = [b"--", boundary].concat();
    let is_line_end = |text: &[u8]| {
        let returns = text.iter().take_while(|&&b| b == b'\r').count();
        (text.get(returns) == Some(&b'\n')).then_some(returns + 1)
    };
    // What stands before the first boundary does not count; a line end belongs before each.
    let begins =
        body.strip_prefix(first.as_slice()).is_some_and(|rest| is_line_end(rest).is_some());
    let body = if begins { [b"garbage\n", body].concat() } else { body.to_vec() };
    if memmem::find(&body, &first).is_none() {
        return vec![body];
    }
    let mark = [b"\n", first.as_slice()].concat();
    let mut out: Vec<Vec<u8>> = Vec::new();
    let (mut start, mut from) = (0, 0);
    while let Some(at) = memmem::find(body.get(from..).unwrap_or_default(), &mark) {
        let after = from + at + mark.len();
        match is_line_end(body.get(after..).unwrap_or_default()) {
            Some(length) => {
                out.push(body.get(start..from + at).unwrap_or_default().to_vec());
                (start, from) = (after + length, after + length);
            }
            None => from += at + 1,
        }
    }
    out.push(body.get(start..).unwrap_or_default().to_vec());
    out.drain(..1);
    out
}

/// A part with head and body cut to their lengths; none without a body.
pub(super) fn prepared(part: &[u8]) -> Option<Vec<u8>> {
    let (head, body) = cut(part);
    let body = body.filter(|body| is_told(Some(body)))?;
    let mut head = without_returns(&[head, b"\n"].concat());
    let mut body = without_returns(body);
    if body.len() > BODY {
        head = [format!("X-Razor2-Origlen-Body: {}\n", body.len()).as_bytes(), &head].concat();
        body.truncate(BODY);
    }
    if head.len() > HEAD {
        head = [format!("X-Razor2-Origlen-Header: {}\n", head.len()).as_bytes(), &head].concat();
        head.truncate(HEAD);
        head.truncate(memchr::memrchr(b'\n', &head).map_or(0, |at| at + 1));
    }
    Some([head.as_slice(), b"\n", &body].concat())
}

/// Carriage returns before a line end go.
fn without_returns(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|&b| b == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) => {
                let returns = line.iter().rev().take_while(|&&b| b == b'\r').count();
                out.extend_from_slice(line.get(..line.len() - returns).unwrap_or_default());
                out.push(b'\n');
            }
            None => out.extend_from_slice(line),
        }
    }
    out
}

/// The text of a prepared part, encodings undone and, if `markup`, without markup.
pub(super) fn cleaned(part: &[u8], markup: bool) -> Option<Vec<u8>> {
    let mut part = part.to_vec();
    if has_line(&part, b"Content-Transfer-Encoding: base64") {
        part = joined(&part, &base64(&part));
    }
    let (head, body) = cut(&part);
    if has_line(head, b"Content-Transfer-Encoding: quoted-printable") {
        part = joined(&part, &quoted_printable(body.unwrap_or_default()));
    }
    if markup && markup::is_markup(&part) {
        part = markup::stripped(&part);
    }
    let body = cut(&part).1?;
    let ends = body.iter().rev().take_while(|&&b| b == b'\n').count();
    body.get(..body.len() - ends).map(<[u8]>::to_vec)
}

/// The part with another body.
fn joined(part: &[u8], body: &[u8]) -> Vec<u8> {
    [cut(part).0, b"\n\n", body].concat()
}

/// Does a line begin with `start`?
fn has_line(text: &[u8], start: &[u8]) -> bool {
    text.split(|&b| b == b'\n').any(|line| starts_with(line, start))
}

/// Base64 undone, from the first blank line behind its declaration, up to `=`.
fn base64(part: &[u8]) -> Vec<u8> {
    const DECLARED: &[u8] = b"content-transfer-encoding: base64";
    let Some(at) = memmem::find(&part.to_ascii_lowercase(), DECLARED) else { return Vec::new() };
    let rest = part.get(at + DECLARED.len()..).unwrap_or_default();
    let coded = match blank_line(rest) {
        Some(start) => {
            let coded = rest.get(start..).unwrap_or_default();
            coded.split(|&b| b == b'=').next().unwrap_or_default()
        }
        None => rest,
    };
    let in_alphabet = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    let mut letters: Vec<u8> = coded.iter().copied().filter(in_alphabet).collect();
    while letters.last() == Some(&b'=') {
        letters.pop();
    }
    // What stands in the middle as padding is read as uudecode reads that character.
    let value =
        |b: u8| if b == b'=' { 29 } else { crate::text::ascii::base64_sextet(b).unwrap_or(0) };
    let mut out = Vec::with_capacity(letters.len() * 3 / 4);
    for line in letters.chunks(60) {
        let length = line.len() * 3 / 4;
        let mut bytes = Vec::with_capacity(48);
        for four in line.chunks(4) {
            let bits = (0..4).fold(0u32, |bits, at| {
                bits << 6 | u32::from(four.get(at).map_or(0, |&b| value(b)))
            });
            let [_, a, b, c] = bits.to_be_bytes();
            bytes.extend([a, b, c]);
        }
        bytes.truncate(length);
        out.extend(bytes);
    }
    out
}

/// Where the text after the first blank line begins; line ends are LF or CRLF.
fn blank_line(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', text).find_map(|at| {
        let rest = text.get(at + 1..)?;
        match rest {
            [b'\n', ..] => Some(at + 2),
            [b'\r', b'\n', ..] => Some(at + 3),
            _ => None,
        }
    })
}

fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((&byte, after)) = rest.split_first() {
        let soft = match after {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => 0,
        };
        if byte == b'=' && soft > 0 {
            rest = after.get(soft..).unwrap_or_default();
        } else {
            joined.push(byte);
            rest = after;
        }
    }
    let mut out = Vec::with_capacity(joined.len());
    let mut rest = joined.as_slice();
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|&b| char::from(b).to_digit(16));
        match (byte, digit(0), digit(1)) {
            (b'=', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}

/// Is a cleaned part not worth a signature: empty, blank, or short and nothing but a head?
pub(super) fn is_empty(text: &[u8]) -> bool {
    text.iter().all(|&b| is_space(b)) || (text.len() < 128 && is_head(text))
}

/// Does it begin with a `Content…:` field, and is there a line end behind which comes nothing,
/// or one more?
fn is_head(text: &[u8]) -> bool {
    let field = |text: &[u8]| {
        let name = text.strip_prefix(b"Content")?;
        name.iter().take_while(|&&b| !is_space(b)).position(|&b| b == b':').map(|at| at + 8)
    };
    let Some(from) = field(text) else { return false };
    let rest = text.get(from..).unwrap_or_default();
    memchr::memchr_iter(b'\n', rest).any(|at| {
        let after = rest.get(at + 1..).unwrap_or_default();
        let next = after.strip_prefix(b"\r").unwrap_or(after);
        after.iter().all(|&b| is_space(b)) || field(after).is_some() || field(next).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiparts_are_cut_level_by_level() {
        let mail = "Subject: x\nContent-Type: multipart/mixed;\n boundary=\"b\"\n\npre\n--b\n\
                    Content-Type: text/plain\n\none\n--b\n\nno head\n--b\n\
                    Content-Type: multipart/alternative; boundary=c\n\n--c\n\
                    Content-Type: text/html\n\ntwo\n--c--\n--b--\nepilogue";
        let parts: Vec<String> = split(mail.as_bytes(), 20, 100)
            .iter()
            .map(|part| String::from_utf8_lossy(part).replace("X-Razor2-Agent: mailprint\n", ""))
            .collect();
        assert_eq!(
            parts,
            ["Content-Type: text/plain\n\none", "\nno head", "Content-Type: text/html\n\ntwo"]
        );
    }

    #[test]
    fn encodings_are_undone() {
        let of = |part: &str| {
            String::from_utf8_lossy(&cleaned(part.as_bytes(), false).unwrap()).into_owned()
        };
        assert_eq!(of("Content-Transfer-Encoding: base64\n\naGVsbG8=\nignored"), "hello");
        assert_eq!(of("Content-Transfer-Encoding: quoted-printable\n\na=\nb=3D\n\n"), "ab=");
    }
}
