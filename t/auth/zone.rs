//! A table that answers questions: records of ours in place of an internet.

use mailprint::dns::{Answering, Data, Kind, Lookup, Name, Question, Record, Reply};
use std::collections::HashMap;
use std::sync::Arc;

/// Records by name; what has no name here does not exist.
#[derive(Default)]
pub struct Zone(HashMap<Name, Vec<Record>>);

impl Zone {
    /// Adds a text record, in strings of at most 255 bytes.
    pub fn add_text(&mut self, name: &str, text: &str) {
        let strings = text.as_bytes().chunks(255).map(Into::into).collect();
        self.add(name, Kind::TXT, Data::Text(strings));
    }

    /// Adds a record.
    pub fn add(&mut self, name: &str, kind: Kind, data: Data) {
        let name = Name::new(name).expect("a name");
        let record = Record { name: name.clone(), kind, ttl: 300, data };
        self.0.entry(name).or_default().push(record);
    }
}

impl Lookup for Zone {
    fn lookup<'a>(&'a self, question: &'a Question) -> Answering<'a> {
        let reply = match self.0.get(&question.name) {
            None => Reply { code: Reply::NO_NAME, answers: Vec::new() },
            Some(records) => {
                let is_asked = |record: &&Record| record.kind == question.kind;
                Reply { code: 0, answers: records.iter().filter(is_asked).cloned().collect() }
            }
        };
        Box::pin(async move { Ok(Arc::new(reply)) })
    }
}
