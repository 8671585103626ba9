//! A queue and the line behind it: where packets wait, and when they leave.
//!
//! All happens at exact times, whenever the caller wakes: what was due before an arrival, or
//! before `now`, is done at its own time first.
use super::aqm::AqmParams;
use super::opportunity::{Opportunity, Trace};
use super::parcel::Parcel;
use super::queue::Queue;
use super::rules::{Drops, Limits};
use super::serializer::{Framing, Serializer};
use crate::rng::Stream;
use crate::time::{Nanos, SECOND};
use std::collections::VecDeque;

/// What kind of line.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// A constant rate.
    Rate {
        /// Bits per second, from 1.
        bits_per_second: u64,
        /// What the line adds to packets.
        framing: Framing,
    },
    /// Opportunities of a trace.
    Trace(Trace),
}

impl Line {
    fn mean_rate(&self) -> u64 {
        match self {
            Self::Rate {
                bits_per_second, ..
            } => *bits_per_second,
            Self::Trace(trace) => trace.mean_rate(),
        }
    }
}

/// What a bottleneck is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct BottleneckParams {
    /// The line.
    pub line: Line,
    /// How much may wait for it.
    pub limits: Limits,
    /// Who waits and who leaves.
    pub aqm: AqmParams,
    /// Whether the AQM marks where it can.
    pub ecn: bool,
    /// The weights of those that share the queue, by their classes; none where nobody does.
    pub weights: Vec<u32>,
}

#[derive(Debug)]
enum Service<P> {
    Rate(Serializer<P>),
    Trace(Opportunity<P>),
}

/// A queue joined to a line.
#[derive(Debug)]
pub struct Bottleneck<P> {
    queue: Queue<P>,
    service: Service<P>,
    /// What left before the last arrival, and was not handed out yet.
    done: VecDeque<(Nanos, P)>,
    clock: Nanos,
}

impl<P: Parcel> Bottleneck<P> {
    /// An idle bottleneck. A trace starts at `now`; `random` is the AQM's.
    #[must_use]
    pub fn new(params: &BottleneckParams, now: Nanos, random: Stream) -> Self {
        let mut queue = Queue::new(params.limits, &params.aqm, params.ecn, random);
        queue.share(&params.weights, &params.aqm);
        queue.set_rate(params.line.mean_rate());
        Self {
            queue,
            service: Service::new(&params.line, now),
            done: VecDeque::new(),
            clock: now,
        }
    }

    /// Takes a packet that arrived at `arrived`, after what was due until then. A time before
    /// one that it was told earlier counts as that.
    #[inline]
    pub fn push(&mut self, packet: P, arrived: Nanos, drops: &mut Drops<P>) {
        let arrived = arrived.max(self.clock);
        self.settle(arrived, drops);
        self.queue.enqueue(packet, arrived, drops);
        match &mut self.service {
            Service::Rate(line) if line.is_idle() => {
                if let Some(packet) = self.queue.dequeue(arrived, drops) {
                    line.start(packet, arrived);
                }
            }
            Service::Trace(line) if line.is_idle() && self.queue.packets() == 1 => {
                line.skip(arrived);
            }
            _ => {}
        }
    }

    /// When something happens next; none while nothing waits or is on the line. A time that has
    /// passed means that [`advance`](Self::advance) has packets to hand out.
    #[inline]
    #[must_use]
    pub fn next_event(&self) -> Option<Nanos> {
        match self.done.front() {
            Some((at, _)) => Some(*at),
            None => self.due(),
        }
    }

    /// Whether [`pop`](Self::pop) at `now` has something to do.
    #[inline]
    #[must_use]
    pub fn is_due(&self, now: Nanos) -> bool {
        self.next_event().is_some_and(|at| at <= now)
    }

    /// The next packet that has left until `now`, and when, in order; none once all are out.
    #[inline]
    pub fn pop(&mut self, now: Nanos, drops: &mut Drops<P>) -> Option<(Nanos, P)> {
        loop {
            if !self.done.is_empty() {
                return self.done.pop_front();
            }
            let Some(at) = self.due().filter(|at| *at <= now) else {
                self.clock = self.clock.max(now);
                return None;
            };
            if let Some(left) = self.step(at, drops) {
                return Some(left);
            }
        }
    }

    /// Hands out what has left until `now`, each packet with its time, in order.
    pub fn advance(&mut self, now: Nanos, out: &mut impl FnMut(Nanos, P), drops: &mut Drops<P>) {
        while let Some((at, packet)) = self.pop(now, drops) {
            out(at, packet);
        }
    }

