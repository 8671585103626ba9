//! The three timers: retransmission (RFC 6298 §5), reordering (RFC 8985 §6.2) and tail loss probe
//! (§7.2).
use super::recovery::Phase;
use super::{Sender, tlp};
use crate::time::{MILLISECOND, Nanos};
use std::ops::Range;

/// A reneging peer gets at least so long to make up its mind.
const RENEGING: Nanos = 10 * MILLISECOND;

/// What a timer that went off asks of the connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// Ranges were found lost (RACK's reordering timer): transmit.
    Retransmit,
    /// A tail loss probe (RFC 8985 §7): one segment of new data if there is some and the peer's
    /// window has room for it, else [`Sender::loss_probe`].
    Probe,
    /// The retransmission timer (RFC 6298 §5): what is not selectively acknowledged counts as lost,
    /// unless it left only a round trip ago (RFC 8985 §6.3); transmit.
    Timeout,
}

/// When they go off.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timers {
    pub(super) retransmission: Option<Nanos>,
    pub(super) reordering: Option<Nanos>,
    pub(super) probe: Option<Nanos>,
    /// How often the first did, since `una` advanced.
    pub(super) retries: u32,
}

/// Whether a timer has gone off; stops it then.
fn take(timer: &mut Option<Nanos>, now: Nanos) -> bool {
    timer.take_if(|at| *at <= now).is_some()
}

impl Sender {
    /// When [`Self::on_timer`] has to be called.
    #[must_use]
    pub fn deadline(&self) -> Option<Nanos> {
        let timers = &self.timers;
        let all = [timers.retransmission, timers.reordering, timers.probe];
        all.into_iter().flatten().min()
    }

    /// Does what is due; call again while [`Self::deadline`] is not in the future.
    pub fn on_timer(&mut self, now: Nanos) -> Due {
        self.clock = now;
        self.recovery.begin_event();
        self.tail.give_up();
        if take(&mut self.timers.reordering, now) {
            self.detect();
            self.react(0);
            self.reduce(0, false);
            Due::Retransmit
        } else if take(&mut self.timers.probe, now) {
            self.counters.probes += 1;
            self.tail.begin();
            self.restart_timeout();
            Due::Probe
        } else if take(&mut self.timers.retransmission, now) {
            self.time_out();
            Due::Timeout
        } else {
            Due::Nothing
        }
    }

    /// The retransmission timer starts over (RFC 6298 §5.3).
    pub(super) fn restart_timeout(&mut self) {
        self.timers.retransmission = Some(self.clock.saturating_add(self.rtt.rto()));
    }

    /// Something leaves: the retransmission timer runs (§5.1), anew where the first missing segment
    /// is sent again; and a probe is due two round trips after new data.
    pub(super) fn arm_on_sent(&mut self, range: &Range<u64>, again: bool, timestamp: u32) {
        let head = again && range.start <= self.una() && !self.recovery.partial;
        if head || self.timers.retransmission.is_none() {
            self.restart_timeout();
        }
        let next = self.next();
        if !self.tail.on_sent(range, again, next, timestamp) && !again {
            self.arm_probe();
        }
    }

    /// An acknowledgement has come; whether it `advances`, and whether it delivers anything.
    pub(super) fn arm_on_ack(&mut self, advances: bool, delivers: bool) {
        if self.una() == self.next() {
            self.timers = Timers::default();
            self.tail.give_up();
            return;
        }
        if advances {
            self.timers.retries = 0;
            if !self.is_impatient() {
                self.restart_timeout();
            }
        }
        if delivers {
            self.arm_probe();
        }
        if self.board.is_reneged() {
            self.hurry();
        }
    }

    /// Without selective acknowledgements, a round trip repairs one loss. Where there are many, the
    /// timer is faster: only the first partial acknowledgement restarts it (RFC 6582 §3.2, step 3).
    fn is_impatient(&mut self) -> bool {
        let partial = !self.sack && self.recovery.phase == Phase::Fast;
        partial && std::mem::replace(&mut self.recovery.partial, true)
    }

    /// RFC 8985 §7.2: not in recovery, nothing selectively acknowledged, and one probe at a time.
    fn arm_probe(&mut self) {
        let calm = self.sack && self.recovery.phase == Phase::Open && self.tail.is_idle();
        if !calm || !self.board.sacked().is_empty() {
            self.timers.probe = None;
            return;
        }
        let single = self.next() - self.una() <= self.mss;
        let at = self.clock.saturating_add(tlp::timeout(self.srtt(), single));
        self.timers.probe = Some(
            self.timers
                .retransmission
                .map_or(at, |timeout| timeout.min(at)),
        );
    }

    /// The peer takes back what it had acknowledged: not the whole timeout is waited for.
    fn hurry(&mut self) {
        let soon = self.clock.saturating_add((self.srtt() / 2).max(RENEGING));
        let timeout = self.timers.retransmission.unwrap_or(soon);
        self.timers.retransmission = Some(timeout.min(soon));
        self.timers.probe = None;
    }
}
