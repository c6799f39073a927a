//! `welcomelist_from_rcvd`: senders, each with the relays that their mail comes from.

use crate::message::relay::Relay;
use crate::rules::options::Options;
use crate::text::glob::Glob;
use crate::text::net::{self, NetSet};

/// How a sender stands to a list; the higher one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// He is not in it.
    Absent,
    /// He is in it, with other relays.
    Forged,
    /// He is in it with this relay.
    Welcome,
}

/// A list of senders and their relays.
pub struct Relayed(Vec<(Glob, Vec<Origin>)>);

/// From where a sender's mail comes.
enum Origin {
    /// `[192.0.2.1]`: the address as written.
    Address(Box<[u8]>),
    /// `[192.0.2.]`: how the address begins, dot included.
    Begin(Box<[u8]>),
    /// `[192.0.2.0/24]`, `[2001:db8::]/32`
    Network(NetSet),
    /// `example.com`: the end of a name that was looked up, in lower case.
    Name(Box<[u8]>),
    /// Neither an address nor a network.
    Nowhere,
}

impl Relayed {
    /// The list called `setting`.
    pub fn new(setting: &[u8], options: &Options) -> Relayed {
        let name = std::str::from_utf8(setting).unwrap_or_default();
        let entries = options.lists(name).into_iter().flatten();
        let origins = |relays: &Vec<Box<[u8]>>| relays.iter().map(|r| Origin::new(r)).collect();
        Relayed(
            entries.map(|(sender, relays)| (Glob::of_address(sender), origins(relays))).collect(),
        )
    }

    /// Is there no entry?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `sender`: an address in lower case. `relays`: those that may have got its mail from him.
    pub fn look_up(&self, sender: &[u8], relays: &[Relay]) -> Standing {
        let mut standing = Standing::Absent;
        for (_, origins) in self.0.iter().filter(|(glob, _)| glob.matches_whole(sender)) {
            if origins.iter().any(|origin| relays.iter().any(|relay| origin.is_of(relay))) {
                return Standing::Welcome;
            }
            standing = Standing::Forged;
        }
        standing
    }
}

impl Origin {
    /// Reads the second word of an entry, in lower case.
    fn new(written: &[u8]) -> Origin {
        let Some(network) = in_brackets(written) else { return Origin::Name(written.into()) };
        let digits = network.iter().all(|&byte| byte.is_ascii_digit() || byte == b'.');
        let numbers: Vec<&[u8]> = network.split(|&byte| byte == b'.').collect();
        if digits && numbers.len() == 4 && numbers.iter().all(|number| !number.is_empty()) {
            return Origin::Address(network.into());
        }
        if digits && !network.is_empty() {
            let end = network.iter().rposition(|&byte| byte != b'.').map_or(0, |last| last + 1);
            let begin = network.get(..end).unwrap_or_default();
            return Origin::Begin([begin, b"."].concat().into());
        }
        let mut set = NetSet::new();
        let plain = std::str::from_utf8(&network).ok().filter(|text| !text.contains(['!', '-']));
        match plain.map(|text| set.add(text)) {
            Some(Ok(())) => Origin::Network(set),
            _ => Origin::Nowhere,
        }
    }

    fn is_of(&self, relay: &Relay) -> bool {
        match self {
            Origin::Address(address) => **address == *relay.ip,
            Origin::Begin(begin) => relay.ip.starts_with(begin),
            Origin::Network(set) => net::parse_ip(&relay.ip).is_some_and(|ip| set.contains(ip)),
            Origin::Name(name) => ends_with_name(&relay.rdns.to_ascii_lowercase(), name),
            Origin::Nowhere => false,
        }
    }
}

/// `192.0.2.0/24` of `[192.0.2.0/24]` or `[192.0.2.0]/24`.
fn in_brackets(written: &[u8]) -> Option<Vec<u8>> {
    let inside = written.strip_prefix(b"[")?;
    let close = memchr::memrchr(b']', inside)?;
    let (network, after) = inside.split_at_checked(close)?;
    let length = after.get(1..)?;
    let is_length = match length {
        [] => true,
        [b'/', digits @ ..] => {
            (1..=3).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    is_length.then(|| [network, length].concat())
}

/// Is `name` the end of `host`, whole labels only?
fn ends_with_name(host: &[u8], name: &[u8]) -> bool {
    host.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with(b"."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_of(written: &str, ip: &str, rdns: &str) -> bool {
        let relay = Relay { ip: ip.into(), rdns: rdns.into(), ..Relay::default() };
        Origin::new(written.as_bytes()).is_of(&relay)
    }

    #[test]
    fn relays_are_known_by_name_address_or_network() {
        for (written, ip, rdns, expected) in [
            ("example.com", "192.0.2.1", "mx.Example.com", true),
            ("example.com", "192.0.2.1", "example.com", true),
            ("example.com", "192.0.2.1", "badexample.com", false),
            ("example.com", "192.0.2.1", "", false),
            ("192.0.2.1", "192.0.2.1", "", false),
            ("[192.0.2.1]", "192.0.2.1", "", true),
            ("[192.0.2.1]", "192.0.2.11", "", false),
            ("[192.0.2]", "192.0.2.1", "", true),
            ("[192.0.2.]", "192.0.2.1", "", true),
            ("[192.0.2]", "192.0.21.1", "", false),
            ("[192.0.2.0/24]", "192.0.2.1", "", true),
            ("[192.0.2.0]/24", "192.0.2.1", "", true),
            ("[192.0.2.0]/24", "192.0.3.1", "", false),
            ("[2001:db8::]/32", "2001:db8:1::1", "", true),
            ("[2001:db8::/32]", "2001:db9::1", "", false),
            ("[2001:db8::1]", "2001:db8::1", "", true),
            ("[2001:db8::1]", "", "", false),
            ("[!192.0.2.1]", "192.0.2.1", "", false),
            ("[nonsense]", "192.0.2.1", "nonsense", false),
            ("[192.0.2.1]x", "192.0.2.1", "[192.0.2.1]x", true),
        ] {
            assert_eq!(is_of(written, ip, rdns), expected, "{written} {ip} {rdns}");
        }
    }
}
