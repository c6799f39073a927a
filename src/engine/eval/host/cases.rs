//! Each rule of `rules/2*.cf` has a message that it hits and one that it nearly hits:
//! `t/data/host/cases.txt`, whose head tells how they are written.

use super::{errand, network};
use crate::dns::{Answering, Data, Failure, Kind, Lookup, Name, Question, Record, Reply};
use crate::engine::eval::Test as Eval;
use crate::engine::{Curve, Engine, Options, Scan};
use crate::limits::Limits;
use crate::rules::{self, RuleSet, Sources, Test, own};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

const CASES: &str = include_str!("../../../../t/data/host/cases.txt");

/// What is known without rule files of others.
const LINES: &str = "util_rb_tld com net org de uk ru\nutil_rb_2tld co.uk\nrequired_score 5\n";

/// What DNS says where a case says nothing else.
const ZONE: &[&str] = &[
    "128.16.4.62.in-addr.arpa PTR mail.sender.com",
    "mail.sender.com A 62.4.16.128",
    "sender.com MX 10 mail.sender.com",
];

#[derive(Default)]
struct Case {
    hits: Vec<&'static str>,
    misses: Vec<&'static str>,
}

static TABLE: LazyLock<BTreeMap<&str, Case>> = LazyLock::new(|| {
    let mut table: BTreeMap<&str, Case> = BTreeMap::new();
    let mut rules: Vec<&str> = Vec::new();
    let lines = CASES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines {
        match line.split_at(1) {
            ("+", case) => rules.iter().for_each(|r| table.get_mut(r).unwrap().hits.push(case)),
            ("-", case) => rules.iter().for_each(|r| table.get_mut(r).unwrap().misses.push(case)),
            _ => {
                rules = line.split(' ').collect();
                rules.iter().for_each(|rule| drop(table.insert(rule, Case::default())));
            }
        }
    }
    table
});

fn engine() -> Engine {
    let sources = Sources {
        site: vec!["/nonexistent".into()],
        distribution: vec!["/nonexistent".into()],
        own: own::FILES.to_vec(),
        cf_lines: LINES.into(),
        local_tests_only: false,
        ..Sources::default()
    };
    let limits = Limits::default();
    Engine::new(Arc::new(rules::load(&sources, &limits)), Curve::default(), &limits)
}

/// The message and the zone that a case tells.
struct Mail {
    message: Vec<u8>,
    zone: Zone,
}

/// A whole internet.
#[derive(Clone, Default)]
struct Zone {
    records: Vec<Record>,
    failing: Vec<Question>,
}

impl Lookup for Zone {
    fn lookup<'a>(&'a self, question: &'a Question) -> Answering<'a> {
        let outcome = match self.failing.contains(question) {
            true => Err(Failure::Late),
            false => Ok(Arc::new(self.reply(question))),
        };
        Box::pin(async move { outcome })
    }
}

impl Zone {
    fn reply(&self, question: &Question) -> Reply {
        let is_asked = |record: &&Record, name: &Name| {
            record.name == *name && (record.kind == question.kind || record.kind == Kind::CNAME)
        };
        let mut answers = Vec::new();
        let mut name = question.name.clone();
        loop {
            let found: Vec<_> = self.records.iter().filter(|r| is_asked(r, &name)).collect();
            answers.extend(found.iter().copied().cloned());
            match found.first().map(|record| (&record.kind, &record.data)) {
                Some((&Kind::CNAME, Data::Name(next))) => name = next.clone(),
                _ => break,
            }
        }
        let exists = self.records.iter().any(|record| record.name.is_within(&name));
        Reply { code: if exists { 0 } else { Reply::NO_NAME }, answers }
    }

    fn add(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        let mut next = || words.next().unwrap_or_default();
        let (name, kind, first) = (Name::new(next()).unwrap(), next(), next());
        let named = |text: &str| Name::new(text).unwrap();
        let (kind, data) = match kind {
            "A" => (Kind::A, Data::V4(first.parse().unwrap())),
            "AAAA" => (Kind::AAAA, Data::V6(first.parse().unwrap())),
            "MX" => {
                let host = named(next());
                (Kind::MX, Data::Exchange { preference: first.parse().unwrap(), host })
            }
            "TXT" => (Kind::TXT, Data::Text(vec![first.as_bytes().into()])),
            "PTR" | "NS" | "CNAME" => (kind_of(kind), Data::Name(named(first))),
            other => panic!("{other} is no kind"),
        };
        self.records.push(Record { name, kind, ttl: 60, data });
    }
}

