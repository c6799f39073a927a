//! Scans that ask the network: what they ask, in which order, and what becomes of answers that
//! do not come.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use mailprint::clock::Tick;
use mailprint::dns::{Answering, Data, Failure, Kind, Lookup, Name, Question, Record, Reply};
use mailprint::engine::markup::Surroundings;
use mailprint::engine::network::{Answers, Network};
use mailprint::engine::{Curve, Engine, Options, Verdict};
use mailprint::limits::Limits;
use mailprint::metrics::Metrics;
use mailprint::rules::{self, Sources};
use mailprint::server::network::Asking;
use mailprint::server::pool::Pool;
use mailprint::server::{Loaded, Mail, Progress, Scanners, Step, Waiting};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

/// An internet of few names.
#[derive(Default)]
struct Table {
    records: HashMap<Question, Vec<Data>>,
    /// Names below which nobody answers.
    silent: Vec<Name>,
    /// Answers wait for leave, if there is to be any.
    leave: Option<Arc<Semaphore>>,
    asked: Mutex<Vec<Question>>,
    blocked: Mutex<Vec<Name>>,
}

impl Table {
    fn new(records: &[(&str, Kind, &str)]) -> Table {
        let mut table = Table::default();
        for (name, kind, value) in records {
            let data = match *kind {
                Kind::A => Data::V4(value.parse().unwrap()),
                Kind::TXT => Data::Text(vec![value.as_bytes().into()]),
                _ => Data::Name(Name::new(value).unwrap()),
            };
            table.records.entry(question(name, *kind)).or_default().push(data);
        }
        table
    }

    fn silent(mut self, zone: &str) -> Table {
        self.silent.push(Name::new(zone).unwrap());
        self
    }

    fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|question| format!("{} {}", question.name, question.kind.0)).collect()
    }
}

fn question(name: &str, kind: Kind) -> Question {
    Question::new(Name::new(name).unwrap(), kind)
}

impl Lookup for Table {
    fn lookup<'a>(&'a self, question: &'a Question) -> Answering<'a> {
        self.asked.lock().unwrap().push(question.clone());
        Box::pin(async move {
            if self.silent.iter().any(|zone| question.name.is_within(zone)) {
                std::future::pending::<()>().await;
            }
            if let Some(leave) = &self.leave {
                let _ = leave.acquire().await.map_err(|_| Failure::Broken)?;
            }
            let Some(all) = self.records.get(question) else {
                return Ok(Arc::new(Reply { code: Reply::NO_NAME, answers: Vec::new() }));
            };
            let record = |data: &Data| {
                let (name, kind) = (question.name.clone(), question.kind);
                Record { name, kind, ttl: 60, data: data.clone() }
            };
            Ok(Arc::new(Reply { code: 0, answers: all.iter().map(record).collect() }))
        })
    }
}

struct Shared(Arc<Table>);

impl Answers for Shared {
    fn asker(&self, _: Tick) -> Arc<dyn Lookup> {
        Arc::clone(&self.0) as Arc<dyn Lookup>
    }

    fn block(&self, zone: &Name, _: Duration) -> bool {
        self.0.blocked.lock().unwrap().push(zone.clone());
        true
    }
}

const PRE: &str = "loadplugin Mail::SpamAssassin::Plugin::DNSEval\n\
    loadplugin Mail::SpamAssassin::Plugin::URIDNSBL\n\
    loadplugin Mail::SpamAssassin::Plugin::AskDNS\n\
    loadplugin Mail::SpamAssassin::Plugin::HashBL\n";

/// Top-level domains, and nothing else that rules may need.
const BASE: &str = "util_rb_tld example net\nclear_internal_networks\ntrusted_networks 10.0.0.1\n";

const MAIL: &str = "Return-Path: <sender@from.example>\r\nReceived: from a.example (a.example [192.0.2.5]) by mx.example (Postfix) with SMTP id 1;\
    \r\n\tThu, 1 Jan 2026 00:00:00 +0000\r\n\
    Received: from b.example (b.example [198.51.100.7]) by a.example (Postfix) with SMTP id 2;\r\n\
    \tThu, 1 Jan 2026 00:00:00 +0000\r\n\
    From: sender@from.example\r\nSubject: x7q\r\n\
    \r\nhello http://www.site.example/x and write to bad@spam.example\r\n";

