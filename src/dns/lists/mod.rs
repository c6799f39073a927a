//! What the answers of DNS lists mean: a listing, none, or a word to who asks.
//!
//! A list that does not serve somebody says so in the same form in which it lists: by an address
//! in 127/8. That is no listing, and scores nothing in either direction. [`judge`] says what a
//! reply means; [`admits`] what one address of it may mean to one rule: rules that ask for
//! exactly a refusal (`URIBL_BLOCKED`, …) see it, rules that ask for listings do not.
//!
//! RFC 5782; the owners' own pages. The lists are in [`table`].

mod table;

pub use table::{Error, List, TABLE};

use super::{Data, Kind, Name, Reply};
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::LazyLock;

/// A list that rules ask.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Asked {
    /// What is put behind the name or the reversed address.
    pub zone: Name,
    /// What it lists.
    pub subject: Subject,
}

/// What a list lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Addresses, asked for reversed.
    Addresses,
    /// Domains.
    Domains,
}

/// What a reply of a list means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// What was asked for is on the list.
    Listed,
    /// It is not.
    NotListed,
    /// The answer is about who asks, or about the list itself.
    Error(Trouble),
}

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What came: an address, a text, a code.
    pub answer: String,
    /// What it means, and what to do.
    pub error: &'static Error,
}

/// The answer of a domain that was sold, or of a resolver that makes up addresses.
static OUTSIDE: Error = Error {
    value: [0; 4],
    mask: [0; 4],
    refuses: true,
    meaning: "no list answers outside 127.0.0.0/8; either its domain belongs to somebody else \
              now, or the name server invents addresses",
    advice: "see if the list still exists, or use another name server (dns_server)",
};

/// The same of a list that we do not know, which may mean it.
static OUTSIDE_UNKNOWN: Error = Error {
    value: [0; 4],
    mask: [0; 4],
    refuses: false,
    meaning: "lists answer within 127.0.0.0/8 (RFC 5782); only rules for exactly this address \
              count it",
    advice: "see if the list still exists and means it",
};

/// The answer of a server that has none.
static NO_SERVICE: Error = Error {
    value: [0; 4],
    mask: [0; 4],
    refuses: false,
    meaning: "the server could not or would not answer",
    advice: "nothing if it passes; else see if the list still exists",
};

/// A reply of the list `zone` to a question for addresses or texts.
pub fn judge(zone: &Name, reply: &Reply) -> Judgement {
    if !matches!(reply.code, 0 | Reply::NO_NAME) {
        let answer = format!("response code {}", reply.code);
        return Judgement::Error(Trouble { answer, error: &NO_SERVICE });
    }
    let list = of(zone);
    let mut judgement = Judgement::NotListed;
    for record in reply.answers.iter().filter(|r| matches!(r.kind, Kind::A | Kind::TXT)) {
        let (error, shown) = match &record.data {
            Data::V4(address) => (list.error(*address), address.to_string()),
            data => {
                let text = data.joined_text().unwrap_or_default();
                (list.error_in(&text), format!("{:?}", text.escape_ascii().to_string()))
            }
        };
        match error {
            None => judgement = Judgement::Listed,
            Some(error) => {
                return Judgement::Error(Trouble { answer: shown, error });
            }
        }
    }
    judgement
}

/// May a rule that hits on answers that are `wanted` hit on this answer of `zone`?
///
/// It may if the answer is a listing that it wants. An answer that is an error is seen only by
/// rules that want it and none of the list's listings: `URIBL_BLOCKED` asks for bit 1 of
/// `multi.uribl.com`, which no listing has; a rule that takes any answer would take a listing too.
pub fn admits(zone: &Name, answer: Ipv4Addr, wanted: impl Fn(Ipv4Addr) -> bool) -> bool {
    let list = of(zone);
    let is_narrow = || !list.listings.iter().any(|&listing| wanted(listing.into()));
    wanted(answer) && (list.error(answer).is_none() || is_narrow())
}

/// The same of a text.
pub fn admits_text(zone: &Name, text: &[u8]) -> bool {
    of(zone).error_in(text).is_none()
}

/// What is known of the list that `zone` is, or is within.
pub fn of(zone: &Name) -> &'static List {
    row(zone).map_or(&table::ANY_OTHER, |(_, list)| list)
}

