//! Debian's `spamc` with each of its options, byte for byte before both servers.

use super::harness::*;
use super::scanner::*;
use std::process::Command;

/// Each way to use it that asks the server something: what it prints, and its exit code.
const OPTIONS: &[&[&str]] = &[
    &[],
    &["-c"],
    &["-y"],
    &["-r"],
    &["-R"],
    &["--headers"],
    &["-E"],
    &["-x"],
    &["-x", "-E"],
    &["-x", "-X"],
    &["-E", "-R"],
    &["-E", "-y"],
    &["-E", "--headers"],
    &["-l"],
    &["-l", "-c"],
    &["-f"],
    &["-H"],
    &["-4"],
    &["-u", "someone"],
    &["-u", "someone@example.org"],
    &["-t", "30"],
    &["-n", "30"],
    &["-t", "0"],
    &["--connect-retries", "1", "--retry-sleep", "1"],
    &["--filter-retries", "2", "--filter-retry-sleep", "1"],
    &["-s", "200"],
    &["-s", "200", "-c"],
    &["-s", "200", "-y"],
    &["-s", "200", "-R"],
    &["-s", "200", "-E"],
    &["-s", "200", "-x"],
    &["-s", "1000000"],
    &["-K"],
    &["-L", "spam"],
    &["-L", "ham"],
    &["-L", "forget"],
    &["-L", "spam", "-l"],
    &["-C", "report"],
    &["-C", "revoke"],
    &["-C", "report", "-l"],
    &["-z"],
    &["-e", "cat"],
    &["-e", "sh", "-c", "sed -n 1,3p; exit 3"],
    &["-x", "-e", "tr", "a-z", "A-Z"],
    &["-d", "127.0.0.2,127.0.0.1"],
];

/// The messages of all clients, and what stresses the shape of a request.
fn messages() -> Vec<(&'static str, Vec<u8>)> {
    let crlf = |mail: Vec<u8>| text(&mail).replace('\n', "\r\n").into_bytes();
    vec![
        ("ham", ham()),
        ("marked", marked()),
        ("spam", spam()),
        ("ham with CRLF", crlf(ham())),
        ("spam with CRLF", crlf(spam())),
        ("no line end", b"From: a@example.com\nSubject: offer\n\nno line end".to_vec()),
        ("no body", b"From: a@example.com\nSubject: offer\n\n".to_vec()),
        ("no header", b"\nsix-point-marks\n".to_vec()),
        ("no blank line", b"From: a@example.com\nSubject: offer\n".to_vec()),
        ("own marks", b"X-Spam-Flag: YES\nX-Spam-Other: kept?\nSubject: x\n\nbody\n".to_vec()),
        ("mbox line", [b"From ann@example.com Sun Nov 22 12:00:00 2026\n".as_slice(), &spam()].concat()),
        ("NUL", b"Subject: a\0b\n\na\0b six-point-marks\n".to_vec()),
        ("8-bit", b"Subject: \xe9t\xe9\nContent-Type: text/plain; charset=iso-8859-1\n\n\xe9t\xe9 six-point-marks\n".to_vec()),
        ("nothing", Vec::new()),
    ]
}

/// `spamc` that reads no configuration of the machine.
pub fn spamc(scratch: &Scratch) -> Command {
    let mut command = Command::new(installed("spamc").unwrap());
    command.arg("-F").arg(scratch.write("spamc.conf", ""));
    command
}

fn at(scanner: &Scanner, scratch: &Scratch, options: &[&str]) -> Command {
    let mut command = spamc(scratch);
    command.args(["-d", "127.0.0.1", "-p", &scanner.port.to_string()]).args(options);
    command
}

#[test]
fn every_option_does_what_it_does_before_spamd() {
    let Some(()) = all_installed(&["spamc"]) else { return };
    let scratch = Scratch::new("spamc");
    let scanners: Vec<Scanner> = both().into_iter().map(Scanner::start).collect();
    let mut compared = 0;
    let mut differing = Vec::new();
    for options in OPTIONS {
        for (name, mail) in messages() {
            let outcomes: Vec<Outcome> = scanners
                .iter()
                .map(|scanner| run(&mut at(scanner, &scratch, options), &mail))
                .map(|outcome| Outcome { out: masked(&outcome.out), ..outcome })
                .collect();
            let [ours, theirs] = outcomes.as_slice() else { continue };
            compared += 1;
            if ours != theirs {
                differing.push(format!(
                    "spamc {options:?}, {name}:\n{}but spamd:\n{}",
                    shown(ours),
                    shown(theirs)
                ));
            }
        }
    }
    println!("compared {compared} runs of spamc");
    assert!(
        differing.is_empty(),
        "{} of {compared} differ\n{}",
        differing.len(),
        differing.join("\n")
    );
}

fn shown(outcome: &Outcome) -> String {
    format!("{:?}\n{}\n{}\n", outcome.code, text(&outcome.out), text(&outcome.err))
}

