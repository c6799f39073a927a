//! What documents say and where they lead.
//!
//! In: the bytes of a file and its name. Out: [`Document`]. HTML, XML and SVG lose their tags;
//! RTF its control words; of Office Open XML and OpenDocument the parts that hold text are
//! read (`is_written`); of OLE files, programs and scripts the runs of letters
//! (ASCII, UTF-16LE) of eight and more. URLs are those of `href`, `src`, `Target`, `xlink:href`,
//! and whatever begins with `http://` or `https://`. A PDF is read by `pdf`.
//! Limits: `document_text`, and 64 URLs.

use crate::limits::{Limit, Limits, Reached};
use memchr::memmem;

/// A document within a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// What it says.
    pub text: String,
    /// Where it leads, as written.
    pub urls: Vec<String>,
}

/// Kinds of files that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Pdf,
    Markup,
    Rtf,
    /// OLE: Word, Excel, PowerPoint, Outlook before 2007.
    Ole,
    /// Text without markup: scripts, shortcuts, notes.
    Plain,
    /// A program, a picture, an archive, anything.
    Other,
}

const URLS: usize = 64;

impl Kind {
    /// The kind of a file, by what it begins with.
    pub fn of(bytes: &[u8]) -> Kind {
        let start = bytes.get(..1024).unwrap_or(bytes);
        let trimmed = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
        if memmem::find(start, b"%PDF-").is_some() {
            return Kind::Pdf;
        }
        match trimmed {
            [b'{', b'\\', b'r', b't', ..] => Kind::Rtf,
            [0xd0, 0xcf, 0x11, 0xe0, ..] => Kind::Ole,
            [b'<', b'!' | b'?' | b'a'..=b'z' | b'A'..=b'Z', ..] => Kind::Markup,
            // Half of it and more may be text of any charset; control characters may not.
            _ if !start.iter().any(|b| matches!(b, 0..=8 | 14..=26)) => Kind::Plain,
            _ => Kind::Other,
        }
    }
}

/// Does a member of an Office file hold what its author wrote? The rest is the program's:
/// styles, themes, settings are the same in thousands of files.
pub(super) fn is_written(name: &str) -> bool {
    const WRITTEN: [&str; 11] = [
        "word/document",
        "word/header",
        "word/footer",
        "word/vbaProject",
        "word/_rels/document",
        "xl/sharedStrings",
        "xl/vbaProject",
        "ppt/slides/",
        "content.xml",
        "ppt/vbaProject",
        "xl/macrosheets/",
    ];
    const FILES: [&str; 8] = [
        "word/media/",
        "xl/media/",
        "ppt/media/",
        "word/embeddings/",
        "xl/embeddings/",
        "ppt/embeddings/",
        "Pictures/",
        "xl/worksheets/",
    ];
    WRITTEN.iter().chain(&FILES).any(|start| name.starts_with(start))
}

/// Is a member's name one that only Office files have?
pub(super) fn is_office(name: &str) -> bool {
    name == "[Content_Types].xml" || name == "META-INF/manifest.xml" || name == "_rels/.rels"
}

/// Reads a file of `kind` (no [`Kind::Pdf`]).
pub(super) fn read(bytes: &[u8], kind: Kind, limits: &Limits, reached: &mut Reached) -> Document {
    let most = limits.document_text;
    let (text, mut urls) = match kind {
        Kind::Markup => markup(bytes, most),
        Kind::Rtf => (rtf(bytes, most), Vec::new()),
        Kind::Plain => (plain(bytes, most), Vec::new()),
        Kind::Ole => (runs(bytes, most), Vec::new()),
        Kind::Pdf | Kind::Other => (String::new(), Vec::new()),
    };
    if text.len() >= most {
        reached.note(Limit::DocumentText);
    }
    whole_urls(bytes, &mut urls);
    Document { text, urls }
}

