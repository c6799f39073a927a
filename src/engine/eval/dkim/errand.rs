//! Keys and signing practices, asked of the DNS.
//!
//! What signatures cover is hashed here, on the worker that made the scan; keys are asked for
//! beside it. `dkim_timeout` is for the keys of DKIM, for those of ARC and for the practices
//! each; where the keys of DKIM do not come, it is as if nothing was signed.

use super::{Authors, Findings, Standard};
use crate::auth::adsp::{self, Practices};
use crate::auth::{self, dkim};
use crate::clock;
use crate::dns::Lookup;
use crate::engine::network::{Errand, Finding};
use crate::engine::scan::Scan;
use crate::limits::Limit;
use crate::rules::options::Map;
use futures_util::future::join_all;
use std::time::Duration;

/// What has to be asked about `scan`; `None` where no rule wants to know. There is an errand for a
/// message without signatures too: rules ask whether somebody has looked.
pub fn errand(scan: &Scan) -> Option<Errand> {
    if !scan.program().asks.wants(super::PLUGIN, scan) {
        return None;
    }
    let (views, options) = (scan.views(), scan.profile().options());
    let limits = &views.settings().limits;
    let now = clock::unix_seconds();
    let (dkim, arc) = auth::signatures(views.message(), now, limits);
    let authors = Authors::of(views);
    let least_bits = options.number("dkim_minimum_key_bits");
    let timeout = Duration::from_secs_f64(options.number("dkim_timeout").ceil().clamp(0.0, 1e9));
    let overrides = options.map("adsp_override");
    let is_told = |domain: &&Vec<u8>| overrides.and_then(|map| overridden(map, domain)).is_some();
    let asked = authors.qualified().filter(|domain| !is_told(domain));
    let mut asked: Vec<Vec<u8>> = asked.cloned().collect();
    let mut reached = dkim.reached;
    reached.merge(arc.reached);
    if asked.len() > limits.author_domains {
        asked.truncate(limits.author_domains);
        reached.note(Limit::AuthorDomains);
    }
    Some(Box::new(move |lookup| {
        Box::pin(async move {
            let lookup = &*lookup;
            let (dkim, arc) = tokio::join!(
                tokio::time::timeout(timeout, dkim.verify(lookup)),
                tokio::time::timeout(timeout, arc.verify(lookup)),
            );
            let dkim = dkim.unwrap_or(dkim::Findings { ready: true, signatures: Vec::new() });
            let standard = Standard { authors: &authors, least_bits };
            asked.retain(|domain| dkim.ready && !is_answered_for(domain, &dkim, &standard));
            let practices = practices(lookup, asked, timeout).await;
            noted(Findings { dkim, arc: arc.ok(), practices }, reached)
        })
    }))
}

fn noted(findings: Findings, reached: crate::limits::Reached) -> Finding {
    Box::new(move |scan: &mut Scan| {
        scan.reached.merge(reached);
        scan.tags.set(findings.tags());
        scan.note(findings);
    })
}

/// Has the domain signed, or does its key keep us waiting? Then its practices do not matter.
fn is_answered_for(domain: &[u8], found: &dkim::Findings, standard: &Standard) -> bool {
    found.signatures.iter().any(|signature| {
        let is_theirs = signature.signer().is_some_and(|signer| *signer == *domain);
        is_theirs && (standard.is_authors(signature) || signature.is_late)
    })
}

async fn practices(
    lookup: &dyn Lookup,
    domains: Vec<Vec<u8>>,
    timeout: Duration,
) -> Vec<(Vec<u8>, Practices)> {
    let ask = |domain: Vec<u8>| async move {
        let asked = tokio::time::timeout(timeout, adsp::practices(lookup, &domain)).await;
        asked.ok().map(|practices| (domain, practices))
    };
    join_all(domains.into_iter().map(ask)).await.into_iter().flatten().collect()
}

/// What `adsp_override` says of `domain`: a letter for itself, or for `*.` and what it is below,
/// or for `*`.
pub fn overridden(map: &Map, domain: &[u8]) -> Option<u8> {
    let own = map.get(domain);
    let dots = memchr::memchr_iter(b'.', domain).map(|dot| domain.get(dot..).unwrap_or_default());
    let above = || dots.chain([&b""[..]]).find_map(|rest| map.get(&*[b"*", rest].concat()));
    own.or_else(above)?.first().copied()
}
