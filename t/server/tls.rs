//! TLS with Debian's spamc and openssl as clients, and with what speaks no TLS.

use super::harness::*;
use mailprint::config::Config;
use mailprint::limits::Limits;
use mailprint::server::listener;
use mailprint::server::systemd::Given;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

const SPAM: &[u8] = b"Subject: x\n\nbeta-mark\n";
const VERDICT: &str = "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 12.0 / 5.0\r\n\r\n";

/// Makes a CA, a server's and a client's certificate of it, and a client's of another CA.
const MAKE: &str = "
set -e
ca() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \\
        -keyout $1.key -out $1.pem -subj /CN=$1
}
signed() {
    openssl req -newkey rsa:2048 -nodes -keyout $1.key -out $1.csr -subj /CN=localhost
    echo 'subjectAltName=DNS:localhost,IP:127.0.0.1' >$1.ext
    openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days 30 \\
        -extfile $1.ext -out $1.pem
}
# Without extensions this is a certificate of version 1.
old() {
    openssl req -newkey rsa:2048 -nodes -keyout $1.key -out $1.csr -subj /CN=localhost
    openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days 30 -out $1.pem
}
ca ca; ca other; old old ca; old old-stranger other
# Of another CA that has the same name.
mkdir -p forged; (cd forged; ca ca); cp forged/ca.pem forger.pem; cp forged/ca.key forger.key
old forged-client forger
signed server ca; signed second ca; signed client ca; signed stranger other
mkdir -p hashed empty; cp ca.pem hashed; cp ca.pem empty; openssl rehash hashed
";

/// The folder with keys and certificates; `None` where there is no openssl.
fn certificates() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("mailprint-tls-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(MAKE).current_dir(&folder).stdout(Stdio::null()).stderr(Stdio::null());
        shell.status().is_ok_and(|status| status.success()).then_some(folder)
    });
    if folder.is_none() {
        println!("skipped: openssl is not installed");
    }
    folder.as_deref()
}

fn config(folder: &Path) -> Config {
    Config {
        tls: true,
        tls_key: folder.join("server.key"),
        tls_cert: folder.join("server.pem"),
        ..Config::default()
    }
}

fn started(config: Config, limits: Limits) -> Running {
    Running::start(config, Box::new(move || Ok(loaded(limits.clone()))))
}

fn s_client(running: &Running, folder: &Path, request: &[u8], options: &[&str]) -> String {
    s_client_at(running.address, folder, request, options)
}

