//! What internal hosts have found out about SPF and written into headers.
//!
//! In: Received-SPF and (ARC-)Authentication-Results among the headers that internal hosts wrote.
//! Out: [`Findings`]. Of each identity the oldest header counts, unless the settings want the
//! newest.

use super::super::arguments::regex;
use super::{Claims, Findings, Found};
use crate::auth::spf::{Identity, Outcome};
use crate::message::header::HeaderQuery;
use crate::message::view::Views;
use crate::rules::options::Options;
use regex::bytes::Regex;
use std::sync::LazyLock;

/// How the two headers are written.
struct Patterns {
    received: Regex,
    results: Regex,
    result: Regex,
}

static PATTERNS: LazyLock<Option<Patterns>> = LazyLock::new(|| {
    let received = regex(
        r"(?ix)^received-spf:\s*(pass|neutral|(?:soft)?fail|(?:temp|perm)error|none)\b
            (?:.*\bidentity=(\S+?);?\b)?",
    );
    let results = regex(r"(?i)^(?:Arc-)?Authentication-Results:.*;\s*SPF\s*=\s*([^;]*)");
    let result = regex(
        r"(?ix)^(pass|neutral|(?:hard|soft)?fail|(?:temp|perm)error|none)
            (?:[^;]*?\bsmtp\.(\S+)\s*=[^;]+)?",
    );
    Some(Patterns { received: received.ok()?, results: results.ok()?, result: result.ok()? })
});

/// What the headers say.
pub(super) fn findings(views: &Views, options: &Options) -> Findings {
    let mut findings = Findings::default();
    if options.flag("ignore_received_spf_header") {
        return findings;
    }
    let query = HeaderQuery::ask(b"ALL-INTERNAL");
    let mut fields = query.values(&views.source());
    if !options.flag("use_newest_received_spf_header") {
        fields.reverse();
    }
    let told: Vec<_> = fields.iter().filter_map(|field| read(field)).collect();
    if told.is_empty() {
        return findings;
    }
    let claims = Claims::of(views);
    for (identity, outcome) in told {
        let (place, domain) = match identity {
            Identity::MailFrom => (&mut findings.mail_from, claims.sender_domain()),
            Identity::Helo => (&mut findings.helo, claims.helo()),
        };
        let domain = domain.to_ascii_lowercase();
        place.get_or_insert(Found { outcome, domain, explanation: None });
    }
    findings
}

/// What one header tells: of whom, and what. `None` if it tells nothing of use.
fn read(field: &[u8]) -> Option<(Identity, Outcome)> {
    let patterns = PATTERNS.as_ref()?;
    let is_received = field.get(..13).is_some_and(|b| b.eq_ignore_ascii_case(b"received-spf:"));
    let found = match is_received {
        true => patterns.received.captures(field)?,
        false => {
            let results = patterns.results.captures(field)?;
            patterns.result.captures(results.get(1)?.as_bytes())?
        }
    };
    let identity = match found.get(2).map(|of| of.as_bytes().to_ascii_lowercase()) {
        None => Identity::MailFrom,
        Some(of) if of == b"mfrom" || of == b"mailfrom" => Identity::MailFrom,
        Some(of) if of == b"helo" => Identity::Helo,
        Some(_) => return None,
    };
    Some((identity, outcome(found.get(1)?.as_bytes())?))
}

fn outcome(word: &[u8]) -> Option<Outcome> {
    Some(match &*word.to_ascii_lowercase() {
        b"pass" => Outcome::Pass,
        b"neutral" => Outcome::Neutral,
        b"none" => Outcome::None,
        b"fail" | b"hardfail" => Outcome::Fail,
        b"softfail" => Outcome::SoftFail,
        b"permerror" => Outcome::PermError,
        b"temperror" => Outcome::TempError,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_from_both_headers() {
        for (field, expected) in [
            ("Received-SPF: pass (x)\n", Some((Identity::MailFrom, Outcome::Pass))),
            (
                "Received-SPF: softfail (x) receiver=y; identity=helo; helo=z\n",
                Some((Identity::Helo, Outcome::SoftFail)),
            ),
            (
                "received-spf:TempError identity=MailFrom;\n",
                Some((Identity::MailFrom, Outcome::TempError)),
            ),
            ("Received-SPF: fail identity=pra\n", None),
            ("Received-SPF: maybe\n", None),
            (
                "Authentication-Results: mx; dkim=none; spf = hardfail smtp.mailfrom=a@b.example\n",
                Some((Identity::MailFrom, Outcome::Fail)),
            ),
            (
                "ARC-Authentication-Results: i=1; mx; spf=none (x) smtp.helo=b.example\n",
                Some((Identity::Helo, Outcome::None)),
            ),
            ("Authentication-Results: mx; spf=pass smtp.rcptto=x\n", None),
            ("Authentication-Results: mx; dkim=pass\n", None),
            ("X: pass\n", None),
        ] {
            assert_eq!(read(field.as_bytes()), expected, "{field}");
        }
    }
}
