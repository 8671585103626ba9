//! Proportional rate reduction (RFC 9937, the standard that replaces RFC 6937): in fast recovery,
//! how much leaves for how much arrives, so that the flight ends at the slow-start threshold.

/// One fast recovery. All amounts are bytes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Reduction {
    ssthresh: u64,
    /// The flight as it began (RecoverFS).
    flight: u64,
    /// Delivered since (prr_delivered).
    delivered: u64,
    /// Sent since (prr_out).
    out: u64,
    /// What may be under way until the next acknowledgement.
    window: u64,
}

impl Reduction {
    /// Recovery begins with `flight` bytes neither acknowledged nor selectively acknowledged before.
    pub(super) fn begin(&mut self, flight: u64, ssthresh: u64) {
        *self = Self {
            ssthresh,
            flight: flight.max(1),
            ..Self::default()
        };
    }

    pub(super) fn window(&self) -> u64 {
        self.window
    }

    pub(super) fn on_sent(&mut self, bytes: u64) {
        self.out += bytes;
    }

    /// `safe` where `una` advanced and nothing more was found lost (SafeACK).
    pub(super) fn on_ack(&mut self, delivered: u64, in_flight: u64, safe: bool, mss: u64) {
        self.delivered += delivered;
        let mut allowed = if in_flight > self.ssthresh {
            self.proportional()
        } else {
            self.conservative(delivered, in_flight, safe, mss)
        };
        if self.out == 0 {
            // The first retransmission leaves whatever the arithmetic says.
            allowed = allowed.max(mss);
        }
        self.window = in_flight + allowed;
    }

    /// As much leaves of what arrives as the threshold is of the flight.
    fn proportional(&self) -> u64 {
        let share = u128::from(self.delivered) * u128::from(self.ssthresh);
        let share = share.div_ceil(u128::from(self.flight));
        u64::try_from(share)
            .unwrap_or(u64::MAX)
            .saturating_sub(self.out)
    }

    /// No more leaves than arrived (PRR-CRB), and a segment more where recovery goes well (PRR-SSRB).
    fn conservative(&self, delivered: u64, in_flight: u64, safe: bool, mss: u64) -> u64 {
        let arrived = self.delivered.saturating_sub(self.out).max(delivered);
        let allowed = if safe { arrived + mss } else { arrived };
        allowed.min(self.ssthresh - in_flight)
    }
}

#[cfg(test)]
mod tests {
    use super::Reduction;

    const MSS: u64 = 1000;

    /// Runs a recovery in which each acknowledgement delivers a segment, and all that is allowed is
    /// sent; gives how many segments leave after each.
    fn run(flight: u64, lost: u64, ssthresh: u64, safe: bool) -> Vec<u64> {
        let mut prr = Reduction::default();
        prr.begin(flight * MSS, ssthresh * MSS);
        let mut in_flight = (flight - lost) * MSS;
        (0..flight - lost)
            .map(|_| {
                in_flight -= MSS;
                prr.on_ack(MSS, in_flight, safe, MSS);
                let sent = (prr.window() - in_flight) / MSS * MSS;
                prr.on_sent(sent);
                in_flight += sent;
                sent / MSS
            })
            .collect()
    }

    /// RFC 6937 §3, first example: one of 20 lost, a threshold of 10: about every other one.
    #[test]
    fn a_single_loss_is_spread_over_a_round_trip() {
        let sent = run(20, 1, 10, true);
        assert_eq!(sent[..8], [1, 0, 0, 1, 0, 1, 0, 1]);
        assert_eq!(sent.iter().sum::<u64>(), 10);
    }

    /// The second example: 15 of 20 lost: as many as arrive, and one more where all goes well.
    #[test]
    fn a_burst_of_losses_is_made_up_for() {
        assert_eq!(run(20, 15, 10, false), [1, 1, 1, 1, 1]);
        assert_eq!(run(20, 15, 10, true), [2, 2, 2, 2, 2]);
    }

    #[test]
    fn the_first_retransmission_always_leaves() {
        let mut prr = Reduction::default();
        prr.begin(20 * MSS, 10 * MSS);
        prr.on_ack(0, 19 * MSS, false, MSS);
        assert_eq!(prr.window(), 20 * MSS);
    }

    #[test]
    fn catching_up_ends_at_the_threshold() {
        let mut prr = Reduction::default();
        prr.begin(20 * MSS, 10 * MSS);
        prr.on_sent(MSS);
        prr.on_ack(9 * MSS, 9 * MSS, true, MSS);
        assert_eq!(prr.window(), 10 * MSS);
    }
}
