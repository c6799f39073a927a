//! What a domain says that it signs (ADSP, RFC 5617).

use super::{ask, is_true, texts};
use crate::dns::{Kind, Lookup, Reply};
use crate::text::ascii::{trim, trim_end, trim_start};

/// A domain's signing practices. Rule files name them by a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Practices {
    /// Some of its mail may be signed: nothing to go by.
    Unknown,
    /// All of its mail is signed.
    All,
    /// All of its mail is signed, and what is not should be discarded.
    Discardable,
    /// There is no such domain.
    NoDomain,
}

impl Practices {
    /// The letter of `check_dkim_adsp` and of the setting `adsp_override`.
    pub fn letter(self) -> u8 {
        match self {
            Practices::Unknown => b'U',
            Practices::All => b'A',
            Practices::Discardable => b'D',
            Practices::NoDomain => b'N',
        }
    }

    /// What a record says.
    fn parse(record: &[u8]) -> Option<Practices> {
        let mut told: &[u8] = b"unknown";
        let parts: Vec<&[u8]> = record.split(|&byte| byte == b';').collect();
        let filled = parts.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
        for part in parts.into_iter().take(filled) {
            let part = trim(part);
            let (name, value) = part.split_at(part.iter().position(|&byte| byte == b'=')?);
            if trim_end(name) == b"dkim" {
                told = trim_start(value.get(1..).unwrap_or_default());
            }
        }
        Some(match told {
            b"all" => Practices::All,
            b"discardable" | b"strict" => Practices::Discardable,
            _ if told.eq_ignore_ascii_case(b"nxdomain") => Practices::NoDomain,
            _ => Practices::Unknown,
        })
    }
}

/// Asks for the practices of `domain`; where it publishes none, whether there is one.
pub async fn practices(lookup: &dyn Lookup, domain: &[u8]) -> Practices {
    let reply = ask(lookup, &[b"_adsp._domainkey.", domain].concat(), Kind::TXT).await;
    let record = reply.ok().and_then(|reply| texts(&reply).last().map(<[Box<[u8]>]>::concat));
    if let Some(practices) = record.filter(|text| is_true(text)).and_then(|r| Practices::parse(&r))
    {
        return practices;
    }
    match ask(lookup, domain, Kind::MX).await {
        Ok(reply) if reply.code == Reply::NO_NAME => Practices::NoDomain,
        _ => Practices::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read() {
        let cases = [
            ("dkim=all", Some(Practices::All)),
            ("dkim = discardable", Some(Practices::Discardable)),
            ("dkim=ALL", Some(Practices::Unknown)),
            ("dkim=strict;", Some(Practices::Discardable)),
            ("dkim=all;;", Some(Practices::All)),
            ("dkim=all; ", None),
            ("t=s;dkim=NXdomain", Some(Practices::NoDomain)),
            ("t=s", Some(Practices::Unknown)),
            ("all", None),
            ("dkim=", Some(Practices::Unknown)),
        ];
        for (record, expected) in cases {
            assert_eq!(Practices::parse(record.as_bytes()), expected, "{record:?}");
        }
    }
}
