//! Razor2's e8: the hosts that a text leads to, each with the text's length.
//!
//! In: a text. Out: signatures: the first twelve hexadecimal digits of SHA-1 of a host's domain,
//! and four of SHA-1 of the text's length, rounded down to hundreds, in decimal. Hosts are what
//! begins with `www` after white space, as it stands; then the host of the first URL, and of the
//! first in the last line, and of those behind it in that line.

use super::super::suffixes::SUFFIXES;
use super::{base64, sha1};

/// The signatures of `text`, in order.
pub(super) fn signatures(text: &[u8]) -> Vec<String> {
    if matches!(text, b"" | b"0") {
        return Vec::new();
    }
    let length = text.len() - text.len() % 100;
    let length = sha1(length.to_string().as_bytes());
    let signed = hosts(text).into_iter().filter_map(|host| {
        // A host beyond Latin-1 cannot be signed: razor-agents ends there.
        let bytes: Option<Vec<u8>> =
            host.iter().map(|&c| u8::try_from(u32::from(c)).ok()).collect();
        let hash = sha1(&bytes?);
        Some(base64(&format!("{}{}", hash.get(..12)?, length.get(..4)?)))
    });
    signed.collect()
}

/// A text of characters; `wide` if one of them is beyond Latin-1, which makes Perl take
/// U+0085 and U+00A0 for white space and know capitals beyond ASCII.
struct Text {
    chars: Vec<char>,
    wide: bool,
}

impl Text {
    /// `%41` and `&#65;` decoded.
    fn of(text: &[u8]) -> Text {
        let mut percent = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((&byte, after)) = rest.split_first() {
            let digit = |at: usize| after.get(at).and_then(|&b| char::from(b).to_digit(16));
            let hex = (byte == b'%').then(|| Some(digit(0)? << 4 | digit(1)?)).flatten();
            percent.push(hex.and_then(char::from_u32).unwrap_or(char::from(byte)));
            rest = after.get(if hex.is_some() { 2 } else { 0 }..).unwrap_or_default();
        }
        let mut chars = Vec::with_capacity(percent.len());
        let mut rest = percent.as_slice();
        while let Some((&first, after)) = rest.split_first() {
            let reference = (first == '&').then(|| decimal(after)).flatten();
            chars.push(reference.map_or(first, |(c, _)| c));
            rest = after.get(reference.map_or(0, |(_, length)| length)..).unwrap_or_default();
        }
        let wide = chars.iter().any(|&c| u32::from(c) > 0xff);
        Text { chars, wide }
    }

    fn is_space(&self, c: char) -> bool {
        matches!(c, ' ' | '\t'..='\r') || (self.wide && matches!(c, '\u{85}' | '\u{a0}'))
    }

    fn lower(&self, c: char) -> char {
        match self.wide {
            true => c.to_lowercase().next().unwrap_or(c),
            false => c.to_ascii_lowercase(),
        }
    }
}

/// `#65;`, with two or three digits: the character and the length.
fn decimal(text: &[char]) -> Option<(char, usize)> {
    let digits: String = text.get(1..)?.iter().take(4).take_while(|c| c.is_ascii_digit()).collect();
    let end = digits.len() + 1;
    let whole = text.first() == Some(&'#') && text.get(end) == Some(&';');
    (whole && (2..=3).contains(&digits.len()))
        .then(|| Some((char::from_u32(digits.parse().ok()?)?, end + 1)))?
}

fn hosts(text: &[u8]) -> Vec<Vec<char>> {
    let text = Text::of(text);
    let mut hosts = linked(&text);
    let Some((mut rest, mut attribute)) = first_url(&text) else { return Vec::new() };
    loop {
        let host = host(&text, rest, attribute);
        if host.is_empty() || host == ['0'] {
            return hosts;
        }
        let address = host.iter().all(|c| c.is_ascii_digit() || *c == '.');
        let domain = if address { host } else { domain(host) };
        if domain.len() > 1 && domain.contains(&'.') && !hosts.contains(&domain) {
            hosts.push(domain);
        }
        match next_url(rest) {
            // A second scheme behind the first one is passed over.
            Some(next) => (rest, attribute) = (after(next, "http://").unwrap_or(next), false),
            None => return hosts,
        }
    }
}

/// Words that begin with `www` and any character after white space.
fn linked(text: &Text) -> Vec<Vec<char>> {
    let ends = |c: &char| matches!(c, ' ' | '/' | '>' | '<' | '"' | '\r' | '\n');
    let chars = &text.chars;
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let space = chars.get(at).is_some_and(|&c| text.is_space(c));
        let word = chars.get(at + 1..).unwrap_or_default();
        let begins = word.get(..3).is_some_and(|w| w.iter().all(|c| matches!(c, 'w' | 'W')));
        let any = word.get(3).is_some_and(|&c| c != '\n');
        let length = word.iter().skip(4).take_while(|c| !ends(c)).count();
        if space && begins && any && length > 0 {
            found.push(word.get(..4 + length).unwrap_or_default().to_vec());
            at += 5 + length;
        } else {
            at += 1;
        }
    }
    found
}

