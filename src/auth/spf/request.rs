//! What SPF is asked about (RFC 7208, 2.4 and 4.1 to 4.3).

use super::macros::Values;
use crate::dns::Name;
use crate::text::domain::to_ascii;
use std::net::IpAddr;

/// Which of the two identities a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The envelope sender.
    MailFrom,
    /// The name that the client gave itself.
    Helo,
}

/// A client that claims to be somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Which claim is looked at.
    pub identity: Identity,
    /// The client; IPv4 in IPv6 is IPv4.
    pub ip: IpAddr,
    /// What stands before the last `@` of the sender; `postmaster` if there is nothing.
    pub local: Vec<u8>,
    /// What stands behind it, in lower case, without a dot at the end.
    pub domain: Vec<u8>,
    /// The name that the client gave itself; `unknown` if none.
    pub helo: Vec<u8>,
    /// The name of the host that checks: `%{r}` of explanations.
    pub receiver: Vec<u8>,
    /// Seconds since 1970: `%{t}` of explanations.
    pub now: i64,
}

impl Request {
    /// May `ip` send mail of `sender`? An empty sender is the postmaster of `helo`.
    pub fn mail_from(ip: IpAddr, helo: &[u8], sender: &[u8]) -> Request {
        let sender = if sender.is_empty() { helo } else { sender };
        let (local, domain) = match sender.iter().rposition(|&byte| byte == b'@') {
            Some(at) => (sender.get(..at), sender.get(at + 1..)),
            None => (None, Some(sender)),
        };
        let domain = domain.unwrap_or_default();
        let local = local.filter(|local| !local.is_empty()).unwrap_or(b"postmaster");
        let helo = if helo.is_empty() { b"unknown" } else { helo };
        Request {
            identity: Identity::MailFrom,
            ip: ip.to_canonical(),
            local: local.to_vec(),
            domain: domain.strip_suffix(b".").unwrap_or(domain).to_ascii_lowercase(),
            helo: helo.to_vec(),
            receiver: b"unknown".to_vec(),
            now: 0,
        }
    }

    /// May `ip` call itself `helo`?
    pub fn helo(ip: IpAddr, helo: &[u8]) -> Request {
        Request { identity: Identity::Helo, ..Request::mail_from(ip, helo, b"") }
    }

    /// The same, asked by `receiver` at `now`.
    pub fn by(self, receiver: &[u8], now: i64) -> Request {
        Request { receiver: receiver.to_vec(), now, ..self }
    }

    /// The sender's address.
    pub fn sender(&self) -> Vec<u8> {
        [&self.local[..], b"@", &self.domain].concat()
    }

    /// What macros are worth in the record of `domain`.
    pub(super) fn values<'r>(
        &'r self,
        sender: &'r [u8],
        domain: &'r Name,
        validated: &'r [u8],
    ) -> Values<'r> {
        Values {
            sender,
            local: &self.local,
            sender_domain: &self.domain,
            domain: domain.as_bytes(),
            ip: self.ip,
            validated,
            helo: &self.helo,
            receiver: &self.receiver,
            now: self.now,
        }
    }

    /// The name whose PTR records name the client (RFC 1035, 3.5; RFC 3596, 2.5).
    pub(super) fn reverse_name(&self) -> Option<Name> {
        let name = match self.ip {
            IpAddr::V4(v4) => {
                let [a, b, c, d] = v4.octets();
                format!("{d}.{c}.{b}.{a}.in-addr.arpa")
            }
            IpAddr::V6(v6) => {
                let digits = format!("{:032x}", v6.to_bits());
                let dotted = digits.chars().rev().flat_map(|digit| [digit, '.']);
                dotted.chain("ip6.arpa".chars()).collect()
            }
        };
        Name::new(name)
    }
}

/// The name that can be asked for in place of `text`: labels at its left are left out until it
/// is short enough (RFC 7208, 7.3), and what is not ASCII is written as it is registered.
pub(super) fn askable(text: &[u8]) -> Option<Name> {
    let text = if text.is_ascii() { text.into() } else { to_ascii(text) };
    let text = text.strip_suffix(b".").unwrap_or(&text);
    let too_many = text.len().saturating_sub(Name::LONGEST);
    if too_many == 0 {
        return Name::new(text);
    }
    let dot = text.iter().skip(too_many - 1).position(|&byte| byte == b'.')?;
    Name::new(text.get(too_many + dot..)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 9));

    #[test]
    fn a_sender_has_a_local_part_and_a_domain() {
        for (sender, local, domain) in [
            ("rosa@Garden.Example.", "rosa", "garden.example"),
            ("a@b@garden.example", "a@b", "garden.example"),
            ("@garden.example", "postmaster", "garden.example"),
            ("garden.example", "postmaster", "garden.example"),
            ("rosa@", "rosa", ""),
            ("", "postmaster", "helo.example"),
        ] {
            let request = Request::mail_from(IP, b"HELO.example", sender.as_bytes());
            assert_eq!((&*request.local, &*request.domain), (local.as_bytes(), domain.as_bytes()));
        }
        assert_eq!(Request::mail_from(IP, b"", b"x@y.example").helo, b"unknown");
        assert_eq!(Request::helo(IP, b"mx.y.example").sender(), b"postmaster@mx.y.example");
    }

    #[test]
    fn a_client_has_a_reverse_name() {
        let name =
            |ip: &str| Request::helo(ip.parse().unwrap(), b"x").reverse_name().unwrap().to_string();
        assert_eq!(name("192.0.2.9"), "9.2.0.192.in-addr.arpa");
        assert_eq!(name("::ffff:192.0.2.9"), "9.2.0.192.in-addr.arpa");
        assert!(
            name("2001:db8::9").starts_with("9.0.0.0.0.0.") && name("::9").ends_with(".0.ip6.arpa")
        );
    }

    #[test]
    fn a_name_that_is_too_long_loses_labels_at_its_left() {
        let label = "a".repeat(49);
        let long = [&*label; 6].join(".");
        assert_eq!(askable(long.as_bytes()).unwrap().to_string(), [&*label; 5].join("."));
        assert_eq!(
            askable(format!("x.{}", [&*label; 5].join(".")).as_bytes()).unwrap().as_bytes().len(),
            251
        );
        assert_eq!(askable(&[b'a'; 300]), None);
        assert_eq!(askable(b"a..b"), None);
        assert_eq!(
            askable("b\u{fc}ro.example".as_bytes()).unwrap().to_string(),
            "xn--bro-hoa.example"
        );
    }
}