/// What openssl's client gets for `request`; it does not say that it has no more to send.
fn s_client_at(address: SocketAddr, folder: &Path, request: &[u8], options: &[&str]) -> String {
    let mut child = Command::new("openssl")
        .args(["s_client", "-quiet", "-verify_return_error", "-CAfile", "ca.pem"])
        .args(["-connect", &address.to_string()])
        .args(options)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(request);
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

fn failed_handshakes(running: &Running) -> u64 {
    running.server.metrics.handshakes_failed.get()
}

#[test]
fn openssl_is_answered_in_both_versions() {
    let Some(folder) = certificates() else { return };
    let running = started(config(folder), Limits::default());
    for version in ["-tls1_2", "-tls1_3"] {
        assert_eq!(s_client(&running, folder, &check(SPAM), &[version]), VERDICT, "{version}");
    }
    assert_eq!(s_client(&running, folder, &check(SPAM), &["-tls1_1"]), "");
    until(Duration::from_secs(5), || failed_handshakes(&running) == 1);
    let large = [&b"Subject: x\n\nbeta-mark\n"[..], &b"a line of text\n".repeat(50_000)].concat();
    assert_eq!(s_client(&running, folder, &check(&large), &[]), VERDICT);
}

#[test]
fn spamc_is_answered() {
    let Some(folder) = certificates() else { return };
    let config = Config { allow_tell: true, ..config(folder) };
    let running = started(config, Limits::default());
    let port = running.address.port().to_string();
    let spamc = |options: &[&str], message: &[u8]| {
        let mut spamc = Command::new("spamc");
        spamc.args(["-S", "-d", "127.0.0.1", "-p", &port, "-x"]).args(options);
        let mut child = spamc.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        child.stdin.take().unwrap().write_all(message).unwrap();
        let output = child.wait_with_output().unwrap();
        Some((String::from_utf8(output.stdout).unwrap(), output.status.code()))
    };
    // Not -K: with -S that fails in spamc itself, which writes an empty message.
    let Some((told, _)) = spamc(&["-L", "spam"], SPAM) else {
        println!("skipped: spamc is not installed");
        return;
    };
    assert_eq!(told, "Message was already un/learned\n");
    assert_eq!(spamc(&["-c"], SPAM), Some(("12.0/5.0\n".into(), Some(1))));
    assert_eq!(spamc(&["-y"], SPAM).unwrap().0.trim_end(), "MARK_B");
    assert!(spamc(&["-R"], SPAM).unwrap().0.starts_with("12.0/5.0\nReport of "));
}

#[test]
fn who_must_have_a_certificate_is_served_with_one_of_the_ca() {
    let Some(folder) = certificates() else { return };
    let by_file = Config { tls_ca_file: Some(folder.join("ca.pem")), ..config(folder) };
    let by_path = Config { tls_ca_path: Some(folder.join("hashed")), ..config(folder) };
    for config in [by_file, by_path] {
        let running = started(config, Limits::default());
        let ask = |options: &[&str]| s_client(&running, folder, &check(SPAM), options);
        assert_eq!(ask(&["-cert", "client.pem", "-key", "client.key"]), VERDICT);
        assert_eq!(ask(&["-cert", "client.pem", "-key", "client.key", "-tls1_2"]), VERDICT);
        assert_eq!(ask(&[]), "");
        assert_eq!(ask(&["-cert", "stranger.pem", "-key", "stranger.key"]), "");
        until(Duration::from_secs(5), || failed_handshakes(&running) == 2);
    }
}

#[test]
fn certificates_that_openssl_makes_without_extensions_will_do() {
    let Some(folder) = certificates() else { return };
    let config = Config {
        tls_key: folder.join("old.key"),
        tls_cert: folder.join("old.pem"),
        tls_ca_file: Some(folder.join("ca.pem")),
        ..Config::default()
    };
    let running = started(config, Limits::default());
    let ask = |name: &str, version: &str| {
        let (cert, key) = (format!("{name}.pem"), format!("{name}.key"));
        let options = ["-cert", &cert, "-key", &key, version];
        s_client(&running, folder, &check(SPAM), &options)
    };
    for version in ["-tls1_2", "-tls1_3"] {
        assert_eq!(ask("old", version), VERDICT, "{version}");
        assert_eq!(ask("client", version), VERDICT, "{version}");
        // The CA's own, which is trusted itself.
        assert_eq!(ask("ca", version), VERDICT, "{version}");
        for stranger in ["old-stranger", "forged-client", "other", "forger"] {
            assert_eq!(ask(stranger, version), "", "{stranger} {version}");
        }
    }
    until(Duration::from_secs(5), || failed_handshakes(&running) == 8);
}

#[test]
fn places_with_and_without_tls_are_served_side_by_side() {
    let Some(folder) = certificates() else { return };
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        println!("skipped: this machine has no IPv6");
        return;
    }
    let listen = ["127.0.0.1:0", "[::1]:0", "ssl:127.0.0.1:0", "SSL:[::1]:0"];
    let listen = listen.map(str::to_owned).to_vec();
    let running = started(Config { tls: false, listen, ..config(folder) }, Limits::default());
    let [plain4, plain6, tls4, tls6] = running.addresses[..] else { panic!("four places") };
    assert!(plain6.is_ipv6() && tls6.is_ipv6());
    for address in [plain4, plain6] {
        assert_eq!(ask(address, &check(SPAM)), VERDICT.as_bytes(), "{address}");
    }
    for address in [tls4, tls6] {
        assert_eq!(s_client_at(address, folder, &check(SPAM), &[]), VERDICT, "{address}");
    }
}

