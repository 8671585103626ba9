//! The queue before a line: limits, and a discipline that decides who waits and who leaves.
use super::aqm::{Aqm, AqmParams, Discipline};
use super::parcel::Parcel;
use super::rules::{Drops, Limits, Rules};
use super::shared::Shared;
use crate::rng::Stream;
use crate::time::Nanos;

/// A queue. Packets remember when they came; the packet on the line is not in it.
#[derive(Debug)]
pub struct Queue<P> {
    rules: Rules,
    holding: Holding<P>,
}

/// Who holds the packets.
#[derive(Debug)]
enum Holding<P> {
    One(Aqm<P>),
    /// Several share it.
    Several(Box<Shared<P>>),
}

macro_rules! held {
    ($holding:expr, $inner:ident => $do:expr) => {
        match $holding {
            Holding::One($inner) => $do,
            Holding::Several($inner) => $do,
        }
    };
}

impl<P: Parcel> Queue<P> {
    /// An empty queue; `random` is what RED and PIE draw from. With `ecn`, what an AQM would
    /// drop is marked where the transport understands marks.
    #[must_use]
    pub fn new(limits: Limits, aqm: &AqmParams, ecn: bool, random: Stream) -> Self {
        Self {
            rules: Rules::new(limits, ecn, random),
            holding: Holding::One(Aqm::new(aqm)),
        }
    }

    /// Tells the line's rate, for the limit in time and RED's idle decay.
    pub fn set_rate(&mut self, bits_per_second: u64) {
        self.rules.set_rate(bits_per_second);
    }

    /// Changes limits and discipline. What waits stays, also above a smaller limit, which then
    /// holds for what arrives.
    pub fn reconfigure(&mut self, limits: Limits, aqm: &AqmParams, ecn: bool) {
        self.rules.set(limits, ecn);
        if let Holding::One(one) = &mut self.holding {
            one.reconfigure(aqm);
        }
    }

    /// Has several share it from now on, by their weights: a packet belongs to the one of its class.
    /// One alone, or none, is nobody to share with. What waits stays.
    pub fn share(&mut self, weights: &[u32], aqm: &AqmParams) {
        let several = weights.len() > 1;
        if let (true, Holding::Several(shared)) = (several, &mut self.holding) {
            shared.set(weights, aqm);
            return;
        }
        if several || matches!(self.holding, Holding::Several(_)) {
            let waiting = held!(&mut self.holding, inner => inner.drain());
            self.holding = if several {
                Holding::Several(Box::new(Shared::new(weights, aqm)))
            } else {
                Holding::One(Aqm::new(aqm))
            };
            for entry in waiting {
                held!(&mut self.holding, inner => inner.adopt(entry));
            }
        }
    }

    /// Packets and bytes that wait of one of those that share it.
    #[must_use]
    pub fn held(&self, number: usize) -> (u64, u64) {
        match &self.holding {
            Holding::Several(shared) => shared.held(number),
            Holding::One(aqm) if number == 0 => (aqm.packets(), aqm.bytes()),
            Holding::One(_) => (0, 0),
        }
    }

    /// Takes a packet that arrives at `now`; what does not stay, this or another, goes to `drops`.
    #[inline]
    pub fn enqueue(&mut self, packet: P, now: Nanos, drops: &mut Drops<P>) {
        let rules = &mut self.rules;
        held!(&mut self.holding, inner => inner.enqueue(packet, now, rules, drops));
    }

    /// The packet that leaves at `now`; none where the queue is empty, or was emptied by drops.
    #[inline]
    pub fn dequeue(&mut self, now: Nanos, drops: &mut Drops<P>) -> Option<P> {
        let rules = &mut self.rules;
        held!(&mut self.holding, inner => inner.dequeue(now, rules, drops))
    }

    /// How many packets wait.
    #[inline]
    #[must_use]
    pub fn packets(&self) -> u64 {
        held!(&self.holding, inner => inner.packets())
    }

    /// How many bytes wait.
    #[inline]
    #[must_use]
    pub fn bytes(&self) -> u64 {
        held!(&self.holding, inner => inner.bytes())
    }

    /// How long the oldest packet has waited; none where nothing waits.
    #[must_use]
    pub fn head_sojourn(&self, now: Nanos) -> Option<Nanos> {
        held!(&self.holding, inner => inner.head_sojourn(now))
    }

    /// How many packets were marked instead of dropped.
    #[must_use]
    pub const fn marked(&self) -> u64 {
        self.rules.marked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::impairment::probe::Probe;
    use crate::cause::Cause;

    const KINDS: [&str; 6] = [
        r#"{"kind":"droptail"}"#,
        r#"{"kind":"drophead"}"#,
        r#"{"kind":"red","min":5000,"max":15000}"#,
        r#"{"kind":"codel"}"#,
        r#"{"kind":"fq_codel","flows":16}"#,
        r#"{"kind":"pie"}"#,
    ];

    fn queue(packets: u64, kind: &str) -> Queue<Probe> {
        let limits = Limits {
            packets: Some(packets),
            ..Limits::default()
        };
        let params = serde_json::from_str(kind).unwrap();
        Queue::new(limits, &params, false, Stream::new(1, "queue"))
    }

    fn ids(queue: &mut Queue<Probe>) -> Vec<u32> {
        std::iter::from_fn(|| queue.dequeue(9, &mut vec![]))
            .map(|packet| packet.id)
            .collect()
    }

    #[test]
    fn a_full_queue_drops_its_tail_or_its_head() {
        for (kind, kept, lost) in [(KINDS[0], [0, 1], 2), (KINDS[1], [1, 2], 0)] {
            let (mut queue, mut drops) = (queue(2, kind), vec![]);
            (0..3).for_each(|id| queue.enqueue(Probe::new(id, 100), 0, &mut drops));
            assert_eq!((queue.packets(), queue.bytes()), (2, 200));
            assert_eq!(drops, [(Probe::new(lost, 100), Cause::Queue)]);
            assert_eq!(ids(&mut queue), kept);
        }
    }

    #[test]
    fn every_discipline_keeps_the_hard_limit() {
        for kind in KINDS {
            let (mut queue, mut drops) = (queue(20, kind), vec![]);
            for id in 0..500 {
                queue.enqueue(Probe::new(id, 100), u64::from(id), &mut drops);
                assert!(queue.packets() <= 20, "{kind}");
            }
            let queued = drops
                .iter()
                .filter(|(_, cause)| *cause == Cause::Queue)
                .count();
            let waiting = queue.packets();
            assert!(queued > 0 && drops.len() as u64 + waiting == 500, "{kind}");
        }
    }

    #[test]
    fn changing_the_discipline_or_the_limit_loses_nothing() {
        for from in KINDS {
            for to in KINDS {
                let (mut queue, mut drops) = (queue(50, from), vec![]);
                (0..10).for_each(|id| queue.enqueue(Probe::new(id, 100), id.into(), &mut drops));
                let limits = Limits {
                    packets: Some(5),
                    ..Limits::default()
                };
                queue.reconfigure(limits, &serde_json::from_str(to).unwrap(), true);
                assert_eq!((queue.packets(), queue.bytes()), (10, 1000));
                assert_eq!(queue.head_sojourn(9), Some(9));
                assert_eq!(ids(&mut queue), (0..10).collect::<Vec<_>>(), "{from} {to}");
                assert_eq!((queue.packets(), drops.len()), (0, 0));
            }
        }
    }
}
