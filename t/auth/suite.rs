//! The validation suite of RFC 8617's authors, from `SHARED_DATA/suites/arc`.

use crate::zone::Zone;
use mailprint::auth::{self, arc::Chain};
use mailprint::limits::Limits;
use mailprint::message::Message;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Deserialize)]
struct Section {
    tests: BTreeMap<String, Case>,
    #[serde(rename = "txt-records")]
    records: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Case {
    message: String,
    cv: Option<String>,
}

/// The suite's file; `None`, and the reason told, where there is none.
fn suite() -> Option<String> {
    let shared = std::env::var_os("SHARED_DATA").map_or("../shared".into(), PathBuf::from);
    let path = shared.join("suites/arc/arc-draft-validation-tests.yml");
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        println!("skipped: no {} (SHARED_DATA names the folder)", path.display());
    }
    text
}

#[tokio::test]
async fn the_suite_of_arc_gives_the_chains_that_it_says() {
    let Some(text) = suite() else { return };
    let (mut wrong, mut cases) = (Vec::new(), 0);
    for document in yaml_serde::Deserializer::from_str(&text) {
        let section = Section::deserialize(document).expect("a section of the suite");
        let mut zone = Zone::default();
        for (name, record) in &section.records {
            zone.add_text(name, record);
        }
        for (name, case) in &section.tests {
            cases += 1;
            let found = chain(&case.message, &zone).await;
            let expected = match case.cv.as_deref().unwrap_or_default() {
                "Pass" => Chain::Pass,
                "None" => Chain::None,
                // Where the suite leaves it open, the chain is broken.
                _ => Chain::Fail,
            };
            if found != expected {
                wrong.push(format!("{name}: {found:?}, not {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cases}:\n{}", wrong.len(), wrong.join("\n"));
    println!("{cases} cases");
}

async fn chain(message: &str, zone: &Zone) -> Chain {
    let limits = Limits::default();
    let message = Message::parse(message.as_bytes().to_vec(), &limits);
    auth::signatures(&message, 0, &limits).1.verify(zone).await.chain
}
