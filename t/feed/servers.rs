//! Two servers and nginx: what is learned on one is known on the other, and forgotten there.
//!
//! In `cargo test` intervals are short; with FEED_FULL=1 they are the real ones, and
//! times are held to what a feed promises.

use crate::nginx::{Folder, Nginx};
use mailprint::clock::Tick;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// A message that says `what`, among enough words to be told by.
pub fn mail(what: &str) -> String {
    format!(
        "From: Claims Office <claims@office.example>\r\nTo: you@example.net\r\n\
         Subject: Your parcel {what} waits\r\nMessage-ID: <1@office.example>\r\n\
         Date: Mon, 23 Nov 2026 08:00:00 +0000\r\n\r\n\
         Dear customer, the courier could not deliver your parcel about {what} yesterday evening\r\n\
         because nobody answered the door. Please confirm the delivery address within two days\r\n\
         and settle the outstanding customs charge, otherwise the shipment returns to its sender\r\n\
         abroad. Confirm everything at http://parcels-{}.example/confirm/now today, friends.\r\n",
        what.replace(' ', "-")
    )
}

struct World {
    folder: Folder,
    children: Vec<Child>,
}

impl Drop for World {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl World {
    fn new(name: &str) -> World {
        let world = World { folder: Folder::new(name), children: Vec::new() };
        for inner in ["rules", "site", "a", "b"] {
            fs::create_dir_all(world.at(inner)).unwrap();
            // Servers that root starts become nobody.
            fs::set_permissions(world.at(inner), fs::Permissions::from_mode(0o777)).unwrap();
        }
        fs::write(world.at("rules/a.cf"), "util_rb_tld com\nbody HI /hello/\nscore HI 2\n")
            .unwrap();
        fs::write(world.at("site/a.pre"), "loadplugin Mail::SpamAssassin::Plugin::Check\n")
            .unwrap();
        world
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.at(name)
    }

    fn fp(&self, words: &[&str]) -> Output {
        let mut command = self.command(words);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailprint"));
        command.arg("fp").args(words).current_dir(&self.folder.0);
        command.env("MAILPRINT_CONFIG", "/dev/null").stdin(Stdio::null());
        command
    }

    /// What `store` makes of the message `name`.
    fn check(&self, store: &str, name: &str) -> String {
        let output = self.fp(&["check", "--store", store, name]);
        let text = String::from_utf8(output.stdout).unwrap();
        text.split('\t').nth(1).unwrap().to_owned()
    }

