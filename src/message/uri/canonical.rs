//! Undoes the disguises of a URI: every form that a reader's program may make of it.
//!
//! In: a URI as found. Out: that URI and its other forms, each once. Invariant: as many
//! rounds as redirectors are nested, [`Limit::UriNesting`] at most, each linear in the URI.
//! Behaviour: uri_list_canonicalize of Mail::SpamAssassin::Util(3).

use super::mail;
use crate::limits::{Limit, Reached};
use crate::message::Settings;
use crate::text::domain;
use std::borrow::Cow;
use std::collections::HashSet;
use std::net::Ipv4Addr;

/// All forms of `uri`, the first without white space around. `wide`: it is a string of
/// characters, in which one above U+00FF is never encoded.
pub fn variants(
    uri: &[u8],
    wide: bool,
    settings: &Settings,
    reached: &mut Reached,
) -> Vec<Vec<u8>> {
    let mut found = vec![stripped(uri, wide)];
    let mut forms = Vec::new();
    let mut index = 0;
    while let Some(uri) = found.get(index).cloned() {
        index += 1;
        if is_short(&uri, wide) || is_local(&uri) {
            continue;
        }
        if mail::is_mail(&uri) {
            forms.extend(mail::variants(&uri));
            continue;
        }
        let plain = plain(&uri, wide);
        if plain != uri {
            forms.push(plain.clone());
        }
        let Some(parts) = Parts::of(&plain) else { continue };
        if let Some(target) = host_forms(&parts, wide, settings, &mut forms) {
            if index > settings.limits.uri_nesting {
                reached.note(Limit::UriNesting);
            } else {
                found.push(stripped(&target, wide));
            }
        }
    }
    let mut seen = HashSet::new();
    found.append(&mut forms);
    found.retain(|form| seen.insert(form.clone()));
    found
}

/// Without line breaks and white space around.
fn stripped(uri: &[u8], wide: bool) -> Vec<u8> {
    let mut uri: Vec<u8> = uri.iter().copied().filter(|&b| b != b'\n').collect();
    let solid = |&b: &u8| !matches!(b, b' ' | b'\t'..=b'\r');
    match std::str::from_utf8(&uri) {
        Ok(text) if wide => uri = text.trim().as_bytes().to_vec(),
        _ => {
            uri.truncate(uri.iter().rposition(solid).map_or(0, |last| last + 1));
            uri.drain(..uri.iter().position(solid).unwrap_or(0));
        }
    }
    uri.retain(|&b| b != b'\r');
    uri
}

/// Is there no more than one character?
fn is_short(uri: &[u8], wide: bool) -> bool {
    let counts = |b: &&u8| !wide || **b & 0xc0 != 0x80;
    uri.iter().take(8).filter(counts).count() <= 1
}

/// `#fragment`, `?query`, `&x` and `/path`, but not `//host`.
fn is_local(uri: &[u8]) -> bool {
    match uri {
        [b'#' | b'?' | b'&', ..] => true,
        [b'/', rest @ ..] => !rest.starts_with(b"/"),
        _ => false,
    }
}

/// The URI with slashes, scheme, encoded characters and references as they are meant.
fn plain(uri: &[u8], wide: bool) -> Vec<u8> {
    let mut plain: Vec<u8> = uri.iter().map(|&b| if b == b'\\' { b'/' } else { b }).collect();
    if let Some(colon) = http_colon(&plain) {
        let rest = plain.get(colon + 1..).unwrap_or(b"");
        let slashes = rest.iter().take(2).take_while(|&&b| b == b'/').count();
        plain.splice(colon + 1..colon + 1 + slashes, *b"//");
    }
    if has_encoded(&plain) {
        plain = decoded(&plain, wide);
    }
    if !has_scheme(&plain) {
        let scheme: &[u8] = if plain.starts_with(b"ftp.") { b"ftp://" } else { b"http://" };
        plain.splice(..0, scheme.iter().copied());
    }
    if let Some(colon) = http_colon(&plain)
        && let Some(authority) = plain.get(colon + 1..).and_then(|tail| tail.strip_prefix(b"//"))
        && let Some(end) = authority.iter().position(|b| b"/?#".contains(b))
        && end > 0
        && authority.get(end) != Some(&b'/')
    {
        plain.insert(colon + 3 + end, b'/');
    }
    if memchr::memmem::find(&plain, b"&#").is_some() {
        plain = without_references(&plain);
    }
    plain
}

