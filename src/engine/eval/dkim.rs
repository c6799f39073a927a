//! DKIM, ARC and ADSP: who has signed the message, and who should have.
//!
//! In: what [`errand`] brings home as a note, [`Findings`]; the authors in From; the lists
//! `welcomelist_from_dkim`, `welcomelist_auth` and their `def_` sisters; `adsp_override`,
//! `dkim_minimum_key_bits`. Out: hits, and the tags DKIMDOMAIN, DKIMIDENTITY and DKIMSELECTOR.
//! Where the network is not asked, nothing hits. Mail::SpamAssassin::Plugin::DKIM(3).

mod errand;
mod welcome;

pub use errand::errand;

use super::{Binding, MISS, Row, Test, hit_if, literal, never};
use crate::auth::adsp::Practices;
use crate::auth::{Signature, arc, dkim};
use crate::engine::scan::Scan;
use crate::message::header::HeaderQuery;
use crate::message::view::Views;
use crate::rules::model::{Eval, EvalClass};
use std::collections::BTreeSet;
use std::sync::Arc;

const PLUGIN: &str = "Mail::SpamAssassin::Plugin::DKIM";

const LISTED: &str =
    "a signature holds that welcomelist_from_dkim or welcomelist_auth wants of the author";
const LISTED_DEFAULT: &str =
    "a signature holds that def_welcomelist_from_dkim or def_welcomelist_auth wants of the author";

/// The functions.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::waiting(PLUGIN, "check_dkim_signed", "(['domain', …])", "there is a DKIM signature, of one of the domains", signed),
    Row::waiting(PLUGIN, "check_dkim_valid", "(['domain', …])", "a DKIM signature holds, of one of the domains", valid),
    Row::waiting(PLUGIN, "check_dkim_verified", "(['domain', …])", "the old name of check_dkim_valid", verified),
    Row::waiting(PLUGIN, "check_dkim_valid_author_sig", "(['domain', …])", "a DKIM signature of the author's own domain holds", valid_author),
    Row::waiting(PLUGIN, "check_dkim_valid_envelopefrom", "()", "a DKIM signature of the envelope sender's domain holds", valid_envelope),
    Row::waiting(PLUGIN, "check_dkim_dependable", "()", "DKIM signatures have been looked at", dependable),
    Row::waiting(PLUGIN, "check_dkim_adsp", "('NAD123' | '*' [, 'domain', …])", "no signature of the author's domain holds, and its signing practices are one of these", adsp),
    Row::waiting(PLUGIN, "check_dkim_signall", "()", "check_dkim_adsp('A')", signs_all),
    Row::waiting(PLUGIN, "check_arc_signed", "()", "there is an ARC signature or seal", arc_signed),
    Row::waiting(PLUGIN, "check_arc_valid", "()", "an ARC signature or seal holds", arc_valid),
    Row::waiting(PLUGIN, "check_for_dkim_welcomelist_from", "()", LISTED, welcome::own),
    Row::waiting(PLUGIN, "check_for_dkim_whitelist_from", "()", LISTED, welcome::own),
    Row::waiting(PLUGIN, "check_for_def_dkim_welcomelist_from", "()", LISTED_DEFAULT, welcome::default),
    Row::waiting(PLUGIN, "check_for_def_dkim_whitelist_from", "()", LISTED_DEFAULT, welcome::default),
    Row::new(PLUGIN, "check_dkim_signsome", "()", "never: that some mail is signed is true of every domain", never),
    Row::new(PLUGIN, "check_dkim_testing", "()", "never: SpamAssassin does not look at a key's testing flag", never),
];

/// What is known of a message's signatures: the note of [`errand`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// DKIM signatures.
    pub dkim: dkim::Findings,
    /// ARC signatures and seals; `None` if their keys did not come in time.
    pub arc: Option<arc::Findings>,
    /// What authors' domains say that they sign, of those that had to be asked.
    pub practices: Vec<(Vec<u8>, Practices)>,
}

/// The authors of a message.
pub struct Authors {
    /// Their addresses.
    pub addresses: Vec<Vec<u8>>,
    /// The domains of these, in lower case.
    pub domains: BTreeSet<Vec<u8>>,
}

impl Authors {
    /// Those in From.
    pub fn of(views: &Views) -> Authors {
        let addresses = HeaderQuery::ask(b"From:addr").values(&views.source());
        let domains = addresses.iter().filter_map(|address| domain_of(address)).collect();
        Authors { addresses, domains }
    }

