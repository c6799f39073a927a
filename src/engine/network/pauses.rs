//! Lists that nobody asks for a while: `dns_block_rule` and `dns_block_time`.
//!
//! A list that is asked too much says so with an answer of its own. A rule that sees it puts the
//! list's zones to rest for all messages. Mail::SpamAssassin::Conf(3) keeps files for that in a
//! state directory; here it lasts as long as the process.

use crate::clock::Tick;
use crate::dns::Name;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

/// Zones at rest, and until when. At most as many as rule files name.
#[derive(Default)]
pub struct Pauses(RwLock<HashMap<Name, Tick>>);

impl Pauses {
    /// Puts `zone` to rest, unless it rests already: is that news?
    pub fn pause(&self, zone: &Name, time: Duration) -> bool {
        if self.rests(zone) {
            return false;
        }
        let mut zones = self.0.write().unwrap_or_else(PoisonError::into_inner);
        zones.insert(zone.clone(), Tick::now().plus(time));
        true
    }

    /// Is `name` in a zone at rest? Of several zones that hold it, the outermost decides.
    pub fn covers<'z>(&self, name: &Name, zones: impl Iterator<Item = &'z Name>) -> bool {
        let within = zones.filter(|zone| name.is_within(zone));
        within.min_by_key(|zone| zone.as_bytes().len()).is_some_and(|zone| self.rests(zone))
    }

    fn rests(&self, zone: &Name) -> bool {
        let zones = self.0.read().unwrap_or_else(PoisonError::into_inner);
        zones.get(zone).is_some_and(|until| Tick::now() < *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_rests_for_its_time() {
        let name = |text: &str| Name::new(text).unwrap();
        let (pauses, zone) = (Pauses::default(), name("bl.example"));
        let covers = |of: &str| pauses.covers(&name(of), [&name("x.example"), &zone].into_iter());
        assert!(!covers("2.0.0.127.bl.example"));
        assert!(pauses.pause(&zone, Duration::from_secs(300)));
        assert!(!pauses.pause(&zone, Duration::from_secs(300)));
        assert!(covers("2.0.0.127.bl.example") && covers("bl.example") && !covers("a.x.example"));
        let short = name("x.example");
        assert!(pauses.pause(&short, Duration::ZERO) && !covers("a.x.example"));
    }
}
