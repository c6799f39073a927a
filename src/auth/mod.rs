//! Who answers for a message: the domains that send it, sign it, and stand in its From.
//!
//! * [`spf`] tells whether a host may send in a domain's name;
//! * [`dkim`] verifies DKIM-Signature and DomainKey-Signature fields;
//! * [`arc`] verifies ARC-Seal and ARC-Message-Signature fields and the chain that they make;
//! * [`adsp`] and [`dmarc`] ask what an author's domain publishes;
//! * [`host`] asks who the sending host is, and where its sender takes mail.
//!
//! What a message says is looked at first, without the network ([`signatures`]); keys and records
//! come through [`Lookup`]; what comes back is plain data. The answers are those of
//! SpamAssassin's Mail::DKIM and Mail::DMARC, on right and on odd mail.
//!
//! Ring 2. May use `dns`, `message`, `text`, `limits`, `clock`.

pub mod adsp;
pub mod arc;
mod canonical;
mod digest;
pub mod dkim;
pub mod dmarc;
pub mod host;
mod key;
mod mail;
mod rsa;
mod signature;
pub mod spf;
mod tags;
mod task;

pub use signature::{Outcome, Signature, after_at};

use crate::dns::{Data, Failure, Kind, Lookup, Name, Question, Reply};
use crate::limits::Limits;
use crate::message::Message;
use crate::text::domain;
use std::sync::Arc;

/// Reads the signatures of `message`, and makes of it what they cover: DKIM's and ARC's. `now` is
/// in seconds since 1970.
pub fn signatures(message: &Message, now: i64, limits: &Limits) -> (dkim::Prepared, arc::Prepared) {
    let mail = mail::Mail::new(message);
    let mut bodies = task::Bodies::new(&mail);
    (dkim::prepare(&mail, &mut bodies, now, limits), arc::prepare(&mail, &mut bodies, now, limits))
}

/// The answer to a question for `name`, which a stranger wrote. What is no name has none.
async fn ask(lookup: &dyn Lookup, name: &[u8], kind: Kind) -> Result<Arc<Reply>, Failure> {
    match Name::new(domain::to_ascii(name)) {
        Some(name) => lookup.lookup(&Question::new(name, kind)).await,
        None => Ok(Arc::new(Reply { code: Reply::NO_NAME, answers: Vec::new() })),
    }
}

/// The text records of an answer that says that all is well: each one's strings.
fn texts(reply: &Reply) -> impl Iterator<Item = &[Box<[u8]>]> {
    let answers = if reply.code == 0 { &reply.answers[..] } else { &[] };
    answers.iter().filter(|record| record.kind == Kind::TXT).filter_map(|record| {
        match &record.data {
            Data::Text(strings) => Some(&strings[..]),
            _ => None,
        }
    })
}

/// What Perl takes for true: anything but nothing and a lone zero.
fn is_true(text: &[u8]) -> bool {
    !text.is_empty() && text != b"0"
}
