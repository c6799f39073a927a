//! Where a message's header block ends and what it says (RFC 5322, read leniently).
//!
//! In: a whole message, top-level or attached. Out: its fields, its body text ready for the
//! MIME tree, and what was odd. SpamAssassin's Message.pm `new` is the grammar: up to three
//! lines that are no field are swallowed, the fourth begins the body, as `--` does at once.

use super::decode::crlf_to_lf;
use super::headers::{Field, Headers};
use super::mbox;
use super::notes::Notes;
use super::text::{Text, lines};
use crate::limits::{Limit, Limits};

/// Lines that are no field and yet do not begin the body.
const INVALID_LINES: usize = 3;

/// A message cut into header fields and body.
pub(super) struct Head {
    /// The line that an mbox put before the message.
    pub(super) mbox_separator: Option<Vec<u8>>,
    /// Do its lines end with CRLF?
    pub(super) crlf: bool,
    /// The message as it came, without the mbox separator.
    pub(super) pristine: Text,
    /// Where the body begins in it.
    pub(super) body_start: usize,
    /// The fields.
    pub(super) headers: Headers,
    /// The body for the MIME tree: line ends are LF, long runs of blank lines are cut.
    pub(super) body: Text,
}

impl Head {
    /// Takes `message` apart.
    pub(super) fn parse(message: Text, limits: &Limits, notes: &mut Notes) -> Head {
        let message = match message.bytes() {
            b"" => Text::from(b"\n".to_vec()),
            _ => message,
        };
        let (mbox_separator, start) = mbox::separator(message.bytes());
        let message = message.slice(start..message.bytes().len());
        let crlf = has_crlf(message.bytes());
        let extent = Extent::find(message.bytes(), crlf);
        notes.facts.missing_head_body_separator |= !extent.separator;
        let (pristine, body_start) = match crlf {
            true => with_crlf(message, &extent),
            false => (message, extent.body),
        };
        let block = pristine.bytes().get(..body_start).unwrap_or_default();
        let headers = fields(block, crlf, limits, notes);
        let body = pristine.slice(body_start..pristine.bytes().len());
        let body = match crlf.then(|| crlf_to_lf(body.bytes())).flatten() {
            Some(converted) => Text::from(converted),
            None => body,
        };
        let body = body.with_few_blank_lines();
        Head { mbox_separator, crlf, pristine, body_start, headers, body }
    }
}

/// Does the first or the last line hold a CRLF? SpamAssassin looks at no other.
fn has_crlf(message: &[u8]) -> bool {
    let first = lines(message).next().unwrap_or_default();
    let before = message.len().saturating_sub(1);
    let last = memchr::memrchr(b'\n', message.get(..before).unwrap_or_default());
    let last = message.get(last.map_or(0, |at| at + 1)..).unwrap_or_default();
    first.ends_with(b"\r\n") || last.ends_with(b"\r\n")
}

/// How far the header block reaches.
struct Extent {
    /// Where the body begins.
    body: usize,
    /// Where the line ends that was looked at last.
    seen: usize,
    /// Did a blank line end the block?
    separator: bool,
}

impl Extent {
    fn find(message: &[u8], crlf: bool) -> Extent {
        let mut invalid = 0;
        let mut at = 0;
        for line in lines(message) {
            let seen = at + line.len();
            if line == b"\n" || (crlf && line == b"\r\n") {
                return Extent { body: seen, seen, separator: true };
            }
            if !matches!(line.first(), Some(b' ' | b'\t')) {
                invalid += usize::from(!begins_field(line));
                if line.starts_with(b"--") || invalid > INVALID_LINES {
                    return Extent { body: at, seen, separator: false };
                }
            }
            at = seen;
        }
        Extent { body: at, seen: at, separator: false }
    }
}

/// Is `line` the beginning of a field: a name, white space perhaps, a colon?
pub(super) fn begins_field(line: &[u8]) -> bool {
    let rest = line.iter().skip_while(|&&byte| is_name_byte(byte));
    let colon = rest.copied().find(|&byte| byte != b' ' && byte != b'\t');
    colon == Some(b':') && line.first().is_some_and(|&byte| is_name_byte(byte))
}

