//! Domain names: which labels are registered, which belong to a registry.
//!
//! In: host names as a mail writes them (any bytes). Out: the registered domain, whether
//! the top-level domain exists, and the ACE form of an international name. Invariant: what
//! comes out is never longer than the ACE form of what went in, and a name without a known
//! top-level domain has no domain. Registry borders are `util_rb_tld`, `util_rb_2tld` and
//! `util_rb_3tld` of Mail::SpamAssassin::Conf(3); valid names follow RFC 1035 section 2.3.1,
//! international ones UTS #46 (non-transitional).

use std::borrow::Cow;
use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The top-level domains and registry suffixes that the configuration knows
/// (`util_rb_tld`, `util_rb_2tld`, `util_rb_3tld`), in lower case without dots around.
///
/// There is no built-in list: without `util_rb_tld` no name has a valid domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    /// `com`, `uk`, …
    pub tlds: HashSet<Vec<u8>>,
    /// `co.uk`, …
    pub two_level: HashSet<Vec<u8>>,
    /// `demon.co.uk`, …
    pub three_level: HashSet<Vec<u8>>,
}

/// A name that a URI leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host {
    /// The whole name, in lower case and ACE; or an IP address.
    pub name: Vec<u8>,
    /// Its registered domain; the IP address again.
    pub domain: Vec<u8>,
}

/// The states under `.us`, whose second level belongs to the registry.
const US_STATES: &[u8] =
    b"akalarazcacoctdcdeflgaguhiiaidilinkskylamamdmemimnmomsmtncndnenhnjnmnvnyohokorpaprriscsd\
      tntxutvavivtwawiwvwy";

/// The longest name: RFC 1035 without the root.
const NAME_BYTES: usize = 253;
/// The longest label.
const LABEL_BYTES: usize = 63;

impl Registry {
    /// The registered domain of `host` (`example.co.uk` of `www.example.co.uk`), as the end
    /// of `host` itself, dots at its end left out. `None` without a known top-level domain.
    pub fn domain_of<'h>(&self, host: &'h [u8]) -> Option<&'h [u8]> {
        let trimmed = trim_dots(host);
        self.is_valid(trimmed).then(|| self.split(trimmed).1)
    }

    /// Cuts `host` into what is before the registered domain (without the dot between) and
    /// the registered domain. No top-level domain need be known. Dots around are left out.
    pub fn split<'h>(&self, host: &'h [u8]) -> (&'h [u8], &'h [u8]) {
        let host = trim_dots(host);
        let lower = host.to_ascii_lowercase();
        // The starts of the last five labels, the first label's last: no rule looks at more.
        let mut starts = Vec::new();
        let mut end = host.len();
        while end > 0 && starts.len() < 5 {
            let start = lower.get(..end).and_then(|head| memchr::memrchr(b'.', head));
            let begin = start.map_or(0, |dot| dot + 1);
            if begin < end {
                starts.push(begin);
            }
            end = start.unwrap_or(0);
        }
        let registry = self.registry_labels(&lower, &starts);
        let begin = starts.get(registry).or(starts.last()).copied().unwrap_or(0);
        let (before, domain) = host.split_at_checked(begin).unwrap_or((b"", host));
        (trim_dots(before), domain)
    }

    /// The registered domain of `host`, whether or not its top-level domain is known, in ACE and
    /// lower case. Several dots in a row count as one.
    pub fn trimmed(&self, host: &[u8]) -> Vec<u8> {
        let mut host = to_ascii(host).into_owned();
        host.dedup_by(|byte, before| *byte == b'.' && *before == b'.');
        self.split(&host).1.to_vec()
    }

    /// How many of the last labels of `host` belong to the registry.
    fn registry_labels(&self, host: &[u8], starts: &[usize]) -> usize {
        let from = |count: usize| {
            let begin = *starts.get(count.checked_sub(1)?)?;
            host.get(begin..)
        };
        let label = |count: usize| from(count)?.split(|&b| b == b'.').next();
        let us = label(1) == Some(b"us");
        let state = |count| label(count).is_some_and(is_us_state);
        let four = us
            && starts.len() >= 4
            && state(2)
            && ((label(4) == Some(b"pvt") && label(3) == Some(b"k12"))
                || matches!(label(4), Some(b"ci" | b"co")));
        let three = if us {
            starts.len() >= 3 && state(2)
        } else {
            from(3).is_some_and(|name| self.three_level.contains(name))
        };
        let two = from(2).is_some_and(|name| self.two_level.contains(name));
        match (four, three, two) {
            (true, ..) => 4,
            (_, true, _) => 3,
            (.., true) => 2,
            _ => 1,
        }
    }

    /// Does `host` end in a dot and a known top-level domain? Says nothing of the rest,
    /// save that white space is not allowed. See [`is_fqdn`] for that.
    pub fn is_valid(&self, host: &[u8]) -> bool {
        if host.iter().any(|&b| is_space(b)) {
            return false;
        }
        let Some(dot) = memchr::memrchr(b'.', host) else { return false };
        host.get(dot + 1..).is_some_and(|tld| {
            !tld.is_empty()
                && tld.len() <= NAME_BYTES
                && self.tlds.contains(tld.to_ascii_lowercase().as_slice())
        })
    }

    /// The host that `uri` leads to (for `mailto:`, the address's), if it is an IP address
    /// or a valid name with a known top-level domain.
    pub fn host_of_uri(&self, uri: &[u8]) -> Option<Host> {
        let uri = uri.to_ascii_lowercase();
        if [&b"javascript:"[..], b"cid:", b"file:"].iter().any(|scheme| uri.starts_with(scheme)) {
            return None;
        }
        let authority = match uri.strip_prefix(b"mailto:") {
            Some(address) => address_host(address)?,
            None => uri_authority(&uri),
        };
        if has_encoded_printable(authority) {
            return None;
        }
        let name = to_ascii(authority).into_owned();
        if is_ip(&name) {
            return Some(Host { domain: name.clone(), name });
        }
        if !is_fqdn(&name) || !self.is_valid(&name) {
            return None;
        }
        let domain = self.split(&name).1.to_vec();
        Some(Host { name, domain })
    }
}