fn kind_of(name: &str) -> Kind {
    let kinds = [
        ("A", Kind::A),
        ("AAAA", Kind::AAAA),
        ("MX", Kind::MX),
        ("PTR", Kind::PTR),
        ("NS", Kind::NS),
        ("CNAME", Kind::CNAME),
    ];
    kinds.iter().find(|(known, _)| *known == name).unwrap().1
}

impl Mail {
    /// What the case between two bars of `text` says, each.
    fn new(text: &'static str) -> Mail {
        let mut received: BTreeMap<&str, Vec<u8>> = [
            ("helo", "mail.sender.com"),
            ("rdns", "mail.sender.com"),
            ("ip", "62.4.16.128"),
            ("by", "mx.ours.net"),
        ]
        .map(|(name, value)| (name, value.as_bytes().to_vec()))
        .into();
        let mut fields: Vec<(Vec<u8>, Vec<u8>)> = [
            ("Return-Path", "<ann@sender.com>"),
            ("Date", "Tue, 12 Mar 2024 10:00:00 +0000"),
            ("From", "Ann <ann@sender.com>"),
            ("To", "Bob <bob@ours.net>"),
            ("Subject", "Hello"),
            ("Message-ID", "<20240312100000.1a2b3c@mail.sender.com>"),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=us-ascii"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
        let (mut older, mut raw, mut body) = (Vec::new(), Vec::new(), b"Hello Bob,\n".to_vec());
        let (mut domain, mut local) = (b"sender.com".to_vec(), b"ann".to_vec());
        let (mut zone, mut crlf) = (Zone::default(), false);
        let mut lines: Vec<&str> = ZONE.to_vec();
        for item in text.split(" | ").map(str::trim_start).filter(|item| !item.is_empty()) {
            let after = |begin: &str| item.strip_prefix(begin);
            if item == "crlf" {
                crlf = true;
            } else if let Some(record) = after("dns=") {
                // A name that a case speaks of has no other records of the kind.
                let [name, kind] = first_two(record);
                lines.retain(|line| !ZONE.contains(line) || first_two(line) != [name, kind]);
                lines.push(record);
            } else if let Some(name) = after("dns-") {
                lines.retain(|line| first_two(line)[0] != name);
            } else if let Some(question) = after("dns!") {
                let [name, kind] = first_two(question);
                zone.failing.push(Question::new(Name::new(name).unwrap(), kind_of(kind)));
            } else if let Some(line) = after("rcvd=") {
                older.push(unescaped(line));
            } else if let Some(lines) = after("raw=") {
                raw.extend(unescaped(lines));
            } else if let Some(text) = after("body=") {
                body = unescaped(text);
            } else if let Some(name) = after("sender=") {
                domain = unescaped(name);
            } else if let Some(name) = after("local=") {
                local = unescaped(name);
            } else if let Some(name) = after("-") {
                fields.retain(|(known, _)| !known.eq_ignore_ascii_case(name.as_bytes()));
            } else if let Some((name, value)) =
                item.split_once('=').filter(|(n, _)| received.contains_key(n))
            {
                received.insert(name, unescaped(value));
            } else {
                let (name, value) = item.split_once(':').unwrap_or_else(|| panic!("{item}"));
                let (is_more, name) = match name.strip_prefix('+') {
                    Some(name) => (true, unescaped(name)),
                    None => (false, unescaped(name)),
                };
                let value = unescaped(value.strip_prefix(' ').unwrap_or(value));
                let known = fields.iter_mut().find(|(known, _)| !is_more && *known == name);
                match known {
                    Some((_, old)) => *old = value,
                    None => fields.push((name, value)),
                }
            }
        }
        lines.iter().for_each(|line| zone.add(line));
        for (_, value) in fields.iter_mut() {
            if value == b"<ann@sender.com>" || value == b"Ann <ann@sender.com>" {
                let begin = value.split(|&byte| byte == b'<').next().unwrap().to_vec();
                *value = [&begin[..], b"<", &local, b"@", &domain, b">"].concat();
            }
        }
        let field = |name: &[u8], value: &[u8]| [name, b": ", value, b"\n"].concat();
        let [helo, rdns, ip, by] = ["helo", "rdns", "ip", "by"].map(|name| &received[name][..]);
        let newest = [
            b"from ", helo, b" (", rdns, b" [", ip, b"])\n\tby ", by,
            b" (Postfix) with ESMTP id 4ABCDEF123\n\tfor <bob@ours.net>; Tue, 12 Mar 2024 10:00:10 +0000 (UTC)",
        ]
        .concat();
        let is_path = |(name, _): &&(Vec<u8>, Vec<u8>)| name == b"Return-Path";
        let mut message: Vec<u8> =
            fields.iter().filter(is_path).flat_map(|(n, v)| field(n, v)).collect();
        message.extend(field(b"Received", &newest));
        message.extend(older.iter().flat_map(|line| field(b"Received", line)));
        let rest = fields.iter().filter(|f| !is_path(f)).flat_map(|(n, v)| field(n, v));
        message.extend(rest.collect::<Vec<u8>>());
        message.extend(raw);
        message.push(b'\n');
        message.extend(body);
        if crlf {
            let lines = message.split_inclusive(|&byte| byte == b'\n');
            let ended = |line: &[u8]| [line.strip_suffix(b"\n").unwrap_or(line), b"\r\n"].concat();
            message = lines.flat_map(ended).collect();
        }
        Mail { message, zone }
    }
}

fn first_two(line: &str) -> [&str; 2] {
    let mut words = line.split_whitespace();
    [words.next().unwrap_or_default(), words.next().unwrap_or_default()]
}

/// `{9*x}`, `\n`, `\xNN`.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let repeated = rest.strip_prefix('{').and_then(|inside| {
            let (inside, after) = inside.split_once('}')?;
            let (count, unit) = inside.split_once('*')?;
            Some((unescaped(unit).repeat(count.parse().ok()?), after))
        });
        if let Some((repeated, after)) = repeated {
            bytes.extend(repeated);
            rest = after;
            continue;
        }
        let escaped = rest.strip_prefix('\\').and_then(|rest| rest.chars().next());
        let (byte, length) = match escaped {
            Some('n') => (b'\n', 2),
            Some('r') => (b'\r', 2),
            Some('t') => (b'\t', 2),
            Some('0') => (0, 2),
            Some('x') => (u8::from_str_radix(&rest[2..4], 16).unwrap(), 4),
            _ => (next as u8, next.len_utf8()),
        };
        bytes.push(byte);
        rest = &rest[length..];
    }
    bytes
}

