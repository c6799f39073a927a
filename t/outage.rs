//! The server while the DNS is dead, slow, or loses packets: every message is answered in its
//! time, with the verdict that it has without the network, and says what was not answered.
//!
//! `cargo test` sends 60 messages in each of the three ways, `t/soak` 1,000.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "support/internet.rs"]
mod internet;
#[path = "support/mails.rs"]
mod mails;
#[path = "support/responder.rs"]
mod responder;
#[path = "daemon/world.rs"]
#[allow(dead_code)]
mod world;

use mailprint::clock::Tick;
use mails::{load_messages, renamed};
use responder::{Manners, Responder};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use world::{Running, World, ask, free_address, wait_for};

/// `time_limit` of the rules: when a message has to be answered.
const DEADLINE: Duration = Duration::from_secs(15);

const PRE: &str = "loadplugin Mail::SpamAssassin::Plugin::DNSEval\n\
    loadplugin Mail::SpamAssassin::Plugin::URIDNSBL\n\
    loadplugin Mail::SpamAssassin::Plugin::AskDNS\n\
    loadplugin Mail::SpamAssassin::Plugin::SPF\n\
    loadplugin Mail::SpamAssassin::Plugin::DKIM\n";

const RULES: &str = "util_rb_tld com net org edu info biz uk de fr ie au ca us ru\n\
    clear_headers\nreport_safe 0\nfold_headers 0\nrequired_score 1000\n\
    add_header all Tests _TESTS(,)_\nadd_header all Unanswered _DNSUNANSWERED_\n\
    rbl_timeout 1 1\ntime_limit 15\n\
    header NET_RELAY eval:check_rbl('relay', 'zen.spamhaus.org.')\ntflags NET_RELAY net\n\
    urirhssub NET_URI multi.uribl.com. A 2\nbody NET_URI eval:check_uridnsbl('NET_URI')\n\
    tflags NET_URI net\n\
    askdns NET_ASK _SENDERDOMAIN_ TXT /^v=spf1/\ntflags NET_ASK net\n\
    header NET_SPF eval:check_for_spf_softfail()\ntflags NET_SPF net\n\
    full NET_SIGNED eval:check_dkim_signed()\ntflags NET_SIGNED net\n\
    header HAS_SUBJECT exists:Subject\nheader HAS_TO exists:To\nbody HAS_TOKEN /token/\n\
    uri HAS_LINK /^http/\nrawbody HAS_TAG /<a /\nmeta BOTH HAS_TOKEN && HAS_TO\n";

#[test]
fn a_dead_dns_costs_its_own_rules_only() {
    outage("dead", Manners { drops: 100, ..Manners::default() }, Expected::Always);
}

#[test]
fn a_slow_dns_costs_its_own_rules_only() {
    let manners = Manners { delay: Duration::from_secs(4), ..Manners::default() };
    outage("slow", manners, Expected::Always);
}

#[test]
fn a_dns_that_loses_packets_costs_their_own_rules_only() {
    outage("lossy", Manners { drops: 30, ..Manners::default() }, Expected::Sometimes);
}

/// How many messages say that something was not answered.
#[derive(Clone, Copy, PartialEq)]
enum Expected {
    Always,
    Sometimes,
}

fn outage(name: &str, manners: Manners, expected: Expected) {
    let count = if std::env::var_os("SOAK_FULL").is_some() { 1000 } else { 60 };
    let messages = load_messages(&Path::new(env!("CARGO_MANIFEST_DIR")).join("t/data"), count);
    let responder = Responder::with(manners, internet::answer);
    let world = World::new(&format!("outage-{name}"));
    world.write("site/a.pre", PRE);
    world.write("rules/a.cf", &format!("dns_server {}\n{RULES}", responder.address));
    let (local, asking) = (start(&world, true), start(&world, false));
    let net_rules = net_rules();
    let next = AtomicUsize::new(0);
    let all: Mutex<Vec<(Duration, usize)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..count.min(100) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    let mail = renamed(&messages[number % messages.len()], number, number);
                    let without = headers(local.address, &mail);
                    let began = Tick::now();
                    let with = headers(asking.address, &mail);
                    let took = began.elapsed();
                    let is_local = |name: &&String| !net_rules.contains(name.as_str());
                    let hits = |of: &Headers| of.tests.iter().filter(is_local).cloned().collect();
                    let (ours, theirs): (Vec<_>, Vec<_>) = (hits(&with), hits(&without));
                    assert_eq!(ours, theirs, "message {number}");
                    assert_eq!(without.unanswered, BTreeSet::new(), "nothing was asked");
                    all.lock().unwrap().push((took, with.unanswered.len()));
                }
            });
        }
    });
    let all = all.into_inner().unwrap();
    let longest = all.iter().map(|(took, _)| *took).max().unwrap();
    let told = all.iter().filter(|(_, unanswered)| *unanswered > 0).count();
    let asked = responder.asked().len();
    println!(
        "{name} DNS, {count} messages: all have their local verdict, the slowest after \
         {longest:.1?}; {told} say what was not answered; {asked} questions came"
    );
    assert!(longest < DEADLINE && asked > 0);
    assert!(if expected == Expected::Always { told == count } else { told > 0 });
    local.end();
    asking.end();
}

/// The server, with the network unless it is `local`.
fn start(world: &World, local: bool) -> Running {
    let address = free_address();
    let options = world.options(address).into_iter().filter(|option| local || option != "-L");
    let child = Command::new(env!("CARGO_BIN_EXE_mailprint"))
        .arg("spamd")
        .args(options)
        .args(["-s", "null", "-x", "-m", "2"])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let running = Running { child, address };
    wait_for(address);
    running
}

/// What a message's new header says.
struct Headers {
    tests: Vec<String>,
    unanswered: BTreeSet<String>,
}

fn headers(address: SocketAddr, mail: &[u8]) -> Headers {
    let head = format!("HEADERS SPAMC/1.5\r\nContent-length: {}\r\n\r\n", mail.len());
    let reply = ask(address, &[head.as_bytes(), mail].concat());
    assert!(reply.starts_with("SPAMD/1.1 0 EX_OK\r\n"), "{reply}");
    let line = |name: &str| {
        let line = reply.lines().find_map(|line| line.strip_prefix(name));
        let values = line.unwrap_or_default().split(',').map(|value| value.trim().to_owned());
        values.filter(|value| !value.is_empty() && value != "none")
    };
    Headers {
        tests: line("X-Spam-Tests:").collect(),
        unanswered: line("X-Spam-Unanswered:").collect(),
    }
}

/// The rules that ask: those above, and our own that say so.
fn net_rules() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let own = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    let own = own.filter_map(|path| std::fs::read_to_string(path).ok());
    let all = own.chain([RULES.to_owned()]).collect::<String>();
    let flags = all.lines().filter_map(|line| line.trim().strip_prefix("tflags"));
    let nets = flags.filter_map(|line| {
        let mut words = line.split_whitespace();
        let name = words.next()?;
        words.any(|word| word == "net").then(|| name.to_owned())
    });
    nets.collect()
}
