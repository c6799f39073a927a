//! What no list of bad senders may list: a copy that does is broken, or is somebody's joke.
//!
//! Built in are the root name servers and large mailbox providers: their domains, and addresses
//! that begin their networks and send no mail themselves, so that one hijacked mailbox of theirs
//! does not cost a whole list. Private networks are none: some lists have them on purpose.

use crate::zones::Zone;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Something that may not be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Canary {
    /// An address, or the first and the last of a network.
    Network {
        /// The first.
        first: IpAddr,
        /// The last.
        last: IpAddr,
    },
    /// A domain.
    Domain(String),
}

/// The canaries that every list is looked at with, unless its settings say otherwise.
#[rustfmt::skip]
pub const BUILT_IN: &[&str] = &[
    // The root name servers, a to m.
    "198.41.0.4", "170.247.170.2", "192.33.4.12", "199.7.91.13", "192.203.230.10", "192.5.5.241",
    "192.112.36.4", "198.97.190.53", "192.36.148.17", "192.58.128.30", "193.0.14.129",
    "199.7.83.42", "202.12.27.33",
    "2001:503:ba3e::2:30", "2801:1b8:10::b", "2001:500:2::c", "2001:500:2d::d", "2001:500:a8::e",
    "2001:500:2f::f", "2001:500:12::d0d", "2001:500:1::53", "2001:7fe::53", "2001:503:c27::2:30",
    "2001:7fd::1", "2001:500:9f::42", "2001:dc3::35",
    // Resolvers that the world asks.
    "8.8.8.8", "1.1.1.1", "9.9.9.9", "2001:4860:4860::8888",
    // Where mailbox providers' networks begin: Google, Microsoft, Apple, GMX, Proton, Fastmail.
    "209.85.128.0", "74.125.0.0", "40.92.0.0", "40.107.0.0", "52.100.0.0", "17.58.0.0",
    "212.227.126.128", "185.70.40.0", "103.168.172.0", "2607:f8b0:4000::", "2a01:111:f400::",
    "gmail.com", "googlemail.com", "google.com", "outlook.com", "hotmail.com", "live.com",
    "microsoft.com", "yahoo.com", "aol.com", "icloud.com", "apple.com", "gmx.net", "gmx.de",
    "web.de", "t-online.de", "orange.fr", "proton.me", "fastmail.com", "zoho.com", "mail.ru",
    "yandex.ru", "qq.com", "163.com", "naver.com", "comcast.net",
    // RFC 5782, 5: no list of domains has it.
    "invalid",
];

impl Canary {
    /// Reads an address, a network or a domain.
    pub fn parse(text: &str) -> Option<Canary> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        match (address.parse::<IpAddr>(), length) {
            (Ok(address), None) => Some(Canary::Network { first: address, last: address }),
            (Ok(address), Some(length)) => network(address, length.parse().ok()?),
            (Err(_), None) if !text.is_empty() => Some(Canary::Domain(text.to_owned())),
            _ => None,
        }
    }

    /// The canaries of these texts; what is none has been refused with the configuration.
    pub fn all<S: AsRef<str>>(texts: &[S]) -> Vec<Canary> {
        texts.iter().filter_map(|text| Canary::parse(text.as_ref())).collect()
    }

    /// Does `zone` list it?
    pub fn is_listed(&self, zone: &Zone) -> bool {
        match self {
            Canary::Network { first, last } => {
                [first, last].into_iter().any(|address| zone.lookup_ip(*address).next().is_some())
            }
            Canary::Domain(domain) => zone.lookup_name(domain.as_bytes()).next().is_some(),
        }
    }
}

fn network(address: IpAddr, length: u32) -> Option<Canary> {
    Some(match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32u32.checked_sub(length)?).unwrap_or(0);
            let first = u32::from(v4) & mask;
            let [first, last] = [first, first | !mask].map(|bits| Ipv4Addr::from(bits).into());
            Canary::Network { first, last }
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128u32.checked_sub(length)?).unwrap_or(0);
            let first = u128::from(v6) & mask;
            let [first, last] = [first, first | !mask].map(|bits| Ipv6Addr::from(bits).into());
            Canary::Network { first, last }
        }
    })
}

impl fmt::Display for Canary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Canary::Network { first, last } if first == last => write!(f, "{first}"),
            Canary::Network { first, last } => write!(f, "{first}-{last}"),
            Canary::Domain(domain) => f.write_str(domain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_networks_and_domains_are_read() {
        let cases = [
            ("192.0.2.1", Some("192.0.2.1")),
            ("192.0.2.77/24", Some("192.0.2.0-192.0.2.255")),
            ("0.0.0.0/0", Some("0.0.0.0-255.255.255.255")),
            ("2001:db8::/32", Some("2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")),
            ("example.org", Some("example.org")),
            ("192.0.2.0/33", None),
            ("example.org/8", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let shown = Canary::parse(text).map(|canary| canary.to_string());
            assert_eq!(shown.as_deref(), expected, "{text}");
        }
        assert_eq!(Canary::all(BUILT_IN).len(), BUILT_IN.len());
    }
}
