//! Relays: the hosts that a message passed, and which of them are trusted.
//!
//! Received headers in, [`Relays`] out: newest hop first, cut into trusted and untrusted,
//! internal and external as `trusted_networks`, `internal_networks` and `msa_networks` say
//! (man page Mail::SpamAssassin::Conf, "NETWORK TEST OPTIONS"). No host is ever asked.

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
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl Relays {
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