/// The row of the table that `name` is within, and its zone.
pub(super) fn row(name: &Name) -> Option<(&'static Name, &'static List)> {
    static BY_ZONE: LazyLock<HashMap<Name, &'static List>> = LazyLock::new(|| {
        TABLE.iter().filter_map(|list| Some((Name::new(list.zone)?, list))).collect()
    });
    name.and_above().find_map(|zone| Some((BY_ZONE.get_key_value(zone)?.0, *BY_ZONE.get(zone)?)))
}

impl List {
    /// What `answer` complains about; `None` for a listing.
    fn error(&self, answer: Ipv4Addr) -> Option<&'static Error> {
        let octets = answer.octets();
        if octets[0] != 127 {
            return Some(if self.zone.is_empty() { &OUTSIDE_UNKNOWN } else { &OUTSIDE });
        }
        let errors = self.errors.iter().chain(table::COMMON);
        errors.into_iter().find(|error| error.is(octets))
    }

    /// What the text of an answer complains about.
    fn error_in(&self, text: &[u8]) -> Option<&'static Error> {
        let (_, error) = table::TEXTS
            .iter()
            .find(|(part, _)| text.windows(part.len()).any(|window| window == *part))?;
        Some(error)
    }
}

impl Trouble {
    /// Is it an address outside 127/8?
    pub fn is_outside(&self) -> bool {
        [&OUTSIDE, &OUTSIDE_UNKNOWN].contains(&self.error)
    }
}

