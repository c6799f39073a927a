//! What a list that goes bad does: nothing. The last good copy answers, and one line says why.

use crate::sources::{Rsync, Web, broken_off};
use crate::world::World;
use mailprint::config::Config;
use mailprint::config::zones::Zone;
use mailprint::dns::{Data, Failure, Kind, Name, Question};
use mailprint::limits::Limits;
use mailprint::metrics::Metrics;
use mailprint::server::zones::wanted;
use mailprint::zones::held::build::Builder;
use mailprint::zones::held::{Held, Keeper, Looked, Notices, Shared};
use ring::signature::{Ed25519KeyPair, KeyPair};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

/// A moment to begin at.
const BEGIN: i64 = 1_800_000_000;
const HOUR: i64 = 3600;

/// One list, a clock, and what was said.
struct Room {
    keeper: Arc<Keeper>,
    held: Arc<Held>,
    clock: Arc<AtomicI64>,
    said: Arc<Mutex<Vec<String>>>,
    runtime: Runtime,
}

impl Room {
    fn new(zone: Zone, folder: &Path) -> Room {
        let config = Config { zones: vec![zone], ..Config::default() };
        let wanted = wanted(&config).unwrap().remove(0);
        let clock = Arc::new(AtomicI64::new(BEGIN));
        let now = Arc::clone(&clock);
        let metrics = Metrics::new().unwrap();
        let lists = [(wanted.name.clone(), wanted.max_age)];
        let clock_of_held = Arc::new(move || now.load(Ordering::Relaxed));
        let held = Arc::new(Held::new(lists, &metrics.zones, clock_of_held));
        let said = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&said);
        let warn = Arc::new(move |text: &str| lines.lock().unwrap().push(text.to_owned()));
        let shared = Shared {
            held: Arc::clone(&held),
            folder: folder.to_owned(),
            limits: Limits::default(),
            metrics: metrics.zones.clone(),
            notices: Notices { warn, info: Arc::new(|_| {}) },
            builder: Builder::Here,
            building: Arc::new(Semaphore::new(1)),
        };
        let keeper = Arc::new(Keeper::new(wanted, shared).unwrap());
        let runtime = Runtime::new().unwrap();
        Room { keeper, held, clock, said, runtime }
    }

    fn look(&self) -> Looked {
        let looked = self.runtime.block_on(self.keeper.look());
        self.keeper.tick();
        looked
    }

    fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    /// The codes of `name` in the list.
    fn codes(&self, name: &str) -> Vec<String> {
        let name = Name::new(format!("{name}.bl.example")).unwrap();
        match self.held.answer(&Question::new(name, Kind::A)).unwrap() {
            Err(Failure::Paused) => vec!["nothing".to_owned()],
            Err(other) => panic!("{other}"),
            Ok(reply) => reply
                .of(Kind::A)
                .map(|data| match data {
                    Data::V4(address) => address.to_string(),
                    other => panic!("{other:?}"),
                })
                .collect(),
        }
    }

    /// The last good copy, which lists 192.0.2.1, answers.
    fn assert_stays(&self) {
        assert_eq!(self.codes("1.2.0.192"), ["127.0.0.2"]);
        assert!(self.codes("9.9.9.9").is_empty());
    }

    /// What was said since the last time.
    fn said(&self) -> Vec<String> {
        std::mem::take(&mut self.said.lock().unwrap())
    }

    /// A look brings nothing, one line says why, and the next look says nothing more.
    fn assert_refused(&self, why: &str) {
        let looked = self.look();
        assert!(matches!(looked, Looked::Failed(_)), "{why}: {looked:?}");
        self.assert_stays();
        let said = self.said();
        assert!(said.len() == 1 && said[0].contains(why), "{why}: {said:?}");
        assert!(said[0].starts_with("zones: bl.example: "), "{said:?}");
        assert!(said[0].contains("the last good copy stays"), "{said:?}");
        self.look();
        self.assert_stays();
        assert_eq!(self.said(), [""; 0], "{why}: said twice");
    }
}

/// A list of `count` addresses from 192.0.2.1 on, with this serial.
fn list(serial: u32, count: u32) -> String {
    let first = u32::from_be_bytes([192, 0, 2, 1]);
    let addresses = (first..first + count).map(|n| format!("{}\n", std::net::Ipv4Addr::from(n)));
    format!(
        "$SOA 300 ns.bl.example root.bl.example {serial} 600 300 86400 300\n\
         :127.0.0.2:Listed, see https://bl.example/?$\n{}",
        addresses.collect::<String>()
    )
}