/// Text as it stands; UTF-16 where it says so.
fn plain(bytes: &[u8], most: usize) -> String {
    let cut = bytes.get(..most).unwrap_or(bytes);
    match cut {
        [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => units(rest, u16::from_be_bytes),
        _ => String::from_utf8_lossy(cut).into_owned(),
    }
}

fn units(bytes: &[u8], read: impl Fn([u8; 2]) -> u16) -> String {
    let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|pair| read(*pair)).collect();
    String::from_utf16_lossy(&units)
}

/// The text between tags, and what attributes lead to.
fn markup(bytes: &[u8], most: usize) -> (String, Vec<String>) {
    let whole = plain(bytes, bytes.len());
    let mut text = String::new();
    let mut urls = Vec::new();
    let mut rest = whole.as_str();
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at_checked(at).unwrap_or((rest, ""));
        push_decoded(before, &mut text, most);
        let silent = ["<!--", "<script", "<style"].iter().position(|start| {
            tag.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
        });
        let end = match silent {
            Some(0) => tag.find("-->").map(|end| end + 2),
            Some(1) => find_close(tag, "</script"),
            Some(_) => find_close(tag, "</style"),
            None => tag.find('>'),
        };
        let Some(end) = end else { return (text, urls) };
        let inside = tag.get(1..end).unwrap_or_default();
        if silent.is_none() {
            attributes(inside, &mut urls);
            let inline =
                ["w:", "/w:", "a:", "/a:", "span", "/span", "b", "/b", "i", "/i", "font", "/font"];
            let name = inside.split([' ', '/', '\n', '>']).find(|word| !word.is_empty());
            let name = name.unwrap_or_default();
            let breaks = matches!(name, "w:p" | "a:p" | "w:tab" | "w:br" | "w:tc")
                || !inline.iter().any(|start| match start.strip_suffix(':') {
                    Some(_) => name.starts_with(start),
                    None => name.eq_ignore_ascii_case(start),
                });
            if breaks && !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
        }
        rest = tag.get(end + 1..).unwrap_or_default();
        if text.len() >= most {
            return (text, urls);
        }
    }
    push_decoded(rest, &mut text, most);
    (text, urls)
}

/// Where the element that begins `tag` ends.
fn find_close(tag: &str, close: &str) -> Option<usize> {
    let lower = close.as_bytes();
    let at = memchr::memchr_iter(b'<', tag.as_bytes()).skip(1).find(|&at| {
        let end = tag.as_bytes().get(at..at + lower.len());
        end.is_some_and(|end| end.eq_ignore_ascii_case(lower))
    })?;
    tag.get(at..)?.find('>').map(|end| at + end)
}

/// Adds text with the five references of XML and numeric ones decoded.
fn push_decoded(text: &str, out: &mut String, most: usize) {
    let mut rest = text;
    while out.len() < most {
        let Some(at) = rest.find('&') else {
            out.push_str(rest);
            return;
        };
        let (before, reference) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        let end = reference.bytes().take(12).position(|b| b == b';');
        let name = end.and_then(|end| reference.get(1..end)).unwrap_or_default();
        let decoded = match name {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            "nbsp" => Some(' '),
            _ => name.strip_prefix('#').and_then(|number| {
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)
            }),
        };
        out.push(decoded.unwrap_or('&'));
        let length = decoded.and(end).map_or(1, |end| end + 1);
        rest = reference.get(length..).unwrap_or_default();
    }
}

/// Adds what a tag refers to.
fn attributes(tag: &str, urls: &mut Vec<String>) {
    for name in ["href", "src", "action", "Target", "HREF", "SRC", "ACTION"] {
        let Some(at) = tag.find(name) else { continue };
        let value = tag.get(at + name.len()..).unwrap_or_default().trim_start();
        let Some(value) = value.strip_prefix('=') else { continue };
        let value = value.trim_start();
        let value = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value.get(1..).and_then(|v| v.split(quote).next()),
            _ => value.split([' ', '\n', '\t']).next(),
        };
        // What a page refers to within its own file leads nowhere.
        let absolute = value.filter(|value| value.contains("://") || value.starts_with("//"));
        if urls.len() < URLS {
            urls.extend(absolute.map(str::to_owned));
        }
    }
}

