//! Relays: the hosts that a message passed, and which of them are trusted.
//!
//! Received headers in, [`Relays`] out: newest hop first, cut into trusted and untrusted,
//! internal and external as `trusted_networks`, `internal_networks` and `msa_networks` say
//! (man page Mail::SpamAssassin::Conf, "NETWORK TEST OPTIONS"). No host is ever asked.

use super::encoded_word;
use super::headers::Headers;
use super::received::{self, Line};
use super::settings::Settings;
use crate::limits::{Limit, Reached};
use crate::text::net::{self, NetSet};

/// One hop, as one Received line tells it. Bytes are as in the line; what could upset a
/// rule (white space, brackets, `#`, NUL) has become `!`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relay {
    /// The address that handed the message over; empty where the line gives none.
    pub ip: Vec<u8>,
    /// Its name as the receiving host looked it up; empty if none or not looked up.
    pub rdns: Vec<u8>,
    /// The name that it gave itself.
    pub helo: Vec<u8>,
    /// The receiving host.
    pub by: Vec<u8>,
    /// What an ident lookup said.
    pub ident: Vec<u8>,
    /// The envelope sender; `None` where the line does not tell.
    pub envfrom: Option<Vec<u8>>,
    /// The receiving host's queue identifier.
    pub id: Vec<u8>,
    /// How the sender authenticated itself; empty if it did not.
    pub auth: Vec<u8>,
    /// Is the address in a private or reserved range?
    pub ip_private: bool,
    /// The receiving host looked for a name and found none.
    pub no_reverse_dns: bool,
    /// The receiving host does not write names that it looked up.
    pub rdns_not_in_headers: bool,
    /// Is the hop within `internal_networks`?
    pub internal: bool,
    /// Is the address in `msa_networks`?
    pub msa: bool,
}

/// All hops of a message, newest first, and where trust ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relays {
    hops: Vec<Relay>,
    trusted: usize,
    internal: usize,
    /// Received lines that nobody understood.
    pub unparseable: usize,
    /// How many Received lines, counted from the top, trusted hosts wrote; the line at this
    /// index was written by the last of them too.
    pub trusted_lines: usize,
    /// The same for internal hosts.
    pub internal_lines: usize,
    /// Set where more Received lines were there than are read.
    pub reached: Reached,
}

/// One of the four lists of relays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Within `trusted_networks`.
    Trusted,
    /// From the first hop outside of `trusted_networks` on.
    Untrusted,
    /// Within `internal_networks`.
    Internal,
    /// From the first hop outside of `internal_networks` on.
    External,
}

/// Reads the Received fields of `headers` and finds out how far they can be trusted.
///
/// Nothing is asked for: who is trusted follows from `trusted_networks` and its sisters,
/// or, where none is configured, from private addresses and authentication.
pub fn read(headers: &Headers, settings: &Settings) -> Relays {
    let mut walk = Walk::new(settings);
    let mut relays = Relays::default();
    let mut scanned = None;
    let mut lines = lines(headers, settings);
    for line in lines.by_ref().take(settings.limits.received_hops) {
        let sender: Option<Vec<u8>> = scanned.take();
        match received::parse(&line) {
            Line::Hop(hop) => walk.add(*hop, sender, &mut relays),
            other => {
                match other {
                    Line::Unparseable => relays.unparseable += 1,
                    Line::Fetched if walk.own => relays.forget_own(),
                    Line::Scanned(envfrom) => scanned = envfrom,
                    _ => {}
                }
                walk.pass(&mut relays);
            }
        }
    }
    if lines.next().is_some() {
        relays.reached.note(Limit::ReceivedHops);
    }
    relays
}

/// The values of the Received fields, then a line for each of `originating_ip_headers`
/// that holds an address.
fn lines<'a>(headers: &'a Headers, settings: &'a Settings) -> impl Iterator<Item = Vec<u8>> + 'a {
    let received = headers.all(b"Received").map(encoded_word::decoded);
    let originating = settings.originating_ip_headers.iter().filter_map(|name| {
        let value = encoded_word::decoded(headers.all(name.as_bytes()).next_back()?);
        let (start, end) = net::find_ip(&value, 0)?;
        Some([b"from X-Originating-IP: ", value.get(start..end)?].concat())
    });
    received.chain(originating)
}

