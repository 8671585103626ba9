//! What a socket can answer instead of doing what it was asked: the errors of socket(7), by name.
use std::fmt;

/// Why a socket did not do what it was asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SocketError {
    /// Another socket has this address and port.
    AddressInUse,
    /// No interface of the host has this address, or no port is free.
    AddressNotAvailable,
    /// The socket is connected already.
    AlreadyConnected,
    /// The peer is gone, or this side has finished sending.
    BrokenPipe,
    /// The connection was given up on this side.
    ConnectionAborted,
    /// The peer answered with a reset, or an ICMP message said that nobody listens.
    ConnectionRefused,
    /// The peer reset the connection.
    ConnectionReset,
    /// The peer's network answered that it cannot be reached (ICMP).
    HostUnreachable,
    /// The argument makes no sense for such a socket.
    Invalid,
    /// The datagram is larger than any packet, or than the path takes and may not be cut.
    MessageTooLong,
    /// There is no route.
    NetworkUnreachable,
    /// The socket is not connected.
    NotConnected,
    /// The socket is closed, or never was.
    NotASocket,
    /// ICMP said that the protocol is not spoken there.
    ProtocolNotAvailable,
    /// The peer did not answer in time.
    TimedOut,
    /// Too many sockets, or the host's memory for them is used up.
    TooMany,
    /// Nothing can be done right now; an event says when it can.
    WouldBlock,
}

impl SocketError {
    /// The number Linux has for it (errno(3)).
    #[must_use]
    pub const fn errno(self) -> i32 {
        match self {
            Self::AddressInUse => 98,
            Self::AddressNotAvailable => 99,
            Self::AlreadyConnected => 106,
            Self::BrokenPipe => 32,
            Self::ConnectionAborted => 103,
            Self::ConnectionRefused => 111,
            Self::ConnectionReset => 104,
            Self::HostUnreachable => 113,
            Self::Invalid => 22,
            Self::MessageTooLong => 90,
            Self::NetworkUnreachable => 101,
            Self::NotConnected => 107,
            Self::NotASocket => 9,
            Self::ProtocolNotAvailable => 92,
            Self::TimedOut => 110,
            Self::TooMany => 105,
            Self::WouldBlock => 11,
        }
    }
}

impl fmt::Display for SocketError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::AddressInUse => "address already in use",
            Self::AddressNotAvailable => {
                "no interface of this host has that address, or no port is free"
            }
            Self::AlreadyConnected => "already connected",
            Self::BrokenPipe => "broken pipe",
            Self::ConnectionAborted => "connection aborted",
            Self::ConnectionRefused => "connection refused",
            Self::ConnectionReset => "connection reset by peer",
            Self::HostUnreachable => "no route to host",
            Self::Invalid => "invalid argument",
            Self::MessageTooLong => "message too long",
            Self::NetworkUnreachable => "network is unreachable: this host has no route there",
            Self::NotConnected => "not connected",
            Self::NotASocket => "socket is closed",
            Self::ProtocolNotAvailable => "protocol not available",
            Self::TimedOut => "connection timed out",
            Self::TooMany => "no room for another socket",
            Self::WouldBlock => "operation would block",
        })
    }
}

impl std::error::Error for SocketError {}
