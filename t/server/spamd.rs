//! Byte for byte beside Debian's spamd, which gets the stand-in's rules in its language.

use super::harness::*;
use mailprint::limits::Limits;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The real spamd on a port of its own.
pub struct Spamd {
    child: Child,
    pub address: SocketAddr,
    directory: Option<PathBuf>,
}

impl Spamd {
    /// With the rules of the harness.
    fn start() -> Option<Spamd> {
        let directory =
            std::env::temp_dir().join(format!("mailprint-spamd-{}", std::process::id()));
        let (rules, site) = (directory.join("rules"), directory.join("site"));
        std::fs::create_dir_all(&rules).unwrap();
        std::fs::create_dir_all(&site).unwrap();
        std::fs::write(rules.join("10_marks.cf"), rules_file()).unwrap();
        let check = "loadplugin Mail::SpamAssassin::Plugin::Check\n";
        std::fs::write(site.join("a.pre"), check).unwrap();
        let mut spamd = Spamd::with_rules(&rules, &site, &[])?;
        spamd.directory = Some(directory);
        Some(spamd)
    }

    /// With the rules of a folder and some lines more; `None` where it is not installed.
    pub fn with_rules(rules: &Path, site: &Path, lines: &[&str]) -> Option<Spamd> {
        if Command::new("spamd").arg("-V").stdout(Stdio::null()).status().is_err() {
            println!("skipped: spamd is not installed");
            return None;
        }
        let (child, address) = start_server(Command::new("spamd"), rules, site, lines);
        Some(Spamd { child, address, directory: None })
    }
}

/// Starts spamd, or what takes its options, on a port of its own and waits until it answers.
pub fn start_server(
    mut command: Command,
    rules: &Path,
    site: &Path,
    lines: &[&str],
) -> (Child, SocketAddr) {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    command
        .args(["-L", "-x", "-m", "2", "-s", "null", "-i", "127.0.0.1"])
        .args(["-p", &address.port().to_string()])
        .arg("-C")
        .arg(rules)
        .arg("--siteconfigpath")
        .arg(site)
        .args(lines.iter().map(|line| format!("--cf={line}")))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let child = command.spawn().unwrap();
    wait_for(address);
    (child, address)
}

/// Waits until the server at `address` answers PING.
fn wait_for(address: SocketAddr) {
    until(Duration::from_secs(60), || {
        std::net::TcpStream::connect(address).is_ok()
            && ask(address, b"PING SPAMC/1.2\r\n") == b"SPAMD/1.5 0 PONG\r\n"
    });
}

impl Drop for Spamd {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(self.child.id() as i32);
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.child.wait();
        if let Some(directory) = &self.directory {
            let _ = std::fs::remove_dir_all(directory);
        }
    }
}

/// The harness's rules as a .cf file. Priorities keep the order of the hits, which is
/// otherwise that of a hash.
fn rules_file() -> String {
    let mut text = String::from(
        "util_rb_tld com\nrequired_score 5\nuse_bayes 0\nreport_hostname mx.example.org\n\
         report_contact the postmaster\nclear_report_template\n",
    );
    for line in TEMPLATE.lines() {
        text.push_str(&format!("report {line}\n"));
    }
    for (priority, (name, place, mark, score, multiple, _, description)) in RULES.iter().enumerate()
    {
        let test = match *place {
            "header" => format!("header {name} ALL =~ /{mark}/"),
            other => format!("{other} {name} /{mark}/"),
        };
        text.push_str(&format!("{test}\nscore {name} {score}\npriority {name} {}\n", priority + 1));
        if *multiple {
            text.push_str(&format!("tflags {name} multiple\n"));
        }
        if !description.is_empty() {
            text.push_str(&format!("describe {name} {description}\n"));
        }
    }
    text
}

const MESSAGES: &[&str] = &[
    "From: a@example.com\nSubject: nothing\n\nNothing to see here.\n",
    "From: a@example.com\nSubject: almost\n\nThis has alpha-mark and delta-mark in it.\n",
    "From: a@example.com\nSubject: gamma-mark\n\nbeta-mark here and beta-mark there.\n\nSecond \
     paragraph with alpha-mark.\n\nThird one, omega-mark.\n\nFourth.\n",
    "From: a@example.com\r\nSubject: crlf\r\n\r\nalpha-mark ends lines as mail does.\r\n",
    "Subject: long\n\nA line with more than two hundred bytes goes on and on and on and on and \
     on and on and on and on and on and on and on and on and on and on and on and on and on and \
     on and on and on and on and on until its end.\n\n__________ a drawn line, and\n\n\
     -----Original Message----- what comes behind\n",
];

