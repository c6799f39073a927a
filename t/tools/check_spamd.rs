//! `sa-check_spamd` beside Debian's, each against both servers.

use super::place::{Place, programs};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// A server on a port and a socket of its own; it ends with this value.
struct Server {
    child: Child,
    port: String,
    socket: String,
}

impl Server {
    fn start(mut command: Command, place: &Place, name: &str, probe: &Path) -> Server {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let port = free.port().to_string();
        let socket = place.folder.join(format!("{name}.sock")).display().to_string();
        let child = command
            .args(["-L", "-x", "-m", "1", "-s", "null", "-i", "127.0.0.1", "-p", &port])
            .args(["--socketpath", &socket, "-C", "rules", "--siteconfigpath", "site"])
            .current_dir(&place.folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Server { child, port, socket };
        let answers = || {
            let output = Command::new(probe).args(["-p", &server.port]).output().unwrap();
            output.status.success()
        };
        for _ in 0..600 {
            if answers() {
                return server;
            }
            sleep(Duration::from_millis(100));
        }
        panic!("{name} does not answer");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(self.child.id() as i32);
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.child.wait();
    }
}

/// A port on which each visitor gets `answer`; an empty one keeps him waiting.
fn listener(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    std::thread::spawn(move || {
        for visitor in listener.incoming() {
            let mut visitor = visitor.unwrap();
            let _ = visitor.read(&mut [0; 100]);
            match answer {
                b"" => sleep(Duration::from_secs(30)),
                _ => drop(visitor.write_all(answer)),
            }
        }
    });
    port
}

/// What a call writes, without its seconds, and returns; what it says is the system's affair.
fn finding(program: &Path, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let is_time = |word: &&str| word.parse::<f64>().is_ok() && word.contains('.');
    let words: Vec<&str> = text.split(' ').map(|w| if is_time(&w) { "T" } else { w }).collect();
    format!("{} {:?}", words.join(" "), output.status.code())
}

#[test]
fn both_plugins_find_the_same_of_both_servers() {
    let place = Place::new();
    let (ours, theirs) = programs(&place, "sa-check_spamd");
    let mut mailprint = Command::new(env!("CARGO_BIN_EXE_mailprint"));
    mailprint.arg("spamd");
    let mut servers = vec![Server::start(mailprint, &place, "ours", &ours)];
    match Path::new("/usr/sbin/spamd").exists() {
        true => {
            servers.push(Server::start(Command::new("/usr/sbin/spamd"), &place, "theirs", &ours))
        }
        false => println!("skipped: spamd is not installed"),
    }
    for server in &servers {
        let port = server.port.as_str();
        for program in [Some(&ours), theirs.as_ref()].into_iter().flatten() {
            let found = |words: &[&str]| finding(program, words);
            let ok = "SPAMD OK: T second ping response time\n Some(0)";
            assert_eq!(found(&["-p", port]), ok);
            assert_eq!(found(&["--socketpath", &server.socket]), ok);
            assert_eq!(found(&["--host", &format!("localhost:{port}"), "-w30", "-c", "40"]), ok);
            let warning = "SPAMD WARNING: T second ping response time\n Some(1)";
            assert_eq!(found(&["-p", port, "-w", "0"]), warning);
            let critical = "SPAMD CRITICAL: T second ping response time\n Some(2)";
            assert_eq!(found(&["-p", port, "-w", "0", "-c", "0."]), critical);
        }
    }
}

#[test]
fn both_plugins_say_the_same_of_what_is_wrong() {
    let place = Place::new();
    let (ours, Some(theirs)) = programs(&place, "sa-check_spamd") else { return };
    let (nobody, silent) = (listener(b"SPAMD/1.0 76 Bad header line\r\n"), listener(b""));
    let closed = {
        let gone = TcpListener::bind("127.0.0.1:0").unwrap();
        gone.local_addr().unwrap().port().to_string()
    };
    let both = format!("-p {closed} --socketpath /none");
    for words in [
        format!("-p {nobody}"),
        format!("-p {silent} -t 1"),
        format!("-p {closed}"),
        format!("-p {closed} more words"),
        "--socketpath /none".to_owned(),
        "-p 99999 -t 1".to_owned(),
        both,
        "-c 1 -w 2".to_owned(),
        "-c 46".to_owned(),
        "-w 46".to_owned(),
        "-t 2 -w 3 -c 3".to_owned(),
        "-t 0".to_owned(),
        "-t 0.99".to_owned(),
        "-c .5".to_owned(),
        "-c -1".to_owned(),
        "-w 1e3".to_owned(),
        "-p spamd".to_owned(),
        "-H a/b".to_owned(),
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        assert_eq!(finding(&ours, &words), finding(&theirs, &words), "{words:?}");
    }
    for words in ["-V", "-h", "-?", "--no-such-option", "-t"] {
        let status =
            |program: &Path| Command::new(program).arg(words).output().unwrap().status.code();
        assert_eq!((status(&ours), status(&theirs)), (Some(3), Some(3)), "{words}");
    }
}
