//! Between IP and Ethernet links: frames on and off, neighbours asked and answered.
use super::address::{Mac, solicited_node};
use super::arp;
use super::counters::Dropped;
use super::error::{Complaint, outline, seal};
use super::ethernet::{self, ARP, IPV4, IPV6};
use super::header::{Header, Outline};
use super::interface::is_source;
use super::ndp;
use super::neighbour::{At, Due, Way};
use super::{Arrival, Ip};
use crate::app::Context;
use crate::packet::{Packet, Pool};
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Messages of neighbour discovery come from the link itself: their hop limit was never lowered
/// (RFC 4861 §7.1).
const FROM_THE_LINK: u8 = 255;
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

impl Ip {
    /// Takes the frame off a packet that came by an Ethernet link: the packet, where it is one of IP
    /// for this station.
    pub(super) fn take_frame(
        &mut self,
        mut packet: Packet,
        place: usize,
        own: Mac,
        context: &mut Context<'_>,
    ) -> Option<Packet> {
        match ethernet::unwrap(&mut packet, own) {
            Ok(ARP) => self.take_arp(packet, place, own, context),
            Ok(kind) if kind == ether_type(&packet) => return Some(packet),
            Ok(_) => self.drop(packet, Dropped::Malformed, context.pool),
            Err(cause) => self.drop(packet, cause, context.pool),
        }
        None
    }

    /// Sends a packet to a neighbour, as soon as it is known where that is.
    pub(super) fn put_frame(
        &mut self,
        packet: Packet,
        at: At,
        own: Mac,
        context: &mut Context<'_>,
    ) {
        let (place, next) = at;
        if next.is_multicast() {
            return self.frame(packet, place, own, Mac::of_group(next), context);
        }
        if self.is_broadcast(next) {
            return self.frame(packet, place, own, Mac::BROADCAST, context);
        }
        let (way, forgotten) = self.neighbours.send(at, packet, context.now);
        self.lose(forgotten, Dropped::NeighbourFull, context.pool);
        match way {
            Way::To(mac, packet) => self.frame(packet, place, own, mac, context),
            Way::Waits { ask, lost } => {
                if let Some(lost) = lost {
                    self.drop(lost, Dropped::NeighbourFull, context.pool);
                }
                if ask {
                    self.ask(at, None, context);
                }
            }
        }
    }

    fn frame(
        &mut self,
        mut packet: Packet,
        place: usize,
        own: Mac,
        to: Mac,
        context: &mut Context<'_>,
    ) {
        let kind = ether_type(&packet);
        if ethernet::wrap(&mut packet, own, to, kind) {
            self.leave(packet, place, context);
        } else {
            self.drop(packet, Dropped::Malformed, context.pool);
        }
    }

    /// Does what is due with neighbours.
    pub(super) fn fire_neighbours(&mut self, context: &mut Context<'_>) {
        while let Some(due) = self.neighbours.next_due(context.now) {
            match due {
                Due::Ask(at, mac) => self.ask(at, mac, context),
                Due::Failed(waiting) => self.give_up(waiting, context),
            }
        }
    }

    /// A neighbour does not answer: the sources of what waited for it are told (RFC 4861 §7.2.2),
    /// this host's own sockets among them.
    fn give_up(&mut self, waiting: VecDeque<Packet>, context: &mut Context<'_>) {
        for packet in waiting {
            if let Ok(header) = Header::parse(packet.bytes()) {
                self.complain(packet.bytes(), &header, Complaint::NoHost, context);
            }
            self.drop(packet, Dropped::NeighbourFailed, context.pool);
        }
    }

    pub(super) fn lose(&mut self, packets: VecDeque<Packet>, cause: Dropped, pool: &mut Pool) {
        for packet in packets {
            self.drop(packet, cause, pool);
        }
    }

