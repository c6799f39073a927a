//! Host names within header values, for `:host` and `:domain`.

use crate::text::ascii::is_space;
use crate::text::domain::{self, Registry};

/// The longest name that is looked for, without its last dot and top-level domain.
const NAME_BYTES: usize = 251;

/// What follows the last `@` of the first line that has one.
pub fn after_at(value: &[u8]) -> Option<&[u8]> {
    value.split(|&byte| byte == b'\n').find_map(|line| {
        let ats = memchr::memrchr_iter(b'@', line);
        ats.filter_map(|at| line.get(at + 1..).map(word)).find(|word| !word.is_empty())
    })
}

/// The first name with a valid top-level domain: after an `@` if there is one, because
/// the part before it may look like a name too; else anywhere.
pub fn find<'v>(value: &'v [u8], registry: &Registry) -> Option<&'v [u8]> {
    let ends = name_ends(value, registry);
    if ends.is_empty() {
        return None;
    }
    let name = |(begin, end)| value.get(begin..end).filter(|name| is_host(name));
    if let Some(host) = span_after_at(value, &ends).and_then(name) {
        return Some(host);
    }
    let mut at = 0;
    while at < value.len() {
        let before = at.checked_sub(1).and_then(|before| value.get(before));
        let free = !before.is_some_and(|byte| b"._-".contains(byte));
        match free.then(|| span_from(value, at, &ends)).flatten() {
            Some(span) => match name(span) {
                Some(host) => return Some(host),
                None => at = span.1,
            },
            None => at += 1,
        }
    }
    None
}

/// The name after the last `@` of a line that has one after it, of the first such line.
fn span_after_at(value: &[u8], ends: &[(usize, usize)]) -> Option<(usize, usize)> {
    let mut line_begin = 0;
    for line in value.split_inclusive(|&byte| byte == b'\n') {
        let mut ats = memchr::memrchr_iter(b'@', line);
        if let Some(span) = ats.find_map(|at| span_from(value, line_begin + at + 1, ends)) {
            return Some(span);
        }
        line_begin += line.len();
    }
    None
}

/// The longest name that begins at `at`: where it begins and ends.
fn span_from(value: &[u8], at: usize, ends: &[(usize, usize)]) -> Option<(usize, usize)> {
    let text = value.get(at..)?;
    let length = text.iter().take(NAME_BYTES + 1).take_while(|&&byte| !is_space(byte)).count();
    let after = ends.partition_point(|&(dot, _)| dot < at + length);
    let &(dot, end) = ends.get(after.checked_sub(1)?)?;
    (dot > at).then_some((at, end))
}

/// Where names may end: each dot before a top-level domain after which no name goes on,
/// and where that domain ends.
fn name_ends(value: &[u8], registry: &Registry) -> Vec<(usize, usize)> {
    let end = |dot: usize| {
        let rest = value.get(dot + 1..)?;
        let length = rest
            .iter()
            .take(NAME_BYTES)
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-')
            .count();
        let goes_on = rest
            .get(length)
            .is_some_and(|&byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        let tld = rest.get(..length)?.to_ascii_lowercase();
        (!goes_on && registry.tlds.contains(&tld)).then_some((dot, dot + 1 + length))
    };
    memchr::memchr_iter(b'.', value).filter_map(end).collect()
}

fn is_host(name: &[u8]) -> bool {
    domain::is_fqdn(&domain::to_ascii(name))
}

fn word(text: &[u8]) -> &[u8] {
    text.split(|&byte| is_space(byte)).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_after_an_at_sign_first() {
        let registry = Registry {
            tlds: [b"com".to_vec(), b"org".to_vec()].into_iter().collect(),
            ..Registry::default()
        };
        let cases: &[(&str, Option<&str>)] = &[
            ("a.com b@mail.example.org", Some("mail.example.org")),
            ("a.com b@mail.example.invalid", Some("a.com")),
            ("<x@y.com> (z@w.org)", Some("w.org")),
            ("x@w.org\ny@z.com", Some("w.org")),
            ("see http://www.a.com/x", None),
            ("see www.a.com/x", Some("www.a.com")),
            ("x.com.invalid", None),
            ("x.com.", None),
            ("_x.com y.org", Some("y.org")),
            ("a_b.x.com", Some("a_b.x.com")),
            ("Q.COM", Some("Q.COM")),
            ("com", None),
        ];
        for (value, expected) in cases {
            let found = find(value.as_bytes(), &registry).map(String::from_utf8_lossy);
            assert_eq!(found.as_deref(), *expected, "{value:?}");
        }
    }

    #[test]
    fn an_addresses_host_is_what_follows_the_last_at_sign() {
        assert_eq!(after_at(b"a@b@c d"), Some(&b"c"[..]));
        assert_eq!(after_at(b"a\nb@c"), Some(&b"c"[..]));
        assert_eq!(after_at(b"a@b@"), Some(&b"b@"[..]));
        assert_eq!(after_at(b"a"), None);
    }
}
