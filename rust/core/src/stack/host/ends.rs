//! Which addresses a socket gets, and what becomes of it when a program lets go.
use super::Host;
use super::sockets::Kind;
use crate::stack::error::SocketError;
use crate::stack::event::SocketId;
use crate::stack::ip::header::{IPV4_HEADER, LARGEST};
use crate::stack::ip::self_if_unspecified;
use crate::stack::options::SocketOptions;
use crate::stack::socket::demux::{Binding, Flow, Protocol};
use crate::stack::socket::udp::{HEADER, Udp};
use crate::stack::tcp::Endpoints;
use crate::time::Nanos;
use std::net::{IpAddr, SocketAddr};

/// A socket's own address, and its peer's if it has one.
pub(super) type Ends = (SocketAddr, Option<SocketAddr>);

/// How many bytes a datagram to there may have (IPv6's length field does not count its header).
pub(super) const fn most(remote: IpAddr) -> usize {
    let header = if remote.is_ipv4() { IPV4_HEADER } else { 0 };
    LARGEST - header - HEADER
}

impl Host {
    pub(super) fn place(&self, id: SocketId) -> Result<u32, SocketError> {
        self.sockets.table.place(id).ok_or(SocketError::NotASocket)
    }

    pub(super) fn kind(&self, id: SocketId) -> Option<&Kind> {
        let place = self.sockets.table.place(id)?;
        self.sockets.table.get(place).map(|socket| &socket.kind)
    }

    /// Both ends of a socket that has a peer: the own address as it was asked for, or that from
    /// which packets to the peer leave, and a port that is free.
    pub(super) fn endpoints(
        &mut self,
        protocol: Protocol,
        local: Option<SocketAddr>,
        remote: SocketAddr,
    ) -> Result<Endpoints, SocketError> {
        let asked = local.filter(|local| !local.ip().is_unspecified());
        let ip = match asked {
            Some(local) if local.is_ipv4() != remote.is_ipv4() => return Err(SocketError::Invalid),
            Some(local) if !self.ip.speaks_for(local.ip()) => {
                return Err(SocketError::AddressNotAvailable);
            }
            Some(local) if !self.may_send(local.ip(), remote.ip()) => {
                return Err(SocketError::Invalid);
            }
            Some(local) => local.ip(),
            None => self.ip.source_for(remote.ip())?,
        };
        let demux = &self.sockets.demux;
        let free = |port| {
            let local = SocketAddr::new(ip, port);
            local != remote && demux.flow(&Flow::new(protocol, local, remote)).is_none()
        };
        let port = match local.map_or(0, |local| local.port()) {
            0 => {
                // Not one at which others are heard: they may expect to be the only ones there.
                let unheard =
                    |port| free(port) && demux.is_free(protocol, SocketAddr::new(ip, port), false);
                let chosen = self.sockets.ports.choose(ip, Some(remote), unheard);
                chosen.ok_or(SocketError::AddressNotAvailable)?
            }
            port if free(port) => port,
            _ => return Err(SocketError::AddressInUse),
        };
        let local = SocketAddr::new(ip, port);
        Ok(Endpoints { local, remote })
    }

    /// Whether packets may go from one address to another: those that never leave a host go to itself.
    pub(super) fn may_send(&self, from: IpAddr, to: IpAddr) -> bool {
        !from.is_loopback() || self.ip.is_own(to)
    }

    /// The address of a socket that hears everybody.
    pub(super) fn local_end(
        &mut self,
        protocol: Protocol,
        local: SocketAddr,
        sharing: bool,
    ) -> Result<SocketAddr, SocketError> {
        let local = SocketAddr::new(local.ip(), local.port());
        if !local.ip().is_unspecified() && !self.ip.is_own(local.ip()) {
            return Err(SocketError::AddressNotAvailable);
        }
        let demux = &self.sockets.demux;
        let free = |port, sharing| {
            let local = SocketAddr::new(local.ip(), port);
            demux.is_free(protocol, local, sharing)
        };
        match local.port() {
            0 => {
                let choose = |port| free(port, false);
                let chosen = self.sockets.ports.choose(local.ip(), None, choose);
                let port = chosen.ok_or(SocketError::AddressNotAvailable)?;
                Ok(SocketAddr::new(local.ip(), port))
            }
            port if free(port, sharing) => Ok(local),
            _ => Err(SocketError::AddressInUse),
        }
    }

