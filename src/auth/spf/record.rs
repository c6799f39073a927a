//! SPF records (RFC 7208, sections 4.5, 4.6, 5, 6 and 12).
//!
//! In: the text of a TXT record. Out: its terms in order, or what is wrong with it; a record is
//! read as a whole before any of it counts. One pass, no recursion.

use super::Outcome;
use super::macros::{MacroString, Place};
use std::net::{Ipv4Addr, Ipv6Addr};

/// A record, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The mechanisms, from the left.
    pub directives: Vec<Directive>,
    /// `redirect=`: whose record counts where no mechanism matches.
    pub redirect: Option<MacroString>,
    /// `exp=`: where the explanation of a fail is.
    pub explanation: Option<MacroString>,
}

/// A mechanism, and what it means where it matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Pass, fail, softfail or neutral.
    pub outcome: Outcome,
    /// What it compares the client with.
    pub mechanism: Mechanism,
    /// As it is written.
    pub text: Vec<u8>,
}

/// A mechanism (RFC 7208, section 5). A missing domain is the one whose record this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// Everybody.
    All,
    /// Whom another domain's record lets pass.
    Include(MacroString),
    /// A domain's addresses.
    A(Target),
    /// The addresses of a domain's mail exchangers.
    Mx(Target),
    /// Whose name, looked up both ways, is in a domain.
    Ptr(Option<MacroString>),
    /// An IPv4 network: its address and prefix length.
    Ip4(Ipv4Addr, u8),
    /// An IPv6 network: its address and prefix length.
    Ip6(Ipv6Addr, u8),
    /// Everybody, if the name has an IPv4 address.
    Exists(MacroString),
}

/// Where addresses are looked up, and how much of them has to be the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whose; the record's own domain if `None`.
    pub domain: Option<MacroString>,
    /// Prefix length for IPv4.
    pub v4: u8,
    /// Prefix length for IPv6.
    pub v6: u8,
}

/// What is wrong with a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Not to be read.
    #[error("the term '{}' is none", .0.escape_ascii())]
    Term(Vec<u8>),
    /// `redirect=` or `exp=` twice.
    #[error("the modifier '{}' stands there twice", .0.escape_ascii())]
    Twice(Vec<u8>),
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `v=spf1`
    Spf1,
    /// Sender ID's (`spf2.0/mfrom,pra`, RFC 4406).
    SenderId {
        /// It speaks of envelope senders.
        of_envelope: bool,
    },
}

/// The version of a record and the terms behind it; `None` if the text is none.
pub fn version(text: &[u8]) -> Option<(Version, &[u8])> {
    let end = text.iter().position(|&byte| byte == b' ').unwrap_or(text.len());
    let (version, terms) = text.split_at(end);
    let version = version.to_ascii_lowercase();
    if version == b"v=spf1" {
        return Some((Version::Spf1, terms));
    }
    let scopes = || version.strip_prefix(b"spf2.0/").map(|list| list.split(|&byte| byte == b','));
    let is_known = scopes()?.all(|scope| matches!(scope, b"mfrom" | b"pra"));
    let of_envelope = scopes()?.any(|scope| scope == b"mfrom");
    is_known.then_some((Version::SenderId { of_envelope }, terms))
}

impl Record {
    /// Reads the terms behind a version.
    pub fn parse(terms: &[u8]) -> Result<Record, Wrong> {
        let mut record = Record::default();
        for term in terms.split(|&byte| byte == b' ').filter(|term| !term.is_empty()) {
            record.add(term)?;
        }
        Ok(record)
    }

    fn add(&mut self, term: &[u8]) -> Result<(), Wrong> {
        let wrong = || Wrong::Term(term.to_vec());
        let Some((name, value)) = modifier(term) else {
            self.directives.push(Directive::parse(term).ok_or_else(wrong)?);
            return Ok(());
        };
        let place = match &*name.to_ascii_lowercase() {
            b"redirect" => &mut self.redirect,
            b"exp" => &mut self.explanation,
            _ => return MacroString::parse(value, Place::Modifier).map(drop).ok_or_else(wrong),
        };
        let domain = MacroString::parse_domain(value).ok_or_else(wrong)?;
        match place.replace(domain) {
            None => Ok(()),
            Some(_) => Err(Wrong::Twice(name.to_vec())),
        }
    }
}

