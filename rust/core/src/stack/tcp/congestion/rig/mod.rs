//! A sender with nothing but an algorithm, on a line with a bottleneck: what the algorithm does, without
//! TCP around it. For tests alone.
mod fairness;
mod formulas;
mod line;
mod sent;

use super::{Ack, Congestion, Flight, Reason};
use crate::time::{MILLISECOND, Nanos, SECOND};
pub(super) use line::{Line, Loss};
use sent::{Packet, Sent};
use std::collections::{BTreeSet, VecDeque};

/// Payload of a segment; the line carries nothing else.
pub(super) const MSS: u64 = 1500;

/// A bulk sender and its line.
pub(super) struct Rig<C> {
    pub(super) algorithm: C,
    pub(super) line: Line,
    pub(super) now: Nanos,
    /// Bytes a second that the program has to send; none where it always has more.
    pub(super) supply: Option<u64>,
    sent: Sent,
    /// Acknowledgements on their way: when they arrive, and of which packet.
    acks: VecDeque<(Nanos, u64)>,
    next_segment: u64,
    again: VecDeque<u64>,
    una: u64,
    /// Segments above `una` that were delivered.
    ahead: BTreeSet<u64>,
    /// Recovery ends where this segment is acknowledged; and whether it is from a timeout.
    recovery: Option<(u64, bool)>,
    pace_at: Nanos,
    srtt: Nanos,
    min_rtt: Nanos,
    window_limited: bool,
}

impl<C: Congestion> Rig<C> {
    pub(super) fn new(algorithm: C, line: Line) -> Self {
        Self {
            algorithm,
            srtt: line.rtt,
            min_rtt: Nanos::MAX,
            line,
            now: 0,
            supply: None,
            sent: Sent::new(MSS),
            acks: VecDeque::new(),
            next_segment: 0,
            again: VecDeque::new(),
            una: 0,
            ahead: BTreeSet::new(),
            recovery: None,
            pace_at: 0,
            window_limited: false,
        }
    }

    /// Runs until this moment.
    pub(super) fn run(&mut self, until: Nanos) {
        self.transmit();
        while let Some(at) = self.next_event().filter(|&at| at <= until) {
            self.now = at;
            if self.acks.front().is_some_and(|&(ack, _)| ack <= at) {
                self.acknowledge();
            } else if self.acks.is_empty() && self.timeout_at() <= Some(at) {
                self.time_out();
            }
            self.transmit();
        }
        self.now = until;
    }

    /// Runs for a while; the bytes a second that were delivered meanwhile.
    pub(super) fn rate_over(&mut self, time: Nanos) -> u64 {
        let before = self.sent.delivered;
        self.run(self.now + time);
        (self.sent.delivered - before) * SECOND / time
    }

    pub(super) fn in_flight(&self) -> u64 {
        self.sent.in_flight()
    }

    pub(super) fn delivered(&self) -> u64 {
        self.sent.delivered
    }

    pub(super) fn lost(&self) -> u64 {
        self.sent.lost
    }

    fn next_event(&self) -> Option<Nanos> {
        let ack = self.acks.front().map(|&(at, _)| at);
        let timeout = self.timeout_at().filter(|_| ack.is_none());
        let pace = (self.has_data() && self.has_window()).then_some(self.pace_at);
        let supply = self
            .supply
            .filter(|&rate| rate > 0)
            .map(|rate| (self.next_segment + 1) * MSS * SECOND / rate);
        [ack, timeout, pace, supply]
            .into_iter()
            .flatten()
            .map(|at| at.max(self.now))
            .filter(|&at| at > self.now || ack == Some(at))
            .min()
    }

    /// Nothing comes back any more, and a time-out's time is over since the last packet left.
    fn timeout_at(&self) -> Option<Nanos> {
        let last = self.sent.packets.back()?;
        Some(last.sent_at + (2 * self.srtt).max(200 * MILLISECOND))
    }

    fn has_data(&self) -> bool {
        let supplied = |rate: u64| rate as u128 * self.now as u128 / SECOND as u128;
        let fresh = self
            .supply
            .is_none_or(|rate| supplied(rate) >= u128::from((self.next_segment + 1) * MSS));
        fresh || !self.again.is_empty()
    }

