//! What is refused: each kind leaves the last good state in force, and is told of.

use crate::ground::{Ground, SPAM, key, keys, now, pass, spam};
use mailprint::feed::base::Lists;
use mailprint::feed::verify::countersign;
use mailprint::feed::{Head, ListId};
use mailprint::fingerprint::known::{Change, Origin, Source};
use mailprint::fingerprint::{Algorithm, Class, Listed};
use std::fs;
use std::process::{Command, Stdio};

/// A follower at state 1 of a hundred keys, and a publisher at state 2 of a hundred and ten.
async fn begun(name: &str) -> Ground {
    let ground = Ground::new(name);
    ground.publish(&spam(keys(0, 100)));
    assert_eq!(ground.poll().await.unwrap().to, 1);
    assert!(ground.is_in_force(&keys(0, 100)));
    ground.publish(&spam(keys(0, 110)));
    ground.lines();
    ground
}

/// A poll that is refused for `cause`, and nothing else changes: neither for who polls nor for
/// who is started again.
async fn refused(ground: &Ground, cause: &str) {
    let before = ground.refusals(cause);
    let mut follower = ground.open().unwrap();
    let error = follower.poll().await.unwrap_err();
    assert_eq!(error.cause(), cause, "{error}");
    assert!(ground.is_in_force(&keys(0, 100)), "{cause}");
    assert_eq!(ground.refusals(cause), before + 1);
    let lines = ground.lines();
    assert!(lines.contains("the last good state (1) stays in force"), "{lines}");
    assert!(follower.poll().await.is_err());
    assert_eq!(ground.lines(), "", "told of once");
    drop(follower);
    drop(ground.open().unwrap());
    assert!(ground.is_in_force(&keys(0, 100)), "{cause}");
}

/// And once it is mended, all is well.
async fn recovers(ground: &Ground) {
    let polled = ground.poll().await.unwrap();
    assert_eq!((polled.to, polled.entries), (2, 110));
    assert!(ground.is_in_force(&keys(0, 110)));
}

fn flip(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 0x10;
    bytes
}

#[tokio::test]
async fn bad_heads() {
    let ground = begun("feed-heads").await;
    let path = ground.www("v1/head");
    let good = fs::read(&path).unwrap();
    let put = |bytes: Vec<u8>| fs::write(&path, bytes).unwrap();
    let decoded = Head::decode(&good[..good.len() - 64]).unwrap();
    let signed = |head: Head, seed: u8| key(seed).signed(head.encode());
    for (at, cause) in [(0, "signature"), (5, "key"), (60, "signature"), (219, "signature")] {
        put(flip(&good, at));
        refused(&ground, cause).await;
    }
    for bytes in [Vec::new(), good[..219].to_vec(), [&good[..], b"x"].concat()] {
        let cause = if bytes.len() > 220 { "large" } else { "signature" };
        put(bytes);
        refused(&ground, cause).await;
    }
    put(signed(decoded.clone(), 2));
    refused(&ground, "signature").await;
    let own = Head { key_id: key(2).public().id(), ..decoded.clone() };
    put(signed(own, 2));
    refused(&ground, "key").await;
    put(signed(Head { expires_at: now(), ..decoded.clone() }, 1));
    refused(&ground, "expired").await;
    put(signed(Head { issued_at: now() + 9999, ..decoded.clone() }, 1));
    refused(&ground, "future").await;
    put(signed(Head { epoch: 2, ..decoded.clone() }, 1));
    refused(&ground, "epoch").await;
    put(signed(Head { seq: 1, snap_seq: 1, ..decoded.clone() }, 1));
    refused(&ground, "forked").await;
    put(signed(Head { seq: 0, snap_seq: 0, ..decoded.clone() }, 1));
    refused(&ground, "rollback").await;
    put(signed(Head { set_hash: [1; 16], ..decoded.clone() }, 1));
    refused(&ground, "unfit").await;
    put(signed(Head { n_entries: 111, ..decoded }, 1));
    refused(&ground, "unfit").await;
    fs::remove_file(&path).unwrap();
    refused(&ground, "missing").await;
    put(good);
    recovers(&ground).await;
}

