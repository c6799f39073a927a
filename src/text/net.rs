//! IP addresses in text, and sets of networks.
//!
//! Two grammars live here. One finds addresses in Received lines and headers, as
//! SpamAssassin's `IP_ADDRESS` does: with or without `IPv6:` in front, never a piece of
//! something longer. The other reads the networks of `trusted_networks` and its sisters
//! (man page Mail::SpamAssassin::Conf). Nothing here asks DNS.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use thiserror::Error;

/// Above so many networks a new one is no longer compared with those already there: it
/// would only be for the warning, and the comparison is quadratic.
const COMPARED_NETWORKS: usize = 200;

/// A regular expression for what may be an address where the brackets or spaces around it are
/// part of the expression too; [`is_ip_at`] looks at it more closely.
pub const ROUGHLY_AN_ADDRESS: &str = "(?:[0-9]{1,3}(?:\\.[0-9]{1,3}){3}|(?i:ipv6:)?[0-9A-Fa-f]*:[0-9A-Fa-f:]*(?:(?:\\.[0-9]{1,3}){3})?)";

/// A list of networks as `trusted_networks` takes it: the first entry that matches decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetSet {
    networks: Vec<Network>,
}

/// One entry. IPv4 lives in `::ffff:0:0/96`, so that both families compare alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    bits: u128,
    prefix: u32,
    excluded: bool,
}

/// Why a network was not added to a [`NetSet`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NetError {
    /// Neither an address nor a network nor a range.
    #[error(
        "netset: illegal IP address given: '{0}'; write 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32"
    )]
    Illegal(String),
    /// An earlier entry decides all its addresses already.
    #[error(
        "netset: cannot {} {network} as it has already been {}; put the smaller network first",
        if *.exclude { "exclude" } else { "include" },
        if *.excluded { "excluded" } else { "included" }
    )]
    Decided {
        /// The entry as written.
        network: String,
        /// The new entry begins with `!`.
        exclude: bool,
        /// The earlier entry begins with `!`.
        excluded: bool,
    },
}

impl NetSet {
    /// No networks: contains nothing.
    pub fn new() -> Self {
        NetSet::default()
    }

    /// The set that `trusted_networks` and `internal_networks` begin with: `127.0.0.0/8`
    /// and `::1`, which no later entry can exclude. (`msa_networks` begins empty.)
    pub fn with_loopback() -> Self {
        let v4 =
            Network { bits: mapped(Ipv4Addr::new(127, 0, 0, 0)), prefix: 104, excluded: false };
        let v6 = Network { bits: 1, prefix: 128, excluded: false };
        NetSet { networks: vec![v4, v6] }
    }

    /// Adds one entry: `192.0.2.1`, `192.0.2.0/24`, `192.0.2.` (abbreviated), `10/8`,
    /// `192.0.2.0/255.255.255.0`, `192.0.2.5-192.0.2.9`, `[2001:db8::1%eth0]/32`; with `!`
    /// in front its addresses are not in the set.
    pub fn add(&mut self, entry: &str) -> Result<(), NetError> {
        let illegal = || NetError::Illegal(entry.to_owned());
        let text = entry.trim_start();
        let (text, excluded) = match text.strip_prefix('!') {
            Some(rest) => (rest.trim_start(), true),
            None => (text, false),
        };
        let blocks = match text.split_once('-') {
            Some((first, last)) => range(first, last).ok_or_else(illegal)?,
            None => vec![network(text).ok_or_else(illegal)?],
        };
        let mut refused = None;
        for (bits, prefix) in blocks {
            let new = Network { bits, prefix, excluded };
            let decided = self.networks.iter().take(COMPARED_NETWORKS).find(|old| old.covers(&new));
            match decided {
                Some(old) => {
                    refused = Some(NetError::Decided {
                        network: entry.to_owned(),
                        exclude: excluded,
                        excluded: old.excluded,
                    });
                }
                None => self.networks.push(new),
            }
        }
        refused.map_or(Ok(()), Err)
    }

