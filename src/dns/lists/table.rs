//! The lists whose answers are known.
//!
//! A list that is missing here is judged by what all lists have in common ([`COMMON`]): nothing
//! has to be added for a private one.

/// A list, or a family of lists below one domain.
#[derive(Debug, PartialEq, Eq)]
pub struct List {
    /// The domain; lists below it are meant too (`KEY.zen.dq.spamhaus.net`).
    pub zone: &'static str,
    /// Answers that are listings: a sample of every kind, by which rules for listings are told
    /// from rules for errors.
    pub listings: &'static [[u8; 4]],
    /// Answers that are none, beside [`COMMON`].
    pub errors: &'static [Error],
    /// What it has to list, as it stands before the zone: one is enough. Empty where that is not
    /// known of the list.
    pub points: &'static [&'static str],
}

/// An answer that is no listing.
#[derive(Debug, PartialEq, Eq)]
pub struct Error {
    /// The answer, where `mask` has its bits.
    pub value: [u8; 4],
    /// The bits that count.
    pub mask: [u8; 4],
    /// Does the list not serve us? (Else the question was wrong.)
    pub refuses: bool,
    /// What the owner says that it means.
    pub meaning: &'static str,
    /// What to do.
    pub advice: &'static str,
}

const ALL: [u8; 4] = [255; 4];
const OWN_RESOLVER: &str = "let this machine ask through a resolver of its own that forwards to \
                            nobody (dns_server 127.0.0.1 with unbound, say), get access from the \
                            list's owner, or switch it off (dns_query_restriction deny)";

/// What lists have in common: Spamhaus' codes, which others have taken over.
pub(super) const COMMON: &[Error] = &[
    Error {
        value: [127, 255, 255, 252],
        mask: ALL,
        refuses: false,
        meaning: "there is no such list at this owner's: its name is mistyped",
        advice: "correct the list's name in the rule",
    },
    Error {
        value: [127, 255, 255, 254],
        mask: ALL,
        refuses: true,
        meaning: "the question came through an open or public resolver, which the list does not serve",
        advice: OWN_RESOLVER,
    },
    Error {
        value: [127, 255, 255, 255],
        mask: ALL,
        refuses: true,
        meaning: "too many questions, or none are allowed without an account",
        advice: OWN_RESOLVER,
    },
    Error {
        value: [127, 255, 255, 0],
        mask: [255, 255, 255, 0],
        refuses: true,
        meaning: "an error by the range that lists keep for errors",
        advice: "see the list's own page",
    },
];

/// Parts of texts by which lists refuse, and what they mean.
pub(super) const TEXTS: &[(&[u8], &Error)] = &[
    (b"spamhaus.org/returnc", &REFUSED_BY_TEXT),
    (b"uribl.com/refused", &REFUSED_BY_TEXT),
    (b"127.255.255.25", &REFUSED_BY_TEXT),
];

static REFUSED_BY_TEXT: Error = Error {
    value: [0; 4],
    mask: [0; 4],
    refuses: true,
    meaning: "the list does not serve whoever asks",
    advice: OWN_RESOLVER,
};

/// 127.0.0.1 of lists that hand out bits: the lowest says that the question was refused.
const LOWEST_BIT: &[Error] = &[Error {
    value: [127, 0, 0, 1],
    mask: ALL,
    refuses: true,
    meaning: "refused: too many questions, or through a public resolver",
    advice: OWN_RESOLVER,
}];

const DNSWL: &[Error] = &[Error {
    value: [127, 0, 0, 255],
    mask: [255, 255, 0, 255],
    refuses: true,
    meaning: "refused: over the limit of free use, or through a public resolver",
    advice: OWN_RESOLVER,
}];

const NO_ADDRESSES: &[Error] = &[
    Error {
        value: [127, 0, 1, 255],
        mask: ALL,
        refuses: false,
        meaning: "an address was asked for, and the list has domains only",
        advice: "give the rule tflags domains_only",
    },
    Error {
        value: [127, 0, 2, 255],
        mask: ALL,
        refuses: false,
        meaning: "an address was asked for, and the list has domains only",
        advice: "give the rule tflags domains_only",
    },
];

