//! References (`&amp;`, `&#38;`, `&#x26;`) as HTML::Parser 3 decodes them.
//!
//! In: text or an attribute's value, UTF-8. Out: the same with references replaced. Names
//! are those of HTML::Entities(3pm): HTML 4's, of which those of ISO 8859-1 need no `;`.

use std::borrow::Cow;

/// A decoded text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded<'t> {
    /// The text, UTF-8 if it was.
    pub text: Cow<'t, [u8]>,
    /// Was there a reference to a character above U+00FF?
    pub wide: bool,
}

/// Decodes `text`. `prefixes`: a name that is none may be one with letters after it
/// (`&ampx`), as in running text but not in attributes.
pub(crate) fn decode(text: &[u8], prefixes: bool) -> Decoded<'_> {
    let Some(first) = memchr::memchr(b'&', text) else {
        return Decoded { text: Cow::Borrowed(text), wide: false };
    };
    let mut out = Vec::with_capacity(text.len());
    let mut wide = false;
    let mut high = None;
    let (before, mut rest) = text.split_at_checked(first).unwrap_or((text, b""));
    out.extend_from_slice(before);
    while let Some(inner) = rest.strip_prefix(b"&") {
        let found = match inner.strip_prefix(b"#") {
            Some(digits) => numeric(digits).map(|(code, length)| (code, length + 1)),
            None => named(inner, prefixes),
        };
        let length = match found {
            Some((code, length)) => {
                wide |= code > 0xff;
                push(&mut out, code, &mut high);
                let tail = inner.get(length..).unwrap_or(b"");
                length + usize::from(tail.starts_with(b";"))
            }
            None => {
                out.push(b'&');
                0
            }
        };
        rest = inner.get(length..).unwrap_or(b"");
        let next = memchr::memchr(b'&', rest).unwrap_or(rest.len());
        if found.is_none() || next > 0 {
            high = None;
        }
        let (plain, tail) = rest.split_at_checked(next).unwrap_or((rest, b""));
        out.extend_from_slice(plain);
        rest = tail;
    }
    Decoded { text: Cow::Owned(out), wide }
}

