//! Recipients: many of them, in order, or like one another; and what else they give away.
//!
//! In: To, Cc, Bcc, the envelope sender. Out: hits.

use super::super::arguments::bound;
use super::super::{Binding, Test, hit_if};
use super::facts::{Facts, facts, text, values};
use crate::message::view::Views;
use crate::rules::model::Eval;
use crate::text::domain;
use memchr::memmem;
use std::sync::Arc;

/// So many recipients at least are in order on purpose.
const ORDERED: usize = 7;
/// So many at least are compared with one another; SpamAssassin looks at Bcc for fewer.
const COMPARED: usize = 5;
/// So many at most.
const MOST: usize = 256;
/// How much of names and hosts is compared.
const BEGIN: usize = 2;

/// What the recipients of a message have in common.
pub struct Recipients {
    ordered: bool,
    /// Of all pairs, the share with like names or hosts; 0 for few recipients.
    alike: f64,
}

/// `sorted_recipients`
pub fn sorted(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    Ok(Arc::new(|scan, _| {
        let facts = facts(scan);
        hit_if(facts.recipients(scan.views()).ordered)
    }))
}

/// `similar_recipients`
pub fn similar(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    let (least, most) = (bound(call, 0)?, bound(call, 1)?);
    Ok(Arc::new(move |scan, _| {
        let facts = facts(scan);
        let alike = facts.recipients(scan.views()).alike;
        hit_if(least.is_none_or(|least| alike >= least) && most.is_none_or(|most| alike < most))
    }))
}

impl Facts {
    fn recipients(&self, views: &Views) -> &Recipients {
        self.recipients.get_or_init(|| {
            let mut all = values(b"ToCc:addr", views);
            if all.len() < COMPARED {
                all.extend(values(b"Bcc:addr", views));
            }
            Recipients::new(all)
        })
    }
}

impl Recipients {
    fn new(all: Vec<Vec<u8>>) -> Recipients {
        let mut addresses: Vec<Vec<u8>> = Vec::new();
        // To Perl these two are no addresses, and nothing comes after them.
        for address in all.into_iter().take_while(|all| !matches!(&**all, b"" | b"0")) {
            let previous = addresses.last().map_or(&b""[..], Vec::as_slice);
            if !address.eq_ignore_ascii_case(previous) {
                addresses.push(address);
            }
        }
        addresses.truncate(MOST);
        Recipients {
            ordered: addresses.len() >= ORDERED && are_ordered(&addresses),
            alike: if addresses.len() >= COMPARED { share_alike(&addresses) } else { 0.0 },
        }
    }
}

fn are_ordered(addresses: &[Vec<u8>]) -> bool {
    let mut sorted: Vec<&Vec<u8>> = addresses.iter().collect();
    sorted.sort();
    sorted.iter().copied().eq(addresses)
}

/// The pairs with like names, and those with like but different hosts, of all pairs.
fn share_alike(addresses: &[Vec<u8>]) -> f64 {
    let begin = |text: &[u8]| text.get(..BEGIN).unwrap_or(text).to_vec();
    // An address without a host leaves its place to the next one, as in SpamAssassin.
    let hosts = addresses.iter().filter_map(|address| {
        let at = memchr::memchr(b'@', address)?;
        address.get(at + 1..)?.split(|&byte| byte == b'\n').next()
    });
    let hosts: Vec<&[u8]> =
        hosts.chain(std::iter::repeat(&b""[..])).take(addresses.len()).collect();
    let people: Vec<_> = addresses
        .iter()
        .zip(hosts)
        .map(|(address, host)| (begin(address), begin(host), host))
        .collect();
    let (mut alike, mut pairs) = (0u32, 0u32);
    for (index, (name, host, whole)) in people.iter().enumerate() {
        for (other_name, other_host, other_whole) in people.iter().skip(index + 1) {
            alike += u32::from(name == other_name);
            alike += u32::from(host == other_host && whole != other_whole);
            pairs += 1;
        }
    }
    f64::from(alike) / f64::from(pairs.max(1))
}

/// `check_for_missing_to_header`
pub fn missing(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    Ok(Arc::new(|scan, _| {
        let is_empty = |name: &[u8]| text(name, scan.views()).is_empty();
        hit_if(is_empty(b"To") && is_empty(b"Apparently-To"))
    }))
}

/// `check_ratware_envelope_from`
pub fn in_envelope_sender(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    Ok(Arc::new(|scan, _| {
        let facts = facts(scan);
        let views = scan.views();
        hit_if(holds_recipient(facts.envelope_sender(views), &text(b"To:addr", views), views))
    }))
}

/// Is `<host of to>`, any byte, `<name of to>@` in the sender's address?
fn holds_recipient(sender: &[u8], to: &[u8], views: &Views) -> bool {
    let Some(at) = memchr::memchr(b'@', to).filter(|&at| at > 0) else { return false };
    let (name, host) = to.split_at_checked(at).unwrap_or_default();
    let host = host.get(1..).filter(|host| !host.is_empty()).unwrap_or_default();
    if sender.is_empty() || host.is_empty() || is_rewritten(sender) {
        return false;
    }
    let registry = &views.settings().domains;
    let host = domain::to_ascii(host);
    let domain = registry.split(&host).1.to_ascii_lowercase();
    if !registry.is_valid(&domain) {
        return false;
    }
    let (sender, name) = (sender.to_ascii_lowercase(), name.to_ascii_lowercase());
    let follows = |end: usize| {
        let rest = sender.get(end..).unwrap_or_default();
        rest.first().is_some_and(|&byte| byte != b'\n')
            && rest
                .get(1..)
                .and_then(|rest| rest.strip_prefix(name.as_slice()))
                .is_some_and(|rest| rest.starts_with(b"@"))
    };
    memmem::find_iter(&sender, &domain)
        .any(|start| super::starts_at_border(&sender, start) && follows(start + domain.len()))
}

/// The sender rewriting scheme: `SRS0=…@`
fn is_rewritten(sender: &[u8]) -> bool {
    sender.get(..3).is_some_and(|begin| begin.eq_ignore_ascii_case(b"SRS"))
        && sender.get(3).is_some_and(u8::is_ascii_digit)
        && sender.get(4).is_some_and(|byte| b"=+-".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipients(addresses: &[&str]) -> Recipients {
        Recipients::new(addresses.iter().map(|address| address.as_bytes().to_vec()).collect())
    }

    #[test]
    fn order_counts_from_seven_addresses_on() {
        assert!(recipients(&["a@x", "b@x", "c@x", "d@x", "e@x", "f@x", "g@x"]).ordered);
        assert!(!recipients(&["a@x", "b@x", "c@x", "d@x", "e@x", "f@x", "F@x"]).ordered);
        assert!(!recipients(&["a@x", "b@x", "c@x", "d@x", "e@x", "g@x", "f@x"]).ordered);
    }

    #[test]
    fn likeness_is_a_share_of_all_pairs() {
        let alike = |addresses: &[&str]| recipients(addresses).alike;
        assert_eq!(alike(&["aa@x", "ab@x", "ac@x", "ad@x"]), 0.0);
        assert_eq!(alike(&["aax@x", "aay@x", "b@x", "c@x", "d@x"]), 0.1);
        assert_eq!(alike(&["a@xy1", "b@xy2", "c@q", "d@q", "e@r"]), 0.1);
        assert_eq!(alike(&["aa", "aa@x", "b@x", "c@x", "d@x"]), 0.1);
    }
}
