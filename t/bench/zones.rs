//! Block lists held locally, beside Debian's rbldnsd: see `t/bench-zones`.
//!
//! Memory is measured in processes of their own, of which each does one thing: what a process with
//! an empty list takes is taken off, of ours as of rbldnsd's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a program for people: it prints, and stops where it cannot measure"
)]
#![allow(dead_code, reason = "what tests use of the shared files is more")]

#[path = "../blocklists/mod.rs"]
mod blocklists;

use blocklists::Chance;
use blocklists::message::{A, Question, TXT};
use blocklists::questions::name4;
use blocklists::servers::{Client, Judge, Spec, options, ours, rbldnsd};
use mailprint::clock::Tick;
use mailprint::zones::{Format, Room, Served, Zone};
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg};
use std::io::{IoSlice, IoSliceMut, Write};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

struct Plan {
    lists: PathBuf,
    entries: usize,
    seconds: f64,
    folder: PathBuf,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|word| word == "--alone") {
        return alone(&arguments[at + 1..]);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared =
        std::env::var_os("SHARED_DATA").map_or_else(|| root.join("../shared"), PathBuf::from);
    let folder = std::env::temp_dir().join(format!("mailprint-bench-zones-{}", std::process::id()));
    let mut plan = Plan { lists: shared.join("zones"), entries: 20_000_000, seconds: 2.0, folder };
    for pair in arguments.windows(2) {
        match pair[0].as_str() {
            "--lists" => plan.lists = PathBuf::from(&pair[1]),
            "--entries" => plan.entries = pair[1].parse().expect("--entries N"),
            "--seconds" => plan.seconds = pair[1].parse().expect("--seconds N"),
            _ => {}
        }
    }
    std::fs::create_dir_all(&plan.folder).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&plan.folder, mode).unwrap();
    let specs = specs(&plan);
    if specs.is_empty() {
        println!("no lists in {}: only generated entries are measured", plan.lists.display());
    } else {
        loading(&specs, &plan);
        restart(&specs, &plan);
        memory(&specs, &plan);
        answers(&specs, &plan);
    }
    generated(&plan);
    std::fs::remove_dir_all(&plan.folder).unwrap();
}

/// The lists, copied to where everybody may read them.
fn specs(plan: &Plan) -> Vec<Spec> {
    let Ok(entries) = std::fs::read_dir(&plan.lists) else { return Vec::new() };
    let mut specs = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        let Some(format) = Format::named(&extension) else { continue };
        let copy = plan.folder.join(path.file_name().unwrap());
        std::fs::write(&copy, std::fs::read(&path).unwrap()).unwrap();
        let zone = format!("{}.test", path.file_stem().unwrap().to_string_lossy());
        specs.push(Spec::new(&zone, format, &copy));
    }
    specs
}

fn load_all(specs: &[Spec]) -> Vec<Arc<Zone>> {
    let options = options();
    specs.iter().map(|spec| Arc::new(spec.load(&options))).collect()
}

/// rbldnsd with these zones, and how long it says that it took to load them.
fn judge(specs: &[Spec], plan: &Plan) -> Option<(Judge, f64)> {
    let log = plan.folder.join("log");
    let judge = Judge::start(rbldnsd()?, specs, &log);
    let told = std::fs::read_to_string(&log).unwrap();
    let took = told.split("time ").nth(1).and_then(|rest| rest.split('e').next());
    Some((judge, took.and_then(|took| took.parse().ok()).unwrap_or(f64::NAN)))
}

fn row(what: &str, ours: f64, theirs: f64, unit: &str) {
    println!("{what:34} ours {ours:10.3} {unit:6} rbldnsd {theirs:10.3} {unit}");
}

fn loading(specs: &[Spec], plan: &Plan) {
    let own = (0..5).map(|_| {
        let start = Tick::now();
        let zones = load_all(specs);
        let took = start.elapsed().as_secs_f64();
        (took, zones.iter().map(|zone| zone.records()).sum::<u64>())
    });
    let (own, records) = own.min_by(|one, other| one.0.total_cmp(&other.0)).unwrap();
    let theirs = (0..5).filter_map(|_| judge(specs, plan)).map(|(_, took)| took);
    let theirs = theirs.fold(f64::NAN, f64::min);
    println!("{} lists, {records} entries", specs.len());
    row("load from text, best of 5", own, theirs, "s");
}

