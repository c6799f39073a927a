//! Addresses and names in `From`, `To`, `Cc` and their like, right or wrong.
//!
//! A raw header value in, addresses out, in order. The grammar is RFC 5322 section 3.4 as
//! SpamAssassin's own lenient parser sees it (Mail::SpamAssassin::Util,
//! `parse_header_addresses`): what is found matters more than what is valid. Where it
//! finds fewer addresses than there are commas, [`super::address_list`] reads the value
//! strictly, and wins if it finds more.

use super::address_list;
use crate::text::ascii::{is_space, trim_end};
use crate::text::domain;
use std::collections::HashSet;
use std::ops::Range;

/// One address, or what stands in the place of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The display name, without quotes and comments, not decoded; a comment where there
    /// is no name.
    pub phrase: Option<Vec<u8>>,
    /// `local@domain`; `None` if what is there is none.
    pub address: Option<Vec<u8>>,
}

/// How often a place where an address might end is tried before the value is given up:
/// hostile ones have thousands of angle brackets.
const TRIES: usize = 256;

/// Reads at most `limit` addresses from a header's value.
pub fn parse(value: &[u8], limit: usize) -> Vec<Address> {
    if value.iter().all(|&byte| is_space(byte)) {
        return Vec::new();
    }
    let lenient = parse_lenient(value, limit);
    let commas = value.iter().filter(|&&byte| byte == b',').count();
    if lenient.is_empty() || lenient.len() <= commas {
        let strict = address_list::parse(value, limit);
        if strict.len() > lenient.len() {
            return strict;
        }
    }
    lenient
}

fn parse_lenient(value: &[u8], limit: usize) -> Vec<Address> {
    let text = without_group(&without_backslash_pairs(trim_end(value)));
    let mut found = Vec::new();
    if text.iter().all(|&byte| is_space(byte)) {
        return found;
    }
    let mut rest = text.as_slice();
    while found.len() < limit
        && let Some((item, after)) = next_item(rest)
    {
        found.push(item.into_address());
        rest = rest.get(after..).unwrap_or_default();
    }
    if rest.contains(&b'@') {
        let free = limit.saturating_sub(found.len());
        found.extend(bracketed(rest).take(free));
    }
    found
}

/// `\\` means one backslash, which no address needs.
pub(super) fn without_backslash_pairs(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        match after.strip_prefix(b"\\") {
            Some(after) if byte == b'\\' => rest = after,
            _ => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}

/// `name: a@b, c@d;` without the name; nothing if the group is empty.
fn without_group(text: &[u8]) -> Vec<u8> {
    let plain = text.iter().take_while(|byte| !b"\"()<>".contains(byte)).count();
    let name = text.get(..plain).unwrap_or_default();
    let rest = match name.iter().rposition(|&byte| byte == b':') {
        Some(colon) if colon > 0 => text.get(colon + 1..).unwrap_or_default(),
        _ => return text.to_vec(),
    };
    let blanks = rest.iter().take_while(|&&byte| is_space(byte)).count();
    match rest.get(blanks..) {
        Some([b';', ..]) | None => Vec::new(),
        Some(rest) => rest.to_vec(),
    }
}

/// One item of the list as it stands there.
#[derive(Debug, Default)]
struct Item<'t> {
    phrase: Option<&'t [u8]>,
    /// What is between angle brackets.
    bracketed: Option<&'t [u8]>,
    /// An address without them.
    plain: Option<&'t [u8]>,
    comment: Option<&'t [u8]>,
}

/// The item at the begin of `text`, and where the next one begins.
fn next_item(text: &[u8]) -> Option<(Item<'_>, usize)> {
    let begin = skip_space(text, 0);
    angle_item(text, begin).or_else(|| plain_item(text, begin)).or_else(|| phrase_item(text, begin))
}

