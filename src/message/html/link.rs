//! Resolves references against a base: RFC 3986 section 5.2, as SpamAssassin reads it.
//!
//! In: the value of an attribute and the document's base. Out: the URI. Invariant: linear
//! in the length of both.

/// A URI in its five parts.
#[derive(Clone, Copy, Debug, Default)]
struct Parts<'u> {
    scheme: Option<&'u [u8]>,
    authority: Option<&'u [u8]>,
    path: &'u [u8],
    query: Option<&'u [u8]>,
    fragment: Option<&'u [u8]>,
}

/// Is `uri` of a scheme that is never resolved?
pub(super) fn is_opaque(uri: &[u8]) -> bool {
    [&b"data:"[..], b"mailto:", b"file:", b"cid:", b"tel:"].iter().any(|scheme| {
        uri.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

/// `reference` as seen from `base`. A host without scheme that starts with `www` or `ftp`
/// gets one.
pub(super) fn resolve(base: &[u8], reference: &[u8]) -> Vec<u8> {
    let base = Parts::of(base);
    let mut reference = Parts::of(reference);
    if reference.scheme.is_some() && reference.scheme == base.scheme {
        reference.scheme = None;
    }
    let whole = reference.scheme.is_some() || reference.authority.is_some();
    let path = if whole {
        without_dots(reference.path)
    } else if reference.path.is_empty() {
        base.path.to_vec()
    } else if reference.path.starts_with(b"/") {
        without_dots(reference.path)
    } else {
        without_dots(&merged(base, reference.path))
    };
    let query = match reference.query {
        None if !whole && reference.path.is_empty() => base.query,
        query => query,
    };
    let scheme = if reference.scheme.is_some() { reference.scheme } else { base.scheme };
    let authority = if whole { reference.authority } else { base.authority };
    compose(scheme, authority, &path, query, reference.fragment)
}

fn compose(
    scheme: Option<&[u8]>,
    authority: Option<&[u8]>,
    path: &[u8],
    query: Option<&[u8]>,
    fragment: Option<&[u8]>,
) -> Vec<u8> {
    let mut uri = Vec::new();
    match (scheme.filter(|&scheme| scheme != b"0"), authority) {
        (Some(scheme), _) => uri.extend_from_slice(&[scheme, b":"].concat()),
        (None, Some(host)) if is_numbered(host, b"www") => uri.extend_from_slice(b"http:"),
        (None, Some(host)) if is_numbered(host, b"ftp") => uri.extend_from_slice(b"ftp:"),
        _ => {}
    }
    let mut add = |before: &[u8], part: Option<&[u8]>| {
        if let Some(part) = part {
            uri.extend_from_slice(before);
            uri.extend_from_slice(part);
        }
    };
    add(b"//", authority);
    add(b"", Some(path));
    add(b"?", query);
    add(b"#", fragment);
    uri
}

/// Is `host` `name`, digits, a dot and more?
fn is_numbered(host: &[u8], name: &[u8]) -> bool {
    host.split_at_checked(name.len()).is_some_and(|(start, rest)| {
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        start.eq_ignore_ascii_case(name) && rest.get(digits) == Some(&b'.')
    })
}

/// The directory that `base`, the value of `<base href>`, names; `None` if it is no
/// absolute `http`, `https` or `ftp` URI. A file name with an extension of two to four is
/// left out.
pub(super) fn directory(base: &[u8]) -> Option<Vec<u8>> {
    let colon = memchr::memchr(b':', base)?;
    let scheme = base.get(..colon)?;
    if ![&b"http"[..], b"https", b"ftp"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return None;
    }
    let mut directory = without_file(base, colon).to_vec();
    if directory.last() != Some(&b'/') {
        directory.push(b'/');
    }
    Some(directory)
}

fn without_file(base: &[u8], colon: usize) -> &[u8] {
    let slashes = base.iter().skip(colon + 1).take(2).take_while(|&&b| b == b'/').count();
    let host = colon + 1 + slashes;
    let first = base.get(host..).and_then(|tail| memchr::memchr(b'/', tail));
    let Some(path) = first.filter(|&length| length > 0).map(|length| host + length + 1) else {
        return base;
    };
    let file = || {
        let tail = base.get(path..)?;
        let dot = tail.iter().rposition(|b| b"./".contains(b))?;
        let extension = tail.len() - dot - 1;
        let stem = tail.get(..dot)?;
        let begin = stem.iter().rposition(|b| b"./".contains(b)).map_or(0, |last| last + 1);
        let named = tail.get(dot) == Some(&b'.') && (2..=4).contains(&extension) && begin < dot;
        (named && memchr::memchr(b'\n', tail.get(..begin)?).is_none()).then_some(path + begin)
    };
    file().and_then(|end| base.get(..end)).unwrap_or(base)
}

impl<'u> Parts<'u> {
    fn of(uri: &'u [u8]) -> Parts<'u> {
        let mut parts = Parts { path: uri, ..Parts::default() };
        let mut rest = uri;
        let special = rest.iter().position(|b| b":/?#".contains(b));
        if let Some(colon) = special.filter(|&at| at > 0 && rest.get(at) == Some(&b':')) {
            parts.scheme = rest.get(..colon);
            rest = rest.get(colon + 1..).unwrap_or(b"");
        }
        if let Some(authority) = rest.strip_prefix(b"//") {
            let (authority, tail) = cut(authority, b"/?#");
            parts.authority = Some(authority);
            rest = tail;
        }
        (parts.path, rest) = cut(rest, b"?#");
        if let Some(query) = rest.strip_prefix(b"?") {
            let (query, tail) = cut(query, b"#");
            parts.query = Some(query);
            rest = tail;
        }
        parts.fragment = rest.strip_prefix(b"#").map(|fragment| cut(fragment, b"\n").0);
        parts
    }
}

/// Cuts before the first octet of `set`.
fn cut<'t>(text: &'t [u8], set: &[u8]) -> (&'t [u8], &'t [u8]) {
    let at = text.iter().position(|b| set.contains(b)).unwrap_or(text.len());
    text.split_at_checked(at).unwrap_or((text, b""))
}

/// `path`, which does not start with a slash, in the directory of `base`.
fn merged(base: Parts<'_>, path: &[u8]) -> Vec<u8> {
    if base.authority.is_some() && matches!(base.path, b"" | b"0") {
        return [b"/", path].concat();
    }
    let directory = memchr::memrchr(b'/', base.path).and_then(|last| base.path.get(..=last));
    [directory.unwrap_or(b""), path].concat()
}

/// `path` without `.` and `..` segments.
fn without_dots(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let relative = path.strip_prefix(b"..").filter(|rest| rest.starts_with(b"/"));
    let mut rest = relative
        .or_else(|| path.strip_prefix(b".").filter(|rest| rest.starts_with(b"/")))
        .unwrap_or(path);
    // A lone "0" is false in Perl, which ends the loop there.
    while !rest.is_empty() && rest != b"0" {
        let slash = usize::from(rest.starts_with(b"/"));
        let (segment, tail) = cut(rest.get(slash..).unwrap_or(b""), b"/");
        let dots = matches!(segment, b"." | b"..") && slash == 1;
        if segment == b".." && dots {
            out.truncate(memchr::memrchr(b'/', &out).unwrap_or(0));
        } else if !dots {
            out.extend_from_slice(rest.get(..slash + segment.len()).unwrap_or(b""));
        }
        if dots && tail.is_empty() {
            out.push(b'/');
        }
        rest = tail;
    }
    out
}