    /// Is `address` in the set?
    pub fn contains(&self, address: IpAddr) -> bool {
        let host = Network { bits: to_bits(address), prefix: 128, excluded: false };
        self.networks.iter().find(|net| net.covers(&host)).is_some_and(|net| !net.excluded)
    }

    /// How many entries there are, the loopback networks included.
    pub fn len(&self) -> usize {
        self.networks.len()
    }

    /// Is there no entry at all?
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty()
    }
}

impl Network {
    fn covers(&self, other: &Network) -> bool {
        self.prefix <= other.prefix && (self.bits ^ other.bits) & mask(self.prefix) == 0
    }
}

/// The mask whose upper `prefix` bits are set.
fn mask(prefix: u32) -> u128 {
    u128::MAX.checked_shl(128 - prefix.min(128)).unwrap_or(0)
}

fn mapped(address: Ipv4Addr) -> u128 {
    address.to_ipv6_mapped().to_bits()
}

fn to_bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => mapped(v4),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// Reads an address with an optional mask: bits and prefix length.
fn network(text: &str) -> Option<(u128, u32)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let address =
        address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(address);
    // An interface (`fe80::1%eth0`) says nothing about which hosts are meant.
    let address = match address.rsplit_once('%') {
        Some((address, zone)) if zone.bytes().all(is_zone_byte) => address,
        _ => address,
    };
    if let Some((v4, octets)) = short_ipv4(address) {
        let prefix = match length {
            Some(length) => ipv4_prefix(length)?,
            None => octets * 8,
        };
        return Some((mapped(v4), prefix + 96));
    }
    let v6: Ipv6Addr = address.parse().ok()?;
    let prefix = match length {
        Some(length) => decimal(length).filter(|&prefix| prefix <= 128)?,
        None => 128,
    };
    Some((v6.to_bits(), prefix))
}

/// `10`, `10.1.`, `10.1.2`, `10.1.2.3`: the address filled up with zeros, and how many
/// octets were given. Leading zeros do not mean octal.
fn short_ipv4(text: &str) -> Option<(Ipv4Addr, u32)> {
    let mut octets = [0u8; 4];
    let mut given = 0;
    let mut rest = text.split('.').peekable();
    while let Some(part) = rest.next() {
        if part.is_empty() && rest.peek().is_none() && (1..4).contains(&given) {
            break;
        }
        *octets.get_mut(given)? = u8::try_from(decimal(part)?).ok()?;
        given += 1;
    }
    Some((Ipv4Addr::from(octets), given as u32))
}

/// `24` or `255.255.255.0`.
fn ipv4_prefix(text: &str) -> Option<u32> {
    if let Some(prefix) = decimal(text) {
        return (prefix <= 32).then_some(prefix);
    }
    let bits = text.parse::<Ipv4Addr>().ok()?.to_bits();
    (bits.leading_ones() + bits.trailing_zeros() == 32 || bits == 0).then(|| bits.leading_ones())
}

fn decimal(text: &str) -> Option<u32> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// The networks that make up the addresses from `first` to `last`.
fn range(first: &str, last: &str) -> Option<Vec<(u128, u32)>> {
    let address = |text: &str| -> Option<IpAddr> {
        match short_ipv4(text) {
            Some((v4, 4)) => Some(IpAddr::V4(v4)),
            Some(_) => None,
            None => text.parse().ok(),
        }
    };
    let (first, last) = (address(first)?, address(last)?);
    if first.is_ipv4() != last.is_ipv4() {
        return None;
    }
    let (mut next, last) = (to_bits(first), to_bits(last));
    if next > last {
        return None;
    }
    let mut blocks = Vec::new();
    loop {
        // The largest block that begins here and does not reach beyond the end.
        let left = last - next;
        let by_size = if left == u128::MAX { 128 } else { (left + 1).ilog2() };
        let host_bits = next.trailing_zeros().min(by_size);
        blocks.push((next, 128 - host_bits));
        let size_less_one = !mask(128 - host_bits);
        match next.checked_add(size_less_one) {
            Some(end) if end < last => next = end + 1,
            _ => return Some(blocks),
        }
    }
}

