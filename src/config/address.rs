//! Where a server listens, and from where it may be asked, as spamd's options write it.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

/// One place to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A TCP port on a host or address; `*` is every address of this machine.
    Tcp {
        /// A name or an address, without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// A UNIX socket.
    Unix(PathBuf),
}

impl Listen {
    /// `host`, `host:port`, `[v6]:port`, `*` or nothing for every address, or a path that
    /// begins with a slash.
    pub fn parse(text: &str, default_port: u16) -> Result<Listen, String> {
        if text.starts_with('/') {
            return Ok(Listen::Unix(PathBuf::from(text)));
        }
        let (host, port) = split(text)?;
        let port = match port {
            None => default_port,
            Some(digits) => {
                digits.parse().map_err(|_| format!("{digits:?} is no port (0 to 65535)"))?
            }
        };
        let host = if host.is_empty() { "*" } else { host };
        Ok(Listen::Tcp { host: host.to_owned(), port })
    }

    /// The names to resolve: `*` stands for both families' own word for every address.
    pub fn hosts(&self) -> Vec<(&str, u16)> {
        match self {
            Listen::Tcp { host, port } if host == "*" => vec![("::", *port), ("0.0.0.0", *port)],
            Listen::Tcp { host, port } => vec![(host.as_str(), *port)],
            Listen::Unix(_) => Vec::new(),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listen::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Listen::Tcp { host, port } => write!(f, "{host}:{port}"),
            Listen::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Host and port of `host:port`; an IPv6 address needs brackets to have a port.
fn split(text: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(inner) = text.strip_prefix('[') {
        let (host, rest) =
            inner.split_once(']').ok_or_else(|| format!("{text:?} lacks its closing bracket"))?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(format!("{rest:?} behind the bracket is no port")),
        };
    }
    if text.parse::<IpAddr>().is_ok() {
        return Ok((text, None));
    }
    Ok(match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    })
}

/// A set of client addresses, as `spamd -A` takes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed(Vec<(IpAddr, u8)>);

impl Allowed {
    /// Addresses and networks: `127.0.0.1`, `10.0.0.0/8`, `192.168.`, `::1`.
    pub fn parse<S: AsRef<str>>(texts: &[S]) -> Result<Allowed, String> {
        let words = texts.iter().flat_map(|text| text.as_ref().split([',', ' ']));
        words.filter(|word| !word.is_empty()).map(network).collect::<Result<_, _>>().map(Allowed)
    }

    /// May `address` ask?
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|(network, bits)| within(address, *network, *bits))
    }
}

fn network(word: &str) -> Result<(IpAddr, u8), String> {
    let wrong = || format!("{word:?} is no address and no network");
    let (address, bits) = match word.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| wrong())?)),
        None => (word, None),
    };
    let (address, whole) = match partial(address) {
        Some(partial) => partial,
        None => {
            let address: IpAddr = address.trim_matches(['[', ']']).parse().map_err(|_| wrong())?;
            (address, if address.is_ipv4() { 32 } else { 128 })
        }
    };
    let bits = bits.unwrap_or(whole);
    let widest = if address.is_ipv4() { 32 } else { 128 };
    if bits > widest { Err(wrong()) } else { Ok((address.to_canonical(), bits)) }
}

/// `10.` and `192.168.`: an IPv4 address whose end is left out.
fn partial(text: &str) -> Option<(IpAddr, u8)> {
    let given: Vec<u8> =
        text.strip_suffix('.')?.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let mut octets = [0u8; 4];
    if given.len() > 3 {
        return None;
    }
    octets.iter_mut().zip(&given).for_each(|(octet, part)| *octet = *part);
    Some((IpAddr::from(octets), 8 * given.len() as u8))
}

fn within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    fn same(a: u128, b: u128, width: u32, bits: u8) -> bool {
        let shift = width - u32::from(bits).min(width);
        a.checked_shr(shift).unwrap_or(0) == b.checked_shr(shift).unwrap_or(0)
    }
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => same(a.to_bits().into(), b.to_bits().into(), 32, bits),
        (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128, bits),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_as_spamd_writes_them() {
        let tcp = |host: &str, port| Listen::Tcp { host: host.to_owned(), port };
        let cases = [
            ("localhost", Ok(tcp("localhost", 783))),
            ("127.0.0.1:1783", Ok(tcp("127.0.0.1", 1783))),
            ("[::1]:1783", Ok(tcp("::1", 1783))),
            ("[::1]", Ok(tcp("::1", 783))),
            ("::1", Ok(tcp("::1", 783))),
            ("*:1783", Ok(tcp("*", 1783))),
            (":1783", Ok(tcp("*", 1783))),
            ("/run/spamd.sock", Ok(Listen::Unix("/run/spamd.sock".into()))),
            ("host:70000", Err(())),
            ("[::1", Err(())),
            ("[::1]x", Err(())),
        ];
        for (text, listen) in cases {
            assert_eq!(Listen::parse(text, 783).map_err(|_| ()), listen, "{text}");
        }
    }

    #[test]
    fn clients_are_allowed_by_address_and_network() {
        let allowed = Allowed::parse(&["127.0.0.1,::1", "10.0.0.0/8", "192.168.", "2001:db8::/32"]);
        let allowed = allowed.unwrap();
        let cases = [
            ("127.0.0.1", true),
            ("::ffff:127.0.0.1", true),
            ("127.0.0.2", false),
            ("10.255.0.1", true),
            ("11.0.0.1", false),
            ("192.168.7.7", true),
            ("192.169.0.1", false),
            ("::1", true),
            ("2001:db8:ffff::1", true),
            ("2001:db9::1", false),
        ];
        for (address, expected) in cases {
            assert_eq!(allowed.contains(address.parse().unwrap()), expected, "{address}");
        }
        assert!(Allowed::parse(&["0.0.0.0/0"]).unwrap().contains("9.9.9.9".parse().unwrap()));
        assert!(Allowed::parse(&["10.0.0.0/33"]).is_err());
        assert!(Allowed::parse(&["mail.example.org"]).is_err());
    }
}
