//! `mailprint fp learn` and `fp forget`.

use super::super::{Failure, Outcome, options, out};
use super::{Place, ask, mail, odd, subcommand};
use crate::clock;
use crate::error::Code;
use crate::fingerprint::store::{Forget, Lesson, LessonId, Saying};
use crate::fingerprint::{Class, Known, phrases};
use crate::server::lessons::client::Door;
use crate::server::lessons::wire::{Answer, Request};
use clap::{Arg, ArgMatches, Command};

/// Lessons that go into one transaction.
const TOGETHER: usize = 128;

/// Its description.
pub fn command() -> Command {
    subcommand("learn")
        .about("Learn messages as spam, phish, malware, bulk or ham")
        .long_about(
            "Learns the fingerprints of each message. A message that is learned twice counts \
             once, also if mail servers have put header fields on it since; one that is learned \
             as something else is that from then on. One message learned as spam, phish or \
             malware is enough for its like to be recognised; bulk is a mark and never decides. \
             What wanted mail (ham) holds counts against nobody, unless it is said who has signed \
             it (--signer): then it counts in everybody's mail but theirs.",
        )
        .arg(
            Arg::new("class")
                .long("class")
                .value_name("CLASS")
                .required(true)
                .value_parser(Class::ALL.map(Class::name))
                .help("What the messages are"),
        )
        .arg(options::repeated(
            "signer",
            "DOMAIN",
            "Wanted mail of this domain, whose DKIM signature has been verified: the domain \
                 is exempt from its fingerprints, and others that copy its mail are not",
        ))
        .arg(super::text())
        .arg(super::files())
}

/// Its description.
pub fn forget_command() -> Command {
    subcommand("forget")
        .about("Take back what messages have taught")
        .long_about(
            "Takes back exactly what each message has taught, whoever had taught it, and prints \
             how many lessons that were. A message that has changed on its way is found by its \
             Message-ID, if only one message of that name was learned.",
        )
        .arg(super::text())
        .arg(super::files())
}

/// Runs `learn`.
pub fn run(matches: &ArgMatches) -> Outcome {
    let place = Place::of(matches)?;
    let class = matches.get_one::<String>("class").and_then(|name| Class::named(name));
    let class = class.ok_or_else(|| Failure::new(Code::Usage, "no class; see --help"))?;
    let signers: Vec<String> =
        options::all(matches, "signer").iter().map(|domain| domain.to_lowercase()).collect();
    if !signers.is_empty() && class != Class::Ham {
        let what = "--signer goes with --class ham: only wanted mail is exempt";
        return Err(Failure::new(Code::Usage, what));
    }
    let limits = &place.config.limits;
    let door = place.door()?;
    let when = u64::try_from(clock::unix_seconds()).unwrap_or(0);
    let work = |subject: mail::Subject| {
        let view = subject.view(limits);
        let known = match &door {
            Door::Ours(lessons) => Ok(Box::new(Sets(lessons.live().load())) as Box<dyn Known>),
            Door::Theirs(_) => {
                let recalled = door.known(phrases(&view, limits));
                recalled.map(|recalled| Box::new(recalled) as Box<dyn Known>)
            }
        };
        let known = known.map_err(|why| Failure::new(Code::CantCreat, why))?;
        let saying = Saying { teacher: "", class, when, signers: signers.clone() };
        Ok(Lesson::of_view(&view, LessonId::of(&subject.message), saying, &*known, limits))
    };
    let (mut waiting, mut counts) = (Vec::new(), [0usize; 3]);
    let unread = mail::each(matches, &place.config, work, |lesson: Result<Lesson, Failure>| {
        waiting.push(lesson?);
        if waiting.len() >= TOGETHER {
            teach(&door, &mut waiting, &mut counts)?;
        }
        Ok(())
    });
    // What was read is learned, whatever came after it.
    teach(&door, &mut waiting, &mut counts)?;
    let [new, known, changed] = counts;
    let class = class.name();
    out::print(
        format!(
            "{} learned as {class}: {new} new, {changed} that had been something else, {known} \
             known before\n",
            new + changed + known
        )
        .as_bytes(),
    )?;
    Ok(status(unread?))
}

/// The sets of this process, as something that knows.
struct Sets(std::sync::Arc<crate::fingerprint::known::Sets>);

impl Known for Sets {
    fn listed(
        &self,
        algorithm: crate::fingerprint::Algorithm,
        key: u64,
    ) -> crate::fingerprint::Listed {
        self.0.listed(algorithm, key)
    }

    fn is_common(&self, phrase: u64) -> bool {
        self.0.is_common(phrase)
    }
}

fn teach(door: &Door, waiting: &mut Vec<Lesson>, counts: &mut [usize; 3]) -> Result<(), Failure> {
    if waiting.is_empty() {
        return Ok(());
    }
    let Answer::Learned(taught) = ask(door, Request::Learn(std::mem::take(waiting)))? else {
        return Err(odd());
    };
    for taught in taught {
        if let Some(count) = counts.get_mut(taught as usize) {
            *count += 1;
        }
    }
    Ok(())
}

/// Runs `forget`.
pub fn forget(matches: &ArgMatches) -> Outcome {
    let place = Place::of(matches)?;
    let door = place.door()?;
    let work = |subject: mail::Subject| LessonId::of(&subject.message);
    let (mut waiting, mut messages, mut lessons) = (Vec::new(), 0, 0);
    let mut take = |waiting: &mut Vec<Forget>| {
        messages += waiting.len();
        match ask(&door, Request::Forget(std::mem::take(waiting)))? {
            Answer::Forgotten(counts) => lessons += counts.iter().sum::<u64>(),
            _ => return Err(odd()),
        }
        Ok(())
    };
    let unread = mail::each(matches, &place.config, work, |id| {
        waiting.push(Forget { id, teacher: String::new() });
        if waiting.len() >= TOGETHER { take(&mut waiting) } else { Ok(()) }
    });
    take(&mut waiting)?;
    out::print(format!("{messages} messages: {lessons} lessons taken back\n").as_bytes())?;
    Ok(status(unread?))
}

fn status(unread: usize) -> u8 {
    let code = if unread == 0 { Code::Ok } else { Code::DataErr };
    code.number()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::store::Taught;

    #[test]
    fn what_could_not_be_read_is_in_the_status() {
        assert_eq!((status(0), status(2)), (0, 65));
        assert_eq!(
            [Taught::New as usize, Taught::Known as usize, Taught::Changed as usize],
            [0, 1, 2]
        );
    }
}