fn engine(lines: &str, local: bool) -> Engine {
    let sources = Sources {
        site: Vec::new(),
        distribution: Vec::new(),
        pre_lines: PRE.as_bytes().to_vec(),
        cf_lines: [BASE, lines].concat().into_bytes(),
        local_tests_only: local,
        ..Sources::default()
    };
    let limits = Limits::default();
    Engine::new(Arc::new(rules::load(&sources, &limits)), Curve::default(), &limits)
}

/// The verdict on [`MAIL`] where `table` is all that there is.
fn scan(lines: &str, table: &Arc<Table>, patience: Duration) -> Verdict {
    let runtime = Runtime::new().unwrap();
    let network =
        Network { answers: Arc::new(Shared(Arc::clone(table))), runtime: runtime.handle().clone() };
    let options = Options {
        subtests: true,
        network: Some(Arc::new(network)),
        deadline: Some(Tick::now().plus(patience)),
        ..Options::default()
    };
    let engine = engine(lines, false);
    assert_eq!(engine.wrong_calls(), []);
    engine.scan(&mut engine.worker(), MAIL.as_bytes().to_vec(), &options)
}

fn names(verdict: &Verdict) -> String {
    verdict.test_names().join(" ")
}

const LONG: Duration = Duration::from_secs(60);

const LISTS: &str = "\
    header __ANY eval:check_rbl('all', 'bl.example.')\n\
    tflags __ANY net\n\
    header SUB eval:check_rbl_sub('all', '127.0.0.4')\n\
    header LAST eval:check_rbl('x-lastexternal', 'bl.example.', '127.0.0.2')\n\
    header TEXT eval:check_rbl_txt('t', 'txt.example.', 'spam')\n\
    header DOMAIN eval:check_rbl_envfrom('d', 'rhs.example.')\n\
    meta BOTH __ANY && SUB\n\
    meta NEITHER !__ANY\n\
    meta LOCAL 1\n";

#[test]
fn relays_and_senders_are_looked_up() {
    let table = Arc::new(Table::new(&[
        ("7.100.51.198.bl.example", Kind::A, "127.0.0.4"),
        ("5.2.0.192.bl.example", Kind::A, "127.0.0.2"),
        ("5.2.0.192.txt.example", Kind::TXT, "spam, see http://txt.example/ for more"),
        ("from.example.rhs.example", Kind::A, "127.0.0.9"),
    ]));
    let verdict = scan(LISTS, &table, LONG);
    assert_eq!(names(&verdict), "BOTH DOMAIN LAST LOCAL SUB TEXT");
    let log = |name: &str| {
        let hit = verdict.hits.iter().find(|hit| &*hit.name == name).unwrap();
        (hit.area, String::from_utf8(hit.log.join(&b'|')).unwrap())
    };
    assert_eq!(log("SUB"), ("RBL: ", "198.51.100.7 listed in bl.example".to_owned()));
    assert_eq!(log("LAST"), ("RBL: ", "192.0.2.5 listed in bl.example".to_owned()));
    assert_eq!(log("TEXT").1, "spam, see <http://txt.example/> for more");
    assert_eq!(log("DOMAIN").1, "listed in from.example.rhs.example");
    let mut asked = table.asked();
    let all = asked.len();
    asked.sort_unstable();
    asked.dedup();
    assert_eq!(asked.len(), all, "nothing is asked twice: {asked:?}");
}

#[test]
fn hosts_of_uris_are_looked_up_with_their_addresses_and_name_servers() {
    let lines = "\
        urirhssub DOM rhs.example. A 2\nbody DOM eval:check_uridnsbl('DOM')\n\
        urirhssub WHOLE rhs.example. A 4\nbody WHOLE eval:check_uridnsbl('WHOLE')\n\
        tflags WHOLE net notrim\n\
        uridnssub ADDR bl.example. A 127.0.0.2\nbody ADDR eval:check_uridnsbl('ADDR')\n\
        tflags ADDR net a ns\n\
        uridnsbl NEVER bl.example. A\nbody NEVER eval:check_uridnsbl('NEVER')\n\
        urinsrhssub NS rhs.example. A 8\nbody NS eval:check_uridnsbl('NS')\n\
        urirhssub MISS rhs.example. A 16\nbody MISS eval:check_uridnsbl('MISS')\n";
    let table = Arc::new(Table::new(&[
        ("site.example.rhs.example", Kind::A, "127.0.0.2"),
        ("www.site.example.rhs.example", Kind::A, "127.0.0.4"),
        ("site.example", Kind::NS, "ns.host.net"),
        ("host.net.rhs.example", Kind::A, "127.0.0.8"),
        ("ns.host.net", Kind::A, "203.0.113.9"),
        ("9.113.0.203.bl.example", Kind::A, "127.0.0.2"),
    ]));
    let verdict = scan(lines, &table, LONG);
    assert_eq!(names(&verdict), "ADDR DOM NS WHOLE");
    let hit = verdict.hits.iter().find(|hit| &*hit.name == "ADDR").unwrap();
    assert_eq!(hit.log, [b"URI: ns.host.net/203.0.113.9"]);
    let asked = table.asked();
    let place = |name: &str| asked.iter().position(|one| one.starts_with(name)).unwrap();
    assert!(place("site.example 2") < place("ns.host.net 1"));
    assert!(place("ns.host.net 1") < place("9.113.0.203.bl.example"));
}

