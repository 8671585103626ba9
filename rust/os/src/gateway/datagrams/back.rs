//! Datagrams on their way back to a program.
use super::super::datagram_socket::Kind;
use super::super::flows::{Flow, Key};
use super::super::names;
use super::echo::{HOP_LIMIT, raw_family};
use super::{Datagrams, HEADER};
use crate::datagram::receiving::{Came, Inlet};
use std::mem;
use std::net::SocketAddr;
use std::os::fd::RawFd;
use usernet_core::app::Context;
use usernet_core::packet::Packet;
use usernet_core::stack::Host;
use usernet_core::stack::compose::{self, Marks, largest_datagram};

/// The types of an echo reply.
const REPLY_V4: u8 = 0;
const REPLY_V6: u8 = 129;

impl Datagrams {
    /// Something has come for a socket: takes a batch of it. What is left is for [`Self::run_busy`].
    pub(in super::super) fn ready(
        &mut self,
        key: u32,
        events: u32,
        host: &mut Host,
        context: &mut Context<'_>,
    ) {
        if events & libc::EPOLLERR as u32 != 0 {
            self.drain_errors(key, host, context);
        }
        if self.receive(key, host, context) && !self.busy.contains(&key) {
            self.busy.push(key);
        }
    }

    /// Takes a batch more of each socket that may have one.
    pub(in super::super) fn run_busy(&mut self, host: &mut Host, context: &mut Context<'_>) {
        let mut busy = mem::take(&mut self.busy);
        busy.retain(|&key| self.receive(key, host, context));
        self.busy = busy;
    }

    /// Whether sockets may have more.
    pub(in super::super) fn is_busy(&self) -> bool {
        !self.busy.is_empty()
    }

    fn receive(&mut self, key: u32, host: &mut Host, context: &mut Context<'_>) -> bool {
        let Some(socket) = self.socket_of(key) else {
            return false;
        };
        match self.inlet.receive(socket) {
            Ok(more) => {
                let inlet = mem::take(&mut self.inlet);
                match raw_family(key) {
                    Some(v4) => self.take_replies(&inlet, v4, host, context),
                    None => self.take_in(key, &inlet, host, context),
                }
                self.inlet = inlet;
                more
            }
            Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => false,
            Err(_) => {
                self.drain_errors(key, host, context);
                true
            }
        }
    }

    /// The socket of a key.
    pub(super) fn socket_of(&self, key: u32) -> Option<RawFd> {
        if let Some(v4) = raw_family(key) {
            return self.echo[usize::from(v4)].raw().map(|socket| socket.fd());
        }
        let flow = self.flows.get(key)?;
        match &flow.socket {
            Some(socket) => Some(socket.fd()),
            None => self.echo[usize::from(flow.key.v4)]
                .raw()
                .map(|socket| socket.fd()),
        }
    }

    fn take_in(&mut self, place: u32, inlet: &Inlet, host: &mut Host, context: &mut Context<'_>) {
        let Some(flow) = self.flows.get_mut(place) else {
            return;
        };
        flow.hear(inlet.came.iter().map(|came| came.len).sum(), context.now);
        let Key { kind, program, .. } = flow.key;
        let (is_udp, most) = (kind == Kind::Udp, self.most_whole(program));
        let mut came = inlet.came.as_slice();
        while let Some(first) = came.first() {
            let count = if is_udp { joined(came, most) } else { 1 };
            let (group, rest) = came.split_at(count);
            came = rest;
            let face = self.face_in(place, first.from);
            let Some(face) = face else {
                self.tally.strangers += count as u64;
                continue;
            };
            if is_udp {
                self.hand_in_group(place, face, group, inlet, host, context);
            } else {
                let message = &inlet.bytes[first.range()];
                self.hand_in_reply(place, face, message, first, host, context);
            }
        }
    }

