//! A line: a bottleneck with a queue, a delay, and all that can happen to a packet.
use crate::rng::Stream;
use crate::time::{Nanos, SECOND};

/// One direction.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Bits per second; none where packets take no time.
    pub(super) rate: Option<u64>,
    pub(super) delay: Nanos,
    /// How many packets wait at most.
    pub(super) queue: u64,
    pub(super) loss: f64,
    pub(super) duplication: f64,
    /// How many packets take so much longer.
    pub(super) reordering: (f64, Nanos),
    pub(super) random: Stream,
    /// When the last packet has left the queue.
    pub(super) free_at: Nanos,
    pub(super) dropped: u64,
}

/// Bytes of headers on each packet.
const HEADERS: u64 = 52;

impl Line {
    pub(super) fn new(delay: Nanos, seed: u64, label: &str) -> Self {
        Self {
            rate: None,
            delay,
            queue: u64::MAX,
            loss: 0.0,
            duplication: 0.0,
            reordering: (0.0, 0),
            random: Stream::new(seed, label),
            free_at: 0,
            dropped: 0,
        }
    }

    /// When a packet of `bytes` arrives: not at all, once, or twice.
    pub(super) fn carry(&mut self, bytes: u64, now: Nanos) -> Vec<Nanos> {
        if self.random.chance(self.loss) || !self.enqueue(bytes, now) {
            self.dropped += 1;
            return Vec::new();
        }
        let copies = if self.random.chance(self.duplication) {
            2
        } else {
            1
        };
        (0..copies)
            .map(|_| self.free_at.max(now) + self.latency())
            .collect()
    }

    fn latency(&mut self) -> Nanos {
        let (share, extra) = self.reordering;
        let late = self.random.chance(share);
        self.delay + if late { extra } else { 0 }
    }

    fn enqueue(&mut self, bytes: u64, now: Nanos) -> bool {
        let Some(rate) = self.rate else { return true };
        let time = (bytes + HEADERS) * 8 * SECOND / rate;
        let waiting = self.free_at.saturating_sub(now) / time.max(1);
        if waiting > self.queue {
            return false;
        }
        self.free_at = self.free_at.max(now) + time;
        true
    }
}
