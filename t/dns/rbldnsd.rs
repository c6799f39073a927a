//! A real server of lists: Debian's rbldnsd, from the system or unpacked by `t/run`.

use super::{Bench, free_port, name, settings};
use mailprint::dns::lists::{Asked, Judgement, Subject, judge};
use mailprint::dns::probes::{self, Health, Round};
use mailprint::dns::{Data, Kind, Settings};
use mailprint::limits::Limits;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The program; `None` if it is nowhere.
fn program() -> Option<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"), PathBuf::from);
    let places = [PathBuf::from("/usr/sbin"), target.join("clients/usr/sbin")];
    places.into_iter().map(|place| place.join("rbldnsd")).find(|path| path.exists())
}

/// A running rbldnsd; ends when it is dropped.
struct Running(Child, PathBuf);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
        let _ = std::fs::remove_dir_all(&self.1);
    }
}

#[tokio::test]
async fn a_real_list_is_asked_and_found_well() {
    let Some(program) = program() else {
        eprintln!("skipped: no rbldnsd (apt-get install rbldnsd)");
        return;
    };
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], free_port()));
    let folder = std::env::temp_dir().join(format!("mailprint-rbldnsd-{}", address.port()));
    std::fs::create_dir_all(&folder).unwrap();
    let head = "$SOA 3000 ns.example admin.example 0 600 300 86400 300\n$NS 3000 ns.example\n";
    let addresses = format!(
        "{head}:127.0.0.2:listed $\n127.0.0.2\n192.0.2.0/24\n!192.0.2.9\n192.0.2.7 :127.0.0.4:worse\n"
    );
    let domains = format!("{head}:127.0.1.2:spam\ntest\nbad.example\n.worse.example\n");
    std::fs::write(folder.join("ip"), addresses).unwrap();
    std::fs::write(folder.join("dn"), domains).unwrap();
    let child = Command::new(program)
        .args(["-n", "-f", "-4", "-b", &format!("127.0.0.1/{}", address.port()), "-w"])
        .arg(&folder)
        .args(["bl.example:ip4set:ip", "dbl.example:dnset:dn"])
        .args(if nix::unistd::geteuid().is_root() { &["-u", "nobody"][..] } else { &[] })
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _running = Running(child, folder);
    let lists = vec![
        Asked { zone: name("bl.example"), subject: Subject::Addresses },
        Asked { zone: name("dbl.example"), subject: Subject::Domains },
    ];
    let settings = Settings { lists, ..settings([address]) };
    let bench =
        Bench::with(settings, &Limits { dns_keep_failure_milliseconds: 1, ..Limits::default() });
    // It has to read its files first.
    for _ in 0..200 {
        if bench.ask("2.0.0.127.bl.example", Kind::A).await.is_ok_and(|r| r.code == 0) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let cases = [
        ("7.2.0.192.bl.example", "127.0.0.4", "worse"),
        ("8.2.0.192.bl.example", "127.0.0.2", "listed 192.0.2.8"),
        ("bad.example.dbl.example", "127.0.1.2", "spam"),
        ("www.worse.example.dbl.example", "127.0.1.2", "spam"),
    ];
    for (text, address, reason) in cases {
        let reply = bench.ask(text, Kind::A).await.unwrap();
        assert_eq!(reply.of(Kind::A).collect::<Vec<_>>(), [&Data::V4(address.parse().unwrap())]);
        assert_eq!(judge(&name("bl.example"), &reply), Judgement::Listed);
        let reply = bench.ask(text, Kind::TXT).await.unwrap();
        let text = reply.of(Kind::TXT).next().unwrap().joined_text().unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), reason);
    }
    for text in ["9.2.0.192.bl.example", "www.bad.example.dbl.example"] {
        assert!(bench.ask(text, Kind::A).await.unwrap().is_no_name(), "{text}");
    }
    let found = probes::round(&bench.resolver).await;
    let well = ["bl.example", "dbl.example"].map(|zone| (name(zone), Health::Well));
    assert_eq!(found, Round::Lists(well.into()), "{:?}", bench.lines());
}