#[test]
fn tags_make_questions() {
    let lines = "\
        header __ID Subject =~ /(?<IDENT>x\\d)q/\n\
        askdns BY_TAG _IDENT_.tag.example A 127.0.0.0/255.0.0.0\n\
        askdns BY_SENDER _SENDERDOMAIN_ TXT /^v=/\n\
        askdns GONE nobody.example A [NXDOMAIN]\n\
        askdns UNSET _NOTHING_.tag.example A\n\
        askdns TEXT from.example TXT 'v=1'\n\
        askdns MISS from.example A\n";
    let table = Arc::new(Table::new(&[
        ("x7.tag.example", Kind::A, "127.0.0.1"),
        ("from.example", Kind::TXT, "v=1"),
    ]));
    let verdict = scan(lines, &table, LONG);
    assert_eq!(names(&verdict), "BY_SENDER BY_TAG GONE TEXT");
    let hit = verdict.hits.iter().find(|hit| &*hit.name == "BY_TAG").unwrap();
    assert_eq!((hit.area, &*hit.log), ("ASKDNS: ", &[b"x7.tag.example A:127.0.0.1".to_vec()][..]));
}

#[test]
fn hashes_are_looked_up() {
    let lines = "\
        header MAIL eval:check_hashbl_emails('ebl.example', 'md5', 'body')\n\
        body RE eval:check_hashbl_bodyre('re.example', 'raw', '\\b(hel+o)\\b')\n\
        header __ID Subject =~ /(?<IDENT>x\\d)q/\n\
        header TAG eval:check_hashbl_tag('tag.example/A', 'raw', 'IDENT', '^127\\.0\\.0\\.9')\n";
    let table = Arc::new(Table::new(&[
        ("73fd252bfb2d220673325f72d4e26805.ebl.example", Kind::A, "127.0.0.2"),
        ("hello.re.example", Kind::A, "127.0.0.2"),
        ("x7.tag.example", Kind::A, "127.0.0.9"),
    ]));
    let verdict = scan(lines, &table, LONG);
    assert_eq!(names(&verdict), "MAIL RE TAG");
    let hit = verdict.hits.iter().find(|hit| &*hit.name == "MAIL").unwrap();
    assert_eq!(hit.log, [b"bad[at]spam.example"]);
}

#[test]
fn who_does_not_answer_costs_his_own_rules() {
    let table = Table::new(&[("5.2.0.192.txt.example", Kind::TXT, "spam")]).silent("bl.example");
    let table = Arc::new(table);
    let verdict = scan(LISTS, &table, Duration::from_secs(3));
    assert_eq!(names(&verdict), "LOCAL NEITHER TEXT");
    assert!(!verdict.deadline_exceeded);
    let unanswered: Vec<_> = verdict.unanswered.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(unanswered, ["5.2.0.192.bl.example", "7.100.51.198.bl.example"]);
}

#[test]
fn without_answers_the_message_has_its_local_verdict() {
    let table = Arc::new(Table::default().silent(""));
    let verdict = scan(LISTS, &table, Duration::from_secs(2));
    assert_eq!(names(&verdict), "LOCAL NEITHER");
    assert!(!verdict.unanswered.is_empty());
}

#[test]
fn local_tests_ask_nothing() {
    let engine = engine(LISTS, true);
    assert!(Asking::of(engine.rules()).is_none());
    let verdict = engine.scan(&mut engine.worker(), MAIL.as_bytes().to_vec(), &Options::default());
    assert_eq!(names(&verdict), "LOCAL NEITHER");
    let without = self::engine("dns_available no\n", false);
    assert!(Asking::of(without.rules()).is_none());
}