/// `phrase <address> (comment)`; repeated brackets are allowed.
fn angle_item(text: &[u8], begin: usize) -> Option<(Item<'_>, usize)> {
    let phrase_end = phrase_end(text, begin);
    let open = skip_space(text, phrase_end);
    if text.get(open) != Some(&b'<') {
        return None;
    }
    let inside = skip_space(text, open + 1);
    let mut failed = HashSet::new();
    for end in bracket_ends(text, inside) {
        let close = skip_space(text, end) + 1;
        if let Some((comment, after)) = item_end(text, close, &mut failed) {
            let item = Item {
                phrase: (phrase_end > begin).then(|| text.get(begin..phrase_end)).flatten(),
                bracketed: text.get(inside..end),
                comment: comment.and_then(|range| text.get(range)),
                plain: None,
            };
            return Some((item, after));
        }
        if failed.len() > TRIES {
            break;
        }
    }
    None
}

/// Where what begins at `inside` a bracket may end: before a `>`, the farthest first, as
/// long as no white space comes between, then before the first `>` of all.
fn bracket_ends(text: &[u8], inside: usize) -> impl Iterator<Item = usize> {
    let rest = text.get(inside..).unwrap_or_default();
    let stop = inside + rest.iter().take_while(|byte| !b">@".contains(byte)).count();
    let run_end = stop + run_length(text, stop);
    let after_space = closes(text, run_end).then_some(run_end).filter(|&end| end > stop);
    let within = (stop + 1..run_end).rev().filter(move |&end| text.get(end) == Some(&b'>'));
    // Without any `@`, or with one behind the bracket only.
    let content = text.get(inside..stop).map_or(0, |content| trim_end(content).len());
    let nearest = (text.get(stop) == Some(&b'>')).then_some(inside + content);
    after_space.into_iter().chain(within.collect::<Vec<_>>()).chain(nearest).take(TRIES)
}

/// Goes on behind a bracket: more brackets, a comment, then a comma, a semicolon or the
/// end. `failed` remembers which places have been tried.
fn item_end(
    text: &[u8],
    from: usize,
    failed: &mut HashSet<usize>,
) -> Option<(Option<Range<usize>>, usize)> {
    enum Step {
        More(usize),
        Last(usize),
    }
    let mut steps = vec![Step::More(from)];
    while let Some(step) = steps.pop() {
        match step {
            Step::More(at) => {
                if failed.len() > TRIES || !failed.insert(at) {
                    continue;
                }
                steps.push(Step::Last(at));
                let open = skip_space(text, at);
                if text.get(open) == Some(&b'<') {
                    let mut ends = repeated_ends(text, skip_space(text, open + 1));
                    ends.truncate(TRIES);
                    steps.extend(
                        ends.into_iter().rev().map(|end| Step::More(skip_space(text, end) + 1)),
                    );
                }
            }
            Step::Last(at) => {
                let comment = comment_at(text, skip_space(text, at));
                let after = comment.as_ref().map_or(at, |(_, after)| *after);
                if let Some(next) = separator_end(text, after) {
                    return Some((comment.map(|(inside, _)| inside), next));
                }
            }
        }
    }
    None
}

/// Like [`bracket_ends`] for a bracket after the first, which need not hold an address.
fn repeated_ends(text: &[u8], inside: usize) -> Vec<usize> {
    let mut ends = Vec::new();
    for begin in [quoted_end(text, inside), Some(inside)].into_iter().flatten() {
        let run_end = begin + run_length(text, begin);
        if run_end > begin && closes(text, run_end) {
            ends.push(run_end);
        }
        let within = (begin + 1..run_end).rev();
        ends.extend(within.filter(|&end| text.get(end) == Some(&b'>')).take(TRIES));
    }
    if text.get(inside) == Some(&b'>') {
        ends.push(inside);
    }
    ends
}

/// `local@domain (comment)`
fn plain_item(text: &[u8], begin: usize) -> Option<(Item<'_>, usize)> {
    let quoted = quoted_end(text, begin);
    let locals = [quoted, Some(begin + count(text, begin, is_local_byte))];
    locals.into_iter().flatten().find_map(|local| {
        let end = domain_end(text, begin, local)?;
        let comment = comment_at(text, skip_space(text, end));
        let after = separator_end(text, comment.as_ref().map_or(end, |(_, after)| *after))?;
        let item = Item {
            plain: text.get(begin..end),
            comment: comment.and_then(|(inside, _)| text.get(inside)),
            ..Item::default()
        };
        Some((item, after))
    })
}

