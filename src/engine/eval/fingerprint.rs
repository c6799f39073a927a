//! Fingerprints: what is known of the message's like.
//!
//! In: the sets in force ([`Options::known`](crate::engine::Options)), the message, and who has
//! signed it where the network was asked. Out: hits with the evidence, and the tags
//! FINGERPRINTS (the evidence in words), FINGERPRINTSCLASS and FINGERPRINTSPOINTS. A message's
//! fingerprints are made once, when the first of these rules runs; where there is no store they
//! are not made at all and nothing hits. What matches amount to is said by
//! [`judge`](crate::fingerprint::judge).

use super::dkim::{Authors, Findings};
use super::own::PLUGIN;
use super::{Binding, MISS, Row, Test, literal, optional};
use crate::auth::Signature;
use crate::auth::dmarc::organisational;
use crate::engine::scan::Scan;
use crate::engine::verdict::Evidence;
use crate::fingerprint::judge::{Grade, Judgement, Signer, Strength, judge};
use crate::fingerprint::{self, Class, Family};
use crate::rules::model::Eval;
use std::sync::Arc;

/// The functions.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::waiting(PLUGIN, "check_fingerprint", "('spam' | 'phish' | 'malware' | 'bulk', 'strong' | 'medium' | 'weak')", "fingerprints of that class are known, and amount to that; of spam, phish and malware the one with most evidence, with the strength of all three together", strength),
    Row::waiting(PLUGIN, "check_fingerprint_family", "('text' | 'link' | 'contact' | 'structure' | 'attachment' | 'image')", "something that is known is bad in that respect, and all together is no strong evidence", family),
    Row::waiting(PLUGIN, "check_fingerprint_exempt", "()", "something is known that wanted mail has too, and that would count otherwise", exempt),
];

/// What is known of one message; nothing where there is no store.
struct Judged(Option<Judgement>);

fn judged(scan: &mut Scan) -> Arc<Judged> {
    if let Some(judged) = scan.known_note() {
        return judged;
    }
    let judgement = look(scan);
    if let Some(judgement) = &judgement {
        let class = judgement.bad_class().or(judgement.class).map_or("", Class::name);
        let points = judgement.bad.points.to_string();
        let tags = [
            ("FINGERPRINTS", judgement.summary()),
            ("FINGERPRINTSCLASS", class.to_owned()),
            ("FINGERPRINTSPOINTS", points),
        ];
        for (name, value) in tags {
            scan.set_tag(name, vec![value.into_bytes()]);
        }
    }
    scan.note(Judged(judgement))
}

fn look(scan: &mut Scan) -> Option<Judgement> {
    let known = scan.known()?;
    let limits = &scan.views().settings().limits;
    let prints = fingerprint::of(scan.views().message(), &*known, limits);
    scan.note_reached(prints.reached);
    match signer(scan) {
        None => Some(judge(&prints, &*known, Signer::Unchecked)),
        Some(None) => Some(judge(&prints, &*known, Signer::Nobody)),
        Some(Some(domain)) => Some(judge(&prints, &*known, Signer::Aligned(&domain))),
    }
}

/// The author's registered domain, if it has signed the message; `None` where nobody has looked.
/// Whoever gives mailboxes away answers for nobody.
fn signer(scan: &mut Scan) -> Option<Option<String>> {
    let findings = scan.known_note::<Findings>().filter(|findings| findings.dkim.ready)?;
    let authors = scan.facts(|scan| Authors::of(scan.views()));
    let aligned = aligned(&authors, &findings.dkim.signatures);
    let free = scan.profile().options().set(b"freemail_domains");
    let is_free = |domain: &String| free.is_some_and(|free| free.contains(domain.as_bytes()));
    Some(aligned.filter(|domain| !is_free(domain)))
}

/// The registered domain of all of a message's authors, if one of `signatures` that holds is of
/// it (RFC 7489, 3.1: relaxed alignment).
pub fn aligned(authors: &Authors, signatures: &[Signature]) -> Option<String> {
    let mut domains = authors.domains.iter().map(|domain| organisational(domain));
    let author = domains.next()?;
    if domains.any(|other| other != author) {
        return None;
    }
    let holds = |signature: &&Signature| signature.is_valid() && !signature.is_domain_keys;
    let mut signers = signatures.iter().filter(holds).filter_map(|each| each.domain.as_ref());
    let is_theirs = signers.any(|domain| organisational(domain) == author);
    is_theirs.then(|| String::from_utf8(author).ok()).flatten()
}

fn strength(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    let name = String::from_utf8_lossy(literal(call, 0)?).into_owned();
    let class = Class::named(&name).filter(|class| *class != Class::Ham);
    let class = class.ok_or_else(|| {
        format!("there is no class '{name}'; there are spam, phish, malware and bulk")
    })?;
    let wanted = match literal(call, 1)? {
        b"strong" => Strength::Strong,
        b"medium" => Strength::Medium,
        b"weak" => Strength::Weak,
        other => {
            let other = other.escape_ascii();
            return Err(format!("there is no strength '{other}'; there are strong, medium, weak"));
        }
    };
    none_more(call, 2)?;
    hits_if(move |judgement| {
        let found = match class {
            Class::Bulk => judgement.strength(Class::Bulk),
            _ if judgement.bad_class() == Some(class) => judgement.bad.strength(),
            _ => Strength::None,
        };
        found == wanted
    })
}

fn family(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    let name = literal(call, 0)?;
    let place = FAMILIES.iter().position(|known| known.as_bytes() == name).ok_or_else(|| {
        format!("there is no family '{}'; there are {}", name.escape_ascii(), FAMILIES.join(", "))
    })?;
    none_more(call, 1)?;
    hits_if(move |judgement| {
        let points = judgement.bad.families.get(place).copied().unwrap_or_default();
        points > 0 && judgement.bad.strength() < Strength::Strong
    })
}

