//! Into recovery and out of it: what counts as lost, when to slow down, and when that was a mistake.
use super::Sender;
use super::frto::Forward;
use super::rack::{DUP_THRESH, Path};
use super::scoreboard::Sent;
use crate::stack::tcp::congestion::{Lost, Reason};
use crate::time::Nanos;
use std::ops::Range;

/// What is being recovered from.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Phase {
    /// Nothing.
    #[default]
    Open,
    /// A loss that acknowledgements told of (fast recovery).
    Fast,
    /// The retransmission timer.
    Timeout,
}

impl Phase {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Fast => "recovery",
            Self::Timeout => "loss",
        }
    }
}

/// Where recovery stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recovery {
    pub(super) phase: Phase,
    /// It is over as this is acknowledged (RFC 6675's RecoveryPoint, RFC 6582's recover).
    pub(super) point: u64,
    /// The first lost segment leaves whatever the window says.
    pub(super) forced: bool,
    /// A partial acknowledgement has come (RFC 6582 §3.2).
    pub(super) partial: bool,
    /// `next` as the sender slowed down last.
    pub(super) slowed_at: u64,
    /// What left since, by its serial; and the same before, for when that was a mistake.
    slowed: u64,
    slowed_before: u64,
    /// Bytes found lost by what happens now, and whether any left after the sender slowed down.
    pub(super) newly_lost: u64,
    again: bool,
    /// Something that left after a timeout was lost; the sender slows down as it has recovered.
    owed: bool,
}

impl Recovery {
    /// Something happens: an acknowledgement, or a timer.
    pub(super) fn begin_event(&mut self) {
        (self.newly_lost, self.again) = (0, false);
    }

    pub(super) fn found_loss(&self) -> bool {
        self.newly_lost > 0
    }

    fn mourn(&mut self, bytes: u64, serial: u64) {
        let again = serial >= self.slowed;
        self.newly_lost += bytes;
        match self.phase {
            Phase::Timeout => self.owed |= again,
            Phase::Open | Phase::Fast => self.again |= again,
        }
    }

    /// Whether there is a loss to react to. In the recovery from a timeout there is none: it began
    /// with a single segment (RFC 6675 §5.1). What it owes comes due as it ends.
    fn has_loss(&mut self) -> bool {
        if self.phase == Phase::Timeout {
            return false;
        }
        self.again |= std::mem::take(&mut self.owed);
        self.found_loss() || self.again
    }
}

impl Sender {
    /// Finds losses as an acknowledgement comes; whether it `advances`.
    pub(super) fn look_for_losses(&mut self, advances: bool) {
        if self.sack {
            self.detect();
        } else if self.is_next_hole(advances) {
            self.lose_head();
        }
    }

    /// RACK's step 5 (RFC 8985 §6.2): in the order of departure, up to the first that may yet come.
    pub(super) fn detect(&mut self) {
        self.timers.reordering = None;
        let window = self.reordering_window();
        while let Some((start, sent)) = self.board.oldest() {
            match self.rack.expires(&sent, window) {
                Some(at) if at <= self.clock => self.lose(start),
                Some(at) => {
                    // The RFC waits for the last of them, to have fewer timers; this is sooner.
                    self.timers.reordering = Some(at);
                    break;
                }
                None => break,
            }
        }
    }

    pub(super) fn reordering_window(&self) -> Nanos {
        self.rack.window(&Path {
            srtt: self.rtt.srtt(),
            min_rtt: self.rtt.min(),
            in_recovery: self.recovery.phase != Phase::Open,
            sacked_segments: self.board.sacked_segments(),
        })
    }

    /// Without selective acknowledgements, the first segment is lost at the third duplicate, and
    /// after each partial acknowledgement (RFC 6582 §3.2). Duplicates right behind what was sent
    /// before the last recovery ended may be of its retransmissions (step 2): these follow upon an
    /// advance of many segments at once (§4.1).
    fn is_next_hole(&self, advances: bool) -> bool {
        match self.recovery.phase {
            Phase::Open => {
                let new = self.una() > self.recovery.point;
                let small = self.duplicates.advance() <= 4 * self.mss && self.window() > self.mss;
                self.duplicates.count() >= DUP_THRESH && (new || small)
            }
            Phase::Fast => advances && self.una() < self.next(),
            Phase::Timeout => false,
        }
    }

    fn lose_head(&mut self) {
        let una = self.una();
        if let Some((start, _)) = self.board.cut_out(&(una..una + self.mss)) {
            self.lose(start);
        }
    }

    /// An entry is lost.
    fn lose(&mut self, start: u64) {
        let Some(sent) = self.board.lose(start) else {
            return;
        };
        let range = start..sent.end;
        if self.was_mtu_probe(&range) {
            self.lost_probe = self.mtu_probe.take();
        } else {
            self.mourn(range.end - range.start, &sent);
        }
    }

    fn was_mtu_probe(&self, range: &Range<u64>) -> bool {
        let probe = self.mtu_probe.as_ref();
        probe.is_some_and(|probe| probe.start <= range.start && range.end <= probe.end)
    }

    fn mourn(&mut self, bytes: u64, sent: &Sent) {
        self.recovery.mourn(bytes, sent.serial);
        self.rate.on_lost(bytes);
        let lost = Lost {
            bytes,
            tx_in_flight: sent.snapshot.in_flight,
            prior_lost: sent.snapshot.lost,
            app_limited: sent.snapshot.app_limited,
        };
        let flight = self.flight();
        self.algorithm.on_lost(&lost, &flight);
    }