fn is_zone_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._~-".contains(&byte)
}

/// Reads an address as Received lines write it: IPv4, or IPv6 with or without `IPv6:`.
///
/// The whole of `text` must be the address. Octets have no leading zeros.
pub fn parse_ip(text: &[u8]) -> Option<IpAddr> {
    let bare = strip_ipv6_tag(text);
    let address: IpAddr = std::str::from_utf8(bare).ok()?.parse().ok()?;
    (bare.len() == text.len() || address.is_ipv6()).then_some(address)
}

/// `text` without `IPv6:` in front.
pub fn strip_ipv6_tag(text: &[u8]) -> &[u8] {
    match text.split_at_checked(5) {
        Some((tag, rest)) if tag.eq_ignore_ascii_case(b"ipv6:") => rest,
        _ => text,
    }
}

/// Is `text` an address that is not a public host's: loopback, link-local, private use
/// (RFC 1918), carrier-grade NAT (RFC 6598), or one of these mapped into IPv6?
pub fn is_private(text: &[u8]) -> bool {
    match parse_ip(text) {
        Some(IpAddr::V4(v4)) => is_private_ipv4(v4),
        Some(IpAddr::V6(v6)) if text.contains(&b'.') => {
            v6.is_unicast_link_local() || v6.to_ipv4_mapped().is_some_and(is_private_ipv4)
        }
        Some(IpAddr::V6(v6)) => v6.is_loopback() || v6.is_unicast_link_local(),
        None => false,
    }
}

fn is_private_ipv4(v4: Ipv4Addr) -> bool {
    let [first, second, ..] = v4.octets();
    v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || (first == 100 && (64..128).contains(&second))
}

/// Is `text` this host itself: `localhost`, `localhost.localdomain`, 127.0.0.1 or `::1`?
pub fn is_localhost(text: &[u8]) -> bool {
    let named = text.eq_ignore_ascii_case(b"localhost")
        || text.eq_ignore_ascii_case(b"localhost.localdomain");
    named
        || match parse_ip(text) {
            Some(IpAddr::V4(v4)) => v4 == Ipv4Addr::LOCALHOST,
            Some(IpAddr::V6(v6)) => {
                v6.is_loopback() || v6.to_ipv4_mapped() == Some(Ipv4Addr::LOCALHOST)
            }
            None => false,
        }
}

/// `192.0.2.1` as `1.2.0.192`; an IPv6 address as 32 nibbles (RFC 5782 section 2.4).
pub fn reversed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}")
        }
        IpAddr::V6(v6) => {
            let nibbles = (0..32).map(|index| format!("{:x}", v6.to_bits() >> (4 * index) & 0xf));
            nibbles.collect::<Vec<_>>().join(".")
        }
    }
}

/// The first address in `text` at or after `from`: where it begins and ends.
///
/// An address is not taken out of a longer number or word: `192.0.2.1000` holds none. An
/// IPv4 address that follows a colon is none either, but a dot may be on both sides.
pub fn find_ip(text: &[u8], from: usize) -> Option<(usize, usize)> {
    find_ip_where(text, from, |_, _| true)
}

/// Like [`find_ip`], for the first address whose begin and end please `accept`.
pub fn find_ip_where(
    text: &[u8],
    from: usize,
    accept: impl Fn(usize, usize) -> bool,
) -> Option<(usize, usize)> {
    (from..text.len()).find_map(|start| {
        let ends = ip_ends(text, start);
        ends.into_iter().flatten().find(|&end| accept(start, end)).map(|end| (start, end))
    })
}

