//! What reports say of an answer.

use crate::dns::Name;

/// `192.0.2.1 listed in list.example`
pub fn listed_in(name: &Name) -> Vec<u8> {
    let labels: Vec<&[u8]> = name.labels().collect();
    let digit = |label: &&[u8]| label.len() == 1 && label.iter().all(u8::is_ascii_hexdigit);
    if let Some((address, zone @ [_, ..])) = labels.split_at_checked(32)
        && address.iter().all(digit)
    {
        let digits: Vec<u8> =
            address.iter().rev().flat_map(|label| label.iter().copied()).collect();
        let group = |(number, group): (usize, &[u8])| {
            let zeros = group.iter().take_while(|&&byte| byte == b'0').count().min(3);
            group.get(if number > 0 { zeros } else { 0 }..).unwrap_or_default().to_vec()
        };
        let groups: Vec<_> = digits.chunks(4).enumerate().map(group).collect();
        return [&groups.join(&b':'), &b" listed in "[..], &zone.join(&b'.')].concat();
    }
    let is_number = |label: &&[u8]| label.iter().all(u8::is_ascii_digit);
    if let [a, b, c, d, zone @ ..] = labels.as_slice()
        && !zone.is_empty()
        && [a, b, c, d].into_iter().all(is_number)
    {
        let address = [*d, *c, *b, *a].join(&b'.');
        return [address.as_slice(), b" listed in ", &zone.join(&b'.')].concat();
    }
    [b"listed in ", name.as_bytes()].concat()
}

/// The text with `<` and `>` around each link that has no bracket before it.
pub fn linked(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let begins = |scheme: &[u8]| {
            let long_enough = rest.get(..scheme.len());
            let follows = rest.get(scheme.len()).is_some_and(|next| !next.is_ascii_whitespace());
            follows && long_enough.is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
        };
        let bracketed = out.last().is_some_and(|before| b"<([".contains(before));
        if !bracketed && (begins(b"http://") || begins(b"https://")) {
            let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
            let (link, behind) = rest.split_at(end);
            out.push(b'<');
            out.extend_from_slice(link);
            out.push(b'>');
            rest = behind;
        } else {
            out.push(byte);
            rest = after;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_is_named() {
        let nibbles = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2";
        let cases = [
            ("1.2.0.192.bl.example".to_owned(), "192.0.2.1 listed in bl.example"),
            ("a.example.bl.example".to_owned(), "listed in a.example.bl.example"),
            (format!("{nibbles}.bl.example"), "2001:db8:0:0:0:0:0:1 listed in bl.example"),
        ];
        for (name, expected) in cases {
            let text = listed_in(&Name::new(name).unwrap());
            assert_eq!(String::from_utf8(text).unwrap(), expected);
        }
    }

    #[test]
    fn links_stand_in_brackets() {
        for (text, expected) in [
            ("see https://a.example/ now", "see <https://a.example/> now"),
            ("(http://a)", "(http://a)"),
            ("HTTP://a", "<HTTP://a>"),
            ("http:// a", "http:// a"),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8(linked(text.as_bytes())).unwrap(), expected);
        }
    }
}
