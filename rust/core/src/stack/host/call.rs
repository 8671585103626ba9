//! What programs ask of a host: the calls of sockets.
use super::Host;
use super::ends::most;
use super::icmp::{echo_binding, echo_flow};
use super::sockets::Kind;
use crate::stack::error::SocketError;
use crate::stack::event::SocketId;
use crate::stack::ip::self_if_unspecified;
use crate::stack::options::SocketOptions;
use crate::stack::socket::demux::Protocol;
use crate::stack::socket::report::Report;
use crate::stack::socket::udp::Udp;
use crate::stack::tcp::Info;
use crate::time::Nanos;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

impl Host {
    /// Begins a TCP connection. `CONNECTED` or `FAILED` follows as an event.
    ///
    /// # Errors
    /// There is no route, no free port, or the local address is taken or not the host's; too many
    /// sockets, or no memory for another.
    pub fn connect(
        &mut self,
        remote: SocketAddr,
        local: Option<SocketAddr>,
        options: SocketOptions,
        now: Nanos,
    ) -> Result<SocketId, SocketError> {
        let remote = SocketAddr::new(self_if_unspecified(remote.ip()), remote.port());
        let endpoints = self.endpoints(Protocol::Tcp, local, remote)?;
        let hop = self
            .ip
            .hop(remote.ip())
            .ok_or(SocketError::NetworkUnreachable)?;
        if remote.port() == 0 {
            return Err(SocketError::ConnectionRefused);
        }
        if remote.ip().is_multicast() || self.ip.is_broadcast(remote.ip()) {
            return Err(SocketError::NetworkUnreachable);
        }
        self.now = now;
        self.begin_connection(endpoints, hop, options, now)
    }

    /// Listens for TCP connections; an unspecified address is all of the host's of that family,
    /// port 0 any free one. `READABLE` says that one can be accepted. Connections that stand or linger
    /// at the port do not matter, as with `SO_REUSEADDR`; other listeners do, unless all are to
    /// `reuse` it: then each peer is always heard by the same one.
    ///
    /// # Errors
    /// The address is taken or not the host's.
    pub fn listen(
        &mut self,
        local: SocketAddr,
        backlog: usize,
        options: SocketOptions,
        now: Nanos,
    ) -> Result<SocketId, SocketError> {
        self.now = now;
        let local = self.local_end(Protocol::Tcp, local, options.reuse)?;
        self.begin_listening(local, backlog, options)
    }

    /// Takes a connection that stands and waits.
    ///
    /// # Errors
    /// `WouldBlock` where none waits; it is no listener.
    pub fn accept(&mut self, listener: SocketId, now: Nanos) -> Result<SocketId, SocketError> {
        self.now = now;
        let place = self.place(listener)?;
        self.accept_waiting(place)
    }

    /// A UDP socket; with `remote`, one that hears only from there, and can `send`. Such a one fails
    /// (`FAILED`) with what ICMP says of its datagrams; one that talks to many is not told, as on Linux.
    /// One that is bound to an unspecified address hears broadcasts and groups too.
    ///
    /// # Errors
    /// The address is taken or not the host's; there is no route to `remote`.
    pub fn bind(
        &mut self,
        local: SocketAddr,
        remote: Option<SocketAddr>,
        options: SocketOptions,
        now: Nanos,
    ) -> Result<SocketId, SocketError> {
        self.now = now;
        let ends = self.datagram_ends(local, remote, options.reuse)?;
        self.open_datagrams(ends, options)
    }

    /// A socket for ICMP echo: `send_to` sends a request with that payload to the address (the port
    /// is the sequence number), `receive_from` gives replies (the port is the sequence number again).
    ///
    /// # Errors
    /// Too many sockets.
    pub fn echo(&mut self, options: SocketOptions, now: Nanos) -> Result<SocketId, SocketError> {
        self.now = now;
        let demux = &self.sockets.demux;
        let free = |identifier| demux.flow(&echo_flow(identifier)).is_none();
        let any = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        let identifier = self.sockets.ports.choose(any, None, free);
        let binding = echo_binding(identifier.ok_or(SocketError::TooMany)?);
        let kind = Kind::Echo(Box::new(Udp::new(binding, options)));
        let id = self
            .sockets
            .insert(kind, true)
            .ok_or(SocketError::TooMany)?;
        self.sockets.demux.bind(&binding, id.place);
        Ok(id)
    }

