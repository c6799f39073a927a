//! Directives of SpamAssassin::Conf that say what a reply adds to a message.

use super::apply::{Answer, required, valid};
use super::core::one_of;
use super::directives::Form;
use super::draft::{Draft, Line, Refusal};
use super::options::Value;
use super::scan::first_word;

pub(super) fn rewrite_header(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    required(line.value)?;
    let (name, text) = first_word(line.value).unwrap_or((line.value, b""));
    let name: &[u8] = match &*name.to_ascii_lowercase() {
        b"from" => b"From",
        b"subject" => b"Subject",
        b"to" => b"To",
        _ => return Err(Refusal::Invalid),
    };
    let bracket = |b: &u8| match b {
        b'(' if name != b"Subject" => b'[',
        b')' if name != b"Subject" => b']',
        b => *b,
    };
    let text: Box<[u8]> = text.iter().map(bracket).collect();
    draft.options.change_map(b"rewrite_header", line.place, |map| {
        if text.is_empty() {
            map.remove(name);
        } else {
            map.insert(name.into(), text);
        }
    });
    Ok(())
}

/// The settings that `ham`, `spam` or `all` means.
fn headers_of(kind: &[u8]) -> Result<&'static [&'static [u8]], Refusal> {
    Ok(match kind {
        b"ham" => &[b"headers_ham"],
        b"spam" => &[b"headers_spam"],
        b"all" => &[b"headers_ham", b"headers_spam"],
        _ => return Err(Refusal::Invalid),
    })
}

fn is_header_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|&b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// `add_header ham|spam|all Name text`
pub(super) fn add_header(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let (kind, rest) = first_word(line.value).ok_or(Refusal::Invalid)?;
    let settings = headers_of(kind)?;
    let (name, text) = first_word(rest).ok_or(Refusal::Invalid)?;
    valid(is_header_name(name))?;
    let text = match text {
        [b'"', inner @ .., b'"'] => inner,
        text => text,
    };
    let text = unescape(text);
    for setting in settings {
        draft.options.change_pairs(setting, line.place, |headers| {
            headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
            headers.push((name.into(), text.clone().into()));
        });
    }
    Ok(())
}

/// `\t`, `\n` and `\\` mean what they do in Perl; other escapes are left out.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&b) = bytes.next() {
        match (b, if b == b'\\' { bytes.next() } else { None }) {
            (b'\\', Some(b't')) => out.push(b'\t'),
            (b'\\', Some(b'n')) => out.push(b'\n'),
            (b'\\', Some(b'\\')) => out.push(b'\\'),
            (b'\\', Some(_)) => {}
            (b, _) => out.push(b),
        }
    }
    out
}

pub(super) fn remove_header(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let (kind, name) = first_word(line.value).ok_or(Refusal::Invalid)?;
    let settings = headers_of(kind)?;
    valid(is_header_name(name))?;
    if name == b"Checker-Version" {
        return Ok(());
    }
    for setting in settings {
        draft.options.change_pairs(setting, line.place, |headers| {
            headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        });
    }
    Ok(())
}

pub(super) fn clear_headers(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    valid(line.value.is_empty())?;
    let is_version = |name: &[u8]| name.eq_ignore_ascii_case(b"checker-version");
    let version =
        draft.options.pairs("headers_ham").iter().find(|(name, _)| is_version(name)).cloned();
    for setting in [&b"headers_ham"[..], b"headers_spam"] {
        let kept = version.iter().cloned().collect();
        draft.options.put(setting, Value::Pairs(kept), Some(line.place));
    }
    Ok(())
}

pub(super) fn report_safe(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    required(line.value)?;
    one_of(draft, b"report_safe", line, b"012", Form::Number)?;
    if line.value == b"0" {
        draft.options.change_pairs(b"headers_spam", line.place, |headers| {
            if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(b"report")) {
                headers.push((b"Report"[..].into(), b"_REPORT_"[..].into()));
            }
        });
    }
    Ok(())
}
