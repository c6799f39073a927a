//! Macro strings (RFC 7208, section 7).
//!
//! In: the bytes of a term or of an explanation. Out: a [`MacroString`], or nothing where the
//! grammar does not hold. Filling it in is pure: what has to be asked for (`%{p}`) is asked for
//! before ([`MacroString::uses_validated_name`]). The result is bounded by the caller.

use std::net::IpAddr;

/// A text with macros in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MacroString(Vec<Piece>);

/// A part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(Vec<u8>),
    /// `%%`, `%_`, `%-`: what it stands for.
    Escaped(&'static [u8]),
    Macro(Macro),
}

/// `%{…}`
#[derive(Clone, Debug, PartialEq, Eq)]
struct Macro {
    /// In lower case.
    letter: u8,
    /// It was written in upper case: what it is worth is escaped as in a URL.
    escapes: bool,
    /// So many parts, from the right; `None` for all.
    parts: Option<usize>,
    reverses: bool,
    delimiters: Vec<u8>,
}

/// Where a macro string stands, which decides what it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A name in a record: visible characters, and none of the macros `c`, `r`, `t`.
    Name,
    /// A modifier that nobody knows: visible characters, all macros.
    Modifier,
    /// An explanation: spaces and all macros.
    Explanation,
}

/// What macros are worth.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    /// `s`: the sender's address.
    pub sender: &'a [u8],
    /// `l`: what stands before its last `@`.
    pub local: &'a [u8],
    /// `o`: what stands behind it.
    pub sender_domain: &'a [u8],
    /// `d`: the domain whose record is read.
    pub domain: &'a [u8],
    /// `i`, `c`, `v`: the client, IPv4 in IPv6 unwrapped.
    pub ip: IpAddr,
    /// `p`: the client's name, as far as it was looked up; `unknown` otherwise.
    pub validated: &'a [u8],
    /// `h`: the name that the client gave itself.
    pub helo: &'a [u8],
    /// `r`: who asks.
    pub receiver: &'a [u8],
    /// `t`: seconds since 1970.
    pub now: i64,
}

impl MacroString {
    /// Reads a macro string that stands at `place`.
    pub fn parse(text: &[u8], place: Place) -> Option<MacroString> {
        let is_literal = |byte: &u8| match place {
            Place::Explanation => matches!(byte, b' '..=b'~') && *byte != b'%',
            Place::Name | Place::Modifier => matches!(byte, b'!'..=b'~') && *byte != b'%',
        };
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(&first) = rest.first() {
            let length = if first == b'%' {
                let (piece, length) = expression(rest, place)?;
                pieces.push(piece);
                length
            } else {
                let length = rest.iter().position(|b| !is_literal(b)).unwrap_or(rest.len());
                // A byte that is no literal and begins no macro.
                let literal = rest.get(..length).filter(|literal| !literal.is_empty())?;
                pieces.push(Piece::Literal(literal.to_vec()));
                length
            };
            rest = rest.get(length..)?;
        }
        Some(MacroString(pieces))
    }

    /// Reads a `domain-spec`: a macro string that ends in a macro, or in a dot and a label that
    /// could be a top-level domain.
    pub fn parse_domain(text: &[u8]) -> Option<MacroString> {
        let string = MacroString::parse(text, Place::Name)?;
        let ends_well = match string.0.last()? {
            Piece::Literal(literal) => ends_in_top_label(literal),
            Piece::Escaped(_) | Piece::Macro(_) => true,
        };
        ends_well.then_some(string)
    }

    /// Does it hold `%{p}`, for which the DNS has to be asked?
    pub fn uses_validated_name(&self) -> bool {
        let is_p = |piece: &Piece| matches!(piece, Piece::Macro(Macro { letter: b'p', .. }));
        self.0.iter().any(is_p)
    }

    /// The text with its macros filled in; `None` where it would have more than `most` bytes.
    pub fn expand(&self, values: &Values, most: usize) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(literal) => text.extend_from_slice(literal),
                Piece::Escaped(meant) => text.extend_from_slice(meant),
                Piece::Macro(asked) => text.extend(asked.expand(values)),
            }
            if text.len() > most {
                return None;
            }
        }
        Some(text)
    }
}

/// What begins with the `%` at the beginning of `text`, and how long it is.
fn expression(text: &[u8], place: Place) -> Option<(Piece, usize)> {
    let escaped: &'static [u8] = match text.get(1)? {
        b'%' => b"%",
        b'_' => b" ",
        b'-' => b"%20",
        b'{' => {
            let length = text.iter().position(|&byte| byte == b'}')? + 1;
            let inside = text.get(2..length - 1)?;
            return Some((Piece::Macro(Macro::parse(inside, place)?), length));
        }
        _ => return None,
    };
    Some((Piece::Escaped(escaped), 2))
}