#[tokio::test]
async fn bad_deltas() {
    let ground = begun("feed-deltas").await;
    let path = ground.www("v1/d/1/1-2");
    let good = fs::read(&path).unwrap();
    // The head vouches for the newest one: whatever is changed is another file.
    for bytes in [flip(&good, 50), good[..good.len() - 1].to_vec(), Vec::new()] {
        fs::write(&path, bytes).unwrap();
        refused(&ground, "mixed").await;
    }
    fs::remove_file(&path).unwrap();
    refused(&ground, "missing").await;
    fs::write(&path, &good).unwrap();
    // For those before it their signature does.
    ground.publish(&spam(keys(0, 111)));
    for bytes in [
        flip(&good, 50),
        good[..good.len() - 1].to_vec(),
        key(2).signed(good[..good.len() - 64].to_vec()),
    ] {
        fs::write(&path, bytes).unwrap();
        refused(&ground, "signature").await;
    }
    // A delta of another step, rightly signed, is a gap.
    fs::copy(ground.www("v1/d/1/2-3"), &path).unwrap();
    refused(&ground, "gap").await;
    fs::write(&path, key(1).signed(b"SFD1".to_vec())).unwrap();
    refused(&ground, "format").await;
    fs::write(&path, good).unwrap();
    assert_eq!(ground.poll().await.unwrap().to, 3);
    assert!(ground.is_in_force(&keys(0, 111)));
}

#[tokio::test]
async fn bad_snapshots() {
    let ground = Ground::new("feed-snapshots");
    ground.publish(&spam(keys(0, 100)));
    let path = ground.www("v1/s/1/1");
    let good = fs::read(&path).unwrap();
    for (bytes, cause) in [
        (flip(&good, 100), "mixed"),
        (good[..good.len() - 1].to_vec(), "mixed"),
        ([&good[..], b"x"].concat(), "large"),
    ] {
        fs::write(&path, bytes).unwrap();
        assert_eq!(ground.poll().await.unwrap_err().cause(), cause);
        assert!(ground.is_in_force(&[]));
    }
    fs::write(&path, &good).unwrap();
    assert!(ground.poll().await.unwrap().by_snapshot);
    assert!(ground.is_in_force(&keys(0, 100)));
}

#[tokio::test]
async fn steps_that_are_too_large_need_a_second_key_or_the_administrator() {
    let mut ground = Ground::new("feed-outsize");
    ground.settings.brake.always = 20;
    ground.publish(&spam(keys(0, 100)));
    ground.poll().await.unwrap();
    ground.publish(&spam(keys(0, 121)));
    refused(&ground, "outsize").await;
    // The second key's signature beside the delta.
    ground.settings.trust.countersigners = vec![key(7).public()];
    refused(&ground, "outsize").await;
    let delta = fs::read(ground.www("v1/d/1/1-2")).unwrap();
    fs::write(ground.www("v1/d/1/1-2.sig"), countersign(&delta, &key(1))).unwrap();
    refused(&ground, "outsize").await;
    fs::write(ground.www("v1/d/1/1-2.sig"), countersign(&delta, &key(7))).unwrap();
    assert_eq!(ground.poll().await.unwrap().to, 2);
    // A list that is emptied, and the administrator who agrees.
    ground.publish(&spam(keys(0, 10)));
    assert_eq!(ground.poll().await.unwrap_err().cause(), "outsize");
    assert!(ground.is_in_force(&keys(0, 121)));
    ground.settings.accept_outsize = true;
    assert_eq!(ground.poll().await.unwrap().entries, 10);
}

#[tokio::test]
async fn a_step_that_lists_what_is_wanted_here_is_refused() {
    let ground = begun("feed-wanted").await;
    ground.poll().await.unwrap();
    let ham = |key| Change::Print {
        algorithm: Algorithm::TextExact,
        key,
        listed: Listed::default().with(Class::Ham, 15),
    };
    let local = |count: u64| {
        let wanted: Vec<Change> = keys(110, count).into_iter().map(ham).collect();
        ground.live.update(|sets| sets.with(Origin::Local, Source::default().changed(&wanted)));
    };
    local(21);
    ground.publish(&spam(keys(0, 131)));
    let error = ground.poll().await.unwrap_err();
    assert_eq!(error.cause(), "wanted", "{error}");
    assert!(ground.is_in_force(&keys(0, 110)));
    local(20);
    assert_eq!(ground.poll().await.unwrap().entries, 131);
}

