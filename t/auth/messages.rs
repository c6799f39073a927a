//! Mail of our own, signed with keys of our own: `t/data/signatures`.
//!
//! `make` wrote the messages and the zone, `record` what SpamAssassin 4.0.1 said of them with the
//! names of that zone and no others.

use crate::zone::Zone;
use mailprint::clock::Tick;
use mailprint::dns::{Data, Kind, Lookup, Name};
use mailprint::engine::network::Answers;
use mailprint::engine::{Curve, Engine, Network, Options};
use mailprint::limits::Limits;
use mailprint::rules::{self, Sources};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The zone as all that there is.
struct World(Arc<Zone>);

impl Answers for World {
    fn asker(&self, _: Tick) -> Arc<dyn Lookup> {
        self.0.clone()
    }

    fn block(&self, _: &Name, _: Duration) -> bool {
        true
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("t/data/signatures")
}

/// A message, by its name.
pub fn mail(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("mail/{name}.eml"))).expect("a message")
}

/// The zone.
pub fn zone() -> Zone {
    let text = std::fs::read_to_string(folder().join("zone")).expect("the zone");
    let mut zone = Zone::default();
    for line in text.lines() {
        let mut words = line.splitn(3, ' ');
        let [name, kind, value] = std::array::from_fn(|_| words.next().expect("three words"));
        let host = || Name::new(value).expect("a name");
        match kind {
            "TXT" => zone.add_text(name, value),
            "A" => zone.add(name, Kind::A, Data::V4(value.parse().expect("an address"))),
            "MX" => {
                let exchange = Data::Exchange { preference: 10, host: host() };
                zone.add(name, Kind::MX, exchange);
            }
            "CNAME" => zone.add(name, Kind::CNAME, Data::Name(host())),
            other => unreachable!("{other}"),
        }
    }
    zone
}

/// The rules of the folder.
pub fn engine_of(limits: &Limits) -> Engine {
    let read = |name: &str| std::fs::read(folder().join(name)).expect("rules");
    let sources = Sources {
        pre_lines: read("rules.pre"),
        local_tests_only: false,
        ..Sources::of_lines(read("rules.cf"))
    };
    Engine::new(Arc::new(rules::load(&sources, limits)), Curve::default(), limits)
}

#[test]
fn signed_mail_hits_what_spamassassin_said() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let limits = Limits::default();
    let engine = engine_of(&limits);
    assert!(engine.wrong_calls().is_empty(), "{:?}", engine.wrong_calls());
    let network =
        Network { answers: Arc::new(World(Arc::new(zone()))), runtime: runtime.handle().clone() };
    let options = Options { network: Some(Arc::new(network)), ..Options::default() };
    let answers = std::fs::read_to_string(folder().join("answers")).expect("the answers");
    let mut worker = engine.worker();
    let mut wrong = Vec::new();
    for line in answers.lines() {
        let (file, expected) = line.split_once(' ').expect("a name and hits");
        let mail = std::fs::read(folder().join(file)).expect("a message");
        let verdict = engine.scan(&mut worker, mail, &options);
        let mut found: Vec<String> = verdict.hits.iter().map(|hit| hit.name.to_string()).collect();
        found.sort_unstable();
        let expected: Vec<&str> = expected.split_whitespace().collect();
        let missing: Vec<_> =
            expected.iter().filter(|name| !found.iter().any(|f| f == *name)).collect();
        let extra: Vec<_> =
            found.iter().filter(|name| !expected.contains(&name.as_str())).collect();
        if !missing.is_empty() || !extra.is_empty() {
            wrong.push(format!("{file}: missing {missing:?}, extra {extra:?}"));
        }
    }
    let count = answers.lines().count();
    assert!(count >= 80, "{count} messages");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    println!("{count} messages");
}
