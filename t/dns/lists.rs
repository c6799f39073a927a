//! Lists that refuse, that are dead, that list everything.

use super::responder::{Asked as Heard, Responder, Say, a, code, found, well_kept_list};
use super::{Bench, in_seconds, name, settings};
use mailprint::dns::lists::{Asked, Subject};
use mailprint::dns::probes::{self, Health, Round};
use mailprint::dns::{Failure, Kind, Settings};
use mailprint::limits::Limits;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn asked(zone: &str, subject: Subject) -> Asked {
    Asked { zone: name(zone), subject }
}

#[tokio::test]
async fn a_list_that_refuses_is_paused_and_named_once() {
    let server = Responder::start(|asked| match &*asked.name {
        name if name.ends_with(".zen.spamhaus.org") => found(vec![a([127, 255, 255, 254])]),
        name if name.ends_with(".bl.private.example") => found(vec![a([203, 0, 113, 9])]),
        name if name.ends_with(".psbl.surriel.com") => found(vec![a([203, 0, 113, 9])]),
        _ => found(vec![a([127, 0, 0, 2])]),
    });
    let lists = vec![asked("bl.private.example", Subject::Addresses)];
    for pauses in [true, false] {
        let settings = Settings { lists: lists.clone(), pauses, ..settings([server.address]) };
        let bench = Bench::with(settings, &Limits::default());
        // The first answer still comes: rules for the refusal see it.
        let reply = bench.ask("1.0.0.10.zen.spamhaus.org", Kind::A).await.unwrap();
        assert_eq!(reply.answers.len(), 1);
        let second = bench.ask("2.0.0.10.zen.spamhaus.org", Kind::A).await;
        assert_eq!(second.err(), pauses.then_some(Failure::Paused));
        assert_eq!(bench.resolver.is_paused(&name("zen.spamhaus.org")), pauses);
        assert!(bench.ask("1.0.0.10.bl.spamcop.net", Kind::A).await.is_ok(), "another list");
        let metric = |what: &str| {
            bench.metric(&format!("mailprint_list_{what}{{list=\"zen.spamhaus.org\"}}"))
        };
        assert_eq!(metric("refusals_total"), if pauses { 1 } else { 2 });
        assert_eq!(metric("paused"), i64::from(pauses));
        let lines = bench.lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        for part in ["zen.spamhaus.org", "127.255.255.254", "public resolver", "What to do"] {
            assert!(lines[0].contains(part), "{part}: {}", lines[0]);
        }
        // A list whose domain was sold, and one of the administrator's own, which may mean it.
        bench.ask("1.0.0.10.psbl.surriel.com", Kind::A).await.unwrap();
        assert_eq!(bench.resolver.is_paused(&name("psbl.surriel.com")), pauses);
        bench.ask("1.0.0.10.bl.private.example", Kind::A).await.unwrap();
        assert!(!bench.resolver.is_paused(&name("bl.private.example")));
        assert_eq!(bench.lines().len(), 3);
    }
}

#[tokio::test]
async fn a_rule_may_have_a_zone_left_alone() {
    let server = Responder::start(|_| found(vec![a([127, 0, 0, 2])]));
    let bench = Bench::asking([server.address]);
    let zone = name("multi.example");
    assert!(bench.resolver.block(&zone, Duration::from_secs(300)));
    assert!(!bench.resolver.block(&zone, Duration::from_secs(300)), "once is enough");
    assert_eq!(bench.ask("x.multi.example", Kind::A).await, Err(Failure::Paused));
    assert!(bench.ask("x.example", Kind::A).await.is_ok());
    let without = Settings { pauses: false, ..settings([server.address]) };
    let bench = Bench::with(without, &Limits::default());
    assert!(!bench.resolver.block(&zone, Duration::from_secs(300)));
    assert!(bench.ask("x.multi.example", Kind::A).await.is_ok());
}

/// What a small internet of lists says.
fn lists_of_all_kinds(heard: &Heard) -> Say {
    let of = |zone: &str| heard.name.ends_with(&format!(".{zone}"));
    if of("world.example") {
        found(vec![a([127, 0, 0, 2])])
    } else if of("zen.spamhaus.org") || heard.name == "gone.example" || of("gone.example") {
        code(3)
    } else if of("sold.example") {
        found(vec![a([203, 0, 113, 9])])
    } else if of("silent.example") {
        code(2)
    } else if of("multi.uribl.com") {
        found(vec![a([127, 0, 0, 1])])
    } else if of("untested.example") || heard.name == "untested.example" {
        code(if heard.name.starts_with("untested") { 0 } else { 3 })
    } else {
        well_kept_list(heard)
    }
}

