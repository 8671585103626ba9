//! The bottleneck: a queue of a limited number of packets before a line of a fixed rate.
use crate::rng::Stream;
use crate::time::{Nanos, SECOND};
use std::collections::VecDeque;

/// Which packets are lost before the queue, whatever its length.
#[derive(Clone, Debug)]
pub(crate) enum Loss {
    /// None.
    Never,
    /// Each n-th: what the formulas assume.
    Every(u64),
    /// Each with this probability.
    Chance(f64, Stream),
}

/// A line from the sender to the receiver; acknowledgements come back without any loss.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Bytes a second.
    pub(crate) rate: u64,
    /// The round trip of an empty line, but for the time it takes to send a packet.
    pub(crate) rtt: Nanos,
    /// Packets that may wait.
    pub(crate) room: usize,
    pub(crate) loss: Loss,
    /// Acknowledgements are held back to the next multiple of this.
    pub(crate) hold: Nanos,
    packets: u64,
    /// When each packet that waits, or is being sent, will have left.
    departures: VecDeque<Nanos>,
    /// The longest queue since somebody asked.
    pub(crate) longest: usize,
}

impl Line {
    pub(crate) fn new(rate: u64, rtt: Nanos, room: usize, loss: Loss) -> Self {
        Self {
            rate,
            rtt,
            room,
            loss,
            hold: 1,
            packets: 0,
            departures: VecDeque::new(),
            longest: 0,
        }
    }

    /// When the acknowledgement of a packet of `bytes` arrives; none where the packet is lost.
    pub(crate) fn carry(&mut self, bytes: u64, now: Nanos) -> Option<Nanos> {
        self.packets += 1;
        while self.departures.front().is_some_and(|&at| at <= now) {
            self.departures.pop_front();
        }
        if self.is_lost() {
            return None;
        }
        if self.departures.len() > self.room {
            return None;
        }
        let begin = self.departures.back().copied().unwrap_or(now).max(now);
        let end = begin + bytes * SECOND / self.rate;
        self.departures.push_back(end);
        self.longest = self.longest.max(self.departures.len() - 1);
        Some((end + self.rtt).next_multiple_of(self.hold))
    }

    fn is_lost(&mut self) -> bool {
        match &mut self.loss {
            Loss::Never => false,
            Loss::Every(n) => self.packets.is_multiple_of(*n),
            Loss::Chance(p, stream) => stream.chance(*p),
        }
    }
}
