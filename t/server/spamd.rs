//! Debian's spamd, and the program beside it: with the same rules and options.

use super::harness::*;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The harness's rules in a folder of their own, which goes with this value.
pub struct Marks(PathBuf);

impl Marks {
    pub fn write(name: &str) -> Marks {
        let marks =
            Marks(std::env::temp_dir().join(format!("mailprint-{name}-{}", std::process::id())));
        std::fs::create_dir_all(marks.rules()).unwrap();
        std::fs::create_dir_all(marks.site()).unwrap();
        std::fs::write(marks.rules().join("10_marks.cf"), rules_file()).unwrap();
        let check = "loadplugin Mail::SpamAssassin::Plugin::Check\n";
        std::fs::write(marks.site().join("a.pre"), check).unwrap();
        marks
    }

    pub fn rules(&self) -> PathBuf {
        self.0.join("rules")
    }

    pub fn site(&self) -> PathBuf {
        self.0.join("site")
    }
}

impl Drop for Marks {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The real spamd on a port of its own.
pub struct Spamd {
    child: Child,
    pub address: SocketAddr,
}

impl Spamd {
    /// With the rules of a folder and some options more; `None` where it is not installed.
    pub fn start(rules: &Path, site: &Path, options: &[&str]) -> Option<Spamd> {
        if Command::new("spamd").arg("-V").stdout(Stdio::null()).status().is_err() {
            println!("skipped: spamd is not installed");
            return None;
        }
        let (child, address) = start_server(Command::new("spamd"), rules, site, options);
        Some(Spamd { child, address })
    }
}

/// `mailprint spamd` on a port of its own.
pub struct Program {
    pub child: Child,
    pub address: SocketAddr,
}

impl Program {
    pub fn start(rules: &Path, site: &Path, options: &[&str]) -> Program {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailprint"));
        command.arg("spamd");
        let (child, address) = start_server(command, rules, site, options);
        Program { child, address }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts spamd, or what takes its options, on a port of its own and waits until it answers.
fn start_server(
    mut command: Command,
    rules: &Path,
    site: &Path,
    options: &[&str],
) -> (Child, SocketAddr) {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    command
        .args(["-L", "-x", "-m", "2", "-s", "null", "-i", "127.0.0.1"])
        .args(["-p", &address.port().to_string()])
        .arg("-C")
        .arg(rules)
        .arg("--siteconfigpath")
        .arg(site)
        .args(options)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let child = command.spawn().unwrap();
    wait_for(address);
    (child, address)
}

/// Waits until the server at `address` answers PING.
pub fn wait_for(address: SocketAddr) {
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