#[tokio::test]
async fn sick_lists_are_switched_off_and_on_again() {
    let recovered = Arc::new(AtomicBool::new(false));
    let all_well = recovered.clone();
    let server = Responder::start(move |heard| match all_well.load(Ordering::SeqCst) {
        true => well_kept_list(heard),
        false => lists_of_all_kinds(heard),
    });
    let (addresses, domains) = (Subject::Addresses, Subject::Domains);
    let expected = [
        (asked("well.example", addresses), Health::Well),
        (asked("dwell.example", domains), Health::Well),
        (asked("world.example", addresses), Health::ListsEverything),
        (asked("d.world.example", domains), Health::ListsEverything),
        (asked("sold.example", addresses), Health::ListsEverything),
        // Known to list 127.0.0.2; unknown, but the zone is gone; unknown, and the zone is there.
        (asked("zen.spamhaus.org", addresses), Health::Empty),
        (asked("gone.example", addresses), Health::Empty),
        (asked("untested.example", addresses), Health::Well),
        (asked("silent.example", domains), Health::Silent),
        // It refuses: that is not for the probes.
        (asked("multi.uribl.com", domains), Health::Well),
    ];
    let lists = expected.iter().map(|(asked, _)| asked.clone()).collect();
    let bench = Bench::with(Settings { lists, ..settings([server.address]) }, &Limits::default());
    let health: Vec<_> =
        expected.iter().map(|(asked, health)| (asked.zone.clone(), *health)).collect();
    assert_eq!(probes::round(&bench.resolver).await, Round::Lists(health));
    let ill: Vec<_> = expected.iter().filter(|(_, h)| *h != Health::Well).collect();
    assert_eq!(
        bench.lines().iter().filter(|line| line.contains("not asked until")).count(),
        ill.len()
    );
    for (asked, health) in &expected {
        // It has refused the probe.
        let is_off = *health != Health::Well || asked.zone == name("multi.uribl.com");
        let gauge = format!("mailprint_list_paused{{list=\"{}\"}}", asked.zone);
        assert_eq!(bench.metric(&gauge), i64::from(is_off), "{}", asked.zone);
        let outcome = bench.ask(&format!("9.9.9.9.{}", asked.zone), Kind::A).await;
        assert_eq!(outcome == Err(Failure::Paused), is_off, "{}", asked.zone);
    }
    // A second round changes nothing, and says nothing.
    let before = bench.lines().len();
    probes::round(&bench.resolver).await;
    assert_eq!(bench.lines().len(), before);
    recovered.store(true, Ordering::SeqCst);
    probes::round(&bench.resolver).await;
    let again = bench.lines().iter().filter(|line| line.ends_with("asked again")).count();
    assert_eq!(again, ill.len());
    assert!(!bench.resolver.is_paused(&name("zen.spamhaus.org")));
}

#[tokio::test]
async fn no_list_is_blamed_where_there_is_no_network() {
    let lists = vec![asked("zen.spamhaus.org", Subject::Addresses)];
    let bench = Bench::with(Settings { lists, ..settings([super::nobody()]) }, &Limits::default());
    assert_eq!(probes::round(&bench.resolver).await, Round::NoNetwork);
    assert_eq!(bench.lines(), Vec::<String>::new());
    assert!(!bench.resolver.is_paused(&name("zen.spamhaus.org")));
}

#[tokio::test]
async fn the_watch_over_lists_ends_with_the_resolver() {
    let server = Responder::start(well_kept_list);
    let lists = vec![asked("zen.spamhaus.org", Subject::Addresses)];
    let bench = Bench::with(Settings { lists, ..settings([server.address]) }, &Limits::default());
    let watch = tokio::spawn(probes::watch(Arc::downgrade(&bench.resolver)));
    while server.count("1.0.0.127.zen.spamhaus.org") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // A message in the meantime.
    let asker = bench.resolver.asker(in_seconds(9));
    drop((bench, asker));
    assert!(!watch.is_finished(), "it sleeps until the next look");
    watch.abort();
}

#[tokio::test]
async fn a_list_that_falls_silent_is_looked_at() {
    let server = Responder::start(|heard| match heard.name.contains(".slow.example") {
        true => Say::Nothing,
        false => well_kept_list(heard),
    });
    let lists = vec![asked("slow.example", Subject::Addresses)];
    let mut settings = Settings { lists, ..settings([server.address]) };
    settings.patience.usual = mailprint::dns::Wait::new(0.2, None);
    let bench = Bench::with(settings, &Limits::default());
    for number in 0..3 {
        let name = format!("{number}.0.0.10.slow.example");
        assert_eq!(bench.ask(&name, Kind::A).await, Err(Failure::Late));
    }
    let found = probes::round(&bench.resolver).await;
    assert_eq!(found, Round::Lists(vec![(name("slow.example"), Health::Silent)]));
    assert_eq!(bench.ask("9.0.0.10.slow.example", Kind::A).await, Err(Failure::Paused));
}
