//! Markup taken out of a part as Razor2's library does it (`deHTMLxs`).
//!
//! In: a part, head and all. Out: its text. The library reads C strings: a NUL ends the text,
//! and the last byte of a part is lost. Head and body are one text to it, so a quote or a `<`
//! in the head counts.

/// Elements of which one makes a text markup.
const ELEMENTS: &[&str] = &[
    "a", "applet", "area", "b", "base", "body", "br", "button", "center", "col", "div", "em",
    "embed", "font", "form", "frame", "head", "hr", "html", "i", "iframe", "img", "input", "map",
    "meta", "object", "param", "pre", "script", "span", "style", "sub", "sup", "table", "tbody",
    "td", "th", "tr", "xml", "xmp",
];

/// Names of the characters from U+00A1 to U+00FF, in order; `nbsp` is a blank.
const LATIN: &str = "iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg \
    macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 \
    iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave \
    Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc \
    Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc \
    euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave \
    uacute ucirc uuml yacute thorn yuml";

fn until_nul(text: &[u8]) -> &[u8] {
    text.split(|&b| b == 0).next().unwrap_or_default()
}

/// Is there an element of the table in it?
pub(super) fn is_markup(text: &[u8]) -> bool {
    let text = until_nul(text);
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'<', text.get(from..).unwrap_or_default()) {
        let start = from + at;
        from = start + 1;
        let inside = text.get(from..).unwrap_or_default();
        let name = inside.strip_prefix(b"!").or(inside.strip_prefix(b"/")).unwrap_or(inside);
        let name = name.trim_ascii_start();
        let name = name.strip_prefix(b"\x0b").unwrap_or(name);
        let letters = name.iter().take(99).take_while(|b| b.is_ascii_alphabetic()).count();
        let (name, rest) = name.split_at_checked(letters).unwrap_or_default();
        if name.is_empty() {
            continue;
        }
        // Without a `>` no tag can end here or later.
        let Some(end) = memchr::memchr(b'>', rest) else { return false };
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        if ELEMENTS.binary_search(&name.as_str()).is_ok() {
            return true;
        }
        from = text.len() - rest.len() + end + 1;
    }
    false
}

/// The text of a part without its tags and its last byte.
pub(super) fn stripped(text: &[u8]) -> Vec<u8> {
    let text = until_nul(text.split_last().map_or(text, |(_, before)| before));
    let mut out = Vec::with_capacity(text.len());
    let (mut quote, mut last) = (0u8, 0u8);
    let (mut in_tag, mut declaration) = (false, false);
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        if byte == quote {
            // A comment ends with two hyphens, anything else with one quote.
            if byte != b'-' || last == b'-' {
                quote = 0;
            }
        } else if quote == 0 {
            match byte {
                b'"' | b'\'' if in_tag => quote = byte,
                b'-' if last == b'-' && declaration => quote = b'-',
                b'<' => {
                    in_tag = true;
                    declaration |= text.get(at) == Some(&b'!');
                    // The byte behind it is passed over, whatever it is.
                    at += 1;
                }
                b'>' => {
                    declaration &= !in_tag;
                    in_tag = false;
                }
                b'&' => {
                    let (value, length) = reference(text.get(at..).unwrap_or_default());
                    out.push(value);
                    at += length;
                }
                byte if !in_tag => out.push(byte),
                _ => {}
            }
        }
        last = byte;
    }
    out
}

/// The character that a name stands for that `text` begins with, and how much of it that takes;
/// the semicolon may lack.
fn reference(text: &[u8]) -> (u8, usize) {
    const OTHERS: [(&str, u8); 5] =
        [("lt", b'<'), ("gt", b'>'), ("amp", b'&'), ("quot", b'"'), ("nbsp", b' ')];
    let near = text.get(..text.len().min(10)).unwrap_or_default();
    let latin = LATIN.split(' ').filter(|name| !name.is_empty()).zip(0xa1..=0xffu8);
    let found = OTHERS.into_iter().chain(latin).find(|(name, _)| near.starts_with(name.as_bytes()));
    let Some((name, value)) = found else { return (b'&', 0) };
    let semicolon = text.get(name.len()) == Some(&b';');
    (value, name.len() + usize::from(semicolon))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_as_the_library_lets_them_go() {
        // Inputs of ours; outputs of Debian's razor 2.85.
        let table: [(&str, &str); 14] = [
            ("a<b>c", "a"),
            ("a<!-- x > y --> z", "a "),
            ("it's <b>bold</b> it's", "it's bold it'"),
            ("a &amp; b &lt;c&gt; &nbsp;d &foo; &amp", "a & b <c>  d &foo; &am"),
            ("&ampx; &ltx &ltfoo", "&x; <x <fo"),
            ("a>b", "a"),
            ("<<b>>c", ""),
            ("<!--->x-->y", "x--"),
            ("&nbsp&copy", " &cop"),
            ("< b>c <!>d", "c "),
            ("<a -- 'x'>y<b>", "y"),
            ("<!--'-->x'y", "x'"),
            ("<p>a-b</p>--c--", "a-b--c-"),
            ("&THORN;", "\u{de}"),
        ];
        for (text, expected) in table {
            let shown: String = stripped(text.as_bytes()).into_iter().map(char::from).collect();
            assert_eq!(shown, expected, "{text}");
        }
    }

    #[test]
    fn one_known_element_makes_markup() {
        for text in ["x <BR/> y", "a\n</b>", "<a\nb>", "< br>", "<zzz><i>"] {
            assert!(is_markup(text.as_bytes()), "{text}");
        }
        for text in ["<zzz>", "<strong>", "<br", "a > b", "<123>", "\0<br>"] {
            assert!(!is_markup(text.as_bytes()), "{text}");
        }
        assert!(ELEMENTS.is_sorted() && LATIN.split(' ').filter(|n| !n.is_empty()).count() == 95);
    }
}
