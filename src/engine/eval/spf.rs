//! SPF (RFC 7208) as far as headers tell: what internal hosts have found out and written down.
//!
//! In: Received-SPF and Authentication-Results among the headers that internal hosts wrote, the
//! envelope sender, the lists `welcomelist_from_spf` and `welcomelist_auth`. Out: hits. Where no
//! header tells a result, SpamAssassin asks DNS; here there is none then, as with its `-L`
//! ([`ASKING`]). Mail::SpamAssassin::Plugin::SPF(3).

use super::arguments::regex;
use super::{Binding, Row, Test, hit_if};
use crate::engine::scan::Scan;
use crate::message::header::HeaderQuery;
use crate::message::relay::Side;
use crate::message::view::Views;
use crate::rules::model::Eval;
use regex::bytes::Regex;
use std::sync::Arc;

const PLUGIN: &str = "Mail::SpamAssassin::Plugin::SPF";

const LISTED: &str =
    "SPF says pass, and the envelope sender is in welcomelist_from_spf or welcomelist_auth";
const LISTED_DEFAULT: &str =
    "SPF says pass, and the envelope sender is in def_welcomelist_from_spf or def_welcomelist_auth";

/// How the names of those functions begin that ask DNS where no header tells.
pub const ASKING: &[&str] = &["check_for_spf_", "check_for_def_spf_"];

/// The functions.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::new(PLUGIN, "check_for_spf_pass", "()", "SPF says pass of the envelope sender", |_, to| mail_from(to, Finding::Pass)),
    Row::new(PLUGIN, "check_for_spf_neutral", "()", "SPF says neutral of the envelope sender", |_, to| mail_from(to, Finding::Neutral)),
    Row::new(PLUGIN, "check_for_spf_none", "()", "SPF says none of the envelope sender", |_, to| mail_from(to, Finding::None)),
    Row::new(PLUGIN, "check_for_spf_fail", "()", "SPF says fail of the envelope sender", |_, to| mail_from(to, Finding::Fail)),
    Row::new(PLUGIN, "check_for_spf_softfail", "()", "SPF says softfail of the envelope sender", |_, to| mail_from(to, Finding::SoftFail)),
    Row::new(PLUGIN, "check_for_spf_permerror", "()", "SPF says permerror of the envelope sender", |_, to| mail_from(to, Finding::PermError)),
    Row::new(PLUGIN, "check_for_spf_temperror", "()", "SPF says temperror of the envelope sender", |_, to| mail_from(to, Finding::TempError)),
    Row::new(PLUGIN, "check_for_spf_helo_pass", "()", "SPF says pass of the HELO name", |_, to| helo(to, Finding::Pass)),
    Row::new(PLUGIN, "check_for_spf_helo_neutral", "()", "SPF says neutral of the HELO name", |_, to| helo(to, Finding::Neutral)),
    Row::new(PLUGIN, "check_for_spf_helo_none", "()", "SPF says none of the HELO name", |_, to| helo(to, Finding::None)),
    Row::new(PLUGIN, "check_for_spf_helo_fail", "()", "SPF says fail of the HELO name", |_, to| helo(to, Finding::Fail)),
    Row::new(PLUGIN, "check_for_spf_helo_softfail", "()", "SPF says softfail of the HELO name", |_, to| helo(to, Finding::SoftFail)),
    Row::new(PLUGIN, "check_for_spf_helo_permerror", "()", "SPF says permerror of the HELO name", |_, to| helo(to, Finding::PermError)),
    Row::new(PLUGIN, "check_for_spf_helo_temperror", "()", "SPF says temperror of the HELO name", |_, to| helo(to, Finding::TempError)),
    Row::new(PLUGIN, "check_spf_skipped_noenvfrom", "()", "no reliable envelope sender is known", no_sender),
    Row::new(PLUGIN, "check_for_spf_welcomelist_from", "()", LISTED, listed),
    Row::new(PLUGIN, "check_for_spf_whitelist_from", "()", LISTED, listed),
    Row::new(PLUGIN, "check_for_def_spf_welcomelist_from", "()", LISTED_DEFAULT, listed_by_default),
    Row::new(PLUGIN, "check_for_def_spf_whitelist_from", "()", LISTED_DEFAULT, listed_by_default),
];

/// What SPF says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finding {
    Pass,
    Neutral,
    None,
    Fail,
    SoftFail,
    PermError,
    TempError,
}

/// What headers say that SPF said; `None` where none does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Findings {
    mail_from: Option<Finding>,
    helo: Option<Finding>,
}

/// How the two headers are written.
struct Patterns {
    received: Regex,
    results: Regex,
    result: Regex,
}

impl Patterns {
    fn new(_: &mut Binding) -> Result<Patterns, String> {
        Ok(Patterns {
            received: regex(
                r"(?ix)^received-spf:\s*(pass|neutral|(?:soft)?fail|(?:temp|perm)error|none)\b
                    (?:.*\bidentity=(\S+?);?\b)?",
            )?,
            results: regex(r"(?i)^(?:Arc-)?Authentication-Results:.*;\s*SPF\s*=\s*([^;]*)")?,
            result: regex(
                r"(?ix)^(pass|neutral|(?:hard|soft)?fail|(?:temp|perm)error|none)
                    (?:[^;]*?\bsmtp\.(\S+)\s*=[^;]+)?",
            )?,
        })
    }

