//! What the program is told: edges, once each.
use super::Connection;
use crate::stack::error::SocketError;
use crate::stack::event::Readiness;

/// What was told, and what is to be told.
#[derive(Debug, Default)]
pub(super) struct Signals {
    pending: Readiness,
    /// It knows that there is something to read, and has not met the end of it.
    readable_told: bool,
    /// It could not send all it wanted.
    blocked: bool,
    /// The failure was told by an event, and not taken yet.
    pub(super) error: Option<SocketError>,
}

impl Signals {
    /// Tells something.
    pub(super) fn raise(&mut self, what: Readiness) {
        self.pending = self.pending.with(what);
    }

    /// There is something to read.
    pub(super) fn readable(&mut self) {
        if !self.readable_told {
            self.readable_told = true;
            self.raise(Readiness::READABLE);
        }
    }

    /// The reader has met the end of what was there.
    pub(super) fn drained(&mut self) {
        self.readable_told = false;
    }

    /// The writer was refused, for now.
    pub(super) fn blocked(&mut self) {
        self.blocked = true;
    }

    /// Whether the writer was refused, and does not know of room yet.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// There is room again.
    pub(super) fn writable(&mut self) {
        if std::mem::take(&mut self.blocked) {
            self.raise(Readiness::WRITABLE);
        }
    }
}

impl Connection {
    /// Takes the events since the last call.
    pub fn events(&mut self) -> Readiness {
        std::mem::take(&mut self.signals.pending)
    }

    /// Why the connection failed, once.
    pub fn take_error(&mut self) -> Option<SocketError> {
        self.signals.error.take()
    }
}