fn zone(web: &Web, format: &str) -> Zone {
    Zone {
        name: "bl.example".into(),
        format: format.into(),
        from: vec![web.url("list")],
        ca_file: Some(web.ca()),
        ..Zone::default()
    }
}

/// A world, a web server in it, and a list of 1,000 addresses that has been fetched.
fn fetched(name: &str, change: impl FnOnce(&mut Zone)) -> Option<(World, Web, Room)> {
    let world = World::new(&format!("lists-{name}"));
    let web = Web::start(&world.at("web"))?;
    let mut zone = zone(&web, "ip4set");
    change(&mut zone);
    web.publish("list", list(100, 1000));
    let room = Room::new(zone, &world.at("zones"));
    Some((world, web, room))
}

fn started(name: &str) -> Option<(World, Web, Room)> {
    let (world, web, room) = fetched(name, |_| {})?;
    assert!(matches!(room.look(), Looked::New), "{:?}", room.said());
    room.assert_stays();
    assert!(room.said().is_empty());
    Some((world, web, room))
}

#[test]
fn a_good_copy_replaces_the_one_before_and_unchanged_ones_are_not_sent_again() {
    let Some((_world, web, room)) = started("good") else { return };
    assert!(matches!(room.look(), Looked::Unchanged));
    web.publish("list", list(101, 1200));
    assert!(matches!(room.look(), Looked::New));
    assert_eq!(room.codes("100.6.0.192"), ["127.0.0.2"]);
    assert_eq!(room.keeper.row().records, Some(1200));
}

#[test]
fn a_download_that_breaks_off_is_not_taken() {
    let Some((world, _web, room)) = started("torn") else { return };
    drop(room);
    let address = broken_off("192.0.2.7\n");
    let torn = Zone { from: vec![format!("http://{address}/list")], ..zone(&_web, "ip4set") };
    let room = Room::new(torn, &world.at("zones"));
    assert!(matches!(room.look(), Looked::Failed(_)));
    let said = room.said();
    assert!(said.len() == 1 && said[0].contains("did not arrive whole"), "{said:?}");
}

#[test]
fn a_server_that_is_down_for_days_costs_nothing_for_one_and_all_after_two() {
    let Some((_world, mut web, room)) = started("down") else { return };
    web.stop();
    for _ in 0..24 {
        room.pass(HOUR);
        assert!(matches!(room.look(), Looked::Failed(_)));
        room.assert_stays();
    }
    let name = Name::new("bl.example").unwrap();
    let said = room.said();
    assert!(said.len() == 1 && said[0].contains("cannot be reached"), "{said:?}");
    assert_eq!(room.held.weight(&name), 1.0);
    room.pass(12 * HOUR);
    room.look();
    assert_eq!(room.held.weight(&name), 0.5);
    room.assert_stays();
    let said = room.said();
    assert!(said.len() == 1 && said[0].contains("36 hours old"), "{said:?}");
    room.pass(13 * HOUR);
    room.look();
    assert_eq!(room.codes("1.2.0.192"), ["nothing"]);
    let said = room.said();
    assert!(said.len() == 1 && said[0].contains("answers nothing any more"), "{said:?}");
    web.resume();
    assert!(matches!(room.look(), Looked::Unchanged));
    assert_eq!(room.held.weight(&name), 1.0);
    room.assert_stays();
}

#[test]
fn a_list_of_the_world_is_refused() {
    let Some((_world, web, room)) = started("world") else { return };
    for (serial, all) in [(102, "0.0.0.0-255.255.255.255\n"), (103, "0.0.0.0/2\n128.0.0.0/1\n")] {
        web.publish("list", format!("{}{all}", list(serial, 1000)));
        room.assert_refused("which no list may");
        web.publish("list", list(serial, 1000));
        assert!(matches!(room.look(), Looked::New));
        room.said();
    }
}

#[test]
fn an_empty_list_is_refused() {
    let Some((_world, web, room)) = started("empty") else { return };
    web.publish("list", list(101, 0));
    room.assert_refused("it has 0 records, 1 at least");
    web.publish("list", "");
    let looked = room.look();
    assert!(matches!(looked, Looked::Failed(_)), "{looked:?}");
    room.assert_stays();
}

#[test]
fn bounds_of_the_administrator_hold() {
    let bounds = |zone: &mut Zone| {
        (zone.least, zone.most, zone.change) = (900, 1100, 5);
    };
    let Some((_world, web, room)) = fetched("bounds", bounds) else { return };
    assert!(matches!(room.look(), Looked::New));
    for (count, why) in [(899, "900 at least"), (1101, "1100 at most"), (1080, "changed at once")] {
        web.publish("list", list(101, count));
        room.assert_refused(why);
    }
    // As many, but others.
    web.publish("list", list(101, 1000).replace("192.0.", "198.51."));
    room.assert_refused("changed at once");
}

