//! `mailprint fp delist`, `stats`, `export` and `import`.

use super::super::{Failure, Outcome, flag, out};
use super::{Place, ask, odd, subcommand};
use crate::clock;
use crate::error::Code;
use crate::fingerprint::Class;
use crate::fingerprint::known::file;
use crate::fingerprint::store::portable::{self, Line};
use crate::fingerprint::store::{Lesson, Stats};
use crate::server::lessons::client::Door;
use crate::server::lessons::wire::{Answer, Request};
use clap::{Arg, ArgMatches, Command};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

/// Lessons that are imported in one transaction.
const TOGETHER: usize = 256;

/// Its description.
pub fn delist_command() -> Command {
    subcommand("delist")
        .about("Strike fingerprints from all lists, those of feeds too")
        .long_about(
            "A fingerprint that is struck counts no more, whoever lists it and whatever is \
             learned, until it is put back. fp show prints their names.",
        )
        .arg(flag("undo", "Put it back"))
        .arg(
            Arg::new("ID")
                .required(true)
                .num_args(1..)
                .help("The fingerprint: an algorithm, a colon, and 32 hexadecimal digits"),
        )
}

/// Runs it.
pub fn delist(matches: &ArgMatches) -> Outcome {
    let place = Place::of(matches)?;
    let names = super::super::options::all(matches, "ID");
    let parsed = |name: &String| {
        portable::parse_name(name).ok_or_else(|| {
            let what = "is no fingerprint; fp show prints them: text-exact:0123…";
            Failure::new(Code::Usage, format!("{name} {what}"))
        })
    };
    let prints = names.iter().map(parsed).collect::<Result<Vec<_>, _>>()?;
    let door = place.door()?;
    let strike = !matches.get_flag("undo");
    for (name, print) in names.iter().zip(prints) {
        let Answer::Delisted(changed) = ask(&door, Request::Delist { print, strike, when: now() })?
        else {
            return Err(odd());
        };
        let what = match (strike, changed) {
            (true, true) => "struck from all lists",
            (true, false) => "was struck before",
            (false, true) => "put back",
            (false, false) => "was not struck",
        };
        out::print(format!("{name}: {what}\n").as_bytes())?;
    }
    Ok(0)
}

fn now() -> u64 {
    u64::try_from(clock::unix_seconds()).unwrap_or(0)
}

/// Its description.
pub fn stats_command() -> Command {
    subcommand("stats").about("Say how much is known").long_about(
        "Prints how many lessons of each class there are, fingerprints, exemptions, common \
         phrases, what is struck from all lists, and the bytes on disk: a name and a number a line.",
    )
}

/// Runs it.
pub fn stats(matches: &ArgMatches) -> Outcome {
    let place = Place::of(matches)?;
    let Answer::Stats(stats) = ask(&place.door()?, Request::Stats)? else { return Err(odd()) };
    let Stats { lessons, fingerprints, exemptions, phrases, delisted, bytes, generation } = stats;
    let mut text = String::new();
    for (class, count) in Class::ALL.into_iter().zip(lessons) {
        text.push_str(&format!("lessons.{} {count}\n", class.name()));
    }
    let rest = [
        ("fingerprints", fingerprints),
        ("exemptions", exemptions),
        ("phrases", phrases),
        ("delisted", delisted),
        ("bytes", bytes),
        ("generation", generation),
    ];
    rest.iter().for_each(|(name, number)| text.push_str(&format!("{name} {number}\n")));
    out::print(text.as_bytes())?;
    Ok(0)
}

/// Its description.
pub fn export_command() -> Command {
    subcommand("export")
        .about("Write all lessons to a file")
        .long_about(
            "Writes all lessons and what is struck from all lists to a file of text, one a line, \
             that fp import reads on any machine and in any version. No text of any message is \
             in it, only digests. The file is there whole, or not at all.",
        )
        .arg(Arg::new("FILE").required(true).help("The file; - for standard output"))
}

/// Runs it.
pub fn export(matches: &ArgMatches) -> Outcome {
    let place = Place::of(matches)?;
    let door = place.door()?;
    let path = matches.get_one::<String>("FILE").map_or("-", String::as_str);
    let mut failure = None;
    let mut write = |out: &mut dyn Write| {
        write_all(&door, out).map_err(|why| match why {
            Stopped::Write(why) => why,
            Stopped::Store(why) => {
                failure = Some(why);
                io::Error::other("the store has failed")
            }
        })
    };
    let written = match path {
        "-" => {
            let mut out = out::mail();
            write(&mut out).and_then(|()| out.flush())
        }
        path => file::replace(Path::new(path), false, |out| write(out)),
    };
    match (written, failure) {
        (_, Some(why)) => Err(why),
        (Err(why), None) => Err(Failure::new(Code::CantCreat, format!("{path}: {why}"))),
        (Ok(()), None) => Ok(0),
    }
}