    /// Domains with two labels or more, whose signing practices are worth a question.
    fn qualified(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.domains.iter().filter(|domain| {
            let dot = memchr::memrchr(b'.', domain).unwrap_or(0);
            let last = domain.get(dot + 1..).unwrap_or_default();
            let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'-';
            dot > 0 && last.len() >= 2 && last.iter().all(is_letter)
        })
    }
}

/// The domain of an address, in lower case.
fn domain_of(address: &[u8]) -> Option<Vec<u8>> {
    let at = memchr::memrchr(b'@', address)?;
    let mut domain = address.get(at + 1..)?;
    while let Some(shorter) = domain.strip_suffix(b" ").or(domain.strip_suffix(b"\t")) {
        // An address ends in blanks only if somebody forgot them there.
        if shorter.is_empty() {
            break;
        }
        domain = shorter;
    }
    (!domain.is_empty()).then(|| domain.to_ascii_lowercase())
}

/// What signatures have to be to count.
struct Standard<'a> {
    authors: &'a Authors,
    /// The shortest key, in bits; 0 for any.
    least_bits: f64,
}

impl Standard<'_> {
    /// Is it of an author, and does it hold, with a key that is long enough? Where keys of any
    /// length will do, SpamAssassin does not find out how long they are, and says no.
    fn is_authors(&self, signature: &Signature) -> bool {
        let is_long = signature.key_bits.is_some_and(|bits| bits as f64 >= self.least_bits);
        self.least_bits != 0.0
            && signature.is_valid()
            && is_long
            && signature.signer().is_some_and(|signer| self.authors.domains.contains(&signer))
    }

    /// Does it hold, with a key that is not too short?
    fn is_strong(&self, signature: &Signature) -> bool {
        let is_short = signature.key_bits.is_some_and(|bits| (bits as f64) < self.least_bits);
        signature.is_valid() && !is_short
    }
}

/// What is left to look at where signatures have been verified.
struct Looked {
    findings: Arc<Findings>,
    authors: Arc<Authors>,
    least_bits: f64,
}

impl Looked {
    /// `None` if nobody has looked.
    fn at(scan: &mut Scan) -> Option<Looked> {
        let findings = scan.known_note::<Findings>().filter(|findings| findings.dkim.ready)?;
        let least_bits = scan.profile().options().number("dkim_minimum_key_bits");
        let authors = scan.facts(|scan| Authors::of(scan.views()));
        Some(Looked { findings, authors, least_bits })
    }

    fn standard(&self) -> Standard<'_> {
        Standard { authors: &self.authors, least_bits: self.least_bits }
    }

    fn signatures(&self) -> &[Signature] {
        &self.findings.dkim.signatures
    }

    fn has_authors(&self) -> bool {
        self.signatures().iter().any(|signature| self.standard().is_authors(signature))
    }

    /// Has one of `domains` signed, among the signatures that `counts`? Without domains any will
    /// do.
    fn is_signed_by(&self, domains: &[Box<[u8]>], counts: impl Fn(&Signature) -> bool) -> bool {
        let signers = self.signatures().iter().filter(|each| counts(each));
        let mut signers = signers.filter_map(Signature::signer);
        signers
            .any(|signer| domains.is_empty() || domains.iter().any(|domain| is_of(domain, &signer)))
    }
}

/// Is `signer` what `domain` says: itself, or with `*.` or `.` before it, or below?
fn is_of(domain: &[u8], signer: &[u8]) -> bool {
    let domain = domain.to_ascii_lowercase();
    let below = domain.strip_prefix(b"*.").or(domain.strip_prefix(b"."));
    match below {
        None => *domain == *signer,
        Some(domain) => {
            let before = signer.strip_suffix(domain);
            before.is_some_and(|before| before.is_empty() || before.ends_with(b"."))
        }
    }
}

/// A test of what has been found; it misses where nobody has looked.
fn looks(test: impl Fn(&Looked) -> bool + Send + Sync + 'static) -> Result<Test, String> {
    Ok(Arc::new(move |scan, _| hit_if(Looked::at(scan).is_some_and(|looked| test(&looked)))))
}

fn signed(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    let domains = call.arguments.clone();
    looks(move |looked| match &domains[..] {
        [] => !looked.signatures().is_empty(),
        domains => looked.is_signed_by(domains, |_| true),
    })
}

fn valid(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    valid_of(call.arguments.clone())
}

/// As `check_dkim_valid`; what a header rule gives as the first argument is not looked at.
fn verified(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    let skipped = usize::from(call.class == EvalClass::Header);
    valid_of(call.arguments.iter().skip(skipped).cloned().collect())
}

