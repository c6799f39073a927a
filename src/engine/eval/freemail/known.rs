//! Senders that are no free mail whatever their domain, and senders that are no person.
//!
//! In: addresses, the first kind in lower case. The names are those that providers and
//! mailing-list programs write.

/// Local parts of roles, which nobody signs up for.
const ROLES: [&[u8]; 7] =
    [b"abuse", b"support", b"sales", b"info", b"helpdesk", b"contact", b"kontakt"];
/// Local parts of those who run a host.
const MASTERS: [&[u8]; 3] = [b"postmaster", b"hostmaster", b"domainmaster"];
/// What mailing lists and bounces put before the `-` of a local part.
const LIST_PREFIXES: [&[u8]; 7] =
    [b"sentto", b"owner", b"return", b"bounce", b"bounced", b"grbounce", b"grbounced"];
/// What mailing lists and bounces put at the end of a local part.
const LIST_SUFFIXES: [&[u8]; 5] = [b"-request", b"-bounce", b"-bounces", b"-admin", b"-owner"];

/// Is `address` a role's or a program's, so that it does not count as free mail?
pub fn is_exempt(address: &[u8]) -> bool {
    local_parts(address).any(|local| {
        ROLES.contains(&local)
            || MASTERS.contains(&local)
            || matches!(local, b"bounce-" | b"bounced-")
            || local.strip_prefix(b"undisclosed").is_some_and(is_one_line)
            || local.strip_prefix(b"request-").is_some_and(|id| is_hex(id, 16))
            || is_message_number(local)
            || is_forward(local)
    })
}

/// Does the envelope sender look like that of a mailing list or a program?
pub fn is_bulk(sender: &[u8]) -> bool {
    let sender = sender.to_ascii_lowercase();
    local_parts(&sender).any(|local| {
        MASTERS.contains(&local)
            || local == b"double-bounce"
            || LIST_SUFFIXES.iter().any(|suffix| local.ends_with(suffix))
            || LIST_PREFIXES.iter().any(|prefix| is_list_member(local, prefix))
            || is_no_reply(local)
            || holds_equals(last_line(local))
    })
}

/// What stands before each `@`; mostly there is one.
fn local_parts(address: &[u8]) -> impl Iterator<Item = &[u8]> {
    memchr::memchr_iter(b'@', address).filter_map(|at| address.get(..at))
}

fn is_one_line(text: &[u8]) -> bool {
    !text.contains(&b'\n')
}

fn last_line(text: &[u8]) -> &[u8] {
    text.rsplit(|&byte| byte == b'\n').next().unwrap_or_default()
}

fn is_hex(text: &[u8], length: usize) -> bool {
    text.len() == length && text.iter().all(u8::is_ascii_hexdigit)
}

/// `0123abcd.0123abcd`, or a UUID.
fn is_message_number(local: &[u8]) -> bool {
    let lengths = |separator: u8, lengths: &[usize]| {
        let mut words = local.split(|&byte| byte == separator);
        let fits = lengths.iter().all(|&length| words.next().is_some_and(|w| is_hex(w, length)));
        fits && words.next().is_none()
    };
    lengths(b'.', &[8, 8]) || lengths(b'-', &[8, 4, 4, 4, 12])
}

/// `somebody+caf_=name=domain`: two equal signs with something around each.
fn is_forward(local: &[u8]) -> bool {
    if !is_one_line(local) {
        return false;
    }
    let inner = local.get(1..local.len().saturating_sub(1)).unwrap_or_default();
    let equals = |byte: &u8| *byte == b'=';
    let (first, last) = (inner.iter().position(equals), inner.iter().rposition(equals));
    first.zip(last).is_some_and(|(first, last)| last > first + 1)
}

/// An equal sign with something before and behind it.
fn holds_equals(line: &[u8]) -> bool {
    line.get(1..line.len().saturating_sub(1)).is_some_and(|inner| inner.contains(&b'='))
}

fn is_list_member(local: &[u8], prefix: &[u8]) -> bool {
    let rest = local.strip_prefix(prefix).and_then(|rest| rest.strip_prefix(b"-"));
    rest.is_some_and(|rest| !rest.is_empty() && is_one_line(rest))
}

/// `noreply`, `do.not.replies`, …: at the end, and no part of another word.
fn is_no_reply(local: &[u8]) -> bool {
    let stem = local.strip_suffix(b"reply").or_else(|| local.strip_suffix(b"replies"));
    let stems = stem.into_iter().flat_map(|stem| before_word(stem, b"no"));
    let mut stems = stems
        .flat_map(|stem| std::iter::once(stem).chain(before_word(stem, b"do")).collect::<Vec<_>>());
    stems.any(|stem| stem.last().is_none_or(|&b| !b.is_ascii_alphanumeric() && b != b'_'))
}

/// What stands before `word`, with or without one letter or sign behind the word. The plugin
/// means `.`, `_` and `-` by it, but writes a range that holds letters and no `-`.
fn before_word<'t>(text: &'t [u8], word: &[u8]) -> impl Iterator<Item = &'t [u8]> {
    let with_sign = match text.split_last() {
        Some((b'.' | b'_' | b'`' | b'a'..=b't', rest)) => rest.strip_suffix(word),
        _ => None,
    };
    text.strip_suffix(word).into_iter().chain(with_sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_and_programs_are_exempt() {
        for (local, expected) in [
            ("abuse", true),
            ("abuses", false),
            ("postmaster", true),
            ("webmaster", false),
            ("undisclosed", true),
            ("undisclosed-recipients:;", true),
            ("my-undisclosed", false),
            ("request-0123456789abcdef", true),
            ("request-0123456789abcdeg", false),
            ("request-0123456789abcde", false),
            ("bounce-", true),
            ("bounced-", true),
            ("bounce-1", false),
            ("0123abcd.0123abcd", true),
            ("0123abcd.0123abcd.0123abcd", false),
            ("0123abcd-0123-4567-89ab-0123456789ab", true),
            ("0123abcd-0123-4567-89ab-0123456789a", false),
            ("me=you=there", true),
            ("me=you", false),
            ("=me=you", false),
            ("a=b=", false),
            ("a===b", true),
            ("a==b", false),
        ] {
            assert_eq!(is_exempt(format!("{local}@x.com").as_bytes()), expected, "{local}");
        }
        assert!(!is_exempt(b"abuse"));
        assert!(is_exempt(b"a=b@c=d@e"));
    }

    #[test]
    fn bulk_senders_are_known_by_their_local_part() {
        for (local, expected) in [
            ("Postmaster", true),
            ("double-bounce", true),
            ("my-double-bounce", true),
            ("double-bounces", true),
            ("doublebounce", false),
            ("owner-list", true),
            ("owner-", false),
            ("GRBounced-1", true),
            ("xbounce-1", false),
            ("list-request", true),
            ("request", false),
            ("list-admins", false),
            ("noreply", true),
            ("no.reply", true),
            ("no-reply", false),
            ("no_replies", true),
            ("nosreply", true),
            ("nozreply", false),
            ("donoreply", true),
            ("do.no.reply", true),
            ("donotreply", true),
            ("x.noreply", true),
            ("x_noreply", false),
            ("xnoreply", false),
            ("prdonoreply", false),
            ("x=y", true),
            ("=y", false),
            ("x=", false),
        ] {
            assert_eq!(is_bulk(format!("{local}@x.com").as_bytes()), expected, "{local}");
        }
        assert!(!is_bulk(b"owner-list"), "no address");
    }
}