const TWO: &[[u8; 4]] = &[[127, 0, 0, 2]];
const ZEN: &[[u8; 4]] = &[
    [127, 0, 0, 2],
    [127, 0, 0, 3],
    [127, 0, 0, 4],
    [127, 0, 0, 5],
    [127, 0, 0, 6],
    [127, 0, 0, 7],
    [127, 0, 0, 9],
    [127, 0, 0, 10],
    [127, 0, 0, 11],
    [127, 0, 0, 20],
    [127, 0, 0, 30],
    [127, 0, 1, 2],
    [127, 0, 1, 102],
    [127, 0, 2, 2],
];
const DBL: &[[u8; 4]] = &[
    [127, 0, 1, 2],
    [127, 0, 1, 4],
    [127, 0, 1, 5],
    [127, 0, 1, 6],
    [127, 0, 1, 102],
    [127, 0, 1, 103],
    [127, 0, 1, 104],
    [127, 0, 1, 105],
    [127, 0, 1, 106],
    [127, 0, 2, 2],
];
const BITS: &[[u8; 4]] = &[
    [127, 0, 0, 2],
    [127, 0, 0, 4],
    [127, 0, 0, 8],
    [127, 0, 0, 16],
    [127, 0, 0, 32],
    [127, 0, 0, 64],
    [127, 0, 0, 128],
];
const TRUST: &[[u8; 4]] = &[[127, 0, 2, 0], [127, 0, 5, 1], [127, 0, 10, 2], [127, 0, 15, 3]];
const FEW: &[[u8; 4]] = &[
    [127, 0, 0, 2],
    [127, 0, 0, 3],
    [127, 0, 0, 4],
    [127, 0, 0, 5],
    [127, 0, 0, 8],
    [127, 0, 0, 10],
    [127, 0, 0, 20],
    [127, 0, 0, 40],
    [127, 0, 0, 64],
    [127, 0, 1, 1],
];
const SPIKE: &[[u8; 4]] = &[
    [127, 0, 0, 2],
    [127, 0, 0, 10],
    [127, 0, 0, 11],
    [127, 0, 0, 12],
    [127, 0, 0, 13],
    [127, 0, 0, 14],
    [127, 0, 0, 16],
    [127, 0, 0, 18],
    [127, 0, 0, 20],
];
const KARMA: &[[u8; 4]] = &[[127, 0, 0, 1], [127, 0, 0, 2], [127, 0, 0, 3], [127, 0, 0, 4]];
const IADB: &[[u8; 4]] = &[[127, 0, 0, 1], [127, 0, 0, 2], [127, 0, 1, 255], [127, 2, 255, 101]];

/// What RFC 5782 (5) wants of lists of addresses, and of lists of domains.
const ADDRESS: &[&str] = &["2.0.0.127"];
const DOMAIN: &[&str] = &["test"];

const fn list(
    zone: &'static str,
    listings: &'static [[u8; 4]],
    errors: &'static [Error],
    points: &'static [&'static str],
) -> List {
    List { zone, listings, errors, points }
}

/// What is known of a list that is not in the table.
pub(super) static ANY_OTHER: List = list("", FEW, &[], &[]);

/// The lists, by zone.
pub static TABLE: &[List] = &[
    list("zen.spamhaus.org", ZEN, &[], ADDRESS),
    list("sbl.spamhaus.org", ZEN, &[], ADDRESS),
    list("sbl-xbl.spamhaus.org", ZEN, &[], ADDRESS),
    list("xbl.spamhaus.org", ZEN, &[], ADDRESS),
    list("pbl.spamhaus.org", ZEN, &[], ADDRESS),
    list("dbl.spamhaus.org", DBL, NO_ADDRESSES, &["test", "dbltest.com"]),
    list("dq.spamhaus.net", ZEN, NO_ADDRESSES, &[]),
    list("bl.spamcop.net", TWO, &[], ADDRESS),
    list("psbl.surriel.com", TWO, &[], ADDRESS),
    list("multi.uribl.com", BITS, LOWEST_BIT, &["test", "2.0.0.127", "test.uribl.com"]),
    list("black.uribl.com", BITS, LOWEST_BIT, &["test", "2.0.0.127", "test.uribl.com"]),
    list("grey.uribl.com", BITS, LOWEST_BIT, &["test", "2.0.0.127", "test.uribl.com"]),
    list("multi.surbl.org", BITS, LOWEST_BIT, &["test", "2.0.0.127", "test.surbl.org"]),
    list("list.dnswl.org", TRUST, DNSWL, &[]),
    list("dwl.dnswl.org", TRUST, DNSWL, &[]),
    list("score.senderscore.com", FEW, &[], &[]),
    list("sa-trusted.bondedsender.org", FEW, &[], &[]),
    list("sa-accredit.habeas.com", FEW, &[], &[]),
    list("bl.mailspike.net", SPIKE, &[], ADDRESS),
    list("wl.mailspike.net", SPIKE, &[], &[]),
    list("rep.mailspike.net", SPIKE, &[], &[]),
    list("b.barracudacentral.org", TWO, &[], ADDRESS),
    list("bb.barracudacentral.org", TWO, &[], ADDRESS),
    list("dnsbl.sorbs.net", FEW, &[], ADDRESS),
    list("dob.sibl.support-intelligence.net", TWO, &[], &[]),
    list("mail.abusix.zone", FEW, &[], &[]),
    list("hostkarma.junkemailfilter.com", KARMA, &[], &[]),
    list("iadb.isipp.com", IADB, &[], &[]),
    list("bl.spameatingmonkey.net", FEW, &[], ADDRESS),
    list("uribl.spameatingmonkey.net", FEW, &[], DOMAIN),
];
