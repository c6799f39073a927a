//! The name of a host as somebody wrote it: what it looks like.
//!
//! In: a HELO name, a reverse name, the domain of an address. Out: what is odd about it. Names of
//! hosts: RFC 1123, 2.1; address literals: RFC 5321, 4.1.3; names for special use: RFC 2606,
//! RFC 6761, RFC 6762, RFC 8375.

use crate::text::domain::Registry;
use crate::text::net;
use std::net::IpAddr;

/// A name as it was written, and what it says.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// As it was written.
    pub written: Vec<u8>,
    /// In lower case, without a dot at the end; of a literal what is between its brackets.
    pub name: Vec<u8>,
    /// What somebody registered of it; empty of an address.
    pub domain: Vec<u8>,
    /// The address that it is.
    pub address: Option<IpAddr>,
    /// Brackets at its beginning and its end.
    pub brackets: (bool, bool),
    /// Does its last label exist? `None` where no list of them is known.
    pub known_tld: Option<bool>,
}

impl Named {
    /// Reads `written`. Received lines show brackets as `!`.
    pub fn new(written: &[u8], registry: &Registry) -> Named {
        let opens = |byte: Option<&u8>| matches!(byte, Some(b'[' | b'!'));
        let closes = |byte: Option<&u8>| matches!(byte, Some(b']' | b'!'));
        let brackets = (opens(written.first()), written.len() > 1 && closes(written.last()));
        let end = written.len() - usize::from(brackets.1);
        let inside = written.get(usize::from(brackets.0)..end).unwrap_or_default();
        let name = inside.strip_suffix(b".").unwrap_or(inside).to_ascii_lowercase();
        let address = net::parse_ip(inside);
        let domain = match address {
            Some(_) => Vec::new(),
            None => registry.split(&name).1.to_vec(),
        };
        let known_tld = (!registry.tlds.is_empty()).then(|| registry.is_valid(&name));
        Named { written: written.to_vec(), name, domain, address, brackets, known_tld }
    }

    /// Is nothing written?
    pub fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// The address between brackets.
    pub fn literal(&self) -> Option<IpAddr> {
        self.address.filter(|_| self.brackets == (true, true))
    }

    /// The address without brackets.
    pub fn bare(&self) -> Option<IpAddr> {
        self.address.filter(|_| self.brackets == (false, false))
    }

    /// Is it a name of two labels or more, and neither an address nor between brackets?
    pub fn is_name(&self) -> bool {
        self.address.is_none() && self.brackets == (false, false) && self.name.contains(&b'.')
    }

    /// Is it a name of one label?
    pub fn is_single(&self) -> bool {
        let is_whole = self.address.is_none() && self.brackets == (false, false);
        is_whole && !self.name.is_empty() && !self.name.contains(&b'.')
    }

    /// Its labels, from the left.
    pub fn labels(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.name.split(|&byte| byte == b'.')
    }

    /// The words of all labels but the registered domain's: runs of letters.
    pub fn words(&self) -> impl Iterator<Item = &[u8]> {
        let below = self.name.len() - self.domain.len().min(self.name.len());
        let text = self.name.get(..below).unwrap_or_default();
        text.split(|byte| !byte.is_ascii_alphabetic()).filter(|word| !word.is_empty())
    }

