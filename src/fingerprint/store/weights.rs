//! From what was taught to weights: the one table.
//!
//! | taught | listed as |
//! | --- | --- |
//! | a message as spam, phish, malware or bulk | that class, weight 8 ([`FULL`]): one lesson is enough |
//! | n of them | 9 from 2, 10 from 4, 11 from 8, and so on, up to 15 |
//! | a wanted message that nobody has signed for its author's domain | ham, weight 15: it counts for nobody |
//! | n wanted ones and more than [`OUTVOTED`] times as many of the others | as if there were no wanted ones, each of which takes two of the others away |
//! | a wanted message that its author's domain has signed | the exemption of that domain from the fingerprint, ham, weight 15; the fingerprint itself as before |
//!
//! Who teaches is trusted: the administrator on the command line, and whoever the administrator
//! lets use TELL.

use super::super::judge::FULL;
use super::super::{Class, Listed};
use super::record::Record;

/// So many lessons weigh more than one of the opposite: a slip of the hand must not wash away
/// what hundreds of messages have shown.
const OUTVOTED: u64 = 32;

/// What a fingerprint with this record is listed as.
pub fn listed(record: &Record) -> Listed {
    let ham = u64::from(record.count(Class::Ham));
    if record.is_exemption {
        let weight = if record.shielded > 0 { Listed::HEAVIEST } else { 0 };
        return Listed::default().with(Class::Ham, weight);
    }
    let others = Class::ALL.into_iter().filter(|&class| class != Class::Ham);
    let bad: u64 = others.clone().map(|class| u64::from(record.count(class))).sum();
    let mut listed = Listed::default();
    let is_outvoted = bad > ham * OUTVOTED;
    if ham > 0 && !is_outvoted {
        listed = listed.with(Class::Ham, Listed::HEAVIEST);
    }
    for class in others {
        let count = u64::from(record.count(class));
        let left = if is_outvoted { count.saturating_sub(2 * ham) } else { count };
        listed = listed.with(class, weight(left));
    }
    listed
}

fn weight(count: u64) -> u8 {
    match count {
        0 => 0,
        count => {
            (u64::from(FULL) + u64::from(count.ilog2())).min(u64::from(Listed::HEAVIEST)) as u8
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_what_it_says() {
        let listed = |spam, phish, ham, shielded| {
            let record = Record { counts: [spam, phish, 0, 0, ham], shielded, ..Record::default() };
            let listed = super::listed(&record);
            [Class::Spam, Class::Phish, Class::Ham].map(|class| listed.weight(class))
        };
        assert_eq!(listed(0, 0, 0, 0), [0, 0, 0]);
        assert_eq!(listed(1, 0, 0, 0), [8, 0, 0]);
        assert_eq!(listed(3, 4, 0, 0), [9, 10, 0]);
        assert_eq!(listed(1 << 30, 0, 0, 0), [15, 0, 0]);
        assert_eq!(listed(0, 0, 1, 0), [0, 0, 15]);
        assert_eq!(listed(32, 0, 1, 0), [13, 0, 15]);
        assert_eq!(listed(33, 0, 1, 0), [12, 0, 0]);
        assert_eq!(listed(1, 0, 0, 9), [8, 0, 0], "signed mail exempts its signer alone");
        let exemption = Record { shielded: 1, is_exemption: true, ..Record::default() };
        assert_eq!(super::listed(&exemption).weight(Class::Ham), 15);
    }
}
