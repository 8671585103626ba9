//! IP: interfaces, routes, and packets on their way in, out and through.
pub(crate) mod address;
mod arp;
pub(crate) mod counters;
pub(crate) mod error;
mod ethernet;
mod forward;
mod fragment;
pub(crate) mod header;
mod input;
pub(crate) mod interface;
mod limit;
mod link;
mod ndp;
mod neighbour;
mod output;
mod path;
pub(crate) mod prefixes;
mod reassembly;
pub(crate) mod route;

use super::hash::Key;
use super::spec::Layout;
use crate::app::{Context, Ports};
use crate::packet::{Offload, Packet, Pool};
use crate::rng::Stream;
use crate::time::Nanos;
use address::{Prefix, number};
use counters::{Dropped, Drops};
use error::Complaint;
use header::{Header, LARGEST};
use interface::Interface;
use limit::Limit;
use neighbour::Neighbours;
use path::Paths;
use reassembly::Reassembly;
use route::Routes;
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};

pub(crate) use output::{Hop, self_if_unspecified};

/// The MTU of packets from the host to itself: with the largest TCP header, still what an IP length
/// field can say.
const LOOP_MTU: u32 = LARGEST as u32 - 40;
/// How many packets to the host itself may wait for the host to take them.
const MOST_LOOPED: usize = 1024;

/// The order to finish a checksum that holds only the pseudo-header's sum.
#[inline]
pub(crate) fn partial(start: usize, offset: u16) -> Offload {
    Offload {
        partial_checksum: true,
        checksum_start: start as u16,
        checksum_offset: offset,
        ..Offload::default()
    }
}

/// A packet for this host.
pub(crate) struct Arrival {
    pub(crate) packet: Packet,
    pub(crate) header: Header,
    /// The interface that it came in by; none where it comes from the host itself.
    pub(crate) interface: Option<usize>,
}

/// A host's IP.
pub(crate) struct Ip {
    pub(crate) interfaces: Vec<Interface>,
    routes: Routes,
    /// Every address of the host, in order, each with the number of its interface.
    own: Vec<(u128, usize)>,
    /// The broadcast addresses of all its networks, in order.
    broadcasts: Vec<Ipv4Addr>,
    /// The number of the interface of each input link.
    inputs: Vec<Option<usize>>,
    ports: Ports,
    forward: bool,
    everybody: bool,
    pub(crate) paths: Paths,
    pub(crate) drops: Drops,
    limit: Limit,
    reassembly: Reassembly,
    neighbours: Neighbours,
    /// Packets that waited where interfaces were replaced, until there is somebody to give them to.
    lost: VecDeque<Packet>,
    forwarded: u64,
    /// Packets that left, as they will be on the wire.
    sent: u64,
    /// Packets from the host to itself.
    looped: VecDeque<Packet>,
    ids: Key,
    id: u16,
}

impl Ip {
    pub(crate) fn new(layout: Layout, stream: &mut Stream) -> Self {
        let mut ip = Self {
            interfaces: Vec::new(),
            routes: Routes::default(),
            own: Vec::new(),
            broadcasts: Vec::new(),
            inputs: Vec::new(),
            ports: Ports::default(),
            forward: false,
            everybody: false,
            paths: Paths::new(Key::draw(stream)),
            drops: Drops::default(),
            limit: Limit::new(),
            reassembly: Reassembly::new(Key::draw(stream)),
            neighbours: Neighbours::new(Key::draw(stream)),
            lost: VecDeque::new(),
            forwarded: 0,
            sent: 0,
            looped: VecDeque::new(),
            ids: Key::draw(stream),
            id: stream.next_u32() as u16,
        };
        ip.reconfigure(layout);
        ip
    }

    /// Takes other interfaces and routes; an interface that stays keeps what it has counted.
    pub(crate) fn reconfigure(&mut self, layout: Layout) {
        let before = std::mem::replace(&mut self.interfaces, layout.interfaces);
        for interface in &mut self.interfaces {
            let old = before.iter().find(|old| old.name == interface.name);
            interface.traffic = old.map_or(interface.traffic, |old| old.traffic);
        }
        let numbered = self.interfaces.iter().enumerate();
        let own = numbered.flat_map(|(place, interface)| {
            let own = interface.addresses.iter();
            own.map(move |own| (number(own.address), place))
        });
        self.own = own.collect();
        self.own.sort_unstable();
        let networks = self.interfaces.iter().flat_map(|one| &one.addresses);
        self.broadcasts = networks.filter_map(Prefix::broadcast).collect();
        self.broadcasts.sort_unstable();
        self.routes = layout.routes;
        (self.forward, self.everybody) = (layout.forward, layout.everybody);
        self.paths.touch();
        // The numbers of interfaces may have changed: neighbours are asked for again.
        let mut lost = self.neighbours.clear();
        self.lost.append(&mut lost);
        self.rewire();
    }

    /// Takes other links.
    pub(crate) fn linked(&mut self, ports: &Ports) {
        self.ports = ports.clone();
        self.rewire();
    }

    fn rewire(&mut self) {
        for interface in &mut self.interfaces {
            interface.output = self.ports.output(&interface.name);
        }
        let named = |name: &String| {
            let mut interfaces = self.interfaces.iter();
            interfaces.position(|interface| interface.name == *name)
        };
        self.inputs = self.ports.inputs.iter().map(named).collect();
    }