/// The walk along the hops, from the newest, as long as the hosts can be trusted.
struct Walk<'a> {
    networks: Option<[&'a NetSet; 2]>,
    msa: Option<&'a NetSet>,
    trusted: bool,
    internal: bool,
    /// A mail submission agent was passed: whom it let in is not asked for any more.
    submitted: bool,
    /// A fetchmail line here says that the hops above are the user's own.
    own: bool,
}

impl<'a> Walk<'a> {
    fn new(settings: &'a Settings) -> Self {
        // If only one of the two is configured it is taken for both.
        let trusted = settings.trusted_networks.as_ref();
        let internal = settings.internal_networks.as_ref();
        let networks = trusted.or(internal).zip(internal.or(trusted)).map(|(t, i)| [t, i]);
        Walk {
            networks,
            msa: settings.msa_networks.as_ref(),
            trusted: true,
            internal: true,
            submitted: false,
            own: true,
        }
    }

    /// A line that is no hop.
    fn pass(&self, relays: &mut Relays) {
        relays.trusted_lines += usize::from(self.trusted);
        relays.internal_lines += usize::from(self.internal);
    }

    fn add(&mut self, mut hop: Relay, sender: Option<Vec<u8>>, relays: &mut Relays) {
        if let Some(sender) = sender.filter(|sender| !sender.is_empty() && sender != b"0") {
            hop.envfrom = Some(sender);
        }
        if self.trusted && !self.submitted {
            self.judge(&mut hop);
        }
        hop.internal = self.internal;
        self.own = self.trusted;
        self.pass(relays);
        relays.trusted += usize::from(self.trusted);
        relays.internal += usize::from(self.internal);
        relays.hops.push(hop);
    }

    /// May trust go on at this hop?
    fn judge(&mut self, hop: &mut Relay) {
        let Some([trusted, internal]) = self.networks else {
            self.trusted = hop.ip_private || !hop.auth.is_empty();
            self.internal = self.trusted;
            return;
        };
        let address = net::parse_ip(&hop.ip);
        let within = |set: &NetSet| address.is_some_and(|address| set.contains(address));
        if hop.auth.is_empty() && !within(trusted) {
            (self.trusted, self.internal) = (false, false);
            return;
        }
        self.internal = self.internal && (!hop.auth.is_empty() || within(internal));
        if self.msa.is_some_and(within) {
            self.submitted = true;
            hop.msa = true;
        }
    }
}

impl Relays {
    /// Nobody sent the message to whom it was fetched from: the walk begins anew.
    fn forget_own(&mut self) {
        self.hops.clear();
        (self.trusted, self.internal) = (0, 0);
    }

    /// The hops of `side`, newest first.
    pub fn side(&self, side: Side) -> &[Relay] {
        let (trusted, untrusted) = self.hops.split_at_checked(self.trusted).unwrap_or_default();
        let (internal, external) = self.hops.split_at_checked(self.internal).unwrap_or_default();
        match side {
            Side::Trusted => trusted,
            Side::Untrusted => untrusted,
            Side::Internal => internal,
            Side::External => external,
        }
    }

    /// The pseudo header `X-Spam-Relays-Trusted` and its sisters: each hop of `side` as
    /// `[ ip=… rdns=… helo=… by=… ident=… envfrom=… intl=… id=… auth=… msa=… ]`.
    pub fn text(&self, side: Side) -> Vec<u8> {
        let hops: Vec<_> = self.side(side).iter().map(Relay::text).collect();
        hops.join(&b' ')
    }
}

