//! A URL in its well-known form: whatever a browser would make of it, written in one way.
//!
//! In: a URL as it stands in a text or an attribute. Out: [`Url`]. Behaviour, in order:
//!
//! 1. control characters, white space at the ends and zero-width characters go, `\` is `/`;
//!    numeric references and `&amp;` that are left over are decoded once;
//! 2. `http`, `https`, `ftp`, `hxxp` and `hxxps`, `//` or nothing in front; a name without a
//!    scheme must have a dot. Other schemes are no links;
//! 3. the authority ends at `/`, `?` or `#`; what is before its last `@` goes; a port is kept
//!    unless it is 80, 443 or 21;
//! 4. the host is percent-decoded and becomes lower-case ACE (UTS #46); an IPv4 address in any
//!    spelling of `inet_aton` (parts of decimal, octal, hexadecimal; one to four of them)
//!    becomes dotted decimal, IPv6 in brackets its RFC 5952 form;
//! 5. the path is percent-decoded, `//`, `/./` and `/../` are resolved; query without `?`,
//!    as it stands; the fragment goes.

use crate::text::domain::{is_fqdn, to_ascii};
use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Where a link leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url {
    /// The host: an ACE name in lower case or an address.
    pub host: String,
    /// Is the host an address?
    pub is_address: bool,
    /// The port, where it is none of the usual ones.
    pub port: Option<u16>,
    /// The path with its first `/`, percent-decoded, upper and lower case as written.
    pub path: String,
    /// What follows `?`, not decoded.
    pub query: String,
}

impl Url {
    /// Reads `raw`, of which not more than `longest` bytes count.
    pub fn read(raw: &str, longest: usize) -> Option<Url> {
        let clean = clean(raw, longest);
        let rest = after_scheme(&clean)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at_checked(end)?;
        let authority = authority.rsplit('@').next().unwrap_or(authority);
        let (host, port) = split_port(authority);
        let (host, is_address) = well_known_host(host)?;
        let rest = rest.split('#').next().unwrap_or_default();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let port = port.filter(|port| !matches!(port, 80 | 443 | 21));
        Some(Url { host, is_address, port, path: resolved(path), query: query.to_owned() })
    }

    /// The parts of the path that are not empty.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.path.split('/').filter(|segment| !segment.is_empty())
    }

    /// The decoded value of `key` in the query, where there is one; of the last, if several.
    pub fn parameter(&self, key: &str) -> Option<String> {
        let of_key = |pair: &str| {
            let (name, value) = pair.split_once('=')?;
            name.eq_ignore_ascii_case(key).then(|| percent_decoded(value).into_owned())
        };
        self.pairs().filter_map(of_key).last()
    }

    /// The parameters, each with its key.
    pub fn pairs(&self) -> impl Iterator<Item = &str> {
        self.query.split(['&', ';']).filter(|pair| !pair.is_empty())
    }
}

/// Without what browsers pass over; entities that are left are decoded.
fn clean(raw: &str, longest: usize) -> Cow<'_, str> {
    let raw = raw.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    let cut = (0..=longest.min(raw.len())).rev().find(|&at| raw.is_char_boundary(at));
    let raw = raw.get(..cut.unwrap_or(0)).unwrap_or_default();
    let odd = |c: char| c == '\\' || c == '&' || c.is_control() || is_invisible(c);
    if !raw.contains(odd) {
        return Cow::Borrowed(raw);
    }
    let text = if raw.contains('&') { without_references(raw) } else { raw.to_owned() };
    let seen = text.chars().filter(|&c| !c.is_control() && !is_invisible(c));
    Cow::Owned(seen.map(|c| if c == '\\' { '/' } else { c }).collect())
}

/// Characters without width, and the soft hyphen.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// `&amp;` and numeric references decoded once.
fn without_references(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, reference) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        let (decoded, length) = reference_at(reference).unwrap_or(('&', 1));
        out.push(decoded);
        rest = reference.get(length..).unwrap_or_default();
    }
    out + rest
}

