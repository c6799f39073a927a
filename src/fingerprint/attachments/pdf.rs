//! PDF as far as fingerprints need it: its streams, the text that is shown, where it leads.
//!
//! In: the bytes of a file. Out: [`Pdf`]. No cross-reference table is trusted: objects are
//! found by looking for `obj`, streams by `stream` and `endstream`, so that damaged files are
//! read as viewers read them. Streams packed with Flate are unpacked, those of object streams
//! (ISO 32000-1 section 7.5.7) searched for links and fonts; others (encrypted, LZW, images)
//! stay as they are. Text is what `Tj`, `TJ`, `'` and `"` show between `BT` and `ET`; codes of
//! fonts with a ToUnicode map are translated by it (by the name of the font, document-wide),
//! those of others are taken for Latin-1.
//! Limits: `document_streams`, `document_text`, `archive_bytes`, `archive_ratio`.

use super::unpack::Budget;
use crate::limits::{Limit, Limits};
use memchr::memmem;
use std::borrow::Cow;
use std::collections::HashMap;

/// What of a PDF is fingerprinted.
#[derive(Debug, Default)]
pub(super) struct Pdf<'b> {
    /// The text it shows, and where it leads.
    pub text: String,
    /// Targets of its links.
    pub urls: Vec<String>,
    /// JPEG images in it.
    pub pictures: Vec<&'b [u8]>,
    /// The unpacked streams that make up its pages: what is drawn.
    pub streams: Vec<Vec<u8>>,
}

/// A stream with the dictionary before it.
struct Stream<'b> {
    dictionary: Cow<'b, [u8]>,
    /// The number of its object.
    number: Option<u32>,
    raw: &'b [u8],
}

/// What codes of a font mean.
#[derive(Default)]
struct Map {
    /// Bytes of a code.
    width: usize,
    meaning: HashMap<u32, String>,
}

/// The longest dictionary that is looked at, backwards from its stream.
const DICTIONARY: usize = 4096;

/// Reads the PDF `bytes`.
pub(super) fn read<'b>(bytes: &'b [u8], limits: &Limits, budget: &mut Budget) -> Pdf<'b> {
    let mut pdf = Pdf::default();
    let mut maps: HashMap<u32, Map> = HashMap::new();
    let mut fonts: HashMap<Vec<u8>, u32> = HashMap::new();
    let mut unicode: HashMap<u32, u32> = HashMap::new();
    let mut contents = Vec::new();
    note_objects(bytes, &mut fonts, &mut unicode, &mut pdf.urls);
    for (count, stream) in streams(bytes).enumerate() {
        if count >= limits.document_streams {
            budget.reached.note(Limit::DocumentStreams);
            break;
        }
        let has = |word: &[u8]| memmem::find(&stream.dictionary, word).is_some();
        if has(b"/DCTDecode") && !has(b"/FlateDecode") {
            pdf.pictures.push(stream.raw);
            continue;
        }
        // Fonts, colour profiles and tables are those of the program that wrote it.
        let dull = [
            &b"/XRef"[..],
            b"/Length1",
            b"/Type1C",
            b"/OpenType",
            b"/CIDFontType0C",
            b"/Metadata",
            b"/Alternate",
            b"/DCTDecode",
            b"/JPXDecode",
        ];
        if dull.iter().any(|word| has(word)) {
            continue;
        }
        let unpacked = match has(b"/FlateDecode") || has(b"/Fl ") {
            true => budget.inflate(stream.raw),
            false if has(b"/Filter") => continue,
            false => stream.raw.to_vec(),
        };
        if has(b"/ObjStm") {
            note_objects(&unpacked, &mut fonts, &mut unicode, &mut pdf.urls);
            note_packed_objects(&unpacked, &stream.dictionary, &mut unicode);
        } else if memmem::find(&unpacked, b"begincmap").is_some() {
            maps.extend(stream.number.map(|number| (number, Map::read(&unpacked))));
        } else {
            contents.push(unpacked);
        }
    }
    let by_name: HashMap<&[u8], &Map> = fonts
        .iter()
        .filter_map(|(name, font)| Some((name.as_slice(), maps.get(unicode.get(font)?)?)))
        .collect();
    for content in &contents {
        if pdf.text.len() < limits.document_text {
            show(content, &by_name, &mut pdf.text, limits.document_text);
        } else {
            budget.reached.note(Limit::DocumentText);
            break;
        }
    }
    pdf.streams = contents;
    pdf
}

