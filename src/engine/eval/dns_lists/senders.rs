//! Hosts cut out of the addresses of a message's senders.

use crate::engine::scan::Scan;
use crate::message::header::HeaderQuery;
use crate::message::senders;

/// All addresses that `query` gives.
pub fn addresses_of(scan: &Scan, query: &[u8]) -> Vec<Vec<u8>> {
    let trimmed = |mut address: Vec<u8>| {
        if address.ends_with(b"\n") {
            address.pop();
        }
        address
    };
    HeaderQuery::ask(query).values(&scan.views().source()).into_iter().map(trimmed).collect()
}

/// An address in the registered domain of each sender.
pub fn domains(scan: &Scan) -> Vec<Vec<u8>> {
    let registry = &scan.views().settings().domains;
    let of_address = |address: &Vec<u8>| {
        let host = registry.host_of_uri(address)?;
        Some([b"x@", host.domain.as_slice()].concat())
    };
    senders::all(&scan.views().source()).iter().filter_map(of_address).collect()
}

/// What stands behind the first `@` that has something behind it, up to white space or the
/// next `@`.
pub fn behind_at(address: &[u8]) -> Option<&[u8]> {
    let ends = |byte: &u8| *byte == b'@' || byte.is_ascii_whitespace();
    let mut hosts = memchr::memchr_iter(b'@', address).filter_map(|at| {
        let rest = address.get(at + 1..)?;
        rest.get(..rest.iter().position(ends).unwrap_or(rest.len()))
    });
    hosts.find(|host| !host.is_empty())
}

/// The host of an address, in lower case, without needless dots; only one with a dot in it.
pub fn host_of(address: &[u8]) -> Option<Vec<u8>> {
    let labels = behind_at(address)?.split(|&byte| byte == b'.').filter(|label| !label.is_empty());
    let labels: Vec<&[u8]> = labels.collect();
    (labels.len() > 1).then(|| labels.join(&b'.').to_ascii_lowercase())
}

/// Who vouches for `sender`, as `listowner@a--accreditor.example.com` says.
pub fn accreditor_in(sender: &[u8]) -> Option<Vec<u8>> {
    let lower = sender.to_ascii_lowercase();
    memchr::memmem::find_iter(&lower, b"a--").find_map(|at| {
        let before = at.checked_sub(1).and_then(|before| lower.get(before))?;
        let rest = lower.get(at + 3..)?;
        let end = rest.iter().position(|byte| !byte.is_ascii_alphanumeric())?;
        let fits = b"@.".contains(before) && end >= 3 && rest.get(end) == Some(&b'.');
        fits.then(|| rest.get(..end).map(<[u8]>::to_vec)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_cut_out_of_an_address() {
        for (address, expected) in [
            ("a@B.Example", Some("b.example")),
            ("a@..b...example..", Some("b.example")),
            ("a@localhost", None),
            ("a@b@c.example", None),
            ("a@ c", None),
            ("a@@c.example x", Some("c.example")),
        ] {
            let host = host_of(address.as_bytes());
            assert_eq!(host.as_deref(), expected.map(str::as_bytes), "{address}");
        }
    }

    #[test]
    fn an_accreditor_stands_in_the_sender() {
        for (address, expected) in [
            ("o@a--acme.mail.example", Some("acme")),
            ("o@x.A--Acme.mail.example", Some("acme")),
            ("o@xa--acme.mail.example", None),
            ("o@a--ac.mail.example", None),
        ] {
            let found = accreditor_in(address.as_bytes());
            assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{address}");
        }
    }
}