    /// Sends on a connected socket: as many bytes as there is room for, or one datagram.
    ///
    /// # Errors
    /// See [`SocketError`]; `WouldBlock` where there is no room.
    pub fn send(&mut self, id: SocketId, bytes: &[u8], now: Nanos) -> Result<usize, SocketError> {
        self.now = now;
        let place = self.place(id)?;
        if self.sockets.stream(place).is_some() {
            return self.send_bytes(place, bytes, now);
        }
        let udp = self.sockets.udp(place).ok_or(SocketError::NotConnected)?;
        let remote = udp.remote.ok_or(SocketError::NotConnected)?;
        self.send_to(id, bytes, remote, now)?;
        Ok(bytes.len())
    }

    /// Receives on a connected socket: bytes, or one datagram; 0 bytes is the end of a connection.
    ///
    /// # Errors
    /// See [`SocketError`]; `WouldBlock` where nothing is there.
    pub fn receive(
        &mut self,
        id: SocketId,
        into: &mut [u8],
        now: Nanos,
    ) -> Result<usize, SocketError> {
        let place = self.place(id)?;
        if self.sockets.stream(place).is_some() {
            return self.receive_bytes(place, into, now);
        }
        self.receive_from(id, into).map(|(len, _)| len)
    }

    /// How many bytes `receive` or `receive_from` would give now: for a datagram socket the length
    /// of the next one.
    #[must_use]
    pub fn readable(&self, id: SocketId) -> usize {
        let place = self.sockets.table.place(id);
        let socket = place.and_then(|place| self.sockets.table.get(place));
        match socket.map(|socket| &socket.kind) {
            Some(Kind::Stream(stream)) => stream.connection.readable(),
            Some(Kind::Udp(udp) | Kind::Echo(udp)) => {
                udp.incoming.front().map_or(0, |(len, _)| len)
            }
            Some(Kind::Listener(_)) | None => 0,
        }
    }

    /// Sends a datagram.
    ///
    /// # Errors
    /// See [`SocketError`].
    pub fn send_to(
        &mut self,
        id: SocketId,
        bytes: &[u8],
        remote: SocketAddr,
        now: Nanos,
    ) -> Result<(), SocketError> {
        self.now = now;
        let place = self.place(id)?;
        let room = usize::try_from(self.sockets.room()).unwrap_or(usize::MAX);
        let remote = SocketAddr::new(self_if_unspecified(remote.ip()), remote.port());
        let is_echo = self.kind(id).is_some_and(Kind::is_echo);
        let udp = self.sockets.udp(place).ok_or(SocketError::Invalid)?;
        let echo = udp.remote.is_none() && is_echo;
        let local = udp.local;
        let mismatch = !echo && local.is_ipv4() != remote.is_ipv4();
        let other = udp.remote.is_some_and(|peer| peer != remote);
        if mismatch || other || remote.port() == 0 && !echo {
            return Err(if other {
                SocketError::AlreadyConnected
            } else {
                SocketError::Invalid
            });
        }
        if bytes.len() > most(remote.ip()) {
            return Err(SocketError::MessageTooLong);
        }
        if !echo && !self.may_send(local.ip(), remote.ip()) {
            return Err(SocketError::Invalid);
        }
        self.ip.source_for(remote.ip())?;
        let udp = self.sockets.udp(place).ok_or(SocketError::Invalid)?;
        udp.send(bytes, remote, room).inspect_err(|_| {
            if bytes.len() > room {
                self.sockets.starve(place);
            }
        })?;
        self.sockets.charge(place);
        self.sockets.mark(place);
        Ok(())
    }

