//! Mail addresses in running text, and the text without those that are no contact.
//!
//! In: bytes of a paragraph and the known top-level domains. Out: places of addresses, or the
//! paragraph rewritten. An address is found from its `@`: whatever stands before and after is
//! bounded, so the work is linear in the text. Facts: Mail::SpamAssassin::Plugin::FreeMail(3).

use crate::text::ascii::is_space;
use crate::text::domain::Registry;
use memchr::{memchr, memmem, memrchr};
use std::ops::Range;

/// The longest local part, of which an address may be the end (RFC 5321 section 4.5.3.1.1).
const LOCAL_PART: usize = 64;
/// The longest label before the top-level domain.
const LABEL: usize = 61;
/// The most labels before the top-level domain.
const LABELS: usize = 4;
/// The longest label of all (RFC 1035 section 2.3.4): no top-level domain has more.
const LAST_LABEL: usize = 63;
/// How far before and after its `@` a URL is looked at.
const URL_REACH: usize = 255;
/// The most letters of the word that a quotation begins with: `wrote:`.
const QUOTE_WORD: Range<usize> = 2..12;
/// The most white space before that word.
const QUOTE_SPACE: Range<usize> = 1..11;
/// What stands between an address and a number or another address in a signature.
const CONTACT_WORDS: [&[u8]; 6] = [b"fax", b"facsi", b"tel", b"phone", b"email", b"mail"];

/// The first address of `text` that begins at `from` or later.
pub fn next_address(text: &[u8], from: usize, registry: &Registry) -> Option<Range<usize>> {
    candidates(text, from, registry).find_map(|found| found.starts.last().map(|&s| s..found.end))
}

/// The address that begins right at `start`.
pub fn address_at(text: &[u8], start: usize, registry: &Registry) -> Option<Range<usize>> {
    let found = candidates(text, start, registry).next()?;
    found.starts.contains(&start).then_some(start..found.end)
}

/// A paragraph without URLs that hold an address (for they are no contact) and without
/// addresses in angle brackets or before a quotation: a space in place of each.
pub fn without_mentions(text: &[u8], registry: &Registry) -> Vec<u8> {
    without_addresses(&without_urls(text), registry)
}

fn without_urls(text: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(text.len());
    let mut from = 0;
    for colon in memmem::find_iter(text, b"://") {
        let Some(found) = url_with_address(text, from, colon) else { continue };
        kept.extend_from_slice(text.get(from..found.start).unwrap_or_default());
        kept.push(b' ');
        from = found.end;
    }
    kept.extend_from_slice(text.get(from..).unwrap_or_default());
    kept
}

/// The URL around `://` at `colon`, as far as it matters, if an `@` stands in it.
fn url_with_address(text: &[u8], from: usize, colon: usize) -> Option<Range<usize>> {
    let before = text.get(from..colon)?;
    let scheme = [&b"https"[..], b"http"].into_iter().find(|s| ends_with_ignore_case(before, s))?;
    let start = after_bracket(text, from, colon - scheme.len());
    let rest = text.get(colon + 3..)?;
    let near = rest.get(..URL_REACH + 3).unwrap_or(rest);
    let near = near.split(|&b| is_space(b)).next()?;
    let at = memrchr(b'@', near.get(..URL_REACH + 1).unwrap_or(near)).map(|at| at + 1);
    let encoded = memmem::rfind(near, b"%40").map(|at| at + 3);
    let sign = at.max(encoded)?;
    let after = rest.get(sign..)?.iter().take(URL_REACH).take_while(|&&b| !is_space(b)).count();
    Some(start..colon + 3 + sign + after)
}

fn without_addresses(text: &[u8], registry: &Registry) -> Vec<u8> {
    let mut kept = Vec::with_capacity(text.len());
    let mut from = 0;
    while let Some(found) = next_mention(text, from, registry) {
        kept.extend_from_slice(text.get(from..found.start).unwrap_or_default());
        kept.push(b' ');
        from = found.end;
    }
    kept.extend_from_slice(text.get(from..).unwrap_or_default());
    kept
}