    /// Under which address a program knows an end; whoever calls a published port has one in any case.
    fn face_in(&mut self, place: u32, from: SocketAddr) -> Option<SocketAddr> {
        let flow = self.flows.get(place)?;
        let known = match flow.is_published && self.masquerade {
            true => flow.face(from),
            false => self.face(flow, from),
        };
        if known.is_some() || !flow.is_published {
            return known;
        }
        let v4 = flow.key.program.is_ipv4();
        let own = self.own.iter().copied().find(|own| own.is_ipv4() == v4)?;
        // Two callers may have one port.
        let ports = (from.port()..=u16::MAX).chain(1..from.port());
        let mut faces = ports.map(|port| SocketAddr::new(own, port));
        let face = faces.find(|face| flow.outer(*face).is_none())?;
        self.flows.get_mut(place)?.remember(from, face);
        Some(face)
    }

    /// Under which address a program knows an end; none where it may not reach it.
    pub(super) fn face(&self, flow: &Flow, from: SocketAddr) -> Option<SocketAddr> {
        let whole = || {
            let face = self.redirects.face_of(from.ip())?;
            Some(SocketAddr::new(face, from.port()))
        };
        let itself = || (self.redirects.way(from) == Some(from)).then_some(from);
        let face = flow.face(from).or_else(whole).or_else(itself)?;
        (face.is_ipv4() == flow.key.program.is_ipv4()).then_some(face)
    }

    /// The longest datagram to a program that needs no cutting.
    fn most_whole(&self, program: SocketAddr) -> usize {
        let header = if program.is_ipv4() { 20 } else { 40 };
        self.mtu.saturating_sub(header + HEADER)
    }

    /// Hands datagrams of one sender in: as one packet where they are alike.
    fn hand_in_group(
        &mut self,
        place: u32,
        face: SocketAddr,
        group: &[Came],
        inlet: &Inlet,
        host: &mut Host,
        context: &mut Context<'_>,
    ) {
        let program = self.flows.get(place).map(|flow| flow.key.program);
        let (Some(program), Some(first)) = (program, group.first()) else {
            return;
        };
        let bytes = group.iter().map(|came| &inlet.bytes[came.range()]);
        let pieces: Vec<&[u8]> = bytes.collect();
        if face.port() == names::PORT {
            pieces.iter().for_each(|answer| self.names.learn(answer));
        }
        let ends = (face, program);
        let alike = (group.len() > 1).then_some(first.len as u16);
        let size = first.segment_size.or(alike);
        match size.filter(|size| !self.fits(program, &pieces, *size)) {
            Some(size) => {
                let apart = pieces.iter().flat_map(|piece| piece.chunks(size.into()));
                for piece in apart {
                    self.hand_in_datagram(ends, first, &[piece], None, host, context);
                }
            }
            None => self.hand_in_datagram(ends, first, &pieces, size, host, context),
        }
    }

    /// Whether datagrams of a size can go to a program as one packet.
    fn fits(&self, program: SocketAddr, pieces: &[&[u8]], size: u16) -> bool {
        let len: usize = pieces.iter().map(|piece| piece.len()).sum();
        usize::from(size) <= self.most_whole(program) && len <= largest_datagram(program.is_ipv4())
    }

    fn hand_in_datagram(
        &mut self,
        ends: (SocketAddr, SocketAddr),
        came: &Came,
        pieces: &[&[u8]],
        size: Option<u16>,
        host: &mut Host,
        context: &mut Context<'_>,
    ) {
        let len = pieces.iter().map(|piece| piece.len()).sum();
        let cut = len > self.most_whole(ends.1) && size.is_none();
        let marks = marks_of(came, ends.0, cut);
        let packet = compose::datagram(context.pool, ends, marks, (len, size), |bytes| {
            let mut rest = bytes;
            for piece in pieces {
                let (room, behind) = rest.split_at_mut(piece.len());
                room.copy_from_slice(piece);
                rest = behind;
            }
        });
        let count = size.map_or(1, |size| len.div_ceil(usize::from(size).max(1)));
        self.tally.came(count, len);
        self.hand_in(packet, host, context);
    }

    /// Hands a packet to the program.
    pub(super) fn hand_in(
        &mut self,
        packet: Option<Packet>,
        host: &mut Host,
        context: &mut Context<'_>,
    ) {
        match packet {
            Some(packet) => host.send_packet(packet, context),
            None => self.tally.no_memory += 1,
        }
    }