    /// Whether there is an interface of this name.
    pub(crate) fn has_interface(&self, name: &str) -> bool {
        self.interfaces
            .iter()
            .any(|interface| interface.name == name)
    }

    /// Whether the host has this address: one of an interface's, or one that never leaves it (RFC
    /// 1122 §3.2.1.3 g, RFC 4291 §2.5.3).
    #[inline]
    pub(crate) fn is_own(&self, address: IpAddr) -> bool {
        self.owner(address).is_some() || address.is_loopback()
    }

    /// Whether it hears for everybody.
    #[inline]
    pub(crate) fn hears_everybody(&self) -> bool {
        self.everybody
    }

    /// Whether packets of the host may have this source: one of its own addresses, or, where it
    /// hears for everybody, any.
    #[inline]
    pub(crate) fn speaks_for(&self, address: IpAddr) -> bool {
        self.everybody || self.is_own(address)
    }

    /// The interface that has this address.
    #[inline]
    fn owner(&self, address: IpAddr) -> Option<usize> {
        let key = number(address);
        let place = self.own.binary_search_by_key(&key, |own| own.0).ok()?;
        self.own.get(place).map(|own| own.1)
    }

    /// Whether the address means all hosts of a network of an interface.
    #[inline]
    pub(crate) fn is_broadcast(&self, address: IpAddr) -> bool {
        let IpAddr::V4(address) = address else {
            return false;
        };
        address.is_broadcast() || self.broadcasts.binary_search(&address).is_ok()
    }

    /// The largest packet that reaches a destination whole, as far as is known.
    #[inline]
    pub(crate) fn mtu(&self, hop: Hop, destination: IpAddr, now: Nanos) -> u32 {
        if hop.local {
            return LOOP_MTU;
        }
        let interface = self.interfaces.get(hop.interface);
        let first = interface.map_or(LARGEST as u32, |interface| interface.mtu);
        let path = self.paths.mtu(destination, now);
        path.map_or(first, |path| path.min(first))
    }

    /// A number for a packet that may be cut: different from its neighbours' to the same place (RFC
    /// 6864 §4.3), and not to be guessed from those to another (RFC 7739).
    pub(crate) fn next_id(&mut self, destination: IpAddr) -> u16 {
        self.id = self.id.wrapping_add(1);
        self.id.wrapping_add(self.ids.strong(&destination) as u16)
    }

    /// As [`Self::next_id`], for IPv6.
    fn next_long_id(&mut self, destination: IpAddr) -> u32 {
        self.id = self.id.wrapping_add(1);
        let apart = self.ids.strong(&destination) as u32;
        apart.wrapping_add(self.id.into())
    }

    /// When there is something to do without a packet coming.
    pub(crate) fn deadline(&self) -> Option<Nanos> {
        let fragments = self.reassembly.deadline();
        let lost = (!self.lost.is_empty()).then_some(0);
        let all = [fragments, self.neighbours.deadline(), lost];
        all.into_iter().flatten().min()
    }

    /// Does what is due.
    pub(crate) fn fire_timers(&mut self, context: &mut Context<'_>) {
        self.paths.expire(context.now);
        if self.deadline().is_some_and(|at| at <= context.now) {
            self.give_up_fragments(context);
            self.fire_neighbours(context);
            let lost = std::mem::take(&mut self.lost);
            self.lose(lost, Dropped::NeighbourFailed, context.pool);
        }
    }

    fn give_up_fragments(&mut self, context: &mut Context<'_>) {
        let mut heads = Vec::new();
        let drops = &mut self.drops;
        self.reassembly.expire(context.now, |head| {
            drops.count(Dropped::ReassemblyTimeout);
            heads.push(head);
        });
        for head in heads.iter().filter(|head| !head.is_empty()) {
            if let Ok(header) = Header::parse_head(head) {
                self.complain(head, &header, Complaint::TooLate, context);
            }
        }
    }

    /// Whether packets to the host itself wait.
    pub(crate) fn has_looped(&self) -> bool {
        !self.looped.is_empty()
    }

    /// How many packets to the host itself wait.
    pub(crate) fn looped(&self) -> usize {
        self.looped.len()
    }

    /// How many packets have left, to others or to the host itself, as they will be on the wire.
    #[inline]
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// Lets a packet go.
    #[inline]
    pub(crate) fn drop(&mut self, packet: Packet, cause: Dropped, pool: &mut Pool) {
        self.drops.count(cause);
        pool.free(packet);
    }

    /// Adds what was counted.
    pub(crate) fn count(&self, into: &mut Map<String, Value>) {
        let named = self.interfaces.iter();
        let traffic: Map<_, _> = named
            .map(|interface| (interface.name.clone(), interface.traffic.to_json()))
            .collect();
        into.insert("interfaces".into(), traffic.into());
        into.insert("forwarded".into(), self.forwarded.into());
        into.insert("dropped".into(), self.drops.to_json().into());
    }

    /// Gives all packets back.
    pub(crate) fn stop(&mut self, pool: &mut Pool) {
        let waiting = self.neighbours.clear();
        let lost = std::mem::take(&mut self.lost);
        let looped = std::mem::take(&mut self.looped);
        for packet in waiting.into_iter().chain(lost).chain(looped) {
            pool.free(packet);
        }
    }
}
