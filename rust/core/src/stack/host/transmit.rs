//! Sockets that have something to send, in turns.
use super::Host;
use super::icmp::{HEADER as ECHO_HEADER, echo_types};
use super::sockets::Kind;
use super::stream::Stream;
use crate::app::{BATCH, Context};
use crate::packet::{Offload, Packet, Segmentation};
use crate::stack::ip::Ip;
use crate::stack::ip::counters::Dropped;
use crate::stack::ip::header::{LARGEST, Outline, pseudo_sum};
use crate::stack::ip::partial;
use crate::stack::socket::udp::{HEADER as UDP_HEADER, Udp};
use crate::stack::tcp::Outgoing;
use crate::wire::field::put_u16;
use crate::wire::headers::{TCP, UDP};
use std::net::{IpAddr, SocketAddr};

/// How many packets a socket may send before the next one gets its turn.
const TURN: usize = 8;
/// Bytes of the largest TCP header.
const LARGEST_TCP_HEADER: usize = 60;
/// Where TCP and UDP keep their checksums.
const TCP_CHECKSUM: u16 = 16;
const UDP_CHECKSUM: u16 = 6;
const CWR: u8 = 0x80;

impl Host {
    /// Lets sockets send, about a batch in all; the rest goes out in the next breath.
    pub(super) fn transmit(&mut self, context: &mut Context<'_>) {
        let mut left = BATCH;
        while left > 0 {
            let Some(place) = self.sockets.next_marked() else {
                break;
            };
            let turn = TURN.min(left);
            let sent = self.take_turn(place, turn, context);
            left = left.saturating_sub(sent.max(1));
            if sent == turn {
                self.sockets.mark(place);
            }
        }
    }

    /// One turn of a socket: how many packets it has sent, and `turn` where it may have more.
    fn take_turn(&mut self, place: u32, turn: usize, context: &mut Context<'_>) -> usize {
        let Some(socket) = self.sockets.table.get_mut(place) else {
            return 0;
        };
        match &mut socket.kind {
            Kind::Stream(stream) => {
                let sent = send_segments(stream, &mut self.ip, turn, context);
                self.after_segments(place, sent == turn);
                sent
            }
            Kind::Udp(_) => self.send_datagrams(place, turn, context),
            Kind::Echo(_) => self.send_echoes(place, turn, context),
            Kind::Listener(_) => 0,
        }
    }

    /// Sending may have changed a connection's timer, or have been its last.
    fn after_segments(&mut self, place: u32, more: bool) {
        self.update(place);
        if !more {
            self.sockets.bury(place);
        }
    }

    fn send_datagrams(&mut self, place: u32, turn: usize, context: &mut Context<'_>) -> usize {
        for sent in 0..turn {
            let Some(udp) = self.sockets.udp(place) else {
                return sent;
            };
            let Some((len, remote)) = udp.outgoing.front() else {
                self.after_datagrams(place);
                return sent;
            };
            let ends = (udp.local, remote);
            if let Err(cause) = self.send_datagram(place, ends, len, context) {
                self.ip.drops.count(cause);
                if let Some(udp) = self.sockets.udp(place) {
                    udp.outgoing.skip();
                }
            }
        }
        self.after_datagrams(place);
        turn
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
        let mut outline = Outline {
            source,
            destination: remote.ip(),
            protocol: UDP,
            hop_limit: udp.options.hop_limit,
            ecn: 0,
            id: None,
        };
        let at = outline.header_len();
        if at + UDP_HEADER + len > mtu as usize {
            outline.id = Some(self.ip.next_id(remote.ip()));
        }
        let packet = context.pool.packet(at + UDP_HEADER + len);
        let mut packet = packet.ok_or(Dropped::NoMemory)?;
        let udp = self.sockets.udp(place).ok_or(Dropped::NoSocket)?;
        emit_datagram(&mut packet, &outline, (local.port(), remote.port()), udp);
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

    fn send_echoes(&mut self, place: u32, turn: usize, context: &mut Context<'_>) -> usize {
        for sent in 0..turn {
            let Some(echo) = self.sockets.udp(place) else {
                return sent;
            };
            let mut payload = [0; LARGEST];
            let (identifier, hop_limit) = (echo.local.port(), echo.options.hop_limit);
            let Some((len, remote)) = echo.outgoing.pop(&mut payload) else {
                self.after_datagrams(place);
                return sent;
            };
            let (request, _) = echo_types(remote.is_ipv4());
            let fill = |message: &mut [u8]| {
                message[..ECHO_HEADER].fill(0);
                message[0] = request;
                put_u16(message, 4, identifier);
                put_u16(message, 6, remote.port());
                message[ECHO_HEADER..].copy_from_slice(&payload[..len]);
            };
            let source = self
                .ip
                .source_for(remote.ip())
                .map_err(|_| Dropped::NoRoute);
            let sent = source.and_then(|source| {
                let ends = (source, remote.ip());
                self.send_echo(ends, hop_limit, context, fill, ECHO_HEADER + len)
            });
            if let Err(cause) = sent {
                self.ip.drops.count(cause);
            }
        }
        self.after_datagrams(place);
        turn
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

/// Sends what a connection has to send now.
fn send_segments(
    stream: &mut Stream,
    ip: &mut Ip,
    turn: usize,
    context: &mut Context<'_>,
) -> usize {
    let Some(hop) = stream.hop(ip, context.now) else {
        ip.drops.count(Dropped::NoRoute);
        return 0;
    };
    let outline = Outline {
        source: stream.endpoints.local.ip(),
        destination: stream.endpoints.remote.ip(),
        protocol: TCP,
        hop_limit: 0,
        ecn: 0,
        id: None,
    };
    let room = LARGEST - outline.header_len() - LARGEST_TCP_HEADER;
    for sent in 0..turn {
        let Some(outgoing) = stream.connection.transmit(room, context.now) else {
            return sent;
        };
        let len = outline.header_len() + outgoing.len();
        if let Some(mut packet) = context.pool.packet(len) {
            emit_segment(&mut packet, outline, &outgoing);
            ip.transmit(packet, hop, context);
        }
    }
    turn
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

/// Writes the oldest datagram of a socket, and takes it out.
fn emit_datagram(packet: &mut Packet, outline: &Outline, ports: (u16, u16), udp: &mut Udp) {
    let at = outline.header_len();
    outline.emit(packet.bytes_mut());
    let datagram = &mut packet.bytes_mut()[at..];
    let len = datagram.len();
    put_u16(datagram, 0, ports.0);
    put_u16(datagram, 2, ports.1);
    put_u16(datagram, 4, len as u16);
    let pseudo = pseudo_sum(outline.source, outline.destination, UDP, len);
    put_u16(datagram, 6, pseudo);
    udp.outgoing.pop(&mut datagram[UDP_HEADER..]);
    packet.set_offload(partial(at, UDP_CHECKSUM));
}
