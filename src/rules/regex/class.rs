//! Bracketed classes and the escapes that stand for characters: perlrecharclass.

use super::bytes::{self, ByteSet, Charset, horizontal, narrow_fold, vertical};
use super::perl::{Escape, Parser, Result, braces, trim_blanks};

/// A class; the parser stands on its `[`.
pub(super) fn bracketed(parser: &mut Parser<'_>) -> Result<ByteSet> {
    refuse_stray_posix(parser)?;
    parser.at += 1;
    let negated = parser.take(b'^');
    let mut members = Members { set: ByteSet::default(), named: ByteSet::default() };
    let mut first = true;
    loop {
        skip_blanks(parser);
        match parser.peek() {
            None => return parser.refuse("unmatched ["),
            Some(b']') if !first => break,
            _ => member(parser, &mut members)?,
        }
        first = false;
    }
    parser.at += 1;
    let flags = parser.flags;
    let set = if flags.fold { members.set.folded(flags.charset) } else { members.set };
    let set = set.union(&members.named);
    Ok(if negated { set.complement() } else { set })
}

/// What stands in a class: single bytes and ranges, which fold as a whole, and named sets,
/// which fold before they are negated.
struct Members {
    set: ByteSet,
    named: ByteSet,
}

enum Atom {
    Point(u32),
    Set(ByteSet),
}

/// Under `/xx` blanks in a class mean nothing.
fn skip_blanks(parser: &mut Parser<'_>) {
    while parser.flags.extended_more && matches!(parser.peek(), Some(b' ' | b'\t')) {
        parser.at += 1;
    }
}

/// One member or range.
fn member(parser: &mut Parser<'_>, members: &mut Members) -> Result<()> {
    let low = atom(parser)?;
    skip_blanks(parser);
    let after = parser.rest();
    let is_range = after.first() == Some(&b'-') && !matches!(after.get(1), None | Some(b']'));
    let low = match low {
        Atom::Set(_) if is_range => return parser.refuse("false [] range"),
        Atom::Set(set) => {
            members.named = members.named.union(&set);
            return Ok(());
        }
        Atom::Point(point) => point,
    };
    if !is_range {
        insert(parser, members, low, low);
        return Ok(());
    }
    parser.at += 1;
    skip_blanks(parser);
    match atom(parser)? {
        Atom::Set(_) => parser.refuse("false [] range"),
        Atom::Point(high) if high < low => parser.refuse("invalid [] range"),
        Atom::Point(high) => {
            insert(parser, members, low, high);
            Ok(())
        }
    }
}

/// Adds the bytes of a range of code points, and those that wider ones fold to.
fn insert(parser: &Parser<'_>, members: &mut Members, low: u32, high: u32) {
    if let Ok(low) = u8::try_from(low) {
        members.set.insert_range(low, u8::try_from(high).unwrap_or(u8::MAX));
    }
    if parser.flags.fold && high > 255 {
        [0x178, 0x39C, 0x3BC, 0x1E9E, 0x212B]
            .into_iter()
            .filter(|point| (low..=high).contains(point))
            .filter_map(|point| narrow_fold(point, parser.flags.charset))
            .for_each(|byte| members.set.insert(byte));
    }
}

fn atom(parser: &mut Parser<'_>) -> Result<Atom> {
    match parser.peek() {
        None => parser.refuse("unmatched ["),
        Some(b'\\') => {
            parser.at += 1;
            match parser.escape(true)? {
                Escape::Point(point) => Ok(Atom::Point(point)),
                Escape::Set(set) => Ok(Atom::Set(set)),
                Escape::Points(_) => parser.refuse("a character sequence in a class"),
            }
        }
        Some(b'[') => match posix(parser)? {
            Some(set) => Ok(Atom::Set(set)),
            None => {
                parser.at += 1;
                Ok(Atom::Point(u32::from(b'[')))
            }
        },
        Some(byte) => {
            parser.at += 1;
            Ok(Atom::Point(u32::from(byte)))
        }
    }
}

/// `[:alpha:]` inside a class; `None` if the `[` is just a bracket.
fn posix(parser: &mut Parser<'_>) -> Result<Option<ByteSet>> {
    let rest = parser.rest();
    let near = &rest[..rest.len().min(LONGEST_POSIX)];
    let mark = match near.get(1) {
        Some(&mark @ (b':' | b'.' | b'=')) => mark,
        _ => return refuse_half_posix(parser, near),
    };
    let Some(end) = near.windows(2).skip(2).position(|two| two == [mark, b']']) else {
        return refuse_half_posix(parser, near);
    };
    let (name, text) = (&near[2..2 + end], &near[..2 + end]);
    let (negated, name) = match name.strip_prefix(b"^") {
        Some(name) => (true, name),
        None => (false, name),
    };
    let Some(set) = bytes::posix(name, parser.flags.charset).filter(|_| mark == b':') else {
        let odd = name.iter().any(|byte| matches!(byte, b'\\' | b'[' | b']' | b' ' | b'\t'));
        if odd || name.is_empty() || mark == b':' && name.len() < SHORTEST_POSIX {
            return refuse_half_posix(parser, text);
        }
        return parser.refuse("unknown POSIX class");
    };
    parser.at += end + 4;
    let set = if parser.flags.fold { set.folded(parser.flags.charset) } else { set };
    Ok(Some(if negated { set.complement() } else { set }))
}

