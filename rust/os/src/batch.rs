//! Many packets in one system call, each behind its offload header (`sendmmsg`, `recvmmsg`).
use crate::poll::check;
use crate::virtio::{self, Header};
use std::io;
use std::os::fd::RawFd;
use usernet_core::packet::Packet;

/// How many packets one call carries at most.
pub(crate) const BATCH: usize = 64;

const NO_BYTES: libc::iovec = libc::iovec {
    iov_base: std::ptr::null_mut(),
    iov_len: 0,
};

/// How many packets a small call carries: a lone packet needs no room for many.
const FEW: usize = 4;

/// Sends packets until one is refused, at most [`BATCH`]; how many went out. An error is the first
/// packet's.
pub(crate) fn send<'a>(
    socket: RawFd,
    packets: impl ExactSizeIterator<Item = &'a Packet>,
) -> io::Result<usize> {
    if packets.len() <= FEW {
        send_up_to::<FEW>(socket, packets)
    } else {
        send_up_to::<BATCH>(socket, packets)
    }
}

fn send_up_to<'a, const N: usize>(
    socket: RawFd,
    packets: impl Iterator<Item = &'a Packet>,
) -> io::Result<usize> {
    let mut headers = [[0; virtio::LEN]; N];
    let mut pieces = [[NO_BYTES; 2]; N];
    let mut count = 0;
    for ((packet, header), pieces) in packets.zip(&mut headers).zip(&mut pieces) {
        *header = virtio::write(&packet.offload());
        *pieces = [piece(header), piece(packet.bytes())];
        count += 1;
    }
    let mut messages = messages(&mut pieces);
    let flags = libc::MSG_DONTWAIT as _;
    // SAFETY: the first `count` messages point to pieces of headers and packets that live through
    // the call and are only read.
    let sent = unsafe { libc::sendmmsg(socket, messages.as_mut_ptr(), count, flags) };
    check(sent).map(|sent| sent as usize)
}

/// Receives one packet into each of these, which are as long as what they take; how many came.
/// What was longer is cut, what was shorter makes the packet shorter, and what finds no packet in
/// its place is lost.
pub(crate) fn receive(
    socket: RawFd,
    packets: &mut [Option<Packet>],
    headers: &mut [Header; BATCH],
) -> io::Result<usize> {
    if packets.len() <= FEW {
        receive_up_to::<FEW>(socket, packets, headers)
    } else {
        receive_up_to::<BATCH>(socket, packets, headers)
    }
}

fn receive_up_to<const N: usize>(
    socket: RawFd,
    packets: &mut [Option<Packet>],
    headers: &mut [Header; BATCH],
) -> io::Result<usize> {
    let mut pieces = [[NO_BYTES; 2]; N];
    let mut count = 0;
    for ((packet, header), pieces) in packets.iter_mut().zip(headers).zip(&mut pieces) {
        let bytes = packet.as_mut().map(Packet::bytes_mut);
        *pieces = [piece_mut(header), bytes.map_or(NO_BYTES, piece_mut)];
        count += 1;
    }
    let mut messages = messages(&mut pieces);
    let flags = libc::MSG_DONTWAIT as _;
    let no_limit = std::ptr::null_mut();
    // SAFETY: the first `count` messages point to pieces of headers and packets that live through
    // the call and belong to it alone.
    let came = unsafe { libc::recvmmsg(socket, messages.as_mut_ptr(), count, flags, no_limit) };
    let came = check(came)? as usize;
    for (packet, message) in packets.iter_mut().zip(&messages[..came]) {
        let len = (message.msg_len as usize).saturating_sub(virtio::LEN);
        packet.iter_mut().for_each(|packet| packet.resize(len));
    }
    Ok(came)
}

fn piece(bytes: &[u8]) -> libc::iovec {
    libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    }
}

fn piece_mut(bytes: &mut [u8]) -> libc::iovec {
    libc::iovec {
        iov_base: bytes.as_mut_ptr().cast(),
        iov_len: bytes.len(),
    }
}

fn messages<const N: usize>(pieces: &mut [[libc::iovec; 2]; N]) -> [libc::mmsghdr; N] {
    // SAFETY: a message is numbers and pointers, for which zero is valid.
    let mut messages: [libc::mmsghdr; N] = unsafe { std::mem::zeroed() };
    for (message, pieces) in messages.iter_mut().zip(pieces) {
        message.msg_hdr.msg_iov = pieces.as_mut_ptr();
        message.msg_hdr.msg_iovlen = pieces.len() as _;
    }
    messages
}
