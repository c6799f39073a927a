//! The names of record types (IANA, "Resource Record (RR) TYPEs") that rules may ask for.

use crate::dns::Kind;

const NAMES: &[(u16, &str)] = &[
    (1, "A"),
    (2, "NS"),
    (5, "CNAME"),
    (6, "SOA"),
    (12, "PTR"),
    (13, "HINFO"),
    (14, "MINFO"),
    (15, "MX"),
    (16, "TXT"),
    (17, "RP"),
    (27, "GPOS"),
    (28, "AAAA"),
    (29, "LOC"),
    (33, "SRV"),
    (35, "NAPTR"),
    (36, "KX"),
    (37, "CERT"),
    (39, "DNAME"),
    (44, "SSHFP"),
    (45, "IPSECKEY"),
    (49, "DHCID"),
    (52, "TLSA"),
    (55, "HIP"),
    (61, "OPENPGPKEY"),
    (62, "CSYNC"),
    (99, "SPF"),
    (255, "ANY"),
    (256, "URI"),
    (257, "CAA"),
];

/// The type of this name, in whatever case.
pub fn kind(name: &[u8]) -> Option<Kind> {
    let found = NAMES.iter().find(|(_, known)| known.as_bytes().eq_ignore_ascii_case(name));
    found.map(|(number, _)| Kind(*number))
}

/// The name of a type; of others `TYPE` and the number (RFC 3597, 5).
pub fn kind_name(kind: Kind) -> String {
    let found = NAMES.iter().find(|(number, _)| *number == kind.0);
    found.map_or_else(|| format!("TYPE{}", kind.0), |(_, name)| (*name).to_owned())
}