/// Is `line` the beginning of a field whose colon follows its name at once?
pub(super) fn begins_strict_field(line: &[u8]) -> bool {
    let name = line.iter().take_while(|&&byte| is_name_byte(byte)).count();
    name > 0 && line.get(name) == Some(&b':')
}

/// May `byte` stand in a field's name?
fn is_name_byte(byte: u8) -> bool {
    matches!(byte, b'!'..=b'9' | b';'..=b'~')
}

/// The message with CRLF at every line end of its header block (milters send LF where they
/// fold), and where its body begins then.
fn with_crlf(message: Text, extent: &Extent) -> (Text, usize) {
    let Some((block, rest)) = message.bytes().split_at_checked(extent.seen) else {
        return (message, extent.body);
    };
    let bare = |line: &&[u8]| line.ends_with(b"\n") && !line.ends_with(b"\r\n");
    if !lines(block).any(|line| bare(&line)) {
        return (message, extent.body);
    }
    let mut fixed = Vec::with_capacity(message.bytes().len() + 64);
    let (mut at, mut body) = (0, None);
    for line in lines(block) {
        if at == extent.body {
            body = Some(fixed.len());
        }
        at += line.len();
        match line.strip_suffix(b"\n").filter(|_| bare(&line)) {
            Some(text) => fixed.extend_from_slice(&[text, b"\r\n"].concat()),
            None => fixed.extend_from_slice(line),
        }
    }
    let body = body.unwrap_or(fixed.len());
    fixed.extend_from_slice(rest);
    (Text::from(fixed), body)
}

/// The fields of a header block. What has no colon is none.
fn fields(block: &[u8], crlf: bool, limits: &Limits, notes: &mut Notes) -> Headers {
    let mut headers = Headers::new();
    let mut field = 0..0;
    let ends = lines(block).map(<[u8]>::len).chain([0]);
    let mut at = 0;
    for length in ends {
        let folded = matches!(block.get(at), Some(b' ' | b'\t'));
        if !folded && !field.is_empty() {
            let text = block.get(field.clone()).unwrap_or_default();
            if let Some(read) = read_field(text, crlf, limits, notes)
                && !notes.keep(read, &mut headers, limits)
            {
                break;
            }
            field = at..at;
        }
        at += length;
        field.end = at;
    }
    headers
}

/// The field that `text` holds, cut where SpamAssassin cuts it.
fn read_field(text: &[u8], crlf: bool, limits: &Limits, notes: &mut Notes) -> Option<Field> {
    let (name, value) = text.split_at_checked(memchr::memchr(b':', text)?)?;
    let blanks = name.iter().rev().take_while(|&&byte| byte == b' ' || byte == b'\t').count();
    let name = name.get(..name.len() - blanks)?;
    let value = value.get(1..)?;
    let mut name = name.to_vec();
    let mut raw = crlf.then(|| crlf_to_lf(value)).flatten().unwrap_or_else(|| value.to_vec());
    for (text, length, limit) in [
        (&mut name, limits.header_name, Limit::HeaderName),
        (&mut raw, limits.header_value, Limit::HeaderValue),
    ] {
        if text.len() > length {
            text.truncate(length);
            notes.facts.truncated_header = true;
            notes.reached.note(limit);
        }
    }
    Some(Field { name, raw })
}

#[cfg(test)]
mod tests {
    use super::super::Facts;
    use super::*;

    fn parse(message: &[u8]) -> (Head, Facts) {
        let mut notes = Notes::default();
        let text = Text::from(message.to_vec());
        let head = Head::parse(text, &Limits::default(), &mut notes);
        (head, notes.facts)
    }

    fn names(head: &Head) -> Vec<String> {
        head.headers.iter().map(|f| String::from_utf8_lossy(&f.name).into_owned()).collect()
    }