#[test]
fn files_that_will_not_do_are_named_at_the_start() {
    let Some(folder) = certificates() else { return };
    let cases = [
        (Config { tls_key: "no/such.key".into(), ..config(folder) }, "--server-key"),
        (Config { tls_key: folder.join("ca.pem"), ..config(folder) }, "--server-key"),
        (Config { tls_cert: folder.join("ca.key"), ..config(folder) }, "ca.key"),
        (Config { tls_key: folder.join("ca.key"), ..config(folder) }, "is not that of"),
        (Config { tls_ca_path: Some(folder.join("empty")), ..config(folder) }, "rehash"),
        (Config { tls_ca_file: Some("no/such".into()), ..config(folder) }, "no/such"),
    ];
    for (config, named) in cases {
        let config = Config { listen: vec!["127.0.0.1:0".into()], ..config };
        let started = listener::bind(&config, Given::default());
        let why = started.err().map(|why| why.to_string()).unwrap_or_default();
        assert!(why.contains(named), "{named}: {why}");
    }
}

#[test]
fn a_reload_brings_the_new_certificate_and_a_bad_one_changes_nothing() {
    let Some(folder) = certificates() else { return };
    let (key, cert) = (folder.join("reloaded.key"), folder.join("reloaded.pem"));
    let put = |name: &str| {
        std::fs::copy(folder.join(format!("{name}.key")), &key).unwrap();
        std::fs::copy(folder.join(format!("{name}.pem")), &cert).unwrap();
    };
    put("server");
    let config = Config { tls_key: key.clone(), tls_cert: cert.clone(), ..config(folder) };
    let running = started(config, Limits::default());
    let served = || {
        let script = format!(
            "openssl s_client -connect {} </dev/null 2>/dev/null | openssl x509 -noout -serial",
            running.address
        );
        Command::new("sh").arg("-c").arg(script).output().unwrap().stdout
    };
    let tls = running.tls.clone().unwrap();
    let reload = || tls.reload(&running.server.log, &|path| std::fs::File::open(path));
    let first = served();
    put("second");
    reload();
    let second = served();
    assert!(!first.is_empty() && !second.is_empty() && first != second);
    std::fs::write(&cert, "no certificate").unwrap();
    reload();
    assert_eq!(served(), second);
}

#[test]
fn plain_on_a_tls_port_and_tls_on_a_plain_port_end_soon() {
    let Some(folder) = certificates() else { return };
    let running = started(config(folder), Limits::default());
    for garbage in [&b"PING SPAMC/1.2\r\n"[..], b"\x16\x03\x01\xff\xff", &[0; 5000]] {
        // What comes back, if anything, is an alert: seven bytes of TLS.
        assert!(running.ask(garbage).len() <= 7, "{garbage:?}");
    }
    until(Duration::from_secs(5), || failed_handshakes(&running) == 3);
    assert_eq!(s_client(&running, folder, &check(SPAM), &[]), VERDICT);
    let plain = Running::with(Limits::default());
    assert_eq!(s_client(&plain, folder, &check(SPAM), &[]), "");
    plain.assert_answers();
}

#[test]
fn handshakes_that_never_end_are_ended_and_those_broken_off_leave_nothing() {
    let Some(folder) = certificates() else { return };
    let limits = Limits { read_milliseconds: 800, ..Limits::default() };
    let running = started(config(folder), limits);
    let mut silent = running.connect();
    let mut trickling = running.connect();
    trickling.write_all(b"\x16\x03\x01").unwrap();
    assert_eq!(rest(&mut silent), b"");
    assert_eq!(rest(&mut trickling), b"");
    until(Duration::from_secs(5), || running.limit_hits("read_milliseconds") == 2);
    let hello = client_hello(folder);
    for cut in (0..hello.len()).step_by(7) {
        let mut stream = running.connect();
        stream.write_all(&hello[..cut]).unwrap();
    }
    running.until_idle();
    assert_eq!(s_client(&running, folder, &check(SPAM), &[]), VERDICT);
}

/// The first bytes that openssl sends.
fn client_hello(folder: &Path) -> Vec<u8> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut child = Command::new("openssl")
        .args(["s_client", "-connect", &address])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut stream, _): (TcpStream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut hello = vec![0; 4096];
    let count = stream.read(&mut hello).unwrap();
    hello.truncate(count);
    drop(stream);
    let _ = child.wait();
    hello
}