/// The calls that wait for the network, by rule.
fn waiting(rules: &RuleSet) -> Vec<(String, Eval)> {
    let bound = |rule: &rules::Rule| {
        let Test::Eval(call) = &rule.test else { return None };
        let test = match &*call.function {
            "check_helo_dns" => network::bind(call, network::HELO),
            "check_rdns_dns" => network::bind(call, network::RDNS),
            "check_sender_dns" => network::bind_sender(call),
            _ => return None,
        };
        Some((rule.name.to_string(), test.unwrap()))
    };
    rules.iter().filter_map(|(_, rule)| bound(rule)).collect()
}

/// The rules that hit a message, those that wait for the network included.
fn hits(engine: &Engine, waiting: &[(String, Eval)], mail: Mail) -> BTreeSet<String> {
    let mut worker = engine.worker();
    let mut scan: Scan = engine.begin(&mut worker, mail.message, &Options::default());
    if let Some(errand) = errand(&scan) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let finding = runtime.block_on(errand(Arc::new(mail.zone)));
        finding(&mut scan);
    }
    let mut names = BTreeSet::new();
    for (name, test) in waiting {
        let is_hit = test(&mut scan, &mut worker).unwrap() == crate::engine::eval::HIT;
        names.extend(is_hit.then(|| name.clone()));
    }
    let verdict = engine.finish(&mut worker, scan, &Options::default());
    names.extend(verdict.hits.iter().map(|hit| hit.name.to_string()));
    names
}