/// Name and value of a modifier: `=` behind a name, before any `:` or `/`.
fn modifier(term: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = term.iter().position(|&byte| !is_name_byte(byte))?;
    let (name, rest) = term.split_at(end);
    let value = rest.strip_prefix(b"=")?;
    name.first()?.is_ascii_alphabetic().then_some((name, value))
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
}

impl Directive {
    fn parse(term: &[u8]) -> Option<Directive> {
        let (outcome, rest) = match term.split_first()? {
            (b'+', rest) => (Outcome::Pass, rest),
            (b'-', rest) => (Outcome::Fail, rest),
            (b'~', rest) => (Outcome::SoftFail, rest),
            (b'?', rest) => (Outcome::Neutral, rest),
            _ => (Outcome::Pass, term),
        };
        let end = rest.iter().position(|&byte| !is_name_byte(byte)).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        let mechanism = Mechanism::parse(&name.to_ascii_lowercase(), rest)?;
        Some(Directive { outcome, mechanism, text: term.to_vec() })
    }
}

impl Mechanism {
    /// The mechanism called `name`; `rest` is what stands behind the name.
    fn parse(name: &[u8], rest: &[u8]) -> Option<Mechanism> {
        let domain = || MacroString::parse_domain(rest.strip_prefix(b":")?);
        Some(match name {
            b"all" if rest.is_empty() => Mechanism::All,
            b"include" => Mechanism::Include(domain()?),
            b"a" => Mechanism::A(Target::parse(rest)?),
            b"mx" => Mechanism::Mx(Target::parse(rest)?),
            b"ptr" if rest.is_empty() => Mechanism::Ptr(None),
            b"ptr" => Mechanism::Ptr(Some(domain()?)),
            b"ip4" => {
                let (address, length) = network(rest.strip_prefix(b":")?, 32)?;
                Mechanism::Ip4(address.parse().ok()?, length)
            }
            b"ip6" => {
                let (address, length) = network(rest.strip_prefix(b":")?, 128)?;
                Mechanism::Ip6(address.parse().ok()?, length)
            }
            b"exists" => Mechanism::Exists(domain()?),
            _ => return None,
        })
    }
}

impl Target {
    /// Reads `[ ":" domain-spec ] [ "/" length ] [ "//" length ]`.
    fn parse(text: &[u8]) -> Option<Target> {
        let (text, v6) = match digits_behind(text, b"//") {
            Some((before, digits)) => (before, length(digits, 128)?),
            None => (text, 128),
        };
        let (text, v4) = match digits_behind(text, b"/") {
            Some((before, digits)) => (before, length(digits, 32)?),
            None => (text, 32),
        };
        let domain = match text {
            b"" => None,
            _ => Some(MacroString::parse_domain(text.strip_prefix(b":")?)?),
        };
        Some(Target { domain, v4, v6 })
    }
}

/// What stands before `mark` and the digits behind it, if such an end is there.
fn digits_behind<'t>(text: &'t [u8], mark: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let begin = text.iter().rposition(|byte| !byte.is_ascii_digit())? + 1;
    let (before, digits) = text.split_at(begin);
    let before = before.strip_suffix(mark).filter(|_| !digits.is_empty())?;
    Some((before, digits))
}

/// A prefix length: a number without zeros in front.
fn length(digits: &[u8], most: u8) -> Option<u8> {
    if digits.len() > 1 && digits.starts_with(b"0") {
        return None;
    }
    let number: u8 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (number <= most).then_some(number)
}