/// Words that are no address.
fn phrase_item(text: &[u8], begin: usize) -> Option<(Item<'_>, usize)> {
    let end = phrase_end(text, begin);
    // An item of nothing but white space has its last byte for a name.
    let begin = if end == begin { begin.saturating_sub(1) } else { begin };
    let after = separator_end(text, end)?;
    let phrase = text.get(begin..end).filter(|phrase| !phrase.is_empty())?;
    Some((Item { phrase: Some(phrase), ..Item::default() }, after))
}

/// `<address>`es in what could not be read otherwise.
fn bracketed(text: &[u8]) -> impl Iterator<Item = Address> {
    memchr::memchr_iter(b'<', text).filter_map(|open| {
        let begin = open + 1;
        let locals = [quoted_end(text, begin), Some(begin + count(text, begin, is_local_byte))];
        let end = locals.into_iter().flatten().find_map(|local| {
            domain_end(text, begin, local).filter(|&end| text.get(end) == Some(&b'>'))
        })?;
        let address = text.get(begin..end).filter(|address| is_plausible(address))?;
        Some(Address { phrase: None, address: Some(to_second_at(address)) })
    })
}

impl Item<'_> {
    fn into_address(self) -> Address {
        let bracketed = self.bracketed.map(without_comments).filter(|text| is_mail(text));
        let address = match self.bracketed {
            Some(_) => bracketed,
            None => self.plain.map(<[u8]>::to_vec),
        };
        let mut address = address.filter(|address| is_plausible(address));
        let mut phrase = self.phrase.map(unquoted);
        if let Some(words) = &phrase {
            if address.is_none() && is_lone_address(words) {
                address = phrase.take();
            } else if words.is_empty() || address.as_ref() == Some(words) {
                phrase = None;
            }
        }
        Address {
            phrase: phrase.or_else(|| self.comment.map(<[u8]>::to_vec)),
            address: address.as_deref().map(to_second_at),
        }
    }
}

/// Is a name really an address, with a host that can exist?
fn is_lone_address(words: &[u8]) -> bool {
    let bare = words.strip_suffix(b"\n").unwrap_or(words);
    let host = bare.split(|&byte| byte == b'@').nth(1).unwrap_or_default();
    is_mail(bare) && is_plausible(words) && domain::is_fqdn(&domain::to_ascii(host))
}

/// Words with quotes and backslashes undone; comments outside of quotes go.
fn unquoted(phrase: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < phrase.len() {
        if let Some(end) = quoted_end(phrase, at) {
            let inside = phrase.get(at + 1..end - 1).unwrap_or_default();
            out.extend(inside.iter().filter(|&&byte| byte != b'\\'));
            at = end;
            continue;
        }
        let length = count(phrase, at, |byte| byte != b'"');
        out.extend(without_comments(phrase.get(at..at + length).unwrap_or_default()));
        at += length.max(1);
    }
    out
}

/// `text` without `(comments)`, which do not nest here.
fn without_comments(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let (mut at, mut hopeless) = (0, 0);
    while let Some(&byte) = text.get(at) {
        if byte == b'(' && at >= hopeless {
            let end = comment_run_end(text, at);
            if text.get(end) == Some(&b')') {
                at = end + 1;
                continue;
            }
            // What is opened in between ends at the same place.
            hopeless = end;
        }
        out.push(byte);
        at += 1;
    }
    out
}

/// Is the whole of `text` an address?
fn is_mail(text: &[u8]) -> bool {
    let locals = [quoted_end(text, 0), Some(count(text, 0, is_local_byte))];
    locals.into_iter().flatten().any(|local| domain_end(text, 0, local) == Some(text.len()))
}

/// Not an empty quoted local part, not a quote that nobody closes.
pub(super) fn is_plausible(address: &[u8]) -> bool {
    !address.starts_with(b"\"\"@") && address.iter().filter(|&&byte| byte == b'"').count() != 1
}

