//! Domain names as they are asked for (RFC 1035, 2.3.4 and 3.1).

use std::borrow::Borrow;
use std::fmt;

/// An absolute domain name: lower-cased, without the dot at the end. Its labels are any bytes
/// but dots, 1 to 63 each; the whole has at most 253 bytes. The root is empty.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Box<[u8]>);

impl Name {
    /// The most bytes of a name without its last dot.
    pub const LONGEST: usize = 253;
    /// The most bytes of a label.
    pub const LONGEST_LABEL: usize = 63;

    /// Reads a name, with or without a dot at the end; `None` if it is none.
    pub fn new(text: impl AsRef<[u8]>) -> Option<Name> {
        let text = text.as_ref();
        let text = text.strip_suffix(b".").unwrap_or(text);
        let is_label = |label: &[u8]| (1..=Name::LONGEST_LABEL).contains(&label.len());
        let fits = text.len() <= Name::LONGEST;
        let is_name = text.is_empty() || text.split(|&byte| byte == b'.').all(is_label);
        (fits && is_name).then(|| Name(text.to_ascii_lowercase().into_boxed_slice()))
    }

    /// The name above all others.
    pub fn root() -> Name {
        Name(Box::default())
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The labels, from the left.
    pub fn labels(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.0.split(|&byte| byte == b'.').filter(|label| !label.is_empty())
    }

    /// The name without its first label; `None` of the root.
    pub fn parent(&self) -> Option<Name> {
        if self.0.is_empty() {
            return None;
        }
        let dot = self.0.iter().position(|&byte| byte == b'.');
        let rest = dot.and_then(|dot| self.0.get(dot + 1..)).unwrap_or_default();
        Some(Name(rest.into()))
    }

    /// Its bytes and those of the domains above it, the top-level domain last: what maps are
    /// looked through by, without a copy.
    pub fn and_above(&self) -> impl Iterator<Item = &[u8]> {
        let whole = (!self.0.is_empty()).then_some(&*self.0);
        std::iter::successors(whole, |text| {
            let dot = text.iter().position(|&byte| byte == b'.')?;
            text.get(dot + 1..)
        })
    }

    /// Is it `other`, or below it?
    pub fn is_within(&self, other: &Name) -> bool {
        let rest = self.0.strip_suffix(&*other.0);
        rest.is_some_and(|rest| rest.is_empty() || other.0.is_empty() || rest.ends_with(b"."))
    }
}

impl Borrow<[u8]> for Name {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_or_refused() {
        let label = "a".repeat(63);
        let longest = [&*label, &*label, &*label, &"a".repeat(61)].join(".");
        let cases: &[(&str, Option<&str>)] = &[
            ("Example.COM.", Some("example.com")),
            ("_dmarc.example.com", Some("_dmarc.example.com")),
            ("a b!.example", Some("a b!.example")),
            (".", Some("")),
            ("", Some("")),
            ("a..b", None),
            (".a", None),
            ("a..", None),
            (&format!("{label}.x"), Some(&format!("{label}.x"))),
            (&format!("{label}a.x"), None),
            (&longest, Some(&longest)),
            (&format!("{longest}a"), None),
        ];
        for (text, expected) in cases {
            let name = Name::new(text).map(|name| name.to_string());
            assert_eq!(name.as_deref(), *expected, "{text}");
        }
    }

    #[test]
    fn a_name_knows_where_it_stands() {
        let name = |text: &str| Name::new(text).unwrap();
        let mail = name("mail.example.com");
        assert!(mail.is_within(&name("example.com")) && mail.is_within(&mail));
        assert!(mail.is_within(&name("")));
        assert!(!mail.is_within(&name("ample.com")) && !name("com").is_within(&mail));
        assert_eq!(mail.parent(), Some(name("example.com")));
        assert_eq!(name("com").parent(), Some(name("")));
        assert_eq!(name("").parent(), None);
        assert_eq!(mail.labels().collect::<Vec<_>>(), [&b"mail"[..], b"example", b"com"]);
        assert_eq!(name("").labels().count(), 0);
        let above = mail.and_above().collect::<Vec<_>>();
        assert_eq!(above, [&b"mail.example.com"[..], b"example.com", b"com"]);
        assert_eq!(name("").and_above().count(), 0);
    }
}
