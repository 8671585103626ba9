//! Many datagrams in one system call (`recvmmsg`), of which each may be several of one sender that the kernel
//! has put together (`UDP_GRO`).
use super::control::{self, Control};
use super::socket_address::RawAddress;
use crate::poll::check;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::os::fd::RawFd;
use std::ptr::null_mut;

/// How many messages one call takes.
pub(crate) const BATCH: usize = 32;
/// Bytes of the largest message.
const LARGEST: usize = 1 << 16;

/// A message that has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Came {
    pub(crate) from: SocketAddr,
    /// Where its bytes stand in [`Inlet::bytes`].
    pub(crate) start: usize,
    pub(crate) len: usize,
    /// Where it is several datagrams: the size of each but the last.
    pub(crate) segment_size: Option<u16>,
    pub(crate) traffic_class: u8,
    pub(crate) hop_limit: Option<u8>,
    /// The address of the machine's that it was for, where that was asked for.
    pub(crate) local: Option<IpAddr>,
}

impl Came {
    pub(crate) fn range(&self) -> Range<usize> {
        self.start..self.start + self.len
    }

    /// How many datagrams it is.
    pub(crate) fn count(&self) -> usize {
        let size = self.segment_size.map_or(self.len, usize::from).max(1);
        self.len.div_ceil(size).max(1)
    }
}

/// Where messages are received: room for a batch of the largest, of which the kernel touches what it fills.
#[derive(Default)]
pub(crate) struct Inlet {
    pub(crate) bytes: Box<[u8]>,
    pub(crate) came: Vec<Came>,
}

impl Inlet {
    pub(crate) fn new() -> Self {
        Self {
            bytes: vec![0; BATCH * LARGEST].into_boxed_slice(),
            came: Vec::with_capacity(BATCH),
        }
    }

    /// Receives a batch into `came`; whether there may be more.
    pub(crate) fn receive(&mut self, socket: RawFd) -> io::Result<bool> {
        self.came.clear();
        let mut names = [RawAddress::default(); BATCH];
        let mut controls = [Control::default(); BATCH];
        let mut pieces = self.pieces();
        // SAFETY: a message is numbers and pointers, for which zero is valid.
        let mut messages: [libc::mmsghdr; BATCH] = unsafe { std::mem::zeroed() };
        for (place, message) in messages.iter_mut().enumerate() {
            let header = &mut message.msg_hdr;
            header.msg_iov = &raw mut pieces[place];
            header.msg_iovlen = 1;
            header.msg_name = (&raw mut names[place]).cast();
            header.msg_namelen = size_of::<RawAddress>() as _;
            header.msg_control = (&raw mut controls[place]).cast();
            header.msg_controllen = size_of::<Control>() as _;
        }
        let (room, flags, no_limit) = (messages.as_mut_ptr(), libc::MSG_DONTWAIT as _, null_mut());
        // SAFETY: the messages point to names, controls and pieces that live through the call and belong to
        // it alone.
        let count = unsafe { libc::recvmmsg(socket, room, BATCH as _, flags, no_limit) };
        let count = check(count)? as usize;
        for (place, message) in messages[..count].iter().enumerate() {
            let said = controls[place].said(&message.msg_hdr);
            if let Some(from) = names[place].get() {
                let len = (message.msg_len as usize).min(LARGEST);
                self.came.push(describe(from, place * LARGEST, len, said));
            }
        }
        Ok(count == BATCH)
    }

    /// Room for one message each.
    fn pieces(&mut self) -> [libc::iovec; BATCH] {
        let mut rooms = self.bytes.chunks_exact_mut(LARGEST);
        std::array::from_fn(|_| {
            let room = rooms.next().unwrap_or_default();
            libc::iovec {
                iov_base: room.as_mut_ptr().cast(),
                iov_len: room.len(),
            }
        })
    }
}

/// Where `struct in_pktinfo` has the address that a packet was for (ip(7)): behind an index and the address
/// that an answer would have. That of IPv6 begins with it (RFC 3542 §6.2).
const PKTINFO_V4: usize = 8;

fn local<const N: usize>(data: &[u8], at: usize) -> Option<IpAddr>
where
    IpAddr: From<[u8; N]>,
{
    let octets: [u8; N] = *data.get(at..)?.first_chunk()?;
    Some(octets.into())
}

fn describe(from: SocketAddr, start: usize, len: usize, said: &[u8]) -> Came {
    let mut came = Came {
        from,
        start,
        len,
        segment_size: None,
        traffic_class: 0,
        hop_limit: None,
        local: None,
    };
    for (level, kind, data) in control::pieces(said) {
        let number = control::number(data).unwrap_or(0);
        match (level, kind) {
            (libc::SOL_UDP, libc::UDP_GRO) => came.segment_size = u16::try_from(number).ok(),
            (libc::IPPROTO_IP, libc::IP_TOS) | (libc::IPPROTO_IPV6, libc::IPV6_TCLASS) => {
                came.traffic_class = number as u8;
            }
            (libc::IPPROTO_IP, libc::IP_TTL) | (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT) => {
                came.hop_limit = u8::try_from(number).ok();
            }
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => came.local = local::<4>(data, PKTINFO_V4),
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => came.local = local::<16>(data, 0),
            _ => {}
        }
    }
    came.segment_size = came
        .segment_size
        .filter(|&size| size > 0 && usize::from(size) < len);
    came
}
