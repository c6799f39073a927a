//! How the DNS is asked: plain data, filled by whoever has read the rule files.
//!
//! SpamAssassin::Conf: `dns_server`, `dns_options`, `dns_local_ports_*`, `dns_query_restriction`,
//! `rbl_timeout`.

use super::Name;
use super::lists::Asked;
use super::patience::Patience;
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};

/// How a [`super::Resolver`] asks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// Who is asked, in this order; nobody: questions fail.
    pub servers: Vec<SocketAddr>,
    /// Does each question begin with another server? Else with the last one that answered.
    pub rotate: bool,
    /// Do letters change their case at random (0x20)?
    pub mix_case: bool,
    /// Bytes that an answer over UDP may have (EDNS); `None` for 512 without EDNS.
    pub payload: Option<u16>,
    /// The local ports that questions leave from.
    pub ports: Ports,
    /// What may be asked.
    pub restrictions: Restrictions,
    /// How long an answer is waited for.
    pub patience: Patience,
    /// The lists that the rules ask.
    pub lists: Vec<Asked>,
    /// Is a list that refuses left alone for a time?
    pub pauses: bool,
}

impl Settings {
    /// The settings of rule files that say nothing, with the name servers of this machine
    /// (`/etc/resolv.conf`; without one, 127.0.0.1).
    pub fn of_this_machine() -> Settings {
        Settings { servers: system_servers(), payload: Some(4096), ..Settings::default() }
    }
}

/// The name servers that `/etc/resolv.conf` names, or the one that the system would ask then.
pub fn system_servers() -> Vec<SocketAddr> {
    let known = hickory_resolver::system_conf::read_system_conf()
        .map(|(config, _)| config.name_servers().iter().map(|s| (s.ip, 53).into()).collect())
        .unwrap_or_default();
    if Vec::is_empty(&known) { vec![(Ipv4Addr::LOCALHOST, 53).into()] } else { known }
}

/// Local ports that may be used. None at all: the system chooses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ports(Box<[u16]>);

impl Ports {
    /// Those from 1024 on, changed by ranges in their order: added where the first is true, else
    /// taken away.
    pub fn changed_by(ranges: impl IntoIterator<Item = (bool, u16, u16)>) -> Ports {
        let mut allowed: Vec<bool> = (0..=u16::MAX).map(|port| port >= 1024).collect();
        for (permit, first, last) in ranges {
            let range = allowed.get_mut(usize::from(first)..=usize::from(last));
            range.unwrap_or_default().fill(permit);
        }
        // Port 0 is none.
        let ports = (0..=u16::MAX).zip(allowed).filter(|&(port, allowed)| allowed && port != 0);
        Ports(ports.map(|(port, _)| port).collect())
    }

    /// One of them at random; 0 lets the system choose.
    pub fn any(&self) -> u16 {
        let at = usize::try_from(rand::random::<u64>()).unwrap_or(0).checked_rem(self.0.len());
        at.and_then(|at| self.0.get(at)).copied().unwrap_or(0)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// Which names may be asked for: the longest domain that is named decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restrictions {
    allowed: HashMap<Name, bool>,
    otherwise: Option<bool>,
}

impl Restrictions {
    /// Allows, or forbids, names within `domain`.
    pub fn put(&mut self, domain: Name, allowed: bool) {
        self.allowed.insert(domain, allowed);
    }

    /// Allows, or forbids, all names that no domain speaks of (`*`).
    pub fn put_otherwise(&mut self, allowed: bool) {
        self.otherwise = Some(allowed);
    }

    /// May `name` be asked for? `None`: it may not. Else the length of the domain that allows it
    /// by name, 0 where none does.
    pub fn allow(&self, name: &Name) -> Option<usize> {
        let named = if self.allowed.is_empty() {
            None
        } else {
            name.and_above().find_map(|domain| Some((domain.len(), *self.allowed.get(domain)?)))
        };
        let (length, allowed) = named.unwrap_or((0, self.otherwise.unwrap_or(true)));
        allowed.then_some(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_those_that_are_left() {
        assert_eq!(Ports::default().any(), 0);
        let none = Ports::changed_by([(false, 1, u16::MAX)]);
        assert_eq!((none.count(), none.any()), (0, 0));
        assert_eq!(Ports::changed_by([]).count(), 65_536 - 1024);
        let few = Ports::changed_by([
            (false, 0, 65_535),
            (true, 2000, 2002),
            (false, 2001, 2001),
            (true, 7, 7),
        ]);
        assert_eq!(few, Ports([7, 2000, 2002].into()));
        assert!((0..100).all(|_| [7, 2000, 2002].contains(&few.any())));
        assert_eq!(Ports::changed_by([(true, 0, 0), (true, 9, 3)]).count(), 65_536 - 1024);
    }

    #[test]
    fn the_longest_domain_decides() {
        let name = |text: &str| Name::new(text).unwrap();
        let mut restrictions = Restrictions::default();
        assert_eq!(restrictions.allow(&name("x.example")), Some(0));
        restrictions.put(name("example"), false);
        restrictions.put(name("good.example"), true);
        let expected = [
            ("example", None),
            ("bad.example", None),
            ("good.example", Some(12)),
            ("a.b.good.example", Some(12)),
            ("nogood.example", None),
            ("example.org", Some(0)),
        ];
        for (text, allowed) in expected {
            assert_eq!(restrictions.allow(&name(text)), allowed, "{text}");
        }
        restrictions.put_otherwise(false);
        assert_eq!(restrictions.allow(&name("example.org")), None);
        assert_eq!(restrictions.allow(&name("good.example")), Some(12));
    }
}