#[test]
fn every_rule_has_a_message_that_it_hits_and_one_that_it_nearly_hits() {
    let engine = engine();
    assert!(engine.wrong_calls().is_empty(), "{:?}", engine.wrong_calls());
    let waiting = waiting(engine.rules());
    let mut wrong = Vec::new();
    let ours: BTreeSet<String> = theirs(engine.rules()).collect();
    for rule in &ours {
        let Some(case) = TABLE.get(&**rule) else {
            wrong.push(format!("{rule} has no case"));
            continue;
        };
        if case.hits.is_empty() || case.misses.is_empty() {
            wrong.push(format!("{rule} lacks a case"));
        }
        for (cases, wanted) in [(&case.hits, true), (&case.misses, false)] {
            for text in cases {
                let found = hits(&engine, &waiting, Mail::new(text));
                if found.contains(rule) != wanted {
                    let word = if wanted { "misses" } else { "hits" };
                    wrong.push(format!("{rule} {word} {text}; hits are {found:?}"));
                }
            }
        }
    }
    let unknown = TABLE.keys().filter(|rule| !ours.contains(**rule));
    wrong.extend(unknown.map(|rule| format!("there is no {rule}")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The rules of `rules/2*.cf`.
fn theirs(rules: &RuleSet) -> impl Iterator<Item = String> {
    rules.iter().filter_map(|(_, rule)| {
        let Test::Eval(call) = &rule.test else { return None };
        let is_here = super::TABLE.iter().any(|row| row.name == &*call.function);
        is_here.then(|| rule.name.to_string())
    })
}

#[test]
fn the_plain_message_hits_nothing() {
    let engine = engine();
    let waiting = waiting(engine.rules());
    assert_eq!(hits(&engine, &waiting, Mail::new("")), BTreeSet::new());
}

#[test]
fn mail_from_inside_and_from_who_authenticated_himself_hits_nothing() {
    let engine = engine();
    let waiting = waiting(engine.rules());
    let bad = "helo=WIN-ABCDEFGH123 | From: | Date: | Subject: a\\rb";
    assert!(!hits(&engine, &waiting, Mail::new(bad)).is_empty());
    let inside: &'static str = Box::leak(format!("{bad} | ip=10.0.0.1").into_boxed_str());
    assert_eq!(hits(&engine, &waiting, Mail::new(inside)), BTreeSet::new());
    let mut mail = Mail::new(bad);
    let text =
        String::from_utf8(mail.message).unwrap().replace(" with ESMTP id", " with ESMTPSA id");
    mail.message = text.into_bytes();
    assert_eq!(hits(&engine, &waiting, mail), BTreeSet::new());
}

#[test]
fn without_answers_no_rule_of_the_network_hits() {
    let engine = engine();
    let waiting = waiting(engine.rules());
    let mut mail = Mail::new("helo=nowhere.nosuch.com | sender=nothing.com");
    let names = ["nowhere.nosuch.com", "nosuch.com", "nothing.com", "128.16.4.62.in-addr.arpa"];
    for name in names {
        for kind in [Kind::A, Kind::AAAA, Kind::MX, Kind::PTR, Kind::SOA] {
            mail.zone.failing.push(Question::new(Name::new(name).unwrap(), kind));
        }
    }
    let found = hits(&engine, &waiting, mail);
    assert!(waiting.iter().all(|(name, _)| !found.contains(name)), "{found:?}");
}

#[test]
fn limit_host_names_bounds_the_questions() {
    let limits = Limits::default();
    let ask = |count: usize| {
        let mut mail = Mail::new("sender=in.com");
        for number in 0..count {
            mail.zone.add(&format!("in.com MX {number} mx{number}.in.com"));
            mail.zone.add(&format!("mx{number}.in.com A 10.0.0.1"));
        }
        let engine = engine();
        let waiting = waiting(engine.rules());
        hits(&engine, &waiting, mail).contains("MP_ENV_MX_PRIVATE")
    };
    // Beyond the limit it is not known whether all are so, and nothing is said.
    assert!(ask(limits.host_names - 1) && ask(limits.host_names) && !ask(limits.host_names + 1));
}

#[test]
fn one_cause_is_worth_less_than_three_points_and_every_rule_has_one() {
    let engine = engine();
    let rules = engine.rules();
    let groups = rules.options.lists("score_group").unwrap();
    let mut causes: BTreeMap<String, usize> = BTreeMap::new();
    // What is known of a message's like is no cause that a host can share.
    for (name, words) in groups.iter().filter(|(name, _)| !name.starts_with(b"MP_FP")) {
        let text = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
        let most: f64 = text(&words[0]).parse().unwrap();
        assert!(most < 3.0, "{}", text(name));
        words[1..].iter().for_each(|rule| *causes.entry(text(rule)).or_default() += 1);
    }
    for rule in theirs(rules) {
        assert_eq!(causes.get(&rule), Some(&1), "{rule}");
        let id = rules.find(&rule).unwrap();
        let scores = rules.rule(id).unwrap().scores;
        assert!(scores.iter().all(|&score| (0.0..3.0).contains(&score)), "{rule}");
        assert!(
            !rules.rule(id).unwrap().description.as_deref().unwrap_or_default().is_empty(),
            "{rule}"
        );
    }
    let shared: Vec<_> = causes.iter().filter(|(_, count)| **count > 1).collect();
    assert!(shared.is_empty(), "of two causes: {shared:?}");
}
