//! The heights of signatures, under, at and over them.

use crate::messages::{engine_of, zone};
use crate::zone::Zone;
use mailprint::auth::{self, Outcome};
use mailprint::dns::{Answering, Failure, Lookup, Question};
use mailprint::engine::Options;
use mailprint::engine::eval::dkim::{Findings, errand};
use mailprint::limits::{Limit, Limits};
use mailprint::message::Message;
use std::sync::{Arc, Mutex};

fn message(text: &str) -> Message {
    Message::parse(text.as_bytes().to_vec(), &Limits::default())
}

#[tokio::test]
async fn limit_signatures() {
    let limits = Limits { signatures: 3, ..Limits::default() };
    for (count, found) in [(2, 2), (3, 3), (4, 3)] {
        let signed = message(&format!("{}\nx\n", "DKIM-Signature: a=x\n".repeat(count)));
        let prepared = auth::signatures(&signed, 0, &limits).0;
        assert_eq!(prepared.reached.has(Limit::Signatures), count > 3);
        assert_eq!(prepared.verify(&Zone::default()).await.signatures.len(), found);
        let sealed = format!("{}\nx\n", "ARC-Seal: a=x\n".repeat(2 * count));
        let prepared = auth::signatures(&message(&sealed), 0, &limits).1;
        assert_eq!(prepared.reached.has(Limit::Signatures), count > 3);
        assert_eq!(prepared.verify(&Zone::default()).await.signatures.len(), 2 * found);
    }
}

#[tokio::test]
async fn limit_signing_key_bits() {
    let signed = Message::parse(crate::messages::mail("key-big"), &Limits::default());
    for (bits, outcome) in [(2047, Outcome::Fail), (2048, Outcome::Pass), (2049, Outcome::Pass)] {
        let limits = Limits { signing_key_bits: bits, ..Limits::default() };
        let found = auth::signatures(&signed, 0, &limits).0.verify(&zone()).await;
        assert_eq!(found.signatures[0].outcome, Some(outcome), "{bits}");
    }
}

/// Notes whose signing practices are asked for.
#[derive(Default)]
struct Ears(Mutex<Vec<String>>, Zone);

impl Lookup for Ears {
    fn lookup<'a>(&'a self, question: &'a Question) -> Answering<'a> {
        let name = question.name.to_string();
        if let Some(domain) = name.strip_prefix("_adsp._domainkey.") {
            self.0.lock().unwrap().push(domain.to_owned());
        }
        self.1.lookup(question)
    }
}

#[tokio::test]
async fn limit_author_domains() {
    let limits = Limits { author_domains: 2, ..Limits::default() };
    let engine = engine_of(&limits);
    for (count, asked) in [(1, 1), (2, 2), (3, 2)] {
        let authors: Vec<_> = (0..count).map(|n| format!("a@d{n}.net")).collect();
        let mail = format!("From: {}\n\nx\n", authors.join(", "));
        let mut scan = engine.begin(&mut engine.worker(), mail.into_bytes(), &Options::default());
        let ears = Arc::new(Ears::default());
        let finding = errand(&scan).unwrap()(ears.clone()).await;
        finding(&mut scan);
        assert_eq!(ears.0.lock().unwrap().len(), asked, "{count}");
        assert_eq!(scan.reached().has(Limit::AuthorDomains), count > 2);
    }
}

/// Never answers for keys in time.
struct Late(Zone);

impl Lookup for Late {
    fn lookup<'a>(&'a self, question: &'a Question) -> Answering<'a> {
        let name = question.name.to_string();
        match name.contains("._domainkey.") && !name.starts_with("_adsp") {
            true => Box::pin(async { Err(Failure::Late) }),
            false => self.0.lookup(question),
        }
    }
}

#[tokio::test]
async fn a_late_key_leaves_the_author_alone() {
    let engine = engine_of(&Limits::default());
    let lookups: [(Arc<dyn Lookup>, usize); 2] =
        [(Arc::new(Late(Zone::default())), 0), (Arc::new(Zone::default()), 1)];
    for (lookup, asked) in lookups {
        let mail = crate::messages::mail("key-missing");
        let mut scan = engine.begin(&mut engine.worker(), mail, &Options::default());
        let finding = errand(&scan).unwrap()(lookup).await;
        finding(&mut scan);
        let found = scan.known_note::<Findings>().unwrap();
        assert_eq!(found.dkim.signatures[0].outcome, Some(Outcome::Invalid));
        assert_eq!((found.dkim.signatures[0].is_late, found.practices.len()), (asked == 0, asked));
    }
}
