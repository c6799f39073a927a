//! Block lists: our answers beside those of Debian's rbldnsd, which has the same files.
//!
//! `cargo test --test zones` asks some thousand questions about lists that are made up; `t/zones`
//! asks as many as one wants, also about real lists. Without rbldnsd the comparison is skipped.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test")]

#[path = "blocklists/mod.rs"]
mod blocklists;

use blocklists::message::{A, Answer, Question, TXT};
use blocklists::servers::{Client, Judge, Spec, options, ours, rbldnsd};
use blocklists::{Chance, files, questions};
use mailprint::zones::Format;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder that everybody can read, gone at the end if all is well.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path =
            std::env::temp_dir().join(format!("mailprint-zones-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&path, everybody).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return println!("the lists stay in {}", self.0.display());
        }
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The number in an environment variable, or `usual`.
fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Both servers, asked the same.
struct Both {
    _judge: Judge,
    _ours: mailprint::zones::listener::Listener,
    clients: [Client; 2],
    asked: u64,
    differences: u64,
}

impl Both {
    fn start(program: &Path, specs: &[Spec], folder: &Folder) -> Both {
        let judge = Judge::start(program, specs, &folder.0.join("log"));
        let options = options();
        let zones = specs.iter().map(|spec| Arc::new(spec.load(&options))).collect();
        let ours = ours(zones, 1);
        let clients = [Client::new(judge.place), Client::new(ours.places()[0])];
        Both { _judge: judge, _ours: ours, clients, asked: 0, differences: 0 }
    }

    fn compare(&mut self, question: &Question) {
        self.asked += 1;
        let bytes = question.bytes(self.asked as u16);
        let [theirs, own] = self.clients.each_ref().map(|client| Answer::read(&client.ask(&bytes)));
        if theirs != own {
            self.differences += 1;
            if self.differences <= 10 {
                println!("{question}\n  rbldnsd: {theirs:?}\n  ours:    {own:?}");
            }
        }
    }
}

#[test]
fn lists_that_are_made_up_are_answered_as_rbldnsd_does() {
    let Some(program) = rbldnsd() else { return println!("skipped: there is no rbldnsd here") };
    let folder = Folder::new("made-up");
    let (rounds, each) = (setting("ZONES_ROUNDS", 4), setting("ZONES_QUESTIONS", 6000));
    let mut total = (0, 0);
    for round in 0..rounds {
        let mut chance = Chance::new(setting("ZONES_SEED", 1) * 1000 + round);
        let mut specs = Vec::new();
        let mut subjects = Vec::new();
        for format in files::ALONE {
            let zone = format!("{}.test", format.name());
            let size = *chance.of(&[1, 20, 150, 600]);
            let file =
                folder.file(&format!("{zone}-{round}"), files::file(*format, size, &mut chance));
            specs.push(Spec::new(&zone, *format, &file));
            subjects.push((zone, *format));
        }
        let text = files::combined(8, 40, &mut chance);
        specs.push(Spec::new(
            "comb.test",
            Format::Combined,
            &folder.file(&format!("comb-{round}"), text),
        ));
        subjects.push(("comb.test".to_owned(), Format::Combined));
        // A zone of several datasets and files, and one within it.
        let mut mixed = Spec { zone: "mixed.test".to_owned(), datasets: Vec::new() };
        for (at, format) in files::ALONE.iter().enumerate() {
            let of = (0..1 + chance.below(2)).map(|part| {
                let text = files::file(*format, 60, &mut chance.clone());
                chance.next();
                folder.file(&format!("mixed-{round}-{at}-{part}"), text)
            });
            mixed.datasets.push((*format, of.collect()));
            subjects.push(("mixed.test".to_owned(), *format));
            subjects.push(("in.mixed.test".to_owned(), *format));
        }
        let within =
            folder.file(&format!("within-{round}"), files::file(Format::Ip4Set, 99, &mut chance));
        specs.extend([mixed, Spec::new("in.mixed.test", Format::Ip4Set, &within)]);
        let mut both = Both::start(program, &specs, &folder);
        for _ in 0..each {
            let (zone, format) = chance.of(&subjects).clone();
            both.compare(&questions::made_up(&zone, format, &mut chance));
        }
        for name in ["", "test", "other.example"] {
            both.compare(&questions::finish(name, &mut chance));
        }
        total = (total.0 + both.asked, total.1 + both.differences);
        assert_eq!(both.differences, 0, "in round {round} of seed {}", setting("ZONES_SEED", 1));
    }
    println!("made up: {} questions, {} differences", total.0, total.1);
}

#[test]
fn real_lists_are_answered_as_rbldnsd_does() {
    let Some(program) = rbldnsd() else { return println!("skipped: there is no rbldnsd here") };
    let Ok(lists) = std::env::var("ZONES_FILES") else {
        return println!("skipped: ZONES_FILES names no folder of real lists");
    };
    let folder = Folder::new("real");
    let mut entries =
        std::fs::read_dir(lists).unwrap().flatten().map(|entry| entry.path()).collect::<Vec<_>>();
    entries.sort();
    let mut specs = Vec::new();
    let mut subjects = Vec::new();
    for path in entries {
        let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        let Some(format) = Format::named(&extension) else { continue };
        let zone = format!("{}.test", path.file_stem().unwrap().to_string_lossy());
        let text = std::fs::read(&path).unwrap();
        let copy = folder.file(&zone, &text);
        specs.push(Spec::new(&zone, format, &copy));
        subjects.push((zone, format, keys(&text, format)));
    }
    let mut both = Both::start(program, &specs, &folder);
    let mut chance = Chance::new(setting("ZONES_SEED", 1));
    for _ in 0..setting("ZONES_QUESTIONS", 6000) {
        let (zone, format, keys) = &subjects[chance.below(subjects.len() as u64) as usize];
        let key = &keys[chance.below(keys.len() as u64) as usize];
        let name = about(key, *format, &mut chance);
        both.compare(&questions::finish(&format!("{name}.{zone}"), &mut chance));
    }
    println!("real lists: {} questions, {} differences", both.asked, both.differences);
    assert_eq!(both.differences, 0);
}

/// The first word of each entry.
fn keys(text: &[u8], _format: Format) -> Vec<String> {
    let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let entries = lines.filter(|line| !b"#$:;!".contains(&line[0]));
    entries
        .map(|line| {
            let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
            String::from_utf8_lossy(&line[..end]).into_owned()
        })
        .collect()
}

/// Something at, within or beside an entry, or anywhere.
fn about(key: &str, format: Format, chance: &mut Chance) -> String {
    if format == Format::Dnset {
        return match chance.below(5) {
            0 => format!("www.{key}"),
            1 => format!("x{key}"),
            2 => key.split_once('.').map_or(key, |(_, rest)| rest).to_owned(),
            _ => key.to_owned(),
        };
    }
    let (address, bits) = key.split_once('/').unwrap_or((key, "32"));
    let Ok(first) = address.parse::<std::net::Ipv4Addr>().map(u32::from) else {
        return questions::name4(chance.next() as u32);
    };
    let host = u32::MAX.checked_shr(bits.parse().unwrap_or(32)).unwrap_or(0);
    questions::name4(match chance.below(6) {
        0 => first.wrapping_sub(1),
        1 => (first | host).wrapping_add(1),
        2 => first | host,
        3 => first + (chance.next() as u32 & host),
        4 => chance.next() as u32,
        _ => first,
    })
}

#[test]
fn packets_that_are_no_questions_get_what_rbldnsd_gives_them() {
    let Some(program) = rbldnsd() else { return println!("skipped: there is no rbldnsd here") };
    let folder = Folder::new("packets");
    let text = "$SOA 60 ns.test mail.test 1 2 3 4 5\n$NS 60 ns.test\n.bad.test :2:text\n";
    let specs = [Spec::new("list.test", Format::Dnset, &folder.file("list", text))];
    let both = Both::start(program, &specs, &folder);
    let next = Question::new("nothing.list.test", A).bytes(0xffff);
    let mut chance = Chance::new(setting("ZONES_SEED", 1));
    let mut differences = 0;
    for at in 0..setting("ZONES_QUESTIONS", 6000) {
        let name = *chance.of(&["a.bad.test.list.test", "list.test", "", "x"]);
        let long = format!("{}.{}bad.test.list.test", "m".repeat(20), "l".repeat(62) + ".");
        let long = format!("{}.{}.{long}", "k".repeat(50), "j".repeat(chance.below(64) as usize));
        let mut question =
            questions::finish(if chance.one_in(5) { &long } else { name }, &mut chance);
        if chance.one_in(4) {
            question.payload = Some(1232);
        }
        let mut packet = question.bytes(at as u16 & 0x7fff);
        for _ in 0..chance.below(4) {
            let place = if chance.one_in(3) {
                chance.below(12).max(2)
            } else {
                chance.below(packet.len() as u64).max(2)
            };
            packet[place as usize] =
                *chance.of(&[0, 1, 2, 0x80, 0xc0, 0xff, 63, 64, chance.clone().next() as u8]);
        }
        match chance.below(6) {
            0 => packet.truncate(2 + chance.below(packet.len() as u64) as usize),
            1 => packet.extend(vec![b'x'; chance.below(600) as usize]),
            _ => {}
        }
        let [theirs, own] = both.clients.each_ref().map(|client| client.ask_or_not(&packet, &next));
        // What is answered is compared; of rubbish that is repeated the bytes are.
        let is_same = match (&theirs, &own) {
            (Some(theirs), Some(own)) if theirs.len() > 60 => {
                let read = |bytes: &[u8]| std::panic::catch_unwind(|| Answer::read(bytes)).ok();
                read(theirs) == read(own)
            }
            (theirs, own) => theirs == own,
        };
        if !is_same {
            differences += 1;
            println!("{packet:02x?}\n  rbldnsd: {theirs:02x?}\n  ours:    {own:02x?}");
        }
        assert!(differences < 5);
    }
    assert_eq!(differences, 0);
}

#[test]
fn streams_have_room_for_what_packets_have_not() {
    use std::io::{Read, Write};
    let folder = Folder::new("streams");
    let lines: String = (0..60).map(|at| format!("bad.test :{}:text {at}\n", at + 1)).collect();
    let spec = Spec::new("list.test", Format::Dnset, &folder.file("list", lines));
    let server = ours(vec![Arc::new(spec.load(&options()))], 2);
    let question = Question::new("bad.test.list.test", TXT).bytes(7);
    let cut = Answer::read(&Client::new(server.places()[0]).ask(&question));
    assert!(cut.sections[0].len() < 60 && cut.flags[0] & 4 == 0, "not authoritative: {cut:?}");
    let mut stream = std::net::TcpStream::connect(server.places()[0]).unwrap();
    // Two questions at once, the second in pieces.
    let one = [&(question.len() as u16).to_be_bytes(), question.as_slice()].concat();
    stream.write_all(&one).unwrap();
    stream.write_all(&one[..5]).unwrap();
    stream.write_all(&one[5..]).unwrap();
    for _ in 0..2 {
        let mut length = [0; 2];
        stream.read_exact(&mut length).unwrap();
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut answer).unwrap();
        let answer = Answer::read(&answer);
        assert_eq!(answer.sections[0].len(), 60);
        assert_eq!(answer.flags[0] & 4, 4);
    }
}
