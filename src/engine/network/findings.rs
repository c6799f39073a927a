//! What answers made rules hit, and what they have to say of it.

use super::kinds::kind_name;
use crate::dns::{Data, Kind, Question, Record};
use crate::rules::RuleId;
use std::collections::BTreeMap;

/// What an errand has found for the rules of its family.
#[derive(Default)]
pub struct Findings {
    hits: BTreeMap<RuleId, Found>,
    /// Each answer to a DNS block list's question: `<dns:name?type=TXT>` and the data.
    answers: BTreeMap<Vec<u8>, Vec<Vec<u8>>>,
}

/// What was found for one rule.
#[derive(Default)]
struct Found {
    times: u32,
    log: Vec<Vec<u8>>,
}

impl Findings {
    /// Notes that `rule` hit, and what it says of that.
    pub fn hit(&mut self, rule: RuleId, log: Option<Vec<u8>>) {
        let found = self.hits.entry(rule).or_default();
        found.times = found.times.saturating_add(1);
        found.log.extend(log);
    }

    /// Has `rule` hit?
    pub fn has(&self, rule: RuleId) -> bool {
        self.hits.contains_key(&rule)
    }

    /// How often an answer made `rule` hit.
    pub fn times(&self, rule: RuleId) -> u32 {
        self.hits.get(&rule).map_or(0, |found| found.times)
    }

    /// What there is to say of it.
    pub fn log(&self, rule: RuleId) -> Option<&[Vec<u8>]> {
        self.hits.get(&rule).map(|found| &*found.log)
    }

    /// Notes an answer for the tag `_RBL_`.
    pub fn answer(&mut self, question: &Question, record: &Record) {
        let mut uri = format!("dns:{}", question.name).into_bytes();
        if question.kind != Kind::A {
            uri.extend_from_slice(format!("?type={}", kind_name(question.kind)).as_bytes());
        }
        let (said, values) = (record_text(record), self.answers.entry(uri).or_default());
        if !values.contains(&said) {
            values.push(said);
        }
    }

    /// The tag `_RBL_`: a line for each question of block lists that was answered.
    pub fn tag(&self) -> Option<Vec<u8>> {
        let line = |(uri, values): (&Vec<u8>, &Vec<Vec<u8>>)| {
            [b"<", uri.as_slice(), b"> [", &values.join(&b", "[..]), b"]"].concat()
        };
        let lines: Vec<Vec<u8>> = self.answers.iter().map(line).collect();
        (!lines.is_empty()).then(|| lines.join(&b'\n'))
    }

    /// Adds what another errand has found.
    pub fn merge(&mut self, other: Findings) {
        for (rule, found) in other.hits {
            let here = self.hits.entry(rule).or_default();
            here.times = here.times.saturating_add(found.times);
            here.log.extend(found.log);
        }
        self.answers.extend(other.answers);
    }
}

/// The data of a record as rules see it: text joined, everything else as zone files write it
/// (RFC 1035, 5.1; of types that are not known RFC 3597, 5).
pub fn record_text(record: &Record) -> Vec<u8> {
    match &record.data {
        Data::V4(address) => address.to_string().into_bytes(),
        Data::V6(address) => address.to_string().into_bytes(),
        Data::Name(name) => format!("{name}.").into_bytes(),
        Data::Exchange { preference, host } => format!("{preference} {host}.").into_bytes(),
        Data::Text(strings) => strings.concat(),
        Data::Start { server, mailbox, serial, times: [a, b, c, d] } => {
            format!("{server}. {mailbox}. {serial} {a} {b} {c} {d}").into_bytes()
        }
        Data::Other(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("\\# {} {hex}", bytes.len()).into_bytes()
        }
    }
}
