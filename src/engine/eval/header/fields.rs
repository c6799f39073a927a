//! Single fields: bytes that may not be there, templates, ids, senders that differ.

use super::super::arguments::regex;
use super::super::{Binding, MISS, Test, hit_if, literal, number, ok_locales};
use super::facts::{Facts, Remover, facts, text, values};
use crate::message::view::Views;
use crate::rules::model::Eval;
use crate::text::ascii::is_space;
use crate::text::locales;
use memchr::memmem;
use std::collections::HashSet;
use std::sync::Arc;

/// `check_illegal_chars`
pub fn illegal_characters(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    let (ratio, count) = (number(call, 1)?, number(call, 2)?);
    let name = literal(call, 0)?;
    let query = match name.ends_with(b":raw") {
        true => name.to_vec(),
        false => [name, b":raw"].concat(),
    };
    let is_subject = query.eq_ignore_ascii_case(b"subject:raw");
    Ok(Arc::new(move |scan, _| {
        let text = values(&query, scan.views());
        let Some(illegal) = illegal(&text, is_subject) else { return Ok(MISS) };
        let illegal = illegal as f64;
        let length: usize = text.iter().map(Vec::len).sum();
        hit_if(length > 0 && illegal / length as f64 >= ratio && illegal >= count && is_text(&text))
    }))
}

fn is_text(values: &[Vec<u8>]) -> bool {
    values.iter().flatten().any(|&byte| !is_space(byte))
}

/// How many bytes may not stand in a header: controls other than white space, and 8-bit ones.
/// `None` for UTF-8 without such controls, which may.
fn illegal(values: &[Vec<u8>], is_subject: bool) -> Option<usize> {
    let is_control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    let bytes = || values.iter().flatten().copied();
    let wide = bytes().filter(|byte| !byte.is_ascii()).count();
    let controls = bytes().filter(|&byte| is_control(byte)).count();
    if wide > 0 && controls == 0 && values.iter().all(|value| std::str::from_utf8(value).is_ok()) {
        return None;
    }
    let illegal = wide + controls + bytes().filter(|&byte| byte == 0x7f).count();
    // One cent sign, pound sign or registered sign (ISO 8859-1) is let pass.
    let signs = bytes().filter(|byte| matches!(byte, 0xa2 | 0xa3 | 0xae)).count();
    Some(if is_subject && signs == 1 { illegal.saturating_sub(1) } else { illegal })
}

/// `check_for_faraway_charset_in_headers`
pub fn faraway_charset(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    let word = regex(r"=\?(.+?)\?.\?.*?\?=")?;
    let environment = to.rules.language().to_vec();
    Ok(Arc::new(move |scan, _| {
        let locales = ok_locales(scan, &environment);
        let Some(locales) = &locales.0 else { return Ok(MISS) };
        let is_faraway = |value: &Vec<u8>| {
            let mut charsets = word.captures_iter(value).filter_map(|found| found.get(1));
            charsets.any(|charset| !locales::is_at_home(charset.as_bytes(), locales))
        };
        let headers = [&b"From:raw"[..], b"Subject:raw"].into_iter();
        hit_if(headers.flat_map(|name| values(name, scan.views())).any(|value| is_faraway(&value)))
    }))
}

/// `check_for_matching_env_and_hdr_from`
pub fn senders_agree(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    Ok(Arc::new(|scan, _| {
        let facts = facts(scan);
        let views = scan.views();
        hit_if(facts.envelope_sender(views).eq_ignore_ascii_case(facts.from(views)))
    }))
}

/// `check_equal_from_domains`, which hits where they are not.
pub fn domains_differ(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    Ok(Arc::new(|scan, _| {
        let facts = facts(scan);
        let views = scan.views();
        let [from, sender] = [facts.from(views), facts.envelope_sender(views)].map(last_two_labels);
        hit_if(!from.is_empty() && !sender.is_empty() && !from.eq_ignore_ascii_case(sender))
    }))
}

/// `example.org` of `a@mail.example.org`; the whole host if an empty label is among the last two.
fn last_two_labels(address: &[u8]) -> &[u8] {
    let at = memchr::memrchr(b'@', address);
    let Some(host) = at.and_then(|at| address.get(at + 1..)) else { return b"" };
    let mut dots = memchr::memrchr_iter(b'.', host);
    match (dots.next(), dots.next()) {
        (Some(last), Some(before)) if before > 0 && before + 1 < last && last + 1 < host.len() => {
            host.get(before + 1..).unwrap_or(host)
        }
        _ => host,
    }
}

