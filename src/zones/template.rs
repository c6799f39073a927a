//! Texts with places to fill in (rbldnsd(8), "Resulting A values and TXT templates").

use super::formats::VARIABLES;
use super::name;
use std::net::Ipv4Addr;

/// The most bytes of a text that has been filled in; rbldnsd's own.
const LONGEST: usize = 254;

/// What an entry was found by, which `$` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'s> {
    /// An address that was asked for.
    V4(u32),
    /// An IPv6 address that was asked for.
    V6(u128),
    /// A name as it is listed, which may be above the one asked for.
    Name(&'s [u8]),
}

impl Subject<'_> {
    /// As text.
    pub fn text(self) -> Vec<u8> {
        match self {
            Subject::V4(address) => Ipv4Addr::from(address).to_string().into_bytes(),
            Subject::V6(address) => address6(address),
            Subject::Name(name) => name::to_text(name),
        }
    }
}

/// Fills in `template`: `$` is the subject, `$0` to `$9` are variables, `$$` is a dollar sign. A
/// base (the eleventh variable) is used around a template that does not begin with `=`; in it,
/// `$=` is that template.
pub fn fill(
    template: &[u8],
    variables: &[Option<Box<[u8]>>; VARIABLES],
    subject: Subject<'_>,
) -> Vec<u8> {
    let base = variables.last().and_then(|base| base.as_deref());
    let mut subject = Text { known: None, of: subject };
    let (inner, mut rest) = match (template.strip_prefix(b"="), base) {
        (Some(own), _) => (own.to_vec(), own),
        (None, Some(base)) if template.is_empty() => (subject.get().to_vec(), base),
        (None, Some(base)) => (template.to_vec(), base),
        (None, None) => (Vec::new(), template),
    };
    let mut text = Vec::with_capacity(rest.len());
    while text.len() < LONGEST {
        let end = memchr::memchr(b'$', rest).unwrap_or(rest.len());
        let (before, behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        text.extend_from_slice(before);
        let Some((_, behind)) = behind.split_first() else { break };
        rest = behind.get(1..).unwrap_or_default();
        match behind.first() {
            Some(b'$') => text.push(b'$'),
            Some(&digit @ b'0'..=b'9') => {
                match variables.get(usize::from(digit - b'0')).and_then(Option::as_deref) {
                    Some(variable) => text.extend_from_slice(variable),
                    None => text.extend([b'$', digit]),
                }
            }
            // Without a base it is the template itself, not filled in.
            Some(b'=') if inner.is_empty() => text.extend_from_slice(template),
            Some(b'=') => text.extend_from_slice(&inner),
            _ => {
                rest = behind;
                text.extend_from_slice(subject.get());
            }
        }
    }
    text.truncate(LONGEST);
    text
}

/// A subject's text, made when it is wanted.
struct Text<'s> {
    known: Option<Vec<u8>>,
    of: Subject<'s>,
}

impl Text<'_> {
    fn get(&mut self) -> &[u8] {
        self.known.get_or_insert_with(|| self.of.text())
    }
}

/// An IPv6 address with its longest run of zero words, the first of equal ones, as `::`. Other
/// than the standard library's, no address ends in dots.
fn address6(address: u128) -> Vec<u8> {
    let words: [u16; 8] = std::array::from_fn(|at| (address >> (112 - 16 * at)) as u16);
    let zeros = |at: usize| words.iter().skip(at).take_while(|&&word| word == 0).count();
    let mut gap = (0, 0);
    for at in 0..words.len() {
        if zeros(at) > gap.1.max(1) {
            gap = (at, zeros(at));
        }
    }
    let join = |words: &[u16]| {
        let words: Vec<String> = words.iter().map(|word| format!("{word:x}")).collect();
        words.join(":")
    };
    let text = match gap {
        (_, 0) => join(&words),
        (at, length) => {
            let before = words.get(..at).unwrap_or_default();
            let behind = words.get(at + length..).unwrap_or_default();
            format!("{}::{}", join(before), join(behind))
        }
    };
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv6Addr;

    type Texts = [Option<Box<[u8]>>; VARIABLES];

    #[test]
    fn templates_are_filled_in_as_rbldnsd_does() {
        let none = || std::array::from_fn(|_| None);
        let mut some: Texts = none();
        some[1] = Some((*b"See $").into());
        some[2] = Some((*b"for details").into());
        let mut based: Texts = none();
        based[10] = Some((*b"See x?$= ($) for $1").into());
        let subject = Subject::V4(0x7f00_0004);
        let cases: &[(&str, &Texts, &str)] = &[
            ("", &some, ""),
            ("$1/a/$ $2", &some, "See $/a/127.0.0.4 for details"),
            ("$$$$. $3 $x $", &some, "$$. $3 127.0.0.4x 127.0.0.4"),
            ("$", &some, "127.0.0.4"),
            ("a$=", &some, "aa$="),
            ("=$=", &some, "$="),
            ("r123", &based, "See x?r123 (127.0.0.4) for $1"),
            ("$", &based, "See x?$ (127.0.0.4) for $1"),
            ("", &based, "See x?127.0.0.4 (127.0.0.4) for $1"),
            ("=alone $", &based, "alone 127.0.0.4"),
        ];
        for (template, variables, expected) in cases {
            let filled = fill(template.as_bytes(), variables, subject);
            assert_eq!(String::from_utf8_lossy(&filled), *expected, "{template}");
        }
        assert_eq!(fill(&[b'$'; 255], &some, subject).len(), 127 + 9);
        assert_eq!(fill(&b"$ ".repeat(127), &some, subject).len(), LONGEST);
        assert_eq!(fill(b"$", &some, Subject::Name(b"\x03a.b\x01c")), b"a\\.b.c");
    }

    #[test]
    fn long_addresses_are_shortened() {
        for text in
            ["::", "::1", "1::", "1::4:0:0:8", "1:0:0:4::8", "1:2:3:4:5:6:0:8", "0:1:2:3:4:5:6:7"]
        {
            let address = text.parse::<Ipv6Addr>().unwrap();
            assert_eq!(address6(address.into()), address.to_string().as_bytes(), "{text}");
        }
        assert_eq!(address6(0xffff_0102_0304), b"::ffff:102:304");
    }
}
