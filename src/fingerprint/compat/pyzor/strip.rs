//! The text of HTML, as Python 3.11's `html.parser` tells it to pyzor.
//!
//! In: HTML. Out: its runs of text, trimmed, joined by blanks; what is in `script` and `style`
//! left out. Whatever is unfinished at the end is not told: pyzor never closes its parser.

use super::is_space;

/// The text; `None` at a marked section that Python does not know, which ends pyzor.
pub(super) fn text(html: &str) -> Option<String> {
    let mut parser = Parser { out: String::new(), collect: true, raw: None };
    let mut at = 0;
    while at < html.len() {
        let rest = html.get(at..)?;
        if let Some(name) = parser.raw {
            let Some(start) = raw_end(rest, name) else { break };
            at += start;
        } else {
            let next = rest.find('<');
            if next.is_none() && ends_in_reference(html, at) {
                break;
            }
            let run = next.unwrap_or(rest.len());
            parser.data(&unescaped(rest.get(..run)?));
            at += run;
        }
        let rest = html.get(at..)?;
        if rest.is_empty() {
            break;
        }
        match parser.markup(rest) {
            Step::To(length) => at += length,
            Step::Unfinished => break,
            Step::Fails => return None,
        }
    }
    Some(parser.out)
}

/// Could the text end within a reference, in the last 34 characters?
fn ends_in_reference(html: &str, from: usize) -> bool {
    let near = html.char_indices().rev().nth(33).map_or(0, |(at, _)| at);
    let tail = html.get(near.max(from)..).unwrap_or_default();
    let last = tail.rfind('&').and_then(|at| tail.get(at..));
    last.is_some_and(|reference| !reference.contains(|c| is_space(c) || c == ';'))
}

/// Where the end tag of a raw element begins.
fn raw_end(text: &str, name: &str) -> Option<usize> {
    memchr::memmem::find_iter(text.as_bytes(), b"</").find(|&at| {
        let inside = text.get(at + 2..).unwrap_or_default().trim_start_matches(is_space);
        let rest = inside.get(..name.len()).filter(|begin| begin.eq_ignore_ascii_case(name));
        rest.and(inside.get(name.len()..))
            .is_some_and(|rest| rest.trim_start_matches(is_space).starts_with('>'))
    })
}

/// How far a piece of markup goes.
enum Step {
    To(usize),
    Unfinished,
    Fails,
}

struct Parser {
    out: String,
    collect: bool,
    /// The element whose content is no markup.
    raw: Option<&'static str>,
}

impl Parser {
    fn data(&mut self, text: &str) {
        let text = text.trim_matches(is_space);
        if !text.is_empty() && self.collect {
            if !self.out.is_empty() {
                self.out.push(' ');
            }
            self.out.push_str(text);
        }
    }

    /// What begins with `<`.
    fn markup(&mut self, text: &str) -> Step {
        let until = |mark: &str, from: usize| {
            let end = text.get(from..).and_then(|tail| tail.find(mark));
            end.map_or(Step::Unfinished, |end| Step::To(from + end + mark.len()))
        };
        match text.as_bytes().get(1) {
            Some(b) if b.is_ascii_alphabetic() => self.start_tag(text),
            Some(b'/') => self.end_tag(text),
            Some(b'!') if text.starts_with("<!--") => comment_end(text),
            Some(b'?') => until(">", 2),
            Some(b'!') if text.starts_with("<![") => marked_section(text),
            Some(b'!') => until(">", 2),
            Some(_) => {
                self.data("<");
                Step::To(1)
            }
            None => Step::Unfinished,
        }
    }

    fn start_tag(&mut self, text: &str) -> Step {
        let name = tag_name(text.get(1..).unwrap_or_default());
        let end = attributes_end(text, 1 + name.len());
        let tail = text.get(end..).unwrap_or_default();
        let name = name.to_lowercase();
        match tail.chars().next() {
            Some('>') => {
                let empty = text.get(..end).is_some_and(|tag| tag.ends_with('/'));
                let raw = ["script", "style"].into_iter().find(|raw| *raw == name);
                if raw.is_some() {
                    self.collect = empty;
                }
                self.raw = raw.filter(|_| !empty);
                Step::To(end + 1)
            }
            None => Step::Unfinished,
            Some(c) if c.is_ascii_alphabetic() || matches!(c, '=' | '/') => Step::Unfinished,
            // No tag after all: what was read is text.
            Some(_) => {
                self.data(text.get(..end).unwrap_or_default());
                Step::To(end)
            }
        }
    }