/// The text of an RTF file.
fn rtf(bytes: &[u8], most: usize) -> String {
    let mut out = String::new();
    let mut rest = bytes;
    // Groups that hold no text: their depth when they began.
    let mut silent: Option<usize> = None;
    let mut depth = 0usize;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if out.len() >= most {
            break;
        }
        match byte {
            b'{' => depth += 1,
            b'}' => {
                silent = silent.filter(|&began| began < depth);
                depth = depth.saturating_sub(1);
            }
            b'\\' => {
                let letters = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
                let (word, after) = rest.split_at_checked(letters).unwrap_or((rest, b""));
                let digits = after.iter().take_while(|b| b.is_ascii_digit() || **b == b'-').count();
                let (number, after) = after.split_at_checked(digits).unwrap_or((after, b""));
                let heard = silent.is_none();
                match word {
                    b"" => {
                        let hex = rest.get(1..3).filter(|_| rest.first() == Some(&b'\''));
                        let code = hex.and_then(|hex| std::str::from_utf8(hex).ok());
                        let code = code.and_then(|hex| u8::from_str_radix(hex, 16).ok());
                        if heard {
                            out.extend(code.map(char::from));
                        }
                        if rest.first() == Some(&b'*') {
                            silent.get_or_insert(depth);
                        }
                        rest = rest.get(if hex.is_some() { 3 } else { 1 }..).unwrap_or_default();
                        continue;
                    }
                    b"par" | b"line" | b"tab" | b"cell" | b"row" if heard => out.push('\n'),
                    b"u" if heard => {
                        let code =
                            std::str::from_utf8(number).ok().and_then(|n| n.parse::<i32>().ok());
                        let code = code.map(|code| code.rem_euclid(65_536) as u32);
                        out.extend(code.and_then(char::from_u32));
                    }
                    b"fonttbl" | b"stylesheet" | b"colortbl" | b"pict" | b"info" | b"objdata"
                    | b"themedata" => {
                        silent.get_or_insert(depth);
                    }
                    _ => {}
                }
                rest = after.strip_prefix(b" ").unwrap_or(after);
            }
            b'\r' | b'\n' => {}
            byte if silent.is_none() => out.push(char::from(byte)),
            _ => {}
        }
    }
    out
}

/// Runs of eight and more printable characters, in ASCII and in UTF-16LE.
fn runs(bytes: &[u8], most: usize) -> String {
    const LEAST: usize = 8;
    let printable = |b: u8| (0x20..0x7f).contains(&b);
    let mut out = String::new();
    let mut run = String::new();
    let mut wide = false;
    let mut at = 0;
    while let (Some(&byte), true) = (bytes.get(at), out.len() < most) {
        let next_wide = bytes.get(at + 1) == Some(&0);
        if printable(byte) && (run.is_empty() || !wide || next_wide) {
            wide = next_wide && (wide || run.is_empty());
            run.push(char::from(byte));
            at += if wide { 2 } else { 1 };
            continue;
        }
        if run.len() >= LEAST {
            out.push_str(&run);
            out.push('\n');
        }
        let was_run = !run.is_empty();
        run.clear();
        // What ended a run may begin one of the other width.
        at += usize::from(!was_run);
    }
    if run.len() >= LEAST {
        out.push_str(&run);
    }
    out.truncate(out.floor_char_boundary(most));
    out
}

