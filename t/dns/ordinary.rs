//! What is asked, what comes back, and what is remembered.

use super::responder::{
    Manners, NO_NAME, Responder, Rr, Say, a, code, found, mx, pointer, soa, txt,
};
use super::{Bench, free_port, name, nobody, question, settings};
use mailprint::dns::{Data, Failure, Kind, Lookup, Ports, Settings};
use mailprint::limits::Limits;
use std::time::Duration;

#[tokio::test]
async fn replies_come_as_they_are() {
    let server = Responder::start(|asked| match (&*asked.name, asked.kind) {
        ("a.example", 1) => found(vec![a([192, 0, 2, 1]), a([192, 0, 2, 2])]),
        ("alias.example", 1) => found(vec![pointer(5, "a.example"), a([192, 0, 2, 1])]),
        ("a.example", 16) => found(vec![txt(b"v=spf1 -all"), txt(&[b'x'; 600])]),
        ("a.example", 99) => found(vec![Rr(99, 9, b"\x03old".to_vec())]),
        ("a.example", 255) => {
            found(vec![a([192, 0, 2, 1]), txt(b"t"), Rr(65_280, 9, b"own".into())])
        }
        ("a.example", 15) => found(vec![mx(10, "mx.a.example"), mx(0, "")]),
        ("1.2.0.192.in-addr.arpa", 12) => found(vec![pointer(12, "a.example")]),
        ("a.example", 28) => found(vec![]),
        ("gone.example", _) => Say::Answer(NO_NAME, vec![], vec![soa(60)]),
        ("broken.example", _) => code(2),
        ("closed.example", _) => code(5),
        _ => Say::Nothing,
    });
    let bench = Bench::asking([server.address]);
    let v4 = |last| Data::V4([192, 0, 2, last].into());
    let target = |text| Data::Name(name(text));
    let x600 = [&[b'x'; 255][..], &[b'x'; 255], &[b'x'; 90]].map(Into::into).to_vec();
    let cases: &[(&str, Kind, u16, &[Data])] = &[
        ("a.example", Kind::A, 0, &[v4(1), v4(2)]),
        ("A.Example", Kind::A, 0, &[v4(1), v4(2)]),
        ("alias.example", Kind::A, 0, &[target("a.example"), v4(1)]),
        (
            "a.example",
            Kind::TXT,
            0,
            &[Data::Text(vec![(*b"v=spf1 -all").into()]), Data::Text(x600)],
        ),
        ("a.example", Kind::SPF, 0, &[Data::Text(vec![(*b"old").into()])]),
        (
            "a.example",
            Kind::ANY,
            0,
            &[v4(1), Data::Text(vec![(*b"t").into()]), Data::Other((*b"own").into())],
        ),
        (
            "a.example",
            Kind::MX,
            0,
            &[
                Data::Exchange { preference: 10, host: name("mx.a.example") },
                Data::Exchange { preference: 0, host: name("") },
            ],
        ),
        ("1.2.0.192.in-addr.arpa", Kind::PTR, 0, &[target("a.example")]),
        ("a.example", Kind::AAAA, 0, &[]),
        ("gone.example", Kind::A, 3, &[]),
        ("broken.example", Kind::A, 2, &[]),
        ("closed.example", Kind::A, 5, &[]),
    ];
    for (text, kind, code, answers) in cases {
        let reply = bench.ask(text, *kind).await.unwrap();
        let data: Vec<_> = reply.answers.iter().map(|record| record.data.clone()).collect();
        assert_eq!((reply.code, &*data), (*code, *answers), "{text} {kind:?}");
        assert!(reply.answers.iter().all(|record| record.name == name(text)));
    }
    let ports: std::collections::HashSet<u16> = server.asked().iter().map(|a| a.port).collect();
    assert!(ports.len() > 5, "questions that are not out together leave from ports of their own");
    assert!(server.asked().iter().all(|asked| asked.payload == Some(4096) && !asked.tcp));
}

#[tokio::test]
async fn one_question_is_asked_once_for_all_and_remembered() {
    let manners = Manners { delay: Duration::from_millis(100), ..Manners::default() };
    let server = Responder::with(manners, |asked| match asked.kind {
        1 => found(vec![a([192, 0, 2, 1])]),
        _ => Say::Answer(NO_NAME, vec![], vec![soa(60)]),
    });
    let bench = Bench::asking([server.address]);
    let questions = [question("a.example", Kind::A), question("A.EXAMPLE.", Kind::A)];
    let all = questions.iter().cycle().take(50).map(|question| bench.resolver.lookup(question));
    let outcomes = futures_util::future::join_all(all).await;
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().unwrap().answers.len() == 1));
    bench.ask("a.example", Kind::A).await.unwrap();
    for _ in 0..2 {
        assert!(bench.ask("a.example", Kind::MX).await.unwrap().is_no_name());
    }
    assert_eq!(server.asked().len(), 2);
    let counted = ["wire", "shared", "cache"]
        .map(|by| bench.metric(&format!("mailprint_dns_questions_total{{answered=\"{by}\"}}")));
    assert_eq!(counted, [2, 49, 2]);
    assert_eq!(bench.metric("mailprint_dns_seconds_count"), 2);
    assert_eq!(bench.metric("mailprint_dns_cached"), 2);
    assert_eq!(bench.metric("mailprint_dns_in_flight"), 0);
}