#[test]
fn what_the_administrator_accepts_is_taken_once() {
    let Some((world, web, room)) = started("accept") else { return };
    web.publish("list", list(101, 5000));
    room.assert_refused("changed at once");
    let name = Name::new("bl.example").unwrap();
    let store = mailprint::zones::held::Store::new(&world.at("zones"), &name);
    store.set_accepts(true).unwrap();
    assert!(matches!(room.look(), Looked::New), "{:?}", room.said());
    assert!(!store.accepts());
    assert_eq!(room.keeper.row().records, Some(5000));
}

#[test]
fn a_canary_may_not_be_listed() {
    let own = |zone: &mut Zone| zone.canaries = vec!["203.0.113.0/24".into()];
    let Some((_world, web, room)) = fetched("canary", own) else { return };
    assert!(matches!(room.look(), Looked::New));
    for canary in ["203.0.113.255", "198.41.0.4", "8.8.0.0/16  "] {
        web.publish("list", format!("{}{canary}\n", list(101, 1000)));
        room.assert_refused("which no list may");
    }
}

#[test]
fn domains_of_mailbox_providers_may_not_be_listed() {
    let names = |zone: &mut Zone| zone.format = "dnset".into();
    let Some((_world, web, room)) = fetched("domains", names) else { return };
    web.publish("list", ":127.0.0.2:\nbad.test\n.worse.test\n");
    assert!(matches!(room.look(), Looked::New), "{:?}", room.said());
    assert_eq!(room.codes("a.worse.test"), ["127.0.0.2"]);
    for canary in ["gmail.com", ".com"] {
        web.publish("list", format!(":127.0.0.2:\nbad.test\n.worse.test\n{canary}\n"));
        assert!(matches!(room.look(), Looked::Failed(_)), "{canary}");
        assert_eq!(room.codes("bad.test"), ["127.0.0.2"]);
        assert!(room.codes("gmail.com").is_empty());
    }
}

#[test]
fn an_older_serial_is_refused() {
    let Some((_world, web, room)) = started("serial") else { return };
    web.publish("list", list(99, 1001));
    room.assert_refused("its serial 99 is older than 100");
}

#[test]
fn what_cannot_be_read_is_refused() {
    let Some((_world, web, room)) = started("rubbish") else { return };
    let rubbish = "<html><body>Our list has moved</body></html>\n".repeat(100);
    web.publish("list", format!("{}{rubbish}", list(101, 1000)));
    room.assert_refused("lines are bad");
}

#[test]
fn sums_have_to_be_right() {
    let sums = |zone: &mut Zone| zone.checksum = ".sha256".into();
    let Some((_world, web, room)) = fetched("sums", sums) else { return };
    let sum = |text: &str| {
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        format!("{}  list\n", data_encoding::HEXLOWER.encode(digest.as_ref()))
    };
    web.publish("list.sha256", sum(&list(100, 1000)));
    assert!(matches!(room.look(), Looked::New), "{:?}", room.said());
    web.publish("list", list(101, 1001));
    room.assert_refused("SHA-256 sum");
    web.publish("list.sha256", sum(&list(101, 1001)));
    assert!(matches!(room.look(), Looked::New));
}

/// A key pair of minisign, made for this.
struct Signer(Ed25519KeyPair);

