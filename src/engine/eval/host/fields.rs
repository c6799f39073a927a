//! The fields of the header: missing, given twice, malformed.
//!
//! In: the fields as they were written. Out: properties of them, by the sections of RFC 5322
//! that stand in the table, and RFC 2045 and 2047 for MIME.

use super::name::{LOCAL, Named, PRIVATE, RESERVED};
use super::peer::Peer;
use super::shape::Shape;
use super::stamp::{Stamp, Zone};
use super::words::{Word, words};
use super::{Noted, Property, has, is_our_own};
use crate::engine::scan::Scan;
use crate::message::header::HeaderQuery;
use crate::message::headers::Headers;
use crate::message::relay::Side;
use crate::message::view::Views;
use crate::text::ascii::{is_space, trim};
use crate::text::reach::Reach;
use std::collections::HashSet;
use std::sync::Arc;

/// The fields that properties look at.
#[derive(Default)]
pub struct Fields {
    /// Of each name in [`ONCE`], how many there are.
    counts: [usize; ONCE.len()],
    date: Option<Vec<u8>>,
    stamp: Option<Stamp>,
    from: Written,
    sender: Written,
    reply_to: Written,
    to: Written,
    cc: Written,
    bcc: Written,
    subject: Option<Vec<u8>>,
    id: Option<Vec<u8>>,
    /// What stands behind the `@` of the Message-ID.
    id_host: Option<Named>,
    in_reply_to: Option<Vec<u8>>,
    references: Option<Vec<u8>>,
    encoding: Option<Vec<u8>>,
    is_multipart: bool,
    return_path: Option<Vec<u8>>,
    resent: Resent,
    /// Our own host, that received the message from outside, is named in the Message-ID.
    id_is_ours: bool,
    /// Fields without a value.
    empty: usize,
    /// A field beside those of addresses and Subject holds UTF-8 as it is.
    other_utf8: bool,
    long_name: bool,
    /// The encoded words of Subject and From.
    words: Vec<Word>,
}

/// Fields of a message that was sent on by its receiver.
#[derive(Default)]
struct Resent {
    from: bool,
    date: bool,
}

/// A field of addresses.
#[derive(Default)]
struct Written {
    /// The first field, unfolded; `None` where there is none.
    text: Option<Vec<u8>>,
    /// The addresses of all fields of the name.
    addresses: Vec<Vec<u8>>,
    shape: Shape,
}

/// Fields that a header has once (RFC 5322, 3.6; RFC 2045, 4 and 6.1; RFC 5321, 4.4).
const ONCE: [&[u8]; 12] = [
    b"Date",
    b"From",
    b"Sender",
    b"Reply-To",
    b"To",
    b"Cc",
    b"Message-ID",
    b"In-Reply-To",
    b"References",
    b"MIME-Version",
    b"Content-Transfer-Encoding",
    b"Return-Path",
];

/// The fields, looked at once.
pub fn facts(scan: &mut Scan) -> Arc<Noted<Fields>> {
    scan.facts(|scan| {
        let views = scan.views();
        Noted((!is_our_own(views)).then(|| Fields::new(views)))
    })
}

impl Fields {
    fn new(views: &Views) -> Fields {
        let headers = views.message().headers();
        let first = |name: &[u8]| headers.all(name).next().map(|field| unfolded(&field.raw));
        let date = first(b"Date");
        let id = first(b"Message-ID");
        let id_host = id.as_deref().and_then(id_host);
        let id_host = id_host.map(|host| Named::new(host, &views.settings().domains));
        let written = |name: &[u8]| Written::new(name, first(name), views);
        let from = written(b"From");
        let content_type = first(b"Content-Type").unwrap_or_default();
        let mut fields = Fields {
            counts: ONCE.map(|name| headers.all(name).count()),
            stamp: date.as_deref().and_then(Stamp::read),
            date,
            id_is_ours: id_host.as_ref().is_some_and(|host| is_ours(host, &from, views)),
            id,
            id_host,
            sender: written(b"Sender"),
            reply_to: written(b"Reply-To"),
            to: written(b"To"),
            cc: written(b"Cc"),
            bcc: written(b"Bcc"),
            from,
            subject: first(b"Subject"),
            in_reply_to: first(b"In-Reply-To"),
            references: first(b"References"),
            encoding: first(b"Content-Transfer-Encoding").map(|e| e.to_ascii_lowercase()),
            is_multipart: trim(&content_type)
                .get(..10)
                .is_some_and(|begin| begin.eq_ignore_ascii_case(b"multipart/")),
            return_path: first(b"Return-Path"),
            resent: Resent {
                from: first(b"Resent-From").is_some(),
                date: first(b"Resent-Date").is_some(),
            },
            ..Fields::default()
        };
        fields.look_at_all(headers);
        let texts = fields.subject.iter().chain(&fields.from.text);
        fields.words = texts.flat_map(|text| words(text)).collect();
        fields
    }