impl Relay {
    /// The hop as the `X-Spam-Relays-*` pseudo headers show it.
    pub fn text(&self) -> Vec<u8> {
        let envfrom = match self.envfrom.as_deref() {
            None | Some(b"0") => &b""[..], // "0" is false in Perl, and rules were written for that
            Some(envfrom) => envfrom,
        };
        let digit = |flag: bool| if flag { &b"1"[..] } else { b"0" };
        let mut text = b"[ ".to_vec();
        for (name, value) in [
            (&b"ip="[..], self.ip.as_slice()),
            (b"rdns=", &self.rdns),
            (b"helo=", &self.helo),
            (b"by=", &self.by),
            (b"ident=", &self.ident),
            (b"envfrom=", envfrom),
            (b"intl=", digit(self.internal)),
            (b"id=", &self.id),
            (b"auth=", &self.auth),
            (b"msa=", digit(self.msa)),
        ] {
            text.extend_from_slice(name);
            text.extend_from_slice(value);
            text.push(b' ');
        }
        text.push(b']');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::headers::Field;

    /// A line of Postfix's for each address; `+` in front means authenticated, and other
    /// words are taken as they stand.
    fn headers(hops: &[&str]) -> Headers {
        let line = |hop: &&str| match hop.strip_prefix('+') {
            Some(ip) => format!(" from h (h.example [{ip}]) by me (Postfix) with ESMTPA id 1234\n"),
            None if net::parse_ip(hop.as_bytes()).is_some() => {
                format!(" from h (h.example [{hop}]) by me (Postfix) with ESMTP id 1234\n")
            }
            None => format!(" {hop}\n"),
        };
        let field = |hop| Field { name: b"Received".to_vec(), raw: line(hop).into_bytes() };
        hops.iter().map(field).collect()
    }

    fn set(mut set: NetSet, entries: &str) -> Option<NetSet> {
        for entry in entries.split_whitespace() {
            set.add(entry).unwrap();
        }
        (!entries.is_empty()).then_some(set)
    }

    fn settings(trusted: &str, internal: &str, msa: &str) -> Settings {
        Settings {
            trusted_networks: set(NetSet::with_loopback(), trusted),
            internal_networks: set(NetSet::with_loopback(), internal),
            msa_networks: set(NetSet::new(), msa),
            ..Settings::default()
        }
    }

    #[test]
    fn trust_ends_where_the_configuration_says() {
        // trusted, internal, msa networks; hops; how many are trusted and internal
        type Case = ([&'static str; 3], &'static [&'static str], (usize, usize));
        let cases: &[Case] = &[
            // Nothing configured: private addresses and authentication.
            (["", "", ""], &["10.0.0.1", "192.0.2.1", "10.0.0.2"], (1, 1)),
            (["", "", ""], &["192.0.2.1"], (0, 0)),
            (["", "", ""], &["+192.0.2.1", "::1", "2001:db8::1"], (2, 2)),
            // One of two configured stands for both.
            (["192.0.2.0/24", "", ""], &["192.0.2.1", "192.0.2.2", "10.0.0.1"], (2, 2)),
            (["", "192.0.2.0/24", ""], &["192.0.2.1", "10.0.0.1"], (1, 1)),
            (["192.0.2.0/24", "", ""], &["127.0.0.1", "::1", "192.0.2.1"], (3, 3)),
            // Internal is a part of trusted.
            (["192.0.2.0/24", "192.0.2.1", ""], &["192.0.2.1", "192.0.2.2", "192.0.2.1"], (3, 1)),
            (["192.0.2.1", "192.0.2.0/24", ""], &["192.0.2.1", "192.0.2.2"], (1, 1)),
            (["192.0.2.1", "192.0.2.1", ""], &["192.0.2.1", "+9.9.9.9", "8.8.8.8"], (2, 2)),
            // Behind a submission agent everything keeps its state.
            (
                ["192.0.2.0/24", "192.0.2.1", "192.0.2.2"],
                &["192.0.2.1", "192.0.2.2", "9.9.9.9"],
                (3, 1),
            ),
            (["192.0.2.0/24", "", "192.0.2.2"], &["192.0.2.1", "192.0.2.2", "9.9.9.9"], (3, 3)),
            (["", "", "192.0.2.2"], &["192.0.2.2", "9.9.9.9"], (0, 0)),
        ];
        for ([trusted, internal, msa], hops, expected) in cases {
            let relays = read(&headers(hops), &settings(trusted, internal, msa));
            let count = |side| relays.side(side).len();
            assert_eq!((count(Side::Trusted), count(Side::Internal)), *expected, "{hops:?}");
            assert_eq!(count(Side::Trusted) + count(Side::Untrusted), hops.len());
            assert_eq!(count(Side::Internal) + count(Side::External), hops.len());
        }
    }

    #[test]
    fn a_submission_agent_is_marked() {
        let relays =
            read(&headers(&["192.0.2.2", "9.9.9.9"]), &settings("192.0.2.2", "", "192.0.2.2"));
        let marked: Vec<_> = relays.side(Side::Trusted).iter().map(|hop| hop.msa).collect();
        assert_eq!(marked, [true, false]);
        let text = String::from_utf8(relays.text(Side::Trusted)).unwrap();
        assert_eq!(
            text,
            "[ ip=192.0.2.2 rdns=h.example helo=h by=me ident= envfrom= intl=1 id=1234 auth= msa=1 ] \
             [ ip=9.9.9.9 rdns=h.example helo=h by=me ident= envfrom= intl=1 id=1234 auth= msa=0 ]"
        );
    }

    #[test]
    fn fetching_a_mailbox_begins_anew_while_hosts_are_trusted() {
        let fetched = "from pop.example (192.0.2.251) by me with POP3";
        let none = settings("", "", "");
        let relays = read(&headers(&["10.0.0.1", fetched, "192.0.2.1"]), &none);
        assert_eq!(relays.side(Side::Trusted).len(), 0);
        assert_eq!(relays.side(Side::Untrusted).len(), 1);
        assert_eq!((relays.trusted_lines, relays.unparseable), (2, 0));
        let relays = read(&headers(&["192.0.2.1", fetched, "192.0.2.2"]), &none);
        assert_eq!(relays.side(Side::Untrusted).len(), 2);
    }

    #[test]
    fn lines_without_a_hop_are_counted_on_the_side_where_they_stand() {
        let hops =
            ["by me (Postfix, from userid 1)", "10.0.0.1", "from nonsense", "9.9.9.9", "from x"];
        let relays = read(&headers(&hops), &settings("", "", ""));
        assert_eq!((relays.trusted_lines, relays.internal_lines, relays.unparseable), (3, 3, 2));
    }

    #[test]
    fn a_scanner_line_gives_its_sender_to_the_next_hop() {
        let scanned =
            "from x.example by me (envelope-from <q@s.example>, uid 5) with qmail-scanner-1.24";
        let relays = read(&headers(&[scanned, "9.9.9.9"]), &settings("", "", ""));
        assert_eq!(relays.side(Side::Untrusted)[0].envfrom.as_deref(), Some(&b"q@s.example"[..]));
    }

    #[test]
    fn originating_addresses_are_the_oldest_hops() {
        let mut headers = headers(&["10.0.0.1"]);
        let raw = b" [192.0.2.9] and 192.0.2.8\n".to_vec();
        headers.push(Field { name: b"X-Originating-Ip".to_vec(), raw });
        let mut settings = settings("", "", "");
        settings.originating_ip_headers = vec!["X-Originating-IP".into(), "X-Other".into()];
        let relays = read(&headers, &settings);
        assert_eq!(relays.side(Side::Untrusted)[0].ip, b"192.0.2.9");
        assert_eq!(relays.side(Side::Untrusted)[0].by, b"");
    }

    #[test]
    fn limit_received_hops() {
        let mut settings = settings("", "", "");
        settings.limits.received_hops = 2;
        for (lines, read_lines, over) in [(1, 1, false), (2, 2, false), (3, 2, true)] {
            let relays = read(&headers(&vec!["9.9.9.9"; lines]), &settings);
            assert_eq!(relays.side(Side::External).len(), read_lines);
            assert_eq!(relays.reached.has(Limit::ReceivedHops), over);
        }
    }
}