/// What ends an export.
enum Stopped {
    Write(io::Error),
    Store(Failure),
}

fn write_all(door: &Door, out: &mut dyn Write) -> Result<(), Stopped> {
    let mut line = |text: &str| writeln!(out, "{text}").map_err(Stopped::Write);
    line(portable::HEAD)?;
    let (mut count, mut after) = (0, Vec::new());
    loop {
        let answer = ask(door, Request::Lessons { after }).map_err(Stopped::Store)?;
        let Answer::Lessons(lessons) = answer else { return Err(Stopped::Store(odd())) };
        let Some(last) = lessons.last() else { break };
        after = last.key();
        for lesson in lessons {
            line(&Line::Lesson(lesson).render())?;
            count += 1;
        }
    }
    let answer = ask(door, Request::Struck).map_err(Stopped::Store)?;
    let Answer::Struck(struck) = answer else { return Err(Stopped::Store(odd())) };
    for (print, when) in struck {
        line(&Line::Delisted(print, when).render())?;
        count += 1;
    }
    line(&portable::end(count))
}

/// Its description.
pub fn import_command() -> Command {
    subcommand("import")
        .about("Learn all lessons of an exported file")
        .long_about(
            "Learns what fp export has written, besides what is known already; a lesson that is \
             known counts once. The file is read twice: first to see whether it is whole. If the \
             second time is cut short, what has been learned stays, and the same import goes on \
             from there.",
        )
        .arg(Arg::new("FILE").required(true).help("The file"))
}

/// Runs it.
pub fn import(matches: &ArgMatches) -> Outcome {
    let place = Place::of(matches)?;
    let path = matches.get_one::<String>("FILE").map_or("", String::as_str);
    let most = place.config.limits.lesson_request;
    let torn = |why: &str| Failure::new(Code::DataErr, format!("{path}: {why}"));
    let total = each_line(path, most, &mut |_| Ok(()))?;
    let door = place.door()?;
    let (mut lessons, mut bytes, mut learned) = (Vec::new(), 0, 0);
    let mut teach = |lessons: &mut Vec<Lesson>| {
        if lessons.is_empty() {
            return Ok(());
        }
        match ask(&door, Request::Learn(std::mem::take(lessons)))? {
            Answer::Learned(taught) => {
                let known = crate::fingerprint::store::Taught::Known;
                learned += taught.iter().filter(|one| **one != known).count();
                Ok(())
            }
            _ => Err(odd()),
        }
    };
    let again = each_line(path, most, &mut |line| {
        match line {
            Line::Lesson(lesson) => {
                bytes += lesson.to_bytes().len();
                lessons.push(lesson);
                if lessons.len() >= TOGETHER || bytes > most / 4 {
                    bytes = 0;
                    teach(&mut lessons)?;
                }
            }
            Line::Delisted(print, when) => {
                ask(&door, Request::Delist { print, strike: true, when })?;
            }
        }
        Ok(())
    })?;
    teach(&mut lessons)?;
    if again != total {
        return Err(torn("the file changed while it was read"));
    }
    out::print(format!("{total} lines, {learned} lessons learned\n").as_bytes())?;
    Ok(0)
}

/// Hands each line between the first and the last to `take`; gives how many there were. A file
/// that is not whole is an error.
fn each_line(
    path: &str,
    most: usize,
    take: &mut dyn FnMut(Line) -> Result<(), Failure>,
) -> Result<u64, Failure> {
    let wrong = |why: &str| Failure::new(Code::DataErr, format!("{path}: {why}"));
    let file =
        File::open(path).map_err(|why| Failure::new(Code::NoInput, format!("{path}: {why}")))?;
    let mut reader = BufReader::new(file);
    let mut next = |text: &mut String| {
        text.clear();
        let read = (&mut reader).take(most as u64).read_line(text);
        read.map_err(|why| wrong(&why.to_string()))?;
        Ok::<bool, Failure>(text.ends_with('\n'))
    };
    let mut text = String::new();
    if !next(&mut text)? || text.trim_end() != portable::HEAD {
        let what = match text.starts_with("mailprint-fingerprints") {
            true => "another version of mailprint has exported this",
            false => "this is no export of fingerprints",
        };
        return Err(wrong(what));
    }
    let mut count = 0;
    while next(&mut text)? {
        let line = text.trim_end();
        if let Some(said) = portable::ended(line) {
            let whole = said == count && !next(&mut text)? && text.is_empty();
            return if whole { Ok(count) } else { Err(wrong("its end is not that of this file")) };
        }
        let number = count + 2;
        let line = Line::parse(line).ok_or_else(|| {
            wrong(&format!("line {number} is neither a lesson nor a fingerprint"))
        })?;
        take(line)?;
        count += 1;
    }
    Err(wrong("this export is torn: its last line is missing; export again"))
}
