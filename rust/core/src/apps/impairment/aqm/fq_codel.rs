//! FQ-CoDel, RFC 8290: flows take turns of a quantum of bytes, each under a CoDel of its own.
use super::codel::Control;
use super::{CodelParams, Discipline, FqCodelParams};
use crate::apps::impairment::fifo::{Entry, Fifo};
use crate::apps::impairment::parcel::Parcel;
use crate::apps::impairment::rules::{Drops, Rules};
use crate::cause::Cause;
use crate::time::Nanos;
use std::cmp::Reverse;
use std::collections::VecDeque;

/// The most packets that the fattest flow loses at once (section 4.1).
const BATCH: u64 = 64;

/// A queue per flow hash, and the two lists of those that have a turn.
#[derive(Debug)]
pub struct FqCodel<P> {
    params: FqCodelParams,
    flows: Vec<Flow<P>>,
    new: VecDeque<u32>,
    old: VecDeque<u32>,
    packets: u64,
    bytes: u64,
}

#[derive(Debug)]
struct Flow<P> {
    fifo: Fifo<P>,
    control: Control,
    credits: i64,
    listed: bool,
}

impl<P: Parcel> FqCodel<P> {
    /// Empty queues.
    #[must_use]
    pub fn new(params: FqCodelParams) -> Self {
        let flow = || Flow {
            fifo: Fifo::default(),
            control: Control::default(),
            credits: 0,
            listed: false,
        };
        Self {
            params,
            flows: std::iter::repeat_with(flow)
                .take(params.flows.max(1) as usize)
                .collect(),
            new: VecDeque::new(),
            old: VecDeque::new(),
            packets: 0,
            bytes: 0,
        }
    }

    /// Takes other parameters, unless the number of flows differs.
    pub(super) fn set(&mut self, params: FqCodelParams) -> bool {
        let same = params.flows == self.params.flows;
        if same {
            self.params = params;
        }
        same
    }

    fn codel(&self) -> CodelParams {
        CodelParams {
            target_ns: self.params.target_ns,
            interval_ns: self.params.interval_ns,
        }
    }

    /// The flow whose turn it is: the first with credits, new flows before old ones; and whether
    /// it is a new one. A flow without credits gets a quantum and waits behind the old ones.
    ///
    /// The RFC speaks of a negative number of credits and of a flow that has sent a quantum at
    /// least: none left is read as the latter.
    fn turn(&mut self) -> Option<(u32, bool)> {
        loop {
            let is_new = !self.new.is_empty();
            let list = if is_new { &mut self.new } else { &mut self.old };
            let index = *list.front()?;
            let flow = &mut self.flows[index as usize];
            if flow.credits > 0 {
                return Some((index, is_new));
            }
            flow.credits += i64::from(self.params.quantum.max(1));
            list.pop_front();
            self.old.push_back(index);
        }
    }

    /// Takes the flow that proved empty off its list; a new one goes to the end of the old ones
    /// first, or it could come back as new forever (section 4.2).
    fn retire(&mut self, index: u32, is_new: bool) {
        if is_new {
            self.new.pop_front();
            self.old.push_back(index);
        } else {
            self.old.pop_front();
            self.flows[index as usize].listed = false;
        }
    }

    /// Drops from the head of the flow with the most bytes: half its packets, 64 at most.
    fn relieve(&mut self, drops: &mut Drops<P>) {
        let listed = self.new.iter().chain(&self.old);
        let fattest = listed.max_by_key(|i| (self.flows[**i as usize].fifo.bytes(), Reverse(**i)));
        let Some(index) = fattest else { return };
        let fifo = &mut self.flows[*index as usize].fifo;
        let batch = (fifo.packets() / 2).clamp(1, BATCH);
        for entry in std::iter::from_fn(|| fifo.pop()).take(batch as usize) {
            self.packets -= 1;
            self.bytes -= u64::from(entry.len);
            drops.push((entry.packet, Cause::Queue));
        }
    }
}

impl<P: Parcel> Discipline<P> for FqCodel<P> {
    fn enqueue(&mut self, packet: P, now: Nanos, rules: &mut Rules, drops: &mut Drops<P>) {
        let len = packet.wire_len();
        self.adopt(Entry {
            packet,
            enqueued: now,
            len,
        });
        while rules.exceeded(self.packets, self.bytes) && self.packets > 0 {
            self.relieve(drops);
        }
    }

    fn dequeue(&mut self, now: Nanos, rules: &mut Rules, drops: &mut Drops<P>) -> Option<P> {
        let codel = self.codel();
        loop {
            let (index, is_new) = self.turn()?;
            let flow = &mut self.flows[index as usize];
            let (packets, bytes) = (flow.fifo.packets(), flow.fifo.bytes());
            let entry = flow
                .control
                .dequeue(&mut flow.fifo, codel, now, rules, drops);
            self.packets -= packets - flow.fifo.packets();
            self.bytes -= bytes - flow.fifo.bytes();
            if let Some(entry) = entry {
                flow.credits -= i64::from(entry.len);
                return Some(entry.packet);
            }
            self.retire(index, is_new);
        }
    }

