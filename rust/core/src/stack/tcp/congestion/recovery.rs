//! What a window-based algorithm has to know of the sender's recovery.
use super::{Ack, Flight, Reason};
use crate::time::{MILLISECOND, Nanos};

/// What the sender recovers from.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Recovery {
    /// The first unacknowledged byte as the retransmission timer went off.
    timed_out: Option<u64>,
}

impl Recovery {
    /// A recovery begins. False where the timer went off again for what it went off before: then
    /// the threshold stays (RFC 5681 §3.1).
    pub(super) fn begin(&mut self, reason: Reason, una: u64) -> bool {
        match reason {
            Reason::Ecn => true,
            Reason::Loss => {
                self.timed_out = None;
                true
            }
            Reason::Timeout => self.timed_out.replace(una) != Some(una),
        }
    }

    /// The recovery is over.
    pub(super) fn end(&mut self) {
        self.timed_out = None;
    }

    /// Whether an acknowledgement may enlarge the window: one that acknowledges what a full window
    /// sent, and not in fast recovery.
    pub(super) fn may_grow(&self, ack: &Ack) -> bool {
        ack.window_limited && (!ack.in_recovery || self.timed_out.is_some())
    }
}

/// Whether a pause is long enough for the acknowledgement clock to be lost (RFC 5681 §4.1): longer
/// than the retransmission time-out, of which 200 ms and two round trips are lower bounds here.
pub(super) fn is_stale(idle: Nanos, flight: &Flight) -> bool {
    idle > (200 * MILLISECOND).max(2 * flight.srtt)
}
