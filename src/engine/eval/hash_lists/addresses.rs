//! The mail addresses of a message, as lists of hashes are asked for them.

use super::{Choices, once, skipped};
use crate::engine::scan::Scan;
use crate::limits::Limits;
use crate::message::header::HeaderQuery;
use crate::message::senders;
use crate::rules::options::Options;
use crate::rules::regex::{Caches, Exact, Ids, Pattern, Strip};
use crate::text::domain::Registry;
use std::sync::Arc;

/// What an address looks like (`hashbl_email_regex`).
struct Addresses {
    any: Option<Exact>,
    /// One in brackets, or before a word and a colon: somebody who is quoted.
    quoted: Option<Exact>,
}

/// Addresses that are never asked for (`hashbl_email_welcomelist`).
struct Welcome(Option<Exact>);

/// The characters of a mailbox (RFC 5322, 3.2.3, atext) and, before them, of an address.
const ATEXT: &str = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]";

/// A link with an address in it.
const LINK: &[u8] = br"(?i)<?https?://\S{0,255}(?:@|%40)\S{0,255}";

/// Who answers everybody, and addresses that are made anew for each message.
const EVERYBODY: &str = r"(?i)^(?:
    abuse | support | sales | info | helpdesk | contact | kontakt
    | postmaster | hostmaster | domainmaster | undisclosed.* | request-[a-f0-9]{16} | bounced?-
    | [a-f0-9]{8} (?: \.[a-f0-9]{8} | (?:-[a-f0-9]{4}){3}-[a-f0-9]{12} ) | .+=.+=.+
    )@";

impl Addresses {
    fn of(options: &Options, registry: &Registry, limits: &Limits) -> Addresses {
        let own = format!(
            r"(?i)(?=.{{0,64}}@)(?<!{ATEXT})({ATEXT}+(?:\.{ATEXT}+)*@(?:[a-z0-9](?:[a-z0-9-]{{0,59}}[a-z0-9])?\.){{1,4}}_TLDS_)"
        );
        let any = options.text("hashbl_email_regex").unwrap_or(own.as_bytes());
        let any = with_tlds(any, registry);
        let quoted = [
            &br"(?i:<?(?<!mailto:))(?:"[..],
            &any,
            br")(?i:>|\s{1,10}(?!(?:fa(?:x|csi)|tel|phone|e?-?mail))[a-z]{2,11}:)",
        ];
        Addresses { quoted: exact(&quoted.concat(), limits), any: exact(&any, limits) }
    }
}

impl Welcome {
    fn of(options: &Options, registry: &Registry, limits: &Limits) -> Welcome {
        let own: String = EVERYBODY.split_whitespace().collect();
        let source = options.text("hashbl_email_welcomelist").unwrap_or(own.as_bytes());
        Welcome(exact(&with_tlds(source, registry), limits))
    }
}

fn exact(source: &[u8], limits: &Limits) -> Option<Exact> {
    let pattern = Pattern::parse_within(source, Strip::Bare, limits).ok()?;
    Some(Exact::new(Arc::new(pattern), &mut Ids::new(), limits))
}

/// The pattern with all top-level domains in the place of `_TLDS_`.
fn with_tlds(source: &[u8], registry: &Registry) -> Vec<u8> {
    String::from_utf8_lossy(source).replace("_TLDS_", &tlds(registry)).into_bytes()
}

/// A pattern of all top-level domains, whole.
fn tlds(registry: &Registry) -> String {
    let mut all: Vec<_> = registry.tlds.iter().map(|tld| String::from_utf8_lossy(tld)).collect();
    all.sort_unstable();
    if all.is_empty() {
        return "no_tlds_defined".to_owned();
    }
    let all: Vec<String> = all.iter().map(|tld| tld.replace('.', r"\.")).collect();
    format!(r"(?<![a-zA-Z0-9-])(?i:{})(?!(?:[a-zA-Z0-9-]|\.[a-zA-Z0-9]))", all.join("|"))
}

/// The values to ask for: each once, the options applied.
pub fn chosen(scan: &Scan, choices: &Choices, headers: &[u8], acl: Option<&[u8]>) -> Vec<Vec<u8>> {
    let registry = &scan.views().settings().domains;
    let (profile, limits) = (scan.profile(), &scan.views().settings().limits);
    let patterns =
        profile.made(b"hashbl_email_regex", |options| Addresses::of(options, registry, limits));
    let welcome =
        profile.made(b"hashbl_email_welcomelist", |options| Welcome::of(options, registry, limits));
    let mut caches = Caches::new();
    let skips = skipped(scan);
    let own = own_addresses(scan);
    let mut values = Vec::new();
    for address in addresses(scan, choices, headers, acl, &patterns) {
        if own.contains(&address)
            || welcome
                .0
                .as_ref()
                .is_some_and(|one| one.is_match(&address, &mut caches).unwrap_or(false))
        {
            continue;
        }
        let Some((user, host)) = split(&address) else { continue };
        let domain = registry.trimmed(host);
        if acl.is_none() && (skips(host) || skips(&domain)) {
            continue;
        }
        let mut user = user.to_vec();
        if choices.has(b"nodot") {
            user.retain(|byte| *byte != b'.');
        }
        if choices.has(b"notag")
            && let Some(tag) = memchr::memchr(b'+', &user)
        {
            user.truncate(tag);
        }
        let value = match () {
            () if choices.has(b"domain") => domain,
            () if choices.has(b"host") => host.to_vec(),
            () if choices.has(b"user") => user,
            () => [&user, &b"@"[..], host].concat(),
        };
        values.push(choices.cased(&value));
    }
    values
}