    /// Changes all parameters. What waits stays, and so does what is on the line: its bytes that
    /// are left at `now` go at the new rate. Another trace starts at `now`; the same goes on.
    pub fn reconfigure(&mut self, params: &BottleneckParams, now: Nanos, drops: &mut Drops<P>) {
        let now = now.max(self.clock);
        self.settle(now, drops);
        self.queue
            .reconfigure(params.limits, &params.aqm, params.ecn);
        self.queue.share(&params.weights, &params.aqm);
        self.queue.set_rate(params.line.mean_rate());
        self.service.set(&params.line, now);
        if let Service::Rate(line) = &mut self.service
            && line.is_idle()
            && let Some(packet) = self.queue.dequeue(now, drops)
        {
            line.start(packet, now);
        }
    }

    /// Takes everything out as it stands, oldest first: no line paces it, and no AQM, which would
    /// take a queue that empties late for one that stands, drops any of it.
    pub fn release(mut self, each: &mut impl FnMut(P)) {
        self.done.into_iter().for_each(|(_, packet)| each(packet));
        self.service.interrupt().into_iter().for_each(&mut *each);
        self.queue
            .reconfigure(Limits::default(), &AqmParams::Droptail {}, false);
        self.queue.share(&[], &AqmParams::Droptail {});
        while let Some(packet) = self.queue.dequeue(self.clock, &mut Vec::new()) {
            each(packet);
        }
    }

    /// The queue, for its counters.
    #[must_use]
    pub const fn queue(&self) -> &Queue<P> {
        &self.queue
    }

    /// How long a packet that came now would stand: the waiting bytes at the line's rate, of a
    /// trace at its mean one.
    #[must_use]
    pub fn queue_ns(&self) -> Nanos {
        let rate = match &self.service {
            Service::Rate(line) => line.rate(),
            Service::Trace(line) => line.trace().mean_rate(),
        };
        let work = u128::from(self.queue.bytes()) * 8 * u128::from(SECOND);
        Nanos::try_from(work / u128::from(rate)).unwrap_or(Nanos::MAX)
    }

    #[inline]
    fn due(&self) -> Option<Nanos> {
        match &self.service {
            Service::Rate(line) => line.next_event(),
            Service::Trace(line) if line.is_idle() && self.queue.packets() == 0 => None,
            Service::Trace(line) => Some(line.next_opportunity()),
        }
    }

    /// Does what is due until `now`, and keeps what leaves.
    #[inline]
    fn settle(&mut self, now: Nanos, drops: &mut Drops<P>) {
        while let Some(at) = self.due().filter(|at| *at <= now) {
            let left = self.step(at, drops);
            self.done.extend(left);
        }
        self.clock = now;
    }

    /// What a rate's line sends, or else none: what a trace's sends is kept.
    #[inline]
    fn step(&mut self, at: Nanos, drops: &mut Drops<P>) -> Option<(Nanos, P)> {
        let Self {
            queue,
            service,
            done,
            ..
        } = self;
        match service {
            Service::Rate(line) => {
                let left = line.finish();
                if let Some(packet) = queue.dequeue(at, drops) {
                    line.start(packet, at);
                }
                left
            }
            Service::Trace(line) => {
                let sent = |packet| done.push_back((at, packet));
                line.serve(|| queue.dequeue(at, drops), sent);
                None
            }
        }
    }
}

impl<P: Parcel> Service<P> {
    fn new(line: &Line, now: Nanos) -> Self {
        match line {
            Line::Rate {
                bits_per_second,
                framing,
            } => Self::Rate(Serializer::new(*bits_per_second, *framing)),
            Line::Trace(trace) => Self::Trace(Opportunity::new(trace.clone(), now)),
        }
    }

    fn set(&mut self, line: &Line, now: Nanos) {
        match (&mut *self, line) {
            (
                Self::Rate(serializer),
                Line::Rate {
                    bits_per_second,
                    framing,
                },
            ) => {
                serializer.set_rate(now, *bits_per_second);
                serializer.set_framing(*framing);
            }
            (Self::Trace(old), Line::Trace(trace)) if old.trace() == trace => {}
            _ => self.replace(line, now),
        }
    }

    fn interrupt(&mut self) -> Option<P> {
        let interrupted = match self {
            Self::Rate(line) => line.interrupt(0),
            Self::Trace(line) => line.interrupt(),
        };
        interrupted.map(|(packet, _)| packet)
    }

    fn replace(&mut self, line: &Line, now: Nanos) {
        let interrupted = match self {
            Self::Rate(line) => line.interrupt(now),
            Self::Trace(line) => line.interrupt(),
        };
        *self = Self::new(line, now);
        let Some((packet, bytes)) = interrupted else {
            return;
        };
        match self {
            Self::Rate(line) => line.resume(packet, bytes, now),
            Self::Trace(line) => line.resume(packet, bytes),
        }
    }
}

#[cfg(test)]
mod tests;
