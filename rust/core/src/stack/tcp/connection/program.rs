//! The calls of the program that uses a connection (RFC 9293 §3.9.1).
use super::{Connection, State};
use crate::stack::error::SocketError;
use crate::stack::options::SocketOptions;
use crate::time::Nanos;

/// So many bytes may wait to be sent at the beginning: twice the largest super-packet.
pub(super) const FIRST_SEND_LIMIT: u64 = 128 << 10;

impl Connection {
    /// Takes bytes to send, as many as there is room for.
    ///
    /// # Errors
    /// The connection is gone, or finished on this side; `WouldBlock` where there is no room.
    pub fn send(&mut self, bytes: &[u8], now: Nanos) -> Result<usize, SocketError> {
        self.check_open()?;
        let room = self.send_limit.saturating_sub(self.outbox.len());
        let taken = bytes.get(..room as usize).unwrap_or(bytes);
        if taken.len() < bytes.len() {
            self.signals.blocked();
        }
        if taken.is_empty() && !bytes.is_empty() {
            return Err(SocketError::WouldBlock);
        }
        self.queue(taken, now);
        Ok(taken.len())
    }

    fn queue(&mut self, bytes: &[u8], now: Nanos) {
        self.before_queueing(now);
        self.outbox.write(self.outbox.end(), bytes);
    }

    fn before_queueing(&mut self, now: Nanos) {
        if self.outbox.len() == 0 && self.state.may_send() && self.una() == self.next() {
            self.sender.on_idle_restart(now);
        }
        self.last_active = now;
    }

    /// Lends room for bytes to send, at most so much: how many of it `fill` says that it wrote.
    ///
    /// # Errors
    /// The connection is gone, or finished on this side; `WouldBlock` where there is no room.
    pub fn send_with(
        &mut self,
        room: usize,
        now: Nanos,
        fill: impl FnOnce(&mut [u8], &mut [u8]) -> usize,
    ) -> Result<usize, SocketError> {
        self.check_open()?;
        let free = self.send_limit.saturating_sub(self.outbox.len());
        let lent = free.min(room as u64);
        if lent == 0 && room > 0 {
            self.signals.blocked();
            return Err(SocketError::WouldBlock);
        }
        self.before_queueing(now);
        let written = self.outbox.append_with(lent, fill);
        if lent < room as u64 && written == lent {
            self.signals.blocked();
        }
        Ok(written as usize)
    }

    /// Whether it is on its way: it neither stands yet nor has failed.
    #[must_use]
    pub fn is_connecting(&self) -> bool {
        matches!(self.state, State::SynSent | State::SynReceived)
    }

    /// What it has failed with, if it has.
    #[must_use]
    pub fn failure(&self) -> Option<SocketError> {
        self.failure
    }

    /// Whether bytes can still be sent.
    fn check_open(&self) -> Result<(), SocketError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if self.shut || self.closed || self.state == State::Closed {
            return Err(SocketError::BrokenPipe);
        }
        Ok(())
    }

    /// Whether at least a quarter of the buffer is free. Behind a lost segment a round trip's worth of
    /// bytes waits to be acknowledged, and as much has to be there to go on with: a program that is only
    /// asked for more when half is free may leave the connection without.
    pub(super) fn has_room(&self) -> bool {
        self.outbox.len() <= self.send_limit / 4 * 3
    }

    /// The buffer grows with the window: what is under way, as much waiting behind it, and as much
    /// that has arrived behind a hole.
    pub(super) fn grow_outbox(&mut self) {
        let most = u64::from(self.options.send_buffer);
        if self.send_limit < most && !self.held && self.signals.is_blocked() {
            let wanted = 3 * self.sender.statistics().cwnd;
            self.send_limit = self.send_limit.max(wanted.min(most));
        }
    }

    /// Says whether memory is short: then its buffers do not grow.
    pub fn hold(&mut self, held: bool) {
        self.held = held;
        self.window.hold(held);
    }

    /// Gives bytes that came; 0 at the end of what the peer sent.
    ///
    /// # Errors
    /// The connection is gone; `WouldBlock` where nothing is there yet.
    pub fn receive(&mut self, into: &mut [u8], now: Nanos) -> Result<usize, SocketError> {
        let count = self.inbox.read(into);
        if self.inbox.readable() == 0 {
            self.signals.drained();
        }
        if count > 0 {
            self.on_read(now);
            return Ok(count);
        }
        if into.is_empty() {
            return Ok(0);
        }
        self.nothing_to_read().map(|()| 0)
    }

    /// Lends what can be read: how many of it `take` says that it took; nothing at the end of what
    /// the peer sent.
    ///
    /// # Errors
    /// The connection is gone; `WouldBlock` where nothing is there yet.
    pub fn receive_with(
        &mut self,
        now: Nanos,
        take: impl FnOnce(&[u8], &[u8]) -> usize,
    ) -> Result<Option<usize>, SocketError> {
        if self.inbox.readable() == 0 {
            self.signals.drained();
            return self.nothing_to_read().map(|()| None);
        }
        let taken = self.inbox.read_with(take);
        if self.inbox.readable() == 0 {
            self.signals.drained();
        }
        if taken > 0 {
            self.on_read(now);
        }
        Ok(Some(taken))
    }

    /// Why there is nothing to read: no error at the end of what the peer sent.
    fn nothing_to_read(&self) -> Result<(), SocketError> {
        if self.inbox.is_finished() {
            return Ok(());
        }
        match (self.failure, self.state) {
            (Some(failure), _) => Err(failure),
            (None, State::Closed) => Err(SocketError::NotConnected),
            _ => Err(SocketError::WouldBlock),
        }
    }

    fn on_read(&mut self, now: Nanos) {
        let (next, read) = (self.inbox.next(), self.inbox.read_from());
        self.window.on_read(read, now);
        let full = self.mss().into();
        if self.state.may_receive() && self.window.is_update_due(next, read, full) {
            self.acks.now();
        }
        self.last_active = now;
        if self.inbox.readable() == 0 {
            self.rest_soon(now);
        }
    }

    /// How many bytes can be read at once.
    #[must_use]
    pub fn readable(&self) -> usize {
        self.inbox.readable() as usize
    }

    /// How many bytes wait to be sent or acknowledged.
    #[must_use]
    pub fn unacknowledged(&self) -> usize {
        self.outbox.len() as usize
    }

    /// Changes the options while it runs. The congestion control, pacing and ECN stay as they were
    /// when it began.
    pub fn set_options(&mut self, options: &SocketOptions, now: Nanos) {
        self.options = options.clone();
        self.acks.set_delay(options.delayed_ack);
        self.window.set_most(options.receive_buffer);
        self.send_limit = self.send_limit.clamp(1, options.send_buffer.max(1).into());
        if self.state.is_synchronized() && self.state != State::TimeWait {
            self.expect_life(now);
        }
    }
}
