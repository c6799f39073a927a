//! URIs that redirect, that hide behind another, or that were cut.
//! Mail::SpamAssassin::Plugin::URIEval, and what is left of URIDetail beside its rule type.

use super::{Binding, Row, Test, at_most, hit_if};
use crate::message::html::{Html, Link, Snippet};
use crate::rules::model::Eval;
use crate::text::domain::Registry;
use std::sync::Arc;

/// The functions.
pub const TABLE: &[Row] = &[
    Row::new(
        URI_EVAL,
        "check_for_http_redirector",
        "()",
        "a URI holds another behind its host, with another domain",
        redirector,
    ),
    Row::new(
        URI_EVAL,
        "check_https_ip_mismatch",
        "()",
        "a link to an IP address whose text shows https: and no address",
        ip_mismatch,
    ),
    Row::new(URI_EVAL, "check_uri_truncated", "()", "a URI was cut at its limit", truncated),
    Row::new(
        URI_DETAIL,
        "check_uri_detail",
        "()",
        "there is a URI; conditions on it are what the directive uri_detail adds",
        any_uri,
    ),
];

const URI_EVAL: &str = "Mail::SpamAssassin::Plugin::URIEval";
const URI_DETAIL: &str = "Mail::SpamAssassin::Plugin::URIDetail";

fn redirector(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 0)?;
    Ok(Arc::new(|scan, _| {
        let views = scan.views();
        let mut forms = views.uris().details.iter().flat_map(|detail| &detail.cleaned);
        hit_if(forms.any(|uri| leads_elsewhere(uri, &views.settings().domains)))
    }))
}

/// Does `uri` hold another URI, or that another one, and so on, with another domain?
fn leads_elsewhere(uri: &[u8], registry: &Registry) -> bool {
    let domain =
        |host: &[u8]| registry.host_of_uri(host).map_or_else(|| host.to_vec(), |host| host.domain);
    let mut rest = uri;
    while let Some((host, at)) = redirection(rest) {
        let target = rest.get(at..).unwrap_or_default();
        if nested_host(target).is_some_and(|target| domain(host) != domain(target)) {
            return true;
        }
        rest = target;
    }
    false
}

/// The host of a URI that holds another, and where that one begins: the first one behind the
/// host, else the last one within what looks like a host.
fn redirection(uri: &[u8]) -> Option<(&[u8], usize)> {
    let scheme = scheme(uri)?;
    let begin = scheme + uri.get(scheme..)?.strip_prefix(b"//").map(|_| 2)?;
    let host = begin + host(uri.get(begin..)?)?.len();
    let mut within = None;
    for at in begin + 2..uri.len() {
        if nested_host(uri.get(at..)?).is_none() {
            continue;
        }
        if at > host {
            return Some((uri.get(begin..host)?, at));
        }
        within = Some((uri.get(begin..at - 1)?, at));
    }
    within
}

/// The length of `http:` or `https:`.
fn scheme(uri: &[u8]) -> Option<usize> {
    let name = uri.get(..4).filter(|name| name.eq_ignore_ascii_case(b"http"))?.len();
    let secure = uri.get(name).is_some_and(|byte| byte.eq_ignore_ascii_case(&b's'));
    let colon = name + usize::from(secure);
    (uri.get(colon) == Some(&b':')).then_some(colon + 1)
}

/// What is before a slash, a colon or a question mark, if it is anything.
fn host(text: &[u8]) -> Option<&[u8]> {
    text.split(|byte| b"/:?".contains(byte)).next().filter(|host| !host.is_empty())
}

/// The host of a URI with at most two slashes before it.
fn nested_host(uri: &[u8]) -> Option<&[u8]> {
    let rest = uri.get(scheme(uri)?..)?;
    let slashes = rest.iter().take(2).take_while(|byte| **byte == b'/').count();
    host(rest.get(slashes..)?)
}

fn ip_mismatch(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 0)?;
    let hides = |link: &Link| {
        let is_address = leads_to_numbers(&link.uri, false);
        is_address && link.anchor_text.iter().any(shows_a_name)
    };
    let hides_any = move |html: &Html| html.uris.iter().any(hides);
    Ok(Arc::new(move |scan, _| hit_if(scan.views().html().any(hides_any))))
}

/// Does the text hold `https:` without an address at its beginning?
fn shows_a_name(text: &Snippet) -> bool {
    let holds = text.text.windows(6).any(|window| window.eq_ignore_ascii_case(b"https:"));
    holds && !leads_to_numbers(&text.text, true)
}

/// Is there `http` or, if `secure` only, `https` at the beginning, then perhaps a user, then
/// four numbers?
fn leads_to_numbers(uri: &[u8], secure: bool) -> bool {
    let Some(end) = scheme(uri).filter(|end| !secure || *end == 6) else { return false };
    let rest = uri.get(end..).unwrap_or_default();
    let slashes = rest.iter().take_while(|byte| **byte == b'/').count();
    let rest = rest.get(slashes..).unwrap_or_default();
    let user = rest.iter().position(|byte| b"@/".contains(byte));
    let after_user = user.filter(|&at| at > 0 && rest.get(at) == Some(&b'@'));
    let after_user = after_user.and_then(|at| rest.get(at + 1..));
    is_four_numbers(rest) || after_user.is_some_and(is_four_numbers)
}

fn is_four_numbers(text: &[u8]) -> bool {
    let mut rest = text;
    for number in 0..4 {
        if number > 0 {
            let Some(after) = rest.strip_prefix(b".") else { return false };
            rest = after;
        }
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return false;
        }
        rest = rest.get(digits..).unwrap_or_default();
    }
    true
}

fn truncated(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 0)?;
    Ok(Arc::new(|scan, _| hit_if(scan.views().uris().truncated)))
}

fn any_uri(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 0)?;
    Ok(Arc::new(|scan, _| hit_if(!scan.views().uris().details.is_empty())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirection_is_a_uri_behind_a_host() {
        let cases: [(&str, Option<(&str, &str)>); 11] = [
            ("http://a.com/http://b.com/", Some(("a.com", "http://b.com/"))),
            ("HTTPS://a.com?HTTPS:/b.com", Some(("a.com", "HTTPS:/b.com"))),
            ("http://a.com:http:b", Some(("a.com", "http:b"))),
            ("http://a.com/http:///b.com/", None),
            ("http://a.com/http:///http:b", Some(("a.com", "http:b"))),
            ("http://axhttp:b.com/", Some(("a", "http:b.com/"))),
            ("http://ahttp:b.com/", None),
            ("http:/a.com/http://b.com/", None),
            ("ftp://a.com/http://b.com/", None),
            ("http://a.com/", None),
            ("http://", None),
        ];
        for (uri, expected) in cases {
            let found = redirection(uri.as_bytes());
            let found = found.map(|(host, at)| (host, &uri.as_bytes()[at..]));
            let expected = expected.map(|(host, to)| (host.as_bytes(), to.as_bytes()));
            assert_eq!(found, expected, "{uri}");
        }
    }

    #[test]
    fn an_address_may_have_a_user_before_it() {
        for (uri, expected) in [
            ("http://192.0.2.1/", true),
            ("https:192.0.2.1x", true),
            ("http://a@999.0.2.1", true),
            ("http://a/b@192.0.2.1", false),
            ("http://@192.0.2.1", false),
            ("http://192.0.2", false),
            ("ftp://192.0.2.1", false),
        ] {
            assert_eq!(leads_to_numbers(uri.as_bytes(), false), expected, "{uri}");
        }
        assert!(!leads_to_numbers(b"http://192.0.2.1", true));
    }
}
