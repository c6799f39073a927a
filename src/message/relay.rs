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
