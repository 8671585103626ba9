//! Tail loss probes (RFC 8985 §7): where the last packets of a flight may be lost, one more draws an
//! acknowledgement that tells, long before the retransmission timer.
use super::delivery::is_before;
use crate::time::{MILLISECOND, Nanos, SECOND};
use std::ops::Range;

/// How long peers delay the acknowledgement of a single segment (TLP.max_ack_delay): what Linux
/// allows for.
const MAX_ACK_DELAY: Nanos = 200 * MILLISECOND;
/// A round trip below a few milliseconds is within what hosts need to wake up; the draft that the RFC
/// grew out of had this bound (draft-dukkipati-tcpm-tcp-loss-probe-01 §2.1).
const SHORTEST: Nanos = 10 * MILLISECOND;
/// Before the first round-trip sample (§7.2).
const BLIND: Nanos = SECOND;

/// A probe under way.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Probe {
    /// `next` as it left (TLP.end_seq).
    end: u64,
    /// The range and TSval, if it sends a segment again (TLP.is_retrans).
    again: Option<(Range<u64>, u32)>,
}

/// What an acknowledgement says to a probe.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<'a> {
    pub(super) una: u64,
    pub(super) duplicate: Option<&'a Range<u64>>,
    pub(super) echo: Option<u32>,
    /// Whether it advances `una`.
    pub(super) advances: bool,
    /// A duplicate acknowledgement without any SACK option.
    pub(super) plain: bool,
}

/// At most one probe.
#[derive(Clone, Debug, Default)]
pub(super) struct TailLoss {
    /// The connection was asked to send one, and has not yet.
    pending: bool,
    probe: Option<Probe>,
}

impl TailLoss {
    pub(super) fn is_pending(&self) -> bool {
        self.pending
    }

    /// Whether a probe may be scheduled.
    pub(super) fn is_idle(&self) -> bool {
        self.probe.is_none() && !self.pending
    }

    /// The timer went off: whatever is sent next is the probe.
    pub(super) fn begin(&mut self) {
        self.pending = true;
    }

    /// Nothing was sent for it.
    pub(super) fn give_up(&mut self) {
        self.pending = false;
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Something leaves; whether it is the probe.
    pub(super) fn on_sent(
        &mut self,
        range: &Range<u64>,
        again: bool,
        next: u64,
        tsval: u32,
    ) -> bool {
        if !self.pending {
            return false;
        }
        self.pending = false;
        self.probe = Some(Probe {
            end: next,
            again: again.then(|| (range.clone(), tsval)),
        });
        true
    }

    /// Whether the probe sent this range again, so that a D-SACK of it says nothing of reordering.
    pub(super) fn explains(&self, duplicate: &Range<u64>) -> bool {
        let again = self.probe.as_ref().and_then(|probe| probe.again.as_ref());
        again.is_some_and(|(range, _)| range.start <= duplicate.start && duplicate.end <= range.end)
    }

    /// Whether the probe has repaired a loss that nothing else would tell of (§7.4.2).
    pub(super) fn on_ack(&mut self, answer: &Answer<'_>) -> bool {
        let Some(probe) = &self.probe else {
            return false;
        };
        if answer.una < probe.end {
            return false;
        }
        let (over, repaired) = probe.judge(answer);
        if over {
            self.probe = None;
        }
        repaired
    }
}

impl Probe {
    /// Whether the episode is over, and whether the probe repaired a loss.
    fn judge(&self, answer: &Answer<'_>) -> (bool, bool) {
        let Some((range, tsval)) = &self.again else {
            return (true, false);
        };
        let twice = answer
            .duplicate
            .is_some_and(|duplicate| duplicate.end == range.end);
        // Not in the RFC: an older echo says that the first transmission arrived (RFC 3522).
        let echoed = answer.advances && answer.echo.is_some_and(|echo| is_before(echo, *tsval));
        if twice || answer.plain || echoed {
            (true, false)
        } else {
            (answer.una > self.end, answer.una > self.end)
        }
    }
}

/// After how long without an acknowledgement a probe leaves (TLP_calc_PTO, §7.2).
pub(super) fn timeout(srtt: Nanos, single: bool) -> Nanos {
    match (srtt, single) {
        (0, _) => BLIND,
        (_, true) => 2 * srtt + MAX_ACK_DELAY,
        (_, false) => (2 * srtt).max(SHORTEST),
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, TailLoss, timeout};
    use crate::time::{MILLISECOND, SECOND};

    fn probe(again: bool) -> TailLoss {
        let mut tail = TailLoss::default();
        tail.begin();
        assert!(tail.on_sent(&(900..1000), again, 1000, 50));
        tail
    }

    fn answer(una: u64) -> Answer<'static> {
        Answer {
            una,
            duplicate: None,
            echo: None,
            advances: true,
            plain: false,
        }
    }

    #[test]
    fn the_timeout_is_two_round_trips() {
        assert_eq!(timeout(0, true), SECOND);
        assert_eq!(timeout(30 * MILLISECOND, false), 60 * MILLISECOND);
        assert_eq!(timeout(50_000, false), 10 * MILLISECOND);
        assert_eq!(timeout(30 * MILLISECOND, true), 260 * MILLISECOND);
    }

    #[test]
    fn a_probe_of_new_data_ends_as_it_is_acknowledged() {
        let mut tail = probe(false);
        assert!(!tail.on_ack(&answer(999)) && !tail.is_idle());
        assert!(!tail.on_ack(&answer(1000)) && tail.is_idle());
    }

    #[test]
    fn later_data_acknowledged_says_that_the_probe_repaired_a_loss() {
        let mut tail = probe(true);
        assert!(!tail.on_ack(&answer(1000)) && !tail.is_idle());
        assert!(tail.on_ack(&answer(1001)) && tail.is_idle());
    }

    #[test]
    fn a_duplicate_says_that_nothing_was_lost() {
        let mut tail = probe(true);
        tail.on_ack(&answer(1000));
        let twice = 900..1000;
        assert!(tail.explains(&twice) && !tail.explains(&(800..900)));
        let duplicate = Some(&twice);
        assert!(
            !tail.on_ack(&Answer {
                duplicate,
                ..answer(1001)
            }) && tail.is_idle()
        );
    }

    #[test]
    fn a_plain_duplicate_acknowledgement_says_so_too() {
        let mut tail = probe(true);
        let plain = Answer {
            plain: true,
            advances: false,
            ..answer(1000)
        };
        assert!(!tail.on_ack(&plain) && tail.is_idle());
    }

    #[test]
    fn an_old_echo_says_so_too() {
        let mut tail = probe(true);
        let old = Answer {
            echo: Some(49),
            ..answer(1000)
        };
        assert!(!tail.on_ack(&old) && tail.is_idle());
        let mut tail = probe(true);
        let new = Answer {
            echo: Some(50),
            ..answer(1000)
        };
        assert!(!tail.on_ack(&new) && !tail.is_idle());
    }
}