/// The streams of a file, in order.
fn streams(bytes: &[u8]) -> impl Iterator<Item = Stream<'_>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let at = from + memmem::find(bytes.get(from..)?, b"stream")?;
            from = at + 6;
            if bytes.get(..at)?.ends_with(b"end") {
                continue;
            }
            let body = match bytes.get(from..)? {
                [b'\r', b'\n', ..] => from + 2,
                [b'\r' | b'\n', ..] => from + 1,
                _ => continue,
            };
            let length = memmem::find(bytes.get(body..)?, b"endstream");
            let end = length.map_or(bytes.len(), |length| body + length);
            from = end;
            let before = bytes.get(at.saturating_sub(DICTIONARY)..at)?;
            let start = memmem::rfind(before, b" obj").unwrap_or(0);
            let number = number_before(before.get(..start).unwrap_or_default());
            let dictionary = Cow::Borrowed(before.get(start..).unwrap_or_default());
            return Some(Stream { dictionary, number, raw: bytes.get(body..end)? });
        }
    })
}

/// The object's number before ` 0 obj`: `12` of `…12 0`.
fn number_before(text: &[u8]) -> Option<u32> {
    let mut words = text.rsplit(|b| !b.is_ascii_digit()).filter(|word| !word.is_empty());
    let (_generation, number) = (words.next()?, words.next()?);
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// The digits that `text` begins with, after blanks, and what follows them.
fn number_at(text: &[u8]) -> Option<(u32, &[u8])> {
    let text = text.trim_ascii_start();
    let digits = text.iter().take(10).take_while(|b| b.is_ascii_digit()).count();
    let (number, rest) = text.split_at_checked(digits)?;
    Some((std::str::from_utf8(number).ok()?.parse().ok()?, rest))
}

/// Names that refer to objects (`/F1 12 0 R`), fonts' maps, links, wherever they stand.
fn note_objects(
    bytes: &[u8],
    fonts: &mut HashMap<Vec<u8>, u32>,
    unicode: &mut HashMap<u32, u32>,
    urls: &mut Vec<String>,
) {
    const MOST: usize = 4096;
    for at in memmem::find_iter(bytes, b"/URI").take(MOST) {
        let tail = bytes.get(at + 4..).unwrap_or_default().trim_ascii_start();
        if tail.first() == Some(&b'(') && urls.len() < 64 {
            let mut url = Vec::new();
            literal(tail, &mut url);
            urls.push(String::from_utf8_lossy(&url).into_owned());
        }
    }
    for at in memmem::find_iter(bytes, b"/ToUnicode").take(MOST) {
        let map = number_at(bytes.get(at + 10..).unwrap_or_default());
        let before = bytes.get(at.saturating_sub(DICTIONARY)..at).unwrap_or_default();
        let own = memmem::rfind(before, b" obj").and_then(|end| number_before(before.get(..end)?));
        if let (Some((map, _)), Some(own)) = (map, own) {
            unicode.insert(own, map);
        }
    }
    for at in memmem::find_iter(bytes, b" R").take(16 * MOST) {
        let before = bytes.get(at.saturating_sub(48)..at).unwrap_or_default();
        let Some(slash) = memchr::memrchr(b'/', before) else { continue };
        let name = before.get(slash + 1..).unwrap_or_default();
        let length = name.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let Some((name, rest)) = name.split_at_checked(length) else { continue };
        let font = number_at(rest).filter(|(_, rest)| rest.trim_ascii().len() <= 5);
        if let Some((number, _)) = font.filter(|_| !name.is_empty() && fonts.len() < MOST) {
            fonts.entry(name.to_vec()).or_insert(number);
        }
    }
}

/// Fonts in an object stream: it begins with pairs of object number and place.
fn note_packed_objects(bytes: &[u8], dictionary: &[u8], unicode: &mut HashMap<u32, u32>) {
    let key = |name: &[u8]| {
        let at = memmem::find(dictionary, name)?;
        number_at(dictionary.get(at + name.len()..)?).map(|(number, _)| number as usize)
    };
    let (Some(first), Some(count)) = (key(b"/First"), key(b"/N ").or(key(b"/N"))) else { return };
    let mut rest = bytes;
    let mut starts = Vec::new();
    for _ in 0..count.min(4096) {
        let Some((number, after)) = number_at(rest) else { break };
        let Some((place, after)) = number_at(after) else { break };
        starts.push((number, first.saturating_add(place as usize)));
        rest = after;
    }
    for (at, (number, start)) in starts.iter().enumerate() {
        let end = starts.get(at + 1).map_or(bytes.len(), |next| next.1);
        let object = bytes.get(*start..end.min(bytes.len())).unwrap_or_default();
        let map = memmem::find(object, b"/ToUnicode");
        let map = map.and_then(|at| number_at(object.get(at + 10..)?));
        unicode.extend(map.map(|(map, _)| (*number, map)));
    }
}

impl Map {
    /// Reads `bfchar` and `bfrange` of a CMap.
    fn read(text: &[u8]) -> Map {
        const MOST: u32 = 65_536;
        let mut map = Map { width: 1, ..Map::default() };
        let mut tokens = hex_tokens(text).peekable();
        let mut codes = 0;
        while let Some(token) = tokens.next() {
            let Token::Word(word) = token else { continue };
            let range = match word {
                b"beginbfchar" => false,
                b"beginbfrange" => true,
                _ => continue,
            };
            while let Some(Token::Hex(code)) =
                tokens.next_if(|token| matches!(token, Token::Hex(_)))
            {
                map.width = map.width.max(code.len());
                let first = value(&code);
                let last = match range.then(|| tokens.next()) {
                    Some(Some(Token::Hex(last))) => value(&last),
                    _ => first,
                };
                match tokens.next() {
                    Some(Token::Hex(to)) => {
                        for (step, code) in (first..=last).take(256).enumerate() {
                            codes += 1;
                            if codes <= MOST {
                                map.meaning.insert(code, utf16(&to, step));
                            }
                        }
                    }
                    // A list of meanings, one for each code.
                    Some(Token::Word(_)) => {
                        for code in first..=last {
                            let Some(Token::Hex(to)) =
                                tokens.next_if(|token| matches!(token, Token::Hex(_)))
                            else {
                                break;
                            };
                            codes += 1;
                            if codes <= MOST {
                                map.meaning.insert(code, utf16(&to, 0));
                            }
                        }
                        tokens.next_if(|token| matches!(token, Token::Word(b"]")));
                    }
                    None => break,
                }
            }
        }
        map
    }

    fn translate(&self, codes: &[u8], out: &mut String) {
        for code in codes.chunks(self.width.clamp(1, 4)) {
            if let Some(meaning) = self.meaning.get(&value(code)) {
                out.push_str(meaning);
            }
        }
    }
}

/// Words and hexadecimal strings of a CMap.
enum Token<'t> {
    Hex(Vec<u8>),
    Word(&'t [u8]),
}

fn hex_tokens(text: &[u8]) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_ascii_start();
        let token = match rest.first()? {
            b'<' => {
                let end = memchr::memchr(b'>', rest).unwrap_or(rest.len());
                let (hex, after) = rest.split_at_checked(end)?;
                rest = after.get(1..).unwrap_or_default();
                Token::Hex(unhex(hex))
            }
            b'[' | b']' | b'>' => {
                let (word, after) = rest.split_at_checked(1)?;
                rest = after;
                Token::Word(word)
            }
            _ => {
                let ends =
                    |b: &u8| b.is_ascii_whitespace() || matches!(b, b'<' | b'[' | b']' | b'>');
                let end = rest.iter().position(ends).unwrap_or(rest.len());
                let (word, after) = rest.split_at_checked(end)?;
                rest = after;
                Token::Word(word)
            }
        };
        Some(token)
    })
}

