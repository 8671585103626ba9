//! PIE, RFC 8033: drops or marks at random so that the delay stays at a target.
//!
//! The delay is that of the packet that left last, by its timestamp, and zero once the queue is
//! empty: the latency option of appendix A, which holds for any line. The departure rate of
//! section 5.2 is not estimated. Of section 5, ECN (5.1), de-randomisation (5.4) and the cap on
//! the adjustment (5.5) are here; PIE is always active (not 5.3).
//!
//! The timer needs no wake-ups: nothing sees the probability but arrivals and departures, so each
//! of these first makes up for the updates that were due before it, at their exact times. Updates
//! are due every T_UPDATE from the first arrival on; one due at the time of a packet comes first.
use super::{Discipline, PieParams, held_in_fifo};
use crate::apps::impairment::fifo::Fifo;
use crate::apps::impairment::parcel::Parcel;
use crate::apps::impairment::rules::{Drops, Rules};
use crate::cause::Cause;
use crate::time::{Nanos, SECOND};

/// MEAN_PKTSIZE of section 4.1; a queue of two such packets is never cut.
const MEAN_PKTSIZE: u64 = 1024;
/// mark_ecnth of section 5.1: above it also what could be marked is dropped.
const MARK_ECNTH: f64 = 0.1;
/// Section 5.4: no drop before, and a certain drop after so much accumulated probability.
const ACCUMULATED_MIN: f64 = 0.85;
const ACCUMULATED_MAX: f64 = 8.5;
/// Section 4.2: below each probability the adjustment is divided by so much.
const SCALE: [(f64, f64); 6] = [
    (0.000_001, 2048.0),
    (0.000_01, 512.0),
    (0.000_1, 128.0),
    (0.001, 32.0),
    (0.01, 8.0),
    (0.1, 2.0),
];
/// Section 4.2: what is left of the probability at each update without delay.
const DECAY: f64 = 0.98;
/// Section 5.5: from a probability of 0.1 on, the most it grows by in one update.
const MAX_GROWTH: f64 = 0.02;

/// A queue under PIE.
#[derive(Debug)]
pub struct Pie<P> {
    fifo: Fifo<P>,
    params: PieParams,
    control: Control,
    next_update: Option<Nanos>,
}

/// PIE's variables, by the names of the RFC.
#[derive(Clone, Debug, PartialEq)]
struct Control {
    drop_prob: f64,
    accu_prob: f64,
    burst_allowance: Nanos,
    current_qdelay: Nanos,
    qdelay_old: Nanos,
}

impl<P: Parcel> Pie<P> {
    /// An empty queue with its whole burst allowance.
    #[must_use]
    pub fn new(params: PieParams) -> Self {
        let control = Control {
            drop_prob: 0.0,
            accu_prob: 0.0,
            burst_allowance: params.max_burst_ns,
            current_qdelay: 0,
            qdelay_old: 0,
        };
        Self {
            fifo: Fifo::default(),
            params,
            control,
            next_update: None,
        }
    }

    pub(super) fn set(&mut self, params: PieParams) -> bool {
        self.params = params;
        true
    }

    /// Makes the updates that are due, and skips those that would change nothing.
    fn catch_up(&mut self, now: Nanos) {
        let period = self.params.tupdate_ns.max(1);
        let mut due = self.next_update.unwrap_or(now + period);
        while due <= now {
            let before = self.control.clone();
            self.control.update(&self.params);
            due += period;
            if self.control == before && due <= now {
                due += (now - due) / period * period + period;
            }
        }
        self.next_update = Some(due);
    }
}

impl Control {
    /// One tick of the timer: appendix A's calculate_drop_prob, and section 4.4.
    fn update(&mut self, params: &PieParams) {
        let adjustment = self.scaled(self.error(params));
        self.drop_prob += adjustment;
        if self.current_qdelay == 0 && self.qdelay_old == 0 {
            self.drop_prob *= DECAY;
        }
        self.drop_prob = self.drop_prob.clamp(0.0, 1.0);
        let calm = self.drop_prob == 0.0
            && 2 * self.current_qdelay < params.target_ns
            && 2 * self.qdelay_old < params.target_ns;
        self.burst_allowance = if calm {
            params.max_burst_ns
        } else {
            self.burst_allowance.saturating_sub(params.tupdate_ns)
        };
        self.qdelay_old = self.current_qdelay;
    }

