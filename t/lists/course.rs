//! Rules whose lists are held: answered from memory, with local tests only too.

use crate::world::World;
use mailprint::clock::Tick;
use mailprint::config::Config;
use mailprint::config::zones::Zone;
use mailprint::dns::{Answering, Failure, Lookup, Name, Question};
use mailprint::engine::network::{Answers, Layered, Network};
use mailprint::engine::{Curve, Engine, Options, Verdict};
use mailprint::limits::Limits;
use mailprint::metrics::Metrics;
use mailprint::rules::{self, Sources};
use mailprint::server::zones::{self, Lists};
use mailprint::zones::held::build::Builder;
use mailprint::zones::held::{Held, Keeper, Looked, Notices, Shared};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

const RULES: &str = "util_rb_tld example net test\nclear_internal_networks\n\
    trusted_networks 10.0.0.1\nrequired_score 5\n\
    header BL eval:check_rbl('bl', 'bl.example.')\ntflags BL net\nscore BL 0 1 0 2\n\
    header BL_FOUR eval:check_rbl_sub('bl', '127.0.0.4')\ntflags BL_FOUR net\n\
    score BL_FOUR 0 3 0 3\n\
    header BL_TEXT eval:check_rbl_txt('text', 'bl.example.', 'seen')\ntflags BL_TEXT net\n\
    header OTHER eval:check_rbl('other', 'other.example.')\ntflags OTHER net\n\
    score OTHER 0.5 1 0.5 1\n\
    header SENDER eval:check_rbl_from_host('names', 'names.example.')\ntflags SENDER net\n\
    urirhssub URI_SUB names.example. A 2\nbody URI_SUB eval:check_uridnsbl('URI_SUB')\n\
    tflags URI_SUB net\n\
    urirhsbl URI_ANY names.example. A\nbody URI_ANY eval:check_uridnsbl('URI_ANY')\n\
    tflags URI_ANY net\nscore URI_ANY 0 0.5 0 0.5\n\
    askdns ASK _URIDOMAINS_.names.example A /^127\\.0\\.0\\.2$/\ntflags ASK net\n\
    askdns ASK_OTHER _URIDOMAINS_.other.example A\ntflags ASK_OTHER net\n\
    header HASHED eval:check_hashbl_emails('hashes.example')\ntflags HASHED net\n\
    meta BOTH BL && URI_SUB\nscore BOTH 0 0.25 0 0.25\n\
    meta MIXED BL && !OTHER\nscore MIXED 0 7 0 7\n\
    header HAS_SUBJECT exists:Subject\nscore HAS_SUBJECT 0.1 0.2 0.3 0.4\n";

const PRE: &str = "loadplugin Mail::SpamAssassin::Plugin::DNSEval\n\
    loadplugin Mail::SpamAssassin::Plugin::URIDNSBL\n\
    loadplugin Mail::SpamAssassin::Plugin::AskDNS\n\
    loadplugin Mail::SpamAssassin::Plugin::HashBL\n";

const MAIL: &str = "Return-Path: <bad@sender.test>\r\n\
    Received: from a.example (a.example [192.0.2.5]) by mx.example (Postfix) with SMTP id 1;\r\n\
    \tThu, 1 Jan 2026 00:00:00 +0000\r\n\
    From: <bad@sender.test>\r\nSubject: x\r\nMessage-Id: <1@x>\r\n\r\nhttp://www.bad.test/x\r\n";

/// Lists in files of `world`.
fn lists(world: &World) -> Config {
    let hash = {
        let digest =
            ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, b"bad@sender.test");
        data_encoding::HEXLOWER.encode(digest.as_ref())
    };
    world.write("bl", ":127.0.0.4:Was seen sending spam, $\n192.0.2.5\n");
    world.write("names", ":127.0.0.2:\n.bad.test\nsender.test\n");
    world.write("hashes", &format!(":127.0.0.2:\n{hash}\n"));
    let zone = |name: &str, format: &str, file: &str| Zone {
        name: name.into(),
        format: format.into(),
        from: vec![world.at(file).display().to_string()],
        ..Zone::default()
    };
    let zones = vec![
        zone("bl.example", "ip4set", "bl"),
        zone("names.example", "dnset", "names"),
        zone("hashes.example", "dnset", "hashes"),
    ];
    Config { zones, zones_folder: world.at("zones"), ..Config::default() }
}

