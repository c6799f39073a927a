//! SPF (RFC 7208): may the host that handed the message over send mail in these names?
//!
//! In: what internal hosts have found out and written into headers ([`headers`]); where they tell
//! nothing, what the DNS says ([`errand`]); the envelope sender, and the lists
//! `welcomelist_from_spf` and `welcomelist_auth`. Out: hits, and [`Findings`] for who goes by them
//! (DMARC). Where the network may not be asked, headers alone count.
//! Mail::SpamAssassin::Plugin::SPF(3).

mod errand;
mod headers;

pub use errand::errand;

use super::{Binding, MISS, Row, Test, hit_if};
use crate::auth::spf::Outcome;
use crate::engine::scan::Scan;
use crate::engine::verdict::Evidence;
use crate::message::header::HeaderQuery;
use crate::message::relay::{Relay, Side};
use crate::message::view::Views;
use crate::rules::model::Eval;
use std::sync::Arc;

const PLUGIN: &str = "Mail::SpamAssassin::Plugin::SPF";

const LISTED: &str =
    "SPF says pass, and the envelope sender is in welcomelist_from_spf or welcomelist_auth";
const LISTED_DEFAULT: &str =
    "SPF says pass, and the envelope sender is in def_welcomelist_from_spf or def_welcomelist_auth";

/// The functions.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::waiting(PLUGIN, "check_for_spf_pass", "()", "SPF says pass of the envelope sender", |_, to| mail_from(to, Outcome::Pass)),
    Row::waiting(PLUGIN, "check_for_spf_neutral", "()", "SPF says neutral of the envelope sender", |_, to| mail_from(to, Outcome::Neutral)),
    Row::waiting(PLUGIN, "check_for_spf_none", "()", "SPF says none of the envelope sender", |_, to| mail_from(to, Outcome::None)),
    Row::waiting(PLUGIN, "check_for_spf_fail", "()", "SPF says fail of the envelope sender", |_, to| mail_from(to, Outcome::Fail)),
    Row::waiting(PLUGIN, "check_for_spf_softfail", "()", "SPF says softfail of the envelope sender", |_, to| mail_from(to, Outcome::SoftFail)),
    Row::waiting(PLUGIN, "check_for_spf_permerror", "()", "SPF says permerror of the envelope sender", |_, to| mail_from(to, Outcome::PermError)),
    Row::waiting(PLUGIN, "check_for_spf_temperror", "()", "SPF says temperror of the envelope sender", |_, to| mail_from(to, Outcome::TempError)),
    Row::waiting(PLUGIN, "check_for_spf_helo_pass", "()", "SPF says pass of the HELO name", |_, to| helo(to, Outcome::Pass)),
    Row::waiting(PLUGIN, "check_for_spf_helo_neutral", "()", "SPF says neutral of the HELO name", |_, to| helo(to, Outcome::Neutral)),
    Row::waiting(PLUGIN, "check_for_spf_helo_none", "()", "SPF says none of the HELO name", |_, to| helo(to, Outcome::None)),
    Row::waiting(PLUGIN, "check_for_spf_helo_fail", "()", "SPF says fail of the HELO name", |_, to| helo(to, Outcome::Fail)),
    Row::waiting(PLUGIN, "check_for_spf_helo_softfail", "()", "SPF says softfail of the HELO name", |_, to| helo(to, Outcome::SoftFail)),
    Row::waiting(PLUGIN, "check_for_spf_helo_permerror", "()", "SPF says permerror of the HELO name", |_, to| helo(to, Outcome::PermError)),
    Row::waiting(PLUGIN, "check_for_spf_helo_temperror", "()", "SPF says temperror of the HELO name", |_, to| helo(to, Outcome::TempError)),
    Row::new(PLUGIN, "check_spf_skipped_noenvfrom", "()", "no reliable envelope sender is known", no_sender),
    Row::waiting(PLUGIN, "check_for_spf_welcomelist_from", "()", LISTED, listed),
    Row::waiting(PLUGIN, "check_for_spf_whitelist_from", "()", LISTED, listed),
    Row::waiting(PLUGIN, "check_for_def_spf_welcomelist_from", "()", LISTED_DEFAULT, listed_by_default),
    Row::waiting(PLUGIN, "check_for_def_spf_whitelist_from", "()", LISTED_DEFAULT, listed_by_default),
];