impl Macro {
    /// Reads what stands between the braces: a letter, digits, `r`, delimiters.
    fn parse(inside: &[u8], place: Place) -> Option<Macro> {
        let (&first, rest) = inside.split_first()?;
        let letter = first.to_ascii_lowercase();
        let known: &[u8] = if place == Place::Name { b"slodiphv" } else { b"slodiphvcrt" };
        if !known.contains(&letter) {
            return None;
        }
        let digits = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        let (number, rest) = rest.split_at(digits);
        let parts = number.iter().fold(0usize, |sum, digit| {
            sum.saturating_mul(10).saturating_add(usize::from(digit - b'0'))
        });
        if !number.is_empty() && parts == 0 {
            return None;
        }
        let (reverses, delimiters) = match rest.split_first() {
            Some((b'r' | b'R', rest)) => (true, rest),
            _ => (false, rest),
        };
        delimiters.iter().all(|byte| b".-+,/_=".contains(byte)).then(|| Macro {
            letter,
            escapes: first.is_ascii_uppercase(),
            parts: (!number.is_empty()).then_some(parts),
            reverses,
            delimiters: delimiters.to_vec(),
        })
    }

    fn expand(&self, values: &Values) -> Vec<u8> {
        let value = self.transformed(values.of(self.letter));
        match self.escapes {
            true => escaped(&value),
            false => value,
        }
    }

    /// The value cut at the delimiters, turned around, the parts at the right of it, with dots
    /// between them.
    fn transformed(&self, value: Vec<u8>) -> Vec<u8> {
        if self.parts.is_none() && !self.reverses && self.delimiters.is_empty() {
            return value;
        }
        let delimiters = if self.delimiters.is_empty() { b"." } else { &self.delimiters[..] };
        let mut parts: Vec<&[u8]> = value.split(|byte| delimiters.contains(byte)).collect();
        if self.reverses {
            parts.reverse();
        }
        let left_out = self.parts.map_or(0, |wanted| parts.len().saturating_sub(wanted));
        parts.get(left_out..).unwrap_or_default().join(&b'.')
    }
}

impl Values<'_> {
    fn of(&self, letter: u8) -> Vec<u8> {
        match letter {
            b's' => self.sender.to_vec(),
            b'l' => self.local.to_vec(),
            b'o' => self.sender_domain.to_vec(),
            b'd' => self.domain.to_vec(),
            b'i' => dotted(self.ip),
            b'p' => self.validated.to_vec(),
            b'v' if self.ip.is_ipv4() => b"in-addr".to_vec(),
            b'v' => b"ip6".to_vec(),
            b'h' => self.helo.to_vec(),
            b'c' => self.ip.to_string().into_bytes(),
            b'r' => self.receiver.to_vec(),
            b't' => self.now.to_string().into_bytes(),
            _ => Vec::new(),
        }
    }
}

/// An address with dots in it: of IPv6 between all digits.
fn dotted(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(v4) => v4.to_string().into_bytes(),
        IpAddr::V6(v6) => {
            let digits = format!("{:032x}", v6.to_bits()).into_bytes();
            digits.chunks(1).collect::<Vec<_>>().join(&b'.')
        }
    }
}