    fn error(&self, params: &PieParams) -> f64 {
        params.alpha * seconds_between(params.target_ns, self.current_qdelay)
            + params.beta * seconds_between(self.qdelay_old, self.current_qdelay)
    }

    fn scaled(&self, adjustment: f64) -> f64 {
        let step = SCALE.iter().find(|(below, _)| self.drop_prob < *below);
        let scaled = adjustment / step.map_or(1.0, |(_, divisor)| *divisor);
        if self.drop_prob >= 0.1 {
            scaled.min(MAX_GROWTH)
        } else {
            scaled
        }
    }

    /// Appendix B's drop_early, which finds `bytes` in the queue.
    fn drop_early(&mut self, bytes: u64, params: &PieParams, rules: &mut Rules) -> bool {
        let calm = 2 * self.qdelay_old < params.target_ns && self.drop_prob < 0.2;
        if calm || bytes <= 2 * MEAN_PKTSIZE {
            return false;
        }
        if self.drop_prob == 0.0 {
            self.accu_prob = 0.0;
        }
        self.accu_prob += self.drop_prob;
        if self.accu_prob < ACCUMULATED_MIN {
            return false;
        }
        self.accu_prob >= ACCUMULATED_MAX || rules.uniform() < self.drop_prob
    }
}

fn seconds_between(earlier: Nanos, later: Nanos) -> f64 {
    (later as f64 - earlier as f64) / SECOND as f64
}

impl<P: Parcel> Discipline<P> for Pie<P> {
    fn enqueue(&mut self, mut packet: P, now: Nanos, rules: &mut Rules, drops: &mut Drops<P>) {
        self.catch_up(now);
        let (packets, bytes) = (self.fifo.packets(), self.fifo.bytes());
        let control = &mut self.control;
        if !rules.fits(packets, bytes, packet.wire_len()) {
            control.accu_prob = 0.0;
            drops.push((packet, Cause::Queue));
            return;
        }
        if control.burst_allowance == 0 && control.drop_early(bytes, &self.params, rules) {
            control.accu_prob = 0.0;
            if control.drop_prob > MARK_ECNTH || !rules.mark(&mut packet) {
                drops.push((packet, Cause::Aqm));
                return;
            }
        }
        self.fifo.push(packet, now);
    }

    fn dequeue(&mut self, now: Nanos, _: &mut Rules, _: &mut Drops<P>) -> Option<P> {
        self.catch_up(now);
        let entry = self.fifo.pop()?;
        self.control.current_qdelay = match self.fifo.packets() {
            0 => 0,
            _ => now.saturating_sub(entry.enqueued),
        };
        Some(entry.packet)
    }

    held_in_fifo!();
}

#[cfg(test)]
mod tests {
    use super::super::reference::{Model, agrees};
    use super::super::{AqmParams, PieParams};
    use crate::apps::impairment::probe::Probe;
    use crate::cause::Cause;
    use crate::rng::Stream;
    use crate::time::Nanos;
    use std::collections::VecDeque;

    /// The RFC's pseudo-code in seconds, with a timer that fires every time.
    struct Appendix {
        queue: VecDeque<(Probe, f64)>,
        timer: Option<u64>,
        drop_prob: f64,
        accu_prob: f64,
        burst_allowance: f64,
        current_qdelay: f64,
        qdelay_old: f64,
        random: Stream,
        ecn: bool,
    }

    const QDELAY_REF: f64 = 0.015;
    const T_UPDATE: f64 = 0.015;
    const MAX_BURST: f64 = 0.15;
    const LIMIT: usize = 300;

    impl Appendix {
        fn new(random: Stream, ecn: bool) -> Self {
            Self {
                queue: VecDeque::new(),
                timer: None,
                drop_prob: 0.0,
                accu_prob: 0.0,
                burst_allowance: MAX_BURST,
                current_qdelay: 0.0,
                qdelay_old: 0.0,
                random,
                ecn,
            }
        }