    /// A range was too large for the path (an MTU probe, or an ICMP message says so): it is sent
    /// again, and is no sign of congestion.
    pub fn probe_lost(&mut self, range: Range<u64>) {
        let mut range = range.start.max(self.una())..range.end.min(self.next());
        while !range.is_empty()
            && let Some((start, sent)) = self.board.cut_out(&range)
        {
            self.board.lose(start);
            range.start = sent.end;
        }
    }

    /// Begins a fast recovery where something was lost; and once more where what left since the
    /// sender slowed down last was lost too: a lost retransmission, or a loss in the next window
    /// (RFC 5681 §4.3).
    pub(super) fn react(&mut self, delivered: u64) {
        if !self.recovery.has_loss() {
            return;
        }
        if self.recovery.again {
            self.slow_down(Reason::Loss);
        } else if self.recovery.phase == Phase::Fast {
            return;
        }
        if self.board.lost().is_empty() {
            self.stay_open();
        } else {
            self.recover(delivered);
        }
    }

    /// What was lost has arrived already: there is nothing to recover, or to take back.
    pub(super) fn stay_open(&mut self) {
        self.undo.end();
        let flight = self.flight();
        self.algorithm.on_recovered(&flight);
    }

    fn recover(&mut self, delivered: u64) {
        self.counters.recoveries += 1;
        self.recovery.phase = Phase::Fast;
        self.recovery.point = self.next();
        self.recovery.forced = !self.algorithm.uses_prr();
        self.recovery.partial = false;
        let flight = self.board.outstanding() + delivered;
        let flight = flight.saturating_sub(self.duplicates.bytes());
        self.prr.begin(flight, self.algorithm.ssthresh());
        self.timers.probe = None;
        self.tail.clear();
    }

    /// What may leave in fast recovery (RFC 9937); whether `una` advances.
    pub(super) fn reduce(&mut self, delivered: u64, advances: bool) {
        if self.is_reducing() && (delivered > 0 || self.recovery.found_loss()) {
            let safe = advances && !self.recovery.found_loss();
            self.prr.on_ack(delivered, self.in_flight(), safe, self.mss);
        }
    }

    /// Tells the algorithm to slow down.
    pub(super) fn slow_down(&mut self, reason: Reason) {
        let recovery = &mut self.recovery;
        recovery.slowed_before = recovery.slowed;
        recovery.slowed = self.board.serial();
        recovery.slowed_at = self.board.next();
        match reason {
            Reason::Loss => self.undo.begin(),
            Reason::Ecn => self.undo.end(),
            Reason::Timeout if self.timers.retries == 1 => self.undo.begin(),
            Reason::Timeout => {}
        }
        let flight = self.flight();
        self.algorithm.on_congestion(reason, &flight);
    }

    /// Recovery is over where all that was sent before it is acknowledged.
    pub(super) fn finish(&mut self) {
        if self.recovery.phase == Phase::Open || self.una() < self.recovery.point {
            return;
        }
        if self.undo.is_untouched() {
            self.take_back();
            return;
        }
        self.leave();
        self.rack.on_recovered();
        self.undo.expire(self.next());
        let flight = self.flight();
        self.algorithm.on_recovered(&flight);
    }

    fn leave(&mut self) {
        self.recovery.phase = Phase::Open;
        (self.recovery.forced, self.recovery.partial) = (false, false);
        self.forward = Forward::Off;
    }

    /// Slowing down was a mistake: nothing is lost, and all is as before (RFC 4015).
    pub(super) fn take_back(&mut self) {
        self.counters.undone += 1;
        if self.recovery.phase == Phase::Fast {
            self.rack.on_spurious();
        }
        if self.recovery.phase != Phase::Open {
            self.board.find_all();
            self.leave();
        }
        self.undo.end();
        self.rtt.end_backoff();
        self.recovery.owed = false;
        self.recovery.slowed = self.recovery.slowed_before;
        let flight = self.flight();
        self.algorithm.on_spurious(&flight);
    }

    /// The retransmission timer went off (RFC 6298 §5.4 to §5.6).
    pub(super) fn time_out(&mut self) {
        self.counters.timeouts += 1;
        self.timers.retries = self.timers.retries.saturating_add(1);
        (self.timers.reordering, self.timers.probe) = (None, None);
        self.tail.clear();
        self.duplicates.clear();
        self.rtt.back_off();
        self.restart_timeout();
        if self.board.is_reneged() {
            self.board.renege(self.rate.snapshot());
        }
        self.lose_old();
        // RFC 5682 §2.1, step 1: not where the timer goes off again in the same recovery. Nor in a
        // fast recovery, in which what was sent once may well be waiting behind another hole.
        let first = self.recovery.phase == Phase::Open;
        self.forward = if first {
            Forward::Retransmitted
        } else {
            Forward::Off
        };
        self.recovery.phase = Phase::Timeout;
        self.recovery.point = self.next();
        (self.recovery.forced, self.recovery.partial) = (true, false);
        self.recovery.owed = false;
        self.slow_down(Reason::Timeout);
    }

    /// The first segment is lost, and all that has expired (RFC 8985 §6.3).
    fn lose_old(&mut self) {
        let window = self.reordering_window();
        let by = match self.sack {
            true => self.rack.expired_by(window, self.clock),
            false => Some(self.clock),
        };
        let old = by.map_or(Vec::new(), |by| self.board.sent_by(by));
        let head = self.board.head().map(|(start, _)| start);
        old.into_iter()
            .chain(head)
            .for_each(|start| self.lose(start));
    }
}