/// Where the `:` of `http:` or `https:` at the start is.
fn http_colon(uri: &[u8]) -> Option<usize> {
    [&b"http:"[..], b"https:"]
        .into_iter()
        .find(|&scheme| uri.get(..scheme.len()).is_some_and(|it| it.eq_ignore_ascii_case(scheme)))
        .map(|scheme| scheme.len() - 1)
}

fn has_scheme(uri: &[u8]) -> bool {
    let letters =
        uri.iter().take_while(|&&b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_').count();
    letters > 0 && uri.get(letters) == Some(&b':')
}

/// The octet that `%xx` at the start of `text` stands for.
fn encoded(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else { return None };
    let digit = |&b: &u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? * 16 + digit(low)?)
}

fn has_encoded(uri: &[u8]) -> bool {
    memchr::memchr_iter(b'%', uri).any(|at| encoded(uri.get(at..).unwrap_or(b"")).is_some())
}

/// `%xx` of printable ASCII decoded; what must not stand in a URI encoded.
pub(super) fn decoded(uri: &[u8], wide: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(uri.len());
    let mut rest = uri;
    while let Some(&b) = rest.first() {
        let mut taken = 1;
        match encoded(rest) {
            Some(code) => {
                taken = 3;
                match code {
                    0x21..=0x7e => out.push(code),
                    _ => out.extend_from_slice(rest.get(..3).unwrap_or(b"")),
                }
            }
            None if b.is_ascii_graphic() && !b"\"%<>".contains(&b) => out.push(b),
            // U+0080 to U+00FF in UTF-8: one character, one code.
            None if wide && !b.is_ascii() => {
                let next = rest.get(1).copied().unwrap_or(0);
                if matches!(b, 0xc2 | 0xc3) && next & 0xc0 == 0x80 {
                    taken = 2;
                    push_code(&mut out, (b << 6) | (next & 0x3f));
                } else {
                    out.push(b);
                }
            }
            None => push_code(&mut out, b),
        }
        rest = rest.get(taken..).unwrap_or(b"");
    }
    out
}

fn push_code(out: &mut Vec<u8>, code: u8) {
    out.extend_from_slice(format!("%{code:02x}").as_bytes());
}

/// `&#33;` to `&#126;`, the same in hexadecimal, and Unicode's full stops, decoded.
fn without_references(uri: &[u8]) -> Vec<u8> {
    // Three rounds, because what one leaves may be a reference for the next.
    let decimal = |body: &[u8]| {
        let digits = body.iter().all(u8::is_ascii_digit).then(|| number(body, 10)).flatten()?;
        u8::try_from(digits).ok().filter(|code| (33..=126).contains(code))
    };
    let hexadecimal = |body: &[u8]| {
        let code = number(body.strip_prefix(b"x")?, 16)?;
        u8::try_from(code).ok().filter(|code| (0x21..=0x7e).contains(code))
    };
    let full_stop = |body: &[u8]| {
        let stops = [&b"x2e"[..], b"12290", b"x3002", b"65294", b"xff0e", b"65377", b"xff61"];
        stops.iter().any(|stop| body.eq_ignore_ascii_case(stop)).then_some(b'.')
    };
    let first = replace_references(uri, decimal);
    let second = replace_references(&first, hexadecimal);
    replace_references(&second, full_stop)
}

/// A number with any zeros before it.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let zeros = digits.iter().take_while(|&&b| b == b'0').count();
    let digits = std::str::from_utf8(digits.get(zeros..)?).ok()?;
    let plain = digits.len() <= 3 && !digits.starts_with('+');
    plain.then(|| u32::from_str_radix(digits, radix).ok()).flatten()
}

fn replace_references(uri: &[u8], octet: impl Fn(&[u8]) -> Option<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(uri.len());
    let mut rest = uri;
    while let Some(at) = memchr::memmem::find(rest, b"&#") {
        let (before, reference) = rest.split_at_checked(at).unwrap_or((rest, b""));
        out.extend_from_slice(before);
        let body = reference.get(2..).unwrap_or(b"");
        let length = body.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        let inner = body.get(..length).unwrap_or(b"");
        match octet(inner).filter(|_| body.get(length) == Some(&b';')) {
            Some(b) => {
                out.push(b);
                rest = body.get(length + 1..).unwrap_or(b"");
            }
            None => {
                out.extend_from_slice(b"&#");
                rest = body;
            }
        }
    }
    out.extend_from_slice(rest);
    out
}