/// The lists of `config`, read.
fn read(config: &Config, runtime: &Runtime) -> Arc<Held> {
    let metrics = Metrics::new().unwrap();
    let wanted = zones::wanted(config).unwrap();
    let ages = wanted.iter().map(|list| (list.name.clone(), list.max_age));
    let clock = Arc::new(mailprint::clock::unix_seconds);
    let held = Arc::new(Held::new(ages, &metrics.zones, clock));
    let shared = Shared {
        held: Arc::clone(&held),
        folder: config.zones_folder.clone(),
        limits: Limits::default(),
        metrics: metrics.zones.clone(),
        notices: Notices { warn: Arc::new(|text| panic!("{text}")), info: Arc::new(|_| {}) },
        builder: Builder::Here,
        building: Arc::new(Semaphore::new(1)),
    };
    for list in wanted {
        let keeper = Arc::new(Keeper::new(list, shared.clone()).unwrap());
        assert!(matches!(runtime.block_on(keeper.look()), Looked::New));
    }
    held
}

fn engine(lines: &str, names: &[Name]) -> Engine {
    let sources = Sources { pre_lines: PRE.into(), ..Sources::of_lines(lines) };
    let set = rules::load(&sources, &Limits::default());
    let about: Vec<_> = set.complaints.iter().filter(|c| c.place.is_some()).collect();
    assert!(about.is_empty(), "{about:?}");
    Engine::new(Arc::new(set), Curve::default(), &Limits::default()).holding(names)
}

fn scan(engine: &Engine, network: Option<Arc<Network>>) -> Verdict {
    let options = Options { network, ..Options::default() };
    engine.scan(&mut engine.worker(), MAIL.into(), &options)
}

fn hits(verdict: &Verdict) -> Vec<(String, f64)> {
    let mut hits: Vec<_> =
        verdict.hits.iter().map(|hit| (hit.name.to_string(), hit.score)).collect();
    hits.sort_by(|a, b| a.0.cmp(&b.0));
    hits
}

fn expected(hits: &[(&str, f64)]) -> Vec<(String, f64)> {
    hits.iter().map(|(name, score)| ((*name).to_owned(), *score)).collect()
}

/// A network in which nobody answers, and which remembers what it was asked.
#[derive(Default)]
struct Silence(Mutex<Vec<String>>);

impl Lookup for Silence {
    fn lookup<'a>(&'a self, question: &'a Question) -> Answering<'a> {
        self.0.lock().unwrap().push(question.name.to_string());
        Box::pin(std::future::ready(Err(Failure::Late)))
    }
}

struct Asked(Arc<Silence>);

impl Answers for Asked {
    fn asker(&self, _: Tick) -> Arc<dyn Lookup> {
        Arc::clone(&self.0) as Arc<dyn Lookup>
    }

    fn block(&self, _: &Name, _: Duration) -> bool {
        true
    }
}

#[test]
fn with_local_tests_only_held_lists_count_as_with_the_network() {
    let (world, runtime) = (World::new("lists-local"), Runtime::new().unwrap());
    let config = lists(&world);
    let held = read(&config, &runtime);
    let names: Vec<Name> = held.lists().map(|list| list.name().clone()).collect();
    let engine = engine(RULES, &names);
    let without = scan(&engine, None);
    assert_eq!(hits(&without), expected(&[("HAS_SUBJECT", 0.1)]));
    let local = Network::of_held(&held, runtime.handle());
    let verdict = scan(&engine, Some(local));
    let with = [
        ("ASK", 1.0),
        ("BL", 1.0),
        ("BL_FOUR", 3.0),
        ("BL_TEXT", 1.0),
        ("BOTH", 0.25),
        ("HASHED", 1.0),
        ("HAS_SUBJECT", 0.1),
        ("SENDER", 1.0),
        ("URI_ANY", 0.5),
        ("URI_SUB", 1.0),
    ];
    assert_eq!(hits(&verdict), expected(&with));
    assert!(verdict.unanswered.is_empty(), "{:?}", verdict.unanswered);
    let said = |name: &str| {
        let hit = verdict.hits.iter().find(|hit| &*hit.name == name).unwrap();
        hit.log.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect::<Vec<_>>()
    };
    assert_eq!(said("BL"), ["192.0.2.5 listed in bl.example"]);
    assert_eq!(said("BL_TEXT"), ["Was seen sending spam, 192.0.2.5"]);
}