    /// A server over the store `name`, with `settings` besides; where it counts.
    fn serve(&mut self, name: &str, settings: &str) -> SocketAddr {
        let [mail, http] =
            [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
        let yaml = format!(
            "fingerprints:\n  store: {}\nhttp:\n  listen: {http}\nlog:\n  target: {}\n{settings}",
            self.at(name).display(),
            self.at(&format!("{name}/log")).display(),
        );
        fs::write(self.at(&format!("{name}.yaml")), yaml).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_mailprint"))
            .args(["spamd", "-L", "-x", "-i", "127.0.0.1", "-p", &mail.port().to_string()])
            .args(["-C", "rules", "--siteconfigpath", "site", "--config", &format!("{name}.yaml")])
            .current_dir(&self.folder.0)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        self.children.push(child);
        // Until it answers it may not have opened its store, which a command would do instead.
        wait("the server", || ask(mail, "PING SPAMC/1.2\r\n\r\n").contains("PONG"));
        http
    }

    fn log(&self, name: &str) -> String {
        fs::read_to_string(self.at(&format!("{name}/log"))).unwrap_or_default()
    }
}

/// What is answered to `request`; nothing where nobody is.
fn ask(address: SocketAddr, request: &str) -> String {
    let mut text = String::new();
    if let Ok(mut stream) = TcpStream::connect(address) {
        let _ = stream.write_all(request.as_bytes());
        let _ = stream.read_to_string(&mut text);
    }
    text
}

/// A line of the metrics at `address`.
fn metric(address: SocketAddr, name: &str) -> i64 {
    let text = ask(address, "GET /metrics HTTP/1.0\r\n\r\n");
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map_or(0, |value| value.parse().unwrap())
}

fn is_full() -> bool {
    std::env::var_os("FEED_FULL").is_some()
}

/// Waits until `is_so`, and says how long it took.
fn wait(what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let began = Tick::now();
    while !is_so() {
        let most = Duration::from_secs(if is_full() { 400 } else { 120 });
        assert!(began.elapsed() < most, "{what} does not come about");
        std::thread::sleep(Duration::from_millis(50));
    }
    println!("{what}: after {:.1} s", began.elapsed().as_secs_f64());
    began.elapsed()
}

#[test]
fn what_is_learned_and_forgotten_on_one_server_is_so_on_the_other() {
    let mut world = World::new("feed-servers");
    let Some(nginx) = Nginx::start(&world.folder.0, "") else { return };
    let (http, https) = (nginx.http, nginx.https);
    fs::write(world.at("lesson.eml"), mail("one")).unwrap();
    fs::write(world.at("second.eml"), mail("two other things")).unwrap();
    let public = world.fp(&["keygen", "key.pem"]).stdout;
    let public = String::from_utf8(public).unwrap();
    world.serve("a", "");
    // Real intervals: the publisher exports every five seconds, followers poll every minute.
    let (interval, back_off, every, expires) =
        if is_full() { ("60", "1800", "5", "600") } else { ("0.2", "0.5", "1", "5") };
    let words = ["export", "--store", "a", "--feed", "www", "--key", "key.pem"];
    let words = [&words[..], &["--every", every, "--expires", expires]].concat();
    let exporter = world.command(&words).stdout(Stdio::null()).spawn().unwrap();
    world.children.push(exporter);
    let exporter = world.children.len() - 1;
    wait("a feed", || world.at("www/v1/head").exists());
    let settings = format!(
        "feeds:\n  main:\n    url: {}\n    keys: [\"{}\"]\n    ca_file: {}\n    interval: {interval}\n    back_off: {back_off}\n",
        nginx.secure_url(""),
        public.trim(),
        world.at("tls.pem").display(),
    );
    let counts = world.serve("b", &settings);
    assert_eq!(world.check("b", "lesson.eml"), "none");

    world.fp(&["learn", "--store", "a", "--class", "spam", "lesson.eml"]);
    assert_eq!(world.check("a", "lesson.eml"), "spam");
    let learned = wait("the lesson on B", || world.check("b", "lesson.eml") == "spam");
    world.fp(&["forget", "--store", "a", "lesson.eml"]);
    let forgotten = wait("the forgetting on B", || world.check("b", "lesson.eml") == "none");
    assert!(learned < Duration::from_secs(70) && forgotten < Duration::from_secs(70));

    // Something that B is to keep, whatever happens to the feed.
    world.fp(&["learn", "--store", "a", "--class", "spam", "second.eml"]);
    wait("the second lesson on B", || world.check("b", "second.eml") == "spam");
    let kept = || assert_eq!(world.check("b", "second.eml"), "spam");
    let refused = |cause: &str| {
        metric(counts, &format!("mailprint_feed_refusals_total{{cause=\"{cause}\",feed=\"main\"}}"))
    };
    // Tampered: the exporter sleeps, and somebody changes the head.
    let pause = |signal| {
        let pid = nix::unistd::Pid::from_raw(world.children[exporter].id() as i32);
        nix::sys::signal::kill(pid, signal).unwrap();
    };
    pause(nix::sys::signal::Signal::SIGSTOP);
    let head = fs::read(world.at("www/v1/head")).unwrap();
    // nginx tells files apart by their second and length.
    std::thread::sleep(Duration::from_millis(1100));
    let mut forged = head.clone();
    forged[100] ^= 1;
    fs::write(world.at("www/v1/head"), forged).unwrap();
    wait("the refusal of what is forged", || refused("signature") > 0);
    kept();
    std::thread::sleep(Duration::from_millis(1100));
    fs::write(world.at("www/v1/head"), head).unwrap();
    if !is_full() {
        // Stale: nobody signs any more.
        wait("staleness", || metric(counts, "mailprint_feed_stale{feed=\"main\"}") == 1);
        kept();
        assert!(refused("expired") > 0);
        assert!(world.log("b").contains("feed main is STALE"), "{}", world.log("b"));
    }
    // Dead.
    drop(nginx);
    wait("the refusal of what is dead", || refused("unreachable") > 0);
    kept();
    assert!(world.log("b").contains("stays in force"));
    // And back.
    pause(nix::sys::signal::Signal::SIGCONT);
    let _nginx = Nginx::start_at(&world.folder.0, "", http, https).unwrap();
    wait("freshness", || metric(counts, "mailprint_feed_stale{feed=\"main\"}") == 0);
    world.fp(&["learn", "--store", "a", "--class", "spam", "lesson.eml"]);
    wait("the third lesson on B", || world.check("b", "lesson.eml") == "spam");
    assert!(world.log("b").contains("is well again"), "{}", world.log("b"));
}