/// How far Perl looks for the end of a POSIX class; their names are short.
const LONGEST_POSIX: usize = 40;
/// Perl takes shorter names between colons for no attempt at one.
const SHORTEST_POSIX: usize = 3;

/// `[[print:]]`, `[[ :print:]]`: Perl guesses what was meant, and warns.
fn refuse_half_posix(parser: &Parser<'_>, near: &[u8]) -> Result<Option<ByteSet>> {
    let between = |byte: &&u8| matches!(byte, b' ' | b'\t' | b':' | b';' | b'.' | b'=' | b'^');
    let skipped = 1 + near.iter().skip(1).take_while(between).count();
    let name = near.iter().skip(skipped).take_while(|byte| byte.is_ascii_alphabetic()).count();
    if near.get(skipped..skipped + name).is_some_and(is_posix_name) {
        return parser.refuse("half of a POSIX class");
    }
    Ok(None)
}

fn is_posix_name(name: &[u8]) -> bool {
    bytes::posix(&name.to_ascii_lowercase(), Charset::Ascii).is_some()
}

/// Perl warns of `[:alpha:]` outside a class, and of much that looks like it.
fn refuse_stray_posix(parser: &Parser<'_>) -> Result<()> {
    let rest = parser.rest();
    let near = &rest[..rest.len().min(LONGEST_POSIX)];
    let Some(end) = near.iter().skip(1).position(|&byte| byte == b']') else { return Ok(()) };
    let inner = &near[1..end + 1];
    // Behind a second bracket it is a class in a class, which `posix` reads.
    let length = inner.iter().take_while(|&&byte| byte != b'[').count();
    let inner = &inner[..length];
    let inner = inner.strip_prefix(b"^").unwrap_or(inner);
    let paired = match inner {
        [b':', name @ .., b':'] => {
            name.len() >= SHORTEST_POSIX
                && name.first().is_some_and(u8::is_ascii_alphabetic)
                && !name.iter().any(|byte| matches!(byte, b'\\' | b' '))
        }
        [b'.', name @ .., b'.'] | [b'=', name @ .., b'='] => {
            !name.is_empty() && name.iter().all(u8::is_ascii_alphabetic)
        }
        _ => false,
    };
    if paired || has_marked_name(inner) {
        return parser.refuse("POSIX syntax belongs inside character classes");
    }
    Ok(())
}

