//! The timers of a connection: a moment for each, in an array.
use crate::time::Nanos;

/// What a connection waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Timer {
    /// SYN or SYN-ACK again.
    Handshake,
    /// The delayed acknowledgement (RFC 9293 §3.8.6.3).
    Acknowledge,
    /// A window probe (RFC 9293 §3.8.6.1).
    Persist,
    /// A keepalive probe (RFC 9293 §3.8.4).
    Keepalive,
    /// The end of TIME-WAIT, or of FIN-WAIT-2 after the program has closed.
    Linger,
    /// The peer has been silent for too long (RFC 9293 §3.8.3, RFC 5482).
    GiveUp,
    /// Larger packets may be tried again (RFC 4821).
    Search,
    /// Nothing has happened for a while: memory goes back.
    Rest,
}

impl Timer {
    const ALL: [Self; 8] = [
        Self::Handshake,
        Self::Acknowledge,
        Self::Persist,
        Self::Keepalive,
        Self::Linger,
        Self::GiveUp,
        Self::Search,
        Self::Rest,
    ];
}

const NEVER: Nanos = Nanos::MAX;

/// When each timer goes off.
#[derive(Debug)]
pub(crate) struct Timers([Nanos; Timer::ALL.len()]);

impl Default for Timers {
    fn default() -> Self {
        Self([NEVER; Timer::ALL.len()])
    }
}

impl Timers {
    /// Sets a timer, also one that is set already.
    pub(crate) fn set(&mut self, timer: Timer, at: Nanos) {
        self.0[timer as usize] = at;
    }

    /// Sets a timer that is not set.
    pub(crate) fn arm(&mut self, timer: Timer, at: Nanos) {
        if !self.is_set(timer) {
            self.set(timer, at);
        }
    }

    pub(crate) fn clear(&mut self, timer: Timer) {
        self.set(timer, NEVER);
    }

    pub(crate) fn is_set(&self, timer: Timer) -> bool {
        self.0[timer as usize] != NEVER
    }

    pub(crate) fn clear_all(&mut self) {
        *self = Self::default();
    }

    /// The first to go off.
    pub(crate) fn next(&self) -> Option<Nanos> {
        self.0.into_iter().min().filter(|&at| at != NEVER)
    }

    /// Takes one that is due, in the order of the list above.
    pub(crate) fn take_due(&mut self, now: Nanos) -> Option<Timer> {
        let due = Timer::ALL
            .into_iter()
            .find(|&timer| self.0[timer as usize] <= now)?;
        self.clear(due);
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_timers_are_taken_once() {
        let mut timers = Timers::default();
        assert_eq!(timers.next(), None);
        timers.set(Timer::Persist, 7);
        timers.set(Timer::Keepalive, 5);
        timers.arm(Timer::Keepalive, 1);
        assert_eq!(timers.next(), Some(5));
        assert_eq!(timers.take_due(4), None);
        assert_eq!(timers.take_due(9), Some(Timer::Persist));
        assert_eq!(timers.take_due(9), Some(Timer::Keepalive));
        assert_eq!((timers.take_due(9), timers.next()), (None, None));
    }
}
