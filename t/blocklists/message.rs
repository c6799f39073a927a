//! DNS messages for tests: questions to bytes, answers to what can be compared.

use std::fmt;

/// Types that are asked for.
pub const A: u16 = 1;
pub const NS: u16 = 2;
pub const SOA: u16 = 6;
pub const MX: u16 = 15;
pub const TXT: u16 = 16;
pub const AAAA: u16 = 28;
pub const ANY: u16 = 255;

/// A question: labels, type, class, what a packet may have (EDNS).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub labels: Vec<Vec<u8>>,
    pub kind: u16,
    pub class: u16,
    pub payload: Option<u16>,
}

impl Question {
    pub fn new(name: &str, kind: u16) -> Question {
        let labels = name.split('.').filter(|label| !label.is_empty());
        Question {
            labels: labels.map(|label| label.as_bytes().to_vec()).collect(),
            kind,
            class: 1,
            payload: None,
        }
    }

    pub fn bytes(&self, id: u16) -> Vec<u8> {
        let mut bytes = id.to_be_bytes().to_vec();
        bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(self.payload.is_some())]);
        for label in &self.labels {
            bytes.push(label.len() as u8);
            bytes.extend(label);
        }
        bytes.push(0);
        bytes.extend(self.kind.to_be_bytes());
        bytes.extend(self.class.to_be_bytes());
        if let Some(payload) = self.payload {
            bytes.extend([0, 0, 41]);
            bytes.extend(payload.to_be_bytes());
            bytes.extend([0; 6]);
        }
        bytes
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for label in &self.labels {
            write!(f, "{}.", label.escape_ascii())?;
        }
        write!(f, " type {} class {} payload {:?}", self.kind, self.class, self.payload)
    }
}

/// A record, names in it written out in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    pub name: Vec<u8>,
    pub kind: u16,
    pub class: u16,
    pub ttl: u32,
    pub data: Vec<u8>,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, ttl) = (self.kind, self.ttl);
        write!(f, "{} {ttl} {kind} {}", self.name.escape_ascii(), self.data.escape_ascii())
    }
}

/// An answer: flags and code, the question as repeated, records of each section in some order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub flags: [u8; 2],
    pub question: Vec<u8>,
    pub sections: [Vec<Record>; 3],
}

impl Answer {
    pub fn read(bytes: &[u8]) -> Answer {
        let number = |at: usize| usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
        let (_, mut at) = name(bytes, 12);
        at += 4;
        let question = bytes[12..at].to_vec();
        let sections = [6, 8, 10].map(|count| {
            let mut records: Vec<Record> = (0..number(count))
                .map(|_| {
                    let (record, end) = record(bytes, at);
                    at = end;
                    record
                })
                .collect();
            records.sort();
            records
        });
        assert_eq!(at, bytes.len(), "nothing is behind the last record");
        Answer { flags: [bytes[2], bytes[3]], question, sections }
    }
}

fn record(bytes: &[u8], at: usize) -> (Record, usize) {
    let (owner, at) = name(bytes, at);
    let number = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    let (kind, class) = (number(at), number(at + 2));
    let ttl = u32::from_be_bytes(bytes[at + 4..at + 8].try_into().unwrap());
    let (start, end) = (at + 10, at + 10 + usize::from(number(at + 8)));
    let data = match kind {
        NS => name(bytes, start).0,
        SOA => {
            let (server, behind) = name(bytes, start);
            let (mailbox, behind) = name(bytes, behind);
            [&server, &mailbox, &bytes[behind..end]].concat()
        }
        _ => bytes[start..end].to_vec(),
    };
    (Record { name: owner, kind, class, ttl, data }, end)
}

/// A name in lower case without pointers, and where it ends.
fn name(bytes: &[u8], mut at: usize) -> (Vec<u8>, usize) {
    let mut name = Vec::new();
    let mut end = None;
    loop {
        let length = usize::from(bytes[at]);
        match length {
            0 => return (name, end.unwrap_or(at + 1)),
            1..=63 => {
                name.extend(bytes[at..at + length + 1].to_ascii_lowercase());
                at += length + 1;
            }
            _ => {
                end = end.or(Some(at + 2));
                at = (length & 63) << 8 | usize::from(bytes[at + 1]);
            }
        }
        assert!(name.len() < 256, "a name that goes on and on");
    }
}
