//! ICMP on its way in (RFC 792, RFC 4443): echo, and errors about what this host has sent.
use super::Host;
use super::deliver::{HOP_LIMIT, verifies};
use crate::app::Context;
use crate::stack::compose::{self, Marks};
use crate::stack::ip::Arrival;
use crate::stack::ip::counters::Dropped;
use crate::stack::ip::header::Header;
use crate::stack::socket::demux::{Binding, Flow, Protocol};
use crate::stack::socket::report::Report;
use crate::wire::checksum::sum;
use crate::wire::field::u16_at;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Bytes of an echo message's header.
pub(super) const HEADER: usize = 8;

/// Type, code and checksum.
const BEFORE_REST: usize = 4;

/// The types of echo request and reply.
pub(super) const fn echo_types(v4: bool) -> (u8, u8) {
    if v4 { (8, 0) } else { (128, 129) }
}

/// Who is to answer a message.
enum Whose {
    /// This host, and it has.
    Ours,
    /// Whoever takes what is for others.
    Others,
}

impl Host {
    pub(super) fn deliver_icmp(&mut self, arrival: Arrival, context: &mut Context<'_>) {
        match self.icmp(&arrival, context) {
            Ok(Whose::Others) => return self.keep_echo(arrival, context),
            Ok(Whose::Ours) => {}
            Err(cause) => self.ip.drops.count(cause),
        }
        context.pool.free(arrival.packet);
    }

    fn icmp(&mut self, arrival: &Arrival, context: &mut Context<'_>) -> Result<Whose, Dropped> {
        let header = &arrival.header;
        let bytes = arrival.packet.bytes().get(header.payload.clone());
        let message = bytes.filter(|bytes| bytes.len() >= HEADER);
        let message = message.ok_or(Dropped::Malformed)?;
        let right = if header.is_v4() {
            arrival.packet.offload().partial_checksum || sum(message) == 0xffff
        } else {
            verifies(&arrival.packet, header)
        };
        if !right {
            return Err(Dropped::BadChecksum);
        }
        let (request, reply) = echo_types(header.is_v4());
        match message[0] {
            133..=137 if !header.is_v4() => self.ip.take_ndp(arrival, message, context),
            kind if kind == request && self.is_for_others(header) => return Ok(Whose::Others),
            kind if kind == request => self.answer_echo(arrival, message, context),
            kind if kind == reply => self.take_echo(arrival, message),
            _ if is_error(header.is_v4(), message[0]) => self.take_icmp_error(message, header),
            _ => Ok(()),
        }?;
        Ok(Whose::Ours)
    }

    /// Whether a packet is for one whom this host only hears for.
    fn is_for_others(&self, header: &Header) -> bool {
        let one = header.is_unicast() && !self.ip.is_broadcast(header.destination);
        self.ip.hears_everybody() && one && !self.ip.is_own(header.destination)
    }

    /// RFC 1122 §3.2.2.6: the same bytes back; not to a group (that would be an amplifier).
    fn answer_echo(
        &mut self,
        arrival: &Arrival,
        message: &[u8],
        context: &mut Context<'_>,
    ) -> Result<(), Dropped> {
        let header = &arrival.header;
        if !header.is_unicast() || self.ip.is_broadcast(header.destination) {
            return Err(Dropped::BadAddress);
        }
        let (from, to) = (header.destination, header.source);
        self.send_echo(
            (from, to),
            HOP_LIMIT,
            (true, &message[BEFORE_REST..]),
            context,
        )
    }

    /// Sends an echo message: whether it is a reply, and what follows its checksum.
    pub(super) fn send_echo(
        &mut self,
        ends: (IpAddr, IpAddr),
        hop_limit: u8,
        (is_reply, rest): (bool, &[u8]),
        context: &mut Context<'_>,
    ) -> Result<(), Dropped> {
        let destination = ends.1;
        let hop = self.ip.hop(destination).ok_or(Dropped::NoRoute)?;
        let marks = Marks {
            hop_limit,
            traffic_class: 0,
            id: Some(self.ip.next_id(destination)),
        };
        let packet = compose::echo(context.pool, ends, marks, is_reply, rest);
        let packet = packet.ok_or(Dropped::NoMemory)?;
        self.ip.transmit_to(packet, destination, hop, context);
        Ok(())
    }

    /// Keeps for a socket, word for word, what a message says about what it sent.
    pub(super) fn report(
        &mut self,
        place: u32,
        message: &[u8],
        header: &Header,
        about: SocketAddr,
    ) {
        let (&[kind, code, ..], Some(socket)) = (message, self.sockets.udp(place)) else {
            return;
        };
        socket.reports.push(Report {
            from: header.source,
            kind: (kind, code),
            about,
            hop_limit: header.hop_limit,
        });
    }

    fn take_echo(&mut self, arrival: &Arrival, message: &[u8]) -> Result<(), Dropped> {
        let field = |at| u16_at(message, at).unwrap_or(0);
        let place = self.sockets.demux.flow(&echo_flow(field(4)));
        let place = place.ok_or(Dropped::NoSocket)?;
        let peer = SocketAddr::new(arrival.header.source, field(6));
        let room = self.sockets.room() >= message.len() as u64;
        let echo = self.sockets.udp(place).filter(|_| room);
        let news = echo.and_then(|echo| echo.deliver(peer, &message[HEADER..]));
        let news = news.ok_or(Dropped::QueueFull)?;
        self.report(place, message, &arrival.header, peer);
        self.sockets.tell(place, news);
        self.sockets.charge(place);
        Ok(())
    }
}

/// Whether a message of this type is an error.
const fn is_error(v4: bool, kind: u8) -> bool {
    if v4 {
        matches!(kind, 3 | 11 | 12)
    } else {
        kind < 128
    }
}

/// What the echo socket with this identifier is bound to, whatever the family.
pub(super) const fn echo_binding(identifier: u16) -> Binding {
    Binding {
        protocol: Protocol::Echo,
        local: any(identifier),
        remote: Some(any(0)),
        sharing: false,
    }
}

const fn any(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port)
}

/// The flow of that socket.
pub(super) fn echo_flow(identifier: u16) -> Flow {
    Flow::new(Protocol::Echo, any(identifier), any(0))
}