/// An `http` URI.
struct Parts<'u> {
    /// Scheme and slashes.
    scheme: &'u [u8],
    /// Is there a user before the host?
    user: bool,
    host: &'u [u8],
    /// From the host's end on.
    rest: &'u [u8],
}

impl<'u> Parts<'u> {
    fn of(uri: &'u [u8]) -> Option<Parts<'u>> {
        let (scheme, tail) = uri.split_at_checked(http_colon(uri)? + 3)?;
        if !scheme.ends_with(b"//") {
            return None;
        }
        let end = tail.iter().position(|b| b"/?#".contains(b)).unwrap_or(tail.len());
        let authority = tail.get(..end)?;
        let host_at = |begin: usize| {
            let host = tail.get(begin..)?;
            let length = host.iter().position(|b| b"/?#:".contains(b)).unwrap_or(host.len());
            (length > 0).then(|| host.split_at_checked(length)).flatten()
        };
        let user = memchr::memchr(b'@', authority).and_then(|at| host_at(at + 1));
        let (host, rest) = user.or_else(|| host_at(0))?;
        Some(Parts { scheme, user: user.is_some(), host, rest })
    }

    fn with_host(&self, host: &[u8]) -> Vec<u8> {
        [self.scheme, host, self.rest].concat()
    }
}

/// Adds the forms that differ in the host; gives where a redirector leads to.
fn host_forms(
    parts: &Parts<'_>,
    wide: bool,
    settings: &Settings,
    forms: &mut Vec<Vec<u8>>,
) -> Option<Vec<u8>> {
    let plain_http = parts.scheme == b"http://";
    let digits = parts.rest.iter().skip(1).take_while(|b| b.is_ascii_digit()).count();
    let port = (parts.rest.first() == Some(&b':') && digits > 0)
        .then(|| parts.rest.split_at_checked(1 + digits))
        .flatten();
    let default: &[u8] = if plain_http { b":80" } else { b":443" };
    let without_port = port.filter(|&(port, rest)| port == default && !starts_word(rest));
    if let Some((_, rest)) = without_port {
        forms.push([parts.scheme, parts.host, rest].concat());
    }

    let ascii = ascii_host(parts.host, wide);
    let mut host = Cow::Borrowed(parts.host);
    if *ascii != parts.host.to_ascii_lowercase() {
        forms.push(parts.with_host(&ascii));
        let rest = port.map(|_| without_port.map_or(parts.rest, |(_, rest)| rest));
        if let Some(rest) = rest.filter(|&rest| !matches!(rest, b"" | b"0")) {
            forms.push([parts.scheme, &ascii, rest].concat());
        }
        host = ascii.clone();
    }
    if host.iter().any(|&b| b <= b' ') {
        host = Cow::Owned(host.iter().copied().filter(|&b| b > b' ').collect());
        forms.push(parts.with_host(&host));
    }
    let target = redirected(&parts.with_host(&host), parts.rest, settings);
    if let Some(at) = memchr::memchr(b'@', &host).filter(|&at| at > 0) {
        host = Cow::Owned(host.get(at + 1..).unwrap_or(b"").to_vec());
        forms.push(parts.with_host(&host));
    }
    let end = host.iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |last| last + 1);
    if end < host.len() {
        host.to_mut().truncate(end);
        forms.push(parts.with_host(&host));
    }
    let port_80 = port.map_or(plain_http, |(port, _)| port == b":80");
    match address(&host) {
        Some(address) => forms.push(parts.with_host(&address)),
        None if plain_http && !parts.user && port_80 && *ascii != *b"localhost" => {
            let name = ascii.strip_prefix(b"www.").filter(|name| !name.is_empty());
            let name = name.filter(|name| !name.contains(&b'.')).unwrap_or(&ascii);
            if !name.contains(&b'.') && !settings.domains.is_valid(&domain::to_ascii(&ascii)) {
                forms.push(parts.with_host(&[b"www.", name, b".com"].concat()));
            }
        }
        None => {}
    }
    target
}