/// Everything but letters, digits and `-._~` as `%XX` (RFC 3986, 2.3).
fn escaped(value: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(value.len());
    for &byte in value {
        match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            true => text.push(byte),
            false => text.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    text
}

/// Does it end in a dot and a label that is neither a number nor begins or ends with a dash,
/// with or without another dot?
fn ends_in_top_label(literal: &[u8]) -> bool {
    let literal = literal.strip_suffix(b".").unwrap_or(literal);
    let Some(dot) = literal.iter().rposition(|&byte| byte == b'.') else { return false };
    let label = literal.get(dot + 1..).unwrap_or_default();
    let is_fit = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let dashes = label.first() == Some(&b'-') || label.last() == Some(&b'-');
    !dashes && label.iter().all(is_fit) && label.iter().any(|byte| !byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VALUES: Values = Values {
        sender: b"rosa.luz+news@lists.garden.example",
        local: b"rosa.luz+news",
        sender_domain: b"lists.garden.example",
        domain: b"spf.garden.example",
        ip: IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7)),
        validated: b"out7.garden.example",
        helo: b"out7",
        receiver: b"mx.here.example",
        now: 1_700_000_000,
    };

    fn filled(text: &str) -> Option<String> {
        let string = MacroString::parse(text.as_bytes(), Place::Explanation)?;
        Some(String::from_utf8_lossy(&string.expand(&VALUES, 1000)?).into_owned())
    }

    #[test]
    fn macros_are_filled_in() {
        for (text, expected) in [
            (
                "%{s} %{l} %{o}",
                "rosa.luz+news@lists.garden.example rosa.luz+news lists.garden.example",
            ),
            (
                "%{d} %{d2} %{d1r} %{dr} %{d9}",
                "spf.garden.example garden.example spf example.garden.spf spf.garden.example",
            ),
            (
                "%{l-} %{l+} %{lr+.} %{l1+} %{l2r.+}",
                "rosa.luz+news rosa.luz.news news.luz.rosa news luz.rosa",
            ),
            ("%{i} %{ir} %{c} %{v}", "198.51.100.7 7.100.51.198 198.51.100.7 in-addr"),
            ("%{p} %{h} %{r} %{t}", "out7.garden.example out7 mx.here.example 1700000000"),
            ("%{L} %{S1@}", ""),
            ("%{L} %%%_%-", "rosa.luz%2Bnews % %20"),
            ("%{D99999999999999999999999}", "spf.garden.example"),
            ("", ""),
        ] {
            let expected = (!text.contains('@')).then(|| expected.to_owned());
            assert_eq!(filled(text), expected, "{text}");
        }
    }

    #[test]
    fn an_ipv6_client_is_written_digit_by_digit() {
        let values = Values { ip: "2001:db8::7".parse().unwrap(), ..VALUES };
        let fill = |text: &str| {
            let string = MacroString::parse(text.as_bytes(), Place::Explanation).unwrap();
            String::from_utf8(string.expand(&values, 1000).unwrap()).unwrap()
        };
        assert_eq!(fill("%{v} %{c} %{i3r}"), "ip6 2001:db8::7 0.0.2");
        assert_eq!(fill("%{i}").len(), 63);
    }

    #[test]
    fn what_the_grammar_does_not_know_is_refused() {
        for wrong in [
            "%",
            "%a",
            "%{",
            "%{}",
            "%{d",
            "%{d0}",
            "%{x}",
            "%{2d}",
            "%{dr2}",
            "%{d*}",
            "%{d r}",
            "\u{7f}",
            "caf\u{e9}",
            "a\tb",
            "%(d)",
        ] {
            assert_eq!(MacroString::parse(wrong.as_bytes(), Place::Explanation), None, "{wrong:?}");
        }
        for only_in_explanations in ["%{c}", "%{R}", "%{t}"] {
            let parse = |place| MacroString::parse(only_in_explanations.as_bytes(), place);
            assert!(parse(Place::Name).is_none() && parse(Place::Modifier).is_some());
        }
        assert!(MacroString::parse(b"two words", Place::Modifier).is_none());
    }

    #[test]
    fn a_domain_ends_in_a_macro_or_a_top_label() {
        for (text, expected) in [
            ("garden.example", true),
            ("garden.example.", true),
            (".example", true),
            ("a..b:/?.xn--p1ai", true),
            ("_spf.%{d}", true),
            ("x%%", true),
            ("%{i}.4me", true),
            ("garden", false),
            ("garden.", false),
            ("garden.123", false),
            ("garden.-me", false),
            ("garden.me-", false),
            ("garden.a_b", false),
            ("garden..", false),
            ("%{d}example", false),
            ("", false),
        ] {
            assert_eq!(MacroString::parse_domain(text.as_bytes()).is_some(), expected, "{text}");
        }
    }

    #[test]
    fn limit_spf_expansion_holds_for_what_comes_out() {
        let string = MacroString::parse(b"ab%{d}", Place::Name).unwrap();
        let whole = b"abspf.garden.example".to_vec();
        assert_eq!(string.expand(&VALUES, whole.len() + 1), Some(whole.clone()));
        assert_eq!(string.expand(&VALUES, whole.len()), Some(whole.clone()));
        assert_eq!(string.expand(&VALUES, whole.len() - 1), None);
    }

    proptest! {
        #[test]
        fn whatever_is_written_does_no_harm(text: Vec<u8>, inside in "[a-zA-Z0-9.+=/-]{0,6}") {
            let written = [&text[..], b"%{", inside.as_bytes(), b"}"].concat();
            for place in [Place::Name, Place::Modifier, Place::Explanation] {
                if let Some(string) = MacroString::parse(&written, place) {
                    prop_assert!(string.expand(&VALUES, 200).is_none_or(|text| text.len() <= 200));
                }
            }
            MacroString::parse_domain(&written);
        }
    }
}
