//! The test suite that goes with RFC 7208 (openspf.org, release 2014.04).
//!
//! It is not part of this repository: `suites/spf/rfc7208-tests.yml` in SHARED_DATA, `../shared`
//! by default. Without it the test says so and passes.

use super::zone::Zone;
use super::{check_now, outcome_of};
use mailprint::auth::spf::{Heights, Request};
use mailprint::dns::{Data, Kind, Name};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use yaml_serde::Value;

/// What the suite calls the explanation that a checker gives of its own accord.
const DEFAULT: &str = "DEFAULT";

#[derive(Deserialize)]
struct Scenario {
    description: String,
    tests: BTreeMap<String, Case>,
    #[serde(default)]
    zonedata: BTreeMap<String, Vec<Value>>,
}

#[derive(Deserialize)]
struct Case {
    helo: String,
    host: String,
    mailfrom: String,
    result: OneOrMore,
    explanation: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn list(&self) -> &[String] {
        match self {
            OneOrMore::One(one) => std::slice::from_ref(one),
            OneOrMore::More(more) => more,
        }
    }
}

#[test]
fn the_suite_of_rfc_7208_passes_whole() {
    let shared = std::env::var_os("SHARED_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let file = shared.join("suites/spf/rfc7208-tests.yml");
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("skipped: there is no {}; SHARED_DATA names the folder", file.display());
        return;
    };
    let (mut cases, mut wrong) = (0, Vec::new());
    for document in yaml_serde::Deserializer::from_str(&text) {
        let scenario = Scenario::deserialize(document).unwrap();
        let zone = zone(&scenario.zonedata);
        for (name, case) in &scenario.tests {
            cases += 1;
            if let Err(what) = run(&zone, case) {
                wrong.push(format!("{} / {name}: {what}", scenario.description));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cases}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(cases > 200, "only {cases} cases were read");
    println!("{cases} cases");
}

fn run(zone: &Zone, case: &Case) -> Result<(), String> {
    let ip = case.host.parse().map_err(|error| format!("{}: {error}", case.host))?;
    let request = Request::mail_from(ip, case.helo.as_bytes(), &bytes(&case.mailfrom));
    let verdict = check_now(zone, &request, &Heights::RFC_7208);
    let allowed = case.result.list();
    if !allowed.iter().any(|word| outcome_of(word) == verdict.outcome) {
        return Err(format!("{allowed:?} is right, and {verdict:?} came"));
    }
    let Some(expected) = &case.explanation else { return Ok(()) };
    let given = verdict.explanation.as_deref().map_or(DEFAULT.into(), String::from_utf8_lossy);
    // The suite writes the digits of IPv6 addresses in capitals.
    match given.eq_ignore_ascii_case(expected) {
        true => Ok(()),
        false => Err(format!("{expected:?} is right, and {given:?} came")),
    }
}

/// Names as the suite describes them: an SPF record is a TXT record too unless the name has some
/// of its own.
fn zone(data: &BTreeMap<String, Vec<Value>>) -> Zone {
    let mut zone = Zone::default();
    for (name, entries) in data {
        let Some(name) = Name::new(name.as_bytes()) else { continue };
        let records: Vec<(&str, &Value)> = entries
            .iter()
            .filter_map(Value::as_mapping)
            .flat_map(|entry| entry.iter().filter_map(|(key, value)| Some((key.as_str()?, value))))
            .collect();
        match entries.iter().any(|entry| entry.as_str() == Some("TIMEOUT")) {
            true => zone.silent(name.clone()),
            false => zone.exists(name.clone()),
        }
        let has_own = records.iter().any(|(kind, _)| *kind == "TXT");
        for (kind, value) in records {
            match kind {
                "TXT" if value.as_str() == Some("NONE") => {}
                "TXT" => zone.add(name.clone(), Kind::TXT, text(value)),
                "SPF" if !has_own => zone.add(name.clone(), Kind::TXT, text(value)),
                "SPF" => {}
                "A" => {
                    let address = value.as_str().unwrap().parse().unwrap();
                    zone.add(name.clone(), Kind::A, Data::V4(address));
                }
                "AAAA" => {
                    let address = value.as_str().unwrap().parse().unwrap();
                    zone.add(name.clone(), Kind::AAAA, Data::V6(address));
                }
                "PTR" => zone.add(name.clone(), Kind::PTR, named(value)),
                "CNAME" => zone.add(name.clone(), Kind::CNAME, named(value)),
                "MX" => {
                    let [preference, host] = value.as_sequence().unwrap().as_slice() else {
                        panic!("an MX has two parts")
                    };
                    let preference = preference.as_u64().unwrap() as u16;
                    let host = Name::new(host.as_str().unwrap()).unwrap();
                    zone.add(name.clone(), Kind::MX, Data::Exchange { preference, host });
                }
                other => panic!("no type {other}"),
            }
        }
    }
    zone
}

fn named(value: &Value) -> Data {
    Data::Name(Name::new(value.as_str().unwrap()).unwrap())
}

fn text(value: &Value) -> Data {
    let strings = match value.as_sequence() {
        Some(strings) => strings.iter().map(|string| string.as_str().unwrap()).collect(),
        None => vec![value.as_str().unwrap()],
    };
    Data::Text(strings.into_iter().map(|string| bytes(string).into()).collect())
}

/// The suite writes a byte as the character with its number.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|char| u8::try_from(u32::from(char)).unwrap()).collect()
}