/// What an option prints and ends with, for ham and for spam.
#[test]
fn options_print_and_end_as_documented() {
    let Some(()) = all_installed(&["spamc"]) else { return };
    let scratch = Scratch::new("spamc");
    let scanner = Scanner::start(Kind::Mailprint);
    let ask = |options: &[&str], mail: Vec<u8>| run(&mut at(&scanner, &scratch, options), &mail);
    for (options, mail, code, out) in [
        (["-c"].as_slice(), ham(), 0, "0.0/5.0\n"),
        (&["-c"], marked(), 1, "6.5/5.0\n"),
        (&["-c"], spam(), 1, "1001.9/5.0\n"),
        (&["-y"], ham(), 0, ""),
        (&["-y"], spam(), 0, "FROM_NEWS,GTUBE,SUBJECT_OFFER"),
        (&["-r"], ham(), 0, ""),
        (&["-K"], ham(), 0, "SPAMD/1.5 0\n"),
    ] {
        let outcome = ask(options, mail);
        assert_eq!((outcome.code, text(&outcome.out).as_str()), (Some(code), out), "{options:?}");
    }
    let full = text(&ask(&["-R"], spam()).out);
    assert!(full.starts_with("1001.9/5.0\nScanned by mx.example.org"), "{full}");
    assert!(full.contains("\n1000 GTUBE                  BODY: Holds the test string"), "{full}");
}

/// With SpamAssassin's own rules, too.
#[test]
fn the_stock_rules_know_the_test_string() {
    let Some(()) = all_installed(&["spamc", "spamassassin"]) else { return };
    let scratch = Scratch::new("spamc");
    let scanner = Scanner::stock(Kind::Mailprint);
    let tests = |mail: Vec<u8>| text(&run(&mut at(&scanner, &scratch, &["-y"]), &mail).out);
    assert!(tests(spam()).split(',').any(|name| name == "GTUBE"), "{}", tests(spam()));
    assert!(!tests(ham()).split(',').any(|name| name == "GTUBE"), "{}", tests(ham()));
}

/// A message at the limit is scanned; one over it passes as it is.
#[test]
fn large_mail_passes_as_it_is() {
    let Some(()) = all_installed(&["spamc"]) else { return };
    let scratch = Scratch::new("spamc");
    let scanner = Scanner::start(Kind::Mailprint);
    let size = spam().len().to_string();
    let less = (spam().len() - 1).to_string();
    let ask = |options: &[&str]| run(&mut at(&scanner, &scratch, options), &spam());
    assert_eq!(text(&ask(&["-c", "-s", &size]).out), "1001.9/5.0\n");
    assert_eq!(text(&ask(&["-c", "-s", &less]).out), "0/0\n");
    assert_eq!(text(&ask(&["-s", &less]).out), text(&spam()));
}

#[test]
fn unix_sockets_and_configuration_files_lead_to_the_server() {
    let Some(()) = all_installed(&["spamc"]) else { return };
    let scratch = Scratch::new("spamc");
    let scanner = Scanner::start(Kind::Mailprint);
    let mut by_socket = spamc(&scratch);
    by_socket.arg("-U").arg(&scanner.socket).arg("-c");
    let outcome = run(&mut by_socket, &spam());
    assert_eq!((outcome.code, text(&outcome.out)), (Some(1), "1001.9/5.0\n".into()));
    let conf = contrib("spamc/spamc.conf", &[("-p 783", &format!("-p {}", scanner.port))]);
    let conf = scratch.write("own.conf", conf);
    let mut by_file = Command::new(installed("spamc").unwrap());
    let outcome = run(by_file.arg("-F").arg(conf).arg("-c"), &spam());
    assert_eq!((outcome.code, text(&outcome.out)), (Some(1), "1001.9/5.0\n".into()));
}

/// While nobody listens, mail passes unless spamc is told to fail.
#[test]
fn mail_passes_while_there_is_no_server() {
    let Some(()) = all_installed(&["spamc"]) else { return };
    let scratch = Scratch::new("spamc");
    for (options, code, out) in [
        ([].as_slice(), 0, text(&ham())),
        (&["-x"], 69, String::new()),
        (&["-x", "-X"], 75, String::new()),
        (&["-c"], 0, "0/0\n".to_owned()),
        (&["-y"], 0, "\n".to_owned()),
        (&["-E"], 0, text(&ham())),
    ] {
        let mut command = spamc(&scratch);
        command.args(["--connect-retries", "1", "-d", "127.0.0.1", "-p", "1"]).args(options);
        let outcome = run(&mut command, &ham());
        assert_eq!((outcome.code, text(&outcome.out)), (Some(code), out), "{options:?}");
    }
}

