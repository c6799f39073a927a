//! SPF records: the input's lines are what the names `0.x` to `7.x` publish, and what they refer
//! to is asked for again.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::auth::spf::{Heights, Outcome, Reading, Request, check};
use mailprint::dns::{Answering, Data, Kind, Lookup, Name, Question, Record, Reply};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// The lines; every name ends up at one of them.
struct Lines<'a>(Vec<&'a [u8]>);

impl Lookup for Lines<'_> {
    fn lookup<'a>(&'a self, question: &'a Question) -> Answering<'a> {
        let name = question.name.as_bytes();
        let sum = name.iter().fold(0usize, |sum, &byte| sum + usize::from(byte));
        let line = self.0.get(sum % 8).copied().unwrap_or_default();
        let host = || Name::new(format!("{}.x", sum % 7)).unwrap_or_else(|| question.name.clone());
        let data = match question.kind {
            Kind::TXT => Some(Data::Text(line.chunks(255).map(Into::into).collect())),
            Kind::MX => Some(Data::Exchange { preference: 1, host: host() }),
            Kind::PTR => Some(Data::Name(host())),
            Kind::A if sum % 3 > 0 => Some(Data::V4([192, 0, 2, sum as u8].into())),
            _ => None,
        };
        let record = |data| Record { name: question.name.clone(), kind: question.kind, ttl: 1, data };
        let reply = Reply { code: 0, answers: data.map(record).into_iter().collect() };
        Box::pin(async move { Ok(Arc::new(reply)) })
    }
}

fuzz_target!(|data: &[u8]| {
    let mut lines = data.split(|&byte| byte == b'\n');
    let (sender, helo) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let lines = Lines(lines.collect());
    let ip = if data.len() % 2 == 0 { "192.0.2.9" } else { "2001:db8::9" };
    let Ok(ip) = ip.parse() else { return };
    for reading in [Reading::Rfc7208, Reading::MailSpf] {
        let heights = Heights { expansion: 300, reading, ..Heights::RFC_7208 };
        for request in [Request::mail_from(ip, helo, sender), Request::helo(ip, helo)] {
            let mut checking = pin!(check(&lines, &request, &heights));
            let mut context = Context::from_waker(Waker::noop());
            let Poll::Ready(verdict) = checking.as_mut().poll(&mut context) else {
                panic!("every answer is there")
            };
            let is_fail = verdict.outcome == Outcome::Fail;
            assert!(verdict.explanation.is_none_or(|text| is_fail && text.len() <= 300));
        }
    }
});
