//! Messages from files, each worked on by one of several threads, taken in order.

use super::super::archive::{self, Format, Mail};
use super::super::notes::Notes;
use super::super::{Failure, options};
use crate::config::Config;
use crate::engine::markup;
use crate::error::Code;
use crate::fingerprint::view::View;
use crate::limits::Limits;
use crate::message::Message;
use clap::ArgMatches;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;

/// A message, without the marks of spam filters.
pub struct Subject {
    /// Where it came from.
    pub place: String,
    /// It; a text without headers has none.
    pub message: Message,
}

impl Subject {
    fn new(place: String, bytes: Vec<u8>, is_text: bool, limits: &Limits) -> Subject {
        let mail = match is_text {
            true => [b"\n", &bytes[..]].concat(),
            false => markup::remove(bytes, limits),
        };
        Subject { place, message: Message::parse(mail, limits) }
    }

    /// What algorithms look at.
    pub fn view(&self, limits: &Limits) -> View<'_> {
        View::of(&self.message, limits)
    }
}

/// Messages that are read ahead.
const AHEAD: usize = 64;

/// Does `work` on every message that `matches` names, on all processors, and hands what comes
/// of it to `take` in the order of the messages. Gives how many files there were that could not
/// be read.
pub fn each<T: Send>(
    matches: &ArgMatches,
    config: &Config,
    work: impl Fn(Subject) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), Failure>,
) -> Result<usize, Failure> {
    let limits = &config.limits;
    let is_text = matches.get_flag("text");
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
    let (jobs, queue) = crossbeam_channel::bounded::<(usize, String, Vec<u8>)>(AHEAD);
    let (done, results) = crossbeam_channel::bounded::<(usize, T)>(AHEAD);
    let targets: Vec<OsString> =
        options::all(matches, "FILE").into_iter().map(OsString::from).collect();
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || read(&targets, limits.message_bytes, &jobs));
        for _ in 0..threads {
            let (queue, done, work) = (queue.clone(), done.clone(), &work);
            scope.spawn(move || {
                for (number, place, bytes) in queue {
                    let worked = work(Subject::new(place, bytes, is_text, limits));
                    if done.send((number, worked)).is_err() {
                        return;
                    }
                }
            });
        }
        drop((queue, done));
        let taken = in_order(&results, &mut take);
        // Whoever still wants to hand something over need not wait.
        drop(results);
        let unread = reader.join().unwrap_or_else(|_| Err(odd_end()));
        taken.and(unread)
    })
}

fn in_order<T>(
    results: &crossbeam_channel::Receiver<(usize, T)>,
    take: &mut impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (mut next, mut early) = (0, BTreeMap::new());
    for (number, result) in results {
        early.insert(number, result);
        while let Some(result) = early.remove(&next) {
            next += 1;
            take(result)?;
        }
    }
    Ok(())
}

fn odd_end() -> Failure {
    Failure::new(Code::Software, "reading the messages has ended in a fault of our own")
}

/// Reads all messages; gives how many files could not be read.
fn read(
    targets: &[OsString],
    most: usize,
    jobs: &crossbeam_channel::Sender<(usize, String, Vec<u8>)>,
) -> Result<usize, Failure> {
    let notes = Notes::default();
    let wrong = |why: archive::ArchiveError| Failure::new(Code::NoInput, why.to_string());
    let sources = archive::list(targets, Format::Detect, &notes).map_err(wrong)?;
    if sources.is_empty() {
        return Err(Failure::new(Code::NoInput, "there is no message in any of these files"));
    }
    let (mut number, mut unread) = (0, 0);
    for source in sources {
        let place = source.to_string();
        let mut each = |mail: Mail| {
            if mail.rest.is_some() {
                eprintln!("{place}: longer than {most} bytes (limits.message_bytes), left out");
                unread += 1;
                return Ok(());
            }
            let sent = jobs.send((number, place.clone(), mail.bytes));
            number += 1;
            sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
        };
        match archive::read(std::slice::from_ref(&source), most, &notes, &mut each) {
            Ok(0) => unread += 1,
            Ok(_) => {}
            // Nobody takes messages any more, and says why.
            Err(archive::ArchiveError::Refused(_)) => return Ok(unread),
            Err(why) => {
                eprintln!("{why}");
                unread += 1;
            }
        }
    }
    Ok(unread)
}