#[tokio::test]
async fn questions_that_are_out_together_share_ports_but_not_all() {
    let manners = Manners { delay: Duration::from_millis(100), ..Manners::default() };
    let server = Responder::with(manners, |_| found(vec![a([192, 0, 2, 1])]));
    let bench = Bench::asking([server.address]);
    let questions: Vec<_> =
        (0..40).map(|number| question(&format!("{number}.example"), Kind::A)).collect();
    let outcomes =
        futures_util::future::join_all(questions.iter().map(|q| bench.resolver.lookup(q))).await;
    assert!(outcomes.iter().all(Result::is_ok));
    let mut by_port: std::collections::HashMap<u16, std::collections::HashSet<u16>> =
        Default::default();
    for asked in server.asked() {
        assert!(by_port.entry(asked.port).or_default().insert(asked.id), "an id for each");
    }
    assert!((3..=20).contains(&by_port.len()) && by_port.values().all(|ids| ids.len() <= 16));
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_is_kept() {
    let manners = Manners { delay: Duration::from_millis(200), ..Manners::default() };
    let server = Responder::with(manners, |_| found(vec![a([192, 0, 2, 1])]));
    let bench = Bench::asking([server.address]);
    let asked = question("a.example", Kind::A);
    let asker = bench.resolver.asker(super::in_seconds(9));
    let early = tokio::time::timeout(Duration::from_millis(50), asker.lookup(&asked)).await;
    assert!(early.is_err());
    drop(asker);
    assert!(bench.ask("a.example", Kind::A).await.is_ok());
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn what_does_not_fit_a_packet_is_asked_for_over_tcp() {
    let manners = Manners { cuts: true, ..Manners::default() };
    let large = txt(&vec![b'x'; 50_000]);
    let server = Responder::with(manners, move |_| found(vec![large.clone()]));
    let bench = Bench::asking([server.address]);
    let reply = bench.ask("large.example", Kind::TXT).await.unwrap();
    assert_eq!(reply.answers[0].data.joined_text().unwrap(), vec![b'x'; 50_000]);
    let over: Vec<bool> = server.asked().iter().map(|asked| asked.tcp).collect();
    assert_eq!(over, [false, true]);
}

#[tokio::test]
async fn a_lost_packet_is_sent_again() {
    let server = Responder::start(|asked| match asked.place {
        0 => Say::Nothing,
        _ => found(vec![a([192, 0, 2, 1])]),
    });
    let bench = Bench::asking([server.address]);
    assert_eq!(bench.ask("a.example", Kind::A).await.unwrap().answers.len(), 1);
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert_ne!(asked[0].port, asked[1].port);
}

#[tokio::test]
async fn another_server_is_asked_where_one_is_dead_or_ill() {
    let ill = Responder::start(|_| code(2));
    let well = Responder::start(|_| found(vec![a([192, 0, 2, 1])]));
    for first in [nobody(), ill.address] {
        let bench = Bench::asking([first, well.address]);
        assert_eq!(bench.ask("a.example", Kind::A).await.unwrap().answers.len(), 1);
        // From then on who has answered is asked first.
        let before = ill.asked().len();
        assert_eq!(bench.ask("b.example", Kind::A).await.unwrap().answers.len(), 1);
        assert_eq!(ill.asked().len(), before);
    }
    // Who has nobody else to ask takes what there is.
    let bench = Bench::asking([ill.address]);
    assert_eq!(bench.ask("a.example", Kind::A).await.unwrap().code, 2);
    let bench = Bench::asking([ill.address, nobody()]);
    assert_eq!(bench.ask("a.example", Kind::A).await.unwrap().code, 2);
    for servers in [vec![nobody()], vec![nobody(), nobody()], vec![]] {
        let bench = Bench::asking(servers);
        assert_eq!(bench.ask("a.example", Kind::A).await, Err(Failure::Broken));
    }
}

#[tokio::test]
async fn rotate_asks_the_servers_in_turn() {
    let servers = [0, 1].map(|last| Responder::start(move |_| found(vec![a([192, 0, 2, last])])));
    let settings =
        Settings { rotate: true, ..settings(servers.iter().map(|server| server.address)) };
    let bench = Bench::with(settings, &Limits::default());
    for number in 0..6 {
        bench.ask(&format!("{number}.example"), Kind::A).await.unwrap();
    }
    assert_eq!(servers.each_ref().map(|server| server.asked().len()), [3, 3]);
}

#[tokio::test]
async fn options_change_what_is_sent() {
    let answers = |_: &super::responder::Asked| found(vec![a([192, 0, 2, 1])]);
    let server = Responder::start(answers);
    let long = "a-name-with-many-letters-so-that-some-of-them-change.example";
    let plain = Settings { payload: None, ..settings([server.address]) };
    let mixed = Settings { mix_case: true, payload: Some(1220), ..settings([server.address]) };
    let port = free_port();
    let ports = Ports::changed_by([(false, 0, u16::MAX), (true, port, port)]);
    let one_port = Settings { ports, ..settings([server.address]) };
    for settings in [plain, mixed, one_port] {
        let bench = Bench::with(settings, &Limits::default());
        assert!(bench.ask(long, Kind::A).await.is_ok());
    }
    let asked = server.asked();
    assert_eq!((asked[0].payload, &*asked[0].written), (None, long));
    assert_eq!((asked[1].payload, &*asked[1].name), (Some(1220), long));
    assert_ne!(asked[1].written, long);
    assert_eq!(asked[2].port, port);
}