    fn end_tag(&mut self, text: &str) -> Step {
        let Some(first) = text.find('>') else { return Step::Unfinished };
        let inside = text.get(2..).unwrap_or_default();
        let trimmed = inside.trim_start_matches(is_space);
        let length = trimmed
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_')))
            .unwrap_or(trimmed.len());
        let (name, rest) = trimmed.split_at_checked(length).unwrap_or((trimmed, ""));
        let strict = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && rest.trim_start_matches(is_space).starts_with('>');
        if strict {
            self.close(name);
            self.raw = None;
            return Step::To(first + 1);
        }
        if !inside.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Step::To(first + 1);
        }
        let name = tag_name(inside);
        self.close(name);
        let mut from = 2 + name.len();
        // White space, and slashes that no `>` follows, belong to the name.
        while let Some(c) = text.get(from..).and_then(|tail| tail.chars().next()) {
            let slash = c == '/' && !text.get(from + 1..).is_some_and(|t| t.starts_with('>'));
            if !is_space(c) && !slash {
                break;
            }
            from += c.len_utf8();
        }
        match text.get(from..).and_then(|tail| tail.find('>')) {
            Some(end) => Step::To(from + end + 1),
            None => Step::Unfinished,
        }
    }

    fn close(&mut self, name: &str) {
        if name.eq_ignore_ascii_case("script") || name.eq_ignore_ascii_case("style") {
            self.collect = true;
        }
    }
}

/// A tag's name, letter first.
fn tag_name(text: &str) -> &str {
    let ends = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{c}' | ' ' | '/' | '>' | '\0');
    text.get(..text.find(ends).unwrap_or(text.len())).unwrap_or_default()
}

/// Where a start tag's attributes end: at `>`, at what cannot be one, or at the end.
fn attributes_end(text: &str, from: usize) -> usize {
    let mut at = from;
    let here = |at: usize| text.get(at..).and_then(|tail| tail.chars().next());
    let skip = |at: &mut usize, pass: &dyn Fn(char) -> bool| {
        while let Some(c) = here(*at).filter(|&c| pass(c)) {
            *at += c.len_utf8();
        }
    };
    skip(&mut at, &|c| is_space(c) || c == '/');
    loop {
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        let may = before.is_some_and(|c| is_space(c) || matches!(c, '\'' | '"' | '/'));
        let Some(first) = here(at).filter(|&c| may && !is_space(c) && !matches!(c, '/' | '>'))
        else {
            break;
        };
        at += first.len_utf8();
        skip(&mut at, &|c| !is_space(c) && !matches!(c, '/' | '=' | '>'));
        let mut value = at;
        skip(&mut value, &is_space);
        let equals = value;
        skip(&mut value, &|c| c == '=');
        if value > equals {
            let after_equals = value;
            skip(&mut value, &is_space);
            match here(value) {
                Some(quote @ ('"' | '\'')) => {
                    let inside = text.get(value + 1..).unwrap_or_default();
                    if let Some(end) = inside.find(quote) {
                        at = value + 1 + end + 1;
                        skip(&mut at, &is_space);
                    } else if value > after_equals {
                        // An empty value before the last blank.
                        at = value;
                    }
                }
                _ => {
                    at = value;
                    skip(&mut at, &|c| !is_space(c) && c != '>');
                    skip(&mut at, &is_space);
                }
            }
        }
        while let Some(c) = here(at) {
            let slash = c == '/' && !text.get(at + 1..).is_some_and(|tail| tail.starts_with('>'));
            if !is_space(c) && !slash {
                break;
            }
            at += c.len_utf8();
        }
    }
    // `/>` ends a tag, too.
    if text.get(at..).is_some_and(|tail| tail.starts_with("/>")) { at + 1 } else { at }
}

