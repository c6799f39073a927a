//! Links whose text shows another `https` domain than they lead to.
//! Mail::SpamAssassin::Plugin::HTTPSMismatch.

use super::{Binding, Row, Test, at_most, hit_if, optional_number};
use crate::message::body::space;
use crate::message::html::{Html, Link, Snippet};
use crate::rules::model::Eval;
use crate::text::domain::{Registry, is_ip};
use std::sync::Arc;

/// The functions.
pub const TABLE: &[Row] = &[Row::new(
    "Mail::SpamAssassin::Plugin::HTTPSMismatch",
    "check_https_http_mismatch",
    "(['min' [, 'max']])",
    "a link's text holds https:// with another domain than the link, in HTML with at least min \
     (1) and less than max links to domains",
    mismatch,
)];

fn mismatch(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 2)?;
    let min = optional_number(call, 0)?.filter(|min| *min != 0.0).unwrap_or(1.0);
    let max = optional_number(call, 1)?;
    Ok(Arc::new(move |scan, _| {
        let registry = &scan.views().settings().domains;
        let deceives = |html: &Html| {
            // Most texts show no URI, and domains are dear.
            if !html.uris.iter().any(shows_uri) {
                return false;
            }
            let mut links = Links::default();
            html.uris.iter().for_each(|link| links.add(link, registry));
            links.mismatch && links.count >= min && max.is_none_or(|max| links.count < max)
        };
        hit_if(scan.views().html().any(deceives))
    }))
}

fn shows_uri(link: &Link) -> bool {
    link.anchor_text.iter().any(|text| memchr::memmem::find(&text.text, b"://").is_some())
}

/// The links of one HTML part to domains.
#[derive(Default)]
struct Links {
    count: f64,
    mismatch: bool,
}

impl Links {
    fn add(&mut self, link: &Link, registry: &Registry) {
        if link.anchor_text.is_empty() {
            return;
        }
        let Some(domain) = domain_of(&link.uri, registry) else { return };
        self.count += 1.0;
        self.mismatch |= link
            .anchor_text
            .iter()
            .any(|text| shown_domain(text, registry).is_some_and(|shown| shown != domain));
    }
}

/// The domain of an `http` or `https` URI; there is another test for IP addresses.
fn domain_of(uri: &[u8], registry: &Registry) -> Option<Vec<u8>> {
    let after = |scheme: &[u8]| {
        uri.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme))?;
        uri.get(scheme.len()..)
    };
    let host = after(b"http://").or_else(|| after(b"https://"))?;
    let host = host.split(|byte| b"/:?#".contains(byte)).next()?;
    if host.is_empty() || is_ip(host) {
        return None;
    }
    let domain = registry.trimmed(host);
    let valid = registry.host_of_uri(&domain)?;
    registry.is_valid(&valid.domain).then_some(domain)
}

/// The domain, or IP address, behind the first `https://` in an anchor's text.
fn shown_domain(text: &Snippet, registry: &Registry) -> Option<Vec<u8>> {
    const SCHEME: &[u8] = b"https://";
    // The first one that a host follows.
    let host = memchr::memmem::find_iter(&text.text, b"://").find_map(|at| {
        let begin = at.checked_sub(SCHEME.len() - 3)?;
        let host = at + 3;
        text.text.get(begin..host).filter(|scheme| scheme.eq_ignore_ascii_case(SCHEME))?;
        Some(host_at(text.text.get(host..)?, text.wide)).filter(|host| !host.is_empty())
    })?;
    if is_ip(host) {
        return Some(host.to_vec());
    }
    let domain = registry.trimmed(host);
    registry.is_valid(&domain).then_some(domain)
}

/// What is before white space or the end of a host.
fn host_at(text: &[u8], wide: bool) -> &[u8] {
    let ends = |at: &usize| {
        let rest = text.get(*at..).unwrap_or_default();
        rest.first().is_none_or(|byte| b"/:?#".contains(byte)) || space(rest, wide) > 0
    };
    text.get(..(0..text.len()).find(ends).unwrap_or(text.len())).unwrap_or(text)
}
