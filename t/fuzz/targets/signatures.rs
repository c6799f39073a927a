//! A message and, behind a NUL, what every question is answered with: signatures, ARC sets, key
//! records, signing practices and DMARC records.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::auth::{self, adsp, dmarc};
use mailprint::dns::{Answering, Data, Kind, Lookup, Question, Record, Reply};
use mailprint::message::Message;
use mailprint_fuzz::limits;
use std::sync::Arc;

/// Says the same to every question.
struct Parrot(Vec<u8>);

impl Lookup for Parrot {
    fn lookup<'a>(&'a self, question: &'a Question) -> Answering<'a> {
        let data = Data::Text(vec![self.0.clone().into_boxed_slice()]);
        let answers = vec![Record { name: question.name.clone(), kind: Kind::TXT, ttl: 1, data }];
        Box::pin(async move { Ok(Arc::new(Reply { code: 0, answers })) })
    }
}

fuzz_target!(|data: &[u8]| {
    let mut sides = data.splitn(2, |&byte| byte == 0);
    let message = Message::parse(sides.next().unwrap_or_default().to_vec(), &limits());
    let parrot = Parrot(sides.next().unwrap_or_default().to_vec());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let (dkim, arc) = auth::signatures(&message, 0, &limits());
        let (dkim, arc) = (dkim.verify(&parrot).await, arc.verify(&parrot).await);
        adsp::practices(&parrot, b"x.com").await;
        let discovery = dmarc::discover(&parrot, b"a@x.com").await;
        let claims = dmarc::Claims { dkim: Some(&dkim), arc: Some(&arc), ..Default::default() };
        dmarc::judge(&discovery, &claims);
    });
    let _ = dmarc::Record::parse(&parrot.0);
});