    #[test]
    fn a_blank_line_ends_the_headers() {
        let (head, facts) = parse(b"A: 1\n 2\nB \t: 3\n\nbody\n");
        assert_eq!(names(&head), ["A", "B"]);
        assert_eq!(head.headers.last(b"a").unwrap().raw, b" 1\n 2\n");
        assert_eq!((head.body_start, head.body.bytes()), (16, &b"body\n"[..]));
        assert!(!facts.missing_head_body_separator);
    }

    #[test]
    fn the_fourth_invalid_line_and_a_boundary_begin_the_body() {
        let (head, facts) = parse(b"A: 1\nx\ny: z\nno field: 1\nz\nw\nbody\nB: 2\n");
        assert_eq!(names(&head), ["A", "y", "no field"]);
        assert!(facts.missing_head_body_separator);
        assert_eq!(head.body.bytes(), b"w\nbody\nB: 2\n");
        let (head, facts) = parse(b"A: 1\n--b\nB: 2\n");
        assert_eq!((names(&head).len(), head.body.bytes()), (1, &b"--b\nB: 2\n"[..]));
        assert!(facts.missing_head_body_separator);
    }

    #[test]
    fn a_message_may_be_nothing_but_headers() {
        let (head, facts) = parse(b"A: 1\nB: 2");
        assert_eq!(names(&head), ["A", "B"]);
        assert_eq!((head.pristine.bytes(), head.body_start), (&b"A: 1\nB: 2"[..], 9));
        assert!(facts.missing_head_body_separator);
        let (head, facts) = parse(b"");
        assert_eq!((head.pristine.bytes(), head.headers.len()), (&b"\n"[..], 0));
        assert!(!facts.missing_head_body_separator);
        let (head, _) = parse(b" folded\nA: 1\n\n");
        assert_eq!(names(&head), ["A"]);
    }

    #[test]
    fn crlf_counts_if_the_first_or_last_line_has_it() {
        let (head, _) = parse(b"A: 1\r\n 2\nB: 3\n\r\nx\r\ny\n");
        assert_eq!(head.pristine.bytes(), b"A: 1\r\n 2\r\nB: 3\r\n\r\nx\r\ny\n");
        assert_eq!(head.headers.last(b"a").unwrap().raw, b" 1\n 2\n");
        assert_eq!(head.body.bytes(), b"x\ny\n");
        assert_eq!(head.pristine.bytes().get(head.body_start..).unwrap(), b"x\r\ny\n");
        let (head, facts) = parse(b"A: 1\nB: 3\r\n\r\nx\r\ny\n");
        assert_eq!(names(&head), ["A", "B"]);
        assert!(!head.crlf && facts.missing_head_body_separator);
        let (head, _) = parse(b"A: 1\n--b\ny\r\n");
        assert_eq!(head.pristine.bytes(), b"A: 1\r\n--b\r\ny\r\n");
        assert_eq!((head.body_start, head.body.bytes()), (6, &b"--b\ny\n"[..]));
    }

    #[test]
    fn limit_header_name_and_header_value() {
        for (name, value, cut) in [(256, 8192, false), (257, 1, true), (1, 8193, true)] {
            let message = format!("{}:{}\n\n", "n".repeat(name), "v".repeat(value - 1));
            let (head, facts) = parse(message.as_bytes());
            let field = head.headers.iter().next().unwrap();
            assert_eq!(facts.truncated_header, cut);
            assert_eq!((field.name.len(), field.raw.len()), (name.min(256), value.min(8192)));
        }
    }

    #[test]
    fn limit_headers() {
        let limits = Limits { headers: 3, ..Limits::default() };
        for (count, kept, reached) in [(2, 2, false), (3, 3, false), (4, 3, true)] {
            let mut notes = Notes::default();
            let text = Text::from("A: 1\n".repeat(count).into_bytes());
            let head = Head::parse(text, &limits, &mut notes);
            let noted = notes.reached.has(Limit::Headers);
            assert_eq!((head.headers.len(), noted), (kept, reached));
        }
    }
}
