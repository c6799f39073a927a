//! Messages of one file: mbox, where a line `From sender date` comes before each, and MBX,
//! where a line with each message's length does.

use crate::message::mbox;
use crate::text::ascii::is_space;
use std::io::{self, BufRead, Read};

/// The longest line that can be a separator. A longer one is read in pieces.
const LINE: u64 = 8 * 1024;

/// An mbox.
pub struct Mbox<R> {
    reader: R,
    /// A line, or a piece of one, that was read and not given out.
    line: Vec<u8>,
    /// Does `line` begin where a line does?
    whole: bool,
}

impl<R: BufRead> Mbox<R> {
    /// Nothing is read yet.
    pub fn new(reader: R) -> Mbox<R> {
        Mbox { reader, line: b"\n".to_vec(), whole: false }
    }

    /// The next message with its separator; the one before has to be read to its end. What
    /// stands before the first separator belongs to none.
    pub fn next_message(&mut self) -> io::Result<Option<MboxMessage<'_, R>>> {
        while !self.line.is_empty() && !self.at_separator() {
            self.load()?;
        }
        let found = !self.line.is_empty();
        Ok(found.then_some(MboxMessage { mbox: self, given: 0, ended: false }))
    }

    fn at_separator(&self) -> bool {
        self.whole && is_separator(&self.line)
    }

    /// Reads on; the line is empty at the end of the file.
    fn load(&mut self) -> io::Result<()> {
        self.whole = self.line.ends_with(b"\n");
        self.line.clear();
        self.reader.by_ref().take(LINE).read_until(b'\n', &mut self.line)?;
        Ok(())
    }
}

/// One message of an mbox, separator included.
pub struct MboxMessage<'m, R> {
    mbox: &'m mut Mbox<R>,
    /// How much of the line is given out.
    given: usize,
    ended: bool,
}

impl<R: BufRead> Read for MboxMessage<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.ended && self.given == self.mbox.line.len() {
            self.mbox.load()?;
            self.given = 0;
            self.ended = self.mbox.line.is_empty() || self.mbox.at_separator();
        }
        if self.ended {
            return Ok(0);
        }
        let left = self.mbox.line.get(self.given..).unwrap_or_default();
        let count = (&mut &*left).read(buffer)?;
        self.given += count;
        Ok(count)
    }
}

/// Is `line` what SpamAssassin takes for the beginning of a message: `From `, a sender, one or
/// two spaces, and a date as `ctime` or CommuniGate Pro writes it?
fn is_separator(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"From ") else { return false };
    let sender = rest.iter().take_while(|byte| !is_space(**byte)).count();
    let Some(date) = rest.get(sender..).and_then(|rest| rest.strip_prefix(b" ")) else {
        return false;
    };
    let is_date = |text: &[u8]| begins(text, CTIME) || begins(text, COMMUNIGATE);
    sender > 0 && (is_date(date) || date.strip_prefix(b" ").is_some_and(is_date))
}

// `9` is a digit, `S` no white space, `?` any byte or none; all else is itself.
const CTIME: &[u8] = b"SSS SSS ?9 ?9:99:99 9999";
const COMMUNIGATE: &[u8] = b"?9-99-9999_99:99:99_";

/// Does `text` begin as `shape` draws? Calls itself once for each `?`.
fn begins(mut text: &[u8], mut shape: &[u8]) -> bool {
    while let Some((kind, behind)) = shape.split_first() {
        shape = behind;
        let next = text.split_first();
        if *kind == b'?' {
            let skipped = next.filter(|(byte, _)| **byte != b'\n');
            return begins(text, shape) || skipped.is_some_and(|(_, text)| begins(text, shape));
        }
        let Some((byte, rest)) = next else { return false };
        let fits = match kind {
            b'9' => byte.is_ascii_digit(),
            b'S' => !is_space(*byte),
            _ => byte == kind,
        };
        if !fits {
            return false;
        }
        text = rest;
    }
    true
}

/// How an MBX file begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MbxHead {
    /// As it should.
    Mbx,
    /// There is nothing.
    Empty,
    /// As something else.
    Other,
}

/// Reads the block before the first message.
pub fn mbx_head(reader: &mut impl BufRead) -> io::Result<MbxHead> {
    let mut head = Vec::new();
    reader.take(2048).read_to_end(&mut head)?;
    let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(match memchr::memmem::find(first, b"*mbx*") {
        Some(_) => MbxHead::Mbx,
        None if head.is_empty() => MbxHead::Empty,
        None => MbxHead::Other,
    })
}

