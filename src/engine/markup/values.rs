//! The tags that a message and its scan define: headers, relays, the preview, named captures.

use super::preview::preview;
use crate::dns::Kind;
use crate::engine::network::kinds::kind_name;
use crate::engine::scan::Scan;
use crate::engine::verdict::{Shortcut, Verdict};
use crate::message::header::HeaderQuery;

/// The value of a tag of `scan`; `None` where it is not set.
pub fn value(
    scan: &Scan,
    verdict: &Verdict,
    name: &[u8],
    argument: Option<&[u8]>,
) -> Option<Vec<u8>> {
    match name {
        b"PREVIEW" => Some(preview(scan.views.body().iter().skip(1))),
        b"TIMING" => Some(timing(scan.began.elapsed().as_secs_f64() * 1000.0)),
        b"HEADER" => Some(header(scan, argument.unwrap_or_default())),
        b"DNSUNANSWERED" => Some(unanswered(&verdict.unanswered)),
        _ => scan
            .tags
            .text(name, &scan.views)
            .or_else(|| shortcut(verdict, name))
            .or_else(|| UNSET.contains(&name).then(Vec::new)),
    }
}

/// Tags of plugins that are empty, and not left as they are written, where nobody sets them.
const UNSET: &[&[u8]] = &[
    b"ASN",
    b"ASNCIDR",
    b"AWL",
    b"AWLCOUNT",
    b"AWLMEAN",
    b"AWLPRESCORE",
    b"BAYESTC",
    b"BAYESTCHAMMY",
    b"BAYESTCLEARNED",
    b"BAYESTCSPAMMY",
    b"DCCB",
    b"DCCR",
    b"DCCREP",
    b"DKIMDOMAIN",
    b"DKIMIDENTITY",
    b"DKIMSELECTOR",
    b"EXTRACTTEXTCHARS",
    b"EXTRACTTEXTEXTENSIONS",
    b"EXTRACTTEXTFLAGS",
    b"EXTRACTTEXTTOOLS",
    b"EXTRACTTEXTTYPES",
    b"EXTRACTTEXTURIS",
    b"EXTRACTTEXTWORDS",
    b"FINGERPRINTS",
    b"FINGERPRINTSCLASS",
    b"FINGERPRINTSPOINTS",
    b"HAMMYTOKENS",
    b"PYZOR",
    b"RBL",
    b"SPAMMYTOKENS",
    b"TOKENSUMMARY",
];

/// `_TIMING_`: how many milliseconds the scan took.
fn timing(total: f64) -> Vec<u8> {
    format!("total {total:.0} ms - scan: {total:.1} (100.0%)").into_bytes()
}

/// So many questions `_DNSUNANSWERED_` names.
const NAMED: usize = 20;

/// `_DNSUNANSWERED_`: the questions that nobody has answered in time, `name/TYPE` each with commas
/// between; behind the first [`NAMED`] how many more there are. Nothing where all was answered,
/// or nothing asked.
fn unanswered(questions: &[(String, Kind)]) -> Vec<u8> {
    // Names come from mail: what would part them from each other does not stay.
    let named = questions.iter().take(NAMED).map(|(name, kind)| {
        let name = name.replace([' ', ','], "?");
        format!("{name}/{}", kind_name(*kind))
    });
    let more = questions.len().saturating_sub(NAMED);
    let rest = (more > 0).then(|| format!("{more} more"));
    named.chain(rest).collect::<Vec<_>>().join(",").into_bytes()
}

/// `_HEADER(name)_`: what a header rule of that name sees, but one address only.
fn header(scan: &Scan, name: &[u8]) -> Vec<u8> {
    if matches!(name, b"" | b"0") {
        return Vec::new();
    }
    HeaderQuery::ask(name).first(&scan.views.source()).unwrap_or_default()
}

/// The tags of Mail::SpamAssassin::Plugin::Shortcircuit.
fn shortcut(verdict: &Verdict, name: &[u8]) -> Option<Vec<u8>> {
    let Shortcut { rule, kind } = verdict.shortcut.as_ref()?;
    let text = match (name, rule, kind) {
        (b"SC", Some(rule), Some(kind)) => format!("{rule} ({kind})"),
        (b"SC", ..) => "no".to_owned(),
        (b"SCRULE", rule, _) => rule.as_deref().unwrap_or("none").to_owned(),
        (b"SCTYPE", _, kind) => kind.unwrap_or("no").to_owned(),
        _ => return None,
    };
    Some(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unanswered_questions_are_named_up_to_a_number() {
        let questions = |names: &[&str]| {
            let question = |name: &&str| ((*name).to_owned(), Kind::TXT);
            unanswered(&names.iter().map(question).collect::<Vec<_>>())
        };
        assert_eq!(questions(&[]), b"");
        assert_eq!(questions(&["a.example", "b, c"]), b"a.example/TXT,b??c/TXT");
        let many = questions(&["x"; NAMED + 2]);
        assert!(many.ends_with(b",x/TXT,2 more"));
        assert_eq!(questions(&["x"; NAMED]).len(), NAMED * 6 - 1);
    }
}