impl Error {
    fn is(&self, octets: [u8; 4]) -> bool {
        let [value, mask] = [self.value, self.mask].map(u32::from_be_bytes);
        u32::from_be_bytes(octets) & mask == value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::Record;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn reply(addresses: &[&str]) -> Reply {
        let record = |text: &&str| Record {
            name: name("x"),
            kind: Kind::A,
            ttl: 1,
            data: Data::V4(text.parse().unwrap()),
        };
        Reply { code: 0, answers: addresses.iter().map(record).collect() }
    }

    fn text(text: &str) -> Reply {
        let data = Data::Text(vec![text.as_bytes().into()]);
        Reply { code: 0, answers: vec![Record { name: name("x"), kind: Kind::TXT, ttl: 1, data }] }
    }

    #[test]
    fn the_table_holds_together() {
        for list in TABLE.iter().chain([&table::ANY_OTHER]) {
            assert!(list.zone.is_empty() || Name::new(list.zone).is_some(), "{}", list.zone);
            assert!(
                !list.listings.is_empty(),
                "{}: rules for its errors cannot be told",
                list.zone
            );
            for &listing in list.listings {
                assert_eq!(list.error(listing.into()), None, "{}: {listing:?}", list.zone);
            }
            for error in list.errors.iter().chain(table::COMMON) {
                assert!(error.is(error.value), "{}: {:?}", list.zone, error.value);
                assert!(!error.meaning.is_empty() && !error.advice.is_empty());
            }
        }
        let mut zones: Vec<_> = TABLE.iter().map(|list| list.zone).collect();
        zones.sort_unstable();
        zones.dedup();
        assert_eq!(zones.len(), TABLE.len(), "a zone twice");
    }

    #[test]
    fn refusals_are_not_listings() {
        let cases: &[(&str, &[&str], &str)] = &[
            ("zen.spamhaus.org", &["127.0.0.4"], "listed"),
            ("zen.spamhaus.org", &["127.0.0.2", "127.0.0.9"], "listed"),
            ("zen.spamhaus.org", &["127.255.255.252"], "error"),
            ("zen.spamhaus.org", &["127.255.255.254"], "refusal"),
            ("zen.spamhaus.org", &["127.255.255.255"], "refusal"),
            ("key.zen.dq.spamhaus.net", &["127.255.255.255"], "refusal"),
            ("dbl.spamhaus.org", &["127.0.1.2"], "listed"),
            ("dbl.spamhaus.org", &["127.0.1.255"], "error"),
            ("multi.uribl.com", &["127.0.0.1"], "refusal"),
            ("multi.uribl.com", &["127.0.0.2"], "listed"),
            ("multi.surbl.org", &["127.0.0.1"], "refusal"),
            ("list.dnswl.org", &["127.0.0.255"], "refusal"),
            ("list.dnswl.org", &["127.0.10.255"], "refusal"),
            ("list.dnswl.org", &["127.0.10.2"], "listed"),
            ("bl.score.senderscore.com", &["127.255.255.255"], "refusal"),
            ("hostkarma.junkemailfilter.com", &["127.0.0.1"], "listed"),
            ("bl.private.example", &["127.0.0.1"], "listed"),
            ("bl.private.example", &["127.255.255.254"], "refusal"),
            ("bl.private.example", &["192.0.2.1"], "error"),
            ("bl.spamcop.net", &["192.0.2.1"], "refusal"),
            ("bl.private.example", &[], "none"),
        ];
        for (zone, answers, expected) in cases {
            let word = match judge(&name(zone), &reply(answers)) {
                Judgement::Listed => "listed",
                Judgement::NotListed => "none",
                Judgement::Error(trouble) if trouble.error.refuses => "refusal",
                Judgement::Error(_) => "error",
            };
            assert_eq!(word, *expected, "{zone} {answers:?}");
        }
    }

    #[test]
    fn codes_and_texts_are_judged_too() {
        let zone = name("bl.spamcop.net");
        let with_code = |code| judge(&zone, &Reply { code, answers: Vec::new() });
        assert_eq!(with_code(3), Judgement::NotListed);
        assert!([2, 5].iter().all(|&code| matches!(with_code(code), Judgement::Error(_))));
        assert_eq!(
            judge(&zone, &text("Blocked - see https://www.spamcop.net/")),
            Judgement::Listed
        );
        let refused = text("Error: open resolver; https://www.spamhaus.org/returnc/pub/192.0.2.1");
        assert!(matches!(judge(&name("zen.spamhaus.org"), &refused), Judgement::Error(_)));
        assert!(!admits_text(
            &zone,
            b"127.0.0.1 -> Query Refused. See http://uribl.com/refused.shtml"
        ));
        assert!(admits_text(&zone, b"listed"));
    }

    #[test]
    fn only_rules_for_the_error_itself_see_it() {
        let is = |text: &'static str| {
            let wanted: Ipv4Addr = text.parse().unwrap();
            move |address: Ipv4Addr| address == wanted
        };
        let bit = |bit: u32| move |address: Ipv4Addr| u32::from(address) & bit != 0;
        let any = |_: Ipv4Addr| true;
        let at = |text: &str| text.parse::<Ipv4Addr>().unwrap();
        // URIBL_BLOCKED, URIBL_BLACK.
        let uribl = name("multi.uribl.com");
        assert!(admits(&uribl, at("127.0.0.1"), bit(1)));
        assert!(!admits(&uribl, at("127.0.0.1"), bit(2)));
        assert!(admits(&uribl, at("127.0.0.2"), bit(2)));
        assert!(!admits(&uribl, at("127.0.0.1"), any), "urirhsbl without a subtest");
        // RCVD_IN_ZEN_BLOCKED, RCVD_IN_SBL; a mask of which the refusal has all bits.
        let zen = name("zen.spamhaus.org");
        assert!(admits(&zen, at("127.255.255.255"), is("127.255.255.255")));
        assert!(!admits(&zen, at("127.255.255.255"), any));
        assert!(!admits(&zen, at("127.255.255.255"), bit(4)));
        assert!(admits(&zen, at("127.0.0.2"), is("127.0.0.2")));
        // RCVD_IN_DNSWL_BLOCKED, RCVD_IN_DNSWL_HI.
        let dnswl = name("list.dnswl.org");
        let last = |octet: u8| move |address: Ipv4Addr| address.octets()[3] == octet;
        assert!(admits(&dnswl, at("127.0.5.255"), last(255)));
        assert!(!admits(&dnswl, at("127.0.5.255"), |a: Ipv4Addr| a.octets()[3] >= 3));
        assert!(admits(&dnswl, at("127.0.5.3"), last(3)));
        // A rule for exactly a foreign address is the administrator's affair.
        let own = name("list.example");
        assert!(
            admits(&own, at("192.0.2.1"), is("192.0.2.1")) && !admits(&own, at("192.0.2.1"), any)
        );
    }
}