fn restart(specs: &[Spec], plan: &Plan) {
    let paths: Vec<PathBuf> = load_all(specs)
        .iter()
        .map(|zone| {
            let path = plan.folder.join(format!("{}.zone", zone.name()));
            zone.save(&path).unwrap();
            path
        })
        .collect();
    let bytes: u64 = paths.iter().map(|path| path.metadata().unwrap().len()).sum();
    let question = Question::new("x.bad.test", A).bytes(1);
    let took = (0..5).map(|_| {
        let start = Tick::now();
        let zones = paths.iter().map(|path| Arc::new(Zone::open(path).unwrap())).collect();
        let served = Served::new(zones);
        assert!(served.answer(&question, Room::Packet, 0, &mut Vec::new()));
        start.elapsed().as_secs_f64() * 1000.0
    });
    let took: Vec<f64> = took.collect();
    println!("restart from {bytes} compiled bytes, to the first answer: {took:.2?} ms");
}

/// What a process takes that does one thing, in KiB.
fn alone(arguments: &[String]) {
    let (what, files) = arguments.split_first().expect("what to do");
    let specs: Vec<Spec> = files
        .iter()
        .map(|file| {
            let path = Path::new(file);
            let format = Format::named(&path.extension().unwrap().to_string_lossy());
            let zone = format!("{}.test", path.file_stem().unwrap().to_string_lossy());
            Spec { zone, datasets: vec![(format.unwrap_or(Format::Dnset), vec![path.to_owned()])] }
        })
        .collect();
    let zones: Vec<Arc<Zone>> = match what.as_str() {
        "text" => load_all(&specs),
        _ => files.iter().map(|file| Arc::new(Zone::open(Path::new(file)).unwrap())).collect(),
    };
    println!("{}", resident("self"));
    drop(zones);
}

fn resident(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim_end_matches("kB").trim().parse().unwrap()
}

fn resident_alone(what: &str, files: &[PathBuf]) -> f64 {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--alone", what])
        .args(files)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.trim().parse::<f64>().unwrap_or_else(|_| panic!("{text}"))
}

fn memory(specs: &[Spec], plan: &Plan) {
    let empty = plan.folder.join("empty.ip4set");
    std::fs::write(&empty, "127.0.0.2\n").unwrap();
    let nothing = Spec::new("empty.test", Format::Ip4Set, &empty);
    let own_base = resident_alone("text", &[empty]);
    let their_base = |specs: &[Spec]| {
        judge(specs, plan).map(|(judge, _)| resident(&judge.id().to_string()) as f64)
    };
    let base = their_base(std::slice::from_ref(&nothing)).unwrap_or(f64::NAN);
    println!("an empty list: ours {own_base} KiB, rbldnsd {base} KiB; taken off below");
    let is_names = |spec: &&Spec| spec.datasets[0].0 == Format::Dnset;
    let names: Vec<Spec> = specs.iter().filter(is_names).cloned().collect();
    let addresses: Vec<Spec> = specs.iter().filter(|spec| !is_names(spec)).cloned().collect();
    for (what, specs) in [("lists of addresses", addresses), ("lists of names", names)] {
        if specs.is_empty() {
            continue;
        }
        let theirs = their_base(&specs).unwrap_or(f64::NAN) - base;
        let text: Vec<PathBuf> = specs.iter().map(|spec| spec.datasets[0].1[0].clone()).collect();
        let own = resident_alone("text", &text) - own_base;
        row(&format!("{what}, from text"), own, theirs, "KiB");
        let compiled: Vec<PathBuf> =
            specs.iter().map(|spec| plan.folder.join(format!("{}.zone", spec.zone))).collect();
        let own = resident_alone("compiled", &compiled) - own_base;
        row(&format!("{what}, compiled"), own, theirs, "KiB");
        let tables: usize = load_all(&specs).iter().map(|zone| zone.memory()).sum();
        println!(
            "  the tables alone: {} KiB, {:.2} of rbldnsd's",
            tables / 1024,
            tables as f64 / 1024.0 / theirs
        );
    }
}