    /// Receives a datagram, cut to the length of `into`: how many bytes, and from whom.
    ///
    /// # Errors
    /// See [`SocketError`]; `WouldBlock` where nothing is there. An ICMP error about an earlier
    /// datagram comes once.
    pub fn receive_from(
        &mut self,
        id: SocketId,
        into: &mut [u8],
    ) -> Result<(usize, SocketAddr), SocketError> {
        let place = self.place(id)?;
        let udp = self.sockets.udp(place).ok_or(SocketError::Invalid)?;
        let received = udp.receive(into);
        self.sockets.charge(place);
        received
    }

    /// Finishes sending: the peer reads the end after what was sent before (`SHUT_WR`).
    ///
    /// # Errors
    /// It is not connected.
    pub fn shutdown(&mut self, id: SocketId, now: Nanos) -> Result<(), SocketError> {
        self.now = now;
        let place = self.place(id)?;
        let stream = self
            .sockets
            .stream(place)
            .ok_or(SocketError::NotConnected)?;
        stream.connection.shutdown(now);
        self.sockets.mark(place);
        Ok(())
    }

    /// Closes: what was sent before still goes out; the number is not valid any more.
    pub fn close(&mut self, id: SocketId, now: Nanos) {
        self.end_socket(id, false, now);
    }

    /// Closes with a reset.
    pub fn abort(&mut self, id: SocketId, now: Nanos) {
        self.end_socket(id, true, now);
    }

    /// Bytes of a connection that wait to be sent or acknowledged.
    #[must_use]
    pub fn unacknowledged(&self, id: SocketId) -> usize {
        match self.kind(id) {
            Some(Kind::Stream(stream)) => stream.connection.unacknowledged(),
            Some(Kind::Udp(udp) | Kind::Echo(udp)) => udp.outgoing.charge(),
            Some(Kind::Listener(_)) | None => 0,
        }
    }

    /// The oldest thing that ICMP said about what a datagram or echo socket sent, once.
    pub fn take_report(&mut self, id: SocketId) -> Option<Report> {
        let place = self.sockets.table.place(id)?;
        self.sockets.udp(place)?.reports.take()
    }

    /// What the socket failed with, once.
    pub fn take_error(&mut self, id: SocketId) -> Option<SocketError> {
        let place = self.sockets.table.place(id)?;
        if let Some(stream) = self.sockets.stream(place) {
            return stream.connection.take_error();
        }
        self.sockets.udp(place)?.take_error()
    }

    /// The socket's own address.
    #[must_use]
    pub fn local(&self, id: SocketId) -> Option<SocketAddr> {
        self.kind(id)
            .filter(|kind| !kind.is_echo())
            .map(Kind::local)
    }

    /// The peer's address, where the socket is connected.
    #[must_use]
    pub fn remote(&self, id: SocketId) -> Option<SocketAddr> {
        self.kind(id)?.remote()
    }

    /// The socket's options.
    #[must_use]
    pub fn socket_options(&self, id: SocketId) -> Option<SocketOptions> {
        Some(self.kind(id)?.options().clone())
    }

    /// Changes the socket's options.
    ///
    /// # Errors
    /// It is no socket.
    pub fn set_socket_options(
        &mut self,
        id: SocketId,
        options: SocketOptions,
        now: Nanos,
    ) -> Result<(), SocketError> {
        self.now = now;
        let place = self.place(id)?;
        let socket = self
            .sockets
            .table
            .get_mut(place)
            .ok_or(SocketError::NotASocket)?;
        // Who shares an address was settled when it was bound.
        let reuse = socket.kind.options().reuse;
        let options = SocketOptions { reuse, ..options };
        match &mut socket.kind {
            Kind::Stream(stream) => {
                stream.connection.set_options(&options, now);
                stream.options = options;
                self.sockets.mark(place);
            }
            Kind::Listener(listening) => listening.set_options(options),
            Kind::Udp(udp) | Kind::Echo(udp) => udp.options = options,
        }
        Ok(())
    }

    /// What a connection is doing.
    #[must_use]
    pub fn info(&self, id: SocketId, now: Nanos) -> Option<Info> {
        match self.kind(id)? {
            Kind::Stream(stream) => Some(stream.connection.info(now)),
            _ => None,
        }
    }
}