/// A message in a BSMTP session comes back in one, with its dots.
#[test]
fn bsmtp_sessions_keep_their_shape() {
    let Some(()) = all_installed(&["spamc"]) else { return };
    let scratch = Scratch::new("spamc");
    let dotted = text(&spam()).replace("\n.", "\n..").replace('\n', "\r\n");
    let session = format!(
        "HELO here\r\nMAIL FROM:<ann@example.com>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n{dotted}.\r\nQUIT\r\n"
    );
    compare(|kind| {
        let scanner = Scanner::start(kind);
        let outcome = run(&mut at(&scanner, &scratch, &["-B"]), session.as_bytes());
        let out = text(&outcome.out);
        assert!(out.starts_with("HELO here\r\nMAIL FROM:<ann@example.com>\r\n"), "{out}");
        assert!(out.contains("\r\n...two dots\r\n"), "{out}");
        assert!(out.ends_with("\r\n.\r\nQUIT\r\n"), "{out}");
        vec![outcome.out]
    });
}

/// Lessons and reports: `spamc` says whether the server took them.
#[test]
fn lessons_are_answered_as_by_spamd() {
    let Some(()) = all_installed(&["spamc"]) else { return };
    let scratch = Scratch::new("spamc");
    compare(|kind| {
        let scanner = Scanner::with(kind, free_port(), &["--allow-tell"]);
        let mut said = Vec::new();
        for lesson in ["-L spam", "-L ham", "-L forget", "-C report", "-C revoke"] {
            let options: Vec<&str> = lesson.split(' ').collect();
            for mail in [ham(), spam()] {
                let outcome = run(&mut at(&scanner, &scratch, &options), &mail);
                said.push(format!("{lesson}: {}", shown(&outcome)).into_bytes());
            }
        }
        said
    });
}

/// Key and certificate of a CA of this test, or of somebody that it vouches for.
fn certificate(scratch: &Scratch, name: &str, signed_by: Option<&str>) -> (String, String) {
    let path = |name: &str, suffix: &str| format!("{}/{name}.{suffix}", scratch.path().display());
    let (key, certificate) = (path(name, "key"), path(name, "pem"));
    let mut openssl = Command::new("openssl");
    openssl
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-days", "2", "-keyout", &key, "-out", &certificate])
        .args(["-subj", &format!("/CN={name}")]);
    if let Some(ca) = signed_by {
        openssl
            .args(["-CA", &path(ca, "pem"), "-CAkey", &path(ca, "key")])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]);
    }
    must(&mut openssl);
    // spamd reads it when it is root no more.
    must(Command::new("chmod").args(["644", &key]));
    (key, certificate)
}

/// TLS, with certificates that the other side knows or not. Debian's spamd is not asked: it ends
/// TLS without saying so, which OpenSSL 3 takes for a cut connection, and spamc fails with 74.
#[test]
fn tls_leads_to_the_server() {
    let Some(()) = all_installed(&["spamc", "openssl"]) else { return };
    let scratch = Scratch::new("spamc");
    let (_, ca) = certificate(&scratch, "ca", None);
    let (_, other_ca) = certificate(&scratch, "other-ca", None);
    let (key, pem) = certificate(&scratch, "server", Some("ca"));
    let (own_key, own) = certificate(&scratch, "client", Some("ca"));
    let (foreign_key, foreign) = certificate(&scratch, "foreign", Some("other-ca"));
    let tls = ["--ssl", "--server-key", &key, "--server-cert", &pem];
    let open = Scanner::with(Kind::Mailprint, free_port(), &tls);
    let verify = ["--ssl-verify", "--ssl-ca-file", &ca];
    let strict = Scanner::with(Kind::Mailprint, free_port(), &[tls.as_slice(), &verify].concat());
    for (scanner, options, scanned) in [
        (&open, ["-S"].as_slice(), true),
        (&open, &["-S", "--ssl-ca-file", &ca], true),
        (&open, &["-S", "--ssl-ca-file", &other_ca], false),
        (&open, &[], false),
        (&strict, &["-S", "--ssl-cert", &own, "--ssl-key", &own_key], true),
        (&strict, &["-S", "--ssl-cert", &foreign, "--ssl-key", &foreign_key], false),
        (&strict, &["-S"], false),
    ] {
        let mut command = spamc(&scratch);
        command.args(["-d", "localhost", "-4", "-p", &scanner.port.to_string(), "-c"]);
        let outcome = run(command.args(options), &spam());
        let expected = if scanned { (Some(1), "1001.9/5.0\n") } else { (Some(0), "0/0\n") };
        let said = text(&outcome.out);
        assert_eq!((outcome.code, said.as_str()), expected, "{options:?}: {}", shown(&outcome));
    }
}

/// SpamAssassin's check for monitoring asks and times a PING.
#[test]
fn sa_check_spamd_says_that_all_is_well() {
    let Some(()) = all_installed(&["sa-check_spamd"]) else { return };
    let mut times = Vec::new();
    for kind in both() {
        let scanner = Scanner::start(kind);
        let mut check = Command::new("sa-check_spamd");
        check.args(["-H", "127.0.0.1", "-p", &scanner.port.to_string(), "-c", "10", "-w", "5"]);
        let outcome = run(&mut check, b"");
        assert_eq!(outcome.code, Some(0), "{}", shown(&outcome));
        times.push(text(&outcome.out).split(':').next().unwrap().to_owned());
    }
    times.dedup();
    assert_eq!(times.len(), 1, "{times:?}");
}