/// The host of an address without `mailto:`; `None` if there is not exactly one `@`.
fn address_host(address: &[u8]) -> Option<&[u8]> {
    let address = address.split(|&b| b == b'?').next()?;
    let at = memchr::memchr(b'@', address)?;
    let host = address.get(at + 1..)?;
    memchr::memchr(b'@', host).is_none().then_some(host)
}

/// What is between scheme and path, without user and port.
fn uri_authority(uri: &[u8]) -> &[u8] {
    let letters = uri.iter().take_while(|b| b.is_ascii_lowercase()).count();
    let mut rest = uri;
    if letters > 0
        && let Some(after) = uri.get(letters..).and_then(|tail| tail.strip_prefix(b":"))
    {
        rest = after.strip_prefix(b"/").unwrap_or(after);
        rest = rest.strip_prefix(b"/").unwrap_or(rest);
    }
    let mut host = rest.split(|b| b"/?#".contains(b)).next().unwrap_or(b"");
    if let Some(at) = memchr::memrchr(b'@', host) {
        host = host.get(at + 1..).unwrap_or(b"");
    }
    let digits = host.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let name = host.get(..host.len() - digits).unwrap_or(host);
    name.strip_suffix(b":").unwrap_or(host)
}

/// `%21` to `%7E`: a host that still holds one has been decoded once already.
fn has_encoded_printable(host: &[u8]) -> bool {
    memchr::memchr_iter(b'%', host).any(|at| {
        let digit = |offset: usize| host.get(at + offset).and_then(|&b| char::from(b).to_digit(16));
        matches!((digit(1), digit(2)), (Some(high), Some(low))
            if (0x21..=0x7e).contains(&(high * 16 + low)))
    })
}

/// Is `host` a name of at least two labels, each 1 to 63 of letters, digits, `-` and `_`
/// (`-` not at its ends, `_` not in the last two), and no longer than 253?
///
/// `host` must be in ASCII; dots at its end do not count.
pub fn is_fqdn(host: &[u8]) -> bool {
    let end = host.iter().rposition(|&b| b != b'.').map_or(0, |last| last + 1);
    let host = host.get(..end).unwrap_or(b"");
    if host.len() > NAME_BYTES || memchr::memchr(b'.', host).is_none() {
        return false;
    }
    host.rsplit(|&b| b == b'.').enumerate().all(|(index, label)| is_label(label, index >= 2))
}

