//! Whole messages: who is asked about, and what becomes of the answers.

use super::zone::Zone;
use super::{outcome_of, runtime};
use mailprint::dns::{Answering, Lookup, Question};
use mailprint::engine::eval::spf::{self, Findings, Found};
use mailprint::engine::{Curve, Engine, Options, Scan};
use mailprint::limits::{Limit, Limits};
use mailprint::rules::{Sources, load};
use std::sync::Arc;

const ZONE: &str = r#"
    garden.example     TXT "v=spf1 ip4:198.51.100.7 -all exp=why.garden.example"
    why.garden.example TXT "not  from %{i}, says %{l}"
    mx.garden.example  TXT "v=spf1 a ~all"
    mx.garden.example  A   198.51.100.7
    nothing.example    A   198.51.100.7
    silent.example     SILENT
"#;

const NETWORKS: &str = "trusted_networks 192.0.2.0/24\ninternal_networks 192.0.2.0/28\n";

/// What came from `ip`, which said that it is `helo`, with the sender `from`.
fn mail(helo: &str, ip: &str, from: &str) -> String {
    let inner = "Received: from mx (mx.here.example [192.0.2.1]) by in.here.example with ESMTP";
    format!(
        "Return-Path: <{from}>\n{inner}\nReceived: from {helo} (unknown [{ip}]) by mx.here.example (Postfix) with ESMTP\n\
         From: x@y.example\nSubject: x\n\nx\n"
    )
}

fn engine(lines: &str, limits: &Limits) -> Engine {
    let sources = Sources {
        pre_lines: b"loadplugin Mail::SpamAssassin::Plugin::SPF\n".to_vec(),
        ..Sources::of_lines(format!("always_trust_envelope_sender 1\n{NETWORKS}{lines}"))
    };
    Engine::new(Arc::new(load(&sources, limits)), Curve::default(), limits)
}

fn begin(engine: &Engine, mail: &str) -> Scan {
    engine.begin(&mut engine.worker(), mail.as_bytes().to_vec(), &Options::default())
}

/// What SPF says of `mail` where `lookup` answers; `None` if nobody is asked.
fn asked(engine: &Engine, mail: &str, lookup: Arc<dyn Lookup>) -> Option<Scan> {
    let mut scan = begin(engine, mail);
    let errand = spf::errand(&scan)?;
    let finding = runtime().block_on(errand(lookup));
    finding(&mut scan);
    Some(scan)
}

/// The outcomes of both names as words, `-` for none; nothing if nobody is asked.
fn words(lines: &str, mail: &str) -> String {
    let engine = engine(lines, &Limits::default());
    let Some(mut scan) = asked(&engine, mail, Arc::new(Zone::of(ZONE))) else {
        return String::new();
    };
    let Findings { mail_from, helo } = &*spf::findings(&mut scan);
    let word = |found: &Option<Found>| found.as_ref().map_or("-", |found| found.outcome.word());
    format!("{} {}", word(mail_from), word(helo))
}

#[test]
fn both_names_are_asked_about_unless_there_is_nothing_to_ask() {
    let ours = "198.51.100.7";
    for (helo, ip, from, expected) in [
        ("mx.garden.example", ours, "rosa@garden.example", "pass pass"),
        ("MX.Garden.example", "198.51.100.8", "Rosa@Garden.example", "fail softfail"),
        ("mx.nothing.example", ours, "rosa@nothing.example", "none none"),
        ("mx.garden.example", ours, "rosa@silent.example", "temperror pass"),
        // A bounce has no sender to ask about.
        ("mx.garden.example", ours, "", "- pass"),
        ("mx.garden.example", ours, "0", "- pass"),
        // No name, or no name worth asking about.
        ("garden", ours, "rosa@garden.example", "pass -"),
        ("[198.51.100.7]", ours, "rosa@garden.example", "pass -"),
        ("198.51.100.7", ours, "rosa@garden.example", "pass -"),
        ("garden", ours, "", ""),
        // From within there is nobody outside.
        ("mx.garden.example", "192.0.2.3", "rosa@garden.example", ""),
        // Trusted, but not internal, is outside.
        ("mx.garden.example", "192.0.2.99", "rosa@garden.example", "fail softfail"),
    ] {
        assert_eq!(words("", &mail(helo, ip, from)), expected, "{helo} {ip} {from}");
    }
}

