//! Fingerprints through the program: taught on the command line and by the real spamc, in force
//! in a running server, kept through kill -9 and a full disk.

#![allow(missing_docs, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "daemon/world.rs"]
mod world;

use mailprint::clock::Tick;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use world::{Running, World, ask, free_address, wait_for};

/// A mail of a campaign: its own words, and greetings that differ from copy to copy.
fn mail(campaign: usize, copy: usize) -> String {
    let words = ["amber", "basil", "cedar", "delta", "ember", "fjord", "grove", "haven"];
    let word =
        |n: usize| format!("{}{}", words[(campaign + n) % 8], words[(campaign / 8 + 3 * n) % 8]);
    let sentence: Vec<String> = (0..12).map(word).collect();
    format!(
        "From: Shop {copy} <shop{copy}@sender{copy}.example>\nTo: you@example.org\n\
         Message-ID: <c{campaign}.{copy}@sender{copy}.example>\nSubject: our offer {campaign}\n\n\
         Dear customer number {copy},\n\nToday and only today we sell {} for next to nothing, \
         and whoever orders before midnight gets {} on top of it without paying anything more. \
         Nobody else makes an offer number {campaign} like this one to customers like you.\n",
        sentence.join(" "),
        sentence.iter().rev().cloned().collect::<Vec<_>>().join(" and "),
    )
}

const HAM: &str = "From: Ann <ann@friends.example>\nMessage-ID: <ham1@friends.example>\n\
    Subject: the garden on Sunday\n\nHello Bob, shall we meet in the garden on Sunday to look at \
    the apple trees that your grandmother planted? I shall bring a cake, some tea, and the old \
    photographs which we found in the attic last winter. Yours, Ann\n";

/// A world whose servers have a store and our rules for it.
fn world(name: &str) -> World {
    let world = World::new(name);
    world.write("rules/30.cf", include_str!("../rules/30_fingerprints.cf"));
    world.write(
        "site/a.pre",
        "loadplugin Mail::SpamAssassin::Plugin::Check\n\
         loadplugin Mail::SpamAssassin::Plugin::Mailprint\n",
    );
    world.write("mailprint.yaml", "");
    world
}

fn store(world: &World) -> PathBuf {
    world.at("store")
}

/// A server with the store, once it answers.
fn server(world: &World, options: &[&str]) -> Running {
    let address = free_address();
    let mut program = world.program(address, options);
    program.env("MAILPRINT_FINGERPRINTS_STORE", store(world));
    let child = program.spawn().unwrap();
    let running = Running { child, address };
    wait_for(address);
    running
}

/// `mailprint fp WORDS`, with the store.
fn fp(world: &World, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailprint"));
    command.arg("fp").arg(words[0]).arg("--store").arg(store(world)).arg("--config");
    command.arg(world.at("mailprint.yaml")).args(&words[1..]).current_dir(&world.0);
    command.output().unwrap()
}

