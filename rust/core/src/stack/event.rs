//! Sockets by number, and the events that say what became possible with them.

/// A socket of one host: its place in the table, and how often that place was used before.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SocketId {
    /// The place.
    pub place: u32,
    /// How often the place was used before.
    pub generation: u32,
}

impl SocketId {
    /// No socket, but the app itself.
    pub const APP: Self = Self {
        place: (1 << 24) - 1,
        generation: (1 << 16) - 1,
    };

    /// Both in one number.
    #[must_use]
    pub const fn number(self) -> u64 {
        (self.generation as u64) << 32 | self.place as u64
    }

    /// From that number.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self {
            place: number as u32,
            generation: (number >> 32) as u32,
        }
    }
}

/// What became possible with a socket: flags that are joined by `|`.
///
/// An event is edge-triggered: it is told once when the condition comes about, and again only
/// after whoever uses the socket has met its end: [`super::SocketError::WouldBlock`], a send that took
/// less than it was given, or, of a connection, a receive that gave less than there was room for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Readiness(pub u8);

impl Readiness {
    /// Bytes, a datagram or a connection to accept are there.
    pub const READABLE: Self = Self(1);
    /// There is room to send again (at least half of the buffer).
    pub const WRITABLE: Self = Self(2);
    /// The connection stands.
    pub const CONNECTED: Self = Self(4);
    /// The peer has finished sending; what came before it can still be read.
    pub const FINISHED: Self = Self(8);
    /// The socket has failed: [`super::Host::take_error`] says with what.
    pub const FAILED: Self = Self(16);
    /// Everything sent was acknowledged, the end of sending too.
    pub const FLUSHED: Self = Self(32);
    /// It is over with a connection that was [set aside](super::Host::set_aside).
    pub const OVER: Self = Self(128);

    /// Both together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all flags of the other are set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}
