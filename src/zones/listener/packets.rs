//! Questions in packets: as many as are there are taken with one call, and answered with another.

use super::Shared;
use crate::clock;
use crate::zones::answer::{LARGEST, Room};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg};
use std::io::{IoSlice, IoSliceMut};
use std::net::{IpAddr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::Ordering;

/// Packets that are taken at once.
const AT_ONCE: usize = 64;

/// Answers packets until the server ends.
pub fn serve(socket: &UdpSocket, shared: &Shared) {
    let fd = socket.as_raw_fd();
    let mut packets = vec![[0; LARGEST]; AT_ONCE];
    let mut answers: Vec<Vec<u8>> = vec![Vec::new(); AT_ONCE];
    let mut came = MultiHeaders::preallocate(AT_ONCE, None);
    let mut going = MultiHeaders::preallocate(AT_ONCE, None);
    let mut to = Vec::with_capacity(AT_ONCE);
    while !shared.end.load(Ordering::Relaxed) {
        let Some(taken) = take(fd, &mut came, &mut packets) else { continue };
        let (served, now) = (shared.served.load(), clock::unix_seconds());
        to.clear();
        for (packet, (length, from)) in packets.iter().zip(taken) {
            let Some(answer) = answers.get_mut(to.len()) else { break };
            let packet = packet.get(..length).unwrap_or_default();
            let Some(from) =
                from.filter(|from| address(from).is_some_and(|ip| (shared.may_ask)(ip)))
            else {
                continue;
            };
            if served.answer(packet, Room::Packet, now, answer) {
                to.push(Some(from));
            }
        }
        drop(served);
        send(fd, &mut going, &answers, &to);
    }
}

type Taken = Vec<(usize, Option<SockaddrStorage>)>;

/// Waits for packets: how long each is, and from whom; `None` if there were none for a while.
fn take(
    fd: RawFd,
    headers: &mut MultiHeaders<SockaddrStorage>,
    packets: &mut [[u8; LARGEST]],
) -> Option<Taken> {
    let mut slices: Vec<[IoSliceMut<'_>; 1]> =
        packets.iter_mut().map(|packet| [IoSliceMut::new(packet)]).collect();
    let came = recvmmsg(fd, headers, slices.iter_mut(), MsgFlags::MSG_WAITFORONE, None).ok()?;
    Some(came.map(|packet| (packet.bytes, packet.address)).collect())
}

/// Sends each answer to whom it is for; one that cannot be sent is left out.
fn send(
    fd: RawFd,
    headers: &mut MultiHeaders<SockaddrStorage>,
    answers: &[Vec<u8>],
    to: &[Option<SockaddrStorage>],
) {
    let slices: Vec<[IoSlice<'_>; 1]> =
        answers.iter().take(to.len()).map(|answer| [IoSlice::new(answer)]).collect();
    let mut sent = 0;
    while let (Some(slices), Some(to)) = (slices.get(sent..), to.get(sent..)) {
        if to.is_empty() {
            break;
        }
        match sendmmsg(fd, headers, slices, to, [], MsgFlags::empty()) {
            Ok(done) => sent += done.count().max(1),
            Err(Errno::EINTR) => {}
            Err(_) => sent += 1,
        }
    }
}

fn address(from: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = from.as_sockaddr_in().map(|from| IpAddr::V4(from.ip()));
    v4.or_else(|| from.as_sockaddr_in6().map(|from| IpAddr::V6(from.ip()).to_canonical()))
}