/// Answers a second over UDP, from one client that keeps many questions open.
fn answers(specs: &[Spec], plan: &Plan) {
    let mut chance = Chance::new(1);
    let mut questions = Vec::new();
    for spec in specs {
        let text = std::fs::read_to_string(&spec.datasets[0].1[0]).unwrap();
        let keys: Vec<&str> =
            text.lines().filter(|line| !line.starts_with(['#', '$', ':'])).collect();
        for _ in 0..4000 {
            let key = keys[chance.below(keys.len() as u64) as usize];
            let key = key.split([' ', '/']).next().unwrap();
            let name = match key.parse::<Ipv4Addr>() {
                Ok(address) if chance.one_in(2) => name4(address.into()),
                Ok(_) => name4(chance.next() as u32),
                Err(_) if chance.one_in(2) => key.to_owned(),
                Err(_) => format!("no-such-{key}"),
            };
            let kind = if chance.one_in(5) { TXT } else { A };
            questions.push(Question::new(&format!("{name}.{}", spec.zone), kind).bytes(1));
        }
    }
    for at in (1..questions.len()).rev() {
        questions.swap(at, chance.below(at as u64 + 1) as usize);
    }
    let own = ours(load_all(specs), 1);
    let theirs = judge(specs, plan);
    let (mut own_rates, mut their_rates) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        own_rates.push(rate(own.places()[0], &questions, plan.seconds));
        if let Some((judge, _)) = &theirs {
            their_rates.push(rate(judge.place, &questions, plan.seconds));
        }
    }
    let best = |rates: &[f64]| rates.iter().copied().fold(f64::NAN, f64::max);
    row("answers over UDP, best of 3", best(&own_rates), best(&their_rates), "/s");
    println!("  ours {own_rates:.0?}, rbldnsd {their_rates:.0?}");
}

fn rate(place: SocketAddr, questions: &[Vec<u8>], seconds: f64) -> f64 {
    const OPEN: usize = 64;
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(place).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let fd = socket.as_raw_fd();
    let mut going = MultiHeaders::<SockaddrStorage>::preallocate(OPEN, None);
    let mut came = MultiHeaders::<SockaddrStorage>::preallocate(OPEN, None);
    let mut buffers = vec![[0u8; 2048]; OPEN];
    let (start, mut next, mut answered, mut open) = (Tick::now(), 0, 0u64, 0usize);
    while start.elapsed().as_secs_f64() < seconds {
        let more = OPEN - open;
        let slices: Vec<[IoSlice<'_>; 1]> =
            (0..more).map(|at| [IoSlice::new(&questions[(next + at) % questions.len()])]).collect();
        let to: Vec<Option<SockaddrStorage>> = vec![None; more];
        let sent = sendmmsg(fd, &mut going, &slices, &to, [], MsgFlags::empty())
            .map_or(0, Iterator::count);
        next += sent;
        open += sent;
        let mut slices: Vec<[IoSliceMut<'_>; 1]> =
            buffers.iter_mut().map(|buffer| [IoSliceMut::new(buffer)]).collect();
        match recvmmsg(fd, &mut came, slices.iter_mut(), MsgFlags::MSG_WAITFORONE, None) {
            Ok(got) => {
                let got = got.count();
                answered += got as u64;
                open = open.saturating_sub(got);
            }
            // Some were lost.
            Err(_) => open = 0,
        }
    }
    answered as f64 / start.elapsed().as_secs_f64()
}

/// Seconds that this thread has had of a processor: others may run beside it.
fn processor() -> f64 {
    let time = nix::time::clock_gettime(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap();
    time.tv_sec() as f64 + time.tv_nsec() as f64 / 1e9
}

/// Many addresses, and many look-ups of which every other finds one.
fn generated(plan: &Plan) {
    let path = plan.folder.join("generated.ip4tset");
    let mut chance = Chance::new(7);
    let mut addresses: Vec<u32> = (0..plan.entries).map(|_| chance.next() as u32).collect();
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    for address in &addresses {
        writeln!(file, "{}", Ipv4Addr::from(*address)).unwrap();
    }
    drop(file);
    let spec = Spec::new("generated.test", Format::Ip4Tset, &path);
    let start = Tick::now();
    let zone = spec.load(&options());
    let took = start.elapsed().as_secs_f64();
    println!(
        "{} generated IPv4 entries: loaded in {took:.2} s, tables of {} KiB",
        plan.entries,
        zone.memory() / 1024
    );
    let asked: Vec<u32> = (0..10_000_000)
        .map(|at| match at % 2 {
            0 => addresses[chance.below(addresses.len() as u64) as usize],
            _ => chance.next() as u32,
        })
        .collect();
    for _ in 0..3 {
        let start = processor();
        let mut listed = 0u64;
        for &address in &asked {
            let mut hits = zone.lookup_ip(Ipv4Addr::from(address).into());
            listed += u64::from(hits.next().is_some_and(|hit| hit.values().next().is_some()));
        }
        let each = (processor() - start) * 1e9 / asked.len() as f64;
        println!(
            "  {} look-ups, {listed} listed: {each:.1} ns each of the processor's",
            asked.len()
        );
    }
    addresses.clear();
    drop(zone);
    if let Some((judge, took)) = judge(std::slice::from_ref(&spec), plan) {
        let resident = resident(&judge.id().to_string());
        println!("  rbldnsd as ip4tset: loaded in {took} s, {resident} KiB resident");
        let _ = Client::new(judge.place);
    }
}