/// What follows the first URL's scheme, and whether it stands in an attribute: one in an
/// attribute goes before all others.
fn first_url(text: &Text) -> Option<(&[char], bool)> {
    let chars = text.chars.as_slice();
    let attribute = (0..chars.len()).find_map(|at| {
        let rest = after(chars.get(at..)?, "href")?;
        let rest = after(trimmed(text, rest), "=")?;
        let rest = trimmed(text, rest);
        let rest = rest.strip_prefix(&['"']).unwrap_or(rest);
        after_scheme(rest)
    });
    if let Some(rest) = attribute {
        return Some((rest, true));
    }
    let plain = (0..chars.len()).find_map(|at| after_scheme(chars.get(at..)?));
    plain.map(|rest| (rest, false))
}

fn trimmed<'t>(text: &Text, chars: &'t [char]) -> &'t [char] {
    let spaces = chars.iter().take_while(|&&c| text.is_space(c)).count();
    chars.get(spaces..).unwrap_or_default()
}

/// What follows `word`, in any case.
fn after<'t>(chars: &'t [char], word: &str) -> Option<&'t [char]> {
    let (begin, rest) = chars.split_at_checked(word.len())?;
    begin.iter().zip(word.chars()).all(|(a, b)| a.eq_ignore_ascii_case(&b)).then_some(rest)
}

/// What follows `http:/`, `https:/`, with one more slash if there is one.
fn after_scheme(chars: &[char]) -> Option<&[char]> {
    let rest = after(chars, "http")?;
    let rest = after(rest, "s").unwrap_or(rest);
    let rest = after(rest, ":/")?;
    Some(rest.strip_prefix(&['/']).unwrap_or(rest))
}

/// What follows the first `http://` of the last line.
fn next_url(chars: &[char]) -> Option<&[char]> {
    let chars = chars.strip_suffix(&['\n']).unwrap_or(chars);
    let start = chars.iter().rposition(|&c| c == '\n').map_or(0, |at| at + 1);
    let line = chars.get(start..)?;
    let scheme: Vec<char> = "http://".chars().collect();
    let at = line.windows(scheme.len()).position(|window| window == scheme)?;
    line.get(at + scheme.len()..)
}

/// The host that `rest`, what follows a scheme, begins with.
fn host(text: &Text, rest: &[char], attribute: bool) -> Vec<char> {
    let ends = |c: &char| {
        matches!(c, '>' | '"' | '/' | '?' | '<') || (!attribute && matches!(c, '\n' | '\r'))
    };
    let end = rest.iter().position(ends).unwrap_or(rest.len());
    let name = rest.get(..end).unwrap_or_default();
    let user = name.iter().position(|&c| c == '@').map_or(0, |at| at + 1);
    let name = without_assignment(text, name.get(user..).unwrap_or_default());
    let end = name.iter().position(|&c| text.is_space(c)).unwrap_or(name.len());
    let name = name.get(..end).unwrap_or_default().iter();
    let name: Vec<char> = name.map(|&c| text.lower(c)).filter(|&c| c != '=').collect();
    let port = name.iter().position(|&c| c == ':').unwrap_or(name.len());
    let name = name.get(..port).unwrap_or_default();
    name.strip_suffix(&['.']).unwrap_or(name).to_vec()
}

/// Without the first `something=` in it, up to the last `=` of its word.
fn without_assignment(text: &Text, name: &[char]) -> Vec<char> {
    let mut start = 0;
    while start < name.len() {
        let word = name.get(start..).unwrap_or_default();
        let length = word.iter().take_while(|&&c| !text.is_space(c)).count();
        let word = word.get(..length).unwrap_or_default();
        if let Some(last) = word.iter().rposition(|&c| c == '=').filter(|&last| last > 0) {
            let mut out = name.get(..start).unwrap_or_default().to_vec();
            out.extend(name.get(start + last + 1..).unwrap_or_default());
            return out;
        }
        start += length.max(1);
    }
    name.to_vec()
}

/// The domain of a host: a known suffix with one label before it, or all of it.
fn domain(host: Vec<char>) -> Vec<char> {
    let name: String = host.iter().collect();
    let Some((_, top)) = name.rsplit_once('.') else { return host };
    let row = SUFFIXES.binary_search_by_key(&top, |row| row.0).ok().and_then(|at| SUFFIXES.get(at));
    let Some((top, before)) = row else { return host };
    let longest = before.split(' ').filter(|label| !label.is_empty());
    let mut suffixes: Vec<String> = longest.map(|label| format!(".{label}.{top}")).collect();
    suffixes.sort_by_key(|suffix| std::cmp::Reverse(suffix.matches('.').count()));
    suffixes.push(format!(".{top}"));
    for suffix in suffixes {
        // One suffix of the list has no dot before it and counts before the last one.
        if suffix == ".au" && name.ends_with("edu.au") {
            return "edu.au".chars().collect();
        }
        let label = name.strip_suffix(suffix.as_str()).and_then(|rest| rest.rsplit('.').next());
        if let Some(label) = label.filter(|label| !label.is_empty()) {
            return format!("{label}{suffix}").chars().collect();
        }
    }
    host
}