    fn has_window(&self) -> bool {
        self.sent.in_flight() + MSS <= self.algorithm.window()
    }

    fn transmit(&mut self) {
        while self.has_data() && self.has_window() && self.pace_at <= self.now {
            self.send();
        }
        if self.has_window() && !self.has_data() {
            self.sent.limited_by_program();
        }
        self.window_limited = !self.has_window();
    }

    fn send(&mut self) {
        let again = self.again.pop_front();
        let segment = again.unwrap_or(self.next_segment);
        self.next_segment = self.next_segment.max(segment + 1);
        if self.sent.packets.is_empty() && self.sent.is_app_limited() {
            let flight = self.flight();
            self.algorithm.on_restart(self.line.rtt, &flight);
        }
        let id = self.sent.send(segment, again.is_some(), self.now);
        let flight = self.flight();
        self.algorithm.on_sent(MSS, &flight);
        if let Some(rate) = self.algorithm.pacing_rate() {
            self.pace_at = self.pace_at.max(self.now) + MSS * SECOND / rate;
        }
        if let Some(at) = self.line.carry(MSS, self.now) {
            self.acks.push_back((at, id));
        }
    }

    fn flight(&self) -> Flight {
        Flight {
            now: self.now,
            mss: MSS,
            in_flight: self.sent.in_flight(),
            delivered: self.sent.delivered,
            lost: self.sent.lost,
            srtt: self.srtt,
            min_rtt: self.min_rtt,
            una: self.una * MSS,
            next: self.next_segment * MSS,
            app_limited: self.sent.is_app_limited(),
        }
    }

    fn acknowledge(&mut self) {
        let Some((_, id)) = self.acks.pop_front() else {
            return;
        };
        let prior_in_flight = self.sent.in_flight();
        let Some(packet) = self.sent.deliver(id, self.now) else {
            return;
        };
        let rtt = self.measure(&packet);
        self.advance(packet.segment);
        let newly_lost = self.mark_lost(id);
        self.end_recovery();
        let ack = Ack {
            flight: self.flight(),
            prior_in_flight,
            newly_acked: MSS,
            newly_lost,
            rtt,
            rate: Some(self.sent.sample(&packet, self.now)),
            in_recovery: self.recovery.is_some(),
            window_limited: self.window_limited,
            marked: 0,
        };
        self.algorithm.on_ack(&ack);
    }

    fn measure(&mut self, packet: &Packet) -> Option<Nanos> {
        let rtt = (!packet.again).then(|| self.now - packet.sent_at)?;
        self.srtt = (7 * self.srtt + rtt) / 8;
        self.min_rtt = self.min_rtt.min(rtt);
        Some(rtt)
    }

    fn advance(&mut self, segment: u64) {
        self.ahead.insert(segment);
        while self.ahead.remove(&self.una) {
            self.una += 1;
        }
    }

    /// Marks what is lost as `id` is delivered, and begins a recovery for it; the bytes.
    fn mark_lost(&mut self, id: u64) -> u64 {
        let before = self.sent.lost;
        while let Some(packet) = self.sent.lose(id) {
            self.again.push_back(packet.segment);
            let flight = self.flight();
            self.algorithm.on_lost(&self.sent.report(&packet), &flight);
        }
        let lost = self.sent.lost - before;
        if lost > 0 && self.recovery.is_none() {
            self.recover(Reason::Loss);
        }
        lost
    }

    fn recover(&mut self, reason: Reason) {
        self.recovery = Some((self.next_segment, reason == Reason::Timeout));
        let flight = self.flight();
        self.algorithm.on_congestion(reason, &flight);
    }

    fn end_recovery(&mut self) {
        if self.recovery.is_some_and(|(end, _)| self.una >= end) {
            self.recovery = None;
            let flight = self.flight();
            self.algorithm.on_recovered(&flight);
        }
    }

    fn time_out(&mut self) {
        self.mark_lost(u64::MAX);
        if !matches!(self.recovery, Some((_, true))) {
            self.recover(Reason::Timeout);
        }
    }
}