    fn look_at_all(&mut self, headers: &Headers) {
        const ADDRESSES: [&[u8]; 6] = [b"From", b"Sender", b"Reply-To", b"To", b"Cc", b"Subject"];
        for field in headers {
            self.empty += usize::from(trim(&field.raw).is_empty());
            self.long_name |= field.name.len() > 60;
            if !field.raw.is_ascii() && std::str::from_utf8(&field.raw).is_ok() {
                let is_one = |name: &&[u8]| field.name.eq_ignore_ascii_case(name);
                self.other_utf8 |= !ADDRESSES.iter().any(is_one);
            }
        }
    }

    fn count(&self, name: &[u8]) -> usize {
        let at = ONCE.iter().position(|known| *known == name);
        at.and_then(|at| self.counts.get(at)).copied().unwrap_or(0)
    }

    fn some_stamp(&self, holds: impl Fn(&Stamp) -> bool) -> bool {
        self.stamp.as_ref().is_some_and(holds)
    }

    fn id_host(&self, holds: impl Fn(&Named) -> bool) -> bool {
        self.id_host.as_ref().is_some_and(holds)
    }

    fn id_address(&self, reach: fn(Reach) -> bool) -> bool {
        self.id_host(|host| host.address.is_some_and(|address| reach(Reach::of(address))))
    }
}

