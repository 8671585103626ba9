//! Many datagrams in one system call (`sendmmsg`), and those of one size to one place as one message that the
//! kernel cuts (`UDP_SEGMENT`).
use super::datagram_socket::Marks;
use crate::datagram::control::SegmentOrder;
use crate::datagram::socket_address::RawAddress;
use crate::poll::check;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::os::fd::RawFd;
use usernet_core::packet::Packet;

/// How many messages and pieces one call takes; and a small one, for a lone datagram needs no room for many.
const BATCH: usize = 64;
const FEW: usize = 4;
/// How many datagrams the kernel cuts from one message: 64 before Linux 6.9, then 128.
const MOST_SEGMENTS: usize = 64;
/// The most that such a message may have, so that an IP length field can say it with all headers.
const MOST_BYTES: usize = 65_000;

/// A datagram on its way out.
pub(super) struct Outgoing {
    /// The place of its flow.
    pub(super) place: u32,
    pub(super) packet: Packet,
    /// What of the packet is sent.
    pub(super) payload: Range<usize>,
    pub(super) to: SocketAddr,
    pub(super) marks: Marks,
    /// Where it stands for several: the size of each.
    pub(super) segment_size: Option<u16>,
    /// Whether it may go with others as one message.
    pub(super) joins: bool,
}

impl Outgoing {
    pub(super) fn bytes(&self) -> &[u8] {
        self.packet
            .bytes()
            .get(self.payload.clone())
            .unwrap_or_default()
    }
}

/// One message: so many datagrams.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Run {
    pub(super) datagrams: Range<usize>,
    pub(super) segment_size: Option<u16>,
}

/// Which datagrams go as one message: neighbours to the same place, all of one size but for a shorter last
/// one. That is what the wire sees as well. Each goes for itself where the system cannot cut.
pub(super) fn runs(datagrams: &[Outgoing], uncut: bool, into: &mut Vec<Run>) {
    into.clear();
    let mut start = 0;
    while start < datagrams.len() {
        let len = if uncut {
            1
        } else {
            run_len(&datagrams[start..])
        };
        let end = start + len;
        let size = datagrams[start].payload.len() as u16;
        let segment_size = datagrams[start].segment_size;
        into.push(Run {
            datagrams: start..end,
            segment_size: segment_size.or((end - start > 1).then_some(size)),
        });
        start = end;
    }
}

fn run_len(datagrams: &[Outgoing]) -> usize {
    let Some(first) = datagrams.first().filter(|first| first.joins) else {
        return 1;
    };
    let size = first.payload.len();
    let most = MOST_SEGMENTS.min(MOST_BYTES / size.max(1)).max(1);
    let mut len = 1;
    for next in datagrams[1..].iter().take(most - 1) {
        let bytes = next.payload.len();
        if !next.joins || next.to != first.to || bytes > size || bytes == 0 {
            break;
        }
        len += 1;
        if bytes < size {
            break;
        }
    }
    len
}

/// Sends messages until one is refused; how many went out. An error is the first message's.
pub(super) fn send(socket: RawFd, runs: &[Run], datagrams: &[Outgoing]) -> io::Result<usize> {
    let pieces: usize = runs.iter().map(|run| run.datagrams.len()).sum();
    if pieces <= FEW {
        send_up_to::<FEW>(socket, runs, datagrams)
    } else {
        send_up_to::<BATCH>(socket, runs, datagrams)
    }
}

