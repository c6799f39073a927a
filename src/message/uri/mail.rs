//! The other forms of a `mailto:` URI: without parameters, blanks and display names.

/// Is `uri` an address?
pub(super) fn is_mail(uri: &[u8]) -> bool {
    uri.get(..7).is_some_and(|start| start.eq_ignore_ascii_case(b"mailto:"))
        || memchr::memchr2(b':', b'@', uri).is_some_and(|at| uri.get(at) == Some(&b'@'))
}

/// The forms of `uri` that mail programs may take it for.
pub(super) fn variants(uri: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    forms.extend(before(uri, b"?", b'?').map(<[u8]>::to_vec));
    forms.extend(before(uri, b"?&", b'&').map(<[u8]>::to_vec));
    forms.extend(without_blanks(uri));
    forms.extend(in_angles(uri).map(|address| [b"mailto:", address].concat()));
    forms
}

/// `uri` up to the first octet of `set` after the `@`, if that is `mark`.
fn before<'u>(uri: &'u [u8], set: &[u8], mark: u8) -> Option<&'u [u8]> {
    let at = memchr::memchr(b'@', uri).filter(|&at| at > 0)?;
    let host = uri.get(at + 1..)?;
    let length = host.iter().position(|b| set.contains(b)).filter(|&length| length > 0)?;
    (host.get(length) == Some(&mark)).then(|| uri.get(..at + 1 + length)).flatten()
}

/// The address alone where `%20` stands before or after it.
fn without_blanks(uri: &[u8]) -> Option<Vec<u8>> {
    memchr::memmem::find(uri, b"%20")?;
    let scheme = if uri.starts_with(b"mailto:") { 7 } else { 0 };
    let mut start = scheme;
    while uri.get(start..).is_some_and(|tail| tail.starts_with(b"%20")) {
        start += 3;
    }
    // Something must stand before the `@`, and be it a blank.
    if uri.get(start) == Some(&b'@') {
        start = if start > scheme { start - 3 } else { 0 };
    }
    let address = uri.get(start..)?;
    let at = memchr::memchr(b'@', address).filter(|&at| at > 0)?;
    let host = address.get(at + 1..)?;
    let length = host.iter().position(|b| b"?&%".contains(b)).unwrap_or(host.len());
    (length > 0).then(|| [b"mailto:", address.get(..at + 1 + length).unwrap_or(b"")].concat())
}

/// The last `<address>` before any parameter.
fn in_angles(uri: &[u8]) -> Option<&[u8]> {
    let parameters = uri.iter().position(|b| b"?&".contains(b)).unwrap_or(uri.len());
    let last = memchr::memrchr(b'>', uri)?;
    // The nearest `@` or `>` to the right of where we are.
    let mut right = None;
    for (index, &b) in uri.iter().enumerate().rev() {
        if b == b'<'
            && index < parameters
            && let Some((at, b'@')) = right
            && at > index + 1
            && uri.get(at + 1) != Some(&b'>')
            && at < last
        {
            let tail = uri.get(at..)?;
            let length = memchr::memchr(b'>', tail)?;
            return uri.get(index + 1..at + length);
        }
        if matches!(b, b'@' | b'>') {
            right = Some((index, b));
        }
    }
    None
}
