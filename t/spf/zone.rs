//! A table that answers as a resolver would.

use mailprint::dns::{Answering, Data, Failure, Kind, Lookup, Name, Question, Record, Reply};
use std::collections::HashMap;
use std::sync::Arc;

/// Follows so many aliases; then it is a circle.
const ALIASES: usize = 8;

/// Names and their records.
#[derive(Default)]
pub struct Zone {
    records: HashMap<Name, Vec<(Kind, Data)>>,
    /// Names about which no answer comes, unless the record is there.
    silent: Vec<Name>,
}

impl Zone {
    /// Reads lines `name TYPE value`; strings of a TXT record are quoted, and `SILENT` stands for
    /// questions without an answer.
    pub fn of(text: &str) -> Zone {
        let mut zone = Zone::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (name, rest) = line.split_once(' ').unwrap();
            let (kind, value) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
            let name = Name::new(name).unwrap();
            let value = value.trim();
            match kind {
                "SILENT" => zone.silent(name),
                "A" => zone.add(name, Kind::A, Data::V4(value.parse().unwrap())),
                "AAAA" => zone.add(name, Kind::AAAA, Data::V6(value.parse().unwrap())),
                "CNAME" => zone.add(name, Kind::CNAME, Data::Name(Name::new(value).unwrap())),
                "PTR" => zone.add(name, Kind::PTR, Data::Name(Name::new(value).unwrap())),
                "MX" => zone.add(name, Kind::MX, exchange(value)),
                "TXT" => {
                    let strings = value.split('"').skip(1).step_by(2);
                    let strings = strings.map(|string| string.as_bytes().into()).collect();
                    zone.add(name, Kind::TXT, Data::Text(strings));
                }
                other => panic!("no type {other}"),
            }
        }
        zone
    }

    /// Adds a record.
    pub fn add(&mut self, name: Name, kind: Kind, data: Data) {
        self.records.entry(name).or_default().push((kind, data));
    }

    /// Has nothing to say about `name` but what is there.
    pub fn silent(&mut self, name: Name) {
        self.silent.push(name);
    }

    /// Says that `name` exists.
    pub fn exists(&mut self, name: Name) {
        self.records.entry(name).or_default();
    }

    fn answer(&self, question: &Question) -> Result<Reply, Failure> {
        let mut reply = Reply::default();
        let mut name = question.name.clone();
        for _ in 0..ALIASES {
            let Some(records) = self.records.get(&name) else {
                if self.silent.contains(&name) {
                    return Err(Failure::Late);
                }
                reply.code = Reply::NO_NAME;
                return Ok(reply);
            };
            let of = |kind| {
                let owner = name.clone();
                let all = records.iter().filter(move |(is, _)| *is == kind);
                all.map(move |(kind, data)| {
                    let (name, kind, data) = (owner.clone(), *kind, data.clone());
                    Record { name, kind, ttl: 300, data }
                })
            };
            let found: Vec<Record> = of(question.kind).collect();
            let alias = of(Kind::CNAME).next().filter(|_| found.is_empty());
            let Some(Record { data: Data::Name(target), .. }) = alias.clone() else {
                if found.is_empty() && self.silent.contains(&name) {
                    return Err(Failure::Late);
                }
                reply.answers.extend(found);
                return Ok(reply);
            };
            reply.answers.extend(alias);
            name = target;
        }
        Ok(Reply { code: Reply::SERVER_FAILURE, answers: Vec::new() })
    }
}

fn exchange(value: &str) -> Data {
    let (preference, host) = value.split_once(' ').unwrap();
    Data::Exchange { preference: preference.parse().unwrap(), host: Name::new(host).unwrap() }
}

impl Lookup for Zone {
    fn lookup<'a>(&'a self, question: &'a Question) -> Answering<'a> {
        let answer = self.answer(question).map(Arc::new);
        Box::pin(async move { answer })
    }
}
