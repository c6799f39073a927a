//! `mailprint fp check`: what fingerprints alone say of messages.

use super::super::{Failure, Outcome, out, valued};
use super::{Place, mail, subcommand};
use crate::error::Code;
use crate::fingerprint::judge::{Grade, Judgement, Signer, judge};
use crate::fingerprint::{of_view, phrases};
use crate::limits::Limits;
use crate::server::lessons::client::Door;
use crate::text::shown::shown;
use clap::{ArgMatches, Command};

/// Its description.
pub fn command() -> Command {
    subcommand("check")
        .about("Say what fingerprints alone make of messages")
        .long_about(
            "Prints a line for each message: its file, a tab, a word, a tab, and the evidence. \
             The word is spam for a verdict, suspect for a suspicion, exempt where there would be \
             either were it not for wanted mail that has the same, and none. The evidence is the \
             class, the points of a hundred, and how many fingerprints of each algorithm count. \
             Nothing asks the network: who has signed the message is not checked, unless --signer \
             says so, and a fingerprint that somebody is exempt from counts half.",
        )
        .arg(valued("signer", "DOMAIN", "The author's domain, whose DKIM signature was verified"))
        .arg(super::text())
        .arg(super::files())
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Outcome {
    let place = Place::of(matches)?;
    let limits = &place.config.limits;
    let door = place.door()?;
    let signer = matches.get_one::<String>("signer").map(|domain| domain.to_lowercase());
    let work = |subject: mail::Subject| {
        let judged = judged(&door, &subject, signer.as_deref(), limits);
        (subject.place, judged)
    };
    let mut out = out::Out::lock();
    let unread = mail::each(matches, &place.config, work, |(place, judged)| {
        let judgement = judged.map_err(|why| Failure::new(Code::CantCreat, why))?;
        let (word, evidence) = (word(judgement.grade), judgement.summary());
        let line = format!("{}\t{word}\t{evidence}\n", shown(place.as_bytes()));
        Ok(out.text(line.as_bytes())?)
    })?;
    out.end()?;
    Ok(if unread == 0 { Code::Ok } else { Code::DataErr }.number())
}

/// What the matches of a message amount to.
pub fn judged(
    door: &Door,
    subject: &mail::Subject,
    signer: Option<&str>,
    limits: &Limits,
) -> Result<Judgement, String> {
    let view = subject.view(limits);
    let wanted = if matches!(door, Door::Theirs(_)) { phrases(&view, limits) } else { Vec::new() };
    let mut known = door.known(wanted)?;
    let prints = of_view(&view, &known, limits);
    known.recall(door, &prints.all, signer)?;
    Ok(judge(&prints, &known, signer.map_or(Signer::Unchecked, Signer::Aligned)))
}

fn word(grade: Grade) -> &'static str {
    match grade {
        Grade::Verdict => "spam",
        Grade::Suspect => "suspect",
        Grade::Exempt => "exempt",
        Grade::None => "none",
    }
}
