//! Messages from files, directories and mailboxes, one at a time.
//!
//! Mail::SpamAssassin::ArchiveIterator. In go the words that name places, out come messages:
//! whole ones up to a height, of longer ones the beginning and a way to read on, so that no
//! message is ever held beyond its limit and none is lost. What cannot be opened is told and
//! costs itself.

mod compressed;
mod listing;
pub mod mailbox;

pub use listing::{Format, Source, list};

use super::notes::{Notes, reason};
use listing::{Kind, Place};
use mailbox::Mbox;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

/// One message.
pub struct Mail<'r> {
    /// The message, or the beginning of one that is too long.
    pub bytes: Vec<u8>,
    /// What follows, if the message is too long.
    pub rest: Option<&'r mut dyn Read>,
}

/// What each message is handed to; an error ends the reading.
pub type Each<'e> = &'e mut dyn FnMut(Mail) -> io::Result<()>;

/// What ends the reading of all messages.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A directory cannot be listed.
    #[error("archive-iterator: can't open '{}' dir: {}", path.display(), reason(why))]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// Reading has failed midway.
    #[error("archive-iterator: error reading {place}: {}", reason(why))]
    Read {
        /// The file.
        place: String,
        /// What the system says.
        why: io::Error,
    },
    /// A file is not what `--mbx` says that it is.
    #[error("archive-iterator: error: {place}: mailbox not in mbx format{}", if *empty { " - empty!" } else { "!" })]
    NotMbx {
        /// The file.
        place: String,
        /// There is nothing in it.
        empty: bool,
    },
    /// What takes the messages does not want any more.
    #[error("error writing: {}", reason(.0))]
    Refused(io::Error),
}

impl ArchiveError {
    /// The exit status of a Perl program that dies of this: what the system says, as a number.
    pub fn status(&self) -> u8 {
        let why = match self {
            ArchiveError::NotMbx { .. } => None,
            ArchiveError::Directory { why, .. }
            | ArchiveError::Read { why, .. }
            | ArchiveError::Refused(why) => why.raw_os_error(),
        };
        why.and_then(|number| u8::try_from(number).ok()).unwrap_or(u8::MAX)
    }
}

/// Reads all messages of `sources` and hands them to `each`, at most `most` bytes of a message
/// at once; gives how many there were.
pub fn read(
    sources: &[Source],
    most: usize,
    notes: &Notes,
    each: Each,
) -> Result<usize, ArchiveError> {
    let mut count = 0;
    for source in sources {
        let Some(reader) = open(source, notes) else { continue };
        let place = source.to_string();
        let mut hand = Hand { most, place: &place, count: &mut count, each };
        match source.kind {
            Kind::File => file(reader, &mut hand, notes)?,
            Kind::Mbox => mbox(reader, &mut hand)?,
            Kind::Mbx => mbx(reader, &mut hand)?,
        }
    }
    Ok(count)
}

fn open(source: &Source, notes: &Notes) -> Option<Box<dyn Read + Send>> {
    let path = match &source.place {
        Place::Stdin => return Some(Box::new(io::stdin())),
        Place::Path(path) => path,
    };
    match File::open(path) {
        Ok(file) => Some(Box::new(file)),
        // Who lists a folder in use expects files to go away.
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            let path = path.display();
            notes.warn(&format!("archive-iterator: no access to {path}: {}", reason(&error)));
            None
        }
    }
}

/// Where messages of one place go.
struct Hand<'h> {
    most: usize,
    place: &'h str,
    count: &'h mut usize,
    each: Each<'h>,
}

impl Hand<'_> {
    /// Hands on the message that `reader` holds, and reads it to its end.
    fn message(&mut self, reader: &mut dyn Read) -> Result<(), ArchiveError> {
        let mut bytes = Vec::new();
        let read = (&mut *reader).take(self.most as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|why| self.broken(why))?;
        self.give(bytes, Some(reader))
    }

    fn give(&mut self, bytes: Vec<u8>, rest: Option<&mut dyn Read>) -> Result<(), ArchiveError> {
        *self.count += 1;
        let Some(rest) = rest.filter(|_| bytes.len() > self.most) else {
            return (self.each)(Mail { bytes, rest: None }).map_err(ArchiveError::Refused);
        };
        (self.each)(Mail { bytes, rest: Some(rest) }).map_err(ArchiveError::Refused)?;
        io::copy(rest, &mut io::sink()).map(|_| ()).map_err(|why| self.broken(why))
    }

    fn broken(&self, why: io::Error) -> ArchiveError {
        ArchiveError::Read { place: self.place.to_owned(), why }
    }
}

/// One message, compressed or not.
fn file(source: Box<dyn Read + Send>, hand: &mut Hand, notes: &Notes) -> Result<(), ArchiveError> {
    let (reader, method) = match compressed::open(source) {
        Ok(opened) => opened,
        Err(compressed::NotOpened::Read(why)) => return Err(hand.broken(why)),
        Err(missing) => {
            notes.warn(&format!("archive-iterator: {missing} for {}", hand.place));
            return Ok(());
        }
    };
    let mut reader = reader;
    let Some(method) = method else { return hand.message(&mut *reader) };
    let mut bytes = Vec::new();
    let read = reader.take(hand.most as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|why| hand.broken(why))?;
    if bytes.len() > hand.most {
        // A few bytes can be any number of bytes: nobody wants the rest.
        let (place, most) = (hand.place, hand.most);
        notes.warn(&format!(
            "archive-iterator: {place}: more than {most} bytes (limits.message_bytes) when \
             uncompressed with {method}, skipped"
        ));
        return Ok(());
    }
    hand.give(bytes, None)
}

fn mbox(source: Box<dyn Read + Send>, hand: &mut Hand) -> Result<(), ArchiveError> {
    let mut mailbox = Mbox::new(BufReader::new(source));
    while let Some(mut message) = mailbox.next_message().map_err(|why| hand.broken(why))? {
        hand.message(&mut message)?;
    }
    Ok(())
}

fn mbx(source: Box<dyn Read + Send>, hand: &mut Hand) -> Result<(), ArchiveError> {
    let mut reader = BufReader::new(source);
    let not_mbx = |hand: &Hand, empty| ArchiveError::NotMbx { place: hand.place.to_owned(), empty };
    match mailbox::mbx_head(&mut reader).map_err(|why| hand.broken(why))? {
        mailbox::MbxHead::Mbx => {}
        other => return Err(not_mbx(hand, other == mailbox::MbxHead::Empty)),
    }
    loop {
        match mailbox::mbx_length(&mut reader).map_err(|why| hand.broken(why))? {
            None => return Ok(()),
            Some(None) => return Err(not_mbx(hand, false)),
            Some(Some(length)) => hand.message(&mut reader.by_ref().take(length))?,
        }
    }
}

#[cfg(test)]
mod tests;
