//! Packets on their way in: checked, and told apart by whom they are for.
use super::address::is_unicast;
use super::counters::Dropped;
use super::error::Complaint;
use super::header::{Fault, Header, ICMPV6};
use super::interface::is_source;
use super::reassembly::Outcome;
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
        let Some(interface) = self.interfaces.get_mut(place) else {
            self.drop(packet, Dropped::NoLink, context.pool);
            return None;
        };
        interface.traffic.packets_in += 1;
        interface.traffic.bytes_in += packet.len() as u64;
        let packet = match interface.mac {
            Some(own) => self.take_frame(packet, place, own, context)?,
            None => packet,
        };
        let header = match Header::parse(packet.bytes()) {
            Ok(header) => header,
            Err(fault) => return self.refuse(packet, None, fault, context),
        };
        if !self.is_plausible(&header) {
            self.drop(packet, Dropped::BadAddress, context.pool);
            return None;
        }
        if !self.is_for_me(header.destination, place) {
            if self.forward {
                self.hand_on(packet, &header, context);
            } else {
                self.drop(packet, Dropped::NotHere, context.pool);
            }
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
            Err(fault) => self.refuse(packet, None, fault, context),
        }
    }

    /// Whether a packet can have these addresses: its source is one other host, or, of a question
    /// whether an address is free (RFC 4862 §5.4.2), nobody yet.
    #[inline]
    fn is_plausible(&self, header: &Header) -> bool {
        let source = header.source;
        let asks = header.protocol == ICMPV6 && source == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        let other = is_source(source) && self.owner(source).is_none();
        (other || asks) && !header.destination.is_loopback() && !self.is_broadcast(source)
    }

    /// A packet is for this host: reads on up to its transport, and puts fragments together.
    #[inline]
    fn accept(
        &mut self,
        packet: Packet,
        mut header: Header,
        interface: Option<usize>,
        context: &mut Context<'_>,
    ) -> Option<Arrival> {
        if let Err(fault) = header.read_extensions(packet.bytes()) {
            return self.refuse(packet, Some(&header), fault, context);
        }
        if header.fragment.is_some() {
            return self.gather(packet, &header, interface, context);
        }
        Some(Arrival {
            packet,
            header,
            interface,
        })
    }

    /// A fragment has come.
    fn gather(
        &mut self,
        packet: Packet,
        header: &Header,
        interface: Option<usize>,
        context: &mut Context<'_>,
    ) -> Option<Arrival> {
        let outcome = self
            .reassembly
            .take(&packet, header, context.now, context.pool);
        context.pool.free(packet);
        let whole = match outcome {
            Outcome::Waits => return None,
            Outcome::Whole(whole) => whole,
            Outcome::Dropped(cause) => {
                self.drops.count(cause);
                return None;
            }
        };
        match Header::parse(whole.bytes()) {
            Ok(mut header) => {
                // What has come in pieces may go on in pieces.
                header.whole = false;
                self.accept(whole, header, interface, context)
            }
            Err(fault) => self.refuse(whole, None, fault, context),
        }
    }

    /// A packet makes no sense: its source is told, where RFC 8200 §4 has it so.
    fn refuse(
        &mut self,
        packet: Packet,
        header: Option<&Header>,
        fault: Fault,
        context: &mut Context<'_>,
    ) -> Option<Arrival> {
        let cause = match fault {
            Fault::Checksum => Dropped::BadChecksum,
            Fault::Malformed => Dropped::Malformed,
            Fault::Parameter { .. } | Fault::Nothing => Dropped::Unknown,
        };
        if let (Fault::Parameter { code, at, groups }, Some(header)) = (fault, header)
            && (groups || header.is_unicast())
        {
            let complaint = Complaint::Parameter(code, at);
            self.complain(packet.bytes(), header, complaint, context);
        }
        self.drop(packet, cause, context.pool);
        None
    }

    /// Whether a packet to this address is for the host: its own addresses at any interface (the
    /// weak model of RFC 1122 §3.3.4.2), broadcasts, and the groups that it is in.
    #[inline]
    fn is_for_me(&self, destination: IpAddr, place: usize) -> bool {
        if is_unicast(destination) && (self.everybody || self.owner(destination).is_some()) {
            return true;
        }
        let Some(interface) = self.interfaces.get(place) else {
            return false;
        };
        match destination {
            IpAddr::V4(address) if address.is_broadcast() => true,
            IpAddr::V4(address) if address.is_multicast() => address.octets() == [224, 0, 0, 1],
            IpAddr::V4(address) => interface.is_broadcast(address),
            IpAddr::V6(group) => {
                let all = group == Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1)
                    || group == Ipv6Addr::new(0xff01, 0, 0, 0, 0, 0, 0, 1);
                all || interface.is_solicited_node(group)
            }
        }
    }
}
