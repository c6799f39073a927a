//! Commands that are killed anywhere: what they leave is the old state or the new one, whole.

use crate::ground::{Ground, key};
use crate::nginx::Folder;
use mailprint::feed::Head;
use mailprint::feed::replica::Replica;
use mailprint::feed::verify::{self, Trust};
use mailprint::fetch::check::sha256;
use mailprint::limits::Limits;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

fn mailprint(words: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailprint"));
    command.arg("fp").args(words).current_dir(folder).env("MAILPRINT_CONFIG", "/dev/null");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Lets it run for a while that differs from round to round, up to so many microseconds, and
/// kills it. Had it ended?
fn kill_after(mut child: Child, round: u64, most: u64) -> bool {
    std::thread::sleep(Duration::from_micros(1_000 + (round * 79_193) % most));
    let had_ended = matches!(child.try_wait(), Ok(Some(_)));
    let _ = child.kill();
    let _ = child.wait();
    had_ended
}

/// A head that is served, and that all it speaks of is there.
fn is_whole(www: &Path) -> Option<Head> {
    let trust = Trust { keys: vec![key(1).public()], countersigners: Vec::new(), epoch: 1 };
    let bytes = fs::read(www.join("v1/head")).ok()?;
    let head = verify::head(&bytes, &trust, mailprint::feed::poll::now()).expect("a whole head");
    let snapshot = fs::read(www.join(format!("v1/s/1/{}", head.snap_seq))).unwrap();
    assert_eq!(sha256(&snapshot), head.snap_sha256);
    if head.seq > 1 {
        let name = format!("v1/d/1/{}-{}", head.seq - 1, head.seq);
        assert_eq!(sha256(&fs::read(www.join(name)).unwrap()), head.delta_sha256);
    }
    Some(head)
}

/// How many rounds: `FEED_KILLS`, 25 otherwise.
fn rounds() -> u64 {
    std::env::var("FEED_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(25)
}

#[test]
fn exports_that_are_killed_leave_a_feed_that_can_be_followed() {
    let folder = Folder::new("feed-killed-export");
    let pem = key_file(&folder);
    let mut last = 0;
    let mut cut = 0;
    for round in 0..rounds() {
        teach(&folder, round);
        // An export waits for another second than that of the last head.
        if let Ok(head) = fs::File::options().write(true).open(folder.at("www/v1/head")) {
            head.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(round)).unwrap();
        }
        let words = ["export", "--store", "store", "--feed", "www", "--key", &pem];
        let child = mailprint(&words, &folder.0).spawn().unwrap();
        cut += u64::from(!kill_after(child, round, 250_000));
        if let Some(head) = is_whole(&folder.at("www")) {
            assert!(head.seq >= last, "state {} after {last}", head.seq);
            last = head.seq;
        }
    }
    let words = ["export", "--store", "store", "--feed", "www", "--key", &pem];
    assert!(mailprint(&words, &folder.0).status().unwrap().success());
    let head = is_whole(&folder.at("www")).unwrap();
    println!("{cut} of {} exports killed; state {}", rounds(), head.seq);
    let import = import(&folder);
    assert!(
        mailprint(&import.iter().map(String::as_str).collect::<Vec<_>>(), &folder.0)
            .status()
            .unwrap()
            .success()
    );
    let (source, seen) =
        Replica::look(&folder.at("b/feeds/f"), &Limits::default()).unwrap().unwrap();
    assert_eq!((seen.seq, source.lists().len() as u64), (head.seq, head.n_entries));
}

#[test]
fn imports_that_are_killed_leave_the_old_state_or_the_new_one() {
    let ground = Ground::new("feed-killed-import");
    let folder = &ground.folder;
    crate::ground::real_time();
    let words = import(folder);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut states = Vec::new();
    let mut cut = 0;
    for round in 0..rounds() {
        // Every fifth round they come by a snapshot.
        let count = 40_000 + round * 10;
        let keys = crate::ground::keys(round * 3, count);
        ground.publish(&crate::ground::spam(keys.clone()));
        states.push(keys);
        if round % 5 == 4 {
            let _ = fs::remove_dir_all(folder.at("www/v1/d"));
        }
        let child = mailprint(&words, &folder.0).spawn().unwrap();
        cut += u64::from(!kill_after(child, round, 120_000));
        if let Some((source, head)) =
            Replica::look(&folder.at("b/feeds/f"), &Limits::default()).unwrap()
        {
            let lists = source.lists();
            let keys: Vec<u64> = lists.prints.into_values().flatten().collect();
            assert!(keys == states[head.seq as usize - 1], "state {}", head.seq);
        }
    }
    println!("{cut} of {} imports killed", rounds());
    // What is left does not stand in the way of the next one.
    ground.publish(&crate::ground::spam(crate::ground::keys(0, 40_000)));
    let _ = fs::remove_dir_all(folder.at("b/feeds/f/incoming"));
    let mut last = mailprint(&[&words[..], &["--accept-outsize"]].concat(), &folder.0);
    let output = last.stderr(Stdio::piped()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        // Without deltas and without a newer snapshot there is no way: the next snapshot is one.
        assert!(told.contains("not there"), "{told}");
    }
    let left = fs::read_dir(folder.at("b/feeds/f")).unwrap().flatten();
    let parts = left.filter(|entry| entry.file_name().to_string_lossy().ends_with(".part"));
    assert_eq!(parts.count(), 0, "what the killed have left is swept away");
}

/// The secret key of the ground, as a file.
fn key_file(folder: &Folder) -> String {
    let head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let der = [&head[..], &[1; 32]].concat();
    let text = data_encoding::BASE64.encode(&der);
    let path = folder.at("key.pem");
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n");
    fs::write(&path, pem).unwrap();
    path.display().to_string()
}

fn import(folder: &Folder) -> Vec<String> {
    let www = folder.at("www").display().to_string();
    let public = key(1).public().to_string();
    ["import", "--store", "b", "--name", "f", "--public-key", &public, &www]
        .map(str::to_owned)
        .to_vec()
}

/// A word that no other round has: numbers say nothing to fingerprints.
fn word(round: u64) -> String {
    let letters = (0..8).map(|at| b'a' + ((round + 1).pow(2) * 7919 / 26u64.pow(at) % 26) as u8);
    letters.map(char::from).collect()
}

fn teach(folder: &Folder, round: u64) {
    let path = folder.at("lesson.eml");
    fs::write(&path, crate::servers::mail(&word(round))).unwrap();
    let words = ["learn", "--store", "store", "--class", "spam", "lesson.eml"];
    assert!(mailprint(&words, &folder.0).status().unwrap().success());
}
