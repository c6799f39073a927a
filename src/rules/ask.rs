//! `askdns` and the `uridnsbl` family: lines to questions.

use super::apply::{Answer, required, valid};
use super::dns::{self, AskDns, UriDns, UriDnsKind};
use super::draft::{Draft, Kind, Line, Refusal};
use super::scan::{first_word, is_words};

/// `askdns RULE template [TYPE,TYPE [subtest]]`
pub(super) fn ask_dns(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    const TYPES: [&str; 29] = [
        "ANY",
        "A",
        "AAAA",
        "MX",
        "TXT",
        "PTR",
        "NAPTR",
        "NS",
        "SOA",
        "CERT",
        "CNAME",
        "DNAME",
        "DHCID",
        "HINFO",
        "MINFO",
        "RP",
        "HIP",
        "IPSECKEY",
        "KX",
        "LOC",
        "GPOS",
        "SRV",
        "OPENPGPKEY",
        "SSHFP",
        "SPF",
        "TLSA",
        "URI",
        "CAA",
        "CSYNC",
    ];
    required(line.value)?;
    let (rule, rest) = first_word(line.value).ok_or(Refusal::Invalid)?;
    let (template, rest) = first_word(rest).unwrap_or((rest, b""));
    let (types, subtest) = first_word(rest).unwrap_or((rest, b""));
    let types = if types.is_empty() { b"A" } else { types };
    let type_character = |b: &u8| b.is_ascii_alphanumeric() || *b == b',';
    valid(types.iter().all(type_character))?;
    let types = String::from_utf8_lossy(types).to_ascii_uppercase();
    let mut types: Vec<Box<str>> = types.split(',').map(Box::from).collect();
    while types.last().is_some_and(|last| last.is_empty()) {
        types.pop();
    }
    valid(!types.is_empty() && types.iter().all(|t| !t.is_empty() && TYPES.contains(&&**t)))?;
    let subtest = match subtest {
        b"" => None,
        text => Some(dns::ask_subtest(text).ok_or(Refusal::Invalid)?),
    };
    let asked = AskDns {
        rule: rule.into(),
        template: template.into(),
        types,
        subtest,
        tags: dns::tags(template),
        place: line.place,
    };
    draft.ask_dns.insert(rule.into(), asked);
    super::define::add_test(draft, rule, b"", Kind::Empty, line);
    draft.entry(rule).asks = true;
    Ok(())
}

/// `urirhssub RULE zone TYPE subtest` and its kin.
pub(super) fn uri_dns(
    draft: &mut Draft<'_>,
    line: Line<'_>,
    kind: UriDnsKind,
    subtest: bool,
) -> Answer {
    required(line.value)?;
    let (rule, rest) = first_word(line.value).ok_or(Refusal::Invalid)?;
    let (zone, rest) = first_word(rest).ok_or(Refusal::Invalid)?;
    let (record, text) = first_word(rest).unwrap_or((rest, b""));
    valid(is_words(rule) && text.is_empty() != subtest)?;
    let subtest = match subtest {
        true => Some(dns::numbers(text).ok_or(Refusal::Invalid)?),
        false => None,
    };
    let asked = UriDns {
        rule: rule.into(),
        kind,
        zone: zone.strip_suffix(b".").unwrap_or(zone).into(),
        record: record.into(),
        subtest,
        place: line.place,
    };
    draft.uri_dns.insert(rule.into(), asked);
    Ok(())
}
