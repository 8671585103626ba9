//! Delivery-rate samples (draft-ietf-ccwg-bbr, "Delivery Rate Samples").
//!
//! A sample is what was delivered since a packet left, over the longer of the times that sending
//! and acknowledging that took. So neither a burst nor compressed acknowledgements make it too high.
use crate::stack::tcp::congestion::RateSample;
use crate::time::{Nanos, SECOND};

/// What held as a packet left.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Snapshot {
    /// Bytes delivered (P.delivered).
    pub(super) delivered: u64,
    /// When the last of them was (P.delivered_time).
    pub(super) delivered_at: Nanos,
    /// When the packet left that was delivered last (P.first_send_time).
    pub(super) first_sent_at: Nanos,
    /// Bytes under way, this packet included (P.tx_in_flight).
    pub(super) in_flight: u64,
    /// Bytes marked lost (P.lost).
    pub(super) lost: u64,
    /// Whether the program limited the sender.
    pub(super) app_limited: bool,
}

/// The connection's counters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rate {
    delivered: u64,
    delivered_at: Nanos,
    first_sent_at: Nanos,
    lost: u64,
    /// Samples are limited by the program until so much is delivered; 0 where they are not.
    app_limited: u64,
    /// Bytes per second by the last sample that the program did not limit, or that was larger.
    newest: u64,
}

impl Rate {
    pub(super) fn delivered(&self) -> u64 {
        self.delivered
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    pub(super) fn is_app_limited(&self) -> bool {
        self.app_limited != 0
    }

    /// Bytes per second.
    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    /// A packet leaves; `idle` where nothing was under way before it. The caller fills in
    /// [`Snapshot::in_flight`].
    pub(super) fn on_sent(&mut self, idle: bool, now: Nanos) -> Snapshot {
        if idle {
            (self.first_sent_at, self.delivered_at) = (now, now);
        }
        self.snapshot()
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            delivered: self.delivered,
            delivered_at: self.delivered_at,
            first_sent_at: self.first_sent_at,
            in_flight: 0,
            lost: self.lost,
            app_limited: self.is_app_limited(),
        }
    }

    /// The program has nothing more to send, and what is under way does not fill the window.
    pub(super) fn on_app_limited(&mut self, in_flight: u64) {
        self.app_limited = (self.delivered + in_flight).max(1);
    }

    pub(super) fn on_delivered(&mut self, bytes: u64, now: Nanos) {
        if bytes > 0 {
            self.delivered += bytes;
            self.delivered_at = now;
            if self.delivered > self.app_limited {
                self.app_limited = 0;
            }
        }
    }

    pub(super) fn on_lost(&mut self, bytes: u64) {
        self.lost += bytes;
    }

    /// The sample of an acknowledgement, of whose packets the one that left last did so at `sent_at`.
    /// None where it was so fast that acknowledgements must have been compressed.
    pub(super) fn sample(
        &mut self,
        sent_at: Nanos,
        packet: &Snapshot,
        min_rtt: Nanos,
    ) -> Option<RateSample> {
        self.first_sent_at = sent_at;
        let sending = sent_at.saturating_sub(packet.first_sent_at);
        let acknowledging = self.delivered_at.saturating_sub(packet.delivered_at);
        let interval = sending.max(acknowledging);
        if interval == 0 || interval < min_rtt {
            return None;
        }
        let delivered = self.delivered - packet.delivered;
        self.remember(rate(delivered, interval), packet.app_limited);
        Some(RateSample {
            delivered,
            interval,
            prior_delivered: packet.delivered,
            tx_in_flight: packet.in_flight,
            lost: self.lost - packet.lost,
            app_limited: packet.app_limited,
        })
    }

    fn remember(&mut self, rate: u64, app_limited: bool) {
        if !app_limited || rate > self.newest {
            self.newest = rate;
        }
    }
}

/// Bytes per second.
pub(super) fn rate(bytes: u64, interval: Nanos) -> u64 {
    let rate = u128::from(bytes) * u128::from(SECOND) / u128::from(interval.max(1));
    u64::try_from(rate).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Rate, rate};
    use crate::time::MILLISECOND;

    #[test]
    fn a_steady_stream_has_its_rate() {
        let mut counters = Rate::default();
        let packets: Vec<_> = (0..10)
            .map(|n| (n * MILLISECOND, counters.on_sent(n == 0, n * MILLISECOND)))
            .collect();
        for (n, (sent_at, packet)) in packets.into_iter().enumerate() {
            counters.on_delivered(1000, sent_at + 20 * MILLISECOND);
            let sample = counters.sample(sent_at, &packet, 0).expect("an interval");
            assert_eq!(sample.delivered, 1000 * (n as u64 + 1));
            assert_eq!(sample.interval, sent_at + 20 * MILLISECOND);
        }
        let packet = counters.on_sent(false, 30 * MILLISECOND);
        counters.on_delivered(1000, 50 * MILLISECOND);
        let sample = counters
            .sample(30 * MILLISECOND, &packet, 0)
            .expect("an interval");
        // From the departure of the last one delivered (9 ms), or from its delivery (29 ms).
        assert_eq!(sample.interval, 21 * MILLISECOND);
        assert_eq!(sample.prior_delivered, 10_000);
    }

    #[test]
    fn a_burst_of_acknowledgements_is_no_rate() {
        let mut counters = Rate::default();
        let packet = counters.on_sent(true, 0);
        counters.on_delivered(1000, 5);
        assert_eq!(counters.sample(0, &packet, 10), None);
    }

    #[test]
    fn a_limit_by_the_program_ends_with_what_was_under_way() {
        let mut counters = Rate::default();
        counters.on_app_limited(2000);
        assert!(counters.on_sent(true, 0).app_limited);
        counters.on_delivered(2000, 1);
        assert!(counters.is_app_limited());
        counters.on_delivered(1, 2);
        assert!(!counters.is_app_limited());
    }

    #[test]
    fn a_sample_that_the_program_limits_only_raises_the_rate() {
        let mut counters = Rate::default();
        let packet = counters.on_sent(true, 0);
        counters.on_delivered(1000, MILLISECOND);
        counters.sample(0, &packet, 0);
        assert_eq!(counters.newest(), 1_000_000);
        counters.on_app_limited(0);
        let packet = counters.on_sent(true, MILLISECOND);
        counters.on_delivered(100, 2 * MILLISECOND);
        assert!(
            counters
                .sample(MILLISECOND, &packet, 0)
                .is_some_and(|s| s.app_limited)
        );
        assert_eq!(counters.newest(), 1_000_000);
    }

    #[test]
    fn rates_do_not_overflow() {
        assert_eq!(rate(1500, 0), 1_500_000_000_000);
        assert_eq!(rate(u64::MAX, 1), u64::MAX);
    }
}