    /// What one header tells: of whom, and what. `None` if it tells nothing of use.
    fn read(&self, field: &[u8]) -> Option<(Identity, Finding)> {
        let is_received = field.get(..13).is_some_and(|b| b.eq_ignore_ascii_case(b"received-spf:"));
        let found = match is_received {
            true => self.received.captures(field)?,
            false => {
                let results = self.results.captures(field)?;
                self.result.captures(results.get(1)?.as_bytes())?
            }
        };
        let identity = match found.get(2).map(|of| of.as_bytes().to_ascii_lowercase()) {
            None => Identity::MailFrom,
            Some(of) if of == b"mfrom" || of == b"mailfrom" => Identity::MailFrom,
            Some(of) if of == b"helo" => Identity::Helo,
            Some(_) => return None,
        };
        Some((identity, Finding::parse(found.get(1)?.as_bytes())?))
    }
}

/// Of whom SPF says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Identity {
    MailFrom,
    Helo,
}

impl Finding {
    fn parse(word: &[u8]) -> Option<Finding> {
        Some(match &*word.to_ascii_lowercase() {
            b"pass" => Finding::Pass,
            b"neutral" => Finding::Neutral,
            b"none" => Finding::None,
            b"fail" | b"hardfail" => Finding::Fail,
            b"softfail" => Finding::SoftFail,
            b"permerror" => Finding::PermError,
            b"temperror" => Finding::TempError,
            _ => return None,
        })
    }
}

/// What the headers of internal hosts say; the oldest counts, unless the settings want the
/// newest.
fn findings(scan: &mut Scan, patterns: &Patterns) -> Arc<Findings> {
    scan.facts(|scan| {
        let options = scan.profile().options();
        let mut findings = Findings::default();
        if options.flag("ignore_received_spf_header") {
            return findings;
        }
        let query = HeaderQuery::ask(b"ALL-INTERNAL");
        let mut fields = query.values(&scan.views().source());
        if !options.flag("use_newest_received_spf_header") {
            fields.reverse();
        }
        for (identity, finding) in fields.iter().filter_map(|field| patterns.read(field)) {
            let place = match identity {
                Identity::MailFrom => &mut findings.mail_from,
                Identity::Helo => &mut findings.helo,
            };
            place.get_or_insert(finding);
        }
        findings
    })
}

fn mail_from(to: &mut Binding, wanted: Finding) -> Result<Test, String> {
    let patterns = to.shared(Patterns::new)?;
    Ok(Arc::new(move |scan, _| hit_if(findings(scan, &patterns).mail_from == Some(wanted))))
}

fn helo(to: &mut Binding, wanted: Finding) -> Result<Test, String> {
    let patterns = to.shared(Patterns::new)?;
    Ok(Arc::new(move |scan, _| hit_if(findings(scan, &patterns).helo == Some(wanted))))
}

/// The envelope sender in lower case, empty for a bounce; `None` where trusted hosts may have
/// changed it.
fn sender(views: &Views) -> Option<Vec<u8>> {
    let relays = views.relays();
    let told = relays.side(Side::External).first().and_then(|hop| hop.envfrom.clone());
    let sender = told.or_else(|| {
        let is_own =
            relays.side(Side::Trusted).is_empty() || views.settings().always_trust_envelope_sender;
        let query = HeaderQuery::ask(b"EnvelopeFrom:addr");
        query.values(&views.source()).into_iter().next().filter(|_| is_own)
    });
    sender.map(|sender| sender.to_ascii_lowercase())
}

fn no_sender(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    Ok(Arc::new(|scan, _| hit_if(sender(scan.views()).is_none())))
}

fn listed(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    passes_and_is_in(to, [b"welcomelist_from_spf", b"welcomelist_auth"])
}

fn listed_by_default(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    passes_and_is_in(to, [b"def_welcomelist_from_spf", b"def_welcomelist_auth"])
}

fn passes_and_is_in(to: &mut Binding, lists: [&'static [u8]; 2]) -> Result<Test, String> {
    let patterns = to.shared(Patterns::new)?;
    Ok(Arc::new(move |scan, _| {
        if findings(scan, &patterns).mail_from != Some(Finding::Pass) {
            return hit_if(false);
        }
        let sender = sender(scan.views()).filter(|sender| !matches!(&**sender, b"" | b"0"));
        let is_in = |sender: Vec<u8>| {
            lists.iter().any(|name| super::lists::list(name, scan.profile()).match_whole(&sender))
        };
        hit_if(sender.is_some_and(is_in))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_from_both_headers() {
        let patterns = Patterns {
            received: regex(
                r"(?i)^received-spf:\s*(pass|(?:soft)?fail)\b(?:.*\bidentity=(\S+?);?\b)?",
            )
            .unwrap(),
            results: regex("x").unwrap(),
            result: regex("x").unwrap(),
        };
        let read = |field: &str| patterns.read(field.as_bytes());
        assert_eq!(read("Received-SPF: pass (x)\n"), Some((Identity::MailFrom, Finding::Pass)));
        let helo = "Received-SPF: softfail (x) receiver=y; identity=helo; helo=z\n";
        assert_eq!(read(helo), Some((Identity::Helo, Finding::SoftFail)));
        assert_eq!(read("Received-SPF: fail identity=pra\n"), None);
        assert_eq!(read("Received-SPF: maybe\n"), None);
        assert_eq!(read("X: pass\n"), None);
    }
}