/// A comment ends with `--`, white space and `>`.
fn comment_end(text: &str) -> Step {
    let mut from = 4;
    while let Some(at) = text.get(from..).and_then(|tail| tail.find("--")) {
        let after = text.get(from + at + 2..).unwrap_or_default();
        let rest = after.trim_start_matches(is_space);
        if rest.starts_with('>') {
            return Step::To(text.len() - rest.len() + 1);
        }
        from += at + 1;
    }
    Step::Unfinished
}

/// `<![CDATA[ … ]]>`, `<![if …]>`.
fn marked_section(text: &str) -> Step {
    let inside = text.get(3..).unwrap_or_default();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let length = inside.find(|c| !is_name(c)).unwrap_or(inside.len());
    let name = inside.get(..length).unwrap_or_default().to_lowercase();
    let blanks = inside.get(length..).unwrap_or_default().trim_start_matches(is_space);
    if inside.is_empty() || (blanks.is_empty() && !name.is_empty()) {
        return Step::Unfinished;
    }
    let double = match name.as_str() {
        "temp" | "cdata" | "ignore" | "include" | "rcdata" => true,
        "if" | "else" | "endif" => false,
        _ => return Step::Fails,
    };
    // `]`, white space, for one kind `]` and white space again, `>`.
    let mut from = 3;
    while let Some(at) = text.get(from..).and_then(|tail| tail.find(']')) {
        let rest = text.get(from + at + 1..).unwrap_or_default().trim_start_matches(is_space);
        let rest = match double {
            true => rest.strip_prefix(']').map(|rest| rest.trim_start_matches(is_space)),
            false => Some(rest),
        };
        if let Some(rest) = rest.filter(|rest| rest.starts_with('>')) {
            return Step::To(text.len() - rest.len() + 1);
        }
        from += at + 1;
    }
    Step::Unfinished
}

/// References decoded as Python's `html.unescape` does.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, reference) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        let (decoded, length) = reference_at(reference).unwrap_or(("&".to_owned(), 1));
        out.push_str(&decoded);
        rest = reference.get(length..).unwrap_or_default();
    }
    out + rest
}

/// What the reference at the beginning of `text` means, and its length.
fn reference_at(text: &str) -> Option<(String, usize)> {
    let inside = text.get(1..)?;
    if let Some(number) = inside.strip_prefix('#') {
        let hex = number.strip_prefix(['x', 'X']);
        let radix = if hex.is_some() { 16 } else { 10 };
        let digits = hex.unwrap_or(number);
        let length = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
        if length == 0 {
            return None;
        }
        let code = u32::from_str_radix(digits.get(..length)?, radix).unwrap_or(u32::MAX);
        let semicolon = usize::from(digits.get(length..)?.starts_with(';'));
        return Some((character(code), 2 + usize::from(hex.is_some()) + length + semicolon));
    }
    let ends = |c: char| matches!(c, '\t' | '\n' | '\u{c}' | ' ' | '<' | '&' | '#' | ';');
    let length: usize = inside.chars().take(32).take_while(|&c| !ends(c)).map(char::len_utf8).sum();
    let name = inside.get(..length)?;
    if inside.get(length..)?.starts_with(';')
        && let Some(c) = named(name)
    {
        return Some((c.to_string(), length + 2));
    }
    // Old names need no semicolon, and other letters may follow.
    (2..=name.len()).rev().find_map(|end| {
        let c = old_name(name.get(..end)?)?;
        Some((c.to_string(), end + 1))
    })
}

fn character(code: u32) -> String {
    if matches!(code, 0x80..=0x9f) {
        let byte = [code as u8];
        let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&byte);
        return text.into_owned();
    }
    match code {
        0 | 0xd800..=0xdfff | 0x11_0000.. => "\u{fffd}".to_owned(),
        0x0d => "\r".to_owned(),
        0x1..=0x8 | 0xb | 0xe..=0x1f | 0x7f | 0xfdd0..=0xfdef => String::new(),
        code if code & 0xfffe == 0xfffe => String::new(),
        code => char::from_u32(code).map(String::from).unwrap_or_default(),
    }
}

/// The names that HTML 3 had, of U+00A0 and on in order.
const LATIN: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg \
    macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 \
    iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave \
    Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc \
    Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc \
    euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave \
    uacute ucirc uuml yacute thorn yuml";