/// The same, which has to go well: what it printed.
fn done(world: &World, words: &[&str]) -> String {
    let output = fp(world, words);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "fp {words:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

/// The word that `fp check` has for a file.
fn word(world: &World, file: &str) -> String {
    let line = done(world, &["check", file]);
    line.split('\t').nth(1).unwrap_or_default().to_owned()
}

fn stat(world: &World, name: &str) -> u64 {
    let text = done(world, &["stats"]);
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().parse().unwrap()
}

/// The tests that hit a mail.
fn symbols(server: &Running, mail: &str) -> String {
    let length = mail.len();
    let request = format!("SYMBOLS SPAMC/1.5\r\nContent-length: {length}\r\n\r\n{mail}");
    let reply = ask(server.address, request.as_bytes());
    reply.rsplit("\r\n\r\n").next().unwrap_or_default().trim().to_owned()
}

#[test]
fn what_is_taught_on_the_command_line_is_in_force_in_the_running_server() {
    let world = world("fp-live");
    world.write("a.eml", &mail(1, 1));
    let server = server(&world, &[]);
    let copy = mail(1, 2);
    assert!(!symbols(&server, &copy).contains("MP_FP"), "{}", symbols(&server, &copy));
    done(&world, &["learn", "--class", "spam", "a.eml"]);
    // The command has returned: there is nothing to wait for.
    assert!(symbols(&server, &copy).contains("MP_FP_SPAM"), "{}", symbols(&server, &copy));
    assert_eq!(word(&world, "a.eml"), "spam");
    assert!(done(&world, &["forget", "a.eml"]).contains("1 lessons"));
    assert!(!symbols(&server, &copy).contains("MP_FP"), "{}", symbols(&server, &copy));
    assert_eq!(stat(&world, "fingerprints"), 0);
    server.end();
    assert!(!store(&world).join("lessons.sock").exists());
    // What it was taught is there without it, too.
    done(&world, &["learn", "--class", "phish", "a.eml"]);
    let again = self::server(&world, &[]);
    assert!(symbols(&again, &copy).contains("MP_FP_PHISH"), "{}", symbols(&again, &copy));
}

#[test]
fn without_a_store_nothing_is_made_and_without_counting_nothing_hits() {
    let world = world("fp-off");
    world.write("a.eml", &mail(2, 1));
    done(&world, &["learn", "--class", "spam", "a.eml"]);
    let plain = world.start(&[]);
    assert!(!symbols(&plain, &mail(2, 1)).contains("MP_FP"));
    let address = free_address();
    let mut program = world.program(address, &[]);
    program.env("MAILPRINT_FINGERPRINTS_STORE", store(&world));
    program.env("MAILPRINT_FINGERPRINTS_COUNT", "off");
    let idle = Running { child: program.spawn().unwrap(), address };
    wait_for(address);
    assert!(!symbols(&idle, &mail(2, 1)).contains("MP_FP"));
    assert_eq!(word(&world, "a.eml"), "spam");
}

#[test]
fn words_and_names_on_the_command_line() {
    let world = world("fp-words");
    for (name, text) in [("a.eml", mail(3, 1)), ("b.eml", mail(4, 1)), ("h.eml", HAM.to_owned())] {
        world.write(name, &text);
    }
    assert_eq!(word(&world, "a.eml"), "none");
    let learned = done(&world, &["learn", "--class", "spam", "a.eml", "b.eml", "a.eml"]);
    assert!(learned.starts_with("3 learned as spam: 2 new, 0 ") && learned.contains("1 known"));
    let lines = done(&world, &["check", "a.eml", "h.eml"]);
    let lines: Vec<Vec<&str>> = lines.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!((lines[0][1], lines[1][1]), ("spam", "none"));
    assert!(lines[0][0].ends_with("a.eml") && lines[0][2].contains("text-exact 1"), "{lines:?}");
    // Taught otherwise, it is that alone.
    let learned = done(&world, &["learn", "--class", "ham", "a.eml"]);
    assert!(learned.contains("1 that had been something else"), "{learned}");
    assert_eq!(word(&world, "a.eml"), "none");
    done(&world, &["learn", "--class", "spam", "a.eml"]);
    let shown = done(&world, &["show", "a.eml"]);
    let line = shown.lines().find(|line| line.contains("text-exact:")).unwrap();
    assert!(line.contains("spam 1, first 20") && line.contains("counts 100"), "{line}");
    let id = line.split_whitespace().next().unwrap();
    assert!(done(&world, &["delist", id]).contains("struck from all lists"));
    assert!(done(&world, &["show", "a.eml"]).contains("does not count: struck"));
    assert!(done(&world, &["delist", "--undo", id]).contains("put back"));
    assert_eq!(stat(&world, "lessons.spam"), 2);
}

#[test]
fn what_older_networks_would_say_is_shown_without_a_store() {
    let world = world("fp-compat");
    world.write("a.eml", &mail(12, 1));
    let text = done(&world, &["show", "--compat", "a.eml"]);
    let has = |name: &str| text.lines().any(|line| line.trim().starts_with(name));
    assert!(has("razor-e4 ") && has("pyzor "), "{text}");
    assert!(!store(&world).exists());
}

#[test]
fn explain_shows_the_evidence_and_parts_that_add_up() {
    let world = world("fp-explain");
    world.write("a.eml", &mail(10, 1));
    // Half of another campaign's text, so that it is a suspicion and not more.
    let other = mail(11, 1).replace("today", "now");
    world.write("part.eml", &format!("{}{}", &other[..other.len() / 2], "and nothing else at all"));
    world.write("b.eml", &mail(11, 2));
    done(&world, &["learn", "--class", "phish", "a.eml", "b.eml"]);
    let explain = |file: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailprint"));
        command.args(["explain", "-L", "--config"]).arg(world.at("mailprint.yaml"));
        command.arg("-C").arg(world.at("rules")).arg("--siteconfigpath").arg(world.at("site"));
        let output = command
            .args(["--cf", "score_group TRY 6 MP_FP_PHISH HI"])
            .arg(world.at(file))
            .env("MAILPRINT_FINGERPRINTS_STORE", store(&world))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let adds_up = |text: &str| {
        let number =
            |line: &str| line.get(..8).and_then(|number| number.trim().parse::<f64>().ok());
        let (sum, parts): (Vec<&str>, Vec<&str>) = text
            .lines()
            .filter(|line| number(line).is_some())
            .partition(|line| line.contains("in sum"));
        let total: f64 = parts.iter().filter_map(|line| number(line)).sum();
        assert!((total - number(sum[0]).unwrap()).abs() < 0.0005, "{text}");
    };
    let text = explain("a.eml");
    assert!(text.contains("MP_FP_PHISH") && text.contains("> phish "), "{text}");
    assert!(text.contains("group TRY: 6.000 of its 6.500 count"), "{text}");
    adds_up(&text);
    let text = explain("part.eml");
    adds_up(&text);
    // A server that has the store open is asked.
    let server = server(&world, &[]);
    let text = explain("a.eml");
    assert!(text.contains("MP_FP_PHISH") && text.contains("> phish "), "{text}");
    drop(server);
}

#[test]
fn exempt_is_who_signs_and_nobody_else() {
    let world = world("fp-exempt");
    world.write("genuine.eml", HAM);
    world.write("clone.eml", &HAM.replace("ham1", "clone"));
    done(&world, &["learn", "--class", "phish", "clone.eml"]);
    done(&world, &["learn", "--class", "ham", "--signer", "Friends.example", "genuine.eml"]);
    let word = |words: &[&str]| {
        let line = done(&world, &[&["check"], words, &["genuine.eml"]].concat());
        line.split('\t').nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!(word(&["--signer", "friends.example"]), "exempt");
    assert_eq!(word(&["--signer", "other.example"]), "spam");
    // Who has signed was not checked: it counts half.
    let unchecked = done(&world, &["show", "genuine.eml"]);
    assert!(unchecked.contains("half, as nobody checked who signed"), "{unchecked}");
    // A wanted message that nobody has signed exempts everybody.
    world.write("plain.eml", &HAM.replace("ham1", "plain"));
    done(&world, &["learn", "--class", "ham", "plain.eml"]);
    assert_eq!(word(&["--signer", "other.example"]), "exempt");
}

#[test]
fn texts_without_headers_are_learned_and_known() {
    let world = world("fp-text");
    let text = "Your parcel waits, pay the customs fee of 2.99 within 24 hours at \
                https://parcel-fee.com/track or it is returned to its sender for good.";
    world.write("a.txt", text);
    world.write("b.txt", &text.replace(", ", " ,  ").replace("Your", "YOUR"));
    done(&world, &["learn", "--text", "--class", "phish", "a.txt"]);
    let line = done(&world, &["check", "--text", "b.txt"]);
    assert_eq!(line.split('\t').nth(1), Some("spam"), "{line}");
}

#[test]
fn a_store_goes_from_machine_to_machine() {
    let world = world("fp-export");
    world.write("a.eml", &mail(5, 1));
    world.write("h.eml", HAM);
    done(&world, &["learn", "--class", "malware", "a.eml"]);
    done(&world, &["learn", "--class", "ham", "h.eml"]);
    let id = "contact:000102030405060708090a0b0c0d0e0f";
    done(&world, &["delist", id]);
    done(&world, &["export", "all.txt"]);
    let text = world.read("all.txt");
    assert!(text.ends_with("end 3\n") && !text.contains("grandmother"), "{text}");
    fs::remove_dir_all(store(&world)).unwrap();
    assert!(done(&world, &["import", "all.txt"]).contains("2 lessons learned"));
    assert!(done(&world, &["import", "all.txt"]).contains("0 lessons learned"));
    assert_eq!(word(&world, "a.eml"), "spam");
    assert_eq!((stat(&world, "delisted"), stat(&world, "lessons.ham")), (1, 1));
    assert!(done(&world, &["forget", "a.eml"]).contains("1 lessons"));
    // Torn, cut or foreign files teach nothing at all.
    let lines: Vec<&str> = text.lines().collect();
    let cases = [
        (lines[..3].join("\n") + "\n", "torn"),
        (text[..text.len() - 20].to_owned(), "torn"),
        (text.replace("end 3", "end 2"), "its end is not"),
        ("From: a\n".to_owned(), "no export"),
        (text.replace("fingerprints 1", "fingerprints 9"), "another version"),
        (text.replacen("\"malware\"", "\"soup\"", 1), "line "),
    ];
    for (broken, why) in cases {
        world.write("broken.txt", &broken);
        let output = fp(&world, &["import", "broken.txt"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(65), "{told}");
        assert!(told.contains(why), "{told}");
    }
    assert_eq!(stat(&world, "lessons.malware"), 0);
}

#[test]
fn what_is_wrong_is_told_with_a_status() {
    let world = world("fp-wrong");
    world.write("a.eml", HAM);
    let status = |words: &[&str]| fp(&world, words).status.code().unwrap();
    assert_eq!(status(&["learn", "a.eml"]), 64, "no class");
    assert_eq!(status(&["learn", "--class", "soup", "a.eml"]), 64);
    assert_eq!(status(&["learn", "--class", "spam", "--signer", "x", "a.eml"]), 64);
    assert_eq!(status(&["check", "missing.eml"]), 66);
    assert_eq!(status(&["delist", "text-exact:12"]), 64);
    assert_eq!(status(&["import", "missing.txt"]), 66);
    let path = store(&world).join("lessons.redb");
    fs::write(&path, "something else\n").unwrap();
    assert_eq!(status(&["check", "a.eml"]), 78);
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailprint"));
    command.args(["fp", "stats", "--config"]).arg(world.at("mailprint.yaml"));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--store"));
}

#[test]
fn a_second_server_is_told_and_a_dead_ones_socket_is_no_hindrance() {
    let world = world("fp-two");
    world.write("a.eml", &mail(6, 1));
    let mut first = server(&world, &[]);
    let mut second = world.program(free_address(), &["-s", "stderr"]);
    second.env("MAILPRINT_FINGERPRINTS_STORE", store(&world));
    let output = second.output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("another process has this store open"), "{told}");
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    assert!(store(&world).join("lessons.sock").exists());
    done(&world, &["learn", "--class", "spam", "a.eml"]);
    let third = server(&world, &[]);
    assert!(symbols(&third, &mail(6, 2)).contains("MP_FP_SPAM"));
}

#[test]
fn limit_lesson_connections_and_lesson_milliseconds() {
    let world = world("fp-hostile");
    world.write("a.eml", &mail(7, 1));
    let address = free_address();
    let mut program = world.program(address, &[]);
    program.env("MAILPRINT_FINGERPRINTS_STORE", store(&world));
    program.env("MAILPRINT_LIMITS_LESSON_CONNECTIONS", "2");
    program.env("MAILPRINT_LIMITS_LESSON_MILLISECONDS", "1500");
    let server = Running { child: program.spawn().unwrap(), address };
    wait_for(address);
    let socket = store(&world).join("lessons.sock");
    let connect = || {
        let stream = UnixStream::connect(&socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    };
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&socket).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o660);
    // What is no request ends the connection, and one that promises too much, and one that
    // breaks off.
    for bytes in [&b"GET / HTTP/1.0\r\n\r\n"[..], &[1, 0, 0, 0, 99], &[9, 0, 0, 0, 1, 255], &[1]] {
        let mut stream = connect();
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    // Two are served, a third is closed; who says nothing is closed after a while.
    let (mut first, second, mut third) = (connect(), connect(), connect());
    assert_eq!(third.read(&mut [0; 1]).unwrap_or(0), 0);
    assert_eq!(first.read(&mut [0; 1]).unwrap(), 0);
    drop(second);
    done(&world, &["learn", "--class", "spam", "a.eml"]);
    assert!(symbols(&server, &mail(7, 2)).contains("MP_FP_SPAM"));
}

/// The real client, if it is there.
fn spamc() -> Option<PathBuf> {
    let path = PathBuf::from("/usr/bin/spamc");
    if !path.exists() {
        println!("skipped: there is no {}", path.display());
    }
    path.exists().then_some(path)
}

/// Its exit status and what it printed.
fn run_spamc(server: &Running, words: &[&str], mail: &str) -> (i32, String) {
    let address = server.address;
    let mut command = Command::new("/usr/bin/spamc");
    command.args(["-x", "-d", "127.0.0.1", "-p", &address.port().to_string()]).args(words);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(mail.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn the_real_spamc_teaches_and_takes_back() {
    if spamc().is_none() {
        return;
    }
    let world = world("fp-spamc");
    let server = server(&world, &["--allow-tell"]);
    let (spam, copy) = (mail(8, 1), mail(8, 2));
    let say = |words: &[&str], mail: &str| run_spamc(&server, words, mail);
    let learns = |words: &[&str], mail: &str| {
        let (status, told) = say(words, mail);
        assert_eq!(status, 0, "{told}");
        told.trim().to_owned()
    };
    let (learned, already) = ("Message successfully un/learned", "Message was already un/learned");
    assert_eq!(learns(&["-L", "spam", "-u", "ann"], &spam), learned);
    assert!(symbols(&server, &copy).contains("MP_FP_SPAM"), "{}", symbols(&server, &copy));
    assert_eq!(learns(&["-L", "spam", "-u", "ann"], &spam), already);
    // Another user is another voice, and takes back no other's.
    assert_eq!(learns(&["-L", "forget", "-u", "bob"], &spam), already);
    assert_eq!(learns(&["-L", "forget", "-u", "ann"], &spam), learned);
    assert!(!symbols(&server, &copy).contains("MP_FP"));
    assert_eq!(learns(&["-L", "ham", "-u", "ann"], HAM), learned);
    assert_eq!(stat(&world, "lessons.ham"), 1);
    let (status, told) = say(&["-C", "report", "-u", "ann"], &spam);
    assert!(told.contains("successfully"), "{status} {told}");
    assert!(symbols(&server, &copy).contains("MP_FP_SPAM"));
    let (status, told) = say(&["-C", "revoke", "-u", "ann"], &spam);
    assert!(told.contains("successfully"), "{status} {told}");
    assert!(!symbols(&server, &copy).contains("MP_FP_SPAM"));
    // A rewritten copy of a message is that message.
    let marked = say(&["-u", "ann"], &spam).1;
    assert!(marked.contains("X-Spam-Checker-Version"));
    assert_eq!(learns(&["-L", "forget", "-u", "ann"], &marked), learned);
}

#[test]
fn tell_says_what_it_did_and_nothing_without_a_store() {
    let world = world("fp-tell");
    let mail = mail(9, 1);
    let tell = |server: &Running, headers: &str| {
        let length = mail.len();
        let request = format!("TELL SPAMC/1.5\r\n{headers}Content-length: {length}\r\n\r\n{mail}");
        ask(server.address, request.as_bytes())
    };
    let plain = world.start(&["--allow-tell"]);
    let set = "Message-class: spam\r\nSet: local\r\nUser: ann\r\n";
    assert_eq!(tell(&plain, set), "SPAMD/1.1 0 EX_OK\r\n\r\n\r\n");
    let server = server(&world, &["--allow-tell"]);
    assert_eq!(tell(&server, set), "SPAMD/1.1 0 EX_OK\r\nDidSet: local\r\n\r\n\r\n");
    assert_eq!(tell(&server, set), "SPAMD/1.1 0 EX_OK\r\n\r\n\r\n");
    let remove = "Remove: local\r\nUser: ann\r\n";
    assert_eq!(tell(&server, remove), "SPAMD/1.1 0 EX_OK\r\nDidRemove: local\r\n\r\n\r\n");
    let both = "Message-class: spam\r\nSet: local, remote\r\nUser: ann\r\n";
    assert_eq!(tell(&server, both), "SPAMD/1.1 0 EX_OK\r\nDidSet: local,remote\r\n\r\n\r\n");
}

#[test]
fn no_lesson_that_was_acknowledged_is_lost_when_the_server_is_killed() {
    let world = world("fp-kill-server");
    let rounds = times(6, 40);
    let mut taught = Vec::new();
    for round in 0..rounds {
        let mut server = server(&world, &["--allow-tell"]);
        for copy in 0..4 {
            let campaign = 100 + round * 4 + copy;
            let mail = mail(campaign, 1);
            let length = mail.len();
            let request = format!(
                "TELL SPAMC/1.5\r\nMessage-class: spam\r\nSet: local\r\nUser: a\r\n\
                 Content-length: {length}\r\n\r\n{mail}"
            );
            assert!(ask(server.address, request.as_bytes()).contains("DidSet: local"));
            taught.push(campaign);
        }
        server.child.kill().unwrap();
        server.child.wait().unwrap();
    }
    assert_eq!(stat(&world, "lessons.spam"), taught.len() as u64);
    let server = server(&world, &[]);
    for campaign in taught {
        assert!(symbols(&server, &mail(campaign, 2)).contains("MP_FP_SPAM"), "{campaign}");
    }
}

/// How often, in the quick form and in the full one (`SOAK_FULL`).
fn times(quick: usize, full: usize) -> usize {
    if std::env::var_os("SOAK_FULL").is_some() { full } else { quick }
}

#[test]
fn commands_that_are_killed_leave_whole_stores_and_files() {
    let world = world("fp-kill");
    fs::create_dir(world.at("mails")).unwrap();
    for campaign in 0..600 {
        world.write(&format!("mails/{campaign}.eml"), &mail(campaign, 1));
    }
    let killed = |words: &[&str], after: u64| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailprint"));
        command.arg("fp").arg(words[0]).arg("--store").arg(store(&world)).arg("--config");
        command.arg(world.at("mailprint.yaml")).args(&words[1..]).current_dir(&world.0);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(after));
        let _ = child.kill();
        child.wait().unwrap();
    };
    let mut before = 0;
    for round in 0..times(8, 60) as u64 {
        killed(&["learn", "--class", "spam", "mails"], 20 + round * 37 % 400);
        let now = stat(&world, "lessons.spam");
        assert!(now >= before, "{now} lessons after {before}");
        before = now;
    }
    done(&world, &["learn", "--class", "spam", "mails"]);
    assert_eq!(stat(&world, "lessons.spam"), 600);
    for round in 0..times(4, 30) as u64 {
        killed(&["export", "out.txt"], 10 + round * 23 % 200);
        assert!(!world.at("out.txt").exists() || world.read("out.txt").ends_with("end 600\n"));
    }
    done(&world, &["export", "out.txt"]);
    fs::remove_dir_all(store(&world)).unwrap();
    for round in 0..times(4, 30) as u64 {
        killed(&["import", "out.txt"], 20 + round * 41 % 300);
        assert!(stat(&world, "lessons.spam") <= 600);
    }
    done(&world, &["import", "out.txt"]);
    assert_eq!(stat(&world, "lessons.spam"), 600);
    assert!(done(&world, &["forget", "mails"]).contains("600 lessons"));
    assert_eq!(stat(&world, "fingerprints"), 0);
}

/// A small disk that can be filled.
struct Disk(PathBuf);

impl Disk {
    fn mount(place: PathBuf, size: &str) -> Option<Disk> {
        fs::create_dir_all(&place).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size},mode=777"), "tmpfs"]).arg(&place);
        let mounted = mount.stderr(Stdio::null()).status();
        mounted.is_ok_and(|status| status.success()).then_some(Disk(place))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_told_and_the_old_state_stays() {
    let world = world("fp-full");
    let Some(disk) = Disk::mount(store(&world), "3m") else {
        println!("skipped: no file system can be mounted here");
        return;
    };
    world.write("first.eml", &mail(1, 1));
    done(&world, &["learn", "--class", "spam", "first.eml"]);
    fs::create_dir(world.at("mails")).unwrap();
    for campaign in 0..4000 {
        world.write(&format!("mails/{campaign}.eml"), &mail(1000 + campaign, 1));
    }
    let output = fp(&world, &["learn", "--class", "spam", "mails"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(73), "{told}");
    assert!(told.contains("the disk is full"), "{told}");
    // Everything that was known before is known.
    assert!(Path::new(&disk.0).exists());
    let server = server(&world, &["--allow-tell"]);
    assert!(symbols(&server, &mail(1, 2)).contains("MP_FP_SPAM"));
    let output = fp(&world, &["learn", "--class", "spam", "mails"]);
    assert_eq!(output.status.code(), Some(73));
    assert!(symbols(&server, &mail(1, 2)).contains("MP_FP_SPAM"));
    assert_eq!(word(&world, "first.eml"), "spam");
}

#[test]
fn a_store_that_root_has_made_in_a_closed_place_is_the_servers() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root becomes somebody else");
        return;
    }
    let world = world("fp-closed");
    world.write("a.eml", &mail(9, 3));
    fs::create_dir(world.at("closed")).unwrap();
    world::open_to_all(&world.at("closed"), 0o700);
    let folder = world.at("closed/store");
    let fp = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailprint"));
        command.args(["fp", words[0], "--store"]).arg(&folder).arg("--config");
        command.arg(world.at("mailprint.yaml")).args(&words[1..]).current_dir(&world.0);
        assert!(command.status().unwrap().success(), "{words:?}");
    };
    fp(&["learn", "--class", "spam", "a.eml"]);
    let address = free_address();
    let mut program = world.program(address, &["--allow-tell"]);
    program.env("MAILPRINT_FINGERPRINTS_STORE", &folder);
    let server = Running { child: program.spawn().unwrap(), address };
    wait_for(address);
    assert!(symbols(&server, &mail(9, 4)).contains("MP_FP_SPAM"));
    fp(&["forget", "a.eml"]);
    assert!(!symbols(&server, &mail(9, 4)).contains("MP_FP"));
    server.end();
    // Root teaches without the server, which goes on with what root has written.
    fp(&["learn", "--class", "phish", "a.eml"]);
    let mut program = world.program(address, &[]);
    program.env("MAILPRINT_FINGERPRINTS_STORE", &folder);
    let server = Running { child: program.spawn().unwrap(), address };
    wait_for(address);
    assert!(symbols(&server, &mail(9, 4)).contains("MP_FP_PHISH"));
}

#[test]
fn thousands_are_learned_at_once() {
    let world = world("fp-many");
    fs::create_dir(world.at("mails")).unwrap();
    for campaign in 0..2000 {
        world.write(&format!("mails/{campaign}.eml"), &mail(campaign, 1));
    }
    let since = Tick::now();
    done(&world, &["learn", "--class", "spam", "mails"]);
    println!("2000 messages learned in {:.1} s", since.elapsed().as_secs_f64());
    assert_eq!(stat(&world, "lessons.spam"), 2000);
}