const VERSIONS: &[&str] =
    &["1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "2.0", "1.29", "1.5 x", "", "abc", ".9", "1.2.9"];

/// All the requests: whole ones in every shape, and broken ones.
fn requests() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    for version in VERSIONS {
        for verb in ["CHECK", "SYMBOLS", "REPORT", "REPORT_IFSPAM", "XXCHECK", "PING CHECK"] {
            for message in MESSAGES {
                let with_headers = !matches!(*version, "1.0" | "" | "abc" | ".9");
                let length = message.len();
                let head = match (with_headers, verb) {
                    (true, "SYMBOLS") => format!("User: me\r\nContent-length: {length}\r\n\r\n"),
                    (true, "REPORT") => "\r\n".to_owned(),
                    (true, _) => format!("Content-length: {length}\r\n\r\n"),
                    (false, _) => String::new(),
                };
                all.push(format!("{verb} SPAMC/{version}\r\n{head}{message}").into_bytes());
            }
        }
        all.push(format!("PING SPAMC/{version}\r\n\r\n").into_bytes());
        all.push(format!("SKIP SPAMC/{version}\r\n\r\n").into_bytes());
    }
    all.extend(BROKEN.iter().map(|request| request.as_bytes().to_vec()));
    let many = |count: usize| format!("PING SPAMC/1.5\r\n{}\r\n", "A: b\r\n".repeat(count));
    all.extend([254, 255, 256, 300].map(|count| many(count).into_bytes()));
    all.push(b"CHECK SPAMC/1.5\r\nUser: \xff\xfe\r\nContent-length: 2\r\n\r\n\n\n".to_vec());
    all.push(b"CHECK SPAMC/1.5\r\nUser: a\x07\r\n\r\n".to_vec());
    all
}

const BROKEN: &[&str] = &[
    "",
    "\r\n",
    "\n",
    "HELO there\r\n",
    "HELO \"there\" \\ friend\n",
    "check SPAMC/1.5\r\n\r\n",
    "CHECK SPAMD/1.5\r\n\r\n",
    "CHECK  SPAMC/1.5\r\n\r\n",
    "CHECK SPAMC 1.5\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "PING SPAMC/1.5",
    "PING SPAMC/1.2",
    "PING SPAMC/1.5\r\n",
    "PING SPAMC/1.5\n\n",
    "PING SPAMC/1.5\r\nUser: x\n\r\n",
    "PING SPAMC/1.5\r\nnothing\r\n\r\n",
    "PING SPAMC/1.5\r\n \r\n\r\n",
    "PING SPAMC/1.5\r\n:\r\n\r\n",
    "PING SPAMC/1.5\r\nUser:\r\n\r\n",
    "PING SPAMC/1.5\r\nContent-length: x\r\n\r\n",
    "PING SPAMC/1.5\r\nContent-length: -1\r\n\r\n",
    "PING SPAMC/1.5\r\nContent-length: 1 \r\n\r\n",
    "PING SPAMC/1.5\r\nContent-length:    1\r\n\r\n",
    "PING SPAMC/1.5\r\nContent-length: 1\n\r\n",
    "PING SPAMC/1.5\r\nCompress: gzip\r\n\r\n",
    "PING SPAMC/1.5\r\nCompress:\r\n\r\n",
    "PING SPAMC/1.5\r\nX-Unknown: \x07\r\n\r\n",
    "PING SPAMC/1.5\r\n\rUser: x\r\n\r\n",
    "PING SPAMC/1.5 CHECK SPAMC/1.0\r\nSubject: x\n\nx\n",
    "SKIP SPAMC/1.5\r\nnothing\r\n\r\n",
    "TELL SPAMC/1.5\r\nSet: local\r\n\r\n",
    "TELL SPAMC/1.0\r\n\r\n",
    "TELL SPAMC/1.5\r\nnothing\r\n\r\n",
    "CHECK SPAMC/1.5\r\n",
    "CHECK SPAMC/1.5\r\nContent-length: 3",
    "CHECK SPAMC/1.5\r\nContent-length: 10\r\n\r\nshort",
    "CHECK SPAMC/1.5\r\nContent-length: 0010\r\n\r\nshort",
    "CHECK SPAMC/1.5\r\nContent-length: 3\r\n\r\nabcdef\nmore\n",
    "CHECK SPAMC/1.5\r\nContent-length: 3\r\n\r\nabcdef",
    "CHECK SPAMC/1.5\r\nContent-length: 4\r\n\r\nabc\nmore\n",
    "CHECK SPAMC/1.5\r\nContent-length: 0\r\n\r\nabc\nmore\n",
    "CHECK SPAMC/1.5\r\nContent-length:\r\n\r\nabc\nmore\n",
    "CHECK SPAMC/1.5\r\nContent-length:\r\n\r\n",
    "CHECK SPAMC/1.5\r\nContent-length: 0\r\n\r\n",
    "CHECK SPAMC/1.5\r\nContent-length: 9\r\nContent-length: 3\r\n\r\nab\n",
    "CHECK SPAMC/1.5\r\nContent-Length: 1\r\ncontent-length: 2\r\n\r\nSubject: x\n\nalpha-mark\n",
    "CHECK SPAMC/1.5\nSubject: x\n\nalpha-mark\n",
    "SYMBOLS SPAMC/1.5\r\n\r\n",
    "REPORT SPAMC/1.1\r\n\r\n",
];

#[test]
fn replies_are_those_of_the_real_spamd() {
    let Some(spamd) = Spamd::start() else { return };
    let running = Running::with(Limits::default());
    let requests = requests();
    assert!(requests.len() >= 150);
    let mut different = Vec::new();
    for request in &requests {
        let (theirs, ours) = (ask(spamd.address, request), running.ask(request));
        if theirs != ours {
            different.push(format!(
                "{}\n  spamd:     {}\n  mailprint: {}",
                request.escape_ascii(),
                theirs.escape_ascii(),
                ours.escape_ascii()
            ));
        }
    }
    println!("{} requests compared, {} differ", requests.len(), different.len());
    assert!(different.is_empty(), "{} differ\n{}", different.len(), different.join("\n"));
}
