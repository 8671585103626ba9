//! A gate that opens from time to time and lets a burst through, as netem's `slot`.
//!
//! The gate is open from the time of its slot on, until the slot's packets or bytes are used up;
//! the next slot is then a gap later. A packet that becomes ready after the slot's time finds it
//! gone, and waits for one that is a gap after itself: so packets leave in bursts also without
//! limits.
use super::parcel::Parcel;
use crate::rng::Stream;
use crate::time::Nanos;
use std::collections::VecDeque;

/// Draws the time to the next slot.
pub type Gap = Box<dyn Fn(&mut Stream) -> Nanos + Send>;

/// A gap uniform in [min, max): `min` where `max` is not above it.
#[must_use]
pub fn uniform_gap(min: Nanos, max: Nanos) -> Gap {
    Box::new(move |random| min.saturating_add(random.below(max.saturating_sub(min))))
}

/// How much passes in a slot; 0 = no limit.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SlotLimits {
    /// Packets.
    pub packets: u32,
    /// Bytes; the packet that reaches them still passes.
    pub bytes: u32,
}

/// A gate, and the packets before it.
pub struct Slot<P> {
    limits: SlotLimits,
    gap: Gap,
    random: Stream,
    waiting: VecDeque<(Nanos, P)>,
    opens: Nanos,
    packets_left: i64,
    bytes_left: i64,
}

impl<P: Parcel> Slot<P> {
    /// A gate whose first slot is at `now`; its gaps are drawn from `random`.
    #[must_use]
    pub fn new(limits: SlotLimits, gap: Gap, random: Stream, now: Nanos) -> Self {
        let mut slot = Self {
            limits,
            gap,
            random,
            waiting: VecDeque::new(),
            opens: now,
            packets_left: 0,
            bytes_left: 0,
        };
        slot.refill();
        slot
    }

    /// Takes a packet that is ready to leave at `ready`; these times never go back.
    pub fn push(&mut self, packet: P, ready: Nanos) {
        self.waiting.push_back((ready, packet));
        if self.waiting.len() == 1 {
            self.seek();
        }
    }

    /// When the next packet leaves; none where none waits.
    #[must_use]
    pub fn next_event(&self) -> Option<Nanos> {
        let (ready, _) = self.waiting.front()?;
        Some(self.opens.max(*ready))
    }

    /// Hands out what has left until `now`, each packet with its time, in order.
    pub fn advance(&mut self, now: Nanos, out: &mut impl FnMut(Nanos, P)) {
        while let Some(at) = self.next_event().filter(|at| *at <= now) {
            if let Some((_, packet)) = self.waiting.pop_front() {
                self.spend(packet.wire_len(), at);
                out(at, packet);
            }
            self.seek();
        }
    }

    /// Changes limits and gaps, from the next slot on; the draws go on.
    pub fn reconfigure(&mut self, limits: SlotLimits, gap: Gap) {
        self.limits = limits;
        self.gap = gap;
    }

    /// Takes everything out, oldest first.
    pub fn release(self) -> impl Iterator<Item = P> {
        self.waiting.into_iter().map(|(_, packet)| packet)
    }

    /// How many packets wait.
    #[must_use]
    pub fn packets(&self) -> usize {
        self.waiting.len()
    }

    /// Finds the slot of the packet at the head.
    fn seek(&mut self) {
        if let Some((ready, _)) = self.waiting.front()
            && self.opens < *ready
        {
            self.next_slot(*ready);
        }
    }

    fn spend(&mut self, len: u32, at: Nanos) {
        self.packets_left -= 1;
        self.bytes_left -= i64::from(len);
        if self.packets_left <= 0 || self.bytes_left <= 0 {
            self.next_slot(at);
        }
    }

    fn next_slot(&mut self, from: Nanos) {
        self.opens = from.saturating_add((self.gap)(&mut self.random));
        self.refill();
    }

    fn refill(&mut self) {
        let unless_none = |limit| {
            if limit == 0 {
                i64::MAX
            } else {
                i64::from(limit)
            }
        };
        self.packets_left = unless_none(self.limits.packets);
        self.bytes_left = unless_none(self.limits.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::impairment::probe::Probe;

    fn stream() -> Stream {
        Stream::new(1, "slot")
    }

    fn departures(limits: SlotLimits, gap: Nanos, arrivals: &[(Nanos, u32)]) -> Vec<Nanos> {
        let mut slot = Slot::new(limits, Box::new(move |_| gap), stream(), 0);
        let mut times = vec![];
        for (at, len) in arrivals {
            slot.advance(*at, &mut |at, _| times.push(at));
            slot.push(Probe::new(0, *len), *at);
        }
        slot.advance(u64::MAX, &mut |at, _| times.push(at));
        times
    }

    const BURST: [(Nanos, u32); 6] = [(0, 100); 6];

    #[test]
    fn a_slot_lets_through_its_packets_or_its_bytes() {
        let packets = SlotLimits {
            packets: 2,
            bytes: 0,
        };
        assert_eq!(departures(packets, 10, &BURST), [0, 0, 10, 10, 20, 20]);
        let bytes = SlotLimits {
            packets: 0,
            bytes: 201,
        };
        assert_eq!(departures(bytes, 10, &BURST), [0, 0, 0, 10, 10, 10]);
    }

    #[test]
    fn without_limits_packets_gather_until_the_slot_after_the_first() {
        let arrivals = [(5, 1), (7, 1), (15, 1), (16, 1), (40, 1)];
        let times = departures(SlotLimits::default(), 10, &arrivals);
        assert_eq!(times, [15, 15, 15, 26, 50]);
    }

    #[test]
    fn waking_late_or_often_gives_the_same_times() {
        let arrivals: Vec<_> = (0..500).map(|i| (i * i % 37 + i * 9, 100)).collect();
        let limits = SlotLimits {
            packets: 3,
            bytes: 0,
        };
        let mut arrivals = arrivals;
        arrivals.sort_unstable();
        let run = |step: Nanos| {
            let mut slot = Slot::new(limits, uniform_gap(10, 90), stream(), 0);
            let (mut times, mut rest) = (vec![], &arrivals[..]);
            let mut now = 0;
            while now < 40_000 {
                while let Some(((at, len), tail)) = rest.split_first().filter(|(f, _)| f.0 <= now) {
                    slot.push(Probe::new(0, *len), *at);
                    rest = tail;
                }
                slot.advance(now, &mut |at, _| times.push(at));
                now += step;
            }
            times
        };
        assert_eq!(run(1), run(997));
        assert_eq!(run(1).len(), 500);
    }

    #[test]
    fn uniform_gaps_stay_in_their_range() {
        let (gap, mut random) = (uniform_gap(800, 1000), stream());
        let gaps: Vec<_> = (0..10_000).map(|_| gap(&mut random)).collect();
        assert!(gaps.iter().all(|gap| (800..1000).contains(gap)));
        let mean = gaps.iter().sum::<u64>() as f64 / 1e4;
        assert!((mean - 899.5).abs() < 3.0, "{mean}");
        assert_eq!(uniform_gap(7, 7)(&mut random), 7);
    }
}