    /// Answers a datagram in the name of where it was to go.
    pub(super) fn reply(
        &mut self,
        ends: (SocketAddr, SocketAddr),
        payload: &[u8],
        host: &mut Host,
        context: &mut Context<'_>,
    ) {
        let marks = Marks {
            hop_limit: HOP_LIMIT,
            traffic_class: 0,
            id: Some(0),
        };
        let fill = |bytes: &mut [u8]| bytes.copy_from_slice(payload);
        let packet = compose::datagram(context.pool, ends, marks, (payload.len(), None), fill);
        self.hand_in(packet, host, context);
    }

    /// Echo replies to the raw socket, which hears all of the machine's.
    fn take_replies(
        &mut self,
        inlet: &Inlet,
        v4: bool,
        host: &mut Host,
        context: &mut Context<'_>,
    ) {
        for came in &inlet.came {
            let Some((message, hop_limit)) = raw_message(&inlet.bytes[came.range()], v4) else {
                continue;
            };
            let id = message.get(4..).and_then(|rest| rest.first_chunk());
            let id = id.copied().map(u16::from_be_bytes);
            let Some(place) = id.and_then(|id| self.flows.find_id(v4, id)) else {
                continue;
            };
            let came = Came {
                hop_limit: hop_limit.or(came.hop_limit),
                ..*came
            };
            let Some(flow) = self.flows.get_mut(place) else {
                continue;
            };
            flow.hear(message.len(), context.now);
            let face = self
                .flows
                .get(place)
                .and_then(|flow| self.face(flow, came.from));
            if let Some(face) = face {
                self.hand_in_reply(place, face, message, &came, host, context);
            }
        }
    }

    /// Hands an echo reply in, with the identifier that the program has given.
    fn hand_in_reply(
        &mut self,
        place: u32,
        face: SocketAddr,
        message: &[u8],
        came: &Came,
        host: &mut Host,
        context: &mut Context<'_>,
    ) {
        let Some(program) = self.flows.get(place).map(|flow| flow.key.program) else {
            return;
        };
        let reply = if face.is_ipv4() { REPLY_V4 } else { REPLY_V6 };
        if message.len() < HEADER || message[0] != reply {
            return;
        }
        let mut rest = message[HEADER - 4..].to_vec();
        rest[..2].copy_from_slice(&program.port().to_be_bytes());
        let ends = (face.ip(), program.ip());
        let marks = marks_of(came, face, rest.len() > self.most_whole(program));
        let packet = compose::echo(context.pool, ends, marks, true, &rest);
        self.tally.came(1, message.len());
        self.hand_in(packet, host, context);
    }
}

/// How many messages, from the first on, make one packet: of one sender, all of one size but for a shorter
/// last one, and none longer than `most`.
fn joined(came: &[Came], most: usize) -> usize {
    let Some(first) = came.first() else {
        return 0;
    };
    if first.segment_size.is_some() || first.len > most || first.len == 0 {
        return 1;
    }
    let (mut count, mut len) = (1, first.len);
    for next in &came[1..] {
        let alike = next.from == first.from
            && next.segment_size.is_none()
            && next.traffic_class == first.traffic_class
            && (1..=first.len).contains(&next.len);
        len += next.len;
        if !alike || len > largest_datagram(true) {
            break;
        }
        count += 1;
        if next.len < first.len {
            break;
        }
    }
    count
}

/// What a packet to a program says: as what has come, one hop later; what comes from the machine itself has
/// gone none.
fn marks_of(came: &Came, face: SocketAddr, cut: bool) -> Marks {
    let hop_limit = match came.hop_limit {
        Some(hops) if came.from == face => hops.saturating_sub(1).max(1),
        _ => HOP_LIMIT,
    };
    Marks {
        hop_limit,
        traffic_class: came.traffic_class,
        id: cut.then_some(0),
    }
}

/// The ICMP message that a raw socket has received, and the hop limit: of IPv4 it comes with its header.
fn raw_message(bytes: &[u8], v4: bool) -> Option<(&[u8], Option<u8>)> {
    if !v4 {
        return Some((bytes, None));
    }
    let len = usize::from(bytes.first()? & 0xf) * 4;
    Some((bytes.get(len..)?, bytes.get(8).copied()))
}
