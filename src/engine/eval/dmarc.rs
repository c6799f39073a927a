//! DMARC: what the author's domain wants done with mail that is not its own.
//!
//! In: what [`errand`] brings home as a note, [`Discovery`]; the findings of SPF and of DKIM and
//! ARC. Out: hits. The questions need neither, so that errands need not wait for each other.
//! Where the network is not asked, nothing hits. Mail::SpamAssassin::Plugin::DMARC(3).

use super::dkim::{self, Authors};
use super::{Binding, Row, Test, hit_if, spf};
use crate::auth::dmarc::{self, Claims, Discovery, Verdict};
use crate::auth::spf::Outcome;
use crate::engine::network::{Errand, errand as noting};
use crate::engine::scan::Scan;
use crate::message::header::HeaderQuery;
use crate::message::relay::Side;
use crate::message::view::Views;
use crate::rules::model::Eval;
use std::sync::Arc;

const PLUGIN: &str = "Mail::SpamAssassin::Plugin::DMARC";

/// The functions.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::waiting(PLUGIN, "check_dmarc_pass", "()", "the author's domain answers for the message", pass),
    Row::waiting(PLUGIN, "check_dmarc_reject", "()", "it does not, and wants such mail rejected", reject),
    Row::waiting(PLUGIN, "check_dmarc_quarantine", "()", "it does not, and wants such mail put aside", quarantine),
    Row::waiting(PLUGIN, "check_dmarc_none", "()", "it does not, and does not mind", none),
    Row::waiting(PLUGIN, "check_dmarc_missing", "()", "the author's domain has no policy", missing),
];

/// What has to be asked about `scan`; `None` where no rule wants to know, nobody outside handed
/// the message over, or it has no author.
pub fn errand(scan: &Scan) -> Option<Errand> {
    if !scan.program().asks.wants(PLUGIN, scan) {
        return None;
    }
    let views = scan.views();
    let author = HeaderQuery::ask(b"From:first:addr").first(&views.source())?;
    if views.relays().side(Side::External).is_empty() || !author.contains(&b'@') {
        return None;
    }
    envelope_domain(views)?;
    Some(noting(move |lookup| async move { dmarc::discover(&*lookup, &author).await }))
}

/// The envelope sender's domain; the author's where there is no envelope.
fn envelope_domain(views: &Views) -> Option<Vec<u8>> {
    let first = |query: &[u8]| HeaderQuery::ask(query).first(&views.source());
    first(b"EnvelopeFrom:first:addr:host").or_else(|| first(b"From:first:addr:domain"))
}

/// What DMARC says of the message, found out once.
struct Judged(Option<Verdict>);

fn judged(scan: &mut Scan) -> Arc<Judged> {
    let spf = spf::findings(scan);
    scan.facts(|scan| Judged(judge(scan, &spf)))
}

fn judge(scan: &Scan, spf: &spf::Findings) -> Option<Verdict> {
    let discovery = scan.known_note::<Discovery>()?;
    let signatures = scan.known_note::<dkim::Findings>();
    let views = scan.views();
    let passes =
        |found: &Option<spf::Found>| found.as_ref().is_some_and(|f| f.outcome == Outcome::Pass);
    let mail_from = envelope_domain(views).unwrap_or_default();
    let helo = views.relays().side(Side::External).first().map(|hop| hop.helo.to_ascii_lowercase());
    dmarc::judge(
        &discovery,
        &Claims {
            mail_from: &mail_from,
            mail_from_passes: passes(&spf.mail_from),
            helo: helo.as_deref().unwrap_or_default(),
            helo_passes: passes(&spf.helo),
            dkim: signatures.as_ref().map(|found| &found.dkim),
            arc: signatures.as_ref().and_then(|found| found.arc.as_ref()),
            is_authors: Authors::of(views).domains.contains(&mail_from),
            sample: sample(views),
        },
    )
}

/// Where a message stands among a hundred: by what its header says (FNV-1a), so that it is
/// judged alike whenever it is looked at.
fn sample(views: &Views) -> u8 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let header = views.message().pristine_headers();
    (header.iter().fold(0xcbf2_9ce4_8422_2325, step) % 100) as u8
}

fn is(wanted: impl Fn(&Verdict) -> bool + Send + Sync + 'static) -> Result<Test, String> {
    Ok(Arc::new(move |scan, _| hit_if(judged(scan).0.as_ref().is_some_and(&wanted))))
}

fn fails(policy: &'static [u8]) -> Result<Test, String> {
    is(move |verdict| matches!(verdict, Verdict::Fail(found) if *found == policy))
}

fn pass(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    is(|verdict| *verdict == Verdict::Pass)
}

fn reject(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    fails(b"reject")
}

fn quarantine(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    fails(b"quarantine")
}

fn none(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    fails(b"none")
}

fn missing(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    is(|verdict| *verdict == Verdict::NoPolicy)
}
