//! `mailprint fp show`: the fingerprints of one message, each with what is known of it.

use super::super::{Failure, Outcome, flag, options, out, valued};
use super::{Place, ask, check, mail, odd, subcommand};
use crate::error::Code;
use crate::fingerprint::compat::{pyzor, razor};
use crate::fingerprint::judge::{Judgement, Standing};
use crate::fingerprint::store::{Record, portable};
use crate::fingerprint::{Class, Fingerprint, of_view, phrases};
use crate::limits::Limits;
use crate::server::lessons::client::Door;
use crate::server::lessons::wire::{Answer, Request};
use clap::{ArgMatches, Command};
use std::collections::HashMap;

/// Its description.
pub fn command() -> Command {
    subcommand("show")
        .about("List the fingerprints of messages, and what is known of each")
        .long_about(
            "Lists each fingerprint of a message by its name, which is what fp delist takes; \
             behind it what was taught (class and number of messages, first and last time) and \
             why it counts or does not. What feeds say has no record here and is shown as a \
             listing.",
        )
        .arg(valued("signer", "DOMAIN", "The author's domain, whose DKIM signature was verified"))
        .arg(flag("compat", "List Razor's e4 and e8 signatures and Pyzor's digest instead"))
        .arg(super::text())
        .arg(super::files())
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Outcome {
    if matches.get_flag("compat") {
        return run_compat(matches);
    }
    let place = Place::of(matches)?;
    let limits = &place.config.limits;
    let door = place.door()?;
    let signer = matches.get_one::<String>("signer").map(|domain| domain.to_lowercase());
    let struck = match ask(&door, Request::Struck)? {
        Answer::Struck(struck) => struck.into_iter().collect(),
        _ => return Err(odd()),
    };
    let work = |subject: mail::Subject| shown(&door, &subject, signer.as_deref(), &struck, limits);
    let mut out = out::Out::lock();
    let unread = mail::each(matches, &place.config, work, |text: Result<String, Failure>| {
        Ok(out.text(text?.as_bytes())?)
    })?;
    out.end()?;
    Ok(if unread == 0 { Code::Ok } else { Code::DataErr }.number())
}

/// What Razor and Pyzor would compute; no store is asked.
fn run_compat(matches: &ArgMatches) -> Outcome {
    let config = options::file_and_environment(matches)?;
    let limits = &config.limits;
    let work = |subject: mail::Subject| {
        let mut text = format!("{}\n", crate::text::shown::shown(subject.place.as_bytes()));
        for signature in razor::signatures(subject.message.pristine(), limits) {
            text.push_str(&format!("  razor-e4 {}\n", signature.e4));
            for whiplash in signature.e8 {
                text.push_str(&format!("  razor-e8 {whiplash}\n"));
            }
        }
        if let Some(digest) = pyzor::digest(&subject.message) {
            text.push_str(&format!("  pyzor {digest}\n"));
        }
        text
    };
    let mut out = out::Out::lock();
    let unread = mail::each(matches, &config, work, |text: String| Ok(out.text(text.as_bytes())?))?;
    out.end()?;
    Ok(if unread == 0 { Code::Ok } else { Code::DataErr }.number())
}

type Struck = HashMap<Fingerprint, u64>;

fn shown(
    door: &Door,
    subject: &mail::Subject,
    signer: Option<&str>,
    struck: &Struck,
    limits: &Limits,
) -> Result<String, Failure> {
    let wrong = |why: String| Failure::new(Code::CantCreat, why);
    let view = subject.view(limits);
    let known = door.known(phrases(&view, limits)).map_err(wrong)?;
    let prints = of_view(&view, &known, limits).all;
    let judgement = check::judged(door, subject, signer, limits).map_err(wrong)?;
    let Answer::Records(records) = ask(door, Request::Records(prints.clone()))? else {
        return Err(odd());
    };
    let mut text = format!("{}\n", crate::text::shown::shown(subject.place.as_bytes()));
    for (print, record) in prints.iter().zip(records) {
        let record = record.as_ref().map_or("not taught".to_owned(), taught);
        let why = why(print, &judgement, struck);
        text.push_str(&format!("  {:<50} {record}; {why}\n", portable::name(print)));
    }
    Ok(text)
}

/// `spam 2, ham 1, first 2026-11-23, last 2026-11-23`
fn taught(record: &Record) -> String {
    let classes = Class::ALL.into_iter().filter(|&class| record.count(class) > 0);
    let mut parts: Vec<String> =
        classes.map(|class| format!("{} {}", class.name(), record.count(class))).collect();
    if record.shielded > 0 {
        parts.push(format!("signed ham {}", record.shielded));
    }
    let day = |seconds| crate::clock::day(i64::try_from(seconds).unwrap_or(i64::MAX));
    parts.push(format!("first {}, last {}", day(record.first), day(record.last)));
    parts.join(", ")
}

fn why(print: &Fingerprint, judgement: &Judgement, struck: &Struck) -> String {
    if struck.contains_key(print) {
        return "does not count: struck from all lists (fp delist)".to_owned();
    }
    let Some(found) = judgement.matches.iter().find(|found| found.print == *print) else {
        return "does not count: not listed".to_owned();
    };
    let listed: Vec<String> = Class::ALL
        .into_iter()
        .filter(|&class| found.listed.weight(class) > 0)
        .map(|class| format!("{} {}", class.name(), found.listed.weight(class)))
        .collect();
    let why = match found.standing {
        Standing::Counts if found.points == 0 => "says nothing bad".to_owned(),
        Standing::Counts => format!("counts {}", found.points),
        Standing::Unchecked => {
            format!(
                "counts {}: half, as nobody checked who signed, and some are exempt",
                found.points
            )
        }
        Standing::Wanted if found.points > 0 => {
            format!("counts {}: wanted mail has it too", found.points)
        }
        Standing::Wanted => "does not count: wanted mail has it too".to_owned(),
        Standing::Common => "does not count: common in wanted mail".to_owned(),
        Standing::Exempt => "does not count: the signer is exempt".to_owned(),
    };
    format!("listed as {}; {why}", listed.join(", "))
}