#[test]
fn with_the_network_nobody_is_asked_about_what_is_held() {
    let (world, runtime) = (World::new("lists-network"), Runtime::new().unwrap());
    let held = read(&lists(&world), &runtime);
    let names: Vec<Name> = held.lists().map(|list| list.name().clone()).collect();
    let engine = engine(RULES, &names);
    let silence = Arc::new(Silence::default());
    let beneath: Option<Arc<dyn Answers>> = Some(Arc::new(Asked(Arc::clone(&silence))));
    let answers = Arc::new(Layered { held, beneath });
    let network = Arc::new(Network { answers, runtime: runtime.handle().clone() });
    let verdict = scan(&engine, Some(network));
    let with = [
        ("ASK", 1.0),
        ("BL", 1.0),
        ("BL_FOUR", 3.0),
        ("BL_TEXT", 1.0),
        ("BOTH", 0.25),
        ("HASHED", 1.0),
        ("HAS_SUBJECT", 0.2),
        ("MIXED", 7.0),
        ("SENDER", 1.0),
        ("URI_ANY", 0.5),
        ("URI_SUB", 1.0),
    ];
    assert_eq!(hits(&verdict), expected(&with));
    let asked = silence.0.lock().unwrap();
    let held = ["bl.example", "names.example", "hashes.example"];
    let is_held = |name: &&String| held.iter().any(|list| name.ends_with(list));
    assert!(asked.iter().any(|name| name.ends_with("other.example")), "{asked:?}");
    assert_eq!(asked.iter().find(is_held), None);
}

#[test]
fn a_copy_that_is_too_old_counts_less_and_says_so() {
    let (world, runtime) = (World::new("lists-old"), Runtime::new().unwrap());
    let mut config = lists(&world);
    for zone in &mut config.zones {
        zone.max_age = 1000;
    }
    let names = ["bl", "names", "hashes"];
    let written = mailprint::clock::unix_seconds() - 1500;
    for name in names {
        let file = std::fs::File::options().append(true).open(world.at(name)).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(written as u64)).unwrap();
    }
    let held = read(&config, &runtime);
    let names: Vec<Name> = held.lists().map(|list| list.name().clone()).collect();
    let verdict = scan(&engine(RULES, &names), Some(Network::of_held(&held, runtime.handle())));
    let hit = verdict.hits.iter().find(|hit| &*hit.name == "BL_FOUR").unwrap();
    // A second or two may have passed.
    assert!((1.45..=1.5).contains(&hit.score), "{}", hit.score);
    let said = hit.log.iter().map(|line| String::from_utf8_lossy(line)).collect::<Vec<_>>();
    assert!(said.iter().any(|line| line.contains("bl.example is too old")), "{said:?}");
    let sum: f64 = verdict.hits.iter().map(|hit| hit.score).sum();
    assert!((verdict.score - sum).abs() < 0.001);
}

#[test]
fn rules_made_from_codes_count_in_groups() {
    let (world, runtime) = (World::new("lists-codes"), Runtime::new().unwrap());
    let mut config = lists(&world);
    config.group_most = 3.0;
    config.zones[0].codes = ["127.0.0.4 IN_OURS 2.5 Our own list has it", "127.0.0.9 IN_NINE 1"]
        .map(String::from)
        .to_vec();
    config.zones[1].codes = vec!["127.0.0.2 URI_OURS 1.5".into()];
    let again = Zone { name: "again.example".into(), ..config.zones[0].clone() };
    config.zones.push(Zone { codes: vec!["127.0.0.4 IN_AGAIN 2".into()], ..again });
    let held = read(&config, &runtime);
    let names: Vec<Name> = held.lists().map(|list| list.name().clone()).collect();
    let lines = format!(
        "util_rb_tld example net test\nclear_internal_networks\ntrusted_networks 10.0.0.1\n{}",
        zones::rules::lines(&config)
    );
    let verdict = scan(&engine(&lines, &names), Some(Network::of_held(&held, runtime.handle())));
    let with = [("IN_AGAIN", 2.0), ("IN_OURS", 2.5), ("URI_OURS", 1.5)];
    assert_eq!(hits(&verdict), expected(&with));
    assert_eq!(verdict.score, 4.5, "{:?}", verdict.caps);
    assert_eq!(&*verdict.caps[0].group, "LISTS_OF_RELAYS");
}

#[test]
fn a_process_without_lists_has_none() {
    let metrics = Metrics::new().unwrap();
    let notices = Notices { warn: Arc::new(|_| {}), info: Arc::new(|_| {}) };
    assert!(Lists::open(&Config::default(), &metrics, notices, Builder::Here).unwrap().is_none());
}