/// An address and its prefix length, which is the longest where there is none.
fn network(text: &[u8], longest: u8) -> Option<(&str, u8)> {
    let (address, length) = match text.iter().position(|&byte| byte == b'/') {
        Some(slash) => {
            let digits = text.get(slash + 1..)?;
            let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
            (text.get(..slash)?, length(digits, longest).filter(|_| is_number)?)
        }
        None => (text, longest),
    };
    Some((std::str::from_utf8(address).ok()?, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(terms: &str) -> Result<Record, Wrong> {
        Record::parse(terms.as_bytes())
    }

    fn domain(text: &str) -> MacroString {
        MacroString::parse_domain(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_version_stands_alone() {
        let sender_id = |of_envelope| Version::SenderId { of_envelope };
        for (text, expected) in [
            ("v=spf1", Some((Version::Spf1, ""))),
            ("V=SPF1 -all", Some((Version::Spf1, " -all"))),
            ("v=spf1  mx", Some((Version::Spf1, "  mx"))),
            ("v=spf10 mx", None),
            ("v=spf1\tmx", None),
            (" v=spf1", None),
            ("v=spf", None),
            ("", None),
            ("spf2.0/mfrom -all", Some((sender_id(true), " -all"))),
            ("SPF2.0/pra,mfrom", Some((sender_id(true), ""))),
            ("spf2.0/pra -all", Some((sender_id(false), " -all"))),
            ("spf2.0/mfrom,x -all", None),
            ("spf2.0/ -all", None),
            ("spf2.0 -all", None),
        ] {
            let expected = expected.map(|(version, terms)| (version, terms.as_bytes()));
            assert_eq!(version(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn terms_are_read_in_order() {
        let record =
            parse(" ?ip4:203.0.113.0/24  A mx:%{d}/24//64 -ALL exp=why.%{d2} a.b-c_d=%{t}")
                .unwrap();
        let mechanisms: Vec<_> =
            record.directives.iter().map(|d| (d.outcome, d.mechanism.clone())).collect();
        let target = |domain, v4, v6| Target { domain, v4, v6 };
        assert_eq!(
            mechanisms,
            [
                (Outcome::Neutral, Mechanism::Ip4(Ipv4Addr::new(203, 0, 113, 0), 24)),
                (Outcome::Pass, Mechanism::A(target(None, 32, 128))),
                (Outcome::Pass, Mechanism::Mx(target(Some(domain("%{d}")), 24, 64))),
                (Outcome::Fail, Mechanism::All),
            ]
        );
        assert_eq!(record.explanation, Some(domain("why.%{d2}")));
        assert_eq!(record.directives[0].text, b"?ip4:203.0.113.0/24");
    }

    #[test]
    fn networks_and_names_may_be_written_so() {
        for right in [
            "a/0",
            "a//0",
            "a/24//64",
            "a:x.example/32",
            "a:x/y.example//128",
            "mx:x:y.example",
            "ptr:x.example",
            "ip4:192.0.2.1",
            "ip4:0.0.0.0/0",
            "ip6:::1",
            "ip6:2001:db8::/32",
            "ip6:::ffff:192.0.2.1/96",
            "exists:%{i}._x.example.",
            "redirect=%{d}",
            "x=",
            "x=a:/%%",
            "include:%{d}.x",
            "+all",
            "PTR",
        ] {
            assert!(parse(right).is_ok(), "{right}");
        }
    }

    #[test]
    fn what_is_wrong_is_wrong() {
        for wrong in [
            "all.",
            "all:x.example",
            "all/8",
            "--all",
            "-",
            ":",
            "=x",
            "1x=y",
            "include",
            "include:",
            "exists",
            "include:x.example/24",
            "exists:x.example/24",
            "ptr/24",
            "ptr:",
            "ptr:x",
            "a:",
            "a:x",
            "a:x.1",
            "a/",
            "a//",
            "a/33",
            "a//129",
            "a/024",
            "a/24/64",
            "a:x.example/",
            "a:x.example:25",
            "a:x.example/24/64",
            "/24",
            "ip4",
            "ip4:",
            "ip4:192.0.2",
            "ip4:192.0.2.256",
            "ip4:192.0.02.1",
            "ip4:192.0.2.1/33",
            "ip4:192.0.2.1/",
            "ip4:192.0.2.1/+8",
            "ip4:192.0.2.1//32",
            "ip4:192.0.2.1:25",
            "ip4:::1",
            "ip6:192.0.2.1",
            "ip6:::1/129",
            "ip6::1::2",
            "ip6:::1/064",
            "redirect:x.example",
            "redirect=",
            "redirect=x",
            "exp=",
            "exp=%{c}.x",
            "foo",
            "x=%",
            "x=%{y}",
            "a:x.ex\u{e4}mple",
            "mx\t-all",
            "ip4:192.0.2.1,192.0.2.2",
        ] {
            assert_eq!(parse(wrong), Err(Wrong::Term(wrong.as_bytes().to_vec())), "{wrong}");
        }
        for twice in ["redirect=a.b redirect=a.b", "exp=a.b -all EXP=c.d"] {
            assert!(matches!(parse(twice), Err(Wrong::Twice(_))), "{twice}");
        }
        assert!(parse("x=1 x=2 all -all").is_ok());
    }

    proptest! {
        #[test]
        fn whatever_is_published_does_no_harm(text: Vec<u8>, terms in "[-+~?]?(a|mx|ip4|ip6|ptr|all|exp=|redirect=)[ -~]{0,20}") {
            let _ = Record::parse(&text);
            let _ = Record::parse(terms.as_bytes());
            version(&text);
        }
    }
}
