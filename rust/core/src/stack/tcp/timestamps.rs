//! The timestamps option: round trips, and protection against wrapped sequences (RFC 7323).
use super::connection::Endpoints;
use super::seq::before;
use crate::time::{MILLISECOND, Nanos, SECOND};
use siphasher::sip::SipHasher13;
use std::hash::{Hash, Hasher};

/// A millisecond a tick, as Linux has it; RFC 7323 §5.4 allows 1 ms to 1 s.
const TICK: Nanos = MILLISECOND;
/// After so long `TS.Recent` says nothing any more (RFC 7323 §5.5).
const OUTDATED: Nanos = 24 * 24 * 3600 * SECOND;

/// What one connection keeps of timestamps.
#[derive(Debug)]
pub(crate) struct Timestamps {
    /// Both sides have sent the option with their SYN.
    pub(crate) on: bool,
    offset: u32,
    recent: u32,
    recent_at: Nanos,
}

impl Timestamps {
    /// Its clock starts somewhere else for each pair of endpoints (RFC 7323 §7.1), and goes on from
    /// one connection of a pair to the next, which the reuse of TIME-WAIT needs (RFC 6191).
    pub(crate) fn new(endpoints: &Endpoints) -> Self {
        let mut hasher = SipHasher13::new();
        endpoints.hash(&mut hasher);
        Self {
            on: false,
            offset: hasher.finish() as u32,
            recent: 0,
            recent_at: 0,
        }
    }

    /// What our clock says.
    pub(crate) fn value(&self, now: Nanos) -> u32 {
        ((now / TICK) as u32).wrapping_add(self.offset)
    }

    /// The option for a segment: our clock, and the newest of the peer's that is to be echoed.
    pub(crate) fn option(&self, now: Nanos) -> Option<(u32, u32)> {
        self.on.then(|| (self.value(now), self.recent))
    }

    /// The peer's SYN carried the option.
    pub(crate) fn begin(&mut self, value: u32, now: Nanos) {
        self.on = true;
        self.keep(value, now);
    }

    /// Whether a segment is from before the sequence numbers wrapped (PAWS, RFC 7323 §5.3 R1).
    pub(crate) fn is_old(&self, value: u32, now: Nanos) -> bool {
        before(value, self.recent) && now.saturating_sub(self.recent_at) < OUTDATED
    }

    /// A segment was accepted that starts at or before the last acknowledgement sent: its timestamp
    /// is the one to echo (RFC 7323 §4.3).
    pub(crate) fn update(&mut self, value: u32, now: Nanos) {
        if !before(value, self.recent) || now.saturating_sub(self.recent_at) >= OUTDATED {
            self.keep(value, now);
        }
    }

    /// The peer's newest timestamp, by which a new connection may be told from an old one.
    pub(crate) fn recent(&self) -> u32 {
        self.recent
    }

    fn keep(&mut self, value: u32, now: Nanos) {
        self.recent = value;
        self.recent_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timestamps() -> Timestamps {
        let any = ([10, 0, 0, 1], 1).into();
        Timestamps::new(&Endpoints {
            local: any,
            remote: any,
        })
    }

    #[test]
    fn our_clock_ticks_in_milliseconds_from_anywhere() {
        let mut timestamps = timestamps();
        assert_eq!(timestamps.option(0), None);
        timestamps.begin(7, 0);
        let (start, echo) = timestamps.option(0).unwrap();
        assert_ne!(start, 0);
        assert_eq!(echo, 7);
        let later = timestamps.option(5 * MILLISECOND).unwrap().0;
        assert_eq!(later.wrapping_sub(start), 5);
    }

    #[test]
    fn old_is_what_comes_before_the_newest_until_that_is_outdated() {
        let mut timestamps = timestamps();
        timestamps.begin(u32::MAX, 5);
        assert!(timestamps.is_old(u32::MAX - 1, 6));
        assert!(!timestamps.is_old(u32::MAX, 6) && !timestamps.is_old(3, 6));
        assert!(!timestamps.is_old(u32::MAX - 1, 5 + OUTDATED));
        timestamps.update(u32::MAX - 1, 6);
        assert_eq!(timestamps.recent(), u32::MAX);
        timestamps.update(1, 6);
        assert_eq!(timestamps.recent(), 1);
        timestamps.update(0, 6 + OUTDATED);
        assert_eq!(timestamps.recent(), 0);
    }
}