/// The next address that is only mentioned, with what marks it as such.
fn next_mention(text: &[u8], from: usize, registry: &Registry) -> Option<Range<usize>> {
    candidates(text, from, registry).find_map(|found| {
        let mark = text.get(found.end..).and_then(mention_mark)?;
        let linked =
            |start| ends_with_ignore_case(text.get(..start).unwrap_or_default(), b"mailto:");
        let start = found.starts.iter().rev().copied().find(|&start| !linked(start))?;
        Some(after_bracket(text, from, start)..found.end + mark)
    })
}

/// The length of what follows an address that is only mentioned: `>`, or ` wrote:`.
fn mention_mark(after: &[u8]) -> Option<usize> {
    if after.first() == Some(&b'>') {
        return Some(1);
    }
    let blanks = after.iter().take(QUOTE_SPACE.end).take_while(|&&b| is_space(b)).count();
    let rest = after.get(blanks..)?;
    let letters = rest.iter().take(QUOTE_WORD.end).take_while(|b| b.is_ascii_alphabetic()).count();
    let word = rest.get(..letters)?.to_ascii_lowercase();
    let quotes = QUOTE_SPACE.contains(&blanks)
        && QUOTE_WORD.contains(&letters)
        && rest.get(letters) == Some(&b':')
        && !CONTACT_WORDS.iter().any(|contact| word.starts_with(contact));
    quotes.then_some(blanks + letters + 1)
}

/// `start`, or the place of the `<` right before it.
fn after_bracket(text: &[u8], from: usize, start: usize) -> usize {
    let before = text.get(from..start).unwrap_or_default();
    if before.ends_with(b"<") { start - 1 } else { start }
}

/// An `@` with a domain behind it and with the places where its address may begin.
struct Candidate {
    /// From right to left; none of them is before a byte that could belong to the address.
    starts: Vec<usize>,
    end: usize,
}

/// The candidates behind `from`, each with at least one place to begin.
fn candidates<'t>(
    text: &'t [u8],
    from: usize,
    registry: &'t Registry,
) -> impl Iterator<Item = Candidate> + 't {
    let mut next = from;
    std::iter::from_fn(move || {
        loop {
            let at = next + memchr(b'@', text.get(next..)?)?;
            next = at + 1;
            let starts = starts(text, from, at);
            if !starts.is_empty()
                && let Some(end) = domain_end(text, next, registry)
            {
                return Some(Candidate { starts, end });
            }
        }
    })
}

/// Where an address may begin whose `@` is at `at`: at each dotted word of what stands before.
fn starts(text: &[u8], from: usize, at: usize) -> Vec<usize> {
    let mut starts = Vec::new();
    let least = from.max(at.saturating_sub(LOCAL_PART));
    let before = text.get(..at).unwrap_or_default();
    let mut word_end = at;
    while let Some(head) = before.get(..word_end) {
        // One byte more than allowed is enough to know that a word is too long.
        let room = word_end.saturating_sub(least) + 1;
        let length = head.iter().rev().take(room).take_while(|&&b| is_local(b)).count();
        let start = word_end - length;
        if length == 0 || start < least {
            break;
        }
        starts.push(start);
        match head.get(..start) {
            Some([.., b'.']) => word_end = start - 1,
            _ => break,
        }
    }
    starts
}

/// Where the domain ends that begins at `start`, if it is one.
fn domain_end(text: &[u8], mut start: usize, registry: &Registry) -> Option<usize> {
    for labels in 0..=LABELS {
        let rest = text.get(start..)?;
        let length = rest.iter().take(LAST_LABEL + 1).take_while(|&&b| is_label(b)).count();
        let (label, after) = rest.split_at_checked(length)?;
        if !matches!(after, [b'.', next, ..] if next.is_ascii_alphanumeric()) {
            let known = registry.tlds.contains(label.to_ascii_lowercase().as_slice());
            return (labels > 0 && length <= LAST_LABEL && known).then_some(start + length);
        }
        let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        if length > LABEL || !edge(label.first()) || !edge(label.last()) {
            return None;
        }
        start += length + 1;
    }
    None
}

/// RFC 5322's atext.
fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

fn is_label(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

fn ends_with_ignore_case(text: &[u8], end: &[u8]) -> bool {
    let start = text.len().checked_sub(end.len());
    start.and_then(|start| text.get(start..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}
