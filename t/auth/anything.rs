//! Whatever a message and a record say, they are judged.

use mailprint::auth::{self, dmarc};
use mailprint::dns::{Answering, Data, Kind, Lookup, Question, Record, Reply};
use mailprint::limits::Limits;
use mailprint::message::Message;
use proptest::prelude::*;
use std::sync::Arc;

/// Says the same to every question.
struct Parrot(Vec<u8>);

impl Lookup for Parrot {
    fn lookup<'a>(&'a self, question: &'a Question) -> Answering<'a> {
        let text = vec![self.0.clone().into_boxed_slice()];
        let (name, data) = (question.name.clone(), Data::Text(text));
        let answers = vec![Record { name, kind: Kind::TXT, ttl: 1, data }];
        Box::pin(async move { Ok(Arc::new(Reply { code: 0, answers })) })
    }
}

const FIELDS: &[&str] = &[
    "DKIM-Signature",
    "DomainKey-Signature",
    "ARC-Seal",
    "ARC-Message-Signature",
    "ARC-Authentication-Results",
    "From",
    "Sender",
];

fn tag() -> impl Strategy<Value = String> {
    let names = prop::sample::select(vec![
        "v", "a", "b", "bh", "c", "d", "h", "i", "l", "q", "s", "t", "x", "cv", "k", "p", "g",
        "sp", "pct", "rua",
    ]);
    let values = prop::sample::select(vec![
        "1",
        "0",
        "rsa-sha256",
        "rsa-sha1",
        "relaxed/simple",
        "seal/seal",
        "nofws",
        "nowsp/nowsp",
        "x.com",
        "@x.com",
        "a@b@x.com",
        "from:to:from",
        "dns/txt",
        "none",
        "pass",
        "DKIM1",
        "DMARC1",
        "AAAA",
        "-5",
        "1e9",
        "",
        "=4",
        "*@",
        "mailto:a@x.com!10q",
        "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAIWmlgix",
    ]);
    let value = prop_oneof![4 => values.prop_map(str::to_owned), 1 => "[ -~\\t\\r\\n]{0,20}"];
    (names, value).prop_map(|(name, value)| format!("{name}={value}"))
}

fn list() -> impl Strategy<Value = String> {
    prop::collection::vec(tag(), 0..10).prop_map(|tags| tags.join("; "))
}

proptest! {
    #[test]
    fn messages_and_records_are_judged(
        fields in prop::collection::vec((0..FIELDS.len(), list()), 0..6),
        body in "[ a\\t\\r\\n]{0,40}",
        record in prop_oneof![list(), list().prop_map(|list| format!("v=DMARC1; {list}"))],
    ) {
        let fields = fields.iter().map(|(name, value)| format!("{}: {value}\n", FIELDS[*name]));
        let text = format!("{}\n{body}", fields.collect::<String>());
        let limits = Limits::default();
        let message = Message::parse(text.into_bytes(), &limits);
        let parrot = Parrot(record.into_bytes());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (dkim, arc) = auth::signatures(&message, 0, &limits);
            let (dkim, arc) = (dkim.verify(&parrot).await, arc.verify(&parrot).await);
            let discovery = dmarc::discover(&parrot, b"a@x.com").await;
            let claims =
                dmarc::Claims { dkim: Some(&dkim), arc: Some(&arc), ..Default::default() };
            dmarc::judge(&discovery, &claims);
        });
        let _ = dmarc::Record::parse(&parrot.0);
    }
}
