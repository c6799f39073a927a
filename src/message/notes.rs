//! What parsing notes down on its way through one message.

use super::Facts;
use super::headers::{Field, Headers};
use crate::limits::{Limit, Limits, Reached};

/// Facts, limits reached, and how much of the message's budget is used.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) facts: Facts,
    pub(super) reached: Reached,
    /// Header fields kept so far, in all parts.
    fields: usize,
}

impl Notes {
    /// Adds `field` to `headers`, unless the message has too many; was there room?
    pub(super) fn keep(&mut self, field: Field, headers: &mut Headers, limits: &Limits) -> bool {
        let room = self.fields < limits.headers;
        if room {
            self.fields += 1;
            headers.push(field);
        } else {
            self.reached.note(Limit::Headers);
        }
        room
    }
}
