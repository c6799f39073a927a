//! What server and keeper say to each other: one packet a question, one packet an answer, and
//! an open file beside it (`SCM_RIGHTS`).
//!
//! A packet is a number of four bytes, one letter, and a text. The answer bears the number of
//! its question: what comes too late is not taken for something else.

use crate::clock::Tick;
use rustix::cmsg_space;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg,
    sendmsg, socketpair,
};
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// Bytes of the longest packet; longer ones are refused. The longest name that a client can
/// send is half of it.
const PACKET: usize = 16 * 1024;

/// A question.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// Open the preferences of this user.
    Open(String),
    /// The same, and make them if they are not there.
    Create(String),
    /// Open the log file.
    Log,
    /// Open this file, if it is one of those agreed on at the start.
    Again(String),
}

/// An answer.
#[derive(Debug)]
pub enum Answer {
    /// It is open.
    File(File),
    /// It is open, and new.
    Created(File),
    /// There is none.
    Missing,
    /// It is not opened, and why.
    Refused(String),
}

/// Two ends of a line.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC;
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?)
}

/// Asks, and waits for the answer, for `most` at the longest.
pub fn ask(socket: &OwnedFd, number: u32, request: &Request, most: Duration) -> io::Result<Answer> {
    let (letter, text) = match request {
        Request::Open(name) => (b'o', name.as_str()),
        Request::Create(name) => (b'c', name.as_str()),
        Request::Log => (b'l', ""),
        Request::Again(path) => (b'a', path.as_str()),
    };
    let until = Tick::now().plus(most);
    set_socket_timeout(socket, Timeout::Send, Some(most))?;
    send(socket, number, letter, text, None)?;
    loop {
        let left = until.instant().saturating_duration_since(Tick::now().instant());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        set_socket_timeout(socket, Timeout::Recv, Some(left))?;
        let packet = packet(socket)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if packet.number != number {
            continue;
        }
        return match (packet.letter, packet.file) {
            (b'f', Some(file)) => Ok(Answer::File(file)),
            (b'n', Some(file)) => Ok(Answer::Created(file)),
            (b'-', _) => Ok(Answer::Missing),
            (b'!', _) => Ok(Answer::Refused(packet.text)),
            _ => Err(io::ErrorKind::InvalidData.into()),
        };
    }
}

/// The next question with its number; `None` when the other end has gone.
pub fn receive(socket: &OwnedFd) -> io::Result<Option<(u32, Request)>> {
    loop {
        let Some(packet) = packet(socket)? else { return Ok(None) };
        let request = match packet.letter {
            b'o' => Request::Open(packet.text),
            b'c' => Request::Create(packet.text),
            b'l' => Request::Log,
            b'a' => Request::Again(packet.text),
            // What nobody says is not answered.
            _ => continue,
        };
        return Ok(Some((packet.number, request)));
    }
}

/// Answers the question of this number.
pub fn answer(socket: &OwnedFd, number: u32, answer: &Answer) -> io::Result<()> {
    match answer {
        Answer::File(file) => send(socket, number, b'f', "", Some(file)),
        Answer::Created(file) => send(socket, number, b'n', "", Some(file)),
        Answer::Missing => send(socket, number, b'-', "", None),
        Answer::Refused(why) => send(socket, number, b'!', why, None),
    }
}

fn send(
    socket: &OwnedFd,
    number: u32,
    letter: u8,
    text: &str,
    file: Option<&File>,
) -> io::Result<()> {
    let head = number.to_be_bytes();
    let text = text.as_bytes().get(..text.len().min(PACKET - 8)).unwrap_or_default();
    let pieces =
        [IoSlice::new(&head), IoSlice::new(std::slice::from_ref(&letter)), IoSlice::new(text)];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let files: Vec<_> = file.iter().map(|file| file.as_fd()).collect();
    if !files.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&files)) {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    sendmsg(socket, &pieces, &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

struct Packet {
    number: u32,
    letter: u8,
    text: String,
    file: Option<File>,
}

/// The next packet that is one; `None` at the end.
fn packet(socket: &OwnedFd) -> io::Result<Option<Packet>> {
    let mut bytes = vec![0; PACKET];
    loop {
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut pieces = [IoSliceMut::new(&mut bytes)];
        let got = match recvmsg(socket, &mut pieces, &mut control, RecvFlags::CMSG_CLOEXEC) {
            Err(rustix::io::Errno::INTR) => continue,
            got => got?,
        };
        // Taken before anything else, so that none stays open unseen.
        let file = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut files) => files.next().map(File::from),
            _ => None,
        });
        if got.bytes == 0 {
            return Ok(None);
        }
        let whole = !got.flags.contains(ReturnFlags::TRUNC);
        let packet = bytes.get(..got.bytes).filter(|_| whole).and_then(parse);
        if let Some((number, letter, text)) = packet {
            return Ok(Some(Packet { number, letter, text, file }));
        }
    }
}

fn parse(packet: &[u8]) -> Option<(u32, u8, String)> {
    let (number, rest) = packet.split_first_chunk::<4>()?;
    let (letter, text) = rest.split_first()?;
    let text = String::from_utf8(text.to_vec()).ok()?;
    Some((u32::from_be_bytes(*number), *letter, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn questions_arrive_and_what_is_none_is_passed_over() {
        let (ours, theirs) = pair().unwrap();
        for packet in [&b"x"[..], b"\0\0\0\0?", b"\0\0\0\x07o\xff", &[b'o'; PACKET + 1]] {
            let mut none = SendAncillaryBuffer::default();
            sendmsg(&ours, &[IoSlice::new(packet)], &mut none, SendFlags::empty()).unwrap();
        }
        send(&ours, 7, b'c', "me", None).unwrap();
        let question = receive(&theirs).unwrap().unwrap();
        assert_eq!(question, (7, Request::Create("me".to_owned())));
        drop(ours);
        assert!(receive(&theirs).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn no_packet_panics(packet in proptest::collection::vec(any::<u8>(), 0..50)) {
            if let Some((number, letter, text)) = parse(&packet) {
                let again = [&number.to_be_bytes()[..], &[letter], text.as_bytes()].concat();
                prop_assert_eq!(again, packet);
            }
        }
    }
}