fn unhex(text: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> =
        text.iter().filter_map(|&b| char::from(b).to_digit(16)).map(|digit| digit as u8).collect();
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => high << 4 | low,
            [high] => high << 4,
            _ => 0,
        })
        .collect()
}

/// A number of at most four bytes, the greatest first.
fn value(bytes: &[u8]) -> u32 {
    bytes.iter().rev().take(4).rev().fold(0, |value, &byte| value << 8 | u32::from(byte))
}

/// UTF-16, the greatest byte first; the last unit moved by `step`.
fn utf16(bytes: &[u8], step: usize) -> String {
    let pairs = bytes.as_chunks::<2>().0;
    let mut units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
    if let Some(last) = units.last_mut() {
        *last = last.wrapping_add(step as u16);
    }
    String::from_utf16_lossy(&units)
}

/// Adds the text that a content stream shows.
fn show(content: &[u8], fonts: &HashMap<&[u8], &Map>, out: &mut String, most: usize) {
    let mut font: Option<&Map> = None;
    let mut name: &[u8] = b"";
    let mut rest = content;
    let mut shown = Vec::new();
    let mut inside = false;
    while out.len() < most {
        rest = rest.trim_ascii_start();
        let Some(&first) = rest.first() else { break };
        match first {
            b'(' => {
                let length = literal(rest, &mut shown);
                rest = rest.get(length..).unwrap_or_default();
            }
            b'<' if rest.get(1) != Some(&b'<') => {
                let end = memchr::memchr(b'>', rest).unwrap_or(rest.len());
                shown.extend(unhex(rest.get(..end).unwrap_or_default()));
                rest = rest.get(end + 1..).unwrap_or_default();
            }
            b'[' | b']' | b'<' | b'>' | b'{' | b'}' | b')' => {
                rest = rest.get(1..).unwrap_or_default()
            }
            b'%' => {
                let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                rest = rest.get(end..).unwrap_or_default();
            }
            _ => {
                let ends = |b: &u8| b.is_ascii_whitespace() || b"()<>[]{}/%".contains(b);
                let length = rest.iter().skip(1).position(ends).map_or(rest.len(), |at| at + 1);
                let (word, after) = rest.split_at_checked(length).unwrap_or((rest, b""));
                rest = after;
                match word {
                    [b'/', word @ ..] => name = word,
                    b"Tf" => font = fonts.get(name).copied(),
                    b"BT" => inside = true,
                    b"ET" | b"T*" | b"Td" | b"TD" | b"Tm" => break_line(out),
                    b"Tj" | b"TJ" | b"'" | b"\"" if inside => {
                        match font {
                            Some(map) => map.translate(&shown, out),
                            None => out.extend(shown.iter().map(|&byte| char::from(byte))),
                        }
                        shown.clear();
                    }
                    // A number in TJ that moves far is a blank.
                    [b'-', digits @ ..]
                        if !shown.is_empty()
                            && font.is_none()
                            && digits.len() >= 3
                            && digits.iter().all(|b| b.is_ascii_digit() || *b == b'.') =>
                    {
                        shown.push(b' ');
                    }
                    word if word.first().is_some_and(u8::is_ascii_alphabetic) => shown.clear(),
                    _ => {}
                }
            }
        }
        if shown.len() > most {
            shown.clear();
        }
    }
}