/// Mailbox and host; the last `@` parts them.
fn split(address: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memrchr(b'@', address)?;
    Some((address.get(..at)?, address.get(at + 1..).filter(|host| !host.is_empty())?))
}

/// The addresses that the message was sent to.
fn own_addresses(scan: &Scan) -> Vec<Vec<u8>> {
    const HEADERS: [&[u8]; 4] =
        [b"X-Original-To:addr", b"Apparently-To:addr", b"Delivered-To:addr", b"Envelope-To:addr"];
    let source = scan.views().source();
    let values = HEADERS.iter().flat_map(|header| HeaderQuery::ask(header).values(&source));
    values.map(|value| value.to_ascii_lowercase()).filter(|value| !value.is_empty()).collect()
}

/// The addresses in `headers`, a list such as `ALLFROM/Reply-To/body`, aliases of hosts
/// resolved, as far as the list `acl` wants them.
fn addresses(
    scan: &Scan,
    choices: &Choices,
    headers: &[u8],
    acl: Option<&[u8]>,
    patterns: &Addresses,
) -> Vec<Vec<u8>> {
    let options = scan.profile().options();
    let aliases = options.map("hashbl_email_domain_alias");
    let list = acl.filter(|acl| *acl != b"all");
    let list = list.map(|acl| options.maps("hashbl_acl").and_then(|acls| acls.get(acl)));
    let mut found = Vec::new();
    for header in headers.split(|&byte| byte == b'/').map(<[u8]>::trim_ascii) {
        for address in in_header(scan, choices, header, patterns) {
            let Some((user, host)) = split(&address) else { continue };
            let alias = aliases.and_then(|map| map.get(host.to_ascii_lowercase().as_slice()));
            let host = alias.map_or(host, |alias| alias);
            let is_wanted = match list {
                Some(list) => {
                    list.is_some_and(|list| list.get(host).is_some_and(|on| **on == *b"1"))
                }
                None => true,
            };
            if is_wanted {
                found.push([user, b"@", host].concat());
            }
        }
    }
    once(found)
}

fn in_header(scan: &Scan, choices: &Choices, header: &[u8], patterns: &Addresses) -> Vec<Vec<u8>> {
    let source = scan.views().source();
    let text = match header {
        b"ALLFROM" => return senders::all(&source),
        b"body" => body(scan, choices, patterns),
        _ => HeaderQuery::ask(header).values(&source).join(&b'\n'),
    };
    let Some(address) = &patterns.any else { return Vec::new() };
    let mut found = Vec::new();
    each_match(address, &text, &mut |from, to| {
        found.extend(text.get(from..to).map(<[u8]>::to_vec));
    });
    once(found)
}

/// The text of the body, and before it the addresses that links lead to.
fn body(scan: &Scan, choices: &Choices, patterns: &Addresses) -> Vec<u8> {
    let views = scan.views();
    let mut text = Vec::new();
    for detail in &views.uris().details {
        let address = detail.raw.get(7..).filter(|address| !address.is_empty());
        let is_mail = detail.raw.get(..7).is_some_and(|b| b.eq_ignore_ascii_case(b"mailto:"));
        if is_mail && detail.has_type("a") && !detail.has_type("parsed") {
            text.extend_from_slice(address.unwrap_or_default());
            text.push(b'\n');
        }
    }
    let mut body: Vec<u8> = views.body().iter().collect::<Vec<_>>().concat();
    if choices.has(b"nouri")
        && let Ok(link) = Pattern::parse(LINK, Strip::Bare)
    {
        let link = Exact::new(Arc::new(link), &mut Ids::new(), &views.settings().limits);
        body = without(&link, &body);
    }
    if choices.has(b"noquote")
        && let Some(quoted) = &patterns.quoted
    {
        body = without(quoted, &body);
    }
    text.extend_from_slice(&body);
    text
}

/// The text with a space in place of each match.
fn without(pattern: &Exact, text: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
    each_match(pattern, text, &mut |from, to| {
        out.extend_from_slice(text.get(at..from).unwrap_or_default());
        out.push(b' ');
        at = to;
    });
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    out
}

/// Calls `each` with begin and end of each match; a pattern that runs over its limit ends it.
fn each_match(pattern: &Exact, text: &[u8], each: &mut dyn FnMut(usize, usize)) {
    let (mut caches, mut at) = (Caches::new(), 0);
    while let Ok(Some(found)) = pattern.find_at(text, at, &mut caches) {
        each(found.start, found.end);
        at = if found.is_empty() { found.end + 1 } else { found.end };
        if at > text.len() {
            return;
        }
    }
}
