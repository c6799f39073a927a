//! One message that everything knows something of: a held list, a live one, SPF, its HELO, its
//! host's missing reverse name, and fingerprints.

use crate::responder::{Responder, a, code, found, txt, well_kept_list};
use crate::world::{World, free_address, open_to_all, until, wait_for};
use std::io::Write;
use std::process::{Command, Stdio};

const RULES: &str = "util_rb_tld example test\nclear_internal_networks\n\
    trusted_networks 10.0.0.1\nrequired_score 5\nreport_safe 0\nclear_report_template\n\
    report _SCORE_ _TESTSSCORES(,)_\n\
    header LIVE eval:check_rbl('live-lastexternal', 'live.example.')\ntflags LIVE net\n\
    score LIVE 0 1.5 0 1.5\n\
    header SPF_FAIL eval:check_for_spf_fail()\ntflags SPF_FAIL net\nscore SPF_FAIL 0 0.919 0 0.9\n\
    header HELO_DYNAMIC X-Spam-Relays-External =~ /^\\[ [^\\]]*helo=dsl-/\n\
    score HELO_DYNAMIC 1.25\n\
    header NO_REVERSE eval:check_rdns_dns('none')\ntflags NO_REVERSE net\n\
    score NO_REVERSE 0 0.75 0 0.75\n\
    full KNOWN eval:check_fingerprint('spam', 'strong')\nscore KNOWN 5.5\n\
    score_group CONTENT 4 KNOWN\n";

const PRE: &str = "loadplugin Mail::SpamAssassin::Plugin::DNSEval\n\
    loadplugin Mail::SpamAssassin::Plugin::SPF\n\
    loadplugin Mail::SpamAssassin::Plugin::Mailprint\n";

const MESSAGE: &str = "Return-Path: <bad@sender.test>\n\
    Received: from dsl-192-0-2-5.a.example (dsl-192-0-2-5.a.example [192.0.2.5])\n\
    \tby mx.example (Postfix) with SMTP id 1;\n\tThu, 1 Jan 2026 00:00:00 +0000\n\
    From: <bad@sender.test>\nSubject: x\nMessage-Id: <1@x>\n\nDear customer number 17,\n\n\
    whoever orders one of our golden garden gnomes before midnight gets a second one, a small \
    wooden bench and a lamp that never needs oil on top of it without paying anything more. \
    Nobody else makes such an offer to people who love their gardens as much as you do.\n";

/// What each rule is worth, and what the group's cap takes.
const PARTS: &[(&str, f64)] = &[
    ("HELO_DYNAMIC", 1.25),
    ("IN_FIRST", 2.5),
    ("IN_SECOND", 2.0),
    ("KNOWN", 5.5),
    ("LIVE", 1.5),
    ("NO_REVERSE", 0.75),
    ("SPF_FAIL", 0.919),
];
/// What the groups of lists and of content take.
const CAPS: [(&str, f64, f64); 2] = [("LISTS_OF_RELAYS", 3.0, 4.5), ("CONTENT", 4.0, 5.5)];

