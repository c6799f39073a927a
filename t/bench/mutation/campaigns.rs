//! Campaigns: how soon later copies are recognised when the first ones are reported.
//!
//! 200 campaigns of 50 copies each (see [`mutants::campaigns`]) come among the ham in random
//! order. Each spam is reported after 20 further messages of the whole stream. Half of the ham, of other senders and lists, says
//! what is common; the other half is in the stream. Nothing else is known at the beginning.

use super::corpus::{Corpus, Mail};
use super::memory::Memory;
use super::operators::text::Chance;
use super::{Plan, every, in_parallel, mutants};
use mailprint::fingerprint::Prints;
use mailprint::fingerprint::judge::{Grade, Signer, judge};

/// Messages between a spam and its report.
const DELAY: usize = 20;
/// Positions of a campaign that one line of the plot stands for.
const STEP: usize = 5;

/// One message of the stream.
struct Item {
    /// The campaign and the position in it; none for ham.
    copy: Option<(usize, usize)>,
    prints: Prints,
}

/// How the copies at one position fared.
#[derive(Clone, Copy, Default)]
struct Position {
    copies: usize,
    verdicts: usize,
    suspects: usize,
}

/// Runs `count` campaigns of `copies` and prints a table and a plot.
pub fn run(plan: &Plan, corpus: &Corpus, count: usize, copies: usize) {
    let halves = corpus.halves();
    let mut memory = Memory::default();
    for mail in &halves[0] {
        memory.learn_wanted(&mail.bytes);
    }
    let campaigns = mutants::campaigns(plan, &every(&corpus.spam, count), copies);
    let stream = stream(&campaigns, &halves[1], &memory);
    let mut positions = vec![Position::default(); copies];
    let mut hit = [0_usize; 2];
    let mut seen = 0;
    for (now, item) in stream.iter().enumerate() {
        if let Some(reported) = now.checked_sub(DELAY + 1).and_then(|at| stream.get(at))
            && let Some((campaign, _)) = reported.copy
        {
            memory.learn(&campaign.to_string(), &reported.prints);
        }
        let grade = judge(&item.prints, &memory, Signer::Nobody).grade;
        let verdict = usize::from(grade == Grade::Verdict);
        let suspect = usize::from(matches!(grade, Grade::Verdict | Grade::Suspect));
        match item.copy {
            Some((_, position)) => {
                let at = &mut positions[position];
                at.copies += 1;
                at.verdicts += verdict;
                at.suspects += suspect;
            }
            None => {
                seen += 1;
                hit[0] += verdict;
                hit[1] += suspect;
            }
        }
    }
    println!(
        "{count} campaigns of {copies} copies among {seen} ham, each reported {DELAY} messages later"
    );
    println!("ham hit: {} verdicts, {} suspects", hit[0], hit[1]);
    plot(&positions);
}

/// All messages in random order; the copies of a campaign in their order.
fn stream(campaigns: &[Vec<Vec<u8>>], ham: &[&Mail], memory: &Memory) -> Vec<Item> {
    let of_campaigns: Vec<Vec<Prints>> =
        in_parallel(campaigns, |copies| copies.iter().map(|bytes| memory.prints(bytes)).collect());
    let wanted = in_parallel(ham, |mail| memory.prints(&mail.bytes));
    let mut order: Vec<Option<usize>> = vec![None; wanted.len()];
    for (campaign, copies) in of_campaigns.iter().enumerate() {
        order.extend(std::iter::repeat_n(Some(campaign), copies.len()));
    }
    let mut chance = Chance::new(1, b"campaigns");
    for at in (1..order.len()).rev() {
        order.swap(at, chance.below(at + 1));
    }
    let mut wanted = wanted.into_iter();
    let mut of_campaigns: Vec<_> =
        of_campaigns.into_iter().map(|copies| copies.into_iter().enumerate()).collect();
    let next = |place: Option<usize>| match place {
        None => Some(Item { copy: None, prints: wanted.next()? }),
        Some(campaign) => {
            let (position, prints) = of_campaigns.get_mut(campaign)?.next()?;
            Some(Item { copy: Some((campaign, position)), prints })
        }
    };
    order.into_iter().filter_map(next).collect()
}

/// A table with a bar for each position.
fn plot(positions: &[Position]) {
    println!("{:>9} {:>7} {:>8} {:>8}", "position", "copies", "verdict", "suspect");
    let mut later = Position::default();
    for (at, step) in positions.chunks(STEP).enumerate() {
        // The first copies stand alone: that is where it is decided.
        let rows: Vec<(String, &[Position])> = match at {
            0 => (0..step.len()).map(|at| ((at + 1).to_string(), &step[at..=at])).collect(),
            _ => vec![(format!("{}-{}", at * STEP + 1, at * STEP + step.len()), step)],
        };
        for (name, row) in rows {
            let sum = add(row);
            let share = |part: usize| 100.0 * part as f64 / sum.copies.max(1) as f64;
            let bar = "#".repeat((share(sum.verdicts) / 2.0) as usize);
            println!(
                "{name:>9} {:7} {:7.1}% {:7.1}% |{bar:50}|",
                sum.copies,
                share(sum.verdicts),
                share(sum.suspects)
            );
        }
        later = add(&[later, add(step)]);
    }
    let first = positions.first().copied().unwrap_or_default();
    let (copies, verdicts) = (later.copies - first.copies, later.verdicts - first.verdicts);
    println!(
        "all copies after the first: {:.1} % caught",
        100.0 * verdicts as f64 / copies.max(1) as f64
    );
}

fn add(all: &[Position]) -> Position {
    all.iter().fold(Position::default(), |sum, one| Position {
        copies: sum.copies + one.copies,
        verdicts: sum.verdicts + one.verdicts,
        suspects: sum.suspects + one.suspects,
    })
}
