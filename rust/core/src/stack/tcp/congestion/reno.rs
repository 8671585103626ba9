//! NewReno (RFC 5681, RFC 6582), counting bytes (RFC 3465).
//!
//! Which segments go out in fast recovery is the sender's business (RFC 6675, RFC 6937); the window
//! here falls as recovery begins and stands until it is over.
use super::hystart::SlowStart;
use super::recovery::{Recovery, is_stale};
use super::{Ack, Congestion, Flight, Reason, initial_window, resized};
use crate::time::Nanos;

/// Segments that one acknowledgement may count for in slow start (L, RFC 3465 §2.3). After a timeout
/// too: bytes are counted as they are delivered, so one that closes a hole does not count for more.
const SLOW_START_LIMIT: u64 = 2;

/// NewReno.
#[derive(Clone, Debug)]
pub(super) struct Reno {
    mss: u64,
    window: u64,
    ssthresh: u64,
    /// Bytes acknowledged since the window last grew, in congestion avoidance (RFC 3465 §2.1).
    acked: u64,
    slow_start: SlowStart,
    recovery: Recovery,
    /// Window and threshold before the last reduction.
    undo: Option<(u64, u64, SlowStart)>,
}

impl Reno {
    /// Of a new connection.
    pub(super) fn new(mss: u64) -> Self {
        Self {
            mss,
            window: initial_window(mss),
            ssthresh: u64::MAX,
            acked: 0,
            slow_start: SlowStart::new(Some(SLOW_START_LIMIT)),
            recovery: Recovery::default(),
            undo: None,
        }
    }

    fn slow_start(&mut self, ack: &Ack) {
        let grown = self.slow_start.on_ack(ack, self.mss);
        if self.ssthresh == u64::MAX && self.slow_start.is_over() {
            self.ssthresh = self.window;
        } else {
            self.window = self.window.saturating_add(grown).min(self.ssthresh);
        }
    }

    /// A segment for each window acknowledged (RFC 3465 §2.1).
    fn avoid_congestion(&mut self, newly_acked: u64) {
        self.acked += newly_acked;
        if self.acked >= self.window {
            self.acked -= self.window;
            self.window += self.mss;
        }
        self.acked = self.acked.min(self.window);
    }
}

impl Congestion for Reno {
    fn name(&self) -> &'static str {
        "reno"
    }

    fn window(&self) -> u64 {
        self.window
    }

    fn ssthresh(&self) -> u64 {
        self.ssthresh
    }

    fn on_ack(&mut self, ack: &Ack) {
        if !self.recovery.may_grow(ack) {
            return;
        }
        if self.window < self.ssthresh {
            self.slow_start(ack);
        } else {
            self.avoid_congestion(ack.newly_acked);
        }
    }

    /// RFC 5681 §3.1 and §3.2. The window stands for the flight: it only grows while it is used.
    fn on_congestion(&mut self, reason: Reason, flight: &Flight) {
        if self.recovery.begin(reason, flight.una) {
            self.undo = Some((self.window, self.ssthresh, self.slow_start));
            self.ssthresh = (self.window / 2).max(2 * self.mss);
        }
        self.window = match reason {
            Reason::Loss => self.ssthresh,
            Reason::Ecn => (self.window / 2).max(self.mss),
            Reason::Timeout => self.mss,
        };
        self.acked = 0;
        self.slow_start.finish();
    }

    fn on_recovered(&mut self, _flight: &Flight) {
        self.recovery.end();
    }

    /// RFC 4015 §3.2, but for the burst, which is bounded by pacing or by the acknowledgements.
    fn on_spurious(&mut self, _flight: &Flight) {
        if let Some((window, ssthresh, slow_start)) = self.undo.take() {
            self.slow_start = slow_start;
            self.window = self.window.max(window);
            self.ssthresh = self.ssthresh.max(ssthresh);
        }
        self.recovery.end();
    }

    /// Slow start back to three quarters of the window (RFC 5681 §4.1; the threshold is RFC 2861's).
    fn on_restart(&mut self, idle: Nanos, flight: &Flight) {
        if is_stale(idle, flight) {
            self.ssthresh = self.ssthresh.max(self.window / 4 * 3);
            self.window = self.window.min(initial_window(self.mss));
            self.acked = 0;
        }
    }

    fn on_mss(&mut self, mss: u64) {
        self.window = resized(self.window, self.mss, mss);
        self.mss = mss;
    }
}

#[cfg(test)]
mod tests {
    use super::{Ack, Congestion, Flight, Reason, Reno};
    use crate::time::{MILLISECOND, SECOND};

    const MSS: u64 = 1000;

    fn acked(bytes: u64) -> Ack {
        Ack {
            newly_acked: bytes,
            window_limited: true,
            ..Ack::default()
        }
    }

