//! Answers that were not asked for, and answers that are none.

use super::responder::{Manners, Responder, Rr, Say, a, found, pointer};
use super::{Bench, settings};
use mailprint::dns::{Data, Failure, Kind, Settings};
use mailprint::limits::Limits;
use std::time::Duration;

#[tokio::test]
async fn forged_answers_are_not_answers() {
    let delay = Duration::from_millis(100);
    let manners = Manners { forges: 300, delay, ..Manners::default() };
    let server = Responder::with(manners, |_| found(vec![a([192, 0, 2, 1])]));
    for mix_case in [false, true] {
        let settings = Settings { mix_case, ..settings([server.address]) };
        let bench = Bench::with(settings, &Limits::default());
        let reply = bench.ask("a.example", Kind::A).await.unwrap();
        assert_eq!(reply.answers[0].data, Data::V4([192, 0, 2, 1].into()));
    }
}

#[tokio::test]
async fn with_mixed_case_an_answer_in_lower_case_is_none() {
    let manners = Manners { lowers: true, ..Manners::default() };
    let server = Responder::with(manners, |_| found(vec![a([192, 0, 2, 1])]));
    let mut settings = settings([server.address]);
    settings.patience.usual = mailprint::dns::Wait::new(0.5, None);
    let plain = Bench::with(settings.clone(), &Limits::default());
    let name = "a-name-with-many-letters-so-that-some-of-them-change.example";
    assert!(plain.ask(name, Kind::A).await.is_ok());
    settings.mix_case = true;
    let mixed = Bench::with(settings, &Limits::default());
    assert_eq!(mixed.ask(name, Kind::A).await, Err(Failure::Late));
}

#[tokio::test]
async fn rubbish_is_a_failure_and_stays_one_answers() {
    let loops: &[(u16, &[u8])] = &[
        // A name that points to itself, a pointer behind the end, a label without an end.
        (1, b"\xc0\x1d\0\x01\0\x01\0\0\0\x09\0\x04\x7f\0\0\x02"),
        (1, b"\xff\xff\0\x01\0\x01\0\0\0\x09\0\x04\x7f\0\0\x02"),
        (1, b"\x3fabc"),
        // Data longer than the message; more records promised than there are.
        (1, b"\xc0\x0c\0\x01\0\x01\0\0\0\x09\xff\xff\x7f\0\0\x02"),
        (60_000, b"\xc0\x0c\0\x01\0\x01\0\0\0\x09\0\x04\x7f\0\0\x02"),
    ];
    for (promised, bytes) in loops {
        let (promised, bytes) = (*promised, bytes.to_vec());
        let rubbish = bytes.clone();
        let server = Responder::start(move |asked| match &*asked.name {
            "bad.example" => Say::Rubbish(promised, rubbish.clone()),
            _ => found(vec![a([192, 0, 2, 1])]),
        });
        let bench = Bench::asking([server.address]);
        assert_eq!(bench.ask("bad.example", Kind::A).await, Err(Failure::Broken), "{bytes:?}");
        assert!(bench.ask("good.example", Kind::A).await.is_ok());
    }
}

#[tokio::test]
async fn floods_are_cut_off() {
    // 4000 aliases, and a text as large as a message may be.
    let manners = Manners { cuts: true, ..Manners::default() };
    let server = Responder::with(manners, |asked| match asked.kind {
        1 => found(vec![pointer(5, "next.example"); 2000]),
        _ => found(vec![Rr(16, 300, vec![0; 65_000])]),
    });
    let bench = Bench::asking([server.address]);
    let aliases = bench.ask("flood.example", Kind::A).await.unwrap();
    assert_eq!(aliases.answers.len(), Limits::default().dns_records);
    assert_eq!(bench.metric("mailprint_limit_hit_total{name=\"dns_records\"}"), 1);
    let text = bench.ask("text.example", Kind::TXT).await.unwrap();
    assert_eq!(text.answers[0].data.joined_text(), Some(Vec::new()));
}