#[test]
fn headers_of_internal_hosts_come_first() {
    let mail = mail("mx.garden.example", "198.51.100.7", "rosa@garden.example");
    let with = |header: &str| format!("{header}\n{mail}");
    let received = "Received-SPF: softfail (x) receiver=in.here.example";
    let helo = format!("{received}; identity=helo");
    let results = "Authentication-Results: in.here.example; spf=none smtp.helo=mx.garden.example";
    assert_eq!(words("", &with(received)), "softfail pass");
    assert_eq!(words("", &with(&helo)), "pass softfail");
    assert_eq!(words("", &with(results)), "pass none");
    assert_eq!(words("", &with(&format!("{received}\n{results}"))), "", "both are known");
    assert_eq!(words("ignore_received_spf_header 1\n", &with(received)), "pass pass");
    let two = with(&format!("Received-SPF: fail (newest)\n{received}"));
    assert_eq!(words("", &two), "softfail pass");
    assert_eq!(words("use_newest_received_spf_header 1\n", &two), "fail pass");
}

#[test]
fn who_fails_is_told_why_in_one_line() {
    let engine = engine("", &Limits::default());
    let of = |from: &str| {
        let mail = mail("mx.garden.example", "198.51.100.8", from);
        let mut scan = asked(&engine, &mail, Arc::new(Zone::of(ZONE))).unwrap();
        spf::findings(&mut scan).mail_from.clone().unwrap()
    };
    let found = of("Rosa@Garden.Example");
    assert_eq!(found.explanation.as_deref(), Some(&b"not from 198.51.100.8, says rosa"[..]));
    assert_eq!(found.domain, b"garden.example");
    assert_eq!(of("rosa@nothing.example").explanation, None);
}

#[test]
fn limits_that_a_check_reaches_are_noted() {
    let limits = Limits { spf_void_lookups: 0, ..Limits::default() };
    let zone = Zone::of("garden.example TXT \"v=spf1 a:gone.example -all\"");
    let mail = mail("garden", "198.51.100.7", "rosa@garden.example");
    let mut scan = asked(&engine("", &limits), &mail, Arc::new(zone)).unwrap();
    assert!(scan.reached().has(Limit::SpfVoidLookups));
    let outcome = spf::findings(&mut scan).mail_from.as_ref().unwrap().outcome;
    assert_eq!(outcome, outcome_of("permerror"));
}

/// A name server that is not there.
struct Nobody;

impl Lookup for Nobody {
    fn lookup<'a>(&'a self, _: &'a Question) -> Answering<'a> {
        Box::pin(std::future::pending())
    }
}

#[test]
fn limit_spf_question_milliseconds_makes_an_error_of_silence() {
    let mail = mail("mx.garden.example", "198.51.100.7", "rosa@garden.example");
    let limits = Limits { spf_question_milliseconds: 1, ..Limits::default() };
    let outcome = |lookup: Arc<dyn Lookup>, limits: &Limits| {
        let mut scan = asked(&engine("", limits), &mail, lookup).unwrap();
        let findings = spf::findings(&mut scan);
        (findings.mail_from.as_ref().map(|found| found.outcome), findings.helo.is_some())
    };
    assert_eq!(outcome(Arc::new(Nobody), &limits), (Some(outcome_of("temperror")), true));
    // An answer that is there already was in time.
    let zone = Arc::new(Zone::of(ZONE));
    assert_eq!(outcome(zone, &Limits::default()), (Some(outcome_of("pass")), true));
}

#[test]
fn a_check_that_takes_too_long_has_no_outcome() {
    let mail = mail("mx.garden.example", "198.51.100.7", "rosa@garden.example");
    let engine = engine("spf_timeout 0\n", &Limits::default());
    let mut scan = asked(&engine, &mail, Arc::new(Nobody)).unwrap();
    assert_eq!(*spf::findings(&mut scan), Findings::default());
}