/// Appends the character `code`. Two surrogates one after the other make one character.
fn push(out: &mut Vec<u8>, code: u32, high: &mut Option<u32>) {
    let replacement = char::REPLACEMENT_CHARACTER;
    let c = match code {
        0xd800..=0xdbff => {
            *high = Some(code);
            replacement
        }
        0xdc00..=0xdfff => match high.take() {
            Some(before) => {
                out.truncate(out.len().saturating_sub(replacement.len_utf8()));
                char::from_u32(((before - 0xd800) << 10) + (code - 0xdc00) + 0x1_0000)
                    .unwrap_or(replacement)
            }
            None => replacement,
        },
        _ => {
            *high = None;
            let nonchar = (0xfdd0..=0xfdef).contains(&code) || code & 0xfffe == 0xfffe;
            char::from_u32(code).filter(|_| !nonchar).unwrap_or(replacement)
        }
    };
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// The number at the start of `digits` (after `#`) and its length. No zero, no U+FFFE, no
/// U+FFFF, nothing above U+10FFFF.
fn numeric(digits: &[u8]) -> Option<(u32, usize)> {
    let (radix, skipped) = match digits.first() {
        Some(b'x' | b'X') => (16, 1),
        _ => (10, 0),
    };
    let mut code: u32 = 0;
    let mut length = skipped;
    for &b in digits.get(skipped..)? {
        let Some(digit) = char::from(b).to_digit(radix) else { break };
        code = code * radix + digit;
        length += 1;
        if code > 0x10_ffff {
            return None;
        }
    }
    (code != 0 && code != 0xfffe && code != 0xffff).then_some((code, length))
}

/// The character named at the start of `text` (after `&`) and the name's length.
fn named(text: &[u8], prefixes: bool) -> Option<(u32, usize)> {
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    // One more than the longest name tells that there is no such name.
    let length = text.iter().take(NAME_BYTES + 1).take_while(|b| word(b)).count();
    let name = text.get(..length)?;
    let whole =
        find(LATIN, name).or_else(|| find(OTHER, name).filter(|_| text.get(length) == Some(&b';')));
    if let Some(c) = whole {
        return Some((c, length));
    }
    let longest = if prefixes { length.min(NAME_BYTES + 1) } else { 0 };
    (1..longest).rev().find_map(|shorter| Some((find(LATIN, name.get(..shorter)?)?, shorter)))
}

fn find(table: &[(&str, char)], name: &[u8]) -> Option<u32> {
    let at = table.binary_search_by(|(known, _)| known.as_bytes().cmp(name)).ok()?;
    table.get(at).map(|&(_, c)| u32::from(c))
}

/// The longest name.
const NAME_BYTES: usize = 8;

/// Names that need no `;`, sorted.
#[rustfmt::skip]
const LATIN: &[(&str, char)] = &[
    ("AElig", '\u{c6}'), ("Aacute", '\u{c1}'), ("Acirc", '\u{c2}'), ("Agrave", '\u{c0}'),
    ("Aring", '\u{c5}'), ("Atilde", '\u{c3}'), ("Auml", '\u{c4}'), ("Ccedil", '\u{c7}'),
    ("ETH", '\u{d0}'), ("Eacute", '\u{c9}'), ("Ecirc", '\u{ca}'), ("Egrave", '\u{c8}'),
    ("Euml", '\u{cb}'), ("Iacute", '\u{cd}'), ("Icirc", '\u{ce}'), ("Igrave", '\u{cc}'),
    ("Iuml", '\u{cf}'), ("Ntilde", '\u{d1}'), ("Oacute", '\u{d3}'), ("Ocirc", '\u{d4}'),
    ("Ograve", '\u{d2}'), ("Oslash", '\u{d8}'), ("Otilde", '\u{d5}'), ("Ouml", '\u{d6}'),
    ("THORN", '\u{de}'), ("Uacute", '\u{da}'), ("Ucirc", '\u{db}'), ("Ugrave", '\u{d9}'),
    ("Uuml", '\u{dc}'), ("Yacute", '\u{dd}'), ("aacute", '\u{e1}'), ("acirc", '\u{e2}'),
    ("acute", '\u{b4}'), ("aelig", '\u{e6}'), ("agrave", '\u{e0}'), ("amp", '\u{26}'),
    ("apos", '\u{27}'), ("aring", '\u{e5}'), ("atilde", '\u{e3}'), ("auml", '\u{e4}'),
    ("brvbar", '\u{a6}'), ("ccedil", '\u{e7}'), ("cedil", '\u{b8}'), ("cent", '\u{a2}'),
    ("copy", '\u{a9}'), ("curren", '\u{a4}'), ("deg", '\u{b0}'), ("divide", '\u{f7}'),
    ("eacute", '\u{e9}'), ("ecirc", '\u{ea}'), ("egrave", '\u{e8}'), ("eth", '\u{f0}'),
    ("euml", '\u{eb}'), ("frac12", '\u{bd}'), ("frac14", '\u{bc}'), ("frac34", '\u{be}'),
    ("gt", '\u{3e}'), ("iacute", '\u{ed}'), ("icirc", '\u{ee}'), ("iexcl", '\u{a1}'),
    ("igrave", '\u{ec}'), ("iquest", '\u{bf}'), ("iuml", '\u{ef}'), ("laquo", '\u{ab}'),
    ("lt", '\u{3c}'), ("macr", '\u{af}'), ("micro", '\u{b5}'), ("middot", '\u{b7}'),
    ("nbsp", '\u{a0}'), ("not", '\u{ac}'), ("ntilde", '\u{f1}'), ("oacute", '\u{f3}'),
    ("ocirc", '\u{f4}'), ("ograve", '\u{f2}'), ("ordf", '\u{aa}'), ("ordm", '\u{ba}'),
    ("oslash", '\u{f8}'), ("otilde", '\u{f5}'), ("ouml", '\u{f6}'), ("para", '\u{b6}'),
    ("plusmn", '\u{b1}'), ("pound", '\u{a3}'), ("quot", '\u{22}'), ("raquo", '\u{bb}'),
    ("reg", '\u{ae}'), ("sect", '\u{a7}'), ("shy", '\u{ad}'), ("sup1", '\u{b9}'),
    ("sup2", '\u{b2}'), ("sup3", '\u{b3}'), ("szlig", '\u{df}'), ("thorn", '\u{fe}'),
    ("times", '\u{d7}'), ("uacute", '\u{fa}'), ("ucirc", '\u{fb}'), ("ugrave", '\u{f9}'),
    ("uml", '\u{a8}'), ("uuml", '\u{fc}'), ("yacute", '\u{fd}'), ("yen", '\u{a5}'),
    ("yuml", '\u{ff}'),
];

/// Names that need one, sorted.
#[rustfmt::skip]
const OTHER: &[(&str, char)] = &[
    ("Alpha", '\u{391}'), ("Beta", '\u{392}'), ("Chi", '\u{3a7}'), ("Dagger", '\u{2021}'),
    ("Delta", '\u{394}'), ("Epsilon", '\u{395}'), ("Eta", '\u{397}'), ("Gamma", '\u{393}'),
    ("Iota", '\u{399}'), ("Kappa", '\u{39a}'), ("Lambda", '\u{39b}'), ("Mu", '\u{39c}'),
    ("Nu", '\u{39d}'), ("OElig", '\u{152}'), ("Omega", '\u{3a9}'), ("Omicron", '\u{39f}'),
    ("Phi", '\u{3a6}'), ("Pi", '\u{3a0}'), ("Prime", '\u{2033}'), ("Psi", '\u{3a8}'),
    ("Rho", '\u{3a1}'), ("Scaron", '\u{160}'), ("Sigma", '\u{3a3}'), ("Tau", '\u{3a4}'),
    ("Theta", '\u{398}'), ("Upsilon", '\u{3a5}'), ("Xi", '\u{39e}'), ("Yuml", '\u{178}'),
    ("Zeta", '\u{396}'), ("alefsym", '\u{2135}'), ("alpha", '\u{3b1}'), ("and", '\u{2227}'),
    ("ang", '\u{2220}'), ("asymp", '\u{2248}'), ("bdquo", '\u{201e}'), ("beta", '\u{3b2}'),
    ("bull", '\u{2022}'), ("cap", '\u{2229}'), ("chi", '\u{3c7}'), ("circ", '\u{2c6}'),
    ("clubs", '\u{2663}'), ("cong", '\u{2245}'), ("crarr", '\u{21b5}'), ("cup", '\u{222a}'),
    ("dArr", '\u{21d3}'), ("dagger", '\u{2020}'), ("darr", '\u{2193}'), ("delta", '\u{3b4}'),
    ("diams", '\u{2666}'), ("empty", '\u{2205}'), ("emsp", '\u{2003}'), ("ensp", '\u{2002}'),
    ("epsilon", '\u{3b5}'), ("equiv", '\u{2261}'), ("eta", '\u{3b7}'), ("euro", '\u{20ac}'),
    ("exist", '\u{2203}'), ("fnof", '\u{192}'), ("forall", '\u{2200}'), ("frasl", '\u{2044}'),
    ("gamma", '\u{3b3}'), ("ge", '\u{2265}'), ("hArr", '\u{21d4}'), ("harr", '\u{2194}'),
    ("hearts", '\u{2665}'), ("hellip", '\u{2026}'), ("image", '\u{2111}'), ("infin", '\u{221e}'),
    ("int", '\u{222b}'), ("iota", '\u{3b9}'), ("isin", '\u{2208}'), ("kappa", '\u{3ba}'),
    ("lArr", '\u{21d0}'), ("lambda", '\u{3bb}'), ("lang", '\u{2329}'), ("larr", '\u{2190}'),
    ("lceil", '\u{2308}'), ("ldquo", '\u{201c}'), ("le", '\u{2264}'), ("lfloor", '\u{230a}'),
    ("lowast", '\u{2217}'), ("loz", '\u{25ca}'), ("lrm", '\u{200e}'), ("lsaquo", '\u{2039}'),
    ("lsquo", '\u{2018}'), ("mdash", '\u{2014}'), ("minus", '\u{2212}'), ("mu", '\u{3bc}'),
    ("nabla", '\u{2207}'), ("ndash", '\u{2013}'), ("ne", '\u{2260}'), ("ni", '\u{220b}'),
    ("notin", '\u{2209}'), ("nsub", '\u{2284}'), ("nu", '\u{3bd}'), ("oelig", '\u{153}'),
    ("oline", '\u{203e}'), ("omega", '\u{3c9}'), ("omicron", '\u{3bf}'), ("oplus", '\u{2295}'),
    ("or", '\u{2228}'), ("otimes", '\u{2297}'), ("part", '\u{2202}'), ("permil", '\u{2030}'),
    ("perp", '\u{22a5}'), ("phi", '\u{3c6}'), ("pi", '\u{3c0}'), ("piv", '\u{3d6}'),
    ("prime", '\u{2032}'), ("prod", '\u{220f}'), ("prop", '\u{221d}'), ("psi", '\u{3c8}'),
    ("rArr", '\u{21d2}'), ("radic", '\u{221a}'), ("rang", '\u{232a}'), ("rarr", '\u{2192}'),
    ("rceil", '\u{2309}'), ("rdquo", '\u{201d}'), ("real", '\u{211c}'), ("rfloor", '\u{230b}'),
    ("rho", '\u{3c1}'), ("rlm", '\u{200f}'), ("rsaquo", '\u{203a}'), ("rsquo", '\u{2019}'),
    ("sbquo", '\u{201a}'), ("scaron", '\u{161}'), ("sdot", '\u{22c5}'), ("sigma", '\u{3c3}'),
    ("sigmaf", '\u{3c2}'), ("sim", '\u{223c}'), ("spades", '\u{2660}'), ("sub", '\u{2282}'),
    ("sube", '\u{2286}'), ("sum", '\u{2211}'), ("sup", '\u{2283}'), ("supe", '\u{2287}'),
    ("tau", '\u{3c4}'), ("there4", '\u{2234}'), ("theta", '\u{3b8}'), ("thetasym", '\u{3d1}'),
    ("thinsp", '\u{2009}'), ("tilde", '\u{2dc}'), ("trade", '\u{2122}'), ("uArr", '\u{21d1}'),
    ("uarr", '\u{2191}'), ("upsih", '\u{3d2}'), ("upsilon", '\u{3c5}'), ("weierp", '\u{2118}'),
    ("xi", '\u{3be}'), ("zeta", '\u{3b6}'), ("zwj", '\u{200d}'), ("zwnj", '\u{200c}'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_and_complete() {
        for table in [LATIN, OTHER] {
            assert!(table.is_sorted_by(|a, b| a.0 < b.0));
            assert!(table.iter().all(|(name, _)| name.len() <= NAME_BYTES));
        }
        assert_eq!(LATIN.len() + OTHER.len(), 253);
    }
}
