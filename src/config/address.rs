//! Where a server listens, and from where it may be asked, as spamd's options write it.

use super::Config;
use crate::text::net::{NetError, NetSet};
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
        /// Is TLS spoken there?
        tls: bool,
    },
    /// A UNIX socket.
    Unix(PathBuf),
}

/// What holds for places that do not say it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unsaid {
    /// The port.
    pub port: u16,
    /// Is TLS spoken on every TCP port?
    pub tls: bool,
    /// The port where TLS is spoken, if it is another.
    pub tls_port: Option<u16>,
}

impl Listen {
    /// `host`, `host:port`, `[v6]:port`, `*` or nothing for every address, each with `ssl:` in
    /// front where TLS shall be spoken, or a path that begins with a slash. A port may be the
    /// name of a service. A port without a host is on `localhost`, as with spamd.
    pub fn parse(text: &str, unsaid: &Unsaid) -> Result<Listen, String> {
        let (tls, place) = match text.split_at_checked(4) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ssl:") => (true, rest),
            _ => (unsaid.tls || unsaid.tls_port.is_some(), text),
        };
        if place.starts_with('/') {
            // spamd speaks no TLS there, whatever it is told.
            return Ok(Listen::Unix(PathBuf::from(place)));
        }
        let (host, port) = split(place)?;
        let port = match port {
            None if tls => unsaid.tls_port.unwrap_or(unsaid.port),
            None | Some("") => unsaid.port,
            Some(word) => port_of(word)?,
        };
        let host = match host {
            "" if text.is_empty() => "*",
            "" => "localhost",
            host => host,
        };
        Ok(Listen::Tcp { host: host.to_owned(), port, tls })
    }

    /// The names to resolve: `*` and `localhost` stand for both families' own word.
    pub fn hosts(&self) -> Vec<(&str, u16)> {
        match self {
            Listen::Tcp { host, port, .. } if host == "*" => {
                vec![("::", *port), ("0.0.0.0", *port)]
            }
            Listen::Tcp { host, port, .. } if host.eq_ignore_ascii_case("localhost") => {
                vec![("127.0.0.1", *port), ("::1", *port)]
            }
            Listen::Tcp { host, port, .. } => vec![(host.as_str(), *port)],
            Listen::Unix(_) => Vec::new(),
        }
    }
}

impl Config {
    /// Where to listen.
    pub fn places(&self) -> Result<Vec<Listen>, String> {
        let unsaid = Unsaid {
            port: u16::try_from(self.port).unwrap_or(783),
            tls: self.tls_everywhere(),
            tls_port: u16::try_from(self.tls_port).ok().filter(|port| *port != 0),
        };
        let only_socket = self.socket.is_some() && self.listen == Config::default().listen;
        let listen = self.listen.iter().filter(|_| !only_socket);
        let places = listen.map(|text| Listen::parse(text, &unsaid));
        places.chain(self.socket.iter().cloned().map(|path| Ok(Listen::Unix(path)))).collect()
    }

    /// Is TLS spoken on every TCP socket?
    pub fn tls_everywhere(&self) -> bool {
        self.tls || self.tls_port != 0 || self.verifies_clients()
    }