#[tokio::test]
async fn what_grows_old_is_stale_says_so_and_weighs_less() {
    let ground = begun("feed-stale").await;
    let mut follower = ground.open().unwrap();
    follower.poll().await.unwrap();
    let known = keys(0, 110)[0];
    assert_eq!((ground.weight(known), ground.metric("mailprint_feed_stale{feed=\"f\"}")), (9, 0));
    ground.lines();
    // Ten minutes without a fresh head.
    pass(601);
    assert_eq!(follower.poll().await.unwrap_err().cause(), "expired");
    let lines = ground.lines();
    assert!(lines.contains("ran out") && lines.contains("is STALE"), "{lines}");
    assert_eq!(ground.metric("mailprint_feed_stale{feed=\"f\"}"), 1);
    assert_eq!(ground.metric("mailprint_feed_age_seconds{feed=\"f\"}"), 601);
    assert_eq!(ground.weight(known), 9, "for two hours it counts whole");
    pass(26 * 3600);
    assert!(follower.poll().await.is_err());
    assert_eq!(ground.weight(known), 4);
    pass(90 * 86_400);
    assert!(follower.poll().await.is_err());
    assert_eq!(ground.weight(known), 0, "an old feed never blocks for ever");
    // A fresh head brings it all back, though nothing was listed since.
    ground.publish(&spam(keys(0, 110)));
    assert_eq!(follower.poll().await.unwrap().to, 2);
    assert_eq!((ground.weight(known), ground.metric("mailprint_feed_stale{feed=\"f\"}")), (9, 0));
    assert!(ground.lines().contains("is fresh again"));
}

#[tokio::test]
async fn who_was_away_comes_by_days_hours_and_minutes_or_by_a_snapshot() {
    let ground = Ground::new("feed-away");
    let state = |n: u64| spam(keys(n % 7, 40 + n % 11));
    ground.publish(&state(1));
    ground.poll().await.unwrap();
    for n in 2..=130 {
        ground.publish(&state(n));
    }
    fs::remove_file(ground.www("v1/d/1/70-71")).unwrap();
    let polled = ground.poll().await.unwrap();
    assert_eq!((polled.from, polled.to, polled.by_snapshot), (1, 130, false), "an hour's delta");
    assert!(ground.is_in_force(&state(130)[&SPAM]));
    for n in 131..=140 {
        ground.publish(&state(n));
    }
    fs::remove_file(ground.www("v1/d/1/130-131")).unwrap();
    assert_eq!(ground.poll().await.unwrap_err().cause(), "missing", "no snapshot is newer");
    for n in 141..=181 {
        ground.publish(&state(n));
    }
    let polled = ground.poll().await.unwrap();
    assert_eq!((polled.to, polled.by_snapshot), (181, true));
    assert!(ground.is_in_force(&state(181)[&SPAM]));
    assert_eq!(ground.metric("mailprint_feed_resyncs_total{feed=\"f\"}"), 1);
}

#[tokio::test]
async fn a_new_epoch_needs_the_administrator_and_an_old_one_never_returns() {
    let ground = begun("feed-epoch").await;
    let old = fs::read(ground.www("v1/head")).unwrap();
    fs::remove_dir_all(ground.folder.at("www")).unwrap();
    ground.publish_with(&spam(keys(50, 60)), |publisher| publisher.epoch = 2);
    refused(&ground, "epoch").await;
    let mut ground = ground;
    ground.settings.trust.epoch = 2;
    assert_eq!(ground.poll().await.unwrap().to, 1);
    assert!(ground.is_in_force(&keys(50, 60)));
    fs::write(ground.www("v1/head"), old).unwrap();
    assert_eq!(ground.poll().await.unwrap_err().cause(), "rollback");
    assert!(ground.is_in_force(&keys(50, 60)));
}

