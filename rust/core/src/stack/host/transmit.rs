//! Sockets that have something to send, in turns.
use super::Host;
use super::sockets::Kind;
use super::stream::Stream;
use crate::app::Context;
use crate::packet::{Offload, Packet, Segmentation};
use crate::stack::compose::{self, Marks};
use crate::stack::ip::Ip;
use crate::stack::ip::counters::Dropped;
use crate::stack::ip::header::{IPV4_HEADER, IPV6_HEADER, LARGEST, Outline, pseudo_sum};
use crate::stack::ip::partial;
use crate::stack::socket::udp::HEADER as UDP_HEADER;
use crate::stack::tcp::Outgoing;
use crate::wire::headers::TCP;
use std::net::{IpAddr, SocketAddr};

/// How many packets, as they will be on the wire, a host sends in a breath: what a link has room for
/// also where something cuts super-packets on the way.
const BREATH: u64 = 512;
/// How many a socket sends before the next one gets its turn: at least a super-packet.
const TURN: u64 = 64;
/// Bytes of the largest TCP header.
const LARGEST_TCP_HEADER: usize = 60;
/// Where TCP keeps its checksum.
const TCP_CHECKSUM: u16 = 16;
const CWR: u8 = 0x80;

impl Host {
    /// Lets sockets send; what a breath has no room for goes out in the next one.
    pub(super) fn transmit(&mut self, context: &mut Context<'_>) {
        let mut left = BREATH;
        while left > 0 {
            let Some(place) = self.sockets.next_marked() else {
                break;
            };
            let before = self.ip.sent();
            if self.take_turn(place, before + TURN, context) {
                self.sockets.mark(place);
            }
            left = left.saturating_sub((self.ip.sent() - before).max(1));
        }
    }

    /// One turn of a socket, until it has nothing left or the host has sent so many packets; whether
    /// there may be more.
    fn take_turn(&mut self, place: u32, until: u64, context: &mut Context<'_>) -> bool {
        let Some(socket) = self.sockets.table.get_mut(place) else {
            return false;
        };
        match &mut socket.kind {
            Kind::Stream(stream) => {
                let more = send_segments(stream, &mut self.ip, until, context);
                self.after_segments(place, more);
                more
            }
            Kind::Udp(_) => self.send_datagrams(place, until, context),
            Kind::Echo(_) => self.send_echoes(place, until, context),
            Kind::Listener(_) => false,
        }
    }

    /// Sending may have changed a connection's timer, or have been its last.
    fn after_segments(&mut self, place: u32, more: bool) {
        self.update(place);
        if !more {
            self.sockets.bury(place);
        }
    }

    fn send_datagrams(&mut self, place: u32, until: u64, context: &mut Context<'_>) -> bool {
        while self.ip.sent() < until {
            let next = self.sockets.udp(place).and_then(|udp| {
                let (len, remote) = udp.outgoing.front()?;
                Some(((udp.local, remote), len))
            });
            let Some((ends, len)) = next else {
                self.after_datagrams(place);
                return false;
            };
            if let Err(cause) = self.send_datagram(place, ends, len, context) {
                self.ip.drops.count(cause);
                self.sockets.skip_datagram(place);
            }
        }
        self.after_datagrams(place);
        true
    }

    fn send_datagram(
        &mut self,
        place: u32,
        (local, remote): (SocketAddr, SocketAddr),
        len: usize,
        context: &mut Context<'_>,
    ) -> Result<(), Dropped> {
        let source = self.source(local.ip(), remote.ip())?;
        let hop = self.ip.hop(remote.ip()).ok_or(Dropped::NoRoute)?;
        let mtu = self.ip.mtu(hop, remote.ip(), context.now);
        let udp = self.sockets.udp(place).ok_or(Dropped::NoSocket)?;
        let header = if source.is_ipv4() {
            IPV4_HEADER
        } else {
            IPV6_HEADER
        };
        let cut = header + UDP_HEADER + len > mtu as usize;
        let marks = Marks {
            hop_limit: udp.options.hop_limit,
            traffic_class: 0,
            id: cut.then(|| self.ip.next_id(remote.ip())),
        };
        let ends = (SocketAddr::new(source, local.port()), remote);
        let fill = |payload: &mut [u8]| {
            udp.outgoing.pop(payload);
        };
        let packet = compose::datagram(context.pool, ends, marks, (len, None), fill);
        let packet = packet.ok_or(Dropped::NoMemory)?;
        self.ip.transmit_to(packet, remote.ip(), hop, context);
        Ok(())
    }

