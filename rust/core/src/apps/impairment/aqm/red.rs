//! Random early detection: S. Floyd and V. Jacobson, "Random Early Detection Gateways for
//! Congestion Avoidance", IEEE/ACM Transactions on Networking 1(4), 1993, figure 2; its queue is
//! counted in bytes.
use super::{Discipline, RedParams, held_in_fifo};
use crate::apps::impairment::fifo::Fifo;
use crate::apps::impairment::parcel::Parcel;
use crate::apps::impairment::rules::{Drops, Rules};
use crate::cause::Cause;
use crate::time::{Nanos, SECOND};

/// The typical packet whose time on the line is the step of the decay while the queue is empty.
const TYPICAL: u64 = 1000;

/// A queue under random early detection.
#[derive(Debug)]
pub struct Red<P> {
    fifo: Fifo<P>,
    params: RedParams,
    average: f64,
    /// Packets since the last drop or mark; −1 below the band.
    count: i64,
    /// Since when the queue has been empty.
    idle_since: Option<Nanos>,
}

impl<P: Parcel> Red<P> {
    /// An empty queue with an average of 0.
    #[must_use]
    pub fn new(params: RedParams) -> Self {
        Self {
            fifo: Fifo::default(),
            params,
            average: 0.0,
            count: -1,
            idle_since: None,
        }
    }

    pub(super) fn set(&mut self, params: RedParams) -> bool {
        self.params = params;
        true
    }

    /// Takes the queue that an arrival finds into the average.
    fn sample(&mut self, now: Nanos, rate: u64) {
        let weight = self.params.weight;
        match self.idle_since.filter(|_| self.fifo.packets() == 0) {
            Some(since) if self.average > 0.0 => {
                self.average *= decay(weight, now - since, rate);
            }
            Some(_) => {}
            None => self.average += weight * (self.fifo.bytes() as f64 - self.average),
        }
        // What has decayed until now must not do so again, if this packet is dropped.
        self.idle_since = self.idle_since.map(|_| now);
    }

    /// Whether the arriving packet is one to drop or mark.
    fn chooses(&mut self, rules: &mut Rules) -> bool {
        let RedParams { min, max, .. } = self.params;
        let (min, max) = (min as f64, max as f64);
        let chosen = if self.average < min {
            self.count = -1;
            return false;
        } else if self.average < max {
            self.count += 1;
            let base = self.params.probability * (self.average - min) / (max - min);
            rules.uniform() < spread(base, self.count)
        } else {
            true
        };
        if chosen {
            self.count = 0;
        }
        chosen
    }
}

/// What is left of the average after an idle time: the paper's (1 − w)^m.
fn decay(weight: f64, idle: Nanos, rate: u64) -> f64 {
    let packets = idle as f64 * rate as f64 / ((TYPICAL * 8 * SECOND) as f64);
    libm::pow(1.0 - weight, packets)
}

/// p_a of p_b: spreads the drops evenly instead of geometrically.
fn spread(base: f64, count: i64) -> f64 {
    let rest = 1.0 - count as f64 * base;
    if rest > 0.0 { base / rest } else { 1.0 }
}

impl<P: Parcel> Discipline<P> for Red<P> {
    fn enqueue(&mut self, mut packet: P, now: Nanos, rules: &mut Rules, drops: &mut Drops<P>) {
        self.sample(now, rules.rate());
        if self.chooses(rules) && !rules.mark(&mut packet) {
            drops.push((packet, Cause::Aqm));
        } else {
            self.fifo.push_within(packet, now, rules, drops);
        }
        if self.fifo.packets() > 0 {
            self.idle_since = None;
        }
    }

    fn dequeue(&mut self, now: Nanos, _: &mut Rules, _: &mut Drops<P>) -> Option<P> {
        let entry = self.fifo.pop()?;
        if self.fifo.packets() == 0 {
            self.idle_since = Some(now);
        }
        Some(entry.packet)
    }

    held_in_fifo!();
}

#[cfg(test)]
mod tests {
    use super::super::reference::{Model, agrees};
    use super::super::{AqmParams, RedParams};
    use crate::apps::impairment::probe::Probe;
    use crate::cause::Cause;
    use crate::rng::Stream;
    use crate::time::Nanos;
    use std::collections::VecDeque;

    /// Figure 2 of the paper, in seconds and floats.
    struct Figure {
        queue: VecDeque<Probe>,
        avg: f64,
        count: f64,
        q_time: Option<f64>,
        random: Stream,
        ecn: bool,
        s: f64,
        params: RedParams,
    }

    impl Model for Figure {
        fn enqueue(&mut self, mut packet: Probe, now: Nanos) -> Vec<(Probe, Cause)> {
            let w = self.params.weight;
            let time = now as f64 / 1e9;
            let q: f64 = self.queue.iter().map(|p| f64::from(p.len)).sum();
            if let (true, Some(q_time)) = (self.queue.is_empty(), self.q_time) {
                let m = (time - q_time) / self.s;
                self.avg *= libm::exp(m * libm::log1p(-w));
                self.q_time = Some(time);
            } else {
                self.avg = (1.0 - w) * self.avg + w * q;
            }
            let (min, max) = (self.params.min as f64, self.params.max as f64);
            let mut marked = false;
            if min <= self.avg && self.avg < max {
                self.count += 1.0;
                let pb = self.params.probability * (self.avg - min) / (max - min);
                let pa = if self.count * pb >= 1.0 {
                    1.0
                } else {
                    pb / (1.0 - self.count * pb)
                };
                marked = self.random.uniform() < pa;
            } else if max <= self.avg {
                marked = true;
            } else {
                self.count = -1.0;
            }
            if marked {
                self.count = 0.0;
                if self.ecn && packet.ect {
                    packet.ce = true;
                } else {
                    return vec![(packet, Cause::Aqm)];
                }
            }
            if self.queue.len() >= 40 {
                return vec![(packet, Cause::Queue)];
            }
            self.queue.push_back(packet);
            self.q_time = None;
            vec![]
        }

        fn dequeue(&mut self, now: Nanos) -> (Option<Probe>, Vec<(Probe, Cause)>) {
            let packet = self.queue.pop_front();
            if packet.is_some() && self.queue.is_empty() {
                self.q_time = Some(now as f64 / 1e9);
            }
            (packet, vec![])
        }
    }

    #[test]
    fn traces_are_those_of_the_paper() {
        let params = RedParams {
            min: 10_000,
            max: 60_000,
            probability: 0.1,
            weight: 0.02,
        };
        for ecn in [false, true] {
            let figure = |random, rate| Figure {
                queue: VecDeque::new(),
                avg: 0.0,
                count: -1.0,
                q_time: None,
                random,
                ecn,
                s: 8000.0 / rate as f64,
                params,
            };
            let seen = agrees(AqmParams::Red(params), ecn, 40, figure);
            assert!(seen.aqm > 500 && seen.queue > 100, "{seen:?}");
            assert_eq!(seen.marked > 500, ecn, "{seen:?}");
        }
    }
}