    /// The ends of a UDP socket.
    pub(super) fn datagram_ends(
        &mut self,
        local: SocketAddr,
        remote: Option<SocketAddr>,
        sharing: bool,
    ) -> Result<Ends, SocketError> {
        let Some(remote) = remote else {
            return Ok((self.local_end(Protocol::Udp, local, sharing)?, None));
        };
        let remote = SocketAddr::new(self_if_unspecified(remote.ip()), remote.port());
        self.ip.source_for(remote.ip())?;
        let local = self.endpoints(Protocol::Udp, Some(local), remote)?.local;
        let free = self.sockets.demux.is_free(Protocol::Udp, local, sharing);
        let ends = free.then_some((local, Some(remote)));
        ends.ok_or(SocketError::AddressInUse)
    }

    pub(super) fn open_datagrams(
        &mut self,
        (local, remote): Ends,
        options: SocketOptions,
    ) -> Result<SocketId, SocketError> {
        let binding = Binding {
            protocol: Protocol::Udp,
            local,
            remote,
            sharing: options.reuse,
        };
        let kind = Kind::Udp(Box::new(Udp::new(binding, options)));
        let id = self
            .sockets
            .insert(kind, true)
            .ok_or(SocketError::TooMany)?;
        self.sockets.demux.bind(&binding, id.place);
        Ok(id)
    }

    /// As many bytes as the connection has room for, and the host memory.
    pub(super) fn send_bytes(
        &mut self,
        place: u32,
        bytes: &[u8],
        now: Nanos,
    ) -> Result<usize, SocketError> {
        let room = usize::try_from(self.sockets.room()).unwrap_or(usize::MAX);
        let fitting = bytes.get(..room).unwrap_or(bytes);
        if fitting.len() < bytes.len() {
            self.sockets.starve(place);
        }
        let stream = self.sockets.stream(place).ok_or(SocketError::NotASocket)?;
        let sent = stream.connection.send(fitting, now);
        self.sockets.charge(place);
        self.sockets.mark(place);
        match sent {
            Ok(0) if !bytes.is_empty() => Err(SocketError::WouldBlock),
            sent => sent,
        }
    }

    pub(super) fn receive_bytes(
        &mut self,
        place: u32,
        into: &mut [u8],
        now: Nanos,
    ) -> Result<usize, SocketError> {
        self.now = now;
        let stream = self.sockets.stream(place).ok_or(SocketError::NotASocket)?;
        let received = stream.connection.receive(into, now);
        // What was read makes room, of which the peer may have to be told.
        if received != Err(SocketError::WouldBlock) {
            self.sockets.mark(place);
        }
        received
    }

    pub(super) fn end_socket(&mut self, id: SocketId, reset: bool, now: Nanos) {
        self.now = now;
        let Some(place) = self.sockets.table.place(id) else {
            return;
        };
        match self.kind(id) {
            Some(Kind::Stream(_)) => self.close_connection(place, reset, now),
            Some(Kind::Listener(_)) => self.close_listener(place, now),
            Some(Kind::Udp(_) | Kind::Echo(_)) => self.sockets.close_datagrams(place),
            None => {}
        }
    }
}

impl super::sockets::Sockets {
    /// What was sent before still goes out; nothing is heard any more.
    fn close_datagrams(&mut self, place: u32) {
        self.silence(place);
        self.let_go(place);
        match self.udp(place) {
            Some(udp) if udp.outgoing.is_empty() => self.remove(place),
            _ => self.mark(place),
        }
    }
}