        fn run_timer(&mut self, now: Nanos) {
            let mut timer = self.timer.unwrap_or(now + 15_000_000);
            while timer <= now {
                self.calculate_drop_prob();
                timer += 15_000_000;
            }
            self.timer = Some(timer);
        }

        fn calculate_drop_prob(&mut self) {
            let mut p = 0.125 * (self.current_qdelay - QDELAY_REF)
                + 1.25 * (self.current_qdelay - self.qdelay_old);
            if self.drop_prob < 0.000001 {
                p /= 2048.0;
            } else if self.drop_prob < 0.00001 {
                p /= 512.0;
            } else if self.drop_prob < 0.0001 {
                p /= 128.0;
            } else if self.drop_prob < 0.001 {
                p /= 32.0;
            } else if self.drop_prob < 0.01 {
                p /= 8.0;
            } else if self.drop_prob < 0.1 {
                p /= 2.0;
            }
            if self.drop_prob >= 0.1 && p > 0.02 {
                p = 0.02;
            }
            self.drop_prob += p;
            if self.current_qdelay == 0.0 && self.qdelay_old == 0.0 {
                self.drop_prob *= 0.98;
            }
            self.drop_prob = self.drop_prob.clamp(0.0, 1.0);
            self.burst_allowance = (self.burst_allowance - T_UPDATE).max(0.0);
            if self.burst_allowance < 1e-9 {
                self.burst_allowance = 0.0;
            }
            if self.drop_prob == 0.0
                && self.current_qdelay < QDELAY_REF / 2.0
                && self.qdelay_old < QDELAY_REF / 2.0
            {
                self.burst_allowance = MAX_BURST;
            }
            self.qdelay_old = self.current_qdelay;
        }

        fn drop_early(&mut self) -> bool {
            let length: u32 = self.queue.iter().map(|(p, _)| p.len).sum();
            if (self.qdelay_old < QDELAY_REF / 2.0 && self.drop_prob < 0.2) || length <= 2 * 1024 {
                return false;
            }
            if self.drop_prob == 0.0 {
                self.accu_prob = 0.0;
            }
            self.accu_prob += self.drop_prob;
            if self.accu_prob < 0.85 {
                return false;
            }
            if self.accu_prob >= 8.5 {
                return true;
            }
            self.random.uniform() < self.drop_prob
        }
    }

    impl Model for Appendix {
        fn enqueue(&mut self, mut packet: Probe, now: Nanos) -> Vec<(Probe, Cause)> {
            self.run_timer(now);
            if self.queue.len() >= LIMIT {
                self.accu_prob = 0.0;
                return vec![(packet, Cause::Queue)];
            }
            if self.burst_allowance == 0.0 && self.drop_early() {
                self.accu_prob = 0.0;
                if self.ecn && packet.ect && self.drop_prob <= 0.1 {
                    packet.ce = true;
                } else {
                    return vec![(packet, Cause::Aqm)];
                }
            }
            self.queue.push_back((packet, now as f64 / 1e9));
            vec![]
        }

        fn dequeue(&mut self, now: Nanos) -> (Option<Probe>, Vec<(Probe, Cause)>) {
            self.run_timer(now);
            let Some((packet, tstamp)) = self.queue.pop_front() else {
                return (None, vec![]);
            };
            self.current_qdelay = now as f64 / 1e9 - tstamp;
            if self.queue.is_empty() {
                self.current_qdelay = 0.0;
            }
            (Some(packet), vec![])
        }
    }

    #[test]
    fn traces_are_those_of_the_rfc() {
        for ecn in [false, true] {
            let code = |random, _| Appendix::new(random, ecn);
            let params = AqmParams::Pie(PieParams::default());
            let seen = agrees(params, ecn, LIMIT as u64, code);
            assert!(seen.aqm > 500 && seen.queue > 100, "{seen:?}");
            assert_eq!(seen.marked > 20, ecn, "{seen:?}");
        }
    }
}
