//! Host: an app with a TCP/IP stack. Ports: each interface of the host is an input and an output.
use super::error::SocketError;
use super::event::{Readiness, SocketId};
use super::options::SocketOptions;
use super::tcp::Info;
use crate::app::{App, AppError, Context, Direction, Ports};
use crate::time::Nanos;
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};

/// A host: interfaces, routes, and sockets.
pub struct Host {}

impl Host {
    /// A host of this name with this config, whose randomness follows from `seed`.
    ///
    /// # Errors
    /// The config is impossible.
    pub fn new(name: &str, seed: u64, config: &Value, now: Nanos) -> Result<Self, AppError> {
        let _ = (name, seed, config, now);
        Ok(Self {})
    }

    /// The options that its sockets start with.
    #[must_use]
    pub fn options(&self) -> SocketOptions {
        SocketOptions::default()
    }

    /// Begins a TCP connection. `CONNECTED` or `FAILED` follows as an event.
    ///
    /// # Errors
    /// There is no route, no free port, or the local address is taken or not the host's.
    pub fn connect(
        &mut self,
        remote: SocketAddr,
        local: Option<SocketAddr>,
        options: SocketOptions,
        now: Nanos,
    ) -> Result<SocketId, SocketError> {
        let _ = (remote, local, options, now);
        Err(SocketError::NetworkUnreachable)
    }

    /// Listens for TCP connections; an unspecified address is all of the host's of that family,
    /// port 0 any free one. `READABLE` says that one can be accepted.
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
        let _ = (local, backlog, options, now);
        Err(SocketError::AddressNotAvailable)
    }

    /// Takes a connection that stands and waits.
    ///
    /// # Errors
    /// `WouldBlock` where none waits; it is no listener.
    pub fn accept(&mut self, listener: SocketId, now: Nanos) -> Result<SocketId, SocketError> {
        let _ = (listener, now);
        Err(SocketError::NotASocket)
    }

    /// A UDP socket; with `remote`, one that hears only from there, and can `send`.
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
        let _ = (local, remote, options, now);
        Err(SocketError::AddressNotAvailable)
    }

    /// A socket for ICMP echo: `send_to` sends a request with that payload to the address (the port
    /// is the sequence number), `receive_from` gives replies (the port is the sequence number again).
    ///
    /// # Errors
    /// Too many sockets.
    pub fn echo(&mut self, options: SocketOptions, now: Nanos) -> Result<SocketId, SocketError> {
        let _ = (options, now);
        Err(SocketError::TooMany)
    }

    /// Sends on a connected socket: as many bytes as there is room for, or one datagram.
    ///
    /// # Errors
    /// See [`SocketError`]; `WouldBlock` where there is no room.
    pub fn send(&mut self, id: SocketId, bytes: &[u8], now: Nanos) -> Result<usize, SocketError> {
        let _ = (id, bytes, now);
        Err(SocketError::NotASocket)
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
        let _ = (id, into, now);
        Err(SocketError::NotASocket)
    }

    /// How many bytes `receive` or `receive_from` would give now: for a datagram socket the length
    /// of the next one.
    #[must_use]
    pub fn readable(&self, id: SocketId) -> usize {
        let _ = id;
        0
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
        let _ = (id, bytes, remote, now);
        Err(SocketError::NotASocket)
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
        let _ = (id, into);
        Err(SocketError::NotASocket)
    }

    /// Finishes sending: the peer reads the end after what was sent before (`SHUT_WR`).
    ///
    /// # Errors
    /// It is not connected.
    pub fn shutdown(&mut self, id: SocketId, now: Nanos) -> Result<(), SocketError> {
        let _ = (id, now);
        Err(SocketError::NotASocket)
    }

    /// Closes: what was sent before still goes out; the number is not valid any more.
    pub fn close(&mut self, id: SocketId, now: Nanos) {
        let _ = (id, now);
    }

    /// Closes with a reset.
    pub fn abort(&mut self, id: SocketId, now: Nanos) {
        let _ = (id, now);
    }

    /// Bytes of a connection that wait to be sent or acknowledged.
    #[must_use]
    pub fn unacknowledged(&self, id: SocketId) -> usize {
        let _ = id;
        0
    }

    /// What the socket failed with, once.
    pub fn take_error(&mut self, id: SocketId) -> Option<SocketError> {
        let _ = id;
        None
    }

    /// The socket's own address.
    #[must_use]
    pub fn local(&self, id: SocketId) -> Option<SocketAddr> {
        let _ = id;
        None
    }

    /// The peer's address, where the socket is connected.
    #[must_use]
    pub fn remote(&self, id: SocketId) -> Option<SocketAddr> {
        let _ = id;
        None
    }

    /// The socket's options.
    #[must_use]
    pub fn socket_options(&self, id: SocketId) -> Option<SocketOptions> {
        let _ = id;
        None
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
        let _ = (id, options, now);
        Err(SocketError::NotASocket)
    }

    /// What a connection is doing.
    #[must_use]
    pub fn info(&self, id: SocketId, now: Nanos) -> Option<Info> {
        let _ = (id, now);
        None
    }

    /// The local address that packets to `remote` would leave from.
    ///
    /// # Errors
    /// There is no route.
    pub fn source_for(&self, remote: IpAddr) -> Result<IpAddr, SocketError> {
        let _ = remote;
        Err(SocketError::NetworkUnreachable)
    }

    /// Whether events wait to be taken.
    #[must_use]
    pub fn has_events(&self) -> bool {
        false
    }

    /// Takes the events since the last call, in the order in which they came about; one entry for
    /// each socket.
    pub fn take_events(&mut self, into: &mut Vec<(SocketId, Readiness)>) {
        let _ = into;
    }
}

impl App for Host {
    fn kind(&self) -> &'static str {
        "host"
    }

    fn has_port(&self, direction: Direction, port: &str) -> bool {
        let _ = (direction, port);
        false
    }

    fn linked(&mut self, _ports: &Ports) {}

    fn pull(&mut self, _context: &mut Context<'_>) -> bool {
        false
    }

    fn push(&mut self, _context: &mut Context<'_>) {}

    fn host(&mut self) -> Option<&mut Host> {
        Some(self)
    }
}
