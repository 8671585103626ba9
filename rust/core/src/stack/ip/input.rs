//! Packets on their way in: checked, and told apart by whom they are for.
use super::address::is_unicast;
use super::counters::Dropped;
use super::header::{Fault, Header};
use super::interface::is_source;
use super::{Arrival, Ip};
use crate::app::Context;
use crate::packet::Packet;
use std::net::{IpAddr, Ipv6Addr};

impl Ip {
    /// The number of the interface at an input link.
    pub(crate) fn interface_of(&self, input: usize) -> Option<usize> {
        self.inputs.get(input).copied().flatten()
    }

    /// A packet has come in: gives it back where it is for a transport of this host.
    #[inline]
    pub(crate) fn receive(
        &mut self,
        packet: Packet,
        place: usize,
        context: &mut Context<'_>,
    ) -> Option<Arrival> {
        let interface = self.interfaces.get_mut(place)?;
        interface.traffic.packets_in += 1;
        interface.traffic.bytes_in += packet.len() as u64;
        let header = match Header::parse(packet.bytes()) {
            Ok(header) => header,
            Err(fault) => return self.refuse(packet, fault, context),
        };
        if !is_source(header.source) || header.destination.is_loopback() {
            self.drop(packet, Dropped::BadAddress, context.pool);
            return None;
        }
        if !self.is_for_me(header.destination, place) {
            self.drop(packet, Dropped::NotHere, context.pool);
            return None;
        }
        self.accept(packet, header, Some(place), context)
    }

    /// A packet from the host to itself.
    pub(crate) fn receive_own(
        &mut self,
        packet: Packet,
        context: &mut Context<'_>,
    ) -> Option<Arrival> {
        match Header::parse(packet.bytes()) {
            Ok(header) => self.accept(packet, header, None, context),
            Err(fault) => self.refuse(packet, fault, context),
        }
    }

    fn accept(
        &mut self,
        packet: Packet,
        header: Header,
        interface: Option<usize>,
        context: &mut Context<'_>,
    ) -> Option<Arrival> {
        if header.fragment.is_some() {
            self.drop(packet, Dropped::ReassemblyFull, context.pool);
            return None;
        }
        Some(Arrival {
            packet,
            header,
            interface,
        })
    }

    fn refuse(
        &mut self,
        packet: Packet,
        fault: Fault,
        context: &mut Context<'_>,
    ) -> Option<Arrival> {
        let cause = match fault {
            Fault::Checksum => Dropped::BadChecksum,
            Fault::Malformed => Dropped::Malformed,
            Fault::Parameter { .. } | Fault::Nothing => Dropped::Unknown,
        };
        self.drop(packet, cause, context.pool);
        None
    }

    /// Whether a packet to this address is for the host: its own addresses at any interface (the
    /// weak model of RFC 1122 §3.3.4.2), broadcasts, and the groups that it is in.
    #[inline]
    fn is_for_me(&self, destination: IpAddr, place: usize) -> bool {
        if is_unicast(destination) && self.owner(destination).is_some() {
            return true;
        }
        let Some(interface) = self.interfaces.get(place) else {
            return false;
        };
        match destination {
            IpAddr::V4(address) if address.is_broadcast() => true,
            IpAddr::V4(address) if address.is_multicast() => address.octets() == [224, 0, 0, 1],
            IpAddr::V4(_) => interface.is_broadcast(destination),
            IpAddr::V6(group) => {
                let all = group == Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1)
                    || group == Ipv6Addr::new(0xff01, 0, 0, 0, 0, 0, 0, 1);
                all || interface.is_solicited_node(group)
            }
        }
    }
}