fn valid_of(domains: Vec<Box<[u8]>>) -> Result<Test, String> {
    looks(move |looked| {
        let any = looked.signatures().iter().any(Signature::is_valid);
        let standard = looked.standard();
        any && (domains.is_empty()
            || looked.is_signed_by(&domains, |each| standard.is_strong(each)))
    })
}

fn valid_author(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    let domains = call.arguments.clone();
    looks(move |looked| {
        let standard = looked.standard();
        let is_authors = |each: &Signature| {
            let signer = each.signer();
            standard.is_strong(each)
                && signer.is_some_and(|signer| looked.authors.domains.contains(&signer))
        };
        looked.has_authors() && looked.is_signed_by(&domains, is_authors)
    })
}

fn valid_envelope(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    let query = HeaderQuery::ask(b"EnvelopeFrom:addr");
    Ok(Arc::new(move |scan, _| {
        let Some(looked) = Looked::at(scan) else { return Ok(MISS) };
        let sender = query.values(&scan.views().source()).into_iter().next().unwrap_or_default();
        let Some(domain) = crate::auth::after_at(&sender) else { return Ok(MISS) };
        let standard = looked.standard();
        hit_if(looked.is_signed_by(&[domain.into()], |each| standard.is_strong(each)))
    }))
}

fn dependable(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    looks(|_| true)
}

fn arc_signed(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    arc_of(call, |arc| !arc.signatures.is_empty())
}

fn arc_valid(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    arc_of(call, |arc| arc.signatures.iter().any(Signature::is_valid))
}

/// A test of ARC sets. SpamAssassin's never hits where domains are named.
fn arc_of(call: &Eval, test: fn(&arc::Findings) -> bool) -> Result<Test, String> {
    if !call.arguments.is_empty() {
        return Ok(Arc::new(|_, _| Ok(MISS)));
    }
    Ok(Arc::new(move |scan, _| {
        let found = scan.known_note::<Findings>();
        hit_if(found.is_some_and(|found| found.arc.as_ref().is_some_and(test)))
    }))
}

fn adsp(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    let wanted: Box<[u8]> = match literal(call, 0)? {
        b"*" => b"NAD123".to_vec().into(),
        letters => letters.into(),
    };
    practices(wanted, call.arguments.iter().skip(1).cloned().collect())
}

fn signs_all(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    practices(b"A".to_vec().into(), Vec::new())
}

/// Hits if an author's domain has one of the practices `wanted`, by letter, and one of `domains`
/// is an author's.
fn practices(wanted: Box<[u8]>, domains: Vec<Box<[u8]>>) -> Result<Test, String> {
    Ok(Arc::new(move |scan, _| {
        let Some(looked) = Looked::at(scan) else { return Ok(MISS) };
        let overrides = scan.profile().options().map("adsp_override");
        let mut letters = looked.authors.qualified().filter_map(|domain| {
            let found = |(name, practices): &(Vec<u8>, Practices)| {
                (name == domain).then(|| practices.letter())
            };
            let is_settled = looked.signatures().iter().any(|each| {
                let is_theirs = each.signer().as_ref() == Some(domain);
                is_theirs && (looked.standard().is_authors(each) || each.is_late)
            });
            let told = overrides.and_then(|map| errand::overridden(map, domain));
            told.or_else(|| looked.findings.practices.iter().find_map(found))
                .filter(|_| !is_settled)
        });
        let is_author =
            |wanted: &[u8]| looked.authors.domains.iter().any(|domain| is_of(wanted, domain));
        let any = letters.any(|letter| wanted.contains(&letter));
        hit_if(any && (domains.is_empty() || domains.iter().any(|wanted| is_author(wanted))))
    }))
}

impl Findings {
    /// The values of the tags that other rules wait for, from signatures that hold.
    fn tags(&self) -> Vec<(String, Vec<u8>)> {
        type Value = fn(&Signature) -> Option<&Vec<u8>>;
        const TAGS: &[(&str, Value)] = &[
            ("DKIMDOMAIN", |each| each.domain.as_ref()),
            ("DKIMIDENTITY", |each| each.identity.as_ref()),
            ("DKIMSELECTOR", |each| each.selector.as_ref()),
        ];
        let held: Vec<_> = self.dkim.signatures.iter().filter(|each| each.is_valid()).collect();
        let values = TAGS.iter().flat_map(|(name, value)| {
            let values = held.iter().filter_map(|each| value(each)).filter(|text| !text.is_empty());
            values.map(|text| ((*name).to_owned(), text.clone()))
        });
        values.collect()
    }
}