/// Properties of fields.
#[rustfmt::skip]
pub const TABLE: &[Property<Fields>] = &[
    // Date: RFC 5322, 3.3 and 3.6.1.
    has("date_twice", |fields| fields.count(b"Date") > 1),
    has("date_empty", |fields| is_blank(&fields.date)),
    has("date_weekday", |fields| fields.some_stamp(Stamp::has_wrong_weekday)),
    has("date_impossible", |fields| fields.some_stamp(|stamp| !stamp.is_possible())),
    has("date_no_zone", |fields| fields.some_stamp(|stamp| stamp.zone == Zone::Missing)),
    has("date_zone_named", |fields| fields.some_stamp(|stamp| matches!(stamp.zone, Zone::Named(minutes) if minutes != 0))),
    has("date_zone_unknown", |fields| fields.some_stamp(|stamp| stamp.zone == Zone::Unknown)),
    has("date_no_seconds", |fields| fields.some_stamp(|stamp| stamp.second.is_none())),
    has("date_short_year", |fields| fields.some_stamp(|stamp| stamp.year_digits < 4)),
    has("date_year", |fields| fields.some_stamp(|stamp| stamp.year < 1990 || stamp.year > 2100)),
    has("date_rest", |fields| fields.some_stamp(|stamp| stamp.has_rest)),
    has("date_eight_bit", |fields| fields.date.as_ref().is_some_and(|date| !date.is_ascii())),
    has("date_midnight", |fields| fields.some_stamp(|stamp| stamp.time == (0, 0) && stamp.second == Some(0))),
    // From, Sender, Reply-To: RFC 5322, 3.4 and 3.6.2.
    has("from_twice", |fields| fields.count(b"From") > 1),
    has("from_empty", |fields| is_blank(&fields.from.text)),
    has("from_no_address", |fields| has_text(&fields.from.text) && fields.from.addresses.is_empty()),
    has("from_many", |fields| fields.from.addresses.len() > 1 && fields.sender.text.is_none() && fields.count(b"From") == 1),
    has("from_open_quote", |fields| fields.from.shape.open_quote),
    has("from_open_angle", |fields| fields.from.shape.open_angle),
    has("from_two_angles", |fields| fields.from.shape.two_angles),
    has("from_after", |fields| fields.from.shape.after_angle),
    has("from_encoded_address", |fields| fields.from.shape.encoded_address),
    has("from_specials", |fields| fields.from.shape.specials),
    has("from_eight_bit_address", |fields| fields.from.shape.eight_bit_address),
    has("from_utf8", |fields| is_utf8(&fields.from.text)),
    has("sender_twice", |fields| fields.count(b"Sender") > 1),
    has("sender_no_address", |fields| fields.sender.text.is_some() && fields.sender.addresses.is_empty()),
    has("sender_many", |fields| fields.sender.addresses.len() > 1),
    has("reply_to_no_address", |fields| has_text(&fields.reply_to.text) && fields.reply_to.addresses.is_empty()),
    has("reply_to_empty", |fields| is_blank(&fields.reply_to.text)),
    // To, Cc, Bcc: RFC 5322, 3.6.3.
    has("to_twice", |fields| fields.count(b"To") > 1),
    has("cc_twice", |fields| fields.count(b"Cc") > 1),
    has("to_empty", |fields| is_blank(&fields.to.text)),
    has("cc_empty", |fields| is_blank(&fields.cc.text)),
    has("to_open_quote", |fields| fields.to.shape.open_quote),
    has("to_open_angle", |fields| fields.to.shape.open_angle),
    has("to_two_angles", |fields| fields.to.shape.two_angles),
    has("to_comma", |fields| fields.to.shape.stray_comma),
    has("to_null", |fields| fields.to.shape.null_address),
    has("to_same_twice", |fields| has_double(&fields.to.addresses)),
    has("to_utf8", |fields| is_utf8(&fields.to.text) || is_utf8(&fields.cc.text)),
    has("to_eight_bit", |fields| is_eight_bit(&fields.to.text) || is_eight_bit(&fields.cc.text)),
    has("bcc_kept", |fields| !fields.bcc.addresses.is_empty()),
    // Message-ID, In-Reply-To, References: RFC 5322, 3.6.4.
    has("id_twice", |fields| fields.count(b"Message-ID") > 1),
    has("id_empty", |fields| is_blank(&fields.id)),
    has("id_bare", |fields| fields.id.as_ref().is_some_and(|id| !id.contains(&b'<') && id.contains(&b'@'))),
    has("id_after", |fields| fields.id.as_ref().is_some_and(|id| is_word_after_id(id))),
    has("id_space", |fields| fields.id.as_ref().is_some_and(|id| has_space_inside(id))),
    has("id_long", |fields| fields.id.as_ref().is_some_and(|id| id.len() > 250)),
    has("id_eight_bit", |fields| fields.id.as_ref().is_some_and(|id| !id.is_ascii())),
    has("id_address", |fields| fields.id_host(|host| host.bare().is_some()) && fields.id_address(|reach| reach == Reach::Public)),
    has("id_address_inside", |fields| fields.id_address(|reach| reach != Reach::Public)),
    has("id_localhost", |fields| fields.id_host(|host| host.name == b"localhost" || host.name.starts_with(b"localhost."))),
    has("id_inside", |fields| fields.id_host(|host| (host.ends_in(LOCAL) || host.ends_in(PRIVATE)) && !host.name.starts_with(b"localhost."))),
    has("id_reserved", |fields| fields.id_host(|host| host.ends_in(RESERVED))),
    has("id_unknown_tld", |fields| fields.id_host(|host| host.has_unknown_tld())),
    has("id_odd_host", |fields| fields.id_host(|host| host.has_odd_bytes() || host.has_empty_label() || host.has_hyphen_at_border() || host.is_too_long())),
    has("id_ours", |fields| fields.id_is_ours),
    has("in_reply_to_twice", |fields| fields.count(b"In-Reply-To") > 1),
    has("references_twice", |fields| fields.count(b"References") > 1),
    has("in_reply_to_self", |fields| names_itself(&fields.id, &fields.in_reply_to)),
    has("references_self", |fields| names_itself(&fields.id, &fields.references)),
    has("references_no_id", |fields| has_text(&fields.references) && !fields.references.iter().flatten().any(|&byte| byte == b'@')),
    has("in_reply_to_empty", |fields| is_blank(&fields.in_reply_to)),
    has("references_empty", |fields| is_blank(&fields.references)),
    // Subject: RFC 5322, 3.6.5; RFC 2047, 2 and 5.
    has("subject_utf8", |fields| is_utf8(&fields.subject)),
    has("subject_gap", |fields| fields.subject.as_ref().is_some_and(|subject| has_gap(subject))),
    has("word_long", |fields| some_word(fields, |word| word.whole > 75)),
    has("word_charset", |fields| some_word(fields, |word| !word.charset_known)),
    has("word_encoding", |fields| some_word(fields, |word| !word.encoding_known)),
    has("word_broken", |fields| some_word(fields, |word| word.broken)),
    has("word_empty", |fields| some_word(fields, |word| word.empty)),
    has("word_spaces", |fields| some_word(fields, |word| word.spaces)),
    // MIME: RFC 2045, 4 and 6.
    has("mime_version_twice", |fields| fields.count(b"MIME-Version") > 1),
    has("encoding_twice", |fields| fields.count(b"Content-Transfer-Encoding") > 1),
    has("encoding_multipart", |fields| fields.is_multipart && fields.encoding.as_ref().is_some_and(|encoding| matches!(trim(encoding), b"base64" | b"quoted-printable"))),
    has("encoding_unknown", |fields| fields.encoding.as_ref().is_some_and(|encoding| !is_known_encoding(encoding))),
    // The rest.
    has("return_path_twice", |fields| fields.count(b"Return-Path") > 1),
    has("return_path_bare", |fields| fields.return_path.as_ref().is_some_and(|path| !path.contains(&b'<') && path.contains(&b'@'))),
    has("resent_no_date", |fields| fields.resent.from && !fields.resent.date),
    has("resent_no_from", |fields| fields.resent.date && !fields.resent.from),
    has("many_twice", |fields| fields.counts.iter().filter(|&&count| count > 1).count() >= 3),
    has("many_empty", |fields| fields.empty >= 3),
    has("other_utf8", |fields| fields.other_utf8),
    has("long_name", |fields| fields.long_name),
];