/// An address has one `@`: the second and the rest of its line go.
fn to_second_at(address: &[u8]) -> Vec<u8> {
    let Some(second) = memchr::memchr_iter(b'@', address).nth(1) else { return address.to_vec() };
    let (mut kept, gone) = match address.split_at_checked(second) {
        Some((kept, gone)) => (kept.to_vec(), gone),
        None => return address.to_vec(),
    };
    let line_end = gone.iter().position(|&byte| byte == b'\n').unwrap_or(gone.len());
    kept.extend_from_slice(gone.get(line_end..).unwrap_or_default());
    kept
}

/// Where quoted and unquoted words end that begin at `at`.
fn phrase_end(text: &[u8], mut at: usize) -> usize {
    loop {
        let length = count(text, at, |byte| !b"\",;<".contains(&byte));
        match quoted_end(text, at + length) {
            Some(end) => at = end,
            None => return at + length,
        }
    }
}

/// Where the quoted string ends that begins at `at`.
fn quoted_end(text: &[u8], at: usize) -> Option<usize> {
    if text.get(at) != Some(&b'"') {
        return None;
    }
    let end = escaped_run_end(text, at + 1, |byte| byte != b'"');
    (text.get(end) == Some(&b'"')).then_some(end + 1)
}

/// The comment that begins at `at`: what is in it, and where it ends.
fn comment_at(text: &[u8], at: usize) -> Option<(Range<usize>, usize)> {
    if text.get(at) != Some(&b'(') {
        return None;
    }
    let end = comment_run_end(text, at);
    (text.get(end) == Some(&b')')).then_some((at + 1..end, end + 1))
}

/// Where the comment that begins at `at` ends, or where it turns out to be none.
fn comment_run_end(text: &[u8], at: usize) -> usize {
    escaped_run_end(text, at + 1, |byte| byte != b'(' && byte != b')')
}

/// Goes over bytes that are `allowed` and over any that a backslash precedes.
fn escaped_run_end(text: &[u8], mut at: usize, allowed: impl Fn(u8) -> bool) -> usize {
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' if text.get(at + 1).is_some_and(|&next| next != b'\n') => at += 2,
            b'\\' => return at,
            _ if allowed(byte) => at += 1,
            _ => return at,
        }
    }
    at
}

/// Where the domain ends after the local part that ends at `local`.
fn domain_end(text: &[u8], begin: usize, local: usize) -> Option<usize> {
    if local == begin || text.get(local) != Some(&b'@') {
        return None;
    }
    let begin = local + 1;
    let name = count(text, begin, |byte| byte == b'@' || (byte != b'"' && is_local_byte(byte)));
    if name > 0 {
        return Some(begin + name);
    }
    if text.get(begin) != Some(&b'[') {
        return None;
    }
    let literal = count(text, begin + 1, |byte| byte.is_ascii_digit() || b":.".contains(&byte));
    let end = begin + 1 + literal;
    (literal > 0 && text.get(end) == Some(&b']')).then_some(end + 1)
}

fn is_local_byte(byte: u8) -> bool {
    !is_space(byte) && !b"@<>()[],:;".contains(&byte)
}

/// Where the next item begins, if this one ends at `at`.
fn separator_end(text: &[u8], at: usize) -> Option<usize> {
    let at = skip_space(text, at);
    match text.get(at) {
        None => Some(at),
        Some(b',' | b';') => Some(at + 1),
        Some(_) => None,
    }
}

fn closes(text: &[u8], at: usize) -> bool {
    text.get(skip_space(text, at)) == Some(&b'>')
}

fn skip_space(text: &[u8], at: usize) -> usize {
    at + count(text, at, is_space)
}

fn run_length(text: &[u8], at: usize) -> usize {
    count(text, at, |byte| !is_space(byte))
}