    /// Asks for a neighbour: everybody (in IPv6, those whose address ends alike), or itself alone.
    fn ask(&mut self, (place, next): At, mac: Option<Mac>, context: &mut Context<'_>) {
        let Some(interface) = self.interfaces.get(place) else {
            return;
        };
        // An interface without an address of its own asks with another's (RFC 1812 §2.2.7).
        let source = interface.source_for(next, next);
        let source = source.or_else(|| self.source_for(next).ok());
        let (Some(own), Some(source)) = (interface.mac, source) else {
            return;
        };
        match (source, next) {
            (IpAddr::V4(source), IpAddr::V4(target)) => {
                let message = arp::Message {
                    is_request: true,
                    sender: (own, source),
                    target: (mac.unwrap_or(Mac([0; 6])), target),
                };
                let to = mac.unwrap_or(Mac::BROADCAST);
                self.send_arp(&message, place, to, context);
            }
            (IpAddr::V6(source), IpAddr::V6(target)) => {
                let message = ndp::Message::Solicitation {
                    target,
                    source: Some(own),
                };
                let group = solicited_node(target);
                let to = mac.map_or((group, Mac::of_group(group.into())), |mac| (target, mac));
                self.send_ndp(&message, place, source, to, context);
            }
            _ => {}
        }
    }

    fn send_arp(
        &mut self,
        message: &arp::Message,
        place: usize,
        to: Mac,
        context: &mut Context<'_>,
    ) {
        let Some(mut packet) = context.pool.packet_from(&message.emit()) else {
            return;
        };
        if ethernet::wrap(&mut packet, message.sender.0, to, ARP) {
            self.leave(packet, place, context);
        } else {
            context.pool.free(packet);
        }
    }

    /// Sends a message of neighbour discovery to one whose place on the link is known.
    fn send_ndp(
        &mut self,
        message: &ndp::Message,
        place: usize,
        source: Ipv6Addr,
        (destination, to): (Ipv6Addr, Mac),
        context: &mut Context<'_>,
    ) {
        if let Some((packet, own)) = self.ndp_packet(message, place, (source, destination), context)
        {
            self.frame(packet, place, own, to, context);
        }
    }

    /// A message of neighbour discovery as a packet, and the station that it leaves from.
    fn ndp_packet(
        &self,
        message: &ndp::Message,
        place: usize,
        (source, destination): (Ipv6Addr, Ipv6Addr),
        context: &mut Context<'_>,
    ) -> Option<(Packet, Mac)> {
        let outline = Outline {
            hop_limit: FROM_THE_LINK,
            ..outline(source.into(), destination.into())
        };
        let at = outline.header_len();
        let own = self.interfaces.get(place)?.mac?;
        let mut packet = context.pool.packet(at + ndp::LEN)?;
        let bytes = packet.bytes_mut();
        outline.emit(bytes);
        bytes[at..].copy_from_slice(&message.emit());
        seal(&mut bytes[at..], source.into(), destination.into());
        Some((packet, own))
    }

    /// RFC 826, as far as RFC 5227 leaves it: who asks for us is known from then on; who says where it
    /// is, is believed where we know it or ask for it.
    fn take_arp(&mut self, packet: Packet, place: usize, own: Mac, context: &mut Context<'_>) {
        let message = arp::Message::parse(packet.bytes());
        context.pool.free(packet);
        let Some(message) = message.filter(|message| message.sender.0.is_unicast()) else {
            return self.drops.count(Dropped::Malformed);
        };
        let (mac, sender) = message.sender;
        let mine = self.has_address(place, message.target.1.into());
        let probe = sender == Ipv4Addr::UNSPECIFIED;
        if !probe && (!is_source(sender.into()) || self.is_own(sender.into())) {
            return self.drops.count(Dropped::BadAddress);
        }
        let at = (place, IpAddr::V4(sender));
        if message.is_request && mine {
            if !probe {
                self.hint(at, mac, own, context);
            }
            let reply = arp::Message {
                is_request: false,
                sender: (own, message.target.1),
                target: message.sender,
            };
            self.send_arp(&reply, place, mac, context);
        } else if !probe {
            let solicited = !message.is_request && mine;
            self.believe(at, Some(mac), (solicited, true), own, context);
        }
    }