    /// Is it `other`, or below it?
    pub fn is_within(&self, other: &[u8]) -> bool {
        let rest = self.name.strip_suffix(other);
        !other.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with(b"."))
    }

    /// Is it the name, or the domain, of who has registered `other`?
    pub fn is_related(&self, other: &Named) -> bool {
        !self.domain.is_empty() && self.domain == other.domain
    }

    /// Does it end with a label that nobody can register, one of `labels`?
    pub fn ends_in(&self, labels: &[&str]) -> bool {
        self.is_name() && labels.iter().any(|label| self.is_within(label.as_bytes()))
    }

    /// Does its last label not exist, and is it not for special use either?
    pub fn has_unknown_tld(&self) -> bool {
        let special = [LOCAL, RESERVED, PRIVATE].iter().any(|labels| self.ends_in(labels));
        self.is_name() && self.known_tld == Some(false) && !special && !self.has_numeric_tld()
    }

    /// Is the last label a number?
    pub fn has_numeric_tld(&self) -> bool {
        let last = self.labels().next_back().unwrap_or_default();
        self.is_name() && !last.is_empty() && last.iter().all(u8::is_ascii_digit)
    }

    /// Has it bytes that the name of no host has? Underscores are not counted.
    pub fn has_odd_bytes(&self) -> bool {
        let is_odd = |&byte: &u8| {
            byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b".-_".contains(&byte)
        };
        (self.is_name() || self.is_single()) && self.name.iter().any(is_odd)
    }

    /// Does a label begin or end with a hyphen?
    pub fn has_hyphen_at_border(&self) -> bool {
        let at_border = |label: &[u8]| label.starts_with(b"-") || label.ends_with(b"-");
        self.is_name() && self.labels().any(at_border)
    }

    /// Are there two dots in a row, or one at the beginning?
    pub fn has_empty_label(&self) -> bool {
        self.is_name() && self.labels().any(<[u8]>::is_empty)
    }

    /// Is it longer than a name may be (RFC 1035, 2.3.4)?
    pub fn is_too_long(&self) -> bool {
        self.is_name() && (self.name.len() > 253 || self.labels().any(|label| label.len() > 63))
    }

    /// Has it one of `words` as a word, below the registered domain?
    pub fn has_word(&self, words: &[&str]) -> bool {
        self.is_name() && self.words().any(|word| words.iter().any(|w| w.as_bytes() == word))
    }

    /// The country whose domain it is in.
    pub fn country(&self) -> Option<&[u8]> {
        let last = self.labels().next_back().filter(|label| label.len() == 2)?;
        // These are sold to everybody.
        let general = [&b"eu"[..], b"io", b"me", b"tv", b"cc", b"co", b"ws", b"to", b"ly", b"ai"];
        (self.is_name() && !general.contains(&last)).then_some(last)
    }

    /// How it holds an address, if it does.
    pub fn embeds(&self, address: IpAddr) -> Option<Embedded> {
        let IpAddr::V4(v4) = address else { return None };
        if !self.is_name() {
            return None;
        }
        let octets = v4.octets().map(u32::from);
        let mut reversed = octets;
        reversed.reverse();
        let [a, b, c, d] = v4.octets();
        let padded = format!("{a:03}{b:03}{c:03}{d:03}");
        let hex = format!("{a:02x}{b:02x}{c:02x}{d:02x}");
        let holds = |part: &str| memchr::memmem::find(&self.name, part.as_bytes()).is_some();
        match self.quads() {
            quads if quads.contains(&octets) => Some(Embedded::InOrder),
            quads if quads.contains(&reversed) => Some(Embedded::Reversed),
            _ if holds(&padded) => Some(Embedded::InOrder),
            _ if holds(&hex) => Some(Embedded::Hex),
            _ => None,
        }
    }

    /// Does it hold four numbers that could be an address, but not `address`?
    pub fn embeds_other(&self, address: IpAddr) -> bool {
        let could_be = |quad: &[u32; 4]| matches!(quad, [1..=223, _, _, _]);
        self.is_name() && self.embeds(address).is_none() && self.quads().iter().any(could_be)
    }

    /// All runs of four numbers up to 255 with one separator between.
    fn quads(&self) -> Vec<[u32; 4]> {
        let mut quads = Vec::new();
        let mut last: Vec<u32> = Vec::new();
        let mut at = 0;
        let name = self.name.as_slice();
        while let Some(rest) = name.get(at..).filter(|rest| !rest.is_empty()) {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let number = rest.get(..digits).filter(|d| (1..=3).contains(&d.len()));
            let number: Option<u32> =
                number.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
            match number.filter(|&number| number < 256) {
                Some(number) => last.push(number),
                None => last.clear(),
            }
            if let Some(quad) = last.last_chunk::<4>() {
                quads.push(*quad);
            }
            let between = rest.get(digits);
            let separates = matches!(between, Some(b'.' | b'-' | b'_' | b'x'));
            if !separates {
                last.clear();
            }
            at += digits + 1;
        }
        quads
    }
}

/// How a name holds an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Embedded {
    /// In decimals, as one writes it.
    InOrder,
    /// In decimals, the last number first.
    Reversed,
    /// In eight hexadecimal digits.
    Hex,
}

/// Names of one's own network, by multicast DNS or by habit.
pub const LOCAL: &[&str] = &["local", "localdomain", "home.arpa"];
/// Names for tests and documents.
pub const RESERVED: &[&str] =
    &["test", "invalid", "example", "example.com", "example.net", "example.org"];