fn break_line(out: &mut String) {
    if !out.is_empty() && !out.ends_with(['\n', ' ']) {
        out.push(' ');
    }
}

/// Adds the string that `text` begins with (`(…)`); gives its length.
fn literal(text: &[u8], out: &mut Vec<u8>) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'(' => {
                depth += 1;
                if depth > 1 {
                    out.push(byte);
                }
            }
            b')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
                out.push(byte);
            }
            b'\\' => at += escaped(text.get(at..).unwrap_or_default(), out),
            byte => out.push(byte),
        }
    }
    at
}

/// Adds what `\` before `text` means; gives how many bytes of `text` belong to it.
fn escaped(text: &[u8], out: &mut Vec<u8>) -> usize {
    let octal = text.iter().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
    if octal > 0 {
        let digits = text.iter().take(octal);
        out.push(digits.fold(0u32, |value, digit| value << 3 | u32::from(digit - b'0')) as u8);
        return octal;
    }
    match text.first() {
        Some(b'n' | b'r' | b't' | b'b' | b'f') => out.push(b' '),
        Some(b'\r') if text.get(1) == Some(&b'\n') => return 2,
        Some(b'\r' | b'\n') | None => {}
        Some(&byte) => out.push(byte),
    }
    1
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use proptest::prelude::*;
    use std::io::Write;

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(bytes).unwrap();
        zlib.finish().unwrap()
    }

    /// A document that shows `text` and leads to `url`.
    pub fn document(text: &str, url: &str, id: u32) -> Vec<u8> {
        let content = deflated(format!("BT /F9 12 Tf 72 700 Td ({text}) Tj ET").as_bytes());
        let mut out = b"%PDF-1.4\n1 0 obj\n<</Type/Annot/A<</S/URI/URI(".to_vec();
        out.extend(format!("{url})>>>>\nendobj\n2 0 obj\n").as_bytes());
        out.extend(
            format!("<</Filter/FlateDecode/Length {}>>\nstream\n", content.len()).as_bytes(),
        );
        out.extend(content);
        out.extend(format!("\nendstream\nendobj\ntrailer<</ID[<{id:032x}>]>>\n%%EOF\n").as_bytes());
        out
    }

    fn of(bytes: &[u8], limits: &Limits) -> (String, Vec<String>, Budget) {
        let mut budget = Budget::new(limits);
        let pdf = read(bytes, limits, &mut budget);
        (pdf.text, pdf.urls, budget)
    }

    #[test]
    fn text_and_links_are_found() {
        let pdf = document("Pay \\(now\\)\\056", "http://example.com/\\(x\\)", 1);
        let (text, urls, _) = of(&pdf, &Limits::default());
        assert_eq!(text.trim(), "Pay (now).");
        assert_eq!(urls, ["http://example.com/(x)"]);
    }

    #[test]
    fn codes_of_a_font_are_translated() {
        let map = "begincmap 1 beginbfchar <0003> <0041> endbfchar 1 beginbfrange\n\
                   <0004> <0006> <0062> endbfrange 1 beginbfrange <0007> <0008> [<0078> <0079>] endbfrange";
        let show = "BT /T1_0 1 Tf [<00030004> -20 <0005> 3 <00060007>] TJ <0008> Tj ET";
        let pdf = format!(
            "1 0 obj <</Font<</T1_0 4 0 R>>>> endobj 4 0 obj <</ToUnicode 5 0 R>> endobj\n\
             5 0 obj <<>>\nstream\n{map}\nendstream endobj 6 0 obj <<>>\nstream\n{show}\nendstream"
        );
        assert_eq!(of(pdf.as_bytes(), &Limits::default()).0.trim(), "Abcdxy");
    }

    #[test]
    fn limit_document_streams() {
        let two = [document("one", "", 1), document("two", "", 2)].concat();
        for (most, met) in [(1, true), (2, false), (3, false)] {
            let limits = Limits { document_streams: most, ..Limits::default() };
            let (text, _, budget) = of(&two, &limits);
            assert_eq!(text.contains("two"), !met);
            assert_eq!(budget.reached.has(Limit::DocumentStreams), met);
        }
    }

    proptest! {
        #[test]
        fn anything_is_read(text in "(obj|stream\n|endstream|/URI|\\(|\\)|\\\\|<|>|<0|/ToUnicode| 1 0 R|/F1|BT|Tj|begincmap|beginbfrange|begin|\\[|[0-9 ]|/ObjStm|/N 1|/First 2){0,40}") {
            of(text.as_bytes(), &Limits::default());
        }

        #[test]
        fn damaged_documents_are_read(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut pdf = document("some text", "http://example.com/", 1);
            let at = at.index(pdf.len());
            pdf[at] = byte;
            of(&pdf, &Limits::default());
        }
    }
}