#[test]
fn the_parts_of_a_score_are_told_and_sum_up() {
    let responder = Responder::start(|asked| match (asked.name.as_str(), asked.kind) {
        ("5.2.0.192.live.example", 1) => found(vec![a([127, 0, 0, 2])]),
        (name, _) if name.ends_with(".live.example") => well_kept_list(asked),
        ("sender.test", 16) => found(vec![txt(b"v=spf1 -all")]),
        _ => code(3),
    });
    let world = World::new("lists-merge");
    world.write("list", ":127.0.0.2:x\n192.0.2.5\n");
    let path = world.at("list").display().to_string();
    let list = |name: &str, rule: &str| {
        format!(
            "    - name: {name}\n      format: ip4set\n      from: {path}\n      \
             codes: [127.0.0.2 {rule}]\n"
        )
    };
    let folder = world.at("zones");
    std::fs::create_dir_all(&folder).unwrap();
    open_to_all(&folder, 0o777);
    let yaml = format!(
        "zones:\n  folder: {}\n  group_most: 3\n  lists:\n{}{}\
         fingerprints:\n  store: {}\n",
        folder.display(),
        list("first.example", "IN_FIRST 2.5 Is in the first list"),
        list("second.example", "IN_SECOND 2 Is in the second list"),
        world.at("store").display(),
    );
    world.write("m.yaml", &yaml);
    world.write("rules/a.cf", &format!("{RULES}dns_server {}\n", responder.address));
    world.write("site/a.pre", PRE);
    let address = free_address();
    let at = |name: &str| world.at(name).display().to_string();
    let options = ["-C", &at("rules"), "--siteconfigpath", &at("site"), "--config", &at("m.yaml")];
    let other = MESSAGE.replace("number 17", "number 29").replace("bad@", "worse@");
    world.write("learned", &other);
    let mut learn = Command::new(env!("CARGO_BIN_EXE_mailprint"));
    learn.args(["fp", "learn", "--class", "spam", "--config", &at("m.yaml"), &at("learned")]);
    assert!(learn.status().unwrap().success());
    open_to_all(&world.at("store"), 0o777);
    let mut program = Command::new(env!("CARGO_BIN_EXE_mailprint"));
    program.arg("spamd").args(options).args(["-s", "null", "-m", "1", "-i", "127.0.0.1", "-p"]);
    program.arg(address.port().to_string()).stdin(Stdio::null()).current_dir(&world.0);
    let child = program.spawn().unwrap();
    let _server = crate::world::Running { child, address };
    wait_for(address);
    let over: f64 = CAPS.iter().map(|(_, cap, sum)| sum - cap).sum();
    let expected = PARTS.iter().map(|(_, score)| score).sum::<f64>() - over;
    let mut reply = String::new();
    until("the lists are held", || {
        reply = spamc(address.port());
        reply.is_empty() || (reply.contains("IN_FIRST") && reply.contains("IN_SECOND"))
    });
    if reply.is_empty() {
        println!("skipped: spamc is not installed");
        return;
    }
    let first = reply.lines().next().unwrap();
    let score: f64 = first.split('/').next().unwrap().parse().unwrap();
    assert!((score - expected).abs() < 0.06, "{score} for {expected}: {reply}");
    for (name, _) in PARTS {
        assert!(reply.contains(name), "{name}: {reply}");
    }

    world.write("mail", MESSAGE);
    let mut explain = Command::new(env!("CARGO_BIN_EXE_mailprint"));
    let output = explain.arg("explain").args(options).arg(world.at("mail")).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let number = |line: &str| line.split_whitespace().next().and_then(|n| n.parse::<f64>().ok());
    let is_part = |line: &&str| line.starts_with(' ') && !line.starts_with("         ");
    let (sums, parts): (Vec<&str>, Vec<&str>) =
        text.lines().filter(is_part).partition(|line| line.contains(" in sum: "));
    let sum: f64 = parts.iter().filter_map(|line| number(line)).sum();
    let whole = number(sums[0]).unwrap();
    assert!((sum - whole).abs() < 0.0005 && (whole - expected).abs() < 0.0005, "{text}");
    for (name, score) in PARTS {
        assert!(text.contains(&format!("{score:8.3} {name}")), "{name}: {text}");
    }
    for (group, cap, sum) in CAPS {
        let line = format!("group {group}: {cap:.3} of its {sum:.3} count");
        assert!(text.contains(&line), "{line}: {text}");
    }
    assert!(text.contains("> 192.0.2.5 listed in first.example"), "{text}");
    assert!(responder.asked().iter().all(|asked| !asked.name.contains("first.example")));
}

/// The report on [`MESSAGE`]; nothing without spamc.
fn spamc(port: u16) -> String {
    let mut spamc = Command::new("spamc");
    spamc.args(["-d", "127.0.0.1", "-p", &port.to_string(), "-R"]);
    let Ok(mut child) = spamc.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() else {
        return String::new();
    };
    child.stdin.take().unwrap().write_all(MESSAGE.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}
