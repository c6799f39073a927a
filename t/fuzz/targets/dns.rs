//! A name server's message, read with few records allowed and many, and held against a question.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::dns::lists::judge;
use mailprint::dns::wire::{self, Query};
use mailprint::dns::{Kind, Name, Question};

fuzz_target!(|data: &[u8]| {
    let Some(zone) = Name::new("zen.spamhaus.org") else { return };
    for most in [1, 1000] {
        if let Some(answer) = wire::read(data, most) {
            assert!(answer.reply.answers.len() <= most);
            judge(&zone, &answer.reply);
        }
    }
    wire::is_cut(data);
    let query = Query::new(&Question::new(zone, Kind::A), 1, Some(4096), true);
    query.is_answered_by(data);
});
