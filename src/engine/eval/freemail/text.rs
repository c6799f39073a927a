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

#[cfg(test)]
mod tests {
    use super::*;

    fn registry() -> Registry {
        let tlds = ["test", "com", "xn--p1ai"].map(|tld| tld.as_bytes().to_vec());
        Registry { tlds: tlds.into_iter().collect(), ..Registry::default() }
    }

    /// All addresses, one after the other, with commas between.
    fn addresses(text: &str) -> String {
        let (mut found, mut from) = (Vec::new(), 0);
        while let Some(place) = next_address(text.as_bytes(), from, &registry()) {
            from = place.end;
            found.push(text[place].to_owned());
        }
        found.join(",")
    }

    fn rewritten(text: &str) -> String {
        String::from_utf8(without_mentions(text.as_bytes(), &registry())).unwrap()
    }

    /// The expectations are those of Perl's engine with the plugin's pattern.
    #[test]
    fn an_address_has_a_dotted_local_part_and_a_known_top_level_domain() {
        let part = |length: usize| "a".repeat(length);
        for (text, expected) in [
            ("a@b.test, c@d.COM", "a@b.test,c@d.COM"),
            ("a@b.unknown a@test @b.test", ""),
            ("a..b@c.test .d@c.test e.@c.test", "b@c.test,d@c.test"),
            ("a.b-c+d@e.test", "a.b-c+d@e.test"),
            ("(a@b.test)\"c@b.test\"", "a@b.test,c@b.test"),
            ("a@b@c.test", "b@c.test"),
            ("a@b.test@c.com", "a@b.test"),
            ("a@b.test!c@d.com", "a@b.test"),
            ("a@1.2.3.4.test a@1.2.3.4.5.test", "a@1.2.3.4.test"),
            ("a@b.test. a@b.test.- a@b.test.c a@b.test-", "a@b.test,a@b.test"),
            ("a@-b.test a@b-.test a@b_c.test", ""),
            ("a@b.xn--p1ai", "a@b.xn--p1ai"),
            ("\u{e9}a@b.test\u{e9}", "a@b.test"),
        ] {
            assert_eq!(addresses(text), expected, "{text}");
        }
        let longest = format!("{}@{}.test", part(64), part(61));
        assert_eq!(addresses(&longest), longest);
        assert_eq!(addresses(&format!("{}@b.test", part(65))), "");
        assert_eq!(addresses(&format!("a@{}.test", part(62))), "");
        let dotted = format!("{}.{}@b.test", part(30), part(34));
        assert_eq!(addresses(&dotted), format!("{}@b.test", part(34)), "only a word fits");
    }

    #[test]
    fn an_address_is_found_at_its_place_only() {
        let at = |text: &str, start| address_at(text.as_bytes(), start, &registry());
        assert_eq!(at("mailto:a.b@c.test?x", 7), Some(7..17));
        assert_eq!(at("mailto:a.b@c.test", 9), Some(9..17));
        assert_eq!(at("mailto:ab@c.test", 8), None);
        assert_eq!(at("mailto: a@c.test", 7), None);
        assert_eq!(at("mailto:a@b,c@d.test", 7), None);
        assert_eq!(at("mailto:", 9), None);
    }

    #[test]
    fn urls_with_an_address_in_them_go() {
        for (text, expected) in [
            ("see http://a@b now", "see   now"),
            ("see <HTTPS://a/?b%40c> now", "see   now"),
            ("http://a/b http://c@d", "http://a/b  "),
            ("xhttp://a@b", "x "),
            ("ftp://a@b ://a@b", "ftp://a@b ://a@b"),
            ("http://a b@c.test", "http://a b@c.test"),
            ("http://a%4 0", "http://a%4 0"),
        ] {
            assert_eq!(rewritten(text), expected, "{text}");
        }
        let reach = |before: usize, sign: &str, after: usize| {
            let url = format!("http://{}{sign}{}", "a".repeat(before), "b".repeat(after));
            rewritten(&url).len()
        };
        assert_eq!((reach(255, "@", 255), reach(255, "%40", 255)), (1, 1));
        assert_eq!(reach(255, "@", 257), 1 + 2, "what is beyond reach stays");
        assert_eq!((reach(256, "@", 9), reach(256, "%40", 9)), (273, 275));
    }

    #[test]
    fn addresses_that_are_only_mentioned_go() {
        for (text, expected) in [
            ("x <a@b.test> y", "x   y"),
            ("a@b.test>", " "),
            ("<a@b.test", "<a@b.test"),
            ("mailto:a@b.test>", "mailto:a@b.test>"),
            ("mailto:a.c@b.test>", "mailto:a. "),
            ("MailTo:<a@b.test>", "MailTo: "),
            ("On Monday a@b.test wrote: x", "On Monday   x"),
            ("a@b.test\t\nschrieb: x", "  x"),
            ("a@b.test wrote x", "a@b.test wrote x"),
            ("a@b.test Fax: 1", "a@b.test Fax: 1"),
            ("a@b.test telephone: 1", "a@b.test telephone: 1"),
            ("a@b.test e-mail: 1", "a@b.test e-mail: 1"),
            ("a@b.test emails: 1", "a@b.test emails: 1"),
            ("a@b.test fa: 1", "  1"),
            ("a@b.test a: 1", "a@b.test a: 1"),
            ("a@b.test abcdefghijk: 1", "  1"),
            ("a@b.test abcdefghijkl: 1", "a@b.test abcdefghijkl: 1"),
            ("a@b.test          at: 1", "  1"),
            ("a@b.test           at: 1", "a@b.test           at: 1"),
        ] {
            assert_eq!(rewritten(text), expected, "{text}");
        }
    }

    #[test]
    fn hostile_text_of_megabytes_is_read_to_its_end() {
        // Were the time quadratic, this would take hours.
        for unit in ["a.", "@", "<", "a@", "a@b.", "http://", "<http://a", "a@b.test ", "%40"] {
            let text = unit.repeat(1 << 20);
            let kept = without_mentions(text.as_bytes(), &registry());
            let mut from = 0;
            while let Some(place) = next_address(&kept, from, &registry()) {
                from = place.end;
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "[a-c@.<>: %4/\\-]{0,60}|(http://|a@b.test|<|>|@| at:|mailto:){0,12}") {
            let kept = without_mentions(text.as_bytes(), &registry());
            let mut from = 0;
            while let Some(place) = next_address(&kept, from, &registry()) {
                proptest::prop_assert!(place.start >= from && place.end > place.start);
                from = place.end;
            }
        }
    }
}