fn is_label(label: &[u8], underscores: bool) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(|&b| b.is_ascii_alphanumeric() || b == b'_');
    label.len() <= LABEL_BYTES
        && edge(label.first())
        && edge(label.last())
        && label
            .iter()
            .all(|&b| b.is_ascii_alphanumeric() || b == b'-' || (b == b'_' && underscores))
}

/// Is `host` an IPv4 address, or an IPv6 address with or without `IPv6:` before it?
pub fn is_ip(host: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(host) else { return false };
    if text.parse::<Ipv4Addr>().is_ok() {
        return true;
    }
    let bare = match text.get(..5) {
        Some(prefix) if prefix.eq_ignore_ascii_case("ipv6:") => text.get(5..).unwrap_or(""),
        _ => text,
    };
    bare.parse::<Ipv6Addr>().is_ok()
}

/// The ACE form of `host`, in lower case. What is no valid international name comes back
/// as it is, save that other Unicode full stops become dots.
///
/// `host` may be UTF-8 or, where it holds nothing but letters beyond ASCII, ISO 8859-1.
pub fn to_ascii(host: &[u8]) -> Cow<'_, [u8]> {
    if host.iter().all(|b| b.is_ascii_alphanumeric() || b"_.:[]-".contains(b)) {
        return match host.iter().any(u8::is_ascii_uppercase) {
            true => Cow::Owned(host.to_ascii_lowercase()),
            false => Cow::Borrowed(host),
        };
    }
    // A name that could not be registered is not worth the work that UTS #46 makes of it.
    let too_long = host.len() > 4 * NAME_BYTES;
    let text: Cow<str> = match std::str::from_utf8(host) {
        Ok(text) if too_long => return Cow::Owned(dotted(text).into_bytes()),
        Ok(text) => Cow::Owned(dotted(text)),
        Err(_) if !too_long && host.iter().all(|&b| is_latin1_host_byte(b)) => {
            host.iter().map(|&b| char::from(b)).collect()
        }
        Err(_) => return Cow::Owned(host.to_ascii_lowercase()),
    };
    match ace(&text) {
        Some(ascii) => Cow::Owned(ascii.into_bytes()),
        None if std::str::from_utf8(host).is_ok() => Cow::Owned(text.into_owned().into_bytes()),
        None => Cow::Borrowed(host),
    }
}

/// The three other full stops of RFC 3490 section 3.1 as dots.
fn dotted(text: &str) -> String {
    text.chars()
        .map(|c| if matches!(c, '\u{3002}' | '\u{ff0e}' | '\u{ff61}') { '.' } else { c })
        .collect()
}

fn is_latin1_host_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || b"_.-".contains(&b)
        || (b >= 0xc0 && b != 0xd7 && b != 0xdf && b != 0xf7 && b != 0xff)
}

/// UTS #46 maps, IDNA 2008 (RFC 5891 section 4.2.3) decides what may be in a label.
fn ace(text: &str) -> Option<String> {
    let (unicode, valid) = idna::domain_to_unicode(text);
    valid.ok()?;
    if !unicode.split('.').all(is_international_label) {
        return None;
    }
    idna::domain_to_ascii_cow(text.as_bytes(), idna::AsciiDenyList::EMPTY)
        .ok()
        .filter(|ascii| ascii.split('.').all(|label| label.len() <= LABEL_BYTES))
        .map(Cow::into_owned)
}

/// A label without misplaced hyphens; if it is not in ASCII, also without symbols.
fn is_international_label(label: &str) -> bool {
    let hyphens = label.chars().skip(2).take(2).eq("--".chars());
    let allowed = |c: char| {
        matches!(c, '-' | '\u{b7}' | '\u{200c}' | '\u{200d}' | '\u{30fb}')
            || regex_syntax::try_is_word_character(c).unwrap_or(false)
    };
    !hyphens
        && !label.starts_with('-')
        && !label.ends_with('-')
        && (label.is_ascii() || label.chars().all(allowed))
}

