//! The plain views: `body` as paragraphs, `rawbody` as chunks.
//!
//! In: the texts of the leaves; for `body` rendered and in UTF-8, for `rawbody` with nothing
//! but their transfer encoding undone. Out: pieces that no match crosses. Sizes are those of
//! Mail::SpamAssassin::Conf, `body_part_scan_size` and `rawbody_part_scan_size`.

use super::{Message, Part};
use crate::text::ascii::is_space;
use crate::text::charset::{Trust, to_utf8};
use crate::text::pieces::Pieces;
use std::borrow::Cow;

/// A paragraph over this is cut; a chunk holds one to two times as much (Constants.pm).
const LINE: usize = 2048;
/// How far after the scan size a good place to cut is looked for.
const REACH: usize = 1024;

/// The decoded content of `part` as text, and whether it was decoded to characters.
///
/// With `normalize` (`normalize_charset`) it is UTF-8 whatever it was; without, only what
/// claims to be ASCII or UTF-8, and is, counts as decoded.
pub fn text(part: &Part, normalize: bool) -> (Cow<'_, [u8]>, bool) {
    let bytes = part.decoded();
    let charset = part.charset();
    if normalize {
        return to_utf8(bytes, charset, Trust::Hint);
    }
    let is_utf8 = charset.is_none_or(|charset| {
        charset.eq_ignore_ascii_case(b"us-ascii") || charset.eq_ignore_ascii_case(b"utf-8")
    });
    let decoded = is_utf8 && !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok();
    (Cow::Borrowed(bytes), decoded)
}

/// The `body` view: one piece a paragraph, white space squeezed.
///
/// `subject` is the last Subject field, decoded, with a newline; `"\n"` without one, empty
/// for the view of invisible text. `texts` are the rendered texts of all leaves (empty for
/// a leaf that shows nothing) with whether they are characters. No leaves, no pieces. A text
/// over `scan_size` characters is cut; 0 means never.
pub fn paragraphs<'a>(
    subject: &[u8],
    texts: impl Iterator<Item = (&'a [u8], bool)>,
    scan_size: usize,
) -> Pieces {
    let texts: Vec<_> = texts.collect();
    if texts.is_empty() {
        return Pieces::new();
    }
    let unicode = texts.iter().any(|(_, decoded)| *decoded);
    let mut joined = Vec::new();
    for (text, decoded) in texts {
        if !joined.is_empty() {
            joined.push(b'\n');
        }
        let text = scanned(text, decoded, scan_size, b"\n ");
        match unicode && !decoded {
            true => push_latin1(text, &mut joined),
            false => joined.extend_from_slice(text),
        }
    }
    let mut view = subject.to_vec();
    squeeze(&joined, unicode, &mut view);
    view.split_inclusive(|&byte| byte == b'\n').fold(Pieces::new(), push_line)
}

/// The `rawbody` view: the decoded text of text and message leaves, in chunks.
///
/// Of a text over `scan_size` bytes, the first `scan_size` and what belongs to the line (or
/// tag, or word) there is seen; 0 means all of it.
pub fn chunks(message: &Message, scan_size: usize) -> Pieces {
    let is_seen = |part: &&Part| {
        super::part::is_text_or_message(part.effective_type())
            && part.content_type() != b"text/calendar"
    };
    let texts = message.leaves().filter(is_seen).map(Part::decoded);
    texts.fold(Pieces::new(), |pieces, text| {
        push_chunks(pieces, scanned(text, false, scan_size, b"\n> "))
    })
}

/// The beginning of `text`, `size` bytes or characters and up to 1024 more: up to the first
/// of `stops` that comes in reach, tried in order.
fn scanned<'a>(text: &'a [u8], characters: bool, size: usize, stops: &[u8]) -> &'a [u8] {
    let (start, window) = match characters {
        true => {
            let start = nth_character(text, size);
            let rest = text.get(start..).unwrap_or_default();
            (start, rest.get(..nth_character(rest, REACH + 1)).unwrap_or_default())
        }
        false => {
            let end = text.len().min(size.saturating_add(REACH + 1));
            (size, text.get(size..end).unwrap_or_default())
        }
    };
    if size == 0 || start >= text.len() {
        return text;
    }
    let stop = stops.iter().find_map(|&stop| memchr::memchr(stop, window));
    text.get(..stop.map_or(start, |at| start + at + 1)).unwrap_or_default()
}

/// Where character number `count` of UTF-8 text begins; its end if there are fewer.
fn nth_character(text: &[u8], count: usize) -> usize {
    let starts = text.iter().enumerate().filter(|(_, byte)| **byte & 0xC0 != 0x80);
    starts.map(|(at, _)| at).nth(count).unwrap_or(text.len())
}