/// Do the bytes of `text` from `start` to `end` make an address that stands alone there?
pub fn is_ip_at(text: &[u8], start: usize, end: usize) -> bool {
    ip_ends(text, start).contains(&Some(end))
}

/// Where an address that begins at `start` may end: as IPv4, as IPv6 that ends in an IPv4
/// address, as plain IPv6.
fn ip_ends(text: &[u8], start: usize) -> [Option<usize>; 3] {
    let before = start.checked_sub(1).and_then(|index| text.get(index)).copied();
    let Some(rest) = text.get(start..) else { return [None; 3] };
    if !rest.first().is_some_and(|&byte| is_ipv6_byte(byte) || byte.eq_ignore_ascii_case(&b'i')) {
        return [None; 3];
    }
    let v4 = match before {
        Some(byte) if is_word_byte(byte) || byte == b':' => None,
        _ => {
            ipv4_length(rest).filter(|&length| !rest.get(length).copied().is_some_and(is_word_byte))
        }
    };
    let bare = strip_ipv6_tag(rest);
    let tag = rest.len() - bare.len();
    if tag == 0 && before.is_some_and(is_ipv6_byte) {
        return [v4.map(|length| start + length), None, None];
    }
    let [mixed, pure] = ipv6_lengths(bare);
    [
        v4.map(|length| start + length),
        mixed.map(|length| start + tag + length),
        pure.map(|length| start + tag + length),
    ]
}

/// The longest text of an IPv6 address: eight groups, the last two as IPv4.
const IPV6_TEXT: usize = 45;

fn ipv6_lengths(text: &[u8]) -> [Option<usize>; 2] {
    let run = text.iter().take(IPV6_TEXT + 1).take_while(|&&byte| is_ipv6_byte(byte)).count();
    let (Some(groups), true) = (text.get(..run), run <= IPV6_TEXT) else { return [None; 2] };
    let is_v6 = |length: usize| {
        let candidate = text.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok());
        candidate.is_some_and(|candidate| candidate.parse::<Ipv6Addr>().is_ok())
    };
    // The groups before an IPv4 tail end in a colon; its first octet is in the run too.
    let tail = groups.iter().rposition(|&byte| byte == b':').map_or(0, |colon| colon + 1);
    let mixed = text.get(tail..).and_then(ipv4_length).map(|length| tail + length);
    let mixed = mixed
        .filter(|&length| !text.get(length).copied().is_some_and(is_ipv6_byte) && is_v6(length));
    [mixed, Some(run).filter(|&length| is_v6(length))]
}

/// How long the four octets at the begin of `text` are, each from 0 to 255.
fn ipv4_length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    for octet in 0..4 {
        if octet > 0 {
            if text.get(at) != Some(&b'.') {
                return None;
            }
            at += 1;
        }
        at += octet_length(text.get(at..)?)?;
    }
    Some(at)
}

fn octet_length(text: &[u8]) -> Option<usize> {
    let digits = text.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    let value: u32 = std::str::from_utf8(text.get(..digits)?).ok()?.parse().ok()?;
    let canonical = digits == 1 || (digits <= 3 && text.first() != Some(&b'0'));
    (canonical && value <= 255).then_some(digits)
}