/// `\s` of a Perl pattern on bytes.
fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t'..=b'\r')
}

fn is_us_state(label: &[u8]) -> bool {
    label.len() == 2 && US_STATES.chunks_exact(2).any(|state| state == label)
}

fn trim_dots(name: &[u8]) -> &[u8] {
    let begin = name.iter().position(|&b| b != b'.').unwrap_or(name.len());
    let end = name.iter().rposition(|&b| b != b'.').map_or(begin, |last| last + 1);
    name.get(begin..end).unwrap_or(b"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn registry() -> Registry {
        let set = |names: &[&str]| names.iter().map(|name| name.as_bytes().to_vec()).collect();
        Registry {
            tlds: set(&["com", "uk", "us"]),
            two_level: set(&["co.uk"]),
            three_level: set(&["demon.co.uk"]),
        }
    }

    #[test]
    fn a_name_is_cut_where_the_registry_ends() {
        let table: &[(&str, &str, &str)] = &[
            ("www.foo.com", "www", "foo.com"),
            ("WWW.Foo.Co.UK", "WWW", "Foo.Co.UK"),
            ("a.b.demon.co.uk", "a", "b.demon.co.uk"),
            ("demon.co.uk", "", "demon.co.uk"),
            ("com", "", "com"),
            ("x.y.ca.us", "", "x.y.ca.us"),
            ("w.x.y.ca.us", "w", "x.y.ca.us"),
            ("y.x.pvt.k12.ca.us", "y", "x.pvt.k12.ca.us"),
            ("z.y.x.pvt.k12.ca.us", "z.y", "x.pvt.k12.ca.us"),
            (".a.com.", "", "a.com"),
            ("", "", ""),
        ];
        for (host, before, domain) in table {
            let cut = registry();
            let cut = cut.split(host.as_bytes());
            assert_eq!(cut, (before.as_bytes(), domain.as_bytes()), "{host}");
        }
        assert_eq!(registry().domain_of(b"a.b.com."), Some(&b"b.com"[..]));
        assert_eq!(registry().domain_of(b"a.b.nosuch"), None);
        assert_eq!(registry().trimmed(b".A..Foo..CO..uk."), b"foo.co.uk");
    }

    #[test]
    fn international_names_get_their_ascii_form() {
        // What Mail::SpamAssassin::Util::idn_to_ascii gives with libidn2.
        let table: &[(&[u8], &[u8])] = &[
            ("bücher.de".as_bytes(), b"xn--bcher-kva.de"),
            ("WWW.BÜcher.DE".as_bytes(), b"www.xn--bcher-kva.de"),
            ("straße.de".as_bytes(), b"xn--strae-oqa.de"),
            ("😀.com".as_bytes(), "😀.com".as_bytes()),
            ("a..bü.de".as_bytes(), b"a..xn--b-eha.de"),
            (b"b\xfccher.de", b"xn--bcher-kva.de"),
            (b"foo bar.de", b"foo bar.de"),
            ("a。com".as_bytes(), b"a.com"),
            ("a_b.ü.com".as_bytes(), b"a_b.xn--tda.com"),
            (b"A!B.com", b"a!b.com"),
            ("-ü.com".as_bytes(), "-ü.com".as_bytes()),
            ("אa.com".as_bytes(), "אa.com".as_bytes()),
            ("ü.com.".as_bytes(), b"xn--tda.com."),
            ("€.com".as_bytes(), "€.com".as_bytes()),
            ("ＡＢ.com".as_bytes(), b"ab.com"),
            ("™.com".as_bytes(), b"tm.com"),
            ("a\u{ad}b.com".as_bytes(), b"ab.com"),
        ];
        for (name, ascii) in table {
            let ours = to_ascii(name);
            assert_eq!(ours.escape_ascii().to_string(), ascii.escape_ascii().to_string());
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(host in "\\PC{0,30}", octets in proptest::collection::vec(any::<u8>(), 0..40)) {
            for host in [host.as_bytes(), &octets] {
                let registry = registry();
                let (before, domain) = registry.split(host);
                prop_assert!(before.len() + domain.len() <= host.len());
                registry.host_of_uri(host);
                to_ascii(host);
            }
        }
    }
}