/// Writes `text`, of which each byte is a Latin-1 character, as UTF-8.
fn push_latin1(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        out.extend_from_slice(char::from(byte).encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// Writes `text` to `out` with each run of white space as one space; from the first to the
/// last newline of a run, if these are two, as one newline. NUL becomes a newline, too.
fn squeeze(text: &[u8], unicode: bool, out: &mut Vec<u8>) {
    out.reserve(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        if space(rest, unicode) == 0 {
            out.push(if byte == 0 { b'\n' } else { byte });
            rest = after;
            continue;
        }
        let mut run = 0;
        let mut length = space(rest, unicode);
        while length > 0 {
            run += length;
            length = rest.get(run..).map_or(0, |rest| space(rest, unicode));
        }
        let (blanks, after) = rest.split_at_checked(run).unwrap_or_default();
        push_blanks(blanks, out);
        rest = after;
    }
}

/// Writes what is left of a run of white space.
fn push_blanks(blanks: &[u8], out: &mut Vec<u8>) {
    let (first, last) = (memchr::memchr(b'\n', blanks), memchr::memrchr(b'\n', blanks));
    match (first, last) {
        (Some(first), Some(last)) if first < last => {
            out.extend_from_slice(if first > 0 { b" \n" } else { b"\n" });
            if last + 1 < blanks.len() {
                out.push(b' ');
            }
        }
        _ => out.push(b' '),
    }
}

/// How many bytes the white space takes that `text` begins with; 0 if it begins with none.
pub fn space(text: &[u8], unicode: bool) -> usize {
    match text {
        [byte, ..] if is_space(*byte) => 1,
        _ if !unicode => 0,
        [0xC2, 0x85 | 0xA0, ..] => 2,
        [0xE1, 0x9A, 0x80, ..]
        | [0xE2, 0x80, 0x80..=0x8A | 0xA8 | 0xA9 | 0xAF, ..]
        | [0xE2, 0x81, 0x9F, ..]
        | [0xE3, 0x80, 0x80, ..] => 3,
        _ => 0,
    }
}

/// Adds a paragraph, cut after the last space of each 2048 bytes, or there.
fn push_line(mut pieces: Pieces, mut line: &[u8]) -> Pieces {
    while line.len() > LINE {
        let space = memchr::memrchr(b' ', line.get(..=LINE).unwrap_or_default());
        let length = space.map_or(LINE, |at| at + 1);
        let Some((piece, rest)) = line.split_at_checked(length) else { break };
        pieces.push(piece);
        line = rest;
    }
    pieces.push(line);
    pieces
}

/// Adds a text in chunks; an empty one is an empty chunk.
fn push_chunks(mut pieces: Pieces, text: &[u8]) -> Pieces {
    if text.is_empty() {
        pieces.push(text);
    }
    short_paragraphs(text, false).for_each(|chunk| pieces.push(chunk));
    pieces
}

/// A text in chunks of 2048 to 4096 bytes (characters, if it is one of `characters`), cut at a
/// newline, else a `>`, else a space; the last one is as short as what is left.
pub fn short_paragraphs(text: &[u8], characters: bool) -> impl Iterator<Item = &[u8]> {
    let place = move |text: &[u8], count: usize| match characters {
        true => nth_character(text, count),
        false => count.min(text.len()),
    };
    let mut rest = text;
    std::iter::from_fn(move || {
        let most = place(rest, 2 * LINE);
        let length = match most < rest.len() {
            true => {
                let least = place(rest, LINE);
                let window = rest.get(least..most).unwrap_or_default();
                let stop = b"\n> ".iter().find_map(|&stop| memchr::memchr(stop, window));
                stop.map_or_else(|| place(rest, LINE + 1), |stop| least + stop + 1)
            }
            false => rest.len(),
        };
        let (chunk, after) = rest.split_at_checked(length)?;
        rest = after;
        (length > 0).then_some(chunk)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use proptest::prelude::*;

    fn body(subject: &str, texts: &[(&str, bool)]) -> Vec<String> {
        let texts = texts.iter().map(|(text, decoded)| (text.as_bytes(), *decoded));
        let pieces = paragraphs(subject.as_bytes(), texts, 50_000);
        pieces.iter().map(|piece| String::from_utf8_lossy(piece).into_owned()).collect()
    }

    #[test]
    fn paragraphs_are_split_and_squeezed() {
        let cases: [(&str, &[&str]); 6] = [
            ("a\nb\n\nc  d\n", &["S\n", "a b\n", "c d "]),
            ("a \n\t\n b", &["S\n", "a \n", " b"]),
            ("a\n\n", &["S\n", "a\n"]),
            ("a\0b", &["S\n", "a\n", "b"]),
            ("", &["S\n"]),
            ("\n\na", &["S\n", "\n", "a"]),
        ];
        for (text, expected) in cases {
            assert_eq!(body("S\n", &[(text, false)]), expected, "{text:?}");
        }
    }

    #[test]
    fn decoded_text_knows_unicode_white_space() {
        assert_eq!(body("\n", &[("a\u{a0}\u{2003} b\u{200b}c", true)]), ["\n", "a b\u{200b}c"]);
        assert_eq!(body("\n", &[("a\u{a0}b", false)]), ["\n", "a\u{a0}b"]);
        assert_eq!(body("\n", &[("x", true), ("a\u{a0}b", false)]), ["\n", "x a\u{c2} b"]);
    }

    #[test]
    fn parts_are_lines_and_no_parts_are_nothing() {
        assert_eq!(body("S\n", &[("a", false), ("", false), ("b", false)]), ["S\n", "a\n", "b"]);
        assert_eq!(body("S\n", &[("", false), ("b", false)]), ["S\n", "b"]);
        assert_eq!(body("S\n", &[]), [""; 0]);
        assert_eq!(body("", &[("a", false)]), ["a"]);
    }

    #[test]
    fn long_paragraphs_are_cut_at_spaces() {
        let lengths =
            |text: &str| body("", &[(text, false)]).iter().map(String::len).collect::<Vec<_>>();
        assert_eq!(lengths(&"x".repeat(2048)), [2048]);
        assert_eq!(lengths(&"x".repeat(2049)), [2048, 1]);
        assert_eq!(lengths(&format!("{} {}", "x".repeat(2048), "y")), [2049, 1]);
        assert_eq!(lengths(&format!("{} {}", "x".repeat(99), "y".repeat(3000))), [100, 2048, 952]);
    }

    #[test]
    fn texts_are_cut_near_the_scan_size() {
        let cut = |text: &str, decoded| scanned(text.as_bytes(), decoded, 10, b"\n> ").len();
        assert_eq!((cut("0123456789", false), cut("01234567890", false)), (10, 10));
        assert_eq!(cut("01234567890 x\ny", false), 14);
        assert_eq!(cut("01234567890 x>y", false), 14);
        assert_eq!(cut("01234567890 xy", false), 12);
        assert_eq!(cut(&format!("0123456789{} ", "x".repeat(1024)), false), 1035);
        assert_eq!(cut(&format!("0123456789{} ", "x".repeat(1025)), false), 10);
        assert_eq!(cut(&format!("{}\n ", "\u{e4}".repeat(12)), true), 25);
        assert_eq!(cut(&"\u{e4}".repeat(10), true), 20);
        assert_eq!(scanned(b"abc", false, 0, b"\n").len(), 3);
        assert_eq!(scanned(b"abc", false, usize::MAX, b"\n").len(), 3);
    }

    #[test]
    fn raw_text_is_cut_into_chunks() {
        let chunk = |text: String| push_chunks(Pieces::new(), text.as_bytes()).ends().to_vec();
        assert_eq!(chunk(String::new()), [0]);
        assert_eq!(chunk("x".repeat(4096)), [4096]);
        assert_eq!(chunk("x".repeat(4097)), [2049, 4097]);
        assert_eq!(
            chunk(format!("{}>{}\n{}", "x".repeat(2100), "x".repeat(1994), "x".repeat(9))),
            [4096, 4105]
        );
        assert_eq!(chunk(format!("{}>{}\n", "x".repeat(2100), "x".repeat(1995))), [2101, 4097]);
    }

    #[test]
    fn rawbody_holds_text_and_message_leaves() {
        let raw = concat!(
            "Content-Type: multipart/mixed; boundary=a\n\n",
            "--a\n\none\n--a\nContent-Type: image/gif\n\ngif\n",
            "--a\nContent-Type: text/calendar\n\ncal\n--a\nContent-Type: message/partial\n\nmsg\n",
            "--a\nContent-Type: image/gif; name=x.htm\n\nhtm\n--a--\n",
        );
        let message = Message::parse(raw.as_bytes().to_vec(), &Limits::default());
        let pieces = chunks(&message, 500_000);
        assert_eq!(pieces.iter().collect::<Vec<_>>(), [b"one", b"msg", b"htm"]);
    }

    proptest! {
        #[test]
        fn no_text_is_lost(text in "[a \n\0\u{a0}\u{2028}]{0,5000}", decoded: bool) {
            let pieces = paragraphs(b"", [(text.as_bytes(), decoded)].into_iter(), 0);
            let letters = |text: &[u8]| text.iter().filter(|&&byte| byte == b'a').count();
            prop_assert_eq!(letters(pieces.text()), letters(text.as_bytes()));
            prop_assert!(pieces.iter().all(|piece| piece.len() <= 2049));
            let chunks = push_chunks(Pieces::new(), text.as_bytes());
            prop_assert_eq!(chunks.text(), text.as_bytes());
        }
    }
}
