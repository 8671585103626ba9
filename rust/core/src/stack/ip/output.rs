//! Packets on their way out: which way, from which address, and onto the link.
use super::address::is_limited_broadcast;
use super::counters::Dropped;
use super::interface::Interface;
use super::{Arrival, Ip, MOST_LOOPED};
use crate::app::Context;
use crate::packet::Packet;
use crate::stack::SocketError;
use crate::wire::segment::largest_ip_len;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where a packet goes first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Hop {
    /// The number of the interface.
    pub(crate) interface: usize,
    /// The router, or the destination itself.
    pub(crate) next: IpAddr,
    /// Whether it stays in the host.
    pub(crate) local: bool,
}

impl Ip {
    /// The way to a destination.
    #[inline]
    pub(crate) fn hop(&self, destination: IpAddr) -> Option<Hop> {
        let local = self.owner(destination);
        if local.is_some() || destination.is_loopback() {
            return Some(Hop {
                interface: local.unwrap_or(0),
                next: destination,
                local: true,
            });
        }
        if destination.is_multicast() || is_limited_broadcast(destination) {
            return self.group_hop(destination);
        }
        let route = self.routes.lookup(destination)?;
        Some(Hop {
            interface: route.interface,
            next: route.via.unwrap_or(destination),
            local: false,
        })
    }

    /// Groups and the limited broadcast go out, by no router, where a route has it so, else by the
    /// first interface that speaks the family.
    fn group_hop(&self, destination: IpAddr) -> Option<Hop> {
        let speaks = |interface: &Interface| {
            let mut own = interface.addresses.iter();
            own.any(|own| own.address.is_ipv4() == destination.is_ipv4())
        };
        let routed = self.routes.lookup(destination).map(|route| route.interface);
        let interface = routed.or_else(|| self.interfaces.iter().position(speaks))?;
        Some(Hop {
            interface,
            next: destination,
            local: false,
        })
    }

    /// The address that packets to a destination leave from.
    ///
    /// # Errors
    /// There is no route, or no address of that family.
    pub(crate) fn source_for(&self, destination: IpAddr) -> Result<IpAddr, SocketError> {
        let unreachable = SocketError::NetworkUnreachable;
        let destination = self_if_unspecified(destination);
        let hop = self.hop(destination).ok_or(unreachable)?;
        if hop.local {
            return Ok(destination);
        }
        let first = self.interfaces.get(hop.interface).ok_or(unreachable)?;
        // An interface without an address of its own borrows one (RFC 1812 §2.2.7).
        let borrowed = || {
            let mut others = self.interfaces.iter();
            others.find_map(|other| other.source_for(destination, destination))
        };
        first
            .source_for(destination, hop.next)
            .or_else(borrowed)
            .ok_or(unreachable)
    }

    /// Sends a whole packet on its way. What its link does not take whole is cut, or dropped.
    #[inline]
    pub(crate) fn transmit(&mut self, packet: Packet, hop: Hop, context: &mut Context<'_>) {
        let interface = self.interfaces.get(hop.interface);
        let mtu = interface.map_or(0, |interface| interface.mtu);
        self.transmit_within(packet, hop, mtu, context);
    }

    /// Sends a packet of this host's own, cut to what is known of the path.
    pub(crate) fn transmit_to(
        &mut self,
        packet: Packet,
        destination: IpAddr,
        hop: Hop,
        context: &mut Context<'_>,
    ) {
        let mtu = self.mtu(hop, destination, context.now);
        self.transmit_within(packet, hop, mtu, context);
    }

    #[inline]
    fn transmit_within(&mut self, packet: Packet, hop: Hop, mtu: u32, context: &mut Context<'_>) {
        let mtu = mtu as usize;
        if hop.local {
            self.loop_back(packet, context);
        } else if packet.len() <= mtu || packet.is_super() && largest_ip_len(&packet) <= mtu {
            self.put(packet, hop, context);
        } else {
            self.cut(packet, hop, mtu, context);
        }
    }

    /// Puts a packet that fits onto its link.
    #[inline]
    pub(super) fn put(&mut self, mut packet: Packet, hop: Hop, context: &mut Context<'_>) {
        let mac = self
            .interfaces
            .get(hop.interface)
            .map(|interface| interface.mac);
        match mac {
            Some(None) => {
                packet.set_network_offset(0);
                self.leave(packet, hop.interface, context);
            }
            Some(Some(own)) => self.put_frame(packet, (hop.interface, hop.next), own, context),
            None => self.drop(packet, Dropped::NoRoute, context.pool),
        }
    }

    /// Puts a packet, in its frame where it has one, onto the link of an interface.
    #[inline]
    pub(super) fn leave(&mut self, mut packet: Packet, place: usize, context: &mut Context<'_>) {
        let Some(interface) = self.interfaces.get_mut(place) else {
            return self.drop(packet, Dropped::NoRoute, context.pool);
        };
        let Some(output) = interface.output else {
            return self.drop(packet, Dropped::NoLink, context.pool);
        };
        interface.traffic.packets_out += 1;
        interface.traffic.bytes_out += packet.len() as u64;
        self.sent += weight(&packet);
        packet.set_arrived(context.now);
        context.transmit(output, packet);
    }

    /// Hands a packet from the host to itself: later in the same breath, so that nothing recurses.
    pub(crate) fn loop_back(&mut self, mut packet: Packet, context: &mut Context<'_>) {
        if self.looped.len() == MOST_LOOPED {
            self.drop(packet, Dropped::QueueFull, context.pool);
            return;
        }
        packet.set_arrived(context.now);
        packet.set_network_offset(0);
        self.sent += 1;
        self.looped.push_back(packet);
    }

    /// The next packet from the host to itself.
    pub(crate) fn next_looped(&mut self, context: &mut Context<'_>) -> Option<Option<Arrival>> {
        let packet = self.looped.pop_front()?;
        Some(self.receive_own(packet, context))
    }
}

/// About how many packets on the wire a packet stands for.
#[inline]
fn weight(packet: &Packet) -> u64 {
    if !packet.is_super() {
        return 1;
    }
    let size = usize::from(packet.offload().segment_size).max(1);
    packet.len().div_ceil(size) as u64
}

/// A destination that is not said is this host (RFC 1122 §3.2.1.3; what connect(2) does).
pub(crate) const fn self_if_unspecified(destination: IpAddr) -> IpAddr {
    match destination {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    }
}
