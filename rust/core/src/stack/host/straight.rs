//! Bytes of a connection straight out of its ring and into it, for whoever would copy them otherwise.
use super::Host;
use crate::stack::error::SocketError;
use crate::stack::event::SocketId;
use crate::time::Nanos;

impl Host {
    /// Lends what can be read, in at most two pieces; `take` says how many bytes it took, from the
    /// front. How many; nothing at the end of what the peer sent.
    ///
    /// # Errors
    /// See [`SocketError`]; `WouldBlock` where nothing is there, and an event tells when something is.
    pub fn receive_with(
        &mut self,
        id: SocketId,
        now: Nanos,
        take: impl FnOnce(&[u8], &[u8]) -> usize,
    ) -> Result<Option<usize>, SocketError> {
        self.now = now;
        let place = self.place(id)?;
        let stream = self.sockets.stream(place);
        let stream = stream.ok_or(SocketError::NotConnected)?;
        let taken = stream.connection.receive_with(now, take);
        // What was read makes room, of which the peer may have to be told.
        if taken.is_ok() {
            self.sockets.mark(place);
        }
        taken
    }

    /// Lends room for bytes to send, at most so much, in at most two pieces; `fill` says how many
    /// bytes it wrote, from the front. How many. What the room holds before is of no meaning.
    ///
    /// # Errors
    /// See [`SocketError`]; `WouldBlock` where there is no room. An event tells when there is, also
    /// where there was less than asked for and all of it was used.
    pub fn send_with(
        &mut self,
        id: SocketId,
        room: usize,
        now: Nanos,
        fill: impl FnOnce(&mut [u8], &mut [u8]) -> usize,
    ) -> Result<usize, SocketError> {
        self.now = now;
        let place = self.place(id)?;
        let free = usize::try_from(self.sockets.room()).unwrap_or(usize::MAX);
        if free < room {
            self.sockets.starve(place);
        }
        if free == 0 {
            return Err(SocketError::WouldBlock);
        }
        let stream = self.sockets.stream(place);
        let stream = stream.ok_or(SocketError::NotConnected)?;
        let sent = stream.connection.send_with(room.min(free), now, fill);
        self.sockets.charge(place);
        self.sockets.mark(place);
        sent
    }
}
