//! What the values of a table say.
//!
//! A listing is an address and the template of a text, several one behind the other. A dataset of
//! format `generic` has records instead.

use crate::dns::Kind;
use std::net::Ipv4Addr;

/// Writes a listing's address and template; what is behind 255 bytes is left out.
pub fn listing(address: Ipv4Addr, template: &[u8]) -> Vec<u8> {
    let template = template.get(..255).unwrap_or(template);
    let mut bytes = Vec::with_capacity(5 + template.len());
    bytes.extend(address.octets());
    bytes.push(template.len() as u8);
    bytes.extend_from_slice(template);
    bytes
}

/// The listings that a value says.
pub fn listings(mut bytes: &[u8]) -> impl Iterator<Item = (Ipv4Addr, &[u8])> {
    std::iter::from_fn(move || {
        let (address, rest) = bytes.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first()?;
        let (template, rest) = rest.split_at_checked(usize::from(*length))?;
        bytes = rest;
        Some((Ipv4Addr::from(*address), template))
    })
}

/// Writes a record: its type, its time to live, its data as they go over the wire.
pub fn record(kind: Kind, ttl: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 + data.len());
    bytes.extend(kind.0.to_be_bytes());
    bytes.extend(ttl.to_be_bytes());
    bytes.extend((data.len() as u16).to_be_bytes());
    bytes.extend_from_slice(data);
    bytes
}

/// The records that a value says.
pub fn records(mut bytes: &[u8]) -> impl Iterator<Item = (Kind, u32, &[u8])> {
    std::iter::from_fn(move || {
        let (kind, rest) = bytes.split_first_chunk::<2>()?;
        let (ttl, rest) = rest.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (data, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        bytes = rest;
        Some((Kind(u16::from_be_bytes(*kind)), u32::from_be_bytes(*ttl), data))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let both =
            [listing([127, 0, 0, 2].into(), b""), listing([127, 0, 0, 3].into(), &[b'a'; 300])]
                .concat();
        let read: Vec<_> = listings(&both).collect();
        let expected =
            [([127, 0, 0, 2].into(), &b""[..]), ([127, 0, 0, 3].into(), &[b'a'; 255][..])];
        assert_eq!(read, expected);
        let both = [record(Kind::A, 5, &[1, 2, 3, 4]), record(Kind::TXT, 6, b"\x01a")].concat();
        let read: Vec<_> = records(&both).collect();
        let expected = [(Kind::A, 5, &[1u8, 2, 3, 4][..]), (Kind::TXT, 6, b"\x01a")];
        assert_eq!(read, expected);
        for end in 0..both.len() {
            assert!(records(&both[..end]).count() < 2);
        }
    }
}
