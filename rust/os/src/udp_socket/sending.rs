//! Many messages in one system call (`sendmmsg`).
use super::message::{Datagram, Route, orders};
use crate::datagram::control::Orders;
use crate::datagram::socket_address::RawAddress;
use crate::poll::check;
use std::io;
use std::os::fd::RawFd;

/// How many messages and pieces one call takes; and a small one, for a lone datagram needs no room for many.
pub(super) const BATCH: usize = 64;
const FEW: usize = 4;

/// What one message is made of.
#[derive(Clone, Copy)]
pub(super) enum Content<'a> {
    /// Datagrams of one size, which the kernel cuts apart again.
    Run(&'a [Datagram]),
    /// The bytes of one.
    One(&'a [u8]),
}

impl<'a> Content<'a> {
    fn len(&self) -> usize {
        match self {
            Self::Run(datagrams) => datagrams.len(),
            Self::One(_) => 1,
        }
    }

    fn piece(&self, place: usize) -> &'a [u8] {
        match self {
            Self::Run(datagrams) => datagrams[place].bytes(),
            Self::One(bytes) => bytes,
        }
    }
}

/// One message.
#[derive(Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) route: &'a Route,
    pub(super) content: Content<'a>,
    pub(super) segment_size: Option<u16>,
}

/// Sends messages until one is refused, or so many as fit in a call; how many went out. An error is the first
/// message's.
pub(super) fn send<'a>(
    socket: RawFd,
    messages: impl Iterator<Item = Message<'a>> + Clone,
) -> io::Result<usize> {
    let pieces = messages.clone().take(FEW + 1);
    let pieces: usize = pieces.map(|message| message.content.len()).sum();
    if pieces <= FEW {
        send_up_to::<FEW>(socket, messages)
    } else {
        send_up_to::<BATCH>(socket, messages)
    }
}

fn send_up_to<'a, const N: usize>(
    socket: RawFd,
    all: impl Iterator<Item = Message<'a>>,
) -> io::Result<usize> {
    let mut pieces = [piece_of(&[]); N];
    let mut names = [RawAddress::default(); N];
    let mut told = [Orders::default(); N];
    // SAFETY: a message is numbers and pointers, for which zero is valid.
    let mut messages: [libc::mmsghdr; N] = unsafe { std::mem::zeroed() };
    let (mut used, mut count) = (0, 0);
    for message in all.take(N) {
        let len = message.content.len();
        let Some(room) = pieces.get_mut(used..used + len) else {
            break;
        };
        used += len;
        for (place, piece) in room.iter_mut().enumerate() {
            *piece = piece_of(message.content.piece(place));
        }
        names[count] = RawAddress::of(message.route.to);
        told[count] = orders(message.route, message.segment_size);
        lay_out(
            &mut messages[count].msg_hdr,
            room,
            &names[count],
            &told[count],
        );
        count += 1;
    }
    let flags = libc::MSG_DONTWAIT as _;
    // SAFETY: the first `count` messages point to names, orders and pieces of datagrams that live through the
    // call and are only read.
    let sent = unsafe { libc::sendmmsg(socket, messages.as_mut_ptr(), count as _, flags) };
    check(sent).map(|sent| sent as usize)
}

/// Makes a message of these pieces.
#[inline]
fn lay_out(
    header: &mut libc::msghdr,
    pieces: &mut [libc::iovec],
    name: &RawAddress,
    told: &Orders,
) {
    header.msg_iov = pieces.as_mut_ptr();
    header.msg_iovlen = pieces.len() as _;
    header.msg_namelen = name.len();
    header.msg_name = std::ptr::from_ref(name).cast_mut().cast();
    let told = told.bytes();
    if !told.is_empty() {
        header.msg_control = told.as_ptr().cast_mut().cast();
        header.msg_controllen = told.len() as _;
    }
}

fn piece_of(bytes: &[u8]) -> libc::iovec {
    libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    }
}