/// Adds what begins with a scheme, in ASCII or UTF-16LE.
fn whole_urls(bytes: &[u8], urls: &mut Vec<String>) {
    const MOST: usize = 1024;
    const LONGEST: usize = 4096;
    let ends = |b: &u8| !(0x21..0x7f).contains(b) || b"\"'<>()[]{}\\^`|".contains(b);
    let narrow = memmem::find_iter(bytes, b"http").take(MOST).map(|at| (at, 1));
    let wide = memmem::find_iter(bytes, b"h\0t\0t\0p\0").take(MOST).map(|at| (at, 2));
    for (at, step) in narrow.chain(wide) {
        let tail = bytes.get(at..).unwrap_or_default().iter().step_by(step).take(LONGEST);
        let url: Vec<u8> = tail.copied().take_while(|b| !ends(b)).collect();
        let whole = url.starts_with(b"http://") || url.starts_with(b"https://");
        if whole && url.len() > 11 && urls.len() < URLS {
            let url = String::from_utf8_lossy(&url).into_owned();
            if !urls.contains(&url) {
                urls.push(url);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(bytes: &[u8]) -> Document {
        read(bytes, Kind::of(bytes), &Limits::default(), &mut Reached::default())
    }

    #[test]
    fn each_kind_gives_its_text() {
        let page = "<html><style>x</style><p>Your <b>ac</b>count</p><!-- no -->\
                    <a href=\"http://example.com/x\">go &amp; see</a><script>no</script>";
        assert_eq!(of(page.as_bytes()).text.trim(), "Your account\ngo & see");
        assert_eq!(of(page.as_bytes()).urls, ["http://example.com/x"]);
        let word = "<?xml?><w:p><w:r><w:t>Pay</w:t></w:r><w:r><w:t>ment</w:t></w:r></w:p><w:p/>";
        assert_eq!(of(word.as_bytes()).text.trim(), "Payment");
        let rtf =
            r"{\rtf1{\fonttbl{\f0 Arial;}}{\*\gen x}Pay\'e9 \u8364?now\par http://example.com/y}";
        assert_eq!(of(rtf.as_bytes()).text, "Payé €?now\nhttp://example.com/y");
        let mut ole = b"\xd0\xcf\x11\xe0\0\0\0".to_vec();
        ole.extend("Wide text here".bytes().flat_map(|b| [b, 0]));
        ole.extend(b"\x01\x02\x03narrow text\0");
        assert_eq!(of(&ole).text.trim(), "Wide text here\nnarrow text");
        let shortcut = "[InternetShortcut]\r\nURL=https://example.com/z\r\n";
        assert_eq!(of(shortcut.as_bytes()).urls, ["https://example.com/z"]);
        let wide: Vec<u8> = "xhttps://example.com/w ".bytes().flat_map(|b| [b, 0]).collect();
        assert_eq!(of(&wide).urls, ["https://example.com/w"]);
    }

    #[test]
    fn only_what_is_written_counts_in_office_files() {
        assert!(is_written("word/document.xml") && is_written("word/media/image1.png"));
        assert!(!is_written("word/theme/theme1.xml") && !is_written("word/styles.xml"));
        assert!(is_office("[Content_Types].xml") && !is_office("a.xml"));
    }

    #[test]
    fn limit_document_text() {
        for (most, met) in [(4, true), (5, true), (6, false)] {
            let limits = Limits { document_text: most, ..Limits::default() };
            let mut reached = Reached::default();
            read(b"<p>hello", Kind::Markup, &limits, &mut reached);
            assert_eq!(reached.has(Limit::DocumentText), met);
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for kind in [Kind::Markup, Kind::Rtf, Kind::Plain, Kind::Ole, Kind::Other] {
                read(&bytes, kind, &Limits::default(), &mut Reached::default());
            }
        }

        #[test]
        fn markup_never_panics(text in "(<|>|/|a href|=|\"|'|&|;|#x|<!--|-->|<script|</script|\\\\|\\{|\\}|\\\\u|\\\\'|\\*|ü|http://|w:p| ){0,40}") {
            for kind in [Kind::Markup, Kind::Rtf, Kind::Plain, Kind::Ole] {
                read(text.as_bytes(), kind, &Limits::default(), &mut Reached::default());
            }
        }
    }
}