/// `check_header_count_range`
pub fn count(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    let (least, most) = (number(call, 1)?, number(call, 2)?);
    let name = literal(call, 0)?.to_vec();
    Ok(Arc::new(move |scan, _| {
        let headers = scan.views().message().headers();
        // Decoding is not for nothing: it may make two values one.
        let different = match headers.all(&name).count() {
            few @ (0 | 1) => few,
            _ => values(&name, scan.views()).into_iter().collect::<HashSet<_>>().len(),
        };
        hit_if(different as f64 >= least && different as f64 <= most)
    }))
}

/// `check_messageid_not_usable`
pub fn id_not_usable(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    let remover = to.shared(Remover::new)?;
    let list = regex(r"(?i)<mailto:(?:leave-\S+|\S+-unsubscribe)@\S+>\n?\z")?;
    Ok(Arc::new(move |scan, _| {
        let facts: Arc<Facts> = facts(scan);
        let views = scan.views();
        let is_there = |server: &[u8]| memmem::find(facts.received(views), server).is_some();
        hit_if(
            list.is_match(&text(b"List-Unsubscribe", views))
                || facts.came_through_remover(views, &remover)
                || is_there(b"/CWT/DCE)")
                || is_there(b"iPlanet Messaging Server"),
        )
    }))
}

/// `check_unresolved_template`
pub fn unresolved_template(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    let template = regex(r"%[A-Z][A-Z_-]")?;
    // These hold a percent sign by right, or what people write.
    let exempt = regex(
        r"(?ix)^(?:X-VMS-To|X-UIDL|X-Face|To|Cc|From|Subject|References|In-Reply-To
            |(?:X-|Resent-|X-Original-)?Message-Id):",
    )?;
    Ok(Arc::new(move |scan, _| {
        let views: &Views = scan.views();
        let source = views.source();
        let block = source.block();
        let mut lines = block.split(|&byte| byte == b'\n');
        hit_if(lines.any(|line| template.is_match(line) && !exempt.is_match(line)))
    }))
}

/// `check_ratware_name_id`
pub fn ratware_id(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    let id = regex(r"<[A-Z]{28}\.([^>]+)>")?;
    Ok(Arc::new(move |scan, _| {
        let message_id = text(b"MESSAGEID", scan.views());
        let address = id.captures(&message_id).and_then(|found| found.get(1));
        let Some(address) = address else { return Ok(MISS) };
        let address = [b"<", address.as_bytes(), b">"].concat();
        hit_if(follows_quoted_name(&text(b"From", scan.views()), &address))
    }))
}

/// Does `address` follow a name in quotes?
fn follows_quoted_name(from: &[u8], address: &[u8]) -> bool {
    memmem::find_iter(from, address).any(|at| {
        let before = crate::text::ascii::trim_end(from.get(..at).unwrap_or_default());
        let Some(name) = before.strip_suffix(b"\"") else { return false };
        memchr::memrchr(b'"', name).is_some_and(|quote| quote + 1 < name.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_compared_by_their_last_two_labels() {
        for (address, expected) in [
            ("a@mail.example.org", "example.org"),
            ("a@b@mail.example.org", "example.org"),
            ("a@example.org", "example.org"),
            ("a@localhost", "localhost"),
            ("a@.example.org", ".example.org"),
            ("a@x..example.org", "example.org"),
            ("a@mail.example.org.", "mail.example.org."),
            ("a@mail..org", "mail..org"),
            ("a@", ""),
            ("a", ""),
        ] {
            let found = last_two_labels(address.as_bytes());
            assert_eq!(String::from_utf8_lossy(found), expected, "{address}");
        }
    }

    #[test]
    fn bytes_are_illegal_unless_they_are_text() {
        for (text, expected) in [
            (&b" plain\ttext\r\n"[..], Some(0)),
            (b" \x01\x02\x7f\n", Some(3)),
            ("süß\n".as_bytes(), None),
            ("süß\x01\n".as_bytes(), Some(5)),
            (b" s\xfc\xdf\n", Some(2)),
            (b" 5 \xa3\n", Some(0)),
            (b" 5 \xa3 \xa3\n", Some(2)),
            (b" \x7f\n", Some(1)),
        ] {
            assert_eq!(illegal(&[text.to_vec()], true), expected, "{text:?}");
        }
        assert_eq!(illegal(&[b" 5 \xa3\n".to_vec()], false), Some(1));
    }

    #[test]
    fn an_address_follows_a_name_in_quotes() {
        for (from, expected) in [
            ("\"A\" <x@y>\n", true),
            ("\"A\"<x@y>\n", true),
            ("\"\" <x@y>\n", false),
            ("A <x@y>\n", false),
            ("A\" <x@y>\n", false),
            ("<x@y> \"A\" <x@y>\n", true),
            ("\"A\" <xx@y>\n", false),
        ] {
            assert_eq!(follows_quoted_name(from.as_bytes(), b"<x@y>"), expected, "{from}");
        }
    }
}