#[test]
fn a_rule_that_sees_a_refusal_puts_the_list_to_rest() {
    let lines = "header REFUSED eval:check_rbl('r-lastexternal', 'bl.example', '127.255.255.255')\n\
        dns_block_rule REFUSED bl.example\n";
    let refusal = ("5.2.0.192.bl.example", Kind::A, "127.255.255.255");
    let table = Arc::new(Table::new(&[refusal]));
    let verdict = scan(lines, &table, LONG);
    assert_eq!(
        (names(&verdict).as_str(), &*verdict.paused),
        ("REFUSED", &["bl.example".into()][..])
    );
    assert_eq!(*table.blocked.lock().unwrap(), [Name::new("bl.example").unwrap()]);
}

/// One worker begins a hundred scans before the first of them gets an answer.
#[test]
fn scans_that_wait_hold_no_worker() {
    const SCANS: u32 = 100;
    let runtime = Runtime::new().unwrap();
    let leave = Arc::new(Semaphore::new(0));
    let table = Table::new(&[("5.2.0.192.bl.example", Kind::A, "127.0.0.2")]);
    let table = Arc::new(Table { leave: Some(Arc::clone(&leave)), ..table });
    let answers = Arc::new(Shared(Arc::clone(&table)));
    let network = Arc::new(Network { answers, runtime: runtime.handle().clone() });
    let lines = "header LAST eval:check_rbl('x-lastexternal', 'bl.example', '127.0.0.2')\n";
    let engine = Arc::new(engine(lines, false));
    let ruleset = Arc::new(Loaded { scanner: scanners(engine), ..Loaded::default() });
    let metrics = Metrics::new().unwrap();
    let pool = Arc::new(Pool::start(1, &Limits::default(), &metrics).unwrap());
    runtime.block_on(async {
        let scan = |_| {
            let (pool, ruleset) = (Arc::clone(&pool), Arc::clone(&ruleset));
            let mail = mail(Some(Arc::clone(&network)));
            tokio::spawn(async move { pool.scan(mail, ruleset).await })
        };
        let scans: Vec<_> = (0..SCANS).map(scan).collect();
        while metrics.waiting_scans.get() < i64::from(SCANS) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        leave.add_permits(SCANS as usize);
        for scan in scans {
            assert_eq!(names(&scan.await.unwrap().unwrap()), "LAST");
        }
    });
    assert_eq!(metrics.waiting_scans.get(), 0);
}

#[test]
fn limit_waiting_scans_leaves_the_network_out() {
    let runtime = Runtime::new().unwrap();
    let table = Arc::new(Table::new(&[("5.2.0.192.bl.example", Kind::A, "127.0.0.2")]));
    let answers = Arc::new(Shared(Arc::clone(&table)));
    let network = Arc::new(Network { answers, runtime: runtime.handle().clone() });
    let lines = "header LAST eval:check_rbl('x-lastexternal', 'bl.example', '127.0.0.2')\n";
    let ruleset = Loaded { scanner: scanners(Arc::new(engine(lines, false))), ..Loaded::default() };
    let ruleset = Arc::new(ruleset);
    for (waiting_scans, expected) in [(0, ""), (1, "LAST")] {
        let limits = Limits { waiting_scans, ..Limits::default() };
        let pool = Pool::start(1, &limits, &Metrics::new().unwrap()).unwrap();
        let mail = mail(Some(Arc::clone(&network)));
        let verdict = runtime.block_on(pool.scan(mail, Arc::clone(&ruleset))).unwrap();
        assert_eq!(names(&verdict), expected);
    }
}

fn mail(network: Option<Arc<Network>>) -> Mail {
    Mail {
        bytes: MAIL.as_bytes().to_vec(),
        user: None,
        deadline: Tick::now().plus(LONG),
        report: false,
        rewrite: false,
        surroundings: Surroundings::default(),
        profile: None,
        network,
        known: None,
    }
}

fn scanners(engine: Arc<Engine>) -> Scanners {
    Arc::new(move || {
        let (engine, mut worker) = (Arc::clone(&engine), engine.worker());
        Box::new(move |step| match step {
            Step::Begin(mail) => {
                let network = mail.network;
                let options =
                    Options { network, deadline: Some(mail.deadline), ..Options::default() };
                let scan = engine.begin(&mut worker, mail.bytes, &options);
                match scan.waits() {
                    true => Progress::Waits(Box::new(Waiting { scan, options })),
                    false => Progress::Done(Box::new(engine.finish(&mut worker, scan, &options))),
                }
            }
            Step::Finish(waiting) => {
                let Waiting { scan, options } = *waiting;
                Progress::Done(Box::new(engine.finish(&mut worker, scan, &options)))
            }
        })
    })
}
