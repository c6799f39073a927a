//! An internet that is made of the names it is asked for: every domain is there, and lists list
//! every tenth of what they are asked about.

use crate::responder::{Asked, Rr, Say, a, found, mx, pointer, soa, txt, well_kept_list};

/// Domains of the lists that the stock rules ask.
const LISTS: &[&str] = &[
    ".spamhaus.org",
    ".surbl.org",
    ".uribl.com",
    ".dnswl.org",
    ".senderscore.com",
    ".spamcop.net",
    ".mailspike.net",
    ".surriel.com",
    ".sorbs.net",
    ".isipp.com",
    ".bondedsender.org",
    ".habeas.com",
    ".support-intelligence.net",
    ".validity.com",
];

/// Made for this: what is signed with it is not known to anybody, so that no signature is good.
const KEY: &[u8] = b"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAs54ZS7vGKNkeXBhXEKNWvLUvVRdbJviCvOLwSYU2Xupxm90heHdW0ZLoiaXF5nih2ITyIQLPWk1gnNTwrzAmMXAtHxoRfDfgesOHpO6JEJWfWmJreM3TKQkGS4/8ZPFq1p72MM5wi8CDi5Qg0CdoMevRZbbmknb36XEuExiEFkrbLPtpO74Rf3FVfp5aXyKxruuHVi0SA9T2pi6ZT4jyTwj6mfrpGyy1y6vqLOrpHyabTZXtKDD/qTZiXb/KTFS9W3QCLnnmVHMQoK3EnDm8IMBne8CvfzxTeXWBnxlVKAOO4JJIpAA6mnMcQaZ2rfeYOWn9pnNEFf77jjujGHQYKQIDAQAB";

/// What it says.
pub fn answer(asked: &Asked) -> Say {
    let name = asked.name.as_str();
    if LISTS.iter().any(|list| name.ends_with(list)) {
        let listed = number(name).is_multiple_of(10);
        return match (well_kept_list(asked), listed, asked.kind) {
            (Say::Answer(0, records, _), ..) if !records.is_empty() => found(records),
            (_, true, 1) => found(vec![a([127, 0, 0, 2])]),
            _ => nothing(3),
        };
    }
    match asked.kind {
        1 => found(vec![a(address(name))]),
        2 => found(vec![server(name, 1), server(name, 2)]),
        12 => found(vec![pointer(12, &format!("host-{}.example.net", number(name)))]),
        15 => found(vec![mx(10, &format!("mx.{name}"))]),
        16 => text(name),
        _ => nothing(0),
    }
}

fn text(name: &str) -> Say {
    match () {
        () if name.contains("._domainkey.") => found(vec![txt(KEY)]),
        () if name.starts_with("_dmarc.") => found(vec![txt(b"v=DMARC1; p=none")]),
        () if name.starts_with("_spf.") => found(vec![txt(b"v=spf1 ip4:203.0.113.0/24 -all")]),
        () if name.starts_with('_') => nothing(3),
        () => found(vec![txt(format!("v=spf1 a mx include:_spf.{name} ~all").as_bytes())]),
    }
}

fn server(name: &str, which: u8) -> Rr {
    pointer(2, &format!("ns{which}.{name}"))
}

/// Nothing, which may be kept.
fn nothing(code: u8) -> Say {
    Say::Answer(code, Vec::new(), vec![soa(3600)])
}

/// An address in a part of the net that is not special, which other names do not share.
fn address(name: &str) -> [u8; 4] {
    let [.., a, b, c] = number(name).to_be_bytes();
    [52, a, b, c.max(1)]
}

/// A number that is the name's own (FNV).
fn number(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