    /// A message of neighbour discovery has come; anything else comes back.
    pub(crate) fn take_ndp(
        &mut self,
        arrival: &Arrival,
        message: &[u8],
        context: &mut Context<'_>,
    ) -> Result<(), Dropped> {
        let place = arrival.interface.ok_or(Dropped::BadAddress)?;
        let own = self
            .interfaces
            .get(place)
            .and_then(|interface| interface.mac);
        let own = own.ok_or(Dropped::Unknown)?;
        let header = &arrival.header;
        let message = ndp::Message::parse(message).filter(|_| header.hop_limit == FROM_THE_LINK);
        let at = (place, header.source);
        match message.ok_or(Dropped::Malformed)? {
            ndp::Message::Solicitation { target, source } => {
                self.take_solicitation(at, header.destination, (target, source), own, context)
            }
            ndp::Message::Advertisement {
                target,
                mac,
                solicited,
                overrides,
                ..
            } => {
                let mac = mac.filter(|mac| mac.is_unicast());
                let at = (place, IpAddr::V6(target));
                let flags = (solicited && header.is_unicast(), overrides);
                self.believe(at, mac, flags, own, context);
                Ok(())
            }
        }
    }

    /// RFC 4861 §7.1.1, §7.2.3, §7.2.4.
    fn take_solicitation(
        &mut self,
        (place, asker): At,
        asked: IpAddr,
        (target, source): (Ipv6Addr, Option<Mac>),
        own: Mac,
        context: &mut Context<'_>,
    ) -> Result<(), Dropped> {
        if !self.has_address(place, target.into()) {
            return Err(Dropped::NotHere);
        }
        let nobody = asker.is_unspecified();
        if nobody && (source.is_some() || asked != IpAddr::V6(solicited_node(target))) {
            return Err(Dropped::Malformed);
        }
        let source = source.filter(|mac| mac.is_unicast());
        if let Some(mac) = source {
            self.hint((place, asker), mac, own, context);
        }
        let answer = ndp::Message::Advertisement {
            target,
            mac: Some(own),
            solicited: !nobody,
            overrides: true,
            router: self.forward,
        };
        match (asker, source) {
            (IpAddr::V6(asker), Some(mac)) if !nobody => {
                self.send_ndp(&answer, place, target, (asker, mac), context);
            }
            (IpAddr::V6(asker), None) if !nobody => {
                self.answer_by_table(&answer, place, target, asker, context)
            }
            _ => {
                let to = (ALL_NODES, Mac::of_group(ALL_NODES.into()));
                self.send_ndp(&answer, place, target, to, context);
            }
        }
        Ok(())
    }

    /// Answers one who did not say where it is.
    fn answer_by_table(
        &mut self,
        answer: &ndp::Message,
        place: usize,
        target: Ipv6Addr,
        asker: Ipv6Addr,
        context: &mut Context<'_>,
    ) {
        if let Some((packet, own)) = self.ndp_packet(answer, place, (target, asker), context) {
            self.put_frame(packet, (place, asker.into()), own, context);
        }
    }

    fn hint(&mut self, at: At, mac: Mac, own: Mac, context: &mut Context<'_>) {
        let (waiting, forgotten) = self.neighbours.hint(at, mac);
        self.lose(forgotten, Dropped::NeighbourFull, context.pool);
        for packet in waiting {
            self.frame(packet, at.0, own, mac, context);
        }
    }

    fn believe(
        &mut self,
        at: At,
        mac: Option<Mac>,
        flags: (bool, bool),
        own: Mac,
        context: &mut Context<'_>,
    ) {
        let answered = self.neighbours.answer(at, mac, flags, context.now);
        if let Some((mac, waiting)) = answered {
            for packet in waiting {
                self.frame(packet, at.0, own, mac, context);
            }
        }
    }

    fn has_address(&self, place: usize, address: IpAddr) -> bool {
        let interface = self.interfaces.get(place);
        interface.is_some_and(|interface| interface.has(address))
    }
}

/// The EtherType of an IP packet.
fn ether_type(packet: &Packet) -> u16 {
    match packet.bytes().first().map(|first| first >> 4) {
        Some(6) => IPV6,
        _ => IPV4,
    }
}
