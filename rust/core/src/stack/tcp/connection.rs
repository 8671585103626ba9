//! A connection.
use super::segment::Segment;
use crate::stack::error::SocketError;
use crate::stack::event::Readiness;
use crate::stack::options::SocketOptions;
use crate::time::Nanos;
use serde::Serialize;
use std::net::SocketAddr;

/// Both ends of a connection.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Endpoints {
    /// This side.
    pub local: SocketAddr,
    /// The other side.
    pub remote: SocketAddr,
}

/// What an ICMP message said of a packet of this connection (RFC 5927 says how far to believe it).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IcmpError {
    /// What it means for a socket. `MessageTooLong` is a path MTU.
    pub error: SocketError,
    /// The sequence number in the packet that it quotes.
    pub seq: u32,
    /// The next hop's MTU, where the message has one.
    pub mtu: Option<u32>,
}

/// What a connection is doing, in numbers; times in nanoseconds, the rest in bytes or as named.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Info {
    /// The state's name in RFC 9293, in lower case.
    pub state: &'static str,
    /// Smoothed round-trip time.
    pub srtt: Nanos,
}

/// A segment ready to leave.
#[derive(Debug)]
pub struct Outgoing<'a> {
    /// Payload bytes of each packet, if it is to be cut into several on the wire; 0 if it is one.
    pub segment_size: u16,
    /// The IP header's ECN bits.
    pub ecn: u8,
    /// The IP header's hop limit.
    pub hop_limit: u8,
    _bytes: &'a [u8],
}

impl Outgoing<'_> {
    /// TCP header and payload together.
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        0
    }

    /// The TCP header alone.
    #[must_use]
    pub fn header_len(&self) -> usize {
        0
    }

    /// Writes header and payload, with the pseudo-header's sum as checksum (to be completed by
    /// whoever cuts or sends it).
    pub fn emit(&self, into: &mut [u8], pseudo_sum: u16) {
        let _ = (into, pseudo_sum);
    }
}

/// A TCP connection.
pub struct Connection {}

impl Connection {
    /// Begins to connect: `isn` is the initial sequence number, `path_mtu` the largest IP packet.
    #[must_use]
    pub fn connect(
        endpoints: Endpoints,
        options: &SocketOptions,
        isn: u32,
        path_mtu: u32,
        now: Nanos,
    ) -> Self {
        let _ = (endpoints, options, isn, path_mtu, now);
        Self {}
    }

    /// A segment of this connection has come.
    pub fn on_segment(&mut self, segment: &Segment<'_>, now: Nanos) {
        let _ = (segment, now);
    }

    /// An ICMP message about a packet of this connection has come.
    pub fn on_icmp(&mut self, message: IcmpError, now: Nanos) {
        let _ = (message, now);
    }

    /// The path's MTU is known to be this (a route changed, or another connection learnt it).
    pub fn set_path_mtu(&mut self, mtu: u32, now: Nanos) {
        let _ = (mtu, now);
    }

    /// Does what is due.
    pub fn on_timer(&mut self, now: Nanos) {
        let _ = now;
    }

    /// When `on_timer` (or `transmit`, where pacing holds a segment back) has to be called at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Nanos> {
        None
    }

    /// The next segment to send, of at most `room` bytes of payload; call until it gives nothing.
    pub fn transmit(&mut self, room: usize, now: Nanos) -> Option<Outgoing<'_>> {
        let _ = (room, now);
        None
    }

    /// Takes the events since the last call.
    pub fn events(&mut self) -> Readiness {
        Readiness::default()
    }

    /// Takes bytes to send, as many as there is room for.
    ///
    /// # Errors
    /// The connection is gone, or finished on this side; `WouldBlock` where there is no room.
    pub fn send(&mut self, bytes: &[u8], now: Nanos) -> Result<usize, SocketError> {
        let _ = (bytes, now);
        Err(SocketError::NotConnected)
    }

    /// Gives bytes that came; 0 at the end of what the peer sent.
    ///
    /// # Errors
    /// The connection is gone; `WouldBlock` where nothing is there yet.
    pub fn receive(&mut self, into: &mut [u8], now: Nanos) -> Result<usize, SocketError> {
        let _ = (into, now);
        Err(SocketError::NotConnected)
    }

    /// How many bytes can be read at once.
    #[must_use]
    pub fn readable(&self) -> usize {
        0
    }

    /// How many bytes wait to be sent or acknowledged.
    #[must_use]
    pub fn unacknowledged(&self) -> usize {
        0
    }

    /// Finishes sending: FIN behind what waits.
    pub fn shutdown(&mut self, now: Nanos) {
        let _ = now;
    }

    /// Nobody reads or writes any more: sends what waits and FIN, and ends by itself. A reset where
    /// bytes were left unread (RFC 2525 §2.17), or come later.
    pub fn close(&mut self, now: Nanos) {
        let _ = now;
    }

    /// Ends with a reset.
    pub fn abort(&mut self, now: Nanos) {
        let _ = now;
    }

    /// Why the connection failed, once.
    pub fn take_error(&mut self) -> Option<SocketError> {
        None
    }

    /// Whether nothing of it is left: its place in the table can be freed once the program has
    /// closed it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        true
    }

    /// Whether it lingers in TIME-WAIT, so that a new SYN may take its place (RFC 6191).
    #[must_use]
    pub fn is_time_wait(&self) -> bool {
        false
    }

    /// Both ends.
    #[must_use]
    pub fn endpoints(&self) -> Endpoints {
        let any = SocketAddr::from(([0, 0, 0, 0], 0));
        Endpoints {
            local: any,
            remote: any,
        }
    }

    /// The options, to change while it runs; `options_changed` makes them felt.
    pub fn set_options(&mut self, options: &SocketOptions, now: Nanos) {
        let _ = (options, now);
    }

    /// What it is doing.
    #[must_use]
    pub fn info(&self, now: Nanos) -> Info {
        let _ = now;
        Info::default()
    }
}