fn starts_word(text: &[u8]) -> bool {
    text.first().is_some_and(|&b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The host's ACE form. What has none comes back as octets, which Perl joins to a string of
/// characters one by one.
fn ascii_host(host: &[u8], wide: bool) -> Cow<'_, [u8]> {
    match domain::to_ascii(host) {
        ascii if wide && !ascii.is_ascii() => {
            Cow::Owned(ascii.iter().map(|&b| char::from(b)).collect::<String>().into_bytes())
        }
        ascii => ascii,
    }
}

/// Where `uri` leads to as a redirector: by pattern, else any `http:` behind its host.
fn redirected(uri: &[u8], rest: &[u8], settings: &Settings) -> Option<Vec<u8>> {
    let dotted = |target: &Vec<u8>| target.contains(&b'.');
    if let Some(target) =
        settings.redirectors.iter().find_map(|redirector| redirector(uri).filter(dotted))
    {
        return Some(target);
    }
    let lower = rest.to_ascii_lowercase();
    let target = memchr::memmem::find_iter(&lower, b"http").find_map(|at| {
        let colon = http_colon(lower.get(at..)?)?;
        let tail = rest.get(at + colon + 1..)?;
        let length = tail.iter().position(|b| b"&#".contains(b)).unwrap_or(tail.len());
        (length > 0).then(|| rest.get(at..at + colon + 1 + length)).flatten()
    })?;
    Some(target.to_vec()).filter(dotted)
}

/// The dotted form of an IP address in octal, hexadecimal or one number.
fn address(host: &[u8]) -> Option<Vec<u8>> {
    let numeric = |b: &u8| b.is_ascii_hexdigit() || b".xX".contains(b);
    if !host.first()?.is_ascii_digit() || !host.iter().all(numeric) {
        return None;
    }
    if let Some(digits) = hexadecimal(host) {
        let last = digits.get(digits.len().saturating_sub(8)..)?;
        let number = u32::from_str_radix(std::str::from_utf8(last).ok()?, 16).ok()?;
        return Some(Ipv4Addr::from(number).to_string().into_bytes());
    }
    if host.iter().all(u8::is_ascii_digit) {
        let number: u64 = std::str::from_utf8(host).ok()?.parse().unwrap_or(u64::MAX);
        // Of more than eight hexadecimal digits the first eight count.
        let digits = format!("{number:08x}");
        let number = u32::from_str_radix(digits.get(..8)?, 16).ok()?;
        return Some(Ipv4Addr::from(number).to_string().into_bytes());
    }
    let octets: Vec<&[u8]> = host.split(|&b| b == b'.').collect();
    let one = |octet: &&[u8]| {
        hexadecimal(octet).is_some() || (!octet.is_empty() && octet.iter().all(u8::is_ascii_digit))
    };
    if octets.len() != 4 || !octets.iter().all(one) {
        return None;
    }
    let octets: Vec<Vec<u8>> = octets.into_iter().map(octet).collect();
    Some(octets.join(&b'.'))
}

/// The digits behind `0x`.
fn hexadecimal(text: &[u8]) -> Option<&[u8]> {
    let digits = text.strip_prefix(b"0x").or(text.strip_prefix(b"0X"))?;
    (!digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit)).then_some(digits)
}

/// One number of an address in decimal. A nought comes out empty, as in SpamAssassin.
fn octet(text: &[u8]) -> Vec<u8> {
    let mut decimal = text.to_vec();
    if let Some(digits) = hexadecimal(text) {
        let digits = std::str::from_utf8(digits).unwrap_or("");
        let value = u64::from_str_radix(digits, 16).unwrap_or(i64::MAX.unsigned_abs());
        decimal = value.to_string().into_bytes();
    }
    let zeros = decimal.iter().take_while(|&&b| b == b'0').count();
    let rest = decimal.get(zeros..).unwrap_or(b"");
    let octal = zeros > 0
        && rest.iter().all(|b| (b'0'..=b'7').contains(b))
        && match rest {
            [b'1'..=b'3', ..] => rest.len() <= 3,
            [_, ..] => rest.len() <= 2,
            [] => false,
        };
    match octal {
        true => rest.iter().fold(0_u32, |sum, &b| sum * 8 + u32::from(b - b'0')).to_string().into(),
        false => rest.to_vec(),
    }
}
