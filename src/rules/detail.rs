//! `mimeheader` and `uri_detail`, the rule types that plugins bring.
//!
//! SpamAssassin::Plugin::MIMEHeader and ::URIDetail.

use super::apply::{Answer, required, valid};
use super::captures::{CAPTURES_FIRST, has_named_capture};
use super::define::{add_test, named, operator, split_if_unset};
use super::draft::{Draft, Kind, Line, MimeHeader, Refusal};
use super::model::{EvalClass, UriCondition, UriKey};
use super::names::is_rule_name;
use super::regex::{Pattern, Strip};
use super::scan::{first_word, is_space};
use std::sync::Arc;

pub(super) fn mime_header(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let (name, value) = first_word(line.value).ok_or(Refusal::Invalid)?;
    valid(is_rule_name(name))?;
    required(value)?;
    let (header, negated, text) = split_mime_test(value).ok_or(Refusal::Invalid)?;
    let (text, if_unset) = split_if_unset(text);
    let pattern = Pattern::parse(text, Strip::Required).map_err(|_| Refusal::Invalid)?;
    let captures = has_named_capture(&pattern.source());
    let bare = header.strip_suffix(b":raw");
    let mime = MimeHeader {
        header: bare.unwrap_or(header).into(),
        raw: bare.is_some(),
        pattern: Arc::new(pattern),
        negated,
        if_unset: if_unset.unwrap_or_default().into(),
    };
    let first = draft.entry(name).mime.replace(Arc::new(mime)).is_none();
    // Later lines change the conditions, not what kind of rule the name is.
    if first {
        add_test(draft, name, value, Kind::Mime, line);
        if captures {
            let entry = draft.entry(name);
            entry.captures = true;
            entry.priority = Some(CAPTURES_FIRST);
        }
    }
    Ok(())
}

/// `Header[:[raw]] =~ /pattern/`, where the header is anything without colon and white space.
fn split_mime_test(value: &[u8]) -> Option<(&[u8], bool, &[u8])> {
    let longest = value.iter().take_while(|&&b| b != b':' && !is_space(b)).count();
    // The operator may follow without white space, and `=`, `!`, `~` may be part of the name.
    (1..=longest).rev().find_map(|end| {
        let (name, rest) = value.split_at_checked(end)?;
        for suffix in [&b":raw"[..], b":", b""] {
            let Some(behind) = rest.strip_prefix(suffix) else { continue };
            if let Some((negated, text)) = operator(behind) {
                let header = value.get(..end + suffix.len())?;
                let header = if suffix == b":" { name } else { header };
                return Some((header, negated, text));
            }
        }
        None
    })
}

/// `uri_detail NAME key =~ /pattern/ …`
pub(super) fn uri_detail(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let (name, mut rest) = named(line)?;
    let mut added = false;
    while let Some((condition, behind)) = next_condition(rest) {
        rest = behind;
        let key = uri_key(condition.key).ok_or(Refusal::Invalid)?;
        let pattern =
            Pattern::parse(condition.text, Strip::Required).map_err(|_| Refusal::Invalid)?;
        let condition =
            UriCondition { key, pattern: Arc::new(pattern), negated: condition.negated };
        let conditions = &mut draft.entry(name).uri;
        match conditions.iter_mut().find(|other| other.key == key) {
            Some(other) => *other = condition,
            None => conditions.push(condition),
        }
        added = true;
    }
    valid(added)?;
    add_test(draft, name, b"check_uri_detail()", Kind::Eval(EvalClass::Body), line);
    Ok(())
}

fn uri_key(key: &[u8]) -> Option<UriKey> {
    Some(match key {
        b"raw" => UriKey::Raw,
        b"type" => UriKey::Type,
        b"cleaned" => UriKey::Cleaned,
        b"text" => UriKey::Text,
        b"domain" => UriKey::Domain,
        b"host" => UriKey::Host,
        _ => return None,
    })
}

/// One condition as written.
struct Condition<'t> {
    key: &'t [u8],
    negated: bool,
    text: &'t [u8],
}

/// The next `key =~ /pattern/mods` and what follows it. What fits nothing is passed over.
fn next_condition(text: &[u8]) -> Option<(Condition<'_>, &[u8])> {
    let mut at = 0;
    while at < text.len() {
        let rest = text.get(at..)?;
        let length = rest.iter().take_while(|&&b| super::arithmetic::is_word(b)).count();
        if length == 0 {
            at += 1;
            continue;
        }
        let (key, behind) = rest.split_at_checked(length)?;
        if let Some((negated, pattern)) = operator(behind)
            && let Some(end) = pattern_end(pattern)
        {
            let (pattern, behind) = pattern.split_at_checked(end)?;
            return Some((Condition { key, negated, text: pattern }, behind));
        }
        at += length;
    }
    None
}

/// Where a pattern with its delimiters and `imsx` ends: at white space or at the end of the line.
fn pattern_end(text: &[u8]) -> Option<usize> {
    let (start, close) = match text {
        [b'/', ..] => (1, b'/'),
        [b'm', open, ..] if !super::arithmetic::is_word(*open) => (2, *open),
        _ => return None,
    };
    let ends = |at: usize| {
        let letters = text.get(at..)?.iter().take_while(|b| b"imsx".contains(b)).count();
        let behind = text.get(at + letters);
        behind.copied().is_none_or(is_space).then_some(at + letters)
    };
    let closes = text.iter().enumerate().skip(start).filter(|(_, b)| **b == close);
    closes.map(|(at, _)| at + 1).find_map(ends)
}