fn send_up_to<const N: usize>(
    socket: RawFd,
    runs: &[Run],
    datagrams: &[Outgoing],
) -> io::Result<usize> {
    let mut pieces = [piece_of(&[]); N];
    let mut names = [RawAddress::default(); N];
    let mut orders = [const { None::<SegmentOrder> }; N];
    // SAFETY: a message is numbers and pointers, for which zero is valid.
    let mut messages: [libc::mmsghdr; N] = unsafe { std::mem::zeroed() };
    let (mut used, mut count) = (0, 0);
    for run in runs {
        let group = &datagrams[run.datagrams.clone()];
        let Some(room) = pieces.get_mut(used..used + group.len()) else {
            break;
        };
        used += group.len();
        let order = run.segment_size.map(SegmentOrder::new);
        (names[count], orders[count]) = (RawAddress::of(group[0].to), order);
        let header = &mut messages[count].msg_hdr;
        lay_out(
            header,
            group,
            room,
            &mut names[count],
            orders[count].as_mut(),
        );
        count += 1;
    }
    let flags = libc::MSG_DONTWAIT as _;
    // SAFETY: the first `count` messages point to names, orders and pieces of datagrams that live through the
    // call and are only read.
    let sent = unsafe { libc::sendmmsg(socket, messages.as_mut_ptr(), count as _, flags) };
    check(sent).map(|sent| sent as usize)
}

/// Makes a message of datagrams to one place.
#[inline]
fn lay_out(
    header: &mut libc::msghdr,
    group: &[Outgoing],
    pieces: &mut [libc::iovec],
    name: &mut RawAddress,
    order: Option<&mut SegmentOrder>,
) {
    for (piece, datagram) in pieces.iter_mut().zip(group) {
        *piece = piece_of(datagram.bytes());
    }
    header.msg_iov = pieces.as_mut_ptr();
    header.msg_iovlen = pieces.len() as _;
    header.msg_namelen = name.len();
    header.msg_name = std::ptr::from_mut(name).cast();
    if let Some(order) = order {
        header.msg_control = std::ptr::from_mut(order).cast();
        header.msg_controllen = size_of::<SegmentOrder>() as _;
    }
}

fn piece_of(bytes: &[u8]) -> libc::iovec {
    libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    }
}

/// Sends one datagram.
pub(super) fn send_one(socket: RawFd, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
    let name = RawAddress::of(to);
    let pointer = (&raw const name).cast();
    let flags = libc::MSG_DONTWAIT;
    // SAFETY: bytes and name live through the call and are only read.
    let sent = unsafe {
        libc::sendto(
            socket,
            bytes.as_ptr().cast(),
            bytes.len(),
            flags,
            pointer,
            name.len(),
        )
    };
    if sent < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use usernet_core::packet::Pool;

    fn outgoing(len: usize, port: u16) -> Outgoing {
        Outgoing {
            place: 0,
            packet: Pool::default().packet(len).unwrap(),
            payload: 0..len,
            to: SocketAddr::from(([127, 0, 0, 1], port)),
            marks: Marks {
                hop_limit: 64,
                traffic_class: 0,
                whole: true,
            },
            segment_size: None,
            joins: true,
        }
    }

    fn lengths(datagrams: &[Outgoing]) -> Vec<(usize, Option<u16>)> {
        let mut found = Vec::new();
        runs(datagrams, false, &mut found);
        let run = |run: &Run| (run.datagrams.len(), run.segment_size);
        found.iter().map(run).collect()
    }

    #[test]
    fn neighbours_of_one_size_and_a_shorter_last_one_go_together() {
        let sizes = [100, 100, 40, 100, 200, 200, 0, 0];
        let datagrams: Vec<_> = sizes.map(|size| outgoing(size, 1)).into();
        let expected = [
            (3, Some(100)),
            (1, None),
            (2, Some(200)),
            (1, None),
            (1, None),
        ];
        assert_eq!(lengths(&datagrams), expected);
    }

    #[test]
    fn other_places_super_packets_and_long_runs_go_apart() {
        let mut datagrams: Vec<_> = (0..70).map(|_| outgoing(10, 1)).collect();
        datagrams.push(outgoing(10, 2));
        datagrams.push(Outgoing {
            segment_size: Some(4),
            joins: false,
            ..outgoing(10, 2)
        });
        let expected = [(64, Some(10)), (6, Some(10)), (1, None), (1, Some(4))];
        assert_eq!(lengths(&datagrams), expected);
        let large: Vec<_> = (0..10).map(|_| outgoing(30_000, 1)).collect();
        assert_eq!(lengths(&large), [(2, Some(30_000)); 5]);
    }
}
