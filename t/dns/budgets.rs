//! How much is asked, and how long is waited.

use super::responder::{Manners, Responder, Say, a, found};
use super::{Bench, in_seconds, name, question, settings};
use futures_util::future::join_all;
use mailprint::clock::Tick;
use mailprint::dns::{
    Failure, Kind, Lookup, Outcome, Patience, Question, Restrictions, Settings, Wait,
};
use mailprint::limits::Limits;
use std::time::Duration;

fn questions(count: usize) -> Vec<Question> {
    (0..count).map(|number| question(&format!("n{number}.example"), Kind::A)).collect()
}

async fn all(lookup: &dyn Lookup, questions: &[Question]) -> Vec<Outcome> {
    join_all(questions.iter().map(|question| lookup.lookup(question))).await
}

fn successes(outcomes: &[Outcome]) -> usize {
    outcomes.iter().filter(|outcome| outcome.is_ok()).count()
}

#[tokio::test]
async fn limit_dns_questions() {
    let server = Responder::start(|_| found(vec![a([192, 0, 2, 1])]));
    let limits = Limits { dns_questions: 5, ..Limits::default() };
    let bench = Bench::with(settings([server.address]), &limits);
    for (asked, answered) in [(4, 4), (5, 5), (6, 5)] {
        let asker = bench.resolver.asker(in_seconds(60));
        let outcomes = all(&*asker, &questions(asked)).await;
        assert_eq!(successes(&outcomes), answered);
        assert!(outcomes[answered..].iter().all(|o| *o == Err(Failure::Budget)));
        assert_eq!(asker.asked(), asked);
    }
    assert_eq!(bench.metric("mailprint_limit_hit_total{name=\"dns_questions\"}"), 1);
    assert_eq!(bench.metric("mailprint_dns_failures_total{reason=\"budget\"}"), 1);
}

#[tokio::test]
async fn limit_dns_in_flight_and_dns_queued() {
    let manners = Manners { delay: Duration::from_millis(300), ..Manners::default() };
    let server = Responder::with(manners, |_| found(vec![a([192, 0, 2, 1])]));
    let limits = Limits { dns_in_flight: 2, dns_queued: 3, ..Limits::default() };
    for (asked, answered) in [(2, 2), (5, 5), (6, 5)] {
        let bench = Bench::with(settings([server.address]), &limits);
        let questions = questions(asked);
        let before = server.asked().len();
        let waiting: Vec<_> = questions.iter().map(|q| bench.resolver.lookup(q)).collect();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(bench.metric("mailprint_dns_in_flight"), 2);
        assert!(server.asked().len() - before <= 2, "no more are on the wire");
        let outcomes = join_all(waiting).await;
        assert_eq!(successes(&outcomes), answered);
        let refused = i64::try_from(asked - answered).unwrap();
        assert_eq!(bench.metric("mailprint_limit_hit_total{name=\"dns_queued\"}"), refused);
    }
}

#[tokio::test]
async fn five_hundred_questions_leave_at_once() {
    let manners = Manners { delay: Duration::from_millis(500), drops: 1, ..Manners::default() };
    let server = Responder::with(manners, |_| found(vec![a([192, 0, 2, 1])]));
    let bench = Bench::asking([server.address]);
    let asker = bench.resolver.asker(in_seconds(60));
    let outcomes = all(&*asker, &questions(500)).await;
    let failed: Vec<_> = outcomes.iter().filter(|outcome| outcome.is_err()).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[tokio::test]
async fn the_rest_is_waited_for_less_when_most_answers_are_there() {
    let server = Responder::start(|asked| match &*asked.name {
        "n0.example" => Say::Nothing,
        _ => found(vec![a([192, 0, 2, 1])]),
    });
    let mut patience = Patience::default();
    patience.usual = Wait::new(600.0, Some(0.1));
    let bench =
        Bench::with(Settings { patience, ..settings([server.address]) }, &Limits::default());
    let asker = bench.resolver.asker(in_seconds(1200));
    // 600 - 599.9 * 0.999² is about a second; alone it would be ten minutes.
    let outcomes = all(&*asker, &questions(1000)).await;
    assert_eq!(successes(&outcomes), 999);
    assert_eq!(outcomes[0], Err(Failure::Late));
    assert_eq!(bench.metric("mailprint_dns_failures_total{reason=\"late\"}"), 1);
}

#[tokio::test]
async fn zones_have_their_own_patience_and_messages_their_deadline() {
    let server = Responder::start(|_| Say::Nothing);
    let mut patience = Patience::default();
    patience.usual = Wait::new(600.0, None);
    patience.put(name("quick.example"), Wait::new(0.1, None));
    let bench =
        Bench::with(Settings { patience, ..settings([server.address]) }, &Limits::default());
    let asker = bench.resolver.asker(in_seconds(1200));
    let quick = question("x.quick.example", Kind::A);
    assert_eq!(asker.lookup(&quick).await, Err(Failure::Late));
    // All is given up at the message's deadline, and nobody's answer is lost for others.
    let asker = bench.resolver.asker(Tick::now());
    assert_eq!(asker.lookup(&question("slow.example", Kind::A)).await, Err(Failure::Late));
    assert_eq!(asker.lookup(&question("slow.example", Kind::A)).await, Err(Failure::Late));
    assert_eq!(bench.metric("mailprint_dns_questions_total{answered=\"shared\"}"), 1);
}

#[tokio::test]
async fn failures_are_remembered_for_a_moment() {
    let server = Responder::start(|_| Say::Nothing);
    let mut patience = Patience::default();
    patience.usual = Wait::new(0.3, None);
    let limits = Limits { dns_keep_failure_milliseconds: 600, ..Limits::default() };
    let bench = Bench::with(Settings { patience, ..settings([server.address]) }, &limits);
    for _ in 0..3 {
        assert_eq!(bench.ask("a.example", Kind::A).await, Err(Failure::Late));
    }
    assert_eq!(server.asked().len(), 1);
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(bench.ask("a.example", Kind::A).await, Err(Failure::Late));
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn what_the_settings_forbid_is_not_asked() {
    let server = Responder::start(|_| found(vec![a([192, 0, 2, 1])]));
    let mut restrictions = Restrictions::default();
    restrictions.put(name("secret.example"), false);
    let bench =
        Bench::with(Settings { restrictions, ..settings([server.address]) }, &Limits::default());
    let asker = bench.resolver.asker(in_seconds(9));
    let forbidden = question("x.secret.example", Kind::A);
    assert_eq!(asker.lookup(&forbidden).await, Err(Failure::Forbidden));
    assert!(asker.lookup(&question("x.example", Kind::A)).await.is_ok());
    assert_eq!(server.asked().len(), 1);
}
