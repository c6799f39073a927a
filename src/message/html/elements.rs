//! Which tags are HTML, and what white space they make.

/// Is `name`, in lower case, an element of HTML 4.01 or XHTML 1.0, or one of three more?
pub(super) fn is_element(name: &[u8]) -> bool {
    ELEMENTS.binary_search_by(|known| known.as_bytes().cmp(name)).is_ok()
}

/// Is `name` no element, but rendered as one?
pub(super) fn is_rendered_only(name: &[u8]) -> bool {
    matches!(name, b"bgsound" | b"embed" | b"listing" | b"plaintext" | b"xmp")
}

/// The white space that the start and the end of `name` make.
pub(super) fn white_space(name: &[u8]) -> &'static [u8] {
    match name {
        b"br" | b"div" => b"\n",
        b"li" | b"td" | b"th" | b"dd" | b"dt" | b"embed" => b" ",
        b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => b" ",
        b"p" | b"hr" | b"blockquote" | b"pre" | b"listing" | b"plaintext" | b"xmp" | b"title" => {
            b"\n\n"
        }
        _ => b"",
    }
}

/// `name` if it is an element that refers to URIs.
pub(super) fn linking(name: &[u8]) -> Option<&'static str> {
    LINKING.iter().copied().find(|known| known.as_bytes() == name)
}

const LINKING: &[&str] = &[
    "a", "area", "base", "bgsound", "body", "embed", "form", "frame", "iframe", "img", "link",
    "meta", "script", "table", "td", "tr",
];

#[rustfmt::skip]
const ELEMENTS: &[&str] = &[
    "a", "abbr", "acronym", "address", "applet", "area", "b", "base", "basefont", "bdo", "big",
    "blockquote", "body", "br", "button", "caption", "center", "cite", "code", "col", "colgroup",
    "dd", "del", "dfn", "dir", "div", "dl", "dt", "em", "fieldset", "font", "form", "frame",
    "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "head", "hr", "html", "i", "iframe", "img",
    "input", "ins", "isindex", "kbd", "label", "legend", "li", "link", "map", "menu", "meta",
    "nobr", "noframes", "noscript", "object", "ol", "optgroup", "option", "p", "param", "pre",
    "q", "s", "samp", "script", "select", "small", "span", "strike", "strong", "style", "sub",
    "sup", "table", "tbody", "td", "textarea", "tfoot", "th", "thead", "title", "tr", "tt", "u",
    "ul", "var", "x-sigsep", "x-tab",
];
