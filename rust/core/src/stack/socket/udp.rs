//! UDP sockets (RFC 768), and what they share with ICMP echo: datagrams in, datagrams out.
use super::datagrams::Datagrams;
use super::demux::{Binding, Protocol};
use super::report::Reports;
use crate::stack::event::Readiness;
use crate::stack::{SocketError, SocketOptions};
use std::net::SocketAddr;

/// Bytes of a UDP header.
pub(crate) const HEADER: usize = 8;

/// A socket of datagrams.
pub(crate) struct Udp {
    pub(crate) local: SocketAddr,
    pub(crate) remote: Option<SocketAddr>,
    pub(crate) options: SocketOptions,
    pub(crate) incoming: Datagrams,
    pub(crate) outgoing: Datagrams,
    /// What ICMP said of what was sent.
    pub(crate) reports: Reports,
    /// What it is bound to; nothing once it is closed.
    pub(crate) binding: Option<Binding>,
    error: Option<SocketError>,
    /// Whether the next datagram, or room, is worth an event.
    wants_datagram: bool,
    wants_room: bool,
}

impl Udp {
    pub(crate) fn new(binding: Binding, options: SocketOptions) -> Self {
        let (local, remote) = (binding.local, binding.remote);
        Self {
            local,
            remote: remote.filter(|_| binding.protocol == Protocol::Udp),
            options,
            incoming: Datagrams::default(),
            outgoing: Datagrams::default(),
            reports: Reports::default(),
            binding: Some(binding),
            error: None,
            wants_datagram: true,
            wants_room: false,
        }
    }

    /// What its queues hold, in bytes.
    pub(crate) fn charge(&self) -> usize {
        self.incoming.charge() + self.outgoing.charge()
    }

    /// Takes a datagram to send.
    ///
    /// # Errors
    /// An ICMP message about an earlier one, once; no room.
    pub(crate) fn send(
        &mut self,
        bytes: &[u8],
        remote: SocketAddr,
        room: usize,
    ) -> Result<(), SocketError> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let limit = self.options.send_buffer as usize;
        if !self.outgoing.has_room(bytes.len(), limit) || bytes.len() > room {
            self.wants_room = true;
            return Err(SocketError::WouldBlock);
        }
        self.outgoing.push(remote, bytes);
        Ok(())
    }

    /// Gives the oldest datagram.
    ///
    /// # Errors
    /// An ICMP message about an earlier one, once; nothing there.
    pub(crate) fn receive(&mut self, into: &mut [u8]) -> Result<(usize, SocketAddr), SocketError> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let popped = self.incoming.pop(into);
        self.wants_datagram |= popped.is_none();
        popped.ok_or(SocketError::WouldBlock)
    }

    /// A datagram has come: what that makes possible, or nothing where there is no room for it.
    pub(crate) fn deliver(&mut self, remote: SocketAddr, bytes: &[u8]) -> Option<Readiness> {
        let limit = self.options.receive_buffer as usize;
        if !self.incoming.has_room(bytes.len(), limit) {
            return None;
        }
        self.incoming.push(remote, bytes);
        let news = std::mem::take(&mut self.wants_datagram);
        Some(if news {
            Readiness::READABLE
        } else {
            Readiness::default()
        })
    }

    /// Something was sent: whether there is room again for who wanted some.
    pub(crate) fn sent(&mut self) -> Readiness {
        let half = self.options.send_buffer as usize / 2;
        if self.wants_room && self.outgoing.charge() <= half {
            self.wants_room = false;
            return Readiness::WRITABLE;
        }
        Readiness::default()
    }

    /// An ICMP message has come about a datagram of this socket.
    pub(crate) fn fail(&mut self, error: SocketError) -> Readiness {
        self.error = Some(error);
        Readiness::FAILED
    }

    pub(crate) fn take_error(&mut self) -> Option<SocketError> {
        self.error.take()
    }
}