/// The character that a reference stands for, and the length of the reference.
fn reference_at(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(12).position(|b| b == b';')?;
    let name = text.get(1..end)?;
    let code = match name.strip_prefix('#') {
        None => return name.eq_ignore_ascii_case("amp").then_some(('&', end + 1)),
        Some(hex) if hex.starts_with(['x', 'X']) => u32::from_str_radix(hex.get(1..)?, 16).ok()?,
        Some(decimal) => decimal.parse().ok()?,
    };
    Some((char::from_u32(code)?, end + 1))
}

/// What follows scheme and slashes; `None` if it is no link to a host.
fn after_scheme(url: &str) -> Option<&str> {
    let colon = url.find([':', '/', '?', '#']).filter(|&at| url.as_bytes().get(at) == Some(&b':'));
    let scheme = colon.and_then(|at| url.get(..at)).unwrap_or_default();
    let known = ["http", "https", "ftp", "hxxp", "hxxps"];
    if known.iter().any(|name| scheme.eq_ignore_ascii_case(name)) {
        return Some(url.get(scheme.len() + 1..)?.trim_start_matches('/'));
    }
    if let Some(rest) = url.strip_prefix("//") {
        return Some(rest.trim_start_matches('/'));
    }
    // A name and a port, or a name alone: it must look like one.
    let name = url.split([':', '/', '?', '#']).next()?;
    let is_name = name.contains('.') && !name.starts_with('.') && !name.contains('@');
    (is_name && known_suffix(name)).then_some(url)
}

/// Does the list of public suffixes know what `name` ends in?
fn known_suffix(name: &str) -> bool {
    let name = name.to_lowercase();
    psl::suffix(name.trim_end_matches('.').as_bytes()).is_some_and(|suffix| suffix.is_known())
}

/// Host and port of an authority without user.
fn split_port(authority: &str) -> (&str, Option<u16>) {
    let after_bracket = authority.rfind(']').map_or(0, |at| at + 1);
    let colon = authority.get(after_bracket..).and_then(|tail| tail.find(':'));
    match colon.map(|at| at + after_bracket) {
        Some(at) => {
            let port = authority.get(at + 1..).and_then(|digits| digits.parse().ok());
            (authority.get(..at).unwrap_or_default(), port)
        }
        None => (authority, None),
    }
}

/// The host as all spell it, and whether it is an address. `None`: no public name.
fn well_known_host(raw: &str) -> Option<(String, bool)> {
    let host = percent_decoded(raw);
    let host = host.trim();
    if let Some(six) = host.strip_prefix('[') {
        let six = six.split([']', '%']).next()?;
        return Some((six.parse::<Ipv6Addr>().ok()?.to_string(), true));
    }
    let name = to_ascii(host.as_bytes());
    let name = std::str::from_utf8(&name).ok()?.trim_matches('.');
    if let Some(address) = ipv4(name) {
        return Some((address.to_string(), true));
    }
    (is_fqdn(name.as_bytes()) && known_suffix(name)).then(|| (name.to_owned(), false))
}

/// An IPv4 address in any spelling that `inet_aton` takes.
fn ipv4(text: &str) -> Option<Ipv4Addr> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) || text.split('.').count() > 4 {
        return None;
    }
    let parts: Vec<u64> = text.split('.').map(number).collect::<Option<_>>()?;
    let (&last, first) = parts.split_last()?;
    let mut address = 0;
    for &part in first {
        address = address << 8 | (part <= 255).then_some(part)?;
    }
    let free = 8 * (4 - first.len());
    let address = (last >> free == 0).then_some(address << free | last)?;
    Some(Ipv4Addr::from(u32::try_from(address).ok()?))
}

fn number(text: &str) -> Option<u64> {
    let digits = |text: &str, radix| match text.len() {
        0 => Some(0),
        1..=16 if text.bytes().all(|b| char::from(b).is_digit(radix)) => {
            u64::from_str_radix(text, radix).ok()
        }
        _ => None,
    };
    match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(hex) => digits(hex, 16),
        None if text.len() > 1 && text.starts_with('0') => digits(text, 8),
        None => digits(Some(text).filter(|text| !text.is_empty())?, 10),
    }
}