fn old_name(name: &str) -> Option<char> {
    match name {
        "lt" | "LT" => return Some('<'),
        "gt" | "GT" => return Some('>'),
        "amp" | "AMP" => return Some('&'),
        "quot" | "QUOT" => return Some('"'),
        "COPY" => return Some('\u{a9}'),
        "REG" => return Some('\u{ae}'),
        _ => {}
    }
    let at = LATIN.split(' ').filter(|latin| !latin.is_empty()).position(|latin| latin == name)?;
    char::from_u32(0xa0 + at as u32)
}

fn named(name: &str) -> Option<char> {
    const OTHERS: &[(&str, char)] = &[
        ("OElig", 'Œ'),
        ("oelig", 'œ'),
        ("Scaron", 'Š'),
        ("scaron", 'š'),
        ("Yuml", 'Ÿ'),
        ("fnof", 'ƒ'),
        ("circ", 'ˆ'),
        ("tilde", '˜'),
        ("ensp", '\u{2002}'),
        ("emsp", '\u{2003}'),
        ("thinsp", '\u{2009}'),
        ("zwnj", '\u{200c}'),
        ("zwj", '\u{200d}'),
        ("lrm", '\u{200e}'),
        ("rlm", '\u{200f}'),
        ("ndash", '–'),
        ("mdash", '—'),
        ("lsquo", '‘'),
        ("rsquo", '’'),
        ("sbquo", '‚'),
        ("ldquo", '“'),
        ("rdquo", '”'),
        ("bdquo", '„'),
        ("dagger", '†'),
        ("Dagger", '‡'),
        ("bull", '•'),
        ("hellip", '…'),
        ("permil", '‰'),
        ("prime", '′'),
        ("Prime", '″'),
        ("lsaquo", '‹'),
        ("rsaquo", '›'),
        ("euro", '€'),
        ("trade", '™'),
        ("larr", '←'),
        ("uarr", '↑'),
        ("rarr", '→'),
        ("darr", '↓'),
        ("harr", '↔'),
        ("infin", '∞'),
        ("ne", '≠'),
        ("le", '≤'),
        ("ge", '≥'),
        ("apos", '\''),
        ("alpha", 'α'),
        ("beta", 'β'),
        ("gamma", 'γ'),
        ("delta", 'δ'),
        ("pi", 'π'),
        ("Omega", 'Ω'),
        ("mu", 'μ'),
        ("sum", '∑'),
        ("minus", '−'),
        ("loz", '◊'),
        ("spades", '♠'),
        ("clubs", '♣'),
        ("hearts", '♥'),
        ("diams", '♦'),
        ("check", '✓'),
        ("star", '☆'),
        ("num", '#'),
        ("dollar", '$'),
        ("percnt", '%'),
        ("lpar", '('),
        ("rpar", ')'),
        ("ast", '*'),
        ("plus", '+'),
        ("comma", ','),
        ("period", '.'),
        ("sol", '/'),
        ("colon", ':'),
        ("semi", ';'),
        ("equals", '='),
        ("quest", '?'),
        ("commat", '@'),
        ("lsqb", '['),
        ("rsqb", ']'),
        ("lowbar", '_'),
        ("excl", '!'),
        ("Tab", '\t'),
        ("NewLine", '\n'),
        ("hyphen", '‐'),
        ("nbsp", '\u{a0}'),
    ];
    let other = OTHERS.iter().find(|row| row.0 == name).map(|row| row.1);
    other.or_else(|| old_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_as_python_tells_it() {
        // Inputs of ours; outputs of Python 3.11.7's parser in pyzor 1.0.
        let table = [
            ("a<b>c</b> d", Some("a c d")),
            ("<p>one</p>two<br/>", Some("one two")),
            ("<script>x</script>y<b>", Some("y")),
            ("x &amp; y &eacute; &nbsp; z<i>", Some("x & y é \u{a0} z")),
            ("<!-- a --> b <!DOCTYPE x> c<", Some("b c")),
            ("a < b > c<p>", Some("a < b > c")),
            ("<![if x]>y<![endif]>z<p>", Some("y z")),
            ("<![foo]>y", None),
            ("<a href=\"x>y\">z</a>", Some("z")),
            ("</p x>a<", Some("a")),
        ];
        for (html, expected) in table {
            assert_eq!(text(html).as_deref(), expected, "{html}");
        }
    }
}
