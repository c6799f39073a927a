//! Organisational domains (RFC 7489, 3.2), by the public suffix list.

/// Could `host` be the domain of an author? Letters, digits and hyphens, and an end that the
/// list knows.
pub fn is_known(host: &[u8]) -> bool {
    let is_label = |label: &[u8]| {
        let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        label.len() <= 63
            && ends(label.first())
            && ends(label.last())
            && label.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let mut labels: Vec<&[u8]> = host.split(|&byte| byte == b'.').collect();
    let is_address = labels.windows(4).any(|four| {
        let is_octet = |label: &&[u8]| {
            let number = std::str::from_utf8(label).ok().and_then(|text| text.parse().ok());
            label.len() <= 3 && number.is_some_and(|number: u16| number < 256)
        };
        four.iter().all(is_octet)
    });
    let is_name = !is_address && labels.iter().all(|label| is_label(label));
    labels.drain(..labels.len().saturating_sub(2));
    let last = labels.last().copied().unwrap_or_default();
    is_name && (is_suffix(last) || is_suffix(&labels.join(&b'.')))
}

/// The part of `host` that somebody registered; a public suffix itself as it is. Where the list
/// knows no end of it, the last label alone, as Mail::DMARC has it.
pub fn organisational(host: &[u8]) -> Vec<u8> {
    let lower = host.to_ascii_lowercase();
    let known = suffix(&lower).map_or(0, <[u8]>::len);
    if known == lower.len() {
        return host.to_vec();
    }
    let ends = lower.len() - known;
    let before = lower.get(..ends.saturating_sub(usize::from(known > 0))).unwrap_or_default();
    let label = memchr::memrchr(b'.', before).map_or(0, |dot| dot + 1);
    lower.get(label..).unwrap_or_default().to_vec()
}

fn is_suffix(name: &[u8]) -> bool {
    suffix(name).is_some_and(|suffix| suffix.len() == name.len())
}

/// The longest end of `host` that the list has.
fn suffix(host: &[u8]) -> Option<&[u8]> {
    let found = psl::suffix(host).filter(|suffix| suffix.is_known())?;
    Some(found.as_bytes()).and_then(|suffix| host.get(host.len() - suffix.len()..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_organisation_is_what_was_registered() {
        let cases = [
            ("example.com", "example.com"),
            ("A.Mail.Example.com", "example.com"),
            ("mail.example.co.uk", "example.co.uk"),
            ("co.uk", "co.uk"),
            ("Com", "Com"),
            ("a.b.c.ck", "b.c.ck"),
            ("mail.example", "example"),
            ("user.github.io", "user.github.io"),
            ("a.user.github.io", "user.github.io"),
            ("", ""),
        ];
        for (host, expected) in cases {
            assert_eq!(organisational(host.as_bytes()), expected.as_bytes(), "{host}");
        }
    }

    #[test]
    fn a_domain_has_an_end_that_the_list_knows() {
        for host in ["example.com", "com", "a-b.co.uk", "1.2.3.example.com"] {
            assert!(is_known(host.as_bytes()), "{host}");
        }
        for host in ["", "x", "example.invalid", "a_b.com", "-a.com", "a..com", "1.2.3.4.com"] {
            assert!(!is_known(host.as_bytes()), "{host}");
        }
    }
}