/// Names that companies use inside, and that nobody can register.
pub const PRIVATE: &[&str] =
    &["internal", "intranet", "intra", "corp", "private", "workgroup", "domain", "localnet"];
/// What providers call the ends of their access networks, beside the words of the stock rules.
pub const ACCESS: &[&str] = &[
    "ppp",
    "pppoe",
    "mobile",
    "lte",
    "gprs",
    "umts",
    "hsdpa",
    "wimax",
    "wlan",
    "hotspot",
    "ftth",
    "fttb",
    "fiber",
    "fibre",
    "gpon",
    "broadband",
    "user",
    "users",
    "subscriber",
    "residential",
];
/// What providers call machines that they let.
pub const HOSTING: &[&str] = &[
    "vps",
    "vds",
    "vm",
    "cloud",
    "compute",
    "ec",
    "instance",
    "server",
    "srv",
    "dedi",
    "dedicated",
    "kvm",
    "colo",
    "hosted",
    "hosting",
    "clients",
    "members",
    "ptr",
    "rev",
    "reverse",
];
/// What says that the address stays with its owner.
pub const STATIC: &[&str] = &["static", "stat", "fix", "fixed", "sta", "business", "biz", "corp"];

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Named {
        let registry = Registry {
            tlds: [b"com".to_vec(), b"uk".to_vec(), b"de".to_vec()].into(),
            two_level: [b"co.uk".to_vec()].into(),
            ..Registry::default()
        };
        Named::new(text.as_bytes(), &registry)
    }

    #[test]
    fn addresses_and_names_are_told_apart() {
        for (text, literal, bare, is_name) in [
            ("[9.9.9.9]", true, false, false),
            ("!9.9.9.9!", true, false, false),
            ("[IPv6:2620:fe::9]", true, false, false),
            ("9.9.9.9", false, true, false),
            ("[9.9.9.9", false, false, false),
            ("mail.a.com", false, false, true),
            ("mail", false, false, false),
            ("9.9.9.9.", false, false, true),
            ("", false, false, false),
            ("!", false, false, false),
        ] {
            let named = named(text);
            let found = (named.literal().is_some(), named.bare().is_some(), named.is_name());
            assert_eq!(found, (literal, bare, is_name), "{text}");
        }
        assert_eq!(named("Mail.A.co.uk.").domain, b"a.co.uk");
    }

    #[test]
    fn an_address_is_found_in_a_name_however_it_is_written() {
        let address = "62.4.16.128".parse().unwrap();
        for (text, expected) in [
            ("62-4-16-128.a.com", Some(Embedded::InOrder)),
            ("dsl62.4.16.128.a.com", Some(Embedded::InOrder)),
            ("x062x004x016x128.a.com", Some(Embedded::InOrder)),
            ("h062004016128.a.com", Some(Embedded::InOrder)),
            ("128.16.4.62.a.com", Some(Embedded::Reversed)),
            ("c-3e041080.a.com", Some(Embedded::Hex)),
            ("62-4-16-12.a.com", None),
            ("62-4-16--128.a.com", None),
            ("1-62-4-16-128.a.com", Some(Embedded::InOrder)),
            ("mail.a.com", None),
        ] {
            assert_eq!(named(text).embeds(address), expected, "{text}");
        }
        assert!(named("9-8-7-6.a.com").embeds_other(address));
        assert!(!named("62-4-16-128.a.com").embeds_other(address));
        assert!(!named("1-2-3.a.com").embeds_other(address));
    }

    #[test]
    fn words_and_ends_are_looked_for_as_a_whole() {
        assert!(named("p1.ppp.a.com").has_word(ACCESS) && named("ppp7.a.com").has_word(ACCESS));
        assert!(!named("pppx.a.com").has_word(ACCESS) && !named("mail.ppp.com").has_word(ACCESS));
        assert!(named("a.local").ends_in(LOCAL) && !named("a.notlocal").ends_in(LOCAL));
        assert!(named("a.nosuch").has_unknown_tld() && !named("a.local").has_unknown_tld());
        assert_eq!(named("a.b.de").country(), Some(&b"de"[..]));
        assert_eq!(named("a.b.com").country(), None);
    }
}
