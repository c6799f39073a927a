//! How far an address reaches: does it lead to a host of the public internet?
//!
//! In: an address. Out: its [`Reach`], by the registries of special-purpose addresses (RFC 6890
//! and its updates). An IPv4 address mapped into IPv6 is what it is in IPv4.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an address leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// A host that everybody reaches.
    Public,
    /// A host of one's own network: private use (RFC 1918, RFC 4193), behind a carrier's
    /// translation (RFC 6598), link-local.
    Private,
    /// The host that asks.
    Loopback,
    /// Nobody: this network, documentation, benchmarks, multicast, future use.
    Reserved,
}

impl Reach {
    /// The reach of `address`.
    pub fn of(address: IpAddr) -> Reach {
        match address.to_canonical() {
            IpAddr::V4(v4) => of_v4(v4),
            IpAddr::V6(v6) => of_v6(v6),
        }
    }
}

fn of_v4(v4: Ipv4Addr) -> Reach {
    match v4.octets() {
        [127, ..] => Reach::Loopback,
        [10, ..] | [192, 168, ..] | [169, 254, ..] => Reach::Private,
        [172, 16..=31, ..] | [100, 64..=127, ..] => Reach::Private,
        [0, ..] | [224..=255, ..] => Reach::Reserved,
        [192, 0, 0 | 2, _] | [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => {
            Reach::Reserved
        }
        _ => Reach::Public,
    }
}

fn of_v6(v6: Ipv6Addr) -> Reach {
    match v6.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Reach::Loopback,
        [0, 0, 0, 0, 0, 0, 0, 0] | [0x0100, 0, 0, 0, ..] | [0x2001, 0x0db8, ..] => Reach::Reserved,
        [0xfc00..=0xfdff, ..] | [0xfe80..=0xfebf, ..] => Reach::Private,
        [0xff00..=0xffff, ..] => Reach::Reserved,
        _ => Reach::Public,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_reach_as_far_as_the_registries_say() {
        for (address, expected) in [
            ("9.9.9.9", Reach::Public),
            ("172.15.255.255", Reach::Public),
            ("172.32.0.0", Reach::Public),
            ("100.63.255.255", Reach::Public),
            ("100.128.0.0", Reach::Public),
            ("198.17.255.255", Reach::Public),
            ("192.0.1.1", Reach::Public),
            ("223.255.255.255", Reach::Public),
            ("2620:fe::fe", Reach::Public),
            ("2001:db9::1", Reach::Public),
            ("10.0.0.1", Reach::Private),
            ("172.16.0.0", Reach::Private),
            ("172.31.255.255", Reach::Private),
            ("192.168.255.255", Reach::Private),
            ("169.254.1.1", Reach::Private),
            ("100.64.0.0", Reach::Private),
            ("100.127.255.255", Reach::Private),
            ("fd00::1", Reach::Private),
            ("fe80::1", Reach::Private),
            ("127.255.0.1", Reach::Loopback),
            ("::1", Reach::Loopback),
            ("::ffff:127.0.0.1", Reach::Loopback),
            ("::ffff:10.0.0.1", Reach::Private),
            ("::ffff:9.9.9.9", Reach::Public),
            ("0.0.0.0", Reach::Reserved),
            ("192.0.2.1", Reach::Reserved),
            ("198.19.0.1", Reach::Reserved),
            ("198.51.100.1", Reach::Reserved),
            ("203.0.113.1", Reach::Reserved),
            ("224.0.0.1", Reach::Reserved),
            ("255.255.255.255", Reach::Reserved),
            ("::", Reach::Reserved),
            ("2001:db8::1", Reach::Reserved),
            ("ff02::1", Reach::Reserved),
        ] {
            assert_eq!(Reach::of(address.parse().unwrap()), expected, "{address}");
        }
    }
}