#[tokio::test]
async fn lost_files_are_fetched_again_but_nothing_older_is_believed() {
    let ground = begun("feed-lost").await;
    let old = fs::read(ground.www("v1/head")).unwrap();
    ground.publish(&spam(keys(0, 115)));
    ground.poll().await.unwrap();
    let replica = ground.folder.at("replica");
    let base = fs::read_dir(&replica).unwrap().flatten().map(|entry| entry.path());
    let base = base.into_iter().find(|path| path.to_string_lossy().contains("/base-")).unwrap();
    fs::write(&base, "torn").unwrap();
    let new = fs::read(ground.www("v1/head")).unwrap();
    fs::write(ground.www("v1/head"), old).unwrap();
    assert_eq!(ground.poll().await.unwrap_err().cause(), "rollback");
    fs::write(ground.www("v1/head"), new).unwrap();
    let polled = ground.poll().await.unwrap();
    assert_eq!((polled.to, polled.by_snapshot), (3, true));
    assert!(ground.is_in_force(&keys(0, 115)));
    assert_eq!(ground.open().unwrap().replica().unwrap().set().entries(), 115);
}

#[tokio::test]
async fn limit_feed_overlay_writes_the_state_down_anew() {
    let mut ground = begun("feed-overlay").await;
    ground.limits.feed_overlay = 10;
    ground.poll().await.unwrap();
    let files = |kind: &str| {
        let entries = fs::read_dir(ground.folder.at("replica")).unwrap().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with(kind)).collect::<Vec<_>>()
    };
    assert_eq!((files("delta-").len(), files("base-")), (1, vec!["base-1-1".to_owned()]));
    ground.publish(&spam(keys(0, 111)));
    ground.poll().await.unwrap();
    assert_eq!((files("delta-").len(), files("base-")), (0, vec!["base-1-3".to_owned()]));
    assert!(ground.is_in_force(&keys(0, 111)));
    drop(ground.open().unwrap());
    assert!(ground.is_in_force(&keys(0, 111)));
}

#[tokio::test]
async fn limit_feed_delta_bytes_holds_and_a_snapshot_leads_on() {
    let mut ground = begun("feed-delta-bytes").await;
    let length = fs::metadata(ground.www("v1/d/1/1-2")).unwrap().len() as usize;
    ground.limits.feed_delta_bytes = length - 1;
    assert_eq!(ground.poll().await.unwrap_err().cause(), "large");
    ground.limits.feed_delta_bytes = length;
    recovers(&ground).await;
}

#[tokio::test]
async fn lists_that_nobody_here_knows_are_carried_and_mean_nothing() {
    let ground = Ground::new("feed-unknown");
    let unknown = ListId { algorithm: 200, class: 0x93 };
    let state = |from: u64| Lists::from([(SPAM, keys(0, 10)), (unknown, keys(from, 30))]);
    ground.publish(&state(0));
    ground.poll().await.unwrap();
    ground.publish(&state(5));
    let polled = ground.poll().await.unwrap();
    assert_eq!((polled.to, polled.entries), (2, 40));
    assert!(ground.is_in_force(&keys(0, 10)));
}

#[tokio::test]
async fn two_processes_do_not_follow_one_feed_in_one_folder() {
    let ground = begun("feed-busy").await;
    let first = ground.open().unwrap();
    assert_eq!(ground.open().map(drop).unwrap_err().cause(), "busy");
    drop(first);
    recovers(&ground).await;
}

#[tokio::test]
async fn a_full_disk_keeps_the_last_good_state_and_says_so() {
    let ground = begun("feed-full").await;
    let place = ground.folder.at("replica");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=128k,mode=777", "tmpfs"])
        .arg(&place)
        .stderr(Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        println!("skipped: only root may mount a small disk");
        return;
    }
    ground.poll().await.unwrap();
    ground.publish(&spam(keys(0, 111)));
    // Whatever is left is taken.
    let filled = fs::write(place.join("filler"), vec![0; 1 << 20]);
    let error = ground.poll().await.map(drop);
    let kept = ground.is_in_force(&keys(0, 110));
    let lines = ground.lines();
    let anew = ground.open().map(drop);
    let still = ground.is_in_force(&keys(0, 110));
    fs::remove_file(place.join("filler")).unwrap();
    let recovered = ground.poll().await.map(|polled| polled.to);
    Command::new("umount").arg(&place).status().unwrap();
    assert!(filled.is_err());
    assert_eq!(error.unwrap_err().cause(), "full");
    assert!(kept && still && anew.is_ok(), "{lines}");
    assert!(lines.contains("the disk is full"), "{lines}");
    assert_eq!(recovered.unwrap(), 3);
}
