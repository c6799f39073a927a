//! Between a feed's lists and the set of known fingerprints.
//!
//! A feed may carry lists of algorithms and classes that this version does not know: they count
//! for its set hash and its places, and nothing else.

use super::base::Lists;
use super::format::ListId;
use super::set::Step;
use crate::fingerprint::known::{self, Change, Fade, List, Source};
use crate::fingerprint::{Algorithm, Class, Listed};
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

/// An old feed keeps its full weight for so long.
const FRESH_ENOUGH: Duration = Duration::from_secs(2 * 3600);
/// After that, what changes with each campaign halves in a day,
const DAY: f64 = 86_400.0;
/// and what senders have to pay for (domains, telephones, files) in a week.
const WEEK: f64 = 7.0 * DAY;

impl ListId {
    /// The list that holds what is known as `list` says.
    pub fn of(list: List) -> ListId {
        let class = ((list.class as u8) << 4) | (list.weight & 15);
        ListId { algorithm: list.algorithm as u8, class }
    }

    /// What its keys are known as, if this version knows.
    pub fn known(self) -> Option<List> {
        let algorithm = Algorithm::of_number(self.algorithm)?;
        let class = *Class::ALL.get(usize::from(self.class >> 4))?;
        let weight = self.class & 15;
        (weight > 0).then_some(List { algorithm, class, weight })
    }
}

/// What a feed publishes of what is known.
///
/// Wanted fingerprints stay here unless `with_wanted`: they tell of mail that nobody has to know
/// of. What is known as wanted is not published as something else.
pub fn published(known: known::Lists, with_wanted: bool) -> Lists {
    let mut wanted: BTreeMap<Algorithm, HashSet<u64>> = BTreeMap::new();
    for (list, keys) in known.prints.iter().filter(|(list, _)| list.class == Class::Ham) {
        wanted.entry(list.algorithm).or_default().extend(keys);
    }
    let mut lists = Lists::new();
    for (list, mut keys) in known.prints {
        if list.class != Class::Ham {
            let wanted = wanted.get(&list.algorithm);
            keys.retain(|key| wanted.is_none_or(|wanted| !wanted.contains(key)));
        } else if !with_wanted {
            continue;
        }
        if !keys.is_empty() {
            lists.insert(ListId::of(list), keys);
        }
    }
    lists
}

/// What a feed has, as it is known here.
pub fn understood(lists: Lists) -> known::Lists {
    let mut understood = known::Lists::default();
    for (id, keys) in lists {
        if let Some(list) = id.known() {
            understood.prints.insert(list, keys);
        }
    }
    understood
}

/// What the steps of a delta change of `source`, which is the state before them.
pub fn changes(source: &Source, steps: &[Step]) -> Vec<Change> {
    let mut prints: BTreeMap<(Algorithm, u64), Listed> = BTreeMap::new();
    // A key that moves from one weight to another leaves before it comes.
    for is_added in [false, true] {
        for step in steps.iter().filter(|step| step.is_added == is_added) {
            if let Some(list) = step.list.known() {
                let slot = prints.entry((list.algorithm, step.key));
                let listed = slot.or_insert_with(|| source.listed(list.algorithm, step.key));
                *listed = listed.with(list.class, if is_added { list.weight } else { 0 });
            }
        }
    }
    let changed = |((algorithm, key), listed)| Change::Print { algorithm, key, listed };
    prints.into_iter().map(changed).collect()
}

/// Which of `steps` list something as bad.
pub fn accusations(steps: &[Step]) -> impl Iterator<Item = (Algorithm, u64)> + '_ {
    steps.iter().filter(|step| step.is_added).filter_map(|step| {
        let list = step.list.known()?;
        (list.class != Class::Ham).then_some((list.algorithm, step.key))
    })
}

/// What a feed keeps of its weights when its last good head is `age` old.
pub fn fade(age: Duration) -> Fade {
    let over = age.saturating_sub(FRESH_ENOUGH).as_secs_f64();
    let kept = |half: f64| (256.0 * 0.5f64.powf(over / half)).round() as u16;
    Fade { passing: kept(DAY), lasting: kept(WEEK) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Known;
    use crate::fingerprint::known::{Origin, Sets};

    const SPAM: ListId = ListId { algorithm: Algorithm::TextExact as u8, class: 9 };
    const HEAVY: ListId = ListId { algorithm: Algorithm::TextExact as u8, class: 12 };
    const PHISH: ListId = ListId { algorithm: Algorithm::TextExact as u8, class: 0x13 };

    #[test]
    fn lists_go_out_and_come_in_as_they_were_and_the_unknown_stays_out() {
        let list = SPAM.known().unwrap();
        assert_eq!((list.class, list.weight, ListId::of(list)), (Class::Spam, 9, SPAM));
        let unknown = ListId { algorithm: 250, class: 9 };
        let ham = ListId { algorithm: SPAM.algorithm, class: 0x4f };
        let lists = Lists::from([(SPAM, vec![1, 2]), (ham, vec![2]), (unknown, vec![4])]);
        let known = understood(lists);
        assert_eq!(known.len(), 3);
        assert_eq!(published(known.clone(), false), Lists::from([(SPAM, vec![1])]));
        assert_eq!(published(known, true), Lists::from([(SPAM, vec![1]), (ham, vec![2])]));
        for class in [0x00, 0x10, 0x59, 0xe0, 0xff] {
            assert_eq!(ListId { algorithm: 1, class }.known(), None, "{class}");
        }
    }

    #[test]
    fn a_key_that_moves_between_lists_is_known_as_what_it_is_last() {
        let step = |list, key, is_added| Step { list, key, is_added };
        let source = Source::default();
        let first = [step(SPAM, 1, true), step(PHISH, 1, true)];
        let source = source.changed(&changes(&source, &first));
        let weights = |source: &Source, key| {
            let listed = source.listed(Algorithm::TextExact, key);
            (listed.weight(Class::Spam), listed.weight(Class::Phish))
        };
        assert_eq!(weights(&source, 1), (9, 3));
        // Lists come in the order of their numbers, so that the weightier one is first to add.
        let moved = [step(HEAVY, 1, true), step(SPAM, 1, false)];
        let source = source.changed(&changes(&source, &moved));
        assert_eq!(weights(&source, 1), (12, 3));
        let gone = [step(HEAVY, 1, false), step(PHISH, 1, false)];
        let source = source.changed(&changes(&source, &gone));
        assert_eq!(weights(&source, 1), (0, 0));
        assert_eq!(accusations(&first).count(), 2);
    }

    #[test]
    fn an_old_feed_loses_weight_texts_first() {
        let hours = |hours: u64| fade(Duration::from_secs(3600 * hours));
        assert_eq!(hours(2), Fade::default());
        assert_eq!((hours(26).passing, hours(26).lasting), (128, 232));
        assert_eq!(hours(2 + 7 * 24).lasting, 128);
        let link = ListId { algorithm: Algorithm::LinkDomain as u8, class: 8 };
        let steps = [SPAM, link].map(|list| Step { list, key: 1, is_added: true });
        let mut source = Source::default().changed(&changes(&Source::default(), &steps));
        source.fade = hours(2 + 24 * 7);
        let sets = Sets::default().with(Origin::Feed("f".into()), source);
        let weight = |algorithm| sets.listed(algorithm, 1).weight(Class::Spam);
        assert_eq!((weight(Algorithm::TextExact), weight(Algorithm::LinkDomain)), (0, 4));
    }
}