/// `%41` as `A`; other octets stay. What is then no UTF-8 is replaced.
pub(super) fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let digit = |at: usize| tail.get(at).and_then(|&b| char::from(b).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(first);
                rest = tail;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

/// The path, decoded, without empty and dotted segments.
fn resolved(path: &str) -> String {
    let decoded = percent_decoded(path);
    let mut kept: Vec<&str> = Vec::new();
    for segment in decoded.split('/') {
        match segment {
            "" | "." => {}
            ".." => _ = kept.pop(),
            _ => kept.push(segment),
        }
    }
    let mut out = String::with_capacity(decoded.len() + 1);
    for segment in kept {
        out.push('/');
        out.push_str(segment);
    }
    if out.is_empty() || decoded.ends_with('/') {
        out.push('/');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(raw: &str) -> String {
        let Some(url) = Url::read(raw, 8192) else { return "none".to_owned() };
        let port = url.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}{port}{} {}", url.host, url.path, url.query)
    }

    #[test]
    fn disguises_come_off() {
        let table = [
            ("http://WWW.Example.COM", "www.example.com/ "),
            ("  HtTpS:\\\\user:pw@www.example.com.:443\\a\\b?x=1#y ", "www.example.com/a/b x=1"),
            ("hxxp://example.com:8080/", "example.com:8080/ "),
            ("//example.com//a/./b/../c", "example.com/a/c "),
            ("example.com/x?y", "example.com/x y"),
            ("example.com:81/x", "example.com:81/x "),
            ("http://%65xample%2Ecom/%41%2e", "example.com/A. "),
            ("http://ex\u{200b}ample.com/\u{ad}a", "example.com/a "),
            ("h\nttp://exam\tple.com/", "example.com/ "),
            ("http://&#101;x&#x61;mple.com/?a=1&amp;b=2", "example.com/ a=1&b=2"),
            ("http://bücher.de/ü", "xn--bcher-kva.de/ü "),
            ("http://ｅｘａｍｐｌｅ。com/", "example.com/ "),
            ("http://3232235777/", "192.168.1.1/ "),
            ("http://0xC0.0250.1.1/x", "192.168.1.1/x "),
            ("http://0xc0a80101", "192.168.1.1/ "),
            ("http://192.168.257/", "192.168.1.1/ "),
            ("http://a@[2001:DB8:0::1]:8080/", "2001:db8::1:8080/ "),
            ("http://192.168.1.256/", "none"),
            ("http://4294967296/", "none"),
            ("mailto:a@example.com", "none"),
            ("javascript:alert(1)", "none"),
            ("data:text/html;base64,AAAA", "none"),
            ("cid:part1.x@example.com", "none"),
            ("images/logo.gif", "none"),
            ("logo.gif", "none"),
            ("http://localhost/", "none"),
            ("http:///", "none"),
            ("", "none"),
        ];
        for (raw, expected) in table {
            assert_eq!(shown(raw), expected, "{raw}");
        }
    }

    #[test]
    fn parameters_are_decoded_and_the_last_counts() {
        let url = Url::read("http://example.com/?a=1;U=x%20y&u=z%2f", 8192).unwrap();
        assert_eq!(url.parameter("u").as_deref(), Some("z/"));
        assert_eq!(url.parameter("b"), None);
    }

    #[test]
    fn no_more_than_its_limit_of_a_url_counts() {
        let cut = Url::read("http://example.com/abc", 20).unwrap();
        assert_eq!(cut.path, "/a");
        assert_eq!(Url::read("http://example.com/ü", 20).unwrap().path, "/");
    }

    proptest! {
        #[test]
        fn nothing_panics(raw in "(http:|//|/|\\\\|@|\\[|\\]|:|%4|%41|&#|;|&|=|\\?|#|\\.|com|0x|1|\\PC){0,24}", cut in 0usize..60) {
            Url::read(&raw, cut);
        }

        #[test]
        fn the_well_known_form_is_its_own(raw in "http://[a-z]{1,9}\\.com(/[a-zA-Z]{1,3}){0,4}") {
            let url = Url::read(&raw, 8192).unwrap();
            let again = Url::read(&format!("http://{}{}", url.host, url.path), 8192).unwrap();
            prop_assert_eq!(url, again);
        }
    }
}
