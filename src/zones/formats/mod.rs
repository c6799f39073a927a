//! The formats that lists come in.
//!
//! Lines go in, drafts of tables come out: [`Written`] takes lines, [`lines`] knows what each format
//! makes of one, [`draft`] collects entries.

mod addresses;
mod draft;
mod lines;
mod plain;
mod special;
mod value;
mod words;

pub use draft::{Fault, VARIABLES};
pub use special::{Written, special};
pub use value::LISTED;
pub use words::{begins_remark, trim};

/// How the lines of a list's files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// rbldnsd's `ip4set`: addresses, networks and ranges with values of their own.
    Ip4Set,
    /// rbldnsd's `ip4tset`: single addresses with one value.
    Ip4Tset,
    /// rbldnsd's `ip4trie`: networks with values, the most specific counts.
    Ip4Trie,
    /// rbldnsd's `ip6tset`: /64 networks with one value.
    Ip6Tset,
    /// rbldnsd's `ip6trie`: networks with values, the most specific counts.
    Ip6Trie,
    /// rbldnsd's `dnset`: domain names, also with everything below them.
    Dnset,
    /// rbldnsd's `generic`: A, TXT and MX records by name.
    Generic,
    /// rbldnsd's `combined`: several of the above, each for some names below the zone.
    Combined,
    /// Addresses and networks of both families, one a line, `#` and `;` begin comments.
    Networks,
    /// A hosts file: an address that does not count, and names.
    Hosts,
    /// Domains, one a line; each lists what is below it too.
    Domains,
    /// Spamhaus DROP as text: `network ; SBL number`.
    Drop,
    /// Spamhaus DROP as JSON, an object a line.
    DropJson,
}

impl Format {
    /// All of them, with the names that configuration files have for them.
    pub const ALL: &[(&str, Format)] = &[
        ("ip4set", Format::Ip4Set),
        ("ip4tset", Format::Ip4Tset),
        ("ip4trie", Format::Ip4Trie),
        ("ip6tset", Format::Ip6Tset),
        ("ip6trie", Format::Ip6Trie),
        ("dnset", Format::Dnset),
        ("generic", Format::Generic),
        ("combined", Format::Combined),
        ("networks", Format::Networks),
        ("hosts", Format::Hosts),
        ("domains", Format::Domains),
        ("drop", Format::Drop),
        ("drop_json", Format::DropJson),
    ];

    /// The format of this name.
    pub fn named(name: &str) -> Option<Format> {
        Format::ALL.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }

    /// May it be a part of `combined`?
    fn is_part(self) -> bool {
        matches!(
            self,
            Format::Ip4Set
                | Format::Ip4Tset
                | Format::Ip4Trie
                | Format::Ip6Tset
                | Format::Ip6Trie
                | Format::Dnset
                | Format::Generic
        )
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Format::ALL.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }
}