fn count(text: &[u8], at: usize, wanted: impl Fn(u8) -> bool) -> usize {
    text.get(at..).unwrap_or_default().iter().take_while(|&&byte| wanted(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(value: &str) -> Vec<(Option<String>, Option<String>)> {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let found = parse(value.as_bytes(), 100).into_iter();
        found.map(|item| (item.phrase.map(text), item.address.map(text))).collect()
    }

    /// Expectations are SpamAssassin 4.0.1's own answers.
    #[test]
    fn addresses_are_found_right_or_wrong() {
        type Row = (&'static str, &'static [(&'static str, &'static str)]);
        let cases: &[Row] = &[
            ("a@b.com", &[("", "a@b.com")]),
            ("\"D, J\" <a@b.com>", &[("D, J ", "a@b.com")]),
            ("a@b.com (J D)", &[("J D", "a@b.com")]),
            ("J (x) D <a@b.com>", &[("J  D ", "a@b.com")]),
            ("a@b.com <a@b.com>", &[("a@b.com ", "a@b.com")]),
            ("\"a@b.com\"", &[("", "a@b.com")]),
            ("\"a@b.c\" <x@y>", &[("a@b.c ", "x@y")]),
            ("x: a@b.com, c@d.org;", &[("", "a@b.com"), ("", "c@d.org")]),
            ("x:;", &[]),
            ("<a@b.com> <a@b.com>, c@d", &[("", "a@b.com"), ("", "c@d")]),
            ("<a@b.com>,<c@d.org>", &[("", "a@b.com"), ("", "c@d.org")]),
            ("a@b@c.com", &[("", "a@b")]),
            ("D, J <a@b.com>", &[("D", ""), ("J ", "a@b.com")]),
            ("\"\"@b.com", &[("", "")]),
            ("=?utf-8?Q?\"F\"_<a@b.com>?=", &[("", "a@b.com")]),
            ("J <a,b>", &[("J", ""), ("J <a,b>", "")]),
            (" \n ", &[]),
            ("a@b.com,, c@d.org", &[("", "a@b.com"), ("a@b.com,, c@d.org", ""), ("", "c@d.org")]),
            ("x (a (b) c) <a@b.com>, y (d", &[("x (a  c) ", "a@b.com"), ("y (d", "")]),
            ("J \\\"D\\\" <a@b.com>", &[("", "a@b.com")]),
            ("\"J \\\"D\\\"\" <a@b.com>", &[("J \"D\" ", "a@b.com")]),
            ("<a b@c.com>", &[("", "")]),
            ("J <a@b.com", &[("J", "a@b.com")]),
            ("a@b.com; c@d.org", &[("", "a@b.com"), ("", "c@d.org")]),
            ("\"a b\"@c.com", &[("", "\"a b\"@c.com")]),
            ("<@r:a@b.com>", &[("", "")]),
            ("<>", &[("", "")]),
            ("J <a@b.com> x", &[("", "a@b.com")]),
            ("a@[192.0.2.1]", &[("", "a@[192.0.2.1]")]),
            ("\"a@b.com\n", &[("", "")]),
            ("a@b.com,", &[("", "a@b.com")]),
            ("J <mailto:a@b.com>", &[("J ", "")]),
        ];
        for (value, expected) in cases {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let expected: Vec<_> = expected.iter().map(|(p, a)| (some(p), some(a))).collect();
            assert_eq!(read(value), expected, "{value:?}");
        }
    }

    #[test]
    fn comments_that_never_end_stay_and_cost_little() {
        let cases = [("a(b)c", "ac"), ("a(\\(b", "a(\\(b"), ("(a\\()b(c", "b(c"), ("((a)b", "(b")];
        for (text, expected) in cases {
            assert_eq!(without_comments(text.as_bytes()), expected.as_bytes(), "{text}");
        }
        let open = b"(\\".repeat(500_000);
        assert_eq!(without_comments(&open), open);
    }

    #[test]
    fn limit_addresses() {
        for limit in [2, 3, 4] {
            assert_eq!(parse(b"a@b, c@d, e@f", limit).len(), limit.min(3));
            assert_eq!(parse(b"x <, , , , ", limit).len(), limit.min(4));
        }
    }

    proptest! {
        #[test]
        fn any_value_is_read_without_panic(value in "[ab@<>()\",;: .\\\\\n\\[\\]]{0,60}") {
            let _ = parse(value.as_bytes(), 100);
        }
    }
}