fn is_ipv6_byte(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || byte == b':'
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(entries: &[&str]) -> NetSet {
        let mut set = NetSet::new();
        for entry in entries {
            set.add(entry).unwrap();
        }
        set
    }

    fn has(set: &NetSet, address: &str) -> bool {
        set.contains(address.parse().unwrap())
    }

    #[test]
    fn networks_are_read_in_every_notation() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("192.0.2.1", &["192.0.2.1", "::ffff:192.0.2.1"], &["192.0.2.2"]),
            ("192.0.2.0/24", &["192.0.2.255"], &["192.0.3.0"]),
            ("192.0.2.77/24", &["192.0.2.1"], &["192.0.3.77"]),
            ("192.0.2.", &["192.0.2.9"], &["192.0.3.9"]),
            ("192.0", &["192.0.200.9"], &["192.1.2.9"]),
            ("10", &["10.9.8.7"], &["11.0.0.0"]),
            ("10/7", &["11.0.0.1"], &["12.0.0.1"]),
            ("0/0", &["255.255.255.255"], &["2001:db8::1"]),
            ("192.000.002.001", &["192.0.2.1"], &["192.0.2.2"]),
            ("192.0.2.0/255.255.255.128", &["192.0.2.127"], &["192.0.2.128"]),
            ("192.0.2.0/024", &["192.0.2.127"], &["192.0.3.0"]),
            ("[2001:db8::%eth0]/32", &["2001:db8:9::1"], &["2001:db9::"]),
            ("2001:db8::1", &["2001:db8::1"], &["2001:db8::2"]),
            ("::/0", &["2001:db8::2", "192.0.2.1"], &[]),
            (
                "192.0.2.5-192.0.2.9",
                &["192.0.2.5", "192.0.2.8", "192.0.2.9"],
                &["192.0.2.4", "192.0.2.10"],
            ),
            ("0.0.0.0-255.255.255.255", &["9.9.9.9"], &["::1"]),
        ];
        for (entry, inside, outside) in cases {
            let set = set(&[entry]);
            for address in *inside {
                assert!(has(&set, address), "{entry} has {address}");
            }
            for address in *outside {
                assert!(!has(&set, address), "{entry} has not {address}");
            }
        }
    }

    #[test]
    fn what_is_no_network_is_refused_with_its_text() {
        for entry in [
            "",
            "!",
            "300.1.1.1",
            "1.2.3.4/33",
            "1.2.3.4/255.0.255.0",
            "1.2.3.4/abc",
            "1.2.3.4/",
            "1.2.3.4.5",
            "1..2",
            "::1/129",
            "2001:db8",
            "mail.example.org",
            "10.0.0.9-10.0.0.1",
            "10.0.0.1-::1",
            "10.0.0.1-",
        ] {
            assert_eq!(NetSet::new().add(entry), Err(NetError::Illegal(entry.to_owned())));
        }
    }

    #[test]
    fn the_first_entry_that_matches_decides() {
        let set =
            set(&["!10.0.1.5", "10.0.1/24", "2001:db8:1::1", "!2001:db8:1::/64", "2001:db8::/32"]);
        assert!(!has(&set, "10.0.1.5"));
        assert!(has(&set, "10.0.1.6"));
        assert!(has(&set, "2001:db8:1::1"));
        assert!(!has(&set, "2001:db8:1::2"));
        assert!(has(&set, "2001:db8:2::2"));
    }

    #[test]
    fn what_is_decided_already_is_refused() {
        let mut set = NetSet::with_loopback();
        let error = set.add("!127.0.0.1").unwrap_err();
        assert_eq!(
            error.to_string(),
            "netset: cannot exclude !127.0.0.1 as it has already been included; \
             put the smaller network first"
        );
        assert!(set.add("10/8").is_ok());
        assert!(set.add("10.1/16").is_err());
        assert!(has(&set, "127.9.9.9") && has(&set, "::1"));
    }

    #[test]
    fn addresses_are_found_where_they_stand_alone() {
        let cases: &[(&str, Option<&str>)] = &[
            ("from 192.0.2.1 by", Some("192.0.2.1")),
            ("192.0.2.256 192.0.2.25", Some("192.0.2.25")),
            ("x192.0.2.1", None),
            ("192.0.2.1x", None),
            ("192.0.2.1000", None),
            ("010.0.2.1", None),
            (":192.0.2.1", None),
            ("192.0.2.1:25", Some("192.0.2.1")),
            ("192.0.2.1.33", Some("192.0.2.1")),
            (".192.0.2.1", Some("192.0.2.1")),
            ("[IPv6:2001:db8::1]", Some("IPv6:2001:db8::1")),
            ("xIPv6:::1", Some("IPv6:::1")),
            ("a::b", Some("a::b")),
            ("::ffff:192.0.2.1", Some("::ffff:192.0.2.1")),
            ("::ffff:192.0.2.300", Some("::ffff:192")),
            ("(fe80::1%eth0)", Some("fe80::1")),
            ("1:2:3:4:5:6:7:8", Some("1:2:3:4:5:6:7:8")),
            ("1:2:3:4:5:6:7:8:9", None),
            ("std::string", Some("d::")),
            ("1::2::3", None),
            ("2001:db8::1:192.0.2.33:25", Some("2001:db8::1:192")),
            ("IPv6:1.2.3.4", None),
            ("10:20:30", None),
            ("::", Some("::")),
        ];
        for (text, expected) in cases {
            let found = find_ip(text.as_bytes(), 0).map(|(start, end)| &text[start..end]);
            assert_eq!(found, *expected, "{text}");
        }
    }

    #[test]
    fn private_ranges_are_known_in_both_families() {
        for address in [
            "10.1.2.3",
            "127.0.0.1",
            "169.254.1.1",
            "172.16.0.1",
            "172.31.255.1",
            "192.168.1.1",
            "100.64.0.1",
            "100.127.9.9",
            "::1",
            "0:0:0:0:0:0:0:1",
            "IPv6:::1",
            "fe80::1",
            "FEBF::2",
            "::ffff:10.1.1.1",
            "fe80::21.2.3.4",
        ] {
            assert!(is_private(address.as_bytes()), "{address}");
        }
        for address in [
            "11.1.2.3",
            "172.32.0.1",
            "100.128.0.1",
            "192.0.2.1",
            "fc00::1",
            "fec0::1",
            "::2",
            "2001:db8::1",
            "::ffff:192.0.2.1",
            "::ffff:0a01:0101",
            "",
            "localhost",
        ] {
            assert!(!is_private(address.as_bytes()), "{address}");
        }
    }

    #[test]
    fn this_host_is_known_by_name_and_number() {
        for text in [
            "localhost",
            "LocalHost.localdomain",
            "127.0.0.1",
            "::1",
            "IPv6:::1",
            "::ffff:127.0.0.1",
        ] {
            assert!(is_localhost(text.as_bytes()), "{text}");
        }
        for text in ["127.0.0.2", "localhost.example", "::2", ""] {
            assert!(!is_localhost(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn addresses_are_reversed_for_lists() {
        assert_eq!(reversed("192.0.2.1".parse().unwrap()), "1.2.0.192");
        let v6 = reversed("2001:db8::1".parse().unwrap());
        assert_eq!(v6, format!("1.{}8.b.d.0.1.0.0.2", "0.".repeat(23)));
    }

    proptest! {
        #[test]
        fn every_address_is_found_in_its_own_text(bits: u128, v4: u32) {
            for text in [Ipv6Addr::from_bits(bits).to_string(), Ipv4Addr::from_bits(v4).to_string()] {
                prop_assert_eq!(find_ip(text.as_bytes(), 0), Some((0, text.len())));
            }
        }

        #[test]
        fn any_text_is_searched_without_panic(text in "[0-9a-fv:./ !%-]{0,40}") {
            let _ = find_ip(text.as_bytes(), 0);
            let mut set = NetSet::new();
            let _ = set.add(&text);
        }

        #[test]
        fn a_range_holds_its_ends_and_not_their_neighbours(a in 1u32..u32::MAX, b in 1u32..u32::MAX) {
            let (first, last) = (a.min(b), a.max(b));
            let v4 = |bits| IpAddr::V4(Ipv4Addr::from_bits(bits));
            let set = set(&[&format!("{}-{}", v4(first), v4(last))]);
            prop_assert!(set.contains(v4(first)) && set.contains(v4(last)));
            prop_assert!(!set.contains(v4(first - 1)) && (last == u32::MAX || !set.contains(v4(last + 1))));
        }
    }
}
