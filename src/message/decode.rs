//! Transfer encodings undone: quoted-printable and base64 (RFC 2045), nothing else.
//!
//! Both read anything and never fail, in SpamAssassin's way (Util.pm `qp_decode`,
//! `base64_decode`). uuencode and yEnc stay text, as they do there.

use crate::text::ascii::{base64_sextet, is_space};

/// Quoted-printable undone. White space before a line end goes, `=` at a line end joins
/// lines, `=` without two hex digits stays.
pub fn quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut escape = Escape::default();
    let mut rest = text;
    loop {
        if escape.pending.is_none() {
            rest = plain_run(rest, &mut out);
        }
        let Some((&byte, after)) = rest.split_first() else { break };
        let blanks = match byte {
            b' ' | b'\t' | b'=' => after.iter().take_while(|&&b| b == b' ' || b == b'\t').count(),
            _ => 0,
        };
        rest = after.get(blanks..).unwrap_or_default();
        let line_end = line_end(rest);
        match byte {
            b'=' if line_end > 0 => rest = rest.get(line_end..).unwrap_or_default(),
            b'=' => {
                escape.feed(b'=', &mut out);
                rest = after;
            }
            b' ' | b'\t' => {
                if line_end == 0 {
                    let run = text.len() - after.len() - 1..text.len() - rest.len();
                    for &blank in text.get(run).unwrap_or_default() {
                        escape.feed(blank, &mut out);
                    }
                }
            }
            _ => escape.feed(byte, &mut out),
        }
    }
    escape.finish(&mut out);
    out
}

/// Writes what stands before the first `=`, less white space at line ends; gives the rest.
fn plain_run<'t>(text: &'t [u8], out: &mut Vec<u8>) -> &'t [u8] {
    let (run, rest) = text.split_at(memchr::memchr(b'=', text).unwrap_or(text.len()));
    for line in run.split_inclusive(|&byte| byte == b'\n') {
        let ending = match line {
            [.., b'\r', b'\n'] => 2,
            [.., b'\n'] => 1,
            _ => 0,
        };
        let (line, ending) = line.split_at(line.len() - ending);
        let blanks = match ending {
            b"" => 0,
            _ => line.iter().rev().take_while(|&&b| b == b' ' || b == b'\t').count(),
        };
        out.extend_from_slice(line.get(..line.len() - blanks).unwrap_or_default());
        out.extend_from_slice(ending);
    }
    rest
}

/// The length of the line end that `text` begins with: LF, CRLF or none.
fn line_end(text: &[u8]) -> usize {
    match text {
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        _ => 0,
    }
}

/// `=XY`, collected byte by byte: soft line breaks may lie inside of it.
#[derive(Default)]
struct Escape {
    pending: Option<Option<u8>>,
}

impl Escape {
    fn feed(&mut self, byte: u8, out: &mut Vec<u8>) {
        match (self.pending.take(), byte) {
            (Some(None), digit) if digit.is_ascii_hexdigit() => self.pending = Some(Some(digit)),
            (Some(Some(high)), low) if low.is_ascii_hexdigit() => {
                out.push(nibble(high) << 4 | nibble(low));
            }
            (before, byte) => {
                self.pending = before;
                self.finish(out);
                match byte {
                    b'=' => self.pending = Some(None),
                    _ => out.push(byte),
                }
            }
        }
    }

    /// Writes what was no escape after all.
    fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(digit) = self.pending.take() {
            out.push(b'=');
            out.extend(digit);
        }
    }
}

/// The value of a hex digit.
fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20).wrapping_sub(b'a' - 10) & 15,
    }
}

/// Base64 undone. What is no base64 is skipped.
///
/// `=` inside of the text is what SpamAssassin makes of it: six zero bits in a text that is
/// otherwise well formed, else six one bits.
pub fn base64(text: &[u8]) -> Vec<u8> {
    let dense: Vec<u8> = text.iter().copied().filter(|&byte| !is_space(byte)).collect();
    let clean = dense.len().is_multiple_of(4)
        && dense.iter().all(|&b| b == b'=' || base64_sextet(b).is_some());
    let filler = if clean { 0 } else { 63 };
    let padding = match clean {
        true => dense.iter().rev().take_while(|&&byte| byte == b'=').count(),
        // Bytes outside of the alphabet may stand among the padding here.
        false => {
            dense.iter().rev().take_while(|&&b| b == b'=' || base64_sextet(b).is_none()).count()
        }
    };
    let body = dense.get(..dense.len() - padding).unwrap_or_default();
    let mut sextets = body.iter().filter_map(|&byte| match byte {
        b'=' => Some(filler),
        _ => base64_sextet(byte),
    });
    let mut out = Vec::with_capacity(body.len() / 4 * 3 + 2);
    while let Some(first) = sextets.next() {
        let Some(second) = sextets.next() else { break };
        out.push(first << 2 | second >> 4);
        let Some(third) = sextets.next() else { break };
        out.push(second << 4 | third >> 2);
        let Some(fourth) = sextets.next() else { break };
        out.push(third << 6 | fourth);
    }
    out
}

/// `text` with every CRLF as LF; `None` where there is none.
pub fn crlf_to_lf(text: &[u8]) -> Option<Vec<u8>> {
    let mut breaks = memchr::memmem::find_iter(text, b"\r\n").peekable();
    breaks.peek()?;
    let mut out = Vec::with_capacity(text.len());
    let mut start = 0;
    for at in breaks {
        out.extend_from_slice(text.get(start..at).unwrap_or_default());
        start = at + 1;
    }
    out.extend_from_slice(text.get(start..).unwrap_or_default());
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quoted_printable_is_read_leniently() {
        let cases: [(&[u8], &[u8]); 10] = [
            (b"a=3Db=3d", b"a=b="),
            (b"one =\ntwo=  \r\nthree", b"one twothree"),
            (b"blank \t\nend \r\n tail ", b"blank\nend\r\n tail "),
            (b"=3=\nD", b"="),
            (b"=\n=41", b"A"),
            (b"=zz=4", b"=zz=4"),
            (b"==41=", b"=A="),
            (b"=4=41", b"=4A"),
            (b"= x", b"= x"),
            (b"= \nx", b"x"),
        ];
        for (text, expected) in cases {
            assert_eq!(quoted_printable(text), expected, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn base64_is_read_leniently() {
        let cases: [(&[u8], &[u8]); 9] = [
            (b"aGVs\nbG8=", b"hello"),
            (b"aGVsbG8", b"hello"),
            (b"aGV*sbG8=", b"hello"),
            (b"aGVsb", b"hel"),
            (b"aA==aGVs", b"h\0\0hel"),
            (b"aA==aGVs*", b"h\x0f\xffhel"),
            (b"a", b""),
            (b"====", b""),
            (b"", b""),
        ];
        for (text, expected) in cases {
            assert_eq!(base64(text), expected, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn only_crlf_becomes_lf() {
        assert_eq!(crlf_to_lf(b"a\nb\r"), None);
        assert_eq!(crlf_to_lf(b"a\r\nb\r\r\n\rc"), Some(b"a\nb\r\n\rc".to_vec()));
    }

    proptest! {
        #[test]
        fn decoders_take_anything(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(quoted_printable(&text).len() <= text.len());
            prop_assert!(base64(&text).len() <= text.len());
        }

        #[test]
        fn plain_text_is_its_own_quoted_printable(text in "[a-z \n]*[a-z]") {
            let lines: Vec<_> = text.split('\n').map(str::trim_end).collect();
            prop_assert_eq!(quoted_printable(text.as_bytes()), lines.join("\n").into_bytes());
        }
    }
}