/// Is a POSIX class's name in it, next to a colon or what is taken for one?
fn has_marked_name(inner: &[u8]) -> bool {
    let mut at = 0;
    while at < inner.len() {
        let length = inner[at..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (before, rest) = inner.split_at(at);
        let (word, after) = rest.split_at(length);
        let before = trim_blanks(before.strip_suffix(b"^").unwrap_or(before)).last();
        let after = trim_blanks(after).first();
        let marked =
            matches!(before, Some(b':' | b';' | b'.' | b'=')) || matches!(after, Some(b':' | b';'));
        if marked && is_posix_name(word) {
            return true;
        }
        at += length.max(1);
    }
    false
}

/// After a backslash: a character or a set of them.
pub(super) fn escape(parser: &mut Parser<'_>, in_class: bool) -> Result<Escape> {
    let Some(letter) = parser.peek() else { return parser.refuse("trailing \\") };
    parser.at += 1;
    let charset = parser.flags.charset;
    let named = |name: &[u8]| bytes::posix(name, charset).unwrap_or_default();
    Ok(match letter {
        b'd' => Escape::Set(named(b"digit")),
        b'D' => Escape::Set(named(b"digit").complement()),
        b'w' => Escape::Set(named(b"word")),
        b'W' => Escape::Set(named(b"word").complement()),
        b's' => Escape::Set(named(b"space")),
        b'S' => Escape::Set(named(b"space").complement()),
        b'h' => Escape::Set(horizontal()),
        b'H' => Escape::Set(horizontal().complement()),
        b'v' => Escape::Set(vertical()),
        b'V' => Escape::Set(vertical().complement()),
        b'p' | b'P' => property(parser, letter == b'P')?,
        b'a' => Escape::Point(0x07),
        b'e' => Escape::Point(0x1B),
        b'f' => Escape::Point(0x0C),
        b'n' => Escape::Point(0x0A),
        b'r' => Escape::Point(0x0D),
        b't' => Escape::Point(0x09),
        b'b' if in_class => Escape::Point(0x08),
        b'c' => control(parser)?,
        b'x' => hexadecimal(parser)?,
        b'o' => braced_octal(parser)?,
        b'N' => character_name(parser)?,
        b'0' => {
            parser.at -= 1;
            Escape::Point(octal(parser)?)
        }
        b'1'..=b'7' if in_class => {
            parser.at -= 1;
            Escape::Point(octal(parser)?)
        }
        // Perl forgets to warn where a counted quantifier follows.
        other
            if other.is_ascii_alphanumeric()
                && (in_class || other.is_ascii_digit() || braces(parser.rest()).is_none()) =>
        {
            return parser.refuse("unrecognized escape");
        }
        other => Escape::Point(u32::from(other)),
    })
}

/// Up to three octal digits; an 8 or 9 that cuts them short is warned of.
pub(super) fn octal(parser: &mut Parser<'_>) -> Result<u32> {
    let mut value = 0;
    for count in 0.. {
        match parser.peek() {
            Some(digit @ b'0'..=b'7') if count < 3 => {
                value = value * 8 + u32::from(digit - b'0');
                parser.at += 1;
            }
            Some(b'8' | b'9') if count < 3 => return parser.refuse("non-octal character"),
            _ => break,
        }
    }
    Ok(value)
}

fn control(parser: &mut Parser<'_>) -> Result<Escape> {
    match parser.peek() {
        Some(letter @ (b'?'..=b'_' | b'a'..=b'z')) => {
            parser.at += 1;
            Ok(Escape::Point(u32::from(letter.to_ascii_uppercase() ^ 64)))
        }
        _ => parser.refuse("character behind \\c makes no control character"),
    }
}

fn hexadecimal(parser: &mut Parser<'_>) -> Result<Escape> {
    if let Some(digits) = braced(parser, "\\x{...} is not closed")? {
        let value = if digits.is_empty() { Some(0) } else { number(digits, 16) };
        return match value {
            Some(point) if point <= HIGHEST_POINT => Ok(Escape::Point(point)),
            _ => parser.refuse("\\x{...} is no hexadecimal number in range"),
        };
    }
    let mut value = 0;
    for _ in 0..2 {
        match parser.peek().map(|byte| (byte as char).to_digit(16)) {
            Some(Some(digit)) => {
                value = value * 16 + digit;
                parser.at += 1;
            }
            Some(None) => return parser.refuse("non-hex character"),
            None => break,
        }
    }
    Ok(Escape::Point(value))
}

fn braced_octal(parser: &mut Parser<'_>) -> Result<Escape> {
    match braced(parser, "\\o{...} is not closed")?.map(|digits| number(digits, 8)) {
        Some(Some(point)) if point <= HIGHEST_POINT => Ok(Escape::Point(point)),
        _ => parser.refuse("\\o{...} is no octal number in range"),
    }
}

/// `\N{U+41}`, `\N{U+41.42}`
fn character_name(parser: &mut Parser<'_>) -> Result<Escape> {
    let Some(name) = braced(parser, "\\N{...} is not closed")? else {
        return parser.refuse("\\N in a class must be a named character");
    };
    let Some(points) = name.strip_prefix(b"U+") else {
        return parser.refuse("characters by name are not supported; write \\x{...}");
    };
    let points: Option<Vec<u32>> =
        points.split(|&byte| byte == b'.').map(|digits| number(digits, 16)).collect();
    match points.as_deref() {
        None => parser.refuse("invalid hexadecimal number in \\N{U+...}"),
        Some([point]) => Ok(Escape::Point(*point)),
        Some(points) => Ok(Escape::Points(points.to_vec())),
    }
}

/// `\pL`, `\p{Lu}`, `\P{^Alpha}`
fn property(parser: &mut Parser<'_>, mut negated: bool) -> Result<Escape> {
    let name = match braced(parser, "\\p{...} is not closed")? {
        Some(name) => name,
        None => {
            let name = parser.rest().get(..1).unwrap_or_default();
            parser.at += name.len();
            name
        }
    };
    let name = match name.strip_prefix(b"^") {
        Some(name) => {
            negated = !negated;
            trim_blanks(name)
        }
        None => name,
    };
    let Some(set) = bytes::property(name) else {
        return parser.refuse("unknown Unicode property");
    };
    let set = if parser.flags.fold { set.folded(Charset::Unicode) } else { set };
    Ok(Escape::Set(if negated { set.complement() } else { set }))
}

/// What stands between braces, without blanks around; `None` if there is no brace.
fn braced<'a>(parser: &mut Parser<'a>, open: &'static str) -> Result<Option<&'a [u8]>> {
    if !parser.take(b'{') {
        return Ok(None);
    }
    let rest = parser.rest();
    let Some(end) = rest.iter().position(|&byte| byte == b'}') else {
        return parser.refuse(open);
    };
    parser.at += end + 1;
    Ok(Some(trim_blanks(&rest[..end])))
}

/// Digits with single underscores before any of them.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let mut value: Option<u32> = None;
    let mut underscore = false;
    for &byte in digits {
        if byte == b'_' && !underscore {
            underscore = true;
            continue;
        }
        let digit = (byte as char).to_digit(radix)?;
        value = Some(value.unwrap_or(0).checked_mul(radix)?.checked_add(digit)?);
        underscore = false;
    }
    value.filter(|_| !underscore)
}

/// Beyond it Perl warns that the code point is not portable.
const HIGHEST_POINT: u32 = 0x7FFF_FFFF;
