//! SPF asked of the DNS, where no header tells.
//!
//! In: the host outside that handed the message over, its HELO name, the envelope sender. Out: an
//! errand that checks both names and notes [`Findings`] for both, those of headers included. As
//! SpamAssassin does: no HELO name is checked that is an address or has no dot, and no sender of
//! a bounce; a question waits `limits.spf_question_milliseconds`, a check `spf_timeout`, and one
//! that takes longer has no outcome.

use super::{Claims, Findings, Found, headers};
use crate::auth::spf::{Heights, Outcome, Request, Verdict, check};
use crate::clock;
use crate::dns::{Answering, Failure, Lookup, Question};
use crate::engine::network::{Errand, Finding};
use crate::engine::scan::Scan;
use crate::limits::Reached;
use crate::message::relay::Relay;
use crate::rules::options::Options;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// What those who fail are told where their domain gives no reason.
const NO_REASON: &[u8] = b"Rejected by SPF record";

/// What has to be asked about `scan`; `None` where headers tell already, or nobody can be asked
/// about.
pub fn errand(scan: &Scan) -> Option<Errand> {
    let options = scan.profile().options();
    let told = headers::findings(scan.views(), options);
    let claims = Claims::of(scan.views());
    let ip = claims.relay.as_ref().and_then(address)?;
    let receiver = receiver(options);
    let ready = |request: Request| request.by(&receiver, clock::unix_seconds());
    let sender = Some(claims.sender()).filter(|sender| !sender.is_empty());
    let sender = sender.filter(|_| told.mail_from.is_none());
    let helo = Some(claims.helo()).filter(|helo| is_checked(helo) && told.helo.is_none());
    let sender = sender.map(|sender| ready(Request::mail_from(ip, claims.helo(), sender)));
    let helo = helo.map(|helo| ready(Request::helo(ip, helo)));
    if sender.is_none() && helo.is_none() {
        return None;
    }
    let limits = &scan.views().settings().limits;
    let heights = Heights::of_scanner(limits);
    let patience = Duration::from_millis(limits.spf_question_milliseconds as u64);
    // SpamAssassin's alarm clock knows whole seconds.
    let seconds = options.number("spf_timeout").ceil().min(1e9);
    let timeout = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    Some(Box::new(move |lookup| {
        Box::pin(async move {
            let lookup = Patient { lookup, patience };
            let (mail_from, helo) = tokio::join!(
                ask(&lookup, sender, &heights, timeout),
                ask(&lookup, helo, &heights, timeout),
            );
            noted(told, mail_from, helo)
        })
    }))
}

/// Checks one name; `None` if there is none, or it took too long.
async fn ask(
    lookup: &Patient,
    request: Option<Request>,
    heights: &Heights,
    timeout: Duration,
) -> Option<(Found, Reached)> {
    let request = request?;
    let verdict = tokio::time::timeout(timeout, check(lookup, &request, heights)).await.ok()?;
    let explanation = explanation(&verdict);
    let found = Found { outcome: verdict.outcome, domain: request.domain, explanation };
    Some((found, verdict.reached))
}

/// What who fails is told, in one line.
fn explanation(verdict: &Verdict) -> Option<Vec<u8>> {
    let mut line = verdict.explanation.as_deref().unwrap_or(NO_REASON).to_vec();
    line.dedup_by(|byte, before| *byte == b' ' && *before == b' ');
    (verdict.outcome == Outcome::Fail).then_some(line)
}

/// Notes what headers tell and what was asked for, together.
fn noted(
    told: Findings,
    mail_from: Option<(Found, Reached)>,
    helo: Option<(Found, Reached)>,
) -> Finding {
    Box::new(move |scan| {
        for (_, reached) in mail_from.iter().chain(&helo) {
            scan.reached.merge(*reached);
        }
        scan.note(Findings {
            mail_from: told.mail_from.or(mail_from.map(|(found, _)| found)),
            helo: told.helo.or(helo.map(|(found, _)| found)),
        });
    })
}

fn address(relay: &Relay) -> Option<IpAddr> {
    std::str::from_utf8(&relay.ip).ok()?.parse().ok()
}

/// Is it a name with a dot in it, and no IPv4 address?
fn is_checked(helo: &[u8]) -> bool {
    let begin = helo.strip_prefix(b"[").or_else(|| helo.strip_prefix(b"!")).unwrap_or(helo);
    let bare = begin.strip_suffix(b"]").or_else(|| begin.strip_suffix(b"!")).unwrap_or(begin);
    let is_number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let is_address =
        bare.split(|&byte| byte == b'.').count() == 4 && bare.split(|&b| b == b'.').all(is_number);
    helo.contains(&b'.') && !is_address
}

/// Our own name, for explanations that want it.
fn receiver(options: &Options) -> Vec<u8> {
    let told = options.text("report_hostname").filter(|name| !name.is_empty());
    let own = || nix::unistd::gethostname().ok().map(|name| name.into_encoded_bytes());
    told.map(<[u8]>::to_vec).or_else(own).unwrap_or_else(|| b"unknown".to_vec())
}

/// A lookup that waits only so long for each answer.
struct Patient {
    lookup: Arc<dyn Lookup>,
    patience: Duration,
}

impl Lookup for Patient {
    fn lookup<'a>(&'a self, question: &'a Question) -> Answering<'a> {
        Box::pin(async move {
            let answer = tokio::time::timeout(self.patience, self.lookup.lookup(question)).await;
            answer.unwrap_or(Err(Failure::Late))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_bare_words_are_not_checked() {
        for (helo, expected) in [
            ("mx.garden.example", true),
            ("192.0.2", true),
            ("192.0.2.9.example", true),
            ("[IPv6:2001:db8::1.2.3.4]", true),
            ("192.0.2.9", false),
            ("[192.0.2.9]", false),
            ("!192.0.2.9!", false),
            ("[192.0.2.9", false),
            ("garden", false),
            ("", false),
        ] {
            assert_eq!(is_checked(helo.as_bytes()), expected, "{helo}");
        }
    }
}