    fn at(una: u64) -> Flight {
        Flight {
            una,
            ..Flight::default()
        }
    }

    /// In congestion avoidance with this window.
    fn avoiding(window: u64) -> Reno {
        let mut reno = Reno::new(MSS);
        reno.window = 2 * window;
        reno.on_congestion(Reason::Loss, &Flight::default());
        reno.on_recovered(&Flight::default());
        assert_eq!((reno.window(), reno.ssthresh()), (window, window));
        reno
    }

    #[test]
    fn slow_start_counts_two_segments_at_most() {
        let mut reno = Reno::new(MSS);
        assert_eq!((reno.window(), reno.ssthresh()), (10 * MSS, u64::MAX));
        for (bytes, window) in [(1000, 11_000), (2000, 13_000), (9000, 15_000), (1, 15_001)] {
            reno.on_ack(&acked(bytes));
            assert_eq!(reno.window(), window);
        }
    }

    #[test]
    fn slow_start_ends_at_the_threshold() {
        let mut reno = avoiding(10 * MSS);
        reno.on_congestion(Reason::Timeout, &at(1));
        assert_eq!((reno.window(), reno.ssthresh()), (MSS, 5 * MSS));
        (0..2).for_each(|_| reno.on_ack(&acked(2 * MSS)));
        assert_eq!(reno.window(), 5 * MSS);
        (0..2).for_each(|_| reno.on_ack(&acked(2 * MSS)));
        assert_eq!(reno.window(), 5 * MSS);
        reno.on_ack(&acked(MSS));
        assert_eq!(reno.window(), 6 * MSS);
    }

    #[test]
    fn avoidance_adds_a_segment_a_window() {
        let mut reno = avoiding(10 * MSS);
        for window in 10..30 {
            assert_eq!(reno.window(), window * MSS);
            (0..window).for_each(|_| reno.on_ack(&acked(MSS)));
        }
    }

    #[test]
    fn a_loss_halves_the_window_and_no_lower_than_two_segments() {
        let mut reno = avoiding(7 * MSS);
        for window in [3500, 2000, 2000] {
            reno.on_congestion(Reason::Loss, &Flight::default());
            assert_eq!((reno.window(), reno.ssthresh()), (window, window));
        }
    }

    /// RFC 3168 §6.1.2, and RFC 9438 §4.6 says the same: down to one segment.
    #[test]
    fn a_mark_halves_the_window_down_to_one_segment() {
        let mut reno = avoiding(4 * MSS);
        for window in [2000, 1000, 1000] {
            reno.on_congestion(Reason::Ecn, &Flight::default());
            assert_eq!((reno.window(), reno.ssthresh()), (window, 2000));
        }
    }

    #[test]
    fn fast_recovery_holds_the_window_and_a_timeout_lets_it_grow() {
        let recovering = Ack {
            in_recovery: true,
            ..acked(MSS)
        };
        let mut reno = avoiding(10 * MSS);
        reno.on_congestion(Reason::Loss, &at(0));
        reno.on_ack(&recovering);
        assert_eq!(reno.window(), 5 * MSS);
        reno.on_congestion(Reason::Timeout, &at(0));
        reno.on_ack(&recovering);
        assert_eq!(reno.window(), 2 * MSS);
    }

    #[test]
    fn a_repeated_timeout_holds_the_threshold() {
        let mut reno = avoiding(40 * MSS);
        reno.on_congestion(Reason::Timeout, &at(5));
        reno.on_congestion(Reason::Timeout, &at(5));
        assert_eq!(reno.ssthresh(), 20 * MSS);
        reno.on_spurious(&at(5));
        assert_eq!((reno.window(), reno.ssthresh()), (40 * MSS, 40 * MSS));
        reno.on_congestion(Reason::Timeout, &at(6));
        assert_eq!(reno.ssthresh(), 20 * MSS);
    }

    #[test]
    fn a_window_that_is_not_used_does_not_grow() {
        let unused = Ack {
            window_limited: false,
            ..acked(MSS)
        };
        for mut reno in [Reno::new(MSS), avoiding(10 * MSS)] {
            (0..100).for_each(|_| reno.on_ack(&unused));
            assert_eq!(reno.window(), 10 * MSS);
        }
    }

    #[test]
    fn a_long_pause_restarts_from_the_initial_window() {
        let flight = Flight {
            srtt: 300 * MILLISECOND,
            ..Flight::default()
        };
        let mut reno = avoiding(100 * MSS);
        reno.on_restart(600 * MILLISECOND, &flight);
        assert_eq!(reno.window(), 100 * MSS);
        reno.on_restart(SECOND, &flight);
        assert_eq!((reno.window(), reno.ssthresh()), (10 * MSS, 100 * MSS));
    }
}