/// Reads the line before a message and gives the message's length in bytes: `None` at the end
/// of the file, `Some(None)` where there is no such line.
pub fn mbx_length(reader: &mut impl BufRead) -> io::Result<Option<Option<u64>>> {
    let mut line = Vec::new();
    reader.take(LINE).read_until(b'\n', &mut line)?;
    Ok((!line.is_empty()).then(|| mbox::mbx_length(&line)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn messages(text: &[u8]) -> Vec<Vec<u8>> {
        let mut mbox = Mbox::new(text);
        let mut all = Vec::new();
        while let Some(mut message) = mbox.next_message().unwrap() {
            let mut bytes = Vec::new();
            message.read_to_end(&mut bytes).unwrap();
            all.push(bytes);
        }
        all
    }

    #[test]
    fn a_separator_is_a_whole_line_with_sender_and_date() {
        for line in [
            "From a@b Thu Jan  1 00:00:00 2026\n",
            "From a@b  Thu Jan 31 00:00:00 2026",
            "From - Thu Jan 1 0:00:00 2026 +0000\r\n",
            "From <a@b> 1-01-2026_00:00:00_x",
            "From <a@b>   1-01-2026_00:00:00_",
        ] {
            assert!(is_separator(line.as_bytes()), "{line}");
        }
        for line in [
            "From: a@b Thu Jan  1 00:00:00 2026",
            ">From a@b Thu Jan  1 00:00:00 2026",
            "From  Thu Jan  1 00:00:00 2026",
            "From a@b   Thu Jan  1 00:00:00 2026",
            "From a@b\tThu Jan  1 00:00:00 2026",
            "From a@b Thu Jan  1 00:00:00 26",
            "From a@b Thu Jan  1 00:00 2026",
            "From a@b",
            "From a@b ",
        ] {
            assert!(!is_separator(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn an_mbox_is_cut_at_its_separators() {
        const FROM: &str = "From a@b Thu Jan  1 00:00:00 2026\n";
        let text = format!("junk\n{FROM}A: b\n\nFrom here on\n x{FROM}\n{FROM}{FROM}last");
        let expected = [
            format!("{FROM}A: b\n\nFrom here on\n x{FROM}\n"),
            FROM.to_owned(),
            format!("{FROM}last"),
        ];
        assert_eq!(messages(text.as_bytes()), expected.map(String::into_bytes));
        assert!(messages(b"").is_empty() && messages(b"no separator\n").is_empty());
    }

    #[test]
    fn an_endless_line_is_no_separator() {
        let long = [&b"From a"[..], &vec![b'a'; 3 * LINE as usize], b" Thu Jan  1 00:00:00 2026\n"];
        assert!(messages(&long.concat()).is_empty());
        let first = [&b"From a@b Thu Jan  1 00:00:00 2026\n"[..], &long.concat()].concat();
        assert_eq!(messages(&first), [first]);
    }

    #[test]
    fn an_mbx_has_a_block_before_its_messages() {
        let head = |text: &[u8]| mbx_head(&mut &*text).unwrap();
        assert_eq!(head(b""), MbxHead::Empty);
        assert_eq!(head(b"From a\n*mbx*\n"), MbxHead::Other);
        let text = [&b"*mbx*\r\n"[..], &[0; 2041], b"x"].concat();
        let mut rest = &text[..];
        assert_eq!((mbx_head(&mut rest).unwrap(), rest), (MbxHead::Mbx, &b"x"[..]));
        let line = b" 3-Jun-2003 12:01:02 +0200,17;0123456789ab-00000001\r\nA: b\n";
        let mut rest = &line[..];
        assert_eq!((mbx_length(&mut rest).unwrap(), rest), (Some(Some(17)), &b"A: b\n"[..]));
        assert_eq!(mbx_length(&mut rest).unwrap(), Some(None));
        assert_eq!(mbx_length(&mut rest).unwrap(), None);
    }

    proptest! {
        #[test]
        fn messages_are_all_that_follows_the_first_separator(
            lines in proptest::collection::vec(
                prop_oneof![
                    Just(b"From a@b Thu Jan  1 00:00:00 2026\n".to_vec()),
                    proptest::collection::vec(any::<u8>(), 0..40),
                ],
                0..20,
            )
        ) {
            let text = lines.concat();
            let joined = messages(&text).concat();
            prop_assert!(text.ends_with(&joined));
            prop_assert!(joined.is_empty() || is_separator(&joined));
        }
    }
}
