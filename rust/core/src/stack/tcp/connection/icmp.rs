//! What ICMP says of a connection's packets, and how far it is believed (RFC 5927).
use super::{Connection, State};
use crate::stack::error::SocketError;
use crate::time::Nanos;

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

impl Connection {
    /// An ICMP message about a packet of this connection has come.
    pub fn on_icmp(&mut self, message: IcmpError, now: Nanos) {
        // Only who sees the packets knows what is under way (RFC 5927 §4.1).
        let under_way = self.origin.offset(message.seq, self.una());
        if !under_way.is_some_and(|at| self.una() <= at && at < self.next()) {
            return;
        }
        match (message.error, self.state) {
            (SocketError::MessageTooLong, _) => self.on_too_big(message.mtu, now),
            (error, State::SynSent) => self.fail(error, now),
            // A connection that stands is not given up for it (RFC 5927 §5.2).
            (error, _) => self.soft_error = Some(error),
        }
    }
}