/// What SPF says of a message: a note that evals of other families may read with [`findings`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Of its envelope sender; `None` where neither a header nor the network tells.
    pub mail_from: Option<Found>,
    /// Of the HELO name, likewise.
    pub helo: Option<Found>,
}

/// What SPF says of one identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it says.
    pub outcome: Outcome,
    /// Of which domain: behind the sender's `@`, or the HELO name, in lower case. Empty where a
    /// header tells the outcome and the message does not tell the domain.
    pub domain: Vec<u8>,
    /// Who fails is told this: by the domain, or by default. `None` where a header tells.
    pub explanation: Option<Vec<u8>>,
}

/// Who claims to have sent a message, and from where.
struct Claims {
    /// The host outside that handed it over.
    relay: Option<Relay>,
    /// The envelope sender in lower case, empty for a bounce; `None` where trusted hosts may have
    /// changed it.
    sender: Option<Vec<u8>>,
}

impl Claims {
    fn of(views: &Views) -> Claims {
        let relays = views.relays();
        let relay = relays.side(Side::External).first().cloned();
        let told = relay.as_ref().and_then(|relay| relay.envfrom.clone());
        let sender = told.or_else(|| {
            let is_own = relays.side(Side::Trusted).is_empty()
                || views.settings().always_trust_envelope_sender;
            let query = HeaderQuery::ask(b"EnvelopeFrom:addr");
            query.values(&views.source()).into_iter().next().filter(|_| is_own)
        });
        Claims { relay, sender: sender.map(|sender| sender.to_ascii_lowercase()) }
    }

    /// The HELO name; empty if there is none.
    fn helo(&self) -> &[u8] {
        something(self.relay.as_ref().map_or(b"", |relay| &relay.helo))
    }

    /// The envelope sender; empty if there is none.
    fn sender(&self) -> &[u8] {
        something(self.sender.as_deref().unwrap_or_default())
    }

    /// The domain of the envelope sender; empty if there is none.
    fn sender_domain(&self) -> &[u8] {
        let sender = self.sender();
        let at = sender.iter().rposition(|&byte| byte == b'@').map_or(0, |at| at + 1);
        sender.get(at..).unwrap_or_default()
    }
}

/// A text that SpamAssassin takes for one: `0` is none to it.
fn something(text: &[u8]) -> &[u8] {
    if text == b"0" { b"" } else { text }
}

/// What SPF says of the message, as far as it is known yet: with the network's answers when the
/// errands are done, by headers alone before, or where there are none.
pub fn findings(scan: &mut Scan) -> Arc<Findings> {
    scan.facts(|scan| headers::findings(scan.views(), scan.profile().options()))
}

fn mail_from(_: &mut Binding, wanted: Outcome) -> Result<Test, String> {
    Ok(Arc::new(move |scan, _| Ok(told(findings(scan).mail_from.as_ref(), wanted))))
}

fn helo(_: &mut Binding, wanted: Outcome) -> Result<Test, String> {
    Ok(Arc::new(move |scan, _| Ok(told(findings(scan).helo.as_ref(), wanted))))
}

/// A hit if the outcome is the wanted one, with what the domain tells those who fail.
fn told(found: Option<&Found>, wanted: Outcome) -> (u32, Option<Evidence>) {
    let Some(found) = found.filter(|found| found.outcome == wanted) else { return MISS };
    let text = found.explanation.as_ref().map(|why| [b"SPF failed: ", &why[..]].concat());
    (1, text.map(|text| Evidence { text, piece: 0, offset: 0 }))
}

fn no_sender(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    Ok(Arc::new(|scan, _| hit_if(Claims::of(scan.views()).sender.is_none())))
}

fn listed(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    passes_and_is_in([b"welcomelist_from_spf", b"welcomelist_auth"])
}

fn listed_by_default(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    passes_and_is_in([b"def_welcomelist_from_spf", b"def_welcomelist_auth"])
}

fn passes_and_is_in(lists: [&'static [u8]; 2]) -> Result<Test, String> {
    Ok(Arc::new(move |scan, _| {
        let found = findings(scan);
        if found.mail_from.as_ref().is_none_or(|found| found.outcome != Outcome::Pass) {
            return hit_if(false);
        }
        let claims = Claims::of(scan.views());
        let is_in =
            |name: &&[u8]| super::lists::list(name, scan.profile()).match_whole(claims.sender());
        hit_if(!claims.sender().is_empty() && lists.iter().any(is_in))
    }))
}
