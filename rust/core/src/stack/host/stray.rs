//! Strays: datagrams to a host that hears for everybody, which none of its sockets hears, and the
//! packets with which whoever takes them answers.
use super::Host;
use super::icmp::HEADER as ICMP_HEADER;
use crate::app::Context;
use crate::packet::{Packet, Pool};
use crate::stack::ip::Arrival;
use crate::stack::ip::counters::Dropped;
use crate::stack::ip::error::Complaint;
use crate::stack::ip::header::Header;
use crate::wire::checksum::update;
use crate::wire::field::{put_u16, u16_at};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

/// How many may wait to be taken.
const MOST: usize = 1024;

/// A whole UDP datagram (or several, as one super-packet) or ICMP echo request, whose checksum is right
/// or was left to the network card. Whoever takes it gives its packet back to the pool.
pub struct Stray {
    /// The packet, from its IP header on.
    pub packet: Packet,
    /// The protocol's number: 17, or 1 and 58 for echo.
    pub protocol: u8,
    /// Where it comes from; of an echo request the port is 0.
    pub source: SocketAddr,
    /// Where it is to go; of an echo request the port is 0.
    pub destination: SocketAddr,
    /// Where in the packet's bytes the payload stands: what follows the header of 8 bytes of UDP or
    /// echo (whose identifier and sequence number are the four bytes before it).
    pub payload: Range<usize>,
    /// The IP header's hop limit.
    pub hop_limit: u8,
    /// How much of the payload is in each datagram, where it stands for several.
    pub segment_size: Option<u16>,
    /// Whether it may not be cut on its way: it says so, or is of IPv6 and did not come in pieces.
    pub whole: bool,
}

/// Those that nobody has taken yet.
#[derive(Default)]
pub(super) struct Strays(VecDeque<Stray>);

impl Strays {
    /// Gives all packets back.
    pub(super) fn stop(&mut self, pool: &mut Pool) {
        self.0.drain(..).for_each(|stray| pool.free(stray.packet));
    }
}

impl Host {
    /// The oldest datagram that no socket heard.
    pub fn take_stray(&mut self) -> Option<Stray> {
        self.strays.0.pop_front()
    }

    pub(super) fn keep_stray(&mut self, stray: Stray, context: &mut Context<'_>) {
        if self.strays.0.len() == MOST {
            self.ip.drop(stray.packet, Dropped::QueueFull, context.pool);
        } else {
            self.strays.0.push_back(stray);
        }
    }

    /// An echo request to somebody else.
    pub(super) fn keep_echo(&mut self, arrival: Arrival, context: &mut Context<'_>) {
        let Arrival { packet, header, .. } = arrival;
        let Range { start, end } = header.payload;
        let stray = Stray {
            packet,
            protocol: header.protocol,
            source: SocketAddr::new(header.source, 0),
            destination: SocketAddr::new(header.destination, 0),
            payload: start + ICMP_HEADER..end,
            hop_limit: header.hop_limit,
            segment_size: None,
            whole: header.whole,
        };
        self.keep_stray(stray, context);
    }

    /// Sends a finished IP packet, from whatever source. What its link does not take whole is cut, if
    /// its header allows that; an IPv4 packet that is cut gets an identification if it has none.
    pub fn send_packet(&mut self, mut packet: Packet, context: &mut Context<'_>) {
        packet.set_network_offset(0);
        let Ok(header) = Header::parse(packet.bytes()) else {
            return self.ip.drop(packet, Dropped::Malformed, context.pool);
        };
        let Some(hop) = self.ip.hop(header.destination) else {
            return self.ip.drop(packet, Dropped::NoRoute, context.pool);
        };
        let mtu = self.ip.mtu(hop, header.destination, context.now) as usize;
        if header.is_v4() && !header.whole && packet.len() > mtu {
            identify(packet.bytes_mut(), self.ip.next_id(header.destination));
        }
        self.ip
            .transmit_to(packet, header.destination, hop, context);
    }

    /// Tells the source of a packet, which is given from its IP header on and may be cut short, what
    /// is wrong with it: in the name of `from`, else of its destination where that itself would say
    /// so, else of this host. Nobody is told of an ICMP error, or of what went to a group.
    pub fn complain(
        &mut self,
        about: &[u8],
        what: Complaint,
        from: Option<IpAddr>,
        context: &mut Context<'_>,
    ) {
        if let Ok(header) = Header::parse_head(about) {
            self.ip.complain_for(about, &header, what, from, context);
        }
    }
}

/// Gives a packet of IPv4 that has none an identification.
fn identify(bytes: &mut [u8], id: u16) {
    if let (Some(0), Some(checksum)) = (u16_at(bytes, 4), u16_at(bytes, 10)) {
        put_u16(bytes, 4, id);
        put_u16(bytes, 10, update(checksum, 0, id));
    }
}