impl Written {
    fn new(name: &[u8], text: Option<Vec<u8>>, views: &Views) -> Written {
        let Some(text) = text else { return Written::default() };
        let query = [name, b":addr"].concat();
        let addresses = HeaderQuery::ask(&query).values(&views.source());
        let shape = Shape::new(trim(&text));
        Written { shape, addresses, text: Some(text) }
    }
}

/// The value on one line, without the white space around.
fn unfolded(raw: &[u8]) -> Vec<u8> {
    let mut value = trim(raw).to_vec();
    value.retain(|byte| !matches!(byte, b'\n' | b'\r'));
    value
}

fn is_blank(value: &Option<Vec<u8>>) -> bool {
    value.as_ref().is_some_and(|value| value.is_empty())
}

fn has_text(value: &Option<Vec<u8>>) -> bool {
    value.as_ref().is_some_and(|value| !value.is_empty())
}

fn is_utf8(value: &Option<Vec<u8>>) -> bool {
    value.as_ref().is_some_and(|value| !value.is_ascii() && std::str::from_utf8(value).is_ok())
}

fn is_eight_bit(value: &Option<Vec<u8>>) -> bool {
    value.as_ref().is_some_and(|value| std::str::from_utf8(value).is_err())
}

fn has_double(addresses: &[Vec<u8>]) -> bool {
    let mut seen = HashSet::new();
    addresses.iter().any(|address| !seen.insert(address.to_ascii_lowercase()))
}

