//! Recent acknowledgment (RFC 8985 §6): a packet is lost if one that left later has arrived, and
//! enough time has passed for it to be more than reordered.
use super::delivery::Delivery;
use super::scoreboard::Sent;
use crate::time::Nanos;

/// So many selectively acknowledged segments mean a loss where the path was not seen to reorder
/// (RFC 5681 §3.2, RFC 8985 §6.2).
pub(super) const DUP_THRESH: u64 = 3;
/// For so many recoveries without a D-SACK a larger window stays (RFC 8985 §6.2).
const PERSIST: u32 = 16;

/// What the window depends on besides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path {
    pub(super) srtt: Nanos,
    pub(super) min_rtt: Nanos,
    pub(super) in_recovery: bool,
    pub(super) sacked_segments: u64,
}

/// RACK's variables (RFC 8985 §5.3).
#[derive(Clone, Copy, Debug)]
pub(super) struct Rack {
    /// Place in the order of transmissions, end, and departure of the packet that left last of all
    /// that have arrived; none before the first.
    newest: Option<(u64, u64, Nanos)>,
    /// The round trip of the last packet that arrived.
    rtt: Nanos,
    /// The highest offset that has arrived (RACK.fack).
    highest: u64,
    reordering_seen: bool,
    /// The round in which a D-SACK enlarged the window ends at this offset.
    dsack_round: Option<u64>,
    multiplier: u32,
    persist: u32,
}

impl Rack {
    pub(super) fn new() -> Self {
        Self {
            newest: None,
            rtt: 0,
            highest: 0,
            reordering_seen: false,
            dsack_round: None,
            multiplier: 1,
            persist: 0,
        }
    }

    pub(super) fn highest(&self) -> u64 {
        self.highest
    }

    pub(super) fn reordering_seen(&self) -> bool {
        self.reordering_seen
    }

    /// Steps 1 to 3 (§6.2).
    pub(super) fn on_delivered(&mut self, delivery: &Delivery, now: Nanos) {
        self.highest = self.highest.max(delivery.highest);
        self.reordering_seen |= delivery.reordered;
        let Some(newest) = delivery.newest else {
            return;
        };
        self.rtt = now.saturating_sub(newest.sent_at);
        let newest = (newest.serial, newest.end, newest.sent_at);
        if self.newest.is_none_or(|known| known < newest) {
            self.newest = Some(newest);
        }
    }

    /// A recovery was for nothing: what it took for lost was late.
    pub(super) fn on_spurious(&mut self) {
        self.reordering_seen = true;
    }

    /// Step 4: a D-SACK enlarges the window, once a round trip.
    pub(super) fn on_duplicate(&mut self, una: u64, next: u64) {
        if self.dsack_round.is_some_and(|end| una < end) {
            return;
        }
        self.dsack_round = Some(next);
        self.multiplier = self.multiplier.saturating_add(1);
        self.persist = PERSIST;
    }

    /// Step 4: recoveries without a D-SACK make it small again.
    pub(super) fn on_recovered(&mut self) {
        self.persist = self.persist.saturating_sub(1);
        if self.persist == 0 {
            self.multiplier = 1;
        }
    }

    /// How long after a later one a packet may arrive without counting as lost (RACK.reo_wnd).
    pub(super) fn window(&self, path: &Path) -> Nanos {
        let certain = path.in_recovery || path.sacked_segments >= DUP_THRESH;
        if !self.reordering_seen && certain {
            return 0;
        }
        let window = path.min_rtt.saturating_mul(u64::from(self.multiplier)) / 4;
        window.min(path.srtt)
    }

    /// Step 5: until when an entry may arrive; none where nothing that left later has arrived.
    pub(super) fn expires(&self, sent: &Sent, window: Nanos) -> Option<Nanos> {
        let (serial, end, _) = self.newest?;
        let earlier = (sent.serial, sent.end) < (serial, end);
        earlier.then(|| sent.sent_at.saturating_add(self.rtt + window))
    }

    /// What left by then has expired as the retransmission timer goes off (§6.3).
    pub(super) fn expired_by(&self, window: Nanos, now: Nanos) -> Option<Nanos> {
        now.checked_sub(self.rtt + window)
    }
}
