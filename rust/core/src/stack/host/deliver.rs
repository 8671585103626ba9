//! From a packet for this host to a socket.
use super::Host;
use crate::app::Context;
use crate::packet::{Packet, Segmentation};
use crate::stack::ip::counters::Dropped;
use crate::stack::ip::error::Complaint;
use crate::stack::ip::header::{Header, ICMPV4, ICMPV6, Outline, pseudo_sum};
use crate::stack::ip::{Arrival, partial};
use crate::stack::socket::demux::{Flow, Protocol};
use crate::stack::tcp::{Endpoints, Reply, Segment};
use crate::wire::checksum::{add, sum};
use crate::wire::headers::{TCP, UDP};
use std::net::SocketAddr;

/// Hop limit of what no socket has said one for.
pub(super) const HOP_LIMIT: u8 = 64;

impl Host {
    /// A packet has come in by an input link.
    #[inline]
    pub(super) fn take_in(&mut self, packet: Packet, input: usize, context: &mut Context<'_>) {
        let Some(place) = self.ip.interface_of(input) else {
            return self.ip.drop(packet, Dropped::NoLink, context.pool);
        };
        if let Some(arrival) = self.ip.receive(packet, place, context) {
            self.deliver(arrival, context);
        }
    }

    #[inline]
    pub(super) fn deliver(&mut self, arrival: Arrival, context: &mut Context<'_>) {
        match arrival.header.protocol {
            TCP => self.deliver_tcp(arrival, context),
            UDP => self.deliver_udp(arrival, context),
            ICMPV4 if arrival.header.is_v4() => self.deliver_icmp(arrival, context),
            ICMPV6 if !arrival.header.is_v4() => self.deliver_icmp(arrival, context),
            _ => self.refuse_protocol(arrival, context),
        }
    }

    /// Nobody speaks that protocol here (RFC 1122 §3.2.2.1, RFC 8200 §4).
    fn refuse_protocol(&mut self, arrival: Arrival, context: &mut Context<'_>) {
        let Arrival { packet, header, .. } = arrival;
        let complaint = Complaint::NoProtocol(header.named_at);
        self.ip
            .complain(packet.bytes(), &header, complaint, context);
        self.ip.drop(packet, Dropped::Unknown, context.pool);
    }

    fn deliver_tcp(&mut self, arrival: Arrival, context: &mut Context<'_>) {
        let Arrival { packet, header, .. } = arrival;
        if let Some(reply) = self.segment(&packet, &header) {
            let outline = answer(&header);
            self.reply(&reply, outline, context);
        }
        context.pool.free(packet);
    }

    /// Hands a segment to its connection or listener; the answer to one that is for neither.
    #[inline]
    fn segment(&mut self, packet: &Packet, header: &Header) -> Option<Reply> {
        let bytes = packet.bytes().get(header.payload.clone())?;
        if !header.is_unicast() || self.ip.is_broadcast(header.destination) {
            self.ip.drops.count(Dropped::BadAddress);
            return None;
        }
        if !verifies(packet, header) {
            self.ip.drops.count(Dropped::BadChecksum);
            return None;
        }
        let Some(segment) = Segment::parse(bytes, header.ecn, packets(packet, bytes)) else {
            self.ip.drops.count(Dropped::Malformed);
            return None;
        };
        let endpoints = Endpoints {
            local: SocketAddr::new(header.destination, segment.destination_port),
            remote: SocketAddr::new(header.source, segment.source_port),
        };
        let flow = Flow::new(Protocol::Tcp, endpoints.local, endpoints.remote);
        if let Some(place) = self.sockets.demux.flow(&flow)
            && self.continue_connection(place, &segment)
        {
            return None;
        }
        self.begin_or_refuse(&segment, endpoints, (packet, header))
    }

    fn begin_or_refuse(
        &mut self,
        segment: &Segment<'_>,
        endpoints: Endpoints,
        (packet, header): (&Packet, &Header),
    ) -> Option<Reply> {
        let Endpoints { local, remote } = endpoints;
        match self.sockets.demux.listener(Protocol::Tcp, local, remote) {
            Some(place) => self.ask_listener(place, segment, endpoints),
            None if self.ip.hears_everybody() => {
                self.consider(segment, endpoints, (packet.bytes(), header.payload.start))
            }
            None => {
                self.ip.drops.count(Dropped::NoSocket);
                Reply::reset_for(segment)
            }
        }
    }

    /// Sends an answer that no connection stands behind.
    pub(super) fn reply(&mut self, reply: &Reply, outline: Outline, context: &mut Context<'_>) {
        let Some(hop) = self.ip.hop(outline.destination) else {
            return self.ip.drops.count(Dropped::NoRoute);
        };
        let at = outline.header_len();
        let Some(mut packet) = context.pool.packet(at + reply.len()) else {
            return;
        };
        let (source, destination) = (outline.source, outline.destination);
        let pseudo = pseudo_sum(source, destination, TCP, reply.len());
        outline.emit(packet.bytes_mut());
        reply.emit(&mut packet.bytes_mut()[at..], pseudo);
        packet.set_offload(partial(at, 16));
        self.ip.transmit(packet, hop, context);
    }
}

/// What an answer to a packet says of itself.
pub(super) fn answer(header: &Header) -> Outline {
    Outline {
        source: header.destination,
        destination: header.source,
        protocol: header.protocol,
        hop_limit: HOP_LIMIT,
        ecn: 0,
        id: None,
    }
}

/// Whether the transport's checksum is right; one that a network card was left to finish is taken
/// for right, as is that of a super-packet, which was checked before it was put together.
#[inline]
pub(super) fn verifies(packet: &Packet, header: &Header) -> bool {
    let offload = packet.offload();
    if offload.partial_checksum || offload.segmentation != Segmentation::None {
        return true;
    }
    let bytes = packet
        .bytes()
        .get(header.payload.clone())
        .unwrap_or_default();
    let pseudo = pseudo_sum(
        header.source,
        header.destination,
        header.protocol,
        bytes.len(),
    );
    add(pseudo, sum(bytes)) == 0xffff
}

/// Of how many packets on the wire a TCP packet consists.
#[inline]
fn packets(packet: &Packet, segment: &[u8]) -> u32 {
    if !packet.is_super() {
        return 1;
    }
    let header = segment.get(12).map_or(0, |byte| usize::from(byte >> 4) * 4);
    let payload = segment.len().saturating_sub(header);
    let size = usize::from(packet.offload().segment_size).max(1);
    payload.div_ceil(size).max(1) as u32
}