/// The host of `<left@host>`.
fn id_host(id: &[u8]) -> Option<&[u8]> {
    let end = memchr::memchr(b'>', id)?;
    let inside = id.get(..end)?;
    let at = memchr::memrchr(b'@', inside)?;
    inside.get(at + 1..).filter(|host| !host.is_empty())
}

/// Did our own host give the message its Message-ID, because it came without one? What our own
/// users wrote may come back with one of ours.
fn is_ours(host: &Named, from: &Written, views: &Views) -> bool {
    let relays = views.relays();
    let mut hops = relays.side(Side::Internal).iter().chain(relays.side(Side::External).first());
    if !hops.any(|hop| hop.by.eq_ignore_ascii_case(&host.name)) {
        return false;
    }
    let Some(peer) = Peer::new(views) else { return false };
    let is_from_us = |ours: &Named| {
        let domain = |address: &Vec<u8>| {
            let at = memchr::memrchr(b'@', address)?;
            Some(Named::new(address.get(at + 1..)?, &views.settings().domains))
        };
        from.addresses.iter().filter_map(domain).any(|domain| domain.is_related(ours))
    };
    let ours = peer.ours.iter().find(|ours| ours.name == host.name);
    ours.is_some_and(|ours| !is_from_us(ours) && !peer.rdns.is_related(ours))
}

/// Text after the last `>` that is no comment.
fn is_word_after_id(id: &[u8]) -> bool {
    let after = memchr::memrchr(b'>', id).and_then(|end| id.get(end + 1..));
    let after = after.map(trim).unwrap_or_default();
    !after.is_empty() && !after.starts_with(b"(")
}

fn has_space_inside(id: &[u8]) -> bool {
    let inside = memchr::memchr(b'<', id).zip(memchr::memchr(b'>', id));
    let inside = inside.and_then(|(begin, end)| id.get(begin + 1..end)).unwrap_or_default();
    inside.iter().any(|&byte| is_space(byte)) && inside.contains(&b'@')
}

/// Is the Message-ID among the ids that the message says it answers?
fn names_itself(id: &Option<Vec<u8>>, others: &Option<Vec<u8>>) -> bool {
    let (Some(id), Some(others)) = (id, others) else { return false };
    let is_id = id.starts_with(b"<") && id.ends_with(b">") && id.contains(&b'@');
    is_id && memchr::memmem::find(others, id).is_some()
}

/// Eight spaces in a row with text on both sides: what follows is for no reader.
fn has_gap(subject: &[u8]) -> bool {
    let is_white = |byte: &u8| matches!(byte, b' ' | b'\t');
    let mut run = 0;
    for byte in trim(subject) {
        match is_white(byte) {
            true => run += 1,
            false if run >= 8 => return true,
            false => run = 0,
        }
    }
    false
}

fn is_known_encoding(encoding: &[u8]) -> bool {
    let word = encoding.split(|byte| matches!(byte, b';' | b'(' | b' ' | b'\t')).next();
    let known = [&b"7bit"[..], b"8bit", b"binary", b"quoted-printable", b"base64"];
    word.is_some_and(|word| known.contains(&word) || word.starts_with(b"x-") || word.is_empty())
}

/// Does it hold of an encoded word in Subject or From?
fn some_word(fields: &Fields, holds: fn(&Word) -> bool) -> bool {
    fields.words.iter().any(holds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_gap_has_text_on_both_sides() {
        assert!(has_gap(b"Hello         x7") && has_gap(b"Hello\t\t\t\t\t\t\t\tx7"));
        assert!(!has_gap(b"Hello       x7") && !has_gap(b"        Hello         "));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes: Vec<u8>, text in "[ a<>@(]{0,60}") {
            for text in [&bytes, text.as_bytes()] {
                let _ = (id_host(text), has_gap(text), has_space_inside(text), is_word_after_id(text));
                let _ = Named::new(text, &Default::default()).embeds_other("9.9.9.9".parse().unwrap());
            }
        }
    }
}