    fn source(&self, local: IpAddr, remote: IpAddr) -> Result<IpAddr, Dropped> {
        if local.is_unspecified() {
            self.ip.source_for(remote).map_err(|_| Dropped::NoRoute)
        } else {
            Ok(local)
        }
    }

    fn send_echoes(&mut self, place: u32, until: u64, context: &mut Context<'_>) -> bool {
        while self.ip.sent() < until {
            let next = self.sockets.udp(place).and_then(|echo| {
                let mut payload = vec![0; echo.outgoing.front()?.0];
                let (_, remote) = echo.outgoing.pop(&mut payload)?;
                Some((payload, remote, echo.local.port(), echo.options.hop_limit))
            });
            let Some((payload, remote, identifier, hop_limit)) = next else {
                self.after_datagrams(place);
                return false;
            };
            let source = self.ip.source_for(remote.ip());
            let sent = source.map_err(|_| Dropped::NoRoute).and_then(|source| {
                let ends = (source, remote.ip());
                let rest = request(identifier, remote.port(), &payload);
                self.send_echo(ends, hop_limit, (false, &rest), context)
            });
            if let Err(cause) = sent {
                self.ip.drops.count(cause);
            }
        }
        self.after_datagrams(place);
        true
    }

    /// Some were sent: there may be room again, and a closed socket may be done.
    fn after_datagrams(&mut self, place: u32) {
        let Some(udp) = self.sockets.udp(place) else {
            return;
        };
        let news = udp.sent();
        let done = udp.binding.is_none() && udp.outgoing.is_empty();
        self.sockets.tell(place, news);
        self.sockets.charge(place);
        if done {
            self.sockets.remove(place);
        }
    }
}

/// What follows the checksum of an echo request.
fn request(identifier: u16, sequence: u16, payload: &[u8]) -> Vec<u8> {
    [&identifier.to_be_bytes(), &sequence.to_be_bytes(), payload].concat()
}

/// Sends what a connection has to send now, until the host has sent so many packets; whether there may
/// be more.
fn send_segments(stream: &mut Stream, ip: &mut Ip, until: u64, context: &mut Context<'_>) -> bool {
    let hop = stream.hop(ip, context.now);
    let outline = Outline {
        source: stream.endpoints.local.ip(),
        destination: stream.endpoints.remote.ip(),
        protocol: TCP,
        hop_limit: 0,
        ecn: 0,
        id: None,
    };
    let room = LARGEST - outline.header_len() - LARGEST_TCP_HEADER;
    while ip.sent() < until {
        let Some(outgoing) = stream.connection.transmit(room, context.now) else {
            return false;
        };
        let len = outline.header_len() + outgoing.len();
        match (hop, context.pool.packet(len)) {
            (Some(hop), Some(mut packet)) => {
                emit_segment(&mut packet, outline, &outgoing);
                ip.transmit(packet, hop, context);
            }
            (None, Some(packet)) => ip.drop(packet, Dropped::NoRoute, context.pool),
            (_, None) => ip.drops.count(Dropped::NoMemory),
        }
    }
    true
}

#[inline]
fn emit_segment(packet: &mut Packet, outline: Outline, outgoing: &Outgoing<'_>) {
    let outline = Outline {
        hop_limit: outgoing.hop_limit,
        ecn: outgoing.ecn,
        ..outline
    };
    let (at, len) = (outline.header_len(), outgoing.len());
    let (source, destination) = (outline.source, outline.destination);
    let pseudo = pseudo_sum(source, destination, TCP, len);
    let bytes = packet.bytes_mut();
    outline.emit(bytes);
    outgoing.emit(&mut bytes[at..], pseudo);
    let reduced = bytes.get(at + 13).is_some_and(|flags| flags & CWR != 0);
    let payload = len - outgoing.header_len();
    let mut offload = partial(at, TCP_CHECKSUM);
    if outgoing.segment_size > 0 && payload > usize::from(outgoing.segment_size) {
        offload = Offload {
            segmentation: if source.is_ipv4() {
                Segmentation::Tcp4
            } else {
                Segmentation::Tcp6
            },
            ecn: reduced,
            header_len: (at + outgoing.header_len()) as u16,
            segment_size: outgoing.segment_size,
            ..offload
        };
    }
    packet.set_offload(offload);
}