    /// Must clients of TLS have a certificate?
    pub fn verifies_clients(&self) -> bool {
        self.tls_verify || self.tls_ca_file.is_some() || self.tls_ca_path.is_some()
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listen::Tcp { host, port, .. } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Listen::Tcp { host, port, .. } => write!(f, "{host}:{port}"),
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
    // More than one colon, so an address; it may have an interface behind it.
    let address = text.split('%').next().unwrap_or_default();
    if address.parse::<IpAddr>().is_ok() {
        return Ok((text, None));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if host != "*" && !host.chars().all(plain) {
        return Err(format!("{text:?} is no place to listen on: {host:?} is no host"));
    }
    Ok((host, port))
}

/// A port's number, or that of a service in `/etc/services`.
fn port_of(word: &str) -> Result<u16, String> {
    if let Ok(port) = word.parse() {
        return Ok(port);
    }
    let wrong = || format!("{word:?} is no port (0 to 65535) and no service of /etc/services");
    let services = std::fs::read_to_string("/etc/services").map_err(|_| wrong())?;
    let port = services.lines().find_map(|line| {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let (name, port) = (words.next()?, words.next()?.strip_suffix("/tcp")?);
        (name == word || words.any(|alias| alias == word)).then(|| port.parse().ok()).flatten()
    });
    port.ok_or_else(wrong)
}

/// A set of client addresses, as `spamd -A` takes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed(NetSet);

impl Allowed {
    /// Addresses and networks, the first that matches decides: `127.0.0.1`, `10.0.0.0/8`,
    /// `192.168.`, `10`, `::1`, `[2001:db8::]/32`, `192.0.2.5-192.0.2.9`, and `!192.0.2.1` for
    /// one that is not served.
    pub fn parse<S: AsRef<str>>(texts: &[S]) -> Result<Allowed, String> {
        let mut allowed = NetSet::new();
        let words = texts.iter().flat_map(|text| text.as_ref().split([',', ' ']));
        for word in words.filter(|word| !word.is_empty()) {
            match allowed.add(word) {
                // Said twice is no mistake, as spamd thinks.
                Ok(()) => {}
                Err(NetError::Decided { exclude, excluded, .. }) if exclude == excluded => {}
                Err(NetError::Illegal(_)) => {
                    return Err(format!(
                        "{word:?} is no address and no network; write 192.0.2.1, 192.0.2.0/24 or \
                         2001:db8::/32"
                    ));
                }
                Err(why @ NetError::Decided { .. }) => return Err(why.to_string()),
            }
        }
        Ok(Allowed(allowed))
    }

    /// May `address` ask?
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_as_spamd_writes_them() {
        let unsaid = Unsaid { port: 783, ..Unsaid::default() };
        let place = |host: &str, port, tls| Ok(Listen::Tcp { host: host.to_owned(), port, tls });
        let tcp = |host: &str, port| place(host, port, false);
        let tls = |host: &str, port| place(host, port, true);
        let unix = || Ok(Listen::Unix("/run/spamd.sock".into()));
        let cases = [
            ("localhost", tcp("localhost", 783)),
            ("127.0.0.1:1783", tcp("127.0.0.1", 1783)),
            ("[::1]:1783", tcp("::1", 1783)),
            ("[::1]", tcp("::1", 783)),
            ("::1", tcp("::1", 783)),
            ("fe80::1%eth0", tcp("fe80::1%eth0", 783)),
            ("*:1783", tcp("*", 1783)),
            ("*", tcp("*", 783)),
            ("", tcp("*", 783)),
            (":1783", tcp("localhost", 1783)),
            ("host:", tcp("host", 783)),
            ("/run/spamd.sock", unix()),
            ("ssl:/run/spamd.sock", unix()),
            ("ssl:mail.example.org:1783", tls("mail.example.org", 1783)),
            ("SSL:[::1]", tls("::1", 783)),
            ("ssl:1783", tls("1783", 783)),
            ("ssl::1783", tls("localhost", 1783)),
            ("ssl:", tls("localhost", 783)),
            ("host:70000", Err(())),
            ("host:no-such-service", Err(())),
            ("a b:1783", Err(())),
            ("http://host:1783", Err(())),
            ("[::1", Err(())),
            ("[::1]x", Err(())),
        ];
        for (text, listen) in cases {
            assert_eq!(Listen::parse(text, &unsaid).map_err(|_| ()), listen, "{text}");
        }
    }

    #[test]
    fn tls_is_spoken_where_an_option_says_so() {
        let base = Config {
            listen: vec!["a".into(), "ssl:b".into(), "c:9".into()],
            port: 1,
            ..Config::default()
        };
        let shown = |config: &Config| -> Vec<(String, bool)> {
            let places = config.places().unwrap().into_iter();
            places
                .map(|place| (place.to_string(), matches!(place, Listen::Tcp { tls: true, .. })))
                .collect()
        };
        let expected =
            |places: [(&str, bool); 3]| places.map(|(place, tls)| (place.to_owned(), tls));
        assert_eq!(shown(&base), expected([("a:1", false), ("b:1", true), ("c:9", false)]));
        let all = expected([("a:1", true), ("b:1", true), ("c:9", true)]);
        assert_eq!(shown(&Config { tls: true, ..base.clone() }), all);
        assert_eq!(shown(&Config { tls_ca_path: Some("x".into()), ..base.clone() }), all);
        let other = Config { tls_port: 2, ..base };
        assert_eq!(shown(&other), expected([("a:2", true), ("b:2", true), ("c:9", true)]));
        let socket = Config { socket: Some("/s".into()), ..Config::default() };
        assert_eq!(socket.places(), Ok(vec![Listen::Unix("/s".into())]));
    }

    #[test]
    fn clients_are_allowed_by_address_and_network() {
        let words = ["127.0.0.1,::1", "!10.9.0.0/16", "10.0.0.0/8,172.16", "192.168.", "::1"];
        let words = words.into_iter().chain(["[2001:db8::]/32 198.51.100.7-198.51.100.9"]);
        let allowed = Allowed::parse(&words.collect::<Vec<_>>()).unwrap();
        let cases = [
            ("127.0.0.1", true),
            ("::ffff:127.0.0.1", true),
            ("127.0.0.2", false),
            ("10.255.0.1", true),
            ("11.0.0.1", false),
            ("10.9.0.1", false),
            ("172.16.1.1", true),
            ("198.51.100.9", true),
            ("198.51.100.10", false),
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
        assert!(Allowed::parse(&["10.0.0.0/8,!10.1.1.1"]).is_err());
        assert!(Allowed::parse(&["mail.example.org"]).is_err());
    }
}