/// The names of [`Family::ALL`].
const FAMILIES: [&str; Family::ALL.len()] =
    ["text", "link", "contact", "structure", "attachment", "image"];

fn exempt(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    none_more(call, 0)?;
    hits_if(|judgement| judgement.grade == Grade::Exempt)
}

fn none_more(call: &Eval, most: usize) -> Result<(), String> {
    match optional(call, most) {
        None => Ok(()),
        Some(_) => Err(format!("{} takes {most} argument(s)", call.function)),
    }
}

/// A test of what is known, which shows the evidence.
fn hits_if(test: impl Fn(&Judgement) -> bool + Send + Sync + 'static) -> Result<Test, String> {
    Ok(Arc::new(move |scan, _| {
        if scan.known().is_none() {
            return Ok(MISS);
        }
        let judged = judged(scan);
        let hit = judged.0.as_ref().filter(|judgement| test(judgement));
        Ok(hit.map_or(MISS, |judgement| {
            let text = judgement.summary().into_bytes();
            (1, Some(Evidence { text, ..Evidence::default() }))
        }))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Outcome;
    use crate::engine::{Curve, Engine, Options};
    use crate::fingerprint::Listed;
    use crate::fingerprint::known::{Change, Origin, Sets, Source};
    use crate::limits::Limits;
    use crate::message::Message;
    use crate::rules::{self, Sources};

    const MAIL: &str = "From: a@spammer.example\nSubject: now or never\n\nBuy our wonderful pills \
        before midnight, every bottle comes with free shipping and a guarantee that nobody else \
        offers. Call the number below or visit the shop at https://pills.example/buy today.\n";

    fn engine() -> Engine {
        let sources = Sources {
            site: vec!["/nonexistent".into()],
            distribution: vec!["/nonexistent".into()],
            own: rules::own::FILES.to_vec(),
            local_tests_only: true,
            ..Sources::default()
        };
        let limits = Limits::default();
        Engine::new(Arc::new(rules::load(&sources, &limits)), Curve::default(), &limits)
    }

    /// All that the mail is recognised by, known as `class` with `weight`.
    fn known(class: Class, weight: u8) -> Arc<Sets> {
        let limits = Limits::default();
        let message = Message::parse(MAIL.into(), &limits);
        let prints = fingerprint::of(&message, &Sets::default(), &limits).all;
        let listed = Listed::default().with(class, weight);
        let changes: Vec<Change> = prints
            .iter()
            .map(|print| Change::Print { algorithm: print.algorithm, key: print.key(), listed })
            .collect();
        Arc::new(Sets::default().with(Origin::Local, Source::default().changed(&changes)))
    }

    fn hits(known: Option<Arc<Sets>>) -> Vec<String> {
        let known = known.map(|sets| sets as Arc<dyn fingerprint::Known>);
        let engine = engine();
        let options = Options { known, ..Options::default() };
        let verdict = engine.scan(&mut engine.worker(), MAIL.into(), &options);
        let names = verdict.hits.iter().map(|hit| hit.name.to_string());
        names.filter(|name| name.starts_with("MP_FP")).collect()
    }

    #[test]
    fn each_class_has_its_rule_and_nothing_hits_without_a_store() {
        assert_eq!(hits(None), [""; 0]);
        assert_eq!(hits(Some(Arc::default())), [""; 0]);
        assert_eq!(hits(Some(known(Class::Spam, 8))), ["MP_FP_SPAM"]);
        assert_eq!(hits(Some(known(Class::Phish, 8))), ["MP_FP_PHISH"]);
        assert_eq!(hits(Some(known(Class::Malware, 15))), ["MP_FP_MALWARE"]);
        assert_eq!(hits(Some(known(Class::Bulk, 8))), ["MP_FP_BULK"]);
        assert_eq!(hits(Some(known(Class::Ham, 15))), [""; 0]);
    }

    #[test]
    fn wrong_calls_are_told() {
        let lines = "body A eval:check_fingerprint('ham', 'weak')\n\
                     body B eval:check_fingerprint('spam', 'very')\n\
                     body C eval:check_fingerprint('spam')\n\
                     body D eval:check_fingerprint_family('soup')\n\
                     body E eval:check_fingerprint_exempt('x')\n\
                     body F eval:check_fingerprint('spam', 'weak')\n";
        let pre = "loadplugin Mail::SpamAssassin::Plugin::Mailprint\n";
        assert_eq!(super::super::tests::wrong(pre, lines), ["A", "B", "C", "D", "E"]);
    }

    #[test]
    fn the_authors_domain_answers_and_no_other() {
        let authors = |domains: &[&str]| Authors {
            addresses: Vec::new(),
            domains: domains.iter().map(|domain| domain.as_bytes().to_vec()).collect(),
        };
        let signature = |domain: &str, outcome| Signature {
            domain: Some(domain.into()),
            selector: Some("s".into()),
            outcome: Some(outcome),
            ..Signature::default()
        };
        let held = [signature("mail.bank.com", Outcome::Pass)];
        assert_eq!(aligned(&authors(&["bank.com"]), &held), Some("bank.com".into()));
        assert_eq!(aligned(&authors(&["other.com"]), &held), None);
        assert_eq!(aligned(&authors(&["bank.com", "evil.com"]), &held), None);
        assert_eq!(aligned(&authors(&[]), &held), None);
        let broken = [signature("bank.com", Outcome::Fail)];
        assert_eq!(aligned(&authors(&["bank.com"]), &broken), None);
    }
}