impl Signer {
    fn new(seed: u8) -> Signer {
        Signer(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    fn key(&self) -> String {
        let bytes = [b"Ed", &[7; 8][..], self.0.public_key().as_ref()].concat();
        data_encoding::BASE64.encode(&bytes)
    }

    fn sign(&self, text: &[u8]) -> String {
        let of_file = self.0.sign(text);
        let comment = "made for a test";
        let of_comment = self.0.sign(&[of_file.as_ref(), comment.as_bytes()].concat());
        let whole = [b"Ed", &[7; 8][..], of_file.as_ref()].concat();
        let base64 = |bytes: &[u8]| data_encoding::BASE64.encode(bytes);
        format!(
            "untrusted comment: x\n{}\ntrusted comment: {comment}\n{}\n",
            base64(&whole),
            base64(of_comment.as_ref())
        )
    }
}

#[test]
fn signatures_have_to_be_right() {
    let (owner, stranger) = (Signer::new(1), Signer::new(2));
    let signed = |zone: &mut Zone| zone.minisign_key = owner.key();
    let Some((_world, web, room)) = fetched("signed", signed) else { return };
    let (old, new) = (list(100, 1000), list(101, 1001));
    web.publish("list.minisig", owner.sign(old.as_bytes()));
    assert!(matches!(room.look(), Looked::New), "{:?}", room.said());
    web.publish("list", &new);
    room.assert_refused("its signature is wrong");
    web.publish("list.minisig", stranger.sign(new.as_bytes()));
    room.look();
    room.assert_stays();
    web.publish("list.minisig", owner.sign(new.as_bytes()));
    assert!(matches!(room.look(), Looked::New));
}

#[test]
fn a_full_disk_costs_nothing_but_news() {
    use nix::mount::{MntFlags, MsFlags, mount, umount2};
    let Some((world, web, room)) = fetched("full", |_| {}) else { return };
    drop(room);
    let disk = world.at("disk");
    std::fs::create_dir_all(&disk).unwrap();
    let small = Some("size=256k");
    if mount(Some("none"), &disk, Some("tmpfs"), MsFlags::empty(), small).is_err() {
        println!("skipped: only root has small disks");
        return;
    }
    let room = Room::new(zone(&web, "ip4set"), &disk);
    assert!(matches!(room.look(), Looked::New), "{:?}", room.said());
    std::fs::write(disk.join("filler"), vec![0; 1 << 20]).unwrap_err();
    web.publish("list", list(101, 1100));
    room.assert_refused("the disk is full");
    std::fs::remove_file(disk.join("filler")).unwrap();
    assert!(matches!(room.look(), Looked::New), "{:?}", room.said());
    drop(room);
    umount2(&disk, MntFlags::MNT_DETACH).unwrap();
}

#[test]
fn a_restart_begins_with_the_last_good_copy_and_its_age() {
    let Some((world, mut web, room)) = started("restart") else { return };
    web.stop();
    drop(room);
    let room = Room::new(zone(&web, "ip4set"), &world.at("zones"));
    room.pass(36 * HOUR);
    room.keeper.open();
    room.assert_stays();
    assert_eq!(room.keeper.row().age, Some(36 * HOUR));
    assert_eq!(room.keeper.row().weight, 0.5);
    // Of other sources it is another list.
    let other = Zone { from: vec![web.url("other")], ..zone(&web, "ip4set") };
    let room = Room::new(other, &world.at("zones"));
    room.keeper.open();
    assert_eq!(room.codes("1.2.0.192"), ["nothing"]);
}

#[test]
fn several_files_make_one_list_from_rsync_and_from_the_disk() {
    let world = World::new("lists-rsync");
    let Some(rsync) = Rsync::start(&world.at("rsync")) else { return };
    std::fs::create_dir_all(world.at("rsync/lists")).unwrap();
    world.write("rsync/lists/v4", "192.0.2.1\n");
    world.write("names", ".bad.test\n");
    let from = vec![
        format!("rsync://{}/lists/v4", rsync.address),
        format!("dnset:{}", world.at("names").display()),
    ];
    let zone = Zone { name: "bl.example".into(), format: "ip4set".into(), from, ..Zone::default() };
    let room = Room::new(zone, &world.at("zones"));
    assert!(matches!(room.look(), Looked::New), "{:?}", room.said());
    room.assert_stays();
    assert_eq!(room.codes("x.bad.test"), ["127.0.0.2"]);
    assert!(matches!(room.look(), Looked::Unchanged));
    world.write("names", ".bad.test\n.worse.test\n");
    assert!(matches!(room.look(), Looked::New), "{:?}", room.said());
    assert_eq!(room.codes("worse.test"), ["127.0.0.2"]);
    room.assert_stays();
}

#[test]
fn a_file_of_this_machine_is_as_old_as_it_was_written() {
    let world = World::new("lists-file");
    world.write("ours", "192.0.2.1\n");
    let zone = Zone {
        name: "bl.example".into(),
        format: "networks".into(),
        from: vec![world.at("ours").display().to_string()],
        max_age: 100,
        ..Zone::default()
    };
    let room = Room::new(zone, &world.at("zones"));
    let written = std::fs::metadata(world.at("ours")).unwrap().modified().unwrap();
    let written = written.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    room.clock.store(written + 150, Ordering::Relaxed);
    assert!(matches!(room.look(), Looked::New), "{:?}", room.said());
    assert_eq!(room.keeper.row().weight, 0.5);
    // An own list may change as its owner likes, but not into nothing.
    world.write("ours", "192.0.2.1\n198.51.100.0/24\n203.0.113.7\n");
    assert!(matches!(room.look(), Looked::New));
    assert_eq!(room.codes("99.100.51.198"), ["127.0.0.2"]);
    world.write("ours", "");
    assert!(matches!(room.look(), Looked::Failed(_)));
    room.assert_stays();
}