    fn packets(&self) -> u64 {
        self.packets
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn head_sojourn(&self, now: Nanos) -> Option<Nanos> {
        let listed = self.new.iter().chain(&self.old);
        listed
            .filter_map(|index| self.flows[*index as usize].fifo.head_sojourn(now))
            .max()
    }

    fn adopt(&mut self, entry: Entry<P>) {
        let index = entry.packet.flow_hash() % self.flows.len() as u32;
        let flow = &mut self.flows[index as usize];
        self.packets += 1;
        self.bytes += u64::from(entry.len);
        flow.fifo.append(entry);
        if !flow.listed {
            flow.listed = true;
            flow.credits = i64::from(self.params.quantum.max(1));
            self.new.push_back(index);
        }
    }

    fn drain(&mut self) -> Vec<Entry<P>> {
        let flows = self.flows.iter_mut();
        let mut entries: Vec<_> = flows.flat_map(|flow| flow.fifo.drain()).collect();
        entries.sort_by_key(|entry| entry.enqueued);
        *self = Self::new(self.params);
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::super::reference::{Model, PseudoCode, agrees};
    use super::super::{AqmParams, FqCodelParams};
    use crate::apps::impairment::probe::Probe;
    use crate::cause::Cause;
    use crate::time::Nanos;

    /// RFC 8290, section 4, as the text says it, over a vector of queues.
    struct Text {
        queues: Vec<(PseudoCode, i64)>,
        new: Vec<usize>,
        old: Vec<usize>,
        quantum: i64,
        limit: usize,
    }

    impl Text {
        fn total(&self) -> usize {
            self.queues.iter().map(|(codel, _)| codel.queue.len()).sum()
        }

        fn fattest(&self) -> usize {
            let bytes = |i: usize| -> u32 {
                let queue = &self.queues[i].0.queue;
                queue.iter().map(|(p, _)| p.len).sum()
            };
            (1..self.queues.len()).fold(0, |best, i| if bytes(i) > bytes(best) { i } else { best })
        }
    }

    impl Model for Text {
        fn enqueue(&mut self, packet: Probe, now: Nanos) -> Vec<(Probe, Cause)> {
            let i = packet.flow as usize % self.queues.len();
            self.queues[i].0.queue.push_back((packet, now as f64));
            if !self.new.contains(&i) && !self.old.contains(&i) {
                self.queues[i].1 = self.quantum;
                self.new.push(i);
            }
            let mut drops = vec![];
            if self.total() > self.limit {
                let fattest = self.fattest();
                let queue = &mut self.queues[fattest].0.queue;
                let batch = (queue.len() / 2).clamp(1, 64);
                drops.extend(queue.drain(..batch).map(|(p, _)| (p, Cause::Queue)));
            }
            drops
        }

        fn dequeue(&mut self, now: Nanos) -> (Option<Probe>, Vec<(Probe, Cause)>) {
            let mut drops = vec![];
            while let Some(&i) = self.new.first().or(self.old.first()) {
                let was_new = !self.new.is_empty();
                if self.queues[i].1 <= 0 {
                    self.queues[i].1 += self.quantum;
                    if was_new {
                        &mut self.new
                    } else {
                        &mut self.old
                    }
                    .remove(0);
                    self.old.push(i);
                    continue;
                }
                if let Some(packet) = self.queues[i].0.dequeue(now as f64, &mut drops) {
                    self.queues[i].1 -= i64::from(packet.len);
                    return (Some(packet), drops);
                }
                if was_new {
                    self.new.remove(0);
                    self.old.push(i);
                } else {
                    self.old.remove(0);
                }
            }
            (None, drops)
        }
    }

    #[test]
    fn traces_are_those_of_the_rfc() {
        for (flows, quantum) in [(1024, 1514), (8, 300), (1, 6000)] {
            let params = FqCodelParams {
                flows,
                quantum,
                ..FqCodelParams::default()
            };
            for ecn in [false, true] {
                let codel = || PseudoCode::new(params.target_ns, params.interval_ns, ecn);
                let text = |_, _| Text {
                    queues: (0..flows).map(|_| (codel(), 0)).collect(),
                    new: vec![],
                    old: vec![],
                    quantum: i64::from(quantum),
                    limit: 200,
                };
                let seen = agrees(AqmParams::FqCodel(params), ecn, 200, text);
                assert!(seen.aqm > 200 && seen.queue > 100, "{seen:?}");
                assert_eq!(seen.marked > 200, ecn, "{seen:?}");
            }
        }
    }
}
